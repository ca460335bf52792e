/* SPDX-License-Identifier: Apache-2.0 */
#include "damage.h"

#include "crypto/hash.h"
#include "proof/disclose.h"

static struct draft *d;
static struct ol_row rows[8];
static uint8_t file[OL_DISCLOSURE_SIZE(8) + 1];
static struct ol_disclosure got;
static struct ol_finding why;

static enum ol_err verify(struct ol_span in)
{
    return ol_disclosure_verify(in, &got, &why);
}

/* A1 to A4; all under the seal of A4. */
static void run_of_four(void)
{
    for (uint32_t i = 1; i <= 4; i++) {
        struct draft_entry *e = draft_add(d, 'A', OL_KIND_MESSAGE, 0, 0);

        e->body[1] = (uint8_t)('0' + i);
        ol_commitment(e->salt, ol_span(e->body, e->body_len), &e->h.commitment);
        e->sealed = i == 4;
    }
    draft_seal(d, draft_find(d, 'A', 4));
    draft_rows(d, 'A', rows);
}

static size_t disclose(size_t from, size_t n)
{
    struct ol_wr w = ol_wr_to(file, sizeof file);

    CHECK_ERR(OL_OK, ol_disclosure_write(&d->parties, &d->salt, rows + from, n, &w));
    return w.len;
}

static void test_a_sealed_entry_is_disclosed_alone(void **state)
{
    size_t cards = d->card_len[0] + d->card_len[1];
    size_t len;

    (void)state;
    run_of_four();
    len = disclose(3, 1);
    assert_int_equal(len, 22 + 32 + 4 + cards + 2 + 248 + 16 + 2 + 5 + 32);
    CHECK_ERR(OL_OK, verify(ol_span(file, len)));
    assert_int_equal(got.h.seq, 4);
    assert_int_equal(got.h.author, 'A');
    assert_int_equal(got.sealed_by, 4);
    assert_true(ol_span_equal(got.body, ol_span("d4ext", 5)));
    assert_true(ol_hash_equal(&got.parties.line, &d->parties.line));
}

static void test_an_entry_of_a_run_is_disclosed_and_no_other_body(void **state)
{
    size_t len;

    (void)state;
    run_of_four();
    len = disclose(1, 3);
    CHECK_ERR(OL_OK, verify(ol_span(file, len)));
    assert_int_equal(got.h.seq, 2);
    assert_int_equal(got.sealed_by, 4);
    assert_true(ol_span_equal(got.body, ol_span("d2ext", 5)));
    for (size_t i = 0; i + 4 <= len; i++)
        assert_true(memcmp(file + i, "3ext", 4) != 0 && memcmp(file + i, "4ext", 4) != 0);
}

static void test_the_cose_sign1_holds_header_and_seal(void **state)
{
    static const uint8_t opening[] = {0xd2, 0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0, 0x58, 0xad};
    uint8_t header[OL_HEADER];
    size_t len;

    (void)state;
    run_of_four();
    len = disclose(2, 2);
    CHECK_ERR(OL_OK, verify(ol_span(file, len)));
    assert_int_equal(got.cose.len, 248);
    assert_memory_equal(got.cose.p, opening, sizeof opening);
    ol_header_write(&d->parties.line, &rows[3].h, header);
    assert_memory_equal(got.cose.p + 9, header, sizeof header);
    assert_memory_equal(got.cose.p + 182, "\x58\x40", 2);
    assert_memory_equal(got.cose.p + 184, rows[3].seal.b, 64);
}

static void test_a_damaged_disclosure_is_refused(void **state)
{
    (void)state;
    run_of_four();
    check_damage(file, disclose(3, 1), verify);
    check_damage(file, disclose(1, 3), verify);
}

static void check_forged(size_t from, size_t n, enum ol_found what, uint32_t seq)
{
    size_t len = disclose(from, n);

    CHECK_ERR(OL_MALFORMED, verify(ol_span(file, len)));
    assert_int_equal(why.what, what);
    assert_int_equal(why.seq, seq);
    assert_int_equal(got.h.seq, 0);
}

static void test_another_body_is_refused_even_when_hashes_are_computed_again(void **state)
{
    (void)state;
    run_of_four();
    draft_find(d, 'A', 2)->body[1] = 'x';
    check_forged(1, 3, OL_FOUND_BODY, 2);
    draft_link(d);
    draft_rows(d, 'A', rows);
    check_forged(1, 3, OL_FOUND_SEAL, 4);
}

static void test_an_entry_of_another_line_is_refused(void **state)
{
    struct ol_hash line = d->parties.line;

    (void)state;
    run_of_four();
    d->parties.line.b[0] ^= 1;
    check_forged(1, 3, OL_FOUND_OTHER_LINE, 2);
    d->parties.line = line;
}

static void test_what_is_no_run_is_not_written(void **state)
{
    struct ol_wr w = ol_wr_to(file, sizeof file);
    struct ol_wr small = ol_wr_to(file, 300);

    (void)state;
    run_of_four();
    CHECK_ERR(OL_UNEXPECTED, ol_disclosure_write(&d->parties, &d->salt, rows, 0, &w));
    CHECK_ERR(OL_UNEXPECTED, ol_disclosure_write(&d->parties, &d->salt, rows, 3, &w));
    CHECK_ERR(OL_LIMIT, ol_disclosure_write(&d->parties, &d->salt, rows, 4, &small));
    rows[2] = rows[1];
    CHECK_ERR(OL_UNEXPECTED, ol_disclosure_write(&d->parties, &d->salt, rows, 4, &w));
    assert_int_equal(w.len, 0);
}

static int start(void **state)
{
    (void)state;
    return ol_crypto_init() == OL_OK ? 0 : -1;
}

static int setup(void **state)
{
    (void)state;
    d = malloc(sizeof *d);
    draft_init(d, 2);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    draft_free(d);
    free(d);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_sealed_entry_is_disclosed_alone),
        TEST(test_an_entry_of_a_run_is_disclosed_and_no_other_body),
        TEST(test_the_cose_sign1_holds_header_and_seal),
        TEST(test_a_damaged_disclosure_is_refused),
        TEST(test_another_body_is_refused_even_when_hashes_are_computed_again),
        TEST(test_an_entry_of_another_line_is_refused),
        TEST(test_what_is_no_run_is_not_written),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
