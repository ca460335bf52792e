/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/dialogue.h"

#include <assert.h>

#include "desk/form.h"
#include "desk/kind.h"

static const char *const state_names[] = {
    [OL_RELEASED] = "released",   [OL_SENT] = "sent",           [OL_DELIVERED] = "delivered",
    [OL_TAKEN] = "taken",         [OL_READ_BACK] = "read_back", [OL_CONFIRMED] = "confirmed",
    [OL_CORRECTED] = "corrected", [OL_DECLINED] = "declined",
};

const char *ol_message_state_name(enum ol_message_state state)
{
    assert((unsigned)state < sizeof state_names / sizeof state_names[0]);
    return state_names[state];
}

/* ---- Who may do what when ---- */

#define IN(state) (1u << (state))
#define ON_RECORD (IN(OL_DELIVERED) | IN(OL_TAKEN) | IN(OL_READ_BACK) | IN(OL_CONFIRMED) | IN(OL_CORRECTED))

/* The table of doc/protocol.md. From delivered on only one side can change what the other is about to answer: a
 * correction while the receiver still reads back the old text wins because the read-back names what it read; a decline
 * wins over a correction that crosses it, whichever comes first in ladder order. A reply or an onward receipt leaves the
 * state as it is. */
static const struct rule {
    uint8_t kind;
    unsigned in;
    enum ol_message_state next; /* RELEASED: as it was */
} rules[] = {
    {OL_KIND_TAKE, IN(OL_DELIVERED), OL_TAKEN},
    {OL_KIND_READBACK, IN(OL_TAKEN) | IN(OL_CORRECTED), OL_READ_BACK},
    {OL_KIND_CONFIRM, IN(OL_READ_BACK), OL_CONFIRMED},
    {OL_KIND_CORRECT, IN(OL_TAKEN) | IN(OL_READ_BACK) | IN(OL_CORRECTED), OL_CORRECTED},
    {OL_KIND_DECLINE, IN(OL_DELIVERED) | IN(OL_TAKEN) | IN(OL_CORRECTED), OL_DECLINED},
    {OL_KIND_REPLY, ON_RECORD, OL_RELEASED},
    {OL_KIND_ONWARD, ON_RECORD, OL_RELEASED},
    {OL_KIND_ESCALATE, IN(OL_DELIVERED), OL_RELEASED},
};

static const struct rule *rule_of(uint8_t kind)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].kind == kind)
            return &rules[i];
    }
    return NULL;
}

bool ol_act_allowed(enum ol_message_state state, uint8_t kind)
{
    const struct rule *rule = rule_of(kind);

    assert(state <= OL_DECLINED);
    return rule != NULL && (rule->in & IN(state));
}

bool ol_answer_closes(uint8_t class, uint8_t answer)
{
    static const unsigned closing[OL_CLASSES] = {
        [OL_CLASS_R] = IN(OL_ROGER),
        [OL_CLASS_WU] = IN(OL_WILCO) | IN(OL_UNABLE),
        [OL_CLASS_AN] = IN(OL_AFFIRM) | IN(OL_NEGATIVE),
    };

    assert(class < OL_CLASSES && answer < OL_ANSWERS);
    return closing[class] & IN(answer);
}

/* ---- The fold ---- */

void ol_dialogue_init(struct ol_dialogue *d, const struct ol_row *message)
{
    struct ol_message m;

    assert(message->h.seq > 0);
    *d = (struct ol_dialogue){.author = message->h.author, .state = OL_DELIVERED, .version = message->h.seq};
    /* One that does not read has class R: whoever cannot read it can say so in reply. */
    if (ol_meaning_read(message->h.kind, message->body, &m) == OL_OK)
        d->answer = m.answer;
    if (message->h.kind == OL_KIND_FORM)
        d->form = message->body;
    assert(d->answer < OL_CLASSES);
    d->open = d->answer != OL_CLASS_N;
}

static void close_by(struct ol_dialogue *d, const struct ol_row *row)
{
    assert(row->h.seq > 0);
    d->open = false;
    d->until = 0;
    d->closed = (struct ol_ref){row->h.author, row->h.seq};
}

/* An answer that crosses its sender's amendment closes nothing, but a person has met the old text, whichever of the two
 * comes first in ladder order. */
static bool answer_by(struct ol_dialogue *d, const struct ol_row *row, bool closes)
{
    bool effect = d->open;

    if (!d->open && d->superseded == 0)
        return false;
    d->met = true;
    if (effect && closes)
        close_by(d, row);
    assert(d->open != (d->closed.author != 0));
    return effect;
}

/* Answers in form: the right one closes, standing by does not, any other has no effect. */
static bool fold_reply(struct ol_dialogue *d, const struct ol_act *act, const struct ol_row *row)
{
    bool closes = ol_answer_closes(d->answer, act->what);

    if ((!closes && act->what != OL_STANDBY) || !answer_by(d, row, closes))
        return false;
    if (act->what == OL_STANDBY)
        d->until = act->until;
    return true;
}

static void fold_onward(struct ol_dialogue *d, const struct ol_act *act)
{
    assert(act->what > OL_STAGE_NONE && act->what < OL_STAGES);
    d->met = true;
    d->not_passed = act->text.len > 0;
    if (!d->not_passed)
        d->stage = act->what;
}

static bool fold_escalate(struct ol_dialogue *d, const struct ol_act *act)
{
    if (d->met || act->what <= d->step)
        return false;
    d->step = act->what;
    return true;
}

/* Whether these are the values of the form. */
static bool is_same(struct ol_span form, struct ol_span values)
{
    struct ol_form_body sent;
    struct ol_values back;
    struct ol_misread misread;

    assert(form.len > 0);
    return ol_form_read(form, &sent) == OL_OK && ol_values_read(values, &back) == OL_OK &&
           ol_values_same(&sent.values, &back, &misread);
}

/* A form is not restated or corrected in words, nor a text in values. */
static bool is_in_kind(const struct ol_dialogue *d, const struct ol_act *act)
{
    if (act->kind == OL_KIND_READBACK)
        return d->form.len > 0 ? is_same(d->form, act->values) : act->values.len == 0;
    return act->kind != OL_KIND_CORRECT || d->form.len == 0;
}

/* Whether it is about what stands. */
static bool is_current(const struct ol_dialogue *d, const struct ol_act *act)
{
    if (act->kind == OL_KIND_READBACK)
        return act->about == d->version;
    if (act->kind == OL_KIND_CONFIRM)
        return act->about == d->readback;
    /* What was answered is not declined any more. */
    return act->kind != OL_KIND_DECLINE || d->open || d->answer == OL_CLASS_N;
}

static bool fold_act(struct ol_dialogue *d, const struct ol_act *act, const struct ol_row *row)
{
    if (!ol_act_allowed(d->state, act->kind) || !is_current(d, act) || !is_in_kind(d, act))
        return false;
    if (act->kind == OL_KIND_REPLY)
        return fold_reply(d, act, row);
    if (act->kind == OL_KIND_ONWARD) {
        fold_onward(d, act);
        return true;
    }
    if (act->kind == OL_KIND_ESCALATE)
        return fold_escalate(d, act);
    assert(rule_of(act->kind) != NULL && rule_of(act->kind)->next != OL_RELEASED);
    d->state = act->values.len > 0 ? OL_CONFIRMED : rule_of(act->kind)->next;
    if (act->kind == OL_KIND_READBACK)
        d->readback = row->h.seq;
    if (act->kind == OL_KIND_CORRECT)
        d->version = row->h.seq;
    if (d->open && (act->kind == OL_KIND_DECLINE || (d->state == OL_CONFIRMED && d->answer == OL_CLASS_R)))
        close_by(d, row);
    return true;
}

/* Its author's later message in place of it, or the receiver's answer in words. */
static bool fold_message(struct ol_dialogue *d, const struct ol_message *m, const struct ol_row *row)
{
    if (row->h.author == d->author) {
        if (d->superseded > 0)
            return false;
        d->superseded = row->h.seq;
        d->cancelled = m->cancels > 0;
        close_by(d, row);
        return true;
    }
    return d->answer == OL_CLASS_Y && answer_by(d, row, true);
}

bool ol_dialogue_fold(struct ol_dialogue *d, const struct ol_row *row)
{
    struct ol_message m;
    struct ol_act act;

    if (ol_is_act(row->h.kind))
        return ol_act_read(row->h.kind, row->body, &act) == OL_OK && fold_act(d, &act, row);
    return ol_meaning_read(row->h.kind, row->body, &m) == OL_OK && fold_message(d, &m, row);
}

/* ---- Ladder order ---- */

/* Whether x, of one side, names y, of the other, or something after it. */
static bool names(const struct ol_row *x, const struct ol_row *y)
{
    assert(x->h.author != y->h.author);
    if (x->marks & OL_ROW_CLAIM)
        return false;
    return x->h.flags & OL_FLAG_ALONE ? x->h.xseq == y->h.seq : x->h.xseq >= y->h.seq;
}

bool ol_ladder_a_first(const struct ol_row *a, const struct ol_row *b)
{
    assert(a->h.author == 'A' && b->h.author == 'B');
    return !names(a, b);
}

void ol_dialogue_of(struct ol_dialogue *d, const struct ol_row *message, ol_next_row_fn *next,
                    void (*each)(void *ctx, const struct ol_row *row, const struct ol_dialogue *after, bool effect),
                    void *ctx)
{
    struct ol_row row[2];
    bool there[2];

    ol_dialogue_init(d, message);
    there[0] = next(ctx, 0, &row[0]);
    there[1] = next(ctx, 1, &row[1]);
    for (unsigned n = 0; (there[0] || there[1]) && (each != NULL || n < OL_ACTS_MAX); n++) {
        unsigned side = !there[0] || (there[1] && !ol_ladder_a_first(&row[0], &row[1]));
        bool effect = n < OL_ACTS_MAX && ol_dialogue_fold(d, &row[side]);

        assert(there[side] && !(d->open && d->closed.author != 0));
        if (each != NULL)
            each(ctx, &row[side], d, effect);
        there[side] = next(ctx, side, &row[side]);
    }
    d->form = ol_span(NULL, 0);
}

/* ---- A kept view ---- */

#define OPEN 1u
#define MET 2u
#define CANCELLED 4u
#define NOT_PASSED 8u

void ol_dialogue_write(const struct ol_dialogue *d, struct ol_wr *w)
{
    assert(d->stage < OL_STAGES && d->step < OL_STEPS && d->answer < OL_CLASSES && d->state <= OL_DECLINED);
    ol_wr_u8(w, d->author);
    ol_wr_u8(w, (uint8_t)d->state);
    ol_wr_u32(w, d->version);
    ol_wr_u32(w, d->readback);
    ol_wr_u8(w, d->answer);
    ol_wr_u8(w, (uint8_t)((d->open ? OPEN : 0) | (d->met ? MET : 0) | (d->cancelled ? CANCELLED : 0) |
                          (d->not_passed ? NOT_PASSED : 0)));
    ol_wr_u8(w, d->step);
    ol_wr_u8(w, d->stage);
    ol_wr_u32(w, d->until);
    ol_wr_u32(w, d->superseded);
    ol_wr_u8(w, d->closed.author);
    ol_wr_u32(w, d->closed.seq);
}

enum ol_err ol_dialogue_read(struct ol_span bytes, struct ol_dialogue *d)
{
    struct ol_rd r = ol_rd_from(bytes);
    struct ol_dialogue v = {.author = ol_rd_u8(&r)};
    uint8_t state = ol_rd_u8(&r);
    uint8_t flags;

    v.version = ol_rd_u32(&r);
    v.readback = ol_rd_u32(&r);
    v.answer = ol_rd_u8(&r);
    flags = ol_rd_u8(&r);
    v.step = ol_rd_u8(&r);
    v.stage = ol_rd_u8(&r);
    v.until = ol_rd_u32(&r);
    v.superseded = ol_rd_u32(&r);
    v.closed.author = ol_rd_u8(&r);
    v.closed.seq = ol_rd_u32(&r);
    *d = (struct ol_dialogue){0};
    if (ol_rd_end(&r) || state > OL_DECLINED || v.answer >= OL_CLASSES || v.stage >= OL_STAGES ||
        v.step >= OL_STEPS || flags > 15)
        return OL_MALFORMED;
    v.state = (enum ol_message_state)state;
    v.open = flags & OPEN;
    v.met = flags & MET;
    v.cancelled = flags & CANCELLED;
    v.not_passed = flags & NOT_PASSED;
    *d = v;
    return OL_OK;
}

static size_t view_of(const struct ol_row *message, ol_next_row_fn *next, void *ctx, uint8_t *view)
{
    struct ol_wr w = ol_wr_to(view, OL_DIALOGUE_BYTES);
    struct ol_dialogue d;

    ol_dialogue_of(&d, message, next, NULL, ctx);
    ol_dialogue_write(&d, &w);
    assert(!w.full && w.len == OL_DIALOGUE_BYTES);
    return w.len;
}

const struct ol_views ol_dialogue_views = {
    .refer = ol_message_refer,
    .begins = ol_kind_is_message,
    .fold = view_of,
    .version = OL_DIALOGUE_VERSION,
};
