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
 *     handling  [word, what it forbids, word, ...]       words ascending, none of those of every line; a sum of
 *                                                        enum ol_forbids
 *     rate      per minute, 1 to OL_RATE_MAX
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

/* ---- Handling: what may not be done with a message ---- */

enum ol_forbids {
    OL_FORBIDS_PUBLISH = 1, /* to make it public */
    OL_FORBIDS_FEED = 2,    /* to put it into a stream that others read */
    OL_FORBIDS_FORWARD = 4, /* to give it, or a proof of it, to a third party */
    OL_FORBIDS_ALL = 7,
};
#define OL_FORBIDS 3u

/* "publish", "feed", "forward", as the bits go: never translated. */
const char *ol_forbids_name(unsigned bit);
/* The sum that a name stands for; 0: it is none. */
uint8_t ol_forbids_of(struct ol_span name);

#define OL_HANDLINGS_GIVEN 3u
#define OL_HANDLINGS_AGREED 32u

struct ol_handling {
    struct ol_span word;
    uint8_t forbids;
};

struct ol_handlings {
    size_t n; /* those of every line first */
    struct ol_handling row[OL_HANDLINGS_GIVEN + OL_HANDLINGS_AGREED];
};

/* Those of every line: open, not-for-publication, addressee-only. */
void ol_handlings_init(struct ol_handlings *t);
/* NULL: it is not in the table. */
const struct ol_handling *ol_handling_find(const struct ol_handlings *t, struct ol_span word);
/* What publishes, feeds or forwards asks this first. Without a word nothing is forbidden; by one that is in no table, all:
 * nobody here knows what it means. */
bool ol_handling_forbids(const struct ol_handlings *t, struct ol_span word, enum ol_forbids what);

void ol_handlings_write(const struct ol_handlings *t, struct ol_wr *w);
/* Borrows; those of every line stand before what was read. MALFORMED: *t is as on every line. */
OL_MUST_USE enum ol_err ol_handlings_read(struct ol_span data, struct ol_handlings *t);

/* ---- Rate: how many messages a side sends in a minute of UTC, by the times that it signs ---- */

#define OL_RATE_MAX 1000000u
#define OL_RATE_FLOOD 6000u /* arriving in a minute: shown as a flood, whatever was agreed */

struct ol_rate {
    uint32_t minute;
    uint32_t n;
};

/* FLASH, and what the operators say to each other about the line, always pass. */
bool ol_rate_counts(uint8_t flags, const struct ol_message *m);
/* One more; how many there are of its minute. A time that goes back counts in the minute that was reached. */
uint32_t ol_rate_count(struct ol_rate *r, uint32_t time);

void ol_rate_write(uint32_t per_minute, struct ol_wr *w);
/* MALFORMED: 0 a minute, or above OL_RATE_MAX; *per_minute is 0. */
OL_MUST_USE enum ol_err ol_rate_read(struct ol_span data, uint32_t *per_minute);

#endif
