/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verification came to, and how it is told: to a person, or as one JSON object.
 */
#ifndef OL_VERIFY_REPORT_H
#define OL_VERIFY_REPORT_H

#include <stdio.h>

#include "proof/disclose.h"
#include "proof/evidence.h"
#include "proof/export.h"

#define REPORT_SENTENCE 4400u /* a path of the longest kind, and words */

struct report {
    const char *kind; /* "export", "disclosure", "evidence"; NULL: none of them, or not read */
    char error[REPORT_SENTENCE]; /* a sentence; empty: verified */
    struct ol_finding why;       /* of a refusal */
    struct ol_parties parties; /* zero until the head of the file has parsed */
    bool card_given[2];
    uint32_t entries[2];
    bool has_heads;
    uint32_t heads[2];
    struct ol_finding *remarks;
    size_t remarks_n;
    size_t remarks_cap;
    struct ol_disclosure disclosure;
    struct ol_evidence evidence;
    struct ol_export *listed; /* whose entries are to be shown; NULL: of none */
};

/* A text of the catalogue with pairs of name and value (strings) and a NULL, and a newline. */
void report_line(FILE *to, const char *key, ...) __attribute__((sentinel));
/* Keeps a remark. False: no memory. */
bool report_remark(struct report *r, const struct ol_finding *remark);
/* Turns *why into the error. */
void report_refused(struct report *r);
/* Prints to stdout. */
void report_json(const struct report *r);
void report_text(const struct report *r);

#endif
