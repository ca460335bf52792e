/* SPDX-License-Identifier: Apache-2.0 */
/* status: what the station says of itself, or what stands in its home when it does not run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/programs.h"
#include "path/conf.h"
#include "station/setup.h"

/* A station that does not run. */

static json_t *card_object(const struct ol_card *card, bool with_lang)
{
    char hex[OL_HASH_HEX];
    struct ol_hash hash;

    ol_card_hash(card, &hash);
    ol_hash_hex(&hash, hex);
    return json_pack("{s:s,s:s,s:s*,s:s}", "party", card->party, "station", card->station, "lang",
                     with_lang ? card->lang[0] : NULL, "fingerprint", hex);
}

/* Follows one stream's chain. Entries above a gap are on disk too but not yet part of it; a resume goes
 * on from where its author found himself. */
struct walk {
    struct ol_hash hash;
    uint32_t head;
    bool closed;
};

static bool follow_chain(void *ctx, const struct ol_row *row)
{
    struct walk *w = ctx;

    if (row->h.kind == OL_KIND_RESUME || ol_hash_equal(&row->h.prev, &w->hash))
        *w = (struct walk){row->hash, row->h.seq, w->closed || row->h.kind == OL_KIND_CLOSE};
    return true;
}

static bool count_one(void *ctx, const struct ol_outbox_item *item)
{
    (void)item;
    ++*(json_int_t *)ctx;
    return true;
}

static json_t *paths_of(const struct ol_conf *conf, const struct ol_hash *line)
{
    json_t *paths = json_array();
    char hex[OL_HASH_HEX];

    ol_hash_hex(line, hex);
    hex[OL_CONF_LINE] = '\0';
    for (size_t i = 0; i < conf->count; i++) {
        char spec[OL_SPEC_MAX];

        if (strcmp(conf->paths[i].line, hex) != 0)
            continue;
        ol_spec_print(&conf->paths[i].spec, spec);
        json_array_append_new(paths, json_pack("{s:s,s:s,s:n,s:s}", "name", spec, "state", "down",
                                               "rtt_ms", "spec", spec));
    }
    return paths;
}

struct gathering {
    struct ol_line_info *line;
    size_t n;
    bool failed;
};

/* Lines are read first and looked into afterwards: a store answers one question at a time. */
static bool gather(void *ctx, const struct ol_line_info *info)
{
    struct gathering *g = ctx;
    struct ol_line_info *grown = realloc(g->line, (g->n + 1) * sizeof *grown);

    g->failed = grown == NULL;
    if (g->failed)
        return false;
    g->line = grown;
    g->line[g->n++] = *info;
    return true;
}

static enum ol_err line_object(struct ol_store *store, const struct ol_line_info *info,
                               const struct ol_conf *conf, json_t **out)
{
    struct walk own = {0};
    struct walk theirs = {0};
    json_int_t outbox = 0;
    const char *why = info->revoked ? "status.revoked" : "say.status.stopped";
    struct ol_card own_card;
    struct ol_card peer_card;
    char id[OL_HASH_HEX];
    char side[2] = "A";
    enum ol_err err = ol_card_read(ol_span(info->own_card, info->own_card_len), &own_card);

    if (!err)
        err = ol_card_read(ol_span(info->peer_card, info->peer_card_len), &peer_card);
    if (err)
        return err;
    side[0] = (char)ol_side_of(&own_card, &peer_card);
    err = ol_store_scan(store, info->number, side[0], 1, follow_chain, &own);
    if (!err)
        err = ol_store_scan(store, info->number, side[0] == 'A' ? 'B' : 'A', 1, follow_chain, &theirs);
    if (!err)
        err = ol_store_outbox(store, info->number, count_one, &outbox);
    if (err)
        return err;
    ol_hash_hex(&info->id, id);
    *out = json_pack(
        "{s:s,s:s,s:s,s:s,s:b,s:b,s:b,s:n,s:n,s:I,s:I,s:o,s:s,s:s,s:s,s:[],s:I,s:o,s:{s:n,s:n,s:n},"
        "s:s,s:n,s:n,s:n,s:n,s:s,s:n,s:n,s:n,s:n,s:n,s:{s:s,s:n,s:n,s:n,s:n},s:b,s:n}", "name",
        info->name, "id", id, "side", side, "state", "down", "compared", info->compared, "closed",
        own.closed && theirs.closed, "revoked", info->revoked, "clock_offset_s", "last_heard_ms",
        "own_head", (json_int_t)own.head, "peer_head", (json_int_t)theirs.head, "peer",
        card_object(&peer_card, false), "signing", "stopped", "reason", ol_text(why), "reason_key", why,
        "alarms", "outbox", outbox, "paths", paths_of(conf, &info->id), "counters", "dropped", "replayed", "strangers",
        "desk", "unknown", "desk_since", "desk_until", "desk_by", "desk_why", "own_desk", "unknown", "own_desk_since",
        "own_desk_until", "own_desk_by", "own_desk_why", "own_desk_check_due", "tests", "state", "none", "last", "next",
        "side", "unanswered", "off_record", info->off_record, "peer_off_record");
    return *out != NULL ? OL_OK : OL_NO_ROOM;
}

static enum ol_err lines_array(struct ol_store *store, const struct ol_conf *conf, json_t *lines)
{
    struct gathering g = {0};
    enum ol_err err = ol_store_lines(store, gather, &g);

    if (g.failed)
        err = OL_NO_ROOM;
    for (size_t i = 0; !err && i < g.n; i++) {
        json_t *line = NULL;

        err = line_object(store, &g.line[i], conf, &line);
        if (!err)
            json_array_append_new(lines, line);
    }
    free(g.line);
    return err;
}

static enum ol_err add_lines(const struct ol_home *h, json_t *lines, struct ol_fault *f)
{
    char file[OL_HOME_PATH_MAX];
    char why[OL_WHY_MAX];
    struct ol_conf conf = {0};
    struct ol_store *store = NULL;
    enum ol_err err = ol_setup_store_open(h, true, &store, f);

    if (err)
        return err;
    ol_home_path(h, OL_HOME_RELAY_CONF, file);
    if (ol_conf_read(file, &conf, why) != OL_OK)
        conf = (struct ol_conf){0}; /* doctor says what is wrong with it */
    err = lines_array(store, &conf, lines);
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.store.failed", "file", OL_HOME_RECORD, "detail",
                     ol_err_text(err), NULL);
    ol_conf_free(&conf);
    ol_store_close(&store);
    return err;
}

static enum ol_err stopped_status(const struct ol_home *h, json_t **out, struct ol_fault *f)
{
    pid_t relay = ol_program_pid(&ol_programs[OL_PROGRAM_RELAY], h);
    json_t *lines = json_array();
    struct ol_card card;
    enum ol_err err = ol_card_file_read(h->dir, OL_HOME_CARD, &card, f);

    if (!err)
        err = add_lines(h, lines, f);
    if (err) {
        json_decref(lines);
        return err;
    }
    *out = json_pack("{s:i,s:o,s:{s:n,s:o},s:o}", "schema", 1, "station", card_object(&card, true),
                     "pids", "openlined", "openline-relay",
                     relay != 0 ? json_integer(relay) : json_null(), "lines", lines);
    return OL_OK;
}

/* For people. */

/* The columns of a line, in their order. */
enum column {
    NAME,
    STATE,
    COMPARED,
    HEARD,
    OWN,
    PEER,
    STATION,
    COLUMNS,
};

static const char *peer_name(const json_t *line)
{
    const char *name = json_string_value(json_object_get(json_object_get(line, "peer"), "station"));

    return name != NULL ? name : "-";
}

static void widen(size_t *width, const char *word)
{
    size_t is = ol_print_width(word);

    if (is > *width)
        *width = is;
}

/* "3 s", "5 min": how long ago the other side was heard. */
static const char *heard(const json_t *line, char buf[static OL_WORD_MAX])
{
    const json_t *value = json_object_get(line, "last_heard_ms");
    json_int_t seconds = json_integer_value(value) / 1000;

    if (!json_is_integer(value))
        return ol_text("status.never");
    return seconds < 120 ? ol_word_number("status.seconds", seconds, buf)
                         : ol_word_number("status.minutes", seconds / 60, buf);
}

static void print_paths(const json_t *line)
{
    size_t i;
    json_t *path;
    char buf[OL_WORD_MAX];

    json_array_foreach(json_object_get(line, "paths"), i, path) {
        fputs("  ", stdout);
        ol_print_cell_text(ol_text("status.path"), NULL, 0);
        ol_print_cell(ol_word(path, "name", buf), 0);
        ol_print_cell(ol_word(path, "state", buf), 0);
        if (json_is_number(json_object_get(path, "rtt_ms"))) {
            json_int_t ms = (json_int_t)(json_number_value(json_object_get(path, "rtt_ms")) + 0.5);

            ol_print_cell(ol_word_number("status.milliseconds", ms, buf), 0);
        }
        ol_print_row_end();
    }
}

static void print_alarm(const json_t *alarm)
{
    char buf[OL_ALARM_TEXT_MAX];
    const char *name = json_is_string(alarm) ? json_string_value(alarm) : "?";
    const char *text = ol_alarm_text(name, buf);

    fputs("  ! ", stdout);
    if (text != NULL)
        ol_print_cell_text(text, NULL, 0);
    else
        ol_print_cell(name, 0);
    ol_print_row_end();
}

static void print_line(const json_t *line, const size_t width[static COLUMNS])
{
    struct ol_reason reason;
    char buf[OL_WORD_MAX];
    size_t i;
    json_t *alarm;

    ol_print_cell(ol_word(line, "name", buf), width[NAME]);
    ol_print_cell(ol_word(line, "state", buf), width[STATE]);
    ol_print_cell(ol_text(json_is_true(json_object_get(line, "compared")) ? "status.yes" : "status.no"),
                  width[COMPARED]);
    ol_print_cell(heard(line, buf), width[HEARD]);
    ol_print_cell(ol_word(line, "own_head", buf), width[OWN]);
    ol_print_cell(ol_word(line, "peer_head", buf), width[PEER]);
    ol_print_cell(peer_name(line), width[STATION]);
    ol_print_row_end();
    print_paths(line);
    if (ol_reason_of(line, &reason)) {
        fputs("  ", stdout);
        ol_print_cell_text(reason.text, reason.param, OL_REASON_PARAMS);
        ol_print_row_end();
    }
    ol_desk_print(line);
    ol_tests_print(line);
    json_array_foreach(json_object_get(line, "alarms"), i, alarm)
        print_alarm(alarm);
}

static void print_lines(const json_t *lines)
{
    static const char *const heads[COLUMNS] = {
        [NAME] = "status.line", [STATE] = "status.state", [COMPARED] = "status.compared", [HEARD] = "status.heard",
        [OWN] = "status.own",   [PEER] = "status.peer",   [STATION] = "status.station",
    };
    size_t width[COLUMNS] = {[STATE] = 8, [COMPARED] = 8, [HEARD] = 7, [OWN] = 6, [PEER] = 6};
    size_t i;
    json_t *line;
    char buf[OL_WORD_MAX];

    for (i = 0; i < COLUMNS; i++)
        widen(&width[i], ol_text(heads[i]));
    json_array_foreach(lines, i, line) {
        widen(&width[NAME], ol_word(line, "name", buf));
        widen(&width[HEARD], heard(line, buf));
        widen(&width[STATION], peer_name(line));
    }
    for (i = 0; i < COLUMNS; i++)
        ol_print_cell(ol_text(heads[i]), width[i]);
    ol_print_row_end();
    json_array_foreach(lines, i, line)
        print_line(line, width);
}

static void print_status(const json_t *status)
{
    const json_t *station = json_object_get(status, "station");
    const json_t *pids = json_object_get(status, "pids");
    const json_t *lines = json_object_get(status, "lines");
    char buf[OL_WORD_MAX];
    char relay[OL_WORD_MAX];

    ol_print(stdout, "say.status.station", "party", ol_word(station, "party", buf), "station",
             ol_word(station, "station", buf), "openlined", ol_word(pids, "openlined", buf), "relay",
             ol_word(pids, "openline-relay", relay), NULL);
    if (json_array_size(lines) == 0)
        ol_print(stdout, "say.status.no_lines", NULL);
    else
        print_lines(lines);
}

enum ol_err ol_cmd_status_of(const struct ol_home *h, json_t **status, struct ol_fault *f)
{
    struct ol_control control;
    enum ol_err err = ol_control_open(h, &control, f);

    if (err == OL_ABSENT)
        return stopped_status(h, status, f);
    if (!err)
        err = ol_control_call(&control, "status", json_object(), OL_ANSWER_MS, status, f);
    ol_control_close(&control);
    return err;
}

enum ol_exit ol_cmd_status(const struct ol_cli *c)
{
    json_t *status = NULL;
    struct ol_home h;
    struct ol_fault f;
    enum ol_err err = ol_home_open(c->home, &h, &f);

    if (!err)
        err = ol_cmd_status_of(&h, &status, &f);
    ol_home_close(&h);
    if (err)
        return ol_cmd_fail(&f);
    if (c->json)
        ol_print_json(json_incref(status));
    else
        print_status(status);
    json_decref(status);
    return OL_EXIT_DONE;
}
