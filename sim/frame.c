/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/item.h"

static enum ol_err find(const struct ol_line *l, struct ol_span frame, struct ol_outer *o, uint64_t *counter)
{
    enum ol_err err = ol_outer_read(frame, o);

    if (err)
        return err;
    if (o->type != OL_FRAME || !l->cur.live || o->session != l->cur.id || !l->cur.path[o->path].keyed)
        return OL_UNEXPECTED;
    *counter = ol_counter_widen(l->cur.path[o->path].tx_counter, o->counter);
    return OL_OK;
}

enum ol_err sim_frame_open(const struct ol_line *l, struct ol_span frame, uint8_t *items, size_t *len)
{
    struct ol_outer o;
    struct ol_rx_key key;
    uint64_t counter;
    enum ol_err err = find(l, frame, &o, &counter);

    *len = 0;
    if (err)
        return err;
    memcpy(key.b, l->cur.path[o.path].tx.b, sizeof key.b);
    err = ol_open(&key, counter, ol_span(frame.p, OL_FRAME_HEAD), o.rest, items);
    if (!err)
        *len = o.rest.len - OL_TAG;
    return err;
}

enum ol_err sim_frame_reseal(const struct ol_line *l, struct ol_span frame, struct ol_span items, uint8_t *out)
{
    struct ol_outer o;
    uint64_t counter;
    enum ol_err err = find(l, frame, &o, &counter);

    if (err)
        return err;
    memcpy(out, frame.p, OL_FRAME_HEAD);
    ol_seal(&l->cur.path[o.path].tx, counter, ol_span(frame.p, OL_FRAME_HEAD), items, out + OL_FRAME_HEAD);
    return OL_OK;
}

size_t sim_frame_make(struct ol_line *l, uint8_t path, struct ol_span items, uint8_t *out)
{
    if (!l->cur.live || !(l->cur.initiator || l->cur.proved))
        return 0;
    ol_session_seal(&l->cur, path, items, out);
    return items.len + OL_FRAME_OVERHEAD;
}

/* ---- For the story ---- */

struct words {
    char *p;
    size_t cap;
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void word(struct words *w, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(w->p + w->len, w->cap - w->len, format, args);
    va_end(args);
    w->len += (size_t)n < w->cap - w->len ? (size_t)n : w->cap - w->len - 1;
}

static void ranges(struct words *w, const struct ol_ranges *r)
{
    for (uint32_t i = 0; i < r->n; i++)
        word(w, " %u-%u", r->r[i].from, r->r[i].to);
}

static void entry(struct words *w, const struct ol_entry *e, uint8_t author)
{
    word(w, " %c%u", author, e->seq);
    if (e->kind == OL_KIND_RECEIPT)
        word(w, " receipt");
    if (e->kind == OL_KIND_RESUME)
        word(w, " resume");
    word(w, " names %u%s%s%s%s", e->xseq, e->flags & OL_FLAG_ALONE ? " alone" : "",
         e->flags & OL_WIRE_PREV ? " prev" : "", e->flags & OL_WIRE_XHASH ? " xhash" : "",
         e->flags & OL_WIRE_SEAL ? " seal" : "");
}

void sim_frame_text(struct ol_span items, uint8_t author, char *out, size_t cap)
{
    struct words w = {.p = out, .cap = cap};
    struct ol_rd r = ol_rd_from(items);
    struct ol_item item;

    *out = '\0';
    for (const char *comma = ""; ol_item_read(&r, &item) == OL_OK; comma = ",") {
        word(&w, "%s", comma);
        switch (item.kind) {
        case OL_ITEM_SYNC:
            word(&w, " sync own %u, yours %u%s%s", item.sync.own_head, item.sync.your_head,
                 item.sync.starting ? " STARTING" : "", item.sync.answer ? " ANSWER" : "");
            ranges(&w, &item.sync.held);
            break;
        case OL_ITEM_ASIDE:
            word(&w, " aside");
            ranges(&w, &item.aside);
            break;
        case OL_ITEM_ECHO:
            word(&w, " echo%s %u", item.echo.ask ? " ask" : "", item.echo.counter);
            break;
        case OL_ITEM_WANT:
        case OL_ITEM_NONE:
            word(&w, " %s %c%u-%u", item.kind == OL_ITEM_WANT ? "want" : "none of", item.want.stream,
                 item.want.range.from, item.want.range.to);
            break;
        case OL_ITEM_BACK:
            word(&w, " back");
            author = (uint8_t)('A' + 'B' - author);
            break;
        case OL_ITEM_OFF_RECORD:
            word(&w, " off the record, %zu bytes", item.off_record.len);
            break;
        case OL_ITEM_PART:
            word(&w, " part of %c%u at %u of %u", item.part.author, item.part.seq, item.part.offset, item.part.total);
            break;
        case OL_ITEM_ENTRY:
            entry(&w, &item.entry, author);
            break;
        }
    }
}
