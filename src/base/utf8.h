/* SPDX-License-Identifier: Apache-2.0 */
/* Whether bytes are text, and its characters. */
#ifndef OL_BASE_UTF8_H
#define OL_BASE_UTF8_H

#include "base/bytes.h"

/* Whether the bytes are UTF-8 as RFC 3629 has it. */
bool ol_utf8_valid(struct ol_span text);
/* The first character of a text that is valid and not empty; *text goes on behind it. */
uint32_t ol_utf8_take(struct ol_span *text);
/* Whether a character cannot be seen and makes a text read otherwise than it is written: it turns the direction of
 * writing, or has no width where none is needed. */
bool ol_utf8_hides(uint32_t c);

#endif
