/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry says by its body alone, as a line for `log`, for an auditor, for whoever has no station. */
#ifndef OL_DESK_SAID_H
#define OL_DESK_SAID_H

#include "record/row.h"

#define OL_SAID_MAX (2u * OL_BODY_MAX) /* enough for every body */

/* Writes into an empty w: a text as it is; of other kinds their names and values, which are never translated, and then
 * their text. Nothing for a kind that has nothing to say or is not known, for a body that does not read, and for values
 * of a form, which only the form can say. A new kind is one more row of the table in said.c. */
void ol_entry_say(uint8_t kind, struct ol_span body, struct ol_wr *w);

#endif
