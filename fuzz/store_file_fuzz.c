/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store whose file is damaged. It opens or it does not; what it gives then is as it was written, or is found
 * out by the check of the row itself.
 *
 *     offset  size
 *          0     1  1: the sums of its pages are made right again, as whoever means to do harm would
 *          1     2  where it is cut; 0: nowhere
 *          3     1  how many columns are changed, 4 bytes for each: which, of which row, type, length or value
 *                   then bytes changed: offset 3, value 1, again and again
 */
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "folder.h"
#include "fuzz.h"
#include "made.h"
#include "store/sum.h"

static const char *const columns[] = {
    "line SET name", "line SET id", "line SET id0", "line SET own_card", "line SET peer_card", "line SET old_line",
    "line SET compared", "line SET restored", "line SET revoked",
    "entry SET kind", "entry SET flags", "entry SET xseq", "entry SET time", "entry SET marks", "entry SET stored_at",
    "entry SET about", "entry SET hash", "entry SET prev", "entry SET xhash", "entry SET commitment", "entry SET seal",
    "entry SET body", "entry SET id", "evidence SET id", "evidence SET kind", "evidence SET hash", "evidence SET seal",
    "evidence SET body", "named SET seq", "answered SET key", "outbox SET token", "outbox SET kind", "outbox SET flags",
    "outbox SET body",
};

static struct made made;
static uint8_t *good;
static size_t good_size;

static sqlite3 *open_bare(const char *path)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, ol_sum_files());

    if (rc != SQLITE_OK || sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL) != SQLITE_OK) {
        sqlite3_close(db);
        return NULL;
    }
    return db;
}

/* Its tables take whatever comes. */
static void make_good(void)
{
    sqlite3 *db;
    int rc;

    made_store(&made, folder_path("good.db"));
    db = open_bare(folder_path("good.db"));
    assert(db != NULL);
    rc = sqlite3_exec(db, "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = "
                          "replace(replace(replace(sql, ' STRICT,', ''), ' STRICT', ''), ' NOT NULL', '') "
                          "WHERE type = 'table'",
                      NULL, NULL, NULL);
    assert(rc == SQLITE_OK);
    sqlite3_close(db);
    good = made_file(folder_path("good.db"), &good_size);
}

static void bind_value(sqlite3_stmt *q, uint8_t type, uint8_t v)
{
    static const char text[256] = "a name that is longer than any that a line may have, so long that it does not fit.....";
    int shift = type >> 2 & 31;

    switch (type & 3) {
    case 0:
        sqlite3_bind_null(q, 1);
        break;
    case 1:
        sqlite3_bind_int64(q, 1, ((int64_t)v << shift) * (type & 128 ? -1 : 1));
        break;
    case 2:
        sqlite3_bind_text(q, 1, text, v, SQLITE_STATIC);
        break;
    default:
        sqlite3_bind_zeroblob(q, 1, v << shift % 9);
        break;
    }
}

static void change_column(sqlite3 *db, struct ol_rd *r)
{
    const char *column = columns[ol_rd_u8(r) % (sizeof columns / sizeof columns[0])];
    uint8_t row = ol_rd_u8(r);
    uint8_t type = ol_rd_u8(r);
    sqlite3_stmt *q = NULL;
    char sql[100];

    snprintf(sql, sizeof sql, "UPDATE %s = ?1 LIMIT 1 OFFSET %u", column, row % 16u);
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK) {
        bind_value(q, type, ol_rd_u8(r));
        sqlite3_step(q);
    }
    sqlite3_finalize(q);
}

static void change_columns(struct ol_rd r)
{
    sqlite3 *db = r.left > 0 ? open_bare(folder_path("bad.db")) : NULL;

    while (db != NULL && r.left > 0)
        change_column(db, &r);
    sqlite3_close(db);
}

static void seal_pages(uint8_t *file, size_t size)
{
    for (uint32_t n = 0; n < size / OL_PAGE; n++)
        ol_page_seal(file + n * OL_PAGE, n + 1);
}

static bool check_row(void *ctx, const struct ol_row *row)
{
    const struct ol_record *r = &made.pair->side[0].line.record;
    const struct pair_row *was = pair_find(&made.pair->side[0], row->h.author, row->h.seq);

    (void)ctx;
    if (ol_record_check_row(r, row) == OL_OK && row->sealed)
        assert(was != NULL && ol_hash_equal(&was->row.hash, &row->hash) && ol_span_equal(was->row.body, row->body));
    return true;
}

static bool check_key(void *ctx, const struct ol_hash *key)
{
    (void)ctx;
    (void)key;
    return true;
}

static bool check_item(void *ctx, const struct ol_outbox_item *item)
{
    (void)ctx;
    assert(item->body.len <= OL_BODY_MAX);
    return true;
}

static bool check_line(void *ctx, const struct ol_line_info *info)
{
    int64_t *number = ctx;

    assert(memchr(info->name, '\0', sizeof info->name) != NULL && info->own_card_len <= OL_CARD_MAX
           && info->peer_card_len <= OL_CARD_MAX);
    *number = info->number;
    return true;
}

static void read_all(struct ol_store *s)
{
    int64_t line = 1;
    struct ol_row row;

    (void)!ol_store_lines(s, check_line, &line);
    for (uint8_t author = 'A'; author <= 'B'; author++) {
        (void)!ol_store_scan(s, line, author, 1, check_row, NULL);
        (void)!ol_store_scan_kind(s, line, author, OL_KIND_MESSAGE, 1, check_row, NULL);
        (void)!ol_store_acts(s, line, author, 1, check_row, NULL);
        (void)!ol_store_scan_all(s, line, author, check_row, NULL);
        (void)!ol_store_receipt(s, line, author, 1, &row);
        if (ol_store_row_by_hash(s, line, author, &made.pair->side[0].rows[author - 'A'][1].row.hash, &row) == OL_OK)
            check_row(NULL, &row);
    }
    (void)!ol_store_evidence(s, line, check_row, NULL);
    (void)!ol_store_answered(s, line, check_key, NULL);
    (void)!ol_store_outbox(s, line, check_item, NULL);
}

static void on_committed(void *ctx, uint64_t batch, enum ol_err err)
{
    (void)batch;
    assert(err == OL_OK || err == OL_STORE || err == OL_NO_ROOM || err == OL_MALFORMED);
    *(bool *)ctx = true;
}

static void write_row(struct ol_store *s)
{
    struct pollfd p = {.fd = ol_store_fd(s), .events = POLLIN};
    struct ol_put put = {.what = OL_PUT_ROW, .row = made.pair->side[0].rows[0][0].row};
    struct ol_batch batch = {.id = 1, .puts = &put, .n = 1};
    bool done = false;

    put.row.h.seq = 99;
    ol_store_commit(s, 1, &batch, on_committed, &done);
    while (!done) {
        poll(&p, 1, 1000);
        ol_store_poll(s);
    }
}

static void write_bad(struct ol_rd *r)
{
    bool sums = ol_rd_u8(r) & 1;
    uint16_t cut = ol_rd_u16(r);
    size_t n = ol_rd_u8(r) % 8;
    struct ol_span changes = ol_rd_take(r, 4 * (n < r->left / 4 ? n : r->left / 4));
    uint8_t *bad = made_changed(good, good_size, r);

    if (sums)
        seal_pages(bad, good_size);
    folder_write("bad.db", bad, cut == 0 || cut > good_size ? good_size : cut);
    free(bad);
    change_columns(ol_rd_from(changes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ol_store_cfg cfg = {.path = "bad.db", .no_thread = true};
    struct ol_rd r = ol_rd_from(ol_span(data, size));
    struct ol_store *s = NULL;

    if (good == NULL)
        make_good();
    if (chdir(folder()))
        abort();
    write_bad(&r);
    if (ol_store_open(&cfg, &s, NULL) == OL_OK) {
        read_all(s);
        write_row(s);
    }
    ol_store_close(&s);
    folder_remove("bad.db-wal");
    folder_remove("bad.db-shm");
    return 0;
}
