/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/clear.h"

#include <assert.h>
#include <string.h>

#define FLASH "flash"
#define OTHER "other"

/* ---- The texts ---- */

bool ol_is_paper(uint8_t kind)
{
    return kind == OL_LEAF_CLEARANCE || (kind >= OL_LEAF_OFFICER && kind <= OL_LEAF_RELEASE);
}

bool ol_officer_name_valid(struct ol_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.p[i] < ' ' || name.p[i] == 0x7f)
            return false;
    }
    return name.len > 0 && name.len <= OL_PARTY_MAX;
}

static void put(struct ol_wr *w, const char *before, struct ol_span text)
{
    ol_wr_bytes(w, before, strlen(before));
    ol_wr_bytes(w, text.p, text.len);
}

static void put_roles(struct ol_wr *w, const char *before, const struct ol_paper *paper)
{
    assert(paper->roles <= OL_RULE_ROLES);
    for (size_t i = 0; i < paper->roles; i++)
        put(w, i == 0 ? before : " ", paper->role[i]);
}

static void put_class(struct ol_wr *w, const struct ol_paper *paper)
{
    put(w, paper->flash ? FLASH : OTHER, ol_span(NULL, 0));
}

static void put_number(struct ol_wr *w, const char *before, const struct ol_paper *paper)
{
    uint8_t digits[10];
    size_t first = sizeof digits;

    for (uint32_t n = paper->number; n > 0 || first == sizeof digits; n /= 10)
        digits[--first] = (uint8_t)('0' + n % 10);
    put(w, before, ol_span(digits + first, sizeof digits - first));
}

static void put_hash(struct ol_wr *w, const struct ol_hash *hash)
{
    static const char digits[] = "0123456789abcdef";

    ol_wr_u8(w, ' ');
    for (size_t i = 0; i < sizeof hash->b; i++) {
        ol_wr_u8(w, (uint8_t)digits[hash->b[i] >> 4]);
        ol_wr_u8(w, (uint8_t)digits[hash->b[i] & 15]);
    }
}

void ol_paper_write(uint8_t kind, const struct ol_paper *paper, struct ol_wr *w)
{
    assert(ol_is_paper(kind));
    if (kind == OL_LEAF_OFFICER) {
        put_roles(w, "", paper);
        put(w, "\n", paper->name);
    } else if (kind == OL_LEAF_RULE) {
        put_class(w, paper);
        put_roles(w, " ", paper);
    } else if (kind == OL_LEAF_WORDS) {
        put_class(w, paper);
        put_number(w, " ", paper);
        put(w, "\n", paper->rest);
    } else {
        put_number(w, "", paper);
        if (kind == OL_LEAF_RELEASE)
            put_hash(w, &paper->body);
        put(w, "\n", paper->name);
        if (paper->rest.len > 0)
            put(w, "\n", paper->rest);
    }
}

/* What stands before this byte, which is taken too; all that is left when it is not there. */
static struct ol_span take_until(struct ol_span *text, uint8_t end)
{
    struct ol_span taken = *text;

    for (size_t i = 0; i < text->len; i++) {
        if (text->p[i] != end)
            continue;
        taken.len = i;
        *text = ol_span(text->p + i + 1, text->len - i - 1);
        return taken;
    }
    *text = ol_span(NULL, 0);
    return taken;
}

/* Digits without a leading zero. */
static bool read_number(struct ol_span word, uint32_t *out)
{
    uint64_t v = 0;

    for (size_t i = 0; i < word.len && v <= OL_SEQ_MAX; i++) {
        if (word.p[i] < '0' || word.p[i] > '9')
            return false;
        v = 10 * v + (word.p[i] - '0');
    }
    *out = (uint32_t)v;
    return word.len > 0 && v <= OL_SEQ_MAX && (word.len == 1 || word.p[0] != '0');
}

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hash(struct ol_span word, struct ol_hash *out)
{
    if (word.len != 2 * sizeof out->b)
        return false;
    for (size_t i = 0; i < sizeof out->b; i++) {
        int high = digit_of(word.p[2 * i]);
        int low = digit_of(word.p[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out->b[i] = (uint8_t)(16 * high + low);
    }
    return true;
}

static bool read_class(struct ol_span word, bool *flash)
{
    *flash = ol_span_equal(word, ol_span(FLASH, strlen(FLASH)));
    return *flash || ol_span_equal(word, ol_span(OTHER, strlen(OTHER)));
}

/* No role stands twice: it could not have two turns. */
static bool read_role(struct ol_span word, struct ol_paper *paper)
{
    for (size_t i = 0; i < paper->roles; i++) {
        if (ol_span_equal(paper->role[i], word))
            return false;
    }
    if (paper->roles == OL_RULE_ROLES || word.len > OL_WORD_ROLE || !ol_word_valid(word))
        return false;
    paper->role[paper->roles++] = word;
    return true;
}

static bool read_roles(struct ol_span line, struct ol_paper *paper)
{
    assert(paper->roles == 0);
    while (line.len > 0) {
        struct ol_span word = take_until(&line, ' ');

        if (!read_role(word, paper) || (line.p != NULL && line.len == 0))
            return false;
    }
    return true;
}

static bool has_break(struct ol_span text)
{
    return text.len > 0 && memchr(text.p, '\n', text.len) != NULL;
}

static bool read_rule(struct ol_span text, struct ol_paper *paper)
{
    bool bare = text.len == strlen(OTHER); /* both classes are as long */
    struct ol_span class = take_until(&text, ' ');

    return read_class(class, &paper->flash) && read_roles(text, paper) && (paper->roles > 0) == !bare;
}

static bool read_words(struct ol_span text, struct ol_paper *paper)
{
    struct ol_span line = take_until(&text, '\n');
    struct ol_span class = take_until(&line, ' ');

    paper->rest = text;
    return read_class(class, &paper->flash) && read_number(line, &paper->number) && text.len > 0;
}

static bool read_act(uint8_t kind, struct ol_span text, struct ol_paper *paper)
{
    struct ol_span line = take_until(&text, '\n');
    struct ol_span digits = kind == OL_LEAF_RELEASE ? take_until(&line, ' ') : line;
    bool more = has_break(text);
    bool named = text.p != NULL;

    if (!named || !read_number(digits, &paper->number) || paper->number == 0 ||
        (kind == OL_LEAF_RELEASE && !read_hash(line, &paper->body)))
        return false;
    paper->name = take_until(&text, '\n');
    paper->rest = text;
    return (paper->name.len == 0 || ol_officer_name_valid(paper->name)) && more == (text.len > 0) &&
           (kind == OL_LEAF_CLEARANCE || !more);
}

static bool read_officer(struct ol_span text, struct ol_paper *paper)
{
    struct ol_span line = take_until(&text, '\n');

    paper->name = text;
    return read_roles(line, paper) && ol_officer_name_valid(text);
}

enum ol_err ol_paper_read(uint8_t kind, struct ol_span text, struct ol_paper *paper)
{
    bool good;

    assert(ol_is_paper(kind));
    *paper = (struct ol_paper){0};
    good = kind == OL_LEAF_OFFICER ? read_officer(text, paper)
           : kind == OL_LEAF_RULE  ? read_rule(text, paper)
           : kind == OL_LEAF_WORDS ? read_words(text, paper)
                                   : read_act(kind, text, paper);
    if (good)
        return OL_OK;
    *paper = (struct ol_paper){0};
    return OL_MALFORMED;
}

/* ---- Looking ---- */

static bool is_text(const char *text, struct ol_span span)
{
    return strlen(text) == span.len && memcmp(text, span.p, span.len) == 0;
}

int ol_roles_find(const struct ol_roles *roles, struct ol_span role)
{
    assert(roles->n <= OL_RULE_ROLES);
    for (size_t i = 0; role.len > 0 && i < roles->n; i++) {
        if (is_text(roles->name[i], role))
            return (int)i;
    }
    return -1;
}

const struct ol_officer *ol_office_officer(const struct ol_office *o, struct ol_span name)
{
    for (size_t i = 0; name.len > 0 && i < OL_OFFICERS; i++) {
        if (is_text(o->officer[i].name, name))
            return &o->officer[i];
    }
    return NULL;
}

bool ol_office_has_room(const struct ol_office *o, struct ol_span name)
{
    if (ol_office_officer(o, name) != NULL)
        return true;
    for (size_t i = 0; i < OL_OFFICERS; i++) {
        if (o->officer[i].name[0] == 0)
            return true;
    }
    return false;
}

static struct ol_rule *find_rule(const struct ol_office *o, const struct ol_hash *line, bool flash)
{
    for (size_t i = 0; i < o->rules; i++) {
        if (o->rule[i].flash == flash && ol_hash_equal(&o->rule[i].line, line))
            return &o->rule[i];
    }
    return NULL;
}

const struct ol_roles *ol_office_rule(const struct ol_office *o, const struct ol_hash *line, bool flash)
{
    const struct ol_rule *rule = find_rule(o, line, flash);

    return rule != NULL && rule->roles.n > 0 ? &rule->roles : NULL;
}

struct ol_draft *ol_office_draft(const struct ol_office *o, uint32_t number)
{
    for (size_t i = o->drafts; number > 0 && i > 0; i--) {
        if (o->draft[i - 1].number == number)
            return &o->draft[i - 1];
    }
    return NULL;
}

const char *ol_draft_turn(const struct ol_draft *d, const struct ol_roles *rule)
{
    assert(d->cleared < rule->n);
    return rule->name[d->cleared];
}

int ol_draft_place(const struct ol_draft *d, const struct ol_roles *rule, const struct ol_officer *officer)
{
    assert(d->cleared < rule->n);
    for (int i = (int)d->cleared; i >= 0; i--) {
        const char *role = rule->name[i];

        if (ol_roles_find(&officer->roles, ol_span(role, strlen(role))) >= 0)
            return i;
    }
    return -1;
}

/* ---- Folding ---- */

static void keep_roles(struct ol_roles *to, const struct ol_paper *paper)
{
    assert(paper->roles <= OL_RULE_ROLES);
    *to = (struct ol_roles){.n = paper->roles};
    for (size_t i = 0; i < paper->roles; i++)
        memcpy(to->name[i], paper->role[i].p, paper->role[i].len);
}

/* Without roles the place is free again; without a place the officer is none. */
static void note_officer(struct ol_office *o, const struct ol_paper *paper)
{
    struct ol_officer *place = NULL;

    for (size_t i = 0; i < OL_OFFICERS; i++) {
        if (is_text(o->officer[i].name, paper->name)) {
            place = &o->officer[i];
            break;
        }
        if (place == NULL && o->officer[i].name[0] == 0)
            place = &o->officer[i];
    }
    if (place == NULL)
        return;
    *place = (struct ol_officer){0};
    if (paper->roles == 0)
        return;
    memcpy(place->name, paper->name.p, paper->name.len);
    keep_roles(&place->roles, paper);
}

static void note_rule(struct ol_office *o, const struct ol_leaf *leaf, const struct ol_paper *paper)
{
    struct ol_rule *rule = find_rule(o, &leaf->line, paper->flash);

    if (rule == NULL) {
        assert(o->rules < o->rules_cap);
        rule = &o->rule[o->rules++];
        *rule = (struct ol_rule){.line = leaf->line, .flash = paper->flash};
    }
    keep_roles(&rule->roles, paper);
    for (size_t i = 0; i < o->drafts; i++) {
        if (o->draft[i].flash == paper->flash && ol_hash_equal(&o->draft[i].line, &leaf->line))
            o->draft[i].cleared = 0;
    }
}

/* How many clearances stand once this role has changed the words. */
static size_t standing(const struct ol_office *o, const struct ol_draft *d, struct ol_span role)
{
    const struct ol_roles *rule = ol_office_rule(o, &d->line, d->flash);
    int place = rule != NULL ? ol_roles_find(rule, role) : -1;

    if (place < 0)
        return 0;
    return (size_t)place < d->cleared ? (size_t)place : d->cleared;
}

static void note_words(struct ol_office *o, const struct ol_leaf *leaf, const struct ol_paper *paper)
{
    struct ol_draft *d = ol_office_draft(o, paper->number);

    if (paper->number > 0 && (d == NULL || d->release > 0 || d->flash != paper->flash))
        return;
    if (d == NULL) {
        assert(o->drafts < o->drafts_cap);
        d = &o->draft[o->drafts++];
        *d = (struct ol_draft){.line = leaf->line, .flash = paper->flash};
    }
    d->cleared = standing(o, d, leaf->role);
    d->number = leaf->number;
    d->time = leaf->time;
}

static void note_clearance(struct ol_office *o, const struct ol_leaf *leaf, const struct ol_paper *paper)
{
    struct ol_draft *d = ol_office_draft(o, paper->number);
    const struct ol_roles *rule = d != NULL ? ol_office_rule(o, &d->line, d->flash) : NULL;

    if (rule == NULL || d->release > 0 || d->cleared + 1 >= rule->n || !is_text(ol_draft_turn(d, rule), leaf->role))
        return;
    d->clearance[d->cleared++] = leaf->number;
}

static void note_release(struct ol_office *o, const struct ol_leaf *leaf, const struct ol_paper *paper)
{
    struct ol_draft *d = ol_office_draft(o, paper->number);

    if (d == NULL || d->release > 0)
        return;
    d->release = leaf->number;
    d->body = paper->body;
    d->head = (struct ol_ref){leaf->author, leaf->seq};
}

void ol_office_note(struct ol_office *o, const struct ol_leaf *leaf)
{
    struct ol_paper paper;

    assert(leaf->number > 0);
    if (!ol_is_paper(leaf->kind) || ol_paper_read(leaf->kind, leaf->text, &paper))
        return;
    if (leaf->kind == OL_LEAF_OFFICER)
        note_officer(o, &paper);
    else if (leaf->kind == OL_LEAF_RULE)
        note_rule(o, leaf, &paper);
    else if (leaf->kind == OL_LEAF_WORDS)
        note_words(o, leaf, &paper);
    else if (leaf->kind == OL_LEAF_CLEARANCE)
        note_clearance(o, leaf, &paper);
    else
        note_release(o, leaf, &paper);
}
