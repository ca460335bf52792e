/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "desk/dialogue.h"
#include "desk/kind.h"
#include "desk/stats.h"

#define ACTS_MAX 8u
#define ROOM 8u

static struct ol_month month(const char *name)
{
    struct ol_month m;

    CHECK_ERR(OL_OK, ol_month_read(ol_span(name, strlen(name)), &m));
    return m;
}

static void test_months_end_where_the_next_begins_in_every_year_there_is(void **state)
{
    char name[16];
    uint32_t next = 0;

    (void)state;
    for (unsigned i = 0; i < 136 * 12; i++) {
        struct ol_month m;

        snprintf(name, sizeof name, "%04u-%02u", 1970 + i / 12, 1 + i % 12);
        m = month(name);
        assert_int_equal(m.from, next);
        assert_string_equal(m.name, name);
        next = m.to;
    }
    assert_int_equal(month("2024-02").to - month("2024-02").from, 29 * 86400);
    assert_int_equal(month("2100-02").to - month("2100-02").from, 28 * 86400);
    assert_int_equal(month("2026-11").from, 1793491200);
}

static void test_what_is_not_a_month_is_refused(void **state)
{
    static const char *const odd[] = {"",        "2026",    "2026-1",  "2026-00", "2026-13", "1969-12", "2106-01",
                                      "2026/11", "2026-1a", "-026-11", "2026-111", " 2026-1", "2026-+1"};

    (void)state;
    for (size_t i = 0; i < COUNT(odd); i++) {
        struct ol_month m;

        CHECK_ERR(OL_MALFORMED, ol_month_read(ol_span(odd[i], strlen(odd[i])), &m));
        assert_int_equal(m.to, 0);
    }
}

/* ---- The fold ---- */

/* A message of A's and what is about it, side by side, as a record gives it. */
struct record {
    struct ol_row message;
    uint8_t body[64];
    struct ol_row act[2][ACTS_MAX];
    uint8_t act_body[2][ACTS_MAX][64];
    size_t n[2];
    size_t at[2];
};

static bool next(void *ctx, unsigned side, struct ol_row *row)
{
    struct record *r = ctx;

    if (r->at[side] == r->n[side])
        return false;
    *row = r->act[side][r->at[side]++];
    return true;
}

static void begin(struct record *r, uint8_t class, uint8_t flags, uint32_t time)
{
    struct ol_wr w = ol_wr_to(r->body, sizeof r->body);
    const struct ol_message m = {.text = ol_span((const uint8_t *)"words", 5), .answer = class};

    ol_message_write(&m, &w);
    r->message = (struct ol_row){.h = {.author = 'A', .seq = 1, .kind = OL_KIND_MESSAGE, .flags = flags, .time = time},
                                 .body = ol_wr_span(&w)};
    memset(r->n, 0, sizeof r->n);
}

static struct ol_row *add_row(struct record *r, unsigned side, uint8_t kind, uint32_t time)
{
    struct ol_row *row = &r->act[side][r->n[side]];

    assert_true(r->n[side] < ACTS_MAX);
    /* Each names all that is there of the other side: the order is that in which they are added. */
    *row = (struct ol_row){.h = {.author = (uint8_t)('A' + side), .seq = (uint32_t)r->n[side] + 2, .kind = kind,
                                 .time = time, .xseq = (uint32_t)r->n[1 - side] + 1}};
    return row;
}

static void act(struct record *r, const struct ol_act *act, uint32_t time)
{
    unsigned side = !ol_act_is_senders(act->kind);
    struct ol_row *row = add_row(r, side, act->kind, time);
    struct ol_wr w = ol_wr_to(r->act_body[side][r->n[side]++], 64);

    ol_act_write(act, &w);
    row->body = ol_wr_span(&w);
}

static void amend(struct record *r, bool cancels, uint32_t time)
{
    struct ol_message m = {.text = ol_span((const uint8_t *)"later", 5)};
    struct ol_row *row = add_row(r, 0, OL_KIND_MESSAGE, time);
    struct ol_wr w = ol_wr_to(r->act_body[0][r->n[0]++], 64);

    *(cancels ? &m.cancels : &m.corrects) = 1;
    ol_message_write(&m, &w);
    row->body = ol_wr_span(&w);
}

static uint32_t room[4][ROOM];
static struct ol_stats stats;

static void start(const char *name)
{
    stats = (struct ol_stats){.month = month(name)};
    for (unsigned i = 0; i < 2; i++) {
        stats.side[i].to_taken = (struct ol_waits){.s = room[2 * i], .cap = ROOM};
        stats.side[i].to_answered = (struct ol_waits){.s = room[2 * i + 1], .cap = ROOM};
    }
}

static void count(struct record *r, uint32_t received)
{
    memset(r->at, 0, sizeof r->at);
    ol_stats_message(&stats, &r->message, received, next, r);
}

static void test_a_message_is_counted_with_what_was_done_about_it_and_how_long_that_took(void **state)
{
    struct record r;
    uint32_t at = month("2026-11").from + 1000;

    (void)state;
    begin(&r, OL_CLASS_WU, OL_FLASH << 6 | OL_FLAG_EXERCISE, at);
    act(&r, &(struct ol_act){.kind = OL_KIND_TAKE, .message = 1}, at + 35);
    act(&r, &(struct ol_act){.kind = OL_KIND_REPLY, .message = 1, .what = OL_STANDBY, .until = at + 600}, at + 40);
    act(&r, &(struct ol_act){.kind = OL_KIND_REPLY, .message = 1, .what = OL_ROGER}, at + 50); /* not what was asked */
    act(&r, &(struct ol_act){.kind = OL_KIND_REPLY, .message = 1, .what = OL_WILCO}, at + 105);
    act(&r, &(struct ol_act){.kind = OL_KIND_ONWARD, .message = 1, .what = OL_STAGE_DESK}, at + 110);
    act(&r, &(struct ol_act){.kind = OL_KIND_ONWARD, .message = 1, .what = OL_STAGE_UNIT,
                             .text = ol_span((const uint8_t *)"no radio", 8)}, at + 120);
    start("2026-11");
    count(&r, at + 5);
    assert_int_equal(stats.side[0].messages[OL_FLASH], 1);
    assert_int_equal(stats.side[0].exercise, 1);
    assert_int_equal(stats.side[0].taken, 1);
    assert_int_equal(stats.side[0].standbys, 1);
    assert_int_equal(stats.side[0].answered, 1);
    assert_int_equal(stats.side[0].declined, 0);
    assert_int_equal(stats.side[0].not_passed, 1);
    assert_int_equal(ol_waits_median(&stats.side[0].to_taken), 30);
    assert_int_equal(ol_waits_worst(&stats.side[0].to_answered), 100);
    assert_int_equal(stats.side[1].taken, 0);
}

static void test_each_fact_belongs_to_the_month_of_its_own_entry(void **state)
{
    struct record r;
    uint32_t turn = month("2026-11").from;

    (void)state;
    begin(&r, OL_CLASS_R, 0, turn - 1);
    act(&r, &(struct ol_act){.kind = OL_KIND_TAKE, .message = 1}, turn);
    start("2026-10");
    count(&r, turn - 1);
    assert_int_equal(stats.side[0].messages[0], 1);
    assert_int_equal(stats.side[0].taken, 0);
    start("2026-11");
    count(&r, turn - 1);
    assert_int_equal(stats.side[0].messages[0], 0);
    assert_int_equal(stats.side[0].taken, 1);
    assert_int_equal(stats.side[0].to_taken.n, 1);
}

static void test_an_end_is_counted_as_what_it_was(void **state)
{
    struct record r;
    uint32_t at = month("2026-11").from;
    const struct ol_span words = ol_span((const uint8_t *)"words", 5);

    (void)state;
    start("2026-11");
    begin(&r, OL_CLASS_R, 0, at);
    act(&r, &(struct ol_act){.kind = OL_KIND_DECLINE, .message = 1}, at + 1);
    count(&r, at);
    assert_int_equal(stats.side[0].declined, 1);
    begin(&r, OL_CLASS_R, 0, at);
    amend(&r, false, at + 1);
    act(&r, &(struct ol_act){.kind = OL_KIND_REPLY, .message = 1, .what = OL_ROGER}, at + 2); /* too late */
    count(&r, at);
    assert_int_equal(stats.side[0].amended, 1);
    begin(&r, OL_CLASS_R, 0, at);
    amend(&r, true, at + 1);
    count(&r, at);
    assert_int_equal(stats.side[0].amended, 1);
    assert_int_equal(stats.side[0].cancelled, 1);
    assert_int_equal(stats.side[0].answered, 0);
    begin(&r, OL_CLASS_R, 0, at);
    act(&r, &(struct ol_act){.kind = OL_KIND_TAKE, .message = 1}, at + 1);
    act(&r, &(struct ol_act){.kind = OL_KIND_READBACK, .message = 1, .about = 1, .text = words}, at + 2);
    act(&r, &(struct ol_act){.kind = OL_KIND_CORRECT, .message = 1, .text = words}, at + 3);
    act(&r, &(struct ol_act){.kind = OL_KIND_READBACK, .message = 1, .about = 2, .text = words}, at + 4);
    act(&r, &(struct ol_act){.kind = OL_KIND_CONFIRM, .message = 1, .about = 4}, at + 5);
    count(&r, at);
    assert_int_equal(stats.side[0].corrected, 1);
    assert_int_equal(stats.side[0].answered, 1);
    assert_int_equal(ol_waits_worst(&stats.side[0].to_answered), 5);
}

static void test_a_clock_set_back_is_no_wait_and_no_receipt_no_measurement(void **state)
{
    struct record r;
    uint32_t at = month("2026-11").from + 100;

    (void)state;
    start("2026-11");
    begin(&r, OL_CLASS_R, 0, at);
    act(&r, &(struct ol_act){.kind = OL_KIND_TAKE, .message = 1}, at);
    count(&r, at + 9);
    assert_int_equal(stats.side[0].to_taken.n, 1);
    assert_int_equal(ol_waits_worst(&stats.side[0].to_taken), 0);
    count(&r, 0);
    assert_int_equal(stats.side[0].taken, 2);
    assert_int_equal(stats.side[0].to_taken.n, 1);
}

static void test_steps_of_an_escalation_are_counted_by_the_precedence_of_the_message(void **state)
{
    struct record r;
    uint32_t at = month("2026-11").from;

    (void)state;
    start("2026-11");
    begin(&r, OL_CLASS_R, OL_FLASH << 6, at);
    act(&r, &(struct ol_act){.kind = OL_KIND_ESCALATE, .message = 1, .what = OL_STEP_DEPUTY}, at + 60);
    act(&r, &(struct ol_act){.kind = OL_KIND_ESCALATE, .message = 1, .what = OL_STEP_DEPUTY}, at + 61); /* no further */
    act(&r, &(struct ol_act){.kind = OL_KIND_ESCALATE, .message = 1, .what = OL_STEP_NEXT_ROLE}, at + 120);
    count(&r, at);
    begin(&r, OL_CLASS_R, OL_ROUTINE << 6, at);
    act(&r, &(struct ol_act){.kind = OL_KIND_ESCALATE, .message = 1, .what = OL_STEP_DEPUTY}, at + 10800);
    count(&r, at);
    assert_int_equal(stats.side[0].escalated[OL_FLASH], 2);
    assert_int_equal(stats.side[0].escalated[OL_ROUTINE], 1);
    assert_int_equal(stats.side[0].escalated[OL_PRIORITY] + stats.side[1].escalated[OL_FLASH], 0);
}

static void test_tests_by_people_are_counted_for_the_side_whose_turn_it_was(void **state)
{
    uint32_t at = month("2026-11").from;
    const struct ol_slot slot[] = {
        {.begin = at, .end = at + 900, .side = 'A', .test = 1, .sent_at = at + 1, .answer = 1, .answered_at = at + 2},
        {.begin = at + 3600, .end = at + 4500, .side = 'B', .test = 1, .sent_at = at + 3601},
        {.begin = at + 7200, .end = at + 8100, .side = 'A', .test = 2, .sent_at = at + 8100, .answer = 2,
         .answered_at = at + 8101},
        {.begin = at + 10800, .end = at + 11700, .side = 'B', .test = 2, .sent_at = at + 10800},
    };

    (void)state;
    start("2026-11");
    ol_stats_tests(&stats, slot, COUNT(slot), at + 10900);
    assert_int_equal(stats.side[0].tests_held, 1);
    assert_int_equal(stats.side[0].tests_answered, 1);
    assert_int_equal(stats.side[0].tests_missed, 1);
    assert_int_equal(stats.side[1].tests_held, 2);
    assert_int_equal(stats.side[1].tests_answered, 0);
    assert_int_equal(stats.side[1].tests_missed, 1); /* the last is due */
}

static void test_the_median_is_that_of_the_waits_in_order(void **state)
{
    uint32_t seed = 7;

    (void)state;
    for (size_t n = 1; n <= ROOM; n++) {
        uint32_t v[ROOM];
        const struct ol_waits w = {.s = v, .n = n, .cap = ROOM};
        size_t below = 0;
        size_t up_to = 0;

        for (size_t i = 0; i < n; i++)
            v[i] = i == 3 ? UINT32_MAX : (seed = seed * 1664525 + 1013904223) % 5;
        for (size_t i = 0; i < n; i++) {
            below += v[i] < ol_waits_median(&w);
            up_to += v[i] <= ol_waits_median(&w);
        }
        assert_true(2 * below < n && 2 * up_to >= n);
    }
    assert_int_equal(ol_waits_median(&(struct ol_waits){0}), 0);
}

static void test_every_number_changes_the_hash(void **state)
{
    static uint32_t *const counts[] = {
        &stats.side[0].messages[0], &stats.side[0].messages[3], &stats.side[0].exercise,  &stats.side[0].taken,
        &stats.side[0].answered,    &stats.side[0].declined,    &stats.side[0].standbys,  &stats.side[0].corrected,
        &stats.side[0].amended,     &stats.side[0].cancelled,   &stats.side[0].not_passed, &stats.side[1].messages[0],
        &stats.side[0].escalated[0], &stats.side[0].escalated[3], &stats.side[0].tests_held,
        &stats.side[0].tests_answered, &stats.side[1].tests_missed,
        &stats.side[1].not_passed};
    struct ol_hash none;
    struct ol_hash other;

    (void)state;
    start("2026-11");
    ol_stats_hash(&stats, &none);
    for (size_t i = 0; i < COUNT(counts); i++) {
        ++*counts[i];
        ol_stats_hash(&stats, &other);
        assert_false(ol_hash_equal(&none, &other));
        --*counts[i];
    }
    ol_stats_hash(&stats, &other);
    assert_true(ol_hash_equal(&none, &other));
    stats.month = month("2026-12");
    ol_stats_hash(&stats, &other);
    assert_false(ol_hash_equal(&none, &other));
}

/* ---- The entry ---- */

static void check_signed(const struct ol_stats_signed *was)
{
    uint8_t bytes[128];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    struct ol_stats_signed read;

    ol_stats_signed_write(was, &w);
    assert_true(w.len < sizeof bytes);
    bytes[w.len] = 0;
    CHECK_ERR(OL_OK, ol_stats_signed_read(ol_wr_span(&w), &read));
    assert_string_equal(read.month.name, "2026-11");
    assert_int_equal(read.month.from, was->month.from);
    assert_true(ol_hash_equal(&read.hash, &was->hash));
    assert_memory_equal(&read.paths, &was->paths, sizeof read.paths);
    for (size_t n = 0; n <= w.len + 1; n++) {
        if (n != w.len)
            CHECK_ERR(OL_MALFORMED, ol_stats_signed_read(ol_span(bytes, n), &read));
    }
    for (size_t bit = 0; bit < 8 * w.len; bit++) {
        uint8_t again[128];
        struct ol_wr out = ol_wr_to(again, sizeof again);

        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (ol_stats_signed_read(ol_wr_span(&w), &read) == OL_OK) {
            ol_stats_signed_write(&read, &out);
            assert_true(ol_span_equal(ol_wr_span(&out), ol_wr_span(&w)));
        } else {
            assert_int_equal(read.month.to, 0);
            assert_int_equal(read.paths.n, 0);
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_signed_statistics_come_back_and_nothing_else_reads(void **state)
{
    struct ol_stats_signed s = {.month = month("2026-11"), .hash = {{1, 2, 3}}};

    (void)state;
    check_signed(&s);
    s.paths = (struct ol_path_times){.n = 2,
                                     .path = {{.carrier = "tcp", .up_s = 2591000, .down_s = 1000, .rtt_ms = 12},
                                              {.path = 15, .carrier = "udp", .down_s = UINT32_MAX}}};
    check_signed(&s);
}

static void test_measurements_that_are_none_do_not_read(void **state)
{
    static const char *const odd[] = {
        "80",                                       /* none, and said so */
        "8184006374637001" "02",                    /* too few numbers */
        "8185106374637001" "0203",                  /* path 16 */
        "818500" "60" "010203",                     /* no carrier */
        "818500" "63544350" "010203",               /* not a word */
        "818500" "63746370" "1b0000000100000000" "0203", /* longer than a month of any year */
        "818500" "63746370" "0102" "1a05265c01",    /* a round trip of more than a day */
    };
    uint8_t bytes[128];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    struct ol_stats_signed s = {.month = month("2026-11")};
    struct ol_stats_signed read;
    size_t len;

    (void)state;
    ol_stats_signed_write(&s, &w);
    bytes[0]++; /* one item more */
    for (size_t i = 0; i < COUNT(odd); i++) {
        len = unhex(odd[i], bytes + w.len, sizeof bytes - w.len);
        CHECK_ERR(OL_MALFORMED, ol_stats_signed_read(ol_span(bytes, w.len + len), &read));
    }
    len = unhex("8185006374637001" "0203", bytes + w.len, sizeof bytes - w.len);
    CHECK_ERR(OL_OK, ol_stats_signed_read(ol_span(bytes, w.len + len), &read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_months_end_where_the_next_begins_in_every_year_there_is),
        cmocka_unit_test(test_what_is_not_a_month_is_refused),
        cmocka_unit_test(test_a_message_is_counted_with_what_was_done_about_it_and_how_long_that_took),
        cmocka_unit_test(test_each_fact_belongs_to_the_month_of_its_own_entry),
        cmocka_unit_test(test_an_end_is_counted_as_what_it_was),
        cmocka_unit_test(test_a_clock_set_back_is_no_wait_and_no_receipt_no_measurement),
        cmocka_unit_test(test_steps_of_an_escalation_are_counted_by_the_precedence_of_the_message),
        cmocka_unit_test(test_tests_by_people_are_counted_for_the_side_whose_turn_it_was),
        cmocka_unit_test(test_the_median_is_that_of_the_waits_in_order),
        cmocka_unit_test(test_every_number_changes_the_hash),
        cmocka_unit_test(test_measurements_that_are_none_do_not_read),
        cmocka_unit_test(test_signed_statistics_come_back_and_nothing_else_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
