/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/entry.h"

#include <assert.h>

#include "base/limits.h"

#define ALWAYS 14u /* kind, flags, seq, xseq, time */

static size_t behind_body(uint8_t flags)
{
    return (flags & OL_WIRE_PREV ? 32u : 0u) + (flags & OL_WIRE_XHASH ? 32u : 0u) + (flags & OL_WIRE_SEAL ? 64u : 0u);
}

size_t ol_entry_size(const struct ol_entry *e)
{
    assert(e->body.len <= OL_BODY_MAX);
    assert(e->body.p != NULL || e->body.len == 0);
    return ALWAYS + (e->flags & OL_WIRE_LENGTH ? 2u : 0u) + e->body.len + behind_body(e->flags);
}

void ol_entry_write(const struct ol_entry *e, struct ol_wr *w)
{
    assert(e->kind >= 32 && e->body.len <= OL_BODY_MAX);
    assert(e->body.p != NULL || e->body.len == 0);
    ol_wr_u8(w, e->kind);
    ol_wr_u8(w, e->flags);
    if (e->flags & OL_WIRE_LENGTH)
        ol_wr_u16(w, (uint16_t)e->body.len);
    ol_wr_u32(w, e->seq);
    ol_wr_u32(w, e->xseq);
    ol_wr_u32(w, e->time);
    ol_wr_bytes(w, e->body.p, e->body.len);
    if (e->flags & OL_WIRE_PREV)
        ol_wr_bytes(w, e->prev.b, sizeof e->prev.b);
    if (e->flags & OL_WIRE_XHASH)
        ol_wr_bytes(w, e->xhash.b, sizeof e->xhash.b);
    if (e->flags & OL_WIRE_SEAL)
        ol_wr_bytes(w, e->seal.b, sizeof e->seal.b);
}

/* Without a length the body is what the fields behind it leave; if these do not fit, reading fails. */
static size_t body_len(const struct ol_rd *r, uint8_t flags, uint16_t length)
{
    size_t before = 12; /* seq, xseq, time */

    if (flags & OL_WIRE_LENGTH)
        return length;
    return r->left > before + behind_body(flags) ? r->left - before - behind_body(flags) : 0;
}

enum ol_err ol_entry_read(struct ol_rd *r, struct ol_entry *e)
{
    size_t len;

    *e = (struct ol_entry){0};
    e->kind = ol_rd_u8(r);
    e->flags = ol_rd_u8(r);
    len = body_len(r, e->flags, e->flags & OL_WIRE_LENGTH ? ol_rd_u16(r) : 0);
    e->seq = ol_rd_u32(r);
    e->xseq = ol_rd_u32(r);
    e->time = ol_rd_u32(r);
    e->body = ol_rd_take(r, len);
    if (e->flags & OL_WIRE_PREV)
        ol_rd_bytes(r, e->prev.b, sizeof e->prev.b);
    if (e->flags & OL_WIRE_XHASH)
        ol_rd_bytes(r, e->xhash.b, sizeof e->xhash.b);
    if (e->flags & OL_WIRE_SEAL)
        ol_rd_bytes(r, e->seal.b, sizeof e->seal.b);
    if (r->bad || e->kind < 32 || e->seq == 0 || e->seq > OL_SEQ_MAX || len > OL_BODY_MAX) {
        *e = (struct ol_entry){0};
        r->bad = true;
        return OL_MALFORMED;
    }
    assert(e->body.len == len && ol_entry_size(e) <= OL_ENTRY_MAX + 2);
    return OL_OK;
}
