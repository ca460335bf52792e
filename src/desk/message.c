/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/message.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/cbor.h"
#include "base/limits.h"
#include "desk/form.h"
#include "wire/card.h"

static const char *const markers[OL_MARKERS] = {"information", "instruction", "advice", "warning",
                                                "question",    "answer",      "request", "intention"};
static const char *const classes[OL_CLASSES] = {"r", "wu", "an", "y", "n"};
static const char *const standings[OL_STANDINGS] = {"message", "note-verbale",   "aide-memoire", "letter",
                                                    "protest", "oral-statement", "non-paper"};

static int find(const char *const *names, int n, const char *name)
{
    for (int i = 0; name != NULL && i < n; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

const char *ol_marker_name(uint8_t marker)
{
    assert(marker < OL_MARKERS);
    return markers[marker];
}

const char *ol_class_name(uint8_t class)
{
    assert(class < OL_CLASSES);
    return classes[class];
}

const char *ol_standing_name(uint8_t standing)
{
    assert(standing < OL_STANDINGS);
    return standings[standing];
}

int ol_marker_of(const char *name)
{
    return find(markers, OL_MARKERS, name);
}

int ol_class_of(const char *name)
{
    return find(classes, OL_CLASSES, name);
}

int ol_standing_of(const char *name)
{
    return find(standings, OL_STANDINGS, name);
}

bool ol_word_valid(struct ol_span word)
{
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return word.len > 0;
}

/* ---- The map ---- */

/* What stands under a key, in the order of the keys, and where it is in the struct. */
static const struct field {
    enum { WORD, SMALL, NUMBER, REF } type;
    size_t at;
    uint64_t max; /* bytes of a word, else the value */
} fields[] = {
    {WORD, offsetof(struct ol_message, text), OL_TEXT_MAX},
    {WORD, offsetof(struct ol_message, subject), OL_TEXT_MAX},
    {WORD, offsetof(struct ol_message, lang), OL_LANG_MAX},
    {SMALL, offsetof(struct ol_message, marker), OL_MARKERS - 1},
    {SMALL, offsetof(struct ol_message, answer), OL_CLASSES - 1},
    {REF, offsetof(struct ol_message, re), 2 * (uint64_t)UINT32_MAX + 1},
    {NUMBER, offsetof(struct ol_message, corrects), UINT32_MAX},
    {NUMBER, offsetof(struct ol_message, cancels), UINT32_MAX},
    {WORD, offsetof(struct ol_message, level), OL_WORD_LEVEL},
    {WORD, offsetof(struct ol_message, to), OL_WORD_ROLE},
    {SMALL, offsetof(struct ol_message, standing), OL_STANDINGS - 1},
    {WORD, offsetof(struct ol_message, ref), OL_WORD_ROLE},
    {WORD, offsetof(struct ol_message, handling), OL_WORD_LEVEL},
    {WORD, offsetof(struct ol_message, by), OL_WORD_ROLE},
};
#define FIELDS (sizeof fields / sizeof fields[0])

static struct ol_span word_at(const struct ol_message *m, const struct field *f)
{
    struct ol_span word;

    assert(f->type == WORD);
    memcpy(&word, (const uint8_t *)m + f->at, sizeof word);
    return word;
}

/* 0: there is nothing to say. */
static uint64_t number_at(const struct ol_message *m, const struct field *f)
{
    const void *at = (const uint8_t *)m + f->at;
    const struct ol_ref *re = at;

    assert(f->type != WORD);
    if (f->type == SMALL)
        return *(const uint8_t *)at;
    if (f->type == NUMBER)
        return *(const uint32_t *)at;
    return re->author != 0 ? 2 * (uint64_t)re->seq + (re->author == 'B') : 0;
}

static bool says(const struct ol_message *m, const struct field *f)
{
    return f->type == WORD ? word_at(m, f).len > 0 : number_at(m, f) > 0;
}

static size_t count_pairs(const struct ol_message *m)
{
    size_t pairs = 0;

    assert(m->corrects == 0 || m->cancels == 0);
    assert(m->marker < OL_MARKERS && m->answer < OL_CLASSES && m->standing < OL_STANDINGS);
    for (size_t i = 0; i < FIELDS; i++)
        pairs += says(m, &fields[i]);
    return pairs;
}

static void write_map(const struct ol_message *m, struct ol_wr *w)
{
    ol_cbor_put_map(w, count_pairs(m));
    for (size_t i = 0; i < FIELDS; i++) {
        if (!says(m, &fields[i]))
            continue;
        ol_cbor_put_uint(w, i + 1);
        if (fields[i].type == WORD)
            ol_cbor_put_text(w, word_at(m, &fields[i]));
        else
            ol_cbor_put_uint(w, number_at(m, &fields[i]));
    }
}

void ol_message_write(const struct ol_message *m, struct ol_wr *w)
{
    assert(m->text.len > 0);
    if (count_pairs(m) > 1)
        write_map(m, w);
    else
        ol_cbor_put_text(w, m->text);
}

void ol_meaning_write(const struct ol_message *m, struct ol_wr *w)
{
    assert(m->text.len == 0);
    if (count_pairs(m) > 0)
        write_map(m, w);
}

static void set_number(struct ol_message *m, const struct field *f, uint64_t v)
{
    void *at = (uint8_t *)m + f->at;

    assert(f->type != WORD && v <= f->max);
    if (f->type == SMALL)
        *(uint8_t *)at = (uint8_t)v;
    else if (f->type == NUMBER)
        *(uint32_t *)at = (uint32_t)v;
    else
        *(struct ol_ref *)at = (struct ol_ref){.author = v & 1 ? 'B' : 'A', .seq = (uint32_t)(v / 2)};
}

/* One way to write a message: what is empty, or as in a bare text, is not written. */
static bool read_value(struct ol_rd *r, const struct field *f, struct ol_message *m)
{
    if (f->type == WORD) {
        struct ol_span word = ol_cbor_text(r);

        memcpy((uint8_t *)m + f->at, &word, sizeof word);
        return word.len > 0 && word.len <= f->max;
    } else {
        uint64_t v = ol_cbor_uint(r);

        if (v < (f->type == REF ? 2 : 1) || v > f->max)
            return false;
        set_number(m, f, v);
        return true;
    }
}

static bool read_map(struct ol_rd *r, struct ol_message *m)
{
    size_t pairs = ol_cbor_map(r);
    uint64_t last = UINT64_MAX;

    assert(m->text.len == 0 && m->corrects == 0 && m->cancels == 0);
    for (size_t i = 0; i < pairs && !r->bad; i++) {
        uint64_t key = ol_cbor_key(r, &last);

        if (key < 1 || key > FIELDS || !read_value(r, &fields[key - 1], m))
            return false;
    }
    /* A map says more than a text. */
    return pairs > (m->text.len > 0) && (m->corrects == 0 || m->cancels == 0) &&
           (m->lang.len == 0 || ol_lang_valid(m->lang));
}

enum ol_err ol_message_read(struct ol_span body, struct ol_message *m)
{
    struct ol_rd r = ol_rd_from(body);
    bool good = true;

    *m = (struct ol_message){0};
    if (ol_cbor_peek(&r) == OL_CBOR_MAP)
        good = read_map(&r, m);
    else
        m->text = ol_cbor_text(&r);
    assert(!r.bad || m->text.len == 0 || m->text.p != NULL);
    if (good && ol_rd_end(&r) == OL_OK && m->text.len > 0 && m->text.len <= OL_TEXT_MAX)
        return OL_OK;
    *m = (struct ol_message){0};
    return OL_MALFORMED;
}

enum ol_err ol_meaning_read(uint8_t kind, struct ol_span body, struct ol_message *m)
{
    struct ol_form_body form;
    struct ol_rd r;

    if (kind != OL_KIND_FORM)
        return ol_message_read(body, m);
    *m = (struct ol_message){0};
    if (ol_form_read(body, &form))
        return OL_MALFORMED;
    if (form.extra.len == 0)
        return OL_OK;
    r = ol_rd_from(form.extra);
    if (read_map(&r, m) && ol_rd_end(&r) == OL_OK && m->text.len == 0)
        return OL_OK;
    *m = (struct ol_message){0};
    return OL_MALFORMED;
}
