/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secrets of a station as its `keys` file holds them. Text, one thing a line, hex in
 * lower case, every line ended by a newline, nothing else allowed:
 *
 *     openline keys 1: secret. Whoever has this file can sign in the name of this station.
 *     sign SEED                                        Ed25519 seed
 *     agree KEY                                        X25519 secret key
 *     line LINEID NOISEPSK TAGA TAGB SALT              any number, no line twice
 *     sum SHA256                                       over everything before this line
 */
#ifndef OL_STATION_KEYRING_H
#define OL_STATION_KEYRING_H

#include "crypto/keys.h"

struct ol_keyring_line {
    struct ol_hash id;
    struct ol_line_keys keys;
};

/* Holds secrets: wiped and freed by ol_keyring_fini. */
struct ol_keyring {
    struct ol_sign_sk sign;
    struct ol_dh_sk agree;
    size_t n;
    struct ol_keyring_line *line;
};

/* Fresh keys and no lines. */
void ol_keyring_init(struct ol_keyring *k, struct ol_random random);
/* Zero is fine, twice is fine. */
void ol_keyring_fini(struct ol_keyring *k);

/* The file's text to *k. MALFORMED: *k is zero, *bad_line the number of the line that is wrong (from 1).
 * NO_ROOM: no memory. */
OL_MUST_USE enum ol_err ol_keyring_read(struct ol_span text, struct ol_keyring *k, size_t *bad_line);
/* Bytes that ol_keyring_write takes. */
size_t ol_keyring_size(const struct ol_keyring *k);
void ol_keyring_write(const struct ol_keyring *k, struct ol_wr *w);

/* NULL when there is no such line; borrowed until the next change. */
const struct ol_line_keys *ol_keyring_find(const struct ol_keyring *k, const struct ol_hash *line);
/* Adds a line's keys, or replaces them. NO_ROOM: no memory, nothing changed. */
OL_MUST_USE enum ol_err ol_keyring_put(struct ol_keyring *k, const struct ol_hash *line,
                                       const struct ol_line_keys *keys);

#endif
