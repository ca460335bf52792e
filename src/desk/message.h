/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message: its text, and what says how it is meant. Body (deterministic CBOR): the text alone, in the language of its
 * author's card, INFORMATION, answer R; or a map that says more:
 *
 *     1 text | 2 subject | 3 language tag | 4 marker | 5 class of answer | 6 re: 2 * number, + 1 for an entry of B's
 *     | 7 corrects | 8 cancels: number of an earlier message of its author's | 9 level | 10 role it is for | 11 standing
 *     | 12 its author's registry number | 13 handling | 14 role that released it
 *
 * What is as in a bare text is left out. A form (form.h) says the same of itself in a map without a text. Levels, roles
 * and handling are words that both sides have agreed.
 */
#ifndef OL_DESK_MESSAGE_H
#define OL_DESK_MESSAGE_H

#include "record/row.h"

/* How it is meant (the message markers of IMO's Standard Marine Communication Phrases). */
enum ol_marker {
    OL_INFORMATION,
    OL_INSTRUCTION, /* only where both sides agreed to it */
    OL_ADVICE,
    OL_WARNING,
    OL_QUESTION,
    OL_ANSWER,
    OL_REQUEST,
    OL_INTENTION,
    OL_MARKERS,
};

/* The answer that its sender needs (as in controller-pilot data link). */
enum ol_class {
    OL_CLASS_R,  /* roger */
    OL_CLASS_WU, /* will comply, or unable */
    OL_CLASS_AN, /* affirm, or negative */
    OL_CLASS_Y,  /* words */
    OL_CLASS_N,  /* none */
    OL_CLASSES,
};

/* What a text is among states. */
enum ol_standing {
    OL_STANDING_MESSAGE,
    OL_NOTE_VERBALE,
    OL_AIDE_MEMOIRE,
    OL_LETTER,
    OL_PROTEST,
    OL_ORAL_STATEMENT, /* as delivered */
    OL_NON_PAPER,      /* binds nobody */
    OL_STANDINGS,
};

/* "instruction", "wu", "note-verbale": never translated. */
const char *ol_marker_name(uint8_t marker);
const char *ol_class_name(uint8_t class);
const char *ol_standing_name(uint8_t standing);
/* The value of a name, or -1. */
int ol_marker_of(const char *name);
int ol_class_of(const char *name);
int ol_standing_of(const char *name);

#define OL_WORD_LEVEL 32u /* bytes of a level, and of a handling */
#define OL_LEVEL_SERVICE "service" /* the operators' own */
#define OL_WORD_ROLE 64u  /* bytes of a role, and of a registry number */

/* An entry of either stream. */
struct ol_ref {
    uint8_t author; /* 0: none */
    uint32_t seq;
};

struct ol_message {
    struct ol_span text;
    struct ol_span subject; /* empty: none */
    struct ol_span lang;    /* empty: that of the author's card */
    uint8_t marker;
    uint8_t answer; /* enum ol_class */
    uint8_t standing;
    struct ol_ref re;
    uint32_t corrects; /* 0: none; never together with cancels */
    uint32_t cancels;
    struct ol_span level;    /* empty: none; so the rest */
    struct ol_span to;
    struct ol_span ref;
    struct ol_span handling;
    struct ol_span by; /* the role that released it; empty: the station's operator */
};

/* Sets w->full when it does not fit. */
void ol_message_write(const struct ol_message *m, struct ol_wr *w);
/* Borrows from the body. MALFORMED: not a message, an empty text, a text over OL_TEXT_MAX, a word over its limit. */
OL_MUST_USE enum ol_err ol_message_read(struct ol_span body, struct ol_message *m);

/* The same for a form, in the map at its end: writes none when all is as in a bare text. */
void ol_meaning_write(const struct ol_message *m, struct ol_wr *w);
/* How a message is meant, or a form (kind FORM), which has no text. */
OL_MUST_USE enum ol_err ol_meaning_read(uint8_t kind, struct ol_span body, struct ol_message *m);

/* A level, a role or a handling as it may be written: lower-case letters, digits and hyphens. */
bool ol_word_valid(struct ol_span word);

#endif
