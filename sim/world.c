/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- Randomness: SplitMix64, one stream a concern ---- */

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void sim_rng_init(struct sim_rng *r, uint64_t seed, const char *concern)
{
    r->state = mix(seed + 0x9e3779b97f4a7c15u);
    for (const char *c = concern; *c != '\0'; c++)
        r->state = mix(r->state ^ (uint8_t)*c);
}

uint64_t sim_rng_next(struct sim_rng *r)
{
    r->state += 0x9e3779b97f4a7c15u;
    return mix(r->state);
}

/* The modulo favours the low numbers by less than one in 2^32 of what is drawn here. */
uint64_t sim_rng_below(struct sim_rng *r, uint64_t n)
{
    return sim_rng_next(r) % n;
}

uint64_t sim_rng_between(struct sim_rng *r, uint64_t low, uint64_t high)
{
    return low + sim_rng_below(r, high - low + 1);
}

bool sim_rng_chance(struct sim_rng *r, unsigned per_million)
{
    return sim_rng_below(r, 1000000) < per_million;
}

void sim_rng_fill(void *ctx, void *out, size_t len)
{
    uint8_t *b = out;

    for (size_t i = 0; i < len; i++)
        b[i] = (uint8_t)(sim_rng_next(ctx) >> 56);
}

void *sim_must(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

/* ---- Events: a heap by time, then by order of insertion ---- */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void sift_up(struct sim_event *heap, size_t i)
{
    struct sim_event e = heap[i];

    for (; i > 0 && before(&e, &heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = e;
}

static void sift_down(struct sim_event *heap, size_t n)
{
    struct sim_event e = heap[0];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(&heap[child + 1], &heap[child]))
            child++;
        if (!before(&heap[child], &e))
            break;
        heap[i] = heap[child];
    }
    heap[i] = e;
}

void sim_world_init(struct sim_world *w, uint64_t seed, FILE *story)
{
    *w = (struct sim_world){.seed = seed, .hash = mix(seed), .story = story};
}

void sim_world_fini(struct sim_world *w)
{
    free(w->heap);
    w->heap = NULL;
}

void sim_world_at(struct sim_world *w, sim_us at, sim_event_fn *fn, void *ctx, uint64_t arg)
{
    if (w->heap_n == w->heap_cap) {
        size_t cap = w->heap_cap == 0 ? 256 : 2 * w->heap_cap;

        w->heap = sim_must(realloc(w->heap, cap * sizeof *w->heap));
        w->heap_cap = cap;
    }
    w->heap[w->heap_n] = (struct sim_event){
        .at = at > w->now ? at : w->now, .order = w->ordered++, .fn = fn, .ctx = ctx, .arg = arg};
    sift_up(w->heap, w->heap_n++);
}

void sim_world_in(struct sim_world *w, sim_us delay, sim_event_fn *fn, void *ctx, uint64_t arg)
{
    sim_world_at(w, w->now + delay, fn, ctx, arg);
}

bool sim_world_step(struct sim_world *w, sim_us until)
{
    struct sim_event e;

    if (w->heap_n == 0 || w->heap[0].at > until) {
        w->now = until > w->now ? until : w->now;
        return false;
    }
    e = w->heap[0];
    w->heap[0] = w->heap[--w->heap_n];
    if (w->heap_n > 0)
        sift_down(w->heap, w->heap_n);
    w->now = e.at;
    w->happened++;
    e.fn(e.ctx, e.arg);
    return true;
}

/* ---- The hash of all that happened ---- */

static uint64_t word(const uint8_t *p, size_t len)
{
    uint64_t v = 0;

    for (size_t i = 0; i < len; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

static void take(struct sim_world *w, uint64_t v)
{
    w->hash = (w->hash ^ v) * 0x9fb21c651e98df25u;
    w->hash ^= w->hash >> 32;
}

void sim_world_trace(struct sim_world *w, char tag, uint64_t number, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;

    take(w, (uint64_t)(uint8_t)tag << 56 ^ w->now);
    take(w, number);
    take(w, len);
    for (; len >= 8; len -= 8, p += 8)
        take(w, word(p, 8));
    if (len > 0)
        take(w, word(p, len));
}

void sim_world_say(const struct sim_world *w, const char *format, ...)
{
    va_list args;

    if (w->story == NULL)
        return;
    fprintf(w->story, "%4" PRIu64 ":%02" PRIu64 ".%03" PRIu64 "  ", w->now / SIM_MINUTE, w->now / SIM_SECOND % 60,
            w->now / SIM_MS % 1000);
    va_start(args, format);
    vfprintf(w->story, format, args);
    va_end(args);
    fputc('\n', w->story);
}
