/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/utf8.h"

enum ol_exit ol_cmd_fail(const struct ol_fault *f)
{
    ol_print_fault(f);
    return f->code;
}

enum ol_exit ol_cmd_misused(const char *command, const char *key, const char *option)
{
    struct ol_fault f;

    ol_fault_set(&f, OL_EXIT_USAGE, key, "command", command, "option", option, NULL);
    return ol_cmd_fail(&f);
}

enum ol_exit ol_cmd_needs(const char *command, const char *option)
{
    return ol_cmd_misused(command, "err.usage.needs", option);
}

enum ol_exit ol_cmd_bad_value(const char *option, const char *value, const char *meant)
{
    struct ol_fault f;

    ol_fault_set(&f, OL_EXIT_USAGE, "err.usage.meant", "option", option, "value", value, "meant", meant,
                 NULL);
    return ol_cmd_fail(&f);
}

enum ol_exit ol_cmd_bad_word(const char *command, const char *value, const char *meant)
{
    struct ol_fault f;

    ol_fault_set(&f, OL_EXIT_USAGE, "err.usage.verb", "command", command, "value", value, "meant", meant, NULL);
    return ol_cmd_fail(&f);
}

enum ol_err ol_cmd_ask(const struct ol_cli *c, const char *method, json_t *params, int timeout_ms,
                       json_t **result, struct ol_fault *f)
{
    struct ol_home h;
    struct ol_control control;
    enum ol_err err = ol_home_open(c->home, &h, f);

    *result = NULL;
    if (err) {
        json_decref(params);
        return err;
    }
    err = ol_control_open(&h, &control, f);
    if (err)
        json_decref(params);
    else
        err = ol_control_call(&control, method, params, timeout_ms, result, f);
    ol_control_close(&control);
    ol_home_close(&h);
    return err;
}

void ol_cmd_say(const struct ol_cli *c, json_t *result, const char *key)
{
    char word[6][OL_WORD_MAX];

    if (c->json) {
        ol_print_json(result);
        return;
    }
    ol_print(stdout, key, "id", ol_word(result, "id", word[0]), "line", ol_word(result, "line", word[1]), "state",
             ol_word(result, "state", word[2]), "due", ol_word_time(result, "due", word[3]), "kind",
             ol_word(result, "kind", word[4]), "number", ol_word(result, "number", word[5]), NULL);
    json_decref(result);
}

enum ol_exit ol_cmd_do(const struct ol_cli *c, const char *method, json_t *params, const char *key)
{
    json_t *result;
    struct ol_fault f;

    if (ol_cmd_ask(c, method, params, OL_ANSWER_MS, &result, &f) != OL_OK)
        return ol_cmd_fail(&f);
    ol_cmd_say(c, result, key);
    return OL_EXIT_DONE;
}

/* stdin to its end; at most one byte more than may be. */
static bool read_stdin(struct ol_wr *w)
{
    while (w->len < w->cap) {
        ssize_t n = read(STDIN_FILENO, w->p + w->len, w->cap - w->len);

        if (n < 0 && errno != EINTR)
            return false;
        if (n == 0)
            break;
        if (n > 0)
            w->len += (size_t)n;
    }
    return true;
}

static json_t *check_text(struct ol_span text, struct ol_fault *f)
{
    const char *key = NULL;

    if (text.len == 0)
        key = "err.text.empty";
    else if (text.len > OL_TEXT_MAX)
        key = "err.text.long";
    else if (!ol_utf8_valid(text))
        key = "err.text.utf8";
    if (key == NULL)
        return json_stringn((const char *)text.p, text.len);
    ol_fault_set(f, OL_EXIT_USAGE, key, NULL);
    return NULL;
}

json_t *ol_cmd_text(const char *operand, struct ol_fault *f)
{
    /* The longest, its final newline, and one more to tell a longer one. */
    static uint8_t buf[OL_TEXT_MAX + 2];
    struct ol_wr w = ol_wr_to(buf, sizeof buf);

    if (strcmp(operand, "-") != 0)
        return check_text(ol_span(operand, strlen(operand)), f);
    if (!read_stdin(&w)) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.text.stdin", "detail", strerror(errno), NULL);
        return NULL;
    }
    if (w.len > 0 && buf[w.len - 1] == '\n')
        w.len--;
    return check_text(ol_wr_span(&w), f);
}

static uint32_t from_now(const char *text)
{
    char *end;
    unsigned long n = strtoul(text + 1, &end, 10);
    unsigned long unit = *end == 'm' ? 60 : *end == 'h' ? 3600 : 0;

    if (text[1] < '0' || text[1] > '9' || n > 100000 || unit == 0 || end[1] != '\0')
        return 0;
    return (uint32_t)time(NULL) + (uint32_t)(n * unit);
}

uint32_t ol_cmd_time(const char *text)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ"};

    if (text[0] == '+')
        return from_now(text);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm tm = {0};
        const char *end = strptime(text, forms[i], &tm);
        time_t t;
        int day = tm.tm_mday;

        if (end == NULL || *end != '\0')
            continue;
        t = timegm(&tm);
        return t > 0 && t <= UINT32_MAX && tm.tm_mday == day ? (uint32_t)t : 0; /* a 31st of November is none */
    }
    return 0;
}

json_t *ol_cmd_time_json(uint32_t utc)
{
    char text[32];
    time_t t = utc;
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return json_string(text);
}

/* One N=VALUE into the object. */
static bool read_field(const char *given, json_t *fields, struct ol_fault *f)
{
    size_t digits = strspn(given, "0123456789");
    char n[8];

    if (digits == 0 || digits >= sizeof n || given[digits] != '=') {
        ol_fault_set(f, OL_EXIT_USAGE, "err.usage.field", "value", given, NULL);
        return false;
    }
    snprintf(n, sizeof n, "%.*s", (int)digits, given);
    if (json_object_get(fields, n) != NULL) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.usage.field_twice", "n", n, NULL);
        return false;
    }
    if (json_object_set_new(fields, n, json_string(given + digits + 1)) == 0)
        return true;
    ol_fault_set(f, OL_EXIT_USAGE, "form.wrong.text", "n", n, "label", "", NULL);
    return false;
}

json_t *ol_cmd_fields(const struct ol_args *args, struct ol_fault *f)
{
    const char *given[OL_GIVEN_MAX];
    size_t n = ol_args_values(args, "field", given, OL_GIVEN_MAX);
    json_t *fields = json_object();

    for (size_t i = 0; i < n; i++) {
        if (!read_field(given[i], fields, f)) {
            json_decref(fields);
            return NULL;
        }
    }
    return fields;
}
