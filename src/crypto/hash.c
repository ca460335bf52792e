/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/limits.h"

static_assert(sizeof(struct ol_hash) == crypto_hash_sha256_BYTES, "SHA-256");
static_assert(sizeof(struct ol_hash) == crypto_auth_hmacsha256_BYTES, "HMAC-SHA-256");

void ol_sha256(const struct ol_span *parts, size_t n, struct ol_hash *out)
{
    crypto_hash_sha256_state state;

    assert(parts != NULL || n == 0);
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < n; i++)
        crypto_hash_sha256_update(&state, parts[i].p, parts[i].len);
    crypto_hash_sha256_final(&state, out->b);
    ol_wipe(&state, sizeof state);
}

static_assert(sizeof(struct ol_sha256_sum) == sizeof(crypto_hash_sha256_state), "the library's state");
static_assert(_Alignof(struct ol_sha256_sum) >= _Alignof(crypto_hash_sha256_state), "the library's state");

static crypto_hash_sha256_state *state_of(struct ol_sha256_sum *sum)
{
    return (crypto_hash_sha256_state *)(void *)sum->state;
}

void ol_sha256_begin(struct ol_sha256_sum *sum)
{
    crypto_hash_sha256_init(state_of(sum));
}

void ol_sha256_add(struct ol_sha256_sum *sum, struct ol_span piece)
{
    assert(piece.p != NULL || piece.len == 0);
    if (piece.len > 0)
        crypto_hash_sha256_update(state_of(sum), piece.p, piece.len);
}

void ol_sha256_end(struct ol_sha256_sum *sum, struct ol_hash *out)
{
    crypto_hash_sha256_final(state_of(sum), out->b);
    ol_wipe(sum, sizeof *sum);
}

static void hmac(struct ol_span key, const struct ol_span *parts, size_t n, struct ol_hash *out)
{
    crypto_auth_hmacsha256_state state;

    assert(key.p != NULL || key.len == 0);
    assert(parts != NULL && n > 0);
    /* An empty key may have no memory, which libsodium does not allow. */
    crypto_auth_hmacsha256_init(&state, key.len > 0 ? key.p : (const uint8_t *)"", key.len);
    for (size_t i = 0; i < n; i++) {
        if (parts[i].len > 0) /* an empty part may have no memory */
            crypto_auth_hmacsha256_update(&state, parts[i].p, parts[i].len);
    }
    crypto_auth_hmacsha256_final(&state, out->b);
    ol_wipe(&state, sizeof state);
}

void ol_hmac(const uint8_t key[static 32], const struct ol_span *parts, size_t n, struct ol_hash *out)
{
    hmac(ol_span(key, 32), parts, n, out);
}

/* HMAC pads its key with zeros, so an empty salt is RFC 5869's string of zeros without more ado. */
void ol_hkdf(const uint8_t key[static 32], struct ol_span salt, struct ol_span info, uint8_t out[static 32])
{
    struct ol_hash prk;
    struct ol_hash okm;
    struct ol_span ikm = ol_span(key, 32);
    struct ol_span first[] = {info, ol_span("\x01", 1)}; /* T(1): 32 bytes are one block */

    hmac(salt, &ikm, 1, &prk);
    ol_hmac(prk.b, first, 2, &okm);
    memcpy(out, okm.b, sizeof okm.b);
    ol_wipe(&prk, sizeof prk);
    ol_wipe(&okm, sizeof okm);
}

static struct ol_span label(const char *text)
{
    return ol_span(text, strlen(text));
}

static const struct ol_span no_salt = {0};

void ol_public_id(const struct ol_courier_key *key, struct ol_hash *id0)
{
    ol_hkdf(key->b, no_salt, label("openline/1 id"), id0->b);
}

void ol_line_keys(const struct ol_courier_key *key, const struct ol_hash *line, struct ol_line_keys *out)
{
    struct ol_span salt = ol_span(line->b, sizeof line->b);

    ol_hkdf(key->b, salt, label("openline/1 noise"), out->psk.b);
    ol_hkdf(key->b, salt, label("openline/1 tag A"), out->tag[0].b);
    ol_hkdf(key->b, salt, label("openline/1 tag B"), out->tag[1].b);
    ol_hkdf(key->b, salt, label("openline/1 salt"), out->salt.b);
}

static void path_key(const struct ol_dir_key *dir, uint8_t path, uint8_t out[static 32])
{
    char info[] = "openline/1 path#"; /* the number takes the place of the # */

    assert(path < OL_PATHS && info[sizeof info - 2] == '#');
    info[sizeof info - 2] = (char)path;
    ol_hkdf(dir->b, no_salt, ol_span(info, sizeof info - 1), out);
}

void ol_path_tx_key(const struct ol_dir_key *dir, uint8_t path, struct ol_tx_key *out)
{
    path_key(dir, path, out->b);
}

void ol_path_rx_key(const struct ol_dir_key *dir, uint8_t path, struct ol_rx_key *out)
{
    path_key(dir, path, out->b);
}

void ol_next_phase(const struct ol_dir_key *dir, struct ol_dir_key *out)
{
    ol_hkdf(dir->b, no_salt, label("openline/1 next"), out->b);
}

void ol_entry_salt(const struct ol_salt_key *key, uint8_t author, uint64_t seq, uint8_t out[static 16])
{
    uint8_t name[9];
    struct ol_wr w = ol_wr_to(name, sizeof name);
    struct ol_span message;
    struct ol_hash mac;

    assert(author == 'A' || author == 'B');
    ol_wr_u8(&w, author);
    ol_wr_u64(&w, seq);
    assert(!w.full && w.len == sizeof name);
    message = ol_wr_span(&w);
    ol_hmac(key->b, &message, 1, &mac);
    memcpy(out, mac.b, 16);
    ol_wipe(&mac, sizeof mac);
}

void ol_handshake_tag(const struct ol_tag_key *key, const uint8_t first[static 2], struct ol_span noise,
                      uint8_t out[static 8])
{
    struct ol_span message[] = {ol_span(first, 2), noise};
    struct ol_hash mac;

    assert(noise.p != NULL && noise.len > 0);
    ol_hmac(key->b, message, 2, &mac);
    memcpy(out, mac.b, 8);
    ol_wipe(&mac, sizeof mac);
}

void ol_compare_code(const struct ol_tag_key *key, const struct ol_hash *line, char out[static 31])
{
    struct ol_span message = ol_span(line->b, sizeof line->b);
    struct ol_hash mac;

    ol_hmac(key->b, &message, 1, &mac);
    for (size_t group = 0; group < 6; group++) {
        uint64_t v = 0;

        for (size_t i = 0; i < 5; i++)
            v = v << 8 | mac.b[5 * group + i];
        for (size_t i = 5; i > 0; i--, v /= 10)
            out[5 * group + i - 1] = (char)('0' + v % 10);
    }
    out[30] = '\0';
    ol_wipe(&mac, sizeof mac);
}
