/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/alarm_note.h"

#include <assert.h>
#include <string.h>

#include "desk/note_words.h"

static struct ol_span word(const char *text)
{
    return ol_span(text, strlen(text));
}

void ol_alarm_note_write(const struct ol_alarm_note *note, struct ol_wr *w)
{
    ol_note_put_word(w, ol_alarm_meaning(note->name.kind)->name);
    ol_note_put_word(w, note->acknowledged ? " acknowledged " : " over ");
    ol_note_put_number(w, note->raised);
    if (note->name.author == OL_ALARM_PATH) {
        ol_note_put_word(w, " ");
        ol_note_put_number(w, note->name.seq);
    }
    assert(w->len <= OL_ALARM_NOTE_MAX || w->full);
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
    return ol_note_read_number(digits, &name->seq) && name->seq < OL_PATHS;
}

enum ol_err ol_alarm_note_read(struct ol_span text, struct ol_alarm_note *note)
{
    struct ol_alarm_note n = {0};
    bool ended = text.len == 0 || text.p[text.len - 1] == ' ';
    bool known = read_kind(ol_note_take_word(&text), &n.name.kind);
    struct ol_span state = ol_note_take_word(&text);
    bool read = known && !ended && ol_note_read_number(ol_note_take_word(&text), &n.raised);

    *note = (struct ol_alarm_note){0};
    n.acknowledged = ol_span_equal(state, word("acknowledged"));
    if (!read || (!n.acknowledged && !ol_span_equal(state, word("over"))) ||
        (text.len > 0 && !read_path(text, &n.name)))
        return OL_MALFORMED;
    assert(n.name.kind < OL_ALARM_KINDS);
    *note = n;
    return OL_OK;
}
