/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "cli/args.h"

static const struct ol_opt options[] = {
    {"home", 'C', "DIR", false, ""},
    {"json", 0, NULL, false, ""},
    {"path", 0, "SPEC", true, ""},
    {"precedence", 'p', "WORD", false, ""},
    {0},
};

static struct ol_args args;
static struct ol_fault fault;

/* Words end with a NULL. */
static enum ol_err read_words(char *const *words)
{
    int n = 0;

    while (words[n] != NULL)
        n++;
    return ol_args_read(n, words, options, &args, &fault);
}
#define READ(...) read_words((char *const[]){__VA_ARGS__, NULL})

static char json[] = "--json", p[] = "-p", flash[] = "flash", pflash[] = "-pflash", send_word[] = "send";
static char precedence[] = "--precedence", with_value[] = "--precedence=flash", end[] = "--",
            dash[] = "-";
static char unknown[] = "--preceden", unknown_letter[] = "-x", json_value[] = "--json=yes",
            path[] = "--path";
static char empty[] = "", empty_value[] = "--precedence=";

static void check_flash(enum ol_err err)
{
    CHECK_ERR(OL_OK, err);
    assert_string_equal(ol_args_value(&args, "precedence"), "flash");
    assert_int_equal(args.operands, 1);
    assert_string_equal(args.operand[0], "send");
}

static void test_options_stand_before_or_after_operands_and_in_every_form(void **state)
{
    (void)state;
    check_flash(READ(send_word, p, flash));
    check_flash(READ(p, flash, send_word));
    check_flash(READ(pflash, send_word));
    check_flash(READ(send_word, precedence, flash));
    check_flash(READ(with_value, send_word));
    assert_null(ol_args_value(&args, "json"));
    check_flash(READ(json, with_value, send_word));
    assert_string_equal(ol_args_value(&args, "json"), "");
}

static void test_two_hyphens_end_the_options_and_one_is_an_operand(void **state)
{
    (void)state;
    CHECK_ERR(OL_OK, READ(send_word, dash, empty, end, json, p, end));
    assert_int_equal(args.operands, 6);
    assert_string_equal(args.operand[1], "-");
    assert_string_equal(args.operand[2], "");
    assert_string_equal(args.operand[3], "--json");
    assert_string_equal(args.operand[5], "--");
    assert_int_equal(args.given, 0);
}

static void test_value_may_look_like_an_option_or_be_empty(void **state)
{
    (void)state;
    CHECK_ERR(OL_OK, READ(p, json));
    assert_string_equal(ol_args_value(&args, "precedence"), "--json");
    assert_null(ol_args_value(&args, "json"));
    CHECK_ERR(OL_OK, READ(empty_value));
    assert_string_equal(ol_args_value(&args, "precedence"), "");
}

static void check_fault(enum ol_err err, const char *key)
{
    CHECK_ERR(OL_MALFORMED, err);
    assert_string_equal(fault.key, key);
    assert_int_equal(fault.code, OL_EXIT_USAGE);
}

static void test_what_is_not_an_option_is_refused(void **state)
{
    (void)state;
    check_fault(READ(unknown, flash), "err.usage.unknown");
    check_fault(READ(unknown_letter), "err.usage.unknown");
    check_fault(READ(json_value), "err.usage.no_value");
    check_fault(READ(send_word, p), "err.usage.value");
    check_fault(READ(json, json), "err.usage.twice");
    check_fault(READ(pflash, with_value), "err.usage.twice");
}

static void test_option_for_many_values_keeps_them_in_order(void **state)
{
    const char *values[2] = {NULL, NULL};

    (void)state;
    CHECK_ERR(OL_OK, READ(path, flash, path, send_word, path, dash));
    assert_int_equal(ol_args_values(&args, "path", values, 2), 2);
    assert_string_equal(values[0], "flash");
    assert_string_equal(values[1], "send");
    assert_int_equal(args.operands, 0);
}

static void test_more_than_there_is_room_for_is_refused(void **state)
{
    char *words[2 * OL_GIVEN_MAX + 3] = {0};

    (void)state;
    for (size_t i = 0; i <= OL_OPERANDS_MAX; i++)
        words[i] = send_word;
    check_fault(read_words(words), "err.usage.operand");
    for (size_t i = 0; i < 2 * (OL_GIVEN_MAX + 1); i += 2) {
        words[i] = path;
        words[i + 1] = flash;
    }
    check_fault(read_words(words), "err.usage.many");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_stand_before_or_after_operands_and_in_every_form),
        cmocka_unit_test(test_two_hyphens_end_the_options_and_one_is_an_operand),
        cmocka_unit_test(test_value_may_look_like_an_option_or_be_empty),
        cmocka_unit_test(test_what_is_not_an_option_is_refused),
        cmocka_unit_test(test_option_for_many_values_keeps_them_in_order),
        cmocka_unit_test(test_more_than_there_is_room_for_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
