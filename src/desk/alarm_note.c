/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/alarm_note.h"

#include <assert.h>
#include <string.h>

static struct ol_span word(const char *text)
{
    return ol_span(text, strlen(text));
}

static void put_word(struct ol_wr *w, const char *text)
{
    ol_wr_bytes(w, text, strlen(text));
}

static void put_number(struct ol_wr *w, uint32_t n)
{
    uint8_t digits[10];
    size_t at = sizeof digits;

    do {
        digits[--at] = (uint8_t)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    ol_wr_bytes(w, digits + at, sizeof digits - at);
}

void ol_alarm_note_write(const struct ol_alarm_note *note, struct ol_wr *w)
{
    put_word(w, ol_alarm_meaning(note->name.kind)->name);
    put_word(w, note->acknowledged ? " acknowledged " : " over ");
    put_number(w, note->raised);
    if (note->name.author == OL_ALARM_PATH) {
        put_word(w, " ");
        put_number(w, note->name.seq);
    }
    assert(w->len <= OL_ALARM_NOTE_MAX || w->full);
}

/* The word up to the next space or the end, which is taken too. */
static struct ol_span take_word(struct ol_span *text)
{
    const uint8_t *space = text->len > 0 ? memchr(text->p, ' ', text->len) : NULL;
    size_t len = space != NULL ? (size_t)(space - text->p) : text->len;
    struct ol_span taken = ol_span(text->p, len);
    size_t over = len + (space != NULL);

    assert(over <= text->len);
    *text = ol_span(text->p + over, text->len - over);
    return taken;
}

/* Digits, as put_number writes them: no other form of the same number. */
static bool read_number(struct ol_span digits, uint32_t *out)
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

static bool read_kind(struct ol_span name, enum ol_alarm_kind *out)
{
    for (unsigned kind = 0; kind < OL_ALARM_KINDS; kind++) {
        if (!ol_span_equal(name, word(ol_alarm_meaning((enum ol_alarm_kind)kind)->name)))
            continue;
        *out = (enum ol_alarm_kind)kind;
        return true;
    }
    return false;
}

static bool read_path(struct ol_span digits, struct ol_alarm_name *name)
{
    name->author = OL_ALARM_PATH;
    return read_number(digits, &name->seq) && name->seq < OL_PATHS;
}

enum ol_err ol_alarm_note_read(struct ol_span text, struct ol_alarm_note *note)
{
    struct ol_alarm_note n = {0};
    bool ended = text.len == 0 || text.p[text.len - 1] == ' ';
    bool known = read_kind(take_word(&text), &n.name.kind);
    struct ol_span state = take_word(&text);
    bool read = known && !ended && read_number(take_word(&text), &n.raised);

    *note = (struct ol_alarm_note){0};
    n.acknowledged = ol_span_equal(state, word("acknowledged"));
    if (!read || (!n.acknowledged && !ol_span_equal(state, word("over"))) ||
        (text.len > 0 && !read_path(text, &n.name)))
        return OL_MALFORMED;
    assert(n.name.kind < OL_ALARM_KINDS);
    *note = n;
    return OL_OK;
}
