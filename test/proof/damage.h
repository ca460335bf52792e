/* SPDX-License-Identifier: Apache-2.0 */
/* What any file that proves something must refuse, whatever is in it. */
#ifndef TEST_RECORD_DAMAGE_H
#define TEST_RECORD_DAMAGE_H

#include "../support.h"

#include <stdlib.h>

#include "draft.h"

/* Verifies from memory of exactly the file's size, so that reading past its end is seen. */
typedef enum ol_err verify_fn(struct ol_span file);

static inline enum ol_err verify_copy(struct ol_span file, verify_fn *verify)
{
    uint8_t *copy = malloc(file.len > 0 ? file.len : 1);
    enum ol_err err;

    memcpy(copy, file.p, file.len);
    err = verify(ol_span(copy, file.len));
    free(copy);
    return err;
}

/* Every bit flipped, every prefix, one byte more: as they are, and with the sum computed again. */
static inline void check_damage(uint8_t *p, size_t len, verify_fn *verify)
{
    uint8_t *other = malloc(len + 1);

    CHECK_ERR(OL_OK, verify_copy(ol_span(p, len), verify));
    for (size_t i = 0; i < 8 * len; i++) {
        memcpy(other, p, len);
        other[i / 8] ^= (uint8_t)(1u << i % 8);
        CHECK_ERR(OL_MALFORMED, verify_copy(ol_span(other, len), verify));
        bytes_sum((struct bytes){other, len});
        if (i / 8 < len - 32) /* a sum computed again is whole again */
            CHECK_ERR(OL_MALFORMED, verify_copy(ol_span(other, len), verify));
    }
    for (size_t n = 0; n <= len + 1; n++) {
        memcpy(other, p, len);
        if (n == len)
            continue;
        CHECK_ERR(OL_MALFORMED, verify_copy(ol_span(other, n), verify));
        if (n < 32)
            continue;
        bytes_sum((struct bytes){other, n});
        CHECK_ERR(OL_MALFORMED, verify_copy(ol_span(other, n), verify));
    }
    free(other);
}

#endif
