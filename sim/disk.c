/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/disk.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/medium.h"

#define SECTOR 512u
#define DISKS 32
#define NAME_MAX_LEN 40

/* Until the directory is synced a name may, after a crash, still mean what it meant before. */
struct name {
    char text[NAME_MAX_LEN];
    struct node *now;
    struct node *before;
};

struct fault {
    uint64_t left; /* operations until it fails; 0: none does */
    bool for_good;
};

struct sim_disk {
    unsigned number;
    uint64_t random;
    struct name name[SIM_DISK_FILES];
    struct fault fault[SIM_DISK_OPS];
    uint64_t count[SIM_DISK_OPS];
    uint64_t failed[SIM_DISK_OPS];
    uint64_t stop_in; /* changes until the machine stops; 0: it does not */
    enum sim_disk_loss stop_loss;
    bool stopped;
    uint64_t stops[SIM_DISK_LOSSES];
    uint64_t limit; /* bytes */
    unsigned handles;
};

static struct sim_disk *disk[DISKS];
static uint64_t engine_random;

static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t medium_engine_random(void)
{
    return draw(&engine_random);
}

void sim_disk_begin(uint64_t seed)
{
    disk_vfs_register();
    engine_random = seed;
    sqlite3_randomness(0, NULL); /* the engine draws its own seed anew */
}

/* ---- Bytes ---- */

/* The simulator's own memory: without it there is no run. */
static void *grown(void *p, size_t size)
{
    void *q = realloc(p, size);

    if (q == NULL)
        abort();
    return q;
}

static void image_resize(struct image *i, size_t len)
{
    if (len > i->cap) {
        i->cap = len + len / 2 + 4096;
        i->p = grown(i->p, i->cap);
    }
    if (len > i->len)
        memset(i->p + i->len, 0, len - i->len);
    i->len = len;
}

static void image_write(struct image *i, const void *p, size_t len, uint64_t at)
{
    if (len == 0)
        return;
    if (at + len > i->len)
        image_resize(i, (size_t)at + len);
    memcpy(i->p + at, p, len);
}

static void image_copy(struct image *to, const struct image *from)
{
    to->len = 0;
    image_write(to, from->p, from->len, 0);
}

/* ---- Nodes and names ---- */

struct node *medium_anonymous(void)
{
    struct node *n = grown(NULL, sizeof *n);

    *n = (struct node){.refs = 1};
    return n;
}

void medium_release(struct node *n)
{
    if (n == NULL || --n->refs > 0)
        return;
    for (int i = 0; i < n->pages; i++)
        free(n->page[i]);
    free(n->live.p);
    free(n->kept.p);
    free(n->bytes.p);
    free(n->pending);
    free(n);
}

struct sim_disk *medium_disk(const char *path, const char **name)
{
    char *end = NULL;
    unsigned long number;

    if (strncmp(path, "disk-", 5) != 0)
        return NULL;
    number = strtoul(path + 5, &end, 10);
    if (number >= DISKS || *end != '/')
        return NULL;
    *name = end + 1;
    return disk[number];
}

static struct name *name_at(const struct sim_disk *d, const char *text)
{
    for (size_t i = 0; i < SIM_DISK_FILES; i++) {
        struct name *n = (struct name *)(uintptr_t)&d->name[i];

        if ((n->now != NULL || n->before != NULL) && strcmp(n->text, text) == 0)
            return n;
    }
    return NULL;
}

static struct name *name_new(struct sim_disk *d, const char *text)
{
    struct name *n = name_at(d, text);

    for (size_t i = 0; i < SIM_DISK_FILES && n == NULL; i++) {
        if (d->name[i].now == NULL && d->name[i].before == NULL)
            n = &d->name[i];
    }
    if (n == NULL || strlen(text) >= sizeof n->text)
        return NULL;
    memcpy(n->text, text, strlen(text) + 1);
    return n;
}

struct node *medium_find(struct sim_disk *d, const char *text)
{
    const struct name *n = name_at(d, text);

    return n != NULL ? n->now : NULL;
}

struct node *medium_make(struct sim_disk *d, const char *text)
{
    struct name *n = name_new(d, text);

    if (n == NULL)
        return NULL;
    assert(n->now == NULL);
    n->now = medium_anonymous();
    return n->now;
}

void medium_drop(struct sim_disk *d, const char *text)
{
    struct name *n = name_at(d, text);

    if (n == NULL || n->now == NULL)
        return;
    if (n->now->named) {
        medium_release(n->before);
        n->before = n->now;
    } else {
        medium_release(n->now);
    }
    n->now = NULL;
}

void medium_settle_names(struct sim_disk *d)
{
    for (size_t i = 0; i < SIM_DISK_FILES; i++) {
        medium_release(d->name[i].before);
        d->name[i].before = NULL;
        if (d->name[i].now != NULL)
            d->name[i].now->named = true;
    }
}

/* ---- The cache ---- */

static struct pending *add_pending(struct node *n)
{
    if (n->pending_n == n->pending_cap) {
        n->pending_cap = 2 * n->pending_cap + 16;
        n->pending = grown(n->pending, n->pending_cap * sizeof n->pending[0]);
    }
    return &n->pending[n->pending_n++];
}

bool medium_write(struct node *n, const void *p, size_t len, uint64_t at)
{
    *add_pending(n) = (struct pending){.at = at, .len = len, .from = n->bytes.len};
    image_write(&n->bytes, p, len, n->bytes.len);
    image_write(&n->live, p, len, at);
    return true;
}

bool medium_truncate(struct node *n, uint64_t size)
{
    *add_pending(n) = (struct pending){.truncates = true, .at = size};
    image_resize(&n->live, (size_t)size);
    return true;
}

/* Which of the sectors that were pending reach the medium. */
struct luck {
    enum sim_disk_loss loss;
    uint64_t *random;
    uint64_t prefix; /* so many are kept in their order, none after; or, when 0, */
    unsigned odds;   /* each is kept in so many cases of eight */
};

static struct luck luck_of(struct sim_disk *d, enum sim_disk_loss loss)
{
    struct luck luck = {.loss = loss, .random = &d->random};

    if (loss != SIM_DISK_LOSE_SOME)
        return luck;
    if (draw(luck.random) % 2 == 0)
        luck.prefix = 1 + draw(luck.random) % 64;
    else
        luck.odds = 1 + (unsigned)(draw(luck.random) % 7);
    return luck;
}

static bool kept(struct luck *luck)
{
    if (luck->loss != SIM_DISK_LOSE_SOME)
        return luck->loss == SIM_DISK_LOSE_NONE;
    if (luck->odds > 0)
        return draw(luck->random) % 8 < luck->odds;
    return luck->prefix > 1 && luck->prefix-- > 1;
}

static void settle_write(struct node *n, const struct pending *w, struct luck *luck, struct sim_disk_toll *toll)
{
    size_t sectors[2] = {0, 0};

    for (size_t done = 0; done < w->len;) {
        uint64_t at = w->at + done;
        size_t part = SECTOR - (size_t)(at % SECTOR);
        bool keep = kept(luck);

        if (part > w->len - done)
            part = w->len - done;
        if (keep)
            image_write(&n->kept, n->bytes.p + w->from + done, part, at);
        sectors[keep]++;
        done += part;
    }
    toll->lost += sectors[0];
    toll->kept += sectors[1];
    toll->torn += sectors[0] > 0 && sectors[1] > 0;
}

static void settle(struct node *n, struct luck *luck, struct sim_disk_toll *toll)
{
    for (size_t i = 0; i < n->pending_n; i++) {
        const struct pending *p = &n->pending[i];

        if (!p->truncates)
            settle_write(n, p, luck, toll);
        else if (kept(luck))
            image_resize(&n->kept, (size_t)p->at);
    }
    n->pending_n = 0;
    n->bytes.len = 0;
}

/* After a failed sync the system takes its pages for clean: what did not get to the medium never will, though every
 * program still reads it. */
void medium_sync(struct sim_disk *d, struct node *n, bool fails)
{
    struct luck luck = {.loss = SIM_DISK_LOSE_NONE};
    struct sim_disk_toll toll = {0};

    if (fails && d != NULL)
        luck = luck_of(d, SIM_DISK_LOSE_SOME);
    settle(n, &luck, &toll);
}

/* ---- Faults ---- */

bool medium_stops(struct sim_disk *d)
{
    if (d == NULL)
        return false;
    if (d->stop_in > 0 && --d->stop_in == 0) {
        d->stopped = true;
        d->stops[d->stop_loss]++;
    }
    return d->stopped;
}

enum verdict medium_ask(struct sim_disk *d, enum sim_disk_op op)
{
    struct fault *f;

    if (d == NULL)
        return GO;
    if (d->stopped)
        return STOPPED;
    f = &d->fault[op];
    d->count[op]++;
    if (f->left == 0 || (f->left > 1 && --f->left > 0))
        return GO;
    d->failed[op]++;
    if (!f->for_good)
        f->left = 0;
    return FAIL;
}

enum verdict medium_ask_change(struct sim_disk *d, enum sim_disk_op op)
{
    return medium_stops(d) ? STOPPED : medium_ask(d, op);
}

static uint64_t allocated(const struct sim_disk *d)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < SIM_DISK_FILES; i++) {
        if (d->name[i].now != NULL)
            sum += d->name[i].now->live.len + (uint64_t)d->name[i].now->pages * 32768;
    }
    return sum;
}

size_t medium_room(struct sim_disk *d, size_t more)
{
    uint64_t used;

    if (d == NULL || d->limit == UINT64_MAX)
        return more;
    used = allocated(d);
    if (used < d->limit && d->limit - used >= more)
        return more;
    d->failed[SIM_DISK_ROOM]++;
    return used < d->limit ? (size_t)(d->limit - used) : 0;
}

void sim_disk_fail_at(struct sim_disk *d, enum sim_disk_op op, uint64_t n, bool for_good)
{
    assert(op < SIM_DISK_OPS);
    d->fault[op] = (struct fault){.left = n, .for_good = for_good};
}

void sim_disk_stop_at(struct sim_disk *d, uint64_t n, enum sim_disk_loss loss)
{
    d->stop_in = n;
    d->stop_loss = loss;
}

bool sim_disk_stopped(const struct sim_disk *d)
{
    return d->stopped;
}

void sim_disk_fill(struct sim_disk *d, uint64_t bytes_left)
{
    d->limit = allocated(d) + bytes_left;
}

void sim_disk_empty(struct sim_disk *d)
{
    d->limit = UINT64_MAX;
}

void sim_disk_heal(struct sim_disk *d)
{
    memset(d->fault, 0, sizeof d->fault);
    d->stop_in = 0;
    d->limit = UINT64_MAX;
}

uint64_t sim_disk_count(const struct sim_disk *d, enum sim_disk_op op)
{
    return d->count[op];
}

uint64_t sim_disk_failed(const struct sim_disk *d, enum sim_disk_op op)
{
    return d->failed[op];
}

uint64_t sim_disk_stops(const struct sim_disk *d, enum sim_disk_loss loss)
{
    return d->stops[loss];
}

/* ---- The machine stops ---- */

/* Who has the old node open keeps it, and learns that it is of no use. */
static struct node *renew(struct node *old, struct luck *luck, struct sim_disk_toll *toll)
{
    struct node *n = medium_anonymous();

    settle(old, luck, toll);
    if (luck->loss == SIM_DISK_LOSE_NONE)
        image_copy(&old->kept, &old->live);
    image_copy(&n->kept, &old->kept);
    image_copy(&n->live, &old->kept);
    n->named = true;
    old->gone = true;
    return n;
}

/* What a name means after the crash: what it meant last, or before, or nothing. */
static struct node *survivor(const struct name *n, struct luck *luck)
{
    if (luck->loss == SIM_DISK_LOSE_NONE || (n->now != NULL && n->now->named))
        return n->now;
    if (n->now != NULL && kept(luck))
        return n->now;
    return n->before != NULL && !kept(luck) ? n->before : NULL;
}

static void crash_name(struct name *n, struct luck *luck, struct sim_disk_toll *toll)
{
    struct node *stays = survivor(n, luck);
    struct node *fresh = stays != NULL ? renew(stays, luck, toll) : NULL;

    if (n->now != NULL)
        n->now->gone = true;
    if (n->before != NULL)
        n->before->gone = true;
    medium_release(n->now);
    medium_release(n->before);
    n->now = fresh;
    n->before = NULL;
}

struct sim_disk_toll sim_disk_crash(struct sim_disk *d, enum sim_disk_loss loss)
{
    struct luck luck = luck_of(d, d->stopped ? d->stop_loss : loss);
    struct sim_disk_toll toll = {0};

    for (size_t i = 0; i < SIM_DISK_FILES; i++)
        crash_name(&d->name[i], &luck, &toll);
    d->stopped = false;
    d->stop_in = 0;
    return toll;
}

/* ---- At rest ---- */

static struct node *node_of(const struct sim_disk *d, const char *text)
{
    const struct name *n = name_at(d, text);

    return n != NULL ? n->now : NULL;
}

size_t sim_disk_size(const struct sim_disk *d, const char *name)
{
    const struct node *n = node_of(d, name);

    return n != NULL ? n->live.len : 0;
}

const uint8_t *sim_disk_bytes(const struct sim_disk *d, const char *name)
{
    const struct node *n = node_of(d, name);

    return n != NULL ? n->live.p : NULL;
}

static bool flip(struct image *i, uint64_t bit)
{
    if (bit / 8 >= i->len)
        return false;
    i->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    return true;
}

bool sim_disk_flip(struct sim_disk *d, const char *name, uint64_t bit)
{
    struct node *n = node_of(d, name);

    if (n == NULL || !flip(&n->live, bit))
        return false;
    (void)flip(&n->kept, bit); /* what was never written back is turned in memory alone */
    return true;
}

static void forget(struct name *n)
{
    if (n->now != NULL)
        n->now->gone = true;
    medium_release(n->now);
    medium_release(n->before);
    *n = (struct name){0};
}

static struct node *copy_of(const struct node *n)
{
    struct node *copy = medium_anonymous();

    image_copy(&copy->live, &n->live);
    image_copy(&copy->kept, &n->live);
    copy->named = true;
    return copy;
}

void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from)
{
    assert(to != from);
    for (size_t i = 0; i < SIM_DISK_FILES; i++) {
        const struct name *n = &from->name[i];

        forget(&to->name[i]);
        if (n->now == NULL)
            continue;
        memcpy(to->name[i].text, n->text, sizeof n->text);
        to->name[i].now = copy_of(n->now);
    }
}

void sim_disk_duplicate(struct sim_disk *d, const char *from, const char *to)
{
    const struct node *n = node_of(d, from);
    struct name *place;

    sim_disk_remove(d, to);
    if (n == NULL)
        return;
    place = name_new(d, to);
    assert(place != NULL);
    place->now = copy_of(n);
}

void sim_disk_remove(struct sim_disk *d, const char *name)
{
    struct name *n = name_at(d, name);

    if (n != NULL)
        forget(n);
}

bool sim_disk_rename(struct sim_disk *d, const char *from, const char *to)
{
    struct name *n = name_at(d, from);

    if (n == NULL || n->now == NULL || strlen(to) >= sizeof n->text)
        return false;
    sim_disk_remove(d, to);
    memcpy(n->text, to, strlen(to) + 1);
    medium_settle_names(d);
    return true;
}

/* ---- Disks ---- */

struct sim_disk *sim_disk_new(uint64_t seed)
{
    unsigned i = 0;
    struct sim_disk *d = grown(NULL, sizeof *d);

    while (i < DISKS && disk[i] != NULL)
        i++;
    assert(i < DISKS);
    *d = (struct sim_disk){.number = i, .random = seed, .limit = UINT64_MAX};
    disk[i] = d;
    return d;
}

void sim_disk_free(struct sim_disk *d)
{
    if (d == NULL)
        return;
    assert(d->handles == 0);
    for (size_t i = 0; i < SIM_DISK_FILES; i++)
        forget(&d->name[i]);
    disk[d->number] = NULL;
    free(d);
}

void medium_handle_opened(struct sim_disk *d)
{
    if (d != NULL)
        d->handles++;
}

void medium_handle_closed(struct sim_disk *d)
{
    if (d != NULL)
        d->handles--;
}

const char *sim_disk_path(const struct sim_disk *d, const char *name, char out[static SIM_DISK_PATH])
{
    snprintf(out, SIM_DISK_PATH, "disk-%u/%s", d->number, name);
    return out;
}
