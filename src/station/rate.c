/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many messages a minute each side sends, held against what both sides agreed. Counted are those on record, in the
 * order of their numbers and by the times signed, so that both sides mark the same; what is beyond the rate is kept and
 * listed as all else, and raises no alarm of its own. FLASH and what the operators say to each other always pass.
 */
#include <stdio.h>
#include <stdlib.h>

#include "station/station.h"

#define SHOWN_MS (2u * 60 * 1000) /* after the last one that was beyond */

/* 0: none was agreed. */
static uint32_t limit_at(struct line *l, uint32_t utc)
{
    const struct ol_accord *x = ol_agree_at(agreed(l), OL_TOPIC_RATE, utc);
    uint32_t limit = 0;

    if (x != NULL && ol_rate_read(x->what.terms, &limit))
        limit = 0;
    return limit;
}

/* ---- What is on record ---- */

struct counting {
    struct line *line;
    struct rate *rate;
    uint32_t head;
};

static void note_beyond(struct rate *r, uint32_t seq)
{
    struct rate_run *grown;

    if (r->goes_on) {
        r->beyond[r->beyond_n - 1].to = seq;
        return;
    }
    grown = realloc(r->beyond, (r->beyond_n + 1) * sizeof *grown);
    if (grown == NULL)
        return; /* then it is not marked */
    r->beyond = grown;
    r->beyond[r->beyond_n++] = (struct rate_run){seq, seq};
    r->goes_on = true;
}

static bool count_one(void *ctx, const struct ol_row *row)
{
    struct counting *c = ctx;
    struct ol_message m;
    uint32_t limit;

    if (row->h.seq > c->head)
        return false;
    c->rate->next = row->h.seq + 1;
    if (ol_meaning_read(row->h.kind, row->body, &m) || !ol_rate_counts(row->h.flags, &m))
        return true;
    limit = limit_at(c->line, row->h.time);
    if (limit == 0)
        return true;
    if (ol_rate_count(&c->rate->count, row->h.time) > limit) {
        note_beyond(c->rate, row->h.seq);
        c->rate->is_beyond = true;
    } else {
        c->rate->goes_on = false;
    }
    return true;
}

static void begin(struct rate *r)
{
    free(r->beyond);
    *r = (struct rate){.arrived = r->arrived, .beyond_at = r->beyond_at};
}

/* A store that cannot be read now is asked again with the next look. */
static void count(struct line *l, uint8_t author)
{
    struct rate *r = &l->rate[author == 'B'];
    struct counting c = {l, r, l->head[author == 'B']};

    if (r->next <= c.head &&
        ol_store_scan_kind(l->station->store, l->info.number, author, OL_KIND_MESSAGE, r->next, count_one, &c))
        return;
    if (r->is_beyond && author != line_side(l))
        r->beyond_at = station_now(l->station).ms;
    r->is_beyond = false;
}

static void judge(struct line *l)
{
    struct rate *r = &l->rate[line_side(l) == 'A'];
    bool stands = r->beyond_at > 0 && station_now(l->station).ms - r->beyond_at < SHOWN_MS;

    if (stands)
        alarm_raise(l->station, l, OL_ALARM_MESSAGE_FLOOD, 0, 0);
    else if (r->beyond_at > 0)
        alarm_clear(l->station, l, OL_ALARM_MESSAGE_FLOOD, 0, 0);
    if (!stands)
        r->beyond_at = 0;
}

void rate_look(struct line *l)
{
    for (uint8_t author = 'A'; ol_agree_at(agreed(l), OL_TOPIC_RATE, UINT32_MAX) != NULL && author <= 'B'; author++)
        count(l, author);
    judge(l);
}

void rate_changed(struct line *l)
{
    begin(&l->rate[0]);
    begin(&l->rate[1]);
}

/* What comes below others that are counted, given back by the other side, was signed before them. */
void rate_note(struct line *l, const struct ol_header *h)
{
    struct rate *r = &l->rate[h->author == 'B'];

    if (ol_kind_is_message(h->kind) && h->seq < r->next)
        begin(r);
}

void rate_arrived(struct line *l, const struct ol_header *h)
{
    struct rate *r = &l->rate[h->author == 'B'];
    struct ol_now now = station_now(l->station);

    if (h->author != line_side(l) && ol_rate_count(&r->arrived, now.utc) > OL_RATE_FLOOD)
        r->beyond_at = now.ms;
}

bool rate_is_beyond(const struct line *l, const struct ol_header *h, const struct ol_message *m)
{
    const struct rate *r = &l->rate[h->author == 'B'];
    size_t low = 0;
    size_t high = r->beyond_n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (r->beyond[mid].to < h->seq)
            low = mid + 1;
        else
            high = mid;
    }
    return low < r->beyond_n && r->beyond[low].from <= h->seq && ol_rate_counts(h->flags, m);
}

/* ---- What is to be sent ---- */

static size_t counted(const struct call_item *items, size_t n)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        struct ol_message m;

        k += ol_kind_is_message(items[i].kind) &&
             ol_meaning_read(items[i].kind, ol_span(items[i].body.p, items[i].body.len), &m) == OL_OK &&
             ol_rate_counts(items[i].flags, &m);
    }
    return k;
}

bool rate_allows(struct line *l, const struct call_item *items, size_t n, struct ol_fault *f)
{
    struct rate *r = &l->rate[line_side(l) == 'B'];
    uint32_t now = station_now(l->station).utc;
    uint32_t limit = limit_at(l, now);
    size_t k = counted(items, n);
    char most[16];
    char wait[16];

    rate_look(l);
    if (r->asked.minute != now / 60)
        r->asked = (struct ol_rate){.minute = now / 60};
    if (r->count.minute == now / 60 && r->count.n > r->asked.n)
        r->asked.n = r->count.n; /* what was asked for in the last minute may be signed in this one */
    if (limit == 0 || k == 0 || (k <= limit && r->asked.n <= limit - k)) {
        r->asked.n += (uint32_t)k;
        return true;
    }
    snprintf(most, sizeof most, "%u", limit);
    snprintf(wait, sizeof wait, "%u", 60 - now % 60);
    ol_fault_set(f, OL_EXIT_FAILED, "err.rate", "line", l->info.name, "most", most, "seconds", wait, NULL);
    return false;
}

void rate_forget(struct line *l)
{
    free(l->rate[0].beyond);
    free(l->rate[1].beyond);
}
