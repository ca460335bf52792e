/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of entries that this station understands, all of them in one place. */
#ifndef OL_DESK_KIND_H
#define OL_DESK_KIND_H

#include "record/row.h"

/* "message", "take": as in doc/control.md; "unknown". Never translated. */
const char *ol_kind_name(uint8_t kind);
/* Whether it is one that a dialogue begins with. */
bool ol_kind_is_message(uint8_t kind);
/* Whether a body of this kind is one that this station understands. */
bool ol_body_readable(uint8_t kind, struct ol_span body);
/* Which message an entry does something about (an act, an answer in words, an amendment), for a store's index: author 0
 * for none. */
void ol_message_refer(const struct ol_row *row, uint8_t *author, uint32_t *seq);

#endif
