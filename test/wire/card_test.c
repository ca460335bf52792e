/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "armour/armour.h"
#include "crypto/hash.h"
#include "wire/card.h"

static uint8_t buf[OL_CARD_MAX + 1];
static uint8_t text[2048];

static void from_memory(void *ctx, void *out, size_t len)
{
    memcpy(out, ctx, len);
}

static struct ol_card some_card(uint8_t number)
{
    struct ol_card card = {
        .party = "Republic of Ruritania",
        .station = "Duty officer \xe2\x82\xac",
        .langs = 2,
        .lang = {"en", "de-CH-1996"},
        .revocation = {.b = {number}},
    };
    uint8_t seed[32] = {number};
    struct ol_sign_sk sk;
    struct ol_dh_sk dh;

    ol_sign_keygen((struct ol_random){.ctx = seed, .fill = from_memory}, &sk, &card.sign);
    ol_dh_keygen((struct ol_random){.ctx = seed, .fill = from_memory}, &dh, &card.agree);
    return card;
}

static struct ol_card longest_card(void)
{
    struct ol_card card = some_card(1);

    memset(card.party, 'p', OL_PARTY_MAX);
    memset(card.station, 's', OL_PARTY_MAX);
    card.langs = OL_LANGS_MAX;
    for (size_t i = 0; i < OL_LANGS_MAX; i++)
        memset(card.lang[i], 'l', OL_LANG_MAX);
    return card;
}

static size_t put(const struct ol_card *card)
{
    struct ol_wr w = ol_wr_to(buf, OL_CARD_MAX);

    CHECK_ERR(OL_OK, ol_card_write(card, &w));
    return w.len;
}

static void check_same(const struct ol_card *a, const struct ol_card *b)
{
    assert_memory_equal(a->party, b->party, sizeof a->party);
    assert_memory_equal(a->station, b->station, sizeof a->station);
    assert_memory_equal(&a->sign, &b->sign, sizeof a->sign);
    assert_memory_equal(&a->agree, &b->agree, sizeof a->agree);
    assert_int_equal(a->langs, b->langs);
    assert_memory_equal(a->lang, b->lang, sizeof a->lang);
    assert_memory_equal(&a->revocation, &b->revocation, sizeof a->revocation);
}

static void check_refused(struct ol_span in)
{
    static const struct ol_card zero;
    struct ol_card got = some_card(9);

    CHECK_ERR(OL_MALFORMED, ol_card_read(in, &got));
    check_same(&zero, &got);
}

static void check_not_written(const struct ol_card *card)
{
    struct ol_wr w = ol_wr_to(buf, OL_CARD_MAX);

    CHECK_ERR(OL_MALFORMED, ol_card_write(card, &w));
    assert_int_equal(0, w.len);
}

static void test_a_card_is_read_as_it_was_written(void **state)
{
    struct ol_card cards[] = {some_card(1), longest_card()}, got;

    (void)state;
    for (size_t i = 0; i < COUNT(cards); i++) {
        CHECK_ERR(OL_OK, ol_card_read(ol_span(buf, put(&cards[i])), &got));
        check_same(&cards[i], &got);
    }
}

static void test_its_hash_is_over_its_bytes(void **state)
{
    struct ol_card card = some_card(1);
    struct ol_span whole = ol_span(buf, put(&card));
    struct ol_hash want, got;

    (void)state;
    ol_sha256(&whole, 1, &want);
    ol_card_hash(&card, &got);
    assert_true(ol_hash_equal(&want, &got));
}

static void test_every_prefix_and_one_byte_too_many_is_malformed(void **state)
{
    struct ol_card cards[] = {some_card(1), longest_card()};

    (void)state;
    for (size_t i = 0; i < COUNT(cards); i++) {
        size_t len = put(&cards[i]);

        for (size_t cut = 0; cut < len; cut++)
            check_refused(ol_span(buf, cut));
        buf[len] = 0;
        check_refused(ol_span(buf, len + 1));
    }
}

static void test_a_flipped_bit_is_refused_or_read_back_as_it_is(void **state)
{
    struct ol_card card = some_card(1), got;
    size_t len = put(&card), accepted = 0;
    uint8_t flipped[sizeof buf];

    (void)state;
    for (size_t bit = 0; bit < 8 * len; bit++) {
        put(&card);
        memcpy(flipped, buf, len);
        flipped[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (ol_card_read(ol_span(flipped, len), &got) == OL_OK) {
            accepted++;
            assert_int_equal(len, put(&got));
            assert_memory_equal(flipped, buf, len);
        }
    }
    assert_true(accepted >= 2 * 32 * 8); /* any agreement key and any revocation hash may stand */
}

static void test_a_card_that_does_not_fit_is_over_the_limit(void **state)
{
    struct ol_card card = some_card(1);
    size_t len = put(&card);

    (void)state;
    for (size_t cap = 0; cap < len; cap++) {
        struct ol_wr w = ol_wr_to(buf, cap);

        CHECK_ERR(OL_LIMIT, ol_card_write(&card, &w));
    }
}

static void test_names_are_utf8_of_1_to_64_bytes_without_controls(void **state)
{
    static const char *const bad[] = {
        "", "a\x1f", "a\n", "a\x7f", "a\xc2\x80", "\xc2\x9f", "\xff", "a\xc3",
    };
    struct ol_card card;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        card = some_card(1);
        snprintf(card.party, sizeof card.party, "%s", bad[i]);
        check_not_written(&card);
        card = some_card(1);
        snprintf(card.station, sizeof card.station, "%s", bad[i]);
        check_not_written(&card);
    }
    card = some_card(1);
    memset(card.party, 'x', sizeof card.party); /* no NUL */
    check_not_written(&card);
    card = some_card(1);
    snprintf(card.party, sizeof card.party, "\xc2\xa0"); /* the first after the controls */
    put(&card);
}

/* Replaces one part of a card's bytes by another and expects the whole refused. */
static void check_replaced(const char *from_hex, const char *to_hex)
{
    struct ol_card card = some_card(1);
    uint8_t from[128], to[128], whole[OL_CARD_MAX + 128];
    size_t from_len = unhex(from_hex, from, sizeof from);
    size_t to_len = unhex(to_hex, to, sizeof to);
    size_t len = put(&card), at = 0;

    while (at + from_len <= len && memcmp(buf + at, from, from_len) != 0)
        at++;
    assert_true(at + from_len <= len);
    memcpy(whole, buf, at);
    memcpy(whole + at, to, to_len);
    memcpy(whole + at + to_len, buf + at + from_len, len - at - from_len);
    check_refused(ol_span(whole, len - from_len + to_len));
}

static void test_other_shapes_are_malformed(void **state)
{
    (void)state;
    check_replaced("8701", "8601");                   /* six fields */
    check_replaced("8701", "8702");                   /* another suite */
    check_replaced("8701", "871801");                 /* not the shortest form */
    check_replaced("62656e", "60");                   /* an empty language */
    check_replaced("62656e", "6165");                 /* too short a language */
    check_replaced("62656e", "62656e62656e");         /* one more than the array says */
    check_replaced("62656e", "42656e");               /* bytes, not text */
    check_replaced("62656e", "626500");               /* a NUL */
    check_replaced("755265", "750065");               /* a NUL in the party's name */
}

static void test_languages_are_1_to_8(void **state)
{
    struct ol_card card = some_card(1);
    uint8_t many[OL_CARD_MAX];
    size_t len;

    (void)state;
    card.langs = 0;
    check_not_written(&card);
    card.langs = OL_LANGS_MAX + 1;
    check_not_written(&card);
    card = some_card(1);
    card.langs = OL_LANGS_MAX;
    for (size_t i = 0; i < OL_LANGS_MAX; i++)
        memcpy(card.lang[i], "en", 3);
    len = put(&card);
    /* The same with nine: the array stands before the last 34 bytes. */
    memcpy(many, buf, len - 34);
    many[len - 34 - 8 * 3 - 1]++;
    memcpy(many + len - 34, "\x62" "en", 3);
    memcpy(many + len - 31, buf + len - 34, 34);
    check_refused(ol_span(many, len + 3));
    /* And with none. */
    memcpy(many, buf, len - 34);
    many[len - 34 - 8 * 3 - 1] = 0x80;
    memcpy(many + len - 34 - 8 * 3, buf + len - 34, 34);
    check_refused(ol_span(many, len - 8 * 3));
}

static void test_a_weak_signing_key_may_not_stand_on_a_card(void **state)
{
    struct ol_card card = some_card(1);
    size_t len = put(&card), at = 0;

    (void)state;
    while (memcmp(buf + at, card.sign.b, 32) != 0)
        at++;
    memset(buf + at, 0, 32); /* a point of order 4 */
    check_refused(ol_span(buf, len));
    memset(card.sign.b, 0, 32);
    check_not_written(&card);
    memset(card.sign.b, 0xff, 32); /* not canonical */
    check_not_written(&card);
}

static void test_language_tags(void **state)
{
    static const char *const good[] = {"en", "EN", "de-CH-1996", "zh-Hant-TW", "x-y", "a1"};
    static const char *const bad[] = {
        "", "e", "-en", "en-", "en--us", "1en", "e_n", "e n", "\xc3\xa9n", "en\n",
    };
    char tag[OL_LANG_MAX + 2];

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(ol_lang_valid(ol_span(good[i], strlen(good[i]))));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(ol_lang_valid(ol_span(bad[i], strlen(bad[i]))));
    memset(tag, 'a', sizeof tag);
    assert_true(ol_lang_valid(ol_span(tag, OL_LANG_MAX)));
    assert_false(ol_lang_valid(ol_span(tag, OL_LANG_MAX + 1)));
    assert_false(ol_lang_valid(ol_span("en\0a", 4)));
}

static void test_the_lower_signing_key_is_a(void **state)
{
    struct ol_card one = some_card(1), two = some_card(2);

    (void)state;
    memset(one.sign.b, 0, 32);
    memset(two.sign.b, 0, 32);
    assert_int_equal(0, ol_side_of(&one, &two));
    two.sign.b[31] = 1;
    assert_int_equal('A', ol_side_of(&one, &two));
    assert_int_equal('B', ol_side_of(&two, &one));
    one.sign.b[0] = 0x80; /* bytes are unsigned, and the first counts most */
    assert_int_equal('B', ol_side_of(&one, &two));
}

static void test_a_line_id_binds_all_its_parts(void **state)
{
    struct ol_hash id0 = {.b = {1}}, a = {.b = {2}}, b = {.b = {3}}, got, want;
    uint8_t joined[16 + 96] = "openline/line/1";
    struct ol_span whole = SPAN(joined);

    (void)state;
    joined[16] = 1, joined[48] = 2, joined[80] = 3;
    ol_sha256(&whole, 1, &want);
    ol_line_id(&id0, &a, &b, &got);
    assert_true(ol_hash_equal(&want, &got));
}

#define LABEL "OPENLINE COURIER KEY"

static struct ol_span armour(struct ol_span payload)
{
    struct ol_wr w = ol_wr_to(text, sizeof text);

    CHECK_ERR(OL_OK, ol_armour_write(LABEL, payload, &w));
    return ol_wr_span(&w);
}

static void check_armour_refused(struct ol_span in)
{
    uint8_t out[64] = {0};
    struct ol_wr w = ol_wr_to(out, sizeof out);

    CHECK_ERR(OL_MALFORMED, ol_armour_read(LABEL, in, &w));
    assert_int_equal(0, w.len);
    assert_false(w.full);
}

static void check_armour_text(const char *in)
{
    uint8_t out[64];
    struct ol_wr w = ol_wr_to(out, sizeof out);

    CHECK_ERR(OL_OK, ol_armour_read(LABEL, ol_span(in, strlen(in)), &w));
    CHECK_HEX("616263", ol_wr_span(&w));
}

static void test_armour_looks_as_it_should(void **state)
{
    struct ol_span got = armour(ol_span("abc", 3));
    const char *want = "-----BEGIN OPENLINE COURIER KEY-----\n"
                       "YWJjungWvw==\n"
                       "-----END OPENLINE COURIER KEY-----\n";

    (void)state;
    assert_true(ol_span_equal(ol_span(want, strlen(want)), got));
}

static void test_lines_of_armour_have_64_characters(void **state)
{
    uint8_t payload[44 + 48] = {0};
    struct ol_span got;

    (void)state;
    got = armour(ol_span(payload, 44)); /* with its checksum just one line */
    assert_int_equal(37 + 65 + 35, got.len);
    assert_int_equal('\n', got.p[37 + 64]);
    got = armour(ol_span(payload, 45));
    assert_int_equal(37 + 65 + 5 + 35, got.len);
    assert_int_equal('\n', got.p[37 + 64]);
    got = armour(SPAN(payload));
    assert_int_equal(37 + 65 + 65 + 35, got.len);
}

static void test_every_length_of_payload_comes_back(void **state)
{
    uint8_t payload[OL_CARD_MAX + 1], out[OL_CARD_MAX];
    uint64_t seed = 3;

    (void)state;
    rnd_fill(&seed, payload, sizeof payload);
    for (size_t len = 0; len <= OL_CARD_MAX; len++) {
        struct ol_wr w = ol_wr_to(out, len);

        CHECK_ERR(OL_OK, ol_armour_read(LABEL, armour(ol_span(payload, len)), &w));
        assert_true(ol_span_equal(ol_span(payload, len), ol_wr_span(&w)));
    }
}

static void test_too_long_a_payload_is_over_the_limit_or_malformed(void **state)
{
    static const char line[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
    uint8_t payload[OL_CARD_MAX + 1] = {0};
    struct ol_wr w = ol_wr_to(text, sizeof text);

    (void)state;
    CHECK_ERR(OL_LIMIT, ol_armour_write(LABEL, SPAN(payload), &w));
    assert_int_equal(0, w.len);
    ol_wr_bytes(&w, "-----BEGIN " LABEL "-----\n", 37);
    for (int i = 0; i < 14; i++) /* 672 bytes */
        ol_wr_bytes(&w, line, 65);
    ol_wr_bytes(&w, "-----END " LABEL "-----\n", 35);
    assert_false(w.full);
    check_armour_refused(ol_wr_span(&w));
}

/* Its last group is the one that does not fit: the armour itself is well-formed. */
static void test_armour_of_one_byte_more_than_a_card_is_malformed(void **state)
{
    struct ol_wr w = ol_wr_to(text, sizeof text);

    (void)state;
    ol_wr_bytes(&w, "-----BEGIN " LABEL "-----\n", 37);
    for (unsigned i = 0; i < (OL_CARD_MAX + 1 + 4) / 3; i++)
        ol_wr_bytes(&w, "AAAA", 4);
    ol_wr_bytes(&w, "\n-----END " LABEL "-----\n", 36);
    assert_false(w.full);
    check_armour_refused(ol_wr_span(&w));
}

static void test_white_space_around_and_between_lines_is_allowed(void **state)
{
    (void)state;
    check_armour_text("-----BEGIN " LABEL "-----\r\nYWJjungWvw==\r\n-----END " LABEL "-----\r\n");
    check_armour_text("\n \t-----BEGIN " LABEL "-----  \n\n  YWJj \r\n\tungW\n vw==  \n"
                      "-----END " LABEL "-----");
    check_armour_text("  -----BEGIN " LABEL "-----\nYWJjungWvw==\n-----END " LABEL "-----\n\n \n");
}

static void test_anything_else_is_malformed(void **state)
{
    static const char *const bad[] = {
        "",
        "YWJjungWvw==",
        "-----BEGIN OPENLINE CARD-----\nYWJjungWvw==\n-----END OPENLINE CARD-----\n", /* another label */
        "-----BEGIN " LABEL "-----\nYWJjungWvw==\n-----END OPENLINE CARD-----\n",
        "-----BEGIN " LABEL "-----\nYWJjungWvw==\n-----END " LABEL "-----\nx",  /* something after it */
        "x\n-----BEGIN " LABEL "-----\nYWJjungWvw==\n-----END " LABEL "-----\n", /* or before it */
        "-----BEGIN  " LABEL "-----\nYWJjungWvw==\n-----END " LABEL "-----\n",
        "-----BEGIN " LABEL "-----\nYWJjungWvw=\n-----END " LABEL "-----\n",     /* padding lacks */
        "-----BEGIN " LABEL "-----\nYWJjungWvw\n-----END " LABEL "-----\n",
        "-----BEGIN " LABEL "-----\nYWJjungWv===\n-----END " LABEL "-----\n",
        "-----BEGIN " LABEL "-----\nYWJjungWvw==AAAA\n-----END " LABEL "-----\n", /* more after it */
        "-----BEGIN " LABEL "-----\nYWJjungWv=w=\n-----END " LABEL "-----\n",
        "-----BEGIN " LABEL "-----\nYWJjungWvx==\n-----END " LABEL "-----\n",     /* bits of no byte */
        "-----BEGIN " LABEL "-----\nYWJjungWv_==\n-----END " LABEL "-----\n",     /* another alphabet */
        "-----BEGIN " LABEL "-----\nYWJkungWvw==\n-----END " LABEL "-----\n",     /* wrong payload */
        "-----BEGIN " LABEL "-----\nYWJjungWwA==\n-----END " LABEL "-----\n",     /* wrong checksum */
        "-----BEGIN " LABEL "-----\nungW\n-----END " LABEL "-----\n",            /* no whole checksum */
        "-----BEGIN " LABEL "-----\n-----END " LABEL "-----\n",
        "-----BEGIN " LABEL "-----\nYWJjungWvw==\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        check_armour_refused(ol_span(bad[i], strlen(bad[i])));
}

static void test_every_prefix_of_armour_is_malformed(void **state)
{
    struct ol_span whole = armour(ol_span("abcd", 4));

    (void)state;
    for (size_t cut = 0; cut + 1 < whole.len; cut++) /* the last newline may lack */
        check_armour_refused(ol_span(whole.p, cut));
}

static void test_a_flipped_bit_of_armour_is_refused_or_changes_only_white_space(void **state)
{
    uint8_t flipped[256], out[64];
    struct ol_span whole = armour(ol_span("some secret key", 15));

    (void)state;
    for (size_t bit = 0; bit < 8 * whole.len; bit++) {
        struct ol_wr w = ol_wr_to(out, sizeof out);

        memcpy(flipped, whole.p, whole.len);
        flipped[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (ol_armour_read(LABEL, ol_span(flipped, whole.len), &w) == OL_OK) {
            assert_int_equal('\n', whole.p[bit / 8]);
            assert_true(ol_span_equal(ol_span("some secret key", 15), ol_wr_span(&w)));
        }
    }
}

static void test_armour_that_does_not_fit_is_over_the_limit(void **state)
{
    struct ol_span whole = armour(ol_span("abc", 3));
    uint8_t out[128];

    (void)state;
    for (size_t cap = 0; cap < 3; cap++) {
        struct ol_wr w = ol_wr_to(out, cap);

        CHECK_ERR(OL_LIMIT, ol_armour_read(LABEL, whole, &w));
        assert_int_equal(0, w.len);
    }
    for (size_t cap = 0; cap < whole.len; cap++) {
        struct ol_wr w = ol_wr_to(out, cap);

        CHECK_ERR(OL_LIMIT, ol_armour_write(LABEL, ol_span("abc", 3), &w));
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
        cmocka_unit_test(test_a_card_is_read_as_it_was_written),
        cmocka_unit_test(test_its_hash_is_over_its_bytes),
        cmocka_unit_test(test_every_prefix_and_one_byte_too_many_is_malformed),
        cmocka_unit_test(test_a_flipped_bit_is_refused_or_read_back_as_it_is),
        cmocka_unit_test(test_a_card_that_does_not_fit_is_over_the_limit),
        cmocka_unit_test(test_names_are_utf8_of_1_to_64_bytes_without_controls),
        cmocka_unit_test(test_other_shapes_are_malformed),
        cmocka_unit_test(test_languages_are_1_to_8),
        cmocka_unit_test(test_a_weak_signing_key_may_not_stand_on_a_card),
        cmocka_unit_test(test_language_tags),
        cmocka_unit_test(test_the_lower_signing_key_is_a),
        cmocka_unit_test(test_a_line_id_binds_all_its_parts),
        cmocka_unit_test(test_armour_looks_as_it_should),
        cmocka_unit_test(test_lines_of_armour_have_64_characters),
        cmocka_unit_test(test_every_length_of_payload_comes_back),
        cmocka_unit_test(test_too_long_a_payload_is_over_the_limit_or_malformed),
        cmocka_unit_test(test_armour_of_one_byte_more_than_a_card_is_malformed),
        cmocka_unit_test(test_white_space_around_and_between_lines_is_allowed),
        cmocka_unit_test(test_anything_else_is_malformed),
        cmocka_unit_test(test_every_prefix_of_armour_is_malformed),
        cmocka_unit_test(test_a_flipped_bit_of_armour_is_refused_or_changes_only_white_space),
        cmocka_unit_test(test_armour_that_does_not_fit_is_over_the_limit),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
