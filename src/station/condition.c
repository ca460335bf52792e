/* SPDX-License-Identifier: Apache-2.0 */
#include "station/condition.h"

typedef bool condition(const struct ol_condition_of *l, const struct ol_line_status *st, struct ol_now now);

/* As one of the two has announced. */
static bool is_out(const struct ol_condition_of *l, struct ol_now now)
{
    return ol_desk_is_out(l->own, now.utc) || ol_desk_is_out(l->peer, now.utc);
}

static bool is_down(const struct ol_condition_of *l, const struct ol_line_status *st, struct ol_now now)
{
    return st->configured > 0 && st->up == 0 && !is_out(l, now);
}

static bool has_wrong_key(const struct ol_condition_of *l, const struct ol_line_status *st, struct ol_now now)
{
    (void)now;
    return st->up == 0 && l->core->count.frames_in == 0 && l->core->count.wrong_key > 0;
}

static bool has_wrong_card(const struct ol_condition_of *l, const struct ol_line_status *st, struct ol_now now)
{
    (void)now;
    return st->up == 0 && l->core->count.frames_in == 0 && l->core->count.wrong_card > 0;
}

static bool outbox_waits(const struct ol_condition_of *l, const struct ol_line_status *st, struct ol_now now)
{
    (void)st;
    (void)now;
    return l->boxed > 0;
}

static bool desk_is_unattended(const struct ol_condition_of *l, const struct ol_line_status *st, struct ol_now now)
{
    struct ol_presence p;

    (void)st;
    ol_desk_at(l->peer, now.utc, &p);
    return p.state == OL_PRESENCE_UNATTENDED && p.until == 0; /* not as announced */
}

bool ol_watch_check_is_silent(const struct ol_watch_check *check, const struct ol_desk *own, unsigned intervals,
                              struct ol_now now)
{
    struct ol_presence p;

    ol_desk_at(own, now.utc, &p);
    return check->interval > 0 && p.state == OL_PRESENCE_ATTENDED && now.ms - check->seen >= intervals * check->interval;
}

static bool watch_check_is_due(const struct ol_condition_of *l, const struct ol_line_status *st, struct ol_now now)
{
    struct ol_presence p;

    (void)st;
    ol_desk_at(l->own, now.utc, &p);
    return p.why == OL_WHY_UNANSWERED || ol_watch_check_is_silent(&l->check, l->own, 1, now);
}

static bool test_was_missed(const struct ol_condition_of *l, const struct ol_line_status *st, struct ol_now now)
{
    (void)st;
    return l->tests >= OL_TESTS_AMBER && !is_out(l, now);
}

static bool tests_were_missed(const struct ol_condition_of *l, const struct ol_line_status *st, struct ol_now now)
{
    (void)st;
    return l->tests >= OL_TESTS_RED && !is_out(l, now);
}

bool ol_condition_in_status(const struct ol_line_status *st, enum ol_alarm_kind kind)
{
    switch (kind) {
    case OL_ALARM_ANOTHER_COPY_RUNS:
        return st->signing == OL_SIGN_STOPPED;
    case OL_ALARM_EQUIVOCATION:
        return st->frozen;
    case OL_ALARM_DISK_FULL:
        return st->no_room;
    case OL_ALARM_CLOCKS_APART:
        return st->clock_doubtful;
    case OL_ALARM_RECEIPTS_WITHHELD:
        return st->withheld;
    case OL_ALARM_FLOODED:
        return st->flooded;
    default:
        return false;
    }
}

/* A path is shown down three liveness intervals after it was cut: with one more, a cut is an alarm in well under three
 * minutes, and a station that starts again meanwhile is none. */
static const struct {
    enum ol_alarm_kind kind;
    condition *stands;  /* NULL: its status says it */
    unsigned intervals; /* of liveness, that it must last */
} conditions[] = {
    {OL_ALARM_ANOTHER_COPY_RUNS, NULL, 0},
    {OL_ALARM_EQUIVOCATION, NULL, 0},
    {OL_ALARM_DISK_FULL, NULL, 0},
    {OL_ALARM_CLOCKS_APART, NULL, 0},
    {OL_ALARM_RECEIPTS_WITHHELD, NULL, 0},
    {OL_ALARM_FLOODED, NULL, 0},
    {OL_ALARM_LINE_DOWN, is_down, 1},
    {OL_ALARM_WRONG_KEY, has_wrong_key, 0},
    {OL_ALARM_WRONG_CARD, has_wrong_card, 0},
    {OL_ALARM_OUTBOX_WAITING, outbox_waits, 9},
    {OL_ALARM_DESK_UNATTENDED, desk_is_unattended, 0},
    {OL_ALARM_WATCH_CHECK, watch_check_is_due, 0},
    {OL_ALARM_TEST_MISSED, test_was_missed, 0},
    {OL_ALARM_TESTS_MISSED, tests_were_missed, 0},
};
#define PATH_INTERVALS 3u

static void judge(const struct ol_condition_of *l, struct ol_alarms *t, const struct ol_alarm_name *name, bool stands,
                  unsigned intervals, struct ol_now now)
{
    if (stands)
        ol_alarm_raise(t, name, intervals * l->core->cfg.liveness_ms, now);
    else
        ol_alarm_clear(t, name, now);
}

/* When no path is up, the line is down: that says it all. */
static void look_at_paths(const struct ol_condition_of *l, const struct ol_line_status *st, struct ol_alarms *t,
                          struct ol_now now)
{
    for (uint8_t i = 0; i < OL_PATHS; i++) {
        const struct ol_alarm_name name = {OL_ALARM_PATH_DOWN, l->line, OL_ALARM_PATH, i};
        bool configured = l->core->path[i].configured && !l->over;
        bool up = configured && ol_line_path_health(l->core, i, now) == OL_PATH_UP;

        if (!configured || up || st->up > 0)
            judge(l, t, &name, configured && !up, PATH_INTERVALS, now);
    }
}

void ol_conditions_look(const struct ol_condition_of *l, struct ol_alarms *t, struct ol_now now)
{
    struct ol_line_status st;

    ol_line_status(l->core, now, &st);
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
        const struct ol_alarm_name name = {.kind = conditions[i].kind, .line = l->line};
        bool stands = conditions[i].stands != NULL ? conditions[i].stands(l, &st, now)
                                                   : ol_condition_in_status(&st, name.kind);

        judge(l, t, &name, !l->over && stands, conditions[i].intervals, now);
    }
    look_at_paths(l, &st, t, now);
}
