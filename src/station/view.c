/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, acts and the record as JSON: folds over what the store holds, kept nowhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <utf8proc.h>

#include "desk/ledger.h"
#include "desk/said.h"
#include "station/station.h"

/* ---- Words ---- */

json_t *view_time(uint32_t utc)
{
    char text[32];
    time_t t = utc;
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return json_string(text);
}

json_t *view_id(uint8_t author, uint32_t seq)
{
    return json_sprintf("%c%u", author, seq);
}

const char *view_precedence(uint8_t flags)
{
    static const char *const names[] = {"routine", "priority", "immediate", "flash"};

    return names[ol_flags_precedence(flags)];
}

static json_t *string_or_null(struct ol_span text)
{
    json_t *s = text.len > 0 ? json_stringn((const char *)text.p, text.len) : NULL;

    return s != NULL ? s : json_null(); /* a NUL in the text cannot be shown so */
}

/* ---- Rows kept for a moment ---- */

/* Rows with bodies of their own, since the store's are borrowed. */
struct rows {
    struct ol_row *row;
    size_t n;
    size_t cap;
    size_t most;
    enum ol_err err; /* of the store: what is here may not be all */
};

static bool keep_row(void *ctx, const struct ol_row *row)
{
    struct rows *rows = ctx;
    uint8_t *body = malloc(row->body.len + 1);

    if (rows->n == rows->cap) {
        size_t cap = rows->cap == 0 ? 16 : 2 * rows->cap;
        struct ol_row *grown = realloc(rows->row, cap * sizeof *grown);

        if (grown == NULL) {
            free(body);
            return false;
        }
        rows->row = grown;
        rows->cap = cap;
    }
    if (body == NULL)
        return false;
    memcpy(body, row->body.p, row->body.len);
    rows->row[rows->n] = *row;
    rows->row[rows->n].body = ol_span(body, row->body.len);
    rows->n++;
    return rows->n < rows->most;
}

static void rows_free(struct rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        free((void *)(uintptr_t)rows->row[i].body.p);
    free(rows->row);
    *rows = (struct rows){0};
}

/* ---- The dialogue of a message ---- */

/* What is on record about a message: A's entries, then B's. Returns rows to be freed. */
static struct rows acts_of(struct line *l, uint8_t author, uint32_t seq)
{
    struct rows acts = {.most = SIZE_MAX};

    acts.err = ol_store_acts(l->station->store, l->info.number, author, seq, keep_row, &acts);
    return acts;
}

struct acts {
    struct line *line;
    const struct ol_row *message;
    const char *lang; /* in which forms are read */
    struct rows rows;
    size_t at[2];
    json_t *acts; /* as lists of JSON, when they are wanted */
    json_t *answers;
    json_t *chain;
};

static bool next_act(void *ctx, unsigned side, struct ol_row *row)
{
    struct acts *a = ctx;

    while (a->at[side] < a->rows.n && a->rows.row[a->at[side]].h.author != 'A' + side)
        a->at[side]++;
    if (a->at[side] == a->rows.n)
        return false;
    *row = a->rows.row[a->at[side]++];
    return true;
}

/* As the store keeps it; from the record when it keeps none that reads. */
void view_dialogue(struct line *l, uint8_t author, uint32_t seq, struct ol_dialogue *out)
{
    struct ol_row row = {.h = {.author = author, .seq = seq}};
    uint8_t kept[OL_VIEW_MAX];
    size_t len;
    struct acts acts = {.line = l};
    enum ol_err err = ol_store_view(l->station->store, l->info.number, author, seq, kept, &len);

    if (!err && ol_dialogue_read(ol_span(kept, len), out) == OL_OK)
        return;
    if (err != OL_ABSENT)
        acts.rows = acts_of(l, author, seq);
    if (ol_store_row(l->station->store, l->info.number, author, seq, &row))
        row.body = ol_span(NULL, 0);
    ol_dialogue_of(out, &row, next_act, NULL, &acts);
    rows_free(&acts.rows);
}

uint32_t view_delivered_at(struct line *l, uint8_t author, uint32_t seq)
{
    struct ol_row receipt;

    if (ol_store_receipt(l->station->store, l->info.number, author, seq, &receipt) == OL_OK)
        return receipt.h.time;
    for (size_t i = 0; i < TOLD && author == line_side(l); i++) {
        if (l->told[i].from <= seq && seq <= l->told[i].to)
            return l->told[i].time;
    }
    return 0;
}

/* What acts do not say: how far our own message has come. */
static enum ol_message_state carried(struct line *l, uint8_t author, uint32_t seq)
{
    if (author != line_side(l) || view_delivered_at(l, author, seq) > 0 || seq <= l->core->named)
        return OL_DELIVERED;
    return ol_line_was_sent(l->core, seq) ? OL_SENT : OL_RELEASED;
}

enum ol_message_state view_state(struct line *l, uint8_t author, uint32_t seq)
{
    struct ol_dialogue d;

    view_dialogue(l, author, seq, &d);
    return d.state == OL_DELIVERED ? carried(l, author, seq) : d.state;
}

/* ---- One message ---- */

static const char *lang_of(const struct line *l, uint8_t author)
{
    return author == line_side(l) ? l->own_card.lang[0] : l->peer_card.lang[0];
}

/* Early: above the head, something before it is still missing. */
static bool is_early(struct line *l, const struct ol_row *row)
{
    return ol_stream_early(ol_record_stream(&l->core->record, row->h.author), row->h.seq) != NULL;
}

/* Whether a text is in NFC, as every text should be that is signed. What comes is kept as sent. */
static bool is_normal(struct ol_span text)
{
    utf8proc_uint8_t *nfc = NULL;
    utf8proc_ssize_t n = utf8proc_map(text.p, (utf8proc_ssize_t)text.len, &nfc, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    bool same = n >= 0 && ol_span_equal(text, ol_span(nfc, (size_t)n));

    free(nfc);
    return same;
}

static json_t *ref_json(struct ol_ref ref)
{
    return ref.author != 0 ? view_id(ref.author, ref.seq) : json_null();
}

static json_t *own_ref_json(const struct ol_row *row, uint32_t seq)
{
    return seq > 0 ? view_id(row->h.author, seq) : json_null();
}

static const char *side_name(uint8_t author)
{
    return author == 'A' ? "A" : "B";
}

static json_t *step_json(const char *state, uint8_t author, uint32_t time, const char *role)
{
    return json_pack("{s:s,s:s?,s:s,s:o}", "state", state, "role", role, "side",
                     side_name(author), "time", time > 0 ? view_time(time) : json_null());
}

/* A role that an entry names; one that names none is the operator's. */
static const char *role_of(struct ol_span named, char role[static OL_WORD_ROLE + 1])
{
    if (named.len == 0)
        return OL_OPERATOR;
    snprintf(role, OL_WORD_ROLE + 1, "%.*s", (int)named.len, (const char *)named.p);
    return role;
}

/* As the message says; the same on both sides. */
static const char *released_by(const struct ol_row *row, char role[static OL_WORD_ROLE + 1])
{
    struct ol_message m;

    return role_of(ol_meaning_read(row->h.kind, row->body, &m) == OL_OK ? m.by : ol_span(NULL, 0), role);
}

static void tell_answer(json_t *list, const struct ol_row *row, const char *answer, struct ol_span text, uint32_t until,
                        const char *role, bool effect)
{
    json_array_append_new(
        list, json_pack("{s:o,s:s,s:o,s:o,s:s,s:s,s:o,s:b}", "entry", view_id(row->h.author, row->h.seq), "answer", answer,
                        "text", string_or_null(text), "until", until > 0 ? view_time(until) : json_null(), "role", role,
                        "side", side_name(row->h.author), "time", view_time(row->h.time), "effect", effect));
}

static const char *act_name(const struct ol_row *row, const struct ol_act *act)
{
    return row->h.kind == OL_KIND_REPLY ? ol_answer_name(act->what) : ol_kind_name(row->h.kind);
}

/* The state that an act has led to; of an onward receipt how far it was passed on. */
static const char *reached(const struct ol_act *act, const struct ol_dialogue *after)
{
    if (act->kind == OL_KIND_ESCALATE)
        return "escalated";
    if (act->kind != OL_KIND_ONWARD)
        return ol_message_state_name(after->state);
    return act->text.len > 0 ? "not_passed" : ol_stage_name(act->what);
}

static json_t *stage_json(const struct ol_act *act)
{
    if (act->kind == OL_KIND_ESCALATE)
        return json_string(ol_step_name(act->what));
    return act->kind == OL_KIND_ONWARD ? json_string(ol_stage_name(act->what)) : json_null();
}

static void tell_act(struct acts *a, const struct ol_row *row, const struct ol_act *act, const struct ol_dialogue *after,
                     bool effect)
{
    struct ol_misread misread = {0};
    char role[OL_WORD_ROLE + 1];
    bool escalates = act->kind == OL_KIND_ESCALATE;
    const char *by = escalates ? terms_role(a->line, &a->message->h, act->what, role) : role_of(act->role, role);
    json_t *text = act->values.len > 0 ? form_back(a->line, a->message, act->values, a->lang, &misread)
                                       : string_or_null(act->text);

    json_array_append_new(
        a->acts, json_pack("{s:o,s:s,s:s,s:o,s:o,s:b,s:o,s:o,s:o,s:s?}", "entry", view_id(row->h.author, row->h.seq), "act",
                           act_name(row, act), "side", side_name(row->h.author), "time", view_time(row->h.time), "text",
                           text, "effect", effect, "stage",
                           stage_json(act), "until",
                           act->until > 0 ? view_time(act->until) : json_null(), "misread",
                           form_misread(&misread), "to", escalates ? by : NULL));
    if (row->h.kind == OL_KIND_REPLY)
        tell_answer(a->answers, row, ol_answer_name(act->what), act->text, act->until, by, effect);
    else if (effect)
        json_array_append_new(a->chain, step_json(reached(act, after), row->h.author, row->h.time, by));
}

/* One entry about a message, in ladder order. */
static void tell(void *ctx, const struct ol_row *row, const struct ol_dialogue *after, bool effect)
{
    struct acts *a = ctx;
    char role[OL_WORD_ROLE + 1];
    struct ol_message m;
    struct ol_act act;

    if (ol_is_act(row->h.kind)) {
        if (ol_act_read(row->h.kind, row->body, &act) == OL_OK)
            tell_act(a, row, &act, after, effect);
    } else if (row->h.author != after->author && ol_meaning_read(row->h.kind, row->body, &m) == OL_OK) {
        tell_answer(a->answers, row, "answer", m.text, 0, released_by(row, role), effect);
    }
}

/* What a form says in this language, else how it is with a text. */
static void say(struct line *l, const struct ol_row *row, const char *lang, json_t *out)
{
    json_object_update_new(out, json_pack("{s:n,s:n,s:n}", "form", "title", "fields"));
    if (row->h.kind == OL_KIND_FORM)
        form_show(l, row, lang, out);
}

static json_t *message_json(struct line *l, const struct ol_row *row, enum ol_message_state state,
                            const struct ol_dialogue *d, uint32_t delivered_at, const char *lang)
{
    struct ol_message m;
    bool read = ol_meaning_read(row->h.kind, row->body, &m) == OL_OK;
    json_t *out = json_pack(
        "{s:i,s:o,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:b,s:b,s:b,s:b}", "schema", 1, "id", view_id(row->h.author, row->h.seq),
        "direction", row->h.author == line_side(l) ? "out" : "in", "kind", ol_kind_name(row->h.kind), "precedence",
        view_precedence(row->h.flags), "state", ol_message_state_name(state), "time", view_time(row->h.time), "lang",
        m.lang.len > 0 ? string_or_null(m.lang) : json_string(lang_of(l, row->h.author)), "subject",
        string_or_null(m.subject), "text", read ? string_or_null(m.text) : json_null(), "exercise",
        (row->h.flags & OL_FLAG_EXERCISE) != 0, "early", is_early(l, row), "time_doubtful",
        (row->marks & OL_ROW_TIME) != 0, "normal", !read || (is_normal(m.text) && is_normal(m.subject)));
    json_t *meant = json_pack(
        "{s:b,s:s,s:s,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:o}", "open", d->open, "marker", ol_marker_name(m.marker),
        "answer", ol_class_name(d->answer), "level", string_or_null(m.level),
        "to", string_or_null(m.to), "standing", ol_standing_name(m.standing), "ref", string_or_null(m.ref), "handling",
        string_or_null(m.handling), "re", ref_json(m.re), "corrects", own_ref_json(row, m.corrects), "cancels",
        own_ref_json(row, m.cancels), "superseded_by", own_ref_json(row, d->superseded), "cancelled", d->cancelled,
        "closed_by", ref_json(d->closed));

    json_object_update_new(out, meant);
    agree_show(l, row, out);
    terms_show(l, row, d, delivered_at, out);
    say(l, row, lang, out);
    return out;
}

/* A message with what was answered and every state it has reached; with all acts too, if they are wanted. */
static json_t *whole_json(struct line *l, const struct ol_row *row, bool with_acts, const char *lang)
{
    struct acts a = {.line = l, .message = row, .lang = lang, .rows = acts_of(l, row->h.author, row->h.seq)};
    uint32_t delivered_at = view_delivered_at(l, row->h.author, row->h.seq);
    char role[OL_WORD_ROLE + 1];
    struct ol_dialogue d;
    json_t *out;

    a.acts = json_array();
    a.answers = json_array();
    a.chain = json_array();
    json_array_append_new(a.chain, step_json("released", row->h.author, row->h.time, released_by(row, role)));
    if (delivered_at > 0)
        json_array_append_new(a.chain, step_json("delivered", (uint8_t)('A' + 'B' - row->h.author), delivered_at, NULL));
    ol_dialogue_of(&d, row, next_act, tell, &a);
    out = message_json(l, row, d.state == OL_DELIVERED ? carried(l, row->h.author, row->h.seq) : d.state, &d, delivered_at,
                       lang);
    json_object_set_new(out, "answers", a.answers);
    json_object_set_new(out, "chain", a.chain);
    if (with_acts) {
        json_object_set_new(out, "delivered_at", delivered_at > 0 ? view_time(delivered_at) : json_null());
        json_object_set(out, "acts", a.acts);
    }
    json_decref(a.acts);
    rows_free(&a.rows);
    return out;
}

json_t *view_off_record(struct line *l, uint8_t author, struct ol_span body)
{
    const struct ol_row row = {
        .h = {.author = author, .kind = OL_KIND_MESSAGE, .time = station_now(l->station).utc}, .body = body};
    const struct ol_dialogue none = {.answer = OL_CLASS_N};
    json_t *out = message_json(l, &row, OL_SENT, &none, 0, l->station->conf.lang);

    json_object_set_new(out, "id", json_null());
    json_object_set_new(out, "off_record", json_true());
    return out;
}

json_t *view_message(struct line *l, const struct ol_row *row, const char *lang)
{
    struct rows kept = {.most = 1};
    json_t *out;

    /* The row's body is borrowed from the store, which is asked again for what is about it. */
    keep_row(&kept, row);
    out = kept.n > 0 ? whole_json(l, &kept.row[0], false, lang) : json_null();
    rows_free(&kept);
    return out;
}

/* Whether the peer, whose receipt is there, could read our message; null without a receipt, and of what is the peer's. */
static json_t *understood_json(struct line *l, const struct ol_row *row)
{
    uint32_t unread[OL_DUE_ALONE];
    uint32_t seq = row->h.seq;
    struct ol_row receipt;
    size_t n = 0;

    if (row->h.author != line_side(l) ||
        ol_store_receipt(l->station->store, l->info.number, row->h.author, seq, &receipt) != OL_OK)
        return json_null();
    if (receipt.h.kind == OL_KIND_RECEIPT && ol_receipt_read(receipt.body, unread, OL_DUE_ALONE, &n))
        return json_null();
    for (size_t i = 0; i < n; i++) {
        if (unread[i] == seq)
            return json_false();
    }
    return json_true();
}

json_t *view_show(struct line *l, const struct ol_row *row, const char *lang)
{
    struct rows kept = {.most = 1};
    json_t *out;

    keep_row(&kept, row);
    if (kept.n == 0)
        return json_null();
    out = whole_json(l, &kept.row[0], true, lang);
    json_object_set_new(out, "understood", understood_json(l, &kept.row[0]));
    rows_free(&kept);
    return out;
}

/* ---- Both streams in ladder order, a page at a time ---- */

/* "A12.B7": the next number of each stream. */
static bool read_cursor(const char *text, uint32_t next[2], struct ol_fault *f)
{
    unsigned a;
    unsigned b;
    int end = 0;

    next[0] = next[1] = 1;
    if (text == NULL)
        return true;
    if (sscanf(text, "A%u.B%u%n", &a, &b, &end) == 2 && text[end] == 0) {
        next[0] = a;
        next[1] = b;
        return true;
    }
    ol_fault_set(f, OL_EXIT_USAGE, "err.station.cursor", NULL);
    return false;
}

struct page {
    struct rows side[2];
    size_t at[2];
};

/* The next row in ladder order; NULL when the page cannot tell or is at its end. */
static const struct ol_row *page_next(struct page *p)
{
    const struct ol_row *a = p->at[0] < p->side[0].n ? &p->side[0].row[p->at[0]] : NULL;
    const struct ol_row *b = p->at[1] < p->side[1].n ? &p->side[1].row[p->at[1]] : NULL;
    unsigned side;

    if (a == NULL && b == NULL)
        return NULL;
    side = a == NULL || (b != NULL && !ol_ladder_a_first(a, b));
    return &p->side[side].row[p->at[side]++];
}

struct told_rows {
    struct rows *rows;
    uint32_t head;
};

static bool keep_told(void *ctx, const struct ol_row *row)
{
    const struct told_rows *told = ctx;

    return row->h.seq <= told->head && keep_row(told->rows, row);
}

/* Loads `limit` rows of each side, of one kind or (kind 0) of all. Of ours only what has been told: what has not may
 * stand in the outbox still, and would be there twice. */
static void page_load(struct line *l, struct page *p, uint8_t kind, const uint32_t next[2], size_t limit)
{
    for (unsigned i = 0; i < 2; i++) {
        struct rows *rows = &p->side[i];
        uint8_t author = (uint8_t)('A' + i);
        struct told_rows told = {rows, author == line_side(l) ? l->head[i] : UINT32_MAX};

        rows->most = limit;
        if (kind != 0)
            rows->err = ol_store_scan_kind(l->station->store, l->info.number, author, kind, next[i], keep_told, &told);
        else
            rows->err = ol_store_scan(l->station->store, l->info.number, author, next[i], keep_told, &told);
    }
}

/* What was loaded, in ladder order; ends the page. */
static json_t *page_merge(struct line *l, struct page *p, uint32_t next[2], const struct view_which *which,
                          json_t *(*each)(struct line *l, const struct ol_row *row, const struct view_which *which),
                          const char *name, json_t **last, struct ol_fault *f)
{
    json_t *list = json_array();
    const struct ol_row *row;
    enum ol_err err;
    size_t n = 0;

    while (n < which->limit && (row = page_next(p)) != NULL) {
        json_t *one = each(l, row, which);

        n++;
        next[row->h.author - 'A'] = row->h.seq + 1;
        if (one != NULL)
            json_array_append_new(list, one);
    }
    *last = n < which->limit ? json_null() : json_sprintf("A%u.B%u", next[0], next[1]);
    err = p->side[0].err ? p->side[0].err : p->side[1].err;
    rows_free(&p->side[0]);
    rows_free(&p->side[1]);
    if (err) {
        json_decref(list);
        json_decref(*last);
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.record", "detail", ol_err_text(err), NULL);
        return NULL;
    }
    return json_pack("{s:i,s:o}", "schema", 1, name, list);
}

static json_t *page_json(struct line *l, uint8_t kind, const struct view_which *which,
                         json_t *(*each)(struct line *l, const struct ol_row *row, const struct view_which *which),
                         const char *name, json_t **last, struct ol_fault *f)
{
    struct page p = {0};
    uint32_t next[2];

    *last = NULL;
    if (!read_cursor(which->after, next, f))
        return NULL;
    page_load(l, &p, kind, next, which->limit);
    return page_merge(l, &p, next, which, each, name, last, f);
}

/* Whether somebody who was away since then must hear of it. */
static bool is_recent(struct line *l, const struct ol_row *row, const struct ol_dialogue *d, uint32_t since)
{
    struct ol_row end;

    if (row->h.time >= since || (d->superseded > 0 && view_state(l, d->author, d->superseded) < OL_TAKEN))
        return true;
    return d->closed.author != 0 &&
           ol_store_row(l->station->store, l->info.number, d->closed.author, d->closed.seq, &end) == OL_OK &&
           end.h.time >= since;
}

static json_t *list_row(struct line *l, const struct ol_row *row, const struct view_which *which)
{
    struct ol_dialogue d;

    if (which->open || which->since > 0) {
        view_dialogue(l, row->h.author, row->h.seq, &d);
        if (!d.open && (which->open || !is_recent(l, row, &d, which->since)))
            return NULL;
    }
    return whole_json(l, row, false, which->lang);
}

/* Not on record yet: it has no number and no time. */
static json_t *boxed_json(struct line *l, const struct boxed *b, const char *lang)
{
    struct ol_row row = {.h = {.author = line_side(l), .kind = b->kind, .flags = b->flags, .seq = 1},
                         .body = ol_span(b->body.p, b->body.len)};
    char role[OL_WORD_ROLE + 1];
    struct ol_dialogue d;
    json_t *out;

    ol_dialogue_init(&d, &row);
    row.h.seq = 0; /* of the outbox */
    out = message_json(l, &row, OL_RELEASED, &d, 0, lang);
    json_object_set_new(out, "id", json_null());
    json_object_set_new(out, "time", json_null());
    json_object_set_new(out, "answers", json_array());
    json_object_set_new(out, "chain", json_pack("[o]", step_json("released", row.h.author, 0,
                                                                                  released_by(&row, role))));
    return out;
}

json_t *view_list(struct line *l, const struct view_which *which, struct ol_fault *f)
{
    json_t *next;
    json_t *page = page_json(l, OL_KIND_MESSAGE, which, list_row, "messages", &next, f);

    if (page == NULL)
        return NULL;
    if (json_is_null(next)) {
        for (size_t i = 0; i < l->outbox_n; i++) {
            if (ol_kind_is_message(l->outbox[i].kind))
                json_array_append_new(json_object_get(page, "messages"), boxed_json(l, &l->outbox[i], which->lang));
        }
    }
    json_object_set_new(page, "next", next);
    return page;
}

/* ---- What a search finds ---- */

struct finding {
    struct line *line;
    uint8_t author;
    struct rows *rows;
};

static bool keep_found(void *ctx, uint32_t seq)
{
    struct finding *f = ctx;
    struct ol_row row;

    f->rows->err = ol_store_row(f->line->station->store, f->line->info.number, f->author, seq, &row);
    if (f->rows->err == OL_OK)
        return !ol_kind_is_message(row.h.kind) || keep_row(f->rows, &row);
    if (f->rows->err != OL_ABSENT)
        return false;
    f->rows->err = OL_OK; /* there is an act about a message that is not there */
    return true;
}

/* Loads `limit` rows of each side in which all of a query is found. */
static enum ol_err page_find(struct line *l, struct page *p, struct ol_search *index, const struct ol_query *q,
                             const uint32_t next[2], size_t limit)
{
    enum ol_err err = OL_OK;

    for (unsigned i = 0; i < 2 && !err; i++) {
        struct finding f = {.line = l, .author = (uint8_t)('A' + i), .rows = &p->side[i]};

        p->side[i].most = limit;
        if (f.author == line_side(l) ? !q->not_mine : !q->not_peers)
            err = ol_search_find(index, l->info.number, f.author, q, next[i], keep_found, &f);
    }
    return err;
}

enum ol_err view_found(struct line *l, struct ol_search *index, const struct ol_query *q, const struct view_which *which,
                       json_t **out, struct ol_fault *f)
{
    struct page p = {0};
    uint32_t next[2];
    json_t *last;
    enum ol_err err;

    *out = NULL;
    if (!read_cursor(which->after, next, f))
        return OL_OK;
    err = page_find(l, &p, index, q, next, which->limit);
    if (err) {
        rows_free(&p.side[0]);
        rows_free(&p.side[1]);
        return err;
    }
    *out = page_merge(l, &p, next, which, list_row, "messages", &last, f);
    if (*out != NULL)
        json_object_set_new(*out, "next", last);
    return OL_OK;
}

static json_t *about_json(const struct ol_row *row)
{
    struct ol_unfreeze unfreeze;
    uint8_t author;
    uint32_t seq;

    ol_message_refer(row, &author, &seq);
    if (row->h.kind == OL_KIND_UNFREEZE && ol_unfreeze_read(row->body, &unfreeze) == OL_OK && unfreeze.resume > 0) {
        author = (uint8_t)('A' + 'B' - row->h.author);
        seq = unfreeze.resume;
    }
    return author != 0 ? view_id(author, seq) : json_null();
}

/* What a form was read back with. */
static json_t *back_json(struct line *l, const struct ol_row *row, const struct ol_act *act)
{
    struct ol_misread misread;
    struct ol_row form;

    if (ol_store_row(l->station->store, l->info.number, (uint8_t)('A' + 'B' - row->h.author), act->message, &form))
        return json_null();
    return form_back(l, &form, act->values, l->station->conf.lang, &misread);
}

/* The words of an entry, whatever its kind; of a form's values in the station's language. */
static json_t *words_json(struct line *l, const struct ol_row *row)
{
    static uint8_t buf[OL_SAID_MAX];
    struct ol_wr said = ol_wr_to(buf, sizeof buf);
    struct ol_act act;

    if (row->h.kind == OL_KIND_FORM)
        return form_words(l, row);
    if (row->h.kind == OL_KIND_READBACK && ol_act_read(row->h.kind, row->body, &act) == OL_OK && act.values.len > 0)
        return back_json(l, row, &act);
    ol_entry_say(row->h.kind, row->body, &said);
    return string_or_null(ol_wr_span(&said));
}

static json_t *log_row(struct line *l, const struct ol_row *row, const struct view_which *which)
{
    uint8_t other = (uint8_t)('A' + 'B' - row->h.author);
    char hash[OL_HASH_HEX];

    (void)which;
    ol_hash_hex(&row->hash, hash);
    return json_pack(
        "{s:i,s:o,s:s,s:s,s:s,s:s,s:o,s:o,s:b,s:b,s:s,s:b,s:b,s:b,s:b,s:o,s:o,s:o}", "schema", 1, "id",
        view_id(row->h.author, row->h.seq), "line", l->info.name, "side",
        row->h.author == 'A' ? "A" : "B", "kind", ol_kind_name(row->h.kind), "precedence",
        view_precedence(row->h.flags), "time", view_time(row->h.time), "names",
        row->h.xseq > 0 ? view_id(other, row->h.xseq) : json_null(), "alone", (row->h.flags & OL_FLAG_ALONE) != 0,
        "sealed", row->sealed, "hash", hash, "exercise", (row->h.flags & OL_FLAG_EXERCISE) != 0, "early",
        is_early(l, row), "time_doubtful", (row->marks & OL_ROW_TIME) != 0, "absent",
        ol_stream_is_absent(ol_record_stream(&l->core->record, row->h.author), row->h.seq), "about", about_json(row),
        "text", words_json(l, row), "handling", terms_handling(l, row));
}

json_t *view_log(struct line *l, const char *after, size_t limit, struct ol_fault *f)
{
    const struct view_which which = {.after = after, .limit = limit};
    json_t *next;
    json_t *page = page_json(l, 0, &which, log_row, "entries", &next, f);

    if (page != NULL)
        json_object_set_new(page, "next", next);
    return page;
}
