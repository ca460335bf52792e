/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the store meets its library and the heap: each allocation and each call can be made
 * to fail. The store is compiled for this test with its calls under names of their own
 * (meson.build), which hooks.c defines.
 */
#ifndef TEST_LOOPS_HOOKS_H
#define TEST_LOOPS_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

enum hook {
    HOOK_ALLOC, /* the store's own, and the engine's */
    HOOK_CALL,  /* open, prepare, step, execute, checkpoint */
    HOOKS,
};

/* Before anything uses the engine. */
void hooks_install(void);
/* The n-th from now fails, and all after it when it is for good. n = 0: none does. */
void hook_fail_at(enum hook what, uint64_t n, bool for_good);
/* How many have failed since. */
uint64_t hook_failed(enum hook what);

#endif
