/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files read whole and written whole, relative to a directory's descriptor or to
 * the caller's own (AT_FDCWD); and the armoured ones among them.
 */
#ifndef OL_STATION_FILE_H
#define OL_STATION_FILE_H

#include <stdio.h>
#include <sys/types.h>

#include "lang/fault.h"
#include "wire/card.h"

/* A whole file in memory; a NUL stands behind it. */
struct ol_blob {
    uint8_t *p;
    size_t len;
};
void ol_blob_free(struct ol_blob *b); /* wipes first, for it may hold secrets; a zero one is fine */

/* Reads a file of at most max bytes. ABSENT, LIMIT or IO, with the fault. */
OL_MUST_USE enum ol_err ol_file_read(int dir, const char *name, size_t max, struct ol_blob *out,
                                     struct ol_fault *f);

struct ol_file_new {
    const char *name;
    struct ol_span content;
    mode_t mode;
    bool fresh; /* refuse to replace */
};
/* Replaces a file, or makes it: all of it durable, or as it was before (a temporary file NAME.new stands
 * beside it meanwhile). EXISTS (with `fresh`), NO_ROOM or IO, with the fault. */
OL_MUST_USE enum ol_err ol_file_write(int dir, const struct ol_file_new *file, struct ol_fault *f);

/* As ol_file_write, replacing, for what is too large for memory: `fill` writes the content. When it fails
 * with IO, errno says why and the fault is made here; else it has made the fault. */
typedef enum ol_err ol_fill_fn(void *ctx, FILE *to, struct ol_fault *f);
OL_MUST_USE enum ol_err ol_file_fill(int dir, const char *name, mode_t mode, ol_fill_fn *fill, void *ctx,
                                     struct ol_fault *f);

/* Reads what ol_armour_write wrote: a card, a courier key, a revocation note; words may stand above
 * the armour. The fault names the file as given. MALFORMED, as ol_file_read. */
OL_MUST_USE enum ol_err ol_armoured_read(int dir, const char *name, const char *label, struct ol_wr *out,
                                         struct ol_fault *f);
OL_MUST_USE enum ol_err ol_card_file_read(int dir, const char *name, struct ol_card *out,
                                          struct ol_fault *f);

#endif
