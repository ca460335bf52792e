/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence that an author contradicts itself: two entries that cannot both stand in one
 * stream, each under that author's seal. Anyone can check it; no body is shown.
 *
 *     "openline/evidence/1" and a NUL 20 | id0 32 | length 2, card A | length 2, card B |
 *     proof 1 | n 2 | m 2 | n headers of 173, ascending | seal 64 | m headers, ascending | seal 64 |
 *     SHA-256 of all before 32
 *
 *     proof 1: the first headers of both runs have one number and two hashes
 *     proof 2: the second run's first header has the number after that of the first run's, and another
 *              prev than its hash; it is not a resume
 *
 * A run goes up to a header that was sealed, each header's hash the prev of the next; the seal is the
 * last one's. When both contradicting entries have seals of their own (n and m 1), header, seal, header,
 * seal are 474 bytes in one piece: the proof itself, for whoever has the author's public key.
 */
#ifndef OL_RECORD_EVIDENCE_H
#define OL_RECORD_EVIDENCE_H

#include "proof/proof.h"

#define OL_EVIDENCE_MAGIC "openline/evidence/1"
#define OL_EVIDENCE_SAME_NUMBER 1u
#define OL_EVIDENCE_BROKEN_CHAIN 2u
/* Evidence out of two runs of n rows together is at most this long. */
#define OL_EVIDENCE_SIZE(n) (OL_PROOF_HEAD_MAX + 5u + (size_t)(n) * OL_HEADER + 128u + OL_PROOF_SUM)

/* Each run begins with a contradicting row and ends with the first that has a seal; bodies are not
 * looked at. For neighbours the run of the lower number comes first. UNEXPECTED: they are no runs of at
 * most 65,535 rows, or prove nothing. LIMIT: out is too small. */
OL_MUST_USE enum ol_err ol_evidence_write(const struct ol_parties *p, const struct ol_row *one, size_t n,
                                          const struct ol_row *other, size_t m, struct ol_wr *out);

struct ol_evidence {
    struct ol_parties parties; /* the cards are borrowed from the file */
    uint8_t proof;
    struct ol_header h[2]; /* the entries that contradict each other */
    size_t headers;        /* in the file */
};

/* MALFORMED, and *why; *e is then zero. */
OL_MUST_USE enum ol_err ol_evidence_verify(struct ol_span file, struct ol_evidence *e,
                                           struct ol_finding *why);

#endif
