/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other party. A liar is a real station whose frames, items and entries are changed
 * behind its line's back, with its own keys and no others. Each lie is a row of sim_lies
 * and says what follows from it:
 *
 *     impossible   all checks hold as if both were honest, and no evidence is made
 *     evidence     the honest side holds a proof: two contradicting seals, or an export in which
 *                  openline-verify remarks the liar's entry
 *     alarm        the honest side's status shows it in time
 *
 * A lie that changes what the liar itself holds makes the checker believe it no more (sim_party.lies).
 */
#ifndef SIM_LIAR_H
#define SIM_LIAR_H

#include "sim/fault.h"
#include "sim/party.h"

/* The honest side's word for what nobody can prove: see ol_line_status. */
bool sim_liar_alarm(const struct sim_party *honest);

#endif
