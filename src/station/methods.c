/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked on the control socket; each answers, or leaves a call that will. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utf8proc.h>

#include "desk/ledger.h"
#include "station/station.h"

#define TEXTS_MAX 1024u
#define SUBJECT_MAX 256u

static void fail(const struct request *r, enum ol_exit code, const char *key, const char *name, const char *value)
{
    struct ol_fault f;

    ol_fault_set(&f, code, key, name, value, NULL);
    client_fault(r->client, r->id, &f);
}

static void done(const struct request *r, json_t *result)
{
    client_result(r->client, r->id, result);
}

const char *text_param(const struct request *r, const char *name)
{
    return json_string_value(json_object_get(r->params, name));
}

struct line *line_param(const struct request *r)
{
    const char *name = text_param(r, "line");
    struct line *l = name != NULL ? line_by_name(r->station, name) : NULL;

    if (l == NULL)
        fail(r, OL_EXIT_USAGE, "err.station.line", "line", name != NULL ? name : "");
    return l;
}

/* ---- Texts ---- */

/* Without a NUL: such a text is its own NFC. */
static bool is_ascii(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len && (text[i] & 0x80) == 0)
        i++;
    return i == len;
}

uint8_t *text_nfc(const json_t *value, size_t *len)
{
    const char *text = json_string_value(value);
    utf8proc_uint8_t *out = NULL;
    utf8proc_ssize_t n;

    *len = 0;
    if (text == NULL)
        return NULL;
    if (is_ascii(text, json_string_length(value))) {
        *len = json_string_length(value);
        return (uint8_t *)strdup(text);
    }
    n = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)json_string_length(value), &out,
                     UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (n < 0)
        return NULL;
    *len = (size_t)n;
    return out;
}

bool read_text(const json_t *value, size_t max, uint8_t **out, size_t *len, struct ol_fault *f)
{
    *out = text_nfc(value, len);
    if (*out == NULL)
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.text", NULL);
    else if (*len == 0)
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.empty", NULL);
    else if (*len > max) {
        char limit[24];

        snprintf(limit, sizeof limit, "%zu", max);
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.long", "limit", limit, NULL);
    } else {
        return true;
    }
    free(*out);
    *out = NULL;
    return false;
}

static int precedence_of(const char *name)
{
    static const char *const names[] = {"routine", "priority", "immediate", "flash"};

    for (int i = 0; i < 4; i++) {
        if (name != NULL && strcmp(name, names[i]) == 0)
            return i;
    }
    return -1;
}

bool item_keep(struct call_item *item, const struct ol_wr *w)
{
    item->body.p = malloc(w->len + 1);
    if (item->body.p == NULL || w->full)
        return false;
    memcpy(item->body.p, w->p, w->len);
    item->body.len = w->len;
    return true;
}

/* A field that may be left out has its type, or is null. */
static bool is_or_null(const json_t *object, const char *name, json_type type)
{
    const json_t *value = json_object_get(object, name);

    return value == NULL || json_is_null(value) || json_typeof(value) == type;
}

/* One word of a fixed list; the first when it is left out. False with the fault. */
static bool read_name(const json_t *m, const char *name, int (*value_of)(const char *), uint8_t *out, struct ol_fault *f)
{
    const json_t *given = json_object_get(m, name);
    int value = given == NULL || json_is_null(given) ? 0 : value_of(json_string_value(given));

    *out = (uint8_t)(value > 0 ? value : 0);
    if (value < 0)
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.name", "field", name, NULL);
    return value >= 0;
}

/* A word borrowed from the request; empty when it is left out. False with the fault. */
static bool read_word(const json_t *m, const char *name, size_t max, struct ol_span *out, struct ol_fault *f)
{
    const json_t *given = json_object_get(m, name);

    if (given == NULL || json_is_null(given))
        return true;
    *out = ol_span(json_string_value(given), json_string_length(given));
    if (json_is_string(given) && out->len <= max && ol_word_valid(*out))
        return true;
    ol_fault_set(f, OL_EXIT_USAGE, "err.station.word", "field", name, NULL);
    return false;
}

/* An entry of this line that stands on record and that a dialogue begins with. False with the fault. */
static bool read_ref(const struct line *l, const json_t *m, const char *name, struct ol_ref *out, struct ol_fault *f)
{
    const json_t *given = json_object_get(m, name);
    const char *id = json_string_value(given);
    struct ol_row row;

    if (given == NULL || json_is_null(given))
        return true;
    if (id == NULL || !ol_entry_id_read(id, &out->author, &out->seq)) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.id", "id", id != NULL ? id : "", NULL);
        return false;
    }
    if (ol_store_row(l->station->store, l->info.number, out->author, out->seq, &row) == OL_OK &&
        ol_kind_is_message(row.h.kind))
        return true;
    ol_fault_set(f, OL_EXIT_FAILED, "err.station.message", "id", id, NULL);
    return false;
}

/* An earlier message of our own that still stands. False with the fault. */
static bool read_amended(struct line *l, const json_t *m, const char *name, uint32_t *out, struct ol_fault *f)
{
    struct ol_ref ref = {0};
    struct ol_dialogue d;
    char by[24];

    if (!read_ref(l, m, name, &ref, f))
        return false;
    *out = ref.seq;
    if (ref.author == 0)
        return true;
    if (ref.author != l->core->cfg.record.own) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.amend_side", "id", json_string_value(json_object_get(m, name)), NULL);
        return false;
    }
    view_dialogue(l, ref.author, ref.seq, &d);
    if (d.superseded == 0)
        return true;
    snprintf(by, sizeof by, "%c%u", ref.author, d.superseded);
    ol_fault_set(f, OL_EXIT_FAILED, "err.station.superseded", "id", json_string_value(json_object_get(m, name)), "by", by,
                 NULL);
    return false;
}

/* How a message is meant. Its words are borrowed from the request. False with the fault. */
static bool read_meaning(struct line *l, const json_t *m, struct ol_message *out, struct ol_fault *f)
{
    if (json_is_string(json_object_get(m, "corrects")) && json_is_string(json_object_get(m, "cancels"))) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.amend_both", NULL);
        return false;
    }
    return read_name(m, "marker", ol_marker_of, &out->marker, f) && read_name(m, "answer", ol_class_of, &out->answer, f) &&
           read_name(m, "standing", ol_standing_of, &out->standing, f) &&
           read_word(m, "level", OL_WORD_LEVEL, &out->level, f) && read_word(m, "to", OL_WORD_ROLE, &out->to, f) &&
           read_word(m, "handling", OL_WORD_LEVEL, &out->handling, f) && read_ref(l, m, "re", &out->re, f) &&
           read_amended(l, m, "corrects", &out->corrects, f) && read_amended(l, m, "cancels", &out->cancels, f);
}

/* How urgent it is, `otherwise` when nothing is said, and whether an exercise. False with the fault. */
static bool read_flags(const json_t *m, const char *otherwise, uint8_t *flags, struct ol_fault *f)
{
    const json_t *urgency = json_object_get(m, "precedence");
    bool unsaid = urgency == NULL || json_is_null(urgency);
    int precedence = precedence_of(unsaid ? otherwise : json_string_value(urgency));

    if (precedence < 0) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.precedence", NULL);
        return false;
    }
    if (!(is_or_null(m, "exercise", JSON_TRUE) || is_or_null(m, "exercise", JSON_FALSE))) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.field", NULL);
        return false;
    }
    *flags = (uint8_t)(precedence << 6 | (json_is_true(json_object_get(m, "exercise")) ? OL_FLAG_EXERCISE : 0));
    return true;
}

/* The language of a text, empty when it is that of our card. False with the fault. */
static bool read_lang(const struct line *l, const json_t *m, struct ol_span *out, struct ol_fault *f)
{
    const char *lang = json_string_value(json_object_get(m, "lang"));

    if (!is_or_null(m, "lang", JSON_STRING)) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.field", NULL);
        return false;
    }
    if (lang == NULL)
        lang = l->station->conf.lang;
    if (!ol_lang_valid(ol_span(lang, strlen(lang)))) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.lang", "lang", lang, NULL);
        return false;
    }
    if (strcmp(lang, l->own_card.lang[0]) != 0)
        *out = ol_span(lang, strlen(lang));
    return true;
}

/* A text of one line that may be left out; *own is to be freed. False with the fault. */
static bool read_title(const json_t *m, const char *name, size_t max, struct ol_span *out, uint8_t **own, struct ol_fault *f)
{
    const json_t *given = json_object_get(m, name);
    size_t len;

    if (given == NULL || json_is_null(given) || (json_is_string(given) && json_string_length(given) == 0))
        return true;
    if (!json_is_string(given)) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.field", NULL);
        return false;
    }
    if (!read_text(given, max, own, &len, f))
        return false;
    *out = ol_span(*own, len);
    return true;
}

static bool write_message(const struct ol_message *m, struct call_item *item, struct ol_fault *f)
{
    static uint8_t body[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_message_write(m, &w);
    item->kind = OL_KIND_MESSAGE;
    if (item_keep(item, &w))
        return true;
    ol_fault_set(f, OL_EXIT_FAILED, "err.station.memory", NULL);
    return false;
}

/* One message of a send. False with the fault. */
static bool read_message(struct line *l, const json_t *m, struct call_item *item, struct ol_fault *f)
{
    struct ol_message message = {0};
    uint8_t *text = NULL;
    uint8_t *title = NULL;
    uint8_t *ref = NULL;
    bool ok = read_flags(m, "routine", &item->flags, f) && read_lang(l, m, &message.lang, f) && read_meaning(l, m, &message, f) &&
              agree_allows(l, item->flags, &message, f) &&
              read_text(json_object_get(m, "text"), OL_TEXT_MAX, &text, &message.text.len, f) &&
              read_title(m, "subject", SUBJECT_MAX, &message.subject, &title, f) &&
              read_title(m, "ref", OL_WORD_ROLE, &message.ref, &ref, f);

    message.text.p = text;
    ok = ok && write_message(&message, item, f);
    free(text);
    free(title);
    free(ref);
    return ok;
}

/* What the form says of itself, as far as the request says nothing. */
static void mean_as_form(const struct ol_form *form, const json_t *m, struct ol_message *meant)
{
    const char *handling = json_string_value(json_object_get(form->json, "handling"));

    if (is_or_null(m, "marker", JSON_NULL))
        meant->marker = (uint8_t)ol_marker_of(json_string_value(json_object_get(form->json, "marker")));
    if (is_or_null(m, "answer", JSON_NULL))
        meant->answer = (uint8_t)ol_class_of(json_string_value(json_object_get(form->json, "answer")));
    if (is_or_null(m, "handling", JSON_NULL) && handling != NULL)
        meant->handling = ol_span(handling, strlen(handling));
}

/* A form of a send: itself, after the entry that gives it its number. False with the fault; items are bodies up to
 * n. */
static bool read_form(struct line *l, const json_t *m, struct call_item item[static 2], size_t *n, struct ol_fault *f)
{
    const char *code = json_string_value(json_object_get(m, "form"));
    const struct ol_form *form = code != NULL ? ol_forms_by_code(&l->station->forms, code) : NULL;
    const char *precedence;
    struct ol_message meant = {0};
    uint8_t *title = NULL;
    uint8_t *ref = NULL;
    uint8_t flags;
    bool ok;

    if (form == NULL || !is_or_null(m, "text", JSON_NULL) || !is_or_null(m, "fields", JSON_OBJECT)) {
        ol_fault_set(f, OL_EXIT_USAGE, form == NULL ? "err.form.code" : "err.form.alone", "code",
                     code != NULL ? code : "", NULL);
        return false;
    }
    precedence = json_string_value(json_object_get(form->json, "precedence"));
    ok = read_flags(m, precedence != NULL ? precedence : "routine", &flags, f) && read_lang(l, m, &meant.lang, f) &&
         read_meaning(l, m, &meant, f) && read_title(m, "subject", SUBJECT_MAX, &meant.subject, &title, f) &&
         read_title(m, "ref", OL_WORD_ROLE, &meant.ref, &ref, f);
    if (ok) {
        mean_as_form(form, m, &meant);
        ok = agree_allows(l, flags, &meant, f) &&
             form_items(l, form, json_object_get(m, "fields"), &meant, item, n, f);
    }
    for (size_t i = 0; ok && i < *n; i++)
        item[i].flags = flags; /* alike, so that neither goes before the other */
    free(title);
    free(ref);
    return ok;
}

static bool read_items(struct line *l, const json_t *m, struct call_item item[static 2], size_t *n, struct ol_fault *f)
{
    if (!is_or_null(m, "form", JSON_NULL)) {
        *n = 0;
        return read_form(l, m, item, n, f);
    }
    *n = 1;
    return read_message(l, m, item, f);
}

static int wait_of(const json_t *value)
{
    static const char *const names[] = {[WAIT_DELIVERED] = "delivered", [WAIT_TAKEN] = "taken",
                                        [WAIT_CONFIRMED] = "confirmed"};

    if (value == NULL || json_is_null(value))
        return WAIT_DURABLE;
    for (int i = WAIT_DELIVERED; i <= WAIT_CONFIRMED; i++) {
        if (json_is_string(value) && strcmp(json_string_value(value), names[i]) == 0)
            return i;
    }
    return -1;
}

static void items_free(struct call_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ol_blob_free(&items[i].body);
    free(items);
}

static void method_send(const struct request *r)
{
    struct line *l = line_param(r);
    const json_t *messages = json_object_get(r->params, "messages");
    size_t n = json_array_size(messages);
    int wait = wait_of(json_object_get(r->params, "wait"));
    json_int_t timeout = json_is_integer(json_object_get(r->params, "timeout_ms"))
                             ? json_integer_value(json_object_get(r->params, "timeout_ms")) : 30000;
    struct call_item *items;
    size_t items_n = 0;
    struct ol_fault f;
    struct call *call;

    if (l == NULL)
        return;
    if (n == 0 || n > TEXTS_MAX || wait < 0 || timeout < 0) {
        fail(r, OL_EXIT_USAGE, "err.station.send", NULL, NULL);
        return;
    }
    items = calloc(2 * n, sizeof *items);
    for (size_t i = 0; items != NULL && i < n; i++) {
        size_t more;
        bool read = read_items(l, json_array_get(messages, i), &items[items_n], &more, &f);

        items_n += more;
        if (!read) {
            items_free(items, items_n);
            client_fault(r->client, r->id, &f);
            return;
        }
    }
    call = items != NULL ? call_new(l, r->client, r->id, items_n) : NULL;
    if (call == NULL) {
        fail(r, OL_EXIT_FAILED, "err.station.memory", NULL, NULL);
        items_free(items, items_n);
        return;
    }
    memcpy(call->item, items, items_n * sizeof *items);
    free(items);
    call->wait = (enum wait_for)wait;
    if (wait != WAIT_DURABLE)
        call_start_timer(call, (uint64_t)timeout);
    call_write(call);
}

/* ---- Acts ---- */

/* What act a name means; its kind is 0 when none. */
static struct ol_act act_of(const char *name)
{
    static const uint8_t kinds[] = {OL_KIND_TAKE, OL_KIND_READBACK, OL_KIND_CONFIRM, OL_KIND_CORRECT, OL_KIND_DECLINE,
                                    OL_KIND_ONWARD};
    int answer = ol_answer_of(name);

    if (answer >= 0)
        return (struct ol_act){.kind = OL_KIND_REPLY, .what = (uint8_t)answer};
    for (size_t i = 0; name != NULL && i < sizeof kinds; i++) {
        if (strcmp(name, ol_kind_name(kinds[i])) == 0)
            return (struct ol_act){.kind = kinds[i]};
    }
    return (struct ol_act){0};
}

/* The message that the request is about, or false and an answer. */
static bool message_param(const struct request *r, struct line *l, struct ol_row *row)
{
    const char *id = text_param(r, "id");
    uint8_t author;
    uint32_t seq;

    if (id == NULL || !ol_entry_id_read(id, &author, &seq)) {
        fail(r, OL_EXIT_USAGE, "err.station.id", "id", id != NULL ? id : "");
        return false;
    }
    if (ol_store_row(r->station->store, l->info.number, author, seq, row) != OL_OK ||
        !ol_kind_is_message(row->h.kind)) {
        fail(r, OL_EXIT_FAILED, "err.station.message", "id", id);
        return false;
    }
    return true;
}

static bool side_may(const struct line *l, uint8_t kind, const struct ol_row *message)
{
    bool ours = message->h.author == l->core->cfg.record.own;

    return ol_act_is_senders(kind) == ours;
}

static void write_act(const struct request *r, struct line *l, const struct ol_row *message, const struct ol_act *act,
                      const struct ol_misread *misread)
{
    static uint8_t body[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct call *call = call_new(l, r->client, r->id, 1);

    if (call == NULL) {
        fail(r, OL_EXIT_FAILED, "err.station.memory", NULL, NULL);
        return;
    }
    ol_act_write(act, &w);
    call->is_act = true;
    call->misread = *misread;
    call->about_author = message->h.author;
    call->about = message->h.seq;
    call->item[0].kind = act->kind;
    /* An act is as urgent as the message it answers, and as much of an exercise. */
    call->item[0].flags = message->h.flags & (0xc0 | OL_FLAG_EXERCISE);
    if (!item_keep(&call->item[0], &w)) {
        fail(r, OL_EXIT_FAILED, "err.station.memory", NULL, NULL);
        call->client = NULL;
    }
    call_write(call);
}

/* What goes with an act besides its text. False with the fault. */
static bool read_act(const struct request *r, const struct ol_dialogue *d, struct ol_act *act, struct ol_fault *f)
{
    const json_t *until = json_object_get(r->params, "until");
    int stage = act->kind == OL_KIND_ONWARD ? ol_stage_of(text_param(r, "stage")) : OL_STAGE_NONE;

    if (stage < 0) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.stage", NULL);
        return false;
    }
    if (act->kind == OL_KIND_ONWARD)
        act->what = (uint8_t)stage;
    if (act->kind == OL_KIND_REPLY && act->what == OL_STANDBY) {
        json_int_t utc = json_integer_value(until);

        if (!json_is_integer(until) || utc <= (json_int_t)station_now(r->station).utc || utc > UINT32_MAX) {
            ol_fault_set(f, OL_EXIT_USAGE, "err.station.until", NULL);
            return false;
        }
        act->until = (uint32_t)utc;
    }
    act->about = act->kind == OL_KIND_READBACK ? d->version : act->kind == OL_KIND_CONFIRM ? d->readback : 0;
    return true;
}

/* Why this act cannot be done now, as the fold would have it without effect. False with the fault. */
static bool act_fits(const struct ol_act *act, const struct ol_dialogue *d, enum ol_message_state state, const char *name,
                     const char *id, struct ol_fault *f)
{
    char by[24];

    snprintf(by, sizeof by, "%c%u", d->superseded > 0 ? d->author : d->closed.author,
             d->superseded > 0 ? d->superseded : d->closed.seq);
    if (d->superseded > 0 && act->kind != OL_KIND_ONWARD) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.act_superseded", "id", id, "by", by, NULL);
        return false;
    }
    if (!ol_act_allowed(state, act->kind)) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.act_state", "act", name, "id", id, "state",
                     ol_message_state_name(state), NULL);
        return false;
    }
    if ((act->kind == OL_KIND_REPLY || act->kind == OL_KIND_DECLINE) && d->closed.author != 0) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.act_closed", "act", name, "id", id, "by", by, NULL);
        return false;
    }
    if (act->kind != OL_KIND_REPLY || (act->what == OL_STANDBY ? d->open : ol_answer_closes(d->answer, act->what)))
        return true;
    ol_fault_set(f, OL_EXIT_FAILED, "err.station.act_class", "act", name, "id", id, "class", ol_class_name(d->answer), NULL);
    return false;
}

/* A form is read back in fields and not corrected in words; a text is not read back in fields. False with the fault. */
static bool is_in_kind(const struct request *r, const struct ol_row *message, uint8_t kind, struct ol_fault *f)
{
    bool form = message->h.kind == OL_KIND_FORM;
    bool fields = json_is_object(json_object_get(r->params, "fields"));
    const char *id = text_param(r, "id");

    if (form && kind == OL_KIND_CORRECT)
        ol_fault_set(f, OL_EXIT_FAILED, "err.form.correct", "id", id, NULL);
    else if (form && !fields && kind == OL_KIND_READBACK)
        ol_fault_set(f, OL_EXIT_USAGE, "err.form.readback", "id", id, NULL);
    else if (!form && fields)
        ol_fault_set(f, OL_EXIT_USAGE, "err.form.readback_text", "id", id, NULL);
    else
        return true;
    return false;
}

/* The values with which a form is read back; they lie in a buffer of their own. False with the fault. */
static bool read_values(const struct request *r, struct line *l, struct ol_act *act, struct ol_misread *misread,
                        struct ol_fault *f)
{
    static uint8_t values[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(values, sizeof values);
    struct ol_row row;
    uint8_t author = (uint8_t)('A' + 'B' - l->core->cfg.record.own);

    if (ol_store_row(r->station->store, l->info.number, author, act->message, &row) != OL_OK) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.message", "id", text_param(r, "id"), NULL);
        return false;
    }
    if (!form_readback(l, &row, json_object_get(r->params, "fields"), &w, misread, f))
        return false;
    act->values = ol_wr_span(&w);
    return true;
}

static bool takes_text(uint8_t kind, const json_t *text)
{
    bool must = kind == OL_KIND_READBACK || kind == OL_KIND_CORRECT;
    bool may = kind == OL_KIND_DECLINE || kind == OL_KIND_REPLY || kind == OL_KIND_ONWARD;

    return must || (may && json_is_string(text));
}

/* What the act says: values, or a text in *nfc, which is to be freed. False with the fault. */
static bool read_said(const struct request *r, struct line *l, const struct ol_row *message, struct ol_act *act,
                      struct ol_misread *misread, uint8_t **nfc, struct ol_fault *f)
{
    const json_t *text = json_object_get(r->params, "text");

    if (!is_in_kind(r, message, act->kind, f))
        return false;
    if (message->h.kind == OL_KIND_FORM && act->kind == OL_KIND_READBACK)
        return read_values(r, l, act, misread, f);
    if (takes_text(act->kind, text) && !read_text(text, OL_TEXT_MAX, nfc, &act->text.len, f))
        return false;
    act->text.p = *nfc;
    return true;
}

static void method_act(const struct request *r)
{
    struct line *l = line_param(r);
    struct ol_act act = act_of(text_param(r, "act"));
    struct ol_misread misread = {0};
    enum ol_message_state state;
    struct ol_dialogue d;
    struct ol_row row;
    struct ol_fault f;
    uint8_t *nfc = NULL;

    if (l == NULL || (act.kind != 0 && !message_param(r, l, &row)))
        return;
    if (act.kind == 0) {
        fail(r, OL_EXIT_USAGE, "err.station.act", NULL, NULL);
        return;
    }
    act.message = row.h.seq;
    row.body = ol_span(NULL, 0); /* not the store's any more */
    view_dialogue(l, row.h.author, act.message, &d);
    if (!side_may(l, act.kind, &row)) {
        fail(r, OL_EXIT_FAILED, "err.station.act_side", "id", text_param(r, "id"));
        return;
    }
    state = d.state == OL_DELIVERED ? view_state(l, row.h.author, act.message) : d.state;
    if (!act_fits(&act, &d, state, text_param(r, "act"), text_param(r, "id"), &f) || !read_act(r, &d, &act, &f) ||
        !read_said(r, l, &row, &act, &misread, &nfc, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    write_act(r, l, &row, &act, &misread);
    free(nfc);
}

/* ---- Looking ---- */

static void answer_view(const struct request *r, json_t *view, const struct ol_fault *f)
{
    if (view == NULL)
        client_fault(r->client, r->id, f);
    else
        done(r, view);
}

static size_t limit_param(const struct request *r)
{
    json_int_t n = json_integer_value(json_object_get(r->params, "limit"));

    return n > 0 && n <= 500 ? (size_t)n : 500;
}

/* The language in which forms are read: what is asked for, else the station's own. False and an answer when it is no
 * tag. */
static bool lang_param(const struct request *r, const char **lang)
{
    const char *asked = text_param(r, "lang");

    *lang = asked != NULL ? asked : r->station->conf.lang;
    if (ol_lang_valid(ol_span(*lang, strlen(*lang))))
        return true;
    fail(r, OL_EXIT_USAGE, "err.station.lang", "lang", *lang);
    return false;
}

/* UTC seconds; 0 when it is left out, or none. */
static uint32_t since_param(const struct request *r)
{
    json_int_t utc = json_integer_value(json_object_get(r->params, "since"));

    return utc > 0 && utc <= UINT32_MAX ? (uint32_t)utc : 0;
}

static void method_list(const struct request *r)
{
    struct line *l = line_param(r);
    struct view_which which = {.open = json_is_true(json_object_get(r->params, "open")),
                               .since = since_param(r),
                               .after = text_param(r, "after"),
                               .limit = limit_param(r)};
    struct ol_fault f;

    if (l != NULL && lang_param(r, &which.lang))
        answer_view(r, view_list(l, &which, &f), &f);
}

static void method_search(const struct request *r)
{
    struct line *l = line_param(r);
    const char *lang;

    if (l != NULL && lang_param(r, &lang))
        search_ask(r->station, r->client, r->id, l, r->params, lang);
}

static void method_log(const struct request *r)
{
    struct line *l = line_param(r);
    struct ol_fault f;

    if (l != NULL)
        answer_view(r, view_log(l, text_param(r, "after"), limit_param(r), &f), &f);
}

static void method_show(const struct request *r)
{
    struct line *l = line_param(r);
    struct ol_row row;
    const char *lang;

    if (l != NULL && lang_param(r, &lang) && message_param(r, l, &row))
        done(r, view_show(l, &row, lang));
}

/* A line, the alarms of all lines, or both. */
static void method_follow(const struct request *r)
{
    bool alarms = json_is_true(json_object_get(r->params, "alarms"));
    struct line *l = NULL;

    if (!alarms || json_object_get(r->params, "line") != NULL) {
        l = line_param(r);
        if (l == NULL)
            return;
        client_follow(r->client, l);
    }
    if (alarms)
        client_follow_alarms(r->client);
    done(r, json_pack("{s:i}", "schema", 1));
}

static void method_alarms(const struct request *r)
{
    done(r, alarms_list(r->station));
}

/* The id that the request names, NULL for all; or false and an answer. */
static bool alarm_param(const struct request *r, const char **id)
{
    *id = text_param(r, "id");
    if (is_or_null(r->params, "id", JSON_STRING))
        return true;
    fail(r, OL_EXIT_USAGE, "err.station.field", NULL, NULL);
    return false;
}

static void method_alarm_ack(const struct request *r)
{
    struct ol_fault f;
    const char *id;

    if (alarm_param(r, &id))
        answer_view(r, alarms_ack(r->station, id, &f), &f);
}

static void method_alarm_silence(const struct request *r)
{
    struct ol_fault f;
    const char *id;

    if (alarm_param(r, &id))
        answer_view(r, alarms_silence(r->station, id, &f), &f);
}

static void method_ping(const struct request *r)
{
    done(r, json_pack("{s:i,s:s,s:i}", "schema", 1, "version", OL_VERSION, "pid", (int)getpid()));
}

static void method_status(const struct request *r)
{
    done(r, view_status(r->station));
}

/* ---- The station itself ---- */

static void method_reload(const struct request *r)
{
    struct ol_fault f;
    struct ol_keyring keys;

    if (ol_home_keys_read(&r->station->home, &keys, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    ol_keyring_fini(&r->station->keys);
    r->station->keys = keys;
    if (lines_load(r->station, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    carrier_reload(r->station);
    done(r, json_pack("{s:i}", "schema", 1));
}

struct call *entry_call(const struct request *r, struct line *l, uint8_t kind, const struct ol_wr *body)
{
    struct call *call = call_new(l, r->client, r->id, 1);

    if (call == NULL) {
        fail(r, OL_EXIT_FAILED, "err.station.memory", NULL, NULL);
        return NULL;
    }
    call->is_entry = true;
    call->item[0].kind = kind;
    if (item_keep(&call->item[0], body))
        return call;
    call_refuse(call, "err.station.memory");
    return NULL;
}

static void method_resume(const struct request *r)
{
    struct line *l = line_param(r);
    const char *reason = text_param(r, "reason");
    uint8_t nothing[1];
    const struct ol_wr none = ol_wr_to(nothing, sizeof nothing);
    struct call *call;

    if (l == NULL)
        return;
    if (reason == NULL || *reason == 0 || strlen(reason) > OL_REASON_MAX) {
        fail(r, OL_EXIT_USAGE, "err.station.reason", NULL, NULL);
        return;
    }
    call = entry_call(r, l, OL_KIND_RESUME, &none);
    if (call == NULL)
        return;
    call->written = 1; /* the line writes it */
    if (ol_line_resume(l->core, ol_span(reason, strlen(reason)), station_now(r->station)))
        call_refuse(call, "err.station.failed");
}

/* The resume with which the peer goes on, kept above the place where its stream is frozen. */
static uint32_t waiting_resume(const struct ol_stream *s)
{
    uint32_t seq = 0;

    for (size_t i = 0; i < s->early_n; i++)
        if (s->early[i].kind == OL_KIND_RESUME)
            seq = s->early[i].seq;
    return seq;
}

static void unfreeze(const struct request *r, struct line *l, struct ol_span reason)
{
    const struct ol_stream *peer = ol_record_peer(&l->core->record);
    const struct ol_unfreeze u = {.resume = waiting_resume(peer), .reason = reason};
    uint8_t body[OL_REASON_MAX + 16];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct ol_fault f;
    struct call *call;

    if (!peer->frozen) {
        fail(r, OL_EXIT_FAILED, "err.station.not_frozen", "line", l->info.name);
        return;
    }
    if (l->core->signing == OL_SIGN_STOPPED || ending_refuses(l, &f)) {
        if (l->core->signing == OL_SIGN_STOPPED)
            ol_fault_set(&f, OL_EXIT_FAILED, "err.station.stopped", "line", l->info.name, NULL);
        client_fault(r->client, r->id, &f);
        return;
    }
    ol_unfreeze_write(&u, &w);
    call = entry_call(r, l, OL_KIND_UNFREEZE, &w);
    if (call == NULL)
        return;
    if (ol_line_unfreeze(l->core, station_now(r->station)))
        call_refuse(call, "err.station.not_frozen");
    else
        call_write(call);
}

static void method_unfreeze(const struct request *r)
{
    struct line *l = line_param(r);
    uint8_t *reason = NULL;
    size_t len;
    struct ol_fault f;

    if (l == NULL)
        return;
    if (!read_text(json_object_get(r->params, "reason"), OL_REASON_MAX, &reason, &len, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    unfreeze(r, l, ol_span(reason, len));
    free(reason);
}

static void method_close(const struct request *r)
{
    struct line *l = line_param(r);
    uint8_t body[1];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct call *call;

    if (l == NULL)
        return;
    ol_close_write(&w);
    call = entry_call(r, l, OL_KIND_CLOSE, &w);
    if (call != NULL)
        call_write(call);
}

static void method_drop_session(const struct request *r)
{
    struct line *l = line_param(r);

    if (l == NULL)
        return;
    ol_line_drop_session(l->core, station_now(r->station));
    done(r, json_pack("{s:i}", "schema", 1));
}

static void method_stop(const struct request *r)
{
    done(r, json_pack("{s:i}", "schema", 1));
    station_log("ending: asked to");
    station_stop(r->station, 0);
}

static const struct {
    const char *name;
    void (*run)(const struct request *r);
} methods[] = {
    {"ping", method_ping},       {"status", method_status},
    {"send", method_send},       {"act", method_act},
    {"list", method_list},       {"show", method_show},
    {"log", method_log},         {"follow", method_follow},
    {"reload", method_reload},   {"resume", method_resume},
    {"unfreeze", method_unfreeze}, {"close", method_close},
    {"stop", method_stop},       {"drop_session", method_drop_session},
    {"note", book_note},         {"notes", book_notes},
    {"book_accept", book_accept},
    {"search", method_search},
    {"propose", agree_propose},  {"respond", agree_respond},
    {"agreements", agree_list},
    {"alarms", method_alarms},   {"alarm_ack", method_alarm_ack},
    {"alarm_silence", method_alarm_silence},
    {"stats_sign", stats_sign},
    {"desk", desk_say},          {"desk_hours", desk_announce},
};

void method_run(struct station *s, struct client *c, const json_t *id, const char *method, const json_t *params)
{
    const struct request r = {.station = s, .client = c, .id = id, .params = params};
    struct ol_fault f;

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(methods[i].name, method) == 0) {
            methods[i].run(&r);
            return;
        }
    }
    ol_fault_set(&f, (enum ol_exit)-32601, "err.station.method", "method", method, NULL);
    client_fault(c, id, &f);
}
