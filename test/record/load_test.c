/* SPDX-License-Identifier: Apache-2.0 */
/* What a record makes at its start of what a store gives it, be it damaged. */
#include "sides.h"

static enum ol_err load(const struct ol_row *row)
{
    return ol_record_load(b, row);
}

static void test_rows_that_were_changed_or_come_twice_are_found(void **state)
{
    struct ol_row one = row_on(&zeros, 40, 1, "one");
    struct ol_row early = row_on(&(struct ol_hash){{9}}, 40, 7, "early");
    struct ol_row changed = one;

    (void)state;
    changed.h.time++;
    CHECK_ERR(OL_MALFORMED, load(&changed));
    CHECK_ERR(OL_OK, load(&one));
    CHECK_ERR(OL_MALFORMED, load(&one));
    CHECK_ERR(OL_OK, load(&early));
    CHECK_ERR(OL_MALFORMED, load(&early));
    CHECK_ERR(OL_OK, ol_record_loaded(b));
    assert_int_equal(stream_of_a()->head, 1);
    assert_int_equal(stream_of_a()->early_n, 1);
}

static void test_a_row_on_its_own_is_checked_with_its_body_and_its_seal(void **state)
{
    struct ol_row row = row_on(&zeros, 40, 1, "text");
    struct ol_row bare = row;

    (void)state;
    CHECK_ERR(OL_OK, ol_record_check_row(b, &row));
    row.seal.b[0] ^= 1;
    CHECK_ERR(OL_FORGED, ol_record_check_row(b, &row));
    bare.sealed = false;
    CHECK_ERR(OL_OK, ol_record_check_row(b, &bare));
    bare.body = ol_span("best", 4);
    CHECK_ERR(OL_MALFORMED, ol_record_check_row(b, &bare));
}

/* A row without a seal stands on the one before it; only a resume that skips it can explain one that does not. */
static void check_loose(uint8_t author)
{
    struct ol_row bare = sealed_row((struct ol_header){.author = author, .kind = 40, .seq = 5, .prev = {{9}}}, "bare");
    struct ol_row resume = sealed_row((struct ol_header){.author = author, .kind = OL_KIND_RESUME, .seq = 99}, "");

    bare.sealed = false;
    CHECK_ERR(OL_OK, load(&bare));
    CHECK_ERR(OL_MALFORMED, ol_record_loaded(b));
    CHECK_ERR(OL_OK, load(&resume));
    CHECK_ERR(OL_OK, ol_record_loaded(b));
}

static void test_a_row_without_a_seal_that_follows_nothing_needs_a_resume(void **state)
{
    (void)state;
    check_loose('A');
    check_loose('B');
}

static void test_more_resumes_than_a_stream_may_have_are_found(void **state)
{
    struct ol_hash prev = zeros;

    (void)state;
    for (uint32_t i = 1; i <= OL_RESUMES + 1; i++) {
        struct ol_row resume = row_on(&prev, OL_KIND_RESUME, 10 * i, "");

        CHECK_ERR(i <= OL_RESUMES ? OL_OK : OL_MALFORMED, load(&resume));
        prev = resume.hash;
    }
}

static void test_more_early_rows_than_there_are_places_for_are_found(void **state)
{
    (void)state;
    for (uint32_t i = 0; i <= OL_EARLY_MAX; i++) {
        struct ol_row early = {.h = {.author = 'A', .kind = 40, .seq = 10 + i, .prev = {{9}}}, .sealed = true};

        ol_header_hash(&b->cfg.line, &early.h, &early.hash);
        CHECK_ERR(i < OL_EARLY_MAX ? OL_OK : OL_MALFORMED, load(&early));
    }
}

static void test_each_proof_freezes_the_peer_until_an_officer_has_decided(void **state)
{
    struct ol_row proof = row_on(&zeros, 40, 1, "other");
    struct ol_row decision = sealed_row((struct ol_header){.author = 'B', .kind = OL_KIND_UNFREEZE, .seq = 1}, "");

    (void)state;
    CHECK_ERR(OL_OK, load(&decision));
    ol_record_load_proof(b, &proof);
    assert_false(stream_of_a()->frozen);
    ol_record_load_proof(b, &proof);
    assert_true(stream_of_a()->frozen);
}

static void test_on_an_early_entry_that_contradicts_an_officer_has_decided_after_a_start_too(void **state)
{
    struct ol_row one = row_on(&zeros, 40, 1, "one");
    struct ol_row early = row_on(&(struct ol_hash){{9}}, 40, 2, "of another history");
    struct ol_row other = row_on(&(struct ol_hash){{8}}, 40, 2, "of a third");
    struct ol_row decision = sealed_row((struct ol_header){.author = 'B', .kind = OL_KIND_UNFREEZE, .seq = 1}, "");

    (void)state;
    for (unsigned known = 0; known < 2; known++) {
        teardown(NULL);
        setup(NULL);
        CHECK_ERR(OL_OK, load(&one));
        CHECK_ERR(OL_OK, load(&early));
        CHECK_ERR(OL_OK, load(&decision));
        ol_record_load_proof(b, known ? &early : &other);
        CHECK_ERR(OL_OK, ol_record_loaded(b));
        kept[kept_n++] = early;
        ol_record_settle(b, 'A', taken, 1000);
        assert_int_equal(stream_of_a()->frozen, !known);
        assert_int_equal(taken->n, !known);
    }
}

static void test_a_proof_of_our_own_second_life_stands_until_a_resume_answers_it(void **state)
{
    struct ol_row resume = sealed_row((struct ol_header){.author = 'B', .kind = OL_KIND_RESUME, .seq = 100}, "");
    struct ol_row proof = sealed_row((struct ol_header){.author = 'B', .kind = 40, .seq = 50}, "another life");
    struct ol_row later = sealed_row((struct ol_header){.author = 'B', .kind = 40, .seq = 101}, "another life");

    (void)state;
    CHECK_ERR(OL_OK, load(&resume));
    ol_record_load_proof(b, &proof);
    assert_false(b->twice);
    ol_record_load_proof(b, &later);
    assert_true(b->twice);
    ol_record_load_proof(b, &proof); /* one that was answered takes nothing back */
    assert_true(b->twice);
}

static void test_without_any_resume_a_proof_of_our_own_second_life_stands(void **state)
{
    struct ol_row proof = sealed_row((struct ol_header){.author = 'B', .kind = 40, .seq = 50}, "another life");

    (void)state;
    ol_record_load_proof(b, &proof);
    assert_true(b->twice);
}

/* A names B's streams as it was before B's resume, and B as it is may have lost what A names. */
static void test_what_the_peer_named_counts_up_to_where_our_stream_goes_on(void **state)
{
    struct ol_row one = sealed_row((struct ol_header){.author = 'A', .kind = 40, .seq = 1, .xseq = 7}, "names seven");
    struct ol_row first = sealed_row((struct ol_header){.author = 'B', .kind = 40, .seq = 1}, "first");
    struct ol_row resume = sealed_row((struct ol_header){.author = 'B', .kind = OL_KIND_RESUME, .seq = 100,
                                                         .prev = first.hash}, "");

    (void)state;
    CHECK_ERR(OL_OK, load(&one));
    CHECK_ERR(OL_OK, load(&first));
    CHECK_ERR(OL_OK, ol_record_loaded(b));
    assert_int_equal(b->named.up_to, 1); /* the rest was lost here */
    b->named.up_to = 7;
    CHECK_ERR(OL_OK, load(&resume));
    CHECK_ERR(OL_OK, ol_record_loaded(b));
    assert_int_equal(b->named.up_to, 1); /* a resume gave it up */
    b->named.up_to = 100;
    CHECK_ERR(OL_OK, ol_record_loaded(b));
    assert_int_equal(b->named.up_to, 100);
}

static void test_what_the_peer_said_last_is_owed_a_receipt_after_a_start(void **state)
{
    struct ol_row one = row_on(&zeros, 40, 1, "one");

    (void)state;
    CHECK_ERR(OL_OK, load(&one));
    CHECK_ERR(OL_OK, ol_record_loaded(b));
    assert_true(ol_record_owes(b, true));
}

/* Early ones are loaded as such; what stands beside the head then and does not follow it is a contradiction, even when
 * nothing stands below. */
static void test_an_early_first_entry_that_follows_something_proves_nothing(void **state)
{
    struct ol_row first = row_on(&(struct ol_hash){{9}}, 40, 1, "first");

    (void)state;
    CHECK_ERR(OL_OK, load(&first));
    kept[kept_n++] = first;
    assert_false(ol_record_settle(b, 'A', taken, 1000));
    assert_false(stream_of_a()->frozen);
    assert_int_equal(stream_of_a()->head, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_rows_that_were_changed_or_come_twice_are_found),
        TEST(test_a_row_on_its_own_is_checked_with_its_body_and_its_seal),
        TEST(test_a_row_without_a_seal_that_follows_nothing_needs_a_resume),
        TEST(test_more_resumes_than_a_stream_may_have_are_found),
        TEST(test_more_early_rows_than_there_are_places_for_are_found),
        TEST(test_each_proof_freezes_the_peer_until_an_officer_has_decided),
        TEST(test_on_an_early_entry_that_contradicts_an_officer_has_decided_after_a_start_too),
        TEST(test_a_proof_of_our_own_second_life_stands_until_a_resume_answers_it),
        TEST(test_without_any_resume_a_proof_of_our_own_second_life_stands),
        TEST(test_what_the_peer_named_counts_up_to_where_our_stream_goes_on),
        TEST(test_what_the_peer_said_last_is_owed_a_receipt_after_a_start),
        TEST(test_an_early_first_entry_that_follows_something_proves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
