/* SPDX-License-Identifier: Apache-2.0 */
#include "station/vacant.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A store that failed leaves its log, which the engine would replay onto the next one of that name. */
static const char *const made_files[] = {
    OL_HOME_KEYS,   OL_HOME_CARD,          OL_HOME_STATION_CONF,  OL_HOME_RELAY_CONF,
    OL_HOME_RECORD, OL_HOME_RECORD "-wal", OL_HOME_RECORD "-shm", OL_HOME_REVOCATION,
};
static const char *const made_dirs[] = {OL_HOME_RUN, OL_HOME_LOG};
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static enum ol_err check_vacant(const struct ol_vacant *v, struct ol_fault *f)
{
    struct stat st;

    for (size_t i = 0; i < COUNT(made_files) + COUNT(made_dirs); i++) {
        const char *name = i < COUNT(made_files) ? made_files[i] : made_dirs[i - COUNT(made_files)];

        if (fstatat(v->home.dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            ol_fault_set(f, OL_EXIT_FAILED, "err.home.exists", "dir", v->path, "file", name, NULL);
            return OL_EXISTS;
        }
    }
    return OL_OK;
}

static enum ol_err not_made(const struct ol_vacant *v, struct ol_fault *f)
{
    ol_fault_set(f, OL_EXIT_FAILED, "err.home.make", "dir", v->path, "detail", strerror(errno), NULL);
    return OL_IO;
}

static enum ol_err make_dirs(const struct ol_vacant *v, struct ol_fault *f)
{
    for (size_t i = 0; i < COUNT(made_dirs); i++)
        if (mkdirat(v->home.dir, made_dirs[i], 0700))
            return not_made(v, f);
    return OL_OK;
}

enum ol_err ol_vacant_open(const char *path, struct ol_vacant *out, struct ol_fault *f)
{
    struct ol_vacant v = {.path = path, .made = mkdir(path, 0700) == 0};
    enum ol_err err;

    *out = (struct ol_vacant){.home.dir = -1};
    v.home.dir = v.made || errno == EEXIST ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (v.home.dir < 0)
        return not_made(&v, f);
    err = check_vacant(&v, f);
    if (err) {
        ol_home_close(&v.home);
        return err;
    }
    err = make_dirs(&v, f);
    if (err)
        ol_vacant_clear(&v);
    else
        *out = v;
    return err;
}

void ol_vacant_keep(struct ol_vacant *v)
{
    int parent = openat(v->home.dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)fsync(v->home.dir); /* some file systems have no such thing; the files in it are synced */
    if (parent >= 0) {
        (void)fsync(parent);
        close(parent);
    }
    ol_home_close(&v->home);
}

void ol_vacant_clear(struct ol_vacant *v)
{
    for (size_t i = 0; i < COUNT(made_files); i++)
        unlinkat(v->home.dir, made_files[i], 0);
    for (size_t i = 0; i < COUNT(made_dirs); i++)
        unlinkat(v->home.dir, made_dirs[i], AT_REMOVEDIR);
    ol_home_close(&v->home);
    if (v->made)
        unlinkat(AT_FDCWD, v->path, AT_REMOVEDIR); /* rmdir is another call, which a confined program has not */
}
