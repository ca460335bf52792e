/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket of a station with a record: a client says these bytes. The first byte tells whether the
 * station may sign, and in which pieces they come. Whatever it says, each line that is not empty is answered
 * with one object, and the station can end.
 */
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include "folder.h"
#include "fuzz.h"
#include "made.h"
#include "station/control.c"

static struct made made;
static uint8_t *good;
static size_t good_size;
static struct station s;

/* ---- What main.c and carrier.c are to the rest of a station ---- */

void station_log(const char *format, ...)
{
    (void)format;
}

struct ol_now station_now(const struct station *station)
{
    (void)station;
    return made.pair->now;
}

void station_stop(struct station *station, int code)
{
    station->stopping = true;
    station->exit_code = code;
}

void carrier_send(struct station *station, const struct ol_link_msg *m)
{
    (void)station;
    (void)m;
}

void carrier_proven(struct line *l, uint8_t path, uint16_t conn)
{
    (void)l;
    (void)path;
    (void)conn;
}

void carrier_flush(struct station *station)
{
    (void)station;
}

void carrier_reload(struct station *station)
{
    (void)station;
}

/* ---- A station, new for every input ---- */

static const char *chance_name(void)
{
    return "none";
}

static uint32_t no_chance(void)
{
    return 4;
}

static void no_chances(void *const out, const size_t len)
{
    memset(out, 4, len);
}

static void no_fault(void *ctx, const struct ol_fault *f)
{
    (void)ctx;
    (void)f;
    abort();
}

static void make_good(void)
{
    static randombytes_implementation none = {.implementation_name = chance_name, .random = no_chance,
                                               .buf = no_chances};
    enum ol_err err;

    if (randombytes_set_implementation(&none) || ol_crypto_init() || chdir(folder()))
        abort();
    made_store(&made, "good.db");
    good = made_file("good.db", &good_size);
    s.home.dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mkdir(OL_HOME_RUN, 0700);
    s.keys.sign = made.pair->side[0].sk;
    s.keys.agree = made.pair->side[0].cfg.own_dh;
    err = ol_keyring_put(&s.keys, &made.info.id, &made.pair->side[0].cfg.keys);
    assert(err == OL_OK);
    s.card = made.card[0];
    s.conf = (struct ol_station_conf){.lang = "en", .liveness_seconds = 20};
    if (ol_forms_load(-1, &s.forms, no_fault, NULL))
        abort();
}

static void on_store(uv_poll_t *handle, int status, int events)
{
    (void)handle;
    (void)status;
    (void)events;
    ol_store_poll(s.store);
    if (!s.stopping)
        lines_drain(&s);
}

static void start(bool signs)
{
    struct ol_fault f;
    enum ol_err err;

    folder_remove("record.db-wal");
    folder_remove("record.db-shm");
    folder_remove(OL_HOME_SEARCH);
    folder_remove(OL_HOME_SEARCH "-wal");
    folder_write("record.db", good, good_size);
    uv_loop_init(&s.loop);
    err = lines_load(&s, &f);
    assert(err == OL_OK && s.lines_n == 1);
    if (signs) {
        s.line[0]->core->signing = OL_SIGN_READY;
        s.line[0]->core->answered = true;
    }
    uv_poll_init(&s.loop, &s.store_poll, ol_store_fd(s.store));
    uv_poll_start(&s.store_poll, UV_READABLE, on_store);
    s.control = calloc(1, sizeof *s.control);
    s.control->station = &s;
    uv_pipe_init(&s.loop, &s.control->pipe, 0);
    s.control->pipe.data = s.control;
    err = search_start(&s);
    assert(err == OL_OK);
    alarms_start(&s);
    lines_drain(&s);
}

static struct client *connect_client(int fd)
{
    struct client *c = calloc(1, sizeof *c);

    c->station = &s;
    uv_pipe_init(&s.loop, &c->pipe, 0);
    uv_pipe_open(&c->pipe, fd);
    c->pipe.data = c;
    s.control->clients = c;
    s.control->n = 1;
    return c;
}

static void end(int fd)
{
    control_stop(&s);
    search_stop(&s);
    alarms_stop(&s);
    lines_close(&s);
    uv_poll_stop(&s.store_poll);
    uv_close((uv_handle_t *)&s.store_poll, NULL);
    uv_run(&s.loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&s.loop))
        abort(); /* something is still open */
    s.stopping = false;
    close(fd);
}

/* ---- Its client ---- */

/* What was said so far is on record. */
static void settle(void)
{
    while (s.lines_n > 0 && s.line[0]->core->in_flight && !s.stopping)
        uv_run(&s.loop, UV_RUN_ONCE);
}

static void say(struct client *c, const uint8_t *data, size_t size, size_t piece)
{
    while (size > 0 && s.control->clients == c) {
        size_t len = size < piece ? size : piece;
        uv_buf_t buf;

        on_alloc((uv_handle_t *)&c->pipe, len, &buf);
        assert(buf.len >= len);
        memcpy(buf.base, data, len);
        on_read((uv_stream_t *)&c->pipe, (ssize_t)len, &buf);
        settle();
        data += len;
        size -= len;
    }
}

static void check_answers(const char *text, size_t len)
{
    const char *end;

    for (; len > 0 && (end = memchr(text, '\n', len)) != NULL; len -= (size_t)(end + 1 - text), text = end + 1) {
        json_t *answer = json_loadb(text, (size_t)(end - text), JSON_ALLOW_NUL, NULL);

        assert(json_is_object(answer) && json_object_get(answer, "jsonrpc") != NULL);
        assert((json_object_get(answer, "method") != NULL) != (json_object_get(answer, "id") != NULL));
        json_decref(answer);
    }
}

static void hear(int fd)
{
    static char text[1 << 20];
    size_t len = 0;

    for (ssize_t n = 1; n > 0 && len < sizeof text;) {
        settle();
        uv_run(&s.loop, UV_RUN_NOWAIT);
        n = recv(fd, text + len, sizeof text - len, MSG_DONTWAIT);
        len += n > 0 ? (size_t)n : 0;
    }
    check_answers(text, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd[2];
    struct client *c;

    if (size < 2 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
        return 0;
    if (good == NULL)
        make_good();
    start(data[0] & 1);
    c = connect_client(fd[0]);
    say(c, data + 1, size - 1, 1u + data[0] / 2 * 16u);
    hear(fd[1]);
    end(fd[1]);
    return 0;
}
