/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that overtake each other, or come when what they answer is long past. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pair.h"

static struct pair *p;
static struct pair_frame held;
static size_t hold_over; /* the first frame to this side that is longer is held */
static unsigned hold_to;

static int setup(void **state)
{
    (void)state;
    p = malloc(sizeof *p);
    pair_init(p, 1, 1);
    pair_start(p, 0);
    pair_start(p, 1);
    pair_run(p, 2000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pair_free(p);
    free(p);
    return 0;
}

static bool hold_one(struct pair *q, const struct pair_frame *f)
{
    (void)q;
    if (held.len > 0 || f->to != hold_to || f->len <= hold_over)
        return true;
    held = *f;
    return false;
}

static bool lose_all(struct pair *q, const struct pair_frame *f)
{
    (void)q;
    (void)f;
    return false;
}

static void hold(unsigned to, size_t longer_than)
{
    held.len = 0;
    hold_to = to;
    hold_over = longer_than;
    p->tap = hold_one;
}

static void let_come(void)
{
    assert_true(held.len > 0);
    assert_int_equal(ol_line_input(&p->side[held.to].line, held.path, 1, ol_span(held.bytes, held.len), p->now), OL_OK);
}

static void say_twenty(unsigned side)
{
    for (unsigned i = 0; i < 20; i++)
        pair_send(p, side, OL_PRIORITY, "one of twenty, under a seal of the run, and not very short");
    pair_run(p, 1000);
    assert_int_equal(p->side[side].delivered_up_to, 20);
}

static void assert_recovered(void)
{
    assert_int_equal(p->side[1].line.signing, OL_SIGN_READY);
    assert_int_equal(p->side[1].evidence_n, 0);
    assert_int_equal(p->side[1].line.own_durable, 20); /* and no resume was needed */
    assert_true(pair_agree(p));
}

static void test_none_that_overtakes_what_it_ends_makes_no_second_life_and_no_resume(void **state)
{
    (void)state;
    say_twenty(1);
    pair_kill(p, 1);
    pair_forget(p, 1, 1, 3);
    hold(1, 1000); /* of those that give back what was lost the first comes last */
    pair_start(p, 1);
    pair_run(p, 300);
    let_come();
    pair_run(p, 60000);
    assert_recovered();
}

static void test_what_an_earlier_life_asked_for_is_no_second_life(void **state)
{
    struct ol_line *peer = &p->side[0].line;

    (void)state;
    say_twenty(1);
    pair_kill(p, 1);
    pair_forget(p, 1, 1, 3);
    peer->give[1] = (struct ol_want){.stream = 'B', .range = {4, 20}};
    peer->give_from[1] = 4;
    peer->give_none[1] = true;
    pair_start(p, 1);
    pair_run(p, 60000);
    assert_recovered();
}

static void test_an_answer_held_back_makes_no_clock_doubtful(void **state)
{
    (void)state;
    hold(0, 0);
    pair_run(p, 20000);
    p->tap = NULL;
    pair_run(p, 130000);
    let_come();
    assert_true(p->side[0].line.clock_known);
    assert_false(p->side[0].line.record.clock_doubtful);
}

static void test_a_clock_two_minutes_ahead_is_doubtful(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        p->utc_ahead[0] = p->utc_ahead[1] = 0;
        p->utc_ahead[side] = 120;
        pair_run(p, 40000);
        assert_true(p->side[0].line.record.clock_doubtful);
        assert_true(p->side[1].line.record.clock_doubtful);
        assert_int_equal(p->side[0].line.clock_offset_s, side == 0 ? -120 : 120);
    }
}

/* An answer takes longer than the station waits before it asks again, as behind other frames at 75 bit/s. */
static void test_a_path_slower_than_its_questions_is_measured_and_keeps_its_session(void **state)
{
    const struct ol_line *l = &p->side[0].line;
    uint8_t session;

    (void)state;
    pair_free(p);
    pair_init(p, 1, 1);
    p->delay_ms = 50000;
    pair_start(p, 0);
    pair_start(p, 1);
    pair_run(p, 3600000);
    session = l->cur.id;
    assert_in_range(l->path[0].rtt_ms, 90000, 110000);
    pair_send(p, 0, OL_ROUTINE, "slowly");
    pair_run(p, 3600000);
    assert_int_equal(p->side[0].delivered_up_to, 1);
    assert_int_equal(l->cur.id, session);
}

/* A connection that stands, no session, and nothing to say. */
static void test_a_line_whose_session_was_dropped_comes_up_again(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        pair_kill(p, side);
        pair_start(p, side);
    }
    ol_line_drop_session(&p->side[0].line, p->now);
    ol_line_drop_session(&p->side[1].line, p->now);
    pair_run(p, p->side[0].cfg.liveness_ms + 2000);
    for (unsigned side = 0; side < 2; side++) {
        assert_int_equal(p->side[side].line.signing, OL_SIGN_READY);
        assert_int_equal(ol_line_path_health(&p->side[side].line, 0, p->now), OL_PATH_UP);
    }
}

static bool is_urgent(const struct ol_line *l, uint32_t seq)
{
    for (size_t i = 0; i < l->urgent_n; i++) {
        if (l->urgent[i].seq == seq)
            return true;
    }
    return false;
}

/* What overtakes has only so many places, and keeps them until it is receipted. */
static void test_a_flash_finds_a_place_when_all_are_taken(void **state)
{
    struct ol_line *l = &p->side[0].line;
    unsigned before;

    (void)state;
    p->tap = lose_all;
    for (unsigned i = 0; i < OL_URGENT_MAX + 6; i++)
        pair_send(p, 0, OL_IMMEDIATE, "gone, and not receipted");
    pair_settle(p);
    assert_int_equal(l->urgent_n, OL_URGENT_MAX);
    before = l->own_durable;
    pair_send(p, 0, OL_FLASH, "goes before what has gone once");
    pair_settle(p);
    assert_true(is_urgent(l, before + 1));
    ol_line_path_down(l, 0, p->now); /* nothing goes any more */
    for (unsigned i = 0; i < OL_URGENT_MAX; i++)
        pair_send(p, 0, OL_FLASH, "waits");
    pair_settle(p);
    pair_send(p, 0, OL_PRIORITY, "has its turn in order");
    pair_settle(p);
    assert_int_equal(l->urgent_n, OL_URGENT_MAX);
    assert_false(is_urgent(l, l->own_durable));
    assert_true(is_urgent(l, l->own_durable - 1));
    p->tap = NULL;
    ol_line_path_up(l, 0, p->now);
    pair_run(p, 60000);
    assert_int_equal(p->side[0].delivered_up_to, l->own_durable);
}

/* Each too long for one turn of its path. */
static void test_long_entries_on_two_paths_do_not_begin_each_other_anew(void **state)
{
    static char text[30001];
    struct ol_line *l = &p->side[0].line;

    (void)state;
    pair_free(p);
    pair_init(p, 2, 1);
    pair_start(p, 0);
    pair_start(p, 1);
    pair_run(p, 2000);
    memset(text, 'x', sizeof text - 1);
    p->tap = lose_all;
    pair_send(p, 0, OL_ROUTINE, text);
    pair_settle(p);
    pair_send(p, 0, OL_IMMEDIATE, text);
    pair_settle(p);
    p->tap = NULL;
    for (size_t i = 0; i < l->urgent_n; i++)
        l->urgent[i].sent = 1; /* it is the second path's turn */
    l->fix = (struct ol_ranges){.n = 1, .r = {{1, 1}}};
    l->path[0].window = l->path[1].window = 1;
    p->hold_credit = true;
    for (unsigned i = 0; i < 200; i++) {
        ol_line_credit(l, i % 2, 1, p->now);
        pair_settle(p);
    }
    pair_run(p, 100);
    assert_int_equal(p->side[0].delivered_up_to, 2);
}

/* What waits for its seal in many pieces does not fit into a small frame beside the sync. */
static void test_of_much_that_is_held_aside_the_lowest_is_told(void **state)
{
    struct ol_line *l = &p->side[0].line;
    uint32_t before = l->own_durable;

    (void)state;
    for (unsigned side = 0; side < 2; side++)
        ol_line_path_set(&p->side[side].line, 0, true, 192, 16);
    p->tap = lose_all;
    for (uint32_t i = 1; i <= 80; i++) {
        const struct ol_entry aside = {.kind = OL_KIND_MESSAGE, .seq = before + i, .body = ol_span("x", 1)};

        pair_send(p, 0, OL_ROUTINE, "lost");
        if (i % 2 == 0)
            ol_stream_put_aside(ol_record_stream(&p->side[1].line.record, l->cfg.record.own), &aside);
    }
    pair_run(p, 60000);
    l->path[0].window = 1; /* one frame more, and what is missing stays to be seen */
    p->hold_credit = true;
    p->tap = NULL;
    p->side[1].line.sync_due = true;
    pair_settle(p);
    assert_true(l->fix.n > 0);
    assert_int_equal(l->fix.r[0].from, l->fix.r[0].to); /* the one before it is held */
    assert_int_equal(1, (l->fix.r[0].from - before) % 2);
}

static void test_a_flood_of_frames_that_bring_nothing_is_shown_and_its_end_too(void **state)
{
    struct ol_line_status st;
    uint64_t interval = p->side[0].cfg.liveness_ms;

    (void)state;
    for (unsigned i = 0; i < 700; i++) {
        p->side[1].line.sync_due = true;
        pair_settle(p);
    }
    ol_line_status(&p->side[0].line, p->now, &st);
    assert_true(st.flooded);
    pair_run(p, 8 * interval);
    ol_line_status(&p->side[0].line, p->now, &st);
    assert_false(st.flooded);
}

/* It is held aside each time, and never goes on record. */
static void test_a_flood_of_an_entry_that_no_seal_covers_is_shown(void **state)
{
    struct ol_line_status st;

    (void)state;
    pair_send(p, 1, OL_ROUTINE, "lost");
    p->tap = lose_all;
    pair_settle(p);
    for (unsigned i = 0; i < 3; i++)
        pair_send(p, 1, OL_ROUTINE, "of a run");
    pair_settle(p);
    p->tap = NULL;
    for (unsigned i = 0; i < 700; i++) {
        p->side[1].line.fix = (struct ol_ranges){.n = 1, .r = {{2, 2}}};
        pair_settle(p);
    }
    ol_line_status(&p->side[0].line, p->now, &st);
    assert_true(st.flooded);
}

static void test_long_entries_are_no_flood(void **state)
{
    static char text[30001];
    struct ol_line_status st;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 0; i < 60; i++) {
        pair_send(p, 1, OL_ROUTINE, text);
        pair_settle(p);
    }
    assert_true(p->side[0].line.count.frames_in > 1500);
    ol_line_status(&p->side[0].line, p->now, &st);
    assert_false(st.flooded);
}

static void test_many_entries_are_no_flood(void **state)
{
    struct ol_line_status st;

    (void)state;
    for (unsigned i = 0; i < 1500; i++) {
        pair_send(p, 1, OL_FLASH, "one of many, each in a frame of its own");
        pair_settle(p);
    }
    ol_line_status(&p->side[0].line, p->now, &st);
    assert_false(st.flooded);
    ol_line_status(&p->side[1].line, p->now, &st);
    assert_false(st.flooded);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_none_that_overtakes_what_it_ends_makes_no_second_life_and_no_resume),
        T(test_what_an_earlier_life_asked_for_is_no_second_life),
        T(test_an_answer_held_back_makes_no_clock_doubtful),
        T(test_a_clock_two_minutes_ahead_is_doubtful),
        T(test_a_path_slower_than_its_questions_is_measured_and_keeps_its_session),
        T(test_a_line_whose_session_was_dropped_comes_up_again),
        T(test_of_much_that_is_held_aside_the_lowest_is_told),
        T(test_a_flood_of_frames_that_bring_nothing_is_shown_and_its_end_too),
        T(test_many_entries_are_no_flood),
        T(test_a_flood_of_an_entry_that_no_seal_covers_is_shown),
        T(test_long_entries_are_no_flood),
        T(test_a_flash_finds_a_place_when_all_are_taken),
        T(test_long_entries_on_two_paths_do_not_begin_each_other_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
