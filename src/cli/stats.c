/* SPDX-License-Identifier: Apache-2.0 */
/* stats: a month of a line in numbers, counted from a copy of the record; and which side has signed them. */
#include "desk/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cmd.h"
#include "cli/month.h"
#include "station/setup.h"
#include "station/snapshot.h"

struct stats {
    struct ol_home home;
    struct ol_snapshot snapshot;
    struct ol_line_info line;
    struct ol_stats month;
    struct ol_hash hash;
    struct signed_by {
        uint32_t seq; /* of the last entry that signs this month; 0: none */
        uint32_t time;
        bool same;
        struct ol_path_times paths;
    } by[2];
    uint32_t *waits;
    const struct ol_row *message; /* that is folded */
    uint32_t received;
    enum ol_err err;
};

/* ---- Counting ---- */

static bool count_row(void *ctx, const struct ol_row *row)
{
    (void)row;
    ++*(size_t *)ctx;
    return true;
}

/* Room for a wait of each kind of every message. */
static enum ol_err make_room(struct stats *x)
{
    size_t n[2] = {0};
    uint32_t *next;
    enum ol_err err = OL_OK;

    for (unsigned i = 0; i < 2 && !err; i++)
        err = ol_store_scan_kind(x->snapshot.store, x->line.number, (uint8_t)('A' + i), OL_KIND_MESSAGE, 1, count_row,
                                 &n[i]);
    next = x->waits = calloc(2 * (n[0] + n[1]) + 1, sizeof *x->waits);
    if (x->waits == NULL)
        return OL_LIMIT;
    for (unsigned i = 0; i < 2; i++) {
        x->month.side[i].to_taken = (struct ol_waits){.s = next, .cap = n[i]};
        x->month.side[i].to_answered = (struct ol_waits){.s = next + n[i], .cap = n[i]};
        next += 2 * n[i];
    }
    return err;
}

static void fold(void *ctx, ol_next_row_fn *next, void *from)
{
    struct stats *x = ctx;

    ol_stats_message(&x->month, x->message, x->received, next, from);
}

static bool count_message(void *ctx, const struct ol_row *row)
{
    struct stats *x = ctx;
    struct ol_row receipt;

    x->err = ol_store_receipt(x->snapshot.store, x->line.number, row->h.author, row->h.seq, &receipt);
    if (x->err && x->err != OL_ABSENT)
        return false;
    x->message = row;
    x->received = x->err == OL_OK ? receipt.h.time : 0;
    x->err = ol_store_fold(x->snapshot.store, x->line.number, row->h.author, row->h.seq, fold, x);
    return !x->err;
}

static bool note_signed(void *ctx, const struct ol_row *row)
{
    struct stats *x = ctx;
    struct ol_stats_signed s;

    if (ol_stats_signed_read(row->body, &s) == OL_OK && s.month.from == x->month.month.from)
        x->by[row->h.author - 'A'] =
            (struct signed_by){.seq = row->h.seq, .time = row->h.time, .same = ol_hash_equal(&s.hash, &x->hash),
                               .paths = s.paths};
    return true;
}

static enum ol_err count(struct stats *x)
{
    struct ol_store *s = x->snapshot.store;
    enum ol_err err = make_room(x);

    for (unsigned i = 0; i < 2 && !err; i++) {
        err = ol_store_scan_kind(s, x->line.number, (uint8_t)('A' + i), OL_KIND_MESSAGE, 1, count_message, x);
        err = err ? err : x->err;
    }
    if (!err)
        err = ol_month_count_tests(s, x->line.number, (uint32_t)time(NULL), &x->month);
    ol_stats_hash(&x->month, &x->hash);
    for (unsigned i = 0; i < 2 && !err; i++)
        err = ol_store_scan_kind(s, x->line.number, (uint8_t)('A' + i), OL_KIND_STATS, 1, note_signed, x);
    return err;
}

static enum ol_err read_record(struct stats *x, const char *line, struct ol_fault *f)
{
    enum ol_err err = ol_snapshot_take(&x->home, &x->snapshot, f);

    if (!err)
        err = ol_setup_line_find(x->snapshot.store, line, &x->line, f);
    if (err)
        return err;
    err = count(x);
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.record", "detail", ol_err_text(err), NULL);
    return err;
}

/* ---- Saying ---- */

static json_t *waits_json(const struct ol_waits *w)
{
    return json_pack("{s:I,s:o,s:o}", "n", (json_int_t)w->n, "median_s",
                     w->n > 0 ? json_integer(ol_waits_median(w)) : json_null(), "worst_s",
                     w->n > 0 ? json_integer(ol_waits_worst(w)) : json_null());
}

static uint32_t sum_of(const uint32_t by_precedence[static 4])
{
    return by_precedence[0] + by_precedence[1] + by_precedence[2] + by_precedence[3];
}

static json_t *side_json(const struct ol_stats_side *s)
{
    return json_pack("{s:I,s:{s:I,s:I,s:I,s:I},s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,"
                     "s:{s:I,s:I,s:I,s:I,s:I},s:{s:I,s:I,s:I}}", "messages",
                     (json_int_t)sum_of(s->messages), "precedence", "routine", (json_int_t)s->messages[OL_ROUTINE],
                     "priority", (json_int_t)s->messages[OL_PRIORITY], "immediate",
                     (json_int_t)s->messages[OL_IMMEDIATE], "flash", (json_int_t)s->messages[OL_FLASH], "exercise",
                     (json_int_t)s->exercise, "taken", (json_int_t)s->taken, "answered", (json_int_t)s->answered,
                     "declined", (json_int_t)s->declined, "standbys", (json_int_t)s->standbys, "corrected",
                     (json_int_t)s->corrected, "amended", (json_int_t)s->amended, "cancelled",
                     (json_int_t)s->cancelled, "not_passed", (json_int_t)s->not_passed, "to_taken",
                     waits_json(&s->to_taken), "to_answered", waits_json(&s->to_answered), "escalated", "all",
                     (json_int_t)sum_of(s->escalated), "routine", (json_int_t)s->escalated[OL_ROUTINE],
                     "priority", (json_int_t)s->escalated[OL_PRIORITY], "immediate",
                     (json_int_t)s->escalated[OL_IMMEDIATE], "flash", (json_int_t)s->escalated[OL_FLASH],
                     "tests", "held", (json_int_t)s->tests_held, "answered", (json_int_t)s->tests_answered,
                     "missed", (json_int_t)s->tests_missed);
}

/* What its author's station measured. */
static json_t *paths_json(const struct ol_path_times *t)
{
    json_t *list = json_array();

    for (size_t i = 0; i < t->n; i++) {
        const struct ol_path_time *p = &t->path[i];

        json_array_append_new(list, json_pack("{s:i,s:s,s:I,s:I,s:o}", "path", p->path, "carrier", p->carrier, "up_s",
                                              (json_int_t)p->up_s, "down_s", (json_int_t)p->down_s, "rtt_ms",
                                              p->rtt_ms > 0 ? json_integer(p->rtt_ms) : json_null()));
    }
    return list;
}

static json_t *signed_json(const struct stats *x)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < 2; i++) {
        const struct signed_by *by = &x->by[i];
        char side[] = {(char)('A' + i), '\0'};

        if (by->seq > 0)
            json_array_append_new(
                list, json_pack("{s:o,s:s,s:o,s:b,s:o}", "entry", json_sprintf("%s%u", side, by->seq), "side", side,
                                "time", ol_cmd_time_json(by->time), "same", by->same, "paths",
                                paths_json(&by->paths)));
    }
    return list;
}

static bool is_agreed(const struct stats *x)
{
    return x->by[0].seq > 0 && x->by[0].same && x->by[1].seq > 0 && x->by[1].same;
}

static json_t *stats_json(const struct stats *x)
{
    char hash[OL_HASH_HEX];

    ol_hash_hex(&x->hash, hash);
    return json_pack("{s:i,s:s,s:s,s:{s:o,s:o},s:s,s:o,s:b}", "schema", 1, "line", x->line.name, "month",
                     x->month.month.name, "sides", "A", side_json(&x->month.side[0]), "B", side_json(&x->month.side[1]),
                     "hash", hash, "signed", signed_json(x), "agreed", is_agreed(x));
}

/* Two columns of numbers, what A sent and what B sent. */
static void print_row(const json_t *stats, const char *key, const char *of, const char *name)
{
    const json_t *sides = json_object_get(stats, "sides");

    for (unsigned i = 0; i < 2; i++) {
        const json_t *side = json_object_get(sides, i == 0 ? "A" : "B");
        char buf[OL_WORD_MAX];

        ol_print_cell(ol_word(of != NULL ? json_object_get(side, of) : side, name, buf), 8);
    }
    ol_print_cell_text(ol_text(key), NULL, 0);
    ol_print_row_end();
}

static void print_stats(const json_t *stats)
{
    static const struct {
        const char *key;
        const char *of;
        const char *name;
    } rows[] = {
        {"stats.messages", NULL, "messages"},
        {"stats.flash", "precedence", "flash"},
        {"stats.immediate", "precedence", "immediate"},
        {"stats.priority", "precedence", "priority"},
        {"stats.routine", "precedence", "routine"},
        {"stats.exercise", NULL, "exercise"},
        {"stats.taken", NULL, "taken"},
        {"stats.to_taken", "to_taken", "median_s"},
        {"stats.to_taken_worst", "to_taken", "worst_s"},
        {"stats.answered", NULL, "answered"},
        {"stats.to_answered", "to_answered", "median_s"},
        {"stats.to_answered_worst", "to_answered", "worst_s"},
        {"stats.declined", NULL, "declined"},
        {"stats.standbys", NULL, "standbys"},
        {"stats.corrected", NULL, "corrected"},
        {"stats.amended", NULL, "amended"},
        {"stats.cancelled", NULL, "cancelled"},
        {"stats.not_passed", NULL, "not_passed"},
        {"stats.escalated", "escalated", "all"},
        {"stats.flash", "escalated", "flash"},
        {"stats.immediate", "escalated", "immediate"},
        {"stats.priority", "escalated", "priority"},
        {"stats.routine", "escalated", "routine"},
        {"stats.tests_held", "tests", "held"},
        {"stats.tests_answered", "tests", "answered"},
        {"stats.tests_missed", "tests", "missed"},
    };
    char month[OL_WORD_MAX];

    ol_print(stdout, "say.stats", "line", json_string_value(json_object_get(stats, "line")), "month",
             ol_word(stats, "month", month), NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        print_row(stats, rows[i].key, rows[i].of, rows[i].name);
}

static void print_measured(const json_t *paths)
{
    const json_t *one;
    size_t i;
    char path[OL_WORD_MAX];
    char carrier[OL_WORD_MAX];
    char up[OL_WORD_MAX];
    char down[OL_WORD_MAX];
    char rtt[OL_WORD_MAX];

    json_array_foreach(paths, i, one) {
        snprintf(up, sizeof up, "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(one, "up_s")) / 60);
        snprintf(down, sizeof down, "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(one, "down_s")) / 60);
        ol_print(stdout, "say.stats.path", "path", ol_word(one, "path", path), "carrier",
                 ol_word(one, "carrier", carrier), "up", up, "down", down, "rtt", ol_word(one, "rtt_ms", rtt), NULL);
    }
}

static void print_signed(const json_t *stats)
{
    json_t *one;
    size_t i;
    char entry[OL_WORD_MAX];
    char time[OL_WORD_MAX];

    json_array_foreach(json_object_get(stats, "signed"), i, one) {
        ol_print(stdout, json_is_true(json_object_get(one, "same")) ? "say.stats.signed" : "say.stats.differs", "entry",
                 ol_word(one, "entry", entry), "time", ol_word_time(one, "time", time), NULL);
        print_measured(json_object_get(one, "paths"));
    }
    if (json_is_true(json_object_get(stats, "agreed")))
        ol_print(stdout, "say.stats.agreed", NULL);
}

static void say(const struct ol_cli *c, json_t *stats)
{
    if (c->json) {
        ol_print_json(stats);
        return;
    }
    print_stats(stats);
    print_signed(stats);
    json_decref(stats);
}

/* The month as it is on record now, to be freed; NULL with the fault. */
static json_t *read_stats(const struct ol_cli *c, const struct ol_month *month, struct ol_fault *f)
{
    struct stats x = {.home.dir = -1, .snapshot.lock = -1, .month.month = *month};
    json_t *stats = NULL;
    enum ol_err err = ol_home_open(c->home, &x.home, f);

    if (!err)
        err = read_record(&x, c->args.operand[0], f);
    if (!err && (stats = stats_json(&x)) == NULL)
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.memory", NULL);
    ol_snapshot_drop(&x.snapshot);
    ol_home_close(&x.home);
    free(x.waits);
    return stats;
}

/* Has the station sign these numbers. */
static enum ol_err sign(const struct ol_cli *c, const json_t *stats, struct ol_fault *f)
{
    json_t *params = json_pack("{s:O,s:O,s:O}", "line", json_object_get(stats, "line"), "month",
                               json_object_get(stats, "month"), "hash", json_object_get(stats, "hash"));
    json_t *result;
    enum ol_err err = ol_cmd_ask(c, "stats_sign", params, OL_ANSWER_MS, &result, f);

    json_decref(result);
    return err;
}

enum ol_exit ol_cmd_stats(const struct ol_cli *c)
{
    const char *name = ol_args_value(&c->args, "month");
    struct ol_month month;
    json_t *stats;
    struct ol_fault f;

    if (name == NULL)
        return ol_cmd_needs("stats", "--month");
    if (ol_month_read(ol_span(name, strlen(name)), &month))
        return ol_cmd_bad_value("month", name, "YYYY-MM");
    stats = read_stats(c, &month, &f);
    if (stats != NULL && ol_args_value(&c->args, "sign") != NULL) {
        enum ol_err err = sign(c, stats, &f);

        json_decref(stats);
        stats = err ? NULL : read_stats(c, &month, &f); /* with the signature */
    }
    if (stats == NULL)
        return ol_cmd_fail(&f);
    say(c, stats);
    return OL_EXIT_DONE;
}
