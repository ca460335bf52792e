/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/kind.h"

#include <assert.h>

#include "base/cbor.h"
#include "desk/act.h"
#include "desk/agree.h"
#include "desk/form.h"
#include "desk/ledger.h"
#include "desk/linetest.h"
#include "desk/message.h"
#include "desk/stats.h"
#include "desk/presence.h"
#include "desk/roster.h"

const char *ol_kind_name(uint8_t kind)
{
    static const char *const names[256] = {
        [OL_KIND_RECEIPT] = "receipt",   [OL_KIND_RESUME] = "resume",     [OL_KIND_CLOSE] = "close",
        [OL_KIND_SUCCEEDS] = "succeeds", [OL_KIND_UNFREEZE] = "unfreeze", [OL_KIND_MESSAGE] = "message",
        [OL_KIND_TAKE] = "take",         [OL_KIND_READBACK] = "readback", [OL_KIND_CONFIRM] = "confirm",
        [OL_KIND_CORRECT] = "correct",   [OL_KIND_DECLINE] = "decline",   [OL_KIND_REPLY] = "reply",
        [OL_KIND_ONWARD] = "onward",     [OL_KIND_FORM] = "form",         [OL_KIND_FORM_NUMBER] = "form_number",
        [OL_KIND_ESCALATE] = "escalate",
        [OL_KIND_TEST] = "test",
        [OL_KIND_STATS] = "stats",
        [OL_KIND_PROPOSE] = "propose",   [OL_KIND_RESPOND] = "respond",
        [OL_KIND_DESK] = "desk",         [OL_KIND_HOURS] = "hours",
        [OL_KIND_ROSTER] = "roster",
    };

    return names[kind] != NULL ? names[kind] : "unknown";
}

bool ol_kind_is_message(uint8_t kind)
{
    return kind == OL_KIND_MESSAGE || kind == OL_KIND_FORM;
}

bool ol_body_readable(uint8_t kind, struct ol_span body)
{
    struct ol_message message;
    struct ol_act act;
    struct ol_succeeds succeeds;
    struct ol_unfreeze unfreeze;
    struct ol_form_number number;
    struct ol_stats_signed stats;
    struct ol_proposal proposal;
    struct ol_response response;
    struct ol_desk_entry desk;
    struct ol_hours hours;
    struct ol_roster_entry roster;
    struct ol_linetest test;
    struct ol_span reason;
    uint32_t from;
    uint32_t to;

    if (ol_is_act(kind))
        return ol_act_read(kind, body, &act) == OL_OK;
    switch (kind) {
    case OL_KIND_MESSAGE:
    case OL_KIND_FORM:
        return ol_meaning_read(kind, body, &message) == OL_OK;
    case OL_KIND_FORM_NUMBER:
        return ol_form_number_read(body, &number) == OL_OK;
    case OL_KIND_PROPOSE:
        return ol_proposal_read(body, &proposal) == OL_OK;
    case OL_KIND_RESPOND:
        return ol_response_read(body, &response) == OL_OK;
    case OL_KIND_DESK:
        return ol_desk_read(body, &desk) == OL_OK;
    case OL_KIND_HOURS:
        return ol_hours_read(body, &hours) == OL_OK;
    case OL_KIND_ROSTER:
        return ol_roster_read(body, &roster) == OL_OK;
    case OL_KIND_RESUME:
        return ol_resume_read(body, &from, &to, &reason) == OL_OK;
    case OL_KIND_CLOSE:
        return ol_close_read(body) == OL_OK;
    case OL_KIND_SUCCEEDS:
        return ol_succeeds_read(body, &succeeds) == OL_OK;
    case OL_KIND_UNFREEZE:
        return ol_unfreeze_read(body, &unfreeze) == OL_OK;
    case OL_KIND_TEST:
        return ol_linetest_read(body, &test) == OL_OK;
    case OL_KIND_STATS:
        return ol_stats_signed_read(body, &stats) == OL_OK;
    default:
        return false;
    }
}

/* An amendment is about what it amends, an answer in words about what it answers; of what only mentions an entry nothing
 * follows. A message is about earlier ones only. */
static void message_refers(const struct ol_row *row, const struct ol_message *m, uint8_t *author, uint32_t *seq)
{
    uint32_t amended = m->corrects > 0 ? m->corrects : m->cancels;

    assert(*author == 0 && row->h.seq > 0);
    if (amended > 0 && amended < row->h.seq) {
        *author = row->h.author;
        *seq = amended;
    } else if (amended == 0 && m->marker == OL_ANSWER && m->re.author != 0 && m->re.author != row->h.author) {
        *author = m->re.author;
        *seq = m->re.seq;
    }
}

/* Says nothing of another entry: most texts are so, and each is asked more than once. */
static bool is_bare_text(const struct ol_row *row)
{
    const struct ol_rd r = ol_rd_from(row->body);

    return row->h.kind == OL_KIND_MESSAGE && ol_cbor_peek(&r) == OL_CBOR_TEXT;
}

void ol_message_refer(const struct ol_row *row, uint8_t *author, uint32_t *seq)
{
    struct ol_message m;
    struct ol_act act;

    *author = 0;
    *seq = 0;
    if (is_bare_text(row))
        return;
    if (ol_kind_is_message(row->h.kind) && ol_meaning_read(row->h.kind, row->body, &m) == OL_OK)
        message_refers(row, &m, author, seq);
    if (!ol_is_act(row->h.kind) || ol_act_read(row->h.kind, row->body, &act))
        return;
    assert(act.message > 0);
    *author = ol_act_is_senders(act.kind) ? row->h.author : (uint8_t)('A' + 'B' - row->h.author);
    *seq = act.message;
}
