/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/print.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "desk/alarm.h"

#define PARAMS_MAX 10u
#define FIRST_STRONG_ISOLATE "\xe2\x81\xa8" /* these two take no column */
#define POP_ISOLATE "\xe2\x81\xa9"

/* The next character of what may not be UTF-8: a byte that is none counts as one, U+FFFD. */
static size_t next_char(struct ol_span text, utf8proc_int32_t *c)
{
    utf8proc_ssize_t n = utf8proc_iterate(text.p, (utf8proc_ssize_t)text.len, c);

    if (n > 0)
        return (size_t)n;
    *c = 0xfffd;
    return 1;
}

/* Characters that would act on the terminal, or make a text read otherwise than it is written. */
static bool is_unsafe(utf8proc_int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

static bool is_right_to_left(const char *word)
{
    struct ol_span rest = ol_span(word, strlen(word));

    while (rest.len > 0) {
        utf8proc_int32_t c;
        size_t n = next_char(rest, &c);
        utf8proc_propval_t class = utf8proc_get_property(c)->bidi_class;

        if (class == UTF8PROC_BIDI_CLASS_R || class == UTF8PROC_BIDI_CLASS_AL)
            return true;
        rest = ol_span(rest.p + n, rest.len - n);
    }
    return false;
}

static void put_safe(FILE *to, struct ol_span text)
{
    while (text.len > 0) {
        utf8proc_int32_t c;
        size_t n = next_char(text, &c);

        if (is_unsafe(c))
            fprintf(to, "<U+%04X>", (unsigned)c);
        else if (c == 0xfffd)
            fputs("\xef\xbf\xbd", to);
        else
            fwrite(text.p, 1, n, to);
        text = ol_span(text.p + n, text.len - n);
    }
}

static void put_piece(void *ctx, struct ol_span piece, bool is_value)
{
    if (is_value)
        put_safe(ctx, piece);
    else
        fwrite(piece.p, 1, piece.len, ctx);
}

void ol_print(FILE *to, const char *key, ...)
{
    struct ol_param param[PARAMS_MAX];
    size_t n = 0;
    const char *name;
    va_list list;

    va_start(list, key);
    while (n < PARAMS_MAX && (name = va_arg(list, const char *)) != NULL)
        param[n++] = (struct ol_param){name, va_arg(list, const char *)};
    va_end(list);
    ol_text_each(ol_text(key), param, n, put_piece, to);
    fputc('\n', to);
}

void ol_print_fault(const struct ol_fault *f)
{
    struct ol_param param[OL_FAULT_PARAMS];
    size_t n = ol_fault_params(f, param);

    fputs("openline: ", stderr);
    ol_text_each(ol_text(f->key), param, n, put_piece, stderr);
    fputc('\n', stderr);
}

static bool unprintable; /* an object could not be made */

void ol_print_json(json_t *object)
{
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    if (text != NULL)
        puts(text);
    else
        unprintable = true;
    fflush(stdout);
    free(text);
    json_decref(object);
}

bool ol_print_done(void)
{
    return fflush(stdout) == 0 && !ferror(stdout) && !unprintable;
}

size_t ol_print_width(const char *word)
{
    struct ol_span rest = ol_span(word, strlen(word));
    size_t width = 0;

    while (rest.len > 0) {
        utf8proc_int32_t c;
        size_t n = next_char(rest, &c);

        if (is_unsafe(c))
            width += sizeof "<U+XXXX>" - 1;
        else
            width += (size_t)utf8proc_charwidth(c);
        rest = ol_span(rest.p + n, rest.len - n);
    }
    return width;
}

static size_t padding; /* spaces owed before the next cell; none are left at the end of a row */

static void begin_cell(bool right_to_left)
{
    printf("%*s%s", (int)padding, "", right_to_left ? FIRST_STRONG_ISOLATE : "");
}

static void end_cell(bool right_to_left, size_t owed)
{
    fputs(right_to_left ? POP_ISOLATE : "", stdout);
    padding = 2 + owed;
}

void ol_print_cell(const char *word, size_t width)
{
    size_t is = ol_print_width(word);
    bool right_to_left = is_right_to_left(word);

    begin_cell(right_to_left);
    put_safe(stdout, ol_span(word, strlen(word)));
    end_cell(right_to_left, is < width ? width - is : 0);
}

void ol_print_cell_text(const char *text, const struct ol_param *param, size_t n)
{
    bool right_to_left = is_right_to_left(text);

    begin_cell(right_to_left);
    ol_text_each(text, param, n, put_piece, stdout);
    end_cell(right_to_left, 0);
}

void ol_print_row_end(void)
{
    putchar('\n');
    padding = 0;
}

void ol_print_text(const json_t *text, const char *indent)
{
    const char *p = json_string_value(text);
    const char *end = p != NULL ? p + json_string_length(text) : NULL;

    while (p != NULL) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));

        fputs(indent, stdout);
        put_safe(stdout, ol_span(p, (size_t)((newline != NULL ? newline : end) - p)));
        putchar('\n');
        p = newline != NULL ? newline + 1 : NULL;
    }
}

const char *ol_alarm_text(const char *alarm, char buf[static OL_ALARM_TEXT_MAX])
{
    const struct ol_alarm_meaning *m = ol_alarm_named(alarm);

    if (m == NULL)
        return NULL;
    snprintf(buf, OL_ALARM_TEXT_MAX, "%s %s %s", ol_text(m->cause), ol_text(m->consequence), ol_text(m->action));
    return buf;
}

bool ol_reason_of(const json_t *line, struct ol_reason *out)
{
    const json_t *peer = json_object_get(line, "peer");
    const char *key = json_string_value(json_object_get(line, "reason_key"));
    const char *said = json_string_value(json_object_get(line, "reason"));

    out->text = key != NULL ? ol_text(key) : NULL;
    if (out->text == NULL)
        out->text = said != NULL ? "{text}" : NULL;
    out->param[0] = (struct ol_param){"line", ol_word(line, "name", out->word[0])};
    out->param[1] = (struct ol_param){"party", ol_word(peer, "party", out->word[1])};
    out->param[2] = (struct ol_param){"station", ol_word(peer, "station", out->word[2])};
    out->param[3] = (struct ol_param){"fingerprint", ol_word(peer, "fingerprint", out->word[3])};
    out->param[4] = (struct ol_param){"text", ol_word(line, "reason", out->word[4])};
    return out->text != NULL;
}

const char *ol_word(const json_t *object, const char *name, char buf[static OL_WORD_MAX])
{
    const json_t *value = json_object_get(object, name);

    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_integer(value)) {
        snprintf(buf, OL_WORD_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return buf;
    }
    return "-";
}

const char *ol_word_time(const json_t *object, const char *name, char buf[static OL_WORD_MAX])
{
    static const char *const months[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                         "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
    const char *time = ol_word(object, name, buf);
    unsigned year;
    unsigned month;
    unsigned day;
    unsigned hour;
    unsigned minute;

    if (sscanf(time, "%4u-%2u-%2uT%2u:%2u:", &year, &month, &day, &hour, &minute) != 5 || month < 1 ||
        month > 12)
        return time;
    snprintf(buf, OL_WORD_MAX, "%02u%02u%02uZ %s %02u", day % 100, hour % 100, minute % 100,
             months[month - 1], year % 100);
    return buf;
}

const char *ol_word_number(const char *key, json_int_t n, char buf[static OL_WORD_MAX])
{
    char number[24];

    snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, n);
    ol_text_fill(buf, OL_WORD_MAX, key, "n", number, NULL);
    return buf;
}
