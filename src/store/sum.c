/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sum at the end of every page of the main file, in the eight bytes that the engine is
 * told to leave alone. A page whose sum is wrong is not read: what a disk has changed is
 * found before anything is made of it. It is a layer between the engine and the system's
 * files; the log has sums of its own.
 */
#include "store/sum.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

/* In the head of the first page. */
#define RESERVED_AT 20
#define SCHEMA_AT 60   /* user_version, big-endian */
#define IDENTITY_AT 68 /* application_id */
#define FIRST_SUMMED 3 /* schema; those before had none */

/* Mixes a word at a time, each step one to one: a change of a single word is always found. */
static uint64_t sum_of(const uint8_t *page, uint32_t number)
{
    uint64_t sum = number * UINT64_C(0x9e3779b97f4a7c15);

    for (size_t at = 0; at < OL_PAGE - OL_PAGE_SUM; at += 8) {
        uint64_t word;

        memcpy(&word, page + at, sizeof word);
        sum = (sum ^ le64toh(word)) * UINT64_C(0xd6e8feb86659fd93);
        sum ^= sum >> 32;
    }
    return sum;
}

void ol_page_seal(uint8_t page[static OL_PAGE], uint32_t number)
{
    uint64_t sum = htole64(sum_of(page, number));

    memcpy(page + OL_PAGE - OL_PAGE_SUM, &sum, sizeof sum);
}

bool ol_page_is_whole(const uint8_t page[static OL_PAGE], uint32_t number)
{
    uint64_t kept;

    memcpy(&kept, page + OL_PAGE - OL_PAGE_SUM, sizeof kept);
    return le64toh(kept) == sum_of(page, number);
}

/* By two signs, since either may be what a disk has changed. */
bool ol_page_has_sum(const uint8_t *first, size_t len)
{
    if (len < OL_PAGE_HEAD)
        return true;
    if (memcmp(first, "SQLite format 3", 16) != 0)
        return false;
    return first[RESERVED_AT] == OL_PAGE_SUM ||
           (memcmp(first + IDENTITY_AT, "OLn1", 4) == 0 && (first[SCHEMA_AT] > 0 || first[SCHEMA_AT + 3] >= FIRST_SUMMED));
}

/* The main file, around the system's own. */
struct summed {
    sqlite3_file base;
    bool on; /* an older store has no sums until it has climbed */
    sqlite3_file *real;
};

#define OUTER_SIZE ((sizeof(struct summed) + 15) / 16 * 16)

static struct summed *of(sqlite3_file *file)
{
    return (struct summed *)(void *)file;
}

static sqlite3_file *under(sqlite3_file *file)
{
    return of(file)->real;
}

static bool is_page(int len, sqlite3_int64 at)
{
    return len == OL_PAGE && at % OL_PAGE == 0;
}

static int sum_close(sqlite3_file *file)
{
    return under(file)->pMethods->xClose(under(file));
}

/* Whatever is longer than the head of the first page, which is read by itself before the page size is known, comes as
 * whole pages, or the page size in it is wrong. */
static int sum_read(sqlite3_file *file, void *p, int len, sqlite3_int64 at)
{
    int rc = under(file)->pMethods->xRead(under(file), p, len, at);

    if (rc != SQLITE_OK || !of(file)->on || len <= OL_PAGE_HEAD)
        return rc;
    return is_page(len, at) && ol_page_is_whole(p, (uint32_t)(at / OL_PAGE) + 1) ? SQLITE_OK : SQLITE_IOERR_DATA;
}

static int sum_write(sqlite3_file *file, const void *p, int len, sqlite3_int64 at)
{
    uint8_t page[OL_PAGE];

    if (at == 0 && len == OL_PAGE)
        of(file)->on = ol_page_has_sum(p, OL_PAGE); /* the last step of the climb */
    if (!of(file)->on)
        return under(file)->pMethods->xWrite(under(file), p, len, at);
    if (!is_page(len, at))
        return SQLITE_IOERR_WRITE;
    memcpy(page, p, sizeof page);
    ol_page_seal(page, (uint32_t)(at / OL_PAGE) + 1);
    return under(file)->pMethods->xWrite(under(file), page, len, at);
}

static int sum_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return under(file)->pMethods->xTruncate(under(file), size);
}

static int sum_sync(sqlite3_file *file, int flags)
{
    return under(file)->pMethods->xSync(under(file), flags);
}

static int sum_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return under(file)->pMethods->xFileSize(under(file), size);
}

static int sum_lock(sqlite3_file *file, int level)
{
    return under(file)->pMethods->xLock(under(file), level);
}

static int sum_unlock(sqlite3_file *file, int level)
{
    return under(file)->pMethods->xUnlock(under(file), level);
}

static int sum_reserved(sqlite3_file *file, int *out)
{
    return under(file)->pMethods->xCheckReservedLock(under(file), out);
}

static int sum_control(sqlite3_file *file, int op, void *arg)
{
    return under(file)->pMethods->xFileControl(under(file), op, arg);
}

static int sum_sector(sqlite3_file *file)
{
    return under(file)->pMethods->xSectorSize(under(file));
}

static int sum_traits(sqlite3_file *file)
{
    return under(file)->pMethods->xDeviceCharacteristics(under(file));
}

static int sum_shared_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return under(file)->pMethods->xShmMap(under(file), page, size, extend, out);
}

static int sum_shared_lock(sqlite3_file *file, int at, int n, int flags)
{
    return under(file)->pMethods->xShmLock(under(file), at, n, flags);
}

static void sum_shared_barrier(sqlite3_file *file)
{
    under(file)->pMethods->xShmBarrier(under(file));
}

static int sum_shared_unmap(sqlite3_file *file, int away)
{
    return under(file)->pMethods->xShmUnmap(under(file), away);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* no mapped memory: each page is read through here */
    .xClose = sum_close,
    .xRead = sum_read,
    .xWrite = sum_write,
    .xTruncate = sum_truncate,
    .xSync = sum_sync,
    .xFileSize = sum_size,
    .xLock = sum_lock,
    .xUnlock = sum_unlock,
    .xCheckReservedLock = sum_reserved,
    .xFileControl = sum_control,
    .xSectorSize = sum_sector,
    .xDeviceCharacteristics = sum_traits,
    .xShmMap = sum_shared_map,
    .xShmLock = sum_shared_lock,
    .xShmBarrier = sum_shared_barrier,
    .xShmUnmap = sum_shared_unmap,
};

static sqlite3_vfs *real;

/* An empty file becomes a store with sums. */
static int look_at(struct summed *s)
{
    uint8_t head[OL_PAGE_HEAD] = {0};
    sqlite3_int64 size = 0;
    int rc = s->real->pMethods->xFileSize(s->real, &size);

    if (rc == SQLITE_OK && size >= OL_PAGE_HEAD)
        rc = s->real->pMethods->xRead(s->real, head, OL_PAGE_HEAD, 0);
    s->on = ol_page_has_sum(head, size < OL_PAGE_HEAD ? 0 : OL_PAGE_HEAD);
    return rc;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *got)
{
    struct summed *s = of(file);
    int rc;

    (void)vfs;
    if (!(flags & SQLITE_OPEN_MAIN_DB))
        return real->xOpen(real, name, file, flags, got);
    memset(s, 0, sizeof *s);
    s->real = (sqlite3_file *)(void *)((char *)file + OUTER_SIZE);
    rc = real->xOpen(real, name, s->real, flags, got);
    if (rc == SQLITE_OK)
        rc = look_at(s);
    if (s->real->pMethods != NULL)
        s->base.pMethods = &methods;
    return rc;
}

const char *ol_sum_files(void)
{
    static sqlite3_vfs outer;
    static const char name[] = "openline";
    sqlite3_vfs *now = sqlite3_vfs_find(NULL);

    if (now == real || now == NULL)
        return name;
    real = now;
    outer = *real;
    outer.zName = name;
    outer.szOsFile = (int)OUTER_SIZE + real->szOsFile;
    outer.xOpen = open_file;
    if (sqlite3_vfs_register(&outer, 0) != SQLITE_OK)
        real = NULL;
    return name;
}
