/* SPDX-License-Identifier: Apache-2.0 */
#include "line/session.h"

#include <assert.h>
#include <string.h>

#include "crypto/hash.h"

enum { PREVIOUS, PRESENT, NEXT };

void ol_session_start(struct ol_session *s, uint8_t id, bool initiator, const struct ol_dir_key *tx,
                      const struct ol_dir_key *rx, ol_ms now)
{
    assert(id < OL_SESSIONS && tx != NULL && rx != NULL);
    ol_wipe(s, sizeof *s);
    s->live = true;
    s->id = id;
    s->initiator = initiator;
    s->born = now;
    s->tx_dir = *tx;
    s->rx_dir[PRESENT] = *rx;
    ol_next_phase(rx, &s->rx_dir[NEXT]);
}

/* A path's keys are made when it is first used. */
static struct ol_session_path *keyed(struct ol_session *s, uint8_t path)
{
    struct ol_session_path *p = &s->path[path];

    assert(path < OL_PATHS && s->live);
    if (p->keyed)
        return p;
    ol_path_tx_key(&s->tx_dir, path, &p->tx);
    for (unsigned i = PREVIOUS; i <= NEXT; i++)
        ol_path_rx_key(&s->rx_dir[i], path, &p->rx[i]);
    p->keyed = true;
    return p;
}

bool ol_session_may_send(const struct ol_session *s, uint8_t path)
{
    assert(path < OL_PATHS && s->path[path].tx_confirmed <= s->path[path].tx_counter);
    return s->path[path].tx_counter < s->path[path].tx_confirmed + OL_AHEAD;
}

void ol_session_seal(struct ol_session *s, uint8_t path, struct ol_span items, uint8_t *out)
{
    struct ol_session_path *p = keyed(s, path);
    struct ol_outer o = {.type = OL_FRAME, .phase = s->tx_phase & 1, .session = s->id, .path = path,
                         .counter = (uint16_t)p->tx_counter};
    struct ol_wr w = ol_wr_to(out, OL_FRAME_HEAD);

    ol_outer_write(&o, &w);
    assert(!w.full && w.len == OL_FRAME_HEAD && items.len <= OL_FRAME_MAX - OL_FRAME_OVERHEAD);
    ol_seal(&p->tx, p->tx_counter, ol_span(out, OL_FRAME_HEAD), items, out + OL_FRAME_HEAD);
    p->tx_counter++;
}

/* ---- The replay window (RFC 6479's idea): one bit a counter, the oldest word cleared as the highest advances ---- */

static bool seen(const struct ol_session_path *p, uint64_t counter)
{
    return counter < p->rx_next && (p->rx_next - counter > OL_WINDOW - 64 ||
                                    (p->window[counter / 64 % (OL_WINDOW / 64)] >> counter % 64 & 1));
}

static void mark_seen(struct ol_session_path *p, uint64_t counter, ol_ms now)
{
    if (counter >= p->rx_next) {
        uint64_t from = p->rx_next == 0 ? 0 : (p->rx_next - 1) / 64 + 1;
        uint64_t to = counter / 64;

        for (uint64_t word = from; word <= to && word - from < OL_WINDOW / 64; word++)
            p->window[word % (OL_WINDOW / 64)] = 0;
        p->rx_next = counter + 1;
        p->rx_at = now;
    }
    assert(counter < p->rx_next);
    p->window[counter / 64 % (OL_WINDOW / 64)] |= (uint64_t)1 << counter % 64;
}

/* A frame of the next phase has come: the peer has ratcheted, the phase before the last is forgotten. */
static void advance_phase(struct ol_session *s)
{
    s->rx_dir[PREVIOUS] = s->rx_dir[PRESENT];
    s->rx_dir[PRESENT] = s->rx_dir[NEXT];
    ol_next_phase(&s->rx_dir[PRESENT], &s->rx_dir[NEXT]);
    s->rx_phase++;
    assert(s->live && s->rx_phase > 0);
    for (uint8_t i = 0; i < OL_PATHS; i++) {
        if (s->path[i].keyed) {
            for (unsigned k = PREVIOUS; k <= NEXT; k++)
                ol_path_rx_key(&s->rx_dir[k], i, &s->path[i].rx[k]);
        }
    }
}

enum ol_err ol_session_open(struct ol_session *s, const struct ol_outer *o, struct ol_span frame, uint8_t *items,
                            ol_ms now)
{
    struct ol_session_path *p = keyed(s, o->path);
    uint64_t counter = ol_counter_widen(p->rx_next, o->counter);
    struct ol_span ad = ol_span(frame.p, OL_FRAME_HEAD);
    bool same = o->phase == (s->rx_phase & 1);

    assert(s->id == o->session && frame.len > OL_FRAME_HEAD);
    if (seen(p, counter))
        return OL_REPLAYED;
    if (same) {
        if (ol_open(&p->rx[PRESENT], counter, ad, o->rest, items))
            return OL_FORGED;
    } else if (ol_open(&p->rx[NEXT], counter, ad, o->rest, items) == OL_OK) {
        advance_phase(s);
    } else if (s->rx_phase == 0 || ol_open(&p->rx[PREVIOUS], counter, ad, o->rest, items)) {
        return OL_FORGED;
    }
    mark_seen(p, counter, now);
    assert(seen(p, counter));
    s->proved = true;
    return OL_OK;
}

bool ol_session_confirm(struct ol_session *s, uint8_t path, uint32_t counter)
{
    struct ol_session_path *p = &s->path[path];
    uint64_t full = (p->tx_counter & ~(uint64_t)UINT32_MAX) | counter;

    assert(path < OL_PATHS);
    if (full >= p->tx_counter && full > UINT32_MAX)
        full -= (uint64_t)UINT32_MAX + 1;
    if (full >= p->tx_counter)
        return false;
    if (full + 1 > p->tx_confirmed)
        p->tx_confirmed = full + 1;
    assert(p->tx_confirmed <= p->tx_counter);
    return true;
}

bool ol_session_ratchet(struct ol_session *s)
{
    bool proved = false;

    for (uint8_t i = 0; i < OL_PATHS; i++)
        proved = proved || s->path[i].tx_confirmed > s->tx_phase_from[i];
    if (!proved)
        return false;
    ol_next_phase(&s->tx_dir, &s->tx_dir);
    s->tx_phase++;
    for (uint8_t i = 0; i < OL_PATHS; i++) {
        s->tx_phase_from[i] = s->path[i].tx_counter;
        if (s->path[i].keyed)
            ol_path_tx_key(&s->tx_dir, i, &s->path[i].tx);
    }
    return true;
}
