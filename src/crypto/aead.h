/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ChaCha20-Poly1305 (RFC 8439) as Noise uses it: the nonce is four zero bytes and the
 * counter, little-endian. The tag of 16 bytes stands behind the ciphertext.
 */
#ifndef OL_CRYPTO_AEAD_H
#define OL_CRYPTO_AEAD_H

#include "crypto/keys.h"

#define OL_TAG 16u

/* Writes in.len + 16 bytes to out; in and out may be the same memory. */
void ol_seal(const struct ol_tx_key *key, uint64_t counter, struct ol_span ad, struct ol_span in, uint8_t *out);
/* Writes in.len - 16 bytes to out, or nothing. OK, FORGED, or MALFORMED when shorter than a tag. */
OL_MUST_USE enum ol_err ol_open(const struct ol_rx_key *key, uint64_t counter, struct ol_span ad,
                                struct ol_span in, uint8_t *out);

#endif
