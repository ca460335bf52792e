/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries about the line itself, not about a message. Bodies (deterministic CBOR):
 *
 *     receipt    [number, ...]                               those whose bodies could not be read
 *     resume     [first lost, last lost, reason text]
 *     close      []                                          its author writes nothing more but receipts
 *     succeeds   [old line's id, head A, hash A, head B, hash B]   on a successor line, before any message
 *     unfreeze   [resume, reason text]     resume: number of the peer's resume that is accepted; 0: none yet
 */
#ifndef OL_DESK_LEDGER_H
#define OL_DESK_LEDGER_H

#include "record/record.h"

/* LIMIT when there are more than max. */
OL_MUST_USE enum ol_err ol_receipt_read(struct ol_span body, uint32_t *unread, size_t max, size_t *n);
/* The reason is borrowed. */
OL_MUST_USE enum ol_err ol_resume_read(struct ol_span body, uint32_t *from, uint32_t *to, struct ol_span *reason);

void ol_close_write(struct ol_wr *w);
OL_MUST_USE enum ol_err ol_close_read(struct ol_span body);

struct ol_succeeds {
    struct ol_hash line;     /* the id of the line that is succeeded */
    struct ol_place head[2]; /* of A, of B, as the author held them */
};
void ol_succeeds_write(const struct ol_succeeds *s, struct ol_wr *w);
OL_MUST_USE enum ol_err ol_succeeds_read(struct ol_span body, struct ol_succeeds *s);

struct ol_unfreeze {
    uint32_t resume;
    struct ol_span reason; /* borrowed; never empty */
};
void ol_unfreeze_write(const struct ol_unfreeze *u, struct ol_wr *w);
OL_MUST_USE enum ol_err ol_unfreeze_read(struct ol_span body, struct ol_unfreeze *u);

#endif
