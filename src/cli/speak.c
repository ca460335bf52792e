/* SPDX-License-Identifier: Apache-2.0 */
/* In which language the command speaks to the officer. */
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "lang/text.h"
#include "station/conf.h"

/* Nothing is said here of a home or a file that does not read: the command itself does, or doctor. */
static bool speak_as_home(const char *dir)
{
    struct ol_station_conf conf;
    struct ol_home h;
    struct ol_fault f;
    bool read;

    if (dir == NULL || ol_home_open(dir, &h, &f) != OL_OK)
        return false;
    read = ol_station_conf_read(&h, &conf, &f) == OL_OK;
    ol_home_close(&h);
    return read && ol_text_speak(conf.lang);
}

/* The first that is set counts, as everywhere. */
static const char *locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && *value != '\0')
            return value;
    }
    return NULL;
}

void ol_cmd_speak(const struct ol_cli *c, const char *command)
{
    bool makes_a_home = command != NULL && strcmp(command, "init") == 0;

    if (c->json || ol_text_speak(getenv("OPENLINE_LANG")))
        return;
    if (makes_a_home ? ol_text_speak(ol_args_value(&c->args, "lang")) : speak_as_home(c->home))
        return;
    ol_text_speak(locale());
}
