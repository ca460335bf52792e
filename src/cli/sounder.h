/* SPDX-License-Identifier: Apache-2.0 */
/* A program of the watch room's own choice, run for each new alarm: a sounder. The station itself executes nothing. */
#ifndef OL_CLI_SOUNDER_H
#define OL_CLI_SOUNDER_H

#include "cli/cmd.h"

/* Runs the command by the shell for each new alarm, with the alarm's fields as OPENLINE_ALARM_ID and so on, and prints the
 * alarm. Goes on until it is stopped; when the station does not answer it says so, and waits for it. Returns with the
 * fault when there is no such home. */
enum ol_exit ol_sounder_run(const struct ol_cli *c, const char *command);
/* As `alarm list` shows it. */
void ol_alarm_print(const struct ol_cli *c, const json_t *alarm);

#endif
