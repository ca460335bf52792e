/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/layers.h"

#define PATIENCE_S 30u      /* what takes milliseconds has found no memory then */
#define FILTER_ROOM (BPF_MAXINSNS + 1) /* one too many is refused by the kernel */
#define LOW_HALF 0xffffffffu /* of an argument of 32 bits the kernel looks at no more */

bool ol_seccomp_is_there(void)
{
    uint32_t action = SECCOMP_RET_TRAP;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* ---- The end of a program that was taken over ---- */

/* In a signal handler there is no printf. */
static size_t put(char *out, const char *text)
{
    size_t len = strlen(text);

    memcpy(out, text, len);
    return len;
}

static size_t put_number(char *out, unsigned n)
{
    size_t len = n >= 10 ? put_number(out, n / 10) : 0;

    out[len] = (char)('0' + n % 10);
    return len + 1;
}

/* The call was not made, whatever becomes of this handler. */
static void on_never(int number, siginfo_t *info, void *context)
{
    char text[128];
    ssize_t told;
    size_t len = put(text, "ending: this program never makes system call ");

    (void)number;
    (void)context;
    len += put_number(text + len, (unsigned)info->si_syscall);
    len += put(text + len, ": it does not do what it was written to do\n");
    told = write(STDERR_FILENO, text, len);
    (void)told; /* with nobody to tell it ends all the same */
    _exit(128 + SIGSYS);
}

static int watch_for_never(void)
{
    struct sigaction action = {.sa_sigaction = on_never, .sa_flags = SA_SIGINFO};

    return sigaction(SIGSYS, &action, NULL) == 0 ? 0 : errno;
}

/* ---- The rules ---- */

/* Each returns 0 or -errno, as the library does. */

static int rule(scmp_filter_ctx ctx, uint32_t action, const char *name, unsigned n, const struct scmp_arg_cmp *args)
{
    int call = seccomp_syscall_resolve_name(name);

    if (call < 0)
        return 0; /* not on this machine, or later than the library */
    return seccomp_rule_add_array(ctx, action, call, n, args);
}

static int add_listed(scmp_filter_ctx ctx, enum ol_sandbox_program program)
{
    int err = 0;

    for (const struct ol_sandbox_call *c = ol_sandbox_calls; !err && c->name != NULL; c++)
        if (c->programs & 1u << program)
            err = rule(ctx, SCMP_ACT_ALLOW, c->name, 0, NULL);
    for (const char *const *name = ol_sandbox_never; !err && *name != NULL; name++)
        err = rule(ctx, SCMP_ACT_TRAP, *name, 0, NULL);
    return err;
}

static bool is_in(const int list[3], int family)
{
    return family != 0 && (list[0] == family || list[1] == family || list[2] == family);
}

static int add_sockets(scmp_filter_ctx ctx, enum ol_sandbox_program program)
{
    const struct ol_sandbox_sockets *s = &ol_sandbox_sockets[program];
    int err = 0;

    for (int family = 0; !err && family < AF_MAX; family++) {
        const struct scmp_arg_cmp is = SCMP_A0_64(SCMP_CMP_MASKED_EQ, LOW_HALF, (scmp_datum_t)family);
        uint32_t action = SCMP_ACT_TRAP;

        if (is_in(s->may, family))
            action = SCMP_ACT_ALLOW;
        else if (is_in(s->without, family))
            action = SCMP_ACT_ERRNO(EAFNOSUPPORT);
        err = rule(ctx, action, "socket", 1, &is);
    }
    return err;
}

/* A thread, and no process. With clone3 it cannot be told; the C library falls back to clone. */
static int add_threads(scmp_filter_ctx ctx)
{
    const struct scmp_arg_cmp thread = SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
    const struct scmp_arg_cmp process = SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
    int err = rule(ctx, SCMP_ACT_ALLOW, "clone", 1, &thread);

    return err ? err : rule(ctx, SCMP_ACT_TRAP, "clone", 1, &process);
}

/* Memory that can be written never becomes code; a file may where the resolver loads modules. */
static int add_memory(scmp_filter_ctx ctx, enum ol_sandbox_program program)
{
    static const char *const names[] = {"mmap", "mmap2", "mprotect"};
    const struct scmp_arg_cmp data = SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct scmp_arg_cmp code = SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC);
    int err = 0;

    for (size_t i = 0; !err && i < sizeof names / sizeof names[0]; i++)
        err = rule(ctx, SCMP_ACT_ALLOW, names[i], 1, &data);
    if (!err && ol_sandbox_loads_code[program])
        err = rule(ctx, SCMP_ACT_ALLOW, "mmap", 1, &code);
    return err;
}

/* Those that set a descriptor's mode and ask whether it is a terminal; none that types into one. */
static int add_ioctl(scmp_filter_ctx ctx)
{
    static const unsigned requests[] = {FIONBIO, FIOCLEX, FIONREAD, TCGETS};
    int err = 0;

    for (size_t i = 0; !err && i < sizeof requests / sizeof requests[0]; i++) {
        const struct scmp_arg_cmp is = SCMP_A1_64(SCMP_CMP_MASKED_EQ, LOW_HALF, requests[i]);

        err = rule(ctx, SCMP_ACT_ALLOW, "ioctl", 1, &is);
    }
    return err;
}

/* An assert that fails sends a signal to itself. */
static int add_abort(scmp_filter_ctx ctx)
{
    const struct scmp_arg_cmp self = SCMP_A0_64(SCMP_CMP_MASKED_EQ, LOW_HALF, (scmp_datum_t)getpid());

    return rule(ctx, SCMP_ACT_ALLOW, "tgkill", 1, &self);
}

/* A library that is refused memory may look for it for ever. */
static void out_of_patience(int signal)
{
    static const char why[] = "cannot be confined: seccomp: the filter is not made in time; is there memory?\n";
    ssize_t n = write(STDERR_FILENO, why, sizeof why - 1);

    (void)signal;
    (void)n;
    _exit(1);
}

static int make(scmp_filter_ctx ctx, struct sock_fprog *filter, struct sock_filter room[static FILTER_ROOM])
{
    int fd = memfd_create("filter", MFD_CLOEXEC);
    sigset_t alarms;
    int err = fd < 0 ? errno : 0;
    ssize_t n = -1;

    if (!err) {
        sigemptyset(&alarms);
        sigaddset(&alarms, SIGALRM);
        sigprocmask(SIG_UNBLOCK, &alarms, NULL); /* whoever started the program may have blocked it */
        signal(SIGALRM, out_of_patience);
        alarm(PATIENCE_S);
        err = -seccomp_export_bpf(ctx, fd);
        alarm(0);
        signal(SIGALRM, SIG_DFL);
    }
    if (!err && (n = pread(fd, room, FILTER_ROOM * sizeof room[0], 0)) < 0)
        err = errno;
    if (fd >= 0)
        close(fd);
    *filter = (struct sock_fprog){.len = (unsigned short)(n > 0 ? (size_t)n / sizeof room[0] : 0), .filter = room};
    return err;
}

/* Made first and taken on then: the kernel takes a filter at once, and what makes it may have to be ended. */
static int load(scmp_filter_ctx ctx, enum ol_sandbox_program program)
{
    struct sock_filter room[FILTER_ROOM];
    struct sock_fprog filter;
    int err;

    if ((err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS)) != 0 ||
        (err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2)) != 0 ||
        (err = add_listed(ctx, program)) != 0 ||
        (err = add_sockets(ctx, program)) != 0 ||
        (err = add_threads(ctx)) != 0 ||
        (err = add_memory(ctx, program)) != 0 ||
        (err = add_ioctl(ctx)) != 0 ||
        (err = add_abort(ctx)) != 0)
        return -err;
    err = make(ctx, &filter, room);
    return !err && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0 ? errno : err;
}

int ol_seccomp_enter(enum ol_sandbox_program program)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int error = ctx != NULL ? watch_for_never() : ENOMEM;

    if (!error)
        error = load(ctx, program);
    seccomp_release(ctx);
    return error;
}
