/* SPDX-License-Identifier: Apache-2.0 */
/* A disclosure, as it is and with the right SHA-256 behind it. */
#include "fuzz.h"
#include "proof/disclose.h"
#include "summed.h"

static void verify(struct ol_span file)
{
    static const struct ol_disclosure none;
    struct ol_finding why = {0};
    struct ol_disclosure d;
    enum ol_err err = ol_disclosure_verify(file, &d, &why);

    if (err)
        assert(err == OL_MALFORMED && *ol_found_key(why.what) != '\0' && memcmp(&d, &none, sizeof d) == 0);
    else
        assert(d.sealed_by >= d.h.seq && d.cose.len == OL_COSE_SIGN1 &&
               d.body.p + d.body.len + OL_PROOF_SUM == file.p + file.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    summed(ol_span(data, size), verify);
    return 0;
}
