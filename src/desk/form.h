/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms: messages whose numbered fields hold values, so that each desk reads them in its
 * own language. What the fields mean is data (forms/); a line knows a form by a number
 * that its sender gave to the form's hash. Bodies (deterministic CBOR):
 *
 *     form          [number, value of field 1, value of field 2, ... , map]
 *                   values as field.h has them, up to the last that is given; an empty byte string for one between
 *                   that is left out; the map, when there is one, says what differs from the form's own header
 *     form number   [number, hash as 32 bytes, code text]
 *
 * and where a read-back has the text of a message, that of a form has the array of its values.
 */
#ifndef OL_DESK_FORM_H
#define OL_DESK_FORM_H

#include "base/limits.h"
#include "crypto/keys.h"
#include "desk/field.h"

/* Values in the order of their fields, borrowed. */
struct ol_values {
    size_t n;                                 /* up to the last that is given */
    struct ol_span item[OL_FORM_FIELDS];      /* one CBOR item each; empty: left out */
};

struct ol_form_body {
    uint8_t number;
    struct ol_values values;
    struct ol_span extra; /* the map, as it lies there and unread; empty: none */
};

/* Sets w->full when it does not fit. */
void ol_form_write(const struct ol_form_body *form, struct ol_wr *w);
/* MALFORMED also for more than OL_FORM_FIELDS values. Whether they fit the form's fields is asked of each field. */
OL_MUST_USE enum ol_err ol_form_read(struct ol_span body, struct ol_form_body *form);

/* The array alone, of a read-back. */
void ol_values_write(const struct ol_values *values, struct ol_wr *w);
OL_MUST_USE enum ol_err ol_values_read(struct ol_span array, struct ol_values *values);

/* Fields where what was read back is not what was sent: bit n - 1 for field n. */
struct ol_misread {
    uint64_t differs;
    uint64_t left_out; /* filled, and not read back */
    uint64_t added;    /* read back, and not filled */
};

/* Whether they are the same; *misread says where they are not. */
bool ol_values_same(const struct ol_values *sent, const struct ol_values *read, struct ol_misread *misread);

struct ol_form_number {
    uint8_t number;
    struct ol_hash hash;
    struct ol_span code; /* borrowed */
};

void ol_form_number_write(const struct ol_form_number *number, struct ol_wr *w);
OL_MUST_USE enum ol_err ol_form_number_read(struct ol_span body, struct ol_form_number *number);

#endif
