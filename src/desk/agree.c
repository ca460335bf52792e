/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/agree.h"

#include <assert.h>
#include <string.h>

#include "base/cbor.h"
#include "desk/dialogue.h"

static const char *const topics[OL_TOPICS] = {"", "channel", "exercise", "instructions", "tests", "times", "handling",
                                               "rate"};
static const char *const verbs[OL_VERBS] = {"accept", "decline", "end", "suspend", "resume"};
static const char *const levels[OL_LEVELS] = {"leaders",   "ministers",    "heads-of-mission", "working", "military",
                                              "technical", "humanitarian", "track-15",         OL_LEVEL_SERVICE};

const char *ol_topic_name(uint8_t topic)
{
    assert(topic > OL_TOPIC_NONE && topic < OL_TOPICS);
    return topics[topic];
}

const char *ol_verb_name(uint8_t verb)
{
    assert(verb < OL_VERBS);
    return verbs[verb];
}

int ol_verb_of(const char *name)
{
    for (int i = 0; name != NULL && i < OL_VERBS; i++) {
        if (strcmp(verbs[i], name) == 0)
            return i;
    }
    return -1;
}

const char *ol_accord_state_name(enum ol_accord_state state)
{
    static const char *const names[] = {"proposed", "accepted", "declined", "ended"};

    assert((unsigned)state < sizeof names / sizeof names[0]);
    return names[state];
}

const char *ol_channel_state_name(enum ol_channel_state state)
{
    static const char *const names[] = {"open", "proposed", "accepted", "declined", "resumed", "suspended"};

    assert((unsigned)state < sizeof names / sizeof names[0]);
    return names[state];
}

static size_t side_of(uint8_t author)
{
    assert(author == 'A' || author == 'B');
    return author == 'B';
}

/* ---- Bodies ---- */

static const size_t items[OL_TOPICS] = {
    [OL_TOPIC_CHANNEL] = 6, [OL_TOPIC_EXERCISE] = 4, [OL_TOPIC_INSTRUCTIONS] = 1, [OL_TOPIC_TESTS] = 5,
    [OL_TOPIC_TIMES] = 2, [OL_TOPIC_HANDLING] = 2, [OL_TOPIC_RATE] = 2};

void ol_proposal_write(const struct ol_proposal *p, struct ol_wr *w)
{
    assert(p->topic > OL_TOPIC_NONE && p->topic < OL_TOPICS);
    ol_cbor_put_array(w, items[p->topic]);
    ol_cbor_put_uint(w, p->topic);
    if (p->topic == OL_TOPIC_CHANNEL) {
        ol_cbor_put_text(w, p->level);
        ol_cbor_put_text(w, p->purpose);
        ol_cbor_put_text(w, p->role[0]);
        ol_cbor_put_text(w, p->role[1]);
        ol_cbor_put_text(w, p->hours);
    } else if (p->topic == OL_TOPIC_EXERCISE) {
        assert(p->exercise > 0 && p->start < p->end);
        ol_cbor_put_uint(w, p->exercise);
        ol_cbor_put_uint(w, p->start);
        ol_cbor_put_uint(w, p->end);
    } else if (p->topic == OL_TOPIC_TESTS) {
        assert(p->every >= OL_TESTS_EVERY_MIN && p->every <= OL_TESTS_EVERY_MAX);
        ol_cbor_put_uint(w, p->every);
        ol_cbor_put_uint(w, p->start);
        ol_cbor_put_text(w, p->role[0]);
        ol_cbor_put_text(w, p->role[1]);
    } else {
        ol_wr_bytes(w, p->terms.p, p->terms.len);
    }
}

static bool is_level(struct ol_span word)
{
    return word.len <= OL_WORD_LEVEL && ol_word_valid(word);
}

static bool is_role(struct ol_span word)
{
    return word.len == 0 || (word.len <= OL_WORD_ROLE && ol_word_valid(word));
}

static bool read_channel(struct ol_rd *r, struct ol_proposal *p)
{
    p->level = ol_cbor_text(r);
    p->purpose = ol_cbor_text(r);
    p->role[0] = ol_cbor_text(r);
    p->role[1] = ol_cbor_text(r);
    p->hours = ol_cbor_text(r);
    return is_level(p->level) && is_role(p->role[0]) && is_role(p->role[1]) && p->purpose.len <= OL_AGREE_TEXT &&
           p->hours.len <= OL_AGREE_TEXT;
}

static bool read_exercise(struct ol_rd *r, struct ol_proposal *p)
{
    uint64_t number = ol_cbor_uint(r);
    uint64_t start = ol_cbor_uint(r);
    uint64_t end = ol_cbor_uint(r);

    if (number < 1 || number > OL_EXERCISE_LAST || start >= end || end > UINT32_MAX)
        return false;
    p->exercise = (uint8_t)number;
    p->start = (uint32_t)start;
    p->end = (uint32_t)end;
    return true;
}

static bool read_tests(struct ol_rd *r, struct ol_proposal *p)
{
    uint64_t every = ol_cbor_uint(r);
    uint64_t start = ol_cbor_uint(r);

    p->role[0] = ol_cbor_text(r);
    p->role[1] = ol_cbor_text(r);
    if (every < OL_TESTS_EVERY_MIN || every > OL_TESTS_EVERY_MAX || start > UINT32_MAX)
        return false;
    p->every = (uint16_t)every;
    p->start = (uint32_t)start;
    return is_role(p->role[0]) && is_role(p->role[1]);
}

static bool read_terms(struct ol_rd *r, struct ol_proposal *p)
{
    struct ol_handlings handlings;
    struct ol_times times;
    uint32_t rate;

    p->terms = ol_rd_take(r, r->left);
    if (p->topic == OL_TOPIC_HANDLING)
        return ol_handlings_read(p->terms, &handlings) == OL_OK;
    if (p->topic == OL_TOPIC_RATE)
        return ol_rate_read(p->terms, &rate) == OL_OK;
    return ol_times_read(p->terms, &times) == OL_OK;
}

static bool read_proposal(struct ol_rd *r, struct ol_proposal *p)
{
    size_t n = ol_cbor_array(r);
    uint64_t topic = ol_cbor_uint(r);

    assert(p->topic == OL_TOPIC_NONE);
    if (topic <= OL_TOPIC_NONE || topic >= OL_TOPICS || n != items[topic])
        return false;
    p->topic = (uint8_t)topic;
    if (topic == OL_TOPIC_CHANNEL)
        return read_channel(r, p);
    if (topic == OL_TOPIC_EXERCISE)
        return read_exercise(r, p);
    if (topic == OL_TOPIC_TESTS)
        return read_tests(r, p);
    return topic == OL_TOPIC_INSTRUCTIONS || read_terms(r, p);
}

enum ol_err ol_proposal_read(struct ol_span body, struct ol_proposal *p)
{
    struct ol_rd r = ol_rd_from(body);

    *p = (struct ol_proposal){0};
    if (read_proposal(&r, p) && ol_rd_end(&r) == OL_OK)
        return OL_OK;
    *p = (struct ol_proposal){0};
    return OL_MALFORMED;
}

static bool is_about_level(uint8_t verb)
{
    return verb == OL_VERB_SUSPEND || verb == OL_VERB_RESUME;
}

void ol_response_write(const struct ol_response *r, struct ol_wr *w)
{
    assert(r->verb < OL_VERBS && is_about_level(r->verb) == (r->about.author == 0));
    ol_cbor_put_array(w, r->reason.len > 0 ? 3 : 2);
    if (is_about_level(r->verb))
        ol_cbor_put_text(w, r->level);
    else
        ol_cbor_put_uint(w, 2 * (uint64_t)r->about.seq + side_of(r->about.author));
    ol_cbor_put_uint(w, r->verb);
    if (r->reason.len > 0)
        ol_cbor_put_text(w, r->reason);
}

static bool read_response(struct ol_rd *in, struct ol_response *r)
{
    size_t n = ol_cbor_array(in);
    uint64_t about = 0;
    uint64_t verb;

    assert(r->about.author == 0 && r->level.len == 0);
    if (ol_cbor_peek(in) == OL_CBOR_TEXT)
        r->level = ol_cbor_text(in);
    else
        about = ol_cbor_uint(in);
    verb = ol_cbor_uint(in);
    if (n == 3)
        r->reason = ol_cbor_text(in);
    if (n < 2 || n > 3 || verb >= OL_VERBS || (n == 3) != (r->reason.len > 0) || r->reason.len > OL_AGREE_TEXT)
        return false;
    r->verb = (uint8_t)verb;
    if (is_about_level(r->verb))
        return is_level(r->level);
    if (about < 2 || about / 2 > UINT32_MAX)
        return false;
    r->about = (struct ol_ref){.author = about & 1 ? 'B' : 'A', .seq = (uint32_t)(about / 2)};
    return true;
}

enum ol_err ol_response_read(struct ol_span body, struct ol_response *r)
{
    struct ol_rd in = ol_rd_from(body);

    *r = (struct ol_response){0};
    if (read_response(&in, r) && ol_rd_end(&in) == OL_OK)
        return OL_OK;
    *r = (struct ol_response){0};
    return OL_MALFORMED;
}

/* ---- What is there ---- */

const struct ol_accord *ol_agree_find(const struct ol_agree *a, struct ol_ref id)
{
    assert(a->accords <= 2 * OL_AGREE_EACH);
    for (size_t i = 0; i < a->accords; i++) {
        if (a->accord[i].id.author == id.author && a->accord[i].id.seq == id.seq)
            return &a->accord[i];
    }
    return NULL;
}

const struct ol_channel *ol_agree_level(const struct ol_agree *a, struct ol_span level)
{
    assert(a->channels >= OL_LEVELS);
    for (size_t i = 0; i < a->channels; i++) {
        if (ol_span_equal(a->channel[i].level, level))
            return &a->channel[i];
    }
    return NULL;
}

bool ol_agree_has_room(const struct ol_agree *a, uint8_t side, struct ol_span level)
{
    return ol_agree_level(a, level) != NULL || a->brought[side_of(side)] < OL_AGREE_LEVELS;
}

bool ol_agree_stands(const struct ol_agree *a, enum ol_topic topic)
{
    assert(topic > OL_TOPIC_NONE && topic < OL_TOPICS);
    for (size_t i = 0; i < a->accords; i++) {
        if (a->accord[i].what.topic == topic && a->accord[i].state == OL_ACCORD_ACCEPTED)
            return true;
    }
    return false;
}

const struct ol_accord *ol_agree_at(const struct ol_agree *a, enum ol_topic topic, uint32_t time)
{
    const struct ol_accord *last = NULL;

    assert(topic >= OL_TOPIC_TIMES && topic < OL_TOPICS);
    for (size_t i = 0; i < a->accords; i++) {
        const struct ol_accord *x = &a->accord[i];

        if (x->what.topic == topic && x->accepted > 0 && x->accepted <= time &&
            (last == NULL || x->accepted >= last->accepted))
            last = x;
    }
    return last != NULL && last->state == OL_ACCORD_ENDED && last->last.since <= time ? NULL : last;
}

void ol_agree_handlings(const struct ol_agree *a, uint32_t time, struct ol_handlings *out)
{
    const struct ol_accord *x = ol_agree_at(a, OL_TOPIC_HANDLING, time);

    if (x == NULL || ol_handlings_read(x->what.terms, out))
        ol_handlings_init(out);
}

enum ol_channel_state ol_channel_step(const struct ol_channel *c, struct ol_step *step)
{
    const struct ol_step *a = &c->suspended[0];
    const struct ol_step *b = &c->suspended[1];

    *step = a->side != 0 && (b->side == 0 || a->since <= b->since) ? *a : *b;
    if (step->side != 0)
        return OL_CHANNEL_SUSPENDED;
    *step = c->last;
    assert((c->state == OL_CHANNEL_OPEN) == (step->side == 0));
    return c->state;
}

/* ---- The fold ---- */

static void begin(struct ol_agree *a)
{
    a->accords = 0;
    a->channels = OL_LEVELS;
    a->brought[0] = a->brought[1] = 0;
    for (size_t i = 0; i < OL_LEVELS; i++)
        a->channel[i] = (struct ol_channel){.level = ol_span(levels[i], strlen(levels[i]))};
}

/* The level, which a side may have to bring in first. */
static struct ol_channel *channel_for(struct ol_agree *a, uint8_t side, struct ol_span level)
{
    const struct ol_channel *c = ol_agree_level(a, level);

    assert(ol_agree_has_room(a, side, level));
    if (c != NULL)
        return &a->channel[c - a->channel];
    a->brought[side_of(side)]++;
    a->channel[a->channels] = (struct ol_channel){.level = level};
    return &a->channel[a->channels++];
}

static struct ol_step step_of(const struct ol_row *row, struct ol_span reason)
{
    return (struct ol_step){.side = row->h.author, .since = row->h.time, .reason = reason};
}

/* What was agreed stands until something else is: a further proposal, or its refusal, does not change that. */
static void fold_channel(struct ol_agree *a, const struct ol_accord *x)
{
    struct ol_channel *c = channel_for(a, x->id.author, x->what.level);
    static const enum ol_channel_state states[] = {
        [OL_ACCORD_PROPOSED] = OL_CHANNEL_PROPOSED,
        [OL_ACCORD_ACCEPTED] = OL_CHANNEL_ACCEPTED,
        [OL_ACCORD_DECLINED] = OL_CHANNEL_DECLINED,
    };

    assert(x->state <= OL_ACCORD_DECLINED);
    if (x->state != OL_ACCORD_ACCEPTED && (c->state == OL_CHANNEL_ACCEPTED || c->state == OL_CHANNEL_RESUMED))
        return;
    c->state = states[x->state];
    c->last = x->last;
    c->terms = (size_t)(x - a->accord) + 1;
}

static void fold_proposal(struct ol_agree *a, const struct ol_row *row)
{
    struct ol_accord x = {.id = {row->h.author, row->h.seq}, .last = step_of(row, ol_span(NULL, 0))};

    if (ol_proposal_read(row->body, &x.what) ||
        (x.what.topic == OL_TOPIC_CHANNEL && !ol_agree_has_room(a, row->h.author, x.what.level)))
        return;
    assert(a->accords < 2 * OL_AGREE_EACH);
    a->accord[a->accords++] = x;
    if (x.what.topic == OL_TOPIC_CHANNEL)
        fold_channel(a, &a->accord[a->accords - 1]);
}

static bool may_suspend(const struct ol_agree *a, uint8_t side, const struct ol_response *r)
{
    const struct ol_channel *c = ol_agree_level(a, r->level);
    bool suspended = c != NULL && c->suspended[side_of(side)].side != 0;

    if (r->verb == OL_VERB_RESUME)
        return suspended;
    return !suspended && ol_agree_has_room(a, side, r->level) &&
           !ol_span_equal(r->level, ol_span(OL_LEVEL_SERVICE, strlen(OL_LEVEL_SERVICE)));
}

bool ol_agree_may(const struct ol_agree *a, uint8_t side, const struct ol_response *r)
{
    const struct ol_accord *x;

    assert(side == 'A' || side == 'B');
    if (is_about_level(r->verb))
        return may_suspend(a, side, r);
    x = ol_agree_find(a, r->about);
    if (x == NULL)
        return false;
    if (r->verb == OL_VERB_END)
        return x->what.topic != OL_TOPIC_CHANNEL && x->state <= OL_ACCORD_ACCEPTED;
    return x->id.author != side && x->state == OL_ACCORD_PROPOSED;
}

static void fold_suspension(struct ol_agree *a, const struct ol_row *row, const struct ol_response *r)
{
    struct ol_channel *c = channel_for(a, row->h.author, r->level);
    struct ol_step *own = &c->suspended[side_of(row->h.author)];

    assert((own->side == 0) == (r->verb == OL_VERB_SUSPEND));
    *own = (struct ol_step){0};
    if (r->verb == OL_VERB_SUSPEND) {
        *own = step_of(row, r->reason);
    } else {
        c->state = OL_CHANNEL_RESUMED;
        c->last = step_of(row, r->reason);
    }
}

static void fold_answer(struct ol_agree *a, const struct ol_row *row, const struct ol_response *r)
{
    static const enum ol_accord_state next[] = {
        [OL_VERB_ACCEPT] = OL_ACCORD_ACCEPTED, [OL_VERB_DECLINE] = OL_ACCORD_DECLINED, [OL_VERB_END] = OL_ACCORD_ENDED};
    struct ol_accord *x = &a->accord[ol_agree_find(a, r->about) - a->accord];

    assert(r->verb <= OL_VERB_END);
    x->state = next[r->verb];
    x->last = step_of(row, r->reason);
    if (r->verb == OL_VERB_ACCEPT)
        x->accepted = row->h.time;
    if (x->what.topic == OL_TOPIC_CHANNEL)
        fold_channel(a, x);
}

static void fold(struct ol_agree *a, const struct ol_row *row)
{
    struct ol_response r;

    if (row->h.kind == OL_KIND_PROPOSE)
        fold_proposal(a, row);
    if (row->h.kind != OL_KIND_RESPOND || ol_response_read(row->body, &r) || !ol_agree_may(a, row->h.author, &r))
        return;
    if (is_about_level(r.verb))
        fold_suspension(a, row, &r);
    else
        fold_answer(a, row, &r);
}

/* ---- Exercises ---- */

bool ol_exercise_runs(const struct ol_accord *exercise, uint32_t time)
{
    assert(exercise->what.topic == OL_TOPIC_EXERCISE);
    return exercise->accepted > 0 && time >= exercise->accepted && time >= exercise->what.start &&
           time < exercise->what.end && (exercise->state != OL_ACCORD_ENDED || time < exercise->last.since);
}

/* The first by the times signed; of two of one second A's, then the lower number. */
static void hold_against(struct ol_accord *x, const struct ol_header *h)
{
    bool first = x->broken.author == 0 || h->time < x->broken_at ||
                 (h->time == x->broken_at &&
                  (h->author < x->broken.author || (h->author == x->broken.author && h->seq < x->broken.seq)));

    if (x->what.topic != OL_TOPIC_EXERCISE || !first || !ol_exercise_runs(x, h->time))
        return;
    x->broken = (struct ol_ref){h->author, h->seq};
    x->broken_at = h->time;
}

bool ol_agree_is_urgent(const struct ol_header *h)
{
    return ol_flags_precedence(h->flags) >= OL_IMMEDIATE && !(h->flags & OL_FLAG_EXERCISE);
}

void ol_agree_message(struct ol_agree *a, const struct ol_header *h)
{
    assert(h->seq > 0);
    for (size_t i = 0; i < a->accords && ol_agree_is_urgent(h); i++)
        hold_against(&a->accord[i], h);
}

void ol_agree_of(struct ol_agree *a, ol_next_row_fn *next, void *ctx)
{
    struct ol_row row[2];
    bool there[2];
    size_t n[2] = {1, 1};

    begin(a);
    there[0] = next(ctx, 0, &row[0]);
    there[1] = next(ctx, 1, &row[1]);
    while (there[0] || there[1]) {
        unsigned side = !there[0] || (there[1] && !ol_ladder_a_first(&row[0], &row[1]));

        fold(a, &row[side]);
        there[side] = n[side]++ < OL_AGREE_EACH && next(ctx, side, &row[side]);
    }
    assert(a->accords <= 2 * OL_AGREE_EACH);
}

/* Whether a message was signed before an exercise was broken: of one author its numbers tell, else the seconds. */
static bool is_before(const struct ol_header *h, const struct ol_accord *x)
{
    if (h->author == x->broken.author)
        return h->seq < x->broken.seq;
    return x->broken.author == 0 || h->time <= x->broken_at;
}

bool ol_agree_is_unannounced(const struct ol_agree *a, const struct ol_header *h)
{
    if (!(h->flags & OL_FLAG_EXERCISE))
        return false;
    for (size_t i = 0; i < a->accords; i++) {
        const struct ol_accord *x = &a->accord[i];

        if (x->what.topic == OL_TOPIC_EXERCISE && ol_exercise_runs(x, h->time) && is_before(h, x))
            return false;
    }
    return true;
}

bool ol_agree_is_real(const struct ol_agree *a, const struct ol_header *h)
{
    if (!ol_agree_is_urgent(h))
        return false;
    for (size_t i = 0; i < a->accords; i++) {
        if (a->accord[i].what.topic == OL_TOPIC_EXERCISE && ol_exercise_runs(&a->accord[i], h->time))
            return true;
    }
    return false;
}
