/* SPDX-License-Identifier: Apache-2.0 */
/* What a client may do about a message: take it, read it back, answer it, pass it on. */
#include <stdlib.h>
#include <string.h>

#include "desk/ledger.h"
#include "station/station.h"

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
        request_fail(r, OL_EXIT_FAILED, "err.station.memory", NULL, NULL);
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
    if (item_keep(&call->item[0], &w))
        call_write(call);
    else
        call_refuse(call, "err.station.memory");
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

void act_do(const struct request *r)
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
        request_fail(r, OL_EXIT_USAGE, "err.station.act", NULL, NULL);
        return;
    }
    act.message = row.h.seq;
    row.body = ol_span(NULL, 0); /* not the store's any more */
    view_dialogue(l, row.h.author, act.message, &d);
    if (!side_may(l, act.kind, &row)) {
        request_fail(r, OL_EXIT_FAILED, "err.station.act_side", "id", text_param(r, "id"));
        return;
    }
    state = d.state == OL_DELIVERED ? view_state(l, row.h.author, act.message) : d.state;
    if (!roles_allow_act(l, r->officer, &row, &act, &f) ||
        !act_fits(&act, &d, state, text_param(r, "act"), text_param(r, "id"), &f) || !read_act(r, &d, &act, &f) ||
        !read_said(r, l, &row, &act, &misread, &nfc, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    write_act(r, l, &row, &act, &misread);
    free(nfc);
}
