/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program taken over would try, from within the real program as it runs: the real-time signal n asks for the
 * n-th attempt below. What came of it goes to the log, as "probe NAME: done" or "probe NAME: REASON"; an attempt that
 * ends the program leaves that program's own last words. Only in a build with -Dprobe=true.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define OTHER 1 /* a process that is always there */

/* Each returns -1 with errno when it was refused. */

static int read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char byte;

    return fd < 0 || read(fd, &byte, 1) < 0 ? -1 : close(fd);
}

static int write_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

    return fd < 0 ? -1 : close(fd);
}

static int make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    return fd < 0 ? -1 : close(fd);
}

static int read_ssh(const char *name)
{
    char path[4096];
    const char *home = getenv("HOME");

    snprintf(path, sizeof path, "%s/.ssh/%s", home != NULL ? home : "", name);
    return read_file(path);
}

static int read_of_other(const char *what)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", OTHER, what);
    return read_file(path);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    return fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0 ? -1 : close(fd);
}

static int make_socket(int family, int type, int protocol)
{
    int fd = socket(family, type | SOCK_CLOEXEC, protocol);

    return fd < 0 ? -1 : close(fd);
}

static int socket_inet(const char *unused)
{
    (void)unused;
    return make_socket(AF_INET, SOCK_STREAM, 0);
}

static int socket_inet6(const char *unused)
{
    (void)unused;
    return make_socket(AF_INET6, SOCK_DGRAM, 0);
}

static int socket_raw(const char *unused)
{
    (void)unused;
    return make_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int socket_packet(const char *unused)
{
    (void)unused;
    return make_socket(AF_PACKET, SOCK_RAW, 0);
}

static int execute(const char *path)
{
    return execl(path, path, (char *)NULL);
}

static int make_process(const char *unused)
{
    pid_t child = fork();

    (void)unused;
    if (child == 0)
        _exit(0);
    return child < 0 ? -1 : 0;
}

static int trace_other(const char *unused)
{
    (void)unused;
    return (int)ptrace(PTRACE_SEIZE, OTHER, NULL, NULL);
}

static int read_memory_of_other(const char *unused)
{
    char byte;
    struct iovec to = {&byte, 1};
    struct iovec from = {(void *)&byte, 1};

    (void)unused;
    return process_vm_readv(OTHER, &to, 1, &from, 1, 0) < 0 ? -1 : 0;
}

static int signal_other(const char *unused)
{
    (void)unused;
    return kill(OTHER, SIGCONT);
}

static int make_code(const char *unused)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)unused;
    return p == MAP_FAILED ? -1 : munmap(p, 4096);
}

static int become_root(const char *unused)
{
    (void)unused;
    return (int)syscall(SYS_setuid, 0); /* the library's asks the other threads first */
}

static const struct attempt {
    const char *name;
    int (*try)(const char *what);
    const char *what;
} attempts[] = {
    {"read-keys", read_file, "keys"},
    {"read-record", read_file, "record.db"},
    {"read-conf", read_file, "relay.conf"},
    {"write-conf", write_file, "relay.conf"},
    {"read-station-log", read_file, "log/openlined.log"},
    {"make-in-home", make_file, "probe.made"},
    {"remove-lock", unlink, "run/openlined.lock"},
    {"read-other-home", read_file, "../freedonia/keys"},
    {"make-outside", make_file, "../probe.made"},
    {"write-outside", write_file, "../outside"},
    {"read-ssh", read_ssh, "id_ed25519"},
    {"read-hosts", read_file, "/etc/hosts"},
    {"read-memory-of-other", read_of_other, "mem"},
    {"read-environment-of-other", read_of_other, "environ"},
    {"connect-control", connect_unix, "run/control.sock"},
    {"connect-relay", connect_unix, "run/relay.sock"},
    {"socket-inet", socket_inet, NULL},
    {"socket-inet6", socket_inet6, NULL},
    {"socket-raw", socket_raw, NULL},
    {"socket-packet", socket_packet, NULL},
    {"execute", execute, "/bin/true"},
    {"make-process", make_process, NULL},
    {"trace-other", trace_other, NULL},
    {"read-memory-by-call", read_memory_of_other, NULL},
    {"signal-other", signal_other, NULL},
    {"make-code", make_code, NULL},
    {"become-root", become_root, NULL},
};
#define ATTEMPTS ((int)(sizeof attempts / sizeof attempts[0]))

static void on_probe(int number)
{
    const struct attempt *a = &attempts[number - SIGRTMIN];
    int before = errno;

    errno = 0;
    if (a->try(a->what) == 0)
        dprintf(STDERR_FILENO, "probe %s: done\n", a->name);
    else
        dprintf(STDERR_FILENO, "probe %s: %s\n", a->name, strerror(errno));
    errno = before;
}

__attribute__((constructor)) static void arm(void)
{
    struct sigaction action = {.sa_handler = on_probe, .sa_flags = SA_RESTART};

    for (int i = 0; i < ATTEMPTS; i++)
        sigaction(SIGRTMIN + i, &action, NULL);
    dprintf(STDERR_FILENO, "probe: this build is for tests alone\n");
}
