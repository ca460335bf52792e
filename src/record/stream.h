/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept in memory of one author's stream: the head, the last hashes by position,
 * the entries kept above a gap, the entries that no seal covers yet, and the numbers that
 * resumes declare absent. No rule about what may stand is here: record.c has those.
 */
#ifndef OL_RECORD_STREAM_H
#define OL_RECORD_STREAM_H

#include "base/limits.h"
#include "wire/entry.h"
#include "wire/item.h"

struct ol_place {
    uint32_t seq;
    struct ol_hash hash;
};

/* Durable above a gap, under its own seal. */
struct ol_early {
    uint32_t seq;
    uint8_t kind;
    uint32_t time;
    struct ol_hash hash;
    struct ol_hash prev;
    bool proof; /* is kept as evidence too */
};

/* Entries in wire form with their length, ascending by number; the bytes stand in one of two halves, so that
 * what is left after a removal can be packed into the other. */
struct ol_aside {
    struct {
        uint32_t seq;
        uint32_t at;
        uint32_t size;
    } index[OL_ASIDE_ENTRIES];
    size_t n;
    size_t used;
    unsigned half;
    uint8_t bytes[2][OL_ASIDE_BYTES];
};

struct ol_stream {
    uint8_t author;
    bool frozen;          /* an equivocation: the head stays until an officer accepts a resume */
    uint32_t head;        /* 0: nothing yet */
    struct ol_hash head_hash;
    uint32_t head_time;
    uint32_t top;         /* the highest number seen under a verified seal, early ones included */
    struct ol_place ring[OL_RING];
    uint64_t placed;      /* how many hashes were ever put into the ring */
    struct ol_early early[OL_EARLY_MAX]; /* ascending */
    size_t early_n;
    struct ol_aside aside;
    struct ol_range absent[OL_RESUMES]; /* ascending */
    size_t absent_n;
    uint32_t loose;       /* while loading: a row without a seal that followed nothing; a later resume must explain it */
};

void ol_stream_init(struct ol_stream *s, uint8_t author);
/* The head moves to this entry: it goes into the ring, and what is held aside from the old head up to it is dropped. */
void ol_stream_step(struct ol_stream *s, uint32_t seq, const struct ol_hash *hash, uint32_t time);
/* The hash of an entry in the ring or among the early ones; false when it is in neither. */
bool ol_stream_hash(const struct ol_stream *s, uint32_t seq, struct ol_hash *out);
/* The number of the entry with this hash, when it is still in the ring; 0 when not. */
uint32_t ol_stream_find(const struct ol_stream *s, const struct ol_hash *hash);
bool ol_stream_is_absent(const struct ol_stream *s, uint32_t seq);
/* Numbers from..to are absent, and what was declared so around from - 1 or above it stands or falls with this now. LIMIT when
 * there were OL_RESUMES already. */
OL_MUST_USE enum ol_err ol_stream_absent(struct ol_stream *s, uint32_t from, uint32_t to);

const struct ol_early *ol_stream_early(const struct ol_stream *s, uint32_t seq); /* NULL */
/* LIMIT when there is no place for this precedence. */
OL_MUST_USE enum ol_err ol_stream_keep_early(struct ol_stream *s, const struct ol_early *e,
                                             enum ol_precedence precedence);

/* Holds an entry aside (replacing one of that number). When there is no room the highest number of the lowest
 * precedence goes, which may be this one. */
void ol_stream_put_aside(struct ol_stream *s, const struct ol_entry *e);
/* The entry held aside under this number, its body borrowed until the next change. ABSENT. */
OL_MUST_USE enum ol_err ol_stream_get_aside(const struct ol_stream *s, uint32_t seq, struct ol_entry *out);
void ol_stream_drop_aside(struct ol_stream *s, uint32_t from, uint32_t to);

/* Ranges of early, or of aside, entries above the head, for a sync: at most OL_RANGES, the highest always among
 * them (those in the middle are left out when there are more). */
void ol_stream_early_ranges(const struct ol_stream *s, struct ol_ranges *out);
void ol_stream_aside_ranges(const struct ol_stream *s, struct ol_ranges *out);

#endif
