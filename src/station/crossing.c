/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests are judged by what stands on record, and two may come before either stands: two officers take one message, or one
 * accepts what the other declines. Both would be written, and the second told that it is done though it changes nothing.
 * So each entry that such a judgement let pass has a subject, and of two calls about one subject the later is refused until
 * the earlier is on record.
 */
#include "crypto/hash.h"
#include "station/station.h"

static void subject(uint8_t what, struct ol_ref about, struct ol_span words, struct ol_hash *out)
{
    uint8_t head[6];
    struct ol_wr w = ol_wr_to(head, sizeof head);

    ol_wr_u8(&w, what);
    ol_wr_u8(&w, about.author);
    ol_wr_u32(&w, about.seq);
    ol_sha256((const struct ol_span[]){ol_wr_span(&w), words}, 2, out);
}

/* What a side does about a message of its own, to amend it too, and about one of the other's; passing on goes by itself. */
static bool subject_of_act(uint8_t kind, struct ol_span body, struct ol_hash *out)
{
    const struct ol_span none = ol_span(NULL, 0);
    struct ol_message m;
    struct ol_act act;

    if (ol_kind_is_message(kind) && ol_meaning_read(kind, body, &m) == OL_OK && (m.corrects > 0 || m.cancels > 0)) {
        subject(OL_KIND_CONFIRM, (struct ol_ref){0, m.corrects > 0 ? m.corrects : m.cancels}, none, out);
        return true;
    }
    if (!ol_is_act(kind) || kind == OL_KIND_ESCALATE || ol_act_read(kind, body, &act))
        return false;
    subject(kind == OL_KIND_ONWARD ? OL_KIND_ONWARD : ol_act_is_senders(kind) ? OL_KIND_CONFIRM : OL_KIND_TAKE,
            (struct ol_ref){0, act.message}, none, out);
    return true;
}

static bool subject_of(uint8_t kind, struct ol_span body, struct ol_hash *out)
{
    struct ol_response answer;
    struct ol_linetest test;

    if (kind == OL_KIND_RESPOND && ol_response_read(body, &answer) == OL_OK)
        subject(kind, answer.about, answer.level, out);
    else if (kind == OL_KIND_TEST && ol_linetest_read(body, &test) == OL_OK)
        subject(kind, (struct ol_ref){test.slot > 0, test.slot > 0 ? test.slot : test.about}, ol_span(NULL, 0), out);
    else if (kind == OL_KIND_PROPOSE || kind == OL_KIND_ROSTER)
        subject(kind, (struct ol_ref){0}, body, out);
    else
        return subject_of_act(kind, body, out);
    return true;
}

static bool is_about(const struct call *call, size_t n, const struct ol_hash *wanted)
{
    for (size_t i = 0; i < n; i++) {
        const struct call_item *item = &call->item[i];

        if (item->has_subject && !item->durable && ol_hash_equal(&item->subject, wanted))
            return true;
    }
    return false;
}

static bool crosses(const struct call *call, size_t at)
{
    const struct ol_hash *wanted = &call->item[at].subject;

    for (const struct call *earlier = call->line->calls; earlier != call; earlier = earlier->next) {
        if (is_about(earlier, earlier->n, wanted))
            return true;
    }
    return is_about(call, at, wanted);
}

bool crossing_refuses(struct call *call)
{
    for (size_t i = 0; i < call->n; i++) {
        struct call_item *item = &call->item[i];

        item->has_subject = subject_of(item->kind, ol_span(item->body.p, item->body.len), &item->subject);
        if (item->has_subject && crosses(call, i))
            return true;
    }
    return false;
}
