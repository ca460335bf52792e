/* SPDX-License-Identifier: Apache-2.0 */
/* What befalls paths, and what a hostile relay does. */
#include "sim/run.h"

static struct sim_net *net(const struct sim_active *f)
{
    return &f->sim->net;
}

static uint8_t draw_path(struct sim_active *f)
{
    return (uint8_t)sim_rng_below(&f->rng, net(f)->paths);
}

/* Sets one trouble in every direction of every path. */
#define EVERYWHERE(f, field, value)                     \
    for (unsigned i_ = 0; i_ < net(f)->paths; i_++)     \
        for (unsigned way_ = 0; way_ < 2; way_++)       \
            net(f)->path[i_].way[way_].trouble.field = (value)

/* ---- Frames ---- */

static struct sim_chance chance(struct sim_active *f, unsigned per_million)
{
    return (struct sim_chance){.by = f, .per_million = per_million * f->hard * f->hard};
}

static void loss(struct sim_active *f)
{
    EVERYWHERE(f, loss, chance(f, 20000)); /* up to a third */
}

static void twice(struct sim_active *f)
{
    EVERYWHERE(f, twice, chance(f, 10000));
}

static void corrupt(struct sim_active *f)
{
    EVERYWHERE(f, corrupt, chance(f, 8000));
}

static void reorder(struct sim_active *f)
{
    EVERYWHERE(f, late_most, f->hard * f->hard * 200 * SIM_MS);
    EVERYWHERE(f, late, chance(f, 20000));
}

/* ---- Paths ---- */

struct spell {
    struct sim_active *f;
    uint8_t path;
    uint8_t way;
};

static sim_us draw_spell(struct sim_active *f)
{
    return sim_rng_between(&f->rng, SIM_SECOND, f->sim->span / (8 - f->hard));
}

static void on_join(void *ctx, uint64_t path)
{
    struct sim_active *f = ctx;

    if (!f->sim->calm)
        sim_net_cut(net(f), (uint8_t)path, false);
}

static void cut_one(struct sim_active *f)
{
    uint8_t path = draw_path(f);

    sim_played(f);
    sim_world_say(&f->sim->world, "path %u is cut", path);
    sim_net_cut(net(f), path, true);
    sim_world_in(&f->sim->world, draw_spell(f), on_join, f, path);
}

static void partition(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (1 + f->hard), cut_one);
}

static void break_one(struct sim_active *f)
{
    uint8_t path = draw_path(f);

    sim_played(f);
    sim_world_say(&f->sim->world, "the connections of path %u end", path);
    sim_net_break(net(f), path);
}

static void flap(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (4 * f->hard), break_one);
}

/* arg: the fault's directions that end: bit of each, by path. */
static void on_alive(void *ctx, uint64_t ways)
{
    struct sim_active *f = ctx;

    for (unsigned i = 0; i < 2 * net(f)->paths; i++) {
        struct sim_trouble *t = &net(f)->path[i / 2].way[i % 2].trouble;

        if ((ways >> i & 1) && t->dead == f)
            t->dead = NULL;
    }
}

static void make_dead(struct sim_active *f, uint64_t ways)
{
    for (unsigned i = 0; i < 2 * net(f)->paths; i++)
        if (ways >> i & 1)
            net(f)->path[i / 2].way[i % 2].trouble.dead = f;
    sim_world_in(&f->sim->world, draw_spell(f), on_alive, f, ways);
}

static void die_one_way(struct sim_active *f)
{
    unsigned way = (unsigned)sim_rng_below(&f->rng, 2 * net(f)->paths);

    sim_world_say(&f->sim->world, "path %u is dead from end %u", way / 2, way % 2);
    make_dead(f, (uint64_t)1 << way);
}

static void asymmetric(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (1 + f->hard), die_one_way);
}

static void die_both_ways(struct sim_active *f)
{
    sim_world_say(&f->sim->world, "all paths are dead");
    make_dead(f, UINT64_MAX);
}

static void blackout(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / f->hard, die_both_ways);
}

/* Seconds of silence, then everything at once: a queue in the network, a satellite's switch. */
static void on_flow(void *ctx, uint64_t path)
{
    struct sim_active *f = ctx;

    net(f)->path[path].extra = 0;
}

static void slow_down(struct sim_active *f)
{
    uint8_t path = draw_path(f);

    sim_played(f);
    net(f)->path[path].extra = sim_rng_between(&f->rng, 1, f->hard * f->hard) * SIM_SECOND;
    sim_world_say(&f->sim->world, "path %u takes %llu s more", path,
                  (unsigned long long)(net(f)->path[path].extra / SIM_SECOND));
    sim_world_in(&f->sim->world, draw_spell(f), on_flow, f, path);
}

static void delay(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (2 * f->hard), slow_down);
}

static void no_delay(struct sim_active *f)
{
    for (unsigned i = 0; i < net(f)->paths; i++)
        net(f)->path[i].extra = 0;
}

/* A path becomes a radio with one frequency: it counts as played when the air has changed sides. */
static void half_duplex(struct sim_active *f)
{
    struct sim_path *p = &net(f)->path[draw_path(f)];

    p->half_duplex = true;
    p->turned = f;
    p->turnaround = f->hard * 100 * SIM_MS;
}

static void stay_half_duplex(struct sim_active *f)
{
    for (unsigned i = 0; i < net(f)->paths; i++)
        net(f)->path[i].turned = NULL;
}

/* The carrier falls back to a tenth of its rate, and comes up again. */
static void on_rate(void *ctx, uint64_t arg)
{
    struct sim_active *f = ctx;

    net(f)->path[arg >> 56].rate = arg << 8 >> 8;
}

static void fall_back(struct sim_active *f)
{
    uint8_t path = draw_path(f);
    struct sim_path *p = &net(f)->path[path];
    sim_us spell = draw_spell(f);

    if (p->rate < 3000 || f->number[path] > f->sim->world.now)
        return;
    sim_played(f);
    sim_world_say(&f->sim->world, "path %u falls back to a tenth of its rate", path);
    f->number[path] = f->sim->world.now + spell;
    sim_world_in(&f->sim->world, spell, on_rate, f, (uint64_t)path << 56 | p->rate);
    p->rate /= 10;
    for (unsigned i = 0; i < SIM_PARTIES; i++)
        if (f->sim->party[i].exists)
            sim_check_forget(&f->sim->party[i]);
}

static void rate(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (1 + f->hard), fall_back);
}

/* ---- Hostile relays ---- */

static void replay(struct sim_active *f)
{
    EVERYWHERE(f, replay, chance(f, 20000));
}

static void astray(struct sim_active *f)
{
    EVERYWHERE(f, astray, chance(f, 20000));
}

static void garbage(struct sim_active *f)
{
    EVERYWHERE(f, garbage, chance(f, 10000));
}

static void cut_off(struct sim_active *f)
{
    EVERYWHERE(f, cut_off, chance(f, 8000));
}

static void withhold(struct sim_active *f)
{
    EVERYWHERE(f, withhold_for, sim_rng_between(&f->rng, 5, 300) * SIM_SECOND);
    EVERYWHERE(f, withhold, chance(f, 5000));
}

static void drop_long(struct sim_active *f)
{
    EVERYWHERE(f, drop_from, 150 * f->hard);
    EVERYWHERE(f, drop_long, chance(f, 30000));
}

static void drop_handshake(struct sim_active *f)
{
    EVERYWHERE(f, drop_handshake, chance(f, 50000));
}

/* What a relay says of connections and credits that is not so. */
static struct sim_party *draw_station(struct sim_active *f)
{
    return &f->sim->party[sim_rng_below(&f->rng, 2)];
}

static bool has_relay(const struct sim_party *p)
{
    return p->running && p->sim->net.relay[p->index].station;
}

static void say_up(struct sim_active *f)
{
    struct sim_party *p = draw_station(f);
    uint8_t path = draw_path(f);

    if (!has_relay(p))
        return;
    sim_played(f);
    sim_party_conn_up(p, path, (uint16_t)sim_rng_between(&f->rng, 50000, 50007), true);
}

static void false_up(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (6 * f->hard), say_up);
}

static void say_down(struct sim_active *f)
{
    struct sim_party *p = draw_station(f);
    uint8_t path = draw_path(f);

    if (!has_relay(p))
        return;
    sim_played(f);
    for (unsigned i = 0; i < SIM_OPEN; i++)
        if (p->open_conn[path][i] != 0)
            sim_party_conn_down(p, path, p->open_conn[path][i]);
}

static void false_down(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (4 * f->hard), say_down);
}

static void give_credit(struct sim_active *f)
{
    struct sim_party *p = draw_station(f);
    uint8_t path = draw_path(f);

    if (!has_relay(p))
        return;
    sim_played(f);
    sim_party_credit(p, path, (unsigned)sim_rng_between(&f->rng, 1, UINT16_MAX));
}

static void false_credit(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (10 * f->hard), give_credit);
}

static void say_path(struct sim_active *f)
{
    static const uint16_t odd[] = {0, 1, OL_FRAME_MIN - 1, OL_FRAME_MIN, 300, 4096, UINT16_MAX};
    struct sim_party *p = draw_station(f);
    uint8_t path = draw_path(f);
    uint16_t mtu = odd[sim_rng_below(&f->rng, 7)];
    uint16_t window = odd[sim_rng_below(&f->rng, 7)];

    if (!has_relay(p))
        return;
    sim_played(f);
    sim_party_path(p, path, mtu, window);
}

static void false_path(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (4 * f->hard), say_path);
}

/* The relays are honest again: what they said is set right by what a new relay says on connecting. */
static void honest_relays(struct sim_active *f)
{
    for (unsigned i = 0; i < 2; i++) {
        sim_net_relay_stop(net(f), &f->sim->party[i]);
        sim_party_reset(&f->sim->party[i]);
        sim_net_relay_start(net(f), &f->sim->party[i]);
        sim_net_station(net(f), &f->sim->party[i], f->sim->party[i].running);
    }
}

const struct sim_fault sim_net_faults[] = {
    {.name = "loss", .gentle = true, .says = "frames are lost", .percent = 40, .begin = loss},
    {.name = "duplicate", .gentle = true, .says = "frames come twice", .percent = 25, .begin = twice},
    {.name = "reorder", .gentle = true, .says = "frames overtake each other", .percent = 25, .begin = reorder},
    {.name = "corrupt", .gentle = true, .says = "bits of frames turn over", .percent = 25, .begin = corrupt},
    {.name = "delay", .gentle = true, .says = "a path takes seconds longer for a while", .percent = 20, .begin = delay,
     .end = no_delay},
    {.name = "partition", .gentle = true, .says = "a path is cut, and both relays know",
     .percent = 30, .begin = partition},
    {.name = "flap", .gentle = true, .says = "connections end and are made again", .percent = 20, .begin = flap},
    {.name = "asymmetric-death", .says = "nothing arrives in one direction, and nobody says so", .percent = 20,
     .begin = asymmetric},
    {.name = "blackout", .says = "nothing arrives on any path, and nobody says so", .percent = 15, .begin = blackout},
    {.name = "half-duplex", .gentle = true, .says = "a path can only be used by one side at a time", .percent = 15,
     .begin = half_duplex, .end = stay_half_duplex},
    {.name = "rate-falls", .gentle = true, .says = "a path's rate falls to a tenth for a while",
     .percent = 15, .begin = rate},
    {.name = "relay-replays", .gentle = true, .says = "a relay sends old frames again", .percent = 20, .begin = replay},
    {.name = "relay-swaps-paths", .says = "a relay lets frames out on another path", .percent = 15, .begin = astray},
    {.name = "relay-sends-garbage", .gentle = true, .says = "a relay sends bytes that nobody wrote",
     .percent = 20, .begin = garbage},
    {.name = "relay-truncates", .gentle = true, .says = "a relay cuts frames off", .percent = 15, .begin = cut_off},
    {.name = "relay-withholds", .says = "a relay holds frames back for minutes", .percent = 15, .begin = withhold},
    {.name = "relay-drops-long", .says = "a relay loses the long frames", .percent = 10, .begin = drop_long},
    {.name = "relay-drops-handshakes", .says = "a relay loses handshake messages", .percent = 15,
     .begin = drop_handshake},
    {.name = "false-up", .says = "a relay tells of connections that do not exist", .percent = 10, .begin = false_up,
     .end = honest_relays},
    {.name = "false-down", .says = "a relay tells that connections are gone which are not", .percent = 10,
     .begin = false_down, .end = honest_relays},
    {.name = "false-credit", .says = "a relay tells that frames have left which have not", .percent = 10,
     .begin = false_credit, .end = honest_relays},
    {.name = "false-path", .says = "a relay tells of frame lengths and windows that no carrier has", .percent = 8,
     .begin = false_path, .end = honest_relays},
    {.name = NULL},
};
