/* SPDX-License-Identifier: Apache-2.0 */
#include "bed.h"

#include <stdlib.h>

/* Nothing of this is played here. */
const struct sim_fault sim_net_faults[] = {{.name = NULL}};
const struct sim_fault sim_party_faults[] = {{.name = NULL}};
const struct sim_fault sim_disk_faults[] = {{.name = NULL}};
const struct sim_fault sim_lies[] = {{.name = NULL}};
const struct sim_fault sim_scenarios[] = {{.name = NULL}};
const struct sim_fault sim_stories[] = {{.name = NULL}};

struct sim *bed_new(uint64_t seed)
{
    struct sim *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->order.seed = seed;
    s->liar = -1;
    s->calm = true;
    s->liveness_ms = 10000;
    s->span = s->every = SIM_SECOND;
    sim_world_init(&s->world, seed, NULL);
    sim_disk_begin(seed);
    sim_check_init(&s->check, s);
    sim_net_init(&s->net, s);
    s->net.paths = 1;
    s->net.path[0].rate = 2000000;
    s->net.path[0].delay = 5 * SIM_MS;
    s->net.path[0].half_duplex = false;
    s->net.path[0].mtu = OL_FRAME_UDP;
    s->net.path[0].window = 16;
    s->look = SIM_SECOND;
    sim_party_pair(s);
    s->party[0].may_end = s->party[1].may_end = true;
    return s;
}

void bed_free(struct sim *s)
{
    sim_net_fini(&s->net);
    for (unsigned i = 0; i < SIM_PARTIES; i++)
        sim_party_fini(&s->party[i]);
    sim_check_fini(&s->check);
    sim_world_fini(&s->world);
    free(s);
}

bool bed_start(struct sim *s)
{
    bool a = sim_party_start(&s->party[0]);

    return sim_party_start(&s->party[1]) && a;
}

bool bed_run(struct sim *s, sim_us until, bool (*done)(struct sim *s))
{
    for (uint64_t steps = 0; !s->check.failed; steps++) {
        assert_true(steps < 1000000);
        if (done(s))
            return true;
        if (s->world.now >= until)
            return false;
        (void)sim_world_step(&s->world, until);
    }
    return false;
}

void bed_say(struct sim *s, unsigned party, enum ol_precedence precedence, const char *text)
{
    static uint8_t body[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_message_write(&(struct ol_message){.text = ol_span(text, strlen(text))}, &w);
    assert_true(sim_people_write(&s->party[party], OL_KIND_MESSAGE, (uint8_t)(precedence << 6), ol_wr_span(&w)));
}
