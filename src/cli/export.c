/* SPDX-License-Identifier: Apache-2.0 */
/* export: the record of a line in a file for people who have no station. */
#include "proof/export.h"

#include <fcntl.h>
#include <stdio.h>

#include "cli/case.h"

struct exporting {
    struct ol_case *of;
    uint32_t entries[2];
};

static bool count_row(void *ctx, const struct ol_row *row)
{
    (void)row;
    ++*(uint32_t *)ctx;
    return true;
}

static bool to_file(void *ctx, struct ol_span bytes)
{
    return fwrite(bytes.p, 1, bytes.len, ctx) == bytes.len;
}

static bool put_row(void *ctx, const struct ol_row *row)
{
    struct ol_export_writer *w = ctx;

    return ol_export_row(w, row) == OL_OK;
}

static enum ol_err put_rows(struct exporting *x, FILE *file)
{
    struct ol_store *s = x->of->snapshot.store;
    int64_t line = x->of->line.number;
    struct ol_export_writer w;
    enum ol_err err = OL_OK;

    for (unsigned i = 0; !err && i < 2; i++)
        err = ol_store_scan_all(s, line, (uint8_t)('A' + i), count_row, &x->entries[i]);
    if (!err)
        err = ol_export_begin(&w, &x->of->parties, &x->of->salt, x->entries, to_file, file);
    for (unsigned i = 0; !err && i < 2; i++)
        err = ol_store_scan_all(s, line, (uint8_t)('A' + i), put_row, &w);
    return err ? err : ol_export_end(&w);
}

static enum ol_err fill(void *ctx, FILE *file, struct ol_fault *f)
{
    struct exporting *x = ctx;
    enum ol_err err = put_rows(x, file);

    if (err && err != OL_IO)
        ol_fault_set(f, OL_EXIT_FAILED, "err.export.rows", "line", x->of->line.name, "detail",
                     ol_err_text(err), NULL);
    return err;
}

static void say(const struct ol_cli *c, const char *line, const char *file, const uint32_t entries[2])
{
    unsigned long long all = (unsigned long long)entries[0] + entries[1];
    char number[24];

    snprintf(number, sizeof number, "%llu", all);
    ol_print(stderr, "say.export", "file", file, "entries", number, "line", line, NULL);
    if (c->json)
        ol_print_json(json_pack("{s:i,s:s,s:s,s:I}", "schema", 1, "line", line, "file", file, "entries",
                                (json_int_t)all));
}

enum ol_exit ol_cmd_export(const struct ol_cli *c)
{
    const char *file = ol_args_value(&c->args, "output");
    struct ol_case of;
    struct exporting x = {.of = &of};
    struct ol_fault f;
    enum ol_err err;

    if (file == NULL)
        return ol_cmd_needs("export", "-o");
    err = ol_case_open(c, c->args.operand[0], &of, &f);
    if (!err)
        err = ol_file_fill(AT_FDCWD, file, 0600, fill, &x, &f); /* it holds every text */
    if (!err)
        say(c, of.line.name, file, x.entries);
    ol_case_close(&of);
    return err ? ol_cmd_fail(&f) : OL_EXIT_DONE;
}
