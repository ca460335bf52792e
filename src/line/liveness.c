/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths: what is proven of each, and when. The relay's word that a connection exists is
 * advice; an authentic frame proves that we hear, an echo of the peer proves that we are
 * heard. Timers come from what was measured.
 */
#include "line/internal.h"

#include <assert.h>

bool path_open(const struct ol_line *l, uint8_t path)
{
    assert(path < OL_PATHS);
    return l->path[path].configured && l->path[path].connections > 0;
}

bool path_ready(const struct ol_line *l, uint8_t path)
{
    assert(path < OL_PATHS);
    return path_open(l, path) && l->path[path].outstanding < l->path[path].window;
}

ol_ms path_rto(const struct ol_line *l, uint8_t path)
{
    const struct ol_line_path *p = &l->path[path];
    ol_ms rto = p->rtt_ms + 4 * (ol_ms)p->rtt_var_ms;

    assert(path < OL_PATHS && p->rtt_ms <= RTO_MAX_MS && p->rtt_var_ms <= RTO_MAX_MS);
    if (p->rtt_ms == 0)
        return RETRY_FIRST_MS;
    return rto < RTO_MIN_MS ? RTO_MIN_MS : rto > RTO_MAX_MS ? RTO_MAX_MS : rto;
}

/* The slowest path in use: nothing is asked for again before it could have come. */
ol_ms line_rto(const struct ol_line *l)
{
    ol_ms rto = 0;

    for (uint8_t i = 0; i < OL_PATHS; i++) {
        if (path_open(l, i) && path_rto(l, i) > rto)
            rto = path_rto(l, i);
    }
    return rto == 0 ? RETRY_FIRST_MS : rto;
}

bool receipt_overdue(const struct ol_line *l, struct ol_now now)
{
    return l->owed_since != 0 && now.ms - l->owed_since > 3 * l->cfg.liveness_ms;
}

enum ol_path_health ol_line_path_health(const struct ol_line *l, uint8_t path, struct ol_now now)
{
    const struct ol_line_path *p = &l->path[path];
    ol_ms limit = 3 * l->cfg.liveness_ms;

    if (!path_open(l, path) || !p->heard || !p->confirmed)
        return OL_PATH_DOWN;
    /* Echoes alone do not make it up: someone may forward nothing else. */
    if (receipt_overdue(l, now))
        return OL_PATH_DOWN;
    return now.ms - p->heard_at <= limit && now.ms - p->confirmed_at <= limit ? OL_PATH_UP : OL_PATH_DOWN;
}

void path_ask(struct ol_line *l, uint8_t path)
{
    assert(path < OL_PATHS);
    l->path[path].ask_due = true;
    l->path[path].ask_at = l->now.ms + path_rto(l, path) * 2;
}

void paths_ask(struct ol_line *l, unsigned least)
{
    unsigned open = 0;

    for (uint8_t i = 0; i < OL_PATHS; i++)
        open += path_open(l, i);
    for (uint8_t i = 0; i < OL_PATHS && open >= least; i++) {
        if (path_open(l, i))
            path_ask(l, i);
    }
}

void ol_line_path_set(struct ol_line *l, uint8_t path, bool configured, uint16_t mtu, uint16_t window)
{
    struct ol_line_path *p = &l->path[path];

    assert(path < OL_PATHS);
    p->configured = configured && mtu >= OL_FRAME_MIN; /* less comes only from a relay that means harm */
    p->mtu = mtu < OL_FRAME_MAX ? mtu : OL_FRAME_MAX;
    p->window = window;
    assert(!p->configured || (p->mtu >= OL_FRAME_MIN && p->mtu <= OL_FRAME_MAX));
    l->changed = true;
}

void ol_line_path_up(struct ol_line *l, uint8_t path, struct ol_now now)
{
    assert(path < OL_PATHS);
    l->now = now;
    l->path[path].connections++;
    l->path[path].unanswered = 0;
    if (session_usable(l)) {
        path_ask(l, path);
    } else {
        handshake_need(l);
        l->path[path].ask_at = l->now.ms + l->cfg.liveness_ms; /* should this call come to nothing */
    }
    handshake_now(l, path); /* who is called in vain, session or not, may just have come back */
}

static void lose(struct ol_line *l, uint8_t path)
{
    struct ol_line_path *p = &l->path[path];

    assert(p->connections == 0);
    p->heard = false;
    p->confirmed = false;
    p->ask_due = false;
    p->echo_due = false;
    p->ask_at = OL_NEVER;
    /* A relay that starts again counts its connections from 1: what was proven of the last 1 says nothing. */
    l->proven_conn[path] = 0;
    handshake_path_lost(l, path);
    l->proven_due &= (uint16_t)~(1u << path);
    l->changed = true;
}

void ol_line_path_down(struct ol_line *l, uint8_t path, struct ol_now now)
{
    assert(path < OL_PATHS);
    l->now = now;
    if (l->path[path].connections > 0)
        l->path[path].connections--;
    if (l->path[path].connections == 0)
        lose(l, path);
}

void ol_line_path_reset(struct ol_line *l, struct ol_now now)
{
    l->now = now;
    for (uint8_t i = 0; i < OL_PATHS; i++) {
        l->path[i].connections = 0;
        l->path[i].outstanding = 0;
        lose(l, i);
    }
}

void ol_line_credit(struct ol_line *l, uint8_t path, unsigned frames, struct ol_now now)
{
    struct ol_line_path *p = &l->path[path];

    assert(path < OL_PATHS);
    l->now = now;
    p->outstanding = (uint16_t)(frames < p->outstanding ? p->outstanding - frames : 0);
}

void path_heard(struct ol_line *l, uint8_t path, uint16_t conn)
{
    struct ol_line_path *p = &l->path[path];

    assert(path < OL_PATHS);
    if (l->proven_conn[path] != conn) {
        l->proven_conn[path] = conn;
        l->proven_due |= (uint16_t)(1u << path);
    }
    l->changed = l->changed || !p->heard;
    p->heard = true;
    p->heard_at = l->now.ms;
}

void echo_make(const struct ol_line *l, uint8_t path, struct ol_echo *out)
{
    uint8_t number = l->path[path].peer_number;
    const struct ol_session_path *sp = &l->cur.path[number];
    ol_ms delay = l->now.ms - sp->rx_at;

    assert(number < OL_PATHS);
    *out = (struct ol_echo){.path = number, .desk = l->desk, .off_record = l->off_record, .ask = l->path[path].ask_due,
                            .heard = sp->rx_next > 0, .counter = (uint32_t)(sp->rx_next - 1), .time = l->now.utc,
                            .delay_ms = (uint16_t)(delay > 0xfffe ? 0xfffe : delay)};
}

static void measure(struct ol_line_path *p, ol_ms rtt)
{
    if (rtt == 0)
        rtt = 1;
    if (rtt > RTO_MAX_MS)
        rtt = RTO_MAX_MS;
    if (p->rtt_ms == 0) {
        p->rtt_ms = (uint32_t)rtt;
        p->rtt_var_ms = (uint32_t)rtt / 2;
    } else { /* RFC 6298 */
        uint32_t off = p->rtt_ms > rtt ? p->rtt_ms - (uint32_t)rtt : (uint32_t)rtt - p->rtt_ms;

        p->rtt_var_ms = (3 * p->rtt_var_ms + off) / 4;
        p->rtt_ms = (7 * p->rtt_ms + (uint32_t)rtt + 4) / 8;
    }
    assert(p->rtt_ms > 0 && p->rtt_ms <= RTO_MAX_MS);
}

/* Which of our questions the echo answers: on a slow path, or behind much else, one that went before the last. */
static void take_answer(const struct ol_line *l, struct ol_line_path *p, const struct ol_echo *echo)
{
    ol_ms at = 0;

    for (unsigned i = 0; i < OL_ASKED; i++) {
        struct ol_asked *a = &p->asked[i];

        if (a->at == 0 || (uint32_t)a->counter > echo->counter)
            continue;
        at = a->at > at ? a->at : at;
        a->at = 0;
    }
    if (at != 0 && echo->delay_ms < 0xfffe)
        measure(p, l->now.ms - at > echo->delay_ms ? l->now.ms - at - echo->delay_ms : 0);
}

/* The peer read its clock when it had held a frame of ours for the delay that it tells, and not after now. Between the two
 * lie minutes if someone held the echo back: doubtful is what this cannot explain. */
static void compare_clocks(struct ol_line *l, struct ol_line_path *p, const struct ol_echo *echo)
{
    int64_t since = (int64_t)(l->now.ms - p->marked_at) - echo->delay_ms;
    int64_t age_s = since > 0 ? since / 1000 : 0;
    int64_t most = (int64_t)echo->time - (int64_t)l->now.utc + age_s;

    p->marked_at = 0;
    l->clock_known = true;
    l->clock_offset_s = most - age_s / 2;
    l->record.clock_doubtful = most < -CLOCK_DOUBT_S || most - age_s > CLOCK_DOUBT_S;
}

void ol_line_say(struct ol_line *l, uint8_t desk, bool off_record)
{
    assert(desk <= 2);
    l->desk = desk;
    l->off_record = off_record;
}

/* One that was held back on its way says nothing of now; but a clock may be set back. */
static void note_said(struct ol_line *l, const struct ol_echo *echo)
{
    if (echo->time < l->said.time && l->now.ms - l->said_at <= 3 * l->cfg.liveness_ms)
        return;
    l->said = *echo;
    l->said_at = l->now.ms;
}

void echo_input(struct ol_line *l, const struct ol_echo *echo, struct ol_session *s, uint8_t path)
{
    struct ol_line_path *p = &l->path[echo->path];

    note_said(l, echo);
    if (echo->ask && path_open(l, path))
        l->path[path].echo_due = true;
    if (!echo->heard || s != &l->cur || !ol_session_confirm(s, echo->path, echo->counter))
        return;
    if (p->marked_at != 0 && echo->counter >= (uint32_t)p->marked_counter)
        compare_clocks(l, p, echo);
    take_answer(l, p, echo);
    l->changed = l->changed || !p->confirmed;
    p->confirmed = true;
    p->confirmed_at = l->now.ms;
    if (echo->counter >= (uint32_t)p->asked[(p->asked_n + OL_ASKED - 1) % OL_ASKED].counter) {
        p->unanswered = 0;
        p->ask_at = l->now.ms + l->cfg.liveness_ms;
    }
}

/* Nothing answers on any path: the session may be one that the peer has lost. On a connection that is new, and on which
 * nothing was heard yet, one ask without an answer tells: the peer may have started again, and not be able to call. */
static bool session_dead(const struct ol_line *l)
{
    bool any = false;

    for (uint8_t i = 0; i < OL_PATHS; i++) {
        if (!path_open(l, i))
            continue;
        any = true;
        if (l->path[i].unanswered < (l->path[i].heard ? ASK_TRIES : 1u) ||
            (l->path[i].confirmed && l->now.ms - l->path[i].confirmed_at < 4 * path_rto(l, i)))
            return false;
    }
    return any;
}

void liveness_tick(struct ol_line *l)
{
    for (uint8_t i = 0; i < OL_PATHS; i++) {
        struct ol_line_path *p = &l->path[i];
        ol_ms patience;

        if (!path_open(l, i) || p->ask_at > l->now.ms || (p->ask_due && session_usable(l)))
            continue;
        if (!session_usable(l)) {
            p->ask_at = l->now.ms + l->cfg.liveness_ms;
            handshake_need(l);
            continue;
        }
        if (session_dead(l))
            handshake_need(l);
        path_ask(l, i);
        patience = path_rto(l, i) * 2 << (p->unanswered < 6 ? p->unanswered : 6);
        if (patience > l->cfg.liveness_ms) /* but never before an answer can have come */
            patience = path_rto(l, i) * 2 > l->cfg.liveness_ms ? path_rto(l, i) * 2 : l->cfg.liveness_ms;
        p->ask_at = l->now.ms + patience;
    }
}

ol_ms liveness_deadline(const struct ol_line *l)
{
    ol_ms at = OL_NEVER;

    for (uint8_t i = 0; i < OL_PATHS; i++) {
        const struct ol_line_path *p = &l->path[i];

        if (path_open(l, i) && !(p->ask_due && session_usable(l)) && p->ask_at < at)
            at = p->ask_at;
        /* The moment at which the path is no longer up. */
        if (path_open(l, i) && p->heard && p->confirmed) {
            ol_ms oldest = p->heard_at < p->confirmed_at ? p->heard_at : p->confirmed_at;
            ol_ms dead = oldest + 3 * l->cfg.liveness_ms + 1;
            ol_ms owed = l->owed_since + 3 * l->cfg.liveness_ms + 1;

            if (l->owed_since != 0 && owed > l->now.ms && owed < at)
                at = owed;

            if (dead > l->now.ms && dead < at)
                at = dead;
        }
    }
    return at;
}
