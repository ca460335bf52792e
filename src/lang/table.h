/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue as catalogue.py makes it at build time: sorted by key. */
#ifndef OL_LANG_TABLE_H
#define OL_LANG_TABLE_H

#include <stddef.h>

struct ol_text_row {
    const char *key;
    const char *text;
};

extern const struct ol_text_row ol_text_rows[];
extern const size_t ol_text_count;

#endif
