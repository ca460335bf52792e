/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a line tells of itself, as alarms: which state of it is one, and how long it must last. Nothing here knows of the
 * station, so that the simulator looks at its lines with the same.
 */
#ifndef OL_STATION_CONDITION_H
#define OL_STATION_CONDITION_H

#include "desk/alarm.h"
#include "desk/linetest.h"
#include "desk/presence.h"
#include "line/line.h"

/* The watch check of our own desk. */
struct ol_watch_check {
    ol_ms interval; /* 0: it is off */
    ol_ms seen;     /* when our officer last said that he is there */
};

struct ol_condition_of {
    const struct ol_line *core;
    int64_t line;                 /* the store's number of it */
    bool over;                    /* closed by both, or revoked: nothing stands any more */
    size_t boxed;                 /* texts in the outbox */
    const struct ol_desk *own;
    const struct ol_desk *peer;
    struct ol_watch_check check;
    enum ol_tests_state tests; /* of the line, by people */
};

/* Raises and clears what the line and its desks tell of themselves. */
void ol_conditions_look(const struct ol_condition_of *l, struct ol_alarms *t, struct ol_now now);
/* Whether this alarm stands at this moment and is one that no other field of the line's status tells; for any kind. */
bool ol_condition_in_status(const struct ol_line_status *st, enum ol_alarm_kind kind);

/* Whether our officer, who attends the desk, was silent for this many intervals. */
bool ol_watch_check_is_silent(const struct ol_watch_check *check, const struct ol_desk *own, unsigned intervals,
                              struct ol_now now);

#endif
