/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Full-text tables of the engine (FTS5) without a copy of the texts. A row holds the words of one entry:
 *
 *     rowid = key of the message << 10 | part       part 0 is the message, the others are acts about it
 *
 * so that all that is found of a message stands together, in the order of its stream.
 */
#include "store/search.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/place.h"
#include "store/sqlite.h"
#include "store/sum.h"

#define PART_BITS 10
#define PARTS (1 << PART_BITS)
#define SEARCH_LINES (INT64_C(1) << (63 - PART_BITS - 33)) /* for which a rowid has room */
#define VERSION 2 /* of these tables and of what terms.c makes of a text; another is not read */

#define WHEN_MAX 128u /* bytes that a month, day or minute adds to what the engine is asked */

enum search_query {
    S_BEGIN,
    S_COMMIT,
    S_ROLLBACK,
    S_MARK,
    S_SET_MARK,
    S_ADD,
    S_LAST_PART,
    S_HAS_EARLY,
    S_SET_EARLY,
    S_DROP_EARLY,
    S_FIND,
    SEARCH_QUERIES,
};

struct ol_search {
    struct ol_conn conn;
    sqlite3_stmt *q[SEARCH_QUERIES];
    char match[16 * OL_QUERY_MAX + OL_SOUGHT_MAX * WHEN_MAX];
};

static const char tables[] =
    "CREATE VIRTUAL TABLE words USING fts5 (said, day, form, content = '', tokenize = 'ascii');"
    "CREATE TABLE mark ("
    " stream INTEGER PRIMARY KEY,"
    " line_id BLOB NOT NULL,"
    " seq INTEGER NOT NULL,"
    " count INTEGER NOT NULL,"
    " hash BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE early (id INTEGER PRIMARY KEY) STRICT;";

static const char *const sql[SEARCH_QUERIES] = {
    [S_BEGIN] = "BEGIN IMMEDIATE",
    [S_COMMIT] = "COMMIT",
    [S_ROLLBACK] = "ROLLBACK",
    [S_MARK] = "SELECT seq, count, hash FROM mark WHERE stream = ?1 AND line_id = ?2",
    [S_SET_MARK] = "INSERT OR REPLACE INTO mark (stream, line_id, seq, count, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
    [S_ADD] = "INSERT INTO words (rowid, said, day, form) VALUES (?1, ?2, ?3, ?4)",
    [S_LAST_PART] = "SELECT rowid FROM words WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid DESC LIMIT 1",
    [S_HAS_EARLY] = "SELECT 1 FROM early WHERE id = ?1",
    [S_SET_EARLY] = "INSERT OR IGNORE INTO early (id) VALUES (?1)",
    [S_DROP_EARLY] = "DELETE FROM early WHERE id BETWEEN ?1 AND ?2",
    [S_FIND] = "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid",
};

/* ---- Open, close ---- */

static bool make_tables(struct ol_conn *c, uint32_t with)
{
    char identity[96];

    snprintf(identity, sizeof identity, "PRAGMA user_version = %d; PRAGMA application_id = %d", VERSION, (int32_t)with);
    return ol_conn_exec(c, "BEGIN IMMEDIATE") && ol_conn_exec(c, tables) && ol_conn_exec(c, identity) &&
           ol_conn_exec(c, "COMMIT");
}

/* A log that is synced only when it is moved keeps the order of what was written: after a power cut the index has come
 * less far, and that is all. Nobody else opens it, so the log needs no shared memory. */
static bool configure(struct ol_conn *c)
{
    int sums = OL_PAGE_SUM;

    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return sqlite3_file_control(c->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &sums) == SQLITE_OK &&
           ol_conn_exec(c, "PRAGMA page_size = 4096; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                           "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -2048; PRAGMA cell_size_check = ON;"
                           "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 8388608");
}

static bool prepare(struct ol_search *s)
{
    for (int i = 0; i < SEARCH_QUERIES; i++)
        if (sqlite3_prepare_v3(s->conn.db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->q[i], NULL) != SQLITE_OK)
            return false;
    return true;
}

static enum ol_err failed(struct ol_search *s)
{
    enum ol_err err = ol_conn_write_failed(&s->conn);

    if (err == OL_NO_ROOM)
        return err;
    return ol_conn_read_failed(&s->conn) == OL_MALFORMED ? OL_MALFORMED : OL_IO;
}

static enum ol_err open_tables(struct ol_search *s, const char *path, uint32_t with)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int64_t version;
    int64_t made_with;

    if (sqlite3_open_v2(path, &s->conn.db, flags, ol_sum_files()) != SQLITE_OK || !configure(&s->conn) ||
        !ol_conn_number(&s->conn, "PRAGMA user_version", &version) || (version == 0 && !make_tables(&s->conn, with)) ||
        !ol_conn_number(&s->conn, "PRAGMA application_id", &made_with))
        return failed(s);
    if ((version != 0 && version != VERSION) || made_with != (int32_t)with)
        return OL_MALFORMED;
    return prepare(s) ? OL_OK : failed(s);
}

static enum ol_err open_at(const char *path, uint32_t with, struct ol_search **out)
{
    struct ol_search *s = calloc(1, sizeof *s);
    enum ol_err err = s != NULL ? open_tables(s, path, with) : OL_IO;

    if (err)
        ol_search_close(&s);
    *out = s;
    return err;
}

static enum ol_err open_new(const char *path, uint32_t with, struct ol_search **out)
{
    enum ol_err err;

    ol_search_remove(path);
    err = ol_place_make(path);
    if (!err)
        err = open_at(path, with, out);
    return err == OL_NO_ROOM ? OL_NO_ROOM : err ? OL_IO : OL_OK;
}

enum ol_err ol_search_open(const char *path, uint32_t with, struct ol_search **out)
{
    const char *why;
    enum ol_err err = ol_place_look(path, &why);

    *out = NULL;
    if (!err)
        err = open_at(path, with, out);
    return err == OL_ABSENT || err == OL_MALFORMED ? open_new(path, with, out) : err == OL_STORE ? OL_IO : err;
}

void ol_search_close(struct ol_search **s)
{
    if (*s == NULL)
        return;
    for (int i = 0; i < SEARCH_QUERIES; i++)
        sqlite3_finalize((*s)->q[i]);
    sqlite3_close((*s)->conn.db);
    free(*s);
    *s = NULL;
}

void ol_search_remove(const char *path)
{
    char log[300];
    int n = snprintf(log, sizeof log, "%s-wal", path);

    ol_place_remove(path);
    if (n > 0 && (size_t)n < sizeof log)
        ol_place_remove(log);
}

/* ---- Marks ---- */

static int64_t rowid_of(int64_t line, uint8_t author, uint32_t seq)
{
    int64_t key = entry_key(line, author, seq);

    return line < SEARCH_LINES && key != NO_KEY ? key << PART_BITS : NO_KEY;
}

enum ol_err ol_search_mark(struct ol_search *s, int64_t line, const struct ol_hash *line_id, uint8_t author,
                           struct ol_search_mark *out)
{
    sqlite3_stmt *q = s->q[S_MARK];
    int rc;

    *out = (struct ol_search_mark){0};
    sqlite3_bind_int64(q, 1, entry_key(line, author, 0) >> 32);
    ol_bind_bytes(q, 2, line_id->b, sizeof line_id->b);
    rc = sqlite3_step(q);
    if (rc == SQLITE_ROW && sqlite3_column_bytes(q, 2) == (int)sizeof out->hash.b) {
        out->seq = (uint32_t)sqlite3_column_int64(q, 0);
        out->count = (uint32_t)sqlite3_column_int64(q, 1);
        memcpy(out->hash.b, sqlite3_column_blob(q, 2), sizeof out->hash.b);
    }
    return sqlite3_reset(q) == SQLITE_OK ? OL_OK : failed(s);
}

enum ol_err ol_search_has_early(struct ol_search *s, int64_t line, uint8_t author, uint32_t seq, bool *out)
{
    sqlite3_stmt *q = s->q[S_HAS_EARLY];

    sqlite3_bind_int64(q, 1, entry_key(line, author, seq));
    *out = sqlite3_step(q) == SQLITE_ROW;
    return sqlite3_reset(q) == SQLITE_OK ? OL_OK : failed(s);
}

static bool set_mark(struct ol_search *s, const struct ol_search_batch *b)
{
    sqlite3_stmt *drop = s->q[S_DROP_EARLY];
    sqlite3_stmt *q = s->q[S_SET_MARK];

    sqlite3_bind_int64(drop, 1, entry_key(b->line, b->author, 0));
    sqlite3_bind_int64(drop, 2, entry_key(b->line, b->author, b->mark.seq));
    sqlite3_bind_int64(q, 1, entry_key(b->line, b->author, 0) >> 32);
    ol_bind_bytes(q, 2, b->line_id.b, sizeof b->line_id.b);
    sqlite3_bind_int64(q, 3, b->mark.seq);
    sqlite3_bind_int64(q, 4, b->mark.count);
    ol_bind_bytes(q, 5, b->mark.hash.b, sizeof b->mark.hash.b);
    return ol_conn_run(drop) && ol_conn_run(q);
}

/* ---- Adding ---- */

/* The part after the last of this message; PARTS when it has as many as a rowid can tell apart. */
static bool next_part(struct ol_search *s, int64_t message, int64_t *part)
{
    sqlite3_stmt *q = s->q[S_LAST_PART];

    sqlite3_bind_int64(q, 1, message + 1);
    sqlite3_bind_int64(q, 2, message + PARTS - 1);
    *part = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) - message + 1 : 1;
    return sqlite3_reset(q) == SQLITE_OK;
}

static void bind_terms(sqlite3_stmt *q, int column, struct ol_span terms)
{
    sqlite3_bind_text64(q, column, terms.len > 0 ? (const char *)terms.p : "", terms.len, SQLITE_STATIC, SQLITE_UTF8);
}

static bool add_words(struct ol_search *s, int64_t line, const struct ol_search_words *w)
{
    int64_t message = rowid_of(line, w->about_author, w->about);
    sqlite3_stmt *q = s->q[S_ADD];
    int64_t part = 0;
    char day[48];

    assert(w->about > 0);
    if (!w->is_message && !next_part(s, message, &part))
        return false;
    if (part >= PARTS)
        return true;
    /* The day is a term by itself, so that a month begins few of them. */
    snprintf(day, sizeof day, "%" PRIu64 " t%" PRIu64, w->when / 10000, w->when);
    sqlite3_bind_int64(q, 1, message + part);
    bind_terms(q, 2, w->terms);
    sqlite3_bind_text(q, 3, w->is_message ? day : "", -1, SQLITE_STATIC);
    bind_terms(q, 4, w->form);
    return ol_conn_run(q);
}

static bool add_all(struct ol_search *s, const struct ol_search_batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (!add_words(s, b->line, &b->words[i]))
            return false;
    if (!set_mark(s, b))
        return false;
    for (size_t i = 0; i < b->early_n; i++) {
        sqlite3_bind_int64(s->q[S_SET_EARLY], 1, entry_key(b->line, b->author, b->early[i]));
        if (!ol_conn_run(s->q[S_SET_EARLY]))
            return false;
    }
    return true;
}

enum ol_err ol_search_add(struct ol_search *s, const struct ol_search_batch *batch)
{
    enum ol_err err;

    if (rowid_of(batch->line, batch->author, 0) == NO_KEY)
        return OL_IO;
    if (ol_conn_run(s->q[S_BEGIN]) && add_all(s, batch) && ol_conn_run(s->q[S_COMMIT]))
        return OL_OK;
    err = failed(s);
    sqlite3_step(s->q[S_ROLLBACK]); /* which fails when the engine has rolled back by itself */
    sqlite3_reset(s->q[S_ROLLBACK]);
    return err;
}

/* ---- Finding ---- */

/* In the engine's language: terms in quotes, + between those in a row, * behind one that need only begin another. Terms
 * hold nothing that it would take for anything else. */
static void match_terms(const struct ol_query *q, const struct ol_sought *sought, struct ol_wr *w)
{
    ol_wr_bytes(w, sought->is_form ? "form : \"" : "said : \"", 8);
    for (size_t i = 0; i < sought->len; i++) {
        uint8_t c = q->terms[sought->at + i];

        if (c == ' ')
            ol_wr_bytes(w, "\" + \"", 5);
        else
            ol_wr_u8(w, c);
    }
    ol_wr_bytes(w, "\" *", sought->begins ? 3 : 1);
}

/* A day as it stands in texts and in forms, and as that of the entry. */
static void match_when(uint64_t when, struct ol_wr *w)
{
    char text[WHEN_MAX];
    uint64_t day = when > 99999999 ? when / 10000 : when > 999999 ? when : when * 100;
    unsigned minute = when > 99999999 ? (unsigned)(when % 10000) : 0;
    int n = snprintf(text, sizeof text, " OR said : \"%04u\" + \"%02u\"", (unsigned)(day / 10000),
                     (unsigned)(day / 100 % 100));

    if (when > 99999999)
        n += snprintf(text + n, sizeof text - (size_t)n, " + \"%02ut%02u\" + \"%02u\" *", (unsigned)(day % 100),
                      minute / 100, minute % 100);
    else if (when > 999999)
        n += snprintf(text + n, sizeof text - (size_t)n, " + \"%02u\" *", (unsigned)(day % 100));
    n += snprintf(text + n, sizeof text - (size_t)n, " OR day : \"%s%" PRIu64 "\" *", when > 99999999 ? "t" : "", when);
    assert(n > 0 && (size_t)n < sizeof text);
    ol_wr_bytes(w, text, (size_t)n);
}

static void match(const struct ol_query *q, struct ol_wr *w)
{
    for (size_t i = 0; i < q->n; i++) {
        ol_wr_bytes(w, " AND (", i > 0 ? 6 : 0);
        if (i == 0)
            ol_wr_u8(w, '(');
        match_terms(q, &q->sought[i], w);
        if (q->sought[i].when > 0)
            match_when(q->sought[i].when, w);
        ol_wr_u8(w, ')');
    }
}

enum ol_err ol_search_find(struct ol_search *s, int64_t line, uint8_t author, const struct ol_query *q, uint32_t from,
                           bool (*each)(void *ctx, uint32_t seq), void *ctx)
{
    struct ol_wr w = ol_wr_to(s->match, sizeof s->match);
    sqlite3_stmt *find = s->q[S_FIND];
    uint32_t last = 0;

    assert(q->n > 0 && !sqlite3_stmt_busy(find));
    match(q, &w);
    if (w.full)
        return OL_LIMIT;
    sqlite3_bind_text(find, 1, s->match, (int)w.len, SQLITE_STATIC);
    sqlite3_bind_int64(find, 2, rowid_of(line, author, from));
    sqlite3_bind_int64(find, 3, rowid_of(line, author, UINT32_MAX) + PARTS - 1);
    while (sqlite3_step(find) == SQLITE_ROW) {
        uint32_t seq = (uint32_t)(sqlite3_column_int64(find, 0) >> PART_BITS);

        if (seq != last && !each(ctx, seq))
            break;
        last = seq;
    }
    return sqlite3_reset(find) == SQLITE_OK ? OL_OK : failed(s);
}
