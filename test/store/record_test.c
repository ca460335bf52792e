/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in, rows out: what was committed comes back, in order, by every way of asking. */
#include "bed.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/sum.h"

static void test_every_field_of_a_row_comes_back(void **state)
{
    struct bed *b = *state;
    static uint8_t longest[OL_BODY_MAX];
    struct ol_row rows[4];
    struct ol_row got;

    for (uint32_t i = 0; i < COUNT(rows); i++) {
        rows[i] = bed_row(b, i % 2 ? 'B' : 'A', i + 1);
        rows[i].sealed = i >= 2;
        if (!rows[i].sealed)
            rows[i].seal = (struct ol_sig){{0}};
    }
    rnd_fill(&b->seed, longest, sizeof longest);
    rows[0].body = ol_span(longest, sizeof longest);
    rows[1].body = ol_span(NULL, 0);
    rows[2].h.seq = rows[2].h.xseq = rows[2].h.time = rows[2].stored_at = UINT32_MAX;
    rows[2].h.kind = rows[2].h.flags = rows[2].marks = UINT8_MAX;
    rows[3].h.xseq = rows[3].h.time = rows[3].stored_at = rows[3].h.flags = rows[3].marks = 0;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_ERR(OL_OK, bed_commit_row(b, &rows[i]));
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < COUNT(rows); i++) {
            CHECK_ERR(OL_OK, ol_store_row(b->s, b->line, rows[i].h.author, rows[i].h.seq, &got));
            bed_same_row(&rows[i], &got);
        }
        bed_reopen(b);
    }
}

static void test_absent_row_is_absent_and_leaves_the_output(void **state)
{
    struct bed *b = *state;
    struct ol_row row = bed_row(b, 'A', 5);
    struct ol_row got = row;

    CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    CHECK_ERR(OL_ABSENT, ol_store_row(b->s, b->line, 'A', 4, &got));
    CHECK_ERR(OL_ABSENT, ol_store_row(b->s, b->line, 'A', 0, &got));
    CHECK_ERR(OL_ABSENT, ol_store_row(b->s, b->line, 'B', 5, &got));
    CHECK_ERR(OL_ABSENT, ol_store_row(b->s, b->line, 'C', 5, &got));
    CHECK_ERR(OL_ABSENT, ol_store_row(b->s, b->line, 0, 5, &got));
    CHECK_ERR(OL_ABSENT, ol_store_row(b->s, b->line + 1, 'A', 5, &got));
    CHECK_ERR(OL_ABSENT, ol_store_row(b->s, -1, 'A', 5, &got));
    CHECK_ERR(OL_ABSENT, ol_store_row(b->s, INT64_MAX, 'A', 5, &got));
    CHECK_ERR(OL_ABSENT, ol_store_row_by_hash(b->s, b->line, 'B', &row.hash, &got));
    CHECK_ERR(OL_ABSENT, ol_store_row_by_hash(b->s, b->line, 'C', &row.hash, &got));
    CHECK_ERR(OL_ABSENT, ol_store_receipt(b->s, b->line, 'C', 1, &got));
    bed_same_row(&row, &got);
    assert_int_equal(0, bed_count(b->s, b->line, 'C'));
    assert_int_equal(0, bed_count(b->s, -1, 'A'));
}

static void test_scan_gives_one_stream_in_order(void **state)
{
    struct bed *b = *state;
    static const uint32_t seqs[] = {7, 3, UINT32_MAX, 1, 20};
    int64_t other = bed_add_line(b, "beta");
    struct seen seen = {0};

    for (size_t i = 0; i < COUNT(seqs); i++) {
        struct ol_row a = bed_row(b, 'A', seqs[i]);
        struct ol_row bb = bed_row(b, 'B', seqs[i] / 2 + 1);
        struct ol_put puts[] = {bed_put(&a), bed_put(&bb)};

        CHECK_ERR(OL_OK, bed_commit(b->s, b->line, puts, 2));
        CHECK_ERR(OL_OK, bed_commit(b->s, other, puts, 2));
    }
    CHECK_ERR(OL_OK, ol_store_scan(b->s, b->line, 'A', 3, bed_see, &seen));
    assert_int_equal(4, seen.n);
    assert_int_equal((uint64_t)'A' << 32 | 3, seen.keys[0]);
    assert_int_equal((uint64_t)'A' << 32 | 7, seen.keys[1]);
    assert_int_equal((uint64_t)'A' << 32 | 20, seen.keys[2]);
    assert_int_equal((uint64_t)'A' << 32 | UINT32_MAX, seen.keys[3]);
    assert_int_equal(5, bed_count(b->s, b->line, 'B'));
    seen = (struct seen){.stop_at = 2};
    CHECK_ERR(OL_OK, ol_store_scan(b->s, b->line, 'B', 1, bed_see, &seen));
    assert_int_equal(2, seen.n);
    assert_int_equal(2, seen.last.h.seq);
}

struct nested {
    struct bed *b;
    size_t n;
};

static bool look_up_others(void *ctx, const struct ol_row *row)
{
    struct nested *nest = ctx;
    struct ol_row got;
    uint8_t before[100];

    assert_true(row->body.len < sizeof before);
    if (row->body.len > 0)
        memcpy(before, row->body.p, row->body.len);
    CHECK_ERR(OL_OK, ol_store_row(nest->b->s, nest->b->line, 'A', row->h.seq ^ 1, &got));
    CHECK_ERR(OL_OK, ol_store_row_by_hash(nest->b->s, nest->b->line, 'A', &row->hash, &got));
    bed_same_row(row, &got);
    assert_true(ol_span_equal(ol_span(before, row->body.len), row->body));
    nest->n++;
    return true;
}

static void test_a_scan_may_look_up_other_rows(void **state)
{
    struct bed *b = *state;
    struct nested nest = {.b = b};

    for (uint32_t seq = 2; seq < 8; seq++) {
        struct ol_row row = bed_row(b, 'A', seq);

        CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    }
    CHECK_ERR(OL_OK, ol_store_scan(b->s, b->line, 'A', 1, look_up_others, &nest));
    assert_int_equal(6, nest.n);
}

static void test_same_row_again_keeps_the_first(void **state)
{
    struct bed *b = *state;
    struct ol_row first = bed_row(b, 'B', 9);
    struct ol_row again;
    struct ol_row got;

    first.marks = OL_ROW_EARLY;
    CHECK_ERR(OL_OK, bed_commit_row(b, &first));
    again = first;
    again.marks = 0;
    again.stored_at++;
    CHECK_ERR(OL_OK, bed_commit_row(b, &again));
    CHECK_ERR(OL_OK, ol_store_row(b->s, b->line, 'B', 9, &got));
    bed_same_row(&first, &got);
}

static void test_another_row_in_its_place_is_refused_with_its_batch_alone(void **state)
{
    struct bed *b = *state;
    struct ol_row first = bed_row(b, 'A', 1);
    struct ol_row other = bed_row(b, 'A', 1);
    struct ol_row beside = bed_row(b, 'A', 2);
    struct ol_row free_one = bed_row(b, 'B', 1);
    struct ol_put wrong[] = {bed_put(&beside), bed_put(&other)};
    struct ol_put right = bed_put(&free_one);
    struct ol_batch batches[] = {{1, wrong, 2}, {2, &right, 1}};
    struct outcome of_wrong = {0};
    struct outcome of_right = {0};
    struct ol_row got;

    CHECK_ERR(OL_OK, bed_commit_row(b, &first));
    for (int i = 0; i < 20; i++) { /* whether or not they come into one group */
        of_wrong = of_right = (struct outcome){0};
        ol_store_commit(b->s, b->line, &batches[0], bed_done, &of_wrong);
        ol_store_commit(b->s, b->line, &batches[1], bed_done, &of_right);
        bed_await(b->s, &of_right, 1);
        CHECK_ERR(OL_MALFORMED, of_wrong.last);
        CHECK_ERR(OL_OK, of_right.last);
    }
    CHECK_ERR(OL_ABSENT, ol_store_row(b->s, b->line, 'A', 2, &got));
    CHECK_ERR(OL_OK, ol_store_row(b->s, b->line, 'A', 1, &got));
    bed_same_row(&first, &got);
}

static void test_what_cannot_be_kept_is_refused(void **state)
{
    struct bed *b = *state;
    static uint8_t too_long[OL_BODY_MAX + 1];
    struct ol_row good = bed_row(b, 'A', 1);
    struct ol_row bad[4] = {good, good, good, good};
    struct ol_put unknown = {.what = (enum ol_put_what)99};
    struct ol_put put = bed_put(&good);

    bad[0].h.author = 'C';
    bad[1].h.author = 0;
    bad[2].h.seq = 0;
    bad[3].body = ol_span(too_long, sizeof too_long);
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_ERR(OL_MALFORMED, bed_commit_row(b, &bad[i]));
    CHECK_ERR(OL_MALFORMED, bed_commit(b->s, b->line, &unknown, 1));
    CHECK_ERR(OL_MALFORMED, bed_commit(b->s, b->line + 1, &put, 1));
    CHECK_ERR(OL_MALFORMED, bed_commit(b->s, -5, &put, 1));
    assert_int_equal(0, bed_count(b->s, b->line, 'A'));
    CHECK_ERR(OL_OK, bed_commit_row(b, &good));
}

static void test_a_row_is_found_by_its_hash_wherever_it_stands(void **state)
{
    struct bed *b = *state;
    struct ol_row rows[40];
    struct ol_row got;
    struct ol_hash other;

    for (uint32_t i = 0; i < COUNT(rows); i++) { /* jumps as a resume makes them, and neighbours */
        rows[i] = bed_row(b, 'B', i / 8 * (1u << 24) + i / 2 * 1021 + i % 2 + 1);
        CHECK_ERR(OL_OK, bed_commit_row(b, &rows[i]));
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_ERR(OL_OK, ol_store_row_by_hash(b->s, b->line, 'B', &rows[i].hash, &got));
        bed_same_row(&rows[i], &got);
        other = rows[i].hash;
        other.b[31] ^= 1;
        CHECK_ERR(OL_ABSENT, ol_store_row_by_hash(b->s, b->line, 'B', &other, &got));
        CHECK_ERR(OL_ABSENT, ol_store_row_by_hash(b->s, b->line, 'A', &rows[i].hash, &got));
    }
}

/* ---- Receipts, against the definition ---- */

#define MODEL 60

static const struct ol_row *first_that_names(const struct ol_row *rows, size_t n, uint32_t seq)
{
    const struct ol_row *first = NULL;

    for (size_t i = 0; i < n; i++) {
        bool alone = rows[i].h.flags & OL_FLAG_ALONE;
        bool names = alone ? rows[i].h.xseq == seq : rows[i].h.xseq >= seq;

        if (names && !(rows[i].marks & OL_ROW_CLAIM) && (first == NULL || rows[i].h.seq < first->h.seq))
            first = &rows[i];
    }
    return first;
}

/* One stream: xseq rises by little steps and falls now and then, as after a resume; some are ALONE or
 * CLAIMs. */
static void make_stream(struct bed *b, struct ol_row rows[static MODEL])
{
    uint32_t xseq = 0;

    for (uint32_t i = 0; i < MODEL; i++) {
        rows[i] = bed_row(b, 'B', i + 1);
        xseq += (uint32_t)(rnd(&b->seed) % 3);
        if (rnd(&b->seed) % 16 == 0)
            xseq = (uint32_t)(rnd(&b->seed) % (xseq + 1));
        rows[i].h.xseq = xseq;
        rows[i].h.flags = 0;
        rows[i].marks = rnd(&b->seed) % 8 == 0 ? OL_ROW_CLAIM : 0;
        if (rnd(&b->seed) % 8 == 0) {
            rows[i].h.flags = OL_FLAG_ALONE;
            rows[i].h.xseq = (uint32_t)(rnd(&b->seed) % (xseq + 6));
        }
    }
}

/* Mostly in order, some late: what lies between was missing. */
static void shuffle(struct bed *b, struct ol_row rows[static MODEL], uint64_t reach)
{
    for (size_t i = 0; i + 1 < MODEL; i++) {
        size_t j = i + rnd(&b->seed) % (MODEL - i < reach ? MODEL - i : reach);
        struct ol_row t = rows[i];

        rows[i] = rows[j];
        rows[j] = t;
    }
}

static void test_receipt_is_the_first_entry_that_names_it(void **state)
{
    struct bed *b = *state;
    struct ol_row rows[MODEL];
    struct ol_put puts[MODEL];
    struct ol_row got;
    char name[16];

    for (int round = 0; round < 60; round++) {
        int64_t line;

        snprintf(name, sizeof name, "m%d", round);
        line = bed_add_line(b, name);
        make_stream(b, rows);
        shuffle(b, rows, round < 20 ? 1 : round < 40 ? 6 : MODEL);
        for (size_t n = 0; n < MODEL;) {
            size_t some = 1 + rnd(&b->seed) % 15;

            for (size_t i = n; i < n + some && i < MODEL; i++)
                puts[i] = bed_put(&rows[i]);
            some = n + some < MODEL ? some : MODEL - n;
            CHECK_ERR(OL_OK, bed_commit(b->s, line, puts + n, some));
            n += some;
            for (uint32_t seq = 1; seq < 80; seq++) {
                const struct ol_row *want = first_that_names(rows, n, seq);

                CHECK_ERR(want != NULL ? OL_OK : OL_ABSENT,
                          ol_store_receipt(b->s, line, 'A', seq, &got));
                if (want != NULL)
                    bed_same_row(want, &got);
            }
        }
        CHECK_ERR(OL_ABSENT, ol_store_receipt(b->s, line, 'B', 1, &got));
    }
}

/* After a restore the peer's entries may come back before our own that they name. */
static void test_a_claim_holds_from_when_what_it_names_is_there(void **state)
{
    struct bed *b = *state;
    struct ol_row ours = bed_row(b, 'A', 5);
    struct ol_row others[3] = {bed_row(b, 'B', 1), bed_row(b, 'B', 2), bed_row(b, 'B', 3)};
    struct ol_row got;

    for (int i = 0; i < 3; i++) {
        others[i].h.xseq = 5;
        others[i].h.xhash = ours.hash;
        others[i].h.flags = 0;
        others[i].marks = OL_ROW_CLAIM;
        if (i == 0)
            others[i].h.xhash.b[0] ^= 1; /* untrue for good */
        struct ol_put put = bed_put(&others[i]);
        CHECK_ERR(OL_OK, bed_commit(b->s, b->line, &put, 1));
    }
    CHECK_ERR(OL_ABSENT, ol_store_receipt(b->s, b->line, 'A', 5, &got));
    struct ol_put put = bed_put(&ours);
    CHECK_ERR(OL_OK, bed_commit(b->s, b->line, &put, 1));
    CHECK_ERR(OL_OK, ol_store_receipt(b->s, b->line, 'A', 5, &got));
    assert_int_equal(2, got.h.seq);
    for (int i = 0; i < 3; i++) {
        CHECK_ERR(OL_OK, ol_store_row(b->s, b->line, 'B', (uint32_t)i + 1, &got));
        assert_int_equal(i == 0 ? OL_ROW_CLAIM : 0, got.marks);
    }
}

/* ---- Kinds and acts ---- */

static void test_rows_of_one_kind_come_in_order(void **state)
{
    struct bed *b = *state;
    static const uint8_t kinds[] = {OL_KIND_RECEIPT, OL_KIND_RESUME, OL_KIND_MESSAGE, OL_KIND_TAKE,
                                    OL_KIND_UNFREEZE, 39, 255};
    const uint32_t n = (uint32_t)COUNT(kinds) * 5;
    struct seen seen;

    for (uint32_t i = 0; i < n; i++) {
        struct ol_row row = bed_row(b, 'A', n - i);

        row.h.kind = kinds[(n - i) % COUNT(kinds)];
        CHECK_ERR(OL_OK, bed_commit_row(b, &row));
        row.h.author = 'B';
        CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    }
    for (size_t k = 0; k < COUNT(kinds); k++) {
        seen = (struct seen){0};
        CHECK_ERR(OL_OK, ol_store_scan_kind(b->s, b->line, 'A', kinds[k], 1, bed_see, &seen));
        assert_int_equal(5, seen.n);
        for (size_t i = 0; i < seen.n; i++) {
            assert_int_equal('A', seen.keys[i] >> 32);
            assert_int_equal(k, (uint32_t)seen.keys[i] % COUNT(kinds));
            assert_true(i == 0 || seen.keys[i] > seen.keys[i - 1]);
        }
        assert_int_equal(kinds[k], seen.last.h.kind);
        seen = (struct seen){0};
        CHECK_ERR(OL_OK, ol_store_scan_kind(b->s, b->line, 'A', kinds[k], n / 2, bed_see, &seen));
        assert_in_range(seen.n, 2, 3);
    }
}

static void test_forms_come_with_messages_in_order(void **state)
{
    struct bed *b = *state;
    static const uint8_t kinds[] = {OL_KIND_MESSAGE, OL_KIND_FORM, OL_KIND_FORM_NUMBER, OL_KIND_FORM};
    struct seen seen = {0};

    for (uint32_t i = 0; i < COUNT(kinds); i++) {
        struct ol_row row = bed_row(b, 'A', i + 1);

        row.h.kind = kinds[i];
        CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    }
    CHECK_ERR(OL_OK, ol_store_scan_kind(b->s, b->line, 'A', OL_KIND_MESSAGE, 1, bed_see, &seen));
    assert_int_equal(3, seen.n);
    assert_int_equal(1, (uint32_t)seen.keys[0]);
    assert_int_equal(2, (uint32_t)seen.keys[1]);
    assert_int_equal(4, (uint32_t)seen.keys[2]);
    seen = (struct seen){0};
    CHECK_ERR(OL_OK, ol_store_scan_kind(b->s, b->line, 'A', OL_KIND_FORM, 1, bed_see, &seen));
    assert_int_equal(2, seen.n);
}

/* An act's body here is the author and the seq, one byte each. */
static void refer(const struct ol_row *row, uint8_t *author, uint32_t *seq)
{
    if (row->h.kind < OL_KIND_TAKE || row->body.len != 2)
        return;
    *author = row->body.p[0];
    *seq = row->body.p[1];
}

static bool begins(uint8_t kind)
{
    return kind == OL_KIND_MESSAGE;
}

/* A view here is the entries' numbers, A's first; + 128 for those whose claim does not hold. */
static size_t fold(const struct ol_row *message, ol_next_row_fn *next, void *ctx, uint8_t *view)
{
    struct ol_row row;
    size_t n = 0;

    assert_int_equal(OL_KIND_MESSAGE, message->h.kind);
    for (unsigned side = 0; side < 2; side++) {
        while (next(ctx, side, &row)) {
            assert_int_equal('A' + side, row.h.author);
            view[n++] = (uint8_t)(row.h.seq + (row.marks & OL_ROW_CLAIM ? 128 : 0));
        }
    }
    return n;
}

static const struct ol_views views = {.refer = refer, .begins = begins, .fold = fold, .version = 1};

static void commit_about(struct bed *b, uint8_t author, uint8_t seq, const char *about)
{
    struct ol_row row = bed_row(b, author, seq);

    row.h.kind = OL_KIND_TAKE;
    row.body = ol_span(about, 2);
    CHECK_ERR(OL_OK, bed_commit_row(b, &row));
}

static void commit_message(struct bed *b, uint8_t author, uint8_t seq)
{
    struct ol_row row = bed_row(b, author, seq);

    row.h.kind = OL_KIND_MESSAGE;
    CHECK_ERR(OL_OK, bed_commit_row(b, &row));
}

static void check_view(struct bed *b, uint8_t author, uint8_t seq, const char *numbers)
{
    uint8_t view[OL_VIEW_MAX];
    size_t len;

    if (numbers == NULL) {
        CHECK_ERR(OL_ABSENT, ol_store_view(b->s, b->line, author, seq, view, &len));
        return;
    }
    CHECK_ERR(OL_OK, ol_store_view(b->s, b->line, author, seq, view, &len));
    assert_int_equal(strlen(numbers), len);
    assert_memory_equal(numbers, view, len);
}

static void check_views(struct bed *b, size_t messages, size_t wrong)
{
    size_t checked;
    size_t differ;

    CHECK_ERR(OL_OK, ol_store_views_check(b->s, &views, &checked, &differ));
    assert_int_equal(messages, checked);
    assert_int_equal(wrong, differ);
}

static void open_with_views(struct bed *b, const struct ol_views *v)
{
    struct ol_store_cfg cfg = {.path = b->path, .views = v};

    ol_store_close(&b->s);
    CHECK_ERR(OL_OK, ol_store_open(&cfg, &b->s, NULL));
}

/* As after a restore. */
static void test_a_view_is_kept_again_when_a_claim_comes_to_hold(void **state)
{
    struct bed *b = *state;
    struct ol_row named = bed_row(b, 'A', 4);
    struct ol_row act = bed_row(b, 'B', 2);

    open_with_views(b, &views);
    commit_message(b, 'A', 3);
    act.h.kind = OL_KIND_TAKE;
    act.body = ol_span("A\x03", 2);
    act.h.xseq = 4;
    act.h.xhash = named.hash;
    act.h.flags = 0;
    act.marks = OL_ROW_CLAIM;
    CHECK_ERR(OL_OK, bed_commit_row(b, &act));
    check_view(b, 'A', 3, "\x82");
    CHECK_ERR(OL_OK, bed_commit_row(b, &named));
    check_view(b, 'A', 3, "\x02");
    check_views(b, 1, 0);
}

static void test_a_view_is_kept_with_each_commit_whatever_comes_first(void **state)
{
    struct bed *b = *state;

    open_with_views(b, &views);
    commit_message(b, 'A', 3);
    check_view(b, 'A', 3, NULL);
    commit_about(b, 'B', 2, "A\3");
    check_view(b, 'A', 3, "\2");
    commit_about(b, 'A', 5, "A\3");
    commit_about(b, 'B', 7, "A\3");
    check_view(b, 'A', 3, "\5\2\7");
    commit_about(b, 'A', 6, "B\11");
    check_view(b, 'B', 9, NULL); /* the message is not there */
    commit_message(b, 'B', 9);
    check_view(b, 'B', 9, "\6");
    commit_about(b, 'A', 8, "A\4");
    commit_about(b, 'A', 4, "A\5"); /* what it is about is no message */
    check_view(b, 'A', 5, NULL);
    check_views(b, 4, 0);
}

static void test_a_view_that_was_changed_is_found_and_made_anew(void **state)
{
    struct bed *b = *state;
    sqlite3 *db;

    open_with_views(b, &views);
    commit_message(b, 'A', 3);
    commit_about(b, 'B', 2, "A\3");
    commit_message(b, 'A', 6);
    check_views(b, 1, 0);
    for (unsigned i = 0; i < 3; i++) {
        static const char *const changes[] = {
            "UPDATE view SET row = x'63' WHERE key <> 0", "DELETE FROM view WHERE key <> 0",
            "INSERT INTO view SELECT id, x'01' FROM entry WHERE id & 4294967295 = 6"};

        assert_int_equal(SQLITE_OK, sqlite3_open_v2(b->path, &db, SQLITE_OPEN_READWRITE, ol_sum_files()));
        assert_int_equal(SQLITE_OK, sqlite3_exec(db, changes[i], NULL, NULL, NULL));
        assert_int_equal(1, sqlite3_changes(db));
        sqlite3_close(db);
        check_views(b, 1, 1);
        CHECK_ERR(OL_OK, ol_store_views_rebuild(b->s));
        check_views(b, 1, 0);
        check_view(b, 'A', 3, "\2");
    }
}

static void test_views_of_another_fold_are_made_anew_when_a_store_is_opened(void **state)
{
    struct bed *b = *state;
    struct ol_views other = views;

    commit_message(b, 'A', 3);
    open_with_views(b, &views);
    commit_about(b, 'B', 2, "A\3");
    other.version = 2;
    open_with_views(b, &other);
    check_views(b, 1, 1); /* the version */
    open_with_views(b, &views);
    check_views(b, 1, 0);
    check_view(b, 'A', 3, "\2");
}

static void see_both_sides(void *ctx, ol_next_row_fn *next, void *from)
{
    struct ol_row row;

    for (unsigned side = 0; side < 2; side++) {
        while (next(from, side, &row))
            assert_true(bed_see(ctx, &row));
    }
}

static void test_acts_are_found_by_their_message(void **state)
{
    struct bed *b = *state;
    static const struct {
        uint8_t author;
        uint8_t seq;
        uint8_t body[2];
    } acts[] = {{'B', 9, "A\3"}, {'A', 5, "A\3"}, {'A', 4, "B\3"}, {'B', 2, "A\3"},
                {'A', 6, "A\4"}, {'A', 7, "C\3"}, {'A', 8, "A\0"}, {'B', 3, "A\0"}};
    struct ol_store_cfg cfg = {.path = b->path, .views = &views};
    struct seen seen = {0};

    ol_store_close(&b->s);
    CHECK_ERR(OL_OK, ol_store_open(&cfg, &b->s, NULL));
    for (size_t i = 0; i < COUNT(acts); i++) {
        struct ol_row row = bed_row(b, acts[i].author, acts[i].seq);

        row.h.kind = OL_KIND_TAKE;
        row.body = ol_span(acts[i].body, 2);
        CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    }
    CHECK_ERR(OL_OK, ol_store_acts(b->s, b->line, 'A', 3, bed_see, &seen));
    assert_int_equal(3, seen.n);
    assert_int_equal((uint64_t)'A' << 32 | 5, seen.keys[0]);
    assert_int_equal((uint64_t)'B' << 32 | 2, seen.keys[1]);
    assert_int_equal((uint64_t)'B' << 32 | 9, seen.keys[2]);
    CHECK_ERR(OL_OK, ol_store_fold(b->s, b->line, 'A', 3, see_both_sides, &seen));
    assert_int_equal(6, seen.n);
    assert_memory_equal(seen.keys, seen.keys + 3, 3 * sizeof seen.keys[0]);
    seen = (struct seen){0};
    CHECK_ERR(OL_OK, ol_store_acts(b->s, b->line, 'B', 3, bed_see, &seen));
    assert_int_equal(1, seen.n);
    seen = (struct seen){0};
    CHECK_ERR(OL_OK, ol_store_acts(b->s, b->line, 'C', 3, bed_see, &seen));
    CHECK_ERR(OL_OK, ol_store_acts(b->s, b->line, 'A', 0, bed_see, &seen));
    assert_int_equal(0, seen.n);
}

static void test_evidence_is_kept_beside_the_record(void **state)
{
    struct bed *b = *state;
    struct ol_row row = bed_row(b, 'B', 3);
    struct ol_row twin = bed_row(b, 'B', 3);
    struct ol_put puts[] = {bed_put(&row),
                            {.what = OL_PUT_EVIDENCE, .row = twin},
                            {.what = OL_PUT_EVIDENCE, .row = row},
                            {.what = OL_PUT_EVIDENCE, .row = twin}};
    int64_t other = bed_add_line(b, "beta");
    struct seen seen = {0};

    CHECK_ERR(OL_OK, bed_commit(b->s, b->line, puts, COUNT(puts)));
    bed_reopen(b);
    assert_int_equal(1, bed_count(b->s, b->line, 'B'));
    seen.stop_at = 1;
    CHECK_ERR(OL_OK, ol_store_evidence(b->s, b->line, bed_see, &seen));
    bed_same_row(&twin, &(struct ol_row){seen.last.h, seen.last.hash, seen.last.sealed, seen.last.seal,
                                         seen.last.marks, seen.last.stored_at, twin.body});
    seen = (struct seen){0};
    CHECK_ERR(OL_OK, ol_store_evidence(b->s, b->line, bed_see, &seen));
    assert_int_equal(2, seen.n);
    seen = (struct seen){0};
    CHECK_ERR(OL_OK, ol_store_evidence(b->s, other, bed_see, &seen));
    assert_int_equal(0, seen.n);
}

/* ---- Outbox and answered keys ---- */

struct box {
    size_t n;
    struct ol_outbox_item items[8];
};

static bool see_item(void *ctx, const struct ol_outbox_item *item)
{
    struct box *box = ctx;

    assert_true(box->n < COUNT(box->items));
    assert_true(ol_span_equal(ol_span("text", 4), item->body));
    box->items[box->n++] = *item;
    return true;
}

static void test_outbox_is_emptied_in_the_order_it_was_filled(void **state)
{
    struct bed *b = *state;
    static const uint64_t tokens[] = {5, UINT64_MAX, 1};
    int64_t other = bed_add_line(b, "beta");
    struct ol_put put = {.what = OL_PUT_OUTBOX, .row = {.h = {.kind = 40, .flags = 0xc0}}};
    struct ol_put away = {.what = OL_PUT_UNBOXED, .token = UINT64_MAX};
    struct box box = {0};

    put.row.body = ol_span("text", 4);
    for (size_t i = 0; i < COUNT(tokens); i++) {
        put.token = tokens[i];
        CHECK_ERR(OL_OK, bed_commit(b->s, b->line, &put, 1));
        CHECK_ERR(OL_OK, bed_commit(b->s, b->line, &put, 1)); /* the same again is no error */
    }
    put.row.h.kind = 41;
    CHECK_ERR(OL_MALFORMED, bed_commit(b->s, b->line, &put, 1));
    CHECK_ERR(OL_OK, bed_commit(b->s, other, &put, 1));
    bed_reopen(b);
    CHECK_ERR(OL_OK, ol_store_outbox(b->s, b->line, see_item, &box));
    assert_int_equal(3, box.n);
    for (size_t i = 0; i < box.n; i++) {
        assert_true(tokens[i] == box.items[i].token);
        assert_int_equal(40, box.items[i].kind);
        assert_int_equal(0xc0, box.items[i].flags);
    }
    CHECK_ERR(OL_OK, bed_commit(b->s, b->line, &away, 1));
    CHECK_ERR(OL_OK, bed_commit(b->s, b->line, &away, 1));
    box.n = 0;
    CHECK_ERR(OL_OK, ol_store_outbox(b->s, b->line, see_item, &box));
    assert_int_equal(2, box.n);
    assert_int_equal(5, box.items[0].token);
    assert_int_equal(1, box.items[1].token);
    box.n = 0;
    CHECK_ERR(OL_OK, ol_store_outbox(b->s, other, see_item, &box));
    assert_int_equal(1, box.n);
}

struct keys {
    uint32_t next; /* expected */
    size_t n;
};

static struct ol_hash numbered(uint32_t n)
{
    struct ol_hash key = {{0}};

    memcpy(key.b, &n, sizeof n);
    return key;
}

static bool see_key(void *ctx, const struct ol_hash *key)
{
    struct keys *keys = ctx;
    struct ol_hash want = numbered(keys->next++);

    assert_memory_equal(&want, key, sizeof want);
    keys->n++;
    return true;
}

static void test_the_last_answered_keys_are_kept_oldest_first(void **state)
{
    struct bed *b = *state;
    struct ol_put puts[256] = {0};
    int64_t other = bed_add_line(b, "beta");
    struct keys keys = {0};
    uint32_t n = 0;

    puts[0] = (struct ol_put){.what = OL_PUT_ANSWERED, .hash = numbered(0)};
    CHECK_ERR(OL_OK, bed_commit(b->s, other, puts, 1));
    while (n < OL_ANSWERED + 512) {
        for (size_t i = 0; i < COUNT(puts); i++)
            puts[i] = (struct ol_put){.what = OL_PUT_ANSWERED, .hash = numbered(n++)};
        CHECK_ERR(OL_OK, bed_commit(b->s, b->line, puts, COUNT(puts)));
    }
    keys.next = n - OL_ANSWERED;
    CHECK_ERR(OL_OK, ol_store_answered(b->s, b->line, see_key, &keys));
    assert_int_equal(OL_ANSWERED, keys.n);
    keys = (struct keys){0};
    CHECK_ERR(OL_OK, ol_store_answered(b->s, other, see_key, &keys));
    assert_int_equal(1, keys.n);
}

/* ---- Handing in ---- */

static void test_what_was_handed_in_is_durable_when_closed(void **state)
{
    struct bed *b = *state;
    struct ol_row rows[50];
    struct ol_put puts[50];
    struct outcome o = {0};

    for (uint32_t i = 0; i < COUNT(rows); i++) {
        struct ol_batch batch = {.id = i, .puts = &puts[i], .n = 1};

        rows[i] = bed_row(b, 'A', i + 1);
        puts[i] = bed_put(&rows[i]);
        ol_store_commit(b->s, b->line, &batch, bed_done, &o);
    }
    bed_reopen(b);
    assert_int_equal(0, o.told);
    assert_int_equal(COUNT(rows), bed_count(b->s, b->line, 'A'));
}

struct chain {
    struct bed *b;
    struct ol_put put;
    struct outcome o;
};

static void commit_next(void *ctx, uint64_t id, enum ol_err err)
{
    struct chain *c = ctx;
    struct ol_batch batch = {.id = id + 1, .puts = &c->put, .n = 1};
    struct ol_row row = bed_row(c->b, 'A', (uint32_t)id + 1);

    bed_done(&c->o, id, err);
    c->put = bed_put(&row);
    if (id < 10)
        ol_store_commit(c->b->s, c->b->line, &batch, commit_next, c);
}

static void test_an_outcome_may_hand_in_the_next_batch(void **state)
{
    struct bed *b = *state;
    struct chain c = {.b = b};

    commit_next(&c, 0, OL_OK);
    bed_await(b->s, &c.o, 11);
    CHECK_ERR(OL_OK, c.o.last);
    assert_int_equal(10, bed_count(b->s, b->line, 'A'));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_field_of_a_row_comes_back),
        TEST(test_absent_row_is_absent_and_leaves_the_output),
        TEST(test_scan_gives_one_stream_in_order),
        TEST(test_a_scan_may_look_up_other_rows),
        TEST(test_same_row_again_keeps_the_first),
        TEST(test_another_row_in_its_place_is_refused_with_its_batch_alone),
        TEST(test_what_cannot_be_kept_is_refused),
        TEST(test_a_row_is_found_by_its_hash_wherever_it_stands),
        TEST(test_receipt_is_the_first_entry_that_names_it),
        TEST(test_a_claim_holds_from_when_what_it_names_is_there),
        TEST(test_rows_of_one_kind_come_in_order),
        TEST(test_forms_come_with_messages_in_order),
        TEST(test_a_view_is_kept_again_when_a_claim_comes_to_hold),
        TEST(test_a_view_is_kept_with_each_commit_whatever_comes_first),
        TEST(test_a_view_that_was_changed_is_found_and_made_anew),
        TEST(test_views_of_another_fold_are_made_anew_when_a_store_is_opened),
        TEST(test_acts_are_found_by_their_message),
        TEST(test_evidence_is_kept_beside_the_record),
        TEST(test_outbox_is_emptied_in_the_order_it_was_filled),
        TEST(test_the_last_answered_keys_are_kept_oldest_first),
        TEST(test_what_was_handed_in_is_durable_when_closed),
        TEST(test_an_outcome_may_hand_in_the_next_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
