/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader against libcbor: an input is accepted exactly when libcbor accepts it, it has nothing that
 * the subset lacks, its map keys ascend, and writing what libcbor read gives the same bytes again.
 */
#include "support.h"

#include <cbor.h>

#include "base/utf8.h"
#include "cbor_check.h"

#define DEEPEST 8u
#define INPUT_MAX 512u

/* What libcbor says, event by event. */
struct oracle {
    struct ol_wr again; /* the items, written in shortest form */
    bool refused;
    size_t depth;
    struct {
        uint64_t left; /* items still to come */
        bool map;
        uint64_t last_key; /* UINT64_MAX at the first */
    } open[DEEPEST + 1];
};

/* Called for each item before it is written; keys are every other item of a map. */
static void begin(struct oracle *o, bool is_uint, uint64_t v)
{
    uint64_t *last = &o->open[o->depth].last_key;

    if (o->open[o->depth].map && o->open[o->depth].left % 2 == 0) {
        if (!is_uint || v == UINT64_MAX || (*last != UINT64_MAX && v <= *last))
            o->refused = true;
        *last = v;
    }
    o->open[o->depth].left--;
}

static void end(struct oracle *o)
{
    while (o->depth > 0 && o->open[o->depth].left == 0)
        o->depth--;
}

static void on_uint(struct oracle *o, uint64_t v)
{
    begin(o, true, v);
    ol_cbor_put_uint(&o->again, v);
    end(o);
}

static void on_uint8(void *o, uint8_t v)
{
    on_uint(o, v);
}

static void on_uint16(void *o, uint16_t v)
{
    on_uint(o, v);
}

static void on_uint32(void *o, uint32_t v)
{
    on_uint(o, v);
}

static void on_uint64(void *o, uint64_t v)
{
    on_uint(o, v);
}

static void on_bytes(void *ctx, cbor_data p, size_t len)
{
    struct oracle *o = ctx;

    begin(o, false, 0);
    ol_cbor_put_bytes(&o->again, ol_span(p, len));
    end(o);
}

static void on_text(void *ctx, cbor_data p, size_t len)
{
    struct oracle *o = ctx;

    begin(o, false, 0);
    ol_cbor_put_text(&o->again, ol_span(p, len));
    if (!ol_utf8_valid(ol_span(p, len))) /* held to RFC 3629 by tests of its own */
        o->refused = true;
    end(o);
}

static void open_one(struct oracle *o, bool map, size_t n)
{
    begin(o, false, 0);
    if (map)
        ol_cbor_put_map(&o->again, n);
    else
        ol_cbor_put_array(&o->again, n);
    if (o->depth == DEEPEST || n > INPUT_MAX) { /* an input is shorter than that */
        o->refused = true;
        return;
    }
    o->depth++;
    o->open[o->depth].left = map ? 2 * n : n;
    o->open[o->depth].map = map;
    o->open[o->depth].last_key = UINT64_MAX;
    end(o);
}

static void on_array(void *o, size_t n)
{
    open_one(o, false, n);
}

static void on_map(void *o, size_t n)
{
    open_one(o, true, n);
}

static void not_ours(void *ctx)
{
    ((struct oracle *)ctx)->refused = true;
}

static void not_ours_8(void *ctx, uint8_t v)
{
    (void)v;
    not_ours(ctx);
}

static void not_ours_16(void *ctx, uint16_t v)
{
    (void)v;
    not_ours(ctx);
}

static void not_ours_32(void *ctx, uint32_t v)
{
    (void)v;
    not_ours(ctx);
}

static void not_ours_64(void *ctx, uint64_t v)
{
    (void)v;
    not_ours(ctx);
}

static void not_ours_float(void *ctx, float v)
{
    (void)v;
    not_ours(ctx);
}

static void not_ours_double(void *ctx, double v)
{
    (void)v;
    not_ours(ctx);
}

static void not_ours_bool(void *ctx, bool v)
{
    (void)v;
    not_ours(ctx);
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = not_ours_8,
    .negint16 = not_ours_16,
    .negint32 = not_ours_32,
    .negint64 = not_ours_64,
    .byte_string_start = not_ours,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = not_ours,
    .indef_array_start = not_ours,
    .array_start = on_array,
    .indef_map_start = not_ours,
    .map_start = on_map,
    .tag = not_ours_64,
    .float2 = not_ours_float,
    .float4 = not_ours_float,
    .float8 = not_ours_double,
    .undefined = not_ours,
    .null = not_ours,
    .boolean = not_ours_bool,
    .indef_break = not_ours,
};

static bool oracle_accepts(struct ol_span in)
{
    uint8_t again[INPUT_MAX + 16];
    struct oracle o = {.again = ol_wr_to(again, sizeof again), .open = {{.left = 1}}};
    size_t at = 0;

    assert_true(in.len <= INPUT_MAX);
    while (!o.refused && o.open[0].left + o.depth > 0 && at < in.len) {
        struct cbor_decoder_result got = cbor_stream_decode(in.p + at, in.len - at, &callbacks, &o);

        if (got.status != CBOR_DECODER_FINISHED)
            return false;
        at += got.read;
    }
    return !o.refused && o.depth == 0 && o.open[0].left == 0 && at == in.len
        && ol_span_equal(in, ol_wr_span(&o.again));
}

/* Whether the input was accepted; fails when libcbor would have it otherwise. */
static bool compare(struct ol_span in)
{
    bool ours = cbor_check(in) == OL_OK;
    uint8_t again[INPUT_MAX + 16];
    struct ol_wr w = ol_wr_to(again, sizeof again);
    struct ol_rd r = ol_rd_from(in);

    if (ours != oracle_accepts(in)) {
        for (size_t i = 0; i < in.len; i++)
            print_error("%02x", in.p[i]);
        fail_msg(": %s, but libcbor has it otherwise", ours ? "accepted" : "refused");
    }
    if (!ours)
        return false;
    cbor_write_again(&r, &w);
    CHECK_ERR(OL_OK, ol_rd_end(&r));
    assert_true(ol_span_equal(in, ol_wr_span(&w)));
    return true;
}

static void test_all_inputs_of_no_one_and_two_bytes_are_read_as_libcbor_does(void **state)
{
    size_t accepted = 0;

    (void)state;
    assert_false(compare(ol_span(NULL, 0)));
    for (unsigned v = 0; v < 0x100; v++)
        accepted += compare(ol_span(&(uint8_t){(uint8_t)v}, 1));
    assert_int_equal(24 + 4, accepted); /* small numbers; empty strings, array, map */
    accepted = 0;
    for (unsigned v = 0; v < 0x10000; v++) {
        uint8_t in[] = {(uint8_t)(v >> 8), (uint8_t)v};

        accepted += compare(SPAN(in));
    }
    /* 24 to 255; a byte; an ASCII text; an array of one of the 28. */
    assert_int_equal(232 + 256 + 128 + 28, accepted);
}

/* A random item of the subset. */
static void put_random(struct ol_wr *w, uint64_t *seed, unsigned depth)
{
    static const char text[] = "aZ0 \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    static const size_t cuts[] = {0, 1, 2, 3, 4, 6, 9, 13};
    uint8_t bytes[40];
    uint64_t key = 0;
    size_t n;

    switch (rnd(seed) % (depth < DEEPEST ? 5 : 3)) {
    case 0:
        ol_cbor_put_uint(w, rnd(seed) >> rnd(seed) % 64);
        break;
    case 1:
        rnd_fill(seed, bytes, sizeof bytes);
        ol_cbor_put_bytes(w, ol_span(bytes, rnd(seed) % sizeof bytes));
        break;
    case 2:
        ol_cbor_put_text(w, ol_span(text, cuts[rnd(seed) % COUNT(cuts)]));
        break;
    case 3:
        n = rnd(seed) % 4;
        for (ol_cbor_put_array(w, n); n > 0; n--)
            put_random(w, seed, depth + 1);
        break;
    default:
        n = rnd(seed) % 4;
        for (ol_cbor_put_map(w, n); n > 0; n--) {
            ol_cbor_put_uint(w, key);
            key += 1 + (rnd(seed) >> rnd(seed) % 64) / 8;
            put_random(w, seed, depth + 1);
        }
    }
}

static void mutate(uint8_t *p, size_t *len, uint64_t *seed)
{
    size_t at = rnd(seed) % *len;

    switch (rnd(seed) % 4) {
    case 0:
        p[at] ^= (uint8_t)(1 << rnd(seed) % 8);
        break;
    case 1:
        p[at] = (uint8_t)rnd(seed);
        break;
    case 2: /* a byte fewer */
        memmove(p + at, p + at + 1, *len - at - 1);
        *len -= 1;
        break;
    default: /* a byte more */
        memmove(p + at + 1, p + at, *len - at);
        p[at] = (uint8_t)rnd(seed);
        *len += 1;
    }
}

static void test_random_items_and_their_mutants_are_read_as_libcbor_does(void **state)
{
    uint64_t seed = 2026;
    size_t mutants = 0, accepted = 0;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint8_t in[INPUT_MAX];
        struct ol_wr w = ol_wr_to(in, INPUT_MAX - 8);
        size_t len;

        put_random(&w, &seed, 0);
        if (w.full)
            continue;
        assert_true(compare(ol_wr_span(&w)));
        len = w.len;
        for (int i = 0; i < 8 && len > 1; i++) {
            mutate(in, &len, &seed);
            mutants++;
            accepted += compare(ol_span(in, len));
        }
    }
    assert_true(accepted > mutants / 100 && accepted < mutants / 2); /* both answers are exercised */
}

static void test_random_bytes_are_read_as_libcbor_does(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        uint8_t in[12];
        size_t len = 3 + rnd(&seed) % 10;

        rnd_fill(&seed, in, len);
        compare(ol_span(in, len));
    }
}

static enum ol_err check_hex_input(const char *hex)
{
    uint8_t in[64];

    return cbor_check(ol_span(in, unhex(hex, in, sizeof in)));
}

static void test_what_the_subset_lacks_is_refused(void **state)
{
    static const char *const bad[] = {
        "1800", "1817", "190000", "1900ff", "1a00000000", "1a0000ffff", /* not shortest */
        "1b0000000000000000", "1b00000000ffffffff", "5800", "7800", "9800", "b800", "590001ff",
        "a200000000", "a201000100", /* duplicate keys */
        "a201000000", "a21818001700", /* unsorted keys */
        "a1616100", "a1410000", "a1800000", "a12000", /* keys that are no unsigned numbers */
        "a11bffffffffffffffff00", /* the highest number is no key */
        "5fff", "7fff", "9fff", "bfff", "5f4100ff", "9f00ff", /* indefinite */
        "20", "3863", "3bffffffffffffffff", /* negative */
        "c000", "c100", "d81800", "d9d9f700", /* tags */
        "f4", "f5", "f6", "f7", "e0", "f8ff", /* simple values */
        "f90000", "fa00000000", "fb0000000000000000", /* floats */
        "ff", "1c", "1d", "1e", "1f", "5c", "fc", /* break, reserved */
        "0000", "8000", /* something left over */
        "81", "8200", "a1", "a100", "4100ff00", "9bffffffffffffffff", "bb8000000000000000", /* counts */
        "5bffffffffffffffff", "7bffffffffffffffff", "1b", "19ff",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_ERR(OL_MALFORMED, check_hex_input(bad[i]));
}

static void test_the_edges_of_the_subset_are_accepted(void **state)
{
    static const char *const good[] = {
        "00", "17", "1818", "18ff", "190100", "19ffff", "1a00010000", "1affffffff", "1b0000000100000000",
        "1bffffffffffffffff", "40", "60", "80", "a0", "a2000001a0", "a21700181800",
        "a11bfffffffffffffffe00",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        CHECK_ERR(OL_OK, check_hex_input(good[i]));
}

static void test_eight_levels_are_accepted_and_nine_are_not(void **state)
{
    (void)state;
    CHECK_ERR(OL_OK, check_hex_input("8181818181818180"));
    CHECK_ERR(OL_OK, check_hex_input("818181818181818100"));
    CHECK_ERR(OL_MALFORMED, check_hex_input("818181818181818180"));
    CHECK_ERR(OL_OK, check_hex_input("a100a100a100a100a100a100a100a10000"));
    CHECK_ERR(OL_MALFORMED, check_hex_input("a100a100a100a100a100a100a100a100a0"));
}

static void test_a_read_of_another_type_marks_the_reader_bad(void **state)
{
    static const uint8_t inputs[][2] = {{0x05}, {0x41, 'x'}, {0x61, 'x'}, {0x81, 0x00}, {0xa0}, {0x20}};
    static const size_t lens[] = {1, 2, 2, 2, 1, 1};
    uint64_t last;

    (void)state;
    for (size_t i = 0; i < COUNT(inputs); i++) {
        for (size_t as = 0; as < 6; as++) {
            struct ol_rd r = ol_rd_from(ol_span(inputs[i], lens[i]));
            uint64_t got = 0;

            last = UINT64_MAX;
            switch (as) {
            case 0:
                got = ol_cbor_uint(&r);
                break;
            case 1:
                got = ol_cbor_bytes(&r).len;
                break;
            case 2:
                got = ol_cbor_text(&r).len;
                break;
            case 3:
                got = ol_cbor_array(&r);
                break;
            case 4:
                got = ol_cbor_map(&r);
                break;
            default:
                got = ol_cbor_key(&r, &last);
            }
            assert_int_equal(as == 5 ? i != 0 : as != i, r.bad); /* a key is a number */
            if (r.bad)
                assert_true(got == 0 && last == UINT64_MAX);
        }
    }
}

static void test_peek_names_the_type_and_takes_nothing(void **state)
{
    struct ol_rd r = ol_rd_from(ol_span("\x61x", 2));

    (void)state;
    assert_int_equal(OL_CBOR_TEXT, ol_cbor_peek(&r));
    assert_int_equal(OL_CBOR_TEXT, ol_cbor_peek(&r));
    assert_int_equal(1, ol_cbor_text(&r).len);
    assert_int_equal(OL_CBOR_NONE, ol_cbor_peek(&r));
    assert_false(r.bad);
    r = ol_rd_from(ol_span("\xf6", 1));
    assert_int_equal(OL_CBOR_NONE, ol_cbor_peek(&r));
}

/* The UTF-8 of a code point, or 0 for one that has none. */
static size_t encode(uint32_t c, uint8_t out[static 4])
{
    if (c >= 0xd800 && c <= 0xdfff)
        return 0;
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (c & 63));
    return 4;
}

static void test_every_code_point_is_utf8_and_its_prefixes_are_not(void **state)
{
    uint8_t p[4];

    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        size_t len = encode(c, p);

        assert_int_equal(true, ol_utf8_valid(ol_span(p, len)));
        for (size_t cut = 1; cut < len; cut++)
            assert_int_equal(false, ol_utf8_valid(ol_span(p, cut)));
    }
}

/* How many sequences of that length are valid that start with this byte. They are to be as many as there
 * are code points, which the test above has found valid: then there are no others. */
static size_t count_valid(uint8_t first, size_t len)
{
    uint8_t p[4] = {first};
    size_t n = 0;

    for (uint32_t rest = 0; rest < 1u << 8 * (len - 1); rest++) {
        for (size_t i = 1; i < len; i++)
            p[i] = (uint8_t)(rest >> 8 * (len - 1 - i));
        n += ol_utf8_valid(ol_span(p, len));
    }
    return n;
}

static void test_no_other_sequence_is_utf8(void **state)
{
    size_t two = 0, three = 0;

    (void)state;
    for (unsigned first = 0x80; first < 0x100; first++) {
        uint8_t p = (uint8_t)first;

        assert_false(ol_utf8_valid(ol_span(&p, 1)));
        two += count_valid((uint8_t)first, 2);
        three += first >= 0xe0 ? count_valid((uint8_t)first, 3) : 0;
    }
    assert_int_equal(0x800 - 0x80, two);
    assert_int_equal(0x10000 - 0x800 - 0x800, three);
}

static void test_wrong_sequences_of_four_bytes_are_not_utf8(void **state)
{
    static const uint8_t bad[][4] = {
        {0xf0, 0x8f, 0xbf, 0xbf}, /* overlong */
        {0xf4, 0x90, 0x80, 0x80}, /* above U+10FFFF */
        {0xf5, 0x80, 0x80, 0x80}, {0xff, 0x80, 0x80, 0x80}, {0xf0, 0x90, 0x80, 0x7f},
        {0xf0, 0x90, 0xc0, 0x80}, {0xf0, 0xc0, 0x80, 0x80}, {0xed, 0xa0, 0x80, 'x'},
        {'x', 0xe0, 0x80, 0x80},  {'x', 'y', 0xc0, 0x80},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(ol_utf8_valid(ol_span(bad[i], 4)));
    assert_true(ol_utf8_valid(ol_span(NULL, 0)));
    assert_true(ol_utf8_valid(ol_span("\0", 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_inputs_of_no_one_and_two_bytes_are_read_as_libcbor_does),
        cmocka_unit_test(test_random_items_and_their_mutants_are_read_as_libcbor_does),
        cmocka_unit_test(test_random_bytes_are_read_as_libcbor_does),
        cmocka_unit_test(test_what_the_subset_lacks_is_refused),
        cmocka_unit_test(test_the_edges_of_the_subset_are_accepted),
        cmocka_unit_test(test_eight_levels_are_accepted_and_nine_are_not),
        cmocka_unit_test(test_a_read_of_another_type_marks_the_reader_bad),
        cmocka_unit_test(test_peek_names_the_type_and_takes_nothing),
        cmocka_unit_test(test_every_code_point_is_utf8_and_its_prefixes_are_not),
        cmocka_unit_test(test_no_other_sequence_is_utf8),
        cmocka_unit_test(test_wrong_sequences_of_four_bytes_are_not_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
