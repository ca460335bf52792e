/* SPDX-License-Identifier: Apache-2.0 */
/* What making a home, carrying a courier key and pairing leave in memory: nothing that is secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "crypto/hash.h"
#include "search.h"
#include "station/keyring.h"
#include "station/setup.h"

#define MASK 0x3cu

static struct search search;
static uint8_t masked[32]; /* the last key drawn */
static char top[] = "/tmp/openline-paired-XXXXXX";

/* The system's randomness; what it gives is looked for. */
static void fill(void *ctx, void *out, size_t len)
{
    ol_random_system().fill(ctx, out, len);
    if (len != sizeof masked)
        return;
    search_add(&search, "what was drawn as a key", out);
    for (size_t i = 0; i < sizeof masked; i++)
        masked[i] = (uint8_t)(((uint8_t *)out)[i] ^ MASK);
}

static const struct ol_random watched = {.fill = fill};

static void home_at(char name, char out[static 64])
{
    snprintf(out, 64, "%s/%c", top, name);
}

static void make_home(char name)
{
    struct ol_setup_names names = {.party = "Party", .station = "Station", .lang = "en"};
    struct ol_card card;
    struct ol_fault fault;
    char dir[64];

    home_at(name, dir);
    assert_int_equal(ol_setup_init(dir, &names, watched, &card, &fault), OL_OK);
}

/* A pairs with B's card. Its files hold the line's keys from then on; the courier key nobody does. */
static void pair_homes(const char *psk, struct ol_setup_line *line)
{
    struct ol_home h;
    struct ol_fault fault;
    char card[80];
    char dir[64];
    struct ol_setup_pair want = {.name = "line", .card = card, .psk = psk};

    home_at('b', dir);
    snprintf(card, sizeof card, "%s/card", dir);
    home_at('a', dir);
    assert_int_equal(ol_home_open(dir, &h, &fault), OL_OK);
    assert_int_equal(ol_setup_pair(&h, &want, line, &fault), OL_OK);
    ol_home_close(&h);
}

/* What was made of the courier key, to be looked for too. */
static void remember_line_keys(const struct ol_hash *line)
{
    struct ol_courier_key key;
    struct ol_line_keys keys;

    for (size_t i = 0; i < sizeof masked; i++)
        key.b[i] = masked[i] ^ MASK;
    ol_line_keys(&key, line, &keys);
    search_add(&search, "the psk", keys.psk.b);
    search_add(&search, "A's tag key", keys.tag[0].b);
    search_add(&search, "B's tag key", keys.tag[1].b);
    search_add(&search, "the salt key", keys.salt.b);
    ol_wipe(&key, sizeof key);
    ol_wipe(&keys, sizeof keys);
}

/* The keys are where they belong: in A's file, so that what was looked for is what is in use. */
static void check_keys_file(const struct ol_hash *line)
{
    struct ol_home h;
    struct ol_keyring k;
    struct ol_fault fault;
    char dir[64];

    home_at('a', dir);
    assert_int_equal(ol_home_open(dir, &h, &fault), OL_OK);
    assert_int_equal(ol_home_keys_read(&h, &k, &fault), OL_OK);
    assert_non_null(ol_keyring_find(&k, line));
    assert_true(search_count(&search, 0) > 0);
    assert_true(search_count(&search, search.n - 1) > 0);
    ol_keyring_fini(&k);
    ol_home_close(&h);
}

static void assert_all_gone(void)
{
    for (size_t i = 0; i < search.n; i++) {
        if (search_count(&search, i) > 0)
            fail_msg("%s (%zu of %zu) stands in %zu places", search.secret[i].name, i + 1, search.n,
                     search_count(&search, i));
    }
}

static void test_after_pairing_no_secret_is_left_in_memory(void **state)
{
    struct ol_setup_line line;
    struct ol_fault fault;
    char psk[64];
    char clean[96];

    (void)state;
    assert_non_null(mkdtemp(top));
    snprintf(psk, sizeof psk, "%s/psk", top);
    make_home('a');
    make_home('b');
    assert_true(search.n >= 4);
    assert_int_equal(ol_setup_psk(psk, watched, &fault), OL_OK);
    pair_homes(psk, &line);
    assert_all_gone();
    remember_line_keys(&line.id);
    assert_all_gone();
    check_keys_file(&line.id);
    assert_all_gone();
    snprintf(clean, sizeof clean, "rm -rf %s", top);
    assert_int_equal(system(clean), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_after_pairing_no_secret_is_left_in_memory),
    };

    return ol_crypto_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
