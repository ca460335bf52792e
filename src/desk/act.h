/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person does about a message. Bodies (deterministic CBOR); message is its number in its author's stream:
 *
 *     take       [message]
 *     readback   [message, version, text]      version: number of the message or of the correction read back
 *                or [message, version, [value, ...]]       of a form, with its values as form.h has them
 *     confirm    [message, readback]           readback: the number of the read-back confirmed
 *     correct    [message, text]
 *     decline    [message] or [message, text]              text: the reason
 *     reply      [message, answer] or [message, answer, text]; STANDBY: [message, 5, until] or [message, 5, until, text]
 *     escalate   [message, step]               written by the receiver's station: nobody has taken it in time
 *     onward     [message, stage] or, when it was not passed on, [message, stage, text]
 *
 * In which role somebody acts, who is not the operator, stands before the words as a byte string; a station has none.
 */
#ifndef OL_DESK_ACT_H
#define OL_DESK_ACT_H

#include "desk/message.h"

enum ol_answer {
    OL_WILCO,
    OL_UNABLE,
    OL_AFFIRM,
    OL_NEGATIVE,
    OL_ROGER,
    OL_STANDBY,
    OL_ANSWERS,
};

/* To whom on its receiver's side a message was passed on. */
enum ol_stage {
    OL_STAGE_NONE,
    OL_STAGE_DESK,
    OL_STAGE_DUTY, /* the duty officer */
    OL_STAGE_UNIT, /* that acts on it */
    OL_STAGES,
};

/* To whom a message goes that nobody has taken in its time, and then not in as much again. */
enum ol_escalation {
    OL_STEP_NONE,
    OL_STEP_DEPUTY,
    OL_STEP_NEXT_ROLE,
    OL_STEPS,
};

/* "deputy", "next-role": never translated. */
const char *ol_step_name(uint8_t step);
/* "wilco", "duty": never translated. */
const char *ol_answer_name(uint8_t answer);
const char *ol_stage_name(uint8_t stage);
/* The value of a name, or -1. */
int ol_answer_of(const char *name);
int ol_stage_of(const char *name);

struct ol_act {
    uint8_t kind;         /* one for which ol_is_act says so */
    uint32_t message;     /* number in the stream of the message's author */
    uint32_t about;       /* readback: the version; confirm: the read-back; else 0 */
    uint8_t what;         /* reply: enum ol_answer; onward: enum ol_stage; escalate: enum ol_escalation; else 0 */
    uint32_t until;       /* STANDBY: UTC seconds; else 0 */
    struct ol_span role;  /* of who acts; empty: the operator, or (escalate) the station */
    struct ol_span text;  /* empty when there is none */
    struct ol_span values; /* readback of a form: the array, instead of a text; else empty */
};

void ol_act_write(const struct ol_act *act, struct ol_wr *w);
/* Borrows from the body. MALFORMED. */
OL_MUST_USE enum ol_err ol_act_read(uint8_t kind, struct ol_span body, struct ol_act *act);
bool ol_is_act(uint8_t kind);
/* Whether the message's own author does this act (confirm, correct), not its receiver. */
bool ol_act_is_senders(uint8_t kind);

#endif
