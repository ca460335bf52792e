/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bit that turns over on the disk of a station. For every bit of its record: the record
 * reads the same, or the damage is found before anything of it is served, and repaired from
 * the other side.
 *
 * OPENLINE_FLIP_STEP: where each bit is an opening of the store, only every so manieth; 1 tries
 * them all.
 */
#include "bed.h"

#include <stdlib.h>

#include "crypto/hash.h"
#include "store/salvage.h"
#include "store/sum.h"

#define MESSAGES 30
#define ROWS_MAX 400
#define RECORD_LOG SIM_RECORD "-wal"

/* What a station's store holds. */
struct kept {
    struct {
        uint8_t author;
        uint32_t seq;
        struct ol_hash hash;
        struct ol_hash body;
        uint8_t marks;
        uint32_t stored_at;
    } row[ROWS_MAX];
    size_t n;
};

static bool keep(void *ctx, const struct ol_row *row)
{
    struct kept *k = ctx;

    assert_true(k->n < ROWS_MAX);
    k->row[k->n].author = row->h.author;
    k->row[k->n].seq = row->h.seq;
    k->row[k->n].hash = row->hash;
    k->row[k->n].marks = row->marks;
    k->row[k->n].stored_at = row->stored_at;
    ol_sha256(&row->body, 1, &k->row[k->n].body);
    k->n++;
    return true;
}

static enum ol_err read_all(struct ol_store *s, int64_t line, struct kept *k)
{
    enum ol_err err;

    k->n = 0;
    err = ol_store_scan(s, line, 'A', 1, keep, k);
    return err ? err : ol_store_scan(s, line, 'B', 1, keep, k);
}

/* Two homes at rest, to begin from again and again. */
struct world {
    struct sim *s;
    struct sim_disk *home[2];
    struct kept before[2];
    uint32_t waiting; /* A's last text, which B has not; 0: there is none */
};

static void open_home(const struct sim_party *p, struct ol_store **out)
{
    char path[SIM_DISK_PATH];
    struct ol_store_cfg cfg = {.path = sim_disk_path(p->disk, SIM_RECORD, path), .no_thread = true,
                               .views = &ol_dialogue_views};

    CHECK_ERR(OL_OK, ol_store_open(&cfg, out, NULL));
}

static bool is_over(struct sim *s)
{
    return sim_check_at_rest(s);
}

static bool never(struct sim *s)
{
    (void)s;
    return false;
}

static void talk(struct sim *s)
{
    static char text[9000];

    for (unsigned i = 0; i < MESSAGES; i++) {
        memset(text, 'a' + (int)i % 26, sizeof text);
        snprintf(text + (i % 7 == 3 ? 8000 : 20 + 10 * i), 40, " number %u", i);
        bed_say(s, i % 2, i % 5 == 0 ? OL_FLASH : OL_ROUTINE, text);
        if (i % 3 == 0)
            assert_true(bed_run(s, s->world.now + 60 * SIM_SECOND, is_over));
        (void)sim_people_act(&s->party[(i + 1) % 2], &s->people);
    }
    assert_true(bed_run(s, s->world.now + 60 * SIM_SECOND, is_over));
}

/* Both stop; cleanly: the log has gone into the record. */
static void stop(struct world *w, bool cleanly)
{
    for (unsigned i = 0; i < 2; i++) {
        struct sim_party *p = &w->s->party[i];
        struct ol_store *store;

        sim_party_kill(p, true);
        if (cleanly) {
            open_home(p, &store);
            CHECK_ERR(OL_OK, read_all(store, p->info.number, &w->before[i]));
            ol_store_close(&store);
        }
        w->home[i] = sim_disk_new(i);
        sim_disk_copy(w->home[i], p->disk);
    }
}

static void begin(struct world *w, bool last_one_waits, bool cleanly)
{
    *w = (struct world){.s = bed_new(11)};
    sim_rng_init(&w->s->people, 11, "people");
    assert_true(bed_start(w->s));
    talk(w->s);
    if (last_one_waits) {
        sim_party_kill(&w->s->party[1], true);
        bed_say(w->s, 0, OL_ROUTINE, "The last one.");
        (void)bed_run(w->s, w->s->world.now + SIM_SECOND, never);
        w->waiting = w->s->party[0].text[w->s->party[0].text_n - 1].seq;
        assert_true(w->waiting > 0);
    }
    stop(w, cleanly);
}

static void end(struct world *w)
{
    bed_free(w->s);
    for (unsigned i = 0; i < 2; i++)
        sim_disk_free(w->home[i]);
}

static void go_back(struct world *w)
{
    for (unsigned i = 0; i < 2; i++) {
        sim_party_kill(&w->s->party[i], true);
        sim_disk_copy(w->s->party[i].disk, w->home[i]);
    }
    sim_check_fini(&w->s->check); /* it knows of numbers that were used since */
    sim_check_init(&w->s->check, w->s);
}

static uint64_t stride(uint64_t otherwise)
{
    const char *text = getenv("OPENLINE_FLIP_STEP");
    unsigned long n = text != NULL ? strtoul(text, NULL, 10) : 0;

    return n > 0 ? n : otherwise;
}

/* ---- Found ---- */

static void test_every_bit_of_a_record_is_covered_by_a_sum(void **state)
{
    struct world w;
    uint64_t bits;

    (void)state;
    begin(&w, false, true);
    bits = (uint64_t)sim_disk_size(w.home[0], SIM_RECORD) * 8;
    assert_true(bits / 8 > 20 * OL_PAGE && bits / 8 % OL_PAGE == 0);
    for (uint64_t bit = 0; bit < bits; bit++) {
        const uint8_t *bytes = sim_disk_bytes(w.home[0], SIM_RECORD);
        uint32_t page = (uint32_t)(bit / 8 / OL_PAGE);

        assert_true(bit % 8 != 0 || bit / 8 % OL_PAGE != 0 || ol_page_is_whole(bytes + (size_t)page * OL_PAGE, page + 1));
        assert_true(sim_disk_flip(w.home[0], SIM_RECORD, bit));
        assert_false(ol_page_is_whole(bytes + (size_t)page * OL_PAGE, page + 1));
        assert_true(sim_disk_flip(w.home[0], SIM_RECORD, bit));
    }
    print_message("%llu bits\n", (unsigned long long)bits);
    end(&w);
}

static void same_rows(const struct kept *a, const struct kept *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->row, b->row, a->n * sizeof a->row[0]);
}

static void test_what_a_disk_has_changed_is_never_served(void **state)
{
    static struct kept now;
    struct world w;
    uint64_t bits;
    uint64_t same = 0;
    uint64_t tried = 0;

    (void)state;
    begin(&w, false, true);
    bits = (uint64_t)sim_disk_size(w.home[0], SIM_RECORD) * 8;
    for (uint64_t bit = 0; bit < bits; bit += stride(701), tried++) {
        struct sim_party *p = &w.s->party[0];
        struct ol_store *store = NULL;
        struct ol_damage damage;
        char path[SIM_DISK_PATH];
        struct ol_store_cfg cfg = {.path = sim_disk_path(p->disk, SIM_RECORD, path), .no_thread = true,
                                   .views = &ol_dialogue_views};

        sim_disk_copy(p->disk, w.home[0]);
        assert_true(sim_disk_flip(p->disk, SIM_RECORD, bit));
        CHECK_ERR(OL_OK, ol_store_damage(path, &damage));
        assert_int_equal(1, damage.damaged);
        if (ol_store_open(&cfg, &store, NULL) == OL_OK && read_all(store, p->info.number, &now) == OL_OK) {
            same_rows(&w.before[0], &now);
            same++;
        }
        ol_store_close(&store);
    }
    print_message("%llu bits tried, of %llu; on a page that was not needed: %llu\n", (unsigned long long)tried,
                  (unsigned long long)bits, (unsigned long long)same);
    assert_true(same > 0 && same < tried);
    end(&w);
}

/* ---- Repaired ---- */

/* Every row there was, but what only the damaged disk had; the other side's record untouched. */
static void check_healed(const struct world *w, unsigned damaged, bool may_lose_waiting)
{
    static struct kept now;

    for (unsigned i = 0; i < 2; i++) {
        const struct sim_party *p = &w->s->party[i];

        CHECK_ERR(OL_OK, read_all(p->store, p->info.number, &now));
        for (size_t n = 0; n < w->before[damaged].n; n++) {
            size_t at = 0;
            bool waits = w->before[damaged].row[n].author == 'A' && w->before[damaged].row[n].seq >= w->waiting &&
                         w->waiting > 0;

            while (at < now.n && !ol_hash_equal(&now.row[at].hash, &w->before[damaged].row[n].hash))
                at++;
            assert_true(at < now.n || (waits && may_lose_waiting));
            if (at < now.n)
                assert_memory_equal(&now.row[at].body, &w->before[damaged].row[n].body, sizeof now.row[at].body);
        }
    }
}

static void repair_page(struct world *w, unsigned damaged, uint32_t page, uint64_t bit)
{
    struct sim_party *p = &w->s->party[damaged];

    go_back(w);
    p->damaged = true;
    assert_true(sim_disk_flip(p->disk, SIM_RECORD, (uint64_t)(page - 1) * OL_PAGE * 8 + bit));
    assert_true(bed_start(w->s));
    assert_true(sim_disk_size(p->disk, "damaged-1.db") > 0);
    if (!bed_run(w->s, w->s->world.now + 600 * SIM_SECOND, is_over))
        fail_msg("page %u, bit %u: %s", page, (unsigned)bit, w->s->check.failed ? w->s->check.why : "not at rest");
    check_healed(w, damaged, damaged == 0);
    assert_false(w->s->check.failed);
}

static void test_any_damaged_page_is_repaired_from_the_other_side(void **state)
{
    struct world w;
    uint32_t pages;

    (void)state;
    for (unsigned damaged = 0; damaged < 2; damaged++) {
        begin(&w, damaged == 0, true);
        pages = (uint32_t)(sim_disk_size(w.home[damaged], SIM_RECORD) / OL_PAGE);
        for (uint32_t page = 1; page <= pages; page++)
            repair_page(&w, damaged, page, (page * UINT64_C(7919)) % (OL_PAGE * 8));
        print_message("%u pages of %s\n", pages, w.s->party[damaged].name);
        end(&w);
    }
}

/* What the store has in its log alone, from the changed bit on, is lost without anybody being told: as if it had been set
 * back, and the line mends that. */
static void test_what_a_disk_has_changed_in_the_log_comes_back_from_the_other_side(void **state)
{
    struct world w;
    uint64_t bits;
    uint64_t tried = 0;

    (void)state;
    begin(&w, false, false);
    for (unsigned i = 0; i < 2; i++) {
        struct ol_store *store;

        open_home(&w.s->party[i], &store);
        CHECK_ERR(OL_OK, read_all(store, w.s->party[i].info.number, &w.before[i]));
        ol_store_close(&store);
    }
    bits = (uint64_t)sim_disk_size(w.home[0], RECORD_LOG) * 8;
    assert_true(bits > OL_PAGE * 8);
    for (uint64_t bit = 0; bit < bits; bit += stride(bits / 97), tried++) {
        go_back(&w);
        w.s->party[0].rolled_back = w.s->party[0].untold = true;
        assert_true(sim_disk_flip(w.s->party[0].disk, RECORD_LOG, bit));
        assert_true(bed_start(w.s));
        if (!bed_run(w.s, w.s->world.now + 600 * SIM_SECOND, is_over))
            fail_msg("bit %u of the log: %s", (unsigned)bit, w.s->check.failed ? w.s->check.why : "not at rest");
        check_healed(&w, 0, false);
        assert_false(w.s->check.failed);
    }
    print_message("%llu bits tried, of %llu\n", (unsigned long long)tried, (unsigned long long)bits);
    end(&w);
}

/* The machine stops at the n-th write of a start that repairs; the next start ends it. True when it stopped. */
static bool interrupt(struct world *w, uint64_t n, bool to_the_end)
{
    struct sim_party *p = &w->s->party[0];
    bool stopped;

    go_back(w);
    p->damaged = true;
    assert_true(sim_disk_flip(p->disk, SIM_RECORD, (uint64_t)9 * OL_PAGE * 8 + n));
    sim_disk_stop_at(p->disk, n, SIM_DISK_LOSE_SOME);
    (void)sim_party_start(p);
    stopped = sim_disk_stopped(p->disk);
    sim_party_kill(p, true);
    if (stopped)
        (void)sim_disk_crash(p->disk, SIM_DISK_LOSE_SOME);
    sim_disk_heal(p->disk);
    assert_true(bed_start(w->s));
    assert_true(sim_disk_size(p->disk, "damaged-1.db") > 0);
    assert_int_equal(0, sim_disk_size(p->disk, "record.mend"));
    if (!stopped || to_the_end) {
        assert_true(bed_run(w->s, w->s->world.now + 600 * SIM_SECOND, is_over));
        check_healed(w, 0, false);
    }
    return stopped;
}

static void test_a_repair_that_was_interrupted_is_ended_at_the_next_start(void **state)
{
    struct world w;
    uint64_t n = 1;

    (void)state;
    begin(&w, false, true);
    while (interrupt(&w, n, n % 16 == 0))
        n++;
    print_message("%llu points\n", (unsigned long long)n);
    assert_true(n > 100);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_bit_of_a_record_is_covered_by_a_sum),
        cmocka_unit_test(test_what_a_disk_has_changed_is_never_served),
        cmocka_unit_test(test_any_damaged_page_is_repaired_from_the_other_side),
        cmocka_unit_test(test_what_a_disk_has_changed_in_the_log_comes_back_from_the_other_side),
        cmocka_unit_test(test_a_repair_that_was_interrupted_is_ended_at_the_next_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
