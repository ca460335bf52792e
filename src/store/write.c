/* SPDX-License-Identifier: Apache-2.0 */
/* What a job writes. The worker has begun a transaction and ends it by what these return. */
#include "store/sqlite.h"

#include <string.h>

#include "store/salvage.h"

static enum ol_err run(struct ol_conn *c, enum query which)
{
    return ol_conn_run(c->q[which]) ? OL_OK : ol_conn_write_failed(c);
}

/* Whether there is a row, and up to two of its columns. */
static enum ol_err look(struct ol_conn *c, enum query which, bool *there, int64_t out[])
{
    sqlite3_stmt *q = c->q[which];

    *there = sqlite3_step(q) == SQLITE_ROW;
    for (int i = 0; *there && out != NULL && i < sqlite3_column_count(q); i++)
        out[i] = sqlite3_column_int64(q, i);
    return sqlite3_reset(q) == SQLITE_OK ? OL_OK : ol_conn_write_failed(c);
}

/* After an insert that leaves alone what is there: that must then be the same. */
static enum ol_err same(struct ol_conn *c, enum query which)
{
    bool there;
    enum ol_err err = look(c, which, &there, NULL);

    return !err && !there ? OL_MALFORMED : err;
}

static void bind_row(sqlite3_stmt *q, int64_t key, const struct ol_row *row)
{
    const struct ol_header *h = &row->h;

    sqlite3_bind_int64(q, 1, key);
    sqlite3_bind_int(q, 2, h->kind);
    sqlite3_bind_int(q, 3, h->flags);
    sqlite3_bind_int64(q, 4, h->xseq);
    sqlite3_bind_int64(q, 5, h->time);
    sqlite3_bind_int(q, 6, row->marks);
    sqlite3_bind_int64(q, 7, row->stored_at);
    ol_bind_bytes(q, 8, row->hash.b, sizeof row->hash.b);
    ol_bind_bytes(q, 9, h->prev.b, sizeof h->prev.b);
    ol_bind_bytes(q, 10, h->xhash.b, sizeof h->xhash.b);
    ol_bind_bytes(q, 11, h->commitment.b, sizeof h->commitment.b);
    if (row->sealed)
        ol_bind_bytes(q, 12, row->seal.b, sizeof row->seal.b);
    else
        sqlite3_bind_null(q, 12);
    ol_bind_bytes(q, 13, row->body.p, row->body.len);
}

static void bind_named(sqlite3_stmt *q, int64_t stream, uint32_t xseq)
{
    sqlite3_bind_int64(q, 1, stream);
    sqlite3_bind_int64(q, 2, xseq);
}

/* Takes away the steps of the staircase that now stand behind a lower seq with no lower xseq. There are
 * such only when an early entry came before this one, or after a resume that lowered xseq. */
static enum ol_err drop_behind(struct ol_conn *c, int64_t stream, const struct ol_header *h)
{
    int64_t step[2] = {0};
    bool there;
    enum ol_err err;

    bind_named(c->q[Q_NAMED_TO], stream, h->xseq);
    while (!(err = look(c, Q_NAMED_TO, &there, step)) && there && step[0] > h->seq) {
        bind_named(c->q[Q_NAMED_DROP], stream, (uint32_t)step[1]);
        if ((err = run(c, Q_NAMED_DROP)))
            break;
    }
    return err;
}

static enum ol_err insert_named(struct ol_conn *c, enum query which, int64_t stream,
                                const struct ol_header *h)
{
    bind_named(c->q[which], stream, h->xseq);
    sqlite3_bind_int64(c->q[which], 3, h->seq);
    return run(c, which);
}

/* Adds a step unless a lower seq names as much. */
static enum ol_err put_step(struct ol_conn *c, int64_t stream, const struct ol_header *h)
{
    int64_t first[2] = {0};
    bool there;
    enum ol_err err;

    bind_named(c->q[Q_NAMED_FROM], stream, h->xseq);
    err = look(c, Q_NAMED_FROM, &there, first);
    if (err || (there && first[0] < h->seq))
        return err;
    err = drop_behind(c, stream, h);
    return err ? err : insert_named(c, Q_NAMED_PUT, stream, h);
}

static enum ol_err put_named(struct ol_writer *w, int64_t stream, const struct ol_row *row)
{
    const struct ol_header *h = &row->h;
    struct ol_named *last = &w->named[stream & 1];

    if (h->xseq == 0 || row->marks & OL_ROW_CLAIM)
        return OL_OK;
    if (h->flags & OL_FLAG_ALONE)
        return insert_named(&w->conn, Q_NAMED_ALONE, stream, h);
    if (h->seq > last->seq && h->xseq <= last->xseq)
        return OL_OK;
    *last = (struct ol_named){h->xseq, h->seq};
    return put_step(&w->conn, stream, h);
}

/* Entries of the other stream may have named this one before it was here, as when our own are taken back: what they claim
 * holds now. What such an entry is about is folded again, since claims say in which order. */
static enum ol_err claims_hold(struct ol_writer *w, int64_t line, const struct ol_row *row)
{
    uint8_t other = (uint8_t)('A' + 'B' - row->h.author);
    sqlite3_stmt *q = w->conn.q[Q_CLAIM];
    int64_t found[3] = {0}; /* its key, its flags, what it is about: 0 for nothing */
    bool there;
    enum ol_err err;

    ol_bind_bytes(q, 1, row->hash.b, sizeof row->hash.b);
    sqlite3_bind_int64(q, 2, row->h.seq);
    sqlite3_bind_int64(q, 3, entry_key(line, other, 0));
    sqlite3_bind_int64(q, 4, entry_key(line, other, UINT32_MAX));
    while (!(err = look(&w->conn, Q_CLAIM, &there, found)) && there) {
        struct ol_row claim = {.h = {.author = other, .seq = (uint32_t)found[0], .xseq = row->h.seq,
                                     .flags = (uint8_t)found[1]}};

        sqlite3_bind_int64(w->conn.q[Q_CLAIM_HOLDS], 1, found[0]);
        err = run(&w->conn, Q_CLAIM_HOLDS);
        if (!err)
            err = put_named(w, found[0] >> 32, &claim);
        if (!err && found[2] != 0)
            err = ol_view_keep_of(w, found[2]);
        if (err)
            break;
    }
    return err;
}

int64_t ol_about(const struct ol_writer *w, int64_t line, const struct ol_row *row)
{
    uint8_t author = 0;
    uint32_t seq = 0;

    if (w->views != NULL)
        w->views->refer(row, &author, &seq);
    return seq > 0 ? entry_key(line, author, seq) : NO_KEY;
}

static enum ol_err put_row(struct ol_writer *w, int64_t line, const struct ol_row *row)
{
    struct ol_conn *c = &w->conn;
    int64_t key = entry_key(line, row->h.author, row->h.seq);
    int64_t message = ol_about(w, line, row);
    enum ol_err err;

    bind_row(c->q[Q_PUT_ROW], key, row);
    if (message == NO_KEY)
        sqlite3_bind_null(c->q[Q_PUT_ROW], 14);
    else
        sqlite3_bind_int64(c->q[Q_PUT_ROW], 14, message);
    err = run(c, Q_PUT_ROW);
    if (err)
        return err;
    if (sqlite3_changes(c->db) > 0) {
        w->claims |= (row->marks & OL_ROW_CLAIM) != 0;
        err = put_named(w, key >> 32, row);
        return err || !w->claims ? err : claims_hold(w, line, row);
    }
    sqlite3_bind_int64(c->q[Q_SAME_ROW], 1, key);
    ol_bind_bytes(c->q[Q_SAME_ROW], 2, row->hash.b, sizeof row->hash.b);
    return same(c, Q_SAME_ROW);
}

static enum ol_err put_answered(struct ol_conn *c, int64_t line, const struct ol_hash *key)
{
    enum ol_err err;

    sqlite3_bind_int64(c->q[Q_PUT_ANSWERED], 1, line);
    ol_bind_bytes(c->q[Q_PUT_ANSWERED], 2, key->b, sizeof key->b);
    sqlite3_bind_int64(c->q[Q_DROP_ANSWERED], 1, line);
    sqlite3_bind_int64(c->q[Q_DROP_ANSWERED], 2, OL_ANSWERED);
    err = run(c, Q_PUT_ANSWERED);
    return err ? err : run(c, Q_DROP_ANSWERED);
}

static void bind_item(sqlite3_stmt *q, int64_t line, const struct ol_put *put)
{
    sqlite3_bind_int64(q, 1, line);
    sqlite3_bind_int64(q, 2, (int64_t)put->token);
    sqlite3_bind_int(q, 3, put->row.h.kind);
    sqlite3_bind_int(q, 4, put->row.h.flags);
    ol_bind_bytes(q, 5, put->row.body.p, put->row.body.len);
}

static enum ol_err put_outbox(struct ol_conn *c, int64_t line, const struct ol_put *put)
{
    enum ol_err err;

    bind_item(c->q[Q_PUT_OUTBOX], line, put);
    err = run(c, Q_PUT_OUTBOX);
    if (err || sqlite3_changes(c->db) > 0)
        return err;
    bind_item(c->q[Q_SAME_OUTBOX], line, put);
    return same(c, Q_SAME_OUTBOX);
}

static enum ol_err drop_outbox(struct ol_conn *c, int64_t line, uint64_t token)
{
    sqlite3_bind_int64(c->q[Q_DROP_OUTBOX], 1, line);
    sqlite3_bind_int64(c->q[Q_DROP_OUTBOX], 2, (int64_t)token);
    return run(c, Q_DROP_OUTBOX);
}

static enum ol_err set_restored(struct ol_conn *c, int64_t line, bool restored)
{
    sqlite3_bind_int64(c->q[Q_LINE_RESTORED], 1, line);
    sqlite3_bind_int(c->q[Q_LINE_RESTORED], 2, restored);
    return run(c, Q_LINE_RESTORED);
}

static enum ol_err put_evidence(struct ol_conn *c, int64_t line, const struct ol_row *row)
{
    bind_row(c->q[Q_PUT_EVIDENCE], entry_key(line, row->h.author, row->h.seq), row);
    return run(c, Q_PUT_EVIDENCE);
}

static bool fits(const struct ol_put *put)
{
    bool row = put->what == OL_PUT_ROW || put->what == OL_PUT_EVIDENCE;

    return put->row.body.len <= OL_BODY_MAX &&
           (!row || (put->row.h.seq > 0 && (put->row.h.author == 'A' || put->row.h.author == 'B')));
}

static enum ol_err put_one(struct ol_writer *w, int64_t line, const struct ol_put *put)
{
    if (!fits(put))
        return OL_MALFORMED;
    switch (put->what) {
    case OL_PUT_ROW:
        return put_row(w, line, &put->row);
    case OL_PUT_ANSWERED:
        return put_answered(&w->conn, line, &put->hash);
    case OL_PUT_OUTBOX:
        return put_outbox(&w->conn, line, put);
    case OL_PUT_UNBOXED:
        return drop_outbox(&w->conn, line, put->token);
    case OL_PUT_RESUMED:
        return set_restored(&w->conn, line, false);
    case OL_PUT_EVIDENCE:
        return put_evidence(&w->conn, line, &put->row);
    }
    return OL_MALFORMED;
}

enum ol_err ol_write_batch(struct ol_writer *w, struct ol_job *job)
{
    enum ol_err err;
    bool there;

    sqlite3_bind_int64(w->conn.q[Q_LINE_IS], 1, job->line);
    memset(w->named, 0, sizeof w->named);
    err = look(&w->conn, Q_LINE_IS, &there, NULL);
    if (!err && !there)
        err = OL_MALFORMED;
    if (!err)
        err = look(&w->conn, Q_CLAIMS, &w->claims, NULL);
    for (size_t i = 0; !err && i < job->batch.n; i++)
        err = put_one(w, job->line, &job->batch.puts[i]);
    return err ? err : ol_view_keep(w, &job->batch, job->line);
}

static void bind_name(sqlite3_stmt *q, const struct ol_line_info *info)
{
    sqlite3_bind_text(q, 1, info->name, (int)strnlen(info->name, sizeof info->name), SQLITE_STATIC);
}

static enum ol_err run_named(struct ol_conn *c, enum query which)
{
    enum ol_err err = run(c, which);

    return err && sqlite3_extended_errcode(c->db) == SQLITE_CONSTRAINT_CHECK ? OL_LIMIT : err;
}

enum ol_err ol_write_line(struct ol_writer *w, struct ol_job *job)
{
    struct ol_conn *c = &w->conn;
    const struct ol_line_info *info = job->info;
    sqlite3_stmt *q = c->q[Q_LINE_ADD];
    enum ol_err err;

    bind_name(q, info);
    ol_bind_bytes(q, 2, info->id.b, sizeof info->id.b);
    ol_bind_bytes(q, 3, info->id0.b, sizeof info->id0.b);
    ol_bind_bytes(q, 4, info->own_card, info->own_card_len);
    ol_bind_bytes(q, 5, info->peer_card, info->peer_card_len);
    ol_bind_bytes(q, 6, info->old_line.b, sizeof info->old_line.b);
    sqlite3_bind_int(q, 7, info->compared);
    sqlite3_bind_int(q, 8, info->restored);
    sqlite3_bind_int(q, 9, info->off_record);
    err = run_named(c, Q_LINE_ADD);
    if (!err && sqlite3_changes(c->db) == 0)
        err = OL_EXISTS;
    job->line = err ? 0 : sqlite3_last_insert_rowid(c->db);
    return err;
}

enum ol_err ol_write_successor(struct ol_writer *w, struct ol_job *job)
{
    struct ol_conn *c = &w->conn;
    enum ol_err err;

    bind_name(c->q[Q_LINE_RENAME], job->info);
    err = run_named(c, Q_LINE_RENAME);
    if (!err && sqlite3_changes(c->db) == 0)
        err = OL_ABSENT;
    return err ? err : ol_write_line(w, job);
}

enum ol_err ol_write_compared(struct ol_writer *w, struct ol_job *job)
{
    enum ol_err err;

    sqlite3_bind_int64(w->conn.q[Q_LINE_COMPARED], 1, job->line);
    err = run(&w->conn, Q_LINE_COMPARED);
    return !err && sqlite3_changes(w->conn.db) == 0 ? OL_ABSENT : err;
}

enum ol_err ol_write_off_record(struct ol_writer *w, struct ol_job *job)
{
    sqlite3_stmt *q = w->conn.q[Q_LINE_OFF_RECORD];
    enum ol_err err;

    sqlite3_bind_int64(q, 1, job->line);
    sqlite3_bind_int(q, 2, job->info->off_record);
    err = run(&w->conn, Q_LINE_OFF_RECORD);
    return !err && sqlite3_changes(w->conn.db) == 0 ? OL_ABSENT : err;
}

enum ol_err ol_write_revoked(struct ol_writer *w, struct ol_job *job)
{
    enum ol_err err;

    sqlite3_bind_int64(w->conn.q[Q_LINE_REVOKED], 1, job->line);
    err = run(&w->conn, Q_LINE_REVOKED);
    return !err && sqlite3_changes(w->conn.db) == 0 ? OL_ABSENT : err;
}

enum ol_err ol_write_restored(struct ol_writer *w, struct ol_job *job)
{
    enum ol_err err = set_restored(&w->conn, job->line, true);

    return !err && sqlite3_changes(w->conn.db) == 0 ? OL_ABSENT : err;
}

static enum ol_err put_leaf(struct ol_conn *c, const struct ol_leaf_row *leaf)
{
    static const struct ol_hash none;
    sqlite3_stmt *q = c->q[Q_PUT_LEAF];

    if (leaf->number == 0 || leaf->number > OL_SEQ_MAX || leaf->bytes.len > OL_LEAF_MAX)
        return OL_MALFORMED;
    sqlite3_bind_int64(q, 1, leaf->number);
    if (memcmp(&leaf->line, &none, sizeof none) == 0)
        sqlite3_bind_null(q, 2);
    else
        ol_bind_bytes(q, 2, leaf->line.b, sizeof leaf->line.b);
    if (leaf->author == 0)
        sqlite3_bind_null(q, 3);
    else
        sqlite3_bind_int64(q, 3, leaf_about(leaf->author, leaf->seq));
    ol_bind_bytes(q, 4, leaf->hash.b, sizeof leaf->hash.b);
    ol_bind_bytes(q, 5, leaf->bytes.p, leaf->bytes.len);
    return run(c, Q_PUT_LEAF);
}

enum ol_err ol_write_leaf(struct ol_writer *w, struct ol_job *job)
{
    enum ol_err err = put_leaf(&w->conn, job->leaf);

    return !err && sqlite3_changes(w->conn.db) == 0 ? OL_EXISTS : err;
}

struct rescue {
    struct ol_writer *writer;
    enum ol_err err;
};

static bool rescue_leaf(void *ctx, const struct ol_leaf_row *leaf)
{
    struct rescue *rescue = ctx;

    rescue->err = put_leaf(&rescue->writer->conn, leaf);
    return !rescue->err;
}

enum ol_err ol_write_rescued(struct ol_writer *w, struct ol_job *job)
{
    struct rescue rescue = {.writer = w};
    enum ol_err err = ol_store_salvage(job->from, &(struct ol_salvage){.ctx = &rescue, .leaf = rescue_leaf});

    return rescue.err ? rescue.err : err;
}

enum ol_err ol_write_look(struct ol_writer *w, struct ol_job *job)
{
    (void)job;
    return ol_conn_look(&w->conn, &w->looked, OL_LOOK_PAGES);
}

enum ol_err ol_write_views(struct ol_writer *w, struct ol_job *job)
{
    (void)job;
    return ol_view_rebuild(w);
}
