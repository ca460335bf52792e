/* SPDX-License-Identifier: Apache-2.0 */
#include "form/forms.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "station/file.h"

/* Takes the form. */
static void keep(struct ol_forms *forms, const struct ol_form *form, bool current)
{
    for (size_t i = 0; i < forms->n && current; i++)
        if (strcmp(forms->known[i].form.code, form->code) == 0)
            forms->known[i].current = false;
    forms->known[forms->n++] = (struct ol_known){*form, current};
}

/* Whether a file's name is CODE.json. */
static bool is_named(const char *name, const char *code)
{
    size_t len = strlen(code);

    return strncmp(name, code, len) == 0 && strcmp(name + len, ".json") == 0;
}

static enum ol_err read_form(int dir, const char *name, struct ol_form *form, struct ol_fault *f)
{
    struct ol_blob file;
    enum ol_err err = ol_file_read(dir, name, OL_FORM_FILE_MAX, &file, f);

    if (err)
        return err;
    err = ol_form_load(ol_span(file.p, file.len), name, form, f);
    ol_blob_free(&file);
    return err;
}

static void load_home(struct ol_forms *forms, int home, ol_forms_fault_fn *refused, void *ctx)
{
    int fd = openat(home, OL_HOME_FORMS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while (forms->n < OL_FORMS_MAX && (entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);
        struct ol_form form;
        struct ol_fault f;

        if (len < 5 || strcmp(entry->d_name + len - 5, ".json") != 0)
            continue;
        if (read_form(fd, entry->d_name, &form, &f))
            refused(ctx, &f);
        else
            keep(forms, &form, is_named(entry->d_name, form.code));
    }
    closedir(dir);
}

enum ol_err ol_forms_load(int home, struct ol_forms *out, ol_forms_fault_fn *refused, void *ctx)
{
    *out = (struct ol_forms){.known = calloc(OL_FORMS_MAX, sizeof *out->known)};
    if (out->known == NULL)
        return OL_LIMIT;
    for (size_t i = 0; i < ol_forms_built_in_n; i++) {
        struct ol_form form;
        struct ol_fault f;

        if (ol_form_load(ol_forms_built_in[i], "forms", &form, &f))
            refused(ctx, &f);
        else
            keep(out, &form, true);
    }
    load_home(out, home, refused, ctx);
    return OL_OK;
}

void ol_forms_free(struct ol_forms *forms)
{
    for (size_t i = 0; i < forms->n; i++)
        ol_form_free(&forms->known[i].form);
    free(forms->known);
    *forms = (struct ol_forms){0};
}

const struct ol_form *ol_forms_by_code(const struct ol_forms *forms, const char *code)
{
    for (size_t i = 0; i < forms->n; i++)
        if (forms->known[i].current && strcmp(forms->known[i].form.code, code) == 0)
            return &forms->known[i].form;
    return NULL;
}

const struct ol_form *ol_forms_by_hash(const struct ol_forms *forms, const struct ol_hash *hash)
{
    for (size_t i = 0; i < forms->n; i++)
        if (memcmp(forms->known[i].form.hash.b, hash->b, sizeof hash->b) == 0)
            return &forms->known[i].form;
    return NULL;
}
