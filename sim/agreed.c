/* SPDX-License-Identifier: Apache-2.0 */
/* What both sides agreed and who is at their desks, folded from a record; at rest both records say the same. */
#include <stdlib.h>
#include <string.h>

#include "sim/run.h"

struct sim_agreed {
    struct ol_row *row[2];
    size_t n[2];
    size_t at[2];
    struct ol_header *urgent;
    size_t urgents;
    struct ol_agree fold;
};

static bool keep_agreement(void *ctx, const struct ol_row *row)
{
    struct sim_agreed *a = ctx;
    unsigned side = row->h.author == 'B';
    uint8_t *body;

    if (ol_kind_is_message(row->h.kind) && ol_agree_is_urgent(&row->h)) {
        if ((a->urgents & (a->urgents - 1)) == 0)
            a->urgent = sim_must(realloc(a->urgent, (a->urgents == 0 ? 1 : 2 * a->urgents) * sizeof *a->urgent));
        a->urgent[a->urgents++] = row->h;
    }
    if (row->h.kind != OL_KIND_PROPOSE && row->h.kind != OL_KIND_RESPOND)
        return true;
    if ((a->n[side] & (a->n[side] - 1)) == 0)
        a->row[side] = sim_must(realloc(a->row[side], (a->n[side] == 0 ? 1 : 2 * a->n[side]) * sizeof *row));
    body = sim_must(malloc(row->body.len + 1));
    memcpy(body, row->body.p, row->body.len);
    a->row[side][a->n[side]] = *row;
    a->row[side][a->n[side]++].body = ol_span(body, row->body.len);
    return true;
}

static bool next_agreement(void *ctx, unsigned side, struct ol_row *row)
{
    struct sim_agreed *a = ctx;

    if (a->at[side] == a->n[side])
        return false;
    *row = a->row[side][a->at[side]++];
    return true;
}

struct sim_agreed *sim_agreed_of(struct ol_store *store, int64_t line)
{
    struct sim_agreed *a = sim_must(calloc(1, sizeof *a));

    for (uint8_t author = 'A'; author <= 'B'; author++) {
        if (ol_store_scan(store, line, author, 1, keep_agreement, a)) {
            sim_agreed_free(a);
            return NULL;
        }
    }
    ol_agree_of(&a->fold, next_agreement, a);
    for (size_t i = 0; i < a->urgents; i++)
        ol_agree_message(&a->fold, &a->urgent[i]);
    return a;
}

const struct ol_agree *sim_agreed_fold(const struct sim_agreed *a)
{
    return &a->fold;
}

void sim_agreed_free(struct sim_agreed *a)
{
    for (unsigned side = 0; a != NULL && side < 2; side++) {
        for (size_t i = 0; i < a->n[side]; i++)
            free((void *)(uintptr_t)a->row[side][i].body.p);
        free(a->row[side]);
    }
    if (a != NULL)
        free(a->urgent);
    free(a);
}

/* ---- At rest ---- */

static bool same_ref(struct ol_ref a, struct ol_ref b)
{
    return a.author == b.author && a.seq == b.seq;
}

static bool same_step(const struct ol_step *a, const struct ol_step *b)
{
    return a->side == b->side && a->since == b->since && ol_span_equal(a->reason, b->reason);
}

static bool same_accord(const struct ol_accord *a, const struct ol_accord *b)
{
    return same_ref(a->id, b->id) && a->what.topic == b->what.topic && a->state == b->state &&
           same_step(&a->last, &b->last) && a->accepted == b->accepted && same_ref(a->broken, b->broken) &&
           a->broken_at == b->broken_at;
}

static bool same_channel(const struct ol_channel *a, const struct ol_channel *b)
{
    return ol_span_equal(a->level, b->level) && a->state == b->state && same_step(&a->last, &b->last) &&
           a->terms == b->terms && same_step(&a->suspended[0], &b->suspended[0]) &&
           same_step(&a->suspended[1], &b->suspended[1]);
}

static bool same_agreements(const struct ol_agree *a, const struct ol_agree *b)
{
    bool same = a->accords == b->accords && a->channels == b->channels;

    for (size_t i = 0; same && i < a->accords; i++)
        same = same_accord(&a->accord[i], &b->accord[i]);
    for (size_t i = 0; same && i < a->channels; i++)
        same = same_channel(&a->channel[i], &b->channel[i]);
    return same;
}

static bool note_desk(void *ctx, const struct ol_row *row)
{
    ol_desk_note(ctx, row);
    return true;
}

static bool same_presence(const struct ol_desk *a, const struct ol_desk *b, uint32_t now)
{
    static const uint32_t later[] = {0, 300, 3600, 86400};
    bool same = true;

    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        struct ol_presence p;
        struct ol_presence q;

        ol_desk_at(a, now + later[i], &p);
        ol_desk_at(b, now + later[i], &q);
        same = same && p.state == q.state && p.why == q.why && p.since == q.since && p.until == q.until &&
               ol_span_equal(p.role, q.role) && ol_desk_is_out(a, now + later[i]) == ol_desk_is_out(b, now + later[i]);
    }
    return same;
}

/* What p kept of each side's desk is what both records say. */
static void check_presence(struct sim_party *p)
{
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned at = 0; at < 2; at++) {
            const struct sim_party *held = &p->sim->party[at];
            struct ol_desk d = {0};

            if (held->lies)
                continue;
            sim_check(p->sim, SIM_CHECK_DESKS_AGREE,
                      ol_store_scan(held->store, held->info.number, (uint8_t)('A' + side), 1, note_desk, &d) == OL_OK &&
                          same_presence(&p->desk.side[side], &d, sim_party_now(p).utc),
                      "%s shows the desk of %c otherwise than the record of %s", p->name, 'A' + (int)side, held->name);
        }
    }
}

static void check_agreements(struct sim *s)
{
    struct sim_agreed *a = sim_agreed_of(s->party[0].store, s->party[0].info.number);
    struct sim_agreed *b = sim_agreed_of(s->party[1].store, s->party[1].info.number);

    sim_check(s, SIM_CHECK_DESKS_AGREE, a != NULL && b != NULL && same_agreements(&a->fold, &b->fold),
              "the two sides agreed to different things");
    sim_agreed_free(a);
    sim_agreed_free(b);
}

void sim_check_desks(struct sim *s)
{
    for (unsigned i = 0; i < 2; i++) {
        size_t checked;
        size_t differ;
        enum ol_err err;

        if (s->party[i].lies)
            continue;
        check_presence(&s->party[i]);
        err = ol_store_views_check(s->party[i].store, &ol_dialogue_views, &checked, &differ);
        sim_check(s, SIM_CHECK_VIEWS_REBUILD, err == OL_OK && differ == 0,
                  "%u of %u views that the store of %s kept are not what its record says", (unsigned)differ,
                  (unsigned)checked, s->party[i].name);
    }
    if (s->liar < 0)
        check_agreements(s);
}
