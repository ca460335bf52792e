/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms: what the lines tell of themselves is looked at each second and whenever it changes; who follows is told. */
#include <stdlib.h>
#include <string.h>

#include "desk/alarm_note.h"
#include "station/station.h"

#define LOOK_MS 1000u

/* ---- Looking ---- */

json_t *alarms_of_line(const struct ol_line_status *st)
{
    json_t *list = json_array();

    for (enum ol_alarm_kind kind = 0; kind < OL_ALARM_KINDS; kind++) {
        if (ol_condition_in_status(st, kind))
            json_array_append_new(list, json_string(ol_alarm_meaning(kind)->name));
    }
    return list;
}

static void look(struct line *l)
{
    const struct ol_condition_of of = {
        .core = l->core,
        .line = l->info.number,
        .over = ending_is_closed(l) || l->info.revoked,
        .boxed = l->outbox_n,
        .own = desk_of(l, true),
        .peer = desk_of(l, false),
        .check = desk_check(l),
        .tests = linetest_state(l),
    };

    ol_conditions_look(&of, &l->station->alarms, station_now(l->station));
}

/* ---- As JSON ---- */

static struct line *line_of(const struct station *s, const struct ol_alarm *a)
{
    for (size_t i = 0; i < s->lines_n; i++) {
        if (s->line[i]->info.number == a->name.line)
            return s->line[i];
    }
    return NULL;
}

static json_t *about_json(const struct line *l, const struct ol_alarm_name *name)
{
    if (l == NULL || name->author == 0)
        return json_null();
    return name->author == OL_ALARM_PATH ? json_string(l->path_spec[name->seq]) : view_id(name->author, name->seq);
}

static json_t *when_json(struct ol_now at)
{
    return at.ms != 0 ? view_time(at.utc) : json_null();
}

/* Whether it is about an entry that is marked so: nobody is to take a drill for the real thing. */
static bool is_exercise(const struct line *l, const struct ol_alarm_name *name)
{
    struct ol_row row;

    return l != NULL && (name->author == 'A' || name->author == 'B') &&
           ol_store_row(l->station->store, l->info.number, name->author, name->seq, &row) == OL_OK &&
           (row.h.flags & OL_FLAG_EXERCISE) != 0;
}

static json_t *alarm_json(const struct station *s, const struct ol_alarm *a)
{
    const struct ol_alarm_meaning *m = ol_alarm_meaning(a->name.kind);
    const struct line *l = line_of(s, a);

    return json_pack(
        "{s:i,s:o,s:s,s:s?,s:o,s:b,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:I,s:o,s:s,s:s,s:s,s:b}", "schema", 1, "id",
        json_sprintf("%u", a->id), "kind", m->name, "line", l != NULL ? l->info.name : NULL, "about",
        about_json(l, &a->name), "exercise", is_exercise(l, &a->name), "priority", ol_alarm_priority_name(m->priority), "state",
        ol_alarm_state_name(ol_alarm_state(a)), "raised_at", when_json(a->raised), "acknowledged_at",
        when_json(a->acknowledged), "rectified_at", when_json(a->rectified), "silenced_until",
        when_json(a->silenced), "expires_at", when_json(a->expires), "count", (json_int_t)a->count, "act_by",
        a->act_by > 0 ? view_time(a->act_by) : json_null(), "cause", ol_text(m->cause), "consequence",
        ol_text(m->consequence), "action", ol_text(m->action), "announced", a->announced);
}

/* What is to be done first stands first. */
static int compare(const void *x, const void *y)
{
    const struct ol_alarm *a = *(const struct ol_alarm *const *)x;
    const struct ol_alarm *b = *(const struct ol_alarm *const *)y;
    int state = (int)ol_alarm_state(a) - (int)ol_alarm_state(b);
    int priority = (int)ol_alarm_meaning(a->name.kind)->priority - (int)ol_alarm_meaning(b->name.kind)->priority;

    if (state != 0)
        return state;
    return priority != 0 ? priority : (a->id > b->id) - (a->id < b->id);
}

json_t *alarms_list(const struct station *s)
{
    const struct ol_alarm *listed[OL_ALARMS];
    json_t *list = json_array();
    size_t n = 0;

    for (size_t i = 0; i < s->alarms.n; i++) {
        if (s->alarms.alarm[i].listed)
            listed[n++] = &s->alarms.alarm[i];
    }
    qsort(listed, n, sizeof listed[0], compare);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, alarm_json(s, listed[i]));
    return json_pack("{s:i,s:o}", "schema", 1, "alarms", list);
}

/* ---- The own book ---- */

/* An acknowledgement that cannot be kept still counts: a full disk must not keep its own alarm sounding. */
static void note(struct station *s, const struct ol_alarm *a)
{
    const struct ol_alarm_note n = {.name = a->name, .acknowledged = ol_alarm_state(a) == OL_ALARM_ACKNOWLEDGED,
                                    .raised = a->raised.utc};
    uint8_t text[OL_ALARM_NOTE_MAX];
    struct ol_wr w = ol_wr_to(text, sizeof text);
    struct ol_leaf leaf = {.kind = OL_LEAF_ALARM_ACK};
    struct ol_fault f;

    ol_alarm_note_write(&n, &w);
    leaf.text = ol_wr_span(&w);
    if (a->name.author == 'A' || a->name.author == 'B') {
        leaf.author = a->name.author;
        leaf.seq = a->name.seq;
    }
    if (!book_write(s, line_of(s, a), &leaf, &f))
        station_log("alarm %u: its acknowledgement is not in the own book: %s", a->id, f.key);
}

/* What was seen and rectified before it was acknowledged is noted once. */
static bool is_news(const struct ol_alarm *a)
{
    return a->noted ? ol_alarm_state(a) != OL_ALARM_ACKNOWLEDGED : a->acknowledged.ms != 0;
}

static bool take_leaf(void *ctx, const struct ol_leaf *leaf)
{
    struct station *s = ctx;
    struct ol_alarm_note n;

    if (leaf->kind != OL_LEAF_ALARM_ACK || ol_alarm_note_read(leaf->text, &n) != OL_OK || n.name.kind == OL_ALARM_FLOOD)
        return true; /* a flood does not outlive the station */
    for (size_t i = 0; i < s->lines_n; i++) {
        if (ol_hash_equal(&s->line[i]->info.id, &leaf->line))
            n.name.line = s->line[i]->info.number;
    }
    if (leaf->author != 0) {
        n.name.author = leaf->author;
        n.name.seq = leaf->seq;
    }
    if (n.acknowledged)
        ol_alarm_restore(&s->alarms, &n.name, n.raised, leaf->time, station_now(s));
    else
        ol_alarm_clear(&s->alarms, &n.name, station_now(s));
    return true;
}

/* ---- Telling ---- */

static void tell(struct station *s)
{
    struct ol_alarm a;
    bool fresh;

    while (ol_alarm_next(&s->alarms, &a, &fresh)) {
        const struct line *l = line_of(s, &a);

        if (is_news(&a))
            note(s, &a);
        if (fresh)
            station_log("alarm %u: %s%s%s", a.id, ol_alarm_meaning(a.name.kind)->name, l != NULL ? ", line " : "",
                        l != NULL ? l->info.name : "");
        control_alarm(s, json_pack("{s:i,s:s?,s:s,s:b,s:o}", "schema", 1, "line", l != NULL ? l->info.name : NULL,
                                   "event", "alarm", "new", fresh, "alarm", alarm_json(s, &a)));
    }
}

void alarms_look(struct line *l)
{
    look(l);
    tell(l->station);
}

static struct ol_alarm_name named(const struct line *l, enum ol_alarm_kind kind, uint8_t author, uint32_t seq)
{
    return (struct ol_alarm_name){kind, l != NULL ? l->info.number : 0, author, seq};
}

void alarm_raise(struct station *s, const struct line *l, enum ol_alarm_kind kind, uint8_t author, uint32_t seq)
{
    const struct ol_alarm_name name = named(l, kind, author, seq);

    ol_alarm_raise(&s->alarms, &name, 0, station_now(s));
    tell(s);
}

void alarm_clear(struct station *s, const struct line *l, enum ol_alarm_kind kind, uint8_t author, uint32_t seq)
{
    const struct ol_alarm_name name = named(l, kind, author, seq);

    ol_alarm_clear(&s->alarms, &name, station_now(s));
    tell(s);
}

/* ---- What officers do ---- */

typedef enum ol_err act(struct ol_alarms *t, uint32_t id, struct ol_now now);

/* All that are listed: those that the act is for. */
static void do_all(struct station *s, act *what, json_t *done)
{
    for (size_t i = 0; i < s->alarms.n; i++) {
        const struct ol_alarm *a = &s->alarms.alarm[i];

        if (a->listed && what(&s->alarms, a->id, station_now(s)) == OL_OK)
            json_array_append_new(done, alarm_json(s, a));
    }
}

static enum ol_err do_one(struct station *s, act *what, const char *id, json_t *done)
{
    char *end;
    unsigned long number = strtoul(id, &end, 10);
    const struct ol_alarm *a;
    enum ol_err err;

    if (*id < '0' || *id > '9' || *end != 0 || number > UINT32_MAX)
        return OL_ABSENT;
    a = ol_alarm_find(&s->alarms, (uint32_t)number);
    if (a == NULL)
        return OL_ABSENT;
    err = what(&s->alarms, a->id, station_now(s));
    if (!err)
        json_array_append_new(done, alarm_json(s, a));
    return err;
}

static json_t *perform(struct station *s, act *what, const char *id, struct ol_fault *f)
{
    json_t *done = json_array();
    enum ol_err err = OL_OK;

    if (id == NULL)
        do_all(s, what, done);
    else
        err = do_one(s, what, id, done);
    tell(s);
    if (!err)
        return json_pack("{s:i,s:o}", "schema", 1, "alarms", done);
    json_decref(done);
    ol_fault_set(f, OL_EXIT_FAILED, err == OL_ABSENT ? "err.station.alarm" : "err.station.alarm_silent", "id", id, NULL);
    return NULL;
}

json_t *alarms_ack(struct station *s, const char *id, struct ol_fault *f)
{
    return perform(s, ol_alarm_ack, id, f);
}

json_t *alarms_silence(struct station *s, const char *id, struct ol_fault *f)
{
    return perform(s, ol_alarm_silence, id, f);
}

/* ---- The clock ---- */

static void on_tick(uv_timer_t *timer)
{
    struct station *s = timer->data;

    for (size_t i = 0; i < s->lines_n; i++) {
        desk_look(s->line[i]);
        linetest_look(s->line[i]);
        paths_look(s->line[i]);
        look(s->line[i]);
        events_look(s->line[i]);
    }
    for (size_t i = 0; i < s->lines_n; i++)
        watch_tick(s->line[i]);
    ol_alarms_tick(&s->alarms, station_now(s));
    tell(s);
}

void alarms_start(struct station *s)
{
    const struct book_query all = {.from = 1};
    struct ol_fault f;

    /* An id that an earlier life of this station has given is not given again for eleven days. */
    ol_alarms_init(&s->alarms, station_now(s).utc % 1000000);
    if (!book_each(s, &all, take_leaf, s, &f))
        station_log("the own book cannot be read: what was acknowledged before is announced again");
    for (size_t i = 0; i < s->lines_n; i++)
        rate_look(s->line[i]);
    uv_timer_init(&s->loop, &s->alarm_timer);
    s->alarm_timer.data = s;
    uv_timer_start(&s->alarm_timer, on_tick, LOOK_MS, LOOK_MS);
}

void alarms_stop(struct station *s)
{
    uv_close((uv_handle_t *)&s->alarm_timer, NULL);
}
