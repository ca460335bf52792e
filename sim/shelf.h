/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a line may read of its station, as src/station/lines.c lends it: rows of the store,
 * and the texts of the outbox, kept in memory as they lie on disk.
 */
#ifndef SIM_SHELF_H
#define SIM_SHELF_H

#include "sim/party.h"

struct ol_shelf sim_shelf_of(struct sim_party *p);
void sim_shelf_box(struct sim_party *p, uint64_t token, uint8_t kind, uint8_t flags, struct ol_span body);
void sim_shelf_unbox(struct sim_party *p, uint64_t token);
void sim_shelf_empty(struct sim_party *p);

#endif
