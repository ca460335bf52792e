/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the line share. One idea a file: commit, handshake, input, sync, output, liveness. */
#ifndef OL_LINE_INTERNAL_H
#define OL_LINE_INTERNAL_H

#include "line/line.h"

#define RECEIPTS_WAIT_MS 5u    /* for company, before a disk sync of their own */
#define RETRY_FIRST_MS 1000u   /* before anything is measured */
#define RTO_MIN_MS 250u        /* below it a busy disk would look like a lost frame */
#define RTO_MAX_MS 600000u      /* a long frame each way at 75 bit/s, behind another */
#define DEAF_ASKS 2u           /* unanswered asks, after which other paths are better */
#define ASK_TRIES 5u           /* unanswered asks, each twice as patient, after which the session is given up */
#define ANSWER_MS 300000u      /* an answered session waits so long for its first frame: the slowest round trip */
#define DISK_RETRY_MS 1000u
#define CLOCK_DOUBT_S 60
#define FLOOD_FRAMES 512u      /* in three liveness intervals, and eight for each useful */
#define PHASE_FRAMES (1u << 20) /* frames on a path after which the key is ratcheted */

/* The message from the owner of the memory: which batch the next commit will be. */
static inline struct ol_batch_space *filling(struct ol_line *l)
{
    return &l->space[l->filling];
}

static inline uint64_t filling_id(const struct ol_line *l)
{
    return l->batch_id + 1;
}

static inline uint8_t own_side(const struct ol_line *l)
{
    return l->cfg.record.own;
}

static inline uint8_t peer_side(const struct ol_line *l)
{
    return (uint8_t)('A' + 'B' - l->cfg.record.own);
}

/* commit.c */
bool commit_next(struct ol_line *l, struct ol_out *out);

/* handshake.c */
bool handshake_next(struct ol_line *l, struct ol_out *out);
enum ol_err handshake_input(struct ol_line *l, const struct ol_outer *o, uint8_t path, uint16_t conn);
void handshake_tick(struct ol_line *l);
ol_ms handshake_deadline(const struct ol_line *l);
/* A frame under `next` has come: it becomes the one that sends. */
void handshake_proved(struct ol_line *l);
/* A path has come back: a call that waits for its retry goes out on it. On the only one it is a new call, since the peer may
 * have answered the one before when that one was cut. */
void handshake_now(struct ol_line *l, uint8_t path);
/* The connection on which message 1 came is gone: its caller will have to call again, or we. */
void handshake_path_lost(struct ol_line *l, uint8_t path);
/* No session is usable any more: begin a handshake when allowed. */
void handshake_need(struct ol_line *l);
bool session_usable(const struct ol_line *l);

/* input.c: items that came authentically. from_message_1: entries alone count. */
enum ol_err items_input(struct ol_line *l, struct ol_span items, struct ol_session *s, uint8_t path,
                        bool from_message_1);

/* sync.c */
void sync_make(const struct ol_line *l, struct ol_sync *out);
/* Leaves ranges out, the highest never, until it takes no more than size bytes. */
void sync_shorten(struct ol_sync *sync, size_t size);
bool answer_ready(const struct ol_line *l);
/* Everything of ours from this number on that was given to a path counts as not sent. */
void send_again_from(struct ol_line *l, uint32_t seq);
void sync_input(struct ol_line *l, const struct ol_sync *sync, const struct ol_ranges *aside, struct ol_session *s);
/* After a commit or an entry of our own: may we sign now? */
void signing_update(struct ol_line *l);
void want_absent(struct ol_line *l);
/* The peer has nothing more of this range of our stream. */
void signing_none(struct ol_line *l, const struct ol_range *range);
/* The peer holds our stream up to here. */
void held_up_to(struct ol_line *l, uint32_t seq);

/* output.c */
bool output_next(struct ol_line *l, struct ol_out *out);
void output_urgent(struct ol_line *l, uint32_t seq, enum ol_precedence precedence);
/* Entries for message 1. */
size_t output_entries(struct ol_line *l, uint8_t *buf, size_t cap);
bool receipt_waits(const struct ol_line *l);
bool part_input(struct ol_line *l, const struct ol_part *part, struct ol_entry *whole);

/* liveness.c */
void path_heard(struct ol_line *l, uint8_t path, uint16_t conn);
void echo_input(struct ol_line *l, const struct ol_echo *echo, struct ol_session *s, uint8_t path);
void echo_make(const struct ol_line *l, uint8_t path, struct ol_echo *out);
void path_ask(struct ol_line *l, uint8_t path);
/* On every open path, if there are at least so many. */
void paths_ask(struct ol_line *l, unsigned least);
void liveness_tick(struct ol_line *l);
ol_ms liveness_deadline(const struct ol_line *l);
ol_ms path_rto(const struct ol_line *l, uint8_t path);
ol_ms line_rto(const struct ol_line *l);
/* What was sent is not receipted for three liveness intervals. */
bool receipt_overdue(const struct ol_line *l, struct ol_now now);
bool path_open(const struct ol_line *l, uint8_t path);
/* Open and with room at the relay. */
bool path_ready(const struct ol_line *l, uint8_t path);

#endif
