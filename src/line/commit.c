/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what waits to one batch: what came in and was verified, what this station signs,
 * and the receipts for it, durable together or not at all. Nothing of it goes out before
 * its owner has said that it is durable.
 */
#include <assert.h>
#include <string.h>

#include "line/internal.h"

/* How much one seal has to cover so far. */
struct open_run {
    struct ol_put *last;
    size_t entries;
    size_t bytes;
};

static void close_run(struct ol_line *l, struct open_run *run)
{
    if (run->last != NULL)
        ol_record_seal_row(&l->record, &run->last->row);
    *run = (struct open_run){0};
}

/* One text becomes an entry: FLASH and IMMEDIATE under their own seal, the rest in a run. */
static bool sign_text(struct ol_line *l, struct ol_put *put, struct open_run *run)
{
    enum ol_precedence p = ol_flags_precedence(put->row.h.flags);
    size_t len = put->row.body.len;

    assert(l->signing == OL_SIGN_READY && put->what == OL_PUT_OUTBOX);
    if (run->entries == OL_RUN_ENTRIES || run->bytes + len > OL_RUN_BYTES)
        close_run(l, run);
    if (ol_record_append(&l->record, put, l->now.utc)) {
        l->signing = OL_SIGN_STOPPED;
        return false;
    }
    assert(put->row.h.seq == ol_record_own(&l->record)->head);
    run->last = put;
    run->entries++;
    run->bytes += len;
    assert(run->entries <= OL_RUN_ENTRIES && (run->bytes <= OL_RUN_BYTES || run->entries == 1));
    l->owed_seq = put->row.h.seq;
    if (p >= OL_IMMEDIATE)
        close_run(l, run);
    if (p >= OL_PRIORITY)
        output_urgent(l, put->row.h.seq, p);
    return true;
}

/* The texts of this precedence that wait in the batch, in the order in which they came. */
static void sign_waiting(struct ol_line *l, enum ol_precedence p, struct open_run *run)
{
    struct ol_batch_space *b = filling(l);

    for (size_t i = 0; i < b->n; i++) {
        if (b->puts[i].what == OL_PUT_OUTBOX && ol_flags_precedence(b->puts[i].row.h.flags) == p &&
            !sign_text(l, &b->puts[i], run))
            return;
    }
}

/* A store that was set back may have an outbox with texts that were signed since, and came back from the peer. */
static bool said_already(const struct ol_line *l, const struct ol_put *text)
{
    const struct ol_shelf *shelf = &l->cfg.record.shelf;
    struct ol_row row;

    for (uint32_t seq = l->recovered_from; seq > 0 && seq <= l->need; seq = row.h.seq + 1) {
        if (shelf->at(shelf->ctx, own_side(l), seq, &row))
            return false;
        if (row.h.kind == text->row.h.kind && (row.h.flags & ~OL_FLAG_ALONE) == text->row.h.flags &&
            ol_span_equal(row.body, text->row.body))
            return true;
    }
    return false;
}

/* The texts of this precedence that wait in the outbox, as many as there is room for. */
static void sign_outbox(struct ol_line *l, enum ol_precedence p, struct open_run *run)
{
    const struct ol_shelf *shelf = &l->cfg.record.shelf;
    struct ol_batch_space *b = filling(l);
    struct ol_put text;
    uint64_t after = 0;

    while (l->outbox_n > 0 && shelf->outbox(shelf->ctx, p, after, &text) == OL_OK &&
           ol_batch_fits(b, 2, text.row.body.len)) {
        struct ol_put *put = ol_batch_add(b, &text);

        after = text.token;
        if (said_already(l, put)) {
            b->n--;
        } else if (!sign_text(l, put, run)) {
            b->n--;
            return;
        }
        ol_batch_add(b, &(struct ol_put){.what = OL_PUT_UNBOXED, .token = text.token});
        l->outbox_n--;
    }
}

static size_t count_boxed(const struct ol_batch_space *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++)
        n += b->puts[i].what == OL_PUT_OUTBOX;
    return n;
}

/* "Restored" and the like: a resume is signed before anything else in its batch, receipts too. */
static bool sign_resume(struct ol_line *l)
{
    uint8_t random[4];
    uint32_t jump;

    assert(l->signing == OL_SIGN_RESUMING);
    l->cfg.random.fill(l->cfg.random.ctx, random, sizeof random);
    jump = ((uint32_t)random[0] << 16 | (uint32_t)random[1] << 8 | random[2]) & 0xffffffu;
    if (ol_record_resume(&l->record, ol_span(l->reason, strlen(l->reason)), l->above, jump, filling(l), l->now.utc)) {
        l->signing = OL_SIGN_STOPPED;
        return false;
    }
    ol_batch_add(filling(l), &(struct ol_put){.what = OL_PUT_RESUMED});
    output_urgent(l, ol_record_own(&l->record)->head, OL_FLASH);
    l->owed_seq = ol_record_own(&l->record)->head;
    l->signing = OL_SIGN_READY;
    l->record.recovering = false; /* until here what came of ours was no second life */
    l->resumed = true;
    l->restored = false;
    l->changed = true;
    return true;
}

/* Receipts below IMMEDIATE wait until the one before has gone out: remember the last. */
static void sign_receipts(struct ol_line *l, bool texts_follow)
{
    size_t before = filling(l)->n;

    if (ol_record_receipts(&l->record, filling(l), texts_follow, receipt_waits(l), l->now.utc)) {
        l->signing = OL_SIGN_STOPPED;
        return;
    }
    assert(filling(l)->n - before <= OL_DUE_ALONE + 1);
    for (size_t i = before; i < filling(l)->n; i++) {
        const struct ol_header *h = &filling(l)->puts[i].row.h;

        if (ol_flags_precedence(h->flags) >= OL_IMMEDIATE)
            output_urgent(l, h->seq, ol_flags_precedence(h->flags));
        else
            l->receipt_seq = h->seq;
    }
}

/* Receipts come before texts, so that a FLASH is receipted in the shortest form; but a line's first entry may have to be a
 * text, which says what line it succeeds. */
static void sign_all(struct ol_line *l)
{
    bool texts = count_boxed(filling(l)) + l->outbox_n > 0;
    bool text_first = texts && ol_record_own(&l->record)->head == 0;
    struct open_run run = {0};

    if (l->signing == OL_SIGN_RESUMING && !sign_resume(l))
        return;
    if (!text_first)
        sign_receipts(l, texts);
    for (int p = OL_FLASH; p >= OL_ROUTINE && l->signing == OL_SIGN_READY; p--) {
        sign_outbox(l, (enum ol_precedence)p, &run);
        sign_waiting(l, (enum ol_precedence)p, &run);
    }
    close_run(l, &run);
    if (text_first)
        sign_receipts(l, texts);
}

static bool something_to_sign(const struct ol_line *l)
{
    return l->signing == OL_SIGN_RESUMING ||
           (l->signing == OL_SIGN_READY && (l->outbox_n > 0 || ol_record_owes(&l->record, receipt_waits(l))));
}

/* Nobody waits for the peer's receipts to be durable here, since the peer has what they speak of: alone they are not worth a
 * disk sync of their own at once, and wait a little for company. */
static bool something_to_commit(struct ol_line *l)
{
    const struct ol_batch_space *b = filling(l);

    for (size_t i = 0; i < b->n; i++) {
        const struct ol_header *h = &b->puts[i].row.h;

        if (b->puts[i].what != OL_PUT_ROW || h->author != peer_side(l) || h->kind != OL_KIND_RECEIPT)
            return true;
    }
    if (b->n > 0 && l->receipts_until == 0)
        l->receipts_until = l->now.ms + RECEIPTS_WAIT_MS;
    return something_to_sign(l) || (b->n > 0 && l->now.ms >= l->receipts_until);
}

bool commit_next(struct ol_line *l, struct ol_out *out)
{
    const struct ol_stream *peer = ol_record_peer(&l->record);
    struct ol_batch_space *b = filling(l);

    assert(!l->failed && l->filling <= 1 && (l->in_flight || !l->handed_out));
    if (l->in_flight && !l->handed_out && (!l->no_room || l->now.ms >= l->no_room_retry)) {
        l->handed_out = true;
        *out = (struct ol_out){.kind = OL_OUT_COMMIT, .batch = &l->batch};
        return true;
    }
    if (l->in_flight || !something_to_commit(l))
        return false;
    l->receipts_until = 0;
    if (l->signing == OL_SIGN_READY || l->signing == OL_SIGN_RESUMING)
        sign_all(l);
    l->outbox_n += count_boxed(b);
    if (b->n == 0)
        return false;
    assert(b->n <= OL_BATCH_ROWS && b->used <= OL_BATCH_BYTES);
    l->batch_id++;
    l->batch = (struct ol_batch){.id = l->batch_id, .puts = b->puts, .n = b->n};
    l->batch_own_head = ol_record_own(&l->record)->head;
    l->batch_peer_head = (struct ol_place){.seq = peer->head, .hash = peer->head_hash};
    ol_stream_early_ranges(peer, &l->batch_early);
    l->record.in_flight = b;
    l->filling = 1 - l->filling;
    ol_batch_clear(filling(l));
    l->in_flight = true;
    assert(filling(l) != b && l->batch_own_head >= l->own_durable && l->batch_peer_head.seq >= l->peer_durable.seq);
    l->handed_out = true;
    *out = (struct ol_out){.kind = OL_OUT_COMMIT, .batch = &l->batch};
    return true;
}

void ol_line_committed(struct ol_line *l, uint64_t batch, enum ol_err err, struct ol_now now)
{
    l->now = now;
    assert(l->in_flight && l->handed_out && batch == l->batch_id);
    if (err == OL_NO_ROOM) {
        /* The same bytes again later: their numbers are used, whatever became of them. */
        l->handed_out = false;
        l->changed = l->changed || !l->no_room;
        l->no_room = true;
        l->no_room_retry = now.ms + DISK_RETRY_MS;
        return;
    }
    if (err) {
        l->failed = true;
        return;
    }
    l->changed = l->changed || l->no_room;
    l->no_room = false;
    l->in_flight = false;
    l->record.in_flight = NULL;
    l->handed_out = false;
    l->own_durable = l->batch_own_head;
    l->peer_durable = l->batch_peer_head;
    l->early_durable = l->batch_early;
    assert(l->own_durable <= ol_record_own(&l->record)->head);
    /* What did not fit into the batch before may fit now. */
    ol_record_settle(&l->record, peer_side(l), filling(l), now.utc);
    if (l->record.recovering)
        ol_record_settle(&l->record, own_side(l), filling(l), now.utc);
    signing_update(l);
}

enum ol_err ol_line_write(struct ol_line *l, uint8_t kind, uint8_t flags, struct ol_span body, uint64_t token,
                          struct ol_now now)
{
    struct ol_put put = {.what = OL_PUT_OUTBOX, .token = token};

    assert(body.len <= OL_BODY_MAX && kind >= 32);
    l->now = now;
    if (l->failed)
        return OL_STORE;
    if (l->signing == OL_SIGN_STOPPED)
        return OL_UNEXPECTED;
    if (l->no_room)
        return OL_NO_ROOM;
    if (!ol_batch_fits(filling(l), 1, body.len))
        return OL_LATER;
    put.row.h.kind = kind;
    put.row.h.flags = flags & (OL_FLAGS_SIGNED & ~OL_FLAG_ALONE);
    put.row.body = body;
    assert(!(put.row.h.flags & OL_FLAG_ALONE));
    ol_batch_add(filling(l), &put);
    return OL_OK;
}

enum ol_err ol_line_unfreeze(struct ol_line *l, struct ol_now now)
{
    struct ol_stream *peer = ol_record_peer(&l->record);

    l->now = now;
    if (!peer->frozen)
        return OL_UNEXPECTED;
    peer->frozen = false;
    l->changed = true;
    l->record.due.some = ol_record_settle(&l->record, peer->author, filling(l), now.utc) || l->record.due.some;
    return OL_OK;
}

enum ol_err ol_line_resume(struct ol_line *l, struct ol_span reason, struct ol_now now)
{
    l->now = now;
    if (reason.len > OL_REASON_MAX)
        return OL_LIMIT;
    assert(reason.len < sizeof l->reason && reason.p != NULL);
    memcpy(l->reason, reason.p, reason.len);
    l->reason[reason.len] = 0;
    l->signing = OL_SIGN_RESUMING;
    l->record.twice = false;
    l->changed = true;
    return OL_OK;
}
