/* SPDX-License-Identifier: Apache-2.0 */
/* channel, exercise, agree: what both sides of a line agree to, and what of it stands. */
#include <string.h>

#include "cli/agree.h"

/* ---- What stands ---- */

/* One line, if it says so. */
static void print_said(const json_t *said, const char *name, const char *key)
{
    if (json_is_string(json_object_get(said, name)))
        ol_print(stdout, key, "text", json_string_value(json_object_get(said, name)), NULL);
}

/* By whom and since when. */
static void print_step(const json_t *said)
{
    char buf[OL_WORD_MAX];

    if (json_is_string(json_object_get(said, "side"))) {
        ol_print_cell(json_string_value(json_object_get(said, "party")), 0);
        ol_print_cell(ol_word_time(said, "since", buf), 14);
    }
    ol_print_row_end();
    print_said(said, "reason", "say.agree.reason");
}

static void print_channel(const json_t *channel)
{
    char buf[OL_WORD_MAX + 1];
    const json_t *id;
    size_t i;

    ol_print_cell(json_string_value(json_object_get(channel, "level")), 16);
    ol_print_cell(ol_word(channel, "state", buf), 9);
    print_step(channel);
    print_said(channel, "purpose", "say.agree.purpose");
    print_said(channel, "role_here", "say.agree.role_here");
    print_said(channel, "role_there", "say.agree.role_there");
    print_said(channel, "hours", "say.agree.hours");
    json_array_foreach(json_object_get(channel, "proposals"), i, id)
        ol_print(stdout, "say.agree.waiting", "id", json_string_value(id), NULL);
}

static void print_accord(const json_t *accord, void (*print)(const json_t *accord))
{
    char buf[OL_WORD_MAX];

    ol_print_cell(ol_word(accord, "id", buf), 5);
    if (json_is_string(json_object_get(accord, "exercise"))) {
        ol_print_cell(ol_word(accord, "exercise", buf), 2);
        ol_print_cell(ol_word_time(accord, "start", buf), 14);
        ol_print_cell(ol_word_time(accord, "end", buf), 14);
    }
    ol_print_cell(ol_word(accord, "state", buf), 9);
    if (json_is_true(json_object_get(accord, "running")))
        ol_print_cell_text(ol_text("mark.exercise"), NULL, 0);
    if (json_is_true(json_object_get(accord, "in_force")))
        ol_print_cell_text(ol_text("mark.in_force"), NULL, 0);
    print_step(accord);
    if (print != NULL)
        print(accord);
    if (json_is_string(json_object_get(accord, "broken_by")))
        ol_print(stdout, "say.agree.broken", "id", ol_word(accord, "broken_by", buf), NULL);
}

static enum ol_exit list(const struct ol_cli *c, const struct ol_agree_cmd *cmd)
{
    json_t *result;
    json_t *one;
    size_t i;
    struct ol_fault f;

    if (ol_cmd_ask(c, "agreements", json_pack("{s:s,s:s}", "line", c->args.operand[1], "topic", cmd->name),
                   OL_ANSWER_MS, &result, &f) != OL_OK)
        return ol_cmd_fail(&f);
    json_array_foreach(json_object_get(result, "agreements"), i, one) {
        if (c->json)
            ol_print_json(json_incref(one));
        else if (json_is_string(json_object_get(one, "level")))
            print_channel(one);
        else
            print_accord(one, cmd->print);
    }
    if (i == 0 && !c->json)
        ol_print(stderr, "say.agree.none", NULL);
    json_decref(result);
    return OL_EXIT_DONE;
}

/* ---- What is asked to be written ---- */

enum ol_exit ol_agree_propose(const struct ol_cli *c, json_t *params)
{
    return ol_cmd_do(c, "propose", params, "say.agree.proposed");
}

enum ol_exit ol_agree_respond(const struct ol_cli *c, const char *topic)
{
    const char *reason = ol_args_value(&c->args, "reason");

    return ol_cmd_do(c, "respond",
                     json_pack("{s:s,s:s,s:s,s:s,s:s?}", "line", c->args.operand[1], "topic", topic, "verb",
                               c->args.operand[0], "about", c->args.operand[2], "reason", reason),
                     "say.agree.responded");
}

static enum ol_exit propose_channel(const struct ol_cli *c)
{
    return ol_agree_propose(c, json_pack("{s:s,s:s,s:s,s:s?,s:s?,s:s?,s:s?}", "line", c->args.operand[1],
                                         "topic", "channel", "level", c->args.operand[2],
                                         "purpose", ol_args_value(&c->args, "purpose"),
                                         "role_here", ol_args_value(&c->args, "role-here"),
                                         "role_there", ol_args_value(&c->args, "role-there"),
                                         "hours", ol_args_value(&c->args, "hours")));
}

static enum ol_exit propose_exercise(const struct ol_cli *c)
{
    static const char *const names[] = {"start", "end"};
    uint32_t utc[2];

    for (size_t i = 0; i < 2; i++) {
        const char *given = ol_args_value(&c->args, names[i]);

        if (given == NULL)
            return ol_cmd_needs("exercise propose", i == 0 ? "--start" : "--end");
        utc[i] = ol_cmd_time(given);
        if (utc[i] == 0)
            return ol_cmd_bad_value(names[i], given, "2026-11-21T14:32Z, +30m, +2h");
    }
    return ol_agree_propose(c, json_pack("{s:s,s:s,s:s,s:I,s:I}", "line", c->args.operand[1], "topic", "exercise",
                                         "exercise", c->args.operand[2], "start", (json_int_t)utc[0],
                                         "end", (json_int_t)utc[1]));
}

/* `agree` proposes what has no command of its own. */
static enum ol_exit propose_other(const struct ol_cli *c)
{
    return ol_agree_propose(c, json_pack("{s:s,s:s}", "line", c->args.operand[1], "topic", c->args.operand[2]));
}

/* ---- The commands ---- */

static bool is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);
    const char *at = strstr(list, name);

    return len > 0 && at != NULL && (at == list || at[-1] == ' ') && at[len] == ' ';
}

/* An option of another verb is no option. NULL: all belong. */
static const char *find_stray(const struct ol_cli *c, const struct ol_agree_cmd *t, const char *verb)
{
    bool responds = is_listed(t->verbs, verb);

    for (size_t i = 0; i < c->args.given; i++) {
        const char *name = c->args.give[i].opt->name;

        if (strcmp(name, "reason") == 0 ? !responds : strcmp(verb, "propose") != 0 && is_listed(t->proposal, name))
            return name;
    }
    return NULL;
}

/* Operands beyond those that the verb takes. */
static bool has_more(const struct ol_cli *c, const struct ol_agree_cmd *t, const char *verb)
{
    if (strcmp(verb, "propose") == 0)
        return c->args.operands > t->most;
    return c->args.operands > (strcmp(verb, "list") == 0 ? 2u : 3u);
}

enum ol_exit ol_agree_run(const struct ol_cli *c, const struct ol_agree_cmd *t)
{
    const char *verb = c->args.operand[0];
    bool lists = strcmp(verb, "list") == 0;
    const char *stray;

    if (!lists && strcmp(verb, "propose") != 0 && !is_listed(t->verbs, verb))
        return ol_cmd_bad_word(c->command, verb, t->meant);
    stray = find_stray(c, t, verb);
    if (stray != NULL)
        return ol_cmd_misused(c->command, "err.usage.option", stray);
    if (has_more(c, t, verb))
        return ol_cmd_misused(c->command, "err.usage.operands", "");
    if (c->args.operands < (lists ? 2 : 3))
        return ol_cmd_misused(c->command, "err.usage.few", "");
    if (lists)
        return list(c, t);
    return strcmp(verb, "propose") == 0 ? t->propose(c) : ol_agree_respond(c, t->name);
}

enum ol_exit ol_cmd_channel(const struct ol_cli *c)
{
    return ol_agree_run(c, &(struct ol_agree_cmd){.name = "channel",
                                                  .verbs = "accept decline suspend resume ",
                                                  .meant = "propose, accept, decline, suspend, resume, list",
                                                  .proposal = "purpose role-here role-there hours ",
                                                  .most = 3,
                                                  .propose = propose_channel});
}

enum ol_exit ol_cmd_exercise(const struct ol_cli *c)
{
    return ol_agree_run(c, &(struct ol_agree_cmd){.name = "exercise",
                                                  .verbs = "accept decline end ",
                                                  .meant = "propose, accept, decline, end, list",
                                                  .proposal = "start end ",
                                                  .most = 3,
                                                  .propose = propose_exercise});
}

enum ol_exit ol_cmd_agree(const struct ol_cli *c)
{
    return ol_agree_run(c, &(struct ol_agree_cmd){.name = "instructions",
                                                  .verbs = "accept decline end ",
                                                  .meant = "propose, accept, decline, end, list",
                                                  .proposal = "",
                                                  .most = 3,
                                                  .propose = propose_other});
}
