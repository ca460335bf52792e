/* SPDX-License-Identifier: Apache-2.0 */
/* What a line, a keyring and a handshake leave in memory when they are closed: nothing that is secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../line/pair.h"
#include "crypto/hash.h"
#include "crypto/noise.h"
#include "search.h"
#include "station/keyring.h"

static struct search search;

static void assert_all_there(void)
{
    for (size_t i = 0; i < search.n; i++) {
        if (search_count(&search, i) == 0)
            fail_msg("the search does not find %s while it is in use", search.secret[i].name);
    }
}

static void assert_all_gone(void)
{
    for (size_t i = 0; i < search.n; i++) {
        size_t n = search_count(&search, i);

        if (n > 0)
            print_error("%s stands in %zu places\n", search.secret[i].name, n);
    }
    for (size_t i = 0; i < search.n; i++)
        assert_int_equal(search_count(&search, i), 0);
}

/* ---- A line ---- */

static void remember_keys(const struct pair_side *s)
{
    search_add(&search, "a signing seed", s->sk.b);
    search_add(&search, "an agreement key", s->cfg.own_dh.b);
    search_add(&search, "a psk", s->cfg.keys.psk.b);
    search_add(&search, "A's tag key", s->cfg.keys.tag[0].b);
    search_add(&search, "B's tag key", s->cfg.keys.tag[1].b);
    search_add(&search, "the salt key", s->cfg.keys.salt.b);
}

static void remember_session(const struct ol_line *l)
{
    search_add(&search, "a sending key", l->cur.tx_dir.b);
    search_add(&search, "a receiving key", l->cur.rx_dir[1].b);
    search_add(&search, "a receiving key of the next phase", l->cur.rx_dir[2].b);
    search_add(&search, "a path's sending key", l->cur.path[0].tx.b);
    search_add(&search, "a path's receiving key", l->cur.path[0].rx[1].b);
}

/* The handshake while A waits for message 2. */
static void remember_call(const struct ol_line *l)
{
    assert_true(l->calling.active && l->calling.tries > 0);
    search_add(&search, "an ephemeral key", l->calling.noise.e.b);
    search_add(&search, "a chaining key", l->calling.noise.ck.b);
}

static void forget_own_copies(struct pair_side *s)
{
    ol_wipe(&s->sk, sizeof s->sk);
    ol_wipe(&s->cfg, sizeof s->cfg);
}

static void test_a_closed_line_leaves_no_secret_in_memory(void **state)
{
    struct pair *p = malloc(sizeof *p);

    (void)state;
    search.n = 0;
    pair_init(p, 2, 21);
    search_scrub_stack(); /* of what the test itself drew there */
    for (unsigned i = 0; i < 2; i++)
        remember_keys(&p->side[i]);
    p->cut[0] = p->cut[1] = true;
    pair_start(p, 0);
    pair_start(p, 1);
    ol_line_tick(&p->side[0].line, p->now);
    remember_call(&p->side[0].line);
    assert_all_there();
    p->cut[0] = p->cut[1] = false;
    pair_run(p, 10000);
    for (unsigned i = 0; i < 2; i++) {
        pair_send(p, i, OL_FLASH, "one");
        pair_send(p, i, OL_ROUTINE, "two");
    }
    pair_run(p, 5000);
    assert_true(pair_agree(p));
    search.n -= 2; /* the call has ended: its keys are gone already */
    assert_int_equal(search_count(&search, search.n), 0);
    assert_int_equal(search_count(&search, search.n + 1), 0);
    search.n += 2;
    for (unsigned i = 0; i < 2; i++)
        remember_session(&p->side[i].line);
    for (unsigned i = 0; i < 2; i++) {
        pair_kill(p, i);
        forget_own_copies(&p->side[i]);
    }
    assert_all_gone();
    pair_free(p);
    free(p);
}

/* ---- A keyring ---- */

static uint8_t text[4096];

static void test_a_closed_keyring_leaves_no_secret_in_memory(void **state)
{
    struct ol_keyring k;
    struct ol_keyring again;
    struct ol_courier_key key;
    struct ol_line_keys keys;
    struct ol_hash line = {{5}};
    struct ol_wr w = ol_wr_to(text, sizeof text);
    size_t bad;

    (void)state;
    search.n = 0;
    ol_keyring_init(&k, ol_random_system());
    ol_random_system().fill(NULL, key.b, sizeof key.b);
    ol_line_keys(&key, &line, &keys);
    search_add(&search, "the courier key", key.b);
    search_add(&search, "the signing seed", k.sign.b);
    search_add(&search, "the agreement key", k.agree.b);
    search_add(&search, "the psk", keys.psk.b);
    search_add(&search, "the salt key", keys.salt.b);
    for (uint8_t i = 0; i < 20; i++) { /* so that it has to grow */
        line.b[1] = i;
        assert_int_equal(ol_keyring_put(&k, &line, &keys), OL_OK);
    }
    ol_wipe(&key, sizeof key);
    ol_wipe(&keys, sizeof keys);
    line.b[1] = 3;
    assert_non_null(ol_keyring_find(&k, &line));
    for (size_t i = 1; i < search.n; i++)
        assert_true(search_count(&search, i) > 0);
    k.n = 4;
    ol_keyring_write(&k, &w);
    assert_false(w.full);
    assert_int_equal(ol_keyring_read(ol_wr_span(&w), &again, &bad), OL_OK);
    ol_wipe(text, sizeof text);
    k.n = 20;
    ol_keyring_fini(&again);
    ol_keyring_fini(&k);
    assert_all_gone();
}

/* The search itself: what is not wiped is found, on the heap and on the stack. */
static void test_a_secret_that_is_left_behind_is_found(void **state)
{
    uint8_t *heap = malloc(32);
    volatile uint8_t stack[32];

    (void)state;
    search.n = 0;
    for (unsigned i = 0; i < 32; i++)
        heap[i] = (uint8_t)(i * 37 + 11);
    search_add(&search, "a planted one", heap);
    assert_int_equal(search_count(&search, 0), 1);
    for (unsigned i = 0; i < 32; i++)
        stack[i] = heap[i];
    assert_int_equal(search_count(&search, 0), 2);
    for (unsigned i = 0; i < 32; i++)
        stack[i] = heap[i] = 0;
    assert_int_equal(search_count(&search, 0), 0);
    assert_int_equal(stack[5], heap[5]);
    free(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_secret_that_is_left_behind_is_found),
        cmocka_unit_test(test_a_closed_line_leaves_no_secret_in_memory),
        cmocka_unit_test(test_a_closed_keyring_leaves_no_secret_in_memory),
    };

    return ol_crypto_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
