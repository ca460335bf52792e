/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/hours.h"

#include <assert.h>
#include <string.h>

#include "base/cbor.h"
#include "base/limits.h"

#define DAY_S 86400u
#define WEEK 7u

static const char days_names[WEEK][4] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* ---- Bodies ---- */

static bool is_weekly_valid(const struct ol_hours *h)
{
    if (h->days == 0)
        return h->from == 0 && h->to == 0;
    return h->days <= OL_DAYS_ALL && h->from < OL_DAY_MINUTES && h->to > 0 && h->to <= OL_DAY_MINUTES;
}

void ol_hours_write(const struct ol_hours *hours, struct ol_wr *w)
{
    bool weekly = hours->kind == OL_HOURS_WEEKLY;

    assert(weekly ? is_weekly_valid(hours) : hours->from < hours->to);
    ol_cbor_put_array(w, 3u + (weekly || hours->reason.len > 0));
    ol_cbor_put_uint(w, hours->kind);
    if (weekly)
        ol_cbor_put_uint(w, hours->days);
    ol_cbor_put_uint(w, hours->from);
    ol_cbor_put_uint(w, hours->to);
    assert(!weekly || hours->reason.len == 0);
    if (hours->reason.len > 0)
        ol_cbor_put_text(w, hours->reason);
}

static uint32_t read_number(struct ol_rd *r, uint32_t most)
{
    uint64_t v = ol_cbor_uint(r);

    r->bad = r->bad || v > most;
    return r->bad ? 0 : (uint32_t)v;
}

static void read_reason(struct ol_rd *r, struct ol_hours *h)
{
    assert(h->kind != OL_HOURS_WEEKLY);
    h->reason = ol_cbor_text(r);
    r->bad = r->bad || h->reason.len == 0 || h->reason.len > OL_TEXT_MAX;
}

static void read_hours(struct ol_rd *r, struct ol_hours *h)
{
    size_t items = ol_cbor_array(r);
    bool weekly;

    h->kind = (enum ol_hours_kind)read_number(r, OL_HOURS_KINDS - 1);
    weekly = h->kind == OL_HOURS_WEEKLY;
    if (weekly)
        h->days = (uint8_t)read_number(r, OL_DAYS_ALL);
    h->from = read_number(r, UINT32_MAX);
    h->to = read_number(r, UINT32_MAX);
    r->bad = r->bad || items > 4 || items < 3u + weekly || !(weekly ? is_weekly_valid(h) : h->from < h->to);
    if (!r->bad && !weekly && items == 4)
        read_reason(r, h);
}

enum ol_err ol_hours_read(struct ol_span body, struct ol_hours *hours)
{
    struct ol_rd r = ol_rd_from(body);

    *hours = (struct ol_hours){0};
    read_hours(&r, hours);
    if (ol_rd_end(&r) == OL_OK)
        return OL_OK;
    *hours = (struct ol_hours){0};
    return OL_MALFORMED;
}

/* ---- Weekly hours as text ---- */

static unsigned read_day(struct ol_rd *r)
{
    struct ol_span name = ol_rd_take(r, 3);

    for (unsigned day = 0; day < WEEK; day++) {
        if (ol_span_equal(name, ol_span(days_names[day], 3)))
            return day;
    }
    r->bad = true;
    return 0;
}

static bool take(struct ol_rd *r, char c)
{
    if (r->bad || ol_rd_peek(r) != (uint8_t)c)
        return false;
    (void)ol_rd_u8(r);
    return true;
}

static uint8_t read_days(struct ol_rd *r)
{
    uint8_t days = 0;

    do {
        unsigned day = read_day(r);
        unsigned last = take(r, '-') ? read_day(r) : day;

        for (; day != last; day = (day + 1) % WEEK)
            days |= (uint8_t)(1u << day);
        days |= (uint8_t)(1u << last);
    } while (take(r, ','));
    assert(days <= OL_DAYS_ALL);
    return days;
}

/* HHMM, up to 2400. */
static uint32_t read_minute(struct ol_rd *r)
{
    uint32_t digits = 0;

    for (unsigned i = 0; i < 4; i++) {
        uint8_t c = ol_rd_u8(r);

        r->bad = r->bad || c < '0' || c > '9';
        digits = 10 * digits + (uint32_t)(c - '0');
    }
    r->bad = r->bad || digits > 2400 || digits % 100 > 59;
    return r->bad ? 0 : digits / 100 * 60 + digits % 100;
}

static void read_weekly(struct ol_rd *r, struct ol_hours *h)
{
    h->days = read_days(r);
    r->bad = r->bad || !take(r, ' ');
    h->from = read_minute(r);
    r->bad = r->bad || !take(r, '-');
    h->to = read_minute(r);
    if (h->to == 0)
        h->to = OL_DAY_MINUTES; /* midnight ends the day */
    r->bad = r->bad || !is_weekly_valid(h);
}

enum ol_err ol_weekly_read(struct ol_span text, struct ol_hours *hours)
{
    struct ol_rd r = ol_rd_from(text);

    *hours = (struct ol_hours){.kind = OL_HOURS_WEEKLY};
    if (ol_span_equal(text, ol_span("none", 4)))
        return OL_OK;
    read_weekly(&r, hours);
    if (ol_rd_end(&r) == OL_OK)
        return OL_OK;
    *hours = (struct ol_hours){0};
    return OL_MALFORMED;
}

static void print_minute(uint32_t minute, struct ol_wr *w)
{
    uint32_t digits = minute / 60 * 100 + minute % 60;

    assert(minute <= OL_DAY_MINUTES);
    for (uint32_t unit = 1000; unit > 0; unit /= 10)
        ol_wr_u8(w, (uint8_t)('0' + digits / unit % 10));
}

static void print_days(uint8_t days, struct ol_wr *w)
{
    for (unsigned day = 0; day < WEEK; day++) {
        unsigned last = day;

        if ((days & 1u << day) == 0)
            continue;
        if ((days & ((1u << day) - 1)) != 0)
            ol_wr_u8(w, ',');
        while (last + 1 < WEEK && (days & 1u << (last + 1)) != 0)
            last++;
        ol_wr_bytes(w, days_names[day], 3);
        if (last > day) {
            ol_wr_u8(w, '-');
            ol_wr_bytes(w, days_names[last], 3);
        }
        day = last;
    }
}

void ol_weekly_print(const struct ol_hours *hours, struct ol_wr *w)
{
    assert(hours->kind == OL_HOURS_WEEKLY && is_weekly_valid(hours));
    if (hours->days == 0) {
        ol_wr_bytes(w, "none", 4);
        return;
    }
    print_days(hours->days, w);
    ol_wr_u8(w, ' ');
    print_minute(hours->from, w);
    ol_wr_u8(w, '-');
    print_minute(hours->to, w);
}

/* ---- Weekly hours as moments ---- */

/* The first day of 1970 was a Thursday. */
static bool has_day(const struct ol_hours *h, uint64_t day)
{
    return (h->days & 1u << (day + 3) % WEEK) != 0;
}

static uint64_t lasts_s(const struct ol_hours *h)
{
    assert(is_weekly_valid(h) && h->days != 0);
    return h->to > h->from ? (h->to - h->from) * 60u : (OL_DAY_MINUTES - h->from + h->to) * 60u;
}

/* Hours that began on the day before may still last. */
bool ol_weekly_is_open(const struct ol_hours *hours, uint64_t at)
{
    uint64_t today = at / DAY_S;

    for (uint64_t day = today > 0 ? today - 1 : 0; day <= today; day++) {
        uint64_t begin = day * DAY_S + hours->from * 60u;

        if (has_day(hours, day) && at >= begin && at - begin < lasts_s(hours))
            return true;
    }
    return false;
}

uint64_t ol_weekly_end(const struct ol_hours *hours, uint64_t at)
{
    uint64_t today = at / DAY_S;

    for (uint64_t day = today > 0 ? today - 1 : 0; day <= today + WEEK; day++) {
        uint64_t end = day * DAY_S + hours->from * 60u + lasts_s(hours);

        if (has_day(hours, day) && end > at && !ol_weekly_is_open(hours, end))
            return end;
    }
    return 0;
}

uint64_t ol_weekly_begin(const struct ol_hours *hours, uint64_t at)
{
    uint64_t begin = 0;

    assert(hours->days != 0);
    for (uint64_t day = at / DAY_S; begin <= at; day++)
        begin = has_day(hours, day) ? day * DAY_S + hours->from * 60u : begin;
    return begin;
}
