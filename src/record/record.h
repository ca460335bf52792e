/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line's record: two streams, of which this station writes one. Here is every rule of
 * what may stand on record: chain, seal, run, head, early, receipt, resume, equivocation.
 * Pure: what is taken or written goes into a batch that the caller commits.
 */
#ifndef OL_RECORD_RECORD_H
#define OL_RECORD_RECORD_H

#include "record/batch.h"
#include "record/shelf.h"
#include "record/stream.h"

#define OL_DUE_ALONE 64u
#define OL_REASON_MAX 900u /* bytes of a resume's reason */

struct ol_record_cfg {
    struct ol_hash line;
    struct ol_salt_key salt;
    uint8_t own;                    /* 'A' or 'B' */
    const struct ol_sign_sk *own_sk; /* borrowed for the record's life; NULL: reads only */
    struct ol_sign_pk pk[2];        /* of A, of B */
    struct ol_shelf shelf;
    /* Whether this station understands a body; what it does not is kept and named in the receipt. */
    bool (*readable)(uint8_t kind, struct ol_span body);
};

/* What the peer's entries have named of ours since the caller last looked (a verified seal each). */
struct ol_named {
    uint32_t up_to;      /* the highest head of ours named */
    uint32_t up_to_time; /* the time that its author gave */
    struct {
        uint32_t seq;
        uint32_t time;
    } alone[OL_DUE_ALONE]; /* single entries above it */
    size_t alone_n;
};

/* What is owed to the peer as receipts. */
struct ol_due {
    bool some;                     /* entries up to the head */
    enum ol_precedence precedence; /* the highest among them */
    struct {
        uint32_t seq;
        enum ol_precedence precedence;
    } alone[OL_DUE_ALONE];         /* FLASH and IMMEDIATE above a gap */
    size_t alone_n;
    uint32_t unread[OL_DUE_ALONE]; /* entries whose bodies could not be read */
    size_t unread_n;
};

struct ol_record {
    struct ol_record_cfg cfg;
    struct ol_stream stream[2];
    struct ol_named named;
    struct ol_due due;
    const struct ol_batch_space *in_flight; /* set by the line: what is handed out and not yet on the shelf; NULL */
    struct ol_range want[2];  /* of each stream: what must be sent again with both hashes and a seal; from 0: nothing */
    bool recovering;          /* our own entries are taken back from the peer */
    bool twice;               /* our own seal was met on something this station did not write */
    bool clock_doubtful;      /* the clocks are over a minute apart: entries that come are marked */
    uint64_t forged;          /* entries refused because a seal failed */
    uint64_t taken_back;      /* entries of ours that came from the peer, on the chain or beside it */
    uint32_t peer_said;       /* the peer's last entry that is not a receipt, as loaded */
    size_t unfrozen;          /* officers' decisions after an equivocation, as loaded, less the proofs */
    uint32_t own_named;       /* the highest head of the peer's that we named, as loaded */
    uint32_t own_said;        /* our last entry that is not a receipt, as loaded */
};

/* What became of one entry handed in. */
enum ol_took {
    OL_TOOK_NEW,     /* on record with the batch, it or a run that it completed */
    OL_TOOK_KNOWN,   /* was on record already */
    OL_TOOK_ASIDE,   /* waits for a seal or for what is before it */
    OL_TOOK_REFUSED, /* the seal failed, or what it stands on cannot be rebuilt: see want */
    OL_TOOK_FULL,    /* the batch has no room; nothing changed */
    OL_TOOK_FORK,    /* proves an equivocation (or, of our own stream, a second life of this station) */
};

void ol_record_init(struct ol_record *r, const struct ol_record_cfg *cfg);
struct ol_stream *ol_record_own(struct ol_record *r);
struct ol_stream *ol_record_peer(struct ol_record *r);
struct ol_stream *ol_record_stream(struct ol_record *r, uint8_t author);

/* At start: each stored row, one author's after the other's, numbers ascending. Checks the hash of the header
 * and the chain; seals and bodies are for ol_record_check_row. OK or MALFORMED (the store was changed). */
OL_MUST_USE enum ol_err ol_record_load(struct ol_record *r, const struct ol_row *row);
/* Then each stored proof of equivocation: on the peer's an officer may have decided since, and an own resume answers ours. */
void ol_record_load_proof(struct ol_record *r, const struct ol_row *row);
/* Our own entries are back: what the peer named of them meanwhile, and could not be believed, goes by its last entry. */
void ol_record_named_anew(struct ol_record *r);
/* After all: what is still owed to the peer. MALFORMED: a row stands on nothing. */
OL_MUST_USE enum ol_err ol_record_loaded(struct ol_record *r);
/* A stored row on its own: body against commitment, header against hash, the seal if it has one. OK, MALFORMED, FORGED. */
OL_MUST_USE enum ol_err ol_record_check_row(const struct ol_record *r, const struct ol_row *row);

/* An entry that came in, author 'A' or 'B'; utc is this station's clock. What it adds is put into the batch. */
enum ol_took ol_record_take(struct ol_record *r, uint8_t author, const struct ol_entry *e, struct ol_batch_space *b,
                            uint32_t utc);
/* Goes on with what waits aside, after a batch that was full. Whether anything was taken. */
bool ol_record_settle(struct ol_record *r, uint8_t author, struct ol_batch_space *b, uint32_t utc);

/* Makes a put of the batch (kind, flags, body set; for ALONE also xseq and xhash) this station's next entry: chained,
 * naming the peer's head, not yet sealed. LIMIT when the numbers have run out: nothing changed. */
OL_MUST_USE enum ol_err ol_record_append(struct ol_record *r, struct ol_put *put, uint32_t utc);
/* Seals an entry of ours, and with it the run before it: the same header gives the same bytes as ever. */
void ol_record_seal_row(const struct ol_record *r, struct ol_row *row);
/* Whether a receipt must be written now. waits: one below IMMEDIATE waits to be sent already. */
bool ol_record_owes(const struct ol_record *r, bool waits);
/* The receipts that are owed, into the batch, each sealed. texts_follow: entries of ours come after them in this batch
 * and say the same of the head. LIMIT as ol_record_append. */
OL_MUST_USE enum ol_err ol_record_receipts(struct ol_record *r, struct ol_batch_space *b, bool texts_follow, bool waits,
                                           uint32_t utc);
/* A resume: chained to the head, its number ahead of `above` and all that is known by 2^24 and `jump` (below 2^24). Sealed.
 * Clears nothing else: the caller puts OL_PUT_RESUMED beside it. */
OL_MUST_USE enum ol_err ol_record_resume(struct ol_record *r, struct ol_span reason, uint32_t above, uint32_t jump,
                                         struct ol_batch_space *b, uint32_t utc);

/* The entry hash at a number of a stream: from memory or the shelf. ABSENT; seq 0 is the zeros before the first. */
OL_MUST_USE enum ol_err ol_record_hash(const struct ol_record *r, uint8_t author, uint32_t seq, struct ol_hash *out);

/* The body of a resume; src/desk/ledger.h reads it. */
void ol_resume_body(uint32_t from, uint32_t to, struct ol_span reason, struct ol_wr *w);

#endif
