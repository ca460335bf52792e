/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a secret becomes public by design. Each function here stands before the one that it
 * is named after (ld --wrap) and tells valgrind that its output may be known from now on;
 * everything else that is made of a secret stays marked. There are no other exceptions.
 */
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "marked.h"
#include "wire/header.h"

#define PUBLIC(p, len) ((void)VALGRIND_MAKE_MEM_DEFINED(p, len))

bool leak_compare;

int __real_crypto_aead_chacha20poly1305_ietf_decrypt_detached(unsigned char *m, unsigned char *nsec,
    const unsigned char *c, unsigned long long clen, const unsigned char *mac, const unsigned char *ad,
    unsigned long long adlen, const unsigned char *npub, const unsigned char *k);
int __wrap_crypto_aead_chacha20poly1305_ietf_decrypt_detached(unsigned char *m, unsigned char *nsec,
    const unsigned char *c, unsigned long long clen, const unsigned char *mac, const unsigned char *ad,
    unsigned long long adlen, const unsigned char *npub, const unsigned char *k);
int __real_crypto_stream_chacha20_ietf_xor_ic(unsigned char *c, const unsigned char *m, unsigned long long mlen,
    const unsigned char *n, uint32_t ic, const unsigned char *k);
int __wrap_crypto_stream_chacha20_ietf_xor_ic(unsigned char *c, const unsigned char *m, unsigned long long mlen,
    const unsigned char *n, uint32_t ic, const unsigned char *k);
int __real_crypto_scalarmult_curve25519(unsigned char *q, const unsigned char *n, const unsigned char *p);
int __wrap_crypto_scalarmult_curve25519(unsigned char *q, const unsigned char *n, const unsigned char *p);
int __real_crypto_scalarmult_curve25519_base(unsigned char *q, const unsigned char *n);
int __wrap_crypto_scalarmult_curve25519_base(unsigned char *q, const unsigned char *n);
int __real_crypto_sign_detached(unsigned char *sig, unsigned long long *siglen, const unsigned char *m,
    unsigned long long mlen, const unsigned char *sk);
int __wrap_crypto_sign_detached(unsigned char *sig, unsigned long long *siglen, const unsigned char *m,
    unsigned long long mlen, const unsigned char *sk);
int __real_sodium_memcmp(const void *a, const void *b, size_t len);
int __wrap_sodium_memcmp(const void *a, const void *b, size_t len);
void __real_ol_commitment(const uint8_t salt[static 16], struct ol_span body, struct ol_hash *out);
void __wrap_ol_commitment(const uint8_t salt[static 16], struct ol_span body, struct ol_hash *out);

/* Whether a frame is authentic is seen by everyone: it is answered or it is not. */
int __wrap_crypto_aead_chacha20poly1305_ietf_decrypt_detached(unsigned char *m, unsigned char *nsec,
    const unsigned char *c, unsigned long long clen, const unsigned char *mac, const unsigned char *ad,
    unsigned long long adlen, const unsigned char *npub, const unsigned char *k)
{
    int refused = __real_crypto_aead_chacha20poly1305_ietf_decrypt_detached(m, nsec, c, clen, mac, ad, adlen, npub, k);

    PUBLIC(&refused, sizeof refused);
    return refused;
}

/* What was opened is read: it is no key. */
int __wrap_crypto_stream_chacha20_ietf_xor_ic(unsigned char *c, const unsigned char *m, unsigned long long mlen,
    const unsigned char *n, uint32_t ic, const unsigned char *k)
{
    int failed = __real_crypto_stream_chacha20_ietf_xor_ic(c, m, mlen, n, ic, k);

    PUBLIC(c, mlen);
    PUBLIC(&failed, sizeof failed);
    return failed;
}

/* Whether the peer's point gave zeros ends the handshake or does not; what it gave stays secret. */
int __wrap_crypto_scalarmult_curve25519(unsigned char *q, const unsigned char *n, const unsigned char *p)
{
    int failed = __real_crypto_scalarmult_curve25519(q, n, p);

    PUBLIC(&failed, sizeof failed);
    return failed;
}

/* A public key. */
int __wrap_crypto_scalarmult_curve25519_base(unsigned char *q, const unsigned char *n)
{
    int failed = __real_crypto_scalarmult_curve25519_base(q, n);

    PUBLIC(q, crypto_scalarmult_curve25519_BYTES);
    PUBLIC(&failed, sizeof failed);
    return failed;
}

/* A seal. */
int __wrap_crypto_sign_detached(unsigned char *sig, unsigned long long *siglen, const unsigned char *m,
    unsigned long long mlen, const unsigned char *sk)
{
    int failed = __real_crypto_sign_detached(sig, siglen, m, mlen, sk);

    PUBLIC(sig, crypto_sign_BYTES);
    PUBLIC(&failed, sizeof failed);
    return failed;
}

/* Whether two are equal. A careless programmer would have written memcmp. */
int __wrap_sodium_memcmp(const void *a, const void *b, size_t len)
{
    int differ = leak_compare ? memcmp(a, b, len) : __real_sodium_memcmp(a, b, len);

    PUBLIC(&differ, sizeof differ);
    return differ;
}

/* It stands in the header, which is hashed and signed. */
void __wrap_ol_commitment(const uint8_t salt[static 16], struct ol_span body, struct ol_hash *out)
{
    __real_ol_commitment(salt, body, out);
    PUBLIC(out, sizeof *out);
}
