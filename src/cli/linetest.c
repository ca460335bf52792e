/* SPDX-License-Identifier: Apache-2.0 */
/* test: tests of the line by people; their schedule, sending and answering, and what came of them. */
#include <stdlib.h>
#include <string.h>

#include "cli/agree.h"

#define EVERY_MIN 60

static enum ol_exit propose(const struct ol_cli *c)
{
    const char *every = ol_args_value(&c->args, "every");
    const char *start = ol_args_value(&c->args, "start");
    char *end = NULL;
    long minutes = every != NULL ? strtol(every, &end, 10) : EVERY_MIN;
    uint32_t from = start != NULL ? ol_cmd_time(start) : 0;

    if (every != NULL && (*every < '0' || *every > '9' || *end != '\0'))
        return ol_cmd_bad_value("every", every, "10 - 1440");
    if (start != NULL && from == 0)
        return ol_cmd_bad_value("start", start, "2026-11-21T14:32Z, +30m, +2h");
    return ol_agree_propose(c, json_pack("{s:s,s:s,s:I,s:I,s:s?,s:s?}", "line", c->args.operand[1], "topic", "tests",
                                         "every", (json_int_t)minutes, "start", (json_int_t)from,
                                         "role_here", ol_args_value(&c->args, "role-here"),
                                         "role_there", ol_args_value(&c->args, "role-there")));
}

static enum ol_exit respond(const struct ol_cli *c)
{
    return ol_agree_respond(c, "tests");
}

static void print_if(const json_t *said, const char *name, const char *key)
{
    if (json_is_string(json_object_get(said, name)))
        ol_print(stdout, key, "text", json_string_value(json_object_get(said, name)), NULL);
}

static void print_schedule(const json_t *one)
{
    char buf[OL_WORD_MAX];

    ol_print_cell(ol_word(one, "id", buf), 5);
    ol_print_cell(ol_word_number("status.minutes", json_integer_value(json_object_get(one, "every")), buf), 8);
    ol_print_cell(ol_word_time(one, "start", buf), 14);
    ol_print_cell(ol_word(one, "state", buf), 9);
    ol_print_cell(ol_word(one, "party", buf), 0);
    ol_print_cell(ol_word_time(one, "since", buf), 14);
    ol_print_row_end();
    print_if(one, "role_here", "say.agree.role_here");
    print_if(one, "role_there", "say.agree.role_there");
    print_if(one, "reason", "say.agree.reason");
}

/* ---- Sending and answering ---- */

static enum ol_exit send(const struct ol_cli *c)
{
    bool next = ol_args_value(&c->args, "next") != NULL;
    json_t *text = NULL;
    struct ol_fault f;

    if (next == (c->args.operands == 3))
        return ol_cmd_misused(c->command, next ? "err.usage.operands" : "err.usage.few", "");
    if (next && ol_args_value(&c->args, "lang") != NULL)
        return ol_cmd_misused(c->command, "err.usage.option", "lang");
    if (!next) {
        text = ol_cmd_text(c->args.operand[2], &f);
        if (text == NULL)
            return ol_cmd_fail(&f);
    }
    return ol_cmd_do(c, "test_send",
                     json_pack("{s:s,s:o?,s:s?}", "line", c->args.operand[1], "text", text, "lang",
                               ol_args_value(&c->args, "lang")),
                     "say.test.sent");
}

static enum ol_exit answer(const struct ol_cli *c)
{
    const char *translation = ol_args_value(&c->args, "translation");
    json_t *text = NULL;
    struct ol_fault f;

    if (translation != NULL) {
        text = ol_cmd_text(translation, &f);
        if (text == NULL)
            return ol_cmd_fail(&f);
    }
    return ol_cmd_do(c, "test_answer",
                     json_pack("{s:s,s:s,s:o?,s:s?}", "line", c->args.operand[1], "id", c->args.operand[2],
                               "translation", text, "lang", ol_args_value(&c->args, "lang")),
                     "say.test.answered");
}

/* ---- Looking ---- */

static void print_slot(const json_t *slot)
{
    static const struct {
        const char *state;
        const char *key;
    } keys[] = {{"due", "test.due"}, {"answered", "test.answered"}, {"missed", "test.missed"}};
    char buf[OL_WORD_MAX];
    const char *state = ol_word(slot, "state", buf);
    const char *key = "test.due";
    char word[OL_WORD_MAX];

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i].state, state) == 0)
            key = keys[i].key;
    }
    ol_print_cell(ol_word_time(slot, "slot", word), 14);
    ol_print_cell(ol_word(slot, "party", word), 16);
    ol_print_cell(ol_word(slot, "id", word), 5);
    ol_print_cell(ol_word_time(slot, "sent_at", word), 14);
    ol_print_cell(ol_word(slot, "answer", word), 5);
    ol_print_cell(ol_word_time(slot, "answered_at", word), 14);
    ol_print_cell_text(ol_text(key), NULL, 0);
    ol_print_row_end();
    print_if(slot, "role", "say.test.role");
    if (json_is_string(json_object_get(slot, "text")))
        ol_print_text(json_object_get(slot, "text"), "       ");
}

/* One object or one row each of a list in the answer. */
static enum ol_exit list(const struct ol_cli *c, const char *method, const char *name, void (*print)(const json_t *one),
                         const char *none)
{
    json_t *result;
    json_t *one;
    size_t i;
    struct ol_fault f;

    if (ol_cmd_ask(c, method, json_pack("{s:s,s:s}", "line", c->args.operand[1], "topic", "tests"), OL_ANSWER_MS,
                   &result, &f) != OL_OK)
        return ol_cmd_fail(&f);
    json_array_foreach(json_object_get(result, name), i, one) {
        if (c->json)
            ol_print_json(json_incref(one));
        else
            print(one);
    }
    if (i == 0 && !c->json)
        ol_print(stderr, none, NULL);
    json_decref(result);
    return OL_EXIT_DONE;
}

static enum ol_exit list_slots(const struct ol_cli *c)
{
    return list(c, "tests", "slots", print_slot, "say.test.none");
}

static enum ol_exit list_schedules(const struct ol_cli *c)
{
    return list(c, "agreements", "agreements", print_schedule, "say.agree.none");
}

/* ---- The command ---- */

static const struct verb {
    const char *name;
    const char *options; /* a space after each */
    unsigned min;        /* operands, with the verb and the line */
    unsigned max;
    enum ol_exit (*run)(const struct ol_cli *c);
} verbs[] = {
    {"propose", "every start role-here role-there ", 2, 2, propose},
    {"accept", "reason ", 3, 3, respond},
    {"decline", "reason ", 3, 3, respond},
    {"end", "reason ", 3, 3, respond},
    {"schedule", "", 2, 2, list_schedules},
    {"send", "next lang ", 2, 3, send},
    {"answer", "translation lang ", 3, 3, answer},
    {"list", "", 2, 2, list_slots},
};

/* An option of another verb is no option. NULL: all belong. */
static const char *find_stray(const struct ol_cli *c, const struct verb *v)
{
    for (size_t i = 0; i < c->args.given; i++) {
        const char *name = c->args.give[i].opt->name;
        const char *at = strstr(v->options, name);

        if (strcmp(name, "json") != 0 && strcmp(name, "home") != 0 &&
            (at == NULL || (at != v->options && at[-1] != ' ') || at[strlen(name)] != ' '))
            return name;
    }
    return NULL;
}

enum ol_exit ol_cmd_test(const struct ol_cli *c)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        const struct verb *v = &verbs[i];
        const char *stray;

        if (strcmp(c->args.operand[0], v->name) != 0)
            continue;
        stray = find_stray(c, v);
        if (stray != NULL)
            return ol_cmd_misused(c->command, "err.usage.option", stray);
        if (c->args.operands < v->min || c->args.operands > v->max)
            return ol_cmd_misused(c->command, c->args.operands < v->min ? "err.usage.few" : "err.usage.operands", "");
        return v->run(c);
    }
    return ol_cmd_bad_word(c->command, c->args.operand[0],
                           "propose, accept, decline, end, schedule, send, answer, list");
}

/* ---- In a status ---- */

void ol_tests_print(const json_t *line)
{
    static const struct {
        const char *state;
        const char *key;
    } keys[] = {{"green", "status.tests.green"}, {"amber", "status.tests.amber"}, {"red", "status.tests.red"}};
    const json_t *tests = json_object_get(line, "tests");
    char state[OL_WORD_MAX];
    char last[OL_WORD_MAX];
    char next[OL_WORD_MAX];
    char id[OL_WORD_MAX];
    const struct ol_param param[] = {{"last", ol_word_time(tests, "last", last)},
                                     {"next", ol_word_time(tests, "next", next)}};
    const struct ol_param waits = {"id", ol_word(tests, "unanswered", id)};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i].state, ol_word(tests, "state", state)) != 0)
            continue;
        fputs("  ", stdout);
        ol_print_cell_text(ol_text(keys[i].key), param, 2);
        ol_print_row_end();
    }
    if (json_is_string(json_object_get(tests, "unanswered"))) {
        fputs("  ", stdout);
        ol_print_cell_text(ol_text("status.tests.unanswered"), &waits, 1);
        ol_print_row_end();
    }
}
