/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/case.h"

#include "station/setup.h"

static enum ol_err find_salt(struct ol_case *x, struct ol_fault *f)
{
    struct ol_keyring keyring;
    const struct ol_line_keys *keys;
    enum ol_err err = ol_home_keys_read(&x->home, &keyring, f);

    if (err)
        return err;
    keys = ol_keyring_find(&keyring, &x->line.id);
    if (keys != NULL)
        x->salt = keys->salt;
    ol_keyring_fini(&keyring);
    if (keys != NULL)
        return OL_OK;
    ol_fault_set(f, OL_EXIT_FAILED, "err.line.keys", "line", x->line.name, NULL);
    return OL_ABSENT;
}

static enum ol_err find_parties(struct ol_case *x, struct ol_fault *f)
{
    enum ol_err err = ol_parties_set(&x->parties, &x->line.id0,
                                     ol_span(x->line.own_card, x->line.own_card_len),
                                     ol_span(x->line.peer_card, x->line.peer_card_len));

    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.export.rows", "line", x->line.name, "detail",
                     ol_err_text(err), NULL);
    return err;
}

enum ol_err ol_case_open(const struct ol_cli *c, const char *line, struct ol_case *out,
                         struct ol_fault *f)
{
    enum ol_err err;

    *out = (struct ol_case){.home.dir = -1};
    err = ol_home_open(c->home, &out->home, f);
    if (!err)
        err = ol_snapshot_take(&out->home, &out->snapshot, f);
    if (!err)
        err = ol_setup_line_find(out->snapshot.store, line, &out->line, f);
    if (!err)
        err = find_salt(out, f);
    return err ? err : find_parties(out, f);
}

void ol_case_close(struct ol_case *x)
{
    ol_snapshot_drop(&x->snapshot);
    ol_home_close(&x->home);
    ol_wipe(x, sizeof *x);
    x->home.dir = -1;
}
