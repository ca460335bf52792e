/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/alarm.h"

#include <string.h>

#include "support.h"

#define SECOND 1000u
#define MINUTE (60u * SECOND)
#define HOUR (60u * MINUTE)

static struct ol_alarms table;
static struct ol_now now;
static struct ol_alarm last; /* told last */
static unsigned changes;     /* told since the start */
static unsigned sounds;      /* of these, as new */

static const struct ol_alarm_name line_down = {.kind = OL_ALARM_LINE_DOWN, .line = 1};
static const struct ol_alarm_name disk_full = {.kind = OL_ALARM_DISK_FULL, .line = 1};

static int start(void **state)
{
    (void)state;
    ol_alarms_init(&table, 41);
    now = (struct ol_now){.ms = 5, .utc = 1800000000};
    changes = sounds = 0;
    return 0;
}

static void listen(void)
{
    bool fresh;

    while (ol_alarm_next(&table, &last, &fresh)) {
        changes++;
        sounds += fresh;
    }
}

static void later(ol_ms ms)
{
    for (ol_ms step; ms > 0; ms -= step) {
        step = ms < SECOND ? ms : SECOND;
        now.ms += step;
        now.utc += (uint32_t)(step / 1000);
        ol_alarms_tick(&table, now);
        listen();
    }
}

static void on(const struct ol_alarm_name *name)
{
    ol_alarm_raise(&table, name, 0, now);
    listen();
}

static void off(const struct ol_alarm_name *name)
{
    ol_alarm_clear(&table, name, now);
    listen();
}

static void ack(uint32_t id)
{
    CHECK_ERR(OL_OK, ol_alarm_ack(&table, id, now));
    listen();
}

static unsigned listed(void)
{
    unsigned n = 0;

    for (size_t i = 0; i < table.n; i++)
        n += table.alarm[i].listed;
    return n;
}

/* The alarm with the last id. */
static const struct ol_alarm *newest(void)
{
    return ol_alarm_find(&table, table.last_id);
}

static void is(enum ol_alarm_state state)
{
    assert_non_null(newest());
    assert_int_equal(state, ol_alarm_state(newest()));
}

static void test_every_alarm_names_cause_consequence_action_and_time_to_act(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < OL_ALARM_KINDS; kind++) {
        const struct ol_alarm_meaning *m = ol_alarm_meaning((enum ol_alarm_kind)kind);
        char want[3][80];

        snprintf(want[0], sizeof want[0], "alarm.%s.cause", m->name);
        snprintf(want[1], sizeof want[1], "alarm.%s.consequence", m->name);
        snprintf(want[2], sizeof want[2], "alarm.%s.action", m->name);
        assert_string_equal(want[0], m->cause);
        assert_string_equal(want[1], m->consequence);
        assert_string_equal(want[2], m->action);
        assert_true(m->act_s >= 60 && m->act_s <= 3600);
        assert_ptr_equal(m, ol_alarm_named(m->name));
        assert_non_null(ol_alarm_priority_name(m->priority));
    }
    assert_null(ol_alarm_named("none"));
}

static void test_a_flash_is_to_be_taken_in_60_s_and_the_rest_in_5_min_30_min_3_h(void **state)
{
    (void)state;
    assert_int_equal(60, ol_alarm_take_s(OL_FLASH));
    assert_int_equal(5 * 60, ol_alarm_take_s(OL_IMMEDIATE));
    assert_int_equal(30 * 60, ol_alarm_take_s(OL_PRIORITY));
    assert_int_equal(3 * 60 * 60, ol_alarm_take_s(OL_ROUTINE));
    assert_int_equal(60, ol_alarm_meaning(OL_ALARM_FLASH_UNTAKEN)->act_s);
    assert_int_equal(OL_ALARM_EMERGENCY, ol_alarm_meaning(OL_ALARM_FLASH_UNTAKEN)->priority);
}

static void test_it_is_unacknowledged_then_acknowledged_then_rectified_then_gone(void **state)
{
    (void)state;
    on(&disk_full);
    is(OL_ALARM_UNACKNOWLEDGED);
    assert_int_equal(42, newest()->id);
    assert_int_equal(now.utc + 300, newest()->act_by);
    assert_int_equal(1, sounds);
    on(&disk_full);
    later(MINUTE);
    assert_int_equal(1, changes);
    ack(42);
    is(OL_ALARM_ACKNOWLEDGED);
    assert_int_equal(now.utc, newest()->acknowledged.utc);
    ack(42);
    assert_int_equal(2, changes);
    off(&disk_full);
    is(OL_ALARM_RECTIFIED);
    assert_int_equal(OL_ALARM_RECTIFIED, ol_alarm_state(&last));
    assert_int_equal(3, changes);
    later(10 * MINUTE - SECOND);
    is(OL_ALARM_RECTIFIED);
    later(SECOND);
    assert_int_equal(0, listed());
    later(SECOND);
    assert_int_equal(0, table.n);
    assert_int_equal(1, sounds);
}

static void test_nothing_vanishes_unseen_but_for_a_day(void **state)
{
    (void)state;
    on(&disk_full);
    off(&disk_full);
    is(OL_ALARM_RECTIFIED);
    later(23 * HOUR);
    is(OL_ALARM_RECTIFIED);
    CHECK_ERR(OL_UNEXPECTED, ol_alarm_silence(&table, 42, now));
    ack(42);
    assert_int_equal(0, listed());
    assert_true(last.acknowledged.ms != 0 && last.rectified.ms != 0);
    on(&disk_full);
    assert_int_equal(2, sounds);
    off(&disk_full);
    later(24 * HOUR);
    assert_int_equal(0, listed());
    assert_int_equal(2, sounds);
}

static void test_what_nobody_acknowledges_and_still_stands_does_not_expire(void **state)
{
    (void)state;
    on(&disk_full);
    assert_int_equal(0, newest()->expires.ms);
    later(30 * HOUR);
    is(OL_ALARM_UNACKNOWLEDGED);
}

static void test_an_old_acknowledged_alarm_never_pages_anyone(void **state)
{
    (void)state;
    on(&line_down);
    ack(42);
    for (unsigned h = 0; h < 60 * 24; h += 24) {
        on(&line_down);
        later(24 * HOUR);
        assert_int_equal(0, listed());
        assert_true(table.alarm[0].standing); /* and a status is still told the truth */
    }
    off(&line_down);
    later(11 * MINUTE);
    assert_int_equal(0, table.n);
    assert_int_equal(1, sounds);
    on(&line_down);
    assert_int_equal(2, sounds);
}

static void test_silence_ends_after_30_s(void **state)
{
    (void)state;
    on(&disk_full);
    CHECK_ERR(OL_OK, ol_alarm_silence(&table, 42, now));
    listen();
    assert_int_equal(now.utc + 30, last.silenced.utc);
    later(30 * SECOND - 1);
    assert_int_equal(2, changes);
    assert_true(newest()->silenced.ms != 0);
    later(1);
    assert_int_equal(3, changes);
    assert_int_equal(0, last.silenced.ms);
    is(OL_ALARM_UNACKNOWLEDGED);
    ack(42);
    CHECK_ERR(OL_UNEXPECTED, ol_alarm_silence(&table, 42, now));
}

static void test_an_id_that_is_not_listed_is_refused(void **state)
{
    (void)state;
    on(&disk_full);
    for (uint32_t id = 0; id < 100; id++) {
        if (id == 42)
            continue;
        CHECK_ERR(OL_ABSENT, ol_alarm_ack(&table, id, now));
        CHECK_ERR(OL_ABSENT, ol_alarm_silence(&table, id, now));
    }
    is(OL_ALARM_UNACKNOWLEDGED);
}

static void test_what_comes_back_is_a_new_alarm_and_the_old_id_acknowledges_nothing(void **state)
{
    uint32_t first;

    (void)state;
    on(&line_down);
    first = now.utc;
    off(&line_down);
    later(MINUTE);
    on(&line_down);
    assert_int_equal(2, sounds);
    assert_int_equal(43, newest()->id);
    assert_int_equal(2, newest()->count);
    assert_int_equal(first, newest()->raised.utc); /* nobody has seen the first one */
    CHECK_ERR(OL_ABSENT, ol_alarm_ack(&table, 42, now));
    ack(43);
    off(&line_down);
    later(20 * MINUTE);
    on(&line_down);
    assert_int_equal(3, sounds);
    assert_int_equal(now.utc, newest()->raised.utc);
}

static void test_a_cause_must_last_as_long_as_its_kind_wants(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        ol_alarm_raise(&table, &line_down, 20 * SECOND, now);
        listen();
        assert_int_equal(0, changes);
        later(SECOND);
    }
    ol_alarm_raise(&table, &line_down, 20 * SECOND, now);
    listen();
    assert_int_equal(1, sounds);
    start(NULL);
    for (unsigned i = 0; i < 60; i++) {
        ol_alarm_raise(&table, &line_down, 20 * SECOND, now);
        later(15 * SECOND);
        ol_alarm_clear(&table, &line_down, now);
        later(SECOND);
    }
    assert_int_equal(0, changes);
    assert_int_equal(0, table.n);
}

static void test_chatter_is_held_with_a_count_and_not_announced_again(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 180; i++) { /* an hour */
        on(&line_down);
        if (i == 1)
            ack(newest()->id);
        later(10 * SECOND);
        off(&line_down);
        later(10 * SECOND);
    }
    assert_int_equal(2, sounds);
    assert_int_equal(180, newest()->count);
    is(OL_ALARM_ACKNOWLEDGED); /* held, though the cause is away */
    later(10 * MINUTE);
    is(OL_ALARM_RECTIFIED);
    assert_int_equal(2, sounds);
}

static void test_chatter_that_ends_in_a_lasting_fault_is_announced(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        on(&line_down);
        if (i == 5)
            ack(newest()->id);
        later(SECOND);
        off(&line_down);
        later(SECOND);
    }
    on(&line_down);
    assert_int_equal(2, sounds);
    later(10 * MINUTE);
    assert_int_equal(3, sounds);
    is(OL_ALARM_UNACKNOWLEDGED);
}

/* A month: the line is cut for a while each night, its radio path fades by the minute for an hour a day. */
static void test_a_normal_month_has_at_most_6_alarms_an_hour(void **state)
{
    static const struct ol_alarm_name radio = {.kind = OL_ALARM_PATH_DOWN, .line = 1, .author = OL_ALARM_PATH, .seq = 1};
    unsigned most = 0;

    (void)state;
    for (unsigned hour = 0; hour < 30 * 24; hour++) {
        unsigned before = sounds;

        for (unsigned minute = 0; minute < 60; minute++) {
            if (hour % 24 == 3 && (minute == 5 || minute == 20 || minute == 50))
                on(&line_down);
            if (hour % 24 == 3 && (minute == 15 || minute == 30 || minute == 59))
                off(&line_down);
            if (hour % 24 == 3)
                minute % 2 == 0 ? on(&radio) : off(&radio);
            later(MINUTE);
        }
        off(&radio);
        most = sounds - before > most ? sounds - before : most;
    }
    assert_int_equal(5, most);
    assert_true(sounds >= 30 * 4);
}

static struct ol_alarm_name untaken(uint32_t seq)
{
    return (struct ol_alarm_name){.kind = OL_ALARM_UNTAKEN, .line = 1, .author = 'B', .seq = seq};
}

static const struct ol_alarm *flood(void)
{
    for (size_t i = 0; i < table.n; i++) {
        if (table.alarm[i].name.kind == OL_ALARM_FLOOD)
            return &table.alarm[i];
    }
    return NULL;
}

static void test_more_than_10_in_10_minutes_are_one_flood_that_says_so(void **state)
{
    (void)state;
    for (uint32_t seq = 1; seq <= 10; seq++) {
        struct ol_alarm_name name = untaken(seq);

        on(&name);
        later(MINUTE - SECOND);
    }
    assert_int_equal(10, sounds);
    assert_null(flood());
    for (uint32_t seq = 11; seq <= 40; seq++) {
        struct ol_alarm_name name = untaken(seq);

        on(&name);
    }
    assert_int_equal(11, sounds);
    assert_non_null(flood());
    assert_int_equal(40, flood()->count);
    assert_int_equal(41, listed());
    ack(flood()->id);
    later(10 * MINUTE + SECOND);
    assert_int_equal(OL_ALARM_RECTIFIED, ol_alarm_state(flood()));
    for (uint32_t seq = 41; seq <= 50; seq++) {
        struct ol_alarm_name name = untaken(seq);

        on(&name);
    }
    assert_int_equal(21, sounds);
}

static void test_10_in_10_minutes_are_none(void **state)
{
    (void)state;
    for (uint32_t seq = 1; seq <= 60; seq++) {
        struct ol_alarm_name name = untaken(seq);

        on(&name);
        later(MINUTE + SECOND);
    }
    assert_null(flood());
    assert_int_equal(60, sounds);
}

static void test_an_emergency_sounds_in_a_flood_and_finds_a_place_in_a_full_table(void **state)
{
    struct ol_alarm_name name = {.kind = OL_ALARM_FLASH_UNTAKEN, .line = 1, .author = 'B', .seq = 1};

    (void)state;
    for (uint32_t seq = 1; seq <= 10000; seq++) {
        struct ol_alarm_name other = untaken(seq);

        on(&other);
    }
    assert_int_equal(OL_ALARMS - 1 - OL_ALARM_RESERVED, listed());
    assert_int_equal(11, sounds);
    on(&name);
    assert_int_equal(12, sounds);
    is(OL_ALARM_UNACKNOWLEDGED);
    assert_true(newest()->announced);
    for (name.seq = 2; name.seq < 100; name.seq++)
        on(&name);
    assert_int_equal(OL_ALARMS - 1, listed());
    for (uint32_t seq = 1; seq <= 10000; seq++) {
        struct ol_alarm_name other = untaken(seq);

        off(&other);
    }
    on(&disk_full); /* finds its place when there is one again */
    assert_int_equal(OL_ALARM_FLASH_UNTAKEN, newest()->name.kind);
    for (size_t i = table.n; i > 0; i--)
        if (table.alarm[i - 1].rectified.ms != 0)
            ack(table.alarm[i - 1].id);
    later(11 * MINUTE);
    on(&disk_full);
    assert_int_equal(OL_ALARM_DISK_FULL, newest()->name.kind);
    is(OL_ALARM_UNACKNOWLEDGED);
}

static void test_what_was_acknowledged_before_a_start_is_so_if_it_still_stands(void **state)
{
    (void)state;
    ol_alarm_restore(&table, &line_down, 1700000000, 1700000060, now);
    assert_int_equal(0, listed());
    ol_alarm_raise(&table, &line_down, 20 * SECOND, now);
    later(20 * SECOND);
    on(&line_down);
    is(OL_ALARM_ACKNOWLEDGED);
    assert_int_equal(1700000000, newest()->raised.utc);
    assert_int_equal(1700000060, newest()->acknowledged.utc);
    assert_int_equal(0, sounds);
    assert_int_equal(1, changes);
    off(&line_down);
    later(11 * MINUTE);
    on(&line_down);
    assert_int_equal(1, sounds);
}

static void test_what_was_acknowledged_before_a_start_is_forgotten_when_it_does_not_stand(void **state)
{
    (void)state;
    ol_alarm_restore(&table, &line_down, 1700000000, 1700000060, now);
    off(&line_down);
    assert_int_equal(0, table.n);
    on(&line_down);
    is(OL_ALARM_UNACKNOWLEDGED);
    assert_int_equal(1, sounds);
    ol_alarm_restore(&table, &disk_full, 1700000000, 1700000060, now);
    later(24 * HOUR);
    assert_int_equal(1, table.n);
}

static void test_what_was_acknowledged_before_a_start_and_finds_no_place_is_announced_once_more(void **state)
{
    struct ol_alarm_name first = untaken(1);
    struct ol_alarm_name name = untaken(OL_ALARMS);

    (void)state;
    for (uint32_t seq = 1; seq <= OL_ALARMS; seq++) {
        struct ol_alarm_name other = untaken(seq);

        ol_alarm_restore(&table, &other, 1700000000, 1700000060, now);
    }
    assert_int_equal(OL_ALARMS - 1 - OL_ALARM_RESERVED, table.n);
    off(&first);
    on(&name);
    is(OL_ALARM_UNACKNOWLEDGED);
    assert_int_equal(1, sounds);
}

/* Any order of calls: asserts within, and what is listed has one id each. */
static void test_a_million_random_steps_keep_every_promise(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (unsigned i = 0; i < 1000000; i++) {
        struct ol_alarm_name name;
        uint32_t id;

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        name = (struct ol_alarm_name){.kind = (enum ol_alarm_kind)(1 + (seed >> 33) % (OL_ALARM_KINDS - 1)),
                                      .line = (int64_t)(seed >> 40) % 2, .author = 'A', .seq = (seed >> 45) % 8};
        id = table.last_id - (uint32_t)((seed >> 50) % 64);
        switch ((seed >> 60) % 6) {
        case 0:
        case 1:
            ol_alarm_raise(&table, &name, (seed >> 58) % 2 * SECOND, now);
            break;
        case 2:
            ol_alarm_clear(&table, &name, now);
            break;
        case 3:
            (void)!ol_alarm_ack(&table, id, now);
            break;
        case 4:
            (void)!ol_alarm_silence(&table, id, now);
            break;
        default:
            now.ms += (seed >> 40) % 4096;
            ol_alarms_tick(&table, now);
            listen();
        }
        if (i % 1000 != 0)
            continue;
        for (size_t a = 0; a < table.n; a++) {
            assert_true(table.alarm[a].id == 0 || !table.alarm[a].listed ||
                        ol_alarm_find(&table, table.alarm[a].id) == &table.alarm[a]);
            assert_true(table.alarm[a].id > 0 || !table.alarm[a].standing);
        }
    }
    assert_true(sounds > 1000 && changes > sounds);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup(test_##name, start)
    const struct CMUnitTest tests[] = {
        test(every_alarm_names_cause_consequence_action_and_time_to_act),
        test(a_flash_is_to_be_taken_in_60_s_and_the_rest_in_5_min_30_min_3_h),
        test(it_is_unacknowledged_then_acknowledged_then_rectified_then_gone),
        test(nothing_vanishes_unseen_but_for_a_day),
        test(what_nobody_acknowledges_and_still_stands_does_not_expire),
        test(an_old_acknowledged_alarm_never_pages_anyone),
        test(silence_ends_after_30_s),
        test(an_id_that_is_not_listed_is_refused),
        test(what_comes_back_is_a_new_alarm_and_the_old_id_acknowledges_nothing),
        test(a_cause_must_last_as_long_as_its_kind_wants),
        test(chatter_is_held_with_a_count_and_not_announced_again),
        test(chatter_that_ends_in_a_lasting_fault_is_announced),
        test(a_normal_month_has_at_most_6_alarms_an_hour),
        test(more_than_10_in_10_minutes_are_one_flood_that_says_so),
        test(10_in_10_minutes_are_none),
        test(an_emergency_sounds_in_a_flood_and_finds_a_place_in_a_full_table),
        test(what_was_acknowledged_before_a_start_is_so_if_it_still_stands),
        test(what_was_acknowledged_before_a_start_is_forgotten_when_it_does_not_stand),
        test(what_was_acknowledged_before_a_start_and_finds_no_place_is_announced_once_more),
        test(a_million_random_steps_keep_every_promise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
