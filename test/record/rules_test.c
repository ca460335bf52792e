/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken and written at the edges of the rules: full batches, full memory, long chains, numbers that run out. */
#include "sides.h"

#define NUMBERS_LEFT ((1u << 25) - 1) /* below so many nothing is written any more */

static uint32_t head(void)
{
    return stream_of_a()->head;
}

/* ---- Receipts ---- */

static void test_who_owes_a_receipt(void **state)
{
    struct ol_due *d = &b->due;

    (void)state;
    assert_false(ol_record_owes(b, false));
    d->some = true;
    assert_true(ol_record_owes(b, false));
    assert_false(ol_record_owes(b, true)); /* one below IMMEDIATE waits already */
    d->precedence = OL_IMMEDIATE;
    assert_true(ol_record_owes(b, true));
    *d = (struct ol_due){.unread_n = 1};
    assert_true(ol_record_owes(b, true));
    *d = (struct ol_due){.alone_n = 1};
    assert_true(ol_record_owes(b, true));
}

static size_t receipts(struct ol_due due, bool texts_follow, bool waits)
{
    size_t before = taken->n;

    b->due = due;
    CHECK_ERR(OL_OK, ol_record_receipts(b, taken, texts_follow, waits, 1000));
    return taken->n - before;
}

static void write_text(enum ol_precedence precedence)
{
    struct ol_put text = {.row.h = {.kind = 40, .flags = (uint8_t)(precedence << 6)}};

    CHECK_ERR(OL_OK, ol_record_append(b, ol_batch_add(taken, &text), 1000));
}

static void test_texts_that_follow_say_what_a_receipt_would(void **state)
{
    (void)state;
    assert_int_equal(receipts((struct ol_due){.some = true}, true, false), 0);
    assert_true(b->due.some); /* until one of them is written */
    write_text(OL_ROUTINE);
    assert_false(b->due.some);
    b->due = (struct ol_due){.some = true, .precedence = OL_FLASH};
    write_text(OL_ROUTINE);
    assert_true(b->due.some); /* its receipt does not go with what has less hurry */
    write_text(OL_FLASH);
    assert_false(b->due.some);
    assert_int_equal(receipts((struct ol_due){.some = true}, false, true), 0);
    assert_true(b->due.some); /* it is made when the one that waits has gone */
    assert_int_equal(receipts((struct ol_due){.some = true}, false, false), 1);
    assert_int_equal(receipts((struct ol_due){.some = true, .precedence = OL_FLASH}, true, true), 1);
    assert_int_equal(receipts((struct ol_due){.unread_n = 1, .unread = {3}}, true, true), 1);
    assert_int_equal(receipts((struct ol_due){0}, false, false), 0);
    assert_int_equal(receipts((struct ol_due){0}, true, false), 0);
}

static void test_where_the_numbers_have_run_out_no_receipt_is_written(void **state)
{
    struct ol_row early = row_on(&(struct ol_hash){{9}}, 40, 5, "early");
    struct ol_row other = row_on(&(struct ol_hash){{9}}, 40, 7, "early too");

    (void)state;
    assert_int_equal(take_row(&early, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&other, OL_WIRE_FULL), OL_TOOK_NEW);
    ol_batch_clear(taken);
    ol_record_own(b)->top = UINT32_MAX - NUMBERS_LEFT;
    CHECK_ERR(OL_LIMIT, ol_record_receipts(b, taken, false, false, 1000));
    b->due = (struct ol_due){.some = true};
    CHECK_ERR(OL_LIMIT, ol_record_receipts(b, taken, false, false, 1000));
    assert_int_equal(taken->n, 0);
    assert_int_equal(ol_record_own(b)->head, 0);
}

/* ---- What is remembered of what came has its limits ---- */

static void test_more_than_64_entries_named_alone_at_once_are_left_to_the_record(void **state)
{
    struct ol_hash prev = zeros;

    (void)state;
    for (uint32_t seq = 1; seq <= OL_DUE_ALONE + 1; seq++) {
        struct ol_row row = sealed_row((struct ol_header){.author = 'A', .kind = OL_KIND_RECEIPT, .seq = seq,
                                                          .flags = OL_FLAG_ALONE, .prev = prev}, "\x80");

        prev = row.hash;
        assert_int_equal(take_row(&row, OL_WIRE_FULL), OL_TOOK_NEW);
    }
    assert_int_equal(head(), OL_DUE_ALONE + 1);
    assert_int_equal(b->named.alone_n, OL_DUE_ALONE);
}

static void test_more_than_64_early_or_unread_entries_at_once_are_still_taken(void **state)
{
    (void)state;
    for (uint32_t i = 0; i <= OL_DUE_ALONE; i++) {
        struct ol_row row = row_on(&(struct ol_hash){{9}}, 200, 10 + 2 * i, "not understood");

        assert_int_equal(take_row(&row, OL_WIRE_FULL), OL_TOOK_NEW);
    }
    assert_int_equal(stream_of_a()->early_n, OL_DUE_ALONE + 1);
    assert_int_equal(b->due.alone_n, OL_DUE_ALONE);
    assert_int_equal(b->due.unread_n, OL_DUE_ALONE);
}

static void test_an_early_entry_that_has_no_place_is_refused(void **state)
{
    struct ol_row row = row_on(&(struct ol_hash){{9}}, 40, 5000, "one too many");

    (void)state;
    for (uint32_t i = 0; i < OL_EARLY_MAX; i++) {
        struct ol_early early = {.seq = 100 + i};

        CHECK_ERR(OL_OK, ol_stream_keep_early(stream_of_a(), &early, OL_FLASH));
    }
    assert_int_equal(take_row(&row, OL_WIRE_FULL), OL_TOOK_REFUSED);
    assert_int_equal(taken->n, 0);
}

/* ---- Our own stream ---- */

static void test_our_own_entries_are_not_taken_unless_asked_back(void **state)
{
    struct ol_row own = sealed_row((struct ol_header){.author = 'B', .kind = 40, .flags = OL_FLASH << 6, .seq = 1},
                                   "own");

    (void)state;
    assert_int_equal(take_row(&own, 0), OL_TOOK_REFUSED);
    b->recovering = true;
    assert_int_equal(take_row(&own, 0), OL_TOOK_ASIDE);
    assert_int_equal(take_row(&own, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(ol_record_own(b)->head, 1);
    assert_false(ol_record_owes(b, false));
}

static void test_our_own_early_entries_that_take_their_place_owe_nothing(void **state)
{
    struct ol_row one = sealed_row((struct ol_header){.author = 'B', .kind = 40, .flags = OL_FLASH << 6, .seq = 1},
                                   "one");
    struct ol_row two = sealed_row((struct ol_header){.author = 'B', .kind = 40, .flags = OL_FLASH << 6, .seq = 2,
                                                      .prev = one.hash}, "two");

    (void)state;
    b->recovering = true;
    assert_int_equal(take_row(&two, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&one, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(ol_record_own(b)->head, 2);
    assert_false(ol_record_owes(b, false));
}

static void test_two_histories_of_our_own_that_come_back_mean_a_second_life(void **state)
{
    struct ol_row one = sealed_row((struct ol_header){.author = 'B', .kind = 40, .seq = 1}, "one");
    struct ol_row other = sealed_row((struct ol_header){.author = 'B', .kind = 40, .seq = 2, .prev = {{9}}}, "other");

    (void)state;
    b->recovering = true;
    assert_int_equal(take_row(&other, OL_WIRE_FULL), OL_TOOK_NEW); /* early */
    keep();
    assert_int_equal(take_row(&one, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_true(b->twice);
}

/* The home of B was copied. A holds what the other life wrote, 2 to 4, of which 4 alone is sealed, and gives it back to this
 * one, which has a 2 of its own. */
struct lives {
    struct ol_row one, two, other[3];
};

static struct ol_row own_row(uint32_t seq, const struct ol_hash *prev, const char *body)
{
    return sealed_row((struct ol_header){.author = 'B', .kind = 40, .seq = seq, .prev = *prev}, body);
}

static struct lives two_lives(void)
{
    struct lives l = {.one = own_row(1, &zeros, "of both")};

    l.two = own_row(2, &l.one.hash, "of this life");
    l.other[0] = own_row(2, &l.one.hash, "of the other");
    l.other[1] = own_row(3, &l.other[0].hash, "of the other");
    l.other[2] = own_row(4, &l.other[1].hash, "of the other");
    b->recovering = true;
    assert_int_equal(take_row(&l.one, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&l.two, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&l.other[2], OL_WIRE_FULL), OL_TOOK_NEW);
    keep();
    return l;
}

static void test_a_seal_of_our_own_over_a_run_that_does_not_follow_means_a_second_life(void **state)
{
    struct lives l = two_lives();

    (void)state;
    assert_false(b->twice);
    assert_int_equal(take_row(&l.other[1], OL_WIRE_PREV), OL_TOOK_ASIDE);
    assert_true(b->twice);
    assert_int_equal(taken->n, 1);
    assert_int_equal(taken->puts[0].what, OL_PUT_EVIDENCE);
    assert_true(ol_hash_equal(&taken->puts[0].row.hash, &l.other[2].hash));
    ol_record_settle(b, 'B', taken, 1000); /* one proof is enough */
    assert_int_equal(taken->n, 1);
}

static void test_a_run_that_the_seal_of_ours_does_not_cover_proves_no_second_life(void **state)
{
    struct lives l = two_lives();
    struct ol_row lie = own_row(3, &l.other[0].hash, "of the peer's making");
    struct ol_entry unknown = entry_of(&l.other[1], OL_WIRE_PREV);

    (void)state;
    take_row(&lie, OL_WIRE_PREV);
    assert_false(b->twice);
    take_row(&l.other[1], 0); /* it does not say what it follows */
    assert_false(b->twice);
    unknown.xseq = 9; /* and this one names what is not here */
    ol_stream_put_aside(ol_record_own(b), &unknown);
    ol_record_settle(b, 'B', taken, 1000);
    assert_false(b->twice);
}

static void test_a_run_of_ours_that_follows_is_taken_back(void **state)
{
    struct lives l = two_lives();

    (void)state;
    l.other[1] = own_row(3, &l.two.hash, "of this life");
    b->stream[1].early[0].prev = l.other[1].hash;
    assert_int_equal(take_row(&l.other[1], OL_WIRE_PREV), OL_TOOK_NEW);
    assert_false(b->twice);
    assert_int_equal(ol_record_own(b)->head, 4);
}

static void test_an_unsealed_run_of_the_peers_that_does_not_follow_proves_nothing_yet(void **state)
{
    struct ol_row one = row_on(&zeros, 40, 1, "one");
    struct ol_row two = row_on(&(struct ol_hash){{9}}, 40, 2, "of another history");
    struct ol_row three = row_on(&two.hash, 40, 3, "of another history");

    (void)state;
    assert_int_equal(take_row(&one, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&three, OL_WIRE_FULL), OL_TOOK_NEW);
    keep();
    assert_int_equal(take_row(&two, OL_WIRE_PREV), OL_TOOK_REFUSED);
    assert_false(stream_of_a()->frozen);
    assert_int_equal(b->want[0].from, 2); /* sealed it will */
    assert_int_equal(take_row(&two, OL_WIRE_FULL), OL_TOOK_FORK);
    assert_true(stream_of_a()->frozen);
}

/* A receipted what B then lost: its receipt is back before that is. The second is of one entry alone. */
static void take_receipts_of_what_was_lost(uint32_t named)
{
    struct ol_row own = own_row(1, &zeros, "lost");
    struct ol_row of_head = sealed_row((struct ol_header){.author = 'A', .kind = OL_KIND_RECEIPT, .seq = 1, .xseq = named,
                                                          .time = 77, .xhash = own.hash}, "\x80");
    struct ol_row alone = sealed_row((struct ol_header){.author = 'A', .kind = OL_KIND_RECEIPT, .flags = OL_FLAG_ALONE,
                                                        .seq = 2, .xseq = 9, .prev = of_head.hash}, "\x80");

    b->recovering = true;
    assert_int_equal(take_row(&of_head, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&alone, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&own, OL_WIRE_FULL), OL_TOOK_NEW);
    keep();
    assert_int_equal(b->named.up_to, 0);
    ol_record_named_anew(b);
}

static void test_what_the_peer_receipted_counts_once_it_is_back(void **state)
{
    (void)state;
    take_receipts_of_what_was_lost(1);
    assert_int_equal(b->named.up_to, 1);
    assert_int_equal(b->named.up_to_time, 77);
    assert_int_equal(b->named.alone_n, 0);
}

static void test_what_the_peer_receipted_and_is_not_back_does_not_count(void **state)
{
    (void)state;
    take_receipts_of_what_was_lost(2);
    assert_int_equal(b->named.up_to, 0);
}

static void test_what_the_peer_receipted_and_a_resume_gave_up_does_not_count(void **state)
{
    (void)state;
    take_receipts_of_what_was_lost(2);
    assert_int_equal(ol_stream_absent(ol_record_own(b), 1, 5), OL_OK);
    kept[0].h.xseq = 1;
    ol_record_named_anew(b);
    assert_int_equal(b->named.up_to, 0);
}

static void test_without_its_entries_nothing_of_the_peers_counts(void **state)
{
    (void)state;
    ol_record_named_anew(b);
    assert_int_equal(b->named.up_to, 0);
    take_receipts_of_what_was_lost(1);
    b->named.up_to = 0;
    kept_n = 0;
    ol_record_named_anew(b);
    assert_int_equal(b->named.up_to, 0);
    kept_n = 1;
    kept[0].h.seq = 3; /* beyond the head */
    ol_record_named_anew(b);
    assert_int_equal(b->named.up_to, 0);
}

static void test_a_receipt_that_was_early_owes_none_when_it_takes_its_place(void **state)
{
    struct ol_row one = row_on(&zeros, OL_KIND_RECEIPT, 1, "\x80");
    struct ol_row two = row_on(&one.hash, OL_KIND_RECEIPT, 2, "\x80");

    (void)state;
    assert_int_equal(take_row(&two, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&one, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(head(), 2);
    assert_false(ol_record_owes(b, false));
}

static void test_when_numbers_run_out_only_a_close_is_written(void **state)
{
    struct ol_put put = {.what = OL_PUT_ROW};

    (void)state;
    ol_record_own(a)->top = UINT32_MAX - NUMBERS_LEFT;
    put.row.h.kind = OL_KIND_MESSAGE;
    CHECK_ERR(OL_LIMIT, ol_record_append(a, &put, 1000));
    assert_int_equal(ol_record_own(a)->head, 0);
    put.row.h.kind = OL_KIND_CLOSE;
    CHECK_ERR(OL_OK, ol_record_append(a, &put, 1000));
    CHECK_ERR(OL_LIMIT, ol_record_resume(a, ol_span("lost", 4), UINT32_MAX - 100, 0, written, 1000));
    assert_int_equal(written->n, 0);
}

static void test_the_65th_resume_is_neither_written_nor_taken(void **state)
{
    struct ol_hash prev = zeros;
    struct ol_row resume;
    struct ol_row early;

    (void)state;
    for (uint32_t i = 0; i < OL_RESUMES; i++) {
        CHECK_ERR(OL_OK, ol_record_resume(a, ol_span("lost", 4), 0, 0, written, 1000));
        resume = written->puts[i].row;
        assert_int_equal(take_row(&resume, OL_WIRE_FULL), OL_TOOK_NEW);
        prev = resume.hash;
    }
    CHECK_ERR(OL_LIMIT, ol_record_resume(a, ol_span("lost", 4), 0, 0, written, 1000));
    resume = row_on(&prev, OL_KIND_RESUME, head() + 10, "");
    assert_int_equal(take_row(&resume, OL_WIRE_FULL), OL_TOOK_REFUSED);
    early = row_on(&prev, OL_KIND_RESUME, head() + 1, ""); /* jumps over nothing */
    assert_int_equal(take_row(&early, OL_WIRE_FULL), OL_TOOK_NEW);
}

/* It came when there was room for it, and the stream has filled up since. */
static void test_an_early_resume_that_is_one_too_many_stays_early(void **state)
{
    struct ol_row one = row_on(&zeros, 40, 1, "one");
    struct ol_row resume = row_on(&one.hash, OL_KIND_RESUME, 900000, "");

    (void)state;
    assert_int_equal(take_row(&resume, OL_WIRE_FULL), OL_TOOK_NEW);
    stream_of_a()->absent_n = OL_RESUMES;
    assert_int_equal(take_row(&one, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(head(), 1);
    assert_non_null(ol_stream_early(stream_of_a(), 900000));
}

/* ---- Resumes and what they chain to ---- */

static void test_a_resume_whose_chain_is_not_held_or_leads_above_the_head_is_kept_early(void **state)
{
    struct ol_row one = row_on(&zeros, 40, 1, "one");
    struct ol_row early = row_on(&(struct ol_hash){{9}}, 40, 50, "early");
    struct ol_row on_early = row_on(&early.hash, OL_KIND_RESUME, 100, "");
    struct ol_row on_nothing = row_on(&(struct ol_hash){{8}}, OL_KIND_RESUME, 2, ""); /* a resume proves nothing */

    (void)state;
    assert_int_equal(take_row(&one, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&early, OL_WIRE_FULL), OL_TOOK_NEW);
    keep();
    assert_int_equal(take_row(&on_early, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&on_nothing, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(head(), 1);
    assert_false(stream_of_a()->frozen);
    assert_int_equal(stream_of_a()->early_n, 3);
}

/* In the ring, absent, and not on the shelf. */
static void test_a_resume_on_an_absent_entry_that_the_shelf_does_not_have_is_kept_early(void **state)
{
    struct ol_row one = row_on(&zeros, 40, 1, "one");
    struct ol_row two = row_on(&one.hash, 40, 2, "two");
    struct ol_row back = row_on(&one.hash, OL_KIND_RESUME, 100, "");
    struct ol_row again = row_on(&two.hash, OL_KIND_RESUME, 200, "");

    (void)state;
    assert_int_equal(take_row(&one, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&two, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&back, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(head(), 100);
    assert_int_equal(take_row(&again, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(head(), 100);
    assert_non_null(ol_stream_early(stream_of_a(), 200));
}

static enum ol_err nothing_at(void *ctx, uint8_t author, uint32_t from, struct ol_row *out)
{
    (void)ctx;
    (void)author;
    (void)from;
    (void)out;
    return OL_ABSENT;
}

/* Evidence, whose own chain leads to what stands. */
static void test_a_resume_may_stand_on_evidence_under_a_number_that_has_no_row(void **state)
{
    struct ol_row one = row_on(&zeros, 40, 1, "one");
    struct ol_row other = row_on(&one.hash, 40, 3, "other");
    struct ol_row resume = row_on(&other.hash, OL_KIND_RESUME, 100, "");

    (void)state;
    assert_int_equal(take_row(&one, OL_WIRE_FULL), OL_TOOK_NEW);
    ol_stream_step(stream_of_a(), 10, &(struct ol_hash){{7}}, 1000); /* 3 is not in memory */
    kept[kept_n++] = other;
    b->cfg.shelf.at = nothing_at;
    assert_int_equal(take_row(&resume, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(head(), 100);
}

static struct ol_row endless; /* each absent, and standing on the next */

static enum ol_err endless_by_hash(void *ctx, uint8_t author, const struct ol_hash *hash, struct ol_row *out)
{
    (void)ctx;
    (void)author;
    endless.h.seq = 5;
    endless.hash = *hash;
    endless.h.prev.b[0]++;
    *out = endless;
    return OL_OK;
}

static void test_a_chain_is_followed_back_only_so_far(void **state)
{
    struct ol_row jump = row_on(&zeros, OL_KIND_RESUME, 1000, "");
    struct ol_row resume = row_on(&(struct ol_hash){{9}}, OL_KIND_RESUME, 2000, "");

    (void)state;
    assert_int_equal(take_row(&jump, OL_WIRE_FULL), OL_TOOK_NEW);
    endless.h.prev.b[31] = 1; /* never zeros */
    b->cfg.shelf.by_hash = endless_by_hash;
    assert_int_equal(take_row(&resume, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(head(), 1000);
    assert_non_null(ol_stream_early(stream_of_a(), 2000));
}

/* ---- Equivocation ---- */

static void test_a_contradiction_waits_when_the_batch_is_full_and_is_known_once_decided(void **state)
{
    struct ol_row one = row_on(&zeros, 40, 1, "one");
    struct ol_row other = row_on(&zeros, 40, 1, "other");

    (void)state;
    assert_int_equal(take_row(&one, OL_WIRE_FULL), OL_TOOK_NEW);
    keep();
    fill_batch();
    assert_int_equal(take_row(&other, OL_WIRE_FULL), OL_TOOK_FULL);
    assert_false(stream_of_a()->frozen);
    ol_batch_clear(taken);
    assert_int_equal(take_row(&other, OL_WIRE_FULL), OL_TOOK_FORK);
    keep();
    stream_of_a()->frozen = false; /* an officer has decided */
    assert_int_equal(take_row(&other, OL_WIRE_FULL), OL_TOOK_KNOWN);
    assert_false(stream_of_a()->frozen);
}

/* One came early; then the head comes to stand right below it, and the shelf has this row, or none. */
static void check_neighbours(const struct ol_row *on_shelf, bool full, bool frozen)
{
    struct ol_row one = row_on(&zeros, 40, 1, "one");
    struct ol_row early = row_on(&(struct ol_hash){{9}}, 40, 2, "of another history");

    assert_int_equal(take_row(&early, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&one, OL_WIRE_SEAL), OL_TOOK_NEW);
    assert_false(stream_of_a()->frozen);
    ol_batch_clear(taken);
    if (on_shelf != NULL)
        kept[kept_n++] = *on_shelf;
    if (full)
        fill_batch();
    ol_record_settle(b, 'A', taken, 1000);
    assert_int_equal(stream_of_a()->frozen, frozen);
}

static void test_an_early_entry_that_does_not_follow_the_head_below_it_is_a_proof(void **state)
{
    struct ol_row early = row_on(&(struct ol_hash){{9}}, 40, 2, "of another history");

    (void)state;
    check_neighbours(&early, false, true);
}

static void test_on_an_early_entry_that_contradicts_an_officer_decides_once(void **state)
{
    struct ol_row early = row_on(&(struct ol_hash){{9}}, 40, 2, "of another history");

    (void)state;
    check_neighbours(&early, false, true);
    assert_int_equal(taken->n, 1);
    stream_of_a()->frozen = false; /* an officer has decided */
    ol_batch_clear(taken);
    ol_record_settle(b, 'A', taken, 1000);
    assert_false(stream_of_a()->frozen);
    assert_int_equal(taken->n, 0);
}

static void test_a_station_that_is_stopped_still_sees_that_the_peer_contradicts_itself(void **state)
{
    struct ol_row early = row_on(&(struct ol_hash){{9}}, 40, 2, "of another history");
    struct ol_row second;

    (void)state;
    b->twice = true;
    check_neighbours(&early, false, true);
    stream_of_a()->frozen = false; /* an officer has decided */
    ol_batch_clear(taken);
    second = row_on(&zeros, 40, 1, "another one");
    assert_int_equal(take_row(&second, OL_WIRE_FULL), OL_TOOK_FORK);
    assert_true(stream_of_a()->frozen);
    assert_int_equal(taken->n, 1);
}

static void test_a_proof_that_is_not_on_the_shelf_yet_waits(void **state)
{
    (void)state;
    check_neighbours(NULL, false, false);
}

static void test_a_proof_for_which_the_shelf_has_a_later_row_waits(void **state)
{
    struct ol_row later = row_on(&(struct ol_hash){{9}}, 40, 3, "later");

    (void)state;
    check_neighbours(&later, false, false);
}

static void test_a_proof_waits_for_room_in_the_batch(void **state)
{
    struct ol_row early = row_on(&(struct ol_hash){{9}}, 40, 2, "of another history");

    (void)state;
    check_neighbours(&early, true, false);
}

/* ---- Runs ---- */

static void take_unsealed_run(struct ol_row run[static 3])
{
    run[0] = row_on(&zeros, 40, 1, "one");
    run[1] = row_on(&run[0].hash, 40, 2, "two");
    run[2] = row_on(&run[1].hash, 40, 3, "three");
    assert_int_equal(take_row(&run[0], 0), OL_TOOK_ASIDE);
    assert_int_equal(take_row(&run[1], 0), OL_TOOK_ASIDE);
}

static void test_a_run_waits_aside_until_the_batch_has_room_for_all_of_it(void **state)
{
    struct ol_row run[3];

    (void)state;
    take_unsealed_run(run);
    taken->n = OL_BATCH_ROWS - OL_BATCH_RESERVED - 2;
    assert_int_equal(take_row(&run[2], OL_WIRE_SEAL), OL_TOOK_ASIDE);
    assert_int_equal(head(), 0);
    assert_int_equal(taken->n, OL_BATCH_ROWS - OL_BATCH_RESERVED - 2);
    ol_batch_clear(taken);
    assert_true(ol_record_settle(b, 'A', taken, 1000));
    assert_int_equal(head(), 3);
}

static void test_a_run_that_names_what_is_not_held_any_more_is_asked_for_again(void **state)
{
    struct ol_row own = sealed_row((struct ol_header){.author = 'B', .kind = 40, .seq = 4}, "own");
    struct ol_row one = sealed_row((struct ol_header){.author = 'A', .kind = 40, .seq = 1, .xseq = 4,
                                                      .xhash = own.hash}, "one");
    struct ol_row two = row_on(&one.hash, 40, 2, "two");

    (void)state;
    kept[kept_n++] = own;
    assert_int_equal(take_row(&one, 0), OL_TOOK_ASIDE);
    kept_n = 0;
    assert_int_equal(take_row(&two, OL_WIRE_SEAL), OL_TOOK_ASIDE);
    assert_int_equal(head(), 0);
    assert_int_equal(b->want[0].from, 1);
    assert_int_equal(b->want[0].to, 1);
}

static void test_an_entry_that_names_what_is_not_held_is_wanted_and_below_the_head_it_is_known(void **state)
{
    struct ol_row row = sealed_row((struct ol_header){.author = 'A', .kind = 40, .seq = 1, .xseq = 4}, "one");
    struct ol_row jump = row_on(&zeros, OL_KIND_RESUME, 1000, "");

    (void)state;
    assert_int_equal(take_row(&row, OL_WIRE_SEAL), OL_TOOK_REFUSED);
    assert_int_equal(b->want[0].from, 1);
    assert_int_equal(take_row(&jump, OL_WIRE_FULL), OL_TOOK_NEW);
    row.h.seq = 5;
    assert_int_equal(take_row(&row, OL_WIRE_SEAL | OL_WIRE_PREV), OL_TOOK_KNOWN); /* absent, and cannot be rebuilt */
    assert_int_equal(b->want[0].from, 0);
}

/* ---- Absent numbers ---- */

static void test_what_comes_back_under_absent_numbers_stands_by_the_seal_behind_it(void **state)
{
    struct ol_row run[4];
    struct ol_row jump = row_on(&zeros, OL_KIND_RESUME, 1000, "");

    (void)state;
    run[0] = row_on(&zeros, 40, 5, "five");
    run[1] = row_on(&run[0].hash, 40, 6, "six");
    run[2] = row_on(&run[1].hash, 40, 7, "seven");
    run[3] = row_on(&run[2].hash, 40, 8, "eight");
    assert_int_equal(take_row(&jump, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&run[0], 0), OL_TOOK_REFUSED); /* where it belongs nobody could tell */
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(take_row(&run[i], OL_WIRE_PREV), OL_TOOK_ASIDE);
    run[3].seal.b[0] ^= 1;
    assert_int_equal(take_row(&run[3], OL_WIRE_FULL), OL_TOOK_REFUSED);
    assert_int_equal(taken->n, 1);
    run[3].seal.b[0] ^= 1;
    assert_int_equal(take_row(&run[3], OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(taken->n, 5);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(take_row(&run[i], OL_WIRE_FULL), OL_TOOK_KNOWN);
    assert_int_equal(head(), 1000);
}

static void test_absent_entries_that_do_not_chain_end_what_comes_back(void **state)
{
    struct ol_row jump = row_on(&zeros, OL_KIND_RESUME, 1000, "");
    struct ol_row five = row_on(&zeros, 40, 5, "five");
    struct ol_row other = row_on(&five.hash, 40, 6, "not what seven stands on");
    struct ol_row six = row_on(&five.hash, 40, 6, "six");
    struct ol_row seven = row_on(&six.hash, 40, 7, "seven");

    (void)state;
    assert_int_equal(take_row(&jump, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&other, OL_WIRE_PREV), OL_TOOK_ASIDE);
    assert_int_equal(take_row(&seven, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(taken->n, 2);
}

/* It waits aside for a seal, and was taken by another one meanwhile. */
static void check_taken_twice(bool on_shelf)
{
    struct ol_row jump = row_on(&zeros, OL_KIND_RESUME, 1000, "");
    struct ol_row five = row_on(&zeros, 40, 5, "five");
    struct ol_row six = row_on(&five.hash, 40, 6, "six");
    struct ol_entry aside = entry_of(&five, OL_WIRE_PREV);
    size_t before;

    assert_int_equal(take_row(&jump, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&five, OL_WIRE_FULL), OL_TOOK_NEW);
    if (on_shelf)
        keep();
    before = taken->n;
    ol_stream_put_aside(stream_of_a(), &aside);
    assert_int_equal(take_row(&six, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(taken->n, before + 1);
}

static void test_an_absent_entry_that_the_batch_has_is_not_put_into_it_twice(void **state)
{
    (void)state;
    check_taken_twice(false);
}

static void test_an_absent_entry_that_the_shelf_has_is_not_put_into_the_batch(void **state)
{
    (void)state;
    check_taken_twice(true);
}

static void test_a_number_below_the_head_that_nobody_declared_absent_is_known(void **state)
{
    struct ol_row five = row_on(&zeros, 40, 5, "five");

    (void)state;
    ol_stream_step(stream_of_a(), 10, &(struct ol_hash){{7}}, 1000); /* the shelf lost it */
    assert_int_equal(take_row(&five, OL_WIRE_FULL), OL_TOOK_KNOWN);
    assert_int_equal(taken->n, 0);
}

static void test_the_first_absent_number_ends_what_comes_back(void **state)
{
    struct ol_row one = row_on(&zeros, 40, 1, "one");
    struct ol_row jump = row_on(&one.hash, OL_KIND_RESUME, 1000, "");
    struct ol_row two = row_on(&one.hash, 40, 2, "two");

    (void)state;
    assert_int_equal(take_row(&one, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&jump, OL_WIRE_FULL), OL_TOOK_NEW);
    ol_stream_put_aside(stream_of_a(), &(struct ol_entry){.kind = 40, .flags = OL_FLASH << 6, .seq = 1, .time = 1000,
                                                         .body = one.body});
    assert_int_equal(take_row(&two, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(taken->n, 3);
}

static void test_absent_entries_that_name_what_is_not_held_end_what_comes_back(void **state)
{
    struct ol_row own = sealed_row((struct ol_header){.author = 'B', .kind = 40, .seq = 4}, "own");
    struct ol_row jump = row_on(&zeros, OL_KIND_RESUME, 1000, "");
    struct ol_row five = sealed_row((struct ol_header){.author = 'A', .kind = 40, .seq = 5, .xseq = 4,
                                                       .xhash = own.hash}, "five");
    struct ol_row six = row_on(&five.hash, 40, 6, "six");

    (void)state;
    kept[kept_n++] = own;
    assert_int_equal(take_row(&jump, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&five, OL_WIRE_PREV), OL_TOOK_ASIDE);
    kept_n = 0;
    assert_int_equal(take_row(&six, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(taken->n, 2);
}

static void test_what_comes_back_under_absent_numbers_stops_where_the_batch_is_full(void **state)
{
    struct ol_row jump = row_on(&zeros, OL_KIND_RESUME, 1000, "");
    struct ol_row five = row_on(&zeros, 40, 5, "five");
    struct ol_row six = row_on(&five.hash, 40, 6, "six");

    (void)state;
    assert_int_equal(take_row(&jump, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(take_row(&five, OL_WIRE_PREV), OL_TOOK_ASIDE);
    fill_batch();
    assert_int_equal(take_row(&six, OL_WIRE_FULL), OL_TOOK_FULL);
    taken->n = OL_BATCH_ROWS - OL_BATCH_RESERVED - 1;
    assert_int_equal(take_row(&six, OL_WIRE_FULL), OL_TOOK_NEW);
    assert_int_equal(taken->n, OL_BATCH_ROWS - OL_BATCH_RESERVED);
}

/* What else a batch holds, and rows of the other stream, do not count as an entry that is there. */
static void test_an_absent_entry_is_told_from_other_puts_with_its_number(void **state)
{
    struct ol_row jump = row_on(&zeros, OL_KIND_RESUME, 1000, "");
    struct ol_row five = row_on(&zeros, 40, 5, "five");
    struct ol_put evidence = {.what = OL_PUT_EVIDENCE, .row = five};
    struct ol_put own = {.what = OL_PUT_ROW, .row = five};

    (void)state;
    assert_int_equal(take_row(&jump, OL_WIRE_FULL), OL_TOOK_NEW);
    own.row.h.author = 'B';
    ol_batch_add(taken, &evidence);
    ol_batch_add(taken, &own);
    b->in_flight = written;
    assert_int_equal(take_row(&five, OL_WIRE_FULL), OL_TOOK_NEW);
    keep();
    assert_int_equal(take_row(&five, OL_WIRE_FULL), OL_TOOK_KNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_who_owes_a_receipt),
        TEST(test_texts_that_follow_say_what_a_receipt_would),
        TEST(test_where_the_numbers_have_run_out_no_receipt_is_written),
        TEST(test_more_than_64_entries_named_alone_at_once_are_left_to_the_record),
        TEST(test_more_than_64_early_or_unread_entries_at_once_are_still_taken),
        TEST(test_an_early_entry_that_has_no_place_is_refused),
        TEST(test_our_own_entries_are_not_taken_unless_asked_back),
        TEST(test_our_own_early_entries_that_take_their_place_owe_nothing),
        TEST(test_two_histories_of_our_own_that_come_back_mean_a_second_life),
        TEST(test_a_seal_of_our_own_over_a_run_that_does_not_follow_means_a_second_life),
        TEST(test_a_run_that_the_seal_of_ours_does_not_cover_proves_no_second_life),
        TEST(test_a_run_of_ours_that_follows_is_taken_back),
        TEST(test_what_the_peer_receipted_counts_once_it_is_back),
        TEST(test_what_the_peer_receipted_and_is_not_back_does_not_count),
        TEST(test_what_the_peer_receipted_and_a_resume_gave_up_does_not_count),
        TEST(test_without_its_entries_nothing_of_the_peers_counts),
        TEST(test_an_unsealed_run_of_the_peers_that_does_not_follow_proves_nothing_yet),
        TEST(test_a_receipt_that_was_early_owes_none_when_it_takes_its_place),
        TEST(test_when_numbers_run_out_only_a_close_is_written),
        TEST(test_the_65th_resume_is_neither_written_nor_taken),
        TEST(test_an_early_resume_that_is_one_too_many_stays_early),
        TEST(test_a_resume_whose_chain_is_not_held_or_leads_above_the_head_is_kept_early),
        TEST(test_a_resume_on_an_absent_entry_that_the_shelf_does_not_have_is_kept_early),
        TEST(test_a_resume_may_stand_on_evidence_under_a_number_that_has_no_row),
        TEST(test_a_chain_is_followed_back_only_so_far),
        TEST(test_a_contradiction_waits_when_the_batch_is_full_and_is_known_once_decided),
        TEST(test_an_early_entry_that_does_not_follow_the_head_below_it_is_a_proof),
        TEST(test_on_an_early_entry_that_contradicts_an_officer_decides_once),
        TEST(test_a_station_that_is_stopped_still_sees_that_the_peer_contradicts_itself),
        TEST(test_a_proof_that_is_not_on_the_shelf_yet_waits),
        TEST(test_a_proof_for_which_the_shelf_has_a_later_row_waits),
        TEST(test_a_proof_waits_for_room_in_the_batch),
        TEST(test_a_run_waits_aside_until_the_batch_has_room_for_all_of_it),
        TEST(test_a_run_that_names_what_is_not_held_any_more_is_asked_for_again),
        TEST(test_an_entry_that_names_what_is_not_held_is_wanted_and_below_the_head_it_is_known),
        TEST(test_what_comes_back_under_absent_numbers_stands_by_the_seal_behind_it),
        TEST(test_absent_entries_that_do_not_chain_end_what_comes_back),
        TEST(test_an_absent_entry_that_the_batch_has_is_not_put_into_it_twice),
        TEST(test_an_absent_entry_that_the_shelf_has_is_not_put_into_the_batch),
        TEST(test_a_number_below_the_head_that_nobody_declared_absent_is_known),
        TEST(test_the_first_absent_number_ends_what_comes_back),
        TEST(test_absent_entries_that_name_what_is_not_held_end_what_comes_back),
        TEST(test_what_comes_back_under_absent_numbers_stops_where_the_batch_is_full),
        TEST(test_an_absent_entry_is_told_from_other_puts_with_its_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
