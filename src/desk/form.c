/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/form.h"

#include <assert.h>
#include <string.h>

#include "base/cbor.h"

/* ---- Values ---- */

/* A value of any type, whole; empty for one left out, or with r bad. */
static struct ol_span take_value(struct ol_rd *r)
{
    const uint8_t *from = r->p;
    struct ol_span bytes;

    switch (ol_cbor_peek(r)) {
    case OL_CBOR_UINT:
        (void)ol_cbor_uint(r);
        break;
    case OL_CBOR_TEXT:
        (void)ol_cbor_text(r);
        break;
    default:
        bytes = ol_cbor_bytes(r);
        if (bytes.len == 0)
            return ol_span(NULL, 0);
    }
    assert(r->bad || r->p > from);
    return r->bad ? ol_span(NULL, 0) : ol_span(from, (size_t)(r->p - from));
}

static void take_values(struct ol_rd *r, size_t n, struct ol_values *values)
{
    *values = (struct ol_values){0};
    r->bad = r->bad || n > OL_FORM_FIELDS;
    for (; values->n < n && !r->bad; values->n++)
        values->item[values->n] = take_value(r);
    /* One way to write a form: nothing is said of fields behind the last that is given. */
    r->bad = r->bad || (n > 0 && values->item[n - 1].len == 0);
    assert(r->bad || values->n == n);
}

static void put_values(const struct ol_values *values, struct ol_wr *w)
{
    assert(values->n <= OL_FORM_FIELDS);
    for (size_t i = 0; i < values->n; i++) {
        const struct ol_span *item = &values->item[i];

        if (item->len > 0)
            ol_wr_bytes(w, item->p, item->len);
        else
            ol_cbor_put_bytes(w, *item);
    }
}

void ol_values_write(const struct ol_values *values, struct ol_wr *w)
{
    ol_cbor_put_array(w, values->n);
    put_values(values, w);
}

enum ol_err ol_values_read(struct ol_span array, struct ol_values *values)
{
    struct ol_rd r = ol_rd_from(array);

    take_values(&r, ol_cbor_array(&r), values);
    if (ol_rd_end(&r) == OL_OK)
        return OL_OK;
    *values = (struct ol_values){0};
    return OL_MALFORMED;
}

bool ol_values_same(const struct ol_values *sent, const struct ol_values *read, struct ol_misread *misread)
{
    static const struct ol_span none;

    *misread = (struct ol_misread){0};
    assert(sent->n <= OL_FORM_FIELDS && read->n <= OL_FORM_FIELDS);
    for (size_t i = 0; i < sent->n || i < read->n; i++) {
        struct ol_span a = i < sent->n ? sent->item[i] : none;
        struct ol_span b = i < read->n ? read->item[i] : none;
        uint64_t bit = (uint64_t)1 << i;

        if (ol_span_equal(a, b))
            continue;
        if (b.len == 0)
            misread->left_out |= bit;
        else if (a.len == 0)
            misread->added |= bit;
        else
            misread->differs |= bit;
    }
    return (misread->differs | misread->left_out | misread->added) == 0;
}

/* ---- Bodies ---- */

void ol_form_write(const struct ol_form_body *form, struct ol_wr *w)
{
    const struct ol_values *values = &form->values;

    assert(values->n == 0 || values->item[values->n - 1].len > 0);
    ol_cbor_put_array(w, 1 + values->n + (form->extra.len > 0));
    ol_cbor_put_uint(w, form->number);
    put_values(values, w);
    ol_wr_bytes(w, form->extra.p, form->extra.len);
}

/* How many of the n items at r are values: all, or all but a map at the end. Looks, and takes nothing. */
static size_t count_values(struct ol_rd r, size_t n)
{
    size_t values = 0;

    while (values < n && ol_cbor_peek(&r) != OL_CBOR_MAP && !r.bad) {
        (void)take_value(&r);
        values++;
    }
    return values;
}

enum ol_err ol_form_read(struct ol_span body, struct ol_form_body *form)
{
    struct ol_rd r = ol_rd_from(body);
    size_t n = ol_cbor_array(&r);
    uint64_t number = ol_cbor_uint(&r);
    size_t values = n > 0 ? count_values(r, n - 1) : 0;

    *form = (struct ol_form_body){0};
    if (r.bad || n == 0 || number > UINT8_MAX || values + 2 < n)
        return OL_MALFORMED;
    assert(values + 1 == n || values + 2 == n);
    form->number = (uint8_t)number;
    take_values(&r, values, &form->values);
    if (values + 2 == n && !r.bad)
        form->extra = ol_rd_take(&r, r.left);
    if (ol_rd_end(&r) == OL_OK)
        return OL_OK;
    *form = (struct ol_form_body){0};
    return OL_MALFORMED;
}

void ol_form_number_write(const struct ol_form_number *number, struct ol_wr *w)
{
    assert(number->code.len > 0 && number->code.len <= OL_FORM_CODE_MAX);
    ol_cbor_put_array(w, 3);
    ol_cbor_put_uint(w, number->number);
    ol_cbor_put_bytes(w, ol_span(number->hash.b, sizeof number->hash.b));
    ol_cbor_put_text(w, number->code);
}

enum ol_err ol_form_number_read(struct ol_span body, struct ol_form_number *number)
{
    struct ol_rd r = ol_rd_from(body);
    size_t n = ol_cbor_array(&r);
    uint64_t value = ol_cbor_uint(&r);
    struct ol_span hash = ol_cbor_bytes(&r);
    struct ol_span code = ol_cbor_text(&r);

    *number = (struct ol_form_number){0};
    if (ol_rd_end(&r) || n != 3 || value > UINT8_MAX || hash.len != sizeof number->hash.b || code.len == 0 ||
        code.len > OL_FORM_CODE_MAX)
        return OL_MALFORMED;
    number->number = (uint8_t)value;
    memcpy(number->hash.b, hash.p, hash.len);
    number->code = code;
    return OL_OK;
}
