/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two lines in one process, with their stores in memory, and a network between them that
 * the test can cut, delay, drop and corrupt. Time stands still unless the test moves it.
 */
#ifndef TEST_LINE_PAIR_H
#define TEST_LINE_PAIR_H

#include "line/line.h"

#define PAIR_ROWS 20000
#define PAIR_QUEUE 4096

struct pair_row {
    struct ol_row row;
    uint8_t *body;
};

struct pair_side {
    struct ol_line line;
    struct ol_line_cfg cfg;
    bool running;
    /* The store. */
    struct pair_row *rows[2]; /* by author, ascending */
    size_t rows_n[2];
    struct ol_hash answered[OL_ANSWERED];
    size_t answered_n;
    struct {
        uint64_t token;
        uint8_t kind, flags;
        uint8_t *body;
        size_t len;
    } outbox[1024];
    size_t outbox_n;
    struct pair_row evidence[8];
    size_t evidence_n;
    bool restored;
    bool no_room;
    bool hold_commits;          /* commits stay in flight until released */
    const struct ol_batch *held;
    uint64_t commits;
    uint64_t changes;           /* how often the line said that its state changed */
    uint32_t delivered_up_to;
    uint32_t delivered_alone[64];
    size_t delivered_alone_n;
    size_t off_record_n;        /* messages off the record that were shown */
    char off_record[OL_FRAME_MAX]; /* the last of them */
    uint32_t token_seq[4096];   /* by token: the number it got */
    struct ol_sign_sk sk;
};

struct pair_frame {
    uint8_t to;
    uint8_t path;
    uint64_t at;
    size_t len;
    uint8_t bytes[OL_FRAME_MAX];
};

struct pair {
    struct pair_side side[2]; /* A, B */
    struct ol_now now;
    struct pair_frame *queue;
    size_t queue_n;
    uint64_t delay_ms;
    unsigned paths;
    bool cut[OL_PATHS];
    uint64_t seed;
    size_t drop_over;           /* frames longer than this are lost; 0: none */
    bool hold_credit;           /* the relay of A takes frames and says nothing */
    uint32_t utc_ahead[2];      /* seconds by which a station's clock is ahead */
    unsigned drop_percent;
    unsigned flip_percent;
    unsigned double_percent;
    uint64_t sent_bytes;
    uint64_t sent_frames;
    /* Called for each frame handed to the network; false swallows it. */
    bool (*tap)(struct pair *p, const struct pair_frame *f);
    void *tap_ctx;
};

uint64_t pair_random(struct pair *p);
void pair_init(struct pair *p, unsigned paths, uint64_t seed);
void pair_free(struct pair *p);
/* Frees what their stores hold, and nothing else: for a pair that is then made from a copy of one that was empty. */
void pair_empty(struct pair *p);
/* A station begins, or begins again, from what its store holds. */
void pair_start(struct pair *p, unsigned side);
void pair_kill(struct pair *p, unsigned side);
/* Lets everything happen that can happen without time passing. */
void pair_settle(struct pair *p);
/* Lets time pass, in steps of what is due next. */
void pair_run(struct pair *p, uint64_t ms);
/* A text of this precedence; its token. */
uint64_t pair_send(struct pair *p, unsigned side, enum ol_precedence precedence, const char *text);
/* A message off the record, on one path. */
enum ol_err pair_off_record(struct pair *p, unsigned side, uint8_t path, const char *text);
void pair_release(struct pair *p, unsigned side);
/* Both stores hold the same rows. */
bool pair_agree(const struct pair *p);
/* The store forgets this author's rows but for the first `keep`: an old backup. */
void pair_forget(struct pair *p, unsigned side, unsigned author, size_t keep);
const struct pair_row *pair_find(const struct pair_side *s, uint8_t author, uint32_t seq);

#endif
