/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repeats on two real lines what the model in doc/model did: each line of a trace is a step
 * and the state of both stations after it, and after each step the code must be where the
 * model is: what is durable of either stream, what was delivered, and whether it may sign.
 *
 * Numbers differ once a station has resumed: the n-th entry that an author has on disk in
 * the model is the n-th that it has in the code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../line/pair.h"
#include "wire/frame.h"

#define MODEL_MAX 8u      /* numbers of the model */
#define PATHS 2u
#define TIME_OUT_MS 30000u /* past every time-out of a line at rest, before an answer is given up */
#define COMPANY_MS 5u      /* how long receipts alone wait for a commit */
#define MOST_ASKS 3u       /* without an answer, that keep a session */

/* What the owner of one line keeps beside it. */
struct outside {
    uint64_t ms;          /* its clock */
    struct {
        size_t len;       /* 0: the path is free */
        uint8_t bytes[OL_FRAME_MAX];
    } net[PATHS];         /* what it sent and what is still under way */
    struct ol_range told[64]; /* delivered, since it started */
    size_t told_n;
    size_t backup[2];     /* how many rows of either author the backup has, and which */
    uint32_t backup_seq[2][64];
    uint32_t seq[MODEL_MAX + 1]; /* of its own entries: the model's number to the code's */
};

struct replay {
    struct pair *p;
    struct outside out[2];
};

/* One station after a step, as the model says. */
struct expected {
    char signing[16];
    unsigned head[2];
    unsigned rows[2]; /* sets of numbers, a bit each */
    unsigned named;
    unsigned alone;
};

static struct ol_now now_of(const struct replay *r, unsigned side)
{
    return (struct ol_now){.ms = r->out[side].ms, .utc = r->p->now.utc};
}

static struct ol_line *line_of(struct replay *r, unsigned side)
{
    return &r->p->side[side].line;
}

/* The helpers of pair.c look at one clock. */
static void set_clock(struct replay *r, unsigned side)
{
    r->p->now.ms = r->out[side].ms;
}

/* ---- What comes out of a line ---- */

/* A path takes one frame at a time; handshakes find it free. In turns what the peer lacks comes before what it asked
 * for, and after: the model has the first only. */
static void windows(struct replay *r, unsigned side, bool shaking)
{
    line_of(r, side)->give_first = true; /* had the last turn */
    for (uint8_t i = 0; i < PATHS; i++)
        line_of(r, side)->path[i].window = shaking || r->out[side].net[i].len == 0 ? 1 : 0;
}

/* The next thing that comes out; commits stay in flight, frames are in out->bytes. */
static bool next(struct replay *r, unsigned side, bool shaking, struct ol_out *out)
{
    struct pair_side *s = &r->p->side[side];
    struct outside *o = &r->out[side];

    windows(r, side, shaking);
    if (!s->running || !ol_line_next(&s->line, out))
        return false;
    if (out->kind == OL_OUT_SEND)
        ol_line_credit(&s->line, out->path, 1, now_of(r, side));
    if (out->kind == OL_OUT_COMMIT)
        s->held = out->batch;
    if (out->kind == OL_OUT_NAMED) {
        assert_true(o->told_n < 64);
        o->told[o->told_n++] = (struct ol_range){.from = out->from, .to = out->to};
    }
    return true;
}

/* Everything that a line has to say while its paths are free. */
static void drain(struct replay *r, unsigned side)
{
    struct ol_out out;

    while (next(r, side, false, &out)) {
        if (out.kind != OL_OUT_SEND)
            continue;
        assert_in_range(out.bytes.p[0], OL_FRAME << 4, (OL_FRAME << 4) + 1);
        r->out[side].net[out.path].len = out.bytes.len;
        memcpy(r->out[side].net[out.path].bytes, out.bytes.p, out.bytes.len);
    }
}

static void drain_both(struct replay *r, unsigned first)
{
    drain(r, first);
    drain(r, 1 - first);
}

static void release(struct replay *r, unsigned side)
{
    set_clock(r, side);
    assert_non_null(r->p->side[side].held);
    pair_release(r->p, side);
}

/* ---- The steps ---- */

static void do_write(struct replay *r, unsigned side, enum ol_precedence precedence)
{
    static unsigned n;
    char text[32];

    snprintf(text, sizeof text, "text %u", ++n);
    set_clock(r, side);
    pair_send(r->p, side, precedence, text);
    drain_both(r, side);
}

static void do_durable(struct replay *r, unsigned side)
{
    release(r, side);
    drain_both(r, side);
}

/* Borrowed bytes end where they end: reading past them is seen. */
static void input(struct replay *r, unsigned side, uint8_t path, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len);

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    /* The steps of time would look like a slow path: the model has no round trips. */
    for (unsigned i = 0; i < PATHS * OL_ASKED; i++) {
        struct ol_asked *a = &line_of(r, side)->path[i / OL_ASKED].asked[i % OL_ASKED];

        if (a->at != 0)
            a->at = r->out[side].ms;
    }
    (void)ol_line_input(line_of(r, side), path, 1, ol_span(copy, len), now_of(r, side));
    free(copy);
}

static void do_come(struct replay *r, unsigned from, uint8_t path)
{
    size_t len = r->out[from].net[path].len;

    assert_true(len > 0);
    r->out[from].net[path].len = 0;
    input(r, 1 - from, path, r->out[from].net[path].bytes, len);
    drain_both(r, 1 - from);
}

static void do_lost(struct replay *r, unsigned from, uint8_t path)
{
    assert_true(r->out[from].net[path].len > 0);
    r->out[from].net[path].len = 0;
    drain_both(r, from);
}

/* In the model a session is never given up for want of answers: handshakes are events of their own. */
static void tick(struct replay *r, unsigned side)
{
    for (unsigned i = 0; i < PATHS; i++) {
        struct ol_line_path *p = &line_of(r, side)->path[i];

        p->unanswered = p->unanswered < MOST_ASKS ? p->unanswered : MOST_ASKS;
    }
    ol_line_tick(line_of(r, side), now_of(r, side));
}

static void do_time(struct replay *r, unsigned side)
{
    r->out[side].ms += TIME_OUT_MS;
    tick(r, side);
    drain_both(r, side);
}

static void do_company(struct replay *r, unsigned side)
{
    r->out[side].ms += COMPANY_MS;
    tick(r, side);
    assert_null(r->p->side[side].held);
    drain_both(r, side);
    assert_non_null(r->p->side[side].held);
}

/* The line's next handshake message of this type, on this path; whatever else it says is lost. */
static size_t handshake_message(struct replay *r, unsigned side, enum ol_outer_type type, uint8_t path, uint8_t *bytes)
{
    for (unsigned n = 0; n < 64; n++) {
        struct ol_out out;

        while (next(r, side, true, &out)) {
            if (out.kind == OL_OUT_COMMIT && type == OL_MESSAGE_2)
                release(r, side);
            if (out.kind == OL_OUT_SEND && out.path == path && out.bytes.p[0] == type << 4) {
                memcpy(bytes, out.bytes.p, out.bytes.len);
                return out.bytes.len;
            }
        }
        assert_int_equal(type, OL_MESSAGE_1); /* an answer needs no time */
        r->out[side].ms += ol_line_deadline(line_of(r, side)) > r->out[side].ms ?
                           ol_line_deadline(line_of(r, side)) - r->out[side].ms : 1;
        ol_line_tick(line_of(r, side), now_of(r, side));
    }
    fail_msg("no handshake message");
    return 0;
}

static void do_shake(struct replay *r, unsigned caller, uint8_t path)
{
    unsigned answerer = 1 - caller;
    uint8_t bytes[OL_FRAME_MAX];
    size_t len = handshake_message(r, caller, OL_MESSAGE_1, path, bytes);

    r->out[answerer].ms++;
    input(r, answerer, path, bytes, len);
    len = handshake_message(r, answerer, OL_MESSAGE_2, path, bytes);
    r->out[caller].ms++;
    input(r, caller, path, bytes, len);
    drain_both(r, caller);
}

static void do_crash(struct replay *r, unsigned side)
{
    set_clock(r, 1 - side);
    pair_kill(r->p, side);
    for (uint8_t i = 0; i < PATHS; i++)
        r->out[1 - side].net[i].len = 0;
    drain(r, 1 - side);
}

/* A claim that did not hold when it came may hold since: the store looks again. */
static void look_again(struct replay *r, unsigned side)
{
    struct pair_side *s = &r->p->side[side];

    for (unsigned a = 0; a < 2; a++) {
        for (size_t i = 0; i < s->rows_n[a]; i++) {
            struct ol_row *row = &s->rows[a][i].row;

            if (row->h.xseq == 0 || pair_find(s, (uint8_t)('B' - a), row->h.xseq) != NULL)
                row->marks &= (uint8_t)~OL_ROW_CLAIM;
        }
    }
}

static void do_start(struct replay *r, unsigned side)
{
    struct outside *o = &r->out[side];

    o->ms = r->out[1 - side].ms;
    set_clock(r, side);
    look_again(r, side);
    pair_start(r->p, side);
    /* What was named before the start is not told again. */
    o->told_n = 1;
    o->told[0] = (struct ol_range){.from = 1, .to = line_of(r, side)->named};
    drain_both(r, side);
}

static void do_backup(struct replay *r, unsigned side)
{
    const struct pair_side *s = &r->p->side[side];

    for (unsigned a = 0; a < 2; a++) {
        r->out[side].backup[a] = s->rows_n[a];
        for (size_t i = 0; i < s->rows_n[a]; i++)
            r->out[side].backup_seq[a][i] = s->rows[a][i].row.h.seq;
    }
}

static bool in_backup(const struct outside *o, unsigned author, uint32_t seq)
{
    for (size_t i = 0; i < o->backup[author]; i++) {
        if (o->backup_seq[author][i] == seq)
            return true;
    }
    return false;
}

static void do_restore(struct replay *r, unsigned side, bool told)
{
    struct pair_side *s = &r->p->side[side];

    for (unsigned a = 0; a < 2; a++) {
        size_t n = 0;

        for (size_t i = 0; i < s->rows_n[a]; i++) {
            if (in_backup(&r->out[side], a, s->rows[a][i].row.h.seq))
                s->rows[a][n++] = s->rows[a][i];
            else
                free(s->rows[a][i].body);
        }
        s->rows_n[a] = n;
    }
    while (s->outbox_n > 0)
        free(s->outbox[--s->outbox_n].body);
    s->restored = told;
}

static void perform(struct replay *r, const char *what, unsigned side, uint8_t path)
{
    if (strcmp(what, "write-routine") == 0)
        do_write(r, side, OL_ROUTINE);
    else if (strcmp(what, "write-flash") == 0)
        do_write(r, side, OL_FLASH);
    else if (strcmp(what, "durable") == 0)
        do_durable(r, side);
    else if (strcmp(what, "come") == 0)
        do_come(r, side, path);
    else if (strcmp(what, "lost") == 0)
        do_lost(r, side, path);
    else if (strcmp(what, "time") == 0)
        do_time(r, side);
    else if (strcmp(what, "company") == 0)
        do_company(r, side);
    else if (strcmp(what, "shake") == 0)
        do_shake(r, side, path);
    else if (strcmp(what, "crash") == 0)
        do_crash(r, side);
    else if (strcmp(what, "durable-crash") == 0) {
        release(r, side);
        do_crash(r, side);
    } else if (strcmp(what, "start") == 0)
        do_start(r, side);
    else if (strcmp(what, "backup") == 0)
        do_backup(r, side);
    else if (strcmp(what, "restore") == 0)
        do_restore(r, side, false);
    else if (strcmp(what, "restore-told") == 0)
        do_restore(r, side, true);
    else
        fail_msg("unknown step %s", what);
}

/* ---- The comparison ---- */

static unsigned numbers(const char *list)
{
    unsigned set = 0;

    while (*list >= '1' && *list <= '8') {
        set |= 1u << (*list - '0');
        list += list[1] == ',' ? 2 : 1;
    }
    return set;
}

/* Author's own store gives the code's numbers for the model's. */
static void learn_numbers(struct replay *r, unsigned author, unsigned rows)
{
    const struct pair_side *s = &r->p->side[author];
    size_t i = 0;

    for (unsigned n = 1; n <= MODEL_MAX; n++) {
        if (!(rows >> n & 1))
            continue;
        assert_true(i < s->rows_n[author]);
        r->out[author].seq[n] = s->rows[author][i++].row.h.seq;
    }
    assert_int_equal(i, s->rows_n[author]);
}

static void compare_rows(const struct replay *r, unsigned side, unsigned author, unsigned rows)
{
    const struct pair_side *s = &r->p->side[side];
    size_t i = 0;

    for (unsigned n = 1; n <= MODEL_MAX; n++) {
        const struct pair_row *own;

        if (!(rows >> n & 1))
            continue;
        assert_true(i < s->rows_n[author]);
        assert_int_equal(s->rows[author][i].row.h.seq, r->out[author].seq[n]);
        own = pair_find(&r->p->side[author], (uint8_t)('A' + author), r->out[author].seq[n]);
        if (own != NULL)
            assert_memory_equal(own->row.hash.b, s->rows[author][i].row.hash.b, sizeof own->row.hash.b);
        i++;
    }
    assert_int_equal(i, s->rows_n[author]);
}

static bool was_told(const struct outside *o, uint32_t seq)
{
    for (size_t i = 0; i < o->told_n; i++) {
        if (seq >= o->told[i].from && seq <= o->told[i].to)
            return true;
    }
    return false;
}

static const char *signing_name(enum ol_signing signing)
{
    static const char *const name[] = {[OL_SIGN_ASKING] = "asking",     [OL_SIGN_RECOVERING] = "recovering",
                                       [OL_SIGN_RESUMING] = "resuming", [OL_SIGN_READY] = "ready",
                                       [OL_SIGN_STOPPED] = "stopped"};

    return name[signing];
}

static void compare_line(const struct replay *r, unsigned side, const struct expected *e)
{
    const struct ol_line *l = &r->p->side[side].line;
    const struct outside *o = &r->out[side];

    assert_string_equal(signing_name(l->signing), e->signing);
    assert_int_equal(l->own_durable, r->out[side].seq[e->head[side]]);
    assert_int_equal(l->peer_durable.seq, r->out[1 - side].seq[e->head[1 - side]]);
    for (unsigned n = 1; n <= MODEL_MAX; n++) {
        if (e->rows[side] >> n & 1)
            assert_int_equal(was_told(o, o->seq[n]), n <= e->named || (e->alone >> n & 1));
    }
}

/* For whoever looks for the step at which the two part: the state of the code. */
static void show(const struct replay *r)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct pair_side *s = &r->p->side[side];

        print_message("    code %c: %s, durable %u %u, rows", 'A' + (int)side,
                      s->running ? signing_name(s->line.signing) : "down", s->line.own_durable,
                      s->line.peer_durable.seq);
        for (unsigned a = 0; a < 2; a++) {
            for (size_t i = 0; i < s->rows_n[a]; i++)
                print_message(" %c%u(%u names %u)", 'A' + (int)a, s->rows[a][i].row.h.seq, s->rows[a][i].row.h.kind,
                              s->rows[a][i].row.h.xseq);
        }
        print_message(", named %u%s\n", s->line.named, s->held == NULL ? "" : ", a commit in flight");
    }
}

static void compare(struct replay *r, const struct expected e[2])
{
    for (unsigned side = 0; side < 2; side++)
        learn_numbers(r, side, e[side].rows[side]);
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned author = 0; author < 2; author++)
            compare_rows(r, side, author, e[side].rows[author]);
        assert_int_equal(strcmp(e[side].signing, "down") != 0, r->p->side[side].running);
        if (r->p->side[side].running)
            compare_line(r, side, &e[side]);
    }
}

/* ---- A trace ---- */

static void begin(struct replay *r)
{
    memset(r, 0, sizeof *r);
    r->p = malloc(sizeof *r->p);
    assert_non_null(r->p);
    pair_init(r->p, PATHS, 7);
    pair_start(r->p, 0);
    pair_start(r->p, 1);
    pair_run(r->p, 2000);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(r->p->side[i].line.signing, OL_SIGN_READY);
        r->p->side[i].hold_commits = true;
        r->out[i].ms = r->p->now.ms;
    }
}

static void end(struct replay *r)
{
    pair_free(r->p);
    free(r->p);
}

static void read_expected(const char *line, struct expected *e)
{
    char rows[2][32];
    char alone[32];

    assert_int_equal(sscanf(line, "%15s %u %u %31s %31s %u %31s", e->signing, &e->head[0], &e->head[1], rows[0],
                            rows[1], &e->named, alone), 7);
    e->rows[0] = numbers(rows[0]);
    e->rows[1] = numbers(rows[1]);
    e->alone = numbers(alone);
}

/* A line: step, side, path; then A's state and B's, each behind two blanks. */
static void replay_line(struct replay *r, char *line)
{
    struct expected e[2];
    char *of_a = strstr(line, "  ");
    char *of_b = of_a == NULL ? NULL : strstr(of_a + 2, "  ");
    char what[32];
    char side;
    unsigned path;

    assert_non_null(of_b);
    assert_int_equal(sscanf(line, "%31s %c %u", what, &side, &path), 3);
    read_expected(of_a, &e[0]);
    read_expected(of_b, &e[1]);
    assert_true((side == 'A' || side == 'B') && path < PATHS);
    perform(r, what, (unsigned)(side - 'A'), (uint8_t)path);
    if (getenv("TRACE_VERBOSE") != NULL)
        show(r);
    compare(r, e);
}

/* How many steps of how many traces were repeated. */
static unsigned steps;
static unsigned traces;

static void replay_file(const char *name)
{
    FILE *f = fopen(name, "r");
    struct replay r;
    char line[256];

    assert_non_null(f);
    begin(&r);
    for (unsigned n = 1; fgets(line, sizeof line, f) != NULL; n++) {
        if (line[0] == '#')
            continue;
        if (getenv("TRACE_VERBOSE") != NULL)
            print_message("%s:%u %s", name, n, line);
        replay_line(&r, line);
        steps++;
    }
    end(&r);
    fclose(f);
    traces++;
}

static const char *folder = OL_TRACES;

static int is_trace(const struct dirent *d)
{
    size_t len = strlen(d->d_name);

    return len > 6 && strcmp(d->d_name + len - 6, ".trace") == 0;
}

static void test_two_lines_are_after_each_step_of_every_trace_where_the_model_is(void **state)
{
    struct dirent **list;
    int n = scandir(folder, &list, is_trace, alphasort);

    (void)state;
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        char name[512];

        snprintf(name, sizeof name, "%s/%s", folder, list[i]->d_name);
        print_message("%s\n", list[i]->d_name);
        replay_file(name);
        free(list[i]);
    }
    free(list);
    print_message("%u steps of %u traces\n", steps, traces);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_lines_are_after_each_step_of_every_trace_where_the_model_is),
    };

    if (argc > 1)
        folder = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
