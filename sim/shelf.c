/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/shelf.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"

/* ---- The outbox, as lines.c keeps it ---- */

void sim_shelf_box(struct sim_party *p, uint64_t token, uint8_t kind, uint8_t flags, struct ol_span body)
{
    struct sim_boxed *b;

    if (p->outbox_n == p->outbox_cap) {
        p->outbox_cap = p->outbox_cap == 0 ? 16 : 2 * p->outbox_cap;
        p->outbox = sim_must(realloc(p->outbox, p->outbox_cap * sizeof *p->outbox));
    }
    b = &p->outbox[p->outbox_n++];
    *b = (struct sim_boxed){.token = token, .kind = kind, .flags = flags, .len = body.len};
    b->body = sim_must(malloc(body.len + 1));
    memcpy(b->body, body.p, body.len);
}

void sim_shelf_unbox(struct sim_party *p, uint64_t token)
{
    for (size_t i = 0; i < p->outbox_n; i++) {
        if (p->outbox[i].token != token)
            continue;
        free(p->outbox[i].body);
        memmove(&p->outbox[i], &p->outbox[i + 1], (p->outbox_n - i - 1) * sizeof p->outbox[0]);
        p->outbox_n--;
        return;
    }
}

void sim_shelf_empty(struct sim_party *p)
{
    for (size_t i = 0; i < p->outbox_n; i++)
        free(p->outbox[i].body);
    p->outbox_n = 0;
}

/* ---- The shelf ---- */

struct first_row {
    struct ol_row *out;
    const struct ol_hash *hash; /* NULL: any */
    bool found;
};

/* A scan's body is gone when the scan has ended; the shelf lends its rows until it is asked again. */
static bool take_row(void *ctx, const struct ol_row *row)
{
    static uint8_t body[OL_BODY_MAX];
    struct first_row *first = ctx;

    if (first->hash != NULL && !ol_hash_equal(&row->hash, first->hash))
        return true;
    *first->out = *row;
    if (row->body.len > 0)
        memcpy(body, row->body.p, row->body.len);
    first->out->body.p = body;
    first->found = true;
    return false;
}

static enum ol_err found(enum ol_err err, const struct first_row *first)
{
    return err ? err : first->found ? OL_OK : OL_ABSENT;
}

static enum ol_err shelf_at(void *ctx, uint8_t author, uint32_t from, struct ol_row *out)
{
    struct sim_party *p = ctx;
    struct first_row first = {.out = out};
    enum ol_err err = ol_store_row(p->store, p->info.number, author, from, out);

    if (err != OL_ABSENT)
        return err;
    return found(ol_store_scan(p->store, p->info.number, author, from, take_row, &first), &first);
}

static enum ol_err shelf_by_hash(void *ctx, uint8_t author, const struct ol_hash *hash, struct ol_row *out)
{
    struct sim_party *p = ctx;
    struct first_row first = {.out = out, .hash = hash};
    enum ol_err err = ol_store_row_by_hash(p->store, p->info.number, author, hash, out);

    if (err != OL_ABSENT)
        return err;
    return found(ol_store_evidence(p->store, p->info.number, take_row, &first), &first);
}

static enum ol_err shelf_outbox(void *ctx, enum ol_precedence precedence, uint64_t after, struct ol_put *out)
{
    struct sim_party *p = ctx;

    for (size_t i = 0; i < p->outbox_n; i++) {
        const struct sim_boxed *b = &p->outbox[i];

        if (b->token <= after || ol_flags_precedence(b->flags) != precedence)
            continue;
        *out = (struct ol_put){.what = OL_PUT_OUTBOX, .token = b->token};
        out->row.h.kind = b->kind;
        out->row.h.flags = b->flags;
        out->row.body = ol_span(b->body, b->len);
        return OL_OK;
    }
    return OL_ABSENT;
}

struct ol_shelf sim_shelf_of(struct sim_party *p)
{
    return (struct ol_shelf){.ctx = p, .at = shelf_at, .by_hash = shelf_by_hash, .outbox = shelf_outbox};
}
