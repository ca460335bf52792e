/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

#include <string.h>

/* Where the reading stands. */
struct reader {
    int argc;
    char *const *argv;
    int at;
    const struct ol_opt *opts;
    struct ol_args *out;
    struct ol_fault *f;
};

static enum ol_err refuse(struct reader *r, const char *key, const char *what)
{
    ol_fault_set(r->f, OL_EXIT_USAGE, key, "option", what, NULL);
    return OL_MALFORMED;
}

static bool is_named(const struct ol_opt *opt, const char *name, size_t len)
{
    return strlen(opt->name) == len && memcmp(opt->name, name, len) == 0;
}

/* By name, or by letter when there is no name. */
static const struct ol_opt *find(const struct reader *r, const char *name, size_t len, char letter)
{
    for (const struct ol_opt *o = r->opts; o->name != NULL; o++)
        if (name != NULL ? is_named(o, name, len) : o->letter == letter)
            return o;
    return NULL;
}

static enum ol_err give(struct reader *r, const struct ol_opt *opt, const char *value)
{
    if (!opt->many && ol_args_value(r->out, opt->name) != NULL)
        return refuse(r, "err.usage.twice", opt->name);
    if (r->out->given == OL_GIVEN_MAX)
        return refuse(r, "err.usage.many", opt->name);
    r->out->give[r->out->given++] = (struct ol_given){opt, value};
    return OL_OK;
}

/* `joined` is the value that stands in the same word, or NULL. */
static enum ol_err take_option(struct reader *r, const struct ol_opt *opt, const char *joined)
{
    if (opt->value == NULL)
        return joined != NULL ? refuse(r, "err.usage.no_value", opt->name) : give(r, opt, "");
    if (joined != NULL)
        return give(r, opt, joined);
    if (r->at + 1 >= r->argc)
        return refuse(r, "err.usage.value", opt->name);
    return give(r, opt, r->argv[++r->at]);
}

static enum ol_err read_option(struct reader *r)
{
    const char *word = r->argv[r->at];
    bool is_long = word[1] == '-';
    const char *name = word + 2;
    size_t len = is_long ? strcspn(name, "=") : 0;
    const struct ol_opt *opt = is_long ? find(r, name, len, 0) : find(r, NULL, 0, word[1]);
    const char *joined = NULL;

    if (opt == NULL)
        return refuse(r, "err.usage.unknown", word);
    if (is_long && name[len] == '=')
        joined = name + len + 1;
    else if (!is_long && word[2] != '\0')
        joined = word + 2;
    return take_option(r, opt, joined);
}

static enum ol_err read_operand(struct reader *r)
{
    if (r->out->operands == OL_OPERANDS_MAX)
        return refuse(r, "err.usage.operand", r->argv[r->at]);
    r->out->operand[r->out->operands++] = r->argv[r->at];
    return OL_OK;
}

enum ol_err ol_args_read(int argc, char *const *argv, const struct ol_opt *opts, struct ol_args *out,
                         struct ol_fault *f)
{
    struct reader r = {.argc = argc, .argv = argv, .opts = opts, .out = out, .f = f};
    bool ended = false;
    enum ol_err err = OL_OK;

    *out = (struct ol_args){0};
    for (; !err && r.at < argc; r.at++) {
        const char *word = argv[r.at];

        if (!ended && strcmp(word, "--") == 0)
            ended = true;
        else if (!ended && word[0] == '-' && word[1] != '\0')
            err = read_option(&r);
        else
            err = read_operand(&r);
    }
    return err;
}

const char *ol_args_value(const struct ol_args *a, const char *name)
{
    for (size_t i = 0; i < a->given; i++)
        if (strcmp(a->give[i].opt->name, name) == 0)
            return a->give[i].value;
    return NULL;
}

size_t ol_args_values(const struct ol_args *a, const char *name, const char **out, size_t cap)
{
    size_t n = 0;

    for (size_t i = 0; i < a->given && n < cap; i++)
        if (strcmp(a->give[i].opt->name, name) == 0)
            out[n++] = a->give[i].value;
    return n;
}
