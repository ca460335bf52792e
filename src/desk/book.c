/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/book.h"

#include <assert.h>
#include <string.h>

#include "base/cbor.h"
#include "crypto/hash.h"
#include "wire/card.h"

static const char label[] = "openline/book/1";

/* ---- Kinds ---- */

static const char *const kind_names[] = {
    [OL_LEAF_NOTE] = "note",
    [OL_LEAF_TRANSLATION] = "translation",
    [OL_LEAF_DRAFT] = "draft",
    [OL_LEAF_CLEARANCE] = "clearance",
    [OL_LEAF_TEMPLATE] = "template",
    [OL_LEAF_POINTS] = "points",
    [OL_LEAF_INSTRUCTIONS] = "instructions",
    [OL_LEAF_ACCOUNT] = "account",
    [OL_LEAF_ALARM_ACK] = "alarm_ack",
    [OL_LEAF_ACCEPTED] = "accepted",
    [OL_LEAF_OFFICER] = "officer",
    [OL_LEAF_RULE] = "rule",
    [OL_LEAF_WORDS] = "words",
    [OL_LEAF_RELEASE] = "release",
    [OL_LEAF_PATH] = "path",
};
#define KINDS (sizeof kind_names / sizeof kind_names[0])

const char *ol_leaf_kind_name(uint8_t kind)
{
    return kind > 0 && kind < KINDS ? kind_names[kind] : "unknown";
}

uint8_t ol_leaf_kind_of(const char *name)
{
    assert(name != NULL);
    for (uint8_t kind = 1; kind < KINDS; kind++) {
        if (strcmp(kind_names[kind], name) == 0)
            return kind;
    }
    return 0;
}

/* ---- One leaf ---- */

enum { NUMBER = 1, PREV, KIND, TIME, BODY, LINE, ABOUT, ROLE, LANG };

#define ALWAYS 5u

static bool has_line(const struct ol_leaf *leaf)
{
    static const struct ol_hash none;

    return !ol_hash_equal(&leaf->line, &none);
}

static void put_hash(struct ol_wr *w, unsigned key, const struct ol_hash *hash)
{
    ol_cbor_put_uint(w, key);
    ol_cbor_put_bytes(w, ol_span(hash->b, sizeof hash->b));
}

static void put_number(struct ol_wr *w, unsigned key, uint32_t v)
{
    ol_cbor_put_uint(w, key);
    ol_cbor_put_uint(w, v);
}

static void put_text(struct ol_wr *w, unsigned key, struct ol_span text)
{
    ol_cbor_put_uint(w, key);
    ol_cbor_put_text(w, text);
}

void ol_leaf_write(const struct ol_leaf *leaf, struct ol_wr *w)
{
    bool line = has_line(leaf);
    bool about = leaf->author != 0;

    assert(leaf->number > 0 && leaf->kind > 0);
    assert(leaf->text.len > 0);
    assert(!about || (line && leaf->seq > 0));
    ol_cbor_put_map(w, ALWAYS + line + about + (leaf->role.len > 0) + (leaf->lang.len > 0));
    put_number(w, NUMBER, leaf->number);
    put_hash(w, PREV, &leaf->prev);
    put_number(w, KIND, leaf->kind);
    put_number(w, TIME, leaf->time);
    put_text(w, BODY, leaf->text);
    if (line)
        put_hash(w, LINE, &leaf->line);
    if (about) {
        ol_cbor_put_uint(w, ABOUT);
        ol_cbor_put_array(w, 2);
        ol_cbor_put_uint(w, leaf->author);
        ol_cbor_put_uint(w, leaf->seq);
    }
    if (leaf->role.len > 0)
        put_text(w, ROLE, leaf->role);
    if (leaf->lang.len > 0)
        put_text(w, LANG, leaf->lang);
}

/* What is not from min to max marks r bad. */
static uint32_t next_number(struct ol_rd *r, uint64_t min, uint64_t max)
{
    uint64_t v = ol_cbor_uint(r);

    assert(min <= max && max <= UINT32_MAX);
    r->bad = r->bad || v < min || v > max;
    return (uint32_t)v;
}

static void next_hash(struct ol_rd *r, struct ol_hash *out)
{
    struct ol_span bytes = ol_cbor_bytes(r);

    assert(!r->bad || bytes.len == 0);
    if (bytes.len == sizeof out->b)
        memcpy(out->b, bytes.p, sizeof out->b);
    else
        r->bad = true;
}

static struct ol_span next_text(struct ol_rd *r, size_t max)
{
    struct ol_span text = ol_cbor_text(r);

    r->bad = r->bad || text.len == 0 || text.len > max;
    return text;
}

static void next_about(struct ol_rd *r, struct ol_leaf *leaf)
{
    r->bad = ol_cbor_array(r) != 2 || r->bad;
    leaf->author = (uint8_t)next_number(r, 'A', 'B');
    leaf->seq = next_number(r, 1, UINT32_MAX);
}

static void next_field(struct ol_rd *r, uint64_t key, struct ol_leaf *leaf)
{
    switch (key) {
    case NUMBER:
        leaf->number = next_number(r, 1, OL_SEQ_MAX);
        break;
    case PREV:
        next_hash(r, &leaf->prev);
        break;
    case KIND:
        leaf->kind = (uint8_t)next_number(r, 1, UINT8_MAX);
        break;
    case TIME:
        leaf->time = next_number(r, 0, UINT32_MAX);
        break;
    case BODY:
        leaf->text = next_text(r, OL_TEXT_MAX);
        break;
    case LINE:
        next_hash(r, &leaf->line);
        r->bad = r->bad || !has_line(leaf);
        break;
    case ABOUT:
        next_about(r, leaf);
        r->bad = r->bad || !has_line(leaf);
        break;
    case ROLE:
        leaf->role = next_text(r, OL_PARTY_MAX);
        break;
    case LANG:
        leaf->lang = next_text(r, OL_LANG_MAX);
        r->bad = r->bad || !ol_lang_valid(leaf->lang);
        break;
    default:
        r->bad = true;
    }
}

enum ol_err ol_leaf_read(struct ol_span bytes, struct ol_leaf *leaf)
{
    struct ol_rd r = ol_rd_from(bytes);
    size_t pairs = ol_cbor_map(&r);
    uint64_t last = UINT64_MAX;

    *leaf = (struct ol_leaf){0};
    r.bad = r.bad || pairs < ALWAYS;
    for (size_t i = 0; i < pairs && !r.bad; i++) {
        uint64_t key = ol_cbor_key(&r, &last);

        /* Keys ascend, so the first five are those that are always there, or one of them is missing. */
        r.bad = r.bad || (i < ALWAYS && key != i + 1);
        if (!r.bad)
            next_field(&r, key, leaf);
    }
    if (ol_rd_end(&r) == OL_OK) {
        assert(leaf->number > 0 && leaf->kind > 0 && leaf->text.len > 0);
        return OL_OK;
    }
    *leaf = (struct ol_leaf){0};
    return OL_MALFORMED;
}

void ol_leaf_hash(struct ol_span bytes, struct ol_hash *out)
{
    const struct ol_span parts[] = {ol_span(label, sizeof label), bytes};

    ol_sha256(parts, 2, out);
}

enum ol_err ol_leaf_check(uint32_t number, const struct ol_hash *hash, struct ol_span bytes, struct ol_leaf *leaf)
{
    struct ol_hash is;

    ol_leaf_hash(bytes, &is);
    if (ol_leaf_read(bytes, leaf) == OL_OK && leaf->number == number && ol_hash_equal(&is, hash))
        return OL_OK;
    *leaf = (struct ol_leaf){0};
    return OL_MALFORMED;
}

/* ---- The chain ---- */

void ol_book_fold(struct ol_book *b, uint32_t number, const struct ol_hash *hash, struct ol_span bytes)
{
    uint32_t due = b->number + 1;
    struct ol_leaf leaf;
    bool follows = ol_leaf_check(number, hash, bytes, &leaf) == OL_OK && number == due;

    assert(number > 0 && number <= OL_SEQ_MAX);
    follows = follows && ol_hash_equal(&leaf.prev, &b->hash);
    if (follows && leaf.kind == OL_LEAF_ACCEPTED)
        b->flaw = 0;
    else if (!follows && b->flaw == 0)
        b->flaw = due;
    b->number = number > b->number ? number : b->number;
    ol_leaf_hash(bytes, &b->hash);
}

enum ol_err ol_book_next(const struct ol_book *b, struct ol_leaf *leaf)
{
    assert(leaf->kind > 0);
    if (b->number >= OL_SEQ_MAX)
        return OL_LIMIT;
    leaf->number = b->number + 1;
    leaf->prev = b->hash;
    assert(leaf->number > 0 && leaf->number <= OL_SEQ_MAX);
    return OL_OK;
}
