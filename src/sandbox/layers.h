/* SPDX-License-Identifier: Apache-2.0 */
/* What sandbox.c puts together: each of the two can confine the calling process, and say whether the kernel has it. */
#ifndef OL_SANDBOX_LAYERS_H
#define OL_SANDBOX_LAYERS_H

#include "sandbox/sandbox.h"

/* The kernel's version of Landlock, 0 for none. */
int ol_landlock_version(void);
/* False, with errno: not confined. */
bool ol_landlock_enter(const struct ol_sandbox *s, int version);

bool ol_seccomp_is_there(void);
/* 0, or an error of errno: not confined. */
int ol_seccomp_enter(enum ol_sandbox_program program);

/* ---- calls.c ---- */

/* A system call by its name, and which programs make it: bits of 1 << program. */
struct ol_sandbox_call {
    const char *name;
    unsigned programs;
};
extern const struct ol_sandbox_call ol_sandbox_calls[]; /* a NULL name ends it */

/* Calls that no program makes: whoever makes one has taken it over. */
extern const char *const ol_sandbox_never[]; /* NULL ends it */

/* The families of sockets that a program makes; those that it asks for and does without; all others end it. */
struct ol_sandbox_sockets {
    int may[3]; /* 0 ends it */
    int without[3];
};
extern const struct ol_sandbox_sockets ol_sandbox_sockets[OL_SANDBOX_PROGRAMS];

/* Whether files may be mapped as code: modules of the system's resolver are. */
extern const bool ol_sandbox_loads_code[OL_SANDBOX_PROGRAMS];

#endif
