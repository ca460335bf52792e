/* SPDX-License-Identifier: Apache-2.0 */
/* Whether bytes are text. */
#ifndef OL_BASE_UTF8_H
#define OL_BASE_UTF8_H

#include "base/bytes.h"

/* Whether the bytes are UTF-8 as RFC 3629 has it. */
bool ol_utf8_valid(struct ol_span text);

#endif
