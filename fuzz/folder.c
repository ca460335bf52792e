/* SPDX-License-Identifier: Apache-2.0 */
#include "folder.h"

#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[200];

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(name);
}

static void remove_all(void)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *folder(void)
{
    const char *parent = getenv("TMPDIR");

    if (path[0] == '\0') {
        snprintf(path, sizeof path, "%s/openline-fuzz-XXXXXX", parent != NULL ? parent : "/tmp");
        if (mkdtemp(path) == NULL)
            abort();
        atexit(remove_all);
    }
    return path;
}

const char *folder_path(const char *name)
{
    static char whole[4][300];
    static unsigned n;

    n = (n + 1) % 4;
    snprintf(whole[n], sizeof whole[n], "%s/%s", folder(), name);
    return whole[n];
}

void folder_write(const char *name, const uint8_t *data, size_t size)
{
    int fd = open(folder_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

void folder_remove(const char *name)
{
    nftw(folder_path(name), remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
