/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/text.h"

#include <stdlib.h>
#include <string.h>

#include "lang/table.h"

static int by_key(const void *key, const void *row)
{
    return strcmp(key, ((const struct ol_text_row *)row)->key);
}

const char *ol_text(const char *key)
{
    const struct ol_text_row *row = bsearch(key, ol_text_rows, ol_text_count, sizeof ol_text_rows[0],
                                            by_key);

    return row != NULL ? row->text : NULL;
}

static const char *find_value(const struct ol_param *param, size_t n, struct ol_span name)
{
    for (size_t i = 0; i < n; i++)
        if (ol_span_equal(ol_span(param[i].name, strlen(param[i].name)), name))
            return param[i].value;
    return NULL;
}

void ol_text_each(const char *text, const struct ol_param *param, size_t n, ol_text_piece *piece,
                  void *ctx)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "{");
        const char *close = strchr(text + plain, '}');
        const char *value = NULL;

        if (plain > 0) {
            piece(ctx, ol_span(text, plain), false);
            text += plain;
            continue;
        }
        if (close != NULL)
            value = find_value(param, n, ol_span(text + 1, (size_t)(close - text - 1)));
        if (value != NULL) {
            piece(ctx, ol_span(value, strlen(value)), true);
            text = close + 1;
        } else {
            piece(ctx, ol_span(text, 1), false);
            text++;
        }
    }
}

static void append(void *ctx, struct ol_span piece, bool is_value)
{
    (void)is_value;
    ol_wr_bytes(ctx, piece.p, piece.len);
}

void ol_text_write(const char *text, const struct ol_param *param, size_t n, struct ol_wr *out)
{
    ol_text_each(text, param, n, append, out);
}
