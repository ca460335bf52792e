/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A station's own frames, opened with the keys that its line holds: what the checker reads,
 * and what a liar changes.
 */
#ifndef SIM_FRAME_H
#define SIM_FRAME_H

#include "line/line.h"
#include "wire/frame.h"

/* Opens a frame that this line has just handed out; items has room for OL_FRAME_MAX bytes. UNEXPECTED: not a frame (a
 * handshake message). */
enum ol_err sim_frame_open(const struct ol_line *l, struct ol_span frame, uint8_t *items, size_t *len);
/* Seals other items under the counter that this frame had: the peer accepts one of the two. out has room for
 * items.len + 20 bytes. */
enum ol_err sim_frame_reseal(const struct ol_line *l, struct ol_span frame, struct ol_span items, uint8_t *out);
/* A further frame under the line's session, with a counter of its own, written to out; its length. 0: no session. */
size_t sim_frame_make(struct ol_line *l, uint8_t path, struct ol_span items, uint8_t *out);

/* What is in it, in a few words, for the story. */
void sim_frame_text(struct ol_span items, uint8_t author, char *out, size_t cap);

#endif
