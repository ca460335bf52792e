/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames over a byte stream of libuv, in COBS: what TCP connections and the station's socket have in
 * common, and what a serial line will. Embedded in its owner's struct, which is freed in `closed` and
 * not before.
 *
 * Writing is double-buffered: frames gather in one buffer while the other is being written, so that all
 * that come in one turn of the loop go with one system call, and memory is bounded by the two. What the
 * system takes at once counts as sent within the flush.
 */
#ifndef OL_PATH_FLOW_H
#define OL_PATH_FLOW_H

#include <uv.h>

#include "path/cobs.h"

#define OL_FLOW_READ (16u * 1024)

struct ol_flow;

struct ol_flow_ops {
    void (*frame)(struct ol_flow *s, struct ol_span frame); /* never empty; may close the stream */
    void (*sent)(struct ol_flow *s, unsigned frames);       /* written, or dropped because it closed */
    void (*gone)(struct ol_flow *s, int status);            /* ended or failed: the owner closes it */
    void (*closed)(struct ol_flow *s);
};

struct ol_flow_room {
    void *frame; /* decoded frames */
    size_t frame_cap;
    void *out[2];
    size_t out_cap;
};

struct ol_flow {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv; /* initialised by the owner; its data is this struct */
    const struct ol_flow_ops *ops;
    struct ol_cobs in;
    uint64_t allowance; /* bytes it may still receive; then it is gone, with UV_E2BIG */
    struct {
        struct ol_wr bytes;
        unsigned frames;
    } out[2];
    unsigned gathering; /* which of the two takes frames now */
    uv_write_t write;
    bool writing;
    bool closing;
    char read[OL_FLOW_READ];
};

/* The handle in s->uv is already initialised. */
void ol_flow_init(struct ol_flow *s, const struct ol_flow_ops *ops, const struct ol_flow_room *room);
void ol_flow_read(struct ol_flow *s, bool on);
/* Gathers a frame. False, and nothing is gathered, when there is no room. */
OL_MUST_USE bool ol_flow_put(struct ol_flow *s, struct ol_span frame);
size_t ol_flow_gathered(const struct ol_flow *s); /* bytes that wait behind what is being written */
void ol_flow_flush(struct ol_flow *s);
void ol_flow_close(struct ol_flow *s);

#endif
