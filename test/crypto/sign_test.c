/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "crypto/sign.h"

static void from_memory(void *ctx, void *out, size_t len)
{
    memcpy(out, ctx, len);
}

/* RFC 8032, section 7.1 */
static const struct {
    const char *seed, *pk, *message, *sig;
} rfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
     "d25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
     "4a7c15e9716ed28dc027beceea1ec40a"},
};

static void test_rfc_8032_signatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rfc8032); i++) {
        uint8_t seed[32], message[2];
        struct ol_span m = ol_span(message, unhex(rfc8032[i].message, message, sizeof message));
        struct ol_sign_sk sk;
        struct ol_sign_pk pk, again;
        struct ol_sig sig;

        unhex(rfc8032[i].seed, seed, sizeof seed);
        ol_sign_keygen((struct ol_random){.ctx = seed, .fill = from_memory}, &sk, &pk);
        ol_sign_public(&sk, &again);
        CHECK_HEX(rfc8032[i].pk, SPAN(pk.b));
        CHECK_HEX(rfc8032[i].pk, SPAN(again.b));
        ol_sign(&sk, m, &sig);
        CHECK_HEX(rfc8032[i].sig, SPAN(sig.b));
        CHECK_ERR(OL_OK, ol_verify(&pk, m, &sig));
        CHECK_ERR(OL_OK, ol_sign_pk_check(&pk));
    }
}

static void test_strictness_cases(void **state)
{
    json_t *root = vectors_load("ed25519.json");
    json_t *one;
    size_t i;

    (void)state;
    assert_true(json_array_size(member(root, "cases")) > 30);
    json_array_foreach(member(root, "cases"), i, one) {
        bool key = json_is_true(member(one, "key"));
        bool holds = json_is_true(member(one, "sig_holds"));
        uint8_t message[32];
        struct ol_span m = bytes_at(one, "message", message, sizeof message);
        struct ol_sign_pk pk;
        struct ol_sig sig;

        fill_from(one, "pk", pk.b, sizeof pk.b);
        fill_from(one, "sig", sig.b, sizeof sig.b);
        if ((ol_sign_pk_check(&pk) == OL_OK) != key || (ol_verify(&pk, m, &sig) == OL_OK) != holds)
            fail_msg("%s", text_at(one, "claim"));
    }
    json_decref(root);
}

static void test_any_flipped_bit_is_forged(void **state)
{
    uint8_t seed[32] = {1};
    uint8_t message[] = "a message";
    struct ol_sign_sk sk;
    struct ol_sign_pk pk;
    struct ol_sig sig;

    (void)state;
    ol_sign_keygen((struct ol_random){.ctx = seed, .fill = from_memory}, &sk, &pk);
    ol_sign(&sk, SPAN(message), &sig);
    for (size_t bit = 0; bit < 8 * sizeof sig.b; bit++) {
        struct ol_sig bad = sig;

        bad.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_ERR(OL_FORGED, ol_verify(&pk, SPAN(message), &bad));
    }
    for (size_t bit = 0; bit < 8 * sizeof pk.b; bit++) {
        struct ol_sign_pk bad = pk;

        bad.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_ERR(OL_FORGED, ol_verify(&bad, SPAN(message), &sig));
    }
    for (size_t bit = 0; bit < 8 * sizeof message; bit++) {
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_ERR(OL_FORGED, ol_verify(&pk, SPAN(message), &sig));
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK_ERR(OL_FORGED, ol_verify(&pk, ol_span(message, sizeof message - 1), &sig));
    CHECK_ERR(OL_OK, ol_verify(&pk, SPAN(message), &sig));
}

static void test_the_public_half_comes_from_the_seed(void **state)
{
    uint8_t seed[32] = {2};
    struct ol_sign_sk sk;
    struct ol_sign_pk pk, again;

    (void)state;
    ol_sign_keygen((struct ol_random){.ctx = seed, .fill = from_memory}, &sk, &pk);
    sk.b[63] ^= 1;
    ol_sign_public(&sk, &again);
    assert_memory_equal(pk.b, again.b, sizeof pk.b);
}

static void test_keys_of_the_system_differ(void **state)
{
    struct ol_sign_sk sk[2];
    struct ol_sign_pk pk[2];
    struct ol_dh_sk dsk[2];
    struct ol_dh_pk dpk[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        ol_sign_keygen(ol_random_system(), &sk[i], &pk[i]);
        ol_dh_keygen(ol_random_system(), &dsk[i], &dpk[i]);
        CHECK_ERR(OL_OK, ol_sign_pk_check(&pk[i]));
    }
    assert_false(ol_secret_equal(&sk[0], &sk[1], sizeof sk[0]));
    assert_false(ol_secret_equal(&dsk[0], &dsk[1], sizeof dsk[0]));
    assert_memory_not_equal(&pk[0], &pk[1], sizeof pk[0]);
    assert_memory_not_equal(&dpk[0], &dpk[1], sizeof dpk[0]);
}

static void test_comparing_and_wiping(void **state)
{
    struct ol_hash a = {.b = {1}}, b = {.b = {1}};

    (void)state;
    assert_true(ol_hash_equal(&a, &b));
    b.b[31] = 1;
    assert_false(ol_hash_equal(&a, &b));
    assert_false(ol_secret_equal(&a, &b, sizeof a));
    assert_true(ol_secret_equal(&a, &b, sizeof a - 1));
    ol_wipe(&b, sizeof b);
    for (size_t i = 0; i < sizeof b; i++)
        assert_int_equal(0, b.b[i]);
}

static int start(void **state)
{
    (void)state;
    return ol_crypto_init() == OL_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_8032_signatures),
        cmocka_unit_test(test_strictness_cases),
        cmocka_unit_test(test_any_flipped_bit_is_forged),
        cmocka_unit_test(test_the_public_half_comes_from_the_seed),
        cmocka_unit_test(test_keys_of_the_system_differ),
        cmocka_unit_test(test_comparing_and_wiping),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
