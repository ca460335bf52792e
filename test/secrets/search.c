/* SPDX-License-Identifier: Apache-2.0 */
#include "search.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>

#define MASK 0xa5u
#define SKIP 8u

void search_add(struct search *s, const char *name, const uint8_t secret[static 32])
{
    assert(s->n < SEARCH_MAX);
    s->secret[s->n].name = name;
    for (size_t i = 0; i < sizeof s->secret[0].masked; i++)
        s->secret[s->n].masked[i] = (uint8_t)(secret[SKIP + i] ^ MASK);
    s->n++;
}

static bool stands_at(const uint8_t *at, const uint8_t masked[static 16])
{
    for (size_t i = 0; i < 16; i++) {
        if ((at[i] ^ MASK) != masked[i])
            return false;
    }
    return true;
}

/* Compared where it stands: a copy would be one place more. */
static size_t count_in(const uint8_t *from, const uint8_t *to, const uint8_t masked[static 16])
{
    size_t n = 0;

    for (const uint8_t *at = from; (size_t)(to - at) >= 16; at++)
        n += (*at ^ MASK) == masked[0] && stands_at(at, masked);
    return n;
}

size_t search_count(const struct search *s, size_t i)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    size_t n = 0;

    assert(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from;
        unsigned long to;
        char mode[8];

        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && mode[0] == 'r' && mode[1] == 'w')
            n += count_in((const uint8_t *)from, (const uint8_t *)to, s->secret[i].masked);
    }
    fclose(maps);
    return n;
}

void search_scrub_stack(void)
{
    volatile uint8_t area[256 * 1024];

    for (size_t i = 0; i < sizeof area; i++)
        area[i] = 0;
}
