/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/hours.h"

#include "desk/kind.h"
#include "support.h"

#define DAY 86400u
#define MONDAY (4u * DAY) /* 5 January 1970 */
#define AT(day, hour, minute) (MONDAY + (day) * DAY + (hour) * 3600u + (minute) * 60u)

static uint8_t bytes[128];

static struct ol_span body_of(const struct ol_hours *hours)
{
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    ol_hours_write(hours, &w);
    assert_false(w.full);
    return ol_wr_span(&w);
}

static bool is_same(const struct ol_hours *a, const struct ol_hours *b)
{
    return a->kind == b->kind && a->days == b->days && a->from == b->from && a->to == b->to &&
           ol_span_equal(a->reason, b->reason);
}

static const struct {
    struct ol_hours hours;
    const char *body;
} good[] = {
    {{OL_HOURS_AWAY, 0, 1, 2, {NULL, 0}}, "83000102"},
    {{OL_HOURS_AWAY, 0, 0, UINT32_MAX, {(const uint8_t *)"why", 3}}, "8400001affffffff63776879"},
    {{OL_HOURS_OUTAGE, 0, 256, 257, {(const uint8_t *)"x", 1}}, "84011901001901016178"},
    {{OL_HOURS_WEEKLY, 31, 360, 1080, {NULL, 0}}, "8402181f190168190438"},
    {{OL_HOURS_WEEKLY, 127, 1439, 1440, {NULL, 0}}, "8402187f19059f1905a0"},
    {{OL_HOURS_WEEKLY, 0, 0, 0, {NULL, 0}}, "8402000000"},
};

static void test_hours_come_back_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct ol_span body = body_of(&good[i].hours);
        struct ol_hours read;

        CHECK_HEX(good[i].body, body);
        assert_true(ol_body_readable(OL_KIND_HOURS, body));
        CHECK_ERR(OL_OK, ol_hours_read(body, &read));
        assert_true(is_same(&good[i].hours, &read));
    }
}

static void test_every_prefix_flipped_bit_and_byte_too_many_of_hours_is_seen(void **state)
{
    static const struct ol_hours zero;
    struct ol_hours read;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct ol_span body = body_of(&good[i].hours);

        for (size_t n = 0; n < body.len; n++) {
            CHECK_ERR(OL_MALFORMED, ol_hours_read(ol_span(body.p, n), &read));
            assert_true(is_same(&zero, &read));
        }
        bytes[body.len] = 0;
        CHECK_ERR(OL_MALFORMED, ol_hours_read(ol_span(body.p, body.len + 1), &read));
        for (size_t bit = 0; bit < 8 * body.len; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (ol_hours_read(body, &read) == OL_OK) {
                static uint8_t again[128];
                struct ol_wr w = ol_wr_to(again, sizeof again);

                ol_hours_write(&read, &w);
                assert_true(ol_span_equal(body, ol_wr_span(&w)));
            }
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void test_hours_that_end_before_they_begin_or_lie_outside_a_day_do_not_read(void **state)
{
    static const char *const bad[] = {
        "83000202", "83000201", "820001", "8500010261786178", "8400010260", "8400010201", "83030102", "8302180100",
        "840218800001", "8402011905a001", "8402010000", "8402011901001905a1", "8402000001", "8402000100",
        "850201010200",
        "84020101026178", "83001b000000010000000002", "8300021b0000000100000000", "80", "60", "a0",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint8_t body[32];
        size_t len = unhex(bad[i], body, sizeof body);
        struct ol_hours read;

        CHECK_ERR(OL_MALFORMED, ol_hours_read(ol_span(body, len), &read));
        assert_false(ol_body_readable(OL_KIND_HOURS, ol_span(body, len)));
    }
}

static void check_weekly(const char *given, const char *want)
{
    struct ol_hours hours;
    char text[64];
    struct ol_wr w = ol_wr_to(text, sizeof text - 1);

    CHECK_ERR(OL_OK, ol_weekly_read(ol_span(given, strlen(given)), &hours));
    ol_weekly_print(&hours, &w);
    text[w.len] = '\0';
    assert_string_equal(want, text);
}

static void test_weekly_hours_are_read_and_said_in_one_way(void **state)
{
    (void)state;
    check_weekly("mon-fri 0600-1800", "mon-fri 0600-1800");
    check_weekly("fri,mon 0000-2400", "mon,fri 0000-2400");
    check_weekly("sat-mon 2200-0600", "mon,sat-sun 2200-0600");
    check_weekly("mon,tue,thu-sun 1800-0000", "mon-tue,thu-sun 1800-2400");
    check_weekly("wed 0600-0600", "wed 0600-0600");
    check_weekly("none", "none");
}

static void test_what_is_no_weekly_hours_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "mon", "mon-fri", "mon-fri ", "mon-fri 0600", "mon-fri 0600-", "mon-fri 0600-180", "mon-fri 0600-18000",
        "mon-fri 0660-1800", "mon-fri 0600-2401", "mon-fri 2400-0600", "mon-fri 0600 1800", "mon--fri 0600-1800",
        "mon,,fri 0600-1800", ",mon 0600-1800", "mon, 0600-1800", "Mon 0600-1800", "moo 0600-1800", "mon  0600-1800",
        " mon 0600-1800", "mon 0600-1800 ", "none ", "0600-1800", "mon-fri 06:00-18:00", "mon 0600-180x",
    };
    struct ol_hours hours;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_ERR(OL_MALFORMED, ol_weekly_read(ol_span(bad[i], strlen(bad[i])), &hours));
    CHECK_ERR(OL_MALFORMED, ol_weekly_read(ol_span("mon\0 0600-1800", 14), &hours));
}

static struct ol_hours weekly(const char *text)
{
    struct ol_hours hours;

    CHECK_ERR(OL_OK, ol_weekly_read(ol_span(text, strlen(text)), &hours));
    return hours;
}

static void test_office_hours_end_and_begin_at_their_second(void **state)
{
    struct ol_hours h = weekly("mon-fri 0600-1800");

    (void)state;
    assert_false(ol_weekly_is_open(&h, AT(0, 6, 0) - 1));
    assert_true(ol_weekly_is_open(&h, AT(0, 6, 0)));
    assert_true(ol_weekly_is_open(&h, AT(4, 18, 0) - 1));
    assert_false(ol_weekly_is_open(&h, AT(4, 18, 0)));
    assert_false(ol_weekly_is_open(&h, AT(5, 12, 0)));
    assert_int_equal(ol_weekly_end(&h, AT(0, 6, 0)), AT(0, 18, 0));
    assert_int_equal(ol_weekly_end(&h, AT(0, 18, 0) - 1), AT(0, 18, 0));
    assert_int_equal(ol_weekly_end(&h, AT(0, 18, 0)), AT(1, 18, 0));
    assert_int_equal(ol_weekly_end(&h, AT(4, 20, 0)), AT(7, 18, 0));
    assert_int_equal(ol_weekly_begin(&h, AT(0, 6, 0) - 1), AT(0, 6, 0));
    assert_int_equal(ol_weekly_begin(&h, AT(0, 6, 0)), AT(1, 6, 0));
    assert_int_equal(ol_weekly_begin(&h, AT(4, 18, 0)), AT(7, 6, 0));
    assert_false(ol_weekly_is_open(&h, 0));
    assert_int_equal(ol_weekly_end(&h, 0), 18 * 3600);
}

static void test_night_hours_last_into_the_next_day_and_around_the_clock_never_end(void **state)
{
    struct ol_hours night = weekly("sun 2200-0600");
    struct ol_hours always = weekly("mon-sun 0000-2400");
    struct ol_hours shifted = weekly("mon-sun 0700-0700");
    struct ol_hours days = weekly("mon-tue 0000-2400");

    (void)state;
    assert_true(ol_weekly_is_open(&night, AT(6, 22, 0)));
    assert_true(ol_weekly_is_open(&night, AT(7, 5, 59)));
    assert_false(ol_weekly_is_open(&night, AT(7, 6, 0)));
    assert_int_equal(ol_weekly_end(&night, AT(6, 23, 0)), AT(7, 6, 0));
    assert_int_equal(ol_weekly_end(&night, AT(7, 1, 0)), AT(7, 6, 0));
    assert_int_equal(ol_weekly_end(&night, AT(7, 6, 0)), AT(14, 6, 0));
    for (unsigned hour = 0; hour < 7 * 24; hour++) {
        assert_true(ol_weekly_is_open(&always, AT(0, hour, 0)));
        assert_true(ol_weekly_is_open(&shifted, AT(0, hour, 0)));
        assert_int_equal(ol_weekly_end(&always, AT(0, hour, 0)) + ol_weekly_end(&shifted, AT(0, hour, 0)), 0);
    }
    assert_int_equal(ol_weekly_end(&days, AT(0, 12, 0)), AT(2, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hours_come_back_as_written),
        cmocka_unit_test(test_every_prefix_flipped_bit_and_byte_too_many_of_hours_is_seen),
        cmocka_unit_test(test_hours_that_end_before_they_begin_or_lie_outside_a_day_do_not_read),
        cmocka_unit_test(test_weekly_hours_are_read_and_said_in_one_way),
        cmocka_unit_test(test_what_is_no_weekly_hours_is_refused),
        cmocka_unit_test(test_office_hours_end_and_begin_at_their_second),
        cmocka_unit_test(test_night_hours_last_into_the_next_day_and_around_the_clock_never_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
