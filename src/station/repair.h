/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record of which the disk has changed something. At start every page is looked at; if one
 * is not as it was written the record is set aside as it is and a new one made of all that
 * reads well and verifies. Its lines are marked as restored, since nobody knows what stood
 * on the rest: each takes back from the other side what that holds, and resumes.
 */
#ifndef OL_STATION_REPAIR_H
#define OL_STATION_REPAIR_H

#include "record/record.h"
#include "store/store.h"

#define OL_REPAIR_PATH 160u /* bytes of a path with its NUL */

struct ol_repair {
    const char *path; /* of the record; what is made beside it is called damaged-N.db, record.mend, record.repaired */
    void *ctx;
    /* What a line's record is verified with; its shelf is set here. False: this home has no keys for it. */
    bool (*known)(void *ctx, const struct ol_line_info *info, struct ol_record_cfg *out);
    /* What became of a stream: whole up to `head`; `above` rows beyond that were left behind. May be NULL. */
    void (*told)(void *ctx, const struct ol_line_info *info, uint8_t author, uint32_t head, uint32_t above);
    const struct ol_views *views; /* as struct ol_store_cfg has it */
};

struct ol_repaired {
    uint32_t damaged; /* pages; 0: nothing was to be done */
    uint32_t pages;
    char aside[OL_REPAIR_PATH]; /* what the damaged one is called now */
};

/* Before the store is opened. Also ends a repair that was interrupted. What cannot be helped here is left for
 * ol_store_open to say: no record, or one without sums. NO_ROOM, IO, STORE: the record is as it was, and the same may be
 * tried again. MISMATCH: what can be read says of no line which it is. */
OL_MUST_USE enum ol_err ol_repair(const struct ol_repair *r, struct ol_repaired *out);

#endif
