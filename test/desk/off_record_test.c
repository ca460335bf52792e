/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/off_record.h"

#include "support.h"

static const char bare[] = "0102030462686f"; /* number 16909060, the text "ho" */

static enum ol_err read_hex(const char *hex, struct ol_off_record *o)
{
    static uint8_t some[64];

    return ol_off_record_read(ol_span(some, unhex(hex, some, sizeof some)), o);
}

static void test_a_message_comes_back_as_written(void **state)
{
    struct ol_off_record o;
    struct ol_message m;
    uint8_t again[32];
    struct ol_wr w = ol_wr_to(again, sizeof again);

    (void)state;
    CHECK_ERR(OL_OK, read_hex(bare, &o));
    assert_int_equal(0x01020304, o.number);
    CHECK_ERR(OL_OK, ol_message_read(o.body, &m));
    assert_memory_equal("ho", m.text.p, 2);
    ol_off_record_write(&o, &w);
    CHECK_HEX(bare, ol_wr_span(&w));
}

static void test_every_prefix_and_one_byte_too_many_is_malformed_and_a_flipped_bit_is_seen(void **state)
{
    static const char map[] = "00000001a20162686f03627275"; /* with a language */
    uint8_t bytes[32];
    size_t len = unhex(map, bytes, sizeof bytes);
    struct ol_off_record o;

    (void)state;
    CHECK_ERR(OL_OK, ol_off_record_read(ol_span(bytes, len), &o));
    for (size_t n = 0; n < len; n++) {
        CHECK_ERR(OL_MALFORMED, ol_off_record_read(ol_span(bytes, n), &o));
        assert_true(o.number == 0 && o.body.len == 0);
    }
    bytes[len] = 0;
    CHECK_ERR(OL_MALFORMED, ol_off_record_read(ol_span(bytes, len + 1), &o));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (ol_off_record_read(ol_span(bytes, len), &o) == OL_OK) {
            uint8_t again[32];
            struct ol_wr w = ol_wr_to(again, sizeof again);

            ol_off_record_write(&o, &w);
            assert_true(ol_span_equal(ol_span(bytes, len), ol_wr_span(&w)));
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_one_without_a_number_or_about_an_entry_is_malformed(void **state)
{
    static const char *const bad[] = {
        "0000000062686f",               /* number 0 */
        "00000001a20162686f0605",       /* re B2 */
        "00000001a20162686f0705",       /* corrects 5 */
        "00000001a20162686f0805",       /* cancels 5 */
        "0000000160", "0000000180",     /* no text, no message */
    };
    struct ol_off_record o;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_ERR(OL_MALFORMED, read_hex(bad[i], &o));
}

static void test_of_copies_the_first_is_new_and_the_last_64_numbers_are_remembered(void **state)
{
    struct ol_off_record_seen seen = {0};

    (void)state;
    for (uint32_t n = 1; n <= OL_OFF_RECORD_SEEN; n++) {
        assert_true(ol_off_record_is_new(&seen, n));
        assert_false(ol_off_record_is_new(&seen, n));
    }
    assert_false(ol_off_record_is_new(&seen, 1));
    assert_true(ol_off_record_is_new(&seen, UINT32_MAX));
    assert_true(ol_off_record_is_new(&seen, 1));
    assert_false(ol_off_record_is_new(&seen, UINT32_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_comes_back_as_written),
        cmocka_unit_test(test_every_prefix_and_one_byte_too_many_is_malformed_and_a_flipped_bit_is_seen),
        cmocka_unit_test(test_one_without_a_number_or_about_an_entry_is_malformed),
        cmocka_unit_test(test_of_copies_the_first_is_new_and_the_last_64_numbers_are_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
