/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/control.h"

#define PING_MS 1000

static bool station_answers(const struct ol_home *h)
{
    struct ol_control control;
    json_t *result = NULL;
    struct ol_fault f;
    enum ol_err err = ol_control_open(h, &control, &f);

    if (!err)
        err = ol_control_call(&control, "ping", json_object(), PING_MS, &result, &f);
    json_decref(result);
    ol_control_close(&control);
    return !err;
}

/* It lets in one station and no second one; that it lets in is all there is to know here. */
static bool relay_answers(const struct ol_home *h)
{
    int fd;
    enum ol_err err = ol_home_connect(h, OL_HOME_RELAY, &fd);

    if (!err)
        close(fd);
    return !err;
}

const struct ol_program ol_programs[OL_PROGRAMS] = {
    [OL_PROGRAM_RELAY] = {"openline-relay", OL_HOME_RELAY_LOCK, OL_HOME_RELAY_PID,
                          "log/openline-relay.log", relay_answers},
    [OL_PROGRAM_STATION] = {"openlined", OL_HOME_STATION_LOCK, OL_HOME_STATION_PID, "log/openlined.log",
                            station_answers},
};

pid_t ol_program_pid(const struct ol_program *p, const struct ol_home *h)
{
    return ol_home_running(h, p->lock, p->pid);
}

bool ol_program_answers(const struct ol_program *p, const struct ol_home *h)
{
    return ol_program_pid(p, h) != 0 && p->answers(h);
}

/* What of this process must not live on in the program: signals that are ignored, descriptors, the
 * terminal. */
static void cut_loose(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    umask(077);
    close_range(STDERR_FILENO + 1, ~0U, 0);
}

/* Never returns. What fails here stands in the log. */
static _Noreturn void become(const char *executable, const struct ol_program *p, const struct ol_home *h,
                             int log)
{
    char dir[PATH_MAX];
    int null = open("/dev/null", O_RDWR);

    if (null < 0 || fchdir(h->dir) || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
        dup2(log, STDERR_FILENO) < 0)
        _exit(OL_EXIT_FAILED);
    cut_loose();
    /* The full path is for those who look at the list of processes. */
    execl(executable, p->name, "-C", getcwd(dir, sizeof dir) != NULL ? dir : ".", (char *)NULL);
    dprintf(STDERR_FILENO, "%s: %s\n", executable, strerror(errno));
    _exit(OL_EXIT_FAILED);
}

/* Between the caller and the program stands a process that ends at once, so the program has no parent
 * here and never gets a terminal. */
static enum ol_err detach(const char *executable, const struct ol_program *p, const struct ol_home *h,
                          int log, pid_t *pid)
{
    int tell[2];
    pid_t between;
    bool told;

    if (pipe2(tell, O_CLOEXEC))
        return OL_IO;
    between = fork();
    if (between == 0) {
        setsid();
        *pid = fork();
        if (*pid == 0)
            become(executable, p, h, log);
        _exit(*pid > 0 && write(tell[1], pid, sizeof *pid) == sizeof *pid ? 0 : 1);
    }
    close(tell[1]);
    told = between > 0 && read(tell[0], pid, sizeof *pid) == sizeof *pid;
    close(tell[0]);
    while (between > 0 && waitpid(between, NULL, 0) < 0 && errno == EINTR)
        continue;
    return told ? OL_OK : OL_IO;
}

/* The programs find each other beside themselves. */
static enum ol_err find_executable(const char *name, char out[static PATH_MAX], struct ol_fault *f)
{
    ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);
    char *slash;

    out[len > 0 ? len : 0] = '\0';
    slash = strrchr(out, '/');
    if (slash != NULL && (size_t)(slash + 1 - out) + strlen(name) < PATH_MAX) {
        strcpy(slash + 1, name);
        if (access(out, X_OK) == 0)
            return OL_OK;
    }
    ol_fault_set(f, OL_EXIT_FAILED, "err.up.executable", "file", out, NULL);
    return OL_ABSENT;
}

enum ol_err ol_program_start(const struct ol_program *p, const struct ol_home *h, pid_t *pid,
                             struct ol_fault *f)
{
    char executable[PATH_MAX];
    int log;
    enum ol_err err = find_executable(p->name, executable, f);

    *pid = 0;
    if (err)
        return err;
    log = openat(h->dir, p->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    err = log < 0 ? OL_IO : detach(executable, p, h, log, pid);
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.up.start", "program", p->name, "detail", strerror(errno),
                     NULL);
    if (log >= 0)
        close(log);
    return err;
}
