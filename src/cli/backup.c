/* SPDX-License-Identifier: Apache-2.0 */
/* backup, restore: all of a station in one file, and a home made of it. */
#include "station/backup.h"

#include <stdio.h>

#include "cli/cmd.h"

enum ol_exit ol_cmd_backup(const struct ol_cli *c)
{
    const char *file = ol_args_value(&c->args, "output");
    uint64_t bytes = 0;
    struct ol_home h;
    struct ol_fault f;
    enum ol_err err;

    if (file == NULL)
        return ol_cmd_needs("backup", "-o");
    err = ol_home_open(c->home, &h, &f);
    if (!err)
        err = ol_backup_write(&h, file, &bytes, &f);
    ol_home_close(&h);
    if (err)
        return ol_cmd_fail(&f);
    ol_print(stderr, "say.backup", "file", file, NULL);
    if (c->json)
        ol_print_json(json_pack("{s:i,s:s,s:I}", "schema", 1, "file", file, "bytes", (json_int_t)bytes));
    return OL_EXIT_DONE;
}

enum ol_exit ol_cmd_restore(const struct ol_cli *c)
{
    const char *dir = c->args.operand[0];
    const char *file = c->args.operand[1];
    size_t lines;
    struct ol_fault f;

    if (ol_backup_restore(dir, file, &lines, &f) != OL_OK)
        return ol_cmd_fail(&f);
    ol_print(stderr, "say.restore", "dir", dir, NULL);
    if (c->json)
        ol_print_json(json_pack("{s:i,s:s,s:s,s:I}", "schema", 1, "home", dir, "file", file, "lines",
                                (json_int_t)lines));
    return OL_EXIT_DONE;
}
