/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program gives up before it reads a byte from outside: capabilities, the gain of new ones, files (Landlock)
 * and system calls (seccomp). A program that is taken over later has only what is left.
 *
 *     sandbox.c    the order in which rights are given up
 *     landlock.c   files: only what the caller lists
 *     seccomp.c    system calls: only what calls.c lists
 *     calls.c      every program's calls, in one table
 *     keeper.c     a second process for the one thing that a program must still be able to have
 *     none.c       instead of the first four in a build with sanitizers or coverage, which need more than they allow
 */
#ifndef OL_SANDBOX_SANDBOX_H
#define OL_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define OL_SANDBOX_WHY 96u

enum ol_sandbox_program {
    OL_SANDBOX_STATION,
    OL_SANDBOX_RELAY,
    OL_SANDBOX_STATION_KEEPER,
    OL_SANDBOX_RELAY_KEEPER,
    OL_SANDBOX_VERIFY,
    OL_SANDBOX_COMMAND,
    OL_SANDBOX_PROGRAMS,
};

/* Of a file, or of all that is in a directory. */
enum ol_sandbox_right {
    OL_SANDBOX_READ = 1,
    OL_SANDBOX_CHANGE = 2, /* write, make and remove files */
    OL_SANDBOX_REMOVE = 4, /* remove files */
};

struct ol_sandbox_path {
    const char *path; /* what cannot be opened is left out */
    unsigned rights;  /* of enum ol_sandbox_right */
};

struct ol_sandbox {
    enum ol_sandbox_program program;
    const struct ol_sandbox_path *paths; /* all else cannot be opened, made or removed */
    size_t paths_n;
    bool anywhere;         /* files are confined by nothing but the rights of its user */
    uint32_t capabilities; /* to keep, of those that it has: bits of 1 << CAP_... */
};

/* What there is to confine a program with. To be asked before it is. */
struct ol_sandbox_means {
    bool built;   /* this program was built to be confined */
    int landlock; /* the kernel's version of it, 0 for none */
    bool seccomp;
};
void ol_sandbox_means(struct ol_sandbox_means *out);

/* Confines the process for good, with what there is; the process must have no other thread yet. A call that no
 * program of ours makes on its own then ends it, with a line on stderr; any other that is not listed fails.
 * OK: why says what there is not, or is empty. IO, with the reason: the kernel has it but refuses; do not go on. */
OL_MUST_USE enum ol_err ol_sandbox_enter(const struct ol_sandbox *s, char why[static OL_SANDBOX_WHY]);

#endif
