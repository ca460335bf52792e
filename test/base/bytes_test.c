/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

static const uint8_t fifteen[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void test_integers_are_big_endian(void **state)
{
    struct ol_rd r = ol_rd_from(SPAN(fifteen));

    (void)state;
    assert_int_equal(0x01, ol_rd_u8(&r));
    assert_int_equal(0x0203, ol_rd_u16(&r));
    assert_int_equal(0x04050607, ol_rd_u32(&r));
    assert_true(ol_rd_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
    CHECK_ERR(OL_OK, ol_rd_end(&r));
}

static void test_what_is_written_is_read(void **state)
{
    uint8_t buf[18];
    struct ol_wr w = ol_wr_to(buf, sizeof buf);

    (void)state;
    ol_wr_u8(&w, 0x01);
    ol_wr_u16(&w, 0x0203);
    ol_wr_u32(&w, 0x04050607);
    ol_wr_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
    ol_wr_bytes(&w, "abc", 3);
    assert_false(w.full);
    assert_int_equal(0, ol_wr_room(&w));
    CHECK_HEX("0102030405060708090a0b0c0d0e0f616263", ol_wr_span(&w));
}

static void test_after_a_short_read_everything_is_zero_and_malformed(void **state)
{
    struct ol_rd r = ol_rd_from(ol_span(fifteen, 3));
    uint8_t out[2] = {7, 7};

    (void)state;
    assert_int_equal(0, ol_rd_u32(&r));
    assert_true(r.bad);
    assert_int_equal(0, ol_rd_u8(&r)); /* there would have been three bytes */
    assert_int_equal(0, ol_rd_peek(&r));
    ol_rd_bytes(&r, out, sizeof out);
    assert_true(out[0] == 0 && out[1] == 0);
    assert_int_equal(0, ol_rd_take(&r, 1).len);
    assert_null(ol_rd_take(&r, 0).p);
    CHECK_ERR(OL_MALFORMED, ol_rd_end(&r));
}

static void test_each_read_needs_all_its_bytes(void **state)
{
    (void)state;
    for (size_t have = 0; have <= 8; have++) {
        struct ol_rd r8 = ol_rd_from(ol_span(fifteen, have));
        struct ol_rd r16 = r8, r32 = r8, r64 = r8, rb = r8;
        uint8_t out[5];

        ol_rd_u8(&r8);
        ol_rd_u16(&r16);
        ol_rd_u32(&r32);
        ol_rd_u64(&r64);
        ol_rd_bytes(&rb, out, sizeof out);
        assert_int_equal(have < 1, r8.bad);
        assert_int_equal(have < 2, r16.bad);
        assert_int_equal(have < 4, r32.bad);
        assert_int_equal(have < 8, r64.bad);
        assert_int_equal(have < 5, rb.bad);
    }
}

static void test_leftovers_are_malformed(void **state)
{
    struct ol_rd r = ol_rd_from(ol_span(fifteen, 2));

    (void)state;
    ol_rd_u8(&r);
    assert_false(r.bad);
    CHECK_ERR(OL_MALFORMED, ol_rd_end(&r));
}

static void test_a_look_ahead_takes_nothing(void **state)
{
    struct ol_rd r = ol_rd_from(ol_span(fifteen, 1));

    (void)state;
    assert_int_equal(1, ol_rd_peek(&r));
    assert_int_equal(1, ol_rd_u8(&r));
    assert_int_equal(0, ol_rd_peek(&r));
    assert_false(r.bad);
    CHECK_ERR(OL_OK, ol_rd_end(&r));
}

static void test_taken_bytes_are_borrowed_from_the_input(void **state)
{
    struct ol_rd r = ol_rd_from(SPAN(fifteen));
    struct ol_span s;

    (void)state;
    ol_rd_u8(&r);
    s = ol_rd_take(&r, 14);
    assert_ptr_equal(fifteen + 1, s.p);
    assert_int_equal(14, s.len);
    CHECK_ERR(OL_OK, ol_rd_end(&r));
}

static void test_an_empty_input_reads_as_nothing(void **state)
{
    struct ol_rd r = ol_rd_from(ol_span(NULL, 0));

    (void)state;
    assert_int_equal(0, ol_rd_take(&r, 0).len);
    CHECK_ERR(OL_OK, ol_rd_end(&r));
    ol_rd_u8(&r);
    CHECK_ERR(OL_MALFORMED, ol_rd_end(&r));
}

static void test_no_bytes_can_be_read_where_there_are_none(void **state)
{
    uint8_t out = 7;
    struct ol_rd r = ol_rd_from(ol_span(NULL, 0));

    (void)state;
    ol_rd_bytes(&r, &out, 0);
    assert_int_equal(out, 7);
    CHECK_ERR(OL_OK, ol_rd_end(&r));
}

static void test_a_write_that_does_not_fit_writes_nothing_and_stops_the_rest(void **state)
{
    uint8_t buf[4] = {9, 9, 9, 9};
    struct ol_wr w = ol_wr_to(buf, 3);

    (void)state;
    ol_wr_u16(&w, 0x0102);
    ol_wr_u16(&w, 0x0304);
    assert_true(w.full);
    assert_int_equal(0, ol_wr_room(&w));
    ol_wr_u8(&w, 5); /* would fit, but the writer has failed */
    CHECK_HEX("0102", ol_wr_span(&w));
    CHECK_HEX("01020909", SPAN(buf));
}

static void test_nothing_can_be_written_into_no_room(void **state)
{
    struct ol_wr w = ol_wr_to(NULL, 0);

    (void)state;
    ol_wr_bytes(&w, NULL, 0);
    assert_false(w.full);
    ol_wr_u8(&w, 1);
    assert_true(w.full);
}

static void test_spans_are_equal_by_content_and_length(void **state)
{
    (void)state;
    assert_true(ol_span_equal(ol_span("ab", 2), ol_span("ab", 2)));
    assert_false(ol_span_equal(ol_span("ab", 2), ol_span("ac", 2)));
    assert_false(ol_span_equal(ol_span("ab", 2), ol_span("ab", 1)));
    assert_true(ol_span_equal(ol_span(NULL, 0), ol_span("x", 0)));
}

static void test_every_result_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    assert_string_equal("OK", ol_err_name(OL_OK));
    assert_string_equal("IO", ol_err_name(OL_IO));
    assert_string_equal("bytes do not parse", ol_err_text(OL_MALFORMED));
    assert_string_equal("UNKNOWN", ol_err_name((enum ol_err)(OL_IO + 1)));
    assert_string_equal("unknown result", ol_err_text((enum ol_err)(OL_IO + 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers_are_big_endian),
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_after_a_short_read_everything_is_zero_and_malformed),
        cmocka_unit_test(test_each_read_needs_all_its_bytes),
        cmocka_unit_test(test_leftovers_are_malformed),
        cmocka_unit_test(test_a_look_ahead_takes_nothing),
        cmocka_unit_test(test_taken_bytes_are_borrowed_from_the_input),
        cmocka_unit_test(test_an_empty_input_reads_as_nothing),
        cmocka_unit_test(test_no_bytes_can_be_read_where_there_are_none),
        cmocka_unit_test(test_a_write_that_does_not_fit_writes_nothing_and_stops_the_rest),
        cmocka_unit_test(test_nothing_can_be_written_into_no_room),
        cmocka_unit_test(test_spans_are_equal_by_content_and_length),
        cmocka_unit_test(test_every_result_has_a_name_and_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
