/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two plays about alarms alone: a month in which nothing is out of the ordinary, after which it is counted how often a
 * desk was called in an hour; and a day on which everything goes wrong, in which it is measured how soon each alarm is
 * raised.
 */
#include <stdlib.h>

#include "sim/scenario.h"

#define HOUR (60 * SIM_MINUTE)
#define DAY (24 * HOUR)

static void set_path(struct sim_path *p, uint64_t rate, sim_us delay, uint16_t mtu)
{
    *p = (struct sim_path){.datagrams = true, .rate = rate, .delay = delay, .mtu = mtu, .window = 2};
}

/* A cable, a satellite, a radio. */
static void set_paths(struct sim *s)
{
    s->net.paths = 3;
    set_path(&s->net.path[0], 100000000, 40 * SIM_MS, OL_FRAME_UDP);
    set_path(&s->net.path[1], 64000, 600 * SIM_MS, OL_FRAME_UDP);
    set_path(&s->net.path[2], 1200, 300 * SIM_MS, 300);
}

/* ---- The month: its people ---- */

#define TURN (10 * SIM_SECOND) /* how often an officer looks up */
#define ALARMS_AN_HOUR 6u
#define MESSAGES_A_DAY 15u     /* from each side */
#define WORK_S (12u * 3600)    /* seconds of a working day: 0600 to 1800 */
#define WORK_FROM (6u * 3600)

struct errand {
    struct ol_ref message;
    uint8_t precedence;
    sim_us at;
    bool taken; /* then it is to be answered */
};

struct officer {
    struct sim_party *p;
    struct sim_rng rng;
    bool here;
    uint32_t early;   /* seconds before the hours at which this one comes today */
    ol_ms check_in;   /* how long after the last watch check this one answers */
    size_t seen;      /* of the views */
    struct errand *errand;
    size_t errands;
    uint64_t written;
};

struct month {
    struct sim_active *f;
    struct officer officer[2];
};

static uint32_t second_of_day(const struct officer *o)
{
    return sim_party_now(o->p).utc % 86400;
}

static bool is_working_day(const struct officer *o)
{
    return (sim_party_now(o->p).utc / 86400 + 3) % 7 < 5; /* 0: Monday */
}

static void come_and_go(struct officer *o)
{
    uint32_t second = second_of_day(o);
    bool wanted = is_working_day(o) && second + o->early >= WORK_FROM && second < WORK_FROM + WORK_S;

    if (wanted == o->here)
        return;
    o->here = sim_people_attend(o->p, wanted ? OL_DESK_ATTENDED : OL_DESK_LEFT) ? wanted : o->here;
    o->early = (uint32_t)sim_rng_below(&o->rng, 600);
}

/* Nearly always in time. */
static void answer_check(struct officer *o)
{
    ol_ms now = sim_party_now(o->p).ms;

    if (!o->here || now - o->p->desk.seen < o->check_in)
        return;
    o->p->desk.seen = now;
    o->check_in = 1000 * (sim_rng_below(&o->rng, 200) == 0 ? 760 : sim_rng_between(&o->rng, 420, 700));
}

/* In the hours; at night what cannot wait. */
static void write_now_and_then(struct officer *o)
{
    uint64_t draw = sim_rng_below(&o->rng, 100);
    enum ol_precedence precedence = draw < 70   ? OL_ROUTINE
                                    : draw < 90 ? OL_PRIORITY
                                    : draw < 99 ? OL_IMMEDIATE
                                                : OL_FLASH;

    if (sim_rng_below(&o->rng, WORK_S) >= MESSAGES_A_DAY * (TURN / SIM_SECOND) * 7 / 5)
        return;
    if (!o->here && (precedence < OL_IMMEDIATE || sim_rng_below(&o->rng, 5) != 0))
        return;
    o->written += sim_people_mean(o->p, (uint8_t)(precedence << 6), sim_rng_between(&o->rng, 40, 600),
                                  (struct ol_message){.answer = OL_CLASS_R});
}

/* Seconds until somebody takes it: in the hours one in fifty is too late. */
static sim_us taking_time(struct officer *o, enum ol_precedence precedence)
{
    uint64_t most = ol_alarm_take_s(precedence) * 3 / 4;

    if (sim_rng_below(&o->rng, 50) == 0)
        most = ol_alarm_take_s(precedence) * 3 / 2;
    return sim_rng_between(&o->rng, most / 10, most) * SIM_SECOND;
}

static void see_what_came(struct officer *o)
{
    for (; o->seen < o->p->view_n; o->seen++) {
        const struct sim_view *v = &o->p->view[o->seen];
        struct ol_row row;

        if (v->author == o->p->side || ol_store_row(o->p->store, o->p->info.number, v->author, v->seq, &row))
            continue;
        o->errand = sim_must(realloc(o->errand, (o->errands + 1) * sizeof *o->errand));
        o->errand[o->errands++] = (struct errand){
            .message = {v->author, v->seq},
            .precedence = (uint8_t)ol_flags_precedence(row.h.flags),
            .at = o->p->sim->world.now + taking_time(o, ol_flags_precedence(row.h.flags)),
        };
    }
}

/* Whoever is called at night takes what cannot wait. */
static void do_errands(struct officer *o)
{
    for (size_t i = o->errands; i-- > 0;) {
        struct errand *e = &o->errand[i];
        const struct ol_act act = {.kind = e->taken ? OL_KIND_REPLY : OL_KIND_TAKE,
                                   .what = e->taken ? (uint8_t)OL_ROGER : 0};

        if (e->at > o->p->sim->world.now || (!o->here && e->precedence < OL_IMMEDIATE) ||
            !sim_people_do(o->p, e->precedence, e->message.seq, act))
            continue;
        e->at = o->p->sim->world.now + sim_rng_between(&o->rng, 30, 600) * SIM_SECOND;
        if (e->taken)
            *e = o->errand[--o->errands];
        else
            e->taken = true;
    }
}

static void on_turn(void *ctx, uint64_t index)
{
    struct month *m = ctx;
    struct officer *o = &m->officer[index];

    if (m->f->sim->calm)
        return;
    come_and_go(o);
    answer_check(o);
    write_now_and_then(o);
    see_what_came(o);
    do_errands(o);
    if (sim_rng_below(&o->rng, 6) == 0)
        sim_desk_acknowledge(o->p);
    sim_world_in(&m->f->sim->world, TURN, on_turn, m, index);
}

/* ---- The month: its paths ---- */

static const struct weather {
    uint8_t path;
    sim_us every; /* on average */
    sim_us least;
    sim_us most;
} weather[] = {
    {0, 12 * HOUR, 5 * SIM_SECOND, 90 * SIM_SECOND}, /* a router starts */
    {0, 10 * DAY, 30 * SIM_MINUTE, 3 * HOUR},        /* a plough */
    {1, 6 * HOUR, 20 * SIM_SECOND, 4 * SIM_MINUTE},  /* a cloud */
    {1, 5 * DAY, 10 * SIM_MINUTE, HOUR},             /* rain */
    {2, DAY, 20 * SIM_MINUTE, 90 * SIM_MINUTE},      /* the ionosphere at night */
};
#define WEATHERS (sizeof weather / sizeof weather[0])

static void on_weather(void *ctx, uint64_t arg);

static void on_join(void *ctx, uint64_t which)
{
    struct sim_active *f = ctx;

    sim_net_cut(&f->sim->net, weather[which].path, false);
    sim_world_in(&f->sim->world, sim_rng_between(&f->rng, weather[which].every / 4, weather[which].every * 7 / 4),
                 on_weather, f, which);
}

static void on_weather(void *ctx, uint64_t which)
{
    struct sim_active *f = ctx;
    const struct weather *w = &weather[which];

    if (f->sim->calm)
        return;
    sim_net_cut(&f->sim->net, w->path, true);
    sim_played(f);
    sim_world_in(&f->sim->world, sim_rng_between(&f->rng, w->least, w->most), on_join, f, which);
}

static void prepare_month(struct sim *s)
{
    set_paths(s);
    s->span = 30 * DAY;
    s->liveness_ms = 60 * 1000;
    s->look = 10 * SIM_SECOND;
    s->events_most = UINT64_MAX / 2;
}

static void begin_month(struct sim_active *f)
{
    const struct ol_hours hours = {.kind = OL_HOURS_WEEKLY, .days = 0x1f, .from = WORK_FROM / 60,
                                   .to = (WORK_FROM + WORK_S) / 60};
    struct month *m = sim_must(calloc(1, sizeof *m));

    f->own = m;
    m->f = f;
    for (unsigned i = 0; i < 2; i++) {
        struct officer *o = &m->officer[i];

        *o = (struct officer){.p = &f->sim->party[i], .check_in = 600 * 1000};
        sim_rng_init(&o->rng, f->sim->world.seed + i, "officer");
        (void)sim_people_announce(o->p, &hours);
        sim_world_in(&f->sim->world, TURN + i * SIM_SECOND, on_turn, m, i);
    }
    for (uint64_t i = 0; i < WEATHERS; i++)
        sim_world_in(&f->sim->world, sim_rng_below(&f->rng, weather[i].every), on_weather, f, i);
}

static void report_month(const struct officer *o, FILE *to)
{
    const struct sim_desk *d = &o->p->desk;

    fprintf(to, "desk of %s: %llu messages written, %u alarms, at most %u in an hour\n", o->p->name,
            (unsigned long long)o->written, d->heard_n, d->hour_most);
    for (enum ol_alarm_kind k = 0; k < OL_ALARM_KINDS; k++)
        if (d->rung[k].times > 0)
            fprintf(to, "  %-20s %u\n", ol_alarm_meaning(k)->name, d->rung[k].times);
}

static void judge_month(struct sim_active *f)
{
    const struct month *m = f->own;

    for (unsigned i = 0; i < 2; i++) {
        const struct officer *o = &m->officer[i];

        if (f->sim->order.report != NULL)
            report_month(o, f->sim->order.report);
        sim_check(f->sim, SIM_CHECK_HARD_CASE,
                  o->written > 300 && o->p->desk.heard_n > 0 && o->p->desk.hour_most <= ALARMS_AN_HOUR,
                  "%u alarms in an hour at the desk of %s", o->p->desk.hour_most, o->p->name);
        free(o->errand);
    }
}

const struct sim_fault sim_month = {
    .name = "normal-month", .says = "a month in which nothing is out of the ordinary", .sort = SIM_SCENARIO,
    .prepare = prepare_month, .begin = begin_month, .judge = judge_month,
};

/* ---- The bad day ---- */

#define BAD_LIVENESS_S 20u /* as a station begins with */
#define SETTLE (15 * SIM_MINUTE) /* after which nothing of one trial is left in the next */
#define OVERDUE 3u         /* times the stated time: then it does not come */
#define ARRIVES_S 3u       /* a frame, a commit, the next look */

struct bad_day {
    struct sim_active *f;
    struct sim_party *a;
    struct sim_party *b;
    size_t trial;
    sim_us begun;  /* of the trial; 0: the next has not begun */
    sim_us settled;
    uint32_t number;
};

typedef void deed(struct bad_day *d);

static void cut_paths(struct bad_day *d, uint8_t from, uint8_t to)
{
    for (uint8_t i = from; i < to; i++)
        sim_net_cut(&d->f->sim->net, i, true);
}

static void join_paths(struct bad_day *d)
{
    for (uint8_t i = 0; i < d->f->sim->net.paths; i++)
        sim_net_cut(&d->f->sim->net, i, false);
}

/* Silently: no relay is told that its connection is gone. */
static void deaden_cable(struct bad_day *d, struct sim_active *by)
{
    for (unsigned way = 0; way < 2; way++)
        d->f->sim->net.path[0].way[way].trouble.dead = by;
}

static void cut_cable(struct bad_day *d)
{
    deaden_cable(d, d->f);
}

static void mend_cable(struct bad_day *d)
{
    deaden_cable(d, NULL);
}

static void cut_all_but_radio(struct bad_day *d)
{
    cut_paths(d, 0, 2);
}

static void cut_all(struct bad_day *d)
{
    cut_paths(d, 0, 3);
}

/* It starts while nobody can say what it had said before. */
static void start_alone(struct bad_day *d)
{
    cut_all(d);
    sim_party_kill(d->b, true);
    (void)sim_party_start(d->b);
    (void)sim_people_say(d->b, OL_ROUTINE, 40, false);
}

static void leave_desk(struct bad_day *d)
{
    (void)sim_people_attend(d->b, OL_DESK_LEFT);
}

static void attend_desk(struct bad_day *d)
{
    (void)sim_people_attend(d->b, OL_DESK_ATTENDED);
}

static void say_to_nobody(struct bad_day *d, enum ol_precedence precedence)
{
    d->number = d->a->line->own_durable + 1;
    (void)sim_people_mean(d->a, (uint8_t)(precedence << 6), 60, (struct ol_message){.answer = OL_CLASS_R});
}

static void say_flash(struct bad_day *d)
{
    say_to_nobody(d, OL_FLASH);
}

static void say_immediate(struct bad_day *d)
{
    say_to_nobody(d, OL_IMMEDIATE);
}

static void answer_it(struct bad_day *d)
{
    (void)sim_people_do(d->b, OL_FLASH, d->number, (struct ol_act){.kind = OL_KIND_TAKE});
}

static void say_many(struct bad_day *d)
{
    for (unsigned i = 0; i < OL_ALARM_FLOOD_MORE + 1; i++)
        (void)sim_people_mean(d->a, OL_FLASH << 6, 60, (struct ol_message){.answer = OL_CLASS_R});
}

static void answer_all(struct bad_day *d)
{
    for (size_t i = 0; i < d->b->view_n; i++)
        if (d->b->view[i].author == d->a->side && d->b->view[i].dialogue.state == OL_DELIVERED)
            (void)sim_people_do(d->b, OL_FLASH, d->b->view[i].seq, (struct ol_act){.kind = OL_KIND_TAKE});
}

static void promise(struct bad_day *d)
{
    const struct ol_act act = {.kind = OL_KIND_REPLY, .what = OL_STANDBY, .until = sim_party_now(d->b).utc + 600};

    (void)sim_people_do(d->b, OL_IMMEDIATE, d->number, act);
}

static void answer_at_last(struct bad_day *d)
{
    const struct ol_act act = {.kind = OL_KIND_REPLY, .what = OL_ROGER};

    (void)sim_people_do(d->b, OL_IMMEDIATE, d->number, act);
}

static void fill_disk(struct bad_day *d)
{
    d->b->may_end = true;
    sim_disk_fill(d->b->disk, 0);
    (void)sim_people_say(d->a, OL_ROUTINE, 2000, false);
}

static void make_room(struct bad_day *d)
{
    sim_disk_empty(d->b->disk);
    (void)sim_party_start(d->b);
}

static void set_clock_wrong(struct bad_day *d)
{
    d->b->clock.utc_s = 120;
}

static void set_clock_right(struct bad_day *d)
{
    d->b->clock.utc_s = 0;
}

/* The home is copied, and the copy started: what is said at both has one number. */
static void start_copy(struct bad_day *d)
{
    struct sim_party *copy = sim_party_copy(d->b);

    d->b->lies = copy->lies = true;
    d->f->sim->liar = d->b->index;
    copy->next_token += 1u << 20;
    (void)sim_party_start(copy);
    (void)sim_people_say(copy, OL_ROUTINE, 50, false);
    (void)sim_people_say(d->b, OL_ROUTINE, 60, false);
}

static void stop_copy(struct bad_day *d)
{
    struct sim_party *copy = &d->f->sim->party[SIM_PARTIES - 1];

    sim_party_kill(copy, true);
    copy->retired = true;
}

/* At whose desk, and how soon: 0 a, 1 b. */
static const struct trial {
    const char *says;
    deed *begin;
    deed *end;
    struct {
        uint32_t within_s; /* 0: no more */
        enum ol_alarm_kind kind;
        unsigned desk;
    } alarm[2];
} trials[] = {
    {"the cable is cut", cut_cable, mend_cable,
     {{6 * BAD_LIVENESS_S, OL_ALARM_PATH_DOWN, 0}, {6 * BAD_LIVENESS_S, OL_ALARM_PATH_DOWN, 1}}},
    {"the satellite too: radio alone", cut_all_but_radio, join_paths,
     {{6 * BAD_LIVENESS_S, OL_ALARM_PATH_DOWN, 0}, {6 * BAD_LIVENESS_S, OL_ALARM_PATH_DOWN, 1}}},
    {"and the radio", cut_all, join_paths,
     {{4 * BAD_LIVENESS_S, OL_ALARM_LINE_DOWN, 0}, {4 * BAD_LIVENESS_S, OL_ALARM_LINE_DOWN, 1}}},
    {"a station starts while it is cut off", start_alone, join_paths,
     {{9 * BAD_LIVENESS_S + ARRIVES_S, OL_ALARM_OUTBOX_WAITING, 1}}},
    {"a desk is left, unannounced", leave_desk, attend_desk, {{ARRIVES_S, OL_ALARM_DESK_UNATTENDED, 0}}},
    {"an officer does not answer the watch check", attend_desk, attend_desk,
     {{720 + ARRIVES_S, OL_ALARM_WATCH_CHECK, 1}, {2 * 720 + 2 * ARRIVES_S, OL_ALARM_DESK_UNATTENDED, 0}}},
    {"a FLASH that nobody takes", say_flash, answer_it,
     {{ARRIVES_S, OL_ALARM_FLASH_UNTAKEN, 1}, {60 + ARRIVES_S, OL_ALARM_UNTAKEN_THERE, 0}}},
    {"an IMMEDIATE that nobody takes", say_immediate, NULL,
     {{300 + ARRIVES_S, OL_ALARM_UNTAKEN, 1}, {300 + ARRIVES_S, OL_ALARM_UNTAKEN_THERE, 0}}},
    {"a promise that is not kept", promise, answer_at_last, {{600 + ARRIVES_S, OL_ALARM_STANDBY_EXPIRED, 1}}},
    {"eleven FLASH at once", say_many, answer_all, {{ARRIVES_S, OL_ALARM_FLOOD, 1}}},
    {"a disk is full", fill_disk, make_room, {{ARRIVES_S, OL_ALARM_DISK_FULL, 1}}},
    {"a clock is two minutes ahead", set_clock_wrong, set_clock_right,
     {{3 * BAD_LIVENESS_S, OL_ALARM_CLOCKS_APART, 0}, {3 * BAD_LIVENESS_S, OL_ALARM_CLOCKS_APART, 1}}},
    {"a copy of a home is started", start_copy, stop_copy,
     {{4 * BAD_LIVENESS_S + ARRIVES_S, OL_ALARM_ANOTHER_COPY_RUNS, 1}}},
};
#define TRIALS (sizeof trials / sizeof trials[0])
#define EXPECTED 2u

static const struct sim_party *desk_of(const struct bad_day *d, unsigned desk)
{
    return desk == 0 ? d->a : d->b;
}

/* How long after the cause each alarm came; false: one has not come. */
static bool measure(const struct bad_day *d, const struct trial *t, sim_us took[EXPECTED])
{
    bool all = true;

    for (unsigned i = 0; i < EXPECTED && t->alarm[i].within_s > 0; i++) {
        const struct sim_rung *r = &desk_of(d, t->alarm[i].desk)->desk.rung[t->alarm[i].kind];

        took[i] = r->last >= d->begun ? r->last - d->begun : SIM_NEVER;
        all = all && r->last >= d->begun;
    }
    return all;
}

static void report(const struct bad_day *d, const struct trial *t, const sim_us took[EXPECTED])
{
    for (unsigned i = 0; i < EXPECTED && t->alarm[i].within_s > 0; i++) {
        const struct sim_party *p = desk_of(d, t->alarm[i].desk);
        const char *name = ol_alarm_meaning(t->alarm[i].kind)->name;
        bool came = took[i] != SIM_NEVER;

        if (d->f->sim->order.report != NULL && came)
            fprintf(d->f->sim->order.report, "%-44s %s  %-17s %4llu s of %4u s\n", i == 0 ? t->says : "", p->name, name,
                    (unsigned long long)((took[i] + SIM_SECOND - 1) / SIM_SECOND), t->alarm[i].within_s);
        sim_check(d->f->sim, SIM_CHECK_HARD_CASE, came && took[i] <= t->alarm[i].within_s * SIM_SECOND,
                  "%s: %s at the desk of %s %s", t->says, name, p->name, came ? "comes late" : "does not come");
    }
}

static sim_us longest(const struct trial *t)
{
    uint32_t most = t->alarm[1].within_s > t->alarm[0].within_s ? t->alarm[1].within_s : t->alarm[0].within_s;

    return OVERDUE * most * SIM_SECOND;
}

static void on_bad_look(void *ctx, uint64_t arg)
{
    struct bad_day *d = ctx;
    const struct trial *t = &trials[d->trial];
    struct sim *s = d->f->sim;
    sim_us took[EXPECTED];

    (void)arg;
    if (d->begun == 0 && s->world.now >= d->settled) {
        sim_world_say(&s->world, "- %s", t->says);
        d->begun = s->world.now;
        t->begin(d);
    } else if (d->begun > 0 && (measure(d, t, took) || s->world.now > d->begun + longest(t))) {
        (void)measure(d, t, took);
        report(d, t, took);
        sim_played(d->f);
        if (t->end != NULL)
            t->end(d);
        d->begun = 0;
        d->settled = s->world.now + SETTLE;
        d->trial++;
    }
    if (d->trial < TRIALS)
        sim_world_in(&s->world, SIM_SECOND / 2, on_bad_look, d, 0);
    else
        s->span = s->world.now;
}

static void prepare_bad_day(struct sim *s)
{
    set_paths(s);
    s->span = DAY;
    s->liveness_ms = BAD_LIVENESS_S * 1000;
    s->events_most = UINT64_MAX / 2;
}

static void begin_bad_day(struct sim_active *f)
{
    struct bad_day *d = sim_must(calloc(1, sizeof *d));

    *d = (struct bad_day){.f = f, .a = &f->sim->party[0], .b = &f->sim->party[1], .settled = 5 * SIM_MINUTE};
    f->own = d;
    sim_world_in(&f->sim->world, SIM_SECOND, on_bad_look, d, 0);
}

static void judge_bad_day(struct sim_active *f)
{
    const struct bad_day *d = f->own;

    sim_check(f->sim, SIM_CHECK_HARD_CASE, d->trial == TRIALS, "the day ends before all has gone wrong");
}

const struct sim_fault sim_bad_day = {
    .name = "bad-day", .says = "a day on which everything goes wrong", .sort = SIM_SCENARIO,
    .prepare = prepare_bad_day, .begin = begin_bad_day, .judge = judge_bad_day,
};
