/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page that is not as it was written: nothing is made of it, it is found by whoever looks,
 * and all that stands elsewhere can still be read, without the engine too.
 */
#include "bed.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/salvage.h"
#include "store/sum.h"

#define ROWS 60u

static size_t file_size(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static void flip(const char *path, size_t bit)
{
    uint8_t byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(1, pread(fd, &byte, 1, (off_t)(bit / 8)));
    byte ^= (uint8_t)(1u << bit % 8);
    assert_int_equal(1, pwrite(fd, &byte, 1, (off_t)(bit / 8)));
    close(fd);
}

/* A page's number times this is its first bit; bit 4000 of it is as good as any. */
static size_t bit_of(uint32_t page)
{
    return (size_t)(page - 1) * OL_PAGE * 8 + 4000;
}

static struct ol_row row_of(struct bed *b, uint32_t seq)
{
    static uint8_t body[9000];
    struct ol_row row = bed_row(b, seq % 2 == 0 ? 'A' : 'B', seq);

    memset(body, (int)seq, sizeof body);
    row.body = ol_span(body, seq % 10 == 3 ? sizeof body : 100);
    return row;
}

static void fill(struct bed *b, struct ol_row rows[static ROWS])
{
    static const struct ol_hash key = {{7}};
    struct ol_put waits = {.what = OL_PUT_OUTBOX, .token = 5, .row = {.body = ol_span("It waits.", 9)}};
    struct ol_put answered = {.what = OL_PUT_ANSWERED, .hash = key};

    for (uint32_t i = 0; i < ROWS; i++) {
        rows[i] = row_of(b, i + 1);
        CHECK_ERR(OL_OK, bed_commit_row(b, &rows[i]));
    }
    CHECK_ERR(OL_OK, bed_commit(b->s, b->line, &waits, 1));
    CHECK_ERR(OL_OK, bed_commit(b->s, b->line, &answered, 1));
}

/* ---- What is salvaged ---- */

struct found {
    const struct ol_row *rows;
    int64_t line;
    size_t lines;
    size_t n;
    size_t outbox;
    size_t answered;
};

static bool found_line(void *ctx, const struct ol_line_info *info)
{
    struct found *f = ctx;

    assert_string_equal("alpha", info->name);
    assert_int_equal(f->line, info->number);
    f->lines++;
    return true;
}

static bool found_row(void *ctx, int64_t line, const struct ol_row *row, bool is_evidence)
{
    struct found *f = ctx;
    struct ol_row want = f->rows[row->h.seq - 1];

    want.body = ol_span(want.body.p, want.body.len);
    assert_int_equal(f->line, line);
    assert_false(is_evidence);
    assert_in_range(row->h.seq, 1, ROWS);
    memset((void *)(uintptr_t)want.body.p, (int)row->h.seq, 9000);
    bed_same_row(&want, row);
    f->n++;
    return true;
}

static bool found_answered(void *ctx, int64_t line, const struct ol_hash *key)
{
    struct found *f = ctx;

    f->answered += line == f->line && key->b[0] == 7;
    return true;
}

static bool found_outbox(void *ctx, int64_t line, const struct ol_outbox_item *item)
{
    struct found *f = ctx;

    f->outbox += line == f->line && item->token == 5 && ol_span_equal(item->body, ol_span("It waits.", 9));
    return true;
}

static struct found salvage(const struct bed *b, const char *path, const struct ol_row *rows)
{
    struct found f = {.rows = rows, .line = b->line};
    const struct ol_salvage to = {.ctx = &f, .line = found_line, .row = found_row, .answered = found_answered,
                                  .outbox = found_outbox};

    CHECK_ERR(OL_OK, ol_store_salvage(path, &to));
    return f;
}

static void test_all_of_a_store_is_read_without_the_engine(void **state)
{
    struct bed *b = *state;
    struct ol_row rows[ROWS];
    struct ol_damage damage;
    struct found f;

    fill(b, rows);
    f = salvage(b, b->path, rows); /* most of it stands in the log */
    assert_true(f.n == ROWS && f.lines == 2 && f.outbox == 2 && f.answered == 1);
    ol_store_close(&b->s);
    f = salvage(b, b->path, rows);
    assert_true(f.n == ROWS && f.lines == 2 && f.outbox == 2 && f.answered == 1);
    CHECK_ERR(OL_OK, ol_store_damage(b->path, &damage));
    assert_int_equal(0, damage.damaged);
    assert_int_equal(file_size(b->path) / OL_PAGE, damage.pages);
}

static void test_a_damaged_page_costs_what_stands_on_it(void **state)
{
    struct bed *b = *state;
    struct ol_row rows[ROWS];
    struct ol_damage damage;
    size_t lost = 0;

    fill(b, rows);
    ol_store_close(&b->s);
    for (uint32_t page = 1; page <= file_size(b->path) / OL_PAGE; page++) {
        struct found f;

        flip(b->path, bit_of(page));
        CHECK_ERR(OL_OK, ol_store_damage(b->path, &damage));
        assert_int_equal(1, damage.damaged);
        f = salvage(b, b->path, rows);
        assert_true(f.lines > 0 && f.outbox > 0); /* they stand twice */
        assert_true(f.n >= ROWS - 40);
        lost += ROWS - f.n;
        flip(b->path, bit_of(page));
    }
    assert_in_range(lost, ROWS, 4 * ROWS); /* a row on several pages is lost with each */
}

static void test_no_prefix_and_no_garbage_stops_the_salvage(void **state)
{
    struct bed *b = *state;
    struct ol_row rows[ROWS];
    struct ol_damage damage;
    size_t pages;

    fill(b, rows);
    ol_store_close(&b->s);
    pages = file_size(b->path) / OL_PAGE;
    for (size_t n = pages * OL_PAGE; n > 700; n -= n > 2 * OL_PAGE ? 2 * OL_PAGE + 1 : 999) {
        assert_int_equal(0, truncate(b->path, (off_t)n));
        (void)salvage(b, b->path, rows);
    }
    assert_int_equal(0, truncate(b->path, 0));
    CHECK_ERR(OL_MALFORMED, ol_store_damage(b->path, &damage));
    assert_int_equal(0, unlink(b->path));
    CHECK_ERR(OL_ABSENT, ol_store_damage(b->path, &damage));
    bed_name(b, "store", b->path);
    CHECK_ERR(OL_OK, ol_store_create(b->path));
}

static bool any_line(void *ctx, const struct ol_line_info *info)
{
    (void)info;
    ++*(size_t *)ctx;
    return true;
}

static bool any_row(void *ctx, int64_t line, const struct ol_row *row, bool is_evidence)
{
    (void)line;
    (void)is_evidence;
    *(size_t *)ctx += row->body.len;
    return true;
}

/* Whoever made the file may know how sums are made. */
static void test_a_page_that_lies_under_a_right_sum_is_read_within_its_bounds(void **state)
{
    struct bed *b = *state;
    struct ol_row rows[ROWS];
    uint8_t page[OL_PAGE];
    size_t seen = 0;
    const struct ol_salvage to = {.ctx = &seen, .line = any_line, .row = any_row};
    uint32_t pages;
    int fd;

    fill(b, rows);
    ol_store_close(&b->s);
    pages = (uint32_t)(file_size(b->path) / OL_PAGE);
    fd = open(b->path, O_RDWR | O_CLOEXEC);
    for (unsigned turn = 0; turn < 1500; turn++) {
        uint32_t n = 2 + (uint32_t)(rnd(&b->seed) % (pages - 1));
        off_t at = (off_t)(n - 1) * OL_PAGE;
        uint8_t was[OL_PAGE];

        assert_int_equal(OL_PAGE, pread(fd, was, OL_PAGE, at));
        memcpy(page, was, sizeof page);
        for (unsigned i = 0; i < 1 + turn % 8; i++) {
            size_t where = rnd(&b->seed) % (turn % 2 == 0 ? 64 : OL_PAGE);

            page[where] = (uint8_t)rnd(&b->seed);
        }
        ol_page_seal(page, n);
        assert_int_equal(OL_PAGE, pwrite(fd, page, OL_PAGE, at));
        CHECK_ERR(OL_OK, ol_store_salvage(b->path, &to));
        assert_int_equal(OL_PAGE, pwrite(fd, was, OL_PAGE, at));
    }
    close(fd);
    assert_true(seen > 0);
}

/* ---- While it is open ---- */

static void test_damage_that_is_read_ends_the_store(void **state)
{
    struct bed *b = *state;
    struct ol_row rows[ROWS];
    struct seen seen = {0};
    enum ol_err err = OL_OK;

    fill(b, rows);
    bed_reopen(b);
    for (uint32_t page = 2; page <= file_size(b->path) / OL_PAGE; page++)
        flip(b->path, bit_of(page));
    assert_false(ol_store_failed(b->s));
    err = ol_store_scan(b->s, b->line, 'A', 1, bed_see, &seen);
    CHECK_ERR(OL_MALFORMED, err);
    assert_true(ol_store_failed(b->s));
    CHECK_ERR(OL_STORE, bed_commit_row(b, &rows[0]));
    CHECK_ERR(OL_STORE, ol_store_scan(b->s, b->line, 'A', 1, bed_see, &seen));
}

static void test_damage_that_nobody_reads_is_found_by_looking(void **state)
{
    struct bed *b = *state;
    struct ol_row rows[ROWS];
    struct pollfd p;

    fill(b, rows);
    bed_reopen(b);
    p = (struct pollfd){.fd = ol_store_fd(b->s), .events = POLLIN};
    ol_store_look(b->s);
    assert_int_equal(1, poll(&p, 1, 60000));
    ol_store_poll(b->s);
    assert_false(ol_store_failed(b->s));
    flip(b->path, bit_of((uint32_t)(file_size(b->path) / OL_PAGE)));
    ol_store_look(b->s);
    assert_int_equal(1, poll(&p, 1, 60000));
    ol_store_poll(b->s);
    assert_true(ol_store_failed(b->s));
    assert_non_null(strstr(ol_store_why(b->s), "not as it was written"));
}

static void test_a_page_in_another_ones_place_is_found(void **state)
{
    struct bed *b = *state;
    struct ol_row rows[ROWS];
    uint8_t page[OL_PAGE];
    struct ol_damage damage;
    int fd;

    fill(b, rows);
    ol_store_close(&b->s);
    fd = open(b->path, O_RDWR | O_CLOEXEC);
    assert_int_equal(OL_PAGE, pread(fd, page, OL_PAGE, 5 * OL_PAGE));
    assert_int_equal(OL_PAGE, pwrite(fd, page, OL_PAGE, 7 * OL_PAGE));
    close(fd);
    CHECK_ERR(OL_OK, ol_store_damage(b->path, &damage));
    assert_int_equal(1, damage.damaged);
}

static void test_a_copy_has_its_sums(void **state)
{
    struct bed *b = *state;
    struct ol_row rows[ROWS];
    struct ol_damage damage;
    char to[128];

    fill(b, rows);
    bed_name(b, "copy", to);
    CHECK_ERR(OL_OK, ol_store_backup(b->s, to));
    CHECK_ERR(OL_OK, ol_store_damage(to, &damage));
    assert_int_equal(0, damage.damaged);
    assert_true(damage.pages > 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_all_of_a_store_is_read_without_the_engine),
        TEST(test_a_damaged_page_costs_what_stands_on_it),
        TEST(test_no_prefix_and_no_garbage_stops_the_salvage),
        TEST(test_a_page_that_lies_under_a_right_sum_is_read_within_its_bounds),
        TEST(test_damage_that_is_read_ends_the_store),
        TEST(test_damage_that_nobody_reads_is_found_by_looking),
        TEST(test_a_page_in_another_ones_place_is_found),
        TEST(test_a_copy_has_its_sums),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
