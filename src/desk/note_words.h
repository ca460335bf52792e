/* SPDX-License-Identifier: Apache-2.0 */
/* What the own book's machine-made leaves are written in: words and numbers with a space between. */
#ifndef OL_DESK_NOTE_WORDS_H
#define OL_DESK_NOTE_WORDS_H

#include "base/bytes.h"

/* Set w->full when it does not fit. */
void ol_note_put_word(struct ol_wr *w, const char *text);
void ol_note_put_number(struct ol_wr *w, uint32_t n);
/* The word up to the next space or the end, which is taken too. */
struct ol_span ol_note_take_word(struct ol_span *text);
/* Digits, as they are written: no other form of the same number. */
bool ol_note_read_number(struct ol_span digits, uint32_t *out);

#endif
