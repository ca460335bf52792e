/* SPDX-License-Identifier: Apache-2.0 */
/* How an entry of a line may be handled, for the commands that give it to a third party: read from the home, so that a
 * station that does not run forbids what it forbids when it does. */
#include <stdlib.h>
#include <string.h>

#include "cli/case.h"
#include "desk/agree.h"
#include "desk/kind.h"

/* What a side proposed and answered, and how far it was folded. */
struct rows {
    struct ol_row *row;
    size_t n;
    size_t at;
    bool failed;
};

static bool keep(void *ctx, const struct ol_row *row)
{
    struct rows *rows = ctx;
    struct ol_row *grown = realloc(rows->row, (rows->n + 1) * sizeof *grown);
    uint8_t *body = malloc(row->body.len + 1);

    if (grown != NULL)
        rows->row = grown;
    rows->failed = grown == NULL || body == NULL;
    if (rows->failed) {
        free(body);
        return false;
    }
    if (row->body.len > 0)
        memcpy(body, row->body.p, row->body.len);
    rows->row[rows->n] = *row;
    rows->row[rows->n++].body = ol_span(body, row->body.len);
    return true;
}

static int compare(const void *x, const void *y)
{
    const struct ol_row *a = x;
    const struct ol_row *b = y;

    return (a->h.seq > b->h.seq) - (a->h.seq < b->h.seq);
}

static enum ol_err gather(const struct ol_case *x, uint8_t author, struct rows *rows)
{
    enum ol_err err = ol_store_scan_kind(x->snapshot.store, x->line.number, author, OL_KIND_PROPOSE, 1, keep, rows);

    if (!err)
        err = ol_store_scan_kind(x->snapshot.store, x->line.number, author, OL_KIND_RESPOND, 1, keep, rows);
    if (!err && rows->n > 0)
        qsort(rows->row, rows->n, sizeof rows->row[0], compare);
    return !err && rows->failed ? OL_NO_ROOM : err;
}

static bool next_row(void *ctx, unsigned side, struct ol_row *row)
{
    struct rows *rows = ctx;

    if (rows[side].at == rows[side].n)
        return false;
    *row = rows[side].row[rows[side].at++];
    return true;
}

static void rows_free(struct rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        free((void *)(uintptr_t)rows->row[i].body.p);
    free(rows->row);
}

/* The word of a message, and when that was signed; of an act that of the message it is about. */
static void word_of(const struct ol_case *x, const struct ol_row *row, char word[static OL_WORD_LEVEL + 1], uint32_t *time)
{
    struct ol_row about = *row;
    struct ol_message m;
    uint8_t author;
    uint32_t seq;

    *word = '\0';
    ol_message_refer(row, &author, &seq);
    if (ol_is_act(row->h.kind) && author != 0 &&
        ol_store_row(x->snapshot.store, x->line.number, author, seq, &about) != OL_OK)
        return;
    *time = about.h.time;
    if (ol_meaning_read(about.h.kind, about.body, &m) == OL_OK)
        snprintf(word, OL_WORD_LEVEL + 1, "%.*s", (int)m.handling.len, (const char *)m.handling.p);
}

enum ol_err ol_case_may(const struct ol_case *x, const struct ol_row *row, enum ol_forbids what, struct ol_fault *f)
{
    static struct ol_agree agree;
    struct rows rows[2] = {{0}};
    char word[OL_WORD_LEVEL + 1];
    struct ol_handlings t;
    enum ol_err err;
    uint32_t time = 0;

    word_of(x, row, word, &time);
    err = gather(x, 'A', &rows[0]);
    if (!err)
        err = gather(x, 'B', &rows[1]);
    if (err) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.export.rows", "line", x->line.name, "detail", ol_err_text(err), NULL);
    } else {
        ol_agree_of(&agree, next_row, rows);
        ol_agree_handlings(&agree, time, &t);
        if (ol_handling_forbids(&t, ol_span(word, strlen(word)), what)) {
            ol_fault_set(f, OL_EXIT_FAILED, "err.handling.forward", "word", word, "line", x->line.name, NULL);
            err = OL_UNEXPECTED;
        }
    }
    rows_free(&rows[0]);
    rows_free(&rows[1]);
    return err;
}
