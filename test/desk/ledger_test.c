/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/ledger.h"

#include <string.h>

#include "desk/kind.h"
#include "support.h"

static uint8_t bytes[256];

static struct ol_span succeeds_body(void)
{
    struct ol_succeeds s = {.head = {{.seq = 7}, {.seq = UINT32_MAX}}};
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    memset(s.line.b, 0x11, sizeof s.line.b);
    memset(s.head[0].hash.b, 0x22, sizeof s.head[0].hash.b);
    memset(s.head[1].hash.b, 0x33, sizeof s.head[1].hash.b);
    ol_succeeds_write(&s, &w);
    assert_false(w.full);
    return ol_wr_span(&w);
}

static struct ol_span unfreeze_body(uint32_t resume, const char *reason)
{
    struct ol_unfreeze u = {.resume = resume, .reason = ol_span(reason, strlen(reason))};
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    ol_unfreeze_write(&u, &w);
    assert_false(w.full);
    return ol_wr_span(&w);
}

static void test_close_is_the_empty_array_and_nothing_else(void **state)
{
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    (void)state;
    ol_close_write(&w);
    assert_int_equal(1, w.len);
    assert_int_equal(0x80, bytes[0]);
    assert_true(ol_body_readable(OL_KIND_CLOSE, ol_wr_span(&w)));
    for (unsigned b = 0; b < 256; b++) {
        bytes[0] = (uint8_t)b;
        assert_int_equal(b == 0x80 ? OL_OK : OL_MALFORMED, ol_close_read(ol_span(bytes, 1)));
    }
    assert_int_equal(OL_MALFORMED, ol_close_read(ol_span(bytes, 0)));
    assert_int_equal(OL_MALFORMED, ol_close_read(ol_span("\x80\x80", 2)));
}

static void test_succeeds_comes_back_as_written(void **state)
{
    struct ol_succeeds s;
    struct ol_span body = succeeds_body();

    (void)state;
    assert_true(ol_body_readable(OL_KIND_SUCCEEDS, body));
    assert_int_equal(OL_OK, ol_succeeds_read(body, &s));
    assert_int_equal(0x11, s.line.b[31]);
    assert_int_equal(7, s.head[0].seq);
    assert_int_equal(0x22, s.head[0].hash.b[0]);
    assert_int_equal(UINT32_MAX, s.head[1].seq);
    assert_int_equal(0x33, s.head[1].hash.b[31]);
}

static void test_succeeds_of_another_size_or_a_hash_without_an_entry_is_refused(void **state)
{
    static const struct ol_succeeds zero;
    struct ol_succeeds s;
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    struct ol_span body = succeeds_body();

    (void)state;
    for (size_t n = 0; n < body.len; n++) {
        assert_int_equal(OL_MALFORMED, ol_succeeds_read(ol_span(body.p, n), &s));
        assert_memory_equal(&zero, &s, sizeof s);
    }
    assert_int_equal(OL_MALFORMED, ol_succeeds_read(ol_span(body.p, body.len + 1), &s));
    ol_succeeds_write(&zero, &w);
    assert_int_equal(OL_OK, ol_succeeds_read(ol_wr_span(&w), &s));
    bytes[w.len - 1] = 1; /* the hash of B's entry 0 */
    assert_int_equal(OL_MALFORMED, ol_succeeds_read(ol_wr_span(&w), &s));
}

/* A changed bit is refused, or says something else: never the same. */
static void test_every_flipped_bit_of_succeeds_is_seen(void **state)
{
    struct ol_succeeds was;
    struct ol_succeeds is;
    struct ol_span body = succeeds_body();

    (void)state;
    assert_int_equal(OL_OK, ol_succeeds_read(body, &was));
    for (size_t bit = 0; bit < 8 * body.len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (ol_succeeds_read(body, &is) == OL_OK)
            assert_memory_not_equal(&was, &is, sizeof is);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_unfreeze_comes_back_and_needs_a_reason(void **state)
{
    struct ol_unfreeze u;
    struct ol_span body = unfreeze_body(16777299, "They explained it.");

    (void)state;
    assert_true(ol_body_readable(OL_KIND_UNFREEZE, body));
    assert_int_equal(OL_OK, ol_unfreeze_read(body, &u));
    assert_int_equal(16777299, u.resume);
    assert_true(ol_span_equal(ol_span("They explained it.", 18), u.reason));
    for (size_t n = 0; n < body.len; n++)
        assert_int_equal(OL_MALFORMED, ol_unfreeze_read(ol_span(body.p, n), &u));
    assert_int_equal(OL_MALFORMED, ol_unfreeze_read(ol_span(body.p, body.len + 1), &u));
    for (size_t bit = 0; bit < 8 * body.len; bit++) {
        struct ol_unfreeze other;

        assert_int_equal(OL_OK, ol_unfreeze_read(body, &u));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (ol_unfreeze_read(body, &other) == OL_OK)
            assert_true(other.resume != 16777299 || other.reason.len != 18 ||
                        memcmp(other.reason.p, "They explained it.", 18) != 0);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(OL_MALFORMED, ol_unfreeze_read(unfreeze_body(0, ""), &u));
    assert_int_equal(OL_OK, ol_unfreeze_read(unfreeze_body(0, "x"), &u));
    assert_int_equal(OL_MALFORMED, ol_unfreeze_read(ol_span("\x82\x1b\0\0\0\1\0\0\0\0\x61x", 12), &u));
}

static void test_a_receipt_tells_which_numbers_were_not_read(void **state)
{
    static const uint8_t body[] = {0x83, 0x01, 0x18, 0x20, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x00};
    uint32_t unread[3];
    size_t n;

    (void)state;
    assert_int_equal(OL_OK, ol_receipt_read(ol_span(body, 9), unread, 3, &n));
    assert_int_equal(3, n);
    assert_int_equal(1, unread[0]);
    assert_int_equal(32, unread[1]);
    assert_int_equal(UINT32_MAX, unread[2]);
    assert_int_equal(OL_LIMIT, ol_receipt_read(ol_span(body, 9), unread, 2, &n));
    for (size_t len = 0; len < 9; len++)
        assert_int_equal(OL_MALFORMED, ol_receipt_read(ol_span(body, len), unread, 3, &n));
    assert_int_equal(OL_MALFORMED, ol_receipt_read(ol_span(body, 10), unread, 3, &n));
    assert_int_equal(0, n);
    assert_int_equal(OL_MALFORMED, ol_receipt_read(ol_span("\x81\x1b\0\0\0\1\0\0\0\0", 10), unread, 3, &n));
}

static void test_a_resume_comes_back_as_the_record_writes_it(void **state)
{
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    struct ol_span body;
    struct ol_span reason;
    uint32_t from;
    uint32_t to;

    (void)state;
    ol_resume_body(12, 16777300, ol_span("restored", 8), &w);
    body = ol_wr_span(&w);
    assert_true(ol_body_readable(OL_KIND_RESUME, body));
    assert_int_equal(OL_OK, ol_resume_read(body, &from, &to, &reason));
    assert_int_equal(12, from);
    assert_int_equal(16777300, to);
    assert_true(ol_span_equal(ol_span("restored", 8), reason));
    for (size_t len = 0; len < body.len; len++)
        assert_int_equal(OL_MALFORMED, ol_resume_read(ol_span(body.p, len), &from, &to, &reason));
    assert_int_equal(OL_MALFORMED, ol_resume_read(ol_span(body.p, body.len + 1), &from, &to, &reason));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_is_the_empty_array_and_nothing_else),
        cmocka_unit_test(test_succeeds_comes_back_as_written),
        cmocka_unit_test(test_succeeds_of_another_size_or_a_hash_without_an_entry_is_refused),
        cmocka_unit_test(test_every_flipped_bit_of_succeeds_is_seen),
        cmocka_unit_test(test_unfreeze_comes_back_and_needs_a_reason),
        cmocka_unit_test(test_a_receipt_tells_which_numbers_were_not_read),
        cmocka_unit_test(test_a_resume_comes_back_as_the_record_writes_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
