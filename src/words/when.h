/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Days and moments as people type them to find something: 2026-11, 2026-11-21, 2026-11-21T14:32Z, and as an officer
 * reads and writes them: 21 NOV 26, 211432Z NOV 26, with the month's whole English name or its first three letters, in
 * any case, a year of two or four figures, with or without spaces.
 */
#ifndef OL_WORDS_WHEN_H
#define OL_WORDS_WHEN_H

#include "base/bytes.h"

/* What stands at the beginning of a text: 202611, 20261121 or 202611211432, and how many bytes say so; 0: none. What
 * follows is not looked at. A day that no month has is one like any other: nothing is found of it. */
uint64_t ol_when_read(struct ol_span text, size_t *len);

#endif
