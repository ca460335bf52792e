/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "wire/frame.h"

static void check_refused(struct ol_span in)
{
    struct ol_outer o = {.type = OL_FRAME, .session = 3};

    CHECK_ERR(OL_MALFORMED, ol_outer_read(in, &o));
    assert_int_equal(0, o.type);
    assert_int_equal(0, o.session);
    assert_int_equal(0, o.rest.len);
}

static void test_heads_are_laid_out_as_the_table_says(void **state)
{
    struct ol_outer o = {.type = OL_FRAME, .phase = 1, .session = 15, .path = 2, .counter = 0xabcd};
    uint8_t buf[OL_HANDSHAKE_HEAD];
    struct ol_wr w = ol_wr_to(buf, sizeof buf);

    (void)state;
    ol_outer_write(&o, &w);
    CHECK_HEX("31f2abcd", ol_wr_span(&w));
    o = (struct ol_outer){.type = OL_MESSAGE_1, .session = 4, .path = 15};
    memcpy(o.tag, "\1\2\3\4\5\6\7\10", 8);
    w = ol_wr_to(buf, sizeof buf);
    ol_outer_write(&o, &w);
    CHECK_HEX("104f0102030405060708", ol_wr_span(&w));
    o.type = OL_MESSAGE_2;
    w = ol_wr_to(buf, sizeof buf);
    ol_outer_write(&o, &w);
    CHECK_HEX("204f0102030405060708", ol_wr_span(&w));
}

static void test_every_first_two_bytes_are_refused_or_read_back_as_they_are(void **state)
{
    uint8_t in[OL_HANDSHAKE_OVERHEAD] = {0}, again[OL_HANDSHAKE_HEAD];
    unsigned accepted = 0;

    (void)state;
    memset(in + 2, 0x77, sizeof in - 2);
    for (unsigned v = 0; v < 0x10000; v++) {
        struct ol_wr w = ol_wr_to(again, sizeof again);
        struct ol_outer o;

        in[0] = (uint8_t)(v >> 8);
        in[1] = (uint8_t)v;
        if (ol_outer_read(SPAN(in), &o) != OL_OK)
            continue;
        accepted++;
        ol_outer_write(&o, &w);
        assert_memory_equal(in, again, w.len);
        assert_int_equal(sizeof in - w.len, o.rest.len);
        assert_ptr_equal(in + w.len, o.rest.p);
    }
    assert_int_equal(4 * 256, accepted); /* 10, 20, 30, 31 */
}

static void test_what_is_too_short_for_its_type_is_malformed(void **state)
{
    uint8_t in[OL_HANDSHAKE_OVERHEAD] = {0};
    struct ol_outer o;

    (void)state;
    for (size_t len = 0; len <= sizeof in; len++) {
        in[0] = 0x30;
        if (len < OL_FRAME_OVERHEAD)
            check_refused(ol_span(in, len));
        else
            CHECK_ERR(OL_OK, ol_outer_read(ol_span(in, len), &o));
        for (unsigned type = 1; type <= 2; type++) {
            in[0] = (uint8_t)(type << 4);
            if (len < OL_HANDSHAKE_OVERHEAD)
                check_refused(ol_span(in, len));
            else
                CHECK_ERR(OL_OK, ol_outer_read(ol_span(in, len), &o));
        }
    }
}

static void test_a_head_that_does_not_fit_makes_the_writer_full(void **state)
{
    struct ol_outer o = {.type = OL_MESSAGE_1};
    uint8_t buf[OL_HANDSHAKE_HEAD];

    (void)state;
    for (size_t cap = 0; cap < OL_HANDSHAKE_HEAD; cap++) {
        struct ol_wr w = ol_wr_to(buf, cap);

        ol_outer_write(&o, &w);
        assert_true(w.full);
    }
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* By the definition: of all counters with these low bits none is nearer to the expected one. */
static void check_nearest(uint64_t expected, uint16_t low)
{
    uint64_t got = ol_counter_widen(expected, low);

    assert_int_equal(low, got & 0xffff);
    assert_true(distance(got, expected) <= distance(got + 0x10000, expected));
    if (got >= 0x10000)
        assert_true(distance(got, expected) <= distance(got - 0x10000, expected));
}

static void test_a_counter_is_the_nearest_with_its_low_bits(void **state)
{
    static const uint64_t expected[] = {0,      1,      0x7fff,  0x8000,  0x8001,       0xfffe,
                                        0xffff, 0x10000, 0x17fff, 0x18000, 0x123456789a};

    (void)state;
    for (size_t i = 0; i < COUNT(expected); i++)
        for (unsigned low = 0; low < 0x10000; low++)
            check_nearest(expected[i], (uint16_t)low);
}

static void test_a_sender_2_14_ahead_or_a_frame_as_late_is_understood(void **state)
{
    (void)state;
    for (uint64_t expected = 0; expected < 0x30000; expected += 0x3ff) {
        for (uint64_t off = 0; off <= 0x4000; off += 0x1000) {
            assert_true(ol_counter_widen(expected, (uint16_t)(expected + off)) == expected + off);
            if (expected >= off)
                assert_true(ol_counter_widen(expected, (uint16_t)(expected - off)) == expected - off);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_are_laid_out_as_the_table_says),
        cmocka_unit_test(test_every_first_two_bytes_are_refused_or_read_back_as_they_are),
        cmocka_unit_test(test_what_is_too_short_for_its_type_is_malformed),
        cmocka_unit_test(test_a_head_that_does_not_fit_makes_the_writer_full),
        cmocka_unit_test(test_a_counter_is_the_nearest_with_its_low_bits),
        cmocka_unit_test(test_a_sender_2_14_ahead_or_a_frame_as_late_is_understood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
