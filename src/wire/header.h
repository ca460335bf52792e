/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of an entry is hashed and signed: a canonical header of fixed width, never sent
 * whole. The receiver rebuilds it, and a wrong rebuild fails the seal.
 *
 *     offset size
 *          0   18  "openline/entry/v1" and a NUL
 *         18   32  line id
 *         50    1  author, 'A' or 'B'
 *         51    1  kind, 32 to 255
 *         52    1  flags: precedence 2 bits (3 FLASH to 0 ROUTINE) | EXERCISE | ALONE | 0000
 *         53    8  seq, from 1
 *         61   32  prev: entry hash of the author's entry before; zeros for entry 1
 *         93    8  xseq: number of the peer's head that the author held
 *        101   32  xhash: its entry hash; zeros with xseq 0
 *        133    8  time, unsigned seconds UTC, its author's claim
 *        141   32  body commitment: SHA-256(salt | body)
 *        173
 *
 *     entry hash = SHA-256(00 | header)
 *     seal       = Ed25519 over 84 6a "Signature1" 43 a1 01 27 40 58 ad | header (COSE Sig_structure)
 *
 * In this version seq, xseq and time stay below 2^32.
 */
#ifndef OL_WIRE_HEADER_H
#define OL_WIRE_HEADER_H

#include "base/limits.h"
#include "crypto/keys.h"

#define OL_HEADER 173u
#define OL_TO_SEAL 192u

/* The signed bits of flags. */
#define OL_FLAGS_SIGNED 0xf0u
#define OL_FLAG_EXERCISE 0x20u
#define OL_FLAG_ALONE 0x10u

enum ol_precedence {
    OL_ROUTINE = 0,
    OL_PRIORITY = 1,
    OL_IMMEDIATE = 2,
    OL_FLASH = 3,
};

static inline enum ol_precedence ol_flags_precedence(uint8_t flags)
{
    return (enum ol_precedence)(flags >> 6);
}

/* Kinds of entries (0 to 31 are frame items). */
enum ol_kind {
    OL_KIND_RECEIPT = 32, /* says nothing but what it names; body 80, or the array of numbers not read */
    OL_KIND_RESUME = 33,
    OL_KIND_CLOSE = 34,     /* its author will write nothing more on this line */
    OL_KIND_SUCCEEDS = 35,  /* first entry of a successor line: the old line's id and heads */
    OL_KIND_UNFREEZE = 36,  /* the branch of the peer's stream that stands after an equivocation */
    OL_KIND_MESSAGE = 40,
    OL_KIND_TAKE = 41,
    OL_KIND_READBACK = 42,
    OL_KIND_CONFIRM = 43,
    OL_KIND_CORRECT = 44,
    OL_KIND_DECLINE = 45,
    OL_KIND_FORM = 46,        /* a message of numbered fields */
    OL_KIND_FORM_NUMBER = 47, /* gives a form a number on this line, before its author's first use of it */
    OL_KIND_REPLY = 48,  /* wilco, unable, affirm, negative, roger, standby */
    OL_KIND_ONWARD = 49, /* passed on to desk, duty officer, unit; or not */
    OL_KIND_ESCALATE = 54,    /* nobody has taken it in time: passed to the next in turn, by the station */
    OL_KIND_ROSTER = 55, /* a role is there, is in other hands, is gone */
    OL_KIND_TEST = 56,   /* of the line, by people: a text for the other side to answer; the answer */
    OL_KIND_STATS = 57,  /* the hash of a month's numbers */
    OL_KIND_PROPOSE = 50, /* a channel, an exercise, that instructions may be given */
    OL_KIND_RESPOND = 51, /* accept, decline, end, suspend, resume */
    OL_KIND_DESK = 52,   /* attended, left */
    OL_KIND_HOURS = 53,  /* when nobody is at the desk, announced */
};

struct ol_header {
    uint8_t author;
    uint8_t kind;
    uint8_t flags; /* signed bits only */
    uint32_t seq;
    uint32_t xseq;
    uint32_t time;
    struct ol_hash prev;
    struct ol_hash xhash;
    struct ol_hash commitment;
};

/* The 173 bytes. */
void ol_header_write(const struct ol_hash *line, const struct ol_header *h, uint8_t out[static OL_HEADER]);
/* Reads 173 bytes back: MALFORMED when a field is out of its range or the prefix is not ours; *line and
 * *h are then zero. */
OL_MUST_USE enum ol_err ol_header_read(struct ol_span in, struct ol_hash *line, struct ol_header *h);
void ol_header_hash(const struct ol_hash *line, const struct ol_header *h, struct ol_hash *out);
/* SHA-256(salt | body). */
void ol_commitment(const uint8_t salt[static 16], struct ol_span body, struct ol_hash *out);
void ol_header_seal(const struct ol_sign_sk *sk, const struct ol_hash *line, const struct ol_header *h,
                    struct ol_sig *out);
/* OK or FORGED. */
OL_MUST_USE enum ol_err ol_header_verify(const struct ol_sign_pk *pk, const struct ol_hash *line,
                                         const struct ol_header *h, const struct ol_sig *seal);

#endif
