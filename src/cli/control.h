/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the station's control socket (doc/control.md): asks, waits, and gives up in time. */
#ifndef OL_CLI_CONTROL_H
#define OL_CLI_CONTROL_H

#include <jansson.h>

#include "base/ports.h"
#include "station/home.h"

struct ol_control {
    int fd;    /* -1 when closed */
    char *buf; /* what has come and was not read yet */
    size_t len;
    size_t cap;
    json_int_t next; /* id of the next request */
};

/* Whatever is asked from now on is an officer's; NULL: the operator's. */
void ol_control_act_as(const char *officer);

/* ABSENT: no station answers in this home. IO. */
OL_MUST_USE enum ol_err ol_control_open(const struct ol_home *h, struct ol_control *out,
                                        struct ol_fault *f);
void ol_control_close(struct ol_control *c); /* a closed one is fine */

/* Asks and waits for the answer; steals params. On OK *result is the caller's. MALFORMED: params could
 * not be made (NULL: an operand that is not UTF-8); UNEXPECTED: the station refused, the fault has its
 * words; LATER: no answer in time; IO: the connection broke. */
OL_MUST_USE enum ol_err ol_control_call(struct ol_control *c, const char *method, json_t *params,
                                        int timeout_ms, json_t **result, struct ol_fault *f);

/* What the station refused with, {code, message, data}, in the words of this program's catalogue, or in its own if there
 * are none. */
void ol_control_refusal(const json_t *error, struct ol_fault *f);
/* Waits for the next notification, however long it takes. *params is the caller's. IO: it ended. */
OL_MUST_USE enum ol_err ol_control_event(struct ol_control *c, json_t **params, struct ol_fault *f);

#endif
