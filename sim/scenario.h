/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hard cases: what a design of such a line has stood still or used a number twice on. Each is
 * a script among honest parties: a step is taken when what it waits for has come about, so
 * that it is the same case on any path, slow or fast. Every common check holds, and the
 * script must come to its end.
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "sim/run.h"

struct sim_script;

struct sim_step {
    const char *says;                          /* for the story; NULL ends a script */
    bool (*when)(struct sim_script *c);        /* NULL: at once */
    void (*then)(struct sim_script *c);        /* NULL: only waits */
};

struct sim_script {
    struct sim_active *f;
    const struct sim_step *step;  /* the next */
    struct sim_party *a;          /* to whom it happens */
    struct sim_party *b;          /* the other */
    /* Frames that hold such an entry of a's or b's own do not leave. */
    struct sim_silence {
        struct sim_script *of;
        bool on;
        uint8_t kind;             /* 0: any */
        uint32_t from;
        uint32_t to;
        bool keep;                /* one of them is kept */
        uint64_t swallowed;
    } silence[2];
    uint8_t path;                 /* kept frame and message 1 of a */
    uint8_t frame[OL_FRAME_MAX];
    size_t frame_len;
    uint8_t call[OL_FRAME_MAX];
    size_t call_len;
    uint32_t seq;                 /* for the script's own use */
    uint64_t life;
    sim_us look;                  /* how often it looks whether its next step is due */
    /* What the last step wrote, to be done again when it was refused. */
    void (*then)(struct sim_script *c);
    struct sim_party *writer;     /* NULL: nothing */
    uint64_t token;               /* 0: refused at once */
    struct ol_ref on[3];          /* messages of a story, in the order in which they were written */
    uint32_t from;                /* UTC: when what the story is about begins */
};

struct sim_script *sim_script_begin(struct sim_active *f, const struct sim_step *steps);
void sim_script_judge(struct sim_active *f);
/* Everything that was written is with the other side. */
bool sim_script_quiet(struct sim_script *c);

#endif
