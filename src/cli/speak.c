/* SPDX-License-Identifier: Apache-2.0 */
/* In which language the command speaks to the officer. */
#include <string.h>

#include "cli/cmd.h"
#include "lang/text.h"
#include "station/conf.h"

/* Nothing is said here of a home or a file that does not read: the command itself does, or doctor. */
static void choose_as_home(const char *dir)
{
    struct ol_station_conf conf = {0};
    struct ol_home h;
    struct ol_fault f;
    bool read = false;

    if (dir != NULL && ol_home_open(dir, &h, &f) == OL_OK) {
        read = ol_station_conf_read(&h, &conf, &f) == OL_OK;
        ol_home_close(&h);
    }
    ol_text_choose(read ? conf.lang : NULL);
}

/* Whether the language that is named is the one to show things in, not that of a text. */
static bool shows(const char *command)
{
    static const char *const names[] = {"list", "show", "search", "form"};

    for (size_t i = 0; command != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(command, names[i]) == 0)
            return true;
    }
    return false;
}

void ol_cmd_speak(const struct ol_cli *c, const char *command)
{
    const char *lang = ol_args_value(&c->args, "lang");

    if (c->json)
        return;
    if (command != NULL && strcmp(command, "init") == 0)
        ol_text_choose(ol_args_value(&c->args, "lang"));
    else if (lang == NULL || !shows(command) || !ol_text_speak(lang))
        choose_as_home(c->home);
}
