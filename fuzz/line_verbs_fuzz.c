/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two lines with stores in memory, driven through their verbs by a program of bytes: texts, time, kills, cut
 * and lossy paths, full disks, commits that wait, bytes of strangers. Nobody lies here: at the end faults
 * stop, and both records must become equal.
 */
#include "fuzz.h"
#include "two.h"

#define STEPS 64u
#define PATHS 2u

static struct pair *p;

static void write_text(unsigned side, struct ol_rd *r)
{
    static uint64_t token;
    uint8_t kind = ol_rd_u8(r) | 32;
    uint8_t flags = ol_rd_u8(r) & (OL_FLAGS_SIGNED & ~OL_FLAG_ALONE);
    struct ol_span body = ol_rd_take(r, ol_rd_u8(r));

    if (kind < OL_KIND_CLOSE || p->side[side].outbox_n > 1000)
        return; /* receipts and resumes are the line's own */
    (void)!ol_line_write(&p->side[side].line, kind, flags, body, ++token, p->now);
}

static void stranger(unsigned side, struct ol_rd *r)
{
    uint8_t path = ol_rd_u8(r) % PATHS;
    struct ol_span in = ol_rd_take(r, ol_rd_u8(r));

    ol_line_input(&p->side[side].line, path, ol_rd_u8(r), in, p->now);
}

static void network(struct ol_rd *r)
{
    uint8_t what = ol_rd_u8(r);

    p->cut[0] = what & 1;
    p->cut[1] = what & 2;
    p->delay_ms = what & 4 ? 300 : 0;
    p->drop_percent = what & 8 ? 30 : 0;
    p->flip_percent = what & 16 ? 20 : 0;
    p->double_percent = what & 32 ? 20 : 0;
    p->drop_over = what & 64 ? 250 : 0;
}

static void path_verb(unsigned side, struct ol_rd *r)
{
    struct ol_line *l = &p->side[side].line;
    uint8_t path = ol_rd_u8(r) % PATHS;

    switch (ol_rd_u8(r) % 5) {
    case 0:
        ol_line_path_down(l, path, p->now);
        break;
    case 1:
        ol_line_path_up(l, path, p->now);
        break;
    case 2:
        ol_line_path_reset(l, p->now);
        break;
    case 3:
        ol_line_path_set(l, path, true, (uint16_t)(OL_FRAME_MIN + ol_rd_u16(r) % (OL_FRAME_MAX - OL_FRAME_MIN)),
                         1 + ol_rd_u8(r) % 16);
        break;
    case 4:
        ol_line_drop_session(l, p->now);
        break;
    }
}

static void disk(unsigned side, uint8_t what)
{
    p->side[side].no_room = what & 1;
    p->side[side].hold_commits = what & 2;
    if (what & 4)
        pair_release(p, side);
}

static void restart(unsigned side)
{
    pair_kill(p, side);
    pair_start(p, side);
}

static void step(struct ol_rd *r)
{
    uint8_t op = ol_rd_u8(r);
    unsigned side = op >> 7;

    switch (op % 8) {
    case 0:
    case 1:
        pair_run(p, ol_rd_u8(r) * 40u);
        break;
    case 2:
    case 3:
        write_text(side, r);
        break;
    case 4:
        stranger(side, r);
        break;
    case 5:
        network(r);
        break;
    case 6:
        path_verb(side, r);
        break;
    case 7:
        if (op & 8)
            restart(side);
        else
            disk(side, ol_rd_u8(r));
        break;
    }
    pair_settle(p);
}

/* Faults stop. A path that was taken away comes back as the relay would tell it. */
static void heal(void)
{
    struct ol_rd none = ol_rd_from(ol_span("\0", 1));

    network(&none);
    for (unsigned side = 0; side < 2; side++) {
        disk(side, 4);
        for (uint8_t path = 0; path < PATHS; path++) {
            ol_line_path_set(&p->side[side].line, path, true, OL_FRAME_UDP, 16);
            if (p->side[side].line.path[path].connections == 0)
                ol_line_path_up(&p->side[side].line, path, p->now);
        }
    }
    pair_run(p, 600000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ol_rd r = ol_rd_from(ol_span(data, size));

    p = two_begin(PATHS);
    pair_start(p, 0);
    pair_start(p, 1);
    for (unsigned n = 0; r.left > 0 && n < STEPS; n++)
        step(&r);
    heal();
    assert(pair_agree(p) && p->side[0].outbox_n == 0 && p->side[1].outbox_n == 0);
    pair_empty(p);
    return 0;
}
