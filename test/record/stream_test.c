/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept in memory of a stream, at its limits. */
#include "support.h"

#include <stdlib.h>

#include "record/stream.h"

static struct ol_stream *s;

static int setup(void **state)
{
    (void)state;
    s = malloc(sizeof *s);
    ol_stream_init(s, 'A');
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(s);
    return 0;
}

static void put_aside(uint32_t seq, enum ol_precedence precedence)
{
    struct ol_entry e = {.kind = 40, .flags = (uint8_t)(precedence << 6), .seq = seq, .body = ol_span("text", 4)};

    ol_stream_put_aside(s, &e);
}

static bool is_aside(uint32_t seq)
{
    struct ol_entry e;

    return ol_stream_get_aside(s, seq, &e) == OL_OK;
}

static void fill_aside(enum ol_precedence precedence)
{
    for (uint32_t i = 0; i < OL_ASIDE_ENTRIES; i++)
        put_aside(100 + i, precedence);
    assert_int_equal(s->aside.n, OL_ASIDE_ENTRIES);
}

static void test_when_no_more_entries_can_wait_aside_the_highest_of_the_lowest_precedence_goes(void **state)
{
    uint32_t highest = 100 + OL_ASIDE_ENTRIES - 1;

    (void)state;
    fill_aside(OL_ROUTINE);
    put_aside(1000, OL_FLASH); /* above them all */
    assert_true(is_aside(1000) && !is_aside(highest) && is_aside(highest - 1));
    put_aside(50, OL_ROUTINE); /* below them all */
    assert_true(is_aside(50) && !is_aside(highest - 1) && is_aside(highest - 2));
    put_aside(999, OL_ROUTINE); /* would be the highest itself */
    assert_true(!is_aside(999) && is_aside(highest - 2));
    assert_int_equal(s->aside.n, OL_ASIDE_ENTRIES);
}

static void test_an_entry_of_lower_precedence_than_all_that_wait_does_not_take_a_place(void **state)
{
    (void)state;
    fill_aside(OL_IMMEDIATE);
    put_aside(1, OL_PRIORITY);
    assert_false(is_aside(1));
    assert_int_equal(s->aside.n, OL_ASIDE_ENTRIES);
}

static void test_what_waits_aside_survives_the_packing_of_its_bytes(void **state)
{
    static uint8_t body[20000];
    struct ol_entry e = {.kind = 40, .flags = OL_FLASH << 6, .body = ol_span(body, sizeof body)};
    struct ol_entry got;

    (void)state;
    memset(body, 'x', sizeof body);
    for (e.seq = 1; e.seq <= 3; e.seq++)
        ol_stream_put_aside(s, &e);
    ol_stream_drop_aside(s, 1, 1);
    body[0] = 'y';
    ol_stream_put_aside(s, &e); /* fits only behind what is left, packed */
    CHECK_ERR(OL_OK, ol_stream_get_aside(s, 3, &got));
    assert_true(got.body.len == sizeof body && got.body.p[0] == 'x');
    CHECK_ERR(OL_OK, ol_stream_get_aside(s, 4, &got));
    assert_true(ol_span_equal(got.body, e.body));
    assert_false(is_aside(1));
}

static enum ol_err keep_early(uint32_t seq, enum ol_precedence precedence)
{
    struct ol_early e = {.seq = seq};

    return ol_stream_keep_early(s, &e, precedence);
}

static void test_the_last_places_for_early_entries_are_for_urgent_ones(void **state)
{
    uint32_t seq = 10;

    (void)state;
    while (s->early_n < OL_EARLY_MAX - OL_EARLY_RESERVED)
        CHECK_ERR(OL_OK, keep_early(seq++, OL_ROUTINE));
    CHECK_ERR(OL_LIMIT, keep_early(seq, OL_PRIORITY));
    while (s->early_n < OL_EARLY_MAX)
        CHECK_ERR(OL_OK, keep_early(seq++, OL_IMMEDIATE));
    CHECK_ERR(OL_LIMIT, keep_early(seq, OL_FLASH));
    assert_null(ol_stream_early(s, seq));
}

static void test_the_highest_range_is_told_when_there_are_more_than_fit(void **state)
{
    struct ol_ranges ranges;

    (void)state;
    for (uint32_t i = 0; i < OL_RANGES + 3; i++) {
        CHECK_ERR(OL_OK, keep_early(10 * i + 1, OL_FLASH));
        CHECK_ERR(OL_OK, keep_early(10 * i + 2, OL_FLASH));
    }
    ol_stream_early_ranges(s, &ranges);
    assert_int_equal(ranges.n, OL_RANGES);
    assert_int_equal(ranges.r[0].from, 1);
    assert_int_equal(ranges.r[0].to, 2);
    assert_int_equal(ranges.r[OL_RANGES - 1].to, 10 * (OL_RANGES + 2) + 2);
}

static void test_a_stream_has_at_most_64_ranges_of_absent_numbers(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < OL_RESUMES; i++)
        CHECK_ERR(OL_OK, ol_stream_absent(s, 100 * i + 2, 100 * i + 50));
    CHECK_ERR(OL_LIMIT, ol_stream_absent(s, 100 * OL_RESUMES + 2, 100 * OL_RESUMES + 3));
    assert_false(ol_stream_is_absent(s, 100 * OL_RESUMES + 2));
    CHECK_ERR(OL_OK, ol_stream_absent(s, 2, 100 * OL_RESUMES)); /* takes the place of them all */
    assert_int_equal(s->absent_n, 1);
    assert_true(ol_stream_is_absent(s, 75));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_when_no_more_entries_can_wait_aside_the_highest_of_the_lowest_precedence_goes),
        TEST(test_an_entry_of_lower_precedence_than_all_that_wait_does_not_take_a_place),
        TEST(test_what_waits_aside_survives_the_packing_of_its_bytes),
        TEST(test_the_last_places_for_early_entries_are_for_urgent_ones),
        TEST(test_the_highest_range_is_told_when_there_are_more_than_fit),
        TEST(test_a_stream_has_at_most_64_ranges_of_absent_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
