/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the line by people: sides in turn, one sends a text in its own language, the other answers it. Body
 * (deterministic CBOR) of a test, and of what answers one:
 *
 *     test       [slot, text] or [slot, text, lang]    slot: UTC seconds at which it begins
 *                [test]                                number of the other side's test that is answered
 *
 * A schedule that both sides agreed (agree.h) divides time since 1970 into slots; those with an even number are A's to
 * send in, the others B's: with a slot an hour even hours of UTC and odd ones. A test is answered in time when it was
 * sent and answered within the first quarter of its slot: 15 minutes of an hour. All of it goes by the times that were
 * signed, so that both sides see the same as soon as they hold the same entries.
 */
#ifndef OL_DESK_LINETEST_H
#define OL_DESK_LINETEST_H

#include "desk/agree.h"

#define OL_LINETEST_TEXT 2048u /* bytes of a test's text */

struct ol_linetest {
    uint32_t slot;        /* a multiple of 60; 0: an answer */
    struct ol_span text;
    struct ol_span lang;  /* empty: that of the author's card */
    uint32_t about;       /* of an answer; else 0 */
};

void ol_linetest_write(const struct ol_linetest *t, struct ol_wr *w);
/* Borrows from the body. MALFORMED: *t is zero. */
OL_MUST_USE enum ol_err ol_linetest_read(struct ol_span body, struct ol_linetest *t);

/* ---- What is on record ---- */

struct ol_linetest_mark {
    uint32_t seq;
    uint32_t time;
    uint32_t slot;  /* 0: an answer */
    uint32_t about;
};

/* The last ones of each side, ascending by number, in arrays of the caller's with room for cap each. */
struct ol_linetests {
    struct ol_linetest_mark *mark[2]; /* by A, by B */
    size_t n[2];
    size_t cap;                       /* from 1 */
};

/* An entry of either side, in any order; other kinds, and bodies that do not read, change nothing. */
void ol_linetest_note(struct ol_linetests *t, const struct ol_row *row);

/* ---- Slots ---- */

struct ol_slot {
    const struct ol_accord *schedule;
    uint32_t begin;
    uint32_t end;         /* until before which it is to be answered */
    uint8_t side;         /* whose turn it is to send */
    uint32_t test;        /* number of its first test; 0: none */
    uint32_t sent_at;     /* by their authors' clocks */
    uint32_t answer;      /* number of the first answer to it, of the other side; 0: none */
    uint32_t answered_at;
};

enum ol_slot_state {
    OL_SLOT_DUE,
    OL_SLOT_ANSWERED, /* in time */
    OL_SLOT_MISSED,   /* though it may have been answered late */
};
/* "due", "answered", "missed": never translated. */
const char *ol_slot_state_name(enum ol_slot_state state);
enum ol_slot_state ol_slot_state(const struct ol_slot *s, uint32_t now);

/* The schedule at this moment, NULL for none: of those accepted the last one that has begun, unless it has ended. */
const struct ol_accord *ol_schedule_at(const struct ol_agree *a, uint32_t at);
/* The first slot of any schedule that begins at this moment or later. False: there is none, or only after 2105. One that
 * had not passed its first quarter when its schedule ended is none. */
bool ol_slot_next(const struct ol_agree *a, uint32_t from, struct ol_slot *out);
/* Those that begin from `from` to `to`, ascending, up to cap. Returns how many. */
size_t ol_slots_of(const struct ol_agree *a, uint32_t from, uint32_t to, struct ol_slot *out, size_t cap);
/* What came of them. */
void ol_slots_fill(const struct ol_linetests *t, struct ol_slot *slot, size_t n);

/* ---- How the line stands ---- */

enum ol_tests_state {
    OL_TESTS_NONE,  /* no schedule: nothing is missed */
    OL_TESTS_GREEN,
    OL_TESTS_AMBER, /* one missed since a test was answered last */
    OL_TESTS_RED,   /* two or more */
};
/* "none", "green", "amber", "red": never translated. */
const char *ol_tests_state_name(enum ol_tests_state state);

#define OL_SLOTS_DAYS 3u /* in which two of any schedule have passed */
#define OL_SLOTS_MAX (OL_SLOTS_DAYS * 1440 / OL_TESTS_EVERY_MIN + 1)

struct ol_tests {
    enum ol_tests_state state;
    uint32_t answered_at; /* the last answer to any test by now, in time or not; 0: none */
    struct ol_slot due;   /* that has begun and may still be answered in time; begin 0: none */
    struct ol_slot next;  /* that has not begun; begin 0: none */
    uint32_t look;        /* when time alone changes this; 0: never */
};

/* Room for OL_SLOTS_MAX. */
void ol_tests_at(const struct ol_agree *a, const struct ol_linetests *t, uint32_t now, struct ol_slot *room,
                 struct ol_tests *out);

#endif
