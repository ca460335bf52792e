/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay: the paths of relay.conf on one side, at most one station on the other, and frames between
 * them. It holds nothing but frames. Works in the current folder: relay.conf, run/relay.sock.
 */
#ifndef OL_RELAY_RELAY_H
#define OL_RELAY_RELAY_H

#include <uv.h>

#include "base/err.h"

/* Reads relay.conf, opens the socket and the paths, and runs until SIGTERM or SIGINT. OK, or LATER: a
 * clean end, but a thread hangs in the system's resolver and must not be waited for. Of any other result
 * the cause is logged. */
OL_MUST_USE enum ol_err ol_relay_run(void);

/* One line on stderr, with the time in UTC. */
__attribute__((format(printf, 1, 2))) void ol_relay_log(const char *format, ...);

#endif
