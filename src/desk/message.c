/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/message.h"

#include <assert.h>

#include "base/limits.h"
#include "desk/ledger.h"
#include "record/record.h"
#include "base/cbor.h"
#include "wire/card.h"

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

/* ---- Bodies ---- */

void ol_message_write(const struct ol_message *m, struct ol_wr *w)
{
    size_t pairs = 1 + (m->subject.len > 0) + (m->lang.len > 0);

    assert(pairs >= 1 && pairs <= 3);
    if (pairs == 1) {
        ol_cbor_put_text(w, m->text);
        return;
    }
    ol_cbor_put_map(w, pairs);
    ol_cbor_put_uint(w, 1);
    ol_cbor_put_text(w, m->text);
    if (m->subject.len > 0) {
        ol_cbor_put_uint(w, 2);
        ol_cbor_put_text(w, m->subject);
    }
    if (m->lang.len > 0) {
        ol_cbor_put_uint(w, 3);
        ol_cbor_put_text(w, m->lang);
    }
}

static enum ol_err read_map(struct ol_rd *r, struct ol_message *m)
{
    size_t pairs = ol_cbor_map(r);
    uint64_t last = UINT64_MAX;

    for (size_t i = 0; i < pairs && !r->bad; i++) {
        switch (ol_cbor_key(r, &last)) {
        case 1:
            m->text = ol_cbor_text(r);
            break;
        case 2:
            m->subject = ol_cbor_text(r);
            r->bad = r->bad || m->subject.len == 0;
            break;
        case 3:
            m->lang = ol_cbor_text(r);
            r->bad = r->bad || m->lang.len == 0;
            break;
        default:
            return OL_MALFORMED;
        }
    }
    /* One way to write a message: a map says more than its text. */
    if (m->subject.len == 0 && m->lang.len == 0)
        return OL_MALFORMED;
    return m->lang.len == 0 || ol_lang_valid(m->lang) ? OL_OK : OL_MALFORMED;
}

enum ol_err ol_message_read(struct ol_span body, struct ol_message *m)
{
    struct ol_rd r = ol_rd_from(body);

    *m = (struct ol_message){0};
    if (ol_cbor_peek(&r) == OL_CBOR_MAP) {
        if (read_map(&r, m))
            goto bad;
    } else {
        m->text = ol_cbor_text(&r);
    }
    assert(!r.bad || m->text.len == 0 || m->text.p != NULL);
    if (ol_rd_end(&r) == OL_OK && m->text.len > 0 && m->text.len <= OL_TEXT_MAX)
        return OL_OK;
bad:
    *m = (struct ol_message){0};
    return OL_MALFORMED;
}

/* What an act's body holds after the message's number. */
static bool has_about(uint8_t kind)
{
    return kind == OL_KIND_READBACK || kind == OL_KIND_CONFIRM;
}

static bool must_have_text(uint8_t kind)
{
    return kind == OL_KIND_READBACK || kind == OL_KIND_CORRECT;
}

void ol_act_write(const struct ol_act *act, struct ol_wr *w)
{
    assert(ol_is_act(act->kind));
    ol_cbor_put_array(w, 1u + has_about(act->kind) + (act->text.len > 0));
    ol_cbor_put_uint(w, act->message);
    if (has_about(act->kind))
        ol_cbor_put_uint(w, act->about);
    if (act->text.len > 0)
        ol_cbor_put_text(w, act->text);
}

enum ol_err ol_act_read(uint8_t kind, struct ol_span body, struct ol_act *act)
{
    struct ol_rd r = ol_rd_from(body);
    size_t n = ol_cbor_array(&r);
    size_t least = 1u + has_about(kind) + must_have_text(kind);
    size_t most = kind == OL_KIND_DECLINE ? 2 : least;
    uint64_t message = ol_cbor_uint(&r);
    uint64_t about = has_about(kind) ? ol_cbor_uint(&r) : 0;

    assert(least <= most && most <= 3);
    *act = (struct ol_act){.kind = kind};
    if (n < least || n > most || message == 0 || message > UINT32_MAX || about > UINT32_MAX)
        return OL_MALFORMED;
    if (n > 1u + has_about(kind)) {
        act->text = ol_cbor_text(&r);
        if (act->text.len == 0 || act->text.len > OL_TEXT_MAX)
            goto bad;
    }
    if (ol_rd_end(&r))
        goto bad;
    act->message = (uint32_t)message;
    act->about = (uint32_t)about;
    return OL_OK;
bad:
    *act = (struct ol_act){.kind = kind};
    return OL_MALFORMED;
}

bool ol_is_act(uint8_t kind)
{
    return kind >= OL_KIND_TAKE && kind <= OL_KIND_DECLINE;
}

bool ol_act_is_senders(uint8_t kind)
{
    assert(ol_is_act(kind));
    return kind == OL_KIND_CONFIRM || kind == OL_KIND_CORRECT;
}

void ol_message_refer(const struct ol_row *row, uint8_t *author, uint32_t *seq)
{
    struct ol_act act;

    *author = 0;
    *seq = 0;
    if (!ol_is_act(row->h.kind) || ol_act_read(row->h.kind, row->body, &act))
        return;
    assert(act.message > 0);
    *author = ol_act_is_senders(act.kind) ? row->h.author : (uint8_t)('A' + 'B' - row->h.author);
    *seq = act.message;
}

bool ol_body_readable(uint8_t kind, struct ol_span body)
{
    struct ol_message message;
    struct ol_act act;
    struct ol_succeeds succeeds;
    struct ol_unfreeze unfreeze;
    struct ol_span reason;
    uint32_t from;
    uint32_t to;

    if (ol_is_act(kind))
        return ol_act_read(kind, body, &act) == OL_OK;
    switch (kind) {
    case OL_KIND_MESSAGE:
        return ol_message_read(body, &message) == OL_OK;
    case OL_KIND_RESUME:
        return ol_resume_read(body, &from, &to, &reason) == OL_OK;
    case OL_KIND_CLOSE:
        return ol_close_read(body) == OL_OK;
    case OL_KIND_SUCCEEDS:
        return ol_succeeds_read(body, &succeeds) == OL_OK;
    case OL_KIND_UNFREEZE:
        return ol_unfreeze_read(body, &unfreeze) == OL_OK;
    default:
        return false;
    }
}

/* ---- Who may do what when ---- */

#define IN(state) (1u << (state))

/* The table of doc/protocol.md. From delivered on only one side can change what the other is about to answer: a
 * correction while the receiver still reads back the old text wins because the read-back names what it read; a decline
 * wins over a correction that crosses it, whichever comes first in ladder order. */
static const struct rule {
    uint8_t kind;
    unsigned in;
    enum ol_message_state next;
} rules[] = {
    {OL_KIND_TAKE, IN(OL_DELIVERED), OL_TAKEN},
    {OL_KIND_READBACK, IN(OL_TAKEN) | IN(OL_CORRECTED), OL_READ_BACK},
    {OL_KIND_CONFIRM, IN(OL_READ_BACK), OL_CONFIRMED},
    {OL_KIND_CORRECT, IN(OL_TAKEN) | IN(OL_READ_BACK) | IN(OL_CORRECTED), OL_CORRECTED},
    {OL_KIND_DECLINE, IN(OL_DELIVERED) | IN(OL_TAKEN) | IN(OL_CORRECTED), OL_DECLINED},
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

void ol_dialogue_init(struct ol_dialogue *d, uint32_t message)
{
    assert(message > 0);
    *d = (struct ol_dialogue){.state = OL_DELIVERED, .version = message};
}

bool ol_dialogue_fold(struct ol_dialogue *d, const struct ol_act *act, uint32_t seq)
{
    if (!ol_act_allowed(d->state, act->kind))
        return false;
    if (act->kind == OL_KIND_READBACK && act->about != d->version)
        return false;
    if (act->kind == OL_KIND_CONFIRM && act->about != d->readback)
        return false;
    assert(rule_of(act->kind) != NULL);
    d->state = rule_of(act->kind)->next;
    if (act->kind == OL_KIND_READBACK)
        d->readback = seq;
    if (act->kind == OL_KIND_CORRECT)
        d->version = seq;
    return true;
}

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
