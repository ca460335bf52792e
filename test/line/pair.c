/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "../base/cbor_check.h"

static struct ol_now clock_of(const struct pair *p, unsigned side)
{
    return (struct ol_now){.ms = p->now.ms, .utc = p->now.utc + p->utc_ahead[side]};
}

uint64_t pair_random(struct pair *p)
{
    uint64_t z = (p->seed += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void fill(void *ctx, void *out, size_t len)
{
    uint8_t *b = out;

    for (size_t i = 0; i < len; i++)
        b[i] = (uint8_t)pair_random(ctx);
}

static enum ol_err shelf_at(void *ctx, uint8_t author, uint32_t from, struct ol_row *out)
{
    const struct pair_side *s = ctx;
    unsigned i = author - 'A';
    size_t low = 0;
    size_t high = s->rows_n[i];

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (s->rows[i][middle].row.h.seq < from)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == s->rows_n[i])
        return OL_ABSENT;
    *out = s->rows[i][low].row;
    return OL_OK;
}

static enum ol_err shelf_by_hash(void *ctx, uint8_t author, const struct ol_hash *hash, struct ol_row *out)
{
    const struct pair_side *s = ctx;
    unsigned i = author - 'A';

    for (size_t n = 0; n < s->rows_n[i]; n++) {
        if (ol_hash_equal(&s->rows[i][n].row.hash, hash)) {
            *out = s->rows[i][n].row;
            return OL_OK;
        }
    }
    for (size_t n = 0; n < s->evidence_n; n++) {
        if (ol_hash_equal(&s->evidence[n].row.hash, hash)) {
            *out = s->evidence[n].row;
            return OL_OK;
        }
    }
    return OL_ABSENT;
}

static enum ol_err shelf_outbox(void *ctx, enum ol_precedence precedence, uint64_t after, struct ol_put *out)
{
    const struct pair_side *s = ctx;

    for (size_t n = 0; n < s->outbox_n; n++) {
        if (s->outbox[n].token > after && ol_flags_precedence(s->outbox[n].flags) == precedence) {
            *out = (struct ol_put){.what = OL_PUT_OUTBOX, .token = s->outbox[n].token};
            out->row.h.kind = s->outbox[n].kind;
            out->row.h.flags = s->outbox[n].flags;
            out->row.body = ol_span(s->outbox[n].body, s->outbox[n].len);
            return OL_OK;
        }
    }
    return OL_ABSENT;
}

static bool readable(uint8_t kind, struct ol_span body)
{
    return (kind == OL_KIND_MESSAGE || kind == OL_KIND_RESUME) && cbor_check(body) == OL_OK;
}

const struct pair_row *pair_find(const struct pair_side *s, uint8_t author, uint32_t seq)
{
    for (size_t n = 0; n < s->rows_n[author - 'A']; n++) {
        if (s->rows[author - 'A'][n].row.h.seq == seq)
            return &s->rows[author - 'A'][n];
    }
    return NULL;
}

static void store_row(struct pair_side *s, const struct ol_row *row)
{
    unsigned i = row->h.author - 'A';
    size_t at = s->rows_n[i];
    struct pair_row *r;

    if (pair_find(s, row->h.author, row->h.seq) != NULL) {
        assert(ol_hash_equal(&pair_find(s, row->h.author, row->h.seq)->row.hash, &row->hash));
        return; /* as the real store does */
    }
    assert(s->rows_n[i] < PAIR_ROWS);
    while (at > 0 && s->rows[i][at - 1].row.h.seq > row->h.seq)
        at--;
    memmove(&s->rows[i][at + 1], &s->rows[i][at], (s->rows_n[i] - at) * sizeof s->rows[i][0]);
    r = &s->rows[i][at];
    r->row = *row;
    r->body = malloc(row->body.len + 1);
    memcpy(r->body, row->body.p, row->body.len);
    r->row.body = ol_span(r->body, row->body.len);
    s->rows_n[i]++;
}

static void unbox(struct pair_side *s, uint64_t token)
{
    for (size_t i = 0; i < s->outbox_n; i++) {
        if (s->outbox[i].token != token)
            continue;
        free(s->outbox[i].body);
        memmove(&s->outbox[i], &s->outbox[i + 1], (s->outbox_n - i - 1) * sizeof s->outbox[0]);
        s->outbox_n--;
        return;
    }
    abort(); /* unboxed what was not in the box */
}

static void store_put(struct pair_side *s, const struct ol_put *put)
{
    size_t n = s->outbox_n;

    switch (put->what) {
    case OL_PUT_ROW:
        store_row(s, &put->row);
        if (put->row.h.author == s->cfg.record.own && put->token > 0)
            s->token_seq[put->token % 4096] = put->row.h.seq;
        break;
    case OL_PUT_ANSWERED:
        s->answered[s->answered_n++ % OL_ANSWERED] = put->hash;
        break;
    case OL_PUT_OUTBOX:
        s->outbox[n].token = put->token;
        s->outbox[n].kind = put->row.h.kind;
        s->outbox[n].flags = put->row.h.flags;
        s->outbox[n].len = put->row.body.len;
        s->outbox[n].body = malloc(put->row.body.len + 1);
        memcpy(s->outbox[n].body, put->row.body.p, put->row.body.len);
        s->outbox_n++;
        break;
    case OL_PUT_UNBOXED:
        unbox(s, put->token);
        break;
    case OL_PUT_RESUMED:
        s->restored = false;
        break;
    case OL_PUT_EVIDENCE:
        if (s->evidence_n < 8) {
            s->evidence[s->evidence_n].row = put->row;
            s->evidence[s->evidence_n++].row.body = ol_span(NULL, 0);
        }
        break;
    }
}

static void commit(struct pair *p, struct pair_side *s, const struct ol_batch *batch)
{
    if (s->no_room) {
        ol_line_committed(&s->line, batch->id, OL_NO_ROOM, clock_of(p, (unsigned)(s - p->side)));
        return;
    }
    for (size_t i = 0; i < batch->n; i++)
        store_put(s, &batch->puts[i]);
    s->commits++;
    ol_line_committed(&s->line, batch->id, OL_OK, clock_of(p, (unsigned)(s - p->side)));
}

void pair_release(struct pair *p, unsigned side)
{
    struct pair_side *s = &p->side[side];
    const struct ol_batch *batch = s->held;

    s->held = NULL;
    if (batch != NULL)
        commit(p, s, batch);
}

static void enqueue(struct pair *p, unsigned to, uint8_t path, struct ol_span bytes)
{
    struct pair_frame *f = &p->queue[p->queue_n];

    if (p->queue_n == PAIR_QUEUE)
        return;
    f->to = (uint8_t)to;
    f->path = path;
    f->at = p->now.ms + p->delay_ms;
    f->len = bytes.len;
    memcpy(f->bytes, bytes.p, bytes.len);
    p->sent_bytes += bytes.len;
    p->sent_frames++;
    if (p->tap != NULL && !p->tap(p, f))
        return;
    if ((p->drop_over > 0 && bytes.len > p->drop_over) || p->cut[path] || pair_random(p) % 100 < p->drop_percent)
        return;
    if (pair_random(p) % 100 < p->flip_percent)
        f->bytes[pair_random(p) % f->len] ^= (uint8_t)(1u << pair_random(p) % 8);
    p->queue_n++;
    if (pair_random(p) % 100 < p->double_percent && p->queue_n < PAIR_QUEUE) {
        p->queue[p->queue_n] = *f;
        p->queue[p->queue_n++].at += pair_random(p) % 50;
    }
}

static void perform(struct pair *p, unsigned side, const struct ol_out *out)
{
    struct pair_side *s = &p->side[side];

    switch (out->kind) {
    case OL_OUT_COMMIT:
        if (s->hold_commits)
            s->held = out->batch;
        else
            commit(p, s, out->batch);
        break;
    case OL_OUT_SEND:
        enqueue(p, 1 - side, out->path, out->bytes);
        if (!p->hold_credit || side != 0)
            ol_line_credit(&s->line, out->path, 1, clock_of(p, side));
        break;
    case OL_OUT_NAMED:
        if (out->from == out->to && out->from > s->delivered_up_to + 1 && s->delivered_alone_n < 64)
            s->delivered_alone[s->delivered_alone_n++] = out->from;
        else if (out->to > s->delivered_up_to)
            s->delivered_up_to = out->to;
        break;
    case OL_OUT_CHANGED:
        s->changes++;
        break;
    case OL_OUT_OFF_RECORD:
        s->off_record_n++;
        memset(s->off_record, 0, sizeof s->off_record);
        memcpy(s->off_record, out->bytes.p, out->bytes.len);
        break;
    case OL_OUT_SENT:
    case OL_OUT_PROVEN:
        break;
    }
}

enum ol_err pair_off_record(struct pair *p, unsigned side, uint8_t path, const char *text)
{
    struct ol_out out;
    enum ol_err err = ol_line_off_record(&p->side[side].line, path, ol_span(text, strlen(text)), &out);

    if (err == OL_OK)
        perform(p, side, &out);
    return err;
}

static bool drain(struct pair *p, unsigned side)
{
    struct pair_side *s = &p->side[side];
    struct ol_out out;
    bool any = false;

    while (s->running && ol_line_next(&s->line, &out)) {
        perform(p, side, &out);
        any = true;
    }
    return any;
}

static bool deliver_due(struct pair *p)
{
    for (size_t i = 0; i < p->queue_n; i++) {
        struct pair_frame f;
        uint8_t *copy;

        if (p->queue[i].at > p->now.ms)
            continue;
        f = p->queue[i];
        memmove(&p->queue[i], &p->queue[i + 1], (p->queue_n - i - 1) * sizeof p->queue[0]);
        p->queue_n--;
        if (!p->side[f.to].running)
            return true;
        copy = malloc(f.len + 1); /* so that reading past the end is seen */
        memcpy(copy, f.bytes, f.len);
        (void)ol_line_input(&p->side[f.to].line, f.path, 1, ol_span(copy, f.len), clock_of(p, f.to));
        free(copy);
        return true;
    }
    return false;
}

void pair_settle(struct pair *p)
{
    bool any = true;

    for (unsigned n = 0; any; n++) {
        assert(n < 1000000);
        any = drain(p, 0);
        any = drain(p, 1) || any;
        any = deliver_due(p) || any;
    }
}

void pair_run(struct pair *p, uint64_t ms)
{
    uint64_t end = p->now.ms + ms;

    pair_settle(p);
    while (p->now.ms < end) {
        uint64_t next = end;

        for (unsigned i = 0; i < 2; i++) {
            if (p->side[i].running && ol_line_deadline(&p->side[i].line) < next)
                next = ol_line_deadline(&p->side[i].line);
        }
        for (size_t i = 0; i < p->queue_n; i++)
            next = p->queue[i].at < next ? p->queue[i].at : next;
        if (next <= p->now.ms)
            next = p->now.ms + 1;
        p->now.ms = next;
        p->now.utc = (uint32_t)(1800000000u + next / 1000);
        for (unsigned i = 0; i < 2; i++) {
            if (p->side[i].running)
                ol_line_tick(&p->side[i].line, clock_of(p, i));
        }
        pair_settle(p);
    }
}

void pair_kill(struct pair *p, unsigned side)
{
    if (p->side[side].running)
        ol_line_fini(&p->side[side].line);
    p->side[side].running = false;
    p->side[side].held = NULL;
    for (uint8_t i = 0; i < p->paths; i++) {
        if (p->side[1 - side].running)
            ol_line_path_down(&p->side[1 - side].line, i, p->now);
    }
}

void pair_start(struct pair *p, unsigned side)
{
    struct pair_side *s = &p->side[side];
    size_t from = s->answered_n > OL_ANSWERED ? s->answered_n - OL_ANSWERED : 0;

    s->cfg.restored = s->restored;
    ol_line_init(&s->line, &s->cfg, p->now);
    for (unsigned a = 0; a < 2; a++) {
        for (size_t i = 0; i < s->rows_n[a]; i++) {
            enum ol_err err = ol_line_load(&s->line, &s->rows[a][i].row);

            assert(err == OL_OK);
        }
    }
    for (size_t i = from; i < s->answered_n; i++)
        ol_line_load_answered(&s->line, &s->answered[i % OL_ANSWERED]);
    for (size_t i = 0; i < s->evidence_n; i++)
        ol_record_load_proof(&s->line.record, &s->evidence[i].row);
    if (ol_line_loaded(&s->line, s->outbox_n))
        abort();
    s->running = true;
    s->delivered_up_to = 0;
    for (uint8_t i = 0; i < p->paths; i++) {
        ol_line_path_set(&s->line, i, true, OL_FRAME_UDP, 16);
        if (!p->side[1 - side].running)
            continue;
        ol_line_path_up(&s->line, i, p->now);
        if (p->side[1 - side].line.path[i].connections == 0)
            ol_line_path_up(&p->side[1 - side].line, i, p->now);
    }
}

uint64_t pair_send(struct pair *p, unsigned side, enum ol_precedence precedence, const char *text)
{
    static uint64_t token;
    uint8_t body[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    enum ol_err err;

    ol_cbor_put_text(&w, ol_span(text, strlen(text)));
    err = ol_line_write(&p->side[side].line, OL_KIND_MESSAGE, (uint8_t)(precedence << 6), ol_wr_span(&w), ++token,
                        clock_of(p, side));
    assert(err == OL_OK);
    return token;
}

void pair_forget(struct pair *p, unsigned side, unsigned author, size_t keep)
{
    struct pair_side *s = &p->side[side];

    while (s->rows_n[author] > keep)
        free(s->rows[author][--s->rows_n[author]].body);
}

bool pair_agree(const struct pair *p)
{
    for (unsigned a = 0; a < 2; a++) {
        if (p->side[0].rows_n[a] != p->side[1].rows_n[a])
            return false;
        for (size_t i = 0; i < p->side[0].rows_n[a]; i++) {
            if (!ol_hash_equal(&p->side[0].rows[a][i].row.hash, &p->side[1].rows[a][i].row.hash))
                return false;
        }
    }
    return true;
}

void pair_init(struct pair *p, unsigned paths, uint64_t seed)
{
    struct ol_random random = {.ctx = p, .fill = fill};
    struct ol_courier_key key;
    struct ol_sign_pk pk[2];
    struct ol_dh_sk dh[2];
    struct ol_dh_pk dh_pk[2];
    struct ol_line_cfg cfg = {0};

    memset(p, 0, sizeof *p);
    p->seed = seed;
    p->paths = paths;
    p->now = (struct ol_now){.ms = 1000, .utc = 1800000001};
    p->queue = calloc(PAIR_QUEUE, sizeof *p->queue);
    fill(p, key.b, sizeof key.b);
    for (unsigned i = 0; i < 2; i++) {
        ol_sign_keygen(random, &p->side[i].sk, &pk[i]);
        ol_dh_keygen(random, &dh[i], &dh_pk[i]);
    }
    fill(p, cfg.record.line.b, 32);
    ol_line_keys(&key, &cfg.record.line, &cfg.keys);
    cfg.record.salt = cfg.keys.salt;
    cfg.record.pk[0] = pk[0];
    cfg.record.pk[1] = pk[1];
    cfg.record.readable = readable;
    cfg.random = random;
    cfg.liveness_ms = 20000;
    for (unsigned i = 0; i < 2; i++) {
        struct pair_side *s = &p->side[i];

        s->cfg = cfg;
        s->cfg.record.own = (uint8_t)('A' + i);
        s->cfg.record.own_sk = &s->sk;
        s->cfg.record.shelf = (struct ol_shelf){.ctx = s, .at = shelf_at, .by_hash = shelf_by_hash, .outbox = shelf_outbox};
        s->cfg.own_dh = dh[i];
        s->cfg.peer_dh = dh_pk[1 - i];
        s->rows[0] = calloc(PAIR_ROWS, sizeof(struct pair_row));
        s->rows[1] = calloc(PAIR_ROWS, sizeof(struct pair_row));
    }
}

void pair_empty(struct pair *p)
{
    for (unsigned i = 0; i < 2; i++) {
        struct pair_side *s = &p->side[i];

        for (unsigned a = 0; a < 2; a++) {
            for (size_t n = 0; n < s->rows_n[a]; n++)
                free(s->rows[a][n].body);
        }
        for (size_t n = 0; n < s->outbox_n; n++)
            free(s->outbox[n].body);
    }
}

void pair_free(struct pair *p)
{
    pair_empty(p);
    for (unsigned i = 0; i < 2; i++) {
        free(p->side[i].rows[0]);
        free(p->side[i].rows[1]);
        if (p->side[i].running)
            ol_line_fini(&p->side[i].line);
    }
    free(p->queue);
}
