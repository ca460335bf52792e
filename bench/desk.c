/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the desk costs: 100,000 entries into a store that keeps views of them, beside the floor, the same rows into a
 * store that keeps none; then all views made anew. Once as dialogues (each message is taken and answered), once as
 * messages alone. Three runs of each, in turn; each line gives them and their median. What a commit takes depends on
 * the disk, so that processor time stands beside it.
 *
 *     desk [directory]
 */
#include "desk/dialogue.h"
#include "store/store.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define RUNS 3
#define ENTRIES 100000u
#define BATCH 100u
#define INCREMENT_MOST_US 10
#define FOLD_MOST_S 2

struct bench {
    struct ol_store *store;
    int64_t line;
    uint32_t seq[2]; /* of A, of B, last */
    unsigned step;   /* of a dialogue: message, take, answer */
    unsigned author; /* of its message */
    uint32_t about;
    bool told;
    uint8_t body[BATCH][128];
    struct ol_put puts[BATCH];
};

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

/* The next entry of a dialogue: a message of A and of B in turn; with acts, taken and answered by the other. */
static uint8_t write_next(struct bench *b, bool acts, uint8_t *author, struct ol_wr *w)
{
    static const char text[] = "Convoy of two vehicles passes the northern gate at 1600Z.";
    const struct ol_message m = {.text = ol_span(text, sizeof text - 1), .answer = OL_CLASS_WU};
    unsigned step = b->step;

    b->step = acts ? (step + 1) % 3 : 0;
    if (step == 0) {
        b->author ^= 1;
        b->about = b->seq[b->author] + 1;
        *author = (uint8_t)('A' + b->author);
        ol_message_write(&m, w);
        return OL_KIND_MESSAGE;
    }
    *author = (uint8_t)('B' - b->author);
    ol_act_write(&(struct ol_act){.kind = step == 1 ? OL_KIND_TAKE : OL_KIND_REPLY, .message = b->about}, w);
    return step == 1 ? OL_KIND_TAKE : OL_KIND_REPLY;
}

static void fill(struct bench *b, bool acts)
{
    uint64_t seed = (uint64_t)b->seq[0] << 32 | b->seq[1];

    for (size_t i = 0; i < BATCH; i++) {
        struct ol_row *row = &b->puts[i].row;
        struct ol_wr w = ol_wr_to(b->body[i], sizeof b->body[i]);
        uint8_t author;
        uint8_t kind = write_next(b, acts, &author, &w);
        uint32_t seq = ++b->seq[author - 'A'];

        bench_must(!w.full, "a body");
        b->puts[i].what = OL_PUT_ROW;
        *row = (struct ol_row){.h = {.author = author, .kind = kind, .seq = seq, .xseq = b->seq['B' - author],
                                     .time = 1700000000u + seq},
                               .sealed = i + 1 == BATCH,
                               .stored_at = 1700000000u + seq,
                               .body = ol_wr_span(&w)};
        scramble(&seed, &row->hash, sizeof row->hash);
        scramble(&seed, &row->h.prev, sizeof row->h.prev);
        scramble(&seed, &row->h.commitment, sizeof row->h.commitment);
    }
}

static void commit(struct bench *b)
{
    struct ol_batch batch = {.id = 1, .puts = b->puts, .n = BATCH};
    struct pollfd p = {.fd = ol_store_fd(b->store), .events = POLLIN};

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

static double processor_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct result {
    double entry;     /* microseconds of a commit for each of its entries */
    double processor; /* of them spent computing */
    double rebuild;   /* seconds of making all views anew, when there are any */
};

static struct result measure(const char *path, bool acts, const struct ol_views *views)
{
    struct ol_store_cfg cfg = {.path = path, .views = views};
    struct ol_line_info info = {.name = "bench", .id = {{1}}};
    struct bench *b = calloc(1, sizeof *b);
    struct result r = {0};
    double start;

    bench_must(b != NULL, "memory");
    remove_store(path);
    bench_must(ol_store_create(path) == OL_OK, "create");
    bench_must(ol_store_open(&cfg, &b->store, NULL) == OL_OK, "open");
    bench_must(ol_store_line_add(b->store, &info) == OL_OK, "adding a line");
    b->line = info.number;
    for (unsigned i = 0; i < ENTRIES / BATCH; i++) {
        double processor;

        fill(b, acts);
        start = bench_now();
        processor = processor_now();
        commit(b);
        r.entry += 1e6 / ENTRIES * (bench_now() - start);
        r.processor += 1e6 / ENTRIES * (processor_now() - processor);
    }
    start = bench_now();
    bench_must(views == NULL || ol_store_views_rebuild(b->store) == OL_OK, "the rebuild");
    r.rebuild = bench_now() - start;
    ol_store_close(&b->store);
    remove_store(path);
    free(b);
    return r;
}

static double show(const char *what, const double v[RUNS], const char *unit)
{
    double sorted[RUNS] = {v[0], v[1], v[2]};

    bench_sort(sorted, RUNS);
    printf("  %-34s %8.2f %8.2f %8.2f   median %8.2f %s\n", what, v[0], v[1], v[2], sorted[RUNS / 2], unit);
    return sorted[RUNS / 2];
}

static void bench(const char *path, const char *what, bool acts)
{
    double floor[RUNS];
    double desk[RUNS];
    double more[RUNS];
    double processor[RUNS];
    double rebuild[RUNS];

    measure(path, acts, NULL); /* the first is slower, whatever it is */
    for (unsigned i = 0; i < RUNS; i++) {
        struct result without = measure(path, acts, NULL);
        struct result with = measure(path, acts, &ol_dialogue_views);

        floor[i] = without.entry;
        desk[i] = with.entry;
        more[i] = with.entry - without.entry;
        processor[i] = with.processor - without.processor;
        rebuild[i] = with.rebuild;
    }
    printf("%u entries, %s, %u a commit\n", ENTRIES, what, BATCH);
    show("an entry without views (the floor)", floor, "us");
    show("an entry with views", desk, "us");
    if (show("the views of an entry", more, "us") > INCREMENT_MOST_US)
        printf("  (wanted: %d us or less)\n", INCREMENT_MOST_US);
    show("of processor time", processor, "us");
    if (show("all views made anew", rebuild, "s") > FOLD_MOST_S)
        printf("  (wanted: %d s or less)\n", FOLD_MOST_S);
}

int main(int argc, char **argv)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/desk_bench.%d", argc > 1 ? argv[1] : ".", (int)getpid());
    bench(path, "dialogues", true);
    bench(path, "messages alone", false);
    return 0;
}
