/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lang/table.h"

#define ENGLISH 0u
#define PARAMS_MAX 8u

static int by_key(const void *key, const void *row)
{
    return strcmp(key, ((const struct ol_text_row *)row)->key);
}

static size_t spoken; /* a column of the table */

/* Whether a tag is of this language, whatever follows: script, region, encoding. */
static bool is_of(const char *tag, const char *lang)
{
    size_t len = strcspn(tag, "-_.@");

    return len == strlen(lang) && strncasecmp(tag, lang, len) == 0;
}

bool ol_text_speak(const char *tag)
{
    if (tag == NULL)
        return false;
    if (is_of(tag, "C") || is_of(tag, "POSIX"))
        tag = ol_text_langs[ENGLISH];
    for (size_t i = 0; i < OL_TEXT_LANGS; i++) {
        if (is_of(tag, ol_text_langs[i])) {
            spoken = i;
            return true;
        }
    }
    return false;
}

/* Of the variables that name the locale the first that is set counts, as everywhere. */
static const char *locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && *value != '\0')
            return value;
    }
    return NULL;
}

void ol_text_choose(const char *home)
{
    if (!ol_text_speak(getenv("OPENLINE_LANG")) && !ol_text_speak(home))
        ol_text_speak(locale());
}

const char *ol_text(const char *key)
{
    const struct ol_text_row *row = bsearch(key, ol_text_rows, ol_text_count, sizeof ol_text_rows[0],
                                            by_key);

    if (row == NULL)
        return NULL;
    return row->text[spoken] != NULL ? row->text[spoken] : row->text[ENGLISH];
}

const char *ol_text_in(const char **tag, const char *key)
{
    size_t chosen = spoken;
    const char *text;

    if (!ol_text_speak(*tag)) {
        spoken = ENGLISH;
        *tag = ol_text_langs[ENGLISH];
    }
    text = ol_text(key);
    spoken = chosen;
    return text;
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

void ol_text_fill(char *out, size_t cap, const char *key, ...)
{
    struct ol_param param[PARAMS_MAX];
    size_t n = 0;
    const char *name;
    struct ol_wr w = ol_wr_to(out, cap - 1);
    va_list list;

    va_start(list, key);
    while (n < PARAMS_MAX && (name = va_arg(list, const char *)) != NULL)
        param[n++] = (struct ol_param){name, va_arg(list, const char *)};
    va_end(list);
    ol_text_write(ol_text(key), param, n, &w);
    out[w.len] = '\0';
}
