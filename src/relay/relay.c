/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/relay.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "path/conf.h"
#include "path/link.h"
#include "path/path.h"
#include "path/flow.h"

#define BACKLOG 8
#define PATIENCE_MS 1000u /* after SIGTERM, for what is still open */

/* What waits for the station. Above HIGH the carriers are not read until it has caught up; what is read
 * already still fits (16 KiB of the smallest frames become 44). Above FRAMES there is room for advice
 * and counts only. */
#define OUT_MAX (256u * 1024)
#define OUT_HIGH (128u * 1024)
#define OUT_FRAMES (192u * 1024)

struct relay;

/* A path of relay.conf, or one that was there and is being closed. */
struct road {
    struct relay *relay;
    struct road *next;
    struct ol_path *path;
    uint16_t id;
    unsigned credit; /* counts owed to the station */
    unsigned stale;  /* frames under way that a station gave which has left since: nobody counts them */
    bool opened;
};

struct station {
    struct ol_flow flow;
    struct relay *relay;
    uint64_t refused; /* messages that did not parse or were not the station's to say */
    uint64_t lost;    /* frames for which there was no room */
    bool deaf;        /* it does not read what it is told: to be closed at the end of this turn */
    uint8_t in[OL_LINK_MAX];
    uint8_t out[2][OUT_MAX];
};

struct relay {
    const struct ol_keeper *keeper;
    uv_loop_t loop;
    uv_prepare_t turn;
    uv_signal_t signals[2];
    uv_timer_t patience;
    uv_pipe_t door;
    struct ol_path_host host;
    struct station *station;
    struct road *roads;
    uint16_t last_conn;
    uint16_t conn_road[UINT16_MAX + 1]; /* the path id of each connection number, 0 when it is free */
    bool conn_open[UINT16_MAX + 1];     /* made by this relay, or proven */
    bool ending;
};

void ol_relay_log(const char *format, ...)
{
    char stamp[32];
    char text[1024];
    time_t now = time(NULL);
    struct tm utc;
    va_list args;

    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "%s %s\n", stamp, text);
}

/* To the station. */

static bool tell(struct station *s, const struct ol_link_msg *m)
{
    uint8_t bytes[OL_LINK_MAX];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    ol_link_write(m, &w);
    assert(!w.full);
    return ol_flow_put(&s->flow, ol_wr_span(&w));
}

/* All but frames must arrive, or the two would disagree for good. */
static void must_tell(struct relay *r, struct ol_link_msg m)
{
    if (r->station != NULL && !tell(r->station, &m))
        r->station->deaf = true;
}

static void tell_path(struct relay *r, const struct road *road)
{
    const struct ol_carrier *c = road->path->carrier;

    must_tell(r, (struct ol_link_msg){.type = OL_LINK_PATH, .path = road->id, .window = c->window,
                                      .mtu = c->mtu, .rate = c->rate});
}

static void tell_paths(struct relay *r)
{
    for (const struct road *road = r->roads; road != NULL; road = road->next)
        if (!road->path->closing)
            tell_path(r, road);
    must_tell(r, (struct ol_link_msg){.type = OL_LINK_END});
}

static void tell_conns(struct relay *r)
{
    for (unsigned conn = 1; conn <= UINT16_MAX; conn++)
        if (r->conn_road[conn] != 0)
            must_tell(r, (struct ol_link_msg){.type = OL_LINK_UP, .path = r->conn_road[conn],
                                              .conn = (uint16_t)conn, .open = r->conn_open[conn]});
}

static void tell_credit(struct road *road)
{
    while (road->credit > 0) {
        uint16_t count = road->credit < UINT16_MAX ? (uint16_t)road->credit : UINT16_MAX;

        must_tell(road->relay,
                  (struct ol_link_msg){.type = OL_LINK_CREDIT, .path = road->id, .count = count});
        road->credit -= count;
    }
}

static void pause_all(struct relay *r, bool paused)
{
    for (struct road *road = r->roads; road != NULL; road = road->next)
        ol_path_pause(road->path, paused);
}

/* From the paths. */

static uint16_t on_up(struct ol_path *p)
{
    struct road *road = p->owner;
    struct relay *r = road->relay;

    do
        r->last_conn++;
    while (r->last_conn == 0 || r->conn_road[r->last_conn] != 0);
    r->conn_road[r->last_conn] = road->id;
    r->conn_open[r->last_conn] = p->spec.kind != OL_SPEC_TCP_LISTEN;
    must_tell(r, (struct ol_link_msg){.type = OL_LINK_UP, .path = road->id, .conn = r->last_conn,
                                      .open = r->conn_open[r->last_conn]});
    return r->last_conn;
}

static void on_down(struct ol_path *p, uint16_t conn)
{
    struct road *road = p->owner;

    road->relay->conn_road[conn] = 0;
    must_tell(road->relay, (struct ol_link_msg){.type = OL_LINK_DOWN, .path = road->id, .conn = conn});
}

static void on_frame(struct ol_path *p, uint16_t conn, struct ol_span frame)
{
    struct road *road = p->owner;
    struct station *s = road->relay->station;
    struct ol_link_msg m = {.type = OL_LINK_FRAME, .path = road->id, .conn = conn, .frame = frame};

    if (s == NULL)
        return;
    if (ol_flow_gathered(&s->flow) > OUT_FRAMES || !tell(s, &m))
        s->lost++;
    if (ol_flow_gathered(&s->flow) > OUT_HIGH)
        pause_all(road->relay, true);
}

static void on_path_sent(struct ol_path *p, unsigned frames)
{
    struct road *road = p->owner;
    unsigned stale = frames < road->stale ? frames : road->stale;

    road->stale -= stale;
    if (road->relay->station != NULL)
        road->credit += frames - stale;
}

static void on_path_log(struct ol_path *p, const char *text)
{
    const struct road *road = p->owner;
    char spec[OL_SPEC_MAX];

    ol_spec_print(&p->spec, spec);
    ol_relay_log("path %u (%s): %s", road->id, spec, text);
}

static void on_path_closed(struct ol_path *p)
{
    struct road *road = p->owner;
    struct road **at = &road->relay->roads;

    while (*at != road)
        at = &(*at)->next;
    *at = road->next;
    tell_credit(road);
    free(road);
}

/* Paths come and go with relay.conf. */

static bool is_in(const struct ol_conf *conf, const struct road *road)
{
    for (size_t i = 0; i < conf->count; i++)
        if (conf->paths[i].id == road->id)
            return ol_spec_equal(&conf->paths[i].spec, &road->path->spec);
    return false;
}

static struct road *find_road(struct relay *r, uint16_t id)
{
    struct road *road = r->roads;

    while (road != NULL && (road->id != id || road->path->closing))
        road = road->next;
    return road;
}

static bool add_road(struct relay *r, const struct ol_conf_path *conf)
{
    struct road *road = calloc(1, sizeof *road);
    struct road **last = &r->roads;

    if (road == NULL)
        return false;
    road->relay = r;
    road->id = conf->id;
    road->path = ol_path_new(&r->host, &conf->spec, road);
    if (road->path == NULL) {
        free(road);
        return false;
    }
    while (*last != NULL)
        last = &(*last)->next;
    *last = road;
    return true;
}

static void open_new_roads(struct relay *r)
{
    for (struct road *road = r->roads; road != NULL; road = road->next) {
        if (road->opened)
            continue;
        road->opened = true;
        ol_path_open(road->path);
    }
}

/* The list comes before the first connection of a new path. Nothing is freed in here: closing ends in a
 * later turn of the loop. */
static void apply(struct relay *r, const struct ol_conf *conf)
{
    for (struct road *road = r->roads; road != NULL; road = road->next)
        if (!is_in(conf, road))
            ol_path_close(road->path);
    for (size_t i = 0; i < conf->count; i++)
        if (find_road(r, conf->paths[i].id) == NULL && !add_road(r, &conf->paths[i]))
            ol_relay_log("path %u: no memory for it", conf->paths[i].id);
    tell_paths(r);
    open_new_roads(r);
}

static enum ol_err load_conf(struct relay *r, struct ol_conf *out)
{
    char why[OL_WHY_MAX];
    int fd = ol_keeper_ask(r->keeper, OL_RELAY_ASK_CONF);
    enum ol_err err = fd == -ENOENT ? OL_ABSENT : OL_IO;

    if (fd < 0) {
        ol_relay_log(err == OL_ABSENT ? "%s is not there yet: no paths" : "%s: opening: %s", OL_RELAY_CONF, strerror(-fd));
        return err;
    }
    err = ol_conf_read_fd(fd, OL_RELAY_CONF, out, why);
    close(fd);
    if (err != OL_OK)
        ol_relay_log("%s", why);
    return err;
}

static enum ol_err read_conf(struct relay *r)
{
    struct ol_conf conf = {0};
    enum ol_err err = load_conf(r, &conf);

    if (err == OL_OK || err == OL_ABSENT) {
        apply(r, &conf);
        err = OL_OK;
    }
    ol_conf_free(&conf);
    return err;
}

/* From the station. */

static void take_frame(struct relay *r, const struct ol_link_msg *m)
{
    struct road *road = find_road(r, m->path);

    if (road != NULL)
        ol_path_send(road->path, m->conn, m->frame);
    else
        must_tell(r, (struct ol_link_msg){.type = OL_LINK_CREDIT, .path = m->path, .count = 1});
}

static void take_proof(struct relay *r, const struct ol_link_msg *m)
{
    struct road *road = find_road(r, m->path);

    if (road == NULL || r->conn_road[m->conn] != m->path)
        return;
    r->conn_open[m->conn] = true;
    ol_path_prove(road->path, m->conn);
}

static void reload(struct relay *r)
{
    ol_relay_log("reading %s again", OL_RELAY_CONF);
    if (read_conf(r) != OL_OK) {
        ol_relay_log("the paths stay as they were");
        tell_paths(r);
    }
}

static void on_message(struct ol_flow *flow, struct ol_span bytes)
{
    struct station *s = (struct station *)flow;
    struct ol_link_msg m;

    if (ol_link_read(bytes, &m) != OL_OK)
        s->refused++;
    else if (m.type == OL_LINK_FRAME)
        take_frame(s->relay, &m);
    else if (m.type == OL_LINK_PROVEN)
        take_proof(s->relay, &m);
    else if (m.type == OL_LINK_RELOAD)
        reload(s->relay);
    else
        s->refused++;
}

static void on_told(struct ol_flow *flow, unsigned messages)
{
    (void)messages;
    if (!flow->closing && ol_flow_gathered(flow) <= OUT_HIGH)
        pause_all(((struct station *)flow)->relay, false);
}

static void station_close(struct station *s, const char *why)
{
    struct relay *r = s->relay;

    ol_relay_log("station gone: %s; messages refused: %llu, frames without room: %llu", why,
                 (unsigned long long)(s->refused + s->flow.in.dropped), (unsigned long long)s->lost);
    r->station = NULL;
    for (struct road *road = r->roads; road != NULL; road = road->next) {
        road->credit = 0;
        road->stale = road->path->held;
    }
    ol_flow_close(&s->flow);
    pause_all(r, false);
}

/* A lookup of a name can hang for long in the system's resolver; nothing is lost by not waiting for it.
 * */
static void on_patience(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void end(struct relay *r)
{
    if (r->ending)
        return;
    r->ending = true;
    if (r->station != NULL)
        station_close(r->station, "the relay ends");
    for (struct road *road = r->roads; road != NULL; road = road->next)
        ol_path_close(road->path);
    uv_close((uv_handle_t *)&r->door, NULL);
    uv_close((uv_handle_t *)&r->turn, NULL);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&r->signals[i], NULL);
    uv_timer_start(&r->patience, on_patience, PATIENCE_MS, 0);
    uv_unref((uv_handle_t *)&r->patience);
}

static void on_station_gone(struct ol_flow *flow, int status)
{
    station_close((struct station *)flow, uv_strerror(status));
}

static void on_station_closed(struct ol_flow *flow)
{
    free(flow);
}

static const struct ol_flow_ops station_ops = {
    .frame = on_message,
    .sent = on_told,
    .gone = on_station_gone,
    .closed = on_station_closed,
};

static bool is_allowed(struct station *s)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    uv_os_fd_t fd;

    if (uv_fileno(&s->flow.uv.handle, &fd) != 0
        || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return false;
    return peer.uid == geteuid() || peer.uid == 0;
}

static void welcome(struct station *s)
{
    struct relay *r = s->relay;

    if (!is_allowed(s)) {
        ol_relay_log("a program of another user is not let in");
        ol_flow_close(&s->flow);
    } else if (r->station != NULL) {
        ol_relay_log("a second station is not let in");
        ol_flow_close(&s->flow);
    } else {
        ol_relay_log("station connected");
        r->station = s;
        ol_flow_read(&s->flow, true);
        tell_paths(r);
        tell_conns(r);
    }
}

static void on_knock(uv_stream_t *door, int status)
{
    struct relay *r = door->data;
    struct station *s;
    struct ol_flow_room room;

    if (status != 0)
        return; /* it has gone again */
    s = calloc(1, sizeof *s);
    if (s == NULL) {
        ol_relay_log("no memory for a station"); /* libuv would wait for ever for it to be accepted */
        end(r);
        return;
    }
    uv_pipe_init(&r->loop, &s->flow.uv.pipe, 0);
    s->relay = r;
    room = (struct ol_flow_room){s->in, sizeof s->in, {s->out[0], s->out[1]}, sizeof s->out[0]};
    ol_flow_init(&s->flow, &station_ops, &room);
    if (uv_accept(door, &s->flow.uv.stream) == 0)
        welcome(s);
    else
        ol_flow_close(&s->flow);
}

/* The end of each turn, before the loop sleeps: what gathered goes out together. */
static void on_turn(uv_prepare_t *turn)
{
    struct relay *r = turn->data;

    for (struct road *road = r->roads; road != NULL; road = road->next) {
        ol_path_flush(road->path);
        tell_credit(road);
    }
    if (r->station != NULL && r->station->deaf)
        station_close(r->station, "it does not read");
    if (r->station != NULL)
        ol_flow_flush(&r->station->flow);
}

static void on_signal(uv_signal_t *signal, int number)
{
    ol_relay_log("ending: signal %d", number);
    end(signal->data);
}

static int open_door(struct relay *r)
{
    int status = uv_pipe_init(&r->loop, &r->door, 0);

    r->door.data = r;
    unlink(OL_RELAY_SOCKET); /* left by a relay that was killed: the lock says that none runs */
    if (status == 0)
        status = uv_pipe_bind(&r->door, OL_RELAY_SOCKET);
    if (status == 0 && chmod(OL_RELAY_SOCKET, 0600) != 0)
        status = uv_translate_sys_error(errno);
    return status;
}

static void watch(struct relay *r)
{
    static const int numbers[2] = {SIGTERM, SIGINT};

    for (int i = 0; i < 2; i++) {
        uv_signal_init(&r->loop, &r->signals[i]);
        r->signals[i].data = r;
        uv_signal_start(&r->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&r->loop, &r->patience);
    uv_prepare_init(&r->loop, &r->turn);
    r->turn.data = r;
    uv_prepare_start(&r->turn, on_turn);
}

/* LATER when a lookup of a name still hangs in a thread. */
static enum ol_err close_loop(struct relay *r)
{
    uv_close((uv_handle_t *)&r->patience, NULL);
    uv_run(&r->loop, UV_RUN_NOWAIT);
    return uv_loop_close(&r->loop) == 0 ? OL_OK : OL_LATER;
}

static struct relay the_relay;

static enum ol_err failed(const char *what, int status)
{
    if (status != 0)
        ol_relay_log("%s: %s", what, uv_strerror(status));
    return status != 0 ? OL_IO : OL_OK;
}

enum ol_err ol_relay_open(const struct ol_keeper *keeper)
{
    struct relay *r = &the_relay;
    enum ol_err err = failed("starting", uv_loop_init(&r->loop));

    r->keeper = keeper;
    r->host = (struct ol_path_host){&r->loop, on_up, on_down, on_frame, on_path_sent, on_path_log,
                                    on_path_closed};
    return err ? err : failed(OL_RELAY_SOCKET, open_door(r));
}

enum ol_err ol_relay_run(void)
{
    struct relay *r = &the_relay;
    enum ol_err err;

    watch(r);
    err = read_conf(r);
    if (!err)
        err = failed(OL_RELAY_SOCKET, uv_listen((uv_stream_t *)&r->door, BACKLOG, on_knock));
    if (err)
        return err;
    uv_run(&r->loop, UV_RUN_DEFAULT);
    return close_loop(r);
}
