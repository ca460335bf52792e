/* SPDX-License-Identifier: Apache-2.0 */
/* The two programs of a home: whether they run, whether they answer, and starting them. */
#ifndef OL_CLI_PROGRAMS_H
#define OL_CLI_PROGRAMS_H

#include "station/home.h"

struct ol_program {
    const char *name; /* of the executable, which stands beside this one */
    const char *lock;
    const char *pid;
    const char *log;
    bool (*answers)(const struct ol_home *h);
};

/* The relay first: who starts both starts it first, so that the station finds it. */
enum ol_program_index {
    OL_PROGRAM_RELAY,
    OL_PROGRAM_STATION,
    OL_PROGRAMS,
};
extern const struct ol_program ol_programs[OL_PROGRAMS];

/* The number of its process, or 0. */
pid_t ol_program_pid(const struct ol_program *p, const struct ol_home *h);
/* Whether it runs and answers on its socket. */
bool ol_program_answers(const struct ol_program *p, const struct ol_home *h);
/* Starts it in the home, detached: a session of its own, no descriptor of the caller's, its words to its
 * log. *pid is its process. ABSENT: there is no such executable; IO. */
OL_MUST_USE enum ol_err ol_program_start(const struct ol_program *p, const struct ol_home *h, pid_t *pid,
                                         struct ol_fault *f);

#endif
