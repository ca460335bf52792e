/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of words. It may be lost, never wrong: whatever was done to its file, it is begun anew or says that it is
 * damaged, or it finds what it found before.
 */
#include "bed.h"
#include "fault_vfs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/search.h"

#define MESSAGES 40u

static const struct ol_hash line_id = {{1, 2, 3}};

struct hits {
    size_t n;
    size_t most;
    uint32_t seq[2 * MESSAGES];
};

static bool see(void *ctx, uint32_t seq)
{
    struct hits *h = ctx;

    assert_true(h->n < COUNT(h->seq));
    h->seq[h->n++] = seq;
    return h->n != h->most;
}

static enum ol_err find(struct ol_search *s, const char *query, uint8_t author, uint32_t from, struct hits *out)
{
    struct ol_query q;

    CHECK_ERR(OL_OK, ol_query_read(ol_span(query, strlen(query)), &q));
    *out = (struct hits){.most = out->most};
    return ol_search_find(s, 1, author, &q, from, see, out);
}

static size_t count(struct ol_search *s, const char *query, uint8_t author)
{
    struct hits h = {.most = 0};

    CHECK_ERR(OL_OK, find(s, query, author, 1, &h));
    return h.n;
}

static struct ol_search_words words(uint8_t author, uint32_t seq, bool own, const char *terms)
{
    return (struct ol_search_words){.about_author = author, .about = seq, .is_message = own, .when = 202611211432,
                                    .terms = ol_span(terms, strlen(terms))};
}

static struct ol_search_batch batch_of(const struct ol_search_words *w, size_t n, uint32_t seq)
{
    return (struct ol_search_batch){.line = 1, .line_id = line_id, .author = 'A', .words = w, .n = n,
                                    .mark = {.seq = seq, .count = seq, .hash = {{9}}}};
}

/* Messages from a number on, all with "common", each with a word of its own. */
static enum ol_err add_messages(struct ol_search *s, uint32_t from, uint32_t n)
{
    struct ol_search_words w[MESSAGES];
    char terms[MESSAGES][32];
    struct ol_search_batch batch;

    assert_true(n <= MESSAGES);
    for (uint32_t i = 0; i < n; i++) {
        snprintf(terms[i], sizeof terms[i], "common own%u end ", from + i);
        w[i] = words('A', from + i, true, terms[i]);
    }
    batch = batch_of(w, n, from + n - 1);
    return ol_search_add(s, &batch);
}

static struct ol_search *opened(const char *path)
{
    struct ol_search *s;

    CHECK_ERR(OL_OK, ol_search_open(path, 7, &s));
    assert_non_null(s);
    return s;
}

static uint32_t mark_of(struct ol_search *s)
{
    struct ol_search_mark mark;

    CHECK_ERR(OL_OK, ol_search_mark(s, 1, &line_id, 'A', &mark));
    assert_int_equal(mark.seq, mark.count);
    return mark.seq;
}

static void test_what_went_in_is_found_and_stays(void **state)
{
    struct bed *b = *state;
    char path[128];
    struct ol_search *s;
    struct stat st;
    struct ol_search_mark mark;
    const struct ol_hash other = {{7}};

    bed_name(b, "search.db", path);
    s = opened(path);
    assert_int_equal(0, stat(path, &st));
    assert_int_equal(0600, st.st_mode & 0777);
    assert_int_equal(0, mark_of(s));
    CHECK_ERR(OL_OK, add_messages(s, 1, MESSAGES));
    for (unsigned again = 0; again < 2; again++) {
        assert_int_equal(MESSAGES, mark_of(s));
        assert_int_equal(MESSAGES, count(s, "common", 'A'));
        assert_int_equal(0, count(s, "common", 'B'));
        assert_int_equal(1, count(s, "own17", 'A'));
        assert_int_equal(0, count(s, "own17 own18", 'A'));
        assert_int_equal(1, count(s, "\"common own17 end\"", 'A'));
        assert_int_equal(0, count(s, "\"own17 common\"", 'A'));
        assert_int_equal(MESSAGES, count(s, "2026-11-21", 'A'));
        assert_int_equal(MESSAGES, count(s, "2026-11", 'A'));
        assert_int_equal(0, count(s, "2026-12", 'A'));
        assert_int_equal(0, count(s, "20261121", 'A'));
        CHECK_ERR(OL_OK, ol_search_mark(s, 1, &line_id, 'B', &mark));
        assert_int_equal(0, mark.seq);
        CHECK_ERR(OL_OK, ol_search_mark(s, 1, &other, 'A', &mark));
        assert_int_equal(0, mark.seq);
        ol_search_close(&s);
        s = opened(path);
    }
    ol_search_close(&s);
    assert_null(s);
}

static void test_what_is_found_comes_in_order_from_any_number_on(void **state)
{
    struct bed *b = *state;
    char path[128];
    struct ol_search *s;
    struct hits h = {.most = 5};

    bed_name(b, "search.db", path);
    s = opened(path);
    CHECK_ERR(OL_OK, add_messages(s, 1, MESSAGES));
    CHECK_ERR(OL_OK, find(s, "common", 'A', 31, &h));
    assert_int_equal(5, h.n);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(31 + i, h.seq[i]);
    CHECK_ERR(OL_OK, find(s, "common", 'A', MESSAGES + 1, &h));
    assert_int_equal(0, h.n);
    CHECK_ERR(OL_OK, find(s, "common", 'A', UINT32_MAX, &h));
    assert_int_equal(0, h.n);
    ol_search_close(&s);
}

static void test_acts_are_found_with_their_message_however_many(void **state)
{
    struct bed *b = *state;
    char path[128];
    struct ol_search *s;
    struct hits h = {.most = 0};
    const struct ol_search_words act = words('A', 3, false, "said common ");
    struct ol_search_batch batch = batch_of(&act, 1, MESSAGES);

    bed_name(b, "search.db", path);
    s = opened(path);
    CHECK_ERR(OL_OK, add_messages(s, 1, 4));
    for (unsigned i = 0; i < 1030; i++)
        CHECK_ERR(OL_OK, ol_search_add(s, &batch));
    CHECK_ERR(OL_OK, find(s, "said", 'A', 1, &h));
    assert_true(h.n == 1 && h.seq[0] == 3);
    CHECK_ERR(OL_OK, find(s, "common", 'A', 1, &h));
    assert_true(h.n == 4 && h.seq[2] == 3 && h.seq[3] == 4);
    assert_int_equal(0, count(s, "said own3", 'A')); /* in one of them */
    ol_search_close(&s);
}

static void test_early_words_are_known_until_the_mark_is_above_them(void **state)
{
    struct bed *b = *state;
    char path[128];
    struct ol_search *s;
    const struct ol_search_words early = words('A', 7, true, "early ");
    const uint32_t seq = 7;
    struct ol_search_batch batch = batch_of(&early, 1, 2);
    bool has;

    bed_name(b, "search.db", path);
    s = opened(path);
    batch.early = &seq;
    batch.early_n = 1;
    CHECK_ERR(OL_OK, ol_search_add(s, &batch));
    CHECK_ERR(OL_OK, ol_search_has_early(s, 1, 'A', 7, &has));
    assert_true(has);
    CHECK_ERR(OL_OK, ol_search_has_early(s, 1, 'B', 7, &has));
    assert_false(has);
    assert_int_equal(1, count(s, "early", 'A'));
    batch = batch_of(NULL, 0, 7);
    CHECK_ERR(OL_OK, ol_search_add(s, &batch));
    CHECK_ERR(OL_OK, ol_search_has_early(s, 1, 'A', 7, &has));
    assert_false(has);
    ol_search_close(&s);
}

static void test_a_line_that_no_rowid_has_room_for_is_refused(void **state)
{
    struct bed *b = *state;
    char path[128];
    struct ol_search *s;
    struct ol_search_batch batch = batch_of(NULL, 0, 1);

    bed_name(b, "search.db", path);
    s = opened(path);
    batch.line = 1 << 20;
    CHECK_ERR(OL_IO, ol_search_add(s, &batch));
    batch.line = (1 << 20) - 1;
    CHECK_ERR(OL_OK, ol_search_add(s, &batch));
    ol_search_close(&s);
}

/* ---- What may happen to the file ---- */

/* Opens what is there: all of it is in it, or nothing, or it says that it is damaged, and then a new one can be made. */
static void check_file(const char *path)
{
    struct ol_search *s = opened(path);
    struct ol_search_mark mark;
    struct hits h = {.most = 0};
    enum ol_err err = ol_search_mark(s, 1, &line_id, 'A', &mark);

    if (!err)
        err = find(s, "common", 'A', 1, &h);
    assert_true(err == OL_OK || err == OL_MALFORMED);
    if (!err)
        assert_int_equal(mark.seq, h.n);
    if (!err)
        assert_true(mark.seq == 0 || mark.seq == MESSAGES);
    ol_search_close(&s);
    ol_search_remove(path);
    if (!err)
        return;
    s = opened(path);
    CHECK_ERR(OL_OK, add_messages(s, 1, 3));
    assert_int_equal(3, count(s, "common", 'A'));
    ol_search_close(&s);
    ol_search_remove(path);
}

static size_t make_good(const char *path, uint8_t **bytes)
{
    struct ol_search *s = opened(path);
    struct stat st;
    int fd;

    CHECK_ERR(OL_OK, add_messages(s, 1, MESSAGES));
    ol_search_close(&s);
    fd = open(path, O_RDONLY);
    assert_int_equal(0, fstat(fd, &st));
    *bytes = malloc((size_t)st.st_size);
    assert_int_equal(st.st_size, read(fd, *bytes, (size_t)st.st_size));
    close(fd);
    return (size_t)st.st_size;
}

static void put_file(const char *path, const uint8_t *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(len, write(fd, bytes, len));
    close(fd);
}

static void test_a_changed_file_finds_all_or_says_so_or_is_begun_anew(void **state)
{
    struct bed *b = *state;
    char path[128];
    uint8_t *good;
    size_t len;

    bed_name(b, "search.db", path);
    len = make_good(path, &good);
    for (size_t at = 0; at < len; at += at < 100 ? 3 : 661) {
        good[at] ^= 0x41;
        put_file(path, good, len);
        check_file(path);
        good[at] ^= 0x41;
    }
    free(good);
}

static void test_a_cut_file_is_begun_anew(void **state)
{
    struct bed *b = *state;
    char path[128];
    uint8_t *good;
    size_t len;

    bed_name(b, "search.db", path);
    len = make_good(path, &good);
    for (size_t cut = 0; cut < len; cut += cut < 110 ? 10 : 2000) {
        put_file(path, good, cut);
        check_file(path);
    }
    free(good);
}

static void test_a_log_of_something_else_is_not_believed(void **state)
{
    struct bed *b = *state;
    char path[128];
    char log[140];
    uint8_t *good;
    size_t len;

    bed_name(b, "search.db", path);
    len = make_good(path, &good);
    snprintf(log, sizeof log, "%s-wal", path);
    put_file(log, good, len);
    check_file(path);
    put_file(log, good, len);
    check_file(path); /* without an index beside it */
    free(good);
}

static void test_an_index_of_another_version_is_begun_anew(void **state)
{
    struct bed *b = *state;
    char path[128];
    sqlite3 *db;
    struct ol_search *s;
    uint8_t *good;
    size_t len;

    bed_name(b, "search.db", path);
    len = make_good(path, &good);
    free(good);
    assert_true(len > 0);
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL));
    sqlite3_close(db);
    s = opened(path);
    assert_int_equal(0, mark_of(s));
    assert_int_equal(0, count(s, "common", 'A'));
    ol_search_close(&s);
}

static void test_an_index_made_with_other_forms_is_begun_anew(void **state)
{
    struct bed *b = *state;
    char path[128];
    struct ol_search *s;

    bed_name(b, "search.db", path);
    s = opened(path);
    CHECK_ERR(OL_OK, add_messages(s, 1, MESSAGES));
    ol_search_close(&s);
    s = opened(path);
    assert_int_equal(MESSAGES, count(s, "common", 'A'));
    ol_search_close(&s);
    CHECK_ERR(OL_OK, ol_search_open(path, 0x80000007, &s));
    assert_int_equal(0, mark_of(s));
    assert_int_equal(0, count(s, "common", 'A'));
    CHECK_ERR(OL_OK, add_messages(s, 1, MESSAGES));
    ol_search_close(&s);
    CHECK_ERR(OL_OK, ol_search_open(path, 0x80000007, &s));
    assert_int_equal(MESSAGES, count(s, "common", 'A'));
    ol_search_close(&s);
}

static void test_a_form_is_found_by_its_code_and_an_entry_by_its_minute(void **state)
{
    struct bed *b = *state;
    char path[128];
    struct ol_search_words w[3] = {words('A', 1, true, "launch of a ship "), words('A', 2, true, "from the sea "),
                                   words('A', 3, true, "due 2026 12 04t07 00z ")};
    struct ol_search_batch batch = batch_of(w, 3, 3);
    struct ol_search *s;

    bed_name(b, "search.db", path);
    w[1].form = ol_span("launch ", 7);
    s = opened(path);
    CHECK_ERR(OL_OK, ol_search_add(s, &batch));
    assert_int_equal(1, count(s, "form:LAUNCH", 'A'));
    assert_int_equal(1, count(s, "form:launch sea", 'A'));
    assert_int_equal(0, count(s, "form:launch ship", 'A'));
    assert_int_equal(0, count(s, "form:laun", 'A'));
    assert_int_equal(1, count(s, "launch", 'A'));
    assert_int_equal(3, count(s, "211432Z NOV 26", 'A'));
    assert_int_equal(0, count(s, "211433Z NOV 26", 'A'));
    assert_int_equal(3, count(s, "21 NOV 26", 'A'));
    assert_int_equal(0, count(s, "22 NOV 26", 'A'));
    for (size_t i = 0; i < 4; i++) {
        static const char *const typed[] = {"4 DEC 26", "040700Z DEC 26", "2026-12-04", "2026-12"};

        assert_int_equal(1, count(s, typed[i], 'A'));
    }
    ol_search_close(&s);
}

/* ---- A disk that fails ---- */

/* The n-th call fails, until none does; whatever it was, nothing half went in. */
static void fail_each(struct bed *b, enum fault what, bool stays)
{
    char path[128];
    bool failed = true;
    size_t failures = 0;
    size_t no_room = 0;

    bed_name(b, "search.db", path);
    for (int n = 1; failed; n++) {
        struct ol_search *s = NULL;
        struct hits h = {.most = 0};
        enum ol_err err;

        ol_search_remove(path);
        fault_arm(what, n, stays);
        err = ol_search_open(path, 7, &s);
        assert_true((s == NULL) == (err != OL_OK));
        if (!err)
            err = add_messages(s, 1, MESSAGES);
        if (!err)
            err = find(s, "common", 'A', 1, &h);
        ol_search_close(&s);
        failed = fault_disarm();
        failures += failed;
        no_room += err == OL_NO_ROOM;
        assert_true(err == OL_OK || err == OL_NO_ROOM || err == OL_IO || err == OL_MALFORMED);
        assert_true(failed || err == OL_OK);
        check_file(path);
    }
    assert_true(failures > 5);
    assert_true(what != FAULT_FULL || no_room > 2);
}

static void test_a_full_disk_says_so_and_leaves_nothing_half(void **state)
{
    fail_each(*state, FAULT_FULL, false);
    fail_each(*state, FAULT_FULL, true);
}

static void test_any_call_that_fails_leaves_nothing_half(void **state)
{
    fail_each(*state, FAULT_ANY, false);
    fail_each(*state, FAULT_ANY, true);
}

static void test_words_go_in_when_there_is_room_again(void **state)
{
    struct bed *b = *state;
    char path[128];
    struct ol_search *s;

    bed_name(b, "search.db", path);
    s = opened(path);
    CHECK_ERR(OL_OK, add_messages(s, 1, 4));
    fault_arm(FAULT_FULL, 1, true);
    CHECK_ERR(OL_NO_ROOM, add_messages(s, 5, 4));
    assert_int_equal(4, count(s, "common", 'A'));
    assert_true(fault_disarm());
    CHECK_ERR(OL_OK, add_messages(s, 5, 4));
    assert_int_equal(8, count(s, "common", 'A'));
    assert_int_equal(8, mark_of(s));
    ol_search_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_went_in_is_found_and_stays, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_found_comes_in_order_from_any_number_on, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(test_acts_are_found_with_their_message_however_many, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(test_early_words_are_known_until_the_mark_is_above_them, bed_setup,
                                        bed_teardown),
        cmocka_unit_test_setup_teardown(test_a_line_that_no_rowid_has_room_for_is_refused, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(test_a_changed_file_finds_all_or_says_so_or_is_begun_anew, bed_setup,
                                        bed_teardown),
        cmocka_unit_test_setup_teardown(test_a_cut_file_is_begun_anew, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(test_a_log_of_something_else_is_not_believed, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(test_an_index_of_another_version_is_begun_anew, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(test_an_index_made_with_other_forms_is_begun_anew, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(test_a_form_is_found_by_its_code_and_an_entry_by_its_minute, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(test_a_full_disk_says_so_and_leaves_nothing_half, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(test_any_call_that_fails_leaves_nothing_half, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(test_words_go_in_when_there_is_room_again, bed_setup, bed_teardown),
    };

    fault_register();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
