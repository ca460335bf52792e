/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to look at what people owe each other on a line, and at what: the looking itself is the desk's (desk/watch.h).
 */
#include <assert.h>
#include <stdlib.h>

#include "station/station.h"

#define WATCHED_MAX 131072u /* of a line; beyond it the oldest are watched */
#define LOOKS 1024u         /* a second, so that many at once hold up nothing else */
#define LOADED_S (OL_TIMES_MAX_S + OL_WATCH_OLD_S) /* after a start older ones are not looked at */

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

/* ---- What a look knows, and does ---- */

static bool find_owed(void *ctx, uint8_t author, uint32_t seq, struct ol_owed *o)
{
    struct line *l = ctx;
    struct ol_row row;
    struct ol_message m;
    struct ol_owed_times t;
    uint32_t delivered_at;

    *o = (struct ol_owed){.inbound = author != l->core->cfg.record.own};
    if (ol_store_row(l->station->store, l->info.number, author, seq, &row) != OL_OK || !ol_kind_is_message(row.h.kind))
        return false;
    if (ol_meaning_read(row.h.kind, row.body, &m) == OL_OK)
        o->amends = m.corrects > 0 ? m.corrects : m.cancels;
    o->h = row.h;
    if (rate_is_beyond(l, &row.h, &m))
        return false; /* the flood as a whole is the alarm */
    terms_of(l, &row, &t);
    view_dialogue(l, author, seq, &o->d);
    delivered_at = view_delivered_at(l, author, seq);
    o->within = t.take_s;
    o->due = ol_owed_due(&o->d, delivered_at, &t);
    o->onward = ol_owed_onward(&o->d, delivered_at, &t);
    return true;
}

static void judge(void *ctx, enum ol_alarm_kind kind, const struct ol_owed *about, bool stands)
{
    struct line *l = ctx;

    if (stands)
        alarm_raise(l->station, l, kind, about->h.author, about->h.seq);
    else
        alarm_clear(l->station, l, kind, about->h.author, about->h.seq);
}

static bool may_sign(void *ctx)
{
    const struct line *l = ctx;

    return l->core->signing == OL_SIGN_READY;
}

static void escalate(void *ctx, const struct ol_owed *o, enum ol_escalation step)
{
    struct line *l = ctx;
    const struct ol_act act = {.kind = OL_KIND_ESCALATE, .message = o->h.seq, .what = (uint8_t)step};
    struct call *call = call_new(l, NULL, NULL, 1);
    uint8_t body[16];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    if (call == NULL)
        return;
    ol_act_write(&act, &w);
    call->is_entry = true;
    call->item[0].kind = act.kind;
    call->item[0].flags = o->h.flags & (0xc0 | OL_FLAG_EXERCISE);
    if (item_keep(&call->item[0], &w))
        call_write(call);
    else
        call_refuse(call, "err.station.memory");
}

static void remind_of(void *ctx, uint32_t utc, uint8_t author, uint32_t seq)
{
    remind(ctx, utc, author, seq);
}

static struct ol_watch_port port_of(struct line *l)
{
    return (struct ol_watch_port){l, find_owed, judge, may_sign, escalate, remind_of};
}

/* ---- When ---- */

void watch_changed(struct line *l, uint8_t author, uint32_t seq)
{
    const struct ol_watch_port port = port_of(l);

    ol_watch_look(&l->watch, &port, author, seq, station_now(l->station).utc);
}

void watch_message(struct line *l, const struct ol_header *h)
{
    const struct ol_watch_port port = port_of(l);
    const struct ol_owed new = {.h = *h, .inbound = h->author != l->core->cfg.record.own, .within = terms_first_s(l, h)};

    rate_arrived(l, h);
    ol_watch_new(&port, &new, station_now(l->station).utc);
}

/* What comes first stays first, so that it is a heap still. */
void watch_retime(struct line *l)
{
    for (size_t i = 0; i < l->watched_n; i++)
        l->watched[i].at = l->watched[i].at > 1 ? 1 : l->watched[i].at;
}

void watch_loaded(struct line *l, const struct ol_row *row)
{
    uint32_t now = station_now(l->station).utc;

    if (ol_kind_is_message(row->h.kind) && row->stored_at + LOADED_S > now)
        remind(l, ol_flags_precedence(row->h.flags) == OL_FLASH ? 0 : 1, row->h.author, row->h.seq);
}

void watch_tick(struct line *l)
{
    uint32_t now = station_now(l->station).utc;
    size_t n;

    rate_look(l);
    for (n = 0; n < LOOKS && l->watched_n > 0 && l->watched[0].at <= now; n++) {
        struct watched next = take_next(l);

        watch_changed(l, next.author, next.seq);
    }
    if (n > 0)
        line_drain(l); /* what was written goes out now, not when something else does */
}
