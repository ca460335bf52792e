/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms that a station knows: those that come with the programs, and those of its
 * home. A file forms/CODE.json of the home goes before the one of that code that comes
 * with the programs, which stays known by its hash: what was sent with it reads as before.
 * So does any other name, such as forms/LAUNCH-2.json.
 */
#ifndef OL_FORM_FORMS_H
#define OL_FORM_FORMS_H

#include "form/form.h"

#define OL_HOME_FORMS "forms"
#define OL_FORMS_MAX 256u

/* Files as they were compiled in. */
extern const struct ol_span ol_forms_built_in[];
extern const size_t ol_forms_built_in_n;

struct ol_known {
    struct ol_form form;
    bool current; /* found by its code; else by its hash alone */
};

struct ol_forms {
    struct ol_known *known;
    size_t n;
};

/* Told of each file of the home that is left out. */
typedef void ol_forms_fault_fn(void *ctx, const struct ol_fault *f);

/* Those of the programs and of the home's directory. A file that is no form is told and left out: it stops nothing.
 * LIMIT when there is no memory. */
OL_MUST_USE enum ol_err ol_forms_load(int home, struct ol_forms *out, ol_forms_fault_fn *refused, void *ctx);
void ol_forms_free(struct ol_forms *forms); /* a zero one is fine */

/* NULL when there is none. */
const struct ol_form *ol_forms_by_code(const struct ol_forms *forms, const char *code);
const struct ol_form *ol_forms_by_hash(const struct ol_forms *forms, const struct ol_hash *hash);

#endif
