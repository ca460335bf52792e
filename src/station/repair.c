/* SPDX-License-Identifier: Apache-2.0 */
#include "station/repair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "store/place.h"
#include "store/salvage.h"

#define ASIDE_MAX 1000u

/* A line as it was found, and its numbers in the two stores that are made. */
struct found_line {
    struct ol_line_info info;
    int64_t mend;
    int64_t fresh;
};

/*
 * First all that can be read goes into a store of its own, `mend`, in whatever order it comes;
 * from there in its order, and as far as it is whole, into the `fresh` one.
 */
struct work {
    const struct ol_repair *how;
    char mend_path[OL_REPAIR_PATH];
    char fresh_path[OL_REPAIR_PATH];
    struct found_line *line;
    size_t lines;
    struct ol_store *mend;
    struct ol_store *fresh;
    struct ol_record record; /* of the line that is at work */
    const struct found_line *at;
    struct ol_batch_space batch;
    struct ol_store *to;     /* where the batch goes */
    int64_t to_line;
    enum ol_err err;         /* the first */
    /* of the stream that is at work */
    uint8_t author;
    uint32_t head;
    uint32_t above;
};

static bool beside(const struct ol_repair *how, const char *name, char out[static OL_REPAIR_PATH])
{
    const char *slash = strrchr(how->path, '/');
    int len = slash != NULL ? (int)(slash - how->path) + 1 : 0;
    int n = snprintf(out, OL_REPAIR_PATH, "%.*s%s", len, how->path, name);

    return n > 0 && (size_t)n < OL_REPAIR_PATH;
}

static bool log_of(const char *path, char out[static OL_REPAIR_PATH])
{
    int n = snprintf(out, OL_REPAIR_PATH, "%s-wal", path);

    return n > 0 && (size_t)n < OL_REPAIR_PATH;
}

/* ---- Batches ---- */

static void note(struct work *w, enum ol_err err)
{
    if (!w->err)
        w->err = err;
}

static void on_done(void *ctx, uint64_t id, enum ol_err err)
{
    (void)id;
    note(ctx, err);
}

static void flush(struct work *w)
{
    struct ol_batch batch = {.puts = w->batch.puts, .n = w->batch.n};

    if (batch.n > 0 && !w->err) {
        ol_store_commit(w->to, w->to_line, &batch, on_done, w);
        ol_store_poll(w->to);
    }
    ol_batch_clear(&w->batch);
}

static bool put(struct work *w, struct ol_store *to, int64_t line, const struct ol_put *p)
{
    if (to != w->to || line != w->to_line || !ol_batch_fits(&w->batch, 1, p->row.body.len))
        flush(w);
    w->to = to;
    w->to_line = line;
    ol_batch_add(&w->batch, p);
    return !w->err;
}

/* ---- Lines ---- */

static struct found_line *line_by_number(struct work *w, int64_t number)
{
    for (size_t i = 0; i < w->lines; i++) {
        if (w->line[i].info.number == number)
            return &w->line[i];
    }
    return NULL;
}

static bool find_line(void *ctx, const struct ol_line_info *info)
{
    struct work *w = ctx;
    struct found_line *grown;
    struct ol_record_cfg cfg;

    if (line_by_number(w, info->number) != NULL || !w->how->known(w->how->ctx, info, &cfg))
        return true;
    grown = realloc(w->line, (w->lines + 1) * sizeof *grown);
    if (grown == NULL) {
        note(w, OL_NO_ROOM);
        return false;
    }
    w->line = grown;
    w->line[w->lines++] = (struct found_line){.info = *info};
    return true;
}

static int by_number(const void *a, const void *b)
{
    const struct found_line *x = a;
    const struct found_line *y = b;

    return (x->info.number > y->info.number) - (x->info.number < y->info.number);
}

static enum ol_err shelf_at(void *ctx, uint8_t author, uint32_t from, struct ol_row *out)
{
    const struct work *w = ctx;

    return ol_store_row(w->mend, w->at->mend, author, from, out);
}

static enum ol_err shelf_by_hash(void *ctx, uint8_t author, const struct ol_hash *hash, struct ol_row *out)
{
    const struct work *w = ctx;

    return ol_store_row_by_hash(w->mend, w->at->mend, author, hash, out);
}

static void begin_record(struct work *w, const struct found_line *line)
{
    struct ol_record_cfg cfg;

    w->at = line;
    if (!w->how->known(w->how->ctx, &line->info, &cfg)) {
        note(w, OL_MISMATCH);
        return;
    }
    cfg.own_sk = NULL;
    cfg.shelf = (struct ol_shelf){.ctx = w, .at = shelf_at, .by_hash = shelf_by_hash};
    ol_record_init(&w->record, &cfg);
    ol_wipe(&cfg, sizeof cfg);
}

/* ---- The stores that are made ---- */

static void remove_store(const char *path)
{
    char log[OL_REPAIR_PATH];

    ol_place_remove(path);
    if (log_of(path, log))
        ol_place_remove(log);
}

static enum ol_err make_store(const struct work *w, const char *path, struct ol_store **out)
{
    struct ol_store_cfg cfg = {.path = path, .no_thread = true, .views = w->how->views};
    enum ol_err err;

    remove_store(path); /* what an interrupted repair left */
    err = ol_store_create(path);
    return err ? err : ol_store_open(&cfg, out, NULL);
}

static enum ol_err add_line(struct ol_store *s, const struct ol_line_info *found, int64_t *number)
{
    struct ol_line_info info = *found;
    enum ol_err err;

    info.restored = true;
    err = ol_store_line_add(s, &info);
    if (!err && info.revoked)
        err = ol_store_line_revoked(s, info.number);
    *number = info.number;
    return err;
}

static enum ol_err make_stores(struct work *w)
{
    enum ol_err err = make_store(w, w->mend_path, &w->mend);

    if (!err)
        err = make_store(w, w->fresh_path, &w->fresh);
    for (size_t i = 0; i < w->lines && !err; i++) {
        err = add_line(w->mend, &w->line[i].info, &w->line[i].mend);
        if (!err)
            err = add_line(w->fresh, &w->line[i].info, &w->line[i].fresh);
    }
    return err;
}

/* ---- What can be read ---- */

static bool keep_row(void *ctx, int64_t number, const struct ol_row *row, bool is_evidence)
{
    struct work *w = ctx;
    const struct found_line *line = line_by_number(w, number);
    struct ol_put p = {.what = is_evidence ? OL_PUT_EVIDENCE : OL_PUT_ROW, .row = *row};

    if (line == NULL)
        return true;
    if (line != w->at)
        begin_record(w, line);
    if (w->err || ol_record_check_row(&w->record, row))
        return !w->err;
    return is_evidence ? put(w, w->fresh, line->fresh, &p) : put(w, w->mend, line->mend, &p);
}

static bool keep_answered(void *ctx, int64_t number, const struct ol_hash *key)
{
    struct work *w = ctx;
    const struct found_line *line = line_by_number(w, number);

    return line == NULL || put(w, w->fresh, line->fresh, &(struct ol_put){.what = OL_PUT_ANSWERED, .hash = *key});
}

static bool keep_outbox(void *ctx, int64_t number, const struct ol_outbox_item *item)
{
    struct work *w = ctx;
    const struct found_line *line = line_by_number(w, number);
    struct ol_put p = {.what = OL_PUT_OUTBOX, .token = item->token};

    p.row.h.kind = item->kind;
    p.row.h.flags = item->flags;
    p.row.body = item->body;
    return line == NULL || put(w, w->fresh, line->fresh, &p);
}

/* ---- What is whole ---- */

/* A row that does not load is no worse than one that cannot be read. */
static bool load_row(void *ctx, const struct ol_row *row)
{
    struct work *w = ctx;

    if (ol_record_load(&w->record, row) == OL_OK)
        w->head = ol_record_stream(&w->record, w->author)->head;
    return true;
}

/* Above the head only what stands there by its own seal, and only of the other side's: it sends the rest again. Of our own
 * it gives back all. */
static bool copy_row(void *ctx, const struct ol_row *row)
{
    struct work *w = ctx;
    bool own = row->h.author == w->record.cfg.own;

    if (row->h.seq > w->head && (own || !row->sealed)) {
        w->above++;
        return true;
    }
    return put(w, w->fresh, w->at->fresh, &(struct ol_put){.what = OL_PUT_ROW, .row = *row});
}

static void copy_stream(struct work *w, uint8_t author)
{
    w->author = author;
    w->head = w->above = 0;
    note(w, ol_store_scan(w->mend, w->at->mend, author, 1, load_row, w));
    if (!w->err)
        note(w, ol_store_scan(w->mend, w->at->mend, author, 1, copy_row, w));
    flush(w);
    if (!w->err && w->how->told != NULL)
        w->how->told(w->how->ctx, &w->at->info, author, w->head, w->above);
}

static enum ol_err rebuild(struct work *w)
{
    const struct ol_salvage lines = {.ctx = w, .line = find_line};
    const struct ol_salvage rest = {.ctx = w, .row = keep_row, .answered = keep_answered, .outbox = keep_outbox};

    note(w, ol_store_salvage(w->how->path, &lines));
    if (!w->err && w->lines == 0)
        note(w, OL_MISMATCH);
    if (w->err)
        return w->err;
    qsort(w->line, w->lines, sizeof w->line[0], by_number);
    note(w, make_stores(w));
    if (!w->err)
        note(w, ol_store_salvage(w->how->path, &rest));
    flush(w);
    if (!w->err)
        note(w, ol_store_book_rescue(w->fresh, w->how->path));
    for (size_t i = 0; i < w->lines && !w->err; i++) {
        begin_record(w, &w->line[i]);
        for (uint8_t author = 'A'; author <= 'B' && !w->err; author++)
            copy_stream(w, author);
    }
    return w->err;
}

/* ---- Into its place ---- */

/* When there is a repaired record, whatever had become of the other: that goes aside, with its log, before this takes its
 * name, or the log would be taken for this one's. */
static enum ol_err install(const struct ol_repair *how, const char *repaired, struct ol_repaired *out)
{
    char from[OL_REPAIR_PATH];
    char to[OL_REPAIR_PATH];
    char name[32];
    const char *why;
    enum ol_err err = OL_EXISTS;

    if (ol_place_look(repaired, &why) != OL_OK)
        return OL_OK;
    for (unsigned n = 1; err && n < ASIDE_MAX; n++) {
        snprintf(name, sizeof name, "damaged-%u.db", n);
        if (!beside(how, name, out->aside))
            return OL_IO;
        err = ol_place_look(out->aside, &why) == OL_ABSENT ? OL_OK : OL_EXISTS;
    }
    if (err || !log_of(how->path, from) || !log_of(out->aside, to))
        return OL_IO;
    err = ol_place_rename(from, to);
    if (err == OL_OK || err == OL_ABSENT)
        err = ol_place_rename(how->path, out->aside);
    if (err == OL_OK || err == OL_ABSENT)
        err = ol_place_settle(how->path);
    if (!err)
        err = ol_place_rename(repaired, how->path);
    return err ? err : ol_place_settle(how->path);
}

static enum ol_err repair(const struct ol_repair *how, const char *repaired)
{
    struct work *w = calloc(1, sizeof *w);
    enum ol_err err;

    if (w == NULL)
        return OL_NO_ROOM;
    w->how = how;
    err = beside(how, "record.mend", w->mend_path) && beside(how, "record.fresh", w->fresh_path) ? rebuild(w) : OL_IO;
    ol_store_close(&w->mend);
    ol_store_close(&w->fresh); /* its log goes into it */
    remove_store(w->mend_path);
    if (!err)
        err = ol_place_rename(w->fresh_path, repaired);
    else
        remove_store(w->fresh_path);
    free(w->line);
    ol_wipe(w, sizeof *w);
    free(w);
    return err ? err : ol_place_settle(how->path);
}

enum ol_err ol_repair(const struct ol_repair *r, struct ol_repaired *out)
{
    struct ol_damage damage = {0};
    char repaired[OL_REPAIR_PATH];
    enum ol_err err;

    *out = (struct ol_repaired){0};
    if (!beside(r, "record.repaired", repaired))
        return OL_IO;
    err = install(r, repaired, out);
    if (!err)
        err = ol_store_damage(r->path, &damage);
    if (err == OL_ABSENT || err == OL_MALFORMED)
        return OL_OK;
    if (err || damage.damaged == 0)
        return err;
    out->pages = damage.pages;
    out->damaged = damage.damaged;
    err = repair(r, repaired);
    return err ? err : install(r, repaired, out);
}
