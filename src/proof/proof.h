/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that prove something to a third party, who has no station: exports, disclosures,
 * evidence. They open and end alike, and what a verification finds is said alike.
 *
 *     magic, with its NUL | id0 32 | length 2, card A | length 2, card B | ... | SHA-256 of it all 32
 *
 * The SHA-256 finds accidents only: whoever changes a file can compute it again. What proves anything
 * are the seals. They are checked first, so that a changed byte is named by the entry that it spoils.
 */
#ifndef OL_RECORD_PROOF_H
#define OL_RECORD_PROOF_H

#include "record/row.h"
#include "wire/card.h"

/* Findings that refuse a file. They say what may come from a change of the file. */
#define OL_REFUSAL_LIST(X)            \
    X(MAGIC, "found.magic")           \
    X(SHORT, "found.short")           \
    X(LONG, "found.long")             \
    X(SUM, "found.sum")               \
    X(CARD, "found.card")             \
    X(SIDES, "found.sides")           \
    X(ORDER, "found.order")           \
    X(SEAL, "found.seal")             \
    X(CHAIN, "found.chain")           \
    X(BROKEN, "found.broken")         \
    X(BARE, "found.bare")             \
    X(MISSING, "found.missing")       \
    X(OTHER_LINE, "found.other_line") \
    X(COSE, "found.cose")             \
    X(BODY, "found.body")             \
    X(NO_PROOF, "found.no_proof")

/* Findings that only remark: nobody but the author, with the signing key, can have caused them, so an
 * honest record may hold them; or they are how a record looks while it waits for something. */
#define OL_REMARK_LIST(X)     \
    X(EARLY, "found.early")   \
    X(LOST, "found.lost")     \
    X(FORKED, "found.forked") \
    X(UNTRUE, "found.untrue") \
    X(ABSENT, "found.absent") \
    X(UNHELD, "found.unheld") \
    X(FALLS, "found.falls")

enum ol_found {
    OL_FOUND_NOTHING,
#define X(name, key) OL_FOUND_##name,
    OL_REFUSAL_LIST(X)
    OL_REMARK_LIST(X)
#undef X
};

struct ol_finding {
    enum ol_found what;
    uint8_t author; /* of the entry, or whose card; 0: the file as a whole */
    uint32_t seq;   /* 0: the stream or the card */
    uint32_t other; /* MISSING, UNTRUE, ABSENT, UNHELD: the number of the other stream that it names;
                     * LOST: of the resume; else 0 */
};

/* The catalogue's key of "does not fit its seal", to follow what the finding is about; "" for NOTHING. */
const char *ol_found_key(enum ol_found what);

/* Whose line it is. The spans are borrowed. Index 0 is A. */
struct ol_parties {
    struct ol_hash id0;
    struct ol_span card[2];
    struct ol_hash fingerprint[2]; /* SHA-256 of the card */
    struct ol_sign_pk pk[2];
    struct ol_hash line;
};

/* From id0 and two cards in any order. MALFORMED, or MISMATCH when they have the same signing key; *p is
 * then zero. */
OL_MUST_USE enum ol_err ol_parties_set(struct ol_parties *p, const struct ol_hash *id0,
                                       struct ol_span one, struct ol_span other);

#define OL_MAGIC_MAX 24u
#define OL_PROOF_HEAD_MAX (OL_MAGIC_MAX + 32u + 2u * (2u + OL_CARD_MAX))
#define OL_PROOF_SUM 32u

/* Magic and parties. */
void ol_proof_write_head(const char *magic, const struct ol_parties *p, struct ol_wr *w);
/* The SHA-256 of all that w holds. */
void ol_proof_write_sum(struct ol_wr *w);
/* Whether the file begins with this magic. */
bool ol_proof_is(struct ol_span file, const char *magic);
/* Reads magic and parties; *rest is then what stands before the sum. MALFORMED, and *why. */
OL_MUST_USE enum ol_err ol_proof_read_head(struct ol_span file, const char *magic, struct ol_parties *p,
                                           struct ol_rd *rest, struct ol_finding *why);
/* The last check of a file. MALFORMED. */
OL_MUST_USE enum ol_err ol_proof_check_sum(struct ol_span file, struct ol_finding *why);

/* A run: headers of one author, each standing on the one before, the last under a seal. */
struct ol_run {
    size_t n;
    struct ol_header first;
    struct ol_hash first_hash;
    struct ol_header last;
    struct ol_hash last_hash;
};

/* Whether rows are a run, and the last has its seal. */
bool ol_rows_are_run(const struct ol_row *rows, size_t n);
/* Reads the next header of a run that begins as {0}. MALFORMED, and *why. */
OL_MUST_USE enum ol_err ol_run_read(struct ol_run *run, const struct ol_parties *p, struct ol_rd *r,
                                    struct ol_finding *why);
/* Reads the seal over its last header. MALFORMED, and *why. */
OL_MUST_USE enum ol_err ol_run_read_seal(const struct ol_run *run, const struct ol_parties *p,
                                         struct ol_rd *r, struct ol_finding *why);

/* Sets *why and returns MALFORMED: how a verification ends with a refusal. */
OL_MUST_USE enum ol_err ol_refuse(struct ol_finding *why, enum ol_found what, uint8_t author,
                                  uint32_t seq);

#endif
