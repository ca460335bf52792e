/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/act.h"

#include <assert.h>
#include <string.h>

#include "base/cbor.h"
#include "base/limits.h"
#include "desk/form.h"

static const char *const answers[OL_ANSWERS] = {"wilco", "unable", "affirm", "negative", "roger", "standby"};
static const char *const stages[OL_STAGES] = {"", "desk", "duty", "unit"};

const char *ol_answer_name(uint8_t answer)
{
    assert(answer < OL_ANSWERS);
    return answers[answer];
}

const char *ol_stage_name(uint8_t stage)
{
    assert(stage > OL_STAGE_NONE && stage < OL_STAGES);
    return stages[stage];
}

const char *ol_step_name(uint8_t step)
{
    assert(step > OL_STEP_NONE && step < OL_STEPS);
    return step == OL_STEP_DEPUTY ? "deputy" : "next-role";
}

int ol_answer_of(const char *name)
{
    for (int i = 0; name != NULL && i < OL_ANSWERS; i++) {
        if (strcmp(answers[i], name) == 0)
            return i;
    }
    return -1;
}

int ol_stage_of(const char *name)
{
    for (int i = OL_STAGE_DESK; name != NULL && i < OL_STAGES; i++) {
        if (strcmp(stages[i], name) == 0)
            return i;
    }
    return -1;
}

bool ol_is_act(uint8_t kind)
{
    return (kind >= OL_KIND_TAKE && kind <= OL_KIND_DECLINE) || kind == OL_KIND_REPLY || kind == OL_KIND_ONWARD ||
           kind == OL_KIND_ESCALATE;
}

bool ol_act_is_senders(uint8_t kind)
{
    assert(ol_is_act(kind));
    return kind == OL_KIND_CONFIRM || kind == OL_KIND_CORRECT;
}

/* What an act's body holds after the message's number. */
static bool has_about(uint8_t kind)
{
    return kind == OL_KIND_READBACK || kind == OL_KIND_CONFIRM;
}

static bool has_what(uint8_t kind)
{
    return kind == OL_KIND_REPLY || kind == OL_KIND_ONWARD || kind == OL_KIND_ESCALATE;
}

static bool is_standby(const struct ol_act *act)
{
    return act->kind == OL_KIND_REPLY && act->what == OL_STANDBY;
}

static bool must_have_text(uint8_t kind)
{
    return kind == OL_KIND_READBACK || kind == OL_KIND_CORRECT;
}

static bool may_have_text(uint8_t kind)
{
    return must_have_text(kind) || kind == OL_KIND_DECLINE || kind == OL_KIND_REPLY || kind == OL_KIND_ONWARD;
}

static bool what_fits(uint8_t kind, uint64_t what)
{
    if (kind == OL_KIND_REPLY)
        return what < OL_ANSWERS;
    return what > 0 && what < (kind == OL_KIND_ONWARD ? (uint64_t)OL_STAGES : (uint64_t)OL_STEPS);
}

void ol_act_write(const struct ol_act *act, struct ol_wr *w)
{
    assert(ol_is_act(act->kind) && act->message > 0);
    assert(!has_what(act->kind) || what_fits(act->kind, act->what));
    ol_cbor_put_array(w, 1u + has_about(act->kind) + has_what(act->kind) + is_standby(act) +
                              (act->role.len > 0) + (act->text.len > 0 || act->values.len > 0));
    ol_cbor_put_uint(w, act->message);
    if (has_about(act->kind))
        ol_cbor_put_uint(w, act->about);
    if (has_what(act->kind))
        ol_cbor_put_uint(w, act->what);
    if (is_standby(act))
        ol_cbor_put_uint(w, act->until);
    assert(act->text.len == 0 || act->values.len == 0);
    assert(act->role.len == 0 || act->kind != OL_KIND_ESCALATE);
    if (act->role.len > 0)
        ol_cbor_put_bytes(w, act->role);
    if (act->text.len > 0)
        ol_cbor_put_text(w, act->text);
    ol_wr_bytes(w, act->values.p, act->values.len);
}

static uint32_t read_number(struct ol_rd *r, size_t *left)
{
    uint64_t v = ol_cbor_uint(r);

    assert(!r->bad || v == 0);
    r->bad = r->bad || v > UINT32_MAX || *left == 0;
    *left -= *left > 0;
    return r->bad ? 0 : (uint32_t)v;
}

/* What is no text tells it from the words. */
static void read_role(struct ol_rd *r, size_t *left, struct ol_act *act)
{
    if (*left == 0 || r->bad || ol_cbor_peek(r) != OL_CBOR_BYTES)
        return;
    act->role = ol_cbor_bytes(r);
    --*left;
    r->bad = r->bad || act->role.len > OL_WORD_ROLE || !ol_word_valid(act->role) || act->kind == OL_KIND_ESCALATE;
}

static void read_words(struct ol_rd *r, struct ol_act *act)
{
    struct ol_values values;

    if (act->kind == OL_KIND_READBACK && ol_cbor_peek(r) == OL_CBOR_ARRAY) {
        act->values = ol_rd_take(r, r->left);
        r->bad = r->bad || ol_values_read(act->values, &values);
        return;
    }
    act->text = ol_cbor_text(r);
    r->bad = r->bad || act->text.len == 0 || act->text.len > OL_TEXT_MAX;
}

static void read_act(struct ol_rd *r, struct ol_act *act)
{
    size_t left = ol_cbor_array(r);

    assert(act->about == 0 && act->text.len == 0);
    act->message = read_number(r, &left);
    r->bad = r->bad || act->message == 0;
    if (has_about(act->kind))
        act->about = read_number(r, &left);
    if (has_what(act->kind)) {
        uint32_t what = read_number(r, &left);

        r->bad = r->bad || !what_fits(act->kind, what);
        act->what = (uint8_t)what;
    }
    if (!r->bad && is_standby(act))
        act->until = read_number(r, &left);
    read_role(r, &left, act);
    r->bad = r->bad || left > may_have_text(act->kind) || left < must_have_text(act->kind);
    if (left > 0 && !r->bad)
        read_words(r, act);
}

enum ol_err ol_act_read(uint8_t kind, struct ol_span body, struct ol_act *act)
{
    struct ol_rd r = ol_rd_from(body);

    assert(ol_is_act(kind));
    *act = (struct ol_act){.kind = kind};
    read_act(&r, act);
    if (ol_rd_end(&r) == OL_OK)
        return OL_OK;
    *act = (struct ol_act){.kind = kind};
    return OL_MALFORMED;
}
