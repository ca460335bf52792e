/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a program that runs until it is told to end: where it works, and nothing else. */
#ifndef OL_DAEMON_OPTIONS_H
#define OL_DAEMON_OPTIONS_H

#include <stdbool.h>

struct ol_daemon {
    const char *name;
    const char *does; /* a sentence about DIR */
};

/* *dir is the folder to work in. False: end with *code, all is said. */
bool ol_daemon_options(const struct ol_daemon *d, int argc, char **argv, const char **dir, int *code);

#endif
