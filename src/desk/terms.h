/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two sides agree as data, beside the words of agree.h. Each is the second item of a proposal's body
 * (deterministic CBOR):
 *
 *     times     [flash, immediate, priority, routine,    seconds in which a message is to be taken,
 *                flash, immediate, priority, routine,    and, once it is taken, answered; 0: no time
 *                desk, duty, unit,                       and passed on so far; 0: no time
 *                deputy, next role, deputy, next role]   to whom an untaken one goes on the side of the proposal's author,
 *                                                        then on the other; may be empty
 *
 * All times count from the receipt, which both sides have.
 */
#ifndef OL_DESK_TERMS_H
#define OL_DESK_TERMS_H

#include "desk/act.h"
#include "desk/message.h"

/* Which of the times; add the precedence from FLASH down, or the stage. */
enum {
    OL_TIME_TAKE,
    OL_TIME_ANSWER = 4,
    OL_TIME_ONWARD = 8,
    OL_TIMES = 11,
};
#define OL_TIMES_ROLES 4u
#define OL_TIMES_MAX_S (7u * 24 * 3600)

#define OL_TERMS_MAX 2048u /* bytes of one */

struct ol_times {
    uint32_t s[OL_TIMES];
    struct ol_span role[OL_TIMES_ROLES]; /* 2 * whether of the other side than the proposal's + step - 1 */
};

/* "flash", "answer_flash", "unit": never translated. */
const char *ol_time_name(unsigned which);
/* Those of a line on which none were agreed: to be taken in what ol_alarm_take_s says, and nothing more. */
void ol_times_init(struct ol_times *t);
uint32_t ol_times_take(const struct ol_times *t, enum ol_precedence precedence);
/* 0: no time. */
uint32_t ol_times_answer(const struct ol_times *t, enum ol_precedence precedence);
uint32_t ol_times_onward(const struct ol_times *t, uint8_t stage);

void ol_times_write(const struct ol_times *t, struct ol_wr *w);
/* Borrows. MALFORMED: a time to be taken that is 0, one above OL_TIMES_MAX_S, a role that is no word. */
OL_MUST_USE enum ol_err ol_times_read(struct ol_span data, struct ol_times *t);

#endif
