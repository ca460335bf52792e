/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdlib.h>

#include "form/forms.h"

static const char small[] =
    "{\"code\":\"CALL\",\"title\":%W,\"marker\":\"question\",\"answer\":\"y\",\"precedence\":\"flash\","
    "\"handling\":\"open\",\"note\":%W,\"deadline\":{\"hours\":24,\"what\":\"before\",\"field\":1},\"fields\":["
    "{\"n\":1,\"name\":\"at\",\"type\":\"time\",\"required\":true,\"label\":%W,\"help\":%W,\"precision\":\"day\","
    "\"example\":\"2026-11-21\"},"
    "{\"n\":2,\"name\":\"speed\",\"type\":\"number\",\"required\":false,\"label\":%W,\"min\":-0.5,\"max\":40.5,"
    "\"decimals\":1,\"unit\":\"kn\",\"example\":\"12.5\"},"
    "{\"n\":3,\"name\":\"from\",\"type\":\"choice\",\"required\":false,\"label\":%W,\"choices\":["
    "{\"value\":\"LAND\",\"code\":1,\"label\":%W},{\"value\":\"SEA\",\"code\":2,\"label\":%W}]},"
    "{\"n\":4,\"name\":\"word\",\"type\":\"text\",\"required\":false,\"label\":%W,\"max\":20},"
    "{\"n\":5,\"name\":\"about\",\"type\":\"reference\",\"required\":false,\"label\":%W}]}";
#define WORDS "{\"en\":\"word\",\"zh\":\"z\",\"ru\":\"r\",\"ar\":\"a\",\"fr\":\"f\",\"es\":\"e\",\"pt-BR\":\"p\"}"

static char file[16384];

/* The small form with its words in, and the first `was` in it replaced. */
static struct ol_span with(const char *was, const char *is)
{
    static char filled[16384];
    char *at = filled;
    const char *found;

    for (const char *p = small; *p != '\0'; p++) {
        if (p[0] == '%' && p[1] == 'W') {
            at = stpcpy(at, WORDS);
            p++;
        } else {
            *at++ = *p;
        }
    }
    *at = '\0';
    found = strstr(filled, was);
    if (found == NULL)
        fail_msg("%s is not in the form", was);
    snprintf(file, sizeof file, "%.*s%s%s", (int)(found - filled), filled, is, found + strlen(was));
    return ol_span(file, strlen(file));
}

static void test_a_form_is_read_into_what_its_fields_hold_and_what_they_are_called(void **state)
{
    struct ol_form form;
    struct ol_fault f;

    (void)state;
    CHECK_ERR(OL_OK, ol_form_load(with("", ""), "CALL.json", &form, &f));
    assert_string_equal("CALL", form.code);
    assert_int_equal(5, form.n);
    assert_true(form.field[0].required && form.field[0].day && !form.field[1].required);
    assert_int_equal(-5, form.field[1].min);
    assert_int_equal(405, form.field[1].max);
    assert_string_equal("kn", form.field[1].unit);
    assert_int_equal(2, form.field[2].choices);
    assert_int_equal(20, form.field[3].max);
    assert_int_equal(64, form.field[4].max);
    assert_string_equal("word", ol_form_words(form.json, "title", "en"));
    assert_string_equal("z", ol_form_words(ol_form_field(&form, 2), "label", "zh-Hant-TW"));
    assert_string_equal("p", ol_form_words(ol_form_field(&form, 2), "label", "pt-BR"));
    assert_string_equal("word", ol_form_words(ol_form_field(&form, 2), "label", "pt"));
    assert_string_equal("", ol_form_words(ol_form_field(&form, 2), "help", "en"));
    assert_string_equal("r", ol_form_choice_words(&form, 3, &form.field[2].choice[1], "ru"));
    ol_form_free(&form);
}

/* Where the fault says it is. */
static const char *place(const struct ol_fault *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->name[i], "place") == 0)
            return f->value[i];
    return "";
}

static void test_a_bad_file_is_refused_with_the_place_of_its_fault(void **state)
{
    static const struct {
        const char *was;
        const char *is;
        const char *place;
    } cases[] = {
        {"\"code\":\"CALL\"", "\"code\":\"call\"", "code"},
        {"\"code\":\"CALL\"", "\"code\":\"C\"", "code"},
        {"\"code\":\"CALL\",", "", "code"},
        {"\"code\":\"CALL\"", "\"code\":\"CALL\",\"color\":1", "color"},
        {"\"question\"", "\"shout\"", "marker"},
        {"\"answer\":\"y\"", "\"answer\":\"maybe\"", "answer"},
        {"\"flash\"", "\"urgent\"", "precedence"},
        {"\"handling\":\"open\"", "\"handling\":\"Open!\"", "handling"},
        {"\"title\":" WORDS, "\"title\":\"word\"", "title"},
        {"\"fr\":\"f\",", "", "title"},
        {"\"en\":\"word\"", "\"en\":\"\"", "title"},
        {"\"en\":\"word\"", "\"en\":\"a\\nb\"", "title"},
        {"\"en\":\"word\"", "\"en\":\"a\\u202eb\"", "title"},
        {"pt-BR", "not a tag", "title"},
        {"\"hours\":24", "\"hours\":0", "deadline, hours"},
        {"\"what\":\"before\"", "\"what\":\"ever\"", "deadline, what"},
        {"\"field\":1", "\"field\":2", "deadline, field"},
        {"\"field\":1", "\"field\":6", "deadline, field"},
        {"\"field\":1", "\"feld\":1", "deadline, feld"},
        {"\"n\":1,", "\"n\":2,", "fields 1, n"},
        {"\"type\":\"time\"", "\"type\":\"date\"", "fields 1, type"},
        {"\"required\":true", "\"required\":1", "fields 1, required"},
        {"\"precision\":\"day\"", "\"precision\":\"year\"", "fields 1, precision"},
        {",\"example\":\"2026-11-21\"", "", "fields 1, example"},
        {"\"2026-11-21\"", "\"2026-11-31\"", "fields 1, example"},
        {"\"name\":\"speed\"", "\"name\":\"Speed\"", "fields 2, name"},
        {"\"name\":\"speed\"", "\"name\":\"at\"", "fields 2, name"},
        {"\"min\":-0.5,", "", "fields 2, min"},
        {"\"min\":-0.5", "\"min\":-0.55", "fields 2, min"},
        {"\"min\":-0.5", "\"min\":41", "fields 2, max"},
        {"\"max\":40.5", "\"max\":1e300", "fields 2, max"},
        {"\"decimals\":1", "\"decimals\":7", "fields 2, decimals"},
        {"\"unit\":\"kn\"", "\"unit\":\"a very long unit indeed\"", "fields 2, unit"},
        {"\"12.5\"", "\"12.50\"", "fields 2, example"},
        {"\"12.5\"", "\"41\"", "fields 2, example"},
        {"\"value\":\"SEA\"", "\"value\":\"LAND\"", "fields 3, choices 2, value"},
        {"\"value\":\"SEA\"", "\"value\":\"THE SEA\"", "fields 3, choices 2, value"},
        {"\"code\":2", "\"code\":1", "fields 3, choices 2, code"},
        {"\"code\":2", "\"code\":65536", "fields 3, choices 2, code"},
        {"\"max\":20", "\"max\":1001", "fields 4, max"},
        {"\"max\":20", "\"max\":20,\"unit\":\"m\"", "fields 4, unit"},
        {"\"name\":\"about\"", "\"name\":\"about\",\"max\":65", "fields 5, max"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ol_form form;
        struct ol_fault f;

        if (ol_form_load(with(cases[i].was, cases[i].is), "CALL.json", &form, &f) != OL_MALFORMED)
            fail_msg("%s is taken", cases[i].is);
        assert_string_equal("err.form.file", f.key);
        assert_string_equal(cases[i].place, place(&f));
        assert_null(form.json);
    }
}

static void test_what_is_not_json_is_refused(void **state)
{
    static const char *const cases[] = {"", "{", "[]x", "{\"code\":\"A\",\"code\":\"B\"}", "\xff"};
    struct ol_form form;
    struct ol_fault f;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_ERR(OL_MALFORMED, ol_form_load(ol_span(cases[i], strlen(cases[i])), "X.json", &form, &f));
        assert_string_equal("err.form.json", f.key);
    }
    CHECK_ERR(OL_MALFORMED, ol_form_load(ol_span("[]", 2), "X.json", &form, &f));
    assert_string_equal("err.form.file", f.key);
}

static void test_every_prefix_and_every_flip_of_a_file_gives_a_form_or_a_fault(void **state)
{
    size_t len = with("", "").len;
    struct ol_form form;
    struct ol_fault f;

    (void)state;
    for (size_t n = 0; n < len; n++)
        CHECK_ERR(OL_MALFORMED, ol_form_load(ol_span(file, n), "CALL.json", &form, &f));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        file[bit / 8] ^= (char)(1 << bit % 8);
        if (ol_form_load(ol_span(file, len), "CALL.json", &form, &f) == OL_OK)
            ol_form_free(&form);
        else
            assert_int_equal(OL_EXIT_USAGE, f.code);
        file[bit / 8] ^= (char)(1 << bit % 8);
    }
}

/* ---- Those that come with the programs ---- */

static void refused(void *ctx, const struct ol_fault *f)
{
    (void)ctx;
    fail_msg("%s: %s", f->key, place(f));
}

static void load_all(struct ol_forms *forms)
{
    CHECK_ERR(OL_OK, ol_forms_load(-1, forms, refused, NULL));
}

static void test_all_fifteen_come_with_the_programs(void **state)
{
    static const char *const codes[] = {"LAUNCH", "TREATY", "LISTING", "EXERCISE", "UNUSUAL",
                                        "INCIDENT", "HAZARD", "CONVOY", "SITE", "CYBER",
                                        "NUCLEAR", "DISTRESS", "VIOLATION", "LINETEST", "SIGNAL"};
    struct ol_forms forms;

    (void)state;
    load_all(&forms);
    assert_int_equal(COUNT(codes), forms.n);
    for (size_t i = 0; i < COUNT(codes); i++) {
        const struct ol_form *form = ol_forms_by_code(&forms, codes[i]);

        assert_non_null(form);
        assert_ptr_equal(form, ol_forms_by_hash(&forms, &form->hash));
    }
    assert_null(ol_forms_by_code(&forms, "NONE"));
    assert_null(ol_forms_by_hash(&forms, &(struct ol_hash){0}));
    ol_forms_free(&forms);
}

/* The body of a form filled with its examples: of all fields, or of those that must be filled. */
static size_t filled(const struct ol_form *form, bool all)
{
    static uint8_t items[OL_BODY_MAX];
    static uint8_t body[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(items, sizeof items);
    struct ol_wr out = ol_wr_to(body, sizeof body);
    struct ol_form_body b = {.number = 14};

    for (size_t n = 1; n <= form->n; n++) {
        const char *example = json_string_value(json_object_get(ol_form_field(form, n), "example"));
        size_t before = w.len;

        if (example == NULL || (!all && !form->field[n - 1].required))
            continue;
        assert_int_equal(OL_RIGHT, ol_field_read(&form->field[n - 1], ol_span(example, strlen(example)), &w));
        b.values.item[n - 1] = ol_span(items + before, w.len - before);
        b.values.n = n;
    }
    ol_form_write(&b, &out);
    assert_false(out.full);
    return out.len;
}

static void test_what_is_sent_in_a_hurry_is_small(void **state)
{
    static const struct {
        const char *code;
        size_t most;
        bool all;
    } sizes[] = {{"LAUNCH", 60, true}, {"CONVOY", 120, true}, {"SIGNAL", 8, false}};
    struct ol_forms forms;

    (void)state;
    load_all(&forms);
    for (size_t i = 0; i < forms.n; i++)
        print_message("%s: %zu bytes, all fields filled %zu\n", forms.known[i].form.code,
                      filled(&forms.known[i].form, false), filled(&forms.known[i].form, true));
    for (size_t i = 0; i < COUNT(sizes); i++)
        assert_true(filled(ol_forms_by_code(&forms, sizes[i].code), sizes[i].all) <= sizes[i].most);
    ol_forms_free(&forms);
}

static void test_the_code_book_has_at_least_forty_signals_of_two_bytes(void **state)
{
    struct ol_forms forms;
    const struct ol_form *signal;

    (void)state;
    load_all(&forms);
    signal = ol_forms_by_code(&forms, "SIGNAL");
    assert_int_equal(OL_FIELD_CHOICE, signal->field[0].type);
    assert_true(signal->field[0].choices >= 40);
    for (size_t i = 0; i < signal->field[0].choices; i++)
        assert_true(signal->field[0].choice[i].code > UINT8_MAX);
    ol_forms_free(&forms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_form_is_read_into_what_its_fields_hold_and_what_they_are_called),
        cmocka_unit_test(test_a_bad_file_is_refused_with_the_place_of_its_fault),
        cmocka_unit_test(test_what_is_not_json_is_refused),
        cmocka_unit_test(test_every_prefix_and_every_flip_of_a_file_gives_a_form_or_a_fault),
        cmocka_unit_test(test_all_fifteen_come_with_the_programs),
        cmocka_unit_test(test_what_is_sent_in_a_hurry_is_small),
        cmocka_unit_test(test_the_code_book_has_at_least_forty_signals_of_two_bytes),
    };

    if (ol_crypto_init() != OL_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
