/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "desk/agree.h"
#include "desk/alarm.h"
#include "desk/kind.h"

static struct ol_span text(const char *s)
{
    return ol_span(s, strlen(s));
}

/* Whatever reads is written again to the same bytes. */
static bool reads_times(struct ol_span data)
{
    uint8_t again[OL_TERMS_MAX];
    struct ol_wr w = ol_wr_to(again, sizeof again);
    struct ol_times t;

    if (ol_times_read(data, &t)) {
        assert_int_equal(0, t.s[0]);
        return false;
    }
    ol_times_write(&t, &w);
    assert_true(ol_span_equal(ol_wr_span(&w), data));
    return true;
}

/* As it stands, and not a byte more or less; and no bit of it stops the reader. */
static void check_data(bool (*reads)(struct ol_span data), struct ol_span data)
{
    uint8_t copy[OL_TERMS_MAX];

    assert_true(data.len < sizeof copy);
    memcpy(copy, data.p, data.len);
    copy[data.len] = 0;
    assert_true(reads(ol_span(copy, data.len)));
    assert_false(reads(ol_span(copy, data.len + 1)));
    for (size_t n = 0; n < data.len; n++)
        assert_false(reads(ol_span(copy, n)));
    for (size_t bit = 0; bit < 8 * data.len; bit++) {
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)reads(ol_span(copy, data.len));
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* The body of a proposal holds the data as they are. */
static void check_proposal(uint8_t topic, struct ol_span data)
{
    const struct ol_proposal p = {.topic = topic, .terms = data};
    uint8_t body[OL_TERMS_MAX + 16];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct ol_proposal back;

    ol_proposal_write(&p, &w);
    assert_false(w.full);
    assert_true(ol_body_readable(OL_KIND_PROPOSE, ol_wr_span(&w)));
    CHECK_ERR(OL_OK, ol_proposal_read(ol_wr_span(&w), &back));
    assert_true(ol_span_equal(data, back.terms));
    for (size_t n = 0; n < w.len; n++)
        CHECK_ERR(OL_MALFORMED, ol_proposal_read(ol_span(body, n), &back));
}

/* ---- Times ---- */

static void test_times_come_back_and_have_one_form(void **state)
{
    uint8_t data[OL_TERMS_MAX];
    struct ol_wr w = ol_wr_to(data, sizeof data);
    struct ol_times t;

    (void)state;
    ol_times_init(&t);
    t.s[OL_TIME_ONWARD] = OL_TIMES_MAX_S;
    t.role[0] = text("watch-two");
    t.role[3] = text("chief-of-staff");
    ol_times_write(&t, &w);
    check_data(reads_times, ol_wr_span(&w));
    check_proposal(OL_TOPIC_TIMES, ol_wr_span(&w));
}

static void test_a_time_of_zero_or_beyond_a_week_or_a_role_in_capitals_does_not_read(void **state)
{
    static const struct {
        const char *hex;
        bool reads;
    } cases[] = {
        {"8f" "01010101" "00000000" "000000" "60606060", true},
        {"8f" "01010101" "00000000" "00001a00093a80" "60606060", true}, /* a week */
        {"8f" "01010101" "00000000" "00001a00093a81" "60606060", false},
        {"8f" "00010101" "00000000" "000000" "60606060", false}, /* a FLASH in no time */
        {"8f" "01010100" "00000000" "000000" "60606060", false},
        {"8f" "01010101" "00000000" "000000" "60606141" "60", false}, /* a role in capitals */
        {"8e" "01010101" "00000000" "000000" "606060", false},
    };
    uint8_t data[64];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(cases[i].reads, reads_times(ol_span(data, unhex(cases[i].hex, data, sizeof data))));
}

static void test_without_an_agreement_the_times_are_those_of_every_line(void **state)
{
    struct ol_times t;

    (void)state;
    ol_times_init(&t);
    for (unsigned i = OL_ROUTINE; i <= OL_FLASH; i++) {
        assert_int_equal(ol_alarm_take_s((enum ol_precedence)i), ol_times_take(&t, (enum ol_precedence)i));
        assert_int_equal(0, ol_times_answer(&t, (enum ol_precedence)i));
    }
    for (uint8_t stage = OL_STAGE_DESK; stage < OL_STAGES; stage++)
        assert_int_equal(0, ol_times_onward(&t, stage));
    assert_string_equal("flash", ol_time_name(OL_TIME_TAKE));
    assert_string_equal("answer_routine", ol_time_name(OL_TIME_ANSWER + 3));
    assert_string_equal("unit", ol_time_name(OL_TIME_ONWARD + 2));
}

/* ---- Handling ---- */

static bool reads_handlings(struct ol_span data)
{
    uint8_t again[OL_TERMS_MAX];
    struct ol_wr w = ol_wr_to(again, sizeof again);
    struct ol_handlings t;

    if (ol_handlings_read(data, &t)) {
        assert_int_equal(OL_HANDLINGS_GIVEN, t.n);
        return false;
    }
    ol_handlings_write(&t, &w);
    assert_true(ol_span_equal(ol_wr_span(&w), data));
    return true;
}

static void test_words_of_handling_come_back_and_have_one_form(void **state)
{
    uint8_t data[OL_TERMS_MAX];
    struct ol_wr w = ol_wr_to(data, sizeof data);
    struct ol_handlings t;

    (void)state;
    ol_handlings_init(&t);
    t.row[t.n++] = (struct ol_handling){text("internal"), 0};
    t.row[t.n++] = (struct ol_handling){text("ministers-only"), OL_FORBIDS_FEED | OL_FORBIDS_FORWARD};
    ol_handlings_write(&t, &w);
    check_data(reads_handlings, ol_wr_span(&w));
    check_proposal(OL_TOPIC_HANDLING, ol_wr_span(&w));
}

static void test_words_that_are_none_or_stand_twice_or_are_every_lines_own_do_not_read(void **state)
{
    static const struct {
        const char *hex;
        bool reads;
    } cases[] = {
        {"82" "6161" "00", true},
        {"82" "6161" "07", true},
        {"82" "6161" "08", false},            /* what nobody knows */
        {"80", false},                        /* nothing */
        {"81" "6161", false},
        {"82" "6141" "00", false},            /* capitals */
        {"82" "60" "00", false},
        {"84" "6161" "00" "6161" "01", false}, /* twice */
        {"84" "6162" "00" "6161" "00", false}, /* not in order */
        {"84" "6161" "00" "626161" "00", true},
        {"84" "626161" "00" "6161" "00", false},
        {"82" "646f70656e" "07", false},      /* open, that it forbids all */
    };
    uint8_t data[64];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(cases[i].reads, reads_handlings(ol_span(data, unhex(cases[i].hex, data, sizeof data))));
}

static void test_as_many_words_as_fit_can_be_agreed_and_no_more(void **state)
{
    (void)state;
    for (size_t n = OL_HANDLINGS_AGREED; n <= OL_HANDLINGS_AGREED + 1; n++) {
        uint8_t data[OL_TERMS_MAX];
        struct ol_wr w = ol_wr_to(data, sizeof data);

        ol_wr_u8(&w, 0x98);
        ol_wr_u8(&w, (uint8_t)(2 * n));
        for (size_t i = 0; i < n; i++) {
            ol_wr_u8(&w, 0x78);
            ol_wr_u8(&w, OL_WORD_LEVEL);
            for (size_t at = 0; at < OL_WORD_LEVEL; at++)
                ol_wr_u8(&w, (uint8_t)(at == 0 ? 'a' + i / 26 : at == 1 ? 'a' + i % 26 : 'x'));
            ol_wr_u8(&w, 7);
        }
        assert_false(w.full);
        assert_int_equal(n <= OL_HANDLINGS_AGREED, reads_handlings(ol_wr_span(&w)));
    }
}

static void test_a_word_in_no_table_forbids_all_and_no_word_nothing(void **state)
{
    struct ol_handlings t;

    (void)state;
    ol_handlings_init(&t);
    for (unsigned bit = 0; bit < OL_FORBIDS; bit++) {
        enum ol_forbids what = (enum ol_forbids)(1u << bit);

        assert_false(ol_handling_forbids(&t, text(""), what));
        assert_false(ol_handling_forbids(&t, text("open"), what));
        assert_int_equal(what == OL_FORBIDS_PUBLISH, ol_handling_forbids(&t, text("not-for-publication"), what));
        assert_true(ol_handling_forbids(&t, text("addressee-only"), what));
        assert_true(ol_handling_forbids(&t, text("internal"), what));
        assert_int_equal(what, ol_forbids_of(text(ol_forbids_name(bit))));
    }
    assert_int_equal(0, ol_forbids_of(text("publication")));
    t.row[t.n++] = (struct ol_handling){text("internal"), OL_FORBIDS_FEED};
    assert_false(ol_handling_forbids(&t, text("internal"), OL_FORBIDS_FORWARD));
    assert_true(ol_handling_forbids(&t, text("internal"), OL_FORBIDS_FEED));
}

/* ---- Rate ---- */

static bool reads_rate(struct ol_span data)
{
    uint8_t again[16];
    struct ol_wr w = ol_wr_to(again, sizeof again);
    uint32_t n;

    if (ol_rate_read(data, &n)) {
        assert_int_equal(0, n);
        return false;
    }
    ol_rate_write(n, &w);
    assert_true(ol_span_equal(ol_wr_span(&w), data));
    return true;
}

static void test_a_rate_comes_back_and_is_neither_nothing_nor_beyond_its_limit(void **state)
{
    static const uint32_t rates[] = {1, 120, OL_RATE_MAX};
    uint8_t data[16];

    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++) {
        struct ol_wr w = ol_wr_to(data, sizeof data);

        ol_rate_write(rates[i], &w);
        check_data(reads_rate, ol_wr_span(&w));
        check_proposal(OL_TOPIC_RATE, ol_wr_span(&w));
    }
    assert_false(reads_rate(ol_span(data, unhex("00", data, sizeof data))));
    assert_false(reads_rate(ol_span(data, unhex("1a000f4241", data, sizeof data))));
}

static void test_each_minute_counts_anew_and_a_time_that_goes_back_in_the_minute_reached(void **state)
{
    static const struct {
        uint32_t time;
        uint32_t n;
    } signed_at[] = {{6000, 1}, {6059, 2}, {6060, 1}, {6000, 2}, {6061, 3}, {7000, 1}, {6061, 2}};
    struct ol_rate r = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(signed_at); i++)
        assert_int_equal(signed_at[i].n, ol_rate_count(&r, signed_at[i].time));
}

static void test_flash_and_service_pass_whatever_the_rate(void **state)
{
    const struct ol_message plain = {.text = text("x")};
    const struct ol_message service = {.text = text("x"), .level = text("service")};
    const struct ol_message servic = {.text = text("x"), .level = text("servic")};

    (void)state;
    for (unsigned i = OL_ROUTINE; i <= OL_FLASH; i++) {
        assert_int_equal(i != OL_FLASH, ol_rate_counts((uint8_t)(i << 6), &plain));
        assert_int_equal(i != OL_FLASH, ol_rate_counts((uint8_t)(i << 6), &servic));
        assert_false(ol_rate_counts((uint8_t)(i << 6), &service));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_come_back_and_have_one_form),
        cmocka_unit_test(test_a_time_of_zero_or_beyond_a_week_or_a_role_in_capitals_does_not_read),
        cmocka_unit_test(test_without_an_agreement_the_times_are_those_of_every_line),
        cmocka_unit_test(test_words_of_handling_come_back_and_have_one_form),
        cmocka_unit_test(test_words_that_are_none_or_stand_twice_or_are_every_lines_own_do_not_read),
        cmocka_unit_test(test_as_many_words_as_fit_can_be_agreed_and_no_more),
        cmocka_unit_test(test_a_word_in_no_table_forbids_all_and_no_word_nothing),
        cmocka_unit_test(test_a_rate_comes_back_and_is_neither_nothing_nor_beyond_its_limit),
        cmocka_unit_test(test_each_minute_counts_anew_and_a_time_that_goes_back_in_the_minute_reached),
        cmocka_unit_test(test_flash_and_service_pass_whatever_the_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
