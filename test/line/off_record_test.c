/* SPDX-License-Identifier: Apache-2.0 */
/* What is said off the record: shown while it runs, where both sides take it, and then nowhere. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pair.h"

#define WORD "kwyjibo-between-us"
#define ROOM (OL_FRAME_UDP - OL_FRAME_OVERHEAD - 1)

static struct pair *p;

static int begin(void **state)
{
    (void)state;
    p = malloc(sizeof *p);
    pair_init(p, 2, 1);
    pair_start(p, 0);
    pair_start(p, 1);
    ol_line_say(&p->side[0].line, 0, true);
    ol_line_say(&p->side[1].line, 0, true);
    pair_run(p, 23000); /* each has heard an echo of the other's */
    return 0;
}

static int end(void **state)
{
    (void)state;
    pair_free(p);
    free(p);
    return 0;
}

static bool knows(const struct ol_line *l, const char *word)
{
    return memmem(l, sizeof *l, word, strlen(word)) != NULL;
}

static void test_a_message_off_the_record_is_shown_and_neither_line_nor_store_keeps_any_of_it(void **state)
{
    size_t rows[2] = {p->side[1].rows_n[0], p->side[1].rows_n[1]};
    uint64_t commits = p->side[1].commits;

    (void)state;
    assert_int_equal(pair_off_record(p, 0, 0, WORD), OL_OK);
    pair_settle(p);
    assert_int_equal(p->side[1].off_record_n, 1);
    assert_string_equal(p->side[1].off_record, WORD);
    assert_false(knows(&p->side[0].line, WORD) || knows(&p->side[1].line, WORD));
    pair_run(p, 60000);
    assert_int_equal(p->side[1].off_record_n, 1);
    assert_int_equal(p->side[1].rows_n[0], rows[0]);
    assert_int_equal(p->side[1].rows_n[1], rows[1]);
    assert_int_equal(p->side[1].commits, commits);
    assert_int_equal(p->side[0].line.count.unwanted + p->side[1].line.count.unwanted, 0);
    assert_int_equal(ol_line_path_health(&p->side[0].line, 0, p->now), OL_PATH_UP);
}

static void test_a_frame_that_comes_twice_is_shown_once_and_one_that_is_lost_stays_lost(void **state)
{
    (void)state;
    p->double_percent = 100;
    assert_int_equal(pair_off_record(p, 0, 0, "twice"), OL_OK);
    pair_run(p, 100);
    assert_int_equal(p->side[1].off_record_n, 1);
    p->double_percent = 0;
    p->drop_percent = 100;
    assert_int_equal(pair_off_record(p, 0, 0, "lost"), OL_OK);
    pair_settle(p);
    p->drop_percent = 0;
    pair_run(p, 120000);
    assert_int_equal(p->side[1].off_record_n, 1);
}

static void test_it_goes_where_both_sides_take_it_and_the_path_is_up_and_nowhere_else(void **state)
{
    uint64_t before = p->sent_frames;

    (void)state;
    ol_line_say(&p->side[0].line, 0, false);
    assert_int_equal(pair_off_record(p, 0, 0, WORD), OL_UNEXPECTED);
    ol_line_say(&p->side[0].line, 0, true);
    assert_int_equal(pair_off_record(p, 0, 2, WORD), OL_UNEXPECTED);
    assert_int_equal(p->sent_frames, before);
    assert_int_equal(pair_off_record(p, 0, 1, WORD), OL_OK);
    pair_settle(p);
    ol_line_say(&p->side[1].line, 0, false);
    pair_run(p, 21000);
    before = p->sent_frames;
    assert_int_equal(pair_off_record(p, 0, 0, WORD), OL_UNEXPECTED);
    ol_line_say(&p->side[1].line, 0, true);
    pair_run(p, 21000);
    p->cut[0] = p->cut[1] = true;
    pair_run(p, 61000);
    before = p->sent_frames;
    assert_int_equal(pair_off_record(p, 0, 0, WORD), OL_UNEXPECTED);
    assert_int_equal(p->sent_frames, before);
    assert_int_equal(p->side[1].off_record_n, 1);
}

static void test_what_comes_where_it_is_not_taken_is_dropped_and_counted(void **state)
{
    (void)state;
    ol_line_say(&p->side[1].line, 0, false); /* and A has not heard of it */
    assert_int_equal(pair_off_record(p, 0, 0, WORD), OL_OK);
    pair_settle(p);
    assert_int_equal(p->side[1].off_record_n, 0);
    assert_int_equal(p->side[1].line.count.unwanted, 1);
    assert_false(knows(&p->side[1].line, WORD));
}

static void test_of_two_that_come_before_the_owner_looks_the_second_is_as_if_lost(void **state)
{
    static struct pair_frame frame[2];
    static const char *const said[2] = {"the first", "and one that is longer than the first"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct ol_out out;

        assert_int_equal(ol_line_off_record(&p->side[0].line, 0, ol_span(said[i], strlen(said[i])), &out), OL_OK);
        frame[i].len = out.bytes.len;
        memcpy(frame[i].bytes, out.bytes.p, out.bytes.len);
    }
    for (unsigned i = 0; i < 2; i++)
        (void)ol_line_input(&p->side[1].line, 0, 1, ol_span(frame[i].bytes, frame[i].len), p->now);
    pair_settle(p);
    assert_int_equal(p->side[1].off_record_n, 1);
    assert_string_equal(p->side[1].off_record, said[0]);
    assert_int_equal(p->side[1].line.count.unwanted, 1);
    assert_false(knows(&p->side[1].line, "longer than"));
}

static void test_nothing_is_said_over_what_has_come_and_nobody_has_looked_at(void **state)
{
    struct pair_frame frame;
    struct ol_out out;

    (void)state;
    assert_int_equal(ol_line_off_record(&p->side[0].line, 0, ol_span(WORD, strlen(WORD)), &out), OL_OK);
    frame.len = out.bytes.len;
    memcpy(frame.bytes, out.bytes.p, out.bytes.len);
    (void)ol_line_input(&p->side[1].line, 0, 1, ol_span(frame.bytes, frame.len), p->now);
    assert_int_equal(ol_line_off_record(&p->side[1].line, 0, ol_span("mine", 4), &out), OL_LATER);
    pair_settle(p);
    assert_int_equal(p->side[1].off_record_n, 1);
    assert_string_equal(p->side[1].off_record, WORD);
    assert_int_equal(pair_off_record(p, 1, 0, "mine"), OL_OK);
    pair_settle(p);
    assert_string_equal(p->side[0].off_record, "mine");
}

static void test_the_longest_fills_one_frame_and_one_byte_more_is_refused(void **state)
{
    char text[ROOM + 2];

    (void)state;
    memset(text, 'x', sizeof text);
    text[ROOM + 1] = 0;
    assert_int_equal(pair_off_record(p, 0, 0, text), OL_LIMIT);
    text[ROOM] = 0;
    assert_int_equal(pair_off_record(p, 0, 0, text), OL_OK);
    pair_settle(p);
    assert_int_equal(strlen(p->side[1].off_record), ROOM);
}

static void test_it_waits_while_an_entry_does_and_while_the_relay_has_no_room(void **state)
{
    unsigned taken = 0;

    (void)state;
    p->side[0].hold_commits = true;
    pair_send(p, 0, OL_ROUTINE, "an entry");
    pair_settle(p);
    pair_release(p, 0); /* durable, and not on its way yet */
    assert_int_equal(pair_off_record(p, 0, 1, WORD), OL_LATER);
    p->side[0].hold_commits = false;
    pair_settle(p);
    p->hold_credit = true;
    while (pair_off_record(p, 0, 0, WORD) == OL_OK)
        taken++;
    assert_int_equal(taken, p->side[0].line.path[0].window);
    assert_int_equal(pair_off_record(p, 0, 0, WORD), OL_LATER);
    assert_int_equal(pair_off_record(p, 0, 1, WORD), OL_OK);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_a_message_off_the_record_is_shown_and_neither_line_nor_store_keeps_any_of_it),
        T(test_a_frame_that_comes_twice_is_shown_once_and_one_that_is_lost_stays_lost),
        T(test_it_goes_where_both_sides_take_it_and_the_path_is_up_and_nowhere_else),
        T(test_what_comes_where_it_is_not_taken_is_dropped_and_counted),
        T(test_of_two_that_come_before_the_owner_looks_the_second_is_as_if_lost),
        T(test_nothing_is_said_over_what_has_come_and_nobody_has_looked_at),
        T(test_the_longest_fills_one_frame_and_one_byte_more_is_refused),
        T(test_it_waits_while_an_entry_does_and_while_the_relay_has_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
