/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite.h"

#include <errno.h>
#include <stdio.h>

#include "store/place.h"
#include "store/sum.h"

#define ROW_COLUMNS \
    "id, kind, flags, xseq, time, marks, stored_at, hash, prev, xhash, commitment, seal, body"
#define LEAF_COLUMNS "number, line, about, hash, leaf"
#define ROW_VALUES "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13"

static const char *const sql[QUERIES] = {
    [Q_LINES] = "SELECT number, name, id, id0, own_card, peer_card, old_line, compared, restored, revoked,"
                " off_record FROM line ORDER BY name",
    [Q_SCAN] = "SELECT " ROW_COLUMNS " FROM entry WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    [Q_SCAN_ALL] = "SELECT " ROW_COLUMNS ", 0 AS late FROM entry WHERE id BETWEEN ?1 AND ?2 UNION ALL "
                   "SELECT " ROW_COLUMNS ", 1 FROM evidence AS it WHERE id BETWEEN ?1 AND ?2 AND NOT EXISTS"
                   " (SELECT 1 FROM entry WHERE entry.id = it.id AND entry.hash = it.hash) ORDER BY id, late",
    [Q_ROW] = "SELECT " ROW_COLUMNS " FROM entry WHERE id = ?1",
    [Q_STREAM_LAST] = "SELECT max(id) FROM entry WHERE id BETWEEN ?1 AND ?2",
    [Q_COUNT] = "SELECT count(*) FROM entry INDEXED BY entry_hash"
                " WHERE id >> 10 BETWEEN ?1 >> 10 AND ?2 >> 10 AND id BETWEEN ?1 AND ?2",
    [Q_ROW_BY_HASH] = "SELECT " ROW_COLUMNS " FROM entry INDEXED BY entry_hash"
                      " WHERE id >> 10 = ?1 AND substr(hash, 1, 4) = substr(?2, 1, 4) AND hash = ?2",
    [Q_RECEIPT] = "SELECT " ROW_COLUMNS " FROM entry WHERE id = (?1 << 32) | (SELECT min(seq) FROM ("
                  "SELECT * FROM (SELECT seq FROM named WHERE stream = ?1 AND alone = 0 AND xseq >= ?2"
                  " ORDER BY xseq LIMIT 1) UNION ALL "
                  "SELECT seq FROM named WHERE stream = ?1 AND alone = 1 AND xseq = ?2))",
    [Q_ACTS] = "SELECT " ROW_COLUMNS " FROM entry INDEXED BY entry_about WHERE about = ?1 ORDER BY id",
    [Q_SCAN_KIND] = "SELECT " ROW_COLUMNS " FROM entry WHERE id BETWEEN ?1 AND ?2 AND kind IN (?3, ?4)"
                    " ORDER BY id",
    [Q_SCAN_RARE] = "SELECT " ROW_COLUMNS " FROM entry INDEXED BY entry_rare"
                    " WHERE id BETWEEN ?1 AND ?2 AND kind = ?3 AND kind BETWEEN 33 AND 39 ORDER BY id",
    [Q_EVIDENCE] = "SELECT " ROW_COLUMNS " FROM evidence WHERE id BETWEEN ?1 AND ?2 ORDER BY n",
    [Q_ANSWERED] = "SELECT key FROM answered WHERE line = ?1 ORDER BY n",
    [Q_OUTBOX] = "SELECT token, kind, flags, body FROM outbox WHERE line = ?1 ORDER BY n",
    [Q_BOOK] = "SELECT " LEAF_COLUMNS " FROM book WHERE number >= ?1 ORDER BY number",
    [Q_BOOK_LINE] = "SELECT " LEAF_COLUMNS " FROM book INDEXED BY book_again WHERE line = ?2 AND number >= ?1"
                    " ORDER BY number",
    [Q_BOOK_ABOUT] = "SELECT " LEAF_COLUMNS " FROM book INDEXED BY book_about"
                     " WHERE line = ?2 AND about = ?3 AND number >= ?1 ORDER BY number",

    [Q_FOLD_ROW] = "SELECT " ROW_COLUMNS " FROM entry WHERE id = ?1",
    [Q_FOLD_A] = "SELECT " ROW_COLUMNS " FROM entry INDEXED BY entry_about"
                 " WHERE about = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id",
    [Q_FOLD_B] = "SELECT " ROW_COLUMNS " FROM entry INDEXED BY entry_about"
                 " WHERE about = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id",
    [Q_VIEW] = "SELECT row FROM view WHERE key = ?1",
    [Q_ABOUT_NEXT] = "SELECT about FROM entry INDEXED BY entry_about WHERE about > ?1 ORDER BY about LIMIT 1",

    [Q_BEGIN] = "BEGIN IMMEDIATE",
    [Q_COMMIT] = "COMMIT",
    [Q_ROLLBACK] = "ROLLBACK",
    [Q_LINE_IS] = "SELECT 1 FROM line WHERE number = ?1",
    [Q_LINE_ADD] = "INSERT INTO line (name, id, id0, own_card, peer_card, old_line, compared, restored,"
                   " off_record) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
    [Q_LINE_RENAME] = "UPDATE line SET name = name || '.' ||"
                      " (SELECT 1 + coalesce(max(CAST(n AS INTEGER)), 0)"
                      " FROM (SELECT substr(name, length(?1) + 2) AS n FROM line"
                      " WHERE substr(name, 1, length(?1) + 1) = ?1 || '.')"
                      " WHERE n NOT GLOB '*[^0-9]*' AND length(n) < 10) WHERE name = ?1",
    [Q_LINE_COMPARED] = "UPDATE line SET compared = 1 WHERE number = ?1",
    [Q_LINE_RESTORED] = "UPDATE line SET restored = ?2 WHERE number = ?1",
    [Q_LINE_OFF_RECORD] = "UPDATE line SET off_record = ?2 WHERE number = ?1",
    [Q_LINE_REVOKED] = "UPDATE line SET revoked = 1 WHERE number = ?1",
    [Q_PUT_ROW] = "INSERT INTO entry (" ROW_COLUMNS ", about) VALUES (" ROW_VALUES ", ?14)"
                  " ON CONFLICT DO NOTHING",
    [Q_CLAIM] = "SELECT id, flags, about FROM entry INDEXED BY entry_claim"
                " WHERE marks & 1 AND xhash = ?1 AND xseq = ?2 AND id BETWEEN ?3 AND ?4 LIMIT 1",
    [Q_CLAIMS] = "SELECT 1 FROM entry INDEXED BY entry_claim WHERE marks & 1 LIMIT 1",
    [Q_CLAIM_HOLDS] = "UPDATE entry SET marks = marks & ~1 WHERE id = ?1",
    [Q_SAME_ROW] = "SELECT 1 FROM entry WHERE id = ?1 AND hash = ?2",
    [Q_NAMED_FROM] = "SELECT seq FROM named WHERE stream = ?1 AND alone = 0 AND xseq >= ?2"
                     " ORDER BY xseq LIMIT 1",
    [Q_NAMED_TO] = "SELECT seq, xseq FROM named WHERE stream = ?1 AND alone = 0 AND xseq <= ?2"
                   " ORDER BY xseq DESC LIMIT 1",
    [Q_NAMED_DROP] = "DELETE FROM named WHERE stream = ?1 AND alone = 0 AND xseq = ?2",
    [Q_NAMED_PUT] = "INSERT INTO named (stream, alone, xseq, seq) VALUES (?1, 0, ?2, ?3)",
    [Q_NAMED_ALONE] = "INSERT INTO named (stream, alone, xseq, seq) VALUES (?1, 1, ?2, ?3)"
                      " ON CONFLICT DO UPDATE SET seq = min(seq, excluded.seq)",
    [Q_PUT_ANSWERED] = "INSERT INTO answered (line, n, key) VALUES"
                       " (?1, 1 + (SELECT coalesce(max(n), 0) FROM answered WHERE line = ?1), ?2)",
    [Q_DROP_ANSWERED] = "DELETE FROM answered WHERE line = ?1"
                        " AND n <= (SELECT max(n) FROM answered WHERE line = ?1) - ?2",
    [Q_PUT_OUTBOX] = "INSERT INTO outbox (line, token, kind, flags, body) VALUES (?1, ?2, ?3, ?4, ?5)"
                     " ON CONFLICT DO NOTHING",
    [Q_SAME_OUTBOX] = "SELECT 1 FROM outbox WHERE line = ?1 AND token = ?2 AND kind = ?3 AND flags = ?4"
                      " AND body = ?5",
    [Q_DROP_OUTBOX] = "DELETE FROM outbox WHERE line = ?1 AND token = ?2",
    [Q_PUT_EVIDENCE] = "INSERT INTO evidence (" ROW_COLUMNS ") VALUES (" ROW_VALUES ")"
                       " ON CONFLICT DO NOTHING",
    [Q_ABOUT_LAST] = "SELECT max(about) FROM entry INDEXED BY entry_about WHERE about BETWEEN ?1 AND ?2",
    [Q_VIEW_PUT] = "INSERT INTO view (key, row) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET row = excluded.row",
    [Q_VIEW_CLEAR] = "DELETE FROM view",
    [Q_PUT_LEAF] = "INSERT INTO book (" LEAF_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
};

/* The log or the main file, by SQLITE_FCNTL_..._POINTER; NULL while it is not open. */
static sqlite3_file *file_of(struct ol_conn *c, int pointer)
{
    sqlite3_file *file = NULL;

    sqlite3_file_control(c->db, "main", pointer, &file);
    return file != NULL && file->pMethods != NULL ? file : NULL;
}

/* Of the file itself: sqlite3_system_errno is not set by a COMMIT that fails, and keeps older ones. */
static int cause_of(struct ol_conn *c, int pointer)
{
    sqlite3_file *file = file_of(c, pointer);
    int cause = 0;

    if (file != NULL)
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &cause);
    return cause;
}

static void keep_words(struct ol_conn *c)
{
    snprintf(c->why, sizeof c->why, "%s (%d)", sqlite3_errmsg(c->db), sqlite3_extended_errcode(c->db));
}

enum ol_err ol_conn_read_failed(struct ol_conn *c)
{
    keep_words(c);
    if (sqlite3_extended_errcode(c->db) == SQLITE_IOERR_DATA) {
        snprintf(c->why, sizeof c->why, "a page is not as it was written");
        return OL_MALFORMED;
    }
    switch (sqlite3_errcode(c->db) & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_TOOBIG: /* a record that claims to be longer than any */
    case SQLITE_ERROR:  /* a table or a column of ours is not there */
        return OL_MALFORMED;
    default:
        return OL_STORE;
    }
}

/* Only what failed while the log's frames were still being written is harmless: none of them counts
 * before the last is there. A full disk may also show when the log is synced, or after that when its
 * shared index must grow (SQLITE_IOERR_SHMSIZE); then the frames may count after a restart, and the
 * outcome is unknown. */
static enum ol_err write_failed(struct ol_conn *c, int pointer)
{
    int rc = sqlite3_extended_errcode(c->db);
    int cause = rc == SQLITE_IOERR_WRITE ? cause_of(c, pointer) : 0;

    keep_words(c);
    if (rc == SQLITE_FULL || cause == ENOSPC || cause == EDQUOT || cause == EFBIG)
        return OL_NO_ROOM;
    return OL_STORE;
}

enum ol_err ol_conn_write_failed(struct ol_conn *c)
{
    return write_failed(c, SQLITE_FCNTL_JOURNAL_POINTER);
}

enum ol_err ol_conn_checkpoint(struct ol_conn *c, int *log, int *moved)
{
    int rc = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, log, moved);

    if (rc == SQLITE_OK)
        return OL_OK;
    return (rc & 0xff) == SQLITE_BUSY ? OL_LATER : write_failed(c, SQLITE_FCNTL_FILE_POINTER);
}

static enum ol_err say(struct ol_conn *c, const char *words)
{
    snprintf(c->why, sizeof c->why, "%s", words);
    return OL_STORE;
}

/* A page that was read before is in the engine's memory: this goes to the file. No checkpoint writes it meanwhile, since
 * whoever calls is who makes them. */
enum ol_err ol_conn_look(struct ol_conn *c, uint32_t *after, uint32_t pages)
{
    sqlite3_file *file = file_of(c, SQLITE_FCNTL_FILE_POINTER);
    uint8_t page[OL_PAGE];
    sqlite3_int64 size = 0;

    if (file == NULL || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
        return say(c, "the file cannot be looked at");
    for (; pages > 0; pages--) {
        uint32_t n = *after < size / OL_PAGE ? *after : 0;

        if (size > 0 && file->pMethods->xRead(file, page, OL_PAGE, (sqlite3_int64)n * OL_PAGE) != SQLITE_OK) {
            snprintf(c->why, sizeof c->why, "page %u is not as it was written", n + 1);
            return OL_STORE;
        }
        *after = n + 1;
    }
    return OL_OK;
}

bool ol_conn_run(sqlite3_stmt *q)
{
    sqlite3_step(q);
    return sqlite3_reset(q) == SQLITE_OK;
}

bool ol_conn_exec(struct ol_conn *c, const char *text)
{
    return sqlite3_exec(c->db, text, NULL, NULL, NULL) == SQLITE_OK;
}

bool ol_conn_number(struct ol_conn *c, const char *text, int64_t *out)
{
    sqlite3_stmt *q = NULL;
    bool ok = sqlite3_prepare_v2(c->db, text, -1, &q, NULL) == SQLITE_OK;

    ok = ok && sqlite3_step(q) == SQLITE_ROW;
    *out = ok ? sqlite3_column_int64(q, 0) : 0;
    return sqlite3_finalize(q) == SQLITE_OK && ok;
}

/* A null pointer would be bound as NULL, which no column of ours takes for no bytes. */
void ol_bind_bytes(sqlite3_stmt *q, int at, const void *p, size_t len)
{
    sqlite3_bind_blob64(q, at, len > 0 ? p : "", len, SQLITE_STATIC);
}

/* A store may come back from somebody's backup medium: nothing in it is run, and no length in it is
 * believed beyond what an entry can have. */
static void distrust(sqlite3 *db)
{
    static const int off[] = {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER,
                              SQLITE_DBCONFIG_ENABLE_VIEW};

    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++)
        sqlite3_db_config(db, off[i], 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 20);
}

static bool configure(struct ol_conn *c)
{
    distrust(c->db);
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_timeout(c->db, 5000);
    return ol_conn_exec(c, "PRAGMA cache_size = -512; PRAGMA synchronous = FULL;"
                           "PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;"
                           "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 16777216");
}

static bool prepare(struct ol_conn *c, int from, int to)
{
    const unsigned kept = SQLITE_PREPARE_PERSISTENT;

    for (int i = from; i < to; i++)
        if (sqlite3_prepare_v3(c->db, sql[i], -1, kept, &c->q[i], NULL) != SQLITE_OK)
            return false;
    return true;
}

static bool sync_log(struct ol_conn *c)
{
    sqlite3_file *log = file_of(c, SQLITE_FCNTL_JOURNAL_POINTER);

    return log == NULL || log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) == SQLITE_OK;
}

/* Frames that a killed program wrote but did not sync are taken for committed when the log is recovered.
 * Before anything here speaks of them they must be on the disk, and best also in the main file, written
 * anew: after a failed sync a page may pass for clean, and a second sync of it proves nothing. The log's name
 * too: the engine makes it durable with the first sync of a log that it has made, which may never have come. A
 * full disk must not keep a store from being read. */
static enum ol_err settle(struct ol_conn *c, const char *path)
{
    int pages = -1;
    int moved;
    enum ol_err err;

    if (!ol_conn_exec(c, "PRAGMA journal_mode = WAL; SELECT 1 FROM line"))
        return ol_conn_read_failed(c);
    if (!sync_log(c) || ol_place_settle(path))
        return say(c, "the log cannot be synced");
    err = ol_conn_checkpoint(c, &pages, &moved);
    if (!err && pages < 0)
        return say(c, "the file system cannot share a log");
    return err == OL_STORE ? OL_STORE : OL_OK;
}

enum ol_err ol_conn_open(struct ol_conn *c, const char *path, enum ol_conn_mode mode)
{
    bool writes = mode == CONN_WRITE;
    int flags = SQLITE_OPEN_NOMUTEX | (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    enum ol_err err;

    if (sqlite3_open_v2(path, &c->db, flags, ol_sum_files()) != SQLITE_OK || !configure(c))
        return ol_conn_read_failed(c);
    if (!writes)
        sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    err = ol_schema_check(c);
    if (!err && writes)
        err = ol_schema_migrate(c);
    if (!err && writes)
        err = settle(c, path);
    if (!err && !prepare(c, writes ? Q_FOLD_ROW : 0, writes ? QUERIES : READ_QUERIES))
        err = ol_conn_read_failed(c);
    return err;
}

void ol_conn_close(struct ol_conn *c)
{
    for (int i = 0; i < QUERIES; i++) {
        sqlite3_finalize(c->q[i]);
        c->q[i] = NULL;
    }
    sqlite3_close(c->db);
    c->db = NULL;
}
