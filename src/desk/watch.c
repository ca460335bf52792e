/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/watch.h"

#include <assert.h>

#define AGAIN_S 60u /* whether it is to be escalated now, when another one was */
#define SOON_S 2u   /* whether the station may sign now */

uint32_t ol_owed_due(const struct ol_dialogue *d, uint32_t delivered_at, const struct ol_owed_times *t)
{
    assert(t->take_s > 0);
    if (d->superseded > 0)
        return 0;
    if (d->state == OL_DELIVERED && !d->met)
        return delivered_at > 0 ? delivered_at + t->take_s : 0;
    if (d->open && d->until > 0)
        return d->until;
    return d->open && delivered_at > 0 && t->answer_s > 0 ? delivered_at + t->answer_s : 0;
}

uint32_t ol_owed_onward(const struct ol_dialogue *d, uint32_t delivered_at, const struct ol_owed_times *t)
{
    bool goes_on = (t->for_role || d->stage > OL_STAGE_NONE) && !d->not_passed && d->superseded == 0 &&
                   d->state != OL_DECLINED && delivered_at > 0;

    for (uint8_t stage = d->stage + 1; goes_on && stage < OL_STAGES; stage++) {
        if (t->onward_s[stage] > 0)
            return delivered_at + t->onward_s[stage];
    }
    return 0;
}

static bool is_untaken(const struct ol_owed *o)
{
    return o->d.state == OL_DELIVERED && !o->d.met && o->d.superseded == 0;
}

/* Whether somebody here has acted on a text that does not stand any more, and nobody has taken the one in its place. */
static bool is_behind(const struct ol_watch_port *port, const struct ol_owed *o)
{
    struct ol_owed later;

    if (!o->inbound || o->d.superseded == 0)
        return false;
    if (o->d.state == OL_DELIVERED && !o->d.met)
        return false;
    return port->find(port->ctx, o->h.author, o->d.superseded, &later) && is_untaken(&later);
}

/* Whoever is called for one message finds the others: of each precedence one at a time is escalated, the next when that
 * is taken. So a flood of messages makes no flood of entries. While the station may not sign it would only wait in the
 * outbox, and say later what is not so any more. */
static bool may_escalate(struct ol_watch *w, const struct ol_watch_port *port, const struct ol_owed *o)
{
    unsigned precedence = ol_flags_precedence(o->h.flags);
    uint32_t called = w->called[precedence].seq;
    struct ol_owed other;

    assert(o->inbound);
    if (!port->may_sign(port->ctx))
        return false;
    if (called == o->h.seq)
        return true;
    if (called != 0 && port->find(port->ctx, o->h.author, called, &other) && is_untaken(&other))
        return false;
    w->called[precedence].seq = o->h.seq;
    w->called[precedence].step = (enum ol_escalation)o->d.step;
    return true;
}

/* Two looks in one second write one entry: the first is not durable yet when the second one comes. */
static void escalate_once(struct ol_watch *w, const struct ol_watch_port *port, const struct ol_owed *o,
                          enum ol_escalation step)
{
    unsigned precedence = ol_flags_precedence(o->h.flags);

    assert(w->called[precedence].seq == o->h.seq);
    if (w->called[precedence].step < step)
        port->escalate(port->ctx, o, step);
    w->called[precedence].step = step;
}

static bool is_late(uint32_t due, uint32_t now)
{
    return due > 0 && now >= due && now - due < OL_WATCH_OLD_S;
}

/* The step that is due now, and when the one after it is; 0: none. */
static enum ol_escalation step_due(const struct ol_owed *o, uint32_t now, uint32_t *next)
{
    enum ol_escalation due = now < o->due                   ? OL_STEP_NONE
                             : now - o->due < o->within ? OL_STEP_DEPUTY
                                                        : OL_STEP_NEXT_ROLE;

    assert(o->due > 0);
    *next = due == OL_STEP_NONE ? o->due : due == OL_STEP_DEPUTY ? o->due + o->within : 0;
    return due;
}

static void look_for_taking(struct ol_watch *w, const struct ol_watch_port *port, const struct ol_owed *o, uint32_t now)
{
    bool untaken = is_untaken(o) && o->due > 0;
    bool late = untaken && is_late(o->due, now);
    bool flash = ol_flags_precedence(o->h.flags) == OL_FLASH;
    uint32_t next = 0;
    enum ol_escalation step = untaken ? step_due(o, now, &next) : OL_STEP_NONE;

    port->judge(port->ctx, OL_ALARM_FLASH_UNTAKEN, o,
                o->inbound && flash && is_untaken(o) && (o->due == 0 || late || now < o->due));
    port->judge(port->ctx, OL_ALARM_UNTAKEN, o, o->inbound && !flash && late);
    port->judge(port->ctx, OL_ALARM_UNTAKEN_THERE, o, !o->inbound && late);
    if (o->inbound && late && step > o->d.step) {
        if (may_escalate(w, port, o))
            escalate_once(w, port, o, step);
        else
            next = now + (port->may_sign(port->ctx) ? AGAIN_S : SOON_S);
    } else if (o->inbound && untaken && o->d.step > OL_STEP_NONE) {
        (void)may_escalate(w, port, o); /* after a restart it is the one that somebody was called for */
    }
    if (next > now)
        port->remind(port->ctx, next, o->h.author, o->h.seq);
}

/* Returns the number of the message whose place it took; 0: none. */
static uint32_t look_at_one(struct ol_watch *w, const struct ol_watch_port *port, uint8_t author, uint32_t seq,
                            uint32_t now)
{
    struct ol_owed o;

    if (!port->find(port->ctx, author, seq, &o))
        return 0;
    assert(o.h.author == author && o.h.seq == seq);
    look_for_taking(w, port, &o, now);
    port->judge(port->ctx, OL_ALARM_STANDBY_EXPIRED, &o, o.inbound && o.d.open && o.d.until > 0 && o.d.until <= now);
    port->judge(port->ctx, OL_ALARM_UNANSWERED, &o, !is_untaken(&o) && o.d.until == 0 && is_late(o.due, now));
    port->judge(port->ctx, OL_ALARM_ONWARD_LATE, &o, is_late(o.onward, now));
    port->judge(port->ctx, OL_ALARM_SUPERSEDED_UNTAKEN, &o, is_behind(port, &o));
    port->judge(port->ctx, OL_ALARM_NOT_PASSED_ON, &o, !o.inbound && o.d.not_passed && o.d.superseded == 0);
    if (!is_untaken(&o) && o.due > now)
        port->remind(port->ctx, o.due, author, seq);
    if (o.onward > now)
        port->remind(port->ctx, o.onward, author, seq);
    return o.amends < seq ? o.amends : 0;
}

/* What is done about a message settles what is owed of the one whose place it took. */
void ol_watch_look(struct ol_watch *w, const struct ol_watch_port *port, uint8_t author, uint32_t seq, uint32_t now)
{
    uint32_t amended;

    assert(seq > 0 && now > 0);
    amended = look_at_one(w, port, author, seq, now);
    if (amended > 0)
        (void)look_at_one(w, port, author, amended, now);
}

void ol_watch_new(const struct ol_watch_port *port, const struct ol_owed *new, uint32_t now)
{
    assert(new->within > 0);
    if (new->inbound && ol_flags_precedence(new->h.flags) == OL_FLASH)
        port->judge(port->ctx, OL_ALARM_FLASH_UNTAKEN, new, true);
    port->remind(port->ctx, now + new->within, new->h.author, new->h.seq);
}
