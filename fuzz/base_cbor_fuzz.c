/* SPDX-License-Identifier: Apache-2.0 */
/* Deterministic CBOR: what is accepted libcbor reads alike, and both write it back byte by byte. */
#include <cbor.h>
#include <stdlib.h>

#include "fuzz.h"
#include "../test/base/cbor_check.h"

/* Only on what was accepted: on anything else libcbor may ask for all memory there is. */
static void compare_libcbor(const uint8_t *data, size_t size)
{
    struct cbor_load_result result;
    cbor_item_t *item = cbor_load(data, size, &result);
    unsigned char *out = NULL;
    size_t cap;
    size_t len;

    assert(item != NULL && result.error.code == CBOR_ERR_NONE && result.read == size);
    len = cbor_serialize_alloc(item, &out, &cap);
    assert(ol_span_equal(ol_span(out, len), ol_span(data, size)));
    free(out);
    cbor_decref(&item);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ol_rd r = ol_rd_from(ol_span(data, size));
    uint8_t *out;
    struct ol_wr w;

    if (cbor_check(ol_span(data, size)))
        return 0;
    out = malloc(size);
    w = ol_wr_to(out, size);
    cbor_write_again(&r, &w);
    assert(ol_rd_end(&r) == OL_OK);
    fuzz_same(&w, data, size);
    compare_libcbor(data, size);
    free(out);
    return 0;
}
