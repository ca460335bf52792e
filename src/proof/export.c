/* SPDX-License-Identifier: Apache-2.0 */
#include "proof/export.h"

#include "base/limits.h"
#include "wire/entry.h"

#define ENTRY_FIXED 96u /* an entry without body and seal */
#define NOTHING UINT32_MAX

/* ---- Writing ---- */

static void emit(struct ol_export_writer *w, struct ol_span bytes)
{
    ol_sha256_add(&w->sum, bytes);
    if (!w->err && !w->sink(w->ctx, bytes))
        w->err = OL_IO;
}

enum ol_err ol_export_begin(struct ol_export_writer *w, const struct ol_parties *parties,
                            const struct ol_salt_key *salt, const uint32_t entries[static 2],
                            ol_sink_fn *sink, void *ctx)
{
    uint8_t head[OL_PROOF_HEAD_MAX + 8];
    struct ol_wr wr = ol_wr_to(head, sizeof head);

    *w = (struct ol_export_writer){
        .sink = sink, .ctx = ctx, .salt = salt, .left = {entries[0], entries[1]},
    };
    ol_sha256_begin(&w->sum);
    ol_proof_write_head(OL_EXPORT_MAGIC, parties, &wr);
    ol_wr_u32(&wr, entries[0]);
    ol_wr_u32(&wr, entries[1]);
    emit(w, ol_wr_span(&wr));
    return w->err;
}

static bool is_next(const struct ol_export_writer *w, const struct ol_header *h)
{
    unsigned i = w->left[0] > 0 ? 0 : 1;

    return w->left[i] > 0 && h->author == 'A' + i && h->seq >= w->last;
}

enum ol_err ol_export_row(struct ol_export_writer *w, const struct ol_row *row)
{
    const struct ol_header *h = &row->h;
    uint8_t fixed[ENTRY_FIXED];
    struct ol_wr wr = ol_wr_to(fixed, sizeof fixed);
    uint8_t salt[16];

    if (!w->err && !is_next(w, h))
        w->err = OL_UNEXPECTED;
    if (w->err)
        return w->err;
    ol_entry_salt(w->salt, h->author, h->seq, salt);
    ol_wr_u8(&wr, h->kind);
    ol_wr_u8(&wr, (uint8_t)(h->flags | (row->sealed ? OL_WIRE_SEAL : 0)));
    ol_wr_u32(&wr, h->seq);
    ol_wr_u32(&wr, h->xseq);
    ol_wr_u32(&wr, h->time);
    ol_wr_bytes(&wr, h->prev.b, sizeof h->prev.b);
    ol_wr_bytes(&wr, h->xhash.b, sizeof h->xhash.b);
    ol_wr_bytes(&wr, salt, sizeof salt);
    ol_wr_u16(&wr, (uint16_t)row->body.len);
    emit(w, ol_wr_span(&wr));
    emit(w, row->body);
    if (row->sealed)
        emit(w, ol_span(row->seal.b, sizeof row->seal.b));
    w->left[h->author - 'A']--;
    w->last = h->author == 'A' && w->left[0] == 0 ? 0 : h->seq;
    return w->err;
}

enum ol_err ol_export_end(struct ol_export_writer *w)
{
    struct ol_hash sum;

    ol_sha256_end(&w->sum, &sum);
    if (!w->err && (w->left[0] > 0 || w->left[1] > 0))
        w->err = OL_UNEXPECTED;
    if (!w->err && !w->sink(w->ctx, ol_span(sum.b, sizeof sum.b)))
        w->err = OL_IO;
    return w->err;
}

/* ---- Reading ---- */

enum ol_err ol_export_open(struct ol_span file, struct ol_export *e, struct ol_finding *why)
{
    *e = (struct ol_export){.file = file};
    if (ol_proof_read_head(file, OL_EXPORT_MAGIC, &e->parties, &e->rest, why))
        return OL_MALFORMED;
    e->entries[0] = ol_rd_u32(&e->rest);
    e->entries[1] = ol_rd_u32(&e->rest);
    if (e->rest.bad || (uint64_t)e->entries[0] + e->entries[1] > e->rest.left / ENTRY_FIXED)
        return ol_refuse(why, OL_FOUND_SHORT, 0, 0);
    return OL_OK;
}

struct item {
    struct ol_header h; /* without its commitment */
    uint8_t salt[16];
    struct ol_span body;
    bool sealed;
    struct ol_sig seal;
};

static enum ol_err read_item(struct ol_rd *r, uint8_t author, struct item *out)
{
    uint8_t flags;

    *out = (struct item){.h.author = author};
    out->h.kind = ol_rd_u8(r);
    flags = ol_rd_u8(r);
    out->h.flags = flags & OL_FLAGS_SIGNED;
    out->sealed = flags & OL_WIRE_SEAL;
    out->h.seq = ol_rd_u32(r);
    out->h.xseq = ol_rd_u32(r);
    out->h.time = ol_rd_u32(r);
    ol_rd_bytes(r, out->h.prev.b, sizeof out->h.prev.b);
    ol_rd_bytes(r, out->h.xhash.b, sizeof out->h.xhash.b);
    ol_rd_bytes(r, out->salt, sizeof out->salt);
    out->body = ol_rd_take(r, ol_rd_u16(r));
    if (out->sealed)
        ol_rd_bytes(r, out->seal.b, sizeof out->seal.b);
    if (r->bad || out->h.kind < 32 || (flags & ~(OL_FLAGS_SIGNED | OL_WIRE_SEAL)) != 0 ||
        out->h.seq == 0 || out->h.seq > OL_SEQ_MAX || out->body.len > OL_BODY_MAX)
        return OL_MALFORMED;
    return OL_OK;
}

bool ol_export_next(struct ol_export *e, struct ol_header *h, struct ol_span *body)
{
    struct item item;

    if (e->given == (uint64_t)e->entries[0] + e->entries[1] ||
        read_item(&e->rest, e->given < e->entries[0] ? 'A' : 'B', &item) != OL_OK)
        return false;
    e->given++;
    *h = item.h;
    *body = item.body;
    return true;
}

/* One author's entries. */
struct stream {
    uint8_t author;
    struct ol_export_place *places;
    uint32_t n;
    uint32_t head;     /* position, or NOTHING */
    uint32_t answered; /* the highest number in it that standing entries of the other rightly name */
};

struct verifier {
    const struct ol_export *e;
    struct stream stream[2];
    ol_remark_fn *remark;
    void *ctx;
    struct ol_finding *why;
};

static const struct ol_hash zeros;

static const struct ol_hash *hash_at(const struct stream *s, uint32_t i)
{
    return i == NOTHING ? &zeros : &s->places[i].hash;
}

static uint32_t seq_at(const struct stream *s, uint32_t i)
{
    return i == NOTHING ? 0 : s->places[i].seq;
}

/* The position of a number among the first n, or NOTHING: of the entry with this hash, or else of the first that has the
 * number. */
static uint32_t find(const struct stream *s, uint32_t n, uint32_t seq, const struct ol_hash *hash)
{
    uint32_t low = 0;
    uint32_t high = n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (s->places[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    for (uint32_t i = low; i < n && s->places[i].seq == seq; i++) {
        if (ol_hash_equal(&s->places[i].hash, hash))
            return i;
    }
    return low < n && s->places[low].seq == seq ? low : NOTHING;
}

/* ---- First pass: each entry for itself, and what it stands on ---- */

static bool is_next_of(const struct stream *s, uint32_t i, const struct ol_header *h)
{
    return h->seq == seq_at(s, i) + 1 && ol_hash_equal(&h->prev, hash_at(s, i));
}

/* Where the prev of entry i, which is not the head's, is in the file; NOTHING. A resume may jump. */
static uint32_t find_prev(const struct stream *s, uint32_t i, const struct ol_header *h)
{
    uint32_t at;

    if (h->kind != OL_KIND_RESUME) {
        at = find(s, i, h->seq - 1, &h->prev);
        return at != NOTHING && ol_hash_equal(&s->places[at].hash, &h->prev) ? at : NOTHING;
    }
    for (at = i; at-- > 0;) {
        if (ol_hash_equal(&s->places[at].hash, &h->prev))
            return at;
    }
    return NOTHING;
}

/* Entry i, a resume, becomes the head. Its line goes back over entries that may not have stood, and do now, to one that did; the others
 * since that one are lost by it. */
static void stand(struct stream *s, uint32_t i)
{
    uint32_t base = s->places[i].stands_on;

    while (base != NOTHING && !s->places[base].stands)
        base = s->places[base].stands_on;
    for (uint32_t k = base == NOTHING ? 0 : base + 1; k < i; k++) {
        s->places[k].stands = false;
        s->places[k].lost_by = s->places[i].seq;
    }
    for (uint32_t k = i; k != base; k = s->places[k].stands_on) {
        s->places[k].stands = true;
        s->places[k].lost_by = 0;
    }
    s->head = i;
}

static void place(struct stream *s, uint32_t i, const struct ol_header *h)
{
    struct ol_export_place *p = &s->places[i];
    bool resume = h->kind == OL_KIND_RESUME;
    bool next = is_next_of(s, s->head, h);

    p->stands_on = next ? s->head : find_prev(s, i, h);
    p->rooted = p->stands_on != NOTHING ? s->places[p->stands_on].rooted
                                        : (resume || h->seq == 1) && ol_hash_equal(&h->prev, &zeros);
    if (resume && p->rooted && h->seq > seq_at(s, s->head)) {
        stand(s, i);
    } else if (next) {
        p->stands = true;
        s->head = i;
    }
}

static enum ol_err take(struct verifier *v, struct stream *s, uint32_t i, struct ol_rd *r)
{
    const struct ol_parties *parties = &v->e->parties;
    struct ol_export_place *p = &s->places[i];
    uint32_t last = i == 0 ? 0 : s->places[i - 1].seq;
    uint32_t same;
    struct item item;

    *p = (struct ol_export_place){.at = (size_t)(r->p - v->e->file.p), .stands_on = NOTHING};
    if (read_item(r, s->author, &item))
        return ol_refuse(v->why, OL_FOUND_SHORT, s->author, item.h.seq);
    if (item.h.seq < last || (item.h.seq == last && !item.sealed))
        return ol_refuse(v->why, OL_FOUND_ORDER, s->author, item.h.seq);
    ol_commitment(item.salt, item.body, &item.h.commitment);
    ol_header_hash(&parties->line, &item.h, &p->hash);
    p->seq = item.h.seq;
    same = find(s, i, p->seq, &p->hash);
    if (same != NOTHING && ol_hash_equal(&s->places[same].hash, &p->hash))
        return ol_refuse(v->why, OL_FOUND_ORDER, s->author, p->seq);
    p->covered = item.sealed;
    if (item.sealed &&
        ol_header_verify(&parties->pk[s->author - 'A'], &parties->line, &item.h, &item.seal))
        return ol_refuse(v->why, OL_FOUND_SEAL, s->author, p->seq);
    place(s, i, &item.h);
    if (!p->stands && p->stands_on == NOTHING && !item.sealed)
        return ol_refuse(v->why, OL_FOUND_CHAIN, s->author, p->seq);
    return OL_OK;
}

/* What a covered entry stands on is covered too. */
static enum ol_err check_covered(struct verifier *v, struct stream *s)
{
    for (uint32_t i = s->n; i-- > 0;) {
        if (!s->places[i].covered)
            return ol_refuse(v->why, OL_FOUND_BARE, s->author, s->places[i].seq);
        if (s->places[i].stands_on != NOTHING)
            s->places[s->places[i].stands_on].covered = true;
    }
    return OL_OK;
}

static enum ol_err take_all(struct verifier *v)
{
    struct ol_rd r = v->e->rest;

    for (unsigned a = 0; a < 2; a++)
        for (uint32_t i = 0; i < v->stream[a].n; i++)
            if (take(v, &v->stream[a], i, &r))
                return OL_MALFORMED;
    if (r.left > 0)
        return ol_refuse(v->why, OL_FOUND_LONG, 0, 0);
    return check_covered(v, &v->stream[0]) || check_covered(v, &v->stream[1]) ? OL_MALFORMED : OL_OK;
}

/* ---- Second pass: what the streams say of each other ---- */

/* An entry again, that was read before. */
static struct item item_at(const struct verifier *v, const struct stream *s, uint32_t i)
{
    size_t at = s->places[i].at;
    struct ol_rd r = ol_rd_from(ol_span(v->e->file.p + at, v->e->file.len - at));
    struct item item;

    if (read_item(&r, s->author, &item))
        return (struct item){0};
    return item;
}

/* How far the standing entries of one stream have rightly named the other. */
static void note_answered(const struct verifier *v, const struct stream *by, struct stream *of)
{
    for (uint32_t i = by->head; i != NOTHING; i = by->places[i].stands_on) {
        struct ol_header h = item_at(v, by, i).h;
        uint32_t at = find(of, of->n, h.xseq, &h.xhash);

        if (!(h.flags & OL_FLAG_ALONE) && h.xseq > of->answered && at != NOTHING &&
            of->places[at].stands && ol_hash_equal(&h.xhash, &of->places[at].hash))
            of->answered = h.xseq;
    }
}

static void remark(const struct verifier *v, enum ol_found what, const struct ol_header *h,
                   uint32_t other)
{
    v->remark(v->ctx, &(struct ol_finding){what, h->author, h->seq, other});
}

static enum ol_err judge_claim(struct verifier *v, const struct stream *own, const struct stream *other,
                               const struct ol_export_place *p, const struct ol_header *h)
{
    uint32_t at = find(other, other->n, h->xseq, &h->xhash);
    bool below_head = h->xseq <= seq_at(other, other->head);

    if (h->xseq == 0 || at != NOTHING) {
        bool right = ol_hash_equal(&h->xhash, hash_at(other, at));

        if (!right)
            remark(v, OL_FOUND_UNTRUE, h, h->xseq);
        if (!right || below_head || (h->flags & OL_FLAG_ALONE) || !p->stands)
            return OL_OK;
    } else if (below_head || !p->stands) {
        remark(v, below_head ? OL_FOUND_ABSENT : OL_FOUND_UNHELD, h, h->xseq);
        return OL_OK;
    }
    if (h->seq <= own->answered) {
        remark(v, OL_FOUND_UNTRUE, h, h->xseq);
        return OL_OK;
    }
    *v->why = (struct ol_finding){OL_FOUND_MISSING, h->author, h->seq, h->xseq};
    return OL_MALFORMED;
}

static void remark_place(const struct verifier *v, const struct stream *s, uint32_t i,
                         const struct ol_header *h)
{
    const struct ol_export_place *p = &s->places[i];
    uint32_t before = i == 0 ? 0 : s->places[i - 1].seq;
    bool chained = p->rooted || p->stands_on != NOTHING;

    if (p->lost_by > 0)
        remark(v, OL_FOUND_LOST, h, p->lost_by);
    else if (!p->stands)
        remark(v, OL_FOUND_EARLY, h, 0);
    if (h->seq == before || (!chained && h->seq == before + 1 && h->kind != OL_KIND_RESUME))
        remark(v, OL_FOUND_FORKED, h, 0);
}

static enum ol_err judge(struct verifier *v, const struct stream *own, const struct stream *other)
{
    uint32_t named = 0;

    for (uint32_t i = 0; i < own->n; i++) {
        struct ol_header h = item_at(v, own, i).h;

        remark_place(v, own, i, &h);
        if (judge_claim(v, own, other, &own->places[i], &h))
            return OL_MALFORMED;
        if (!own->places[i].stands || (h.flags & OL_FLAG_ALONE))
            continue;
        if (h.xseq < named && h.kind != OL_KIND_RESUME)
            remark(v, OL_FOUND_FALLS, &h, 0);
        named = h.xseq;
    }
    return OL_OK;
}

enum ol_err ol_export_verify(const struct ol_export *e, struct ol_export_place *places,
                             ol_remark_fn *tell, void *ctx, uint32_t heads[static 2],
                             struct ol_finding *why)
{
    struct verifier v = {.e = e, .remark = tell, .ctx = ctx, .why = why};
    struct stream *a = &v.stream[0];
    struct stream *b = &v.stream[1];

    *a = (struct stream){.author = 'A', .places = places, .n = e->entries[0], .head = NOTHING};
    *b = (struct stream){.author = 'B', .places = places + a->n, .n = e->entries[1], .head = NOTHING};
    heads[0] = heads[1] = 0;
    *why = (struct ol_finding){0};
    if (take_all(&v))
        return OL_MALFORMED;
    note_answered(&v, a, b);
    note_answered(&v, b, a);
    if (judge(&v, a, b) || judge(&v, b, a) || ol_proof_check_sum(e->file, why))
        return OL_MALFORMED;
    heads[0] = seq_at(a, a->head);
    heads[1] = seq_at(b, b->head);
    return OL_OK;
}
