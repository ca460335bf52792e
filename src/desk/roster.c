/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/roster.h"

#include <assert.h>
#include <string.h>

#include "base/cbor.h"

/* ---- The entry ---- */

const char *ol_roster_what_name(enum ol_roster_what what)
{
    static const char *const names[OL_ROLE_WHATS] = {"removed", "added", "handed"};

    assert(what < OL_ROLE_WHATS);
    return names[what];
}

void ol_roster_write(const struct ol_roster_entry *entry, struct ol_wr *w)
{
    assert(entry->what < OL_ROLE_WHATS && entry->role.len > 0);
    assert(entry->levels <= (entry->what == OL_ROLE_REMOVED ? 0 : OL_ROLE_LEVELS));
    ol_cbor_put_array(w, 2 + entry->levels);
    ol_cbor_put_uint(w, entry->what);
    ol_cbor_put_text(w, entry->role);
    for (size_t i = 0; i < entry->levels; i++)
        ol_cbor_put_text(w, entry->level[i]);
}

static struct ol_span read_word(struct ol_rd *r, size_t max)
{
    struct ol_span word = ol_cbor_text(r);

    r->bad = r->bad || word.len > max || !ol_word_valid(word);
    return word;
}

static void read_entry(struct ol_rd *r, struct ol_roster_entry *entry)
{
    size_t items = ol_cbor_array(r);
    uint64_t what = ol_cbor_uint(r);

    r->bad = r->bad || what >= OL_ROLE_WHATS || items < 2 || items > 2 + (what == OL_ROLE_REMOVED ? 0 : OL_ROLE_LEVELS);
    if (r->bad)
        return;
    entry->what = (enum ol_roster_what)what;
    entry->role = read_word(r, OL_WORD_ROLE);
    entry->levels = items - 2;
    for (size_t i = 0; i < entry->levels; i++)
        entry->level[i] = read_word(r, OL_WORD_LEVEL);
}

enum ol_err ol_roster_read(struct ol_span body, struct ol_roster_entry *entry)
{
    struct ol_rd r = ol_rd_from(body);

    *entry = (struct ol_roster_entry){0};
    read_entry(&r, entry);
    if (ol_rd_end(&r) == OL_OK) {
        assert(entry->role.len > 0 && entry->levels <= OL_ROLE_LEVELS);
        return OL_OK;
    }
    *entry = (struct ol_roster_entry){0};
    return OL_MALFORMED;
}

/* ---- The fold ---- */

static bool is_named(const struct ol_role *role, struct ol_span name)
{
    return role->seq > 0 && ol_span_equal(ol_span(role->name, role->name_len), name);
}

/* The place of this name, or else the one that is free, or was named longest ago. So the places are those of the names
 * with the highest numbers, whatever the order in which entries come. */
static struct ol_role *place_of(struct ol_roster *r, struct ol_span name)
{
    struct ol_role *oldest = &r->role[0];

    assert(name.len > 0);
    for (size_t i = 0; i < OL_ROSTER_MAX; i++) {
        if (is_named(&r->role[i], name))
            return &r->role[i];
        if (r->role[i].seq < oldest->seq)
            oldest = &r->role[i];
    }
    return oldest;
}

static void fill(struct ol_role *role, const struct ol_header *h, const struct ol_roster_entry *entry)
{
    assert(entry->role.len <= sizeof role->name && entry->levels <= OL_ROLE_LEVELS);
    *role = (struct ol_role){.seq = h->seq, .time = h->time, .what = entry->what,
                             .name_len = (uint8_t)entry->role.len, .levels = (uint8_t)entry->levels};
    memcpy(role->name, entry->role.p, entry->role.len);
    for (size_t i = 0; i < entry->levels; i++) {
        role->level_len[i] = (uint8_t)entry->level[i].len;
        memcpy(role->level[i], entry->level[i].p, entry->level[i].len);
    }
}

void ol_roster_note(struct ol_roster *r, const struct ol_row *row)
{
    struct ol_roster_entry entry;
    struct ol_role *place;

    assert(row->h.seq > 0);
    if (row->h.kind != OL_KIND_ROSTER || ol_roster_read(row->body, &entry))
        return;
    place = place_of(r, entry.role);
    if (row->h.seq > place->seq)
        fill(place, &row->h, &entry);
}

static bool is_there(const struct ol_role *role)
{
    return role->seq > 0 && role->what != OL_ROLE_REMOVED;
}

const struct ol_role *ol_roster_find(const struct ol_roster *r, struct ol_span role)
{
    for (size_t i = 0; i < OL_ROSTER_MAX; i++) {
        if (is_there(&r->role[i]) && is_named(&r->role[i], role))
            return &r->role[i];
    }
    return NULL;
}

size_t ol_roster_count(const struct ol_roster *r)
{
    size_t n = 0;

    for (size_t i = 0; i < OL_ROSTER_MAX; i++)
        n += is_there(&r->role[i]);
    return n;
}

/* By name: the places are in an order of no meaning, which need not be the same on both sides. */
static bool is_before(const struct ol_role *a, const struct ol_role *b)
{
    size_t len = a->name_len < b->name_len ? a->name_len : b->name_len;
    int order = memcmp(a->name, b->name, len);

    return order < 0 || (order == 0 && a->name_len < b->name_len);
}

const struct ol_role *ol_roster_at(const struct ol_roster *r, size_t i)
{
    const struct ol_role *last = NULL;

    assert(i < ol_roster_count(r));
    for (size_t n = 0; n <= i; n++) {
        const struct ol_role *next = NULL;

        for (size_t at = 0; at < OL_ROSTER_MAX; at++) {
            const struct ol_role *role = &r->role[at];

            if (is_there(role) && (last == NULL || is_before(last, role)) && (next == NULL || is_before(role, next)))
                next = role;
        }
        last = next;
    }
    return last;
}

bool ol_roster_has_room(const struct ol_roster *r, struct ol_span role)
{
    for (size_t i = 0; i < OL_ROSTER_MAX; i++) {
        if (r->role[i].seq == 0 || is_named(&r->role[i], role))
            return true;
    }
    return false;
}
