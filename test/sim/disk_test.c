/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real store on a disk that fails, at every point where it can: what it was told to be
 * committed is there, whole, and nothing is there in part. The disk itself too: it loses
 * what was not synced, and nothing else.
 */
#include "support.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "sim/disk.h"
#include "store/store.h"

#define BATCHES 6u
#define ROWS_MAX 5u

struct bed {
    struct sim_disk *disk;
    char path[SIM_DISK_PATH];
    struct ol_store *s;
    int64_t line;
    uint32_t committed; /* batches that were told to be durable */
    enum ol_err told;
};

static enum ol_err open_store(struct bed *b, bool read_only)
{
    struct ol_store_cfg cfg = {.path = b->path, .no_thread = true, .read_only = read_only};

    return ol_store_open(&cfg, &b->s, NULL);
}

static void begin(struct bed *b, uint64_t seed)
{
    struct ol_line_info info = {.name = "alpha", .own_card_len = 600, .peer_card_len = 600};

    sim_disk_begin(seed);
    *b = (struct bed){.disk = sim_disk_new(seed)};
    sim_disk_path(b->disk, "record.db", b->path);
    CHECK_ERR(OL_OK, ol_store_create(b->path));
    CHECK_ERR(OL_OK, open_store(b, false));
    CHECK_ERR(OL_OK, ol_store_line_add(b->s, &info));
    b->line = info.number;
}

static void end(struct bed *b)
{
    ol_store_close(&b->s);
    sim_disk_free(b->disk);
}

/* Batch n: n % ROWS_MAX + 1 rows, each of which tells its batch and how many it has. */
static struct ol_row make_row(uint32_t n, uint32_t seq)
{
    static uint8_t body[9000];
    struct ol_row row = {.h = {.author = 'A', .kind = OL_KIND_MESSAGE, .seq = seq, .xseq = n % ROWS_MAX + 1, .time = n}};

    memset(body, (int)n, sizeof body);
    memset(&row.hash, (int)seq, sizeof row.hash);
    row.body = ol_span(body, n % 2 == 0 ? sizeof body : 20);
    return row;
}

static void on_told(void *ctx, uint64_t id, enum ol_err err)
{
    struct bed *b = ctx;

    b->told = err;
    if (!err)
        b->committed = (uint32_t)id;
}

static uint32_t first_seq(uint32_t n)
{
    uint32_t seq = 1;

    for (uint32_t i = 1; i < n; i++)
        seq += i % ROWS_MAX + 1;
    return seq;
}

static enum ol_err commit(struct bed *b, uint32_t n)
{
    struct ol_put puts[ROWS_MAX];
    struct ol_batch batch = {.id = n, .puts = puts, .n = n % ROWS_MAX + 1};

    for (uint32_t i = 0; i < batch.n; i++)
        puts[i] = (struct ol_put){.what = OL_PUT_ROW, .row = make_row(n, first_seq(n) + i)};
    ol_store_commit(b->s, b->line, &batch, on_told, b);
    ol_store_poll(b->s);
    return b->told;
}

struct walk {
    uint32_t next;
    uint32_t left;
    uint32_t batch;
};

static bool step(void *ctx, const struct ol_row *row)
{
    struct walk *w = ctx;
    struct ol_row want = make_row(row->h.time, row->h.seq);

    assert_int_equal(w->next, row->h.seq);
    if (w->left == 0) {
        w->batch++;
        w->left = row->h.xseq;
    }
    assert_int_equal(w->batch, row->h.time);
    assert_memory_equal(&want.hash, &row->hash, sizeof want.hash);
    assert_true(ol_span_equal(want.body, row->body));
    w->left--;
    w->next++;
    return true;
}

/* Whole batches without a gap; how many. */
static uint32_t check_store(struct bed *b)
{
    struct walk w = {.next = 1};

    CHECK_ERR(OL_OK, ol_store_scan(b->s, b->line, 'A', 0, step, &w));
    assert_int_equal(0, w.left);
    return w.batch;
}

static void commit_all(struct bed *b)
{
    for (uint32_t n = b->committed + 1; n <= BATCHES; n++) {
        if (commit(b, n))
            return;
    }
}

/* The store is opened again and holds what was told; what is missing goes in. */
static void recover(struct bed *b)
{
    uint32_t told = b->committed;

    CHECK_ERR(OL_OK, open_store(b, false));
    b->committed = check_store(b);
    assert_in_range(b->committed, told, told + 1);
    commit_all(b);
    assert_int_equal(BATCHES, check_store(b));
}

static void test_a_machine_that_stops_at_any_write_keeps_what_was_told(void **state)
{
    uint64_t points = 0;
    struct sim_disk_toll sum = {0};

    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++) {
        enum sim_disk_loss loss = seed < 2 ? (enum sim_disk_loss)seed : SIM_DISK_LOSE_SOME;
        bool stopped = true;

        for (uint64_t n = 1; stopped; n++) {
            struct bed b;
            struct sim_disk_toll toll;

            begin(&b, seed * 1000 + n);
            sim_disk_stop_at(b.disk, n, loss);
            commit_all(&b);
            ol_store_close(&b.s); /* which writes too */
            stopped = sim_disk_stopped(b.disk);
            toll = sim_disk_crash(b.disk, loss);
            sum.kept += toll.kept;
            sum.lost += toll.lost;
            sum.torn += toll.torn;
            recover(&b);
            end(&b);
            points++;
        }
    }
    print_message("%llu points; sectors kept %llu, lost %llu, writes torn %llu\n", (unsigned long long)points,
                  (unsigned long long)sum.kept, (unsigned long long)sum.lost, (unsigned long long)sum.torn);
    assert_true(points > 12 * 3 * BATCHES);
    assert_true(sum.kept > 100 && sum.lost > 100 && sum.torn > 20);
}

static void test_a_second_stop_while_it_recovers_loses_nothing_either(void **state)
{
    (void)state;
    for (uint64_t first = 2; first < 40; first += 3) {
        bool stopped = true;

        for (uint64_t n = 1; stopped; n++) {
            struct bed b;

            begin(&b, first * 100 + n);
            sim_disk_stop_at(b.disk, first, SIM_DISK_LOSE_SOME);
            commit_all(&b);
            ol_store_close(&b.s);
            sim_disk_crash(b.disk, SIM_DISK_LOSE_SOME);
            sim_disk_stop_at(b.disk, n, SIM_DISK_LOSE_SOME);
            if (open_store(&b, false) == OL_OK)
                ol_store_close(&b.s);
            stopped = sim_disk_stopped(b.disk);
            sim_disk_crash(b.disk, SIM_DISK_LOSE_SOME);
            recover(&b);
            end(&b);
        }
    }
}

/* Returns whether the fault was met. */
static bool play_fault(enum sim_disk_op op, uint64_t n, bool for_good, uint64_t seed)
{
    struct bed b;
    bool met;

    begin(&b, seed);
    sim_disk_fail_at(b.disk, op, n, for_good);
    commit_all(&b);
    ol_store_close(&b.s);
    met = sim_disk_failed(b.disk, op) > 0;
    if (open_store(&b, false) == OL_OK)
        ol_store_close(&b.s);
    sim_disk_fail_at(b.disk, op, 0, false);
    sim_disk_crash(b.disk, seed % 2 == 0 ? SIM_DISK_LOSE_SOME : SIM_DISK_LOSE_NONE);
    recover(&b);
    end(&b);
    return met;
}

static void test_after_any_failed_operation_what_was_told_is_there(void **state)
{
    static const enum sim_disk_op ops[] = {SIM_DISK_READ, SIM_DISK_WRITE, SIM_DISK_SYNC, SIM_DISK_OPEN};

    (void)state;
    for (size_t i = 0; i < COUNT(ops); i++) {
        for (int for_good = 0; for_good < 2; for_good++) {
            uint64_t n = 1;

            for (bool met = true; met; n++) {
                met = play_fault(ops[i], n, for_good, n);
                met = play_fault(ops[i], n, for_good, n + 1) || met;
            }
            assert_true(n > 2 || ops[i] == SIM_DISK_OPEN); /* everything is open already */
        }
    }
}

/* The engine makes the name of a log durable with its first sync. When that fails, nobody does whom the engine serves next. */
static void test_after_a_log_whose_first_sync_failed_what_is_told_outlives_the_machine(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 8; n++) {
        struct bed b;
        enum ol_err err;

        begin(&b, n);
        ol_store_close(&b.s);
        sim_disk_fail_at(b.disk, SIM_DISK_SYNC, n, false);
        err = open_store(&b, false);
        if (!err)
            commit_all(&b);
        ol_store_close(&b.s);
        sim_disk_fail_at(b.disk, SIM_DISK_SYNC, 0, false);
        CHECK_ERR(OL_OK, open_store(&b, false));
        b.committed = check_store(&b);
        commit_all(&b);
        assert_int_equal(BATCHES, b.committed);
        sim_disk_crash(b.disk, SIM_DISK_LOSE_ALL);
        ol_store_close(&b.s);
        recover(&b);
        end(&b);
    }
}

static void test_a_full_disk_changes_nothing_and_ends(void **state)
{
    bool full = true;

    (void)state;
    for (uint64_t left = 0; full; left += 1500) {
        struct bed b;

        begin(&b, left);
        sim_disk_fill(b.disk, left);
        commit_all(&b);
        full = sim_disk_failed(b.disk, SIM_DISK_ROOM) > 0;
        if (full)
            assert_true(b.told == OL_NO_ROOM || b.told == OL_STORE); /* STORE: the log's index cannot grow */
        assert_int_equal(b.committed, check_store(&b));
        sim_disk_empty(b.disk);
        if (b.told == OL_STORE) {
            ol_store_close(&b.s);
            recover(&b);
        } else {
            commit_all(&b);
            assert_int_equal(BATCHES, check_store(&b));
        }
        end(&b);
    }
}

/* ---- The disk itself ---- */

static void test_the_same_seed_gives_the_same_disk_after_the_same_crash(void **state)
{
    uint8_t *bytes[2];
    size_t len[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bed b;
        const char *log = "record.db-wal";

        begin(&b, 5);
        sim_disk_stop_at(b.disk, 12, SIM_DISK_LOSE_SOME);
        commit_all(&b);
        sim_disk_crash(b.disk, SIM_DISK_LOSE_SOME);
        len[i] = sim_disk_size(b.disk, log);
        assert_true(len[i] > 0);
        bytes[i] = malloc(len[i]);
        memcpy(bytes[i], sim_disk_bytes(b.disk, log), len[i]);
        end(&b);
    }
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(bytes[0], bytes[1], len[0]);
    free(bytes[0]);
    free(bytes[1]);
}

static void test_a_copied_home_goes_on_by_itself(void **state)
{
    struct bed b;
    struct bed copy = {0};

    (void)state;
    begin(&b, 6);
    CHECK_ERR(OL_OK, commit(&b, 1));
    copy = b;
    copy.s = NULL;
    copy.disk = sim_disk_new(7);
    sim_disk_path(copy.disk, "record.db", copy.path);
    sim_disk_copy(copy.disk, b.disk); /* while the store is open */
    commit_all(&b);
    CHECK_ERR(OL_OK, open_store(&copy, false));
    assert_int_equal(1, check_store(&copy));
    commit_all(&copy);
    assert_int_equal(BATCHES, check_store(&copy));
    assert_int_equal(BATCHES, check_store(&b));
    end(&copy);
    end(&b);
}

static void test_a_backup_takes_the_stores_place(void **state)
{
    struct bed b;
    char to[SIM_DISK_PATH];

    (void)state;
    begin(&b, 8);
    CHECK_ERR(OL_OK, commit(&b, 1));
    CHECK_ERR(OL_OK, commit(&b, 2));
    CHECK_ERR(OL_OK, ol_store_backup(b.s, sim_disk_path(b.disk, "backup.db", to)));
    CHECK_ERR(OL_EXISTS, ol_store_backup(b.s, to));
    commit_all(&b);
    ol_store_close(&b.s);
    assert_false(sim_disk_rename(b.disk, "other.db", "record.db"));
    assert_true(sim_disk_rename(b.disk, "backup.db", "record.db"));
    sim_disk_remove(b.disk, "record.db-wal");
    CHECK_ERR(OL_OK, open_store(&b, false));
    assert_int_equal(2, check_store(&b));
    end(&b);
}

static void test_a_bit_turned_is_turned_for_good(void **state)
{
    struct bed b;
    uint8_t before;

    (void)state;
    begin(&b, 9);
    commit_all(&b);
    ol_store_close(&b.s);
    before = sim_disk_bytes(b.disk, "record.db")[100];
    assert_true(sim_disk_flip(b.disk, "record.db", 803));
    sim_disk_crash(b.disk, SIM_DISK_LOSE_ALL);
    assert_int_equal(before ^ 8, sim_disk_bytes(b.disk, "record.db")[100]);
    assert_false(sim_disk_flip(b.disk, "record.db", (uint64_t)sim_disk_size(b.disk, "record.db") * 8));
    assert_false(sim_disk_flip(b.disk, "nothing", 0));
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_machine_that_stops_at_any_write_keeps_what_was_told),
        cmocka_unit_test(test_a_second_stop_while_it_recovers_loses_nothing_either),
        cmocka_unit_test(test_after_any_failed_operation_what_was_told_is_there),
        cmocka_unit_test(test_after_a_log_whose_first_sync_failed_what_is_told_outlives_the_machine),
        cmocka_unit_test(test_a_full_disk_changes_nothing_and_ends),
        cmocka_unit_test(test_the_same_seed_gives_the_same_disk_after_the_same_crash),
        cmocka_unit_test(test_a_copied_home_goes_on_by_itself),
        cmocka_unit_test(test_a_backup_takes_the_stores_place),
        cmocka_unit_test(test_a_bit_turned_is_turned_for_good),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
