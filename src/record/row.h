/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry as it stands on record, and what one commit holds. The record hands these
 * out; a store writes them in one transaction and gives them back as they were.
 */
#ifndef OL_RECORD_ROW_H
#define OL_RECORD_ROW_H

#include "wire/header.h"

/* What this station noted when it took the entry; not signed, not sent. */
#define OL_ROW_CLAIM 1u /* what it names of the other stream is not there under that hash; a store takes it off when it comes */
#define OL_ROW_TIME 2u  /* its time went back, or the clocks were over a minute apart */
#define OL_ROW_EARLY 4u /* was taken while something before it was missing */

struct ol_row {
    struct ol_header h;
    struct ol_hash hash;  /* entry hash of h */
    bool sealed;          /* has its own seal; otherwise a later entry's covers it through prev */
    struct ol_sig seal;   /* zero unless sealed */
    uint8_t marks;        /* OL_ROW_* */
    uint32_t stored_at;   /* UTC seconds of this station's clock */
    struct ol_span body;  /* borrowed */
};

enum ol_put_what {
    OL_PUT_ROW,      /* row; token when it is ours */
    OL_PUT_ANSWERED, /* hash: an answered handshake's ephemeral key */
    OL_PUT_OUTBOX,   /* token, row.h.kind, row.h.flags, row.body: accepted, not yet signed */
    OL_PUT_UNBOXED,  /* token: leaves the outbox, its row is in this commit */
    OL_PUT_RESUMED,  /* the store's restored mark is cleared; the resume's row is in this commit */
    OL_PUT_EVIDENCE, /* row: a header and its seal that contradict what is on record */
};

struct ol_put {
    enum ol_put_what what;
    uint64_t token; /* the shell's number for what it asked to have written; 0 for what the core writes itself */
    struct ol_hash hash;
    struct ol_row row;
};

/* One commit of one line: all of it or nothing. The memory stays unchanged until its outcome is told. */
struct ol_batch {
    uint64_t id;
    const struct ol_put *puts;
    size_t n;
};

#define OL_VIEW_MAX 64u

/* Gives the next row of A (side 0) or of B (side 1), ascending; false at the end. It is borrowed until the next call for
 * that side. */
typedef bool ol_next_row_fn(void *ctx, unsigned side, struct ol_row *row);

/* What the desk knows of entries, and a store keeps: all of it pure, and called on the worker thread. */
struct ol_views {
    /* Which message an entry is about; author 0 for none. */
    void (*refer)(const struct ol_row *row, uint8_t *author, uint32_t *seq);
    bool (*begins)(uint8_t kind); /* whether something can be about an entry of this kind */
    /* Folds what is about a message, as next gives it. Writes the kept view, OL_VIEW_MAX bytes at most; returns how many. */
    size_t (*fold)(const struct ol_row *message, ol_next_row_fn *next, void *ctx, uint8_t *view);
    uint8_t version; /* of the fold: another one, and all are made anew when a store is opened for writing */
};

#endif
