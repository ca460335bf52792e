/* SPDX-License-Identifier: Apache-2.0 */
/* list, search, show: the messages of a line, those with certain words, and one with what was done about it. */
#include <string.h>

#include "cli/cmd.h"
#include "desk/message.h"

#define PAGE 500
#define FOUND_FIRST 50 /* is on the screen while the rest is sought */
#define SEARCH_MS 300000 /* the first search after the index was lost waits until it is made */

/* What was printed last of each message, by id: an event that says nothing new is left out. */
struct listing {
    const struct ol_cli *c;
    const char *line;
    const char *query; /* of a search, else NULL */
    json_t *seen;
    json_t *service; /* what waits to be shown after what the governments said; NULL: nothing waits */
};

static void print_head(const json_t *m)
{
    char buf[OL_WORD_MAX];

    ol_print_cell(ol_word(m, "id", buf), 5);
    ol_print_cell(ol_word(m, "direction", buf), 3);
    ol_print_cell(ol_word(m, "precedence", buf), 9);
    ol_print_cell(ol_word(m, "state", buf), 9);
    ol_print_cell(ol_word_time(m, "time", buf), 14);
    ol_print_cell(ol_word(m, "lang", buf), 2);
}

/* How a message is meant, as far as that is more than a plain text. */
static void print_meaning(const json_t *m)
{
    static const char *const keys[] = {"marker.information", "marker.instruction", "marker.advice", "marker.warning",
                                       "marker.question",    "marker.answer",      "marker.request", "marker.intention"};
    static const char *const standings[] = {"standing.message",  "standing.note_verbale",   "standing.aide_memoire",
                                            "standing.letter",   "standing.protest",        "standing.oral_statement",
                                            "standing.non_paper"};
    int marker = ol_marker_of(json_string_value(json_object_get(m, "marker")));
    int standing = ol_standing_of(json_string_value(json_object_get(m, "standing")));

    if (marker > 0)
        ol_print_cell_text(ol_text(keys[marker]), NULL, 0);
    if (standing > 0)
        ol_print_cell_text(ol_text(standings[standing]), NULL, 0);
}

/* What answer it still waits for. */
static void print_open(const json_t *m)
{
    static const char *const keys[] = {"open.r", "open.wu", "open.an", "open.y", "open.n"};
    int class = ol_class_of(json_string_value(json_object_get(m, "answer")));

    if (class >= 0 && json_is_true(json_object_get(m, "open")))
        ol_print_cell_text(ol_text(keys[class]), NULL, 0);
}

static bool is_service(const json_t *m)
{
    const char *level = json_string_value(json_object_get(m, "level"));

    return level != NULL && strcmp(level, OL_LEVEL_SERVICE) == 0;
}

static void print_marks(const json_t *m)
{
    if (is_service(m))
        ol_print_cell_text(ol_text("mark.service"), NULL, 0);
    if (json_is_true(json_object_get(m, "off_record")))
        ol_print_cell_text(ol_text("mark.off_record"), NULL, 0);
    if (json_is_true(json_object_get(m, "exercise")))
        ol_print_cell_text(ol_text("mark.exercise"), NULL, 0);
    if (json_is_true(json_object_get(m, "unannounced")))
        ol_print_cell_text(ol_text("mark.unannounced"), NULL, 0);
    if (json_is_true(json_object_get(m, "real")))
        ol_print_cell_text(ol_text("mark.real"), NULL, 0);
    if (json_is_true(json_object_get(m, "beyond_rate")))
        ol_print_cell_text(ol_text("mark.beyond_rate"), NULL, 0);
    if (json_is_true(json_object_get(m, "early")))
        ol_print_cell_text(ol_text("mark.early"), NULL, 0);
    if (json_is_true(json_object_get(m, "time_doubtful")))
        ol_print_cell_text(ol_text("mark.time_doubtful"), NULL, 0);
    if (json_is_false(json_object_get(m, "normal")))
        ol_print_cell_text(ol_text("mark.not_normal"), NULL, 0);
}

static bool is_time(const char *name)
{
    return strcmp(name, "due") == 0 || strcmp(name, "until") == 0 || strcmp(name, "onward_due") == 0;
}

/* One line, if the message says so. */
static void print_word(const json_t *m, const char *name, const char *key)
{
    char buf[OL_WORD_MAX];

    if (json_is_string(json_object_get(m, name)))
        ol_print(stdout, key, "word", is_time(name) ? ol_word_time(m, name, buf) : ol_word(m, name, buf), NULL);
}

/* First and last line of what may not go everywhere. */
static void print_handling(const json_t *m)
{
    print_word(m, "handling", "say.show.handling");
}

static void print_body(const json_t *m)
{
    bool struck = json_is_string(json_object_get(m, "superseded_by"));

    print_head(m);
    print_marks(m);
    print_meaning(m);
    print_open(m);
    ol_print_row_end();
    print_word(m, "superseded_by",
               json_is_true(json_object_get(m, "cancelled")) ? "say.show.cancelled_by" : "say.show.superseded_by");
    print_word(m, "corrects", "say.show.corrects");
    print_word(m, "cancels", "say.show.cancels");
    print_word(m, "re", "say.show.re");
    print_word(m, "to", "say.show.to");
    print_word(m, "level", "say.show.level");
    print_word(m, "ref", "say.show.ref");
    ol_forbids_print(m);
    print_word(m, "due", "say.show.due");
    print_word(m, "onward_due", "say.show.onward_due");
    if (json_is_string(json_object_get(m, "subject")))
        ol_print_text(json_object_get(m, "subject"), struck ? "    ~~ # " : "       # ");
    ol_print_text(json_object_get(m, "text"), struck ? "    ~~ " : "       ");
}

void ol_message_print(const json_t *m)
{
    print_handling(m);
    print_body(m);
    print_handling(m);
    fflush(stdout);
}

/* What of a message may change. */
static json_t *standing_of(const json_t *m)
{
    return json_pack("[O?,O?,O?,O?]", json_object_get(m, "state"), json_object_get(m, "open"), json_object_get(m, "answers"),
                     json_object_get(m, "superseded_by"));
}

static void show_message(struct listing *l, json_t *m)
{
    const char *id = json_string_value(json_object_get(m, "id"));

    if (id != NULL)
        json_object_set_new(l->seen, id, standing_of(m));
    if (l->c->json)
        ol_print_json(json_incref(m));
    else if (l->service != NULL && is_service(m))
        json_array_append(l->service, m);
    else
        ol_message_print(m);
}

/* Operator to operator, about the line itself: apart from what governments say. */
static void show_service(struct listing *l)
{
    json_t *m;
    size_t i;

    if (json_array_size(l->service) > 0)
        ol_print(stdout, "say.list.service", NULL);
    json_array_foreach(l->service, i, m)
        ol_message_print(m);
    json_decref(l->service);
    l->service = NULL;
}

static json_t *page_params(const struct listing *l, json_t *next)
{
    const char *lang = ol_args_value(&l->c->args, "lang");

    if (l->query != NULL)
        return json_pack("{s:s,s:s,s:O,s:i,s:s*}", "line", l->line, "query", l->query, "after", next, "limit",
                         json_is_null(next) ? FOUND_FIRST : PAGE, "lang", lang);
    return json_pack("{s:s,s:b,s:O,s:i,s:s*}", "line", l->line, "open", ol_args_value(&l->c->args, "open") != NULL, "after",
                     next, "limit", PAGE, "lang", lang);
}

/* Prints one page; *next is the cursor of the page after it, null when it was the last. */
static enum ol_err list_page(struct listing *l, struct ol_control *control, json_t **next,
                             struct ol_fault *f)
{
    json_t *result;
    size_t i;
    json_t *m;
    enum ol_err err = ol_control_call(control, l->query != NULL ? "search" : "list", page_params(l, *next),
                                      l->query != NULL ? SEARCH_MS : OL_ANSWER_MS, &result, f);

    if (err)
        return err;
    json_array_foreach(json_object_get(result, "messages"), i, m)
        show_message(l, m);
    json_decref(*next);
    *next = json_incref(json_object_get(result, "next"));
    json_decref(result);
    return OL_OK;
}

static enum ol_err list_all(struct listing *l, struct ol_control *control, struct ol_fault *f)
{
    json_t *next = json_null();
    enum ol_err err;

    l->service = json_array();
    do
        err = list_page(l, control, &next, f);
    while (!err && next != NULL && !json_is_null(next));
    json_decref(next);
    show_service(l);
    return err;
}

static void show_event(struct listing *l, const json_t *params)
{
    json_t *m = json_object_get(params, "message");
    const char *id = json_string_value(json_object_get(m, "id"));
    json_t *standing;
    char buf[OL_WORD_MAX];

    if (m == NULL && !json_is_string(json_object_get(params, "state")))
        return; /* of a desk, or of what was agreed: that is no message */
    if (m == NULL) {
        ol_print(stderr, "say.list.line", "line", l->line, "state", ol_word(params, "state", buf), NULL);
        return;
    }
    standing = standing_of(m);
    if (id == NULL || !json_equal(json_object_get(l->seen, id), standing))
        show_message(l, m);
    json_decref(standing);
}

/* The events are asked for before the list, so that nothing falls between the two. */
static enum ol_err list_and_follow(struct listing *l, const struct ol_home *h,
                                   struct ol_control *control, struct ol_fault *f)
{
    struct ol_control events;
    json_t *said;
    enum ol_err err = ol_control_open(h, &events, f);

    if (!err)
        err = ol_control_call(&events, "follow", json_pack("{s:s}", "line", l->line), OL_ANSWER_MS,
                              &said, f);
    if (!err) {
        json_decref(said);
        err = list_all(l, control, f);
    }
    while (!err) {
        err = ol_control_event(&events, &said, f);
        if (!err) {
            show_event(l, said);
            json_decref(said);
        }
    }
    ol_control_close(&events);
    return err;
}

static enum ol_exit list(struct listing *l)
{
    const struct ol_cli *c = l->c;
    struct ol_control control = {.fd = -1};
    struct ol_home h;
    struct ol_fault f;
    enum ol_err err = ol_home_open(c->home, &h, &f);

    if (!err)
        err = ol_control_open(&h, &control, &f);
    if (!err && ol_args_value(&c->args, "follow") != NULL)
        err = list_and_follow(l, &h, &control, &f);
    else if (!err)
        err = list_all(l, &control, &f);
    ol_control_close(&control);
    ol_home_close(&h);
    json_decref(l->seen);
    return err ? ol_cmd_fail(&f) : OL_EXIT_DONE;
}

enum ol_exit ol_cmd_list(const struct ol_cli *c)
{
    return list(&(struct listing){.c = c, .line = c->args.operand[0], .seen = json_object()});
}

enum ol_exit ol_cmd_search(const struct ol_cli *c)
{
    return list(&(struct listing){.c = c, .line = c->args.operand[0], .query = c->args.operand[1],
                                  .seen = json_object()});
}

static void print_act(const json_t *act)
{
    char buf[OL_WORD_MAX];

    fputs("  ", stdout);
    ol_print_cell(ol_word(act, "entry", buf), 5);
    ol_print_cell(ol_word(act, "act", buf), 8);
    ol_print_cell(ol_word(act, "side", buf), 1);
    ol_print_cell(ol_word_time(act, "time", buf), 14);
    if (json_is_string(json_object_get(act, "stage")))
        ol_print_cell(ol_word(act, "stage", buf), 4);
    ol_print_row_end();
    print_word(act, "until", "say.show.until");
    print_word(act, "to", "say.show.to");
    if (json_is_object(json_object_get(act, "misread")))
        ol_print(stdout, "say.show.misread", NULL);
    if (json_is_string(json_object_get(act, "text")))
        ol_print_text(json_object_get(act, "text"), "         ");
}

enum ol_exit ol_cmd_show(const struct ol_cli *c)
{
    json_t *params = json_pack("{s:s,s:s,s:s*}", "line", c->args.operand[0], "id", c->args.operand[1], "lang",
                               ol_args_value(&c->args, "lang"));
    json_t *m;
    json_t *act;
    size_t i;
    char buf[OL_WORD_MAX];
    struct ol_fault f;

    if (ol_cmd_ask(c, "show", params, OL_ANSWER_MS, &m, &f) != OL_OK)
        return ol_cmd_fail(&f);
    if (c->json) {
        ol_print_json(m);
        return OL_EXIT_DONE;
    }
    print_handling(m);
    print_body(m);
    ol_print(stdout, "say.show.delivered", "time", ol_word_time(m, "delivered_at", buf), NULL);
    if (json_is_false(json_object_get(m, "understood")))
        ol_print(stdout, "say.show.unread", NULL);
    json_array_foreach(json_object_get(m, "acts"), i, act)
        print_act(act);
    print_handling(m); /* what was read back is as much of it as the text */
    json_decref(m);
    return OL_EXIT_DONE;
}
