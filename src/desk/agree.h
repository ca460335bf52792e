/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two sides of a line agree on the record: one proposes, the other accepts or declines. Bodies (deterministic
 * CBOR):
 *
 *     propose   [1, level, purpose, role, other role, hours]   a channel; all but the level may be empty; role: who
 *                                                              answers on its author's side, then on the other
 *               [2, number, start, end]                        an exercise, E1 to E3; UTC seconds
 *               [3]                                            that INSTRUCTION may be used
 *               [4, every, from, role, other role]             tests of the line by people (linetest.h), every so many
 *                                                              minutes, from UTC seconds on; roles as of a channel
 *               [5, times], [6, handling], [7, rate]            as terms.h has them
 *     respond   [about, verb] or [about, verb, reason]         about: of accept, decline and end a proposal, 2 * number,
 *                                                              + 1 for B's; of suspend and resume a level
 *
 * A level needs no agreement: it is open until a side suspends it, and each side lifts its own suspension. So what
 * crosses on the way needs no winner, and neither side can make the other speak.
 */
#ifndef OL_DESK_AGREE_H
#define OL_DESK_AGREE_H

#include "desk/message.h"
#include "desk/terms.h"

enum ol_topic {
    OL_TOPIC_NONE,
    OL_TOPIC_CHANNEL,
    OL_TOPIC_EXERCISE,
    OL_TOPIC_INSTRUCTIONS,
    OL_TOPIC_TESTS,
    OL_TOPIC_TIMES,
    OL_TOPIC_HANDLING,
    OL_TOPIC_RATE,
    OL_TOPICS,
};

enum ol_verb {
    OL_VERB_ACCEPT,
    OL_VERB_DECLINE,
    OL_VERB_END, /* also withdraws a proposal; a channel is suspended instead */
    OL_VERB_SUSPEND,
    OL_VERB_RESUME,
    OL_VERBS,
};

/* "channel", "accept": never translated. */
const char *ol_topic_name(uint8_t topic);
const char *ol_verb_name(uint8_t verb);
/* The value of a name, or -1. */
int ol_verb_of(const char *name);

#define OL_AGREE_TEXT 512u /* bytes of a purpose, hours, a reason */
#define OL_TESTS_EVERY_MIN 10u /* minutes */
#define OL_TESTS_EVERY_MAX 1440u
#define OL_EXERCISE_LAST 3u /* E1: with texts; E2: with forms and acts; E3: with those who would decide */

struct ol_proposal {
    uint8_t topic;
    struct ol_span level;
    struct ol_span purpose;
    struct ol_span role[2]; /* on its author's side, on the other */
    struct ol_span hours;
    uint8_t exercise;
    uint32_t start; /* of an exercise, of tests */
    uint32_t end; /* after start */
    uint16_t every; /* minutes from test to test */
    struct ol_span terms; /* what is agreed as data: CBOR that reads */
};

struct ol_response {
    uint8_t verb;
    struct ol_ref about;   /* accept, decline, end */
    struct ol_span level;  /* suspend, resume */
    struct ol_span reason; /* empty: none */
};

void ol_proposal_write(const struct ol_proposal *p, struct ol_wr *w);
void ol_response_write(const struct ol_response *r, struct ol_wr *w);
/* Borrow from the body. MALFORMED. */
OL_MUST_USE enum ol_err ol_proposal_read(struct ol_span body, struct ol_proposal *p);
OL_MUST_USE enum ol_err ol_response_read(struct ol_span body, struct ol_response *r);

/* ---- What stands ---- */

enum ol_accord_state {
    OL_ACCORD_PROPOSED,
    OL_ACCORD_ACCEPTED,
    OL_ACCORD_DECLINED,
    OL_ACCORD_ENDED,
};
const char *ol_accord_state_name(enum ol_accord_state state);

/* How something came to be as it is. Times are those that the authors signed. */
struct ol_step {
    uint8_t side; /* 0: it never came to that */
    uint32_t since;
    struct ol_span reason;
};

/* A proposal and what became of it; spans are those of the rows folded. */
struct ol_accord {
    struct ol_ref id;
    struct ol_proposal what;
    enum ol_accord_state state;
    struct ol_step last;
    uint32_t accepted;       /* when; 0: never */
    struct ol_ref broken;    /* of an exercise: the first real FLASH or IMMEDIATE during it */
    uint32_t broken_at;
};

enum ol_channel_state {
    OL_CHANNEL_OPEN,
    OL_CHANNEL_PROPOSED,
    OL_CHANNEL_ACCEPTED,
    OL_CHANNEL_DECLINED,
    OL_CHANNEL_RESUMED,
    OL_CHANNEL_SUSPENDED,
};
const char *ol_channel_state_name(enum ol_channel_state state);

struct ol_channel {
    struct ol_span level;
    enum ol_channel_state state; /* but for a suspension */
    struct ol_step last;
    size_t terms;                /* 1 + the accord that was accepted last, or proposed when none was; 0: none */
    struct ol_step suspended[2]; /* by A, by B */
};

/* Levels of every line, before any is agreed; the last is the operators' own. */
#define OL_LEVELS 9u

#define OL_AGREE_EACH 512u    /* entries of a side that count: of a line, for years */
#define OL_AGREE_LEVELS 32u   /* of its own that a side may bring in */

/* Only what the counts cover is set. */
struct ol_agree {
    size_t accords;
    struct ol_accord accord[2 * OL_AGREE_EACH]; /* in ladder order */
    size_t channels;
    struct ol_channel channel[OL_LEVELS + 2 * OL_AGREE_LEVELS];
    size_t brought[2]; /* levels by A, by B */
};

/* Folds proposals and responses as next gives them, the first OL_AGREE_EACH of each side. Of messages it knows nothing: what
 * is urgent of them must be told again (ol_agree_message). The rows' bodies stay where they are as long as the fold is
 * used. */
void ol_agree_of(struct ol_agree *a, ol_next_row_fn *next, void *ctx);
/* Whether this response of a side would have an effect. */
bool ol_agree_may(const struct ol_agree *a, uint8_t side, const struct ol_response *r);
/* NULL when there is none. */
const struct ol_accord *ol_agree_find(const struct ol_agree *a, struct ol_ref id);
const struct ol_channel *ol_agree_level(const struct ol_agree *a, struct ol_span level);
/* Whether a side may bring in this level, or it is there. */
bool ol_agree_has_room(const struct ol_agree *a, uint8_t side, struct ol_span level);
/* Whether both sides have agreed to it and neither has ended it. */
bool ol_agree_stands(const struct ol_agree *a, enum ol_topic topic);
/* What of this topic was in force at a moment, by the times that were signed: what was accepted last before it, unless
 * that had been ended. NULL: nothing. So both sides find the same, in whatever order entries come. */
const struct ol_accord *ol_agree_at(const struct ol_agree *a, enum ol_topic topic, uint32_t time);
/* The words in force then; those of every line where none were agreed. */
void ol_agree_handlings(const struct ol_agree *a, uint32_t time, struct ol_handlings *out);

/* The state that is shown, and how it came to be; of two suspensions the one of whoever was first by the times signed. */
enum ol_channel_state ol_channel_step(const struct ol_channel *c, struct ol_step *step);

/* ---- Exercises ---- */

/* A message is on record. Exercises break by the times that were signed, so that the order in which it is told does not
 * matter. Only author, number, flags and time count. */
void ol_agree_message(struct ol_agree *a, const struct ol_header *h);
/* Whether it could break one: a FLASH or IMMEDIATE that is not marked EXERCISE. */
bool ol_agree_is_urgent(const struct ol_header *h);
/* Whether an exercise was under way at this moment, broken or not. */
bool ol_exercise_runs(const struct ol_accord *exercise, uint32_t time);
/* A message marked EXERCISE outside of every exercise, or after it was broken. */
bool ol_agree_is_unannounced(const struct ol_agree *a, const struct ol_header *h);
/* A FLASH or IMMEDIATE not so marked, during an exercise. */
bool ol_agree_is_real(const struct ol_agree *a, const struct ol_header *h);

#endif
