/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "path/link.h"

static uint8_t buf[OL_LINK_MAX + 1];

static const struct ol_link_msg messages[] = {
    {.type = OL_LINK_PATH, .path = 0x0102, .window = 0x0304, .mtu = 0x0506, .rate = 0x0708090a},
    {.type = OL_LINK_END},
    {.type = OL_LINK_UP, .path = 0x0102, .conn = 0x0304, .open = true},
    {.type = OL_LINK_DOWN, .path = 0xffff, .conn = 0xffff},
    {.type = OL_LINK_FRAME, .path = 1, .conn = 0, .frame = {(const uint8_t *)"frame", 5}},
    {.type = OL_LINK_FRAME, .path = 1, .conn = 9, .frame = {(const uint8_t *)"", 1}},
    {.type = OL_LINK_CREDIT, .path = 7, .count = 0x0102},
    {.type = OL_LINK_PROVEN, .path = 7, .conn = 1},
    {.type = OL_LINK_RELOAD},
};

static const char *const encoded[] = {
    "500102000003040506" "0708090a",
    "4500000000",
    "5501020304" "01",
    "44ffffffff",
    "4600010000" "6672616d65",
    "4600010009" "00",
    "4300070000" "0102",
    "5600070001",
    "5200000000",
};

static size_t put(const struct ol_link_msg *m)
{
    struct ol_wr w = ol_wr_to(buf, sizeof buf);

    ol_link_write(m, &w);
    assert_false(w.full);
    return w.len;
}

static void check_same(const struct ol_link_msg *a, const struct ol_link_msg *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->path, b->path);
    assert_int_equal(a->conn, b->conn);
    assert_int_equal(a->window, b->window);
    assert_int_equal(a->mtu, b->mtu);
    assert_int_equal(a->rate, b->rate);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->open, b->open);
    assert_true(ol_span_equal(a->frame, b->frame));
}

static void test_every_type_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(messages); i++) {
        struct ol_link_msg got;
        size_t len = put(&messages[i]);

        CHECK_HEX(encoded[i], ol_span(buf, len));
        CHECK_ERR(OL_OK, ol_link_read(ol_span(buf, len), &got));
        check_same(&messages[i], &got);
    }
}

static void test_every_prefix_is_refused(void **state)
{
    static const struct ol_link_msg none;

    (void)state;
    for (size_t i = 0; i < COUNT(messages); i++) {
        size_t len = put(&messages[i]);

        for (size_t cut = 0; cut < len; cut++) {
            bool frame = messages[i].type == OL_LINK_FRAME && cut > OL_LINK_HEAD;
            struct ol_link_msg got;

            CHECK_ERR(frame ? OL_OK : OL_MALFORMED, ol_link_read(ol_span(buf, cut), &got));
            if (!frame)
                check_same(&none, &got);
            else
                assert_int_equal(got.frame.len, cut - OL_LINK_HEAD);
        }
    }
}

static void test_one_byte_too_many_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(messages); i++) {
        struct ol_link_msg got;
        size_t len = put(&messages[i]);

        if (messages[i].type == OL_LINK_FRAME)
            continue; /* takes any length; its limit has a test of its own */
        buf[len] = 0;
        CHECK_ERR(OL_MALFORMED, ol_link_read(ol_span(buf, len + 1), &got));
    }
}

static void test_flipped_bit_is_refused_or_reads_as_what_it_then_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(messages); i++) {
        size_t len = put(&messages[i]);

        for (size_t bit = 0; bit < 8 * len; bit++) {
            struct ol_link_msg got;
            uint8_t flipped[64];
            uint8_t again[64];
            struct ol_wr w = ol_wr_to(again, sizeof again);

            memcpy(flipped, buf, len);
            flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (ol_link_read(ol_span(flipped, len), &got) != OL_OK)
                continue;
            ol_link_write(&got, &w);
            assert_int_equal(w.len, len);
            assert_memory_equal(again, flipped, len);
        }
    }
}

static void test_every_other_type_is_refused(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        uint8_t head[OL_LINK_HEAD] = {(uint8_t)type};
        bool known = type == OL_LINK_END || type == OL_LINK_RELOAD;
        struct ol_link_msg got;

        CHECK_ERR(known ? OL_OK : OL_MALFORMED, ol_link_read(SPAN(head), &got));
    }
}

static void test_numbers_where_there_are_none_are_refused(void **state)
{
    static const char *const bad[] = {
        "500001" "0001" "0010" "1000" "00000000",
        "4500010000", "4500000001", "5200010000", "5200000001",
        "5500010000", "4400010000", "5600010000",
        "430001" "0001" "0001",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct ol_link_msg got;

        CHECK_ERR(OL_MALFORMED, ol_link_read(ol_span(buf, unhex(bad[i], buf, sizeof buf)), &got));
    }
}

static void test_frame_is_from_one_byte_to_the_longest(void **state)
{
    static uint8_t frame[OL_FRAME_MAX + 1];
    struct ol_link_msg m = {.type = OL_LINK_FRAME, .path = 1, .frame = ol_span(frame, OL_FRAME_MAX)};
    struct ol_link_msg got;

    (void)state;
    assert_int_equal(put(&m), OL_LINK_MAX);
    CHECK_ERR(OL_OK, ol_link_read(ol_span(buf, OL_LINK_MAX), &got));
    assert_int_equal(got.frame.len, OL_FRAME_MAX);
    m.frame.len++;
    CHECK_ERR(OL_MALFORMED, ol_link_read(ol_span(buf, put(&m)), &got));
    m.frame.len = 0;
    CHECK_ERR(OL_MALFORMED, ol_link_read(ol_span(buf, put(&m)), &got));
}

static void test_message_that_does_not_fit_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(messages); i++) {
        for (size_t cap = 0, len = put(&messages[i]); cap < len; cap++) {
            struct ol_wr w = ol_wr_to(buf, cap);

            ol_link_write(&messages[i], &w);
            assert_true(w.full);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_comes_back),
        cmocka_unit_test(test_every_prefix_is_refused),
        cmocka_unit_test(test_one_byte_too_many_is_refused),
        cmocka_unit_test(test_flipped_bit_is_refused_or_reads_as_what_it_then_says),
        cmocka_unit_test(test_every_other_type_is_refused),
        cmocka_unit_test(test_numbers_where_there_are_none_are_refused),
        cmocka_unit_test(test_frame_is_from_one_byte_to_the_longest),
        cmocka_unit_test(test_message_that_does_not_fit_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
