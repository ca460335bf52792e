/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "crypto/aead.h"
#include "crypto/noise.h"

#define MESSAGE_MAX 256u

static void from_memory(void *ctx, void *out, size_t len)
{
    memcpy(out, ctx, len);
}

static struct ol_random fixed(const uint8_t *bytes)
{
    return (struct ol_random){.ctx = (void *)(uintptr_t)bytes, .fill = from_memory};
}

/* Two sides of one line, and what their randomness gives. */
struct pair {
    struct ol_dh_sk i_sk, r_sk;
    struct ol_dh_pk i_pk, r_pk;
    struct ol_noise_psk psk;
    uint8_t i_e[32], r_e[32];
    uint8_t prologue[16];
    size_t prologue_len;
};

static void init_side(const struct pair *p, bool initiator, struct ol_noise *n)
{
    struct ol_noise_cfg cfg = {
        .initiator = initiator,
        .prologue = ol_span(p->prologue, p->prologue_len),
        .psk = &p->psk,
        .own = initiator ? &p->i_sk : &p->r_sk,
        .peer = initiator ? &p->r_pk : &p->i_pk,
    };

    ol_noise_init(n, &cfg);
}

static struct pair some_pair(void)
{
    struct pair p = {.prologue = {1, 2, 3}, .prologue_len = 3};
    uint64_t seed = 42;
    uint8_t key[32];

    rnd_fill(&seed, key, sizeof key);
    ol_dh_keygen(fixed(key), &p.i_sk, &p.i_pk);
    rnd_fill(&seed, key, sizeof key);
    ol_dh_keygen(fixed(key), &p.r_sk, &p.r_pk);
    rnd_fill(&seed, p.psk.b, sizeof p.psk.b);
    rnd_fill(&seed, p.i_e, sizeof p.i_e);
    rnd_fill(&seed, p.r_e, sizeof p.r_e);
    return p;
}

static const json_t *find_vector(const json_t *root)
{
    const json_t *one;
    size_t i;

    json_array_foreach(member(root, "vectors"), i, one) {
        if (strcmp(text_at(one, "protocol_name"), "Noise_KKpsk0_25519_ChaChaPoly_SHA256") == 0)
            return one;
    }
    fail_msg("no vector for KKpsk0");
    return NULL;
}

static struct pair vector_pair(const json_t *v)
{
    struct pair p;
    struct ol_dh_pk check;

    fill_from(v, "init_static", p.i_sk.b, 32);
    fill_from(v, "resp_static", p.r_sk.b, 32);
    fill_from(v, "resp_remote_static", p.i_pk.b, 32);
    fill_from(v, "init_remote_static", p.r_pk.b, 32);
    fill_from(v, "init_ephemeral", p.i_e, 32);
    fill_from(v, "resp_ephemeral", p.r_e, 32);
    p.prologue_len = bytes_at(v, "init_prologue", p.prologue, sizeof p.prologue).len;
    unhex(json_string_value(json_array_get(member(v, "init_psks"), 0)), p.psk.b, 32);
    ol_dh_public(&p.i_sk, &check);
    assert_memory_equal(p.i_pk.b, check.b, 32);
    ol_dh_public(&p.r_sk, &check);
    assert_memory_equal(p.r_pk.b, check.b, 32);
    return p;
}

/* One handshake message from one side to the other, byte for byte. */
static void shake(const json_t *message, struct ol_noise *from, const uint8_t *e, struct ol_noise *to)
{
    uint8_t payload[MESSAGE_MAX], wire[MESSAGE_MAX], got[MESSAGE_MAX];
    struct ol_span p = bytes_at(message, "payload", payload, sizeof payload);
    struct ol_span sent = ol_span(wire, p.len + OL_NOISE_OVERHEAD);

    CHECK_ERR(OL_OK, ol_noise_write(from, fixed(e), p, wire));
    CHECK_HEX(text_at(message, "ciphertext"), sent);
    CHECK_ERR(OL_OK, ol_noise_read(to, sent, got));
    assert_memory_equal(payload, got, p.len);
    assert_memory_equal(wire, to->re.b, 32);
}

static void transport(const json_t *message, const struct ol_dir_key *from, const struct ol_dir_key *to,
                      uint64_t counter)
{
    uint8_t payload[MESSAGE_MAX], wire[MESSAGE_MAX], got[MESSAGE_MAX];
    struct ol_span p = bytes_at(message, "payload", payload, sizeof payload);
    struct ol_tx_key tx;
    struct ol_rx_key rx;

    memcpy(tx.b, from->b, sizeof tx.b);
    memcpy(rx.b, to->b, sizeof rx.b);
    ol_seal(&tx, counter, ol_span(NULL, 0), p, wire);
    CHECK_HEX(text_at(message, "ciphertext"), ol_span(wire, p.len + OL_TAG));
    CHECK_ERR(OL_OK, ol_open(&rx, counter, ol_span(NULL, 0), ol_span(wire, p.len + OL_TAG), got));
    assert_memory_equal(payload, got, p.len);
}

static void test_kkpsk0_vector_of_both_roles(void **state)
{
    json_t *root = vectors_load("noise.json");
    const json_t *v = find_vector(root);
    const json_t *messages = member(v, "messages");
    struct pair p = vector_pair(v);
    struct ol_noise i, r;
    struct ol_dir_key i_tx, i_rx, r_tx, r_rx;
    struct ol_hash i_h, r_h;

    (void)state;
    init_side(&p, true, &i);
    init_side(&p, false, &r);
    shake(json_array_get(messages, 0), &i, p.i_e, &r);
    shake(json_array_get(messages, 1), &r, p.r_e, &i);
    ol_noise_split(&i, &i_tx, &i_rx, &i_h);
    ol_noise_split(&r, &r_tx, &r_rx, &r_h);
    CHECK_HEX(text_at(v, "handshake_hash"), SPAN(i_h.b));
    CHECK_HEX(text_at(v, "handshake_hash"), SPAN(r_h.b));
    assert_int_equal(6, json_array_size(messages));
    for (size_t m = 2; m < 6; m++) {
        bool forth = m % 2 == 0;

        transport(json_array_get(messages, m), forth ? &i_tx : &r_tx, forth ? &r_rx : &i_rx,
                  (m - 2) / 2);
    }
    json_decref(root);
}

/* Reads in with n, which must refuse it and be as before, the payload untouched. */
static void check_refused(enum ol_err want, struct ol_noise *n, struct ol_span in)
{
    struct ol_noise before = *n;
    uint8_t payload[MESSAGE_MAX], untouched[MESSAGE_MAX];

    memset(payload, 0x5a, sizeof payload);
    memset(untouched, 0x5a, sizeof untouched);
    CHECK_ERR(want, ol_noise_read(n, in, payload));
    assert_memory_equal(&before, n, sizeof before);
    assert_memory_equal(untouched, payload, sizeof payload);
}

/* Whatever is wrong with the message, the right one is still accepted after it. */
static void check_only_this(struct ol_noise *n, const uint8_t *message, size_t len, const char *payload)
{
    uint8_t bad[MESSAGE_MAX] = {0}, got[MESSAGE_MAX];

    for (size_t cut = 0; cut < len; cut++)
        check_refused(cut < OL_NOISE_OVERHEAD ? OL_MALFORMED : OL_FORGED, n, ol_span(message, cut));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        memcpy(bad, message, len);
        bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
        check_refused(OL_FORGED, n, ol_span(bad, len));
    }
    memcpy(bad, message, len);
    bad[len] = 0;
    check_refused(OL_FORGED, n, ol_span(bad, len + 1));
    CHECK_ERR(OL_OK, ol_noise_read(n, ol_span(message, len), got));
    assert_memory_equal(payload, got, strlen(payload));
}

static void test_anything_but_the_message_is_refused_and_changes_nothing(void **state)
{
    struct pair p = some_pair();
    uint8_t m1[7 + OL_NOISE_OVERHEAD], m2[6 + OL_NOISE_OVERHEAD];
    struct ol_noise i, r;

    (void)state;
    init_side(&p, true, &i);
    init_side(&p, false, &r);
    CHECK_ERR(OL_OK, ol_noise_write(&i, fixed(p.i_e), ol_span("entries", 7), m1));
    check_only_this(&r, m1, sizeof m1, "entries");
    CHECK_ERR(OL_OK, ol_noise_write(&r, fixed(p.r_e), ol_span("answer", 6), m2));
    check_only_this(&i, m2, sizeof m2, "answer");
}

static void test_another_psk_prologue_or_static_key_is_refused(void **state)
{
    struct pair good = some_pair();

    (void)state;
    for (int what = 0; what < 4; what++) {
        struct pair other = good;
        uint8_t m1[OL_NOISE_OVERHEAD], empty[1];
        struct ol_noise i, r;

        if (what == 1)
            other.psk.b[0] ^= 1;
        if (what == 2)
            other.prologue[0] ^= 1;
        if (what == 3)
            ol_dh_keygen(fixed(good.r_e), &other.i_sk, &other.i_pk);
        init_side(&good, true, &i);
        init_side(&other, false, &r);
        CHECK_ERR(OL_OK, ol_noise_write(&i, fixed(good.i_e), ol_span(NULL, 0), m1));
        CHECK_ERR(what == 0 ? OL_OK : OL_FORGED, ol_noise_read(&r, SPAN(m1), empty));
    }
}

/* u-coordinates of points of small order, canonical or not, with which every product is zero. */
static const char *const small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void test_an_ephemeral_key_of_small_order_is_refused(void **state)
{
    struct pair p = some_pair();
    uint8_t m1[OL_NOISE_OVERHEAD], m2[OL_NOISE_OVERHEAD];
    struct ol_noise i, r;

    (void)state;
    init_side(&p, true, &i);
    init_side(&p, false, &r);
    CHECK_ERR(OL_OK, ol_noise_write(&i, fixed(p.i_e), ol_span(NULL, 0), m1));
    for (size_t k = 0; k < COUNT(small_order); k++) {
        memset(m2, 0, sizeof m2);
        unhex(small_order[k], m2, 32);
        check_refused(OL_FORGED, &r, SPAN(m2));
        check_refused(OL_FORGED, &i, SPAN(m2));
    }
}

static void test_a_static_key_of_small_order_is_refused(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(small_order); k++) {
        struct pair p = some_pair();
        uint8_t m1[OL_NOISE_OVERHEAD], untouched[OL_NOISE_OVERHEAD];
        struct ol_noise i, before;

        unhex(small_order[k], p.r_pk.b, 32);
        init_side(&p, true, &i);
        before = i;
        memset(m1, 0x5a, sizeof m1);
        memset(untouched, 0x5a, sizeof untouched);
        CHECK_ERR(OL_FORGED, ol_noise_write(&i, fixed(p.i_e), ol_span(NULL, 0), m1));
        assert_memory_equal(&before, &i, sizeof i);
        assert_memory_equal(untouched, m1, sizeof m1);
    }
}

static void test_the_payload_may_be_opened_in_place(void **state)
{
    struct pair p = some_pair();
    uint8_t m[7 + OL_NOISE_OVERHEAD];
    struct ol_noise i, r;
    struct ol_dir_key i_tx, i_rx, r_tx, r_rx;

    (void)state;
    init_side(&p, true, &i);
    init_side(&p, false, &r);
    CHECK_ERR(OL_OK, ol_noise_write(&i, fixed(p.i_e), ol_span("entries", 7), m));
    CHECK_ERR(OL_OK, ol_noise_read(&r, SPAN(m), m + 32));
    assert_memory_equal("entries", m + 32, 7);
    CHECK_ERR(OL_OK, ol_noise_write(&r, fixed(p.r_e), ol_span(NULL, 0), m));
    CHECK_ERR(OL_OK, ol_noise_read(&i, ol_span(m, OL_NOISE_OVERHEAD), m + 32));
    ol_noise_split(&i, &i_tx, &i_rx, NULL);
    ol_noise_split(&r, &r_tx, &r_rx, NULL);
    assert_memory_equal(&i_tx, &r_rx, sizeof i_tx);
    assert_memory_equal(&i_rx, &r_tx, sizeof i_rx);
    assert_memory_not_equal(&i_tx, &i_rx, sizeof i_tx);
}

static void test_a_split_leaves_no_secret_behind(void **state)
{
    static const struct ol_noise zero;
    struct pair p = some_pair();
    struct ol_noise i;
    struct ol_dir_key tx, rx;

    (void)state;
    init_side(&p, true, &i);
    ol_noise_split(&i, &tx, &rx, NULL);
    assert_memory_equal(&zero, &i, sizeof i);
}

static int start(void **state)
{
    (void)state;
    return ol_crypto_init() == OL_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kkpsk0_vector_of_both_roles),
        cmocka_unit_test(test_anything_but_the_message_is_refused_and_changes_nothing),
        cmocka_unit_test(test_another_psk_prologue_or_static_key_is_refused),
        cmocka_unit_test(test_an_ephemeral_key_of_small_order_is_refused),
        cmocka_unit_test(test_a_static_key_of_small_order_is_refused),
        cmocka_unit_test(test_the_payload_may_be_opened_in_place),
        cmocka_unit_test(test_a_split_leaves_no_secret_behind),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
