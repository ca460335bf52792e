/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdlib.h>

#include "lang/fault.h"

static const char *filled(const char *text, const struct ol_param *param, size_t n)
{
    static char out[256];
    struct ol_wr w = ol_wr_to(out, sizeof out - 1);

    ol_text_write(text, param, n, &w);
    out[w.len] = '\0';
    return out;
}

static void test_parameters_are_filled_in_wherever_they_stand(void **state)
{
    const struct ol_param param[] = {{"line", "north"}, {"id", "A12"}};

    (void)state;
    assert_string_equal(filled("{id} on {line}.", param, 2), "A12 on north.");
    assert_string_equal(filled("{id}{id}", param, 2), "A12A12");
    assert_string_equal(filled("nothing", param, 2), "nothing");
    assert_string_equal(filled("", param, 2), "");
}

static void test_parameter_that_is_not_given_stays(void **state)
{
    const struct ol_param param[] = {{"line", "north"}};

    (void)state;
    assert_string_equal(filled("{id} on {line} {", param, 1), "{id} on north {");
    assert_string_equal(filled("{{line}}", param, 1), "{north}");
}

static void test_value_is_not_read_as_a_text(void **state)
{
    const struct ol_param param[] = {{"a", "{b}"}, {"b", "secret"}};

    (void)state;
    assert_string_equal(filled("{a}", param, 2), "{b}");
}

static void test_unknown_key_has_no_text(void **state)
{
    (void)state;
    assert_null(ol_text("err.no_such_key"));
    assert_null(ol_text(""));
    assert_non_null(ol_text("err.memory"));
}

static void test_language_is_chosen_by_a_tag_whatever_follows_it(void **state)
{
    static const char *const tags[] = {"zh", "zh-Hans-CN", "zh_CN.UTF-8", "ZH", "ru_RU.UTF-8@x", "ar-EG", "fr", "es_MX"};
    const char *english = ol_text("err.memory");

    (void)state;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        assert_true(ol_text_speak(tags[i]));
        assert_string_not_equal(ol_text("err.memory"), english);
        assert_null(ol_text("err.no_such_key"));
        assert_true(ol_text_speak(i % 2 ? "C.UTF-8" : "POSIX"));
        assert_string_equal(ol_text("err.memory"), english);
    }
}

static void test_language_that_is_none_of_the_six_changes_nothing(void **state)
{
    static const char *const tags[] = {NULL, "", "-", "ja", "zho", "z", "_zh", "C1"};
    const char *chinese;

    (void)state;
    assert_true(ol_text_speak("zh"));
    chinese = ol_text("err.memory");
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        assert_false(ol_text_speak(tags[i]));
        assert_ptr_equal(ol_text("err.memory"), chinese);
    }
    assert_true(ol_text_speak("en"));
}

static void test_command_amid_arabic_reads_from_left_to_right_as_a_whole(void **state)
{
    (void)state;
    assert_true(ol_text_speak("ar"));
    assert_non_null(strstr(ol_text("say.init"), "\u2068openline -C {dir} card -o FILE\u2069"));
    assert_null(strstr(ol_text("status.seconds"), "\u2068"));
    assert_true(ol_text_speak("en"));
    assert_null(strstr(ol_text("say.init"), "\u2068"));
}

static void test_fault_keeps_the_end_of_a_long_value_and_whole_characters(void **state)
{
    struct ol_fault f;
    char value[3 * OL_FAULT_VALUE];

    (void)state;
    for (size_t i = 0; i + 3 < sizeof value; i += 3)
        memcpy(value + i, "\xe2\x82\xac", 4);
    ol_fault_set(&f, OL_EXIT_FAILED, "err.file.io", "file", value, "detail", "x", NULL);
    assert_int_equal(f.n, 2);
    assert_memory_equal(f.value[0], "...\xe2\x82\xac", 6);
    assert_string_equal(f.value[0] + 3, value + strlen(value) - strlen(f.value[0] + 3));
    assert_string_equal(f.value[1], "x");
}

static void test_fault_leaves_out_what_is_over_its_room(void **state)
{
    struct ol_fault f;
    struct ol_param param[OL_FAULT_PARAMS];

    (void)state;
    ol_fault_set(&f, OL_EXIT_USAGE, "err.memory", NULL);
    for (size_t i = 0; i < OL_FAULT_PARAMS + 2; i++)
        ol_fault_add(&f, "name", "value");
    assert_int_equal(ol_fault_params(&f, param), OL_FAULT_PARAMS);
}

static void test_a_text_is_said_in_another_language_than_the_chosen_one(void **state)
{
    const char *zh = "zh-Hans";
    const char *none = "tlh";

    (void)state;
    assert_true(ol_text_speak("fr"));
    assert_string_not_equal(ol_text_in(&zh, "test.text.1"), ol_text("test.text.1"));
    assert_string_equal(zh, "zh-Hans");
    assert_true(ol_text_speak("en"));
    assert_string_equal(ol_text_in(&none, "test.text.1"), ol_text("test.text.1"));
    assert_string_equal(none, "en");
    assert_null(ol_text_in(&zh, "no.such.key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters_are_filled_in_wherever_they_stand),
        cmocka_unit_test(test_parameter_that_is_not_given_stays),
        cmocka_unit_test(test_value_is_not_read_as_a_text),
        cmocka_unit_test(test_unknown_key_has_no_text),
        cmocka_unit_test(test_language_is_chosen_by_a_tag_whatever_follows_it),
        cmocka_unit_test(test_language_that_is_none_of_the_six_changes_nothing),
        cmocka_unit_test(test_command_amid_arabic_reads_from_left_to_right_as_a_whole),
        cmocka_unit_test(test_fault_keeps_the_end_of_a_long_value_and_whole_characters),
        cmocka_unit_test(test_fault_leaves_out_what_is_over_its_room),
        cmocka_unit_test(test_a_text_is_said_in_another_language_than_the_chosen_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
