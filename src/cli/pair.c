/* SPDX-License-Identifier: Apache-2.0 */
/* pair, renew: a new line from a card and a courier key, and the comparison of the codes; revoked: its
 * end. */
#include "station/setup.h"

#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"

#define GROUP 5u

static enum ol_exit usage(const char *key)
{
    struct ol_fault f;

    ol_fault_set(&f, OL_EXIT_USAGE, key, NULL);
    return ol_cmd_fail(&f);
}

/* People read and type digits in groups. */
static void print_code(const char *code)
{
    for (size_t i = 0; i < OL_CODE_DIGITS; i += GROUP)
        printf("%s%.*s", i > 0 ? " " : "", (int)GROUP, code + i);
    putchar('\n');
}

static void show(const struct ol_cli *c, const char *name, const struct ol_setup_line *line)
{
    char id[OL_HASH_HEX];
    char side[2] = {(char)line->side, '\0'};

    ol_hash_hex(&line->id, id);
    if (c->json)
        ol_print_json(json_pack("{s:i,s:s,s:s,s:s,s:s,s:b}", "schema", 1, "line", name, "id", id, "side",
                                side, "code", line->code, "compared", line->compared));
    else
        print_code(line->code);
    ol_print(stderr, line->compared ? "say.pair.compared" : "say.pair.compare", "line", name, NULL);
    if (ol_args_value(&c->args, "off-record") != NULL)
        ol_print(stderr, line->off_record ? "say.pair.off_record_allowed" : "say.pair.off_record_refused", "line", name, NULL);
}

/* A station that does not run reads its lines when it starts. */
static void tell_station(const struct ol_home *h)
{
    struct ol_control control;
    json_t *result = NULL;
    struct ol_fault f;
    enum ol_err err = ol_control_open(h, &control, &f);

    if (err == OL_ABSENT)
        return;
    if (!err)
        err = ol_control_call(&control, "reload", json_object(), OL_ANSWER_MS, &result, &f);
    if (err) {
        ol_print_fault(&f);
        ol_print(stderr, "say.pair.restart", NULL);
    }
    json_decref(result);
    ol_control_close(&control);
}

static enum ol_err pair(const struct ol_home *h, const struct ol_setup_pair *want,
                        struct ol_setup_line *line, struct ol_fault *f)
{
    enum ol_err err;

    if (want->card == NULL)
        return ol_setup_change(h, want, line, f);
    err = ol_setup_pair(h, want, line, f);
    if (!err)
        ol_print(stderr, "say.pair.destroy", "file", want->psk, NULL);
    return err;
}

typedef enum ol_err make_fn(const struct ol_home *h, const struct ol_setup_pair *want,
                            struct ol_setup_line *line, struct ol_fault *f);

static enum ol_err renew(const struct ol_home *h, const struct ol_setup_pair *want,
                         struct ol_setup_line *line, struct ol_fault *f)
{
    enum ol_err err = ol_setup_renew(h, want, line, f);

    if (!err)
        ol_print(stderr, "say.pair.destroy", "file", want->psk, NULL);
    return err;
}

static enum ol_exit make_line(const struct ol_cli *c, const struct ol_setup_pair *want, make_fn *make)
{
    struct ol_setup_line line;
    struct ol_home h;
    struct ol_fault f;
    enum ol_err err = ol_home_open(c->home, &h, &f);

    if (!err)
        err = make(&h, want, &line, &f);
    if (!err)
        tell_station(&h);
    ol_home_close(&h);
    if (err)
        return ol_cmd_fail(&f);
    show(c, want->name, &line);
    return OL_EXIT_DONE;
}

static struct ol_setup_pair wanted(const struct ol_cli *c, const char **paths)
{
    return (struct ol_setup_pair){
        .name = c->args.operand[0],
        .card = ol_args_value(&c->args, "card"),
        .psk = ol_args_value(&c->args, "psk"),
        .code = ol_args_value(&c->args, "code"),
        .path = paths,
        .paths = ol_args_values(&c->args, "path", paths, OL_PATHS + 1),
    };
}

/* --off-record says nothing by itself: what is meant is an operand, behind the name or before it. False: neither word
 * is there. */
static bool read_policy(const struct ol_cli *c, struct ol_setup_pair *want)
{
    for (size_t i = c->args.operands; i-- > 0;) {
        const char *word = c->args.operand[i];

        if (strcmp(word, "allow") != 0 && strcmp(word, "refuse") != 0)
            continue;
        want->off_record = *word == 'a' ? OL_SETUP_ALLOW : OL_SETUP_REFUSE;
        want->name = c->args.operand[1 - i];
        return true;
    }
    return false;
}

enum ol_exit ol_cmd_pair(const struct ol_cli *c)
{
    const char *paths[OL_PATHS + 1]; /* one more tells that there are too many */
    struct ol_setup_pair want = wanted(c, paths);
    bool policy = ol_args_value(&c->args, "off-record") != NULL;

    if (policy != (c->args.operands == 2) || (policy && !read_policy(c, &want)))
        return usage("err.pair.off_record");

    if ((want.card == NULL) != (want.psk == NULL))
        return usage("err.pair.both");
    if (want.card == NULL && want.paths > 0)
        return usage("err.pair.path");
    return make_line(c, &want, pair);
}

enum ol_exit ol_cmd_renew(const struct ol_cli *c)
{
    const char *paths[OL_PATHS + 1];
    struct ol_setup_pair want = wanted(c, paths);

    return want.psk != NULL ? make_line(c, &want, renew) : ol_cmd_needs("renew", "--psk");
}

enum ol_exit ol_cmd_revoked(const struct ol_cli *c)
{
    const char *line = c->args.operand[0];
    struct ol_home h;
    struct ol_fault f;
    enum ol_err err = ol_home_open(c->home, &h, &f);

    if (!err)
        err = ol_setup_revoke(&h, line, c->args.operand[1], &f);
    if (!err)
        tell_station(&h);
    ol_home_close(&h);
    if (err)
        return ol_cmd_fail(&f);
    ol_print(stderr, "say.revoked", "line", line, NULL);
    if (c->json)
        ol_print_json(json_pack("{s:i,s:s,s:b}", "schema", 1, "line", line, "revoked", 1));
    return OL_EXIT_DONE;
}
