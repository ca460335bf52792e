/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/watch.h"

#include "support.h"

#define NOW 1800000000u

/* A record of a few messages, and what a look did. */
struct play {
    struct ol_owed message[4];
    size_t n;
    bool stands[OL_ALARM_KINDS];
    bool signs;
    enum ol_escalation step;
    uint32_t escalated;
    uint32_t again;
};

static struct play play;
static struct ol_watch watch;

static bool find(void *ctx, uint8_t author, uint32_t seq, struct ol_owed *out)
{
    struct play *p = ctx;

    for (size_t i = 0; i < p->n; i++) {
        if (p->message[i].h.author != author || p->message[i].h.seq != seq)
            continue;
        *out = p->message[i];
        return true;
    }
    return false;
}

static void judge(void *ctx, enum ol_alarm_kind kind, const struct ol_owed *about, bool stands)
{
    struct play *p = ctx;

    (void)about;
    p->stands[kind] = stands;
}

static bool may_sign(void *ctx)
{
    return ((struct play *)ctx)->signs;
}

static void escalate(void *ctx, const struct ol_owed *o, enum ol_escalation step)
{
    struct play *p = ctx;

    p->step = step;
    p->escalated = o->h.seq;
}

static void remind(void *ctx, uint32_t utc, uint8_t author, uint32_t seq)
{
    struct play *p = ctx;

    (void)author;
    (void)seq;
    p->again = utc;
}

static const struct ol_watch_port port = {&play, find, judge, may_sign, escalate, remind};

static struct ol_owed *add(uint8_t author, uint32_t seq, enum ol_precedence precedence, uint32_t within)
{
    struct ol_owed *o = &play.message[play.n++];

    *o = (struct ol_owed){.h = {.author = author, .seq = seq, .flags = (uint8_t)(precedence << 6)},
                          .d = {.author = author, .state = OL_DELIVERED, .open = true},
                          .due = NOW + within,
                          .within = within,
                          .inbound = author == 'B'};
    return o;
}

static int begin(void **state)
{
    (void)state;
    play = (struct play){.signs = true};
    watch = (struct ol_watch){0};
    return 0;
}

static void look(uint32_t seq, uint32_t now)
{
    play.step = OL_STEP_NONE;
    play.again = 0;
    ol_watch_look(&watch, &port, 'B', seq, now);
}

static void test_what_is_due_is_the_taking_then_the_answer_or_the_end_of_a_standby(void **state)
{
    const struct ol_owed_times simple = {.take_s = 60};
    const struct ol_owed_times times = {.take_s = 60, .answer_s = 600};
    struct ol_dialogue d = {.state = OL_DELIVERED, .open = true};

    (void)state;
    assert_int_equal(0, ol_owed_due(&d, 0, &times));
    assert_int_equal(NOW + 60, ol_owed_due(&d, NOW, &times));
    d.met = true;
    assert_int_equal(NOW + 600, ol_owed_due(&d, NOW, &times));
    assert_int_equal(0, ol_owed_due(&d, NOW, &simple));
    d.until = NOW + 900;
    assert_int_equal(NOW + 900, ol_owed_due(&d, NOW, &times));
    d.open = false;
    assert_int_equal(0, ol_owed_due(&d, NOW, &times));
    d = (struct ol_dialogue){.state = OL_DELIVERED, .open = true, .superseded = 7};
    assert_int_equal(0, ol_owed_due(&d, NOW, &times));
}

static void test_what_names_a_role_is_to_be_passed_on_stage_by_stage(void **state)
{
    struct ol_owed_times times = {.take_s = 60, .onward_s = {[OL_STAGE_DESK] = 100, [OL_STAGE_UNIT] = 300}};
    struct ol_dialogue d = {.state = OL_DELIVERED, .open = true};

    (void)state;
    assert_int_equal(0, ol_owed_onward(&d, NOW, &times)); /* it names none */
    times.for_role = true;
    assert_int_equal(0, ol_owed_onward(&d, 0, &times));
    assert_int_equal(NOW + 100, ol_owed_onward(&d, NOW, &times));
    d.stage = OL_STAGE_DESK;
    assert_int_equal(NOW + 300, ol_owed_onward(&d, NOW, &times)); /* for the duty officer there is no time */
    d.stage = OL_STAGE_UNIT;
    assert_int_equal(0, ol_owed_onward(&d, NOW, &times));
    d = (struct ol_dialogue){.state = OL_DELIVERED, .stage = OL_STAGE_DESK, .not_passed = true};
    assert_int_equal(0, ol_owed_onward(&d, NOW, &times));
}

static void test_a_flash_alarms_at_once_and_goes_to_the_deputy_then_to_the_next_role(void **state)
{
    struct ol_owed *o = add('B', 1, OL_FLASH, 60);

    (void)state;
    ol_watch_new(&port, o, NOW);
    assert_true(play.stands[OL_ALARM_FLASH_UNTAKEN]);
    assert_int_equal(NOW + 60, play.again);
    look(1, NOW + 59);
    assert_int_equal(OL_STEP_NONE, play.step);
    assert_int_equal(NOW + 60, play.again);
    look(1, NOW + 60);
    assert_int_equal(OL_STEP_DEPUTY, play.step);
    assert_int_equal(NOW + 120, play.again);
    o->d.step = OL_STEP_DEPUTY;
    look(1, NOW + 119);
    assert_int_equal(OL_STEP_NONE, play.step);
    look(1, NOW + 120);
    assert_int_equal(OL_STEP_NEXT_ROLE, play.step);
    assert_int_equal(0, play.again);
    o->d.state = OL_TAKEN;
    look(1, NOW + 121);
    assert_false(play.stands[OL_ALARM_FLASH_UNTAKEN]);
}

static void test_nobody_is_paged_for_what_is_older_than_a_day(void **state)
{
    (void)state;
    add('B', 1, OL_FLASH, 60);
    look(1, NOW + 60 + OL_WATCH_OLD_S - 1);
    assert_true(play.stands[OL_ALARM_FLASH_UNTAKEN]);
    look(1, NOW + 60 + OL_WATCH_OLD_S);
    assert_false(play.stands[OL_ALARM_FLASH_UNTAKEN]);
    assert_int_equal(OL_STEP_NONE, play.step);
}

static void test_of_each_precedence_one_at_a_time_is_escalated_and_none_while_nothing_is_signed(void **state)
{
    struct ol_owed *first = add('B', 1, OL_PRIORITY, 1800);

    (void)state;
    add('B', 2, OL_PRIORITY, 1800);
    add('B', 3, OL_IMMEDIATE, 1800);
    play.signs = false;
    look(1, NOW + 1800);
    assert_int_equal(0, play.escalated);
    assert_int_equal(NOW + 1802, play.again);
    play.signs = true;
    look(1, NOW + 1801);
    assert_int_equal(1, play.escalated);
    look(2, NOW + 1802);
    assert_int_equal(1, play.escalated);
    assert_int_equal(NOW + 1862, play.again);
    assert_true(play.stands[OL_ALARM_UNTAKEN]);
    look(3, NOW + 1803);
    assert_int_equal(3, play.escalated);
    first->d.state = OL_TAKEN;
    look(2, NOW + 1862);
    assert_int_equal(2, play.escalated);
}

static void test_whoever_acted_on_a_text_that_was_replaced_is_alarmed_until_the_new_one_is_taken(void **state)
{
    struct ol_owed *old = add('B', 1, OL_ROUTINE, 10800);
    struct ol_owed *new = add('B', 2, OL_ROUTINE, 10800);

    (void)state;
    old->d.state = OL_TAKEN;
    old->d.superseded = 2;
    new->amends = 1;
    look(2, NOW);
    assert_true(play.stands[OL_ALARM_SUPERSEDED_UNTAKEN]);
    new->d.state = OL_TAKEN;
    look(2, NOW + 1);
    assert_false(play.stands[OL_ALARM_SUPERSEDED_UNTAKEN]);
    old->d.state = OL_DELIVERED;
    new->d.state = OL_DELIVERED;
    look(1, NOW + 2);
    assert_false(play.stands[OL_ALARM_SUPERSEDED_UNTAKEN]);
}

static void test_a_standby_that_has_run_out_is_an_alarm_of_its_receiver(void **state)
{
    struct ol_owed *o = add('B', 1, OL_ROUTINE, 10800);

    (void)state;
    o->d.met = true;
    o->d.until = o->due = NOW + 600;
    look(1, NOW + 599);
    assert_false(play.stands[OL_ALARM_STANDBY_EXPIRED]);
    assert_int_equal(NOW + 600, play.again);
    look(1, NOW + 600);
    assert_true(play.stands[OL_ALARM_STANDBY_EXPIRED]);
}

static void test_a_sender_is_alarmed_when_it_is_not_taken_there_or_not_passed_on(void **state)
{
    struct ol_owed *o = add('A', 1, OL_IMMEDIATE, 300);

    (void)state;
    ol_watch_look(&watch, &port, 'A', 1, NOW + 300);
    assert_true(play.stands[OL_ALARM_UNTAKEN_THERE]);
    assert_false(play.stands[OL_ALARM_UNTAKEN]);
    assert_int_equal(0, play.escalated);
    o->d.met = o->d.not_passed = true;
    ol_watch_look(&watch, &port, 'A', 1, NOW + 301);
    assert_false(play.stands[OL_ALARM_UNTAKEN_THERE]);
    assert_true(play.stands[OL_ALARM_NOT_PASSED_ON]);
}

static void test_of_what_is_not_on_record_nothing_is_owed(void **state)
{
    (void)state;
    look(9, NOW);
    assert_int_equal(0, play.again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_due_is_the_taking_then_the_answer_or_the_end_of_a_standby),
        cmocka_unit_test(test_what_names_a_role_is_to_be_passed_on_stage_by_stage),
        cmocka_unit_test_setup(test_a_flash_alarms_at_once_and_goes_to_the_deputy_then_to_the_next_role, begin),
        cmocka_unit_test_setup(test_nobody_is_paged_for_what_is_older_than_a_day, begin),
        cmocka_unit_test_setup(test_of_each_precedence_one_at_a_time_is_escalated_and_none_while_nothing_is_signed, begin),
        cmocka_unit_test_setup(test_whoever_acted_on_a_text_that_was_replaced_is_alarmed_until_the_new_one_is_taken, begin),
        cmocka_unit_test_setup(test_a_standby_that_has_run_out_is_an_alarm_of_its_receiver, begin),
        cmocka_unit_test_setup(test_a_sender_is_alarmed_when_it_is_not_taken_there_or_not_passed_on, begin),
        cmocka_unit_test_setup(test_of_what_is_not_on_record_nothing_is_owed, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
