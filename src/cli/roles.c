/* SPDX-License-Identifier: Apache-2.0 */
/* roster: the roles of both sides, and who of us acts in them. rule: whose clearance a message needs. */
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"

#define ROLES_MAX 640u

/* The operands from one on; NULL when one is not UTF-8. */
static json_t *operands(const struct ol_cli *c, size_t from)
{
    json_t *list = json_array();

    for (size_t i = from; i < c->args.operands; i++) {
        if (json_array_append_new(list, json_string(c->args.operand[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* "desk, legal, release"; "-" for none. */
static const char *join(const json_t *words, char out[static ROLES_MAX])
{
    size_t len = 0;
    size_t i;
    json_t *word;

    snprintf(out, ROLES_MAX, "-");
    json_array_foreach(words, i, word) {
        if (len < ROLES_MAX)
            len += (size_t)snprintf(out + len, ROLES_MAX - len, "%s%s", i > 0 ? ", " : "", json_string_value(word));
    }
    return out;
}

/* Asks for a list; shows each of its objects. */
static enum ol_exit ask_and_list(const struct ol_cli *c, const char *method, const char *name,
                                 void (*print)(const json_t *))
{
    const char *line = c->args.operands > 1 ? c->args.operand[1] : NULL;
    json_t *result;
    size_t i;
    json_t *one;
    struct ol_fault f;

    if (ol_cmd_ask(c, method, json_pack("{s:s*}", "line", line), OL_ANSWER_MS, &result, &f) != OL_OK)
        return ol_cmd_fail(&f);
    json_array_foreach(json_object_get(result, name), i, one) {
        if (c->json)
            ol_print_json(json_incref(one));
        else
            print(one);
    }
    json_decref(result);
    return OL_EXIT_DONE;
}

/* ---- roster ---- */

static void print_role(const json_t *role)
{
    char buf[OL_WORD_MAX];
    char names[ROLES_MAX];

    ol_print_cell(ol_text(json_is_true(json_object_get(role, "own")) ? "roster.ours" : "roster.theirs"), 8);
    ol_print_cell(json_string_value(json_object_get(role, "role")), 16);
    ol_print_cell(ol_word_time(role, "since", buf), 14);
    ol_print_cell(join(json_object_get(role, "levels"), names), 16);
    ol_print_cell(join(json_object_get(role, "officers"), names), 1);
    ol_print_row_end();
}

static void print_officer(const json_t *officer)
{
    char roles[ROLES_MAX];

    ol_print_cell(json_string_value(json_object_get(officer, "name")), 16);
    ol_print_cell(join(json_object_get(officer, "roles"), roles), 1);
    ol_print_row_end();
}

static enum ol_exit tell_role(const struct ol_cli *c)
{
    if (c->args.operands < 3)
        return ol_cmd_misused(c->command, "err.usage.few", "");
    return ol_cmd_do(c, "roster",
                     json_pack("{s:s,s:s,s:s,s:o}", "line", c->args.operand[1], "verb", c->args.operand[0], "role",
                               c->args.operand[2], "levels", operands(c, 3)), "say.roster");
}

static enum ol_exit set_officer(const struct ol_cli *c)
{
    if (c->args.operands < 2)
        return ol_cmd_misused(c->command, "err.usage.few", "");
    return ol_cmd_do(c, "officer", json_pack("{s:s,s:o}", "name", c->args.operand[1], "roles", operands(c, 2)),
                     "say.noted");
}

enum ol_exit ol_cmd_roster(const struct ol_cli *c)
{
    const char *verb = c->args.operand[0];

    if (strcmp(verb, "add") == 0 || strcmp(verb, "remove") == 0 || strcmp(verb, "hands") == 0)
        return tell_role(c);
    if (strcmp(verb, "officer") == 0)
        return set_officer(c);
    if (strcmp(verb, "officers") == 0)
        return c->args.operands == 1 ? ask_and_list(c, "officers", "officers", print_officer)
                                     : ol_cmd_misused(c->command, "err.usage.operands", "");
    if (strcmp(verb, "list") != 0)
        return ol_cmd_bad_word(c->command, verb, "add, remove, hands, list, officer, officers");
    if (c->args.operands != 2)
        return ol_cmd_misused(c->command, c->args.operands < 2 ? "err.usage.few" : "err.usage.operands", "");
    return ask_and_list(c, "roles", "roles", print_role);
}

/* ---- rule ---- */

static void print_rule(const json_t *rule)
{
    char roles[ROLES_MAX];
    char class[OL_WORD_MAX];

    ol_print_cell(ol_word(rule, "class", class), 8);
    ol_print_cell(join(json_object_get(rule, "roles"), roles), 1);
    ol_print_row_end();
}

static enum ol_exit set_rule(const struct ol_cli *c)
{
    return ol_cmd_do(c, "rule",
                     json_pack("{s:s,s:b,s:o}", "line", c->args.operand[1], "flash",
                               ol_args_value(&c->args, "flash") != NULL, "roles", operands(c, 2)), "say.noted");
}

enum ol_exit ol_cmd_rule(const struct ol_cli *c)
{
    const char *verb = c->args.operand[0];

    if (strcmp(verb, "set") == 0)
        return c->args.operands > 2 ? set_rule(c) : ol_cmd_misused(c->command, "err.usage.few", "");
    if (strcmp(verb, "lift") != 0 && strcmp(verb, "list") != 0)
        return ol_cmd_bad_word(c->command, verb, "set, lift, list");
    if (c->args.operands > 2)
        return ol_cmd_misused(c->command, "err.usage.operands", "");
    return strcmp(verb, "lift") == 0 ? set_rule(c) : ask_and_list(c, "rules", "rules", print_rule);
}
