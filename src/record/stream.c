/* SPDX-License-Identifier: Apache-2.0 */
#include "record/stream.h"

#include <assert.h>
#include <string.h>

void ol_stream_init(struct ol_stream *s, uint8_t author)
{
    assert(author == 'A' || author == 'B');
    memset(s, 0, sizeof *s);
    s->author = author;
}

/* The ring, by position: numbers jump, positions do not. */
static const struct ol_place *place(const struct ol_stream *s, uint64_t position)
{
    assert(position < s->placed && s->placed - position <= OL_RING);
    return &s->ring[position % OL_RING];
}

/* The first early entry at or above this number; early_n when there is none. */
static size_t early_at(const struct ol_stream *s, uint32_t seq)
{
    size_t low = 0;
    size_t high = s->early_n;

    assert(s->early_n <= OL_EARLY_MAX);
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (s->early[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void drop_early(struct ol_stream *s, uint32_t up_to)
{
    size_t n = early_at(s, up_to + 1);

    memmove(&s->early[0], &s->early[n], (s->early_n - n) * sizeof s->early[0]);
    s->early_n -= n;
}

void ol_stream_step(struct ol_stream *s, uint32_t seq, const struct ol_hash *hash, uint32_t time)
{
    assert(seq > s->head);
    ol_stream_drop_aside(s, s->head + 1, seq);
    s->head = seq;
    s->head_hash = *hash;
    s->head_time = time;
    if (seq > s->top)
        s->top = seq;
    s->ring[s->placed % OL_RING] = (struct ol_place){.seq = seq, .hash = *hash};
    s->placed++;
    drop_early(s, seq);
    assert(s->top >= s->head && (s->early_n == 0 || s->early[0].seq > s->head));
}

bool ol_stream_hash(const struct ol_stream *s, uint32_t seq, struct ol_hash *out)
{
    uint64_t low = s->placed > OL_RING ? s->placed - OL_RING : 0;
    uint64_t high = s->placed;
    const struct ol_early *e = ol_stream_early(s, seq);

    if (e != NULL) {
        *out = e->hash;
        return true;
    }
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (place(s, middle)->seq == seq) {
            *out = place(s, middle)->hash;
            return true;
        }
        if (place(s, middle)->seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

uint32_t ol_stream_find(const struct ol_stream *s, const struct ol_hash *hash)
{
    uint64_t low = s->placed > OL_RING ? s->placed - OL_RING : 0;

    for (uint64_t i = s->placed; i > low; i--) {
        if (ol_hash_equal(&place(s, i - 1)->hash, hash))
            return place(s, i - 1)->seq;
    }
    return 0;
}

bool ol_stream_is_absent(const struct ol_stream *s, uint32_t seq)
{
    for (size_t i = 0; i < s->absent_n; i++) {
        if (seq >= s->absent[i].from && seq <= s->absent[i].to)
            return true;
    }
    return false;
}

enum ol_err ol_stream_absent(struct ol_stream *s, uint32_t from, uint32_t to)
{
    assert(from <= to);
    while (s->absent_n > 0 && s->absent[s->absent_n - 1].to >= from - 1)
        s->absent_n--;
    if (s->absent_n == OL_RESUMES)
        return OL_LIMIT;
    s->absent[s->absent_n++] = (struct ol_range){.from = from, .to = to};
    assert(s->absent_n <= OL_RESUMES && (s->absent_n < 2 || s->absent[s->absent_n - 2].to < from));
    return OL_OK;
}

const struct ol_early *ol_stream_early(const struct ol_stream *s, uint32_t seq)
{
    size_t i = early_at(s, seq);

    return i < s->early_n && s->early[i].seq == seq ? &s->early[i] : NULL;
}

enum ol_err ol_stream_keep_early(struct ol_stream *s, const struct ol_early *e, enum ol_precedence precedence)
{
    size_t room = OL_EARLY_MAX - (precedence >= OL_IMMEDIATE ? 0 : OL_EARLY_RESERVED);
    size_t i = early_at(s, e->seq);

    assert(ol_stream_early(s, e->seq) == NULL);
    assert(e->seq > s->head);
    if (s->early_n >= room)
        return OL_LIMIT;
    memmove(&s->early[i + 1], &s->early[i], (s->early_n - i) * sizeof s->early[0]);
    s->early[i] = *e;
    s->early_n++;
    if (e->seq > s->top)
        s->top = e->seq;
    ol_stream_drop_aside(s, e->seq, e->seq);
    return OL_OK;
}

static size_t aside_at(const struct ol_aside *a, uint32_t seq)
{
    size_t i = a->n;

    assert(a->n <= OL_ASIDE_ENTRIES && a->used <= OL_ASIDE_BYTES);
    while (i > 0 && a->index[i - 1].seq >= seq)
        i--;
    return i;
}

/* Packs what the index still names into the other half. */
static void aside_pack(struct ol_aside *a)
{
    unsigned other = 1 - a->half;
    uint32_t used = 0;

    for (size_t i = 0; i < a->n; i++) {
        memcpy(a->bytes[other] + used, a->bytes[a->half] + a->index[i].at, a->index[i].size);
        a->index[i].at = used;
        used += a->index[i].size;
    }
    assert(used <= a->used);
    a->half = other;
    a->used = used;
}

static void aside_remove(struct ol_aside *a, size_t from, size_t to)
{
    assert(from < to && to <= a->n);
    memmove(&a->index[from], &a->index[to], (a->n - to) * sizeof a->index[0]);
    a->n -= to - from;
    if (a->n == 0)
        a->used = 0;
}

static bool aside_fits(const struct ol_aside *a, size_t size)
{
    return a->n < OL_ASIDE_ENTRIES && OL_ASIDE_BYTES - a->used >= size;
}

/* The one to give up: of the lowest precedence the highest number. */
static size_t aside_victim(const struct ol_aside *a)
{
    enum ol_precedence lowest = OL_FLASH;
    size_t victim = a->n - 1;

    assert(a->n > 0);
    for (size_t i = a->n; i > 0; i--) {
        enum ol_precedence p = ol_flags_precedence(a->bytes[a->half][a->index[i - 1].at + 1]);

        if (p < lowest) {
            lowest = p;
            victim = i - 1;
        }
    }
    return victim;
}

void ol_stream_put_aside(struct ol_stream *s, const struct ol_entry *e)
{
    struct ol_aside *a = &s->aside;
    struct ol_entry with_length = *e;
    enum ol_precedence precedence = ol_flags_precedence(e->flags);
    size_t size;
    size_t i;

    with_length.flags |= OL_WIRE_LENGTH;
    size = ol_entry_size(&with_length);
    ol_stream_drop_aside(s, e->seq, e->seq);
    if (!aside_fits(a, size))
        aside_pack(a);
    while (!aside_fits(a, size)) {
        size_t victim = aside_victim(a);
        enum ol_precedence other = ol_flags_precedence(a->bytes[a->half][a->index[victim].at + 1]);

        if (precedence < other || (precedence == other && e->seq > a->index[victim].seq))
            return;
        aside_remove(a, victim, victim + 1);
        aside_pack(a);
    }
    i = aside_at(a, e->seq);
    assert(i == a->n || a->index[i].seq > e->seq);
    memmove(&a->index[i + 1], &a->index[i], (a->n - i) * sizeof a->index[0]);
    a->index[i].seq = e->seq;
    a->index[i].at = (uint32_t)a->used;
    a->index[i].size = (uint32_t)size;
    a->n++;
    struct ol_wr w = ol_wr_to(a->bytes[a->half] + a->used, size);
    ol_entry_write(&with_length, &w);
    assert(!w.full && w.len == size);
    a->used += size;
}

enum ol_err ol_stream_get_aside(const struct ol_stream *s, uint32_t seq, struct ol_entry *out)
{
    const struct ol_aside *a = &s->aside;
    size_t i = aside_at(a, seq);
    struct ol_rd r;

    if (i == a->n || a->index[i].seq != seq)
        return OL_ABSENT;
    assert(a->index[i].at + a->index[i].size <= a->used);
    r = ol_rd_from(ol_span(a->bytes[a->half] + a->index[i].at, a->index[i].size));
    return ol_entry_read(&r, out);
}

void ol_stream_drop_aside(struct ol_stream *s, uint32_t from, uint32_t to)
{
    struct ol_aside *a = &s->aside;
    size_t first = aside_at(a, from);
    size_t last = first;

    while (last < a->n && a->index[last].seq <= to)
        last++;
    if (last > first)
        aside_remove(a, first, last);
}

void ol_stream_early_ranges(const struct ol_stream *s, struct ol_ranges *out)
{
    out->n = 0;
    for (size_t i = 0; i < s->early_n; i++)
        ol_ranges_add(out, s->early[i].seq);
}

void ol_stream_aside_ranges(const struct ol_stream *s, struct ol_ranges *out)
{
    out->n = 0;
    for (size_t i = 0; i < s->aside.n; i++)
        ol_ranges_add(out, s->aside.index[i].seq);
}
