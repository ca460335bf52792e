/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drafts: words that wait in the own book until each role of the rule has cleared them, and the last has released them.
 *
 * A release is written into the book first, with the hash of what is sent, and then sent. If the station ends between
 * the two, the message is neither on record nor in the outbox: it is shown as interrupted, and a release of it is
 * repeated. What is there, or was handed to the line since the start, is not sent again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "station/station.h"

#define REMARK_MAX 1024u

static struct ol_span span_of(const char *text)
{
    return ol_span(text, strlen(text));
}

static bool refuse(struct ol_fault *f, enum ol_exit code, const char *key, const char *name, const char *value)
{
    ol_fault_set(f, code, key, name, value, NULL);
    return false;
}

static const struct ol_roles *rule_of(const struct line *l, const struct ol_draft *d)
{
    return ol_office_rule(&l->station->office, &l->info.id, d->flash);
}

/* The draft of the line that the request names; NULL and the fault. */
static struct ol_draft *draft_param(const struct request *r, const struct line *l, struct ol_fault *f)
{
    json_int_t number = json_integer_value(json_object_get(r->params, "draft"));
    struct ol_draft *d = NULL;
    char digits[24];

    if (number > 0 && number <= OL_SEQ_MAX)
        d = ol_office_draft(&l->station->office, (uint32_t)number);
    if (d != NULL && ol_hash_equal(&d->line, &l->info.id))
        return d;
    snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, number);
    ol_fault_set(f, OL_EXIT_FAILED, "err.draft.none", "draft", digits, "line", l->info.name, NULL);
    return NULL;
}

/* ---- What a leaf holds ---- */

struct held {
    uint32_t number;
    uint8_t kind;
    json_t *content; /* of words: message, translation */
    json_t *shown;   /* of a clearance */
    char role[OL_WORD_ROLE + 1];
};

static bool take_leaf(void *ctx, const struct ol_leaf *leaf)
{
    struct held *held = ctx;
    struct ol_paper paper;

    if (leaf->number != held->number || leaf->kind != held->kind || ol_paper_read(leaf->kind, leaf->text, &paper))
        return false;
    snprintf(held->role, sizeof held->role, "%.*s", (int)leaf->role.len, (const char *)leaf->role.p);
    if (leaf->kind == OL_LEAF_WORDS)
        held->content = json_loadb((const char *)paper.rest.p, paper.rest.len, JSON_ALLOW_NUL, NULL);
    else
        held->shown = json_pack("{s:s,s:o,s:o,s:o,s:I}", "role", held->role, "officer",
                                json_stringn((const char *)paper.name.p, paper.name.len), "time", view_time(leaf->time),
                                "remark", paper.rest.len > 0 ? json_stringn((const char *)paper.rest.p, paper.rest.len)
                                                             : json_null(), "draft", (json_int_t)paper.number);
    return false;
}

/* False with the fault, as when the leaf is not what was written: nobody cleared that. */
static bool read_leaf(const struct line *l, uint8_t kind, uint32_t number, struct held *out, struct ol_fault *f)
{
    const struct book_query which = {.line = l, .from = number};

    *out = (struct held){.number = number, .kind = kind};
    if (!book_each(l->station, &which, take_leaf, out, f))
        return false;
    return out->content != NULL || out->shown != NULL || refuse(f, OL_EXIT_NOT_VERIFIED, "err.draft.lost", NULL, NULL);
}

/* ---- What became of a release ---- */

/* Of all that makes a message what it is: kind, precedence and exercise, body. */
static void body_hash(uint8_t kind, uint8_t flags, struct ol_span body, struct ol_hash *out)
{
    const uint8_t head[2] = {kind, flags & (0xc0 | OL_FLAG_EXERCISE)};
    const struct ol_span parts[] = {ol_span(head, sizeof head), body};

    ol_sha256(parts, 2, out);
}

struct looking {
    const struct ol_office *office;
    struct ol_draft *draft;
};

/* Two drafts may have had the same words: what another was sent as is not this one. */
static bool is_anothers(const struct looking *at, uint32_t seq)
{
    for (size_t i = 0; i < at->office->drafts; i++) {
        const struct ol_draft *d = &at->office->draft[i];

        if (d != at->draft && d->sent == seq && ol_hash_equal(&d->line, &at->draft->line))
            return true;
    }
    return false;
}

static bool look_at(void *ctx, const struct ol_row *row)
{
    struct looking *at = ctx;
    struct ol_hash hash;

    body_hash(row->h.kind, row->h.flags, row->body, &hash);
    if (!ol_hash_equal(&hash, &at->draft->body) || is_anothers(at, row->h.seq))
        return true;
    at->draft->sent = row->h.seq;
    return false;
}

static bool is_boxed(const struct line *l, const struct ol_draft *d)
{
    for (size_t i = 0; i < l->outbox_n; i++) {
        const struct boxed *b = &l->outbox[i];
        struct ol_hash hash;

        body_hash(b->kind, b->flags, ol_span(b->body.p, b->body.len), &hash);
        if (ol_hash_equal(&hash, &d->body))
            return true;
    }
    return false;
}

static bool is_asked(const struct line *l, uint32_t draft)
{
    for (const struct call *call = l->calls; call != NULL; call = call->next) {
        if (call->draft == draft)
            return true;
    }
    return false;
}

enum fate {
    FATE_NONE, /* neither on record nor on its way there */
    FATE_ON_ITS_WAY,
    FATE_SENT,
    FATE_UNKNOWN, /* the record could not be read */
};

static enum fate fate_of(struct line *l, struct ol_draft *d)
{
    struct looking at = {&l->station->office, d};

    if (d->sent == 0 && ol_store_scan_kind(l->station->store, l->info.number, line_side(l), OL_KIND_MESSAGE,
                                           d->head.seq + 1, look_at, &at) != OL_OK)
        return FATE_UNKNOWN;
    if (d->sent > 0)
        return FATE_SENT;
    return d->handed || is_boxed(l, d) || is_asked(l, d->number) ? FATE_ON_ITS_WAY : FATE_NONE;
}

void draft_handed(struct station *s, uint32_t number)
{
    struct ol_draft *d = ol_office_draft(&s->office, number);

    if (d != NULL)
        d->handed = true;
}

/* Whether it can still be changed, cleared, released. False with the fault. */
static bool is_in_work(struct line *l, struct ol_draft *d, struct ol_fault *f)
{
    char number[16];
    char id[16];
    enum fate fate;

    if (d->release == 0)
        return true;
    fate = fate_of(l, d);
    snprintf(number, sizeof number, "%u", d->number);
    snprintf(id, sizeof id, "%c%u", line_side(l), d->sent);
    if (fate == FATE_SENT)
        ol_fault_set(f, OL_EXIT_FAILED, "err.draft.sent", "draft", number, "id", id, NULL);
    else if (fate == FATE_NONE)
        ol_fault_set(f, OL_EXIT_FAILED, "err.draft.interrupted", "draft", number, "line", l->info.name, NULL);
    else
        ol_fault_set(f, OL_EXIT_FAILED, "err.draft.on_its_way", "draft", number, NULL);
    return false;
}

/* ---- As JSON ---- */

static const char *state_of(struct line *l, struct ol_draft *d)
{
    const struct ol_roles *rule = rule_of(l, d);

    if (d->release == 0)
        return rule == NULL || d->cleared + 1 == rule->n ? "cleared" : "draft";
    return fate_of(l, d) == FATE_NONE ? "interrupted" : "released";
}

static json_t *clearances_json(const struct line *l, const struct ol_draft *d, struct ol_fault *f)
{
    json_t *list = json_array();

    for (size_t i = 0; i < d->cleared; i++) {
        struct held held;

        if (!read_leaf(l, OL_LEAF_CLEARANCE, d->clearance[i], &held, f)) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, held.shown);
    }
    return list;
}

static json_t *roles_left(const struct ol_roles *rule, const struct ol_draft *d)
{
    json_t *list = json_array();

    for (size_t i = d->cleared; rule != NULL && d->release == 0 && i < rule->n; i++)
        json_array_append_new(list, json_string(rule->name[i]));
    return list;
}

/* NULL with the fault. */
static json_t *draft_json(struct line *l, struct ol_draft *d, struct ol_fault *f)
{
    const char *state = state_of(l, d);
    struct held words;
    json_t *clearances;
    json_t *out;

    if (!read_leaf(l, OL_LEAF_WORDS, d->number, &words, f))
        return NULL;
    clearances = clearances_json(l, d, f);
    if (clearances == NULL) {
        json_decref(words.content);
        return NULL;
    }
    out = json_pack("{s:i,s:I,s:s,s:s,s:s,s:o,s:s,s:o,s:o,s:o,s:O?,s:O?}", "schema", 1, "draft", (json_int_t)d->number,
                    "line", l->info.name, "state", state, "class", d->flash ? "flash" : "other", "time",
                    view_time(d->time), "by", words.role, "clearances", clearances, "roles",
                    roles_left(rule_of(l, d), d), "id",
                    d->sent > 0 ? view_id(line_side(l), d->sent) : json_null(), "message",
                    json_object_get(words.content, "message"), "translation",
                    json_object_get(words.content, "translation"));
    json_decref(words.content);
    return out;
}

static void answer(const struct request *r, struct line *l, struct ol_draft *d)
{
    struct ol_fault f;
    json_t *shown = draft_json(l, d, &f);

    if (shown != NULL)
        request_done(r, shown);
    else
        client_fault(r->client, r->id, &f);
}

void draft_list(const struct request *r)
{
    struct line *l = line_param(r);
    struct ol_office *o = &r->station->office;
    json_t *list;
    struct ol_fault f;

    if (l == NULL)
        return;
    list = json_array();
    for (size_t i = 0; i < o->drafts; i++) {
        json_t *one;

        if (!ol_hash_equal(&o->draft[i].line, &l->info.id) || strcmp(state_of(l, &o->draft[i]), "released") == 0)
            continue;
        one = draft_json(l, &o->draft[i], &f);
        if (one == NULL) {
            json_decref(list);
            client_fault(r->client, r->id, &f);
            return;
        }
        json_array_append_new(list, one);
    }
    request_done(r, json_pack("{s:i,s:o}", "schema", 1, "drafts", list));
}

void draft_show(const struct request *r)
{
    struct line *l = line_param(r);
    struct ol_draft *d;
    struct ol_fault f;

    if (l == NULL)
        return;
    d = draft_param(r, l, &f);
    if (d != NULL)
        answer(r, l, d);
    else
        client_fault(r->client, r->id, &f);
}

/* ---- Writing ---- */

/* Reads the message as if it were sent now, so that what can never be is refused at once. False with the fault. */
static bool try_message(struct line *l, const json_t *message, uint8_t *flags, struct ol_fault *f)
{
    const struct sayer anyone = {.cleared = ""};
    struct call_item item[2] = {{0}};
    size_t n;
    bool read = send_read(l, message, &anyone, item, &n, f);

    *flags = read ? item[n - 1].flags : 0;
    for (size_t i = 0; i < 2; i++)
        ol_blob_free(&item[i].body);
    return read;
}

/* The words as they were, with those of the request in their place; the rest stays. A translation is one of the words
 * beside which it was given, so it goes with them. NULL with the fault. */
static json_t *merged(const struct request *r, const struct line *l, const struct ol_draft *d, struct ol_fault *f)
{
    const json_t *given = json_object_get(r->params, "message");
    struct held words;
    json_t *message;

    if (d == NULL)
        return json_deep_copy(given);
    if (!read_leaf(l, OL_LEAF_WORDS, d->number, &words, f))
        return NULL;
    message = json_incref(json_object_get(words.content, "message"));
    if (json_object_get(given, "text") != NULL)
        json_object_set(message, "text", json_object_get(given, "text"));
    if (json_object_get(given, "fields") != NULL)
        json_object_set(message, "fields", json_object_get(given, "fields"));
    json_decref(words.content);
    return message;
}

static bool write_words(const struct request *r, const struct line *l, const json_t *message, const char *role,
                        struct ol_paper *paper, struct ol_leaf *leaf, struct ol_fault *f)
{
    json_t *content = json_pack("{s:O,s:O?}", "message", message, "translation",
                                json_object_get(r->params, "translation"));
    char *text = content != NULL ? json_dumps(content, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    bool written = false;

    json_decref(content);
    if (text == NULL)
        return refuse(f, OL_EXIT_FAILED, "err.station.memory", NULL, NULL);
    paper->rest = span_of(text);
    leaf->kind = OL_LEAF_WORDS;
    leaf->role = span_of(role);
    written = paper_write(r->station, l, leaf, paper, f);
    free(text);
    return written;
}

/* As which role the words are changed: of an officer who is in the rule one whose turn it is, or was. NULL with the
 * fault. */
static const char *changes_as(const struct request *r, struct line *l, struct ol_draft *d, struct ol_fault *f)
{
    const struct ol_roles *rule = d != NULL ? rule_of(l, d) : NULL;
    const char *turn;
    int place;

    if (d != NULL && !is_in_work(l, d, f))
        return NULL;
    if (rule == NULL || r->officer == NULL)
        return roles_own(r->officer);
    turn = ol_draft_turn(d, rule);
    place = ol_draft_place(d, rule, r->officer);
    if (place >= 0)
        return rule->name[place];
    for (size_t i = d->cleared + 1; i < rule->n; i++) {
        if (ol_roles_find(&r->officer->roles, span_of(rule->name[i])) >= 0) {
            ol_fault_set(f, OL_EXIT_FAILED, "err.draft.turn", "role", turn, "officer", r->officer->name, NULL);
            return NULL;
        }
    }
    return roles_own(r->officer);
}

/* The draft's new number is in *number. False with the fault. */
static bool write_draft(const struct request *r, struct line *l, struct ol_draft *d, uint32_t *number,
                        struct ol_fault *f)
{
    const char *role = changes_as(r, l, d, f);
    struct ol_paper paper = {.number = d != NULL ? d->number : 0};
    struct ol_leaf leaf = {0};
    uint8_t flags;
    json_t *message;
    bool written;

    if (role == NULL)
        return false;
    if (!is_or_null(r->params, "message", JSON_OBJECT) || !is_or_null(r->params, "translation", JSON_STRING))
        return refuse(f, OL_EXIT_USAGE, "err.station.field", NULL, NULL);
    message = merged(r, l, d, f);
    if (message == NULL)
        return d != NULL ? false : refuse(f, OL_EXIT_USAGE, "err.station.text", NULL, NULL);
    written = try_message(l, message, &flags, f);
    paper.flash = d != NULL ? d->flash : ol_flags_precedence(flags) == OL_FLASH;
    written = written && write_words(r, l, message, role, &paper, &leaf, f);
    json_decref(message);
    *number = leaf.number;
    return written;
}

void draft_write(const struct request *r)
{
    struct line *l = line_param(r);
    bool is_new = is_or_null(r->params, "draft", JSON_NULL);
    struct ol_draft *d = NULL;
    uint32_t number;
    struct ol_fault f;

    if (l == NULL)
        return;
    if (!is_new)
        d = draft_param(r, l, &f);
    if ((!is_new && d == NULL) || !write_draft(r, l, d, &number, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    answer(r, l, ol_office_draft(&r->station->office, number));
}

/* ---- Clearing ---- */

/* Whether it is this officer's turn; the last role's turn is to release. False with the fault. */
static bool is_turn(const struct request *r, const struct line *l, const struct ol_draft *d, bool to_release,
                    struct ol_fault *f)
{
    const struct ol_roles *rule = rule_of(l, d);
    const char *turn = rule != NULL ? ol_draft_turn(d, rule) : NULL;
    bool last = rule != NULL && d->cleared + 1 == rule->n;

    if (rule == NULL)
        return to_release || refuse(f, OL_EXIT_FAILED, "err.draft.no_rule", "line", l->info.name);
    if (r->officer == NULL)
        return refuse(f, OL_EXIT_FAILED, "err.draft.as", "role", turn);
    if (ol_roles_find(&r->officer->roles, span_of(turn)) < 0) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.draft.turn", "role", turn, "officer", r->officer->name, NULL);
        return false;
    }
    if (to_release)
        return last || refuse(f, OL_EXIT_FAILED, "err.draft.uncleared", "role", turn);
    return !last || refuse(f, OL_EXIT_FAILED, "err.draft.last", "role", turn);
}

static bool read_remark(const struct request *r, struct ol_paper *paper, uint8_t **nfc, struct ol_fault *f)
{
    if (is_or_null(r->params, "remark", JSON_NULL))
        return true;
    if (!read_text(json_object_get(r->params, "remark"), REMARK_MAX, nfc, &paper->rest.len, f))
        return false;
    paper->rest.p = *nfc;
    return true;
}

static bool clear(const struct request *r, struct line *l, struct ol_draft *d, uint8_t **nfc, struct ol_fault *f)
{
    struct ol_paper paper = {.number = d->number};
    struct ol_leaf leaf = {.kind = OL_LEAF_CLEARANCE};

    if (!is_in_work(l, d, f) || !is_turn(r, l, d, false, f) || !read_remark(r, &paper, nfc, f))
        return false;
    paper.name = span_of(r->officer->name);
    leaf.role = span_of(ol_draft_turn(d, rule_of(l, d)));
    return paper_write(r->station, l, &leaf, &paper, f);
}

void draft_clear(const struct request *r)
{
    struct line *l = line_param(r);
    uint8_t *nfc = NULL;
    struct ol_draft *d;
    struct ol_fault f;

    if (l == NULL)
        return;
    d = draft_param(r, l, &f);
    if (d != NULL && clear(r, l, d, &nfc, &f))
        answer(r, l, d);
    else
        client_fault(r->client, r->id, &f);
    free(nfc);
}

/* ---- Releasing ---- */

/* The role that is shown on both sides; empty: the operator. False with the fault. */
static bool releases_as(const struct request *r, struct line *l, struct ol_draft *d, char role[static OL_WORD_ROLE + 1],
                        struct ol_fault *f)
{
    const struct ol_roles *rule = rule_of(l, d);
    struct held release;

    if (d->release == 0) {
        if (!is_turn(r, l, d, true, f))
            return false;
        snprintf(role, OL_WORD_ROLE + 1, "%s",
                 rule != NULL ? rule->name[rule->n - 1] : r->officer != NULL ? roles_own(r->officer) : "");
        return true;
    }
    if (fate_of(l, d) != FATE_NONE)
        return is_in_work(l, d, f);
    if (!read_leaf(l, OL_LEAF_RELEASE, d->release, &release, f))
        return false;
    json_decref(release.shown);
    snprintf(role, OL_WORD_ROLE + 1, "%s", strcmp(release.role, OL_OPERATOR) == 0 ? "" : release.role);
    return true; /* who had it released did so already */
}

/* When it is repeated it is the same message, or none: else it could be sent twice. */
static bool write_release(const struct request *r, const struct line *l, struct ol_draft *d, const char *role,
                          const struct call_item *message, struct ol_fault *f)
{
    struct ol_paper paper = {.number = d->number};
    struct ol_leaf leaf = {.kind = OL_LEAF_RELEASE, .role = span_of(*role != 0 ? role : OL_OPERATOR)};
    uint32_t head = l->head[line_side(l) == 'B']; /* whatever becomes of what is on its way */

    body_hash(message->kind, message->flags, ol_span(message->body.p, message->body.len), &paper.body);
    if (d->release > 0)
        return ol_hash_equal(&paper.body, &d->body) || refuse(f, OL_EXIT_NOT_VERIFIED, "err.draft.lost", NULL, NULL);
    if (r->officer != NULL)
        paper.name = span_of(r->officer->name);
    if (head > 0) {
        leaf.author = line_side(l);
        leaf.seq = head;
    }
    return paper_write(r->station, l, &leaf, &paper, f);
}

static struct call *call_for(const struct request *r, struct line *l, const struct ol_draft *d,
                             const struct call_item *item, size_t n)
{
    struct call *call = call_new(l, r->client, r->id, n);

    if (call == NULL)
        return NULL;
    memcpy(call->item, item, n * sizeof *item);
    call->draft = d->number;
    return call;
}

/* False with the fault; then the items are the caller's. */
static bool release(const struct request *r, struct line *l, struct ol_draft *d, struct call_item item[static 2],
                    struct ol_fault *f)
{
    char role[OL_WORD_ROLE + 1];
    const struct sayer by = {.cleared = role};
    struct held words;
    struct call *call;
    size_t n;
    bool read;

    if (!releases_as(r, l, d, role, f) || ending_refuses(l, f) || !read_leaf(l, OL_LEAF_WORDS, d->number, &words, f))
        return false;
    read = send_read(l, json_object_get(words.content, "message"), &by, item, &n, f);
    json_decref(words.content);
    if (!read || !rate_allows(l, item, n, f) || !write_release(r, l, d, role, &item[n - 1], f))
        return false;
    call = call_for(r, l, d, item, n);
    if (call == NULL)
        return refuse(f, OL_EXIT_FAILED, "err.station.memory", NULL, NULL);
    call_write(call);
    return true;
}

void draft_release(const struct request *r)
{
    struct line *l = line_param(r);
    struct call_item item[2] = {{0}};
    struct ol_draft *d;
    struct ol_fault f;

    if (l == NULL)
        return;
    d = draft_param(r, l, &f);
    if (d != NULL && release(r, l, d, item, &f))
        return;
    for (size_t i = 0; i < 2; i++)
        ol_blob_free(&item[i].body);
    client_fault(r->client, r->id, &f);
}
