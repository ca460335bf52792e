/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/forge.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/sign.h"
#include "proof/evidence.h"
#include "proof/export.h"
#include "sim/frame.h"
#include "sim/run.h"

/* ---- Frames ---- */

struct change {
    sim_item_fn *each;
    void *ctx;
    uint8_t sender; /* 'A' or 'B' */
};

/* In place: what is left is no longer than what came. */
static size_t change(const struct change *c, uint8_t *items, size_t len)
{
    uint8_t copy[OL_FRAME_MAX] = {0};
    struct ol_rd r = ol_rd_from(ol_span(copy, len));
    struct ol_wr w = ol_wr_to(items, len);
    struct ol_item item;
    uint8_t author = c->sender;

    memcpy(copy, items, len);
    while (ol_item_read(&r, &item) == OL_OK) {
        if (c->each(c->ctx, &item, item.kind == OL_ITEM_PART ? item.part.author : author))
            ol_item_write(&item, &w);
        if (item.kind == OL_ITEM_BACK)
            author = (uint8_t)('A' + 'B' - c->sender);
    }
    return w.len;
}

size_t sim_forge_out(struct sim_party *p, struct ol_span frame, sim_item_fn *each, void *ctx,
                     uint8_t to[static OL_FRAME_MAX])
{
    uint8_t items[OL_FRAME_MAX];
    size_t len;

    if (sim_frame_open(p->line, frame, items, &len))
        return 0;
    len = change(&(struct change){each, ctx, p->side}, items, len);
    return sim_frame_reseal(p->line, frame, ol_span(items, len), to) ? 0 : len + OL_FRAME_OVERHEAD;
}

/* The keys of a path are made by the session with its first frame; here they are made again. */
size_t sim_forge_in(struct sim_party *p, struct ol_span frame, sim_item_fn *each, void *ctx,
                    uint8_t to[static OL_FRAME_MAX])
{
    const struct ol_session *s = &p->line->cur;
    uint8_t items[OL_FRAME_MAX];
    struct ol_span head = ol_span(frame.p, OL_FRAME_HEAD);
    struct ol_tx_key seal;
    struct ol_rx_key open;
    struct ol_outer o;
    uint64_t counter;
    size_t len;

    if (ol_outer_read(frame, &o) || o.type != OL_FRAME)
        return 0;
    if (!s->live || s->id != o.session)
        s = &p->line->next;
    if (!s->live || s->id != o.session)
        return 0;
    ol_path_tx_key(&s->rx_dir[1], o.path, &seal);
    memcpy(open.b, seal.b, sizeof open.b);
    counter = ol_counter_widen(s->path[o.path].rx_next, o.counter);
    if (ol_open(&open, counter, head, o.rest, items))
        return 0;
    len = change(&(struct change){each, ctx, (uint8_t)('A' + 'B' - p->side)}, items, o.rest.len - OL_TAG);
    memcpy(to, frame.p, OL_FRAME_HEAD);
    ol_seal(&seal, counter, head, ol_span(items, len), to + OL_FRAME_HEAD);
    return len + OL_FRAME_OVERHEAD;
}

/* Its relay holds no more for a liar than for anybody. */
static bool has_room(const struct sim_party *p, uint8_t path)
{
    const struct sim_path *road = &p->sim->net.path[path];

    return sim_net_free_at(&p->sim->net, path, p->end) <=
           p->sim->world.now + road->window * sim_net_air_time(road, road->mtu);
}

bool sim_forge_send(struct sim_party *p, struct ol_span items)
{
    const struct ol_line *l = p->line;
    uint8_t frame[OL_FRAME_MAX];
    size_t len;
    uint8_t i = 0;

    while (i < OL_PATHS && p->running && !(l->path[i].connections > 0 && l->path[i].heard))
        i++;
    if (i == OL_PATHS || !p->running || items.len + OL_FRAME_OVERHEAD > l->path[i].mtu || !has_room(p, i))
        return false;
    len = sim_frame_make(p->line, i, items, frame);
    if (len > 0)
        sim_party_emit(p, i, 0, ol_span(frame, len));
    return len > 0;
}

bool sim_forge_send_item(struct sim_party *p, const struct ol_item *item)
{
    uint8_t bytes[OL_FRAME_MAX];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    ol_item_write(item, &w);
    return !w.full && sim_forge_send(p, ol_wr_span(&w));
}

/* ---- Entries ---- */

struct ol_header sim_forge_header(const struct sim_party *p, uint8_t kind, enum ol_precedence precedence)
{
    const struct ol_stream *own = &p->line->record.stream[p->side - 'A'];
    const struct ol_stream *peer = &p->line->record.stream['B' - p->side];

    return (struct ol_header){
        .author = p->side,
        .kind = kind,
        .flags = (uint8_t)(precedence << 6),
        .seq = own->head + 1,
        .prev = own->head_hash,
        .xseq = peer->head,
        .xhash = peer->head_hash,
        .time = sim_party_now(p).utc,
    };
}

static struct ol_header complete(const struct sim_party *p, const struct ol_header *h, struct ol_span body)
{
    struct ol_header whole = *h;
    uint8_t salt[16];

    ol_entry_salt(&p->keys.salt, h->author, h->seq, salt);
    ol_commitment(salt, body, &whole.commitment);
    return whole;
}

void sim_forge_hash(const struct sim_party *p, const struct ol_header *h, struct ol_span body, struct ol_hash *out)
{
    struct ol_header whole = complete(p, h, body);

    ol_header_hash(&p->info.id, &whole, out);
}

struct ol_entry sim_forge_sign(const struct sim_party *p, const struct ol_header *h, struct ol_span body)
{
    struct ol_header whole = complete(p, h, body);
    struct ol_entry e = {.kind = h->kind, .flags = (uint8_t)(h->flags | OL_WIRE_FULL | OL_WIRE_LENGTH), .seq = h->seq,
                         .xseq = h->xseq, .time = h->time, .body = body, .prev = h->prev, .xhash = h->xhash};

    ol_header_seal(&p->sign, &p->info.id, &whole, &e.seal);
    return e;
}

bool sim_forge_write(struct sim_party *p, const struct ol_header *h, struct ol_span body)
{
    struct ol_line *l = p->line;
    struct ol_entry e;
    enum ol_took took;

    if (!p->running || l->signing != OL_SIGN_READY || l->failed)
        return false;
    e = sim_forge_sign(p, h, body);
    l->record.recovering = true; /* the door by which a station takes its own stream back */
    took = ol_record_take(&l->record, p->side, &e, &l->space[l->filling], sim_party_now(p).utc);
    l->record.recovering = false;
    if (took != OL_TOOK_NEW)
        return false;
    if (h->kind != OL_KIND_RECEIPT)
        l->owed_seq = h->seq;
    sim_party_wake(p);
    return true;
}

struct ol_span sim_forge_body(struct sim_party *p, uint8_t to[static 64])
{
    int len = snprintf((char *)to + 1, 63, "lie %llu", (unsigned long long)++p->sim->said);

    to[0] = (uint8_t)(0x60 + len); /* a CBOR text of up to 23 bytes */
    return ol_span(to, (size_t)len + 1);
}

/* ---- What follows ---- */

static bool parties_of(const struct sim_party *p, struct ol_parties *out)
{
    return ol_parties_set(out, &p->info.id0, ol_span(p->info.own_card, p->info.own_card_len),
                          ol_span(p->info.peer_card, p->info.peer_card_len)) == OL_OK;
}

/* Rows of one author from a number on, each standing on the one before, up to the first with a seal. */
struct rows {
    struct ol_row row[OL_RUN_ENTRIES + 1];
    size_t n;
};

static bool follow(void *ctx, const struct ol_row *row)
{
    struct rows *rows = ctx;

    if (rows->n > 0 && !ol_hash_equal(&row->h.prev, &rows->row[rows->n - 1].hash))
        return true;
    rows->row[rows->n++] = *row;
    return !row->sealed && rows->n <= OL_RUN_ENTRIES;
}

static bool convicts(const struct ol_parties *parties, const struct rows *one, const struct rows *other, uint8_t author)
{
    size_t size = OL_EVIDENCE_SIZE(one->n + other->n);
    uint8_t *file = malloc(size);
    struct ol_wr w = ol_wr_to(file, size);
    struct ol_evidence e;
    struct ol_finding why;
    bool ok = ol_evidence_write(parties, one->row, one->n, other->row, other->n, &w) == OL_OK &&
              ol_evidence_verify(ol_wr_span(&w), &e, &why) == OL_OK && e.h[0].author == author &&
              e.h[1].author == author;

    free(file);
    return ok;
}

static bool keep_last(void *ctx, const struct ol_row *row)
{
    *(struct ol_row *)ctx = *row;
    return true;
}

bool sim_forge_convicts(struct sim_party *p, uint8_t author)
{
    struct rows *kept = calloc(2, sizeof *kept);
    struct rows *record = kept + 1;
    struct ol_row row = {0};
    struct ol_parties parties;
    bool ok = false;

    if (ol_store_evidence(p->store, p->info.number, keep_last, &row) == OL_OK && row.h.author == author &&
        parties_of(p, &parties)) {
        kept->row[kept->n++] = row;
        /* The same number, the number after, the number before: as `openline evidence` looks. */
        for (int d = 0; d < 3 && !ok; d++) {
            uint32_t seq = row.h.seq + (d == 0 ? 0u : d == 1 ? 1u : UINT32_MAX);

            record->n = 0;
            ok = ol_store_scan(p->store, p->info.number, author, seq, follow, record) == OL_OK && record->n > 0 &&
                 (d < 2 ? convicts(&parties, kept, record, author) : convicts(&parties, record, kept, author));
        }
    }
    free(kept);
    return ok;
}

struct sink {
    uint8_t *bytes;
    size_t len;
    size_t cap;
    struct ol_export_writer w;
    uint32_t n;
};

static bool sink_bytes(void *ctx, struct ol_span bytes)
{
    struct sink *to = ctx;

    if (to->cap - to->len < bytes.len) {
        to->cap = 2 * to->cap + bytes.len;
        to->bytes = realloc(to->bytes, to->cap);
        if (to->bytes == NULL)
            abort();
    }
    memcpy(to->bytes + to->len, bytes.p, bytes.len);
    to->len += bytes.len;
    return true;
}

static bool count_row(void *ctx, const struct ol_row *row)
{
    (void)row;
    ++*(uint32_t *)ctx;
    return true;
}

static bool put_row(void *ctx, const struct ol_row *row)
{
    return ol_export_row(ctx, row) == OL_OK;
}

static bool export_to(struct sim_party *p, const struct ol_parties *parties, struct sink *to)
{
    uint32_t entries[2] = {0, 0};
    bool ok = true;

    for (uint8_t i = 0; i < 2; i++)
        ok = ok && ol_store_scan(p->store, p->info.number, (uint8_t)('A' + i), 1, count_row, &entries[i]) == OL_OK;
    ok = ok && ol_export_begin(&to->w, parties, &p->keys.salt, entries, sink_bytes, to) == OL_OK;
    for (uint8_t i = 0; i < 2; i++)
        ok = ok && ol_store_scan(p->store, p->info.number, (uint8_t)('A' + i), 1, put_row, &to->w) == OL_OK;
    return ok && ol_export_end(&to->w) == OL_OK;
}

struct remarks {
    enum ol_found what;
    uint8_t author;
    uint64_t *n;
};

static void count_remark(void *ctx, const struct ol_finding *found)
{
    const struct remarks *r = ctx;

    *r->n += found->what == r->what && found->author == r->author;
}

bool sim_forge_remarks(struct sim_party *p, enum ol_found what, uint8_t author, uint64_t *n)
{
    struct sink to = {0};
    struct ol_parties parties;
    struct ol_export x;
    struct ol_export_place *places = NULL;
    struct ol_finding why;
    uint32_t heads[2];
    bool ok;

    *n = 0;
    ok = parties_of(p, &parties) && export_to(p, &parties, &to) &&
         ol_export_open(ol_span(to.bytes, to.len), &x, &why) == OL_OK;
    if (ok)
        places = calloc((size_t)x.entries[0] + x.entries[1] + 1, sizeof *places);
    ok = ok && ol_export_verify(&x, places, count_remark, &(struct remarks){what, author, n}, heads, &why) == OL_OK;
    free(places);
    free(to.bytes);
    return ok;
}
