/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's calls, and the store's own (store/place.h), on the disks of disk.c. */
#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "sim/medium.h"
#include "store/place.h"

#define SECTOR_OF_ENGINE 4096 /* as the engine has it on Linux */
#define SHARED_PAGE 32768

/* An open file. */
struct handle {
    sqlite3_file base;
    struct sim_disk *disk; /* NULL: a file without a name, which has no faults */
    struct node *node;
    int level; /* SQLITE_LOCK_... */
    int cause; /* of the last failure */
    bool names_new;   /* the first sync makes its name durable too */
    bool mapped;
    unsigned shared;  /* bits of the locks held on the log's index */
    unsigned taken;
};

static struct handle *of(sqlite3_file *file)
{
    return (struct handle *)(void *)file;
}

static int refuse(struct handle *h, enum verdict v, int rc)
{
    h->cause = v == FAIL || v == STOPPED ? EIO : 0;
    return rc;
}

/* The verdict on an operation, and STOPPED for what was opened before a crash. */
static enum verdict ask(struct handle *h, enum sim_disk_op op, bool changes)
{
    if (h->node->gone)
        return STOPPED;
    return changes ? medium_ask_change(h->disk, op) : medium_ask(h->disk, op);
}

/* ---- Locks ---- */

static void let_go(struct handle *h, int level)
{
    struct node *n = h->node;

    if (n->writer == h) {
        n->writer = NULL;
        n->closing = false;
    }
    if (level == SQLITE_LOCK_NONE && h->level >= SQLITE_LOCK_SHARED)
        n->shared--;
    h->level = level;
}

static int file_unlock(sqlite3_file *file, int level)
{
    struct handle *h = of(file);

    if (h->level > level)
        let_go(h, level);
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
    struct handle *h = of(file);
    struct node *n = h->node;

    if (level <= h->level)
        return SQLITE_OK;
    if (level == SQLITE_LOCK_SHARED) {
        if (n->closing)
            return SQLITE_BUSY;
        n->shared++;
        h->level = level;
        return SQLITE_OK;
    }
    if (n->writer != NULL && n->writer != h)
        return SQLITE_BUSY;
    n->writer = h;
    if (level == SQLITE_LOCK_EXCLUSIVE) {
        n->closing = true;
        if (n->shared > 1) {
            h->level = SQLITE_LOCK_PENDING;
            return SQLITE_BUSY;
        }
    }
    h->level = level;
    return SQLITE_OK;
}

static int file_reserved(sqlite3_file *file, int *out)
{
    *out = of(file)->node->writer != NULL;
    return SQLITE_OK;
}

/* ---- Bytes ---- */

static int file_read(sqlite3_file *file, void *p, int len, sqlite3_int64 at)
{
    struct handle *h = of(file);
    const struct image *live = &h->node->live;
    enum verdict v = ask(h, SIM_DISK_READ, false);
    size_t n;

    if (v != GO)
        return refuse(h, v, SQLITE_IOERR_READ);
    n = (size_t)at < live->len ? live->len - (size_t)at : 0;
    if (n >= (size_t)len) {
        memcpy(p, live->p + at, (size_t)len);
        return SQLITE_OK;
    }
    memset(p, 0, (size_t)len);
    if (n > 0)
        memcpy(p, live->p + at, n);
    return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *p, int len, sqlite3_int64 at)
{
    struct handle *h = of(file);
    enum verdict v = ask(h, SIM_DISK_WRITE, true);
    size_t end = (size_t)at + (size_t)len;
    size_t more = end > h->node->live.len ? end - h->node->live.len : 0;
    size_t room;

    if (v != GO)
        return refuse(h, v, SQLITE_IOERR_WRITE);
    room = medium_room(h->disk, more);
    if (room == more) {
        medium_write(h->node, p, (size_t)len, (uint64_t)at);
        return SQLITE_OK;
    }
    if ((size_t)len > more - room) /* as far as it fits */
        medium_write(h->node, p, (size_t)len - (more - room), (uint64_t)at);
    h->cause = ENOSPC;
    return SQLITE_FULL;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct handle *h = of(file);
    enum verdict v = ask(h, SIM_DISK_WRITE, true);

    if (v != GO)
        return refuse(h, v, SQLITE_IOERR_TRUNCATE);
    medium_truncate(h->node, (uint64_t)size);
    return SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
    struct handle *h = of(file);
    enum verdict v = ask(h, SIM_DISK_SYNC, true);

    (void)flags;
    if (v == STOPPED)
        return refuse(h, v, SQLITE_IOERR_FSYNC);
    medium_sync(h->disk, h->node, v == FAIL);
    if (v == FAIL)
        return refuse(h, v, SQLITE_IOERR_FSYNC);
    if (h->names_new && h->disk != NULL)
        medium_settle_names(h->disk);
    h->names_new = false;
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)of(file)->node->live.len;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
    if (op != SQLITE_FCNTL_LAST_ERRNO)
        return SQLITE_NOTFOUND;
    *(int *)arg = of(file)->cause;
    return SQLITE_OK;
}

static int file_sector(sqlite3_file *file)
{
    (void)file;
    return SECTOR_OF_ENGINE;
}

static int file_traits(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* as the engine assumes on Linux */
}

/* ---- The log's index ---- */

static int shared_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    struct handle *h = of(file);
    struct node *n = h->node;

    assert(size == SHARED_PAGE && page < SHARED_PAGES);
    *out = NULL;
    if (n->gone)
        return SQLITE_IOERR_SHMMAP;
    n->mapped += !h->mapped;
    h->mapped = true;
    while (extend && n->pages <= page) {
        if (medium_room(h->disk, SHARED_PAGE) < SHARED_PAGE) {
            h->cause = ENOSPC;
            return SQLITE_IOERR_SHMSIZE;
        }
        n->page[n->pages] = calloc(1, SHARED_PAGE);
        if (n->page[n->pages] == NULL)
            return SQLITE_NOMEM;
        n->pages++;
    }
    if (page < n->pages)
        *out = n->page[page];
    return SQLITE_OK;
}

static int share(struct handle *h, unsigned mask)
{
    struct node *n = h->node;

    for (unsigned i = 0; i < SHARED_LOCKS; i++) {
        if ((mask >> i & 1u) && n->taken[i])
            return SQLITE_BUSY;
    }
    for (unsigned i = 0; i < SHARED_LOCKS; i++)
        n->readers[i] += (mask & ~h->shared) >> i & 1u;
    h->shared |= mask;
    return SQLITE_OK;
}

static int take(struct handle *h, unsigned mask)
{
    struct node *n = h->node;

    for (unsigned i = 0; i < SHARED_LOCKS; i++) {
        bool mine = h->shared >> i & 1u;

        if ((mask >> i & 1u) && (n->taken[i] || n->readers[i] > mine))
            return SQLITE_BUSY;
    }
    for (unsigned i = 0; i < SHARED_LOCKS; i++)
        n->taken[i] = n->taken[i] || (mask >> i & 1u);
    h->taken |= mask;
    return SQLITE_OK;
}

static void unlock_shared(struct handle *h, unsigned mask)
{
    struct node *n = h->node;

    for (unsigned i = 0; i < SHARED_LOCKS; i++) {
        if (mask & h->shared & 1u << i)
            n->readers[i]--;
        if (mask & h->taken & 1u << i)
            n->taken[i] = false;
    }
    h->shared &= ~mask;
    h->taken &= ~mask;
}

static int shared_lock(sqlite3_file *file, int at, int n, int flags)
{
    struct handle *h = of(file);
    unsigned mask = ((1u << n) - 1u) << at;

    if (flags & SQLITE_SHM_UNLOCK) {
        unlock_shared(h, mask);
        return SQLITE_OK;
    }
    return flags & SQLITE_SHM_SHARED ? share(h, mask) : take(h, mask);
}

static void shared_barrier(sqlite3_file *file)
{
    (void)file; /* one thread */
}

static int shared_unmap(sqlite3_file *file, int away)
{
    struct handle *h = of(file);
    struct node *n = h->node;

    (void)away; /* whoever maps it next begins it anew */
    unlock_shared(h, ~0u);
    if (!h->mapped)
        return SQLITE_OK;
    h->mapped = false;
    if (--n->mapped > 0)
        return SQLITE_OK;
    for (int i = 0; i < n->pages; i++)
        free(n->page[i]);
    n->pages = 0;
    return SQLITE_OK;
}

static int file_close(sqlite3_file *file)
{
    struct handle *h = of(file);

    shared_unmap(file, 0);
    file_unlock(file, SQLITE_LOCK_NONE);
    medium_release(h->node);
    medium_handle_closed(h->disk);
    h->node = NULL;
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = shared_map,
    .xShmLock = shared_lock,
    .xShmBarrier = shared_barrier,
    .xShmUnmap = shared_unmap,
};

/* ---- Files by name ---- */

static struct node *node_for(struct handle *h, const char *path, int flags)
{
    const char *name;
    struct node *n;

    if (path == NULL)
        return medium_anonymous();
    h->disk = medium_disk(path, &name);
    if (h->disk == NULL || medium_ask(h->disk, SIM_DISK_OPEN) != GO)
        return NULL;
    n = medium_find(h->disk, name);
    if (n == NULL && flags & SQLITE_OPEN_CREATE) {
        n = medium_make(h->disk, name);
        h->names_new = flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL);
    }
    if (n != NULL)
        n->refs++;
    return n;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *got)
{
    struct handle *h = of(file);

    (void)vfs;
    *h = (struct handle){0};
    h->node = node_for(h, path, flags);
    if (h->node == NULL)
        return SQLITE_CANTOPEN;
    medium_handle_opened(h->disk);
    h->base.pMethods = &methods;
    if (got != NULL)
        *got = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    const char *name;
    struct sim_disk *d = medium_disk(path, &name);

    (void)vfs;
    if (d == NULL || medium_find(d, name) == NULL)
        return SQLITE_IOERR_DELETE_NOENT;
    if (medium_stops(d))
        return SQLITE_IOERR_DELETE;
    medium_drop(d, name);
    if (sync)
        medium_settle_names(d);
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    const char *name;
    struct sim_disk *d = medium_disk(path, &name);
    const struct node *n = d != NULL ? medium_find(d, name) : NULL;

    (void)vfs;
    *out = n != NULL && (flags != SQLITE_ACCESS_EXISTS || n->live.len > 0);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
    (void)vfs;
    if (strlen(path) >= (size_t)size)
        return SQLITE_CANTOPEN;
    memcpy(out, path, strlen(path) + 1);
    return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    for (int i = 0; i < len; i++)
        out[i] = (char)medium_engine_random();
    return len;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;
}

/* The store asks the engine for no time. */
static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *ms)
{
    (void)vfs;
    *ms = INT64_C(212000000000000);
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    if (size > 0)
        out[0] = '\0';
    return 0;
}

void disk_vfs_register(void)
{
    static sqlite3_vfs vfs = {
        .iVersion = 2,
        .szOsFile = sizeof(struct handle),
        .mxPathname = SIM_DISK_PATH,
        .zName = "sim",
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_time,
    };
    int rc = sqlite3_vfs_register(&vfs, 1);

    assert(rc == SQLITE_OK);
    (void)rc;
}

/* ---- The store's own calls ---- */

enum ol_err ol_place_make(const char *path)
{
    const char *name;
    struct sim_disk *d = medium_disk(path, &name);

    if (d == NULL || medium_stops(d) || medium_ask(d, SIM_DISK_OPEN) != GO)
        return OL_IO;
    if (medium_find(d, name) != NULL)
        return OL_EXISTS;
    return medium_make(d, name) != NULL ? OL_OK : OL_IO;
}

void ol_place_remove(const char *path)
{
    const char *name;
    struct sim_disk *d = medium_disk(path, &name);

    if (d != NULL && !medium_stops(d))
        medium_drop(d, name);
}

enum ol_err ol_place_rename(const char *from, const char *to)
{
    const char *old;
    const char *new;
    struct sim_disk *d = medium_disk(from, &old);

    if (d == NULL || medium_disk(to, &new) != d || medium_stops(d))
        return OL_IO;
    return sim_disk_rename(d, old, new) ? OL_OK : OL_ABSENT;
}

enum ol_err ol_place_look(const char *path, const char **why)
{
    const char *name;
    struct sim_disk *d = medium_disk(path, &name);
    const struct node *n;

    if (d == NULL || sim_disk_stopped(d)) {
        *why = "the machine has stopped";
        return OL_STORE;
    }
    n = medium_find(d, name);
    if (n != NULL && n->live.len > 0)
        return OL_OK;
    *why = n == NULL ? "no such file" : "the file is empty";
    return n == NULL ? OL_ABSENT : OL_MALFORMED;
}

enum ol_err ol_place_settle(const char *path)
{
    const char *name;
    struct sim_disk *d = medium_disk(path, &name);

    if (d == NULL || medium_ask_change(d, SIM_DISK_SYNC) != GO)
        return OL_IO;
    medium_settle_names(d);
    return OL_OK;
}
