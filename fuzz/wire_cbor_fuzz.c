/* SPDX-License-Identifier: Apache-2.0 */
/* Deterministic CBOR: what is accepted libcbor reads alike, and both write it back byte by byte. */
#include <cbor.h>
#include <stdlib.h>

#include "fuzz.h"
#include "../test/wire/cbor_check.h"

static void copy_item(struct ol_rd *r, struct ol_wr *w)
{
    uint64_t last = UINT64_MAX;
    size_t n;

    switch (ol_cbor_peek(r)) {
    case OL_CBOR_UINT:
        ol_cbor_put_uint(w, ol_cbor_uint(r));
        break;
    case OL_CBOR_BYTES:
        ol_cbor_put_bytes(w, ol_cbor_bytes(r));
        break;
    case OL_CBOR_TEXT:
        ol_cbor_put_text(w, ol_cbor_text(r));
        break;
    case OL_CBOR_ARRAY:
        n = ol_cbor_array(r);
        ol_cbor_put_array(w, n);
        for (; n > 0; n--)
            copy_item(r, w);
        break;
    case OL_CBOR_MAP:
        n = ol_cbor_map(r);
        ol_cbor_put_map(w, n);
        for (; n > 0; n--) {
            ol_cbor_put_uint(w, ol_cbor_key(r, &last));
            copy_item(r, w);
        }
        break;
    case OL_CBOR_NONE:
        abort(); /* an accepted item has a type */
    }
}

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
    copy_item(&r, &w);
    assert(ol_rd_end(&r) == OL_OK);
    fuzz_same(&w, data, size);
    compare_libcbor(data, size);
    free(out);
    return 0;
}
