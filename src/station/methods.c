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

struct request {
    struct station *station;
    struct client *client;
    const json_t *id;
    const json_t *params;
};

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

static const char *text_param(const struct request *r, const char *name)
{
    return json_string_value(json_object_get(r->params, name));
}

/* The line that the request names, or NULL and an answer. */
static struct line *line_param(const struct request *r)
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

/* In NFC, in memory of its own (free it); NULL when it is not UTF-8 or there is no memory. */
static uint8_t *to_nfc(const json_t *value, size_t *len)
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

/* A text as it will be signed. False with the fault. */
static bool read_text(const json_t *value, size_t max, uint8_t **out, size_t *len, struct ol_fault *f)
{
    *out = to_nfc(value, len);
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

static bool keep_body(struct call_item *item, const struct ol_wr *w)
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

/* One message of a send. False with the fault. */
static bool read_message(const struct line *l, const json_t *m, struct call_item *item, struct ol_fault *f)
{
    static uint8_t body[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct ol_message message = {0};
    const char *lang = json_string_value(json_object_get(m, "lang"));
    const json_t *subject = json_object_get(m, "subject");
    const json_t *urgency = json_object_get(m, "precedence");
    int precedence = urgency == NULL || json_is_null(urgency) ? OL_ROUTINE : precedence_of(json_string_value(urgency));
    uint8_t *text = NULL;
    uint8_t *title = NULL;
    bool ok = false;

    if (precedence < 0) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.precedence", NULL);
        return false;
    }
    if (!is_or_null(m, "lang", JSON_STRING) || !is_or_null(m, "subject", JSON_STRING) ||
        !(is_or_null(m, "exercise", JSON_TRUE) || is_or_null(m, "exercise", JSON_FALSE))) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.field", NULL);
        return false;
    }
    if (lang == NULL)
        lang = l->station->conf.lang;
    if (!ol_lang_valid(ol_span(lang, strlen(lang)))) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.lang", "lang", lang, NULL);
        return false;
    }
    if (!read_text(json_object_get(m, "text"), OL_TEXT_MAX, &text, &message.text.len, f))
        goto out;
    message.text.p = text;
    if (json_is_string(subject) && json_string_length(subject) > 0) {
        if (!read_text(subject, SUBJECT_MAX, &title, &message.subject.len, f))
            goto out;
        message.subject.p = title;
    }
    if (strcmp(lang, l->own_card.lang[0]) != 0)
        message.lang = ol_span(lang, strlen(lang));
    ol_message_write(&message, &w);
    item->kind = OL_KIND_MESSAGE;
    item->flags = (uint8_t)(precedence << 6 | (json_is_true(json_object_get(m, "exercise")) ? OL_FLAG_EXERCISE : 0));
    ok = keep_body(item, &w);
    if (!ok)
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.memory", NULL);
out:
    free(text);
    free(title);
    return ok;
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
    struct ol_fault f;
    struct call *call;

    if (l == NULL)
        return;
    if (n == 0 || n > TEXTS_MAX || wait < 0 || timeout < 0) {
        fail(r, OL_EXIT_USAGE, "err.station.send", NULL, NULL);
        return;
    }
    items = calloc(n, sizeof *items);
    for (size_t i = 0; items != NULL && i < n; i++) {
        if (!read_message(l, json_array_get(messages, i), &items[i], &f)) {
            items_free(items, i);
            client_fault(r->client, r->id, &f);
            return;
        }
    }
    call = items != NULL ? call_new(l, r->client, r->id, n) : NULL;
    if (call == NULL) {
        fail(r, OL_EXIT_FAILED, "err.station.memory", NULL, NULL);
        items_free(items, items != NULL ? n : 0);
        return;
    }
    memcpy(call->item, items, n * sizeof *items);
    free(items);
    call->wait = (enum wait_for)wait;
    if (wait != WAIT_DURABLE)
        call_start_timer(call, (uint64_t)timeout);
    call_write(call);
}

/* ---- Acts ---- */

static uint8_t act_kind(const char *name)
{
    static const char *const names[] = {"take", "readback", "confirm", "correct", "decline"};

    for (unsigned i = 0; name != NULL && i < 5; i++) {
        if (strcmp(name, names[i]) == 0)
            return (uint8_t)(OL_KIND_TAKE + i);
    }
    return 0;
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
        row->h.kind != OL_KIND_MESSAGE) {
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

static void write_act(const struct request *r, struct line *l, const struct ol_row *message, const struct ol_act *act)
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
    call->about_author = message->h.author;
    call->about = message->h.seq;
    call->item[0].kind = act->kind;
    /* An act is as urgent as the message it answers, and as much of an exercise. */
    call->item[0].flags = message->h.flags & (0xc0 | OL_FLAG_EXERCISE);
    if (!keep_body(&call->item[0], &w)) {
        fail(r, OL_EXIT_FAILED, "err.station.memory", NULL, NULL);
        call->client = NULL;
    }
    call_write(call);
}

static void method_act(const struct request *r)
{
    struct line *l = line_param(r);
    uint8_t kind = act_kind(text_param(r, "act"));
    const json_t *text = json_object_get(r->params, "text");
    struct ol_act act = {.kind = kind};
    struct ol_dialogue d;
    struct ol_row row;
    struct ol_fault f;
    uint8_t *nfc = NULL;

    if (l == NULL || (kind != 0 && !message_param(r, l, &row)))
        return;
    if (kind == 0) {
        fail(r, OL_EXIT_USAGE, "err.station.act", NULL, NULL);
        return;
    }
    act.message = row.h.seq;
    view_dialogue(l, row.h.author, act.message, &d);
    if (!side_may(l, kind, &row)) {
        fail(r, OL_EXIT_FAILED, "err.station.act_side", "id", text_param(r, "id"));
        return;
    }
    if (row.h.author == l->core->cfg.record.own && d.state == OL_DELIVERED)
        d.state = view_state(l, row.h.author, act.message);
    if (!ol_act_allowed(d.state, kind)) {
        ol_fault_set(&f, OL_EXIT_FAILED, "err.station.act_state", "act", text_param(r, "act"), "id", text_param(r, "id"),
                     "state", ol_message_state_name(d.state), NULL);
        client_fault(r->client, r->id, &f);
        return;
    }
    act.about = kind == OL_KIND_READBACK ? d.version : kind == OL_KIND_CONFIRM ? d.readback : 0;
    if (kind == OL_KIND_READBACK || kind == OL_KIND_CORRECT || (kind == OL_KIND_DECLINE && json_is_string(text))) {
        if (!read_text(text, OL_TEXT_MAX, &nfc, &act.text.len, &f)) {
            client_fault(r->client, r->id, &f);
            return;
        }
        act.text.p = nfc;
    }
    write_act(r, l, &row, &act);
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

static void method_list(const struct request *r)
{
    struct line *l = line_param(r);
    struct ol_fault f;

    if (l != NULL)
        answer_view(r, view_list(l, json_is_true(json_object_get(r->params, "open")), text_param(r, "after"),
                                 limit_param(r), &f), &f);
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

    if (l != NULL && message_param(r, l, &row))
        done(r, view_show(l, &row));
}

static void method_follow(const struct request *r)
{
    struct line *l = line_param(r);

    if (l == NULL)
        return;
    client_follow(r->client, l);
    done(r, json_pack("{s:i}", "schema", 1));
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

/* A call for one entry about the line itself, or NULL and an answer. */
static struct call *entry_call(const struct request *r, struct line *l, uint8_t kind,
                               const struct ol_wr *body)
{
    struct call *call = call_new(l, r->client, r->id, 1);

    if (call == NULL) {
        fail(r, OL_EXIT_FAILED, "err.station.memory", NULL, NULL);
        return NULL;
    }
    call->is_entry = true;
    call->item[0].kind = kind;
    if (keep_body(&call->item[0], body))
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
