/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry as it travels, in a frame or in a file:
 *
 *     kind 1 | flags 1 | [length 2] | seq 4 | xseq 4 | time 4 | body | [prev 32] | [xhash 32] | [seal 64]
 *
 * The low four bits of flags say which bracketed fields are there: seal 8, xhash 4, prev 2, length 1; they
 * are not signed. The length is the body's. Without one the entry ends what it stands in.
 */
#ifndef OL_WIRE_ENTRY_H
#define OL_WIRE_ENTRY_H

#include "wire/header.h"

#define OL_WIRE_LENGTH 1u
#define OL_WIRE_PREV 2u
#define OL_WIRE_XHASH 4u
#define OL_WIRE_SEAL 8u
#define OL_WIRE_FULL (OL_WIRE_PREV | OL_WIRE_XHASH | OL_WIRE_SEAL)
/* The most an entry adds to its body: all bracketed fields. */
#define OL_ENTRY_OVERHEAD 144u
#define OL_ENTRY_MAX (OL_BODY_MAX + OL_ENTRY_OVERHEAD)

struct ol_entry {
    uint8_t kind;
    uint8_t flags; /* signed bits and presence bits */
    uint32_t seq;  /* at least 1 */
    uint32_t xseq;
    uint32_t time;
    struct ol_span body;  /* borrowed */
    struct ol_hash prev;  /* with OL_WIRE_PREV */
    struct ol_hash xhash; /* with OL_WIRE_XHASH */
    struct ol_sig seal;   /* with OL_WIRE_SEAL */
};

/* Bytes ol_entry_write will take. */
size_t ol_entry_size(const struct ol_entry *e);
/* Sets w->full when it does not fit. */
void ol_entry_write(const struct ol_entry *e, struct ol_wr *w);
/* Reads one entry; the body borrows from the reader's input. MALFORMED: short, a kind below 32, seq 0,
 * a body over OL_BODY_MAX. An entry without a length takes all that is left. */
OL_MUST_USE enum ol_err ol_entry_read(struct ol_rd *r, struct ol_entry *e);

#endif
