/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "desk/kind.h"
#include "desk/linetest.h"
#include "desk/message.h"

#define HOUR 3600u
#define NOON 1795003200u /* an even hour */
#define MIN 60u

static struct ol_span text(const char *s)
{
    return ol_span(s, strlen(s));
}

/* ---- Bodies ---- */

static const struct ol_linetest bodies[] = {
    {.slot = NOON, .text = {(const uint8_t *)"The ferry was late.", 19}},
    {.slot = UINT32_MAX - 15, .text = {(const uint8_t *)"x", 1}, .lang = {(const uint8_t *)"zh-Hans", 7}},
    {.about = 1},
    {.about = UINT32_MAX},
};

/* Whatever reads is written again to the same bytes. */
static bool reads(struct ol_span body)
{
    uint8_t again[OL_LINETEST_TEXT + 64];
    struct ol_wr w = ol_wr_to(again, sizeof again);
    struct ol_linetest t;

    if (ol_linetest_read(body, &t)) {
        assert_true(t.slot == 0 && t.about == 0 && t.text.len == 0 && t.lang.len == 0);
        return false;
    }
    ol_linetest_write(&t, &w);
    assert_true(ol_span_equal(ol_wr_span(&w), body));
    assert_true(ol_body_readable(OL_KIND_TEST, body));
    return true;
}

static void test_tests_and_answers_come_back_and_have_one_form_each(void **state)
{
    uint8_t body[64];

    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct ol_wr w = ol_wr_to(body, sizeof body - 1);

        ol_linetest_write(&bodies[i], &w);
        assert_true(reads(ol_wr_span(&w)));
        for (size_t n = 0; n < w.len; n++)
            assert_false(reads(ol_span(body, n)));
        body[w.len] = 0;
        assert_false(reads(ol_span(body, w.len + 1)));
        for (size_t bit = 0; bit < 8 * w.len; bit++) {
            body[bit / 8] ^= (uint8_t)(1u << bit % 8);
            (void)reads(ol_wr_span(&w));
            body[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void test_what_means_nothing_is_refused(void **state)
{
    static const char *const odd[] = {
        "80",                     /* nothing */
        "8100",                   /* about number 0 */
        "811b0000000100000000",   /* about a number that there is not */
        "82183c60",               /* an empty text */
        "82183d6178",             /* not on a minute */
        "82006178",               /* no slot */
        "83183c617860",           /* an empty language */
        "83183c61786121",         /* no language */
        "84183c617862656e00",     /* more than there is */
    };
    static uint8_t body[OL_LINETEST_TEXT + 8] = {0x82, 0x18, 0x3c, 0x79};

    (void)state;
    for (size_t i = 0; i < COUNT(odd); i++) {
        uint8_t bytes[16];

        assert_false(reads(ol_span(bytes, unhex(odd[i], bytes, sizeof bytes))));
    }
    memset(body + 6, 'x', sizeof body - 6);
    for (size_t over = 0; over < 2; over++) {
        body[4] = (uint8_t)((OL_LINETEST_TEXT + over) >> 8);
        body[5] = (uint8_t)(OL_LINETEST_TEXT + over);
        assert_int_equal(reads(ol_span(body, 6 + OL_LINETEST_TEXT + over)), over == 0);
    }
}

/* ---- The fold ---- */

#define ROOM 64u

static struct ol_agree agree;
static struct ol_linetest_mark marks[2][ROOM];
static struct ol_linetests tests;
static struct ol_slot room[OL_SLOTS_MAX];

static int reset(void **state)
{
    (void)state;
    agree.accords = 0;
    tests = (struct ol_linetests){.mark = {marks[0], marks[1]}, .cap = ROOM};
    return 0;
}

static struct ol_accord *schedule(uint16_t every, uint32_t start, uint32_t accepted)
{
    struct ol_accord *x = &agree.accord[agree.accords];

    *x = (struct ol_accord){.id = {'A', (uint32_t)++agree.accords}, .state = OL_ACCORD_ACCEPTED, .accepted = accepted,
                            .what = {.topic = OL_TOPIC_TESTS, .every = every, .start = start}};
    return x;
}

static void put(uint8_t author, uint32_t seq, uint32_t time, const struct ol_linetest *t)
{
    uint8_t body[64];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct ol_row row = {.h = {.author = author, .kind = OL_KIND_TEST, .seq = seq, .time = time}};

    ol_linetest_write(t, &w);
    row.body = ol_wr_span(&w);
    ol_linetest_note(&tests, &row);
}

static void send(uint8_t author, uint32_t seq, uint32_t slot, uint32_t time)
{
    put(author, seq, time, &(struct ol_linetest){.slot = slot, .text = text("words")});
}

static void answer(uint8_t author, uint32_t seq, uint32_t about, uint32_t time)
{
    put(author, seq, time, &(struct ol_linetest){.about = about});
}

static struct ol_tests at(uint32_t now)
{
    struct ol_tests t;

    ol_tests_at(&agree, &tests, now, room, &t);
    return t;
}

static struct ol_slot slot_at(uint32_t begin)
{
    struct ol_slot s;

    assert_true(ol_slot_next(&agree, begin, &s));
    assert_int_equal(s.begin, begin);
    ol_slots_fill(&tests, &s, 1);
    return s;
}

static void test_without_a_schedule_nothing_is_missed(void **state)
{
    struct ol_slot s;

    (void)state;
    send('A', 1, NOON, NOON);
    assert_int_equal(at(NOON + HOUR).state, OL_TESTS_NONE);
    assert_int_equal(at(NOON + HOUR).look, 0);
    assert_false(ol_slot_next(&agree, 0, &s));
    schedule(60, NOON, NOON)->accepted = 0; /* proposed */
    assert_int_equal(at(NOON + HOUR).state, OL_TESTS_NONE);
}

static void test_even_hours_are_a_s_and_odd_ones_b_s_and_a_quarter_is_for_the_answer(void **state)
{
    (void)state;
    schedule(60, NOON, NOON - 5);
    for (uint32_t i = 0; i < 24; i++) {
        struct ol_slot s = slot_at(NOON + i * HOUR);

        assert_int_equal(s.side, i % 2 == 0 ? 'A' : 'B');
        assert_int_equal(s.end - s.begin, 15 * MIN);
    }
    assert_int_equal(at(NOON + 1).due.begin, NOON);
    assert_int_equal(at(NOON).due.begin, NOON);
    assert_int_equal(at(NOON).next.begin, NOON + HOUR);
    assert_int_equal(at(NOON - 1).next.begin, NOON);
    assert_int_equal(at(NOON - 1).look, NOON);
    assert_int_equal(at(NOON + 1).look, NOON + 15 * MIN);
    assert_int_equal(at(NOON + 15 * MIN).due.begin, 0);
}

static void test_the_first_slot_begins_after_the_acceptance_and_after_the_start(void **state)
{
    struct ol_slot s;

    (void)state;
    schedule(60, NOON, NOON + 1);
    assert_true(ol_slot_next(&agree, 0, &s));
    assert_int_equal(s.begin, NOON + HOUR);
    agree.accord[0].what.start = NOON + 5 * HOUR;
    assert_true(ol_slot_next(&agree, 0, &s));
    assert_int_equal(s.begin, NOON + 5 * HOUR);
    assert_int_equal(at(NOON).state, OL_TESTS_NONE);
}

static void test_one_miss_is_amber_two_are_red_and_the_next_answer_is_green(void **state)
{
    (void)state;
    schedule(60, NOON, NOON);
    assert_int_equal(at(NOON + 15 * MIN - 1).state, OL_TESTS_GREEN);
    assert_int_equal(at(NOON + 15 * MIN).state, OL_TESTS_AMBER);
    assert_int_equal(at(NOON + HOUR + 15 * MIN - 1).state, OL_TESTS_AMBER);
    assert_int_equal(at(NOON + HOUR + 15 * MIN).state, OL_TESTS_RED);
    assert_int_equal(at(NOON + 30 * HOUR).state, OL_TESTS_RED);
    send('A', 7, NOON + 2 * HOUR, NOON + 2 * HOUR + MIN);
    assert_int_equal(at(NOON + 2 * HOUR + 2 * MIN).state, OL_TESTS_RED); /* sent is not answered */
    answer('B', 9, 7, NOON + 2 * HOUR + 3 * MIN);
    assert_int_equal(at(NOON + 2 * HOUR + 3 * MIN).state, OL_TESTS_GREEN);
    assert_int_equal(at(NOON + 3 * HOUR).state, OL_TESTS_GREEN);
    assert_int_equal(at(NOON + 3 * HOUR + 15 * MIN).state, OL_TESTS_AMBER);
    assert_int_equal(at(NOON + 3 * HOUR).answered_at, NOON + 2 * HOUR + 3 * MIN);
}

static void test_what_is_answered_late_stays_missed_and_ends_the_alarm_all_the_same(void **state)
{
    struct ol_slot s;

    (void)state;
    schedule(60, NOON, NOON);
    send('A', 1, NOON, NOON + 14 * MIN);
    assert_int_equal(at(NOON + 15 * MIN).state, OL_TESTS_AMBER);
    answer('B', 1, 1, NOON + 15 * MIN);
    s = slot_at(NOON);
    assert_int_equal(ol_slot_state(&s, NOON + 20 * MIN), OL_SLOT_MISSED);
    assert_int_equal(s.answered_at, NOON + 15 * MIN);
    assert_int_equal(at(NOON + 15 * MIN).state, OL_TESTS_GREEN);
    assert_int_equal(at(NOON + HOUR + 15 * MIN).state, OL_TESTS_AMBER);
}

static void test_a_test_counts_in_its_own_slot_and_in_the_turn_of_its_side(void **state)
{
    struct ol_slot s;

    (void)state;
    schedule(60, NOON, NOON);
    send('B', 1, NOON, NOON + 1);                  /* not its turn */
    send('A', 1, NOON + 2 * HOUR, NOON + 2);       /* before its time */
    answer('A', 2, 1, NOON + 3);
    answer('B', 2, 1, NOON + 3);
    s = slot_at(NOON);
    assert_int_equal(s.test, 0);
    s = slot_at(NOON + 2 * HOUR);
    assert_int_equal(s.answer, 2);
    assert_int_equal(ol_slot_state(&s, NOON + 3 * HOUR), OL_SLOT_MISSED);
}

static void test_an_answer_to_a_test_out_of_turn_is_none_to_the_one_in_turn_of_that_number(void **state)
{
    struct ol_slot s;

    (void)state;
    schedule(60, NOON, NOON);
    send('A', 1, NOON, NOON + 1);
    send('B', 1, NOON, NOON + 1);
    answer('A', 2, 1, NOON + 2);
    s = slot_at(NOON);
    assert_int_equal(s.test, 1);
    assert_int_equal(s.answer, 0);
}

static void test_nobody_answers_an_own_test_and_an_answer_to_what_is_no_test_is_none(void **state)
{
    struct ol_slot s;

    (void)state;
    schedule(60, NOON, NOON);
    send('A', 1, NOON, NOON + 1);
    answer('A', 2, 1, NOON + 2);
    answer('B', 1, 2, NOON + 2);
    answer('B', 2, 99, NOON + 2);
    s = slot_at(NOON);
    assert_int_equal(s.answer, 0);
    assert_int_equal(at(NOON + 15 * MIN).state, OL_TESTS_AMBER);
}

static void test_of_several_tests_in_a_slot_the_first_counts_and_of_several_answers(void **state)
{
    struct ol_slot s;

    (void)state;
    schedule(60, NOON, NOON);
    send('A', 1, NOON, NOON + 1);
    send('A', 2, NOON, NOON + 2);
    answer('B', 1, 2, NOON + 3);
    answer('B', 2, 1, NOON + 4);
    answer('B', 3, 1, NOON + 5);
    s = slot_at(NOON);
    assert_int_equal(s.test, 1);
    assert_int_equal(s.answer, 2);
    assert_int_equal(ol_slot_state(&s, NOON + 5), OL_SLOT_ANSWERED);
}

static void test_an_answer_dated_later_clears_nothing_before_that_moment(void **state)
{
    (void)state;
    schedule(60, NOON, NOON);
    send('A', 1, NOON, NOON + 1);
    answer('B', 1, 1, NOON + 100 * HOUR);
    assert_int_equal(at(NOON + 2 * HOUR).state, OL_TESTS_RED);
    assert_int_equal(at(NOON + 99 * HOUR + 16 * MIN).look, NOON + 100 * HOUR);
    assert_int_equal(at(NOON + 100 * HOUR).state, OL_TESTS_GREEN);
}

static void test_a_schedule_that_was_ended_asks_for_nothing_more(void **state)
{
    struct ol_slot s;
    struct ol_accord *x = schedule(60, NOON, NOON);

    (void)state;
    x->state = OL_ACCORD_ENDED;
    x->last.since = NOON + 2 * HOUR + 10 * MIN;
    assert_int_equal(at(NOON + 2 * HOUR).state, OL_TESTS_RED);
    assert_int_equal(at(NOON + 2 * HOUR + 10 * MIN).state, OL_TESTS_NONE);
    assert_int_equal(ol_slots_of(&agree, 0, UINT32_MAX, room, OL_SLOTS_MAX), 2); /* the third was still due */
    assert_false(ol_slot_next(&agree, NOON + 2 * HOUR, &s));
}

static void test_of_two_schedules_the_later_counts_from_its_start_and_an_ended_one_revives_none(void **state)
{
    struct ol_accord *second;

    (void)state;
    schedule(60, NOON, NOON);
    second = schedule(10, NOON + 90 * MIN, NOON + 5 * MIN);
    assert_ptr_equal(ol_schedule_at(&agree, NOON + 89 * MIN), &agree.accord[0]);
    assert_ptr_equal(ol_schedule_at(&agree, NOON + 90 * MIN), second);
    assert_int_equal(at(NOON + 89 * MIN).state, OL_TESTS_RED);
    assert_int_equal(at(NOON + 90 * MIN).state, OL_TESTS_GREEN); /* of the second none was missed yet */
    assert_int_equal(ol_slots_of(&agree, NOON, NOON + 2 * HOUR, room, OL_SLOTS_MAX), 2 + 4);
    assert_int_equal(room[2].end - room[2].begin, 150);
    second->state = OL_ACCORD_ENDED;
    second->last.since = NOON + 2 * HOUR;
    assert_null(ol_schedule_at(&agree, NOON + 3 * HOUR));
    assert_int_equal(ol_slots_of(&agree, NOON, NOON + 9 * HOUR, room, OL_SLOTS_MAX), 2 + 3);
}

static void test_slots_go_up_to_where_time_ends(void **state)
{
    struct ol_slot s;

    (void)state;
    schedule(1440, 0, UINT32_MAX - 2 * 86400);
    assert_true(ol_slots_of(&agree, 0, UINT32_MAX, room, OL_SLOTS_MAX) <= 2);
    assert_false(ol_slot_next(&agree, UINT32_MAX, &s));
    assert_int_equal(at(UINT32_MAX).state > OL_TESTS_NONE, true);
}

/* A day with every story of a slot in it, told in one order and in another. */
struct story {
    bool sent;
    uint32_t sent_after;
    bool answered;
    uint32_t answered_after;
};

static uint32_t seed = 4;

static uint32_t dice(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % n;
}

struct event {
    uint8_t author;
    uint32_t seq;
    uint32_t time;
    struct ol_linetest t;
};

static size_t tell_a_day(struct event *e)
{
    uint32_t seq[2] = {0, 0};
    size_t n = 0;

    for (uint32_t i = 0; i < 24; i++) {
        uint32_t begin = NOON + i * HOUR;
        size_t side = i % 2;
        uint32_t sent = begin + dice(25 * MIN);

        if (dice(4) == 0)
            continue;
        e[n++] = (struct event){(uint8_t)('A' + side), ++seq[side], sent, {.slot = begin, .text = text("words")}};
        if (dice(4) > 0)
            e[n++] = (struct event){(uint8_t)('B' - side), ++seq[1 - side], sent + dice(20 * MIN),
                                    {.about = seq[side]}};
    }
    return n;
}

static void shuffle(struct event *e, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = dice((uint32_t)i);
        struct event one = e[i - 1];

        e[i - 1] = e[k];
        e[k] = one;
    }
}

static void test_both_sides_see_the_same_in_whatever_order_entries_came(void **state)
{
    unsigned seen[4] = {0};

    (void)state;
    for (int day = 0; day < 200; day++) {
        struct event e[48];
        size_t n = tell_a_day(e);
        enum ol_tests_state told[26 * 4];

        for (int order = 0; order < 3; order++) {
            reset(NULL);
            schedule(60, NOON, NOON);
            for (size_t i = 0; i < n; i++)
                put(e[i].author, e[i].seq, e[i].time, &e[i].t);
            for (uint32_t k = 0; k < COUNT(told); k++) {
                enum ol_tests_state is = at(NOON + k * 15 * MIN).state;

                if (order == 0)
                    told[k] = is;
                assert_int_equal(told[k], is);
                seen[is]++;
            }
            shuffle(e, n);
        }
    }
    assert_true(seen[OL_TESTS_GREEN] > 0 && seen[OL_TESTS_AMBER] > 0 && seen[OL_TESTS_RED] > 0);
}

static void test_of_many_tests_the_last_are_remembered(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 2 * ROOM; i++)
        send('A', i, NOON, NOON);
    send('A', 1, NOON, NOON);            /* older than all that are remembered */
    send('A', 2 * ROOM, NOON, NOON + 9); /* known */
    assert_int_equal(tests.n[0], ROOM);
    assert_int_equal(marks[0][0].seq, ROOM + 1);
    assert_int_equal(marks[0][ROOM - 1].time, NOON);
    assert_int_equal(tests.n[1], 0);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_tests_and_answers_come_back_and_have_one_form_each),
        cmocka_unit_test(test_what_means_nothing_is_refused),
        cmocka_unit_test_setup(test_without_a_schedule_nothing_is_missed, reset),
        cmocka_unit_test_setup(test_even_hours_are_a_s_and_odd_ones_b_s_and_a_quarter_is_for_the_answer, reset),
        cmocka_unit_test_setup(test_the_first_slot_begins_after_the_acceptance_and_after_the_start, reset),
        cmocka_unit_test_setup(test_one_miss_is_amber_two_are_red_and_the_next_answer_is_green, reset),
        cmocka_unit_test_setup(test_what_is_answered_late_stays_missed_and_ends_the_alarm_all_the_same, reset),
        cmocka_unit_test_setup(test_a_test_counts_in_its_own_slot_and_in_the_turn_of_its_side, reset),
        cmocka_unit_test_setup(test_an_answer_to_a_test_out_of_turn_is_none_to_the_one_in_turn_of_that_number, reset),
        cmocka_unit_test_setup(test_nobody_answers_an_own_test_and_an_answer_to_what_is_no_test_is_none, reset),
        cmocka_unit_test_setup(test_of_several_tests_in_a_slot_the_first_counts_and_of_several_answers, reset),
        cmocka_unit_test_setup(test_an_answer_dated_later_clears_nothing_before_that_moment, reset),
        cmocka_unit_test_setup(test_a_schedule_that_was_ended_asks_for_nothing_more, reset),
        cmocka_unit_test_setup(test_of_two_schedules_the_later_counts_from_its_start_and_an_ended_one_revives_none,
                               reset),
        cmocka_unit_test_setup(test_slots_go_up_to_where_time_ends, reset),
        cmocka_unit_test_setup(test_both_sides_see_the_same_in_whatever_order_entries_came, reset),
        cmocka_unit_test_setup(test_of_many_tests_the_last_are_remembered, reset),
    };

    return cmocka_run_group_tests(all, NULL, NULL);
}
