/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that lies: frames that open, with items that its own key has sealed, whatever they say. B takes
 * them as they come, and what it has on record afterwards is what A has sealed.
 *
 * A program of bytes: raw items; entries with any header over hashes that were seen, sealed or not; time.
 */
#include "crypto/hash.h"
#include "fuzz.h"
#include "two.h"
#include "wire/item.h"

#define STEPS 48u
#define SEEN 16u

static struct pair *p;
static struct ol_hash seen[SEEN]; /* entry hashes to stand on and to name; the first is zeros */
static size_t seen_n;

static void see(const struct ol_hash *hash)
{
    seen[1 + seen_n++ % (SEEN - 1)] = *hash;
}

/* As A would send it now, had its program said so. */
static void send_items(struct ol_span items)
{
    struct ol_session *s = &p->side[0].line.cur;
    uint8_t frame[OL_FRAME_MAX];

    if (!s->live || !ol_session_may_send(s, 0) || items.len > sizeof frame - OL_FRAME_OVERHEAD)
        return;
    ol_session_seal(s, 0, items, frame);
    ol_line_input(&p->side[1].line, 0, 1, ol_span(frame, items.len + OL_FRAME_OVERHEAD), p->now);
}

/* A small number is one from A's head on, a large one is far away. */
static uint32_t number(uint8_t from)
{
    uint32_t head = p->side[1].line.record.stream[0].head;

    if (from >= 240)
        return (uint32_t)from << 24 | from;
    return head > 4 ? head + from % 24 - 4 : 1u + from % 24;
}

static void make_entry(struct ol_rd *r, struct ol_wr *w)
{
    static const uint8_t kinds[] = {OL_KIND_MESSAGE, OL_KIND_RECEIPT, OL_KIND_RESUME, OL_KIND_CLOSE,
                                    OL_KIND_UNFREEZE, OL_KIND_TAKE, 99, 255};
    uint8_t kind = kinds[ol_rd_u8(r) % sizeof kinds];
    struct ol_entry e = {.kind = kind, .flags = ol_rd_u8(r) | OL_WIRE_LENGTH};
    struct ol_header h = {.author = 'A', .kind = kind, .flags = e.flags & OL_FLAGS_SIGNED};
    uint8_t salt[16];
    struct ol_hash hash;

    e.seq = h.seq = number(ol_rd_u8(r));
    e.xseq = h.xseq = ol_rd_u8(r);
    e.time = h.time = p->now.utc + ol_rd_u8(r) - 128;
    e.prev = h.prev = seen[ol_rd_u8(r) % SEEN];
    e.xhash = h.xhash = seen[ol_rd_u8(r) % SEEN];
    e.body = ol_rd_take(r, ol_rd_u8(r));
    if (h.seq == 0)
        return;
    ol_entry_salt(&p->side[0].cfg.record.salt, 'A', h.seq, salt);
    ol_commitment(salt, e.body, &h.commitment);
    ol_header_seal(&p->side[0].sk, &p->side[0].cfg.record.line, &h, &e.seal);
    ol_header_hash(&p->side[0].cfg.record.line, &h, &hash);
    see(&hash);
    ol_entry_write(&e, w);
}

static void step(struct ol_rd *r)
{
    uint8_t op = ol_rd_u8(r);
    uint8_t items[OL_FRAME_MAX - OL_FRAME_OVERHEAD];
    struct ol_wr w = ol_wr_to(items, sizeof items);

    switch (op % 8) {
    case 0:
        pair_run(p, ol_rd_u8(r) * 100u);
        break;
    case 1:
        send_items(ol_rd_take(r, ol_rd_u8(r)));
        break;
    case 2:
        (void)!ol_line_write(&p->side[op >> 7].line, OL_KIND_MESSAGE, (uint8_t)((op >> 5 & 3) << 6),
                             ol_span("\x61\x78", 2), 0, p->now);
        break;
    case 3:
        pair_kill(p, 1);
        pair_start(p, 1);
        pair_run(p, 3000);
        break;
    case 4:
        ol_line_say(&p->side[1].line, 0, op >> 7);
        (void)!ol_line_unfreeze(&p->side[1].line, p->now);
        break;
    default:
        for (unsigned n = op >> 3 & 3; n < 4; n++)
            make_entry(r, &w);
        if (!w.full)
            send_items(ol_wr_span(&w));
        break;
    }
    pair_settle(p);
}

static void check_record(const struct pair_side *s)
{
    for (unsigned a = 0; a < 2; a++) {
        for (size_t i = 0; i < s->rows_n[a]; i++) {
            enum ol_err err = ol_record_check_row(&s->line.record, &s->rows[a][i].row);

            assert(err == OL_OK);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ol_rd r = ol_rd_from(ol_span(data, size));

    p = two_begin(1);
    seen_n = 0;
    memset(seen, 0, sizeof seen);
    pair_start(p, 0);
    pair_start(p, 1);
    pair_send(p, 0, OL_ROUTINE, "one");
    pair_send(p, 1, OL_ROUTINE, "two");
    pair_run(p, 3000);
    for (unsigned a = 0; a < 2; a++) {
        for (size_t i = 0; i < p->side[1].rows_n[a]; i++)
            see(&p->side[1].rows[a][i].row.hash);
    }
    for (unsigned n = 0; r.left > 0 && n < STEPS; n++)
        step(&r);
    pair_run(p, 5000);
    check_record(&p->side[1]);
    pair_empty(p);
    return 0;
}
