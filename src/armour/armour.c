/* SPDX-License-Identifier: Apache-2.0 */
#include "armour/armour.h"

#include <string.h>

#include "crypto/hash.h"

#define CHECKSUM 4u
#define GROUPS_PER_LINE 16u
#define NOT_BASE64 64u

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void checksum(struct ol_span payload, uint8_t out[static CHECKSUM])
{
    struct ol_hash hash;

    ol_sha256(&payload, 1, &hash);
    memcpy(out, hash.b, CHECKSUM);
}

static void put_string(struct ol_wr *w, const char *s)
{
    ol_wr_bytes(w, s, strlen(s));
}

static void put_boundary(struct ol_wr *w, const char *which, const char *label)
{
    put_string(w, "-----");
    put_string(w, which);
    put_string(w, label);
    put_string(w, "-----");
}

/* Three bytes, or the last one or two, as four characters. */
static void put_group(struct ol_wr *w, const uint8_t *p, size_t len)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 3; i++)
        bits = bits << 8 | (i < len ? p[i] : 0);
    for (size_t i = 0; i < 4; i++)
        ol_wr_u8(w, i <= len ? (uint8_t)alphabet[bits >> (18 - 6 * i) & 63] : '=');
}

static void put_base64(struct ol_wr *w, struct ol_span in)
{
    for (size_t at = 0, group = 1; at < in.len; at += 3, group++) {
        put_group(w, in.p + at, in.len - at);
        if (group % GROUPS_PER_LINE == 0 || at + 3 >= in.len)
            ol_wr_u8(w, '\n');
    }
}

enum ol_err ol_armour_write(const char *label, struct ol_span payload, struct ol_wr *out)
{
    uint8_t inner[OL_CARD_MAX + CHECKSUM];

    if (payload.len > OL_CARD_MAX)
        return OL_LIMIT;
    if (payload.len > 0)
        memcpy(inner, payload.p, payload.len);
    checksum(payload, inner + payload.len);
    put_boundary(out, "BEGIN ", label);
    ol_wr_u8(out, '\n');
    put_base64(out, ol_span(inner, payload.len + CHECKSUM));
    put_boundary(out, "END ", label);
    ol_wr_u8(out, '\n');
    ol_wipe(inner, sizeof inner);
    return out->full ? OL_LIMIT : OL_OK;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_space(struct ol_rd *r)
{
    while (is_space(ol_rd_peek(r)))
        ol_rd_u8(r);
}

static void expect_string(struct ol_rd *r, const char *s)
{
    struct ol_span want = ol_span(s, strlen(s));

    if (!ol_span_equal(ol_rd_take(r, want.len), want))
        r->bad = true;
}

static void expect_boundary(struct ol_rd *r, const char *which, const char *label)
{
    skip_space(r);
    expect_string(r, "-----");
    expect_string(r, which);
    expect_string(r, label);
    expect_string(r, "-----");
    skip_space(r);
}

static uint32_t sextet(uint8_t c)
{
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

    return at != NULL ? (uint32_t)(at - alphabet) : NOT_BASE64;
}

/* Four characters as three bytes, or one or two where padding ends the text. Bits that no byte takes
 * must be zero, so that there is one way to write a payload. */
static size_t take_group(struct ol_rd *r, uint8_t out[static 3])
{
    uint32_t bits = 0;
    size_t padding = 0;

    for (size_t i = 0; i < 4; i++) {
        uint8_t c = ol_rd_u8(r);
        bool pads = c == '=' && i >= 2;
        uint32_t six = pads ? 0 : sextet(c);

        if (six == NOT_BASE64 || (padding > 0 && !pads))
            r->bad = true;
        padding += pads;
        bits = bits << 6 | (six & 63);
        skip_space(r);
    }
    if ((bits & ((1u << 8 * padding) - 1)) != 0)
        r->bad = true;
    out[0] = (uint8_t)(bits >> 16);
    out[1] = (uint8_t)(bits >> 8);
    out[2] = (uint8_t)bits;
    return 3 - padding;
}

static void take_base64(struct ol_rd *r, struct ol_wr *w)
{
    uint8_t group[3];
    size_t len = 3;

    while (len == 3 && !r->bad && !w->full && ol_rd_peek(r) != '-') {
        len = take_group(r, group);
        ol_wr_bytes(w, group, len);
    }
    ol_wipe(group, sizeof group);
}

enum ol_err ol_armour_read(const char *label, struct ol_span text, struct ol_wr *out)
{
    uint8_t inner[OL_CARD_MAX + CHECKSUM];
    struct ol_rd r = ol_rd_from(text);
    struct ol_wr w = ol_wr_to(inner, sizeof inner);
    enum ol_err err = OL_MALFORMED;
    struct ol_span payload;
    uint8_t sum[CHECKSUM];

    expect_boundary(&r, "BEGIN ", label);
    take_base64(&r, &w);
    expect_boundary(&r, "END ", label);
    if (ol_rd_end(&r) != OL_OK || w.full || w.len < CHECKSUM)
        goto out;
    payload = ol_span(inner, w.len - CHECKSUM);
    checksum(payload, sum);
    if (!ol_span_equal(ol_span(sum, CHECKSUM), ol_span(inner + payload.len, CHECKSUM)))
        goto out;
    ol_wr_bytes(out, payload.p, payload.len);
    err = out->full ? OL_LIMIT : OL_OK;
out:
    ol_wipe(inner, sizeof inner);
    return err;
}
