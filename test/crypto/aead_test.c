/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "crypto/aead.h"

/* RFC 8439, appendix A.5: its nonce is four zero bytes and 01..08: Noise's form for this counter. */
#define RFC_KEY "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"
#define RFC_COUNTER UINT64_C(0x0807060504030201)
#define RFC_AD "f33388860000000000004e91"
#define RFC_PLAIN \
    "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, " \
    "replaced, or obsoleted by other documents at any time. It is inappropriate to use Internet-" \
    "Drafts as reference material or to cite them other than as /\xe2\x80\x9cwork in progress./\xe2\x80\x9d"
#define RFC_SEALED \
    "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0" \
    "bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855" \
    "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e9" \
    "9040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a" \
    "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130" \
    "305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38"

struct keys {
    struct ol_tx_key tx;
    struct ol_rx_key rx;
};

static struct keys rfc_keys(void)
{
    struct keys k;

    unhex(RFC_KEY, k.tx.b, sizeof k.tx.b);
    unhex(RFC_KEY, k.rx.b, sizeof k.rx.b);
    return k;
}

static void test_rfc_8439_a_5(void **state)
{
    struct keys k = rfc_keys();
    struct ol_span plain = ol_span(RFC_PLAIN, strlen(RFC_PLAIN));
    uint8_t ad[12], sealed[300], opened[300];

    (void)state;
    unhex(RFC_AD, ad, sizeof ad);
    ol_seal(&k.tx, RFC_COUNTER, SPAN(ad), plain, sealed);
    CHECK_HEX(RFC_SEALED, ol_span(sealed, plain.len + OL_TAG));
    CHECK_ERR(OL_OK, ol_open(&k.rx, RFC_COUNTER, SPAN(ad), ol_span(sealed, plain.len + OL_TAG), opened));
    assert_memory_equal(plain.p, opened, plain.len);
}

static void test_in_and_out_may_be_the_same_memory(void **state)
{
    struct keys k = rfc_keys();
    struct ol_span plain = ol_span(RFC_PLAIN, strlen(RFC_PLAIN));
    uint8_t ad[12], buf[300];

    (void)state;
    unhex(RFC_AD, ad, sizeof ad);
    memcpy(buf, plain.p, plain.len);
    ol_seal(&k.tx, RFC_COUNTER, SPAN(ad), ol_span(buf, plain.len), buf);
    CHECK_HEX(RFC_SEALED, ol_span(buf, plain.len + OL_TAG));
    CHECK_ERR(OL_OK, ol_open(&k.rx, RFC_COUNTER, SPAN(ad), ol_span(buf, plain.len + OL_TAG), buf));
    assert_memory_equal(plain.p, buf, plain.len);
}

static void test_a_forged_frame_is_refused_and_stays_as_it_is(void **state)
{
    struct keys k = rfc_keys();
    uint8_t ad[] = {1, 2, 3, 4};
    uint8_t good[5 + OL_TAG], buf[sizeof good], before[sizeof good];

    (void)state;
    ol_seal(&k.tx, 7, SPAN(ad), ol_span("hello", 5), good);
    for (size_t bit = 0; bit < 8 * sizeof good; bit++) {
        memcpy(buf, good, sizeof buf);
        buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
        memcpy(before, buf, sizeof before);
        CHECK_ERR(OL_FORGED, ol_open(&k.rx, 7, SPAN(ad), SPAN(buf), buf));
        assert_memory_equal(before, buf, sizeof buf);
    }
    for (size_t bit = 0; bit < 8 * sizeof ad; bit++) {
        ad[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_ERR(OL_FORGED, ol_open(&k.rx, 7, SPAN(ad), SPAN(good), buf));
        ad[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK_ERR(OL_OK, ol_open(&k.rx, 7, SPAN(ad), SPAN(good), buf));
}

static void test_every_bit_of_the_counter_counts(void **state)
{
    struct keys k = rfc_keys();
    uint8_t sealed[5 + OL_TAG], out[5];

    (void)state;
    ol_seal(&k.tx, 0, ol_span(NULL, 0), ol_span("hello", 5), sealed);
    CHECK_ERR(OL_OK, ol_open(&k.rx, 0, ol_span(NULL, 0), SPAN(sealed), out));
    for (unsigned bit = 0; bit < 64; bit++)
        CHECK_ERR(OL_FORGED, ol_open(&k.rx, UINT64_C(1) << bit, ol_span(NULL, 0), SPAN(sealed), out));
}

static void test_every_prefix_and_one_byte_too_many_is_refused(void **state)
{
    struct keys k = rfc_keys();
    uint8_t sealed[5 + OL_TAG + 1] = {0}, out[6];

    (void)state;
    ol_seal(&k.tx, 0, ol_span(NULL, 0), ol_span("hello", 5), sealed);
    for (size_t len = 0; len < OL_TAG; len++)
        CHECK_ERR(OL_MALFORMED, ol_open(&k.rx, 0, ol_span(NULL, 0), ol_span(sealed, len), out));
    for (size_t len = OL_TAG; len <= sizeof sealed; len++)
        CHECK_ERR(len == 5 + OL_TAG ? OL_OK : OL_FORGED,
                  ol_open(&k.rx, 0, ol_span(NULL, 0), ol_span(sealed, len), out));
}

static void test_nothing_can_be_sealed_too(void **state)
{
    struct keys k = rfc_keys();
    uint8_t tag[OL_TAG];

    (void)state;
    ol_seal(&k.tx, 1, ol_span("ad", 2), ol_span(NULL, 0), tag);
    CHECK_ERR(OL_OK, ol_open(&k.rx, 1, ol_span("ad", 2), SPAN(tag), NULL));
    CHECK_ERR(OL_FORGED, ol_open(&k.rx, 1, ol_span("aD", 2), SPAN(tag), NULL));
}

static int start(void **state)
{
    (void)state;
    return ol_crypto_init() == OL_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_8439_a_5),
        cmocka_unit_test(test_in_and_out_may_be_the_same_memory),
        cmocka_unit_test(test_a_forged_frame_is_refused_and_stays_as_it_is),
        cmocka_unit_test(test_every_bit_of_the_counter_counts),
        cmocka_unit_test(test_every_prefix_and_one_byte_too_many_is_refused),
        cmocka_unit_test(test_nothing_can_be_sealed_too),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
