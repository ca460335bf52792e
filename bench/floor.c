/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: what the promise costs by itself, without a station around it. Two processes
 * over loopback TCP. A signs, syncs and sends; B verifies, signs, syncs the entry and its
 * receipt together and sends; A verifies the receipt. Each frame is under AEAD. Nobody
 * sleeps but for bytes to come. With many in flight, what waits goes into one write, one
 * sync and under one seal.
 *
 *     floor DIRECTORY [MESSAGES-ONE-AT-A-TIME [MESSAGES-IN-FLIGHT]]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define TEXT 100u
#define IN_FLIGHT 256u
#define HEADER 173u
#define TO_SEAL 192u
#define ENTRY (14u + TEXT)
#define FRAME_MAX 4096u
#define FILE_SIZE (16u * 1024 * 1024) /* written over and over, as a log is */
#define HELD (1024u * 1024)

/* One of the two ends. */
struct end {
    int sock;
    int file;
    off_t at;
    uint8_t own_sk[crypto_sign_SECRETKEYBYTES];
    uint8_t peer_pk[crypto_sign_PUBLICKEYBYTES];
    uint8_t key[2][32]; /* from A, from B */
    uint64_t sent;      /* frames */
    uint64_t got;
    unsigned side;
    uint8_t prev[2][32]; /* entry hash of the last entry of A, of B */
    uint8_t in[HELD];
    size_t in_len;
    uint8_t out[HELD];
    size_t out_len;
    uint8_t disk[HELD];
    size_t disk_len;
};

/* ---- Disk and socket ---- */

static void sync_disk(struct end *e)
{
    if (e->at + (off_t)e->disk_len > (off_t)FILE_SIZE)
        e->at = 0;
    bench_must(pwrite(e->file, e->disk, e->disk_len, e->at) == (ssize_t)e->disk_len, "writing");
    bench_must(fdatasync(e->file) == 0, "fdatasync");
    e->at += (off_t)e->disk_len;
    e->disk_len = 0;
}

static void keep(struct end *e, const void *p, size_t len)
{
    bench_must(e->disk_len + len <= HELD, "keeping");
    memcpy(e->disk + e->disk_len, p, len);
    e->disk_len += len;
}

static void send_all(struct end *e)
{
    for (size_t done = 0; done < e->out_len;) {
        ssize_t n = send(e->sock, e->out + done, e->out_len - done, MSG_NOSIGNAL);

        bench_must(n > 0, "sending");
        done += (size_t)n;
    }
    e->out_len = 0;
}

/* Waits for bytes; false when the other end has closed. */
static bool receive(struct end *e)
{
    ssize_t n = recv(e->sock, e->in + e->in_len, HELD - e->in_len, 0);

    bench_must(n >= 0 || errno == ECONNRESET, "receiving");
    if (n <= 0)
        return false;
    e->in_len += (size_t)n;
    return true;
}

static void nonce_of(uint64_t counter, uint8_t nonce[12])
{
    memset(nonce, 0, 12);
    memcpy(nonce + 4, &counter, 8);
}

static void put_frame(struct end *e, const uint8_t *items, size_t len)
{
    uint8_t *to = e->out + e->out_len;
    uint8_t nonce[12];
    uint16_t size = (uint16_t)(len + 16);

    bench_must(e->out_len + 2 + size <= HELD, "filling a frame");
    nonce_of(e->sent++, nonce);
    memcpy(to, &size, 2);
    crypto_aead_chacha20poly1305_ietf_encrypt(to + 2, NULL, items, len, to, 2, NULL, nonce, e->key[e->side]);
    e->out_len += 2u + size;
}

/* The next whole frame of what came, from *at; 0: none. */
static size_t take_frame(struct end *e, size_t *at, uint8_t items[FRAME_MAX])
{
    const uint8_t *from = e->in + *at;
    unsigned long long len;
    uint8_t nonce[12];
    uint16_t size;

    if (e->in_len - *at < 2)
        return 0;
    memcpy(&size, from, 2);
    if (e->in_len - *at < 2u + size)
        return 0;
    nonce_of(e->got++, nonce);
    bench_must(crypto_aead_chacha20poly1305_ietf_decrypt(items, &len, NULL, from + 2, size, from, 2, nonce,
                                                         e->key[!e->side]) == 0, "opening a frame");
    *at += 2u + size;
    return (size_t)len;
}

static void drop_read(struct end *e, size_t n)
{
    memmove(e->in, e->in + n, e->in_len - n);
    e->in_len -= n;
}

/* ---- Entries: number, text, and under the last of a run the seal ---- */

/* What is signed: the prefix, the entry's fixed fields, the hash before it and that of its body. */
static void chain(struct end *e, unsigned author, const uint8_t entry[ENTRY], uint8_t to_seal[TO_SEAL])
{
    uint8_t *header = to_seal + TO_SEAL - HEADER;

    memset(to_seal, 0, TO_SEAL);
    memcpy(header + 50, entry, 14);
    memcpy(header + 64, e->prev[author], 32);
    crypto_hash_sha256(header + 141, entry, ENTRY);
    header[-1] = 0;
    crypto_hash_sha256(e->prev[author], header - 1, HEADER + 1);
}

static void make_entry(uint8_t entry[ENTRY], uint32_t number)
{
    memset(entry, 'x', ENTRY);
    memcpy(entry, &number, 4);
}

/* A run of n entries: on disk, then on its way. */
static void send_run(struct end *e, uint32_t first, unsigned n)
{
    uint8_t items[FRAME_MAX];
    uint8_t to_seal[TO_SEAL];
    uint8_t seal[64];
    size_t len = 0;

    for (unsigned i = 0; i < n; i++) {
        uint8_t entry[ENTRY];

        make_entry(entry, first + i);
        entry[4] = i + 1 == n;
        chain(e, e->side, entry, to_seal);
        keep(e, entry, ENTRY);
        keep(e, e->prev[e->side], 32);
        if (len + ENTRY + 64 + 18 > FRAME_MAX) {
            put_frame(e, items, len);
            len = 0;
        }
        memcpy(items + len, entry, ENTRY);
        len += ENTRY;
    }
    crypto_sign_detached(seal, NULL, to_seal, TO_SEAL, e->own_sk);
    keep(e, seal, 64);
    memcpy(items + len, seal, 64);
    put_frame(e, items, len + 64);
    sync_disk(e);
    send_all(e);
}

/* Takes the entries of a frame; the number of the last one under a verified seal, or 0. */
static uint32_t take_entries(struct end *e, const uint8_t *items, size_t len)
{
    uint8_t to_seal[TO_SEAL];
    uint32_t sealed = 0;

    for (size_t at = 0; at < len; at += ENTRY) {
        chain(e, !e->side, items + at, to_seal);
        keep(e, items + at, ENTRY);
        keep(e, e->prev[!e->side], 32);
        if (items[at + 4] == 0)
            continue;
        bench_must(crypto_sign_verify_detached(items + at + ENTRY, to_seal, TO_SEAL, e->peer_pk) == 0, "verifying");
        keep(e, items + at + ENTRY, 64);
        memcpy(&sealed, items + at, 4);
        at += 64;
    }
    return sealed;
}

/* ---- The two ends ---- */

/* Everything that came and the receipt for it: one write, one sync, one seal. */
static void serve(struct end *e)
{
    uint8_t items[FRAME_MAX];

    while (receive(e)) {
        uint32_t last = 0;
        size_t at = 0;
        size_t len;

        while ((len = take_frame(e, &at, items)) > 0) {
            uint32_t sealed = take_entries(e, items, len);

            last = sealed > 0 ? sealed : last;
        }
        drop_read(e, at);
        if (last > 0)
            send_run(e, last, 1);
    }
}

/* The number that the receipts which have come name, or 0. */
static uint32_t take_receipts(struct end *e)
{
    uint8_t items[FRAME_MAX];
    uint32_t named = 0;
    size_t at = 0;
    size_t len;

    bench_must(receive(e), "waiting for a receipt");
    while ((len = take_frame(e, &at, items)) > 0)
        named = take_entries(e, items, len);
    e->disk_len = 0; /* no receipt of a receipt: nothing waits for it to be on disk */
    drop_read(e, at);
    return named;
}

static double measure_rate(struct end *e, uint32_t first, unsigned messages)
{
    uint32_t next = first;
    uint32_t named = first - 1;
    double start = bench_now();

    while (named + 1 < first + messages) {
        unsigned room = IN_FLIGHT - (next - 1 - named);
        unsigned left = first + messages - next;
        unsigned n = left < room ? left : room;
        uint32_t got;

        if (n > 0) {
            send_run(e, next, n);
            next += n;
        }
        if (next - 1 - named < IN_FLIGHT && next < first + messages)
            continue;
        got = take_receipts(e);
        named = got > 0 ? got : named;
    }
    return messages / (bench_now() - start);
}

static void measure_latency(struct end *e, double *took, unsigned messages)
{
    for (unsigned i = 0; i < messages; i++) {
        double start = bench_now();

        send_run(e, i + 1, 1);
        while (take_receipts(e) != i + 1)
            ;
        took[i] = bench_now() - start;
    }
}

/* ---- Setting up ---- */

static int open_file(const char *directory, char side)
{
    static const uint8_t zeros[65536];
    char name[4096];
    int fd;

    snprintf(name, sizeof name, "%s/floor.%d.%c", directory, (int)getpid(), side);
    fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bench_must(fd >= 0 && unlink(name) == 0, "making a file");
    for (size_t at = 0; at < FILE_SIZE; at += sizeof zeros)
        bench_must(pwrite(fd, zeros, sizeof zeros, (off_t)at) == (ssize_t)sizeof zeros, "filling a file");
    bench_must(fsync(fd) == 0, "fsync");
    return fd;
}

static void connect_ends(struct end *a, struct end *b)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    bench_must(door >= 0 && bind(door, (struct sockaddr *)&at, sizeof at) == 0 && listen(door, 1) == 0 &&
               getsockname(door, (struct sockaddr *)&at, &len) == 0, "listening");
    a->sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_must(a->sock >= 0 && connect(a->sock, (struct sockaddr *)&at, sizeof at) == 0, "connecting");
    b->sock = accept(door, NULL, NULL);
    bench_must(b->sock >= 0, "accepting");
    setsockopt(a->sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(b->sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    close(door);
}

static void make_ends(struct end *a, struct end *b, const char *directory)
{
    crypto_sign_keypair(b->peer_pk, a->own_sk);
    crypto_sign_keypair(a->peer_pk, b->own_sk);
    randombytes_buf(a->key, sizeof a->key);
    memcpy(b->key, a->key, sizeof b->key);
    b->side = 1;
    a->file = open_file(directory, 'a');
    b->file = open_file(directory, 'b');
    connect_ends(a, b);
}

int main(int argc, char **argv)
{
    static struct end a;
    static struct end b;
    unsigned one = bench_number(argc, argv, 2, 1000);
    unsigned many = bench_number(argc, argv, 3, 100000);
    double *took = calloc(one, sizeof *took);
    pid_t child;
    int status;

    bench_must(argc > 1 && took != NULL && sodium_init() >= 0, "starting");
    make_ends(&a, &b, argv[1]);
    child = fork();
    bench_must(child >= 0, "fork");
    if (child == 0) {
        close(a.sock);
        serve(&b);
        return 0;
    }
    close(b.sock);
    measure_latency(&a, took, one);
    bench_print(took, one, measure_rate(&a, one + 1, many));
    shutdown(a.sock, SHUT_RDWR);
    bench_must(waitpid(child, &status, 0) == child && status == 0, "the other end");
    free(took);
    return 0;
}
