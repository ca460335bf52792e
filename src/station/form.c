/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms on a line: the numbers that each side gives them, what is asked to be sent, and
 * what came, in the words of its reader.
 *
 * A number stands for the form of the last entry before that gave it to one. This side gives a
 * number to one form only; and whenever it cannot see yet that the entry which gave it stands on
 * record, it gives it again.
 */
#include <stdlib.h>
#include <string.h>

#include "station/station.h"

/* ---- Numbers ---- */

static size_t side_of(uint8_t author)
{
    return author == 'B';
}

/* The last entry before seq that gives this number to a form; NULL when there is none. */
static const struct form_given *given_before(const struct line *l, uint8_t author, uint32_t seq, uint8_t number)
{
    const struct form_given *list = l->given[side_of(author)];

    for (size_t i = l->given_n[side_of(author)]; i-- > 0;)
        if (list[i].seq < seq && list[i].number == number)
            return &list[i];
    return NULL;
}

static void insert(struct line *l, uint8_t author, const struct form_given *given)
{
    size_t side = side_of(author);
    size_t n = l->given_n[side];
    struct form_given *grown = realloc(l->given[side], (n + 1) * sizeof *grown);

    if (grown == NULL)
        return; /* its forms show their fields by number */
    for (; n > 0 && grown[n - 1].seq > given->seq; n--)
        grown[n] = grown[n - 1];
    grown[n] = *given;
    l->given[side] = grown;
    l->given_n[side]++;
}

static void note_own(struct line *l, const struct ol_form_number *number, bool durable)
{
    struct form_slot *slot = &l->own_form[number->number];

    slot->twice = slot->twice || (slot->used && !ol_hash_equal(&slot->hash, &number->hash));
    slot->used = true;
    slot->durable = slot->durable || durable;
    slot->hash = number->hash;
}

void form_note(struct line *l, const struct ol_row *row)
{
    struct ol_form_number number;
    struct form_given given = {.seq = row->h.seq};
    const struct form_given *before;

    if (row->h.kind != OL_KIND_FORM_NUMBER || ol_form_number_read(row->body, &number))
        return;
    if (row->h.author == l->core->cfg.record.own)
        note_own(l, &number, true);
    before = given_before(l, row->h.author, row->h.seq, number.number);
    if ((before != NULL && ol_hash_equal(&before->hash, &number.hash)) ||
        l->given_n[side_of(row->h.author)] == FORMS_GIVEN)
        return;
    given.number = number.number;
    given.hash = number.hash;
    memcpy(given.code, number.code.p, number.code.len);
    insert(l, row->h.author, &given);
}

void form_note_boxed(struct line *l, uint8_t kind, struct ol_span body)
{
    struct ol_form_number number;

    if (kind == OL_KIND_FORM_NUMBER && ol_form_number_read(body, &number) == OL_OK)
        note_own(l, &number, false);
}

void form_forget(struct line *l)
{
    free(l->given[0]);
    free(l->given[1]);
}

static void refused_file(void *ctx, const struct ol_fault *f)
{
    json_array_append_new(ctx, fault_json(f));
}

void form_reload(struct station *s, json_t *refused)
{
    struct ol_forms forms;
    struct ol_fault f;

    if (ol_forms_load(s->home.dir, &forms, refused_file, refused)) {
        ol_fault_set(&f, OL_EXIT_FAILED, "err.station.memory", NULL);
        refused_file(refused, &f);
        return;
    }
    if (json_array_size(refused) > 0) {
        ol_forms_free(&forms);
        return;
    }
    ol_forms_free(&s->forms);
    s->forms = forms;
    search_anew(s);
}

/* The number of this form, or one that is free; -1 when all are given. */
static int number_for(const struct line *l, const struct ol_form *form)
{
    int unused = -1;

    for (int i = 255; i >= 0; i--) {
        const struct form_slot *slot = &l->own_form[i];

        if (!slot->used)
            unused = i;
        else if (!slot->twice && ol_hash_equal(&slot->hash, &form->hash))
            return i;
    }
    return unused;
}

/* ---- What is asked to be sent ---- */

static uint8_t values_buf[OL_BODY_MAX];

/* One field of a request, as an item behind what w holds. */
static bool read_field(const struct ol_form *form, const char *key, const json_t *value, const char *lang,
                       struct ol_values *values, struct ol_wr *w, struct ol_fault *f)
{
    char *end;
    size_t n = strtoul(key, &end, 10);
    size_t len;
    uint8_t *line;
    size_t before = w->len;
    enum ol_wrong wrong;

    if (*end != '\0' || n < 1 || n > form->n || key[0] == '0') {
        ol_fault_set(f, OL_EXIT_USAGE, "form.wrong.surplus", "n", key, NULL);
        return false;
    }
    line = text_nfc(value, &len);
    wrong = line != NULL ? ol_field_read(&form->field[n - 1], ol_span(line, len), w) : OL_WRONG_TEXT;
    free(line);
    if (wrong) {
        ol_form_wrong(form, n, wrong, json_is_string(value) ? json_string_value(value) : "", lang, f);
        return false;
    }
    values->item[n - 1] = ol_span(w->p + before, w->len - before);
    values->n = n > values->n ? n : values->n;
    return true;
}

/* The values of a request's fields, {"1": "...", ...}. They lie in values_buf. */
static bool read_fields(const struct ol_form *form, const json_t *fields, const char *lang, struct ol_values *values,
                        struct ol_fault *f)
{
    struct ol_wr w = ol_wr_to(values_buf, sizeof values_buf);
    const char *key;
    json_t *value;

    *values = (struct ol_values){0};
    json_object_foreach((json_t *)(uintptr_t)fields, key, value) {
        if (!read_field(form, key, value, lang, values, &w, f))
            return false;
    }
    return true;
}

static bool has_required(const struct ol_form *form, const struct ol_values *values, const char *lang,
                         struct ol_fault *f)
{
    for (size_t n = 1; n <= form->n; n++) {
        if (form->field[n - 1].required && values->item[n - 1].len == 0) {
            ol_form_wrong(form, n, OL_WRONG_REQUIRED, "", lang, f);
            return false;
        }
    }
    return true;
}

static bool keep_number(struct line *l, const struct ol_form *form, uint8_t number, struct call_item *item)
{
    uint8_t body[64];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    const struct ol_form_number given = {
        .number = number, .hash = form->hash, .code = ol_span(form->code, strlen(form->code))};

    ol_form_number_write(&given, &w);
    item->kind = OL_KIND_FORM_NUMBER;
    if (!item_keep(item, &w))
        return false;
    note_own(l, &given, false);
    return true;
}

bool form_items(struct line *l, const struct ol_form *form, const json_t *fields, const struct ol_message *meant,
                struct call_item item[static 2], size_t *n, struct ol_fault *f)
{
    static uint8_t buf[OL_BODY_MAX];
    static uint8_t extra[1024];
    struct ol_wr w = ol_wr_to(buf, sizeof buf);
    struct ol_wr meaning = ol_wr_to(extra, sizeof extra);
    const char *lang = l->station->conf.lang;
    struct ol_form_body body = {0};
    int number = number_for(l, form);

    if (!read_fields(form, fields, lang, &body.values, f) || !has_required(form, &body.values, lang, f))
        return false;
    if (number < 0) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.form.numbers", "line", l->info.name, NULL);
        return false;
    }
    ol_meaning_write(meant, &meaning);
    body.number = (uint8_t)number;
    body.extra = ol_wr_span(&meaning);
    ol_form_write(&body, &w);
    if ((l->core->signing != OL_SIGN_READY || !l->own_form[number].durable) &&
        !keep_number(l, form, body.number, &item[(*n)++]))
        goto memory;
    item[*n].kind = OL_KIND_FORM;
    if (item_keep(&item[(*n)++], &w))
        return true;
memory:
    ol_fault_set(f, OL_EXIT_FAILED, "err.station.memory", NULL);
    return false;
}

/* ---- What came ---- */

struct shown {
    struct ol_form_body body;
    const struct ol_form *form; /* NULL: this station does not have it, or nothing says which it is */
    const char *code;           /* NULL: nothing says which it is */
    const char *lang;
};

static bool read_row(const struct line *l, const struct ol_row *row, const char *lang, struct shown *out)
{
    const struct form_slot *slot;
    const struct form_given *given;
    const struct ol_hash *hash = NULL;

    *out = (struct shown){.lang = lang};
    if (ol_form_read(row->body, &out->body))
        return false;
    slot = &l->own_form[out->body.number];
    given = given_before(l, row->h.author, row->h.seq, out->body.number);
    if (row->h.seq == 0) /* of the outbox */
        hash = slot->used && !slot->twice ? &slot->hash : NULL;
    else if (given != NULL)
        hash = &given->hash;
    if (hash != NULL)
        out->form = ol_forms_by_hash(&l->station->forms, hash);
    out->code = out->form != NULL ? out->form->code : given != NULL ? given->code : NULL;
    return true;
}

/* A value of field n as --field takes it, and what is wrong with it. */
static enum ol_wrong print_value(const struct shown *s, size_t n, struct ol_wr *w)
{
    struct ol_span item = n <= s->body.values.n ? s->body.values.item[n - 1] : ol_span(NULL, 0);
    const struct ol_field *field = s->form != NULL && n <= s->form->n ? &s->form->field[n - 1] : NULL;
    enum ol_wrong wrong;

    if (item.len == 0)
        return field != NULL && field->required ? OL_WRONG_REQUIRED : OL_RIGHT;
    wrong = ol_field_print(field, item, w);
    return s->form != NULL && field == NULL ? OL_WRONG_SURPLUS : wrong;
}

/* The value in the words of the reader. */
static void print_words(const struct shown *s, size_t n, struct ol_span value, struct ol_wr *w)
{
    const struct ol_field *field = s->form != NULL && n <= s->form->n ? &s->form->field[n - 1] : NULL;
    const struct ol_choice *choice =
        field != NULL && field->type == OL_FIELD_CHOICE ? ol_field_choice(field, s->body.values.item[n - 1]) : NULL;
    const char *words = choice != NULL ? ol_form_choice_words(s->form, n, choice, s->lang) : NULL;

    if (words != NULL)
        ol_wr_bytes(w, words, strlen(words));
    else
        ol_wr_bytes(w, value.p, value.len);
    if (field != NULL && field->unit != NULL) {
        ol_wr_u8(w, ' ');
        ol_wr_bytes(w, field->unit, strlen(field->unit));
    }
}

static json_t *wrong_json(const struct shown *s, size_t n, enum ol_wrong wrong, struct ol_span value)
{
    struct ol_fault f;
    struct ol_param param[OL_FAULT_PARAMS];
    char shown[OL_FAULT_VALUE];
    char out[2 * OL_FAULT_VALUE];
    struct ol_wr w = ol_wr_to(out, sizeof out);

    snprintf(shown, sizeof shown, "%.*s", (int)(value.len < 64 ? value.len : 0), (const char *)value.p);
    ol_form_wrong(s->form, n, wrong, shown, s->lang, &f);
    ol_text_write(ol_text(f.key), param, ol_fault_params(&f, param), &w);
    return json_stringn(out, w.len);
}

static void print(struct ol_wr *w, const char *words)
{
    ol_wr_bytes(w, words, strlen(words));
}

/* The field as an object, and as lines of the text; NULL when there is nothing to say of it. */
static json_t *field_json(const struct shown *s, size_t n, struct ol_wr *text)
{
    static uint8_t buf[2 * OL_BODY_MAX];
    struct ol_wr value = ol_wr_to(buf, sizeof buf);
    enum ol_wrong wrong = print_value(s, n, &value);
    const json_t *field = s->form != NULL ? ol_form_field(s->form, n) : NULL;
    const char *label = ol_form_words(field, "label", s->lang);
    json_t *mark = wrong ? wrong_json(s, n, wrong, ol_wr_span(&value)) : json_null();
    json_t *words = json_null();
    char number[24];

    if (value.len == 0 && !wrong)
        return NULL;
    snprintf(number, sizeof number, "\n%zu%s", n, *label != '\0' ? " " : "");
    print(text, number);
    print(text, label);
    print(text, ": ");
    if (value.len > 0) {
        size_t before = text->len;

        print_words(s, n, ol_wr_span(&value), text);
        words = json_stringn((const char *)text->p + before, text->len - before);
    }
    if (wrong) {
        print(text, "\n! ");
        print(text, json_string_value(mark));
    }
    return json_pack("{s:i,s:O?,s:s,s:o,s:o,s:o}", "n", (int)n, "name", json_object_get(field, "name"), "label", label,
                     "value", value.len > 0 ? json_stringn((const char *)value.p, value.len) : json_null(), "text",
                     words, "wrong", mark);
}

/* Which form it is: its title and note, or in so many words that it is not known here. */
static void print_title(const struct shown *s, struct ol_wr *text)
{
    char number[8];
    const struct ol_param param[] = {{"code", s->code != NULL ? s->code : "?"}, {"number", number}};
    const char *note;

    snprintf(number, sizeof number, "%u", s->body.number);
    if (s->form == NULL) {
        ol_text_write(ol_text("form.unknown"), param, 2, text);
        return;
    }
    note = ol_form_words(s->form->json, "note", s->lang);
    print(text, ol_form_words(s->form->json, "title", s->lang));
    if (*note != '\0')
        print(text, "\n");
    print(text, note);
}

/* The text, and with `fields` each field as an object. Room for every value in hex, and for every label and mark. */
static json_t *text_json(const struct shown *s, json_t *fields)
{
    static uint8_t buf[4 * OL_BODY_MAX];
    struct ol_wr text = ol_wr_to(buf, sizeof buf);
    size_t last = s->form != NULL && s->form->n > s->body.values.n ? s->form->n : s->body.values.n;

    print_title(s, &text);
    for (size_t n = 1; n <= last; n++) {
        json_t *field = field_json(s, n, &text);

        if (field != NULL)
            json_array_append_new(fields, field);
    }
    return json_stringn((const char *)buf, text.len);
}

void form_show(const struct line *l, const struct ol_row *row, const char *lang, json_t *message)
{
    struct shown s;
    json_t *fields = json_array();

    if (!read_row(l, row, lang, &s)) {
        json_decref(fields);
        return;
    }
    json_object_set_new(message, "text", text_json(&s, fields));
    json_object_set_new(message, "form", s.code != NULL ? json_string(s.code) : json_null());
    json_object_set_new(message, "title", s.form != NULL ? json_string(ol_form_words(s.form->json, "title", lang))
                                                         : json_null());
    json_object_set_new(message, "fields", fields);
    json_object_set_new(message, "lang", json_string(lang));
}

static json_t *words_of(struct shown *s)
{
    json_t *fields = json_array();
    json_t *text = text_json(s, fields);

    json_decref(fields);
    return text;
}

json_t *form_words(const struct line *l, const struct ol_row *row)
{
    struct shown s;

    if (row->h.kind != OL_KIND_FORM || !read_row(l, row, l->station->conf.lang, &s))
        return json_null();
    return words_of(&s);
}

const char *form_each_words(const struct line *l, const struct ol_row *row, void (*each)(void *ctx, struct ol_span words),
                            void *ctx)
{
    static uint8_t buf[2 * OL_BODY_MAX];
    struct shown s;
    json_t *text;

    if (row->h.kind != OL_KIND_FORM || !read_row(l, row, l->station->conf.lang, &s))
        return NULL;
    text = words_of(&s);
    each(ctx, ol_span(json_string_value(text), json_string_length(text)));
    json_decref(text);
    for (size_t n = 1; n <= s.body.values.n; n++) {
        struct ol_wr value = ol_wr_to(buf, sizeof buf);

        if (print_value(&s, n, &value) == OL_RIGHT)
            each(ctx, ol_wr_span(&value));
    }
    return s.code;
}

/* ---- Read back ---- */

bool form_readback(const struct line *l, const struct ol_row *row, const json_t *fields, struct ol_wr *w,
                   struct ol_misread *misread, struct ol_fault *f)
{
    struct shown s;
    struct ol_values values;

    if (!read_row(l, row, l->station->conf.lang, &s) || s.form == NULL) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.form.unread", "code", s.code != NULL ? s.code : "?", NULL);
        return false;
    }
    if (!read_fields(s.form, fields, s.lang, &values, f))
        return false;
    ol_values_write(&values, w);
    (void)ol_values_same(&s.body.values, &values, misread);
    return true;
}

json_t *form_back(const struct line *l, const struct ol_row *row, struct ol_span values, const char *lang,
                  struct ol_misread *misread)
{
    struct shown s;
    struct ol_values back;

    *misread = (struct ol_misread){0};
    if (!read_row(l, row, lang, &s) || ol_values_read(values, &back))
        return json_null();
    (void)ol_values_same(&s.body.values, &back, misread);
    s.body.values = back;
    return words_of(&s);
}

static json_t *numbers(uint64_t bits)
{
    json_t *list = json_array();

    for (int n = 1; bits != 0; n++, bits >>= 1)
        if (bits & 1)
            json_array_append_new(list, json_integer(n));
    return list;
}

json_t *form_misread(const struct ol_misread *misread)
{
    if ((misread->differs | misread->left_out | misread->added) == 0)
        return json_null();
    return json_pack("{s:o,s:o,s:o}", "differs", numbers(misread->differs), "left_out", numbers(misread->left_out),
                     "added", numbers(misread->added));
}

uint32_t form_answer_s(const struct line *l, const struct ol_row *row)
{
    const json_t *deadline;
    const char *what;
    struct shown s;

    if (!read_row(l, row, l->station->conf.lang, &s) || s.form == NULL)
        return 0;
    deadline = json_object_get(s.form->json, "deadline");
    what = json_string_value(json_object_get(deadline, "what"));
    if (what == NULL || strcmp(what, "answer") != 0)
        return 0;
    return (uint32_t)json_integer_value(json_object_get(deadline, "hours")) * 3600;
}
