/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/net.h"

#include <stdlib.h>
#include <string.h>

#include "sim/fault.h"
#include "sim/run.h"
#include "wire/frame.h"

#define CALL_AGAIN SIM_SECOND /* OL_RETRY_MS of the carriers */

static struct sim_party *party_at(struct sim_net *n, const struct sim_conn *c, unsigned end)
{
    return &n->sim->party[c->party[end]];
}

/* ---- What the paths are ---- */

/* A carrier's frames take two seconds at most, where that is more than the least a carrier must take. */
static uint16_t mtu_of(uint64_t rate, bool datagrams)
{
    uint64_t most = datagrams ? OL_FRAME_UDP : OL_FRAME_MAX;
    uint64_t mtu = rate * 2 / 8;

    return (uint16_t)(mtu < OL_FRAME_MIN ? OL_FRAME_MIN : mtu > most ? most : mtu);
}

/* At most one frame, or 20 ms of the rate, beyond what the carrier is sending. */
static uint16_t window_of(uint64_t rate, uint16_t mtu)
{
    uint64_t frames = 1 + rate / 50 / 8 / mtu;

    return (uint16_t)(frames < 2 ? 2 : frames > 32 ? 32 : frames);
}

static void draw_path(struct sim_path *p, struct sim_rng *r)
{
    static const struct {
        uint64_t rate;
        sim_us delay_most;
        unsigned weight;
        bool half_duplex;
    } sorts[] = {
        {75, 200 * SIM_MS, 2, true},         {300, 200 * SIM_MS, 4, true},        {1200, 500 * SIM_MS, 8, true},
        {9600, 900 * SIM_MS, 12, true},      {64000, 600 * SIM_MS, 14, false},    {2000000, 300 * SIM_MS, 20, false},
        {100000000, 120 * SIM_MS, 25, false}, {1000000000, 20 * SIM_MS, 15, false},
    };
    uint64_t draw = sim_rng_below(r, 100);
    size_t i = 0;

    for (; draw >= sorts[i].weight; i++)
        draw -= sorts[i].weight;
    p->rate = sorts[i].rate;
    p->delay = sim_rng_between(r, 100, sorts[i].delay_most);
    p->datagrams = sim_rng_below(r, 2) != 0;
    p->half_duplex = sorts[i].half_duplex && sim_rng_below(r, 2) != 0;
    p->turnaround = sim_rng_between(r, 50, 800) * SIM_MS;
    p->mtu = mtu_of(p->rate, p->datagrams);
    p->window = window_of(p->rate, p->mtu);
}

void sim_net_init(struct sim_net *n, struct sim *s)
{
    struct sim_rng r;

    *n = (struct sim_net){.sim = s};
    sim_rng_init(&r, s->world.seed, "paths");
    n->paths = 1 + (unsigned)sim_rng_below(&r, SIM_PATHS - 1);
    for (unsigned i = 0; i < n->paths; i++) {
        struct sim_path *p = &n->path[i];

        draw_path(p, &r);
        sim_world_say(&s->world, "path %u: %llu bit/s%s, %llu ms, %s, frames of %u, %u held", i,
                      (unsigned long long)p->rate, p->half_duplex ? " half duplex" : "",
                      (unsigned long long)(p->delay / SIM_MS), p->datagrams ? "datagrams" : "connections", p->mtu,
                      p->window);
    }
}

sim_us sim_net_air_time(const struct sim_path *p, size_t len)
{
    return (uint64_t)len * 8 * SIM_SECOND / p->rate;
}

static sim_us way_free_at(const struct sim_net *n, const struct sim_path *p, unsigned way)
{
    sim_us at = p->way[way].busy_until;

    if (p->half_duplex) {
        sim_us air = p->air_until + (p->spoke_last != way ? p->turnaround : 0);

        at = air > at ? air : at;
    }
    return at > n->sim->world.now ? at : n->sim->world.now;
}

sim_us sim_net_free_at(const struct sim_net *n, uint8_t path, unsigned from_end)
{
    return way_free_at(n, &n->path[path], from_end);
}

bool sim_net_has_from_before(const struct sim_net *n, sim_us then)
{
    const struct sim_packet *k = n->packets;

    while (k != NULL && k->made >= then)
        k = k->next;
    return k != NULL;
}

sim_us sim_net_round_trip(const struct sim_net *n)
{
    sim_us most = 0;

    for (unsigned i = 0; i < n->paths; i++) {
        const struct sim_path *p = &n->path[i];
        sim_us one = p->delay + sim_net_air_time(p, p->mtu) * p->window + (p->half_duplex ? p->turnaround : 0);

        most = 2 * one > most ? 2 * one : most;
    }
    return most;
}

/* ---- Packets ---- */

static struct sim_packet *packet_new(struct sim_net *n, struct ol_span bytes)
{
    struct sim_packet *k = sim_must(calloc(1, sizeof *k + bytes.len + 1));

    k->net = n;
    k->made = n->sim->world.now;
    k->len = bytes.len;
    memcpy(k->bytes, bytes.p, bytes.len);
    k->next = n->packets;
    if (k->next != NULL)
        k->next->prev = k;
    n->packets = k;
    return k;
}

static void packet_free(struct sim_packet *k)
{
    if (k->next != NULL)
        k->next->prev = k->prev;
    if (k->prev != NULL)
        k->prev->next = k->next;
    else
        k->net->packets = k->next;
    free(k);
}

static void on_arrival(void *ctx, uint64_t arg)
{
    struct sim_packet *k = ctx;
    struct sim_net *n = k->net;
    struct sim_conn *c = &n->path[k->path].conn[k->conn];

    (void)arg;
    if (c->up && c->life == k->conn_life) {
        struct sim_party *to = party_at(n, c, k->to);

        if (n->relay[c->party[k->to]].station)
            sim_party_receive(to, k->path, c->number[k->to], ol_span(k->bytes, k->len));
    }
    packet_free(k);
}

static void arrive(struct sim_packet *k, sim_us delay)
{
    sim_world_in(&k->net->sim->world, delay, on_arrival, k, 0);
}

static void arrive_copy(const struct sim_packet *k, sim_us delay)
{
    struct sim_packet *copy = packet_new(k->net, ol_span(k->bytes, k->len));

    copy->path = k->path;
    copy->to = k->to;
    copy->conn = k->conn;
    copy->conn_life = k->conn_life;
    arrive(copy, delay);
}

/* ---- Troubles ---- */

static bool happens(const struct sim_chance *c)
{
    if (c->by == NULL || !sim_rng_chance(&c->by->rng, c->per_million))
        return false;
    sim_played(c->by);
    return true;
}

static void keep(struct sim_way *w, const struct sim_packet *k)
{
    struct sim_kept *slot = &w->kept[w->kept_n++ % SIM_KEPT];

    free(slot->bytes);
    slot->bytes = sim_must(malloc(k->len + 1));
    memcpy(slot->bytes, k->bytes, k->len);
    slot->len = k->len;
}

static void flip(struct sim_packet *k, struct sim_rng *r)
{
    for (uint64_t n = sim_rng_between(r, 1, 3); n > 0; n--) {
        uint64_t bit = sim_rng_below(r, 8 * k->len);

        k->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void add_garbage(const struct sim_packet *k, struct sim_rng *r)
{
    uint8_t bytes[OL_FRAME_MAX];
    size_t len = sim_rng_between(r, 1, k->net->path[k->path].mtu);

    sim_rng_fill(r, bytes, len);
    if (sim_rng_below(r, 2) != 0) /* with an outside that parses */
        bytes[0] = (uint8_t)(sim_rng_between(r, 1, 3) << 4);
    sim_net_inject(k->net, k->path, k->to, ol_span(bytes, len), 0);
}

/* The packet is lost: true. */
static bool is_lost(const struct sim_packet *k, struct sim_trouble *t)
{
    if (t->dead != NULL) {
        sim_played(t->dead);
        return true;
    }
    return happens(&t->loss) || (k->len >= t->drop_from && happens(&t->drop_long)) ||
           (k->bytes[0] >> 4 != OL_FRAME && happens(&t->drop_handshake));
}

static void suffer(struct sim_packet *k, struct sim_way *w)
{
    struct sim_net *n = k->net;
    struct sim_trouble *t = &w->trouble;
    sim_us delay = n->path[k->path].delay + n->path[k->path].extra;

    keep(w, k);
    if (happens(&t->replay)) {
        const struct sim_kept *old =
            &w->kept[sim_rng_below(&t->replay.by->rng, w->kept_n < SIM_KEPT ? w->kept_n : SIM_KEPT)];

        sim_net_inject(n, k->path, k->to, ol_span(old->bytes, old->len), delay);
    }
    if (happens(&t->garbage))
        add_garbage(k, &t->garbage.by->rng);
    if (is_lost(k, t)) {
        packet_free(k);
        return;
    }
    if (happens(&t->twice))
        arrive_copy(k, delay + sim_rng_below(&t->twice.by->rng, 50 * SIM_MS));
    if (happens(&t->corrupt))
        flip(k, &t->corrupt.by->rng);
    if (happens(&t->cut_off))
        k->len = sim_rng_below(&t->cut_off.by->rng, k->len) + 1;
    if (n->paths > 1 && happens(&t->astray)) {
        sim_net_inject(n, (uint8_t)sim_rng_below(&t->astray.by->rng, n->paths), k->to, ol_span(k->bytes, k->len),
                       delay);
        packet_free(k);
        return;
    }
    if (happens(&t->late))
        delay += sim_rng_below(&t->late.by->rng, t->late_most + 1);
    if (happens(&t->withhold))
        delay += t->withhold_for;
    arrive(k, delay);
}

/* ---- Sending ---- */

/* The carrier has taken it: its station gets a credit, if it still is the one that gave it. */
static void on_taken(void *ctx, uint64_t way)
{
    struct sim_packet *k = ctx;
    struct sim_net *n = k->net;
    struct sim_party *sender = &n->sim->party[k->sender];

    if (sender->running && sender->life == k->life && n->relay[k->sender].station)
        sim_party_credit(sender, k->path, 1);
    suffer(k, &n->path[k->path].way[way]);
}

/* The connection on which frames with conn 0 go: the last proven, else the only one made here. -1: none. */
static int own_conn(const struct sim_net *n, uint8_t path, const struct sim_party *p)
{
    const struct sim_path *road = &n->path[path];
    int made = -1;
    int proven = -1;

    for (int i = 0; i < (int)SIM_CONNS; i++) {
        const struct sim_conn *c = &road->conn[i];

        if (!c->up || c->party[p->end] != p->index)
            continue;
        if (c->proven[p->end] > 0 && (proven < 0 || c->proven[p->end] > road->conn[proven].proven[p->end]))
            proven = i;
        if (c->open[p->end])
            made = i;
    }
    return proven >= 0 ? proven : made;
}

static int conn_by_number(const struct sim_net *n, uint8_t path, const struct sim_party *p, uint16_t number)
{
    for (int i = 0; i < (int)SIM_CONNS; i++) {
        const struct sim_conn *c = &n->path[path].conn[i];

        if (c->up && c->party[p->end] == p->index && c->number[p->end] == number)
            return i;
    }
    return -1;
}

static void on_late_credit(void *ctx, uint64_t arg)
{
    struct sim_net *n = ctx;
    struct sim_party *p = &n->sim->party[arg & 0xff];

    if (p->running && (uint32_t)p->life == arg >> 32 && n->relay[p->index].station)
        sim_party_credit(p, (uint8_t)(arg >> 8), 1);
}

void sim_net_no_send(struct sim_net *n, struct sim_party *from, uint8_t path)
{
    sim_world_in(&n->sim->world, 1, on_late_credit, n, from->life << 32 | (uint64_t)path << 8 | from->index);
}

void sim_net_send(struct sim_net *n, struct sim_party *from, uint8_t path, uint16_t conn, struct ol_span frame)
{
    struct sim_path *road = &n->path[path];
    struct sim_way *w = &road->way[from->end];
    int at = conn == 0 ? own_conn(n, path, from) : conn_by_number(n, path, from, conn);
    struct sim_packet *k;
    sim_us begin;

    n->frames++;
    if (at < 0 || !n->relay[from->index].runs) { /* no such connection: dropped, and counted to the station */
        sim_net_no_send(n, from, path);
        return;
    }
    k = packet_new(n, frame);
    k->path = path;
    k->to = (uint8_t)(1 - from->end);
    k->conn = (uint8_t)at;
    k->conn_life = road->conn[at].life;
    k->sender = from->index;
    k->life = from->life;
    begin = way_free_at(n, road, from->end);
    w->busy_until = begin + sim_net_air_time(road, frame.len);
    if (road->half_duplex) {
        if (road->turned != NULL && road->spoke_last != from->end)
            sim_played(road->turned);
        road->spoke_last = from->end;
        road->air_until = w->busy_until;
    }
    sim_world_at(&n->sim->world, w->busy_until, on_taken, k, from->end);
}

void sim_net_inject(struct sim_net *n, uint8_t path, unsigned to_end, struct ol_span bytes, sim_us delay)
{
    struct sim_path *road = &n->path[path];
    struct sim_packet *k;
    int at = -1;

    for (int i = 0; i < (int)SIM_CONNS; i++)
        if (road->conn[i].up && (at < 0 || road->conn[i].life > road->conn[at].life))
            at = i;
    if (at < 0)
        return;
    k = packet_new(n, bytes);
    k->path = path;
    k->to = (uint8_t)to_end;
    k->conn = (uint8_t)at;
    k->conn_life = road->conn[at].life;
    arrive(k, delay);
}

/* ---- Connections ---- */

static void conn_down(struct sim_net *n, uint8_t path, struct sim_conn *c)
{
    c->up = false;
    for (unsigned end = 0; end < 2; end++)
        if (n->relay[c->party[end]].station)
            sim_party_conn_down(party_at(n, c, end), path, c->number[end]);
}

static void on_call(void *ctx, uint64_t arg);

static void plan_call(struct sim_net *n, uint8_t path, unsigned one, unsigned other, sim_us delay)
{
    sim_world_in(&n->sim->world, delay, on_call, n, (uint64_t)path << 16 | one << 8 | other);
}

static bool joined(const struct sim_path *road, unsigned one, unsigned other)
{
    for (unsigned i = 0; i < SIM_CONNS; i++)
        if (road->conn[i].up && road->conn[i].party[0] == one && road->conn[i].party[1] == other)
            return true;
    return false;
}

static void conn_up(struct sim_net *n, uint8_t path, unsigned one, unsigned other)
{
    struct sim_path *road = &n->path[path];
    struct sim_conn *c = road->conn;
    const unsigned party[2] = {one, other};

    while (c < road->conn + SIM_CONNS && c->up)
        c++;
    if (c == road->conn + SIM_CONNS)
        return;
    *c = (struct sim_conn){.up = true, .life = ++n->conn_lives, .party = {(uint8_t)one, (uint8_t)other}};
    for (unsigned end = 0; end < 2; end++) {
        c->number[end] = ++n->relay[party[end]].last_conn;
        c->open[end] = road->datagrams || end == 0;
    }
    for (unsigned end = 0; end < 2; end++)
        if (c->up && n->relay[party[end]].station)
            sim_party_conn_up(party_at(n, c, end), path, c->number[end], c->open[end]);
}

/* The relay of end 0 calls that of end 1, and again until it answers. */
static void on_call(void *ctx, uint64_t arg)
{
    struct sim_net *n = ctx;
    uint8_t path = (uint8_t)(arg >> 16);
    unsigned one = arg >> 8 & 0xff;
    unsigned other = arg & 0xff;
    struct sim_path *road = &n->path[path];

    if (!n->relay[one].runs || joined(road, one, other))
        return;
    if (road->cut || !n->relay[other].runs)
        plan_call(n, path, one, other, CALL_AGAIN);
    else
        conn_up(n, path, one, other);
}

static void plan_calls(struct sim_net *n, const struct sim_party *p)
{
    for (uint8_t path = 0; path < n->paths; path++) {
        for (unsigned i = 0; i < SIM_PARTIES; i++) {
            const struct sim_party *peer = &n->sim->party[i];

            if (!peer->exists || peer->end == p->end)
                continue;
            if (p->end == 0)
                plan_call(n, path, p->index, i, 2 * n->path[path].delay);
            else if (n->relay[i].runs)
                plan_call(n, path, i, p->index, 2 * n->path[path].delay);
        }
    }
}

void sim_net_relay_start(struct sim_net *n, struct sim_party *p)
{
    if (n->relay[p->index].runs)
        return;
    n->relay[p->index] = (struct sim_relay){.runs = true};
    plan_calls(n, p);
}

static void lose_conn(struct sim_net *n, uint8_t path, struct sim_conn *c)
{
    uint8_t one = c->party[0];
    uint8_t other = c->party[1];

    conn_down(n, path, c);
    if (n->relay[one].runs)
        plan_call(n, path, one, other, CALL_AGAIN);
}

void sim_net_relay_stop(struct sim_net *n, struct sim_party *p)
{
    struct sim_relay *r = &n->relay[p->index];

    if (!r->runs)
        return;
    r->runs = false;
    r->station = false;
    for (uint8_t path = 0; path < n->paths; path++)
        for (unsigned i = 0; i < SIM_CONNS; i++)
            if (n->path[path].conn[i].up && n->path[path].conn[i].party[p->end] == p->index)
                lose_conn(n, path, &n->path[path].conn[i]);
}

void sim_net_station(struct sim_net *n, struct sim_party *p, bool here)
{
    struct sim_relay *r = &n->relay[p->index];

    r->station = here && r->runs;
    if (!r->station)
        return;
    for (uint8_t path = 0; path < n->paths; path++)
        sim_party_path(p, path, n->path[path].mtu, n->path[path].window);
    for (uint8_t path = 0; path < n->paths; path++) {
        for (unsigned i = 0; i < SIM_CONNS; i++) {
            const struct sim_conn *c = &n->path[path].conn[i];

            if (c->up && c->party[p->end] == p->index)
                sim_party_conn_up(p, path, c->number[p->end], c->open[p->end]);
        }
    }
}

/* It is the path from now on; the one before is closed. */
void sim_net_proven(struct sim_net *n, struct sim_party *p, uint8_t path, uint16_t conn)
{
    struct sim_path *road = &n->path[path];
    int at = conn_by_number(n, path, p, conn);

    if (at < 0)
        return;
    road->conn[at].open[p->end] = true;
    road->conn[at].proven[p->end] = ++n->proofs;
    for (int i = 0; i < (int)SIM_CONNS && !road->datagrams; i++) {
        struct sim_conn *c = &road->conn[i];

        if (i != at && c->up && c->party[p->end] == p->index && c->proven[p->end] > 0)
            lose_conn(n, path, c);
    }
}

void sim_net_break(struct sim_net *n, uint8_t path)
{
    for (unsigned i = 0; i < SIM_CONNS; i++)
        if (n->path[path].conn[i].up)
            lose_conn(n, path, &n->path[path].conn[i]);
}

void sim_net_cut(struct sim_net *n, uint8_t path, bool cut)
{
    n->path[path].cut = cut;
    if (cut)
        sim_net_break(n, path);
}

void sim_net_calm(struct sim_net *n)
{
    for (uint8_t i = 0; i < n->paths; i++) {
        n->path[i].cut = false;
        for (unsigned way = 0; way < 2; way++)
            n->path[i].way[way].trouble = (struct sim_trouble){0};
    }
}

void sim_net_fini(struct sim_net *n)
{
    while (n->packets != NULL)
        packet_free(n->packets);
    for (unsigned i = 0; i < SIM_PATHS; i++)
        for (unsigned way = 0; way < 2; way++)
            for (unsigned k = 0; k < SIM_KEPT; k++)
                free(n->path[i].way[way].kept[k].bytes);
}
