/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COBS framing for byte streams: frames hold no 00, a 00 ends each. Two zeros with
 * nothing between them are no frame; a bare 00 in the middle aborts the frame in flight
 * (the receiver sees a frame that does not decode, and drops it).
 */
#ifndef OL_PATH_COBS_H
#define OL_PATH_COBS_H

#include "base/bytes.h"

/* The most bytes that len bytes become, with the delimiter. */
#define OL_COBS_MAX(len) ((len) + (len) / 254u + 2u)

/* Appends the encoded frame and its 00. Sets w->full when it does not fit. */
void ol_cobs_write(struct ol_span frame, struct ol_wr *w);

/* Decodes a stream as it comes, into the caller's buffer. */
struct ol_cobs {
    uint8_t *buf;
    size_t cap;
    size_t len;
    uint8_t left;   /* bytes until the next code byte */
    bool zero;      /* a 00 stands before the next block */
    bool bad;       /* too long or malformed: skip to the next 00 */
    uint64_t dropped;
};

void ol_cobs_init(struct ol_cobs *c, void *buf, size_t cap);
/* Takes bytes from *in until a frame is complete or *in is empty. True: *frame is one frame, borrowed
 * until the next call. Frames that do not decode or are longer than cap are dropped and counted. */
bool ol_cobs_next(struct ol_cobs *c, struct ol_span *in, struct ol_span *frame);

#endif
