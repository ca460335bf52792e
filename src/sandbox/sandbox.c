/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/layers.h"

void ol_sandbox_means(struct ol_sandbox_means *out)
{
    *out = (struct ol_sandbox_means){
        .built = true,
        .landlock = ol_landlock_version(),
        .seccomp = ol_seccomp_is_there(),
    };
}

static const char *missing(const struct ol_sandbox_means *m)
{
    if (m->landlock > 0 && m->seccomp)
        return "";
    if (m->seccomp)
        return "not confined to its files: this kernel has no Landlock";
    if (m->landlock > 0)
        return "not confined to its system calls: this kernel has no seccomp";
    return "not confined: this kernel has neither Landlock nor seccomp";
}

static bool is_within(const struct __user_cap_data_struct has[2], uint32_t keep)
{
    uint32_t low = has[0].permitted | has[0].effective | has[0].inheritable;

    return (low & ~keep) == 0 && (has[1].permitted | has[1].effective | has[1].inheritable) == 0;
}

/* Of what it has it keeps what is listed; it gets nothing. Where there is nothing to give up, the call for it may be
 * forbidden already. */
static bool drop_capabilities(uint32_t keep)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    if (is_within(data, keep))
        return true;
    data[0].permitted &= keep;
    data[0].effective &= keep;
    data[0].inheritable = 0;
    data[1] = (struct __user_cap_data_struct){0};
    return syscall(SYS_capset, &header, data) == 0;
}

static enum ol_err refuse(char why[static OL_SANDBOX_WHY], const char *what, int error)
{
    snprintf(why, OL_SANDBOX_WHY, "cannot be confined: %s: %s", what, strerror(error));
    return OL_IO;
}

/* System calls last, since the others are some. What writes the time into a log looks for the time zone's file. */
enum ol_err ol_sandbox_enter(const struct ol_sandbox *s, char why[static OL_SANDBOX_WHY])
{
    struct ol_sandbox_means means;
    int error;

    ol_sandbox_means(&means);
    snprintf(why, OL_SANDBOX_WHY, "%s", missing(&means));
    tzset();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return refuse(why, "no_new_privs", errno);
    if (!drop_capabilities(s->capabilities))
        return refuse(why, "capabilities", errno);
    if (means.landlock > 0 && !s->anywhere && !ol_landlock_enter(s, means.landlock))
        return refuse(why, "Landlock", errno);
    error = means.seccomp ? ol_seccomp_enter(s->program) : 0;
    return error ? refuse(why, "seccomp", error) : OL_OK;
}
