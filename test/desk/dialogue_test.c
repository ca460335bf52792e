/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/limits.h"
#include "desk/dialogue.h"
#include "desk/form.h"
#include "desk/kind.h"

#define MESSAGE 7u

static uint8_t buf[OL_BODY_MAX];

static struct ol_span text(const char *s)
{
    return ol_span(s, strlen(s));
}

static struct ol_span act(const struct ol_act *a)
{
    struct ol_wr w = ol_wr_to(buf, sizeof buf);

    ol_act_write(a, &w);
    assert_false(w.full);
    return ol_wr_span(&w);
}

static const uint8_t kinds[] = {OL_KIND_TAKE,    OL_KIND_READBACK, OL_KIND_CONFIRM, OL_KIND_CORRECT,
                                OL_KIND_DECLINE, OL_KIND_REPLY,    OL_KIND_ONWARD,  OL_KIND_ESCALATE};

static bool must_have_words(uint8_t kind)
{
    return kind == OL_KIND_READBACK || kind == OL_KIND_CORRECT;
}

/* ---- Bodies ---- */

static const struct ol_act acts[] = {
    {.kind = OL_KIND_TAKE, .message = MESSAGE},
    {.kind = OL_KIND_READBACK, .message = MESSAGE, .about = 9, .text = {(const uint8_t *)"words", 5}},
    {.kind = OL_KIND_READBACK, .message = MESSAGE, .about = 9, .values = {(const uint8_t *)"\x83\x05\x40\x61x", 5}},
    {.kind = OL_KIND_CONFIRM, .message = MESSAGE, .about = 9},
    {.kind = OL_KIND_CORRECT, .message = MESSAGE, .text = {(const uint8_t *)"words", 5}},
    {.kind = OL_KIND_DECLINE, .message = MESSAGE},
    {.kind = OL_KIND_DECLINE, .message = MESSAGE, .text = {(const uint8_t *)"not now", 7}},
    {.kind = OL_KIND_REPLY, .message = MESSAGE, .what = OL_WILCO},
    {.kind = OL_KIND_REPLY, .message = MESSAGE, .what = OL_UNABLE, .text = {(const uint8_t *)"no fuel", 7}},
    {.kind = OL_KIND_REPLY, .message = MESSAGE, .what = OL_STANDBY, .until = 1795000000},
    {.kind = OL_KIND_REPLY, .message = MESSAGE, .what = OL_STANDBY, .until = 1795000000, .text = {(const uint8_t *)"x", 1}},
    {.kind = OL_KIND_ONWARD, .message = MESSAGE, .what = OL_STAGE_UNIT},
    {.kind = OL_KIND_ESCALATE, .message = MESSAGE, .what = OL_STEP_NEXT_ROLE},
    {.kind = OL_KIND_ONWARD, .message = MESSAGE, .what = OL_STAGE_DUTY, .text = {(const uint8_t *)"no radio", 8}},
    {.kind = OL_KIND_TAKE, .message = MESSAGE, .role = {(const uint8_t *)"desk", 4}},
    {.kind = OL_KIND_CONFIRM, .message = MESSAGE, .about = 9, .role = {(const uint8_t *)"desk", 4}},
    {.kind = OL_KIND_DECLINE, .message = MESSAGE, .role = {(const uint8_t *)"desk", 4},
     .text = {(const uint8_t *)"not now", 7}},
    {.kind = OL_KIND_REPLY, .message = MESSAGE, .what = OL_STANDBY, .until = 1795000000,
     .role = {(const uint8_t *)"duty-1", 6}},
    {.kind = OL_KIND_READBACK, .message = MESSAGE, .about = 9, .role = {(const uint8_t *)"desk", 4},
     .values = {(const uint8_t *)"\x83\x05\x40\x61x", 5}},
};

static void test_acts_come_back_and_their_prefixes_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        struct ol_span body = act(&acts[i]);
        struct ol_act a;

        CHECK_ERR(OL_OK, ol_act_read(acts[i].kind, body, &a));
        assert_int_equal(a.message, MESSAGE);
        assert_int_equal(a.about, acts[i].about);
        assert_int_equal(a.what, acts[i].what);
        assert_int_equal(a.until, acts[i].until);
        assert_true(ol_span_equal(a.text, acts[i].text));
        assert_true(ol_span_equal(a.values, acts[i].values));
        assert_true(ol_span_equal(a.role, acts[i].role));
        for (size_t n = 0; n < body.len; n++)
            CHECK_ERR(OL_MALFORMED, ol_act_read(acts[i].kind, ol_span(buf, n), &a));
        buf[body.len] = 0;
        CHECK_ERR(OL_MALFORMED, ol_act_read(acts[i].kind, ol_span(buf, body.len + 1), &a));
    }
}

/* Whatever reads can be written again to the same bytes: there is one form of each body. */
static void test_every_flipped_bit_of_an_act_is_refused_or_has_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        uint8_t copy[64];
        struct ol_span body = act(&acts[i]);

        memcpy(copy, body.p, body.len);
        for (size_t bit = 0; bit < 8 * body.len; bit++) {
            struct ol_act a;

            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (ol_act_read(acts[i].kind, ol_span(copy, body.len), &a) == OL_OK)
                assert_true(ol_span_equal(act(&a), ol_span(copy, body.len)));
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void test_an_act_without_what_it_needs_or_with_more_is_refused(void **state)
{
    static const struct {
        uint8_t kind;
        const char *hex;
    } odd[] = {
        {OL_KIND_TAKE, "8100"},             /* message 0 */
        {OL_KIND_TAKE, "82076177"},         /* a take has no words */
        {OL_KIND_READBACK, "820707"},       /* a read-back has */
        {OL_KIND_CORRECT, "8107"},
        {OL_KIND_DECLINE, "820760"},        /* empty words */
        {OL_KIND_REPLY, "8107"},            /* no answer */
        {OL_KIND_REPLY, "820706"},          /* none of the answers */
        {OL_KIND_REPLY, "820705"},          /* standing by without a time */
        {OL_KIND_REPLY, "83070001"},        /* a time with wilco */
        {OL_KIND_ESCALATE, "820700"},       /* none of the steps */
        {OL_KIND_ESCALATE, "820703"},
        {OL_KIND_ESCALATE, "8307016177"},   /* words */
        {OL_KIND_ONWARD, "820700"},         /* none of the stages */
        {OL_KIND_ONWARD, "820704"},
        {OL_KIND_CONFIRM, "82071b0000000100000000"},
        {OL_KIND_TAKE, "820740"},           /* a role without a name */
        {OL_KIND_TAKE, "82074144"},         /* that is no word */
        {OL_KIND_TAKE, "8307416441642a"},   /* two of them */
        {OL_KIND_DECLINE, "830761614164"},  /* behind the words */
        {OL_KIND_ESCALATE, "8307014164"},   /* a station's */
    };

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        uint8_t bytes[16];
        size_t len = strlen(odd[i].hex) / 2;
        struct ol_act a;

        for (size_t n = 0; n < len; n++)
            sscanf(odd[i].hex + 2 * n, "%2hhx", &bytes[n]);
        CHECK_ERR(OL_MALFORMED, ol_act_read(odd[i].kind, ol_span(bytes, len), &a));
        assert_int_equal(a.message, 0);
    }
}

static void test_names_of_answers_and_stages_lead_back_to_them(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < OL_ANSWERS; i++)
        assert_int_equal(ol_answer_of(ol_answer_name(i)), i);
    for (uint8_t i = OL_STAGE_DESK; i < OL_STAGES; i++)
        assert_int_equal(ol_stage_of(ol_stage_name(i)), i);
    assert_int_equal(ol_answer_of("yes"), -1);
    assert_int_equal(ol_stage_of(""), -1);
    assert_int_equal(ol_stage_of(NULL), -1);
}

/* ---- The fold ---- */

/* The tables of doc/protocol.md, written out once more. */
static void test_who_may_do_what_is_the_table(void **state)
{
    static const char *const allowed[] = {
        [OL_RELEASED] = "",         [OL_SENT] = "",        [OL_DELIVERED] = "TDAOE",   [OL_TAKEN] = "RXDAO",
        [OL_READ_BACK] = "CXAO",    [OL_CONFIRMED] = "AO", [OL_CORRECTED] = "RXDAO", [OL_DECLINED] = "",
    };
    static const char letters[] = "TRCXDAOE"; /* take, readback, confirm, correct, decline, reply, onward, escalate */

    (void)state;
    for (unsigned s = OL_RELEASED; s <= OL_DECLINED; s++) {
        for (size_t k = 0; k < sizeof kinds; k++)
            assert_int_equal(ol_act_allowed(s, kinds[k]), strchr(allowed[s], letters[k]) != NULL);
        assert_false(ol_act_allowed(s, OL_KIND_MESSAGE)); /* is no act */
    }
}

static void test_which_answer_closes_which_class_is_the_table(void **state)
{
    static const char *const closes[OL_CLASSES] = {
        [OL_CLASS_R] = "r", [OL_CLASS_WU] = "wu", [OL_CLASS_AN] = "an", [OL_CLASS_Y] = "", [OL_CLASS_N] = ""};
    static const char letters[] = "wuanrs"; /* wilco, unable, affirm, negative, roger, standby */

    (void)state;
    for (uint8_t class = 0; class < OL_CLASSES; class++) {
        for (uint8_t answer = 0; answer < OL_ANSWERS; answer++)
            assert_int_equal(ol_answer_closes(class, answer), strchr(closes[class], letters[answer]) != NULL);
    }
}

static uint8_t message_body[64];

/* A7, which asks for an answer of this class. */
static struct ol_row message(uint8_t class)
{
    struct ol_message m = {.text = text("words"), .answer = class};
    struct ol_wr w = ol_wr_to(message_body, sizeof message_body);
    struct ol_row row = {.h = {.author = 'A', .seq = MESSAGE, .kind = OL_KIND_MESSAGE}};

    ol_message_write(&m, &w);
    row.body = ol_wr_span(&w);
    return row;
}

static struct ol_dialogue begin(uint8_t class)
{
    struct ol_row row = message(class);
    struct ol_dialogue d;

    ol_dialogue_init(&d, &row);
    return d;
}

static bool fold_act(struct ol_dialogue *d, const struct ol_act *a, uint32_t seq)
{
    struct ol_row row = {.h = {.kind = a->kind, .seq = seq}};

    row.h.author = ol_act_is_senders(a->kind) ? 'A' : 'B';
    row.body = act(a);
    return ol_dialogue_fold(d, &row);
}

static bool fold(struct ol_dialogue *d, uint8_t kind, uint32_t about, uint32_t seq)
{
    return fold_act(d, &(struct ol_act){.kind = kind, .message = MESSAGE, .about = about,
                                        .text = text(must_have_words(kind) ? "w" : "")}, seq);
}

static bool reply(struct ol_dialogue *d, uint8_t answer, uint32_t seq)
{
    return fold_act(d, &(struct ol_act){.kind = OL_KIND_REPLY, .message = MESSAGE, .what = answer,
                                        .until = answer == OL_STANDBY ? 5000 : 0}, seq);
}

static bool fold_message(struct ol_dialogue *d, uint8_t author, uint32_t seq, const struct ol_message *m)
{
    struct ol_wr w = ol_wr_to(buf, sizeof buf);
    struct ol_row row = {.h = {.kind = OL_KIND_MESSAGE, .author = author, .seq = seq}};

    ol_message_write(m, &w);
    row.body = ol_wr_span(&w);
    return ol_dialogue_fold(d, &row);
}

static bool amend(struct ol_dialogue *d, bool cancels, uint32_t seq)
{
    struct ol_message m = {.text = text("later")};

    *(cancels ? &m.cancels : &m.corrects) = MESSAGE;
    return fold_message(d, 'A', seq, &m);
}

static bool answer_in_words(struct ol_dialogue *d, uint32_t seq)
{
    return fold_message(d, 'B', seq, &(struct ol_message){.text = text("because"), .marker = OL_ANSWER, .re = {'A', MESSAGE}});
}

static void test_a_dialogue_from_take_to_confirm_with_a_correction(void **state)
{
    struct ol_dialogue d = begin(OL_CLASS_R);

    (void)state;
    assert_false(fold(&d, OL_KIND_READBACK, 7, 1));
    assert_true(fold(&d, OL_KIND_TAKE, 0, 2));
    assert_true(fold(&d, OL_KIND_READBACK, 7, 3));
    assert_true(fold(&d, OL_KIND_CORRECT, 0, 8));
    assert_int_equal(d.state, OL_CORRECTED);
    assert_false(fold(&d, OL_KIND_READBACK, 7, 4)); /* of the text that no longer stands */
    assert_true(fold(&d, OL_KIND_READBACK, 8, 5));
    assert_false(fold(&d, OL_KIND_CONFIRM, 3, 9)); /* of the read-back before */
    assert_true(fold(&d, OL_KIND_CONFIRM, 5, 10));
    assert_int_equal(d.state, OL_CONFIRMED);
    assert_false(fold(&d, OL_KIND_DECLINE, 0, 6));
}

static void test_a_confirmed_read_back_counts_as_a_roger_and_nothing_more(void **state)
{
    (void)state;
    for (uint8_t class = 0; class < OL_CLASSES; class++) {
        struct ol_dialogue d = begin(class);

        fold(&d, OL_KIND_TAKE, 0, 2);
        fold(&d, OL_KIND_READBACK, 7, 3);
        assert_int_equal(d.open, class != OL_CLASS_N);
        fold(&d, OL_KIND_CONFIRM, 3, 8);
        assert_int_equal(d.state, OL_CONFIRMED);
        assert_int_equal(d.open, class != OL_CLASS_N && class != OL_CLASS_R);
        assert_int_equal(d.closed.seq, class == OL_CLASS_R ? 8 : 0);
    }
}

static void test_only_the_right_answer_closes_and_only_once(void **state)
{
    (void)state;
    for (uint8_t class = 0; class < OL_CLASSES; class++) {
        for (uint8_t answer = 0; answer < OL_ANSWERS; answer++) {
            struct ol_dialogue d = begin(class);
            bool closes = ol_answer_closes(class, answer);
            bool standby = answer == OL_STANDBY && class != OL_CLASS_N;

            assert_int_equal(reply(&d, answer, 2), closes || standby);
            assert_int_equal(d.open, class != OL_CLASS_N && !closes);
            assert_int_equal(d.met, closes || standby);
            assert_int_equal(d.until, standby ? 5000 : 0);
            assert_int_equal(d.state, OL_DELIVERED);
            if (closes) {
                assert_int_equal(d.closed.author, 'B');
                assert_false(reply(&d, answer, 3));
                assert_false(fold(&d, OL_KIND_DECLINE, 0, 4));
            }
        }
    }
}

static void test_standing_by_ends_with_the_answer(void **state)
{
    struct ol_dialogue d = begin(OL_CLASS_WU);

    (void)state;
    assert_true(reply(&d, OL_STANDBY, 2));
    assert_true(d.open && d.until == 5000);
    assert_true(reply(&d, OL_WILCO, 3));
    assert_true(!d.open && d.until == 0);
    assert_int_equal(d.closed.seq, 3);
}

static void test_words_close_what_asked_for_words_and_nothing_else(void **state)
{
    (void)state;
    for (uint8_t class = 0; class < OL_CLASSES; class++) {
        struct ol_dialogue d = begin(class);

        assert_int_equal(answer_in_words(&d, 2), class == OL_CLASS_Y);
        assert_int_equal(d.open, class != OL_CLASS_Y && class != OL_CLASS_N);
    }
}

static void test_a_decline_closes_every_class(void **state)
{
    (void)state;
    for (uint8_t class = 0; class < OL_CLASSES; class++) {
        struct ol_dialogue d = begin(class);

        assert_true(fold(&d, OL_KIND_DECLINE, 0, 2));
        assert_int_equal(d.state, OL_DECLINED);
        assert_false(d.open);
        assert_false(reply(&d, OL_STANDBY, 3));
    }
}

static void test_an_amendment_closes_and_the_state_stays(void **state)
{
    (void)state;
    for (unsigned cancels = 0; cancels < 2; cancels++) {
        struct ol_dialogue d = begin(OL_CLASS_WU);

        fold(&d, OL_KIND_TAKE, 0, 2);
        assert_true(amend(&d, cancels, 9));
        assert_int_equal(d.state, OL_TAKEN);
        assert_false(d.open);
        assert_int_equal(d.superseded, 9);
        assert_int_equal(d.cancelled, cancels);
        assert_int_equal(d.closed.seq, 9);
        assert_false(amend(&d, false, 10)); /* the later one is amended, not this */
        assert_int_equal(d.superseded, 9);
        assert_false(reply(&d, OL_WILCO, 3));
    }
}

static void test_what_nobody_has_met_is_escalated_step_by_step(void **state)
{
    struct ol_dialogue d = begin(OL_CLASS_R);
    struct ol_act a = {.kind = OL_KIND_ESCALATE, .message = MESSAGE, .what = OL_STEP_DEPUTY};

    (void)state;
    assert_true(fold_act(&d, &a, 2));
    assert_int_equal(d.step, OL_STEP_DEPUTY);
    assert_false(fold_act(&d, &a, 3)); /* not the same step again */
    a.what = OL_STEP_NEXT_ROLE;
    assert_true(fold_act(&d, &a, 4));
    assert_true(d.open && !d.met && d.state == OL_DELIVERED);
    fold(&d, OL_KIND_TAKE, 0, 5);
    assert_false(fold_act(&d, &a, 6));
    d = begin(OL_CLASS_WU);
    reply(&d, OL_STANDBY, 2);
    assert_false(fold_act(&d, &a, 3)); /* a person stands by */
}

static void test_passing_on_goes_by_stages_and_tells_when_it_failed(void **state)
{
    struct ol_dialogue d = begin(OL_CLASS_WU);
    struct ol_act a = {.kind = OL_KIND_ONWARD, .message = MESSAGE, .what = OL_STAGE_DUTY};

    (void)state;
    assert_true(fold_act(&d, &a, 2));
    assert_int_equal(d.stage, OL_STAGE_DUTY);
    assert_true(d.met && d.open);
    a.what = OL_STAGE_UNIT;
    a.text = text("no radio contact");
    assert_true(fold_act(&d, &a, 3));
    assert_int_equal(d.stage, OL_STAGE_DUTY);
    assert_true(d.not_passed);
    a.text = text("");
    assert_true(fold_act(&d, &a, 4));
    assert_int_equal(d.stage, OL_STAGE_UNIT);
    assert_false(d.not_passed);
}

/* What crosses on the way ends the same whichever comes first in ladder order, so no side gains by its letter. */
static void test_acts_that_cross_end_the_same_in_both_orders(void **state)
{
    static const struct {
        uint8_t sender, receiver;
        uint32_t about;
    } crossing[] = {
        {OL_KIND_CORRECT, OL_KIND_READBACK, 7},
        {OL_KIND_CORRECT, OL_KIND_DECLINE, 0},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ol_dialogue one = begin(OL_CLASS_WU);
        struct ol_dialogue other;

        fold(&one, OL_KIND_TAKE, 0, 1);
        other = one;
        fold(&one, crossing[i].sender, 0, 8);
        fold(&one, crossing[i].receiver, crossing[i].about, 2);
        fold(&other, crossing[i].receiver, crossing[i].about, 2);
        fold(&other, crossing[i].sender, 0, 8);
        assert_int_equal(one.state, other.state);
        if (one.state != OL_DECLINED) /* then no text stands any more */
            assert_int_equal(one.version, other.version);
    }
}

/* ---- Forms ---- */

/* A form with one value and, when its sender needs another answer than roger, the class. */
static struct ol_row form(uint8_t class)
{
    static const uint8_t five[] = {0x05};
    static uint8_t extra[16];
    struct ol_wr w = ol_wr_to(extra, sizeof extra);
    struct ol_wr out = ol_wr_to(message_body, sizeof message_body);
    struct ol_form_body body = {.number = 3, .values = {.n = 1, .item = {SPAN(five)}}};

    ol_meaning_write(&(struct ol_message){.answer = class}, &w);
    body.extra = ol_wr_span(&w);
    ol_form_write(&body, &out);
    return (struct ol_row){.h = {.author = 'A', .kind = OL_KIND_FORM, .seq = 7}, .body = ol_wr_span(&out)};
}

static bool read_back(struct ol_dialogue *d, const char *values, uint32_t seq)
{
    return fold_act(d, &(struct ol_act){.kind = OL_KIND_READBACK, .message = 7, .about = 7, .values = text(values)}, seq);
}

static void test_a_form_is_confirmed_by_its_own_values_and_by_no_others(void **state)
{
    static const char *const others[] = {"\x80", "\x81\x06", "\x82\x05\x05", "\x81\x61\x35"};
    const struct ol_act words = {.kind = OL_KIND_READBACK, .message = 7, .about = 7, .text = text("five")};

    (void)state;
    for (uint8_t class = 0; class < OL_CLASSES; class++) {
        struct ol_row row = form(class);
        struct ol_dialogue d;

        ol_dialogue_init(&d, &row);
        assert_int_equal(class, d.answer);
        assert_false(read_back(&d, "\x81\x05", 1)); /* not taken yet */
        assert_true(fold(&d, OL_KIND_TAKE, 0, 2));
        for (uint32_t i = 0; i < COUNT(others); i++)
            assert_false(read_back(&d, others[i], 3 + i));
        assert_false(fold_act(&d, &words, 8));
        assert_false(fold(&d, OL_KIND_CORRECT, 0, 8));
        assert_int_equal(OL_TAKEN, d.state);
        assert_true(read_back(&d, "\x81\x05", 9));
        assert_int_equal(OL_CONFIRMED, d.state);
        assert_int_equal(9, d.readback);
        assert_int_equal(class != OL_CLASS_R && class != OL_CLASS_N, d.open);
    }
}

static void test_a_text_is_not_read_back_in_values(void **state)
{
    struct ol_dialogue d = begin(OL_CLASS_R);

    (void)state;
    assert_true(fold(&d, OL_KIND_TAKE, 0, 2));
    assert_false(read_back(&d, "\x80", 3));
    assert_int_equal(OL_TAKEN, d.state);
}

static void test_a_form_amends_and_answers_like_a_text(void **state)
{
    struct ol_row row = form(OL_CLASS_Y);
    struct ol_row later = {.h = {.author = 'A', .kind = OL_KIND_FORM, .seq = 9}};
    static uint8_t extra[16];
    uint8_t body[32];
    struct ol_wr w = ol_wr_to(extra, sizeof extra);
    struct ol_wr out = ol_wr_to(body, sizeof body);
    struct ol_form_body again = {.number = 3};
    struct ol_dialogue d;
    uint8_t author;
    uint32_t seq;

    (void)state;
    ol_meaning_write(&(struct ol_message){.corrects = 7}, &w);
    again.extra = ol_wr_span(&w);
    ol_form_write(&again, &out);
    later.body = ol_wr_span(&out);
    ol_message_refer(&later, &author, &seq);
    assert_true(author == 'A' && seq == 7);
    ol_dialogue_init(&d, &row);
    assert_true(ol_dialogue_fold(&d, &later));
    assert_int_equal(9, d.superseded);
}

static void check_same(const struct ol_dialogue *a, const struct ol_dialogue *b)
{
    uint8_t one[OL_DIALOGUE_BYTES];
    uint8_t other[OL_DIALOGUE_BYTES];
    struct ol_wr w = ol_wr_to(one, sizeof one);
    struct ol_wr v = ol_wr_to(other, sizeof other);

    ol_dialogue_write(a, &w);
    ol_dialogue_write(b, &v);
    assert_memory_equal(one, other, sizeof one);
}

static void test_an_amendment_that_crosses_an_act_ends_the_same_in_both_orders(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        struct ol_dialogue one = begin(i == 4 ? OL_CLASS_Y : OL_CLASS_WU);
        struct ol_dialogue other = one;
        struct ol_act onward = {.kind = OL_KIND_ONWARD, .message = MESSAGE, .what = OL_STAGE_UNIT};

        for (unsigned later = 0; later < 2; later++) {
            struct ol_dialogue *d = later ? &other : &one;

            if (!later)
                amend(d, true, 9);
            (void)(i == 0   ? fold(d, OL_KIND_TAKE, 0, 2)
                   : i == 1 ? reply(d, OL_WILCO, 2)
                   : i == 2 ? reply(d, OL_STANDBY, 2)
                   : i == 3 ? fold_act(d, &onward, 2)
                            : answer_in_words(d, 2));
            if (later)
                amend(d, true, 9);
        }
        check_same(&one, &other);
    }
}

/* ---- Ladder order ---- */

static struct ol_row row(uint8_t author, uint32_t seq, uint32_t xseq, uint8_t flags, uint8_t marks)
{
    return (struct ol_row){.h = {.author = author, .seq = seq, .xseq = xseq, .flags = flags}, .marks = marks};
}

static void test_ladder_order_puts_what_is_named_first_and_otherwise_a(void **state)
{
    struct ol_row b = row('B', 5, 0, 0, 0);
    struct ol_row a;

    (void)state;
    a = row('A', 9, 4, 0, 0);
    assert_true(ol_ladder_a_first(&a, &b));
    a = row('A', 9, 5, 0, 0);
    assert_false(ol_ladder_a_first(&a, &b));
    a = row('A', 9, 6, 0, 0);
    assert_false(ol_ladder_a_first(&a, &b));
    a = row('A', 9, 6, OL_FLAG_ALONE, 0); /* names B6 and nothing else */
    assert_true(ol_ladder_a_first(&a, &b));
    a = row('A', 9, 5, OL_FLAG_ALONE, 0);
    assert_false(ol_ladder_a_first(&a, &b));
    a = row('A', 9, 5, 0, OL_ROW_CLAIM); /* a claim that is not so orders nothing */
    assert_true(ol_ladder_a_first(&a, &b));
}

struct about {
    struct ol_row row[2][OL_ACTS_MAX + 8];
    size_t n[2];
    size_t at[2];
    size_t told;
    size_t effects;
    char order[8];
};

static bool next(void *ctx, unsigned side, struct ol_row *out)
{
    struct about *a = ctx;

    if (a->at[side] == a->n[side])
        return false;
    *out = a->row[side][a->at[side]++];
    return true;
}

static void told(void *ctx, const struct ol_row *r, const struct ol_dialogue *after, bool effect)
{
    struct about *a = ctx;

    if (a->told < sizeof a->order - 1)
        a->order[a->told] = (char)r->h.author;
    assert_true(after->state >= OL_DELIVERED);
    a->told++;
    a->effects += effect;
}

static void test_what_is_about_a_message_is_folded_in_ladder_order(void **state)
{
    static struct about a;
    static uint8_t bodies[4][16];
    const struct ol_act done[] = {{.kind = OL_KIND_CONFIRM, .message = MESSAGE, .about = 4},
                                  {.kind = OL_KIND_TAKE, .message = MESSAGE},
                                  {.kind = OL_KIND_READBACK, .message = MESSAGE, .about = MESSAGE, .text = text("w")}};
    struct ol_row m = message(OL_CLASS_R);
    struct ol_dialogue d;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct ol_wr w = ol_wr_to(bodies[i], sizeof bodies[i]);

        ol_act_write(&done[i], &w);
        a.row[i > 0][i > 0 ? i - 1 : 0] = row(i > 0 ? 'B' : 'A', i > 0 ? 2 + i : 9, i > 0 ? 7 : 4, 0, 0);
        a.row[i > 0][i > 0 ? i - 1 : 0].h.kind = done[i].kind;
        a.row[i > 0][i > 0 ? i - 1 : 0].body = ol_wr_span(&w);
    }
    a.n[0] = 1;
    a.n[1] = 2;
    ol_dialogue_of(&d, &m, next, told, &a);
    assert_string_equal(a.order, "BBA");
    assert_int_equal(a.effects, 3);
    assert_int_equal(d.state, OL_CONFIRMED);
    assert_false(d.open);
}

static void test_no_more_than_a_thousand_entries_about_one_message_are_folded(void **state)
{
    static struct about a;
    static uint8_t take[4];
    static uint8_t correct[8];
    struct ol_wr w = ol_wr_to(take, sizeof take);
    struct ol_wr v = ol_wr_to(correct, sizeof correct);
    struct ol_row m = message(OL_CLASS_R);
    struct ol_dialogue d;

    (void)state;
    ol_act_write(&(struct ol_act){.kind = OL_KIND_TAKE, .message = MESSAGE}, &w);
    ol_act_write(&(struct ol_act){.kind = OL_KIND_CORRECT, .message = MESSAGE, .text = text("w")}, &v);
    a.row[1][a.n[1]++] = (struct ol_row){.h = {.author = 'B', .seq = 3, .kind = OL_KIND_TAKE}, .body = ol_wr_span(&w)};
    for (uint32_t i = 0; i < OL_ACTS_MAX + 1; i++)
        a.row[0][a.n[0]++] = (struct ol_row){.h = {.author = 'A', .seq = 10 + i, .xseq = 3, .kind = OL_KIND_CORRECT},
                                             .body = ol_wr_span(&v)};
    ol_dialogue_of(&d, &m, next, told, &a);
    assert_int_equal(a.effects, OL_ACTS_MAX);
    assert_int_equal(a.told, OL_ACTS_MAX + 2);
    assert_int_equal(d.version, 10 + OL_ACTS_MAX - 2);
}

/* ---- Kept, found ---- */

static void test_a_kept_dialogue_comes_back_and_nothing_else_does(void **state)
{
    struct ol_dialogue d = begin(OL_CLASS_WU);
    struct ol_dialogue back;
    uint8_t bytes[OL_DIALOGUE_BYTES + 1];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    (void)state;
    fold(&d, OL_KIND_TAKE, 0, 2);
    reply(&d, OL_STANDBY, 3);
    fold_act(&d, &(struct ol_act){.kind = OL_KIND_ONWARD, .message = MESSAGE, .what = OL_STAGE_DESK, .text = text("x")}, 4);
    amend(&d, true, 9);
    ol_dialogue_write(&d, &w);
    assert_int_equal(w.len, OL_DIALOGUE_BYTES);
    CHECK_ERR(OL_OK, ol_dialogue_read(ol_wr_span(&w), &back));
    check_same(&d, &back);
    for (size_t n = 0; n < w.len; n++)
        CHECK_ERR(OL_MALFORMED, ol_dialogue_read(ol_span(bytes, n), &back));
    CHECK_ERR(OL_MALFORMED, ol_dialogue_read(ol_span(bytes, w.len + 1), &back));
    for (size_t bit = 0; bit < 8 * w.len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (ol_dialogue_read(ol_wr_span(&w), &back) == OL_OK) {
            uint8_t again[OL_DIALOGUE_BYTES];
            struct ol_wr v = ol_wr_to(again, sizeof again);

            ol_dialogue_write(&back, &v);
            assert_memory_equal(again, bytes, sizeof again);
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_an_act_is_found_under_the_message_it_is_about(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        struct ol_row r = row('A', 3, 0, 0, 0);
        uint8_t author;
        uint32_t seq;

        r.h.kind = acts[i].kind;
        r.body = act(&acts[i]);
        ol_message_refer(&r, &author, &seq);
        assert_int_equal(author, ol_act_is_senders(acts[i].kind) ? 'A' : 'B');
        assert_int_equal(seq, MESSAGE);
    }
}

static void refer(const struct ol_message *m, uint8_t *author, uint32_t *seq)
{
    struct ol_wr w = ol_wr_to(buf, sizeof buf);
    struct ol_row r = row('A', 10, 0, 0, 0);

    ol_message_write(m, &w);
    r.h.kind = OL_KIND_MESSAGE;
    r.body = ol_wr_span(&w);
    ol_message_refer(&r, author, seq);
}

static void test_a_message_is_found_under_what_it_amends_or_answers_and_only_if_that_is_earlier(void **state)
{
    static const struct {
        struct ol_message m;
        uint8_t author;
        uint32_t seq;
    } cases[] = {
        {{.corrects = 4}, 'A', 4},
        {{.cancels = 4}, 'A', 4},
        {{.corrects = 10}, 0, 0},
        {{.cancels = 11}, 0, 0},
        {{.marker = OL_ANSWER, .re = {'B', 99}}, 'B', 99},
        {{.marker = OL_ANSWER, .re = {'A', 9}}, 0, 0}, /* one's own message is not answered */
        {{.re = {'B', 99}}, 0, 0},                     /* mentions it */
        {{.marker = OL_ANSWER, .re = {'B', 99}, .corrects = 4}, 'A', 4},
        {{.text = {NULL, 0}}, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ol_message m = cases[i].m;
        uint8_t author;
        uint32_t seq;

        m.text = text("words");
        refer(&m, &author, &seq);
        assert_int_equal(author, cases[i].author);
        assert_int_equal(seq, cases[i].seq);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acts_come_back_and_their_prefixes_are_refused),
        cmocka_unit_test(test_every_flipped_bit_of_an_act_is_refused_or_has_one_form),
        cmocka_unit_test(test_an_act_without_what_it_needs_or_with_more_is_refused),
        cmocka_unit_test(test_names_of_answers_and_stages_lead_back_to_them),
        cmocka_unit_test(test_who_may_do_what_is_the_table),
        cmocka_unit_test(test_which_answer_closes_which_class_is_the_table),
        cmocka_unit_test(test_a_dialogue_from_take_to_confirm_with_a_correction),
        cmocka_unit_test(test_a_confirmed_read_back_counts_as_a_roger_and_nothing_more),
        cmocka_unit_test(test_only_the_right_answer_closes_and_only_once),
        cmocka_unit_test(test_standing_by_ends_with_the_answer),
        cmocka_unit_test(test_words_close_what_asked_for_words_and_nothing_else),
        cmocka_unit_test(test_a_decline_closes_every_class),
        cmocka_unit_test(test_an_amendment_closes_and_the_state_stays),
        cmocka_unit_test(test_what_nobody_has_met_is_escalated_step_by_step),
        cmocka_unit_test(test_passing_on_goes_by_stages_and_tells_when_it_failed),
        cmocka_unit_test(test_acts_that_cross_end_the_same_in_both_orders),
        cmocka_unit_test(test_a_form_amends_and_answers_like_a_text),
        cmocka_unit_test(test_a_text_is_not_read_back_in_values),
        cmocka_unit_test(test_a_form_is_confirmed_by_its_own_values_and_by_no_others),
        cmocka_unit_test(test_an_amendment_that_crosses_an_act_ends_the_same_in_both_orders),
        cmocka_unit_test(test_ladder_order_puts_what_is_named_first_and_otherwise_a),
        cmocka_unit_test(test_what_is_about_a_message_is_folded_in_ladder_order),
        cmocka_unit_test(test_no_more_than_a_thousand_entries_about_one_message_are_folded),
        cmocka_unit_test(test_a_kept_dialogue_comes_back_and_nothing_else_does),
        cmocka_unit_test(test_an_act_is_found_under_the_message_it_is_about),
        cmocka_unit_test(test_a_message_is_found_under_what_it_amends_or_answers_and_only_if_that_is_earlier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
