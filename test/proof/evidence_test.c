/* SPDX-License-Identifier: Apache-2.0 */
#include "damage.h"

#include "proof/evidence.h"

static struct draft *d;
static struct ol_row one[4];
static struct ol_row other[4];
static uint8_t file[OL_EVIDENCE_SIZE(8) + 1];
static struct ol_evidence got;
static struct ol_finding why;

static enum ol_err verify(struct ol_span in)
{
    return ol_evidence_verify(in, &got, &why);
}

/* Two streams of A that part after A1: `one` and `other` hold A1 to A4 of each. */
static void two_faces(void)
{
    for (unsigned i = 0; i < 4; i++)
        draft_add(d, 'A', OL_KIND_MESSAGE, OL_FLASH << 6, 0);
    draft_rows(d, 'A', one);
    draft_find(d, 'A', 2)->h.time++;
    draft_link(d);
    for (uint32_t seq = 2; seq <= 4; seq++)
        draft_seal(d, draft_find(d, 'A', seq));
    draft_rows(d, 'A', other);
}

static enum ol_err write_to(struct ol_wr *w, size_t a, size_t n, size_t b, size_t m)
{
    return ol_evidence_write(&d->parties, one + a, n, other + b, m, w);
}

static size_t evidence(size_t a, size_t n, size_t b, size_t m)
{
    struct ol_wr w = ol_wr_to(file, sizeof file);

    CHECK_ERR(OL_OK, write_to(&w, a, n, b, m));
    return w.len;
}

static void test_one_number_and_two_hashes_are_474_bytes_in_one_piece(void **state)
{
    size_t cards = d->card_len[0] + d->card_len[1];
    uint8_t core[474];
    size_t len;

    (void)state;
    two_faces();
    len = evidence(1, 1, 1, 1);
    assert_int_equal(len, 20 + 32 + 4 + cards + 5 + 474 + 32);
    ol_header_write(&d->parties.line, &one[1].h, core);
    memcpy(core + 173, one[1].seal.b, 64);
    ol_header_write(&d->parties.line, &other[1].h, core + 237);
    memcpy(core + 410, other[1].seal.b, 64);
    assert_memory_equal(file + len - 32 - 474, core, 474);
    CHECK_ERR(OL_OK, verify(ol_span(file, len)));
    assert_int_equal(got.proof, OL_EVIDENCE_SAME_NUMBER);
    assert_int_equal(got.h[0].seq, 2);
    assert_int_equal(got.h[1].seq, 2);
    assert_int_equal(got.headers, 2);
}

static void test_neighbours_whose_prev_does_not_match_are_a_proof(void **state)
{
    size_t len;

    (void)state;
    two_faces();
    len = evidence(1, 1, 2, 1);
    CHECK_ERR(OL_OK, verify(ol_span(file, len)));
    assert_int_equal(got.proof, OL_EVIDENCE_BROKEN_CHAIN);
    assert_int_equal(got.h[0].seq, 2);
    assert_int_equal(got.h[1].seq, 3);
}

static void test_a_later_seal_proves_as_well(void **state)
{
    size_t len;

    (void)state;
    two_faces();
    one[1].sealed = one[2].sealed = other[1].sealed = false;
    len = evidence(1, 3, 1, 2);
    CHECK_ERR(OL_OK, verify(ol_span(file, len)));
    assert_int_equal(got.proof, OL_EVIDENCE_SAME_NUMBER);
    assert_int_equal(got.h[0].seq, 2);
    assert_int_equal(got.headers, 5);
}

static void test_damaged_evidence_is_refused(void **state)
{
    (void)state;
    two_faces();
    check_damage(file, evidence(1, 1, 1, 1), verify);
    check_damage(file, evidence(1, 2, 1, 3), verify);
    check_damage(file, evidence(1, 1, 2, 1), verify);
}

static void test_what_contradicts_nothing_is_neither_written_nor_accepted(void **state)
{
    struct ol_wr w = ol_wr_to(file, sizeof file);
    size_t len;

    (void)state;
    two_faces();
    CHECK_ERR(OL_UNEXPECTED, write_to(&w, 0, 1, 0, 1)); /* the same */
    CHECK_ERR(OL_UNEXPECTED, write_to(&w, 0, 1, 1, 1)); /* neighbours */
    CHECK_ERR(OL_UNEXPECTED, write_to(&w, 0, 1, 2, 1)); /* far apart */
    CHECK_ERR(OL_UNEXPECTED, write_to(&w, 2, 1, 1, 1)); /* the wrong way round */
    CHECK_ERR(OL_UNEXPECTED, write_to(&w, 1, 0, 1, 1));
    assert_int_equal(w.len, 0);
    len = evidence(1, 1, 1, 1);
    memcpy(file + len - 32 - 237, file + len - 32 - 474, 237);
    bytes_sum((struct bytes){file, len});
    CHECK_ERR(OL_MALFORMED, verify(ol_span(file, len)));
    assert_int_equal(why.what, OL_FOUND_NO_PROOF);
}

static void test_a_resume_may_stand_elsewhere(void **state)
{
    struct ol_wr w = ol_wr_to(file, sizeof file);

    (void)state;
    two_faces();
    other[2].h.kind = OL_KIND_RESUME;
    CHECK_ERR(OL_UNEXPECTED, write_to(&w, 1, 1, 2, 1));
}

static void test_two_authors_do_not_contradict_each_other(void **state)
{
    struct ol_wr w = ol_wr_to(file, sizeof file);

    (void)state;
    two_faces();
    draft_add(d, 'B', OL_KIND_MESSAGE, 0, 0);
    draft_rows(d, 'B', other);
    CHECK_ERR(OL_UNEXPECTED, write_to(&w, 0, 1, 0, 1));
}

static void test_evidence_that_does_not_fit_is_not_written(void **state)
{
    struct ol_wr w = ol_wr_to(file, 700);

    (void)state;
    two_faces();
    CHECK_ERR(OL_LIMIT, write_to(&w, 1, 1, 1, 1));
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
    draft_init(d, 3);
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
        TEST(test_one_number_and_two_hashes_are_474_bytes_in_one_piece),
        TEST(test_neighbours_whose_prev_does_not_match_are_a_proof),
        TEST(test_a_later_seal_proves_as_well),
        TEST(test_damaged_evidence_is_refused),
        TEST(test_what_contradicts_nothing_is_neither_written_nor_accepted),
        TEST(test_a_resume_may_stand_elsewhere),
        TEST(test_two_authors_do_not_contradict_each_other),
        TEST(test_evidence_that_does_not_fit_is_not_written),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
