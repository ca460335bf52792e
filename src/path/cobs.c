/* SPDX-License-Identifier: Apache-2.0 */
#include "path/cobs.h"

#include <string.h>

#define BLOCK 254u     /* the most bytes in one block */
#define FULL_CODE 255u /* the code of a full block: no 00 follows it */

/* Bytes before the first 00, a block's worth at most. */
static size_t run_length(const uint8_t *p, size_t len)
{
    size_t limit = len < BLOCK ? len : BLOCK;
    const uint8_t *zero = limit > 0 ? memchr(p, 0, limit) : NULL;

    return zero != NULL ? (size_t)(zero - p) : limit;
}

void ol_cobs_write(struct ol_span frame, struct ol_wr *w)
{
    size_t start = w->len;
    size_t at = 0;
    bool more = true;

    while (more) {
        const uint8_t *p = at < frame.len ? frame.p + at : NULL;
        size_t run = run_length(p, frame.len - at);

        ol_wr_u8(w, (uint8_t)(run + 1));
        ol_wr_bytes(w, p, run);
        at += run;
        more = at < frame.len;
        if (more && run < BLOCK)
            at++; /* the 00 that the end of this block stands for */
    }
    ol_wr_u8(w, 0);
    if (w->full)
        w->len = start;
}

static void restart(struct ol_cobs *c)
{
    c->len = 0;
    c->left = 0;
    c->zero = false;
    c->bad = false;
}

void ol_cobs_init(struct ol_cobs *c, void *buf, size_t cap)
{
    *c = (struct ol_cobs){.buf = buf, .cap = cap};
}

static void append(struct ol_cobs *c, const uint8_t *p, size_t len)
{
    if (c->cap - c->len < len) {
        c->bad = true;
        return;
    }
    memcpy(c->buf + c->len, p, len);
    c->len += len;
}

static void start_block(struct ol_cobs *c, uint8_t code)
{
    static const uint8_t zero = 0;

    if (c->zero)
        append(c, &zero, 1);
    c->left = (uint8_t)(code - 1);
    c->zero = code != FULL_CODE;
}

static bool end_frame(struct ol_cobs *c, struct ol_span *frame)
{
    bool begun = c->len > 0 || c->left > 0 || c->zero || c->bad;
    bool good = begun && !c->bad && c->left == 0;

    if (good)
        *frame = ol_span(c->buf, c->len);
    else if (begun)
        c->dropped++;
    restart(c);
    return good;
}

static void advance(struct ol_span *in, size_t len)
{
    in->p += len;
    in->len -= len;
}

static size_t before_zero(struct ol_span in, size_t limit)
{
    size_t len = in.len < limit ? in.len : limit;
    const uint8_t *zero = memchr(in.p, 0, len);

    return zero != NULL ? (size_t)(zero - in.p) : len;
}

bool ol_cobs_next(struct ol_cobs *c, struct ol_span *in, struct ol_span *frame)
{
    while (in->len > 0) {
        uint8_t first = *in->p;
        size_t len = 1;

        if (first == 0) {
            advance(in, 1);
            if (end_frame(c, frame))
                return true;
            continue;
        }
        if (c->bad) {
            len = before_zero(*in, in->len);
        } else if (c->left == 0) {
            start_block(c, first);
        } else {
            len = before_zero(*in, c->left);
            append(c, in->p, len);
            c->left = (uint8_t)(c->left - len);
        }
        advance(in, len);
    }
    return false;
}
