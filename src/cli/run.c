/* SPDX-License-Identifier: Apache-2.0 */
/* up, down: starting what is missing, ending what runs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/programs.h"

#define UP_MS 5000
#define DOWN_MS 10000
#define KILLED_MS 5000
#define LOOK_MS 20 /* between two looks at what cannot be waited for */
#define STOP_MS 2000
#define TAIL_LINES 10
#define TAIL_BYTES 4096

static ol_ms now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (ol_ms)t.tv_sec * 1000 + (ol_ms)t.tv_nsec / 1000000;
}

/* Waits a moment, or until the process has ended: true then. A pidfd of -1 (ended before it could be
 * looked at, or not known) only waits. */
static bool ends_within(int pidfd, int ms)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};

    return poll(&p, 1, ms) > 0;
}

/* up */

static off_t log_size(const struct ol_program *p, const struct ol_home *h)
{
    struct stat st;

    return fstatat(h->dir, p->log, &st, 0) == 0 ? st.st_size : 0;
}

/* The last lines that the program wrote since the log had that size. */
static void print_tail(const struct ol_program *p, const struct ol_home *h, off_t since)
{
    char text[TAIL_BYTES + 1];
    off_t size = log_size(p, h);
    off_t from = size - since > TAIL_BYTES ? size - TAIL_BYTES : since;
    int fd = openat(h->dir, p->log, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? pread(fd, text, TAIL_BYTES, from) : 0;
    char *start;
    int lines = 0;

    if (fd >= 0)
        close(fd);
    text[len > 0 ? len : 0] = '\0';
    for (start = text + strlen(text); start > text; start--)
        if (start[-1] == '\n' && lines++ == TAIL_LINES)
            break;
    for (char *line = strtok(start, "\n"); line != NULL; line = strtok(NULL, "\n"))
        ol_print(stderr, "say.up.log", "file", p->log, "text", line, NULL);
}

/* Waits until a program answers. Gives up at the deadline, or when the process that was started has
 * ended (pidfd; none with `ended`) and no other runs. One that another caller started is as good. */
static bool await_answer(const struct ol_program *p, const struct ol_home *h, int pidfd, bool ended,
                         ol_ms deadline)
{
    while (!ol_program_answers(p, h)) {
        if (now() >= deadline || (ended && ol_program_pid(p, h) == 0))
            return false;
        ended = ended || ends_within(pidfd, LOOK_MS);
        if (ended)
            ends_within(-1, LOOK_MS);
    }
    return true;
}

static enum ol_err start_and_wait(const struct ol_program *p, const struct ol_home *h, ol_ms deadline,
                                  struct ol_fault *f)
{
    off_t since = log_size(p, h);
    pid_t pid;
    int pidfd;
    bool answers;
    enum ol_err err = ol_program_start(p, h, &pid, f);

    if (err)
        return err;
    pidfd = pidfd_open(pid, 0);
    answers = await_answer(p, h, pidfd, pidfd < 0 && errno == ESRCH, deadline);
    if (pidfd >= 0)
        close(pidfd);
    if (answers)
        return OL_OK;
    print_tail(p, h, since);
    ol_fault_set(f, OL_EXIT_FAILED, "err.up.silent", "program", p->name, "log", p->log, NULL);
    return OL_LATER;
}

/* One that holds its lock may be on its way up, or be ending after a kill: then it is missing a moment later. A second one
 * is never started beside it, for it would run on when the first is ended. */
static enum ol_err ensure(const struct ol_program *p, const struct ol_home *h, ol_ms deadline,
                          struct ol_fault *f)
{
    do {
        if (await_answer(p, h, -1, true, deadline))
            return OL_OK;
        if (ol_program_pid(p, h) == 0 && !ol_home_locked(h, p->lock))
            return start_and_wait(p, h, deadline, f);
        ends_within(-1, LOOK_MS);
    } while (now() < deadline);
    ol_fault_set(f, OL_EXIT_FAILED, "err.up.hangs", "program", p->name, NULL);
    return OL_LATER;
}

static void show(const struct ol_cli *c, const struct ol_home *h, const char *key)
{
    pid_t pid[OL_PROGRAMS];
    char word[OL_PROGRAMS][16];
    json_t *number[OL_PROGRAMS];

    for (size_t i = 0; i < OL_PROGRAMS; i++) {
        pid[i] = ol_program_pid(&ol_programs[i], h);
        number[i] = pid[i] != 0 ? json_integer(pid[i]) : json_null();
        snprintf(word[i], sizeof word[i], "%d", (int)pid[i]);
    }
    if (c->json)
        ol_print_json(json_pack("{s:i,s:{s:O,s:O}}", "schema", 1, "pids", "openlined",
                                number[OL_PROGRAM_STATION], "openline-relay", number[OL_PROGRAM_RELAY]));
    else
        ol_print(stderr, key, "openlined", word[OL_PROGRAM_STATION], "relay", word[OL_PROGRAM_RELAY],
                 NULL);
    for (size_t i = 0; i < OL_PROGRAMS; i++)
        json_decref(number[i]);
}

enum ol_exit ol_cmd_up(const struct ol_cli *c)
{
    ol_ms deadline = now() + UP_MS;
    struct ol_home h;
    struct ol_fault f;
    enum ol_err err = ol_home_open(c->home, &h, &f);

    for (size_t i = 0; !err && i < OL_PROGRAMS; i++)
        err = ensure(&ol_programs[i], &h, deadline, &f);
    if (!err)
        show(c, &h, "say.up");
    ol_home_close(&h);
    return err ? ol_cmd_fail(&f) : OL_EXIT_DONE;
}

/* down */

static bool agrees_to_stop(const struct ol_home *h)
{
    struct ol_control control;
    json_t *result = NULL;
    struct ol_fault f;
    enum ol_err err = ol_control_open(h, &control, &f);

    if (!err)
        err = ol_control_call(&control, "stop", json_object(), STOP_MS, &result, &f);
    json_decref(result);
    ol_control_close(&control);
    return !err;
}

static bool ended_within(const struct ol_program *p, const struct ol_home *h, int pidfd, int ms)
{
    ol_ms deadline = now() + (ol_ms)ms;
    bool ended = pidfd < 0;

    while (now() < deadline) {
        ended = ended || ends_within(pidfd, LOOK_MS);
        if (ended && ol_program_pid(p, h) == 0)
            return true;
        if (ended)
            ends_within(-1, LOOK_MS);
    }
    return false;
}

/* The signal goes to the process that was looked at, never to one that took its number later. Everything
 * a station has promised is on the disk already, so one that does not end when it is asked may be
 * killed. */
static enum ol_err end(const struct ol_program *p, const struct ol_home *h, struct ol_fault *f)
{
    pid_t pid = ol_program_pid(p, h);
    int pidfd = pid != 0 ? pidfd_open(pid, 0) : -1;
    bool ended = pid == 0;
    bool agreed = !ended && p == &ol_programs[OL_PROGRAM_STATION] && agrees_to_stop(h);

    if (!ended && !agreed && pidfd >= 0 && ol_program_pid(p, h) == pid)
        pidfd_send_signal(pidfd, SIGTERM, NULL, 0);
    if (!ended)
        ended = ended_within(p, h, pidfd, DOWN_MS);
    if (!ended && pidfd >= 0 && ol_program_pid(p, h) == pid) {
        pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
        ended = ended_within(p, h, pidfd, KILLED_MS);
    }
    if (pidfd >= 0)
        close(pidfd);
    if (ended)
        return OL_OK;
    ol_fault_set(f, OL_EXIT_FAILED, "err.down.stays", "program", p->name, NULL);
    return OL_LATER;
}

enum ol_exit ol_cmd_down(const struct ol_cli *c)
{
    struct ol_home h;
    struct ol_fault f;
    enum ol_err err = ol_home_open(c->home, &h, &f);

    /* The station first: what it still has to say needs the relay. */
    for (size_t i = OL_PROGRAMS; !err && i > 0; i--)
        err = end(&ol_programs[i - 1], &h, &f);
    if (!err)
        show(c, &h, "say.down");
    ol_home_close(&h);
    return err ? ol_cmd_fail(&f) : OL_EXIT_DONE;
}
