/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames over TCP, in COBS. One path is one listener or one connector, and one timer:
 *
 *     idle --timer--> lookup --> listening
 *     idle --timer--> lookup --> connecting --> up
 *
 * A failure, and on a connector a loss, goes back to idle for a second.
 *
 * Whoever reaches a listener is a stranger until the station has opened a frame from him. Strangers have
 * few places, little time and few bytes, and take nothing from the connection that is proven.
 */
#include "path/path.h"
#include "path/resolve.h"
#include "path/flow.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define WINDOW 16u
#define BACKLOG 16
#define UNPROVEN_MAX 8u
#define UNPROVEN_MS 10000u
#define UNPROVEN_BYTES (64u * 1024)
#define TELL_MS 60000u           /* strangers fill the log no faster */
#define SILENCE_MS 20000         /* unanswered for so long: the peer is gone */
#define KEEPALIVE_IDLE_S 10
#define KEEPALIVE_INTERVAL_S 5
#define UNSENT_BYTES (16 * 1024) /* what lies in the kernel can no longer be overtaken */

struct tcp {
    struct ol_path path;
    uv_timer_t timer;
    uv_tcp_t listener;
    bool listening;
    struct ol_resolve lookup;
    struct conn *conns; /* oldest first */
    unsigned pending;   /* handles and lookups whose last callback is still to come */
    int trouble;        /* what was logged last: a retry each second is no news */
    unsigned strangers; /* since they were last told of */
    uint64_t told;
};

struct conn {
    struct ol_flow flow;
    struct tcp *tcp;
    struct conn *next;
    uv_connect_t connect;
    uint64_t since;
    uint16_t number; /* 0 while connecting */
    bool proven;
    uint8_t frame[OL_FRAME_MAX];
    uint8_t out[2][WINDOW * OL_COBS_MAX(OL_FRAME_MAX)];
};

static void attempt(struct tcp *t);

static struct tcp *tcp_of(struct ol_path *p)
{
    return (struct tcp *)p;
}

static struct conn *conn_of(struct ol_flow *s)
{
    return (struct conn *)s;
}

static bool is_listener(const struct tcp *t)
{
    return t->path.spec.kind == OL_SPEC_TCP_LISTEN;
}

static void release(struct tcp *t)
{
    if (--t->pending == 0)
        ol_path_done(&t->path);
}

static void trouble(struct tcp *t, const char *what, int status)
{
    if (t->trouble != status)
        ol_path_log(&t->path, "%s: %s; trying again each second", what, uv_strerror(status));
    t->trouble = status;
}

/* Time: the timer stands for the next attempt, or for the oldest connection that may not stay as it is.
 * */

static bool expires(const struct conn *c)
{
    return !c->proven && (c->number == 0 || is_listener(c->tcp));
}

static struct conn *oldest_expiring(const struct tcp *t)
{
    struct conn *c = t->conns;

    while (c != NULL && !expires(c))
        c = c->next;
    return c;
}

static void conn_close(struct conn *c, int status);

static void on_timer(uv_timer_t *timer)
{
    struct tcp *t = timer->data;
    struct conn *c = oldest_expiring(t);
    uint64_t now = uv_now(t->path.host->loop);

    if (is_listener(t) ? !t->listening : t->conns == NULL) {
        attempt(t);
        return;
    }
    while (c != NULL && now - c->since >= UNPROVEN_MS) {
        conn_close(c, UV_ETIMEDOUT);
        c = oldest_expiring(t);
    }
    if (c != NULL)
        uv_timer_start(timer, on_timer, c->since + UNPROVEN_MS - now, 0);
}

static void arm(struct tcp *t)
{
    if (!uv_is_active((uv_handle_t *)&t->timer))
        uv_timer_start(&t->timer, on_timer, UNPROVEN_MS, 0);
}

static void retry(struct tcp *t)
{
    if (!t->path.closing)
        uv_timer_start(&t->timer, on_timer, OL_RETRY_MS, 0);
}

/* Connections. */

static void tell_of_strangers(struct tcp *t)
{
    uint64_t now = uv_now(t->path.host->loop);

    t->strangers++;
    if (t->told != 0 && now - t->told < TELL_MS)
        return;
    ol_path_log(&t->path, "unproven connections closed: %u", t->strangers);
    t->strangers = 0;
    t->told = now;
}

static void report_end(struct conn *c, int status)
{
    struct tcp *t = c->tcp;

    if (c->number == 0)
        trouble(t, "connecting", status);
    else if (c->proven)
        ol_path_log(&t->path, "connection %u lost: %s", c->number, uv_strerror(status));
    else if (is_listener(t))
        tell_of_strangers(t);
}

/* What is closed leaves the list at once; its memory stays until libuv is done with it. */
static void conn_close(struct conn *c, int status)
{
    struct tcp *t = c->tcp;
    struct conn **at = &t->conns;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    if (!t->path.closing)
        report_end(c, status);
    if (c->number != 0)
        t->path.host->down(&t->path, c->number);
    ol_flow_close(&c->flow);
}

static void on_frame(struct ol_flow *s, struct ol_span frame)
{
    struct conn *c = conn_of(s);

    c->tcp->path.host->frame(&c->tcp->path, c->number, frame);
}

static void on_sent(struct ol_flow *s, unsigned frames)
{
    ol_path_sent(&conn_of(s)->tcp->path, frames);
}

static void on_gone(struct ol_flow *s, int status)
{
    conn_close(conn_of(s), status);
}

static void on_closed(struct ol_flow *s)
{
    struct conn *c = conn_of(s);
    struct tcp *t = c->tcp;

    free(c);
    if (!is_listener(t))
        retry(t);
    release(t);
}

static const struct ol_flow_ops flow_ops = {
    .frame = on_frame,
    .sent = on_sent,
    .gone = on_gone,
    .closed = on_closed,
};

/* A family gives it a socket at once, AF_UNSPEC one when it is accepted. */
static int conn_new(struct tcp *t, unsigned family, struct conn **out)
{
    struct conn *c = calloc(1, sizeof *c);
    struct ol_flow_room room;
    struct conn **last = &t->conns;
    int status;

    if (c == NULL)
        return UV_ENOMEM;
    status = uv_tcp_init_ex(t->path.host->loop, &c->flow.uv.tcp, family);
    if (status != 0) {
        free(c);
        return status;
    }
    room = (struct ol_flow_room){c->frame, sizeof c->frame, {c->out[0], c->out[1]}, sizeof c->out[0]};
    ol_flow_init(&c->flow, &flow_ops, &room);
    c->flow.allowance = UNPROVEN_BYTES;
    c->tcp = t;
    c->since = uv_now(t->path.host->loop);
    while (*last != NULL)
        last = &(*last)->next;
    *last = c;
    t->pending++;
    *out = c;
    return 0;
}

static void set(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof value); /* a path without it is slower, not wrong */
}

static void set_options(struct conn *c)
{
    uv_os_fd_t fd;

    if (uv_fileno(&c->flow.uv.handle, &fd) != 0)
        return;
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, SILENCE_MS);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

static void conn_up(struct conn *c)
{
    struct tcp *t = c->tcp;

    c->number = t->path.host->up(&t->path);
    if (!t->path.paused)
        ol_flow_read(&c->flow, true);
}

/* Connecting. */

/* A port that nobody listens on, asked for often enough, is one day the port asked from. */
static bool is_itself(const struct conn *c)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_storage b = {0};
    int a_len = sizeof a;
    int b_len = sizeof b;

    return uv_tcp_getsockname(&c->flow.uv.tcp, (struct sockaddr *)&a, &a_len) == 0
        && uv_tcp_getpeername(&c->flow.uv.tcp, (struct sockaddr *)&b, &b_len) == 0
        && memcmp(&a, &b, sizeof a) == 0;
}

static void on_connect(uv_connect_t *req, int status)
{
    struct conn *c = req->data;

    if (c->flow.closing)
        return;
    if (status == 0 && is_itself(c))
        status = UV_ECONNREFUSED;
    if (status != 0) {
        conn_close(c, status);
        return;
    }
    uv_timer_stop(&c->tcp->timer);
    if (c->tcp->trouble != 0)
        ol_path_log(&c->tcp->path, "connected");
    c->tcp->trouble = 0;
    conn_up(c);
}

static int connect_to(struct tcp *t, const struct sockaddr *addr)
{
    struct conn *c;
    int status = conn_new(t, addr->sa_family, &c);

    if (status != 0)
        return status;
    set_options(c);
    c->connect.data = c;
    status = uv_tcp_connect(&c->connect, &c->flow.uv.tcp, addr, on_connect);
    if (status != 0)
        conn_close(c, status);
    else
        arm(t);
    return status;
}

/* Listening. */

static void on_listener_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void stop_listening(struct tcp *t)
{
    t->listening = false;
    uv_close((uv_handle_t *)&t->listener, on_listener_closed);
}

static void limit_unproven(struct tcp *t)
{
    unsigned count = 0;

    for (const struct conn *c = t->conns; c != NULL; c = c->next)
        count += expires(c);
    if (count > UNPROVEN_MAX)
        conn_close(oldest_expiring(t), UV_ECONNABORTED);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct tcp *t = listener->data;
    struct conn *c;

    if (status != 0)
        return; /* it has gone again, or there is no descriptor for it */
    status = conn_new(t, AF_UNSPEC, &c);
    if (status != 0) {
        trouble(t, "accepting", status);
        stop_listening(t); /* libuv waits for an accept that cannot be */
        retry(t);
        return;
    }
    status = uv_accept(listener, &c->flow.uv.stream);
    if (status != 0) {
        conn_close(c, status);
        return;
    }
    set_options(c);
    conn_up(c);
    limit_unproven(t);
    arm(t);
}

static int listen_at(struct tcp *t, const struct sockaddr *addr)
{
    int status = uv_tcp_init(t->path.host->loop, &t->listener);

    if (status != 0)
        return status;
    t->pending++;
    t->listener.data = t;
    t->listening = true;
    status = uv_tcp_bind(&t->listener, addr, 0);
    if (status == 0)
        status = uv_listen((uv_stream_t *)&t->listener, BACKLOG, on_connection);
    if (status != 0) {
        stop_listening(t);
        return status;
    }
    ol_path_log(&t->path, "listening");
    t->trouble = 0;
    arm(t);
    return 0;
}

static void on_address(struct ol_resolve *lookup, int status, const struct sockaddr *addr)
{
    struct tcp *t = lookup->owner;

    if (!t->path.closing) {
        if (status == 0)
            status = is_listener(t) ? listen_at(t, addr) : connect_to(t, addr);
        if (status != 0) {
            trouble(t, is_listener(t) ? "listening" : "connecting", status);
            retry(t);
        }
    }
    release(t);
}

static void attempt(struct tcp *t)
{
    const struct ol_spec *s = &t->path.spec;

    t->pending++;
    ol_resolve_start(&t->lookup, t->path.host->loop, is_listener(t) ? &s->local : &s->remote, AF_UNSPEC,
                     on_address);
}

/* Operations. */

static void tcp_open(struct ol_path *p)
{
    struct tcp *t = tcp_of(p);

    uv_timer_init(p->host->loop, &t->timer);
    t->pending++;
    t->timer.data = t;
    t->lookup.owner = t;
    t->trouble = 1; /* no error of libuv: the first success is news */
    attempt(t);
}

static struct conn *find(const struct tcp *t, uint16_t number)
{
    struct conn *c = t->conns;

    while (c != NULL && c->number != number)
        c = c->next;
    return c;
}

static struct conn *the_proven(const struct tcp *t)
{
    struct conn *c = t->conns;

    while (c != NULL && !c->proven)
        c = c->next;
    return c;
}

static bool tcp_send(struct ol_path *p, uint16_t number, struct ol_span frame)
{
    struct tcp *t = tcp_of(p);
    struct conn *c = number != 0 ? find(t, number) : the_proven(t);

    if (number == 0 && c == NULL && !is_listener(t))
        c = t->conns;
    return c != NULL && c->number != 0 && ol_flow_put(&c->flow, frame);
}

static void tcp_flush(struct ol_path *p)
{
    struct conn *next;

    for (struct conn *c = tcp_of(p)->conns; c != NULL; c = next) {
        next = c->next;
        ol_flow_flush(&c->flow);
    }
}

static void tcp_prove(struct ol_path *p, uint16_t number)
{
    struct tcp *t = tcp_of(p);
    struct conn *c = number != 0 ? find(t, number) : NULL;
    struct conn *before = the_proven(t);

    if (c == NULL || c->proven)
        return;
    if (before != NULL)
        conn_close(before, UV_ECONNABORTED);
    c->proven = true;
    c->flow.allowance = UINT64_MAX;
    ol_path_log(p, "connection %u proven", number);
}

static void tcp_pause(struct ol_path *p)
{
    for (struct conn *c = tcp_of(p)->conns; c != NULL; c = c->next)
        if (c->number != 0)
            ol_flow_read(&c->flow, !p->paused);
}

static void on_timer_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void tcp_close(struct ol_path *p)
{
    struct tcp *t = tcp_of(p);

    while (t->conns != NULL)
        conn_close(t->conns, UV_ECANCELED);
    if (t->listening)
        stop_listening(t);
    ol_resolve_cancel(&t->lookup);
    uv_close((uv_handle_t *)&t->timer, on_timer_closed);
}

const struct ol_carrier ol_tcp = {
    .window = WINDOW,
    .mtu = OL_FRAME_MAX,
    .size = sizeof(struct tcp),
    .open = tcp_open,
    .send = tcp_send,
    .flush = tcp_flush,
    .prove = tcp_prove,
    .pause = tcp_pause,
    .close = tcp_close,
};
