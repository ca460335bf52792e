/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/terms.h"

#include <assert.h>
#include <string.h>

#include "base/cbor.h"
#include "desk/alarm.h"

/* ---- Times ---- */

const char *ol_time_name(unsigned which)
{
    static const char *const names[OL_TIMES] = {"flash",        "immediate",        "priority",        "routine",
                                                "answer_flash", "answer_immediate", "answer_priority", "answer_routine",
                                                "desk",         "duty",             "unit"};

    assert(which < OL_TIMES);
    return names[which];
}

void ol_times_init(struct ol_times *t)
{
    *t = (struct ol_times){0};
    for (unsigned i = OL_ROUTINE; i <= OL_FLASH; i++)
        t->s[OL_TIME_TAKE + OL_FLASH - i] = ol_alarm_take_s((enum ol_precedence)i);
    assert(t->s[OL_TIME_TAKE] > 0);
}

uint32_t ol_times_take(const struct ol_times *t, enum ol_precedence precedence)
{
    return t->s[OL_TIME_TAKE + OL_FLASH - precedence];
}

uint32_t ol_times_answer(const struct ol_times *t, enum ol_precedence precedence)
{
    return t->s[OL_TIME_ANSWER + OL_FLASH - precedence];
}

uint32_t ol_times_onward(const struct ol_times *t, uint8_t stage)
{
    assert(stage > OL_STAGE_NONE && stage < OL_STAGES);
    return t->s[OL_TIME_ONWARD + stage - 1];
}

void ol_times_write(const struct ol_times *t, struct ol_wr *w)
{
    assert(t->s[OL_TIME_TAKE] > 0);
    ol_cbor_put_array(w, OL_TIMES + OL_TIMES_ROLES);
    for (size_t i = 0; i < OL_TIMES; i++)
        ol_cbor_put_uint(w, t->s[i]);
    for (size_t i = 0; i < OL_TIMES_ROLES; i++)
        ol_cbor_put_text(w, t->role[i]);
}

static bool read_times(struct ol_rd *r, struct ol_times *t)
{
    size_t n = ol_cbor_array(r);
    bool good = n == OL_TIMES + OL_TIMES_ROLES;

    for (size_t i = 0; good && i < OL_TIMES; i++) {
        uint64_t s = ol_cbor_uint(r);

        good = s <= OL_TIMES_MAX_S && (s > 0 || i >= OL_TIME_ANSWER);
        t->s[i] = (uint32_t)s;
    }
    for (size_t i = 0; good && i < OL_TIMES_ROLES; i++) {
        t->role[i] = ol_cbor_text(r);
        good = t->role[i].len == 0 || (t->role[i].len <= OL_WORD_ROLE && ol_word_valid(t->role[i]));
    }
    return good;
}

enum ol_err ol_times_read(struct ol_span data, struct ol_times *t)
{
    struct ol_rd r = ol_rd_from(data);

    *t = (struct ol_times){0};
    if (read_times(&r, t) && ol_rd_end(&r) == OL_OK)
        return OL_OK;
    *t = (struct ol_times){0};
    return OL_MALFORMED;
}

/* ---- Handling ---- */

static const char *const forbidden[OL_FORBIDS] = {"publish", "feed", "forward"};

const char *ol_forbids_name(unsigned bit)
{
    assert(bit < OL_FORBIDS);
    return forbidden[bit];
}

uint8_t ol_forbids_of(struct ol_span name)
{
    for (unsigned i = 0; i < OL_FORBIDS; i++) {
        if (ol_span_equal(name, ol_span(forbidden[i], strlen(forbidden[i]))))
            return (uint8_t)(1u << i);
    }
    return 0;
}

void ol_handlings_init(struct ol_handlings *t)
{
    static const struct {
        const char *word;
        uint8_t forbids;
    } given[OL_HANDLINGS_GIVEN] = {
        {"open", 0}, {"not-for-publication", OL_FORBIDS_PUBLISH}, {"addressee-only", OL_FORBIDS_ALL}};

    for (t->n = 0; t->n < OL_HANDLINGS_GIVEN; t->n++)
        t->row[t->n] = (struct ol_handling){ol_span(given[t->n].word, strlen(given[t->n].word)), given[t->n].forbids};
}

const struct ol_handling *ol_handling_find(const struct ol_handlings *t, struct ol_span word)
{
    assert(t->n >= OL_HANDLINGS_GIVEN && t->n <= OL_HANDLINGS_GIVEN + OL_HANDLINGS_AGREED);
    for (size_t i = 0; i < t->n; i++) {
        if (ol_span_equal(t->row[i].word, word))
            return &t->row[i];
    }
    return NULL;
}

bool ol_handling_forbids(const struct ol_handlings *t, struct ol_span word, enum ol_forbids what)
{
    const struct ol_handling *row = ol_handling_find(t, word);

    if (word.len == 0)
        return false;
    return row == NULL || (row->forbids & what);
}

void ol_handlings_write(const struct ol_handlings *t, struct ol_wr *w)
{
    assert(t->n > OL_HANDLINGS_GIVEN && t->n <= OL_HANDLINGS_GIVEN + OL_HANDLINGS_AGREED);
    ol_cbor_put_array(w, 2 * (t->n - OL_HANDLINGS_GIVEN));
    for (size_t i = OL_HANDLINGS_GIVEN; i < t->n; i++) {
        ol_cbor_put_text(w, t->row[i].word);
        ol_cbor_put_uint(w, t->row[i].forbids);
    }
}

static bool is_after(struct ol_span word, struct ol_span last)
{
    size_t len = word.len < last.len ? word.len : last.len;
    int order = memcmp(word.p, last.p, len);

    return order > 0 || (order == 0 && word.len > last.len);
}

static bool read_handling(struct ol_rd *r, struct ol_handlings *t)
{
    struct ol_handling *row = &t->row[t->n];
    uint64_t forbids;

    row->word = ol_cbor_text(r);
    forbids = ol_cbor_uint(r);
    row->forbids = (uint8_t)forbids;
    if (row->word.len > OL_WORD_LEVEL || !ol_word_valid(row->word) || forbids > OL_FORBIDS_ALL ||
        ol_handling_find(t, row->word) != NULL ||
        (t->n > OL_HANDLINGS_GIVEN && !is_after(row->word, t->row[t->n - 1].word)))
        return false;
    t->n++;
    return true;
}

enum ol_err ol_handlings_read(struct ol_span data, struct ol_handlings *t)
{
    struct ol_rd r = ol_rd_from(data);
    size_t n = ol_cbor_array(&r);
    bool good = n > 0 && n % 2 == 0 && n / 2 <= OL_HANDLINGS_AGREED;

    ol_handlings_init(t);
    for (size_t i = 0; good && i < n / 2; i++)
        good = read_handling(&r, t);
    if (good && ol_rd_end(&r) == OL_OK)
        return OL_OK;
    ol_handlings_init(t);
    return OL_MALFORMED;
}

/* ---- Rate ---- */

bool ol_rate_counts(uint8_t flags, const struct ol_message *m)
{
    static const char service[] = OL_LEVEL_SERVICE;

    return ol_flags_precedence(flags) != OL_FLASH && !ol_span_equal(m->level, ol_span(service, sizeof service - 1));
}

uint32_t ol_rate_count(struct ol_rate *r, uint32_t time)
{
    if (time / 60 > r->minute)
        *r = (struct ol_rate){.minute = time / 60};
    assert(r->n < UINT32_MAX);
    return ++r->n;
}

void ol_rate_write(uint32_t per_minute, struct ol_wr *w)
{
    assert(per_minute > 0 && per_minute <= OL_RATE_MAX);
    ol_cbor_put_uint(w, per_minute);
}

enum ol_err ol_rate_read(struct ol_span data, uint32_t *per_minute)
{
    struct ol_rd r = ol_rd_from(data);
    uint64_t n = ol_cbor_uint(&r);

    *per_minute = 0;
    if (ol_rd_end(&r) || n == 0 || n > OL_RATE_MAX)
        return OL_MALFORMED;
    *per_minute = (uint32_t)n;
    return OL_OK;
}
