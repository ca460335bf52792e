/* SPDX-License-Identifier: Apache-2.0 */
/* A station killed while it commits: what it was told is there, and batches are whole. */
#include "bed.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS 20
#define ROWS_MAX 9u

/* What tells each row of which batch it is, and of how many: time holds the first seq, stored_at the
 * number. */
static size_t make_batch(struct bed *b, uint32_t from, struct ol_put puts[static ROWS_MAX])
{
    size_t n = 1 + rnd(&b->seed) % ROWS_MAX;

    for (uint32_t i = 0; i < n; i++) {
        struct ol_row row = bed_row(b, 'A', from + i);

        row.h.time = from;
        row.stored_at = (uint32_t)n;
        puts[i] = bed_put(&row);
    }
    return n;
}

struct writer {
    struct bed b;
    int64_t lines[2];
    uint32_t next[2];
    struct ol_put puts[2][ROWS_MAX];
    int told; /* a pipe */
};

static void commit_next(struct writer *w, size_t which);

struct ack {
    uint8_t line;
    uint32_t last;
};

static void told(void *ctx, uint64_t id, enum ol_err err)
{
    struct writer *w = ctx;
    size_t which = id % 2;
    struct ack ack = {.line = (uint8_t)which, .last = (uint32_t)(id / 2)};

    if (err || write(w->told, &ack, sizeof ack) != sizeof ack)
        _exit(2);
    commit_next(w, which);
}

static void commit_next(struct writer *w, size_t which)
{
    size_t n = make_batch(&w->b, w->next[which], w->puts[which]);
    struct ol_batch batch = {.puts = w->puts[which], .n = n};

    w->next[which] += (uint32_t)n;
    batch.id = (uint64_t)(w->next[which] - 1) * 2 + which;
    ol_store_commit(w->b.s, w->lines[which], &batch, told, w);
}

/* In the child: commits to two lines at once until it is killed. */
static void write_for_ever(struct writer *w)
{
    struct ol_store_cfg cfg = {.path = w->b.path};
    struct pollfd p;

    if (ol_store_open(&cfg, &w->b.s, NULL) != OL_OK)
        _exit(3);
    p = (struct pollfd){.fd = ol_store_fd(w->b.s), .events = POLLIN};
    commit_next(w, 0);
    commit_next(w, 1);
    while (poll(&p, 1, -1) == 1)
        ol_store_poll(w->b.s);
    _exit(4);
}

struct chain {
    uint32_t next;
    uint32_t first; /* of the batch */
    uint32_t left;  /* rows of it still to come */
};

static bool follow(void *ctx, const struct ol_row *row)
{
    struct chain *c = ctx;

    assert_int_equal(c->next, row->h.seq);
    if (c->left == 0) {
        c->first = row->h.seq;
        c->left = row->stored_at;
    }
    assert_int_equal(c->first, row->h.time);
    c->left--;
    c->next++;
    return true;
}

/* Numbers without a gap, whole batches, at least up to what was told. */
static uint32_t check_stream(struct ol_store *s, int64_t line, uint32_t acked)
{
    struct chain c = {.next = 1};

    CHECK_ERR(OL_OK, ol_store_scan(s, line, 'A', 1, follow, &c));
    assert_int_equal(0, c.left);
    assert_true(c.next > acked);
    return c.next;
}

/* Kills the child after so many outcomes and a little more; the last seq told of each line. */
static void kill_after(pid_t child, int fd, uint64_t outcomes, uint64_t spin, uint32_t acked[2])
{
    struct ack ack;
    int status;

    for (uint64_t i = 0; i < outcomes; i++) {
        assert_int_equal(sizeof ack, read(fd, &ack, sizeof ack));
        acked[ack.line] = ack.last;
    }
    for (volatile uint64_t i = 0; i < spin; i++)
        ;
    assert_int_equal(0, kill(child, SIGKILL));
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_true(WIFSIGNALED(status));
    while (read(fd, &ack, sizeof ack) == sizeof ack)
        acked[ack.line] = ack.last;
    close(fd);
}

static void test_what_was_told_survives_a_kill_and_batches_are_whole(void **state)
{
    struct bed *b = *state;
    struct writer w = {.lines = {b->line, bed_add_line(b, "beta")}, .next = {1, 1}};
    struct ol_store_cfg reading = {.path = b->path, .read_only = true};
    uint32_t acked[2] = {0, 0};

    for (int i = 0; i < KILLS; i++) {
        int ends[2];
        pid_t child;

        ol_store_close(&b->s); /* no engine crosses the fork */
        assert_int_equal(0, pipe(ends));
        w.b = *b;
        w.b.seed = rnd(&b->seed);
        w.told = ends[1];
        child = fork();
        assert_true(child >= 0);
        if (child == 0)
            write_for_ever(&w);
        close(ends[1]);
        kill_after(child, ends[0], rnd(&b->seed) % 300, rnd(&b->seed) % 1000000, acked);

        CHECK_ERR(OL_OK, ol_store_open(&reading, &b->s, NULL)); /* a reader first, beside nobody */
        for (size_t l = 0; l < 2; l++)
            w.next[l] = check_stream(b->s, w.lines[l], acked[l]);
        bed_reopen(b);
        for (size_t l = 0; l < 2; l++)
            assert_int_equal(w.next[l], check_stream(b->s, w.lines[l], acked[l]));
    }
    assert_true(acked[0] + acked[1] > KILLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_told_survives_a_kill_and_batches_are_whole,
                                        bed_setup, bed_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
