/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests share: cmocka with the headers it wants, hex, and pseudo-random numbers from a seed. */
#ifndef OL_TEST_SUPPORT_H
#define OL_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SPAN(array) ol_span((array), sizeof(array))

static inline void check_err(enum ol_err want, enum ol_err got, const char *file, int line)
{
    if (want != got)
        print_error("want %s, got %s\n", ol_err_name(want), ol_err_name(got));
    _assert_int_equal(want, got, file, line);
}
#define CHECK_ERR(want, got) check_err((want), (got), __FILE__, __LINE__)

static inline unsigned hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = strchr(digits, c);

    assert_true(c != '\0' && at != NULL);
    return (unsigned)(at - digits);
}

/* Decodes into out, which holds cap bytes; the number of bytes. */
static inline size_t unhex(const char *hex, void *out, size_t cap)
{
    size_t len = strlen(hex) / 2;

    assert_true(strlen(hex) % 2 == 0 && len <= cap);
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    return len;
}

static inline void check_hex(const char *want, struct ol_span got, const char *file, int line)
{
    bool same = strlen(want) == 2 * got.len;

    for (size_t i = 0; same && i < got.len; i++)
        same = hex_digit(want[2 * i]) == got.p[i] >> 4 && hex_digit(want[2 * i + 1]) == (got.p[i] & 15u);
    if (!same) {
        print_error("want %s\n got ", want);
        for (size_t i = 0; i < got.len; i++)
            print_error("%02x", got.p[i]);
        print_error("\n");
        _fail(file, line);
    }
}
#define CHECK_HEX(want, got) check_hex((want), (got), __FILE__, __LINE__)

/* splitmix64 */
static inline uint64_t rnd(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline void rnd_fill(uint64_t *state, void *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)rnd(state);
}

#endif
