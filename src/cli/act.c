/* SPDX-License-Identifier: Apache-2.0 */
/* take, readback, confirm, correct, decline, the replies, onward: what a person does about a message; close, resume,
 * unfreeze: what an operator takes responsibility for. */
#include <stdio.h>

#include "cli/cmd.h"

static enum ol_exit act(const struct ol_cli *c, const char *name, json_t *text)
{
    json_t *params = json_pack("{s:s,s:s,s:s,s:o?}", "line", c->args.operand[0], "id",
                               c->args.operand[1], "act", name, "text", text);

    return ol_cmd_do(c, "act", params, "say.act");
}

static enum ol_exit act_with_text(const struct ol_cli *c, const char *name, const char *operand)
{
    struct ol_fault f;
    json_t *text = ol_cmd_text(operand, &f);

    return text != NULL ? act(c, name, text) : ol_cmd_fail(&f);
}

enum ol_exit ol_cmd_take(const struct ol_cli *c)
{
    return act(c, "take", NULL);
}

/* "2, 5"; "-" for none. */
static const char *join(const json_t *numbers, char *out, size_t cap)
{
    size_t len = 0;
    size_t i;
    json_t *n;

    snprintf(out, cap, "-");
    json_array_foreach(numbers, i, n) {
        if (len < cap)
            len += (size_t)snprintf(out + len, cap - len, "%s%d", i > 0 ? ", " : "", (int)json_integer_value(n));
    }
    return out;
}

/* Says which fields were not read back as they were sent. */
static void print_misread(const json_t *misread)
{
    char text[3][4 * OL_FORM_FIELDS];

    ol_print(stderr, "say.readback.misread", "differs",
             join(json_object_get(misread, "differs"), text[0], sizeof text[0]), "left_out",
             join(json_object_get(misread, "left_out"), text[1], sizeof text[1]), "added",
             join(json_object_get(misread, "added"), text[2], sizeof text[2]), NULL);
}

/* A form, field by field: the machine compares. */
static enum ol_exit readback_form(const struct ol_cli *c)
{
    struct ol_fault f;
    json_t *fields = ol_cmd_fields(&c->args, &f);
    json_t *result;
    enum ol_exit code = OL_EXIT_DONE;

    if (fields == NULL)
        return ol_cmd_fail(&f);
    if (ol_cmd_ask(c, "act",
                   json_pack("{s:s,s:s,s:s,s:o}", "line", c->args.operand[0], "id", c->args.operand[1], "act",
                             "readback", "fields", fields),
                   OL_ANSWER_MS, &result, &f) != OL_OK)
        return ol_cmd_fail(&f);
    if (json_is_object(json_object_get(result, "misread"))) {
        print_misread(json_object_get(result, "misread"));
        code = OL_EXIT_NOT_VERIFIED;
    }
    ol_cmd_say(c, result, "say.act");
    return code;
}

enum ol_exit ol_cmd_readback(const struct ol_cli *c)
{
    struct ol_fault f;

    if (c->args.operands == 2)
        return readback_form(c);
    if (ol_args_value(&c->args, "field") == NULL)
        return act_with_text(c, "readback", c->args.operand[2]);
    ol_fault_set(&f, OL_EXIT_USAGE, "err.usage.text_or_form", NULL);
    return ol_cmd_fail(&f);
}

enum ol_exit ol_cmd_confirm(const struct ol_cli *c)
{
    return act(c, "confirm", NULL);
}

enum ol_exit ol_cmd_correct(const struct ol_cli *c)
{
    return act_with_text(c, "correct", c->args.operand[2]);
}

enum ol_exit ol_cmd_decline(const struct ol_cli *c)
{
    const char *reason = ol_args_value(&c->args, "reason");

    return reason != NULL ? act_with_text(c, "decline", reason) : act(c, "decline", NULL);
}

/* An act whose text is an operand that may be left out. */
static enum ol_exit reply(const struct ol_cli *c, uint32_t until)
{
    json_t *text = NULL;
    json_t *params;
    struct ol_fault f;

    if (c->args.operands > 2) {
        text = ol_cmd_text(c->args.operand[2], &f);
        if (text == NULL)
            return ol_cmd_fail(&f);
    }
    params = json_pack("{s:s,s:s,s:s,s:o?,s:I}", "line", c->args.operand[0], "id", c->args.operand[1], "act", c->command,
                       "text", text, "until", (json_int_t)until);
    return ol_cmd_do(c, "act", params, "say.reply");
}

enum ol_exit ol_cmd_reply(const struct ol_cli *c)
{
    return reply(c, 0);
}

enum ol_exit ol_cmd_standby(const struct ol_cli *c)
{
    const char *until = ol_args_value(&c->args, "until");
    uint32_t utc = until != NULL ? ol_cmd_time(until) : 0;

    if (until == NULL)
        return ol_cmd_needs("standby", "--until");
    if (utc == 0)
        return ol_cmd_bad_value("until", until, "2026-11-21T14:32Z, +30m, +2h");
    return reply(c, utc);
}

enum ol_exit ol_cmd_onward(const struct ol_cli *c)
{
    const char *stage = ol_args_value(&c->args, "stage");
    const char *reason = ol_args_value(&c->args, "not-passed");
    json_t *text = NULL;
    struct ol_fault f;

    if (stage == NULL)
        return ol_cmd_needs("onward", "--stage");
    if (reason != NULL) {
        text = ol_cmd_text(reason, &f);
        if (text == NULL)
            return ol_cmd_fail(&f);
    }
    return ol_cmd_do(c, "act",
                     json_pack("{s:s,s:s,s:s,s:o?,s:s}", "line", c->args.operand[0], "id", c->args.operand[1], "act",
                               "onward", "text", text, "stage", stage),
                     reason != NULL ? "say.onward.not_passed" : "say.onward");
}

static enum ol_exit operate(const struct ol_cli *c, const char *method, const char *key)
{
    const char *reason = ol_args_value(&c->args, "reason");
    json_t *text;
    struct ol_fault f;

    if (reason == NULL)
        return ol_cmd_needs(method, "--reason");
    text = ol_cmd_text(reason, &f);
    if (text == NULL)
        return ol_cmd_fail(&f);
    return ol_cmd_do(c, method, json_pack("{s:s,s:o}", "line", c->args.operand[0], "reason", text), key);
}

/* The option says in so many words what is being overridden. */
enum ol_exit ol_cmd_resume(const struct ol_cli *c)
{
    if (ol_args_value(&c->args, "without-peer") == NULL)
        return ol_cmd_needs("resume", "--without-peer");
    return operate(c, "resume", "say.resume");
}

enum ol_exit ol_cmd_close(const struct ol_cli *c)
{
    return ol_cmd_do(c, "close", json_pack("{s:s}", "line", c->args.operand[0]), "say.close");
}

enum ol_exit ol_cmd_unfreeze(const struct ol_cli *c)
{
    return operate(c, "unfreeze", "say.unfreeze");
}
