/* SPDX-License-Identifier: Apache-2.0 */
/* The carriers on loopback sockets, two paths in one loop. */
#include "support.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "path/path.h"

#define DEADLINE_MS 20000u
#define FRAMES_MAX 512u

/* One path and all that it has said. */
struct side {
    struct ol_path *path;
    uint16_t conn; /* the newest */
    unsigned ups;
    unsigned downs;
    unsigned sent;
    unsigned frames;
    uint32_t numbers[FRAMES_MAX]; /* the first four bytes of each frame */
    size_t last_len;
    uint16_t last_conn;
    bool closed;
};

static uv_loop_t loop;
static uv_prepare_t turn;
static uv_timer_t deadline;
static struct side left;
static struct side right;
static uint16_t last_number;

static uint16_t on_up(struct ol_path *p)
{
    struct side *s = p->owner;

    s->ups++;
    s->conn = ++last_number;
    return s->conn;
}

static void on_down(struct ol_path *p, uint16_t conn)
{
    struct side *s = p->owner;

    assert_true(conn != 0 && conn <= last_number);
    s->downs++;
}

static void on_frame(struct ol_path *p, uint16_t conn, struct ol_span frame)
{
    struct side *s = p->owner;
    struct ol_rd r = ol_rd_from(frame);

    assert_true(s->frames < FRAMES_MAX);
    s->numbers[s->frames++] = ol_rd_u32(&r);
    s->last_len = frame.len;
    s->last_conn = conn;
}

static void on_sent(struct ol_path *p, unsigned frames)
{
    struct side *s = p->owner;

    s->sent += frames;
}

static void on_log(struct ol_path *p, const char *text)
{
    (void)p;
    assert_null(strchr(text, '\n'));
}

static void on_closed(struct ol_path *p)
{
    struct side *s = p->owner;

    assert_false(s->closed);
    assert_int_equal(p->held, 0);
    s->closed = true;
    s->path = NULL;
}

static const struct ol_path_host host = {&loop, on_up, on_down, on_frame, on_sent, on_log, on_closed};

static void on_turn(uv_prepare_t *prepare)
{
    (void)prepare;
    if (left.path != NULL)
        ol_path_flush(left.path);
    if (right.path != NULL)
        ol_path_flush(right.path);
}

static void on_deadline(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("waited too long");
}

static int start_loop(void **state)
{
    (void)state;
    memset(&left, 0, sizeof left);
    memset(&right, 0, sizeof right);
    last_number = 0;
    uv_loop_init(&loop);
    uv_prepare_init(&loop, &turn);
    uv_prepare_start(&turn, on_turn);
    uv_timer_init(&loop, &deadline);
    uv_timer_start(&deadline, on_deadline, DEADLINE_MS, 0);
    return 0;
}

#define WAIT(condition)                      \
    do {                                     \
        while (!(condition))                 \
            uv_run(&loop, UV_RUN_ONCE);      \
    } while (0)

/* All paths closed, all credit back, and libuv agrees that nothing is left. */
static int end_loop(void **state)
{
    struct side *sides[] = {&left, &right};

    (void)state;
    for (int i = 0; i < 2; i++) {
        if (sides[i]->path == NULL)
            continue;
        ol_path_close(sides[i]->path);
        WAIT(sides[i]->closed);
        assert_int_equal(sides[i]->ups, sides[i]->downs);
    }
    uv_close((uv_handle_t *)&turn, NULL);
    uv_close((uv_handle_t *)&deadline, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static unsigned free_port(int type)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, type, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    close(fd);
    return ntohs(addr.sin_port);
}

static void open_path(struct side *s, const char *format, unsigned port, unsigned other)
{
    char text[128];
    char why[OL_WHY_MAX];
    struct ol_spec spec;

    snprintf(text, sizeof text, format, port, other);
    CHECK_ERR(OL_OK, ol_spec_parse(text, &spec, why));
    s->path = ol_path_new(&host, &spec, s);
    assert_non_null(s->path);
    ol_path_open(s->path);
}

static void send_to(struct side *s, uint16_t conn, uint32_t number, size_t len)
{
    static uint8_t frame[OL_FRAME_MAX + 1];
    struct ol_wr w = ol_wr_to(frame, sizeof frame);

    ol_wr_u32(&w, number);
    ol_path_send(s->path, conn, ol_span(frame, len));
}

static void check_order(const struct side *s, unsigned from)
{
    for (unsigned i = from; i < s->frames; i++)
        assert_int_equal(s->numbers[i], i - from);
}

static void open_tcp(void)
{
    unsigned port = free_port(SOCK_STREAM);

    open_path(&left, "tcp:listen:127.0.0.1:%u", port, 0);
    open_path(&right, "tcp:connect:127.0.0.1:%u", port, 0);
    WAIT(left.ups == 1 && right.ups == 1);
}

static void open_udp(void)
{
    unsigned a = free_port(SOCK_DGRAM);
    unsigned b = free_port(SOCK_DGRAM);

    open_path(&left, "udp:127.0.0.1:%u:127.0.0.1:%u", a, b);
    open_path(&right, "udp:127.0.0.1:%u:127.0.0.1:%u", b, a);
    WAIT(left.ups == 1 && right.ups == 1);
}

static void test_tcp_connector_may_speak_first_and_listener_answers_by_number(void **state)
{
    (void)state;
    open_tcp();
    send_to(&right, 0, 7, 20);
    WAIT(left.frames == 1);
    assert_int_equal(left.numbers[0], 7);
    assert_int_equal(left.last_conn, left.conn);
    send_to(&left, left.conn, 8, OL_FRAME_MAX);
    WAIT(right.frames == 1 && left.sent == 1 && right.sent == 1);
    assert_int_equal(right.last_len, OL_FRAME_MAX);
}

static void test_tcp_listener_has_no_path_until_one_is_proven(void **state)
{
    (void)state;
    open_tcp();
    send_to(&left, 0, 1, 20);
    assert_int_equal(left.sent, 1);
    ol_path_prove(left.path, 999);
    ol_path_prove(left.path, 0);
    send_to(&left, 0, 2, 20);
    assert_int_equal(left.sent, 2);
    ol_path_prove(left.path, left.conn);
    send_to(&left, 0, 3, 20);
    WAIT(right.frames == 1);
    assert_int_equal(right.numbers[0], 3);
    WAIT(left.sent == 3);
}

static void test_frames_without_a_connection_are_credited_at_once(void **state)
{
    (void)state;
    open_path(&left, "tcp:connect:127.0.0.1:%u", free_port(SOCK_STREAM), 0);
    open_path(&right, "udp:127.0.0.1:%u:127.0.0.1:9", free_port(SOCK_DGRAM), 0);
    WAIT(right.ups == 1);
    send_to(&left, 0, 1, 20);
    send_to(&left, 3, 1, 20);
    assert_int_equal(left.sent, 2);
    send_to(&right, (uint16_t)(right.conn + 1), 1, 20);
    assert_int_equal(right.sent, 1);
}

static void test_frames_that_are_too_long_or_empty_are_credited_at_once(void **state)
{
    (void)state;
    open_tcp();
    send_to(&right, 0, 1, OL_FRAME_MAX + 1);
    send_to(&right, 0, 1, 0);
    assert_int_equal(right.sent, 2);
    assert_int_equal(right.path->held, 0);
}

/* What is given in one turn arrives in order; what is over the window is dropped. */
static void check_window(unsigned window, uint16_t mtu)
{
    for (unsigned i = 0; i < window + 5; i++)
        send_to(&right, 0, i, mtu);
    assert_int_equal(right.path->held + right.sent, window + 5);
    assert_int_equal(right.path->held, window);
    WAIT(left.frames == window && right.sent == window + 5);
    check_order(&left, 0);
    assert_int_equal(right.path->held, 0);
}

static void test_tcp_holds_a_window_and_no_more(void **state)
{
    (void)state;
    open_tcp();
    ol_path_prove(left.path, left.conn);
    check_window(16, OL_FRAME_MAX);
}

static void test_udp_holds_a_window_and_no_more(void **state)
{
    (void)state;
    open_udp();
    check_window(32, OL_FRAME_UDP);
}

static void test_udp_frames_go_both_ways(void **state)
{
    (void)state;
    open_udp();
    send_to(&right, 0, 5, OL_FRAME_UDP);
    send_to(&left, left.conn, 6, 20);
    WAIT(left.frames == 1 && right.frames == 1);
    assert_int_equal(left.numbers[0], 5);
    assert_int_equal(left.last_len, OL_FRAME_UDP);
    assert_int_equal(right.numbers[0], 6);
    send_to(&left, 0, 7, OL_FRAME_UDP + 1);
    WAIT(left.sent == 2 && right.sent == 1);
}

/* A paused path leaves frames where they are; none is lost, also of a connection made meanwhile. */
static void test_tcp_pause_holds_frames_back_and_loses_none(void **state)
{
    unsigned port = free_port(SOCK_STREAM);

    (void)state;
    open_path(&left, "tcp:listen:127.0.0.1:%u", port, 0);
    ol_path_pause(left.path, true);
    open_path(&right, "tcp:connect:127.0.0.1:%u", port, 0);
    WAIT(left.ups == 1 && right.ups == 1);
    for (uint32_t i = 0; i < 10; i++)
        send_to(&right, 0, i, 100);
    while (right.sent < 10) /* sent within a turn, which would then wait for something more */
        uv_run(&loop, UV_RUN_NOWAIT);
    for (int i = 0; i < 20; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(left.frames, 0);
    ol_path_pause(left.path, false);
    WAIT(left.frames == 10);
    ol_path_pause(left.path, true);
    ol_path_pause(left.path, false);
    for (uint32_t i = 10; i < 20; i++)
        send_to(&right, 0, i, 100);
    WAIT(left.frames == 20);
    check_order(&left, 0);
}

static void test_udp_pause_holds_frames_back(void **state)
{
    (void)state;
    open_udp();
    ol_path_pause(left.path, true);
    for (uint32_t i = 0; i < 10; i++)
        send_to(&right, 0, i, 100);
    WAIT(right.sent == 10);
    for (int i = 0; i < 20; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(left.frames, 0);
    ol_path_pause(left.path, false);
    WAIT(left.frames == 10);
    check_order(&left, 0);
}

static void test_connector_finds_a_listener_that_comes_later_and_comes_again(void **state)
{
    unsigned port = free_port(SOCK_STREAM);

    (void)state;
    open_path(&right, "tcp:connect:127.0.0.1:%u", port, 0);
    for (int i = 0; i < 5; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    open_path(&left, "tcp:listen:127.0.0.1:%u", port, 0);
    WAIT(left.ups == 1 && right.ups == 1);
    ol_path_close(left.path);
    WAIT(left.closed && right.downs == 1);
    assert_int_equal(left.downs, 1);
    memset(&left, 0, sizeof left);
    open_path(&left, "tcp:listen:127.0.0.1:%u", port, 0);
    WAIT(left.ups == 1 && right.ups == 2);
    send_to(&right, 0, 1, 20);
    WAIT(left.frames == 1);
}

static void test_only_one_connection_is_proven(void **state)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    uint16_t first;
    int fd;

    (void)state;
    open_tcp();
    first = left.conn;
    ol_path_prove(left.path, first);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    addr.sin_port = htons(left.path->spec.local.port);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    WAIT(left.ups == 2);
    send_to(&left, 0, 1, 20);
    WAIT(right.frames == 1);
    ol_path_prove(left.path, left.conn);
    WAIT(left.downs == 1 && right.downs == 1);
    close(fd);
    WAIT(left.downs == 2);
}

static void test_close_gives_every_frame_back(void **state)
{
    (void)state;
    open_tcp();
    for (uint32_t i = 0; i < 16; i++)
        send_to(&right, 0, i, OL_FRAME_MAX);
    ol_path_flush(right.path);
    ol_path_close(right.path);
    send_to(&right, 0, 0, 20);
    WAIT(right.closed);
    assert_int_equal(right.sent, 17);
    WAIT(left.downs == 1);
}

static void test_close_gives_every_datagram_back(void **state)
{
    (void)state;
    open_udp();
    for (uint32_t i = 0; i < 32; i++)
        send_to(&right, 0, i, OL_FRAME_UDP);
    ol_path_close(right.path);
    WAIT(right.closed);
    assert_int_equal(right.sent, 32);
}

static void test_path_may_be_closed_at_any_step(void **state)
{
    static const char *const specs[] = {
        "tcp:listen:127.0.0.1:%u", "tcp:listen:localhost:%u", "tcp:connect:127.0.0.1:%u",
        "tcp:connect:localhost:%u", "udp:127.0.0.1:%u:127.0.0.1:9", "udp:localhost:%u:localhost:9",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(specs); i++) {
        for (int turns = 0; turns < 6; turns++) {
            memset(&left, 0, sizeof left);
            open_path(&left, specs[i], free_port(i < 4 ? SOCK_STREAM : SOCK_DGRAM), 0);
            for (int k = 0; k < turns; k++)
                uv_run(&loop, UV_RUN_NOWAIT);
            ol_path_close(left.path);
            WAIT(left.closed);
            assert_int_equal(left.ups, left.downs);
        }
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_loop, end_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_tcp_connector_may_speak_first_and_listener_answers_by_number),
        CASE(test_tcp_listener_has_no_path_until_one_is_proven),
        CASE(test_frames_without_a_connection_are_credited_at_once),
        CASE(test_frames_that_are_too_long_or_empty_are_credited_at_once),
        CASE(test_tcp_holds_a_window_and_no_more),
        CASE(test_udp_holds_a_window_and_no_more),
        CASE(test_udp_frames_go_both_ways),
        CASE(test_tcp_pause_holds_frames_back_and_loses_none),
        CASE(test_udp_pause_holds_frames_back),
        CASE(test_connector_finds_a_listener_that_comes_later_and_comes_again),
        CASE(test_only_one_connection_is_proven),
        CASE(test_close_gives_every_frame_back),
        CASE(test_close_gives_every_datagram_back),
        CASE(test_path_may_be_closed_at_any_step),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
