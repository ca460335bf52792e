/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One field of a form: a line of text as a person writes it, and the same value as it
 * lies in a body. Each value has one encoding and one spelling that is printed, so that
 * values are equal when their bytes are.
 *
 *     text        text string, one line
 *     number      unsigned integer: the number times 10^decimals, less the field's least
 *     time        unsigned integer: seconds since 1970-01-01T00:00Z; of a day: days since then
 *     position    7 bytes: (latitude + 54000000) * 216000000 + longitude + 107999999, in 1/600000 of a degree, north
 *                 and east positive, longitude above -108000000
 *     area        9 bytes: position of the centre, 2 bytes: radius in tenths, top bit set for nautical miles, else km
 *                 or 7 bytes a corner, 3 to 32 of them
 *     choice      unsigned integer: the code of the choice
 *     reference   unsigned integer: 2 * number + (0 for A, 1 for B); or text string
 */
#ifndef OL_DESK_FIELD_H
#define OL_DESK_FIELD_H

#include "base/bytes.h"

enum ol_field_type {
    OL_FIELD_TEXT,
    OL_FIELD_NUMBER,
    OL_FIELD_TIME,
    OL_FIELD_POSITION,
    OL_FIELD_AREA,
    OL_FIELD_CHOICE,
    OL_FIELD_REFERENCE,
};

struct ol_choice {
    const char *value; /* as it is written */
    uint16_t code;     /* as it is sent */
};

struct ol_field {
    enum ol_field_type type;
    bool required;
    bool day;         /* time: a day */
    uint8_t decimals; /* number */
    int64_t min;      /* number: times 10^decimals */
    int64_t max;      /* number: the same; text, reference: bytes */
    const char *unit; /* number: NULL for none */
    const struct ol_choice *choice;
    size_t choices;
};

/* What can be wrong with a value. */
enum ol_wrong {
    OL_RIGHT,
    OL_WRONG_EMPTY,     /* no value */
    OL_WRONG_TEXT,      /* not UTF-8, or not one line */
    OL_WRONG_HIDDEN,    /* a hidden character */
    OL_WRONG_LONG,      /* more bytes than its field holds */
    OL_WRONG_NUMBER,    /* not a number */
    OL_WRONG_DECIMALS,  /* more decimals than its field holds */
    OL_WRONG_RANGE,     /* below the least or above the most */
    OL_WRONG_TIME,      /* not a time */
    OL_WRONG_DATE,      /* a date or hour that does not exist, or before 1970 or after 2105 */
    OL_WRONG_POSITION,  /* not a position */
    OL_WRONG_EARTH,     /* a position off the Earth */
    OL_WRONG_AREA,      /* neither a circle nor corners */
    OL_WRONG_RADIUS,    /* a radius that is none, or 0, or above 3000 */
    OL_WRONG_CORNERS,   /* fewer than 3 or more than OL_FORM_CORNERS */
    OL_WRONG_CHOICE,    /* none of the choices */
    OL_WRONG_KIND,      /* in a body: not of the field's type */
    OL_WRONG_REQUIRED,  /* in a body: left out, and its field must have a value */
    OL_WRONG_SURPLUS,   /* in a body: the form has no such field */
};

/* Writes the value of a line of text as a CBOR item. On anything but RIGHT nothing is written. */
OL_MUST_USE enum ol_wrong ol_field_read(const struct ol_field *field, struct ol_span line, struct ol_wr *w);
/* Prints an item, a whole value of a body, as ol_field_read takes it; without a field (NULL), or when the item is
 * not of its type, in digits, as text or in hex. What is wrong with it is told, and printed all the same. */
enum ol_wrong ol_field_print(const struct ol_field *field, struct ol_span item, struct ol_wr *w);
/* The choice that an item stands for; NULL when it is none. */
const struct ol_choice *ol_field_choice(const struct ol_field *field, struct ol_span item);

#endif
