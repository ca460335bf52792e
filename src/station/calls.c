/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that wait: for their texts to be durable, delivered, taken or confirmed. A
 * request is answered once; what it asked for goes on whatever becomes of its client.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "station/station.h"

struct call *call_new(struct line *l, struct client *c, const json_t *id, size_t n)
{
    struct call *call = calloc(1, sizeof *call + n * sizeof call->item[0]);
    struct call **at = &l->calls;

    if (call == NULL)
        return NULL;
    call->line = l;
    call->client = c;
    call->id = json_deep_copy(id);
    call->n = n;
    while (*at != NULL)
        at = &(*at)->next;
    *at = call;
    return call;
}

static void release(struct call *call)
{
    for (size_t i = 0; i < call->n; i++)
        ol_blob_free(&call->item[i].body);
    json_decref(call->id);
    free(call);
}

static void on_timer_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void end(struct call *call)
{
    struct call **at = &call->line->calls;

    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    call->closing = true;
    if (call->timed)
        uv_close((uv_handle_t *)&call->timer, on_timer_closed);
    else
        release(call);
}

void calls_end(struct line *l)
{
    while (l->calls != NULL)
        end(l->calls);
}

/* ---- Answers ---- */

/* What the line has told says it all: nothing is read for an answer. */
static enum ol_message_state item_state(const struct call *call, const struct call_item *item)
{
    if (item->state != OL_RELEASED)
        return item->state;
    if (item->delivered_at > 0)
        return OL_DELIVERED;
    return item->seq > 0 && ol_line_was_sent(call->line->core, item->seq) ? OL_SENT : OL_RELEASED;
}

static json_t *item_json(const struct call *call, const struct call_item *item)
{
    const struct line *l = call->line;

    return json_pack("{s:o,s:s,s:s,s:s,s:o}", "id",
                     item->seq > 0 ? view_id(l->core->cfg.record.own, item->seq) : json_null(), "line", l->info.name,
                     "precedence", view_precedence(item->flags), "state",
                     ol_message_state_name(item_state(call, item)), "delivered_at",
                     item->delivered_at > 0 ? view_time(item->delivered_at) : json_null());
}

static const char *outcome_of(const struct call *call)
{
    bool delivered = true;

    for (size_t i = 0; i < call->n; i++) {
        if (call->item[i].over)
            return "declined";
        delivered = delivered && (call->item[i].delivered_at > 0 || call->item[i].reached);
    }
    if (call->reached == call->n)
        return "done";
    return delivered ? "not_taken" : "not_delivered";
}

static void answer_send(struct call *call)
{
    json_t *messages = json_array();

    for (size_t i = 0; i < call->n; i++)
        if (ol_kind_is_message(call->item[i].kind))
            json_array_append_new(messages, item_json(call, &call->item[i]));
    client_result(call->client, call->id, json_pack("{s:i,s:o,s:s}", "schema", 1, "messages", messages, "outcome",
                                                    outcome_of(call)));
}

static void answer_act(struct call *call)
{
    struct line *l = call->line;
    const struct call_item *item = &call->item[0];
    enum ol_message_state state = view_state(l, call->about_author, call->about);

    client_result(call->client, call->id,
                  json_pack("{s:i,s:o,s:s,s:s,s:o,s:o}", "schema", 1, "id", view_id(call->about_author, call->about),
                            "line", l->info.name, "state", ol_message_state_name(state), "entry",
                            item->seq > 0 ? view_id(l->core->cfg.record.own, item->seq) : json_null(), "misread",
                            form_misread(&call->misread)));
}

static void answer_entry(struct call *call)
{
    struct line *l = call->line;
    uint32_t seq = call->item[0].seq;

    client_result(call->client, call->id,
                  json_pack("{s:i,s:o,s:s,s:s}", "schema", 1, "id",
                            seq > 0 ? view_id(l->core->cfg.record.own, seq) : json_null(), "line",
                            l->info.name, "state", "released"));
}

static void answer(struct call *call)
{
    if (call->is_entry)
        answer_entry(call);
    else if (call->is_act)
        answer_act(call);
    else
        answer_send(call);
    end(call);
}

void call_refuse(struct call *call, const char *key)
{
    struct ol_fault f;

    ol_fault_set(&f, OL_EXIT_FAILED, key, "line", call->line->info.name, NULL);
    client_fault(call->client, call->id, &f);
    end(call);
}

static bool all_durable(const struct call *call)
{
    for (size_t i = 0; i < call->n; i++) {
        if (!call->item[i].durable)
            return false;
    }
    return true;
}

/* Time is up; but `released` means durable here, so the answer waits for that in any case. */
static void on_timer(uv_timer_t *timer)
{
    struct call *call = timer->data;

    if (all_durable(call))
        answer(call);
    else
        call->late = true;
}

void call_start_timer(struct call *call, uint64_t ms)
{
    uv_timer_init(&call->line->station->loop, &call->timer);
    call->timer.data = call;
    call->timed = true;
    uv_timer_start(&call->timer, on_timer, ms, 0);
}

/* ---- Writing ---- */

void call_write(struct call *call)
{
    struct line *l = call->line;

    if (call->written == 0 && crossing_refuses(call)) {
        call_refuse(call, "err.station.crossing");
        return;
    }
    while (call->written < call->n) {
        struct call_item *item = &call->item[call->written];
        struct ol_fault f;
        enum ol_err err;

        if (ending_refuses(l, &f)) {
            client_fault(call->client, call->id, &f);
            end(call);
            return;
        }
        item->token = l->next_token;
        err = ol_line_write(l->core, item->kind, item->flags, ol_span(item->body.p, item->body.len), item->token,
                            station_now(l->station));
        if (err == OL_LATER)
            return;
        if (err) {
            call_refuse(call, err == OL_NO_ROOM ? "err.station.no_room"
                         : err == OL_UNEXPECTED ? "err.station.stopped" : "err.station.failed");
            return;
        }
        l->next_token++;
        l->closing = l->closing || item->kind == OL_KIND_CLOSE;
        if (call->draft > 0 && ol_kind_is_message(item->kind))
            draft_handed(l->station, call->draft);
        ol_blob_free(&item->body);
        call->written++;
    }
}

void calls_retry(struct line *l)
{
    struct call *next;

    for (struct call *call = l->calls; call != NULL; call = next) {
        next = call->next;
        if (call->written < call->n)
            call_write(call);
    }
}

/* ---- What the line told ---- */

static void reach(struct call *call, struct call_item *item)
{
    if (item->reached)
        return;
    item->reached = true;
    call->reached++;
}

static struct call_item *item_by_token(struct call *call, uint64_t token)
{
    uint64_t first = call->item[0].token;

    /* Tokens of one call are given in one go, or in a few when the batch was full: nearly always adjacent. */
    if (call->written > 0 && token >= first && token - first < call->written &&
        call->item[token - first].token == token)
        return &call->item[token - first];
    for (size_t i = 0; i < call->written; i++) {
        if (call->item[i].token == token)
            return &call->item[i];
    }
    return NULL;
}

static void item_durable(struct line *l, const struct ol_put *put)
{
    for (struct call *call = l->calls; call != NULL; call = call->next) {
        struct call_item *item = item_by_token(call, put->token);

        if (item == NULL)
            continue;
        item->durable = true;
        if (put->what == OL_PUT_ROW)
            item->seq = put->row.h.seq;
        /* What gives a form its number waits for nobody's answer. */
        if (call->wait == WAIT_DURABLE || item->kind == OL_KIND_FORM_NUMBER)
            reach(call, item);
        return;
    }
}

/* The line itself writes a resume: whoever ordered one learns its number. */
static void resume_durable(struct line *l, uint32_t seq)
{
    for (struct call *call = l->calls; call != NULL; call = call->next) {
        if (!call->is_entry || call->item[0].kind != OL_KIND_RESUME)
            continue;
        call->item[0].seq = seq;
        reach(call, &call->item[0]);
    }
}

static void answer_complete(struct line *l)
{
    struct call *next;

    for (struct call *call = l->calls; call != NULL; call = next) {
        bool over = false;

        next = call->next;
        for (size_t i = 0; i < call->n && call->wait > WAIT_DELIVERED; i++)
            over = over || call->item[i].over;
        if (call->reached == call->n || over || (call->late && all_durable(call)))
            answer(call);
    }
}

static void tell_followers(struct line *l, uint8_t author, uint32_t seq)
{
    struct ol_row row;

    if (!control_followed(l->station, l) ||
        ol_store_row(l->station->store, l->info.number, author, seq, &row) != OL_OK || !ol_kind_is_message(row.h.kind))
        return;
    control_event(l->station, l, json_pack("{s:i,s:s,s:s,s:o}", "schema", 1, "line", l->info.name, "event", "message",
                                           "message", view_message(l, &row, l->station->conf.lang)));
}

void calls_committed(struct line *l, const struct ol_batch *batch)
{
    rate_look(l);
    for (size_t i = 0; i < batch->n; i++) {
        const struct ol_put *put = &batch->puts[i];
        uint8_t author;
        uint32_t seq;

        if (put->token > 0 && (put->what == OL_PUT_ROW || put->what == OL_PUT_OUTBOX))
            item_durable(l, put);
        if (put->what != OL_PUT_ROW)
            continue;
        if (put->row.h.kind == OL_KIND_RESUME && put->row.h.author == l->core->cfg.record.own)
            resume_durable(l, put->row.h.seq);
        ol_message_refer(&put->row, &author, &seq);
        if (author != 0)
            calls_changed(l, author, seq);
        if (author != 0)
            watch_changed(l, author, seq);
        if (ol_kind_is_message(put->row.h.kind))
            watch_message(l, &put->row.h);
        if (ol_kind_is_message(put->row.h.kind))
            tell_followers(l, put->row.h.author, put->row.h.seq);
    }
    answer_complete(l);
}

void calls_named(struct line *l, uint32_t from, uint32_t to, uint32_t time)
{
    l->told[l->told_n++ % TOLD] = (struct told){from, to, time};
    for (struct call *call = l->calls; call != NULL; call = call->next) {
        for (size_t i = 0; i < call->written; i++) {
            struct call_item *item = &call->item[i];

            if (item->seq < from || item->seq > to || item->seq == 0 || item->delivered_at > 0)
                continue;
            item->delivered_at = time;
            if (call->wait == WAIT_DELIVERED)
                reach(call, item);
        }
    }
    answer_complete(l);
    if (control_followed(l->station, l) && to - from < 1024) {
        for (uint32_t seq = from; seq <= to; seq++)
            tell_followers(l, l->core->cfg.record.own, seq);
    }
}

void calls_changed(struct line *l, uint8_t author, uint32_t seq)
{
    enum ol_message_state state = view_state(l, author, seq);

    for (struct call *call = l->calls; call != NULL; call = call->next) {
        if (call->is_act || author != l->core->cfg.record.own)
            continue;
        for (size_t i = 0; i < call->n; i++) {
            struct call_item *item = &call->item[i];

            if (item->seq != seq)
                continue;
            item->state = state;
            if (call->wait < WAIT_TAKEN)
                continue;
            item->over = state == OL_DECLINED;
            if (state == OL_CONFIRMED || (call->wait == WAIT_TAKEN && state >= OL_TAKEN && state != OL_DECLINED))
                reach(call, item);
        }
    }
    tell_followers(l, author, seq);
}

/* Whoever waits for the disk is told so at once. What was signed already keeps its number and goes when there is
 * room; the words of the refusal say so. */
void calls_no_room(struct line *l)
{
    struct call *next;

    for (struct call *call = l->calls; call != NULL; call = next) {
        bool waits = call->written < call->n;

        next = call->next;
        for (size_t i = 0; i < call->written; i++)
            waits = waits || !call->item[i].durable;
        if (waits)
            call_refuse(call, "err.station.no_room_signed");
    }
}

void calls_drop_client(struct station *s, const struct client *c)
{
    for (size_t i = 0; i < s->lines_n; i++) {
        for (struct call *call = s->line[i]->calls; call != NULL; call = call->next) {
            if (call->client == c)
                call->client = NULL;
        }
    }
}
