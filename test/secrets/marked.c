/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two lines with every secret marked as undefined for valgrind's memcheck, which then
 * reports each branch and each address that depends on one. Run by constant_time_test.py,
 * which fails on any report; with the name of a planted leak, which fails without one.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "../line/pair.h"
#include "crypto/hash.h"
#include "crypto/noise.h"
#include "crypto/sign.h"
#include "marked.h"

#define SECRET(p, len) ((void)VALGRIND_MAKE_MEM_UNDEFINED(p, len))
#define PUBLIC(p, len) ((void)VALGRIND_MAKE_MEM_DEFINED(p, len))

static void check(bool good, const char *claim)
{
    if (!good) {
        fprintf(stderr, "not so: %s\n", claim);
        exit(2);
    }
    printf("%s\n", claim);
}

static void fill(void *ctx, void *out, size_t len)
{
    pair_random(ctx);
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)pair_random(ctx);
    if (len == 32) /* a key; the numbers of sessions and the jump of a resume are public */
        SECRET(out, len);
}

/* What is handed to the network is public from then on. */
static bool leaves(struct pair *p, const struct pair_frame *f)
{
    (void)p;
    PUBLIC(f->bytes, f->len);
    return true;
}

static void mark(struct pair *p)
{
    for (unsigned i = 0; i < 2; i++) {
        struct pair_side *s = &p->side[i];

        SECRET(s->sk.b, 32); /* the seed; the public key stands behind it */
        SECRET(&s->cfg.own_dh, sizeof s->cfg.own_dh);
        SECRET(&s->cfg.keys, sizeof s->cfg.keys);
        SECRET(&s->cfg.record.salt, sizeof s->cfg.record.salt);
        s->cfg.random = (struct ol_random){.ctx = p, .fill = fill};
    }
    p->tap = leaves;
}

/* Handshake, entries of both sides, a forged frame and a forged handshake, a start after a loss, a told restore. */
static void lines(void)
{
    struct pair *p = malloc(sizeof *p);
    uint8_t noise[58] = {0x10};

    pair_init(p, 2, 11);
    mark(p);
    pair_start(p, 0);
    pair_start(p, 1);
    pair_run(p, 3000);
    pair_send(p, 0, OL_FLASH, "one");
    pair_send(p, 1, OL_ROUTINE, "two");
    pair_run(p, 3000);
    check(p->side[0].delivered_up_to == p->side[0].token_seq[1], "a FLASH was delivered");
    noise[1] = 0x30;
    (void)ol_line_input(&p->side[0].line, 0, 1, ol_span(noise, sizeof noise), p->now);
    check(p->side[0].line.count.wrong_key == 1, "a handshake under another courier key was refused");
    p->flip_percent = 50;
    pair_send(p, 0, OL_ROUTINE, "three");
    pair_run(p, 60000);
    p->flip_percent = 0;
    pair_run(p, 60000);
    check(p->side[1].line.count.strangers > 0, "forged frames were refused");
    pair_kill(p, 0);
    pair_forget(p, 0, 0, 1);
    pair_start(p, 0);
    pair_run(p, 60000);
    check(p->side[0].line.signing == OL_SIGN_READY && pair_agree(p), "what was lost was taken back");
    pair_kill(p, 1);
    p->side[1].restored = true;
    pair_start(p, 1);
    pair_run(p, 60000);
    check(p->side[1].line.own_durable > 1u << 24 && pair_agree(p), "a restored station resumed");
    check(ol_session_ratchet(&p->side[0].line.cur), "the keys went to their next phase");
    pair_send(p, 0, OL_FLASH, "four");
    pair_run(p, 3000);
    check(pair_agree(p), "and a frame under them was read");
    pair_free(p);
    free(p);
}

/* What pairing does: all keys of a line from the courier key, and the code that people compare. */
static void codes(void)
{
    struct ol_courier_key key;
    struct ol_line_keys keys;
    struct ol_hash line = {{1}};
    struct ol_hash id0;
    char shown[31];
    char typed[31];

    memset(&key, 7, sizeof key);
    SECRET(&key, sizeof key);
    ol_line_keys(&key, &line, &keys);
    ol_public_id(&key, &id0);
    ol_compare_code(&keys.tag[0], &line, shown);
    memcpy(typed, shown, sizeof typed);
    PUBLIC(typed, sizeof typed); /* people read it aloud */
    check(ol_secret_equal(typed, shown, 30), "the code is the code");
    typed[29] ^= 1;
    check(!ol_secret_equal(typed, shown, 30), "another one is not");
}

/* Planted: a table looked up at a secret. */
static void leak_index(void)
{
    static const uint8_t table[256] = {1, 2, 3};
    uint8_t secret[32];
    volatile uint8_t out;

    memset(secret, 9, sizeof secret);
    SECRET(secret, sizeof secret);
    out = table[secret[3]];
    (void)out;
}

int main(int argc, char **argv)
{
    const char *leak = argc > 1 ? argv[1] : "";

    if (ol_crypto_init() || (RUNNING_ON_VALGRIND) == 0)
        return 3;
    leak_compare = strcmp(leak, "compare") == 0;
    if (strcmp(leak, "index") == 0)
        leak_index();
    if (strcmp(leak, "code") != 0)
        lines();
    leak_compare = leak_compare || strcmp(leak, "code") == 0;
    codes();
    return 0;
}
