/* SPDX-License-Identifier: Apache-2.0 */
/* The items of a frame, one after the other: what reads is written back byte by byte. */
#include "fuzz.h"
#include "wire/item.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[2 + OL_ENTRY_MAX];
    struct ol_rd r = ol_rd_from(ol_span(data, size));

    for (;;) {
        const uint8_t *from = r.p;
        struct ol_wr w = ol_wr_to(out, sizeof out);
        struct ol_item item;
        enum ol_err err = ol_item_read(&r, &item);

        if (err) {
            assert(err == (r.bad ? OL_MALFORMED : OL_ABSENT) && item.kind == 0);
            return 0;
        }
        ol_item_write(&item, &w);
        fuzz_same(&w, from, (size_t)(r.p - from));
    }
}
