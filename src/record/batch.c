/* SPDX-License-Identifier: Apache-2.0 */
#include "record/batch.h"

#include <assert.h>
#include <string.h>

void ol_batch_clear(struct ol_batch_space *b)
{
    b->n = 0;
    b->used = 0;
}

bool ol_batch_fits(const struct ol_batch_space *b, size_t n, size_t len)
{
    assert(b->n <= OL_BATCH_ROWS && b->used <= OL_BATCH_BYTES);
    return b->n + n + OL_BATCH_RESERVED <= OL_BATCH_ROWS &&
           b->used + len + OL_BATCH_RESERVED_BYTES <= OL_BATCH_BYTES;
}

struct ol_put *ol_batch_add(struct ol_batch_space *b, const struct ol_put *put)
{
    struct ol_put *to = &b->puts[b->n];
    size_t len = put->row.body.len;

    assert(b->n < OL_BATCH_ROWS && len <= OL_BATCH_BYTES - b->used);
    b->n++;
    *to = *put;
    if (len > 0)
        memmove(b->bytes + b->used, put->row.body.p, len); /* it may stand in this very batch */
    to->row.body = ol_span(b->bytes + b->used, len);
    b->used += len;
    return to;
}
