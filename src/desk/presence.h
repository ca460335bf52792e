/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether somebody is at a desk: folded from what its own side wrote, so that both sides see the same. Body of the
 * entry that says so (deterministic CBOR):
 *
 *     desk   [what] or [what, role]    0 left, 1 attended, 2 nobody answered the watch check: its station says so
 *
 *     unknown, attended --left, unanswered--> unattended
 *     unknown, attended --hours that were announced begin--> unattended
 *     any --attended--> attended
 *
 * Nobody is announced to be there: hours that end leave a desk unattended until somebody attends it, and that is not
 * announced. Whoever attends it in hours that were announced is there nevertheless, until the next begin.
 */
#ifndef OL_DESK_PRESENCE_H
#define OL_DESK_PRESENCE_H

#include "desk/hours.h"

enum ol_desk_what {
    OL_DESK_LEFT,
    OL_DESK_ATTENDED,
    OL_DESK_UNANSWERED,
    OL_DESK_WHATS,
};

#define OL_DESK_ROLE_MAX 64u

struct ol_desk_entry {
    enum ol_desk_what what;
    struct ol_span role; /* a word as of a message; empty when there is none */
};

/* "left", "attended", "unanswered": never translated. */
const char *ol_desk_what_name(enum ol_desk_what what);
void ol_desk_write(const struct ol_desk_entry *entry, struct ol_wr *w);
/* Borrows from the body. MALFORMED: *entry is zero. */
OL_MUST_USE enum ol_err ol_desk_read(struct ol_span body, struct ol_desk_entry *entry);

/* ---- The fold ---- */

#define OL_DESK_AWAYS 16u /* the last ones that count */

struct ol_desk_away {
    uint32_t seq; /* of the entry that announced it; 0: none */
    uint32_t time;
    uint32_t from;
    uint32_t to;
    bool outage;
};

/* What one side said of its desk. */
struct ol_desk {
    struct {
        uint32_t seq; /* 0: nothing yet */
        uint32_t time;
        enum ol_desk_what what;
        size_t role_len;
        uint8_t role[OL_DESK_ROLE_MAX];
    } last;
    struct {
        uint32_t seq;
        uint32_t time;
        struct ol_hours hours;
    } weekly;
    struct ol_desk_away away[OL_DESK_AWAYS];
};

/* An entry of this side, in any order; other kinds, and bodies that do not read, change nothing. Zeros begin. */
void ol_desk_note(struct ol_desk *d, const struct ol_row *row);

enum ol_presence_state {
    OL_PRESENCE_UNKNOWN,
    OL_PRESENCE_ATTENDED,
    OL_PRESENCE_UNATTENDED,
};
/* "attended", "unattended", "unknown": never translated. */
const char *ol_presence_name(enum ol_presence_state state);

/* Why a desk is unattended. */
enum ol_presence_why {
    OL_WHY_NONE,       /* it is not, or nobody knows */
    OL_WHY_LEFT,
    OL_WHY_UNANSWERED, /* nobody answered the watch check */
    OL_WHY_OVERRUN,    /* hours that were announced are over, and nobody has come */
    OL_WHY_ANNOUNCED,
    OL_WHY_OUTAGE,     /* announced too */
};
/* "left", "outage": never translated; NULL for none. */
const char *ol_presence_why_name(enum ol_presence_why why);

struct ol_presence {
    enum ol_presence_state state;
    enum ol_presence_why why;
    uint32_t since;      /* UTC; 0 while unknown */
    uint32_t until;      /* unattended as announced until then; 0: not announced */
    struct ol_span role; /* of who attends it, or left it; empty when not said. Borrowed from the fold */
};

void ol_desk_at(const struct ol_desk *d, uint32_t now, struct ol_presence *out);
/* The other side's, of which its station says with each echo how it is now (wire/item.h), and its entries since when and
 * why: the later of the two counts, by its own clock. said_at 0: nothing came lately. Then whether somebody is there is
 * unknown, but in hours that were announced, and the rest stays what the entries last said. */
void ol_desk_said(const struct ol_desk *d, uint32_t now, enum ol_presence_state said, uint32_t said_at,
                  struct ol_presence *out);
/* Whether its side has announced an outage for this moment, attended or not. */
bool ol_desk_is_out(const struct ol_desk *d, uint32_t now);

#endif
