/* SPDX-License-Identifier: Apache-2.0 */
/* The words of entries: all that a person wrote in one, for whoever looks for them. */
#ifndef OL_DESK_WORDS_H
#define OL_DESK_WORDS_H

#include "record/row.h"

/* Calls with subject, text and registry number of a message (a form has no text, but values), or with the text of an act
 * about one; not at all for other kinds and for a body that cannot be read. Borrows from the row. */
void ol_entry_words(const struct ol_row *row, void (*each)(void *ctx, struct ol_span words), void *ctx);

#endif
