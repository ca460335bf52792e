/* SPDX-License-Identifier: Apache-2.0 */
#include "form/form.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "crypto/hash.h"
#include "desk/message.h"
#include "wire/card.h"

#define TITLE_MAX 160u
#define HELP_MAX 480u
#define VALUE_MAX 24u
#define UNIT_MAX 16u
#define REFERENCE_MAX 64u
#define STEPS_MAX 9007199254740992.0 /* 2^53: what a JSON number tells apart */

/* Where in which file. */
struct reader {
    const char *file;
    struct ol_fault *f;
    char place[96];
};

static bool refuse(const struct reader *r, const char *name, const char *why)
{
    char place[160];

    snprintf(place, sizeof place, "%s%s%s", r->place, *r->place != '\0' ? ", " : "", name);
    ol_fault_set(r->f, OL_EXIT_USAGE, "err.form.file", "file", r->file, "place", place, "why", ol_text(why), NULL);
    return false;
}

__attribute__((format(printf, 2, 3))) static void enter(struct reader *r, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(r->place, sizeof r->place, format, list);
    va_end(list);
}

/* ---- The shape of an object ---- */

/* Whether a word stands in a list of words with a space after each. */
static bool is_listed(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (; *list != '\0'; list += strcspn(list, " ") + 1)
        if (strncmp(list, word, len) == 0 && list[len] == ' ')
            return true;
    return false;
}

static bool has_all(const struct reader *r, const json_t *object, const char *needed)
{
    for (const char *at = needed; *at != '\0'; at += strcspn(at, " ") + 1) {
        char name[16] = "";

        memcpy(name, at, strcspn(at, " "));
        if (json_object_get(object, name) == NULL)
            return refuse(r, name, "form.why.missing");
    }
    return true;
}

/* All that is needed, and nothing that is neither needed nor may be. */
static bool check_members(const struct reader *r, const json_t *object, const char *needed, const char *may)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return refuse(r, "{}", "form.why.missing");
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        if (!is_listed(needed, key) && !is_listed(may, key))
            return refuse(r, key, "form.why.unknown");
    }
    return has_all(r, object, needed);
}

static bool check_word(const struct reader *r, const json_t *object, const char *name, const char *words)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL || (json_is_string(value) && is_listed(words, json_string_value(value))))
        return true;
    return refuse(r, name, "form.why.word");
}

static bool is_made_of(const char *text, const char *first, const char *then, size_t least, size_t most)
{
    size_t len = text != NULL ? strlen(text) : 0;

    return len >= least && len <= most && strchr(first, *text) != NULL && strspn(text, then) == len;
}

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* ---- Words in languages ---- */

static bool is_line(const json_t *value, size_t max)
{
    const struct ol_field field = {.type = OL_FIELD_TEXT, .max = (int64_t)max};
    uint8_t item[OL_FORM_LINE_MAX + 8];
    struct ol_wr w = ol_wr_to(item, sizeof item);

    return json_is_string(value) &&
           ol_field_read(&field, ol_span(json_string_value(value), json_string_length(value)), &w) == OL_RIGHT;
}

static bool check_words(const struct reader *r, const json_t *object, const char *name, size_t max)
{
    static const char *const languages[] = {"en", "zh", "ru", "ar", "fr", "es"};
    const json_t *words = json_object_get(object, name);
    const char *tag;
    json_t *text;

    if (words == NULL)
        return true;
    if (!json_is_object(words))
        return refuse(r, name, "form.why.languages");
    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++)
        if (json_object_get(words, languages[i]) == NULL)
            return refuse(r, name, "form.why.languages");
    json_object_foreach((json_t *)(uintptr_t)words, tag, text) {
        if (!ol_lang_valid(ol_span(tag, strlen(tag))))
            return refuse(r, name, "form.why.languages");
        if (!is_line(text, max))
            return refuse(r, name, "form.why.line");
    }
    return true;
}

const char *ol_form_words(const json_t *object, const char *name, const char *lang)
{
    const json_t *words = json_object_get(object, name);
    char begin[OL_LANG_MAX + 1];
    const char *text = json_string_value(json_object_get(words, lang));

    if (text == NULL) {
        snprintf(begin, sizeof begin, "%.*s", (int)strcspn(lang, "-"), lang);
        text = json_string_value(json_object_get(words, begin));
    }
    if (text == NULL)
        text = json_string_value(json_object_get(words, "en"));
    return text != NULL ? text : "";
}

/* ---- Fields ---- */

static const char *const type_names[] = {"text", "number", "time", "position", "area", "choice", "reference"};

/* What a field of each type has besides what every field has. */
static const struct {
    const char *needed;
    const char *may;
} members_of[] = {
    [OL_FIELD_TEXT] = {"max ", ""},
    [OL_FIELD_NUMBER] = {"min max ", "unit decimals "},
    [OL_FIELD_TIME] = {"", "precision "},
    [OL_FIELD_POSITION] = {"", ""},
    [OL_FIELD_AREA] = {"", ""},
    [OL_FIELD_CHOICE] = {"choices ", ""},
    [OL_FIELD_REFERENCE] = {"", "max "},
};
#define OF_EVERY_FIELD "n name type required label "
#define OF_ANY_FIELD "help example "

static bool type_of(const char *name, enum ol_field_type *type)
{
    for (unsigned i = 0; name != NULL && i < sizeof type_names / sizeof type_names[0]; i++) {
        if (strcmp(name, type_names[i]) == 0) {
            *type = (enum ol_field_type)i;
            return true;
        }
    }
    return false;
}

/* An integer from least to most; when it is not there, `otherwise`. */
static bool read_integer(const struct reader *r, const json_t *object, const char *name, json_int_t least,
                         json_int_t most, json_int_t *out)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL)
        return true;
    *out = json_integer_value(value);
    if (json_is_integer(value) && *out >= least && *out <= most)
        return true;
    return refuse(r, name, "form.why.range");
}

/* A number of the file, times 10^decimals: whole then. */
static bool read_steps(const struct reader *r, const json_t *object, const char *name, unsigned decimals, int64_t *out)
{
    const json_t *value = json_object_get(object, name);
    double steps = json_number_value(value) * pow(10, decimals);

    if (!json_is_number(value) || fabs(steps) > STEPS_MAX || fabs(steps - round(steps)) > 1e-6)
        return refuse(r, name, "form.why.range");
    *out = (int64_t)llround(steps);
    return true;
}

static bool read_number_field(const struct reader *r, const json_t *object, struct ol_field *field)
{
    json_int_t decimals = 0;
    const json_t *unit = json_object_get(object, "unit");

    if (!read_integer(r, object, "decimals", 0, 6, &decimals))
        return false;
    field->decimals = (uint8_t)decimals;
    if (!read_steps(r, object, "min", field->decimals, &field->min) ||
        !read_steps(r, object, "max", field->decimals, &field->max))
        return false;
    if (field->max < field->min || (double)field->max - (double)field->min > STEPS_MAX)
        return refuse(r, "max", "form.why.range");
    if (unit != NULL && !is_line(unit, UNIT_MAX))
        return refuse(r, "unit", "form.why.line");
    field->unit = json_string_value(unit);
    return true;
}

static bool read_choice(struct reader *r, const json_t *object, struct ol_field *field, struct ol_choice *choice)
{
    json_int_t code = 0;

    if (!check_members(r, object, "value code label ", "") ||
        !read_integer(r, object, "code", 0, UINT16_MAX, &code) || !check_words(r, object, "label", TITLE_MAX))
        return false;
    choice->code = (uint16_t)code;
    choice->value = json_string_value(json_object_get(object, "value"));
    if (!is_made_of(choice->value, UPPER LOWER DIGITS, UPPER LOWER DIGITS "_.-", 1, VALUE_MAX))
        return refuse(r, "value", "form.why.word");
    for (size_t i = 0; i < field->choices; i++) {
        if (field->choice[i].code == choice->code)
            return refuse(r, "code", "form.why.twice");
        if (strcmp(field->choice[i].value, choice->value) == 0)
            return refuse(r, "value", "form.why.twice");
    }
    return true;
}

static bool read_choices(struct reader *r, const json_t *object, struct ol_field *field)
{
    const json_t *list = json_object_get(object, "choices");
    size_t n = json_array_size(list);
    struct ol_choice *choice;

    if (n == 0 || n > OL_FORM_CHOICES)
        return refuse(r, "choices", "form.why.range");
    choice = calloc(n, sizeof *choice);
    field->choice = choice;
    if (choice == NULL)
        return refuse(r, "choices", "err.station.memory");
    for (; field->choices < n; field->choices++) {
        json_int_t number = json_integer_value(json_object_get(object, "n"));

        enter(r, "fields %d, choices %zu", (int)number, field->choices + 1);
        if (!read_choice(r, json_array_get(list, field->choices), field, &choice[field->choices]))
            return false;
    }
    return true;
}

static bool read_type(struct reader *r, const json_t *object, struct ol_field *field)
{
    json_int_t max = field->type == OL_FIELD_TEXT ? (json_int_t)OL_FORM_LINE_MAX : (json_int_t)REFERENCE_MAX;

    switch (field->type) {
    case OL_FIELD_NUMBER:
        return read_number_field(r, object, field);
    case OL_FIELD_CHOICE:
        return read_choices(r, object, field);
    case OL_FIELD_TIME:
        field->day = json_object_get(object, "precision") != NULL &&
                     strcmp(json_string_value(json_object_get(object, "precision")), "day") == 0;
        return true;
    default:
        if (!read_integer(r, object, "max", 1, max, &max))
            return false;
        field->max = max;
        return true;
    }
}

/* An example is what send takes, spelled as show prints it. */
static bool check_example(const struct reader *r, const json_t *object, const struct ol_field *field)
{
    const json_t *value = json_object_get(object, "example");
    struct ol_span example = ol_span(json_string_value(value), json_string_length(value));
    uint8_t item[OL_FORM_LINE_MAX + 8];
    uint8_t line[2 * OL_FORM_LINE_MAX];
    struct ol_wr w = ol_wr_to(item, sizeof item);
    struct ol_wr out = ol_wr_to(line, sizeof line);

    if (value == NULL)
        return !field->required || refuse(r, "example", "form.why.missing");
    if (ol_field_read(field, example, &w) || ol_field_print(field, ol_wr_span(&w), &out) ||
        !ol_span_equal(ol_wr_span(&out), example))
        return refuse(r, "example", "form.why.example");
    return true;
}

static bool read_field(struct reader *r, const json_t *object, size_t n, struct ol_field *field)
{
    json_int_t number = 0;
    char may[96];

    enter(r, "fields %zu", n);
    if (!type_of(json_string_value(json_object_get(object, "type")), &field->type))
        return refuse(r, "type", "form.why.word");
    snprintf(may, sizeof may, OF_ANY_FIELD "%s%s", members_of[field->type].needed, members_of[field->type].may);
    if (!check_members(r, object, OF_EVERY_FIELD, may) || !has_all(r, object, members_of[field->type].needed))
        return false;
    if (!read_integer(r, object, "n", (json_int_t)n, (json_int_t)n, &number))
        return false;
    if (!is_made_of(json_string_value(json_object_get(object, "name")), LOWER, LOWER DIGITS "_", 1, 32))
        return refuse(r, "name", "form.why.word");
    if (!json_is_boolean(json_object_get(object, "required")))
        return refuse(r, "required", "form.why.word");
    field->required = json_is_true(json_object_get(object, "required"));
    if (!check_words(r, object, "label", TITLE_MAX) || !check_words(r, object, "help", HELP_MAX) ||
        !check_word(r, object, "precision", "second day ") || !read_type(r, object, field))
        return false;
    enter(r, "fields %zu", n);
    return check_example(r, object, field);
}

static bool check_names(struct reader *r, const json_t *fields)
{
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *name = json_object_get(json_array_get(fields, i), "name");

        enter(r, "fields %zu", i + 1);
        for (size_t k = 0; k < i; k++)
            if (json_equal(name, json_object_get(json_array_get(fields, k), "name")))
                return refuse(r, "name", "form.why.twice");
    }
    return true;
}

static bool read_fields(struct reader *r, struct ol_form *form)
{
    const json_t *fields = json_object_get(form->json, "fields");
    size_t n = json_array_size(fields);

    if (n == 0 || n > OL_FORM_FIELDS)
        return refuse(r, "fields", "form.why.range");
    while (form->n < n) {
        size_t i = form->n++;

        if (!read_field(r, json_array_get(fields, i), i + 1, &form->field[i]))
            return false;
    }
    return check_names(r, fields);
}

/* ---- The form ---- */

static bool check_deadline(struct reader *r, const struct ol_form *form)
{
    const json_t *deadline = json_object_get(form->json, "deadline");
    const char *what = json_string_value(json_object_get(deadline, "what"));
    bool answer = what != NULL && strcmp(what, "answer") == 0;
    json_int_t n = 0;
    json_int_t hours = 0;

    if (deadline == NULL)
        return true;
    enter(r, "deadline");
    if (!check_members(r, deadline, answer ? "hours what " : "hours what field ", "") ||
        !check_word(r, deadline, "what", "before after answer ") ||
        !read_integer(r, deadline, "hours", 1, 8784, &hours) ||
        !read_integer(r, deadline, "field", 1, (json_int_t)form->n, &n))
        return false;
    return answer || form->field[n - 1].type == OL_FIELD_TIME || refuse(r, "field", "form.why.word");
}

static bool read_form(struct reader *r, struct ol_form *form)
{
    const json_t *handling = json_object_get(form->json, "handling");

    if (!check_members(r, form->json, "code title marker answer fields ", "precedence handling deadline note "))
        return false;
    form->code = json_string_value(json_object_get(form->json, "code"));
    if (!is_made_of(form->code, UPPER, UPPER DIGITS, 2, OL_FORM_CODE_MAX))
        return refuse(r, "code", "form.why.word");
    if (handling != NULL && !is_made_of(json_string_value(handling), LOWER, LOWER DIGITS "-", 1, OL_WORD_LEVEL))
        return refuse(r, "handling", "form.why.word");
    return check_words(r, form->json, "title", TITLE_MAX) && check_words(r, form->json, "note", HELP_MAX) &&
           check_word(r, form->json, "marker",
                      "instruction advice warning information question answer request intention ") &&
           check_word(r, form->json, "answer", "wu an r y n ") &&
           check_word(r, form->json, "precedence", "flash immediate priority routine ") && read_fields(r, form) &&
           check_deadline(r, form);
}

enum ol_err ol_form_load(struct ol_span file, const char *name, struct ol_form *out, struct ol_fault *f)
{
    struct reader r = {.file = name, .f = f};
    json_error_t error;
    char line[16];

    *out = (struct ol_form){.json = json_loadb((const char *)file.p, file.len, JSON_REJECT_DUPLICATES, &error)};
    if (out->json == NULL) {
        snprintf(line, sizeof line, "%d", error.line);
        ol_fault_set(f, OL_EXIT_USAGE, "err.form.json", "file", name, "line", line, "detail", error.text, NULL);
        return OL_MALFORMED;
    }
    ol_sha256(&file, 1, &out->hash);
    if (read_form(&r, out))
        return OL_OK;
    ol_form_free(out);
    return OL_MALFORMED;
}

void ol_form_free(struct ol_form *form)
{
    for (size_t i = 0; i < form->n; i++)
        free((void *)(uintptr_t)form->field[i].choice);
    json_decref(form->json);
    *form = (struct ol_form){0};
}

const json_t *ol_form_field(const struct ol_form *form, size_t n)
{
    return json_array_get(json_object_get(form->json, "fields"), n - 1);
}

const char *ol_form_choice_words(const struct ol_form *form, size_t n, const struct ol_choice *choice, const char *lang)
{
    size_t i = (size_t)(choice - form->field[n - 1].choice);

    return ol_form_words(json_array_get(json_object_get(ol_form_field(form, n), "choices"), i), "label", lang);
}

/* ---- What is wrong with a value ---- */

/* Said with the number and name of the field, the value, and what the field holds. */
static const char *const wrongs[] = {
    [OL_WRONG_EMPTY] = "form.wrong.empty",
    [OL_WRONG_TEXT] = "form.wrong.text",
    [OL_WRONG_HIDDEN] = "form.wrong.hidden",
    [OL_WRONG_LONG] = "form.wrong.long",
    [OL_WRONG_NUMBER] = "form.wrong.number",
    [OL_WRONG_DECIMALS] = "form.wrong.decimals",
    [OL_WRONG_RANGE] = "form.wrong.range",
    [OL_WRONG_TIME] = "form.wrong.time",
    [OL_WRONG_DATE] = "form.wrong.date",
    [OL_WRONG_POSITION] = "form.wrong.position",
    [OL_WRONG_EARTH] = "form.wrong.earth",
    [OL_WRONG_AREA] = "form.wrong.area",
    [OL_WRONG_RADIUS] = "form.wrong.radius",
    [OL_WRONG_CORNERS] = "form.wrong.corners",
    [OL_WRONG_CHOICE] = "form.wrong.choice",
    [OL_WRONG_KIND] = "form.wrong.kind",
    [OL_WRONG_REQUIRED] = "form.wrong.required",
    [OL_WRONG_SURPLUS] = "form.wrong.surplus",
};

/* "-5.0 .. 40.5 kn", "200", "LAND, SUBMARINE". */
static void say_holds(const struct ol_field *field, char *out, size_t cap)
{
    const double one = pow(10, field->decimals);
    size_t len = 0;

    *out = '\0';
    if (field->type == OL_FIELD_NUMBER)
        snprintf(out, cap, "%.*f .. %.*f%s%s", field->decimals, (double)field->min / one, field->decimals,
                 (double)field->max / one, field->unit != NULL ? " " : "", field->unit != NULL ? field->unit : "");
    else if (field->type == OL_FIELD_TEXT || field->type == OL_FIELD_REFERENCE)
        snprintf(out, cap, "%lld", (long long)field->max);
    for (size_t i = 0; i < field->choices && len < cap; i++)
        len += (size_t)snprintf(out + len, cap - len, "%s%s", i > 0 ? ", " : "", field->choice[i].value);
}

void ol_form_wrong(const struct ol_form *form, size_t n, enum ol_wrong wrong, const char *value, const char *lang,
                   struct ol_fault *f)
{
    char holds[OL_FAULT_VALUE] = "";
    char number[24];
    const char *label = "";

    if (n >= 1 && n <= form->n) {
        say_holds(&form->field[n - 1], holds, sizeof holds);
        label = ol_form_words(ol_form_field(form, n), "label", lang);
    }
    snprintf(number, sizeof number, "%zu", n);
    ol_fault_set(f, OL_EXIT_USAGE, wrongs[wrong], "n", number, "label", label, "value", value, "holds", holds, NULL);
}
