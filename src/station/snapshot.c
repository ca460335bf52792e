/* SPDX-License-Identifier: Apache-2.0 */
#include "station/snapshot.h"

#include <unistd.h>

#include "station/setup.h"

static enum ol_err copy(const struct ol_home *h, struct ol_store *live, struct ol_store **out,
                        struct ol_fault *f)
{
    char path[OL_HOME_PATH_MAX];
    const char *why = NULL;
    enum ol_err err;

    ol_home_path(h, OL_SNAPSHOT, path);
    unlinkat(h->dir, OL_SNAPSHOT, 0); /* what an interrupted run left */
    err = ol_store_backup(live, path);
    if (!err)
        err = ol_store_open(&(struct ol_store_cfg){.path = path, .read_only = true}, out, &why);
    if (err) {
        if (why == NULL)
            why = ol_store_why(live);
        ol_fault_set(f, OL_EXIT_FAILED, "err.snapshot", "detail",
                     *why != '\0' ? why : ol_err_text(err), NULL);
    }
    return err;
}

enum ol_err ol_snapshot_take(const struct ol_home *h, struct ol_snapshot *out, struct ol_fault *f)
{
    struct ol_store *live = NULL;
    enum ol_err err;

    *out = (struct ol_snapshot){.lock = -1};
    err = ol_setup_lock(h, &out->lock, f);
    if (err)
        return err;
    out->home = h;
    err = ol_setup_store_open(h, true, &live, f);
    if (!err)
        err = copy(h, live, &out->store, f);
    ol_store_close(&live);
    if (err)
        ol_snapshot_drop(out);
    return err;
}

void ol_snapshot_drop(struct ol_snapshot *s)
{
    if (s->home == NULL)
        return;
    ol_store_close(&s->store);
    unlinkat(s->home->dir, OL_SNAPSHOT, 0);
    close(s->lock);
    *s = (struct ol_snapshot){.lock = -1};
}
