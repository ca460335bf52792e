/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of a station's record of one moment, for who reads more than a row of it while
 * the station goes on writing. It stands in the home as long as it is used, under the
 * home's setup lock.
 */
#ifndef OL_STATION_SNAPSHOT_H
#define OL_STATION_SNAPSHOT_H

#include "station/home.h"
#include "store/store.h"

#define OL_SNAPSHOT "snapshot.db" /* in the home */

struct ol_snapshot {
    const struct ol_home *home; /* borrowed; NULL: there is none */
    int lock;
    struct ol_store *store; /* the copy, for reading only */
};

OL_MUST_USE enum ol_err ol_snapshot_take(const struct ol_home *h, struct ol_snapshot *out,
                                         struct ol_fault *f);
void ol_snapshot_drop(struct ol_snapshot *s); /* none is fine */

#endif
