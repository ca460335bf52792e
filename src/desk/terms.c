/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/terms.h"

#include <assert.h>

#include "base/cbor.h"
#include "desk/alarm.h"

/* ---- Times ---- */

const char *ol_time_name(unsigned which)
{
    static const char *const names[OL_TIMES] = {"flash",        "immediate",        "priority",        "routine",
                                                "answer_flash", "answer_immediate", "answer_priority", "answer_routine",
                                                "desk",         "duty",             "unit"};

    assert(which < OL_TIMES);
    return names[which];
}

void ol_times_init(struct ol_times *t)
{
    *t = (struct ol_times){0};
    for (unsigned i = OL_ROUTINE; i <= OL_FLASH; i++)
        t->s[OL_TIME_TAKE + OL_FLASH - i] = ol_alarm_take_s((enum ol_precedence)i);
    assert(t->s[OL_TIME_TAKE] > 0);
}

uint32_t ol_times_take(const struct ol_times *t, enum ol_precedence precedence)
{
    return t->s[OL_TIME_TAKE + OL_FLASH - precedence];
}

uint32_t ol_times_answer(const struct ol_times *t, enum ol_precedence precedence)
{
    return t->s[OL_TIME_ANSWER + OL_FLASH - precedence];
}

uint32_t ol_times_onward(const struct ol_times *t, uint8_t stage)
{
    assert(stage > OL_STAGE_NONE && stage < OL_STAGES);
    return t->s[OL_TIME_ONWARD + stage - 1];
}

void ol_times_write(const struct ol_times *t, struct ol_wr *w)
{
    assert(t->s[OL_TIME_TAKE] > 0);
    ol_cbor_put_array(w, OL_TIMES + OL_TIMES_ROLES);
    for (size_t i = 0; i < OL_TIMES; i++)
        ol_cbor_put_uint(w, t->s[i]);
    for (size_t i = 0; i < OL_TIMES_ROLES; i++)
        ol_cbor_put_text(w, t->role[i]);
}

static bool read_times(struct ol_rd *r, struct ol_times *t)
{
    size_t n = ol_cbor_array(r);
    bool good = n == OL_TIMES + OL_TIMES_ROLES;

    for (size_t i = 0; good && i < OL_TIMES; i++) {
        uint64_t s = ol_cbor_uint(r);

        good = s <= OL_TIMES_MAX_S && (s > 0 || i >= OL_TIME_ANSWER);
        t->s[i] = (uint32_t)s;
    }
    for (size_t i = 0; good && i < OL_TIMES_ROLES; i++) {
        t->role[i] = ol_cbor_text(r);
        good = t->role[i].len == 0 || (t->role[i].len <= OL_WORD_ROLE && ol_word_valid(t->role[i]));
    }
    return good;
}

enum ol_err ol_times_read(struct ol_span data, struct ol_times *t)
{
    struct ol_rd r = ol_rd_from(data);

    *t = (struct ol_times){0};
    if (read_times(&r, t) && ol_rd_end(&r) == OL_OK)
        return OL_OK;
    *t = (struct ol_times){0};
    return OL_MALFORMED;
}
