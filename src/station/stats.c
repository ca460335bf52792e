/* SPDX-License-Identifier: Apache-2.0 */
/* A month's numbers, signed: counted by who asks, who has the time for it; the entry says what was counted. */
#include "desk/stats.h"

#include <stdio.h>
#include <string.h>

#include "station/station.h"

/* Lower-case hex and nothing else: what sscanf takes besides does not come back. */
static bool read_hash(const char *hex, struct ol_hash *out)
{
    char again[OL_HASH_HEX];

    if (hex == NULL || strlen(hex) != OL_HASH_HEX - 1)
        return false;
    for (size_t i = 0; i < sizeof out->b; i++) {
        if (sscanf(hex + 2 * i, "%2hhx", &out->b[i]) != 1)
            return false;
    }
    ol_hash_hex(out, again);
    return strcmp(hex, again) == 0;
}

void stats_sign(const struct request *r)
{
    struct line *l = line_param(r);
    const char *month = text_param(r, "month");
    struct ol_stats_signed s = {0};
    uint8_t body[512];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct ol_fault f;
    struct call *call;

    if (l == NULL)
        return;
    if (month == NULL || ol_month_read(ol_span(month, strlen(month)), &s.month) ||
        !read_hash(text_param(r, "hash"), &s.hash)) {
        ol_fault_set(&f, OL_EXIT_USAGE, "err.stats.sign", NULL);
        client_fault(r->client, r->id, &f);
        return;
    }
    if (!paths_month(l, &s.month, &s.paths, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    ol_stats_signed_write(&s, &w);
    call = entry_call(r, l, OL_KIND_STATS, &w);
    if (call != NULL)
        call_write(call);
}
