/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A desk in the simulator: the folds and looks of the daemon (desk/, station/condition.h) over a station's record, in
 * the virtual clock, and what its table of alarms has told.
 */
#ifndef SIM_DESK_H
#define SIM_DESK_H

#include "desk/agree.h"
#include "desk/linetest.h"
#include "desk/presence.h"
#include "desk/watch.h"
#include "sim/world.h"
#include "store/store.h"

struct sim_party;

/* A message to be looked at again, at UTC seconds. */
struct sim_reminder {
    uint32_t utc;
    uint32_t seq;
    uint8_t author;
};

/* What people here heard of one kind of alarm. */
struct sim_rung {
    unsigned times;
    sim_us first;
    sim_us last;
    sim_us cleared; /* when one was rectified last */
};

#define SIM_TESTS 64u /* of a side that are remembered */
#define SIM_TOLD 64u /* announcements that are remembered: more than an hour may have */

struct sim_desk {
    struct ol_desk side[2];
    ol_ms seen; /* when our officer last said that he is there */
    bool told;  /* that nobody is, is written and not durable yet */
    struct ol_alarms alarms;
    struct ol_watch watch;
    struct sim_reminder *again;
    size_t again_n;
    size_t again_cap;
    uint32_t next; /* the first of them */
    struct {
        bool agreed; /* a schedule was proposed */
        bool known;  /* nothing has come since `now` was told */
        struct ol_linetest_mark mark[2][SIM_TESTS];
        struct ol_linetests log;
        struct ol_tests now; /* without the schedules of its slots */
    } tests;
    struct sim_rung rung[OL_ALARM_KINDS];
    sim_us heard[SIM_TOLD]; /* a ring */
    unsigned heard_n;
    unsigned hour_most; /* announcements in the worst hour */
};

/* The process begins: before the first row is loaded, each of them, and when all are. */
void sim_desk_begin(struct sim_party *p);
void sim_desk_load(struct sim_party *p, const struct ol_row *row);
void sim_desk_loaded(struct sim_party *p);
void sim_desk_fini(struct sim_party *p);
/* A row has become durable, and is shown. */
void sim_desk_row(struct sim_party *p, const struct ol_row *row);
/* Looks at what the line tells of itself. */
void sim_desk_look(struct sim_party *p);

/* How the tests of the line by people stand, at its last look. */
const struct ol_tests *sim_desk_tests(const struct sim_party *p);

/* Every alarm that is listed is acknowledged. */
void sim_desk_acknowledge(struct sim_party *p);

/* ---- What both sides agreed, folded from a record ---- */

struct sim_agreed; /* a fold, with the rows that it needs */
/* NULL when the record cannot be read. Free it. */
struct sim_agreed *sim_agreed_of(struct ol_store *store, int64_t line);
const struct ol_agree *sim_agreed_fold(const struct sim_agreed *a);
void sim_agreed_free(struct sim_agreed *a);

#endif
