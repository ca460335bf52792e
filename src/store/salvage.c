/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which table a record is of is told by its shape: how many columns of which kinds. Tables
 * of which nobody else has a copy stand on the disk twice (schema.c): the table or its index
 * gives the line, the text that waits.
 */
#include "store/salvage.h"

#include <stdlib.h>
#include <string.h>

#include "store/pages.h"

/* ---- Damage ---- */

static enum ol_err count(struct ol_pages *p, struct ol_damage *out)
{
    uint8_t page[OL_PAGE];

    *out = (struct ol_damage){.pages = p->n};
    for (uint32_t n = 1; n <= p->n; n++) {
        enum ol_err err = ol_pages_read(p, n, page);

        if (err && err != OL_MALFORMED)
            return err;
        out->damaged += err == OL_MALFORMED;
    }
    return out->damaged == out->pages ? OL_MALFORMED : OL_OK;
}

enum ol_err ol_store_damage(const char *path, struct ol_damage *out)
{
    struct ol_pages p;
    enum ol_err err = ol_pages_open(&p, path);

    *out = (struct ol_damage){0};
    if (!err)
        err = count(&p, out);
    ol_pages_close(&p);
    return err;
}

/* ---- Shapes ---- */

/* A letter a column: i number, n null, t text, b bytes, h bytes of a hash, s bytes of a seal, x whatever. */
static bool has_shape(const struct ol_cell *c, const char *shape)
{
    if (c->n != strlen(shape))
        return false;
    for (size_t i = 0; i < c->n; i++) {
        int type = c->at[i].type;
        size_t len = c->at[i].bytes.len;
        bool blob = type == SQLITE_BLOB;

        if ((shape[i] == 'i' && (type != SQLITE_INTEGER || c->at[i].i < 0)) || (shape[i] == 'n' && type != SQLITE_NULL) ||
            (shape[i] == 't' && type != SQLITE_TEXT) || (shape[i] == 'b' && !blob) ||
            (shape[i] == 'h' && (!blob || len != sizeof(struct ol_hash))) ||
            (shape[i] == 's' && type != SQLITE_NULL && (!blob || len != sizeof(struct ol_sig))))
            return false;
    }
    return true;
}

static void take_bytes(const struct ol_cell *c, size_t at, void *out, size_t len)
{
    memcpy(out, c->at[at].bytes.p, len);
}

/* Columns from `at`: kind, flags, xseq, time, marks, stored_at; from `hash` the rest. */
static bool row_from(const struct ol_cell *c, int64_t key, size_t at, size_t hash, struct ol_row *row)
{
    *row = (struct ol_row){.h.author = key >> 32 & 1 ? 'B' : 'A', .h.seq = (uint32_t)key};
    row->h.kind = (uint8_t)c->at[at].i;
    row->h.flags = (uint8_t)c->at[at + 1].i;
    row->h.xseq = (uint32_t)c->at[at + 2].i;
    row->h.time = (uint32_t)c->at[at + 3].i;
    row->marks = (uint8_t)c->at[at + 4].i;
    row->stored_at = (uint32_t)c->at[at + 5].i;
    take_bytes(c, hash, row->hash.b, sizeof row->hash.b);
    take_bytes(c, hash + 1, row->h.prev.b, sizeof row->h.prev.b);
    take_bytes(c, hash + 2, row->h.xhash.b, sizeof row->h.xhash.b);
    take_bytes(c, hash + 3, row->h.commitment.b, sizeof row->h.commitment.b);
    row->sealed = c->at[hash + 4].type != SQLITE_NULL;
    if (row->sealed)
        take_bytes(c, hash + 4, row->seal.b, sizeof row->seal.b);
    row->body = c->at[hash + 5].bytes;
    return row->h.seq > 0 && row->body.len <= OL_BODY_MAX;
}

/* Columns from `at`: name, id, id0, cards, old line, so many marks: those that came later are not in every row. */
static bool line_from(const struct ol_cell *c, int64_t number, size_t at, size_t marks, struct ol_line_info *info)
{
    struct ol_span name = c->at[at].bytes;
    struct ol_span own = c->at[at + 3].bytes;
    struct ol_span peer = c->at[at + 4].bytes;

    *info = (struct ol_line_info){.number = number};
    if (name.len >= sizeof info->name || own.len > sizeof info->own_card || peer.len > sizeof info->peer_card)
        return false;
    take_bytes(c, at, info->name, name.len);
    take_bytes(c, at + 1, info->id.b, sizeof info->id.b);
    take_bytes(c, at + 2, info->id0.b, sizeof info->id0.b);
    take_bytes(c, at + 3, info->own_card, own.len);
    take_bytes(c, at + 4, info->peer_card, peer.len);
    take_bytes(c, at + 5, info->old_line.b, sizeof info->old_line.b);
    info->own_card_len = own.len;
    info->peer_card_len = peer.len;
    info->compared = c->at[at + 6].i == 1;
    info->restored = c->at[at + 7].i == 1;
    info->revoked = marks > 2 && c->at[at + 8].i == 1;
    info->off_record = marks > 3 && c->at[at + 9].i == 1;
    return true;
}

static bool give_line(const struct ol_salvage *to, const struct ol_cell *c, int64_t number, size_t at, size_t marks)
{
    struct ol_line_info info;

    return to->line == NULL || !line_from(c, number, at, marks, &info) || to->line(to->ctx, &info);
}

static bool give_row(const struct ol_salvage *to, const struct ol_cell *c, bool is_evidence)
{
    int64_t key = is_evidence ? c->at[1].i : c->rowid;
    size_t at = is_evidence ? 2 : 1;
    struct ol_row row;

    return to->row == NULL || !row_from(c, key, at, 8, &row) || to->row(to->ctx, key >> 33, &row, is_evidence);
}

/* Columns from `at`: line, token, kind, flags, body. */
static bool give_outbox(const struct ol_salvage *to, const struct ol_cell *c, size_t at)
{
    struct ol_outbox_item item = {.token = (uint64_t)c->at[at + 1].i, .kind = (uint8_t)c->at[at + 2].i,
                                  .flags = (uint8_t)c->at[at + 3].i, .body = c->at[at + 4].bytes};

    return to->outbox == NULL || item.body.len > OL_BODY_MAX || to->outbox(to->ctx, c->at[at].i, &item);
}

static bool give_answered(const struct ol_salvage *to, const struct ol_cell *c)
{
    struct ol_hash key;

    take_bytes(c, 2, key.b, sizeof key.b);
    return to->answered == NULL || to->answered(to->ctx, c->at[0].i, &key);
}

/* Columns: line and, from `at`, about, hash, leaf. */
static bool give_leaf(const struct ol_salvage *to, const struct ol_cell *c, int64_t number, size_t line, size_t at)
{
    struct ol_leaf_row leaf = {.number = (uint32_t)number, .bytes = c->at[at + 2].bytes};

    if (to->leaf == NULL || number < 1 || number > OL_SEQ_MAX || leaf.bytes.len > OL_LEAF_MAX)
        return true;
    if (c->at[line].type == SQLITE_BLOB && c->at[line].bytes.len == sizeof leaf.line.b)
        take_bytes(c, line, leaf.line.b, sizeof leaf.line.b);
    else if (c->at[line].type != SQLITE_NULL)
        return true;
    if (c->at[at].type == SQLITE_INTEGER && c->at[at].i >= 0 && c->at[at].i <= ABOUT_MAX)
        leaf_about_read(c->at[at].i, &leaf);
    else if (c->at[at].type != SQLITE_NULL)
        return true;
    take_bytes(c, at + 1, leaf.hash.b, sizeof leaf.hash.b);
    return to->leaf(to->ctx, &leaf);
}

static bool give(void *ctx, const struct ol_cell *c)
{
    const struct ol_salvage *to = ctx;

    if (c->is_table && (has_shape(c, "niiiiiinhhhhsb") || has_shape(c, "niiiiiiihhhhsb")))
        return give_row(to, c, c->at[1].i > UINT8_MAX);
    if (c->is_table && (has_shape(c, "nthhbbhii") || has_shape(c, "nthhbbhiii") || has_shape(c, "nthhbbhiiii")))
        return give_line(to, c, c->rowid, 1, c->n - 7);
    if (c->is_table && has_shape(c, "nixiib"))
        return give_outbox(to, c, 1);
    if (!c->is_table && (has_shape(c, "thhbbhiiii") || has_shape(c, "thhbbhiiiii")))
        return give_line(to, c, c->at[c->n - 1].i, 0, c->n - 7);
    if (!c->is_table && has_shape(c, "ixiibi"))
        return give_outbox(to, c, 0);
    if (c->is_table && has_shape(c, "nxxhb"))
        return give_leaf(to, c, c->rowid, 1, 2);
    if (!c->is_table && has_shape(c, "xixhbi"))
        return give_leaf(to, c, c->at[1].i, 0, 2);
    if (!c->is_table && has_shape(c, "iih"))
        return give_answered(to, c);
    return true;
}

enum ol_err ol_store_salvage(const char *path, const struct ol_salvage *to)
{
    struct ol_pages p;
    uint8_t page[OL_PAGE];
    enum ol_err err = ol_pages_open(&p, path);

    for (uint32_t n = 2; n <= p.n && !err; n++) {
        err = ol_pages_read(&p, n, page);
        if (err == OL_MALFORMED)
            err = OL_OK;
        else if (!err && !ol_pages_cells(&p, page, give, (void *)(uintptr_t)to))
            err = OL_LATER;
    }
    ol_pages_close(&p);
    return err;
}
