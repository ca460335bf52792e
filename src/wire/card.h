/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A station's card: who it is and its public keys. Public; carried by courier or
 * exchanged face to face. A card is not signed: the line's id and the comparison code
 * bind both cards.
 *
 *     card = CBOR array of 7: 1 (suite), party text, station text, signing key bytes 32,
 *            agreement key bytes 32, languages array of 1 to 8 texts, revocation hash bytes 32
 *
 * As text it is armoured (armour/armour.h).
 */
#ifndef OL_WIRE_CARD_H
#define OL_WIRE_CARD_H

#include "base/limits.h"
#include "crypto/keys.h"

struct ol_card {
    char party[OL_PARTY_MAX + 1];   /* UTF-8, 1 to 64 bytes, no control characters */
    char station[OL_PARTY_MAX + 1]; /* the same */
    struct ol_sign_pk sign;
    struct ol_dh_pk agree;
    size_t langs;
    char lang[OL_LANGS_MAX][OL_LANG_MAX + 1]; /* the first is the one a bare text is in */
    struct ol_hash revocation;                /* SHA-256 of the 32 bytes that revoke the card */
};

/* Writes the card's bytes. LIMIT when out is too small, MALFORMED when a field is out of its limits. */
OL_MUST_USE enum ol_err ol_card_write(const struct ol_card *card, struct ol_wr *out);
/* Reads and checks every field, the signing key's strictness included. OK or MALFORMED; *card is zero
 * unless OK. Reading then writing gives the same bytes. */
OL_MUST_USE enum ol_err ol_card_read(struct ol_span in, struct ol_card *card);
/* SHA-256 of the card's bytes: what the line id binds, and the fingerprint people read. */
void ol_card_hash(const struct ol_card *card, struct ol_hash *out);
/* A language tag: 2 to 35 of letters, digits and single hyphens, starting with a letter. */
bool ol_lang_valid(struct ol_span tag);

/* 'A' for the lower signing key, bytewise, 'B' for the higher; 0 when they are equal (one station
 * cannot be both sides). */
uint8_t ol_side_of(const struct ol_card *own, const struct ol_card *peer);
/* SHA-256("openline/line/1" and a NUL | id0 | SHA-256(card A) | SHA-256(card B)). */
void ol_line_id(const struct ol_hash *id0, const struct ol_hash *card_a, const struct ol_hash *card_b,
                struct ol_hash *out);

#endif
