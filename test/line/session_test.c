/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "line/session.h"

static struct ol_session a;
static struct ol_session b;

static int setup(void **state)
{
    struct ol_dir_key one;
    struct ol_dir_key other;

    (void)state;
    memset(&one, 1, sizeof one);
    memset(&other, 2, sizeof other);
    ol_session_start(&a, 2, true, &one, &other, 0);
    ol_session_start(&b, 2, false, &other, &one, 0);
    return 0;
}

struct frame {
    uint8_t bytes[64];
    size_t len;
};

static struct frame seal(struct ol_session *s, uint8_t path)
{
    struct frame f = {.len = 5 + OL_FRAME_OVERHEAD};

    ol_session_seal(s, path, ol_span("items", 5), f.bytes);
    return f;
}

static enum ol_err open_it(struct ol_session *s, const struct frame *f)
{
    uint8_t items[64];
    struct ol_outer o;
    enum ol_err err = ol_outer_read(ol_span(f->bytes, f->len), &o);

    if (!err)
        err = ol_session_open(s, &o, ol_span(f->bytes, f->len), items, 0);
    if (!err)
        assert_memory_equal(items, "items", 5);
    return err;
}

static void test_a_frame_opens_once_and_on_its_own_path_only(void **state)
{
    struct frame f = seal(&a, 3);
    struct frame other = f;

    (void)state;
    other.bytes[1] = (uint8_t)(other.bytes[1] ^ 1);
    CHECK_ERR(OL_FORGED, open_it(&b, &other));
    CHECK_ERR(OL_OK, open_it(&b, &f));
    CHECK_ERR(OL_REPLAYED, open_it(&b, &f));
    assert_true(b.proved);
}

static void test_every_flipped_bit_of_a_frame_is_refused_and_changes_nothing(void **state)
{
    struct frame f = seal(&a, 0);
    struct ol_session before = b;

    (void)state;
    for (size_t bit = 0; bit < 8 * f.len; bit++) {
        struct frame bad = f;
        struct ol_outer o;

        bad.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (ol_outer_read(ol_span(bad.bytes, bad.len), &o) == OL_OK && o.type == OL_FRAME && o.session == b.id)
            CHECK_ERR(OL_FORGED, open_it(&b, &bad));
    }
    assert_int_equal(b.path[0].rx_next, before.path[0].rx_next);
    assert_false(b.proved);
    CHECK_ERR(OL_OK, open_it(&b, &f));
}

/* Numbered cases of the replay window, first to last. */
static void test_the_replay_window_takes_each_counter_once_within_its_width(void **state)
{
    static struct frame f[3 * OL_WINDOW];
    const unsigned usable = OL_WINDOW - 64;

    (void)state;
    for (unsigned i = 0; i < 3 * OL_WINDOW; i++) {
        f[i] = seal(&a, 0);
        (void)ol_session_confirm(&a, 0, i);
    }
    CHECK_ERR(OL_OK, open_it(&b, &f[0]));                        /*  1 the first */
    CHECK_ERR(OL_REPLAYED, open_it(&b, &f[0]));                  /*  2 again */
    CHECK_ERR(OL_OK, open_it(&b, &f[2]));                        /*  3 ahead */
    CHECK_ERR(OL_OK, open_it(&b, &f[1]));                        /*  4 behind, new */
    CHECK_ERR(OL_REPLAYED, open_it(&b, &f[1]));                  /*  5 behind, again */
    CHECK_ERR(OL_OK, open_it(&b, &f[usable]));                   /*  6 far ahead */
    CHECK_ERR(OL_REPLAYED, open_it(&b, &f[0]));                  /*  7 what fell out of the window */
    CHECK_ERR(OL_OK, open_it(&b, &f[usable - 1]));               /*  8 just below */
    CHECK_ERR(OL_OK, open_it(&b, &f[3]));                        /*  9 at the far end, new */
    CHECK_ERR(OL_OK, open_it(&b, &f[2 * OL_WINDOW + 5]));        /* 10 further than a window */
    CHECK_ERR(OL_REPLAYED, open_it(&b, &f[usable]));             /* 11 seen, and out of the window */
    CHECK_ERR(OL_REPLAYED, open_it(&b, &f[100]));                /* 12 never seen, and out of the window */
    CHECK_ERR(OL_OK, open_it(&b, &f[2 * OL_WINDOW + 5 - usable + 1])); /* 13 the oldest that is in */
    CHECK_ERR(OL_REPLAYED, open_it(&b, &f[2 * OL_WINDOW + 5 - usable]));
    for (unsigned i = 2 * OL_WINDOW + 6; i < 3 * OL_WINDOW; i++) {
        CHECK_ERR(OL_OK, open_it(&b, &f[i]));                    /* 14 in order to the end */
        CHECK_ERR(OL_REPLAYED, open_it(&b, &f[i]));
    }
}

static void test_counters_go_on_past_the_16_bits_that_are_sent(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        struct frame f = seal(&a, 0);

        CHECK_ERR(OL_OK, open_it(&b, &f));
        assert_true(ol_session_confirm(&a, 0, i));
    }
    assert_int_equal(b.path[0].rx_next, 200000);
}

static void test_a_sender_stays_within_its_distance_of_what_was_confirmed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < OL_AHEAD; i++) {
        assert_true(ol_session_may_send(&a, 0));
        (void)seal(&a, 0);
    }
    assert_false(ol_session_may_send(&a, 0));
    assert_true(ol_session_may_send(&a, 1));
    assert_false(ol_session_confirm(&a, 0, OL_AHEAD)); /* never sent */
    assert_true(ol_session_confirm(&a, 0, 0));
    assert_true(ol_session_may_send(&a, 0));
}

static void test_the_ratchet_waits_for_proof_and_old_frames_still_open_for_one_phase(void **state)
{
    struct frame first = seal(&a, 0);
    struct frame second = seal(&a, 0);
    struct frame third;
    struct frame fourth;

    (void)state;
    assert_false(ol_session_ratchet(&a)); /* nothing of this phase is confirmed */
    CHECK_ERR(OL_OK, open_it(&b, &first));
    assert_true(ol_session_confirm(&a, 0, 0));
    assert_true(ol_session_ratchet(&a));
    assert_false(ol_session_ratchet(&a)); /* at most one ahead */
    third = seal(&a, 0);
    CHECK_ERR(OL_OK, open_it(&b, &third));
    CHECK_ERR(OL_OK, open_it(&b, &second)); /* sealed before, late */
    assert_true(ol_session_confirm(&a, 0, 2));
    assert_true(ol_session_ratchet(&a));
    fourth = seal(&a, 0);
    CHECK_ERR(OL_OK, open_it(&b, &fourth));
    assert_int_equal(b.rx_phase, 2);
}

static void test_a_frame_of_a_retired_phase_is_refused(void **state)
{
    struct frame late = seal(&a, 0);
    struct frame f = seal(&a, 0);

    (void)state;
    for (unsigned phase = 0; phase < 2; phase++) {
        CHECK_ERR(OL_OK, open_it(&b, &f));
        assert_true(ol_session_confirm(&a, 0, (uint32_t)(a.path[0].tx_counter - 1)));
        assert_true(ol_session_ratchet(&a));
        f = seal(&a, 0);
    }
    CHECK_ERR(OL_OK, open_it(&b, &f));
    CHECK_ERR(OL_FORGED, open_it(&b, &late));
}

static void test_a_confirmation_is_of_the_last_frame_with_these_32_bits(void **state)
{
    struct ol_session_path *path = &a.path[0];

    (void)state;
    path->tx_counter = (UINT64_C(5) << 32) + 10;
    assert_true(ol_session_confirm(&a, 0, 9));
    assert_true(path->tx_confirmed == path->tx_counter);
    path->tx_confirmed = 0;
    assert_true(ol_session_confirm(&a, 0, UINT32_MAX));
    assert_true(path->tx_confirmed == UINT64_C(5) << 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, setup)
        T(test_a_frame_opens_once_and_on_its_own_path_only),
        T(test_every_flipped_bit_of_a_frame_is_refused_and_changes_nothing),
        T(test_the_replay_window_takes_each_counter_once_within_its_width),
        T(test_counters_go_on_past_the_16_bits_that_are_sent),
        T(test_a_confirmation_is_of_the_last_frame_with_these_32_bits),
        T(test_a_sender_stays_within_its_distance_of_what_was_confirmed),
        T(test_the_ratchet_waits_for_proof_and_old_frames_still_open_for_one_phase),
        T(test_a_frame_of_a_retired_phase_is_refused),
    };

    if (ol_crypto_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
