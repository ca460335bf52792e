/* SPDX-License-Identifier: Apache-2.0 */
/* The system's files, with faults: the n-th call of a sort fails, or syncs are held until they may go
 * on. */
#ifndef OL_TEST_STORE_FAULT_VFS_H
#define OL_TEST_STORE_FAULT_VFS_H

#include <stdbool.h>

enum fault {
    FAULT_NONE,
    FAULT_FULL,      /* a write: the disk is full */
    FAULT_FULL_MAIN, /* the same, of the main file only */
    FAULT_QUOTA,     /* a write: over the quota, which comes as an error of its own */
    FAULT_WRITE,     /* a write: an I/O error */
    FAULT_SYNC,      /* a sync */
    FAULT_SHARE,     /* the shared index of the log cannot grow: the disk is full */
    FAULT_READ,
    FAULT_OPEN,
    FAULT_ANY, /* any of these calls, each in its own way */
};

/* Makes these files the ones that sqlite3_open takes. */
void fault_register(void);
/* The n-th call of this sort from now fails, and all after it when `stays`. */
void fault_arm(enum fault what, int n, bool stays);
/* True when a call did fail since it was armed. */
bool fault_disarm(void);

/* Counts since the last fault_arm. */
int fault_reads(void);
int fault_writes(void);
int fault_syncs(void);
int fault_writes_after(void); /* writes and syncs after the first failure */
bool fault_unsynced(void);    /* the log was written since it was last synced */
int fault_checkpoints(void);  /* syncs of the main file */

/* The next sync stops until released. */
void fault_hold(void);
void fault_await_held(void);
void fault_await_checkpoint(void);
void fault_release(void);

#endif
