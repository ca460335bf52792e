/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a directory of its own, rows from a seed, and commits that are waited for. */
#ifndef OL_TEST_STORE_BED_H
#define OL_TEST_STORE_BED_H

#include "support.h"

#include "store/store.h"

struct bed {
    char dir[64];
    char path[128];
    struct ol_store *s;
    int64_t line; /* of a line called "alpha" */
    uint64_t seed;
};

/* cmocka's setup and teardown: a store with one line, open; and all of it away. */
int bed_setup(void **state);
int bed_teardown(void **state);
void bed_name(const struct bed *b, const char *name, char out[static 128]);
void bed_open(struct bed *b);
void bed_reopen(struct bed *b);

struct ol_line_info bed_line(struct bed *b, const char *name);
int64_t bed_add_line(struct bed *b, const char *name);
/* Random but for its place; the body borrows from static memory. */
struct ol_row bed_row(struct bed *b, uint8_t author, uint32_t seq);
struct ol_put bed_put(const struct ol_row *row);

/* What became of batches that were handed in. */
struct outcome {
    size_t told;
    enum ol_err last;
    uint64_t id;
};
void bed_done(void *ctx, uint64_t batch, enum ol_err err);
void bed_await(struct ol_store *s, const struct outcome *o, size_t told);
enum ol_err bed_commit(struct ol_store *s, int64_t line, const struct ol_put *puts, size_t n);
enum ol_err bed_commit_row(struct bed *b, const struct ol_row *row);

void bed_same_row(const struct ol_row *want, const struct ol_row *got);

/* A callback that counts, and remembers the last. */
struct seen {
    size_t n;
    size_t stop_at; /* 0: never */
    struct ol_row last;
    uint64_t keys[64]; /* author << 32 | seq */
};
bool bed_see(void *ctx, const struct ol_row *row);
size_t bed_count(struct ol_store *s, int64_t line, uint8_t author);

#endif
