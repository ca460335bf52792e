/* SPDX-License-Identifier: Apache-2.0 */
#include "path/flow.h"

#include <assert.h>

void ol_flow_init(struct ol_flow *s, const struct ol_flow_ops *ops, const struct ol_flow_room *room)
{
    s->uv.handle.data = s;
    s->write.data = s;
    s->ops = ops;
    s->allowance = UINT64_MAX;
    ol_cobs_init(&s->in, room->frame, room->frame_cap);
    for (int i = 0; i < 2; i++)
        s->out[i].bytes = ol_wr_to(room->out[i], room->out_cap);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct ol_flow *s = handle->data;

    (void)suggested;
    *buf = uv_buf_init(s->read, sizeof s->read);
}

static void deliver(struct ol_flow *s, struct ol_span in)
{
    struct ol_span frame;

    while (!s->closing && ol_cobs_next(&s->in, &in, &frame))
        if (frame.len > 0)
            s->ops->frame(s, frame);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct ol_flow *s = stream->data;

    if (n < 0) {
        s->ops->gone(s, (int)n);
    } else if ((uint64_t)n > s->allowance) {
        s->ops->gone(s, UV_E2BIG);
    } else {
        if (s->allowance != UINT64_MAX)
            s->allowance -= (uint64_t)n;
        deliver(s, ol_span(buf->base, (size_t)n));
    }
}

void ol_flow_read(struct ol_flow *s, bool on)
{
    int status;

    if (s->closing)
        return;
    status = on ? uv_read_start(&s->uv.stream, on_alloc, on_read) : uv_read_stop(&s->uv.stream);
    assert(status == 0 || status == UV_EALREADY);
    (void)status;
}

bool ol_flow_put(struct ol_flow *s, struct ol_span frame)
{
    struct ol_wr *w = &s->out[s->gathering].bytes;

    if (s->closing || ol_wr_room(w) < OL_COBS_MAX(frame.len))
        return false;
    ol_cobs_write(frame, w);
    s->out[s->gathering].frames++;
    return true;
}

size_t ol_flow_gathered(const struct ol_flow *s)
{
    return s->out[s->gathering].bytes.len;
}

static void drop(struct ol_flow *s, unsigned which)
{
    unsigned frames = s->out[which].frames;

    s->out[which].bytes.len = 0;
    s->out[which].frames = 0;
    s->ops->sent(s, frames);
}

static void on_written(uv_write_t *req, int status)
{
    struct ol_flow *s = req->data;

    s->writing = false;
    drop(s, s->gathering ^ 1u);
    if (status < 0 && !s->closing)
        s->ops->gone(s, status);
}

void ol_flow_flush(struct ol_flow *s)
{
    struct ol_wr *w = &s->out[s->gathering].bytes;
    uv_buf_t buf = uv_buf_init((char *)w->p, (unsigned)w->len);
    int status;

    if (s->closing || s->writing || w->len == 0)
        return;
    status = uv_try_write(&s->uv.stream, &buf, 1);
    if (status == (int)w->len) {
        drop(s, s->gathering);
        return;
    }
    if (status > 0)
        buf = uv_buf_init(buf.base + status, (unsigned)(w->len - (size_t)status));
    status = uv_write(&s->write, &s->uv.stream, &buf, 1, on_written);
    if (status < 0) {
        s->ops->gone(s, status);
        return;
    }
    s->writing = true;
    s->gathering ^= 1u;
}

static void on_closed(uv_handle_t *handle)
{
    struct ol_flow *s = handle->data;

    s->ops->closed(s);
}

void ol_flow_close(struct ol_flow *s)
{
    if (s->closing)
        return;
    s->closing = true;
    uv_close(&s->uv.handle, on_closed);
    drop(s, s->gathering);
}
