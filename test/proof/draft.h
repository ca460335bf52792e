/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record in the making, by hand: honest, false or tampered with. It is written as an
 * export by code of its own, and what needs no private key can be computed again after a
 * change, as a forger would.
 */
#ifndef TEST_RECORD_DRAFT_H
#define TEST_RECORD_DRAFT_H

#include "../line/pair.h"
#include "proof/proof.h"

#define DRAFT_MAX 1024

struct draft_entry {
    struct ol_header h;
    uint8_t salt[16];
    uint8_t *body;
    size_t body_len;
    bool sealed;
    struct ol_sig seal;
    /* What prev and xhash were made from: position + 1 in the own and the other stream; 0: they stay. */
    size_t on;
    size_t names;
    bool done; /* draft_link has been here */
};

struct draft {
    struct ol_parties parties;
    uint8_t card[2][OL_CARD_MAX];
    size_t card_len[2];
    struct ol_sign_sk sk[2];
    struct ol_salt_key salt;
    struct draft_entry e[2][DRAFT_MAX];
    size_t n[2];
};

struct bytes {
    uint8_t *p;
    size_t len;
};

/* Empty streams, two parties with keys from this seed. */
void draft_init(struct draft *d, uint64_t seed);
void draft_free(struct draft *d);
/* Makes the pair's two lines those of the draft's parties; before pair_start. */
void draft_pair(struct draft *d, struct pair *p);
/* Takes over what a station of that pair holds. */
void draft_load(struct draft *d, const struct pair_side *side);
/* Appends an entry that stands on the one before and names the other stream's number, sealed. */
struct draft_entry *draft_add(struct draft *d, uint8_t author, uint8_t kind, uint8_t flags,
                              uint32_t xseq);
/* Appends a second entry under the number of this one, the last of its stream, with the same content. */
struct draft_entry *draft_copy(struct draft *d, const struct draft_entry *e);
void draft_seal(struct draft *d, struct draft_entry *e);
struct draft_entry *draft_find(struct draft *d, uint8_t author, uint32_t seq);
void draft_remove(struct draft *d, uint8_t author, uint32_t seq);
/* All hashes again, following what each was made from. Seals stay. */
void draft_link(struct draft *d);
/* The rows of an author as a store gives them; bodies borrowed. */
void draft_rows(struct draft *d, uint8_t author, struct ol_row *out);
struct ol_parties draft_parties(const struct draft *d);

/* The export, byte by byte as its table says. */
struct bytes draft_bytes(const struct draft *d);
/* The same by ol_export_*. */
struct bytes draft_export(struct draft *d);
/* Puts the right SHA-256 at the end. */
void bytes_sum(struct bytes b);
struct ol_span bytes_span(struct bytes b);

/* A conversation with runs, exercise flags, every precedence, a long body, an early entry with its
 * receipt, and a resume, as B holds it. `texts` is about the number of messages. */
void talk(struct draft *d, unsigned texts);

#endif
