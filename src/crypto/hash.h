/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), HMAC (RFC 2104), HKDF (RFC 5869), all with 32-byte outputs. */
#ifndef OL_CRYPTO_HASH_H
#define OL_CRYPTO_HASH_H

#include "crypto/keys.h"

/* SHA-256 over the parts, one after the other, as if joined. */
void ol_sha256(const struct ol_span *parts, size_t n, struct ol_hash *out);

/* SHA-256 of what comes piece by piece. */
struct ol_sha256_sum {
    _Alignas(8) uint8_t state[104];
};
void ol_sha256_begin(struct ol_sha256_sum *sum);
void ol_sha256_add(struct ol_sha256_sum *sum, struct ol_span piece);
void ol_sha256_end(struct ol_sha256_sum *sum, struct ol_hash *out);

/* HMAC-SHA-256 with a key of 32 bytes, over the parts. */
void ol_hmac(const uint8_t key[static 32], const struct ol_span *parts, size_t n, struct ol_hash *out);

/* HKDF-SHA-256: extract(salt, key) then expand(info), 32 bytes. An empty salt is RFC 5869's zeros. */
void ol_hkdf(const uint8_t key[static 32], struct ol_span salt, struct ol_span info, uint8_t out[static 32]);

/* The labels of doc/protocol.md, one function each, so that they stand in one place.
 * id0 = HKDF(key, salt empty, "openline/1 id"): public. */
void ol_public_id(const struct ol_courier_key *key, struct ol_hash *id0);
/* HKDF(key, salt line id, "openline/1 noise" | "openline/1 tag A" | "openline/1 tag B" |
 * "openline/1 salt"). */
void ol_line_keys(const struct ol_courier_key *key, const struct ol_hash *line, struct ol_line_keys *out);
/* HKDF(direction key, salt empty, "openline/1 path" and the path's number as one byte). */
void ol_path_tx_key(const struct ol_dir_key *dir, uint8_t path, struct ol_tx_key *out);
void ol_path_rx_key(const struct ol_dir_key *dir, uint8_t path, struct ol_rx_key *out);
/* The direction's key of the next phase: HKDF(direction key, salt empty, "openline/1 next"). */
void ol_next_phase(const struct ol_dir_key *dir, struct ol_dir_key *out);
/* The salt of an entry's commitment: first 16 bytes of HMAC(salt key, author | seq as 8 bytes). */
void ol_entry_salt(const struct ol_salt_key *key, uint8_t author, uint64_t seq, uint8_t out[static 16]);
/* First 8 bytes of HMAC(tag key, first two bytes | Noise message). */
void ol_handshake_tag(const struct ol_tag_key *key, const uint8_t first[static 2], struct ol_span noise,
                      uint8_t out[static 8]);
/* What the holder of this tag key must be told to type: 30 digits and a NUL. Six groups of five,
 * each from five bytes of HMAC(tag key, line id), big-endian, modulo 100,000. A side shows the
 * code made with the OTHER side's tag key and must be given the one made with its own. */
void ol_compare_code(const struct ol_tag_key *key, const struct ol_hash *line, char out[static 31]);

#endif
