/* SPDX-License-Identifier: Apache-2.0 */
/* What a client of the control socket makes of a station that says these bytes and goes. */
#include <sys/socket.h>
#include <unistd.h>

#include "cli/control.h"
#include "fuzz.h"

static void ask(struct ol_control *c)
{
    struct ol_fault f = {0};
    json_t *got = NULL;
    enum ol_err err = ol_control_call(c, "status", json_object(), 60000, &got, &f);

    assert(err ? got == NULL && f.key[0] != '\0' && f.code >= OL_EXIT_FAILED && f.code <= OL_EXIT_MISMATCH
               : json_is_object(got));
    json_decref(got);
}

static void follow(struct ol_control *c)
{
    struct ol_fault f = {0};
    json_t *got = NULL;

    while (ol_control_event(c, &got, &f) == OL_OK) {
        assert(json_is_object(got));
        json_decref(got);
    }
    assert(f.key[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ol_control c = {.next = 1};
    int fd[2];

    if (size > 65536 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
        return 0;
    c.fd = fd[0];
    if (send(fd[1], data, size, MSG_DONTWAIT) != (ssize_t)size)
        size = 0; /* more than a socket holds */
    shutdown(fd[1], SHUT_WR);
    ask(&c);
    follow(&c);
    ol_control_close(&c);
    close(fd[1]);
    return 0;
}
