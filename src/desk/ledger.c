/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/ledger.h"

#include <assert.h>
#include <string.h>

#include "base/cbor.h"

enum ol_err ol_receipt_read(struct ol_span body, uint32_t *unread, size_t max, size_t *n)
{
    struct ol_rd r = ol_rd_from(body);
    size_t count = ol_cbor_array(&r);

    assert(unread != NULL || max == 0);
    *n = 0;
    if (r.bad || count > max)
        return r.bad ? OL_MALFORMED : OL_LIMIT;
    for (size_t i = 0; i < count; i++) {
        uint64_t seq = ol_cbor_uint(&r);

        if (seq > UINT32_MAX)
            return OL_MALFORMED;
        unread[i] = (uint32_t)seq;
    }
    if (ol_rd_end(&r))
        return OL_MALFORMED;
    *n = count;
    assert(count <= max);
    return OL_OK;
}

enum ol_err ol_resume_read(struct ol_span body, uint32_t *from, uint32_t *to, struct ol_span *reason)
{
    struct ol_rd r = ol_rd_from(body);
    uint64_t a;
    uint64_t b;

    if (ol_cbor_array(&r) != 3)
        return OL_MALFORMED;
    a = ol_cbor_uint(&r);
    b = ol_cbor_uint(&r);
    *reason = ol_cbor_text(&r);
    assert(!r.bad || reason->len == 0);
    if (ol_rd_end(&r) || a > UINT32_MAX || b > UINT32_MAX)
        return OL_MALFORMED;
    *from = (uint32_t)a;
    *to = (uint32_t)b;
    return OL_OK;
}

void ol_close_write(struct ol_wr *w)
{
    ol_cbor_put_array(w, 0);
}

enum ol_err ol_close_read(struct ol_span body)
{
    struct ol_rd r = ol_rd_from(body);
    size_t n = ol_cbor_array(&r);

    return n == 0 ? ol_rd_end(&r) : OL_MALFORMED;
}

void ol_succeeds_write(const struct ol_succeeds *s, struct ol_wr *w)
{
    ol_cbor_put_array(w, 5);
    ol_cbor_put_bytes(w, ol_span(s->line.b, sizeof s->line.b));
    for (unsigned i = 0; i < 2; i++) {
        ol_cbor_put_uint(w, s->head[i].seq);
        ol_cbor_put_bytes(w, ol_span(s->head[i].hash.b, sizeof s->head[i].hash.b));
    }
}

static void read_hash(struct ol_rd *r, struct ol_hash *out)
{
    struct ol_span bytes = ol_cbor_bytes(r);

    if (bytes.len == sizeof out->b)
        memcpy(out->b, bytes.p, sizeof out->b);
    else
        r->bad = true;
}

static void read_place(struct ol_rd *r, struct ol_place *out)
{
    static const struct ol_hash zeros;
    uint64_t seq = ol_cbor_uint(r);

    read_hash(r, &out->hash);
    out->seq = (uint32_t)seq;
    r->bad = r->bad || seq > UINT32_MAX || (seq == 0 && !ol_hash_equal(&out->hash, &zeros));
}

enum ol_err ol_succeeds_read(struct ol_span body, struct ol_succeeds *s)
{
    struct ol_rd r = ol_rd_from(body);
    size_t n = ol_cbor_array(&r);

    *s = (struct ol_succeeds){0};
    read_hash(&r, &s->line);
    read_place(&r, &s->head[0]);
    read_place(&r, &s->head[1]);
    if (n == 5 && ol_rd_end(&r) == OL_OK)
        return OL_OK;
    *s = (struct ol_succeeds){0};
    return OL_MALFORMED;
}

void ol_unfreeze_write(const struct ol_unfreeze *u, struct ol_wr *w)
{
    assert(u->reason.p != NULL || u->reason.len == 0);
    ol_cbor_put_array(w, 2);
    ol_cbor_put_uint(w, u->resume);
    ol_cbor_put_text(w, u->reason);
}

enum ol_err ol_unfreeze_read(struct ol_span body, struct ol_unfreeze *u)
{
    struct ol_rd r = ol_rd_from(body);
    size_t n = ol_cbor_array(&r);
    uint64_t resume = ol_cbor_uint(&r);
    struct ol_span reason = ol_cbor_text(&r);

    *u = (struct ol_unfreeze){0};
    if (n != 2 || ol_rd_end(&r) || resume > UINT32_MAX || reason.len == 0 || reason.len > OL_TEXT_MAX)
        return OL_MALFORMED;
    *u = (struct ol_unfreeze){.resume = (uint32_t)resume, .reason = reason};
    return OL_OK;
}
