/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line: what two stations keep between them, without any I/O. Bytes, time and the
 * outcome of commits go in; commits, frames and events come out. The station, the
 * simulator, the fuzzers and the tests drive exactly these functions.
 *
 * The order commit, then send, then receipt lives here: ol_line_next hands out a batch,
 * and what depends on it comes out only after ol_line_committed has said that it is durable.
 *
 * All memory is in struct ol_line. Nothing is allocated. Input is borrowed for the call.
 */
#ifndef OL_LINE_LINE_H
#define OL_LINE_LINE_H

#include "crypto/noise.h"
#include "line/session.h"
#include "record/record.h"

struct ol_line_cfg {
    struct ol_record_cfg record;
    struct ol_line_keys keys;       /* copied; wiped by ol_line_fini */
    struct ol_dh_sk own_dh;         /* copied; wiped by ol_line_fini */
    struct ol_dh_pk peer_dh;
    struct ol_random random;
    ol_ms liveness_ms;              /* between two echoes on a path at rest */
    bool restored;                  /* the store's mark: this home was restored and must resume first */
};

/* May this station sign? */
enum ol_signing {
    OL_SIGN_ASKING,     /* since the start the peer has not said what it holds of ours */
    OL_SIGN_RECOVERING, /* it holds more than we do: that is taken back first */
    OL_SIGN_RESUMING,   /* the next entry is a resume */
    OL_SIGN_READY,
    OL_SIGN_STOPPED,    /* our own seal was met on what this station did not write: it lives twice */
};

enum ol_path_health {
    OL_PATH_DOWN,
    OL_PATH_UP, /* proven both ways, lately */
};

/* How far an entry that fits into no frame has gone. */
struct ol_transfer {
    uint8_t author;
    uint32_t seq;    /* 0: none */
    uint32_t offset; /* of the next piece */
};

/* A frame in which an echo was asked for. */
struct ol_asked {
    uint64_t counter;
    ol_ms at; /* 0: none, or answered */
};
#define OL_ASKED 16u

struct ol_line_path {
    bool configured;
    uint16_t mtu;          /* longest frame */
    uint16_t window;       /* frames that the relay may hold */
    uint16_t outstanding;  /* frames that it holds */
    unsigned connections;  /* that exist on this path, by the relay's word */
    uint8_t peer_number;   /* the peer's number for this path */
    bool heard;            /* something authentic came since the connection was last lost */
    bool confirmed;        /* an echo of the peer confirmed a frame of ours since then */
    ol_ms heard_at;
    ol_ms confirmed_at;
    uint32_t rtt_ms;       /* smoothed; 0 until measured */
    uint32_t rtt_var_ms;
    bool ask_due;
    bool echo_due;
    ol_ms ask_at;          /* when the next ask is due */
    unsigned unanswered;   /* asks since one was answered */
    struct ol_asked asked[OL_ASKED]; /* the last ones: on a slow path an answer comes when more have gone */
    unsigned asked_n;
    uint64_t marked_counter; /* of the first frame sent since clocks were compared last */
    ol_ms marked_at;         /* 0: none was */
    struct ol_transfer part; /* under way on this path */
};

/* An own entry that may overtake those before it. */
struct ol_urgent {
    uint32_t seq;
    enum ol_precedence precedence;
    uint16_t sent; /* bit of each path it was given to */
};
#define OL_URGENT_MAX 64u

/* A long entry as its pieces have it, coming in or last gone out. */
struct ol_parts {
    uint8_t author;
    uint32_t seq;     /* 0: none */
    uint32_t total;
    struct ol_range have[16]; /* coming in: [from, to) of what is here, ascending */
    size_t have_n;
    ol_ms touched;
    uint8_t bytes[OL_ENTRY_MAX];
};

/* The handshake this side began. */
struct ol_calling {
    bool active;
    struct ol_noise noise;
    uint8_t session;
    uint16_t due;       /* paths on which message 1 is still to be sent */
    ol_ms retry_at;
    unsigned tries;
    uint8_t bytes[OL_FRAME_MAX]; /* the Noise message */
    size_t len;
};

/* The handshake this side answered, until its session is proved. */
struct ol_answering {
    bool active;
    uint8_t ephemeral[32];
    struct ol_noise noise; /* until message 2 is made */
    bool made;             /* message 2 is in bytes */
    uint64_t batch;        /* it waits for this one */
    uint8_t session;
    uint16_t paths;        /* on which this message 1 came */
    uint16_t due;          /* on which message 2 is still to be sent */
    uint16_t conn[OL_PATHS];
    ol_ms until;
    uint8_t bytes[OL_FRAME_MAX];
    size_t len;
};

enum ol_out_kind {
    OL_OUT_COMMIT,    /* batch */
    OL_OUT_SEND,      /* path, conn, bytes: borrowed until the next call */
    OL_OUT_PROVEN,    /* path, conn */
    OL_OUT_NAMED,     /* the peer has named: from..to (ALONE ones singly): delivered */
    OL_OUT_SENT,      /* entries up to `to` have been given to a path */
    OL_OUT_OFF_RECORD, /* bytes: what the peer says off the record, borrowed until the next call and then nowhere any more */
    OL_OUT_CHANGED,   /* the state of a path, of signing or an alarm changed: look at the status */
};

struct ol_out {
    enum ol_out_kind kind;
    const struct ol_batch *batch;
    uint8_t path;
    uint16_t conn;
    struct ol_span bytes;
    uint32_t from;
    uint32_t to;
    uint32_t time; /* NAMED: when, by the peer's claim */
};

struct ol_counters {
    uint64_t strangers;  /* bytes on a path that no key of this line opens */
    uint64_t replayed;
    uint64_t malformed;  /* authentic frames with something in them that does not parse */
    uint64_t frames_in;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t unwanted;   /* messages off the record that were not shown: not taken here, or no room for them */
    uint64_t wrong_key;  /* handshakes with our peer's form whose tag our courier key does not make */
    uint64_t wrong_card; /* handshakes with a good tag that the peer's card does not open */
};

struct ol_line {
    struct ol_line_cfg cfg;
    struct ol_now now;
    struct ol_record record;

    /* Commits: one being filled, one in flight. */
    struct ol_batch_space space[2];
    unsigned filling;
    bool in_flight;
    bool handed_out;
    bool no_room;
    ol_ms no_room_retry;
    ol_ms receipts_until;    /* receipts alone wait in the batch being filled, for company, until then; 0: none do */
    uint64_t batch_id;       /* of the one in flight, or last in flight */
    struct ol_batch batch;
    uint32_t batch_own_head; /* what will be durable with it */
    struct ol_place batch_peer_head;
    struct ol_ranges batch_early;
    bool failed;             /* the store failed: nothing comes out any more */

    /* What is durable. */
    uint32_t own_durable;
    struct ol_place peer_durable;
    struct ol_ranges early_durable;

    /* Signing. */
    enum ol_signing signing;
    bool answered;           /* the peer has said since the start what it holds of ours */
    bool resumed;            /* a resume was signed since the start */
    uint32_t need;           /* RECOVERING: the number to reach */
    uint32_t recovered_from; /* and the first that came back */
    uint32_t above;          /* a resume's number must be above this one */
    bool restored;           /* until the resume is durable */
    char reason[904];        /* of the resume to come */
    size_t outbox_n;

    /* Sessions: cur sends, old and next only receive. */
    struct ol_session cur;
    struct ol_session old;
    struct ol_session next;
    ol_ms old_until;
    uint8_t last_session;
    struct ol_calling calling;
    struct ol_answering answering;
    uint64_t answered_keys[OL_ANSWERED]; /* first 8 bytes of each; a ring */
    uint64_t answered_n;

    /* What the peer holds of ours, and what is to be sent. */
    uint32_t named;          /* by verified seals */
    uint32_t held;           /* by the better of seals and syncs */
    uint32_t tail;           /* next own number that was never sent */
    struct ol_urgent urgent[OL_URGENT_MAX];
    size_t urgent_n;
    struct ol_ranges fix;    /* numbers that a sync showed missing */
    ol_ms fixed_at;
    ol_ms entry_sent_at;     /* when an entry of ours last went out */
    uint32_t receipt_seq;    /* the last receipt below IMMEDIATE that was written */
    uint32_t owed_seq;       /* the last own entry that the peer must receipt */
    uint32_t owed_sent;      /* the last of these that was sent */
    uint32_t owed_mark;      /* up to here all had gone out by owed_since, and is still to be receipted; 0: nothing is */
    ol_ms owed_since;        /* so receipts that lag ever more behind are seen, and not only those that do not come at all */
    ol_ms probe_at;
    unsigned probes;
    struct ol_want give[2];  /* of each stream: what the peer wants, full */
    uint32_t give_from[2];   /* where the want began: `none` closes all of it */
    bool give_none[2];
    unsigned gives;          /* of the same branch in one session, ever more patient */
    bool give_first;         /* whose turn it is: what was asked for, or what is missing and new */
    ol_ms want_at[2];
    size_t absent_asked;     /* how many of our own absent ranges the peer has been asked for in this round */
    uint32_t absent_from;    /* and how far into the next one */
    uint64_t pieces;         /* of long entries of ours, that came from the peer */
    uint64_t back_seen;      /* these and record.taken_back when the peer last had no more */
    unsigned quiet;          /* answers in a row that brought nothing new */
    uint64_t frames;         /* that came since frames_since */
    uint64_t useful;         /* what of them goes on record: entries, and one more for each 512 bytes of a body */
    ol_ms frames_since;
    bool flooded;
    bool sync_due;
    ol_ms gap_sync_at;
    bool answer_wanted;      /* the peer is STARTING: each sync answers it, on whichever path one gets through */
    bool answer_due;         /* and none has since it asked last */
    uint64_t answer_batch;   /* everything up to this batch must be durable first */
    struct ol_parts part_out;
    struct ol_parts part_in[2];

    struct ol_line_path path[OL_PATHS];
    uint16_t proven_due;     /* paths of which a connection was proven */
    uint16_t proven_conn[OL_PATHS];
    bool changed;
    uint16_t up_told;        /* paths that were up when CHANGED was told last */
    uint32_t sent_told;
    uint32_t named_told;
    uint8_t desk;            /* ours, and whether messages off the record are taken here: each echo says so */
    bool off_record;
    struct ol_echo said;     /* the latest of the peer's */
    ol_ms said_at;
    bool clock_known;
    int64_t clock_offset_s;  /* the peer's clock less ours, by the echo */
    struct ol_counters count;
    size_t came;             /* of `frame`: a message off the record that the owner has not had; 0: none */
    size_t shown;            /* of `frame`: the last one that it had, to be wiped */
    uint8_t frame[OL_FRAME_MAX];
};

/* What a status display needs. */
struct ol_line_status {
    enum ol_signing signing;
    uint32_t own_head;   /* durable */
    uint32_t peer_head;  /* durable */
    bool heard;
    ol_ms heard_ms;      /* age of the last authentic frame */
    bool frozen;         /* the peer equivocated */
    bool no_room;
    bool clock_doubtful; /* the clocks are more than a minute apart */
    bool withheld;       /* the peer is heard, and what was sent is not receipted for three liveness intervals */
    struct ol_echo said; /* what the peer said of itself last; zeros when nothing came for three liveness intervals */
    bool flooded;        /* many more frames come than bring anything */
    unsigned configured;
    unsigned up;
};

void ol_line_init(struct ol_line *l, const struct ol_line_cfg *cfg, struct ol_now now);
/* Wipes every secret. */
void ol_line_fini(struct ol_line *l);
/* At start, after init and before anything else: the stored rows (A's, then B's, ascending), the answered keys (oldest
 * first), the proofs of equivocation (ol_record_load_proof); then ol_line_loaded with the number of texts in the outbox. MALFORMED: the
 * store was changed. */
OL_MUST_USE enum ol_err ol_line_load(struct ol_line *l, const struct ol_row *row);
void ol_line_load_answered(struct ol_line *l, const struct ol_hash *key);
OL_MUST_USE enum ol_err ol_line_loaded(struct ol_line *l, size_t outbox_n);

/* Paths, as configured and as the relay tells. */
void ol_line_path_set(struct ol_line *l, uint8_t path, bool configured, uint16_t mtu, uint16_t window);
void ol_line_path_up(struct ol_line *l, uint8_t path, struct ol_now now);
void ol_line_path_down(struct ol_line *l, uint8_t path, struct ol_now now);
/* All connections and all frames held are gone (the relay is). */
void ol_line_path_reset(struct ol_line *l, struct ol_now now);
void ol_line_credit(struct ol_line *l, uint8_t path, unsigned frames, struct ol_now now);

/* Bytes that came in on a path. Whatever they are, the line goes on; the result is for counting and tests:
 * OK, MALFORMED, FORGED (a stranger), REPLAYED, UNEXPECTED, LIMIT (no room now: as if lost on the way). */
enum ol_err ol_line_input(struct ol_line *l, uint8_t path, uint16_t conn, struct ol_span in, struct ol_now now);

/* A text or an act to be written, in the order of precedence among those that wait. `token` is the caller's: it comes
 * back in the batch, as OL_PUT_ROW with the entry, or as OL_PUT_OUTBOX while nothing may be signed.
 * LATER: no room in the batch being filled, try again after the next commit. NO_ROOM: the disk is full. UNEXPECTED:
 * signing is stopped. STORE. */
OL_MUST_USE enum ol_err ol_line_write(struct ol_line *l, uint8_t kind, uint8_t flags, struct ol_span body, uint64_t token,
                                      struct ol_now now);
/* The operator takes responsibility: the next entry is a resume. LIMIT: reason over 900 bytes. */
OL_MUST_USE enum ol_err ol_line_resume(struct ol_line *l, struct ol_span reason, struct ol_now now);
/* An officer accepts the peer's resume after an equivocation (the decision is an entry of kind OL_KIND_UNFREEZE, which the
 * caller writes). UNEXPECTED when the peer's stream is not frozen. */
OL_MUST_USE enum ol_err ol_line_unfreeze(struct ol_line *l, struct ol_now now);
/* Forgets all sessions. The next call goes out when there is something to say, or at the next ask. */
void ol_line_drop_session(struct ol_line *l, struct ol_now now);
/* What the echoes from now on say of this side, as struct ol_echo has it. */
void ol_line_say(struct ol_line *l, uint8_t desk, bool off_record);

/* The outcome of the batch handed out: OK; NO_ROOM (the same batch comes out again later, nothing else is signed);
 * anything else ends the line's life. */
void ol_line_committed(struct ol_line *l, uint64_t batch, enum ol_err err, struct ol_now now);
void ol_line_tick(struct ol_line *l, struct ol_now now);
/* When ol_line_tick is wanted next; OL_NEVER. */
ol_ms ol_line_deadline(const struct ol_line *l);
/* What is to be done next; false: nothing now. */
bool ol_line_next(struct ol_line *l, struct ol_out *out);

/* Makes the frame that carries a message off the record on this path, as ol_line_next hands one out; to be asked when that
 * has nothing to send, so that no entry waits for it. Nothing of the text is kept. UNEXPECTED: the path is not up, or one of
 * the two sides takes none. LIMIT: no frame of this path holds it. LATER: there is no room now, or something is owed. */
OL_MUST_USE enum ol_err ol_line_off_record(struct ol_line *l, uint8_t path, struct ol_span text, struct ol_out *out);

void ol_line_status(const struct ol_line *l, struct ol_now now, struct ol_line_status *out);
enum ol_path_health ol_line_path_health(const struct ol_line *l, uint8_t path, struct ol_now now);
/* Whether this own entry has been given to a path since the start. */
bool ol_line_was_sent(const struct ol_line *l, uint32_t seq);

#endif
