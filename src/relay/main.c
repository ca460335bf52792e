/* SPDX-License-Identifier: Apache-2.0 */
/* openline-relay: carries sealed frames between a station and its paths. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "relay/relay.h"

#define LOCK "run/relay.lock"
#define PID "run/relay.pid"
#define EXIT_USAGE 2

static const char usage[] =
    "usage: openline-relay [-C DIR]\n"
    "\n"
    "Carries sealed frames between the station of DIR and the paths of DIR/relay.conf.\n"
    "Runs in the foreground until SIGTERM or SIGINT.\n"
    "\n"
    "  -C DIR      work in this folder (the current one)\n"
    "  --help      show this\n"
    "  --version   show the version\n";

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

static int run(const char *dir)
{
    enum ol_err err;

    umask(077);
    signal(SIGPIPE, SIG_IGN);
    if (chdir(dir) != 0) {
        ol_relay_log("%s: %s", dir, strerror(errno));
        return EXIT_FAILURE;
    }
    if (!make_run() || !lock() || !write_pid())
        return EXIT_FAILURE;
    err = ol_relay_run();
    unlink(PID);
    if (err == OL_LATER)
        _exit(EXIT_SUCCESS);
    return err == OL_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    const char *dir = ".";
    int option;

    while ((option = getopt_long(argc, argv, "C:", options, NULL)) != -1) {
        switch (option) {
        case 'C':
            dir = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'v':
            puts("openline-relay " OL_VERSION);
            return EXIT_SUCCESS;
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return run(dir);
}
