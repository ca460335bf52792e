/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message off the record: no entry, in nobody's stream, signed by nobody. What its item carries (wire/item.h):
 *
 *     number 4 | message      drawn at random, not 0: it goes by each path that is up, and is shown once
 *
 * The message is as in its entry (message.h), and names no entry: nothing here can be answered, taken or amended.
 */
#ifndef OL_DESK_OFF_RECORD_H
#define OL_DESK_OFF_RECORD_H

#include "desk/message.h"

#define OL_OFF_RECORD_HEAD 4u /* bytes before the message */

struct ol_off_record {
    uint32_t number;
    struct ol_span body; /* the message, borrowed; it reads, and names no entry */
};

/* Sets w->full when it does not fit. */
void ol_off_record_write(const struct ol_off_record *o, struct ol_wr *w);
/* MALFORMED: *o is zero. */
OL_MUST_USE enum ol_err ol_off_record_read(struct ol_span item, struct ol_off_record *o);

#define OL_OFF_RECORD_SEEN 64u

/* The last ones that came. Zeros begin. */
struct ol_off_record_seen {
    uint32_t number[OL_OFF_RECORD_SEEN];
    size_t n;
};
/* Whether this one has not come before, of the last; from now on it has. */
bool ol_off_record_is_new(struct ol_off_record_seen *seen, uint32_t number);

#endif
