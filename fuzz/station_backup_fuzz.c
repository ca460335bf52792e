/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A damaged backup: the first byte says whether the sum is made right again, the next two where it is cut;
 * then bytes changed (offset 3, value 1, again and again). Either nothing is made of it, or a home all of
 * whose lines must resume.
 */
#include <sys/stat.h>
#include <stdlib.h>
#include <unistd.h>

#include "armour/armour.h"
#include "crypto/hash.h"
#include "folder.h"
#include "fuzz.h"
#include "made.h"
#include "station/backup.h"
#include "station/conf.h"

#define SUM 32u

static uint8_t good[1 << 18];
static size_t good_size;

static struct ol_span armour(const char *label, const void *payload, size_t len)
{
    static uint8_t text[2048];
    struct ol_wr w = ol_wr_to(text, sizeof text);
    enum ol_err err = ol_armour_write(label, ol_span(payload, len), &w);

    assert(err == OL_OK);
    return ol_wr_span(&w);
}

static struct ol_span keys_text(const struct made *m)
{
    static uint8_t text[2048];
    struct ol_wr w = ol_wr_to(text, sizeof text);
    struct ol_keyring k = {.sign = m->pair->side[0].sk, .agree = m->pair->side[0].cfg.own_dh};
    enum ol_err err = ol_keyring_put(&k, &m->info.id, &m->pair->side[0].cfg.keys);

    assert(err == OL_OK);
    ol_keyring_write(&k, &w);
    ol_keyring_fini(&k);
    return ol_wr_span(&w);
}

static void add(struct ol_wr *file, unsigned *n, struct ol_span part)
{
    struct ol_wr length = ol_wr_to(good + sizeof OL_BACKUP_MAGIC + 8 * (*n)++, 8);

    ol_wr_u64(&length, part.len);
    ol_wr_bytes(file, part.p, part.len);
}

static void put_sum(uint8_t *file, size_t size)
{
    struct ol_span all = ol_span(file, size - SUM);
    struct ol_hash sum;

    ol_sha256(&all, 1, &sum);
    memcpy(file + size - SUM, sum.b, SUM);
}

/* As its table has it. */
static void make_good(void)
{
    struct ol_wr w = ol_wr_to(good, sizeof good);
    uint8_t conf[1024];
    struct ol_wr c = ol_wr_to(conf, sizeof conf);
    struct made m;
    size_t size;
    uint8_t *record;
    unsigned n = 0;

    made_store(&m, folder_path("good.db"));
    record = made_file(folder_path("good.db"), &size);
    ol_station_conf_write("en", &c);
    ol_wr_bytes(&w, OL_BACKUP_MAGIC, sizeof OL_BACKUP_MAGIC);
    ol_wr_bytes(&w, (uint8_t[48]){0}, 48);
    add(&w, &n, armour("OPENLINE CARD", m.info.own_card, m.info.own_card_len));
    add(&w, &n, ol_wr_span(&c));
    add(&w, &n, ol_span("paths = ();\n", 12));
    add(&w, &n, ol_span(NULL, 0));
    add(&w, &n, ol_span(record, size));
    add(&w, &n, keys_text(&m));
    ol_wr_bytes(&w, (uint8_t[SUM]){0}, SUM);
    assert(!w.full);
    good_size = w.len;
    put_sum(good, good_size);
    free(record);
}

static bool check_line(void *ctx, const struct ol_line_info *info)
{
    (void)ctx;
    assert(info->restored);
    return true;
}

static void check_home(size_t lines)
{
    struct ol_store_cfg cfg = {.path = folder_path("home/record.db"), .read_only = true};
    struct ol_store *s = NULL;

    if (ol_store_open(&cfg, &s, NULL) == OL_OK && lines > 0)
        (void)!ol_store_lines(s, check_line, NULL);
    ol_store_close(&s);
}

static void restore(const uint8_t *file, size_t size)
{
    struct ol_fault f = {0};
    size_t lines = 0;
    struct stat st;

    folder_write("backup", file, size);
    if (ol_backup_restore(folder_path("home"), folder_path("backup"), &lines, &f) == OL_OK)
        check_home(lines);
    else
        assert(f.key[0] != '\0' && stat(folder_path("home"), &st) != 0);
    folder_remove("home");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ol_rd r = ol_rd_from(ol_span(data, size));
    bool sums = ol_rd_u8(&r) & 1;
    size_t cut = ol_rd_u16(&r);
    uint8_t *bad;

    if (good_size == 0)
        make_good();
    bad = made_changed(good, good_size, &r);
    cut = cut == 0 || cut > good_size ? good_size : cut;
    if (sums && cut >= SUM)
        put_sum(bad, cut);
    restore(bad, cut);
    free(bad);
    return 0;
}
