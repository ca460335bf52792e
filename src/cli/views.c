/* SPDX-License-Identifier: Apache-2.0 */
/* views: what the station keeps of messages beside their entries, checked against them or made anew. */
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "desk/dialogue.h"
#include "station/snapshot.h"
#include "store/store.h"

static enum ol_err count(const struct ol_home *h, size_t *checked, size_t *differ, struct ol_fault *f)
{
    struct ol_snapshot snapshot;
    enum ol_err err = ol_snapshot_take(h, &snapshot, f);

    if (err)
        return err;
    err = ol_store_views_check(snapshot.store, &ol_dialogue_views, checked, differ);
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.record", "detail", ol_err_text(err), NULL);
    ol_snapshot_drop(&snapshot);
    return err;
}

static enum ol_exit check(const struct ol_cli *c, const struct ol_home *h)
{
    size_t checked;
    size_t differ;
    char n[24];
    char wrong[24];
    struct ol_fault f;

    if (count(h, &checked, &differ, &f))
        return ol_cmd_fail(&f);
    snprintf(n, sizeof n, "%zu", checked);
    snprintf(wrong, sizeof wrong, "%zu", differ);
    if (c->json)
        ol_print_json(json_pack("{s:i,s:I,s:I}", "schema", 1, "checked", (json_int_t)checked, "differ", (json_int_t)differ));
    else
        ol_print(stdout, differ > 0 ? "say.views.differ" : "say.views.same", "checked", n, "differ", wrong, NULL);
    return differ > 0 ? OL_EXIT_NOT_VERIFIED : OL_EXIT_DONE;
}

static enum ol_err make_anew(const struct ol_home *h, struct ol_fault *f)
{
    char path[OL_HOME_PATH_MAX];
    struct ol_store *s = NULL;
    struct ol_store_cfg cfg = {.path = path, .views = &ol_dialogue_views};
    const char *why = "";
    enum ol_err err;

    ol_home_path(h, OL_HOME_RECORD, path);
    err = ol_store_open(&cfg, &s, &why);
    if (!err)
        err = ol_store_views_rebuild(s);
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.record", "detail", s != NULL ? ol_store_why(s) : why, NULL);
    ol_store_close(&s);
    return err;
}

/* Nobody else may write meanwhile. */
static enum ol_exit rebuild(const struct ol_cli *c, const struct ol_home *h)
{
    struct ol_fault f;
    int lock = -1;
    enum ol_err err = ol_home_lock(h, OL_HOME_STATION_LOCK, &lock);

    if (err)
        ol_fault_set(&f, OL_EXIT_FAILED, "err.views.running", NULL);
    else
        err = make_anew(h, &f);
    if (lock >= 0)
        close(lock);
    return err ? ol_cmd_fail(&f) : check(c, h);
}

enum ol_exit ol_cmd_views(const struct ol_cli *c)
{
    struct ol_home h;
    struct ol_fault f;
    enum ol_exit code;

    if (strcmp(c->args.operand[0], "rebuild") != 0)
        return ol_cmd_bad_word("views", c->args.operand[0], "rebuild");
    if (ol_home_open(c->home, &h, &f))
        return ol_cmd_fail(&f);
    code = ol_args_value(&c->args, "check") != NULL ? check(c, &h) : rebuild(c, &h);
    ol_home_close(&h);
    return code;
}
