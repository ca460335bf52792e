/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ed25519 (RFC 8032), strict: s < L, canonical points, no small order. Deterministic,
 * so that the same header always gives the same seal.
 */
#ifndef OL_CRYPTO_SIGN_H
#define OL_CRYPTO_SIGN_H

#include "crypto/keys.h"

void ol_sign(const struct ol_sign_sk *sk, struct ol_span message, struct ol_sig *out);
/* OK or FORGED. */
OL_MUST_USE enum ol_err ol_verify(const struct ol_sign_pk *pk, struct ol_span message, const struct ol_sig *sig);
/* Whether these 32 bytes may stand on a card as a signing key: canonical, on the curve, in the subgroup
 * of prime order. OK or MALFORMED. */
OL_MUST_USE enum ol_err ol_sign_pk_check(const struct ol_sign_pk *pk);

#endif
