/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a host and a port to a socket address. An address in figures needs no resolver and no thread, so
 * that paths given by address live on while every lookup of a name hangs. A name is asked for anew each
 * time; one with several addresses gives them in turn.
 */
#ifndef OL_PATH_RESOLVE_H
#define OL_PATH_RESOLVE_H

#include <uv.h>

#include "path/spec.h"

struct ol_resolve {
    uv_getaddrinfo_t req;
    void (*done)(struct ol_resolve *r, int status, const struct sockaddr *addr);
    void *owner; /* the caller's */
    unsigned turn;
    bool busy;
};

/* Calls done once, at once or later; status is 0 or an error of libuv. family: AF_UNSPEC, AF_INET,
 * AF_INET6. */
void ol_resolve_start(struct ol_resolve *r, uv_loop_t *loop, const struct ol_endpoint *e, int family,
                      void (*done)(struct ol_resolve *r, int status, const struct sockaddr *addr));
/* done still comes, sooner if it can. */
void ol_resolve_cancel(struct ol_resolve *r);

#endif
