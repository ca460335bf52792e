/* SPDX-License-Identifier: Apache-2.0 */
#include "station/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "station/setup.h"
#include "station/snapshot.h"
#include "station/vacant.h"

/* In the order of the file, which is the order in which they are made again: without keys it is no home. */
static const struct part {
    const char *name;
    const char *source; /* where a backup takes it from */
    mode_t mode;
    bool optional;
} parts[] = {
    {OL_HOME_CARD, OL_HOME_CARD, 0644, false},
    {OL_HOME_STATION_CONF, OL_HOME_STATION_CONF, 0644, false},
    {OL_HOME_RELAY_CONF, OL_HOME_RELAY_CONF, 0644, true},
    {OL_HOME_REVOCATION, OL_HOME_REVOCATION, 0600, true},
    {OL_HOME_RECORD, OL_SNAPSHOT, 0600, false},
    {OL_HOME_KEYS, OL_HOME_KEYS, 0600, false},
};
#define PARTS (sizeof parts / sizeof parts[0])
#define MAGIC sizeof OL_BACKUP_MAGIC /* with its NUL */
#define HEAD (MAGIC + 8 * PARTS)
#define SUM sizeof(struct ol_hash)
#define PIECE 65536u

static enum ol_err file_fault(const char *name, struct ol_fault *f)
{
    ol_fault_set(f, OL_EXIT_FAILED, "err.file.io", "file", name, "detail", strerror(errno), NULL);
    return OL_IO;
}

/* ---- Writing ---- */

struct packing {
    int fd[PARTS]; /* -1: not there */
    uint64_t len[PARTS];
    struct ol_sha256_sum sum;
    uint64_t bytes;
};

static bool put(struct packing *p, FILE *to, struct ol_span bytes)
{
    ol_sha256_add(&p->sum, bytes);
    p->bytes += bytes.len;
    return fwrite(bytes.p, 1, bytes.len, to) == bytes.len;
}

static enum ol_err put_part(struct packing *p, size_t i, FILE *to)
{
    uint8_t piece[PIECE];
    uint64_t left = p->len[i];
    enum ol_err err = OL_OK;

    while (!err && left > 0) {
        ssize_t n = read(p->fd[i], piece, left < sizeof piece ? (size_t)left : sizeof piece);

        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO; /* shorter than it was: nobody but us changes these files */
        if (n <= 0 || !put(p, to, ol_span(piece, (size_t)n)))
            err = OL_IO;
        else
            left -= (uint64_t)n;
    }
    ol_wipe(piece, sizeof piece);
    return err;
}

static enum ol_err pack(void *ctx, FILE *to, struct ol_fault *f)
{
    struct packing *p = ctx;
    uint8_t head[HEAD];
    struct ol_wr w = ol_wr_to(head, sizeof head);
    struct ol_hash sum;
    enum ol_err err = OL_OK;

    (void)f;
    setvbuf(to, NULL, _IONBF, 0); /* no secret stays in a buffer */
    ol_wr_bytes(&w, OL_BACKUP_MAGIC, MAGIC);
    for (size_t i = 0; i < PARTS; i++)
        ol_wr_u64(&w, p->len[i]);
    ol_sha256_begin(&p->sum);
    if (!put(p, to, ol_wr_span(&w)))
        return OL_IO;
    for (size_t i = 0; !err && i < PARTS; i++)
        err = put_part(p, i, to);
    if (err)
        return err;
    ol_sha256_end(&p->sum, &sum);
    p->bytes += sizeof sum;
    return fwrite(&sum, 1, sizeof sum, to) == sizeof sum ? OL_OK : OL_IO;
}

static enum ol_err open_part(const struct ol_home *h, size_t i, struct packing *p, struct ol_fault *f)
{
    struct stat st;

    p->fd[i] = openat(h->dir, parts[i].source, O_RDONLY | O_CLOEXEC);
    if (p->fd[i] < 0 && errno == ENOENT && parts[i].optional)
        return OL_OK;
    if (p->fd[i] < 0 || fstat(p->fd[i], &st))
        return file_fault(parts[i].source, f);
    p->len[i] = (uint64_t)st.st_size;
    return OL_OK;
}

/* A home that is damaged is not worth a backup: better to learn it now. */
static enum ol_err check_home(const struct ol_home *h, struct ol_fault *f)
{
    struct ol_keyring keys;
    struct ol_card card;
    enum ol_err err = ol_home_keys_read(h, &keys, f);

    if (!err)
        err = ol_home_card_read(h, &keys, &card, f);
    ol_keyring_fini(&keys);
    return err;
}

enum ol_err ol_backup_write(const struct ol_home *h, const char *file, uint64_t *bytes,
                            struct ol_fault *f)
{
    struct ol_snapshot snapshot;
    struct packing p = {0};
    enum ol_err err;

    *bytes = 0;
    memset(p.fd, -1, sizeof p.fd);
    err = ol_snapshot_take(h, &snapshot, f);
    if (!err)
        err = check_home(h, f);
    for (size_t i = 0; !err && i < PARTS; i++)
        err = open_part(h, i, &p, f);
    if (!err)
        err = ol_file_fill(AT_FDCWD, file, 0600, pack, &p, f);
    for (size_t i = 0; i < PARTS; i++)
        if (p.fd[i] >= 0)
            close(p.fd[i]);
    ol_snapshot_drop(&snapshot);
    if (!err)
        *bytes = p.bytes;
    return err;
}

/* ---- Restoring ---- */

struct backup {
    const char *name;
    FILE *file;
    uint64_t size;
    uint64_t len[PARTS];
};

static enum ol_err damaged(const struct backup *b, const char *key, struct ol_fault *f)
{
    ol_fault_set(f, OL_EXIT_NOT_VERIFIED, key, "file", b->name, NULL);
    return OL_MALFORMED;
}

static enum ol_err read_failed(const struct backup *b, struct ol_fault *f)
{
    return ferror(b->file) ? file_fault(b->name, f) : damaged(b, "err.backup.short", f);
}

/* Whether the lengths say what the file has. */
static bool lengths_fit(const struct backup *b)
{
    uint64_t left = b->size - HEAD - SUM;

    for (size_t i = 0; i < PARTS; i++) {
        if (b->len[i] > left || (b->len[i] == 0 && !parts[i].optional))
            return false;
        left -= b->len[i];
    }
    return left == 0;
}

static enum ol_err read_head(struct backup *b, struct ol_fault *f)
{
    uint8_t head[HEAD];
    size_t n = fread(head, 1, sizeof head, b->file);
    struct ol_rd r = ol_rd_from(ol_span(head, sizeof head));

    if (n >= MAGIC && memcmp(ol_rd_take(&r, MAGIC).p, OL_BACKUP_MAGIC, MAGIC) != 0)
        return damaged(b, "err.backup.magic", f);
    if (n < sizeof head || b->size < HEAD + SUM)
        return read_failed(b, f);
    for (size_t i = 0; i < PARTS; i++)
        b->len[i] = ol_rd_u64(&r);
    return lengths_fit(b) ? OL_OK : damaged(b, "err.backup.lengths", f);
}

static enum ol_err check_sum(struct backup *b, struct ol_fault *f)
{
    uint8_t piece[PIECE];
    struct ol_sha256_sum sum;
    struct ol_hash is;
    struct ol_hash said;
    size_t n = 1;

    rewind(b->file);
    ol_sha256_begin(&sum);
    for (uint64_t left = b->size - SUM; left > 0 && n > 0; left -= n) {
        n = fread(piece, 1, left < sizeof piece ? (size_t)left : sizeof piece, b->file);
        ol_sha256_add(&sum, ol_span(piece, n));
    }
    ol_sha256_end(&sum, &is);
    ol_wipe(piece, sizeof piece);
    if (n == 0 || fread(&said, 1, sizeof said, b->file) != sizeof said)
        return read_failed(b, f);
    return ol_hash_equal(&is, &said) ? OL_OK : damaged(b, "err.backup.sum", f);
}

static enum ol_err open_backup(const char *name, struct backup *b, struct ol_fault *f)
{
    struct stat st;
    enum ol_err err;

    *b = (struct backup){.name = name, .file = fopen(name, "re")};
    if (b->file == NULL || fstat(fileno(b->file), &st))
        return file_fault(name, f);
    setvbuf(b->file, NULL, _IONBF, 0);
    b->size = (uint64_t)st.st_size;
    err = read_head(b, f);
    if (!err)
        err = check_sum(b, f);
    if (!err && fseek(b->file, HEAD, SEEK_SET))
        err = file_fault(name, f);
    return err;
}

struct unpacking {
    struct backup *backup;
    uint64_t left;
};

static enum ol_err unpack(void *ctx, FILE *to, struct ol_fault *f)
{
    struct unpacking *u = ctx;
    uint8_t piece[PIECE];
    enum ol_err err = OL_OK;

    setvbuf(to, NULL, _IONBF, 0);
    while (!err && u->left > 0) {
        size_t n = fread(piece, 1, u->left < sizeof piece ? (size_t)u->left : sizeof piece,
                         u->backup->file);

        if (n == 0)
            err = read_failed(u->backup, f);
        else if (fwrite(piece, 1, n, to) != n)
            err = OL_IO;
        u->left -= n;
    }
    ol_wipe(piece, sizeof piece);
    return err;
}

/* Lines are gathered first and marked afterwards: a store answers one question at a time. */
struct numbers {
    int64_t *of;
    size_t n;
};

static bool gather(void *ctx, const struct ol_line_info *info)
{
    struct numbers *lines = ctx;
    int64_t *grown = realloc(lines->of, (lines->n + 1) * sizeof *grown);

    if (grown == NULL)
        return false;
    lines->of = grown;
    lines->of[lines->n++] = info->number;
    return true;
}

static bool count(void *ctx, const struct ol_line_info *info)
{
    (void)info;
    ++*(size_t *)ctx;
    return true;
}

static enum ol_err mark_all(struct ol_store *s)
{
    struct numbers lines = {0};
    size_t all = 0;
    enum ol_err err = ol_store_lines(s, count, &all);

    if (!err)
        err = ol_store_lines(s, gather, &lines);
    if (!err && lines.n != all)
        err = OL_NO_ROOM;
    for (size_t i = 0; !err && i < lines.n; i++)
        err = ol_store_line_restored(s, lines.of[i]);
    free(lines.of);
    return err;
}

static enum ol_err mark_restored(const struct ol_home *h, size_t *lines, struct ol_fault *f)
{
    struct ol_store *store = NULL;
    enum ol_err err = ol_setup_store_open(h, false, &store, f);

    if (err)
        return err;
    err = mark_all(store);
    if (!err)
        err = ol_store_lines(store, count, lines);
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.store.failed", "file", OL_HOME_RECORD, "detail",
                     ol_err_text(err), NULL);
    ol_store_close(&store);
    return err;
}

/* The record is marked as soon as it is there: never is there a home with one that is not. */
static enum ol_err furnish(const struct ol_home *h, struct backup *b, size_t *lines, struct ol_fault *f)
{
    enum ol_err err = OL_OK;

    for (size_t i = 0; !err && i < PARTS; i++) {
        struct unpacking u = {.backup = b, .left = b->len[i]};

        if (b->len[i] == 0)
            continue;
        err = ol_file_fill(h->dir, parts[i].name, parts[i].mode, unpack, &u, f);
        if (!err && strcmp(parts[i].name, OL_HOME_RECORD) == 0)
            err = mark_restored(h, lines, f);
    }
    return err;
}

enum ol_err ol_backup_restore(const char *dir, const char *file, size_t *lines, struct ol_fault *f)
{
    struct ol_vacant place;
    struct backup b;
    enum ol_err err = open_backup(file, &b, f);

    *lines = 0;
    if (!err)
        err = ol_vacant_open(dir, &place, f);
    if (!err) {
        err = furnish(&place.home, &b, lines, f);
        if (err)
            ol_vacant_clear(&place);
        else
            ol_vacant_keep(&place);
    }
    if (b.file != NULL)
        fclose(b.file);
    return err;
}
