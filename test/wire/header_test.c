/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "wire/header.h"

static void from_memory(void *ctx, void *out, size_t len)
{
    memcpy(out, ctx, len);
}

static const struct ol_hash line = {.b = {0x11, 0x22}};

static struct ol_header some_header(void)
{
    return (struct ol_header){
        .author = 'B',
        .kind = OL_KIND_MESSAGE,
        .flags = OL_FLASH << 6 | OL_FLAG_EXERCISE,
        .seq = 0x01020304,
        .xseq = 0x05060708,
        .time = 0xfffffffe,
        .prev = {.b = {1}},
        .xhash = {.b = {2}},
        .commitment = {.b = {3}},
    };
}

static void check_same(const struct ol_header *a, const struct ol_header *b)
{
    uint8_t one[OL_HEADER], two[OL_HEADER];

    ol_header_write(&line, a, one);
    ol_header_write(&line, b, two);
    assert_memory_equal(one, two, OL_HEADER);
}

static void test_a_header_is_laid_out_as_its_table_says(void **state)
{
    struct ol_header h = some_header();
    uint8_t out[OL_HEADER];

    (void)state;
    ol_header_write(&line, &h, out);
    assert_memory_equal("openline/entry/v1", out, 18);
    assert_memory_equal(line.b, out + 18, 32);
    CHECK_HEX("4228e0", ol_span(out + 50, 3));
    CHECK_HEX("0000000001020304", ol_span(out + 53, 8));
    assert_memory_equal(h.prev.b, out + 61, 32);
    CHECK_HEX("0000000005060708", ol_span(out + 93, 8));
    assert_memory_equal(h.xhash.b, out + 101, 32);
    CHECK_HEX("00000000fffffffe", ol_span(out + 133, 8));
    assert_memory_equal(h.commitment.b, out + 141, 32);
}

static void test_what_is_written_is_read(void **state)
{
    struct ol_header h = some_header(), got;
    struct ol_hash got_line;
    uint8_t out[OL_HEADER];

    (void)state;
    ol_header_write(&line, &h, out);
    CHECK_ERR(OL_OK, ol_header_read(SPAN(out), &got_line, &got));
    assert_true(ol_hash_equal(&line, &got_line));
    check_same(&h, &got);
}

static void check_refused(struct ol_span in)
{
    static const struct ol_header zero;
    static const struct ol_hash zero_hash;
    struct ol_header got = some_header();
    struct ol_hash got_line = line;

    CHECK_ERR(OL_MALFORMED, ol_header_read(in, &got_line, &got));
    assert_true(ol_hash_equal(&zero_hash, &got_line));
    check_same(&zero, &got);
}

static void test_every_prefix_and_one_byte_too_many_is_malformed(void **state)
{
    struct ol_header h = some_header();
    uint8_t out[OL_HEADER + 1] = {0};

    (void)state;
    ol_header_write(&line, &h, out);
    for (size_t len = 0; len < OL_HEADER; len++)
        check_refused(ol_span(out, len));
    check_refused(SPAN(out));
}

static void test_a_flipped_bit_is_refused_or_read_back_as_it_is(void **state)
{
    struct ol_header h = some_header();
    uint8_t out[OL_HEADER], again[OL_HEADER];
    size_t refused = 0;

    (void)state;
    ol_header_write(&line, &h, out);
    for (size_t bit = 0; bit < 8 * OL_HEADER; bit++) {
        struct ol_hash got_line;
        struct ol_header got;

        out[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (ol_header_read(SPAN(out), &got_line, &got) == OL_OK) {
            ol_header_write(&got_line, &got, again);
            assert_memory_equal(out, again, OL_HEADER);
        } else {
            refused++;
        }
        out[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    /* The prefix; the author; bit 5 of kind 40; half of flags; the high halves of three numbers. */
    assert_int_equal(18 * 8 + 8 + 1 + 4 + 3 * 32, refused);
}

/* Writes h with one field wrong and expects it refused. */
static void check_field(struct ol_header h)
{
    uint8_t out[OL_HEADER];

    ol_header_write(&line, &h, out);
    check_refused(SPAN(out));
}

static void test_fields_out_of_their_range_are_malformed(void **state)
{
    struct ol_header h;

    (void)state;
    h = some_header(), h.author = 'C', check_field(h);
    h = some_header(), h.author = 0, check_field(h);
    h = some_header(), h.kind = 31, check_field(h);
    h = some_header(), h.flags |= 8, check_field(h);
    h = some_header(), h.seq = 0, check_field(h);
    h = some_header(), h.seq = OL_SEQ_MAX + 1, check_field(h);
    h = some_header(), h.seq = 1, check_field(h);  /* but has a prev */
    h = some_header(), h.xseq = 0, check_field(h); /* but has an xhash */
}

static void test_the_first_entry_has_no_prev_and_names_no_head(void **state)
{
    struct ol_header h = some_header(), got;
    struct ol_hash got_line;
    uint8_t out[OL_HEADER];

    (void)state;
    h.seq = 1, h.xseq = 0;
    h.prev = h.xhash = (struct ol_hash){0};
    ol_header_write(&line, &h, out);
    CHECK_ERR(OL_OK, ol_header_read(SPAN(out), &got_line, &got));
}

static void test_the_hash_is_a_leaf_over_the_header(void **state)
{
    struct ol_header h = some_header();
    uint8_t leaf[1 + OL_HEADER] = {0};
    struct ol_span whole = SPAN(leaf);
    struct ol_hash want, got;

    (void)state;
    ol_header_write(&line, &h, leaf + 1);
    ol_sha256(&whole, 1, &want);
    ol_header_hash(&line, &h, &got);
    assert_true(ol_hash_equal(&want, &got));
}

static void test_the_seal_is_over_cose_sig_structure(void **state)
{
    struct ol_header h = some_header();
    uint8_t to_seal[OL_TO_SEAL], seed[32] = {1};
    struct ol_sign_sk sk;
    struct ol_sign_pk pk;
    struct ol_sig want, got;

    (void)state;
    ol_sign_keygen((struct ol_random){.ctx = seed, .fill = from_memory}, &sk, &pk);
    unhex("846a5369676e61747572653143a101274058ad", to_seal, 19);
    ol_header_write(&line, &h, to_seal + 19);
    ol_sign(&sk, SPAN(to_seal), &want);
    ol_header_seal(&sk, &line, &h, &got);
    assert_memory_equal(want.b, got.b, sizeof want.b);
    CHECK_ERR(OL_OK, ol_header_verify(&pk, &line, &h, &got));
}

static void test_a_seal_holds_for_its_header_alone(void **state)
{
    struct ol_header h = some_header();
    uint8_t seed[32] = {1}, bytes[OL_HEADER];
    struct ol_sign_sk sk;
    struct ol_sign_pk pk;
    struct ol_sig seal;
    size_t parsed = 0;

    (void)state;
    ol_sign_keygen((struct ol_random){.ctx = seed, .fill = from_memory}, &sk, &pk);
    ol_header_seal(&sk, &line, &h, &seal);
    ol_header_write(&line, &h, bytes);
    for (size_t bit = 0; bit < 8 * OL_HEADER; bit++) {
        struct ol_hash got_line;
        struct ol_header got;

        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (ol_header_read(SPAN(bytes), &got_line, &got) == OL_OK) {
            CHECK_ERR(OL_FORGED, ol_header_verify(&pk, &got_line, &got, &seal));
            parsed++;
        }
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(parsed > 1000);
    for (size_t bit = 0; bit < 8 * sizeof seal.b; bit++) {
        seal.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_ERR(OL_FORGED, ol_header_verify(&pk, &line, &h, &seal));
        seal.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void test_a_commitment_is_salt_and_body(void **state)
{
    uint8_t joined[16 + 4] = {9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 't', 'e', 'x', 't'};
    struct ol_span whole = SPAN(joined);
    struct ol_hash want, got;

    (void)state;
    ol_sha256(&whole, 1, &want);
    ol_commitment(joined, ol_span("text", 4), &got);
    assert_true(ol_hash_equal(&want, &got));
}

static void test_precedence_is_the_two_high_bits(void **state)
{
    (void)state;
    assert_int_equal(OL_FLASH, ol_flags_precedence(0xff));
    assert_int_equal(OL_IMMEDIATE, ol_flags_precedence(0x80));
    assert_int_equal(OL_PRIORITY, ol_flags_precedence(0x40));
    assert_int_equal(OL_ROUTINE, ol_flags_precedence(0x3f));
}

static int start(void **state)
{
    (void)state;
    return ol_crypto_init() == OL_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_header_is_laid_out_as_its_table_says),
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_every_prefix_and_one_byte_too_many_is_malformed),
        cmocka_unit_test(test_a_flipped_bit_is_refused_or_read_back_as_it_is),
        cmocka_unit_test(test_fields_out_of_their_range_are_malformed),
        cmocka_unit_test(test_the_first_entry_has_no_prev_and_names_no_head),
        cmocka_unit_test(test_the_hash_is_a_leaf_over_the_header),
        cmocka_unit_test(test_the_seal_is_over_cose_sig_structure),
        cmocka_unit_test(test_a_seal_holds_for_its_header_alone),
        cmocka_unit_test(test_a_commitment_is_salt_and_body),
        cmocka_unit_test(test_precedence_is_the_two_high_bits),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
