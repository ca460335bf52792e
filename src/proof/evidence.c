/* SPDX-License-Identifier: Apache-2.0 */
#include "proof/evidence.h"

/* Which proof two entries are; 0 for none. */
static uint8_t proof_of(const struct ol_header *one, const struct ol_hash *one_hash,
                        const struct ol_header *other, const struct ol_hash *other_hash)
{
    if (one->author != other->author)
        return 0;
    if (one->seq == other->seq)
        return (uint8_t)(ol_hash_equal(one_hash, other_hash) ? 0 : OL_EVIDENCE_SAME_NUMBER);
    if (other->seq - 1 == one->seq && !ol_hash_equal(&other->prev, one_hash) &&
        other->kind != OL_KIND_RESUME)
        return OL_EVIDENCE_BROKEN_CHAIN;
    return 0;
}

static void write_run(const struct ol_parties *p, const struct ol_row *run, size_t n, struct ol_wr *w)
{
    uint8_t header[OL_HEADER];

    for (size_t i = 0; i < n; i++) {
        ol_header_write(&p->line, &run[i].h, header);
        ol_wr_bytes(w, header, sizeof header);
    }
    ol_wr_bytes(w, run[n - 1].seal.b, sizeof run[n - 1].seal.b);
}

enum ol_err ol_evidence_write(const struct ol_parties *p, const struct ol_row *one, size_t n,
                              const struct ol_row *other, size_t m, struct ol_wr *out)
{
    uint8_t proof;

    if (!ol_rows_are_run(one, n) || !ol_rows_are_run(other, m) || n > UINT16_MAX || m > UINT16_MAX)
        return OL_UNEXPECTED;
    proof = proof_of(&one->h, &one->hash, &other->h, &other->hash);
    if (proof == 0)
        return OL_UNEXPECTED;
    ol_proof_write_head(OL_EVIDENCE_MAGIC, p, out);
    ol_wr_u8(out, proof);
    ol_wr_u16(out, (uint16_t)n);
    ol_wr_u16(out, (uint16_t)m);
    write_run(p, one, n, out);
    write_run(p, other, m, out);
    ol_proof_write_sum(out);
    return out->full ? OL_LIMIT : OL_OK;
}

/* A run of n headers; with n 0 there is none to seal. */
static enum ol_err read_run(struct ol_run *run, uint16_t n, const struct ol_parties *p, struct ol_rd *r,
                            struct ol_finding *why)
{
    for (uint16_t i = 0; i < n; i++)
        if (ol_run_read(run, p, r, why))
            return OL_MALFORMED;
    return n > 0 ? ol_run_read_seal(run, p, r, why) : ol_refuse(why, OL_FOUND_SHORT, 0, 0);
}

static enum ol_err read_proof(struct ol_evidence *e, struct ol_rd *r, struct ol_finding *why)
{
    struct ol_run one = {0};
    struct ol_run other = {0};
    uint8_t proof = ol_rd_u8(r);
    uint16_t n = ol_rd_u16(r);
    uint16_t m = ol_rd_u16(r);

    if (read_run(&one, n, &e->parties, r, why) || read_run(&other, m, &e->parties, r, why))
        return OL_MALFORMED;
    if (r->left > 0)
        return ol_refuse(why, OL_FOUND_LONG, 0, 0);
    e->proof = proof_of(&one.first, &one.first_hash, &other.first, &other.first_hash);
    if (e->proof == 0 || e->proof != proof)
        return ol_refuse(why, OL_FOUND_NO_PROOF, other.first.author, other.first.seq);
    e->h[0] = one.first;
    e->h[1] = other.first;
    e->headers = one.n + other.n;
    return OL_OK;
}

enum ol_err ol_evidence_verify(struct ol_span file, struct ol_evidence *e, struct ol_finding *why)
{
    struct ol_rd r;

    *e = (struct ol_evidence){0};
    if (ol_proof_read_head(file, OL_EVIDENCE_MAGIC, &e->parties, &r, why) || read_proof(e, &r, why) ||
        ol_proof_check_sum(file, why)) {
        *e = (struct ol_evidence){0};
        return OL_MALFORMED;
    }
    return OL_OK;
}
