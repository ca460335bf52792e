/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roles of a side, as both sides see them: addresses are roles, not persons, and no name is written. Body of the
 * entry that says so (deterministic CBOR):
 *
 *     roster   [what, role, level, ...]    what: 0 removed, then without levels; 1 added, or as it is from now on;
 *                                          2 in other hands. Levels: at which it acts; none: at every one
 *
 * An entry says all of its role, so of those of one role the last counts.
 */
#ifndef OL_DESK_ROSTER_H
#define OL_DESK_ROSTER_H

#include "desk/message.h"

enum ol_roster_what {
    OL_ROLE_REMOVED,
    OL_ROLE_ADDED,
    OL_ROLE_HANDED,
    OL_ROLE_WHATS,
};

#define OL_ROLE_LEVELS 4u /* at which a role acts: more is every one */

struct ol_roster_entry {
    enum ol_roster_what what;
    struct ol_span role;
    size_t levels;
    struct ol_span level[OL_ROLE_LEVELS];
};

/* "removed", "added", "handed": never translated. */
const char *ol_roster_what_name(enum ol_roster_what what);
void ol_roster_write(const struct ol_roster_entry *entry, struct ol_wr *w);
/* Borrows from the body. MALFORMED: *entry is zero. */
OL_MUST_USE enum ol_err ol_roster_read(struct ol_span body, struct ol_roster_entry *entry);

/* ---- The fold ---- */

#define OL_ROSTER_MAX 64u /* roles of a side, with those it has removed: those that were named last */

struct ol_role {
    uint32_t seq; /* of the last entry about it; 0: a free place */
    uint32_t time;
    enum ol_roster_what what;
    uint8_t name_len;
    uint8_t name[OL_WORD_ROLE];
    uint8_t levels;
    uint8_t level_len[OL_ROLE_LEVELS];
    uint8_t level[OL_ROLE_LEVELS][OL_WORD_LEVEL];
};

/* What one side said of its roles; zeros begin. */
struct ol_roster {
    struct ol_role role[OL_ROSTER_MAX];
};

/* An entry of this side, in any order; other kinds, and bodies that do not read, change nothing. */
void ol_roster_note(struct ol_roster *r, const struct ol_row *row);
/* A role that is there, or NULL. */
const struct ol_role *ol_roster_find(const struct ol_roster *r, struct ol_span role);
/* The roles that are there: how many, and the one at this place. */
size_t ol_roster_count(const struct ol_roster *r);
const struct ol_role *ol_roster_at(const struct ol_roster *r, size_t i);
/* Whether one more name can be told without another being forgotten. */
bool ol_roster_has_room(const struct ol_roster *r, struct ol_span role);

#endif
