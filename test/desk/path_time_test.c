/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "desk/path_time.h"

static const struct ol_path_time nothing;
static const struct ol_path_time some = {.path = 3, .carrier = "tcp", .from = 1795337905, .up_s = 86000, .down_s = 400,
                                         .rtt_ms = 12};

static struct ol_span text(const char *s)
{
    return ol_span(s, strlen(s));
}

static void test_a_measurement_comes_back_as_written(void **state)
{
    struct ol_path_time most = {.path = OL_PATHS - 1, .carrier = "a-carrier-of-18-ch", .from = UINT32_MAX,
                                .up_s = UINT32_MAX, .down_s = UINT32_MAX, .rtt_ms = OL_PATH_RTT_MAX_MS};
    const struct ol_path_time *const each[] = {&some, &most};
    uint8_t buf[OL_PATH_NOTE_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(each); i++) {
        struct ol_wr w = ol_wr_to(buf, sizeof buf);
        struct ol_path_time is;

        ol_path_note_write(each[i], &w);
        assert_false(w.full);
        CHECK_ERR(OL_OK, ol_path_note_read(ol_wr_span(&w), &is));
        assert_memory_equal(each[i], &is, sizeof is);
    }
}

static void test_what_is_not_such_a_note_is_refused(void **state)
{
    static const char *const wrong[] = {
        "", " ", "tcp", "tcp 3 1795337905 86000 400", "tcp 3 1795337905 86000 400 ", "tcp 16 1 2 3 4",
        "tcp 3 1 2 3 4 5", "TCP 3 1 2 3 4", " 3 1 2 3 4", "tcp 03 1 2 3 4", "tcp 3 1 2 3 x", "tcp 3 1 2 3 4294967296",
        "tcp 3 1 2 3 86400001",
        "tcp  3 1 2 3 4", "tcp 3 1 2 3 4 ", "a-carrier-of-19-chr 3 1 2 3 4",
    };
    struct ol_path_time t;

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CHECK_ERR(OL_MALFORMED, ol_path_note_read(text(wrong[i]), &t));
        assert_memory_equal(&nothing, &t, sizeof t);
    }
    CHECK_ERR(OL_OK, ol_path_note_read(text("tcp 3 1 2 3 86400000"), &t));
}

static void test_every_prefix_and_flipped_bit_is_refused_or_says_something_else(void **state)
{
    char words[] = "tcp 3 1795337905 86000 400 12";
    struct ol_path_time is;

    (void)state;
    CHECK_ERR(OL_OK, ol_path_note_read(text(words), &is));
    assert_memory_equal(&some, &is, sizeof is);
    for (size_t len = 0; len < sizeof words - 1; len++) {
        if (ol_path_note_read(ol_span(words, len), &is) == OL_OK)
            assert_memory_not_equal(&some, &is, sizeof is);
    }
    for (size_t bit = 0; bit < 8 * (sizeof words - 1); bit++) {
        words[bit / 8] ^= (char)(1 << bit % 8);
        if (ol_path_note_read(text(words), &is) == OL_OK)
            assert_memory_not_equal(&some, &is, sizeof is);
        words[bit / 8] ^= (char)(1 << bit % 8);
    }
}

static void test_days_add_up_by_path_and_carrier_and_round_trips_by_how_long_they_were(void **state)
{
    struct ol_path_times sum = {0};
    struct ol_path_time more = some;

    (void)state;
    ol_path_times_add(&sum, &more);
    more.up_s = 43000;
    more.down_s = UINT32_MAX;
    more.rtt_ms = 30;
    ol_path_times_add(&sum, &more);
    assert_int_equal(sum.n, 1);
    assert_int_equal(sum.path[0].up_s, 129000);
    assert_int_equal(sum.path[0].down_s, UINT32_MAX);
    assert_int_equal(sum.path[0].rtt_ms, 18);
    more.rtt_ms = 0; /* not measured: no reason to call it faster */
    ol_path_times_add(&sum, &more);
    assert_int_equal(sum.path[0].rtt_ms, 18);
    memcpy(more.carrier, "udp", 4);
    ol_path_times_add(&sum, &more);
    assert_int_equal(sum.n, 2);
    for (unsigned i = 0; i < 2 * OL_PATHS; i++) {
        more.path = (uint8_t)(i % OL_PATHS);
        ol_path_times_add(&sum, &more);
    }
    assert_int_equal(sum.n, OL_PATHS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_measurement_comes_back_as_written),
        cmocka_unit_test(test_what_is_not_such_a_note_is_refused),
        cmocka_unit_test(test_every_prefix_and_flipped_bit_is_refused_or_says_something_else),
        cmocka_unit_test(test_days_add_up_by_path_and_carrier_and_round_trips_by_how_long_they_were),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
