/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Armour of cards, courier keys and revocation notes. Read as it is; and, with an even first byte, the rest
 * is a payload that is armoured, spread with white space, and must come back.
 */
#include "armour/armour.h"
#include "base/limits.h"
#include "fuzz.h"

#define LABEL "OPENLINE COURIER KEY"
#define TEXT_MAX (4 * OL_CARD_MAX)

static void read_text(struct ol_span text)
{
    uint8_t payload[OL_CARD_MAX];
    uint8_t again[OL_CARD_MAX];
    uint8_t armour[TEXT_MAX];
    struct ol_wr w = ol_wr_to(payload, sizeof payload);
    struct ol_wr a = ol_wr_to(armour, sizeof armour);
    struct ol_wr r = ol_wr_to(again, sizeof again);
    enum ol_err err;

    if (ol_armour_read(LABEL, text, &w)) {
        assert(w.len == 0);
        return;
    }
    err = ol_armour_write(LABEL, ol_wr_span(&w), &a);
    assert(err == OL_OK);
    err = ol_armour_read(LABEL, ol_wr_span(&a), &r);
    assert(err == OL_OK && ol_span_equal(ol_wr_span(&w), ol_wr_span(&r)));
}

/* White space behind every n-th character between the two boundary lines. */
static void read_spread(struct ol_span payload, unsigned n)
{
    uint8_t armour[TEXT_MAX];
    uint8_t text[2 * TEXT_MAX];
    uint8_t out[OL_CARD_MAX];
    struct ol_wr a = ol_wr_to(armour, sizeof armour);
    struct ol_wr t = ol_wr_to(text, sizeof text);
    struct ol_wr w = ol_wr_to(out, sizeof out);
    size_t first = strlen("-----BEGIN " LABEL "-----");
    size_t last = strlen("-----END " LABEL "-----\n");
    enum ol_err err = ol_armour_write(LABEL, payload, &a);

    if (payload.len > OL_CARD_MAX) {
        assert(err == OL_LIMIT && a.len == 0);
        return;
    }
    assert(err == OL_OK);
    for (size_t i = 0; i < a.len; i++) {
        ol_wr_u8(&t, armour[i]);
        if (i >= first && i < a.len - last && i % n == 0)
            ol_wr_u8(&t, (uint8_t)"\t\n\v\f\r "[i % 6]);
    }
    err = ol_armour_read(LABEL, ol_wr_span(&t), &w);
    assert(err == OL_OK && ol_span_equal(ol_wr_span(&w), payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] % 2 == 0)
        read_spread(ol_span(data + 1, size - 1), 1 + data[0] / 2);
    read_text(ol_span(data, size));
    return 0;
}
