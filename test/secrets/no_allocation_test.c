/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pure core allocates nothing once a line stands in its owner's memory: every allocation
 * made while one of the line's verbs runs is counted (ld --wrap of the verbs, this program's
 * own malloc in front of the library's), through handshakes, texts, losses, a start after a
 * loss, a told restore and garbage.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../line/pair.h"

static volatile bool inside;          /* a verb of the line runs */
static volatile unsigned allocations; /* while one did */
static unsigned verbs;       /* calls */

/* glibc's own, behind the names that may be replaced. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);
int posix_memalign(void **out, size_t alignment, size_t size);

void *malloc(size_t size)
{
    allocations = allocations + inside;
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    allocations = allocations + inside;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    allocations = allocations + inside;
    return __libc_realloc(p, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    allocations = allocations + inside;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    allocations = allocations + inside;
    *out = __libc_memalign(alignment, size);
    return *out == NULL ? ENOMEM : 0;
}

void free(void *p)
{
    allocations = allocations + inside;
    __libc_free(p);
}

static void enter(void)
{
    assert_false(inside);
    inside = true;
    verbs++;
}

/* The verbs, each with its own in front. */
#define VERB(ret, name, params, args)         \
    ret __real_##name params;                 \
    ret __wrap_##name params;                 \
    ret __wrap_##name params                  \
    {                                         \
        ret result;                           \
                                              \
        enter();                              \
        result = __real_##name args;          \
        inside = false;                       \
        return result;                        \
    }
#define VERB_VOID(name, params, args)         \
    void __real_##name params;                \
    void __wrap_##name params;                \
    void __wrap_##name params                 \
    {                                         \
        enter();                              \
        __real_##name args;                   \
        inside = false;                       \
    }

VERB_VOID(ol_line_init, (struct ol_line *l, const struct ol_line_cfg *cfg, struct ol_now now), (l, cfg, now))
VERB_VOID(ol_line_fini, (struct ol_line *l), (l))
VERB(enum ol_err, ol_line_load, (struct ol_line *l, const struct ol_row *row), (l, row))
VERB(enum ol_err, ol_line_loaded, (struct ol_line *l, size_t outbox_n), (l, outbox_n))
VERB(enum ol_err, ol_line_input, (struct ol_line *l, uint8_t path, uint16_t conn, struct ol_span in, struct ol_now now),
     (l, path, conn, in, now))
VERB(enum ol_err, ol_line_write, (struct ol_line *l, uint8_t kind, uint8_t flags, struct ol_span body, uint64_t token,
     struct ol_now now), (l, kind, flags, body, token, now))
VERB_VOID(ol_line_committed, (struct ol_line *l, uint64_t batch, enum ol_err err, struct ol_now now),
          (l, batch, err, now))
VERB_VOID(ol_line_tick, (struct ol_line *l, struct ol_now now), (l, now))
VERB(bool, ol_line_next, (struct ol_line *l, struct ol_out *out), (l, out))

static struct pair *p;

static int setup(void **state)
{
    (void)state;
    allocations = verbs = 0;
    p = malloc(sizeof *p);
    pair_init(p, 2, 31);
    pair_start(p, 0);
    pair_start(p, 1);
    pair_run(p, 3000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pair_free(p);
    free(p);
    return 0;
}

static void test_handshakes_texts_and_receipts_allocate_nothing(void **state)
{
    static char longest[30001];

    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    for (unsigned i = 0; i < 200; i++) {
        pair_send(p, i % 2, (enum ol_precedence)(i % 4), "a text");
        if (i % 50 == 0)
            pair_send(p, i % 2, OL_ROUTINE, longest);
        pair_run(p, 100);
    }
    pair_run(p, 60000);
    assert_true(pair_agree(p));
    assert_true(verbs > 1000);
    assert_int_equal(allocations, 0);
}

static void test_losses_damage_and_garbage_allocate_nothing(void **state)
{
    uint8_t garbage[OL_FRAME_MAX];

    (void)state;
    p->drop_percent = p->flip_percent = p->double_percent = 20;
    for (unsigned i = 0; i < 50; i++) {
        pair_send(p, i % 2, (enum ol_precedence)(i % 4), "a text");
        pair_run(p, 1000);
        for (size_t n = 0; n < sizeof garbage; n++)
            garbage[n] = (uint8_t)pair_random(p);
        garbage[0] = (uint8_t)(0x10 << i % 3);
        (void)ol_line_input(&p->side[i % 2].line, 0, 1, ol_span(garbage, 1 + pair_random(p) % sizeof garbage), p->now);
    }
    p->drop_percent = p->flip_percent = p->double_percent = 0;
    pair_run(p, 600000);
    assert_true(pair_agree(p));
    assert_int_equal(allocations, 0);
}

static void test_recovery_and_resume_allocate_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        pair_send(p, 0, OL_ROUTINE, "a text");
        pair_run(p, 500);
    }
    pair_kill(p, 0);
    pair_forget(p, 0, 0, 4);
    pair_start(p, 0);
    pair_run(p, 60000);
    assert_int_equal(p->side[0].line.signing, OL_SIGN_READY);
    pair_kill(p, 1);
    p->side[1].restored = true;
    pair_start(p, 1);
    pair_run(p, 60000);
    assert_true(p->side[1].line.own_durable > 1u << 24);
    assert_true(pair_agree(p));
    assert_int_equal(allocations, 0);
}

/* The count itself. */
static void test_an_allocation_inside_a_verb_is_counted(void **state)
{
    void *volatile q;

    (void)state;
    inside = true;
    q = malloc(1);
    free(q);
    inside = false;
    assert_int_equal(allocations, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_allocation_inside_a_verb_is_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_handshakes_texts_and_receipts_allocate_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_losses_damage_and_garbage_allocate_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_recovery_and_resume_allocate_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
