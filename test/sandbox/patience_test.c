/* SPDX-License-Identifier: Apache-2.0 */
/* The library that makes the filter never comes back. */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/keeper.h"
#include "support.h"

/* In place of the library's: as it is when it is refused memory. */
int seccomp_export_bpf(const scmp_filter_ctx ctx, int fd)
{
    (void)ctx;
    (void)fd;
    for (;;)
        pause();
}

/* In place of the system's: nobody waits half a minute here. */
unsigned alarm(unsigned seconds)
{
    const struct itimerval soon = {.it_value = {.tv_usec = seconds > 0 ? 50000 : 0}};

    return (unsigned)setitimer(ITIMER_REAL, &soon, NULL);
}

static void test_a_program_whose_filter_is_not_made_ends_and_says_so(void **state)
{
    const struct ol_sandbox s = {.program = OL_SANDBOX_VERIFY};
    char why[OL_SANDBOX_WHY];
    char said[200] = "";
    int out[2];
    int status;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(out), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        sigset_t alarms;

        sigemptyset(&alarms);
        sigaddset(&alarms, SIGALRM);
        sigprocmask(SIG_BLOCK, &alarms, NULL); /* as whoever started the program may have left it */
        dup2(out[1], STDERR_FILENO);
        _exit(ol_sandbox_enter(&s, why) == OL_OK ? 0 : 7);
    }
    close(out[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_true(read(out[0], said, sizeof said - 1) > 0);
    assert_non_null(strstr(said, "is there memory?"));
    close(out[0]);
}

static int get(char what)
{
    return what;
}

static void test_whoever_asks_a_keeper_whose_filter_is_not_made_is_told_that_it_is_gone(void **state)
{
    const struct ol_sandbox s = {.program = OL_SANDBOX_STATION_KEEPER};
    char why[OL_SANDBOX_WHY];
    struct ol_keeper k;

    (void)state;
    CHECK_ERR(OL_OK, ol_keeper_start(&s, get, &k, why));
    assert_int_equal(ol_keeper_ask(&k, 0), -EPIPE);
    ol_keeper_end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_program_whose_filter_is_not_made_ends_and_says_so),
        cmocka_unit_test(test_whoever_asks_a_keeper_whose_filter_is_not_made_is_told_that_it_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
