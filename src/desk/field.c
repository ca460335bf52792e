/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/field.h"

#include <assert.h>
#include <string.h>

#include "base/cbor.h"
#include "base/limits.h"
#include "base/utf8.h"

#define DEGREE 600000 /* so that 5 decimals of a degree and 4 of a minute are both whole */
#define MINUTE 10000
#define LATITUDES (180 * (uint64_t)DEGREE + 1)
#define LONGITUDES (360 * (uint64_t)DEGREE)
#define POSITION 7u
#define CIRCLE (POSITION + 2u)
#define CORNERS_LEAST 3u
#define NAUTICAL 0x8000u
#define RADIUS_MAX 30000 /* tenths */
#define DAY_S 86400

/* ---- Reading and printing digits ---- */

static bool take(struct ol_rd *r, char c)
{
    if (r->left == 0 || ol_rd_peek(r) != (uint8_t)c)
        return false;
    ol_rd_u8(r);
    return true;
}

static bool take_word(struct ol_rd *r, const char *word)
{
    size_t len = strlen(word);

    assert(len > 0);
    if (len > r->left || memcmp(r->p, word, len) != 0)
        return false;
    ol_rd_take(r, len);
    return true;
}

static bool is_digit(const struct ol_rd *r)
{
    return r->left > 0 && ol_rd_peek(r) >= '0' && ol_rd_peek(r) <= '9';
}

/* From `least` to `most` digits, with no digit behind them. */
static bool take_digits(struct ol_rd *r, size_t least, size_t most, int64_t *out)
{
    size_t n;

    assert(most <= 17); /* so that nothing overflows */
    *out = 0;
    for (n = 0; n < most && is_digit(r); n++)
        *out = *out * 10 + (ol_rd_u8(r) - '0');
    return n >= least && !is_digit(r);
}

/* At most `decimals` of them, times 10^decimals; the digits behind a point are optional, point and all. False when
 * there are more, or none behind the point. */
static bool take_fraction(struct ol_rd *r, unsigned decimals, int64_t *out)
{
    size_t before;

    *out = 0;
    if (!take(r, '.'))
        return true;
    before = r->left;
    if (!take_digits(r, 1, decimals, out))
        return false;
    assert(before - r->left <= decimals);
    for (size_t n = before - r->left; n < decimals; n++)
        *out *= 10;
    return true;
}

static void print(struct ol_wr *w, const char *text)
{
    ol_wr_bytes(w, text, strlen(text));
}

static void print_digits(struct ol_wr *w, uint64_t v, size_t least)
{
    char out[20];
    size_t at = sizeof out;

    assert(least <= sizeof out);
    for (; v > 0 || sizeof out - at < least; v /= 10)
        out[--at] = (char)('0' + v % 10);
    assert(at < sizeof out);
    ol_wr_bytes(w, out + at, sizeof out - at);
}

static int64_t power_of_ten(unsigned n)
{
    int64_t v = 1;

    assert(n <= 6);
    while (n-- > 0)
        v *= 10;
    return v;
}

/* v / 10^decimals, without zeros at the end. */
static void print_decimal(struct ol_wr *w, int64_t v, unsigned decimals)
{
    int64_t one;

    assert(decimals <= 6);
    if (v < 0)
        print(w, "-");
    v = v < 0 ? -v : v;
    for (; decimals > 0 && v % 10 == 0; decimals--)
        v /= 10;
    one = power_of_ten(decimals);
    print_digits(w, (uint64_t)(v / one), 1);
    if (decimals == 0)
        return;
    print(w, ".");
    print_digits(w, (uint64_t)(v % one), decimals);
}

/* ---- Text ---- */

static enum ol_wrong check_line(struct ol_span line, int64_t max)
{
    struct ol_span rest = line;

    assert(max > 0);
    if (line.len == 0)
        return OL_WRONG_EMPTY;
    if (!ol_utf8_valid(line))
        return OL_WRONG_TEXT;
    while (rest.len > 0) {
        uint32_t c = ol_utf8_take(&rest);

        if (ol_utf8_hides(c))
            return OL_WRONG_HIDDEN;
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
            return OL_WRONG_TEXT;
    }
    return line.len <= (size_t)max ? OL_RIGHT : OL_WRONG_LONG;
}

static enum ol_wrong read_text(const struct ol_field *field, struct ol_span line, struct ol_wr *w)
{
    enum ol_wrong wrong = check_line(line, field->max);

    if (!wrong)
        ol_cbor_put_text(w, line);
    return wrong;
}

static enum ol_wrong print_text(const struct ol_field *field, struct ol_rd *r, struct ol_wr *w)
{
    struct ol_span text = ol_cbor_text(r);

    ol_wr_bytes(w, text.p, text.len);
    return check_line(text, field->max);
}

/* ---- Numbers ---- */

static enum ol_wrong read_number(const struct ol_field *field, struct ol_span line, struct ol_wr *w)
{
    struct ol_rd r = ol_rd_from(line);
    bool minus = take(&r, '-');
    int64_t whole;
    int64_t fraction;

    assert(field->decimals <= 6 && field->min <= field->max);
    if (!minus)
        take(&r, '+');
    if (!is_digit(&r) || !take_digits(&r, 1, 10, &whole))
        return is_digit(&r) ? OL_WRONG_RANGE : OL_WRONG_NUMBER;
    if (!take_fraction(&r, field->decimals, &fraction))
        return is_digit(&r) ? OL_WRONG_DECIMALS : OL_WRONG_NUMBER;
    if (field->unit != NULL && r.left > 0) {
        take(&r, ' ');
        take_word(&r, field->unit);
    }
    if (r.left > 0)
        return OL_WRONG_NUMBER;
    whole = whole * power_of_ten(field->decimals) + fraction;
    whole = minus ? -whole : whole;
    if (whole < field->min || whole > field->max)
        return OL_WRONG_RANGE;
    ol_cbor_put_uint(w, (uint64_t)(whole - field->min));
    return OL_RIGHT;
}

static enum ol_wrong print_number(const struct ol_field *field, struct ol_rd *r, struct ol_wr *w)
{
    uint64_t steps = ol_cbor_uint(r);

    assert(field->min <= field->max);
    if (steps > (uint64_t)1 << 53) {
        print_digits(w, steps, 1);
        return OL_WRONG_RANGE;
    }
    print_decimal(w, field->min + (int64_t)steps, field->decimals);
    return steps <= (uint64_t)(field->max - field->min) ? OL_RIGHT : OL_WRONG_RANGE;
}

/* ---- Times ---- */

struct date {
    int64_t year;
    int64_t month;
    int64_t day;
};

static const char months[][4] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_in(int64_t year, int64_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    assert(month >= 1 && month <= 12);
    return days[month - 1] + (month == 2 && is_leap(year));
}

static bool date_exists(const struct date *d)
{
    return d->year >= 1970 && d->year <= 2105 && d->month >= 1 && d->month <= 12 && d->day >= 1 &&
           d->day <= days_in(d->year, d->month);
}

/* Days since 1970-01-01. */
static int64_t date_days(const struct date *d)
{
    int64_t days = d->day - 1;

    assert(date_exists(d));
    for (int64_t year = 1970; year < d->year; year++)
        days += 365 + is_leap(year);
    for (int64_t month = 1; month < d->month; month++)
        days += days_in(d->year, month);
    return days;
}

static struct date date_of(int64_t days)
{
    struct date d = {1970, 1, 1};

    assert(days >= 0);
    for (; days >= 365 + is_leap(d.year); d.year++)
        days -= 365 + is_leap(d.year);
    for (; days >= days_in(d.year, d.month); d.month++)
        days -= days_in(d.year, d.month);
    d.day += days;
    assert(d.month <= 12 && d.day <= days_in(d.year, d.month));
    return d;
}

static bool take_date(struct ol_rd *r, struct date *d)
{
    return take_digits(r, 4, 4, &d->year) && take(r, '-') && take_digits(r, 2, 2, &d->month) && take(r, '-') &&
           take_digits(r, 2, 2, &d->day);
}

/* 2026-11-21T14:32Z, with seconds or without. */
static bool take_time(struct ol_rd *r, struct date *d, int64_t hms[static 3])
{
    hms[2] = 0;
    return take_date(r, d) && take(r, 'T') && take_digits(r, 2, 2, &hms[0]) && take(r, ':') &&
           take_digits(r, 2, 2, &hms[1]) && (!take(r, ':') || take_digits(r, 2, 2, &hms[2])) && take(r, 'Z') &&
           ol_rd_end(r) == OL_OK;
}

/* 211432Z NOV 26: of this century. */
static bool take_group(struct ol_rd *r, struct date *d, int64_t hms[static 3])
{
    int64_t six;

    if (!take_digits(r, 6, 6, &six) || !take_word(r, "Z "))
        return false;
    *d = (struct date){.day = six / 10000};
    hms[0] = six / 100 % 100;
    hms[1] = six % 100;
    hms[2] = 0;
    for (int i = 0; i < 12; i++)
        if (take_word(r, months[i]))
            d->month = i + 1;
    if (d->month == 0 || !take(r, ' ') || !take_digits(r, 2, 2, &d->year))
        return false;
    d->year += 2000;
    return ol_rd_end(r) == OL_OK;
}

static enum ol_wrong read_time(const struct ol_field *field, struct ol_span line, struct ol_wr *w)
{
    struct ol_rd r = ol_rd_from(line);
    struct ol_rd again = r;
    struct date d = {0};
    int64_t hms[3] = {0};

    if (field->day) {
        if (!take_date(&r, &d) || r.left > 0)
            return OL_WRONG_TIME;
    } else if (!take_time(&r, &d, hms) && !take_group(&again, &d, hms)) {
        return OL_WRONG_TIME;
    }
    if (!date_exists(&d) || hms[0] > 23 || hms[1] > 59 || hms[2] > 59)
        return OL_WRONG_DATE;
    if (field->day)
        ol_cbor_put_uint(w, (uint64_t)date_days(&d));
    else
        ol_cbor_put_uint(w, (uint64_t)(date_days(&d) * DAY_S + hms[0] * 3600 + hms[1] * 60 + hms[2]));
    return OL_RIGHT;
}

static enum ol_wrong print_time(const struct ol_field *field, struct ol_rd *r, struct ol_wr *w)
{
    static const struct date last = {2105, 12, 31};
    uint64_t v = ol_cbor_uint(r);
    uint64_t days = field->day ? v : v / DAY_S;
    uint64_t s = field->day ? 0 : v % DAY_S;
    struct date d;

    if (days > (uint64_t)date_days(&last)) {
        print_digits(w, v, 1);
        return OL_WRONG_DATE;
    }
    d = date_of((int64_t)days);
    assert(date_exists(&d));
    print_digits(w, (uint64_t)d.year, 4);
    print(w, "-");
    print_digits(w, (uint64_t)d.month, 2);
    print(w, "-");
    print_digits(w, (uint64_t)d.day, 2);
    if (field->day)
        return OL_RIGHT;
    print(w, "T");
    print_digits(w, s / 3600, 2);
    print(w, ":");
    print_digits(w, s / 60 % 60, 2);
    if (s % 60 > 0) {
        print(w, ":");
        print_digits(w, s % 60, 2);
    }
    print(w, "Z");
    return OL_RIGHT;
}

/* ---- Positions and areas ---- */

struct position {
    int64_t lat; /* 1/600000 of a degree, north positive */
    int64_t lon; /* the same, east positive, above -180 degrees */
};

/* 54.3210 or 54-19.26, then one of two letters: the second is negative. */
static enum ol_wrong take_angle(struct ol_rd *r, int64_t most, const char letters[static 2], int64_t *out)
{
    int64_t minutes = 0;
    int64_t fraction;
    bool has_minutes;

    assert(most > 0 && most % DEGREE == 0);
    if (!is_digit(r) || !take_digits(r, 1, 3, out))
        return OL_WRONG_POSITION;
    has_minutes = take(r, '-');
    if (has_minutes && !take_digits(r, 2, 2, &minutes))
        return OL_WRONG_POSITION;
    if (!take_fraction(r, has_minutes ? 4 : 5, &fraction))
        return is_digit(r) ? OL_WRONG_DECIMALS : OL_WRONG_POSITION;
    *out = *out * DEGREE + minutes * MINUTE + (has_minutes ? fraction : fraction * (DEGREE / 100000));
    if (take(r, letters[1]))
        *out = -*out;
    else if (!take(r, letters[0]))
        return OL_WRONG_POSITION;
    return minutes > 59 || *out > most || *out < -most ? OL_WRONG_EARTH : OL_RIGHT;
}

static enum ol_wrong take_position(struct ol_rd *r, struct position *p)
{
    enum ol_wrong wrong = take_angle(r, 90 * DEGREE, "NS", &p->lat);

    /* Nobody is told "off the Earth" of what is not a position at all. */
    if (wrong && wrong != OL_WRONG_EARTH)
        return wrong;
    if (!take(r, ' '))
        return OL_WRONG_POSITION;
    if (!wrong)
        wrong = take_angle(r, 180 * DEGREE, "EW", &p->lon);
    /* One meridian has two names. */
    if (!wrong && p->lon == -180 * DEGREE)
        p->lon = -p->lon;
    return wrong;
}

static void pack_position(const struct position *p, struct ol_wr *w)
{
    uint64_t v = (uint64_t)(p->lat + 90 * DEGREE) * LONGITUDES + (uint64_t)(p->lon + 180 * DEGREE - 1);

    assert(v < LATITUDES * LONGITUDES && v >> 56 == 0);
    for (unsigned i = POSITION; i-- > 0;)
        ol_wr_u8(w, (uint8_t)(v >> 8 * i));
}

/* False: not on the Earth. */
static bool unpack_position(struct ol_rd *r, struct position *p)
{
    uint64_t v = 0;

    assert(r->left >= POSITION);
    for (unsigned i = 0; i < POSITION; i++)
        v = v << 8 | ol_rd_u8(r);
    *p = (struct position){.lat = (int64_t)(v / LONGITUDES) - 90 * DEGREE,
                           .lon = (int64_t)(v % LONGITUDES) - 180 * DEGREE + 1};
    assert(p->lon > -180 * DEGREE && p->lon <= 180 * DEGREE);
    return v < LATITUDES * LONGITUDES;
}

static void print_angle(struct ol_wr *w, int64_t v, unsigned decimals, size_t width, const char letters[static 2])
{
    uint64_t a = (uint64_t)(v < 0 ? -v : v);

    assert(decimals == 0 || decimals == 4 || decimals == 5);
    print_digits(w, a / DEGREE, width);
    if (decimals > 0) {
        print(w, ".");
        print_digits(w, a % DEGREE / (uint64_t)(decimals == 4 ? 60 : 6), decimals);
    } else {
        print(w, "-");
        print_digits(w, a % DEGREE / MINUTE, 2);
        print(w, ".");
        print_digits(w, a % MINUTE, 4);
    }
    ol_wr_u8(w, (uint8_t)letters[v < 0]);
}

/* In degrees when 5 decimals say it exactly, else in minutes. */
static void print_position(const struct position *p, struct ol_wr *w)
{
    bool five = p->lat % 6 == 0 && p->lon % 6 == 0;
    bool four = p->lat % 60 == 0 && p->lon % 60 == 0;
    unsigned decimals = four ? 4 : five ? 5 : 0;

    assert(five || !four);
    print_angle(w, p->lat, decimals, 2, "NS");
    print(w, " ");
    print_angle(w, p->lon, decimals, 3, "EW");
}

static enum ol_wrong read_place(const struct ol_field *field, struct ol_span line, struct ol_wr *w)
{
    uint8_t packed[POSITION];
    struct ol_wr to = ol_wr_to(packed, sizeof packed);
    struct ol_rd r = ol_rd_from(line);
    struct position p;
    enum ol_wrong wrong = take_position(&r, &p);

    assert(field->type == OL_FIELD_POSITION);
    if (!wrong && r.left > 0)
        wrong = OL_WRONG_POSITION;
    if (wrong)
        return wrong;
    pack_position(&p, &to);
    ol_cbor_put_bytes(w, ol_wr_span(&to));
    return OL_RIGHT;
}

/* Reads one packed position and prints it; false when it is off the Earth, and nothing is printed. */
static bool show_position(struct ol_rd *r, struct ol_wr *w)
{
    struct position p;
    bool there = unpack_position(r, &p);

    if (there)
        print_position(&p, w);
    return there;
}

static enum ol_wrong print_place(const struct ol_field *field, struct ol_rd *r, struct ol_wr *w)
{
    struct ol_span packed = ol_cbor_bytes(r);
    struct ol_rd in = ol_rd_from(packed);

    assert(field->type == OL_FIELD_POSITION);
    if (packed.len != POSITION)
        return OL_WRONG_KIND;
    return show_position(&in, w) ? OL_RIGHT : OL_WRONG_EARTH;
}

/* The rest of a circle: a blank, the radius and its unit. */
static enum ol_wrong take_radius(struct ol_rd *r, uint16_t *out)
{
    int64_t whole;
    int64_t tenths;
    bool nautical;

    if (!take(r, ' ') || !is_digit(r) || !take_digits(r, 1, 4, &whole) || !take_fraction(r, 1, &tenths))
        return OL_WRONG_RADIUS;
    take(r, ' ');
    nautical = take_word(r, "nmi");
    if ((!nautical && !take_word(r, "km")) || r->left > 0)
        return OL_WRONG_RADIUS;
    tenths += whole * 10;
    if (tenths < 1 || tenths > RADIUS_MAX)
        return OL_WRONG_RADIUS;
    *out = (uint16_t)(tenths | (nautical ? NAUTICAL : 0));
    return OL_RIGHT;
}

static enum ol_wrong read_area(const struct ol_field *field, struct ol_span line, struct ol_wr *w)
{
    uint8_t packed[OL_FORM_CORNERS * POSITION];
    struct ol_wr to = ol_wr_to(packed, sizeof packed);
    struct ol_rd r = ol_rd_from(line);
    struct position p;
    uint16_t radius;
    enum ol_wrong wrong;

    assert(field->type == OL_FIELD_AREA);
    do {
        wrong = take_position(&r, &p);
        if (wrong)
            return wrong == OL_WRONG_POSITION ? OL_WRONG_AREA : wrong;
        pack_position(&p, &to);
    } while (take_word(&r, ", ") || take(&r, ','));
    if (to.len == POSITION && r.left > 0) {
        wrong = take_radius(&r, &radius);
        if (wrong)
            return wrong;
        ol_wr_u16(&to, radius);
    }
    if (r.left > 0)
        return OL_WRONG_AREA;
    if (to.full || (to.len != CIRCLE && to.len < CORNERS_LEAST * POSITION))
        return OL_WRONG_CORNERS;
    ol_cbor_put_bytes(w, ol_wr_span(&to));
    return OL_RIGHT;
}

static enum ol_wrong print_circle(struct ol_rd *in, struct ol_wr *w)
{
    uint16_t radius;
    int64_t tenths;

    assert(in->left == CIRCLE);
    if (!show_position(in, w))
        return OL_WRONG_EARTH;
    radius = ol_rd_u16(in);
    tenths = radius & ~NAUTICAL;
    print(w, " ");
    print_decimal(w, tenths, 1);
    print(w, radius & NAUTICAL ? " nmi" : " km");
    return tenths >= 1 && tenths <= RADIUS_MAX ? OL_RIGHT : OL_WRONG_RADIUS;
}

static enum ol_wrong print_area(const struct ol_field *field, struct ol_rd *r, struct ol_wr *w)
{
    struct ol_span packed = ol_cbor_bytes(r);
    struct ol_rd in = ol_rd_from(packed);

    assert(field->type == OL_FIELD_AREA);
    if (packed.len == CIRCLE)
        return print_circle(&in, w);
    if (packed.len % POSITION != 0)
        return OL_WRONG_KIND;
    if (packed.len < CORNERS_LEAST * POSITION || packed.len > OL_FORM_CORNERS * POSITION)
        return OL_WRONG_CORNERS;
    while (in.left > 0) {
        if (in.left < packed.len)
            print(w, ", ");
        if (!show_position(&in, w))
            return OL_WRONG_EARTH;
    }
    return OL_RIGHT;
}

/* ---- Choices and references ---- */

static enum ol_wrong read_choice(const struct ol_field *field, struct ol_span line, struct ol_wr *w)
{
    for (size_t i = 0; i < field->choices; i++) {
        const struct ol_choice *c = &field->choice[i];

        if (ol_span_equal(line, ol_span(c->value, strlen(c->value)))) {
            ol_cbor_put_uint(w, c->code);
            return OL_RIGHT;
        }
    }
    return OL_WRONG_CHOICE;
}

static const struct ol_choice *choice_of(const struct ol_field *field, uint64_t code)
{
    assert(field->type == OL_FIELD_CHOICE);
    for (size_t i = 0; i < field->choices; i++)
        if (field->choice[i].code == code)
            return &field->choice[i];
    return NULL;
}

const struct ol_choice *ol_field_choice(const struct ol_field *field, struct ol_span item)
{
    struct ol_rd r = ol_rd_from(item);
    uint64_t code = ol_cbor_uint(&r);

    return r.bad ? NULL : choice_of(field, code);
}

static enum ol_wrong print_choice(const struct ol_field *field, struct ol_rd *r, struct ol_wr *w)
{
    uint64_t code = ol_cbor_uint(r);
    const struct ol_choice *choice = choice_of(field, code);

    if (choice != NULL)
        print(w, choice->value);
    else
        print_digits(w, code, 1);
    return choice != NULL ? OL_RIGHT : OL_WRONG_CHOICE;
}

/* A12. Any other text is no entry's name, but a reference all the same. */
static bool take_entry(struct ol_span line, uint64_t *out)
{
    struct ol_rd r = ol_rd_from(line);
    bool b = take(&r, 'B');
    int64_t seq;

    if ((!b && !take(&r, 'A')) || ol_rd_peek(&r) == '0' || !take_digits(&r, 1, 10, &seq) || r.left > 0 ||
        seq > OL_SEQ_MAX)
        return false;
    assert(seq > 0);
    *out = 2 * (uint64_t)seq + b;
    return true;
}

static enum ol_wrong read_reference(const struct ol_field *field, struct ol_span line, struct ol_wr *w)
{
    uint64_t entry;

    if (!take_entry(line, &entry))
        return read_text(field, line, w);
    ol_cbor_put_uint(w, entry);
    return OL_RIGHT;
}

static enum ol_wrong print_reference(const struct ol_field *field, struct ol_rd *r, struct ol_wr *w)
{
    uint64_t entry;

    if (ol_cbor_peek(r) == OL_CBOR_TEXT) {
        struct ol_rd again = *r;

        /* The name of an entry is written as a number: one value, one encoding. */
        return take_entry(ol_cbor_text(&again), &entry) ? OL_WRONG_KIND : print_text(field, r, w);
    }
    entry = ol_cbor_uint(r);
    if (entry / 2 < 1 || entry / 2 > OL_SEQ_MAX)
        return OL_WRONG_KIND;
    print(w, entry % 2 ? "B" : "A");
    print_digits(w, entry / 2, 1);
    return OL_RIGHT;
}

/* ---- All types ---- */

static const struct {
    enum ol_wrong (*parse)(const struct ol_field *field, struct ol_span line, struct ol_wr *w);
    enum ol_wrong (*print)(const struct ol_field *field, struct ol_rd *r, struct ol_wr *w);
    enum ol_cbor_type kind;
} types[] = {
    [OL_FIELD_TEXT] = {read_text, print_text, OL_CBOR_TEXT},
    [OL_FIELD_NUMBER] = {read_number, print_number, OL_CBOR_UINT},
    [OL_FIELD_TIME] = {read_time, print_time, OL_CBOR_UINT},
    [OL_FIELD_POSITION] = {read_place, print_place, OL_CBOR_BYTES},
    [OL_FIELD_AREA] = {read_area, print_area, OL_CBOR_BYTES},
    [OL_FIELD_CHOICE] = {read_choice, print_choice, OL_CBOR_UINT},
    [OL_FIELD_REFERENCE] = {read_reference, print_reference, OL_CBOR_UINT},
};

enum ol_wrong ol_field_read(const struct ol_field *field, struct ol_span line, struct ol_wr *w)
{
    assert(field->type <= OL_FIELD_REFERENCE);
    return line.len > 0 ? types[field->type].parse(field, line, w) : OL_WRONG_EMPTY;
}

/* Whatever it is. */
static void print_item(struct ol_rd *r, struct ol_wr *w)
{
    static const char hex[] = "0123456789abcdef";
    struct ol_span v;

    if (ol_cbor_peek(r) == OL_CBOR_UINT) {
        print_digits(w, ol_cbor_uint(r), 1);
        return;
    }
    if (ol_cbor_peek(r) == OL_CBOR_TEXT) {
        v = ol_cbor_text(r);
        ol_wr_bytes(w, v.p, v.len);
        return;
    }
    v = ol_cbor_bytes(r);
    for (size_t i = 0; i < v.len; i++) {
        ol_wr_u8(w, (uint8_t)hex[v.p[i] >> 4]);
        ol_wr_u8(w, (uint8_t)hex[v.p[i] & 15]);
    }
}

enum ol_wrong ol_field_print(const struct ol_field *field, struct ol_span item, struct ol_wr *w)
{
    struct ol_rd whole = ol_rd_from(item);
    struct ol_rd r = whole;
    enum ol_cbor_type kind = ol_cbor_peek(&r);
    size_t before = w->len;
    enum ol_wrong wrong = OL_WRONG_KIND;

    if (field != NULL && (kind == types[field->type].kind ||
                          (field->type == OL_FIELD_REFERENCE && kind == OL_CBOR_TEXT)))
        wrong = types[field->type].print(field, &r, w);
    assert(w->len >= before);
    if (w->len > before && wrong != OL_WRONG_KIND && wrong != OL_WRONG_EARTH)
        return wrong;
    w->len = before; /* of half an area */
    print_item(&whole, w);
    return field == NULL ? OL_RIGHT : wrong;
}
