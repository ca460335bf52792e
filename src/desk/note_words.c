/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/note_words.h"

#include <assert.h>
#include <string.h>

void ol_note_put_word(struct ol_wr *w, const char *text)
{
    ol_wr_bytes(w, text, strlen(text));
}

void ol_note_put_number(struct ol_wr *w, uint32_t n)
{
    uint8_t digits[10];
    size_t at = sizeof digits;

    do {
        digits[--at] = (uint8_t)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    ol_wr_bytes(w, digits + at, sizeof digits - at);
}

struct ol_span ol_note_take_word(struct ol_span *text)
{
    const uint8_t *space = text->len > 0 ? memchr(text->p, ' ', text->len) : NULL;
    size_t len = space != NULL ? (size_t)(space - text->p) : text->len;
    struct ol_span taken = ol_span(text->p, len);
    size_t over = len + (space != NULL);

    assert(over <= text->len);
    *text = ol_span(text->p + over, text->len - over);
    return taken;
}

bool ol_note_read_number(struct ol_span digits, uint32_t *out)
{
    uint64_t n = 0;

    if (digits.len == 0 || digits.len > 10 || (digits.p[0] == '0' && digits.len > 1))
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return false;
        n = 10 * n + (uint64_t)(digits.p[i] - '0');
    }
    *out = (uint32_t)n;
    return n <= UINT32_MAX;
}
