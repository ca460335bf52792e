/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/off_record.h"

#include <assert.h>

static bool names_no_entry(struct ol_span body)
{
    struct ol_message m;

    return ol_message_read(body, &m) == OL_OK && m.re.author == 0 && m.corrects == 0 && m.cancels == 0;
}

void ol_off_record_write(const struct ol_off_record *o, struct ol_wr *w)
{
    assert(o->number != 0 && names_no_entry(o->body));
    ol_wr_u32(w, o->number);
    ol_wr_bytes(w, o->body.p, o->body.len);
}

enum ol_err ol_off_record_read(struct ol_span item, struct ol_off_record *o)
{
    struct ol_rd r = ol_rd_from(item);

    o->number = ol_rd_u32(&r);
    o->body = ol_rd_take(&r, r.left);
    if (o->number != 0 && names_no_entry(o->body))
        return OL_OK;
    *o = (struct ol_off_record){0};
    return OL_MALFORMED;
}

bool ol_off_record_is_new(struct ol_off_record_seen *seen, uint32_t number)
{
    assert(number != 0);
    for (size_t i = 0; i < OL_OFF_RECORD_SEEN; i++) {
        if (seen->number[i] == number)
            return false;
    }
    seen->number[seen->n++ % OL_OFF_RECORD_SEEN] = number;
    return true;
}
