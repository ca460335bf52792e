/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two records for the tests of one rule: A writes, B takes. B's shelf holds what the test
 * says is durable. What A would never write is sealed by hand with its key.
 */
#ifndef TEST_RECORD_SIDES_H
#define TEST_RECORD_SIDES_H

#include "support.h"

#include <stdlib.h>

#include "crypto/hash.h"
#include "record/record.h"

static struct ol_record *a;
static struct ol_record *b;
static struct ol_batch_space *written; /* by A */
static struct ol_batch_space *taken;   /* by B */
static struct ol_sign_sk sk[2];
static struct ol_row kept[64]; /* on B's shelf */
static size_t kept_n;
static const struct ol_hash zeros;

static inline void fill(void *ctx, void *out, size_t len)
{
    uint8_t *next = ctx;

    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (*next)++;
}

static inline enum ol_err kept_at(void *ctx, uint8_t author, uint32_t from, struct ol_row *out)
{
    const struct ol_row *first = NULL;

    (void)ctx;
    for (size_t i = 0; i < kept_n; i++)
        if (kept[i].h.author == author && kept[i].h.seq >= from && (first == NULL || kept[i].h.seq < first->h.seq))
            first = &kept[i];
    if (first == NULL)
        return OL_ABSENT;
    *out = *first;
    return OL_OK;
}

static inline enum ol_err kept_by_hash(void *ctx, uint8_t author, const struct ol_hash *hash, struct ol_row *out)
{
    (void)ctx;
    for (size_t i = 0; i < kept_n; i++) {
        *out = kept[i];
        if (out->h.author == author && ol_hash_equal(&out->hash, hash))
            return OL_OK;
    }
    return OL_ABSENT;
}

static inline bool readable(uint8_t kind, struct ol_span body)
{
    (void)body;
    return kind != 200;
}

static inline int setup(void **state)
{
    uint8_t next = 1;
    struct ol_random random = {.ctx = &next, .fill = fill};
    struct ol_record_cfg cfg = {.readable = readable, .shelf = {.at = kept_at, .by_hash = kept_by_hash}};

    (void)state;
    a = malloc(sizeof *a);
    b = malloc(sizeof *b);
    written = calloc(1, sizeof *written);
    taken = calloc(1, sizeof *taken);
    kept_n = 0;
    for (unsigned i = 0; i < 2; i++)
        ol_sign_keygen(random, &sk[i], &cfg.pk[i]);
    memset(cfg.line.b, 7, sizeof cfg.line.b);
    cfg.own = 'A';
    cfg.own_sk = &sk[0];
    ol_record_init(a, &cfg);
    cfg.own = 'B';
    cfg.own_sk = &sk[1];
    ol_record_init(b, &cfg);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    free(a);
    free(b);
    free(written);
    free(taken);
    return 0;
}

static inline struct ol_stream *stream_of_a(void)
{
    return ol_record_stream(b, 'A');
}

/* A row with this header, sealed by its author. */
static inline struct ol_row sealed_row(struct ol_header h, const char *body)
{
    struct ol_row row = {.h = h, .sealed = true, .body = ol_span(body, strlen(body))};
    uint8_t salt[16];

    ol_entry_salt(&a->cfg.salt, h.author, h.seq, salt);
    ol_commitment(salt, row.body, &row.h.commitment);
    ol_header_hash(&a->cfg.line, &row.h, &row.hash);
    ol_header_seal(&sk[h.author - 'A'], &a->cfg.line, &row.h, &row.seal);
    return row;
}

/* A message of A's that stands on another. */
static inline struct ol_row row_on(const struct ol_hash *prev, uint8_t kind, uint32_t seq, const char *body)
{
    return sealed_row((struct ol_header){.author = 'A', .kind = kind, .flags = OL_FLASH << 6, .seq = seq, .time = 1000,
                                         .prev = *prev}, body);
}

/* As it travels; form: OL_WIRE_*. */
static inline struct ol_entry entry_of(const struct ol_row *row, uint8_t form)
{
    return (struct ol_entry){.kind = row->h.kind, .flags = (uint8_t)(row->h.flags | form), .seq = row->h.seq,
                             .xseq = row->h.xseq, .time = row->h.time, .body = row->body, .prev = row->h.prev,
                             .xhash = row->h.xhash, .seal = row->seal};
}

static inline enum ol_took take_row(const struct ol_row *row, uint8_t form)
{
    struct ol_entry e = entry_of(row, form);

    return ol_record_take(b, row->h.author, &e, taken, 1000);
}

/* What the batch holds is durable: it is on the shelf, and the batch is empty again. */
static inline void keep(void)
{
    for (size_t i = 0; i < taken->n; i++) {
        assert_true(kept_n < COUNT(kept));
        if (taken->puts[i].what == OL_PUT_ROW || taken->puts[i].what == OL_PUT_EVIDENCE)
            kept[kept_n++] = taken->puts[i].row;
    }
    ol_batch_clear(taken);
}

/* The batch has no room left for one more entry. */
static inline void fill_batch(void)
{
    taken->n = OL_BATCH_ROWS - OL_BATCH_RESERVED;
}

#endif
