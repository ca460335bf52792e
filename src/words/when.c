/* SPDX-License-Identifier: Apache-2.0 */
#include "words/when.h"

#include <assert.h>
#include <string.h>

#define CENTURY 2000u /* of a year of two figures */

/* Exactly so many figures. */
static bool take_figures(struct ol_span *t, size_t n, uint64_t *value)
{
    assert(n > 0 && n < 16);
    *value = 0;
    if (t->len < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (t->p[i] < '0' || t->p[i] > '9')
            return false;
        *value = *value * 10 + t->p[i] - '0';
    }
    *t = ol_span(t->p + n, t->len - n);
    return true;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* These letters, in any case. */
static bool take(struct ol_span *t, const char *letters)
{
    size_t n = strlen(letters);

    assert(n > 0);
    if (t->len < n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (lower(t->p[i]) != (uint8_t)letters[i])
            return false;
    *t = ol_span(t->p + n, t->len - n);
    return true;
}

static void skip_spaces(struct ol_span *t)
{
    while (take(t, " "))
        continue;
}

/* 1 to 12; 0: none. */
static uint64_t take_month(struct ol_span *t)
{
    static const char *const names[] = {"january", "february", "march",     "april",   "may",      "june",
                                        "july",    "august",   "september", "october", "november", "december"};
    char begins[4] = "";

    for (uint64_t i = 0; i < 12; i++) {
        if (take(t, names[i]))
            return i + 1;
        memcpy(begins, names[i], 3);
        if (take(t, begins))
            return i + 1;
    }
    return 0;
}

/* 2026-11, 2026-11-21, 2026-11-21T14:32Z; seconds may be there and count for nothing. */
static uint64_t read_numeric(struct ol_span *t)
{
    uint64_t year;
    uint64_t month;
    uint64_t day;
    uint64_t hour;
    uint64_t minute;
    uint64_t second;

    if (!take_figures(t, 4, &year) || !take(t, "-") || !take_figures(t, 2, &month))
        return 0;
    if (!take(t, "-"))
        return year * 100 + month;
    if (!take_figures(t, 2, &day))
        return 0;
    if (!take(t, "t"))
        return (year * 100 + month) * 100 + day;
    if (!take_figures(t, 2, &hour) || !take(t, ":") || !take_figures(t, 2, &minute) ||
        (take(t, ":") && !take_figures(t, 2, &second)) || !take(t, "z"))
        return 0;
    return ((year * 100 + month) * 100 + day) * 10000 + hour * 100 + minute;
}

/* 21 NOV 26, 3 December 2026, 211432Z NOV 26. */
static uint64_t read_group(struct ol_span *t)
{
    uint64_t day = 0;
    uint64_t month;
    uint64_t year;
    bool minute = take_figures(t, 6, &day);

    if (minute ? !take(t, "z") : !take_figures(t, 2, &day) && !take_figures(t, 1, &day))
        return 0;
    skip_spaces(t);
    month = take_month(t);
    skip_spaces(t);
    if (month == 0 || (!take_figures(t, 4, &year) && !take_figures(t, 2, &year)))
        return 0;
    year += year < 100 ? CENTURY : 0;
    if (!minute)
        return (year * 100 + month) * 100 + day;
    return ((year * 100 + month) * 100 + day / 10000) * 10000 + day % 10000;
}

uint64_t ol_when_read(struct ol_span text, size_t *len)
{
    struct ol_span rest = text;
    uint64_t when = read_numeric(&rest);

    if (when == 0) {
        rest = text;
        when = read_group(&rest);
    }
    assert(rest.len <= text.len);
    *len = when > 0 ? text.len - rest.len : 0;
    return when;
}
