/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/limits.h"
#include "desk/message.h"

static uint8_t buf[OL_BODY_MAX];

static struct ol_span text(const char *s)
{
    return ol_span(s, strlen(s));
}

static struct ol_span message(const char *words, const char *subject, const char *lang)
{
    struct ol_message m = {.text = text(words), .subject = text(subject), .lang = text(lang)};
    struct ol_wr w = ol_wr_to(buf, sizeof buf);

    ol_message_write(&m, &w);
    assert_false(w.full);
    return ol_wr_span(&w);
}

static void test_a_plain_text_is_a_bare_string_and_two_bytes_longer_at_100(void **state)
{
    char hundred[101];
    struct ol_message m;

    (void)state;
    memset(hundred, 'x', 100);
    hundred[100] = 0;
    assert_int_equal(message(hundred, "", "").len, 102);
    CHECK_ERR(OL_OK, ol_message_read(message("abc", "", ""), &m));
    assert_true(ol_span_equal(m.text, text("abc")));
    assert_int_equal(m.subject.len + m.lang.len, 0);
}

static void test_subject_and_language_come_back(void **state)
{
    static const char *const cases[][2] = {{"s", ""}, {"", "zh"}, {"launch", "en-GB"}};
    struct ol_message m;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        CHECK_ERR(OL_OK, ol_message_read(message("words", cases[i][0], cases[i][1]), &m));
        assert_true(ol_span_equal(m.text, text("words")));
        assert_true(ol_span_equal(m.subject, text(cases[i][0])));
        assert_true(ol_span_equal(m.lang, text(cases[i][1])));
    }
}

static const struct ol_message full = {
    .text = {(const uint8_t *)"words", 5}, .subject = {(const uint8_t *)"launch", 6}, .lang = {(const uint8_t *)"en", 2},
    .marker = OL_INTENTION, .answer = OL_CLASS_WU, .standing = OL_NON_PAPER, .re = {'B', 70000}, .cancels = 300,
    .level = {(const uint8_t *)"military", 8}, .to = {(const uint8_t *)"duty-officer", 12},
    .ref = {(const uint8_t *)"12-34/AB", 8}, .handling = {(const uint8_t *)"addressee-only", 14},
    .by = {(const uint8_t *)"release", 7},
};

static void test_all_that_a_message_can_say_comes_back(void **state)
{
    struct ol_wr w = ol_wr_to(buf, sizeof buf);
    struct ol_message m;

    (void)state;
    ol_message_write(&full, &w);
    CHECK_ERR(OL_OK, ol_message_read(ol_wr_span(&w), &m));
    assert_true(ol_span_equal(m.text, full.text) && ol_span_equal(m.subject, full.subject));
    assert_true(ol_span_equal(m.level, full.level) && ol_span_equal(m.to, full.to));
    assert_true(ol_span_equal(m.ref, full.ref) && ol_span_equal(m.handling, full.handling));
    assert_true(ol_span_equal(m.by, full.by));
    assert_int_equal(m.marker, OL_INTENTION);
    assert_int_equal(m.answer, OL_CLASS_WU);
    assert_int_equal(m.standing, OL_NON_PAPER);
    assert_int_equal(m.re.author, 'B');
    assert_int_equal(m.re.seq, 70000);
    assert_int_equal(m.corrects, 0);
    assert_int_equal(m.cancels, 300);
}

static void test_names_of_markers_classes_and_standings_lead_back_to_them(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < OL_MARKERS; i++)
        assert_int_equal(ol_marker_of(ol_marker_name(i)), i);
    for (uint8_t i = 0; i < OL_CLASSES; i++)
        assert_int_equal(ol_class_of(ol_class_name(i)), i);
    for (uint8_t i = 0; i < OL_STANDINGS; i++)
        assert_int_equal(ol_standing_of(ol_standing_name(i)), i);
    assert_int_equal(ol_marker_of("order"), -1);
    assert_int_equal(ol_class_of(NULL), -1);
    assert_int_equal(ol_standing_of(""), -1);
}

static void test_a_word_is_small_letters_digits_and_hyphens(void **state)
{
    (void)state;
    assert_true(ol_word_valid(text("track-15")));
    assert_false(ol_word_valid(text("")));
    assert_false(ol_word_valid(text("Track")));
    assert_false(ol_word_valid(text("a b")));
    assert_false(ol_word_valid(text("\xc3\xa9t\xc3\xa9")));
}

/* Whatever is read can be written again to the same bytes: there is one form of each body. */
static void check_one_form(struct ol_span body)
{
    uint8_t again[256];
    struct ol_wr w = ol_wr_to(again, sizeof again);
    struct ol_message m;

    if (ol_message_read(body, &m))
        return;
    ol_message_write(&m, &w);
    assert_true(ol_span_equal(ol_wr_span(&w), body));
}

static void test_every_prefix_and_one_byte_more_of_a_message_is_refused_and_every_flip_has_one_form(void **state)
{
    uint8_t copy[128];
    struct ol_message m;
    size_t len;
    struct ol_wr w = ol_wr_to(copy, sizeof copy);

    (void)state;
    ol_message_write(&full, &w);
    assert_false(w.full);
    len = w.len;
    for (size_t n = 0; n < len; n++)
        CHECK_ERR(OL_MALFORMED, ol_message_read(ol_span(copy, n), &m));
    copy[len] = 0;
    CHECK_ERR(OL_MALFORMED, ol_message_read(ol_span(copy, len + 1), &m));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        check_one_form(ol_span(copy, len));
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_odd_messages_are_refused(void **state)
{
    static const char *const odd[] = {
        "60",                         /* an empty text */
        "a0",                         /* a map of nothing */
        "a1016161",                   /* a map that says no more than a text */
        "a201616103626e21",           /* no language tag */
        "a20161610260",               /* an empty subject */
        "a20161610f6162",             /* a field this version does not know */
        "a20161610400",               /* says what a bare text says: INFORMATION */
        "a20161610408",               /* no marker */
        "a20161610500",               /* says what a bare text says: answer R */
        "a20161610505",               /* no class of answer */
        "a20161610601",               /* entry 0 of B */
        "a2016161061b0000000200000000", /* a number above 2^32 */
        "a301616107020803",           /* corrects and cancels */
        "a20161610960",               /* an empty level */
        "a20161610b07",               /* no standing */
        "a202616203626565",           /* no text */
        "a301616102616203626e6e00",   /* something behind it */
        "01",
        "80",
    };
    struct ol_message m;

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        uint8_t bytes[64];
        size_t len = strlen(odd[i]) / 2;

        for (size_t n = 0; n < len; n++)
            sscanf(odd[i] + 2 * n, "%2hhx", &bytes[n]);
        CHECK_ERR(OL_MALFORMED, ol_message_read(ol_span(bytes, len), &m));
    }
}

static void test_a_text_over_the_limit_is_refused(void **state)
{
    static uint8_t body[OL_TEXT_MAX + 8];
    struct ol_message m;

    (void)state;
    for (uint32_t len = OL_TEXT_MAX; len <= OL_TEXT_MAX + 1; len++) {
        struct ol_wr w = ol_wr_to(body, sizeof body);

        ol_wr_u8(&w, 0x79);
        ol_wr_u16(&w, (uint16_t)len);
        memset(body + 3, 'x', len);
        CHECK_ERR(len == OL_TEXT_MAX ? OL_OK : OL_MALFORMED, ol_message_read(ol_span(body, 3 + len), &m));
    }
}

static void check_no_form(const char *hex)
{
    uint8_t bytes[64];
    struct ol_message m;

    CHECK_ERR(OL_MALFORMED, ol_meaning_read(OL_KIND_FORM, ol_span(bytes, unhex(hex, bytes, sizeof bytes)), &m));
    assert_int_equal(0, m.marker + m.answer + m.subject.len);
}

static void test_a_form_says_how_it_is_meant_in_a_map_at_its_end(void **state)
{
    static const uint8_t body[] = {0x83, 0x03, 0x05, 0xa2, 0x02, 0x61, 's', 0x05, 0x03};
    const struct ol_message meant = {.answer = OL_CLASS_Y, .subject = text("s")};
    struct ol_wr w = ol_wr_to(buf, sizeof buf);
    struct ol_message m;

    (void)state;
    ol_meaning_write(&(struct ol_message){0}, &w);
    assert_int_equal(0, w.len);
    ol_meaning_write(&meant, &w);
    CHECK_HEX("a202617305" "03", ol_wr_span(&w));
    CHECK_ERR(OL_OK, ol_meaning_read(OL_KIND_FORM, SPAN(body), &m));
    assert_int_equal(OL_CLASS_Y, m.answer);
    assert_true(ol_span_equal(m.subject, meant.subject) && m.text.len == 0);
    CHECK_ERR(OL_OK, ol_meaning_read(OL_KIND_FORM, ol_span("\x82\x03\x05", 3), &m));
    assert_int_equal(OL_CLASS_R, m.answer);
    CHECK_ERR(OL_OK, ol_meaning_read(OL_KIND_MESSAGE, ol_span("\x61x", 2), &m));
    assert_int_equal(1, m.text.len);
    for (size_t n = 0; n < sizeof body; n++)
        CHECK_ERR(OL_MALFORMED, ol_meaning_read(OL_KIND_FORM, ol_span(body, n), &m));
    check_no_form("830305" "a0");         /* a map that says nothing */
    check_no_form("830305" "a1016178");   /* a form has no text */
    check_no_form("830305" "a10500");     /* as in a bare text */
    check_no_form("830305" "a1050300");   /* more behind it */
    check_no_form("830305" "a10f6178");   /* no such key */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plain_text_is_a_bare_string_and_two_bytes_longer_at_100),
        cmocka_unit_test(test_subject_and_language_come_back),
        cmocka_unit_test(test_all_that_a_message_can_say_comes_back),
        cmocka_unit_test(test_names_of_markers_classes_and_standings_lead_back_to_them),
        cmocka_unit_test(test_a_word_is_small_letters_digits_and_hyphens),
        cmocka_unit_test(test_every_prefix_and_one_byte_more_of_a_message_is_refused_and_every_flip_has_one_form),
        cmocka_unit_test(test_odd_messages_are_refused),
        cmocka_unit_test(test_a_text_over_the_limit_is_refused),
        cmocka_unit_test(test_a_form_says_how_it_is_meant_in_a_map_at_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
