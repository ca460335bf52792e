/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake of the line: two messages, one session for all paths.
 *
 *     calling     message 1 sent on every open path; a retry has a new ephemeral key
 *     answering   message 1 came; its key, its entries and their receipts are one commit,
 *                 message 2 goes out after it, on every path on which message 1 came
 *     next        the answered session, until a frame under it has come
 *     cur         the session that sends; old, the one before it, only receives
 *
 * Message 1 may be a replay, or forged with our stolen key: only its entries count.
 */
#include <assert.h>
#include <string.h>

#include "crypto/hash.h"
#include "line/internal.h"

bool session_usable(const struct ol_line *l)
{
    return l->cur.live && (l->cur.initiator || l->cur.proved);
}

static void noise_init(const struct ol_line *l, bool initiator, struct ol_noise *n)
{
    uint8_t prologue[10 + 32];

    memcpy(prologue, "openline/1", 10);
    memcpy(prologue + 10, l->cfg.record.line.b, 32);
    ol_noise_init(n, &(struct ol_noise_cfg){.initiator = initiator, .prologue = ol_span(prologue, sizeof prologue),
                                            .psk = &l->cfg.keys.psk, .own = &l->cfg.own_dh, .peer = &l->cfg.peer_dh});
}

/* The session that sends from now on is about to be put into cur; the one before it goes on receiving for a while. */
static void make_room(struct ol_line *l)
{
    if (l->cur.live) {
        l->old = l->cur;
        l->old_until = l->now.ms + 3 * line_rto(l);
    }
    ol_wipe(&l->answering, sizeof l->answering);
    ol_wipe(&l->calling, sizeof l->calling);
    l->sync_due = true;
    l->absent_asked = 0;
    l->absent_from = 0;
    l->answer_wanted = false; /* asked under a session that is not the sending one any more */
    for (uint8_t i = 0; i < OL_PATHS; i++) {
        l->path[i].unanswered = 0;
        memset(l->path[i].asked, 0, sizeof l->path[i].asked);
        l->path[i].marked_at = 0;
        if (path_open(l, i))
            path_ask(l, i);
    }
}

void handshake_proved(struct ol_line *l)
{
    assert(l->next.live && l->next.proved && !l->next.initiator);
    make_room(l);
    l->cur = l->next;
    ol_wipe(&l->next, sizeof l->next);
    assert(session_usable(l));
}

/* ---- Calling ---- */

void handshake_need(struct ol_line *l)
{
    bool open = false;

    for (uint8_t i = 0; i < OL_PATHS; i++)
        open = open || path_open(l, i);
    if (!open || l->calling.active || l->answering.active || l->failed)
        return;
    l->calling.active = true;
    l->calling.tries = 0;
    /* B waits a little, so that two that begin together rarely cross. */
    l->calling.retry_at = l->now.ms + (own_side(l) == 'B' ? RETRY_FIRST_MS / 4 : 0);
}

void handshake_now(struct ol_line *l, uint8_t path)
{
    bool other = false;

    for (uint8_t i = 0; i < OL_PATHS; i++)
        other = other || (i != path && path_open(l, i));
    if (!l->calling.active || l->calling.tries == 0)
        return;
    if (other) { /* its answer may be under way on a slow one: the same goes here too */
        l->calling.due |= (uint16_t)((l->calling.len + OL_HANDSHAKE_HEAD <= l->path[path].mtu) << path);
        return;
    }
    l->calling.tries = l->calling.due = 0; /* the one before is not sent where it still waits */
    l->calling.retry_at = l->now.ms;
}

static uint8_t new_session_id(struct ol_line *l)
{
    uint8_t odd = own_side(l) == 'B';

    do
        l->last_session = (uint8_t)(((l->last_session + 2) & 0xe) | odd);
    while ((l->cur.live && l->cur.id == l->last_session) || (l->old.live && l->old.id == l->last_session));
    assert(l->last_session < OL_SESSIONS && (l->last_session & 1) == odd);
    return l->last_session;
}

/* What a handshake message may carry on every open path. */
static size_t payload_max(const struct ol_line *l)
{
    size_t max = OL_FRAME_UDP;

    for (uint8_t i = 0; i < OL_PATHS; i++) {
        if (l->path[i].configured && l->path[i].mtu < max)
            max = l->path[i].mtu;
    }
    assert(max >= OL_FRAME_MIN && max <= OL_FRAME_UDP);
    return max - OL_HANDSHAKE_OVERHEAD;
}

/* A new message 1, with its own ephemeral key and what is to be said now. */
static void call(struct ol_line *l)
{
    struct ol_calling *c = &l->calling;
    uint8_t payload[OL_FRAME_UDP];
    size_t len = 0;
    ol_ms patience;

    if (l->signing == OL_SIGN_READY) {
        send_again_from(l, l->held + 1);
        len = output_entries(l, payload, payload_max(l));
    }
    noise_init(l, true, &c->noise);
    if (ol_noise_write(&c->noise, l->cfg.random, ol_span(payload, len), c->bytes)) {
        c->active = false;
        return;
    }
    c->len = len + OL_NOISE_OVERHEAD;
    assert(c->len <= sizeof c->bytes - OL_HANDSHAKE_HEAD);
    c->session = new_session_id(l);
    c->due = 0;
    for (uint8_t i = 0; i < OL_PATHS; i++)
        c->due |= (uint16_t)(path_open(l, i) ? 1u << i : 0);
    /* Ever more patient: nothing of the link is known yet, and a retry makes the call before it useless. At 75 bit/s an answer
     * takes minutes; but who has just come back should not have to wait for as long as that. */
    patience = line_rto(l) << (c->tries < 6 ? c->tries : 6 + 3 * (c->tries & 1));
    c->retry_at = l->now.ms + (patience < RTO_MAX_MS ? patience : RTO_MAX_MS);
    c->tries++;
}

static struct ol_span outer(const struct ol_line *l, enum ol_outer_type type, uint8_t session, uint8_t path,
                            struct ol_span noise, uint8_t *out)
{
    struct ol_outer o = {.type = type, .session = session, .path = path};
    struct ol_wr w = ol_wr_to(out, OL_FRAME_MAX);
    uint8_t first[OL_HANDSHAKE_HEAD];
    struct ol_wr head = ol_wr_to(first, sizeof first);

    assert(type != OL_FRAME && noise.len >= OL_NOISE_OVERHEAD);
    ol_outer_write(&o, &head);
    ol_handshake_tag(&l->cfg.keys.tag[own_side(l) - 'A'], first, noise, o.tag);
    ol_outer_write(&o, &w);
    ol_wr_bytes(&w, noise.p, noise.len);
    assert(!w.full);
    return ol_wr_span(&w);
}

/* ---- Answering ---- */

static uint64_t key_prefix(const uint8_t *ephemeral)
{
    struct ol_rd r = ol_rd_from(ol_span(ephemeral, 8));

    return ol_rd_u64(&r);
}

static bool answered_before(const struct ol_line *l, const uint8_t *ephemeral)
{
    uint64_t n = l->answered_n < OL_ANSWERED ? l->answered_n : OL_ANSWERED;

    for (uint64_t i = 0; i < n; i++) {
        if (l->answered_keys[i] == key_prefix(ephemeral))
            return true;
    }
    return false;
}

void ol_line_load_answered(struct ol_line *l, const struct ol_hash *key)
{
    l->answered_keys[l->answered_n++ % OL_ANSWERED] = key_prefix(key->b);
}

/* The same message 1 on another path, or again because message 2 was lost. */
static enum ol_err answer_again(struct ol_line *l, uint8_t path, uint16_t conn)
{
    struct ol_answering *a = &l->answering;

    assert(a->active && path < OL_PATHS);
    a->paths |= (uint16_t)(1u << path);
    a->conn[path] = conn;
    if (a->made)
        a->due |= (uint16_t)(1u << path);
    return OL_OK;
}

static void begin_answer(struct ol_line *l, const struct ol_outer *o, uint8_t path, uint16_t conn,
                         const struct ol_noise *n)
{
    struct ol_answering *a = &l->answering;
    struct ol_put put = {.what = OL_PUT_ANSWERED};

    ol_wipe(a, sizeof *a);
    ol_wipe(&l->next, sizeof l->next);
    a->active = true;
    a->noise = *n;
    memcpy(a->ephemeral, n->re.b, 32);
    memcpy(put.hash.b, n->re.b, 32);
    ol_batch_add(filling(l), &put);
    ol_line_load_answered(l, &put.hash);
    a->batch = filling_id(l);
    assert(a->batch == l->batch_id + 1);
    a->session = o->session;
    a->until = l->now.ms + ANSWER_MS;
    (void)answer_again(l, path, conn);
}

static void end_answer(struct ol_line *l)
{
    assert(l->answering.active);
    ol_wipe(&l->answering, sizeof l->answering);
    ol_wipe(&l->next, sizeof l->next);
}

void handshake_path_lost(struct ol_line *l, uint8_t path)
{
    l->answering.paths &= (uint16_t)~(1u << path);
    if (l->answering.active && l->answering.paths == 0)
        end_answer(l);
}

static enum ol_err on_message_1(struct ol_line *l, const struct ol_outer *o, uint8_t path, uint16_t conn)
{
    struct ol_noise n;
    uint8_t payload[OL_FRAME_MAX];
    enum ol_err err;

    assert(o->rest.len >= OL_NOISE_OVERHEAD && o->rest.len <= sizeof payload);
    if ((o->session & 1) != (own_side(l) == 'A'))
        return OL_MALFORMED;
    if (l->answering.active && memcmp(o->rest.p, l->answering.ephemeral, 32) == 0)
        return answer_again(l, path, conn);
    if (answered_before(l, o->rest.p)) {
        l->count.replayed++;
        return OL_REPLAYED;
    }
    noise_init(l, false, &n);
    err = ol_noise_read(&n, o->rest, payload);
    if (err) {
        l->count.wrong_card++;
        l->changed = true;
        goto out;
    }
    if (!ol_batch_fits(filling(l), 1, 0)) {
        err = OL_LIMIT;
        goto out;
    }
    err = items_input(l, ol_span(payload, o->rest.len - OL_NOISE_OVERHEAD), NULL, path, true);
    /* If two cross, A does not answer B's call before its own first one has had its time. */
    if (err == OL_LIMIT || (own_side(l) == 'A' && l->calling.active && l->calling.tries == 1 &&
                            l->now.ms < l->calling.retry_at))
        goto out;
    /* B drops its own; A's goes on, and if it is answered it is the one that counts. */
    if (own_side(l) == 'B')
        ol_wipe(&l->calling, sizeof l->calling);
    begin_answer(l, o, path, conn, &n);
    err = OL_OK;
out:
    ol_noise_wipe(&n);
    ol_wipe(payload, sizeof payload);
    return err;
}

static void open_session(struct ol_line *l, struct ol_noise *n, struct ol_session *s, uint8_t id, bool initiator)
{
    struct ol_dir_key tx;
    struct ol_dir_key rx;

    ol_noise_split(n, &tx, &rx, NULL);
    ol_session_start(s, id, initiator, &tx, &rx, l->now.ms);
    ol_wipe(&tx, sizeof tx);
    ol_wipe(&rx, sizeof rx);
}

/* The commit that message 2 waits for is durable: make it, and the session that it opens. */
static void make_answer(struct ol_line *l)
{
    struct ol_answering *a = &l->answering;
    uint8_t payload[OL_FRAME_UDP];
    struct ol_wr w = ol_wr_to(payload, payload_max(l));
    struct ol_item item = {.kind = OL_ITEM_SYNC};
    enum ol_err err;

    assert(a->active && !a->made && a->batch <= l->batch_id);
    sync_make(l, &item.sync);
    sync_shorten(&item.sync, ol_wr_room(&w));
    /* With no other session open, nothing can come in that this sync does not know of. */
    item.sync.answer = !l->cur.live && !l->old.live && !l->in_flight && filling(l)->n == 0;
    ol_item_write(&item, &w);
    assert(!w.full);
    w.len += output_entries(l, payload + w.len, ol_wr_room(&w));
    err = ol_noise_write(&a->noise, l->cfg.random, ol_wr_span(&w), a->bytes);
    assert(err == OL_OK); /* message 1 opened: none of the keys that are mixed is of small order */
    a->len = w.len + OL_NOISE_OVERHEAD;
    assert(a->len <= sizeof a->bytes - OL_HANDSHAKE_HEAD);
    open_session(l, &a->noise, &l->next, a->session, false);
    a->made = true;
    a->until = l->now.ms + ANSWER_MS;
    a->due = a->paths;
}

static enum ol_err on_message_2(struct ol_line *l, const struct ol_outer *o, uint8_t path, uint16_t conn)
{
    struct ol_calling *c = &l->calling;
    struct ol_noise n;
    uint8_t payload[OL_FRAME_MAX];
    enum ol_err err;

    assert(o->rest.len >= OL_NOISE_OVERHEAD && o->rest.len <= sizeof payload);
    if (!c->active || c->tries == 0 || c->session != o->session)
        return OL_UNEXPECTED;
    n = c->noise;
    err = ol_noise_read(&n, o->rest, payload);
    if (err) {
        l->count.wrong_card++;
        goto out;
    }
    make_room(l);
    open_session(l, &n, &l->cur, o->session, true);
    ol_wipe(&l->next, sizeof l->next);
    l->path[path].peer_number = o->path;
    path_heard(l, path, conn);
    err = items_input(l, ol_span(payload, o->rest.len - OL_NOISE_OVERHEAD), &l->cur, path, false);
out:
    ol_noise_wipe(&n);
    ol_wipe(payload, sizeof payload);
    return err;
}

enum ol_err handshake_input(struct ol_line *l, const struct ol_outer *o, uint8_t path, uint16_t conn)
{
    uint8_t tag[8];
    uint8_t first[OL_HANDSHAKE_HEAD];
    struct ol_wr w = ol_wr_to(first, sizeof first);

    assert(o->type != OL_FRAME && path < OL_PATHS);
    ol_outer_write(o, &w);
    ol_handshake_tag(&l->cfg.keys.tag[peer_side(l) - 'A'], first, o->rest, tag);
    if (!ol_secret_equal(tag, o->tag, sizeof tag)) {
        l->changed = l->changed || l->count.wrong_key == 0;
        l->count.wrong_key++;
        return OL_FORGED;
    }
    return o->type == OL_MESSAGE_1 ? on_message_1(l, o, path, conn) : on_message_2(l, o, path, conn);
}

/* ---- Time and output ---- */

void handshake_tick(struct ol_line *l)
{
    if (l->answering.active && l->now.ms >= l->answering.until) {
        end_answer(l);
        if (!session_usable(l))
            handshake_need(l);
    }
    if (l->old.live && l->now.ms >= l->old_until)
        ol_wipe(&l->old, sizeof l->old);
    if (l->calling.active && l->now.ms >= l->calling.retry_at)
        call(l);
}

ol_ms handshake_deadline(const struct ol_line *l)
{
    ol_ms at = OL_NEVER;

    if (l->answering.active)
        at = l->answering.until;
    if (l->calling.active && l->calling.retry_at < at)
        at = l->calling.retry_at;
    if (l->old.live && l->old_until < at)
        at = l->old_until;
    return at;
}

/* Message 2 goes out on a connection that may not be proven yet: that the relay has room is enough. */
static int next_due(const struct ol_line *l, uint16_t due)
{
    for (uint8_t i = 0; i < OL_PATHS; i++) {
        if ((due >> i & 1) && l->path[i].outstanding < l->path[i].window)
            return i;
    }
    return -1;
}

bool handshake_next(struct ol_line *l, struct ol_out *out)
{
    struct ol_answering *a = &l->answering;
    struct ol_calling *c = &l->calling;
    int path;

    if (a->active && !a->made && (l->batch_id > a->batch || (l->batch_id == a->batch && !l->in_flight)))
        make_answer(l);
    path = next_due(l, a->due);
    if (a->active && path >= 0) {
        a->due &= (uint16_t)~(1u << path);
        assert(a->made && a->batch <= l->batch_id);
        *out = (struct ol_out){.kind = OL_OUT_SEND, .path = (uint8_t)path, .conn = a->conn[path]};
        out->bytes = outer(l, OL_MESSAGE_2, a->session, out->path, ol_span(a->bytes, a->len), l->frame);
        return true;
    }
    path = next_due(l, c->due);
    if (c->active && path >= 0) {
        c->due &= (uint16_t)~(1u << path);
        assert(c->tries > 0 && c->len >= OL_NOISE_OVERHEAD);
        *out = (struct ol_out){.kind = OL_OUT_SEND, .path = (uint8_t)path};
        out->bytes = outer(l, OL_MESSAGE_1, c->session, out->path, ol_span(c->bytes, c->len), l->frame);
        return true;
    }
    return false;
}

void ol_line_drop_session(struct ol_line *l, struct ol_now now)
{
    l->now = now;
    ol_wipe(&l->cur, sizeof l->cur);
    ol_wipe(&l->old, sizeof l->old);
    ol_wipe(&l->next, sizeof l->next);
    ol_wipe(&l->calling, sizeof l->calling);
    ol_wipe(&l->answering, sizeof l->answering);
}
