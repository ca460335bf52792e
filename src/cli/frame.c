/* SPDX-License-Identifier: Apache-2.0 */
/* frame: what courtesy puts around a text. */
#include "cli/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define PLACE "{text}"
#define COURTESY "courtesy"

/* The standings that have one; an oral statement and a non-paper are words without a frame. */
static const struct {
    const char *standing;
    const char *key;
} frames[] = {
    {"note-verbale", "frame.note_verbale"},
    {"aide-memoire", "frame.aide_memoire"},
    {"letter", "frame.letter"},
    {"protest", "frame.protest"},
};
#define FRAMES (sizeof frames / sizeof frames[0])

static void fault_none(const char *which, struct ol_fault *f)
{
    ol_fault_set(f, OL_EXIT_USAGE, "err.frame.none", "which", which, "standings",
                 "note-verbale, aide-memoire, letter, protest", NULL);
}

/* ---- Which frame ---- */

/* That of the catalogue, in this language; the command goes on in its own. NULL with the fault. */
static const char *courtesy(const struct ol_cli *c, const char *lang, struct ol_fault *f)
{
    const char *standing = ol_args_value(&c->args, "standing");
    const char *text = NULL;
    bool spoken;

    for (size_t i = 0; standing != NULL && i < FRAMES; i++) {
        if (strcmp(frames[i].standing, standing) != 0)
            continue;
        spoken = ol_text_speak(lang);
        text = ol_text(frames[i].key);
        ol_cmd_speak(c, c->command);
        if (spoken)
            return text;
        ol_fault_set(f, OL_EXIT_USAGE, "err.frame.lang", "lang", lang, NULL);
        return NULL;
    }
    fault_none(COURTESY, f);
    return NULL;
}

/* A page of the own book's templates, from after a number; NULL with the fault. */
static json_t *templates(const struct ol_cli *c, json_int_t after, json_int_t limit, struct ol_fault *f)
{
    json_t *page;

    if (ol_cmd_ask(c, "notes", json_pack("{s:s,s:I,s:I}", "kind", "template", "after", after, "limit", limit),
                   OL_ANSWER_MS, &page, f) != OL_OK)
        return NULL;
    return page;
}

/* The leaf with this number, new; NULL with the fault. */
static json_t *own_frame(const struct ol_cli *c, const char *which, struct ol_fault *f)
{
    char *end;
    unsigned long n = strtoul(which, &end, 10);
    json_t *page;
    json_t *leaf;

    if (*which < '1' || *which > '9' || *end != '\0' || n > UINT32_MAX) {
        fault_none(which, f);
        return NULL;
    }
    page = templates(c, (json_int_t)n - 1, 1, f);
    if (page == NULL)
        return NULL;
    leaf = json_incref(json_array_get(json_object_get(page, "notes"), 0));
    json_decref(page);
    if (json_integer_value(json_object_get(leaf, "number")) == (json_int_t)n)
        return leaf;
    json_decref(leaf);
    fault_none(which, f);
    return NULL;
}

/* ---- Filling it ---- */

static const char *other_party(const json_t *status, const char *line)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(status, "lines"), i, one) {
        const char *name = json_string_value(json_object_get(one, "name"));

        if (name != NULL && strcmp(name, line) == 0)
            return json_string_value(json_object_get(json_object_get(one, "peer"), "party"));
    }
    return NULL;
}

static json_t *fill(const char *frame, const char *own, const char *other, const json_t *text, struct ol_fault *f)
{
    static uint8_t buf[OL_TEXT_MAX];
    const struct ol_param param[] = {{"own", own}, {"other", other}, {"text", json_string_value(text)}};
    struct ol_wr w = ol_wr_to(buf, sizeof buf);

    ol_text_write(frame, param, sizeof param / sizeof param[0], &w);
    if (!w.full)
        return json_stringn((const char *)buf, w.len);
    ol_fault_set(f, OL_EXIT_USAGE, "err.text.long", NULL);
    return NULL;
}

json_t *ol_frame_put(const struct ol_cli *c, const char *line, const char *which, const json_t *text, struct ol_fault *f)
{
    const char *lang = ol_args_value(&c->args, "lang");
    json_t *status = NULL;
    json_t *leaf = NULL;
    json_t *out = NULL;
    const char *frame;
    const char *own;
    const char *other;

    if (ol_cmd_ask(c, "status", json_object(), OL_ANSWER_MS, &status, f) != OL_OK)
        return NULL;
    own = json_string_value(json_object_get(json_object_get(status, "station"), "party"));
    other = other_party(status, line);
    if (lang == NULL)
        lang = json_string_value(json_object_get(json_object_get(status, "station"), "lang"));
    if (strcmp(which, COURTESY) == 0) {
        frame = courtesy(c, lang != NULL ? lang : "", f);
    } else {
        leaf = own_frame(c, which, f);
        frame = json_string_value(json_object_get(leaf, "text"));
    }
    if (frame != NULL && own != NULL && other != NULL)
        out = fill(frame, own, other, text, f);
    else if (frame != NULL)
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.line", "line", line, NULL);
    json_decref(leaf);
    json_decref(status);
    return out;
}

/* ---- The command ---- */

static void show(const struct ol_cli *c, const char *which, const char *standing, const char *lang, const char *text)
{
    json_t *words = json_string(text);

    if (c->json) {
        ol_print_json(json_pack("{s:i,s:s,s:s?,s:s,s:o}", "schema", 1, "frame", which, "standing", standing, "lang", lang,
                                "text", words));
        return;
    }
    ol_print_cell(which, 8);
    ol_print_cell(standing != NULL ? standing : "-", 12);
    ol_print_cell(lang, 2);
    ol_print_row_end();
    ol_print_text(words, "       ");
    json_decref(words);
}

/* All pages of them. */
static enum ol_exit list_own(const struct ol_cli *c)
{
    json_int_t after = 0;

    do {
        struct ol_fault f;
        json_t *page = templates(c, after, 100, &f);
        const json_t *leaf;
        size_t i;

        if (page == NULL)
            return ol_cmd_fail(&f);
        json_array_foreach(json_object_get(page, "notes"), i, leaf) {
            char number[OL_WORD_MAX];

            show(c, ol_word(leaf, "number", number), NULL, json_string_value(json_object_get(leaf, "lang")),
                 json_string_value(json_object_get(leaf, "text")));
        }
        after = json_integer_value(json_object_get(page, "next"));
        json_decref(page);
    } while (after > 0);
    return OL_EXIT_DONE;
}

static enum ol_exit list(const struct ol_cli *c)
{
    const char *lang = ol_args_value(&c->args, "lang");
    json_t *status;
    struct ol_fault f;

    if (ol_cmd_ask(c, "status", json_object(), OL_ANSWER_MS, &status, &f) != OL_OK)
        return ol_cmd_fail(&f);
    if (lang == NULL)
        lang = json_string_value(json_object_get(json_object_get(status, "station"), "lang"));
    if (ol_text_speak(lang)) {
        for (size_t i = 0; i < FRAMES; i++)
            show(c, COURTESY, frames[i].standing, lang, ol_text(frames[i].key));
        ol_cmd_speak(c, c->command);
    }
    json_decref(status);
    return list_own(c);
}

static enum ol_exit add(const struct ol_cli *c)
{
    struct ol_fault f;
    json_t *text = ol_cmd_text(c->args.operand[1], &f);
    const char *place = text != NULL ? strstr(json_string_value(text), PLACE) : NULL;

    if (text != NULL && (place == NULL || strstr(place + 1, PLACE) != NULL)) {
        ol_fault_set(&f, OL_EXIT_USAGE, "err.frame.text", NULL);
        json_decref(text);
        text = NULL;
    }
    if (text == NULL)
        return ol_cmd_fail(&f);
    return ol_note_write(c, "note", json_pack("{s:s,s:s?,s:o}", "kind", "template", "lang",
                                              ol_args_value(&c->args, "lang"), "text", text));
}

enum ol_exit ol_cmd_frame(const struct ol_cli *c)
{
    const char *verb = c->args.operand[0];

    if (strcmp(verb, "list") == 0 && c->args.operands == 1)
        return list(c);
    if (strcmp(verb, "add") == 0 && c->args.operands == 2)
        return add(c);
    return ol_cmd_bad_word(c->command, verb, "list, add");
}
