/* SPDX-License-Identifier: Apache-2.0 */
/* desk: who is at it; when nobody will be, announced; and the answer to a watch check. */
#include <string.h>
#include <time.h>

#include "cli/cmd.h"

#define DESK_TEXT_MAX 512u

static enum ol_exit say(const struct ol_cli *c, const char *key)
{
    json_t *params = json_pack("{s:s,s:s,s:s?}", "line", c->args.operand[1], "act", c->args.operand[0], "role",
                               ol_args_value(&c->args, "role"));

    return ol_cmd_do(c, "desk", params, key);
}

static enum ol_exit announce_absence(const struct ol_cli *c)
{
    const char *reason = ol_args_value(&c->args, "reason");
    json_t *text = NULL;
    uint32_t moment[2];
    struct ol_fault f;

    for (size_t i = 0; i < 2; i++) {
        moment[i] = ol_cmd_time(c->args.operand[2 + i]);
        if (moment[i] == 0)
            return ol_cmd_bad_word("desk hours", c->args.operand[2 + i], "2026-11-21T14:32Z, +30m, +2h");
    }
    if (reason != NULL) {
        text = ol_cmd_text(reason, &f);
        if (text == NULL)
            return ol_cmd_fail(&f);
    }
    return ol_cmd_do(c, "desk_hours",
                     json_pack("{s:s,s:I,s:I,s:b,s:o?}", "line", c->args.operand[1], "from", (json_int_t)moment[0],
                               "to", (json_int_t)moment[1], "outage", ol_args_value(&c->args, "outage") != NULL,
                               "reason", text),
                     "say.desk.hours");
}

static enum ol_exit announce(const struct ol_cli *c)
{
    const char *weekly = ol_args_value(&c->args, "weekly");

    if (weekly == NULL)
        return c->args.operands < 4 ? ol_cmd_misused("desk", "err.usage.few", "") : announce_absence(c);
    if (c->args.operands > 2)
        return ol_cmd_misused("desk", "err.usage.operands", "");
    if (ol_args_value(&c->args, "reason") != NULL || ol_args_value(&c->args, "outage") != NULL)
        return ol_cmd_misused("desk", "err.usage.option",
                              ol_args_value(&c->args, "reason") != NULL ? "reason" : "outage");
    return ol_cmd_do(c, "desk_hours", json_pack("{s:s,s:s}", "line", c->args.operand[1], "weekly", weekly),
                     "say.desk.hours");
}

enum ol_exit ol_cmd_desk(const struct ol_cli *c)
{
    static const struct {
        const char *verb;
        const char *key;
    } acts[] = {{"attend", "say.desk.attend"}, {"leave", "say.desk.leave"}, {"check", "say.desk.check"}};

    if (strcmp(c->args.operand[0], "hours") == 0)
        return announce(c);
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(c->args.operand[0], acts[i].verb) == 0)
            return c->args.operands == 2 ? say(c, acts[i].key) : ol_cmd_misused("desk", "err.usage.operands", "");
    }
    return ol_cmd_bad_word("desk", c->args.operand[0], "attend, leave, check, hours");
}

/* ---- In a status ---- */

/* "0800Z Monday" within the week that follows, else as a date-time group. */
static const char *until(const json_t *line, const char *name, char buf[static 2 * OL_WORD_MAX])
{
    static const char *const days[] = {"weekday.sunday",   "weekday.monday", "weekday.tuesday", "weekday.wednesday",
                                       "weekday.thursday", "weekday.friday", "weekday.saturday"};
    const char *value = json_string_value(json_object_get(line, name));
    uint32_t at = value != NULL ? ol_cmd_time(value) : 0;
    time_t moment = at;
    struct tm tm;
    char group[OL_WORD_MAX];

    if (at == 0 || at - (int64_t)time(NULL) > 6 * 86400 || gmtime_r(&moment, &tm) == NULL)
        snprintf(buf, 2 * OL_WORD_MAX, "%s", ol_word_time(line, name, group));
    else
        snprintf(buf, 2 * OL_WORD_MAX, "%02d%02dZ %.40s", tm.tm_hour, tm.tm_min, ol_text(days[tm.tm_wday]));
    return buf;
}

static const char *key_of(const char *state, const char *why, bool named)
{
    static const struct {
        const char *why;
        const char *key;
    } keys[] = {{"left", "desk.left"},           {"unanswered", "desk.unanswered"}, {"overrun", "desk.overrun"},
                {"announced", "desk.announced"}, {"outage", "desk.outage"}};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0] && strcmp(state, "unknown") != 0; i++) {
        if (strcmp(why, keys[i].why) == 0)
            return keys[i].key;
    }
    if (strcmp(state, "attended") == 0)
        return named ? "desk.attended_by" : "desk.attended";
    return strcmp(state, "unattended") == 0 ? "desk.left" : "desk.unknown";
}

/* Names of the members of one desk. */
struct members {
    const char *state;
    const char *since;
    const char *until;
    const char *by;
    const char *why;
    const char *key; /* whose desk it is, in words */
};

static void print_desk(const json_t *line, const struct members *m)
{
    char since[OL_WORD_MAX];
    char end[2 * OL_WORD_MAX];
    char role[OL_WORD_MAX];
    char state[OL_WORD_MAX];
    char why[OL_WORD_MAX];
    char said[DESK_TEXT_MAX];
    const struct ol_param param = {"desk", said};
    bool named = json_is_string(json_object_get(line, m->by));

    ol_text_fill(said, sizeof said, key_of(ol_word(line, m->state, state), ol_word(line, m->why, why), named), "since",
                 ol_word_time(line, m->since, since), "until", until(line, m->until, end), "role",
                 ol_word(line, m->by, role), NULL);
    fputs("  ", stdout);
    ol_print_cell_text(ol_text(m->key), &param, 1);
    ol_print_row_end();
}

static bool is_known(const json_t *line, const char *desk)
{
    const char *state = json_string_value(json_object_get(line, desk));

    return state != NULL && strcmp(state, "unknown") != 0;
}

void ol_desk_print(const json_t *line)
{
    static const struct members theirs = {"desk", "desk_since", "desk_until", "desk_by", "desk_why", "status.desk"};
    static const struct members ours = {"own_desk",    "own_desk_since", "own_desk_until",
                                        "own_desk_by", "own_desk_why",   "status.own_desk"};

    if (!is_known(line, theirs.state) && !is_known(line, ours.state))
        return; /* a side that does without */
    print_desk(line, &theirs);
    print_desk(line, &ours);
}
