/* SPDX-License-Identifier: Apache-2.0 */
#include "station/conf.h"

#include <libconfig.h>
#include <stdio.h>
#include <string.h>

#define CONF_MAX (64u * 1024)

static const char *const log_names[] = {
    [OL_LOG_WARN] = "warn",
    [OL_LOG_INFO] = "info",
    [OL_LOG_DEBUG] = "debug",
};

static bool read_lang(const config_setting_t *s, struct ol_station_conf *out)
{
    const char *lang = config_setting_get_string(s);

    if (lang == NULL || !ol_lang_valid(ol_span(lang, strlen(lang))))
        return false;
    snprintf(out->lang, sizeof out->lang, "%s", lang);
    return true;
}

static bool read_liveness(const config_setting_t *s, struct ol_station_conf *out)
{
    int seconds = config_setting_get_int(s);

    if (config_setting_type(s) != CONFIG_TYPE_INT || seconds < (int)OL_LIVENESS_MIN ||
        seconds > (int)OL_LIVENESS_MAX)
        return false;
    out->liveness_seconds = (uint32_t)seconds;
    return true;
}

static bool read_watch_check(const config_setting_t *s, struct ol_station_conf *out)
{
    int seconds = config_setting_get_int(s);

    if (config_setting_type(s) != CONFIG_TYPE_INT || seconds < 0 || seconds > (int)OL_WATCH_CHECK_MAX)
        return false;
    out->watch_check_seconds = (uint32_t)seconds;
    return true;
}

static bool read_log(const config_setting_t *s, struct ol_station_conf *out)
{
    const char *name = config_setting_get_string(s);

    for (size_t i = 0; name != NULL && i < sizeof log_names / sizeof log_names[0]; i++) {
        if (strcmp(name, log_names[i]) == 0) {
            out->log = (enum ol_log_level)i;
            return true;
        }
    }
    return false;
}

/* Every setting, once: its reader and what is meant by it. */
static const struct setting {
    const char *name;
    bool (*read)(const config_setting_t *s, struct ol_station_conf *out);
    const char *meant;
} settings[] = {
    {"lang", read_lang, "err.conf.lang"},
    {"liveness_seconds", read_liveness, "err.conf.liveness"},
    {"log", read_log, "err.conf.log"},
    {"watch_check_seconds", read_watch_check, "err.conf.watch_check"},
};

static enum ol_err refuse(struct ol_fault *f, const char *key, int line, const char *setting)
{
    char number[16];

    snprintf(number, sizeof number, "%d", line);
    ol_fault_set(f, OL_EXIT_FAILED, key, "file", OL_HOME_STATION_CONF, "line", number, "setting",
                 setting, NULL);
    return OL_MALFORMED;
}

static enum ol_err read_setting(const config_setting_t *s, struct ol_station_conf *out,
                                struct ol_fault *f)
{
    const char *name = config_setting_name(s);
    int line = (int)config_setting_source_line(s);

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (strcmp(name, settings[i].name) == 0)
            return settings[i].read(s, out) ? OL_OK : refuse(f, settings[i].meant, line, name);
    return refuse(f, "err.conf.unknown", line, name);
}

static enum ol_err read_settings(config_t *config, struct ol_station_conf *out, struct ol_fault *f)
{
    const config_setting_t *root = config_root_setting(config);

    for (int i = 0; i < config_setting_length(root); i++) {
        enum ol_err err = read_setting(config_setting_get_elem(root, (unsigned)i), out, f);

        if (err)
            return err;
    }
    if (out->lang[0] == '\0')
        return refuse(f, "err.conf.lang", 1, "lang");
    return OL_OK;
}

enum ol_err ol_station_conf_read(const struct ol_home *h, struct ol_station_conf *out,
                                 struct ol_fault *f)
{
    struct ol_station_conf conf = {.liveness_seconds = 20, .watch_check_seconds = 720, .log = OL_LOG_INFO};
    struct ol_blob text;
    config_t config;
    enum ol_err err = ol_file_read(h->dir, OL_HOME_STATION_CONF, CONF_MAX, &text, f);

    *out = (struct ol_station_conf){0};
    if (err)
        return err;
    config_init(&config);
    if (memchr(text.p, '\0', text.len) != NULL)
        err = refuse(f, "err.conf.syntax", 1, "");
    else if (strstr((const char *)text.p, "@include") != NULL) /* when what it names is no file the library ends the program */
        err = refuse(f, "err.conf.include", 1, "@include");
    else if (!config_read_string(&config,
                                 (const char *)text.p)) /* ol_file_read leaves a NUL behind it */
        err = refuse(f, "err.conf.syntax", config_error_line(&config), "");
    else
        err = read_settings(&config, &conf, f);
    config_destroy(&config);
    ol_blob_free(&text);
    if (!err)
        *out = conf;
    return err;
}

static void put(struct ol_wr *w, const char *text)
{
    ol_wr_bytes(w, text, strlen(text));
}

void ol_station_conf_write(const char *lang, struct ol_wr *out)
{
    put(out,
        "// Settings of this station. A change counts from the next start.\n"
        "\n"
        "// The language of a text that does not name its own, as a tag such as \"en\" or \"pt-BR\".\n"
        "lang = \"");
    put(out, lang);
    put(out,
        "\";\n"
        "\n"
        "// How often a quiet path is tried, in seconds: 1 to 86400.\n"
        "// A cut shows within three times this.\n"
        "liveness_seconds = 20;\n"
        "\n"
        "// How often an officer whose desk is attended says so by desk check, in seconds:\n"
        "// up to 86400; 0: never. After twice this the other side is told that nobody is there.\n"
        "watch_check_seconds = 720;\n"
        "\n"
        "// What goes to log/openlined.log: \"warn\", \"info\" or \"debug\".\n"
        "// Never a text, never a key.\n"
        "log = \"info\";\n");
}
