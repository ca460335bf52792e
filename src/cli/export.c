/* SPDX-License-Identifier: Apache-2.0 */
/* export: the record of a line in a file for people who have no station. */
#include "proof/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "station/setup.h"

#define COPY "export.db" /* in the home, while an export is being written */

static bool count_row(void *ctx, const struct ol_row *row)
{
    (void)row;
    ++*(uint32_t *)ctx;
    return true;
}

static bool to_file(void *ctx, struct ol_span bytes)
{
    return fwrite(bytes.p, 1, bytes.len, ctx) == bytes.len;
}

static bool put_row(void *ctx, const struct ol_row *row)
{
    struct ol_export_writer *w = ctx;

    return ol_export_row(w, row) == OL_OK;
}

struct exporting {
    struct ol_line_info line;
    struct ol_line_keys keys;
    uint32_t entries[2];
};

static enum ol_err put_rows(struct ol_store *s, struct exporting *x, FILE *file)
{
    struct ol_export_writer w;
    struct ol_parties parties;
    enum ol_err err = ol_parties_set(&parties, &x->line.id0,
                                     ol_span(x->line.own_card, x->line.own_card_len),
                                     ol_span(x->line.peer_card, x->line.peer_card_len));

    for (unsigned i = 0; !err && i < 2; i++)
        err = ol_store_scan(s, x->line.number, (uint8_t)('A' + i), 1, count_row, &x->entries[i]);
    if (!err)
        err = ol_export_begin(&w, &parties, &x->keys.salt, x->entries, to_file, file);
    for (unsigned i = 0; !err && i < 2; i++)
        err = ol_store_scan(s, x->line.number, (uint8_t)('A' + i), 1, put_row, &w);
    return err ? err : ol_export_end(&w);
}

static enum ol_err write_file(struct ol_store *s, struct exporting *x, const char *name,
                              struct ol_fault *f)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); /* it holds every text */
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    enum ol_err err = OL_IO;
    bool written;

    if (file != NULL) {
        err = put_rows(s, x, file);
        written = fflush(file) == 0 && fsync(fd) == 0;
        if (fclose(file) || !written)
            err = err ? err : OL_IO;
    }
    if (err == OL_IO)
        ol_fault_set(f, OL_EXIT_FAILED, "err.file.io", "file", name, "detail", strerror(errno), NULL);
    else if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.export.rows", "line", x->line.name, "detail",
                     ol_err_text(err), NULL);
    return err;
}

/* A file of that name is whole, or as it was before. */
static enum ol_err replace_file(struct ol_store *s, struct exporting *x, const char *name,
                                struct ol_fault *f)
{
    char *temp = NULL;
    enum ol_err err;

    if (asprintf(&temp, "%s.new", name) < 0) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.memory", NULL);
        return OL_NO_ROOM;
    }
    err = write_file(s, x, temp, f);
    if (!err && rename(temp, name)) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.file.io", "file", name, "detail", strerror(errno), NULL);
        err = OL_IO;
    }
    if (err)
        unlink(temp);
    free(temp);
    return err;
}

static enum ol_err find_keys(const struct ol_home *h, struct exporting *x, struct ol_fault *f)
{
    struct ol_keyring keyring;
    const struct ol_line_keys *keys;
    enum ol_err err = ol_home_keys_read(h, &keyring, f);

    if (err)
        return err;
    keys = ol_keyring_find(&keyring, &x->line.id);
    if (keys != NULL)
        x->keys = *keys;
    ol_keyring_fini(&keyring);
    if (keys != NULL)
        return OL_OK;
    ol_fault_set(f, OL_EXIT_FAILED, "err.line.keys", "line", x->line.name, NULL);
    return OL_ABSENT;
}

/* The two streams go on being written while they are read, and what one names of the other must be in
 * the file: so it is made from a copy of one moment. */
static enum ol_err open_copy(const struct ol_home *h, struct ol_store **copy, struct ol_fault *f)
{
    struct ol_store *live = NULL;
    char path[OL_HOME_PATH_MAX];
    const char *why = NULL;
    enum ol_err err = ol_setup_store_open(h, true, &live, f);

    if (err)
        return err;
    ol_home_path(h, COPY, path);
    unlinkat(h->dir, COPY, 0); /* what an interrupted export left */
    err = ol_store_backup(live, path);
    if (!err)
        err = ol_store_open(&(struct ol_store_cfg){.path = path, .read_only = true}, copy, &why);
    if (err) {
        if (why == NULL)
            why = ol_store_why(live);
        ol_fault_set(f, OL_EXIT_FAILED, "err.export.copy", "detail",
                     *why != '\0' ? why : ol_err_text(err), NULL);
    }
    ol_store_close(&live);
    return err;
}

static enum ol_err export_line(const struct ol_home *h, const char *name, const char *file,
                               struct exporting *x, struct ol_fault *f)
{
    struct ol_store *copy = NULL;
    enum ol_err err = open_copy(h, &copy, f);

    if (!err)
        err = ol_setup_line_find(copy, name, &x->line, f);
    if (!err)
        err = find_keys(h, x, f);
    if (!err)
        err = replace_file(copy, x, file, f);
    ol_store_close(&copy);
    unlinkat(h->dir, COPY, 0);
    return err;
}

static enum ol_err export_locked(const struct ol_cli *c, const char *file, struct exporting *x,
                                 struct ol_fault *f)
{
    struct ol_home h;
    int lock = -1;
    enum ol_err err = ol_home_open(c->home, &h, f);

    if (err)
        return err;
    err = ol_home_lock(&h, OL_HOME_SETUP_LOCK, &lock);
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, err == OL_EXISTS ? "err.setup.busy" : "err.setup.lock", "file",
                     OL_HOME_SETUP_LOCK, NULL);
    else
        err = export_line(&h, c->args.operand[0], file, x, f);
    if (lock >= 0)
        close(lock);
    ol_home_close(&h);
    return err;
}

enum ol_exit ol_cmd_export(const struct ol_cli *c)
{
    const char *file = ol_args_value(&c->args, "output");
    struct exporting x = {0};
    char entries[24];
    struct ol_fault f;
    enum ol_err err = OL_MALFORMED;

    if (file == NULL)
        ol_fault_set(&f, OL_EXIT_USAGE, "err.usage.needs", "command", "export", "option", "-o", NULL);
    else
        err = export_locked(c, file, &x, &f);
    ol_wipe(&x.keys, sizeof x.keys);
    if (err)
        return ol_cmd_fail(&f);
    snprintf(entries, sizeof entries, "%llu", (unsigned long long)x.entries[0] + x.entries[1]);
    ol_print(stderr, "say.export", "file", file, "entries", entries, "line", x.line.name, NULL);
    if (c->json)
        ol_print_json(json_pack("{s:i,s:s,s:s,s:I}", "schema", 1, "line", x.line.name, "file", file,
                                "entries", (json_int_t)x.entries[0] + x.entries[1]));
    return OL_EXIT_DONE;
}
