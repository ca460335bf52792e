/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A month of a line in numbers: a pure fold of the record, the same on both sides. Each fact belongs to the month that
 * its own entry's time says, so that it is counted once: a message sent in October and taken in November is one of
 * October's messages and one of November's takes. Waits run from the receipt of the receiver's station to the act of
 * its officer, both by the receiver's clock; where a confirmed read-back is the answer, to its sender's confirmation.
 * A side signs the numbers as an entry; body (deterministic CBOR):
 *
 *     stats      [month as text "2026-11", SHA-256 of the numbers], or as third what its author's station measured of
 *                the line's paths: [[path, carrier text, up, down, mean round trip], ...], seconds and milliseconds
 */
#ifndef OL_DESK_STATS_H
#define OL_DESK_STATS_H

#include "desk/linetest.h"
#include "desk/path_time.h"

#define OL_MONTH 7u /* bytes of "2026-11" */

struct ol_month {
    char name[OL_MONTH + 1];
    uint32_t from; /* UTC seconds */
    uint32_t to;   /* of the month after */
};

/* MALFORMED: not a month from 1970-01 to 2105-12. */
OL_MUST_USE enum ol_err ol_month_read(struct ol_span name, struct ol_month *out);

/* Seconds, in an array of the caller's with room for as many as the side has messages on record. */
struct ol_waits {
    uint32_t *s;
    size_t n;
    size_t cap;
};

/* About the messages of one side; each act is counted if it had an effect. */
struct ol_stats_side {
    uint32_t messages[4]; /* by enum ol_precedence */
    uint32_t exercise;    /* of these */
    uint32_t taken;
    uint32_t answered;    /* as their sender asked */
    uint32_t declined;
    uint32_t standbys;
    uint32_t corrected;   /* in words, after a read-back */
    uint32_t amended;     /* replaced by a later message */
    uint32_t cancelled;
    uint32_t not_passed;
    uint32_t escalated[4]; /* by precedence of the message: steps, as nobody had taken it in time */
    uint32_t tests_held;   /* of its slots: those with a test that was sent in time */
    uint32_t tests_answered;
    uint32_t tests_missed;
    struct ol_waits to_taken;
    struct ol_waits to_answered;
};

struct ol_stats {
    struct ol_month month;
    struct ol_stats_side side[2]; /* of A, of B */
};

/* Adds a message of either side, with what is about it as next gives it. received: the time of its receipt, 0 if there
 * is none. */
void ol_stats_message(struct ol_stats *s, const struct ol_row *message, uint32_t received, ol_next_row_fn *next,
                      void *ctx);
/* Adds slots of the month, as they stand at this moment. */
void ol_stats_tests(struct ol_stats *s, const struct ol_slot *slot, size_t n, uint32_t now);
/* The least wait that half of them do not exceed, and the longest; 0 of none. */
uint32_t ol_waits_median(const struct ol_waits *w);
uint32_t ol_waits_worst(const struct ol_waits *w);
/* The numbers in their one form (doc/protocol.md), hashed. */
void ol_stats_hash(const struct ol_stats *s, struct ol_hash *out);

struct ol_stats_signed {
    struct ol_month month;
    struct ol_hash hash;
    struct ol_path_times paths; /* none: nothing was measured */
};
void ol_stats_signed_write(const struct ol_stats_signed *s, struct ol_wr *w);
OL_MUST_USE enum ol_err ol_stats_signed_read(struct ol_span body, struct ol_stats_signed *out);

#endif
