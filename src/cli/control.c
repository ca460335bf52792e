/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES (4u * 1024 * 1024) /* doc/control.md */
#define READ_BYTES (64u * 1024)

static const char *officer;

void ol_control_act_as(const char *name)
{
    officer = name;
}

static ol_ms now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (ol_ms)t.tv_sec * 1000 + (ol_ms)t.tv_nsec / 1000000;
}

static enum ol_err fail(enum ol_err err, struct ol_fault *f, const char *key)
{
    ol_fault_set(f, OL_EXIT_FAILED, key, "detail", strerror(errno), NULL);
    return err;
}

enum ol_err ol_control_open(const struct ol_home *h, struct ol_control *out, struct ol_fault *f)
{
    enum ol_err err;

    *out = (struct ol_control){.next = 1};
    err = ol_home_connect(h, OL_HOME_CONTROL, &out->fd);
    if (err)
        return fail(err, f, err == OL_ABSENT ? "err.control.down" : "err.control.connect");
    return OL_OK;
}

void ol_control_close(struct ol_control *c)
{
    if (c->fd >= 0)
        close(c->fd);
    free(c->buf);
    *c = (struct ol_control){.fd = -1};
}

/* Waits until the socket is ready; LATER when the deadline has passed. */
static enum ol_err await(int fd, short what, ol_ms deadline)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = what};
        ol_ms at = now();
        int wait = -1;
        int n;

        if (deadline != OL_NEVER && at >= deadline)
            return OL_LATER;
        if (deadline != OL_NEVER)
            wait = deadline - at > INT32_MAX ? INT32_MAX : (int)(deadline - at);
        n = poll(&p, 1, wait);
        if (n > 0)
            return OL_OK;
        if (n < 0 && errno != EINTR)
            return OL_IO;
    }
}

static enum ol_err send_all(int fd, const char *p, size_t len, ol_ms deadline)
{
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        enum ol_err err = OL_OK;

        if (n >= 0) {
            p += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            err = await(fd, POLLOUT, deadline);
        } else if (errno != EINTR) {
            err = OL_IO;
        }
        if (err)
            return err;
    }
    return OL_OK;
}

static enum ol_err make_room(struct ol_control *c)
{
    char *grown;

    if (c->cap - c->len >= READ_BYTES)
        return OL_OK;
    if (c->len > LINE_MAX_BYTES)
        return OL_LIMIT;
    grown = realloc(c->buf, c->cap + c->cap / 2 + READ_BYTES);
    if (grown == NULL)
        return OL_NO_ROOM;
    c->buf = grown;
    c->cap += c->cap / 2 + READ_BYTES;
    return OL_OK;
}

static enum ol_err fill(struct ol_control *c, ol_ms deadline)
{
    enum ol_err err = make_room(c);
    ssize_t n;

    if (!err)
        err = await(c->fd, POLLIN, deadline);
    if (err)
        return err;
    n = recv(c->fd, c->buf + c->len, c->cap - c->len, MSG_DONTWAIT);
    if (n > 0)
        c->len += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        return OL_IO;
    return OL_OK;
}

/* The next object that the station says. */
static enum ol_err next_object(struct ol_control *c, ol_ms deadline, json_t **out)
{
    size_t searched = 0;
    char *end = NULL;

    while (end == NULL) {
        enum ol_err err;

        end = c->len > searched ? memchr(c->buf + searched, '\n', c->len - searched) : NULL;
        searched = c->len;
        if (end != NULL)
            break;
        err = fill(c, deadline);
        if (err)
            return err;
    }
    /* A text may hold a NUL: it must not make its whole list unreadable. */
    *out = json_loadb(c->buf, (size_t)(end - c->buf), JSON_ALLOW_NUL, NULL);
    c->len -= (size_t)(end + 1 - c->buf);
    memmove(c->buf, end + 1, c->len);
    return *out != NULL ? OL_OK : OL_MALFORMED;
}

static enum ol_err broken(enum ol_err err, struct ol_fault *f)
{
    if (err == OL_LATER)
        return fail(err, f, "err.control.slow");
    return fail(OL_IO, f, err == OL_IO ? "err.control.broken" : "err.control.words");
}

void ol_control_refusal(const json_t *error, struct ol_fault *f)
{
    json_int_t code = json_integer_value(json_object_get(error, "code"));
    json_t *data = json_object_get(error, "data");
    const char *key = json_string_value(json_object_get(data, "key"));
    const char *said = json_string_value(json_object_get(error, "message"));
    const char *name;
    json_t *value;

    if (code < OL_EXIT_FAILED || code > OL_EXIT_MISMATCH)
        code = OL_EXIT_FAILED;
    if (key == NULL || ol_text(key) == NULL) {
        ol_fault_set(f, (enum ol_exit)code, "err.control.says", "message", said != NULL ? said : "?",
                     NULL);
        return;
    }
    ol_fault_set(f, (enum ol_exit)code, key, NULL);
    json_object_foreach(json_object_get(data, "params"), name, value) {
        char number[24];

        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        ol_fault_add(f, name, json_is_string(value) ? json_string_value(value) : number);
    }
}

static enum ol_err ask(struct ol_control *c, json_t *request, ol_ms deadline)
{
    char *text = json_dumps(request, JSON_COMPACT);
    enum ol_err err;

    if (text == NULL)
        return OL_NO_ROOM;
    err = send_all(c->fd, text, strlen(text), deadline);
    if (!err)
        err = send_all(c->fd, "\n", 1, deadline);
    free(text);
    return err;
}

/* Notifications that come meanwhile are for callers who follow on a connection of its own. */
static enum ol_err answer_to(struct ol_control *c, json_int_t id, ol_ms deadline, json_t **out)
{
    for (;;) {
        enum ol_err err = next_object(c, deadline, out);
        const json_t *answered;

        if (err)
            return err;
        answered = json_object_get(*out, "id");
        if (json_is_integer(answered) && json_integer_value(answered) == id)
            return OL_OK;
        json_decref(*out);
    }
}

/* Who acts goes with what is asked. */
static bool add_officer(json_t *params)
{
    return officer == NULL || params == NULL || json_object_set_new(params, "as", json_string(officer)) == 0;
}

enum ol_err ol_control_call(struct ol_control *c, const char *method, json_t *params, int timeout_ms,
                            json_t **result, struct ol_fault *f)
{
    ol_ms deadline = now() + (ol_ms)timeout_ms;
    json_int_t id = c->next++;
    bool whole = add_officer(params);
    json_t *request = json_pack("{s:s,s:I,s:s,s:o}", "jsonrpc", "2.0", "id", id, "method", method,
                                "params", params);
    json_t *answer = NULL;
    json_t *error;
    enum ol_err err;

    *result = NULL;
    if (request == NULL || !whole) {
        json_decref(request);
        ol_fault_set(f, OL_EXIT_USAGE, "err.usage.utf8", NULL);
        return OL_MALFORMED;
    }
    err = ask(c, request, deadline);
    json_decref(request);
    if (!err)
        err = answer_to(c, id, deadline, &answer);
    if (err)
        return broken(err, f);
    error = json_object_get(answer, "error");
    *result = json_incref(json_object_get(answer, "result"));
    if (json_is_object(error)) {
        ol_control_refusal(error, f);
        err = OL_UNEXPECTED;
    } else if (!json_is_object(*result)) {
        err = broken(OL_MALFORMED, f);
    }
    if (err) {
        json_decref(*result);
        *result = NULL;
    }
    json_decref(answer);
    return err;
}

enum ol_err ol_control_event(struct ol_control *c, json_t **params, struct ol_fault *f)
{
    for (;;) {
        json_t *said = NULL;
        enum ol_err err = next_object(c, OL_NEVER, &said);

        if (err)
            return broken(err, f);
        *params = json_incref(json_object_get(said, "params"));
        json_decref(said);
        if (json_is_object(*params))
            return OL_OK;
        json_decref(*params);
    }
}
