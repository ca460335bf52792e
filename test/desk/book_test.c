/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/book.h"

#include "support.h"

#define LEAVES 6u

static uint8_t bytes[OL_LEAF_MAX];
static const struct ol_leaf zero;

static struct ol_span text_of(const char *text)
{
    return ol_span(text, strlen(text));
}

static struct ol_span write(const struct ol_leaf *leaf, uint8_t *to)
{
    struct ol_wr w = ol_wr_to(to, OL_LEAF_MAX);

    ol_leaf_write(leaf, &w);
    assert_false(w.full);
    return ol_wr_span(&w);
}

/* One with all that a leaf may have. */
static struct ol_leaf full_leaf(void)
{
    struct ol_leaf leaf = {.number = 300, .kind = OL_LEAF_TRANSLATION, .time = 1700000000,
                           .text = text_of("Das Wetter"), .author = 'B', .seq = 70000, .role = text_of("language"), .lang = text_of("de-AT")};

    memset(leaf.prev.b, 0x11, sizeof leaf.prev.b);
    memset(leaf.line.b, 0x22, sizeof leaf.line.b);
    return leaf;
}

static void same(const struct ol_leaf *want, const struct ol_leaf *got)
{
    assert_int_equal(want->number, got->number);
    assert_memory_equal(&want->prev, &got->prev, sizeof want->prev);
    assert_int_equal(want->kind, got->kind);
    assert_int_equal(want->time, got->time);
    assert_memory_equal(&want->line, &got->line, sizeof want->line);
    assert_int_equal(want->author, got->author);
    assert_int_equal(want->seq, got->seq);
    assert_true(ol_span_equal(want->text, got->text));
    assert_true(ol_span_equal(want->role, got->role));
    assert_true(ol_span_equal(want->lang, got->lang));
}

/* ---- One leaf ---- */

static void test_a_leaf_comes_back_as_written_whatever_it_leaves_out(void **state)
{
    (void)state;
    for (unsigned has = 0; has < 16; has++) {
        struct ol_leaf leaf = full_leaf();
        struct ol_leaf got;

        if ((has & 1) == 0)
            leaf.line = zero.line;
        if ((has & 3) != 3) {
            leaf.author = 0;
            leaf.seq = 0;
        }
        if ((has & 4) == 0)
            leaf.role = zero.role;
        if ((has & 8) == 0)
            leaf.lang = zero.lang;
        CHECK_ERR(OL_OK, ol_leaf_read(write(&leaf, bytes), &got));
        same(&leaf, &got);
    }
}

static void test_the_longest_leaf_fits(void **state)
{
    static char text[OL_TEXT_MAX];
    struct ol_leaf leaf = full_leaf();
    struct ol_leaf got;

    (void)state;
    memset(text, 'x', sizeof text);
    leaf.number = OL_SEQ_MAX;
    leaf.time = leaf.seq = UINT32_MAX;
    leaf.kind = UINT8_MAX;
    leaf.text = SPAN(text);
    leaf.role = ol_span(text, OL_PARTY_MAX);
    leaf.lang = text_of("de-abcdefgh-abcdefgh-abcdefgh-abcde");
    assert_int_equal(OL_LANG_MAX, leaf.lang.len);
    CHECK_ERR(OL_OK, ol_leaf_read(write(&leaf, bytes), &got));
    same(&leaf, &got);
}

static void test_every_prefix_and_one_byte_more_is_refused(void **state)
{
    struct ol_leaf leaf = full_leaf();
    struct ol_span whole = write(&leaf, bytes);

    (void)state;
    for (size_t n = 0; n < whole.len; n++) {
        CHECK_ERR(OL_MALFORMED, ol_leaf_read(ol_span(bytes, n), &leaf));
        assert_memory_equal(&zero, &leaf, sizeof leaf);
    }
    bytes[whole.len] = 0;
    CHECK_ERR(OL_MALFORMED, ol_leaf_read(ol_span(bytes, whole.len + 1), &leaf));
}

static void test_every_bit_flipped_is_refused_or_reads_as_another_leaf(void **state)
{
    static uint8_t again[OL_LEAF_MAX];
    struct ol_leaf leaf = full_leaf();
    struct ol_span whole = write(&leaf, bytes);
    size_t refused = 0;

    (void)state;
    for (size_t bit = 0; bit < whole.len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (ol_leaf_read(whole, &leaf) == OL_OK)
            assert_true(ol_span_equal(whole, write(&leaf, again))); /* one way to write it */
        else
            refused++;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_in_range(refused, 100, whole.len * 8 - 100);
}

static void refused_field(uint8_t key, void (*put)(struct ol_wr *w))
{
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    struct ol_leaf leaf = full_leaf();
    struct ol_span whole = write(&leaf, bytes);

    /* The last field is the language: of 7 bytes with its key. What is to be refused takes its place. */
    assert_int_equal(9, bytes[whole.len - 7]);
    w.len = whole.len - 7;
    ol_wr_u8(&w, key);
    put(&w);
    CHECK_ERR(OL_MALFORMED, ol_leaf_read(ol_wr_span(&w), &leaf));
}

static void put_empty(struct ol_wr *w)
{
    ol_wr_u8(w, 0x60);
}

static void put_no_language(struct ol_wr *w)
{
    ol_wr_bytes(w, "\x65" "de AT", 6);
}

static void put_bytes(struct ol_wr *w)
{
    ol_wr_bytes(w, "\x45" "de-AT", 6);
}

static void put_language(struct ol_wr *w)
{
    ol_wr_bytes(w, "\x65" "de-AT", 6);
}

static void test_a_field_that_is_no_such_thing_is_refused(void **state)
{
    (void)state;
    refused_field(9, put_empty);
    refused_field(9, put_no_language);
    refused_field(9, put_bytes);
    refused_field(8, put_language);
    refused_field(10, put_language);
}

static void refused(struct ol_leaf leaf)
{
    struct ol_leaf got;

    CHECK_ERR(OL_MALFORMED, ol_leaf_read(write(&leaf, bytes), &got));
    assert_memory_equal(&zero, &got, sizeof got);
}

static void test_what_is_out_of_range_is_refused(void **state)
{
    static char text[OL_TEXT_MAX + 1];
    struct ol_leaf leaf = full_leaf();

    (void)state;
    memset(text, 'x', sizeof text);
    leaf.number = UINT32_MAX;
    refused(leaf);
    leaf = full_leaf();
    leaf.author = 'C';
    refused(leaf);
    leaf = full_leaf();
    leaf.text = SPAN(text);
    refused(leaf);
    leaf = full_leaf();
    leaf.role = ol_span(text, OL_PARTY_MAX + 1);
    refused(leaf);
    leaf = full_leaf();
    leaf.text = text_of("\xff");
    refused(leaf);
}

static void test_kinds_have_names_and_names_kinds(void **state)
{
    (void)state;
    for (uint8_t kind = OL_LEAF_NOTE; kind <= OL_LEAF_PATH; kind++)
        assert_int_equal(kind, ol_leaf_kind_of(ol_leaf_kind_name(kind)));
    assert_string_equal("alarm_ack", ol_leaf_kind_name(OL_LEAF_ALARM_ACK));
    assert_string_equal("unknown", ol_leaf_kind_name(0));
    assert_string_equal("unknown", ol_leaf_kind_name(OL_LEAF_PATH + 1));
    assert_int_equal(0, ol_leaf_kind_of("unknown"));
    assert_int_equal(0, ol_leaf_kind_of(""));
}

static void test_a_leaf_has_the_bytes_and_the_hash_that_the_table_says(void **state)
{
    const struct ol_leaf leaf = {.number = 1, .kind = OL_LEAF_NOTE, .time = 5, .text = text_of("a")};
    struct ol_span whole = write(&leaf, bytes);
    struct ol_hash hash;

    (void)state;
    CHECK_HEX("a5010102582000000000000000000000000000000000000000000000000000000000000000000301040505" "6161", whole);
    ol_leaf_hash(whole, &hash);
    CHECK_HEX("15e726c9d93a11b80c4f40f60a212900ac3c376f705f3649571a7efb0ade9954", SPAN(hash.b));
}

/* ---- The chain ---- */

struct stored {
    uint32_t number;
    struct ol_hash hash;
    size_t len;
    uint8_t bytes[200];
};

static void append(struct ol_book *b, struct stored *at, uint8_t kind, uint32_t seq)
{
    struct ol_leaf leaf = full_leaf();
    struct ol_span whole;

    leaf.kind = kind;
    leaf.seq = seq;
    CHECK_ERR(OL_OK, ol_book_next(b, &leaf));
    whole = write(&leaf, bytes);
    *at = (struct stored){.number = leaf.number, .len = whole.len};
    memcpy(at->bytes, whole.p, whole.len);
    ol_leaf_hash(whole, &at->hash);
    ol_book_fold(b, at->number, &at->hash, whole);
}

static void make(struct stored at[static LEAVES])
{
    struct ol_book b = {0};

    for (uint32_t i = 0; i < LEAVES; i++)
        append(&b, &at[i], OL_LEAF_NOTE, i + 1);
    assert_int_equal(LEAVES, b.number);
    assert_int_equal(0, b.flaw);
}

static void fold(struct ol_book *b, const struct stored *at)
{
    ol_book_fold(b, at->number, &at->hash, ol_span(at->bytes, at->len));
}

static uint32_t flaw_of(const struct stored *at, size_t n)
{
    struct ol_book b = {0};

    for (size_t i = 0; i < n; i++)
        fold(&b, &at[i]);
    return b.flaw;
}

static void test_a_book_holds_up_to_any_leaf(void **state)
{
    struct stored at[LEAVES];

    (void)state;
    make(at);
    for (size_t n = 0; n <= LEAVES; n++)
        assert_int_equal(0, flaw_of(at, n));
}

static void test_any_bit_changed_in_any_leaf_is_found_there(void **state)
{
    struct stored at[LEAVES];

    (void)state;
    make(at);
    for (uint32_t i = 0; i < LEAVES; i++) {
        for (size_t bit = 0; bit < at[i].len * 8; bit++) {
            at[i].bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(i + 1, flaw_of(at, LEAVES));
            at[i].bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        at[i].hash.b[i] ^= 1;
        assert_int_equal(i + 1, flaw_of(at, LEAVES));
        at[i].hash.b[i] ^= 1;
    }
}

static void test_a_leaf_changed_with_its_hash_is_found_at_the_next(void **state)
{
    struct stored at[LEAVES];

    (void)state;
    make(at);
    at[2].bytes[at[2].len - 1] ^= 1;
    ol_leaf_hash(ol_span(at[2].bytes, at[2].len), &at[2].hash);
    assert_int_equal(4, flaw_of(at, LEAVES));
}

static void test_a_leaf_taken_out_is_found_but_at_the_end(void **state)
{
    struct stored at[LEAVES];

    (void)state;
    make(at);
    for (uint32_t i = 0; i < LEAVES; i++) {
        struct ol_book b = {0};

        for (uint32_t j = 0; j < LEAVES; j++)
            if (j != i)
                fold(&b, &at[j]);
        assert_int_equal(i + 1 < LEAVES ? i + 1 : 0, b.flaw);
    }
}

static void test_leaves_in_another_order_are_found(void **state)
{
    struct stored at[LEAVES];
    struct stored first;

    (void)state;
    make(at);
    first = at[1];
    at[1] = at[3];
    at[3] = first;
    assert_int_equal(2, flaw_of(at, LEAVES));
    at[1].number = 2;
    at[3].number = 4;
    assert_int_equal(2, flaw_of(at, LEAVES));
}

static void test_what_is_accepted_is_no_flaw_and_what_comes_after_it_is(void **state)
{
    struct stored at[LEAVES + 3];
    struct ol_book b = {0};

    (void)state;
    make(at);
    at[LEAVES - 1].bytes[20] ^= 1;
    at[2].bytes[20] ^= 1;
    for (size_t i = 0; i < LEAVES; i++)
        fold(&b, &at[i]);
    assert_int_equal(3, b.flaw);
    append(&b, &at[LEAVES], OL_LEAF_NOTE, 1);
    assert_int_equal(3, b.flaw);
    append(&b, &at[LEAVES + 1], OL_LEAF_ACCEPTED, 1);
    assert_int_equal(0, b.flaw);
    append(&b, &at[LEAVES + 2], OL_LEAF_NOTE, 1);
    assert_int_equal(0, flaw_of(at, LEAVES + 3));
    at[1].bytes[20] ^= 1; /* before it, where all is accepted */
    assert_int_equal(0, flaw_of(at, LEAVES + 3));
    at[LEAVES + 1].bytes[20] ^= 1;
    assert_int_equal(2, flaw_of(at, LEAVES + 3));
}

static void test_a_full_book_takes_no_leaf(void **state)
{
    struct ol_book b = {.number = OL_SEQ_MAX};
    struct ol_leaf leaf = full_leaf();

    (void)state;
    CHECK_ERR(OL_LIMIT, ol_book_next(&b, &leaf));
    assert_int_equal(300, leaf.number);
    b.number--;
    CHECK_ERR(OL_OK, ol_book_next(&b, &leaf));
    assert_int_equal(OL_SEQ_MAX, leaf.number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_leaf_comes_back_as_written_whatever_it_leaves_out),
        cmocka_unit_test(test_the_longest_leaf_fits),
        cmocka_unit_test(test_every_prefix_and_one_byte_more_is_refused),
        cmocka_unit_test(test_every_bit_flipped_is_refused_or_reads_as_another_leaf),
        cmocka_unit_test(test_a_field_that_is_no_such_thing_is_refused),
        cmocka_unit_test(test_what_is_out_of_range_is_refused),
        cmocka_unit_test(test_kinds_have_names_and_names_kinds),
        cmocka_unit_test(test_a_leaf_has_the_bytes_and_the_hash_that_the_table_says),
        cmocka_unit_test(test_a_book_holds_up_to_any_leaf),
        cmocka_unit_test(test_any_bit_changed_in_any_leaf_is_found_there),
        cmocka_unit_test(test_a_leaf_changed_with_its_hash_is_found_at_the_next),
        cmocka_unit_test(test_a_leaf_taken_out_is_found_but_at_the_end),
        cmocka_unit_test(test_leaves_in_another_order_are_found),
        cmocka_unit_test(test_what_is_accepted_is_no_flaw_and_what_comes_after_it_is),
        cmocka_unit_test(test_a_full_book_takes_no_leaf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
