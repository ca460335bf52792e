/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people carry, as text that survives mail and paper: a BEGIN line, base64 (RFC 4648,
 * padded, lines of 64) of the payload followed by the first 4 bytes of its SHA-256, an END
 * line. The line itself has no use for it: the programs do that make and read such files.
 */
#ifndef OL_ARMOUR_ARMOUR_H
#define OL_ARMOUR_ARMOUR_H

#include "base/bytes.h"
#include "base/limits.h"

/* Armour for cards ("OPENLINE CARD"), courier keys ("OPENLINE COURIER KEY") and revocation notes
 * ("OPENLINE REVOCATION"). ol_armour_write ends in a newline and does not write a NUL. LIMIT when out is
 * too small or the payload over OL_CARD_MAX. */
OL_MUST_USE enum ol_err ol_armour_write(const char *label, struct ol_span payload, struct ol_wr *out);
/* White space, CR LF too, is allowed anywhere but inside the BEGIN and the END line; anything else is
 * MALFORMED, as is a wrong checksum or a payload over OL_CARD_MAX. Writes the payload without its
 * checksum to out; LIMIT when it does not fit, and nothing is written. */
OL_MUST_USE enum ol_err ol_armour_read(const char *label, struct ol_span text, struct ol_wr *out);

#endif
