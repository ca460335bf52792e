/* SPDX-License-Identifier: Apache-2.0 */
/* What courtesy puts around a text: the catalogue has a frame for some standings, in each of its languages; a side has its
 * own in its book. */
#ifndef OL_CLI_FRAME_H
#define OL_CLI_FRAME_H

#include "cli/cmd.h"

/* The text in the frame that is named: "courtesy", that of the standing given, in the language of the text; or the number of
 * one of our own. NULL with the fault. */
json_t *ol_frame_put(const struct ol_cli *c, const char *line, const char *which, const json_t *text, struct ol_fault *f);

#endif
