/* SPDX-License-Identifier: Apache-2.0 */
#include "proof/disclose.h"

#include "crypto/hash.h"

static const uint8_t before_header[] = {0xd2, 0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0, 0x58, OL_HEADER};
static const uint8_t before_seal[] = {0x58, sizeof(struct ol_sig)};

static void write_header(const struct ol_parties *p, const struct ol_header *h, struct ol_wr *w)
{
    uint8_t header[OL_HEADER];

    ol_header_write(&p->line, h, header);
    ol_wr_bytes(w, header, sizeof header);
}

enum ol_err ol_disclosure_write(const struct ol_parties *p, const struct ol_salt_key *key,
                                const struct ol_row *run, size_t n, struct ol_wr *out)
{
    uint8_t salt[16];

    if (!ol_rows_are_run(run, n) || n - 1 > UINT16_MAX)
        return OL_UNEXPECTED;
    ol_entry_salt(key, run[0].h.author, run[0].h.seq, salt);
    ol_proof_write_head(OL_DISCLOSURE_MAGIC, p, out);
    ol_wr_u16(out, (uint16_t)(n - 1));
    for (size_t i = 0; i < n - 1; i++)
        write_header(p, &run[i].h, out);
    ol_wr_bytes(out, before_header, sizeof before_header);
    write_header(p, &run[n - 1].h, out);
    ol_wr_bytes(out, before_seal, sizeof before_seal);
    ol_wr_bytes(out, run[n - 1].seal.b, sizeof run[n - 1].seal.b);
    ol_wr_bytes(out, salt, sizeof salt);
    ol_wr_u16(out, (uint16_t)run[0].body.len);
    ol_wr_bytes(out, run[0].body.p, run[0].body.len);
    ol_proof_write_sum(out);
    return out->full ? OL_LIMIT : OL_OK;
}

static enum ol_err read_run(struct ol_run *run, const struct ol_parties *p, struct ol_rd *r,
                            struct ol_finding *why)
{
    uint16_t n = ol_rd_u16(r);

    for (uint16_t i = 0; i < n; i++)
        if (ol_run_read(run, p, r, why))
            return OL_MALFORMED;
    return OL_OK;
}

static enum ol_err expect(struct ol_rd *r, struct ol_span want, struct ol_finding *why)
{
    return ol_span_equal(ol_rd_take(r, want.len), want) ? OL_OK : ol_refuse(why, OL_FOUND_COSE, 0, 0);
}

static enum ol_err read_cose(struct ol_run *run, const struct ol_parties *p, struct ol_rd *r,
                             struct ol_finding *why)
{
    if (expect(r, ol_span(before_header, sizeof before_header), why) || ol_run_read(run, p, r, why) ||
        expect(r, ol_span(before_seal, sizeof before_seal), why))
        return OL_MALFORMED;
    return ol_run_read_seal(run, p, r, why);
}

static enum ol_err read_body(const struct ol_header *h, struct ol_rd *r, struct ol_span *body,
                             struct ol_finding *why)
{
    uint8_t salt[16];
    struct ol_hash commitment;

    ol_rd_bytes(r, salt, sizeof salt);
    *body = ol_rd_take(r, ol_rd_u16(r));
    if (r->bad || body->len > OL_BODY_MAX)
        return ol_refuse(why, OL_FOUND_SHORT, 0, 0);
    if (r->left > 0)
        return ol_refuse(why, OL_FOUND_LONG, 0, 0);
    ol_commitment(salt, *body, &commitment);
    if (!ol_hash_equal(&commitment, &h->commitment))
        return ol_refuse(why, OL_FOUND_BODY, h->author, h->seq);
    return OL_OK;
}

enum ol_err ol_disclosure_verify(struct ol_span file, struct ol_disclosure *d, struct ol_finding *why)
{
    struct ol_run run = {0};
    struct ol_rd r;

    *d = (struct ol_disclosure){0};
    if (ol_proof_read_head(file, OL_DISCLOSURE_MAGIC, &d->parties, &r, why) ||
        read_run(&run, &d->parties, &r, why))
        goto refused;
    d->cose = ol_span(r.p, OL_COSE_SIGN1);
    if (read_cose(&run, &d->parties, &r, why) || read_body(&run.first, &r, &d->body, why) ||
        ol_proof_check_sum(file, why))
        goto refused;
    d->h = run.first;
    d->sealed_by = run.last.seq;
    return OL_OK;
refused:
    *d = (struct ol_disclosure){0};
    return OL_MALFORMED;
}
