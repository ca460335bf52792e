/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogues as catalogue.py makes them at build time: sorted by key, English first. */
#ifndef OL_LANG_TABLE_H
#define OL_LANG_TABLE_H

#include <stddef.h>

#define OL_TEXT_LANGS 6u

struct ol_text_row {
    const char *key;
    const char *text[OL_TEXT_LANGS]; /* NULL: not translated yet; never so in English */
};

extern const char *const ol_text_langs[OL_TEXT_LANGS]; /* "en", "zh", ... */
extern const struct ol_text_row ol_text_rows[];
extern const size_t ol_text_count;

#endif
