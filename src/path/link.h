/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the station and its relay say to each other: messages on a local stream socket,
 * COBS-framed with a 00 delimiter, so that a serial cable can carry them too. Integers
 * are big-endian. The station connects; the relay keeps at most one station.
 *
 *     type 1 | path 2 | connection 2 | rest
 *
 *     relay to station
 *       P path 0     rest: window 2 | mtu 2 | rate 4 (bit/s, 0 not known): a configured path; sent for
 *                    each on connecting and after a reload, then an E; on connecting then a U for each
 *                    connection that exists
 *       E 0    0     the list of paths is complete
 *       U path conn  rest: open 1: a connection on this path exists (connected, accepted, socket open); open
 *                    is 1 when frames with conn 0 go out on it: this relay made it, or it is proven; advice
 *       D path conn  it is gone; advice
 *       F path conn  rest: one frame that came in
 *       C path 0     rest: count 2: this many frames given for this path have left for the carrier, or
 *                    could not
 *     station to relay
 *       F path conn  rest: one frame to send on the path's connection; conn 0: the proven one, else the
 *                    only connection that this relay made itself; with a number: on that connection
 *       V path conn  the station has opened a frame from this connection: it is the path from now on,
 *                    the one before is closed; until then it may be closed for saying too much
 *       R 0    0     read the configuration again
 *
 * Path numbers are those of relay.conf (`id`), connection numbers are the relay's, from 1, never reused
 * while it runs (wrapping past 65535 skips those in use). Every F of the station is answered by one
 * count in a C, sooner or later, so that the station can hold at most `window` frames with the relay;
 * the relay neither reorders nor stores more than that.
 */
#ifndef OL_PATH_LINK_H
#define OL_PATH_LINK_H

#include "base/bytes.h"
#include "base/limits.h"

#define OL_LINK_HEAD 5u
#define OL_LINK_MAX (OL_LINK_HEAD + OL_FRAME_MAX)

enum ol_link_type {
    OL_LINK_PATH = 'P',
    OL_LINK_END = 'E',
    OL_LINK_UP = 'U',
    OL_LINK_DOWN = 'D',
    OL_LINK_FRAME = 'F',
    OL_LINK_CREDIT = 'C',
    OL_LINK_PROVEN = 'V',
    OL_LINK_RELOAD = 'R',
};

struct ol_link_msg {
    enum ol_link_type type;
    uint16_t path;
    uint16_t conn;
    uint16_t window; /* P */
    uint16_t mtu;    /* P: the longest frame the carrier takes */
    uint32_t rate;   /* P */
    uint16_t count;  /* C */
    bool open;       /* U */
    struct ol_span frame; /* F, borrowed */
};

void ol_link_write(const struct ol_link_msg *m, struct ol_wr *w); /* sets w->full when it does not fit */
OL_MUST_USE enum ol_err ol_link_read(struct ol_span in, struct ol_link_msg *m); /* OK or MALFORMED */

#endif
