/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/presence.h"

#include <assert.h>
#include <string.h>

#include "base/cbor.h"
#include "desk/message.h"

/* ---- The entry ---- */

const char *ol_desk_what_name(enum ol_desk_what what)
{
    static const char *const names[OL_DESK_WHATS] = {"left", "attended", "unanswered"};

    assert(what < OL_DESK_WHATS);
    return names[what];
}

void ol_desk_write(const struct ol_desk_entry *entry, struct ol_wr *w)
{
    assert(entry->what < OL_DESK_WHATS && entry->role.len <= OL_DESK_ROLE_MAX);
    ol_cbor_put_array(w, 1u + (entry->role.len > 0));
    ol_cbor_put_uint(w, entry->what);
    if (entry->role.len > 0)
        ol_cbor_put_text(w, entry->role);
}

static void read_entry(struct ol_rd *r, struct ol_desk_entry *entry)
{
    size_t items = ol_cbor_array(r);
    uint64_t what = ol_cbor_uint(r);

    r->bad = r->bad || items < 1 || items > 2 || what >= OL_DESK_WHATS;
    entry->what = r->bad ? OL_DESK_LEFT : (enum ol_desk_what)what;
    if (r->bad || items < 2)
        return;
    entry->role = ol_cbor_text(r);
    r->bad = r->bad || entry->role.len > OL_DESK_ROLE_MAX || !ol_word_valid(entry->role);
}

enum ol_err ol_desk_read(struct ol_span body, struct ol_desk_entry *entry)
{
    struct ol_rd r = ol_rd_from(body);

    *entry = (struct ol_desk_entry){0};
    read_entry(&r, entry);
    if (ol_rd_end(&r) == OL_OK)
        return OL_OK;
    *entry = (struct ol_desk_entry){0};
    return OL_MALFORMED;
}

/* ---- The fold ---- */

/* Of two entries of one stream the one with the higher number counts, whichever came first. */
static void note_desk(struct ol_desk *d, const struct ol_row *row)
{
    struct ol_desk_entry entry;

    if (row->h.seq < d->last.seq || ol_desk_read(row->body, &entry))
        return;
    assert(entry.role.len <= sizeof d->last.role);
    d->last.seq = row->h.seq;
    d->last.time = row->h.time;
    d->last.what = entry.what;
    d->last.role_len = entry.role.len;
    if (entry.role.len > 0)
        memcpy(d->last.role, entry.role.p, entry.role.len);
}

static void note_away(struct ol_desk *d, const struct ol_row *row, const struct ol_hours *hours)
{
    struct ol_desk_away *oldest = &d->away[0];

    assert(hours->from < hours->to);
    for (size_t i = 0; i < OL_DESK_AWAYS; i++) {
        if (d->away[i].seq == row->h.seq)
            return;
        if (d->away[i].seq < oldest->seq)
            oldest = &d->away[i];
    }
    if (row->h.seq > oldest->seq)
        *oldest = (struct ol_desk_away){.seq = row->h.seq, .time = row->h.time, .from = hours->from, .to = hours->to,
                                        .outage = hours->kind == OL_HOURS_OUTAGE};
}

static void note_hours(struct ol_desk *d, const struct ol_row *row)
{
    struct ol_hours hours;

    if (ol_hours_read(row->body, &hours))
        return;
    if (hours.kind != OL_HOURS_WEEKLY) {
        note_away(d, row, &hours);
    } else if (row->h.seq >= d->weekly.seq) {
        d->weekly.seq = row->h.seq;
        d->weekly.time = row->h.time;
        d->weekly.hours = hours;
    }
}

void ol_desk_note(struct ol_desk *d, const struct ol_row *row)
{
    assert(row->h.seq > 0);
    if (row->h.kind == OL_KIND_DESK)
        note_desk(d, row);
    else if (row->h.kind == OL_KIND_HOURS)
        note_hours(d, row);
}

/* ---- What it says at a moment ---- */

const char *ol_presence_name(enum ol_presence_state state)
{
    static const char *const names[] = {"unknown", "attended", "unattended"};

    assert((unsigned)state < sizeof names / sizeof names[0]);
    return names[state];
}

const char *ol_presence_why_name(enum ol_presence_why why)
{
    static const char *const names[] = {NULL, "left", "unanswered", "overrun", "announced", "outage"};

    assert((unsigned)why < sizeof names / sizeof names[0]);
    return names[why];
}

static bool is_away(const struct ol_desk_away *a, uint64_t at)
{
    return a->seq > 0 && at >= a->from && at < a->to;
}

static bool is_closed(const struct ol_desk *d, uint64_t at)
{
    return d->weekly.hours.days != 0 && !ol_weekly_is_open(&d->weekly.hours, at);
}

bool ol_desk_is_out(const struct ol_desk *d, uint32_t now)
{
    for (size_t i = 0; i < OL_DESK_AWAYS; i++) {
        if (d->away[i].outage && is_away(&d->away[i], now))
            return true;
    }
    return false;
}

/* When hours of absence began that the last word about the desk did not know of; 0: not yet. What is announced for a
 * time that has begun already begins when it is announced. */
static uint64_t away_began(const struct ol_desk *d, const struct ol_desk_away *a, uint32_t now)
{
    uint32_t began = a->from > a->time ? a->from : a->time;
    bool later = began > d->last.time || (began == d->last.time && a->seq > d->last.seq);

    return a->seq > 0 && began <= now && later ? began : 0;
}

/* The same of weekly hours: the first time that they ended since. */
static uint64_t weekly_ended(const struct ol_desk *d, uint32_t now)
{
    bool later = d->weekly.seq > d->last.seq;
    uint64_t base = later ? d->weekly.time : d->last.time;
    uint64_t end;

    if (d->weekly.hours.days == 0)
        return 0;
    end = later && is_closed(d, base) ? base : ol_weekly_end(&d->weekly.hours, base);
    return end <= now ? end : 0;
}

/* The first moment at which an announcement left the desk unattended since the last word about it; 0: none did. */
static uint32_t absent_since(const struct ol_desk *d, uint32_t now)
{
    uint64_t since = weekly_ended(d, now);

    for (size_t i = 0; i < OL_DESK_AWAYS; i++) {
        uint64_t began = away_began(d, &d->away[i], now);

        if (began > 0 && (since == 0 || began < since))
            since = began;
    }
    assert(since <= UINT32_MAX);
    return (uint32_t)since;
}

/* How far announcements reach from here without a gap: each of them takes it further once at most, and the weekly hours
 * between two of them. */
static uint32_t announced_until(const struct ol_desk *d, uint32_t now)
{
    uint64_t until = now;

    for (size_t round = 0; round <= OL_DESK_AWAYS; round++) {
        for (size_t i = 0; i < OL_DESK_AWAYS; i++)
            until = is_away(&d->away[i], until) ? d->away[i].to : until;
        until = is_closed(d, until) ? ol_weekly_begin(&d->weekly.hours, until) : until;
    }
    assert(until >= now);
    if (until == now)
        return 0;
    return until < UINT32_MAX ? (uint32_t)until : UINT32_MAX;
}

/* When its side has not said itself that nobody is there, hours that it announced have. */
static enum ol_presence_why why_unattended(const struct ol_desk *d, bool is_gone, uint32_t until, uint32_t now)
{
    if (until > 0)
        return ol_desk_is_out(d, now) ? OL_WHY_OUTAGE : OL_WHY_ANNOUNCED;
    if (!is_gone)
        return OL_WHY_OVERRUN;
    return d->last.what == OL_DESK_UNANSWERED ? OL_WHY_UNANSWERED : OL_WHY_LEFT;
}

void ol_desk_at(const struct ol_desk *d, uint32_t now, struct ol_presence *out)
{
    bool is_there = d->last.seq > 0 && d->last.what == OL_DESK_ATTENDED;
    bool is_gone = d->last.seq > 0 && !is_there;
    uint32_t since = is_gone ? d->last.time : absent_since(d, now);

    *out = (struct ol_presence){0};
    if (is_gone || since == 0)
        out->role = ol_span(d->last.role, d->last.role_len);
    if (is_gone || since > 0) {
        out->state = OL_PRESENCE_UNATTENDED;
        out->since = since;
        out->until = announced_until(d, now);
        out->why = why_unattended(d, is_gone, out->until, now);
    } else if (is_there) {
        out->state = OL_PRESENCE_ATTENDED;
        out->since = d->last.time;
    }
    assert(out->state != OL_PRESENCE_UNKNOWN || out->role.len == 0);
}

void ol_desk_said(const struct ol_desk *d, uint32_t now, enum ol_presence_state said, uint32_t said_at,
                  struct ol_presence *out)
{
    assert(said <= OL_PRESENCE_UNATTENDED);
    ol_desk_at(d, now, out);
    if (said_at == 0 && out->until == 0)
        out->state = OL_PRESENCE_UNKNOWN;
    else if (said_at > out->since && said != out->state)
        *out = (struct ol_presence){.state = said};
}
