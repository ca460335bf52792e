/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <assert.h>

/* RFC 3629, section 4, as a table: what the first byte says of the length and of the second byte. */
struct utf8 {
    uint8_t first, last;
    uint8_t len;
    uint8_t least, most; /* of the second byte */
};

static const struct utf8 table[] = {
    {0x00, 0x7f, 1, 0, 0},
    {0xc2, 0xdf, 2, 0x80, 0xbf},
    {0xe0, 0xe0, 3, 0xa0, 0xbf}, /* no overlong forms */
    {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f}, /* no surrogates */
    {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, /* no overlong forms */
    {0xf1, 0xf3, 4, 0x80, 0xbf},
    {0xf4, 0xf4, 4, 0x80, 0x8f}, /* not above U+10FFFF */
};

/* The length of the character at p, or 0 when there is none. */
static size_t utf8_next(const uint8_t *p, size_t left)
{
    const struct utf8 *u = table;
    const struct utf8 *end = table + sizeof table / sizeof table[0];

    assert(left > 0);
    while (u < end && (p[0] < u->first || p[0] > u->last))
        u++;
    if (u == end || u->len > left)
        return 0;
    if (u->len > 1 && (p[1] < u->least || p[1] > u->most))
        return 0;
    for (size_t i = 2; i < u->len; i++)
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
    return u->len;
}

bool ol_utf8_valid(struct ol_span text)
{
    size_t len;

    for (size_t at = 0; at < text.len; at += len) {
        len = text.p[at] <= 0x7f ? 1 : utf8_next(text.p + at, text.len - at); /* most are: without the table */
        if (len == 0)
            return false;
        assert(len <= text.len - at);
    }
    return true;
}

uint32_t ol_utf8_take(struct ol_span *text)
{
    static const uint8_t mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t len = utf8_next(text->p, text->len);
    uint32_t c;

    assert(len > 0);
    c = text->p[0] & mask[len];
    for (size_t i = 1; i < len; i++)
        c = c << 6 | (text->p[i] & 0x3f);
    *text = ol_span(text->p + len, text->len - len);
    return c;
}

bool ol_utf8_hides(uint32_t c)
{
    return c == 0x61c || c == 0x200b || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}
