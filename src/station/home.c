/* SPDX-License-Identifier: Apache-2.0 */
#include "station/home.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define KEYS_MAX (1024u * 1024) /* some three thousand lines */

void ol_hash_hex(const struct ol_hash *hash, char out[static OL_HASH_HEX])
{
    for (size_t i = 0; i < sizeof hash->b; i++)
        snprintf(out + 2 * i, 3, "%02x", hash->b[i]);
}

bool ol_entry_id_read(const char *text, uint8_t *author, uint32_t *seq)
{
    uint64_t n = 0;

    if ((text[0] != 'A' && text[0] != 'B') || text[1] < '1' || text[1] > '9')
        return false;
    for (const char *p = text + 1; *p != 0; p++) {
        if (*p < '0' || *p > '9' || n > UINT32_MAX)
            return false;
        n = 10 * n + (uint64_t)(*p - '0');
    }
    *author = (uint8_t)text[0];
    *seq = (uint32_t)n;
    return n <= UINT32_MAX;
}

enum ol_err ol_home_open(const char *dir, struct ol_home *out, struct ol_fault *f)
{
    out->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->dir < 0) {
        enum ol_err err = errno == ENOENT ? OL_ABSENT : OL_IO;

        ol_fault_set(f, OL_EXIT_FAILED, "err.home.open", "dir", dir, "detail", strerror(errno), NULL);
        return err;
    }
    if (faccessat(out->dir, OL_HOME_KEYS, F_OK, 0) && errno == ENOENT) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.home.empty", "dir", dir, NULL);
        ol_home_close(out);
        return OL_ABSENT;
    }
    return OL_OK;
}

void ol_home_close(struct ol_home *h)
{
    if (h->dir >= 0)
        close(h->dir);
    h->dir = -1;
}

void ol_home_path(const struct ol_home *h, const char *name, char out[static OL_HOME_PATH_MAX])
{
    int len = snprintf(out, OL_HOME_PATH_MAX, "/proc/self/fd/%d/%s", h->dir, name);

    assert(len > 0 && (size_t)len < OL_HOME_PATH_MAX);
}

/* Secrets that others could have read are no secrets any more, so this is not repaired silently. */
static enum ol_err check_private(const struct ol_home *h, struct ol_fault *f)
{
    struct stat st;

    if (fstatat(h->dir, OL_HOME_KEYS, &st, 0))
        return OL_OK; /* reading it says why */
    if (st.st_uid == geteuid() && (st.st_mode & 077) == 0)
        return OL_OK;
    ol_fault_set(f, OL_EXIT_FAILED, "err.keys.open", "file", OL_HOME_KEYS, NULL);
    return OL_MISMATCH;
}

enum ol_err ol_home_keys_read(const struct ol_home *h, struct ol_keyring *out, struct ol_fault *f)
{
    struct ol_blob text;
    size_t bad_line = 0;
    char line[24];
    enum ol_err err = check_private(h, f);

    *out = (struct ol_keyring){0};
    if (!err)
        err = ol_file_read(h->dir, OL_HOME_KEYS, KEYS_MAX, &text, f);
    if (err)
        return err;
    err = ol_keyring_read(ol_span(text.p, text.len), out, &bad_line);
    ol_blob_free(&text);
    if (err) {
        snprintf(line, sizeof line, "%zu", bad_line);
        ol_fault_set(f, OL_EXIT_FAILED, "err.keys.malformed", "file", OL_HOME_KEYS, "line", line, NULL);
    }
    return err;
}

enum ol_err ol_home_keys_write(const struct ol_home *h, const struct ol_keyring *k, bool fresh,
                               struct ol_fault *f)
{
    size_t size = ol_keyring_size(k);
    struct ol_blob text = {.p = malloc(size), .len = size};
    struct ol_wr w = ol_wr_to(text.p, size);
    enum ol_err err;

    if (text.p == NULL) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.memory", NULL);
        return OL_NO_ROOM;
    }
    ol_keyring_write(k, &w);
    assert(w.len == size && !w.full);
    err = ol_file_write(h->dir,
                        &(struct ol_file_new){
                            .name = OL_HOME_KEYS,
                            .content = ol_wr_span(&w),
                            .mode = 0600,
                            .fresh = fresh,
                        },
                        f);
    ol_blob_free(&text);
    return err;
}

enum ol_err ol_home_card_read(const struct ol_home *h, const struct ol_keyring *k, struct ol_card *out,
                              struct ol_fault *f)
{
    struct ol_sign_pk sign;
    struct ol_dh_pk agree;
    enum ol_err err = ol_card_file_read(h->dir, OL_HOME_CARD, out, f);

    if (err)
        return err;
    ol_sign_public(&k->sign, &sign);
    ol_dh_public(&k->agree, &agree);
    if (memcmp(&sign, &out->sign, sizeof sign) == 0 && memcmp(&agree, &out->agree, sizeof agree) == 0)
        return OL_OK;
    *out = (struct ol_card){0};
    ol_fault_set(f, OL_EXIT_MISMATCH, "err.card.keys", "file", OL_HOME_CARD, "keys", OL_HOME_KEYS, NULL);
    return OL_MISMATCH;
}

enum ol_err ol_home_lock(const struct ol_home *h, const char *name, int *fd)
{
    int file = openat(h->dir, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    enum ol_err err;

    *fd = -1;
    if (file < 0)
        return OL_IO;
    if (flock(file, LOCK_EX | LOCK_NB) == 0) {
        *fd = file;
        return OL_OK;
    }
    err = errno == EWOULDBLOCK ? OL_EXISTS : OL_IO;
    close(file);
    return err;
}

enum ol_err ol_home_pid_write(const struct ol_home *h, const char *name)
{
    int fd = openat(h->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written = fd >= 0 && dprintf(fd, "%d\n", (int)getpid()) > 0;

    if (fd >= 0 && close(fd))
        written = false;
    return written ? OL_OK : OL_IO;
}

static pid_t read_pid(const struct ol_home *h, const char *name)
{
    int fd = openat(h->dir, name, O_RDONLY | O_CLOEXEC);
    char text[16] = "";
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    char *end;
    long pid = strtol(text, &end, 10);

    if (fd >= 0)
        close(fd);
    return n > 0 && *end == '\n' && pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

static bool works_here(const struct ol_home *h, pid_t pid)
{
    char cwd[32];
    struct stat there;
    struct stat here;

    snprintf(cwd, sizeof cwd, "/proc/%d/cwd", (int)pid);
    return stat(cwd, &there) == 0 && fstat(h->dir, &here) == 0 && there.st_dev == here.st_dev &&
           there.st_ino == here.st_ino;
}

/* A process that was killed keeps its folder, its lock and even its socket until the system has taken it down. It has
 * the signal pending, or its flags say that it is on its way out (PF_EXITING; proc(5), stat, field 9). */
static bool is_dying(pid_t pid)
{
    char path[32];
    char text[1024];
    const char *field;
    unsigned flags = 0;
    unsigned long long pending = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    f = fopen(path, "re");
    if (f == NULL)
        return true;
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    field = strrchr(text, ')'); /* the name before it may hold anything */
    if (field == NULL || sscanf(field, ") %*c %*d %*d %*d %*d %*d %u", &flags) != 1)
        return true;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    f = fopen(path, "re");
    while (f != NULL && fgets(text, sizeof text, f) != NULL) {
        unsigned long long mask;

        if (sscanf(text, "ShdPnd: %llx", &mask) == 1 || sscanf(text, "SigPnd: %llx", &mask) == 1)
            pending |= mask;
    }
    if (f != NULL)
        fclose(f);
    return (flags & 0x4u) != 0 || (pending >> (SIGKILL - 1) & 1) != 0;
}

bool ol_home_locked(const struct ol_home *h, const char *name)
{
    int fd = openat(h->dir, name, O_RDONLY | O_CLOEXEC);
    bool held;

    if (fd < 0)
        return false;
    held = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
    close(fd); /* lets go of the lock, if it was free */
    return held;
}

/* The lock is looked at last: looking takes it for a moment when it is free, and a program that starts
 * in that moment would think that another one runs. A program writes its number once it has the lock. */
pid_t ol_home_running(const struct ol_home *h, const char *lock, const char *pid_file)
{
    pid_t pid = read_pid(h, pid_file);

    return pid != 0 && works_here(h, pid) && !is_dying(pid) && ol_home_locked(h, lock) ? pid : 0;
}

pid_t ol_home_holder(const struct ol_home *h, const char *lock, const char *pid_file)
{
    return ol_home_locked(h, lock) ? read_pid(h, pid_file) : 0;
}

enum ol_err ol_home_connect(const struct ol_home *h, const char *name, int *fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    enum ol_err err = OL_IO;

    static_assert(sizeof address.sun_path >= OL_HOME_PATH_MAX, "the short path fits");
    *fd = -1;
    if (sock < 0)
        return OL_IO;
    ol_home_path(h, name, address.sun_path);
    if (connect(sock, (const struct sockaddr *)&address, sizeof address) == 0) {
        *fd = sock;
        return OL_OK;
    }
    if (errno == ENOENT || errno == ECONNREFUSED)
        err = OL_ABSENT;
    close(sock);
    return err;
}
