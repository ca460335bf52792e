/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

static const char *const names[] = {
#define X(name, text) #name,
    OL_ERR_LIST(X)
#undef X
};

static const char *const texts[] = {
#define X(name, text) text,
    OL_ERR_LIST(X)
#undef X
};

const char *ol_err_name(enum ol_err err)
{
    return (unsigned)err < sizeof names / sizeof names[0] ? names[err] : "UNKNOWN";
}

const char *ol_err_text(enum ol_err err)
{
    return (unsigned)err < sizeof texts / sizeof texts[0] ? texts[err] : "unknown result";
}
