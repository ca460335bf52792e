/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people owe each other on a line: a message that nobody has taken in its time, an answer that was promised for a
 * time, a text that took the place of one that somebody has acted on. Each is looked at when something about it
 * changes, and again at the moment when something falls due; of a message that nobody has taken, its receiver's side
 * then says so on the record.
 *
 * What a look needs to know, and what follows from it, goes through the port: the station and the simulator have their
 * own.
 */
#ifndef OL_DESK_WATCH_H
#define OL_DESK_WATCH_H

#include "desk/alarm.h"
#include "desk/dialogue.h"

#define OL_WATCH_OLD_S (24u * 3600) /* nobody is paged for what is older */

/* A message, and what is owed of it. */
struct ol_owed {
    struct ol_header h;
    struct ol_dialogue d;
    uint32_t amends; /* the earlier message of its author's that it takes the place of; 0: none */
    uint32_t due;    /* UTC: to be taken, then answered, by then; 0: not delivered yet, or nothing is due */
    uint32_t onward; /* UTC: to be passed on by then; 0: it need not be */
    uint32_t within; /* seconds in which it is to be taken */
    bool inbound;
};

/* In what time what is owed of one message, in seconds from its receipt. */
struct ol_owed_times {
    uint32_t take_s;
    uint32_t answer_s; /* of a form that says it itself, its own; 0: no time */
    uint32_t onward_s[OL_STAGES]; /* 0: no time */
    bool for_role;     /* it is to be passed on: it names a role */
};

/* Until when somebody must have done something about a message: taken it, then answered it, counted from its receipt,
 * which both sides have; or come back to it after standing by. 0: nothing is due. delivered_at 0: there is no receipt
 * yet. */
uint32_t ol_owed_due(const struct ol_dialogue *d, uint32_t delivered_at, const struct ol_owed_times *t);
/* Until when it must have been passed on to the next stage for which there is a time. */
uint32_t ol_owed_onward(const struct ol_dialogue *d, uint32_t delivered_at, const struct ol_owed_times *t);

struct ol_watch_port {
    void *ctx;
    /* False: no such message is on record. Of one that has just come its dialogue need not be known. */
    bool (*find)(void *ctx, uint8_t author, uint32_t seq, struct ol_owed *out);
    /* This cause is there, or not. As often as it is looked at. */
    void (*judge)(void *ctx, enum ol_alarm_kind kind, const struct ol_owed *about, bool stands);
    /* Whether what this side writes now is signed now. */
    bool (*may_sign)(void *ctx);
    /* On the record, that both sides see: nobody has taken it, so it goes to the next in turn. */
    void (*escalate)(void *ctx, const struct ol_owed *o, enum ol_escalation step);
    /* It is to be looked at again at this time. */
    void (*remind)(void *ctx, uint32_t utc, uint8_t author, uint32_t seq);
};

/* By precedence, the peer's message that was escalated last, and how far, on record yet or not. Zeros begin. */
struct ol_watch {
    struct {
        uint32_t seq;
        enum ol_escalation step;
    } called[4];
};

/* Something about this message may have changed, or has fallen due. */
void ol_watch_look(struct ol_watch *w, const struct ol_watch_port *port, uint8_t author, uint32_t seq, uint32_t now);
/* It has just become durable: nothing is read, since what can be owed of it yet is only that a FLASH is taken. Of `new`
 * only h, inbound and within are used, here until what is owed first. */
void ol_watch_new(const struct ol_watch_port *port, const struct ol_owed *new, uint32_t now);

#endif
