/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SPEC says in one word what carries a path:
 *
 *     tcp:connect:HOST:PORT
 *     tcp:listen:HOST:PORT
 *     udp:LOCALHOST:LOCALPORT:HOST:PORT
 *
 * HOST is a name, an IPv4 address, or an IPv6 address in brackets, with a zone if need be
 * ([fe80::1%eth0]).
 */
#ifndef OL_PATH_SPEC_H
#define OL_PATH_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define OL_HOST_MAX 253u                     /* a name in the DNS */
#define OL_SPEC_MAX (2u * OL_HOST_MAX + 48u) /* a printed SPEC with its NUL */
#define OL_WHY_MAX 512u                      /* a refusal, with its NUL */

enum ol_spec_kind {
    OL_SPEC_TCP_CONNECT,
    OL_SPEC_TCP_LISTEN,
    OL_SPEC_UDP,
};

struct ol_endpoint {
    char host[OL_HOST_MAX + 1]; /* without brackets */
    uint16_t port;
};

struct ol_spec {
    enum ol_spec_kind kind;
    struct ol_endpoint local;  /* listen, udp */
    struct ol_endpoint remote; /* connect, udp */
};

/* OK or MALFORMED; then why says what was meant, one line of printable ASCII. */
OL_MUST_USE enum ol_err ol_spec_parse(const char *text, struct ol_spec *out,
                                       char why[static OL_WHY_MAX]);
void ol_spec_print(const struct ol_spec *s, char out[static OL_SPEC_MAX]);
bool ol_spec_equal(const struct ol_spec *a, const struct ol_spec *b);

#endif
