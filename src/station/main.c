/* SPDX-License-Identifier: Apache-2.0 */
/* openlined: the station. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/options.h"
#include "sandbox/sandbox.h"
#include "station/station.h"

void station_log(const char *format, ...)
{
    char text[512];
    char when[32];
    time_t now = time(NULL);
    struct tm tm;
    va_list args;

    gmtime_r(&now, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "%s %s\n", when, text);
}

struct ol_now station_now(const struct station *s)
{
    (void)s;
    return (struct ol_now){.ms = uv_hrtime() / 1000000 + 1, .utc = (uint32_t)time(NULL)};
}

static void log_fault(const struct ol_fault *f)
{
    struct ol_param param[OL_FAULT_PARAMS];
    size_t n = ol_fault_params(f, param);
    const char *text = ol_text(f->key);
    char out[1024];
    struct ol_wr w = ol_wr_to(out, sizeof out - 1);

    ol_text_write(text != NULL ? text : f->key, param, n, &w);
    out[w.len] = 0;
    station_log("%s", out);
}

void station_stop(struct station *s, int code)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->exit_code = code;
    carrier_stop(s);
    control_stop(s);
    search_stop(s);
    alarms_stop(s);
    if (code == 0)
        paths_keep(s);
    lines_close(s);
    uv_poll_stop(&s->store_poll);
    uv_close((uv_handle_t *)&s->store_poll, NULL);
    uv_close((uv_handle_t *)&s->sigterm, NULL);
    uv_close((uv_handle_t *)&s->sigint, NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
    station_log("ending: signal %d", number);
    station_stop(handle->data, 0);
}

static void on_store(uv_poll_t *handle, int status, int events)
{
    struct station *s = handle->data;

    (void)status;
    (void)events;
    ol_store_poll(s->store);
    if (!s->stopping)
        lines_drain(s);
}

/* One file that is no form is not worth a station that does not start. */
static void form_refused(void *ctx, const struct ol_fault *f)
{
    (void)ctx;
    log_fault(f);
}

static enum ol_err open_all(struct station *s, struct ol_fault *f)
{
    enum ol_err err;

    if ((err = ol_home_keys_read(&s->home, &s->keys, f)) != OL_OK ||
        (err = ol_home_card_read(&s->home, &s->keys, &s->card, f)) != OL_OK ||
        (err = ol_station_conf_read(&s->home, &s->conf, f)) != OL_OK ||
        (err = ol_forms_load(s->home.dir, &s->forms, form_refused, NULL)) != OL_OK ||
        (err = lines_load(s, f)) != OL_OK)
        return err;
    return OL_OK;
}

static enum ol_err start(struct station *s, struct ol_fault *f)
{
    enum ol_err err;

    uv_poll_init(&s->loop, &s->store_poll, ol_store_fd(s->store));
    s->store_poll.data = s;
    uv_poll_start(&s->store_poll, UV_READABLE, on_store);
    uv_signal_init(&s->loop, &s->sigterm);
    uv_signal_init(&s->loop, &s->sigint);
    s->sigterm.data = s->sigint.data = s;
    uv_signal_start(&s->sigterm, on_signal, SIGTERM);
    uv_signal_start(&s->sigint, on_signal, SIGINT);
    err = search_start(s);
    if (err) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.memory", NULL);
        return err;
    }
    err = control_start(s, f);
    if (err)
        return err;
    alarms_start(s);
    carrier_start(s);
    return OL_OK;
}

static void release(struct station *s)
{
    ol_store_close(&s->store);
    ol_keyring_fini(&s->keys);
    ol_forms_free(&s->forms);
    ol_home_close(&s->home);
    ol_keeper_end(&s->keeper);
}

/* A core file or a swapped page could hold keys. */
static void keep_to_ourselves(void)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
}

/* Whoever looks whether a station runs holds the lock for a moment. */
static bool take_lock(const struct ol_home *h, int *lock)
{
    const struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};

    for (unsigned tries = 0; tries < 10; tries++) {
        if (ol_home_lock(h, OL_HOME_STATION_LOCK, lock) == OL_OK)
            return true;
        nanosleep(&moment, NULL);
    }
    return false;
}

/* Nothing but its home, and what its libraries want. */
static bool confine(void)
{
    static const struct ol_sandbox_path paths[] = {
        {".", OL_SANDBOX_READ | OL_SANDBOX_CHANGE},
        {"/dev/null", OL_SANDBOX_READ},
        {"/dev/urandom", OL_SANDBOX_READ},
    };
    const struct ol_sandbox sandbox = {.program = OL_SANDBOX_STATION, .paths = paths,
                                       .paths_n = sizeof paths / sizeof paths[0]};
    char why[OL_SANDBOX_WHY];
    enum ol_err err = ol_sandbox_enter(&sandbox, why);

    if (why[0] != '\0')
        station_log("%s", why);
    return !err;
}

static int run(const char *dir)
{
    static struct station s;
    struct ol_fault f = {0};
    char why[OL_SANDBOX_WHY];
    int lock = -1;
    enum ol_err err;

    umask(077);
    signal(SIGPIPE, SIG_IGN);
    keep_to_ourselves();
    s.home.dir = -1;
    if (ol_crypto_init()) {
        station_log("libsodium does not start");
        return EXIT_FAILURE;
    }
    err = ol_home_open(dir, &s.home, &f);
    if (err || fchdir(s.home.dir)) {
        log_fault(&f);
        return EXIT_FAILURE;
    }
    if (ol_keeper_start(&(struct ol_sandbox){.program = OL_SANDBOX_STATION_KEEPER}, carrier_reach, &s.keeper, why)) {
        station_log("%s", why);
        release(&s);
        return EXIT_FAILURE;
    }
    if (!take_lock(&s.home, &lock)) {
        station_log("another openlined runs in this home");
        release(&s);
        return EXIT_FAILURE;
    }
    if (ol_home_pid_write(&s.home, OL_HOME_STATION_PID))
        station_log("%s cannot be written", OL_HOME_STATION_PID);
    uv_loop_init(&s.loop);
    err = control_bind(&s, &f);
    if (!err && !confine())
        _exit(EXIT_FAILURE);
    if (!err)
        err = open_all(&s, &f);
    if (!err)
        err = start(&s, &f);
    if (err) {
        log_fault(&f);
        _exit(EXIT_FAILURE); /* nothing was taken on yet: what the system holds, it releases */
    }
    station_log("station of %s, %s: %zu lines", s.card.party, s.card.station, s.lines_n);
    lines_drain(&s);
    uv_run(&s.loop, UV_RUN_DEFAULT);
    uv_loop_close(&s.loop);
    unlink(OL_HOME_STATION_PID);
    unlink(OL_HOME_CONTROL);
    release(&s);
    close(lock);
    return s.exit_code;
}

int main(int argc, char **argv)
{
    static const struct ol_daemon daemon = {"openlined", "Keeps the lines of the station whose home is DIR."};
    const char *dir;
    int code;

    return ol_daemon_options(&daemon, argc, argv, &dir, &code) ? run(dir) : code;
}
