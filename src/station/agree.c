/* SPDX-License-Identifier: Apache-2.0 */
/* What both sides of a line agreed: kept as the entries that say so, folded when it is asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "station/station.h"

static const char *party_of(const struct line *l, uint8_t side)
{
    return side == line_side(l) ? l->own_card.party : l->peer_card.party;
}

/* ---- Kept entries ---- */

/* A place for this number among those of its side, ascending; NULL when it is there, or is beyond those that count. */
static struct ol_row *make_place(struct line *l, const struct ol_header *h)
{
    size_t side = h->author == 'B';
    struct ol_row *row = l->agree.row[side];
    size_t *n = &l->agree.n[side];
    size_t at = *n;

    while (at > 0 && row[at - 1].h.seq > h->seq)
        at--;
    if ((at > 0 && row[at - 1].h.seq == h->seq) || at == OL_AGREE_EACH)
        return NULL;
    if (*n == OL_AGREE_EACH)
        free((void *)(uintptr_t)row[--*n].body.p);
    memmove(&row[at + 1], &row[at], (*n - at) * sizeof *row);
    ++*n;
    return &row[at];
}

static bool keep(struct line *l, const struct ol_row *row)
{
    size_t side = row->h.author == 'B';
    uint8_t *body = malloc(row->body.len + 1);
    struct ol_row *grown = realloc(l->agree.row[side], (l->agree.n[side] + 1) * sizeof *grown);
    struct ol_row *place;

    if (grown != NULL)
        l->agree.row[side] = grown;
    place = body != NULL && grown != NULL ? make_place(l, &row->h) : NULL;
    if (place == NULL) {
        free(body);
        return body != NULL && grown != NULL;
    }
    memcpy(body, row->body.p, row->body.len);
    *place = *row;
    place->body = ol_span(body, row->body.len);
    l->agree.folded = false;
    return true;
}

/* All of them: a proposal that comes late may be of an exercise that any of them broke. */
static bool keep_urgent(struct line *l, const struct ol_header *h)
{
    size_t n = l->agree.urgents;

    if ((n & (n - 1)) == 0) {
        struct urgent *grown = realloc(l->agree.urgent, (n == 0 ? 1 : 2 * n) * sizeof *grown);

        if (grown == NULL)
            return false;
        l->agree.urgent = grown;
    }
    l->agree.urgent[l->agree.urgents++] = (struct urgent){.author = h->author, .seq = h->seq, .time = h->time};
    if (l->agree.folded)
        ol_agree_message(&l->agree.fold, h);
    return true;
}

bool agree_note(struct line *l, const struct ol_row *row)
{
    bool is_urgent = ol_kind_is_message(row->h.kind) && ol_agree_is_urgent(&row->h);

    if (!is_urgent && row->h.kind != OL_KIND_PROPOSE && row->h.kind != OL_KIND_RESPOND)
        return true;
    if (!(is_urgent ? keep_urgent(l, &row->h) : keep(l, row))) {
        station_log("line %s: no memory for what was agreed", l->info.name);
        return false;
    }
    if (!is_urgent && !l->agree.folded) { /* other terms may hold now */
        watch_retime(l);
        rate_changed(l);
    }
    return true;
}

void agree_forget(struct line *l)
{
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < l->agree.n[side]; i++)
            free((void *)(uintptr_t)l->agree.row[side][i].body.p);
        free(l->agree.row[side]);
    }
    free(l->agree.urgent);
}

static bool next_row(void *ctx, unsigned side, struct ol_row *row)
{
    struct line *l = ctx;

    if (l->agree.at[side] == l->agree.n[side])
        return false;
    *row = l->agree.row[side][l->agree.at[side]++];
    return true;
}

const struct ol_agree *agreed(struct line *l)
{
    if (!l->agree.folded) {
        l->agree.at[0] = l->agree.at[1] = 0;
        ol_agree_of(&l->agree.fold, next_row, l);
        for (size_t i = 0; i < l->agree.urgents; i++) {
            const struct urgent *u = &l->agree.urgent[i];

            ol_agree_message(&l->agree.fold, &(struct ol_header){.author = u->author, .flags = OL_FLASH << 6, .seq = u->seq,
                                                                 .time = u->time});
        }
        l->agree.folded = true;
    }
    return &l->agree.fold;
}

/* ---- What follows for messages ---- */

static void level_name(struct ol_span level, char out[static OL_WORD_LEVEL + 1])
{
    snprintf(out, OL_WORD_LEVEL + 1, "%.*s", (int)level.len, (const char *)level.p);
}

static void fault_suspended(const struct line *l, const struct ol_channel *c, const struct ol_step *step, struct ol_fault *f)
{
    char level[OL_WORD_LEVEL + 1];
    json_t *since = view_time(step->since);

    level_name(c->level, level);
    ol_fault_set(f, OL_EXIT_FAILED, "err.agree.suspended", "line", l->info.name, "level", level, "party",
                 party_of(l, step->side), "since", json_string_value(since), NULL);
    json_decref(since);
}

bool agree_allows(struct line *l, uint8_t flags, const struct ol_message *meant, struct ol_fault *f)
{
    const struct ol_agree *a = agreed(l);
    const struct ol_channel *c = ol_agree_level(a, meant->level);
    char level[OL_WORD_LEVEL + 1];
    struct ol_step step;

    if (!terms_allow(l, meant, f))
        return false;
    if (meant->marker == OL_INSTRUCTION && !ol_agree_stands(a, OL_TOPIC_INSTRUCTIONS)) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.instruction", "line", l->info.name, NULL);
        return false;
    }
    if (meant->level.len == 0 || ol_flags_precedence(flags) == OL_FLASH)
        return true;
    if (c == NULL) {
        level_name(meant->level, level);
        ol_fault_set(f, OL_EXIT_USAGE, "err.agree.no_level", "line", l->info.name, "level", level, NULL);
        return false;
    }
    if (ol_channel_step(c, &step) != OL_CHANNEL_SUSPENDED)
        return true;
    fault_suspended(l, c, &step, f);
    return false;
}

void agree_show(struct line *l, const struct ol_row *row, json_t *message)
{
    bool on_record = row->h.seq > 0; /* what waits has no time yet */

    json_object_set_new(message, "unannounced", json_boolean(on_record && ol_agree_is_unannounced(agreed(l), &row->h)));
    json_object_set_new(message, "real", json_boolean(on_record && ol_agree_is_real(agreed(l), &row->h)));
}

static json_t *text_or_null(struct ol_span text)
{
    json_t *s = text.len > 0 ? json_stringn((const char *)text.p, text.len) : NULL;

    return s != NULL ? s : json_null(); /* a NUL in the text cannot be shown so */
}

/* ---- What stands, as JSON ---- */

static json_t *ref_json(struct ol_ref ref)
{
    return ref.author != 0 ? view_id(ref.author, ref.seq) : json_null();
}

static json_t *time_or_null(uint32_t utc)
{
    return utc > 0 ? view_time(utc) : json_null();
}

/* By whom, since when and why: null for what never came to be. */
static json_t *step_json(const struct line *l, const struct ol_step *step)
{
    char side[2] = {(char)step->side, 0};

    if (step->side == 0)
        return json_pack("{s:n,s:n,s:n,s:n}", "side", "party", "since", "reason");
    return json_pack("{s:s,s:s,s:o,s:o}", "side", side, "party", party_of(l, step->side), "since", view_time(step->since),
                     "reason", text_or_null(step->reason));
}

/* What of this level waits for an answer. */
static json_t *pending_json(const struct ol_agree *a, struct ol_span level)
{
    json_t *list = json_array();

    for (size_t i = 0; i < a->accords; i++) {
        const struct ol_accord *x = &a->accord[i];

        if (x->what.topic == OL_TOPIC_CHANNEL && x->state == OL_ACCORD_PROPOSED && ol_span_equal(x->what.level, level))
            json_array_append_new(list, ref_json(x->id));
    }
    return list;
}

static json_t *channel_json(const struct line *l, const struct ol_agree *a, const struct ol_channel *c)
{
    static const struct ol_accord none;
    const struct ol_accord *terms = c->terms > 0 ? &a->accord[c->terms - 1] : &none;
    size_t here = terms->id.author != line_side(l);
    struct ol_step step;
    enum ol_channel_state state = ol_channel_step(c, &step);
    json_t *out = json_pack("{s:i,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "schema", 1, "level", text_or_null(c->level), "state",
                            ol_channel_state_name(state), "id", ref_json(terms->id), "purpose",
                            text_or_null(terms->what.purpose), "role_here", text_or_null(terms->what.role[here]),
                            "role_there", text_or_null(terms->what.role[!here]), "hours", text_or_null(terms->what.hours),
                            "proposals", pending_json(a, c->level));

    json_object_update_new(out, step_json(l, &step));
    return out;
}

/* An exercise that was broken is suspended, by whoever had something real to say. */
static json_t *accord_json(struct line *l, const struct ol_accord *x)
{
    bool exercise = x->what.topic == OL_TOPIC_EXERCISE;
    bool suspended = x->state == OL_ACCORD_ACCEPTED && x->broken.author != 0;
    const struct ol_step broken = {.side = x->broken.author, .since = x->broken_at};
    size_t here = x->id.author != line_side(l);
    json_t *out = json_pack("{s:i,s:o,s:s,s:s,s:o,s:o,s:o,s:b,s:o,s:o,s:b}", "schema", 1, "id", ref_json(x->id), "topic",
                            ol_topic_name(x->what.topic), "state",
                            suspended ? ol_channel_state_name(OL_CHANNEL_SUSPENDED) : ol_accord_state_name(x->state),
                            "exercise", exercise ? json_sprintf("E%u", x->what.exercise) : json_null(), "start",
                            time_or_null(x->what.start), "end", time_or_null(x->what.end), "running",
                            exercise && !suspended && ol_exercise_runs(x, station_now(l->station).utc), "broken_by",
                            ref_json(x->broken), "terms", terms_json(l, x), "in_force", terms_in_force(l, x));

    if (x->what.topic == OL_TOPIC_TESTS)
        json_object_update_new(out, json_pack("{s:i,s:o,s:o}", "every", x->what.every, "role_here",
                                              text_or_null(x->what.role[here]), "role_there",
                                              text_or_null(x->what.role[!here])));
    json_object_update_new(out, step_json(l, suspended ? &broken : &x->last));
    return out;
}

static int topic_param(const struct request *r)
{
    const char *name = text_param(r, "topic");

    for (int i = OL_TOPIC_CHANNEL; name != NULL && *name != 0 && i < OL_TOPICS; i++) {
        if (strcmp(name, ol_topic_name((uint8_t)i)) == 0)
            return i;
    }
    return OL_TOPIC_NONE;
}

static void refuse(const struct request *r, enum ol_exit code, const char *key, const char *name, const char *value)
{
    struct ol_fault f;

    ol_fault_set(&f, code, key, name, value, NULL);
    client_fault(r->client, r->id, &f);
}

json_t *agree_json(struct line *l, int topic)
{
    const struct ol_agree *a = agreed(l);
    json_t *list = json_array();

    for (size_t i = 0; topic == OL_TOPIC_CHANNEL && i < a->channels; i++)
        json_array_append_new(list, channel_json(l, a, &a->channel[i]));
    if (topic >= OL_TOPIC_TIMES)
        json_array_append_new(list, terms_given(l, topic));
    for (size_t i = 0; topic != OL_TOPIC_CHANNEL && i < a->accords; i++) {
        if (a->accord[i].what.topic == topic)
            json_array_append_new(list, accord_json(l, &a->accord[i]));
    }
    return list;
}

void agree_list(const struct request *r)
{
    struct line *l = line_param(r);
    int topic = topic_param(r);

    if (l == NULL)
        return;
    if (topic == OL_TOPIC_NONE) {
        refuse(r, OL_EXIT_USAGE, "err.agree.topic", NULL, NULL);
        return;
    }
    client_result(r->client, r->id, json_pack("{s:i,s:o}", "schema", 1, "agreements", agree_json(l, topic)));
}

/* ---- What is asked to be written ---- */

/* Writes one entry of ours, unless there are as many as count. */
static void write_entry(const struct request *r, struct line *l, uint8_t kind, const struct ol_wr *body)
{
    struct call *call;

    if (l->agree.n[line_side(l) == 'B'] == OL_AGREE_EACH) {
        refuse(r, OL_EXIT_FAILED, "err.agree.full", "line", l->info.name);
        return;
    }
    call = entry_call(r, l, kind, body);
    if (call != NULL)
        call_write(call);
}

/* A word of the parameters that may be left out, unless it must be there. False with the fault. */
static bool read_word(const struct request *r, const char *name, size_t max, bool must, struct ol_span *out,
                      struct ol_fault *f)
{
    const json_t *given = json_object_get(r->params, name);

    *out = ol_span("", 0);
    if (!must && (given == NULL || json_is_null(given)))
        return true;
    *out = ol_span(json_string_value(given), json_string_length(given));
    if (json_is_string(given) && out->len <= max && ol_word_valid(*out))
        return true;
    ol_fault_set(f, OL_EXIT_USAGE, "err.station.word", "field", name, NULL);
    return false;
}

/* A text of the parameters that may be left out; *own is to be freed. False with the fault. */
static bool read_words(const struct request *r, const char *name, struct ol_span *out, uint8_t **own, struct ol_fault *f)
{
    const json_t *given = json_object_get(r->params, name);
    size_t len;

    *out = ol_span("", 0);
    *own = NULL;
    if (given == NULL || json_is_null(given))
        return true;
    if (!read_text(given, OL_AGREE_TEXT, own, &len, f))
        return false;
    *out = ol_span(*own, len);
    return true;
}

static void write_proposal(const struct request *r, struct line *l, const struct ol_proposal *p)
{
    uint8_t body[OL_TERMS_MAX + 16];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_proposal_write(p, &w);
    write_entry(r, l, OL_KIND_PROPOSE, &w);
}

static bool has_room(struct line *l, struct ol_span level, struct ol_fault *f)
{
    if (ol_agree_has_room(agreed(l), line_side(l), level))
        return true;
    ol_fault_set(f, OL_EXIT_FAILED, "err.agree.levels", "line", l->info.name, NULL);
    return false;
}

static void propose_channel(const struct request *r, struct line *l)
{
    struct ol_proposal p = {.topic = OL_TOPIC_CHANNEL};
    struct ol_fault f;
    uint8_t *purpose = NULL;
    uint8_t *hours = NULL;

    if (read_word(r, "level", OL_WORD_LEVEL, true, &p.level, &f) &&
        read_word(r, "role_here", OL_WORD_ROLE, false, &p.role[0], &f) &&
        read_word(r, "role_there", OL_WORD_ROLE, false, &p.role[1], &f) && has_room(l, p.level, &f) &&
        read_words(r, "purpose", &p.purpose, &purpose, &f) && read_words(r, "hours", &p.hours, &hours, &f))
        write_proposal(r, l, &p);
    else
        client_fault(r->client, r->id, &f);
    free(purpose);
    free(hours);
}

static void propose_exercise(const struct request *r, struct line *l)
{
    const char *name = text_param(r, "exercise");
    json_int_t start = json_integer_value(json_object_get(r->params, "start"));
    json_int_t end = json_integer_value(json_object_get(r->params, "end"));
    struct ol_proposal p = {.topic = OL_TOPIC_EXERCISE};

    if (name == NULL || name[0] != 'E' || name[1] < '1' || name[1] > '0' + (char)OL_EXERCISE_LAST || name[2] != 0 ||
        start < 1 || start >= end || end <= (json_int_t)station_now(r->station).utc || end > UINT32_MAX) {
        refuse(r, OL_EXIT_USAGE, "err.agree.exercise", NULL, NULL);
        return;
    }
    p.exercise = (uint8_t)(name[1] - '0');
    p.start = (uint32_t)start;
    p.end = (uint32_t)end;
    write_proposal(r, l, &p);
}

/* From now on when nothing else is said. */
static void propose_tests(const struct request *r, struct line *l)
{
    const json_t *start = json_object_get(r->params, "start");
    json_int_t every = json_integer_value(json_object_get(r->params, "every"));
    json_int_t from = json_integer_value(start);
    struct ol_proposal p = {.topic = OL_TOPIC_TESTS, .every = (uint16_t)every, .start = (uint32_t)from};
    struct ol_fault f;

    if (every < OL_TESTS_EVERY_MIN || every > OL_TESTS_EVERY_MAX || from < 0 || from > UINT32_MAX ||
        !is_or_null(r->params, "start", JSON_INTEGER)) {
        refuse(r, OL_EXIT_USAGE, "err.test.schedule", NULL, NULL);
        return;
    }
    if (read_word(r, "role_here", OL_WORD_ROLE, false, &p.role[0], &f) &&
        read_word(r, "role_there", OL_WORD_ROLE, false, &p.role[1], &f))
        write_proposal(r, l, &p);
    else
        client_fault(r->client, r->id, &f);
}

static void propose_terms(const struct request *r, struct line *l, int topic)
{
    uint8_t data[OL_TERMS_MAX];
    struct ol_wr w = ol_wr_to(data, sizeof data);
    struct ol_fault f;

    if (terms_read(r, l, topic, &w, &f))
        write_proposal(r, l, &(struct ol_proposal){.topic = (uint8_t)topic, .terms = ol_wr_span(&w)});
    else
        client_fault(r->client, r->id, &f);
}

void agree_propose(const struct request *r)
{
    struct line *l = line_param(r);
    int topic = topic_param(r);

    if (l == NULL)
        return;
    if (topic == OL_TOPIC_CHANNEL)
        propose_channel(r, l);
    else if (topic == OL_TOPIC_EXERCISE)
        propose_exercise(r, l);
    else if (topic == OL_TOPIC_TESTS)
        propose_tests(r, l);
    else if (topic == OL_TOPIC_INSTRUCTIONS)
        write_proposal(r, l, &(struct ol_proposal){.topic = OL_TOPIC_INSTRUCTIONS});
    else if (topic >= OL_TOPIC_TIMES)
        propose_terms(r, l, topic);
    else
        refuse(r, OL_EXIT_USAGE, "err.agree.topic", NULL, NULL);
}

/* The proposal that the request is about: by its id; of a channel by its level too, the last one that waits for this side.
 * NULL when there is none. */
static const struct ol_accord *accord_param(const struct request *r, struct line *l, int topic)
{
    const struct ol_agree *a = agreed(l);
    const char *about = text_param(r, "about");
    const struct ol_accord *x = NULL;
    struct ol_ref id;

    if (about != NULL && ol_entry_id_read(about, &id.author, &id.seq))
        x = ol_agree_find(a, id);
    else if (about != NULL && topic == OL_TOPIC_CHANNEL) {
        for (size_t i = 0; i < a->accords; i++) {
            const struct ol_accord *one = &a->accord[i];

            if (one->what.topic == OL_TOPIC_CHANNEL && one->state == OL_ACCORD_PROPOSED && one->id.author != line_side(l) &&
                ol_span_equal(one->what.level, ol_span(about, strlen(about))))
                x = one;
        }
    }
    return x != NULL && x->what.topic == topic ? x : NULL;
}

static const char *why_not_level(struct line *l, const struct ol_response *resp)
{
    if (resp->verb == OL_VERB_RESUME)
        return "err.agree.not_suspended";
    if (ol_span_equal(resp->level, ol_span(OL_LEVEL_SERVICE, strlen(OL_LEVEL_SERVICE))))
        return "err.agree.service";
    return ol_agree_has_room(agreed(l), line_side(l), resp->level) ? "err.agree.already" : "err.agree.levels";
}

/* Why this response would have no effect. */
static void fault_response(struct line *l, const struct ol_response *resp, const char *about, struct ol_fault *f)
{
    const struct ol_accord *x = resp->about.author != 0 ? ol_agree_find(agreed(l), resp->about) : NULL;
    char level[OL_WORD_LEVEL + 1];

    level_name(resp->level, level);
    if (x == NULL)
        ol_fault_set(f, OL_EXIT_FAILED, why_not_level(l, resp), "line", l->info.name, "level", level, NULL);
    else if (x->state == OL_ACCORD_PROPOSED)
        ol_fault_set(f, OL_EXIT_FAILED, "err.agree.own", "id", about, NULL);
    else
        ol_fault_set(f, OL_EXIT_FAILED, "err.agree.state", "id", about, "state", ol_accord_state_name(x->state), NULL);
}

/* What the request is about: a level, by itself or as that of a proposal, or a proposal. False with the fault. */
static bool read_about(const struct request *r, struct line *l, int topic, struct ol_response *resp, struct ol_fault *f)
{
    const char *about = text_param(r, "about");
    const struct ol_accord *x = accord_param(r, l, topic);
    bool by_level = resp->verb == OL_VERB_SUSPEND || resp->verb == OL_VERB_RESUME;

    if (by_level)
        resp->level = x != NULL ? x->what.level : ol_span(about, about != NULL ? strlen(about) : 0);
    else if (x != NULL)
        resp->about = x->id;
    if (by_level ? resp->level.len <= OL_WORD_LEVEL && ol_word_valid(resp->level) : x != NULL)
        return true;
    ol_fault_set(f, OL_EXIT_FAILED, "err.agree.none", "line", l->info.name, "about", about != NULL ? about : "", NULL);
    return false;
}

static void write_response(const struct request *r, struct line *l, const struct ol_response *resp)
{
    uint8_t body[2 * OL_AGREE_TEXT];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct ol_fault f;

    if (!ol_agree_may(agreed(l), line_side(l), resp)) {
        fault_response(l, resp, text_param(r, "about"), &f);
        client_fault(r->client, r->id, &f);
        return;
    }
    ol_response_write(resp, &w);
    write_entry(r, l, OL_KIND_RESPOND, &w);
}

void agree_respond(const struct request *r)
{
    static const unsigned verbs[OL_TOPICS] = {
        [OL_TOPIC_CHANNEL] = 1u << OL_VERB_ACCEPT | 1u << OL_VERB_DECLINE | 1u << OL_VERB_SUSPEND | 1u << OL_VERB_RESUME,
        [OL_TOPIC_EXERCISE] = 1u << OL_VERB_ACCEPT | 1u << OL_VERB_DECLINE | 1u << OL_VERB_END,
        [OL_TOPIC_INSTRUCTIONS] = 1u << OL_VERB_ACCEPT | 1u << OL_VERB_DECLINE | 1u << OL_VERB_END,
        [OL_TOPIC_TESTS] = 1u << OL_VERB_ACCEPT | 1u << OL_VERB_DECLINE | 1u << OL_VERB_END,
        [OL_TOPIC_TIMES] = 1u << OL_VERB_ACCEPT | 1u << OL_VERB_DECLINE | 1u << OL_VERB_END,
        [OL_TOPIC_HANDLING] = 1u << OL_VERB_ACCEPT | 1u << OL_VERB_DECLINE | 1u << OL_VERB_END,
        [OL_TOPIC_RATE] = 1u << OL_VERB_ACCEPT | 1u << OL_VERB_DECLINE | 1u << OL_VERB_END,
    };
    struct line *l = line_param(r);
    int topic = topic_param(r);
    int verb = ol_verb_of(text_param(r, "verb"));
    struct ol_response resp = {.verb = (uint8_t)(verb > 0 ? verb : 0)};
    struct ol_fault f;
    uint8_t *reason = NULL;

    if (l == NULL)
        return;
    if (verb < 0 || !(verbs[topic] & 1u << verb)) {
        refuse(r, OL_EXIT_USAGE, "err.agree.topic", NULL, NULL);
        return;
    }
    if (read_about(r, l, topic, &resp, &f) && read_words(r, "reason", &resp.reason, &reason, &f))
        write_response(r, l, &resp);
    else
        client_fault(r->client, r->id, &f);
    free(reason);
}
