/* SPDX-License-Identifier: Apache-2.0 */
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Made here, not by the engine, for its mode, and so that it was not there before. */
enum ol_err ol_place_make(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno == EEXIST ? OL_EXISTS : OL_IO;
    close(fd);
    return OL_OK;
}

void ol_place_remove(const char *path)
{
    unlink(path);
}

enum ol_err ol_place_rename(const char *from, const char *to)
{
    if (rename(from, to) == 0)
        return OL_OK;
    return errno == ENOENT ? OL_ABSENT : OL_IO;
}

/* The engine would take an empty file for an empty database, and throw away the log beside it. */
enum ol_err ol_place_look(const char *path, const char **why)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        *why = strerror(errno);
        return errno == ENOENT ? OL_ABSENT : OL_STORE;
    }
    if (S_ISREG(st.st_mode) && st.st_size > 0)
        return OL_OK;
    *why = S_ISREG(st.st_mode) ? "the file is empty" : "not a file";
    return OL_MALFORMED;
}

enum ol_err ol_place_settle(const char *path)
{
    char copy[PATH_MAX];
    int fd;
    enum ol_err err = OL_IO;

    if (strlen(path) >= sizeof copy)
        return OL_IO;
    memcpy(copy, path, strlen(path) + 1);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return OL_IO;
    if (fsync(fd) == 0)
        err = OL_OK;
    close(fd);
    return err;
}
