/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store as a station has one after a conversation: a line called "alpha" with messages and acts of both
 * sides, a text in the outbox, an answered key, and evidence against the other side.
 */
#ifndef FUZZ_MADE_H
#define FUZZ_MADE_H

#include "store/store.h"
#include "two.h"
#include "wire/card.h"

struct made {
    struct pair *pair; /* whose side 0 the station is */
    struct ol_card card[2];
    struct ol_line_info info;
};

/* Makes the file at this path. The pair is lent until two_begin is called again. */
void made_store(struct made *m, const char *path);

/* A whole file in memory, from malloc. */
uint8_t *made_file(const char *path, size_t *size);
/* A copy, from malloc, with bytes changed: offset 3, value 1, again and again. */
uint8_t *made_changed(const uint8_t *file, size_t size, struct ol_rd *changes);

#endif
