/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/presence.h"

#include "desk/kind.h"
#include "support.h"

#define DAY 86400u
#define MONDAY (4u * DAY + 52u * 7u * DAY)
#define AT(day, hour) (MONDAY + (day) * DAY + (hour) * 3600u)

static uint8_t bytes[128];
static struct ol_desk desk;
static uint32_t seq;

/* ---- The entry ---- */

static const struct {
    enum ol_desk_what what;
    const char *role;
    const char *body;
} good[] = {
    {OL_DESK_LEFT, "", "8100"},
    {OL_DESK_ATTENDED, "", "8101"},
    {OL_DESK_UNANSWERED, "", "8102"},
    {OL_DESK_ATTENDED, "duty-officer", "82016c647574792d6f666669636572"},
};

static struct ol_span body_of(enum ol_desk_what what, const char *role)
{
    const struct ol_desk_entry entry = {what, ol_span(role, strlen(role))};
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    ol_desk_write(&entry, &w);
    assert_false(w.full);
    return ol_wr_span(&w);
}

static void test_an_entry_comes_back_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct ol_span body = body_of(good[i].what, good[i].role);
        struct ol_desk_entry read;

        CHECK_HEX(good[i].body, body);
        assert_true(ol_body_readable(OL_KIND_DESK, body));
        CHECK_ERR(OL_OK, ol_desk_read(body, &read));
        assert_int_equal(good[i].what, read.what);
        assert_true(ol_span_equal(ol_span(good[i].role, strlen(good[i].role)), read.role));
    }
}

static void test_every_prefix_flipped_bit_and_byte_too_many_of_an_entry_is_seen(void **state)
{
    struct ol_desk_entry read;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct ol_span body = body_of(good[i].what, good[i].role);

        for (size_t n = 0; n < body.len; n++) {
            CHECK_ERR(OL_MALFORMED, ol_desk_read(ol_span(body.p, n), &read));
            assert_int_equal(read.what + read.role.len, 0);
        }
        bytes[body.len] = 0;
        CHECK_ERR(OL_MALFORMED, ol_desk_read(ol_span(body.p, body.len + 1), &read));
        for (size_t bit = 0; bit < 8 * body.len; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (ol_desk_read(body, &read) == OL_OK) {
                static uint8_t again[128];
                struct ol_wr w = ol_wr_to(again, sizeof again);

                ol_desk_write(&read, &w);
                assert_true(ol_span_equal(body, ol_wr_span(&w)));
            }
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void test_what_is_no_word_of_a_role_does_not_read(void **state)
{
    static const char *const bad[] = {"8103",     "80",     "820160",     "82016141", "82016120",
                                      "8201c3a9", "820100", "8301616100", "01"};
    struct ol_desk_entry read;
    uint8_t body[80] = {0x82, 0x01, 0x78, 64};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint8_t some[8];
        size_t len = unhex(bad[i], some, sizeof some);

        CHECK_ERR(OL_MALFORMED, ol_desk_read(ol_span(some, len), &read));
    }
    memset(body + 4, 'r', 65);
    CHECK_ERR(OL_OK, ol_desk_read(ol_span(body, 4 + 64), &read));
    body[3] = 65;
    CHECK_ERR(OL_MALFORMED, ol_desk_read(ol_span(body, 4 + 65), &read));
}

/* ---- The fold ---- */

static int begin(void **state)
{
    (void)state;
    memset(&desk, 0, sizeof desk);
    seq = 0;
    return 0;
}

static void note(uint8_t kind, uint32_t number, uint32_t time, struct ol_span body)
{
    const struct ol_row row = {.h = {.author = 'B', .kind = kind, .seq = number, .time = time}, .body = body};

    ol_desk_note(&desk, &row);
}

static void say(enum ol_desk_what what, const char *role, uint32_t time)
{
    note(OL_KIND_DESK, ++seq, time, body_of(what, role));
}

static void announce_as(uint32_t number, enum ol_hours_kind kind, uint32_t time, uint32_t from, uint32_t to)
{
    const struct ol_hours hours = {.kind = kind, .from = from, .to = to};
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    ol_hours_write(&hours, &w);
    note(OL_KIND_HOURS, number, time, ol_wr_span(&w));
}

static void announce(uint32_t time, uint32_t from, uint32_t to)
{
    announce_as(++seq, OL_HOURS_AWAY, time, from, to);
}

static void weekly(const char *text, uint32_t time)
{
    struct ol_hours hours;
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    CHECK_ERR(OL_OK, ol_weekly_read(ol_span(text, strlen(text)), &hours));
    ol_hours_write(&hours, &w);
    note(OL_KIND_HOURS, ++seq, time, ol_wr_span(&w));
}

static struct ol_presence check_at(uint32_t now, const char *want, uint32_t since, uint32_t until)
{
    struct ol_presence p;

    ol_desk_at(&desk, now, &p);
    assert_string_equal(want, ol_presence_name(p.state));
    assert_int_equal(since, p.since);
    assert_int_equal(until, p.until);
    return p;
}

static void test_a_desk_of_which_nothing_was_said_is_unknown(void **state)
{
    (void)state;
    check_at(AT(0, 0), "unknown", 0, 0);
    check_at(UINT32_MAX, "unknown", 0, 0);
}

static void test_attended_and_left_are_shown_with_since_when_and_by_whom(void **state)
{
    struct ol_presence p;

    (void)state;
    say(OL_DESK_ATTENDED, "duty-officer", 1000);
    p = check_at(1001, "attended", 1000, 0);
    assert_true(ol_span_equal(ol_span("duty-officer", 12), p.role));
    say(OL_DESK_ATTENDED, "deputy", 2000);
    p = check_at(2001, "attended", 2000, 0);
    assert_true(ol_span_equal(ol_span("deputy", 6), p.role));
    say(OL_DESK_LEFT, "", 3000);
    p = check_at(3001, "unattended", 3000, 0);
    assert_true(p.why == OL_WHY_LEFT && p.role.len == 0);
    say(OL_DESK_UNANSWERED, "", 4000);
    assert_int_equal(check_at(4001, "unattended", 4000, 0).why, OL_WHY_UNANSWERED);
    say(OL_DESK_ATTENDED, "", 5000);
    assert_int_equal(check_at(5001, "attended", 5000, 0).why, OL_WHY_NONE);
}

static void test_a_desk_left_first_is_unattended_not_unknown(void **state)
{
    (void)state;
    say(OL_DESK_LEFT, "", 1000);
    check_at(1000, "unattended", 1000, 0);
}

static void test_announced_hours_leave_the_desk_unattended_from_their_first_second_to_their_last(void **state)
{
    (void)state;
    say(OL_DESK_ATTENDED, "duty-officer", AT(0, 8));
    announce(AT(0, 9), AT(0, 10), AT(0, 12));
    check_at(AT(0, 10) - 1, "attended", AT(0, 8), 0);
    assert_int_equal(check_at(AT(0, 10), "unattended", AT(0, 10), AT(0, 12)).role.len, 0);
    assert_int_equal(check_at(AT(0, 12) - 1, "unattended", AT(0, 10), AT(0, 12)).why, OL_WHY_ANNOUNCED);
    assert_int_equal(check_at(AT(0, 12), "unattended", AT(0, 10), 0).why, OL_WHY_OVERRUN);
    say(OL_DESK_ATTENDED, "", AT(0, 13));
    check_at(AT(0, 13), "attended", AT(0, 13), 0);
}

static void test_an_unknown_desk_is_unattended_when_its_hours_begin(void **state)
{
    (void)state;
    announce(AT(0, 9), AT(0, 10), AT(0, 12));
    check_at(AT(0, 9), "unknown", 0, 0);
    check_at(AT(0, 10), "unattended", AT(0, 10), AT(0, 12));
    check_at(AT(0, 12), "unattended", AT(0, 10), 0);
}

static void test_who_leaves_early_is_not_announced_until_the_hours_begin(void **state)
{
    (void)state;
    announce(AT(0, 7), AT(0, 10), AT(0, 12));
    say(OL_DESK_ATTENDED, "", AT(0, 8));
    say(OL_DESK_LEFT, "", AT(0, 9));
    check_at(AT(0, 9), "unattended", AT(0, 9), 0);
    check_at(AT(0, 10), "unattended", AT(0, 9), AT(0, 12));
    check_at(AT(0, 12), "unattended", AT(0, 9), 0);
}

static void test_who_comes_back_early_is_there(void **state)
{
    (void)state;
    announce(AT(0, 7), AT(0, 10), AT(0, 12));
    say(OL_DESK_ATTENDED, "", AT(0, 11));
    check_at(AT(0, 11), "attended", AT(0, 11), 0);
    check_at(AT(0, 13), "attended", AT(0, 11), 0);
    say(OL_DESK_LEFT, "", AT(0, 14));
    check_at(AT(0, 14), "unattended", AT(0, 14), 0);
}

static void test_what_is_announced_within_its_own_hours_begins_with_its_entry(void **state)
{
    (void)state;
    say(OL_DESK_ATTENDED, "", AT(0, 10));
    announce(AT(0, 11), AT(0, 9), AT(0, 12));
    check_at(AT(0, 11), "unattended", AT(0, 11), AT(0, 12));
}

static void test_of_two_entries_of_one_second_the_later_number_counts(void **state)
{
    (void)state;
    announce(AT(0, 10), AT(0, 9), AT(0, 12));
    say(OL_DESK_ATTENDED, "", AT(0, 10));
    check_at(AT(0, 10), "attended", AT(0, 10), 0);
    announce(AT(0, 10), AT(0, 9), AT(0, 12));
    check_at(AT(0, 10), "unattended", AT(0, 10), AT(0, 12));
}

static void test_hours_that_touch_are_announced_until_the_last_of_them_ends(void **state)
{
    (void)state;
    announce(AT(0, 1), AT(0, 14), AT(0, 16));
    announce(AT(0, 1), AT(0, 10), AT(0, 12));
    announce(AT(0, 1), AT(0, 12), AT(0, 13));
    announce(AT(0, 1), AT(0, 13) - 1, AT(0, 14));
    check_at(AT(0, 10), "unattended", AT(0, 10), AT(0, 16));
    check_at(AT(0, 16), "unattended", AT(0, 10), 0);
}

static void test_an_outage_is_told_from_other_hours(void **state)
{
    struct ol_presence p;

    (void)state;
    announce_as(++seq, OL_HOURS_OUTAGE, AT(0, 1), AT(0, 10), AT(0, 12));
    say(OL_DESK_LEFT, "", AT(0, 9));
    assert_int_equal(check_at(AT(0, 9), "unattended", AT(0, 9), 0).why, OL_WHY_LEFT);
    assert_false(ol_desk_is_out(&desk, AT(0, 10) - 1));
    p = check_at(AT(0, 10), "unattended", AT(0, 9), AT(0, 12));
    assert_int_equal(p.why, OL_WHY_OUTAGE);
    assert_true(ol_desk_is_out(&desk, AT(0, 10)) && ol_desk_is_out(&desk, AT(0, 12) - 1));
    assert_false(ol_desk_is_out(&desk, AT(0, 12)));
    assert_int_equal(check_at(AT(0, 12), "unattended", AT(0, 9), 0).why, OL_WHY_LEFT);
    announce(AT(0, 12), AT(0, 13), AT(0, 14));
    assert_int_equal(check_at(AT(0, 13), "unattended", AT(0, 9), AT(0, 14)).why, OL_WHY_ANNOUNCED);
}

static void test_weekly_hours_end_and_overrun(void **state)
{
    (void)state;
    say(OL_DESK_ATTENDED, "", AT(0, 7));
    weekly("mon-fri 0600-1800", AT(0, 8));
    check_at(AT(0, 18) - 1, "attended", AT(0, 7), 0);
    check_at(AT(0, 18), "unattended", AT(0, 18), AT(1, 6));
    check_at(AT(1, 6) - 1, "unattended", AT(0, 18), AT(1, 6));
    check_at(AT(1, 6), "unattended", AT(0, 18), 0);
    check_at(AT(4, 20), "unattended", AT(0, 18), AT(7, 6));
    say(OL_DESK_ATTENDED, "", AT(7, 6));
    check_at(AT(7, 6), "attended", AT(7, 6), 0);
}

static void test_who_attends_beyond_weekly_hours_is_there_until_they_end_next(void **state)
{
    (void)state;
    weekly("mon-fri 0600-1800", AT(0, 1));
    check_at(AT(0, 1), "unattended", AT(0, 1), AT(0, 6));
    say(OL_DESK_ATTENDED, "", AT(0, 20));
    check_at(AT(0, 20), "attended", AT(0, 20), 0);
    check_at(AT(1, 18) - 1, "attended", AT(0, 20), 0);
    check_at(AT(1, 18), "unattended", AT(1, 18), AT(2, 6));
}

static void test_weekly_hours_announced_outside_of_them_hold_at_once_and_can_be_taken_back(void **state)
{
    (void)state;
    say(OL_DESK_ATTENDED, "", AT(0, 3));
    weekly("mon-fri 0600-1800", AT(0, 4));
    check_at(AT(0, 4), "unattended", AT(0, 4), AT(0, 6));
    weekly("none", AT(0, 5));
    check_at(AT(0, 5), "attended", AT(0, 3), 0);
    check_at(AT(0, 23), "attended", AT(0, 3), 0);
}

static void test_an_absence_that_weekly_hours_follow_is_announced_until_they_begin(void **state)
{
    (void)state;
    weekly("mon-fri 0600-1800", AT(0, 6));
    say(OL_DESK_ATTENDED, "", AT(0, 6));
    announce(AT(0, 8), AT(0, 16), AT(0, 19));
    announce(AT(0, 8), AT(1, 6), AT(1, 8));
    check_at(AT(0, 16), "unattended", AT(0, 16), AT(1, 8));
}

static void test_around_the_clock_is_always_to_be_attended(void **state)
{
    (void)state;
    weekly("mon-sun 0000-2400", AT(0, 1));
    check_at(AT(3, 1), "unknown", 0, 0);
    say(OL_DESK_LEFT, "", AT(3, 1));
    check_at(AT(3, 2), "unattended", AT(3, 1), 0);
}

static void test_the_order_in_which_entries_come_changes_nothing(void **state)
{
    struct ol_presence p;

    (void)state;
    note(OL_KIND_DESK, 9, 3000, body_of(OL_DESK_ATTENDED, "second"));
    note(OL_KIND_DESK, 5, 2000, body_of(OL_DESK_LEFT, "first"));
    p = check_at(3000, "attended", 3000, 0);
    assert_true(ol_span_equal(ol_span("second", 6), p.role));
    seq = 20;
    weekly("mon 0600-1800", 3000);
    seq = 10;
    weekly("none", 3000);
    assert_int_equal(desk.weekly.hours.days, 1);
}

static void test_the_last_sixteen_absences_count_in_whatever_order_they_come(void **state)
{
    struct ol_desk forwards;
    static const struct ol_desk nothing;
    unsigned found = 0;

    (void)state;
    for (uint32_t i = 1; i <= 20; i++)
        announce_as(i, OL_HOURS_AWAY, 10, 1000 * i, 1000 * i + 500);
    forwards = desk;
    desk = nothing;
    for (uint32_t i = 20; i >= 1; i--)
        announce_as(i, OL_HOURS_AWAY, 10, 1000 * i, 1000 * i + 500);
    announce_as(12, OL_HOURS_AWAY, 10, 12000, 12500);
    for (size_t i = 0; i < OL_DESK_AWAYS; i++)
        for (size_t k = 0; k < OL_DESK_AWAYS; k++)
            found += memcmp(&forwards.away[i], &desk.away[k], sizeof desk.away[k]) == 0;
    assert_int_equal(found, OL_DESK_AWAYS);
    check_at(4100, "unknown", 0, 0);
    check_at(5100, "unattended", 5000, 5500);
    check_at(20100, "unattended", 5000, 20500);
}

static void test_bodies_that_do_not_read_and_other_kinds_change_nothing(void **state)
{
    static const struct ol_desk nothing;

    (void)state;
    note(OL_KIND_DESK, 1, 10, ol_span("\x81\x03", 2));
    note(OL_KIND_HOURS, 2, 10, ol_span("\x83\x00\x02\x01", 4));
    note(OL_KIND_CLOSE, 3, 10, ol_span("\x80", 1));
    assert_memory_equal(&nothing, &desk, sizeof desk);
}

static void test_times_at_the_end_of_time_are_endured(void **state)
{
    (void)state;
    weekly("sun 0000-0001", UINT32_MAX - 1);
    announce(5, UINT32_MAX - 10, UINT32_MAX);
    check_at(UINT32_MAX, "unattended", UINT32_MAX - 10, UINT32_MAX);
    say(OL_DESK_LEFT, "", UINT32_MAX);
    check_at(5, "unattended", UINT32_MAX, 3 * DAY);
}

static struct ol_presence said_at(uint32_t now, enum ol_presence_state said, uint32_t at)
{
    struct ol_presence p;

    ol_desk_said(&desk, now, said, at, &p);
    return p;
}

static void test_what_its_station_says_now_counts_until_a_later_entry_comes(void **state)
{
    struct ol_presence p;

    (void)state;
    p = said_at(10, OL_PRESENCE_UNATTENDED, 10);
    assert_true(p.state == OL_PRESENCE_UNATTENDED && p.since == 0 && p.why == OL_WHY_NONE);
    say(OL_DESK_ATTENDED, "deputy", 1000);
    p = said_at(1002, OL_PRESENCE_ATTENDED, 1001);
    assert_true(p.state == OL_PRESENCE_ATTENDED && p.since == 1000 && p.role.len == 6);
    p = said_at(1002, OL_PRESENCE_UNATTENDED, 1001);
    assert_true(p.state == OL_PRESENCE_UNATTENDED && p.since == 0 && p.role.len == 0);
    assert_int_equal(said_at(1002, OL_PRESENCE_UNATTENDED, 1000).state, OL_PRESENCE_ATTENDED);
    assert_int_equal(said_at(1002, OL_PRESENCE_UNKNOWN, 1001).state, OL_PRESENCE_UNKNOWN);
}

static void test_a_desk_of_which_nothing_is_heard_is_unknown_but_in_hours_that_were_announced(void **state)
{
    struct ol_presence p;

    (void)state;
    say(OL_DESK_ATTENDED, "deputy", AT(0, 8));
    p = said_at(AT(0, 9), OL_PRESENCE_UNKNOWN, 0);
    assert_true(p.state == OL_PRESENCE_UNKNOWN && p.since == AT(0, 8) && p.role.len == 6);
    announce(AT(0, 9), AT(0, 10), AT(0, 12));
    p = said_at(AT(0, 11), OL_PRESENCE_UNKNOWN, 0);
    assert_true(p.state == OL_PRESENCE_UNATTENDED && p.until == AT(0, 12) && p.why == OL_WHY_ANNOUNCED);
    p = said_at(AT(0, 12), OL_PRESENCE_UNKNOWN, 0);
    assert_true(p.state == OL_PRESENCE_UNKNOWN && p.since == AT(0, 10) && p.why == OL_WHY_OVERRUN);
}

static void test_states_and_reasons_have_their_names(void **state)
{
    (void)state;
    assert_null(ol_presence_why_name(OL_WHY_NONE));
    assert_string_equal(ol_presence_why_name(OL_WHY_OUTAGE), "outage");
    assert_string_equal(ol_desk_what_name(OL_DESK_UNANSWERED), "unanswered");
}

#define FOLD(test) cmocka_unit_test_setup(test, begin)

static void test_what_is_said_of_a_desk_has_a_name(void **state)
{
    (void)state;
    assert_string_equal("left", ol_desk_what_name(OL_DESK_LEFT));
    assert_string_equal("attended", ol_desk_what_name(OL_DESK_ATTENDED));
    assert_string_equal("unanswered", ol_desk_what_name(OL_DESK_UNANSWERED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_said_of_a_desk_has_a_name),
        cmocka_unit_test(test_an_entry_comes_back_as_written),
        cmocka_unit_test(test_every_prefix_flipped_bit_and_byte_too_many_of_an_entry_is_seen),
        cmocka_unit_test(test_what_is_no_word_of_a_role_does_not_read),
        cmocka_unit_test(test_what_its_station_says_now_counts_until_a_later_entry_comes),
        cmocka_unit_test(test_a_desk_of_which_nothing_is_heard_is_unknown_but_in_hours_that_were_announced),
        cmocka_unit_test(test_states_and_reasons_have_their_names),
        FOLD(test_a_desk_of_which_nothing_was_said_is_unknown),
        FOLD(test_attended_and_left_are_shown_with_since_when_and_by_whom),
        FOLD(test_a_desk_left_first_is_unattended_not_unknown),
        FOLD(test_announced_hours_leave_the_desk_unattended_from_their_first_second_to_their_last),
        FOLD(test_an_unknown_desk_is_unattended_when_its_hours_begin),
        FOLD(test_who_leaves_early_is_not_announced_until_the_hours_begin),
        FOLD(test_who_comes_back_early_is_there),
        FOLD(test_what_is_announced_within_its_own_hours_begins_with_its_entry),
        FOLD(test_of_two_entries_of_one_second_the_later_number_counts),
        FOLD(test_hours_that_touch_are_announced_until_the_last_of_them_ends),
        FOLD(test_an_outage_is_told_from_other_hours),
        FOLD(test_weekly_hours_end_and_overrun),
        FOLD(test_who_attends_beyond_weekly_hours_is_there_until_they_end_next),
        FOLD(test_weekly_hours_announced_outside_of_them_hold_at_once_and_can_be_taken_back),
        FOLD(test_an_absence_that_weekly_hours_follow_is_announced_until_they_begin),
        FOLD(test_around_the_clock_is_always_to_be_attended),
        FOLD(test_the_order_in_which_entries_come_changes_nothing),
        FOLD(test_the_last_sixteen_absences_count_in_whatever_order_they_come),
        FOLD(test_bodies_that_do_not_read_and_other_kinds_change_nothing),
        FOLD(test_times_at_the_end_of_time_are_endured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
