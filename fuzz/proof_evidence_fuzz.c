/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence, as it is and with the right SHA-256 behind it. */
#include "fuzz.h"
#include "proof/evidence.h"
#include "summed.h"

static void verify(struct ol_span file)
{
    static const struct ol_evidence none;
    struct ol_finding why = {0};
    struct ol_evidence e;
    enum ol_err err = ol_evidence_verify(file, &e, &why);

    if (err)
        assert(err == OL_MALFORMED && *ol_found_key(why.what) != '\0' && memcmp(&e, &none, sizeof e) == 0);
    else
        assert(e.h[0].author == e.h[1].author && e.h[1].seq - e.h[0].seq == (e.proof == OL_EVIDENCE_BROKEN_CHAIN) &&
               file.len == sizeof OL_EVIDENCE_MAGIC + 36 + e.parties.card[0].len + e.parties.card[1].len + 5
                               + e.headers * OL_HEADER + 128 + OL_PROOF_SUM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    summed(ol_span(data, size), verify);
    return 0;
}
