/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a message stands: a pure fold of what is on record about it, in ladder order. Who may do what when is one
 * table, which answer closes which class another (doc/protocol.md, section 9).
 *
 * The state says how far a message has come: sent, delivered, taken, read back, confirmed. Whether it still waits for an
 * answer is told apart from that: it is open until the right answer, a decline, or a later message of its author's that
 * corrects or cancels it. A confirmed read-back counts as a roger. A form is read back by its values alone, which are
 * compared here: the same ones confirm it at once, others have no effect.
 */
#ifndef OL_DESK_DIALOGUE_H
#define OL_DESK_DIALOGUE_H

#include "desk/act.h"
#include "desk/message.h"

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

struct ol_dialogue {
    uint8_t author;        /* of the message */
    enum ol_message_state state;
    uint32_t version;      /* number of the entry whose text stands: the message, or its last correction */
    uint32_t readback;     /* number of the last read-back of that version; 0: none */
    uint8_t answer;        /* the class of answer its sender needs */
    bool open;
    bool met;              /* a person of the receiver's side has answered in some way, if only to stand by */
    bool cancelled;        /* by the message that it is superseded by */
    bool not_passed;       /* the last word on passing it on: it was not */
    uint8_t step;          /* enum ol_escalation: how far it was escalated, since nobody took it in time */
    uint8_t stage;         /* to which it was passed on last; enum ol_stage */
    uint32_t until;        /* open, standing by until then; 0: not */
    uint32_t superseded;   /* number of its author's later message in place of it; 0: none */
    struct ol_ref closed;  /* the entry that closed it */
    struct ol_span form;   /* of a form: its body, borrowed while what is about it is folded; else empty */
};

/* A message on record (kind message or form), before anything is done about it: DELIVERED as far as acts go. */
void ol_dialogue_init(struct ol_dialogue *d, const struct ol_row *message);
/* Folds one entry about it, an act or a message. False: without effect, because the state does not allow it any more,
 * or it is about a text or a read-back that no longer stands, or the message is closed. */
bool ol_dialogue_fold(struct ol_dialogue *d, const struct ol_row *row);

/* Whether this kind of act is allowed in this state (the table). */
bool ol_act_allowed(enum ol_message_state state, uint8_t kind);
/* Whether this answer closes a message of this class (the table). */
bool ol_answer_closes(uint8_t class, uint8_t answer);

/* Ladder order: each entry after all it names; of two that did not know of each other, A's first. Whether A's entry a
 * goes before B's entry b. */
bool ol_ladder_a_first(const struct ol_row *a, const struct ol_row *b);

/* What comes after so many entries about one message has no effect: nobody needs more, and one side could send them to
 * no end but to be slow. */
#define OL_ACTS_MAX 1024u
/* Folds all that is on record about a message, as next gives it. each, which may be NULL, is told of every entry in
 * ladder order, with where the message stands after it and whether it had an effect. */
void ol_dialogue_of(struct ol_dialogue *d, const struct ol_row *message, ol_next_row_fn *next,
                    void (*each)(void *ctx, const struct ol_row *row, const struct ol_dialogue *after, bool effect),
                    void *ctx);

/* The dialogue as a store keeps it: bytes that say all of it. */
#define OL_DIALOGUE_BYTES 27u
void ol_dialogue_write(const struct ol_dialogue *d, struct ol_wr *w);
OL_MUST_USE enum ol_err ol_dialogue_read(struct ol_span bytes, struct ol_dialogue *d);
#define OL_DIALOGUE_VERSION 3u /* of the fold and of these bytes: one more with each change */
/* The same for a store, in one. */
extern const struct ol_views ol_dialogue_views;

#endif
