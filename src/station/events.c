/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What those who follow a line are told of its desks, of what both sides agreed and of tests by people. They change by
 * entries and by the time alone (an announced absence begins, an exercise ends, a test is missed): so each is shown as
 * it was told last, looked at each second and whenever an entry about it is durable, and told when it is another.
 */
#include "station/station.h"

/* All of it by level or id, an id is in capitals, a level is not; of what holds without an agreement nothing changes. */
static json_t *agreed_now(struct line *l)
{
    json_t *all = json_object();

    for (int topic = OL_TOPIC_CHANNEL; topic < OL_TOPICS; topic++) {
        json_t *list = agree_json(l, topic);
        json_t *one;
        size_t i;

        json_array_foreach(list, i, one) {
            const char *level = json_string_value(json_object_get(one, "level"));
            const char *key = level != NULL ? level : json_string_value(json_object_get(one, "id"));

            if (key == NULL)
                continue;
            json_object_set_new(all, key, json_pack("{s:i,s:s,s:s,s:s,s:O}", "schema", 1, "line", l->info.name, "event",
                                                    "agreement", "topic", ol_topic_name((uint8_t)topic), "agreement",
                                                    one));
        }
        json_decref(list);
    }
    return all;
}

static json_t *desks_now(const struct line *l)
{
    json_t *desks = json_pack("{s:i,s:s,s:s}", "schema", 1, "line", l->info.name, "event", "desk");

    desk_show(l, desks);
    return desks;
}

static json_t *tests_now(struct line *l)
{
    json_t *tests = json_pack("{s:i,s:s,s:s}", "schema", 1, "line", l->info.name, "event", "tests");

    linetest_show(l, tests);
    return tests;
}

/* When the watch check is due is counted from this moment, and may be a second off from one look to the next: it is
 * another only when our officer has answered. */
static bool is_same_desk(const struct line *l, const json_t *now)
{
    json_t *before = json_copy(l->told_last.desk);
    bool same;

    json_object_set(before, "own_desk_check_due", json_object_get(now, "own_desk_check_due"));
    same = l->told_last.desk_seen == l->desk_seen && json_equal(before, now);
    json_decref(before);
    return same;
}

static void tell_changed(struct line *l, const json_t *desks, const json_t *agreed, const json_t *tests)
{
    const char *key;
    json_t *one;

    if (!is_same_desk(l, desks))
        control_event(l->station, l, json_deep_copy(desks));
    if (!json_equal(tests, l->told_last.tests))
        control_event(l->station, l, json_deep_copy(tests));
    json_object_foreach((json_t *)(uintptr_t)agreed, key, one) {
        if (!json_equal(one, json_object_get(l->told_last.agreed, key)))
            control_event(l->station, l, json_incref(one));
    }
}

void events_forget(struct line *l)
{
    json_decref(l->told_last.desk);
    json_decref(l->told_last.agreed);
    json_decref(l->told_last.tests);
    l->told_last.desk = l->told_last.agreed = l->told_last.tests = NULL;
}

void events_look(struct line *l)
{
    json_t *desks;
    json_t *agreed;
    json_t *tests;

    if (!control_followed(l->station, l)) {
        events_forget(l);
        return;
    }
    desks = desks_now(l);
    agreed = agreed_now(l);
    tests = tests_now(l);
    if (l->told_last.desk != NULL)
        tell_changed(l, desks, agreed, tests);
    events_forget(l);
    l->told_last.desk = desks;
    l->told_last.agreed = agreed;
    l->told_last.tests = tests;
    l->told_last.desk_seen = l->desk_seen;
}

bool events_are_about(uint8_t kind)
{
    return kind == OL_KIND_DESK || kind == OL_KIND_HOURS || kind == OL_KIND_PROPOSE || kind == OL_KIND_RESPOND ||
           kind == OL_KIND_TEST;
}
