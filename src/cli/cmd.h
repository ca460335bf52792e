/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `openline`: each is one row of a table and one function. */
#ifndef OL_CLI_CMD_H
#define OL_CLI_CMD_H

#include "cli/args.h"
#include "cli/control.h"
#include "cli/print.h"
#include "station/home.h"

/* One command as it was called. */
struct ol_cli {
    const char *home; /* the directory, NULL when it was not named */
    const char *command;
    bool json;
    struct ol_args args; /* operands without the command's own name */
};

struct ol_cmd {
    const char *name;
    const char *args;    /* operands and options, as the usage line shows them */
    const char *usage;   /* key of the text that says what it does */
    const char *options; /* names of the options it knows besides the general ones, a space after each */
    unsigned min;        /* operands */
    unsigned max;
    bool homeless; /* works without a home */
    enum ol_exit (*run)(const struct ol_cli *c);
};

enum ol_exit ol_cmd_init(const struct ol_cli *c);
enum ol_exit ol_cmd_card(const struct ol_cli *c);
enum ol_exit ol_cmd_psk(const struct ol_cli *c);
enum ol_exit ol_cmd_pair(const struct ol_cli *c);
enum ol_exit ol_cmd_up(const struct ol_cli *c);
enum ol_exit ol_cmd_down(const struct ol_cli *c);
enum ol_exit ol_cmd_status(const struct ol_cli *c);
enum ol_exit ol_cmd_send(const struct ol_cli *c);
enum ol_exit ol_cmd_list(const struct ol_cli *c);
enum ol_exit ol_cmd_search(const struct ol_cli *c);
enum ol_exit ol_cmd_show(const struct ol_cli *c);
enum ol_exit ol_cmd_take(const struct ol_cli *c);
enum ol_exit ol_cmd_readback(const struct ol_cli *c);
enum ol_exit ol_cmd_confirm(const struct ol_cli *c);
enum ol_exit ol_cmd_correct(const struct ol_cli *c);
enum ol_exit ol_cmd_decline(const struct ol_cli *c);
enum ol_exit ol_cmd_answer(const struct ol_cli *c);
/* wilco, unable, affirm, negative, roger */
enum ol_exit ol_cmd_reply(const struct ol_cli *c);
enum ol_exit ol_cmd_standby(const struct ol_cli *c);
enum ol_exit ol_cmd_onward(const struct ol_cli *c);
enum ol_exit ol_cmd_brief(const struct ol_cli *c);
enum ol_exit ol_cmd_stats(const struct ol_cli *c);
enum ol_exit ol_cmd_views(const struct ol_cli *c);
enum ol_exit ol_cmd_reload(const struct ol_cli *c);
enum ol_exit ol_cmd_channel(const struct ol_cli *c);
enum ol_exit ol_cmd_exercise(const struct ol_cli *c);
enum ol_exit ol_cmd_agree(const struct ol_cli *c);
enum ol_exit ol_cmd_times(const struct ol_cli *c);
enum ol_exit ol_cmd_handling(const struct ol_cli *c);
enum ol_exit ol_cmd_rate(const struct ol_cli *c);
enum ol_exit ol_cmd_note(const struct ol_cli *c);
enum ol_exit ol_cmd_frame(const struct ol_cli *c);
enum ol_exit ol_cmd_alarm(const struct ol_cli *c);
enum ol_exit ol_cmd_desk(const struct ol_cli *c);
enum ol_exit ol_cmd_test(const struct ol_cli *c);
enum ol_exit ol_cmd_roster(const struct ol_cli *c);
enum ol_exit ol_cmd_rule(const struct ol_cli *c);
enum ol_exit ol_cmd_draft(const struct ol_cli *c);
enum ol_exit ol_cmd_clear(const struct ol_cli *c);
enum ol_exit ol_cmd_release(const struct ol_cli *c);
enum ol_exit ol_cmd_form(const struct ol_cli *c);
enum ol_exit ol_cmd_log(const struct ol_cli *c);
enum ol_exit ol_cmd_resume(const struct ol_cli *c);
enum ol_exit ol_cmd_unfreeze(const struct ol_cli *c);
enum ol_exit ol_cmd_renew(const struct ol_cli *c);
enum ol_exit ol_cmd_close(const struct ol_cli *c);
enum ol_exit ol_cmd_revoked(const struct ol_cli *c);
enum ol_exit ol_cmd_doctor(const struct ol_cli *c);
enum ol_exit ol_cmd_export(const struct ol_cli *c);
enum ol_exit ol_cmd_disclose(const struct ol_cli *c);
enum ol_exit ol_cmd_evidence(const struct ol_cli *c);
enum ol_exit ol_cmd_backup(const struct ol_cli *c);
enum ol_exit ol_cmd_restore(const struct ol_cli *c);

/* ol_text_choose with the home's language, of a home that init makes with the one that it is given. With --json it stays
 * English: programs read that. */
void ol_cmd_speak(const struct ol_cli *c, const char *command);

/* What several commands do. */

/* Says a fault on stderr and gives its exit code. */
enum ol_exit ol_cmd_fail(const struct ol_fault *f);
/* One of the catalogue's faults of usage, with {command} and {option}; "" where it names none. */
enum ol_exit ol_cmd_misused(const char *command, const char *key, const char *option);
/* The fault of a missing option. */
enum ol_exit ol_cmd_needs(const char *command, const char *option);
/* The fault of a wrong value for an option: says which are meant. */
enum ol_exit ol_cmd_bad_value(const char *option, const char *value, const char *meant);
/* The same for a word that is no option: a command's verb, or what a verb takes. */
enum ol_exit ol_cmd_bad_word(const char *command, const char *value, const char *meant);
/* ol_control_call on a connection of its own to the home's running station. */
OL_MUST_USE enum ol_err ol_cmd_ask(const struct ol_cli *c, const char *method, json_t *params,
                                   int timeout_ms, json_t **result, struct ol_fault *f);
/* How long a station that does not have to wait for anybody may take to answer. */
#define OL_ANSWER_MS 10000
/* Asks for something to be written and says with this text of the catalogue what came of it: {id}, {line}, {state}, {due},
 * {kind} and {number} are the words of the answer. Steals the parameters. */
enum ol_exit ol_cmd_do(const struct ol_cli *c, const char *method, json_t *params, const char *key);
/* Says so of an answer. Takes it. */
void ol_cmd_say(const struct ol_cli *c, json_t *result, const char *key);
/* What `status` prints: said by the station, or found in its home when it does not run. On OK *status is
 * the caller's. */
OL_MUST_USE enum ol_err ol_cmd_status_of(const struct ol_home *h, json_t **status, struct ol_fault *f);
/* A text from an operand, or from stdin when the operand is "-", with one final newline dropped: a json
 * string. NULL with the fault: empty, over 32 KiB, or not UTF-8. */
json_t *ol_cmd_text(const char *operand, struct ol_fault *f);
/* A moment: 2026-11-21T14:32Z (seconds may follow), or +30m, +2h from now. UTC seconds; 0 when it is none. */
uint32_t ol_cmd_time(const char *text);
/* What is to be sent, as the control socket takes it; the text is NULL for a form. NULL with the fault. */
json_t *ol_cmd_message(const struct ol_cli *c, const char *text, struct ol_fault *f);
/* The answer to a send: whether it was done, which it says. Takes the result. */
enum ol_exit ol_cmd_sent(const struct ol_cli *c, json_t *result);
/* As `list` and as `note list` show one. */
void ol_message_print(const json_t *m);
void ol_note_print(const json_t *note);
void ol_draft_print(const json_t *draft);
/* Asks for a leaf of the own book; what was written is said with its number, by which it is found again. Steals the
 * parameters. */
enum ol_exit ol_note_write(const struct ol_cli *c, const char *method, json_t *params);
/* What may not be done with a message, if anything. */
void ol_forbids_print(const json_t *m);
/* UTC seconds as in every JSON. */
json_t *ol_cmd_time_json(uint32_t utc);
/* Both desks of a line, as its status has them, each on a row; nothing when neither is known. */
void ol_desk_print(const json_t *line);
/* How a line's tests by people stand, as its status has them; nothing without a schedule. */
void ol_tests_print(const json_t *line);
/* The fields given as --field N=VALUE: an object, {"1": VALUE, ...}. NULL with the fault: no number, a field given
 * twice, not UTF-8. */
json_t *ol_cmd_fields(const struct ol_args *args, struct ol_fault *f);

#endif
