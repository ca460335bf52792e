/* SPDX-License-Identifier: Apache-2.0 */
#include "proof/proof.h"

#include <assert.h>
#include <string.h>

#include "crypto/hash.h"

const char *ol_found_key(enum ol_found what)
{
    static const char *const keys[] = {
        [OL_FOUND_NOTHING] = "",
#define X(name, key) [OL_FOUND_##name] = key,
        OL_REFUSAL_LIST(X)
        OL_REMARK_LIST(X)
#undef X
    };

    return keys[what];
}

enum ol_err ol_refuse(struct ol_finding *why, enum ol_found what, uint8_t author, uint32_t seq)
{
    *why = (struct ol_finding){.what = what, .author = author, .seq = seq};
    return OL_MALFORMED;
}

enum ol_err ol_parties_set(struct ol_parties *p, const struct ol_hash *id0, struct ol_span one,
                           struct ol_span other)
{
    struct ol_span spans[2] = {one, other};
    struct ol_card cards[2];
    uint8_t side;

    *p = (struct ol_parties){0};
    if (ol_card_read(one, &cards[0]) || ol_card_read(other, &cards[1]))
        return OL_MALFORMED;
    side = ol_side_of(&cards[0], &cards[1]);
    if (side == 0)
        return OL_MISMATCH;
    p->id0 = *id0;
    for (unsigned i = 0; i < 2; i++) {
        unsigned from = side == 'A' ? i : 1 - i;

        p->card[i] = spans[from];
        p->pk[i] = cards[from].sign;
        ol_card_hash(&cards[from], &p->fingerprint[i]);
    }
    ol_line_id(&p->id0, &p->fingerprint[0], &p->fingerprint[1], &p->line);
    return OL_OK;
}

/* With its NUL. */
static struct ol_span magic_span(const char *magic)
{
    assert(strlen(magic) < OL_MAGIC_MAX);
    return ol_span(magic, strlen(magic) + 1);
}

void ol_proof_write_head(const char *magic, const struct ol_parties *p, struct ol_wr *w)
{
    struct ol_span opening = magic_span(magic);

    ol_wr_bytes(w, opening.p, opening.len);
    ol_wr_bytes(w, p->id0.b, sizeof p->id0.b);
    for (unsigned i = 0; i < 2; i++) {
        ol_wr_u16(w, (uint16_t)p->card[i].len);
        ol_wr_bytes(w, p->card[i].p, p->card[i].len);
    }
}

void ol_proof_write_sum(struct ol_wr *w)
{
    struct ol_span all = ol_wr_span(w);
    struct ol_hash sum;

    ol_sha256(&all, 1, &sum);
    ol_wr_bytes(w, sum.b, sizeof sum.b);
}

bool ol_proof_is(struct ol_span file, const char *magic)
{
    struct ol_span opening = magic_span(magic);

    return file.len >= opening.len && ol_span_equal(ol_span(file.p, opening.len), opening);
}

enum ol_err ol_proof_read_head(struct ol_span file, const char *magic, struct ol_parties *p,
                               struct ol_rd *rest, struct ol_finding *why)
{
    struct ol_hash id0;
    struct ol_span card[2];
    struct ol_card read;

    *p = (struct ol_parties){0};
    *why = (struct ol_finding){0};
    if (!ol_proof_is(file, magic))
        return ol_refuse(why, OL_FOUND_MAGIC, 0, 0);
    if (file.len < OL_PROOF_SUM)
        return ol_refuse(why, OL_FOUND_SHORT, 0, 0);
    *rest = ol_rd_from(ol_span(file.p, file.len - OL_PROOF_SUM));
    ol_rd_take(rest, magic_span(magic).len);
    ol_rd_bytes(rest, id0.b, sizeof id0.b);
    for (uint8_t i = 0; i < 2; i++) {
        card[i] = ol_rd_take(rest, ol_rd_u16(rest));
        if (rest->bad || ol_card_read(card[i], &read))
            return ol_refuse(why, rest->bad ? OL_FOUND_SHORT : OL_FOUND_CARD, (uint8_t)('A' + i), 0);
    }
    if (ol_parties_set(p, &id0, card[0], card[1]) || p->card[0].p != card[0].p)
        return ol_refuse(why, OL_FOUND_SIDES, 0, 0);
    return OL_OK;
}

enum ol_err ol_proof_check_sum(struct ol_span file, struct ol_finding *why)
{
    struct ol_span before = ol_span(file.p, file.len - OL_PROOF_SUM);
    struct ol_hash sum;

    ol_sha256(&before, 1, &sum);
    if (!ol_span_equal(ol_span(sum.b, sizeof sum.b), ol_span(file.p + before.len, OL_PROOF_SUM)))
        return ol_refuse(why, OL_FOUND_SUM, 0, 0);
    return OL_OK;
}

static bool follows(const struct ol_header *h, const struct ol_header *before,
                    const struct ol_hash *before_hash)
{
    return h->author == before->author && ol_hash_equal(&h->prev, before_hash) &&
           (h->kind == OL_KIND_RESUME ? h->seq > before->seq : h->seq - 1 == before->seq);
}

bool ol_rows_are_run(const struct ol_row *rows, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (!follows(&rows[i].h, &rows[i - 1].h, &rows[i - 1].hash))
            return false;
    return n > 0 && rows[n - 1].sealed;
}

enum ol_err ol_run_read(struct ol_run *run, const struct ol_parties *p, struct ol_rd *r,
                        struct ol_finding *why)
{
    struct ol_header h;
    struct ol_hash line;

    if (ol_header_read(ol_rd_take(r, OL_HEADER), &line, &h))
        return ol_refuse(why, OL_FOUND_SHORT, 0, 0);
    if (!ol_hash_equal(&line, &p->line))
        return ol_refuse(why, OL_FOUND_OTHER_LINE, h.author, h.seq);
    if (run->n > 0 && !follows(&h, &run->last, &run->last_hash))
        return ol_refuse(why, OL_FOUND_BROKEN, h.author, h.seq);
    run->last = h;
    ol_header_hash(&line, &h, &run->last_hash);
    if (run->n++ == 0) {
        run->first = h;
        run->first_hash = run->last_hash;
    }
    return OL_OK;
}

enum ol_err ol_run_read_seal(const struct ol_run *run, const struct ol_parties *p, struct ol_rd *r,
                             struct ol_finding *why)
{
    const struct ol_header *h = &run->last;
    struct ol_sig seal;

    ol_rd_bytes(r, seal.b, sizeof seal.b);
    if (r->bad)
        return ol_refuse(why, OL_FOUND_SHORT, 0, 0);
    if (ol_header_verify(&p->pk[h->author - 'A'], &p->line, h, &seal))
        return ol_refuse(why, OL_FOUND_SEAL, h->author, h->seq);
    return OL_OK;
}
