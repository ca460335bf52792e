/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/linetest.h"

#include <assert.h>
#include <string.h>

#include "base/cbor.h"
#include "wire/card.h"

#define MINUTE_S 60u

const char *ol_slot_state_name(enum ol_slot_state state)
{
    static const char *const names[] = {"due", "answered", "missed"};

    assert((unsigned)state < sizeof names / sizeof names[0]);
    return names[state];
}

const char *ol_tests_state_name(enum ol_tests_state state)
{
    static const char *const names[] = {"none", "green", "amber", "red"};

    assert((unsigned)state < sizeof names / sizeof names[0]);
    return names[state];
}

/* ---- Bodies ---- */

void ol_linetest_write(const struct ol_linetest *t, struct ol_wr *w)
{
    assert((t->slot == 0) == (t->about > 0));
    ol_cbor_put_array(w, t->slot == 0 ? 1 : t->lang.len == 0 ? 2 : 3);
    ol_cbor_put_uint(w, t->slot == 0 ? t->about : t->slot);
    if (t->slot > 0)
        ol_cbor_put_text(w, t->text);
    if (t->lang.len > 0)
        ol_cbor_put_text(w, t->lang);
}

static bool read_body(struct ol_rd *r, struct ol_linetest *t)
{
    size_t n = ol_cbor_array(r);
    uint64_t number = ol_cbor_uint(r);

    assert(t->slot == 0 && t->about == 0);
    if (n < 1 || n > 3 || number == 0 || number > UINT32_MAX)
        return false;
    if (n == 1) {
        t->about = (uint32_t)number;
        return true;
    }
    t->slot = (uint32_t)number;
    t->text = ol_cbor_text(r);
    if (n == 3)
        t->lang = ol_cbor_text(r);
    return number % MINUTE_S == 0 && t->text.len > 0 && t->text.len <= OL_LINETEST_TEXT &&
           (n == 2 || ol_lang_valid(t->lang));
}

enum ol_err ol_linetest_read(struct ol_span body, struct ol_linetest *t)
{
    struct ol_rd r = ol_rd_from(body);

    *t = (struct ol_linetest){0};
    if (read_body(&r, t) && ol_rd_end(&r) == OL_OK)
        return OL_OK;
    *t = (struct ol_linetest){0};
    return OL_MALFORMED;
}

/* ---- What is on record ---- */

void ol_linetest_note(struct ol_linetests *t, const struct ol_row *row)
{
    size_t side = row->h.author == 'B';
    struct ol_linetest_mark *list = t->mark[side];
    size_t at = t->n[side];
    struct ol_linetest body;

    assert(t->cap > 0 && at <= t->cap);
    if (row->h.kind != OL_KIND_TEST || ol_linetest_read(row->body, &body))
        return;
    while (at > 0 && list[at - 1].seq > row->h.seq)
        at--;
    if (at > 0 && list[at - 1].seq == row->h.seq)
        return;
    if (t->n[side] == t->cap) {
        if (at == 0)
            return;
        at--;
        memmove(&list[0], &list[1], at * sizeof list[0]);
    } else {
        memmove(&list[at + 1], &list[at], (t->n[side] - at) * sizeof list[0]);
        t->n[side]++;
    }
    list[at] = (struct ol_linetest_mark){row->h.seq, row->h.time, body.slot, body.about};
}

/* ---- Schedules ---- */

static bool is_schedule(const struct ol_accord *x)
{
    return x->what.topic == OL_TOPIC_TESTS && x->accepted > 0;
}

static uint32_t start_of(const struct ol_accord *x)
{
    return x->accepted > x->what.start ? x->accepted : x->what.start;
}

const struct ol_accord *ol_schedule_at(const struct ol_agree *a, uint32_t at)
{
    const struct ol_accord *last = NULL;

    assert(a->accords <= 2 * OL_AGREE_EACH);
    for (size_t i = 0; i < a->accords; i++) {
        const struct ol_accord *x = &a->accord[i];

        if (is_schedule(x) && start_of(x) <= at && (last == NULL || x->accepted >= last->accepted))
            last = x;
    }
    return last != NULL && (last->state != OL_ACCORD_ENDED || at < last->last.since) ? last : NULL;
}

/* The first slot of this schedule that begins at `from` or later. What another schedule or an end cuts off does not
 * come back, so there is none after one that is not to be. */
static bool next_of(const struct ol_agree *a, const struct ol_accord *x, uint32_t from, struct ol_slot *out)
{
    uint64_t period = (uint64_t)x->what.every * MINUTE_S;
    uint64_t first = from > start_of(x) ? from : start_of(x);
    uint64_t number = (first + period - 1) / period;
    uint64_t end = number * period + period / 4;

    assert(period > 0);
    if (end > UINT32_MAX || ol_schedule_at(a, (uint32_t)(number * period)) != x ||
        (x->state == OL_ACCORD_ENDED && end > x->last.since))
        return false;
    *out = (struct ol_slot){.schedule = x, .begin = (uint32_t)(number * period), .end = (uint32_t)end,
                            .side = number % 2 == 0 ? 'A' : 'B'};
    return true;
}

bool ol_slot_next(const struct ol_agree *a, uint32_t from, struct ol_slot *out)
{
    struct ol_slot one;

    *out = (struct ol_slot){0};
    for (size_t i = 0; i < a->accords; i++) {
        if (is_schedule(&a->accord[i]) && next_of(a, &a->accord[i], from, &one) &&
            (out->begin == 0 || one.begin < out->begin))
            *out = one;
    }
    assert(out->begin == 0 || out->begin >= from);
    return out->begin > 0;
}

size_t ol_slots_of(const struct ol_agree *a, uint32_t from, uint32_t to, struct ol_slot *out, size_t cap)
{
    size_t n = 0;

    assert(from <= to);
    while (n < cap && ol_slot_next(a, from, &out[n]) && out[n].begin <= to)
        from = out[n++].begin + 1;
    return n;
}

/* ---- What came of them ---- */

static struct ol_slot *find_slot(struct ol_slot *slot, size_t n, uint32_t begin)
{
    size_t low = 0;

    while (low < n) {
        size_t mid = low + (n - low) / 2;

        if (slot[mid].begin == begin)
            return &slot[mid];
        if (slot[mid].begin < begin)
            low = mid + 1;
        else
            n = mid;
    }
    return NULL;
}

/* The test of this side with this number, or NULL. */
static const struct ol_linetest_mark *find_test(const struct ol_linetests *t, size_t side, uint32_t seq)
{
    size_t low = 0;
    size_t high = t->n[side];

    assert(side < 2);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct ol_linetest_mark *m = &t->mark[side][mid];

        if (m->seq == seq)
            return m->slot > 0 ? m : NULL;
        if (m->seq < seq)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static void fill_tests(const struct ol_linetests *t, size_t side, struct ol_slot *slot, size_t n)
{
    for (size_t i = 0; i < t->n[side]; i++) {
        const struct ol_linetest_mark *m = &t->mark[side][i];
        struct ol_slot *s = m->slot > 0 ? find_slot(slot, n, m->slot) : NULL;

        if (s == NULL || s->side != 'A' + side || s->test > 0)
            continue;
        assert(i == 0 || m->seq > m[-1].seq);
        s->test = m->seq;
        s->sent_at = m->time;
    }
}

static void fill_answers(const struct ol_linetests *t, size_t side, struct ol_slot *slot, size_t n)
{
    for (size_t i = 0; i < t->n[side]; i++) {
        const struct ol_linetest_mark *m = &t->mark[side][i];
        const struct ol_linetest_mark *test = m->slot == 0 ? find_test(t, 1 - side, m->about) : NULL;
        struct ol_slot *s = test != NULL ? find_slot(slot, n, test->slot) : NULL;

        if (s == NULL || s->side != 'B' - side || s->test != test->seq || s->answer > 0)
            continue;
        s->answer = m->seq;
        s->answered_at = m->time;
    }
}

void ol_slots_fill(const struct ol_linetests *t, struct ol_slot *slot, size_t n)
{
    for (size_t side = 0; side < 2; side++)
        fill_tests(t, side, slot, n);
    for (size_t side = 0; side < 2; side++)
        fill_answers(t, side, slot, n);
}

enum ol_slot_state ol_slot_state(const struct ol_slot *s, uint32_t now)
{
    assert(s->begin < s->end);
    if (s->test > 0 && s->answer > 0 && s->sent_at >= s->begin && s->answered_at < s->end)
        return OL_SLOT_ANSWERED;
    return now < s->end ? OL_SLOT_DUE : OL_SLOT_MISSED;
}

/* ---- How the line stands ---- */

static void look_no_later_than(struct ol_tests *out, uint32_t at)
{
    assert(at > 0);
    if (out->look == 0 || at < out->look)
        out->look = at;
}

/* An answer that says it is of later counts when that moment has come: nobody clears what is yet to be missed. */
static void look_at_answers(struct ol_tests *out, const struct ol_linetests *t, size_t side, uint32_t now)
{
    for (size_t i = 0; i < t->n[side]; i++) {
        const struct ol_linetest_mark *m = &t->mark[side][i];

        if (m->slot > 0 || find_test(t, 1 - side, m->about) == NULL)
            continue;
        if (m->time > now)
            look_no_later_than(out, m->time);
        else if (m->time > out->answered_at)
            out->answered_at = m->time;
    }
}

static void look_at_slot(struct ol_tests *out, const struct ol_slot *s, uint32_t now, size_t *missed)
{
    enum ol_slot_state state = ol_slot_state(s, now);

    assert(s->begin <= now);
    *missed += state == OL_SLOT_MISSED && s->end > out->answered_at;
    if (s->end > now)
        out->due = *s;
}

void ol_tests_at(const struct ol_agree *a, const struct ol_linetests *t, uint32_t now, struct ol_slot *room,
                 struct ol_tests *out)
{
    const struct ol_accord *schedule = ol_schedule_at(a, now);
    uint32_t from = now > OL_SLOTS_DAYS * 86400 ? now - OL_SLOTS_DAYS * 86400 : 0;
    size_t n = ol_slots_of(a, from, now, room, OL_SLOTS_MAX);
    size_t missed = 0;

    *out = (struct ol_tests){0};
    look_at_answers(out, t, 0, now);
    look_at_answers(out, t, 1, now);
    ol_slots_fill(t, room, n);
    for (size_t i = 0; schedule != NULL && i < n; i++) {
        if (room[i].schedule == schedule)
            look_at_slot(out, &room[i], now, &missed);
    }
    if (schedule != NULL)
        out->state = missed == 0 ? OL_TESTS_GREEN : missed == 1 ? OL_TESTS_AMBER : OL_TESTS_RED;
    if (now < UINT32_MAX && ol_slot_next(a, now + 1, &out->next))
        look_no_later_than(out, out->next.begin);
    if (out->due.begin > 0)
        look_no_later_than(out, out->due.end);
    assert(out->look == 0 || out->look > now);
}
