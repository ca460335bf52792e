/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/limits.h"
#include "desk/act.h"
#include "desk/agree.h"
#include "desk/form.h"
#include "desk/kind.h"
#include "desk/ledger.h"
#include "desk/linetest.h"
#include "desk/message.h"
#include "desk/presence.h"
#include "desk/roster.h"
#include "desk/said.h"
#include "desk/stats.h"

static uint8_t bytes[1024];
static struct ol_wr body;

static struct ol_span text(const char *s)
{
    return ol_span(s, strlen(s));
}

static struct ol_wr *anew(void)
{
    body = ol_wr_to(bytes, sizeof bytes);
    return &body;
}

static void says_of(uint8_t kind, struct ol_span of, const char *want)
{
    static char out[OL_SAID_MAX + 1];
    struct ol_wr w = ol_wr_to(out, OL_SAID_MAX);

    ol_entry_say(kind, of, &w);
    assert_false(w.full);
    out[w.len] = '\0';
    assert_string_equal(want, out);
}

/* And nothing when a byte is missing or one too many: no half of an entry is said. */
static void says(uint8_t kind, const char *want)
{
    struct ol_span whole = ol_wr_span(&body);

    says_of(kind, whole, want);
    for (size_t n = 0; n < whole.len; n++)
        says_of(kind, ol_span(whole.p, n), "");
    ol_wr_u8(&body, 0);
    says_of(kind, ol_wr_span(&body), "");
}

static void say_act(struct ol_act act, const char *want)
{
    act.message = act.about = 7;
    ol_act_write(&act, anew());
    says(act.kind, want);
}

static void test_a_message_says_its_text_and_acts_what_they_are_and_their_text(void **state)
{
    (void)state;
    ol_message_write(&(struct ol_message){.text = text("text"), .subject = text("subject")}, anew());
    says(OL_KIND_MESSAGE, "text");
    say_act((struct ol_act){.kind = OL_KIND_TAKE}, "");
    say_act((struct ol_act){.kind = OL_KIND_CORRECT, .text = text("words")}, "words");
    say_act((struct ol_act){.kind = OL_KIND_DECLINE, .text = text("busy")}, "busy");
    say_act((struct ol_act){.kind = OL_KIND_REPLY, .what = OL_WILCO}, "wilco");
    say_act((struct ol_act){.kind = OL_KIND_REPLY, .what = OL_UNABLE, .text = text("no fuel")}, "unable no fuel");
    say_act((struct ol_act){.kind = OL_KIND_REPLY, .what = OL_STANDBY, .until = 1795185127, .text = text("asking")},
            "standby 2026-11-20T14:32:07Z asking");
    say_act((struct ol_act){.kind = OL_KIND_ONWARD, .what = OL_STAGE_UNIT}, "unit");
    say_act((struct ol_act){.kind = OL_KIND_ONWARD, .what = OL_STAGE_UNIT, .text = text("no radio")}, "unit no radio");
    say_act((struct ol_act){.kind = OL_KIND_ESCALATE, .what = OL_STEP_NEXT_ROLE}, "next-role");
}

static void test_what_is_agreed_is_said_with_its_names(void **state)
{
    uint8_t data[OL_TERMS_MAX];
    struct ol_wr w = ol_wr_to(data, sizeof data);
    struct ol_handlings handlings;
    struct ol_times times;

    (void)state;
    ol_proposal_write(&(struct ol_proposal){.topic = OL_TOPIC_CHANNEL, .level = text("military"),
                                            .purpose = text("incidents at sea")}, anew());
    says(OL_KIND_PROPOSE, "channel military incidents at sea");
    ol_proposal_write(&(struct ol_proposal){.topic = OL_TOPIC_EXERCISE, .exercise = 2, .start = 1, .end = 4294967295u},
                      anew());
    says(OL_KIND_PROPOSE, "exercise E2 1970-01-01T00:00:01Z 2106-02-07T06:28:15Z");
    ol_proposal_write(&(struct ol_proposal){.topic = OL_TOPIC_INSTRUCTIONS}, anew());
    says(OL_KIND_PROPOSE, "instructions");
    ol_proposal_write(&(struct ol_proposal){.topic = OL_TOPIC_TESTS, .every = 60, .start = 1}, anew());
    says(OL_KIND_PROPOSE, "tests 60");
    ol_times_init(&times);
    times.s[OL_TIME_ONWARD + 1] = 900;
    times.role[2] = text("watch-two");
    ol_times_write(&times, &w);
    ol_proposal_write(&(struct ol_proposal){.topic = OL_TOPIC_TIMES, .terms = ol_wr_span(&w)}, anew());
    says(OL_KIND_PROPOSE, "times flash 60 immediate 300 priority 1800 routine 10800 duty 900 deputy watch-two");
    ol_handlings_init(&handlings);
    handlings.row[handlings.n++] = (struct ol_handling){text("internal"), 0};
    handlings.row[handlings.n++] = (struct ol_handling){text("ministers-only"), OL_FORBIDS_PUBLISH | OL_FORBIDS_FORWARD};
    w = ol_wr_to(data, sizeof data);
    ol_handlings_write(&handlings, &w);
    ol_proposal_write(&(struct ol_proposal){.topic = OL_TOPIC_HANDLING, .terms = ol_wr_span(&w)}, anew());
    says(OL_KIND_PROPOSE, "handling internal ministers-only=publish,forward");
    w = ol_wr_to(data, sizeof data);
    ol_rate_write(120, &w);
    ol_proposal_write(&(struct ol_proposal){.topic = OL_TOPIC_RATE, .terms = ol_wr_span(&w)}, anew());
    says(OL_KIND_PROPOSE, "rate 120");
    ol_response_write(&(struct ol_response){.verb = OL_VERB_ACCEPT, .about = {'B', 12}}, anew());
    says(OL_KIND_RESPOND, "accept B12");
    ol_response_write(&(struct ol_response){.verb = OL_VERB_SUSPEND, .level = text("military"), .reason = text("a vote")},
                      anew());
    says(OL_KIND_RESPOND, "suspend military a vote");
}

static void test_desks_forms_months_and_reasons_are_said(void **state)
{
    const struct ol_form_number number = {.number = 5, .code = text("LAUNCH")};

    (void)state;
    ol_desk_write(&(struct ol_desk_entry){.what = OL_DESK_ATTENDED, .role = text("deputy")}, anew());
    says(OL_KIND_DESK, "attended deputy");
    ol_hours_write(&(struct ol_hours){.kind = OL_HOURS_OUTAGE, .from = 1709164800, .to = 1709251199,
                                      .reason = text("new cable")}, anew());
    says(OL_KIND_HOURS, "outage 2024-02-29T00:00:00Z 2024-02-29T23:59:59Z new cable");
    ol_hours_write(&(struct ol_hours){.kind = OL_HOURS_WEEKLY, .days = 0x1f, .from = 360, .to = 1080}, anew());
    says(OL_KIND_HOURS, "mon-fri 0600-1800");
    ol_roster_write(&(struct ol_roster_entry){.what = OL_ROLE_ADDED, .role = text("duty"), .levels = 1,
                                              .level = {text("working")}}, anew());
    says(OL_KIND_ROSTER, "added duty working");
    ol_linetest_write(&(struct ol_linetest){.slot = 60, .text = text("Good morning")}, anew());
    says(OL_KIND_TEST, "Good morning");
    ol_form_number_write(&number, anew());
    says(OL_KIND_FORM_NUMBER, "5 LAUNCH");
    ol_stats_signed_write(&(struct ol_stats_signed){.month = {.name = "2026-03", .from = 1, .to = 2}}, anew());
    says(OL_KIND_STATS, "2026-03");
    ol_unfreeze_write(&(struct ol_unfreeze){.resume = 9, .reason = text("by telephone")}, anew());
    says(OL_KIND_UNFREEZE, "by telephone");
    ol_close_write(anew());
    says(OL_KIND_CLOSE, "");
}

static void test_bytes_that_are_no_body_are_said_nothing_of_whatever_the_kind(void **state)
{
    static const uint8_t wrong[] = {0xff, 0x84, 0x01};

    (void)state;
    for (unsigned kind = 0; kind < 256; kind++)
        says_of((uint8_t)kind, ol_span(wrong, sizeof wrong), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_says_its_text_and_acts_what_they_are_and_their_text),
        cmocka_unit_test(test_what_is_agreed_is_said_with_its_names),
        cmocka_unit_test(test_desks_forms_months_and_reasons_are_said),
        cmocka_unit_test(test_bytes_that_are_no_body_are_said_nothing_of_whatever_the_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
