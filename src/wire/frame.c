/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/frame.h"

#include <assert.h>

void ol_outer_write(const struct ol_outer *o, struct ol_wr *w)
{
    assert(o->type == OL_MESSAGE_1 || o->type == OL_MESSAGE_2 || o->type == OL_FRAME);
    assert(o->phase <= (o->type == OL_FRAME ? 1 : 0) && o->session <= 15 && o->path <= 15);
    ol_wr_u8(w, (uint8_t)(o->type << 4 | o->phase));
    ol_wr_u8(w, (uint8_t)(o->session << 4 | o->path));
    if (o->type == OL_FRAME)
        ol_wr_u16(w, o->counter);
    else
        ol_wr_bytes(w, o->tag, sizeof o->tag);
}

/* The least that `rest` can be, and the highest value of the first byte's low half. */
static bool fits_type(const struct ol_outer *o)
{
    assert(o->session <= 15 && o->path <= 15);
    if (o->type == OL_FRAME)
        return o->rest.len >= OL_FRAME_OVERHEAD - OL_FRAME_HEAD && o->phase <= 1;
    return (o->type == OL_MESSAGE_1 || o->type == OL_MESSAGE_2) && o->phase == 0 &&
           o->rest.len >= OL_HANDSHAKE_OVERHEAD - OL_HANDSHAKE_HEAD;
}

enum ol_err ol_outer_read(struct ol_span in, struct ol_outer *o)
{
    struct ol_rd r = ol_rd_from(in);
    uint8_t first = ol_rd_u8(&r);
    uint8_t second = ol_rd_u8(&r);

    *o = (struct ol_outer){.type = first >> 4, .phase = first & 15, .session = second >> 4, .path = second & 15};
    if (o->type == OL_FRAME)
        o->counter = ol_rd_u16(&r);
    else
        ol_rd_bytes(&r, o->tag, sizeof o->tag);
    o->rest = ol_rd_take(&r, r.left);
    if (!r.bad && fits_type(o))
        return OL_OK;
    *o = (struct ol_outer){0};
    return OL_MALFORMED;
}

uint64_t ol_counter_widen(uint64_t expected, uint16_t low)
{
    uint16_t ahead = (uint16_t)(low - expected);
    uint64_t counter = expected + ahead;

    assert((uint16_t)counter == low);
    /* More than half way round is nearer from below, unless that would be before the first. */
    return ahead > 0x8000u && counter > 0xffffu ? counter - 0x10000u : counter;
}
