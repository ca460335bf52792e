/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void copy_end(char out[static OL_FAULT_VALUE], const char *value)
{
    size_t len = strlen(value);

    if (len >= OL_FAULT_VALUE) {
        value += len - (OL_FAULT_VALUE - 4);
        while (((unsigned char)*value & 0xc0) == 0x80) /* not into the middle of a character */
            value++;
        snprintf(out, OL_FAULT_VALUE, "...%s", value);
    } else {
        memcpy(out, value, len + 1);
    }
}

void ol_fault_add(struct ol_fault *f, const char *name, const char *value)
{
    if (f->n == OL_FAULT_PARAMS)
        return;
    snprintf(f->name[f->n], sizeof f->name[f->n], "%s", name);
    copy_end(f->value[f->n], value);
    f->n++;
}

void ol_fault_set(struct ol_fault *f, enum ol_exit code, const char *key, ...)
{
    va_list list;
    const char *name;

    f->code = code;
    f->n = 0;
    snprintf(f->key, sizeof f->key, "%s", key);
    va_start(list, key);
    while ((name = va_arg(list, const char *)) != NULL)
        ol_fault_add(f, name, va_arg(list, const char *));
    va_end(list);
}

size_t ol_fault_params(const struct ol_fault *f, struct ol_param out[static OL_FAULT_PARAMS])
{
    for (size_t i = 0; i < f->n; i++)
        out[i] = (struct ol_param){f->name[i], f->value[i]};
    return f->n;
}
