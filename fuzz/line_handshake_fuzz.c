/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A good handshake in which one message is swapped for another: any bytes, the same bytes with some changed,
 * one with any payload that the holder of the sender's keys could have made; or message 1 comes again.
 * Whatever it was, the line is there in the end; and nothing is lost, unless who has the keys lied about what
 * it holds.
 */
#include "crypto/hash.h"
#include "fuzz.h"
#include "two.h"
#include "wire/frame.h"

enum how { ANY_BYTES, CHANGED, AUTHENTIC, AGAIN };

static enum ol_outer_type which;
static enum how how;
static unsigned caller; /* whose call it is */
static struct ol_rd program;
static struct pair_frame message_1;

static void change(struct pair_frame *f)
{
    while (program.left > 1) {
        uint8_t at = ol_rd_u8(&program);

        f->bytes[at % f->len] ^= ol_rd_u8(&program);
    }
}

static void noise_of(const struct pair *p, unsigned side, bool initiator, struct ol_noise *out)
{
    const struct ol_line_cfg *cfg = &p->side[side].cfg;
    uint8_t prologue[42] = "openline/1";
    struct ol_noise_cfg noise = {.initiator = initiator, .psk = &cfg->keys.psk, .own = &cfg->own_dh,
                                 .peer = &cfg->peer_dh, .prologue = ol_span(prologue, sizeof prologue)};

    memcpy(prologue + 10, cfg->record.line.b, 32);
    ol_noise_init(out, &noise);
}

/* The sender's side of the handshake, up to the message that is swapped; false when that cannot be. */
static bool state_of(const struct pair *p, unsigned sender, struct ol_noise *out)
{
    uint8_t payload[OL_FRAME_MAX];

    noise_of(p, sender, which == OL_MESSAGE_1, out);
    return which == OL_MESSAGE_1
        || (message_1.len > OL_HANDSHAKE_HEAD &&
            ol_noise_read(out, ol_span(message_1.bytes + OL_HANDSHAKE_HEAD, message_1.len - OL_HANDSHAKE_HEAD),
                          payload) == OL_OK);
}

static void put_tag(const struct pair *p, struct pair_frame *f)
{
    unsigned sender = 1 - f->to;

    ol_handshake_tag(&p->side[sender].cfg.keys.tag[sender], f->bytes,
                     ol_span(f->bytes + OL_HANDSHAKE_HEAD, f->len - OL_HANDSHAKE_HEAD), f->bytes + 2);
}

static void forge(struct pair *p, struct pair_frame *f)
{
    unsigned sender = 1 - f->to;
    struct ol_noise noise;
    struct ol_span payload;

    f->bytes[1] ^= ol_rd_u8(&program); /* session and path */
    payload = ol_rd_take(&program, program.left);
    if (payload.len > OL_FRAME_MAX - OL_HANDSHAKE_OVERHEAD || !state_of(p, sender, &noise)
        || ol_noise_write(&noise, p->side[sender].cfg.random, payload, f->bytes + OL_HANDSHAKE_HEAD))
        return;
    f->len = payload.len + OL_HANDSHAKE_OVERHEAD;
    put_tag(p, f);
    ol_noise_wipe(&noise);
}

static bool swap(struct pair *p, const struct pair_frame *sent)
{
    struct pair_frame *f = &p->queue[sent - p->queue];

    if (f->bytes[0] >> 4 == OL_MESSAGE_1 && f->to != caller)
        message_1 = *f;
    if (f->bytes[0] >> 4 != which || (f->to == caller) != (which == OL_MESSAGE_2))
        return true;
    p->tap = NULL;
    if (how == CHANGED)
        change(f);
    else if (how == AUTHENTIC)
        forge(p, f);
    else if (how == ANY_BYTES && program.left > 0 && program.left <= sizeof f->bytes)
        memcpy(f->bytes, program.p, f->len = program.left);
    return true;
}

/* Message 1 comes again and again, on any path, when the program says; or one like it under another key. */
static void repeat(struct pair *p)
{
    pair_run(p, 100);
    for (unsigned n = 0; message_1.len > 0 && program.left > 0 && n < 32; n++) {
        uint8_t as = ol_rd_u8(&program);

        message_1.bytes[OL_HANDSHAKE_HEAD] ^= as & 2; /* of the key that came with it */
        if (as & 4)
            put_tag(p, &message_1);
        pair_run(p, ol_rd_u8(&program) * 100u);
        for (uint8_t path = as & 1; path <= (as >> 3 & 1); path++)
            ol_line_input(&p->side[message_1.to].line, path, 1, ol_span(message_1.bytes, message_1.len), p->now);
        pair_settle(p);
    }
}

/* Nothing more fits into what B commits next, until the disk has moved. */
static void fill_disk(struct pair *p)
{
    struct pair_side *s = &p->side[1];

    s->hold_commits = true;
    pair_run(p, 100);
    while (ol_line_write(&s->line, OL_KIND_MESSAGE, 0, ol_span("\x61\x78", 2), 0, p->now) == OL_OK)
        ;
    pair_run(p, 3000);
    s->hold_commits = false;
    pair_release(p, 1);
}

static void check(struct pair *p)
{
    for (unsigned side = 0; side < 2; side++) {
        struct ol_line_status st;

        ol_line_status(&p->side[side].line, p->now, &st);
        assert(st.heard && st.heard_ms <= 3 * p->side[side].cfg.liveness_ms);
    }
    assert(how == AUTHENTIC || (pair_agree(p) && p->side[0].delivered_up_to > 0 && p->side[1].delivered_up_to > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pair *p = two_begin(2);
    uint8_t first;

    program = ol_rd_from(ol_span(data, size));
    first = ol_rd_u8(&program);
    which = first & 1 ? OL_MESSAGE_2 : OL_MESSAGE_1;
    how = (enum how)(first >> 1 & 3);
    caller = first >> 3 & 1;
    p->delay_ms = first & 16 ? 300 : 0; /* then calls cross */
    p->cut[1] = !(first & 32);
    message_1.len = 0;
    p->tap = swap;
    pair_start(p, 0);
    pair_start(p, 1);
    pair_send(p, 0, OL_FLASH, "of A");
    pair_send(p, 1, OL_FLASH, "of B");
    if (first == 0xff) /* seldom, since it takes long */
        fill_disk(p);
    if (how == AGAIN)
        repeat(p);
    pair_run(p, 150000);
    check(p);
    pair_empty(p);
    return 0;
}
