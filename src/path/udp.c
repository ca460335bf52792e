/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames over UDP: a socket bound to one address and connected to another, one datagram one frame. What
 * the other side's machine says of a port that nobody holds (ECONNREFUSED) changes nothing: it may come
 * up any time.
 */
#include "path/path.h"
#include "path/resolve.h"

#include <string.h>

#define WINDOW 32u

struct udp;

struct slot {
    uv_udp_send_t req;
    struct udp *udp;
    bool busy;
    char frame[OL_FRAME_UDP];
};

struct udp {
    struct ol_path path;
    uv_timer_t timer; /* the next attempt */
    uv_udp_t socket;
    struct ol_resolve lookup;
    struct sockaddr_storage local;
    unsigned pending; /* handles and lookups whose last callback is still to come */
    int trouble;      /* what was logged last: a retry each second is no news */
    uint16_t number;  /* of the connection; 0 while there is none */
    struct slot slots[WINDOW];
    char in[OL_FRAME_MAX + 1]; /* one more: a datagram that is too long shows */
};

static struct udp *udp_of(struct ol_path *p)
{
    return (struct udp *)p;
}

static void release(struct udp *u)
{
    if (--u->pending == 0)
        ol_path_done(&u->path);
}

static void on_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct udp *u = handle->data;

    (void)suggested;
    *buf = uv_buf_init(u->in, sizeof u->in);
}

static void on_datagram(uv_udp_t *socket, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
                        unsigned flags)
{
    struct udp *u = socket->data;

    (void)from;
    (void)flags;
    if (n > 0 && n <= (ssize_t)OL_FRAME_MAX)
        u->path.host->frame(&u->path, u->number, ol_span(buf->base, (size_t)n));
}

static int open_socket(struct udp *u, const struct sockaddr *remote)
{
    int status = uv_udp_init(u->path.host->loop, &u->socket);

    if (status != 0)
        return status;
    u->pending++;
    u->socket.data = u;
    status = uv_udp_bind(&u->socket, (const struct sockaddr *)&u->local, 0);
    if (status == 0)
        status = uv_udp_connect(&u->socket, remote);
    if (status == 0 && !u->path.paused)
        status = uv_udp_recv_start(&u->socket, on_alloc, on_datagram);
    if (status != 0)
        uv_close((uv_handle_t *)&u->socket, on_closed);
    return status;
}

static void on_timer(uv_timer_t *timer);

static void failed(struct udp *u, int status)
{
    if (u->trouble != status)
        ol_path_log(&u->path, "opening: %s; trying again each second", uv_strerror(status));
    u->trouble = status;
    uv_timer_start(&u->timer, on_timer, OL_RETRY_MS, 0);
}

static void on_remote(struct ol_resolve *lookup, int status, const struct sockaddr *addr)
{
    struct udp *u = lookup->owner;

    if (!u->path.closing) {
        if (status == 0)
            status = open_socket(u, addr);
        if (status != 0) {
            failed(u, status);
        } else {
            u->trouble = 0;
            ol_path_log(&u->path, "open");
            u->number = u->path.host->up(&u->path);
        }
    }
    release(u);
}

static void on_local(struct ol_resolve *lookup, int status, const struct sockaddr *addr)
{
    struct udp *u = lookup->owner;

    if (status == 0 && !u->path.closing) {
        memcpy(&u->local, addr,
               addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
        u->pending++;
        ol_resolve_start(lookup, u->path.host->loop, &u->path.spec.remote, u->local.ss_family,
                         on_remote);
    } else if (!u->path.closing) {
        failed(u, status);
    }
    release(u);
}

static void on_timer(uv_timer_t *timer)
{
    struct udp *u = timer->data;

    u->pending++;
    ol_resolve_start(&u->lookup, u->path.host->loop, &u->path.spec.local, AF_UNSPEC, on_local);
}

static void udp_open(struct ol_path *p)
{
    struct udp *u = udp_of(p);

    uv_timer_init(p->host->loop, &u->timer);
    u->pending++;
    u->timer.data = u;
    u->lookup.owner = u;
    on_timer(&u->timer);
}

static void on_sent(uv_udp_send_t *req, int status)
{
    struct slot *slot = req->data;

    (void)status; /* lost or not: the line finds out by itself */
    slot->busy = false;
    ol_path_sent(&slot->udp->path, 1);
}

static bool udp_send(struct ol_path *p, uint16_t number, struct ol_span frame)
{
    struct udp *u = udp_of(p);
    struct slot *slot = u->slots;
    uv_buf_t buf = uv_buf_init(NULL, (unsigned)frame.len);

    if (u->number == 0 || (number != 0 && number != u->number))
        return false;
    while (slot->busy)
        slot++; /* the window is as long as the slots are many */
    memcpy(slot->frame, frame.p, frame.len);
    buf.base = slot->frame;
    slot->req.data = slot;
    slot->udp = u;
    slot->busy = uv_udp_send(&slot->req, &u->socket, &buf, 1, NULL, on_sent) == 0;
    return slot->busy;
}

static void udp_flush(struct ol_path *p)
{
    (void)p; /* each datagram went by itself */
}

static void udp_prove(struct ol_path *p, uint16_t number)
{
    (void)p; /* the socket hears one address only */
    (void)number;
}

static void udp_pause(struct ol_path *p)
{
    struct udp *u = udp_of(p);

    if (u->number == 0)
        return;
    if (p->paused)
        uv_udp_recv_stop(&u->socket);
    else
        uv_udp_recv_start(&u->socket, on_alloc, on_datagram);
}

static void udp_close(struct ol_path *p)
{
    struct udp *u = udp_of(p);

    if (u->number != 0) {
        p->host->down(p, u->number);
        uv_close((uv_handle_t *)&u->socket, on_closed);
    }
    ol_resolve_cancel(&u->lookup);
    uv_close((uv_handle_t *)&u->timer, on_closed);
}

const struct ol_carrier ol_udp = {
    .window = WINDOW,
    .mtu = OL_FRAME_UDP,
    .size = sizeof(struct udp),
    .open = udp_open,
    .send = udp_send,
    .flush = udp_flush,
    .prove = udp_prove,
    .pause = udp_pause,
    .close = udp_close,
};
