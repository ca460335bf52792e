/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/month.h"

#include <stdlib.h>
#include <string.h>

#include "desk/linetest.h"

/* The entries of one side of which agreements and tests are folded, with bodies of their own. */
struct kept {
    struct ol_row *row;
    size_t n;
    size_t at;
    size_t tests;
    bool failed;
};

static bool keep(void *ctx, const struct ol_row *row)
{
    struct kept *k = ctx;
    struct ol_row *grown;
    uint8_t *body;

    if (row->h.kind != OL_KIND_PROPOSE && row->h.kind != OL_KIND_RESPOND && row->h.kind != OL_KIND_TEST)
        return true;
    grown = realloc(k->row, (k->n + 1) * sizeof *grown);
    body = malloc(row->body.len + 1);
    k->row = grown != NULL ? grown : k->row;
    k->failed = grown == NULL || body == NULL;
    if (k->failed) {
        free(body);
        return false;
    }
    memcpy(body, row->body.p, row->body.len);
    k->tests += row->h.kind == OL_KIND_TEST;
    k->row[k->n] = *row;
    k->row[k->n++].body = ol_span(body, row->body.len);
    return true;
}

static void drop(struct kept *k)
{
    for (size_t i = 0; i < k->n; i++)
        free((void *)(uintptr_t)k->row[i].body.p);
    free(k->row);
}

static bool next(void *ctx, unsigned side, struct ol_row *row)
{
    struct kept *k = (struct kept *)ctx + side;

    while (k->at < k->n && k->row[k->at].h.kind == OL_KIND_TEST)
        k->at++;
    if (k->at == k->n)
        return false;
    *row = k->row[k->at++];
    return true;
}

/* Marks of both sides, all of them; to be freed. */
static struct ol_linetest_mark *mark(const struct kept kept[static 2], struct ol_linetests *t)
{
    size_t cap = kept[0].tests > kept[1].tests ? kept[0].tests + 1 : kept[1].tests + 1;
    struct ol_linetest_mark *marks = calloc(2 * cap, sizeof *marks);

    *t = (struct ol_linetests){.mark = {marks, marks != NULL ? marks + cap : NULL}, .cap = cap};
    for (size_t side = 0; marks != NULL && side < 2; side++) {
        for (size_t i = 0; i < kept[side].n; i++)
            ol_linetest_note(t, &kept[side].row[i]);
    }
    return marks;
}

static enum ol_err count(struct kept kept[static 2], uint32_t now, struct ol_stats *month)
{
    static struct ol_agree agree;
    size_t room = (month->month.to - month->month.from) / (OL_TESTS_EVERY_MIN * 60) + 1;
    struct ol_slot *slot = calloc(room, sizeof *slot);
    struct ol_linetests t;
    struct ol_linetest_mark *marks = mark(kept, &t);
    enum ol_err err = slot != NULL && marks != NULL ? OL_OK : OL_LIMIT;

    if (!err) {
        ol_agree_of(&agree, next, kept);
        room = ol_slots_of(&agree, month->month.from, month->month.to - 1, slot, room);
        ol_slots_fill(&t, slot, room);
        ol_stats_tests(month, slot, room, now);
    }
    free(marks);
    free(slot);
    return err;
}

enum ol_err ol_month_count_tests(struct ol_store *s, int64_t line, uint32_t now, struct ol_stats *month)
{
    struct kept kept[2] = {{0}};
    enum ol_err err = OL_OK;

    for (unsigned i = 0; i < 2 && !err; i++) {
        err = ol_store_scan(s, line, (uint8_t)('A' + i), 1, keep, &kept[i]);
        if (kept[i].failed)
            err = OL_LIMIT;
    }
    if (!err)
        err = count(kept, now, month);
    drop(&kept[0]);
    drop(&kept[1]);
    return err;
}
