/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network between stations, and the relays at its ends: paths that fail independently,
 * each with a rate, a delay and its own troubles in each direction, and connections on them.
 *
 * A relay does what src/relay does: it holds at most `window` frames of a path and answers
 * each with one credit when the carrier has taken it; it says when a connection exists, which
 * the side that was called believes only when it is proven. A hostile relay does what it likes.
 */
#ifndef SIM_NET_H
#define SIM_NET_H

#include "base/bytes.h"
#include "base/limits.h"
#include "sim/world.h"

struct sim;
struct sim_active;
struct sim_party;

#define SIM_PATHS 4u
#define SIM_CONNS 8u
#define SIM_KEPT 32u /* frames that a hostile relay remembers */

/* A chance, whose draws come from the fault that set it, and which counts as that fault played. */
struct sim_chance {
    struct sim_active *by; /* NULL: never */
    unsigned per_million;
};

/* What befalls frames in one direction of a path; faults set these, and clear them. */
struct sim_trouble {
    struct sim_chance loss;
    struct sim_chance twice;
    struct sim_chance corrupt;
    struct sim_chance late; /* held up for up to late_most, so that later frames overtake */
    sim_us late_most;
    struct sim_active *dead; /* not NULL: nothing arrives, and nobody says so */
    /* of a hostile relay */
    struct sim_chance replay;  /* an old frame follows */
    struct sim_chance astray;  /* comes out on another path */
    struct sim_chance garbage; /* bytes that nobody sent follow */
    struct sim_chance cut_off; /* arrives shortened, or with bytes added */
    struct sim_chance withhold; /* comes after withhold_for */
    sim_us withhold_for;
    struct sim_chance drop_long; /* what is as long as drop_from or longer is lost */
    size_t drop_from;
    struct sim_chance drop_handshake; /* what is not a frame is lost */
};

/* A frame that a relay holds or that is on its way. */
struct sim_packet {
    struct sim_packet *next;
    struct sim_packet *prev;
    struct sim_net *net;
    uint8_t path;
    uint8_t to;         /* the end at which it comes out */
    uint8_t conn;       /* index on the path */
    uint64_t conn_life;
    uint8_t sender;     /* index of the party; its station's life, to which a credit is owed */
    uint64_t life;
    sim_us made;
    size_t len;
    uint8_t bytes[];
};

/* One direction of a path: from end 0 to end 1 (way 0), or from end 1 to end 0 (way 1). */
struct sim_way {
    struct sim_trouble trouble;
    sim_us busy_until; /* the carrier has something to send until then */
    struct sim_kept {
        size_t len;
        uint8_t *bytes;
    } kept[SIM_KEPT];
    uint64_t kept_n;
};

struct sim_conn {
    bool up;
    uint64_t life;
    uint8_t party[2];   /* index of the party at each end */
    uint16_t number[2]; /* the relays' own */
    bool open[2];       /* frames with conn 0 go out on it: made here, or proven */
    uint64_t proven[2]; /* in which order they were proven; 0 not */
};

struct sim_path {
    bool datagrams;     /* both ends send at will; else end 0 calls, and end 1 must have had a proof */
    uint64_t rate;      /* bit/s */
    sim_us delay;
    sim_us extra;       /* delay on top of it, for now */
    bool half_duplex;
    struct sim_active *turned; /* not NULL: counts as played when the air changes sides */
    sim_us turnaround;
    uint8_t spoke_last; /* half duplex: which way, and until when */
    sim_us air_until;
    uint16_t mtu;
    uint16_t window;
    bool cut;           /* no connection lives or is made, and both relays know */
    struct sim_way way[2];
    struct sim_conn conn[SIM_CONNS];
};

struct sim_relay {
    bool runs;
    bool station;       /* it has a station that listens */
    uint16_t last_conn;
};

struct sim_net {
    struct sim *sim;
    unsigned paths;
    struct sim_path path[SIM_PATHS];
    struct sim_relay relay[3]; /* by party */
    struct sim_packet *packets;
    uint64_t conn_lives;
    uint64_t proofs;
    uint64_t frames;    /* given to relays */
};

/* Draws the paths from the seed. */
void sim_net_init(struct sim_net *n, struct sim *s);
void sim_net_fini(struct sim_net *n);

/* A party's relay begins, and calls or is called; or ends, and its connections with it. */
void sim_net_relay_start(struct sim_net *n, struct sim_party *p);
void sim_net_relay_stop(struct sim_net *n, struct sim_party *p);
/* A station comes to its relay, if that runs, and is told of paths and connections; or leaves it. */
void sim_net_station(struct sim_net *n, struct sim_party *p, bool here);

/* A station gives its relay a frame; conn 0 is the path's own. One credit follows. */
void sim_net_send(struct sim_net *n, struct sim_party *from, uint8_t path, uint16_t conn, struct ol_span frame);
/* A frame that its station swallowed: the credit comes all the same. */
void sim_net_no_send(struct sim_net *n, struct sim_party *from, uint8_t path);
/* A station has opened a frame that came on this connection. */
void sim_net_proven(struct sim_net *n, struct sim_party *p, uint8_t path, uint16_t conn);
/* Bytes come out of the path's present connection at this end after a while, whoever made them. */
void sim_net_inject(struct sim_net *n, uint8_t path, unsigned to_end, struct ol_span bytes, sim_us delay);
/* All connections of a path end, and both relays know; new ones come by themselves unless the path is cut. */
void sim_net_break(struct sim_net *n, uint8_t path);
void sim_net_cut(struct sim_net *n, uint8_t path, bool cut);

/* No trouble any more; what is cut is joined. */
void sim_net_calm(struct sim_net *n);

/* When a frame given now would begin on the air: after all that the relay holds. */
sim_us sim_net_free_at(const struct sim_net *n, uint8_t path, unsigned from_end);
/* Whether a frame from before then is still held, late or on the air. */
bool sim_net_has_from_before(const struct sim_net *n, sim_us then);
sim_us sim_net_air_time(const struct sim_path *p, size_t len);
/* The longest that a frame and its answer take on the slowest path, without trouble. */
sim_us sim_net_round_trip(const struct sim_net *n);

#endif
