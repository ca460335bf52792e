/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/alarm_note.h"

#include "support.h"

static const struct ol_alarm_note nothing;

static struct ol_span text(const char *s)
{
    return ol_span(s, strlen(s));
}

static void test_every_kind_comes_back_as_written(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < OL_ALARM_KINDS; kind++) {
        const struct ol_alarm_note was = {.name = {.kind = (enum ol_alarm_kind)kind, .author = OL_ALARM_PATH, .seq = 15},
                                          .acknowledged = kind % 2 == 0, .raised = UINT32_MAX};
        struct ol_alarm_note is;
        uint8_t buf[OL_ALARM_NOTE_MAX];
        struct ol_wr w = ol_wr_to(buf, sizeof buf);

        ol_alarm_note_write(&was, &w);
        assert_false(w.full);
        CHECK_ERR(OL_OK, ol_alarm_note_read(ol_wr_span(&w), &is));
        assert_memory_equal(&was, &is, sizeof is);
    }
}

static void test_it_is_written_in_words(void **state)
{
    const struct ol_alarm_note n = {.name = {.kind = OL_ALARM_LINE_DOWN}, .acknowledged = true, .raised = 1795337905};
    uint8_t buf[OL_ALARM_NOTE_MAX];
    struct ol_wr w = ol_wr_to(buf, sizeof buf);

    (void)state;
    ol_alarm_note_write(&n, &w);
    assert_true(ol_span_equal(text("line_down acknowledged 1795337905"), ol_wr_span(&w)));
}

static void test_what_is_not_such_a_note_is_refused(void **state)
{
    static const char *const wrong[] = {
        "", " ", "line_down", "line_down acknowledged", "line_down acknowledged ", "line_down acknowledged x",
        "line_down acknowledged 07", "line_down acknowledged 4294967296", "line_down acknowledged 99999999999",
        "line_down acknowledged -1", "line_down seen 7", "none acknowledged 7", "line_down  acknowledged 7",
        "line_down acknowledged 7 ", "path_down acknowledged 7 16", "path_down acknowledged 7 1 1", "path_down over 7 x",
        " line_down acknowledged 7", "line_downacknowledged 7", "line_down acknowledged 7\n", "7 over line_down",
    };
    struct ol_alarm_note n;

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CHECK_ERR(OL_MALFORMED, ol_alarm_note_read(text(wrong[i]), &n));
        assert_memory_equal(&nothing, &n, sizeof n);
    }
}

static void test_every_prefix_and_flipped_bit_is_refused_or_says_something_else(void **state)
{
    char words[] = "path_down acknowledged 1795337905 3";
    struct ol_alarm_note was;
    struct ol_alarm_note is;

    (void)state;
    CHECK_ERR(OL_OK, ol_alarm_note_read(text(words), &was));
    for (size_t len = 0; len < sizeof words - 1; len++) {
        if (ol_alarm_note_read(ol_span(words, len), &is) == OL_OK)
            assert_memory_not_equal(&was, &is, sizeof is);
    }
    CHECK_ERR(OL_MALFORMED, ol_alarm_note_read(SPAN(words), &is)); /* with its NUL */
    for (size_t bit = 0; bit < 8 * (sizeof words - 1); bit++) {
        words[bit / 8] = (char)(words[bit / 8] ^ 1 << bit % 8);
        if (ol_alarm_note_read(text(words), &is) == OL_OK)
            assert_memory_not_equal(&was, &is, sizeof is);
        words[bit / 8] = (char)(words[bit / 8] ^ 1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_comes_back_as_written),
        cmocka_unit_test(test_it_is_written_in_words),
        cmocka_unit_test(test_what_is_not_such_a_note_is_refused),
        cmocka_unit_test(test_every_prefix_and_flipped_bit_is_refused_or_says_something_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
