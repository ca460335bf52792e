/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An index of the words on record, in a file of its own beside the record. It is made of the record, and of what the
 * station calls its forms, and holds nothing that is not there: it may be deleted at any time, and one that is damaged,
 * of another program or of another record is begun anew. Everything here is synchronous, on the caller's thread; nothing waits for a disk but to
 * move the log now and then.
 */
#ifndef OL_STORE_SEARCH_H
#define OL_STORE_SEARCH_H

#include "words/terms.h"
#include "record/row.h"

struct ol_search;

/* How far the index has come in one stream. */
struct ol_search_mark {
    uint32_t seq;        /* all rows up to this one are in it; 0: none */
    uint32_t count;      /* so many */
    struct ol_hash hash; /* of row seq */
};

/* The words of one entry. */
struct ol_search_words {
    uint8_t about_author; /* the message that they belong to */
    uint32_t about;
    bool is_message;      /* they are the message's own */
    uint64_t when;        /* 202611211432 */
    struct ol_span terms; /* each with a space after it */
    struct ol_span form;  /* of its code, the same; empty when it is no form */
};

/* What is added in one transaction. Words come out fastest when they go in ordered by message. */
struct ol_search_batch {
    int64_t line;
    struct ol_hash line_id;
    uint8_t author;
    struct ol_search_mark mark;
    const struct ol_search_words *words;
    size_t n;
    const uint32_t *early; /* numbers above the mark whose words are in this batch */
    size_t early_n;
};

/* Opens the index, making one (mode 0600) when there is none that can be used. NO_ROOM, IO. `with` stands for all beside
 * the record that decides what goes into it: an index made with another is begun anew. */
OL_MUST_USE enum ol_err ol_search_open(const char *path, uint32_t with, struct ol_search **out);
/* NULL is fine. */
void ol_search_close(struct ol_search **s);

/* The functions below give MALFORMED when the index is damaged: close it, remove it, open it. */

/* Zero when the index knows nothing of this line. */
OL_MUST_USE enum ol_err ol_search_mark(struct ol_search *s, int64_t line, const struct ol_hash *line_id, uint8_t author,
                                       struct ol_search_mark *out);
/* Whether the words of this entry, above the mark, are in it. */
OL_MUST_USE enum ol_err ol_search_has_early(struct ol_search *s, int64_t line, uint8_t author, uint32_t seq, bool *out);
/* All or, on failure, nothing. NO_ROOM, IO. */
OL_MUST_USE enum ol_err ol_search_add(struct ol_search *s, const struct ol_search_batch *batch);
/* Messages of one side in which all is found, ascending from a number on; a false from the callback ends it. */
OL_MUST_USE enum ol_err ol_search_find(struct ol_search *s, int64_t line, uint8_t author, const struct ol_query *q,
                                       uint32_t from, bool (*each)(void *ctx, uint32_t seq), void *ctx);
/* Removes the file and its log. */
void ol_search_remove(const char *path);

#endif
