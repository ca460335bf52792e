/* SPDX-License-Identifier: Apache-2.0 */
/* brief: one page for who takes over the shift, put together from what the station answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cmd.h"
#include "cli/sounder.h"

#define PAGE 500
#define DAYS_MOST 366
#define DAY_S 86400

struct brief {
    const struct ol_cli *c;
    const char *line;
    struct ol_control control;
    uint32_t now;
    json_t *since;    /* as a time */
    json_t *messages; /* by id */
    json_t *urgent;   /* open: the other side's that nobody here has acknowledged; its others; our own */
    json_t *theirs;
    json_t *ours;
    json_t *out;
};

/* ---- Gathering ---- */

static bool is(const json_t *object, const char *name, const char *word)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value != NULL && strcmp(value, word) == 0;
}

static bool has(const json_t *object, const char *name)
{
    return json_is_string(json_object_get(object, name));
}

static void add(struct brief *b, const char *section, json_t *one)
{
    json_array_append(json_object_get(b->out, section), one);
}

/* Whether a person of its receiver's side has done anything about it. */
static bool is_met(const json_t *m)
{
    return json_array_size(json_object_get(m, "chain")) > 2 || json_array_size(json_object_get(m, "answers")) > 0;
}

static void add_open(struct brief *b, json_t *m)
{
    const char *sent = json_string_value(json_object_get(m, "time"));
    uint32_t at = sent != NULL ? ol_cmd_time(sent) : 0;

    json_object_set_new(m, "age_s", at == 0 ? json_null() : json_integer(b->now > at ? b->now - at : 0));
    json_array_append(!is(m, "direction", "in") ? b->ours : is_met(m) ? b->theirs : b->urgent, m);
}

static void add_message(struct brief *b, json_t *m)
{
    const char *id = json_string_value(json_object_get(m, "id"));

    if (id != NULL)
        json_object_set(b->messages, id, m);
    if (json_is_true(json_object_get(m, "open")))
        add_open(b, m);
    else if (has(m, "superseded_by"))
        add(b, "superseded", m);
    else if (is(m, "state", "declined"))
        add(b, "declined", m);
    else if (has(m, "closed_by"))
        add(b, "answered", m);
}

/* Leaves that the station writes of what it does; a draft's have a section of their own. */
static bool is_told_elsewhere(const json_t *note)
{
    static const char *const kinds[] = {"alarm_ack", "clearance", "path", "release", "words"};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (is(note, "kind", kinds[i]))
            return true;
    }
    return false;
}

/* Times of one form are in order as texts are. */
static void add_note(struct brief *b, json_t *note)
{
    const char *written = json_string_value(json_object_get(note, "time"));

    if (written != NULL && strcmp(written, json_string_value(b->since)) >= 0 && !is_told_elsewhere(note))
        add(b, "notes", note);
}

/* The station lists those that wait for somebody of this side. */
static void add_draft(struct brief *b, json_t *draft)
{
    add(b, "drafts", draft);
}

/* Whoever acted on what was superseded must take what stands in its place. */
static void add_again(struct brief *b)
{
    json_t *m;
    size_t i;

    json_array_foreach(json_object_get(b->out, "superseded"), i, m) {
        const char *by = json_string_value(json_object_get(m, "superseded_by"));
        const json_t *later = json_object_get(b->messages, by);

        if (is_met(m) && later != NULL && !is_met(later))
            add(b, "again", m);
    }
}

/* Gives each one of a list that comes in pages; steals params. */
static enum ol_err each_of(struct brief *b, const char *method, const char *list, json_t *params,
                           void (*each)(struct brief *b, json_t *one), struct ol_fault *f)
{
    enum ol_err err = OL_OK;
    bool more = true;

    while (!err && more) {
        json_t *page;
        json_t *one;
        size_t i;

        err = ol_control_call(&b->control, method, json_copy(params), OL_ANSWER_MS, &page, f);
        if (err)
            break;
        json_array_foreach(json_object_get(page, list), i, one)
            each(b, one);
        more = json_is_string(json_object_get(page, "next")) || json_is_integer(json_object_get(page, "next"));
        json_object_set(params, "after", json_object_get(page, "next"));
        json_decref(page);
    }
    json_decref(params);
    return err;
}

static enum ol_err add_line(struct brief *b, struct ol_fault *f)
{
    json_t *status;
    json_t *line;
    size_t i;
    enum ol_err err = ol_control_call(&b->control, "status", json_object(), OL_ANSWER_MS, &status, f);

    if (err)
        return err;
    json_array_foreach(json_object_get(status, "lines"), i, line) {
        if (is(line, "name", b->line))
            json_object_set(b->out, "line", line);
    }
    json_decref(status);
    if (json_object_get(b->out, "line") != NULL)
        return OL_OK;
    ol_fault_set(f, OL_EXIT_USAGE, "err.station.line", "line", b->line, NULL);
    return OL_ABSENT;
}

/* What stands, of the line and of the station itself. */
static enum ol_err add_alarms(struct brief *b, struct ol_fault *f)
{
    json_t *alarms;
    json_t *alarm;
    size_t i;
    enum ol_err err = ol_control_call(&b->control, "alarms", json_object(), OL_ANSWER_MS, &alarms, f);

    if (err)
        return err;
    json_array_foreach(json_object_get(alarms, "alarms"), i, alarm) {
        if (!is(alarm, "state", "rectified") && (is(alarm, "line", b->line) || !has(alarm, "line")))
            add(b, "alarms", alarm);
    }
    json_decref(alarms);
    return OL_OK;
}

static enum ol_err gather(struct brief *b, uint32_t since, struct ol_fault *f)
{
    json_t *open = json_object_get(b->out, "open");
    enum ol_err err = add_line(b, f);

    if (!err)
        err = add_alarms(b, f);
    if (!err)
        err = each_of(b, "list", "messages",
                      json_pack("{s:s,s:I,s:i,s:s*}", "line", b->line, "since", (json_int_t)since, "limit", PAGE, "lang",
                                ol_args_value(&b->c->args, "lang")),
                      add_message, f);
    if (!err)
        err = each_of(b, "drafts", "drafts", json_pack("{s:s}", "line", b->line), add_draft, f);
    if (!err)
        err = each_of(b, "notes", "notes", json_pack("{s:s}", "line", b->line), add_note, f);
    if (err)
        return err;
    json_array_extend(open, b->urgent);
    json_array_extend(open, b->theirs);
    json_array_extend(open, b->ours);
    add_again(b);
    return OL_OK;
}

/* ---- Saying ---- */

/* "50 s", "5 min": of an open message. */
static void print_age(const json_t *m)
{
    json_int_t s = json_integer_value(json_object_get(m, "age_s"));
    char buf[OL_WORD_MAX];

    if (!json_is_integer(json_object_get(m, "age_s")))
        return;
    ol_print(stdout, "brief.age", "age",
             s < 120 ? ol_word_number("status.seconds", s, buf) : ol_word_number("status.minutes", s / 60, buf), NULL);
}

static void print_open(const json_t *m)
{
    print_age(m);
    ol_message_print(m);
}

static void print_alarm(const json_t *alarm)
{
    ol_alarm_print(&(struct ol_cli){.json = false}, alarm);
}

static void print_section(const struct brief *b, const char *key, const char *name,
                          void (*print)(const json_t *one))
{
    const json_t *list = json_object_get(b->out, name);
    char n[24];
    json_t *one;
    size_t i;

    snprintf(n, sizeof n, "%zu", json_array_size(list));
    ol_print(stdout, key, "n", n, NULL);
    json_array_foreach(list, i, one)
        print(one);
}

static void print_brief(const struct brief *b)
{
    const json_t *line = json_object_get(b->out, "line");
    struct ol_reason reason;
    char state[OL_WORD_MAX];
    char since[OL_WORD_MAX];

    ol_print(stdout, "brief.line", "line", b->line, "state", ol_word(line, "state", state), "since",
             ol_word_time(b->out, "since", since), NULL);
    if (ol_reason_of(line, &reason)) {
        ol_print_cell_text(reason.text, reason.param, OL_REASON_PARAMS);
        ol_print_row_end();
    }
    print_section(b, "brief.alarms", "alarms", print_alarm);
    print_section(b, "brief.open", "open", print_open);
    print_section(b, "brief.drafts", "drafts", ol_draft_print);
    print_section(b, "brief.again", "again", ol_message_print);
    print_section(b, "brief.answered", "answered", ol_message_print);
    print_section(b, "brief.declined", "declined", ol_message_print);
    print_section(b, "brief.superseded", "superseded", ol_message_print);
    print_section(b, "brief.notes", "notes", ol_note_print);
}

static uint32_t read_days(const char *text)
{
    char *end;
    unsigned long n;

    if (text == NULL)
        return 7;
    n = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && n <= DAYS_MOST ? (uint32_t)n : 0;
}

static enum ol_err fill(struct brief *b, uint32_t since, struct ol_fault *f)
{
    struct ol_home h;
    enum ol_err err = ol_home_open(b->c->home, &h, f);

    if (!err)
        err = ol_control_open(&h, &b->control, f);
    if (!err)
        err = gather(b, since, f);
    ol_control_close(&b->control);
    ol_home_close(&h);
    return err;
}

enum ol_exit ol_cmd_brief(const struct ol_cli *c)
{
    struct brief b = {.c = c, .line = c->args.operand[0], .control.fd = -1, .now = (uint32_t)time(NULL)};
    uint32_t days = read_days(ol_args_value(&c->args, "days"));
    struct ol_fault f;
    enum ol_err err;

    if (days == 0)
        return ol_cmd_bad_value("days", ol_args_value(&c->args, "days"), "1 .. 366");
    b.since = ol_cmd_time_json(b.now - days * DAY_S);
    b.messages = json_object();
    b.urgent = json_array();
    b.theirs = json_array();
    b.ours = json_array();
    b.out = json_pack("{s:i,s:O,s:[],s:[],s:[],s:[],s:[],s:[],s:[],s:[]}", "schema", 1, "since", b.since, "alarms",
                      "open", "drafts", "again", "answered", "declined", "superseded", "notes");
    err = fill(&b, b.now - days * DAY_S, &f);
    if (!err && c->json)
        ol_print_json(json_incref(b.out));
    else if (!err)
        print_brief(&b);
    json_decref(b.since);
    json_decref(b.messages);
    json_decref(b.urgent);
    json_decref(b.theirs);
    json_decref(b.ours);
    json_decref(b.out);
    return err ? ol_cmd_fail(&f) : OL_EXIT_DONE;
}
