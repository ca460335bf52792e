/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/header.h"

#include <assert.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/sign.h"

static const char prefix[18] = "openline/entry/v1"; /* with its NUL */

/* What stands before the header in COSE's Sig_structure: context, protected {1: -8}, no external data,
 * a byte string of 173. */
static const uint8_t sig_structure[] = {0x84, 0x6a, 'S',  'i',  'g',  'n',  'a',  't',  'u', 'r',
                                        'e',  '1',  0x43, 0xa1, 0x01, 0x27, 0x40, 0x58, 0xad};

static_assert(sizeof sig_structure + OL_HEADER == OL_TO_SEAL, "what is sealed");

void ol_header_write(const struct ol_hash *line, const struct ol_header *h, uint8_t out[static OL_HEADER])
{
    struct ol_wr w = ol_wr_to(out, OL_HEADER);

    ol_wr_bytes(&w, prefix, sizeof prefix);
    ol_wr_bytes(&w, line->b, sizeof line->b);
    ol_wr_u8(&w, h->author);
    ol_wr_u8(&w, h->kind);
    ol_wr_u8(&w, h->flags);
    ol_wr_u64(&w, h->seq);
    ol_wr_bytes(&w, h->prev.b, sizeof h->prev.b);
    ol_wr_u64(&w, h->xseq);
    ol_wr_bytes(&w, h->xhash.b, sizeof h->xhash.b);
    ol_wr_u64(&w, h->time);
    ol_wr_bytes(&w, h->commitment.b, sizeof h->commitment.b);
    assert(w.len == OL_HEADER && !w.full);
}

static uint32_t read_u64_below_2_32(struct ol_rd *r)
{
    if (ol_rd_u32(r) != 0)
        r->bad = true;
    return ol_rd_u32(r);
}

static bool is_zero(const struct ol_hash *h)
{
    static const struct ol_hash zero;

    return ol_hash_equal(h, &zero);
}

static bool in_range(const struct ol_header *h)
{
    return (h->author == 'A' || h->author == 'B') && h->kind >= 32 && (h->flags & ~OL_FLAGS_SIGNED) == 0
        && h->seq >= 1 && h->seq <= OL_SEQ_MAX && (h->seq > 1 || is_zero(&h->prev)) && (h->xseq > 0 || is_zero(&h->xhash));
}

enum ol_err ol_header_read(struct ol_span in, struct ol_hash *line, struct ol_header *h)
{
    struct ol_rd r = ol_rd_from(in);
    struct ol_span opening = ol_rd_take(&r, sizeof prefix);

    ol_rd_bytes(&r, line->b, sizeof line->b);
    h->author = ol_rd_u8(&r);
    h->kind = ol_rd_u8(&r);
    h->flags = ol_rd_u8(&r);
    h->seq = read_u64_below_2_32(&r);
    ol_rd_bytes(&r, h->prev.b, sizeof h->prev.b);
    h->xseq = read_u64_below_2_32(&r);
    ol_rd_bytes(&r, h->xhash.b, sizeof h->xhash.b);
    h->time = read_u64_below_2_32(&r);
    ol_rd_bytes(&r, h->commitment.b, sizeof h->commitment.b);
    if (ol_rd_end(&r) == OL_OK && ol_span_equal(opening, ol_span(prefix, sizeof prefix)) && in_range(h))
        return OL_OK;
    *line = (struct ol_hash){0};
    *h = (struct ol_header){0};
    return OL_MALFORMED;
}

void ol_header_hash(const struct ol_hash *line, const struct ol_header *h, struct ol_hash *out)
{
    uint8_t header[OL_HEADER];
    struct ol_span leaf[] = {ol_span("\x00", 1), ol_span(header, sizeof header)};

    ol_header_write(line, h, header);
    ol_sha256(leaf, 2, out);
}

void ol_commitment(const uint8_t salt[static 16], struct ol_span body, struct ol_hash *out)
{
    struct ol_span parts[] = {ol_span(salt, 16), body};

    assert(body.p != NULL || body.len == 0);
    ol_sha256(parts, 2, out);
}

static void to_seal(const struct ol_hash *line, const struct ol_header *h, uint8_t out[static OL_TO_SEAL])
{
    memcpy(out, sig_structure, sizeof sig_structure);
    ol_header_write(line, h, out + sizeof sig_structure);
}

void ol_header_seal(const struct ol_sign_sk *sk, const struct ol_hash *line, const struct ol_header *h,
                    struct ol_sig *out)
{
    uint8_t message[OL_TO_SEAL];

    to_seal(line, h, message);
    ol_sign(sk, ol_span(message, sizeof message), out);
}

enum ol_err ol_header_verify(const struct ol_sign_pk *pk, const struct ol_hash *line,
                             const struct ol_header *h, const struct ol_sig *seal)
{
    uint8_t message[OL_TO_SEAL];

    to_seal(line, h, message);
    return ol_verify(pk, ol_span(message, sizeof message), seal);
}
