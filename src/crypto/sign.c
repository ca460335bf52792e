/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sign.h"

#include <assert.h>
#include <sodium.h>

static_assert(sizeof(struct ol_sig) == crypto_sign_BYTES, "Ed25519 signature");

void ol_sign(const struct ol_sign_sk *sk, struct ol_span message, struct ol_sig *out)
{
    assert(sk != NULL && (message.p != NULL || message.len == 0));
    crypto_sign_detached(out->b, NULL, message.p, message.len, sk->b);
}

/* libsodium refuses s >= L, an R or a key of small order, and a key that is not canonical; an R that is
 * not canonical never equals the one it computes, for it compares encodings. Tests hold it to that. */
enum ol_err ol_verify(const struct ol_sign_pk *pk, struct ol_span message, const struct ol_sig *sig)
{
    int failed = crypto_sign_verify_detached(sig->b, message.p, message.len, pk->b);

    return failed ? OL_FORGED : OL_OK;
}

enum ol_err ol_sign_pk_check(const struct ol_sign_pk *pk)
{
    return crypto_core_ed25519_is_valid_point(pk->b) ? OL_OK : OL_MALFORMED;
}
