/* SPDX-License-Identifier: Apache-2.0 */
/* A card: what reads is written back byte by byte. */
#include "crypto/hash.h"
#include "fuzz.h"
#include "wire/card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ol_card none;
    struct ol_span in = ol_span(data, size);
    uint8_t out[OL_CARD_MAX];
    struct ol_wr w = ol_wr_to(out, sizeof out);
    struct ol_card card;
    struct ol_hash hash;
    struct ol_hash fingerprint;
    enum ol_err err;

    if (ol_card_read(in, &card)) {
        assert(memcmp(&card, &none, sizeof card) == 0);
        return 0;
    }
    err = ol_card_write(&card, &w);
    assert(err == OL_OK);
    fuzz_same(&w, data, size);
    ol_sha256(&in, 1, &hash);
    ol_card_hash(&card, &fingerprint);
    assert(ol_hash_equal(&hash, &fingerprint));
    return 0;
}
