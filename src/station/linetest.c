/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the line by people: a text on both sides' schedule, the other side's answer, and how often that was missed.
 * What an officer makes of a test's text in his own language goes into the own book.
 */
#include <stdlib.h>
#include <string.h>

#include "station/station.h"

#define SHOWN 48u /* slots, when nothing else is asked for */

/* Prose of no consequence, one after the other in the turns of a side. */
static const char *const texts[] = {"test.text.1", "test.text.2", "test.text.3", "test.text.4",
                                    "test.text.5", "test.text.6", "test.text.7", "test.text.8"};
#define TEXTS (sizeof texts / sizeof texts[0])

/* ---- How the line stands ---- */

static struct ol_linetests *log_of(struct line *l)
{
    if (l->tests.log.cap == 0)
        l->tests.log = (struct ol_linetests){.mark = {l->tests.mark[0], l->tests.mark[1]}, .cap = OL_LINETESTS};
    return &l->tests.log;
}

void linetest_note(struct line *l, const struct ol_row *row)
{
    ol_linetest_note(log_of(l), row);
    if (row->h.kind == OL_KIND_TEST || row->h.kind == OL_KIND_PROPOSE || row->h.kind == OL_KIND_RESPOND)
        l->tests.known = false;
}

/* Nothing is counted anew before an entry or the time changes something, or the clock was set back. */
static const struct ol_tests *stand(struct line *l)
{
    static struct ol_slot room[OL_SLOTS_MAX];
    uint32_t now = station_now(l->station).utc;
    struct ol_tests *t = &l->tests.now;

    if (l->tests.known && now >= l->tests.looked && (t->look == 0 || now < t->look))
        return t;
    ol_tests_at(agreed(l), log_of(l), now, room, t);
    l->tests.looked = now;
    l->tests.known = true;
    return t;
}

void linetest_look(struct line *l)
{
    (void)stand(l);
}

enum ol_tests_state linetest_state(const struct line *l)
{
    return l->tests.now.state;
}

/* ---- Showing ---- */

static json_t *time_or_null(uint32_t utc)
{
    return utc > 0 ? view_time(utc) : json_null();
}

static json_t *span_or_null(struct ol_span text)
{
    json_t *s = text.len > 0 ? json_stringn((const char *)text.p, text.len) : NULL;

    return s != NULL ? s : json_null();
}

static uint8_t other(uint8_t side)
{
    return (uint8_t)('A' + 'B' - side);
}

/* The slot that asks for something first: the one that is due, else the next. */
static const struct ol_slot *next_slot(struct line *l)
{
    const struct ol_tests *t = stand(l);
    bool due = t->due.begin > 0 && ol_slot_state(&t->due, t->due.begin) == OL_SLOT_DUE;

    return due ? &t->due : &t->next;
}

void linetest_show(struct line *l, json_t *status)
{
    const struct ol_tests *t = stand(l);
    const struct ol_slot *next = next_slot(l);
    bool waits = next == &t->due && t->due.test > 0;

    json_object_set_new(status, "tests",
                        json_pack("{s:s,s:o,s:o,s:o,s:o}", "state", ol_tests_state_name(t->state), "last",
                                  time_or_null(t->answered_at), "next", time_or_null(next->begin), "side",
                                  next->begin > 0 ? json_sprintf("%c", next->side) : json_null(), "unanswered",
                                  waits ? view_id(next->side, next->test) : json_null()));
}

/* Who is to answer, by the schedule. */
static json_t *role_json(const struct ol_slot *s)
{
    return span_or_null(s->schedule->what.role[other(s->side) != s->schedule->id.author]);
}

/* What was sent, in which language. */
static void show_text(struct line *l, const struct ol_slot *s, json_t *out)
{
    const struct ol_card *card = s->side == line_side(l) ? &l->own_card : &l->peer_card;
    struct ol_linetest t = {0};
    struct ol_row row;
    bool in_card;

    if (s->test > 0 && (ol_store_row(l->station->store, l->info.number, s->side, s->test, &row) != OL_OK ||
                        ol_linetest_read(row.body, &t) != OL_OK))
        t = (struct ol_linetest){0};
    in_card = t.text.len > 0 && t.lang.len == 0;
    json_object_set_new(out, "text", span_or_null(t.text));
    json_object_set_new(out, "lang", in_card ? json_string(card->lang[0]) : span_or_null(t.lang));
}

static json_t *slot_json(struct line *l, const struct ol_slot *s)
{
    const struct ol_card *card = s->side == line_side(l) ? &l->own_card : &l->peer_card;
    json_t *out = json_pack(
        "{s:i,s:o,s:o,s:o,s:s,s:o,s:s,s:o,s:o,s:o,s:o}", "schema", 1, "slot", view_time(s->begin), "until",
        view_time(s->end), "side", json_sprintf("%c", s->side), "party", card->party, "role", role_json(s), "state",
        ol_slot_state_name(ol_slot_state(s, station_now(l->station).utc)), "id",
        s->test > 0 ? view_id(s->side, s->test) : json_null(), "sent_at", time_or_null(s->sent_at), "answer",
        s->answer > 0 ? view_id(other(s->side), s->answer) : json_null(), "answered_at", time_or_null(s->answered_at));

    show_text(l, s, out);
    return out;
}

/* Those of the last days that have begun, with what came of them; borrowed until the next call. */
static size_t slots_of(struct line *l, struct ol_slot **slots)
{
    static struct ol_slot room[OL_SLOTS_MAX];
    uint32_t now = station_now(l->station).utc;
    uint32_t from = now > OL_SLOTS_DAYS * 86400 ? now - OL_SLOTS_DAYS * 86400 : 0;
    size_t n = ol_slots_of(agreed(l), from, now, room, OL_SLOTS_MAX);

    ol_slots_fill(log_of(l), room, n);
    *slots = room;
    return n;
}

void linetest_list(const struct request *r)
{
    struct line *l = line_param(r);
    json_int_t limit = json_integer_value(json_object_get(r->params, "limit"));
    size_t most = limit > 0 && limit < (json_int_t)OL_SLOTS_MAX ? (size_t)limit : SHOWN;
    struct ol_slot *slot;
    json_t *list;
    size_t n;

    if (l == NULL)
        return;
    n = slots_of(l, &slot);
    list = json_array();
    for (size_t i = n > most ? n - most : 0; i < n; i++)
        json_array_append_new(list, slot_json(l, &slot[i]));
    request_done(r, json_pack("{s:i,s:o}", "schema", 1, "slots", list));
}

/* ---- Sending ---- */

static void write_test(const struct request *r, struct line *l, const struct ol_linetest *t)
{
    uint8_t body[OL_LINETEST_TEXT + OL_LANG_MAX + 16];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct call *call;

    ol_linetest_write(t, &w);
    call = entry_call(r, l, OL_KIND_TEST, &w);
    if (call == NULL)
        return;
    call->item[0].flags = OL_PRIORITY << 6; /* answered in minutes, whatever waits */
    call_write(call);
}

/* The last slot of ours that has begun, though it may be late; or false with the fault. */
static bool find_turn(struct line *l, struct ol_slot *out, struct ol_fault *f)
{
    const struct ol_accord *schedule = ol_schedule_at(agreed(l), station_now(l->station).utc);
    struct ol_slot *slot;
    size_t n = slots_of(l, &slot);

    while (n > 0 && (slot[n - 1].side != line_side(l) || slot[n - 1].schedule != schedule))
        n--;
    if (schedule == NULL) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.test.none", "line", l->info.name, NULL);
    } else if (n == 0 || slot[n - 1].test > 0) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.test.turn", "line", l->info.name, NULL);
    } else {
        *out = slot[n - 1];
        return true;
    }
    return false;
}

/* The text to be sent in this slot, to be freed when *own is set. False with the fault. */
static bool read_test(const struct request *r, struct line *l, struct ol_linetest *t, const struct ol_slot *s,
                      uint8_t **own, struct ol_fault *f)
{
    const json_t *given = json_object_get(r->params, "text");
    const char *lang = text_param(r, "lang");

    if (given == NULL || json_is_null(given)) {
        const char *text;

        lang = l->station->conf.lang;
        text = ol_text_in(&lang, texts[s->begin / (s->schedule->what.every * 60u) / 2 % TEXTS]);
        t->text = ol_span(text, strlen(text));
    } else if (read_text(given, OL_LINETEST_TEXT, own, &t->text.len, f)) {
        t->text.p = *own;
    } else {
        return false;
    }
    if (lang == NULL)
        lang = l->station->conf.lang;
    if (!ol_lang_valid(ol_span(lang, strlen(lang)))) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.lang", "lang", lang, NULL);
        return false;
    }
    if (strcmp(lang, l->own_card.lang[0]) != 0)
        t->lang = ol_span(lang, strlen(lang));
    t->slot = s->begin;
    return true;
}

void linetest_send(const struct request *r)
{
    struct line *l = line_param(r);
    struct ol_linetest t = {0};
    struct ol_slot slot;
    struct ol_fault f;
    uint8_t *own = NULL;

    if (l == NULL)
        return;
    if (find_turn(l, &slot, &f) && read_test(r, l, &t, &slot, &own, &f))
        write_test(r, l, &t);
    else
        client_fault(r->client, r->id, &f);
    free(own);
}

/* ---- Answering ---- */

static bool is_answered(struct line *l, uint32_t seq)
{
    const struct ol_linetests *t = log_of(l);
    size_t side = line_side(l) == 'B';

    for (size_t i = 0; i < t->n[side]; i++) {
        if (t->mark[side][i].slot == 0 && t->mark[side][i].about == seq)
            return true;
    }
    return false;
}

/* Which test of the other side's, not answered yet. False with the fault. */
static bool read_about(const struct request *r, struct line *l, uint32_t *seq, struct ol_fault *f)
{
    const char *id = text_param(r, "id");
    struct ol_linetest t;
    struct ol_row row;
    uint8_t author;

    if (id == NULL || !ol_entry_id_read(id, &author, seq) || author == line_side(l) ||
        ol_store_row(l->station->store, l->info.number, author, *seq, &row) != OL_OK || row.h.kind != OL_KIND_TEST ||
        ol_linetest_read(row.body, &t) != OL_OK || t.slot == 0)
        ol_fault_set(f, OL_EXIT_FAILED, "err.test.id", "id", id != NULL ? id : "", "line", l->info.name, NULL);
    else if (is_answered(l, *seq))
        ol_fault_set(f, OL_EXIT_FAILED, "err.test.answered", "id", id, NULL);
    else
        return true;
    return false;
}

/* Into the own book and nowhere else. False with the fault. */
static bool file_translation(const struct request *r, struct line *l, uint32_t seq, struct ol_fault *f)
{
    const json_t *given = json_object_get(r->params, "translation");
    const char *lang = text_param(r, "lang");
    struct ol_leaf leaf = {.kind = OL_LEAF_TRANSLATION, .author = other(line_side(l)), .seq = seq,
                           .role = ol_span(OL_OPERATOR, strlen(OL_OPERATOR))};
    uint8_t *text = NULL;
    bool done;

    if (given == NULL || json_is_null(given))
        return true;
    if (lang == NULL)
        lang = l->station->conf.lang;
    leaf.lang = ol_span(lang, strlen(lang));
    if (!ol_lang_valid(leaf.lang)) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.lang", "lang", lang, NULL);
        return false;
    }
    if (!read_text(given, OL_TEXT_MAX, &text, &leaf.text.len, f))
        return false;
    leaf.text.p = text;
    done = book_write(r->station, l, &leaf, f);
    free(text);
    return done;
}

void linetest_answer(const struct request *r)
{
    struct line *l = line_param(r);
    struct ol_linetest t = {0};
    struct ol_fault f;

    if (l == NULL)
        return;
    if (read_about(r, l, &t.about, &f) && file_translation(r, l, t.about, &f))
        write_test(r, l, &t);
    else
        client_fault(r->client, r->id, &f);
}
