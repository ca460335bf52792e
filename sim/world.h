/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world of one run: a virtual clock, what is to happen in it, randomness out of one
 * seed, and a hash over everything that happened. Nothing here knows of stations.
 *
 * The same seed must give the same hash with every compiler: no pointer, no float, no
 * uninitialised byte and no order of equal keys may reach a decision or the hash.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t sim_us; /* microseconds since the world began */
#define SIM_MS ((sim_us)1000)
#define SIM_SECOND ((sim_us)1000000)
#define SIM_MINUTE (60 * SIM_SECOND)
#define SIM_NEVER UINT64_MAX

/* One sub-stream of the seed's randomness. Each concern has its own, so that a fault that is switched off
 * changes no draw of another. */
struct sim_rng {
    uint64_t state;
};

void sim_rng_init(struct sim_rng *r, uint64_t seed, const char *concern);
uint64_t sim_rng_next(struct sim_rng *r);
/* 0 to below n; n is not 0. */
uint64_t sim_rng_below(struct sim_rng *r, uint64_t n);
/* Both ends included. */
uint64_t sim_rng_between(struct sim_rng *r, uint64_t low, uint64_t high);
bool sim_rng_chance(struct sim_rng *r, unsigned per_million);
/* ctx is a struct sim_rng: fits struct ol_random. */
void sim_rng_fill(void *ctx, void *out, size_t len);

typedef void sim_event_fn(void *ctx, uint64_t arg);

struct sim_event {
    sim_us at;
    uint64_t order; /* of insertion: equal times keep it */
    sim_event_fn *fn;
    void *ctx;
    uint64_t arg;
};

struct sim_world {
    uint64_t seed;
    sim_us now;
    struct sim_event *heap;
    size_t heap_n;
    size_t heap_cap;
    uint64_t ordered;
    uint64_t happened; /* events so far */
    uint64_t hash;
    FILE *story; /* NULL: nobody reads it */
};

void sim_world_init(struct sim_world *w, uint64_t seed, FILE *story);
void sim_world_fini(struct sim_world *w);
/* An event cannot be withdrawn: whoever may not want it any more gives an arg that tells (a count of its lives). A time
 * that has passed is now. */
void sim_world_at(struct sim_world *w, sim_us at, sim_event_fn *fn, void *ctx, uint64_t arg);
void sim_world_in(struct sim_world *w, sim_us delay, sim_event_fn *fn, void *ctx, uint64_t arg);
/* Lets the next event happen, if there is one at or before `until`; else the clock goes to `until`. False then. */
bool sim_world_step(struct sim_world *w, sim_us until);

/* What memory was asked for; without any the run ends. */
void *sim_must(void *p);

/* What happened goes into the hash: a tag, a number, bytes. */
void sim_world_trace(struct sim_world *w, char tag, uint64_t number, const void *bytes, size_t len);
/* A line of the story, with the time before it. */
__attribute__((format(printf, 2, 3))) void sim_world_say(const struct sim_world *w, const char *format, ...);

#endif
