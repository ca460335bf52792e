/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/words.h"

#include <assert.h>

#include "desk/act.h"
#include "desk/kind.h"
#include "desk/message.h"

void ol_entry_words(const struct ol_row *row, void (*each)(void *ctx, struct ol_span words), void *ctx)
{
    struct ol_message message;
    struct ol_act act;

    assert(each != NULL);
    if (ol_kind_is_message(row->h.kind) && ol_meaning_read(row->h.kind, row->body, &message) == OL_OK) {
        each(ctx, message.subject);
        each(ctx, message.text);
        each(ctx, message.ref);
    } else if (ol_is_act(row->h.kind) && ol_act_read(row->h.kind, row->body, &act) == OL_OK) {
        each(ctx, act.text);
    }
}
