/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to wake another process with a few bytes over a Unix socket: the half of a round trip between two that
 * sleep until something comes. A message passes through relays and worker threads that way, for separation's sake.
 *
 *     hop [ROUND-TRIPS]
 */
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define SIZE 300 /* bytes: about a frame */

static void echo(int sock)
{
    char bytes[SIZE];
    ssize_t n;

    while ((n = read(sock, bytes, sizeof bytes)) > 0)
        bench_must(write(sock, bytes, (size_t)n) == n, "echoing");
}

int main(int argc, char **argv)
{
    unsigned trips = bench_number(argc, argv, 1, 5000);
    double *took = calloc(trips, sizeof *took);
    char bytes[SIZE] = {0};
    int ends[2];
    pid_t pid;

    bench_must(took != NULL && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0, "a pair of sockets");
    pid = fork();
    bench_must(pid >= 0, "fork");
    close(ends[pid == 0 ? 0 : 1]);
    if (pid == 0) {
        echo(ends[1]);
        return 0;
    }
    for (unsigned i = 0; i < trips; i++) {
        double from = bench_now();

        bench_must(write(ends[0], bytes, SIZE) == SIZE && read(ends[0], bytes, SIZE) == SIZE, "a round trip");
        took[i] = (bench_now() - from) / 2;
    }
    close(ends[0]);
    waitpid(pid, NULL, 0);
    bench_print(took, trips, 0);
    free(took);
    return 0;
}
