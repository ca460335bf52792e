/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kept views: what the entries about one message come to, so that nobody has to fold them again to know. A message about
 * which there is nothing has no row. All of it can be dropped and made again from the entries; the row with key 0 says
 * by which fold it was made.
 */
#include "store/sqlite.h"

#include <string.h>

#define MADE_BY 0 /* the key of no entry */

struct fold {
    struct ol_conn *c;
    size_t acts;
    enum ol_err err;
};

static bool next_act(void *ctx, unsigned side, struct ol_row *row)
{
    struct fold *f = ctx;
    sqlite3_stmt *q = f->c->q[Q_FOLD_A + side];
    int rc = f->err ? SQLITE_DONE : sqlite3_step(q);

    if (rc == SQLITE_ROW)
        f->err = ol_row_from(q, row);
    else if (rc != SQLITE_DONE)
        f->err = ol_conn_read_failed(f->c);
    f->acts += rc == SQLITE_ROW;
    return rc == SQLITE_ROW && !f->err;
}

static void bind_acts(struct ol_conn *c, int64_t key)
{
    int64_t line = key >> 33;

    for (unsigned side = 0; side < 2; side++) {
        uint8_t author = (uint8_t)('A' + side);

        sqlite3_bind_int64(c->q[Q_FOLD_A + side], 1, key);
        sqlite3_bind_int64(c->q[Q_FOLD_A + side], 2, entry_key(line, author, 0));
        sqlite3_bind_int64(c->q[Q_FOLD_A + side], 3, entry_key(line, author, UINT32_MAX));
    }
}

static void end_acts(struct ol_conn *c)
{
    sqlite3_reset(c->q[Q_FOLD_A]);
    sqlite3_reset(c->q[Q_FOLD_B]);
}

enum ol_err ol_store_fold(struct ol_store *s, int64_t line, uint8_t author, uint32_t seq,
                          void (*fold)(void *ctx, ol_next_row_fn *next, void *from), void *ctx)
{
    struct fold f = {.c = &s->reader};

    if (s->dead)
        return OL_STORE;
    bind_acts(&s->reader, entry_key(line, author, seq));
    fold(ctx, next_act, &f);
    end_acts(&s->reader);
    return f.err;
}

/* What the entries about one message come to; no bytes when there are none, or no such message. */
static enum ol_err fold(struct ol_conn *c, const struct ol_views *v, int64_t key, uint8_t out[OL_VIEW_MAX], size_t *len)
{
    struct fold f = {.c = c};
    sqlite3_stmt *q = c->q[Q_FOLD_ROW];
    struct ol_row message;
    int rc;

    *len = 0;
    sqlite3_bind_int64(q, 1, key);
    rc = sqlite3_step(q);
    if (rc == SQLITE_ROW && !(f.err = ol_row_from(q, &message)) && v->begins(message.h.kind)) {
        bind_acts(c, key);
        *len = v->fold(&message, next_act, &f, out);
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        f.err = ol_conn_read_failed(c);
    sqlite3_reset(q);
    end_acts(c);
    if (f.err || f.acts == 0)
        *len = 0;
    return f.err;
}

static enum ol_err put(struct ol_conn *c, int64_t key, const void *bytes, size_t len)
{
    sqlite3_bind_int64(c->q[Q_VIEW_PUT], 1, key);
    ol_bind_bytes(c->q[Q_VIEW_PUT], 2, bytes, len);
    return ol_conn_run(c->q[Q_VIEW_PUT]) ? OL_OK : ol_conn_write_failed(c);
}

enum ol_err ol_view_keep_of(struct ol_writer *w, int64_t key)
{
    uint8_t view[OL_VIEW_MAX];
    size_t len;
    enum ol_err err = fold(&w->conn, w->views, key, view, &len);

    return err || len == 0 ? err : put(&w->conn, key, view, len);
}

/* The last of a stream that something is about, 0 if there is none: new messages, which come after it, need no look. */
static int64_t last_about(struct ol_conn *c, int64_t line, uint8_t author)
{
    sqlite3_stmt *q = c->q[Q_ABOUT_LAST];
    int64_t key = 0;

    sqlite3_bind_int64(q, 1, entry_key(line, author, 0));
    sqlite3_bind_int64(q, 2, entry_key(line, author, UINT32_MAX));
    if (sqlite3_step(q) == SQLITE_ROW)
        key = sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    return key;
}

enum ol_err ol_view_keep(struct ol_writer *w, const struct ol_batch *batch, int64_t line)
{
    int64_t about_last[2] = {NO_KEY, NO_KEY};
    int64_t last = NO_KEY;
    enum ol_err err = OL_OK;

    for (size_t i = 0; w->views != NULL && i < batch->n && !err; i++) {
        const struct ol_row *row = &batch->puts[i].row;
        int64_t *about = &about_last[row->h.author == 'B'];
        int64_t key;

        if (batch->puts[i].what != OL_PUT_ROW)
            continue;
        key = ol_about(w, line, row);
        if (key != NO_KEY && key != last)
            err = ol_view_keep_of(w, last = key);
        /* What is about a message may have come before it. */
        key = entry_key(line, row->h.author, row->h.seq);
        if (err || !w->views->begins(row->h.kind))
            continue;
        if (*about == NO_KEY)
            *about = last_about(&w->conn, line, row->h.author);
        if (key <= *about)
            err = ol_view_keep_of(w, key);
    }
    return err;
}

/* ---- All of them ---- */

/* Gives each message that something is about; 0 ends. */
static int64_t next_message(struct ol_conn *c, int64_t after)
{
    sqlite3_stmt *q = c->q[Q_ABOUT_NEXT];
    int64_t key = 0;

    sqlite3_bind_int64(q, 1, after);
    if (sqlite3_step(q) == SQLITE_ROW)
        key = sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    return key;
}

enum ol_err ol_view_rebuild(struct ol_writer *w)
{
    struct ol_conn *c = &w->conn;
    enum ol_err err = ol_conn_run(c->q[Q_VIEW_CLEAR]) ? OL_OK : ol_conn_write_failed(c);

    for (int64_t key = 0; !err && (key = next_message(c, key)) > 0;)
        err = ol_view_keep_of(w, key);
    return err ? err : put(c, MADE_BY, &w->views->version, 1);
}

static bool made_by(struct ol_conn *c, uint8_t version)
{
    sqlite3_stmt *q = c->q[Q_VIEW];
    bool same;

    sqlite3_bind_int64(q, 1, MADE_BY);
    same = sqlite3_step(q) == SQLITE_ROW && sqlite3_column_bytes(q, 0) == 1 &&
           *(const uint8_t *)sqlite3_column_blob(q, 0) == version;
    sqlite3_reset(q);
    return same;
}

enum ol_err ol_view_start(struct ol_writer *w)
{
    enum ol_err err;

    if (w->views == NULL || made_by(&w->conn, w->views->version))
        return OL_OK;
    if (!ol_conn_run(w->conn.q[Q_BEGIN]))
        return ol_conn_write_failed(&w->conn);
    err = ol_view_rebuild(w);
    if (!err && ol_conn_run(w->conn.q[Q_COMMIT]))
        return OL_OK;
    err = err ? err : ol_conn_write_failed(&w->conn);
    if (!ol_conn_run(w->conn.q[Q_ROLLBACK]))
        return ol_conn_write_failed(&w->conn);
    return err;
}

/* A kept row of the reader: OL_VIEW_MAX bytes at most; none when there is none. */
static enum ol_err kept(struct ol_conn *c, int64_t key, uint8_t out[OL_VIEW_MAX], size_t *len)
{
    sqlite3_stmt *q = c->q[Q_VIEW];
    enum ol_err err = OL_OK;
    int rc;

    *len = 0;
    sqlite3_bind_int64(q, 1, key);
    rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(q, 0);
        size_t n = (size_t)sqlite3_column_bytes(q, 0);

        if (bytes == NULL || n > OL_VIEW_MAX)
            err = OL_MALFORMED;
        else
            memcpy(out, bytes, *len = n);
    } else if (rc != SQLITE_DONE) {
        err = ol_conn_read_failed(c);
    }
    sqlite3_reset(q);
    return err;
}

enum ol_err ol_store_view(struct ol_store *s, int64_t line, uint8_t author, uint32_t seq, uint8_t out[OL_VIEW_MAX],
                          size_t *len)
{
    enum ol_err err = s->dead ? OL_STORE : kept(&s->reader, entry_key(line, author, seq), out, len);

    return !err && *len == 0 ? OL_ABSENT : err;
}

static enum ol_err compare(struct ol_store *s, const struct ol_views *v, int64_t key, bool *same)
{
    uint8_t is[OL_VIEW_MAX];
    uint8_t should[OL_VIEW_MAX];
    size_t is_len;
    size_t should_len;
    enum ol_err err = kept(&s->reader, key, is, &is_len);

    if (!err)
        err = fold(&s->reader, v, key, should, &should_len);
    *same = !err && is_len == should_len && memcmp(is, should, is_len) == 0;
    return err;
}

/* Rows kept of what nothing is about. */
static size_t strays(struct ol_conn *c)
{
    int64_t n = 0;

    return ol_conn_number(c, "SELECT count(*) FROM view WHERE key <> 0 AND key NOT IN"
                             " (SELECT about FROM entry WHERE about IS NOT NULL)", &n) ? (size_t)n : 0;
}

enum ol_err ol_store_views_check(struct ol_store *s, const struct ol_views *v, size_t *checked, size_t *differ)
{
    enum ol_err err = s->dead ? OL_STORE : OL_OK;

    *checked = 0;
    *differ = 0;
    if (!err && !made_by(&s->reader, v->version))
        ++*differ;
    for (int64_t key = 0; !err && (key = next_message(&s->reader, key)) > 0;) {
        bool same;

        err = compare(s, v, key, &same);
        ++*checked;
        *differ += !same;
    }
    *differ += strays(&s->reader);
    return err;
}
