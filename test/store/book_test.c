/* SPDX-License-Identifier: Apache-2.0 */
/* The own book in the store: what is appended comes back by every way of asking, whole or not at all. */
#include "bed.h"
#include "fault_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/salvage.h"
#include "store/sum.h"

#define LEAVES 40u

static const struct ol_hash line_x = {{1}};
static const struct ol_hash line_y = {{2, 3}};

/* Of line X, of line Y, about an entry of it, or about nothing, in turn; every tenth a long one. */
static struct ol_leaf_row leaf_of(uint32_t number)
{
    static uint8_t text[OL_LEAF_MAX];
    struct ol_leaf_row leaf = {.number = number};

    memset(text, (int)number, sizeof text);
    memset(leaf.hash.b, (int)number + 1, sizeof leaf.hash.b);
    leaf.bytes = ol_span(text, number % 10 == 3 ? sizeof text : 100 + number);
    if (number % 4 != 0)
        leaf.line = number % 4 == 3 ? line_y : line_x;
    if (number % 4 >= 2) {
        leaf.author = number % 8 >= 4 ? 'B' : 'A';
        leaf.seq = number % 3 == 0 ? UINT32_MAX : 7;
    }
    return leaf;
}

static void append(struct bed *b, uint32_t number)
{
    struct ol_leaf_row leaf = leaf_of(number);

    CHECK_ERR(OL_OK, ol_store_book_append(b->s, &leaf));
}

static void fill(struct bed *b)
{
    for (uint32_t i = 1; i <= LEAVES; i++)
        append(b, i);
}

static void same_leaf(const struct ol_leaf_row *got)
{
    struct ol_leaf_row want = leaf_of(got->number);

    assert_memory_equal(&want.line, &got->line, sizeof want.line);
    assert_memory_equal(&want.hash, &got->hash, sizeof want.hash);
    assert_int_equal(want.author, got->author);
    assert_int_equal(want.seq, got->seq);
    assert_true(ol_span_equal(want.bytes, got->bytes));
}

struct leaves {
    size_t n;
    size_t stop_at;
    uint32_t last;
};

static bool see(void *ctx, const struct ol_leaf_row *leaf)
{
    struct leaves *seen = ctx;

    same_leaf(leaf);
    assert_true(leaf->number > seen->last);
    seen->last = leaf->number;
    return ++seen->n != seen->stop_at;
}

static size_t count(struct ol_store *s, const struct ol_book_query *which)
{
    struct leaves seen = {0};

    CHECK_ERR(OL_OK, ol_store_book_scan(s, which, see, &seen));
    return seen.n;
}

static size_t all_of(struct ol_store *s)
{
    return count(s, &(struct ol_book_query){0});
}

/* ---- Asking ---- */

static void test_every_leaf_comes_back_in_order_by_line_and_by_entry(void **state)
{
    struct bed *b = *state;

    fill(b);
    for (int again = 0; again < 2; again++) {
        size_t of_entries = 0;

        assert_int_equal(LEAVES, all_of(b->s));
        assert_int_equal(LEAVES / 2, count(b->s, &(struct ol_book_query){.line = &line_x}));
        assert_int_equal(LEAVES / 4, count(b->s, &(struct ol_book_query){.line = &line_y}));
        assert_int_equal(0, count(b->s, &(struct ol_book_query){.line = &(const struct ol_hash){{9}}}));
        for (uint8_t author = 'A'; author <= 'B'; author++) {
            of_entries += count(b->s, &(struct ol_book_query){.line = &line_x, .author = author, .seq = 7});
            of_entries += count(b->s, &(struct ol_book_query){.line = &line_x, .author = author, .seq = UINT32_MAX});
            assert_int_equal(0, count(b->s, &(struct ol_book_query){.line = &line_x, .author = author, .seq = 8}));
        }
        assert_int_equal(LEAVES / 4, of_entries);
        bed_reopen(b);
    }
}

static void test_a_scan_begins_where_it_is_told_and_ends_when_told(void **state)
{
    struct bed *b = *state;
    struct leaves seen = {.stop_at = 3};

    fill(b);
    assert_int_equal(LEAVES - 9, count(b->s, &(struct ol_book_query){.from = 10}));
    assert_int_equal(1, count(b->s, &(struct ol_book_query){.from = LEAVES}));
    assert_int_equal(0, count(b->s, &(struct ol_book_query){.from = LEAVES + 1}));
    assert_int_equal(2, count(b->s, &(struct ol_book_query){.line = &line_x, .from = LEAVES - 4}));
    assert_int_equal(1, count(b->s, &(struct ol_book_query){.line = &line_x, .author = 'B', .seq = 7, .from = 38}));
    CHECK_ERR(OL_OK, ol_store_book_scan(b->s, &(struct ol_book_query){0}, see, &seen));
    assert_int_equal(3, seen.n);
}

static void test_a_number_is_given_once(void **state)
{
    struct bed *b = *state;
    struct ol_leaf_row other = leaf_of(9);

    append(b, 1);
    other.number = 1;
    CHECK_ERR(OL_EXISTS, ol_store_book_append(b->s, &other));
    assert_int_equal(1, all_of(b->s));
    append(b, 2);
}

static void test_what_is_no_leaf_is_refused(void **state)
{
    static uint8_t text[OL_LEAF_MAX + 1];
    struct bed *b = *state;
    struct ol_leaf_row leaf = leaf_of(1);

    leaf.number = 0;
    CHECK_ERR(OL_MALFORMED, ol_store_book_append(b->s, &leaf));
    leaf.number = UINT32_MAX;
    CHECK_ERR(OL_MALFORMED, ol_store_book_append(b->s, &leaf));
    leaf = leaf_of(1);
    leaf.bytes = SPAN(text);
    CHECK_ERR(OL_MALFORMED, ol_store_book_append(b->s, &leaf));
    assert_int_equal(0, all_of(b->s));
}

static void test_a_reader_reads_it_and_cannot_write(void **state)
{
    struct bed *b = *state;
    struct ol_leaf_row leaf = leaf_of(LEAVES + 1);
    struct ol_store *reader;

    fill(b);
    CHECK_ERR(OL_OK, ol_store_open(&(struct ol_store_cfg){.path = b->path, .read_only = true}, &reader, NULL));
    assert_int_equal(LEAVES, all_of(reader));
    CHECK_ERR(OL_UNEXPECTED, ol_store_book_append(reader, &leaf));
    ol_store_close(&reader);
}

static void test_a_copy_has_the_book(void **state)
{
    struct bed *b = *state;
    struct ol_store *copy;
    char to[128];

    fill(b);
    bed_name(b, "copy", to);
    CHECK_ERR(OL_OK, ol_store_backup(b->s, to));
    CHECK_ERR(OL_OK, ol_store_open(&(struct ol_store_cfg){.path = to, .read_only = true}, &copy, NULL));
    assert_int_equal(LEAVES, all_of(copy));
    ol_store_close(&copy);
}

static void with_sql(const char *path, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(SQLITE_OK, sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, ol_sum_files()));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

static void test_an_older_store_gets_a_book_and_keeps_what_it_has(void **state)
{
    struct bed *b = *state;
    struct ol_row row = bed_row(b, 'A', 1);

    CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    ol_store_close(&b->s);
    with_sql(b->path, "DROP TABLE book; DROP INDEX line_again; ALTER TABLE line DROP COLUMN off_record;"
             "CREATE INDEX line_again ON line (name); PRAGMA user_version = 4");
    bed_open(b);
    assert_int_equal(1, bed_count(b->s, b->line, 'A'));
    assert_int_equal(0, all_of(b->s));
    fill(b);
    assert_int_equal(LEAVES, all_of(b->s));
}

static void test_a_leaf_that_does_not_fit_its_row_is_malformed(void **state)
{
    static const char *const changes[] = {
        "UPDATE book SET hash = x'00' WHERE number = 3",
        "UPDATE book SET line = x'00' WHERE number = 3",
        "UPDATE book SET about = -1 WHERE number = 3",
        "UPDATE book SET about = 1 << 33 WHERE number = 3",
        "UPDATE book SET leaf = zeroblob(40000) WHERE number = 3",
        "UPDATE book SET number = 1 << 32 WHERE number = 3",
        "UPDATE book SET number = 0 WHERE number = 3",
    };
    struct bed *b = *state;

    fill(b);
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct leaves seen = {0};

        ol_store_close(&b->s);
        with_sql(b->path, changes[i]);
        bed_open(b);
        CHECK_ERR(OL_MALFORMED, ol_store_book_scan(b->s, &(struct ol_book_query){0}, see, &seen));
        ol_store_close(&b->s);
        with_sql(b->path, "DELETE FROM book");
        bed_open(b);
        fill(b);
    }
}

/* ---- When the disk fails ---- */

static void test_a_full_disk_changes_nothing_and_the_leaf_can_come_again(void **state)
{
    struct bed *b = *state;
    uint32_t next = 1;
    size_t failures = 0;
    bool failed = true;

    bed_reopen(b);
    for (int n = 1; failed; n++) {
        struct ol_leaf_row leaf = leaf_of(next);
        enum ol_err err;

        fault_arm(FAULT_FULL, n, false);
        err = ol_store_book_append(b->s, &leaf);
        failed = fault_disarm();
        failures += failed;
        CHECK_ERR(failed ? OL_NO_ROOM : OL_OK, err);
        assert_int_equal(failed ? next - 1 : next, all_of(b->s));
        if (failed)
            append(b, next);
        next++;
    }
    assert_true(failures > 3);
    bed_reopen(b);
    assert_int_equal(next - 1, all_of(b->s));
}

static void test_an_error_of_sync_is_final_and_leaves_a_leaf_whole_or_not_at_all(void **state)
{
    struct bed *b = *state;
    struct ol_leaf_row leaf = leaf_of(1);

    fault_arm(FAULT_SYNC, 1, false);
    CHECK_ERR(OL_STORE, ol_store_book_append(b->s, &leaf));
    assert_true(ol_store_failed(b->s));
    CHECK_ERR(OL_STORE, ol_store_book_append(b->s, &leaf));
    fault_disarm();
    bed_reopen(b);
    assert_in_range(all_of(b->s), 0, 1);
}

static void test_what_is_told_is_synced(void **state)
{
    struct bed *b = *state;

    fault_arm(FAULT_NONE, 0, false);
    for (uint32_t i = 1; i <= LEAVES; i++) {
        append(b, i);
        assert_false(fault_unsynced());
    }
    assert_true(fault_syncs() >= (int)LEAVES);
}

static void test_a_leaf_that_is_refused_takes_no_batch_with_it(void **state)
{
    struct bed *b = *state;
    struct ol_leaf_row leaf = leaf_of(1);
    struct ol_row rows[] = {bed_row(b, 'A', 1), bed_row(b, 'A', 2)};
    struct ol_put puts[] = {bed_put(&rows[0]), bed_put(&rows[1])};
    struct outcome o = {0};

    append(b, 1);
    for (size_t i = 0; i < COUNT(puts); i++) {
        struct ol_batch batch = {.id = i, .puts = &puts[i], .n = 1};

        ol_store_commit(b->s, b->line, &batch, bed_done, &o);
    }
    CHECK_ERR(OL_EXISTS, ol_store_book_append(b->s, &leaf));
    bed_await(b->s, &o, COUNT(puts));
    CHECK_ERR(OL_OK, o.last);
    assert_int_equal(2, bed_count(b->s, b->line, 'A'));
    assert_int_equal(1, all_of(b->s));
}

/* ---- When a page is damaged ---- */

static size_t pages_of(const char *path)
{
    struct stat st;

    assert_int_equal(0, stat(path, &st));
    return (size_t)st.st_size / OL_PAGE;
}

static void flip(const char *path, uint32_t page)
{
    off_t at = (off_t)(page - 1) * OL_PAGE + 500;
    uint8_t byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);

    assert_int_equal(1, pread(fd, &byte, 1, at));
    byte ^= 16;
    assert_int_equal(1, pwrite(fd, &byte, 1, at));
    close(fd);
}

static struct ol_store *fresh(const char *path)
{
    struct ol_store *s;

    CHECK_ERR(OL_OK, ol_store_create(path));
    CHECK_ERR(OL_OK, ol_store_open(&(struct ol_store_cfg){.path = path, .no_thread = true}, &s, NULL));
    return s;
}

static void test_every_leaf_is_rescued_whichever_page_is_damaged(void **state)
{
    struct bed *b = *state;
    char to[128];
    size_t pages;

    fill(b);
    ol_store_close(&b->s);
    bed_name(b, "fresh", to);
    pages = pages_of(b->path);
    assert_true(pages > 20);
    for (uint32_t page = 1; page <= pages; page++) {
        struct ol_store *s = fresh(to);

        flip(b->path, page);
        CHECK_ERR(OL_OK, ol_store_book_rescue(s, b->path));
        assert_int_equal(LEAVES, all_of(s));
        flip(b->path, page);
        ol_store_close(&s);
        assert_int_equal(0, unlink(to));
    }
    bed_open(b);
}

static void test_a_rescue_that_fails_takes_nothing_and_may_come_again(void **state)
{
    struct bed *b = *state;
    struct ol_store *s;
    char to[128];
    bool failed = true;
    size_t failures = 0;

    fill(b);
    ol_store_close(&b->s);
    bed_name(b, "fresh", to);
    s = fresh(to);
    CHECK_ERR(OL_ABSENT, ol_store_book_rescue(s, "/none/store"));
    for (int n = 1; failed; n++) {
        enum ol_err err;

        fault_arm(FAULT_FULL, n, false);
        err = ol_store_book_rescue(s, b->path);
        failed = fault_disarm();
        failures += failed;
        CHECK_ERR(failed ? OL_NO_ROOM : OL_OK, err);
        assert_int_equal(failed ? 0 : LEAVES, all_of(s));
    }
    assert_true(failures > 3);
    CHECK_ERR(OL_OK, ol_store_book_rescue(s, b->path));
    assert_int_equal(LEAVES, all_of(s));
    ol_store_close(&s);
    bed_open(b);
}

static bool tally(void *ctx, const struct ol_leaf_row *leaf)
{
    struct leaves *seen = ctx;

    same_leaf(leaf);
    return ++seen->n != seen->stop_at;
}

static void test_a_salvage_gives_each_leaf_twice_and_ends_when_told(void **state)
{
    struct bed *b = *state;
    struct leaves seen = {0};
    const struct ol_salvage to = {.ctx = &seen, .leaf = tally};

    fill(b);
    CHECK_ERR(OL_OK, ol_store_salvage(b->path, &to));
    assert_int_equal(2 * LEAVES, seen.n);
    seen = (struct leaves){.stop_at = 5};
    CHECK_ERR(OL_LATER, ol_store_salvage(b->path, &to));
    assert_int_equal(5, seen.n);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_leaf_comes_back_in_order_by_line_and_by_entry),
        TEST(test_a_scan_begins_where_it_is_told_and_ends_when_told),
        TEST(test_a_number_is_given_once),
        TEST(test_what_is_no_leaf_is_refused),
        TEST(test_a_reader_reads_it_and_cannot_write),
        TEST(test_a_copy_has_the_book),
        TEST(test_an_older_store_gets_a_book_and_keeps_what_it_has),
        TEST(test_a_leaf_that_does_not_fit_its_row_is_malformed),
        TEST(test_a_full_disk_changes_nothing_and_the_leaf_can_come_again),
        TEST(test_an_error_of_sync_is_final_and_leaves_a_leaf_whole_or_not_at_all),
        TEST(test_what_is_told_is_synced),
        TEST(test_a_leaf_that_is_refused_takes_no_batch_with_it),
        TEST(test_every_leaf_is_rescued_whichever_page_is_damaged),
        TEST(test_a_rescue_that_fails_takes_nothing_and_may_come_again),
        TEST(test_a_salvage_gives_each_leaf_twice_and_ends_when_told),
    };

    fault_register();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
