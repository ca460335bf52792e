/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COBS: the first byte is the size of the buffer, the second the size of the pieces in which the stream
 * comes. Pieces or not, the same frames come out; and each, written again, comes back.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "path/cobs.h"

struct got {
    uint8_t bytes[8192]; /* the frames, each behind its length */
    struct ol_wr w;
    uint64_t dropped;
};

static void write_again(struct ol_span frame)
{
    uint8_t out[OL_COBS_MAX(255u)];
    uint8_t buf[256];
    struct ol_wr w = ol_wr_to(out, sizeof out);
    struct ol_span in;
    struct ol_span back;
    struct ol_cobs c;
    bool whole;

    ol_cobs_write(frame, &w);
    assert(!w.full && w.len >= 2 && memchr(out, 0, w.len) == out + w.len - 1);
    in = ol_wr_span(&w);
    ol_cobs_init(&c, buf, sizeof buf);
    whole = ol_cobs_next(&c, &in, &back);
    assert(whole && in.len == 0 && ol_span_equal(frame, back));
}

static void decode(struct ol_span stream, size_t cap, size_t piece, struct got *got)
{
    uint8_t *buf = malloc(cap);
    struct ol_cobs c;
    struct ol_span frame;

    got->w = ol_wr_to(got->bytes, sizeof got->bytes);
    ol_cobs_init(&c, buf, cap);
    for (size_t at = 0; at < stream.len; at += piece) {
        struct ol_span in = ol_span(stream.p + at, stream.len - at < piece ? stream.len - at : piece);

        while (ol_cobs_next(&c, &in, &frame)) {
            assert(frame.len <= cap);
            ol_wr_u16(&got->w, (uint16_t)frame.len);
            ol_wr_bytes(&got->w, frame.p, frame.len);
            write_again(frame);
        }
        assert(in.len == 0);
    }
    got->dropped = c.dropped;
    free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct got whole;
    static struct got pieces;
    struct ol_span stream;

    if (size < 3)
        return 0;
    stream = ol_span(data + 2, size - 2);
    decode(stream, data[0], stream.len, &whole);
    decode(stream, data[0], 1u + data[1], &pieces);
    assert(whole.dropped == pieces.dropped && ol_span_equal(ol_wr_span(&whole.w), ol_wr_span(&pieces.w)));
    return 0;
}
