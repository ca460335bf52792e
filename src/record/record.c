/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"

#include <assert.h>
#include <string.h>

#include "crypto/hash.h"
#include "wire/cbor.h"

#define RESUME_AHEAD (1u << 24)

void ol_record_init(struct ol_record *r, const struct ol_record_cfg *cfg)
{
    memset(r, 0, sizeof *r);
    r->cfg = *cfg;
    ol_stream_init(&r->stream[0], 'A');
    ol_stream_init(&r->stream[1], 'B');
}

struct ol_stream *ol_record_stream(struct ol_record *r, uint8_t author)
{
    assert(author == 'A' || author == 'B');
    return &r->stream[author - 'A'];
}

struct ol_stream *ol_record_own(struct ol_record *r)
{
    return ol_record_stream(r, r->cfg.own);
}

struct ol_stream *ol_record_peer(struct ol_record *r)
{
    return ol_record_stream(r, (uint8_t)('A' + 'B' - r->cfg.own));
}

static const struct ol_sign_pk *key_of(const struct ol_record *r, uint8_t author)
{
    return &r->cfg.pk[author - 'A'];
}

enum ol_err ol_record_hash(const struct ol_record *r, uint8_t author, uint32_t seq, struct ol_hash *out)
{
    struct ol_row row;
    enum ol_err err;

    memset(out, 0, sizeof *out);
    if (seq == 0 || ol_stream_hash(&r->stream[author - 'A'], seq, out))
        return OL_OK;
    err = r->cfg.shelf.at(r->cfg.shelf.ctx, author, seq, &row);
    if (err)
        return err;
    if (row.h.seq != seq)
        return OL_ABSENT;
    *out = row.hash;
    return OL_OK;
}

/* ---- The chain: which entry may follow which ---- */

/* Where in the stream, at or below the head, stands the entry with this hash; one that was declared absent stands
 * nowhere. */
static enum ol_err find_chained(const struct ol_record *r, const struct ol_stream *s, const struct ol_hash *prev,
                                uint32_t *seq)
{
    struct ol_row row;
    struct ol_hash zeros = {{0}};

    *seq = 0;
    if (ol_hash_equal(prev, &zeros))
        return OL_OK;
    *seq = ol_stream_find(s, prev);
    if (*seq > 0)
        return ol_stream_is_absent(s, *seq) ? OL_ABSENT : OL_OK;
    if (r->cfg.shelf.by_hash(r->cfg.shelf.ctx, s->author, prev, &row) != OL_OK || row.h.seq > s->head ||
        ol_stream_is_absent(s, row.h.seq))
        return OL_ABSENT;
    *seq = row.h.seq;
    return OL_OK;
}

/* Whether an entry with this number, kind and prev moves the head; *from is then the number it chains to. */
static bool follows(const struct ol_record *r, const struct ol_stream *s, uint32_t seq, bool resume,
                    const struct ol_hash *prev, uint32_t *from)
{
    *from = s->head;
    if (seq <= s->head)
        return false;
    if (ol_hash_equal(prev, &s->head_hash))
        return seq == s->head + 1 || resume;
    return resume && find_chained(r, s, prev, from) == OL_OK;
}

/* The head goes to an entry that follows; what a resume jumps over is absent from now on. */
static enum ol_err step(struct ol_stream *s, uint32_t from, uint32_t seq, const struct ol_hash *hash, uint32_t time)
{
    if (seq != from + 1 && ol_stream_absent(s, from + 1, seq - 1))
        return OL_LIMIT;
    if (s->loose > from)
        s->loose = 0;
    ol_stream_step(s, seq, hash, time);
    return OL_OK;
}

enum ol_err ol_record_load(struct ol_record *r, const struct ol_row *row)
{
    struct ol_stream *s = ol_record_stream(r, row->h.author);
    struct ol_early early = {.seq = row->h.seq, .resume = row->h.kind == OL_KIND_RESUME, .hash = row->hash,
                             .prev = row->h.prev};
    struct ol_hash hash;
    uint32_t from;

    if (row->h.author != r->cfg.own && row->h.kind != OL_KIND_RECEIPT)
        r->peer_said = row->h.seq;
    if (row->h.author == r->cfg.own && !(row->h.flags & OL_FLAG_ALONE))
        r->own_named = row->h.xseq;
    if (row->h.author == r->cfg.own && row->h.kind == OL_KIND_UNFREEZE)
        r->unfrozen++;
    ol_header_hash(&r->cfg.line, &row->h, &hash);
    if (!ol_hash_equal(&hash, &row->hash) || row->h.seq <= s->head || ol_stream_early(s, row->h.seq) != NULL)
        return OL_MALFORMED;
    if (follows(r, s, row->h.seq, early.resume, &row->h.prev, &from))
        return step(s, from, row->h.seq, &hash, row->h.time) ? OL_MALFORMED : OL_OK;
    if (!row->sealed) {
        s->loose = row->h.seq;
        return OL_OK;
    }
    return ol_stream_keep_early(s, &early, OL_FLASH) ? OL_MALFORMED : OL_OK;
}

void ol_record_load_proof(struct ol_record *r, const struct ol_row *row)
{
    const struct ol_stream *own = ol_record_own(r);

    if (row->h.author == own->author)
        r->twice = r->twice || own->absent_n == 0 || row->h.seq > own->absent[own->absent_n - 1].to;
    else if (r->unfrozen > 0)
        r->unfrozen--;
    else
        ol_record_peer(r)->frozen = true;
}

enum ol_err ol_record_loaded(struct ol_record *r)
{
    struct ol_stream *peer = ol_record_peer(r);


    /* What came while nothing could be signed may have been urgent: its receipt does not wait either. */
    if (r->peer_said > r->own_named && r->peer_said <= peer->head) {
        r->due.some = true;
        r->due.precedence = OL_IMMEDIATE;
    }
    return r->stream[0].loose > 0 || r->stream[1].loose > 0 ? OL_MALFORMED : OL_OK;
}

static void commit_to(const struct ol_record *r, struct ol_header *h, struct ol_span body)
{
    uint8_t salt[16];

    ol_entry_salt(&r->cfg.salt, h->author, h->seq, salt);
    ol_commitment(salt, body, &h->commitment);
}

enum ol_err ol_record_check_row(const struct ol_record *r, const struct ol_row *row)
{
    struct ol_header h = row->h;
    struct ol_hash hash;

    commit_to(r, &h, row->body);
    ol_header_hash(&r->cfg.line, &h, &hash);
    if (!ol_hash_equal(&hash, &row->hash))
        return OL_MALFORMED;
    return row->sealed ? ol_header_verify(key_of(r, h.author), &r->cfg.line, &h, &row->seal) : OL_OK;
}

/* ---- Taking what came in ---- */

/* The header as its author must have signed it. MALFORMED: none could be. ABSENT when what it names of the other stream is
 * not known here and did not come along. The prev is the caller's to fill in unless it came. */
static enum ol_err rebuild(const struct ol_record *r, uint8_t author, const struct ol_entry *e, struct ol_header *h)
{
    static const struct ol_hash zeros;
    uint8_t other = (uint8_t)('A' + 'B' - author);

    *h = (struct ol_header){
        .author = author,
        .kind = e->kind,
        .flags = e->flags & OL_FLAGS_SIGNED,
        .seq = e->seq,
        .xseq = e->xseq,
        .time = e->time,
        .prev = e->prev,
        .xhash = e->xhash,
    };
    commit_to(r, h, e->body);
    if (!(e->flags & OL_WIRE_PREV))
        memset(&h->prev, 0, sizeof h->prev);
    /* The first entry follows none, and nothing named is zeros: no export could say otherwise. */
    if (e->seq == 1 && !ol_hash_equal(&h->prev, &zeros))
        return OL_MALFORMED;
    if (!(e->flags & OL_WIRE_XHASH))
        return ol_record_hash(r, other, e->xseq, &h->xhash);
    return e->xseq == 0 && !ol_hash_equal(&h->xhash, &zeros) ? OL_MALFORMED : OL_OK;
}

/* Whether what an entry names of the other stream is what stands there. */
static bool claim_holds(const struct ol_record *r, const struct ol_header *h)
{
    uint8_t other = (uint8_t)('A' + 'B' - h->author);
    struct ol_hash known;

    return ol_record_hash(r, other, h->xseq, &known) == OL_OK && ol_hash_equal(&known, &h->xhash);
}

static void note_named(struct ol_named *n, const struct ol_header *h)
{
    if (!(h->flags & OL_FLAG_ALONE)) {
        if (h->xseq > n->up_to) {
            n->up_to = h->xseq;
            n->up_to_time = h->time;
        }
        return;
    }
    if (n->alone_n < OL_DUE_ALONE) {
        n->alone[n->alone_n].seq = h->xseq;
        n->alone[n->alone_n++].time = h->time;
    }
}

/* What is owed for an entry of the peer's once it is on record. */
static void note_due(struct ol_record *r, const struct ol_row *row, bool early)
{
    struct ol_due *d = &r->due;
    enum ol_precedence p = ol_flags_precedence(row->h.flags);

    if (row->h.kind == OL_KIND_RECEIPT || ol_record_peer(r)->frozen || row->h.seq < ol_record_peer(r)->head)
        return;
    if (!r->cfg.readable(row->h.kind, row->body) && d->unread_n < OL_DUE_ALONE)
        d->unread[d->unread_n++] = row->h.seq;
    if (!early) {
        d->some = true;
        if (p > d->precedence)
            d->precedence = p;
    } else if (p >= OL_IMMEDIATE && d->alone_n < OL_DUE_ALONE) {
        d->alone[d->alone_n].seq = row->h.seq;
        d->alone[d->alone_n++].precedence = p;
    }
}

/* Puts a verified entry into the batch, with this station's remarks. */
static void put_row(struct ol_record *r, struct ol_batch_space *b, const struct ol_header *h, const struct ol_entry *e,
                    bool early, uint32_t utc)
{
    const struct ol_stream *s = ol_record_stream(r, h->author);
    struct ol_put put = {.what = OL_PUT_ROW};
    bool holds = claim_holds(r, h);

    put.row = (struct ol_row){.h = *h, .stored_at = utc, .body = e->body};
    ol_header_hash(&r->cfg.line, h, &put.row.hash);
    if (e->flags & OL_WIRE_SEAL) {
        put.row.sealed = true;
        put.row.seal = e->seal;
    }
    put.row.marks = (uint8_t)((holds ? 0 : OL_ROW_CLAIM) | (early ? OL_ROW_EARLY : 0) |
                              (r->clock_doubtful || h->time < s->head_time ? OL_ROW_TIME : 0));
    ol_batch_add(b, &put);
    if (h->author != r->cfg.own) {
        if (holds)
            note_named(&r->named, h);
        note_due(r, &put.row, early);
    }
}

static void want(struct ol_record *r, uint8_t author, uint32_t from, uint32_t to)
{
    struct ol_range *w = &r->want[author - 'A'];

    if (w->from == 0 || from < w->from)
        w->from = from;
    if (to > w->to)
        w->to = to;
}

/* Keeps a proof of equivocation; of our own stream it means that this station lives twice. */
static enum ol_took fork(struct ol_record *r, struct ol_batch_space *b, const struct ol_header *h,
                         const struct ol_entry *e, uint32_t utc)
{
    struct ol_put put = {.what = OL_PUT_EVIDENCE};
    struct ol_row known;

    if (!ol_batch_fits(b, 1, e->body.len))
        return OL_TOOK_FULL;
    if (ol_record_stream(r, h->author)->frozen || r->twice)
        return OL_TOOK_FORK; /* one proof is enough until an officer has decided */
    put.row = (struct ol_row){.h = *h, .sealed = true, .seal = e->seal, .stored_at = utc, .body = e->body};
    ol_header_hash(&r->cfg.line, h, &put.row.hash);
    if (r->cfg.shelf.by_hash(r->cfg.shelf.ctx, h->author, &put.row.hash, &known) == OL_OK)
        return OL_TOOK_KNOWN; /* on this one an officer has decided */
    ol_batch_add(b, &put);
    if (h->author == r->cfg.own)
        r->twice = true;
    else
        ol_record_stream(r, h->author)->frozen = true;
    return OL_TOOK_FORK;
}

/* The entries that stand aside from the head on, up to and with the first that carries a seal or is followed by an
 * early one whose prev covers it. */
struct run {
    size_t n;
    size_t bytes;
    uint32_t last;
    bool covered;
    struct ol_hash hash;   /* of the last */
    struct ol_header h;    /* of the last */
    struct ol_sig seal;
    bool by_early;         /* covered by the early entry after it */
};

/* Walks the run and rebuilds its hashes. OK, or ABSENT with run->last the number that cannot be rebuilt. */
static enum ol_err walk_run(const struct ol_record *r, const struct ol_stream *s, struct run *run)
{
    struct ol_entry e;

    *run = (struct run){.last = s->head, .hash = s->head_hash};
    while (!run->covered && run->n < OL_ASIDE_ENTRIES) {
        const struct ol_early *next = ol_stream_early(s, run->last + 1);

        if (run->n > 0 && next != NULL && ol_hash_equal(&next->prev, &run->hash)) {
            run->covered = run->by_early = true;
            return OL_OK;
        }
        if (ol_stream_get_aside(s, run->last + 1, &e))
            return OL_OK;
        run->last++;
        if (rebuild(r, s->author, &e, &run->h))
            return OL_ABSENT;
        run->h.prev = run->hash;
        ol_header_hash(&r->cfg.line, &run->h, &run->hash);
        run->n++;
        run->bytes += e.body.len;
        if (e.flags & OL_WIRE_SEAL) {
            run->covered = true;
            run->seal = e.seal;
        }
    }
    return OL_OK;
}

/* A run whose seal has been verified goes on record. */
static void take_run(struct ol_record *r, struct ol_stream *s, uint32_t last, struct ol_batch_space *b, uint32_t utc)
{
    struct ol_entry e;
    struct ol_header h;

    while (s->head < last) {
        enum ol_err err = ol_stream_get_aside(s, s->head + 1, &e);

        assert(err == OL_OK);
        err = rebuild(r, s->author, &e, &h);
        assert(err == OL_OK);
        h.prev = s->head_hash;
        put_row(r, b, &h, &e, false, utc);
        ol_stream_step(s, h.seq, &b->puts[b->n - 1].row.hash, h.time);
    }
}

/* An early entry that follows the head takes its place in the stream. */
static bool take_next_early(struct ol_record *r, struct ol_stream *s)
{
    for (size_t i = 0; i < s->early_n; i++) {
        struct ol_early e = s->early[i];
        uint32_t from;

        if (follows(r, s, e.seq, e.resume, &e.prev, &from) && !step(s, from, e.seq, &e.hash, s->head_time)) {
            if (s->author != r->cfg.own)
                r->due.some = true;
            return true;
        }
    }
    return false;
}

/* An early entry has come to stand beside the head and does not follow it: its author signed two histories. */
static bool neighbours_contradict(struct ol_record *r, struct ol_stream *s, struct ol_batch_space *b)
{
    const struct ol_early *next = ol_stream_early(s, s->head + 1);
    struct ol_put put = {.what = OL_PUT_EVIDENCE};

    if (next == NULL || next->resume || s->head == 0 || ol_hash_equal(&next->prev, &s->head_hash) ||
        r->cfg.shelf.at(r->cfg.shelf.ctx, s->author, next->seq, &put.row) || put.row.h.seq != next->seq ||
        !ol_batch_fits(b, 1, put.row.body.len))
        return false;
    ol_batch_add(b, &put);
    if (s->author == r->cfg.own)
        r->twice = true;
    else
        s->frozen = true;
    return true;
}

bool ol_record_settle(struct ol_record *r, uint8_t author, struct ol_batch_space *b, uint32_t utc)
{
    struct ol_stream *s = ol_record_stream(r, author);
    bool any = false;
    bool known;
    struct run run;

    while (!s->frozen) {
        if (take_next_early(r, s)) {
            any = true;
            continue;
        }
        if (neighbours_contradict(r, s, b))
            break;
        known = walk_run(r, s, &run) == OL_OK;
        if (known && (!run.covered || !ol_batch_fits(b, run.n, run.bytes)))
            break;
        if (!known || (!run.by_early && ol_header_verify(key_of(r, author), &r->cfg.line, &run.h, &run.seal))) {
            r->forged += known;
            want(r, author, s->head + 1, run.last);
            ol_stream_drop_aside(s, s->head + 1, run.last);
            break;
        }
        take_run(r, s, run.last, b, utc);
        any = true;
    }
    if (author != r->cfg.own && r->want[author - 'A'].to <= s->head)
        r->want[author - 'A'] = (struct ol_range){0};
    return any;
}

/* An entry at or below the head, or early: the same, or a second one under the same number. */
static enum ol_took take_known(struct ol_record *r, const struct ol_header *h, const struct ol_entry *e,
                               const struct ol_hash *known, bool rebuilt, struct ol_batch_space *b, uint32_t utc)
{
    struct ol_hash hash;

    /* Under a number that was declared absent nothing stands that could be contradicted. */
    if (!rebuilt || !(e->flags & OL_WIRE_SEAL) || !(e->flags & OL_WIRE_PREV) ||
        ol_stream_is_absent(ol_record_stream(r, h->author), h->seq))
        return OL_TOOK_KNOWN;
    ol_header_hash(&r->cfg.line, h, &hash);
    if (ol_hash_equal(&hash, known))
        return OL_TOOK_KNOWN;
    if (ol_header_verify(key_of(r, h->author), &r->cfg.line, h, &e->seal)) {
        r->forged++;
        return OL_TOOK_REFUSED;
    }
    return fork(r, b, h, e, utc);
}

/* With both hashes and a seal an entry verifies alone: it takes its place, or is kept early. */
static enum ol_took take_sealed(struct ol_record *r, const struct ol_header *h, const struct ol_entry *e,
                                struct ol_batch_space *b, uint32_t utc)
{
    struct ol_stream *s = ol_record_stream(r, h->author);
    bool resume = h->kind == OL_KIND_RESUME;
    struct ol_early early = {.seq = h->seq, .resume = resume, .prev = h->prev};
    enum ol_err err;
    uint32_t from;

    if (ol_header_verify(key_of(r, h->author), &r->cfg.line, h, &e->seal)) {
        r->forged++;
        return OL_TOOK_REFUSED;
    }
    if (h->author == r->cfg.own && !r->recovering)
        return fork(r, b, h, e, utc);
    if (!ol_batch_fits(b, 1, e->body.len))
        return OL_TOOK_FULL;
    if (!s->frozen && follows(r, s, h->seq, resume, &h->prev, &from)) {
        ol_header_hash(&r->cfg.line, h, &early.hash);
        if (h->seq != from + 1 && s->absent_n == OL_RESUMES)
            return OL_TOOK_REFUSED;
        put_row(r, b, h, e, false, utc);
        err = step(s, from, h->seq, &early.hash, h->time);
        assert(err == OL_OK);
        return OL_TOOK_NEW;
    }
    if (!s->frozen && h->seq == s->head + 1 && !resume)
        return fork(r, b, h, e, utc);
    ol_header_hash(&r->cfg.line, h, &early.hash);
    if (ol_stream_keep_early(s, &early, ol_flags_precedence(h->flags)))
        return OL_TOOK_REFUSED;
    put_row(r, b, h, e, true, utc);
    return OL_TOOK_NEW;
}

static bool batch_has(const struct ol_batch_space *b, uint8_t author, uint32_t seq)
{
    for (size_t i = 0; b != NULL && i < b->n; i++) {
        if (b->puts[i].what == OL_PUT_ROW && b->puts[i].row.h.author == author && b->puts[i].row.h.seq == seq)
            return true;
    }
    return false;
}

/* Whether a number is taken, be it only in a batch: of absent ones memory keeps nothing, and a second entry under one
 * number would be refused by the store. */
static bool is_taken(const struct ol_record *r, uint8_t author, uint32_t seq, const struct ol_batch_space *b)
{
    struct ol_hash hash;

    return batch_has(b, author, seq) || batch_has(r->in_flight, author, seq) ||
           ol_record_hash(r, author, seq, &hash) == OL_OK;
}

/* An entry under a number that a resume of its author declares absent: it stays on record beside the chain, moves no
 * head and is receipted by nothing. Its own seal stands for it, or that of the one after it: those before it wait aside
 * and follow by their hash. */
static enum ol_took take_absent(struct ol_record *r, struct ol_stream *s, const struct ol_entry *e, struct ol_header h,
                                struct ol_batch_space *b, uint32_t utc)
{
    struct ol_entry below = *e;
    struct ol_hash hash;
    struct ol_hash expected;

    if (!(e->flags & OL_WIRE_PREV))
        return OL_TOOK_REFUSED;
    if (is_taken(r, s->author, e->seq, b))
        return OL_TOOK_KNOWN;
    if (!(e->flags & OL_WIRE_SEAL)) {
        ol_stream_put_aside(s, e);
        return OL_TOOK_ASIDE;
    }
    if (ol_header_verify(key_of(r, s->author), &r->cfg.line, &h, &e->seal)) {
        r->forged++;
        return OL_TOOK_REFUSED;
    }
    do {
        if (!ol_batch_fits(b, 1, below.body.len))
            return below.seq == e->seq ? OL_TOOK_FULL : OL_TOOK_NEW;
        put_row(r, b, &h, &below, true, utc);
        expected = h.prev;
        if (ol_stream_get_aside(s, h.seq - 1, &below) || rebuild(r, s->author, &below, &h))
            break;
        ol_header_hash(&r->cfg.line, &h, &hash);
    } while (ol_hash_equal(&hash, &expected) && ol_stream_is_absent(s, h.seq) && !is_taken(r, s->author, h.seq, b));
    ol_stream_drop_aside(s, 1, e->seq);
    return OL_TOOK_NEW;
}

/* Whether a seal could reach this entry: its own, or one of a later entry that is here already. Without this
 * question each entry of a run would have all before it hashed again. */
static bool may_be_covered(const struct ol_stream *s, const struct ol_entry *e)
{
    return (e->flags & OL_WIRE_SEAL) || s->early_n > 0 ||
           (s->aside.n > 0 && s->aside.index[s->aside.n - 1].seq > e->seq);
}

enum ol_took ol_record_take(struct ol_record *r, uint8_t author, const struct ol_entry *e, struct ol_batch_space *b,
                            uint32_t utc)
{
    struct ol_stream *s = ol_record_stream(r, author);
    struct ol_header h;
    struct ol_hash known;
    enum ol_err err = rebuild(r, author, e, &h);
    bool rebuilt = err == OL_OK;
    enum ol_took took;

    if (e->seq <= s->head || ol_stream_early(s, e->seq) != NULL) {
        if (ol_record_hash(r, author, e->seq, &known) == OL_OK)
            return take_known(r, &h, e, &known, rebuilt, b, utc);
        return rebuilt && ol_stream_is_absent(s, e->seq) ? take_absent(r, s, e, h, b, utc) : OL_TOOK_KNOWN;
    }
    if (!rebuilt) {
        if (err == OL_ABSENT)
            want(r, author, e->seq, e->seq);
        return OL_TOOK_REFUSED;
    }
    if ((e->flags & OL_WIRE_SEAL) && (e->flags & OL_WIRE_PREV)) {
        took = take_sealed(r, &h, e, b, utc);
        if (took == OL_TOOK_NEW)
            ol_record_settle(r, author, b, utc);
        return took;
    }
    if (author == r->cfg.own && !r->recovering)
        return OL_TOOK_REFUSED;
    ol_stream_put_aside(s, e);
    if (may_be_covered(s, e) && ol_record_settle(r, author, b, utc))
        return OL_TOOK_NEW;
    return ol_stream_get_aside(s, e->seq, &(struct ol_entry){0}) == OL_OK ? OL_TOOK_ASIDE : OL_TOOK_REFUSED;
}

/* ---- Writing our own ---- */

enum ol_err ol_record_append(struct ol_record *r, struct ol_put *put, uint32_t utc)
{
    struct ol_stream *own = ol_record_own(r);
    const struct ol_stream *peer = ol_record_peer(r);
    struct ol_header *h = &put->row.h;

    if (own->top >= UINT32_MAX - 2 * RESUME_AHEAD && h->kind != OL_KIND_CLOSE)
        return OL_LIMIT;
    put->what = OL_PUT_ROW;
    h->author = own->author;
    h->seq = own->head + 1;
    h->prev = own->head_hash;
    if (!(h->flags & OL_FLAG_ALONE)) {
        h->xseq = peer->head;
        h->xhash = peer->head_hash;
    }
    h->time = utc;
    put->row.stored_at = utc;
    commit_to(r, h, put->row.body);
    ol_header_hash(&r->cfg.line, h, &put->row.hash);
    ol_stream_step(own, h->seq, &put->row.hash, utc);
    return OL_OK;
}

void ol_record_seal_row(const struct ol_record *r, struct ol_row *row)
{
    assert(r->cfg.own_sk != NULL && row->h.author == r->cfg.own);
    ol_header_seal(r->cfg.own_sk, &r->cfg.line, &row->h, &row->seal);
    row->sealed = true;
}

enum ol_err ol_record_resume(struct ol_record *r, struct ol_span reason, uint32_t above, uint32_t jump,
                             struct ol_batch_space *b, uint32_t utc)
{
    struct ol_stream *own = ol_record_own(r);
    const struct ol_stream *peer = ol_record_peer(r);
    uint64_t seq = (uint64_t)(own->top > above ? own->top : above) + RESUME_AHEAD + jump;
    uint8_t body[OL_REASON_MAX + 64];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct ol_put text = {.what = OL_PUT_ROW};
    struct ol_put *put;
    enum ol_err err;

    assert(jump < RESUME_AHEAD && reason.len <= OL_REASON_MAX);
    if (seq > UINT32_MAX || own->absent_n == OL_RESUMES)
        return OL_LIMIT;
    ol_resume_body(own->head + 1, (uint32_t)seq - 1, reason, &w);
    text.row.body = ol_wr_span(&w);
    put = ol_batch_add(b, &text);
    put->row.h = (struct ol_header){.author = own->author, .kind = OL_KIND_RESUME, .flags = OL_FLASH << 6,
                                    .seq = (uint32_t)seq, .xseq = peer->head, .time = utc, .prev = own->head_hash,
                                    .xhash = peer->head_hash};
    put->row.stored_at = utc;
    commit_to(r, &put->row.h, put->row.body);
    ol_header_hash(&r->cfg.line, &put->row.h, &put->row.hash);
    ol_record_seal_row(r, &put->row);
    err = step(own, own->head, (uint32_t)seq, &put->row.hash, utc);
    assert(err == OL_OK);
    return OL_OK;
}

/* ---- Bodies of the core's own kinds ---- */

void ol_resume_body(uint32_t from, uint32_t to, struct ol_span reason, struct ol_wr *w)
{
    ol_cbor_put_array(w, 3);
    ol_cbor_put_uint(w, from);
    ol_cbor_put_uint(w, to);
    ol_cbor_put_text(w, reason);
}

enum ol_err ol_resume_read(struct ol_span body, uint32_t *from, uint32_t *to, struct ol_span *reason)
{
    struct ol_rd r = ol_rd_from(body);
    uint64_t a;
    uint64_t b;

    if (ol_cbor_array(&r) != 3)
        return OL_MALFORMED;
    a = ol_cbor_uint(&r);
    b = ol_cbor_uint(&r);
    *reason = ol_cbor_text(&r);
    if (ol_rd_end(&r) || a > UINT32_MAX || b > UINT32_MAX)
        return OL_MALFORMED;
    *from = (uint32_t)a;
    *to = (uint32_t)b;
    return OL_OK;
}
