/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path is one configured way for frames, carried by a carrier. A carrier is one file: a struct of
 * operations, called by the wrappers below, and calls up to the host, which is the relay or a test. Each
 * looks after its own connections, and tries again by itself until it is closed.
 *
 *     host:  ol_path_new, then ol_path_open ... ol_path_close, then `closed` comes and the path is freed
 *
 * Credit: every ol_path_send is answered by one `sent`, when the carrier has taken the frame or when it
 * is dropped. A carrier holds at most `window` frames of a path, and gathers them until ol_path_flush,
 * which the host calls once a turn of the loop. Calls up may come from inside a call down; a host only
 * notes them.
 */
#ifndef OL_PATH_PATH_H
#define OL_PATH_PATH_H

#include <uv.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "path/spec.h"

#define OL_RETRY_MS 1000u /* after a failure or a loss */

struct ol_path;

struct ol_path_host {
    uv_loop_t *loop;
    uint16_t (*up)(struct ol_path *p); /* a connection exists; gives its number, from 1, till `down` */
    void (*down)(struct ol_path *p, uint16_t conn);
    void (*frame)(struct ol_path *p, uint16_t conn, struct ol_span frame);
    void (*sent)(struct ol_path *p, unsigned frames); /* these have left, or could not */
    void (*log)(struct ol_path *p, const char *text); /* one line, never a byte of a frame */
    void (*closed)(struct ol_path *p);                /* the last call */
};

struct ol_carrier {
    uint16_t window; /* frames it holds at most */
    uint16_t mtu;    /* bytes of the longest frame */
    uint32_t rate;   /* bit/s, 0 when not known */
    size_t size;     /* of its own struct, which begins with a struct ol_path */
    void (*open)(struct ol_path *p);
    /* True: taken, and ol_path_sent will follow. False: there is no such connection, or no room. */
    bool (*send)(struct ol_path *p, uint16_t conn, struct ol_span frame);
    void (*flush)(struct ol_path *p);
    void (*prove)(struct ol_path *p, uint16_t conn);
    void (*pause)(struct ol_path *p); /* p->paused has changed */
    void (*close)(struct ol_path *p); /* ol_path_done when no handle and no request of it is left */
};

struct ol_path {
    const struct ol_carrier *carrier;
    const struct ol_path_host *host;
    void *owner; /* the host's */
    struct ol_spec spec;
    unsigned held; /* frames taken and not yet sent */
    bool paused;   /* the host takes no frames now: leave them where they are */
    bool closing;
};

/* For the host. NULL when there is no memory. */
struct ol_path *ol_path_new(const struct ol_path_host *host, const struct ol_spec *spec, void *owner);
void ol_path_open(struct ol_path *p);
/* conn 0: the proven connection, else the only one that this side made itself. */
void ol_path_send(struct ol_path *p, uint16_t conn, struct ol_span frame);
void ol_path_flush(struct ol_path *p);
void ol_path_prove(struct ol_path *p, uint16_t conn); /* it is the path from now on */
void ol_path_pause(struct ol_path *p, bool paused);
void ol_path_close(struct ol_path *p);

/* For carriers. */
void ol_path_sent(struct ol_path *p, unsigned frames);
__attribute__((format(printf, 2, 3))) void ol_path_log(struct ol_path *p, const char *format, ...);
void ol_path_done(struct ol_path *p); /* calls `closed` and frees p */

extern const struct ol_carrier ol_tcp;
extern const struct ol_carrier ol_udp;

#endif
