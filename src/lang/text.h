/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The message catalogue: every text that an officer sees, by key, with named parameters
 * such as {line}. It is compiled in from lang/TAG.json, in six languages.
 */
#ifndef OL_LANG_TEXT_H
#define OL_LANG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

struct ol_param {
    const char *name;
    const char *value;
};

/* Chooses the language of ol_text by a tag such as "zh", "zh-Hans-CN" or "zh_CN.UTF-8"; "C" and "POSIX" mean English. False,
 * and nothing changes, when it is none of the six or NULL. */
bool ol_text_speak(const char *tag);
/* Chooses it once, at the start of a program that speaks to people: the environment's OPENLINE_LANG, else the home's (a
 * tag, or NULL), else that of LC_ALL, LC_MESSAGES or LANG, whichever is set first, else English; each counts only if it is
 * one of the six. */
void ol_text_choose(const char *home);

/* In the chosen language, or in English as long as it is not translated. NULL when the catalogue has no such key. */
const char *ol_text(const char *key);
/* In the language of a tag as ol_text_speak takes it, whichever is chosen; in English, and *tag says so, when it is none
 * of the six. */
const char *ol_text_in(const char **tag, const char *key);

/* Hands out the pieces of a text in order, parameters filled in; is_value tells a parameter's value,
 * which may come from outside, from the catalogue's own words. A parameter that is not given stays as it
 * is. */
typedef void ol_text_piece(void *ctx, struct ol_span piece, bool is_value);
void ol_text_each(const char *text, const struct ol_param *param, size_t n, ol_text_piece *piece,
                  void *ctx);

/* The text of a key, filled in with pairs of name and value (strings) and a NULL, at most eight; what does not fit is left
 * out. */
void ol_text_fill(char *out, size_t cap, const char *key, ...) __attribute__((sentinel));

/* Appends the filled text; what does not fit is left out and sets out->full. */
void ol_text_write(const char *text, const struct ol_param *param, size_t n, struct ol_wr *out);

#endif
