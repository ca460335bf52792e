/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a store stands: what it asks of the file system beside its engine. The simulator
 * defines these functions itself, for disks in memory.
 */
#ifndef OL_STORE_PLACE_H
#define OL_STORE_PLACE_H

#include "base/err.h"

/* A new empty file (mode 0600). EXISTS, IO. */
OL_MUST_USE enum ol_err ol_place_make(const char *path);
void ol_place_remove(const char *path);
/* Takes the place of what is at `to`, if anything is. ABSENT, IO. */
OL_MUST_USE enum ol_err ol_place_rename(const char *from, const char *to);
/* OK when a file is there and not empty. ABSENT, MALFORMED, STORE with *why set to words. */
OL_MUST_USE enum ol_err ol_place_look(const char *path, const char **why);
/* The names in this file's directory become durable. IO. */
OL_MUST_USE enum ol_err ol_place_settle(const char *path);

#endif
