/* SPDX-License-Identifier: Apache-2.0 */
/* The own book: what this side keeps to itself. It goes to the store and to whoever may open the control socket. */
#include <stdlib.h>
#include <string.h>

#include "station/station.h"

#define PAGE_LEAVES 500u
#define PAGE_BYTES (1024u * 1024) /* of texts in one answer */

/* ---- The chain ---- */

struct loading {
    struct station *station;
    bool failed; /* no memory */
};

static bool fold(void *ctx, const struct ol_leaf_row *row)
{
    struct loading *loading = ctx;
    struct station *s = loading->station;
    struct ol_leaf leaf;

    ol_book_fold(&s->book, row->number, &row->hash, row->bytes);
    if (ol_leaf_check(row->number, &row->hash, row->bytes, &leaf))
        return true;
    loading->failed = !office_room(s, leaf.kind);
    if (!loading->failed)
        ol_office_note(&s->office, &leaf);
    return !loading->failed;
}

enum ol_err book_load(struct station *s, struct ol_fault *f)
{
    struct loading loading = {.station = s};
    enum ol_err err;

    s->book = (struct ol_book){0};
    office_forget(s);
    err = ol_store_book_scan(s->store, &(struct ol_book_query){0}, fold, &loading);
    if (loading.failed)
        err = OL_LIMIT; /* a rule that was not read would be none */
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.record", "detail", ol_err_text(err), NULL);
    if (s->book.flaw > 0)
        station_log("the own book does not hold: leaf %u is missing, or is not what was written", s->book.flaw);
    return err;
}

static bool holds(const struct station *s, struct ol_fault *f)
{
    char number[16];

    snprintf(number, sizeof number, "%u", s->book.flaw);
    if (s->book.flaw > 0)
        ol_fault_set(f, OL_EXIT_NOT_VERIFIED, "err.book.flaw", "number", number, NULL);
    return s->book.flaw == 0;
}

static void not_written(enum ol_err err, struct ol_fault *f)
{
    ol_fault_set(f, OL_EXIT_FAILED, err == OL_NO_ROOM ? "err.station.no_room"
                 : err == OL_LIMIT ? "err.book.full" : "err.station.failed", NULL);
}

bool book_write(struct station *s, const struct line *l, struct ol_leaf *leaf, struct ol_fault *f)
{
    static uint8_t bytes[OL_LEAF_MAX];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    struct ol_leaf_row row = {.author = leaf->author, .seq = leaf->seq};
    enum ol_err err;

    if (leaf->kind != OL_LEAF_ACCEPTED && !holds(s, f))
        return false;
    if (!office_room(s, leaf->kind)) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.memory", NULL);
        return false;
    }
    leaf->time = station_now(s).utc;
    if (l != NULL)
        leaf->line = l->info.id;
    err = ol_book_next(&s->book, leaf);
    if (!err) {
        ol_leaf_write(leaf, &w);
        row.number = leaf->number;
        row.line = leaf->line;
        row.bytes = ol_wr_span(&w);
        ol_leaf_hash(row.bytes, &row.hash);
        err = ol_store_book_append(s->store, &row);
    }
    if (err) {
        not_written(err, f);
        return false;
    }
    ol_book_fold(&s->book, row.number, &row.hash, row.bytes);
    ol_office_note(&s->office, leaf);
    return true;
}

/* ---- Reading ---- */

struct reading {
    bool (*each)(void *ctx, const struct ol_leaf *leaf);
    void *ctx;
};

/* One that is not what was written is not given, though the book may go on after it. */
static bool give(void *ctx, const struct ol_leaf_row *row)
{
    const struct reading *to = ctx;
    struct ol_leaf leaf;

    return ol_leaf_check(row->number, &row->hash, row->bytes, &leaf) || to->each(to->ctx, &leaf);
}

bool book_each(struct station *s, const struct book_query *which, bool (*each)(void *ctx, const struct ol_leaf *leaf),
               void *ctx, struct ol_fault *f)
{
    const struct ol_book_query query = {.line = which->line != NULL ? &which->line->info.id : NULL,
                                        .author = which->author, .seq = which->seq, .from = which->from};

    if (!holds(s, f))
        return false;
    if (ol_store_book_scan(s->store, &query, give, &(struct reading){each, ctx}) == OL_OK)
        return true;
    ol_fault_set(f, OL_EXIT_FAILED, "err.station.failed", NULL);
    return false;
}

/* ---- As JSON ---- */

static json_t *text_or_null(struct ol_span text)
{
    return text.len > 0 ? json_stringn((const char *)text.p, text.len) : json_null();
}

static json_t *line_name(const struct station *s, const struct ol_hash *id)
{
    for (size_t i = 0; i < s->lines_n; i++) {
        if (ol_hash_equal(&s->line[i]->info.id, id))
            return json_string(s->line[i]->info.name);
    }
    return json_null();
}

static json_t *leaf_json(const struct station *s, const struct ol_leaf *leaf)
{
    return json_pack("{s:i,s:I,s:o,s:s,s:o,s:o,s:o,s:o,s:o}", "schema", 1, "number", (json_int_t)leaf->number, "line",
                     line_name(s, &leaf->line), "kind", ol_leaf_kind_name(leaf->kind), "about",
                     leaf->author != 0 ? view_id(leaf->author, leaf->seq) : json_null(), "time", view_time(leaf->time),
                     "role", text_or_null(leaf->role), "lang", text_or_null(leaf->lang), "text",
                     text_or_null(leaf->text));
}

/* ---- What can be asked ---- */

static bool refuse(struct ol_fault *f, enum ol_exit code, const char *key, const char *name, const char *value)
{
    ol_fault_set(f, code, key, name, value, NULL);
    return false;
}

/* A parameter that may be left out. */
static bool is_given(const struct request *r, const char *name)
{
    const json_t *value = json_object_get(r->params, name);

    return value != NULL && !json_is_null(value);
}

/* Which line, or none, and which entry of it, or none. False with the fault. */
static bool read_place(const struct request *r, struct line **l, uint8_t *author, uint32_t *seq, struct ol_fault *f)
{
    const char *name = text_param(r, "line");
    const char *id = text_param(r, "id");
    struct ol_row row;

    *l = name != NULL ? line_by_name(r->station, name) : NULL;
    *author = 0;
    *seq = 0;
    if (*l == NULL && (is_given(r, "line") || is_given(r, "id")))
        return refuse(f, OL_EXIT_USAGE, "err.station.line", "line", name != NULL ? name : "");
    if (!is_given(r, "id"))
        return true;
    if (id == NULL || !ol_entry_id_read(id, author, seq))
        return refuse(f, OL_EXIT_USAGE, "err.station.id", "id", id != NULL ? id : "");
    if (ol_store_row(r->station->store, (*l)->info.number, *author, *seq, &row))
        return refuse(f, OL_EXIT_FAILED, "err.station.entry", "id", id);
    return true;
}

/* 0 when none is given. False with the fault. */
static bool read_kind(const struct request *r, uint8_t *kind, struct ol_fault *f)
{
    const char *name = text_param(r, "kind");

    *kind = name != NULL ? ol_leaf_kind_of(name) : 0;
    return *kind != 0 || !is_given(r, "kind") || refuse(f, OL_EXIT_USAGE, "err.book.kind", NULL, NULL);
}

/* What a person writes down; the rest is written where it happens. */
static bool is_written_by_hand(uint8_t kind)
{
    return kind == OL_LEAF_NOTE || kind == OL_LEAF_TRANSLATION || kind == OL_LEAF_DRAFT || kind == OL_LEAF_TEMPLATE ||
           kind == OL_LEAF_POINTS || kind == OL_LEAF_INSTRUCTIONS || kind == OL_LEAF_ACCOUNT;
}

static void write_and_answer(const struct request *r, const struct line *l, struct ol_leaf *leaf)
{
    const char *role = roles_own(r->officer);
    struct ol_fault f;

    leaf->role = ol_span(role, strlen(role));
    if (book_write(r->station, l, leaf, &f))
        client_result(r->client, r->id, leaf_json(r->station, leaf));
    else
        client_fault(r->client, r->id, &f);
}

static bool read_lang(const struct request *r, struct ol_span *lang, struct ol_fault *f)
{
    const char *tag = is_given(r, "lang") ? text_param(r, "lang") : r->station->conf.lang;

    *lang = ol_span(tag, tag != NULL ? strlen(tag) : 0);
    return ol_lang_valid(*lang) || refuse(f, OL_EXIT_USAGE, "err.station.lang", "lang", tag != NULL ? tag : "");
}

void book_note(const struct request *r)
{
    struct ol_leaf leaf = {0};
    struct line *l;
    uint8_t *text = NULL;
    struct ol_fault f;

    if (!read_place(r, &l, &leaf.author, &leaf.seq, &f) || !read_kind(r, &leaf.kind, &f) ||
        !read_lang(r, &leaf.lang, &f) ||
        !read_text(json_object_get(r->params, "text"), OL_TEXT_MAX, &text, &leaf.text.len, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    leaf.text.p = text;
    if (leaf.kind == 0)
        leaf.kind = OL_LEAF_NOTE;
    if (is_written_by_hand(leaf.kind)) {
        write_and_answer(r, l, &leaf);
    } else {
        ol_fault_set(&f, OL_EXIT_USAGE, "err.book.kind", NULL);
        client_fault(r->client, r->id, &f);
    }
    free(text);
}

/* One answer's worth of leaves. */
struct notes {
    const struct station *station;
    uint8_t kind; /* 0: all */
    json_t *list;
    size_t most;
    size_t bytes;
    uint32_t next; /* the last that was looked at, when there may be more; 0: there are no more */
};

static bool take_leaf(void *ctx, const struct ol_leaf *leaf)
{
    struct notes *notes = ctx;

    if (json_array_size(notes->list) == notes->most || notes->bytes > PAGE_BYTES) {
        notes->next = leaf->number - 1;
        return false;
    }
    if (notes->kind == 0 ? leaf->kind != OL_LEAF_PATH : notes->kind == leaf->kind) {
        json_array_append_new(notes->list, leaf_json(notes->station, leaf));
        notes->bytes += leaf->text.len;
    }
    return true;
}

void book_notes(const struct request *r)
{
    json_int_t after = json_integer_value(json_object_get(r->params, "after"));
    json_int_t limit = json_integer_value(json_object_get(r->params, "limit"));
    bool limited = limit > 0 && limit <= PAGE_LEAVES;
    struct notes notes = {.station = r->station, .most = limited ? (size_t)limit : PAGE_LEAVES};
    struct book_query which = {.from = after > 0 && after < OL_SEQ_MAX ? (uint32_t)after + 1 : 1};
    struct line *l;
    struct ol_fault f;

    if (!read_place(r, &l, &which.author, &which.seq, &f) || !read_kind(r, &notes.kind, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    which.line = l;
    notes.list = json_array();
    if (!book_each(r->station, &which, take_leaf, &notes, &f)) {
        json_decref(notes.list);
        client_fault(r->client, r->id, &f);
        return;
    }
    client_result(r->client, r->id,
                  json_pack("{s:i,s:o,s:o}", "schema", 1, "notes", notes.list, "next",
                            notes.next > 0 ? json_integer(notes.next) : json_null()));
}

void book_accept(const struct request *r)
{
    struct ol_leaf leaf = {.kind = OL_LEAF_ACCEPTED};
    uint8_t *text = NULL;
    struct ol_fault f;

    if (r->station->book.flaw == 0) {
        ol_fault_set(&f, OL_EXIT_FAILED, "err.book.holds", NULL);
        client_fault(r->client, r->id, &f);
        return;
    }
    if (!read_text(json_object_get(r->params, "reason"), OL_TEXT_MAX, &text, &leaf.text.len, &f)) {
        client_fault(r->client, r->id, &f);
        return;
    }
    leaf.text.p = text;
    write_and_answer(r, NULL, &leaf);
    free(text);
}
