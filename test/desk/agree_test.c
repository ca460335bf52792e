/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "desk/agree.h"
#include "desk/kind.h"

#define NOON 1795000000u

static struct ol_span text(const char *s)
{
    return ol_span(s, strlen(s));
}

/* ---- Bodies ---- */

static const struct ol_proposal proposals[] = {
    {.topic = OL_TOPIC_CHANNEL,
     .level = {(const uint8_t *)"military", 8},
     .purpose = {(const uint8_t *)"incidents at sea", 16},
     .role = {{(const uint8_t *)"joint-staff", 11}, {(const uint8_t *)"navy", 4}},
     .hours = {(const uint8_t *)"0600Z-1800Z", 11}},
    {.topic = OL_TOPIC_CHANNEL,
     .level = {(const uint8_t *)"x", 1},
     .purpose = {(const uint8_t *)"", 0},
     .role = {{(const uint8_t *)"", 0}, {(const uint8_t *)"", 0}},
     .hours = {(const uint8_t *)"", 0}},
    {.topic = OL_TOPIC_EXERCISE, .exercise = 3, .start = NOON, .end = NOON + 3600},
    {.topic = OL_TOPIC_INSTRUCTIONS},
    {.topic = OL_TOPIC_TESTS, .every = 60, .start = NOON, .role = {{(const uint8_t *)"watch", 5}, {(const uint8_t *)"", 0}}},
    {.topic = OL_TOPIC_TESTS, .every = OL_TESTS_EVERY_MAX, .role = {{(const uint8_t *)"", 0}, {(const uint8_t *)"", 0}}},
};

static const struct ol_response responses[] = {
    {.verb = OL_VERB_ACCEPT, .about = {'A', 1}},
    {.verb = OL_VERB_DECLINE, .about = {'B', 70000}, .reason = {(const uint8_t *)"not now", 7}},
    {.verb = OL_VERB_END, .about = {'A', UINT32_MAX}},
    {.verb = OL_VERB_SUSPEND, .level = {(const uint8_t *)"military", 8}, .reason = {(const uint8_t *)"after the vote", 14}},
    {.verb = OL_VERB_RESUME, .level = {(const uint8_t *)"track-15", 8}},
};

static size_t write_body(uint8_t kind, size_t i, uint8_t *out, size_t cap)
{
    struct ol_wr w = ol_wr_to(out, cap);

    if (kind == OL_KIND_PROPOSE)
        ol_proposal_write(&proposals[i], &w);
    else
        ol_response_write(&responses[i], &w);
    assert_false(w.full);
    return w.len;
}

/* Whatever reads is written again to the same bytes. */
static bool reads(uint8_t kind, struct ol_span body)
{
    uint8_t again[256];
    struct ol_wr w = ol_wr_to(again, sizeof again);
    struct ol_proposal p;
    struct ol_response r;

    if (kind == OL_KIND_PROPOSE ? ol_proposal_read(body, &p) : ol_response_read(body, &r))
        return false;
    if (kind == OL_KIND_PROPOSE)
        ol_proposal_write(&p, &w);
    else
        ol_response_write(&r, &w);
    assert_true(ol_span_equal(ol_wr_span(&w), body));
    assert_true(ol_body_readable(kind, body));
    return true;
}

static void check_body(uint8_t kind, size_t i)
{
    uint8_t body[128];
    size_t len = write_body(kind, i, body, sizeof body - 1);

    assert_true(reads(kind, ol_span(body, len)));
    for (size_t n = 0; n < len; n++)
        assert_false(reads(kind, ol_span(body, n)));
    body[len] = 0;
    assert_false(reads(kind, ol_span(body, len + 1)));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        body[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)reads(kind, ol_span(body, len));
        body[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_proposals_and_responses_come_back_and_have_one_form_each(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(proposals); i++)
        check_body(OL_KIND_PROPOSE, i);
    for (size_t i = 0; i < COUNT(responses); i++)
        check_body(OL_KIND_RESPOND, i);
}

static void test_what_means_nothing_is_refused(void **state)
{
    static const struct {
        uint8_t kind;
        const char *hex;
    } odd[] = {
        {OL_KIND_PROPOSE, "8100"},                       /* no topic */
        {OL_KIND_PROPOSE, "8104"},                       /* none that is known */
        {OL_KIND_PROPOSE, "820300"},                     /* something after it */
        {OL_KIND_PROPOSE, "8105"},                       /* times, and none */
        {OL_KIND_PROPOSE, "820500"},
        {OL_KIND_PROPOSE, "840200187818c8"},             /* E0 */
        {OL_KIND_PROPOSE, "840204187818c8"},             /* E4 */
        {OL_KIND_PROPOSE, "84020118781878"},             /* no time at all */
        {OL_KIND_PROPOSE, "84020118781b0000000100000000"}, /* after 2106 */
        {OL_KIND_PROPOSE, "850409006060"},               /* tests too often */
        {OL_KIND_PROPOSE, "85041905a1006060"},           /* less than once a day */
        {OL_KIND_PROPOSE, "8504183c1b00000001000000006060"}, /* from after 2106 */
        {OL_KIND_PROPOSE, "8504183c00614160"},           /* a role in capitals */
        {OL_KIND_PROPOSE, "86016060606060"},             /* no level */
        {OL_KIND_PROPOSE, "8601614160606060"},           /* a level in capitals */
        {OL_KIND_PROPOSE, "8601616160614160" "60"},      /* a role in capitals */
        {OL_KIND_RESPOND, "820100"},                     /* about number 0 */
        {OL_KIND_RESPOND, "820205"},                     /* no verb */
        {OL_KIND_RESPOND, "820203"},                     /* to suspend a proposal */
        {OL_KIND_RESPOND, "82616100"},                   /* to accept a level */
        {OL_KIND_RESPOND, "83020060"},                   /* an empty reason */
        {OL_KIND_RESPOND, "8102"},
        {OL_KIND_RESPOND, "840200"},                     /* more than there is */
    };
    uint8_t body[32];

    (void)state;
    for (size_t i = 0; i < COUNT(odd); i++) {
        size_t len = unhex(odd[i].hex, body, sizeof body);

        assert_false(reads(odd[i].kind, ol_span(body, len)));
    }
}

/* ---- The fold ---- */

/* What is on record of both sides, and how far it was read. */
static struct bed {
    struct ol_row row[2][OL_AGREE_EACH + 8];
    size_t n[2];
    size_t at[2];
    uint8_t bodies[2 * (OL_AGREE_EACH + 8)][64];
    size_t used;
} bed;

static struct ol_agree agree;

static int reset(void **state)
{
    (void)state;
    memset(&bed, 0, sizeof bed);
    memset(&agree, 0, sizeof agree);
    return 0;
}

static bool next(void *ctx, unsigned side, struct ol_row *row)
{
    (void)ctx;
    if (bed.at[side] == bed.n[side])
        return false;
    *row = bed.row[side][bed.at[side]++];
    return true;
}

static void fold(void)
{
    bed.at[0] = bed.at[1] = 0;
    ol_agree_of(&agree, next, NULL);
}

/* One entry of a side, that names so many of the other's. Returns its number. */
static uint32_t put(uint8_t author, uint8_t kind, uint32_t xseq, uint32_t time, struct ol_span body)
{
    size_t side = author == 'B';
    struct ol_row *row = &bed.row[side][bed.n[side]++];

    memcpy(bed.bodies[bed.used], body.p, body.len);
    *row = (struct ol_row){.h = {.author = author, .kind = kind, .seq = (uint32_t)bed.n[side], .xseq = xseq, .time = time},
                           .body = ol_span(bed.bodies[bed.used], body.len)};
    bed.used++;
    return row->h.seq;
}

static uint32_t propose(uint8_t author, uint32_t xseq, uint32_t time, const struct ol_proposal *p)
{
    uint8_t body[64];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_proposal_write(p, &w);
    assert_false(w.full);
    return put(author, OL_KIND_PROPOSE, xseq, time, ol_wr_span(&w));
}

static uint32_t channel(uint8_t author, uint32_t xseq, const char *level, const char *purpose)
{
    struct ol_proposal p = {.topic = OL_TOPIC_CHANNEL, .level = text(level), .purpose = text(purpose),
                            .role = {text(""), text("")}, .hours = text("")};

    return propose(author, xseq, NOON, &p);
}

static void respond_at(uint8_t author, uint32_t xseq, uint32_t time, const struct ol_response *r)
{
    uint8_t body[64];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_response_write(r, &w);
    assert_false(w.full);
    put(author, OL_KIND_RESPOND, xseq, time, ol_wr_span(&w));
}

static void respond(uint8_t author, uint32_t xseq, uint8_t verb, uint8_t about, uint32_t seq)
{
    respond_at(author, xseq, NOON, &(struct ol_response){.verb = verb, .about = {about, seq}});
}

static void level(uint8_t author, uint32_t xseq, uint32_t time, uint8_t verb, const char *name, const char *reason)
{
    respond_at(author, xseq, time, &(struct ol_response){.verb = verb, .level = text(name), .reason = text(reason)});
}

static enum ol_channel_state standing(const char *name, struct ol_step *step)
{
    const struct ol_channel *c = ol_agree_level(&agree, text(name));

    assert_non_null(c);
    return ol_channel_step(c, step);
}

static enum ol_accord_state accord(uint8_t author, uint32_t seq)
{
    const struct ol_accord *x = ol_agree_find(&agree, (struct ol_ref){author, seq});

    assert_non_null(x);
    return x->state;
}

static void test_a_fresh_line_has_all_levels_open(void **state)
{
    struct ol_step step;

    (void)state;
    fold();
    assert_int_equal(agree.channels, OL_LEVELS);
    for (size_t i = 0; i < agree.channels; i++)
        assert_int_equal(OL_CHANNEL_OPEN, ol_channel_step(&agree.channel[i], &step));
    assert_null(ol_agree_level(&agree, text("unheard-of")));
    assert_true(ol_agree_has_room(&agree, 'A', text("unheard-of")));
}

static void test_only_the_other_side_accepts_or_declines_and_only_once(void **state)
{
    struct ol_step step;

    (void)state;
    channel('A', 0, "military", "sea");
    respond('A', 0, OL_VERB_ACCEPT, 'A', 1);
    fold();
    assert_int_equal(OL_CHANNEL_PROPOSED, standing("military", &step));
    respond('B', 2, OL_VERB_DECLINE, 'A', 1);
    respond('B', 2, OL_VERB_ACCEPT, 'A', 1);
    fold();
    assert_int_equal(OL_ACCORD_DECLINED, accord('A', 1));
    assert_int_equal(OL_CHANNEL_DECLINED, standing("military", &step));
    assert_int_equal('B', step.side);
}

static void test_what_was_accepted_stands_until_something_else_is(void **state)
{
    struct ol_step step;

    (void)state;
    channel('A', 0, "military", "sea");
    respond('B', 1, OL_VERB_ACCEPT, 'A', 1);
    channel('A', 1, "military", "air");
    respond('B', 2, OL_VERB_DECLINE, 'A', 2);
    fold();
    assert_int_equal(OL_CHANNEL_ACCEPTED, standing("military", &step));
    assert_true(ol_span_equal(text("sea"), agree.accord[ol_agree_level(&agree, text("military"))->terms - 1].what.purpose));
    channel('B', 2, "military", "land");
    respond('A', 3, OL_VERB_ACCEPT, 'B', 3);
    fold();
    assert_true(ol_span_equal(text("land"), agree.accord[ol_agree_level(&agree, text("military"))->terms - 1].what.purpose));
}

static void test_a_response_to_what_its_author_has_not_seen_has_no_effect(void **state)
{
    (void)state;
    channel('B', 0, "military", "sea");
    respond('A', 0, OL_VERB_ACCEPT, 'B', 1); /* before it in ladder order */
    fold();
    assert_int_equal(OL_ACCORD_PROPOSED, accord('B', 1));
}

static void test_a_channel_is_suspended_with_by_whom_since_when_and_why_until_the_same_side_resumes(void **state)
{
    struct ol_step step;

    (void)state;
    level('B', 0, NOON, OL_VERB_SUSPEND, "military", "after the vote");
    level('A', 1, NOON + 5, OL_VERB_RESUME, "military", "");
    fold();
    assert_int_equal(OL_CHANNEL_SUSPENDED, standing("military", &step));
    assert_int_equal('B', step.side);
    assert_int_equal(NOON, step.since);
    assert_true(ol_span_equal(text("after the vote"), step.reason));
    level('B', 1, NOON + 9, OL_VERB_RESUME, "military", "");
    fold();
    assert_int_equal(OL_CHANNEL_RESUMED, standing("military", &step));
    assert_int_equal(NOON + 9, step.since);
}

static void test_service_is_never_suspended(void **state)
{
    struct ol_step step;

    (void)state;
    level('A', 0, NOON, OL_VERB_SUSPEND, OL_LEVEL_SERVICE, "");
    fold();
    assert_int_equal(OL_CHANNEL_OPEN, standing(OL_LEVEL_SERVICE, &step));
}

/* Who of the two is A decides which comes first in ladder order; the outcome must not depend on it. */
static void test_what_crosses_folds_alike_whoever_is_a(void **state)
{
    (void)state;
    for (int turned = 0; turned < 2; turned++) {
        uint8_t one = turned ? 'B' : 'A';
        uint8_t other = turned ? 'A' : 'B';
        struct ol_step step;

        reset(NULL);
        level(one, 0, NOON, OL_VERB_SUSPEND, "military", "");
        fold();
        level(one, 0, NOON + 7, OL_VERB_RESUME, "military", ""); /* crosses: */
        level(other, 1, NOON + 6, OL_VERB_SUSPEND, "military", "");
        channel(one, 0, "working", "");
        respond(other, 3, OL_VERB_ACCEPT, one, 3); /* crosses: */
        channel(one, 0, "leaders", "");
        propose(one, 0, NOON, &proposals[3]);
        respond(one, 0, OL_VERB_END, one, 5); /* crosses: */
        respond(other, 5, OL_VERB_ACCEPT, one, 5);
        fold();
        assert_int_equal(OL_CHANNEL_SUSPENDED, standing("military", &step));
        assert_int_equal(other, step.side);
        assert_int_equal(OL_CHANNEL_ACCEPTED, standing("working", &step));
        assert_int_equal(OL_CHANNEL_PROPOSED, standing("leaders", &step));
        assert_int_equal(OL_ACCORD_ENDED, accord(one, 5));
        assert_false(ol_agree_stands(&agree, OL_TOPIC_INSTRUCTIONS));
    }
}

static void test_instructions_stand_from_acceptance_until_either_side_ends_them(void **state)
{
    (void)state;
    propose('A', 0, NOON, &proposals[3]);
    fold();
    assert_false(ol_agree_stands(&agree, OL_TOPIC_INSTRUCTIONS));
    respond('B', 1, OL_VERB_ACCEPT, 'A', 1);
    fold();
    assert_true(ol_agree_stands(&agree, OL_TOPIC_INSTRUCTIONS));
    respond('A', 1, OL_VERB_END, 'A', 1);
    fold();
    assert_false(ol_agree_stands(&agree, OL_TOPIC_INSTRUCTIONS));
}

static void test_the_first_entries_of_a_side_count_and_no_more(void **state)
{
    struct ol_step step;

    (void)state;
    for (unsigned i = 0; i < OL_AGREE_EACH; i++)
        level('A', 0, NOON, i % 2 == 0 ? OL_VERB_SUSPEND : OL_VERB_RESUME, "military", "");
    level('A', 0, NOON, OL_VERB_SUSPEND, "military", "");
    level('B', 0, NOON, OL_VERB_SUSPEND, "working", "");
    fold();
    assert_int_equal(OL_CHANNEL_RESUMED, standing("military", &step));
    assert_int_equal(OL_CHANNEL_SUSPENDED, standing("working", &step));
}

static void test_a_side_brings_in_so_many_levels_and_leaves_the_other_its_own(void **state)
{
    char name[] = "l00";

    (void)state;
    for (unsigned i = 0; i <= OL_AGREE_LEVELS; i++) {
        snprintf(name, sizeof name, "l%02u", i);
        channel('A', 0, name, "");
    }
    fold();
    assert_null(ol_agree_level(&agree, text(name)));
    assert_false(ol_agree_has_room(&agree, 'A', text(name)));
    assert_true(ol_agree_has_room(&agree, 'B', text(name)));
    assert_int_equal(OL_AGREE_LEVELS, agree.accords);
}

/* ---- Exercises ---- */

static const struct ol_header drill = {.author = 'A', .seq = 50, .flags = OL_FLAG_EXERCISE, .time = NOON + 10};

static struct ol_header message(uint8_t author, uint32_t seq, enum ol_precedence precedence, uint32_t time)
{
    return (struct ol_header){.author = author, .seq = seq, .flags = (uint8_t)(precedence << 6), .time = time};
}

static void accept_exercise(void)
{
    propose('A', 0, NOON - 60, &proposals[2]);
    respond_at('B', 1, NOON - 30, &(struct ol_response){.verb = OL_VERB_ACCEPT, .about = {'A', 1}});
    fold();
}

static void test_exercise_traffic_is_announced_only_while_an_accepted_exercise_runs(void **state)
{
    struct ol_header m = drill;

    (void)state;
    propose('A', 0, NOON - 60, &proposals[2]);
    fold();
    assert_true(ol_agree_is_unannounced(&agree, &m));
    reset(NULL);
    accept_exercise();
    assert_false(ol_agree_is_unannounced(&agree, &m));
    m.time = NOON - 1;
    assert_true(ol_agree_is_unannounced(&agree, &m));
    m.time = NOON + 3600;
    assert_true(ol_agree_is_unannounced(&agree, &m));
    respond_at('B', 1, NOON + 100, &(struct ol_response){.verb = OL_VERB_END, .about = {'A', 1}});
    fold();
    m.time = NOON + 99;
    assert_false(ol_agree_is_unannounced(&agree, &m));
    m.time = NOON + 100;
    assert_true(ol_agree_is_unannounced(&agree, &m));
    m.flags = 0;
    assert_false(ol_agree_is_unannounced(&agree, &m));
}

static void test_a_real_flash_breaks_an_exercise_in_whatever_order_it_comes(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct ol_header flash = message('B', 9, OL_FLASH, NOON + 20);
        struct ol_header later = message('A', 60, OL_IMMEDIATE, NOON + 30);
        struct ol_header after = drill;

        reset(NULL);
        accept_exercise();
        ol_agree_message(&agree, order == 0 ? &flash : &later);
        ol_agree_message(&agree, order == 0 ? &later : &flash);
        assert_int_equal('B', agree.accord[0].broken.author);
        assert_int_equal(9, agree.accord[0].broken.seq);
        assert_int_equal(NOON + 20, agree.accord[0].broken_at);
        assert_true(ol_agree_is_real(&agree, &flash) && ol_agree_is_real(&agree, &later));
        assert_false(ol_agree_is_unannounced(&agree, &drill));
        after.time = NOON + 21;
        assert_true(ol_agree_is_unannounced(&agree, &after));
        after.author = 'B'; /* of one author the numbers tell */
        after.seq = 8;
        assert_false(ol_agree_is_unannounced(&agree, &after));
    }
}

static void test_of_real_traffic_of_one_second_as_breaks_an_exercise_then_the_lower_number(void **state)
{
    const struct ol_header in_turn[] = {message('B', 9, OL_FLASH, NOON + 20), message('B', 8, OL_FLASH, NOON + 20),
                                        message('A', 60, OL_FLASH, NOON + 20), message('B', 7, OL_FLASH, NOON + 20)};
    static const uint32_t broken_by[] = {9, 8, 60, 60};

    (void)state;
    accept_exercise();
    for (size_t i = 0; i < 4; i++) {
        ol_agree_message(&agree, &in_turn[i]);
        assert_int_equal(broken_by[i], agree.accord[0].broken.seq);
    }
}

static void test_what_is_not_urgent_or_not_real_or_not_during_it_breaks_no_exercise(void **state)
{
    struct ol_header m = message('B', 9, OL_PRIORITY, NOON + 20);

    (void)state;
    accept_exercise();
    ol_agree_message(&agree, &m);
    m = message('B', 10, OL_FLASH, NOON - 1);
    ol_agree_message(&agree, &m);
    assert_false(ol_agree_is_real(&agree, &m));
    m = message('B', 11, OL_FLASH, NOON + 20);
    m.flags |= OL_FLAG_EXERCISE;
    ol_agree_message(&agree, &m);
    assert_false(ol_agree_is_real(&agree, &m));
    assert_int_equal(0, agree.accord[0].broken.author);
}

static void test_a_fold_knows_of_no_message_until_it_is_told(void **state)
{
    struct ol_header flash = message('B', 9, OL_FLASH, NOON + 20);

    (void)state;
    accept_exercise();
    ol_agree_message(&agree, &flash);
    assert_int_equal(9, agree.accord[0].broken.seq);
    fold();
    assert_int_equal(0, agree.accord[0].broken.author);
    ol_agree_message(&agree, &flash);
    assert_int_equal(9, agree.accord[0].broken.seq);
}

/* Two sides' times: those proposed at NOON, accepted ten seconds later, others a minute after that. */
static void agree_on_times(void)
{
    static const uint8_t first[] = {0x8f, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0x60, 0x60, 0x60, 0x60};
    static const uint8_t later[] = {0x8f, 5, 5, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0x60, 0x60, 0x60, 0x60};

    propose('A', 0, NOON, &(struct ol_proposal){.topic = OL_TOPIC_TIMES, .terms = SPAN(first)});
    respond_at('B', 1, NOON + 10, &(struct ol_response){.verb = OL_VERB_ACCEPT, .about = {'A', 1}});
    propose('B', 1, NOON + 60, &(struct ol_proposal){.topic = OL_TOPIC_TIMES, .terms = SPAN(later)});
    respond_at('A', 2, NOON + 70, &(struct ol_response){.verb = OL_VERB_ACCEPT, .about = {'B', 2}});
}

static uint32_t in_force(uint32_t time)
{
    const struct ol_accord *x = ol_agree_at(&agree, OL_TOPIC_TIMES, time);

    return x != NULL ? x->id.seq : 0;
}

static void test_what_is_agreed_as_data_is_in_force_from_the_second_of_its_acceptance(void **state)
{
    (void)state;
    agree_on_times();
    fold();
    assert_int_equal(0, in_force(NOON + 9));
    assert_int_equal(1, in_force(NOON + 10));
    assert_int_equal(1, in_force(NOON + 69));
    assert_int_equal(2, in_force(NOON + 70));
    assert_int_equal(2, in_force(UINT32_MAX));
}

static void test_what_was_ended_is_in_force_for_what_was_signed_before_and_for_nothing_after(void **state)
{
    (void)state;
    agree_on_times();
    respond_at('B', 2, NOON + 100, &(struct ol_response){.verb = OL_VERB_END, .about = {'B', 2}});
    fold();
    assert_int_equal(2, in_force(NOON + 99));
    assert_int_equal(0, in_force(NOON + 100));
}

static void test_what_was_declined_is_never_in_force(void **state)
{
    static const uint8_t times[] = {0x8f, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0x60, 0x60, 0x60, 0x60};

    (void)state;
    propose('A', 0, NOON, &(struct ol_proposal){.topic = OL_TOPIC_TIMES, .terms = SPAN(times)});
    fold();
    assert_int_equal(0, in_force(NOON + 1));
    respond_at('B', 1, NOON + 10, &(struct ol_response){.verb = OL_VERB_DECLINE, .about = {'A', 1}});
    fold();
    assert_int_equal(0, in_force(NOON + 11));
}

static void test_names_lead_back_to_verbs(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < OL_VERBS; i++)
        assert_int_equal(i, ol_verb_of(ol_verb_name(i)));
    assert_int_equal(-1, ol_verb_of("propose"));
    assert_int_equal(-1, ol_verb_of(NULL));
    assert_string_equal("instructions", ol_topic_name(OL_TOPIC_INSTRUCTIONS));
    assert_string_equal("ended", ol_accord_state_name(OL_ACCORD_ENDED));
    assert_string_equal("suspended", ol_channel_state_name(OL_CHANNEL_SUSPENDED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proposals_and_responses_come_back_and_have_one_form_each),
        cmocka_unit_test(test_what_means_nothing_is_refused),
        cmocka_unit_test_setup(test_a_fresh_line_has_all_levels_open, reset),
        cmocka_unit_test_setup(test_only_the_other_side_accepts_or_declines_and_only_once, reset),
        cmocka_unit_test_setup(test_what_was_accepted_stands_until_something_else_is, reset),
        cmocka_unit_test_setup(test_a_response_to_what_its_author_has_not_seen_has_no_effect, reset),
        cmocka_unit_test_setup(test_a_channel_is_suspended_with_by_whom_since_when_and_why_until_the_same_side_resumes,
                               reset),
        cmocka_unit_test_setup(test_service_is_never_suspended, reset),
        cmocka_unit_test_setup(test_what_crosses_folds_alike_whoever_is_a, reset),
        cmocka_unit_test_setup(test_instructions_stand_from_acceptance_until_either_side_ends_them, reset),
        cmocka_unit_test_setup(test_the_first_entries_of_a_side_count_and_no_more, reset),
        cmocka_unit_test_setup(test_a_side_brings_in_so_many_levels_and_leaves_the_other_its_own, reset),
        cmocka_unit_test_setup(test_exercise_traffic_is_announced_only_while_an_accepted_exercise_runs, reset),
        cmocka_unit_test_setup(test_a_real_flash_breaks_an_exercise_in_whatever_order_it_comes, reset),
        cmocka_unit_test_setup(test_of_real_traffic_of_one_second_as_breaks_an_exercise_then_the_lower_number,
                               reset),
        cmocka_unit_test_setup(test_what_is_not_urgent_or_not_real_or_not_during_it_breaks_no_exercise, reset),
        cmocka_unit_test_setup(test_a_fold_knows_of_no_message_until_it_is_told, reset),
        cmocka_unit_test_setup(test_what_is_agreed_as_data_is_in_force_from_the_second_of_its_acceptance, reset),
        cmocka_unit_test_setup(test_what_was_ended_is_in_force_for_what_was_signed_before_and_for_nothing_after, reset),
        cmocka_unit_test_setup(test_what_was_declined_is_never_in_force, reset),
        cmocka_unit_test(test_names_lead_back_to_verbs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
