/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system calls each program makes. What is in no table fails with ENOSYS, as on a kernel that has no such call:
 * a later C library that tries a new one falls back. Names that a machine does not have are left out there.
 */
#include <sys/socket.h>

#include "sandbox/layers.h"

#define S (1u << OL_SANDBOX_STATION)
#define R (1u << OL_SANDBOX_RELAY)
#define SK (1u << OL_SANDBOX_STATION_KEEPER)
#define RK (1u << OL_SANDBOX_RELAY_KEEPER)
#define V (1u << OL_SANDBOX_VERIFY)
#define C (1u << OL_SANDBOX_COMMAND)
#define ALL (S | R | SK | RK | V | C)

/* clone, ioctl, mmap, mprotect, socket and tgkill go by their arguments: seccomp.c. */
const struct ol_sandbox_call ol_sandbox_calls[] = {
    /* descriptors */
    {"read", ALL},
    {"readv", S | R | C},
    {"write", ALL},
    {"writev", S | R | V | C},
    {"close", ALL},
    {"lseek", ALL},
    {"fcntl", S | R | V | C},
    {"fcntl64", S | R | V | C},
    {"eventfd2", S | R | C},
    {"pipe2", S | R},
    {"poll", S | R | C},
    {"ppoll", S | R | C},
    {"epoll_create1", S | R},
    {"epoll_ctl", S | R},
    {"epoll_wait", S | R},
    {"epoll_pwait", S | R},

    /* files: which ones is Landlock's */
    {"open", S | R | RK | V | C},
    {"openat", S | R | RK | V | C},
    {"stat", S | R | V | C},
    {"lstat", S | R | V | C},
    {"fstat", ALL},
    {"newfstatat", ALL},
    {"statx", ALL},
    {"access", S | R | C},
    {"faccessat", S | R | C},
    {"faccessat2", S | R | C},
    {"readlink", S | R | C},
    {"readlinkat", S | R | C},
    {"getcwd", S | C},
    {"getdents64", S | C}, /* the forms of the home */
    {"pread64", S | R | C},
    {"pwrite64", S | C},
    {"ftruncate", S | C},
    {"fallocate", S | C},
    {"fsync", S | C},
    {"fdatasync", S | C},
    {"flock", S | C},
    {"fchmod", S | C},
    {"fchown", S | C},
    {"rename", S | C},
    {"renameat", S | C},
    {"renameat2", S | C},
    {"mkdir", C},
    {"mkdirat", C},
    {"statfs", C},
    {"fstatfs", C},
    {"unlink", S | RK | C},
    {"unlinkat", S | RK | C},

    /* sockets: which kinds stands below */
    {"accept", S | R},
    {"accept4", S | R},
    {"listen", S | R},
    {"bind", R},
    {"connect", R | SK | C},
    {"shutdown", S | R},
    {"getsockname", R},
    {"getpeername", R},
    {"getsockopt", S | R},
    {"setsockopt", R},
    {"recvfrom", S | R | SK | RK | C},
    {"recvmsg", S | R | SK | RK | C},
    {"recvmmsg", R},
    {"sendto", S | R | SK | RK | C},
    {"sendmsg", S | R | SK | RK | C},
    {"sendmmsg", R},

    /* memory */
    {"brk", ALL},
    {"munmap", ALL},
    {"mremap", S | R | V | C},
    {"madvise", S | R | V | C},
    {"mlock", S | C},
    {"munlock", S | C},

    /* threads, signals, the end */
    {"futex", S | R | V | C},
    {"set_robust_list", S | R | C},
    {"rseq", S | R | C},
    {"sched_yield", S | R | C},
    {"sched_getaffinity", S | R},
    {"rt_sigaction", S | R | V | C},
    {"rt_sigprocmask", ALL},
    {"rt_sigreturn", ALL},
    {"restart_syscall", ALL},
    {"exit", ALL},
    {"exit_group", ALL},

    /* time, and who we are */
    {"clock_gettime", ALL},
    {"clock_getres", S | R | C},
    {"clock_nanosleep", S | R | C},
    {"nanosleep", S | R | C},
    {"gettimeofday", ALL},
    {"time", ALL},
    {"getrandom", S | R | V | C},
    {"getpid", ALL},
    {"gettid", ALL},
    {"getuid", S | R | C},
    {"geteuid", S | R | C},
    {"getgid", S | R | C},
    {"getegid", S | R | C},
    {"seccomp", C}, /* doctor asks whether they are there */
    {"landlock_create_ruleset", C},
    {"uname", S | R | C},
    {"sysinfo", S | R | V | C},
    {NULL, 0},
};

const char *const ol_sandbox_never[] = {
    "execve", "execveat", "fork", "vfork",
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd", "perf_event_open",
    "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal",
    "bpf", "userfaultfd", "keyctl", "add_key", "request_key",
    "mount", "umount2", "pivot_root", "chroot", "setns", "unshare", "move_mount", "open_tree", "fsopen", "fsmount",
    "open_by_handle_at", "mknod", "mknodat", "symlink", "symlinkat", "link", "linkat",
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid", "capset",
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff",
    "iopl", "ioperm", "personality", "acct", "quotactl", "syslog", "settimeofday", "clock_settime", "adjtimex",
    NULL,
};

/* The station has its two sockets before: one to be asked on, and what its keeper hands it. The relay's resolver
 * looks for a name service cache and for this machine's addresses; it does without both. */
const struct ol_sandbox_sockets ol_sandbox_sockets[OL_SANDBOX_PROGRAMS] = {
    [OL_SANDBOX_RELAY] = {.may = {AF_INET, AF_INET6}, .without = {AF_UNIX, AF_NETLINK}},
    [OL_SANDBOX_STATION_KEEPER] = {.may = {AF_UNIX}},
    [OL_SANDBOX_COMMAND] = {.may = {AF_UNIX}},
};

const bool ol_sandbox_loads_code[OL_SANDBOX_PROGRAMS] = {
    [OL_SANDBOX_RELAY] = true,
};
