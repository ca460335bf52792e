/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/stats.h"

#include <assert.h>
#include <string.h>

#include "base/cbor.h"
#include "crypto/hash.h"
#include "desk/dialogue.h"

/* ---- Months ---- */

#define DAY_S 86400u
#define YEAR_LAST 2105u /* whose last second still is a uint32 */

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    assert(month >= 1 && month <= 12);
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Digits as a number; one too large for any year when they are none. */
static unsigned digits(const uint8_t *p, unsigned n)
{
    unsigned v = 0;

    for (unsigned i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return UINT16_MAX;
        v = 10 * v + p[i] - '0';
    }
    return v;
}

enum ol_err ol_month_read(struct ol_span name, struct ol_month *out)
{
    unsigned year = name.len == OL_MONTH ? digits(name.p, 4) : 0;
    unsigned month = name.len == OL_MONTH ? digits(name.p + 5, 2) : 0;
    uint32_t days = 0;

    *out = (struct ol_month){0};
    if (year < 1970 || year > YEAR_LAST || month < 1 || month > 12 || name.p[4] != '-')
        return OL_MALFORMED;
    for (unsigned y = 1970; y < year; y++)
        days += 365 + is_leap(y);
    for (unsigned m = 1; m < month; m++)
        days += days_of(year, m);
    memcpy(out->name, name.p, OL_MONTH);
    out->from = days * DAY_S;
    out->to = (days + days_of(year, month)) * DAY_S;
    assert(out->from < out->to);
    return OL_OK;
}

static bool is_in(const struct ol_month *month, const struct ol_row *row)
{
    return row->h.time >= month->from && row->h.time < month->to;
}

/* ---- The fold ---- */

struct folding {
    struct ol_stats *stats;
    struct ol_stats_side *side;
    enum ol_precedence precedence;
    uint32_t received;
    ol_next_row_fn *next;
    void *ctx;
};

static bool give_next(void *ctx, unsigned side, struct ol_row *row)
{
    const struct folding *f = ctx;

    return f->next(f->ctx, side, row);
}

static void add_wait(struct ol_waits *w, uint32_t from, uint32_t to)
{
    assert(w->n < w->cap);
    if (from > 0)
        w->s[w->n++] = to > from ? to - from : 0; /* a clock that was set back */
}

static void count_reply(struct ol_stats_side *side, const struct ol_row *row)
{
    struct ol_act act;

    if (ol_act_read(row->h.kind, row->body, &act) == OL_OK && act.what == OL_STANDBY)
        side->standbys++;
}

static void count_entry(const struct folding *f, const struct ol_row *row, const struct ol_dialogue *after)
{
    struct ol_stats_side *side = f->side;

    switch (row->h.kind) {
    case OL_KIND_TAKE:
        side->taken++;
        add_wait(&side->to_taken, f->received, row->h.time);
        break;
    case OL_KIND_ESCALATE:
        side->escalated[f->precedence]++;
        break;
    case OL_KIND_DECLINE:
        side->declined++;
        break;
    case OL_KIND_REPLY:
        count_reply(side, row);
        break;
    case OL_KIND_CORRECT:
        side->corrected++;
        break;
    case OL_KIND_ONWARD:
        side->not_passed += after->not_passed;
        break;
    default:
        break;
    }
}

/* What closed it: its author's later message, the receiver who declines, or the right answer. */
static void count_end(const struct folding *f, const struct ol_row *row, const struct ol_dialogue *after)
{
    if (after->closed.author != row->h.author || after->closed.seq != row->h.seq)
        return;
    if (after->superseded > 0) {
        f->side->cancelled += after->cancelled;
        f->side->amended += !after->cancelled;
    } else if (row->h.kind != OL_KIND_DECLINE) {
        f->side->answered++;
        add_wait(&f->side->to_answered, f->received, row->h.time);
    }
}

static void tell(void *ctx, const struct ol_row *row, const struct ol_dialogue *after, bool effect)
{
    const struct folding *f = ctx;

    if (effect && is_in(&f->stats->month, row)) {
        count_entry(f, row, after);
        count_end(f, row, after);
    }
}

void ol_stats_message(struct ol_stats *s, const struct ol_row *message, uint32_t received, ol_next_row_fn *next,
                      void *ctx)
{
    struct folding f = {.stats = s, .received = received, .next = next, .ctx = ctx};
    struct ol_dialogue d;

    assert(message->h.author == 'A' || message->h.author == 'B');
    f.side = &s->side[message->h.author - 'A'];
    f.precedence = ol_flags_precedence(message->h.flags);
    if (is_in(&s->month, message)) {
        f.side->messages[ol_flags_precedence(message->h.flags)]++;
        f.side->exercise += (message->h.flags & OL_FLAG_EXERCISE) != 0;
    }
    ol_dialogue_of(&d, message, give_next, tell, &f);
}

void ol_stats_tests(struct ol_stats *s, const struct ol_slot *slot, size_t n, uint32_t now)
{
    for (size_t i = 0; i < n; i++) {
        struct ol_stats_side *side = &s->side[slot[i].side - 'A'];
        enum ol_slot_state state = ol_slot_state(&slot[i], now);

        assert(slot[i].begin >= s->month.from && slot[i].begin < s->month.to);
        side->tests_held += slot[i].test > 0 && slot[i].sent_at >= slot[i].begin && slot[i].sent_at < slot[i].end;
        side->tests_answered += state == OL_SLOT_ANSWERED;
        side->tests_missed += state == OL_SLOT_MISSED;
    }
}

/* ---- The numbers ---- */

uint32_t ol_waits_worst(const struct ol_waits *w)
{
    uint32_t worst = 0;

    assert(w->n <= w->cap);
    for (size_t i = 0; i < w->n; i++) {
        if (w->s[i] > worst)
            worst = w->s[i];
    }
    return worst;
}

/* By halving the range in which it lies: needs no order and no room, whatever the waits are. */
uint32_t ol_waits_median(const struct ol_waits *w)
{
    uint32_t low = 0;
    uint32_t high = ol_waits_worst(w);

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        size_t within = 0;

        for (size_t i = 0; i < w->n; i++)
            within += w->s[i] <= mid;
        if (2 * within >= w->n)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

static void put_waits(const struct ol_waits *waits, struct ol_wr *w)
{
    ol_cbor_put_array(w, 3);
    ol_cbor_put_uint(w, waits->n);
    ol_cbor_put_uint(w, ol_waits_median(waits));
    ol_cbor_put_uint(w, ol_waits_worst(waits));
}

static void put_side(const struct ol_stats_side *s, struct ol_wr *w)
{
    const uint32_t counts[] = {s->messages[0], s->messages[1], s->messages[2], s->messages[3], s->exercise,
                               s->taken,       s->answered,    s->declined,    s->standbys,    s->corrected,
                               s->amended,     s->cancelled,   s->not_passed,  s->escalated[0], s->escalated[1],
                               s->escalated[2], s->escalated[3], s->tests_held, s->tests_answered, s->tests_missed};
    size_t n = sizeof counts / sizeof counts[0];

    ol_cbor_put_array(w, n + 2);
    for (size_t i = 0; i < n; i++)
        ol_cbor_put_uint(w, counts[i]);
    put_waits(&s->to_taken, w);
    put_waits(&s->to_answered, w);
}

void ol_stats_hash(const struct ol_stats *s, struct ol_hash *out)
{
    uint8_t numbers[512];
    struct ol_wr w = ol_wr_to(numbers, sizeof numbers);
    struct ol_span bytes;

    ol_cbor_put_array(&w, 3);
    ol_cbor_put_text(&w, ol_span(s->month.name, OL_MONTH));
    put_side(&s->side[0], &w);
    put_side(&s->side[1], &w);
    assert(!w.full);
    bytes = ol_wr_span(&w);
    ol_sha256(&bytes, 1, out);
}

/* ---- The entry ---- */

void ol_stats_signed_write(const struct ol_stats_signed *s, struct ol_wr *w)
{
    assert(s->month.to > s->month.from);
    ol_cbor_put_array(w, s->paths.n > 0 ? 3 : 2);
    ol_cbor_put_text(w, ol_span(s->month.name, OL_MONTH));
    ol_cbor_put_bytes(w, ol_span(s->hash.b, sizeof s->hash.b));
    if (s->paths.n > 0)
        ol_path_times_write(&s->paths, w);
}

enum ol_err ol_stats_signed_read(struct ol_span body, struct ol_stats_signed *out)
{
    struct ol_rd r = ol_rd_from(body);
    size_t n = ol_cbor_array(&r);
    struct ol_span month = ol_cbor_text(&r);
    struct ol_span hash = ol_cbor_bytes(&r);
    struct ol_stats_signed read = {0};

    *out = read;
    if (n < 2 || n > 3 || (n == 3 && !ol_path_times_read(&r, &read.paths)) || ol_rd_end(&r) ||
        hash.len != sizeof out->hash.b || ol_month_read(month, &read.month))
        return OL_MALFORMED;
    *out = read;
    memcpy(out->hash.b, hash.p, hash.len);
    return OL_OK;
}
