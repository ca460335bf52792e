/* SPDX-License-Identifier: Apache-2.0 */
/* What officers say beside messages: who is at the desk, what is agreed; and how they take back what they wrote. */
#include <string.h>

#include "base/cbor.h"
#include "desk/form.h"
#include "sim/run.h"

#define URGENT (OL_PRIORITY << 6)
#define FORM_NUMBER 1u /* each side's for the one form that it sends here */

/* ---- The desk ---- */

bool sim_people_attend(struct sim_party *p, enum ol_desk_what what)
{
    const struct ol_desk_entry entry = {.what = what, .role = ol_span("duty-officer", 12)};
    uint8_t body[OL_DESK_ROLE_MAX + 8];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_desk_write(&entry, &w);
    sim_world_say(&p->sim->world, "%s: the desk: %s", p->name, ol_desk_what_name(what));
    return sim_people_write(p, OL_KIND_DESK, URGENT, ol_wr_span(&w));
}

bool sim_people_announce(struct sim_party *p, const struct ol_hours *hours)
{
    uint8_t body[OL_REASON_MAX + 24];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_hours_write(hours, &w);
    return sim_people_write(p, OL_KIND_HOURS, URGENT, ol_wr_span(&w));
}

/* One draw a statement: what stands in one list may be evaluated in any order. */
static void draw_hours(struct sim_party *p, struct sim_rng *rng, struct ol_hours *hours)
{
    if (sim_rng_below(rng, 3) == 0) {
        hours->kind = OL_HOURS_WEEKLY;
        hours->days = 1 + (uint8_t)sim_rng_below(rng, OL_DAYS_ALL);
        hours->from = (uint32_t)sim_rng_below(rng, OL_DAY_MINUTES);
        hours->to = 1 + (uint32_t)sim_rng_below(rng, OL_DAY_MINUTES);
        return;
    }
    hours->kind = sim_rng_below(rng, 2) == 0 ? OL_HOURS_OUTAGE : OL_HOURS_AWAY;
    hours->from = sim_party_now(p).utc + (uint32_t)sim_rng_below(rng, 600);
    hours->to = hours->from + 1 + (uint32_t)sim_rng_below(rng, 600);
}

static bool say_of_desk(struct sim_party *p, struct sim_rng *rng)
{
    uint64_t draw = sim_rng_below(rng, 5);
    struct ol_hours hours = {0};

    if (draw >= 2)
        return sim_people_attend(p, draw == 2 ? OL_DESK_LEFT : OL_DESK_ATTENDED);
    draw_hours(p, rng, &hours);
    return sim_people_announce(p, &hours);
}

/* ---- What is agreed ---- */

bool sim_people_propose(struct sim_party *p, const struct ol_proposal *what)
{
    uint8_t body[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_proposal_write(what, &w);
    sim_world_say(&p->sim->world, "%s proposes: %s %.*s", p->name, ol_topic_name(what->topic), (int)what->level.len,
                  (const char *)what->level.p);
    return sim_people_write(p, OL_KIND_PROPOSE, URGENT, ol_wr_span(&w));
}

bool sim_people_respond(struct sim_party *p, const struct ol_response *what)
{
    uint8_t body[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_response_write(what, &w);
    sim_world_say(&p->sim->world, "%s: %s %.*s", p->name, ol_verb_name(what->verb), (int)what->level.len,
                  (const char *)what->level.p);
    return sim_people_write(p, OL_KIND_RESPOND, URGENT, ol_wr_span(&w));
}

bool sim_people_test(struct sim_party *p, const struct ol_linetest *test)
{
    uint8_t body[128];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_linetest_write(test, &w);
    sim_world_say(&p->sim->world, "%s %s", p->name, test->slot > 0 ? "sends a test" : "answers the test");
    return sim_people_write(p, OL_KIND_TEST, OL_ROUTINE << 6, ol_wr_span(&w));
}

static struct ol_span draw_level(struct sim_rng *rng)
{
    static const char *const levels[] = {"military", "technical", OL_LEVEL_SERVICE, "harbour"};
    const char *level = levels[sim_rng_below(rng, 4)];

    return ol_span(level, strlen(level));
}

static bool propose(struct sim_party *p, struct sim_rng *rng)
{
    struct ol_proposal what = {.topic = OL_TOPIC_CHANNEL + (uint8_t)sim_rng_below(rng, 3)};

    if (what.topic == OL_TOPIC_CHANNEL) {
        what.level = draw_level(rng);
        what.purpose = ol_span("as drawn", 8);
    } else if (what.topic == OL_TOPIC_EXERCISE) {
        what.exercise = 1 + (uint8_t)sim_rng_below(rng, OL_EXERCISE_LAST);
        what.start = sim_party_now(p).utc + (uint32_t)sim_rng_below(rng, 60);
        what.end = what.start + 1 + (uint32_t)sim_rng_below(rng, 900);
    }
    return sim_people_propose(p, &what);
}

/* To any accord, or about any level: some of it has no effect, which must be so on both sides. */
static bool respond(struct sim_party *p, struct sim_rng *rng)
{
    struct sim_agreed *agreed = sim_agreed_of(p->store, p->info.number);
    const struct ol_agree *fold = agreed != NULL ? sim_agreed_fold(agreed) : NULL;
    struct ol_response what = {.verb = (uint8_t)sim_rng_below(rng, OL_VERBS)};
    bool done;

    if (fold == NULL)
        return false;
    if (fold->accords == 0 && what.verb < OL_VERB_SUSPEND)
        what.verb = OL_VERB_SUSPEND;
    if (what.verb < OL_VERB_SUSPEND)
        what.about = fold->accord[sim_rng_below(rng, fold->accords)].id;
    else
        what.level = draw_level(rng);
    done = sim_people_respond(p, &what);
    sim_agreed_free(agreed);
    return done;
}

/* ---- Amendments, answers in words ---- */

static const struct sim_view *draw_view(const struct sim_party *p, struct sim_rng *rng, bool own)
{
    for (unsigned i = 0; p->view_n > 0 && i < 4; i++) {
        const struct sim_view *v = &p->view[sim_rng_below(rng, p->view_n)];

        if ((v->author == p->side) == own)
            return v;
    }
    return NULL;
}

static bool amend(struct sim_party *p, struct sim_rng *rng)
{
    const struct sim_view *v = draw_view(p, rng, true);
    struct ol_message m = {0};

    if (v == NULL)
        return false;
    if (sim_rng_below(rng, 2) == 0)
        m.corrects = v->seq;
    else
        m.cancels = v->seq;
    return sim_people_mean(p, OL_PRIORITY << 6, 40, m);
}

static bool answer(struct sim_party *p, struct sim_rng *rng)
{
    const struct sim_view *v = draw_view(p, rng, false);
    struct ol_message m = {.marker = OL_ANSWER, .answer = OL_CLASS_N};

    if (v == NULL)
        return false;
    m.re = (struct ol_ref){v->author, v->seq};
    return sim_people_mean(p, OL_PRIORITY << 6, 40, m);
}

bool sim_people_officer(struct sim_party *p, struct sim_rng *rng)
{
    static bool (*const deeds[])(struct sim_party *p, struct sim_rng *rng) = {say_of_desk, propose, respond,
                                                                              amend,       answer,  sim_people_form};

    return p->running && deeds[sim_rng_below(rng, sizeof deeds / sizeof deeds[0])](p, rng);
}

/* ---- Forms ---- */

static bool give_number(struct sim_party *p)
{
    const struct ol_form_number number = {.number = FORM_NUMBER, .hash = {{p->side}}, .code = ol_span("DRAWN", 5)};
    uint8_t body[64];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_form_number_write(&number, &w);
    p->numbered = p->numbered || sim_people_write(p, OL_KIND_FORM_NUMBER, URGENT, ol_wr_span(&w));
    return p->numbered;
}

bool sim_people_form(struct sim_party *p, struct sim_rng *rng)
{
    struct ol_form_body form = {.number = FORM_NUMBER};
    uint8_t values[64];
    uint8_t body[96];
    struct ol_wr v = ol_wr_to(values, sizeof values);
    struct ol_wr w = ol_wr_to(body, sizeof body);
    uint64_t n = ++p->sim->said; /* so that no other is the same */

    for (size_t i = 0; i < 3; i++) {
        size_t before = v.len;

        ol_cbor_put_uint(&v, i == 0 ? n : sim_rng_below(rng, 1000));
        form.values.item[form.values.n++] = ol_span(v.p + before, v.len - before);
    }
    ol_form_write(&form, &w);
    sim_world_say(&p->sim->world, "%s sends form number %llu", p->name, (unsigned long long)n);
    return give_number(p) &&
           sim_people_write(p, OL_KIND_FORM, (uint8_t)(sim_rng_below(rng, 4) << 6), ol_wr_span(&w));
}

/* One field is misread, now and then. */
bool sim_people_read_form(const struct ol_row *row, struct sim_rng *rng, struct ol_wr *w)
{
    static const uint8_t other[] = {0x18, 0x2a}; /* 42 */
    struct ol_form_body form;

    if (ol_form_read(row->body, &form) || form.values.n == 0)
        return false;
    if (rng != NULL && sim_rng_below(rng, 3) == 0)
        form.values.item[sim_rng_below(rng, form.values.n)] = ol_span(other, sizeof other);
    ol_values_write(&form.values, w);
    return !w->full;
}
