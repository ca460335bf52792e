/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked on the control socket; each answers, or leaves a call that will. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utf8proc.h>

#include "desk/ledger.h"
#include "station/station.h"

void request_fail(const struct request *r, enum ol_exit code, const char *key, const char *name, const char *value)
{
    struct ol_fault f;

    ol_fault_set(&f, code, key, name, value, NULL);
    client_fault(r->client, r->id, &f);
}

void request_done(const struct request *r, json_t *result)
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
        request_fail(r, OL_EXIT_USAGE, "err.station.line", "line", name != NULL ? name : "");
    return l;
}

bool message_param(const struct request *r, struct line *l, struct ol_row *row)
{
    const char *id = text_param(r, "id");
    uint8_t author;
    uint32_t seq;

    if (id == NULL || !ol_entry_id_read(id, &author, &seq)) {
        request_fail(r, OL_EXIT_USAGE, "err.station.id", "id", id != NULL ? id : "");
        return false;
    }
    if (ol_store_row(r->station->store, l->info.number, author, seq, row) != OL_OK ||
        !ol_kind_is_message(row->h.kind)) {
        request_fail(r, OL_EXIT_FAILED, "err.station.message", "id", id);
        return false;
    }
    return true;
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

bool is_or_null(const json_t *object, const char *name, json_type type)
{
    const json_t *value = json_object_get(object, name);

    return value == NULL || json_is_null(value) || json_typeof(value) == type;
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

/* ---- Looking ---- */

static void answer_view(const struct request *r, json_t *view, const struct ol_fault *f)
{
    if (view == NULL)
        client_fault(r->client, r->id, f);
    else
        request_done(r, view);
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
    request_fail(r, OL_EXIT_USAGE, "err.station.lang", "lang", *lang);
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
        request_done(r, view_show(l, &row, lang));
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
        events_look(l);
    }
    if (alarms)
        client_follow_alarms(r->client);
    request_done(r, json_pack("{s:i}", "schema", 1));
}

static void method_alarms(const struct request *r)
{
    request_done(r, alarms_list(r->station));
}

/* The id that the request names, NULL for all; or false and an answer. */
static bool alarm_param(const struct request *r, const char **id)
{
    *id = text_param(r, "id");
    if (is_or_null(r->params, "id", JSON_STRING))
        return true;
    request_fail(r, OL_EXIT_USAGE, "err.station.field", NULL, NULL);
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
    request_done(r, json_pack("{s:i,s:s,s:i}", "schema", 1, "version", OL_VERSION, "pid", (int)getpid()));
}

static void method_status(const struct request *r)
{
    request_done(r, view_status(r->station));
}

/* ---- The station itself ---- */

static void exchange(struct ol_keyring *a, struct ol_keyring *b)
{
    struct ol_keyring was = *a;

    *a = *b;
    *b = was;
    ol_wipe(&was, sizeof was);
}

/* New keys are taken with the lines that need them, or not at all: its own a station keeps for life. False with the
 * fault. */
static bool load_anew(struct station *s, struct ol_fault *f)
{
    struct ol_keyring keys;
    enum ol_err err = ol_home_keys_read(&s->home, &keys, f);

    if (err)
        return false;
    if (ol_secret_equal(keys.sign.b, s->keys.sign.b, sizeof keys.sign.b) &&
        ol_secret_equal(keys.agree.b, s->keys.agree.b, sizeof keys.agree.b)) {
        exchange(&keys, &s->keys);
        err = lines_load(s, f);
        if (err)
            exchange(&keys, &s->keys);
    } else {
        err = OL_MISMATCH;
        ol_fault_set(f, OL_EXIT_MISMATCH, "err.card.keys", "file", OL_HOME_CARD, "keys", OL_HOME_KEYS, NULL);
    }
    ol_keyring_fini(&keys);
    return !err;
}

static void method_reload(const struct request *r)
{
    struct ol_fault f;
    json_t *refused;

    if (!load_anew(r->station, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    carrier_reload(r->station);
    refused = json_array();
    form_reload(r->station, refused);
    request_done(r, json_pack("{s:i,s:o}", "schema", 1, "refused", refused));
}

struct call *entry_call(const struct request *r, struct line *l, uint8_t kind, const struct ol_wr *body)
{
    struct call *call = call_new(l, r->client, r->id, 1);

    if (call == NULL) {
        request_fail(r, OL_EXIT_FAILED, "err.station.memory", NULL, NULL);
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
        request_fail(r, OL_EXIT_USAGE, "err.station.reason", NULL, NULL);
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

/* Whether an entry would be taken now. False with the fault. */
static bool may_write(const struct line *l, struct ol_fault *f)
{
    if (ending_refuses(l, f))
        return false;
    if (l->core->signing == OL_SIGN_STOPPED)
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.stopped", "line", l->info.name, NULL);
    else if (l->core->no_room)
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.no_room", "line", l->info.name, NULL);
    return l->core->signing != OL_SIGN_STOPPED && !l->core->no_room;
}

/* The stream goes on at once, its entry follows: so it must be one that can be written. */
static void unfreeze(const struct request *r, struct line *l, struct ol_span reason)
{
    const struct ol_stream *peer = ol_record_peer(&l->core->record);
    const struct ol_unfreeze u = {.resume = waiting_resume(peer), .reason = reason};
    uint8_t body[OL_REASON_MAX + 16];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct ol_fault f;
    struct call *call;

    if (!peer->frozen) {
        request_fail(r, OL_EXIT_FAILED, "err.station.not_frozen", "line", l->info.name);
        return;
    }
    if (!may_write(l, &f)) {
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
    request_done(r, json_pack("{s:i}", "schema", 1));
}

static void method_stop(const struct request *r)
{
    request_done(r, json_pack("{s:i}", "schema", 1));
    station_log("ending: asked to");
    station_stop(r->station, 0);
}

static const struct {
    const char *name;
    void (*run)(const struct request *r);
} methods[] = {
    {"ping", method_ping},       {"status", method_status},
    {"send", send_texts},       {"act", act_do},
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
    {"test_send", linetest_send}, {"test_answer", linetest_answer},
    {"tests", linetest_list},
    {"desk", desk_say},          {"desk_hours", desk_announce},
    {"off_record", off_record_say},
    {"roster", roster_say},      {"roles", roster_list},
    {"officer", officer_set},    {"officers", officer_list},
    {"rule", rule_set},          {"rules", rule_list},
    {"draft", draft_write},      {"drafts", draft_list},
    {"draft_show", draft_show},  {"clear", draft_clear},
    {"release", draft_release},
};

void method_run(struct station *s, struct client *c, const json_t *id, const char *method, const json_t *params)
{
    struct request r = {.station = s, .client = c, .id = id, .params = params};
    struct ol_fault f;

    if (!roles_admit(&r, method, &f)) {
        client_fault(c, id, &f);
        return;
    }
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(methods[i].name, method) == 0) {
            methods[i].run(&r);
            return;
        }
    }
    ol_fault_set(&f, (enum ol_exit)-32601, "err.station.method", "method", method, NULL);
    client_fault(c, id, &f);
}
