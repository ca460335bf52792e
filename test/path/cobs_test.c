/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "path/cobs.h"

#define LEN_MAX 600u
#define CAP (LEN_MAX + 8u)

static uint8_t frame[LEN_MAX];
static uint8_t coded[2 * OL_COBS_MAX(LEN_MAX)];
static uint8_t decoded[CAP];

static size_t encode(size_t len)
{
    struct ol_wr w = ol_wr_to(coded, sizeof coded);

    ol_cobs_write(ol_span(frame, len), &w);
    assert_false(w.full);
    assert_true(w.len <= OL_COBS_MAX(len));
    return w.len;
}

/* The decoder as one would write it first: a whole block at once, a byte at a time. -1: malformed. */
static int naive(const uint8_t *in, size_t len, uint8_t *out, size_t cap)
{
    size_t n = 0;

    for (size_t at = 0; at < len;) {
        unsigned code = in[at++];

        for (unsigned i = 1; i < code; i++) {
            if (at == len || n == cap)
                return -1;
            out[n++] = in[at++];
        }
        if (code < 255 && at < len) {
            if (n == cap)
                return -1;
            out[n++] = 0;
        }
    }
    return (int)n;
}

static void check_round_trip(size_t len)
{
    uint8_t plain[LEN_MAX];
    size_t n = encode(len);
    struct ol_span in = ol_span(coded, n);
    struct ol_span got;
    struct ol_cobs c;

    assert_null(memchr(coded, 0, n - 1));
    assert_int_equal(coded[n - 1], 0);
    assert_int_equal(naive(coded, n - 1, plain, sizeof plain), (int)len);
    assert_memory_equal(plain, frame, len);
    ol_cobs_init(&c, decoded, sizeof decoded);
    assert_true(ol_cobs_next(&c, &in, &got));
    assert_int_equal(in.len, 0);
    assert_true(ol_span_equal(got, ol_span(frame, len)));
    assert_false(ol_cobs_next(&c, &in, &got));
    assert_int_equal(c.dropped, 0);
}

static void test_every_length_comes_back(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (size_t len = 0; len <= LEN_MAX; len++) {
        memset(frame, 0, len);
        check_round_trip(len);
        memset(frame, 0xff, len);
        check_round_trip(len);
        rnd_fill(&seed, frame, len);
        check_round_trip(len);
        for (size_t i = 0; i < len; i++)
            frame[i] = (uint8_t)(rnd(&seed) % 4);
        check_round_trip(len);
    }
}

static void test_zero_anywhere_about_a_block_boundary_comes_back(void **state)
{
    (void)state;
    for (size_t len = 250; len <= 260; len++) {
        for (size_t at = 0; at < len; at++) {
            memset(frame, 1, len);
            frame[at] = 0;
            check_round_trip(len);
        }
    }
    for (size_t at = 250; at < 512; at++) {
        memset(frame, 1, 512);
        frame[253] = 0;
        frame[at] = 0;
        check_round_trip(512);
    }
}

static void test_encoding_is_the_known_one(void **state)
{
    static const struct {
        const char *plain;
        const char *coded;
    } cases[] = {
        {"", "0100"},
        {"00", "010100"},
        {"0000", "01010100"},
        {"11", "021100"},
        {"1100", "02110100"},
        {"0011", "01021100"},
        {"11220033", "031122023300"},
        {"11000000", "021101010100"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = unhex(cases[i].plain, frame, sizeof frame);

        CHECK_HEX(cases[i].coded, ol_span(coded, encode(len)));
    }
}

static void test_full_block_takes_no_more_than_its_code(void **state)
{
    (void)state;
    memset(frame, 7, sizeof frame);
    assert_int_equal(encode(253), 255);
    assert_int_equal(encode(254), 256);
    assert_int_equal(encode(255), 258);
    assert_int_equal(encode(508), 511);
}

static void test_frame_that_does_not_fit_is_not_written_in_part(void **state)
{
    uint64_t seed = 2;

    (void)state;
    for (size_t len = 0; len < 300; len += 13) {
        rnd_fill(&seed, frame, len);
        for (size_t cap = 0, need = encode(len); cap < need; cap++) {
            uint8_t small[512];
            struct ol_wr w = ol_wr_to(small, cap);

            ol_cobs_write(ol_span(frame, len), &w);
            assert_true(w.full);
            assert_int_equal(w.len, 0);
        }
    }
}

/* Feeds it in pieces of `step` bytes; counts the frames, which must all be the one in `frame`. */
static size_t feed(struct ol_cobs *c, const uint8_t *p, size_t len, size_t step, size_t frame_len)
{
    size_t frames = 0;

    for (size_t at = 0; at < len; at += step) {
        struct ol_span in = ol_span(p + at, len - at < step ? len - at : step);
        struct ol_span got;

        while (ol_cobs_next(c, &in, &got)) {
            assert_true(ol_span_equal(got, ol_span(frame, frame_len)));
            frames++;
        }
        assert_int_equal(in.len, 0);
    }
    return frames;
}

static void test_stream_may_come_in_any_pieces(void **state)
{
    uint64_t seed = 3;
    size_t len = 520;
    size_t n;

    (void)state;
    rnd_fill(&seed, frame, len);
    memset(frame + 10, 9, 300);
    n = encode(len);
    memcpy(coded + n, coded, n);
    for (size_t step = 1; step <= 2 * n; step += step < 40 ? 1 : 37) {
        struct ol_cobs c;

        ol_cobs_init(&c, decoded, sizeof decoded);
        assert_int_equal(feed(&c, coded, 2 * n, step, len), 2);
        assert_int_equal(c.dropped, 0);
    }
}

static void test_zeros_with_nothing_between_are_no_frame(void **state)
{
    static const uint8_t zeros[50];
    struct ol_span in = SPAN(zeros);
    struct ol_span got;
    struct ol_cobs c;

    (void)state;
    ol_cobs_init(&c, decoded, sizeof decoded);
    assert_false(ol_cobs_next(&c, &in, &got));
    assert_int_equal(in.len, 0);
    assert_int_equal(c.dropped, 0);
}

/* After any prefix and a bare 00 the next frame stands; the prefix is dropped, or decodes to less. */
static void test_bare_zero_aborts_after_every_prefix(void **state)
{
    uint64_t seed = 4;
    size_t len = 300;
    size_t n;

    (void)state;
    rnd_fill(&seed, frame, len);
    n = encode(len);
    for (size_t cut = 0; cut + 1 < n; cut++) {
        static const uint8_t zero;
        uint8_t plain[LEN_MAX];
        int want = naive(coded, cut, plain, sizeof plain);
        struct ol_span in = ol_span(coded, cut);
        struct ol_span got = {0};
        struct ol_cobs c;

        ol_cobs_init(&c, decoded, sizeof decoded);
        assert_false(ol_cobs_next(&c, &in, &got));
        in = ol_span(&zero, 1);
        assert_int_equal(ol_cobs_next(&c, &in, &got), cut > 0 && want >= 0);
        assert_int_equal(c.dropped, cut > 0 && want < 0);
        assert_true(cut == 0 || want < 0 || ol_span_equal(got, ol_span(plain, (size_t)want)));
        assert_true(want < (int)len);
        assert_int_equal(feed(&c, coded, n, n, len), 1);
    }
}

static void test_frame_longer_than_the_room_is_dropped_and_the_next_one_stands(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 300; cap += 7) {
        for (unsigned fill = 0; fill < 2; fill++) {
            uint8_t *exact = decoded + sizeof decoded - cap; /* so that one too many is seen */
            struct ol_span in;
            struct ol_span got;
            struct ol_cobs c;

            memset(frame, (int)fill, sizeof frame);
            ol_cobs_init(&c, exact, cap);
            in = ol_span(coded, encode(cap + 1));
            assert_false(ol_cobs_next(&c, &in, &got));
            assert_int_equal(c.dropped, 1);
            in = ol_span(coded, encode(LEN_MAX));
            assert_false(ol_cobs_next(&c, &in, &got));
            assert_int_equal(c.dropped, 2);
            in = ol_span(coded, encode(cap));
            assert_true(ol_cobs_next(&c, &in, &got));
            assert_int_equal(got.len, cap);
        }
    }
}

/* Random blocks: this decoder and the naive one agree on each. */
static void test_garbage_is_read_as_the_naive_decoder_reads_it(void **state)
{
    uint64_t seed = 5;
    struct ol_cobs c;

    (void)state;
    ol_cobs_init(&c, decoded, 100);
    for (unsigned round = 0; round < 50000; round++) {
        uint8_t block[200];
        uint8_t plain[100];
        size_t len = 1 + rnd(&seed) % (sizeof block - 1);
        unsigned spread = round % 3 == 0 ? 255 : round % 3 == 1 ? 3 : 20;
        uint64_t dropped = c.dropped;
        struct ol_span in = ol_span(block, len + 1 > sizeof block ? sizeof block : len + 1);
        struct ol_span got = {0};
        int want;

        for (size_t i = 0; i + 1 < in.len; i++)
            block[i] = (uint8_t)(1 + rnd(&seed) % spread);
        block[in.len - 1] = 0;
        want = naive(block, in.len - 1, plain, sizeof plain);
        assert_int_equal(ol_cobs_next(&c, &in, &got), want >= 0);
        assert_int_equal(c.dropped - dropped, want < 0);
        if (want >= 0)
            assert_true(ol_span_equal(got, ol_span(plain, (size_t)want)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_length_comes_back),
        cmocka_unit_test(test_zero_anywhere_about_a_block_boundary_comes_back),
        cmocka_unit_test(test_encoding_is_the_known_one),
        cmocka_unit_test(test_full_block_takes_no_more_than_its_code),
        cmocka_unit_test(test_frame_that_does_not_fit_is_not_written_in_part),
        cmocka_unit_test(test_stream_may_come_in_any_pieces),
        cmocka_unit_test(test_zeros_with_nothing_between_are_no_frame),
        cmocka_unit_test(test_bare_zero_aborts_after_every_prefix),
        cmocka_unit_test(test_frame_longer_than_the_room_is_dropped_and_the_next_one_stands),
        cmocka_unit_test(test_garbage_is_read_as_the_naive_decoder_reads_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
