/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A form as its file has it (doc/forms.md): what its fields hold, for desk/field.h, and
 * what they are called in each language.
 */
#ifndef OL_FORM_FORM_H
#define OL_FORM_FORM_H

#include <jansson.h>

#include "desk/form.h"
#include "lang/fault.h"

#define OL_FORM_FILE_MAX (256u * 1024)

/* Arrays and strings belong to it. */
struct ol_form {
    struct ol_hash hash; /* SHA-256 of the file: what both sides know it by */
    json_t *json;        /* all of the file, checked */
    const char *code;
    struct ol_field field[OL_FORM_FIELDS];
    size_t n;
};

/* Reads a form and checks all of it. MALFORMED, with the fault: the file as `name` calls it, the place in it, and
 * why. */
OL_MUST_USE enum ol_err ol_form_load(struct ol_span file, const char *name, struct ol_form *out, struct ol_fault *f);
void ol_form_free(struct ol_form *form); /* a zero one is fine */

/* Field n of the file, from 1; and a text of it, of one of its choices or (the file itself) of the form, such as
 * "label": in this language, else in the one that its tag begins with, else in English. "" when it is optional and not
 * there. */
const json_t *ol_form_field(const struct ol_form *form, size_t n);
const char *ol_form_words(const json_t *object, const char *name, const char *lang);
/* The label of a choice. */
const char *ol_form_choice_words(const struct ol_form *form, size_t n, const struct ol_choice *choice,
                                 const char *lang);

/* The fault of a wrong value: number and label of its field (from 1; any number, when the form has no such field), the
 * value, and what the field holds. */
void ol_form_wrong(const struct ol_form *form, size_t n, enum ol_wrong wrong, const char *value, const char *lang,
                   struct ol_fault *f);

#endif
