/* SPDX-License-Identifier: Apache-2.0 */
/* Entries as they travel, one after the other: what reads is written back byte by byte. */
#include "base/limits.h"
#include "fuzz.h"
#include "wire/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[2 + OL_ENTRY_MAX];
    struct ol_rd r = ol_rd_from(ol_span(data, size));

    while (r.left > 0) {
        const uint8_t *from = r.p;
        struct ol_wr w = ol_wr_to(out, sizeof out);
        struct ol_entry e;

        if (ol_entry_read(&r, &e)) {
            assert(r.bad && e.body.p == NULL && e.seq == 0);
            return 0;
        }
        assert(e.kind >= 32 && e.seq > 0 && e.seq <= OL_SEQ_MAX);
        ol_entry_write(&e, &w);
        assert(w.len == ol_entry_size(&e));
        fuzz_same(&w, from, (size_t)(r.p - from));
    }
    return 0;
}
