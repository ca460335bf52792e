/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for secrets in all memory that this process can write: heap, stacks, globals, those
 * of the libraries too. What is looked for is kept masked, so that the search does not find
 * itself, and is the middle of the secret, which clamping and padding leave alone.
 */
#ifndef TEST_SECRETS_SEARCH_H
#define TEST_SECRETS_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#define SEARCH_MAX 64u

struct search {
    size_t n;
    struct {
        const char *name;
        uint8_t masked[16];
    } secret[SEARCH_MAX];
};

/* Remembers the bytes 8 to 23 of a secret of 32. */
void search_add(struct search *s, const char *name, const uint8_t secret[static 32]);
/* In how many places this one stands now. */
size_t search_count(const struct search *s, size_t i);
/* Overwrites what calls so far left on the stack. */
void search_scrub_stack(void);

#endif
