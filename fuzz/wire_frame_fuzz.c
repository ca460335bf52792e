/* SPDX-License-Identifier: Apache-2.0 */
/* The outside of what crosses a path, and the counter of which it has the low half. */
#include <stdlib.h>

#include "fuzz.h"
#include "wire/frame.h"

static void widen(const struct ol_outer *o)
{
    struct ol_rd r = ol_rd_from(o->rest);
    uint64_t expected = ol_rd_u64(&r) >> 1; /* a session is over long before 2^63 */
    uint64_t counter = ol_counter_widen(expected, o->counter);
    uint64_t apart = counter > expected ? counter - expected : expected - counter;

    assert((uint16_t)counter == o->counter);
    assert(apart <= 0x8000 || (expected < 0x8000 && counter <= 0xffff));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ol_outer o;
    uint8_t *out;
    struct ol_wr w;

    if (ol_outer_read(ol_span(data, size), &o)) {
        assert(o.rest.p == NULL && o.type == 0);
        return 0;
    }
    if (o.type == OL_FRAME)
        widen(&o);
    out = malloc(size);
    w = ol_wr_to(out, size);
    ol_outer_write(&o, &w);
    ol_wr_bytes(&w, o.rest.p, o.rest.len);
    fuzz_same(&w, data, size);
    free(out);
    return 0;
}
