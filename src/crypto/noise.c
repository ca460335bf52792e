/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Noise_KKpsk0_25519_ChaChaPoly_SHA256 (Noise revision 34):
 *
 *     -> s
 *     <- s
 *     ...
 *     -> psk, e, es, ss
 *     <- e, ee, se
 *
 * With a psk every e is mixed into the key too (9.2). Each message encrypts one thing, its payload,
 * under a key just mixed, so the nonce is always 0.
 */
#include "crypto/noise.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/hash.h"

#define PROTOCOL "Noise_KKpsk0_25519_ChaChaPoly_SHA256"
#define PAYLOAD_AT 32u /* behind the ephemeral key */

/* HKDF of Noise (4.3): RFC 5869 with the chaining key as salt, no info, two or three blocks. */
static void hkdf(const struct ol_hash *ck, struct ol_span ikm, size_t n, struct ol_hash *out)
{
    struct ol_span previous = {0};
    struct ol_hash prk;

    assert(n == 2 || n == 3);
    ol_hmac(ck->b, &ikm, 1, &prk);
    for (size_t i = 0; i < n; i++) {
        uint8_t number = (uint8_t)(i + 1);
        struct ol_span parts[] = {previous, ol_span(&number, 1)};

        ol_hmac(prk.b, parts, 2, &out[i]);
        previous = ol_span(out[i].b, sizeof out[i].b);
    }
    ol_wipe(&prk, sizeof prk);
}

static void mix_hash(struct ol_noise *n, struct ol_span data)
{
    struct ol_span parts[] = {ol_span(n->h.b, sizeof n->h.b), data};

    assert(data.p != NULL && data.len > 0);
    ol_sha256(parts, 2, &n->h);
}

/* MixKey with two blocks, MixKeyAndHash with three. */
static void mix_blocks(struct ol_noise *n, struct ol_span ikm, size_t blocks)
{
    struct ol_hash out[3];

    hkdf(&n->ck, ikm, blocks, out);
    n->ck = out[0];
    if (blocks == 3)
        mix_hash(n, ol_span(out[1].b, sizeof out[1].b));
    memcpy(n->k, out[blocks - 1].b, sizeof n->k);
    ol_wipe(out, sizeof out);
}

static void mix_e(struct ol_noise *n, const struct ol_dh_pk *e)
{
    mix_hash(n, ol_span(e->b, sizeof e->b));
    mix_blocks(n, ol_span(e->b, sizeof e->b), 2);
}

/* libsodium says so when the output is all zero. */
static bool mix_dh(struct ol_noise *n, const struct ol_dh_sk *sk, const struct ol_dh_pk *pk)
{
    uint8_t shared[32];
    bool ok = crypto_scalarmult_curve25519(shared, sk->b, pk->b) == 0;

    if (ok)
        mix_blocks(n, ol_span(shared, sizeof shared), 2);
    ol_wipe(shared, sizeof shared);
    return ok;
}

/* What follows the e of message 1. */
static bool mix_es_ss(struct ol_noise *n)
{
    return (n->initiator ? mix_dh(n, &n->e, &n->rs) : mix_dh(n, &n->s, &n->re)) /* es */
        && mix_dh(n, &n->s, &n->rs);                                            /* ss */
}

/* What follows the e of message 2. */
static bool mix_ee_se(struct ol_noise *n)
{
    return mix_dh(n, &n->e, &n->re)                                              /* ee */
        && (n->initiator ? mix_dh(n, &n->s, &n->re) : mix_dh(n, &n->e, &n->rs)); /* se */
}

static void encrypt_and_hash(struct ol_noise *n, struct ol_span payload, uint8_t *out)
{
    struct ol_tx_key key;

    memcpy(key.b, n->k, sizeof key.b);
    ol_seal(&key, 0, ol_span(n->h.b, sizeof n->h.b), payload, out);
    mix_hash(n, ol_span(out, payload.len + OL_TAG));
    ol_wipe(&key, sizeof key);
}

static enum ol_err decrypt_and_hash(struct ol_noise *n, struct ol_span in, uint8_t *payload)
{
    struct ol_hash ad = n->h;
    struct ol_rx_key key;
    enum ol_err err;

    memcpy(key.b, n->k, sizeof key.b);
    mix_hash(n, in); /* before it is opened, which may be in place */
    err = ol_open(&key, 0, ol_span(ad.b, sizeof ad.b), in, payload);
    ol_wipe(&key, sizeof key);
    return err;
}

void ol_noise_init(struct ol_noise *n, const struct ol_noise_cfg *cfg)
{
    struct ol_span name = ol_span(PROTOCOL, sizeof PROTOCOL - 1);

    assert(cfg->psk != NULL && cfg->own != NULL && cfg->peer != NULL);
    assert(name.len > sizeof n->h.b);
    *n = (struct ol_noise){.initiator = cfg->initiator, .psk = *cfg->psk, .s = *cfg->own, .rs = *cfg->peer};
    ol_dh_public(&n->s, &n->s_pk);
    ol_sha256(&name, 1, &n->h); /* longer than 32 bytes, so hashed (5.2) */
    n->ck = n->h;
    mix_hash(n, cfg->prologue);
    mix_hash(n, ol_span(n->initiator ? n->s_pk.b : n->rs.b, sizeof n->rs.b)); /* -> s */
    mix_hash(n, ol_span(n->initiator ? n->rs.b : n->s_pk.b, sizeof n->rs.b)); /* <- s */
}

enum ol_err ol_noise_write(struct ol_noise *n, struct ol_random random, struct ol_span payload, uint8_t *out)
{
    struct ol_noise m = *n;
    struct ol_dh_pk e;
    bool ok;

    assert(out != NULL && (payload.p != NULL || payload.len == 0));
    if (m.initiator)
        mix_blocks(&m, ol_span(m.psk.b, sizeof m.psk.b), 3); /* psk */
    ol_dh_keygen(random, &m.e, &e); /* e */
    mix_e(&m, &e);
    ok = m.initiator ? mix_es_ss(&m)  /* es, ss */
                     : mix_ee_se(&m); /* ee, se */
    if (ok) {
        memcpy(out, e.b, sizeof e.b);
        encrypt_and_hash(&m, payload, out + PAYLOAD_AT);
        *n = m;
    }
    ol_noise_wipe(&m);
    return ok ? OL_OK : OL_FORGED;
}

enum ol_err ol_noise_read(struct ol_noise *n, struct ol_span in, uint8_t *payload)
{
    struct ol_noise m;
    enum ol_err err = OL_FORGED;
    bool ok;

    assert(in.p != NULL || in.len == 0);
    if (in.len < OL_NOISE_OVERHEAD)
        return OL_MALFORMED;
    m = *n;
    if (!m.initiator)
        mix_blocks(&m, ol_span(m.psk.b, sizeof m.psk.b), 3); /* psk */
    memcpy(m.re.b, in.p, sizeof m.re.b); /* e */
    mix_e(&m, &m.re);
    ok = m.initiator ? mix_ee_se(&m)  /* ee, se */
                     : mix_es_ss(&m); /* es, ss */
    if (ok)
        err = decrypt_and_hash(&m, ol_span(in.p + PAYLOAD_AT, in.len - PAYLOAD_AT), payload);
    if (err == OL_OK)
        *n = m;
    ol_noise_wipe(&m);
    return err;
}

void ol_noise_split(struct ol_noise *n, struct ol_dir_key *tx, struct ol_dir_key *rx, struct ol_hash *h)
{
    struct ol_hash out[2]; /* initiator to responder, responder to initiator */

    hkdf(&n->ck, (struct ol_span){0}, 2, out);
    memcpy(tx->b, out[n->initiator ? 0 : 1].b, sizeof tx->b);
    memcpy(rx->b, out[n->initiator ? 1 : 0].b, sizeof rx->b);
    if (h != NULL)
        *h = n->h;
    ol_wipe(out, sizeof out);
    ol_noise_wipe(n);
}

void ol_noise_wipe(struct ol_noise *n)
{
    ol_wipe(n, sizeof *n);
}
