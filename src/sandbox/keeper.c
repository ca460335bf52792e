/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* An answer: an error of errno or 0, and a descriptor beside it when there is one. */
union beside {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
};

static bool answer(int to, int got)
{
    int error = got < 0 ? -got : 0;
    union beside beside = {
        .head = {.cmsg_len = CMSG_LEN(sizeof got), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS},
    };
    struct iovec body = {&error, sizeof error};
    struct msghdr m = {.msg_iov = &body, .msg_iovlen = 1};

    if (got > 0) {
        memcpy(CMSG_DATA(&beside.head), &got, sizeof got);
        m.msg_control = &beside;
        m.msg_controllen = sizeof beside;
    }
    return sendmsg(to, &m, MSG_NOSIGNAL) == sizeof error;
}

/* Until the program is gone. */
static _Noreturn void keep(int from, ol_keeper_fn *get)
{
    char what;

    while (recv(from, &what, sizeof what, 0) == sizeof what) {
        int got = get(what);
        bool told = answer(from, got);

        if (got > 0)
            close(got);
        if (!told)
            break;
    }
    _exit(0);
}

static _Noreturn void become_keeper(int from, const struct ol_sandbox *s, ol_keeper_fn *get)
{
    char why[OL_SANDBOX_WHY];

    signal(SIGTERM, SIG_IGN); /* sent to all of a group, it would be gone before the program has ended */
    signal(SIGINT, SIG_IGN);
    if (ol_sandbox_enter(s, why) != OL_OK)
        _exit(1); /* the program fails for the same reason, and says it */
    keep(from, get);
}

enum ol_err ol_keeper_start(const struct ol_sandbox *s, ol_keeper_fn *get, struct ol_keeper *out,
                            char why[static OL_SANDBOX_WHY])
{
    int pair[2];
    pid_t child;

    out->fd = -1;
    /* Not datagrams: such a socket could be made to speak to others. */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        snprintf(why, OL_SANDBOX_WHY, "keeper: %s", strerror(errno));
        return OL_IO;
    }
    child = fork();
    if (child == 0) {
        close(pair[0]);
        become_keeper(pair[1], s, get);
    }
    close(pair[1]);
    out->fd = pair[0];
    if (child > 0)
        return OL_OK;
    snprintf(why, OL_SANDBOX_WHY, "keeper: %s", strerror(errno));
    ol_keeper_end(out);
    return OL_IO;
}

int ol_keeper_ask(const struct ol_keeper *k, char what)
{
    int error = EPIPE;
    int got = 0;
    union beside beside = {0};
    struct iovec body = {&error, sizeof error};
    struct msghdr m = {.msg_iov = &body, .msg_iovlen = 1, .msg_control = &beside, .msg_controllen = sizeof beside};
    ssize_t n;

    if (send(k->fd, &what, sizeof what, MSG_NOSIGNAL) != sizeof what)
        return -EPIPE;
    do
        n = recvmsg(k->fd, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n != sizeof error)
        return -EPIPE;
    if (m.msg_controllen >= sizeof beside && beside.head.cmsg_type == SCM_RIGHTS)
        memcpy(&got, CMSG_DATA(&beside.head), sizeof got);
    return error != 0 ? -error : got;
}

void ol_keeper_end(struct ol_keeper *k)
{
    if (k->fd >= 0)
        close(k->fd);
    k->fd = -1;
}
