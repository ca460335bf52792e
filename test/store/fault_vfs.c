/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_vfs.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

struct file {
    sqlite3_file base;
    int kind;  /* SQLITE_OPEN_MAIN_DB and so on */
    int cause; /* of its last fault */
    sqlite3_file *real;
};

#define SHIM_SIZE ((sizeof(struct file) + 15) / 16 * 16)

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum fault what;
    int left; /* calls until it fails */
    bool stays;
    bool failed;
    int reads;
    int writes;
    int syncs;
    int checkpoints;
    int after;
    bool unsynced;
    bool hold;
    bool held;
} f = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static sqlite3_vfs shim;
static sqlite3_vfs *real;

void fault_arm(enum fault what, int n, bool stays)
{
    pthread_mutex_lock(&f.lock);
    f.what = what;
    f.left = n;
    f.stays = stays;
    f.failed = false;
    f.reads = f.writes = f.syncs = f.after = f.checkpoints = 0;
    pthread_mutex_unlock(&f.lock);
}

bool fault_disarm(void)
{
    bool failed;

    pthread_mutex_lock(&f.lock);
    failed = f.failed;
    f.what = FAULT_NONE;
    pthread_mutex_unlock(&f.lock);
    return failed;
}

static int count(const int *n)
{
    int v;

    pthread_mutex_lock(&f.lock);
    v = *n;
    pthread_mutex_unlock(&f.lock);
    return v;
}

int fault_reads(void)
{
    return count(&f.reads);
}

int fault_writes(void)
{
    return count(&f.writes);
}

int fault_syncs(void)
{
    return count(&f.syncs);
}

int fault_writes_after(void)
{
    return count(&f.after);
}

int fault_checkpoints(void)
{
    return count(&f.checkpoints);
}

bool fault_unsynced(void)
{
    bool v;

    pthread_mutex_lock(&f.lock);
    v = f.unsynced;
    pthread_mutex_unlock(&f.lock);
    return v;
}

void fault_hold(void)
{
    pthread_mutex_lock(&f.lock);
    f.hold = true;
    f.held = false;
    pthread_mutex_unlock(&f.lock);
}

void fault_await_held(void)
{
    pthread_mutex_lock(&f.lock);
    while (!f.held)
        pthread_cond_wait(&f.changed, &f.lock);
    pthread_mutex_unlock(&f.lock);
}

void fault_await_checkpoint(void)
{
    pthread_mutex_lock(&f.lock);
    while (f.checkpoints == 0)
        pthread_cond_wait(&f.changed, &f.lock);
    pthread_mutex_unlock(&f.lock);
}

void fault_release(void)
{
    pthread_mutex_lock(&f.lock);
    f.hold = false;
    pthread_cond_broadcast(&f.changed);
    pthread_mutex_unlock(&f.lock);
}

/* Under the lock: whether this call is the one to fail. */
static bool fails(bool of_this_sort)
{
    if (f.what == FAULT_NONE || !of_this_sort || (f.failed && !f.stays))
        return false;
    if (!f.failed && --f.left > 0)
        return false;
    f.failed = true;
    return true;
}

static sqlite3_file *under(sqlite3_file *file)
{
    return ((struct file *)file)->real;
}

static int kind(sqlite3_file *file)
{
    return ((struct file *)file)->kind;
}

static int fail(sqlite3_file *file, int rc, int cause)
{
    ((struct file *)file)->cause = cause;
    return rc;
}

static int f_close(sqlite3_file *file)
{
    return under(file)->pMethods->xClose(under(file));
}

static int f_read(sqlite3_file *file, void *p, int len, sqlite3_int64 at)
{
    bool failing;

    pthread_mutex_lock(&f.lock);
    f.reads++;
    failing = fails(f.what == FAULT_READ || f.what == FAULT_ANY);
    pthread_mutex_unlock(&f.lock);
    return failing ? fail(file, SQLITE_IOERR_READ, EIO)
                   : under(file)->pMethods->xRead(under(file), p, len, at);
}

static int write_fault(sqlite3_file *file)
{
    switch (f.what) {
    case FAULT_FULL:
    case FAULT_FULL_MAIN:
        return fail(file, SQLITE_FULL, ENOSPC);
    case FAULT_QUOTA:
        return fail(file, SQLITE_IOERR_WRITE, EDQUOT);
    default:
        return fail(file, SQLITE_IOERR_WRITE, EIO);
    }
}

static int f_write(sqlite3_file *file, const void *p, int len, sqlite3_int64 at)
{
    bool log = kind(file) == SQLITE_OPEN_WAL;
    int rc = SQLITE_OK;

    pthread_mutex_lock(&f.lock);
    f.writes++;
    f.after += f.failed;
    f.unsynced |= log;
    if (fails(f.what == FAULT_FULL || f.what == FAULT_QUOTA || f.what == FAULT_WRITE ||
              f.what == FAULT_ANY || (f.what == FAULT_FULL_MAIN && kind(file) == SQLITE_OPEN_MAIN_DB)))
        rc = write_fault(file);
    pthread_mutex_unlock(&f.lock);
    return rc ? rc : under(file)->pMethods->xWrite(under(file), p, len, at);
}

static int f_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return under(file)->pMethods->xTruncate(under(file), size);
}

static int f_sync(sqlite3_file *file, int flags)
{
    bool failing;
    int rc;

    pthread_mutex_lock(&f.lock);
    if (f.hold) {
        f.held = true;
        pthread_cond_broadcast(&f.changed);
        while (f.hold)
            pthread_cond_wait(&f.changed, &f.lock);
    }
    f.syncs++;
    f.after += f.failed;
    failing = fails(f.what == FAULT_SYNC || f.what == FAULT_ANY);
    pthread_mutex_unlock(&f.lock);
    rc = failing ? fail(file, SQLITE_IOERR_FSYNC, EIO)
                 : under(file)->pMethods->xSync(under(file), flags);
    pthread_mutex_lock(&f.lock);
    if (kind(file) == SQLITE_OPEN_WAL && rc == SQLITE_OK)
        f.unsynced = false;
    if (kind(file) == SQLITE_OPEN_MAIN_DB)
        f.checkpoints++;
    pthread_cond_broadcast(&f.changed);
    pthread_mutex_unlock(&f.lock);
    return rc;
}

static int f_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return under(file)->pMethods->xFileSize(under(file), size);
}

static int f_lock(sqlite3_file *file, int level)
{
    return under(file)->pMethods->xLock(under(file), level);
}

static int f_unlock(sqlite3_file *file, int level)
{
    return under(file)->pMethods->xUnlock(under(file), level);
}

static int f_reserved(sqlite3_file *file, int *out)
{
    return under(file)->pMethods->xCheckReservedLock(under(file), out);
}

static int f_control(sqlite3_file *file, int op, void *arg)
{
    int rc = under(file)->pMethods->xFileControl(under(file), op, arg);

    if (op == SQLITE_FCNTL_LAST_ERRNO && ((struct file *)file)->cause != 0)
        *(int *)arg = ((struct file *)file)->cause;
    return rc;
}

static int f_sector(sqlite3_file *file)
{
    return under(file)->pMethods->xSectorSize(under(file));
}

static int f_traits(sqlite3_file *file)
{
    return under(file)->pMethods->xDeviceCharacteristics(under(file));
}

static int f_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    bool failing;

    pthread_mutex_lock(&f.lock);
    failing = fails(extend && (f.what == FAULT_SHARE || f.what == FAULT_ANY));
    pthread_mutex_unlock(&f.lock);
    *out = NULL;
    return failing ? fail(file, SQLITE_IOERR_SHMSIZE, ENOSPC)
                   : under(file)->pMethods->xShmMap(under(file), page, size, extend, out);
}

static int f_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
    return under(file)->pMethods->xShmLock(under(file), at, n, flags);
}

static void f_shm_barrier(sqlite3_file *file)
{
    under(file)->pMethods->xShmBarrier(under(file));
}

static int f_shm_unmap(sqlite3_file *file, int away)
{
    return under(file)->pMethods->xShmUnmap(under(file), away);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = f_close,
    .xRead = f_read,
    .xWrite = f_write,
    .xTruncate = f_truncate,
    .xSync = f_sync,
    .xFileSize = f_size,
    .xLock = f_lock,
    .xUnlock = f_unlock,
    .xCheckReservedLock = f_reserved,
    .xFileControl = f_control,
    .xSectorSize = f_sector,
    .xDeviceCharacteristics = f_traits,
    .xShmMap = f_shm_map,
    .xShmLock = f_shm_lock,
    .xShmBarrier = f_shm_barrier,
    .xShmUnmap = f_shm_unmap,
};

static int f_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *got)
{
    struct file *mine = (struct file *)file;
    bool failing;
    int rc;

    (void)vfs;
    pthread_mutex_lock(&f.lock);
    failing = fails(f.what == FAULT_OPEN || f.what == FAULT_ANY);
    pthread_mutex_unlock(&f.lock);
    memset(mine, 0, sizeof *mine);
    if (failing)
        return fail(file, SQLITE_CANTOPEN, EACCES);
    mine->real = (sqlite3_file *)((char *)file + SHIM_SIZE);
    mine->kind = flags & 0xfff00;
    rc = real->xOpen(real, name, mine->real, flags, got);
    if (mine->real->pMethods != NULL)
        mine->base.pMethods = &methods;
    return rc;
}

void fault_register(void)
{
    real = sqlite3_vfs_find(NULL);
    assert(real != NULL && real->iVersion >= 2);
    shim = *real;
    shim.zName = "fault";
    shim.szOsFile = (int)SHIM_SIZE + real->szOsFile;
    shim.xOpen = f_open;
    sqlite3_vfs_register(&shim, 1);
}
