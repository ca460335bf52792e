/* SPDX-License-Identifier: Apache-2.0 */
/* What befalls stations: their processes, machines, clocks and people. */
#include "sim/run.h"

static struct sim_party *draw_station(struct sim_active *f)
{
    return &f->sim->party[sim_rng_below(&f->rng, 2)];
}

static bool may_hit(const struct sim_party *p)
{
    return p->exists && p->running && !p->retired;
}

/* ---- Processes and machines ---- */

static void kill_one(struct sim_active *f)
{
    struct sim_party *p = draw_station(f);

    if (!may_hit(p))
        return;
    sim_played(f);
    sim_party_kill(p, false);
    sim_party_start_in(p, sim_rng_below(&f->rng, 20 * SIM_SECOND));
}

static void kill_often(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (2 * f->hard), kill_one);
}

static void power_off(struct sim_active *f)
{
    struct sim_party *p = draw_station(f);

    if (!may_hit(p))
        return;
    sim_played(f);
    sim_party_kill(p, true);
    sim_party_start_in(p, sim_rng_between(&f->rng, SIM_SECOND, 60 * SIM_SECOND));
}

static void power_often(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (2 * f->hard), power_off);
}

/* Both at once, as one power line does. */
static void both_off(struct sim_active *f)
{
    if (!may_hit(&f->sim->party[0]) || !may_hit(&f->sim->party[1]))
        return;
    sim_played(f);
    for (unsigned i = 0; i < 2; i++) {
        sim_party_kill(&f->sim->party[i], true);
        sim_party_start_in(&f->sim->party[i], sim_rng_between(&f->rng, SIM_SECOND, 60 * SIM_SECOND));
    }
}

static void both_once(struct sim_active *f)
{
    sim_fault_once(f, both_off);
}

/* Between the commit and its being told. */
static void watch_commits(struct sim_active *f)
{
    for (unsigned i = 0; i < 2; i++) {
        struct sim_party *p = &f->sim->party[i];

        if (!may_hit(p) || p->batch == NULL || !p->batch_done)
            continue;
        sim_played(f);
        sim_party_kill(p, sim_rng_below(&f->rng, 2) != 0);
        sim_party_start_in(p, sim_rng_below(&f->rng, 5 * SIM_SECOND));
        sim_fault_after(f, f->mean, watch_commits);
        return;
    }
    sim_fault_after(f, sim_rng_below(&f->rng, 20 * SIM_MS), watch_commits);
}

static void kill_after_commit(struct sim_active *f)
{
    f->mean = f->sim->span / (2 * f->hard);
    sim_fault_after(f, sim_rng_below(&f->rng, f->mean), watch_commits);
}

static void pause_one(struct sim_active *f)
{
    struct sim_party *p = draw_station(f);
    sim_us how_long = sim_rng_between(&f->rng, 10 * SIM_MS, f->hard * 20 * SIM_SECOND);

    if (!may_hit(p) || f->sim->world.now + how_long > f->sim->span)
        return;
    sim_played(f);
    sim_world_say(&f->sim->world, "%s stands still for %llu ms", p->name, (unsigned long long)(how_long / SIM_MS));
    sim_party_pause(p, how_long);
}

static void pause_often(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (3 * f->hard), pause_one);
}

static void on_relay_again(void *ctx, uint64_t index)
{
    struct sim_active *f = ctx;
    struct sim_party *p = &f->sim->party[index];

    sim_net_relay_start(&f->sim->net, p);
    sim_net_station(&f->sim->net, p, p->running);
}

static void kill_relay(struct sim_active *f)
{
    struct sim_party *p = draw_station(f);

    sim_played(f);
    sim_world_say(&f->sim->world, "the relay of %s is killed", p->name);
    sim_net_relay_stop(&f->sim->net, p);
    sim_party_reset(p);
    sim_world_in(&f->sim->world, sim_rng_below(&f->rng, 10 * SIM_SECOND), on_relay_again, f, p->index);
}

static void kill_relays(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (3 * f->hard), kill_relay);
}

static void relays_run(struct sim_active *f)
{
    for (unsigned i = 0; i < 2; i++)
        on_relay_again(f, i);
}

static void slow_disks(struct sim_active *f)
{
    sim_played(f);
    for (unsigned i = 0; i < 2; i++)
        f->sim->party[i].commit_most = f->hard * 500 * SIM_MS;
}

static void fast_disks(struct sim_active *f)
{
    for (unsigned i = 0; i < 2; i++)
        f->sim->party[i].commit_most = 20 * SIM_MS;
}

/* ---- Clocks ---- */

static void skew(struct sim_active *f)
{
    sim_played(f);
    for (unsigned i = 0; i < 2; i++)
        sim_party_clock_rate(&f->sim->party[i],
                             (int64_t)sim_rng_between(&f->rng, 0, 40000 * f->hard) - (int64_t)(20000 * f->hard));
}

static void jump(struct sim_active *f, int64_t sign)
{
    static const int64_t far[] = {30, 90, 3600, 86400 * 30};
    struct sim_party *p = draw_station(f);
    int64_t by = (int64_t)sim_rng_between(&f->rng, 1, (uint64_t)far[f->hard - 1]);

    sim_played(f);
    p->clock.utc_s += sign * by;
    sim_world_say(&f->sim->world, "the clock of %s jumps by %lld s", p->name, (long long)(sign * by));
}

static void jump_forth(struct sim_active *f)
{
    jump(f, 1);
}

static void jump_back(struct sim_active *f)
{
    jump(f, -1);
}

static void jumps_forth(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / 3, jump_forth);
}

static void jumps_back(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / 3, jump_back);
}

static void stop_clock(struct sim_active *f)
{
    struct sim_party *p = draw_station(f);

    sim_played(f);
    p->clock.utc_at = sim_party_now(p).utc;
    p->clock.stopped = true;
    sim_world_say(&f->sim->world, "the clock of %s stops", p->name);
}

static void stop_clock_once(struct sim_active *f)
{
    sim_fault_once(f, stop_clock);
}

/* ---- Sessions and people ---- */

static void drop_session(struct sim_active *f)
{
    struct sim_party *p = draw_station(f);

    if (!may_hit(p))
        return;
    sim_played(f);
    sim_world_say(&f->sim->world, "%s drops its session", p->name);
    sim_check_forget(p);
    ol_line_drop_session(p->line, sim_party_now(p));
    sim_party_wake(p);
}

static void drop_sessions(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / (3 * f->hard), drop_session);
}

/* More than a commit holds, from one side, at once. */
static void write_many(struct sim_active *f)
{
    struct sim_party *p = draw_station(f);
    uint64_t n = sim_rng_between(&f->rng, 20, 60 * f->hard);

    if (!may_hit(p))
        return;
    sim_played(f);
    for (uint64_t i = 0; i < n; i++)
        (void)sim_people_say(p, (enum ol_precedence)sim_rng_below(&f->rng, 4), 20, false);
}

static void crowd(struct sim_active *f)
{
    sim_fault_once(f, write_many);
}

const struct sim_fault sim_party_faults[] = {
    {.name = "kill", .says = "a station's process is killed and started again", .percent = 30, .begin = kill_often},
    {.name = "power-cut", .says = "a station's machine loses its power", .percent = 25, .begin = power_often},
    {.name = "power-cut-both", .says = "both machines lose their power at once", .percent = 10, .begin = both_once},
    {.name = "kill-after-commit", .says = "a station is killed when a commit is durable and it does not know it yet",
     .percent = 15, .begin = kill_after_commit},
    {.name = "pause", .says = "a station's process stands still for a while", .percent = 15, .begin = pause_often},
    {.name = "relay-killed", .gentle = true, .says = "a relay is killed and started again",
     .percent = 20, .begin = kill_relays,
     .end = relays_run},
    {.name = "slow-disk", .gentle = true, .says = "commits take seconds",
     .percent = 15, .begin = slow_disks, .end = fast_disks},
    {.name = "clock-skew", .says = "monotonic clocks run fast or slow", .percent = 20, .begin = skew},
    {.name = "clock-jumps-forth", .says = "a clock jumps into the future", .percent = 12, .begin = jumps_forth},
    {.name = "clock-jumps-back", .says = "a clock jumps into the past", .percent = 12, .begin = jumps_back},
    {.name = "clock-stops", .says = "a clock stands", .percent = 10, .begin = stop_clock_once},
    {.name = "session-dropped", .gentle = true, .says = "a station drops its session",
     .percent = 10, .begin = drop_sessions},
    {.name = "crowd", .says = "one side writes many messages at once", .percent = 10, .begin = crowd},
    {.name = NULL},
};
