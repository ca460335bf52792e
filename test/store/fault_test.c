/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store when its disk fails: the first call fails, then the second, and so on until
 * all goes well. What must hold each time: a batch is there whole or not at all, what
 * was told OK is there, NO_ROOM changed nothing, STORE is the end.
 */
#include "bed.h"
#include "fault_vfs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS 3u

/* ROWS rows of both authors from a number on, an answered key and a text in the outbox. */
static void make_batch(struct bed *b, uint32_t from, struct ol_put puts[static ROWS + 2])
{
    for (uint32_t i = 0; i < ROWS; i++) {
        struct ol_row row = bed_row(b, 'A', from + i);

        puts[i] = bed_put(&row);
    }
    puts[ROWS] = (struct ol_put){.what = OL_PUT_ANSWERED, .hash = puts[0].row.hash};
    puts[ROWS + 1] = (struct ol_put){.what = OL_PUT_OUTBOX, .token = from, .row.h.kind = 40};
}

static bool count_key(void *ctx, const struct ol_hash *key)
{
    assert_non_null(key);
    ++*(size_t *)ctx;
    return true;
}

static bool count_item(void *ctx, const struct ol_outbox_item *item)
{
    assert_int_equal(40, item->kind);
    ++*(size_t *)ctx;
    return true;
}

/* So many whole batches are there, and nothing else. */
static void holds(struct bed *b, size_t batches)
{
    size_t keys = 0;
    size_t items = 0;

    assert_int_equal(batches * ROWS, bed_count(b->s, b->line, 'A'));
    CHECK_ERR(OL_OK, ol_store_answered(b->s, b->line, count_key, &keys));
    CHECK_ERR(OL_OK, ol_store_outbox(b->s, b->line, count_item, &items));
    assert_int_equal(batches, keys);
    assert_int_equal(batches, items);
}

/* The n-th call fails, once or for good, until none does; a batch told NO_ROOM goes in when handed in
 * again. */
static void no_room(struct bed *b, enum fault what, bool stays)
{
    struct ol_put puts[ROWS + 2];
    size_t batches = 0;
    size_t failures = 0;
    bool failed = true;

    bed_reopen(b); /* a fresh log, whose header is still to be written */
    for (int n = 1; failed; n++) {
        enum ol_err err;

        make_batch(b, (uint32_t)batches * ROWS + 1, puts);
        fault_arm(what, n, stays);
        err = bed_commit(b->s, b->line, puts, COUNT(puts));
        failed = fault_disarm();
        failures += failed;
        CHECK_ERR(failed ? OL_NO_ROOM : OL_OK, err);
        holds(b, batches + !failed);
        if (failed) {
            assert_string_not_equal("", ol_store_why(b->s));
            CHECK_ERR(OL_OK, bed_commit(b->s, b->line, puts, COUNT(puts)));
        }
        holds(b, ++batches);
        if (n % 3 == 0)
            bed_reopen(b);
    }
    assert_true(failures > 3);
    bed_reopen(b);
    holds(b, batches);
}

static void test_a_full_disk_changes_nothing_and_the_batch_can_come_again(void **state)
{
    no_room(*state, FAULT_FULL, false);
}

static void test_a_disk_that_stays_full_changes_nothing(void **state)
{
    no_room(*state, FAULT_FULL, true);
}

static void test_a_quota_is_a_full_disk(void **state)
{
    no_room(*state, FAULT_QUOTA, true);
}

static void test_no_room_is_told_to_every_batch_of_the_group(void **state)
{
    struct bed *b = *state;
    struct ol_put puts[10][ROWS + 2];
    struct outcome o[10] = {{0}};
    struct ol_put first[ROWS + 2];
    struct outcome of_first = {0};
    struct ol_batch batch = {.puts = first, .n = COUNT(first)};

    make_batch(b, 1, first);
    fault_hold();
    ol_store_commit(b->s, b->line, &batch, bed_done, &of_first);
    fault_await_held();
    for (uint32_t i = 0; i < COUNT(puts); i++) {
        make_batch(b, (i + 1) * ROWS + 1, puts[i]);
        batch = (struct ol_batch){.id = i, .puts = puts[i], .n = COUNT(puts[i])};
        ol_store_commit(b->s, b->line, &batch, bed_done, &o[i]);
    }
    fault_arm(FAULT_FULL, 1, true);
    fault_release();
    bed_await(b->s, &o[9], 1);
    fault_disarm();
    CHECK_ERR(OL_OK, of_first.last);
    for (size_t i = 0; i < COUNT(o); i++)
        CHECK_ERR(OL_NO_ROOM, o[i].last);
    holds(b, 1);
}

static void test_what_waits_goes_in_with_one_sync(void **state)
{
    struct bed *b = *state;
    static struct ol_put puts[50];
    static int64_t lines[50];
    struct outcome o = {0};
    struct ol_row row = bed_row(b, 'A', 1);
    char name[16];

    for (size_t i = 0; i < COUNT(lines); i++) {
        snprintf(name, sizeof name, "line%zu", i);
        lines[i] = bed_add_line(b, name);
    }
    puts[0] = bed_put(&row);
    fault_arm(FAULT_NONE, 0, false);
    fault_hold();
    for (size_t i = 0; i < COUNT(puts); i++) {
        struct ol_batch batch = {.id = i, .puts = &puts[i], .n = 1};

        row = bed_row(b, 'A', 1);
        puts[i] = bed_put(&row);
        ol_store_commit(b->s, lines[i], &batch, bed_done, &o);
        if (i == 0)
            fault_await_held();
    }
    assert_int_equal(0, o.told);
    fault_release();
    bed_await(b->s, &o, COUNT(puts));
    CHECK_ERR(OL_OK, o.last);
    assert_int_equal(2, fault_syncs());
    for (size_t i = 0; i < COUNT(puts); i++)
        assert_int_equal(1, bed_count(b->s, lines[i], 'A'));
}

static void test_what_is_told_has_been_synced(void **state)
{
    struct bed *b = *state;
    struct ol_put puts[ROWS + 2];
    char name[16];

    fault_arm(FAULT_NONE, 0, false);
    for (uint32_t i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "line%u", i);
        make_batch(b, i * ROWS + 1, puts);
        CHECK_ERR(OL_OK, bed_commit(b->s, b->line, puts, COUNT(puts)));
        assert_false(fault_unsynced());
        bed_add_line(b, name);
        assert_false(fault_unsynced());
    }
    assert_true(fault_syncs() >= 40);
}

/* ---- STORE ---- */

/* After a STORE nothing is done any more, nor written, at closing neither. */
static void is_final(struct bed *b, int writes_after)
{
    struct ol_row row = bed_row(b, 'B', 1);
    struct ol_line_info info = bed_line(b, "late");
    struct ol_row got;
    struct seen seen = {0};
    char copy[128];

    bed_name(b, "copy", copy);
    assert_string_not_equal("", ol_store_why(b->s));
    for (int i = 0; i < 3; i++)
        CHECK_ERR(OL_STORE, bed_commit_row(b, &row));
    CHECK_ERR(OL_STORE, ol_store_line_add(b->s, &info));
    CHECK_ERR(OL_STORE, ol_store_line_compared(b->s, b->line));
    CHECK_ERR(OL_STORE, ol_store_row(b->s, b->line, 'A', 1, &got));
    CHECK_ERR(OL_STORE, ol_store_scan(b->s, b->line, 'A', 1, bed_see, &seen));
    CHECK_ERR(OL_STORE, ol_store_row_by_hash(b->s, b->line, 'A', &row.hash, &got));
    CHECK_ERR(OL_STORE, ol_store_backup(b->s, copy));
    ol_store_close(&b->s);
    assert_int_equal(writes_after, fault_writes_after());
}

static void final_after(struct bed *b, enum fault what)
{
    struct ol_put puts[ROWS + 2];
    size_t told = 0;
    size_t failures = 0;
    bool failed = true;

    for (int n = 1; failed; n++) {
        enum ol_err err = OL_OK;
        size_t there;

        bed_reopen(b);
        fault_arm(what, n, false);
        for (int i = 0; i < 4 && err == OL_OK; i++) {
            make_batch(b, (uint32_t)told * ROWS + 1, puts);
            err = bed_commit(b->s, b->line, puts, COUNT(puts));
            told += err == OL_OK;
        }
        failed = fault_writes_after() > 0 || err == OL_STORE;
        CHECK_ERR(failed ? OL_STORE : OL_OK, err);
        if (failed) {
            failures++;
            is_final(b, fault_writes_after());
        }
        fault_disarm();
        if (!failed)
            continue;
        bed_open(b);
        there = bed_count(b->s, b->line, 'A') / ROWS; /* the last one's outcome was unknown */
        assert_in_range(there, told, told + 1);
        told = there;
        holds(b, told);
    }
    assert_true(failures > 3);
}

static void test_an_error_of_sync_is_final(void **state)
{
    final_after(*state, FAULT_SYNC);
}

static void test_an_io_error_of_a_write_is_final(void **state)
{
    final_after(*state, FAULT_WRITE);
}

static void test_an_error_of_sync_ends_a_waited_call_too(void **state)
{
    struct bed *b = *state;

    fault_arm(FAULT_SYNC, 1, false);
    CHECK_ERR(OL_STORE, ol_store_line_compared(b->s, b->line));
    is_final(b, 0);
    fault_disarm();
    bed_open(b);
}

static void test_opening_syncs_and_moves_what_a_failed_writer_left_in_the_log(void **state)
{
    struct bed *b = *state;
    struct ol_row row = bed_row(b, 'A', 1);
    struct ol_store_cfg cfg = {.path = b->path};

    fault_arm(FAULT_SYNC, 1, false);
    CHECK_ERR(OL_STORE, bed_commit_row(b, &row));
    ol_store_close(&b->s);
    for (int n = 1; n <= 2; n++) { /* the log's, then the main file's */
        fault_arm(FAULT_SYNC, n, false);
        CHECK_ERR(OL_STORE, ol_store_open(&cfg, &b->s, NULL));
        assert_int_equal(n, fault_syncs());
    }
    fault_arm(FAULT_NONE, 0, false);
    bed_open(b);
    assert_true(fault_checkpoints() > 0);
    assert_in_range(bed_count(b->s, b->line, 'A'), 0, 1);
}

static void test_a_read_that_fails_is_store(void **state)
{
    struct bed *b = *state;
    struct ol_put puts[ROWS + 2];
    struct ol_store_cfg cfg = {.path = b->path, .read_only = true};
    size_t failures = 0;
    bool failed = true;

    make_batch(b, 1, puts);
    CHECK_ERR(OL_OK, bed_commit(b->s, b->line, puts, COUNT(puts)));
    for (int n = 1; failed; n++) {
        struct ol_store *reader;
        struct seen seen = {0};
        enum ol_err err;

        CHECK_ERR(OL_OK, ol_store_open(&cfg, &reader, NULL));
        fault_arm(FAULT_READ, n, false);
        err = ol_store_scan(reader, b->line, 'A', 1, bed_see, &seen);
        failed = fault_disarm();
        CHECK_ERR(failed ? OL_STORE : OL_OK, err);
        assert_int_equal(failed ? 0 : ROWS, seen.n);
        if (failed)
            CHECK_ERR(OL_STORE, ol_store_scan(reader, b->line, 'A', 1, bed_see, &seen));
        failures += failed;
        ol_store_close(&reader);
    }
    assert_true(failures > 0);
}

/* ---- Opening, creating, copying ---- */

static void test_a_store_that_cannot_be_read_is_not_written(void **state)
{
    struct bed *b = *state;
    struct ol_row row = bed_row(b, 'A', 1);
    struct ol_row got;

    CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    bed_reopen(b);
    fault_arm(FAULT_READ, 1, true);
    CHECK_ERR(OL_STORE, ol_store_row(b->s, b->line, 'A', 1, &got));
    assert_true(fault_disarm());
    is_final(b, 0);
}

static void test_creating_fails_whole(void **state)
{
    struct bed *b = *state;
    bool failed = true;
    char path[128];
    int n;

    bed_name(b, "second", path);
    for (n = 1; failed; n++) {
        enum ol_err err;

        fault_arm(FAULT_ANY, n, false);
        err = ol_store_create(path);
        failed = fault_disarm();
        if (!failed)
            CHECK_ERR(OL_OK, err);
        assert_int_equal(err == OL_OK ? 0 : -1, access(path, F_OK));
        if (err == OL_OK && failed) /* it could do without */
            assert_int_equal(0, unlink(path));
    }
    assert_true(n > 8);
    CHECK_ERR(OL_EXISTS, ol_store_create(path));
}

static void test_opening_fails_without_harm(void **state)
{
    struct bed *b = *state;
    struct ol_put puts[ROWS + 2];
    struct ol_store_cfg cfg = {.path = b->path};
    size_t batches = 0;
    bool failed = true;
    int n;

    for (n = 1; failed; n++) {
        enum ol_err err;

        make_batch(b, (uint32_t)batches * ROWS + 1, puts);
        CHECK_ERR(OL_OK, bed_commit(b->s, b->line, puts, COUNT(puts)));
        batches++;
        ol_store_close(&b->s);
        fault_arm(FAULT_ANY, n, false);
        err = ol_store_open(&cfg, &b->s, NULL);
        failed = fault_disarm();
        if (!failed)
            CHECK_ERR(OL_OK, err);
        if (err)
            assert_null(b->s);
        ol_store_close(&b->s);
        bed_open(b);
        holds(b, batches);
    }
    assert_true(n > 8);
}

static void test_a_copy_that_fails_leaves_nothing_and_the_store_goes_on(void **state)
{
    struct bed *b = *state;
    struct ol_put puts[ROWS + 2];
    bool failed = true;
    char copy[128];
    int n;

    bed_name(b, "copy", copy);
    make_batch(b, 1, puts);
    CHECK_ERR(OL_OK, bed_commit(b->s, b->line, puts, COUNT(puts)));
    for (n = 1; failed; n++) {
        enum ol_err err;

        fault_arm(n % 2 ? FAULT_FULL : FAULT_SYNC, (n + 1) / 2, true);
        err = ol_store_backup(b->s, copy);
        failed = fault_disarm();
        CHECK_ERR(!failed ? OL_OK : n % 2 ? OL_NO_ROOM : OL_IO, err);
        assert_int_equal(failed ? -1 : 0, access(copy, F_OK));
        holds(b, 1);
    }
    assert_true(n > 4);
    make_batch(b, ROWS + 1, puts);
    CHECK_ERR(OL_OK, bed_commit(b->s, b->line, puts, COUNT(puts)));
}

/* ---- Checkpoints ---- */

/* A batch of three of the longest bodies: 47 pages or more. */
static enum ol_err commit_long(struct bed *b, uint32_t from)
{
    static uint8_t longest[OL_BODY_MAX];
    struct ol_put puts[3];

    for (uint32_t i = 0; i < COUNT(puts); i++) {
        struct ol_row row = bed_row(b, 'A', from + i);

        row.body = ol_span(longest, sizeof longest);
        puts[i] = bed_put(&row);
    }
    return bed_commit(b->s, b->line, puts, COUNT(puts));
}

static void test_the_log_is_moved_when_nothing_waits(void **state)
{
    struct bed *b = *state;
    uint32_t n = 0;

    fault_arm(FAULT_NONE, 0, false);
    for (; n < 30; n++)
        CHECK_ERR(OL_OK, commit_long(b, n * 3 + 1));
    fault_await_checkpoint();
    CHECK_ERR(OL_OK, commit_long(b, n++ * 3 + 1));
    assert_int_equal(n * 3, bed_count(b->s, b->line, 'A'));
}

static void test_the_log_is_moved_under_load_too(void **state)
{
    struct bed *b = *state;
    uint32_t n = 0;

    fault_arm(FAULT_NONE, 0, false);
    for (; n < 100; n++)
        CHECK_ERR(OL_OK, commit_long(b, n * 3 + 1));
    bed_reopen(b);
    assert_true(fault_checkpoints() > 0);
    assert_int_equal(n * 3, bed_count(b->s, b->line, 'A'));
}

struct load {
    struct bed *b;
    uint32_t n; /* batches handed in */
    uint32_t more;
    enum ol_err last;
};

/* While the scan that calls this stands in the log. */
static bool commit_more(void *ctx, const struct ol_row *row)
{
    struct load *load = ctx;

    assert_int_equal(1, row->h.seq);
    for (uint32_t i = 0; i < load->more && !load->last; i++)
        load->last = commit_long(load->b, load->n++ * 3 + 1);
    return false;
}

static void test_a_reader_that_stays_holds_the_log_only_while_it_does(void **state)
{
    struct bed *b = *state;
    struct load load = {.b = b, .n = 1, .more = 200};
    char log[128];
    struct stat st;

    bed_name(b, "store-wal", log);
    CHECK_ERR(OL_OK, commit_long(b, 1));
    CHECK_ERR(OL_OK, ol_store_scan(b->s, b->line, 'A', 1, commit_more, &load));
    CHECK_ERR(OL_OK, load.last);
    assert_int_equal(0, stat(log, &st));
    assert_true(st.st_size > 30 << 20);
    while (load.n < 301)
        CHECK_ERR(OL_OK, commit_long(b, load.n++ * 3 + 1));
    assert_int_equal(0, stat(log, &st));
    assert_true(st.st_size < 20 << 20);
    assert_int_equal(load.n * 3, bed_count(b->s, b->line, 'A'));
}

static void test_a_log_whose_index_cannot_grow_is_final(void **state)
{
    struct bed *b = *state;
    struct load load = {.b = b, .n = 1, .more = 200};
    size_t there;

    CHECK_ERR(OL_OK, commit_long(b, 1));
    fault_arm(FAULT_SHARE, 1, true);
    CHECK_ERR(OL_OK, ol_store_scan(b->s, b->line, 'A', 1, commit_more, &load));
    CHECK_ERR(OL_STORE, load.last);
    assert_true(fault_disarm());
    CHECK_ERR(OL_STORE, commit_long(b, load.n * 3 + 1));
    bed_reopen(b);
    there = bed_count(b->s, b->line, 'A'); /* the last one's outcome was unknown */
    assert_true(there == load.n * 3 || there == (load.n - 1) * 3);
}

static void test_a_batch_larger_than_the_cache_is_whole_or_not_there(void **state)
{
    struct bed *b = *state;
    static uint8_t longest[OL_BODY_MAX];
    struct ol_put puts[16]; /* 1 MiB; the cache holds half of that */
    bool failed = true;
    int n;

    for (uint32_t i = 0; i < COUNT(puts); i++) {
        struct ol_row row = bed_row(b, 'B', i + 1);

        row.body = ol_span(longest, sizeof longest);
        puts[i] = bed_put(&row);
    }
    for (n = 1; failed; n += 40) {
        enum ol_err err;

        fault_arm(FAULT_FULL, n, true);
        err = bed_commit(b->s, b->line, puts, COUNT(puts));
        failed = fault_disarm();
        CHECK_ERR(failed ? OL_NO_ROOM : OL_OK, err);
        assert_int_equal(failed ? 0 : COUNT(puts), bed_count(b->s, b->line, 'B'));
    }
    assert_true(n > 400);
}

static void test_a_checkpoint_without_room_loses_nothing(void **state)
{
    struct bed *b = *state;
    uint32_t n = 0;

    fault_arm(FAULT_FULL_MAIN, 1, true);
    for (; n < 120; n++)
        CHECK_ERR(OL_OK, commit_long(b, n * 3 + 1));
    bed_reopen(b);
    assert_int_equal(n * 3, bed_count(b->s, b->line, 'A'));
    assert_true(fault_disarm());
    CHECK_ERR(OL_OK, commit_long(b, n++ * 3 + 1));
    bed_reopen(b);
    assert_int_equal(n * 3, bed_count(b->s, b->line, 'A'));
}

/* ---- Cost ---- */

static void test_a_receipt_is_found_without_reading_the_stream(void **state)
{
    struct bed *b = *state;
    static struct ol_put puts[OL_BATCH_ROWS];
    struct ol_store_cfg cfg = {.path = b->path, .read_only = true};
    const uint32_t n = 20 * OL_BATCH_ROWS;
    struct ol_row got;

    for (uint32_t seq = 1; seq <= n;) {
        for (size_t i = 0; i < COUNT(puts); i++, seq++) {
            struct ol_row row = bed_row(b, 'B', seq);

            row.h.xseq = seq / 2;
            row.h.flags = seq % 64 ? 0 : OL_FLAG_ALONE;
            puts[i] = bed_put(&row);
        }
        CHECK_ERR(OL_OK, bed_commit(b->s, b->line, puts, COUNT(puts)));
    }
    ol_store_close(&b->s);
    for (uint32_t seq = 1; seq < n / 2; seq += n / 7) {
        CHECK_ERR(OL_OK, ol_store_open(&cfg, &b->s, NULL));
        fault_arm(FAULT_NONE, 0, false);
        CHECK_ERR(OL_OK, ol_store_receipt(b->s, b->line, 'A', seq, &got));
        assert_int_equal(seq * 2, got.h.seq);
        assert_in_range(fault_reads(), 1, 12);
        ol_store_close(&b->s);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_full_disk_changes_nothing_and_the_batch_can_come_again),
        TEST(test_a_disk_that_stays_full_changes_nothing),
        TEST(test_a_quota_is_a_full_disk),
        TEST(test_no_room_is_told_to_every_batch_of_the_group),
        TEST(test_what_waits_goes_in_with_one_sync),
        TEST(test_what_is_told_has_been_synced),
        TEST(test_an_error_of_sync_is_final),
        TEST(test_an_io_error_of_a_write_is_final),
        TEST(test_an_error_of_sync_ends_a_waited_call_too),
        TEST(test_opening_syncs_and_moves_what_a_failed_writer_left_in_the_log),
        TEST(test_a_read_that_fails_is_store),
        TEST(test_a_store_that_cannot_be_read_is_not_written),
        TEST(test_creating_fails_whole),
        TEST(test_opening_fails_without_harm),
        TEST(test_a_copy_that_fails_leaves_nothing_and_the_store_goes_on),
        TEST(test_the_log_is_moved_when_nothing_waits),
        TEST(test_the_log_is_moved_under_load_too),
        TEST(test_a_reader_that_stays_holds_the_log_only_while_it_does),
        TEST(test_a_log_whose_index_cannot_grow_is_final),
        TEST(test_a_batch_larger_than_the_cache_is_whole_or_not_there),
        TEST(test_a_checkpoint_without_room_loses_nothing),
        TEST(test_a_receipt_is_found_without_reading_the_stream),
    };

    fault_register();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
