/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sounder.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct sounder {
    const struct ol_cli *c;
    const char *command;
    json_t *heard; /* ids of unacknowledged alarms for which the command was run */
};

/* ---- The command ---- */

/* No text of the other side is among them: what goes to the shell is ours. */
static void put_fields(const json_t *alarm)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)alarm, name, value) {
        char variable[64];
        char word[OL_WORD_MAX];
        int n = snprintf(variable, sizeof variable, "OPENLINE_ALARM_%s", name);

        if (n < 0 || (size_t)n >= sizeof variable)
            continue;
        for (char *p = variable; *p != 0; p++)
            *p = (char)toupper((unsigned char)*p);
        setenv(variable, json_is_true(value) ? "true" : json_is_false(value) || json_is_null(value) ? ""
                                                      : ol_word(alarm, name, word), 1);
    }
}

static _Noreturn void become(const char *command, const json_t *alarm)
{
    signal(SIGPIPE, SIG_DFL);
    put_fields(alarm);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* One process waits for each command, so that the next alarm does not; a sounder that fails is not to fail silently. */
static _Noreturn void watch(const char *command, const json_t *alarm)
{
    char code[16];
    pid_t pid;
    int status = 0;

    signal(SIGCHLD, SIG_DFL);
    pid = fork();
    if (pid == 0)
        become(command, alarm);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    snprintf(code, sizeof code, "%d", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    if (pid < 0 || status != 0)
        ol_print(stderr, "say.alarm.failed", "command", command, "code", pid < 0 ? strerror(errno) : code, NULL);
    _exit(0);
}

static void sound(const struct sounder *s, const json_t *alarm)
{
    pid_t pid;

    ol_alarm_print(s->c, alarm);
    pid = fork();
    if (pid == 0)
        watch(s->command, alarm);
    if (pid < 0)
        ol_print(stderr, "say.alarm.failed", "command", s->command, "code", strerror(errno), NULL);
}

/* ---- Alarms ---- */

static bool is(const json_t *alarm, const char *state)
{
    const char *said = json_string_value(json_object_get(alarm, "state"));

    return said != NULL && strcmp(said, state) == 0;
}

static void hear(struct sounder *s, const json_t *alarm)
{
    const char *id = json_string_value(json_object_get(alarm, "id"));

    if (id == NULL)
        return;
    if (!is(alarm, "unacknowledged")) {
        json_object_del(s->heard, id);
    } else if (json_is_true(json_object_get(alarm, "announced")) && json_object_get(s->heard, id) == NULL) {
        json_object_set_new(s->heard, id, json_true());
        sound(s, alarm);
    }
}

/* The events are asked for before the list, so that nothing falls between the two. */
static enum ol_err listen(struct sounder *s, struct ol_control *events, bool *lost, struct ol_fault *f)
{
    json_t *said;
    json_t *alarm;
    size_t i;
    enum ol_err err = ol_control_call(events, "follow", json_pack("{s:b}", "alarms", true), OL_ANSWER_MS, &said, f);

    if (err)
        return err;
    json_decref(said);
    err = ol_control_call(events, "alarms", json_object(), OL_ANSWER_MS, &said, f);
    if (err)
        return err;
    if (*lost)
        ol_print(stderr, "say.alarm.back", NULL);
    *lost = false;
    json_array_foreach(json_object_get(said, "alarms"), i, alarm)
        hear(s, alarm);
    json_decref(said);
    while ((err = ol_control_event(events, &said, f)) == OL_OK) {
        hear(s, json_object_get(said, "alarm"));
        json_decref(said);
    }
    return err;
}

static _Noreturn void go_on(struct sounder *s, const struct ol_home *h)
{
    static const struct timespec second = {.tv_sec = 1};
    bool lost = false;

    for (;;) {
        struct ol_control events = {.fd = -1};
        struct ol_fault f;

        if (ol_control_open(h, &events, &f) == OL_OK)
            (void)!listen(s, &events, &lost, &f); /* it only returns with a fault */
        ol_control_close(&events);
        if (!lost) {
            ol_print_fault(&f);
            ol_print(stderr, "say.alarm.lost", NULL);
        }
        lost = true;
        nanosleep(&second, NULL);
    }
}

enum ol_exit ol_sounder_run(const struct ol_cli *c, const char *command)
{
    struct sounder s = {.c = c, .command = command, .heard = json_object()};
    struct ol_home h;
    struct ol_fault f;

    if (ol_home_open(c->home, &h, &f) != OL_OK) {
        json_decref(s.heard);
        return ol_cmd_fail(&f);
    }
    signal(SIGCHLD, SIG_IGN); /* those that watch the commands leave nothing behind */
    go_on(&s, &h);
}
