/* SPDX-License-Identifier: Apache-2.0 */
#include "draft.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "proof/export.h"
#include "base/cbor.h"

static void fill(void *ctx, void *out, size_t len)
{
    uint64_t *z = ctx;

    for (size_t i = 0; i < len; i++) {
        *z = *z * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)out)[i] = (uint8_t)(*z >> 56);
    }
}

static void make_card(struct draft *d, unsigned i, const struct ol_sign_pk *pk, const char *party)
{
    struct ol_wr w = ol_wr_to(d->card[i], sizeof d->card[i]);
    struct ol_card card = {.station = "Watch", .langs = 1, .lang = {"en"}, .sign = *pk};
    enum ol_err err;

    strcpy(card.party, party);
    memset(card.agree.b, 9, sizeof card.agree.b);
    err = ol_card_write(&card, &w);
    assert(err == OL_OK);
    d->card_len[i] = w.len;
}

void draft_init(struct draft *d, uint64_t seed)
{
    struct ol_random random = {.ctx = &seed, .fill = fill};
    struct ol_sign_pk pk[2];
    struct ol_courier_key key;
    struct ol_line_keys keys;
    struct ol_hash id0;
    enum ol_err err;

    memset(d, 0, sizeof *d);
    fill(&seed, key.b, sizeof key.b);
    do {
        ol_sign_keygen(random, &d->sk[0], &pk[0]);
        ol_sign_keygen(random, &d->sk[1], &pk[1]);
    } while (memcmp(pk[0].b, pk[1].b, sizeof pk[0].b) > 0);
    make_card(d, 0, &pk[0], "Ruritania");
    make_card(d, 1, &pk[1], "Freedonia");
    ol_public_id(&key, &id0);
    err = ol_parties_set(&d->parties, &id0, ol_span(d->card[1], d->card_len[1]),
                         ol_span(d->card[0], d->card_len[0]));
    assert(err == OL_OK && d->parties.card[0].p == d->card[0]);
    ol_line_keys(&key, &d->parties.line, &keys);
    d->salt = keys.salt;
}

struct ol_parties draft_parties(const struct draft *d)
{
    return d->parties;
}

static void clear(struct draft *d)
{
    for (unsigned a = 0; a < 2; a++) {
        while (d->n[a] > 0)
            free(d->e[a][--d->n[a]].body);
    }
}

void draft_free(struct draft *d)
{
    clear(d);
}

void draft_pair(struct draft *d, struct pair *p)
{
    for (unsigned i = 0; i < 2; i++) {
        p->side[i].sk = d->sk[i];
        p->side[i].cfg.record.line = d->parties.line;
        p->side[i].cfg.record.salt = p->side[i].cfg.keys.salt = d->salt;
        p->side[i].cfg.record.pk[0] = d->parties.pk[0];
        p->side[i].cfg.record.pk[1] = d->parties.pk[1];
    }
}

static void set_body(struct draft_entry *e, struct ol_span body)
{
    e->body = malloc(body.len + 1);
    memcpy(e->body, body.p, body.len);
    e->body_len = body.len;
}

static struct draft_entry *append(struct draft *d, unsigned a)
{
    struct draft_entry *e = &d->e[a][d->n[a]++];

    assert(d->n[a] <= DRAFT_MAX);
    *e = (struct draft_entry){.h.author = (uint8_t)('A' + a)};
    return e;
}

static void hash_of(const struct draft *d, const struct draft_entry *e, struct ol_hash *out)
{
    ol_header_hash(&d->parties.line, &e->h, out);
}

struct draft_entry *draft_copy(struct draft *d, const struct draft_entry *e)
{
    struct draft_entry *copy = append(d, e->h.author - 'A');

    assert(copy == e + 1);
    *copy = *e;
    set_body(copy, ol_span(e->body, e->body_len));
    return copy;
}

static size_t position(const struct draft *d, unsigned a, const struct ol_hash *hash)
{
    for (size_t i = 0; i < d->n[a]; i++) {
        struct ol_hash h;

        hash_of(d, &d->e[a][i], &h);
        if (ol_hash_equal(&h, hash))
            return i + 1;
    }
    return 0;
}

void draft_load(struct draft *d, const struct pair_side *side)
{
    clear(d);
    for (unsigned a = 0; a < 2; a++) {
        for (size_t i = 0; i < side->rows_n[a]; i++) {
            const struct ol_row *row = &side->rows[a][i].row;
            struct draft_entry *e = append(d, a);

            e->h = row->h;
            e->sealed = row->sealed;
            e->seal = row->seal;
            ol_entry_salt(&d->salt, row->h.author, row->h.seq, e->salt);
            set_body(e, row->body);
        }
    }
    for (unsigned a = 0; a < 2; a++) {
        for (size_t i = 0; i < d->n[a]; i++) {
            d->e[a][i].on = position(d, a, &d->e[a][i].h.prev);
            d->e[a][i].names = position(d, 1 - a, &d->e[a][i].h.xhash);
        }
    }
}

void draft_seal(struct draft *d, struct draft_entry *e)
{
    ol_header_seal(&d->sk[e->h.author - 'A'], &d->parties.line, &e->h, &e->seal);
    e->sealed = true;
}

struct draft_entry *draft_find(struct draft *d, uint8_t author, uint32_t seq)
{
    unsigned a = author - 'A';

    for (size_t i = 0; i < d->n[a]; i++) {
        if (d->e[a][i].h.seq == seq)
            return &d->e[a][i];
    }
    return NULL;
}

struct draft_entry *draft_add(struct draft *d, uint8_t author, uint8_t kind, uint8_t flags,
                              uint32_t xseq)
{
    unsigned a = author - 'A';
    struct draft_entry *before = d->n[a] > 0 ? &d->e[a][d->n[a] - 1] : NULL;
    struct draft_entry *named = draft_find(d, (uint8_t)('A' + 'B' - author), xseq);
    struct draft_entry *e = append(d, a);

    e->h.kind = kind;
    e->h.flags = flags;
    e->h.seq = before != NULL ? before->h.seq + 1 : 1;
    e->h.xseq = xseq;
    e->h.time = 1800000000u + e->h.seq;
    set_body(e, ol_span("\x64text", 5));
    ol_entry_salt(&d->salt, author, e->h.seq, e->salt);
    ol_commitment(e->salt, ol_span(e->body, e->body_len), &e->h.commitment);
    if (before != NULL) {
        hash_of(d, before, &e->h.prev);
        e->on = d->n[a] - 1;
    }
    if (named != NULL) {
        hash_of(d, named, &e->h.xhash);
        e->names = (size_t)(named - d->e[1 - a]) + 1;
    }
    draft_seal(d, e);
    return e;
}

/* What the entry stands on and names must be in place before: its links are positions, and those behind
 * it move. */
void draft_remove(struct draft *d, uint8_t author, uint32_t seq)
{
    unsigned a = author - 'A';
    size_t i = (size_t)(draft_find(d, author, seq) - d->e[a]);

    free(d->e[a][i].body);
    memmove(&d->e[a][i], &d->e[a][i + 1], (d->n[a] - i - 1) * sizeof d->e[a][0]);
    d->n[a]--;
    for (size_t k = 0; k < d->n[a]; k++) {
        struct draft_entry *e = &d->e[a][k];

        e->on = e->on == i + 1 ? 0 : e->on - (e->on > i + 1);
    }
    for (size_t k = 0; k < d->n[1 - a]; k++) {
        struct draft_entry *e = &d->e[1 - a][k];

        e->names = e->names == i + 1 ? 0 : e->names - (e->names > i + 1);
    }
}

static void link_entry(struct draft *d, unsigned a, size_t i)
{
    struct draft_entry *e = &d->e[a][i];

    if (e->done)
        return;
    e->done = true;
    if (e->on > 0) {
        link_entry(d, a, e->on - 1);
        hash_of(d, &d->e[a][e->on - 1], &e->h.prev);
    }
    if (e->names > 0) {
        link_entry(d, 1 - a, e->names - 1);
        hash_of(d, &d->e[1 - a][e->names - 1], &e->h.xhash);
    }
    ol_commitment(e->salt, ol_span(e->body, e->body_len), &e->h.commitment);
}

void draft_link(struct draft *d)
{
    for (unsigned a = 0; a < 2; a++) {
        for (size_t i = 0; i < d->n[a]; i++)
            d->e[a][i].done = false;
    }
    for (unsigned a = 0; a < 2; a++) {
        for (size_t i = 0; i < d->n[a]; i++)
            link_entry(d, a, i);
    }
}

void draft_rows(struct draft *d, uint8_t author, struct ol_row *out)
{
    unsigned a = author - 'A';

    for (size_t i = 0; i < d->n[a]; i++) {
        struct draft_entry *e = &d->e[a][i];

        out[i] = (struct ol_row){.h = e->h, .sealed = e->sealed, .body = ol_span(e->body, e->body_len)};
        if (e->sealed)
            out[i].seal = e->seal;
        hash_of(d, e, &out[i].hash);
    }
}

/* ---- Bytes ---- */

static void put(struct bytes *b, const void *p, size_t len)
{
    b->p = realloc(b->p, b->len + len + 1);
    memcpy(b->p + b->len, p, len);
    b->len += len;
}

static void put_int(struct bytes *b, uint64_t v, size_t len)
{
    while (len-- > 0) {
        uint8_t byte = (uint8_t)(v >> 8 * len);

        put(b, &byte, 1);
    }
}

static void put_entry(struct bytes *b, const struct draft_entry *e)
{
    put_int(b, e->h.kind, 1);
    put_int(b, e->h.flags | (e->sealed ? 8u : 0u), 1);
    put_int(b, e->h.seq, 4);
    put_int(b, e->h.xseq, 4);
    put_int(b, e->h.time, 4);
    put(b, e->h.prev.b, 32);
    put(b, e->h.xhash.b, 32);
    put(b, e->salt, 16);
    put_int(b, e->body_len, 2);
    put(b, e->body, e->body_len);
    if (e->sealed)
        put(b, e->seal.b, 64);
}

struct ol_span bytes_span(struct bytes b)
{
    return ol_span(b.p, b.len);
}

void bytes_sum(struct bytes b)
{
    struct ol_span all = ol_span(b.p, b.len - 32);
    struct ol_hash sum;

    ol_sha256(&all, 1, &sum);
    memcpy(b.p + b.len - 32, sum.b, 32);
}

struct bytes draft_bytes(const struct draft *d)
{
    struct bytes b = {0};

    put(&b, "openline/export/1", 18);
    put(&b, d->parties.id0.b, 32);
    for (unsigned i = 0; i < 2; i++) {
        put_int(&b, d->card_len[i], 2);
        put(&b, d->card[i], d->card_len[i]);
    }
    put_int(&b, d->n[0], 4);
    put_int(&b, d->n[1], 4);
    for (unsigned a = 0; a < 2; a++) {
        for (size_t i = 0; i < d->n[a]; i++)
            put_entry(&b, &d->e[a][i]);
    }
    put(&b, (uint8_t[32]){0}, 32);
    bytes_sum(b);
    return b;
}

static bool sink(void *ctx, struct ol_span piece)
{
    put(ctx, piece.p, piece.len);
    return true;
}

struct bytes draft_export(struct draft *d)
{
    static struct ol_row rows[DRAFT_MAX];
    uint32_t entries[2] = {(uint32_t)d->n[0], (uint32_t)d->n[1]};
    struct ol_export_writer w;
    struct bytes b = {0};
    enum ol_err err = ol_export_begin(&w, &d->parties, &d->salt, entries, sink, &b);

    for (unsigned a = 0; a < 2; a++) {
        draft_rows(d, (uint8_t)('A' + a), rows);
        for (size_t i = 0; i < d->n[a] && err == OL_OK; i++)
            err = ol_export_row(&w, &rows[i]);
    }
    if (err == OL_OK)
        err = ol_export_end(&w);
    assert(err == OL_OK);
    return b;
}

/* ---- A conversation ---- */

static void write_flagged(struct pair *p, unsigned side, uint8_t flags, const char *text, size_t len)
{
    static uint8_t body[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    enum ol_err err;

    ol_cbor_put_text(&w, ol_span(text, len));
    err = ol_line_write(&p->side[side].line, OL_KIND_MESSAGE, flags, ol_wr_span(&w), 0, p->now);
    assert(err == OL_OK);
}

/* Texts that wait for one commit share a seal. */
static void talk_runs(struct pair *p, unsigned texts)
{
    for (unsigned n = 0; n < texts; n++) {
        unsigned side = n / 16 % 2;

        p->side[side].hold_commits = n % 16 != 15;
        pair_send(p, side, n % 3 == 0 ? OL_PRIORITY : OL_ROUTINE, "one of a run");
        pair_settle(p);
        if (n % 16 != 15)
            continue;
        pair_release(p, side);
        pair_settle(p);
    }
    for (unsigned side = 0; side < 2; side++) {
        p->side[side].hold_commits = false;
        pair_release(p, side);
    }
    pair_run(p, 2000);
}

static void talk_urgent(struct pair *p, unsigned texts)
{
    static char text[20000];

    memset(text, 'x', sizeof text);
    write_flagged(p, 1, OL_ROUTINE << 6, text, sizeof text);
    for (unsigned n = 0; n < texts; n++) {
        pair_send(p, n % 2, n % 3 == 0 ? OL_FLASH : OL_IMMEDIATE, "urgent");
        write_flagged(p, 1 - n % 2, (uint8_t)(OL_PRIORITY << 6 | OL_FLAG_EXERCISE), "a drill", 7);
        pair_settle(p);
    }
    pair_run(p, 2000);
}

static bool swallow(struct pair *p, const struct pair_frame *f)
{
    (void)p;
    return f->len < 200;
}

/* A FLASH overtakes a lost ROUTINE: it is receipted alone. */
static void talk_early(struct pair *p)
{
    char text[301] = {0};

    memset(text, 'y', 300);
    p->tap = swallow;
    pair_send(p, 0, OL_ROUTINE, text);
    pair_settle(p);
    pair_send(p, 0, OL_FLASH, "early");
    pair_settle(p);
    p->tap = NULL;
    pair_run(p, 60000);
}

/* A is restored from an older backup while B cannot be reached, and its operator takes
 * responsibility. */
static void talk_resume(struct pair *p)
{
    size_t before = p->side[0].rows_n[0];
    enum ol_err err;

    pair_send(p, 0, OL_FLASH, "will be lost by its author");
    pair_settle(p);
    pair_kill(p, 0);
    pair_forget(p, 0, 0, before);
    p->side[0].restored = true;
    p->cut[0] = true;
    pair_start(p, 0);
    err = ol_line_resume(&p->side[0].line, ol_span("disk lost", 9), p->now);
    assert(err == OL_OK);
    pair_run(p, 5000);
    p->cut[0] = false;
    pair_run(p, 60000);
    pair_send(p, 0, OL_FLASH, "after the resume");
    pair_settle(p);
    pair_send(p, 1, OL_FLASH, "to it");
    pair_run(p, 5000);
}

void talk(struct draft *d, unsigned texts)
{
    struct pair *p = malloc(sizeof *p);

    pair_init(p, 1, 7);
    draft_pair(d, p);
    pair_start(p, 0);
    pair_start(p, 1);
    pair_run(p, 2000);
    talk_urgent(p, texts / 8);
    talk_early(p);
    talk_runs(p, texts);
    talk_resume(p);
    draft_load(d, &p->side[1]);
    pair_free(p);
    free(p);
}
