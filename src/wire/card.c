/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/card.h"

#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "base/cbor.h"

#define SUITE 1u
#define FIELDS 7u

static struct ol_span text_of(const char *field, size_t size)
{
    const char *end = memchr(field, '\0', size);

    return ol_span(field, end != NULL ? (size_t)(end - field) : size);
}

/* C0, DEL, and C1, which UTF-8 writes as c2 80 to c2 9f. Of valid UTF-8 only: after c2 comes another byte. */
static bool has_control(struct ol_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < 0x20 || text.p[i] == 0x7f)
            return true;
        assert(text.p[i] != 0xc2 || i + 1 < text.len);
        if (text.p[i] == 0xc2 && text.p[i + 1] < 0xa0)
            return true;
    }
    return false;
}

static bool name_valid(struct ol_span name)
{
    return name.len >= 1 && name.len <= OL_PARTY_MAX && ol_utf8_valid(name) && !has_control(name);
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool ol_lang_valid(struct ol_span tag)
{
    assert(tag.p != NULL || tag.len == 0);
    if (tag.len < 2 || tag.len > OL_LANG_MAX || !is_letter(tag.p[0]))
        return false;
    for (size_t i = 1; i < tag.len; i++) {
        bool hyphen = tag.p[i] == '-' && tag.p[i - 1] != '-' && i + 1 < tag.len;
        bool digit = tag.p[i] >= '0' && tag.p[i] <= '9';

        if (!hyphen && !is_letter(tag.p[i]) && !digit)
            return false;
    }
    return true;
}

static enum ol_err check(const struct ol_card *card)
{
    if (!name_valid(text_of(card->party, sizeof card->party))
        || !name_valid(text_of(card->station, sizeof card->station)) || card->langs < 1 || card->langs > OL_LANGS_MAX)
        return OL_MALFORMED;
    for (size_t i = 0; i < card->langs; i++)
        if (!ol_lang_valid(text_of(card->lang[i], sizeof card->lang[i])))
            return OL_MALFORMED;
    return ol_sign_pk_check(&card->sign);
}

static void encode(const struct ol_card *card, struct ol_wr *w)
{
    assert(card->langs <= OL_LANGS_MAX);
    ol_cbor_put_array(w, FIELDS);
    ol_cbor_put_uint(w, SUITE);
    ol_cbor_put_text(w, text_of(card->party, sizeof card->party));
    ol_cbor_put_text(w, text_of(card->station, sizeof card->station));
    ol_cbor_put_bytes(w, ol_span(card->sign.b, sizeof card->sign.b));
    ol_cbor_put_bytes(w, ol_span(card->agree.b, sizeof card->agree.b));
    ol_cbor_put_array(w, card->langs);
    for (size_t i = 0; i < card->langs; i++)
        ol_cbor_put_text(w, text_of(card->lang[i], sizeof card->lang[i]));
    ol_cbor_put_bytes(w, ol_span(card->revocation.b, sizeof card->revocation.b));
}

enum ol_err ol_card_write(const struct ol_card *card, struct ol_wr *out)
{
    enum ol_err err = check(card);

    if (err != OL_OK)
        return err;
    encode(card, out);
    return out->full ? OL_LIMIT : OL_OK;
}

/* Into a field of `size` bytes, its NUL included: too long is bad, and a NUL inside is found by check(),
 * for the field is then shorter than the text was. */
static void read_text(struct ol_rd *r, char *field, size_t size)
{
    struct ol_span text = ol_cbor_text(r);

    assert(size > 1 && field[0] == 0);
    if (text.len >= size || has_control(text))
        r->bad = true;
    else if (text.len > 0)
        memcpy(field, text.p, text.len);
}

static void read_key(struct ol_rd *r, uint8_t out[static 32])
{
    struct ol_span key = ol_cbor_bytes(r);

    if (key.len == 32)
        memcpy(out, key.p, 32);
    else
        r->bad = true;
}

static void read_langs(struct ol_rd *r, struct ol_card *card)
{
    card->langs = ol_cbor_array(r);
    if (card->langs > OL_LANGS_MAX)
        r->bad = true;
    for (size_t i = 0; i < card->langs && !r->bad; i++)
        read_text(r, card->lang[i], sizeof card->lang[i]);
    assert(r->bad || card->langs <= OL_LANGS_MAX);
}

enum ol_err ol_card_read(struct ol_span in, struct ol_card *card)
{
    struct ol_rd r = ol_rd_from(in);

    *card = (struct ol_card){0};
    if (ol_cbor_array(&r) != FIELDS || ol_cbor_uint(&r) != SUITE)
        return OL_MALFORMED;
    read_text(&r, card->party, sizeof card->party);
    read_text(&r, card->station, sizeof card->station);
    read_key(&r, card->sign.b);
    read_key(&r, card->agree.b);
    read_langs(&r, card);
    read_key(&r, card->revocation.b);
    if (ol_rd_end(&r) == OL_OK && check(card) == OL_OK)
        return OL_OK;
    *card = (struct ol_card){0};
    return OL_MALFORMED;
}

void ol_card_hash(const struct ol_card *card, struct ol_hash *out)
{
    uint8_t bytes[OL_CARD_MAX];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    encode(card, &w);
    assert(!w.full);
    ol_sha256(&(struct ol_span){w.p, w.len}, 1, out);
}

uint8_t ol_side_of(const struct ol_card *own, const struct ol_card *peer)
{
    int order = memcmp(own->sign.b, peer->sign.b, sizeof own->sign.b);

    return order == 0 ? 0 : order < 0 ? 'A' : 'B';
}

void ol_line_id(const struct ol_hash *id0, const struct ol_hash *card_a, const struct ol_hash *card_b,
                struct ol_hash *out)
{
    static const char prefix[16] = "openline/line/1"; /* with its NUL */
    struct ol_span parts[] = {ol_span(prefix, sizeof prefix), ol_span(id0->b, sizeof id0->b),
                              ol_span(card_a->b, sizeof card_a->b), ol_span(card_b->b, sizeof card_b->b)};

    ol_sha256(parts, 4, out);
}
