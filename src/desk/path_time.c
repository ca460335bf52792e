/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/path_time.h"

#include <assert.h>
#include <string.h>

#include "base/cbor.h"
#include "desk/note_words.h"
#include "desk/message.h"

#define NUMBERS 5u

static bool set_carrier(struct ol_path_time *t, struct ol_span word)
{
    if (word.len > OL_CARRIER_MAX || !ol_word_valid(word))
        return false;
    memcpy(t->carrier, word.p, word.len);
    return true;
}

/* ---- In the own book ---- */

void ol_path_note_write(const struct ol_path_time *t, struct ol_wr *w)
{
    const uint32_t numbers[NUMBERS] = {t->path, t->from, t->up_s, t->down_s, t->rtt_ms};

    assert(t->path < OL_PATHS && t->carrier[0] != 0);
    ol_note_put_word(w, t->carrier);
    for (size_t i = 0; i < NUMBERS; i++) {
        ol_note_put_word(w, " ");
        ol_note_put_number(w, numbers[i]);
    }
    assert(w->len <= OL_PATH_NOTE_MAX || w->full);
}

enum ol_err ol_path_note_read(struct ol_span text, struct ol_path_time *t)
{
    bool ended = text.len == 0 || text.p[text.len - 1] == ' ';
    uint32_t n[NUMBERS] = {0};
    struct ol_path_time read = {0};
    bool good = set_carrier(&read, ol_note_take_word(&text)) && !ended;

    *t = (struct ol_path_time){0};
    for (size_t i = 0; i < NUMBERS; i++)
        good = good && ol_note_read_number(ol_note_take_word(&text), &n[i]);
    if (!good || text.len > 0 || n[0] >= OL_PATHS || n[4] > OL_PATH_RTT_MAX_MS)
        return OL_MALFORMED;
    read.path = (uint8_t)n[0];
    read.from = n[1];
    read.up_s = n[2];
    read.down_s = n[3];
    read.rtt_ms = n[4];
    *t = read;
    return OL_OK;
}

/* ---- Of a month ---- */

static uint32_t sum_of(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* The mean of two means, each for as long as it was measured. */
static uint32_t mean_of(const struct ol_path_time *a, const struct ol_path_time *b)
{
    uint64_t a_s = a->rtt_ms > 0 ? a->up_s : 0;
    uint64_t b_s = b->rtt_ms > 0 ? b->up_s : 0;

    if (a_s + b_s == 0)
        return 0;
    assert(a->rtt_ms <= OL_PATH_RTT_MAX_MS && b->rtt_ms <= OL_PATH_RTT_MAX_MS);
    return (uint32_t)((a->rtt_ms * a_s + b->rtt_ms * b_s) / (a_s + b_s));
}

void ol_path_times_add(struct ol_path_times *sum, const struct ol_path_time *more)
{
    size_t i = 0;

    assert(sum->n <= OL_PATHS);
    while (i < sum->n && (sum->path[i].path != more->path || strcmp(sum->path[i].carrier, more->carrier) != 0))
        i++;
    if (i == OL_PATHS)
        return;
    if (i == sum->n) {
        sum->path[sum->n++] = *more;
        sum->path[i].from = 0;
        return;
    }
    sum->path[i].rtt_ms = mean_of(&sum->path[i], more);
    sum->path[i].up_s = sum_of(sum->path[i].up_s, more->up_s);
    sum->path[i].down_s = sum_of(sum->path[i].down_s, more->down_s);
}

void ol_path_times_write(const struct ol_path_times *t, struct ol_wr *w)
{
    assert(t->n > 0 && t->n <= OL_PATHS);
    ol_cbor_put_array(w, t->n);
    for (size_t i = 0; i < t->n; i++) {
        const struct ol_path_time *p = &t->path[i];

        ol_cbor_put_array(w, NUMBERS);
        ol_cbor_put_uint(w, p->path);
        ol_cbor_put_text(w, ol_span(p->carrier, strlen(p->carrier)));
        ol_cbor_put_uint(w, p->up_s);
        ol_cbor_put_uint(w, p->down_s);
        ol_cbor_put_uint(w, p->rtt_ms);
    }
}

static bool read_one(struct ol_rd *r, struct ol_path_time *t)
{
    size_t n = ol_cbor_array(r);
    uint64_t path = ol_cbor_uint(r);
    struct ol_span carrier = ol_cbor_text(r);
    uint64_t up = ol_cbor_uint(r);
    uint64_t down = ol_cbor_uint(r);
    uint64_t rtt = ol_cbor_uint(r);

    assert(t->carrier[0] == 0);
    if (n != NUMBERS || path >= OL_PATHS || up > UINT32_MAX || down > UINT32_MAX || rtt > OL_PATH_RTT_MAX_MS ||
        !set_carrier(t, carrier))
        return false;
    t->path = (uint8_t)path;
    t->up_s = (uint32_t)up;
    t->down_s = (uint32_t)down;
    t->rtt_ms = (uint32_t)rtt;
    return true;
}

bool ol_path_times_read(struct ol_rd *r, struct ol_path_times *t)
{
    struct ol_path_times read = {.n = ol_cbor_array(r)};

    *t = (struct ol_path_times){0};
    if (read.n < 1 || read.n > OL_PATHS)
        return false;
    for (size_t i = 0; i < read.n; i++) {
        if (!read_one(r, &read.path[i]))
            return false;
    }
    *t = read;
    return true;
}
