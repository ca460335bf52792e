/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the SQLite engine share.
 *
 *     sqlite.c  the store as its caller sees it: open, close, hand in, poll, back up
 *     read.c    rows out of the reading connection, on the caller's thread
 *     worker.c  the writing connection, on a thread of its own: group commit, checkpoints
 *     write.c   what one job does inside the worker's transaction
 *     view.c    what the entries about a message come to, kept
 *     schema.c  tables, and the ladder from an older schema to this one
 *     conn.c    one connection: its settings, its statements, its errors
 *     sum.c     a sum over each page: what a disk has changed is not read
 *     pages.c   pages and records without the engine
 *     salvage.c what can still be read of a store that is damaged
 *     place.c   the files themselves: make one, look at one
 *     search.c  a second file: the index of the words on record
 *
 * An entry's key is one integer, so that a stream is one ascending range of one tree:
 *
 *     line << 33 | (author is B) << 32 | seq        stream = key >> 32
 */
#ifndef OL_STORE_SQLITE_H
#define OL_STORE_SQLITE_H

#include <sqlite3.h>

#include "store/store.h"

#define WHY_MAX 200u
#define LINE_NUMBER_MAX ((INT64_C(1) << 30) - 1)
#define BUCKET_BITS 10 /* hashes are indexed within so many keys, see schema.c */

/* Never a key: nothing is found by it. */
#define NO_KEY INT64_C(-1)

/* The entry that a leaf is about, within its line. */
#define ABOUT_MAX ((INT64_C(2) << 32) - 1)

static inline int64_t leaf_about(uint8_t author, uint32_t seq)
{
    return (author == 'B' ? INT64_C(1) << 32 : 0) + seq;
}

static inline void leaf_about_read(int64_t about, struct ol_leaf_row *leaf)
{
    leaf->author = about >> 32 ? 'B' : 'A';
    leaf->seq = (uint32_t)about;
}

static inline int64_t entry_key(int64_t line, uint8_t author, uint32_t seq)
{
    if (line < 1 || line > LINE_NUMBER_MAX || (author != 'A' && author != 'B'))
        return NO_KEY;
    return line * (INT64_C(1) << 33) + (author == 'B' ? INT64_C(1) << 32 : 0) + seq;
}

enum query {
    /* of the reader */
    Q_LINES,
    Q_SCAN,
    Q_SCAN_ALL,
    Q_ROW,
    Q_STREAM_LAST,
    Q_COUNT,
    Q_ROW_BY_HASH,
    Q_RECEIPT,
    Q_ACTS,
    Q_SCAN_KIND,
    Q_SCAN_RARE,
    Q_EVIDENCE,
    Q_ANSWERED,
    Q_OUTBOX,
    Q_BOOK,
    Q_BOOK_LINE,
    Q_BOOK_ABOUT,
    /* of both */
    Q_FOLD_ROW,
    Q_FOLD_A,
    Q_FOLD_B,
    Q_VIEW,
    Q_ABOUT_NEXT,
    READ_QUERIES,
    /* of the writer */
    Q_BEGIN = READ_QUERIES,
    Q_COMMIT,
    Q_ROLLBACK,
    Q_LINE_IS,
    Q_LINE_ADD,
    Q_LINE_RENAME,
    Q_LINE_COMPARED,
    Q_LINE_RESTORED,
    Q_LINE_OFF_RECORD,
    Q_LINE_REVOKED,
    Q_PUT_ROW,
    Q_CLAIM,
    Q_CLAIMS,
    Q_CLAIM_HOLDS,
    Q_SAME_ROW,
    Q_NAMED_FROM,
    Q_NAMED_TO,
    Q_NAMED_DROP,
    Q_NAMED_PUT,
    Q_NAMED_ALONE,
    Q_PUT_ANSWERED,
    Q_DROP_ANSWERED,
    Q_PUT_OUTBOX,
    Q_SAME_OUTBOX,
    Q_DROP_OUTBOX,
    Q_PUT_EVIDENCE,
    Q_ABOUT_LAST,
    Q_VIEW_PUT,
    Q_VIEW_CLEAR,
    Q_PUT_LEAF,
    QUERIES,
};

struct ol_conn {
    sqlite3 *db;
    sqlite3_stmt *q[QUERIES];
    char why[WHY_MAX]; /* words of the last failure */
};

enum ol_conn_mode { CONN_READ, CONN_WRITE };

/* conn.c. Opens a store and checks that this program can read it; a writer migrates it. On failure too
 * the caller closes it. MALFORMED, NO_ROOM, STORE; words in c->why. */
OL_MUST_USE enum ol_err ol_conn_open(struct ol_conn *c, const char *path, enum ol_conn_mode mode);
void ol_conn_close(struct ol_conn *c);
/* Steps once and resets: for statements that give no rows. */
OL_MUST_USE bool ol_conn_run(sqlite3_stmt *q);
OL_MUST_USE bool ol_conn_exec(struct ol_conn *c, const char *sql);
OL_MUST_USE bool ol_conn_number(struct ol_conn *c, const char *sql, int64_t *out);
/* What the last failure of a read means, MALFORMED or STORE, and of a write, NO_ROOM or STORE. Keeps its
 * words. */
enum ol_err ol_conn_read_failed(struct ol_conn *c);
enum ol_err ol_conn_write_failed(struct ol_conn *c);
/* Moves what it can from the log into the main file: the log's pages, and those that have been moved.
 * NO_ROOM, and LATER (another program is at it), leave the log as it is. STORE. */
OL_MUST_USE enum ol_err ol_conn_checkpoint(struct ol_conn *c, int *log, int *moved);
/* Looks at so many pages of the main file after this one, and from the first again, with the sums: STORE. */
OL_MUST_USE enum ol_err ol_conn_look(struct ol_conn *c, uint32_t *after, uint32_t pages);
void ol_bind_bytes(sqlite3_stmt *q, int at, const void *p, size_t len);

/* schema.c. Refuses what is not a store, or a newer one: MALFORMED, STORE. */
OL_MUST_USE enum ol_err ol_schema_check(struct ol_conn *c);
/* Whether it is a store that has still to climb. */
bool ol_schema_is_old(struct ol_conn *c);
/* Climbs to this program's schema, from nothing too. */
OL_MUST_USE enum ol_err ol_schema_migrate(struct ol_conn *c);

/* An entry that is, or stands behind, a step of the staircase of `named` (schema.c). */
struct ol_named {
    uint32_t xseq;
    uint32_t seq;
};

struct ol_writer {
    struct ol_conn conn;
    bool claims; /* the store, or this batch, has claims that do not hold */
    struct ol_named named[2]; /* the last of this batch's, by author: most of a run name what it did */
    const struct ol_views *views;
    uint32_t looked;          /* at this page last */
};

/* One thing for the worker to do inside a transaction. */
struct ol_job {
    struct ol_job *next;
    enum ol_err (*run)(struct ol_writer *w, struct ol_job *job);
    struct ol_batch batch;
    const struct ol_line_info *info;
    const struct ol_leaf_row *leaf;
    const char *from; /* a file to read leaves from */
    int64_t line; /* or what a new line got */
    ol_commit_fn *done;
    void *ctx;
    bool waited; /* its caller stands still for it; it is not told through poll */
    bool spare;  /* not from the heap */
    bool ended;
    enum ol_err err;
};

/* write.c: what jobs run. NO_ROOM and STORE are the store's; any other failure is of this job alone. */
enum ol_err ol_write_batch(struct ol_writer *w, struct ol_job *job);
enum ol_err ol_write_line(struct ol_writer *w, struct ol_job *job);
enum ol_err ol_write_successor(struct ol_writer *w, struct ol_job *job);
enum ol_err ol_write_compared(struct ol_writer *w, struct ol_job *job);
enum ol_err ol_write_restored(struct ol_writer *w, struct ol_job *job);
/* As job->info has it. */
enum ol_err ol_write_off_record(struct ol_writer *w, struct ol_job *job);
enum ol_err ol_write_revoked(struct ol_writer *w, struct ol_job *job);
enum ol_err ol_write_leaf(struct ol_writer *w, struct ol_job *job);
enum ol_err ol_write_rescued(struct ol_writer *w, struct ol_job *job);
enum ol_err ol_write_look(struct ol_writer *w, struct ol_job *job);

enum ol_err ol_write_views(struct ol_writer *w, struct ol_job *job);
/* The key of what a row is about, or NO_KEY. */
int64_t ol_about(const struct ol_writer *w, int64_t line, const struct ol_row *row);

/* read.c: a row of ROW_COLUMNS; its body borrows from the statement. MALFORMED: it does not fit. */
OL_MUST_USE enum ol_err ol_row_from(sqlite3_stmt *q, struct ol_row *row);

/* view.c. Keeps the view of one message; the views that a batch changes, whose rows are in; makes all anew; and if they
 * were made by another fold, when a store is opened. */
OL_MUST_USE enum ol_err ol_view_keep_of(struct ol_writer *w, int64_t key);
OL_MUST_USE enum ol_err ol_view_keep(struct ol_writer *w, const struct ol_batch *batch, int64_t line);
OL_MUST_USE enum ol_err ol_view_rebuild(struct ol_writer *w);
OL_MUST_USE enum ol_err ol_view_start(struct ol_writer *w);

/* worker.c */
struct ol_worker;

void ol_job_free(struct ol_job *job);
OL_MUST_USE enum ol_err ol_worker_start(const struct ol_store_cfg *cfg, struct ol_worker **out,
                                        char why[static WHY_MAX]);
/* Ends what was handed in, then the thread. NULL is fine. */
void ol_worker_stop(struct ol_worker *w);
void ol_worker_hand(struct ol_worker *w, struct ol_job *job);
OL_MUST_USE enum ol_err ol_worker_wait(struct ol_worker *w, struct ol_job *job,
                                       char why[static WHY_MAX]);
/* The jobs that ended since, in order, linked by next. why gets the words of the last failure. */
struct ol_job *ol_worker_ended(struct ol_worker *w, char why[static WHY_MAX]);
int ol_worker_fd(const struct ol_worker *w);
/* Nothing is written any more, for this reason; its owner's loop is woken. */
void ol_worker_condemn(struct ol_worker *w, const char why[static WHY_MAX]);

struct ol_store {
    struct ol_conn reader;
    struct ol_worker *worker; /* NULL for a reader beside a daemon */
    bool dead;                /* a STORE was told, or damage found: everything after it is refused */
    struct ol_job spare;      /* tells that there is no memory for another */
    uint8_t body[OL_BODY_MAX];
    char why[WHY_MAX];
};

#endif
