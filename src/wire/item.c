/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/item.h"

#include <assert.h>

/* The byte after a sync's kind. */
#define SYNC_STARTING 0x80u
#define SYNC_ANSWER 0x40u
#define SYNC_RANGES 0x3fu

/* The byte after an echo's kind. */
#define ECHO_ASK 0x80u
#define ECHO_OFF_RECORD 0x40u
#define ECHO_DESK 4 /* and the bit above it */
#define ECHO_PATH 0x0fu
#define DESK_MOST 2u

#define DELAY_MOST 0xfffeu
#define DELAY_UNHEARD 0xffffu

static void write_range(struct ol_range range, struct ol_wr *w)
{
    assert(range.from >= 1 && range.from <= range.to);
    ol_wr_u32(w, range.from);
    ol_wr_u32(w, range.to);
}

static void write_ranges(const struct ol_ranges *ranges, struct ol_wr *w)
{
    for (uint32_t i = 0; i < ranges->n; i++)
        write_range(ranges->r[i], w);
}

static void write_sync(const struct ol_sync *sync, struct ol_wr *w)
{
    assert(sync->held.n <= OL_RANGES);
    ol_wr_u8(w, (uint8_t)((sync->starting ? SYNC_STARTING : 0) | (sync->answer ? SYNC_ANSWER : 0) | sync->held.n));
    ol_wr_u32(w, sync->own_head);
    ol_wr_u32(w, sync->your_head);
    ol_wr_bytes(w, sync->your_hash, sizeof sync->your_hash);
    write_ranges(&sync->held, w);
}

static void write_aside(const struct ol_ranges *aside, struct ol_wr *w)
{
    assert(aside->n <= OL_RANGES);
    ol_wr_u8(w, (uint8_t)aside->n);
    write_ranges(aside, w);
}

static void write_echo(const struct ol_echo *echo, struct ol_wr *w)
{
    uint16_t delay = echo->delay_ms < DELAY_MOST ? echo->delay_ms : DELAY_MOST;

    assert(echo->path < OL_PATHS && echo->desk <= DESK_MOST);
    ol_wr_u8(w, (uint8_t)((echo->ask ? ECHO_ASK : 0) | (echo->off_record ? ECHO_OFF_RECORD : 0) |
                          echo->desk << ECHO_DESK | echo->path));
    ol_wr_u32(w, echo->heard ? echo->counter : 0);
    ol_wr_u16(w, echo->heard ? delay : DELAY_UNHEARD);
    ol_wr_u32(w, echo->time);
}

static void write_want(const struct ol_want *want, struct ol_wr *w)
{
    assert(want->stream == 'A' || want->stream == 'B');
    ol_wr_u8(w, want->stream);
    write_range(want->range, w);
}

static void write_part(const struct ol_part *part, struct ol_wr *w)
{
    assert((part->author == 'A' || part->author == 'B') && part->seq > 0);
    assert(part->bytes.len > 0 && part->offset + part->bytes.len <= part->total && part->total <= OL_ENTRY_MAX);
    ol_wr_u8(w, part->author);
    ol_wr_u32(w, part->seq);
    ol_wr_u16(w, part->total);
    ol_wr_u16(w, part->offset);
    ol_wr_bytes(w, part->bytes.p, part->bytes.len);
}

void ol_item_write(const struct ol_item *item, struct ol_wr *w)
{
    if (item->kind != OL_ITEM_ENTRY) /* whose kind is its own first byte */
        ol_wr_u8(w, (uint8_t)item->kind);
    switch (item->kind) {
    case OL_ITEM_SYNC:
        write_sync(&item->sync, w);
        break;
    case OL_ITEM_ASIDE:
        write_aside(&item->aside, w);
        break;
    case OL_ITEM_ECHO:
        write_echo(&item->echo, w);
        break;
    case OL_ITEM_WANT:
    case OL_ITEM_NONE:
        write_want(&item->want, w);
        break;
    case OL_ITEM_BACK:
        break;
    case OL_ITEM_PART:
        write_part(&item->part, w);
        break;
    case OL_ITEM_OFF_RECORD:
        assert(item->off_record.len > 0);
        ol_wr_bytes(w, item->off_record.p, item->off_record.len);
        break;
    default:
        assert(item->kind == OL_ITEM_ENTRY);
        ol_entry_write(&item->entry, w);
    }
}

static bool is_author(uint8_t c)
{
    return c == 'A' || c == 'B';
}

static struct ol_range read_range(struct ol_rd *r)
{
    struct ol_range range;

    range.from = ol_rd_u32(r);
    range.to = ol_rd_u32(r);
    if (range.from == 0 || range.from > range.to)
        r->bad = true;
    return range;
}

static void read_ranges(struct ol_rd *r, uint32_t n, struct ol_ranges *out)
{
    uint32_t above = 0;

    if (n > OL_RANGES)
        r->bad = true;
    for (out->n = 0; out->n < n && !r->bad; out->n++) {
        struct ol_range range = read_range(r);

        if (range.from <= above)
            r->bad = true;
        above = range.to;
        out->r[out->n] = range;
    }
    assert(r->bad || out->n == n);
}

static void read_sync(struct ol_rd *r, struct ol_sync *sync)
{
    uint8_t bits = ol_rd_u8(r);

    assert(!r->bad || bits == 0);
    sync->starting = bits & SYNC_STARTING;
    sync->answer = bits & SYNC_ANSWER;
    sync->own_head = ol_rd_u32(r);
    sync->your_head = ol_rd_u32(r);
    ol_rd_bytes(r, sync->your_hash, sizeof sync->your_hash);
    read_ranges(r, bits & SYNC_RANGES, &sync->held);
    assert(r->bad || sync->held.n <= OL_RANGES);
}

static void read_echo(struct ol_rd *r, struct ol_echo *echo)
{
    uint8_t bits = ol_rd_u8(r);

    echo->ask = bits & ECHO_ASK;
    echo->off_record = bits & ECHO_OFF_RECORD;
    echo->desk = bits >> ECHO_DESK & 3;
    echo->path = bits & ECHO_PATH;
    assert(echo->path < OL_PATHS);
    echo->counter = ol_rd_u32(r);
    echo->delay_ms = ol_rd_u16(r);
    echo->time = ol_rd_u32(r);
    echo->heard = echo->delay_ms != DELAY_UNHEARD;
    if (echo->desk > DESK_MOST || (!echo->heard && echo->counter != 0))
        r->bad = true;
}

static void read_want(struct ol_rd *r, struct ol_want *want)
{
    want->stream = ol_rd_u8(r);
    want->range = read_range(r);
    if (!is_author(want->stream))
        r->bad = true;
}

static void read_part(struct ol_rd *r, struct ol_part *part)
{
    part->author = ol_rd_u8(r);
    part->seq = ol_rd_u32(r);
    part->total = ol_rd_u16(r);
    part->offset = ol_rd_u16(r);
    part->bytes = ol_rd_take(r, r->left);
    assert(part->bytes.p != NULL || part->bytes.len == 0);
    if (!is_author(part->author) || part->seq == 0 || part->bytes.len == 0
        || part->total > OL_ENTRY_MAX || part->offset + part->bytes.len > part->total)
        r->bad = true;
}

static void read_item(struct ol_rd *r, struct ol_item *item)
{
    item->kind = ol_rd_u8(r);
    switch (item->kind) {
    case OL_ITEM_SYNC:
        read_sync(r, &item->sync);
        break;
    case OL_ITEM_ASIDE:
        read_ranges(r, ol_rd_u8(r), &item->aside);
        break;
    case OL_ITEM_ECHO:
        read_echo(r, &item->echo);
        break;
    case OL_ITEM_WANT:
    case OL_ITEM_NONE:
        read_want(r, &item->want);
        break;
    case OL_ITEM_BACK:
        break;
    case OL_ITEM_PART:
        read_part(r, &item->part);
        break;
    case OL_ITEM_OFF_RECORD:
        item->off_record = ol_rd_take(r, r->left);
        r->bad = item->off_record.len == 0;
        break;
    default:
        r->bad = true;
    }
}

enum ol_err ol_item_read(struct ol_rd *r, struct ol_item *item)
{
    *item = (struct ol_item){0};
    if (!r->bad && r->left == 0)
        return OL_ABSENT;
    if (ol_rd_peek(r) < OL_ITEM_ENTRY)
        read_item(r, item);
    else if (ol_entry_read(r, &item->entry) == OL_OK)
        item->kind = OL_ITEM_ENTRY;
    assert(r->bad || item->kind != 0);
    if (!r->bad)
        return OL_OK;
    *item = (struct ol_item){0};
    return OL_MALFORMED;
}
