/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 2

static const char usage[] = "usage: %s [-C DIR]\n"
                            "\n"
                            "%s\n"
                            "Runs in the foreground until SIGTERM or SIGINT.\n"
                            "\n"
                            "  -C DIR      work in this folder (default: the current one)\n"
                            "  --help      show this\n"
                            "  --version   show the version\n";

static bool end(int with, int *code)
{
    *code = with;
    return false;
}

bool ol_daemon_options(const struct ol_daemon *d, int argc, char **argv, const char **dir, int *code)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    int option;

    *dir = ".";
    while ((option = getopt_long(argc, argv, "C:", options, NULL)) != -1) {
        switch (option) {
        case 'C':
            *dir = optarg;
            break;
        case 'h':
            printf(usage, d->name, d->does);
            return end(EXIT_SUCCESS, code);
        case 'v':
            printf("%s " OL_VERSION "\n", d->name);
            return end(EXIT_SUCCESS, code);
        default:
            fprintf(stderr, usage, d->name, d->does);
            return end(EXIT_USAGE, code);
        }
    }
    if (optind == argc)
        return true;
    fprintf(stderr, usage, d->name, d->does);
    return end(EXIT_USAGE, code);
}
