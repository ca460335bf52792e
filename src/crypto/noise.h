/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Noise_KKpsk0_25519_ChaChaPoly_SHA256 (Noise revision 34):
 *
 *     -> s
 *     <- s
 *     ...
 *     -> psk, e, es, ss
 *     <- e, ee, se
 *
 * Both sides work on a copy of the state and keep it only when a message was accepted.
 * Nothing is negotiated. An all-zero Diffie-Hellman output is refused (RFC 7748, 6.1).
 */
#ifndef OL_CRYPTO_NOISE_H
#define OL_CRYPTO_NOISE_H

#include "crypto/keys.h"

#define OL_NOISE_OVERHEAD 48u /* ephemeral key and tag, each message */

/* Holds secrets from start to finish: wipe with ol_noise_wipe. */
struct ol_noise {
    struct ol_hash h;
    struct ol_hash ck;
    uint8_t k[32];
    struct ol_noise_psk psk;
    struct ol_dh_sk s;
    struct ol_dh_sk e;
    struct ol_dh_pk s_pk; /* ours */
    struct ol_dh_pk rs;   /* theirs */
    struct ol_dh_pk re;   /* theirs, once received */
    bool initiator;
};

struct ol_noise_cfg {
    bool initiator;
    struct ol_span prologue;
    const struct ol_noise_psk *psk;
    const struct ol_dh_sk *own;
    const struct ol_dh_pk *peer;
};

void ol_noise_init(struct ol_noise *n, const struct ol_noise_cfg *cfg);
/* Makes the ephemeral key from the given randomness and writes payload.len + 48 bytes to out (message 1
 * by the initiator, message 2 by the responder). OK, or FORGED when a Diffie-Hellman output is all zero;
 * then the state is as before and nothing is written. */
OL_MUST_USE enum ol_err ol_noise_write(struct ol_noise *n, struct ol_random random, struct ol_span payload,
                                       uint8_t *out);
/* Reads the other side's message; writes in.len - 48 bytes of payload, which may be opened in place. On
 * any result but OK the state is as before and nothing is written. MALFORMED (short) or FORGED. n->re is
 * the sender's ephemeral key. */
OL_MUST_USE enum ol_err ol_noise_read(struct ol_noise *n, struct ol_span in, uint8_t *payload);
/* After message 2: the two directions' keys, from the point of view of this side, and the handshake
 * hash (may be NULL). Wipes the state. */
void ol_noise_split(struct ol_noise *n, struct ol_dir_key *tx, struct ol_dir_key *rx, struct ol_hash *h);
void ol_noise_wipe(struct ol_noise *n);

#endif
