/* SPDX-License-Identifier: Apache-2.0 */
/* openline-relay: carries sealed frames between a station and its paths. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/options.h"
#include "relay/relay.h"
#include "sandbox/sandbox.h"

#define LOCK "run/relay.lock"
#define PID "run/relay.pid"

static bool make_run(void)
{
    if (mkdir("run", 0700) == 0 || errno == EEXIST)
        return true;
    ol_relay_log("run: %s", strerror(errno));
    return false;
}

/* Held until the process ends, however it ends; whoever looks holds it for a moment. */
static bool lock(void)
{
    const struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};
    int fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    for (unsigned tries = 0; fd >= 0 && tries < 10; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK)
            break;
        nanosleep(&moment, NULL);
    }
    if (fd >= 0 && errno == EWOULDBLOCK)
        ol_relay_log("another relay is running in this folder (its number is in %s)", PID);
    else
        ol_relay_log("%s: %s", LOCK, strerror(errno));
    return false;
}

static bool write_pid(void)
{
    FILE *f = fopen(PID, "we");
    bool ok = f != NULL && fprintf(f, "%ld\n", (long)getpid()) > 0;

    if (f != NULL)
        ok = fclose(f) == 0 && ok;
    if (!ok)
        ol_relay_log("%s: %s", PID, strerror(errno));
    return ok;
}

/* ---- What it may do ---- */

/* In the keeper. */
static int keep(char what)
{
    int fd;

    if (what == OL_RELAY_ASK_CONF) {
        fd = open(OL_RELAY_CONF, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        return fd < 0 ? -errno : fd;
    }
    unlink(OL_RELAY_SOCKET);
    unlink(PID);
    return 0;
}

static bool start_keeper(struct ol_keeper *k)
{
    static const struct ol_sandbox_path paths[] = {
        {".", OL_SANDBOX_READ},
        {"run", OL_SANDBOX_REMOVE},
    };
    const struct ol_sandbox sandbox = {.program = OL_SANDBOX_RELAY_KEEPER, .paths = paths,
                                       .paths_n = sizeof paths / sizeof paths[0]};
    char why[OL_SANDBOX_WHY];

    if (ol_keeper_start(&sandbox, keep, k, why) == OL_OK)
        return true;
    ol_relay_log("%s", why);
    return false;
}

/* Nothing of the folder that it works in: there are the keys of a station. Only what the system's resolver reads, which
 * is replaced as networks come and go, and is linked to from /etc. */
static bool confine(void)
{
    static const struct ol_sandbox_path paths[] = {
        {"/etc", OL_SANDBOX_READ},
        {"/run/systemd/resolve", OL_SANDBOX_READ},
        {"/run/resolvconf", OL_SANDBOX_READ},
        {"/run/NetworkManager", OL_SANDBOX_READ},
        {"/lib", OL_SANDBOX_READ},
        {"/usr/lib", OL_SANDBOX_READ},
        {"/dev/null", OL_SANDBOX_READ},
        {"/dev/urandom", OL_SANDBOX_READ},
    };
    const struct ol_sandbox sandbox = {
        .program = OL_SANDBOX_RELAY,
        .paths = paths,
        .paths_n = sizeof paths / sizeof paths[0],
        .capabilities = 1u << CAP_NET_BIND_SERVICE, /* a path may listen on a port below 1024 */
    };
    char why[OL_SANDBOX_WHY];
    enum ol_err err = ol_sandbox_enter(&sandbox, why);

    if (why[0] != '\0')
        ol_relay_log("%s", why);
    return !err;
}

static int run(const char *dir)
{
    struct ol_keeper keeper;
    enum ol_err err;

    umask(077);
    signal(SIGPIPE, SIG_IGN);
    if (chdir(dir) != 0) {
        ol_relay_log("%s: %s", dir, strerror(errno));
        return EXIT_FAILURE;
    }
    if (!make_run() || !start_keeper(&keeper) || !lock() || !write_pid())
        return EXIT_FAILURE;
    err = ol_relay_open(&keeper);
    if (!err && !confine())
        err = OL_IO;
    if (!err)
        err = ol_relay_run();
    ol_keeper_ask(&keeper, OL_RELAY_ASK_CLEAR);
    if (err == OL_LATER)
        _exit(EXIT_SUCCESS);
    return err == OL_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct ol_daemon daemon = {
        "openline-relay", "Carries sealed frames between the station of DIR and the paths of DIR/relay.conf."};
    const char *dir;
    int code;

    return ol_daemon_options(&daemon, argc, argv, &dir, &code) ? run(dir) : code;
}
