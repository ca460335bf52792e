/* SPDX-License-Identifier: Apache-2.0 */
/* The people at a station: what they write, what they are shown, what they do about it. */
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "desk/dialogue.h"
#include "sim/run.h"
#include "base/cbor.h"

#define LOOKS_BACK 24u /* open messages that people still look at */

/* ---- What is written ---- */

static void text_hash(uint8_t kind, struct ol_span body, struct ol_hash *out)
{
    struct ol_span parts[2] = {ol_span(&kind, 1), body};

    ol_sha256(parts, 2, out);
}

/* Nobody says the same twice of a message; of a desk and of what is agreed one may. */
static bool written_before(const struct sim_party *p, uint8_t kind, const struct ol_hash *hash)
{
    if (!ol_kind_is_message(kind) && !ol_is_act(kind))
        return false;
    for (size_t i = p->text_n; i-- > 0;)
        if (!p->text[i].gone && ol_hash_equal(&p->text[i].hash, hash))
            return true;
    return false;
}

bool sim_people_write(struct sim_party *p, uint8_t kind, uint8_t flags, struct ol_span body)
{
    struct sim_text t = {.kind = kind, .flags = flags, .token = p->next_token};
    uint8_t *copy;

    text_hash(kind, body, &t.hash);
    if (!p->running || written_before(p, kind, &t.hash))
        return false;
    if (p->text_n == p->text_cap) {
        p->text_cap = p->text_cap == 0 ? 64 : 2 * p->text_cap;
        p->text = sim_must(realloc(p->text, p->text_cap * sizeof *p->text));
    }
    copy = sim_must(malloc(body.len + 1));
    memcpy(copy, body.p, body.len);
    t.body = ol_span(copy, body.len);
    t.len = body.len;
    p->text[p->text_n++] = t;
    p->next_token++;
    sim_people_hand_over(p);
    sim_party_wake(p);
    return true;
}

static void drop_body(struct sim_text *t)
{
    free((void *)(uintptr_t)t->body.p);
    t->body = ol_span(NULL, 0);
}

void sim_people_hand_over(struct sim_party *p)
{
    while (p->running && p->text_waiting < p->text_n) {
        struct sim_text *t = &p->text[p->text_waiting];
        enum ol_err err = t->gone ? OL_ABSENT
                                  : ol_line_write(p->line, t->kind, t->flags, t->body, t->token, sim_party_now(p));

        if (err == OL_LATER)
            return;
        t->written = err == OL_OK;
        t->gone = err != OL_OK; /* refused, and whoever wrote it knows */
        drop_body(t);
        p->text_waiting++;
    }
}

void sim_people_forget(struct sim_party *p)
{
    for (size_t i = p->text_n; i-- > 0 && !(p->text[i].durable && p->text[i].written);)
        p->text[i].gone = p->text[i].gone || !p->text[i].durable;
    for (; p->text_waiting < p->text_n; p->text_waiting++)
        drop_body(&p->text[p->text_waiting]);
}

/* Tokens ascend. */
struct sim_text *sim_people_text(struct sim_party *p, uint64_t token)
{
    size_t low = 0;
    size_t high = p->text_n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (p->text[middle].token < token)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->text_n && p->text[low].token == token ? &p->text[low] : NULL;
}

bool sim_people_mean(struct sim_party *p, uint8_t flags, size_t len, struct ol_message m)
{
    static char text[OL_TEXT_MAX];
    static uint8_t body[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    int n = snprintf(text, sizeof text, "%s says %llu ", p->name, (unsigned long long)++p->sim->said);

    for (size_t i = (size_t)n; i < len && i < sizeof text; i++)
        text[i] = (char)('a' + (i + p->sim->said) % 26);
    m.text = ol_span(text, len > (size_t)n ? len : (size_t)n);
    if (p->sim->said % 5 == 0)
        m.subject = ol_span("subject", 7);
    ol_message_write(&m, &w);
    sim_world_say(&p->sim->world, "%s writes number %llu, %u bytes%s", p->name, (unsigned long long)p->sim->said,
                  (unsigned)m.text.len, ol_flags_precedence(flags) == OL_FLASH ? ", FLASH" : "");
    return sim_people_write(p, OL_KIND_MESSAGE, flags, ol_wr_span(&w));
}

bool sim_people_say(struct sim_party *p, enum ol_precedence precedence, size_t len, bool exercise)
{
    uint64_t n = p->sim->said;
    const struct ol_message m = {.answer = n % 3 == 0 ? (uint8_t)(n / 3 % OL_CLASSES) : (uint8_t)OL_CLASS_R};

    return sim_people_mean(p, (uint8_t)(precedence << 6 | (exercise ? OL_FLAG_EXERCISE : 0)), len, m);
}

/* ---- What is shown ---- */

struct acts {
    struct ol_row *row;
    size_t n;
    size_t cap;
    size_t at[2];
};

static bool keep_act(void *ctx, const struct ol_row *row)
{
    struct acts *acts = ctx;
    uint8_t *body = sim_must(malloc(row->body.len + 1));

    if (acts->n == acts->cap) {
        acts->cap = acts->cap == 0 ? 8 : 2 * acts->cap;
        acts->row = sim_must(realloc(acts->row, acts->cap * sizeof *acts->row));
    }
    memcpy(body, row->body.p, row->body.len);
    acts->row[acts->n] = *row;
    acts->row[acts->n++].body = ol_span(body, row->body.len);
    return true;
}

static bool next_act(void *ctx, unsigned side, struct ol_row *row)
{
    struct acts *acts = ctx;

    while (acts->at[side] < acts->n && acts->row[acts->at[side]].h.author != 'A' + side)
        acts->at[side]++;
    if (acts->at[side] == acts->n)
        return false;
    *row = acts->row[acts->at[side]++];
    return true;
}

enum ol_err sim_people_dialogue(struct ol_store *store, int64_t line, uint8_t author, uint32_t seq,
                                struct ol_dialogue *out)
{
    struct acts all = {0};
    struct ol_row message = {.h = {.author = author, .seq = seq}}; /* an act may come before it */
    enum ol_err err = ol_store_acts(store, line, author, seq, keep_act, &all);

    if (!err)
        err = ol_store_row(store, line, author, seq, &message);
    if (err == OL_ABSENT)
        err = OL_OK;
    ol_dialogue_of(out, &message, next_act, NULL, &all);
    for (size_t i = 0; i < all.n; i++)
        free((void *)(uintptr_t)all.row[i].body.p);
    free(all.row);
    return err;
}

static struct sim_view *view_of(struct sim_party *p, uint8_t author, uint32_t seq)
{
    for (size_t i = p->view_n; i-- > 0;)
        if (p->view[i].author == author && p->view[i].seq == seq)
            return &p->view[i];
    return NULL;
}

static struct sim_view *view_add(struct sim_party *p, uint8_t author, uint32_t seq)
{
    struct sim_view *v = view_of(p, author, seq);

    if (v != NULL)
        return v;
    if (p->view_n == p->view_cap) {
        p->view_cap = p->view_cap == 0 ? 64 : 2 * p->view_cap;
        p->view = sim_must(realloc(p->view, p->view_cap * sizeof *p->view));
    }
    v = &p->view[p->view_n++];
    *v = (struct sim_view){.author = author, .seq = seq};
    return v;
}

static void refresh(struct sim_party *p, struct sim_view *v)
{
    (void)sim_people_dialogue(p->store, p->info.number, v->author, v->seq, &v->dialogue);
}

void sim_people_see(struct sim_party *p, const struct ol_row *row)
{
    struct sim_view *v;
    uint8_t author;
    uint32_t seq;

    ol_message_refer(row, &author, &seq);
    if (ol_kind_is_message(row->h.kind))
        refresh(p, view_add(p, row->h.author, row->h.seq));
    v = author != 0 ? view_of(p, author, seq) : NULL; /* an act may come before its message */
    if (v != NULL)
        refresh(p, v);
    sim_desk_row(p, row);
}

static bool begin_view(void *ctx, const struct ol_row *row)
{
    (void)view_add(ctx, row->h.author, row->h.seq);
    return true;
}

bool sim_people_rebuild(struct sim_party *p)
{
    p->view_n = 0;
    for (uint8_t author = 'A'; author <= 'B'; author++)
        if (ol_store_scan_kind(p->store, p->info.number, author, OL_KIND_MESSAGE, 1, begin_view, p))
            return false;
    for (size_t i = 0; i < p->view_n; i++)
        refresh(p, &p->view[i]);
    return true;
}

const struct ol_dialogue *sim_people_shown(const struct sim_party *p, struct ol_ref message)
{
    for (size_t i = 0; i < p->view_n; i++)
        if (p->view[i].author == message.author && p->view[i].seq == message.seq)
            return &p->view[i].dialogue;
    return NULL;
}

/* ---- What is done ---- */

/* What these people may do about this message; 0: nothing. */
static uint8_t pick_act(const struct sim_party *p, const struct sim_view *v, struct sim_rng *rng)
{
    static const uint8_t theirs[] = {OL_KIND_TAKE,     OL_KIND_READBACK, OL_KIND_TAKE, OL_KIND_READBACK,
                                     OL_KIND_DECLINE, OL_KIND_REPLY,    OL_KIND_ONWARD};
    static const uint8_t ours[] = {OL_KIND_CONFIRM, OL_KIND_CONFIRM, OL_KIND_CORRECT};
    bool own = v->author == p->side;
    const uint8_t *kinds = own ? ours : theirs;
    size_t n = own ? sizeof ours : sizeof theirs;
    size_t first = sim_rng_below(rng, n);

    for (size_t i = 0; i < n; i++) {
        uint8_t kind = kinds[(first + i) % n];

        if (ol_act_allowed(v->dialogue.state, kind) && (kind != OL_KIND_REPLY || v->dialogue.open))
            return kind;
    }
    return 0;
}

/* Mostly the one that closes it, else to stand by, or one that does not belong. */
static void draw_answer(const struct sim_party *p, uint8_t class, struct sim_rng *rng, struct ol_act *act)
{
    static const uint8_t right[OL_CLASSES] = {
        [OL_CLASS_R] = OL_ROGER, [OL_CLASS_WU] = OL_WILCO, [OL_CLASS_AN] = OL_AFFIRM,
        [OL_CLASS_Y] = OL_STANDBY, [OL_CLASS_N] = OL_STANDBY};
    uint64_t draw = sim_rng_below(rng, 6);

    act->what = draw < 3 ? right[class] : draw < 5 ? (uint8_t)OL_STANDBY : (uint8_t)sim_rng_below(rng, OL_ANSWERS);
    if (act->what == OL_STANDBY)
        act->until = sim_party_now(p).utc + 60 + (uint32_t)sim_rng_below(rng, 600);
}

/* What the kind of act needs beside the number of its message. */
static bool fill_act(const struct sim_party *p, const struct sim_view *v, const struct ol_row *row, struct sim_rng *rng,
                     struct ol_act *act, struct ol_wr *values)
{
    switch (act->kind) {
    case OL_KIND_REPLY:
        draw_answer(p, v->dialogue.answer, rng, act);
        return true;
    case OL_KIND_ONWARD:
        act->what = (uint8_t)sim_rng_between(rng, OL_STAGE_DESK, OL_STAGE_UNIT);
        if (sim_rng_below(rng, 4) == 0)
            act->text = ol_span("nobody there", 12);
        return true;
    case OL_KIND_READBACK:
        act->about = v->dialogue.version;
        if (row->h.kind != OL_KIND_FORM)
            return true;
        act->text = ol_span(NULL, 0);
        if (!sim_people_read_form(row, rng, values))
            return false;
        act->values = ol_wr_span(values);
        return true;
    case OL_KIND_CONFIRM:
        act->about = v->dialogue.readback;
        return true;
    default:
        return act->kind != OL_KIND_CORRECT || row->h.kind != OL_KIND_FORM;
    }
}

static bool act_on(struct sim_party *p, const struct sim_view *v, uint8_t kind, struct sim_rng *rng)
{
    uint8_t body[256];
    uint8_t read[128];
    char text[64];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct ol_wr values = ol_wr_to(read, sizeof read);
    struct ol_act act = {.kind = kind, .message = v->seq};
    struct ol_row row;

    if (ol_store_row(p->store, p->info.number, v->author, v->seq, &row))
        return false;
    if (kind == OL_KIND_READBACK || kind == OL_KIND_CORRECT || (kind == OL_KIND_DECLINE && sim_rng_below(rng, 2) != 0))
        act.text = ol_span(text, (size_t)snprintf(text, sizeof text, "about %c%u after %u", v->author, v->seq,
                                                  kind == OL_KIND_CORRECT ? v->dialogue.readback
                                                                          : v->dialogue.version));
    if (!fill_act(p, v, &row, rng, &act, &values))
        return false;
    ol_act_write(&act, &w);
    if (!sim_people_write(p, kind, row.h.flags & (OL_FLAGS_SIGNED & ~OL_FLAG_ALONE), ol_wr_span(&w)))
        return false;
    sim_world_say(&p->sim->world, "%s: %s %c%u", p->name,
                  kind == OL_KIND_REPLY ? ol_answer_name(act.what) : ol_kind_name(kind), v->author, v->seq);
    return true;
}

bool sim_people_do(struct sim_party *p, uint8_t precedence, uint32_t message, struct ol_act act)
{
    uint8_t body[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    act.message = message;
    ol_act_write(&act, &w);
    sim_world_say(&p->sim->world, "%s: %s of number %u", p->name,
                  act.kind == OL_KIND_REPLY ? ol_answer_name(act.what) : ol_kind_name(act.kind), message);
    return sim_people_write(p, act.kind, (uint8_t)(precedence << 6), ol_wr_span(&w));
}

bool sim_people_act(struct sim_party *p, struct sim_rng *rng)
{
    size_t oldest = p->view_n > LOOKS_BACK ? p->view_n - LOOKS_BACK : 0;

    if (!p->running)
        return false;
    if (sim_rng_below(rng, 6) == 0)
        return sim_people_officer(p, rng);
    for (size_t i = oldest; i < p->view_n; i++) {
        struct sim_view v = p->view[i];
        uint8_t kind = pick_act(p, &v, rng);

        if (kind != 0 && act_on(p, &v, kind, rng))
            return true;
    }
    return false;
}
