/* SPDX-License-Identifier: Apache-2.0 */
/* What a client may say: texts and forms, read from its request, signed and kept. */
#include <stdlib.h>
#include <string.h>

#include "desk/ledger.h"
#include "station/station.h"

#define TEXTS_MAX 1024u
#define SUBJECT_MAX 256u

static int precedence_of(const char *name)
{
    static const char *const names[] = {"routine", "priority", "immediate", "flash"};

    for (int i = 0; i < 4; i++) {
        if (name != NULL && strcmp(name, names[i]) == 0)
            return i;
    }
    return -1;
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
    bool kept;

    ol_message_write(m, &w);
    item->kind = OL_KIND_MESSAGE;
    kept = item_keep(item, &w);
    ol_wipe(body, w.len); /* it may be off the record */
    if (kept)
        return true;
    ol_fault_set(f, OL_EXIT_FAILED, "err.station.memory", NULL);
    return false;
}

static bool read_message(struct line *l, const json_t *m, const struct sayer *by, struct call_item *item,
                         struct ol_fault *f)
{
    struct ol_message message = {0};
    uint8_t *text = NULL;
    uint8_t *title = NULL;
    uint8_t *ref = NULL;
    bool ok = read_flags(m, "routine", &item->flags, f) && read_lang(l, m, &message.lang, f) && read_meaning(l, m, &message, f) &&
              agree_allows(l, item->flags, &message, f) && roles_allow(l, by, item->flags, &message, f) &&
              read_text(json_object_get(m, "text"), OL_TEXT_MAX, &text, &message.text.len, f) &&
              read_title(m, "subject", SUBJECT_MAX, &message.subject, &title, f) &&
              read_title(m, "ref", OL_WORD_ROLE, &message.ref, &ref, f);

    message.text.p = text;
    ok = ok && write_message(&message, item, f);
    if (text != NULL)
        ol_wipe(text, message.text.len);
    if (title != NULL)
        ol_wipe(title, message.subject.len);
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
static bool read_form(struct line *l, const json_t *m, const struct sayer *by, struct call_item item[static 2],
                      size_t *n, struct ol_fault *f)
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
        ok = agree_allows(l, flags, &meant, f) && roles_allow(l, by, flags, &meant, f) &&
             form_items(l, form, json_object_get(m, "fields"), &meant, item, n, f);
    }
    for (size_t i = 0; ok && i < *n; i++)
        item[i].flags = flags; /* alike, so that neither goes before the other */
    free(title);
    free(ref);
    return ok;
}

bool send_read(struct line *l, const json_t *m, const struct sayer *by, struct call_item item[static 2], size_t *n,
               struct ol_fault *f)
{
    if (!is_or_null(m, "form", JSON_NULL)) {
        *n = 0;
        return read_form(l, m, by, item, n, f);
    }
    *n = 1;
    return read_message(l, m, by, item, f);
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

void send_texts(const struct request *r)
{
    struct line *l = line_param(r);
    const json_t *messages = json_object_get(r->params, "messages");
    size_t n = json_array_size(messages);
    const struct sayer by = {.officer = r->officer};
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
        request_fail(r, OL_EXIT_USAGE, "err.station.send", NULL, NULL);
        return;
    }
    items = calloc(2 * n, sizeof *items);
    for (size_t i = 0; items != NULL && i < n; i++) {
        size_t more;
        bool read = send_read(l, json_array_get(messages, i), &by, &items[items_n], &more, &f);

        items_n += more;
        if (!read) {
            items_free(items, items_n);
            client_fault(r->client, r->id, &f);
            return;
        }
    }
    if (items != NULL && !rate_allows(l, items, items_n, &f)) {
        items_free(items, items_n);
        client_fault(r->client, r->id, &f);
        return;
    }
    call = items != NULL ? call_new(l, r->client, r->id, items_n) : NULL;
    if (call == NULL) {
        request_fail(r, OL_EXIT_FAILED, "err.station.memory", NULL, NULL);
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
