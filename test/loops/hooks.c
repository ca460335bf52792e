/* SPDX-License-Identifier: Apache-2.0 */
#include "hooks.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>

static struct {
    uint64_t left;
    bool for_good;
    uint64_t failed;
} hook[HOOKS];

void hook_fail_at(enum hook what, uint64_t n, bool for_good)
{
    hook[what].left = n;
    hook[what].for_good = for_good;
    hook[what].failed = 0;
}

uint64_t hook_failed(enum hook what)
{
    return hook[what].failed;
}

static bool fails(enum hook what)
{
    if (hook[what].left == 0 || (hook[what].left > 1 && --hook[what].left > 0))
        return false;
    hook[what].failed++;
    if (!hook[what].for_good)
        hook[what].left = 0;
    return true;
}

/* ---- Allocations ---- */

void *hook_calloc(size_t n, size_t size);

void *hook_calloc(size_t n, size_t size)
{
    return fails(HOOK_ALLOC) ? NULL : calloc(n, size);
}

static sqlite3_mem_methods engine;

static void *engine_malloc(int size)
{
    return fails(HOOK_ALLOC) ? NULL : engine.xMalloc(size);
}

static void *engine_realloc(void *p, int size)
{
    return fails(HOOK_ALLOC) ? NULL : engine.xRealloc(p, size);
}

void hooks_install(void)
{
    sqlite3_mem_methods mine;
    int rc = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &engine);

    assert(rc == SQLITE_OK);
    mine = engine;
    mine.xMalloc = engine_malloc;
    mine.xRealloc = engine_realloc;
    rc = sqlite3_config(SQLITE_CONFIG_MALLOC, &mine);
    assert(rc == SQLITE_OK);
    (void)rc;
}

/* ---- Calls ---- */

/* A call that failed here was never made: the engine knows of no error, so the code is kept for whoever asks, until the
 * next call. A failed step is told by the reset, as the engine does. */
static int told; /* SQLITE_OK: ask the engine */
static sqlite3_stmt *stepped;

static bool call_fails(void)
{
    static const int codes[] = {SQLITE_NOMEM, SQLITE_IOERR_WRITE, SQLITE_CORRUPT, SQLITE_BUSY, SQLITE_IOERR_FSYNC};

    told = SQLITE_OK;
    if (!fails(HOOK_CALL))
        return false;
    told = codes[hook[HOOK_CALL].failed % (sizeof codes / sizeof codes[0])];
    return true;
}

int hook_step(sqlite3_stmt *q);
int hook_reset(sqlite3_stmt *q);
int hook_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *ctx, char **why);
int hook_open(const char *path, sqlite3 **db, int flags, const char *vfs);
int hook_prepare2(sqlite3 *db, const char *sql, int len, sqlite3_stmt **q, const char **tail);
int hook_prepare3(sqlite3 *db, const char *sql, int len, unsigned flags, sqlite3_stmt **q, const char **tail);
int hook_checkpoint(sqlite3 *db, const char *name, int how, int *log, int *moved);
int hook_errcode(sqlite3 *db);
int hook_extended(sqlite3 *db);

int hook_step(sqlite3_stmt *q)
{
    stepped = NULL;
    if (!call_fails())
        return sqlite3_step(q);
    stepped = q;
    return told;
}

int hook_reset(sqlite3_stmt *q)
{
    int rc = sqlite3_reset(q);

    if (stepped != q)
        return rc;
    stepped = NULL;
    return told;
}

int hook_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *ctx, char **why)
{
    return call_fails() ? told : sqlite3_exec(db, sql, each, ctx, why);
}

int hook_open(const char *path, sqlite3 **db, int flags, const char *vfs)
{
    if (!call_fails())
        return sqlite3_open_v2(path, db, flags, vfs);
    *db = NULL; /* as when there is no memory even for that */
    return told;
}

int hook_prepare2(sqlite3 *db, const char *sql, int len, sqlite3_stmt **q, const char **tail)
{
    return call_fails() ? told : sqlite3_prepare_v2(db, sql, len, q, tail);
}

int hook_prepare3(sqlite3 *db, const char *sql, int len, unsigned flags, sqlite3_stmt **q, const char **tail)
{
    return call_fails() ? told : sqlite3_prepare_v3(db, sql, len, flags, q, tail);
}

int hook_checkpoint(sqlite3 *db, const char *name, int how, int *log, int *moved)
{
    return call_fails() ? told : sqlite3_wal_checkpoint_v2(db, name, how, log, moved);
}

int hook_errcode(sqlite3 *db)
{
    return told != SQLITE_OK ? told & 0xff : sqlite3_errcode(db);
}

int hook_extended(sqlite3 *db)
{
    return told != SQLITE_OK ? told : sqlite3_extended_errcode(db);
}
