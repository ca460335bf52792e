/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second process of a program, made while it still has its rights. It does for the program the one thing that it
 * must still be able to have done, as often as it is asked, and hands it the descriptor: it is told one byte, so
 * nothing that is sent to the program reaches it. It ends with the program.
 */
#ifndef OL_SANDBOX_KEEPER_H
#define OL_SANDBOX_KEEPER_H

#include "sandbox/sandbox.h"

/* A descriptor; 0 when it is done and there is nothing to hand over; minus an error of errno. Must not wait. */
typedef int ol_keeper_fn(char what);

struct ol_keeper {
    int fd;
};

/* Confined as s says. Before there is any thread, lock or secret. IO, with the reason. */
OL_MUST_USE enum ol_err ol_keeper_start(const struct ol_sandbox *s, ol_keeper_fn *get, struct ol_keeper *out,
                                        char why[static OL_SANDBOX_WHY]);
/* As ol_keeper_fn; -EPIPE: the keeper is gone. The descriptor is the caller's. */
int ol_keeper_ask(const struct ol_keeper *k, char what);
void ol_keeper_end(struct ol_keeper *k);

#endif
