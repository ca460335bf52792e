/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The export of a line's record: what one station holds of both streams, in a file that
 * anyone can verify with the two cards and without a station.
 *
 *     "openline/export/1" and a NUL 18 | id0 32 | length 2, card A | length 2, card B |
 *     entries of A 4 | entries of B 4 | the entries of A, numbers ascending | those of B |
 *     SHA-256 of all before 32
 *
 *     entry: kind 1 | flags 1 (signed bits; bit 3: a seal follows; the rest zero) | seq 4 | xseq 4 |
 *            time 4 | prev 32 | xhash 32 | salt 16 | length 2 | body | [seal 64]
 *
 * Anyone may have changed a file; what is under a seal only its author can have made. Hence the rule
 * that decides between refusal and remark: what a change of the file can bring about is refused; what
 * takes the author's key is remarked, so that nobody can make the other side's honest export
 * unverifiable.
 *
 * An entry stands when its prev is the hash of the last that stands, and its number the next (entry 1:
 * zeros), or when it is a resume above the head from which the prevs lead back, entry by entry in the file, to the zeros
 * before the first: those they pass stand then, the others below it are lost. The last that stands is the
 * head. Any other is early: it needs a seal of its own, or its prev in the file. Every seal must hold, and
 * every entry must be under one: its own or, through prev, a later entry's. Different entries under one
 * number, all but the first sealed, are an equivocation and what was kept as evidence of it.
 *
 * What an entry names of the other stream (xseq, xhash) must be in the file under that hash and, unless
 * ALONE, at or below that stream's head: so nothing can be cut that the other side has answered.
 * Otherwise:
 *   - its number is there under another hash. Both are sealed, so one side is false: UNTRUE.
 *   - its number is not there, but below the head: a resume skipped it: ABSENT.
 *   - it is above the head, and the claim itself is early or lost, so that no head rests on it: UNHELD.
 *   - it is above the head, but the side it is claimed of went on to name the very entry that claims it:
 *     UNTRUE. All it writes after that answer hashes over the claim, so the claim cannot have its hash.
 *     So a station clears its exports of a false claim by writing on, if only a receipt.
 *   - else the file was cut, or such a claim is not answered yet, which looks alike: refused, MISSING.
 * A cut through both streams that leaves nothing in that names what is out is a true earlier state of
 * the record, and cannot be told from it. So with lost entries left out, which are remarked where they
 * are named, and with a seal left out under which a later one stands as well.
 */
#ifndef OL_RECORD_EXPORT_H
#define OL_RECORD_EXPORT_H

#include "crypto/hash.h"
#include "proof/proof.h"

#define OL_EXPORT_MAGIC "openline/export/1"

/* Takes the file's bytes in order; false: they could not be written. */
typedef bool ol_sink_fn(void *ctx, struct ol_span bytes);

struct ol_export_writer {
    ol_sink_fn *sink;
    void *ctx;
    const struct ol_salt_key *salt;
    struct ol_sha256_sum sum;
    uint32_t left[2];
    uint32_t last; /* the number before, of the same author */
    enum ol_err err;
};

/* Begins a file with `entries` rows of A and of B. The parties are borrowed for this call, salt and sink
 * until the end. IO. */
OL_MUST_USE enum ol_err ol_export_begin(struct ol_export_writer *w, const struct ol_parties *parties,
                                        const struct ol_salt_key *salt, const uint32_t entries[static 2],
                                        ol_sink_fn *sink, void *ctx);
/* The next row: those of A, then those of B, ascending, each followed by what contradicts it. UNEXPECTED when it is out of order or more than
 * was announced, IO; the same from then on. */
OL_MUST_USE enum ol_err ol_export_row(struct ol_export_writer *w, const struct ol_row *row);
/* UNEXPECTED when rows are missing, or what went wrong before. */
OL_MUST_USE enum ol_err ol_export_end(struct ol_export_writer *w);

/* A file being verified; everything in it is borrowed. */
struct ol_export {
    struct ol_span file;
    struct ol_parties parties;
    uint32_t entries[2];
    struct ol_rd rest; /* at the first entry, up to the sum */
    uint32_t given;    /* by ol_export_next */
};

/* What a verification remembers of an entry. */
struct ol_export_place {
    struct ol_hash hash;
    size_t at;          /* where it is in the file */
    uint32_t seq;
    uint32_t stands_on; /* position in its stream of what its prev names; UINT32_MAX: nothing */
    uint32_t lost_by;   /* number of the resume; 0: not lost */
    bool rooted;        /* the prevs lead back from here to the zeros before the first */
    bool stands;
    bool covered;
};

/* Reads the head. The entries announced fit into the file, so that memory for the places may be
 * allocated. MALFORMED, and *why. */
OL_MUST_USE enum ol_err ol_export_open(struct ol_span file, struct ol_export *e, struct ol_finding *why);
/* Verifies all of it, with places for all entries. MALFORMED, and *why; heads are then zero. Remarks are
 * told as they are found, stream by stream, and mean nothing when the file is refused. */
typedef void ol_remark_fn(void *ctx, const struct ol_finding *remark);
OL_MUST_USE enum ol_err ol_export_verify(const struct ol_export *e, struct ol_export_place *places,
                                         ol_remark_fn *remark, void *ctx, uint32_t heads[static 2],
                                         struct ol_finding *why);
/* The entries of a file that was verified, in its order: A's, then B's. The header is without its commitment, the body
 * borrowed. False after the last. */
bool ol_export_next(struct ol_export *e, struct ol_header *h, struct ol_span *body);

#endif
