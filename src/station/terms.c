/* SPDX-License-Identifier: Apache-2.0 */
/* What both sides agreed as data: read from requests, shown, and asked for by whatever it governs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "station/station.h"

/* ---- Times ---- */

/* Those in force at a moment; *author is the side that proposed them, 0 when none were agreed. */
static void times_at(struct line *l, uint32_t utc, struct ol_times *t, uint8_t *author)
{
    const struct ol_accord *x = ol_agree_at(agreed(l), OL_TOPIC_TIMES, utc);

    if (x != NULL && ol_times_read(x->what.terms, t) == OL_OK) {
        *author = x->id.author;
    } else {
        ol_times_init(t);
        *author = 0;
    }
}

void terms_of(struct line *l, const struct ol_row *row, struct ol_owed_times *out)
{
    enum ol_precedence precedence = ol_flags_precedence(row->h.flags);
    struct ol_message m;
    struct ol_times t;
    uint8_t author;

    times_at(l, row->h.time, &t, &author);
    *out = (struct ol_owed_times){.take_s = ol_times_take(&t, precedence)};
    out->answer_s = row->h.kind == OL_KIND_FORM ? form_answer_s(l, row) : 0;
    if (out->answer_s == 0)
        out->answer_s = ol_times_answer(&t, precedence);
    for (uint8_t stage = OL_STAGE_DESK; stage < OL_STAGES; stage++)
        out->onward_s[stage] = ol_times_onward(&t, stage);
    out->for_role = ol_meaning_read(row->h.kind, row->body, &m) == OL_OK && m.to.len > 0;
}

uint32_t terms_first_s(struct line *l, const struct ol_header *h)
{
    struct ol_times t;
    uint8_t author;
    uint32_t first;

    times_at(l, h->time, &t, &author);
    first = ol_times_take(&t, ol_flags_precedence(h->flags));
    for (uint8_t stage = OL_STAGE_DESK; stage < OL_STAGES; stage++) {
        uint32_t s = ol_times_onward(&t, stage);

        if (s > 0 && s < first)
            first = s;
    }
    return first;
}

const char *terms_role(struct line *l, const struct ol_header *h, uint8_t step, char out[static OL_WORD_ROLE + 1])
{
    uint8_t receiver = (uint8_t)('A' + 'B' - h->author);
    struct ol_times t;
    struct ol_span role;
    uint8_t author;

    times_at(l, h->time, &t, &author);
    role = t.role[2 * (receiver != author) + step - 1];
    if (role.len > 0)
        snprintf(out, OL_WORD_ROLE + 1, "%.*s", (int)role.len, (const char *)role.p);
    else
        snprintf(out, OL_WORD_ROLE + 1, "%s", ol_step_name(step));
    return out;
}

/* Where a role of the proposal stands, as its author counts, under a name that is this side's. */
static size_t role_at(bool ours, size_t name)
{
    return ours ? name : (name + 2) % OL_TIMES_ROLES;
}

static const char *const role_names[OL_TIMES_ROLES] = {"deputy_here", "next_role_here", "deputy_there", "next_role_there"};

static json_t *times_json(const struct ol_times *t, bool ours)
{
    json_t *out = json_object();

    for (unsigned i = 0; i < OL_TIMES; i++)
        json_object_set_new(out, ol_time_name(i), json_integer(t->s[i]));
    for (size_t i = 0; i < OL_TIMES_ROLES; i++) {
        struct ol_span role = t->role[role_at(ours, i)];

        json_object_set_new(out, role_names[i],
                            role.len > 0 ? json_stringn((const char *)role.p, role.len) : json_null());
    }
    return out;
}

/* What is named changes, the rest stays as it is in force. */
static bool read_time(const char *name, const json_t *value, struct ol_times *t)
{
    json_int_t s = json_integer_value(value);

    for (unsigned i = 0; i < OL_TIMES; i++) {
        if (strcmp(name, ol_time_name(i)) != 0)
            continue;
        t->s[i] = (uint32_t)s;
        return json_is_integer(value) && s >= (i < OL_TIME_ANSWER) && s <= OL_TIMES_MAX_S;
    }
    for (size_t i = 0; i < OL_TIMES_ROLES; i++) {
        if (strcmp(name, role_names[i]) != 0)
            continue;
        t->role[i] = ol_span(json_string_value(value), json_string_length(value));
        return json_is_string(value) && t->role[i].len <= OL_WORD_ROLE && ol_word_valid(t->role[i]);
    }
    return false;
}

static void turn(struct ol_times *t)
{
    for (size_t i = 0; i < 2; i++) {
        struct ol_span role = t->role[i];

        t->role[i] = t->role[i + 2];
        t->role[i + 2] = role;
    }
}

static bool read_times(const struct request *r, struct line *l, struct ol_wr *w, struct ol_fault *f)
{
    json_t *given = json_object_get(r->params, "terms");
    struct ol_times t;
    uint8_t author;
    const char *name;
    json_t *value;

    times_at(l, station_now(l->station).utc, &t, &author);
    if (author != 0 && author != line_side(l))
        turn(&t);
    json_object_foreach(given, name, value) {
        if (!read_time(name, value, &t)) {
            ol_fault_set(f, OL_EXIT_USAGE, "err.terms.time", "name", name, NULL);
            return false;
        }
    }
    ol_times_write(&t, w);
    return true;
}

/* ---- Handling ---- */

static json_t *forbids_json(uint8_t forbids)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < OL_FORBIDS; i++) {
        if (forbids & 1u << i)
            json_array_append_new(list, json_string(ol_forbids_name(i)));
    }
    return list;
}

static json_t *handlings_json(const struct ol_handlings *t)
{
    json_t *out = json_object();

    for (size_t i = 0; i < t->n; i++)
        json_object_setn_new(out, (const char *)t->row[i].word.p, t->row[i].word.len, forbids_json(t->row[i].forbids));
    return out;
}

static void show_rules(struct line *l, const struct ol_row *row, json_t *message)
{
    struct ol_handlings t;
    struct ol_message m;
    const struct ol_handling *known;
    bool says = ol_meaning_read(row->h.kind, row->body, &m) == OL_OK && m.handling.len > 0;

    ol_agree_handlings(agreed(l), row->h.time, &t);
    json_object_set_new(message, "beyond_rate", json_boolean(row->h.seq > 0 && rate_is_beyond(l, &row->h, &m)));
    known = says ? ol_handling_find(&t, m.handling) : NULL;
    json_object_set_new(message, "handling_agreed", says ? json_boolean(known != NULL) : json_null());
    json_object_set_new(message, "forbids", forbids_json(known != NULL ? known->forbids : says ? OL_FORBIDS_ALL : 0));
}

json_t *terms_handling(struct line *l, const struct ol_row *row)
{
    struct ol_message m;
    struct ol_row about;
    uint8_t author;
    uint32_t seq;
    bool says = ol_meaning_read(row->h.kind, row->body, &m) == OL_OK;

    if (!says && ol_is_act(row->h.kind)) {
        ol_message_refer(row, &author, &seq);
        says = author != 0 && ol_store_row(l->station->store, l->info.number, author, seq, &about) == OL_OK &&
               ol_meaning_read(about.h.kind, about.body, &m) == OL_OK;
    }
    return says && m.handling.len > 0 ? json_stringn((const char *)m.handling.p, m.handling.len) : json_null();
}

static void name_words(const struct ol_handlings *t, char out[static OL_FAULT_VALUE])
{
    size_t len = 0;

    for (size_t i = 0; i < t->n && len + OL_WORD_LEVEL + 3 < OL_FAULT_VALUE; i++)
        len += (size_t)snprintf(out + len, OL_FAULT_VALUE - len, "%s%.*s", i > 0 ? ", " : "", (int)t->row[i].word.len,
                                (const char *)t->row[i].word.p);
}

bool terms_allow(struct line *l, const struct ol_message *meant, struct ol_fault *f)
{
    uint32_t now = station_now(l->station).utc;
    char word[OL_WORD_LEVEL + 1];
    char words[OL_FAULT_VALUE];
    struct ol_handlings t;

    ol_agree_handlings(agreed(l), now, &t);
    if (meant->handling.len == 0 || ol_handling_find(&t, meant->handling) != NULL ||
        ol_agree_at(agreed(l), OL_TOPIC_HANDLING, now) == NULL)
        return true;
    snprintf(word, sizeof word, "%.*s", (int)meant->handling.len, (const char *)meant->handling.p);
    name_words(&t, words);
    ol_fault_set(f, OL_EXIT_USAGE, "err.terms.handling_word", "line", l->info.name, "word", word, "words", words, NULL);
    return false;
}

static int compare(const void *x, const void *y)
{
    const struct ol_handling *a = x;
    const struct ol_handling *b = y;
    size_t len = a->word.len < b->word.len ? a->word.len : b->word.len;
    int order = memcmp(a->word.p, b->word.p, len);

    return order != 0 ? order : (a->word.len > b->word.len) - (a->word.len < b->word.len);
}

/* {"word": ["publish"], ...}: in no order. */
static bool read_forbids(const json_t *list, uint8_t *forbids)
{
    const json_t *one;
    size_t i;

    *forbids = 0;
    json_array_foreach(list, i, one) {
        uint8_t what = ol_forbids_of(ol_span(json_string_value(one), json_string_length(one)));

        *forbids |= what;
        if (what == 0)
            return false;
    }
    return json_is_array(list);
}

static bool read_rate(const struct request *r, struct ol_wr *w, struct ol_fault *f)
{
    const json_t *given = json_object_get(json_object_get(r->params, "terms"), "per_minute");
    json_int_t n = json_integer_value(given);

    if (!json_is_integer(given) || n < 1 || n > OL_RATE_MAX) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.terms.rate", NULL);
        return false;
    }
    ol_rate_write((uint32_t)n, w);
    return true;
}

static bool read_handlings(const struct request *r, struct ol_wr *w, struct ol_fault *f)
{
    json_t *given = json_object_get(r->params, "terms");
    struct ol_handlings t;
    struct ol_handlings back;
    const char *name;
    json_t *value;

    ol_handlings_init(&t);
    json_object_foreach(given, name, value) {
        struct ol_handling *row = &t.row[t.n];

        if (t.n == sizeof t.row / sizeof t.row[0] || !read_forbids(value, &row->forbids)) {
            ol_fault_set(f, OL_EXIT_USAGE, "err.terms.handling", "name", name, NULL);
            return false;
        }
        row->word = ol_span(name, strlen(name));
        t.n++;
    }
    qsort(&t.row[OL_HANDLINGS_GIVEN], t.n - OL_HANDLINGS_GIVEN, sizeof t.row[0], compare);
    ol_handlings_write(&t, w);
    if (!w->full && ol_handlings_read(ol_wr_span(w), &back) == OL_OK)
        return true;
    ol_fault_set(f, OL_EXIT_USAGE, "err.terms.handling", "name", json_object_iter_key(json_object_iter(given)), NULL);
    return false;
}

/* ---- As JSON ---- */

static json_t *time_or_null(uint32_t utc)
{
    return utc > 0 ? view_time(utc) : json_null();
}

void terms_show(struct line *l, const struct ol_row *row, const struct ol_dialogue *d, uint32_t delivered_at,
                json_t *message)
{
    struct ol_owed_times t;

    terms_of(l, row, &t);
    json_object_set_new(message, "due", time_or_null(ol_owed_due(d, delivered_at, &t)));
    json_object_set_new(message, "onward_due", time_or_null(ol_owed_onward(d, delivered_at, &t)));
    show_rules(l, row, message);
}

json_t *terms_json(const struct line *l, const struct ol_accord *x)
{
    struct ol_handlings handlings;
    struct ol_times t;
    uint32_t rate;

    if (x->what.topic == OL_TOPIC_TIMES && ol_times_read(x->what.terms, &t) == OL_OK)
        return times_json(&t, x->id.author == line_side(l));
    if (x->what.topic == OL_TOPIC_HANDLING && ol_handlings_read(x->what.terms, &handlings) == OL_OK)
        return handlings_json(&handlings);
    if (x->what.topic == OL_TOPIC_RATE && ol_rate_read(x->what.terms, &rate) == OL_OK)
        return json_pack("{s:I}", "per_minute", (json_int_t)rate);
    return json_null();
}

/* What holds on a line on which nothing of this topic was agreed. */
static json_t *given_json(int topic)
{
    struct ol_handlings handlings;
    struct ol_times t;

    if (topic == OL_TOPIC_RATE)
        return json_pack("{s:n}", "per_minute");
    ol_handlings_init(&handlings);
    ol_times_init(&t);
    return topic == OL_TOPIC_TIMES ? times_json(&t, true) : handlings_json(&handlings);
}

bool terms_in_force(struct line *l, const struct ol_accord *x)
{
    return x->what.topic >= OL_TOPIC_TIMES &&
           ol_agree_at(agreed(l), (enum ol_topic)x->what.topic, station_now(l->station).utc) == x;
}

json_t *terms_given(struct line *l, int topic)
{
    bool holds = ol_agree_at(agreed(l), (enum ol_topic)topic, station_now(l->station).utc) == NULL;

    return json_pack("{s:i,s:n,s:s,s:s,s:o,s:b}", "schema", 1, "id", "topic", ol_topic_name((uint8_t)topic), "state",
                     "given", "terms", given_json(topic), "in_force", holds);
}

/* ---- What is asked to be written ---- */

bool terms_read(const struct request *r, struct line *l, int topic, struct ol_wr *w, struct ol_fault *f)
{
    const json_t *given = json_object_get(r->params, "terms");

    if (!json_is_object(given) || json_object_size(given) == 0) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.terms.none", "topic", ol_topic_name((uint8_t)topic), NULL);
        return false;
    }
    if (topic == OL_TOPIC_RATE)
        return read_rate(r, w, f);
    return topic == OL_TOPIC_TIMES ? read_times(r, l, w, f) : read_handlings(r, w, f);
}
