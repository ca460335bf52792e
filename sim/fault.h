/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of everything that can go wrong: faults of the world, lies of a party, and
 * scenarios (hard cases played in a fixed order). Each seed draws which are on, and how hard.
 *
 * A fault's draws come from its own stream alone (f->rng), so that switching another off
 * changes none of them.
 */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include "sim/world.h"

struct sim;
struct sim_active;

enum sim_sort {
    SIM_FAULT,    /* the world's: both parties are honest, all checks hold */
    SIM_LIE,      /* one party lies (sim->liar): the checks hold for the honest side, and `judge` says what follows */
    SIM_SCENARIO, /* a hard case among honest parties; seeds draw it as they draw a fault, with no other fault on */
};

/* What a lie comes to. */
enum sim_follows {
    SIM_NOT_A_LIE,
    SIM_IMPOSSIBLE, /* nothing changes at the honest side */
    SIM_EVIDENCE,   /* the honest side holds evidence that names the liar */
    SIM_ALARM,      /* the honest side raises an alarm in time */
};

struct sim_fault {
    const char *name;      /* hyphenated words; NULL ends a table */
    const char *says;      /* for --list */
    enum sim_sort sort;
    enum sim_follows follows;
    unsigned percent;      /* of the seeds that have it on; lies and scenarios come round instead, see draw_case */
    /* Phase one begins: sets troubles, plans events. */
    void (*begin)(struct sim_active *f);
    /* Phase two begins: what does not end by itself is undone. NULL: nothing is left over. */
    void (*end)(struct sim_active *f);
    /* The run is at rest: what must be true now, given f->played. NULL: the common checks say it all. */
    void (*judge)(struct sim_active *f);
    /* Before the stations start, of a scenario that needs a line of its own. NULL: as drawn. */
    void (*prepare)(struct sim *s);
    bool gentle;       /* a story goes on beside it; of a scenario: it is one, and such faults stay on */
    bool needs_honest; /* takes a disk back in time, which is safe with an honest peer alone: off beside a lie */
};

/* A fault in a run. */
struct sim_active {
    const struct sim_fault *fault;
    struct sim *sim;
    bool on;
    struct sim_rng rng;
    unsigned hard;     /* 1 to 4: how hard */
    uint64_t played;   /* how often it really happened: sim_played counts */
    void (*once)(struct sim_active *f);
    void (*often)(struct sim_active *f);
    sim_us mean;
    uint64_t number[4]; /* for the fault's own use */
    void *own;          /* the same; freed with free() when the run is over */
};

#define SIM_FAULTS_MAX 128u

/* Each file's part of the table, ended by a NULL name. */
extern const struct sim_fault sim_net_faults[];   /* fault_net.c */
extern const struct sim_fault sim_party_faults[]; /* fault_party.c */
extern const struct sim_fault sim_disk_faults[];  /* fault_disk.c */
extern const struct sim_fault sim_lies[];         /* liar.c */
extern const struct sim_fault sim_scenarios[];    /* scenario.c */
extern const struct sim_fault sim_stories[];      /* story.c; scenarios too */
/* days.c: played alone, by --month and --bad-day; not in --list. */
extern const struct sim_fault sim_month;
extern const struct sim_fault sim_bad_day;

/* All of them, in the order of --list. */
size_t sim_fault_count(void);
const struct sim_fault *sim_fault_at(size_t i); /* NULL beyond the last */
int sim_fault_find(const char *name, size_t len); /* -1: no such name */

/* It really happened, once more. */
void sim_played(struct sim_active *f);
/* Calls fn at random moments of phase one, `mean` apart on average, the first within that. One such fn a fault. */
void sim_fault_often(struct sim_active *f, sim_us mean, void (*fn)(struct sim_active *f));
/* Calls fn after a while, or at a random moment of phase one; not when phase two has begun. One call at a time a fault
 * (fn may order the next). */
void sim_fault_after(struct sim_active *f, sim_us delay, void (*fn)(struct sim_active *f));
void sim_fault_once(struct sim_active *f, void (*fn)(struct sim_active *f));

#endif
