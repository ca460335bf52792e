/* SPDX-License-Identifier: Apache-2.0 */
/* The link to the relay: frames to it and from it, and what it says of paths. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "path/cobs.h"
#include "station/station.h"

#define RETRY_MS 100u
#define OUT_MAX (1024u * 1024) /* the window keeps it far below */

struct carrier {
    struct station *station;
    uv_pipe_t pipe;
    uv_timer_t retry;
    bool connected;
    bool closing;
    unsigned handles;       /* still to be closed */
    struct ol_cobs cobs;
    uint8_t in[OL_LINK_MAX];
    uint8_t read[64 * 1024];
    uint8_t *out;           /* what waits for carrier_flush */
    size_t out_len;
};

struct write {
    uv_write_t req;
    uint8_t bytes[];
};

static void open_link(struct carrier *c);

/* ---- Which line and path a number of the relay is ---- */

static struct line *road(struct station *s, uint16_t id, uint8_t *path)
{
    for (size_t i = 0; i < s->lines_n; i++) {
        for (uint8_t p = 0; p < OL_PATHS; p++) {
            if (s->line[i]->path_id[p] == id) {
                *path = p;
                return s->line[i];
            }
        }
    }
    return NULL;
}

void carrier_assign(struct station *s)
{
    struct ol_conf conf = {0};
    char why[OL_WHY_MAX];
    enum ol_err err = ol_conf_read(OL_HOME_RELAY_CONF, &conf, why);

    if (err && err != OL_ABSENT) {
        station_log("%s", why);
        return;
    }
    for (size_t i = 0; i < s->lines_n; i++) {
        struct line *l = s->line[i];
        char hex[OL_HASH_HEX];

        ol_hash_hex(&l->info.id, hex);
        for (uint8_t p = 0; p < OL_PATHS; p++) {
            l->path_id[p] = -1;
            l->core->path[p].configured = false;
        }
        if (ending_is_over(l)) {
            memset(l->open_conn, 0, sizeof l->open_conn);
            ol_line_path_reset(l->core, station_now(s));
            ol_line_drop_session(l->core, station_now(s));
            continue;
        }
        for (size_t n = 0; n < conf.count; n++) {
            const struct ol_conf_path *cp = &conf.paths[n];

            if (strncmp(cp->line, hex, OL_CONF_LINE) != 0)
                continue;
            l->path_id[cp->path] = cp->id;
            ol_spec_print(&cp->spec, l->path_spec[cp->path]);
            ol_line_path_set(l->core, cp->path, true, OL_FRAME_UDP, 0);
        }
    }
    ol_conf_free(&conf);
}

/* ---- Which connections can be sent on ---- */

static uint16_t *find_conn(struct line *l, uint8_t path, uint16_t conn)
{
    for (unsigned i = 0; i < CONNS; i++) {
        if (l->open_conn[path][i] == conn)
            return &l->open_conn[path][i];
    }
    return NULL;
}

static void conn_up(struct line *l, uint8_t path, uint16_t conn)
{
    uint16_t *place = find_conn(l, path, 0);

    if (find_conn(l, path, conn) != NULL || place == NULL)
        return;
    *place = conn;
    ol_line_path_up(l->core, path, station_now(l->station));
}

static void conn_down(struct line *l, uint8_t path, uint16_t conn)
{
    uint16_t *place = find_conn(l, path, conn);

    if (place == NULL)
        return;
    *place = 0;
    ol_line_path_down(l->core, path, station_now(l->station));
}

void carrier_proven(struct line *l, uint8_t path, uint16_t conn)
{
    carrier_send(l->station, &(struct ol_link_msg){.type = OL_LINK_PROVEN, .path = (uint16_t)l->path_id[path],
                                                   .conn = conn});
    conn_up(l, path, conn);
}

/* ---- From the relay ---- */

static void on_message(struct carrier *c, const struct ol_link_msg *m)
{
    struct station *s = c->station;
    struct ol_now now = station_now(s);
    uint8_t path = 0;
    struct line *l = road(s, m->path, &path);

    if (l == NULL)
        return;
    switch (m->type) {
    case OL_LINK_PATH:
        ol_line_path_set(l->core, path, true, m->mtu, m->window);
        break;
    case OL_LINK_UP:
        if (m->open)
            conn_up(l, path, m->conn);
        break;
    case OL_LINK_DOWN:
        conn_down(l, path, m->conn);
        break;
    case OL_LINK_FRAME:
        (void)ol_line_input(l->core, path, m->conn, m->frame, now);
        break;
    case OL_LINK_CREDIT:
        ol_line_credit(l->core, path, m->count, now);
        break;
    case OL_LINK_END:
    case OL_LINK_PROVEN:
    case OL_LINK_RELOAD:
        break;
    }
}

static void lost(struct carrier *c)
{
    if (!c->connected)
        return;
    c->connected = false;
    c->out_len = 0;
    for (size_t i = 0; i < c->station->lines_n; i++) {
        memset(c->station->line[i]->open_conn, 0, sizeof c->station->line[i]->open_conn);
        ol_line_path_reset(c->station->line[i]->core, station_now(c->station));
    }
    if (!c->station->stopping)
        station_log("the relay is gone");
}

static void on_retry(uv_timer_t *timer)
{
    open_link(timer->data);
}

static void on_pipe_closed(uv_handle_t *handle)
{
    struct carrier *c = handle->data;

    if (c->closing) {
        if (--c->handles == 0) {
            c->station->carrier = NULL;
            free(c->out);
            free(c);
        }
        return;
    }
    uv_timer_start(&c->retry, on_retry, RETRY_MS, 0);
}

static void again(struct carrier *c)
{
    lost(c);
    if (!uv_is_closing((uv_handle_t *)&c->pipe))
        uv_close((uv_handle_t *)&c->pipe, on_pipe_closed);
    if (!c->station->stopping)
        lines_drain(c->station);
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
    struct carrier *c = handle->data;

    (void)hint;
    *buf = uv_buf_init((char *)c->read, sizeof c->read);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct carrier *c = stream->data;
    struct ol_span in;
    struct ol_span one;
    struct ol_link_msg m;

    if (n < 0) {
        again(c);
        return;
    }
    in = ol_span(buf->base, (size_t)n);
    while (ol_cobs_next(&c->cobs, &in, &one)) {
        if (ol_link_read(one, &m) == OL_OK)
            on_message(c, &m);
    }
    lines_drain(c->station);
}

/* Never waits: with a relay that does not let in, the station tries again. */
int carrier_reach(char what)
{
    const struct sockaddr_un relay = {.sun_family = AF_UNIX, .sun_path = OL_HOME_RELAY};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error;

    (void)what;
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&relay, sizeof relay) == 0)
        return fd;
    error = errno;
    if (fd >= 0)
        close(fd);
    return -error;
}

static void open_link(struct carrier *c)
{
    int fd = ol_keeper_ask(&c->station->keeper, 0);

    uv_pipe_init(&c->station->loop, &c->pipe, 0);
    c->pipe.data = c;
    if (fd == -EPIPE) {
        station_log("the keeper is gone, ending: no relay could be reached any more");
        station_stop(c->station, EXIT_FAILURE);
        return;
    }
    if (fd < 0 || uv_pipe_open(&c->pipe, fd) != 0) {
        if (fd >= 0)
            close(fd);
        again(c);
        return;
    }
    c->connected = true;
    c->out_len = 0;
    ol_cobs_init(&c->cobs, c->in, sizeof c->in);
    uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
}

/* ---- To the relay ---- */

void carrier_send(struct station *s, const struct ol_link_msg *m)
{
    struct carrier *c = s->carrier;
    uint8_t message[OL_LINK_MAX];
    struct ol_wr w = ol_wr_to(message, sizeof message);
    struct ol_wr to;

    if (c == NULL || !c->connected)
        return;
    ol_link_write(m, &w);
    to = ol_wr_to(c->out + c->out_len, OUT_MAX - c->out_len);
    ol_cobs_write(ol_wr_span(&w), &to);
    if (w.full || to.full)
        return; /* as if lost on the way: the next sync shows it */
    c->out_len += to.len;
}

static void on_written(uv_write_t *req, int status)
{
    (void)status;
    free(req);
}

void carrier_flush(struct station *s)
{
    struct carrier *c = s->carrier;
    uv_buf_t buf;
    struct write *rest;
    int done;

    if (c == NULL || !c->connected || c->out_len == 0)
        return;
    buf = uv_buf_init((char *)c->out, (unsigned)c->out_len);
    done = uv_try_write((uv_stream_t *)&c->pipe, &buf, 1);
    if (done < 0)
        done = 0;
    rest = (size_t)done < c->out_len ? malloc(sizeof *rest + c->out_len - (size_t)done) : NULL;
    if (rest != NULL) {
        memcpy(rest->bytes, c->out + done, c->out_len - (size_t)done);
        buf = uv_buf_init((char *)rest->bytes, (unsigned)(c->out_len - (size_t)done));
        if (uv_write(&rest->req, (uv_stream_t *)&c->pipe, &buf, 1, on_written) < 0)
            free(rest);
    }
    c->out_len = 0;
}

void carrier_reload(struct station *s)
{
    carrier_assign(s);
    carrier_send(s, &(struct ol_link_msg){.type = OL_LINK_RELOAD});
    carrier_flush(s);
}

void carrier_start(struct station *s)
{
    struct carrier *c = calloc(1, sizeof *c);

    if (c != NULL)
        c->out = malloc(OUT_MAX);
    if (c == NULL || c->out == NULL) {
        station_log("no memory");
        station_stop(s, EXIT_FAILURE);
        free(c);
        return;
    }
    c->station = s;
    s->carrier = c;
    uv_timer_init(&s->loop, &c->retry);
    c->retry.data = c;
    carrier_assign(s);
    open_link(c);
}

void carrier_stop(struct station *s)
{
    struct carrier *c = s->carrier;

    if (c == NULL || c->closing)
        return;
    c->closing = true;
    c->connected = false;
    c->handles = 2;
    uv_close((uv_handle_t *)&c->retry, on_pipe_closed);
    if (!uv_is_closing((uv_handle_t *)&c->pipe))
        uv_close((uv_handle_t *)&c->pipe, on_pipe_closed);
    s->carrier = NULL;
}
