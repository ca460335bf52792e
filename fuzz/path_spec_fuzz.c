/* SPDX-License-Identifier: Apache-2.0 */
/* A SPEC: what reads is printed so that it reads the same; a refusal is one printable line. */
#include <stdlib.h>

#include "fuzz.h"
#include "path/spec.h"

static void print(const struct ol_spec *spec)
{
    char text[OL_SPEC_MAX];
    char why[OL_WHY_MAX];
    struct ol_spec again;
    enum ol_err err;

    ol_spec_print(spec, text);
    err = ol_spec_parse(text, &again, why);
    assert(err == OL_OK && ol_spec_equal(spec, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char why[OL_WHY_MAX] = "";
    struct ol_spec spec;

    memcpy(text, data, size);
    text[size] = '\0';
    if (ol_spec_parse(text, &spec, why) == OL_OK)
        print(&spec);
    else
        assert(why[0] != '\0');
    for (size_t i = 0; why[i] != '\0'; i++)
        assert(i < OL_WHY_MAX - 1 && why[i] >= ' ' && why[i] <= '~');
    free(text);
    return 0;
}
