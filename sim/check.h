/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold, whatever goes wrong. The checker watches what leaves, what becomes durable
 * and what is told; at rest it reads both stores and verifies both exports with the auditor's
 * code. A failure ends the run; each check counts how often it was really made.
 */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "line/line.h"
#include "sim/world.h"

struct sim;
struct sim_party;

/* name, hyphenated name, what must hold */
#define SIM_CHECK_LIST(X)                                                                                              \
    X(NEVER_LOST, "never-lost", "what was told delivered is on both records at rest")                                  \
    X(RELEASED_ARRIVES, "released-arrives", "what was told released arrives once the faults have stopped")             \
    X(SHOWN_ONCE, "shown-once", "no text stands twice on a record, but one that waited in a backup put back")         \
    X(RECORDS_AGREE, "records-agree", "both records hold the same entries at rest")                                    \
    X(RECORD_VERIFIES, "record-verifies", "each side's export verifies as openline-verify does it")                    \
    X(ROWS_VERIFY, "rows-verify", "each row has its body, its hash and its seal")                                      \
    X(ONE_ENTRY, "one-entry", "no two entries of one author and number, unless evidence is kept")                      \
    X(SENT_IS_DURABLE, "sent-is-durable", "no entry leaves before it is durable with its author")                      \
    X(RECEIPT_IS_DURABLE, "receipt-is-durable", "nothing that leaves names or answers what is not durable")            \
    X(TAKEN_IS_WRITTEN, "taken-is-written", "what a side takes is durable with its author")                            \
    X(DELIVERED_IS_HELD, "delivered-is-held", "what is told delivered is durable with the other side at that moment")  \
    X(FLASH_WAITS, "flash-waits", "a FLASH waits at most for the frame begun and what the relay may hold")             \
    X(ALARM_DOWN, "alarm-down", "a path on which nothing comes is not shown up beyond three intervals")                \
    X(ALARM_TOLD, "alarm-told", "who follows the line is told when it goes down")                                      \
    X(ALARM_CLOCK, "alarm-clock", "clocks over a minute apart are shown as doubtful")                                  \
    X(VIEWS_REBUILD, "views-rebuild", "views rebuilt from the record equal the kept ones, on both sides")              \
    X(DESKS_AGREE, "desks-agree", "both records say the same of both desks, of channels and of exercises")             \
    X(OFF_RECORD_HEARD, "off-record-heard", "off the record is heard what was said, once at most, where it is taken")  \
    X(OFF_RECORD_KEPT, "off-record-kept", "what was said off the record is in no line and on no disk")                 \
    X(KNOWS_ITS_HEAD, "knows-its-head", "what a line holds durable is what its store holds")                           \
    X(INNOCENT, "innocent", "no evidence is kept against a station that did not contradict itself")                    \
    X(QUIET_AT_REST, "quiet-at-rest", "a line at rest says no more than its liveness needs")                           \
    X(STORE_HOLDS, "store-holds", "a store fails only when its disk does, and opens again after any kill")             \
    X(HARD_CASE, "hard-case", "a scenario comes to its end as it must")                                                \
    X(LIE_CHANGES_NOTHING, "lie-changes-nothing", "a lie that must be impossible has changed nothing at rest")         \
    X(LIE_LEAVES_EVIDENCE, "lie-leaves-evidence", "what a lie left is a proof against the liar, as openline-verify")   \
    X(LIE_RAISES_ALARM, "lie-raises-alarm", "what nobody can prove is shown at the honest side within its time")       \
    X(COMES_TO_REST, "comes-to-rest", "once the faults have stopped all that is owed arrives within the bound")

enum sim_check_id {
#define X(name, word, says) SIM_CHECK_##name,
    SIM_CHECK_LIST(X)
#undef X
    SIM_CHECKS
};

const char *sim_check_name(enum sim_check_id id);
const char *sim_check_says(enum sim_check_id id);

/* The first entry ever seen under an author and number. */
struct sim_seen {
    uint64_t key; /* author << 32 | seq; 0: free */
    uint64_t hash;
};

/* A FLASH that has become durable and has not left yet. */
struct sim_flash {
    uint8_t party;
    uint32_t seq;
    sim_us bound;    /* it must begin on some path until then */
    sim_us earliest; /* when it does on a path that it was given to; SIM_NEVER: not given yet */
};

#define SIM_FLASHES 16u
#define SIM_FLASH_SLACK (2 * SIM_MS) /* until the loops of station and relay have come to it */

struct sim_check {
    struct sim *sim;
    bool failed;
    bool blind;          /* a store that fails did not say what it holds: the next check shows nothing */
    enum sim_check_id what;
    char why[512];
    uint64_t made[SIM_CHECKS];
    uint64_t messages;   /* seen delivered */
    uint64_t lost;       /* of these, not on both records at rest */
    uint64_t duplicated; /* shown twice */
    struct sim_seen *seen;
    size_t seen_cap;
    size_t seen_n;
    struct sim_flash flash[SIM_FLASHES];
    size_t flash_n;
};

void sim_check_init(struct sim_check *c, struct sim *s);
void sim_check_fini(struct sim_check *c);

/* Counts the check as made; when it does not hold, the run has failed with these words. Returns `holds`. */
__attribute__((format(printf, 4, 5))) bool sim_check(struct sim *s, enum sim_check_id id, bool holds,
                                                     const char *format, ...);

/* What the checker is told as it happens. */
void sim_check_frame(struct sim_party *p, uint8_t path, struct ol_span frame); /* leaves the line, not yet its relay */
void sim_check_committed(struct sim_party *p, const struct ol_batch *batch);   /* is durable, the line does not know */
void sim_check_told(struct sim_party *p, const struct ol_batch *batch);        /* the line knows, and has not gone on */
void sim_check_named(struct sim_party *p, uint32_t from, uint32_t to);         /* told delivered */
void sim_check_drained(struct sim_party *p);                                   /* nothing more to do now */
void sim_check_forget(struct sim_party *p); /* it, or a path of it, is not what it was: nothing under way is timed */
/* Whether everything that is owed has arrived. */
bool sim_check_at_rest(struct sim *s);

/* rest.c: at the end, when all is at rest; whether it still is, if need be after one interval more. */
bool sim_check_stays_at_rest(struct sim *s);
void sim_check_rest(struct sim *s);
/* agreed.c: the same, of desks and agreements. */
void sim_check_desks(struct sim *s);
/* off_record.c: something was said or heard, and the line has gone on since; the same at rest. */
void sim_check_forgotten(struct sim_party *p);
void sim_check_off_record(struct sim *s);

#endif
