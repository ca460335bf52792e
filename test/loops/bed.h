/* SPDX-License-Identifier: Apache-2.0 */
/* Two stations of the simulator on a good path, without any fault but the test's own. */
#ifndef TEST_LOOPS_BED_H
#define TEST_LOOPS_BED_H

#include "support.h"

#include "sim/run.h"

/* Stations that are not started yet, with empty homes. */
struct sim *bed_new(uint64_t seed);
void bed_free(struct sim *s);
/* Starts what does not run; false: it cannot. */
bool bed_start(struct sim *s);
/* Lets things happen until `done` says so or that moment has come; true: it said so. */
bool bed_run(struct sim *s, sim_us until, bool (*done)(struct sim *s));
void bed_say(struct sim *s, unsigned party, enum ol_precedence precedence, const char *text);

#endif
