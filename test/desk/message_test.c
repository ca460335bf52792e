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

static struct ol_span act(uint8_t kind, uint32_t about, const char *words)
{
    struct ol_act a = {.kind = kind, .message = 7, .about = about, .text = text(words)};
    struct ol_wr w = ol_wr_to(buf, sizeof buf);

    ol_act_write(&a, &w);
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
    uint8_t copy[64];
    struct ol_message m;
    size_t len;

    (void)state;
    len = message("words", "launch", "en").len;
    memcpy(copy, buf, len);
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
        "a2016161046162",             /* a field this version does not know */
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

static const uint8_t kinds[] = {OL_KIND_TAKE, OL_KIND_READBACK, OL_KIND_CONFIRM, OL_KIND_CORRECT, OL_KIND_DECLINE};

static void test_acts_come_back_and_their_prefixes_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds; i++) {
        bool words = kinds[i] == OL_KIND_READBACK || kinds[i] == OL_KIND_CORRECT || kinds[i] == OL_KIND_DECLINE;
        uint32_t about = kinds[i] == OL_KIND_READBACK || kinds[i] == OL_KIND_CONFIRM ? 9 : 0;
        struct ol_span body = act(kinds[i], about, words ? "words" : "");
        struct ol_act a;

        CHECK_ERR(OL_OK, ol_act_read(kinds[i], body, &a));
        assert_int_equal(a.message, 7);
        assert_int_equal(a.about, about);
        assert_true(ol_span_equal(a.text, text(words ? "words" : "")));
        for (size_t n = 0; n < body.len; n++)
            CHECK_ERR(OL_MALFORMED, ol_act_read(kinds[i], ol_span(buf, n), &a));
        buf[body.len] = 0;
        CHECK_ERR(OL_MALFORMED, ol_act_read(kinds[i], ol_span(buf, body.len + 1), &a));
    }
}

static void test_a_decline_may_have_a_reason_or_none_and_a_readback_must_have_words(void **state)
{
    struct ol_act a;

    (void)state;
    CHECK_ERR(OL_OK, ol_act_read(OL_KIND_DECLINE, act(OL_KIND_DECLINE, 0, ""), &a));
    CHECK_ERR(OL_OK, ol_act_read(OL_KIND_DECLINE, act(OL_KIND_DECLINE, 0, "not now"), &a));
    CHECK_ERR(OL_MALFORMED, ol_act_read(OL_KIND_READBACK, act(OL_KIND_READBACK, 7, ""), &a));
    CHECK_ERR(OL_MALFORMED, ol_act_read(OL_KIND_TAKE, act(OL_KIND_TAKE, 0, "words"), &a));
}

/* The table of doc/protocol.md, written out once more. */
static void test_who_may_do_what_is_the_table(void **state)
{
    static const char *const allowed[] = {
        [OL_RELEASED] = "",          [OL_SENT] = "",      [OL_DELIVERED] = "TD", [OL_TAKEN] = "RXD",
        [OL_READ_BACK] = "CX",       [OL_CONFIRMED] = "", [OL_CORRECTED] = "RXD", [OL_DECLINED] = "",
    };
    static const char letters[] = "TRCXD"; /* take, readback, confirm, correct, decline */

    (void)state;
    for (unsigned s = OL_RELEASED; s <= OL_DECLINED; s++) {
        for (size_t k = 0; k < sizeof kinds; k++)
            assert_int_equal(ol_act_allowed(s, kinds[k]), strchr(allowed[s], letters[k]) != NULL);
        assert_false(ol_act_allowed(s, OL_KIND_MESSAGE)); /* is no act */
    }
}

static bool fold(struct ol_dialogue *d, uint8_t kind, uint32_t about, uint32_t seq)
{
    struct ol_act a = {.kind = kind, .message = 7, .about = about};

    return ol_dialogue_fold(d, &a, seq);
}

static void test_a_dialogue_from_take_to_confirm_with_a_correction(void **state)
{
    struct ol_dialogue d;

    (void)state;
    ol_dialogue_init(&d, 7);
    assert_false(fold(&d, OL_KIND_READBACK, 7, 1));
    assert_true(fold(&d, OL_KIND_TAKE, 0, 2));
    assert_true(fold(&d, OL_KIND_READBACK, 7, 3));
    assert_true(fold(&d, OL_KIND_CORRECT, 0, 8));
    assert_int_equal(d.state, OL_CORRECTED);
    assert_false(fold(&d, OL_KIND_READBACK, 7, 4)); /* of the text that no longer stands */
    assert_true(fold(&d, OL_KIND_READBACK, 8, 5));
    assert_false(fold(&d, OL_KIND_CONFIRM, 3, 9)); /* of the read-back before */
    assert_true(fold(&d, OL_KIND_CONFIRM, 5, 10));
    assert_int_equal(d.state, OL_CONFIRMED);
    assert_false(fold(&d, OL_KIND_DECLINE, 0, 6));
}

/* What crosses on the way ends the same whichever comes first in ladder order, so no side gains by its letter. */
static void test_acts_that_cross_end_the_same_in_both_orders(void **state)
{
    static const struct {
        uint8_t sender, receiver;
        uint32_t about;
    } crossing[] = {
        {OL_KIND_CORRECT, OL_KIND_READBACK, 7},
        {OL_KIND_CORRECT, OL_KIND_DECLINE, 0},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ol_dialogue one;
        struct ol_dialogue other;

        ol_dialogue_init(&one, 7);
        fold(&one, OL_KIND_TAKE, 0, 1);
        other = one;
        fold(&one, crossing[i].sender, 0, 8);
        fold(&one, crossing[i].receiver, crossing[i].about, 2);
        fold(&other, crossing[i].receiver, crossing[i].about, 2);
        fold(&other, crossing[i].sender, 0, 8);
        assert_int_equal(one.state, other.state);
        if (one.state != OL_DECLINED) /* then no text stands any more */
            assert_int_equal(one.version, other.version);
    }
}

static struct ol_row row(uint8_t author, uint32_t seq, uint32_t xseq, uint8_t flags, uint8_t marks)
{
    return (struct ol_row){.h = {.author = author, .seq = seq, .xseq = xseq, .flags = flags}, .marks = marks};
}

static void test_ladder_order_puts_what_is_named_first_and_otherwise_a(void **state)
{
    struct ol_row b = row('B', 5, 0, 0, 0);
    struct ol_row a;

    (void)state;
    a = row('A', 9, 4, 0, 0);
    assert_true(ol_ladder_a_first(&a, &b));
    a = row('A', 9, 5, 0, 0);
    assert_false(ol_ladder_a_first(&a, &b));
    a = row('A', 9, 6, 0, 0);
    assert_false(ol_ladder_a_first(&a, &b));
    a = row('A', 9, 6, OL_FLAG_ALONE, 0); /* names B6 and nothing else */
    assert_true(ol_ladder_a_first(&a, &b));
    a = row('A', 9, 5, OL_FLAG_ALONE, 0);
    assert_false(ol_ladder_a_first(&a, &b));
    a = row('A', 9, 5, 0, OL_ROW_CLAIM); /* a claim that is not so orders nothing */
    assert_true(ol_ladder_a_first(&a, &b));
}

static bool must_have_words(uint8_t kind)
{
    return kind == OL_KIND_READBACK || kind == OL_KIND_CORRECT;
}

static void test_an_act_is_found_under_the_message_it_is_about(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds; i++) {
        struct ol_row r = row('A', 3, 0, 0, 0);
        uint8_t author;
        uint32_t seq;

        r.h.kind = kinds[i];
        r.body = act(kinds[i], 0, must_have_words(kinds[i]) ? "w" : "");
        ol_message_refer(&r, &author, &seq);
        assert_int_equal(author, ol_act_is_senders(kinds[i]) ? 'A' : 'B');
        assert_int_equal(seq, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plain_text_is_a_bare_string_and_two_bytes_longer_at_100),
        cmocka_unit_test(test_subject_and_language_come_back),
        cmocka_unit_test(test_every_prefix_and_one_byte_more_of_a_message_is_refused_and_every_flip_has_one_form),
        cmocka_unit_test(test_odd_messages_are_refused),
        cmocka_unit_test(test_a_text_over_the_limit_is_refused),
        cmocka_unit_test(test_acts_come_back_and_their_prefixes_are_refused),
        cmocka_unit_test(test_a_decline_may_have_a_reason_or_none_and_a_readback_must_have_words),
        cmocka_unit_test(test_who_may_do_what_is_the_table),
        cmocka_unit_test(test_a_dialogue_from_take_to_confirm_with_a_correction),
        cmocka_unit_test(test_acts_that_cross_end_the_same_in_both_orders),
        cmocka_unit_test(test_ladder_order_puts_what_is_named_first_and_otherwise_a),
        cmocka_unit_test(test_an_act_is_found_under_the_message_it_is_about),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
