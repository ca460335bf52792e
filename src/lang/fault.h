/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong, as people are told it: an exit code, a key of the catalogue and its
 * parameters. Made where the decision is taken, carried up, said once. The same three go
 * over the control socket, so that a client can say them in its own language.
 */
#ifndef OL_LANG_FAULT_H
#define OL_LANG_FAULT_H

#include "lang/text.h"

enum ol_exit {
    OL_EXIT_DONE = 0,
    OL_EXIT_FAILED = 1,
    OL_EXIT_USAGE = 2,
    OL_EXIT_NOT_DELIVERED = 10,
    OL_EXIT_NOT_TAKEN = 11,
    OL_EXIT_NOT_VERIFIED = 12,
    OL_EXIT_MISMATCH = 13,
};

#define OL_FAULT_PARAMS 6u
#define OL_FAULT_NAME 24u
#define OL_FAULT_VALUE 512u

struct ol_fault {
    enum ol_exit code;
    char key[64];
    size_t n;
    char name[OL_FAULT_PARAMS][OL_FAULT_NAME];
    char value[OL_FAULT_PARAMS][OL_FAULT_VALUE];
};

/* Then pairs of name and value (both strings), at most OL_FAULT_PARAMS, and a NULL. A value that is too
 * long keeps its end: of a path that is the part that tells. */
void ol_fault_set(struct ol_fault *f, enum ol_exit code, const char *key, ...) __attribute__((sentinel));
/* One more pair; what is over OL_FAULT_PARAMS is left out. */
void ol_fault_add(struct ol_fault *f, const char *name, const char *value);
/* The pairs as parameters of a text; they borrow from f. Returns their number. */
size_t ol_fault_params(const struct ol_fault *f, struct ol_param out[static OL_FAULT_PARAMS]);

#endif
