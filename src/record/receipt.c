/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts: the one place that says when this station owes the peer its signature on what
 * it holds, and makes it.
 */
#include <assert.h>

#include "record/record.h"
#include "base/cbor.h"

static enum ol_err write_receipt(struct ol_record *r, struct ol_batch_space *b, uint8_t flags, uint32_t alone,
                                 uint32_t utc)
{
    struct ol_due *d = &r->due;
    uint8_t body[8 * OL_DUE_ALONE];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct ol_put text = {.what = OL_PUT_ROW};
    struct ol_put *put;
    enum ol_err err = OL_OK;

    assert(d->unread_n <= OL_DUE_ALONE && (alone > 0) == ((flags & OL_FLAG_ALONE) != 0));
    ol_cbor_put_array(&w, d->unread_n);
    for (size_t i = 0; i < d->unread_n; i++)
        ol_cbor_put_uint(&w, d->unread[i]);
    assert(!w.full);
    text.row.h.kind = OL_KIND_RECEIPT;
    text.row.h.flags = flags;
    text.row.body = ol_wr_span(&w);
    if (flags & OL_FLAG_ALONE) {
        text.row.h.xseq = alone;
        err = ol_record_hash(r, ol_record_peer(r)->author, alone, &text.row.h.xhash);
        assert(err == OL_OK);
    }
    put = ol_batch_add(b, &text);
    err = ol_record_append(r, put, utc);
    if (err) {
        b->n--;
        return err;
    }
    ol_record_seal_row(r, &put->row);
    d->unread_n = 0;
    assert(put->row.h.kind == OL_KIND_RECEIPT && put->row.sealed);
    return OL_OK;
}

bool ol_record_owes(const struct ol_record *r, bool waits)
{
    const struct ol_due *d = &r->due;

    return d->alone_n > 0 || d->unread_n > 0 || (d->some && (d->precedence >= OL_IMMEDIATE || !waits));
}

enum ol_err ol_record_receipts(struct ol_record *r, struct ol_batch_space *b, bool texts_follow, bool waits,
                               uint32_t utc)
{
    struct ol_due *d = &r->due;
    enum ol_err err = OL_OK;

    assert(d->alone_n <= OL_DUE_ALONE);
    for (size_t i = 0; i < d->alone_n && !err; i++) {
        /* What the head has passed in the meantime is said by the receipt of the head. */
        if (d->alone[i].seq <= ol_record_peer(r)->head)
            d->some = true;
        else
            err = write_receipt(r, b, (uint8_t)(d->alone[i].precedence << 6 | OL_FLAG_ALONE), d->alone[i].seq, utc);
        if (d->alone[i].seq <= ol_record_peer(r)->head && d->alone[i].precedence > d->precedence)
            d->precedence = d->alone[i].precedence;
    }
    d->alone_n = 0;
    if (err)
        return err;
    if (d->unread_n > 0 || (d->some && (d->precedence >= OL_IMMEDIATE || (!texts_follow && !waits))))
        err = write_receipt(r, b, (uint8_t)(d->precedence << 6), 0, utc);
    return err;
}
