/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run.h"

#include <stdlib.h>
#include <string.h>

#include "sim/disk.h"

#define EVENTS_MOST 500000u /* of phase one: a flood over hours of a slow line shows no more */

/* ---- People ---- */

static enum ol_precedence draw_precedence(struct sim_rng *r)
{
    uint64_t draw = sim_rng_below(r, 100);

    return draw < 55 ? OL_ROUTINE : draw < 75 ? OL_PRIORITY : draw < 88 ? OL_IMMEDIATE : OL_FLASH;
}

static uint64_t slowest_rate(const struct sim *s)
{
    uint64_t rate = s->net.path[0].rate;

    for (unsigned i = 1; i < s->net.paths; i++)
        rate = s->net.path[i].rate < rate ? s->net.path[i].rate : rate;
    return rate;
}

/* What a person writes in a minute, seldom a document; no longer than the slowest path carries in a minute. */
static size_t draw_length(struct sim *s, enum ol_precedence precedence)
{
    uint64_t draw = sim_rng_below(&s->people, 100);
    size_t most = precedence >= OL_IMMEDIATE ? 200 : draw < 85 ? 200 : draw < 97 ? 2000 : OL_TEXT_MAX;
    uint64_t rate = slowest_rate(s);

    if (most > 60 * rate / 8)
        most = 60 * rate / 8;
    return (size_t)sim_rng_between(&s->people, 1, most < 200 ? 200 : most);
}

static void on_write(void *ctx, uint64_t index)
{
    struct sim *s = ctx;
    struct sim_party *p = &s->party[index];
    enum ol_precedence precedence = draw_precedence(&s->people);
    size_t length = draw_length(s, precedence);
    bool exercise = sim_rng_below(&s->people, 10) == 0;

    if (s->calm)
        return;
    for (uint64_t n = sim_rng_below(&s->people, 12) == 0 ? sim_rng_between(&s->people, 2, 12) : 1; n > 0; n--)
        (void)sim_people_say(p, precedence, length, exercise);
    sim_world_in(&s->world, sim_rng_between(&s->people, s->every / 4, s->every * 7 / 4), on_write, s, index);
}

static void on_act(void *ctx, uint64_t index)
{
    struct sim *s = ctx;

    if (s->calm)
        return;
    if (sim_rng_below(&s->people, 4) == 0)
        sim_people_off_record(&s->party[index], &s->people);
    else
        (void)sim_people_act(&s->party[index], &s->people);
    sim_world_in(&s->world, sim_rng_between(&s->people, s->every / 4, s->every), on_act, s, index);
}

/* ---- The plan ---- */

/* So seldom that a slow line can carry it: a message with its receipt is some 400 bytes. */
static void draw_pace(struct sim *s, struct sim_rng *r)
{
    static const sim_us paces[] = {SIM_SECOND / 2, 2 * SIM_SECOND, 5 * SIM_SECOND, 20 * SIM_SECOND, 60 * SIM_SECOND};
    static const ol_ms intervals[] = {5000, 10000, 20000, 60000};
    sim_us slowest = 0;

    for (unsigned i = 0; i < s->net.paths; i++) {
        sim_us one = sim_net_air_time(&s->net.path[i], 400);

        slowest = one > slowest ? one : slowest;
    }
    s->every = paces[sim_rng_below(r, 5)];
    if (s->every < 6 * slowest)
        s->every = 6 * slowest;
    s->span = s->every * sim_rng_between(r, 10, 50);
    s->liveness_ms = intervals[sim_rng_below(r, 4)];
    if (s->liveness_ms < 4 * sim_net_round_trip(&s->net) / SIM_MS)
        s->liveness_ms = 4 * sim_net_round_trip(&s->net) / SIM_MS;
    s->every = s->order.every != 0 ? s->order.every : s->every;
    s->span = s->order.span != 0 ? s->order.span : s->span;
}

static void draw_faults(struct sim *s, struct sim_rng *r)
{
    s->faults = sim_fault_count();
    for (size_t i = 0; i < s->faults; i++) {
        struct sim_active *f = &s->fault[i];
        uint64_t draw = sim_rng_below(r, 100);

        *f = (struct sim_active){.fault = sim_fault_at(i), .sim = s, .hard = (unsigned)sim_rng_between(r, 1, 4)};
        sim_rng_init(&f->rng, s->world.seed, f->fault->name);
        f->on = s->order.may[i] && f->fault->sort == SIM_FAULT && (s->order.all || draw < f->fault->percent);
    }
}

/* The n-th of this sort, counted round; -1: there is none. */
static int nth_of(const struct sim *s, enum sim_sort sort, uint64_t n)
{
    int found = -1;
    uint64_t all = 0;

    for (size_t i = 0; i < s->faults; i++)
        all += s->fault[i].fault->sort == sort;
    n = all == 0 ? 0 : n % all;
    for (size_t i = 0; i < s->faults && found < 0; i++)
        if (s->fault[i].fault->sort == sort && n-- == 0)
            found = (int)i;
    return found;
}

/* Which lie or scenario a seed plays, if any: each comes round, so that few seeds play all. */
static int draw_case(const struct sim *s)
{
    uint64_t seed = s->world.seed;
    int i = s->order.scenario;

    if (i >= 0 || s->order.all)
        return i;
    if (seed % 8 == 3)
        i = nth_of(s, SIM_SCENARIO, seed / 8);
    else if (seed % 4 == 1)
        i = nth_of(s, SIM_LIE, seed / 4);
    return i >= 0 && s->order.may[i] ? i : -1;
}

/* Beside a hard case nothing else is on, beside a story what is gentle, beside a lie what needs no honest peer. */
static void set_case(struct sim *s, int at)
{
    const struct sim_fault *played = at >= 0 ? s->fault[at].fault : NULL;

    if (played == NULL)
        return;
    for (size_t i = 0; i < s->faults; i++) {
        const struct sim_fault *other = s->fault[i].fault;
        bool beside = played->sort == SIM_LIE ? !other->needs_honest : played->gentle && other->gentle;

        s->fault[i].on = (int)i == at || (s->fault[i].on && beside);
    }
    if (played->sort == SIM_SCENARIO)
        s->every = 0;
    if (played->prepare != NULL)
        played->prepare(s);
}

/* Behind what is drawn, which is off. */
static void set_day(struct sim *s)
{
    struct sim_active *f = &s->fault[s->faults++];

    for (size_t i = 0; i + 1 < s->faults; i++)
        s->fault[i].on = false;
    *f = (struct sim_active){.fault = s->order.day, .sim = s, .on = true};
    sim_rng_init(&f->rng, s->world.seed, f->fault->name);
    s->every = 0;
    f->fault->prepare(s);
}

static void plan(struct sim *s)
{
    struct sim_rng r;

    sim_rng_init(&r, s->world.seed, "plan");
    sim_rng_init(&s->people, s->world.seed, "people");
    sim_net_init(&s->net, s);
    draw_pace(s, &r);
    sim_party_pair(s);
    draw_faults(s, &r);
    if (s->order.day == NULL)
        set_case(s, draw_case(s));
    else
        set_day(s);
}

/* A lost session is noticed and made anew, whatever its timers have grown to, and a station that lost its disk has
 * asked for what it lacks: ten minutes and a hundred round trips. Then what is owed goes over the slowest path, with
 * what stands around it, four times. */
static sim_us bound_of(const struct sim *s)
{
    uint64_t owed = 0;

    for (unsigned i = 0; i < SIM_PARTIES; i++)
        for (size_t n = 0; n < s->party[i].text_n; n++)
            owed += s->party[i].text[n].delivered ? 0 : s->party[i].text[n].len + 400;
    return 10 * SIM_MINUTE + 100 * sim_net_round_trip(&s->net) + 4 * owed * 8 * SIM_SECOND / slowest_rate(s);
}

/* ---- The play ---- */

static void begin(struct sim *s)
{
    for (unsigned i = 0; i < 2; i++) {
        (void)sim_party_start(&s->party[i]);
        if (s->every == 0)
            continue;
        sim_world_in(&s->world, sim_rng_below(&s->people, s->every), on_write, s, i);
        sim_world_in(&s->world, sim_rng_below(&s->people, s->every), on_act, s, i);
    }
    for (size_t i = 0; i < s->faults; i++)
        if (s->fault[i].on && s->fault[i].fault->begin != NULL) {
            sim_world_say(&s->world, "fault: %s", s->fault[i].fault->name);
            s->fault[i].fault->begin(&s->fault[i]);
        }
}

static void calm_down(struct sim *s)
{
    s->calm = true;
    s->calm_at = s->world.now;
    s->bound = bound_of(s);
    sim_world_say(&s->world, "the faults stop");
    for (size_t i = 0; i < s->faults; i++)
        if (s->fault[i].on && s->fault[i].fault->end != NULL)
            s->fault[i].fault->end(&s->fault[i]);
    sim_net_calm(&s->net);
    for (unsigned i = 0; i < SIM_PARTIES; i++)
        if (s->party[i].exists && !s->party[i].running && !s->party[i].retired)
            (void)sim_party_start(&s->party[i]);
}

static void play(struct sim *s)
{
    sim_us end;

    begin(s);
    while (!s->check.failed && s->world.happened < s->events_most && sim_world_step(&s->world, s->span))
        continue; /* a scenario ends it before its time */
    if (s->check.failed)
        return;
    calm_down(s);
    /* What the faults have left on the way comes out of it first. */
    while (!s->check.failed && sim_net_has_from_before(&s->net, s->calm_at) && s->world.happened < 2 * s->events_most)
        (void)sim_world_step(&s->world, UINT64_MAX);
    end = s->world.now + s->bound;
    while (!s->check.failed && !sim_check_at_rest(s) && s->world.happened < 2 * s->events_most)
        if (!sim_world_step(&s->world, end))
            break;
    if (s->liar < 0)
        sim_check(s, SIM_CHECK_COMES_TO_REST, sim_check_at_rest(s), "not at rest %llu s after the faults stopped",
                  (unsigned long long)(s->bound / SIM_SECOND));
    if (!s->check.failed)
        sim_check_rest(s);
    for (size_t i = 0; i < s->faults && !s->check.failed; i++)
        if (s->fault[i].on && s->fault[i].fault->judge != NULL)
            s->fault[i].fault->judge(&s->fault[i]);
}

/* How the stations stand, for whoever reads the story of a failure. */
static void say_state(const struct sim *s)
{
    for (unsigned i = 0; i < SIM_PARTIES; i++) {
        const struct sim_party *p = &s->party[i];
        const struct ol_line *l = p->line;

        if (l == NULL)
            continue;
        sim_world_say(&s->world,
                      "%s: signing %d, own %u of %u durable, named %u, held %u, owed %u, tail %u, last receipt %u; "
                      "peer's head %u, %zu early; session %d, batch %s, %zu boxed",
                      p->name, (int)l->signing, l->own_durable, l->record.stream[p->side - 'A'].head, l->named, l->held,
                      l->owed_seq, l->tail, l->receipt_seq, l->peer_durable.seq,
                      l->record.stream[p->side == 'A'].early_n, l->cur.live ? l->cur.id : -1,
                      p->batch != NULL ? "with the disk" : "none", p->outbox_n);
    }
}

static void tell(const struct sim *s, struct sim_result *out)
{
    const struct sim_check *c = &s->check;

    out->failed = c->failed;
    out->what = c->what;
    out->hash = s->world.hash;
    out->lived = s->world.now;
    out->messages = c->messages;
    out->lost = c->lost;
    out->duplicated = c->duplicated;
    for (size_t i = 0; i < s->faults; i++) {
        out->played[i] = s->fault[i].played;
        out->on[i] = s->fault[i].on;
    }
    memcpy(out->checked, c->made, sizeof out->checked);
    if (c->failed)
        snprintf(out->why, sizeof out->why, "%s: %s", sim_check_name(c->what), c->why);
}

void sim_run(const struct sim_order *order, struct sim_result *out)
{
    struct sim *s = sim_must(calloc(1, sizeof *s));

    *out = (struct sim_result){0};
    s->order = *order;
    s->liar = -1;
    s->look = SIM_SECOND;
    s->events_most = EVENTS_MOST;
    sim_world_init(&s->world, order->seed, order->story);
    sim_disk_begin(order->seed);
    sim_check_init(&s->check, s);
    plan(s);
    play(s);
    if (s->check.failed)
        say_state(s);
    tell(s, out);
    for (size_t i = 0; i < s->faults; i++)
        free(s->fault[i].own);
    sim_net_fini(&s->net);
    for (unsigned i = 0; i < SIM_PARTIES; i++)
        sim_party_fini(&s->party[i]);
    free(s->off_record.heard);
    sim_check_fini(&s->check);
    sim_world_fini(&s->world);
    free(s);
}
