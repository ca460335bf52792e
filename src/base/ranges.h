/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of numbers, ascending and apart: what is here, what is missing. */
#ifndef OL_BASE_RANGES_H
#define OL_BASE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

/* from <= to, both at least 1. */
struct ol_range {
    uint32_t from;
    uint32_t to;
};

struct ol_ranges {
    uint32_t n;
    struct ol_range r[OL_RANGES];
};

/* Adds a number above all that is there; when they are full the last range is let go, so that the highest number is
 * always told. */
void ol_ranges_add(struct ol_ranges *out, uint32_t seq);
/* The two lists as one, ascending; how many. */
size_t ol_ranges_merge(const struct ol_ranges *a, const struct ol_ranges *b, struct ol_range out[static 2 * OL_RANGES]);
/* Adds [from, to), the end not included, to a list of such, joining what touches. False when it is there, or the list full. */
bool ol_ranges_join(struct ol_range *have, size_t *have_n, size_t max, uint32_t from, uint32_t to);

#endif
