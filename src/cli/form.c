/* SPDX-License-Identifier: Apache-2.0 */
/* form list, show, check: which forms there are and what they hold. Needs no running station. */
#include <fcntl.h>
#include <string.h>

#include "cli/cmd.h"
#include "form/forms.h"
#include "station/conf.h"

static void print_refused(void *ctx, const struct ol_fault *f)
{
    (void)ctx;
    ol_print_fault(f);
}

/* What is asked for, or the language of the home's texts. */
static const char *lang_of(const struct ol_cli *c, const struct ol_home *h, struct ol_station_conf *conf)
{
    const char *lang = ol_args_value(&c->args, "lang");
    struct ol_fault f;

    if (lang == NULL && ol_station_conf_read(h, conf, &f) == OL_OK)
        lang = conf->lang;
    return lang != NULL ? lang : "en";
}

static void list_form(const struct ol_cli *c, const struct ol_form *form, const char *lang)
{
    char hash[OL_HASH_HEX];

    ol_hash_hex(&form->hash, hash);
    if (c->json) {
        ol_print_json(json_pack("{s:i,s:s,s:s,s:s,s:i}", "schema", 1, "code", form->code, "title",
                                ol_form_words(form->json, "title", lang), "hash", hash, "fields", (int)form->n));
        return;
    }
    ol_print_cell(form->code, OL_FORM_CODE_MAX);
    ol_print_cell(ol_form_words(form->json, "title", lang), 0);
    ol_print_row_end();
}

/* What each choice is called, by its value; null when a field has none. */
static json_t *choice_labels(const struct ol_form *form, size_t n, const char *lang)
{
    const struct ol_field *field = &form->field[n - 1];
    json_t *labels = field->type == OL_FIELD_CHOICE ? json_object() : json_null();

    for (size_t i = 0; i < field->choices; i++)
        json_object_set_new(labels, field->choice[i].value,
                            json_string(ol_form_choice_words(form, n, &field->choice[i], lang)));
    return labels;
}

static json_t *choice_values(const struct ol_field *field)
{
    json_t *values = field->type == OL_FIELD_CHOICE ? json_array() : json_null();

    for (size_t i = 0; i < field->choices; i++)
        json_array_append_new(values, json_string(field->choice[i].value));
    return values;
}

static json_t *field_json(const struct ol_form *form, size_t n, const char *lang)
{
    const json_t *object = ol_form_field(form, n);
    const struct ol_field *field = &form->field[n - 1];

    return json_pack("{s:i,s:O,s:s,s:s,s:O,s:O?,s:b,s:O?,s:O?,s:O?,s:O?,s:o,s:o,s:O?}", "n", (int)n, "name",
                     json_object_get(object, "name"), "label", ol_form_words(object, "label", lang), "help",
                     ol_form_words(object, "help", lang), "type", json_object_get(object, "type"), "unit",
                     json_object_get(object, "unit"), "required", field->required, "min",
                     json_object_get(object, "min"), "max", json_object_get(object, "max"), "decimals",
                     json_object_get(object, "decimals"), "precision", json_object_get(object, "precision"), "choices",
                     choice_values(field), "choice_labels", choice_labels(form, n, lang), "example",
                     json_object_get(object, "example"));
}

static void show_json(const struct ol_form *form, const char *lang)
{
    json_t *fields = json_array();
    char hash[OL_HASH_HEX];

    ol_hash_hex(&form->hash, hash);
    for (size_t n = 1; n <= form->n; n++)
        json_array_append_new(fields, field_json(form, n, lang));
    ol_print_json(json_pack("{s:i,s:s,s:s,s:s,s:s,s:O?,s:O?,s:O?,s:O?,s:O?,s:o}", "schema", 1, "code", form->code,
                            "title", ol_form_words(form->json, "title", lang), "note",
                            ol_form_words(form->json, "note", lang), "hash", hash, "marker",
                            json_object_get(form->json, "marker"), "answer", json_object_get(form->json, "answer"),
                            "precedence", json_object_get(form->json, "precedence"), "handling",
                            json_object_get(form->json, "handling"), "deadline",
                            json_object_get(form->json, "deadline"), "fields", fields));
}

static void print_line(const char *words, const char *indent)
{
    json_t *text = *words != '\0' ? json_string(words) : NULL;

    ol_print_text(text, indent);
    json_decref(text);
}

static void show_field(const struct ol_form *form, size_t n, const char *lang)
{
    const json_t *object = ol_form_field(form, n);
    const struct ol_field *field = &form->field[n - 1];
    char buf[OL_WORD_MAX];

    snprintf(buf, sizeof buf, "%2zu%c", n, field->required ? '*' : ' ');
    ol_print_cell(buf, 3);
    ol_print_cell(ol_word(object, "type", buf), 9);
    ol_print_cell(ol_form_words(object, "label", lang), 0);
    if (field->unit != NULL)
        ol_print_cell(field->unit, 0);
    ol_print_row_end();
    print_line(ol_form_words(object, "help", lang), "       ");
    for (size_t i = 0; i < field->choices; i++) {
        fputs("       ", stdout);
        ol_print_cell(field->choice[i].value, 12);
        ol_print_cell(ol_form_choice_words(form, n, &field->choice[i], lang), 0);
        ol_print_row_end();
    }
    if (json_object_get(object, "example") != NULL)
        ol_print(stdout, "say.form.example", "n", ol_word(object, "n", buf), "example",
                 json_string_value(json_object_get(object, "example")), NULL);
}

static void show_text(const struct ol_form *form, const char *lang)
{
    list_form(&(struct ol_cli){0}, form, lang);
    print_line(ol_form_words(form->json, "note", lang), "");
    ol_print(stdout, "say.form.required", NULL);
    for (size_t n = 1; n <= form->n; n++)
        show_field(form, n, lang);
}

static enum ol_exit show(const struct ol_cli *c, const struct ol_forms *forms, const char *lang)
{
    const struct ol_form *form = ol_forms_by_code(forms, c->args.operand[1]);
    struct ol_fault f;

    if (form == NULL) {
        ol_fault_set(&f, OL_EXIT_USAGE, "err.form.code", "code", c->args.operand[1], NULL);
        return ol_cmd_fail(&f);
    }
    if (c->json)
        show_json(form, lang);
    else
        show_text(form, lang);
    return OL_EXIT_DONE;
}

static enum ol_exit check(const struct ol_cli *c, const char *lang)
{
    struct ol_blob file;
    struct ol_form form;
    struct ol_fault f;
    const char *name = c->args.operand[1];
    enum ol_err err = ol_file_read(AT_FDCWD, name, OL_FORM_FILE_MAX, &file, &f);

    if (!err) {
        err = ol_form_load(ol_span(file.p, file.len), name, &form, &f);
        ol_blob_free(&file);
    }
    if (err)
        return ol_cmd_fail(&f);
    list_form(c, &form, lang);
    ol_form_free(&form);
    return OL_EXIT_DONE;
}

static enum ol_exit run(const struct ol_cli *c, const struct ol_home *h, const char *lang)
{
    struct ol_forms forms;
    struct ol_fault f;
    enum ol_exit code = OL_EXIT_DONE;

    if (ol_forms_load(h->dir, &forms, print_refused, NULL)) {
        ol_fault_set(&f, OL_EXIT_FAILED, "err.station.memory", NULL);
        return ol_cmd_fail(&f);
    }
    if (c->args.operands == 2) {
        code = show(c, &forms, lang);
    } else {
        for (size_t i = 0; i < forms.n; i++)
            if (forms.known[i].current)
                list_form(c, &forms.known[i].form, lang);
    }
    ol_forms_free(&forms);
    return code;
}

enum ol_exit ol_cmd_form(const struct ol_cli *c)
{
    const char *what = c->args.operand[0];
    bool wants_one = strcmp(what, "show") == 0 || strcmp(what, "check") == 0;
    struct ol_station_conf conf;
    struct ol_home h;
    struct ol_fault f;
    enum ol_exit code;

    if ((!wants_one && strcmp(what, "list") != 0) || c->args.operands != 1u + wants_one) {
        ol_fault_set(&f, OL_EXIT_USAGE, "err.form.usage", NULL);
        return ol_cmd_fail(&f);
    }
    if (ol_home_open(c->home, &h, &f))
        return ol_cmd_fail(&f);
    if (strcmp(what, "check") == 0)
        code = check(c, lang_of(c, &h, &conf));
    else
        code = run(c, &h, lang_of(c, &h, &conf));
    ol_home_close(&h);
    return code;
}
