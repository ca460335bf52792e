/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people and programs read. Words come from the catalogue; what comes from outside
 * is made safe for a terminal on its way: control characters and those that turn the
 * direction of writing show as <U+XXXX>. JSON goes out one object a line, as it is.
 */
#ifndef OL_CLI_PRINT_H
#define OL_CLI_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "lang/fault.h"

#define OL_WORD_MAX 32u

/* A text of the catalogue with pairs of name and value (strings) and a NULL, and a newline. */
void ol_print(FILE *to, const char *key, ...) __attribute__((sentinel));
/* "openline: " and the fault, on stderr. */
void ol_print_fault(const struct ol_fault *f);
/* One object, one line, on stdout, at once. Takes the reference. NULL (something that is not UTF-8
 * cannot be said in JSON) counts as output that failed. */
void ol_print_json(json_t *object);
/* Whether all that was printed on stdout has gone out: a full disk or a closed pipe must not look like
 * success. */
bool ol_print_done(void);

/* A word of a row, padded to a width of the terminal's columns where another cell follows; the row's
 * end. A word written from right to left keeps its place among the others. */
void ol_print_cell(const char *word, size_t width);
void ol_print_row_end(void);
/* The next cell of a row: a text of the catalogue, filled in. */
void ol_print_cell_text(const char *text, const struct ol_param *param, size_t n);
/* A text of several lines, each behind an indent. */
void ol_print_text(const json_t *text, const char *indent);
/* What the catalogue says of an alarm: cause, consequence and action; NULL of one that it does not know. */
#define OL_ALARM_TEXT_MAX 1024u
const char *ol_alarm_text(const char *alarm, char buf[static OL_ALARM_TEXT_MAX]);

/* Why a line is not as it should be: by its `reason_key`, or in the station's words where the catalogue does not know that.
 * False when there is nothing to say. All of it borrows from the line and from *out. */
#define OL_REASON_PARAMS 5u
struct ol_reason {
    const char *text;
    struct ol_param param[OL_REASON_PARAMS];
    char word[OL_REASON_PARAMS][OL_WORD_MAX];
};
bool ol_reason_of(const json_t *line, struct ol_reason *out);

/* Columns that a word takes on a terminal, as ol_print_cell prints it. */
size_t ol_print_width(const char *word);

/* A member as a word: "-" for null and what is absent, numbers in digits. Borrows from the object or
 * from buf. */
const char *ol_word(const json_t *object, const char *name, char buf[static OL_WORD_MAX]);
/* A time as a date-time group, 211432Z NOV 26; what is not RFC 3339 stays as it is. */
const char *ol_word_time(const json_t *object, const char *name, char buf[static OL_WORD_MAX]);
/* A text of the catalogue with its only parameter, {n}. */
const char *ol_word_number(const char *key, json_int_t n, char buf[static OL_WORD_MAX]);

#endif
