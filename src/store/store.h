/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a station keeps on disk: its lines and their records. One engine is linked in.
 *
 * Writing goes through a worker thread which joins the batches that wait into one
 * transaction (group commit); the outcome is told through ol_store_poll on the caller's
 * thread. Reading is synchronous, on the caller's thread, and sees what is durable.
 * An error of fsync, or anything that leaves the outcome unknown, is STORE and final:
 * the store refuses everything after it, and the program must end. NO_ROOM leaves the
 * store as it was; the same batch may be handed in again.
 */
#ifndef OL_STORE_STORE_H
#define OL_STORE_STORE_H

#include "base/limits.h"
#include "record/row.h"

struct ol_store;

#define OL_NAME_MAX 64u /* bytes of a line's name */

/* A line as paired. */
struct ol_line_info {
    char name[OL_NAME_MAX + 8]; /* with ".1" and so on for lines that have a successor */
    struct ol_hash id;
    struct ol_hash id0;
    uint8_t own_card[OL_CARD_MAX]; /* cards hold for a line's life */
    size_t own_card_len;
    uint8_t peer_card[OL_CARD_MAX];
    size_t peer_card_len;
    struct ol_hash old_line; /* zero, or the id of the line that this one succeeds */
    bool compared;           /* the codes were compared */
    bool restored;           /* the restored mark: set by restore, cleared by OL_PUT_RESUMED alone */
    bool revoked;            /* the peer's card was revoked */
    bool off_record;         /* messages off the record are taken and sent */
    int64_t number;          /* the store's own number for it */
};

struct ol_store_cfg {
    const char *path;
    bool read_only;
    bool no_thread; /* commits are done in ol_store_poll, on the caller's thread: each run the same */
    const struct ol_views *views; /* NULL: none are kept, and nothing can be found by what it is about */
};

/* Makes a new empty store (mode 0600) and closes it. EXISTS, IO, NO_ROOM, STORE. */
OL_MUST_USE enum ol_err ol_store_create(const char *path);
/* Opens a store, migrating an older schema. ABSENT: no such file. MALFORMED: not a store, or a newer
 * schema. NO_ROOM: for migrating. STORE. *why (may be NULL) gets the engine's words, valid until the
 * next call of this function. */
OL_MUST_USE enum ol_err ol_store_open(const struct ol_store_cfg *cfg, struct ol_store **out,
                                      const char **why);
/* Waits for what was handed in, whose outcomes are not told any more, then closes. *s becomes NULL.
 * NULL is fine. */
void ol_store_close(struct ol_store **s);

/* Lines. Adding and changing are synchronous and durable on return. NO_ROOM, STORE; UNEXPECTED when
 * it was opened for reading only. */
/* Sets number. EXISTS by name or id; LIMIT: an empty name, or one that does not fit. */
OL_MUST_USE enum ol_err ol_store_line_add(struct ol_store *s, struct ol_line_info *info);
/* Adds a successor and renames in one transaction: the line called `name` becomes name.N, N one above
 * the highest there is, info takes the name. ABSENT: no line has the name. LIMIT: name.N does not
 * fit. EXISTS. */
OL_MUST_USE enum ol_err ol_store_line_succeed(struct ol_store *s, struct ol_line_info *info);
OL_MUST_USE enum ol_err ol_store_line_compared(struct ol_store *s, int64_t number); /* ABSENT */
/* Sets the mark. ABSENT. */
OL_MUST_USE enum ol_err ol_store_line_restored(struct ol_store *s, int64_t number);
OL_MUST_USE enum ol_err ol_store_line_off_record(struct ol_store *s, int64_t number, bool allowed); /* ABSENT */
OL_MUST_USE enum ol_err ol_store_line_revoked(struct ol_store *s, int64_t number); /* ABSENT */
/* Calls back for each line in order of name; a false from the callback ends it. */
OL_MUST_USE enum ol_err ol_store_lines(struct ol_store *s,
                                       bool (*each)(void *ctx, const struct ol_line_info *info),
                                       void *ctx);

/* The record. Rows' bodies are borrowed for the callback, or until the next call on this store.
 * MALFORMED: a row on the disk does not fit into its struct, or a page is damaged (which
 * ends the store as a STORE does); STORE. A callback may ask for other
 * rows, but not begin the same sort of scan. */
typedef bool ol_row_fn(void *ctx, const struct ol_row *row); /* false ends the scan */
/* One stream's rows from a number on, ascending. */
OL_MUST_USE enum ol_err ol_store_scan(struct ol_store *s, int64_t line, uint8_t author, uint32_t from,
                                      ol_row_fn *each, void *ctx);
/* All of a stream, each row followed by what was kept as evidence under its number, if that is another entry. */
OL_MUST_USE enum ol_err ol_store_scan_all(struct ol_store *s, int64_t line, uint8_t author, ol_row_fn *each,
                                          void *ctx);
OL_MUST_USE enum ol_err ol_store_row(struct ol_store *s, int64_t line, uint8_t author, uint32_t seq,
                                     struct ol_row *out); /* ABSENT */
/* How many rows a stream has up to a number. */
OL_MUST_USE enum ol_err ol_store_count(struct ol_store *s, int64_t line, uint8_t author, uint32_t to, uint32_t *out);
OL_MUST_USE enum ol_err ol_store_row_by_hash(struct ol_store *s, int64_t line, uint8_t author,
                                             const struct ol_hash *hash,
                                             struct ol_row *out); /* ABSENT */
/* The first entry of the other side (by number) that names this one, i.e. its receipt: xseq >= seq
 * without OL_FLAG_ALONE, or xseq == seq with it; entries marked OL_ROW_CLAIM do not count, as long as what they claim is not there. ABSENT
 * when there is none. */
OL_MUST_USE enum ol_err ol_store_receipt(struct ol_store *s, int64_t line, uint8_t author, uint32_t seq,
                                         struct ol_row *out);
/* The acts about a message, ascending by author, then number. */
OL_MUST_USE enum ol_err ol_store_acts(struct ol_store *s, int64_t line, uint8_t author, uint32_t seq,
                                      ol_row_fn *each, void *ctx);
/* The kept view of a message. ABSENT: nothing is about it. */
OL_MUST_USE enum ol_err ol_store_view(struct ol_store *s, int64_t line, uint8_t author, uint32_t seq,
                                      uint8_t out[OL_VIEW_MAX], size_t *len);
/* Has a message folded from what is about it: fold gets the rows of A and of B, each as it wants them. A row's body is
 * borrowed until the next of its side. As a scan. */
OL_MUST_USE enum ol_err ol_store_fold(struct ol_store *s, int64_t line, uint8_t author, uint32_t seq,
                                      void (*fold)(void *ctx, ol_next_row_fn *next, void *from), void *ctx);
/* Folds again what is about every message of every line; how many there are, and how many kept views are not that. */
OL_MUST_USE enum ol_err ol_store_views_check(struct ol_store *s, const struct ol_views *v, size_t *checked,
                                             size_t *differ);
/* Makes all kept views anew, durably. NO_ROOM, STORE; UNEXPECTED when it was opened for reading only. */
OL_MUST_USE enum ol_err ol_store_views_rebuild(struct ol_store *s);
/* Rows of one kind of one author from a number on, ascending; with messages come forms, which are messages too. */
OL_MUST_USE enum ol_err ol_store_scan_kind(struct ol_store *s, int64_t line, uint8_t author,
                                           uint8_t kind, uint32_t from, ol_row_fn *each, void *ctx);
OL_MUST_USE enum ol_err ol_store_evidence(struct ol_store *s, int64_t line, ol_row_fn *each, void *ctx);

/* The last OL_ANSWERED answered keys, oldest first (older ones are deleted as new ones come). */
OL_MUST_USE enum ol_err ol_store_answered(struct ol_store *s, int64_t line,
                                          bool (*each)(void *ctx, const struct ol_hash *key), void *ctx);
/* The outbox, oldest first. Tokens are unique in a line's outbox. */
struct ol_outbox_item {
    uint64_t token;
    uint8_t kind;
    uint8_t flags;
    struct ol_span body;
};
OL_MUST_USE enum ol_err ol_store_outbox(struct ol_store *s, int64_t line,
                                        bool (*each)(void *ctx, const struct ol_outbox_item *item),
                                        void *ctx);

/* The own book (desk/book.h): leaves that this side keeps to itself, by number. What stands on one, and whether each
 * follows the one before, is for its reader to find out. */
struct ol_leaf_row {
    uint32_t number;      /* 1 to OL_SEQ_MAX */
    struct ol_hash line;  /* id of the line that it is about; zero: none */
    uint8_t author;       /* of the entry that it is about, 0: none; else there is a line */
    uint32_t seq;
    struct ol_hash hash;
    struct ol_span bytes; /* borrowed for the call; at most OL_LEAF_MAX */
};
/* Synchronous, and durable on return, in one commit with what waits. EXISTS: there is a leaf of this number. NO_ROOM,
 * STORE; UNEXPECTED when the store was opened for reading only. */
OL_MUST_USE enum ol_err ol_store_book_append(struct ol_store *s, const struct ol_leaf_row *leaf);
struct ol_book_query {
    const struct ol_hash *line; /* NULL: all leaves */
    uint8_t author;             /* 0: all of the line; else of this entry of it */
    uint32_t seq;
    uint32_t from;              /* number */
};
/* Ascending by number; a false from the callback ends it. MALFORMED, STORE as with the record's rows. */
OL_MUST_USE enum ol_err ol_store_book_scan(struct ol_store *s, const struct ol_book_query *which,
                                           bool (*each)(void *ctx, const struct ol_leaf_row *leaf), void *ctx);
/* Takes in all leaves that can still be read of another store's file, which is damaged; durable on return, all or none.
 * A number that is there already stays as it is. As ol_store_book_append; IO, ABSENT: the file. */
OL_MUST_USE enum ol_err ol_store_book_rescue(struct ol_store *s, const char *from);

/* Commits. `done` is called from ol_store_poll with OK, NO_ROOM or STORE; the puts must stay
 * unchanged until then. A row that is there already with the same hash stays as it is. MALFORMED,
 * which a core that works never sees: another row has its place, or there is no such line; nothing of
 * this batch was written. */
typedef void ol_commit_fn(void *ctx, uint64_t batch, enum ol_err err);
void ol_store_commit(struct ol_store *s, int64_t line, const struct ol_batch *batch, ol_commit_fn *done,
                     void *ctx);
/* Becomes readable when ol_store_poll has something to tell. */
int ol_store_fd(const struct ol_store *s);
void ol_store_poll(struct ol_store *s);
#define OL_LOOK_PAGES 256u /* a mebibyte */
/* Looks at the next pages of the file for what a disk has changed, beside the commits. What it finds is a STORE. */
void ol_store_look(struct ol_store *s);
/* Whether a call has told a STORE, or one that reads has found damage; ol_store_fd becomes readable then. */
bool ol_store_failed(const struct ol_store *s);
/* The cause of a STORE or NO_ROOM result, in the engine's words; "" when there was none. */
const char *ol_store_why(const struct ol_store *s);
/* Writes a consistent copy of the store to a new file (mode 0600), synced. EXISTS, NO_ROOM, IO; STORE
 * when this store has failed before. */
OL_MUST_USE enum ol_err ol_store_backup(struct ol_store *s, const char *to);

#endif
