/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a side decides on its own what it says: who its officers are, whose clearance a message needs, and how far a
 * draft has come. Folded from leaves of the own book (book.h), whose texts are:
 *
 *     officer     role ... NL name             no role: nobody acts under this name any more
 *     rule        class role ...               class: flash, other; no role: there is no rule any more
 *     words       class number NL content      number: of the words that these replace; 0: a new draft
 *     clearance   number NL name [NL remark]   of these words, for the leaf's role
 *     release     number hash NL name          hash: SHA-256 of what is sent, 64 digits; the leaf is about our last
 *                                              entry before it, if there is one
 *
 * A draft is known by the number of the leaf that holds its words. Each leaf names the hash of the one before, so a
 * number stands for exactly these words, with their translation and meaning; when they change, so does the number.
 *
 *     a rule of n roles: the first n - 1 clear in turn, the last releases
 *     words changed by a role: what it and the roles after it cleared is void
 *     words changed by nobody of the rule, or a rule changed: all is void
 */
#ifndef OL_DESK_CLEAR_H
#define OL_DESK_CLEAR_H

#include "desk/book.h"
#include "desk/message.h"

#define OL_RULE_ROLES 8u /* of a rule, of an officer */
#define OL_OFFICERS 64u

struct ol_paper {
    size_t roles; /* officer, rule */
    struct ol_span role[OL_RULE_ROLES];
    bool flash;          /* rule, words */
    uint32_t number;     /* words, clearance, release */
    struct ol_hash body; /* release */
    struct ol_span name; /* officer, clearance, release */
    struct ol_span rest; /* words: the content; clearance: the remark */
};

/* Whether leaves of this kind have such a text. */
bool ol_is_paper(uint8_t kind);
void ol_paper_write(uint8_t kind, const struct ol_paper *paper, struct ol_wr *w);
/* Borrows from the text. MALFORMED: *paper is zero. */
OL_MUST_USE enum ol_err ol_paper_read(uint8_t kind, struct ol_span text, struct ol_paper *paper);
/* A name as it may be written: 1 to OL_PARTY_MAX bytes, none of them a control character. */
bool ol_officer_name_valid(struct ol_span name);

/* ---- What stands ---- */

struct ol_roles {
    size_t n;
    char name[OL_RULE_ROLES][OL_WORD_ROLE + 1];
};
/* The place of a role, or -1. */
int ol_roles_find(const struct ol_roles *roles, struct ol_span role);

struct ol_officer {
    char name[OL_PARTY_MAX + 1]; /* empty: a free place */
    struct ol_roles roles;
};

struct ol_rule {
    struct ol_hash line;
    bool flash;
    struct ol_roles roles; /* none: it was lifted */
};

struct ol_draft {
    uint32_t number;  /* of the leaf with its words as they are now */
    struct ol_hash line;
    bool flash;
    uint32_t time;
    size_t cleared;   /* the first so many roles of the rule */
    uint32_t clearance[OL_RULE_ROLES]; /* by place: the leaf of those that are cleared */
    uint32_t release; /* the leaf; 0: not yet */
    struct ol_hash body;
    struct ol_ref head; /* our last entry on record when it was released */
    bool handed;        /* the station's: to the line, since its start */
    uint32_t sent;      /* the station's: the number of the entry, once it was seen on record; 0: not yet */
};

/* Zeros begin. The lists are the caller's, who makes room: one more rule and draft for each leaf. */
struct ol_office {
    struct ol_officer officer[OL_OFFICERS];
    struct ol_rule *rule;
    size_t rules;
    size_t rules_cap;
    struct ol_draft *draft; /* ascending by number but for those that were changed */
    size_t drafts;
    size_t drafts_cap;
};

/* The next leaf. One that does not read, or that the rule does not allow, changes nothing. */
void ol_office_note(struct ol_office *o, const struct ol_leaf *leaf);
/* NULL: none of this name. */
const struct ol_officer *ol_office_officer(const struct ol_office *o, struct ol_span name);
bool ol_office_has_room(const struct ol_office *o, struct ol_span name);
/* The roles in order; NULL when messages of this class need nobody's clearance. */
const struct ol_roles *ol_office_rule(const struct ol_office *o, const struct ol_hash *line, bool flash);
/* NULL: these words are nobody's, or not a draft's any more. */
struct ol_draft *ol_office_draft(const struct ol_office *o, uint32_t number);
/* The role whose turn it is: of the last it is to release. */
const char *ol_draft_turn(const struct ol_draft *d, const struct ol_roles *rule);
/* As which of his roles an officer would change these words: the one furthest on, up to the one whose turn it is; -1
 * when none of them is in the rule so far. */
int ol_draft_place(const struct ol_draft *d, const struct ol_roles *rule, const struct ol_officer *officer);

#endif
