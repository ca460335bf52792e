/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before a program's own libraries: its allocations, and its reads, writes and syncs
 * of files, go by way of here, and the n-th fails when test/failing.py says so, through a
 * file that both have mapped (OPENLINE_FAILING).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum sort { ALLOC, READ, WRITE, SYNC, SORTS };

/* As test/failing.py packs it. */
struct orders {
    _Atomic uint64_t left[SORTS]; /* until it fails; 0: none does */
    _Atomic uint64_t for_good;
    _Atomic uint64_t failed;
};

static struct orders *_Atomic orders;

__attribute__((constructor)) static void map_orders(void)
{
    const char *path = getenv("OPENLINE_FAILING");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *p = fd >= 0 ? mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;

    if (fd >= 0)
        close(fd);
    if (p != MAP_FAILED)
        orders = p;
}

/* Nothing fails once the program has ended: a build that counts its coverage writes its figures then, and crashes where
 * that fails. Asked for in the midst of the program's run, so that it comes before what its libraries do at the end. */
static void leave_off(void)
{
    orders = NULL;
}

/* One thread counts after the other: a number is met once. */
static bool fails(enum sort sort)
{
    static atomic_flag asked = ATOMIC_FLAG_INIT;
    struct orders *given = orders;
    uint64_t left = given != NULL ? atomic_load(&given->left[sort]) : 0;

    if (left > 0 && !atomic_flag_test_and_set(&asked))
        atexit(leave_off);
    while (left > 1 && !atomic_compare_exchange_weak(&given->left[sort], &left, left - 1))
        continue;
    if (left != 1)
        return false;
    if (!atomic_load(&given->for_good))
        atomic_store(&given->left[sort], 0);
    atomic_fetch_add(&given->failed, 1);
    return true;
}

static bool is_file(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* The C library's own, under the names that it keeps for whoever stands in front of it. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

void *malloc(size_t size)
{
    if (!fails(ALLOC))
        return __libc_malloc(size);
    errno = ENOMEM;
    return NULL;
}

void *calloc(size_t n, size_t size)
{
    if (!fails(ALLOC))
        return __libc_calloc(n, size);
    errno = ENOMEM;
    return NULL;
}

void *realloc(void *p, size_t size)
{
    if (!fails(ALLOC))
        return __libc_realloc(p, size);
    errno = ENOMEM;
    return NULL;
}

static bool file_fails(int fd, enum sort sort)
{
    int kept = errno;
    bool failing = is_file(fd) && fails(sort);

    errno = failing ? EIO : kept;
    return failing;
}

ssize_t pread64(int fd, void *p, size_t len, off64_t at)
{
    return file_fails(fd, READ) ? -1 : syscall(SYS_pread64, fd, p, len, at);
}

ssize_t pwrite64(int fd, const void *p, size_t len, off64_t at)
{
    return file_fails(fd, WRITE) ? -1 : syscall(SYS_pwrite64, fd, p, len, at);
}

ssize_t read(int fd, void *p, size_t len)
{
    return file_fails(fd, READ) ? -1 : syscall(SYS_read, fd, p, len);
}

ssize_t write(int fd, const void *p, size_t len)
{
    return file_fails(fd, WRITE) ? -1 : syscall(SYS_write, fd, p, len);
}

int fsync(int fd)
{
    return file_fails(fd, SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return file_fails(fd, SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}
