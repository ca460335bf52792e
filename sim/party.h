/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A station: the real line, record, desk and store, put together as src/station/lines.c
 * does. It has a disk and clocks that can be wrong, and may be killed at any moment.
 *
 *     sim_party_start -> running -> sim_party_kill -> not running -> sim_party_start ...
 *
 * Commits take time: a batch that the line hands out is written after a while, and the line
 * hears of it after another; a kill may come before, between and after.
 */
#ifndef SIM_PARTY_H
#define SIM_PARTY_H

#include "desk/dialogue.h"
#include "desk/kind.h"
#include "line/line.h"
#include "sim/desk.h"
#include "sim/disk.h"
#include "sim/world.h"
#include "store/store.h"

#define SIM_OPEN 8u /* CONNS of the station */
#define SIM_RECORD "record.db"

struct sim;
struct sim_party;

/* What passes between a line and its relay, for a liar to change behind its line's back. NULL: nothing is changed. */
struct sim_tap {
    void *ctx;
    /* A frame that the line hands out (sim_frame_open reads it), and which may be replaced; false: it goes no further, its
     * credit still comes. More can be sent with sim_party_emit. */
    bool (*out)(void *ctx, struct sim_party *p, uint8_t path, struct ol_span *frame);
    /* Bytes that came in, before the line has them; the same. */
    bool (*in)(void *ctx, struct sim_party *p, uint8_t path, struct ol_span *bytes);
};

/* What this station's clocks say. */
struct sim_clock {
    int64_t rate_ppm; /* by which the monotonic clock runs fast */
    sim_us since;     /* then it showed mono */
    sim_us mono;
    int64_t utc_s;    /* by which the other clock is ahead */
    bool stopped;     /* it stands, at utc_at */
    uint32_t utc_at;
};

/* A text or an act that people here gave the station. */
struct sim_text {
    uint64_t token;
    uint8_t kind;
    uint8_t flags;
    struct ol_span body;  /* ours, until the line has taken it; then empty */
    size_t len;
    struct ol_hash hash;  /* of kind and body: no two texts have the same */
    bool written;         /* the line has taken it */
    bool durable;         /* the station said "released" */
    uint32_t seq;         /* 0: it was not told which */
    bool delivered;       /* the station said so */
    bool gone;            /* never accepted, or its disk was taken away before it was delivered: nothing is owed */
    sim_us durable_at;
    sim_us delivered_at;
};

struct sim_boxed {
    uint64_t token;
    uint8_t kind;
    uint8_t flags;
    uint8_t *body;
    size_t len;
};

/* Where a message stands, as this station would show it: kept as what becomes durable is told. */
struct sim_view {
    uint8_t author;
    uint32_t seq;
    struct ol_dialogue dialogue;
};

struct sim_party {
    struct sim *sim;
    uint8_t index;       /* in sim->party */
    uint8_t end;         /* of every path; a copied home has its original's */
    uint8_t side;        /* 'A' or 'B' */
    char name[8];        /* for the story */
    struct sim_rng rng;  /* of the core */
    struct sim_rng pace; /* how long its disk and its loop take */

    struct ol_sign_sk sign;
    struct ol_dh_sk agree;
    struct ol_line_keys keys;
    struct ol_dh_pk peer_agree;
    struct ol_sign_pk pk[2];
    struct ol_line_info info;

    struct sim_disk *disk;
    struct ol_store *store; /* NULL while it does not run */
    struct ol_line *line;   /* the same */
    struct sim_boxed *outbox;
    size_t outbox_n;
    size_t outbox_cap;
    uint16_t open_conn[OL_PATHS][SIM_OPEN]; /* as carrier.c keeps it: 0 none */
    struct sim_clock clock;

    bool exists;         /* there is such a station in this run */
    bool running;
    bool retired;        /* it does not start again by itself: stopped for good, or given up */
    uint64_t life;       /* counts starts */
    sim_us paused_until; /* the process stands still; what comes waits */
    uint64_t timer;      /* counts settings: only the last one goes off */
    ol_ms timer_ms;
    bool drain_due;
    const struct ol_batch *batch; /* with the disk */
    enum ol_err batch_err;
    bool batch_done;
    sim_us commit_most;  /* how long each half of a commit takes at most */

    bool takes_off_record;
    bool took_off_record; /* when what it has not looked at yet came in */
    bool lies;           /* the checker believes nothing that it says, and owes it nothing */
    struct sim_tap tap;
    bool damaged;        /* a fault has changed its disk at rest: it may find that it cannot start */
    bool rolled_back;    /* its disk has gone back in time */
    bool untold;         /* and nobody told it so: it may not know that it must resume */
    bool may_end;        /* the next failure of its store is a fault's doing */

    uint64_t next_token;
    struct sim_text *text; /* oldest first */
    size_t text_n;
    size_t text_cap;
    size_t text_waiting;   /* index of the first that the line has not taken */
    struct sim_view *view;
    size_t view_n;
    size_t view_cap;
    bool numbered;         /* the number of its form is written */
    struct sim_desk desk;
    bool told_up;          /* by the last OL_OUT_CHANGED some path is up */
    bool clock_changed;    /* the monotonic clock changed its rate: what it measured before counts for nothing */
    sim_us came_at[OL_PATHS]; /* when anything last came on it */
    sim_us told_up_wrong;  /* since when told_up is wrong; SIM_NEVER: it is right */
    sim_us unable_since;   /* since when it may not sign; SIM_NEVER: it may */
};

/* Makes keys, cards and empty homes for the two parties of a line. */
void sim_party_pair(struct sim *s);
void sim_party_fini(struct sim_party *p);
/* A third station with the same home, its disk a copy made now; it still has to be started. NULL when there is one. */
struct sim_party *sim_party_copy(struct sim_party *original);

/* The process begins, from what the disk holds. False: the store cannot be opened or read; it stays down. */
bool sim_party_start(struct sim_party *p);
/* The process ends at once. With `power` the machine and its relay do too: what was not synced is at the mercy of the
 * disk. Without, the relay goes on and keeps its connections. */
void sim_party_kill(struct sim_party *p, bool power);
/* Starts after a while, unless it runs by then or is retired. */
void sim_party_start_in(struct sim_party *p, sim_us delay);
void sim_party_pause(struct sim_party *p, sim_us how_long);

struct ol_now sim_party_now(const struct sim_party *p);
/* The monotonic clock goes on from where it is at another rate. */
void sim_party_clock_rate(struct sim_party *p, int64_t rate_ppm);

/* Something was changed from outside (a session dropped, a resume ordered): let the line act on it. */
void sim_party_wake(struct sim_party *p);

/* What its relay says; the net calls these. */
void sim_party_path(struct sim_party *p, uint8_t path, uint16_t mtu, uint16_t window);
void sim_party_conn_up(struct sim_party *p, uint8_t path, uint16_t conn, bool open);
void sim_party_conn_down(struct sim_party *p, uint8_t path, uint16_t conn);
void sim_party_credit(struct sim_party *p, uint8_t path, unsigned frames);
void sim_party_receive(struct sim_party *p, uint8_t path, uint16_t conn, struct ol_span bytes);
/* The relay is gone. */
void sim_party_reset(struct sim_party *p);
/* A frame that its line has just made leaves. */
void sim_party_send(struct sim_party *p, const struct ol_out *out);
/* Gives its relay a frame behind its line's back. */
void sim_party_emit(struct sim_party *p, uint8_t path, uint16_t conn, struct ol_span frame);

/* ---- people.c ---- */

/* An entry to be written; false: the same was written before, or the station does not run. */
bool sim_people_write(struct sim_party *p, uint8_t kind, uint8_t flags, struct ol_span body);
/* A text of about this length, unlike any other. */
bool sim_people_say(struct sim_party *p, enum ol_precedence precedence, size_t len, bool exercise);
/* The same, meant so: its text is made. */
bool sim_people_mean(struct sim_party *p, uint8_t flags, size_t len, struct ol_message meant);
/* Does an act on a message as the desk allows, or what else officers do; false: nothing to do. */
bool sim_people_act(struct sim_party *p, struct sim_rng *rng);
/* Does this about the message of that number. */
bool sim_people_do(struct sim_party *p, uint8_t precedence, uint32_t message, struct ol_act act);
/* Hands the line what waits for it, as much as it takes. */
void sim_people_hand_over(struct sim_party *p);
struct sim_text *sim_people_text(struct sim_party *p, uint64_t token);
/* The process is gone, and with it what it had not made durable: who asked was never told. */
void sim_people_forget(struct sim_party *p);
/* A row has become durable and is told. */
void sim_people_see(struct sim_party *p, const struct ol_row *row);
/* Where a message stands, as people here see it; NULL when there is none. */
const struct ol_dialogue *sim_people_shown(const struct sim_party *p, struct ol_ref message);
/* Begins the views from the store. */
bool sim_people_rebuild(struct sim_party *p);
/* What a message's acts on record come to. */
enum ol_err sim_people_dialogue(struct ol_store *store, int64_t line, uint8_t author, uint32_t seq,
                                struct ol_dialogue *out);

/* ---- off_record.c ---- */

/* Says a word off the record, or begins or ceases to take what is said so, drawn. */
void sim_people_off_record(struct sim_party *p, struct sim_rng *rng);
void sim_people_hear(struct sim_party *p, struct ol_span text);

/* ---- officer.c ---- */

/* What officers do beside acting on messages, drawn. */
bool sim_people_officer(struct sim_party *p, struct sim_rng *rng);
bool sim_people_attend(struct sim_party *p, enum ol_desk_what what);
bool sim_people_announce(struct sim_party *p, const struct ol_hours *hours);
bool sim_people_propose(struct sim_party *p, const struct ol_proposal *what);
bool sim_people_respond(struct sim_party *p, const struct ol_response *what);
bool sim_people_test(struct sim_party *p, const struct ol_linetest *test);
/* A form of three numbers. */
bool sim_people_form(struct sim_party *p, struct sim_rng *rng);
/* The array with which a form is read back; rng NULL: as it is. */
bool sim_people_read_form(const struct ol_row *row, struct sim_rng *rng, struct ol_wr *w);

#endif
