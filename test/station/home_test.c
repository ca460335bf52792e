/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "station/conf.h"

static char dir[PATH_MAX];
static struct ol_home home;
static struct ol_fault fault;

static void put(const char *name, const char *text)
{
    struct ol_file_new file = {.name = name, .content = ol_span(text, strlen(text)), .mode = 0600};

    CHECK_ERR(OL_OK, ol_file_write(home.dir, &file, &fault));
}

static const char *value_of(const char *name)
{
    for (size_t i = 0; i < fault.n; i++)
        if (strcmp(fault.name[i], name) == 0)
            return fault.value[i];
    fail_msg("the fault has no %s", name);
    return NULL;
}

/* A home whose own name is longer than a socket's address may be. */
static int make_home(void **state)
{
    size_t len;

    (void)state;
    strcpy(dir, "/tmp/openline-home-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    len = strlen(dir);
    for (int i = 0; i < 3; i++) {
        dir[len++] = '/';
        memset(dir + len, 'd', 80);
        len += 80;
        dir[len] = '\0';
        if (mkdir(dir, 0700))
            return -1;
    }
    home.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return home.dir < 0 || mkdirat(home.dir, "run", 0700) ? -1 : 0;
}

static int remove_home(void **state)
{
    static const char *const files[] = {"keys", "station.conf", "run/a.lock", "run/a.pid", "run/a.sock"};

    (void)state;
    for (size_t i = 0; i < COUNT(files); i++)
        unlinkat(home.dir, files[i], 0);
    unlinkat(home.dir, "run", AT_REMOVEDIR);
    ol_home_close(&home);
    for (int i = 0; i < 4; i++) {
        if (rmdir(dir))
            return -1;
        *strrchr(dir, '/') = '\0';
    }
    return 0;
}

static void check_same_keys(const struct ol_keyring *want)
{
    struct ol_keyring back;

    CHECK_ERR(OL_OK, ol_home_keys_read(&home, &back, &fault));
    assert_memory_equal(&want->sign, &back.sign, sizeof back.sign);
    ol_keyring_fini(&back);
}

static void test_keys_are_written_for_their_owner_only_and_read_back(void **state)
{
    struct ol_keyring k;
    struct ol_keyring other;
    struct stat st;

    (void)state;
    ol_keyring_init(&k, ol_random_system());
    ol_keyring_init(&other, ol_random_system());
    CHECK_ERR(OL_OK, ol_home_keys_write(&home, &k, true, &fault));
    assert_int_equal(fstatat(home.dir, "keys", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    check_same_keys(&k);
    CHECK_ERR(OL_EXISTS, ol_home_keys_write(&home, &other, true, &fault));
    check_same_keys(&k);
    CHECK_ERR(OL_OK, ol_home_keys_write(&home, &other, false, &fault));
    check_same_keys(&other);
    assert_int_equal(faccessat(home.dir, "keys.new", F_OK, 0), -1);
    ol_keyring_fini(&k);
    ol_keyring_fini(&other);
}

static void test_keys_that_others_may_read_are_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0601};
    struct ol_keyring k;

    (void)state;
    ol_keyring_init(&k, ol_random_system());
    CHECK_ERR(OL_OK, ol_home_keys_write(&home, &k, true, &fault));
    ol_keyring_fini(&k);
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_int_equal(fchmodat(home.dir, "keys", modes[i], 0), 0);
        CHECK_ERR(OL_MISMATCH, ol_home_keys_read(&home, &k, &fault));
        assert_string_equal(fault.key, "err.keys.open");
    }
}

static void test_what_an_interrupted_write_left_is_no_obstacle(void **state)
{
    struct ol_keyring k;

    (void)state;
    put("keys.new", "half of a file");
    ol_keyring_init(&k, ol_random_system());
    CHECK_ERR(OL_OK, ol_home_keys_write(&home, &k, false, &fault));
    check_same_keys(&k);
    ol_keyring_fini(&k);
}

static void test_settings_as_init_writes_them_read_well(void **state)
{
    struct ol_station_conf conf;
    char text[1024];
    struct ol_wr w = ol_wr_to(text, sizeof text - 1);

    (void)state;
    ol_station_conf_write("pt-BR", &w);
    text[w.len] = '\0';
    put("station.conf", text);
    CHECK_ERR(OL_OK, ol_station_conf_read(&home, &conf, &fault));
    assert_string_equal(conf.lang, "pt-BR");
    assert_int_equal(conf.liveness_seconds, 20);
    assert_int_equal(conf.watch_check_seconds, 720);
    assert_int_equal(conf.log, OL_LOG_INFO);
}

static void test_refused_settings_are_named_with_their_line(void **state)
{
    static const struct {
        const char *text;
        const char *line;
        const char *setting;
        const char *key;
    } cases[] = {
        {"lang = \"en\";\nlog = \"loud\";\n", "2", "log", "err.conf.log"},
        {"lang = \"en\";\n\nlog = 3;\n", "3", "log", "err.conf.log"},
        {"lang = \"e n\";\n", "1", "lang", "err.conf.lang"},
        {"lang = \"\";\n", "1", "lang", "err.conf.lang"},
        {"log = \"info\";\n", "1", "lang", "err.conf.lang"},
        {"lang = \"en\";\nliveness_seconds = 0;\n", "2", "liveness_seconds", "err.conf.liveness"},
        {"lang = \"en\";\nliveness_seconds = 86401;\n", "2", "liveness_seconds", "err.conf.liveness"},
        {"lang = \"en\";\nliveness_seconds = 4294967297L;\n", "2", "liveness_seconds",
         "err.conf.liveness"},
        {"lang = \"en\";\nliveness_seconds = 1.5;\n", "2", "liveness_seconds", "err.conf.liveness"},
        {"lang = \"en\";\nwatch_check_seconds = -1;\n", "2", "watch_check_seconds", "err.conf.watch_check"},
        {"lang = \"en\";\nwatch_check_seconds = 86401;\n", "2", "watch_check_seconds", "err.conf.watch_check"},
        {"lang = \"en\";\nwatch_check_seconds = \"off\";\n", "2", "watch_check_seconds", "err.conf.watch_check"},
        {"lang = \"en\";\nlivelyness = 5;\n", "2", "livelyness", "err.conf.unknown"},
        {"lang = \"en\";\nlog = ;\n", "2", "", "err.conf.syntax"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ol_station_conf conf;

        put("station.conf", cases[i].text);
        CHECK_ERR(OL_MALFORMED, ol_station_conf_read(&home, &conf, &fault));
        assert_string_equal(fault.key, cases[i].key);
        assert_string_equal(value_of("file"), "station.conf");
        assert_string_equal(value_of("line"), cases[i].line);
        assert_string_equal(value_of("setting"), cases[i].setting);
        assert_string_equal(conf.lang, "");
    }
}

static void test_absent_and_oversized_files_are_refused(void **state)
{
    struct ol_station_conf conf;
    struct ol_blob blob;

    (void)state;
    CHECK_ERR(OL_ABSENT, ol_station_conf_read(&home, &conf, &fault));
    put("station.conf", "12345");
    CHECK_ERR(OL_LIMIT, ol_file_read(home.dir, "station.conf", 4, &blob, &fault));
    assert_null(blob.p);
    CHECK_ERR(OL_OK, ol_file_read(home.dir, "station.conf", 5, &blob, &fault));
    assert_string_equal((const char *)blob.p, "12345");
    ol_blob_free(&blob);
}

static void test_directory_without_keys_is_no_home(void **state)
{
    struct ol_home h;

    (void)state;
    CHECK_ERR(OL_ABSENT, ol_home_open(dir, &h, &fault));
    assert_int_equal(h.dir, -1);
    assert_string_equal(fault.key, "err.home.empty");
    CHECK_ERR(OL_ABSENT, ol_home_open("/nowhere/at/all", &h, &fault));
    put("keys", "");
    CHECK_ERR(OL_OK, ol_home_open(dir, &h, &fault));
    ol_home_close(&h);
}

/* The other process: holds the lock and works in the home until its stdin ends. */
static pid_t start_holder(int *hold, bool write_pid)
{
    int ready[2];
    int held[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(held), 0);
    pid = fork();
    if (pid == 0) {
        int fd;
        enum ol_err err = ol_home_lock(&home, "run/a.lock", &fd);

        close(held[1]);
        if (!err && write_pid)
            err = ol_home_pid_write(&home, "run/a.pid");
        if (err || fchdir(home.dir) || write(ready[1], "", 1) != 1 || read(held[0], &byte, 1) != 0)
            _exit(1);
        _exit(0);
    }
    close(held[0]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *hold = held[1];
    return pid;
}

static void end_holder(pid_t pid, int hold)
{
    int status;

    close(hold);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_running_program_is_found_by_its_lock_and_number(void **state)
{
    int fd;
    int hold;
    pid_t pid;

    (void)state;
    assert_int_equal(ol_home_running(&home, "run/a.lock", "run/a.pid"), 0);
    pid = start_holder(&hold, true);
    CHECK_ERR(OL_EXISTS, ol_home_lock(&home, "run/a.lock", &fd));
    assert_int_equal(ol_home_running(&home, "run/a.lock", "run/a.pid"), pid);
    end_holder(pid, hold);
    assert_int_equal(ol_home_running(&home, "run/a.lock", "run/a.pid"), 0);
    CHECK_ERR(OL_OK, ol_home_lock(&home, "run/a.lock", &fd));
    close(fd);
}

static void test_number_of_another_process_is_not_believed(void **state)
{
    char number[16];
    int hold;
    pid_t pid = start_holder(&hold, false);

    (void)state;
    snprintf(number, sizeof number, "%d\n", (int)getpid()); /* alive, but works elsewhere */
    put("run/a.pid", number);
    assert_int_equal(ol_home_running(&home, "run/a.lock", "run/a.pid"), 0);
    put("run/a.pid", "99999999999999999999\n");
    assert_int_equal(ol_home_running(&home, "run/a.lock", "run/a.pid"), 0);
    put("run/a.pid", "-1\n");
    assert_int_equal(ol_home_running(&home, "run/a.lock", "run/a.pid"), 0);
    end_holder(pid, hold);
}

static void test_socket_of_a_home_with_a_long_name_is_reached(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int door = socket(AF_UNIX, SOCK_STREAM, 0);
    int fd;

    (void)state;
    assert_true(strlen(dir) > sizeof address.sun_path);
    CHECK_ERR(OL_ABSENT, ol_home_connect(&home, "run/a.sock", &fd));
    ol_home_path(&home, "run/a.sock", address.sun_path);
    assert_int_equal(bind(door, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(door, 1), 0);
    CHECK_ERR(OL_OK, ol_home_connect(&home, "run/a.sock", &fd));
    close(fd);
    close(door);
    CHECK_ERR(OL_ABSENT, ol_home_connect(&home, "run/a.sock", &fd));
    assert_int_equal(fd, -1);
}

/* Writes half of what it should, then does as it is told. */
static enum ol_err half(void *ctx, FILE *to, struct ol_fault *f)
{
    enum ol_err err = *(enum ol_err *)ctx;

    fputs("half", to);
    if (err == OL_MALFORMED)
        ol_fault_set(f, OL_EXIT_NOT_VERIFIED, "err.backup.sum", "file", "its own", NULL);
    errno = ENOSPC;
    return err;
}

static void test_file_that_cannot_be_filled_is_as_it_was_before(void **state)
{
    enum ol_err results[] = {OL_IO, OL_MALFORMED, OL_OK};
    struct ol_blob text;

    (void)state;
    put("keys", "as it was");
    put("keys.new", "of an interrupted run");
    CHECK_ERR(OL_NO_ROOM, ol_file_fill(home.dir, "keys", 0600, half, &results[0], &fault));
    assert_string_equal(value_of("file"), "keys");
    CHECK_ERR(OL_MALFORMED, ol_file_fill(home.dir, "keys", 0600, half, &results[1], &fault));
    assert_string_equal(value_of("file"), "its own");
    CHECK_ERR(OL_OK, ol_file_read(home.dir, "keys", 100, &text, &fault));
    assert_string_equal((const char *)text.p, "as it was");
    ol_blob_free(&text);
    assert_int_equal(faccessat(home.dir, "keys.new", F_OK, 0), -1);
    CHECK_ERR(OL_OK, ol_file_fill(home.dir, "keys", 0600, half, &results[2], &fault));
    CHECK_ERR(OL_OK, ol_file_read(home.dir, "keys", 100, &text, &fault));
    assert_string_equal((const char *)text.p, "half");
    ol_blob_free(&text);
    CHECK_ERR(OL_ABSENT, ol_file_fill(home.dir, "none/keys", 0600, half, &results[2], &fault));
}

static void test_ids_are_a_letter_and_a_number(void **state)
{
    static const char *const wrong[] = {"",    "A",   "A0",  "A01",         "C1", "a1",
                                        "A-1", "A 1", "A1 ", "A4294967296", "1A"};
    uint8_t author;
    uint32_t seq;

    (void)state;
    assert_true(ol_entry_id_read("A1", &author, &seq));
    assert_int_equal(author, 'A');
    assert_int_equal(seq, 1);
    assert_true(ol_entry_id_read("B4294967295", &author, &seq));
    assert_int_equal(author, 'B');
    assert_int_equal(seq, UINT32_MAX);
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_false(ol_entry_id_read(wrong[i], &author, &seq));
}

#define IN_A_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_HOME(test_keys_are_written_for_their_owner_only_and_read_back),
        IN_A_HOME(test_keys_that_others_may_read_are_refused),
        IN_A_HOME(test_what_an_interrupted_write_left_is_no_obstacle),
        IN_A_HOME(test_settings_as_init_writes_them_read_well),
        IN_A_HOME(test_refused_settings_are_named_with_their_line),
        IN_A_HOME(test_absent_and_oversized_files_are_refused),
        IN_A_HOME(test_directory_without_keys_is_no_home),
        IN_A_HOME(test_running_program_is_found_by_its_lock_and_number),
        IN_A_HOME(test_number_of_another_process_is_not_believed),
        IN_A_HOME(test_socket_of_a_home_with_a_long_name_is_reached),
        IN_A_HOME(test_file_that_cannot_be_filled_is_as_it_was_before),
        IN_A_HOME(test_ids_are_a_letter_and_a_number),
    };

    if (ol_crypto_init() != OL_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
