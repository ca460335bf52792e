/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: looks at everything that a line needs, and says of each whether it is well and what to do. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/programs.h"
#include "desk/book.h"
#include "path/conf.h"
#include "sandbox/sandbox.h"
#include "station/conf.h"
#include "station/setup.h"

#define ROOM_FAIL (16u << 20) /* bytes: the record could not grow for a busy hour */
#define ROOM_WARN (256u << 20)
#define SYNC_WARN_MS 200 /* each message waits for one */
#define PROBE "probe.new"
#define OFFSET_MAX 60 /* seconds between the clocks of both sides, as the line has it */
#define YEAR_MIN 2024
#define YEAR_MAX 2105 /* times on the wire are 32 bits of seconds */
#define TEXT 1024u

enum result {
    FINE,
    WARN,
    FAIL,
};

struct doctor {
    const struct ol_cli *c;
    struct ol_home home;
    enum result worst;
};

/* What was found: a text of the catalogue with its parameters. */
struct found {
    const char *text;
    const struct ol_param *param;
    size_t n;
};

static void say_json(const char *result, const char *check, const struct found *found, const char *act)
{
    char detail[TEXT];
    struct ol_wr w = ol_wr_to(detail, sizeof detail - 1);

    ol_text_write(found->text, found->param, found->n, &w);
    detail[w.len] = '\0';
    ol_print_json(json_pack("{s:i,s:s,s:s,s:s,s:s?}", "schema", 1, "check", check, "result", result,
                            "detail", detail, "act", act));
}

/* act is a key of the catalogue, or NULL. */
static void say(struct doctor *d, enum result result, const char *check, const char *act,
                const struct found *found)
{
    static const char *const words[] = {[FINE] = "OK", [WARN] = "WARN", [FAIL] = "FAIL"};
    const char *do_this = act != NULL ? ol_text(act) : NULL;

    if (result > d->worst)
        d->worst = result;
    if (d->c->json) {
        say_json(words[result], check, found, do_this);
        return;
    }
    ol_print_cell(words[result], 4);
    ol_print_cell(check, 14);
    ol_print_cell_text(found->text, found->param, found->n);
    if (do_this != NULL)
        ol_print_cell_text(do_this, NULL, 0);
    ol_print_row_end();
}

/* act is a key of the catalogue, or NULL; then the detail's key and pairs of name and value, and a NULL. */
static void __attribute__((sentinel))
report(struct doctor *d, enum result result, const char *check, const char *act, const char *detail, ...)
{
    struct ol_param param[4];
    size_t n = 0;
    const char *name;
    va_list list;

    va_start(list, detail);
    while (n < 4 && (name = va_arg(list, const char *)) != NULL)
        param[n++] = (struct ol_param){name, va_arg(list, const char *)};
    va_end(list);
    say(d, result, check, act, &(struct found){ol_text(detail), param, n});
}

static void report_fault(struct doctor *d, const char *check, const char *act, const struct ol_fault *f)
{
    struct ol_param param[OL_FAULT_PARAMS];
    size_t n = ol_fault_params(f, param);

    say(d, FAIL, check, act, &(struct found){ol_text(f->key), param, n});
}

static void check_keys(struct doctor *d)
{
    struct ol_keyring keys;
    struct ol_card card;
    struct ol_fault f;

    if (ol_home_keys_read(&d->home, &keys, &f) != OL_OK) {
        report_fault(d, "keys", "doctor.act.keys", &f);
        return;
    }
    report(d, FINE, "keys", NULL, "doctor.keys", NULL);
    if (ol_home_card_read(&d->home, &keys, &card, &f) == OL_OK)
        report(d, FINE, "card", NULL, "doctor.card", "party", card.party, "station", card.station, NULL);
    else
        report_fault(d, "card", "doctor.act.card", &f);
    ol_keyring_fini(&keys);
}

/* What others may read of this shows with whom one speaks, and when. */
static void check_permissions(struct doctor *d)
{
    static const char *const private[] = {OL_HOME_RECORD, OL_HOME_REVOCATION, OL_HOME_RUN, OL_HOME_LOG};
    struct stat st;
    bool open = false;

    for (size_t i = 0; i < sizeof private / sizeof private[0]; i++) {
        if (fstatat(d->home.dir, private[i], &st, 0) || (st.st_mode & 077) == 0)
            continue;
        open = true;
        report(d, WARN, "permissions", "doctor.act.permissions", "doctor.open", "file", private[i],
               NULL);
    }
    if (!open)
        report(d, FINE, "permissions", NULL, "doctor.private", NULL);
}

static void check_confs(struct doctor *d)
{
    struct ol_station_conf conf;
    struct ol_conf paths = {0};
    char file[OL_HOME_PATH_MAX];
    char why[OL_WHY_MAX] = "";
    const char *place;
    struct ol_fault f;

    if (ol_station_conf_read(&d->home, &conf, &f) == OL_OK)
        report(d, FINE, OL_HOME_STATION_CONF, NULL, "doctor.conf", NULL);
    else
        report_fault(d, OL_HOME_STATION_CONF, "doctor.act.conf", &f);
    ol_home_path(&d->home, OL_HOME_RELAY_CONF, file);
    if (ol_conf_read(file, &paths, why) == OL_OK) {
        report(d, FINE, OL_HOME_RELAY_CONF, NULL, "doctor.conf", NULL);
        ol_conf_free(&paths);
        return;
    }
    place = strstr(why, OL_HOME_RELAY_CONF);
    ol_fault_set(&f, OL_EXIT_FAILED, "err.path.conf", "detail", place != NULL ? place : why, NULL);
    report_fault(d, OL_HOME_RELAY_CONF, "doctor.act.conf", &f);
}

static bool fold_leaf(void *ctx, const struct ol_leaf_row *row)
{
    ol_book_fold(ctx, row->number, &row->hash, row->bytes);
    return true;
}

static void check_book(struct doctor *d, struct ol_store *store)
{
    struct ol_book book = {0};
    enum ol_err err = ol_store_book_scan(store, &(struct ol_book_query){0}, fold_leaf, &book);
    char number[24];

    snprintf(number, sizeof number, "%u", book.flaw > 0 ? book.flaw : book.number);
    if (err)
        report(d, FAIL, "book", "doctor.act.record", "doctor.says", "text", ol_err_text(err), NULL);
    else if (book.flaw > 0)
        report(d, FAIL, "book", "doctor.act.book", "doctor.book_flaw", "number", number, NULL);
    else
        report(d, FINE, "book", NULL, "doctor.book", "number", number, NULL);
}

static void check_record(struct doctor *d)
{
    struct ol_store *store = NULL;
    struct ol_fault f;

    if (ol_setup_store_open(&d->home, true, &store, &f) == OL_OK) {
        report(d, FINE, OL_HOME_RECORD, NULL, "doctor.record", NULL);
        check_book(d, store);
    } else {
        report_fault(d, OL_HOME_RECORD, "doctor.act.record", &f);
    }
    ol_store_close(&store);
}

static void check_clock(struct doctor *d)
{
    time_t at = time(NULL);
    struct tm utc;
    char text[32] = "?";
    bool sane = gmtime_r(&at, &utc) != NULL && utc.tm_year + 1900 >= YEAR_MIN &&
                utc.tm_year + 1900 <= YEAR_MAX;

    if (gmtime_r(&at, &utc) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    report(d, sane ? FINE : FAIL, "clock", sane ? NULL : "doctor.act.clock", "doctor.clock", "time",
           text, NULL);
}

static void check_room(struct doctor *d)
{
    struct statvfs fs;
    unsigned long long room;
    char mib[24];
    enum result result = FINE;

    if (fstatvfs(d->home.dir, &fs)) {
        report(d, FAIL, "disk", "doctor.act.disk", "doctor.disk_unknown", "detail", strerror(errno),
               NULL);
        return;
    }
    room = (unsigned long long)fs.f_bavail * fs.f_frsize;
    snprintf(mib, sizeof mib, "%llu", room >> 20);
    if (room < ROOM_WARN)
        result = room < ROOM_FAIL ? FAIL : WARN;
    report(d, result, "disk", result == FINE ? NULL : "doctor.act.disk", "doctor.disk", "mib", mib,
           NULL);
}

static void check_sandbox(struct doctor *d)
{
    struct ol_sandbox_means means;

    ol_sandbox_means(&means);
    if (!means.built) {
        report(d, WARN, "sandbox", "doctor.act.sandbox_built", "doctor.not_confined", NULL);
        return;
    }
    if (means.landlock == 0)
        report(d, WARN, "sandbox", "doctor.act.sandbox", "doctor.no_landlock", NULL);
    if (!means.seccomp)
        report(d, WARN, "sandbox", "doctor.act.sandbox", "doctor.no_seccomp", NULL);
    if (means.landlock > 0 && means.seccomp)
        report(d, FINE, "sandbox", NULL, "doctor.sandbox", NULL);
}

static long elapsed_ms(const struct timespec *from)
{
    struct timespec to;

    clock_gettime(CLOCK_MONOTONIC, &to);
    return (to.tv_sec - from->tv_sec) * 1000 + (to.tv_nsec - from->tv_nsec) / 1000000;
}

static void check_sync(struct doctor *d)
{
    static const uint8_t page[4096];
    struct timespec start;
    char ms[24];
    struct ol_fault f;
    long took;

    clock_gettime(CLOCK_MONOTONIC, &start);
    if (ol_file_write(d->home.dir, &(struct ol_file_new){PROBE, ol_span(page, sizeof page), 0600, false},
                      &f) != OL_OK) {
        report_fault(d, "fsync", "doctor.act.disk", &f);
        return;
    }
    took = elapsed_ms(&start);
    unlinkat(d->home.dir, PROBE, 0);
    snprintf(ms, sizeof ms, "%ld", took);
    report(d, took > SYNC_WARN_MS ? WARN : FINE, "fsync", took > SYNC_WARN_MS ? "doctor.act.slow" : NULL,
           "doctor.fsync", "ms", ms, NULL);
}

static void check_programs(struct doctor *d)
{
    for (size_t i = OL_PROGRAMS; i > 0; i--) {
        const struct ol_program *p = &ol_programs[i - 1];

        if (ol_program_pid(p, &d->home) == 0)
            report(d, WARN, p->name, "doctor.act.up", "doctor.down", NULL);
        else if (!p->answers(&d->home))
            report(d, FAIL, p->name, "doctor.act.hangs", "doctor.hangs", NULL);
        else
            report(d, FINE, p->name, NULL, "doctor.answers", NULL);
    }
}

static void check_paths(struct doctor *d, const json_t *line, const char *check)
{
    const json_t *paths = json_object_get(line, "paths");
    size_t i;
    json_t *path;
    char buf[OL_WORD_MAX];

    if (json_array_size(paths) == 0)
        report(d, WARN, check, "doctor.act.no_path", "doctor.no_path", NULL);
    json_array_foreach(paths, i, path) {
        bool up = strcmp(ol_word(path, "state", buf), "up") == 0;

        report(d, up ? FINE : WARN, check, up ? NULL : "doctor.act.path",
               up ? "doctor.path_up" : "doctor.path_down", "path", ol_word(path, "name", buf), NULL);
    }
}

/* Who is at the other end, and whether it is there. */
static void check_peer(struct doctor *d, const json_t *line, const char *check)
{
    const json_t *peer = json_object_get(line, "peer");
    const json_t *heard = json_object_get(line, "last_heard_ms");
    char party[OL_WORD_MAX];
    char station[OL_WORD_MAX];
    char seconds[24];

    if (!json_is_integer(heard)) {
        report(d, WARN, check, "doctor.act.line", "doctor.peer_silent", "party",
               ol_word(peer, "party", party), "station", ol_word(peer, "station", station), NULL);
        return;
    }
    snprintf(seconds, sizeof seconds, "%" JSON_INTEGER_FORMAT, json_integer_value(heard) / 1000);
    report(d, FINE, check, NULL, "doctor.peer", "party", ol_word(peer, "party", party), "station",
           ol_word(peer, "station", station), "seconds", seconds, NULL);
}

/* By the authenticated echo, not by the age of a message. */
static void check_offset(struct doctor *d, const json_t *line, const char *check)
{
    const json_t *offset = json_object_get(line, "clock_offset_s");
    json_int_t seconds = json_integer_value(offset);
    bool near = seconds >= -OFFSET_MAX && seconds <= OFFSET_MAX;
    char text[24];

    if (!json_is_integer(offset))
        return;
    snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, seconds);
    report(d, near ? FINE : WARN, check, near ? NULL : "doctor.act.clock", "doctor.offset", "seconds",
           text, NULL);
}

static bool is_over(struct doctor *d, const json_t *line, const char *check)
{
    bool revoked = json_is_true(json_object_get(line, "revoked"));
    bool closed = json_is_true(json_object_get(line, "closed"));

    if (revoked || closed)
        report(d, FINE, check, NULL, revoked ? "doctor.revoked" : "doctor.closed", NULL);
    return revoked || closed;
}

static void report_alarm(struct doctor *d, const char *check, const char *alarm)
{
    char buf[OL_ALARM_TEXT_MAX];
    const char *text = ol_alarm_text(alarm, buf);

    if (text != NULL)
        say(d, FAIL, check, NULL, &(struct found){text, NULL, 0});
    else
        report(d, FAIL, check, NULL, "doctor.says", "text", alarm, NULL);
}

static void check_line(struct doctor *d, const json_t *line)
{
    char buf[OL_WORD_MAX];
    char check[OL_NAME_MAX + 16];
    const char *state = ol_word(line, "state", buf);
    bool up = strcmp(state, "up") == 0;
    struct ol_reason reason;
    size_t i;
    json_t *alarm;
    char name[OL_WORD_MAX];

    snprintf(check, sizeof check, "line %s", ol_word(line, "name", name));
    if (is_over(d, line, check))
        return;
    report(d, up ? FINE : WARN, check, up ? NULL : "doctor.act.line", "doctor.line", "state", state,
           NULL);
    if (ol_reason_of(line, &reason))
        say(d, WARN, check, NULL, &(struct found){reason.text, reason.param, OL_REASON_PARAMS});
    json_array_foreach(json_object_get(line, "alarms"), i, alarm)
        if (json_is_string(alarm))
            report_alarm(d, check, json_string_value(alarm));
    check_paths(d, line, check);
    check_peer(d, line, check);
    check_offset(d, line, check);
    if (json_is_true(json_object_get(line, "compared")))
        report(d, FINE, check, NULL, "doctor.compared", NULL);
    else
        report(d, WARN, check, "doctor.act.compare", "doctor.not_compared", NULL);
}

static void check_lines(struct doctor *d)
{
    json_t *status = NULL;
    size_t i;
    json_t *line;
    struct ol_fault f;

    if (ol_cmd_status_of(&d->home, &status, &f) != OL_OK)
        report_fault(d, "lines", "doctor.act.hangs", &f);
    json_array_foreach(json_object_get(status, "lines"), i, line)
        check_line(d, line);
    json_decref(status);
}

enum ol_exit ol_cmd_doctor(const struct ol_cli *c)
{
    struct doctor d = {.c = c};
    struct ol_fault f;

    if (ol_home_open(c->home, &d.home, &f) != OL_OK)
        return ol_cmd_fail(&f);
    check_keys(&d);
    check_permissions(&d);
    check_confs(&d);
    check_record(&d);
    check_clock(&d);
    check_room(&d);
    check_sync(&d);
    check_sandbox(&d);
    check_programs(&d);
    check_lines(&d);
    ol_home_close(&d.home);
    return d.worst == FAIL ? OL_EXIT_FAILED : OL_EXIT_DONE;
}
