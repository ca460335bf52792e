/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

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

static void start_both(void)
{
    pair_start(p, 0);
    pair_start(p, 1);
    pair_run(p, 2000);
}

static enum ol_signing signing(unsigned side)
{
    return p->side[side].line.signing;
}

static void test_two_stations_come_up_within_two_seconds(void **state)
{
    (void)state;
    start_both();
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(signing(i), OL_SIGN_READY);
        assert_int_equal(ol_line_path_health(&p->side[i].line, 0, p->now), OL_PATH_UP);
    }
}

static void test_a_flash_is_delivered_and_both_records_agree(void **state)
{
    uint64_t token;

    (void)state;
    start_both();
    token = pair_send(p, 0, OL_FLASH, "Radar contact 30 km west of the line");
    pair_settle(p);
    assert_int_equal(p->side[0].token_seq[token], 1);
    assert_int_equal(p->side[0].delivered_up_to, 1);
    assert_int_equal(p->side[1].rows_n[0], 1);
    assert_int_equal(p->side[1].rows_n[1], 1);
    pair_run(p, 10); /* a receipt alone waits a little before it is committed */
    assert_true(pair_agree(p));
}

/* A line that succeeds another says so first, whatever came before it could. */
static void test_the_first_entry_of_a_stream_is_a_text_even_if_a_receipt_is_owed(void **state)
{
    (void)state;
    start_both();
    pair_kill(p, 0);
    pair_send(p, 1, OL_FLASH, "while they are away");
    pair_settle(p);
    pair_start(p, 0);
    pair_send(p, 0, OL_PRIORITY, "this line succeeds another");
    pair_run(p, 5000);
    assert_int_equal(p->side[0].rows_n[0], 2);
    assert_int_equal(p->side[0].rows[0][0].row.h.kind, OL_KIND_MESSAGE);
    assert_int_equal(p->side[0].rows[0][1].row.h.kind, OL_KIND_RECEIPT);
    assert_int_equal(p->side[1].delivered_up_to, 1);
}

/* A commit for it alone would cost a disk sync for which nobody waits. */
static void test_a_receipt_alone_waits_for_company_and_goes_with_the_next_text(void **state)
{
    uint64_t commits;

    (void)state;
    start_both();
    pair_send(p, 0, OL_FLASH, "first");
    pair_settle(p);
    commits = p->side[0].commits;
    assert_int_equal(p->side[0].delivered_up_to, 1);
    assert_int_equal(p->side[0].rows_n[1], 0);
    pair_send(p, 0, OL_FLASH, "second");
    pair_settle(p);
    assert_int_equal(p->side[0].commits, commits + 1);
    assert_int_equal(p->side[0].rows_n[1], 1);
    pair_run(p, 10);
    assert_int_equal(p->side[0].commits, commits + 2);
    assert_true(pair_agree(p));
}

static const char hundred[] = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";

static void test_a_flash_of_100_bytes_and_its_receipt_cost_299_bytes_warm(void **state)
{
    uint64_t before;

    (void)state;
    start_both();
    before = p->sent_bytes;
    pair_send(p, 0, OL_FLASH, hundred);
    pair_settle(p);
    assert_int_equal(p->side[0].delivered_up_to, 1);
    assert_int_equal(p->sent_bytes - before, 299);
}

static uint64_t with_entry_bytes;

/* Longer than any frame of syncs and echoes alone: it carries an entry. */
static bool count_with_entries(struct pair *q, const struct pair_frame *f)
{
    (void)q;
    if (f->len >= 79 + OL_FRAME_OVERHEAD)
        with_entry_bytes += f->len;
    return true;
}

static void test_a_cold_flash_and_its_receipt_cost_393_bytes(void **state)
{
    (void)state;
    for (unsigned both = 0; both < 2; both++) {
        for (unsigned from = 0; from < 2; from++) {
            pair_free(p);
            pair_init(p, 1, 3);
            start_both();
            ol_line_drop_session(&p->side[from].line, p->now);
            if (both)
                ol_line_drop_session(&p->side[1 - from].line, p->now);
            with_entry_bytes = 0;
            p->delay_ms = 1;
            p->tap = count_with_entries;
            pair_send(p, from, OL_FLASH, hundred);
            pair_run(p, 1500);
            assert_int_equal(p->side[from].delivered_up_to, 1);
            assert_int_equal(with_entry_bytes, 393);
        }
    }
}

static void test_nothing_is_sent_before_it_is_durable(void **state)
{
    uint64_t before;

    (void)state;
    start_both();
    p->side[0].hold_commits = true;
    before = p->sent_frames;
    pair_send(p, 0, OL_FLASH, "held");
    pair_settle(p);
    assert_int_equal(p->side[0].line.own_durable, 0);
    assert_int_equal(p->sent_frames, before);
    pair_release(p, 0);
    p->side[1].hold_commits = true;
    pair_settle(p);
    assert_int_equal(p->sent_frames, before + 1);
    assert_int_equal(p->side[0].delivered_up_to, 0);
    pair_release(p, 1);
    p->side[0].hold_commits = p->side[1].hold_commits = false;
    pair_settle(p);
    assert_int_equal(p->side[0].delivered_up_to, 1);
}

static void test_a_sync_claims_nothing_that_is_not_durable(void **state)
{
    (void)state;
    start_both();
    p->side[1].hold_commits = true;
    pair_send(p, 0, OL_FLASH, "held on the other side");
    pair_run(p, 3000); /* A asks what became of it; B answers, with a sync */
    assert_true(p->side[0].line.probes > 0);
    assert_int_equal(p->side[0].line.held, 0);
    assert_int_equal(p->side[0].delivered_up_to, 0);
    pair_release(p, 1);
    p->side[1].hold_commits = false;
    pair_run(p, 1000);
    assert_int_equal(p->side[0].delivered_up_to, 1);
}

static void test_routine_texts_committed_together_share_one_seal(void **state)
{
    unsigned seals = 0;

    (void)state;
    start_both();
    p->side[0].hold_commits = true;
    for (unsigned i = 0; i < 101; i++) {
        char text[32];

        snprintf(text, sizeof text, "routine %u", i);
        pair_send(p, 0, OL_ROUTINE, text);
        pair_settle(p);
    }
    while (p->side[0].held != NULL) {
        pair_release(p, 0);
        pair_settle(p);
    }
    p->side[0].hold_commits = false;
    pair_settle(p);
    for (size_t i = 0; i < p->side[0].rows_n[0]; i++)
        seals += p->side[0].rows[0][i].row.sealed;
    assert_int_equal(p->side[0].rows_n[0], 101);
    assert_int_equal(seals, 2);
    assert_int_equal(p->side[0].delivered_up_to, 101);
    pair_run(p, 10);
    assert_true(pair_agree(p));
}

static void test_a_cut_path_delays_and_loses_nothing(void **state)
{
    (void)state;
    start_both();
    p->cut[0] = true;
    pair_send(p, 0, OL_FLASH, "while cut");
    pair_send(p, 1, OL_ROUTINE, "the other way");
    pair_run(p, 30000);
    assert_int_equal(p->side[0].delivered_up_to, 0);
    p->cut[0] = false;
    pair_run(p, 30000);
    assert_true(p->side[0].delivered_up_to >= 1);
    assert_true(p->side[1].delivered_up_to >= 1);
    assert_true(pair_agree(p));
}

static void test_a_text_before_the_peer_has_spoken_waits_unsigned_and_survives_a_kill(void **state)
{
    uint64_t token;

    (void)state;
    pair_start(p, 0);
    token = pair_send(p, 0, OL_FLASH, "nobody there yet");
    pair_settle(p);
    assert_int_equal(p->side[0].outbox_n, 1);
    assert_int_equal(p->side[0].rows_n[0], 0);
    pair_kill(p, 0);
    pair_start(p, 0);
    pair_start(p, 1);
    pair_run(p, 3000);
    assert_int_equal(p->side[0].outbox_n, 0);
    assert_int_equal(p->side[0].token_seq[token], 1);
    assert_int_equal(p->side[0].delivered_up_to, 1);
}

static void test_a_station_that_lost_its_last_entries_takes_them_back_before_it_signs(void **state)
{
    (void)state;
    start_both();
    for (unsigned i = 0; i < 10; i++) {
        pair_send(p, 0, OL_ROUTINE, "to be lost");
        pair_settle(p);
    }
    assert_int_equal(p->side[0].delivered_up_to, 10);
    pair_run(p, 60000);
    pair_kill(p, 0);
    pair_forget(p, 0, 0, 4); /* as an untold old backup would */
    pair_start(p, 0);
    pair_send(p, 0, OL_FLASH, "new");
    pair_run(p, 5000);
    assert_int_equal(signing(0), OL_SIGN_READY);
    assert_int_equal(p->side[0].line.own_durable, 11);
    assert_int_equal(p->side[0].delivered_up_to, 11);
    assert_true(pair_agree(p));
}

/* Its receipt of the other side's FLASH was lost too, and is still owed: it must not be signed again under a number that
 * the other side still holds. */
static void test_a_station_receipts_nothing_while_it_takes_back_what_it_had_lost(void **state)
{
    char text[1001];

    (void)state;
    memset(text, 'x', 1000);
    text[1000] = 0;
    start_both();
    for (unsigned i = 0; i < 10; i++) {
        pair_send(p, 0, OL_ROUTINE, text);
        pair_settle(p);
    }
    pair_send(p, 1, OL_FLASH, "whose receipt is lost");
    pair_settle(p);
    assert_int_equal(p->side[0].rows_n[0], 11);
    pair_kill(p, 0);
    pair_forget(p, 0, 0, 4); /* the rest comes back in several frames, and is durable in several batches */
    pair_start(p, 0);
    pair_run(p, 60000);
    assert_int_equal(signing(0), OL_SIGN_READY);
    assert_int_equal(p->side[1].evidence_n, 0);
    assert_true(pair_agree(p));
}

/* A is down, and its store is an old backup. */
static void lose_six_of_ten_which_are(size_t len)
{
    char text[1200];

    assert_true(len < sizeof text);
    memset(text, 'x', len);
    text[len] = 0;
    start_both();
    for (unsigned i = 0; i < 10; i++) {
        pair_send(p, 0, OL_ROUTINE, i < 9 ? text : "on record");
        pair_settle(p);
    }
    pair_kill(p, 0);
    pair_forget(p, 0, 0, 4);
}

static void lose_six_of_ten(void)
{
    lose_six_of_ten_which_are(9);
}

static void test_a_told_restore_ends_in_a_resume_above_everything(void **state)
{
    (void)state;
    lose_six_of_ten();
    p->side[0].restored = true;
    pair_start(p, 0);
    pair_run(p, 5000);
    assert_false(p->side[0].restored);
    assert_int_equal(signing(0), OL_SIGN_READY);
    assert_true(p->side[0].line.own_durable > 1u << 24);
    assert_int_equal(p->side[1].line.peer_durable.seq, p->side[0].line.own_durable);
    assert_int_equal(p->side[0].rows_n[0], 11);
    assert_true(pair_agree(p));
}

static void test_after_a_resume_without_the_peer_its_lost_entries_come_back_and_both_records_are_equal(void **state)
{
    (void)state;
    start_both();
    for (unsigned i = 0; i < 10; i++) {
        pair_send(p, 0, i % 3 ? OL_ROUTINE : OL_FLASH, "on record");
        pair_settle(p);
    }
    pair_kill(p, 0);
    pair_kill(p, 1);
    pair_forget(p, 0, 0, 4);
    pair_start(p, 0);
    assert_int_equal(ol_line_resume(&p->side[0].line, ol_span("disk lost", 9), p->now), OL_OK);
    pair_send(p, 0, OL_FLASH, "we are back");
    pair_run(p, 1000);
    assert_int_equal(p->side[0].rows_n[0], 6);
    pair_start(p, 1);
    pair_run(p, 30000);
    assert_int_equal(p->side[0].rows_n[0], 12);
    assert_true(pair_agree(p));
    assert_int_equal(p->side[1].line.peer_durable.seq, p->side[0].line.own_durable);
    pair_kill(p, 0);
    pair_start(p, 0);
    pair_send(p, 0, OL_FLASH, "and again");
    pair_run(p, 5000);
    assert_true(pair_agree(p));
    assert_int_equal(p->side[0].rows_n[0], 13);
}

/* A station whose home was copied, or rolled back, and which was made to believe that it may sign. */
static void make_a_sign_a_number_twice(void)
{
    start_both();
    for (unsigned i = 0; i < 5; i++) {
        pair_send(p, 0, OL_FLASH, "the first life");
        pair_settle(p);
    }
    pair_kill(p, 0);
    pair_forget(p, 0, 0, 4);
    pair_start(p, 0);
    p->side[0].line.answered = true;
    p->side[0].line.signing = OL_SIGN_READY;
    pair_send(p, 0, OL_FLASH, "the second life");
    pair_run(p, 5000);
}

static unsigned long_frames;

static bool lose_the_first_long_frame_to_a(struct pair *q, const struct pair_frame *f)
{
    (void)q;
    return f->to != 0 || f->len < 300 || long_frames++ > 0;
}

static void test_while_a_resume_is_with_the_disk_nothing_of_its_branch_is_given(void **state)
{
    struct ol_line *l = &p->side[0].line;

    (void)state;
    lose_six_of_ten();
    p->cut[0] = true;
    pair_start(p, 0);
    pair_run(p, 60000);
    p->side[0].hold_commits = true;
    assert_int_equal(ol_line_resume(l, ol_span("disk lost", 9), p->now), OL_OK);
    pair_settle(p);
    p->cut[0] = false;
    pair_run(p, 60000);
    assert_int_equal(1, ol_record_own(&l->record)->absent_n);
    assert_true(l->own_durable < ol_record_own(&l->record)->absent[0].from);
    p->side[0].hold_commits = false;
    pair_release(p, 0);
    pair_run(p, 60000);
    assert_true(pair_agree(p));
}

static void test_what_the_peer_gives_back_is_asked_for_again_when_a_frame_of_it_is_lost(void **state)
{
    (void)state;
    lose_six_of_ten();
    pair_start(p, 0);
    assert_int_equal(ol_line_resume(&p->side[0].line, ol_span("disk lost", 9), p->now), OL_OK);
    pair_send(p, 0, OL_FLASH, "we are back");
    long_frames = 0;
    p->tap = lose_the_first_long_frame_to_a;
    pair_run(p, 30000);
    assert_true(long_frames > 1);
    assert_true(pair_agree(p));
}

static void test_what_a_relay_kept_away_with_all_that_is_long_is_asked_for_again_within_the_hour(void **state)
{
    (void)state;
    lose_six_of_ten_which_are(1000); /* but the last: in their frames the word that there was no more has no room */
    p->drop_over = 300;
    pair_start(p, 0);
    pair_run(p, 120000);
    p->drop_over = 0;
    pair_run(p, 600000);
    assert_int_equal(signing(0), OL_SIGN_READY);
    assert_int_equal(p->side[0].rows_n[0], 6);
    pair_run(p, 3600000);
    assert_int_equal(p->side[0].rows_n[0], 11);
    assert_true(pair_agree(p));
}

static bool lose_all_to_a(struct pair *q, const struct pair_frame *f)
{
    (void)q;
    return f->to != 0;
}

static struct pair_frame late; /* the first to A with entries in it */

/* A calls, and no more than what the lines say of themselves passes. */
static bool lose_entries_and_calls_of_b(struct pair *q, const struct pair_frame *f)
{
    unsigned type = f->bytes[0] >> 4;

    (void)q;
    if (f->to == 0 && type == OL_FRAME && f->len > 300 && late.len == 0)
        late = *f;
    return type == OL_FRAME ? f->len <= 80 : type == OL_MESSAGE_2 || f->to == 1;
}

/* B's disk loses two entries amid what B had receipted, and the receipts come after B said so. */
static void test_what_the_peer_lost_is_sent_again_though_it_had_been_receipted(void **state)
{
    struct pair_side *b = &p->side[1];
    char text[1151]; /* which no message of a handshake carries */

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    start_both();
    for (unsigned i = 0; i < 5; i++) {
        pair_send(p, 0, OL_ROUTINE, text);
        pair_run(p, 1000); /* its receipt waits for company */
        if (i == 1)
            p->tap = lose_all_to_a;
    }
    assert_int_equal(p->side[0].line.named, 2);
    assert_int_equal(p->side[1].rows_n[0], 5);
    pair_kill(p, 1);
    for (size_t i = 2; i < 4; i++)
        free(b->rows[0][i].body);
    b->rows[0][2] = b->rows[0][4];
    b->rows_n[0] = 3;
    b->restored = true;
    late.len = 0;
    p->tap = lose_entries_and_calls_of_b;
    pair_start(p, 1);
    pair_run(p, 1000);
    assert_int_equal(p->side[0].line.held, 2);
    assert_int_equal(b->rows_n[0], 3);
    assert_true(late.len > 0);
    assert_int_equal(ol_line_input(&p->side[0].line, 0, 1, ol_span(late.bytes, late.len), p->now), OL_OK);
    assert_int_equal(p->side[0].line.named, 5);
    p->tap = NULL;
    pair_run(p, 180000);
    assert_int_equal(b->rows_n[0], p->side[0].rows_n[0]);
    assert_true(pair_agree(p));
}

/* What the peer asked for goes on by a slow path, while it says by a fast one what it holds, which is all of it. */
static void test_a_long_entry_that_was_asked_for_is_not_begun_anew_with_each_sync(void **state)
{
    struct ol_transfer *part = &p->side[0].line.path[0].part;

    (void)state;
    start_both();
    pair_send(p, 0, OL_ROUTINE, "on record");
    pair_settle(p);
    *part = (struct ol_transfer){.author = 'A', .seq = 1, .offset = 1};
    pair_run(p, 180000);
    assert_int_equal(part->seq, 1);
    assert_int_equal(part->offset, 1);
    pair_send(p, 0, OL_ROUTINE, "after it");
    pair_settle(p);
    assert_int_equal(part->seq, 0);
}

static void test_a_second_entry_under_one_number_is_kept_as_evidence_and_freezes_the_stream(void **state)
{
    size_t receipts;

    (void)state;
    make_a_sign_a_number_twice();
    assert_int_equal(p->side[1].evidence_n, 1);
    assert_true(p->side[1].line.record.stream[0].frozen);
    assert_int_equal(p->side[1].rows_n[0], 5);
    receipts = p->side[1].rows_n[1];
    pair_kill(p, 1);
    pair_start(p, 1);
    pair_run(p, 5000);
    assert_true(p->side[1].line.record.stream[0].frozen);
    assert_int_equal(p->side[1].rows_n[1], receipts);
}

static void test_a_station_that_meets_its_own_seal_on_what_it_did_not_write_stops_signing(void **state)
{
    (void)state;
    make_a_sign_a_number_twice();
    pair_run(p, 60000);
    assert_int_equal(signing(0), OL_SIGN_STOPPED);
    assert_int_equal(ol_line_write(&p->side[0].line, OL_KIND_MESSAGE, 0, ol_span("\x61x", 2), 99, p->now), OL_UNEXPECTED);
}

static void test_after_an_equivocation_an_accepted_resume_mends_the_line(void **state)
{
    (void)state;
    make_a_sign_a_number_twice();
    pair_run(p, 60000);
    assert_int_equal(ol_line_resume(&p->side[0].line, ol_span("the copy is destroyed", 21), p->now), OL_OK);
    pair_run(p, 5000);
    assert_true(p->side[1].line.peer_durable.seq < 1u << 24);
    assert_int_equal(ol_line_unfreeze(&p->side[1].line, p->now), OL_OK);
    pair_run(p, 5000);
    assert_true(p->side[1].line.peer_durable.seq > 1u << 24);
    pair_send(p, 0, OL_FLASH, "one life again");
    pair_run(p, 5000);
    assert_int_equal(p->side[0].line.named, p->side[0].line.own_durable);
}

/* A's home was copied when it held four. The life that runs wrote `own` more, which nobody has seen; B holds `theirs` of the
 * other's, a run of which the last alone is sealed. */
static void start_a_life_beside_another(size_t own, size_t theirs)
{
    struct pair_side *a = &p->side[0];
    struct pair_row of_this_life[4];

    assert_true(own <= sizeof of_this_life / sizeof of_this_life[0]);
    start_both();
    for (unsigned i = 0; i < 4; i++)
        pair_send(p, 0, OL_ROUTINE, "of both");
    pair_settle(p);
    p->cut[0] = true;
    for (size_t i = 0; i < own; i++) {
        pair_send(p, 0, OL_ROUTINE, "of this life");
        pair_settle(p);
    }
    pair_kill(p, 0);
    memcpy(of_this_life, a->rows[0] + 4, own * sizeof of_this_life[0]);
    a->rows_n[0] = 4;
    p->cut[0] = false;
    pair_start(p, 0);
    a->hold_commits = true;
    for (size_t i = 0; i < theirs; i++)
        pair_send(p, 0, OL_ROUTINE, "of the other");
    a->hold_commits = false;
    pair_run(p, 5000);
    pair_kill(p, 0);
    pair_forget(p, 0, 0, 4);
    memcpy(a->rows[0] + 4, of_this_life, own * sizeof of_this_life[0]);
    a->rows_n[0] = 4 + own;
    assert_int_equal(p->side[1].line.peer_durable.seq, 4 + theirs);
    pair_start(p, 0);
    pair_run(p, 60000);
}

/* The one that runs has stopped. It is told to go on, and must come to where the other side sees two histories. */
static void go_on_as_the_only_life(void)
{
    assert_int_equal(signing(0), OL_SIGN_STOPPED);
    assert_int_equal(p->side[0].evidence_n, 1);
    assert_int_equal(p->side[1].evidence_n, 0);
    assert_int_equal(ol_line_resume(&p->side[0].line, ol_span("the copy is destroyed", 21), p->now), OL_OK);
    pair_run(p, 180000);
    assert_int_equal(signing(0), OL_SIGN_READY);
    assert_int_equal(p->side[1].evidence_n, 1);
    assert_true(p->side[1].line.record.stream[0].frozen);
}

static void unfreeze_and_talk(void)
{
    assert_int_equal(ol_line_unfreeze(&p->side[1].line, p->now), OL_OK);
    pair_run(p, 5000);
    assert_true(p->side[1].line.peer_durable.seq > 1u << 24);
    pair_send(p, 0, OL_ROUTINE, "one life again");
    pair_run(p, 5000);
    assert_int_equal(p->side[0].line.named, p->side[0].line.own_durable);
}

static void test_a_life_whose_other_one_wrote_more_stops_and_the_peer_is_given_the_proof_when_it_goes_on(void **state)
{
    (void)state;
    start_a_life_beside_another(1, 3); /* 6 is not sealed, and 7 says that another 5 stands before it */
    go_on_as_the_only_life();
    unfreeze_and_talk();
}

static void test_a_life_whose_other_one_wrote_less_stops_and_the_peer_is_given_the_proof_when_it_goes_on(void **state)
{
    (void)state;
    start_a_life_beside_another(4, 2);
    go_on_as_the_only_life();
}

static void test_what_differs_from_the_first_entry_on_is_given_from_there(void **state)
{
    struct pair_row other;

    (void)state;
    start_both();
    p->cut[0] = true;
    pair_send(p, 0, OL_ROUTINE, "of the other");
    pair_settle(p);
    pair_kill(p, 0);
    other = p->side[0].rows[0][0];
    p->side[0].rows_n[0] = 0;
    pair_start(p, 0);
    p->cut[0] = false;
    pair_send(p, 0, OL_ROUTINE, "of this life");
    pair_run(p, 5000);
    pair_kill(p, 0);
    pair_forget(p, 0, 0, 0);
    p->side[0].rows[0][0] = other;
    p->side[0].rows_n[0] = 1;
    pair_start(p, 0);
    pair_run(p, 60000);
    go_on_as_the_only_life();
    unfreeze_and_talk();
}

/* The other side may be one that cannot call: of what comes in it knows no path before something authentic has. */
static void test_whoever_calls_ever_more_patiently_calls_at_once_when_a_path_comes_back(void **state)
{
    struct ol_line *b = &p->side[1].line;

    (void)state;
    start_both();
    pair_send(p, 1, OL_ROUTINE, "a session");
    pair_run(p, 5000);
    ol_line_path_down(&p->side[0].line, 0, p->now);
    ol_line_drop_session(&p->side[0].line, p->now);
    p->cut[0] = true;
    pair_run(p, 3600000);
    assert_true(b->cur.live && b->calling.active && b->calling.tries > 5);
    assert_true(b->calling.retry_at > p->now.ms + 2000);
    p->cut[0] = false;
    ol_line_path_down(b, 0, p->now);
    ol_line_path_up(b, 0, p->now);
    pair_run(p, 2000);
    assert_true(p->side[0].line.cur.live);
    assert_false(b->calling.active);
}

static void test_a_call_that_waits_for_room_is_not_sent_when_another_is_to_be_made(void **state)
{
    struct ol_line *b = &p->side[1].line;
    struct ol_out out;

    (void)state;
    start_both();
    ol_line_path_down(&p->side[0].line, 0, p->now);
    ol_line_drop_session(b, p->now);
    b->path[0].outstanding = b->path[0].window;
    ol_line_path_up(b, 0, p->now); /* one more connection */
    pair_run(p, 2000);
    assert_true(b->calling.active && b->calling.due != 0);
    ol_line_path_up(b, 0, p->now);
    b->path[0].outstanding = 0;
    assert_false(ol_line_next(b, &out) && out.kind == OL_OUT_SEND);
    ol_line_tick(b, p->now);
    assert_true(ol_line_next(b, &out) && out.kind == OL_OUT_SEND);
    assert_int_equal(b->calling.tries, 1);
}

static void test_a_session_that_is_dropped_while_an_ask_waits_for_room_is_followed_by_another(void **state)
{
    (void)state;
    start_both();
    ol_line_path_down(&p->side[0].line, 0, p->now); /* it cannot call */
    p->side[1].line.path[0].ask_due = true;
    ol_line_drop_session(&p->side[1].line, p->now);
    pair_run(p, 130000);
    assert_true(p->side[1].line.cur.live);
}

static unsigned pieces;

/* B lacks number 2 for ever, as it does what names an entry that it has lost. */
static bool lack_the_second_for_ever(struct pair *q, const struct pair_frame *f)
{
    struct ol_line *a = &q->side[0].line;

    if (f->to == 0)
        return false;
    pieces += f->len > 1000;
    a->held = 0;
    a->fix = (struct ol_ranges){.n = 1, .r = {{2, 2}}};
    return true;
}

/* Its first piece went by this path, and meanwhile the turn was had by another. */
static void test_a_long_entry_that_was_asked_for_goes_on_beside_what_the_peer_lacks_again_and_again(void **state)
{
    struct ol_line *a = &p->side[0].line;
    char text[15000];

    (void)state;
    start_both();
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    pair_send(p, 0, OL_ROUTINE, text);
    pair_send(p, 0, OL_ROUTINE, "what it lacks");
    pair_run(p, 1000);
    pieces = 0;
    p->tap = lack_the_second_for_ever;
    p->delay_ms = 10;
    a->give[0] = (struct ol_want){.stream = 'A', .range = {1, 1}};
    a->give_from[0] = 1;
    a->give_none[0] = true;
    a->path[0].part = (struct ol_transfer){.author = 'A', .seq = 1};
    a->give_first = false;
    a->held = 0;
    a->fix = (struct ol_ranges){.n = 1, .r = {{2, 2}}};
    a->sync_due = true;
    pair_run(p, 1000);
    assert_true(pieces >= 12);
    assert_false(a->give_none[0]);
}

static void test_what_waits_for_the_peers_officers_is_not_sent_to_it_all_the_time(void **state)
{
    uint64_t before;

    (void)state;
    start_a_life_beside_another(1, 3);
    go_on_as_the_only_life();
    for (unsigned i = 0; i < 200; i++) {
        pair_send(p, 0, OL_ROUTINE, "while they are asked");
        pair_settle(p);
    }
    pair_run(p, 3600000);
    before = p->sent_bytes;
    pair_run(p, 3600000);
    assert_true(p->sent_bytes - before < 200000); /* all of it is some 50,000 bytes, and a quiet hour as much */
    unfreeze_and_talk();
}

/* On the other its answer may be under way. */
static void test_a_path_that_comes_and_goes_leaves_a_call_on_another_as_it_is(void **state)
{
    struct ol_line *b = &p->side[1].line;
    unsigned tries;
    uint8_t session;
    size_t len;

    (void)state;
    pair_free(p);
    pair_init(p, 2, 9);
    start_both();
    ol_line_path_reset(&p->side[0].line, p->now);
    ol_line_drop_session(&p->side[0].line, p->now);
    p->cut[0] = p->cut[1] = true;
    pair_run(p, 600000);
    assert_true(b->calling.active && b->calling.tries > 2);
    tries = b->calling.tries;
    session = b->calling.session;
    for (unsigned i = 0; i < 10; i++) {
        ol_line_path_down(b, 1, p->now);
        ol_line_path_up(b, 1, p->now);
        assert_int_equal(b->calling.due, 2);
        pair_settle(p);
    }
    assert_int_equal(b->calling.tries, tries);
    assert_int_equal(b->calling.session, session);
    len = b->calling.len;
    b->calling.len = b->path[1].mtu - OL_HANDSHAKE_HEAD + 1u;
    ol_line_path_up(b, 1, p->now);
    assert_int_equal(b->calling.due, 0); /* it does not fit there */
    b->calling.len = len;
    p->cut[1] = false;
    ol_line_path_down(b, 1, p->now);
    ol_line_path_up(b, 1, p->now);
    pair_run(p, 1000);
    assert_true(p->side[0].line.cur.live);
    assert_false(b->calling.active);
}

/* As when its receipt came back first, and could not be believed yet. */
static void test_what_was_receipted_before_it_was_back_counts_as_receipted(void **state)
{
    struct ol_line *a = &p->side[0].line;

    (void)state;
    start_both();
    pair_send(p, 0, OL_FLASH, "on record, receipted, lost and back");
    pair_settle(p);
    assert_int_equal(a->record.named.up_to, 1);
    p->cut[0] = true;
    a->signing = OL_SIGN_RECOVERING;
    a->need = 1;
    a->record.named.up_to = 0;
    pair_send(p, 0, OL_FLASH, "what is waited for is durable with this");
    pair_settle(p);
    assert_int_equal(signing(0), OL_SIGN_READY);
    assert_int_equal(a->record.named.up_to, 1);
}

static void test_both_sides_rolled_back_in_turn_agree_on_what_either_still_has(void **state)
{
    (void)state;
    for (unsigned told = 0; told < 2; told++) {
        pair_free(p);
        pair_init(p, 1, 30 + told);
        start_both();
        pair_send(p, 1, OL_FLASH, "both have it");
        pair_run(p, 1000);
        for (unsigned i = 0; i < 4; i++) {
            pair_send(p, i % 2, i < 2 ? OL_ROUTINE : OL_FLASH, "one of several");
            pair_run(p, 1000);
        }
        pair_kill(p, 0);
        pair_forget(p, 0, 0, 1);
        pair_forget(p, 0, 1, 1);
        p->side[0].restored = told;
        pair_start(p, 0);
        pair_run(p, 5000);
        pair_send(p, 0, OL_ROUTINE, "after the first");
        pair_run(p, 1000);
        pair_kill(p, 1);
        pair_forget(p, 1, 0, 1);
        pair_forget(p, 1, 1, 1);
        p->side[1].restored = told;
        pair_start(p, 1);
        pair_run(p, 5000);
        pair_send(p, 1, OL_ROUTINE, "after the second");
        pair_send(p, 0, OL_ROUTINE, "and on");
        pair_run(p, 60000);
        assert_true(pair_agree(p));
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(p->side[i].line.peer_durable.seq, p->side[1 - i].line.own_durable);
            assert_int_equal(p->side[i].line.own_durable > 1u << 24, told);
        }
    }
}

static void test_a_long_text_goes_in_parts(void **state)
{
    char *text = malloc(32001);

    (void)state;
    memset(text, 'x', 32000);
    text[32000] = 0;
    start_both();
    pair_send(p, 0, OL_ROUTINE, text);
    pair_run(p, 1000);
    assert_int_equal(p->side[0].delivered_up_to, 1);
    assert_int_equal(p->side[1].rows[0][0].row.body.len, 32003);
    free(text);
}

static void test_a_lossy_doubling_corrupting_network_loses_nothing(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        unsigned sent[2] = {0, 0};

        pair_free(p);
        pair_init(p, 1 + seed % 3, seed);
        p->drop_percent = 20;
        p->flip_percent = 5;
        p->double_percent = 10;
        p->delay_ms = 30;
        start_both();
        pair_run(p, 60000);
        for (unsigned i = 0; i < 60; i++) {
            unsigned side = pair_random(p) % 2;

            pair_send(p, side, (enum ol_precedence)(pair_random(p) % 4), "some text that matters");
            sent[side]++;
            pair_run(p, pair_random(p) % 300);
        }
        pair_run(p, 120000);
        p->drop_percent = p->flip_percent = 0;
        pair_run(p, 120000);
        if (!pair_agree(p))
            print_message("seed %u\n", seed);
        assert_true(pair_agree(p));
        for (unsigned i = 0; i < 2; i++) {
            unsigned messages = 0;

            for (size_t n = 0; n < p->side[1 - i].rows_n[i]; n++)
                messages += p->side[1 - i].rows[i][n].row.h.kind == OL_KIND_MESSAGE;
            assert_int_equal(messages, sent[i]);
        }
    }
}

static void test_kills_at_any_moment_lose_nothing_that_was_accepted(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        unsigned sent[2] = {0, 0};

        pair_free(p);
        pair_init(p, 1, 1000 + seed);
        p->delay_ms = 20;
        start_both();
        for (unsigned i = 0; i < 60; i++) {
            unsigned side = pair_random(p) % 2;

            pair_send(p, side, (enum ol_precedence)(pair_random(p) % 4), "must arrive");
            pair_settle(p);
            sent[side]++;
            pair_run(p, pair_random(p) % 60);
            if (pair_random(p) % 3 == 0) {
                side = pair_random(p) % 2;
                pair_kill(p, side);
                pair_start(p, side);
            }
        }
        pair_run(p, 60000);
        if (!pair_agree(p))
            print_message("seed %u\n", seed);
        assert_true(pair_agree(p));
        for (unsigned i = 0; i < 2; i++) {
            unsigned messages = 0;

            for (size_t n = 0; n < p->side[1 - i].rows_n[i]; n++)
                messages += p->side[1 - i].rows[i][n].row.h.kind == OL_KIND_MESSAGE;
            assert_int_equal(messages, sent[i]);
            assert_int_equal(signing(i), OL_SIGN_READY);
        }
    }
}

static void test_no_room_keeps_the_batch_and_recovers(void **state)
{
    (void)state;
    start_both();
    p->side[0].no_room = true;
    pair_send(p, 0, OL_FLASH, "disk full");
    pair_settle(p);
    assert_int_equal(p->side[0].rows_n[0], 0);
    assert_int_equal(ol_line_write(&p->side[0].line, OL_KIND_MESSAGE, 0, ol_span("\x61x", 2), 99, p->now), OL_NO_ROOM);
    pair_run(p, 5000);
    p->side[0].no_room = false;
    pair_run(p, 5000);
    assert_int_equal(p->side[0].rows_n[0], 1);
    assert_int_equal(p->side[0].delivered_up_to, 1);
}

static void test_an_idle_line_after_a_recovery_says_no_more_than_its_echoes(void **state)
{
    uint64_t before;

    (void)state;
    start_both();
    for (unsigned i = 0; i < 10; i++) {
        pair_send(p, 0, OL_ROUTINE, "to be lost");
        pair_settle(p);
    }
    pair_kill(p, 0);
    pair_forget(p, 0, 0, 4);
    p->side[0].restored = true;
    pair_start(p, 0);
    pair_run(p, 60000);
    before = p->sent_frames;
    pair_run(p, 60000);
    assert_in_range(p->sent_frames - before, 1, 16);
}

static void test_a_session_forms_over_any_round_trip_up_to_24_seconds(void **state)
{
    static const unsigned one_way_ms[] = {500, 1500, 3000, 6000, 12000};

    (void)state;
    for (size_t i = 0; i < sizeof one_way_ms / sizeof one_way_ms[0]; i++) {
        pair_free(p);
        pair_init(p, 1, 7 + i);
        p->delay_ms = one_way_ms[i];
        pair_start(p, 0);
        pair_start(p, 1);
        pair_run(p, 300000);
        pair_send(p, 0, OL_FLASH, "far away");
        pair_run(p, 120000);
        assert_int_equal(p->side[0].delivered_up_to, 1);
    }
}

static struct ol_line_status status_of(unsigned side)
{
    struct ol_line_status st;

    ol_line_status(&p->side[side].line, p->now, &st);
    return st;
}

static void test_echoes_say_of_their_sender_whether_its_desk_is_attended_for_three_intervals(void **state)
{
    (void)state;
    start_both();
    assert_int_equal(status_of(1).said.desk, 0);
    for (uint8_t desk = 2; desk <= 2; desk--) {
        uint64_t before = p->sent_bytes;

        ol_line_say(&p->side[0].line, desk, desk == 1);
        assert_int_equal(p->sent_bytes, before);
        pair_run(p, 21000);
        assert_int_equal(status_of(1).said.desk, desk);
        assert_int_equal(status_of(1).said.off_record, desk == 1);
        assert_int_equal(status_of(0).said.desk, 0);
    }
    ol_line_say(&p->side[0].line, 1, true);
    pair_run(p, 21000);
    p->cut[0] = true;
    pair_run(p, 40000);
    assert_int_equal(status_of(1).said.desk, 1);
    pair_run(p, 21000);
    assert_int_equal(status_of(1).said.desk, 0);
    assert_int_equal(status_of(1).said.time, 0);
}

/* Keeps the last frame that A sends, and lets it go no further. */
static bool keep_from_a(struct pair *pair, const struct pair_frame *f)
{
    if (f->to == 1)
        *(struct pair_frame *)pair->tap_ctx = *f;
    return f->to != 1;
}

static void test_an_echo_that_was_held_back_says_nothing_of_now_but_a_clock_may_be_set_back(void **state)
{
    struct pair_frame held = {0};

    (void)state;
    start_both();
    ol_line_say(&p->side[0].line, 1, false);
    p->tap_ctx = &held;
    p->tap = keep_from_a;
    pair_run(p, 19500); /* A has asked, and nobody else has */
    p->tap = NULL;
    ol_line_say(&p->side[0].line, 2, false);
    pair_run(p, 21000);
    assert_int_equal(status_of(1).said.desk, 2);
    assert_int_equal(ol_line_input(&p->side[1].line, 0, 1, ol_span(held.bytes, held.len), p->now), OL_OK);
    assert_int_equal(status_of(1).said.desk, 2);
    ol_line_say(&p->side[0].line, 1, false);
    p->utc_ahead[0] -= 3600;
    pair_run(p, 39000);
    assert_int_equal(status_of(1).said.desk, 2);
    pair_run(p, 44000);
    assert_int_equal(status_of(1).said.desk, 1);
}

static void test_a_path_that_carries_only_echoes_is_not_up(void **state)
{
    (void)state;
    start_both();
    p->drop_over = 80; /* echoes with their sync pass, entries do not */
    pair_send(p, 0, OL_FLASH, "this text makes the frame longer than an echo with its sync is, and so does its seal");
    pair_run(p, 59000);
    assert_int_equal(ol_line_path_health(&p->side[0].line, 0, p->now), OL_PATH_UP);
    pair_run(p, 3000);
    assert_int_equal(ol_line_path_health(&p->side[0].line, 0, p->now), OL_PATH_DOWN);
    p->drop_over = 0;
    pair_run(p, 70000);
    assert_int_equal(ol_line_path_health(&p->side[0].line, 0, p->now), OL_PATH_UP);
    assert_int_equal(p->side[0].delivered_up_to, 1);
}

static void test_a_carrier_that_takes_no_frame_is_not_used(void **state)
{
    (void)state;
    start_both();
    for (uint16_t mtu = 0; mtu < OL_FRAME_MIN; mtu++) {
        ol_line_path_set(&p->side[0].line, 0, true, mtu, 16);
        assert_false(p->side[0].line.path[0].configured);
    }
    pair_send(p, 0, OL_FLASH, "waits");
    pair_run(p, 1000);
    assert_int_equal(p->side[0].delivered_up_to, 0);
    ol_line_path_set(&p->side[0].line, 0, true, OL_FRAME_MIN, 16);
    pair_run(p, 60000);
    assert_int_equal(p->side[0].delivered_up_to, 1);
}

/* The peer started again on a connection that it may not send on before something was proven. */
static void test_a_new_connection_on_which_the_old_session_is_not_answered_is_called_on_within_a_second(void **state)
{
    (void)state;
    start_both();
    pair_kill(p, 1);
    pair_start(p, 1);
    ol_line_path_reset(&p->side[1].line, p->now);
    p->side[1].line.calling.active = false;
    pair_run(p, 900);
    assert_true(p->side[1].line.cur.live);
    assert_int_equal(signing(1), OL_SIGN_READY);
}

static bool keep_for_later(struct pair *q, const struct pair_frame *f)
{
    struct pair_frame *kept = q->tap_ctx;

    if (f->to == 1)
        *kept = *f;
    return false;
}

/* ---- Precedence, early entries, several paths ---- */

static const struct ol_row *row_of(unsigned side, uint8_t author, uint32_t seq)
{
    const struct pair_row *r = pair_find(&p->side[side], author, seq);

    return r != NULL ? &r->row : NULL;
}

static bool drop_unsealed(struct pair *q, const struct pair_frame *f)
{
    (void)q;
    return f->to != 1 || f->len > 200 || f->len < 100;
}

static void test_a_flash_after_a_lost_routine_is_shown_at_once_marked_early_and_receipted_alone(void **state)
{
    const struct ol_row *receipt;

    (void)state;
    start_both();
    p->tap = drop_unsealed; /* the ROUTINE's frame is shorter than that of a FLASH with prev */
    pair_send(p, 0, OL_ROUTINE, "lost on the way");
    pair_settle(p);
    assert_null(row_of(1, 'A', 1));
    pair_send(p, 0, OL_FLASH,
              "a FLASH of which the words are so many that its frame is longer than that of the other, which was lost before");
    pair_settle(p);
    assert_non_null(row_of(1, 'A', 2));
    assert_true(row_of(1, 'A', 2)->marks & OL_ROW_EARLY);
    receipt = row_of(1, 'B', 1);
    assert_non_null(receipt);
    assert_true(receipt->h.flags & OL_FLAG_ALONE);
    assert_int_equal(receipt->h.xseq, 2);
    assert_int_equal(p->side[0].delivered_alone_n, 1);
    assert_int_equal(p->side[0].delivered_up_to, 0);
    p->tap = NULL;
    pair_run(p, 5000);
    assert_non_null(row_of(1, 'A', 1));
    assert_int_equal(p->side[1].line.peer_durable.seq, 2);
    assert_int_equal(p->side[0].delivered_up_to, 2);
    assert_true(pair_agree(p));
}

static unsigned flash_position;
static unsigned entry_frames;

static bool watch_for_flash(struct pair *q, const struct pair_frame *f)
{
    (void)q;
    if (f->to == 1 && f->len > 100)
        entry_frames++;
    return true;
}

static void test_a_flash_overtakes_a_backlog_of_routine_traffic(void **state)
{
    char *text = malloc(30001);

    (void)state;
    memset(text, 'r', 30000);
    text[30000] = 0;
    start_both();
    p->hold_credit = true; /* a carrier that takes one window and no more */
    p->tap = watch_for_flash;
    for (unsigned i = 0; i < 5; i++)
        pair_send(p, 0, OL_ROUTINE, text);
    pair_settle(p);
    entry_frames = 0;
    pair_send(p, 0, OL_FLASH, "first of all");
    ol_line_credit(&p->side[0].line, 0, 1, p->now);
    pair_settle(p);
    flash_position = entry_frames;
    assert_int_equal(flash_position, 1);
    assert_non_null(row_of(1, 'A', 6));
    assert_int_equal(p->side[0].delivered_alone_n, 1);
    p->hold_credit = false;
    ol_line_credit(&p->side[0].line, 0, 16, p->now);
    pair_run(p, 10000);
    assert_int_equal(p->side[0].delivered_up_to, 6);
    assert_true(pair_agree(p));
    free(text);
}

static unsigned on_path[OL_PATHS];

static bool count_paths(struct pair *q, const struct pair_frame *f)
{
    (void)q;
    if (f->to == 1 && f->len > 100)
        on_path[f->path]++;
    return true;
}

static void test_flash_goes_on_all_paths_immediate_on_the_best_two_the_rest_on_one(void **state)
{
    static const unsigned wanted[] = {[OL_ROUTINE] = 1, [OL_PRIORITY] = 1, [OL_IMMEDIATE] = 2, [OL_FLASH] = 3};

    (void)state;
    pair_free(p);
    pair_init(p, 3, 5);
    start_both();
    p->tap = count_paths;
    for (int precedence = OL_FLASH; precedence >= OL_ROUTINE; precedence--) {
        unsigned paths = 0;

        memset(on_path, 0, sizeof on_path);
        pair_send(p, 0, (enum ol_precedence)precedence,
                  "words enough that this frame is longer than any echo or sync or receipt could be on this line");
        pair_settle(p);
        for (unsigned i = 0; i < 3; i++)
            paths += on_path[i];
        assert_int_equal(paths, wanted[precedence]);
    }
    pair_run(p, 10);
    assert_true(pair_agree(p));
}

static void two_paths(void)
{
    pair_free(p);
    pair_init(p, 2, 7);
    start_both();
}

static void test_an_entry_sent_again_after_its_receipt_came_takes_no_path_down(void **state)
{
    (void)state;
    start_both();
    pair_send(p, 0, OL_ROUTINE, "said and receipted");
    pair_run(p, 5000);
    assert_int_equal(p->side[0].delivered_up_to, 1);
    p->side[1].line.record.want[0] = (struct ol_range){.from = 1, .to = 1}; /* the peer wants it in full form */
    pair_run(p, 70000);
    assert_int_equal(ol_line_path_health(&p->side[0].line, 0, p->now), OL_PATH_UP);
}

/* It says that it holds the text, so nothing is sent again, and never signs for it. */
static void test_a_peer_that_withholds_a_receipt_over_our_restart_takes_the_line_down(void **state)
{
    (void)state;
    start_both();
    p->side[1].line.signing = OL_SIGN_ASKING;
    pair_send(p, 0, OL_ROUTINE, "taken, and never receipted");
    pair_run(p, 5000);
    pair_kill(p, 0);
    pair_start(p, 0);
    p->side[1].line.signing = OL_SIGN_READY; /* or it would owe an answer of its own */
    p->side[1].line.record.due = (struct ol_due){0};
    pair_run(p, 5000);
    assert_int_equal(p->side[0].line.held, 1);
    assert_int_equal(ol_line_path_health(&p->side[0].line, 0, p->now), OL_PATH_UP);
    pair_run(p, 70000);
    assert_int_equal(ol_line_path_health(&p->side[0].line, 0, p->now), OL_PATH_DOWN);
}

static void test_what_was_receipted_before_a_restart_takes_no_line_down_after_it(void **state)
{
    (void)state;
    start_both();
    pair_send(p, 0, OL_ROUTINE, "receipted");
    pair_run(p, 5000);
    pair_send(p, 1, OL_ROUTINE, "receipted too, by our last entry");
    pair_run(p, 5000);
    pair_kill(p, 0);
    pair_start(p, 0);
    pair_run(p, 200000);
    assert_int_equal(ol_line_path_health(&p->side[0].line, 0, p->now), OL_PATH_UP);
}

/* Some receipt comes in every interval, but the oldest entry without one grows older and older. */
static void test_receipts_that_lag_ever_more_behind_take_the_line_down(void **state)
{
    (void)state;
    start_both();
    for (uint32_t named = 1; named <= 40; named++) {
        for (unsigned k = 0; k < 4; k++)
            pair_send(p, 0, OL_ROUTINE, "one of many");
        p->side[1].line.signing = OL_SIGN_ASKING; /* takes all, signs nothing */
        pair_run(p, 20000);
        p->side[0].line.record.named.up_to = named; /* as a receipt of this one would */
    }
    assert_int_equal(ol_line_path_health(&p->side[0].line, 0, p->now), OL_PATH_DOWN);
}

/* The backup was made while a text waited unsigned; it was signed and sent since, and comes back from the peer. */
static void test_a_text_of_an_old_outbox_that_was_said_since_is_not_said_again(void **state)
{
    struct pair_side *a = &p->side[0];
    unsigned said = 0;
    uint8_t *kept;

    (void)state;
    pair_start(p, 0);
    pair_send(p, 0, OL_ROUTINE, "once is enough");
    pair_run(p, 1000);
    assert_int_equal(a->outbox_n, 1);
    kept = malloc(a->outbox[0].len);
    memcpy(kept, a->outbox[0].body, a->outbox[0].len);
    pair_start(p, 1);
    pair_run(p, 5000);
    assert_int_equal(a->outbox_n, 0);
    pair_kill(p, 0);
    pair_forget(p, 0, 0, 0);
    a->outbox[0].body = kept;
    a->outbox_n = 1;
    a->restored = true;
    pair_start(p, 0);
    pair_run(p, 5000);
    assert_int_equal(signing(0), OL_SIGN_READY);
    assert_int_equal(a->outbox_n, 0);
    for (size_t i = 0; i < a->rows_n[0]; i++)
        said += a->rows[0][i].row.h.kind == OL_KIND_MESSAGE;
    assert_int_equal(said, 1);
    assert_true(pair_agree(p));
}

/* A datagram path into a hole: nobody says that it is gone. */
static void test_a_routine_goes_by_the_second_path_when_the_first_dies_without_a_word(void **state)
{
    (void)state;
    two_paths();
    p->cut[0] = true;
    pair_send(p, 0, OL_ROUTINE, "by whichever way");
    pair_run(p, 20000);
    assert_int_equal(p->side[0].delivered_up_to, 1);
}

static bool nothing_to_a_on_path_0(struct pair *q, const struct pair_frame *f)
{
    (void)q;
    return f->to != 0 || f->path != 0;
}

static void test_a_station_that_starts_is_answered_on_the_path_that_carries_both_ways(void **state)
{
    (void)state;
    two_paths();
    pair_kill(p, 0);
    p->tap = nothing_to_a_on_path_0;
    pair_start(p, 0);
    pair_run(p, 20000);
    assert_int_equal(signing(0), OL_SIGN_READY);
    pair_send(p, 1, OL_ROUTINE, "by whichever way");
    pair_run(p, 20000);
    assert_int_equal(p->side[1].delivered_up_to, p->side[1].line.own_durable);
}

static void test_a_path_that_dies_without_a_word_is_told_to_be_down_within_three_liveness_times(void **state)
{
    ol_ms from;

    (void)state;
    start_both();
    pair_run(p, 1000);
    p->side[0].changes = 0;
    pair_run(p, 10000);
    assert_int_equal(p->side[0].changes, 0);
    p->cut[0] = true;
    from = p->now.ms;
    while (p->side[0].changes == 0 && p->now.ms < from + 10 * p->side[0].cfg.liveness_ms)
        pair_run(p, 100);
    assert_int_equal(ol_line_path_health(&p->side[0].line, 0, p->now), OL_PATH_DOWN);
    assert_true(p->now.ms - from <= 3 * p->side[0].cfg.liveness_ms + 1000);
}

static void test_the_line_goes_on_over_another_path_when_one_is_cut(void **state)
{
    (void)state;
    pair_free(p);
    pair_init(p, 2, 6);
    start_both();
    p->cut[0] = true;
    pair_send(p, 0, OL_FLASH, "over the other one");
    pair_settle(p);
    assert_int_equal(p->side[0].delivered_up_to, 1);
    ol_line_path_down(&p->side[0].line, 0, p->now);
    ol_line_path_down(&p->side[1].line, 0, p->now);
    assert_int_equal(ol_line_path_health(&p->side[0].line, 0, p->now), OL_PATH_DOWN);
    assert_int_equal(ol_line_path_health(&p->side[0].line, 1, p->now), OL_PATH_UP);
    pair_send(p, 1, OL_ROUTINE, "and back");
    pair_settle(p);
    assert_int_equal(p->side[1].delivered_up_to, p->side[1].line.own_durable);
}

/* Without the relay's word: liveness finds a silent path out. */
static void test_a_path_that_falls_silent_is_down_within_three_liveness_times(void **state)
{
    (void)state;
    start_both();
    p->cut[0] = true;
    pair_run(p, 61000);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(ol_line_path_health(&p->side[i].line, 0, p->now), OL_PATH_DOWN);
    p->cut[0] = false;
    pair_run(p, 25000);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(ol_line_path_health(&p->side[i].line, 0, p->now), OL_PATH_UP);
}

static void test_an_offset_of_the_clocks_over_a_minute_marks_what_comes(void **state)
{
    (void)state;
    p->utc_ahead[1] = 61;
    start_both();
    pair_send(p, 1, OL_FLASH, "from a clock that is ahead");
    pair_settle(p);
    assert_true(row_of(0, 'B', 1)->marks & OL_ROW_TIME);
    p->utc_ahead[1] = 0;
    pair_run(p, 60000);
    pair_send(p, 1, OL_FLASH, "from a clock that was set right");
    pair_settle(p);
    assert_true(row_of(0, 'B', p->side[1].line.own_durable)->marks & OL_ROW_TIME); /* its time went back */
    pair_run(p, 120000);
    pair_send(p, 1, OL_FLASH, "and goes on from there");
    pair_settle(p);
    assert_false(row_of(0, 'B', p->side[1].line.own_durable)->marks & OL_ROW_TIME);
}

static void test_a_replayed_message_1_hears_nothing(void **state)
{
    struct pair_frame kept = {0};
    uint64_t before;

    (void)state;
    p->tap = keep_for_later;
    p->tap_ctx = &kept;
    pair_start(p, 0);
    pair_start(p, 1);
    pair_run(p, 10);
    p->tap = NULL;
    assert_int_equal(kept.bytes[0], 0x10);
    assert_int_equal(ol_line_input(&p->side[1].line, 0, 1, ol_span(kept.bytes, kept.len), p->now), OL_OK);
    pair_run(p, 3000);
    pair_kill(p, 1);
    pair_start(p, 1);
    pair_run(p, 3000);
    before = p->sent_frames;
    assert_int_equal(ol_line_input(&p->side[1].line, 0, 1, ol_span(kept.bytes, kept.len), p->now), OL_REPLAYED);
    pair_settle(p);
    assert_int_equal(p->sent_frames, before);
    assert_true(p->side[1].line.count.replayed >= 1);
}

static void test_a_replayed_frame_is_refused_and_counted(void **state)
{
    struct pair_frame kept = {0};

    (void)state;
    start_both();
    p->tap = keep_for_later;
    p->tap_ctx = &kept;
    pair_send(p, 0, OL_FLASH, "once");
    pair_settle(p);
    p->tap = NULL;
    assert_int_equal(ol_line_input(&p->side[1].line, 0, 1, ol_span(kept.bytes, kept.len), p->now), OL_OK);
    assert_int_equal(ol_line_input(&p->side[1].line, 0, 1, ol_span(kept.bytes, kept.len), p->now), OL_REPLAYED);
    assert_int_equal(p->side[1].line.count.replayed, 1);
    pair_run(p, 5000);
    assert_int_equal(p->side[1].rows_n[0], 1);
}

static bool swallow(struct pair *q, const struct pair_frame *f)
{
    (void)q;
    (void)f;
    return false;
}

/* The caller was killed after its message 1 was answered; it cannot call again on a connection that is not proven. */
static void test_an_answer_that_can_no_longer_be_proved_does_not_keep_us_from_calling(void **state)
{
    (void)state;
    start_both();
    pair_kill(p, 1);
    pair_start(p, 1);
    p->tap = swallow;
    pair_settle(p);
    p->tap = NULL;
    pair_run(p, 1500); /* B calls, A answers, B's frame never comes */
    pair_kill(p, 1);
    pair_start(p, 1);
    ol_line_path_reset(&p->side[1].line, p->now);
    p->side[1].line.calling.active = false;
    pair_run(p, 900);
    assert_int_equal(signing(1), OL_SIGN_READY);
}

static void test_a_new_session_with_the_number_of_the_present_one_is_proved_all_the_same(void **state)
{
    (void)state;
    start_both();
    pair_kill(p, 1);
    pair_start(p, 1);
    /* The next call of B has the number that A still sends under. */
    p->side[1].line.last_session = (uint8_t)(p->side[0].line.cur.id - 2);
    p->side[0].line.cur.id |= 1;
    p->side[1].line.last_session |= 1;
    pair_run(p, 1900);
    assert_int_equal(signing(1), OL_SIGN_READY);
    assert_int_equal(ol_line_path_health(&p->side[1].line, 0, p->now), OL_PATH_UP);
}

static unsigned proven_outs(unsigned side)
{
    struct ol_out out;
    unsigned n = 0;

    while (ol_line_next(&p->side[side].line, &out))
        n += out.kind == OL_OUT_PROVEN;
    return n;
}

/* A relay that was killed counts its connections from 1 again. */
static void test_a_connection_is_proven_anew_after_the_relay_started_again(void **state)
{
    struct pair_frame kept = {0};

    (void)state;
    start_both();
    ol_line_path_reset(&p->side[1].line, p->now);
    p->tap = keep_for_later;
    p->tap_ctx = &kept;
    pair_send(p, 0, OL_FLASH, "over the new connection");
    pair_settle(p);
    assert_true(kept.len > 0);
    assert_int_equal(ol_line_input(&p->side[1].line, 0, 1, ol_span(kept.bytes, kept.len), p->now), OL_OK);
    assert_int_equal(proven_outs(1), 1);
}

/* A sync that claims what we never wrote must not keep us from sending what we do write. */
static void test_a_peer_that_claims_numbers_never_written_is_sent_them_all_the_same(void **state)
{
    struct pair_side *liar = &p->side[1];

    (void)state;
    start_both();
    liar->line.early_durable = (struct ol_ranges){.n = 2, .r = {{5, 9}, {1000, UINT32_MAX}}};
    pair_run(p, 45000); /* its echoes carry such syncs */
    assert_true(p->side[0].line.tail >= 1 && p->side[0].line.tail <= p->side[0].line.own_durable + 1);
    pair_send(p, 0, OL_ROUTINE, "the first that was ever written");
    pair_run(p, 2000);
    assert_int_equal(p->side[0].delivered_up_to, 1);
}

/* Such a claim makes no later word of the peer look older than it is: what is lost then is sent again. */
static void test_after_a_claim_of_numbers_never_written_the_peer_is_heard_again(void **state)
{
    struct pair_side *liar = &p->side[1];
    struct ol_place truth;

    (void)state;
    start_both();
    truth = liar->line.peer_durable;
    liar->line.peer_durable.seq = 1672601263;
    pair_run(p, 45000); /* its echoes say so */
    liar->line.peer_durable = truth;
    p->drop_over = 80; /* echoes with their sync pass, entries do not */
    pair_send(p, 0, OL_ROUTINE, "lost, with everybody sure that it was sent");
    pair_run(p, 5000);
    p->drop_over = 0;
    pair_run(p, 120000);
    assert_int_equal(p->side[0].delivered_up_to, 1);
    assert_true(pair_agree(p));
}

static void test_garbage_is_dropped_and_counted(void **state)
{
    uint8_t junk[300];

    (void)state;
    start_both();
    for (unsigned i = 0; i < 3000; i++) {
        size_t len = pair_random(p) % sizeof junk;

        for (size_t n = 0; n < len; n++)
            junk[n] = (uint8_t)pair_random(p);
        if (len > 0)
            junk[0] = (uint8_t)(0x10 << pair_random(p) % 3);
        assert_int_not_equal(ol_line_input(&p->side[0].line, 0, 1, ol_span(junk, len), p->now), OL_OK);
    }
    assert_true(p->side[0].line.count.strangers >= 2900);
    pair_send(p, 1, OL_FLASH, "still here");
    pair_settle(p);
    assert_int_equal(p->side[1].delivered_up_to, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_two_stations_come_up_within_two_seconds),
        T(test_a_flash_is_delivered_and_both_records_agree),
        T(test_the_first_entry_of_a_stream_is_a_text_even_if_a_receipt_is_owed),
        T(test_a_receipt_alone_waits_for_company_and_goes_with_the_next_text),
        T(test_a_flash_of_100_bytes_and_its_receipt_cost_299_bytes_warm),
        T(test_a_cold_flash_and_its_receipt_cost_393_bytes),
        T(test_nothing_is_sent_before_it_is_durable),
        T(test_a_sync_claims_nothing_that_is_not_durable),
        T(test_routine_texts_committed_together_share_one_seal),
        T(test_a_cut_path_delays_and_loses_nothing),
        T(test_a_text_before_the_peer_has_spoken_waits_unsigned_and_survives_a_kill),
        T(test_a_station_that_lost_its_last_entries_takes_them_back_before_it_signs),
        T(test_a_station_receipts_nothing_while_it_takes_back_what_it_had_lost),
        T(test_a_told_restore_ends_in_a_resume_above_everything),
        T(test_after_a_resume_without_the_peer_its_lost_entries_come_back_and_both_records_are_equal),
        T(test_what_a_relay_kept_away_with_all_that_is_long_is_asked_for_again_within_the_hour),
        T(test_what_the_peer_lost_is_sent_again_though_it_had_been_receipted),
        T(test_a_long_entry_that_was_asked_for_is_not_begun_anew_with_each_sync),
        T(test_while_a_resume_is_with_the_disk_nothing_of_its_branch_is_given),
        T(test_what_the_peer_gives_back_is_asked_for_again_when_a_frame_of_it_is_lost),
        T(test_a_second_entry_under_one_number_is_kept_as_evidence_and_freezes_the_stream),
        T(test_a_station_that_meets_its_own_seal_on_what_it_did_not_write_stops_signing),
        T(test_after_an_equivocation_an_accepted_resume_mends_the_line),
        T(test_a_life_whose_other_one_wrote_more_stops_and_the_peer_is_given_the_proof_when_it_goes_on),
        T(test_a_life_whose_other_one_wrote_less_stops_and_the_peer_is_given_the_proof_when_it_goes_on),
        T(test_what_differs_from_the_first_entry_on_is_given_from_there),
        T(test_whoever_calls_ever_more_patiently_calls_at_once_when_a_path_comes_back),
        T(test_a_call_that_waits_for_room_is_not_sent_when_another_is_to_be_made),
        T(test_a_path_that_comes_and_goes_leaves_a_call_on_another_as_it_is),
        T(test_what_waits_for_the_peers_officers_is_not_sent_to_it_all_the_time),
        T(test_a_session_that_is_dropped_while_an_ask_waits_for_room_is_followed_by_another),
        T(test_a_long_entry_that_was_asked_for_goes_on_beside_what_the_peer_lacks_again_and_again),
        T(test_what_was_receipted_before_it_was_back_counts_as_receipted),
        T(test_both_sides_rolled_back_in_turn_agree_on_what_either_still_has),
        T(test_a_long_text_goes_in_parts),
        T(test_a_lossy_doubling_corrupting_network_loses_nothing),
        T(test_kills_at_any_moment_lose_nothing_that_was_accepted),
        T(test_no_room_keeps_the_batch_and_recovers),
        T(test_an_idle_line_after_a_recovery_says_no_more_than_its_echoes),
        T(test_a_session_forms_over_any_round_trip_up_to_24_seconds),
        T(test_echoes_say_of_their_sender_whether_its_desk_is_attended_for_three_intervals),
        T(test_an_echo_that_was_held_back_says_nothing_of_now_but_a_clock_may_be_set_back),
        T(test_a_path_that_carries_only_echoes_is_not_up),
        T(test_a_carrier_that_takes_no_frame_is_not_used),
        T(test_a_new_connection_on_which_the_old_session_is_not_answered_is_called_on_within_a_second),
        T(test_an_answer_that_can_no_longer_be_proved_does_not_keep_us_from_calling),
        T(test_a_new_session_with_the_number_of_the_present_one_is_proved_all_the_same),
        T(test_a_flash_after_a_lost_routine_is_shown_at_once_marked_early_and_receipted_alone),
        T(test_a_flash_overtakes_a_backlog_of_routine_traffic),
        T(test_flash_goes_on_all_paths_immediate_on_the_best_two_the_rest_on_one),
        T(test_a_text_of_an_old_outbox_that_was_said_since_is_not_said_again),
        T(test_an_entry_sent_again_after_its_receipt_came_takes_no_path_down),
        T(test_a_peer_that_withholds_a_receipt_over_our_restart_takes_the_line_down),
        T(test_what_was_receipted_before_a_restart_takes_no_line_down_after_it),
        T(test_receipts_that_lag_ever_more_behind_take_the_line_down),
        T(test_a_routine_goes_by_the_second_path_when_the_first_dies_without_a_word),
        T(test_a_station_that_starts_is_answered_on_the_path_that_carries_both_ways),
        T(test_a_path_that_dies_without_a_word_is_told_to_be_down_within_three_liveness_times),
        T(test_the_line_goes_on_over_another_path_when_one_is_cut),
        T(test_a_path_that_falls_silent_is_down_within_three_liveness_times),
        T(test_an_offset_of_the_clocks_over_a_minute_marks_what_comes),
        T(test_a_replayed_message_1_hears_nothing),
        T(test_a_replayed_frame_is_refused_and_counted),
        T(test_a_connection_is_proven_anew_after_the_relay_started_again),
        T(test_a_peer_that_claims_numbers_never_written_is_sent_them_all_the_same),
        T(test_after_a_claim_of_numbers_never_written_the_peer_is_heard_again),
        T(test_garbage_is_dropped_and_counted),
    };

    if (ol_crypto_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
