/* SPDX-License-Identifier: Apache-2.0 */
/* Each claim is tried in a child that is confined first. What a child exits with is what it found. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/layers.h"
#include "support.h"

#define DONE 0
#define NEVER (128 + SIGSYS) /* the program was ended for a call that it never makes */
#define NOT_CONFINED 250

/* What an attempt came to: DONE or an error of errno. */
static int outcome(long result)
{
    return result >= 0 ? DONE : errno;
}

static int confined(const struct ol_sandbox *s, int (*attempt)(long arg), long arg)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        char why[OL_SANDBOX_WHY];

        close(STDERR_FILENO); /* the last words are looked at by test/station */
        _exit(ol_sandbox_enter(s, why) == OL_OK && why[0] == '\0' ? attempt(arg) : NOT_CONFINED);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int of(enum ol_sandbox_program program, int (*attempt)(long arg), long arg)
{
    return confined(&(struct ol_sandbox){.program = program}, attempt, arg);
}

/* ---- Files ---- */

static int read_here(long arg)
{
    (void)arg;
    return outcome(open("here", O_RDONLY));
}

static int write_here(long arg)
{
    (void)arg;
    return outcome(open("here", O_WRONLY | O_TRUNC));
}

static int read_there(long arg)
{
    (void)arg;
    return outcome(open("there", O_RDONLY));
}

static int make_file(long arg)
{
    (void)arg;
    return outcome(open("made", O_WRONLY | O_CREAT | O_EXCL, 0600));
}

static int remove_there(long arg)
{
    (void)arg;
    return outcome(unlink("there"));
}

static int read_folder(long arg)
{
    (void)arg;
    return outcome(open(".", O_RDONLY | O_DIRECTORY));
}

static int with(const char *path, unsigned rights, int (*attempt)(long arg))
{
    const struct ol_sandbox_path paths[] = {{"not-there", OL_SANDBOX_READ}, {path, rights}};

    return confined(&(struct ol_sandbox){.program = OL_SANDBOX_STATION, .paths = paths, .paths_n = 2}, attempt, 0);
}

static void test_what_is_not_listed_cannot_be_opened(void **state)
{
    (void)state;
    assert_int_equal(of(OL_SANDBOX_STATION, read_here, 0), EACCES);
    assert_int_equal(with("here", OL_SANDBOX_READ, read_there), EACCES);
    assert_int_equal(with("here", OL_SANDBOX_READ, read_folder), EACCES);
    assert_int_equal(with("here", OL_SANDBOX_READ, make_file), EACCES);
}

static void test_a_file_has_the_rights_that_are_listed(void **state)
{
    (void)state;
    assert_int_equal(with("here", OL_SANDBOX_READ, read_here), DONE);
    assert_int_equal(with("here", OL_SANDBOX_READ, write_here), EACCES);
    assert_int_equal(with("here", OL_SANDBOX_CHANGE, write_here), DONE);
    assert_int_equal(with("here", OL_SANDBOX_CHANGE, read_here), EACCES);
}

static void test_a_directory_gives_its_rights_to_what_is_in_it(void **state)
{
    (void)state;
    assert_int_equal(with(".", OL_SANDBOX_READ, read_there), DONE);
    assert_int_equal(with(".", OL_SANDBOX_READ, read_folder), DONE);
    assert_int_equal(with(".", OL_SANDBOX_READ, make_file), EACCES);
    assert_int_equal(with(".", OL_SANDBOX_READ, remove_there), EACCES);
    assert_int_equal(with(".", OL_SANDBOX_CHANGE, make_file), DONE);
    assert_int_equal(unlink("made"), 0);
    assert_int_equal(with(".", OL_SANDBOX_REMOVE, read_there), EACCES);
    assert_int_equal(with(".", OL_SANDBOX_REMOVE, make_file), EACCES);
    assert_int_equal(with(".", OL_SANDBOX_REMOVE, remove_there), DONE);
    assert_int_equal(access("there", F_OK), -1);
}

/* ---- Calls ---- */

static int make_socket(long family)
{
    return outcome(socket((int)family, SOCK_STREAM, 0));
}

static bool is_in(const int list[3], int family)
{
    return family != 0 && (list[0] == family || list[1] == family || list[2] == family);
}

static void test_a_program_makes_sockets_of_its_families_and_no_other(void **state)
{
    (void)state;
    for (int program = 0; program < OL_SANDBOX_PROGRAMS; program++) {
        const struct ol_sandbox_sockets *s = &ol_sandbox_sockets[program];

        for (int family = 0; family < AF_MAX; family++) {
            int want = is_in(s->may, family) ? DONE : is_in(s->without, family) ? EAFNOSUPPORT : NEVER;

            assert_int_equal(of((enum ol_sandbox_program)program, make_socket, family), want);
        }
    }
}

static void test_the_station_has_no_family_and_the_relay_none_of_this_machine(void **state)
{
    (void)state;
    assert_int_equal(of(OL_SANDBOX_STATION, make_socket, AF_INET), NEVER);
    assert_int_equal(of(OL_SANDBOX_STATION, make_socket, AF_INET6), NEVER);
    assert_int_equal(of(OL_SANDBOX_STATION, make_socket, AF_UNIX), NEVER);
    assert_int_equal(of(OL_SANDBOX_VERIFY, make_socket, AF_UNIX), NEVER);
    assert_int_equal(of(OL_SANDBOX_RELAY, make_socket, AF_UNIX), EAFNOSUPPORT);
    assert_int_equal(of(OL_SANDBOX_RELAY, make_socket, AF_INET6), DONE);
}

/* Upper halves that the kernel does not look at are no way past. */
static int make_socket_with_upper_half(long family)
{
    return outcome(syscall(SYS_socket, family | 1l << 32, SOCK_STREAM, 0));
}

static void test_an_argument_is_compared_as_the_kernel_reads_it(void **state)
{
    (void)state;
    assert_int_equal(of(OL_SANDBOX_STATION, make_socket_with_upper_half, AF_INET), NEVER);
    assert_int_equal(of(OL_SANDBOX_RELAY, make_socket_with_upper_half, AF_UNIX), EAFNOSUPPORT);
}

/* With arguments that no call takes: were it made, it would fail. */
static int make_call(long number)
{
    return outcome(syscall(number, -1, -1, -1, -1, -1, -1));
}

static void test_a_call_that_no_program_makes_ends_each(void **state)
{
    unsigned tried = 0;

    (void)state;
    for (const char *const *name = ol_sandbox_never; *name != NULL; name++) {
        int number = seccomp_syscall_resolve_name(*name);

        if (number < 0)
            continue; /* this machine has no such call */
        tried++;
        for (int program = 0; program < OL_SANDBOX_PROGRAMS; program++)
            assert_int_equal(of((enum ol_sandbox_program)program, make_call, number), NEVER);
    }
    assert_true(tried > 40);
}

static void test_no_call_is_both_listed_and_never_made(void **state)
{
    (void)state;
    for (const struct ol_sandbox_call *c = ol_sandbox_calls; c->name != NULL; c++) {
        assert_int_not_equal(seccomp_syscall_resolve_name(c->name), __NR_SCMP_ERROR);
        for (const char *const *name = ol_sandbox_never; *name != NULL; name++)
            assert_string_not_equal(c->name, *name);
    }
}

/* A later C library tries such calls first, and falls back. */
static void test_a_call_that_is_in_no_list_is_not_there(void **state)
{
    static const char *const names[] = {"memfd_create", "io_uring_setup", "socketpair", "inotify_init1", "clone3",
                                        "shmget", "prctl", "prlimit64", "timerfd_create", "splice", "chdir"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        for (int program = 0; program < OL_SANDBOX_PROGRAMS; program++)
            assert_int_equal(of((enum ol_sandbox_program)program, make_call, seccomp_syscall_resolve_name(names[i])),
                             ENOSYS);
    assert_int_equal(of(OL_SANDBOX_STATION, make_call, 100000), ENOSYS);
}

static void test_what_one_program_does_another_does_not(void **state)
{
    (void)state;
    assert_int_equal(of(OL_SANDBOX_STATION, make_call, SYS_connect), ENOSYS);
    assert_int_equal(of(OL_SANDBOX_STATION, make_call, SYS_bind), ENOSYS);
    assert_int_equal(of(OL_SANDBOX_RELAY, make_call, SYS_connect), EBADF);
    assert_int_equal(of(OL_SANDBOX_RELAY, make_call, SYS_unlinkat), ENOSYS);
    assert_int_equal(of(OL_SANDBOX_RELAY, make_call, SYS_renameat2), ENOSYS);
    assert_int_equal(of(OL_SANDBOX_STATION_KEEPER, make_call, SYS_openat), ENOSYS);
    assert_int_equal(of(OL_SANDBOX_VERIFY, make_call, SYS_unlinkat), ENOSYS);
}

static int map_code(long protection)
{
    return outcome(mmap(NULL, 4096, (int)protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

static int protect_code(long arg)
{
    static char page[8192] __attribute__((aligned(4096)));

    (void)arg;
    return outcome(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static void test_what_was_written_never_becomes_code(void **state)
{
    (void)state;
    for (int program = 0; program < OL_SANDBOX_PROGRAMS; program++) {
        enum ol_sandbox_program p = (enum ol_sandbox_program)program;

        assert_int_equal(of(p, map_code, PROT_READ | PROT_WRITE), DONE);
        assert_int_equal(of(p, map_code, PROT_READ | PROT_WRITE | PROT_EXEC), ENOSYS);
        assert_int_equal(of(p, map_code, PROT_READ | PROT_EXEC), p == OL_SANDBOX_RELAY ? DONE : ENOSYS);
        assert_int_equal(of(p, protect_code, 0), ENOSYS);
    }
}

static int ask_terminal(long request)
{
    return outcome(ioctl(-1, (unsigned long)request, 0));
}

static void test_nothing_is_typed_into_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(of(OL_SANDBOX_STATION, ask_terminal, TCGETS), EBADF);
    assert_int_equal(of(OL_SANDBOX_STATION, ask_terminal, TIOCSTI), ENOSYS);
    assert_int_equal(of(OL_SANDBOX_STATION, ask_terminal, (long)TIOCSTI | 1l << 32), ENOSYS);
}

static void *run_thread(void *arg)
{
    return arg;
}

static int start_thread(long arg)
{
    pthread_t thread;
    void *back = NULL;
    int err = pthread_create(&thread, NULL, run_thread, &arg);

    return err ? err : pthread_join(thread, &back) == 0 && back == &arg ? DONE : EINVAL;
}

static int make_process(long arg)
{
    (void)arg;
    return outcome(fork());
}

static int fail_assert(long arg)
{
    (void)arg;
    abort();
}

static void test_threads_start_and_processes_do_not(void **state)
{
    (void)state;
    assert_int_equal(of(OL_SANDBOX_STATION, start_thread, 0), DONE);
    assert_int_equal(of(OL_SANDBOX_RELAY, start_thread, 0), DONE);
    assert_int_equal(of(OL_SANDBOX_STATION, make_process, 0), NEVER);
    assert_int_equal(of(OL_SANDBOX_RELAY, make_process, 0), NEVER);
}

static void test_an_assert_that_fails_still_aborts(void **state)
{
    (void)state;
    assert_int_equal(of(OL_SANDBOX_STATION, fail_assert, 0), -SIGABRT);
    assert_int_equal(of(OL_SANDBOX_RELAY, fail_assert, 0), -SIGABRT);
}

#ifdef __x86_64__
/* exit(0) as a program of 32 bits would call it: the numbers mean other calls there. */
static int call_as_i386(long arg)
{
    (void)arg;
    __asm__ volatile("int $0x80" : : "a"(1), "b"(0) : "memory");
    return ENOEXEC;
}

static void test_calls_of_another_architecture_end_it(void **state)
{
    (void)state;
    assert_int_equal(of(OL_SANDBOX_STATION, call_as_i386, 0), -SIGSYS);
}
#endif

static int make_folder(void **state)
{
    char folder[] = "/tmp/openline-sandbox-XXXXXX";

    (void)state;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return -1;
    return creat("here", 0600) >= 0 && creat("there", 0600) >= 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    char folder[64];

    (void)state;
    unlink("there");
    return unlink("here") == 0 && getcwd(folder, sizeof folder) != NULL && rmdir(folder) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_not_listed_cannot_be_opened),
        cmocka_unit_test(test_a_file_has_the_rights_that_are_listed),
        cmocka_unit_test(test_a_directory_gives_its_rights_to_what_is_in_it),
        cmocka_unit_test(test_a_program_makes_sockets_of_its_families_and_no_other),
        cmocka_unit_test(test_the_station_has_no_family_and_the_relay_none_of_this_machine),
        cmocka_unit_test(test_an_argument_is_compared_as_the_kernel_reads_it),
        cmocka_unit_test(test_a_call_that_no_program_makes_ends_each),
        cmocka_unit_test(test_no_call_is_both_listed_and_never_made),
        cmocka_unit_test(test_a_call_that_is_in_no_list_is_not_there),
        cmocka_unit_test(test_what_one_program_does_another_does_not),
        cmocka_unit_test(test_what_was_written_never_becomes_code),
        cmocka_unit_test(test_nothing_is_typed_into_a_terminal),
        cmocka_unit_test(test_threads_start_and_processes_do_not),
        cmocka_unit_test(test_an_assert_that_fails_still_aborts),
#ifdef __x86_64__
        cmocka_unit_test(test_calls_of_another_architecture_end_it),
#endif
    };
    struct ol_sandbox_means means;

    ol_sandbox_means(&means);
    if (means.landlock == 0 || !means.seccomp) {
        puts("SKIPPED: this kernel has no Landlock or no seccomp");
        return 0;
    }
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
