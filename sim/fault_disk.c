/* SPDX-License-Identifier: Apache-2.0 */
/* What disks do, and what people do with disks. */
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "sim/forge.h"
#include "sim/run.h"

#define BACKUP "backup.db"
#define OLD "old.db"
#define LOG SIM_RECORD "-wal"
#define OLD_LOG OLD "-wal"
#define OPERATIONS 60 /* of a store, within which its next fault comes */

/* One of the two, when it runs. */
static struct sim_party *anyone(struct sim_active *f)
{
    struct sim_party *p = &f->sim->party[sim_rng_below(&f->rng, 2)];

    return p->running && !p->retired ? p : NULL;
}

/* What one side lost, the other gives back, unless it loses it too: so much is promised to nobody. */
static bool may_lose(const struct sim_party *p)
{
    const struct sim_party *other = &p->sim->party[1 - p->index];

    return !p->retired && !other->damaged && !other->rolled_back;
}

static sim_us pace(const struct sim_active *f)
{
    return f->sim->span / (2 + 2 * f->hard) + 1;
}

/* A station that could not start for such a fault is started again, as a supervisor does. */
static void revive(struct sim *s)
{
    for (unsigned i = 0; i < SIM_PARTIES; i++) {
        struct sim_party *p = &s->party[i];

        if (!p->exists || p->running || p->retired || !p->may_end)
            continue;
        if (sim_disk_stopped(p->disk))
            (void)sim_disk_crash(p->disk, SIM_DISK_LOSE_SOME);
        sim_party_start_in(p, SIM_SECOND);
    }
}

/* What this fault has done since it was last asked counts as played. */
static void count(struct sim_active *f, uint64_t (*happened)(const struct sim_active *f, const struct sim_disk *d))
{
    for (unsigned i = 0; i < 2; i++) {
        uint64_t n = happened(f, f->sim->party[i].disk);

        for (; f->number[i] < n; f->number[i]++)
            sim_played(f);
    }
}

/* ---- The machine stops in the midst of a write ---- */

static enum sim_disk_loss loss_of(const struct sim_active *f)
{
    return strcmp(f->fault->name, "torn-write") == 0 ? SIM_DISK_LOSE_SOME : SIM_DISK_LOSE_ALL;
}

static uint64_t stops(const struct sim_active *f, const struct sim_disk *d)
{
    return sim_disk_stops(d, loss_of(f));
}

static void stop_soon(struct sim_active *f)
{
    struct sim_party *p = anyone(f);

    count(f, stops);
    revive(f->sim);
    if (p == NULL)
        return;
    p->may_end = true;
    sim_disk_stop_at(p->disk, sim_rng_between(&f->rng, 1, OPERATIONS), loss_of(f));
}

static void begin_stops(struct sim_active *f)
{
    sim_fault_often(f, pace(f), stop_soon);
}

static void end_stops(struct sim_active *f)
{
    count(f, stops);
    for (unsigned i = 0; i < 2; i++) {
        struct sim_disk *d = f->sim->party[i].disk;

        sim_disk_stop_at(d, 0, SIM_DISK_LOSE_NONE);
        if (sim_disk_stopped(d) && !f->sim->party[i].running)
            (void)sim_disk_crash(d, SIM_DISK_LOSE_SOME);
    }
}

/* ---- Operations that fail ---- */

static enum sim_disk_op op_of(const struct sim_active *f)
{
    return strcmp(f->fault->name, "write-error") == 0   ? SIM_DISK_WRITE
           : strcmp(f->fault->name, "fsync-error") == 0 ? SIM_DISK_SYNC
                                                        : SIM_DISK_READ;
}

static uint64_t failures(const struct sim_active *f, const struct sim_disk *d)
{
    return sim_disk_failed(d, op_of(f));
}

static void fail_soon(struct sim_active *f)
{
    struct sim_party *p = anyone(f);
    bool for_good = f->hard > 2 && sim_rng_below(&f->rng, 3) == 0; /* until the next comes */
    uint64_t n = sim_rng_between(&f->rng, 1, op_of(f) == SIM_DISK_SYNC ? OPERATIONS / 4 : OPERATIONS);

    count(f, failures);
    for (unsigned i = 0; i < 2; i++)
        sim_disk_fail_at(f->sim->party[i].disk, op_of(f), 0, false);
    revive(f->sim);
    if (p == NULL)
        return;
    p->may_end = true;
    sim_disk_fail_at(p->disk, op_of(f), n, for_good);
}

static void begin_failures(struct sim_active *f)
{
    sim_fault_often(f, pace(f), fail_soon);
}

static void end_failures(struct sim_active *f)
{
    count(f, failures);
    for (unsigned i = 0; i < 2; i++)
        sim_disk_fail_at(f->sim->party[i].disk, op_of(f), 0, false);
}

/* ---- No room ---- */

static uint64_t times_full(const struct sim_active *f, const struct sim_disk *d)
{
    (void)f;
    return sim_disk_failed(d, SIM_DISK_ROOM);
}

static void make_room(struct sim_active *f)
{
    for (unsigned i = 0; i < 2; i++)
        sim_disk_empty(f->sim->party[i].disk);
    count(f, times_full);
    revive(f->sim);
}

/* The log's index may be what finds no room, and that is final. */
static void fill_up(struct sim_active *f)
{
    struct sim_party *p = anyone(f);

    if (p == NULL)
        return;
    p->may_end = true;
    sim_disk_fill(p->disk, sim_rng_below(&f->rng, 20000));
    sim_fault_after(f, sim_rng_below(&f->rng, pace(f)), make_room);
}

static void begin_full(struct sim_active *f)
{
    sim_fault_often(f, pace(f), fill_up);
}

/* ---- Backups ---- */

/* What was released after that moment and not delivered since is gone with the disk. */
static void write_off(struct sim_party *p, sim_us since)
{
    for (size_t i = 0; i < p->text_n; i++) {
        struct sim_text *t = &p->text[i];

        if (!t->delivered && (!t->durable || t->durable_at > since))
            t->gone = true;
    }
}

/* As `openline restore` does: the copy takes the record's place and is marked before anything reads it. */
static bool restore(struct sim_party *p)
{
    char path[SIM_DISK_PATH];
    struct ol_store_cfg cfg = {.path = sim_disk_path(p->disk, SIM_RECORD, path), .no_thread = true};
    struct ol_store *store = NULL;
    bool marked;

    sim_disk_remove(p->disk, LOG);
    if (!sim_disk_rename(p->disk, BACKUP, SIM_RECORD) || ol_store_open(&cfg, &store, NULL))
        return false;
    marked = ol_store_line_restored(store, p->info.number) == OL_OK;
    ol_store_close(&store);
    return marked;
}

static struct sim_party *chosen(const struct sim_active *f)
{
    return &f->sim->party[f->number[0]];
}

static void restore_backup(struct sim_active *f)
{
    struct sim_party *p = chosen(f);

    if (!may_lose(p))
        return;
    sim_party_kill(p, true);
    sim_disk_heal(p->disk); /* it is another */
    write_off(p, f->number[1]);
    p->rolled_back = true;
    if (!sim_check(f->sim, SIM_CHECK_STORE_HOLDS, restore(p), "%s: its backup cannot be restored", p->name))
        return;
    sim_world_say(&f->sim->world, "%s: a backup of %llu s is restored", p->name,
                  (unsigned long long)(f->number[1] / SIM_SECOND));
    sim_played(f);
    sim_party_start_in(p, SIM_SECOND);
}

static void take_backup(struct sim_active *f)
{
    struct sim_party *p = anyone(f);
    char path[SIM_DISK_PATH];

    if (p == NULL)
        return;
    f->number[0] = p->index;
    f->number[1] = f->sim->world.now;
    sim_disk_remove(p->disk, BACKUP);
    if (ol_store_backup(p->store, sim_disk_path(p->disk, BACKUP, path)) == OL_OK)
        sim_fault_after(f, sim_rng_below(&f->rng, f->sim->span / 2), restore_backup);
}

static void begin_backup(struct sim_active *f)
{
    sim_fault_once(f, take_backup);
}

/* ---- An old state that nobody speaks of ---- */

/* The home as it was. Only when nothing that it sent is under way any more: until then it stays down. */
static void put_back(struct sim_active *f)
{
    struct sim_party *p = chosen(f);

    f->number[2] = false;
    p->retired = false;
    sim_disk_duplicate(p->disk, OLD, SIM_RECORD);
    sim_disk_duplicate(p->disk, OLD_LOG, LOG);
    sim_world_say(&f->sim->world, "%s: the disk is as it was at %llu s", p->name,
                  (unsigned long long)(f->number[1] / SIM_SECOND));
    sim_played(f);
    sim_party_start_in(p, SIM_SECOND);
}

static void take_away(struct sim_active *f)
{
    struct sim_party *p = chosen(f);

    if (!may_lose(p))
        return;
    sim_party_kill(p, true);
    sim_disk_heal(p->disk);
    write_off(p, f->number[1]);
    p->rolled_back = p->untold = true;
    f->number[2] = p->retired = true;
    sim_fault_after(f, 4 * SIM_MINUTE, put_back);
}

static void end_untold(struct sim_active *f)
{
    if (f->number[2])
        chosen(f)->retired = false;
}

static void remember(struct sim_active *f)
{
    struct sim_party *p = anyone(f);

    if (p == NULL)
        return;
    f->number[0] = p->index;
    f->number[1] = f->sim->world.now;
    sim_disk_duplicate(p->disk, SIM_RECORD, OLD);
    sim_disk_duplicate(p->disk, LOG, OLD_LOG);
    sim_fault_after(f, sim_rng_below(&f->rng, f->sim->span / 2), take_away);
}

static void begin_untold(struct sim_active *f)
{
    sim_fault_once(f, remember);
}

/* ---- Bits that turn ---- */

/* What only that page had is lost with it: nothing is owed for what the other side was not told to have. */
static void turn_bit(struct sim_active *f)
{
    struct sim_party *p = anyone(f);

    if (p == NULL || !may_lose(p))
        return;
    sim_party_kill(p, true);
    p->damaged = true;
    write_off(p, 0);
    if (sim_disk_flip(p->disk, SIM_RECORD, sim_rng_below(&f->rng, 8 * sim_disk_size(p->disk, SIM_RECORD) + 1)))
        sim_played(f);
    sim_party_start_in(p, SIM_SECOND);
}

static void begin_bits(struct sim_active *f)
{
    sim_fault_often(f, f->sim->span / f->hard, turn_bit);
}

/* ---- Two lives ---- */

static void begin_second_life(struct sim_active *f)
{
    struct sim_party *copy = sim_party_copy(chosen(f));

    if (copy == NULL)
        return;
    copy->lies = true;
    copy->next_token += 1u << 20;
    sim_world_say(&f->sim->world, "%s is a copy of the home of %s", copy->name, chosen(f)->name);
    (void)sim_party_start(copy);
}

/* People write at both. */
static void write_twice(struct sim_active *f)
{
    struct sim_party *copy = &f->sim->party[SIM_PARTIES - 1];

    if (copy->exists)
        (void)sim_people_say(copy, (enum ol_precedence)sim_rng_below(&f->rng, 4), 50, false);
    if (copy->exists)
        (void)sim_people_say(chosen(f), (enum ol_precedence)sim_rng_below(&f->rng, 4), 50, false);
}

static void begin_twice(struct sim_active *f)
{
    f->number[0] = sim_rng_below(&f->rng, 2);
    f->sim->liar = (int)f->number[0];
    chosen(f)->lies = true; /* it says under one number what its other life does not */
    sim_fault_once(f, begin_second_life);
    sim_fault_often(f, f->sim->span / 30 + 1, write_twice);
}

static void end_twice(struct sim_active *f)
{
    struct sim_party *copy = &f->sim->party[SIM_PARTIES - 1];

    if (!copy->exists)
        return;
    sim_party_kill(copy, true);
    copy->retired = true;
}

struct lives {
    struct sim_party *peer;
    bool differ;
};

static bool compare_lives(void *ctx, const struct ol_row *row)
{
    struct lives *l = ctx;
    struct ol_row theirs;

    l->differ = l->differ || (ol_store_row(l->peer->store, l->peer->info.number, row->h.author, row->h.seq, &theirs) == OL_OK &&
                              !ol_hash_equal(&theirs.hash, &row->hash));
    return true;
}

/* Where the record of the other side is not the one that this life has, the other side can prove it, or this life knows. */
static void judge_twice(struct sim_active *f)
{
    struct sim_party *p = chosen(f);
    struct lives lives = {.peer = &f->sim->party[1 - p->index]};

    if (!p->running || !lives.peer->running)
        return;
    if (ol_store_scan(p->store, p->info.number, p->side, 1, compare_lives, &lives) || !lives.differ)
        return;
    sim_played(f);
    sim_check(f->sim, SIM_CHECK_LIE_LEAVES_EVIDENCE,
              p->line->record.twice || p->line->signing == OL_SIGN_STOPPED || sim_forge_convicts(lives.peer, p->side),
              "%s lives twice, and neither it nor %s can tell", p->name, lives.peer->name);
}

const struct sim_fault sim_disk_faults[] = {
    {.name = "torn-write", .says = "the machine stops in a write: any part of what was not synced is on the disk",
     .percent = 25, .begin = begin_stops, .end = end_stops},
    {.name = "lost-unsynced-write", .says = "the machine stops in a write: nothing that was not synced is on the disk",
     .percent = 15, .begin = begin_stops, .end = end_stops},
    {.name = "read-error", .says = "a read fails, once or until the disk is changed",
     .percent = 10, .begin = begin_failures, .end = end_failures},
    {.name = "write-error", .says = "a write fails, once or until the disk is changed",
     .percent = 10, .begin = begin_failures, .end = end_failures},
    {.name = "fsync-error", .says = "a sync fails, and what it was for is on the disk in part",
     .percent = 10, .begin = begin_failures, .end = end_failures},
    {.name = "disk-full", .says = "there is no room on the disk for a while",
     .percent = 15, .begin = begin_full, .end = make_room},
    {.name = "stale-backup-restored", .needs_honest = true, .says = "a backup is restored, as `openline restore` does",
     .percent = 15, .begin = begin_backup},
    {.name = "untold-restore", .needs_honest = true, .says = "a home is put back as it was, and nobody says so",
     .percent = 10, .begin = begin_untold, .end = end_untold},
    {.name = "bit-flip-at-rest", .needs_honest = true, .says = "a bit of a record turns over while its station is down",
     .percent = 15, .begin = begin_bits},
    {.name = "home-run-twice", .says = "a home is copied, and both run", .sort = SIM_LIE, .follows = SIM_EVIDENCE,
     .percent = 4, .begin = begin_twice, .end = end_twice, .judge = judge_twice},
    {.name = NULL},
};
