/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/layers.h"

/* Later than the system's header knows, with the version of Landlock that has them. */
#define ACCESS_TRUNCATE (1ull << 14)  /* 3 */
#define ACCESS_IOCTL_DEV (1ull << 15) /* 5 */
#define NET_ALL 3ull                  /* 4: bind and connect TCP */
#define SCOPE_ALL 3ull                /* 6: abstract sockets of others, signals to others */

#define READ_FILE (LANDLOCK_ACCESS_FS_READ_FILE)
#define CHANGE_FILE (LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)
#define OF_FILES (LANDLOCK_ACCESS_FS_EXECUTE | READ_FILE | CHANGE_FILE | ACCESS_IOCTL_DEV)

struct ruleset {
    uint64_t files;
    uint64_t net;
    uint64_t scoped;
};

int ol_landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return version > 0 ? (int)version : 0;
}

/* Every right on files that this version knows, and no later one. */
static uint64_t known(int version)
{
    uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

    if (version >= 2)
        all |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3)
        all |= ACCESS_TRUNCATE;
    if (version >= 5)
        all |= ACCESS_IOCTL_DEV;
    return all;
}

static uint64_t access_of(unsigned rights)
{
    uint64_t access = 0;

    if (rights & OL_SANDBOX_READ)
        access |= READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    if (rights & OL_SANDBOX_CHANGE)
        access |= CHANGE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE;
    if (rights & OL_SANDBOX_REMOVE)
        access |= LANDLOCK_ACCESS_FS_REMOVE_FILE;
    return access;
}

/* What cannot be opened now is left out, and what no rule can name, such as a pipe: less is allowed, never more. */
static bool allow(int ruleset, const struct ol_sandbox_path *path, uint64_t all)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access_of(path->rights) & all};
    struct stat st;
    bool done = true;

    rule.parent_fd = open(path->path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return true;
    if (fstat(rule.parent_fd, &st) != 0)
        done = false;
    if (done && !S_ISDIR(st.st_mode))
        rule.allowed_access &= OF_FILES;
    if (done && rule.allowed_access != 0)
        done = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 || errno == EBADFD;
    close(rule.parent_fd);
    return done;
}

/* TCP belongs to the relay alone, whose ports seccomp and relay.conf decide. */
static struct ruleset rules_of(const struct ol_sandbox *s, int version)
{
    return (struct ruleset){
        .files = known(version),
        .net = version >= 4 && s->program != OL_SANDBOX_RELAY ? NET_ALL : 0,
        .scoped = version >= 6 ? SCOPE_ALL : 0,
    };
}

bool ol_landlock_enter(const struct ol_sandbox *s, int version)
{
    struct ruleset rules = rules_of(s, version);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
    bool done = ruleset >= 0;

    for (size_t i = 0; done && i < s->paths_n; i++)
        done = allow(ruleset, &s->paths[i], rules.files);
    done = done && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    if (ruleset >= 0)
        close(ruleset);
    return done;
}
