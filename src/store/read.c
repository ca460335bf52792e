/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading. Columns are taken like the fields of a message: the first that is not what
 * the schema says makes the row MALFORMED. Whether a row is what was signed is for the
 * record to find out; here it only has to fit into its struct.
 *
 * No statement stays open after its call: an open one would hold the log's pages back.
 */
#include "store/sqlite.h"

#include <assert.h>
#include <string.h>

struct columns {
    sqlite3_stmt *q;
    int at;
    bool bad;
};

static uint64_t next_number(struct columns *c, uint64_t max)
{
    int at = c->at++;
    sqlite3_int64 v = sqlite3_column_int64(c->q, at);

    if (sqlite3_column_type(c->q, at) == SQLITE_INTEGER && v >= 0 && (uint64_t)v <= max)
        return (uint64_t)v;
    c->bad = true;
    return 0;
}

static struct ol_span next_blob(struct columns *c, size_t max)
{
    int at = c->at++;
    bool blob = sqlite3_column_type(c->q, at) == SQLITE_BLOB;
    const void *p = sqlite3_column_blob(c->q, at); /* before its size is asked for */
    struct ol_span v = ol_span(p, (size_t)sqlite3_column_bytes(c->q, at));

    if (blob && v.len <= max && (v.p != NULL || v.len == 0))
        return v;
    c->bad = true;
    return ol_span(NULL, 0);
}

static void next_bytes(struct columns *c, void *out, size_t len)
{
    struct ol_span v = next_blob(c, len);

    if (v.len == len)
        memcpy(out, v.p, len);
    else
        c->bad = true;
}

static bool next_null(struct columns *c)
{
    if (sqlite3_column_type(c->q, c->at) != SQLITE_NULL)
        return false;
    c->at++;
    return true;
}

/* ROW_COLUMNS of conn.c, in their order. The body borrows from the statement. */
enum ol_err ol_row_from(sqlite3_stmt *q, struct ol_row *row)
{
    struct columns c = {.q = q};
    uint64_t key = next_number(&c, INT64_MAX);

    *row = (struct ol_row){0};
    row->h.author = key >> 32 & 1 ? 'B' : 'A';
    row->h.seq = (uint32_t)key;
    row->h.kind = (uint8_t)next_number(&c, UINT8_MAX);
    row->h.flags = (uint8_t)next_number(&c, UINT8_MAX);
    row->h.xseq = (uint32_t)next_number(&c, UINT32_MAX);
    row->h.time = (uint32_t)next_number(&c, UINT32_MAX);
    row->marks = (uint8_t)next_number(&c, UINT8_MAX);
    row->stored_at = (uint32_t)next_number(&c, UINT32_MAX);
    next_bytes(&c, row->hash.b, sizeof row->hash.b);
    next_bytes(&c, row->h.prev.b, sizeof row->h.prev.b);
    next_bytes(&c, row->h.xhash.b, sizeof row->h.xhash.b);
    next_bytes(&c, row->h.commitment.b, sizeof row->h.commitment.b);
    row->sealed = !next_null(&c);
    if (row->sealed)
        next_bytes(&c, row->seal.b, sizeof row->seal.b);
    row->body = next_blob(&c, OL_BODY_MAX);
    return c.bad || row->h.seq == 0 ? OL_MALFORMED : OL_OK;
}

static enum ol_err line_from(sqlite3_stmt *q, struct ol_line_info *info)
{
    struct columns c = {.q = q};
    const char *name;
    struct ol_span card;

    *info = (struct ol_line_info){.number = (int64_t)next_number(&c, LINE_NUMBER_MAX)};
    name = (const char *)sqlite3_column_text(q, c.at++);
    if (name == NULL || strlen(name) >= sizeof info->name)
        return OL_MALFORMED;
    memcpy(info->name, name, strlen(name));
    next_bytes(&c, info->id.b, sizeof info->id.b);
    next_bytes(&c, info->id0.b, sizeof info->id0.b);
    card = next_blob(&c, sizeof info->own_card);
    info->own_card_len = card.len;
    if (card.len > 0)
        memcpy(info->own_card, card.p, card.len);
    card = next_blob(&c, sizeof info->peer_card);
    info->peer_card_len = card.len;
    if (card.len > 0)
        memcpy(info->peer_card, card.p, card.len);
    next_bytes(&c, info->old_line.b, sizeof info->old_line.b);
    info->compared = next_number(&c, 1) == 1;
    info->restored = next_number(&c, 1) == 1;
    info->revoked = next_number(&c, 1) == 1;
    info->off_record = next_number(&c, 1) == 1;
    return c.bad ? OL_MALFORMED : OL_OK;
}

/* Of the file, not of one row. */
static bool is_damage(int rc)
{
    return (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CORRUPT;
}

static enum ol_err failed(struct ol_store *s)
{
    enum ol_err err = ol_conn_read_failed(&s->reader);

    memcpy(s->why, s->reader.why, sizeof s->why);
    if (err == OL_STORE || is_damage(sqlite3_errcode(s->reader.db))) {
        s->dead = true;
        if (s->worker != NULL)
            ol_worker_condemn(s->worker, s->why);
    }
    return err;
}

/* A statement of the reader, for its arguments to be bound. A scan of the same sort inside a scan's
 * callback would pull the outer one's rows away. */
static sqlite3_stmt *statement(struct ol_store *s, enum query which)
{
    assert(!sqlite3_stmt_busy(s->reader.q[which]));
    return s->reader.q[which];
}

/* Gives each row to `row`, which returns false to end, until an error that it sets. */
static enum ol_err each_row(struct ol_store *s, sqlite3_stmt *q,
                            bool (*row)(sqlite3_stmt *q, void *with, enum ol_err *err), void *with)
{
    enum ol_err err = OL_OK;
    int rc;

    if (s->dead)
        return OL_STORE;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW)
        if (!row(q, with, &err) || err)
            break;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        err = failed(s);
    sqlite3_reset(q);
    return err;
}

struct rows_to {
    ol_row_fn *each;
    void *ctx;
};

static bool give_row(sqlite3_stmt *q, void *with, enum ol_err *err)
{
    const struct rows_to *to = with;
    struct ol_row row;

    *err = ol_row_from(q, &row);
    return !*err && to->each(to->ctx, &row);
}

static enum ol_err each_entry(struct ol_store *s, sqlite3_stmt *q, ol_row_fn *each, void *ctx)
{
    return each_row(s, q, give_row, &(struct rows_to){each, ctx});
}

struct one_row {
    struct ol_row *row;
    uint8_t *body; /* OL_BODY_MAX */
    bool found;
};

static bool keep_row(sqlite3_stmt *q, void *with, enum ol_err *err)
{
    struct one_row *one = with;

    *err = ol_row_from(q, one->row);
    one->found = !*err;
    if (one->found && one->row->body.len > 0)
        memcpy(one->body, one->row->body.p, one->row->body.len);
    one->row->body.p = one->body;
    return false;
}

/* The one row of a statement. */
static enum ol_err one_entry(struct ol_store *s, sqlite3_stmt *q, struct ol_row *out)
{
    struct ol_row row;
    struct one_row one = {.row = &row, .body = s->body};
    enum ol_err err = each_row(s, q, keep_row, &one);

    if (!err && !one.found)
        err = OL_ABSENT;
    if (!err)
        *out = row;
    return err;
}

static void bind_range(sqlite3_stmt *q, int at, int64_t from, int64_t to)
{
    sqlite3_bind_int64(q, at, from);
    sqlite3_bind_int64(q, at + 1, to);
}

struct lines_to {
    bool (*each)(void *ctx, const struct ol_line_info *info);
    void *ctx;
};

static bool give_line(sqlite3_stmt *q, void *with, enum ol_err *err)
{
    const struct lines_to *to = with;
    struct ol_line_info info;

    *err = line_from(q, &info);
    return !*err && to->each(to->ctx, &info);
}

enum ol_err ol_store_lines(struct ol_store *s, bool (*each)(void *ctx, const struct ol_line_info *info),
                           void *ctx)
{
    return each_row(s, statement(s, Q_LINES), give_line, &(struct lines_to){each, ctx});
}

enum ol_err ol_store_scan(struct ol_store *s, int64_t line, uint8_t author, uint32_t from,
                          ol_row_fn *each, void *ctx)
{
    sqlite3_stmt *q = statement(s, Q_SCAN);

    bind_range(q, 1, entry_key(line, author, from), entry_key(line, author, UINT32_MAX));
    return each_entry(s, q, each, ctx);
}

enum ol_err ol_store_scan_all(struct ol_store *s, int64_t line, uint8_t author, ol_row_fn *each, void *ctx)
{
    sqlite3_stmt *q = statement(s, Q_SCAN_ALL);

    bind_range(q, 1, entry_key(line, author, 1), entry_key(line, author, UINT32_MAX));
    return each_entry(s, q, each, ctx);
}

enum ol_err ol_store_row(struct ol_store *s, int64_t line, uint8_t author, uint32_t seq,
                         struct ol_row *out)
{
    sqlite3_stmt *q = statement(s, Q_ROW);

    sqlite3_bind_int64(q, 1, entry_key(line, author, seq));
    return one_entry(s, q, out);
}

static bool keep_number(sqlite3_stmt *q, void *with, enum ol_err *err)
{
    int64_t *out = with;

    *err = OL_OK;
    if (sqlite3_column_type(q, 0) == SQLITE_INTEGER)
        *out = sqlite3_column_int64(q, 0);
    return false;
}

/* The highest key of a range that is there, or NO_KEY. */
static enum ol_err last_key(struct ol_store *s, int64_t from, int64_t to, int64_t *out)
{
    sqlite3_stmt *q = statement(s, Q_STREAM_LAST);

    *out = NO_KEY;
    bind_range(q, 1, from, to);
    return each_row(s, q, keep_number, out);
}

/* By the index of hashes, whose pages are few. */
enum ol_err ol_store_count(struct ol_store *s, int64_t line, uint8_t author, uint32_t to, uint32_t *out)
{
    sqlite3_stmt *q = statement(s, Q_COUNT);
    int64_t n = 0;
    enum ol_err err;

    bind_range(q, 1, entry_key(line, author, 0), entry_key(line, author, to));
    err = each_row(s, q, keep_number, &n);
    *out = (uint32_t)n;
    return err;
}

/* From bucket to bucket that has entries, the latest first: what is sought is mostly near the head. */
enum ol_err ol_store_row_by_hash(struct ol_store *s, int64_t line, uint8_t author,
                                 const struct ol_hash *hash, struct ol_row *out)
{
    sqlite3_stmt *q = statement(s, Q_ROW_BY_HASH);
    int64_t first = entry_key(line, author, 0);
    int64_t last = entry_key(line, author, UINT32_MAX);
    enum ol_err err;

    ol_bind_bytes(q, 2, hash->b, sizeof hash->b);
    while (!(err = last_key(s, first, last, &last))) {
        if (last == NO_KEY)
            return OL_ABSENT;
        sqlite3_bind_int64(q, 1, last >> BUCKET_BITS);
        if ((err = one_entry(s, q, out)) != OL_ABSENT)
            return err;
        last = (last >> BUCKET_BITS << BUCKET_BITS) - 1;
    }
    return err;
}

enum ol_err ol_store_receipt(struct ol_store *s, int64_t line, uint8_t author, uint32_t seq,
                             struct ol_row *out)
{
    uint8_t other = author ^ 'A' ^ 'B';
    sqlite3_stmt *q = statement(s, Q_RECEIPT);

    sqlite3_bind_int64(q, 1, entry_key(line, other, 0) >> 32);
    sqlite3_bind_int64(q, 2, seq);
    return one_entry(s, q, out);
}

enum ol_err ol_store_acts(struct ol_store *s, int64_t line, uint8_t author, uint32_t seq,
                          ol_row_fn *each, void *ctx)
{
    sqlite3_stmt *q = statement(s, Q_ACTS);

    sqlite3_bind_int64(q, 1, entry_key(line, author, seq));
    return each_entry(s, q, each, ctx);
}

enum ol_err ol_store_scan_kind(struct ol_store *s, int64_t line, uint8_t author, uint8_t kind,
                               uint32_t from, ol_row_fn *each, void *ctx)
{
    bool rare = kind > OL_KIND_RECEIPT && kind < OL_KIND_MESSAGE; /* as the index in schema.c has it */
    sqlite3_stmt *q = statement(s, rare ? Q_SCAN_RARE : Q_SCAN_KIND);

    bind_range(q, 1, entry_key(line, author, from), entry_key(line, author, UINT32_MAX));
    sqlite3_bind_int(q, 3, kind);
    if (!rare)
        sqlite3_bind_int(q, 4, kind == OL_KIND_MESSAGE ? OL_KIND_FORM : kind);
    return each_entry(s, q, each, ctx);
}

enum ol_err ol_store_evidence(struct ol_store *s, int64_t line, ol_row_fn *each, void *ctx)
{
    sqlite3_stmt *q = statement(s, Q_EVIDENCE);

    bind_range(q, 1, entry_key(line, 'A', 0), entry_key(line, 'B', UINT32_MAX));
    return each_entry(s, q, each, ctx);
}

struct keys_to {
    bool (*each)(void *ctx, const struct ol_hash *key);
    void *ctx;
};

static bool give_key(sqlite3_stmt *q, void *with, enum ol_err *err)
{
    const struct keys_to *to = with;
    struct columns c = {.q = q};
    struct ol_hash key;

    next_bytes(&c, key.b, sizeof key.b);
    *err = c.bad ? OL_MALFORMED : OL_OK;
    return !*err && to->each(to->ctx, &key);
}

enum ol_err ol_store_answered(struct ol_store *s, int64_t line,
                              bool (*each)(void *ctx, const struct ol_hash *key), void *ctx)
{
    sqlite3_stmt *q = statement(s, Q_ANSWERED);

    sqlite3_bind_int64(q, 1, line);
    return each_row(s, q, give_key, &(struct keys_to){each, ctx});
}

struct items_to {
    bool (*each)(void *ctx, const struct ol_outbox_item *item);
    void *ctx;
};

static bool give_item(sqlite3_stmt *q, void *with, enum ol_err *err)
{
    const struct items_to *to = with;
    struct columns c = {.q = q, .at = 1, .bad = sqlite3_column_type(q, 0) != SQLITE_INTEGER};
    struct ol_outbox_item item = {.token = (uint64_t)sqlite3_column_int64(q, 0)}; /* all 64 bits */

    item.kind = (uint8_t)next_number(&c, UINT8_MAX);
    item.flags = (uint8_t)next_number(&c, UINT8_MAX);
    item.body = next_blob(&c, OL_BODY_MAX);
    *err = c.bad ? OL_MALFORMED : OL_OK;
    return !*err && to->each(to->ctx, &item);
}

enum ol_err ol_store_outbox(struct ol_store *s, int64_t line,
                            bool (*each)(void *ctx, const struct ol_outbox_item *item), void *ctx)
{
    sqlite3_stmt *q = statement(s, Q_OUTBOX);

    sqlite3_bind_int64(q, 1, line);
    return each_row(s, q, give_item, &(struct items_to){each, ctx});
}

static enum ol_err leaf_from(sqlite3_stmt *q, struct ol_leaf_row *leaf)
{
    struct columns c = {.q = q};

    *leaf = (struct ol_leaf_row){.number = (uint32_t)next_number(&c, OL_SEQ_MAX)};
    if (!next_null(&c))
        next_bytes(&c, leaf->line.b, sizeof leaf->line.b);
    if (!next_null(&c))
        leaf_about_read((int64_t)next_number(&c, ABOUT_MAX), leaf);
    next_bytes(&c, leaf->hash.b, sizeof leaf->hash.b);
    leaf->bytes = next_blob(&c, OL_LEAF_MAX);
    return c.bad || leaf->number == 0 ? OL_MALFORMED : OL_OK;
}

struct leaves_to {
    bool (*each)(void *ctx, const struct ol_leaf_row *leaf);
    void *ctx;
};

static bool give_leaf(sqlite3_stmt *q, void *with, enum ol_err *err)
{
    const struct leaves_to *to = with;
    struct ol_leaf_row leaf;

    *err = leaf_from(q, &leaf);
    return !*err && to->each(to->ctx, &leaf);
}

enum ol_err ol_store_book_scan(struct ol_store *s, const struct ol_book_query *which,
                               bool (*each)(void *ctx, const struct ol_leaf_row *leaf), void *ctx)
{
    sqlite3_stmt *q = statement(s, which->line == NULL ? Q_BOOK : which->author == 0 ? Q_BOOK_LINE : Q_BOOK_ABOUT);

    sqlite3_bind_int64(q, 1, which->from);
    if (which->line != NULL)
        ol_bind_bytes(q, 2, which->line->b, sizeof which->line->b);
    if (which->line != NULL && which->author != 0)
        sqlite3_bind_int64(q, 3, leaf_about(which->author, which->seq));
    return each_row(s, q, give_leaf, &(struct leaves_to){each, ctx});
}
