/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles: those of each side, which both see; who of us acts in them, and whose clearance a message needs, which stay in
 * the own book. Whoever can open the control socket is the operator; a request with `as` is an officer's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk/roster.h"
#include "station/station.h"

#define NAMES_MAX 480u /* bytes of roles in a refusal */

static struct ol_span span_of(const char *text)
{
    return ol_span(text, strlen(text));
}

static bool refuse(struct ol_fault *f, enum ol_exit code, const char *key, const char *name, const char *value)
{
    ol_fault_set(f, code, key, name, value, NULL);
    return false;
}

/* ---- Kept leaves ---- */

bool office_room(struct station *s, uint8_t kind)
{
    struct ol_office *o = &s->office;

    if (kind == OL_LEAF_RULE && o->rules == o->rules_cap) {
        struct ol_rule *grown = realloc(o->rule, (o->rules_cap + 16) * sizeof *grown);

        if (grown == NULL)
            return false;
        o->rule = grown;
        o->rules_cap += 16;
    }
    if (kind == OL_LEAF_WORDS && o->drafts == o->drafts_cap) {
        struct ol_draft *grown = realloc(o->draft, 2 * (o->drafts_cap + 8) * sizeof *grown);

        if (grown == NULL)
            return false;
        o->draft = grown;
        o->drafts_cap = 2 * (o->drafts_cap + 8);
    }
    return true;
}

void office_forget(struct station *s)
{
    free(s->office.rule);
    free(s->office.draft);
    s->office = (struct ol_office){0};
}

/* ---- Who asks ---- */

/* What an officer does not do in his roles: the station itself, what binds the whole side, who its officers are. */
static bool is_operators(const char *method)
{
    static const char *const names[] = {"reload",       "resume",  "unfreeze", "close",   "stop", "book_accept",
                                        "drop_session", "propose", "respond",  "roster",  "rule", "stats_sign",
                                        "officer"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], method) == 0)
            return true;
    }
    return false;
}

bool roles_admit(struct request *r, const char *method, struct ol_fault *f)
{
    const json_t *as = json_object_get(r->params, "as");
    const char *name = json_string_value(as);

    if (as == NULL || json_is_null(as))
        return true;
    if (name != NULL)
        r->officer = ol_office_officer(&r->station->office, span_of(name));
    if (r->officer == NULL)
        return refuse(f, OL_EXIT_USAGE, "err.roles.as", "officer", name != NULL ? name : "");
    if (!is_operators(method))
        return true;
    ol_fault_set(f, OL_EXIT_FAILED, "err.roles.operator", "officer", name, NULL);
    return false;
}

const char *roles_own(const struct ol_officer *officer)
{
    return officer != NULL ? officer->roles.name[0] : OL_OPERATOR;
}

/* ---- What a rule asks ---- */

void roles_join(const struct ol_roles *roles, char *out, size_t cap)
{
    size_t len = 0;

    *out = 0;
    for (size_t i = 0; i < roles->n && len < cap; i++)
        len += (size_t)snprintf(out + len, cap - len, "%s%s", i > 0 ? ", " : "", roles->name[i]);
}

static bool is_service(const struct ol_message *meant)
{
    return ol_span_equal(meant->level, span_of(OL_LEVEL_SERVICE));
}

/* Whether a rule of one role names a role of his: then he is all that it asks for. */
static bool is_released_alone(const struct ol_roles *rule, const struct ol_officer *officer)
{
    return rule->n == 1 && officer != NULL && ol_roles_find(&officer->roles, span_of(rule->name[0])) >= 0;
}

static bool refuse_by_rule(const struct line *l, const struct ol_roles *rule, const char *key, struct ol_fault *f)
{
    char roles[NAMES_MAX];

    roles_join(rule, roles, sizeof roles);
    ol_fault_set(f, OL_EXIT_FAILED, key, "line", l->info.name, "roles", roles, NULL);
    return false;
}

static const struct ol_roster *roster_of(const struct line *l, bool own)
{
    return &l->roster[(line_side(l) == 'B') == own];
}

static bool is_addressed(const struct line *l, struct ol_span to, struct ol_fault *f)
{
    const struct ol_roster *theirs = roster_of(l, false);
    size_t n = ol_roster_count(theirs);
    char roles[NAMES_MAX];
    size_t len = 0;

    if (to.len == 0 || n == 0 || ol_roster_find(theirs, to) != NULL)
        return true;
    for (size_t i = 0; i < n && len < sizeof roles; i++) {
        const struct ol_role *role = ol_roster_at(theirs, i);

        len += (size_t)snprintf(roles + len, sizeof roles - len, "%s%.*s", i > 0 ? ", " : "", (int)role->name_len,
                                (const char *)role->name);
    }
    ol_fault_set(f, OL_EXIT_USAGE, "err.roles.to", "party", l->peer_card.party, "roles", roles, NULL);
    return false;
}

bool roles_allow(const struct line *l, const struct sayer *by, uint8_t flags, struct ol_message *meant,
                 struct ol_fault *f)
{
    const struct ol_roles *rule =
        ol_office_rule(&l->station->office, &l->info.id, ol_flags_precedence(flags) == OL_FLASH);

    if (!is_addressed(l, meant->to, f))
        return false;
    if (by->cleared != NULL) {
        meant->by = span_of(by->cleared);
        return true;
    }
    if (rule != NULL && !is_service(meant) && !is_released_alone(rule, by->officer))
        return refuse_by_rule(l, rule, "err.roles.rule", f);
    if (by->officer != NULL)
        meant->by = span_of(rule != NULL && !is_service(meant) ? rule->name[0] : roles_own(by->officer));
    return true;
}

/* Taking a message, saying that it was read, passing it on: what any officer may do at any hour. */
static bool is_receiving(const struct ol_act *act)
{
    return act->kind == OL_KIND_TAKE || act->kind == OL_KIND_READBACK || act->kind == OL_KIND_CONFIRM ||
           act->kind == OL_KIND_ONWARD ||
           (act->kind == OL_KIND_REPLY && (act->what == OL_ROGER || act->what == OL_STANDBY));
}

bool roles_allow_act(const struct line *l, const struct ol_officer *officer, const struct ol_row *message,
                     struct ol_act *act, struct ol_fault *f)
{
    const struct ol_roles *rule = ol_office_rule(&l->station->office, &l->info.id,
                                                 ol_flags_precedence(message->h.flags) == OL_FLASH);
    const char *last = rule != NULL ? rule->name[rule->n - 1] : NULL;
    bool free = rule == NULL || is_receiving(act);

    if (officer != NULL)
        act->role = span_of(free ? roles_own(officer) : last);
    if (free)
        return true;
    if (act->kind == OL_KIND_CORRECT)
        return is_released_alone(rule, officer) || refuse_by_rule(l, rule, "err.roles.correct", f);
    if (officer == NULL || ol_roles_find(&officer->roles, span_of(last)) >= 0)
        return true;
    ol_fault_set(f, OL_EXIT_FAILED, "err.roles.act", "line", l->info.name, "role", last, "officer", officer->name,
                 NULL);
    return false;
}

/* ---- Rosters ---- */

void roster_note(struct line *l, const struct ol_row *row)
{
    ol_roster_note(&l->roster[row->h.author == 'B'], row);
}

/* A word of the request, borrowed. False with the fault. */
static bool read_word(const json_t *value, const char *field, size_t max, struct ol_span *out, struct ol_fault *f)
{
    *out = ol_span(json_string_value(value), json_string_length(value));
    return (json_is_string(value) && out->len <= max && ol_word_valid(*out)) ||
           refuse(f, OL_EXIT_USAGE, "err.station.word", "field", field);
}

/* Words of the request; none when they are left out. False with the fault. */
static bool read_words(const struct request *r, const char *field, size_t max_len, size_t max, struct ol_span *out,
                       size_t *n, struct ol_fault *f)
{
    const json_t *list = json_object_get(r->params, field);
    char limit[16];

    *n = json_array_size(list);
    snprintf(limit, sizeof limit, "%zu", max);
    if (*n > max)
        return refuse(f, OL_EXIT_USAGE, "err.roles.many", "limit", limit);
    if (!is_or_null(r->params, field, JSON_ARRAY))
        return refuse(f, OL_EXIT_USAGE, "err.station.word", "field", field);
    for (size_t i = 0; i < *n; i++) {
        if (!read_word(json_array_get(list, i), field, max_len, &out[i], f))
            return false;
        for (size_t j = 0; j < i; j++) {
            if (ol_span_equal(out[i], out[j]))
                return refuse(f, OL_EXIT_USAGE, "err.roles.twice", "role", json_string_value(json_array_get(list, i)));
        }
    }
    return true;
}

static int what_of(const char *verb)
{
    static const char *const verbs[OL_ROLE_WHATS] = {"remove", "add", "hands"};

    for (int i = 0; verb != NULL && i < OL_ROLE_WHATS; i++) {
        if (strcmp(verbs[i], verb) == 0)
            return i;
    }
    return -1;
}

static void copy_levels(const struct ol_role *role, struct ol_roster_entry *entry)
{
    entry->levels = role->levels;
    for (size_t i = 0; i < role->levels; i++)
        entry->level[i] = ol_span(role->level[i], role->level_len[i]);
}

static bool says_nothing_new(const struct ol_role *role, const struct ol_roster_entry *entry)
{
    struct ol_roster_entry is = {0};
    bool same;

    copy_levels(role, &is);
    same = is.levels == entry->levels;
    for (size_t i = 0; same && i < is.levels; i++)
        same = ol_span_equal(is.level[i], entry->level[i]);
    return same;
}

static bool read_entry(const struct request *r, const struct line *l, struct ol_roster_entry *entry, struct ol_fault *f)
{
    const struct ol_roster *ours = roster_of(l, true);
    int what = what_of(text_param(r, "verb"));
    const struct ol_role *role;

    if (what < 0)
        return refuse(f, OL_EXIT_USAGE, "err.roles.verb", NULL, NULL);
    if (!read_word(json_object_get(r->params, "role"), "role", OL_WORD_ROLE, &entry->role, f) ||
        !read_words(r, "levels", OL_WORD_LEVEL, OL_ROLE_LEVELS, entry->level, &entry->levels, f))
        return false;
    entry->what = (enum ol_roster_what)what;
    role = ol_roster_find(ours, entry->role);
    if (what != OL_ROLE_ADDED && (role == NULL || entry->levels > 0))
        return refuse(f, OL_EXIT_FAILED, "err.roles.none", "role", text_param(r, "role"));
    if (what == OL_ROLE_ADDED && role != NULL && says_nothing_new(role, entry))
        return refuse(f, OL_EXIT_FAILED, "err.roles.there", "role", text_param(r, "role"));
    if (what == OL_ROLE_HANDED)
        copy_levels(role, entry);
    return ol_roster_has_room(ours, entry->role) || refuse(f, OL_EXIT_FAILED, "err.roles.full", NULL, NULL);
}

void roster_say(const struct request *r)
{
    struct line *l = line_param(r);
    struct ol_roster_entry entry = {0};
    uint8_t body[OL_WORD_ROLE + OL_ROLE_LEVELS * (OL_WORD_LEVEL + 2) + 8];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct ol_fault f;
    struct call *call;

    if (l == NULL)
        return;
    if (!read_entry(r, l, &entry, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    ol_roster_write(&entry, &w);
    call = entry_call(r, l, OL_KIND_ROSTER, &w);
    if (call == NULL)
        return;
    call->item[0].flags = OL_PRIORITY << 6;
    call_write(call);
}

/* Who of us acts in it; our officers' names are shown here only. */
static json_t *holders(const struct station *s, struct ol_span role)
{
    json_t *names = json_array();

    for (size_t i = 0; i < OL_OFFICERS; i++) {
        if (ol_roles_find(&s->office.officer[i].roles, role) >= 0)
            json_array_append_new(names, json_string(s->office.officer[i].name));
    }
    return names;
}

static json_t *role_json(const struct line *l, bool own, const struct ol_role *role)
{
    struct ol_span name = ol_span(role->name, role->name_len);
    uint8_t side = own ? line_side(l) : (uint8_t)('A' + 'B' - line_side(l));
    json_t *levels = json_array();

    for (size_t i = 0; i < role->levels; i++)
        json_array_append_new(levels, json_stringn((const char *)role->level[i], role->level_len[i]));
    return json_pack("{s:i,s:s,s:b,s:o,s:o,s:s,s:o,s:o,s:o}", "schema", 1, "side", side == 'A' ? "A" : "B", "own", own,
                     "role", json_stringn((const char *)name.p, name.len), "levels", levels, "state",
                     ol_roster_what_name(role->what), "since", view_time(role->time), "id", view_id(side, role->seq),
                     "officers", own ? holders(l->station, name) : json_null());
}

void roster_list(const struct request *r)
{
    struct line *l = line_param(r);
    json_t *list;

    if (l == NULL)
        return;
    list = json_array();
    for (int own = 1; own >= 0; own--) {
        const struct ol_roster *roster = roster_of(l, own);

        for (size_t i = 0; i < ol_roster_count(roster); i++)
            json_array_append_new(list, role_json(l, own, ol_roster_at(roster, i)));
    }
    request_done(r, json_pack("{s:i,s:o}", "schema", 1, "roles", list));
}

/* ---- Officers and rules ---- */

bool paper_write(struct station *s, const struct line *l, struct ol_leaf *leaf, const struct ol_paper *paper,
                 struct ol_fault *f)
{
    static uint8_t text[OL_TEXT_MAX];
    struct ol_wr w = ol_wr_to(text, sizeof text);
    char limit[16];

    ol_paper_write(leaf->kind, paper, &w);
    snprintf(limit, sizeof limit, "%zu", sizeof text);
    if (w.full)
        return refuse(f, OL_EXIT_USAGE, "err.station.long", "limit", limit);
    leaf->text = ol_wr_span(&w);
    return book_write(s, l, leaf, f);
}

static void write_and_answer(const struct request *r, const struct line *l, uint8_t kind, const struct ol_paper *paper)
{
    struct ol_leaf leaf = {.kind = kind, .role = span_of(OL_OPERATOR)};
    struct ol_fault f;

    if (paper_write(r->station, l, &leaf, paper, &f))
        request_done(r, json_pack("{s:i,s:I}", "schema", 1, "number", (json_int_t)leaf.number));
    else
        client_fault(r->client, r->id, &f);
}

static bool read_officer(const struct request *r, struct ol_paper *paper, uint8_t **nfc, struct ol_fault *f)
{
    const struct ol_office *o = &r->station->office;

    if (!read_text(json_object_get(r->params, "name"), OL_PARTY_MAX, nfc, &paper->name.len, f))
        return false;
    paper->name.p = *nfc;
    if (!ol_officer_name_valid(paper->name))
        return refuse(f, OL_EXIT_USAGE, "err.station.field", NULL, NULL);
    if (!read_words(r, "roles", OL_WORD_ROLE, OL_RULE_ROLES, paper->role, &paper->roles, f))
        return false;
    if (paper->roles == 0 && ol_office_officer(o, paper->name) == NULL)
        return refuse(f, OL_EXIT_FAILED, "err.roles.as", "officer", text_param(r, "name"));
    return ol_office_has_room(o, paper->name) || refuse(f, OL_EXIT_FAILED, "err.roles.full", NULL, NULL);
}

void officer_set(const struct request *r)
{
    struct ol_paper paper = {0};
    uint8_t *nfc = NULL;
    struct ol_fault f;

    if (read_officer(r, &paper, &nfc, &f))
        write_and_answer(r, NULL, OL_LEAF_OFFICER, &paper);
    else
        client_fault(r->client, r->id, &f);
    free(nfc);
}

static json_t *roles_json(const struct ol_roles *roles)
{
    json_t *list = json_array();

    for (size_t i = 0; i < roles->n; i++)
        json_array_append_new(list, json_string(roles->name[i]));
    return list;
}

void officer_list(const struct request *r)
{
    const struct ol_office *o = &r->station->office;
    json_t *list = json_array();

    for (size_t i = 0; i < OL_OFFICERS; i++) {
        if (o->officer[i].name[0] != 0)
            json_array_append_new(list, json_pack("{s:i,s:s,s:o}", "schema", 1, "name", o->officer[i].name, "roles",
                                                  roles_json(&o->officer[i].roles)));
    }
    request_done(r, json_pack("{s:i,s:o}", "schema", 1, "officers", list));
}

void rule_set(const struct request *r)
{
    struct line *l = line_param(r);
    struct ol_paper paper = {.flash = json_is_true(json_object_get(r->params, "flash"))};
    struct ol_fault f;

    if (l == NULL)
        return;
    if (!read_words(r, "roles", OL_WORD_ROLE, OL_RULE_ROLES, paper.role, &paper.roles, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    if (paper.roles == 0 && ol_office_rule(&r->station->office, &l->info.id, paper.flash) == NULL)
        request_fail(r, OL_EXIT_FAILED, "err.rule.none", "line", l->info.name);
    else
        write_and_answer(r, l, OL_LEAF_RULE, &paper);
}

void rule_list(const struct request *r)
{
    struct line *l = line_param(r);
    json_t *list;

    if (l == NULL)
        return;
    list = json_array();
    for (int flash = 0; flash < 2; flash++) {
        const struct ol_roles *rule = ol_office_rule(&r->station->office, &l->info.id, flash);

        if (rule != NULL)
            json_array_append_new(list, json_pack("{s:i,s:s,s:s,s:o}", "schema", 1, "line", l->info.name, "class",
                                                  flash ? "flash" : "other", "roles", roles_json(rule)));
    }
    request_done(r, json_pack("{s:i,s:o}", "schema", 1, "rules", list));
}
