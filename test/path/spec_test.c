/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "path/spec.h"

static const char *const good[] = {
    "tcp:connect:192.0.2.7:7001",
    "tcp:connect:relay.example.org:1",
    "tcp:connect:localhost:65535",
    "tcp:connect:4you.example:7001",
    "tcp:listen:127.0.0.1:7001",
    "tcp:listen:0.0.0.0:7001",
    "tcp:listen:[::]:7001",
    "tcp:listen:[2001:db8::1]:7001",
    "tcp:connect:[fe80::1%eth0]:7001",
    "udp:127.0.0.1:7001:127.0.0.1:7002",
    "udp:[::1]:7001:peer.example.org:7002",
    "udp:here:7001:[::1]:7002",
};

static const struct {
    const char *text;
    const char *meant; /* what the refusal says somewhere */
} bad[] = {
    {"", "tcp:connect:HOST:PORT, tcp:listen:HOST:PORT or udp:"},
    {"tcp", "tcp:connect:HOST:PORT"},
    {"tcp:", "spec \"tcp:\""},
    {"tcp:dial:h:1", "tcp:connect:HOST:PORT"},
    {"TCP:listen:h:1", "tcp:connect:HOST:PORT"},
    {"serial:/dev/ttyS0", "spec \"serial:/dev/ttyS0\""},
    {"tcp:listen:", "a name or an IPv4 address is meant"},
    {"tcp:listen::7001", "a name or an IPv4 address is meant"},
    {"tcp:listen:h", "a ':' and a port are meant"},
    {"tcp:listen:h:", "port \"\": a number from 1 to 65535"},
    {"tcp:listen:h:0", "port \"0\": a number from 1 to 65535"},
    {"tcp:listen:h:07001", "a number from 1 to 65535"},
    {"tcp:listen:h:65536", "port \"65536\": a number from 1 to 65535"},
    {"tcp:listen:h:100000", "a number from 1 to 65535"},
    {"tcp:listen:h:4294967297", "a number from 1 to 65535"},
    {"tcp:listen:h:-1", "a number from 1 to 65535"},
    {"tcp:listen:h:http", "port \"http\": a number from 1 to 65535"},
    {"tcp:listen:h:1x", "a number from 1 to 65535"},
    {"tcp:listen:h:1:2", "after the port \":2\": nothing more is meant"},
    {"tcp:listen:h:1:", "nothing more is meant"},
    {"tcp:listen:::1:7001", "an IPv6 address in brackets"},
    {"tcp:listen:2001:db8::1:7001", "an IPv6 address in brackets"},
    {"tcp:listen:fe80::1:7001", "an IPv6 address goes in brackets"},
    {"tcp:listen:[::1:7001", "a ']' is missing"},
    {"tcp:listen:[::1]7001", "a ':' and a port are meant"},
    {"tcp:listen:[]:7001", "an IPv6 address in brackets"},
    {"tcp:listen:[localhost]:7001", "an IPv6 address is meant in the brackets"},
    {"tcp:listen:[127.0.0.1]:7001", "an IPv6 address is meant in the brackets"},
    {"tcp:listen:[::g]:7001", "an IPv6 address is meant in the brackets"},
    {"tcp:listen:[fe80::1%]:7001", "an IPv6 address is meant in the brackets"},
    {"tcp:listen:[fe80::1%0123456789abcdef]:7001", "an IPv6 address is meant in the brackets"},
    {"tcp:listen:[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1", "an IPv6 address is meant"},
    {"tcp:listen:127.0.0:7001", "host \"127.0.0\": a name or an IPv4 address"},
    {"tcp:listen:127.0.0.256:7001", "a name or an IPv4 address"},
    {"tcp:listen:-h:7001", "a name or an IPv4 address"},
    {"tcp:listen:a/b:7001", "a name or an IPv4 address"},
    {"tcp:listen:a b:7001", "printable ASCII without spaces"},
    {"tcp:listen:h:7001\n", "printable ASCII without spaces"},
    {"tcp:listen:h\x1b[2J:7001", "printable ASCII without spaces"},
    {"tcp:listen:b\xc3\xbc" "cher:7001", "printable ASCII without spaces"},
    {" tcp:listen:h:1", "printable ASCII without spaces"},
    {"udp:h:1", "the other side's :HOST:PORT is meant"},
    {"udp:h:1:", "a name or an IPv4 address"},
    {"udp:h:1:g", "a ':' and a port are meant"},
    {"udp:h:1:g:0", "a number from 1 to 65535"},
    {"udp:h:1:g:2:3", "nothing more is meant"},
};

static void test_good_specs_come_back_as_they_were(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        char text[OL_SPEC_MAX];
        char why[OL_WHY_MAX];
        struct ol_spec s;

        CHECK_ERR(OL_OK, ol_spec_parse(good[i], &s, why));
        ol_spec_print(&s, text);
        assert_string_equal(text, good[i]);
    }
}

static void test_parts_are_what_they_say(void **state)
{
    char why[OL_WHY_MAX];
    struct ol_spec s;

    (void)state;
    CHECK_ERR(OL_OK, ol_spec_parse("udp:[::1]:7001:peer.example:7002", &s, why));
    assert_int_equal(s.kind, OL_SPEC_UDP);
    assert_string_equal(s.local.host, "::1");
    assert_int_equal(s.local.port, 7001);
    assert_string_equal(s.remote.host, "peer.example");
    assert_int_equal(s.remote.port, 7002);
    CHECK_ERR(OL_OK, ol_spec_parse("tcp:listen:h:1", &s, why));
    assert_int_equal(s.kind, OL_SPEC_TCP_LISTEN);
    assert_string_equal(s.local.host, "h");
    CHECK_ERR(OL_OK, ol_spec_parse("tcp:connect:h:1", &s, why));
    assert_int_equal(s.kind, OL_SPEC_TCP_CONNECT);
    assert_string_equal(s.remote.host, "h");
}

static void test_bad_specs_are_refused_with_what_was_meant(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct ol_spec before;
        struct ol_spec s;
        char why[OL_WHY_MAX] = "";

        memset(&s, 0xa5, sizeof s);
        before = s;
        CHECK_ERR(OL_MALFORMED, ol_spec_parse(bad[i].text, &s, why));
        assert_memory_equal(&s, &before, sizeof s);
        if (strstr(why, bad[i].meant) == NULL)
            fail_msg("%s: the refusal is: %s", bad[i].text, why);
        for (const char *p = why; *p != '\0'; p++)
            assert_true(*p >= ' ' && *p <= '~');
    }
}

static void test_every_prefix_is_refused_or_is_a_spec_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        for (size_t cut = 0; cut < strlen(good[i]); cut++) {
            char text[OL_SPEC_MAX];
            char back[OL_SPEC_MAX];
            char why[OL_WHY_MAX];
            struct ol_spec s;

            snprintf(text, sizeof text, "%.*s", (int)cut, good[i]);
            if (ol_spec_parse(text, &s, why) != OL_OK)
                continue;
            ol_spec_print(&s, back);
            assert_string_equal(back, text);
        }
    }
}

static void test_host_is_at_most_as_long_as_a_name_can_be(void **state)
{
    char text[2 * OL_SPEC_MAX];
    char back[OL_SPEC_MAX];
    char host[OL_HOST_MAX + 2];
    char why[OL_WHY_MAX];
    struct ol_spec s;

    (void)state;
    memset(host, 'h', sizeof host);
    host[OL_HOST_MAX] = '\0';
    snprintf(text, sizeof text, "udp:%s:65535:%s:65535", host, host);
    CHECK_ERR(OL_OK, ol_spec_parse(text, &s, why));
    ol_spec_print(&s, back);
    assert_string_equal(back, text);
    host[OL_HOST_MAX] = 'h';
    host[OL_HOST_MAX + 1] = '\0';
    snprintf(text, sizeof text, "tcp:listen:%s:1", host);
    CHECK_ERR(OL_MALFORMED, ol_spec_parse(text, &s, why));
}

static void test_specs_are_equal_only_if_they_say_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        for (size_t k = 0; k < COUNT(good); k++) {
            char why[OL_WHY_MAX];
            struct ol_spec a;
            struct ol_spec b;

            CHECK_ERR(OL_OK, ol_spec_parse(good[i], &a, why));
            CHECK_ERR(OL_OK, ol_spec_parse(good[k], &b, why));
            assert_int_equal(ol_spec_equal(&a, &b), i == k);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_specs_come_back_as_they_were),
        cmocka_unit_test(test_parts_are_what_they_say),
        cmocka_unit_test(test_bad_specs_are_refused_with_what_was_meant),
        cmocka_unit_test(test_every_prefix_is_refused_or_is_a_spec_itself),
        cmocka_unit_test(test_host_is_at_most_as_long_as_a_name_can_be),
        cmocka_unit_test(test_specs_are_equal_only_if_they_say_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
