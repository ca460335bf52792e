/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of test/vectors/wire.json, which another program made from the same tables. */
#include "json.h"

#include "armour/armour.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/noise.h"
#include "wire/card.h"
#include "wire/frame.h"
#include "wire/item.h"

#define WIRE_MAX 2048u

static json_t *root;

static void from_memory(void *ctx, void *out, size_t len)
{
    memcpy(out, ctx, len);
}

/* Randomness that gives the 32 bytes of a member. */
static struct ol_random random_at(const json_t *object, const char *name, uint8_t bytes[static 32])
{
    fill_from(object, name, bytes, 32);
    return (struct ol_random){.ctx = bytes, .fill = from_memory};
}

static struct ol_hash hash_at(const json_t *object, const char *name)
{
    struct ol_hash h;

    fill_from(object, name, h.b, sizeof h.b);
    return h;
}

static bool flag_at(const json_t *object, const char *name)
{
    assert_true(json_is_boolean(member(object, name)));
    return json_is_true(member(object, name));
}

static struct ol_line_keys line_keys(void)
{
    struct ol_line_keys keys;

    fill_from(root, "psk", keys.psk.b, sizeof keys.psk.b);
    fill_from(root, "tag_key_a", keys.tag[0].b, sizeof keys.tag[0].b);
    fill_from(root, "tag_key_b", keys.tag[1].b, sizeof keys.tag[1].b);
    fill_from(root, "salt_key", keys.salt.b, sizeof keys.salt.b);
    return keys;
}

/* The card made from a station's parts; its keys are made from their seeds. */
static struct ol_card card_of(const json_t *station)
{
    struct ol_card card = {0};
    uint8_t seed[32], preimage[32] = {0};
    struct ol_span whole = SPAN(preimage);
    struct ol_sign_sk sk;
    struct ol_dh_sk dh;
    json_t *lang;

    snprintf(card.party, sizeof card.party, "%s", text_at(station, "party"));
    snprintf(card.station, sizeof card.station, "%s", text_at(station, "station"));
    json_array_foreach(member(station, "langs"), card.langs, lang)
        snprintf(card.lang[card.langs], sizeof card.lang[0], "%s", json_string_value(lang));
    ol_sign_keygen(random_at(station, "sign_seed", seed), &sk, &card.sign);
    ol_dh_keygen(random_at(station, "dh_sk", seed), &dh, &card.agree);
    fill_from(station, "revokes", preimage, sizeof preimage);
    ol_sha256(&whole, 1, &card.revocation);
    return card;
}

static void check_station(const json_t *station)
{
    struct ol_card card = card_of(station), got;
    uint8_t bytes[OL_CARD_MAX], text[WIRE_MAX], back[OL_CARD_MAX];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes), t = ol_wr_to(text, sizeof text);
    struct ol_wr u = ol_wr_to(back, sizeof back);
    const char *armour = text_at(station, "armour");
    struct ol_hash hash;

    CHECK_HEX(text_at(station, "sign_pk"), SPAN(card.sign.b));
    CHECK_HEX(text_at(station, "dh_pk"), SPAN(card.agree.b));
    CHECK_HEX(text_at(station, "revocation"), SPAN(card.revocation.b));
    CHECK_ERR(OL_OK, ol_card_write(&card, &w));
    CHECK_HEX(text_at(station, "card"), ol_wr_span(&w));
    CHECK_ERR(OL_OK, ol_card_read(ol_wr_span(&w), &got));
    ol_card_hash(&got, &hash);
    CHECK_HEX(text_at(station, "card_hash"), SPAN(hash.b));
    CHECK_ERR(OL_OK, ol_armour_write("OPENLINE CARD", ol_wr_span(&w), &t));
    assert_true(ol_span_equal(ol_span(armour, strlen(armour)), ol_wr_span(&t)));
    CHECK_ERR(OL_OK, ol_armour_read("OPENLINE CARD", ol_wr_span(&t), &u));
    assert_true(ol_span_equal(ol_wr_span(&w), ol_wr_span(&u)));
}

static void test_cards_and_their_armour(void **state)
{
    (void)state;
    check_station(member(root, "a"));
    check_station(member(root, "b"));
}

static void test_line_id_keys_and_codes(void **state)
{
    struct ol_card a = card_of(member(root, "a")), b = card_of(member(root, "b"));
    struct ol_courier_key courier;
    struct ol_hash id0, ha, hb, line;
    struct ol_line_keys keys;
    char code[31];

    (void)state;
    fill_from(root, "courier_key", courier.b, sizeof courier.b);
    assert_int_equal('A', ol_side_of(&a, &b));
    ol_public_id(&courier, &id0);
    CHECK_HEX(text_at(root, "id0"), SPAN(id0.b));
    ol_card_hash(&a, &ha);
    ol_card_hash(&b, &hb);
    ol_line_id(&id0, &ha, &hb, &line);
    CHECK_HEX(text_at(root, "line_id"), SPAN(line.b));
    ol_line_keys(&courier, &line, &keys);
    CHECK_HEX(text_at(root, "psk"), SPAN(keys.psk.b));
    CHECK_HEX(text_at(root, "tag_key_a"), SPAN(keys.tag[0].b));
    CHECK_HEX(text_at(root, "tag_key_b"), SPAN(keys.tag[1].b));
    CHECK_HEX(text_at(root, "salt_key"), SPAN(keys.salt.b));
    ol_compare_code(&keys.tag[1], &line, code);
    assert_string_equal(text_at(root, "code_shown_by_a"), code);
    ol_compare_code(&keys.tag[0], &line, code);
    assert_string_equal(text_at(root, "code_shown_by_b"), code);
}

static void test_the_courier_key_in_armour(void **state)
{
    const char *armour = text_at(root, "courier_armour");
    uint8_t key[32];
    struct ol_wr w = ol_wr_to(key, sizeof key);

    (void)state;
    CHECK_ERR(OL_OK, ol_armour_read("OPENLINE COURIER KEY", ol_span(armour, strlen(armour)), &w));
    CHECK_HEX(text_at(root, "courier_key"), ol_wr_span(&w));
}

/* Every wire form of an entry is written and read. */
static void check_forms(const json_t *one, struct ol_entry e)
{
    uint8_t bytes[WIRE_MAX];
    json_t *form;
    size_t i;

    assert_int_equal(16, json_array_size(member(one, "wire")));
    json_array_foreach(member(one, "wire"), i, form) {
        struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
        struct ol_entry got;
        struct ol_rd r;

        e.flags = (uint8_t)((e.flags & OL_FLAGS_SIGNED) | number_at(form, "presence"));
        ol_entry_write(&e, &w);
        CHECK_HEX(text_at(form, "bytes"), ol_wr_span(&w));
        assert_int_equal(w.len, ol_entry_size(&e));
        r = ol_rd_from(ol_wr_span(&w));
        CHECK_ERR(OL_OK, ol_entry_read(&r, &got));
        CHECK_ERR(OL_OK, ol_rd_end(&r));
        assert_true(got.kind == e.kind && got.flags == e.flags);
        assert_true(got.seq == e.seq && got.xseq == e.xseq && got.time == e.time);
        assert_true(ol_span_equal(e.body, got.body));
    }
}

static void check_entry(const json_t *one)
{
    struct ol_line_keys keys = line_keys();
    struct ol_hash line = hash_at(root, "line_id"), hash;
    uint8_t body[WIRE_MAX], salt[16], header[OL_HEADER], seed[32];
    struct ol_span b = bytes_at(one, "body", body, sizeof body);
    struct ol_header h = {
        .author = (uint8_t)text_at(one, "author")[0],
        .kind = (uint8_t)number_at(one, "kind"),
        .flags = (uint8_t)number_at(one, "flags"),
        .seq = (uint32_t)number_at(one, "seq"),
        .xseq = (uint32_t)number_at(one, "xseq"),
        .time = (uint32_t)number_at(one, "time"),
        .prev = hash_at(one, "prev"),
        .xhash = hash_at(one, "xhash"),
    };
    struct ol_header got;
    struct ol_hash got_line;
    struct ol_sign_sk sk;
    struct ol_sign_pk pk;
    struct ol_sig seal;

    ol_entry_salt(&keys.salt, h.author, h.seq, salt);
    CHECK_HEX(text_at(one, "salt"), SPAN(salt));
    ol_commitment(salt, b, &h.commitment);
    CHECK_HEX(text_at(one, "commitment"), SPAN(h.commitment.b));
    ol_header_write(&line, &h, header);
    CHECK_HEX(text_at(one, "header"), SPAN(header));
    CHECK_ERR(OL_OK, ol_header_read(SPAN(header), &got_line, &got));
    ol_header_hash(&line, &got, &hash);
    CHECK_HEX(text_at(one, "hash"), SPAN(hash.b));
    ol_sign_keygen(random_at(member(root, h.author == 'A' ? "a" : "b"), "sign_seed", seed), &sk, &pk);
    ol_header_seal(&sk, &line, &h, &seal);
    CHECK_HEX(text_at(one, "seal"), SPAN(seal.b));
    CHECK_ERR(OL_OK, ol_header_verify(&pk, &line, &h, &seal));
    check_forms(one, (struct ol_entry){
        .kind = h.kind,
        .flags = h.flags,
        .seq = h.seq,
        .xseq = h.xseq,
        .time = h.time,
        .body = b,
        .prev = h.prev,
        .xhash = h.xhash,
        .seal = seal,
    });
}

static void test_entries_from_salt_to_wire(void **state)
{
    const char *name;
    json_t *one;

    (void)state;
    assert_int_equal(4, json_object_size(member(root, "entries")));
    json_object_foreach(member(root, "entries"), name, one)
        check_entry(one);
}

/* What is written are the member's bytes, and reading and writing them gives them again. */
static void check_item(const char *want, const struct ol_item *item)
{
    uint8_t bytes[WIRE_MAX], again[WIRE_MAX];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes), w2 = ol_wr_to(again, sizeof again);
    struct ol_item got;
    struct ol_rd r;

    ol_item_write(item, &w);
    CHECK_HEX(want, ol_wr_span(&w));
    r = ol_rd_from(ol_wr_span(&w));
    CHECK_ERR(OL_OK, ol_item_read(&r, &got));
    CHECK_ERR(OL_OK, ol_rd_end(&r));
    ol_item_write(&got, &w2);
    CHECK_HEX(want, ol_wr_span(&w2));
}

static struct ol_ranges ranges_at(const json_t *object, const char *name)
{
    struct ol_ranges ranges = {0};
    json_t *pair;
    size_t i;

    json_array_foreach(member(object, name), i, pair) {
        ranges.r[ranges.n].from = (uint32_t)json_integer_value(json_array_get(pair, 0));
        ranges.r[ranges.n++].to = (uint32_t)json_integer_value(json_array_get(pair, 1));
    }
    return ranges;
}

static void test_syncs_and_asides(void **state)
{
    struct ol_item item = {.kind = OL_ITEM_ASIDE, .aside = ranges_at(member(root, "aside"), "ranges")};
    json_t *one;
    size_t i;

    (void)state;
    check_item(text_at(member(root, "aside"), "bytes"), &item);
    assert_int_equal(3, json_array_size(member(root, "syncs")));
    json_array_foreach(member(root, "syncs"), i, one) {
        item = (struct ol_item){.kind = OL_ITEM_SYNC,
                                .sync = {.starting = flag_at(one, "starting"),
                                         .answer = flag_at(one, "answer"),
                                         .own_head = (uint32_t)number_at(one, "own_head"),
                                         .your_head = (uint32_t)number_at(one, "your_head"),
                                         .held = ranges_at(one, "held")}};
        fill_from(one, "your_hash", item.sync.your_hash, sizeof item.sync.your_hash);
        check_item(text_at(one, "bytes"), &item);
    }
}

static void test_echoes(void **state)
{
    json_t *one;
    size_t i;

    (void)state;
    assert_int_equal(3, json_array_size(member(root, "echoes")));
    json_array_foreach(member(root, "echoes"), i, one) {
        struct ol_item item = {.kind = OL_ITEM_ECHO,
                               .echo = {.path = (uint8_t)number_at(one, "path"),
                                        .desk = (uint8_t)number_at(one, "desk"),
                                        .off_record = flag_at(one, "off_record"),
                                        .ask = flag_at(one, "ask"),
                                        .heard = flag_at(one, "heard"),
                                        .counter = (uint32_t)number_at(one, "counter"),
                                        .delay_ms = (uint16_t)number_at(one, "delay_ms"),
                                        .time = (uint32_t)number_at(one, "time")}};

        check_item(text_at(one, "bytes"), &item);
    }
}

static void check_want(enum ol_item_kind kind, const json_t *one)
{
    struct ol_item item = {.kind = kind};

    item.want.stream = (uint8_t)text_at(one, "stream")[0];
    item.want.range.from = (uint32_t)number_at(one, "from");
    item.want.range.to = (uint32_t)number_at(one, "to");
    check_item(text_at(one, "bytes"), &item);
}

static void test_want_none_and_back(void **state)
{
    (void)state;
    check_want(OL_ITEM_WANT, member(root, "want"));
    check_want(OL_ITEM_NONE, member(root, "none"));
    check_item(text_at(root, "back"), &(struct ol_item){.kind = OL_ITEM_BACK});
}

static void test_parts_join_to_the_full_entry(void **state)
{
    const json_t *forms = member(member(member(root, "entries"), "long"), "wire");
    uint8_t whole[WIRE_MAX], piece[WIRE_MAX];
    size_t len = 0, i;
    json_t *one;

    (void)state;
    json_array_foreach(member(root, "parts"), i, one) {
        struct ol_item item = {
            .kind = OL_ITEM_PART,
            .part = {.author = (uint8_t)text_at(one, "author")[0],
                     .seq = (uint32_t)number_at(one, "seq"),
                     .total = (uint16_t)number_at(one, "total"),
                     .offset = (uint16_t)number_at(one, "offset"),
                     .bytes = bytes_at(one, "piece", piece, sizeof piece)},
        };

        check_item(text_at(one, "bytes"), &item);
        assert_int_equal(len, item.part.offset);
        memcpy(whole + len, piece, item.part.bytes.len);
        len += item.part.bytes.len;
    }
    assert_true(i > 1);
    CHECK_HEX(text_at(json_array_get(forms, OL_WIRE_FULL), "bytes"), ol_span(whole, len));
}

static void init_side(bool initiator, struct ol_noise *n)
{
    const json_t *hs = member(root, "handshake");
    struct ol_line_keys keys = line_keys();
    uint8_t prologue[64];
    struct ol_dh_sk own;
    struct ol_dh_pk peer;
    struct ol_noise_cfg cfg = {
        .initiator = initiator,
        .prologue = bytes_at(hs, "prologue", prologue, sizeof prologue),
        .psk = &keys.psk,
        .own = &own,
        .peer = &peer,
    };

    fill_from(member(root, initiator ? "a" : "b"), "dh_sk", own.b, sizeof own.b);
    fill_from(member(root, initiator ? "b" : "a"), "dh_pk", peer.b, sizeof peer.b);
    ol_noise_init(n, &cfg);
}

/* One handshake message as it stands on the path, written by one side and read by the other. */
static void check_message(enum ol_outer_type type, struct ol_noise *from, struct ol_noise *to)
{
    const json_t *hs = member(root, "handshake");
    const json_t *message = member(hs, type == OL_MESSAGE_1 ? "message1" : "message2");
    struct ol_line_keys keys = line_keys();
    struct ol_tag_key *tag_key = &keys.tag[text_at(message, "sender")[0] - 'A'];
    uint8_t bytes[WIRE_MAX], noise[WIRE_MAX], payload[WIRE_MAX], opened[WIRE_MAX], e[32], tag[8];
    struct ol_outer o = {.type = type,
                         .session = (uint8_t)number_at(hs, "session"),
                         .path = (uint8_t)number_at(hs, "path")};
    uint8_t first[2] = {(uint8_t)(type << 4), (uint8_t)(o.session << 4 | o.path)};
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    struct ol_random random;
    struct ol_span p, sent;

    p = bytes_at(hs, type == OL_MESSAGE_1 ? "payload1" : "payload2", payload, sizeof payload);
    random = random_at(hs, type == OL_MESSAGE_1 ? "e1" : "e2", e);
    CHECK_ERR(OL_OK, ol_noise_write(from, random, p, noise));
    sent = ol_span(noise, p.len + OL_NOISE_OVERHEAD);
    CHECK_HEX(text_at(message, "noise"), sent);
    ol_handshake_tag(tag_key, first, sent, o.tag);
    CHECK_HEX(text_at(message, "tag"), SPAN(o.tag));
    ol_outer_write(&o, &w);
    ol_wr_bytes(&w, sent.p, sent.len);
    CHECK_HEX(text_at(message, "bytes"), ol_wr_span(&w));

    CHECK_ERR(OL_OK, ol_outer_read(ol_wr_span(&w), &o));
    ol_handshake_tag(tag_key, bytes, o.rest, tag);
    assert_memory_equal(tag, o.tag, sizeof tag);
    CHECK_ERR(OL_OK, ol_noise_read(to, o.rest, opened));
    assert_memory_equal(payload, opened, p.len);
}

static void test_the_handshake_and_its_keys(void **state)
{
    const json_t *hs = member(root, "handshake");
    struct ol_noise a, b;
    struct ol_dir_key a_tx, a_rx, b_tx, b_rx;
    struct ol_hash ha, hb;

    (void)state;
    init_side(true, &a);
    init_side(false, &b);
    check_message(OL_MESSAGE_1, &a, &b);
    check_message(OL_MESSAGE_2, &b, &a);
    ol_noise_split(&a, &a_tx, &a_rx, &ha);
    ol_noise_split(&b, &b_tx, &b_rx, &hb);
    CHECK_HEX(text_at(hs, "handshake_hash"), SPAN(ha.b));
    CHECK_HEX(text_at(hs, "handshake_hash"), SPAN(hb.b));
    CHECK_HEX(text_at(hs, "a_to_b"), SPAN(a_tx.b));
    CHECK_HEX(text_at(hs, "a_to_b"), SPAN(b_rx.b));
    CHECK_HEX(text_at(hs, "b_to_a"), SPAN(b_tx.b));
    CHECK_HEX(text_at(hs, "b_to_a"), SPAN(a_rx.b));
    ol_next_phase(&a_tx, &a_tx);
    CHECK_HEX(text_at(root, "next_phase_a_to_b"), SPAN(a_tx.b));
}

static void check_frame(const json_t *one)
{
    uint64_t counter = number_at(one, "counter");
    struct ol_outer o = {.type = OL_FRAME,
                         .phase = (uint8_t)number_at(one, "phase"),
                         .session = (uint8_t)number_at(one, "session"),
                         .path = (uint8_t)number_at(one, "path"),
                         .counter = (uint16_t)counter};
    uint8_t bytes[WIRE_MAX], items[WIRE_MAX];
    struct ol_span in = bytes_at(one, "items", items, sizeof items);
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    struct ol_dir_key dir;
    struct ol_tx_key tx;
    struct ol_rx_key rx;
    struct ol_item item;
    struct ol_span head;
    struct ol_rd r;

    fill_from(one, "direction_key", dir.b, sizeof dir.b);
    ol_path_tx_key(&dir, o.path, &tx);
    ol_path_rx_key(&dir, o.path, &rx);
    CHECK_HEX(text_at(one, "path_key"), SPAN(tx.b));
    ol_outer_write(&o, &w);
    head = ol_wr_span(&w);
    ol_seal(&tx, counter, head, in, bytes + head.len);
    CHECK_HEX(text_at(one, "bytes"), ol_span(bytes, in.len + OL_FRAME_OVERHEAD));

    CHECK_ERR(OL_OK, ol_outer_read(ol_span(bytes, in.len + OL_FRAME_OVERHEAD), &o));
    assert_true(ol_counter_widen(counter > 100 ? counter - 100 : 0, o.counter) == counter);
    CHECK_ERR(OL_OK, ol_open(&rx, counter, head, o.rest, bytes + OL_FRAME_HEAD));
    assert_memory_equal(items, bytes + OL_FRAME_HEAD, in.len);
    r = ol_rd_from(in);
    while (r.left > 0)
        CHECK_ERR(OL_OK, ol_item_read(&r, &item));
}

static void test_frames(void **state)
{
    json_t *one;
    size_t i;

    (void)state;
    assert_int_equal(3, json_array_size(member(root, "frames")));
    json_array_foreach(member(root, "frames"), i, one)
        check_frame(one);
}

static int start(void **state)
{
    (void)state;
    root = vectors_load("wire.json");
    return ol_crypto_init() == OL_OK ? 0 : -1;
}

static int finish(void **state)
{
    (void)state;
    json_decref(root);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cards_and_their_armour),
        cmocka_unit_test(test_line_id_keys_and_codes),
        cmocka_unit_test(test_the_courier_key_in_armour),
        cmocka_unit_test(test_entries_from_salt_to_wire),
        cmocka_unit_test(test_syncs_and_asides),
        cmocka_unit_test(test_echoes),
        cmocka_unit_test(test_want_none_and_back),
        cmocka_unit_test(test_parts_join_to_the_full_entry),
        cmocka_unit_test(test_the_handshake_and_its_keys),
        cmocka_unit_test(test_frames),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
