/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store whose file is damaged: bytes changed (offset 3, value 1, again and again), and cut where the first
 * two bytes say. It opens or it does not; what it gives then is as it was written, or is found out by the
 * check of the row itself.
 */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "folder.h"
#include "fuzz.h"
#include "made.h"

static struct made made;
static uint8_t *good;
static size_t good_size;

static void make_good(void)
{
    made_store(&made, folder_path("good.db"));
    good = made_file(folder_path("good.db"), &good_size);
}

static bool check_row(void *ctx, const struct ol_row *row)
{
    const struct ol_record *r = &made.pair->side[0].line.record;
    const struct pair_row *was = pair_find(&made.pair->side[0], row->h.author, row->h.seq);

    (void)ctx;
    if (ol_record_check_row(r, row) == OL_OK && row->sealed)
        assert(was != NULL && ol_hash_equal(&was->row.hash, &row->hash) && ol_span_equal(was->row.body, row->body));
    return true;
}

static bool check_key(void *ctx, const struct ol_hash *key)
{
    (void)ctx;
    (void)key;
    return true;
}

static bool check_item(void *ctx, const struct ol_outbox_item *item)
{
    (void)ctx;
    assert(item->body.len <= OL_BODY_MAX);
    return true;
}

static bool check_line(void *ctx, const struct ol_line_info *info)
{
    int64_t *number = ctx;

    assert(memchr(info->name, '\0', sizeof info->name) != NULL && info->own_card_len <= OL_CARD_MAX
           && info->peer_card_len <= OL_CARD_MAX);
    *number = info->number;
    return true;
}

static void read_all(struct ol_store *s)
{
    int64_t line = 1;
    struct ol_row row;

    (void)!ol_store_lines(s, check_line, &line);
    for (uint8_t author = 'A'; author <= 'B'; author++) {
        (void)!ol_store_scan(s, line, author, 1, check_row, NULL);
        (void)!ol_store_scan_kind(s, line, author, OL_KIND_MESSAGE, 1, check_row, NULL);
        (void)!ol_store_acts(s, line, author, 1, check_row, NULL);
        (void)!ol_store_receipt(s, line, author, 1, &row);
        if (ol_store_row_by_hash(s, line, author, &made.pair->side[0].rows[author - 'A'][1].row.hash, &row) == OL_OK)
            check_row(NULL, &row);
    }
    (void)!ol_store_evidence(s, line, check_row, NULL);
    (void)!ol_store_answered(s, line, check_key, NULL);
    (void)!ol_store_outbox(s, line, check_item, NULL);
}

static void on_committed(void *ctx, uint64_t batch, enum ol_err err)
{
    (void)batch;
    assert(err == OL_OK || err == OL_STORE || err == OL_NO_ROOM || err == OL_MALFORMED);
    *(bool *)ctx = true;
}

static void write_row(struct ol_store *s)
{
    struct pollfd p = {.fd = ol_store_fd(s), .events = POLLIN};
    struct ol_put put = {.what = OL_PUT_ROW, .row = made.pair->side[0].rows[0][0].row};
    struct ol_batch batch = {.id = 1, .puts = &put, .n = 1};
    bool done = false;

    put.row.h.seq = 99;
    ol_store_commit(s, 1, &batch, on_committed, &done);
    while (!done) {
        poll(&p, 1, 1000);
        ol_store_poll(s);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ol_store_cfg cfg = {.path = "bad.db"};
    struct ol_rd r = ol_rd_from(ol_span(data, size));
    struct ol_store *s = NULL;
    uint8_t *bad;
    uint16_t cut = ol_rd_u16(&r);

    if (good == NULL)
        make_good();
    if (chdir(folder()))
        abort();
    bad = malloc(good_size);
    memcpy(bad, good, good_size);
    while (r.left >= 4) {
        uint32_t change = ol_rd_u32(&r);

        bad[(change >> 8) % good_size] = (uint8_t)change;
    }
    folder_write("bad.db", bad, cut == 0 || cut > good_size ? good_size : cut);
    free(bad);
    if (ol_store_open(&cfg, &s, NULL) == OL_OK) {
        read_all(s);
        write_row(s);
    }
    ol_store_close(&s);
    folder_remove("bad.db-wal");
    folder_remove("bad.db-shm");
    return 0;
}
