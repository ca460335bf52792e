/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path/conf.h"

#define L1 "0123456789abcdef"
#define L2 "fedcba9876543210"

static char folder[] = "/tmp/conf_test.XXXXXX";
static char file[64];
static char why[OL_WHY_MAX];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(file, sizeof file, "%s/relay.conf", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(folder); /* fails when anything was left beside it */
}

static void save(const char *text, size_t len)
{
    FILE *f = fopen(file, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static struct ol_conf_path some_path(uint16_t id, const char *line, uint8_t path, const char *spec)
{
    struct ol_conf_path p = {.id = id, .path = path};

    memcpy(p.line, line, sizeof p.line);
    CHECK_ERR(OL_OK, ol_spec_parse(spec, &p.spec, why));
    return p;
}

static void check_path(const struct ol_conf_path *want, const struct ol_conf_path *got)
{
    assert_int_equal(want->id, got->id);
    assert_string_equal(want->line, got->line);
    assert_int_equal(want->path, got->path);
    assert_true(ol_spec_equal(&want->spec, &got->spec));
}

static void test_good_file_is_read(void **state)
{
    static const char text[] =
        "# the paths of this station\n"
        "paths = (\n"
        "  { id = 1; line = \"" L1 "\"; path = 0; spec = \"tcp:listen:127.0.0.1:7001\"; },\n"
        "  { spec = \"udp:127.0.0.1:7001:192.0.2.1:7001\"; path = 15;\n"
        "    line = \"" L1 "\"; id = 65535; },\n"
        "  { id = 2; line = \"" L2 "\"; path = 0; spec = \"tcp:connect:peer.example:7001\"; },\n"
        "  { id = 3; line = \"" L2 "\"; path = 1; spec = \"tcp:connect:peer.example:7001\"; }\n"
        ");\n";
    struct ol_conf_path first = some_path(1, L1, 0, "tcp:listen:127.0.0.1:7001");
    struct ol_conf_path second = some_path(65535, L1, 15, "udp:127.0.0.1:7001:192.0.2.1:7001");
    struct ol_conf c;

    (void)state;
    save(text, strlen(text));
    CHECK_ERR(OL_OK, ol_conf_read(file, &c, why));
    assert_int_equal(c.count, 4);
    check_path(&first, &c.paths[0]);
    check_path(&second, &c.paths[1]);
    ol_conf_free(&c);
    assert_null(c.paths);
}

static void test_empty_file_has_no_paths(void **state)
{
    static const char *const texts[] = {"", "\n", "# nothing\n", "paths = ();\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct ol_conf c;

        save(texts[i], strlen(texts[i]));
        CHECK_ERR(OL_OK, ol_conf_read(file, &c, why));
        assert_int_equal(c.count, 0);
        ol_conf_free(&c);
    }
}

#define GOOD "{ id = 1; line = \"" L1 "\"; path = 0; spec = \"tcp:listen:127.0.0.1:7001\"; }"
#define WITH(id, line, path, spec) \
    "paths = (\n{ id = " id ";\n line = " line ";\n path = " path ";\n spec = " spec "; });\n"
#define SPEC "\"tcp:connect:h:1\""
#define SECOND(rest) "paths = (\n" GOOD ",\n{ " rest " });\n"

static const struct {
    const char *text;
    const char *refusal; /* how it begins */
} bad[] = {
    {"paths = (\n", "relay.conf:"},
    {"paths = (\n{ id = 1 id = 2 });", "relay.conf:2: syntax: "},
    {"paths = ();\n@include \"/tmp\"\n", "relay.conf: @include: "},
    {"paths = 7;\n", "relay.conf:1: paths: a list"},
    {"paths = { id = 1; };\n", "relay.conf:1: paths: a list"},
    {"\npahts = ();\n", "relay.conf:2: pahts: no such setting; paths is meant"},
    {"paths = ();\nport = 7;\n", "relay.conf:2: port: no such setting"},
    {"paths = ();\npaths = ();\n", "relay.conf:2: syntax: "},
    {"paths = (\n7);\n", "relay.conf:2: paths: each is a group"},
    {"paths = (\n{ id = 1;\n prot = 2; });\n", "relay.conf:3: prot: no such setting"},
    {"paths = (\n{ });\n", "relay.conf:2: id: a number from 1 to 65535 is meant"},
    {WITH("0", "\"" L1 "\"", "0", SPEC), "relay.conf:2: id: a number from 1 to 65535 is meant"},
    {WITH("-1", "\"" L1 "\"", "0", SPEC), "relay.conf:2: id: a number from 1 to 65535 is meant"},
    {WITH("65536", "\"" L1 "\"", "0", SPEC), "relay.conf:2: id: a number from 1 to 65535 is meant"},
    {WITH("\"1\"", "\"" L1 "\"", "0", SPEC), "relay.conf:2: id: a number from 1 to 65535 is meant"},
    {WITH("1", "7", "0", SPEC), "relay.conf:3: line: the first 16 hex digits"},
    {WITH("1", "\"\"", "0", SPEC), "relay.conf:3: line: the first 16 hex digits"},
    {WITH("1", "\"0123456789abcde\"", "0", SPEC), "relay.conf:3: line: the first 16 hex digits"},
    {WITH("1", "\"0123456789abcdef0\"", "0", SPEC), "relay.conf:3: line: the first 16 hex digits"},
    {WITH("1", "\"0123456789abcdeg\"", "0", SPEC), "relay.conf:3: line: the first 16 hex digits"},
    {WITH("1", "\"0123456789ABCDEF\"", "0", SPEC), "relay.conf:3: line: the first 16 hex digits"},
    {WITH("1", "\"" L1 "\"", "16", SPEC), "relay.conf:4: path: a number from 0 to 15 is meant"},
    {WITH("1", "\"" L1 "\"", "-1", SPEC), "relay.conf:4: path: a number from 0 to 15 is meant"},
    {WITH("1", "\"" L1 "\"", "true", SPEC), "relay.conf:4: path: a number from 0 to 15 is meant"},
    {WITH("1", "\"" L1 "\"", "0", "7"), "relay.conf:5: spec: a SPEC in quotes is meant"},
    {WITH("1", "\"" L1 "\"", "0", "\"tcp:listen:h:99999\""),
     "relay.conf:5: spec: port \"99999\": a number from 1 to 65535"},
    {SECOND("id = 1; line = \"" L1 "\"; path = 1; spec = " SPEC ";"), "relay.conf:3: id: used twice"},
    {SECOND("id = 2; line = \"" L1 "\"; path = 0; spec = " SPEC ";"), "relay.conf:3: path: used twice"},
    {SECOND("id = 2; line = \"" L2 "\"; path = 0; spec = \"tcp:listen:[::1]:7001\";"),
     "relay.conf:3: spec: the local port is used by another path"},
};

static void test_bad_file_is_refused_by_line_and_setting(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct ol_conf c = {.count = 77};

        save(bad[i].text, strlen(bad[i].text));
        CHECK_ERR(OL_MALFORMED, ol_conf_read(file, &c, why));
        assert_int_equal(c.count, 77);
        if (strncmp(why, bad[i].refusal, strlen(bad[i].refusal)) != 0)
            fail_msg("%s\nrefused with %s", bad[i].text, why);
    }
}

static void test_udp_port_used_twice_is_refused(void **state)
{
    static const char text[] =
        "paths = ({ id = 1; line = \"" L1 "\"; path = 0; spec = \"udp:h:7001:g:1\"; },\n"
        "{ id = 2; line = \"" L1 "\"; path = 1; spec = \"udp:h:7001:g:2\"; });\n";
    struct ol_conf c;

    (void)state;
    save(text, strlen(text));
    CHECK_ERR(OL_MALFORMED, ol_conf_read(file, &c, why));
    assert_string_equal(why, "relay.conf:2: spec: the local port is used by another path");
}

/* Each prefix is refused, or holds the same path: the last mark may be left out. */
static void test_every_prefix_is_refused_or_complete(void **state)
{
    static const char text[] = "paths = (\n  " GOOD "\n);\n";
    struct ol_conf_path want = some_path(1, L1, 0, "tcp:listen:127.0.0.1:7001");

    (void)state;
    for (size_t cut = 1; cut < strlen(text); cut++) {
        struct ol_conf c = {0};

        save(text, cut);
        if (ol_conf_read(file, &c, why) == OL_OK) {
            assert_int_equal(c.count, 1);
            check_path(&want, &c.paths[0]);
        }
        ol_conf_free(&c);
    }
}

static void test_file_that_cannot_be_read_is_told_from_one_that_is_not_there(void **state)
{
    struct ol_conf c;

    (void)state;
    unlink(file);
    CHECK_ERR(OL_ABSENT, ol_conf_read(file, &c, why));
    assert_int_equal(mkdir(file, 0700), 0);
    CHECK_ERR(OL_IO, ol_conf_read(file, &c, why));
    assert_int_equal(rmdir(file), 0);
}

static void test_file_that_is_no_text_or_too_long_is_refused(void **state)
{
    static char big[(1u << 20) + 1];
    struct ol_conf c;

    (void)state;
    save("paths = ();\0\n", 13);
    CHECK_ERR(OL_MALFORMED, ol_conf_read(file, &c, why));
    memset(big, '\n', sizeof big);
    save(big, sizeof big);
    CHECK_ERR(OL_MALFORMED, ol_conf_read(file, &c, why));
    assert_string_equal(why, "relay.conf: file: text of less than 1 MiB is meant");
}

static void test_what_is_added_is_read_back(void **state)
{
    struct ol_conf_path one = some_path(0, L1, 0, "tcp:listen:[::1]:7001");
    struct ol_conf_path two = some_path(0, L1, 1, "udp:a:7001:b:7002");
    struct ol_conf_path nine = some_path(9, L2, 0, "tcp:connect:c:1");
    struct ol_conf c;
    struct stat st;

    (void)state;
    unlink(file);
    CHECK_ERR(OL_OK, ol_conf_add(file, &one, why));
    CHECK_ERR(OL_OK, ol_conf_add(file, &nine, why));
    CHECK_ERR(OL_OK, ol_conf_add(file, &two, why));
    assert_int_equal(one.id, 1);
    assert_int_equal(two.id, 2);
    CHECK_ERR(OL_OK, ol_conf_read(file, &c, why));
    assert_int_equal(c.count, 3);
    check_path(&one, &c.paths[0]);
    check_path(&nine, &c.paths[1]);
    check_path(&two, &c.paths[2]);
    ol_conf_free(&c);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_path_that_breaks_a_rule_is_not_added(void **state)
{
    struct ol_conf_path one = some_path(1, L1, 0, "tcp:listen:h:7001");
    struct ol_conf_path wrong[] = {
        some_path(1, L1, 1, "tcp:connect:h:1"),
        some_path(2, L1, 0, "tcp:connect:h:1"),
        some_path(2, L1, 16, "tcp:connect:h:1"),
        some_path(2, L2, 0, "tcp:listen:g:7001"),
        some_path(2, "0123456789ABCDEF", 0, "tcp:connect:h:1"),
    };
    static const char *const refusals[] = {
        "relay.conf: id: used twice",       "relay.conf: path: used twice",
        "relay.conf: path: a number from",  "relay.conf: spec: the local port",
        "relay.conf: line: the first 16",
    };
    struct ol_conf c;

    (void)state;
    unlink(file);
    CHECK_ERR(OL_OK, ol_conf_add(file, &one, why));
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CHECK_ERR(OL_MALFORMED, ol_conf_add(file, &wrong[i], why));
        assert_int_equal(strncmp(why, refusals[i], strlen(refusals[i])), 0);
        CHECK_ERR(OL_OK, ol_conf_read(file, &c, why));
        assert_int_equal(c.count, 1);
        ol_conf_free(&c);
    }
}

static void test_nothing_is_added_to_a_file_that_does_not_parse(void **state)
{
    struct ol_conf_path one = some_path(0, L1, 0, "tcp:listen:h:7001");
    struct ol_conf c;

    (void)state;
    save("paths = (", 9);
    CHECK_ERR(OL_MALFORMED, ol_conf_add(file, &one, why));
    CHECK_ERR(OL_MALFORMED, ol_conf_read(file, &c, why));
    assert_int_equal(one.id, 0);
}

static void test_folder_that_is_not_there_is_an_error_of_the_system(void **state)
{
    struct ol_conf_path one = some_path(0, L1, 0, "tcp:listen:h:7001");
    struct ol_conf c = {0};

    (void)state;
    CHECK_ERR(OL_IO, ol_conf_add("/nowhere/at/all/relay.conf", &one, why));
    CHECK_ERR(OL_IO, ol_conf_write("/nowhere/at/all/relay.conf", &c, why));
}

static void test_no_more_paths_than_the_limit(void **state)
{
    struct ol_conf c = {.paths = calloc(OL_CONF_PATHS, sizeof *c.paths), .count = OL_CONF_PATHS};
    struct ol_conf_path more = some_path(0, L2, 0, "tcp:connect:h:1");

    (void)state;
    assert_non_null(c.paths);
    for (unsigned i = 0; i < OL_CONF_PATHS; i++) {
        c.paths[i] = some_path((uint16_t)(i + 1), L1, (uint8_t)(i % 16), "tcp:connect:h:1");
        snprintf(c.paths[i].line, sizeof c.paths[i].line, "%016x", i / 16);
    }
    CHECK_ERR(OL_OK, ol_conf_write(file, &c, why));
    ol_conf_free(&c);
    CHECK_ERR(OL_OK, ol_conf_read(file, &c, why));
    assert_int_equal(c.count, OL_CONF_PATHS);
    ol_conf_free(&c);
    CHECK_ERR(OL_LIMIT, ol_conf_add(file, &more, why));
}

static void *add_ten(void *arg)
{
    const uint8_t *line = arg;
    char text[OL_WHY_MAX];

    for (uint8_t i = 0; i < 10; i++) {
        struct ol_conf_path p = {.path = i};

        snprintf(p.line, sizeof p.line, "%016x", *line);
        if (ol_spec_parse("tcp:connect:h:1", &p.spec, text) != OL_OK
            || ol_conf_add(file, &p, text) != OL_OK)
            return arg;
    }
    return NULL;
}

static void test_two_who_add_at_once_lose_nothing(void **state)
{
    uint8_t lines[2] = {0, 1};
    pthread_t threads[2];
    struct ol_conf c;

    (void)state;
    unlink(file);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_ten, &lines[i]), 0);
    for (int i = 0; i < 2; i++) {
        void *failed;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    CHECK_ERR(OL_OK, ol_conf_read(file, &c, why));
    assert_int_equal(c.count, 20);
    ol_conf_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_file_is_read),
        cmocka_unit_test(test_empty_file_has_no_paths),
        cmocka_unit_test(test_bad_file_is_refused_by_line_and_setting),
        cmocka_unit_test(test_udp_port_used_twice_is_refused),
        cmocka_unit_test(test_every_prefix_is_refused_or_complete),
        cmocka_unit_test(test_file_that_cannot_be_read_is_told_from_one_that_is_not_there),
        cmocka_unit_test(test_file_that_is_no_text_or_too_long_is_refused),
        cmocka_unit_test(test_what_is_added_is_read_back),
        cmocka_unit_test(test_path_that_breaks_a_rule_is_not_added),
        cmocka_unit_test(test_nothing_is_added_to_a_file_that_does_not_parse),
        cmocka_unit_test(test_folder_that_is_not_there_is_an_error_of_the_system),
        cmocka_unit_test(test_no_more_paths_than_the_limit),
        cmocka_unit_test(test_two_who_add_at_once_lose_nothing),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
