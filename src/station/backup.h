/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backup: one file with all that a station needs to go on elsewhere, its secrets too.
 *
 *     "openline/backup/1" and a NUL 18 | six lengths of 8 | card | station.conf | relay.conf |
 *     revocation.note | record.db | keys | SHA-256 of all before 32
 *
 * relay.conf and revocation.note may be missing: their length is then 0. The record is a copy of one
 * moment, whatever the station does meanwhile.
 */
#ifndef OL_STATION_BACKUP_H
#define OL_STATION_BACKUP_H

#include "station/home.h"

#define OL_BACKUP_MAGIC "openline/backup/1"

/* Writes the file, 0600: whole, or as it was before. */
OL_MUST_USE enum ol_err ol_backup_write(const struct ol_home *h, const char *file, uint64_t *bytes,
                                        struct ol_fault *f);
/* Makes a home from the file. Each of its lines bears the restored mark, so that it signs a resume before
 * anything else. MALFORMED: the file is damaged (exit 12), nothing was made. EXISTS, IO. *lines: how many
 * it has. */
OL_MUST_USE enum ol_err ol_backup_restore(const char *dir, const char *file, size_t *lines,
                                          struct ol_fault *f);

#endif
