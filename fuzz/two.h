/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two lines with stores in memory, as the tests of the line have them, as new for every input: made once
 * and copied back, since making them takes longer than most inputs do.
 */
#ifndef FUZZ_TWO_H
#define FUZZ_TWO_H

#include "../test/line/pair.h"

/* Not started yet; the same pair, with the same memory, each time; pair_empty ends it. */
struct pair *two_begin(unsigned paths);

#endif
