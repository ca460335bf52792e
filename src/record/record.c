/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"

#include <assert.h>
#include <string.h>

#include "crypto/hash.h"
#include "base/cbor.h"

#define RESUME_AHEAD (1u << 24)

void ol_record_init(struct ol_record *r, const struct ol_record_cfg *cfg)
{
    assert(cfg->own == 'A' || cfg->own == 'B');
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
    assert(author == 'A' || author == 'B');
    return &r->cfg.pk[author - 'A'];
}

enum ol_err ol_record_hash(const struct ol_record *r, uint8_t author, uint32_t seq, struct ol_hash *out)
{
    struct ol_row row;
    enum ol_err err;

    assert(author == 'A' || author == 'B');
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

/* The entry with this hash, at or below the head, be it absent or kept as evidence, if from it the prevs lead back to one
 * that stands, or to the zeros before the first: all of them are here then, so they may stand again. How far back is
 * looked is bounded, since the peer could make it look again and again. */
static enum ol_err find_chained(const struct ol_record *r, const struct ol_stream *s, const struct ol_hash *prev,
                                uint32_t *seq)
{
    static const struct ol_hash zeros;
    struct ol_hash hash = *prev;
    struct ol_hash there;
    struct ol_row row;

    *seq = 0;
    for (size_t n = 0; n < OL_EARLY_MAX; n++) {
        uint32_t found = ol_stream_find(s, &hash);

        if (ol_hash_equal(&hash, &zeros))
            return OL_OK;
        if (found == 0 && r->cfg.shelf.by_hash(r->cfg.shelf.ctx, s->author, &hash, &row) == OL_OK)
            found = row.h.seq;
        if (found == 0 || found > s->head)
            return OL_ABSENT;
        if (n == 0)
            *seq = found;
        if (!ol_stream_is_absent(s, found) && ol_record_hash(r, s->author, found, &there) == OL_OK &&
            ol_hash_equal(&there, &hash))
            return OL_OK;
        if (r->cfg.shelf.by_hash(r->cfg.shelf.ctx, s->author, &hash, &row))
            return OL_ABSENT;
        hash = row.h.prev;
    }
    return OL_ABSENT;
}

/* Whether an entry with this number, kind and prev moves the head; *from is then the number it chains to. */
static bool follows(const struct ol_record *r, const struct ol_stream *s, uint32_t seq, uint8_t kind,
                    const struct ol_hash *prev, uint32_t *from)
{
    *from = s->head;
    assert(seq > s->head);
    if (ol_hash_equal(prev, &s->head_hash))
        return seq == s->head + 1 || kind == OL_KIND_RESUME;
    return kind == OL_KIND_RESUME && find_chained(r, s, prev, from) == OL_OK;
}

/* The head goes to an entry that follows; what a resume jumps over is absent from now on. */
static enum ol_err step(struct ol_stream *s, uint32_t from, uint32_t seq, const struct ol_hash *hash, uint32_t time)
{
    assert(from <= s->head && seq > s->head);
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
    struct ol_early early = {.seq = row->h.seq, .kind = row->h.kind, .time = row->h.time, .hash = row->hash,
                             .prev = row->h.prev};
    bool own = row->h.author == r->cfg.own;
    struct ol_hash hash;
    uint32_t from;

    if (row->h.kind != OL_KIND_RECEIPT)
        *(own ? &r->own_said : &r->peer_said) = row->h.seq;
    if (!(row->h.flags & OL_FLAG_ALONE) && !(row->marks & OL_ROW_CLAIM))
        *(own ? &r->own_named : &r->named.up_to) = row->h.xseq;
    r->unfrozen += own && row->h.kind == OL_KIND_UNFREEZE;
    ol_header_hash(&r->cfg.line, &row->h, &hash);
    if (!ol_hash_equal(&hash, &row->hash) || row->h.seq <= s->head || ol_stream_early(s, row->h.seq) != NULL)
        return OL_MALFORMED;
    if (follows(r, s, row->h.seq, early.kind, &row->h.prev, &from))
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
    struct ol_stream *s = ol_record_stream(r, row->h.author);

    for (size_t i = 0; i < s->early_n; i++)
        s->early[i].proof |= ol_hash_equal(&s->early[i].hash, &row->hash);
    if (s == own)
        r->twice = r->twice || own->absent_n == 0 || row->h.seq > own->absent[own->absent_n - 1].to;
    else if (r->unfrozen > 0)
        r->unfrozen--;
    else
        s->frozen = true;
}

enum ol_err ol_record_loaded(struct ol_record *r)
{
    const struct ol_stream *own = ol_record_own(r);
    const struct ol_stream *peer = ol_record_peer(r);

    if (r->named.up_to > own->head)
        r->named.up_to = own->head; /* the rest was lost here, and comes back */
    /* Whoever named what a resume gave up held what stands before that. */
    for (size_t i = own->absent_n; i > 0; i--) {
        if (r->named.up_to >= own->absent[i - 1].from && r->named.up_to <= own->absent[i - 1].to)
            r->named.up_to = own->absent[i - 1].from - 1;
    }
    ol_record_named_anew(r);
    /* What came while nothing could be signed may have been urgent: its receipt does not wait either. */
    if (r->peer_said > r->own_named && r->peer_said <= peer->head) {
        r->due.some = true;
        r->due.precedence = OL_IMMEDIATE;
    }
    return r->stream[0].loose > 0 || r->stream[1].loose > 0 ? OL_MALFORMED : OL_OK;
}

/* The commitment to the body, and with it the entry hash. */
static void complete(const struct ol_record *r, struct ol_header *h, struct ol_span body, struct ol_hash *hash)
{
    uint8_t salt[16];

    ol_entry_salt(&r->cfg.salt, h->author, h->seq, salt);
    ol_commitment(salt, body, &h->commitment);
    ol_header_hash(&r->cfg.line, h, hash);
}

enum ol_err ol_record_check_row(const struct ol_record *r, const struct ol_row *row)
{
    struct ol_header h = row->h;
    struct ol_hash hash;

    complete(r, &h, row->body, &hash);
    if (!ol_hash_equal(&hash, &row->hash))
        return OL_MALFORMED;
    return row->sealed ? ol_header_verify(key_of(r, h.author), &r->cfg.line, &h, &row->seal) : OL_OK;
}

/* ---- Taking what came in ---- */

/* An entry that came in, as its author must have signed it. */
struct came {
    const struct ol_entry *e;
    struct ol_header h;
    struct ol_hash hash;
};

/* The header, but for the commitment, which costs more and is not always needed. MALFORMED: there can be none. ABSENT when
 * what it names of the other stream is not known here and did not come along. The prev is zeros unless it came. */
static enum ol_err rebuild(const struct ol_record *r, uint8_t author, const struct ol_entry *e, struct came *c)
{
    static const struct ol_hash zeros;
    uint8_t other = (uint8_t)('A' + 'B' - author);

    *c = (struct came){.e = e, .h = {.author = author, .kind = e->kind, .flags = e->flags & OL_FLAGS_SIGNED,
                                     .seq = e->seq, .xseq = e->xseq, .time = e->time,
                                     .prev = e->flags & OL_WIRE_PREV ? e->prev : zeros, .xhash = e->xhash}};
    /* The first entry follows none, and nothing named is zeros: no export could say otherwise. */
    if (e->seq == 1 && !ol_hash_equal(&c->h.prev, &zeros))
        return OL_MALFORMED;
    if (!(e->flags & OL_WIRE_XHASH))
        return ol_record_hash(r, other, e->xseq, &c->h.xhash);
    return e->xseq == 0 && !ol_hash_equal(&e->xhash, &zeros) ? OL_MALFORMED : OL_OK;
}

static enum ol_err verify(struct ol_record *r, const struct came *c)
{
    enum ol_err err = ol_header_verify(key_of(r, c->h.author), &r->cfg.line, &c->h, &c->e->seal);

    assert(c->e->flags & OL_WIRE_SEAL);
    r->forged += err != OL_OK;
    return err;
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
    assert(n->alone_n <= OL_DUE_ALONE);
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

void ol_record_named_anew(struct ol_record *r)
{
    const struct ol_shelf *shelf = &r->cfg.shelf;
    uint8_t peer = ol_record_peer(r)->author;
    uint32_t seq = ol_record_peer(r)->head;
    struct ol_row row = {0};

    while (seq > 0 && shelf->at(shelf->ctx, peer, seq, &row) == OL_OK && row.h.seq == seq && (row.h.flags & OL_FLAG_ALONE))
        seq--;
    if (seq > 0 && row.h.seq == seq && claim_holds(r, &row.h) && !ol_stream_is_absent(ol_record_own(r), row.h.xseq))
        note_named(&r->named, &row.h);
}

/* What is owed for an entry of the peer's once it is on record. */
static void note_due(struct ol_record *r, const struct ol_row *row)
{
    struct ol_due *d = &r->due;
    enum ol_precedence p = ol_flags_precedence(row->h.flags);

    assert(row->h.author != r->cfg.own && d->unread_n <= OL_DUE_ALONE && d->alone_n <= OL_DUE_ALONE);
    if (row->h.kind == OL_KIND_RECEIPT || ol_record_peer(r)->frozen || row->h.seq < ol_record_peer(r)->head)
        return;
    if (!r->cfg.readable(row->h.kind, row->body) && d->unread_n < OL_DUE_ALONE)
        d->unread[d->unread_n++] = row->h.seq;
    if (!(row->marks & OL_ROW_EARLY)) {
        d->some = true;
        if (p > d->precedence)
            d->precedence = p;
    } else if (p >= OL_IMMEDIATE && d->alone_n < OL_DUE_ALONE) {
        d->alone[d->alone_n].seq = row->h.seq;
        d->alone[d->alone_n++].precedence = p;
    }
}

/* Puts an entry into the batch, with this station's remarks; `before` is the time of the one that it follows. */
static void put_row(struct ol_record *r, struct ol_batch_space *b, const struct came *c, uint32_t before, uint32_t utc)
{
    struct ol_put put = {.what = OL_PUT_ROW};

    put.row = (struct ol_row){.h = c->h, .hash = c->hash, .stored_at = utc, .body = c->e->body};
    if (c->e->flags & OL_WIRE_SEAL) {
        put.row.sealed = true;
        put.row.seal = c->e->seal;
    }
    assert(c->h.seq == c->e->seq && c->h.kind == c->e->kind);
    put.row.marks = (uint8_t)((claim_holds(r, &c->h) ? 0 : OL_ROW_CLAIM) |
                              (r->clock_doubtful || c->h.time < before ? OL_ROW_TIME : 0));
    ol_batch_add(b, &put);
}

/* What follows from a row that the batch now holds for good: what it names, and the receipt owed for it. */
static void note_row(struct ol_record *r, const struct ol_row *row)
{
    if (row->h.author == r->cfg.own) {
        r->taken_back++;
        return;
    }
    /* What a resume of ours gave up says nothing of what stands. */
    if (!(row->marks & OL_ROW_CLAIM) && !ol_stream_is_absent(ol_record_own(r), row->h.xseq))
        note_named(&r->named, &row->h);
    note_due(r, row);
}

/* One that takes its place, or is kept early or beside the chain. */
static void put_one(struct ol_record *r, struct ol_batch_space *b, const struct came *c, bool early, uint32_t utc)
{
    put_row(r, b, c, ol_record_stream(r, c->h.author)->head_time, utc);
    if (early)
        b->puts[b->n - 1].row.marks |= OL_ROW_EARLY;
    note_row(r, &b->puts[b->n - 1].row);
}

static void want(struct ol_record *r, uint8_t author, uint32_t from, uint32_t to)
{
    struct ol_range *w = &r->want[author - 'A'];

    assert(from >= 1 && from <= to);
    w->from = w->from == 0 || from < w->from ? from : w->from;
    w->to = to > w->to ? to : w->to;
}

/* What a proof of equivocation sets; of our own stream it means that this station lives twice. */
static bool *convicted(struct ol_record *r, uint8_t author)
{
    return author == r->cfg.own ? &r->twice : &ol_record_peer(r)->frozen;
}

/* Keeps the proof. */
static void convict(struct ol_record *r, struct ol_batch_space *b, const struct ol_row *proof)
{
    assert(proof->sealed);
    ol_batch_add(b, &(struct ol_put){.what = OL_PUT_EVIDENCE, .row = *proof});
    *convicted(r, proof->h.author) = true;
}

/* An entry that came contradicts one that is held. */
static enum ol_took fork(struct ol_record *r, struct ol_batch_space *b, const struct came *c, uint32_t utc)
{
    struct ol_row proof = {.h = c->h, .hash = c->hash, .sealed = true, .seal = c->e->seal, .stored_at = utc,
                           .body = c->e->body};
    struct ol_row known;

    assert((c->e->flags & OL_WIRE_SEAL) && (c->e->flags & OL_WIRE_PREV)); /* and it holds */
    if (!ol_batch_fits(b, 1, c->e->body.len))
        return OL_TOOK_FULL;
    if (*convicted(r, c->h.author))
        return OL_TOOK_FORK; /* one proof is enough until an officer has decided */
    if (r->cfg.shelf.by_hash(r->cfg.shelf.ctx, c->h.author, &c->hash, &known) == OL_OK)
        return OL_TOOK_KNOWN; /* on this one an officer has decided */
    convict(r, b, &proof);
    return OL_TOOK_FORK;
}

/* Whether an early entry chains to this one: the next, or a resume of whatever number. */
static bool early_follows(const struct ol_stream *s, uint32_t seq, const struct ol_hash *hash)
{
    for (size_t i = 0; i < s->early_n; i++) {
        const struct ol_early *e = &s->early[i];

        if ((e->seq == seq + 1 || e->kind == OL_KIND_RESUME) && ol_hash_equal(&e->prev, hash))
            return true;
    }
    return false;
}

/* The entries held aside from the head on, up to and with the first that carries a seal or is followed by an early one whose
 * prev covers it, into the batch. NEW: the run is covered. ASIDE: not yet. FULL. REFUSED: up to `last` it cannot be what was
 * signed. */
static enum ol_took put_run(struct ol_record *r, const struct ol_stream *s, struct ol_batch_space *b, uint32_t *last,
                            uint32_t utc)
{
    struct came c = {.h = {.seq = s->head, .time = s->head_time}, .hash = s->head_hash};
    size_t first = b->n;
    struct ol_entry e;

    for (;;) {
        const struct ol_early *next = ol_stream_early(s, c.h.seq + 1);
        struct ol_hash prev = c.hash;
        uint32_t before = c.h.time;

        if (b->n > first && early_follows(s, c.h.seq, &prev))
            return OL_TOOK_NEW;
        if (b->n > first && next != NULL && next->kind != OL_KIND_RESUME)
            return OL_TOOK_REFUSED; /* it is verified, and says that another stands before it */
        if (ol_stream_get_aside(s, c.h.seq + 1, &e))
            return OL_TOOK_ASIDE;
        *last = e.seq;
        assert(e.seq == c.h.seq + 1);
        if (rebuild(r, s->author, &e, &c))
            return OL_TOOK_REFUSED;
        if (!ol_batch_fits(b, 1, e.body.len))
            return OL_TOOK_FULL;
        c.h.prev = prev;
        complete(r, &c.h, e.body, &c.hash);
        put_row(r, b, &c, before, utc);
        if (e.flags & OL_WIRE_SEAL)
            return verify(r, &c) ? OL_TOOK_REFUSED : OL_TOOK_NEW;
    }
}

/* A whole run goes on record, or none of it. */
static enum ol_took take_run(struct ol_record *r, struct ol_stream *s, struct ol_batch_space *b, uint32_t utc)
{
    size_t first = b->n;
    size_t used = b->used;
    uint32_t last = s->head;
    enum ol_took took = put_run(r, s, b, &last, utc);

    if (took != OL_TOOK_NEW) {
        b->n = first;
        b->used = used;
    }
    assert(b->n >= first && b->used >= used);
    if (took == OL_TOOK_REFUSED) {
        want(r, s->author, s->head + 1, last);
        ol_stream_drop_aside(s, s->head + 1, last);
    }
    for (size_t i = first; i < b->n; i++) {
        const struct ol_row *row = &b->puts[i].row;

        note_row(r, row);
        ol_stream_step(s, row->h.seq, &row->hash, row->h.time);
    }
    return took;
}

/* An early entry that follows the head takes its place in the stream. */
static bool take_next_early(struct ol_record *r, struct ol_stream *s)
{
    for (size_t i = 0; i < s->early_n; i++) {
        struct ol_early e = s->early[i];
        uint32_t from;

        if (follows(r, s, e.seq, e.kind, &e.prev, &from) && !step(s, from, e.seq, &e.hash, e.time)) {
            if (s->author != r->cfg.own && e.kind != OL_KIND_RECEIPT)
                r->due.some = true;
            return true;
        }
    }
    return false;
}

/* From an entry that a seal covers down to the one before it, if that waits aside and is what the prev says. */
static bool step_down(const struct ol_record *r, const struct ol_stream *s, struct came *c, struct ol_entry *below)
{
    struct ol_hash expected = c->h.prev;

    if (ol_stream_get_aside(s, c->h.seq - 1, below) || rebuild(r, s->author, below, c))
        return false;
    complete(r, &c->h, below->body, &c->hash);
    return ol_hash_equal(&c->hash, &expected);
}

/* An early entry has come to stand beside the head and does not follow it: its author signed two histories. Of our own, which
 * comes back with every prev, also what waits aside between the two may show it: the early one's seal covers that. */
static bool histories_contradict(struct ol_record *r, struct ol_stream *s, struct ol_batch_space *b)
{
    struct ol_early *next = &s->early[0];
    struct came c = {.h = {.seq = next->seq, .prev = next->prev}};
    struct ol_entry below;
    struct ol_row proof;
    bool covered = true;

    if (s->early_n == 0 || next->proof || next->kind == OL_KIND_RESUME || s->head == 0 || *convicted(r, s->author))
        return false; /* on a proof that is there already an officer has decided */
    while (covered && s->author == r->cfg.own && c.h.seq > s->head + 1)
        covered = step_down(r, s, &c, &below);
    if (!covered || c.h.seq > s->head + 1 || ol_hash_equal(&c.h.prev, &s->head_hash) ||
        r->cfg.shelf.at(r->cfg.shelf.ctx, s->author, next->seq, &proof) || proof.h.seq != next->seq ||
        !ol_batch_fits(b, 1, proof.body.len))
        return false;
    convict(r, b, &proof);
    next->proof = true;
    return true;
}

bool ol_record_settle(struct ol_record *r, uint8_t author, struct ol_batch_space *b, uint32_t utc)
{
    struct ol_stream *s = ol_record_stream(r, author);
    struct ol_range *w = &r->want[author - 'A'];
    bool any = false;

    while (!s->frozen) {
        if (take_next_early(r, s)) {
            any = true;
            continue;
        }
        if (histories_contradict(r, s, b))
            break;
        if (take_run(r, s, b, utc) != OL_TOOK_NEW)
            break;
        any = true;
    }
    /* Only what is not here yet is asked for again: or a long entry of the peer's would begin anew each time. */
    if (author != r->cfg.own && w->from > 0 && w->from <= s->head)
        *w = w->to <= s->head ? (struct ol_range){0} : (struct ol_range){.from = s->head + 1, .to = w->to};
    return any;
}

/* An entry at or below the head, or early: the same, or a second one under the same number. `alone`: it can be verified. */
static enum ol_took take_known(struct ol_record *r, const struct came *c, const struct ol_hash *known, bool alone,
                               struct ol_batch_space *b, uint32_t utc)
{
    /* Under a number that was declared absent nothing stands that could be contradicted. */
    if (!alone || ol_stream_is_absent(ol_record_stream(r, c->h.author), c->h.seq) || ol_hash_equal(&c->hash, known))
        return OL_TOOK_KNOWN;
    return verify(r, c) ? OL_TOOK_REFUSED : fork(r, b, c, utc);
}

/* With both hashes and a seal an entry verifies alone: it takes its place, or is kept early. */
static enum ol_took take_sealed(struct ol_record *r, const struct came *c, struct ol_batch_space *b, uint32_t utc)
{
    const struct ol_header *h = &c->h;
    struct ol_stream *s = ol_record_stream(r, h->author);
    struct ol_early early = {.seq = h->seq, .kind = h->kind, .time = h->time, .hash = c->hash, .prev = h->prev};
    enum ol_err err;
    uint32_t from;

    assert(h->seq > s->head && ol_stream_early(s, h->seq) == NULL);
    if (verify(r, c))
        return OL_TOOK_REFUSED;
    if (h->author == r->cfg.own && !r->recovering)
        return fork(r, b, c, utc);
    if (!ol_batch_fits(b, 1, c->e->body.len))
        return OL_TOOK_FULL;
    if (!s->frozen && follows(r, s, h->seq, h->kind, &h->prev, &from)) {
        if (h->seq != from + 1 && s->absent_n == OL_RESUMES)
            return OL_TOOK_REFUSED;
        put_one(r, b, c, false, utc);
        err = step(s, from, h->seq, &c->hash, h->time);
        assert(err == OL_OK);
        return OL_TOOK_NEW;
    }
    if (!s->frozen && h->seq == s->head + 1 && h->kind != OL_KIND_RESUME)
        return fork(r, b, c, utc);
    if (ol_stream_keep_early(s, &early, ol_flags_precedence(h->flags)))
        return OL_TOOK_REFUSED;
    put_one(r, b, c, true, utc);
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

/* Whether the entry after it, which is on the shelf, has this one as its prev. */
static bool is_covered(const struct ol_record *r, const struct came *c)
{
    struct ol_row next;

    return r->cfg.shelf.at(r->cfg.shelf.ctx, c->h.author, c->h.seq + 1, &next) == OL_OK &&
           next.h.seq == c->h.seq + 1 && ol_hash_equal(&next.h.prev, &c->hash);
}

/* An entry under a number that a resume of its author declares absent: it stays on record beside the chain, moves no
 * head and is receipted by nothing. Its own seal stands for it, or that of the one after it: those before it wait aside
 * and follow by their hash. */
static enum ol_took take_absent(struct ol_record *r, struct ol_stream *s, struct came c, struct ol_batch_space *b,
                                uint32_t utc)
{
    uint32_t seq = c.h.seq;
    struct ol_entry below;

    assert(ol_stream_is_absent(s, seq));
    if (!(c.e->flags & OL_WIRE_PREV))
        return OL_TOOK_REFUSED;
    if (is_taken(r, s->author, seq, b))
        return OL_TOOK_KNOWN;
    if (!(c.e->flags & OL_WIRE_SEAL)) {
        complete(r, &c.h, c.e->body, &c.hash);
        if (!is_covered(r, &c)) {
            ol_stream_put_aside(s, c.e);
            return OL_TOOK_ASIDE;
        }
    } else if (verify(r, &c)) {
        return OL_TOOK_REFUSED;
    }
    do {
        if (!ol_batch_fits(b, 1, c.e->body.len))
            return c.h.seq == seq ? OL_TOOK_FULL : OL_TOOK_NEW;
        put_one(r, b, &c, true, utc);
    } while (step_down(r, s, &c, &below) && ol_stream_is_absent(s, c.h.seq) && !is_taken(r, s->author, c.h.seq, b));
    ol_stream_drop_aside(s, 1, seq);
    return OL_TOOK_NEW;
}

/* Whether a seal could reach this entry: its own, or one of a later entry that is here already. Without this
 * question each entry of a run would have all before it hashed again. */
static bool may_be_covered(const struct ol_stream *s, const struct ol_entry *e)
{
    assert(s->aside.n > 0);
    return (e->flags & OL_WIRE_SEAL) || s->early_n > 0 || s->aside.index[s->aside.n - 1].seq > e->seq;
}

enum ol_took ol_record_take(struct ol_record *r, uint8_t author, const struct ol_entry *e, struct ol_batch_space *b,
                            uint32_t utc)
{
    struct ol_stream *s = ol_record_stream(r, author);
    struct ol_hash known;
    struct came c;
    enum ol_err err = rebuild(r, author, e, &c);
    bool alone = !err && (e->flags & OL_WIRE_SEAL) && (e->flags & OL_WIRE_PREV);
    enum ol_took took;

    if (alone)
        complete(r, &c.h, e->body, &c.hash);
    if (e->seq <= s->head || ol_stream_early(s, e->seq) != NULL) {
        if (ol_record_hash(r, author, e->seq, &known) == OL_OK)
            return take_known(r, &c, &known, alone, b, utc);
        return !err && ol_stream_is_absent(s, e->seq) ? take_absent(r, s, c, b, utc) : OL_TOOK_KNOWN;
    }
    if (err) {
        if (err == OL_ABSENT)
            want(r, author, e->seq, e->seq);
        return OL_TOOK_REFUSED;
    }
    if (alone) {
        took = take_sealed(r, &c, b, utc);
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
    if (!(h->flags & OL_FLAG_ALONE)) { /* a receipt, whatever else it says */
        h->xseq = peer->head;
        h->xhash = peer->head_hash;
        if (r->due.precedence < OL_IMMEDIATE || ol_flags_precedence(h->flags) >= r->due.precedence) {
            r->due.some = false;
            r->due.precedence = OL_ROUTINE;
        }
    }
    h->time = utc;
    put->row.stored_at = utc;
    complete(r, h, put->row.body, &put->row.hash);
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
    assert(!w.full && seq > own->top && seq > above);
    text.row.body = ol_wr_span(&w);
    put = ol_batch_add(b, &text);
    put->row.h = (struct ol_header){.author = own->author, .kind = OL_KIND_RESUME, .flags = OL_FLASH << 6,
                                    .seq = (uint32_t)seq, .xseq = peer->head, .time = utc, .prev = own->head_hash,
                                    .xhash = peer->head_hash};
    put->row.stored_at = utc;
    complete(r, &put->row.h, put->row.body, &put->row.hash);
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
