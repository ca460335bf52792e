/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What disk.c (the medium: bytes, cache, faults, the stop of the machine) gives to
 * disk_vfs.c (the engine's and the store's calls).
 */
#ifndef SIM_MEDIUM_H
#define SIM_MEDIUM_H

#include "sim/disk.h"

#define SHARED_PAGES 64 /* of the log's index, 32 KiB each */
#define SHARED_LOCKS 8

struct image {
    uint8_t *p;
    size_t len;
    size_t cap;
};

/* A write, or a truncation to `at`, that was not synced. */
struct pending {
    bool truncates;
    uint64_t at;
    size_t len;
    size_t from; /* in the file's `bytes` */
};

/* A file's bytes, which outlive its name while somebody has it open. */
struct node {
    unsigned refs;
    bool named;        /* its name is durable */
    bool gone;         /* with the machine that it was opened on */
    struct image live; /* as programs find it */
    struct image kept; /* as the medium has it */
    struct pending *pending;
    size_t pending_n;
    size_t pending_cap;
    struct image bytes; /* of what is pending */
    unsigned shared;    /* locks of the engine */
    const void *writer; /* who holds RESERVED or more */
    bool closing;       /* the writer lets no new reader in */
    void *page[SHARED_PAGES];
    int pages;
    unsigned mapped; /* by so many connections */
    unsigned readers[SHARED_LOCKS];
    bool taken[SHARED_LOCKS];
};

struct sim_disk *medium_disk(const char *path, const char **name);
/* NULL when there is none. */
struct node *medium_find(struct sim_disk *d, const char *name);
/* A new empty file; NULL when there is no memory or no place for the name. */
struct node *medium_make(struct sim_disk *d, const char *name);
/* The name goes; it may come back with a crash until the names are settled. */
void medium_drop(struct sim_disk *d, const char *name);
void medium_settle_names(struct sim_disk *d);
struct node *medium_anonymous(void);
void medium_release(struct node *n);

enum verdict { GO, FAIL, STOPPED };
/* Counts an operation and says whether it is to fail. d NULL: it never does. */
enum verdict medium_ask(struct sim_disk *d, enum sim_disk_op op);
/* The same for what changes the medium, and may be the one at which the machine stops. */
enum verdict medium_ask_change(struct sim_disk *d, enum sim_disk_op op);
bool medium_stops(struct sim_disk *d);
/* How much of so many more bytes can be allocated; less than that is a fault that was played. */
size_t medium_room(struct sim_disk *d, size_t more);

bool medium_write(struct node *n, const void *p, size_t len, uint64_t at);
bool medium_truncate(struct node *n, uint64_t size);
/* What is pending becomes durable; when it fails, some of it. */
void medium_sync(struct sim_disk *d, struct node *n, bool fails);

void medium_handle_opened(struct sim_disk *d);
void medium_handle_closed(struct sim_disk *d);

/* disk_vfs.c: makes these files the engine's. */
void disk_vfs_register(void);
uint64_t medium_engine_random(void);

#endif
