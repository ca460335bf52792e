/* SPDX-License-Identifier: Apache-2.0 */
#include "line/line.h"

#include <assert.h>
#include <string.h>

#include "line/internal.h"

void ol_line_init(struct ol_line *l, const struct ol_line_cfg *cfg, struct ol_now now)
{
    assert(cfg->record.own_sk != NULL && cfg->random.fill != NULL && cfg->liveness_ms > 0);
    memset(l, 0, sizeof *l);
    l->cfg = *cfg;
    l->now = now;
    ol_record_init(&l->record, &cfg->record);
    l->restored = cfg->restored;
    l->tail = 1;
    /* At random: a number that the peer still knows from before our start would be tried in vain. */
    cfg->random.fill(cfg->random.ctx, &l->last_session, 1);
    if (cfg->restored)
        memcpy(l->reason, "restored from a backup", sizeof "restored from a backup");
    for (uint8_t i = 0; i < OL_PATHS; i++)
        l->path[i].ask_at = OL_NEVER;
}

void ol_line_fini(struct ol_line *l)
{
    ol_wipe(l, sizeof *l);
}

enum ol_err ol_line_load(struct ol_line *l, const struct ol_row *row)
{
    assert(l->batch_id == 0);
    return ol_record_load(&l->record, row);
}

enum ol_err ol_line_loaded(struct ol_line *l, size_t outbox_n)
{
    const struct ol_stream *peer = ol_record_peer(&l->record);
    enum ol_err err = ol_record_loaded(&l->record);

    assert(l->batch_id == 0 && !l->answered);
    l->outbox_n = outbox_n;
    l->own_durable = ol_record_own(&l->record)->head;
    l->peer_durable = (struct ol_place){.seq = peer->head, .hash = peer->head_hash};
    ol_stream_early_ranges(peer, &l->early_durable);
    l->tail = l->own_durable + 1; /* the peer's first sync says what of it is missing there */
    l->sent_told = l->own_durable;
    l->named = l->named_told = l->record.named.up_to;
    l->owed_seq = l->record.own_said;
    signing_update(l);
    return err;
}

/* A receipt is owed and overdue: ask; the answer brings the peer's sync. */
static bool probe_wanted(const struct ol_line *l)
{
    return l->owed_seq > l->named && l->probe_at != 0 && ol_line_was_sent(l, l->owed_seq);
}

static void probe(struct ol_line *l)
{
    assert(l->owed_seq > l->named);
    l->probes += l->probes < 16;
    l->probe_at = l->now.ms + (line_rto(l) << (l->probes < 8 ? l->probes : 8));
    paths_ask(l, 1);
}

void ol_line_tick(struct ol_line *l, struct ol_now now)
{
    l->now = now;
    handshake_tick(l);
    liveness_tick(l);
    if (probe_wanted(l) && now.ms >= l->probe_at)
        probe(l);
}

static ol_ms earlier(ol_ms a, ol_ms b)
{
    return a < b ? a : b;
}

ol_ms ol_line_deadline(const struct ol_line *l)
{
    ol_ms at = earlier(handshake_deadline(l), liveness_deadline(l));

    if (l->failed)
        return OL_NEVER;
    if (probe_wanted(l))
        at = earlier(at, l->probe_at);
    if (l->in_flight && !l->handed_out && l->no_room)
        at = earlier(at, l->no_room_retry);
    if (!l->in_flight && l->receipts_until != 0)
        at = earlier(at, l->receipts_until);
    for (unsigned i = 0; i < 2; i++) {
        if (l->record.want[i].from > 0 && l->want_at[i] > l->now.ms)
            at = earlier(at, l->want_at[i]);
    }
    return at;
}

static bool proven_next(struct ol_line *l, struct ol_out *out)
{
    for (uint8_t i = 0; i < OL_PATHS; i++) {
        if (!(l->proven_due >> i & 1))
            continue;
        l->proven_due &= (uint16_t)~(1u << i);
        *out = (struct ol_out){.kind = OL_OUT_PROVEN, .path = i, .conn = l->proven_conn[i]};
        return true;
    }
    return false;
}

/* A path goes down because time has passed, and comes up because a receipt has come. */
static bool health_changed(struct ol_line *l)
{
    uint16_t before = l->up_told;

    l->up_told = 0;
    for (uint8_t i = 0; i < OL_PATHS; i++)
        l->up_told |= (uint16_t)((ol_line_path_health(l, i, l->now) == OL_PATH_UP) << i);
    return l->up_told != before;
}

bool ol_line_next(struct ol_line *l, struct ol_out *out)
{
    bool any;

    if (l->failed)
        return false;
    if (l->came > 0) {
        *out = (struct ol_out){.kind = OL_OUT_OFF_RECORD, .bytes = ol_span(l->frame, l->came)};
        l->shown = l->came;
        l->came = 0;
        return true;
    }
    ol_wipe(l->frame, l->shown);
    any = commit_next(l, out) || proven_next(l, out) || handshake_next(l, out) || output_next(l, out);
    if (!any && (health_changed(l) || l->changed)) {
        l->changed = false;
        *out = (struct ol_out){.kind = OL_OUT_CHANGED};
        any = true;
    }
    assert(!any || out->kind != OL_OUT_SEND || (out->path < OL_PATHS && out->bytes.len <= OL_FRAME_MAX));
    if (any && out->kind == OL_OUT_SEND) {
        l->path[out->path].outstanding++;
        l->count.bytes_out += out->bytes.len;
    }
    return any;
}

void ol_line_status(const struct ol_line *l, struct ol_now now, struct ol_line_status *out)
{
    ol_ms last = 0;

    *out = (struct ol_line_status){.signing = l->signing, .own_head = l->own_durable, .peer_head = l->peer_durable.seq,
                                   .frozen = l->record.stream[peer_side(l) - 'A'].frozen, .no_room = l->no_room,
                                   .clock_doubtful = l->record.clock_doubtful, .flooded = l->flooded};
    for (uint8_t i = 0; i < OL_PATHS; i++) {
        const struct ol_line_path *p = &l->path[i];

        if (!p->configured)
            continue;
        out->configured++;
        out->up += ol_line_path_health(l, i, now) == OL_PATH_UP;
        if (p->heard_at > last)
            last = p->heard_at;
    }
    if (now.ms - l->said_at <= 3 * l->cfg.liveness_ms)
        out->said = l->said;
    out->withheld = receipt_overdue(l, now) && now.ms - last <= 3 * l->cfg.liveness_ms;
    out->heard = last > 0;
    assert(out->up <= out->configured && out->configured <= OL_PATHS);
    out->heard_ms = last > 0 ? now.ms - last : 0;
}
