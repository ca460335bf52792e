/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits and rows per second of the store, beside what the disk gives in the same run:
 * plain writes of 4 KiB, each with its fdatasync. Rows are of about 300 bytes. Three
 * runs; each line gives them and their median.
 *
 *     store_bench [directory]
 */
#include "store/store.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define RUNS 3
#define ROWS_MAX 100

struct bench {
    struct ol_store *store;
    int64_t line;
    uint32_t seq;
    bool told;
    struct ol_put puts[ROWS_MAX];
};

struct result {
    double rate; /* commits a second */
    double p50;  /* microseconds */
    double p99;
};

static double median(double a, double b, double c)
{
    double v[RUNS] = {a, b, c};

    bench_sort(v, RUNS);
    return v[1];
}

/* Splitmix64: hashes must not compress into few pages, nor repeat. */
static void scramble(uint64_t *seed, void *out, size_t len)
{
    for (size_t i = 0; i < len; i += 8) {
        uint64_t z = *seed += 0x9e3779b97f4a7c15u;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        z ^= z >> 31;
        memcpy((uint8_t *)out + i, &z, 8);
    }
}

static void done(void *ctx, uint64_t batch, enum ol_err err)
{
    struct bench *b = ctx;

    (void)batch;
    bench_must(err == OL_OK, "a commit");
    b->told = true;
}

/* Both streams in turn, every fourth entry naming one more of the other. */
static void fill(struct bench *b, size_t rows)
{
    static uint8_t body[64];
    uint64_t seed = b->seq;

    for (size_t i = 0; i < rows; i++) {
        struct ol_row *row = &b->puts[i].row;
        uint32_t n = b->seq++;

        b->puts[i].what = OL_PUT_ROW;
        *row = (struct ol_row){.h = {.author = n % 2 ? 'B' : 'A',
                                     .kind = OL_KIND_MESSAGE,
                                     .seq = n / 2 + 1,
                                     .xseq = n / 8,
                                     .time = 1700000000u + n},
                               .sealed = true,
                               .stored_at = 1700000000u + n,
                               .body = {body, sizeof body}};
        scramble(&seed, &row->hash, sizeof row->hash);
        scramble(&seed, &row->h.prev, sizeof row->h.prev);
        scramble(&seed, &row->h.commitment, sizeof row->h.commitment);
        scramble(&seed, &row->seal, sizeof row->seal);
    }
}

static void commit(struct bench *b, size_t rows)
{
    struct ol_batch batch = {.id = 1, .puts = b->puts, .n = rows};
    struct pollfd p = {.fd = ol_store_fd(b->store), .events = POLLIN};

    fill(b, rows);
    b->told = false;
    ol_store_commit(b->store, b->line, &batch, done, b);
    while (!b->told) {
        bench_must(poll(&p, 1, -1) == 1, "poll");
        ol_store_poll(b->store);
    }
}

static void remove_store(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[4100];

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

static struct result summary(double *took, size_t n, double whole)
{
    bench_sort(took, n);
    return (struct result){(double)n / whole, took[n / 2] * 1e6, took[n * 99 / 100] * 1e6};
}

static struct result bench_store(const char *path, size_t commits, size_t rows)
{
    struct ol_store_cfg cfg = {.path = path};
    struct ol_line_info info = {.name = "bench", .id = {{1}}};
    struct bench *b = calloc(1, sizeof *b);
    double *took = calloc(commits, sizeof *took);
    struct result r;
    double start;

    bench_must(b != NULL && took != NULL, "memory");
    remove_store(path);
    bench_must(ol_store_create(path) == OL_OK, "create");
    bench_must(ol_store_open(&cfg, &b->store, NULL) == OL_OK, "open");
    bench_must(ol_store_line_add(b->store, &info) == OL_OK, "adding a line");
    b->line = info.number;
    start = bench_now();
    for (size_t i = 0; i < commits; i++) {
        double before = bench_now();

        commit(b, rows);
        took[i] = bench_now() - before;
    }
    r = summary(took, commits, bench_now() - start);
    ol_store_close(&b->store);
    remove_store(path);
    free(took);
    free(b);
    return r;
}

static struct result bench_floor(const char *path, size_t commits)
{
    static uint8_t page[4096];
    double *took = calloc(commits, sizeof *took);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct result r;
    double start = bench_now();

    bench_must(fd >= 0 && took != NULL, "the plain file");
    for (size_t i = 0; i < commits; i++) {
        double before = bench_now();

        bench_must(pwrite(fd, page, sizeof page, (off_t)(i % 1000 * sizeof page)) == sizeof page, "write");
        bench_must(fdatasync(fd) == 0, "fdatasync");
        took[i] = bench_now() - before;
    }
    r = summary(took, commits, bench_now() - start);
    close(fd);
    unlink(path);
    free(took);
    return r;
}

static void print(const char *what, size_t rows, const struct result r[RUNS])
{
    double rate = median(r[0].rate, r[1].rate, r[2].rate);

    printf("%-24s %7.0f %7.0f %7.0f   median %7.0f commits/s", what, r[0].rate, r[1].rate, r[2].rate,
           rate);
    printf("  %8.0f rows/s  p50 %5.0f us  p99 %5.0f us\n", rate * (double)rows,
           median(r[0].p50, r[1].p50, r[2].p50), median(r[0].p99, r[1].p99, r[2].p99));
}

int main(int argc, char **argv)
{
    static const size_t rows[] = {1, 10, 100};
    static const size_t commits[] = {4000, 4000, 2000};
    char path[4096];
    struct result floor[RUNS];
    struct result store[3][RUNS];

    snprintf(path, sizeof path, "%s/store_bench.%d", argc > 1 ? argv[1] : ".", (int)getpid());
    for (size_t run = 0; run < RUNS; run++) {
        floor[run] = bench_floor(path, 4000);
        for (size_t i = 0; i < 3; i++)
            store[i][run] = bench_store(path, commits[i], rows[i]);
    }
    print("plain write, fdatasync", 0, floor);
    print("1 row a commit", rows[0], store[0]);
    print("10 rows a commit", rows[1], store[1]);
    print("100 rows a commit", rows[2], store[2]);
    return 0;
}
