/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fuzz target is: one function that takes one input and comes back, whatever the
 * bytes are. The same input always does the same. libFuzzer drives it in a fuzzing build,
 * replay.c with the files of its corpus in any other.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was written is what had been read. */
static inline void fuzz_same(const struct ol_wr *w, const uint8_t *data, size_t size)
{
    assert(!w->full && ol_span_equal(ol_wr_span(w), ol_span(data, size)));
}

#endif
