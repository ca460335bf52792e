/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run: a seed is drawn into a plan, played in two phases (faults; then none, until
 * everything owed has arrived or the bound is over), and judged.
 */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "sim/check.h"
#include "sim/fault.h"
#include "sim/net.h"
#include "sim/party.h"
#include "sim/world.h"

#define SIM_PARTIES 3u /* A, B, a copy of either */

/* What was said off the record, by number: whether it was heard. */
struct sim_off_record {
    bool *heard;
    size_t n;
};

/* What the command line asks of a run. */
struct sim_order {
    uint64_t seed;
    bool may[SIM_FAULTS_MAX]; /* which may be on, should the seed draw them */
    bool all;          /* every fault that may be on is on */
    int scenario;      /* this one and nothing else; -1: as drawn */
    const struct sim_fault *day; /* one of sim_days, and nothing that is drawn; NULL: none */
    FILE *report;      /* of such a day; NULL: nobody reads it */
    sim_us span;       /* length of phase one; 0: drawn */
    sim_us every;      /* each side writes a message so often; 0: drawn */
    FILE *story;
};

struct sim {
    struct sim_order order;
    struct sim_world world;
    struct sim_net net;
    struct sim_party party[SIM_PARTIES];
    struct sim_check check;
    struct sim_active fault[SIM_FAULTS_MAX]; /* by place in the table */
    size_t faults;
    struct sim_rng people;
    sim_us span;       /* of phase one */
    sim_us every;      /* mean time between two messages of one side; 0: people write nothing by themselves */
    bool calm;         /* phase two */
    bool unwatched;    /* nobody is called for what is not taken, which would write and so receipt everything */
    sim_us calm_at;
    sim_us bound;      /* of phase two: everything owed arrives within it */
    int liar;          /* index of the party that lies; -1: both are honest. Its p->lies is set too */
    ol_ms liveness_ms;
    uint64_t events_most; /* of phase one */
    sim_us look;       /* how often the desks look at their lines */
    bool operator_resumed; /* somebody took responsibility for a resume */
    uint64_t said;     /* texts so far: each is unique */
    struct sim_off_record off_record;
};

struct sim_result {
    bool failed;
    enum sim_check_id what; /* failed first */
    uint64_t hash;
    sim_us lived;      /* virtual time */
    uint64_t messages;
    uint64_t lost;
    uint64_t duplicated;
    uint64_t played[SIM_FAULTS_MAX];
    uint64_t checked[SIM_CHECKS];
    bool on[SIM_FAULTS_MAX];
    char why[640];
};

/* Draws the plan, plays it, judges it. */
void sim_run(const struct sim_order *order, struct sim_result *out);

/* The other honest station of the line, or the one there is at the other end. */
static inline struct sim_party *sim_peer(const struct sim_party *p)
{
    return &p->sim->party[p->side == 'A' ? 1 : 0];
}

#endif
