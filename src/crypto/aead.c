/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/aead.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define NONCE crypto_aead_chacha20poly1305_ietf_NPUBBYTES

static_assert(OL_TAG == crypto_aead_chacha20poly1305_ietf_ABYTES, "Poly1305 tag");
static_assert(sizeof(struct ol_tx_key) == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "ChaCha20 key");

static void make_nonce(uint64_t counter, uint8_t nonce[static NONCE])
{
    memset(nonce, 0, 4);
    for (size_t i = 4; i < NONCE; i++, counter >>= 8)
        nonce[i] = (uint8_t)counter;
    assert(counter == 0); /* all of it is in the nonce */
}

void ol_seal(const struct ol_tx_key *key, uint64_t counter, struct ol_span ad, struct ol_span in, uint8_t *out)
{
    uint8_t nonce[NONCE];

    assert(in.p != NULL || in.len == 0);
    assert(ad.p != NULL || ad.len == 0);
    assert(out != NULL);
    make_nonce(counter, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, in.p, in.len, ad.p, ad.len, NULL, nonce, key->b);
}

/* Checked first and decrypted then: libsodium zeroes its output when the tag is wrong, and a frame that
 * is opened in place must stay as it is, for it may be tried with another phase's key. */
enum ol_err ol_open(const struct ol_rx_key *key, uint64_t counter, struct ol_span ad, struct ol_span in, uint8_t *out)
{
    uint8_t nonce[NONCE];
    const uint8_t *tag;
    size_t len;

    assert(in.p != NULL || in.len == 0);
    assert(ad.p != NULL || ad.len == 0);
    if (in.len < OL_TAG)
        return OL_MALFORMED;
    len = in.len - OL_TAG;
    assert(out != NULL || len == 0);
    tag = in.p + len;
    make_nonce(counter, nonce);
    if (crypto_aead_chacha20poly1305_ietf_decrypt_detached(NULL, NULL, in.p, len, tag, ad.p, ad.len,
                                                           nonce, key->b) != 0)
        return OL_FORGED;
    if (len > 0) /* nothing inside: out may have no memory */
        crypto_stream_chacha20_ietf_xor_ic(out, in.p, len, nonce, 1, key->b); /* block 0 keyed the tag */
    return OL_OK;
}
