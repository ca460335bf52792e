/* SPDX-License-Identifier: Apache-2.0 */
/* times, handling, rate: what both sides of a line agree as data, named on the command line and shown. */
#include <stdlib.h>
#include <string.h>

#include "cli/agree.h"

#define VERBS "accept decline end "
#define MEANT "propose, accept, decline, end, list"

/* NAME=VALUE of an operand: its name with _ for -, and its value; NULL when it is none. */
static const char *split(const char *operand, char name[static OL_WORD_MAX])
{
    const char *equals = strchr(operand, '=');
    size_t len = equals != NULL ? (size_t)(equals - operand) : 0;

    if (len == 0 || len >= OL_WORD_MAX)
        return NULL;
    for (size_t i = 0; i < len; i++)
        name[i] = operand[i] == '-' ? '_' : operand[i];
    name[len] = '\0';
    return equals + 1;
}

static enum ol_exit propose(const struct ol_cli *c, const char *topic, json_t *terms)
{
    return ol_agree_propose(c, json_pack("{s:s,s:s,s:o}", "line", c->args.operand[1], "topic", topic, "terms", terms));
}

/* ---- Times ---- */

/* Seconds of 90, 90s, 5m, 3h, 2d; -1: it is none. */
static json_int_t seconds_of(const char *value)
{
    static const char units[] = "smhd";
    static const json_int_t worth[] = {1, 60, 3600, 24 * 3600};
    char *end;
    unsigned long n = strtoul(value, &end, 10);
    const char *unit = *end != '\0' ? strchr(units, *end) : units;

    if (*value < '0' || *value > '9' || n > INT32_MAX || unit == NULL || (*end != '\0' && end[1] != '\0'))
        return -1;
    return (json_int_t)n * worth[unit - units];
}

static bool is_role(const char *name)
{
    return strncmp(name, "deputy_", 7) == 0 || strncmp(name, "next_role_", 10) == 0;
}

static enum ol_exit propose_times(const struct ol_cli *c)
{
    json_t *terms = json_object();

    for (size_t i = 2; i < c->args.operands; i++) {
        char name[OL_WORD_MAX];
        const char *value = split(c->args.operand[i], name);

        if (value == NULL || (!is_role(name) && seconds_of(value) < 0)) {
            json_decref(terms);
            return ol_cmd_bad_word("times propose", c->args.operand[i], "flash=60s, duty=30m, deputy-here=watch-two");
        }
        json_object_set_new(terms, name, is_role(name) ? json_string(value) : json_integer(seconds_of(value)));
    }
    return propose(c, "times", terms);
}

/* One time in its largest unit, so that nobody counts zeros. */
static void print_time(const char *name, json_int_t s)
{
    const char *unit = s % 3600 == 0 ? "h" : s % 60 == 0 ? "m" : "s";
    char text[OL_WORD_MAX];

    snprintf(text, sizeof text, "%lld%s", (long long)(*unit == 'h' ? s / 3600 : *unit == 'm' ? s / 60 : s), unit);
    ol_print(stdout, "say.terms.row", "name", name, "value", text, NULL);
}

static void print_times(const json_t *accord)
{
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(accord, "terms"), name, value) {
        if (json_is_string(value))
            ol_print(stdout, "say.terms.row", "name", name, "value", json_string_value(value), NULL);
        else if (json_integer_value(value) > 0)
            print_time(name, json_integer_value(value));
    }
}

enum ol_exit ol_cmd_times(const struct ol_cli *c)
{
    return ol_agree_run(c, &(struct ol_agree_cmd){.name = "times",
                                                  .verbs = VERBS,
                                                  .meant = MEANT,
                                                  .proposal = "",
                                                  .most = OL_OPERANDS_MAX,
                                                  .propose = propose_times,
                                                  .print = print_times});
}

/* ---- Handling ---- */

/* The names in a list with a comma between them; none of "nothing". NULL: it is empty. */
static json_t *names_of(const char *value)
{
    json_t *list = json_array();

    if (strcmp(value, "nothing") == 0)
        return list;
    while (*value != '\0') {
        size_t len = strcspn(value, ",");

        json_array_append_new(list, json_stringn(value, len));
        value += len + (value[len] == ',');
    }
    if (json_array_size(list) > 0)
        return list;
    json_decref(list);
    return NULL;
}

static enum ol_exit propose_handling(const struct ol_cli *c)
{
    json_t *terms = json_object();

    for (size_t i = 2; i < c->args.operands; i++) {
        const char *word = c->args.operand[i];
        size_t len = strcspn(word, "=");
        json_t *names = word[len] == '=' ? names_of(word + len + 1) : NULL;

        if (names == NULL || len == 0) {
            json_decref(names);
            json_decref(terms);
            return ol_cmd_bad_word("handling propose", word, "ministers-only=publish,feed,forward, internal=nothing");
        }
        json_object_setn_new(terms, word, len, names);
    }
    return propose(c, "handling", terms);
}

/* "publish, feed", or a word for none. */
static const char *joined(const json_t *list, char buf[static OL_WORD_MAX])
{
    size_t len = 0;
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one) {
        int n = snprintf(buf + len, OL_WORD_MAX - len, "%s%s", i > 0 ? ", " : "", json_string_value(one));

        len += n > 0 && (size_t)n < OL_WORD_MAX - len ? (size_t)n : 0;
    }
    return i > 0 ? buf : ol_text("say.terms.nothing");
}

void ol_forbids_print(const json_t *m)
{
    char buf[OL_WORD_MAX];

    if (json_is_false(json_object_get(m, "handling_agreed")))
        ol_print(stdout, "say.show.handling_unknown", NULL);
    if (json_array_size(json_object_get(m, "forbids")) > 0)
        ol_print(stdout, "say.show.forbids", "what", joined(json_object_get(m, "forbids"), buf), NULL);
}

static void print_handling(const json_t *accord)
{
    const char *word;
    json_t *forbids;
    char buf[OL_WORD_MAX];

    json_object_foreach(json_object_get(accord, "terms"), word, forbids)
        ol_print(stdout, "say.terms.forbids", "word", word, "what", joined(forbids, buf), NULL);
}

enum ol_exit ol_cmd_handling(const struct ol_cli *c)
{
    return ol_agree_run(c, &(struct ol_agree_cmd){.name = "handling",
                                                  .verbs = VERBS,
                                                  .meant = MEANT,
                                                  .proposal = "",
                                                  .most = OL_OPERANDS_MAX,
                                                  .propose = propose_handling,
                                                  .print = print_handling});
}

/* ---- Rate ---- */

static enum ol_exit propose_rate(const struct ol_cli *c)
{
    const char *given = c->args.operand[2];
    char *end;
    unsigned long n = strtoul(given, &end, 10);

    if (*given < '0' || *given > '9' || *end != '\0' || n > INT32_MAX)
        return ol_cmd_bad_word("rate propose", given, "1 .. 1000000");
    return propose(c, "rate", json_pack("{s:I}", "per_minute", (json_int_t)n));
}

static void print_rate(const json_t *accord)
{
    char buf[OL_WORD_MAX];
    const json_t *n = json_object_get(json_object_get(accord, "terms"), "per_minute");

    if (!json_is_integer(n))
        return;
    snprintf(buf, sizeof buf, "%lld", (long long)json_integer_value(n));
    ol_print(stdout, "say.terms.rate", "n", buf, NULL);
}

enum ol_exit ol_cmd_rate(const struct ol_cli *c)
{
    return ol_agree_run(c, &(struct ol_agree_cmd){.name = "rate",
                                                  .verbs = VERBS,
                                                  .meant = MEANT,
                                                  .proposal = "",
                                                  .most = 3,
                                                  .propose = propose_rate,
                                                  .print = print_rate});
}
