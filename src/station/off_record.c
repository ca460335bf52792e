/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages off the record. They are sealed for the paths that are up while their request is answered, or refused: nothing
 * here waits with one. What comes is shown to whoever follows the line at that moment. Neither is written anywhere.
 */
#include <stdio.h>
#include <string.h>

#include "station/station.h"

/* ---- Showing ---- */

static void show(struct line *l, uint8_t author, struct ol_span body)
{
    if (!control_followed(l->station, l))
        return;
    control_event(l->station, l, json_pack("{s:i,s:s,s:s,s:o}", "schema", 1, "line", l->info.name, "event", "message",
                                           "message", view_off_record(l, author, body)));
}

void off_record_came(struct line *l, struct ol_span item)
{
    struct ol_off_record o;

    if (ol_off_record_read(item, &o))
        l->core->count.malformed++;
    else if (ol_off_record_is_new(&l->off_record_seen, o.number))
        show(l, line_side(l) == 'A' ? 'B' : 'A', o.body);
}

void off_record_status(const struct line *l, const struct ol_line_status *st, json_t *status)
{
    json_object_set_new(status, "off_record", json_boolean(l->info.off_record));
    json_object_set_new(status, "peer_off_record", st->said.time > 0 ? json_boolean(st->said.off_record) : json_null());
}

/* ---- Sending ---- */

static bool refuse(struct ol_fault *f, enum ol_exit code, const char *key, const char *name, const char *value)
{
    ol_fault_set(f, code, key, name, value, NULL);
    return false;
}

/* Without what only an entry can have. False with the fault. */
static bool is_plain(const struct request *r, const json_t *m, struct ol_fault *f)
{
    static const char *const of_entries[] = {"form", "fields", "re", "corrects", "cancels"};
    static const struct {
        const char *name;
        const char *value; /* the only one that is meant */
    } fixed[] = {{"precedence", "routine"}, {"answer", "n"}};

    if (!json_is_object(m))
        return refuse(f, OL_EXIT_USAGE, "err.station.field", NULL, NULL);
    if (!is_or_null(r->params, "wait", JSON_NULL))
        return refuse(f, OL_EXIT_USAGE, "err.off_record.option", "option", "wait");
    if (json_is_true(json_object_get(m, "exercise")))
        return refuse(f, OL_EXIT_USAGE, "err.off_record.option", "option", "exercise");
    for (size_t i = 0; i < sizeof of_entries / sizeof of_entries[0]; i++) {
        if (!is_or_null(m, of_entries[i], JSON_NULL))
            return refuse(f, OL_EXIT_USAGE, "err.off_record.option", "option", of_entries[i]);
    }
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        const char *given = json_string_value(json_object_get(m, fixed[i].name));

        if (given != NULL && strcmp(given, fixed[i].value) != 0)
            return refuse(f, OL_EXIT_USAGE, "err.off_record.option", "option", fixed[i].name);
    }
    return true;
}

/* What one frame of each path that is up holds of an item; SIZE_MAX: none is up. */
static size_t room_of(const struct line *l, struct ol_now now)
{
    size_t room = SIZE_MAX;

    for (uint8_t i = 0; i < OL_PATHS; i++) {
        size_t mtu = l->core->path[i].mtu;

        if (ol_line_path_health(l->core, i, now) == OL_PATH_UP && mtu - OL_FRAME_OVERHEAD - 1 < room)
            room = mtu - OL_FRAME_OVERHEAD - 1;
    }
    return room;
}

/* Whether both sides' policy and the line allow one now. False with the fault. */
static bool may_send(struct line *l, struct ol_fault *f)
{
    struct ol_line_status st;

    if (ending_refuses(l, f))
        return false;
    ol_line_status(l->core, station_now(l->station), &st);
    if (!l->info.off_record)
        return refuse(f, OL_EXIT_FAILED, "err.off_record.own", "line", l->info.name);
    if (st.up == 0)
        return refuse(f, OL_EXIT_FAILED, "err.off_record.down", "line", l->info.name);
    if (st.said.time == 0)
        return refuse(f, OL_EXIT_FAILED, "err.off_record.unknown", "line", l->info.name);
    return st.said.off_record || refuse(f, OL_EXIT_FAILED, "err.off_record.peer", "line", l->info.name);
}

/* By every path that takes it at once. */
static bool send_item(struct line *l, struct ol_span item)
{
    struct ol_out out;
    bool sent = false;

    line_drain(l); /* what is owed goes first */
    for (uint8_t i = 0; i < OL_PATHS; i++) {
        if (ol_line_off_record(l->core, i, item, &out))
            continue;
        line_send(l, &out);
        sent = true;
    }
    return sent;
}

/* How long the text of such a message may be. */
static size_t text_limit(struct ol_span body, size_t room)
{
    size_t over = OL_OFF_RECORD_HEAD + body.len - room;
    struct ol_message m;

    return ol_message_read(body, &m) == OL_OK && m.text.len > over ? m.text.len - over : 0;
}

static bool send_body(struct line *l, struct ol_span body, struct ol_fault *f)
{
    size_t room = room_of(l, station_now(l->station));
    struct ol_off_record o = {.body = body};
    uint8_t bytes[OL_FRAME_MAX];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    char limit[16];
    bool sent;

    if (OL_OFF_RECORD_HEAD + body.len > room) {
        snprintf(limit, sizeof limit, "%zu", text_limit(body, room));
        return refuse(f, OL_EXIT_FAILED, "err.off_record.long", "limit", limit);
    }
    while (o.number == 0)
        l->core->cfg.random.fill(l->core->cfg.random.ctx, &o.number, sizeof o.number);
    ol_off_record_write(&o, &w);
    sent = !w.full && send_item(l, ol_wr_span(&w));
    ol_wipe(bytes, sizeof bytes);
    if (!sent)
        return refuse(f, OL_EXIT_FAILED, "err.off_record.busy", "line", l->info.name);
    show(l, line_side(l), body);
    return true;
}

void off_record_say(const struct request *r)
{
    struct line *l = line_param(r);
    const json_t *m = json_object_get(r->params, "message");
    const struct sayer by = {.officer = r->officer};
    struct call_item item[2] = {0};
    size_t n;
    struct ol_fault f;

    if (l == NULL)
        return;
    if (is_plain(r, m, &f) && may_send(l, &f) && send_read(l, m, &by, item, &n, &f) &&
        send_body(l, ol_span(item[0].body.p, item[0].body.len), &f))
        client_result(r->client, r->id, json_pack("{s:i,s:n,s:s,s:s,s:b}", "schema", 1, "id", "line", l->info.name,
                                                  "state", "sent", "off_record", 1));
    else
        client_fault(r->client, r->id, &f);
    ol_blob_free(&item[0].body);
}
