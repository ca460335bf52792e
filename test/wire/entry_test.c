/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "wire/entry.h"
#include "base/limits.h"

static uint8_t buf[OL_ENTRY_MAX + 32];
static uint8_t big[OL_BODY_MAX + 1];

static struct ol_entry some_entry(uint8_t presence)
{
    struct ol_entry e = {
        .kind = OL_KIND_MESSAGE,
        .flags = (uint8_t)(OL_IMMEDIATE << 6 | OL_FLAG_ALONE | presence),
        .seq = 0x01020304,
        .xseq = 0x05060708,
        .time = 0x090a0b0c,
        .body = ol_span("body", 4),
    };

    if (presence & OL_WIRE_PREV)
        memset(e.prev.b, 0xa1, sizeof e.prev.b);
    if (presence & OL_WIRE_XHASH)
        memset(e.xhash.b, 0xa2, sizeof e.xhash.b);
    if (presence & OL_WIRE_SEAL)
        memset(e.seal.b, 0xa3, sizeof e.seal.b);
    return e;
}

static void check_same(const struct ol_entry *a, const struct ol_entry *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->xseq, b->xseq);
    assert_int_equal(a->time, b->time);
    assert_true(ol_span_equal(a->body, b->body));
    assert_memory_equal(&a->prev, &b->prev, sizeof a->prev);
    assert_memory_equal(&a->xhash, &b->xhash, sizeof a->xhash);
    assert_memory_equal(&a->seal, &b->seal, sizeof a->seal);
}

static size_t put(const struct ol_entry *e)
{
    struct ol_wr w = ol_wr_to(buf, sizeof buf);

    ol_entry_write(e, &w);
    assert_false(w.full);
    assert_int_equal(ol_entry_size(e), w.len);
    return w.len;
}

static enum ol_err get(size_t len, struct ol_entry *e)
{
    struct ol_rd r = ol_rd_from(ol_span(buf, len));
    enum ol_err err = ol_entry_read(&r, e);

    return err == OL_OK ? ol_rd_end(&r) : err;
}

static void check_refused(size_t len)
{
    static const struct ol_entry zero;
    struct ol_entry got = some_entry(OL_WIRE_FULL);
    struct ol_rd r = ol_rd_from(ol_span(buf, len));

    CHECK_ERR(OL_MALFORMED, ol_entry_read(&r, &got));
    assert_true(r.bad);
    check_same(&zero, &got);
}

static void test_an_entry_is_laid_out_as_its_table_says(void **state)
{
    struct ol_entry e = some_entry(0);

    (void)state;
    CHECK_HEX("2890" "0102030405060708" "090a0b0c" "626f6479", ol_span(buf, put(&e)));
    e = some_entry(OL_WIRE_LENGTH);
    CHECK_HEX("2891" "0004" "0102030405060708" "090a0b0c" "626f6479", ol_span(buf, put(&e)));
    e = some_entry(OL_WIRE_FULL);
    assert_int_equal(14 + 4 + 32 + 32 + 64, put(&e));
    assert_int_equal(0xa1, buf[18]);
    assert_int_equal(0xa2, buf[18 + 32]);
    assert_int_equal(0xa3, buf[18 + 64]);
}

static void test_every_form_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (uint8_t presence = 0; presence < 16; presence++) {
        struct ol_entry e = some_entry(presence), got;

        CHECK_ERR(OL_OK, get(put(&e), &got));
        check_same(&e, &got);
    }
}

static void test_a_body_costs_14_bytes_at_least_and_the_overhead_at_most(void **state)
{
    struct ol_entry e = some_entry(0);

    (void)state;
    assert_int_equal(14 + 4, ol_entry_size(&e));
    e = some_entry(OL_WIRE_LENGTH | OL_WIRE_FULL);
    assert_int_equal(OL_ENTRY_OVERHEAD + 4, ol_entry_size(&e));
}

/* Who gives what was asked for goes on at the number after the last. */
static void test_the_last_number_of_all_is_refused(void **state)
{
    struct ol_entry e = some_entry(OL_WIRE_FULL);
    struct ol_entry back;

    (void)state;
    e.seq = UINT32_MAX;
    CHECK_ERR(OL_MALFORMED, get(put(&e), &back));
    e.seq = OL_SEQ_MAX;
    CHECK_ERR(OL_OK, get(put(&e), &back));
}

static void test_every_prefix_with_a_length_is_malformed(void **state)
{
    (void)state;
    for (uint8_t presence = OL_WIRE_LENGTH; presence < 16; presence += 2) {
        struct ol_entry e = some_entry(presence);
        size_t len = put(&e);

        for (size_t cut = 0; cut < len; cut++)
            check_refused(cut);
    }
}

static void test_every_prefix_without_a_length_lacks_fields_or_has_a_shorter_body(void **state)
{
    (void)state;
    for (uint8_t presence = 0; presence < 16; presence += 2) {
        struct ol_entry e = some_entry(presence), got;
        size_t len = put(&e);

        for (size_t cut = 0; cut < len - e.body.len; cut++)
            check_refused(cut);
        for (size_t cut = len - e.body.len; cut < len; cut++) {
            CHECK_ERR(OL_OK, get(cut, &got));
            assert_int_equal(e.body.len - (len - cut), got.body.len);
        }
    }
}

static void test_a_flipped_bit_is_refused_or_read_back_as_it_is(void **state)
{
    static uint8_t flipped[512];

    (void)state;
    for (uint8_t presence = 0; presence < 16; presence++) {
        struct ol_entry e = some_entry(presence), got;
        size_t len = put(&e);

        for (size_t bit = 0; bit < 8 * len; bit++) {
            struct ol_rd r = ol_rd_from(ol_span(flipped, len));

            put(&e);
            memcpy(flipped, buf, len);
            flipped[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (ol_entry_read(&r, &got) == OL_OK) {
                size_t again = put(&got);

                assert_int_equal(len - r.left, again);
                assert_memory_equal(flipped, buf, again);
            }
        }
    }
}

static void test_a_length_lets_another_entry_follow(void **state)
{
    struct ol_entry first = some_entry(OL_WIRE_LENGTH | OL_WIRE_SEAL), second = some_entry(0), got;
    struct ol_wr w = ol_wr_to(buf, sizeof buf);
    struct ol_rd r;

    (void)state;
    ol_entry_write(&first, &w);
    ol_entry_write(&second, &w);
    r = ol_rd_from(ol_wr_span(&w));
    CHECK_ERR(OL_OK, ol_entry_read(&r, &got));
    check_same(&first, &got);
    CHECK_ERR(OL_OK, ol_entry_read(&r, &got));
    check_same(&second, &got);
    CHECK_ERR(OL_OK, ol_rd_end(&r));
}

static void test_an_entry_that_does_not_fit_makes_the_writer_full(void **state)
{
    struct ol_entry e = some_entry(OL_WIRE_LENGTH | OL_WIRE_FULL);

    (void)state;
    for (size_t cap = 0; cap < ol_entry_size(&e); cap++) {
        struct ol_wr w = ol_wr_to(buf, cap);

        ol_entry_write(&e, &w);
        assert_true(w.full);
    }
}

static void test_kinds_below_32_and_seq_0_are_malformed(void **state)
{
    struct ol_entry e = some_entry(0);
    size_t len;

    (void)state;
    for (uint8_t kind = 0; kind < 32; kind++) {
        len = put(&e);
        buf[0] = kind;
        check_refused(len);
    }
    e.seq = 0;
    check_refused(put(&e));
}

static void test_the_longest_body_is_read_and_one_byte_more_is_not(void **state)
{
    (void)state;
    for (uint8_t presence = 0; presence < 16; presence++) {
        struct ol_entry e = some_entry(presence), got;
        size_t len;

        e.body = ol_span(big, OL_BODY_MAX);
        len = put(&e);
        CHECK_ERR(OL_OK, get(len, &got));
        check_same(&e, &got);
        memset(buf + len, 0, 1);
        if (presence & OL_WIRE_LENGTH)
            buf[3]++; /* the low byte of 0xf000 */
        check_refused(len + 1);
    }
}

static void test_an_empty_body_is_read(void **state)
{
    (void)state;
    for (uint8_t presence = 0; presence < 16; presence++) {
        struct ol_entry e = some_entry(presence), got;

        e.body = ol_span(NULL, 0);
        CHECK_ERR(OL_OK, get(put(&e), &got));
        check_same(&e, &got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_entry_is_laid_out_as_its_table_says),
        cmocka_unit_test(test_every_form_is_read_as_it_was_written),
        cmocka_unit_test(test_a_body_costs_14_bytes_at_least_and_the_overhead_at_most),
        cmocka_unit_test(test_the_last_number_of_all_is_refused),
        cmocka_unit_test(test_every_prefix_with_a_length_is_malformed),
        cmocka_unit_test(test_every_prefix_without_a_length_lacks_fields_or_has_a_shorter_body),
        cmocka_unit_test(test_a_flipped_bit_is_refused_or_read_back_as_it_is),
        cmocka_unit_test(test_a_length_lets_another_entry_follow),
        cmocka_unit_test(test_an_entry_that_does_not_fit_makes_the_writer_full),
        cmocka_unit_test(test_kinds_below_32_and_seq_0_are_malformed),
        cmocka_unit_test(test_the_longest_body_is_read_and_one_byte_more_is_not),
        cmocka_unit_test(test_an_empty_body_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
