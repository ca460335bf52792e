/* SPDX-License-Identifier: Apache-2.0 */
/* note: the own book, what this side keeps to itself about a line and its entries. */
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"

#define LIST "note list"
#define ACCEPT "note accept"

void ol_note_print(const json_t *note)
{
    char buf[OL_WORD_MAX];

    ol_print_cell(ol_word(note, "number", buf), 5);
    ol_print_cell(ol_word(note, "kind", buf), 12);
    ol_print_cell(ol_word(note, "about", buf), 5);
    ol_print_cell(ol_word_time(note, "time", buf), 14);
    ol_print_cell(ol_word(note, "role", buf), 8);
    ol_print_cell(ol_word(note, "lang", buf), 2);
    ol_print_row_end();
    ol_print_text(json_object_get(note, "text"), "       ");
}

/* Prints one page; *next is the cursor of the page after it, null when it was the last. */
static enum ol_err list_page(const struct ol_cli *c, struct ol_control *control, json_t **next, struct ol_fault *f)
{
    const char *line = c->args.operands > 1 ? c->args.operand[1] : NULL;
    const char *id = c->args.operands > 2 ? c->args.operand[2] : NULL;
    json_t *params = json_pack("{s:s?,s:s?,s:s?,s:O}", "line", line, "id", id, "kind",
                               ol_args_value(&c->args, "kind"), "after", *next);
    json_t *result;
    size_t i;
    json_t *note;
    enum ol_err err = ol_control_call(control, "notes", params, OL_ANSWER_MS, &result, f);

    if (err)
        return err;
    json_array_foreach(json_object_get(result, "notes"), i, note) {
        if (c->json)
            ol_print_json(json_incref(note));
        else
            ol_note_print(note);
    }
    json_decref(*next);
    *next = json_incref(json_object_get(result, "next"));
    json_decref(result);
    return OL_OK;
}

static enum ol_exit list(const struct ol_cli *c)
{
    struct ol_control control = {.fd = -1};
    json_t *next = json_null();
    struct ol_home h;
    struct ol_fault f;
    enum ol_err err;

    if (ol_args_value(&c->args, "lang") != NULL)
        return ol_cmd_misused(LIST, "err.usage.option", "lang");
    err = ol_home_open(c->home, &h, &f);
    if (!err)
        err = ol_control_open(&h, &control, &f);
    while (!err && next != NULL) {
        err = list_page(c, &control, &next, &f);
        if (json_is_null(next))
            next = NULL;
    }
    json_decref(next);
    ol_control_close(&control);
    ol_home_close(&h);
    return err ? ol_cmd_fail(&f) : OL_EXIT_DONE;
}

enum ol_exit ol_note_write(const struct ol_cli *c, const char *method, json_t *params)
{
    return ol_cmd_do(c, method, params, "say.note");
}

static enum ol_exit accept_flaw(const struct ol_cli *c)
{
    json_t *text;
    struct ol_fault f;

    if (ol_args_value(&c->args, "kind") != NULL)
        return ol_cmd_misused(ACCEPT, "err.usage.option", "kind");
    if (ol_args_value(&c->args, "lang") != NULL)
        return ol_cmd_misused(ACCEPT, "err.usage.option", "lang");
    text = ol_cmd_text(c->args.operand[1], &f);
    return text != NULL ? ol_note_write(c, "book_accept", json_pack("{s:o}", "reason", text)) : ol_cmd_fail(&f);
}

static enum ol_exit write_note(const struct ol_cli *c)
{
    json_t *params;
    json_t *text;
    struct ol_fault f;

    if (c->args.operands < 3)
        return ol_cmd_misused("note", "err.usage.few", "");
    text = ol_cmd_text(c->args.operand[2], &f);
    if (text == NULL)
        return ol_cmd_fail(&f);
    params = json_pack("{s:s,s:s,s:s?,s:s?,s:o}", "line", c->args.operand[0], "id", c->args.operand[1], "kind",
                       ol_args_value(&c->args, "kind"), "lang", ol_args_value(&c->args, "lang"), "text", text);
    return ol_note_write(c, "note", params);
}

enum ol_exit ol_cmd_note(const struct ol_cli *c)
{
    const char *first = c->args.operand[0];

    if (strcmp(first, "list") == 0)
        return list(c);
    if (strcmp(first, "accept") == 0 && c->args.operands == 2)
        return accept_flaw(c);
    return write_note(c);
}
