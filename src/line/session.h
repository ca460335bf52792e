/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session of the line: two directions' keys from one handshake, a key and a counter
 * for each path and direction, replay windows, and the symmetric ratchet (phases, as in
 * RFC 9001, section 6). In memory only.
 */
#ifndef OL_LINE_SESSION_H
#define OL_LINE_SESSION_H

#include "base/limits.h"
#include "crypto/aead.h"
#include "wire/frame.h"

struct ol_session_path {
    bool keyed;               /* the keys below are made */
    struct ol_tx_key tx;
    struct ol_rx_key rx[3];   /* previous, present, next phase */
    uint64_t tx_counter;      /* of the next frame */
    uint64_t tx_confirmed;    /* one above the highest counter that the peer has confirmed */
    uint64_t rx_next;         /* one above the highest counter received */
    ol_ms rx_at;              /* when that one came */
    uint64_t window[OL_WINDOW / 64]; /* bit of counter modulo OL_WINDOW: received */
};

struct ol_session {
    bool live;
    bool proved;              /* a frame under it has come */
    bool initiator;
    uint8_t id;
    ol_ms born;
    struct ol_dir_key tx_dir;
    struct ol_dir_key rx_dir[3];
    uint64_t tx_phase;
    uint64_t rx_phase;
    uint64_t tx_phase_from[OL_PATHS]; /* first counter of the present phase on each path */
    struct ol_session_path path[OL_PATHS];
    /* The highest heads that syncs have told under this session: a sync with a lower head is ignored. */
    bool synced;
    uint32_t sync_own;
    uint32_t sync_your;
};

void ol_session_start(struct ol_session *s, uint8_t id, bool initiator, const struct ol_dir_key *tx,
                      const struct ol_dir_key *rx, ol_ms now);

/* Whether a frame may be made for this path: within OL_AHEAD of what the peer confirmed. */
bool ol_session_may_send(const struct ol_session *s, uint8_t path);
/* Seals items into a whole frame (items.len + 20 bytes) and spends a counter. */
void ol_session_seal(struct ol_session *s, uint8_t path, struct ol_span items, uint8_t *out);
/* Opens a frame of this session; writes its items (rest.len - 16 bytes). FORGED or REPLAYED change nothing. */
OL_MUST_USE enum ol_err ol_session_open(struct ol_session *s, const struct ol_outer *o, struct ol_span frame,
                                        uint8_t *items, ol_ms now);
/* The peer says that it received this counter (its low 32 bits) on this path. False when it was never sent. */
bool ol_session_confirm(struct ol_session *s, uint8_t path, uint32_t counter);
/* Goes to the next phase, if the peer has proved the present one (confirmed a frame of it). */
bool ol_session_ratchet(struct ol_session *s);

#endif
