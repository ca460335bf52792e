/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The own book: what a side keeps to itself. It is no stream of entries: nobody signs it, no peer is sent it, and no
 * file for others holds it. Each leaf names the hash of the one before, so that whoever reads it sees whether a leaf
 * was changed or taken out; what is missing at its end cannot be seen.
 *
 * A leaf is deterministic CBOR, 6 to 9 as needed:
 *
 *     map {1: number, 2: hash of the leaf before (32 bytes), 3: kind, 4: time, 5: text,
 *          6: line id (32 bytes), 7: [author letter, number], 8: role text, 9: language text}
 *
 *     number   from 1, at most OL_SEQ_MAX; the leaf before the first has a hash of zeros
 *     time     UTC seconds of this station's clock
 *     7        the entry of that line that the leaf is about
 *
 *     hash of a leaf = SHA-256("openline/book/1" and a NUL | its bytes)
 */
#ifndef OL_DESK_BOOK_H
#define OL_DESK_BOOK_H

#include "base/limits.h"
#include "crypto/keys.h"

/* What a leaf is. A number is never given to something else: books are read for as long as there are archives. */
enum ol_leaf_kind {
    OL_LEAF_NOTE = 1,         /* a note on an entry, or on the line */
    OL_LEAF_TRANSLATION = 2,  /* a working translation of an entry, in the leaf's language */
    OL_LEAF_DRAFT = 3,        /* a text that is not sent yet */
    OL_LEAF_CLEARANCE = 4,    /* a role's clearance of words (clear.h) */
    OL_LEAF_TEMPLATE = 5,
    OL_LEAF_POINTS = 6,       /* talking points */
    OL_LEAF_INSTRUCTIONS = 7, /* what the capital told the desk */
    OL_LEAF_ACCOUNT = 8,      /* this side's own record of a conversation */
    OL_LEAF_ALARM_ACK = 9,    /* that somebody has seen an alarm */
    OL_LEAF_ACCEPTED = 10,    /* what is wrong with the book before this leaf is known, and why it goes on */
    OL_LEAF_OFFICER = 11,     /* who acts in which roles (clear.h), as are these: */
    OL_LEAF_RULE = 12,        /* whose clearance a message needs */
    OL_LEAF_WORDS = 13,       /* of a draft that is cleared before it is sent */
    OL_LEAF_RELEASE = 14,     /* that they were sent */
    OL_LEAF_PATH = 15,        /* how long a path was up (path_time.h) */
};

/* "note", "alarm_ack": as in doc/control.md; never translated. "unknown" for a kind of a later program. */
const char *ol_leaf_kind_name(uint8_t kind);
/* 0 when there is no such kind. */
uint8_t ol_leaf_kind_of(const char *name);

struct ol_leaf {
    uint32_t number;
    struct ol_hash prev;
    uint8_t kind; /* from 1 */
    uint32_t time;
    struct ol_span text; /* never empty, at most OL_TEXT_MAX */
    struct ol_hash line; /* zero: about none */
    uint8_t author;      /* 'A' or 'B', 0: about no entry; else there is a line */
    uint32_t seq;
    struct ol_span role; /* empty: none; at most OL_PARTY_MAX */
    struct ol_span lang; /* empty: none */
};

/* Sets w->full when it does not fit, as it does into OL_LEAF_MAX bytes. */
void ol_leaf_write(const struct ol_leaf *leaf, struct ol_wr *w);
/* Borrows from the bytes. MALFORMED: *leaf is zero. */
OL_MUST_USE enum ol_err ol_leaf_read(struct ol_span bytes, struct ol_leaf *leaf);
void ol_leaf_hash(struct ol_span bytes, struct ol_hash *out);
/* Reads a leaf that was stored under this number with this hash. MALFORMED: these bytes are not what was stored. */
OL_MUST_USE enum ol_err ol_leaf_check(uint32_t number, const struct ol_hash *hash, struct ol_span bytes,
                                      struct ol_leaf *leaf);

/* The book as read from its first leaf on; zero before it. */
struct ol_book {
    uint32_t number;     /* of the last leaf */
    struct ol_hash hash; /* of the last leaf as it stands */
    uint32_t flaw;       /* the first leaf that is missing, or not what was written, and not accepted since; 0: none */
};

/* Takes the next leaf that is there: its number (1 to OL_SEQ_MAX) and hash as they were stored with it, its bytes. */
void ol_book_fold(struct ol_book *b, uint32_t number, const struct ol_hash *hash, struct ol_span bytes);
/* Gives a leaf its number and what it names. LIMIT: the book is full. */
OL_MUST_USE enum ol_err ol_book_next(const struct ol_book *b, struct ol_leaf *leaf);

#endif
