/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any item of the CBOR subset, whatever it means, read with the functions that read
 * bodies: for comparing them with other people's decoders.
 */
#ifndef TEST_WIRE_CBOR_CHECK_H
#define TEST_WIRE_CBOR_CHECK_H

#include "base/cbor.h"

#define CBOR_CHECK_DEEPEST 8u

static inline void cbor_skip(struct ol_rd *r, unsigned depth)
{
    enum ol_cbor_type type = ol_cbor_peek(r);
    uint64_t last = UINT64_MAX;
    size_t n = 0;

    if (type == OL_CBOR_UINT)
        ol_cbor_uint(r);
    else if (type == OL_CBOR_BYTES)
        ol_cbor_bytes(r);
    else if (type == OL_CBOR_TEXT)
        ol_cbor_text(r);
    else if (type == OL_CBOR_ARRAY && depth < CBOR_CHECK_DEEPEST)
        n = ol_cbor_array(r);
    else if (type == OL_CBOR_MAP && depth < CBOR_CHECK_DEEPEST)
        n = ol_cbor_map(r);
    else
        r->bad = true;
    for (; n > 0 && !r->bad; n--) {
        if (type == OL_CBOR_MAP)
            ol_cbor_key(r, &last);
        cbor_skip(r, depth + 1);
    }
}

/* One whole item, nested at most 8 deep, with nothing left over. OK or MALFORMED. */
static inline enum ol_err cbor_check(struct ol_span in)
{
    struct ol_rd r = ol_rd_from(in);

    cbor_skip(&r, 0);
    return ol_rd_end(&r);
}

/* Reads an item that was accepted and writes it again. */
static inline void cbor_write_again(struct ol_rd *r, struct ol_wr *w)
{
    uint64_t last = UINT64_MAX;
    size_t n;

    switch (ol_cbor_peek(r)) {
    case OL_CBOR_UINT:
        ol_cbor_put_uint(w, ol_cbor_uint(r));
        break;
    case OL_CBOR_BYTES:
        ol_cbor_put_bytes(w, ol_cbor_bytes(r));
        break;
    case OL_CBOR_TEXT:
        ol_cbor_put_text(w, ol_cbor_text(r));
        break;
    case OL_CBOR_ARRAY:
        n = ol_cbor_array(r);
        for (ol_cbor_put_array(w, n); n > 0; n--)
            cbor_write_again(r, w);
        break;
    case OL_CBOR_MAP:
        n = ol_cbor_map(r);
        for (ol_cbor_put_map(w, n); n > 0; n--) {
            ol_cbor_put_uint(w, ol_cbor_key(r, &last));
            cbor_write_again(r, w);
        }
        break;
    case OL_CBOR_NONE:
        r->bad = true;
    }
}

#endif
