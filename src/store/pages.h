/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store's pages without its engine (SQLite's file format, sections 1.2 to 1.6 and 4):
 * those that the log holds, then the main file's; and the records on one page.
 */
#ifndef OL_STORE_PAGES_H
#define OL_STORE_PAGES_H

#include "store/sqlite.h"
#include "store/sum.h"

struct ol_pages {
    sqlite3_filename name;
    sqlite3_file *db;
    sqlite3_file *log;     /* NULL: there is none */
    uint32_t n;
    uint64_t *in_log;      /* where in the log each page stands; 0: it does not */
    uint32_t in_log_n;
    uint8_t payload[OL_BODY_MAX + 2048u]; /* of the record that is being read */
};

/* ABSENT, IO, NO_ROOM. Closed by the caller in any case. */
OL_MUST_USE enum ol_err ol_pages_open(struct ol_pages *p, const char *path);
void ol_pages_close(struct ol_pages *p);
/* OK, MALFORMED: not as it was written; IO. Numbers begin at 1. */
OL_MUST_USE enum ol_err ol_pages_read(struct ol_pages *p, uint32_t number, uint8_t page[static OL_PAGE]);

#define OL_COLUMNS 16u

/* One record of a table or an index. */
struct ol_cell {
    int64_t rowid; /* of a table's */
    bool is_table;
    size_t n;
    struct {
        int type;  /* SQLITE_INTEGER, SQLITE_BLOB, SQLITE_TEXT, SQLITE_NULL */
        int64_t i;
        struct ol_span bytes; /* borrowed until the next */
    } at[OL_COLUMNS];
};

/* Each record on this page that can be read; a false ends it, and is returned. */
bool ol_pages_cells(struct ol_pages *p, const uint8_t page[static OL_PAGE],
                    bool (*each)(void *ctx, const struct ol_cell *cell), void *ctx);

#endif
