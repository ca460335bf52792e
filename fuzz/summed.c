/* SPDX-License-Identifier: Apache-2.0 */
#include "summed.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"

void summed(struct ol_span file, void (*verify)(struct ol_span file))
{
    struct ol_hash sum;
    uint8_t *whole = malloc(file.len + sizeof sum.b);

    verify(file);
    ol_sha256(&file, 1, &sum);
    if (file.len > 0)
        memcpy(whole, file.p, file.len);
    memcpy(whole + file.len, sum.b, sizeof sum.b);
    verify(ol_span(whole, file.len + sizeof sum.b));
    free(whole);
}
