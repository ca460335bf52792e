/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the own book keeps of an alarm, so that what was acknowledged is so after the station has started again:
 *
 *     KIND acknowledged|over RAISED [PATH]
 *
 * KIND is a name of doc/alarms.md, RAISED seconds UTC, PATH the number of a path of the line, where the alarm is about
 * one. Of the notes about one alarm the last counts. Over: rectified, or announced anew.
 */
#ifndef OL_DESK_ALARM_NOTE_H
#define OL_DESK_ALARM_NOTE_H

#include "base/bytes.h"
#include "desk/alarm.h"

struct ol_alarm_note {
    struct ol_alarm_name name; /* the line, and an entry, stand beside the text */
    bool acknowledged;
    uint32_t raised;
};

#define OL_ALARM_NOTE_MAX 64u

/* Fits into OL_ALARM_NOTE_MAX bytes. */
void ol_alarm_note_write(const struct ol_alarm_note *note, struct ol_wr *w);
/* MALFORMED: *note is zero. */
OL_MUST_USE enum ol_err ol_alarm_note_read(struct ol_span text, struct ol_alarm_note *note);

#endif
