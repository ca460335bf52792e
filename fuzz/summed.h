/* SPDX-License-Identifier: Apache-2.0 */
/* Files that end with the SHA-256 of what stands before it, which no fuzzer would guess. */
#ifndef FUZZ_SUMMED_H
#define FUZZ_SUMMED_H

#include "base/bytes.h"

/* Gives the bytes as they are, then with the right sum behind them. */
void summed(struct ol_span file, void (*verify)(struct ol_span file));

#endif
