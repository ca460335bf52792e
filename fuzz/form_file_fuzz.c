/* SPDX-License-Identifier: Apache-2.0 */
/* A file of a form: what reads can be shown and filled with its examples. */
#include "form/form.h"
#include "fuzz.h"

static void check_field(const struct ol_form *form, size_t n)
{
    const struct ol_field *field = &form->field[n - 1];
    const json_t *example = json_object_get(ol_form_field(form, n), "example");
    uint8_t item[2 * OL_FORM_LINE_MAX];
    struct ol_wr w = ol_wr_to(item, sizeof item);
    struct ol_fault f;
    enum ol_wrong wrong;

    assert(ol_form_words(ol_form_field(form, n), "label", "zh")[0] != '\0');
    assert(field->min <= field->max && (example != NULL || !field->required));
    for (size_t i = 0; i < field->choices; i++) {
        assert(ol_form_choice_words(form, n, &field->choice[i], "ru")[0] != '\0');
        for (size_t k = 0; k < i; k++)
            assert(field->choice[i].code != field->choice[k].code);
    }
    ol_form_wrong(form, n, OL_WRONG_RANGE, "", "ar", &f);
    assert(f.n > 0);
    if (example == NULL)
        return;
    wrong = ol_field_read(field, ol_span(json_string_value(example), json_string_length(example)), &w);
    assert(wrong == OL_RIGHT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ol_form form;
    struct ol_fault f = {0};

    if (ol_form_load(ol_span(data, size), "FORM.json", &form, &f)) {
        assert(f.key[0] != '\0' && form.json == NULL && form.n == 0);
        return 0;
    }
    for (size_t n = 1; n <= form.n; n++)
        check_field(&form, n);
    ol_form_free(&form);
    return 0;
}
