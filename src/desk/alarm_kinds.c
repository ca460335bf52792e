/* SPDX-License-Identifier: Apache-2.0 */
/* The table of alarms: if no one has to do anything about it, it does not stand here. */
#include <assert.h>
#include <string.h>

#include "desk/alarm.h"

static const struct ol_alarm_meaning meanings[OL_ALARM_KINDS] = {
    [OL_ALARM_FLOOD] = {"alarm_flood", OL_ALARM_ALARM, 300, "alarm.alarm_flood.cause",
                        "alarm.alarm_flood.consequence", "alarm.alarm_flood.action"},
    [OL_ALARM_LINE_DOWN] = {"line_down", OL_ALARM_LINE_LOST, 180, "alarm.line_down.cause",
                            "alarm.line_down.consequence", "alarm.line_down.action"},
    [OL_ALARM_PATH_DOWN] = {"path_down", OL_ALARM_WARNING, 3600, "alarm.path_down.cause",
                            "alarm.path_down.consequence", "alarm.path_down.action"},
    [OL_ALARM_ANOTHER_COPY_RUNS] = {"another_copy_runs", OL_ALARM_ALARM, 600, "alarm.another_copy_runs.cause",
                                    "alarm.another_copy_runs.consequence", "alarm.another_copy_runs.action"},
    [OL_ALARM_EQUIVOCATION] = {"equivocation", OL_ALARM_ALARM, 600, "alarm.equivocation.cause",
                               "alarm.equivocation.consequence", "alarm.equivocation.action"},
    [OL_ALARM_DISK_FULL] = {"disk_full", OL_ALARM_ALARM, 300, "alarm.disk_full.cause",
                            "alarm.disk_full.consequence", "alarm.disk_full.action"},
    [OL_ALARM_CLOCKS_APART] = {"clocks_apart", OL_ALARM_WARNING, 3600, "alarm.clocks_apart.cause",
                               "alarm.clocks_apart.consequence", "alarm.clocks_apart.action"},
    [OL_ALARM_RECEIPTS_WITHHELD] = {"receipts_withheld", OL_ALARM_ALARM, 300, "alarm.receipts_withheld.cause",
                                    "alarm.receipts_withheld.consequence", "alarm.receipts_withheld.action"},
    [OL_ALARM_FLOODED] = {"flooded", OL_ALARM_WARNING, 900, "alarm.flooded.cause", "alarm.flooded.consequence",
                          "alarm.flooded.action"},
    [OL_ALARM_WRONG_KEY] = {"wrong_key", OL_ALARM_ALARM, 900, "alarm.wrong_key.cause",
                            "alarm.wrong_key.consequence", "alarm.wrong_key.action"},
    [OL_ALARM_WRONG_CARD] = {"wrong_card", OL_ALARM_ALARM, 900, "alarm.wrong_card.cause",
                             "alarm.wrong_card.consequence", "alarm.wrong_card.action"},
    [OL_ALARM_OUTBOX_WAITING] = {"outbox_waiting", OL_ALARM_WARNING, 600, "alarm.outbox_waiting.cause",
                                 "alarm.outbox_waiting.consequence", "alarm.outbox_waiting.action"},
    [OL_ALARM_MESSAGE_FLOOD] = {"message_flood", OL_ALARM_WARNING, 900, "alarm.message_flood.cause",
                                "alarm.message_flood.consequence", "alarm.message_flood.action"},
    [OL_ALARM_FLASH_UNTAKEN] = {"flash_untaken", OL_ALARM_EMERGENCY, 60, "alarm.flash_untaken.cause",
                                "alarm.flash_untaken.consequence", "alarm.flash_untaken.action"},
    [OL_ALARM_UNTAKEN] = {"untaken", OL_ALARM_ALARM, 300, "alarm.untaken.cause", "alarm.untaken.consequence",
                          "alarm.untaken.action"},
    [OL_ALARM_UNTAKEN_THERE] = {"untaken_there", OL_ALARM_ALARM, 300, "alarm.untaken_there.cause",
                                "alarm.untaken_there.consequence", "alarm.untaken_there.action"},
    [OL_ALARM_SUPERSEDED_UNTAKEN] = {"superseded_untaken", OL_ALARM_ALARM, 300, "alarm.superseded_untaken.cause",
                                     "alarm.superseded_untaken.consequence", "alarm.superseded_untaken.action"},
    [OL_ALARM_STANDBY_EXPIRED] = {"standby_expired", OL_ALARM_WARNING, 300, "alarm.standby_expired.cause",
                                  "alarm.standby_expired.consequence", "alarm.standby_expired.action"},
    [OL_ALARM_UNANSWERED] = {"unanswered", OL_ALARM_WARNING, 900, "alarm.unanswered.cause",
                             "alarm.unanswered.consequence", "alarm.unanswered.action"},
    [OL_ALARM_ONWARD_LATE] = {"onward_late", OL_ALARM_ALARM, 300, "alarm.onward_late.cause",
                              "alarm.onward_late.consequence", "alarm.onward_late.action"},
    [OL_ALARM_NOT_PASSED_ON] = {"not_passed_on", OL_ALARM_ALARM, 300, "alarm.not_passed_on.cause",
                                "alarm.not_passed_on.consequence", "alarm.not_passed_on.action"},
    [OL_ALARM_DESK_UNATTENDED] = {"desk_unattended", OL_ALARM_WARNING, 600, "alarm.desk_unattended.cause",
                                  "alarm.desk_unattended.consequence", "alarm.desk_unattended.action"},
    [OL_ALARM_WATCH_CHECK] = {"watch_check", OL_ALARM_ALARM, 720, "alarm.watch_check.cause",
                              "alarm.watch_check.consequence", "alarm.watch_check.action"},
    [OL_ALARM_TEST_MISSED] = {"test_missed", OL_ALARM_WARNING, 3600, "alarm.test_missed.cause",
                              "alarm.test_missed.consequence", "alarm.test_missed.action"},
    [OL_ALARM_TESTS_MISSED] = {"tests_missed", OL_ALARM_ALARM, 600, "alarm.tests_missed.cause",
                               "alarm.tests_missed.consequence", "alarm.tests_missed.action"},
};

const struct ol_alarm_meaning *ol_alarm_meaning(enum ol_alarm_kind kind)
{
    assert(kind < OL_ALARM_KINDS);
    assert(meanings[kind].name != NULL);
    return &meanings[kind];
}

const struct ol_alarm_meaning *ol_alarm_named(const char *name)
{
    const struct ol_span wanted = ol_span(name, strlen(name));

    for (size_t i = 0; i < OL_ALARM_KINDS; i++) {
        assert(meanings[i].name != NULL);
        if (ol_span_equal(wanted, ol_span(meanings[i].name, strlen(meanings[i].name))))
            return &meanings[i];
    }
    return NULL;
}

const char *ol_alarm_priority_name(enum ol_alarm_priority priority)
{
    static const char *const names[] = {
        [OL_ALARM_EMERGENCY] = "emergency",
        [OL_ALARM_LINE_LOST] = "line_lost",
        [OL_ALARM_ALARM] = "alarm",
        [OL_ALARM_WARNING] = "warning",
    };

    assert((unsigned)priority < sizeof names / sizeof names[0]);
    return names[priority];
}

const char *ol_alarm_state_name(enum ol_alarm_state state)
{
    static const char *const names[] = {
        [OL_ALARM_UNACKNOWLEDGED] = "unacknowledged",
        [OL_ALARM_ACKNOWLEDGED] = "acknowledged",
        [OL_ALARM_RECTIFIED] = "rectified",
    };

    assert((unsigned)state < sizeof names / sizeof names[0]);
    return names[state];
}

uint32_t ol_alarm_take_s(enum ol_precedence precedence)
{
    static const uint32_t seconds[] = {
        [OL_FLASH] = 60,
        [OL_IMMEDIATE] = 5 * 60,
        [OL_PRIORITY] = 30 * 60,
        [OL_ROUTINE] = 3 * 60 * 60,
    };

    assert((unsigned)precedence < sizeof seconds / sizeof seconds[0]);
    return seconds[precedence];
}
