/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deterministic CBOR (RFC 8949, 4.2.1), the subset that bodies and cards use: unsigned
 * integers below 2^64, byte and text strings, arrays, maps with unsigned keys below
 * 2^64 - 1 in ascending order, definite lengths, shortest forms only. Everything else is refused:
 * negative numbers, tags, floats, simple values, indefinite lengths, duplicate or
 * unsorted keys, text that is not UTF-8 (RFC 3629: no surrogates, no overlong forms).
 */
#ifndef OL_BASE_CBOR_H
#define OL_BASE_CBOR_H

#include "base/bytes.h"

enum ol_cbor_type {
    OL_CBOR_UINT = 0,
    OL_CBOR_BYTES = 2,
    OL_CBOR_TEXT = 3,
    OL_CBOR_ARRAY = 4,
    OL_CBOR_MAP = 5,
    OL_CBOR_NONE = 255, /* end of input, or something this subset does not have */
};

/* Reading: over an ol_rd, whose `bad` is set by anything not in the subset or not of the type asked
 * for; the value is then 0 or empty. */
enum ol_cbor_type ol_cbor_peek(const struct ol_rd *r);
uint64_t ol_cbor_uint(struct ol_rd *r);
struct ol_span ol_cbor_bytes(struct ol_rd *r); /* borrows from the input */
struct ol_span ol_cbor_text(struct ol_rd *r);  /* borrows from the input; checked UTF-8 */
size_t ol_cbor_array(struct ol_rd *r);         /* the number of items that follow */
size_t ol_cbor_map(struct ol_rd *r);           /* the number of pairs that follow */
/* Reads the next key of a map. *last is the key before, or UINT64_MAX at the first; a key that is not
 * above it marks r bad. */
uint64_t ol_cbor_key(struct ol_rd *r, uint64_t *last);

/* Writing: shortest forms by construction; the caller writes map keys in ascending order. */
void ol_cbor_put_uint(struct ol_wr *w, uint64_t v);
void ol_cbor_put_bytes(struct ol_wr *w, struct ol_span v);
void ol_cbor_put_text(struct ol_wr *w, struct ol_span v);
void ol_cbor_put_array(struct ol_wr *w, size_t n);
void ol_cbor_put_map(struct ol_wr *w, size_t n);

#endif
