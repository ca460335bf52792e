/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A commit in the making: rows and notes that become durable together. Fixed memory;
 * bodies are copied in, so that nothing in it is borrowed.
 */
#ifndef OL_RECORD_BATCH_H
#define OL_RECORD_BATCH_H

#include "base/limits.h"
#include "record/row.h"

/* Places that received entries and texts leave free for what must go with them: receipts, a resume. */
#define OL_BATCH_RESERVED 72u
#define OL_BATCH_RESERVED_BYTES 4096u /* of their bodies: a resume's reason, receipts with numbers not read */

struct ol_batch_space {
    struct ol_put puts[OL_BATCH_ROWS];
    size_t n;
    uint8_t bytes[OL_BATCH_BYTES];
    size_t used;
};

void ol_batch_clear(struct ol_batch_space *b);
/* Whether n more puts with len bytes of bodies fit, leaving the reserve free. */
bool ol_batch_fits(const struct ol_batch_space *b, size_t n, size_t len);
/* Copies the put in, its row's body too. The caller has asked
 * ol_batch_fits, or it is what the reserve is for. The result may be changed until
 * the batch is handed out. */
struct ol_put *ol_batch_add(struct ol_batch_space *b, const struct ol_put *put);

#endif
