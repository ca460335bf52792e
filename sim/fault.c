/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/fault.h"

#include <string.h>

#include "sim/run.h"

static const struct sim_fault *const tables[] = {sim_net_faults, sim_party_faults, sim_disk_faults, sim_lies,
                                                 sim_scenarios,  sim_stories};

size_t sim_fault_count(void)
{
    size_t n = 0;

    while (sim_fault_at(n) != NULL)
        n++;
    return n;
}

const struct sim_fault *sim_fault_at(size_t i)
{
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
        for (const struct sim_fault *f = tables[t]; f->name != NULL; f++)
            if (i-- == 0)
                return f;
    return NULL;
}

int sim_fault_find(const char *name, size_t len)
{
    const struct sim_fault *f;

    for (size_t i = 0; (f = sim_fault_at(i)) != NULL; i++)
        if (strlen(f->name) == len && memcmp(f->name, name, len) == 0)
            return (int)i;
    return -1;
}

void sim_played(struct sim_active *f)
{
    f->played++;
    sim_world_trace(&f->sim->world, 'f', (uint64_t)(f - f->sim->fault), NULL, 0);
}

static void on_once(void *ctx, uint64_t arg)
{
    struct sim_active *f = ctx;

    (void)arg;
    if (!f->sim->calm)
        f->once(f);
}

static void on_often(void *ctx, uint64_t arg)
{
    struct sim_active *f = ctx;

    (void)arg;
    if (f->sim->calm)
        return;
    f->often(f);
    sim_world_in(&f->sim->world, sim_rng_between(&f->rng, f->mean / 4, f->mean * 7 / 4), on_often, f, 0);
}

void sim_fault_often(struct sim_active *f, sim_us mean, void (*fn)(struct sim_active *f))
{
    f->often = fn;
    f->mean = mean;
    sim_world_in(&f->sim->world, sim_rng_below(&f->rng, mean + 1), on_often, f, 0);
}

void sim_fault_after(struct sim_active *f, sim_us delay, void (*fn)(struct sim_active *f))
{
    f->once = fn;
    sim_world_in(&f->sim->world, delay, on_once, f, 0);
}

void sim_fault_once(struct sim_active *f, void (*fn)(struct sim_active *f))
{
    sim_fault_after(f, sim_rng_below(&f->rng, f->sim->span), fn);
}
