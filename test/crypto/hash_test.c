/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "crypto/hash.h"

static void sha256_of(const char *text, struct ol_hash *out)
{
    struct ol_span s = ol_span(text, strlen(text));

    ol_sha256(&s, 1, out);
}

static void test_sha256_of_fips_180_examples(void **state)
{
    struct ol_hash h;

    (void)state;
    sha256_of("abc", &h);
    CHECK_HEX("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", SPAN(h.b));
    sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", &h);
    CHECK_HEX("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", SPAN(h.b));
    ol_sha256(NULL, 0, &h);
    CHECK_HEX("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", SPAN(h.b));
}

static void test_parts_hash_as_if_joined(void **state)
{
    struct ol_span parts[] = {ol_span("a", 1), ol_span(NULL, 0), ol_span("bc", 2)};
    struct ol_hash h;

    (void)state;
    ol_sha256(parts, COUNT(parts), &h);
    CHECK_HEX("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", SPAN(h.b));
}

/* RFC 4231. HMAC pads a shorter key with zeros and hashes one longer than 64 bytes, so each of its keys
 * has an equal one of 32 bytes. */
static const struct {
    const char *key, *data, *mac;
} rfc4231[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
     "dddddddddddddddddddddddddddddddddddd",
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"0102030405060708090a0b0c0d0e0f10111213141516171819",
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
};

static void test_hmac_of_rfc_4231(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rfc4231); i++) {
        uint8_t key[32] = {0};
        uint8_t data[64];
        struct ol_span message;
        struct ol_hash mac;

        unhex(rfc4231[i].key, key, sizeof key);
        message = ol_span(data, unhex(rfc4231[i].data, data, sizeof data));
        ol_hmac(key, &message, 1, &mac);
        CHECK_HEX(rfc4231[i].mac, SPAN(mac.b));
    }
}

static void test_hmac_of_rfc_4231_with_a_long_key(void **state)
{
    const char *data = "Test Using Larger Than Block-Size Key - Hash Key First";
    struct ol_span message[] = {ol_span(data, 10), ol_span(data + 10, strlen(data) - 10)};
    uint8_t key[131] = {0};
    struct ol_span whole = SPAN(key);
    struct ol_hash hashed, mac;

    (void)state;
    memset(key, 0xaa, sizeof key);
    ol_sha256(&whole, 1, &hashed);
    ol_hmac(hashed.b, message, COUNT(message), &mac);
    CHECK_HEX("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", SPAN(mac.b));
}

/* RFC 5869 in its two steps, for a salt of at most 32 bytes. */
static void extract_expand(struct ol_span ikm, struct ol_span salt, struct ol_span info,
                           struct ol_hash *prk, struct ol_hash *okm)
{
    struct ol_span first[] = {info, ol_span("\x01", 1)};
    uint8_t padded[32] = {0};

    if (salt.len > 0)
        memcpy(padded, salt.p, salt.len);
    ol_hmac(padded, &ikm, 1, prk);
    ol_hmac(prk->b, first, 2, okm);
}

static void test_hkdf_steps_of_rfc_5869(void **state)
{
    uint8_t ikm[22], salt[13], info[10];
    struct ol_hash prk, okm;

    (void)state;
    memset(ikm, 0x0b, sizeof ikm);
    unhex("000102030405060708090a0b0c", salt, sizeof salt);
    unhex("f0f1f2f3f4f5f6f7f8f9", info, sizeof info);
    extract_expand(SPAN(ikm), SPAN(salt), SPAN(info), &prk, &okm);
    CHECK_HEX("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", SPAN(prk.b));
    CHECK_HEX("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf", SPAN(okm.b));
    extract_expand(SPAN(ikm), ol_span(NULL, 0), ol_span(NULL, 0), &prk, &okm);
    CHECK_HEX("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04", SPAN(prk.b));
    CHECK_HEX("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d", SPAN(okm.b));
}

static void test_hkdf_is_these_steps(void **state)
{
    uint8_t key[32], salt[32], info[20], got[32];
    struct ol_hash prk, okm;
    uint64_t seed = 1;

    (void)state;
    for (size_t len = 0; len <= sizeof salt; len++) {
        struct ol_span some = ol_span(salt, len);
        struct ol_span label = ol_span(info, len % sizeof info);

        rnd_fill(&seed, key, sizeof key);
        rnd_fill(&seed, salt, sizeof salt);
        rnd_fill(&seed, info, sizeof info);
        extract_expand(SPAN(key), some, label, &prk, &okm);
        ol_hkdf(key, some, label, got);
        assert_memory_equal(okm.b, got, sizeof got);
    }
}

static void test_every_label_gives_another_key(void **state)
{
    struct ol_courier_key courier = {.b = {1}};
    struct ol_hash line = {.b = {2}};
    uint8_t keys[8][32];
    struct ol_line_keys lk;
    struct ol_hash id0;
    struct ol_dir_key dir, next;
    struct ol_tx_key path;

    (void)state;
    ol_public_id(&courier, &id0);
    ol_line_keys(&courier, &line, &lk);
    memcpy(dir.b, courier.b, sizeof dir.b);
    ol_next_phase(&dir, &next);
    memcpy(keys[0], id0.b, 32);
    memcpy(keys[1], lk.psk.b, 32);
    memcpy(keys[2], lk.tag[0].b, 32);
    memcpy(keys[3], lk.tag[1].b, 32);
    memcpy(keys[4], lk.salt.b, 32);
    memcpy(keys[5], next.b, 32);
    ol_path_tx_key(&dir, 0, &path);
    memcpy(keys[6], path.b, 32);
    ol_path_tx_key(&dir, 15, &path);
    memcpy(keys[7], path.b, 32);
    for (size_t i = 0; i < COUNT(keys); i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(keys[i], keys[j], 32);
}

static void test_both_ends_of_a_path_have_one_key(void **state)
{
    struct ol_dir_key dir = {.b = {3}};
    struct ol_tx_key tx;
    struct ol_rx_key rx;

    (void)state;
    ol_path_tx_key(&dir, 7, &tx);
    ol_path_rx_key(&dir, 7, &rx);
    assert_memory_equal(tx.b, rx.b, sizeof tx.b);
}

static void test_the_next_phase_may_replace_its_key_in_place(void **state)
{
    struct ol_dir_key dir = {.b = {4}};
    struct ol_dir_key next;

    (void)state;
    ol_next_phase(&dir, &next);
    ol_next_phase(&dir, &dir);
    assert_memory_equal(next.b, dir.b, sizeof dir.b);
}

static void test_the_two_sides_compare_different_codes_of_30_digits(void **state)
{
    struct ol_courier_key courier = {.b = {5}};
    struct ol_line_keys keys;
    char a[31], b[31];

    (void)state;
    for (uint8_t i = 0; i < 100; i++) {
        struct ol_hash line = {.b = {i}};

        ol_line_keys(&courier, &line, &keys);
        ol_compare_code(&keys.tag[0], &line, a);
        ol_compare_code(&keys.tag[1], &line, b);
        assert_int_equal(30, strspn(a, "0123456789"));
        assert_int_equal(30, strlen(a));
        assert_int_equal(30, strspn(b, "0123456789"));
        assert_string_not_equal(a, b);
    }
}

static int start(void **state)
{
    (void)state;
    return ol_crypto_init() == OL_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_of_fips_180_examples),
        cmocka_unit_test(test_parts_hash_as_if_joined),
        cmocka_unit_test(test_hmac_of_rfc_4231),
        cmocka_unit_test(test_hmac_of_rfc_4231_with_a_long_key),
        cmocka_unit_test(test_hkdf_steps_of_rfc_5869),
        cmocka_unit_test(test_hkdf_is_these_steps),
        cmocka_unit_test(test_every_label_gives_another_key),
        cmocka_unit_test(test_both_ends_of_a_path_have_one_key),
        cmocka_unit_test(test_the_next_phase_may_replace_its_key_in_place),
        cmocka_unit_test(test_the_two_sides_compare_different_codes_of_30_digits),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
