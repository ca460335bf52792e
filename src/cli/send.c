/* SPDX-License-Identifier: Apache-2.0 */
/* send: one text or form on a line, and waiting for what becomes of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/frame.h"

#define PRECEDENCES "flash, immediate, priority, routine"
#define TIMEOUT_S 30.0
#define TIMEOUT_MAX_S 1e6
/* What the station may take beyond the time it was asked to wait. */
#define GRACE_MS 5000

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(word, *words) == 0)
            return true;
    return false;
}

/* False when it is no number of seconds that can be waited. */
static bool read_timeout(const char *text, int *ms)
{
    char *end = NULL;
    double seconds = text != NULL ? strtod(text, &end) : TIMEOUT_S;

    if ((text != NULL && (end == text || *end != '\0')) || !isfinite(seconds) || seconds < 0 ||
        seconds > TIMEOUT_MAX_S)
        return false;
    *ms = (int)(seconds * 1000);
    return true;
}

static const char *const precedences[] = {"flash", "immediate", "priority", "routine", NULL};

struct order {
    const char *line;
    const char *re; /* what it answers, or NULL */
    const char *precedence; /* NULL: as the form has it */
    const char *wait;       /* or NULL */
    int timeout_ms;
    json_t *text;   /* or NULL: a form */
    json_t *fields; /* of the form */
};

static json_t *message_of(const struct ol_cli *c, const struct order *o)
{
    static const char *const meant[] = {"marker", "answer", "re",       "corrects", "cancels",
                                        "level",  "to",     "standing", "ref",      "handling"};
    json_t *message = json_pack("{s:O*,s:s*,s:O*,s:s?,s:s?,s:s*,s:b}", "text", o->text, "form",
                                ol_args_value(&c->args, "form"), "fields", o->fields, "subject",
                                ol_args_value(&c->args, "subject"), "lang",
                                ol_args_value(&c->args, "lang"), "precedence", o->precedence, "exercise",
                                ol_args_value(&c->args, "exercise") != NULL);

    for (size_t i = 0; i < sizeof meant / sizeof meant[0]; i++) {
        const char *value = ol_args_value(&c->args, meant[i]);

        if (value != NULL)
            json_object_set_new(message, meant[i], json_string(value));
    }
    if (o->re != NULL)
        json_object_update_new(message, json_pack("{s:s,s:s,s:s}", "re", o->re, "marker", "answer", "answer", "n"));
    return message;
}

static json_t *params_of(const struct ol_cli *c, const struct order *o)
{
    return json_pack("{s:s,s:[o],s:s?,s:i}", "line", o->line, "messages", message_of(c, o), "wait", o->wait,
                     "timeout_ms", o->timeout_ms);
}

static enum ol_exit outcome(const json_t *result, const struct order *o, const json_t *message)
{
    const char *said = json_string_value(json_object_get(result, "outcome"));
    char id[OL_WORD_MAX];
    char state[OL_WORD_MAX];

    if (said != NULL && strcmp(said, "done") == 0)
        return OL_EXIT_DONE;
    if (said != NULL && strcmp(said, "not_delivered") == 0) {
        ol_print(stderr, "say.send.not_delivered", "line", o->line, NULL);
        return OL_EXIT_NOT_DELIVERED;
    }
    ol_print(stderr,
             said != NULL && strcmp(said, "declined") == 0 ? "say.send.declined" : "say.send.not_taken",
             "id", ol_word(message, "id", id), "line", o->line, "state",
             ol_word(message, "state", state), NULL);
    return OL_EXIT_NOT_TAKEN;
}

static void show(const struct ol_cli *c, const json_t *message)
{
    char id[OL_WORD_MAX];
    char state[OL_WORD_MAX];
    char at[OL_WORD_MAX];

    if (c->json)
        ol_print_json(json_pack("{s:i,s:O?,s:O?,s:O?,s:O?,s:O?}", "schema", 1, "id",
                                json_object_get(message, "id"), "line", json_object_get(message, "line"),
                                "precedence", json_object_get(message, "precedence"), "state",
                                json_object_get(message, "state"), "delivered_at",
                                json_object_get(message, "delivered_at")));
    else if (json_is_null(json_object_get(message, "id")))
        ol_print(stdout, "say.send.waiting", NULL);
    else if (json_is_string(json_object_get(message, "delivered_at")))
        ol_print(stdout, "say.send.delivered", "id", ol_word(message, "id", id), "state",
                 ol_word(message, "state", state), "time", ol_word_time(message, "delivered_at", at),
                 NULL);
    else
        ol_print(stdout, "say.send.state", "id", ol_word(message, "id", id), "state",
                 ol_word(message, "state", state), NULL);
}

enum ol_exit ol_cmd_sent(const struct ol_cli *c, json_t *result)
{
    const struct order o = {.line = c->args.operand[0]};
    const json_t *message = json_array_get(json_object_get(result, "messages"), 0);
    enum ol_exit code;

    show(c, message);
    code = outcome(result, &o, message);
    json_decref(result);
    return code;
}

static enum ol_exit send_text(const struct ol_cli *c, const struct order *o)
{
    json_t *result;
    struct ol_fault f;
    int patience = o->wait != NULL ? o->timeout_ms + GRACE_MS : OL_ANSWER_MS;

    if (ol_cmd_ask(c, "send", params_of(c, o), patience, &result, &f) != OL_OK)
        return ol_cmd_fail(&f);
    return ol_cmd_sent(c, result);
}

static enum ol_exit send_off_record(const struct ol_cli *c, const struct order *o)
{
    json_t *params = json_pack("{s:s,s:o,s:s?}", "line", o->line, "message", message_of(c, o), "wait", o->wait);
    json_t *result;
    struct ol_fault f;

    if (ol_cmd_ask(c, "off_record", params, OL_ANSWER_MS, &result, &f) != OL_OK)
        return ol_cmd_fail(&f);
    if (c->json)
        ol_print_json(result);
    else
        json_decref(result);
    ol_print(c->json ? stderr : stdout, "say.send.off_record", NULL);
    return OL_EXIT_DONE;
}

/* Says so when what was answered in words stays open: words close only what asked for them. */
static void say_if_open(const struct ol_cli *c, const struct order *o)
{
    json_t *answered;
    char class[OL_WORD_MAX];
    struct ol_fault f;

    if (ol_cmd_ask(c, "show", json_pack("{s:s,s:s}", "line", o->line, "id", o->re), OL_ANSWER_MS, &answered, &f) != OL_OK)
        return;
    if (json_is_true(json_object_get(answered, "open")))
        ol_print(stderr, "say.answer.open", "id", o->re, "class", ol_word(answered, "answer", class), NULL);
    json_decref(answered);
}

/* What is sent: the text, or without one the fields of a form. */
static enum ol_err read_words(const struct ol_cli *c, const char *text, struct order *o, struct ol_fault *f)
{
    bool is_form = ol_args_value(&c->args, "form") != NULL;
    const char *frame = ol_args_value(&c->args, "frame");

    if (is_form == (text != NULL) || (!is_form && ol_args_value(&c->args, "field") != NULL) || (is_form && frame != NULL)) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.usage.text_or_form", NULL);
        return OL_MALFORMED;
    }
    if (is_form)
        o->fields = ol_cmd_fields(&c->args, f);
    else
        o->text = ol_cmd_text(text, f);
    if (o->text != NULL && frame != NULL) {
        json_t *framed = ol_frame_put(c, o->line, frame, o->text, f);

        json_decref(o->text);
        o->text = framed;
    }
    return o->fields != NULL || o->text != NULL ? OL_OK : OL_MALFORMED;
}

json_t *ol_cmd_message(const struct ol_cli *c, const char *text, struct ol_fault *f)
{
    const char *precedence = ol_args_value(&c->args, "precedence");
    struct order o = {.precedence = precedence != NULL || text == NULL ? precedence : "routine"};
    json_t *message = NULL;

    if (precedence != NULL && !is_one_of(precedence, precedences))
        ol_fault_set(f, OL_EXIT_USAGE, "err.usage.meant", "option", "precedence", "value", precedence, "meant",
                     PRECEDENCES, NULL);
    else if (read_words(c, text, &o, f) == OL_OK)
        message = message_of(c, &o);
    json_decref(o.text);
    json_decref(o.fields);
    return message;
}

/* The text is NULL for a form. */
static enum ol_exit run_order(const struct ol_cli *c, const char *re, const char *text)
{
    static const char *const waits[] = {"delivered", "taken", "confirmed", NULL};
    const char *precedence = ol_args_value(&c->args, "precedence");
    const char *timeout = ol_args_value(&c->args, "timeout");
    struct order o = {
        .line = c->args.operand[0],
        .re = re,
        .precedence = precedence != NULL || text == NULL ? precedence : "routine",
        .wait = ol_args_value(&c->args, "wait"),
    };
    struct ol_fault f;
    enum ol_exit code;

    if (o.precedence != NULL && !is_one_of(o.precedence, precedences))
        return ol_cmd_bad_value("precedence", o.precedence, PRECEDENCES);
    if (o.wait != NULL && !is_one_of(o.wait, waits))
        return ol_cmd_bad_value("wait", o.wait, "delivered, taken, confirmed");
    if (!read_timeout(timeout, &o.timeout_ms))
        return ol_cmd_bad_value("timeout", timeout, "0 .. 1000000");
    if (read_words(c, text, &o, &f) != OL_OK)
        return ol_cmd_fail(&f);
    code = ol_args_value(&c->args, "off-record") != NULL ? send_off_record(c, &o) : send_text(c, &o);
    json_decref(o.text);
    json_decref(o.fields);
    if (code == OL_EXIT_DONE && o.re != NULL)
        say_if_open(c, &o);
    return code;
}

enum ol_exit ol_cmd_send(const struct ol_cli *c)
{
    return run_order(c, NULL, c->args.operands > 1 ? c->args.operand[1] : NULL);
}

enum ol_exit ol_cmd_answer(const struct ol_cli *c)
{
    return run_order(c, c->args.operand[1], c->args.operand[2]);
}
