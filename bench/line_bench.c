/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real station through its control socket (doc/control.md): FLASH one at a time until
 * delivered, then 256 messages in flight. bench/run starts the stations.
 *
 *     line_bench HOME LINE [MESSAGES-ONE-AT-A-TIME [MESSAGES-IN-FLIGHT]]
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"

#define TEXT 100
#define IN_FLIGHT 256u
#define A_CALL 64u /* texts in one call: four calls are always under way */

struct client {
    int sock;
    const char *line;
    unsigned next;  /* number of the next text: no two are the same */
    char in[1024 * 1024];
    size_t in_len;
    size_t in_used; /* the answer handed out last */
};

static void connect_to(struct client *c, const char *home)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "run/control.sock"};

    bench_must(chdir(home) == 0, "entering the home");
    c->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_must(c->sock >= 0 && connect(c->sock, (struct sockaddr *)&at, sizeof at) == 0, "connecting");
}

static size_t put_text(struct client *c, char *to, size_t room, const char *precedence)
{
    static const char filler[] = "................................................................................";
    int n = snprintf(to, room, "{\"text\":\"%020u%s\",\"precedence\":\"%s\"},", c->next++, filler, precedence);

    _Static_assert(sizeof filler - 1 + 20 == TEXT, "a text of 100 bytes");
    bench_must(n > 0 && (size_t)n < room, "making a text");
    return (size_t)n;
}

/* One call that is answered when all its texts are delivered. */
static void ask(struct client *c, unsigned texts, const char *precedence)
{
    char out[A_CALL * 256];
    size_t len = (size_t)snprintf(out, sizeof out, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"send\",\"params\":"
                                  "{\"line\":\"%s\",\"wait\":\"delivered\",\"messages\":[", c->line);

    for (unsigned i = 0; i < texts; i++)
        len += put_text(c, out + len, sizeof out - len, precedence);
    len += (size_t)snprintf(out + len - 1, sizeof out - len, "]}}\n") - 1;
    for (size_t done = 0; done < len;) {
        ssize_t n = send(c->sock, out + done, len - done, MSG_NOSIGNAL);

        bench_must(n > 0, "asking");
        done += (size_t)n;
    }
}

/* Waits for the next answer, which must say that everything was delivered. */
static void await_done(struct client *c)
{
    char *end;

    memmove(c->in, c->in + c->in_used, c->in_len - c->in_used);
    c->in_len -= c->in_used;
    while ((end = memchr(c->in, '\n', c->in_len)) == NULL) {
        ssize_t n = recv(c->sock, c->in + c->in_len, sizeof c->in - c->in_len, 0);

        bench_must(n > 0, "reading an answer");
        c->in_len += (size_t)n;
    }
    *end = 0;
    c->in_used = (size_t)(end - c->in) + 1;
    if (strstr(c->in, "\"outcome\":\"done\"") == NULL)
        fprintf(stderr, "%s\n", c->in);
    bench_must(strstr(c->in, "\"outcome\":\"done\"") != NULL, "delivery");
}

static void measure_latency(struct client *c, double *took, unsigned messages)
{
    for (unsigned i = 0; i < messages; i++) {
        double start = bench_now();

        ask(c, 1, "flash");
        await_done(c);
        took[i] = bench_now() - start;
    }
}

static double measure_rate(struct client *c, unsigned messages)
{
    unsigned calls = messages / A_CALL;
    double start = bench_now();

    for (unsigned i = 0; i < calls + IN_FLIGHT / A_CALL; i++) {
        if (i >= IN_FLIGHT / A_CALL)
            await_done(c);
        if (i < calls)
            ask(c, A_CALL, "routine");
    }
    return calls * A_CALL / (bench_now() - start);
}

int main(int argc, char **argv)
{
    static struct client c;
    unsigned one = bench_number(argc, argv, 3, 1000);
    unsigned many = bench_number(argc, argv, 4, 100000);
    double *took = calloc(one, sizeof *took);

    bench_must(argc > 2 && took != NULL, "starting");
    c.line = argv[2];
    connect_to(&c, argv[1]);
    measure_latency(&c, took, one);
    bench_print(took, one, measure_rate(&c, many));
    close(c.sock);
    free(took);
    return 0;
}
