/* SPDX-License-Identifier: Apache-2.0 */
/* An export, as it is and with the right SHA-256 behind it. */
#include <stdlib.h>

#include "fuzz.h"
#include "proof/export.h"
#include "summed.h"

#define ENTRY_LEAST 96u

static void count_remark(void *ctx, const struct ol_finding *remark)
{
    size_t *n = ctx;

    assert(*ol_found_key(remark->what) != '\0' && remark->author != 0);
    ++*n;
}

static void verify(struct ol_span file)
{
    struct ol_finding why = {0};
    struct ol_export_place *places;
    struct ol_export e;
    uint32_t heads[2];
    size_t remarks = 0;
    size_t n;
    enum ol_err err = ol_export_open(file, &e, &why);

    if (err) {
        assert(err == OL_MALFORMED && *ol_found_key(why.what) != '\0');
        return;
    }
    n = (size_t)e.entries[0] + e.entries[1];
    assert(n <= file.len / ENTRY_LEAST); /* so that memory for the places may be had */
    places = calloc(n + 1, sizeof *places);
    err = ol_export_verify(&e, places, count_remark, &remarks, heads, &why);
    if (err)
        assert(err == OL_MALFORMED && *ol_found_key(why.what) != '\0' && heads[0] == 0 && heads[1] == 0);
    else
        assert((heads[0] == 0 || e.entries[0] > 0) && (heads[1] == 0 || e.entries[1] > 0));
    free(places);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    summed(ol_span(data, size), verify);
    return 0;
}
