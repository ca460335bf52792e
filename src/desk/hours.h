/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a desk says beforehand that nobody will be at it. Bodies (deterministic CBOR):
 *
 *     hours   [0, from, to] or [0, from, to, reason]    nobody is at the desk, UTC seconds
 *             [1, from, to] or [1, from, to, reason]    a planned outage: the station is not there either
 *             [2, days, from, to]                       weekly hours in which somebody is; outside them nobody
 *
 * Weekly: days is a sum of 1 Monday to 64 Sunday, from and to are minutes of the day in UTC,
 * 0 <= from < 1440 and 1 <= to <= 1440; they end on the next day when from is not before to, and a
 * day is the one on which they begin. [2, 0, 0, 0] takes them back.
 */
#ifndef OL_DESK_HOURS_H
#define OL_DESK_HOURS_H

#include "record/row.h"

enum ol_hours_kind {
    OL_HOURS_AWAY,
    OL_HOURS_OUTAGE,
    OL_HOURS_WEEKLY,
    OL_HOURS_KINDS,
};

#define OL_DAYS_ALL 0x7fu
#define OL_DAY_MINUTES 1440u

struct ol_hours {
    enum ol_hours_kind kind;
    uint8_t days;  /* weekly: bit 0 Monday; else 0 */
    uint32_t from; /* seconds UTC; weekly: a minute */
    uint32_t to;
    struct ol_span reason; /* empty when there is none, and of weekly hours */
};

void ol_hours_write(const struct ol_hours *hours, struct ol_wr *w);
/* Borrows from the body. MALFORMED: *hours is zero. */
OL_MUST_USE enum ol_err ol_hours_read(struct ol_span body, struct ol_hours *hours);

/* Weekly hours as people write them: "mon-fri 0600-1800", "mon,wed,sat-sun 2200-0600", "none"; UTC. Days stand before
 * hours, ranges may go over a Sunday. MALFORMED: *hours is zero. */
OL_MUST_USE enum ol_err ol_weekly_read(struct ol_span text, struct ol_hours *hours);
void ol_weekly_print(const struct ol_hours *hours, struct ol_wr *w);

/* Of weekly hours that are not taken back. Whether somebody should be there at this moment. */
bool ol_weekly_is_open(const struct ol_hours *hours, uint64_t at);
/* The first moment after `at` at which they end (0: they never do), and at which they begin. */
uint64_t ol_weekly_end(const struct ol_hours *hours, uint64_t at);
uint64_t ol_weekly_begin(const struct ol_hours *hours, uint64_t at);

#endif
