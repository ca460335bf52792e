/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys file, as it is and with the right sum behind it: what reads is written back byte by byte.
 */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/hash.h"
#include "fuzz.h"
#include "station/keyring.h"

#define SUM_SIZE (4u + 64 + 1)

static void read_keys(struct ol_span text)
{
    static const struct ol_keyring none;
    struct ol_keyring k;
    size_t bad_line = 0;
    uint8_t *out;
    struct ol_wr w;

    if (ol_keyring_read(text, &k, &bad_line)) {
        assert(bad_line > 0 && memcmp(&k, &none, sizeof k) == 0);
        return;
    }
    out = malloc(text.len);
    w = ol_wr_to(out, text.len);
    assert(ol_keyring_size(&k) == text.len);
    ol_keyring_write(&k, &w);
    fuzz_same(&w, text.p, text.len);
    free(out);
    ol_keyring_fini(&k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ol_span text = ol_span(data, size);
    char *summed = malloc(size + SUM_SIZE + 1);
    char *at = summed + size;
    struct ol_hash sum;

    read_keys(text);
    memcpy(summed, data, size);
    ol_sha256(&text, 1, &sum);
    at += sprintf(at, "sum ");
    for (size_t i = 0; i < sizeof sum.b; i++)
        at += sprintf(at, "%02x", sum.b[i]);
    *at = '\n';
    read_keys(ol_span(summed, size + SUM_SIZE));
    free(summed);
    return 0;
}
