/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keys.h"

#include <assert.h>
#include <sodium.h>

static_assert(sizeof(struct ol_sign_sk) == crypto_sign_SECRETKEYBYTES, "seed and public key");
static_assert(sizeof(struct ol_sign_pk) == crypto_sign_PUBLICKEYBYTES, "Ed25519 public key");
static_assert(sizeof(struct ol_dh_sk) == crypto_scalarmult_curve25519_SCALARBYTES, "X25519 scalar");
static_assert(sizeof(struct ol_dh_pk) == crypto_scalarmult_curve25519_BYTES, "X25519 point");

enum ol_err ol_crypto_init(void)
{
    return sodium_init() < 0 ? OL_IO : OL_OK;
}

static void fill_from_system(void *ctx, void *out, size_t len)
{
    (void)ctx;
    randombytes_buf(out, len);
}

struct ol_random ol_random_system(void)
{
    return (struct ol_random){.fill = fill_from_system};
}

void ol_wipe(void *p, size_t len)
{
    assert(p != NULL);
    sodium_memzero(p, len);
}

bool ol_secret_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

bool ol_hash_equal(const struct ol_hash *a, const struct ol_hash *b)
{
    return ol_secret_equal(a->b, b->b, sizeof a->b);
}

void ol_sign_keygen(struct ol_random random, struct ol_sign_sk *sk, struct ol_sign_pk *pk)
{
    uint8_t seed[crypto_sign_SEEDBYTES];

    assert(random.fill != NULL);
    random.fill(random.ctx, seed, sizeof seed);
    crypto_sign_seed_keypair(pk->b, sk->b, seed);
    ol_wipe(seed, sizeof seed);
}

void ol_dh_keygen(struct ol_random random, struct ol_dh_sk *sk, struct ol_dh_pk *pk)
{
    assert(random.fill != NULL);
    random.fill(random.ctx, sk->b, sizeof sk->b);
    ol_dh_public(sk, pk);
}

/* From the seed: the half stored beside it could have been changed on the disk, and a signature made
 * with a wrong public half gives the secret away. */
void ol_sign_public(const struct ol_sign_sk *sk, struct ol_sign_pk *pk)
{
    struct ol_sign_sk fresh;

    crypto_sign_seed_keypair(pk->b, fresh.b, sk->b);
    ol_wipe(&fresh, sizeof fresh);
}

void ol_dh_public(const struct ol_dh_sk *sk, struct ol_dh_pk *pk)
{
    int failed = crypto_scalarmult_curve25519_base(pk->b, sk->b);

    /* The base point has prime order and a clamped scalar is never a multiple of it. */
    assert(failed == 0);
}
