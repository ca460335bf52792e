/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands have in common with which two sides agree: a side proposes, the other accepts or declines. */
#ifndef OL_CLI_AGREE_H
#define OL_CLI_AGREE_H

#include "cli/cmd.h"

struct ol_agree_cmd {
    const char *name;     /* of the topic */
    const char *verbs;    /* a space after each; besides propose and list */
    const char *meant;
    const char *proposal; /* options that only a proposal takes */
    size_t most;          /* operands of a proposal */
    enum ol_exit (*propose)(const struct ol_cli *c);
    void (*print)(const json_t *accord); /* what was agreed, or NULL */
};

enum ol_exit ol_agree_run(const struct ol_cli *c, const struct ol_agree_cmd *cmd);
/* Answers what the other side proposed: the verb, the line and the proposal's id are the operands. */
enum ol_exit ol_agree_respond(const struct ol_cli *c, const char *topic);
/* Asks the station to propose; steals the parameters. */
enum ol_exit ol_agree_propose(const struct ol_cli *c, json_t *params);

#endif
