/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: newline-delimited JSON-RPC 2.0 (doc/control.md). */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "station/station.h"

#define CLIENTS_MAX 64u
#define LINE_MAX_BYTES (4u * 1024 * 1024)
#define FOLLOWS_MAX 16u
#define UNSENT_MAX (16u * 1024 * 1024) /* a client that does not read is let go */

struct client {
    struct client *next;
    struct station *station;
    uv_pipe_t pipe;
    char *buf;
    size_t len;
    size_t cap;
    const struct line *follows[FOLLOWS_MAX];
    size_t follows_n;
    bool follows_alarms;
    bool closing;
};

struct control {
    struct station *station;
    uv_pipe_t pipe;
    struct client *clients;
    struct client *spare; /* for the next one */
    size_t n;
};

struct write {
    uv_write_t req;
    char *text;
};

/* ---- Memory ---- */

/* What was built since lacks something. An answer that lacks something is not given. */
static bool json_lacks;

static void *json_room(size_t size)
{
    void *p = malloc(size);

    json_lacks = json_lacks || p == NULL;
    return p;
}

/* It may have been said off the record. */
static void json_gone(void *p)
{
    if (p != NULL)
        ol_wipe(p, malloc_usable_size(p));
    free(p);
}

/* ---- Answers ---- */

static void on_closed(uv_handle_t *handle)
{
    struct client *c = handle->data;

    json_gone(c->buf);
    free(c);
}

static void drop(struct client *c)
{
    struct control *control = c->station->control;

    if (c->closing)
        return;
    c->closing = true;
    for (struct client **at = &control->clients; *at != NULL; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            control->n--;
            break;
        }
    }
    calls_drop_client(c->station, c);
    search_drop_client(c->station, c);
    uv_close((uv_handle_t *)&c->pipe, on_closed);
}

static void on_written(uv_write_t *req, int status)
{
    struct write *w = (struct write *)req;

    (void)status;
    json_gone(w->text);
    free(w);
}

/* Writes one object and a newline; steals the object. */
static void put(struct client *c, json_t *object)
{
    struct write *w = malloc(sizeof *w);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    size_t len = text != NULL ? strlen(text) : 0;
    uv_buf_t buf;
    int done;

    json_decref(object);
    if (w == NULL || text == NULL || json_lacks || c->closing || uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe) > UNSENT_MAX) {
        free(w);
        json_gone(text);
        json_lacks = false;
        if (!c->closing)
            drop(c);
        return;
    }
    text[len++] = '\n'; /* over the NUL */
    w->text = text;
    buf = uv_buf_init(text, (unsigned)len);
    done = uv_try_write((uv_stream_t *)&c->pipe, &buf, 1);
    if (done == (int)len) {
        on_written(&w->req, 0);
        return;
    }
    if (done < 0)
        done = 0;
    buf = uv_buf_init(text + done, (unsigned)(len - (size_t)done));
    if (uv_write(&w->req, (uv_stream_t *)&c->pipe, &buf, 1, on_written) < 0) {
        on_written(&w->req, 0);
        drop(c);
    }
}

void client_result(struct client *c, const json_t *id, json_t *result)
{
    if (c == NULL) {
        json_decref(result);
        return;
    }
    put(c, json_pack("{s:s,s:O?,s:o}", "jsonrpc", "2.0", "id", id, "result", result));
}

static void put_error(struct client *c, const json_t *id, json_t *error)
{
    put(c, json_pack("{s:s,s:O?,s:o}", "jsonrpc", "2.0", "id", id, "error", error));
}

json_t *fault_json(const struct ol_fault *f)
{
    struct ol_param param[OL_FAULT_PARAMS];
    size_t n = ol_fault_params(f, param);
    const char *text = ol_text(f->key);
    char message[4096];
    struct ol_wr w = ol_wr_to(message, sizeof message - 1);
    json_t *params = json_object();

    for (size_t i = 0; i < n; i++)
        json_object_set_new(params, param[i].name, json_string(param[i].value));
    ol_text_write(text != NULL ? text : f->key, param, n, &w);
    message[w.len] = 0;
    return json_pack("{s:i,s:s,s:{s:i,s:s,s:o}}", "code", (int)f->code, "message", message, "data", "schema", 1, "key",
                     f->key, "params", params);
}

void client_fault(struct client *c, const json_t *id, const struct ol_fault *f)
{
    if (c != NULL)
        put_error(c, id, fault_json(f));
}

void client_notify(struct client *c, const char *method, json_t *params)
{
    put(c, json_pack("{s:s,s:s,s:o}", "jsonrpc", "2.0", "method", method, "params", params));
}

void client_follow(struct client *c, struct line *l)
{
    if (c->follows_n < FOLLOWS_MAX)
        c->follows[c->follows_n++] = l;
}

static bool follows(const struct client *c, const struct line *l)
{
    for (size_t i = 0; i < c->follows_n; i++) {
        if (c->follows[i] == l)
            return true;
    }
    return false;
}

bool control_followed(const struct station *s, const struct line *l)
{
    for (const struct client *c = s->control != NULL ? s->control->clients : NULL; c != NULL; c = c->next) {
        if (follows(c, l))
            return true;
    }
    return false;
}

void control_event(struct station *s, const struct line *l, json_t *params)
{
    struct client *next;

    for (struct client *c = s->control != NULL ? s->control->clients : NULL; c != NULL; c = next) {
        next = c->next;
        if (follows(c, l))
            client_notify(c, "event", json_incref(params));
    }
    json_decref(params);
}

void client_follow_alarms(struct client *c)
{
    c->follows_alarms = true;
}

void control_alarm(struct station *s, json_t *params)
{
    struct client *next;

    for (struct client *c = s->control != NULL ? s->control->clients : NULL; c != NULL; c = next) {
        next = c->next;
        if (c->follows_alarms)
            client_notify(c, "event", json_incref(params));
    }
    json_decref(params);
}

/* ---- Requests ---- */

static void request(struct client *c, const char *text, size_t len)
{
    json_error_t why;
    json_t *r = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    const json_t *id = json_object_get(r, "id");
    const json_t *params = json_object_get(r, "params");
    const char *method = json_string_value(json_object_get(r, "method"));
    const char *version = json_string_value(json_object_get(r, "jsonrpc"));

    if (r == NULL)
        put_error(c, NULL, json_pack("{s:i,s:s}", "code", -32700, "message", why.text));
    else if (method == NULL || version == NULL || strcmp(version, "2.0") != 0 || id == NULL || json_is_object(id) ||
             json_is_array(id) || (params != NULL && !json_is_object(params)))
        put_error(c, NULL, json_pack("{s:i,s:s}", "code", -32600, "message", "not a JSON-RPC 2.0 request with an id"));
    else
        method_run(c->station, c, id, method, params);
    json_decref(r);
}

static void take_lines(struct client *c)
{
    size_t from = 0;
    char *end;

    while (!c->closing && (end = memchr(c->buf + from, '\n', c->len - from)) != NULL) {
        size_t len = (size_t)(end - c->buf) - from;

        if (len > 0)
            request(c, c->buf + from, len);
        from += len + 1;
    }
    memmove(c->buf, c->buf + from, c->len - from);
    c->len -= from;
    ol_wipe(c->buf + c->len, from);
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
    struct client *c = handle->data;

    (void)hint;
    if (c->cap - c->len < 4096 && c->cap < LINE_MAX_BYTES) {
        size_t cap = c->cap == 0 ? 16384 : 2 * c->cap;
        char *grown = malloc(cap);

        if (grown != NULL) {
            if (c->len > 0)
                memcpy(grown, c->buf, c->len);
            json_gone(c->buf);
            c->buf = grown;
            c->cap = cap;
        }
    }
    *buf = uv_buf_init(c->buf + c->len, (unsigned)(c->cap - c->len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct client *c = stream->data;

    (void)buf;
    if (n < 0) {
        drop(c); /* UV_ENOBUFS too: a line over the limit */
        return;
    }
    c->len += (size_t)n;
    take_lines(c);
    if (!c->station->stopping)
        lines_drain(c->station);
}

static bool is_ours(const uv_pipe_t *pipe)
{
    struct ucred who;
    socklen_t len = sizeof who;
    int fd;

    if (uv_fileno((const uv_handle_t *)pipe, &fd) || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
        return false;
    return who.uid == geteuid() || who.uid == 0;
}

/* One that is not accepted stands in the way of all that follow: there is memory for the next before it comes. */
static struct client *client_new(struct control *control)
{
    struct client *c = control->spare != NULL ? control->spare : calloc(1, sizeof *c);

    control->spare = calloc(1, sizeof *c);
    return c;
}

static void on_connection(uv_stream_t *server, int status)
{
    struct control *control = server->data;
    struct client *c;

    if (status < 0)
        return;
    c = client_new(control);
    if (c == NULL) {
        station_log("no memory for a client, ending");
        station_stop(control->station, EXIT_FAILURE);
        return;
    }
    c->station = control->station;
    uv_pipe_init(&control->station->loop, &c->pipe, 0);
    c->pipe.data = c;
    if (uv_accept(server, (uv_stream_t *)&c->pipe) || control->n >= CLIENTS_MAX || !is_ours(&c->pipe)) {
        c->closing = true;
        uv_close((uv_handle_t *)&c->pipe, on_closed);
        return;
    }
    c->next = control->clients;
    control->clients = c;
    control->n++;
    uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
}

static enum ol_err no_socket(int err, struct ol_fault *f)
{
    ol_fault_set(f, OL_EXIT_FAILED, "err.station.control", "detail", uv_strerror(err), NULL);
    return OL_IO;
}

enum ol_err control_bind(struct station *s, struct ol_fault *f)
{
    struct control *control = calloc(1, sizeof *control);
    int err;

    if (control == NULL)
        return OL_LIMIT;
    control->station = s;
    s->control = control;
    json_set_alloc_funcs(json_room, json_gone);
    unlink(OL_HOME_CONTROL); /* left by a station that was killed: the lock says that none runs */
    uv_pipe_init(&s->loop, &control->pipe, 0);
    control->pipe.data = control;
    err = uv_pipe_bind(&control->pipe, OL_HOME_CONTROL);
    if (!err && chmod(OL_HOME_CONTROL, 0600))
        err = -errno;
    return err ? no_socket(err, f) : OL_OK;
}

enum ol_err control_start(struct station *s, struct ol_fault *f)
{
    int err = uv_listen((uv_stream_t *)&s->control->pipe, 64, on_connection);

    return err ? no_socket(err, f) : OL_OK;
}

static void on_server_closed(uv_handle_t *handle)
{
    struct control *control = handle->data;

    free(control->spare);
    free(control);
}

void control_stop(struct station *s)
{
    struct control *control = s->control;

    if (control == NULL)
        return;
    while (control->clients != NULL)
        drop(control->clients);
    s->control = NULL;
    uv_close((uv_handle_t *)&control->pipe, on_server_closed);
}
