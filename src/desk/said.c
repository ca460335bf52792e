/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/said.h"

#include <assert.h>
#include <string.h>

#include "desk/act.h"
#include "desk/agree.h"
#include "desk/form.h"
#include "desk/ledger.h"
#include "desk/linetest.h"
#include "desk/message.h"
#include "desk/presence.h"
#include "desk/roster.h"
#include "desk/stats.h"

/* ---- Words, with a space between them ---- */

static void put(struct ol_wr *w, struct ol_span word)
{
    if (word.len > 0 && w->len > 0)
        ol_wr_u8(w, ' ');
    ol_wr_bytes(w, word.p, word.len);
}

static void put_name(struct ol_wr *w, const char *name)
{
    put(w, ol_span(name, strlen(name)));
}

/* With zeros before it, as many as make it so long; right behind what is there. */
static void put_digits(struct ol_wr *w, uint32_t value, unsigned least)
{
    char digits[10];
    unsigned n = 0;

    assert(least > 0 && least <= sizeof digits);
    for (; value > 0 || n < least; value /= 10)
        digits[n++] = (char)('0' + value % 10);
    while (n > 0)
        ol_wr_u8(w, (uint8_t)digits[--n]);
}

static void put_number(struct ol_wr *w, uint32_t value)
{
    if (w->len > 0)
        ol_wr_u8(w, ' ');
    put_digits(w, value, 1);
}

static void put_id(struct ol_wr *w, struct ol_ref id)
{
    assert(id.author == 'A' || id.author == 'B');
    put_name(w, id.author == 'A' ? "A" : "B");
    put_digits(w, id.seq, 1);
}

/* 2026-11-21T14:32:07Z: the civil date by eras of 400 years, which begin with March of a year 0. */
static void put_time(struct ol_wr *w, uint32_t utc)
{
    uint32_t day = utc / 86400 + 719468;
    uint32_t of_era = day % 146097;
    uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153;
    const uint32_t value[] = {year + day / 146097 * 400 + (month >= 10), month < 10 ? month + 3 : month - 9,
                              of_year - (153 * month + 2) / 5 + 1, utc % 86400 / 3600, utc % 3600 / 60, utc % 60};

    assert(month < 12 && of_year < 366);
    put_number(w, value[0]);
    for (size_t i = 1; i < sizeof value / sizeof value[0]; i++) {
        ol_wr_u8(w, (uint8_t)"--T::"[i - 1]);
        put_digits(w, value[i], 2);
    }
    ol_wr_u8(w, 'Z');
}

/* ---- The kinds ---- */

static void say_message(uint8_t kind, struct ol_span body, struct ol_wr *w)
{
    struct ol_message m;

    assert(kind == OL_KIND_MESSAGE);
    if (ol_message_read(body, &m) == OL_OK)
        put(w, m.text);
}

static void say_act(uint8_t kind, struct ol_span body, struct ol_wr *w)
{
    struct ol_act act;

    assert(ol_is_act(kind));
    if (ol_act_read(kind, body, &act))
        return;
    if (kind == OL_KIND_REPLY)
        put_name(w, ol_answer_name(act.what));
    else if (kind == OL_KIND_ONWARD)
        put_name(w, ol_stage_name(act.what));
    else if (kind == OL_KIND_ESCALATE)
        put_name(w, ol_step_name(act.what));
    if (act.until > 0)
        put_time(w, act.until);
    put(w, act.text);
}

static void say_form_number(uint8_t kind, struct ol_span body, struct ol_wr *w)
{
    struct ol_form_number n;

    assert(kind == OL_KIND_FORM_NUMBER);
    if (ol_form_number_read(body, &n))
        return;
    put_number(w, n.number);
    put(w, n.code);
}

/* Seconds that there are, by name; roles in their order, those that are there. */
static void put_times(struct ol_wr *w, const struct ol_times *t)
{
    for (unsigned i = 0; i < OL_TIMES; i++) {
        if (t->s[i] == 0)
            continue;
        put_name(w, ol_time_name(i));
        put_number(w, t->s[i]);
    }
    for (size_t i = 0; i < OL_TIMES_ROLES; i++) {
        if (t->role[i].len > 0)
            put_name(w, ol_step_name((uint8_t)(1 + i % 2)));
        put(w, t->role[i]);
    }
}

/* As the command line takes them: ministers-only=publish,forward. */
static void put_handlings(struct ol_wr *w, const struct ol_handlings *t)
{
    assert(t->n > OL_HANDLINGS_GIVEN);
    for (size_t i = OL_HANDLINGS_GIVEN; i < t->n; i++) {
        char before = '=';

        put(w, t->row[i].word);
        for (unsigned bit = 0; bit < OL_FORBIDS; bit++) {
            if (!(t->row[i].forbids & 1u << bit))
                continue;
            ol_wr_u8(w, (uint8_t)before);
            ol_wr_bytes(w, ol_forbids_name(bit), strlen(ol_forbids_name(bit)));
            before = ',';
        }
    }
}

static void say_terms(const struct ol_proposal *p, struct ol_wr *w)
{
    struct ol_handlings handlings;
    struct ol_times times;
    uint32_t rate;

    if (p->topic == OL_TOPIC_TIMES && ol_times_read(p->terms, &times) == OL_OK)
        put_times(w, &times);
    if (p->topic == OL_TOPIC_HANDLING && ol_handlings_read(p->terms, &handlings) == OL_OK)
        put_handlings(w, &handlings);
    if (p->topic == OL_TOPIC_RATE && ol_rate_read(p->terms, &rate) == OL_OK)
        put_number(w, rate);
}

static void say_proposal(uint8_t kind, struct ol_span body, struct ol_wr *w)
{
    struct ol_proposal p;

    assert(kind == OL_KIND_PROPOSE);
    if (ol_proposal_read(body, &p))
        return;
    put_name(w, ol_topic_name(p.topic));
    if (p.topic == OL_TOPIC_EXERCISE) {
        put_name(w, "E");
        put_digits(w, p.exercise, 1);
        put_time(w, p.start);
        put_time(w, p.end);
    }
    if (p.topic == OL_TOPIC_TESTS)
        put_number(w, p.every);
    say_terms(&p, w);
    put(w, p.level);
    put(w, p.purpose);
}

static void say_response(uint8_t kind, struct ol_span body, struct ol_wr *w)
{
    struct ol_response r;

    assert(kind == OL_KIND_RESPOND);
    if (ol_response_read(body, &r))
        return;
    put_name(w, ol_verb_name(r.verb));
    if (r.about.author != 0)
        put_id(w, r.about);
    put(w, r.level);
    put(w, r.reason);
}

static void say_desk(uint8_t kind, struct ol_span body, struct ol_wr *w)
{
    struct ol_desk_entry entry;

    assert(kind == OL_KIND_DESK);
    if (ol_desk_read(body, &entry))
        return;
    put_name(w, ol_desk_what_name(entry.what));
    put(w, entry.role);
}

static void say_hours(uint8_t kind, struct ol_span body, struct ol_wr *w)
{
    struct ol_hours h;

    assert(kind == OL_KIND_HOURS);
    if (ol_hours_read(body, &h))
        return;
    if (h.kind == OL_HOURS_WEEKLY) {
        ol_weekly_print(&h, w);
        return;
    }
    put_name(w, h.kind == OL_HOURS_OUTAGE ? "outage" : "");
    put_time(w, h.from);
    put_time(w, h.to);
    put(w, h.reason);
}

static void say_reason(uint8_t kind, struct ol_span body, struct ol_wr *w)
{
    struct ol_unfreeze unfreeze;
    struct ol_span reason;
    uint32_t from;
    uint32_t to;

    assert(kind == OL_KIND_RESUME || kind == OL_KIND_UNFREEZE);
    if (kind == OL_KIND_RESUME && ol_resume_read(body, &from, &to, &reason) == OL_OK)
        put(w, reason);
    else if (kind == OL_KIND_UNFREEZE && ol_unfreeze_read(body, &unfreeze) == OL_OK)
        put(w, unfreeze.reason);
}

static void say_roster(uint8_t kind, struct ol_span body, struct ol_wr *w)
{
    struct ol_roster_entry entry;

    assert(kind == OL_KIND_ROSTER);
    if (ol_roster_read(body, &entry))
        return;
    put_name(w, ol_roster_what_name(entry.what));
    put(w, entry.role);
    for (size_t i = 0; i < entry.levels; i++)
        put(w, entry.level[i]);
}

static void say_test(uint8_t kind, struct ol_span body, struct ol_wr *w)
{
    struct ol_linetest test;

    assert(kind == OL_KIND_TEST);
    if (ol_linetest_read(body, &test) == OL_OK)
        put(w, test.text);
}

static void say_stats(uint8_t kind, struct ol_span body, struct ol_wr *w)
{
    struct ol_stats_signed s;

    assert(kind == OL_KIND_STATS);
    if (ol_stats_signed_read(body, &s))
        return;
    put_name(w, s.month.name);
}

typedef void say_fn(uint8_t kind, struct ol_span body, struct ol_wr *w);

static say_fn *const says[256] = {
    [OL_KIND_RESUME] = say_reason,
    [OL_KIND_UNFREEZE] = say_reason,
    [OL_KIND_MESSAGE] = say_message,
    [OL_KIND_READBACK] = say_act,
    [OL_KIND_CORRECT] = say_act,
    [OL_KIND_DECLINE] = say_act,
    [OL_KIND_REPLY] = say_act,
    [OL_KIND_ONWARD] = say_act,
    [OL_KIND_ESCALATE] = say_act,
    [OL_KIND_FORM_NUMBER] = say_form_number,
    [OL_KIND_PROPOSE] = say_proposal,
    [OL_KIND_RESPOND] = say_response,
    [OL_KIND_DESK] = say_desk,
    [OL_KIND_HOURS] = say_hours,
    [OL_KIND_ROSTER] = say_roster,
    [OL_KIND_TEST] = say_test,
    [OL_KIND_STATS] = say_stats,
};

void ol_entry_say(uint8_t kind, struct ol_span body, struct ol_wr *w)
{
    assert(w->len == 0);
    if (says[kind] != NULL)
        says[kind](kind, body, w);
}
