/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <assert.h>
#include <string.h>

bool ol_span_equal(struct ol_span a, struct ol_span b)
{
    assert((a.p != NULL || a.len == 0) && (b.p != NULL || b.len == 0));
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

struct ol_rd ol_rd_from(struct ol_span in)
{
    assert(in.p != NULL || in.len == 0);
    return (struct ol_rd){.p = in.p, .left = in.len};
}

/* The one place that moves a reader. NULL when fewer than len bytes are left. */
static const uint8_t *advance(struct ol_rd *r, size_t len)
{
    const uint8_t *at = r->p;

    if (r->bad || r->left < len) {
        r->bad = true;
        return NULL;
    }
    if (len > 0)
        r->p += len;
    r->left -= len;
    return at;
}

static uint64_t read_be(struct ol_rd *r, size_t len)
{
    const uint8_t *p = advance(r, len);
    uint64_t v = 0;

    assert(len >= 1 && len <= sizeof v);
    for (size_t i = 0; p != NULL && i < len; i++)
        v = v << 8 | p[i];
    return v;
}

uint8_t ol_rd_u8(struct ol_rd *r)
{
    return (uint8_t)read_be(r, 1);
}

uint16_t ol_rd_u16(struct ol_rd *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t ol_rd_u32(struct ol_rd *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t ol_rd_u64(struct ol_rd *r)
{
    return read_be(r, 8);
}

void ol_rd_bytes(struct ol_rd *r, void *out, size_t len)
{
    const uint8_t *p = advance(r, len);

    if (len == 0)
        return;
    assert(out != NULL);
    if (p != NULL)
        memcpy(out, p, len);
    else
        memset(out, 0, len);
}

struct ol_span ol_rd_take(struct ol_rd *r, size_t len)
{
    const uint8_t *p = advance(r, len);

    return p != NULL ? ol_span(p, len) : ol_span(NULL, 0);
}

uint8_t ol_rd_peek(const struct ol_rd *r)
{
    return !r->bad && r->left > 0 ? *r->p : 0;
}

enum ol_err ol_rd_end(const struct ol_rd *r)
{
    return r->bad || r->left > 0 ? OL_MALFORMED : OL_OK;
}

struct ol_wr ol_wr_to(void *buf, size_t cap)
{
    assert(buf != NULL || cap == 0);
    return (struct ol_wr){.p = buf, .cap = cap};
}

static uint8_t *extend(struct ol_wr *w, size_t len)
{
    assert(w->len <= w->cap);
    if (w->full || w->cap - w->len < len) {
        w->full = true;
        return NULL;
    }
    w->len += len;
    return w->p + w->len - len;
}

static void write_be(struct ol_wr *w, uint64_t v, size_t len)
{
    uint8_t *p = extend(w, len);

    assert(len >= 1 && len <= sizeof v);
    for (size_t i = len; p != NULL && i > 0; i--, v >>= 8)
        p[i - 1] = (uint8_t)v;
}

void ol_wr_u8(struct ol_wr *w, uint8_t v)
{
    write_be(w, v, 1);
}

void ol_wr_u16(struct ol_wr *w, uint16_t v)
{
    write_be(w, v, 2);
}

void ol_wr_u32(struct ol_wr *w, uint32_t v)
{
    write_be(w, v, 4);
}

void ol_wr_u64(struct ol_wr *w, uint64_t v)
{
    write_be(w, v, 8);
}

void ol_wr_bytes(struct ol_wr *w, const void *p, size_t len)
{
    uint8_t *to = extend(w, len);

    assert(p != NULL || len == 0);
    if (to != NULL && len > 0)
        memcpy(to, p, len);
}

size_t ol_wr_room(const struct ol_wr *w)
{
    assert(w->len <= w->cap);
    return w->full ? 0 : w->cap - w->len;
}

struct ol_span ol_wr_span(const struct ol_wr *w)
{
    assert(w->len <= w->cap);
    return ol_span(w->p, w->len);
}
