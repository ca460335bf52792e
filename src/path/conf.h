/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.conf: the paths of a relay.
 *
 *     paths = (
 *       { id = 1; line = "0123456789abcdef"; path = 0; spec = "tcp:listen:127.0.0.1:7001"; }
 *     );
 *
 * id is the number by which station and relay name the path, line the first 16 hex digits of the line
 * id, path its number on that line. A refusal is one line, "relay.conf:2: path: what is meant", which
 * names the file without its folder.
 */
#ifndef OL_PATH_CONF_H
#define OL_PATH_CONF_H

#include "path/spec.h"

#define OL_CONF_PATHS 1024u
#define OL_CONF_LINE 16u /* hex digits */

struct ol_conf_path {
    uint16_t id; /* from 1 */
    char line[OL_CONF_LINE + 1];
    uint8_t path;
    struct ol_spec spec;
};

/* Freed with ol_conf_free; {0} is an empty one. */
struct ol_conf {
    struct ol_conf_path *paths;
    size_t count;
};

/* OK, ABSENT (no such file), MALFORMED, or IO. */
OL_MUST_USE enum ol_err ol_conf_read(const char *file, struct ol_conf *out, char why[static OL_WHY_MAX]);
/* As ol_conf_read, from an open file, which stays open. */
OL_MUST_USE enum ol_err ol_conf_read_fd(int fd, const char *file, struct ol_conf *out, char why[static OL_WHY_MAX]);
void ol_conf_free(struct ol_conf *c);
/* Replaces the file in one step: whoever reads it, and whoever wakes after a power cut, finds the old or
 * the new one. OK, MALFORMED (the paths break a rule of this file), or IO. */
OL_MUST_USE enum ol_err ol_conf_write(const char *file, const struct ol_conf *c,
                                       char why[static OL_WHY_MAX]);
/* Adds one path to the file, which need not exist. An id of 0 becomes the lowest free one. Two callers
 * wait for each other. OK, MALFORMED, LIMIT, or IO. */
OL_MUST_USE enum ol_err ol_conf_add(const char *file, struct ol_conf_path *add,
                                     char why[static OL_WHY_MAX]);

#endif
