/* SPDX-License-Identifier: Apache-2.0 */
/* A disclosure, as it is and with the right SHA-256 behind it. */
#include <stdlib.h>

#include "crypto/hash.h"
#include "fuzz.h"
#include "proof/disclose.h"

static void verify(struct ol_span file)
{
    static const struct ol_disclosure none;
    struct ol_finding why = {0};
    struct ol_disclosure d;
    enum ol_err err = ol_disclosure_verify(file, &d, &why);

    if (err)
        assert(err == OL_MALFORMED && *ol_found_text(why.what) != '\0' && memcmp(&d, &none, sizeof d) == 0);
    else
        assert(d.sealed_by >= d.h.seq && d.cose.len == OL_COSE_SIGN1 &&
               d.body.p + d.body.len + OL_PROOF_SUM == file.p + file.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ol_span file = ol_span(data, size);
    uint8_t *summed = malloc(size + OL_PROOF_SUM);
    struct ol_hash sum;

    verify(file);
    ol_sha256(&file, 1, &sum);
    memcpy(summed, data, size);
    memcpy(summed + size, sum.b, sizeof sum.b);
    verify(ol_span(summed, size + OL_PROOF_SUM));
    free(summed);
    return 0;
}
