/* SPDX-License-Identifier: Apache-2.0 */
#include "made.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk/dialogue.h"
#include "desk/form.h"
#include "desk/kind.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void act(struct pair *p, unsigned side, uint8_t kind, uint32_t message, uint32_t about, const char *text)
{
    const struct ol_act a = {.kind = kind, .message = message, .about = about, .text = ol_span(text, strlen(text))};
    uint8_t body[256];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    enum ol_err err;

    ol_act_write(&a, &w);
    err = ol_line_write(&p->side[side].line, kind, OL_IMMEDIATE << 6, ol_wr_span(&w), 0, p->now);
    assert(err == OL_OK);
    pair_run(p, 1000);
}

/* A form that only its sender has, after the entry that gives it its number. */
static void form(struct pair *p, unsigned side)
{
    const struct ol_form_number number = {.number = 3, .code = ol_span("OURS", 4)};
    const struct ol_form_body body = {.number = 3, .values = {.n = 1, .item = {ol_span("\x05", 1)}}};
    uint8_t bytes[2][64];
    struct ol_wr w[] = {ol_wr_to(bytes[0], sizeof bytes[0]), ol_wr_to(bytes[1], sizeof bytes[1])};
    enum ol_err err;

    ol_form_number_write(&number, &w[0]);
    ol_form_write(&body, &w[1]);
    err = ol_line_write(&p->side[side].line, OL_KIND_FORM_NUMBER, 0, ol_wr_span(&w[0]), 0, p->now);
    if (!err)
        err = ol_line_write(&p->side[side].line, OL_KIND_FORM, 0, ol_wr_span(&w[1]), 0, p->now);
    assert(err == OL_OK);
    pair_run(p, 2000);
}

/* Messages in every state that B can bring them to, one of its own, and a form. */
static void talk(struct pair *p)
{
    uint64_t token;
    uint32_t third;

    pair_start(p, 0);
    pair_start(p, 1);
    pair_send(p, 0, OL_FLASH, "Three vessels crossed the line.");
    pair_run(p, 2000);
    pair_send(p, 0, OL_ROUTINE, "The rest of the day was quiet.");
    pair_run(p, 2000);
    act(p, 1, OL_KIND_TAKE, 1, 0, "");
    act(p, 1, OL_KIND_READBACK, 1, 1, "Three vessels crossed the line.");
    act(p, 0, OL_KIND_CORRECT, 1, 0, "Two vessels crossed the line.");
    act(p, 1, OL_KIND_DECLINE, 2, 0, "Not for us.");
    pair_send(p, 1, OL_IMMEDIATE, "Seen here too.");
    pair_run(p, 2000);
    token = pair_send(p, 0, OL_PRIORITY, "They left again.");
    pair_run(p, 2000);
    third = p->side[0].token_seq[token % COUNT(p->side[0].token_seq)];
    act(p, 1, OL_KIND_TAKE, third, 0, "");
    act(p, 1, OL_KIND_READBACK, third, third, "They left again.");
    pair_send(p, 0, OL_PRIORITY, "The line is quiet.");
    pair_run(p, 2000);
    form(p, 1);
}

static void make_card(const struct pair *p, unsigned i, struct ol_card *card, uint8_t *bytes, size_t *len)
{
    struct ol_wr w = ol_wr_to(bytes, OL_CARD_MAX);
    enum ol_err err;

    *card = (struct ol_card){.station = "Watch", .langs = 2, .lang = {"en", "fr"}, .sign = p->side[0].cfg.record.pk[i],
                             .agree = p->side[1 - i].cfg.peer_dh};
    strcpy(card->party, i == 0 ? "Northland" : "Südland");
    err = ol_card_write(card, &w);
    assert(err == OL_OK);
    *len = w.len;
}

static void on_committed(void *ctx, uint64_t batch, enum ol_err err)
{
    bool *done = ctx;

    (void)batch;
    assert(err == OL_OK);
    *done = true;
}

static void commit(struct ol_store *s, int64_t line, const struct ol_batch *batch)
{
    struct pollfd p = {.fd = ol_store_fd(s), .events = POLLIN};
    bool done = false;

    ol_store_commit(s, line, batch, on_committed, &done);
    while (!done) {
        poll(&p, 1, 1000);
        ol_store_poll(s);
    }
}

static void store_rows(struct ol_store *s, const struct made *m)
{
    static struct ol_put puts[64];
    const struct pair_side *side = &m->pair->side[0];
    struct ol_batch batch = {.id = 1, .puts = puts};

    for (unsigned a = 0; a < 2; a++) {
        for (size_t i = 0; i < side->rows_n[a]; i++)
            puts[batch.n++] = (struct ol_put){.what = OL_PUT_ROW, .row = side->rows[a][i].row};
    }
    puts[batch.n] = (struct ol_put){.what = OL_PUT_EVIDENCE, .row = side->rows[1][0].row};
    puts[batch.n++].row.h.time++;
    puts[batch.n++] = (struct ol_put){.what = OL_PUT_ANSWERED, .hash = m->info.id};
    puts[batch.n] = (struct ol_put){.what = OL_PUT_OUTBOX, .token = 9};
    puts[batch.n].row.h.kind = OL_KIND_MESSAGE;
    puts[batch.n++].row.body = ol_span("\x64late", 5);
    commit(s, m->info.number, &batch);
}

void made_store(struct made *m, const char *path)
{
    struct ol_store_cfg cfg = {.path = path, .views = &ol_dialogue_views};
    struct ol_store *s = NULL;
    enum ol_err err;

    *m = (struct made){.pair = two_begin(1), .info = {.name = "alpha", .compared = true}};
    talk(m->pair);
    make_card(m->pair, 0, &m->card[0], m->info.own_card, &m->info.own_card_len);
    make_card(m->pair, 1, &m->card[1], m->info.peer_card, &m->info.peer_card_len);
    assert(ol_side_of(&m->card[0], &m->card[1]) == 'A');
    m->info.id = m->pair->side[0].cfg.record.line;
    memset(m->info.id0.b, 7, sizeof m->info.id0.b);
    err = ol_store_create(path);
    if (!err)
        err = ol_store_open(&cfg, &s, NULL);
    if (!err)
        err = ol_store_line_add(s, &m->info);
    assert(err == OL_OK);
    store_rows(s, m);
    ol_store_close(&s);
}

uint8_t *made_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc(1 << 20);

    assert(f != NULL && bytes != NULL);
    *size = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

uint8_t *made_changed(const uint8_t *file, size_t size, struct ol_rd *changes)
{
    uint8_t *changed = malloc(size);

    assert(changed != NULL);
    memcpy(changed, file, size);
    while (!changes->bad && changes->left >= 4) {
        uint32_t change = ol_rd_u32(changes);

        changed[(change >> 8) % size] = (uint8_t)change;
    }
    return changed;
}
