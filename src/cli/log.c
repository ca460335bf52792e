/* SPDX-License-Identifier: Apache-2.0 */
/* log: the whole record of a line, both streams, each entry with what its author held of the other. */
#include "cli/cmd.h"

#define PAGE 500

static bool is_set(const json_t *e, const char *name)
{
    return json_is_true(json_object_get(e, name));
}

static void print_handling(const json_t *e)
{
    char buf[OL_WORD_MAX];

    if (json_is_string(json_object_get(e, "handling")))
        ol_print(stdout, "say.show.handling", "word", ol_word(e, "handling", buf), NULL);
}

static void print_entry(const json_t *e)
{
    static const char *const marks[][2] = {
        {"sealed", "mark.sealed"}, {"alone", "mark.alone"},   {"exercise", "mark.exercise"},
        {"early", "mark.early"},   {"absent", "mark.absent"}, {"time_doubtful", "mark.time_doubtful"},
    };
    char buf[OL_WORD_MAX];
    char hash[17]; /* its beginning; all of it is in the JSON */

    print_handling(e);
    ol_print_cell(ol_word(e, "id", buf), 5);
    ol_print_cell(ol_word(e, "kind", buf), 8);
    ol_print_cell(ol_word(e, "precedence", buf), 9);
    ol_print_cell(ol_word_time(e, "time", buf), 14);
    ol_print_cell_text(ol_text("log.names"), NULL, 0);
    ol_print_cell(ol_word(e, "names", buf), 5);
    ol_print_cell_text(ol_text("log.about"), NULL, 0);
    ol_print_cell(ol_word(e, "about", buf), 5);
    snprintf(hash, sizeof hash, "%s", ol_word(e, "hash", buf));
    ol_print_cell(hash, 16);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (is_set(e, marks[i][0]))
            ol_print_cell_text(ol_text(marks[i][1]), NULL, 0);
    ol_print_row_end();
    if (json_is_string(json_object_get(e, "text")))
        ol_print_text(json_object_get(e, "text"), "       ");
    print_handling(e);
}

static enum ol_err log_page(const struct ol_cli *c, struct ol_control *control, json_t **next,
                            struct ol_fault *f)
{
    json_t *params = json_pack("{s:s,s:O,s:i}", "line", c->args.operand[0], "after", *next, "limit",
                               PAGE);
    json_t *result;
    size_t i;
    json_t *e;
    enum ol_err err = ol_control_call(control, "log", params, OL_ANSWER_MS, &result, f);

    if (err)
        return err;
    json_array_foreach(json_object_get(result, "entries"), i, e) {
        if (c->json)
            ol_print_json(json_incref(e));
        else
            print_entry(e);
    }
    json_decref(*next);
    *next = json_incref(json_object_get(result, "next"));
    json_decref(result);
    return OL_OK;
}

enum ol_exit ol_cmd_log(const struct ol_cli *c)
{
    struct ol_control control = {.fd = -1};
    json_t *next = json_null();
    struct ol_home h;
    struct ol_fault f;
    enum ol_err err = ol_home_open(c->home, &h, &f);

    if (!err)
        err = ol_control_open(&h, &control, &f);
    while (!err && next != NULL) {
        err = log_page(c, &control, &next, &f);
        if (json_is_null(next))
            next = NULL;
    }
    ol_control_close(&control);
    ol_home_close(&h);
    json_decref(next);
    return err ? ol_cmd_fail(&f) : OL_EXIT_DONE;
}
