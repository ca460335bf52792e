/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of fields: the first byte says which field, and whether a line or an item of a
 * body follows. A line that reads is printed as a line that reads as the same item; an
 * item that is right is the only one that its line reads as.
 */
#include "base/limits.h"
#include "desk/form.h"
#include "fuzz.h"

static const struct ol_choice choices[] = {{"LAND", 1}, {"SEA", 300}};
static const struct ol_field fields[] = {
    {.type = OL_FIELD_TEXT, .max = 20},
    {.type = OL_FIELD_NUMBER, .min = -60, .max = 60},
    {.type = OL_FIELD_NUMBER, .decimals = 2, .min = 0, .max = 123456789, .unit = "kn"},
    {.type = OL_FIELD_TIME},
    {.type = OL_FIELD_TIME, .day = true},
    {.type = OL_FIELD_POSITION},
    {.type = OL_FIELD_AREA},
    {.type = OL_FIELD_CHOICE, .choice = choices, .choices = 2},
    {.type = OL_FIELD_REFERENCE, .max = 20},
};

static uint8_t item[2 * OL_BODY_MAX];
static uint8_t line[4 * OL_BODY_MAX];

static void check_line(const struct ol_field *field, struct ol_span said)
{
    struct ol_wr w = ol_wr_to(item, sizeof item);
    struct ol_wr out = ol_wr_to(line, sizeof line);
    uint8_t again[2 * OL_FORM_LINE_MAX];
    struct ol_wr second = ol_wr_to(again, sizeof again);
    enum ol_wrong wrong = ol_field_read(field, said, &w);

    if (wrong) {
        assert(w.len == 0);
        return;
    }
    wrong = ol_field_print(field, ol_wr_span(&w), &out);
    assert(wrong == OL_RIGHT);
    wrong = ol_field_read(field, ol_wr_span(&out), &second);
    assert(wrong == OL_RIGHT);
    fuzz_same(&second, w.p, w.len);
}

static void check_item(const struct ol_field *field, struct ol_span said)
{
    struct ol_wr array = ol_wr_to(item, sizeof item);
    struct ol_wr out = ol_wr_to(line, sizeof line);
    uint8_t again[2 * OL_FORM_LINE_MAX];
    struct ol_wr second = ol_wr_to(again, sizeof again);
    struct ol_values values;
    enum ol_wrong wrong;

    ol_wr_u8(&array, 0x81);
    ol_wr_bytes(&array, said.p, said.len);
    if (ol_values_read(ol_wr_span(&array), &values))
        return;
    wrong = ol_field_print(NULL, values.item[0], &out);
    assert(wrong == OL_RIGHT && !out.full);
    out.len = 0;
    if (ol_field_print(field, values.item[0], &out))
        return;
    wrong = ol_field_read(field, ol_wr_span(&out), &second);
    assert(wrong == OL_RIGHT);
    fuzz_same(&second, said.p, said.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ol_field *field;

    if (size < 1 || size > OL_BODY_MAX)
        return 0;
    field = &fields[(data[0] & 0x7f) % (sizeof fields / sizeof fields[0])];
    if (data[0] & 0x80)
        check_item(field, ol_span(data + 1, size - 1));
    else
        check_line(field, ol_span(data + 1, size - 1));
    return 0;
}
