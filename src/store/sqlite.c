/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/place.h"
#include "store/sum.h"

static enum ol_err fill_new(const char *path)
{
    struct ol_conn c = {0};
    enum ol_err err = OL_STORE;

    if (sqlite3_open_v2(path, &c.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, ol_sum_files()) == SQLITE_OK)
        err = ol_schema_migrate(&c);
    ol_conn_close(&c);
    return err ? err : ol_place_settle(path);
}

enum ol_err ol_store_create(const char *path)
{
    enum ol_err err = ol_place_make(path);

    if (err)
        return err;
    err = fill_new(path);
    if (err)
        ol_place_remove(path);
    return err;
}

/* A reader finds an older schema: whoever may write lets it climb first. */
static enum ol_err open_reader(struct ol_conn *c, const char *path)
{
    struct ol_conn writer = {0};
    enum ol_err err = ol_conn_open(c, path, CONN_READ);

    if (!err || c->db == NULL || !ol_schema_is_old(c))
        return err;
    ol_conn_close(c);
    err = ol_conn_open(&writer, path, CONN_WRITE);
    memcpy(c->why, writer.why, sizeof c->why);
    ol_conn_close(&writer);
    return err ? err : ol_conn_open(c, path, CONN_READ);
}

enum ol_err ol_store_open(const struct ol_store_cfg *cfg, struct ol_store **out, const char **why)
{
    static _Thread_local char words[WHY_MAX];
    struct ol_store *s = calloc(1, sizeof *s);
    const char *seen = "out of memory";
    enum ol_err err = OL_STORE;

    if (s != NULL)
        err = ol_place_look(cfg->path, &seen);
    snprintf(words, sizeof words, "%s", seen);
    if (!err && !cfg->read_only)
        err = ol_worker_start(cfg, &s->worker, words);
    if (!err) {
        err = open_reader(&s->reader, cfg->path);
        memcpy(words, s->reader.why, sizeof words);
    }
    if (err)
        ol_store_close(&s);
    *out = s;
    if (why != NULL)
        *why = words;
    return err;
}

/* The writing connection is the last to close, for the engine then moves the log into the main file. */
void ol_store_close(struct ol_store **s)
{
    if (*s == NULL)
        return;
    ol_conn_close(&(*s)->reader);
    ol_worker_stop((*s)->worker);
    free(*s);
    *s = NULL;
}

/* Does one job while the caller stands still. */
static enum ol_err do_now(struct ol_store *s, struct ol_job *job)
{
    enum ol_err err;

    if (s->worker == NULL)
        return OL_UNEXPECTED;
    err = s->dead ? OL_STORE : ol_worker_wait(s->worker, job, s->why);
    s->dead |= err == OL_STORE;
    return err;
}

static enum ol_err add(struct ol_store *s, struct ol_line_info *info,
                       enum ol_err (*run)(struct ol_writer *, struct ol_job *))
{
    struct ol_job job = {.run = run, .info = info};
    enum ol_err err = do_now(s, &job);

    if (!err)
        info->number = job.line;
    return err;
}

enum ol_err ol_store_line_add(struct ol_store *s, struct ol_line_info *info)
{
    return add(s, info, ol_write_line);
}

enum ol_err ol_store_line_succeed(struct ol_store *s, struct ol_line_info *info)
{
    return add(s, info, ol_write_successor);
}

enum ol_err ol_store_line_compared(struct ol_store *s, int64_t number)
{
    return do_now(s, &(struct ol_job){.run = ol_write_compared, .line = number});
}

enum ol_err ol_store_line_restored(struct ol_store *s, int64_t number)
{
    return do_now(s, &(struct ol_job){.run = ol_write_restored, .line = number});
}

enum ol_err ol_store_line_off_record(struct ol_store *s, int64_t number, bool allowed)
{
    struct ol_line_info info = {.off_record = allowed};

    return do_now(s, &(struct ol_job){.run = ol_write_off_record, .line = number, .info = &info});
}

enum ol_err ol_store_line_revoked(struct ol_store *s, int64_t number)
{
    return do_now(s, &(struct ol_job){.run = ol_write_revoked, .line = number});
}

enum ol_err ol_store_views_rebuild(struct ol_store *s)
{
    return do_now(s, &(struct ol_job){.run = ol_write_views});
}

enum ol_err ol_store_book_append(struct ol_store *s, const struct ol_leaf_row *leaf)
{
    return do_now(s, &(struct ol_job){.run = ol_write_leaf, .leaf = leaf});
}

enum ol_err ol_store_book_rescue(struct ol_store *s, const char *from)
{
    return do_now(s, &(struct ol_job){.run = ol_write_rescued, .from = from});
}

static enum ol_err no_memory(struct ol_writer *w, struct ol_job *job)
{
    (void)job;
    snprintf(w->conn.why, sizeof w->conn.why, "out of memory");
    return OL_STORE;
}

void ol_store_commit(struct ol_store *s, int64_t line, const struct ol_batch *batch, ol_commit_fn *done,
                     void *ctx)
{
    struct ol_job *job = calloc(1, sizeof *job);
    bool spare = job == NULL;

    assert(s->worker != NULL);
    if (spare && s->spare.run != NULL)
        return; /* that STORE, which ends the program, is under way already */
    if (spare)
        job = &s->spare;
    *job = (struct ol_job){.run = spare ? no_memory : ol_write_batch,
                           .batch = *batch, .line = line, .done = done, .ctx = ctx, .spare = spare};
    ol_worker_hand(s->worker, job);
}

static void looked(void *ctx, uint64_t batch, enum ol_err err)
{
    (void)ctx;
    (void)batch;
    (void)err; /* a STORE is the store's own */
}

void ol_store_look(struct ol_store *s)
{
    struct ol_job *job = calloc(1, sizeof *job);

    if (job == NULL)
        return; /* another time */
    *job = (struct ol_job){.run = ol_write_look, .done = looked};
    ol_worker_hand(s->worker, job);
}

int ol_store_fd(const struct ol_store *s)
{
    return s->worker != NULL ? ol_worker_fd(s->worker) : -1;
}

void ol_store_poll(struct ol_store *s)
{
    char why[WHY_MAX];

    if (s->worker == NULL)
        return;
    for (struct ol_job *job = ol_worker_ended(s->worker, why), *next; job != NULL; job = next) {
        next = job->next;
        if (job->err)
            memcpy(s->why, why, sizeof s->why);
        s->dead |= job->err == OL_STORE;
        job->done(job->ctx, job->batch.id, job->err);
        ol_job_free(job);
    }
}

bool ol_store_failed(const struct ol_store *s)
{
    return s->dead;
}

const char *ol_store_why(const struct ol_store *s)
{
    return s->why;
}

/* The copy keeps no log beside it: one file that can be read from a medium that cannot be written. */
static enum ol_err copy_to(struct ol_store *s, const char *to)
{
    struct ol_conn c = {0};
    sqlite3_backup *backup = NULL;
    enum ol_err err = OL_OK;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    bool ok = sqlite3_open_v2(to, &c.db, flags, ol_sum_files()) == SQLITE_OK &&
              ol_conn_exec(&c, "PRAGMA cache_size = -512; PRAGMA synchronous = FULL") &&
              (backup = sqlite3_backup_init(c.db, "main", s->reader.db, "main")) != NULL;

    if (ok)
        sqlite3_backup_step(backup, -1);
    ok = ok && sqlite3_backup_finish(backup) == SQLITE_OK;
    if (!ok || !ol_conn_exec(&c, "PRAGMA journal_mode = DELETE")) {
        err = ol_conn_write_failed(&c);
        memcpy(s->why, c.why, sizeof s->why);
    }
    ol_conn_close(&c);
    return err ? err : ol_place_settle(to);
}

enum ol_err ol_store_backup(struct ol_store *s, const char *to)
{
    enum ol_err err = s->dead ? OL_STORE : ol_place_make(to);

    if (err)
        return err;
    err = copy_to(s, to);
    if (err)
        ol_place_remove(to);
    return err == OL_STORE ? OL_IO : err;
}
