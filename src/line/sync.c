/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sync: each side says what it has, the other sends what is missing. And what follows
 * from it for a station that starts: it signs nothing until the peer has said what it
 * holds of its stream, and takes back first what it lacks.
 */
#include <assert.h>
#include <string.h>

#include "line/internal.h"

#define ASK_AGAIN_MS 3600000u
#define LOST_ON_BOTH "entries lost here that the peer does not hold"

/* Everything that came before the peer's question is durable. */
bool answer_ready(const struct ol_line *l)
{
    return l->answer_wanted && (l->batch_id > l->answer_batch || (l->batch_id == l->answer_batch && !l->in_flight));
}

void sync_make(const struct ol_line *l, struct ol_sync *out)
{
    *out = (struct ol_sync){.starting = !l->answered, .answer = answer_ready(l), .own_head = l->own_durable,
                            .your_head = l->peer_durable.seq, .held = l->early_durable};
    memcpy(out->your_hash, l->peer_durable.hash.b, sizeof out->your_hash);
    assert(out->held.n <= OL_RANGES);
}

void sync_shorten(struct ol_sync *sync, size_t size)
{
    uint32_t most = size < OL_SYNC_SIZE + OL_RANGE_SIZE ? 1 : (uint32_t)((size - OL_SYNC_SIZE) / OL_RANGE_SIZE);

    if (sync->held.n <= most)
        return;
    sync->held.r[most - 1] = sync->held.r[sync->held.n - 1];
    sync->held.n = most;
}

/* ---- What the peer holds of ours ---- */

static void held_range(struct ol_line *l, const struct ol_range *r)
{
    size_t n = 0;

    assert(r->from <= r->to && l->urgent_n <= OL_URGENT_MAX);
    for (size_t i = 0; i < l->urgent_n; i++) {
        if (l->urgent[i].seq < r->from || l->urgent[i].seq > r->to)
            l->urgent[n++] = l->urgent[i];
    }
    l->urgent_n = n;
}

/* The pieces of these that have gone count as not sent. */
static void end_transfers(struct ol_line *l, uint32_t from, uint32_t to)
{
    for (uint8_t i = 0; i < OL_PATHS; i++) {
        struct ol_transfer *t = &l->path[i].part;

        if (t->author == own_side(l) && t->seq >= from && t->seq <= to)
            *t = (struct ol_transfer){0};
    }
}

void held_up_to(struct ol_line *l, uint32_t seq)
{
    if (seq > l->held) { /* once: what the peer asked for below goes on, however often it says what it holds */
        l->held = seq;
        end_transfers(l, 0, seq);
    }
    if (l->tail <= l->held)
        l->tail = l->held + 1;
    assert(l->tail > l->held && l->urgent_n <= OL_URGENT_MAX);
    held_range(l, &(struct ol_range){.to = l->held});
}

void send_again_from(struct ol_line *l, uint32_t seq)
{
    if (seq < l->tail)
        l->tail = seq;
    for (size_t i = 0; i < l->urgent_n; i++) {
        if (l->urgent[i].seq >= seq)
            l->urgent[i].sent = 0;
    }
    end_transfers(l, seq, UINT32_MAX);
}

/* What lies below the highest number that arrived is lost; what lies above may still be under way. */
static void find_missing(struct ol_line *l, const struct ol_sync *sync, const struct ol_ranges *aside, bool exact,
                         const struct ol_session *s)
{
    struct ol_range have[2 * OL_RANGES];
    size_t n = ol_ranges_merge(&sync->held, aside, have);
    uint32_t next = sync->your_head + 1;
    /* The first sync of a session knows nothing yet of what went with its message 2; of all before it, it says the last. */
    bool patient = l->now.ms - l->entry_sent_at < line_rto(l) && (!exact || l->entry_sent_at >= s->born);

    if (exact || l->now.ms - l->fixed_at >= line_rto(l)) {
        l->fix.n = 0;
        for (size_t i = 0; i < n && have[i].from <= l->own_durable; i++) {
            if (have[i].from > next && next < l->tail && l->fix.n < OL_RANGES)
                l->fix.r[l->fix.n++] = (struct ol_range){.from = next, .to = have[i].from - 1};
            if (have[i].to >= next)
                next = have[i].to + 1;
        }
        l->fixed_at = l->now.ms;
    } else if (n > 0) {
        next = have[n - 1].to + 1;
    }
    /* It cannot hold what was not written: such a claim must not keep us from sending that. */
    if (next == 0 || next > l->own_durable + 1)
        next = l->own_durable + 1;
    assert(l->fix.n <= OL_RANGES);
    if (next < l->tail && !patient) {
        send_again_from(l, next);
        paths_ask(l, 2); /* which one lost it? */
    } else if (l->tail < next) {
        l->tail = next;
    }
}

static void take_holdings(struct ol_line *l, const struct ol_sync *sync, const struct ol_ranges *aside, bool exact,
                          const struct ol_session *s)
{
    assert(sync->your_head <= l->own_durable);
    /* Newer than all of its entries that named more, it tells of what was lost since, be they from before that. */
    if ((exact || sync->own_head >= ol_record_peer(&l->record)->top) && sync->your_head < l->held)
        l->held = sync->your_head;
    held_up_to(l, sync->your_head);
    /* What it says it holds it has to receipt, be it that nothing went out since our start. */
    if (l->owed_since == 0 && l->named < l->owed_seq && l->named < l->held) {
        l->owed_since = l->now.ms;
        l->owed_mark = l->owed_sent = l->held < l->owed_seq ? l->held : l->owed_seq;
    }
    for (size_t i = 0; i < sync->held.n; i++)
        held_range(l, &sync->held.r[i]);
    find_missing(l, sync, aside, exact, s);
}

/* ---- What it says of our stream is a claim: only our own seal counts ---- */

static void want_own(struct ol_line *l, uint32_t from, uint32_t to)
{
    assert(from <= to);
    l->record.want[own_side(l) - 'A'] = (struct ol_range){.from = from, .to = to};
    l->want_at[own_side(l) - 'A'] = l->now.ms;
}

static bool same_history(struct ol_line *l, const struct ol_sync *sync)
{
    struct ol_hash hash;

    return !ol_stream_is_absent(ol_record_own(&l->record), sync->your_head) &&
           ol_record_hash(&l->record, own_side(l), sync->your_head, &hash) == OL_OK &&
           memcmp(hash.b, sync->your_hash, sizeof sync->your_hash) == 0;
}

static void may_sign_now(struct ol_line *l)
{
    assert(l->answered && (l->signing == OL_SIGN_ASKING || l->signing == OL_SIGN_RECOVERING));
    l->record.recovering = false;
    l->record.want[own_side(l) - 'A'] = (struct ol_range){0};
    ol_record_named_anew(&l->record);
    l->signing = l->restored ? OL_SIGN_RESUMING : OL_SIGN_READY;
    l->changed = true;
}

void signing_update(struct ol_line *l)
{
    if (l->record.twice && l->signing != OL_SIGN_STOPPED) {
        l->signing = OL_SIGN_STOPPED;
        l->record.recovering = false;
        l->changed = true;
    }
    if (l->signing == OL_SIGN_RECOVERING && l->own_durable >= l->need)
        may_sign_now(l);
}

/* The answer that a starting station waits for: the highest number of ours that the peer holds. */
static void take_answer(struct ol_line *l, const struct ol_sync *sync)
{
    const struct ol_stream *own = ol_record_own(&l->record);
    uint32_t highest = sync->held.n > 0 ? sync->held.r[sync->held.n - 1].to : sync->your_head;
    bool absent = ol_stream_is_absent(own, highest);

    assert(sync->answer && !l->answered);
    l->answered = true;
    l->changed = true;
    /* A resume goes above what the peer names; but a claim that leaves no room for one is no more than a claim. */
    if (highest > l->above && highest < UINT32_MAX - (1u << 27))
        l->above = highest;
    if (l->signing == OL_SIGN_ASKING && highest > own->head && !absent) {
        l->signing = OL_SIGN_RECOVERING;
        l->record.recovering = true;
        l->need = highest;
        l->recovered_from = own->head + 1;
        assert(l->need >= l->recovered_from);
        want_own(l, own->head + 1, highest);
    } else if (l->signing == OL_SIGN_ASKING) {
        may_sign_now(l);
    } else if (l->resumed && highest > own->head && !absent) {
        /* Resumed without the peer, and it held more than we knew: once more, above that. */
        l->signing = OL_SIGN_RESUMING;
    }
}

static void check_claim(struct ol_line *l, const struct ol_sync *sync)
{
    const struct ol_stream *own = ol_record_own(&l->record);

    /* What a resume is about to declare absent is no second life of ours. */
    if (l->signing == OL_SIGN_RECOVERING || l->signing == OL_SIGN_RESUMING || !l->answered)
        return;
    if (sync->your_head > own->head)
        want_own(l, own->head + 1, sync->your_head);
    else if (!ol_stream_is_absent(own, sync->your_head) && !same_history(l, sync))
        want_own(l, sync->your_head, sync->your_head);
}

/* What the peer holds under numbers that our resumes declare absent belongs on our record too. Nobody knows how much there is,
 * and frames get lost: in each session, and each hour of a long one, it is asked for each gap between what is here, until
 * twice nothing new has come. Else a relay that lost all long frames for a minute would have kept it away for good. */
void want_absent(struct ol_line *l)
{
    const struct ol_stream *own = ol_record_own(&l->record);
    const struct ol_range *absent = &own->absent[l->absent_asked];
    const struct ol_shelf *shelf = &l->cfg.record.shelf;
    struct ol_row row = {0};

    if (l->now.ms >= l->want_at[own_side(l) - 'A'] + ASK_AGAIN_MS) {
        l->want_at[own_side(l) - 'A'] = l->now.ms;
        l->absent_asked = l->absent_from = 0; /* from the next frame on */
    }
    if (l->signing != OL_SIGN_READY || !l->answered || l->record.want[own_side(l) - 'A'].from > 0 ||
        l->absent_asked >= own->absent_n || l->held < absent->to)
        return;
    if (l->absent_from < absent->from)
        l->absent_from = absent->from;
    while (shelf->at(shelf->ctx, own->author, l->absent_from, &row) == OL_OK && row.h.seq == l->absent_from)
        l->absent_from++;
    if (l->absent_from > absent->to) {
        l->absent_asked++;
        return;
    }
    assert(l->absent_from >= absent->from && l->absent_from <= absent->to);
    want_own(l, l->absent_from, row.h.seq > l->absent_from && row.h.seq <= absent->to ? row.h.seq - 1 : absent->to);
}

/* The peer says that it has no more. Frames get lost, and overtake each other: it is believed when twice nothing new came. */
static bool nothing_came(struct ol_line *l)
{
    uint64_t seen = l->record.taken_back + l->pieces;

    l->quiet = seen == l->back_seen ? l->quiet + 1 : 0;
    l->back_seen = seen;
    if (l->quiet < 2)
        return false;
    l->quiet = 0;
    return true;
}

void signing_none(struct ol_line *l, const struct ol_range *range)
{
    const struct ol_stream *own = ol_record_own(&l->record);
    struct ol_range *w = &l->record.want[own_side(l) - 'A'];

    if (w->from < range->from || w->to > range->to)
        return;
    if (l->signing == OL_SIGN_RECOVERING && own->head >= l->need)
        return; /* all is back, and only not durable yet */
    if (l->signing != OL_SIGN_RECOVERING) {
        if (ol_stream_is_absent(own, w->to) && nothing_came(l))
            l->absent_from = w->to + 1;
        *w = (struct ol_range){0};
    } else if (own->top >= l->need && nothing_came(l)) {
        /* Our own seal says that the rest was lost on both sides: what is missing is declared so. */
        memcpy(l->reason, LOST_ON_BOTH, sizeof LOST_ON_BOTH);
        l->signing = OL_SIGN_RESUMING;
        l->changed = true;
    } else {
        /* What was claimed is not given: it is asked for again, later. */
        w->from = own->head + 1;
        l->want_at[own_side(l) - 'A'] = l->now.ms + (own->top >= l->need ? line_rto(l) : l->cfg.liveness_ms);
    }
}

/* The peer stands on what a resume of ours gave up: it has not been where we went on from, and nobody knows since which
 * resume. All since the first goes to it whole, as if it had asked, and the entry that it should stand on: if it holds another
 * under that number, it has the proof. Then it waits for its officers: all is given ever more seldom, once an hour at last. If
 * it stands below on what we never wrote, that entry is all that can help. */
static void give_branch(struct ol_line *l, uint32_t your_head)
{
    const struct ol_stream *own = ol_record_own(&l->record);
    uint32_t from = your_head < own->absent->from ? your_head : own->absent->from - 1;
    ol_ms wait = line_rto(l) << l->gives;
    unsigned i = own_side(l) - 'A';

    if (own->absent_n == 0 || your_head > own->absent[own->absent_n - 1].to || l->give_none[i] ||
        l->own_durable < own->absent->from || /* the resume is not durable yet: there is nothing to give */
        l->now.ms - l->fixed_at < (wait < ASK_AGAIN_MS ? wait : ASK_AGAIN_MS) || l->now.ms - l->entry_sent_at < line_rto(l))
        return;
    l->fixed_at = l->now.ms;
    l->gives += l->gives < 20; /* half a second so often doubled is more than an hour */
    l->give_from[i] = from > 0 ? from : 1;
    assert(l->give_from[i] <= l->own_durable);
    l->give[i] = (struct ol_want){.stream = own_side(l), .range = {
        l->give_from[i], your_head < own->absent->from ? l->give_from[i] : l->own_durable}};
    l->give_none[i] = true;
}

/* ---- A sync came ---- */

/* The peer starts: nothing of an older session may come in after our answer. */
static void begin_answering(struct ol_line *l, const struct ol_session *s)
{
    if (s != &l->cur)
        return;
    ol_wipe(&l->old, sizeof l->old);
    l->answer_wanted = l->answer_due = true;
    l->answer_batch = filling(l)->n > 0 ? filling_id(l) : l->batch_id;
    assert(l->answer_batch >= l->batch_id && l->answer_batch <= l->batch_id + 1);
}

void sync_input(struct ol_line *l, const struct ol_sync *sync, const struct ol_ranges *aside, struct ol_session *s)
{
    bool exact = !s->synced;
    const struct ol_stream *peer = ol_record_peer(&l->record);

    assert(s->live && sync->held.n <= OL_RANGES && aside->n <= OL_RANGES);
    if (!exact && (sync->own_head < s->sync_own || sync->your_head < s->sync_your))
        return;
    s->synced = true;
    /* An older one is told by its lower heads. One beyond what there is would make all that follow look older. */
    s->sync_own = sync->own_head < peer->top ? sync->own_head : peer->top;
    if (sync->your_head <= l->own_durable)
        s->sync_your = sync->your_head;
    l->gives = exact ? 0 : l->gives;
    if (sync->starting)
        begin_answering(l, s);
    else if (s == &l->cur)
        l->answer_wanted = false;
    if (sync->answer && !l->answered && s == &l->cur)
        take_answer(l, sync);
    check_claim(l, sync);
    if (sync->your_head <= l->own_durable && same_history(l, sync))
        take_holdings(l, sync, aside, exact || sync->starting, s);
    else
        give_branch(l, sync->your_head);
    if (sync->own_head > peer->head && l->now.ms >= l->gap_sync_at) {
        l->sync_due = true;
        l->gap_sync_at = l->now.ms + line_rto(l);
    }
}
