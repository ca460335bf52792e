/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/keeper.h"
#include "support.h"

/* In the keeper: 'f' is a file of the folder, '0' is done, 'x' its end, all else an error. */
static int get(char what)
{
    int fd;

    switch (what) {
    case 'f':
        fd = open("here", O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
    case '0':
        return 0;
    case 'x':
        _exit(0);
    default:
        return -EXDEV;
    }
}

static int start(void **state)
{
    static struct ol_keeper k;
    static const struct ol_sandbox_path paths[] = {{".", OL_SANDBOX_READ}};
    const struct ol_sandbox s = {.program = OL_SANDBOX_RELAY_KEEPER, .paths = paths, .paths_n = 1};
    char folder[] = "/tmp/openline-keeper-XXXXXX";
    char why[OL_SANDBOX_WHY];
    int fd;

    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return -1;
    fd = open("here", O_WRONLY | O_CREAT, 0600);
    if (fd < 0 || write(fd, "word", 4) != 4 || close(fd) != 0)
        return -1;
    *state = &k;
    return ol_keeper_start(&s, get, &k, why) == OL_OK ? 0 : -1;
}

static int end(void **state)
{
    char folder[64];

    ol_keeper_end(*state);
    return unlink("here") == 0 && getcwd(folder, sizeof folder) != NULL && rmdir(folder) == 0 ? 0 : -1;
}

static void test_an_open_file_is_handed_over(void **state)
{
    int fd = ol_keeper_ask(*state, 'f');
    char text[8] = "";

    assert_true(fd > STDERR_FILENO);
    assert_int_equal(read(fd, text, sizeof text), 4);
    assert_string_equal(text, "word");
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
}

static void test_an_error_and_a_thing_done_are_told(void **state)
{
    assert_int_equal(ol_keeper_ask(*state, '?'), -EXDEV);
    assert_int_equal(ol_keeper_ask(*state, '0'), 0);
    assert_int_equal(ol_keeper_ask(*state, '?'), -EXDEV);
}

static void test_it_keeps_no_descriptor_of_what_it_hands_over(void **state)
{
    struct rlimit few;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &few), 0);
    for (rlim_t i = 0; i < 2 * (few.rlim_cur < 4096 ? few.rlim_cur : 4096); i++) {
        int fd = ol_keeper_ask(*state, 'f');

        assert_true(fd > 0);
        close(fd);
    }
}

static void test_one_that_is_gone_is_told_from_one_that_refuses(void **state)
{
    assert_int_equal(ol_keeper_ask(*state, 'x'), -EPIPE);
    assert_int_equal(ol_keeper_ask(*state, 'f'), -EPIPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_open_file_is_handed_over, start, end),
        cmocka_unit_test_setup_teardown(test_an_error_and_a_thing_done_are_told, start, end),
        cmocka_unit_test_setup_teardown(test_it_keeps_no_descriptor_of_what_it_hands_over, start, end),
        cmocka_unit_test_setup_teardown(test_one_that_is_gone_is_told_from_one_that_refuses, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
