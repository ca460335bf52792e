/* SPDX-License-Identifier: Apache-2.0 */
/* How the station and its lines are, as JSON. */
#include <unistd.h>

#include "station/station.h"

static const char *state_of(unsigned up, unsigned configured)
{
    return configured > 0 && up == configured ? "up" : up > 0 ? "degraded" : "down";
}

/* How long ago the path was last proven in both directions: heard, and known to be heard. */
static json_t *proven_json(const struct ol_line_path *p, struct ol_now now)
{
    ol_ms last = p->heard_at < p->confirmed_at ? p->heard_at : p->confirmed_at;

    return p->heard && p->confirmed ? json_integer((json_int_t)(now.ms - last)) : json_null();
}

static json_t *paths_json(struct line *l, struct ol_now now)
{
    json_t *list = json_array();

    for (uint8_t i = 0; i < OL_PATHS; i++) {
        const struct ol_line_path *p = &l->core->path[i];

        if (!p->configured)
            continue;
        json_array_append_new(
            list, json_pack("{s:s,s:s,s:o,s:s,s:o,s:I}", "name", l->path_spec[i], "state",
                            ol_line_path_health(l->core, i, now) == OL_PATH_UP ? "up" : "down", "rtt_ms",
                            p->rtt_ms > 0 ? json_integer(p->rtt_ms) : json_null(), "spec", l->path_spec[i],
                            "last_proven_ms", proven_json(p, now), "asked_every_ms",
                            (json_int_t)l->core->cfg.liveness_ms));
    }
    return list;
}

static const char *signing_name(enum ol_signing signing)
{
    static const char *const names[] = {"asking", "recovering", "resuming", "ready", "stopped"};

    return names[signing];
}

/* Why nothing comes through, or nothing may be signed, in a sentence. */
static const char *reason_key(const struct line *l, const struct ol_line_status *st)
{
    const struct ol_counters *n = &l->core->count;

    if (l->info.revoked)
        return "status.revoked";
    if (st->signing == OL_SIGN_STOPPED)
        return "status.twice";
    if (ending_is_closed(l))
        return "status.closed";
    if (st->no_room)
        return "status.no_room";
    if (st->frozen)
        return "status.frozen";
    if (st->up == 0 && n->frames_in == 0 && n->wrong_key > 0)
        return "status.wrong_key";
    if (st->up == 0 && n->frames_in == 0 && n->wrong_card > 0)
        return "status.wrong_card";
    if (st->signing == OL_SIGN_ASKING)
        return "status.asking";
    if (st->signing == OL_SIGN_RECOVERING)
        return "status.recovering";
    if (l->closing)
        return "status.closed_here";
    if (l->close_seq[line_side(l) == 'A'] > 0)
        return "status.closed_there";
    return NULL;
}

static json_t *who_json(const struct ol_card *card)
{
    struct ol_hash hash;
    char hex[OL_HASH_HEX];

    ol_card_hash(card, &hash);
    ol_hash_hex(&hash, hex);
    return json_pack("{s:s,s:s,s:s,s:s}", "party", card->party, "station", card->station, "lang", card->lang[0],
                     "fingerprint", hex);
}

static json_t *reason_json(struct line *l, const char *key)
{
    char out[2048];
    char hex[OL_HASH_HEX];
    struct ol_wr w = ol_wr_to(out, sizeof out);
    struct ol_hash hash;
    const struct ol_param param[] = {{"line", l->info.name}, {"party", l->peer_card.party},
                                     {"station", l->peer_card.station}, {"fingerprint", hex}};

    ol_card_hash(&l->peer_card, &hash);
    ol_hash_hex(&hash, hex);
    ol_text_write(ol_text(key), param, sizeof param / sizeof param[0], &w);
    return json_stringn(out, w.len);
}

static json_t *line_json(struct line *l, struct ol_now now)
{
    struct ol_line_status st;
    char id[OL_HASH_HEX];
    const char *key;
    json_t *line;

    ol_line_status(l->core, now, &st);
    ol_hash_hex(&l->info.id, id);
    key = reason_key(l, &st);
    line = json_pack(
        "{s:s,s:s,s:o,s:s,s:b,s:b,s:b,s:o,s:o,s:I,s:I,s:o,s:s,s:o,s:s?,s:o,s:I,s:o,s:o}",
        "name", l->info.name, "id", id, "side", json_sprintf("%c", line_side(l)), "state", state_of(st.up, st.configured),
        "compared", l->info.compared, "closed", ending_is_closed(l), "revoked", l->info.revoked,
        "clock_offset_s", l->core->clock_known ? json_integer((json_int_t)l->core->clock_offset_s) : json_null(),
        "last_heard_ms", st.heard ? json_integer((json_int_t)st.heard_ms) : json_null(),
        "own_head", (json_int_t)st.own_head, "peer_head", (json_int_t)st.peer_head, "peer", who_json(&l->peer_card),
        "signing", signing_name(st.signing), "reason", key != NULL ? reason_json(l, key) : json_null(), "reason_key", key,
        "alarms", alarms_of_line(&st), "outbox", (json_int_t)l->outbox_n, "paths", paths_json(l, now), "counters",
        json_pack("{s:I,s:I,s:I,s:I,s:I}", "dropped", (json_int_t)l->core->count.malformed, "replayed",
                  (json_int_t)l->core->count.replayed, "strangers", (json_int_t)l->core->count.strangers, "bytes_in",
                  (json_int_t)l->core->count.bytes_in, "bytes_out", (json_int_t)l->core->count.bytes_out));
    desk_show(l, line);
    linetest_show(l, line);
    off_record_status(l, &st, line);
    return line;
}

json_t *view_status(struct station *s)
{
    json_t *lines = json_array();
    pid_t relay = ol_home_holder(&s->home, OL_HOME_RELAY_LOCK, OL_HOME_RELAY_PID);

    for (size_t i = 0; i < s->lines_n; i++)
        json_array_append_new(lines, line_json(s->line[i], station_now(s)));
    return json_pack("{s:i,s:o,s:{s:i,s:o},s:o}", "schema", 1, "station", who_json(&s->card), "pids", "openlined",
                     (int)getpid(), "openline-relay", relay > 0 ? json_integer(relay) : json_null(), "lines", lines);
}
