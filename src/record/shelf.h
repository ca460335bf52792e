/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the record may ask of the store that holds it: rows that are durable. The owner
 * passes it in; the calls are synchronous and change nothing.
 */
#ifndef OL_RECORD_SHELF_H
#define OL_RECORD_SHELF_H

#include "record/row.h"

struct ol_shelf {
    void *ctx;
    /* The first row of the author at or after this number. ABSENT when there is none. The body is borrowed
     * until the next call. */
    enum ol_err (*at)(void *ctx, uint8_t author, uint32_t from, struct ol_row *out);
    /* The row with this entry hash, also among what is kept as evidence. ABSENT. */
    enum ol_err (*by_hash)(void *ctx, uint8_t author, const struct ol_hash *hash, struct ol_row *out);
    /* The oldest text of this precedence in the outbox whose token is above `after`. ABSENT. */
    enum ol_err (*outbox)(void *ctx, enum ol_precedence precedence, uint64_t after, struct ol_put *out);
};

#endif
