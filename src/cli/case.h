/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands need that write a file for a third party: one line of the home at one moment. */
#ifndef OL_CLI_CASE_H
#define OL_CLI_CASE_H

#include "cli/cmd.h"
#include "desk/terms.h"
#include "proof/proof.h"
#include "station/snapshot.h"

struct ol_case {
    struct ol_home home;
    struct ol_snapshot snapshot;
    struct ol_line_info line;
    struct ol_salt_key salt;
    struct ol_parties parties; /* the cards are borrowed from `line` */
};

/* The line by its name. Closed whatever the result. */
OL_MUST_USE enum ol_err ol_case_open(const struct ol_cli *c, const char *line, struct ol_case *out,
                                     struct ol_fault *f);
void ol_case_close(struct ol_case *x); /* wipes */

/* Whether what both sides agreed lets this entry be given away so. UNEXPECTED: it does not, with the fault. */
OL_MUST_USE enum ol_err ol_case_may(const struct ol_case *x, const struct ol_row *row, enum ol_forbids what,
                                    struct ol_fault *f);

#endif
