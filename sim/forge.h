/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a station can do that keeps its own keys and none of the rules: frames of its own
 * session opened and sealed again, entries signed over whatever it likes, and put on its
 * own record as if they were taken back. No key of anybody else is used.
 */
#ifndef SIM_FORGE_H
#define SIM_FORGE_H

#include "proof/proof.h"
#include "sim/party.h"

/* ---- Frames ---- */

/* Looks at one item, changes it if it likes; false: it is left out. author: whose an entry is. */
typedef bool sim_item_fn(void *ctx, struct ol_item *item, uint8_t author);

/* A frame that the line of p has just made (out), or one that comes to it, with its items changed and sealed again. The
 * length of the new one in `to`; 0 when it is no frame of a session that p has. */
size_t sim_forge_out(struct sim_party *p, struct ol_span frame, sim_item_fn *each, void *ctx,
                     uint8_t to[static OL_FRAME_MAX]);
size_t sim_forge_in(struct sim_party *p, struct ol_span frame, sim_item_fn *each, void *ctx,
                    uint8_t to[static OL_FRAME_MAX]);
/* Bytes in a frame of the session that sends, on the first path that is open. False: there is none, or they do not fit. */
bool sim_forge_send(struct sim_party *p, struct ol_span items);
bool sim_forge_send_item(struct sim_party *p, const struct ol_item *item);

/* ---- Entries ---- */

/* A header for p's next entry, as an honest station would have it; the rest is the liar's. */
struct ol_header sim_forge_header(const struct sim_party *p, uint8_t kind, enum ol_precedence precedence);
/* The entry hash that it has with this body. */
void sim_forge_hash(const struct sim_party *p, const struct ol_header *h, struct ol_span body, struct ol_hash *out);
/* Signs it with p's key over this body: in full form, with a length. */
struct ol_entry sim_forge_sign(const struct sim_party *p, const struct ol_header *h, struct ol_span body);
/* Puts it on p's own record, from where its line sends it as any other. False: not now. */
bool sim_forge_write(struct sim_party *p, const struct ol_header *h, struct ol_span body);
/* A message with a text that nobody wrote before, in `to`; the span is its body. */
struct ol_span sim_forge_body(struct sim_party *p, uint8_t to[static 64]);

/* ---- What follows ---- */

/* Evidence from p's store against this author, as openline makes it and openline-verify checks it. */
bool sim_forge_convicts(struct sim_party *p, uint8_t author);
/* Exports p's record, verifies it, and counts these remarks about this author's entries. False: it was refused. */
bool sim_forge_remarks(struct sim_party *p, enum ol_found what, uint8_t author, uint64_t *n);

#endif
