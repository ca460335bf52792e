/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disclosure proves one entry to a third party without showing another's body: its salt
 * and body, its header, and the headers from it up to one that its author sealed.
 *
 *     "openline/disclosure/1" and a NUL 22 | id0 32 | length 2, card A | length 2, card B |
 *     n 2 | n headers of 173, ascending, the first is the disclosed entry's |
 *     COSE_Sign1 of the sealed header 248 | salt 16 | length 2 | body | SHA-256 of all before 32
 *
 *     COSE_Sign1: d2 84 43 a1 01 27 a0 58 ad | header 173 | 58 40 | seal 64
 *
 * Each header's hash is the prev of the next, the last one's that of the sealed header. With n 0 the
 * sealed header is the disclosed entry's. The COSE_Sign1 is for other people's tools: the header is its
 * payload, and the seal, as stored, its signature.
 */
#ifndef OL_RECORD_DISCLOSE_H
#define OL_RECORD_DISCLOSE_H

#include "base/limits.h"
#include "proof/proof.h"

#define OL_DISCLOSURE_MAGIC "openline/disclosure/1"
#define OL_COSE_SIGN1 248u
/* A disclosure out of a run of n rows is at most this long. */
#define OL_DISCLOSURE_SIZE(n) \
    (OL_PROOF_HEAD_MAX + 2u + (size_t)(n) * OL_HEADER + OL_COSE_SIGN1 + 18u + OL_BODY_MAX + OL_PROOF_SUM)

/* The run begins with the row to disclose and ends with the first that has a seal; of the others only
 * the headers are looked at. UNEXPECTED: it is no run, or over 65,535 rows. LIMIT: out is too small. */
OL_MUST_USE enum ol_err ol_disclosure_write(const struct ol_parties *p, const struct ol_salt_key *salt,
                                            const struct ol_row *run, size_t n, struct ol_wr *out);

struct ol_disclosure {
    struct ol_parties parties;
    struct ol_header h;  /* of the disclosed entry */
    struct ol_span body; /* borrowed from the file, as the cards are */
    uint32_t sealed_by;  /* the number of the entry under whose seal it is */
    struct ol_span cose; /* the COSE_Sign1 */
};

/* MALFORMED, and *why; *d is then zero. */
OL_MUST_USE enum ol_err ol_disclosure_verify(struct ol_span file, struct ol_disclosure *d,
                                             struct ol_finding *why);

#endif
