/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans of borrowed bytes, and a reader and a writer that remember their first
 * failure, so that a parser reads like its table in doc/protocol.md. Integers are
 * big-endian.
 */
#ifndef OL_BASE_BYTES_H
#define OL_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Borrowed bytes: valid as long as their owner says. */
struct ol_span {
    const uint8_t *p;
    size_t len;
};

static inline struct ol_span ol_span(const void *p, size_t len)
{
    return (struct ol_span){.p = p, .len = len};
}

bool ol_span_equal(struct ol_span a, struct ol_span b);

/* Reader: after a short read everything it gives is zero and ol_rd_end says MALFORMED. */
struct ol_rd {
    const uint8_t *p;
    size_t left;
    bool bad;
};

struct ol_rd ol_rd_from(struct ol_span in);
uint8_t ol_rd_u8(struct ol_rd *r);
uint16_t ol_rd_u16(struct ol_rd *r);
uint32_t ol_rd_u32(struct ol_rd *r);
uint64_t ol_rd_u64(struct ol_rd *r);
void ol_rd_bytes(struct ol_rd *r, void *out, size_t len);
struct ol_span ol_rd_take(struct ol_rd *r, size_t len); /* borrows from the input; empty when short */
/* Looks at the next byte without taking it; 0 when there is none (r is not marked bad). */
uint8_t ol_rd_peek(const struct ol_rd *r);
/* OK when all was read and nothing is left over, else MALFORMED. */
OL_MUST_USE enum ol_err ol_rd_end(const struct ol_rd *r);

/* Writer into the caller's buffer: a write that does not fit sets `full` and writes nothing. */
struct ol_wr {
    uint8_t *p;
    size_t len;
    size_t cap;
    bool full;
};

struct ol_wr ol_wr_to(void *buf, size_t cap);
void ol_wr_u8(struct ol_wr *w, uint8_t v);
void ol_wr_u16(struct ol_wr *w, uint16_t v);
void ol_wr_u32(struct ol_wr *w, uint32_t v);
void ol_wr_u64(struct ol_wr *w, uint64_t v);
void ol_wr_bytes(struct ol_wr *w, const void *p, size_t len);
size_t ol_wr_room(const struct ol_wr *w); /* bytes that still fit */
struct ol_span ol_wr_span(const struct ol_wr *w);

#endif
