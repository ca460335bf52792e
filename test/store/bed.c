/* SPDX-License-Identifier: Apache-2.0 */
#include "bed.h"

#include <dirent.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

void bed_name(const struct bed *b, const char *name, char out[static 128])
{
    snprintf(out, 128, "%s/%s", b->dir, name);
}

void bed_open(struct bed *b)
{
    struct ol_store_cfg cfg = {.path = b->path};
    const char *why;
    enum ol_err err = ol_store_open(&cfg, &b->s, &why);

    if (err)
        print_error("open: %s\n", why);
    CHECK_ERR(OL_OK, err);
}

void bed_reopen(struct bed *b)
{
    ol_store_close(&b->s);
    assert_null(b->s);
    bed_open(b);
}

struct ol_line_info bed_line(struct bed *b, const char *name)
{
    struct ol_line_info info = {.own_card_len = OL_CARD_MAX, .peer_card_len = 1 + rnd(&b->seed) % 600};

    snprintf(info.name, sizeof info.name, "%s", name);
    rnd_fill(&b->seed, &info.id, sizeof info.id);
    rnd_fill(&b->seed, &info.id0, sizeof info.id0);
    rnd_fill(&b->seed, info.own_card, info.own_card_len);
    rnd_fill(&b->seed, info.peer_card, info.peer_card_len);
    return info;
}

int64_t bed_add_line(struct bed *b, const char *name)
{
    struct ol_line_info info = bed_line(b, name);

    CHECK_ERR(OL_OK, ol_store_line_add(b->s, &info));
    assert_true(info.number > 0);
    return info.number;
}

int bed_setup(void **state)
{
    struct bed *b = calloc(1, sizeof *b);

    *state = b;
    b->seed = 1;
    snprintf(b->dir, sizeof b->dir, "/tmp/openline-store-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    snprintf(b->path, sizeof b->path, "%s/store", b->dir);
    CHECK_ERR(OL_OK, ol_store_create(b->path));
    bed_open(b);
    b->line = bed_add_line(b, "alpha");
    return 0;
}

int bed_teardown(void **state)
{
    struct bed *b = *state;
    DIR *d = opendir(b->dir);
    char name[sizeof b->dir + 260];

    ol_store_close(&b->s);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        snprintf(name, sizeof name, "%s/%s", b->dir, e->d_name);
        if (e->d_name[0] != '.')
            assert_int_equal(0, unlink(name));
    }
    closedir(d);
    assert_int_equal(0, rmdir(b->dir));
    free(b);
    return 0;
}

struct ol_row bed_row(struct bed *b, uint8_t author, uint32_t seq)
{
    static uint8_t bodies[OL_BODY_MAX];
    struct ol_row row = {.h = {.author = author, .kind = OL_KIND_MESSAGE, .seq = seq}};

    if (bodies[0] == 0)
        rnd_fill(&(uint64_t){7}, bodies, sizeof bodies);
    row.h.flags = OL_FLAG_EXERCISE;
    row.h.xseq = (uint32_t)rnd(&b->seed);
    row.h.time = (uint32_t)rnd(&b->seed);
    row.stored_at = (uint32_t)rnd(&b->seed);
    row.sealed = rnd(&b->seed) % 2;
    row.marks = OL_ROW_TIME;
    rnd_fill(&b->seed, &row.h.prev, sizeof row.h.prev);
    rnd_fill(&b->seed, &row.h.xhash, sizeof row.h.xhash);
    rnd_fill(&b->seed, &row.h.commitment, sizeof row.h.commitment);
    rnd_fill(&b->seed, &row.hash, sizeof row.hash);
    if (row.sealed)
        rnd_fill(&b->seed, &row.seal, sizeof row.seal);
    row.body = ol_span(bodies + seq % 1000, rnd(&b->seed) % 100);
    return row;
}

struct ol_put bed_put(const struct ol_row *row)
{
    return (struct ol_put){.what = OL_PUT_ROW, .row = *row};
}

void bed_done(void *ctx, uint64_t batch, enum ol_err err)
{
    struct outcome *o = ctx;

    o->told++;
    o->last = err;
    o->id = batch;
}

void bed_await(struct ol_store *s, const struct outcome *o, size_t told)
{
    struct pollfd p = {.fd = ol_store_fd(s), .events = POLLIN};

    while (o->told < told) {
        assert_int_equal(1, poll(&p, 1, 60000));
        ol_store_poll(s);
    }
    assert_int_equal(told, o->told);
    assert_int_equal(0, poll(&p, 1, 0));
}

enum ol_err bed_commit(struct ol_store *s, int64_t line, const struct ol_put *puts, size_t n)
{
    struct ol_batch batch = {.id = 77, .puts = puts, .n = n};
    struct outcome o = {0};

    ol_store_commit(s, line, &batch, bed_done, &o);
    bed_await(s, &o, 1);
    assert_int_equal(77, o.id);
    return o.last;
}

enum ol_err bed_commit_row(struct bed *b, const struct ol_row *row)
{
    struct ol_put put = bed_put(row);

    return bed_commit(b->s, b->line, &put, 1);
}

void bed_same_row(const struct ol_row *want, const struct ol_row *got)
{
    assert_int_equal(want->h.author, got->h.author);
    assert_int_equal(want->h.kind, got->h.kind);
    assert_int_equal(want->h.flags, got->h.flags);
    assert_int_equal(want->h.seq, got->h.seq);
    assert_int_equal(want->h.xseq, got->h.xseq);
    assert_int_equal(want->h.time, got->h.time);
    assert_memory_equal(&want->h.prev, &got->h.prev, sizeof want->h.prev);
    assert_memory_equal(&want->h.xhash, &got->h.xhash, sizeof want->h.xhash);
    assert_memory_equal(&want->h.commitment, &got->h.commitment, sizeof want->h.commitment);
    assert_memory_equal(&want->hash, &got->hash, sizeof want->hash);
    assert_int_equal(want->sealed, got->sealed);
    assert_memory_equal(&want->seal, &got->seal, sizeof want->seal);
    assert_int_equal(want->marks, got->marks);
    assert_int_equal(want->stored_at, got->stored_at);
    assert_true(ol_span_equal(want->body, got->body));
}

bool bed_see(void *ctx, const struct ol_row *row)
{
    struct seen *seen = ctx;

    if (seen->n < COUNT(seen->keys))
        seen->keys[seen->n] = (uint64_t)row->h.author << 32 | row->h.seq;
    seen->last = *row;
    return ++seen->n != seen->stop_at;
}

size_t bed_count(struct ol_store *s, int64_t line, uint8_t author)
{
    struct seen seen = {0};

    CHECK_ERR(OL_OK, ol_store_scan(s, line, author, 0, bed_see, &seen));
    return seen.n;
}
