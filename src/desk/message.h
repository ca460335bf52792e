/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages and what may be done about them: send, take, read back, confirm, correct,
 * decline. A pure fold of entries in ladder order; who may do what when is one table.
 *
 * Bodies (deterministic CBOR):
 *
 *     message    text                              in the language of its author's card
 *                or map {1: text, 2: subject text, 3: language text}, 2 and 3 as needed
 *     take       [message]                         message: its number in its author's stream
 *     readback   [message, version, text]          version: number of the message or of the correction read back
 *     confirm    [message, readback]               readback: the number of the read-back confirmed
 *     correct    [message, text]
 *     decline    [message] or [message, text]      text: the reason
 */
#ifndef OL_DESK_MESSAGE_H
#define OL_DESK_MESSAGE_H

#include "record/row.h"

enum ol_message_state {
    OL_RELEASED,
    OL_SENT,
    OL_DELIVERED,
    OL_TAKEN,
    OL_READ_BACK,
    OL_CONFIRMED,
    OL_CORRECTED,
    OL_DECLINED,
};

/* "released", "read_back": as in doc/control.md; never translated. */
const char *ol_message_state_name(enum ol_message_state state);

struct ol_message {
    struct ol_span text;
    struct ol_span subject; /* empty: none */
    struct ol_span lang;    /* empty: that of the author's card */
};

/* Sets w->full when it does not fit. */
void ol_message_write(const struct ol_message *m, struct ol_wr *w);
/* Borrows from the body. MALFORMED: not a message, an empty text, a text over OL_TEXT_MAX. */
OL_MUST_USE enum ol_err ol_message_read(struct ol_span body, struct ol_message *m);

/* An act about a message. */
struct ol_act {
    uint8_t kind;         /* OL_KIND_TAKE to OL_KIND_DECLINE */
    uint32_t message;     /* number in the stream of the message's author */
    uint32_t about;       /* readback: the version; confirm: the read-back; else 0 */
    struct ol_span text;  /* empty when there is none */
};

void ol_act_write(const struct ol_act *act, struct ol_wr *w);
OL_MUST_USE enum ol_err ol_act_read(uint8_t kind, struct ol_span body, struct ol_act *act);
bool ol_is_act(uint8_t kind);
/* Whether the message's own author does this act (confirm, correct), not its receiver. */
bool ol_act_is_senders(uint8_t kind);
/* Which message a row is about, for a store's index: author 0 for none. */
void ol_message_refer(const struct ol_row *row, uint8_t *author, uint32_t *seq);
/* Whether a body of this kind is one that this station understands. */
bool ol_body_readable(uint8_t kind, struct ol_span body);

/* Where a message stands. */
struct ol_dialogue {
    enum ol_message_state state;
    uint32_t version;  /* number of the entry whose text stands: the message, or its last correction */
    uint32_t readback; /* number of the last read-back of that version; 0: none */
};

/* A message on record, before any act: DELIVERED as far as acts go. */
void ol_dialogue_init(struct ol_dialogue *d, uint32_t message);
/* Whether this kind of act is allowed in this state (the table). */
bool ol_act_allowed(enum ol_message_state state, uint8_t kind);
/* Folds one act, entry number seq. False: without effect, because the state does not allow it any more or it is about
 * a text or a read-back that no longer stands. */
bool ol_dialogue_fold(struct ol_dialogue *d, const struct ol_act *act, uint32_t seq);

/* Ladder order: each entry after all it names; of two that did not know of each other, A's first. Whether A's entry a
 * goes before B's entry b. */
bool ol_ladder_a_first(const struct ol_row *a, const struct ol_row *b);

#endif
