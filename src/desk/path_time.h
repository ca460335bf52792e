/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a path of a line was up, as one side's station has measured it. The record does not say it, so a station
 * keeps it in the own book, as the text of a leaf for what was measured since FROM (UTC seconds), at most a day:
 *
 *     CARRIER PATH FROM UP DOWN RTT
 *
 * CARRIER is the first word of the path's address (tcp, udp), PATH its number, UP and DOWN seconds, RTT the mean round
 * trip in milliseconds while it was up, 0 when none was measured. A month of these stands beside the numbers that a
 * side signs (stats.h), as its own.
 */
#ifndef OL_DESK_PATH_TIME_H
#define OL_DESK_PATH_TIME_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/limits.h"

#define OL_CARRIER_MAX 18u
#define OL_PATH_RTT_MAX_MS (24u * 60 * 60 * 1000)

struct ol_path_time {
    uint8_t path;                     /* below OL_PATHS */
    char carrier[OL_CARRIER_MAX + 1]; /* a-z, 0-9 and hyphens */
    uint32_t from;                    /* 0 of what was added up */
    uint32_t up_s;
    uint32_t down_s;
    uint32_t rtt_ms;                  /* at most OL_PATH_RTT_MAX_MS */
};

#define OL_PATH_NOTE_MAX 80u

/* Fits into OL_PATH_NOTE_MAX bytes. */
void ol_path_note_write(const struct ol_path_time *t, struct ol_wr *w);
/* MALFORMED: *t is zero. */
OL_MUST_USE enum ol_err ol_path_note_read(struct ol_span text, struct ol_path_time *t);

/* The numbers of the paths of a month: those of one path and carrier are added up, what is over OL_PATHS of them is
 * left out. */
struct ol_path_times {
    size_t n;
    struct ol_path_time path[OL_PATHS];
};
void ol_path_times_add(struct ol_path_times *sum, const struct ol_path_time *more);

void ol_path_times_write(const struct ol_path_times *t, struct ol_wr *w);
/* Reads what was so written, at least one. False: it is none, or what is read is not fit to be shown. */
bool ol_path_times_read(struct ol_rd *r, struct ol_path_times *t);

#endif
