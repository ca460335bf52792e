/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alarms: what an officer must do something about, and by when. One table a station, so
 * that every desk sees the same state. Conditions are raised and cleared as often as
 * they are looked at; the table decides what is told to people.
 *
 *     unacknowledged --ack--> acknowledged --cleared--> rectified --10 min--> gone
 *     unacknowledged --cleared--> rectified --ack, or a day--> gone
 *     rectified --raised again--> unacknowledged
 *
 * Nothing vanishes unseen: what nobody has acknowledged stays listed when its cause is
 * gone. And nothing pages anyone late: an acknowledgement is not forgotten while the
 * cause stands, and what was acknowledged leaves the list after a day.
 *
 *   silence  lasts 30 s; then the alarm sounds again.
 *   chatter  what is raised the third time within 10 minutes is held as it was and not
 *            announced, until it was away for 10 minutes (then it is rectified) or stood
 *            for 10 (then it is announced: a fault that stays is news).
 *   flood    more than 10 announcements within 10 minutes are one alarm that says so. The
 *            single ones are listed; but for emergencies they make no sound. It ends at
 *            fewer than 5 in 10 minutes.
 */
#ifndef OL_DESK_ALARM_H
#define OL_DESK_ALARM_H

#include <stdbool.h>

#include "base/err.h"
#include "base/ports.h"
#include "wire/header.h"

#define OL_ALARMS 256u
#define OL_ALARM_RESERVED 16u /* the last places are for emergencies */
#define OL_ALARM_SILENCE_MS (30u * 1000)
#define OL_ALARM_FLOOD_MORE 10u
#define OL_ALARM_FLOOD_OVER 5u
#define OL_ALARM_CHATTER 3u
#define OL_ALARM_WINDOW_MS (10u * 60 * 1000) /* of flood and chatter */
#define OL_ALARM_SEEN_MS (10u * 60 * 1000)   /* listed as rectified, when it was acknowledged before */
#define OL_ALARM_KEPT_MS (24u * 60 * 60 * 1000)

enum ol_alarm_kind {
    OL_ALARM_FLOOD,
    /* what a line tells of itself */
    OL_ALARM_LINE_DOWN,
    OL_ALARM_PATH_DOWN,
    OL_ALARM_ANOTHER_COPY_RUNS,
    OL_ALARM_EQUIVOCATION,
    OL_ALARM_DISK_FULL,
    OL_ALARM_CLOCKS_APART,
    OL_ALARM_RECEIPTS_WITHHELD,
    OL_ALARM_FLOODED,
    OL_ALARM_WRONG_KEY,
    OL_ALARM_WRONG_CARD,
    OL_ALARM_OUTBOX_WAITING,
    OL_ALARM_MESSAGE_FLOOD,
    /* what people owe each other */
    OL_ALARM_FLASH_UNTAKEN,
    OL_ALARM_UNTAKEN,
    OL_ALARM_UNTAKEN_THERE,
    OL_ALARM_SUPERSEDED_UNTAKEN,
    OL_ALARM_STANDBY_EXPIRED,
    OL_ALARM_UNANSWERED,
    OL_ALARM_ONWARD_LATE,
    OL_ALARM_NOT_PASSED_ON,
    OL_ALARM_DESK_UNATTENDED,
    OL_ALARM_WATCH_CHECK,
    OL_ALARM_TEST_MISSED,
    OL_ALARM_TESTS_MISSED,
    OL_ALARM_KINDS,
};

/* The four sounds, most urgent first. */
enum ol_alarm_priority {
    OL_ALARM_EMERGENCY,
    OL_ALARM_LINE_LOST,
    OL_ALARM_ALARM,
    OL_ALARM_WARNING,
};

struct ol_alarm_meaning {
    const char *name; /* as in doc/control.md; never translated */
    enum ol_alarm_priority priority;
    uint32_t act_s;   /* time to act */
    const char *cause; /* keys of the catalogue */
    const char *consequence;
    const char *action;
};

const struct ol_alarm_meaning *ol_alarm_meaning(enum ol_alarm_kind kind);
/* NULL when no kind has this name. */
const struct ol_alarm_meaning *ol_alarm_named(const char *name);
const char *ol_alarm_priority_name(enum ol_alarm_priority priority);
/* Seconds in which a message of this precedence is to be taken: 60, 300, 1800, 10800. */
uint32_t ol_alarm_take_s(enum ol_precedence precedence);

enum ol_alarm_state {
    OL_ALARM_UNACKNOWLEDGED,
    OL_ALARM_ACKNOWLEDGED,
    OL_ALARM_RECTIFIED,
};
const char *ol_alarm_state_name(enum ol_alarm_state state);

#define OL_ALARM_PATH 'P'

/* What an alarm is about; there is one alarm of a name at most. */
struct ol_alarm_name {
    enum ol_alarm_kind kind;
    int64_t line;   /* the store's number of it; 0: the station */
    uint8_t author; /* 'A', 'B': entry seq; OL_ALARM_PATH: path seq of the line; 0: nothing more */
    uint32_t seq;
};

/* Times: ms for what is decided, utc for people. ms 0: it is not so. */
struct ol_alarm {
    struct ol_alarm_name name;
    uint32_t id;        /* 0: its cause has not lasted long enough yet */
    uint32_t count;     /* how often it was raised since it was last gone */
    bool standing;      /* raised and not cleared */
    bool listed;
    bool announced;     /* by a sound; not so in a flood */
    struct ol_now raised; /* first, of those raises that nobody has acknowledged */
    struct ol_now acknowledged;
    struct ol_now rectified;
    struct ol_now silenced; /* until */
    struct ol_now expires;
    uint32_t act_by;    /* UTC */

    bool noted;         /* that it is acknowledged has been told */
    bool changed;       /* to be told */
    bool fresh;         /* as new */
    bool latched;       /* it chatters */
    ol_ms since;        /* the cause is there; 0: it is not */
    ol_ms cleared;
    ol_ms came[OL_ALARM_CHATTER]; /* the last raises, oldest first */
};

enum ol_alarm_state ol_alarm_state(const struct ol_alarm *a);

struct ol_alarms {
    size_t n;
    struct ol_alarm alarm[OL_ALARMS];
    uint32_t last_id;
    ol_ms told[OL_ALARM_FLOOD_MORE + 1]; /* when the last ones were announced; a ring */
    size_t told_n;
    ol_ms refused; /* when one last found no place; 0: never */
};

/* Ids go on from last_id: one that an earlier life of the station may have used is not to be acknowledged by mistake. */
void ol_alarms_init(struct ol_alarms *t, uint32_t last_id);

/* The cause is there, or is still there: call it again as long as you see it. It is an alarm when it has lasted wait_ms. */
void ol_alarm_raise(struct ol_alarms *t, const struct ol_alarm_name *name, ol_ms wait_ms, struct ol_now now);
/* The cause is not there, or not any more. */
void ol_alarm_clear(struct ol_alarms *t, const struct ol_alarm_name *name, struct ol_now now);
/* At start: this alarm was raised and acknowledged before. If its cause still stands when it is looked at first, it is
 * acknowledged and nobody is told; the first look that does not find it forgets it. */
void ol_alarm_restore(struct ol_alarms *t, const struct ol_alarm_name *name, uint32_t raised, uint32_t acknowledged,
                      struct ol_now now);

/* ABSENT: none listed has this id. OK: it is acknowledged, or was already. */
OL_MUST_USE enum ol_err ol_alarm_ack(struct ol_alarms *t, uint32_t id, struct ol_now now);
/* ABSENT. UNEXPECTED: it makes no sound, since it is acknowledged or rectified. */
OL_MUST_USE enum ol_err ol_alarm_silence(struct ol_alarms *t, uint32_t id, struct ol_now now);
/* What time alone changes. Once a second. */
void ol_alarms_tick(struct ol_alarms *t, struct ol_now now);

/* The next alarm that has changed since it was last told; false: none has. *fresh: it is announced. Its `noted` is how it
 * was told last: whoever keeps acknowledgements notes what differs. */
bool ol_alarm_next(struct ol_alarms *t, struct ol_alarm *out, bool *fresh);
/* The listed alarm with this id; NULL. */
const struct ol_alarm *ol_alarm_find(const struct ol_alarms *t, uint32_t id);

#endif
