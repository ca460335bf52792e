/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: the first byte is the kind, or the item off the record. What reads is written back byte by byte. */
#include "desk/agree.h"
#include "desk/dialogue.h"
#include "desk/form.h"
#include "desk/kind.h"
#include "desk/ledger.h"
#include "desk/linetest.h"
#include "desk/off_record.h"
#include "desk/stats.h"
#include "desk/presence.h"
#include "desk/roster.h"
#include "fuzz.h"
#include "wire/item.h"

#define UNREAD_MAX 64u

static void rewrite_form(struct ol_span body, const struct ol_message *meant, struct ol_wr *w)
{
    static uint8_t out[OL_BODY_MAX];
    struct ol_wr extra = ol_wr_to(out, sizeof out);
    struct ol_form_body form;
    enum ol_err err = ol_form_read(body, &form);

    assert(err == OL_OK);
    ol_meaning_write(meant, &extra);
    form.extra = ol_wr_span(&extra);
    ol_form_write(&form, w);
}

/* Whether it reads; then it stands in w again. */
static bool rewrite(uint8_t kind, struct ol_span body, struct ol_wr *w)
{
    struct ol_message message;
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
    struct ol_act act;
    uint32_t from;
    uint32_t to;

    if (kind == OL_KIND_MESSAGE && !ol_message_read(body, &message))
        ol_message_write(&message, w);
    else if (ol_is_act(kind) && !ol_act_read(kind, body, &act))
        ol_act_write(&act, w);
    else if (kind == OL_KIND_FORM && !ol_meaning_read(kind, body, &message))
        rewrite_form(body, &message, w);
    else if (kind == OL_KIND_FORM_NUMBER && !ol_form_number_read(body, &number))
        ol_form_number_write(&number, w);
    else if (kind == OL_KIND_PROPOSE && !ol_proposal_read(body, &proposal))
        ol_proposal_write(&proposal, w);
    else if (kind == OL_KIND_RESPOND && !ol_response_read(body, &response))
        ol_response_write(&response, w);
    else if (kind == OL_KIND_DESK && !ol_desk_read(body, &desk))
        ol_desk_write(&desk, w);
    else if (kind == OL_KIND_HOURS && !ol_hours_read(body, &hours))
        ol_hours_write(&hours, w);
    else if (kind == OL_KIND_ROSTER && !ol_roster_read(body, &roster))
        ol_roster_write(&roster, w);
    else if (kind == OL_KIND_TEST && !ol_linetest_read(body, &test))
        ol_linetest_write(&test, w);
    else if (kind == OL_KIND_RESUME && !ol_resume_read(body, &from, &to, &reason))
        ol_resume_body(from, to, reason, w);
    else if (kind == OL_KIND_CLOSE && !ol_close_read(body))
        ol_close_write(w);
    else if (kind == OL_KIND_SUCCEEDS && !ol_succeeds_read(body, &succeeds))
        ol_succeeds_write(&succeeds, w);
    else if (kind == OL_KIND_UNFREEZE && !ol_unfreeze_read(body, &unfreeze))
        ol_unfreeze_write(&unfreeze, w);
    else if (kind == OL_KIND_STATS && !ol_stats_signed_read(body, &stats))
        ol_stats_signed_write(&stats, w);
    else
        return false;
    return true;
}

static void read_off_record(struct ol_span item, struct ol_wr *w)
{
    struct ol_off_record o;

    if (ol_off_record_read(item, &o)) {
        assert(o.number == 0 && o.body.p == NULL);
        return;
    }
    ol_off_record_write(&o, w);
    fuzz_same(w, item.p, item.len);
}

static void read_receipt(struct ol_span body)
{
    uint32_t unread[UNREAD_MAX];
    size_t n;
    enum ol_err err = ol_receipt_read(body, unread, UNREAD_MAX, &n);

    assert(err ? n == 0 : n <= UNREAD_MAX);
}

/* Whatever a desk said, there is something to show at any moment. */
static void look_at_desk(const struct ol_row *row)
{
    static const uint32_t moments[] = {0, 1, 345600, 1800000000, UINT32_MAX};
    struct ol_desk desk = {0};
    struct ol_presence p;

    ol_desk_note(&desk, row);
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        ol_desk_at(&desk, moments[i], &p);
        assert(p.until == 0 || (p.state == OL_PRESENCE_UNATTENDED && p.until >= moments[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(out, sizeof out);
    struct ol_row row = {.h = {.author = 'A', .seq = 9}};
    bool reads;
    uint8_t author;
    uint32_t seq;

    if (size < 1 || size - 1 > OL_BODY_MAX)
        return 0;
    row.h.kind = data[0];
    row.body = ol_span(data + 1, size - 1);
    if (row.h.kind == OL_ITEM_OFF_RECORD) {
        read_off_record(row.body, &w);
        return 0;
    }
    reads = rewrite(row.h.kind, row.body, &w);
    assert(reads == ol_body_readable(row.h.kind, row.body));
    if (reads)
        fuzz_same(&w, data + 1, size - 1);
    if (row.h.kind == OL_KIND_RECEIPT)
        read_receipt(row.body);
    look_at_desk(&row);
    ol_message_refer(&row, &author, &seq);
    assert(!reads || !ol_is_act(row.h.kind) || author != 0);
    assert(reads || author == 0);
    return 0;
}
