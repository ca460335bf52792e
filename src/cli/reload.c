/* SPDX-License-Identifier: Apache-2.0 */
/* reload: what of the home may change under a running station. */
#include "cli/cmd.h"

static void print_refused(const json_t *refused)
{
    json_t *one;
    size_t i;

    json_array_foreach(refused, i, one) {
        struct ol_fault f;

        ol_control_refusal(one, &f);
        ol_print_fault(&f);
    }
    if (i > 0)
        ol_print(stderr, "say.reload.forms_stand", NULL);
}

enum ol_exit ol_cmd_reload(const struct ol_cli *c)
{
    json_t *result;
    const json_t *refused;
    bool all;
    struct ol_fault f;

    if (ol_cmd_ask(c, "reload", json_object(), OL_ANSWER_MS, &result, &f) != OL_OK)
        return ol_cmd_fail(&f);
    refused = json_object_get(result, "refused");
    all = json_array_size(refused) == 0;
    print_refused(refused);
    if (c->json)
        ol_print_json(json_incref(result));
    else if (all)
        ol_print(stdout, "say.reload", NULL);
    json_decref(result);
    return all ? OL_EXIT_DONE : OL_EXIT_FAILED;
}
