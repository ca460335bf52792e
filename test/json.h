/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors: a JSON file of test/vectors, and its members as text, numbers and bytes. */
#ifndef OL_TEST_JSON_H
#define OL_TEST_JSON_H

#include "support.h"

#include <jansson.h>

static inline json_t *vectors_load(const char *file)
{
    char path[1024];
    json_error_t error;
    json_t *root;

    assert_true((size_t)snprintf(path, sizeof path, "%s/%s", OL_VECTORS, file) < sizeof path);
    root = json_load_file(path, 0, &error);
    if (root == NULL)
        fail_msg("%s: %s", path, error.text);
    return root;
}

static inline json_t *member(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    if (value == NULL)
        fail_msg("vectors: no member %s", name);
    return value;
}

static inline const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(member(object, name));

    assert_non_null(text);
    return text;
}

static inline uint64_t number_at(const json_t *object, const char *name)
{
    assert_true(json_is_integer(member(object, name)));
    return (uint64_t)json_integer_value(member(object, name));
}

/* The bytes of a hex member, into buf. */
static inline struct ol_span bytes_at(const json_t *object, const char *name, void *buf, size_t cap)
{
    return ol_span(buf, unhex(text_at(object, name), buf, cap));
}

/* A hex member that fills buf exactly. */
static inline void fill_from(const json_t *object, const char *name, void *buf, size_t len)
{
    assert_int_equal(len, unhex(text_at(object, name), buf, len));
}

#endif
