/* SPDX-License-Identifier: Apache-2.0 */
#include "two.h"

#include <stdlib.h>

static struct pair pair;
static struct pair made;

struct pair *two_begin(unsigned paths)
{
    if (made.queue == NULL) {
        pair_init(&pair, paths, 2); /* with this seed A has the lower signing key, as a card would say */
        made = pair;
    }
    pair = made;
    return &pair;
}

/* What pair_free does, but for the memory that the next input uses again. */
void two_end(struct pair *p)
{
    for (unsigned i = 0; i < 2; i++) {
        struct pair_side *s = &p->side[i];

        for (unsigned a = 0; a < 2; a++) {
            for (size_t n = 0; n < s->rows_n[a]; n++)
                free(s->rows[a][n].body);
        }
        for (size_t n = 0; n < s->outbox_n; n++)
            free(s->outbox[n].body);
    }
}
