/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay: the paths of relay.conf on one side, at most one station on the other, and frames between
 * them. It holds nothing but frames. Works in the current folder: relay.conf, run/relay.sock.
 */
#ifndef OL_RELAY_RELAY_H
#define OL_RELAY_RELAY_H

#include <uv.h>

#include "base/err.h"
#include "sandbox/keeper.h"

#define OL_RELAY_CONF "relay.conf"
#define OL_RELAY_SOCKET "run/relay.sock"

/* What the relay asks its keeper for: relay.conf, as it is now, since no other file of the folder is the relay's to
 * read; and to take away its socket and its number, when it ends. */
#define OL_RELAY_ASK_CONF 'c'
#define OL_RELAY_ASK_CLEAR 'e'

/* Makes the socket, which nobody can reach yet. IO, and the cause is logged. */
OL_MUST_USE enum ol_err ol_relay_open(const struct ol_keeper *keeper);
/* Reads relay.conf, opens the paths and then the socket, and runs until SIGTERM or SIGINT. OK, or LATER: a
 * clean end, but a thread hangs in the system's resolver and must not be waited for. Of any other result
 * the cause is logged. */
OL_MUST_USE enum ol_err ol_relay_run(void);

/* One line on stderr, with the time in UTC. */
__attribute__((format(printf, 1, 2))) void ol_relay_log(const char *format, ...);

#endif
