/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at a desk. Both sides' desks are folded from the record; what stands in no entry is when our
 * officer last said that he is there. A start of the station counts as if he had: it asks him anew.
 */
#include <stdlib.h>
#include <string.h>

#include "station/station.h"

const struct ol_desk *desk_of(const struct line *l, bool own)
{
    bool is_b = (l->core->cfg.record.own == 'B') == own;

    return &l->desk[is_b];
}

static void presence(const struct line *l, bool own, struct ol_presence *out)
{
    ol_desk_at(desk_of(l, own), station_now(l->station).utc, out);
}

/* How the other desk is shown. What alarms ask goes by entries alone: an echo that lags behind them raises none. */
static void presence_there(const struct line *l, struct ol_presence *out)
{
    struct ol_now now = station_now(l->station);
    struct ol_line_status st;

    ol_line_status(l->core, now, &st);
    ol_desk_said(desk_of(l, false), now.utc, (enum ol_presence_state)st.said.desk, st.said.time, out);
}

void desk_tell(struct line *l)
{
    struct ol_presence p;

    presence(l, true, &p);
    ol_line_say(l->core, (uint8_t)p.state, l->info.off_record);
}

void desk_note(struct line *l, const struct ol_row *row)
{
    ol_desk_note(&l->desk[row->h.author == 'B'], row);
    if (row->h.author != l->core->cfg.record.own)
        return;
    desk_tell(l);
    if (row->h.kind != OL_KIND_DESK)
        return;
    l->desk_seen = station_now(l->station).ms;
    l->desk_told = false;
}

/* ---- The watch check ---- */

struct ol_watch_check desk_check(const struct line *l)
{
    return (struct ol_watch_check){l->station->conf.watch_check_seconds * (ol_ms)1000, l->desk_seen};
}

static void tell_unanswered(struct line *l)
{
    const struct ol_desk_entry entry = {.what = OL_DESK_UNANSWERED};
    uint8_t body[8];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_desk_write(&entry, &w);
    if (ol_line_write(l->core, OL_KIND_DESK, OL_PRIORITY << 6, ol_wr_span(&w), l->next_token, station_now(l->station)))
        return; /* the next look tries again */
    l->next_token++;
    l->desk_told = true;
    line_drain(l);
}

/* While the station may not sign yet it would only wait in the outbox, and say later what is not so any more. */
void desk_look(struct line *l)
{
    const struct ol_watch_check check = desk_check(l);
    struct ol_fault f;

    desk_tell(l); /* hours that were announced begin by themselves */
    if (ol_watch_check_is_silent(&check, desk_of(l, true), 2, station_now(l->station)) && !l->desk_told &&
        l->core->signing == OL_SIGN_READY && !ending_refuses(l, &f))
        tell_unanswered(l);
}

/* ---- Showing ---- */

static json_t *time_or_null(uint32_t utc)
{
    return utc > 0 ? view_time(utc) : json_null();
}

static json_t *desk_json(const struct line *l, bool own)
{
    struct ol_presence p;

    if (own)
        presence(l, true, &p);
    else
        presence_there(l, &p);
    return json_pack("{s:s,s:o,s:o,s:o,s:s?}", "", ol_presence_name(p.state), "_since", time_or_null(p.since), "_until",
                     time_or_null(p.until), "_by",
                     p.role.len > 0 ? json_stringn((const char *)p.role.p, p.role.len) : json_null(), "_why",
                     ol_presence_why_name(p.why));
}

static void show(json_t *status, const char *whose, json_t *desk)
{
    const char *key;
    json_t *value;

    json_object_foreach(desk, key, value) {
        char name[32];

        snprintf(name, sizeof name, "%s%s", whose, key);
        json_object_set(status, name, value);
    }
    json_decref(desk);
}

/* When our officer is asked next whether he is there. */
static uint32_t check_due(const struct line *l)
{
    struct ol_now now = station_now(l->station);
    struct ol_presence p;

    presence(l, true, &p);
    if (p.state != OL_PRESENCE_ATTENDED || l->station->conf.watch_check_seconds == 0)
        return 0;
    return now.utc - (uint32_t)((now.ms - l->desk_seen) / 1000) + l->station->conf.watch_check_seconds;
}

void desk_show(const struct line *l, json_t *status)
{
    show(status, "desk", desk_json(l, false));
    show(status, "own_desk", desk_json(l, true));
    json_object_set_new(status, "own_desk_check_due", time_or_null(check_due(l)));
}

/* ---- What can be asked ---- */

static void write_entry(const struct request *r, struct line *l, uint8_t kind, const struct ol_wr *body)
{
    struct call *call = entry_call(r, l, kind, body);

    if (call == NULL)
        return;
    call->item[0].flags = OL_PRIORITY << 6;
    call_write(call);
}

/* Being there is said to this station alone: that the desk is attended stands on record. */
static void check(const struct request *r, struct line *l)
{
    struct ol_presence p;
    struct ol_fault f;

    presence(l, true, &p);
    if (p.state != OL_PRESENCE_ATTENDED) {
        ol_fault_set(&f, OL_EXIT_FAILED, "err.desk.check", "line", l->info.name, NULL);
        client_fault(r->client, r->id, &f);
        return;
    }
    l->desk_seen = station_now(r->station).ms;
    alarms_look(l);
    client_result(r->client, r->id, json_pack("{s:i,s:n,s:s,s:s,s:o}", "schema", 1, "id", "line", l->info.name,
                                              "state", "attended", "due", time_or_null(check_due(l))));
}

/* Borrowed from the request; an officer's own, or empty, when it is left out. False with the fault. */
static bool read_role(const struct request *r, struct ol_span *out, struct ol_fault *f)
{
    const json_t *given = json_object_get(r->params, "role");

    if (given == NULL || json_is_null(given)) {
        if (r->officer != NULL)
            *out = ol_span(roles_own(r->officer), strlen(roles_own(r->officer)));
        return true;
    }
    *out = ol_span(json_string_value(given), json_string_length(given));
    if (json_is_string(given) && out->len <= OL_DESK_ROLE_MAX && ol_word_valid(*out))
        return true;
    ol_fault_set(f, OL_EXIT_USAGE, "err.station.word", "field", "role", NULL);
    return false;
}

void desk_say(const struct request *r)
{
    struct line *l = line_param(r);
    const char *act = text_param(r, "act");
    struct ol_desk_entry entry = {0};
    uint8_t body[OL_DESK_ROLE_MAX + 8];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct ol_fault f;

    if (l == NULL)
        return;
    if (act != NULL && strcmp(act, "check") == 0) {
        check(r, l);
        return;
    }
    if (act == NULL || (strcmp(act, "attend") != 0 && strcmp(act, "leave") != 0)) {
        ol_fault_set(&f, OL_EXIT_USAGE, "err.desk.act", NULL);
        client_fault(r->client, r->id, &f);
        return;
    }
    if (!read_role(r, &entry.role, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    entry.what = strcmp(act, "attend") == 0 ? OL_DESK_ATTENDED : OL_DESK_LEFT;
    ol_desk_write(&entry, &w);
    write_entry(r, l, OL_KIND_DESK, &w);
}

static bool read_moment(const struct request *r, const char *name, uint32_t *out)
{
    const json_t *given = json_object_get(r->params, name);
    json_int_t utc = json_integer_value(given);

    *out = json_is_integer(given) && utc > 0 && utc <= UINT32_MAX ? (uint32_t)utc : 0;
    return *out > 0;
}

/* Hours that are over already say nothing to anyone. The reason is in *nfc, which is to be freed. */
static bool read_absence(const struct request *r, struct ol_hours *hours, uint8_t **nfc, struct ol_fault *f)
{
    const json_t *reason = json_object_get(r->params, "reason");

    hours->kind = json_is_true(json_object_get(r->params, "outage")) ? OL_HOURS_OUTAGE : OL_HOURS_AWAY;
    if (!read_moment(r, "from", &hours->from) || !read_moment(r, "to", &hours->to) || hours->from >= hours->to ||
        hours->to <= station_now(r->station).utc) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.desk.hours", NULL);
        return false;
    }
    if (reason == NULL || json_is_null(reason))
        return true;
    if (!read_text(reason, OL_REASON_MAX, nfc, &hours->reason.len, f))
        return false;
    hours->reason.p = *nfc;
    return true;
}

static bool read_announcement(const struct request *r, struct ol_hours *hours, uint8_t **nfc, struct ol_fault *f)
{
    const char *weekly = text_param(r, "weekly");

    if (weekly == NULL)
        return read_absence(r, hours, nfc, f);
    if (ol_weekly_read(ol_span(weekly, strlen(weekly)), hours) == OL_OK)
        return true;
    ol_fault_set(f, OL_EXIT_USAGE, "err.desk.weekly", "value", weekly, NULL);
    return false;
}

void desk_announce(const struct request *r)
{
    struct line *l = line_param(r);
    struct ol_hours hours = {0};
    uint8_t body[OL_REASON_MAX + 24];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    uint8_t *nfc = NULL;
    struct ol_fault f;

    if (l == NULL)
        return;
    if (!read_announcement(r, &hours, &nfc, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    ol_hours_write(&hours, &w);
    write_entry(r, l, OL_KIND_HOURS, &w);
    free(nfc);
}
