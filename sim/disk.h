/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks in memory for the real store: an SQLite VFS whose files stand behind a write-back
 * cache. What was not synced when the machine stops is lost, kept or torn, sector by
 * sector, as the seed says. Everything here is deterministic and runs on one thread: open
 * the stores with no_thread set.
 *
 * A disk is one home. Its files are named by sim_disk_path; the store's own calls to the
 * file system (store/place.h) go to the same disks, since disk.c defines them.
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_DISK_PATH 64 /* bytes of a path with its NUL */
#define SIM_DISK_FILES 16 /* names on one disk */

struct sim_disk;

/* Makes these disks the ones that the engine opens, and its randomness a function of the seed: call it before the
 * first disk and again at the begin of each run. */
void sim_disk_begin(uint64_t seed);
struct sim_disk *sim_disk_new(uint64_t seed);
/* Every store on it has been closed. NULL is fine. */
void sim_disk_free(struct sim_disk *d);
/* "disk-1/record.db"; out is returned. */
const char *sim_disk_path(const struct sim_disk *d, const char *name, char out[static SIM_DISK_PATH]);

/* What becomes of what was not synced when the machine stops. */
enum sim_disk_loss {
    SIM_DISK_LOSE_NONE, /* the program was killed, the machine went on */
    SIM_DISK_LOSE_ALL,
    SIM_DISK_LOSE_SOME, /* any subset of its sectors */
    SIM_DISK_LOSSES,
};

/* ---- Faults that come while a store is at work ---- */

enum sim_disk_op {
    SIM_DISK_READ,
    SIM_DISK_WRITE, /* and truncations */
    SIM_DISK_SYNC,
    SIM_DISK_OPEN,
    SIM_DISK_ROOM,  /* only counted: the disk was full */
    SIM_DISK_OPS,
};

/* The n-th such operation from now fails, and all after it when it is for good. After a failed sync what it should
 * have made durable is so in part, and no later sync makes good for it. n = 0: none fails any more. */
void sim_disk_fail_at(struct sim_disk *d, enum sim_disk_op op, uint64_t n, bool for_good);
/* At the n-th write, truncation, sync or deletion from now the machine stops: this operation has not been done, and
 * nothing is until sim_disk_crash, which then loses what is said here. n = 0: it does not stop. */
void sim_disk_stop_at(struct sim_disk *d, uint64_t n, enum sim_disk_loss loss);
bool sim_disk_stopped(const struct sim_disk *d);
/* So many bytes more can be allocated. */
void sim_disk_fill(struct sim_disk *d, uint64_t bytes_left);
void sim_disk_empty(struct sim_disk *d);
/* None of the above is to come any more. */
void sim_disk_heal(struct sim_disk *d);
/* How often operations of this sort were asked for, and how often the above made one fail or the machine stop. */
uint64_t sim_disk_count(const struct sim_disk *d, enum sim_disk_op op);
uint64_t sim_disk_failed(const struct sim_disk *d, enum sim_disk_op op);
uint64_t sim_disk_stops(const struct sim_disk *d, enum sim_disk_loss loss);

/* ---- The machine stops ---- */

struct sim_disk_toll {
    uint64_t kept; /* sectors of writes that were not synced */
    uint64_t lost;
    uint64_t torn; /* writes of which some sectors were kept and some lost */
};

/* Stores that are still open find every operation to fail, and change nothing: close them before or after. */
struct sim_disk_toll sim_disk_crash(struct sim_disk *d, enum sim_disk_loss loss);

/* ---- A disk at rest ---- */

/* Bytes of a file as the next reader finds it; 0 when there is none. */
size_t sim_disk_size(const struct sim_disk *d, const char *name);
/* Those bytes, borrowed until the file changes. NULL when there is none. */
const uint8_t *sim_disk_bytes(const struct sim_disk *d, const char *name);
/* One bit turns over on the medium. False: the file has no such bit. */
bool sim_disk_flip(struct sim_disk *d, const char *name, uint64_t bit);
/* All files of one disk, as a program finds them, become those of the other (a home copied, or put back). The stores
 * of `to` are closed. */
void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from);
/* A file's bytes, as a program finds them, become those of another on this disk, durably; none when there is none. */
void sim_disk_duplicate(struct sim_disk *d, const char *from, const char *to);
/* One file takes another's name, durably (as restore puts a copy in its place). False: there is none. */
bool sim_disk_rename(struct sim_disk *d, const char *from, const char *to);
void sim_disk_remove(struct sim_disk *d, const char *name);

#endif
