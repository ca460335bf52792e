/* SPDX-License-Identifier: Apache-2.0 */
/* The header that is hashed and signed: what reads is written back byte by byte. */
#include "fuzz.h"
#include "wire/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ol_header none;
    struct ol_header h;
    struct ol_hash line;
    uint8_t out[OL_HEADER];

    if (ol_header_read(ol_span(data, size), &line, &h)) {
        assert(memcmp(&h, &none, sizeof h) == 0);
        return 0;
    }
    ol_header_write(&line, &h, out);
    assert(size == OL_HEADER && memcmp(out, data, size) == 0);
    return 0;
}
