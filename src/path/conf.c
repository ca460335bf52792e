/* SPDX-License-Identifier: Apache-2.0 */
#include "path/conf.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (1u << 20) /* far above 1,024 paths */

#define ID_MEANT "a number from 1 to 65535 is meant"
#define LINE_MEANT "the first 16 hex digits of the line id are meant, in lower case"
#define PATH_MEANT "a number from 0 to 15 is meant"
#define SPEC_MEANT "a SPEC in quotes is meant, as \"tcp:listen:127.0.0.1:7001\""

/* A rule that a path breaks: in which setting, and what is meant. */
struct breach {
    const char *setting;
    const char *meant;
};

static const char *base_name(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash != NULL ? slash + 1 : file;
}

static enum ol_err refuse(char *why, const char *file, unsigned line, struct breach b)
{
    if (line > 0)
        snprintf(why, OL_WHY_MAX, "%s:%u: %s: %s", base_name(file), line, b.setting, b.meant);
    else
        snprintf(why, OL_WHY_MAX, "%s: %s: %s", base_name(file), b.setting, b.meant);
    return OL_MALFORMED;
}

static enum ol_err failed(char *why, const char *file, const char *what)
{
    snprintf(why, OL_WHY_MAX, "%s: %s: %s", base_name(file), what, strerror(errno));
    return OL_IO;
}

static bool is_line(const char *text)
{
    return strlen(text) == OL_CONF_LINE && strspn(text, "0123456789abcdef") == OL_CONF_LINE;
}

/* The port that a path takes on this machine. TCP and UDP have ports of their own. */
static bool same_port(const struct ol_spec *a, const struct ol_spec *b)
{
    return a->kind == b->kind && a->kind != OL_SPEC_TCP_CONNECT && a->local.port == b->local.port;
}

static bool clash(const struct ol_conf_path *a, const struct ol_conf_path *b, struct breach *out)
{
    if (a->id == b->id)
        *out = (struct breach){"id", "used twice; each path has a number of its own"};
    else if (strcmp(a->line, b->line) == 0 && a->path == b->path)
        *out = (struct breach){"path", "used twice on this line; each path has a number of its own"};
    else if (same_port(&a->spec, &b->spec))
        *out = (struct breach){"spec", "the local port is used by another path"};
    else
        return false;
    return true;
}

/* The rules that a path must keep by itself and with those before it. */
static bool breaks_rule(const struct ol_conf *c, size_t at, struct breach *out)
{
    const struct ol_conf_path *p = &c->paths[at];

    if (p->id == 0) {
        *out = (struct breach){"id", ID_MEANT};
        return true;
    }
    if (!is_line(p->line)) {
        *out = (struct breach){"line", LINE_MEANT};
        return true;
    }
    if (p->path >= OL_PATHS) {
        *out = (struct breach){"path", PATH_MEANT};
        return true;
    }
    for (size_t i = 0; i < at; i++)
        if (clash(&c->paths[i], p, out))
            return true;
    return false;
}

/* Reading. */

static bool read_int(const config_setting_t *group, const char *name, int max, int *out)
{
    return config_setting_lookup_int(group, name, out) == CONFIG_TRUE && *out >= 0 && *out <= max;
}

static bool read_line(const config_setting_t *group, char *line)
{
    const char *text;

    if (config_setting_lookup_string(group, "line", &text) != CONFIG_TRUE || !is_line(text))
        return false;
    memcpy(line, text, OL_CONF_LINE + 1);
    return true;
}

static unsigned line_of(const config_setting_t *group, const char *name)
{
    const config_setting_t *s = config_setting_get_member(group, name);

    return config_setting_source_line(s != NULL ? s : group);
}

/* A misspelt setting is an error, not a default. */
static const char *unknown_setting(const config_setting_t *group)
{
    static const char *const known[] = {"id", "line", "path", "spec"};

    for (int i = 0; i < config_setting_length(group); i++) {
        const char *name = config_setting_name(config_setting_get_elem(group, (unsigned)i));
        bool found = false;

        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
            found = found || strcmp(name, known[k]) == 0;
        if (!found)
            return name;
    }
    return NULL;
}

static bool read_path(const config_setting_t *group, struct ol_conf_path *p, struct breach *b,
                      char why[static OL_WHY_MAX])
{
    const char *text;
    int id = 0;
    int path = 0;

    *b = (struct breach){"paths", "each is a group { id, line, path, spec }"};
    if (!config_setting_is_group(group))
        return false;
    *b = (struct breach){unknown_setting(group), "no such setting; id, line, path and spec are meant"};
    if (b->setting != NULL)
        return false;
    *b = (struct breach){"id", ID_MEANT};
    if (!read_int(group, "id", UINT16_MAX, &id))
        return false;
    *b = (struct breach){"line", LINE_MEANT};
    if (!read_line(group, p->line))
        return false;
    *b = (struct breach){"path", PATH_MEANT};
    if (!read_int(group, "path", OL_PATHS - 1, &path))
        return false;
    *b = (struct breach){"spec", SPEC_MEANT};
    if (config_setting_lookup_string(group, "spec", &text) != CONFIG_TRUE)
        return false;
    *b = (struct breach){"spec", why};
    if (ol_spec_parse(text, &p->spec, why) != OL_OK)
        return false;
    p->id = (uint16_t)id;
    p->path = (uint8_t)path;
    return true;
}

static enum ol_err read_paths(const char *file, const config_setting_t *list, struct ol_conf *c,
                              char *why)
{
    int count = config_setting_length(list);

    if (!config_setting_is_list(list) || count < 0 || (unsigned)count > OL_CONF_PATHS)
        return refuse(why, file, config_setting_source_line(list),
                      (struct breach){"paths", "a list ( { ... }, { ... } ) of at most 1024 is meant"});
    c->paths = calloc((size_t)count + 1, sizeof *c->paths);
    if (c->paths == NULL)
        return failed(why, file, "reading");
    for (int i = 0; i < count; i++) {
        const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
        char spec_why[OL_WHY_MAX];
        struct breach b;

        if (!read_path(group, &c->paths[i], &b, spec_why) || breaks_rule(c, (size_t)i, &b))
            return refuse(why, file, line_of(group, b.setting), b);
        c->count++;
    }
    return OL_OK;
}

static enum ol_err read_root(const char *file, config_t *cfg, struct ol_conf *c, char *why)
{
    const config_setting_t *root = config_root_setting(cfg);

    for (int i = 0; i < config_setting_length(root); i++) {
        const config_setting_t *s = config_setting_get_elem(root, (unsigned)i);

        if (strcmp(config_setting_name(s), "paths") != 0)
            return refuse(why, file, config_setting_source_line(s),
                          (struct breach){config_setting_name(s), "no such setting; paths is meant"});
    }
    if (config_setting_length(root) == 0)
        return OL_OK;
    return read_paths(file, config_setting_get_elem(root, 0), c, why);
}

static enum ol_err parse(const char *file, const char *text, struct ol_conf *out, char *why)
{
    struct ol_conf c = {0};
    config_t cfg;
    enum ol_err err;

    config_init(&cfg);
    if (strstr(text, "@include") != NULL) /* what it names may be no file, and then the library ends the program */
        err = refuse(why, file, 0, (struct breach){"@include", "everything stands in this one file"});
    else if (config_read_string(&cfg, text) == CONFIG_TRUE)
        err = read_root(file, &cfg, &c, why);
    else
        err = refuse(why, file, (unsigned)config_error_line(&cfg),
                     (struct breach){"syntax", config_error_text(&cfg)});
    config_destroy(&cfg);
    if (err == OL_OK)
        *out = c;
    else
        ol_conf_free(&c);
    return err;
}

/* The library is given text in memory: on a file that it cannot read it would end the program. */
static enum ol_err load(int fd, const char *file, char *text, char *why)
{
    size_t len = 0;
    ssize_t n = 0;

    while (len < FILE_MAX && (n = read(fd, text + len, FILE_MAX - len)) > 0)
        len += (size_t)n;
    if (n < 0)
        return failed(why, file, "reading");
    text[len] = '\0';
    if (len == FILE_MAX || strlen(text) != len)
        return refuse(why, file, 0, (struct breach){"file", "text of less than 1 MiB is meant"});
    return OL_OK;
}

enum ol_err ol_conf_read_fd(int fd, const char *file, struct ol_conf *out, char why[static OL_WHY_MAX])
{
    char *text = malloc(FILE_MAX + 1);
    enum ol_err err;

    if (text == NULL)
        return failed(why, file, "reading");
    err = load(fd, file, text, why);
    if (err == OL_OK)
        err = parse(file, text, out, why);
    free(text);
    return err;
}

enum ol_err ol_conf_read(const char *file, struct ol_conf *out, char why[static OL_WHY_MAX])
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum ol_err err = errno == ENOENT ? OL_ABSENT : OL_IO;

    if (fd < 0) {
        failed(why, file, "opening");
        return err;
    }
    err = ol_conf_read_fd(fd, file, out, why);
    close(fd);
    return err;
}

void ol_conf_free(struct ol_conf *c)
{
    free(c->paths);
    *c = (struct ol_conf){0};
}

/* Writing. */

static bool put_int(config_setting_t *group, const char *name, int value)
{
    config_setting_t *s = config_setting_add(group, name, CONFIG_TYPE_INT);

    return s != NULL && config_setting_set_int(s, value) == CONFIG_TRUE;
}

static bool put_string(config_setting_t *group, const char *name, const char *value)
{
    config_setting_t *s = config_setting_add(group, name, CONFIG_TYPE_STRING);

    return s != NULL && config_setting_set_string(s, value) == CONFIG_TRUE;
}

static bool put_path(config_setting_t *list, const struct ol_conf_path *p)
{
    config_setting_t *group = config_setting_add(list, NULL, CONFIG_TYPE_GROUP);
    char spec[OL_SPEC_MAX];

    ol_spec_print(&p->spec, spec);
    return group != NULL && put_int(group, "id", p->id) && put_string(group, "line", p->line)
        && put_int(group, "path", p->path) && put_string(group, "spec", spec);
}

static bool put_all(config_t *cfg, const struct ol_conf *c)
{
    config_setting_t *list = config_setting_add(config_root_setting(cfg), "paths", CONFIG_TYPE_LIST);
    bool ok = list != NULL;

    for (size_t i = 0; ok && i < c->count; i++)
        ok = put_path(list, &c->paths[i]);
    return ok;
}

static bool write_new(int dir, const char *name, const struct ol_conf *c)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    config_t cfg;
    bool ok;

    if (f == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    config_init(&cfg);
    ok = put_all(&cfg, c);
    if (ok)
        config_write(&cfg, f);
    config_destroy(&cfg);
    ok = ok && ferror(f) == 0 && fflush(f) == 0 && fsync(fd) == 0;
    return fclose(f) == 0 && ok;
}

static int open_folder(const char *file)
{
    size_t len = (size_t)(base_name(file) - file);
    char *folder = len > 0 ? strndup(file, len) : strdup(".");
    int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    free(folder);
    return fd;
}

static enum ol_err replace(int dir, const char *file, const struct ol_conf *c, char *why)
{
    const char *name = base_name(file);
    char next[NAME_MAX + 1];

    for (size_t i = 0; i < c->count; i++) {
        struct breach b;

        if (breaks_rule(c, i, &b))
            return refuse(why, file, 0, b);
    }
    if (snprintf(next, sizeof next, "%s.new", name) >= (int)sizeof next) {
        errno = ENAMETOOLONG;
        return failed(why, file, "writing");
    }
    if (!write_new(dir, next, c) || renameat(dir, next, dir, name) != 0 || fsync(dir) != 0)
        return failed(why, file, "writing");
    return OL_OK;
}

enum ol_err ol_conf_write(const char *file, const struct ol_conf *c, char why[static OL_WHY_MAX])
{
    int dir = open_folder(file);
    enum ol_err err;

    if (dir < 0)
        return failed(why, file, "opening its folder");
    err = replace(dir, file, c, why);
    close(dir);
    return err;
}

static uint16_t lowest_free_id(const struct ol_conf *c)
{
    uint16_t id = 1;

    for (size_t i = 0; i < c->count; i++) {
        if (c->paths[i].id == id) {
            id++;
            i = (size_t)-1; /* from the start: they are in no order */
        }
    }
    return id;
}

static enum ol_err add_to(int dir, const char *file, struct ol_conf_path *add, char *why)
{
    struct ol_conf c = {0};
    struct ol_conf_path *more;
    uint16_t id;
    enum ol_err err = ol_conf_read(file, &c, why);

    if (err != OL_OK && err != OL_ABSENT)
        return err;
    err = OL_LIMIT;
    if (c.count == OL_CONF_PATHS) {
        snprintf(why, OL_WHY_MAX, "%s: paths: at most %u are meant", base_name(file), OL_CONF_PATHS);
        goto out;
    }
    more = realloc(c.paths, (c.count + 1) * sizeof *more);
    if (more == NULL) {
        err = failed(why, file, "adding a path");
        goto out;
    }
    c.paths = more;
    id = add->id != 0 ? add->id : lowest_free_id(&c);
    c.paths[c.count] = *add;
    c.paths[c.count++].id = id;
    err = replace(dir, file, &c, why);
    if (err == OL_OK)
        add->id = id;
out:
    ol_conf_free(&c);
    return err;
}

enum ol_err ol_conf_add(const char *file, struct ol_conf_path *add, char why[static OL_WHY_MAX])
{
    int dir = open_folder(file);
    enum ol_err err;

    if (dir < 0)
        return failed(why, file, "opening its folder");
    if (flock(dir, LOCK_EX) != 0)
        err = failed(why, file, "locking its folder");
    else
        err = add_to(dir, file, add, why);
    close(dir);
    return err;
}
