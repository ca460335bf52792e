/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys are types, so that swapping two does not compile. Secrets end in _sk or _key
 * and are wiped by whoever holds them last (ol_wipe); they are compared only with
 * ol_secret_equal.
 */
#ifndef OL_CRYPTO_KEYS_H
#define OL_CRYPTO_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/ports.h"

struct ol_hash {
    uint8_t b[32];
};

struct ol_sig {
    uint8_t b[64];
};

struct ol_sign_pk {
    uint8_t b[32];
};

/* libsodium's 64 bytes: seed and public key. */
struct ol_sign_sk {
    uint8_t b[64];
};

struct ol_dh_pk {
    uint8_t b[32];
};

struct ol_dh_sk {
    uint8_t b[32];
};

/* The pre-shared key that a courier carries. Lives only while a line is paired. */
struct ol_courier_key {
    uint8_t b[32];
};

struct ol_noise_psk {
    uint8_t b[32];
};

/* Puts a tag before this side's handshake messages. */
struct ol_tag_key {
    uint8_t b[32];
};

struct ol_salt_key {
    uint8_t b[32];
};

/* Everything a line keeps of its courier key. Index of tag: 0 for A, 1 for B. */
struct ol_line_keys {
    struct ol_noise_psk psk;
    struct ol_tag_key tag[2];
    struct ol_salt_key salt;
};

/* One direction of a session; path keys and the next phase come from it. */
struct ol_dir_key {
    uint8_t b[32];
};

/* One direction on one path in one phase. */
struct ol_tx_key {
    uint8_t b[32];
};

struct ol_rx_key {
    uint8_t b[32];
};

/* Starts libsodium; call once before anything else. STORE never; IO when it cannot start. */
OL_MUST_USE enum ol_err ol_crypto_init(void);

/* The system's randomness as a port. */
struct ol_random ol_random_system(void);

void ol_wipe(void *p, size_t len);
bool ol_secret_equal(const void *a, const void *b, size_t len); /* in constant time */
bool ol_hash_equal(const struct ol_hash *a, const struct ol_hash *b);

/* Key pairs from the given randomness. */
void ol_sign_keygen(struct ol_random random, struct ol_sign_sk *sk, struct ol_sign_pk *pk);
void ol_dh_keygen(struct ol_random random, struct ol_dh_sk *sk, struct ol_dh_pk *pk);
/* The public halves, recomputed. */
void ol_sign_public(const struct ol_sign_sk *sk, struct ol_sign_pk *pk);
void ol_dh_public(const struct ol_dh_sk *sk, struct ol_dh_pk *pk);

#endif
