/* SPDX-License-Identifier: Apache-2.0 */
/* What station and relay say to each other: what reads is written back byte by byte. */
#include "fuzz.h"
#include "path/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t out[OL_LINK_MAX];
    struct ol_wr w = ol_wr_to(out, sizeof out);
    struct ol_link_msg m;

    if (ol_link_read(ol_span(data, size), &m)) {
        assert(m.type == 0 && m.frame.p == NULL);
        return 0;
    }
    ol_link_write(&m, &w);
    fuzz_same(&w, data, size);
    return 0;
}
