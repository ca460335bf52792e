/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two stations, a message from one, taken, read back and confirmed by the other. Of all
 * that the store asks of its disk, of the heap and of its library the n-th fails, once or
 * for good, for n = 1, 2, 3 ... until the dialogue meets no failure any more. Whatever
 * fails: nobody crashes or waits for ever, what was told is true, and once the fault is
 * gone everything arrives, once.
 *
 * OPENLINE_LOOP_STEP: only every so manieth n; 1 tries them all.
 */
#include "bed.h"

#include <stdlib.h>

#include "hooks.h"

#define FAULTY (20 * SIM_SECOND)  /* so long a fault that is for good lasts */
#define BOUND (600 * SIM_SECOND)  /* then everything has arrived */
#define TEXT "Fuel for two ships."

/* What fails. The first four are of A's disk or of B's, the others of both. */
static const struct sort {
    const char *name;
    int op;   /* -1: a hook */
    int hook;
} sorts[] = {
    {"read", SIM_DISK_READ, 0},   {"write", SIM_DISK_WRITE, 0},         {"sync", SIM_DISK_SYNC, 0},
    {"open", SIM_DISK_OPEN, 0},   {"allocation", -1, HOOK_ALLOC},       {"call", -1, HOOK_CALL},
};

struct loop {
    struct sim *s;
    const struct sort *sort;
    unsigned victim;
    sim_us look_at; /* when a station that ended is started again */
};

static void arm(struct loop *l, uint64_t n, bool for_good)
{
    if (l->sort->op >= 0)
        sim_disk_fail_at(l->s->party[l->victim].disk, (enum sim_disk_op)l->sort->op, n, for_good);
    else
        hook_fail_at((enum hook)l->sort->hook, n, for_good);
}

static uint64_t met(const struct loop *l)
{
    return l->sort->op >= 0 ? sim_disk_failed(l->s->party[l->victim].disk, (enum sim_disk_op)l->sort->op)
                            : hook_failed((enum hook)l->sort->hook);
}

/* ---- What people do: whatever is still to be done, again if it was not accepted ---- */

struct found {
    uint32_t seq;
    unsigned times;
};

static bool find_text(void *ctx, const struct ol_row *row)
{
    struct found *f = ctx;
    struct ol_message m;

    if (ol_message_read(row->body, &m) == OL_OK && ol_span_equal(m.text, ol_span(TEXT, strlen(TEXT)))) {
        f->seq = row->h.seq;
        f->times++;
    }
    return true;
}

/* The message as this station has it on record; false: the store cannot say. */
static bool look(struct sim_party *p, struct found *f, struct ol_dialogue *d)
{
    *f = (struct found){0};
    if (!p->running || ol_store_scan_kind(p->store, p->info.number, 'A', OL_KIND_MESSAGE, 1, find_text, f))
        return false;
    return f->times == 0 || sim_people_dialogue(p->store, p->info.number, 'A', f->seq, d) == OL_OK;
}

static bool asked(const struct sim_party *p, uint8_t kind)
{
    for (size_t i = 0; i < p->text_n; i++) {
        if (p->text[i].kind == kind && !p->text[i].gone)
            return true;
    }
    return false;
}

static void write_once(struct sim_party *p, uint8_t kind, struct ol_span body)
{
    if (!asked(p, kind))
        (void)sim_people_write(p, kind, OL_FLASH << 6, body);
}

static void act(struct sim_party *p, const struct found *f, uint8_t kind, uint32_t about, const char *text)
{
    uint8_t body[128];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_act_write(&(struct ol_act){.kind = kind, .message = f->seq, .about = about, .text = ol_span(text, strlen(text))},
                 &w);
    write_once(p, kind, ol_wr_span(&w));
}

static void people(struct sim *s)
{
    uint8_t body[128];
    struct ol_wr w = ol_wr_to(body, sizeof body);
    struct ol_dialogue d = {0};
    struct found f;

    ol_message_write(&(struct ol_message){.text = ol_span(TEXT, strlen(TEXT))}, &w);
    /* Whoever was not told looks first: on the record, and at what waits. */
    if (look(&s->party[0], &f, &d) && f.times == 0 && s->party[0].outbox_n == 0)
        write_once(&s->party[0], OL_KIND_MESSAGE, ol_wr_span(&w));
    if (look(&s->party[1], &f, &d) && f.times > 0 && d.state == OL_DELIVERED)
        act(&s->party[1], &f, OL_KIND_TAKE, 0, "");
    else if (f.times > 0 && d.state == OL_TAKEN)
        act(&s->party[1], &f, OL_KIND_READBACK, d.version, "two ships, fuel");
    if (look(&s->party[0], &f, &d) && f.times > 0 && d.state == OL_READ_BACK)
        act(&s->party[0], &f, OL_KIND_CONFIRM, d.readback, "");
}

static bool is_done(struct sim *s)
{
    for (unsigned i = 0; i < 2; i++) {
        struct ol_dialogue d = {0};
        struct found f;

        if (!look(&s->party[i], &f, &d) || f.times == 0 || d.state != OL_CONFIRMED)
            return false;
    }
    return sim_check_at_rest(s);
}

/* A supervisor's work. */
static void start_again(struct loop *l)
{
    (void)bed_start(l->s);
    l->look_at = l->s->world.now + SIM_SECOND;
}

/* Until the dialogue is over, or this moment. */
static bool run(struct loop *l, sim_us until)
{
    struct sim *s = l->s;
    uint64_t steps = 0;

    for (;;) {
        if (s->world.now >= l->look_at)
            start_again(l);
        people(s);
        if (is_done(s))
            return true;
        if (s->world.now >= until || s->check.failed)
            return false;
        assert_true(++steps < 1000000);
        (void)sim_world_step(&s->world, l->look_at < until ? l->look_at : until);
    }
}

/* ---- What was told is true ---- */

static void check_told(struct loop *l)
{
    for (unsigned i = 0; i < 2; i++) {
        struct sim_party *p = &l->s->party[i];
        struct ol_dialogue d;
        struct found f;

        assert_true(look(p, &f, &d));
        assert_int_equal(1, f.times);
        for (size_t t = 0; t < p->text_n; t++) {
            struct ol_row row;

            if (!p->text[t].delivered)
                continue;
            for (unsigned at = 0; at < 2; at++)
                CHECK_ERR(OL_OK, ol_store_row(l->s->party[at].store, p->info.number, p->side, p->text[t].seq, &row));
        }
    }
    sim_check_rest(l->s);
}

/* One dialogue with this failure; whether it was met. */
static bool try(struct loop *l, uint64_t n, bool for_good)
{
    bool was_met;
    bool done;

    l->s = bed_new(7);
    l->look_at = 0;
    arm(l, n, for_good);
    done = run(l, l->s->world.now + FAULTY);
    was_met = met(l) > 0;
    arm(l, 0, false);
    done = done || run(l, l->s->world.now + BOUND);
    if (!done || l->s->check.failed)
        print_error("%s %llu of %s fails %s: %s\n", l->sort->name, (unsigned long long)n, l->victim == 0 ? "A" : "B",
                    for_good ? "for good" : "once", l->s->check.failed ? l->s->check.why : "not at rest");
    assert_true(done && !l->s->check.failed);
    check_told(l);
    assert_false(l->s->check.failed);
    bed_free(l->s);
    return was_met;
}

static uint64_t stride(void)
{
    const char *text = getenv("OPENLINE_LOOP_STEP");
    unsigned long n = text != NULL ? strtoul(text, NULL, 10) : 0;

    return n > 0 ? n : 29;
}

static void loop_over(const struct sort *sort)
{
    uint64_t tried = 0;

    for (unsigned victim = 0; victim < (sort->op >= 0 ? 2u : 1u); victim++) {
        for (int for_good = 0; for_good < 2; for_good++) {
            struct loop l = {.sort = sort, .victim = victim};
            uint64_t n = 1;

            for (; try(&l, n, for_good); n += n < 20 ? 1 : stride())
                tried++;
            assert_true(n > 3);
        }
    }
    print_message("%s: %llu failures tried\n", sort->name, (unsigned long long)tried);
}

static void test_any_read_may_fail(void **state)
{
    (void)state;
    loop_over(&sorts[0]);
}

static void test_any_write_may_fail(void **state)
{
    (void)state;
    loop_over(&sorts[1]);
}

static void test_any_sync_may_fail(void **state)
{
    (void)state;
    loop_over(&sorts[2]);
}

static void test_any_open_may_fail(void **state)
{
    (void)state;
    loop_over(&sorts[3]);
}

static void test_any_allocation_of_the_store_may_fail(void **state)
{
    (void)state;
    loop_over(&sorts[4]);
}

static void test_any_call_of_the_engine_may_fail(void **state)
{
    (void)state;
    loop_over(&sorts[5]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_read_may_fail),
        cmocka_unit_test(test_any_write_may_fail),
        cmocka_unit_test(test_any_sync_may_fail),
        cmocka_unit_test(test_any_open_may_fail),
        cmocka_unit_test(test_any_allocation_of_the_store_may_fail),
        cmocka_unit_test(test_any_call_of_the_engine_may_fail),
    };

    hooks_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
