/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place for a home that is being made: what is in it is no home until its keys are
 * there, and they come last.
 */
#ifndef OL_STATION_VACANT_H
#define OL_STATION_VACANT_H

#include "station/home.h"

struct ol_vacant {
    struct ol_home home; /* without keys yet */
    const char *path;    /* borrowed */
    bool made;           /* the directory itself is new */
};

/* Makes the directory if there is none, and its folders. EXISTS: something of a home is there already.
 * IO. Ended by one of the two below. */
OL_MUST_USE enum ol_err ol_vacant_open(const char *path, struct ol_vacant *out, struct ol_fault *f);
/* It is a home now: its name, too, is made durable. */
void ol_vacant_keep(struct ol_vacant *v);
/* Nothing of it is left. */
void ol_vacant_clear(struct ol_vacant *v);

#endif
