/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ranges.h"

#include <assert.h>
#include <string.h>

void ol_ranges_add(struct ol_ranges *out, uint32_t seq)
{
    assert(out->n <= OL_RANGES && seq > 0 && (out->n == 0 || seq > out->r[out->n - 1].to));
    if (out->n > 0 && out->r[out->n - 1].to + 1 == seq) {
        out->r[out->n - 1].to = seq;
        return;
    }
    if (out->n == OL_RANGES)
        out->n--;
    out->r[out->n++] = (struct ol_range){.from = seq, .to = seq};
}

size_t ol_ranges_merge(const struct ol_ranges *a, const struct ol_ranges *b, struct ol_range out[static 2 * OL_RANGES])
{
    size_t i = 0;
    size_t j = 0;
    size_t n = 0;

    assert(a->n <= OL_RANGES && b->n <= OL_RANGES);
    while (i < a->n || j < b->n) {
        bool first = j == b->n || (i < a->n && a->r[i].from < b->r[j].from);

        out[n++] = first ? a->r[i++] : b->r[j++];
    }
    assert(n == a->n + b->n);
    return n;
}

bool ol_ranges_join(struct ol_range *have, size_t *have_n, size_t max, uint32_t from, uint32_t to)
{
    size_t i = 0;
    size_t n;

    assert(from < to && *have_n <= max);
    while (i < *have_n && have[i].to < from)
        i++;
    if (i < *have_n && have[i].from <= from && have[i].to >= to)
        return false;
    n = i;
    while (n < *have_n && have[n].from <= to) {
        from = have[n].from < from ? have[n].from : from;
        to = have[n].to > to ? have[n].to : to;
        n++;
    }
    if (n == i && *have_n == max)
        return false;
    memmove(&have[i + 1], &have[n], (*have_n - n) * sizeof have[0]);
    have[i] = (struct ol_range){.from = from, .to = to};
    *have_n = *have_n + 1 - (n - i);
    assert(*have_n >= 1 && *have_n <= max && (i == 0 || have[i - 1].to < from));
    return true;
}
