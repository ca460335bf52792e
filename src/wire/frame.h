/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outside of what crosses a path: handshake messages and frames.
 *
 *     message 1, 2   type and phase 1 | session and path 1 | tag 8 | Noise message (48 and its payload)
 *     frame          type and phase 1 | session and path 1 | counter 2 | AEAD(items) | tag 16
 *
 * The first byte is 0001 000p, 0010 000p, 0011 000p for message 1, message 2, frame; p is the key phase
 * (0 in handshake messages). A version of the protocol is a whole suite and has other types. The second
 * byte is the session, 0 to 15, in the high half (A's handshakes even, B's odd) and the path, 0 to 15,
 * in the low half.
 * A frame's first four bytes are its associated data; 16 of the counter's 64 bits are sent.
 */
#ifndef OL_WIRE_FRAME_H
#define OL_WIRE_FRAME_H

#include "base/bytes.h"

enum ol_outer_type {
    OL_MESSAGE_1 = 1,
    OL_MESSAGE_2 = 2,
    OL_FRAME = 3,
};

#define OL_FRAME_HEAD 4u
#define OL_FRAME_OVERHEAD 20u
#define OL_HANDSHAKE_HEAD 10u
#define OL_HANDSHAKE_OVERHEAD 58u

struct ol_outer {
    enum ol_outer_type type;
    uint8_t phase;
    uint8_t session;
    uint8_t path;
    uint16_t counter;   /* frames */
    uint8_t tag[8];     /* handshake messages */
    struct ol_span rest; /* ciphertext and tag, or the Noise message; borrowed */
};

/* Writes the head (4 or 10 bytes) only; `rest` is the caller's to append. */
void ol_outer_write(const struct ol_outer *o, struct ol_wr *w);
/* MALFORMED: too short for its type, an unknown type, a bit set that must be zero. */
OL_MUST_USE enum ol_err ol_outer_read(struct ol_span in, struct ol_outer *o);
/* The full counter nearest to the next expected one whose low 16 bits are these. */
uint64_t ol_counter_widen(uint64_t expected, uint16_t low);

#endif
