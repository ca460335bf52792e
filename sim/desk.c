/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/desk.h"

#include <stdlib.h>
#include <string.h>

#include "desk/terms.h"
#include "sim/run.h"
#include "station/condition.h"

#define WATCH_CHECK_MS ((ol_ms)12 * 60 * 1000) /* as the station's, unless its configuration says otherwise */

/* ---- What is to be looked at again ---- */

static void remind(void *ctx, uint32_t utc, uint8_t author, uint32_t seq)
{
    struct sim_party *p = ctx;
    struct sim_desk *d = &p->desk;

    if (d->again_n == d->again_cap) {
        d->again_cap = d->again_cap == 0 ? 64 : 2 * d->again_cap;
        d->again = sim_must(realloc(d->again, d->again_cap * sizeof *d->again));
    }
    d->again[d->again_n++] = (struct sim_reminder){utc, seq, author};
    d->next = utc < d->next ? utc : d->next;
}

/* ---- What a look knows, and does ---- */

/* Nobody has agreed on other times. */
static uint32_t take_s(const struct ol_header *h)
{
    struct ol_times times;

    ol_times_init(&times);
    return ol_times_take(&times, ol_flags_precedence(h->flags));
}

static bool find_owed(void *ctx, uint8_t author, uint32_t seq, struct ol_owed *o)
{
    struct sim_party *p = ctx;
    struct ol_owed_times t = {0};
    struct ol_row row;
    struct ol_message m;

    *o = (struct ol_owed){.inbound = author != p->side};
    if (ol_store_row(p->store, p->info.number, author, seq, &row) != OL_OK || !ol_kind_is_message(row.h.kind))
        return false;
    if (ol_meaning_read(row.h.kind, row.body, &m) == OL_OK)
        o->amends = m.corrects > 0 ? m.corrects : m.cancels;
    o->h = row.h;
    o->within = t.take_s = take_s(&row.h);
    if (sim_people_dialogue(p->store, p->info.number, author, seq, &o->d) != OL_OK)
        return false;
    if (ol_store_receipt(p->store, p->info.number, author, seq, &row) != OL_OK)
        row.h.time = 0;
    o->due = ol_owed_due(&o->d, row.h.time, &t);
    return true;
}

static struct ol_alarm_name named(const struct sim_party *p, enum ol_alarm_kind kind, const struct ol_owed *about)
{
    return (struct ol_alarm_name){kind, p->info.number, about->h.author, about->h.seq};
}

static void judge(void *ctx, enum ol_alarm_kind kind, const struct ol_owed *about, bool stands)
{
    struct sim_party *p = ctx;
    const struct ol_alarm_name name = named(p, kind, about);

    if (stands)
        ol_alarm_raise(&p->desk.alarms, &name, 0, sim_party_now(p));
    else
        ol_alarm_clear(&p->desk.alarms, &name, sim_party_now(p));
}

/* When the faults have stopped nobody begins anything new, the stations neither. */
static bool may_sign(void *ctx)
{
    const struct sim_party *p = ctx;

    return p->line->signing == OL_SIGN_READY && !p->lies && !p->sim->calm && !p->sim->unwatched;
}

static void escalate(void *ctx, const struct ol_owed *o, enum ol_escalation step)
{
    struct sim_party *p = ctx;
    const struct ol_act act = {.kind = OL_KIND_ESCALATE, .message = o->h.seq, .what = (uint8_t)step};
    uint8_t body[16];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_act_write(&act, &w);
    if (sim_people_write(p, act.kind, o->h.flags & (0xc0 | OL_FLAG_EXERCISE), ol_wr_span(&w)))
        sim_world_say(&p->sim->world, "%s: nobody has taken %c%u in time: it goes to the %s", p->name, o->h.author,
                      o->h.seq, ol_step_name((uint8_t)step));
}

static struct ol_watch_port port_of(struct sim_party *p)
{
    return (struct ol_watch_port){p, find_owed, judge, may_sign, escalate, remind};
}

static void look_again(struct sim_party *p)
{
    const struct ol_watch_port port = port_of(p);
    uint32_t now = sim_party_now(p).utc;
    struct sim_desk *d = &p->desk;
    size_t n = d->again_n;

    if (now < d->next)
        return;
    d->next = UINT32_MAX;
    for (size_t i = n; i-- > 0;) {
        struct sim_reminder r = d->again[i];

        if (r.utc > now) {
            d->next = r.utc < d->next ? r.utc : d->next;
            continue;
        }
        d->again[i] = d->again[--d->again_n];
        ol_watch_look(&d->watch, &port, r.author, r.seq, now);
    }
}

/* ---- Telling ---- */

static void count_hour(struct sim_desk *d, sim_us now)
{
    unsigned n = 0;

    d->heard[d->heard_n++ % SIM_TOLD] = now;
    for (unsigned i = 0; i < SIM_TOLD && i < d->heard_n; i++)
        n += now - d->heard[i] < 60 * SIM_MINUTE;
    d->hour_most = n > d->hour_most ? n : d->hour_most;
}

static void hear(struct sim_party *p, const struct ol_alarm *a, bool fresh)
{
    const char *name = ol_alarm_meaning(a->name.kind)->name;
    struct sim_rung *r = &p->desk.rung[a->name.kind];
    sim_us now = p->sim->world.now;
    char about[16] = "";

    if (a->name.author == 'A' || a->name.author == 'B')
        snprintf(about, sizeof about, " of %c%u", a->name.author, a->name.seq);
    if (fresh) {
        r->first = r->times++ == 0 ? now : r->first;
        r->last = now;
        count_hour(&p->desk, now);
        sim_world_say(&p->sim->world, "%s: alarm: %s%s", p->name, name, about);
    } else if (ol_alarm_state(a) == OL_ALARM_RECTIFIED) {
        r->cleared = now;
        sim_world_say(&p->sim->world, "%s: no more alarm: %s%s", p->name, name, about);
    }
}

static void tell(struct sim_party *p)
{
    struct ol_alarm a;
    bool fresh;

    while (ol_alarm_next(&p->desk.alarms, &a, &fresh))
        hear(p, &a, fresh);
}

/* ---- Looking ---- */

/* As the station keeps it: counted anew when an entry or the time changes something. */
static void look_at_tests(struct sim_party *p)
{
    static struct ol_slot room[OL_SLOTS_MAX];
    struct sim_desk *d = &p->desk;
    uint32_t now = sim_party_now(p).utc;
    struct sim_agreed *agreed;

    if (!d->tests.agreed || (d->tests.known && (d->tests.now.look == 0 || now < d->tests.now.look)))
        return;
    agreed = sim_agreed_of(p->store, p->info.number);
    if (agreed != NULL)
        ol_tests_at(sim_agreed_fold(agreed), &d->tests.log, now, room, &d->tests.now);
    d->tests.now.due.schedule = d->tests.now.next.schedule = NULL;
    d->tests.known = agreed != NULL;
    sim_agreed_free(agreed);
}

const struct ol_tests *sim_desk_tests(const struct sim_party *p)
{
    return &p->desk.tests.now;
}

static struct ol_condition_of conditions_of(const struct sim_party *p)
{
    return (struct ol_condition_of){
        .core = p->line,
        .line = p->info.number,
        .boxed = p->outbox_n,
        .tests = p->desk.tests.now.state,
        .own = &p->desk.side[p->side == 'B'],
        .peer = &p->desk.side[p->side == 'A'],
        .check = {WATCH_CHECK_MS, p->desk.seen},
    };
}

void sim_desk_look(struct sim_party *p)
{
    const struct ol_condition_of of = conditions_of(p);

    ol_conditions_look(&of, &p->desk.alarms, sim_party_now(p));
    tell(p);
}

static void check_watch(struct sim_party *p)
{
    const struct ol_condition_of of = conditions_of(p);

    struct ol_presence presence;

    ol_desk_at(of.own, sim_party_now(p).utc, &presence);
    ol_line_say(p->line, (uint8_t)presence.state, p->takes_off_record);
    if (p->desk.told || !may_sign(p) || !ol_watch_check_is_silent(&of.check, of.own, 2, sim_party_now(p)))
        return;
    p->desk.told = sim_people_attend(p, OL_DESK_UNANSWERED);
}

static void on_look(void *ctx, uint64_t life)
{
    struct sim_party *p = ctx;

    if (!p->running || p->life != life)
        return;
    if (p->paused_until <= p->sim->world.now) {
        check_watch(p);
        look_at_tests(p);
        sim_desk_look(p);
        look_again(p);
        ol_alarms_tick(&p->desk.alarms, sim_party_now(p));
        tell(p);
        if (ol_store_failed(p->store))
            sim_party_wake(p);
    }
    sim_world_in(&p->sim->world, p->sim->look, on_look, p, life);
}

/* ---- What becomes durable ---- */

static void note(struct sim_party *p, const struct ol_row *row)
{
    struct ol_proposal proposal;

    ol_desk_note(&p->desk.side[row->h.author == 'B'], row);
    ol_linetest_note(&p->desk.tests.log, row);
    if (row->h.kind == OL_KIND_PROPOSE && ol_proposal_read(row->body, &proposal) == OL_OK)
        p->desk.tests.agreed = p->desk.tests.agreed || proposal.topic == OL_TOPIC_TESTS;
    if (row->h.kind == OL_KIND_TEST || row->h.kind == OL_KIND_PROPOSE || row->h.kind == OL_KIND_RESPOND)
        p->desk.tests.known = false;
    if (row->h.kind != OL_KIND_DESK || row->h.author != p->side)
        return;
    p->desk.seen = sim_party_now(p).ms;
    p->desk.told = false;
}

void sim_desk_row(struct sim_party *p, const struct ol_row *row)
{
    const struct ol_watch_port port = port_of(p);
    const struct ol_owed new = {.h = row->h, .inbound = row->h.author != p->side,
                                .within = take_s(&row->h)};
    uint32_t now = sim_party_now(p).utc;
    uint8_t author;
    uint32_t seq;

    note(p, row);
    ol_message_refer(row, &author, &seq);
    if (author != 0)
        ol_watch_look(&p->desk.watch, &port, author, seq, now);
    if (ol_kind_is_message(row->h.kind))
        ol_watch_new(&port, &new, now);
    tell(p);
}

/* ---- Beginning and ending ---- */

/* What was acknowledged stands in the own book, which outlives the process. */
static void restore(struct sim_party *p, const struct ol_alarms *before)
{
    for (size_t i = 0; i < before->n; i++) {
        const struct ol_alarm *a = &before->alarm[i];

        if (a->id > 0 && a->standing && a->acknowledged.ms != 0)
            ol_alarm_restore(&p->desk.alarms, &a->name, a->raised.utc, a->acknowledged.utc, sim_party_now(p));
    }
}

void sim_desk_begin(struct sim_party *p)
{
    struct sim_desk *d = &p->desk;
    struct ol_alarms *before = sim_must(malloc(sizeof *before));

    *before = d->alarms;
    memset(d->side, 0, sizeof d->side);
    memset(&d->tests, 0, sizeof d->tests);
    d->tests.log = (struct ol_linetests){.mark = {d->tests.mark[0], d->tests.mark[1]}, .cap = SIM_TESTS};
    d->watch = (struct ol_watch){0};
    d->again_n = 0;
    d->next = UINT32_MAX;
    d->seen = sim_party_now(p).ms;
    d->told = false;
    ol_alarms_init(&d->alarms, before->last_id);
    restore(p, before);
    free(before);
}

void sim_desk_load(struct sim_party *p, const struct ol_row *row)
{
    note(p, row);
    if (ol_kind_is_message(row->h.kind) && row->stored_at + OL_WATCH_OLD_S > sim_party_now(p).utc)
        remind(p, ol_flags_precedence(row->h.flags) == OL_FLASH ? 0 : 1, row->h.author, row->h.seq);
}

void sim_desk_loaded(struct sim_party *p)
{
    sim_world_in(&p->sim->world, p->sim->look, on_look, p, p->life);
}

void sim_desk_fini(struct sim_party *p)
{
    free(p->desk.again);
}

void sim_desk_acknowledge(struct sim_party *p)
{
    for (size_t i = 0; i < p->desk.alarms.n; i++) {
        const struct ol_alarm *a = &p->desk.alarms.alarm[i];

        if (a->listed && ol_alarm_state(a) == OL_ALARM_UNACKNOWLEDGED)
            (void)!ol_alarm_ack(&p->desk.alarms, a->id, sim_party_now(p));
    }
    tell(p);
}
