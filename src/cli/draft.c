/* SPDX-License-Identifier: Apache-2.0 */
/* draft, clear, release: words that wait in the own book until each role of the rule has cleared them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cli/cmd.h"

/* 0 and the fault said when it is no number. */
static json_int_t read_number(const char *operand)
{
    char *end;
    unsigned long n = strtoul(operand, &end, 10);
    struct ol_fault f;

    if (*operand >= '0' && *operand <= '9' && *end == '\0' && n > 0 && n <= OL_SEQ_MAX)
        return (json_int_t)n;
    ol_fault_set(&f, OL_EXIT_USAGE, "err.draft.number", "value", operand, NULL);
    ol_cmd_fail(&f);
    return 0;
}

static void print_clearance(const json_t *clearance)
{
    char buf[OL_WORD_MAX];
    const char *officer = json_string_value(json_object_get(clearance, "officer"));

    ol_print_cell("", 5);
    ol_print_cell(ol_word_time(clearance, "time", buf), 14);
    ol_print_cell(ol_word(clearance, "role", buf), 16);
    ol_print_cell(officer != NULL ? officer : "-", 1);
    ol_print_row_end();
    if (json_is_string(json_object_get(clearance, "remark")))
        ol_print_text(json_object_get(clearance, "remark"), "         ");
}

static void print_fields(const json_t *fields)
{
    const char *n;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)fields, n, value) {
        ol_print_cell("", 5);
        ol_print_cell(n, 3);
        ol_print_cell(json_string_value(value), 1);
        ol_print_row_end();
    }
}

/* Whose turn it is, then the words, then who has cleared them. */
void ol_draft_print(const json_t *draft)
{
    const json_t *message = json_object_get(draft, "message");
    const char *next = json_string_value(json_array_get(json_object_get(draft, "roles"), 0));
    char buf[OL_WORD_MAX];
    size_t i;
    json_t *clearance;

    ol_print_cell(ol_word(draft, "draft", buf), 5);
    ol_print_cell(ol_word(draft, "state", buf), 12);
    ol_print_cell(ol_word_time(draft, "time", buf), 14);
    ol_print_cell(ol_word(message, "precedence", buf), 10);
    ol_print_cell(ol_word(draft, "id", buf), 5);
    ol_print_cell(next != NULL ? next : "-", 1);
    ol_print_row_end();
    if (json_is_string(json_object_get(message, "text")))
        ol_print_text(json_object_get(message, "text"), "       ");
    print_fields(json_object_get(message, "fields"));
    if (json_is_string(json_object_get(draft, "translation")))
        ol_print_text(json_object_get(draft, "translation"), "       | ");
    json_array_foreach(json_object_get(draft, "clearances"), i, clearance)
        print_clearance(clearance);
}

/* Takes the draft. */
static void show(const struct ol_cli *c, json_t *draft)
{
    if (c->json) {
        ol_print_json(draft);
        return;
    }
    ol_draft_print(draft);
    json_decref(draft);
}

static enum ol_exit ask_and_show(const struct ol_cli *c, const char *method, json_t *params)
{
    json_t *draft;
    struct ol_fault f;

    if (ol_cmd_ask(c, method, params, OL_ANSWER_MS, &draft, &f) != OL_OK)
        return ol_cmd_fail(&f);
    show(c, draft);
    return OL_EXIT_DONE;
}

static enum ol_exit list(const struct ol_cli *c)
{
    json_t *result;
    size_t i;
    json_t *draft;
    struct ol_fault f;

    if (ol_cmd_ask(c, "drafts", json_pack("{s:s}", "line", c->args.operand[1]), OL_ANSWER_MS, &result, &f) != OL_OK)
        return ol_cmd_fail(&f);
    json_array_foreach(json_object_get(result, "drafts"), i, draft)
        show(c, json_incref(draft));
    json_decref(result);
    return OL_EXIT_DONE;
}

static enum ol_exit show_one(const struct ol_cli *c)
{
    json_int_t number = read_number(c->args.operand[2]);

    if (number == 0)
        return OL_EXIT_USAGE;
    return ask_and_show(c, "draft_show", json_pack("{s:s,s:I}", "line", c->args.operand[1], "draft", number));
}

/* What goes beside the words; NULL when there is none. False with the fault said. */
static bool read_beside(const struct ol_cli *c, const char *option, json_t **out)
{
    const char *given = ol_args_value(&c->args, option);
    struct ol_fault f;

    *out = given != NULL ? ol_cmd_text(given, &f) : NULL;
    if (given != NULL && *out == NULL)
        ol_cmd_fail(&f);
    return given == NULL || *out != NULL;
}

/* The message is taken; NULL with the fault. */
static enum ol_exit write_words(const struct ol_cli *c, const char *line, json_int_t number, json_t *message,
                                const struct ol_fault *f)
{
    json_t *translation;

    if (message == NULL)
        return ol_cmd_fail(f);
    if (!read_beside(c, "translation", &translation)) {
        json_decref(message);
        return OL_EXIT_USAGE;
    }
    return ask_and_show(c, "draft", json_pack("{s:s,s:o,s:o,s:o?}", "line", line, "draft",
                                              number > 0 ? json_integer(number) : json_null(), "message", message,
                                              "translation", translation));
}

/* How a message is meant stays: only its words change. */
static bool is_of_change(const char *option)
{
    static const char *const known[] = {"as", "field", "home", "json", "translation"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i], option) == 0)
            return true;
    }
    return false;
}

static enum ol_exit change(const struct ol_cli *c)
{
    const char *operand = c->args.operands > 3 ? c->args.operand[3] : NULL;
    bool fields = ol_args_value(&c->args, "field") != NULL;
    json_int_t number;
    json_t *message;
    struct ol_fault f;

    if (c->args.operands < 3 || fields == (operand != NULL))
        return ol_cmd_misused("draft", "err.usage.text_or_form", "");
    for (size_t i = 0; i < c->args.given; i++) {
        if (!is_of_change(c->args.give[i].opt->name))
            return ol_cmd_misused("draft change", "err.usage.option", c->args.give[i].opt->name);
    }
    number = read_number(c->args.operand[2]);
    if (number == 0)
        return OL_EXIT_USAGE;
    if (fields)
        message = json_pack("{s:o}", "fields", ol_cmd_fields(&c->args, &f));
    else
        message = json_pack("{s:o}", "text", ol_cmd_text(operand, &f));
    return write_words(c, c->args.operand[1], number, message, &f);
}

enum ol_exit ol_cmd_draft(const struct ol_cli *c)
{
    const char *first = c->args.operand[0];
    size_t n = c->args.operands;
    json_t *message;
    struct ol_fault f;

    if (strcmp(first, "list") == 0 && n == 2)
        return list(c);
    if (strcmp(first, "show") == 0 && n == 3)
        return show_one(c);
    if (strcmp(first, "change") == 0)
        return change(c);
    if (n > 2)
        return ol_cmd_misused("draft", "err.usage.operands", "");
    message = ol_cmd_message(c, n > 1 ? c->args.operand[1] : NULL, &f);
    return write_words(c, first, 0, message, &f);
}

enum ol_exit ol_cmd_clear(const struct ol_cli *c)
{
    json_int_t number = read_number(c->args.operand[1]);
    json_t *remark;

    if (number == 0 || !read_beside(c, "remark", &remark))
        return OL_EXIT_USAGE;
    return ask_and_show(c, "clear", json_pack("{s:s,s:I,s:o?}", "line", c->args.operand[0], "draft", number, "remark",
                                              remark));
}

enum ol_exit ol_cmd_release(const struct ol_cli *c)
{
    json_int_t number = read_number(c->args.operand[1]);
    json_t *result;
    struct ol_fault f;

    if (number == 0)
        return OL_EXIT_USAGE;
    if (ol_cmd_ask(c, "release", json_pack("{s:s,s:I}", "line", c->args.operand[0], "draft", number), OL_ANSWER_MS,
                   &result, &f) != OL_OK)
        return ol_cmd_fail(&f);
    return ol_cmd_sent(c, result);
}
