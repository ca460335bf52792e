/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options and operands of a command line. Options stand before or after operands, `--`
 * ends them, `-` alone is an operand; a value follows its option or is joined to it
 * (-pflash, --wait=taken).
 */
#ifndef OL_CLI_ARGS_H
#define OL_CLI_ARGS_H

#include "lang/fault.h"

#define OL_OPERANDS_MAX 32u
#define OL_GIVEN_MAX 64u /* a form with all its fields, and what else a message has */

struct ol_opt {
    const char *name;  /* without hyphens; NULL ends a list */
    char letter;       /* 0 for none */
    const char *value; /* what the help calls its value; NULL when it takes none */
    bool many;         /* may be given more than once */
    const char *help;  /* key of the catalogue */
};

struct ol_given {
    const struct ol_opt *opt;
    const char *value; /* "" when the option takes none */
};

/* All of it borrows from argv and from the list of options. */
struct ol_args {
    size_t operands;
    const char *operand[OL_OPERANDS_MAX];
    size_t given;
    struct ol_given give[OL_GIVEN_MAX];
};

/* Reads argv[0..argc); opts says which options there are. MALFORMED, with the fault: an unknown option,
 * a value too many or too few, an option given twice, too many operands. */
OL_MUST_USE enum ol_err ol_args_read(int argc, char *const *argv, const struct ol_opt *opts,
                                     struct ol_args *out, struct ol_fault *f);

/* The value of an option, NULL when it was not given. */
const char *ol_args_value(const struct ol_args *a, const char *name);
/* All values of an option that may be given more than once; returns their number, at most cap. */
size_t ol_args_values(const struct ol_args *a, const char *name, const char **out, size_t cap);

#endif
