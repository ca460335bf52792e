/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cbor.h"

#include <assert.h>

#include "base/utf8.h"

static enum ol_cbor_type type_of(uint8_t first)
{
    switch (first >> 5) {
    case OL_CBOR_UINT:
    case OL_CBOR_BYTES:
    case OL_CBOR_TEXT:
    case OL_CBOR_ARRAY:
    case OL_CBOR_MAP:
        return (first & 31) <= 27 ? (enum ol_cbor_type)(first >> 5) : OL_CBOR_NONE;
    default:
        return OL_CBOR_NONE;
    }
}

enum ol_cbor_type ol_cbor_peek(const struct ol_rd *r)
{
    return !r->bad && r->left > 0 ? type_of(ol_rd_peek(r)) : OL_CBOR_NONE;
}

/* The argument that follows a first byte; one that a shorter form could hold is refused. */
static uint64_t read_argument(struct ol_rd *r, uint8_t info)
{
    uint64_t v = info;
    uint64_t least = 0;

    assert(info <= 27);
    if (info == 24) {
        v = ol_rd_u8(r);
        least = 24;
    } else if (info == 25) {
        v = ol_rd_u16(r);
        least = UINT64_C(1) << 8;
    } else if (info == 26) {
        v = ol_rd_u32(r);
        least = UINT64_C(1) << 16;
    } else if (info == 27) {
        v = ol_rd_u64(r);
        least = UINT64_C(1) << 32;
    }
    if (v < least)
        r->bad = true;
    return r->bad ? 0 : v;
}

static uint64_t read_head(struct ol_rd *r, enum ol_cbor_type type)
{
    if (ol_cbor_peek(r) != type) {
        r->bad = true;
        return 0;
    }
    return read_argument(r, ol_rd_u8(r) & 31);
}

/* A count of what takes at least `each` bytes; a count that cannot be true is refused before anyone
 * loops over it. */
static size_t read_count(struct ol_rd *r, enum ol_cbor_type type, size_t each)
{
    uint64_t n = read_head(r, type);

    assert(each >= 1);
    if (n > r->left / each)
        r->bad = true;
    assert(r->bad || n * each <= r->left);
    return r->bad ? 0 : (size_t)n;
}

uint64_t ol_cbor_uint(struct ol_rd *r)
{
    return read_head(r, OL_CBOR_UINT);
}

struct ol_span ol_cbor_bytes(struct ol_rd *r)
{
    return ol_rd_take(r, read_count(r, OL_CBOR_BYTES, 1));
}

struct ol_span ol_cbor_text(struct ol_rd *r)
{
    struct ol_span text = ol_rd_take(r, read_count(r, OL_CBOR_TEXT, 1));

    assert(!r->bad || text.len == 0);
    if (ol_utf8_valid(text))
        return text;
    r->bad = true;
    return ol_span(NULL, 0);
}

size_t ol_cbor_array(struct ol_rd *r)
{
    return read_count(r, OL_CBOR_ARRAY, 1);
}

size_t ol_cbor_map(struct ol_rd *r)
{
    return read_count(r, OL_CBOR_MAP, 2);
}

uint64_t ol_cbor_key(struct ol_rd *r, uint64_t *last)
{
    uint64_t key = ol_cbor_uint(r);

    assert(!r->bad || key == 0);
    /* UINT64_MAX itself stands for "none yet", so it cannot be a key. */
    if (key == UINT64_MAX || (*last != UINT64_MAX && key <= *last))
        r->bad = true;
    if (r->bad)
        return 0;
    *last = key;
    assert(key != UINT64_MAX);
    return key;
}

static void write_head(struct ol_wr *w, enum ol_cbor_type type, uint64_t v)
{
    uint8_t major = (uint8_t)(type << 5);

    assert(type <= OL_CBOR_MAP && major >> 5 == type);
    if (v < 24) {
        ol_wr_u8(w, (uint8_t)(major | v));
    } else if (v <= UINT8_MAX) {
        ol_wr_u8(w, major | 24);
        ol_wr_u8(w, (uint8_t)v);
    } else if (v <= UINT16_MAX) {
        ol_wr_u8(w, major | 25);
        ol_wr_u16(w, (uint16_t)v);
    } else if (v <= UINT32_MAX) {
        ol_wr_u8(w, major | 26);
        ol_wr_u32(w, (uint32_t)v);
    } else {
        ol_wr_u8(w, major | 27);
        ol_wr_u64(w, v);
    }
}

void ol_cbor_put_uint(struct ol_wr *w, uint64_t v)
{
    write_head(w, OL_CBOR_UINT, v);
}

void ol_cbor_put_bytes(struct ol_wr *w, struct ol_span v)
{
    write_head(w, OL_CBOR_BYTES, v.len);
    ol_wr_bytes(w, v.p, v.len);
}

void ol_cbor_put_text(struct ol_wr *w, struct ol_span v)
{
    write_head(w, OL_CBOR_TEXT, v.len);
    ol_wr_bytes(w, v.p, v.len);
}

void ol_cbor_put_array(struct ol_wr *w, size_t n)
{
    write_head(w, OL_CBOR_ARRAY, n);
}

void ol_cbor_put_map(struct ol_wr *w, size_t n)
{
    write_head(w, OL_CBOR_MAP, n);
}
