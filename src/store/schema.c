/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables, and the ladder. Step n leads from schema n to n + 1, in one transaction
 * with the rest of the climb; a step that was released is never changed.
 */
#include "store/sqlite.h"

#include <assert.h>
#include <stdio.h>

#include "store/sum.h"

#define APPLICATION_ID 0x4f4c6e31 /* "OLn1" */

static const char *const steps[] = {
    "CREATE TABLE line ("
    " number INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 71),"
    " id BLOB NOT NULL UNIQUE,"
    " id0 BLOB NOT NULL,"
    " own_card BLOB NOT NULL,"
    " peer_card BLOB NOT NULL,"
    " old_line BLOB NOT NULL,"
    " compared INTEGER NOT NULL,"
    " restored INTEGER NOT NULL"
    ") STRICT;"

    /* about: the key of the message that an act is about. The body is last: only it overflows. */
    "CREATE TABLE entry ("
    " id INTEGER PRIMARY KEY,"
    " kind INTEGER NOT NULL,"
    " flags INTEGER NOT NULL,"
    " xseq INTEGER NOT NULL,"
    " time INTEGER NOT NULL,"
    " marks INTEGER NOT NULL,"
    " stored_at INTEGER NOT NULL,"
    " about INTEGER,"
    " hash BLOB NOT NULL,"
    " prev BLOB NOT NULL,"
    " xhash BLOB NOT NULL,"
    " commitment BLOB NOT NULL,"
    " seal BLOB,"
    " body BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX entry_about ON entry (about) WHERE about IS NOT NULL;"
    /* The record's own kinds, few among many; a scan for any other kind walks the stream. */
    "CREATE INDEX entry_rare ON entry (kind, id) WHERE kind BETWEEN 33 AND 39;"
    /* Hashes are random: one index over all would touch as many pages as a commit has rows (it halved
     * the rows per second). Within 1,024 keys they stay on a few pages, and who seeks a hash tries one
     * such bucket after the other, the latest first. */
    "CREATE INDEX entry_hash ON entry (id >> 10, substr(hash, 1, 4));"

    /* Which entry of a stream is the first to name a number of the other stream, or one above it. For
     * entries that are not ALONE a staircase: seq rises with xseq. What names no more than an earlier
     * entry does is not in it, so a lookup is one descent of a tree, whatever a resume did to xseq. */
    "CREATE TABLE named ("
    " stream INTEGER NOT NULL,"
    " alone INTEGER NOT NULL,"
    " xseq INTEGER NOT NULL,"
    " seq INTEGER NOT NULL,"
    " PRIMARY KEY (stream, alone, xseq)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE answered ("
    " line INTEGER NOT NULL,"
    " n INTEGER NOT NULL,"
    " key BLOB NOT NULL,"
    " PRIMARY KEY (line, n)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE outbox ("
    " n INTEGER PRIMARY KEY,"
    " line INTEGER NOT NULL,"
    " token INTEGER NOT NULL,"
    " kind INTEGER NOT NULL,"
    " flags INTEGER NOT NULL,"
    " body BLOB NOT NULL,"
    " UNIQUE (line, token)"
    ") STRICT;"

    "CREATE TABLE evidence ("
    " n INTEGER PRIMARY KEY,"
    " id INTEGER NOT NULL,"
    " kind INTEGER NOT NULL,"
    " flags INTEGER NOT NULL,"
    " xseq INTEGER NOT NULL,"
    " time INTEGER NOT NULL,"
    " marks INTEGER NOT NULL,"
    " stored_at INTEGER NOT NULL,"
    " hash BLOB NOT NULL,"
    " prev BLOB NOT NULL,"
    " xhash BLOB NOT NULL,"
    " commitment BLOB NOT NULL,"
    " seal BLOB,"
    " body BLOB NOT NULL,"
    " UNIQUE (id, hash)"
    ") STRICT;",

    "ALTER TABLE line ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0;",

    /* What nobody else has stands on the disk twice, for when a page is damaged (salvage.c). From here on pages have
     * sums (sum.c). */
    "CREATE INDEX line_again ON line (name, id, id0, own_card, peer_card, old_line, compared, restored, revoked);"
    "CREATE INDEX outbox_again ON outbox (line, token, kind, flags, body);"
    /* Those few whose claim about the other stream does not hold, by what they claim: it may come to hold. */
    "CREATE INDEX entry_claim ON entry (xhash) WHERE marks & 1;",

    /* What entries about a message come to (view.c); can be made again from them. */
    "CREATE TABLE view (key INTEGER PRIMARY KEY, row BLOB NOT NULL) STRICT;",

    /* The own book. line: an id, since a repair numbers lines anew. The index that finds a line's leaves holds all of
     * them once more: nobody else has them. */
    "CREATE TABLE book ("
    " number INTEGER PRIMARY KEY,"
    " line BLOB,"
    " about INTEGER,"
    " hash BLOB NOT NULL,"
    " leaf BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX book_again ON book (line, number, about, hash, leaf);"
    "CREATE INDEX book_about ON book (line, about) WHERE about IS NOT NULL;",

    "ALTER TABLE line ADD COLUMN off_record INTEGER NOT NULL DEFAULT 0;"
    "DROP INDEX line_again;"
    "CREATE INDEX line_again ON line (name, id, id0, own_card, peer_card, old_line, compared, restored, revoked, off_record);",
};

#define FIRST_SUMMED 3
#define SCHEMA ((int64_t)(sizeof steps / sizeof steps[0]))

static_assert(OL_NAME_MAX + 8 == 72, "the check on a line's name knows this size");
static_assert(OL_PAGE == 4096, "a new store is made with this page size");
static_assert(OL_ROW_CLAIM == 1, "the index over claims is made of these");
static_assert(BUCKET_BITS == 10, "the index over hashes is made of such buckets");

enum ol_err ol_schema_check(struct ol_conn *c)
{
    int64_t application;
    int64_t version;

    if (!ol_conn_number(c, "PRAGMA application_id", &application) ||
        !ol_conn_number(c, "PRAGMA user_version", &version))
        return ol_conn_read_failed(c);
    if (application != APPLICATION_ID || version < 1) {
        snprintf(c->why, sizeof c->why, "a database, but not a store of this program");
        return OL_MALFORMED;
    }
    if (version > SCHEMA) {
        snprintf(c->why, sizeof c->why, "the store has schema %d, newer than the %d this program knows",
                 (int)version, (int)SCHEMA);
        return OL_MALFORMED;
    }
    return OL_OK;
}

bool ol_schema_is_old(struct ol_conn *c)
{
    int64_t version;

    return ol_schema_check(c) == OL_OK && ol_conn_number(c, "PRAGMA user_version", &version) &&
           version < SCHEMA;
}

/* Another program may have climbed since it was checked: the version counts inside the transaction. */
static bool climb(struct ol_conn *c)
{
    char identity[96];
    int64_t version;

    if (!ol_conn_number(c, "PRAGMA user_version", &version))
        return false;
    for (int64_t v = version; v < SCHEMA; v++)
        if (!ol_conn_exec(c, steps[v]))
            return false;
    snprintf(identity, sizeof identity, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             APPLICATION_ID, (int)SCHEMA);
    return version >= SCHEMA || ol_conn_exec(c, identity);
}

/* Leaves room for the sums at the end of each page: in a new file, or by writing every page of an older store anew. */
static bool make_room_for_sums(struct ol_conn *c, bool older)
{
    int bytes = OL_PAGE_SUM;

    return sqlite3_file_control(c->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes) == SQLITE_OK &&
           ol_conn_exec(c, older ? "VACUUM" : "PRAGMA page_size = 4096");
}

enum ol_err ol_schema_migrate(struct ol_conn *c)
{
    int64_t version;

    if (!ol_conn_number(c, "PRAGMA user_version", &version))
        return ol_conn_read_failed(c);
    if (version < FIRST_SUMMED && !make_room_for_sums(c, version > 0))
        return ol_conn_write_failed(c);
    if (version >= SCHEMA ||
        (ol_conn_exec(c, "BEGIN IMMEDIATE") && climb(c) && ol_conn_exec(c, "COMMIT")))
        return OL_OK;
    return ol_conn_write_failed(c); /* closing rolls it back */
}
