/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store of which the disk has changed something: how much of it, and what can still be
 * read. Needs no engine: the leaves of the trees are read page by page, those as they were
 * written, so that a page that is damaged costs nothing but what stands on it.
 */
#ifndef OL_STORE_SALVAGE_H
#define OL_STORE_SALVAGE_H

#include "store/store.h"

struct ol_damage {
    uint32_t pages;
    uint32_t damaged; /* of these, not as they were written */
};

/* Reads every page, those in the log in place of the main file's. No store is open on it. ABSENT; MALFORMED: not a store
 * with sums (all of its pages are wrong); NO_ROOM: memory; IO. */
OL_MUST_USE enum ol_err ol_store_damage(const char *path, struct ol_damage *out);

/* What was read, in the order of the pages, some of it twice; borrowed for the call. Numbers of lines are as they were.
 * A false ends it. */
struct ol_salvage {
    void *ctx;
    bool (*line)(void *ctx, const struct ol_line_info *info);
    bool (*row)(void *ctx, int64_t line, const struct ol_row *row, bool is_evidence);
    bool (*answered)(void *ctx, int64_t line, const struct ol_hash *key);
    bool (*outbox)(void *ctx, int64_t line, const struct ol_outbox_item *item);
    bool (*leaf)(void *ctx, const struct ol_leaf_row *leaf);
};
/* Whether it is what was signed is for the record to find out. Calls may be NULL. NO_ROOM, IO, ABSENT; LATER: ended. */
OL_MUST_USE enum ol_err ol_store_salvage(const char *path, const struct ol_salvage *to);

#endif
