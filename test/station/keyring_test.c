/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "station/keyring.h"

static uint8_t text[4096];
static uint64_t seed = 1;

static void fill(void *ctx, void *out, size_t len)
{
    rnd_fill(ctx, out, len);
}

static struct ol_random some_random(void)
{
    return (struct ol_random){.ctx = &seed, .fill = fill};
}

static void add_line(struct ol_keyring *k, uint8_t number)
{
    struct ol_hash id = {.b = {number}};
    struct ol_line_keys keys;

    rnd_fill(&seed, &keys, sizeof keys);
    CHECK_ERR(OL_OK, ol_keyring_put(k, &id, &keys));
}

static struct ol_keyring some_keyring(size_t lines)
{
    struct ol_keyring k;

    ol_keyring_init(&k, some_random());
    for (size_t i = 0; i < lines; i++)
        add_line(&k, (uint8_t)i);
    return k;
}

static struct ol_span put(const struct ol_keyring *k)
{
    struct ol_wr w = ol_wr_to(text, sizeof text);

    ol_keyring_write(k, &w);
    assert_false(w.full);
    assert_int_equal(w.len, ol_keyring_size(k));
    return ol_wr_span(&w);
}

static void check_same(const struct ol_keyring *a, const struct ol_keyring *b)
{
    assert_memory_equal(&a->sign, &b->sign, sizeof a->sign);
    assert_memory_equal(&a->agree, &b->agree, sizeof a->agree);
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++)
        assert_memory_equal(&a->line[i], &b->line[i], sizeof a->line[i]);
}

static void check_refused(struct ol_span in)
{
    static const struct ol_keyring zero;
    struct ol_keyring k;
    size_t line = 0;

    CHECK_ERR(OL_MALFORMED, ol_keyring_read(in, &k, &line));
    assert_memory_equal(&k, &zero, sizeof k);
    assert_true(line >= 1);
}

static void test_what_is_written_reads_back(void **state)
{
    (void)state;
    for (size_t lines = 0; lines < 4; lines++) {
        struct ol_keyring k = some_keyring(lines);
        struct ol_keyring back;
        size_t line;

        CHECK_ERR(OL_OK, ol_keyring_read(put(&k), &back, &line));
        check_same(&k, &back);
        ol_keyring_fini(&k);
        ol_keyring_fini(&back);
    }
}

static void test_every_prefix_and_one_byte_more_are_refused(void **state)
{
    struct ol_keyring k = some_keyring(2);
    struct ol_span all = put(&k);

    (void)state;
    for (size_t len = 0; len < all.len; len++)
        check_refused(ol_span(text, len));
    for (unsigned byte = 0; byte < 256; byte++) {
        text[all.len] = (uint8_t)byte;
        check_refused(ol_span(text, all.len + 1));
    }
    ol_keyring_fini(&k);
}

static void test_every_flipped_bit_is_refused(void **state)
{
    struct ol_keyring k = some_keyring(2);
    struct ol_span all = put(&k);

    (void)state;
    for (size_t bit = 0; bit < all.len * 8; bit++) {
        text[bit / 8] ^= (uint8_t)(1u << bit % 8);
        check_refused(all);
        text[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    ol_keyring_fini(&k);
}

static void test_refusal_names_the_line(void **state)
{
    struct ol_keyring k = some_keyring(2);
    struct ol_span all = put(&k);
    struct ol_keyring back;
    size_t line;
    size_t at = 1;

    (void)state;
    for (size_t i = 0; i < all.len; i++) {
        text[i] ^= 0x80;
        CHECK_ERR(OL_MALFORMED, ol_keyring_read(all, &back, &line));
        text[i] ^= 0x80;
        assert_int_equal(line, at);
        at += text[i] == '\n';
    }
    ol_keyring_fini(&k);
}

static void test_put_replaces_the_keys_of_a_line(void **state)
{
    struct ol_keyring k = some_keyring(3);
    struct ol_hash id = {.b = {1}};
    struct ol_hash other = {.b = {9}};
    struct ol_line_keys keys;

    (void)state;
    rnd_fill(&seed, &keys, sizeof keys);
    CHECK_ERR(OL_OK, ol_keyring_put(&k, &id, &keys));
    assert_int_equal(k.n, 3);
    assert_memory_equal(ol_keyring_find(&k, &id), &keys, sizeof keys);
    assert_null(ol_keyring_find(&k, &other));
    ol_keyring_fini(&k);
    ol_keyring_fini(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_reads_back),
        cmocka_unit_test(test_every_prefix_and_one_byte_more_are_refused),
        cmocka_unit_test(test_every_flipped_bit_is_refused),
        cmocka_unit_test(test_refusal_names_the_line),
        cmocka_unit_test(test_put_replaces_the_keys_of_a_line),
    };

    if (ol_crypto_init() != OL_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
