/* SPDX-License-Identifier: Apache-2.0 */
/* Where a line comes to its limits: no numbers left, no room in a batch, a store that fails, counters and times that are
 * far off. Nothing that was accepted is lost, and nothing is said that does not stand. */
#include "support.h"

#include <stdlib.h>

#include "pair.h"

static struct pair *p;

static int setup(void **state)
{
    (void)state;
    p = malloc(sizeof *p);
    pair_init(p, 1, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pair_free(p);
    free(p);
    return 0;
}

static struct ol_line *line(unsigned side)
{
    return &p->side[side].line;
}

static enum ol_signing signing(unsigned side)
{
    return line(side)->signing;
}

static void start_both(void)
{
    pair_start(p, 0);
    pair_start(p, 1);
    pair_run(p, 2000);
}

/* As if this side had written until only a close may follow. */
static void use_up_numbers(unsigned side)
{
    ol_record_own(&line(side)->record)->top = UINT32_MAX - 1;
}

static void test_a_text_for_which_no_number_is_left_waits_and_signing_stops(void **state)
{
    (void)state;
    start_both();
    use_up_numbers(0);
    pair_send(p, 0, OL_ROUTINE, "one too many");
    pair_settle(p);
    assert_int_equal(signing(0), OL_SIGN_STOPPED);
    assert_int_equal(p->side[0].outbox_n, 1);
    assert_int_equal(p->side[0].rows_n[0], 0);
}

static void test_a_text_of_the_outbox_for_which_no_number_is_left_stays_there(void **state)
{
    (void)state;
    pair_start(p, 0);
    pair_send(p, 0, OL_ROUTINE, "before the peer is there");
    pair_settle(p);
    assert_int_equal(p->side[0].outbox_n, 1);
    use_up_numbers(0);
    pair_start(p, 1);
    pair_run(p, 2000);
    assert_int_equal(signing(0), OL_SIGN_STOPPED);
    assert_int_equal(p->side[0].outbox_n, 1);
    assert_int_equal(p->side[0].rows_n[0], 0);
}

static void test_what_comes_when_no_number_is_left_for_its_receipt_is_kept_and_not_receipted(void **state)
{
    (void)state;
    start_both();
    use_up_numbers(0);
    pair_send(p, 1, OL_FLASH, "do you still sign?");
    pair_settle(p);
    assert_int_equal(signing(0), OL_SIGN_STOPPED);
    assert_int_equal(p->side[0].rows_n[1], 1);
    assert_int_equal(p->side[0].rows_n[0], 0);
    assert_int_equal(p->side[1].delivered_up_to, 0);
}

static void test_a_resume_for_which_no_number_is_left_is_not_signed(void **state)
{
    (void)state;
    start_both();
    use_up_numbers(0);
    CHECK_ERR(OL_OK, ol_line_resume(line(0), ol_span("again", 5), p->now));
    pair_settle(p);
    assert_int_equal(signing(0), OL_SIGN_STOPPED);
    assert_int_equal(p->side[0].rows_n[0], 0);
}

static void test_a_reason_that_is_too_long_for_a_resume_changes_nothing(void **state)
{
    char reason[OL_REASON_MAX + 1];

    (void)state;
    start_both();
    memset(reason, 'x', sizeof reason);
    CHECK_ERR(OL_LIMIT, ol_line_resume(line(0), ol_span(reason, sizeof reason), p->now));
    assert_int_equal(signing(0), OL_SIGN_READY);
    CHECK_ERR(OL_OK, ol_line_resume(line(0), ol_span(reason, OL_REASON_MAX), p->now));
    pair_run(p, 2000);
    assert_int_equal(p->side[1].rows_n[0], 1);
    assert_true(pair_agree(p));
}

static void test_after_the_store_has_failed_nothing_comes_out_and_nothing_is_taken(void **state)
{
    struct ol_out out;

    (void)state;
    start_both();
    p->side[0].hold_commits = true;
    pair_send(p, 0, OL_FLASH, "to a disk that is gone");
    pair_settle(p);
    assert_non_null(p->side[0].held);
    ol_line_committed(line(0), p->side[0].held->id, OL_STORE, p->now);
    assert_false(ol_line_next(line(0), &out));
    assert_true(ol_line_deadline(line(0)) == OL_NEVER);
    CHECK_ERR(OL_STORE, ol_line_write(line(0), OL_KIND_MESSAGE, 0, ol_span("\x60", 1), 99, p->now));
    pair_run(p, 100000);
    assert_int_equal(p->side[1].rows_n[0], 0);
}

/* One batch is in flight, the one being filled is full: more is as if lost on the way. */
static void test_entries_for_which_a_batch_has_no_room_come_again(void **state)
{
    uint32_t sent = 0;

    (void)state;
    start_both();
    p->side[1].hold_commits = true;
    while (sent < 1200) {
        for (unsigned i = 0; i < 10; i++, sent++)
            pair_send(p, 0, OL_ROUTINE, "one of a run");
        pair_settle(p);
    }
    for (unsigned i = 0; i < 10; i++, sent++)
        pair_send(p, 0, OL_FLASH, "which stands alone");
    pair_run(p, 2000);
    assert_non_null(p->side[1].held);
    assert_int_equal(line(1)->space[line(1)->filling].n, OL_BATCH_ROWS - OL_BATCH_RESERVED);
    p->side[1].hold_commits = false;
    pair_release(p, 1);
    pair_run(p, 20000);
    assert_int_equal(p->side[0].delivered_up_to, sent);
    assert_true(pair_agree(p));
}

/* As many gaps as a sync can tell of, over a path on which message 2 has room for a few of them. */
static void test_a_message_2_tells_as_many_ranges_as_it_has_room_for(void **state)
{
    (void)state;
    start_both();
    for (uint32_t i = 0; i < OL_RANGES; i++)
        CHECK_ERR(OL_OK, ol_stream_keep_early(ol_record_peer(&line(1)->record), &(struct ol_early){.seq = 10 + 2 * i},
                                              OL_FLASH));
    for (unsigned i = 0; i < 2; i++) {
        ol_line_path_set(line(i), 0, true, OL_FRAME_MIN, 16);
        ol_line_drop_session(line(i), p->now);
    }
    ol_line_path_down(line(0), 0, p->now);
    ol_line_path_up(line(0), 0, p->now);
    pair_run(p, 2000);
    assert_true(line(0)->cur.live && line(0)->cur.initiator);
    assert_int_equal(line(0)->count.malformed, 0);
}

/* From here on A's frames have these counters, and B has confirmed all but the last `open` of them. */
static void count_from(uint64_t counter, uint64_t open)
{
    line(0)->cur.path[0].tx_counter = counter;
    line(0)->cur.path[0].tx_confirmed = counter - open;
    line(1)->cur.path[0].rx_next = counter;
}

static void test_after_2_to_the_20_frames_on_a_path_the_next_key_is_used(void **state)
{
    (void)state;
    start_both();
    count_from((1u << 20) - 1, 0);
    pair_send(p, 0, OL_FLASH, "under the next key");
    pair_settle(p);
    assert_int_equal(line(0)->cur.tx_phase, 1);
    assert_int_equal(line(1)->cur.rx_phase, 1);
    assert_int_equal(p->side[0].delivered_up_to, 1);
}

static void test_a_sender_far_ahead_of_what_was_confirmed_asks(void **state)
{
    (void)state;
    start_both();
    count_from(OL_AHEAD, OL_AHEAD / 2);
    pair_send(p, 0, OL_FLASH, "do you hear all this?");
    pair_settle(p);
    assert_true(line(0)->cur.path[0].tx_counter - line(0)->cur.path[0].tx_confirmed < 10);
}

static void test_a_sender_too_far_ahead_sends_entries_when_it_was_heard(void **state)
{
    (void)state;
    start_both();
    count_from(2 * OL_AHEAD, OL_AHEAD);
    pair_send(p, 0, OL_FLASH, "after your echo");
    pair_settle(p);
    assert_int_equal(p->side[1].rows_n[0], 0);
    pair_run(p, 60000);
    assert_int_equal(p->side[0].delivered_up_to, 1);
}

/* B's first frame is held back; it asks again. */
static bool keep_first_frame_to_a(struct pair *q, const struct pair_frame *f)
{
    struct pair_frame *kept = q->tap_ctx;

    if (f->bytes[0] >> 4 != OL_FRAME || f->to != 0 || kept->len > 0)
        return true;
    *kept = *f;
    return false;
}

/* A sync that asks for an answer, late, under a session that the asker has left. */
static void test_a_question_under_the_session_before_is_not_answered_any_more(void **state)
{
    struct pair_frame kept = {0};

    (void)state;
    start_both();
    pair_kill(p, 1);
    p->tap = keep_first_frame_to_a;
    p->tap_ctx = &kept;
    pair_start(p, 1);
    pair_run(p, 8000);
    p->tap = NULL;
    assert_int_equal(signing(1), OL_SIGN_READY);
    ol_line_drop_session(line(1), p->now);
    ol_line_path_down(line(1), 0, p->now);
    ol_line_path_up(line(1), 0, p->now);
    pair_run(p, 300);
    assert_int_equal(signing(1), OL_SIGN_READY);
    assert_true(line(0)->old.live);
    assert_int_equal(line(0)->old.id, kept.bytes[1] >> 4);
    CHECK_ERR(OL_OK, ol_line_input(line(0), 0, 1, ol_span(kept.bytes, kept.len), p->now));
    assert_false(line(0)->answer_wanted);
    assert_true(line(0)->old.live);
}

/* Nothing has a hash; who names nothing by one means harm, or is mistaken. */
static void test_a_sync_that_names_nothing_by_a_hash_is_asked_for_nothing(void **state)
{
    (void)state;
    start_both();
    pair_send(p, 0, OL_FLASH, "one that stands");
    pair_run(p, 100);
    line(1)->peer_durable.seq = 0;
    pair_run(p, 45000); /* its echoes carry such syncs */
    assert_int_equal(line(0)->record.want[0].from, 0);
    assert_int_equal(signing(0), OL_SIGN_READY);
    assert_int_equal(p->side[0].rows_n[0], 1);
}

/* Only what such a peer key opens is sent; there is nothing. */
static void test_with_a_peer_key_of_small_order_nothing_is_said(void **state)
{
    (void)state;
    memset(&p->side[0].cfg.peer_dh, 0, sizeof p->side[0].cfg.peer_dh);
    pair_start(p, 0);
    pair_start(p, 1);
    p->cut[0] = true; /* B's call reaches nobody */
    pair_run(p, 5000);
    assert_int_equal(line(0)->count.bytes_out, 0);
    assert_true(line(1)->count.bytes_out > 0);
}

/* A station that stood still finds the echo that came meanwhile. */
static void test_a_round_trip_above_ten_minutes_is_taken_for_ten(void **state)
{
    uint32_t before;

    (void)state;
    start_both();
    p->delay_ms = 10;
    while (line(0)->path[0].unanswered == 0)
        pair_run(p, 1);
    pair_run(p, 10); /* the echo is under way */
    before = line(0)->path[0].rtt_ms;
    p->now.ms += 3600000;
    pair_settle(p);
    assert_int_equal(line(0)->path[0].unanswered, 0);
    assert_int_equal(line(0)->path[0].rtt_ms, (7 * before + 600000 + 4) / 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_a_text_for_which_no_number_is_left_waits_and_signing_stops),
        T(test_a_text_of_the_outbox_for_which_no_number_is_left_stays_there),
        T(test_what_comes_when_no_number_is_left_for_its_receipt_is_kept_and_not_receipted),
        T(test_a_resume_for_which_no_number_is_left_is_not_signed),
        T(test_a_reason_that_is_too_long_for_a_resume_changes_nothing),
        T(test_after_the_store_has_failed_nothing_comes_out_and_nothing_is_taken),
        T(test_entries_for_which_a_batch_has_no_room_come_again),
        T(test_a_message_2_tells_as_many_ranges_as_it_has_room_for),
        T(test_after_2_to_the_20_frames_on_a_path_the_next_key_is_used),
        T(test_a_sender_far_ahead_of_what_was_confirmed_asks),
        T(test_a_sender_too_far_ahead_sends_entries_when_it_was_heard),
        T(test_a_question_under_the_session_before_is_not_answered_any_more),
        T(test_a_sync_that_names_nothing_by_a_hash_is_asked_for_nothing),
        T(test_with_a_peer_key_of_small_order_nothing_is_said),
        T(test_a_round_trip_above_ten_minutes_is_taken_for_ten),
    };

    if (ol_crypto_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
