/* SPDX-License-Identifier: Apache-2.0 */
#include "station/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "armour/armour.h"

#define ARMOURED_MAX (64u * 1024) /* a card or a key takes under 1 KiB; people put words above it */

void ol_blob_free(struct ol_blob *b)
{
    if (b->p != NULL)
        ol_wipe(b->p, b->len);
    free(b->p);
    *b = (struct ol_blob){0};
}

static enum ol_err of_errno(int error)
{
    switch (error) {
    case ENOENT:
        return OL_ABSENT;
    case EEXIST:
        return OL_EXISTS;
    case ENOSPC:
    case EDQUOT:
        return OL_NO_ROOM;
    default:
        return OL_IO;
    }
}

/* Says what failed with a file, from errno. */
static enum ol_err refuse(const char *name, struct ol_fault *f)
{
    enum ol_err err = of_errno(errno);
    const char *detail = strerror(errno);

    if (err == OL_ABSENT)
        ol_fault_set(f, OL_EXIT_FAILED, "err.file.absent", "file", name, NULL);
    else if (err == OL_EXISTS)
        ol_fault_set(f, OL_EXIT_FAILED, "err.file.exists", "file", name, NULL);
    else if (err == OL_NO_ROOM)
        ol_fault_set(f, OL_EXIT_FAILED, "err.file.room", "file", name, NULL);
    else
        ol_fault_set(f, OL_EXIT_FAILED, "err.file.io", "file", name, "detail", detail, NULL);
    return err;
}

/* Fills the buffer as far as the file goes; -1 on error. */
static ssize_t read_up_to(int fd, uint8_t *buf, size_t cap)
{
    size_t len = 0;

    while (len < cap) {
        ssize_t n = read(fd, buf + len, cap - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

enum ol_err ol_file_read(int dir, const char *name, size_t max, struct ol_blob *out, struct ol_fault *f)
{
    struct ol_blob b = {0};
    enum ol_err err = OL_OK;
    ssize_t len;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

    *out = (struct ol_blob){0};
    if (fd < 0)
        return refuse(name, f);
    b = (struct ol_blob){.p = calloc(1, max + 1), .len = max + 1}; /* one more tells a longer file */
    len = b.p != NULL ? read_up_to(fd, b.p, b.len) : -1;
    if (len < 0) {
        err = refuse(name, f);
    } else if ((size_t)len > max) {
        err = OL_LIMIT;
        ol_fault_set(f, OL_EXIT_FAILED, "err.file.large", "file", name, NULL);
    }
    close(fd);
    if (err) {
        ol_blob_free(&b);
        return err;
    }
    b.len = (size_t)len;
    *out = b;
    return OL_OK;
}

static int write_all(int fd, struct ol_span content)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.p, content.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        content.p += n;
        content.len -= (size_t)n;
    }
    return fsync(fd);
}

/* Makes the names in a file's directory durable. */
static int sync_directory_of(int dir, const char *name)
{
    const char *slash = strrchr(name, '/');
    char *parent = slash == NULL ? strdup(".") : strndup(name, (size_t)(slash - name) + 1);
    int fd = parent != NULL ? openat(dir, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int failed = fd < 0 ? -1 : fsync(fd);

    if (failed && fd >= 0 && errno == EINVAL)
        failed = 0; /* a file system that has no such thing */
    if (fd >= 0)
        close(fd);
    free(parent);
    return failed;
}

/* Makes the named file, which must not be there, with this content. */
static int make(int dir, const char *name, const struct ol_file_new *file)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file->mode);
    int failed;
    int error;

    if (fd < 0)
        return -1;
    failed = write_all(fd, file->content);
    error = errno;
    if (close(fd) && !failed) {
        failed = -1;
        error = errno;
    }
    if (failed)
        unlinkat(dir, name, 0);
    errno = error;
    return failed;
}

static int replace(int dir, const char *temp, const struct ol_file_new *file)
{
    if (unlinkat(dir, temp, 0) && errno != ENOENT) /* what an interrupted run left */
        return -1;
    if (make(dir, temp, file))
        return -1;
    return renameat(dir, temp, dir, file->name);
}

enum ol_err ol_file_write(int dir, const struct ol_file_new *file, struct ol_fault *f)
{
    char *temp = NULL;
    int failed;

    if (file->fresh)
        failed = make(dir, file->name, file);
    else
        failed = asprintf(&temp, "%s.new", file->name) < 0 ? -1 : replace(dir, temp, file);
    free(temp);
    if (!failed)
        failed = sync_directory_of(dir, file->name);
    return failed ? refuse(file->name, f) : OL_OK;
}

static enum ol_err fill_new(int dir, const char *temp, mode_t mode, ol_fill_fn *fill, void *ctx,
                            struct ol_fault *f)
{
    int fd = -1;
    FILE *to;
    enum ol_err err;

    if (unlinkat(dir, temp, 0) == 0 || errno == ENOENT) /* what an interrupted run left */
        fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return OL_IO;
    to = fdopen(fd, "w");
    if (to == NULL) {
        close(fd);
        return OL_IO;
    }
    err = fill(ctx, to, f);
    if (!err && (fflush(to) || fsync(fd)))
        err = OL_IO;
    if (fclose(to) && !err)
        err = OL_IO;
    return err;
}

enum ol_err ol_file_fill(int dir, const char *name, mode_t mode, ol_fill_fn *fill, void *ctx,
                         struct ol_fault *f)
{
    char *temp = NULL;
    enum ol_err err = asprintf(&temp, "%s.new", name) < 0 ? OL_IO : OL_OK;
    int error;

    if (!err)
        err = fill_new(dir, temp, mode, fill, ctx, f);
    if (!err && (renameat(dir, temp, dir, name) || sync_directory_of(dir, name)))
        err = OL_IO;
    error = errno;
    if (err && temp != NULL)
        unlinkat(dir, temp, 0);
    free(temp);
    errno = error;
    return err == OL_IO ? refuse(name, f) : err;
}

/* What people wrote above the armour is for people. */
static struct ol_span from_armour(const struct ol_blob *text)
{
    const uint8_t *begin = memmem(text->p, text->len, "-----BEGIN ", strlen("-----BEGIN "));

    return begin == NULL ? ol_span(NULL, 0) : ol_span(begin, text->len - (size_t)(begin - text->p));
}

enum ol_err ol_armoured_read(int dir, const char *name, const char *label, struct ol_wr *out,
                             struct ol_fault *f)
{
    struct ol_blob text;
    enum ol_err err = ol_file_read(dir, name, ARMOURED_MAX, &text, f);

    if (err)
        return err;
    err = ol_armour_read(label, from_armour(&text), out);
    ol_blob_free(&text);
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.file.armour", "file", name, "label", label, NULL);
    return err;
}

enum ol_err ol_card_file_read(int dir, const char *name, struct ol_card *out, struct ol_fault *f)
{
    uint8_t bytes[OL_CARD_MAX];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    enum ol_err err = ol_armoured_read(dir, name, "OPENLINE CARD", &w, f);

    *out = (struct ol_card){0};
    if (err)
        return err;
    err = ol_card_read(ol_wr_span(&w), out);
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.card.unreadable", "file", name, NULL);
    return err;
}
