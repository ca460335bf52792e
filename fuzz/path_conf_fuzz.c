/* SPDX-License-Identifier: Apache-2.0 */
/* relay.conf: what reads is written so that it reads the same; a refusal is one line. */
#include "folder.h"
#include "fuzz.h"
#include "path/conf.h"

static bool same_path(const struct ol_conf_path *a, const struct ol_conf_path *b)
{
    return a->id == b->id && strcmp(a->line, b->line) == 0 && a->path == b->path
        && ol_spec_equal(&a->spec, &b->spec);
}

static void write_again(const struct ol_conf *c)
{
    char why[OL_WHY_MAX];
    struct ol_conf again = {0};
    enum ol_err err = ol_conf_write(folder_path("again.conf"), c, why);

    assert(err == OL_OK);
    err = ol_conf_read(folder_path("again.conf"), &again, why);
    assert(err == OL_OK && again.count == c->count);
    for (size_t i = 0; i < c->count; i++)
        assert(same_path(&c->paths[i], &again.paths[i]));
    ol_conf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[OL_WHY_MAX] = "";
    struct ol_conf c = {0};

    folder_write("relay.conf", data, size);
    if (ol_conf_read(folder_path("relay.conf"), &c, why) == OL_OK)
        write_again(&c);
    else
        assert(c.paths == NULL && strncmp(why, "relay.conf:", 11) == 0 && strchr(why, '\n') == NULL);
    ol_conf_free(&c);
    return 0;
}
