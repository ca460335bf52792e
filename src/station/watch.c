/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people owe each other on a line: a message that nobody has taken in its time, an answer that was promised for a
 * time, a text that took the place of one that somebody has acted on. Each is looked at when something about it
 * changes, and again at the moment when something falls due; of a message that nobody has taken, this side then says so
 * on the record.
 */
#include <assert.h>
#include <stdlib.h>

#include "station/station.h"

#define WATCHED_MAX 131072u /* of a line; beyond it the oldest are watched */
#define LOOKS 1024u         /* a second, so that many at once hold up nothing else */
#define A_DAY (24u * 3600)  /* nobody is paged for what is older */
#define AGAIN_S 60u         /* whether it is to be escalated now */

/* ---- When to look again: a heap, the next at its root ---- */

static void swap(struct watched *a, struct watched *b)
{
    struct watched c = *a;

    *a = *b;
    *b = c;
}

static bool grow(struct line *l)
{
    size_t cap = l->watched_cap == 0 ? 64 : 2 * l->watched_cap;
    struct watched *grown = l->watched_n < WATCHED_MAX ? realloc(l->watched, cap * sizeof *grown) : NULL;

    if (grown == NULL)
        return false;
    l->watched = grown;
    l->watched_cap = cap;
    return true;
}

static void remind(struct line *l, uint32_t at, uint8_t author, uint32_t seq)
{
    size_t i = l->watched_n;

    if (i == l->watched_cap && !grow(l))
        return;
    l->watched[l->watched_n++] = (struct watched){at, seq, author};
    for (; i > 0 && l->watched[(i - 1) / 2].at > l->watched[i].at; i = (i - 1) / 2)
        swap(&l->watched[i], &l->watched[(i - 1) / 2]);
}

static struct watched take_next(struct line *l)
{
    struct watched next = l->watched[0];
    size_t i = 0;

    assert(l->watched_n > 0);
    l->watched[0] = l->watched[--l->watched_n];
    for (size_t child = 1; child < l->watched_n; child = 2 * i + 1) {
        child += child + 1 < l->watched_n && l->watched[child + 1].at < l->watched[child].at;
        if (l->watched[i].at <= l->watched[child].at)
            break;
        swap(&l->watched[i], &l->watched[child]);
        i = child;
    }
    return next;
}

/* ---- What is owed ---- */

struct owed {
    struct ol_row row; /* its body is not kept */
    struct ol_dialogue d;
    uint32_t amends;   /* the earlier message of its author's that it takes the place of; 0: none */
    uint32_t due;      /* to be taken by then; 0: it is taken, or not delivered yet */
    uint32_t within;   /* seconds in which it is to be taken */
    bool inbound;
};

static bool find_owed(struct line *l, uint8_t author, uint32_t seq, struct owed *o)
{
    struct ol_message m;

    *o = (struct owed){.inbound = author != l->core->cfg.record.own};
    if (ol_store_row(l->station->store, l->info.number, author, seq, &o->row) != OL_OK ||
        !ol_kind_is_message(o->row.h.kind))
        return false;
    if (ol_meaning_read(o->row.h.kind, o->row.body, &m) == OL_OK)
        o->amends = m.corrects > 0 ? m.corrects : m.cancels;
    o->row.body = ol_span(NULL, 0);
    view_dialogue(l, author, seq, &o->d);
    o->within = ol_alarm_take_s(ol_flags_precedence(o->row.h.flags));
    o->due = view_due(&o->row, &o->d, view_delivered_at(l, author, seq));
    return true;
}

static bool is_untaken(const struct owed *o)
{
    return o->d.state == OL_DELIVERED && !o->d.met && o->d.superseded == 0;
}

static void judge(struct line *l, const struct owed *o, enum ol_alarm_kind kind, bool stands)
{
    if (stands)
        alarm_raise(l->station, l, kind, o->row.h.author, o->row.h.seq);
    else
        alarm_clear(l->station, l, kind, o->row.h.author, o->row.h.seq);
}

/* Whether somebody here has acted on a text that does not stand any more, and nobody has taken the one in its place. */
static bool is_behind(struct line *l, const struct owed *o)
{
    struct ol_dialogue later;

    if (!o->inbound || o->d.superseded == 0)
        return false;
    if (o->d.state == OL_DELIVERED && !o->d.met)
        return false;
    view_dialogue(l, o->row.h.author, o->d.superseded, &later);
    return later.state == OL_DELIVERED && !later.met && later.superseded == 0;
}

/* On the record, that both sides see: nobody has taken it, so it goes to the next in turn. */
static void escalate(struct line *l, const struct owed *o, uint8_t step)
{
    const struct ol_act act = {.kind = OL_KIND_ESCALATE, .message = o->row.h.seq, .what = step};
    struct call *call = call_new(l, NULL, NULL, 1);
    uint8_t body[16];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    if (call == NULL)
        return;
    ol_act_write(&act, &w);
    call->is_entry = true;
    call->item[0].kind = act.kind;
    call->item[0].flags = o->row.h.flags & (0xc0 | OL_FLAG_EXERCISE);
    if (item_keep(&call->item[0], &w))
        call_write(call);
    else
        call_refuse(call, "err.station.memory");
}

/* Whoever is called for one message finds the others: of each precedence one at a time is escalated, the next when that
 * is taken. So a flood of messages makes no flood of entries. While the station may not sign it would only wait in the
 * outbox, and say later what is not so any more. */
static bool may_escalate(struct line *l, const struct owed *o)
{
    uint32_t *called = &l->called[ol_flags_precedence(o->row.h.flags)];
    struct owed other;

    if (l->core->signing != OL_SIGN_READY)
        return false;
    if (*called != 0 && *called != o->row.h.seq && find_owed(l, o->row.h.author, *called, &other) && is_untaken(&other))
        return false;
    *called = o->row.h.seq;
    return true;
}

/* The step that is due now, and when the one after it is; 0: none. */
static uint8_t step_due(const struct owed *o, uint32_t now, uint32_t *next)
{
    uint8_t due = now < o->due ? OL_STEP_NONE : now - o->due < o->within ? OL_STEP_DEPUTY : OL_STEP_NEXT_ROLE;

    *next = due == OL_STEP_NONE ? o->due : due == OL_STEP_DEPUTY ? o->due + o->within : 0;
    return due;
}

static void look_for_taking(struct line *l, const struct owed *o, uint32_t now)
{
    bool untaken = is_untaken(o) && o->due > 0;
    bool late = untaken && now >= o->due && now - o->due < A_DAY;
    bool flash = ol_flags_precedence(o->row.h.flags) == OL_FLASH;
    uint32_t next = 0;
    uint8_t step = untaken ? step_due(o, now, &next) : (uint8_t)OL_STEP_NONE;

    judge(l, o, OL_ALARM_FLASH_UNTAKEN, o->inbound && flash && is_untaken(o) && (o->due == 0 || late || now < o->due));
    judge(l, o, OL_ALARM_UNTAKEN, o->inbound && !flash && late);
    judge(l, o, OL_ALARM_UNTAKEN_THERE, !o->inbound && late);
    if (o->inbound && late && step > o->d.step) {
        if (may_escalate(l, o))
            escalate(l, o, step);
        else
            next = now + AGAIN_S;
    } else if (o->inbound && untaken && o->d.step > OL_STEP_NONE) {
        (void)may_escalate(l, o); /* after a restart it is the one that somebody was called for */
    }
    if (next > now)
        remind(l, next, o->row.h.author, o->row.h.seq);
}

static uint32_t look_at_one(struct line *l, uint8_t author, uint32_t seq)
{
    uint32_t now = station_now(l->station).utc;
    struct owed o;

    if (!find_owed(l, author, seq, &o))
        return 0;
    look_for_taking(l, &o, now);
    judge(l, &o, OL_ALARM_STANDBY_EXPIRED, o.inbound && o.d.open && o.d.until > 0 && o.d.until <= now);
    judge(l, &o, OL_ALARM_SUPERSEDED_UNTAKEN, is_behind(l, &o));
    judge(l, &o, OL_ALARM_NOT_PASSED_ON, !o.inbound && o.d.not_passed && o.d.superseded == 0);
    if (o.d.open && o.d.until > now)
        remind(l, o.d.until, author, seq);
    return o.amends < seq ? o.amends : 0;
}

/* What is done about a message settles what is owed of the one whose place it took. */
static void look(struct line *l, uint8_t author, uint32_t seq)
{
    uint32_t amended = look_at_one(l, author, seq);

    if (amended > 0)
        (void)look_at_one(l, author, amended);
}

void watch_changed(struct line *l, uint8_t author, uint32_t seq)
{
    look(l, author, seq);
}

/* Nothing is read for a message that has just come: what can be owed of it yet is only that a FLASH is taken. */
void watch_message(struct line *l, const struct ol_header *h)
{
    bool inbound = h->author != l->core->cfg.record.own;
    enum ol_precedence precedence = ol_flags_precedence(h->flags);

    if (inbound && precedence == OL_FLASH)
        alarm_raise(l->station, l, OL_ALARM_FLASH_UNTAKEN, h->author, h->seq);
    remind(l, station_now(l->station).utc + ol_alarm_take_s(precedence), h->author, h->seq);
}

void watch_loaded(struct line *l, const struct ol_row *row)
{
    uint32_t now = station_now(l->station).utc;

    if (ol_kind_is_message(row->h.kind) && row->stored_at + A_DAY > now)
        remind(l, ol_flags_precedence(row->h.flags) == OL_FLASH ? 0 : 1, row->h.author, row->h.seq);
}

void watch_tick(struct line *l)
{
    uint32_t now = station_now(l->station).utc;

    for (size_t n = 0; n < LOOKS && l->watched_n > 0 && l->watched[0].at <= now; n++) {
        struct watched next = take_next(l);

        look(l, next.author, next.seq);
    }
}
