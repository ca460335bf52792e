/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdlib.h>

#include "base/cbor.h"
#include "desk/form.h"

static const struct ol_choice choices[] = {{"LAND", 1}, {"SEA", 300}};
static const struct ol_field text_field = {.type = OL_FIELD_TEXT, .max = 12};
static const struct ol_field knots = {.type = OL_FIELD_NUMBER, .decimals = 1, .min = 0, .max = 999, .unit = "kn"};
static const struct ol_field degrees = {.type = OL_FIELD_NUMBER, .decimals = 0, .min = -60, .max = 60};
static const struct ol_field when = {.type = OL_FIELD_TIME};
static const struct ol_field day = {.type = OL_FIELD_TIME, .day = true};
static const struct ol_field place = {.type = OL_FIELD_POSITION};
static const struct ol_field area = {.type = OL_FIELD_AREA};
static const struct ol_field choice = {.type = OL_FIELD_CHOICE, .choice = choices, .choices = 2};
static const struct ol_field about = {.type = OL_FIELD_REFERENCE, .max = 12};

static uint8_t item_buf[1200];
static uint8_t line_buf[2400];

static struct ol_span text(const char *s)
{
    return ol_span(s, strlen(s));
}

static enum ol_wrong read_value(const struct ol_field *field, struct ol_span line, struct ol_span *item)
{
    struct ol_wr w = ol_wr_to(item_buf, sizeof item_buf);
    enum ol_wrong wrong = ol_field_read(field, line, &w);

    assert_false(w.full);
    *item = ol_wr_span(&w);
    return wrong;
}

static enum ol_wrong print_value(const struct ol_field *field, struct ol_span item, char out[static 300])
{
    struct ol_wr w = ol_wr_to(line_buf, sizeof line_buf);
    enum ol_wrong wrong = ol_field_print(field, item, &w);

    assert_true(!w.full && w.len < 300);
    memcpy(out, w.p, w.len);
    out[w.len] = '\0';
    return wrong;
}

/* What is written comes back as `printed`, from `bytes` bytes; and what is printed is the same value. */
static void check_value(const struct ol_field *field, const char *written, const char *printed, size_t bytes)
{
    struct ol_span item;
    uint8_t first[1200];
    char out[300];

    if (read_value(field, text(written), &item))
        fail_msg("%s is refused", written);
    assert_int_equal(bytes, item.len);
    memcpy(first, item.p, item.len);
    assert_int_equal(OL_RIGHT, print_value(field, ol_span(first, bytes), out));
    assert_string_equal(printed, out);
    assert_int_equal(OL_RIGHT, read_value(field, text(out), &item));
    assert_int_equal(bytes, item.len);
    assert_memory_equal(first, item.p, bytes);
}

static void check_refused(const struct ol_field *field, const char *written, enum ol_wrong want)
{
    struct ol_span item;
    enum ol_wrong got = read_value(field, text(written), &item);

    if (got != want)
        fail_msg("\"%s\": %d, not %d", written, got, want);
    assert_int_equal(0, item.len);
}

static void test_values_come_back_as_they_are_printed_and_as_small_as_promised(void **state)
{
    (void)state;
    check_value(&text_field, "abc", "abc", 4);
    check_value(&text_field, "\xe4\xb8\xad\xe5\x9b\xbd", "\xe4\xb8\xad\xe5\x9b\xbd", 7);
    check_value(&knots, "12.5", "12.5", 2);
    check_value(&knots, "12.5 kn", "12.5", 2);
    check_value(&knots, "+3kn", "3", 2);
    check_value(&knots, "0.0", "0", 1);
    check_value(&knots, "99.9", "99.9", 3);
    check_value(&degrees, "-60", "-60", 1);
    check_value(&degrees, "-0", "0", 2);
    check_value(&degrees, "60", "60", 2);
    check_value(&when, "2026-11-21T14:32Z", "2026-11-21T14:32Z", 5);
    check_value(&when, "2026-11-21T14:32:07Z", "2026-11-21T14:32:07Z", 5);
    check_value(&when, "211432Z NOV 26", "2026-11-21T14:32Z", 5);
    check_value(&when, "1970-01-01T00:00Z", "1970-01-01T00:00Z", 1);
    check_value(&when, "2105-12-31T23:59:59Z", "2105-12-31T23:59:59Z", 5);
    check_value(&day, "2028-02-29", "2028-02-29", 3);
    check_value(&day, "2000-02-29", "2000-02-29", 3);
    check_value(&place, "54.3210N 010.1234E", "54.3210N 010.1234E", 8);
    check_value(&place, "54.32101N 010.1234E", "54.32101N 010.12340E", 8);
    check_value(&place, "54.3N 10E", "54.3000N 010.0000E", 8);
    check_value(&place, "54-19.26N 010-07.4040E", "54.3210N 010.1234E", 8);
    check_value(&place, "54-19.2501N 010-07.4041W", "54-19.2501N 010-07.4041W", 8);
    check_value(&place, "90S 180W", "90.0000S 180.0000E", 8);
    check_value(&place, "90N 179-59.9999W", "90-00.0000N 179-59.9999W", 8);
    check_value(&place, "0S 0W", "00.0000N 000.0000E", 8);
    check_value(&area, "54.3210N 010.1234E 12.5 nmi", "54.3210N 010.1234E 12.5 nmi", 10);
    check_value(&area, "54.3210N 010.1234E 3000.0km", "54.3210N 010.1234E 3000 km", 10);
    check_value(&area, "54N 10E, 55N 10E,55N 11W", "54.0000N 010.0000E, 55.0000N 010.0000E, 55.0000N 011.0000W", 22);
    check_value(&choice, "LAND", "LAND", 1);
    check_value(&choice, "SEA", "SEA", 3);
    check_value(&about, "A12", "A12", 2);
    check_value(&about, "B4294967294", "B4294967294", 9);
    check_value(&about, "B4294967295", "B4294967295", 12);
    check_value(&about, "NV 12/2026", "NV 12/2026", 11);
    check_value(&about, "A012", "A012", 5);
}

static void test_what_a_field_cannot_hold_is_refused_with_the_reason_and_nothing_written(void **state)
{
    (void)state;
    check_refused(&text_field, "", OL_WRONG_EMPTY);
    check_refused(&text_field, "1234567890123", OL_WRONG_LONG);
    check_refused(&text_field, "a\nb", OL_WRONG_TEXT);
    check_refused(&text_field, "a\x7f", OL_WRONG_TEXT);
    check_refused(&text_field, "a\xff", OL_WRONG_TEXT);
    check_refused(&text_field, "a\xe2\x80\xae" "b", OL_WRONG_HIDDEN);
    check_refused(&text_field, "a\xd8\x9c" "b", OL_WRONG_HIDDEN);
    check_refused(&text_field, "a\xef\xbb\xbf" "b", OL_WRONG_HIDDEN);
    check_refused(&text_field, "a\xe2\x81\xa6" "b", OL_WRONG_HIDDEN);
    check_refused(&text_field, "a\xe2\x80\xa8" "b", OL_WRONG_TEXT);
    check_refused(&about, "a\xe2\x80\xae" "b", OL_WRONG_HIDDEN);
    check_refused(&knots, "twelve", OL_WRONG_NUMBER);
    check_refused(&knots, "-", OL_WRONG_NUMBER);
    check_refused(&knots, "12.", OL_WRONG_NUMBER);
    check_refused(&knots, "12 km", OL_WRONG_NUMBER);
    check_refused(&knots, "12 knots", OL_WRONG_NUMBER);
    check_refused(&knots, "1e3", OL_WRONG_NUMBER);
    check_refused(&knots, "12.34", OL_WRONG_DECIMALS);
    check_refused(&degrees, "1.5", OL_WRONG_DECIMALS);
    check_refused(&knots, "100", OL_WRONG_RANGE);
    check_refused(&knots, "-0.1", OL_WRONG_RANGE);
    check_refused(&degrees, "61", OL_WRONG_RANGE);
    check_refused(&degrees, "-61", OL_WRONG_RANGE);
    check_refused(&degrees, "123456789012345678901234567890", OL_WRONG_RANGE);
    check_refused(&when, "2026-11-21", OL_WRONG_TIME);
    check_refused(&when, "2026-11-21T14:32", OL_WRONG_TIME);
    check_refused(&when, "2026-11-21T14:32+01:00", OL_WRONG_TIME);
    check_refused(&when, "211432Z XXX 26", OL_WRONG_TIME);
    check_refused(&when, "211432Z NOV 2026", OL_WRONG_TIME);
    check_refused(&when, "2026-02-30T00:00Z", OL_WRONG_DATE);
    check_refused(&when, "2027-02-29T00:00Z", OL_WRONG_DATE);
    check_refused(&when, "2100-02-29T00:00Z", OL_WRONG_DATE);
    check_refused(&when, "2026-13-01T00:00Z", OL_WRONG_DATE);
    check_refused(&when, "2026-00-01T00:00Z", OL_WRONG_DATE);
    check_refused(&when, "2026-01-00T00:00Z", OL_WRONG_DATE);
    check_refused(&when, "2026-01-01T24:00Z", OL_WRONG_DATE);
    check_refused(&when, "2026-01-01T23:60Z", OL_WRONG_DATE);
    check_refused(&when, "2026-01-01T23:59:60Z", OL_WRONG_DATE);
    check_refused(&when, "311432Z NOV 26", OL_WRONG_DATE);
    check_refused(&when, "1969-12-31T23:59Z", OL_WRONG_DATE);
    check_refused(&when, "2106-01-01T00:00Z", OL_WRONG_DATE);
    check_refused(&day, "2026-11-31", OL_WRONG_DATE);
    check_refused(&day, "2026-11-21T14:32Z", OL_WRONG_TIME);
    check_refused(&place, "Kiel", OL_WRONG_POSITION);
    check_refused(&place, "54.3210N", OL_WRONG_POSITION);
    check_refused(&place, "54.3210N 010.1234E ", OL_WRONG_POSITION);
    check_refused(&place, "010.1234E 54.3210N", OL_WRONG_POSITION);
    check_refused(&place, "54.321001N 010.1234E", OL_WRONG_DECIMALS);
    check_refused(&place, "90.0001N 010.1234E", OL_WRONG_EARTH);
    check_refused(&place, "91N nonsense", OL_WRONG_EARTH);
    check_refused(&place, "54N 180.0001E", OL_WRONG_EARTH);
    check_refused(&place, "54N 999E", OL_WRONG_EARTH);
    check_refused(&place, "54-60.00N 010-07.40E", OL_WRONG_EARTH);
    check_refused(&place, "54-5.0N 010-07.40E", OL_WRONG_POSITION);
    check_refused(&area, "the bay", OL_WRONG_AREA);
    check_refused(&area, "91N 10E 5 km", OL_WRONG_EARTH);
    check_refused(&area, "54N 10E", OL_WRONG_CORNERS);
    check_refused(&area, "54N 10E, 55N 10E", OL_WRONG_CORNERS);
    check_refused(&area, "54N 10E, 55N 10E, 55N 11E 5 km", OL_WRONG_AREA);
    check_refused(&area, "54N 10E 0 km", OL_WRONG_RADIUS);
    check_refused(&area, "54N 10E 3000.1 km", OL_WRONG_RADIUS);
    check_refused(&area, "54N 10E 5 miles", OL_WRONG_RADIUS);
    check_refused(&area, "54N 10E 5.55 km", OL_WRONG_RADIUS);
    check_refused(&choice, "land", OL_WRONG_CHOICE);
    check_refused(&choice, "1", OL_WRONG_CHOICE);
    check_refused(&about, "1234567890123", OL_WRONG_LONG);
}

static void test_an_area_has_at_most_32_corners(void **state)
{
    char line[33 * 10 + 1] = "";

    (void)state;
    for (int i = 0; i < 32; i++)
        strcat(line, i > 0 ? ", 1N 2E" : "1N 2E");
    assert_int_equal(OL_RIGHT, read_value(&area, text(line), &(struct ol_span){0}));
    strcat(line, ", 1N 2E");
    check_refused(&area, line, OL_WRONG_CORNERS);
}

/* Every place of a coarse grid, and every day. */
static void test_all_places_and_days_are_told_apart(void **state)
{
    char out[300];

    (void)state;
    for (int lat = -90; lat <= 90; lat += 5) {
        for (int lon = -179; lon <= 180; lon += 7) {
            char line[64];
            struct ol_span item;

            snprintf(line, sizeof line, "%02d.1111%c %03d.2222%c", lat == 90 || lat == -90 ? 89 : abs(lat),
                     lat < 0 ? 'S' : 'N', lon == 180 ? 179 : abs(lon), lon < 0 ? 'W' : 'E');
            assert_int_equal(OL_RIGHT, read_value(&place, text(line), &item));
            assert_int_equal(OL_RIGHT, print_value(&place, item, out));
            assert_string_equal(line, out);
        }
    }
    for (uint64_t d = 0; d < 49673; d++) {
        uint8_t buf[16];
        struct ol_wr w = ol_wr_to(buf, sizeof buf);
        struct ol_span item;

        ol_cbor_put_uint(&w, d);
        assert_int_equal(OL_RIGHT, print_value(&day, ol_wr_span(&w), out));
        assert_int_equal(OL_RIGHT, read_value(&day, text(out), &item));
        assert_true(ol_span_equal(ol_wr_span(&w), item));
    }
    assert_string_equal("2105-12-31", out);
}

static void check_marked(const struct ol_field *field, const char *hex, enum ol_wrong want, const char *printed)
{
    uint8_t item[64];
    char out[300];
    size_t len = unhex(hex, item, sizeof item);

    assert_int_equal(want, print_value(field, ol_span(item, len), out));
    assert_string_equal(printed, out);
}

static void test_what_a_peer_sends_wrong_is_marked_and_shown_all_the_same(void **state)
{
    (void)state;
    check_marked(&text_field, "6561e280ae62", OL_WRONG_HIDDEN, "a\xe2\x80\xae" "b");
    check_marked(&text_field, "05", OL_WRONG_KIND, "5");
    check_marked(&text_field, "60", OL_WRONG_EMPTY, "");
    check_marked(&knots, "1903e8", OL_WRONG_RANGE, "100");
    check_marked(&knots, "1bffffffffffffffff", OL_WRONG_RANGE, "18446744073709551615");
    check_marked(&knots, "6161", OL_WRONG_KIND, "a");
    check_marked(&when, "1b00000001ffffffff", OL_WRONG_DATE, "8589934591");
    check_marked(&day, "19c209", OL_WRONG_DATE, "49673");
    check_marked(&place, "47ffffffffffffff", OL_WRONG_EARTH, "ffffffffffffff");
    check_marked(&place, "450102030405", OL_WRONG_KIND, "0102030405");
    check_marked(&area, "49000000000000000000", OL_WRONG_RADIUS, "90-00.0000S 179-59.9999W 0 km");
    check_marked(&area, "49ffffffffffffff0001", OL_WRONG_EARTH, "ffffffffffffff0001");
    check_marked(&area, "4700000000000000", OL_WRONG_CORNERS, "00000000000000");
    check_marked(&area, "5500000000000000ffffffffffffff00000000000000", OL_WRONG_EARTH,
                 "00000000000000ffffffffffffff00000000000000");
    check_marked(&choice, "02", OL_WRONG_CHOICE, "2");
    check_marked(&about, "01", OL_WRONG_KIND, "1");
    check_marked(&about, "63413132", OL_WRONG_KIND, "A12");
    check_marked(&about, "1b00000001ffffffff", OL_WRONG_KIND, "8589934591");
    check_marked(NULL, "05", OL_RIGHT, "5");
    check_marked(NULL, "6161", OL_RIGHT, "a");
    check_marked(NULL, "420a1f", OL_RIGHT, "0a1f");
}

/* ---- Bodies ---- */

static uint8_t body_buf[512];

static void set(struct ol_values *values, size_t n, const char *hex)
{
    static uint8_t bytes[OL_FORM_FIELDS][32];

    values->item[n - 1] = ol_span(bytes[n - 1], unhex(hex, bytes[n - 1], sizeof bytes[0]));
    values->n = n > values->n ? n : values->n;
}

static struct ol_span body(const struct ol_form_body *form)
{
    struct ol_wr w = ol_wr_to(body_buf, sizeof body_buf);

    ol_form_write(form, &w);
    assert_false(w.full);
    return ol_wr_span(&w);
}

static struct ol_span filled(bool extra)
{
    static const uint8_t map[] = {0xa1, 0x05, 0x01};
    struct ol_form_body form = {.number = 7};

    set(&form.values, 1, "05");
    set(&form.values, 3, "6161");
    set(&form.values, 4, "420a1f");
    if (extra)
        form.extra = SPAN(map);
    return body(&form);
}

static void test_a_body_holds_values_up_to_the_last_and_a_map_when_there_is_one(void **state)
{
    struct ol_form_body form;

    (void)state;
    CHECK_HEX("85070540" "6161" "420a1f", filled(false));
    CHECK_ERR(OL_OK, ol_form_read(filled(false), &form));
    assert_int_equal(7, form.number);
    assert_int_equal(4, form.values.n);
    CHECK_HEX("05", form.values.item[0]);
    assert_int_equal(0, form.values.item[1].len);
    CHECK_HEX("6161", form.values.item[2]);
    CHECK_HEX("420a1f", form.values.item[3]);
    assert_int_equal(0, form.extra.len);
    CHECK_ERR(OL_OK, ol_form_read(filled(true), &form));
    assert_int_equal(4, form.values.n);
    CHECK_HEX("a10501", form.extra);
    CHECK_HEX("8107", body(&(struct ol_form_body){.number = 7}));
    CHECK_ERR(OL_OK, ol_form_read(ol_span(body_buf, 2), &form));
    assert_int_equal(0, form.values.n);
}

static void check_malformed(const char *hex)
{
    uint8_t bytes[64];
    struct ol_form_body form;

    CHECK_ERR(OL_MALFORMED, ol_form_read(ol_span(bytes, unhex(hex, bytes, sizeof bytes)), &form));
    assert_int_equal(0, form.number + form.values.n + form.extra.len);
}

static void test_bodies_that_are_none_or_have_another_spelling_are_refused(void **state)
{
    (void)state;
    check_malformed("80");
    check_malformed("19012c");
    check_malformed("8119012c");      /* a number over 255 */
    check_malformed("820740");        /* nothing is said behind the last value */
    check_malformed("83070540");
    check_malformed("8307a1050105");  /* a map that is not the last */
    check_malformed("820781" "05");   /* an array is no value */
    check_malformed("820720");        /* neither is a negative number */
    check_malformed("82071805");      /* not the shortest form */
    check_malformed("810705");
    check_malformed("82070505");
}

static void test_a_body_has_at_most_40_values(void **state)
{
    uint8_t bytes[3 + 41];
    struct ol_form_body form;

    (void)state;
    memset(bytes, 0x05, sizeof bytes);
    bytes[0] = 0x98;
    bytes[1] = 1 + 40;
    CHECK_ERR(OL_OK, ol_form_read(ol_span(bytes, 3 + 40), &form));
    assert_int_equal(40, form.values.n);
    bytes[1] = 1 + 41;
    CHECK_ERR(OL_MALFORMED, ol_form_read(ol_span(bytes, 3 + 41), &form));
}

/* What can be read can be written, to the same bytes: without a map, whose own reader judges it. */
static void check_one_form(struct ol_span bytes)
{
    struct ol_form_body form;
    uint8_t copy[64];

    memcpy(copy, bytes.p, bytes.len);
    if (ol_form_read(ol_span(copy, bytes.len), &form) == OL_OK)
        assert_true(ol_span_equal(ol_span(copy, bytes.len), body(&form)));
}

static void test_every_prefix_and_one_byte_more_of_a_form_is_refused_and_every_flip_has_one_form(void **state)
{
    struct ol_form_body form;
    uint8_t bytes[64];
    size_t len = filled(false).len;

    (void)state;
    memcpy(bytes, body_buf, len);
    for (size_t n = 0; n < len; n++)
        CHECK_ERR(OL_MALFORMED, ol_form_read(ol_span(bytes, n), &form));
    bytes[len] = 0;
    CHECK_ERR(OL_MALFORMED, ol_form_read(ol_span(bytes, len + 1), &form));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        check_one_form(ol_span(bytes, len));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void test_a_read_back_says_which_fields_differ_which_were_left_out_and_which_added(void **state)
{
    struct ol_values sent = {0};
    struct ol_values back = {0};
    struct ol_misread misread;

    (void)state;
    set(&sent, 1, "05");
    set(&sent, 3, "6161");
    set(&sent, 4, "07");
    assert_true(ol_values_same(&sent, &sent, &misread));
    assert_int_equal(0, misread.differs | misread.left_out | misread.added);
    back = sent;
    set(&back, 6, "01");
    back.item[0] = ol_span("\x06", 1);
    back.item[2] = ol_span(NULL, 0);
    assert_false(ol_values_same(&sent, &back, &misread));
    assert_int_equal(1, misread.differs);
    assert_int_equal(4, misread.left_out);
    assert_int_equal(32, misread.added);
    assert_false(ol_values_same(&sent, &(struct ol_values){0}, &misread));
    assert_int_equal(1 | 4 | 8, misread.left_out);
}

static void test_values_of_a_read_back_come_back(void **state)
{
    struct ol_values values = {0};
    struct ol_values again;
    struct ol_misread misread;
    uint8_t bytes[64];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes - 1);

    (void)state;
    set(&values, 2, "6161");
    set(&values, 3, "07");
    ol_values_write(&values, &w);
    CHECK_HEX("8340616107", ol_wr_span(&w));
    CHECK_ERR(OL_OK, ol_values_read(ol_wr_span(&w), &again));
    assert_true(ol_values_same(&values, &again, &misread));
    for (size_t n = 0; n < w.len; n++)
        CHECK_ERR(OL_MALFORMED, ol_values_read(ol_span(bytes, n), &again));
    CHECK_ERR(OL_MALFORMED, ol_values_read(ol_span(bytes, w.len + 1), &again));
    CHECK_ERR(OL_OK, ol_values_read(ol_span("\x80", 1), &again));
    assert_int_equal(0, again.n);
}

static void test_a_form_number_comes_back_and_its_prefixes_are_refused(void **state)
{
    struct ol_form_number number = {.number = 255, .code = text("LAUNCH")};
    struct ol_form_number read;
    uint8_t bytes[64] = {0};
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    (void)state;
    memset(number.hash.b, 0xab, sizeof number.hash.b);
    ol_form_number_write(&number, &w);
    assert_int_equal(1 + 2 + 34 + 7, w.len);
    CHECK_ERR(OL_OK, ol_form_number_read(ol_wr_span(&w), &read));
    assert_int_equal(255, read.number);
    assert_memory_equal(number.hash.b, read.hash.b, sizeof read.hash.b);
    assert_true(ol_span_equal(number.code, read.code));
    for (size_t n = 0; n <= w.len + 1; n++)
        if (n != w.len)
            CHECK_ERR(OL_MALFORMED, ol_form_number_read(ol_span(bytes, n), &read));
    for (size_t bit = 0; bit < 8 * w.len; bit++) {
        uint8_t copy[64];
        struct ol_wr again = ol_wr_to(copy, sizeof copy);

        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (ol_form_number_read(ol_wr_span(&w), &read) == OL_OK) {
            ol_form_number_write(&read, &again);
            assert_true(ol_span_equal(ol_wr_span(&w), ol_wr_span(&again)));
        }
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_come_back_as_they_are_printed_and_as_small_as_promised),
        cmocka_unit_test(test_what_a_field_cannot_hold_is_refused_with_the_reason_and_nothing_written),
        cmocka_unit_test(test_an_area_has_at_most_32_corners),
        cmocka_unit_test(test_all_places_and_days_are_told_apart),
        cmocka_unit_test(test_what_a_peer_sends_wrong_is_marked_and_shown_all_the_same),
        cmocka_unit_test(test_a_body_holds_values_up_to_the_last_and_a_map_when_there_is_one),
        cmocka_unit_test(test_bodies_that_are_none_or_have_another_spelling_are_refused),
        cmocka_unit_test(test_a_body_has_at_most_40_values),
        cmocka_unit_test(test_every_prefix_and_one_byte_more_of_a_form_is_refused_and_every_flip_has_one_form),
        cmocka_unit_test(test_a_read_back_says_which_fields_differ_which_were_left_out_and_which_added),
        cmocka_unit_test(test_values_of_a_read_back_come_back),
        cmocka_unit_test(test_a_form_number_comes_back_and_its_prefixes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
