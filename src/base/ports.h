/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the pure layers may not have of their own and are given as arguments: time
 * and randomness. The daemon passes the system's, the simulator passes its own.
 */
#ifndef OL_BASE_PORTS_H
#define OL_BASE_PORTS_H

#include <stddef.h>
#include <stdint.h>

/* Monotonic milliseconds; only differences mean anything. */
typedef uint64_t ol_ms;
#define OL_NEVER UINT64_MAX

/* The present, as the caller knows it: monotonic time for deadlines, and unsigned
 * seconds UTC of the station's clock, which is only ever a claim. */
struct ol_now {
    ol_ms ms;
    uint32_t utc;
};

struct ol_random {
    void *ctx;
    void (*fill)(void *ctx, void *out, size_t len);
};

#endif
