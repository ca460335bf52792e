/* SPDX-License-Identifier: Apache-2.0 */
/* alarm: what an officer must do something about; seen, acknowledged, silenced, and told to a sounder. */
#include <string.h>

#include "cli/cmd.h"
#include "cli/sounder.h"
#include "desk/alarm.h"

/* In this program's language; of a kind that it does not know, in the station's words. */
static void print_words(const json_t *alarm)
{
    const struct ol_alarm_meaning *m = ol_alarm_named(json_string_value(json_object_get(alarm, "kind")));
    const char *const own[] = {m != NULL ? m->cause : NULL, m != NULL ? m->consequence : NULL,
                               m != NULL ? m->action : NULL};
    static const char *const said[] = {"cause", "consequence", "action"};

    for (size_t i = 0; i < 3; i++) {
        if (own[i] == NULL) {
            ol_print_text(json_object_get(alarm, said[i]), "       ");
            continue;
        }
        fputs("       ", stdout);
        ol_print_cell_text(ol_text(own[i]), NULL, 0);
        ol_print_row_end();
    }
}

static void print_alarm(const json_t *alarm)
{
    char buf[OL_WORD_MAX];
    char count[OL_WORD_MAX];

    ol_print_cell(ol_word(alarm, "id", buf), 6);
    ol_print_cell(ol_word(alarm, "priority", buf), 9);
    ol_print_cell(ol_word(alarm, "state", buf), 14);
    ol_print_cell(ol_word(alarm, "kind", buf), 0);
    ol_print_cell(ol_word(alarm, "line", buf), 0);
    ol_print_cell(ol_word(alarm, "about", buf), 0);
    ol_print_cell(ol_word_time(alarm, "raised_at", buf), 14);
    if (json_integer_value(json_object_get(alarm, "count")) > 1) {
        snprintf(count, sizeof count, "x%.30s", ol_word(alarm, "count", buf));
        ol_print_cell(count, 0);
    }
    if (json_is_true(json_object_get(alarm, "exercise")))
        ol_print_cell_text(ol_text("mark.exercise"), NULL, 0);
    ol_print_row_end();
    print_words(alarm);
    ol_print(stdout, "say.alarm.act_by", "time", ol_word_time(alarm, "act_by", buf), NULL);
}

void ol_alarm_print(const struct ol_cli *c, const json_t *alarm)
{
    if (c->json)
        ol_print_json(json_deep_copy(alarm));
    else if (json_is_string(json_object_get(alarm, "kind")))
        print_alarm(alarm);
    fflush(stdout);
}

/* The answer to each of the three is a list. */
static enum ol_exit ask(const struct ol_cli *c, const char *method)
{
    const char *id = c->args.operands > 1 ? c->args.operand[1] : NULL;
    json_t *result;
    json_t *alarm;
    size_t i;
    struct ol_fault f;

    if (ol_cmd_ask(c, method, json_pack("{s:s?}", "id", id), OL_ANSWER_MS, &result, &f) != OL_OK)
        return ol_cmd_fail(&f);
    json_array_foreach(json_object_get(result, "alarms"), i, alarm)
        ol_alarm_print(c, alarm);
    if (i == 0 && !c->json)
        ol_print(stderr, "say.alarm.none", NULL);
    json_decref(result);
    return OL_EXIT_DONE;
}

enum ol_exit ol_cmd_alarm(const struct ol_cli *c)
{
    static const struct {
        const char *verb;
        const char *method;
    } verbs[] = {{"list", "alarms"}, {"ack", "alarm_ack"}, {"silence", "alarm_silence"}};
    const char *command = ol_args_value(&c->args, "exec");
    const char *verb = c->args.operands > 0 ? c->args.operand[0] : NULL;

    if (command != NULL && verb == NULL)
        return ol_sounder_run(c, command);
    for (size_t i = 0; verb != NULL && command == NULL && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verb, verbs[i].verb) == 0)
            return ask(c, verbs[i].method);
    }
    return ol_cmd_bad_word("alarm", verb != NULL ? verb : "", "list, ack, silence, --exec COMMAND");
}
