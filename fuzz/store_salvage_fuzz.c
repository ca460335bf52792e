/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read of a store without its engine: pages of any bytes, whose sums are right, and a log over them.
 *
 *     offset  size
 *          0     1  low 2 bits: how many frames the log has; then 4: the sum of the second page is wrong,
 *                   8: the log's sums read words the other way round, 16: its head is spoiled
 *          1     3  for each frame: of which page, how many pages are there if it ends a commit, how it is spoiled
 *                   then the pages from the second on, which the frames take in turn too
 */
#include "folder.h"
#include "fuzz.h"
#include "store/salvage.h"
#include "store/sum.h"

#define PAGES 8u
#define BYTES (OL_PAGE - OL_PAGE_SUM) /* of a page without its sum */
#define FRAMES 3u

enum spoil { WHOLE, OTHER_SALT, WRONG_SUM, SPOILS };

static uint8_t page[PAGES][OL_PAGE];

/* ---- The two files ---- */

static void write_main(struct ol_rd r, bool wrong)
{
    uint32_t n = 1;

    memset(page, 0, sizeof page);
    for (; n < PAGES && r.left > 0 && !r.bad; n++) {
        struct ol_span part = ol_rd_take(&r, r.left < BYTES ? r.left : BYTES);

        memcpy(page[n], part.p, part.len);
    }
    for (uint32_t i = 0; i < n; i++)
        ol_page_seal(page[i], i + 1);
    page[1][BYTES] ^= wrong;
    folder_write("record.db", page[0], n * OL_PAGE);
}

struct sum {
    bool big_endian;
    uint32_t a;
    uint32_t b;
};

static uint32_t word(const struct sum *s, const uint8_t *p)
{
    return s->big_endian ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                         : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* As SQLite's file format has it, section 4.2. */
static void add(struct sum *s, const uint8_t *p, size_t len)
{
    for (const uint8_t *end = p + len; p < end; p += 8) {
        s->a += word(s, p) + s->b;
        s->b += word(s, p + 4) + s->a;
    }
}

static void put_head(struct ol_wr *w, struct sum *s, bool spoiled)
{
    ol_wr_u32(w, 0x377f0682u | s->big_endian);
    ol_wr_u32(w, 3007000);
    ol_wr_u32(w, spoiled ? 512 : OL_PAGE);
    ol_wr_u32(w, 0);
    ol_wr_u64(w, 7); /* salt */
    add(s, w->p, w->len);
    ol_wr_u32(w, s->a);
    ol_wr_u32(w, s->b);
}

static void put_frame(struct ol_wr *w, struct sum *s, struct ol_rd *r, const uint8_t *content)
{
    const uint8_t *head = w->p + w->len;
    uint8_t number = ol_rd_u8(r);
    enum spoil spoil;

    ol_wr_u32(w, number < 255 ? number : UINT32_MAX);
    ol_wr_u32(w, ol_rd_u8(r));
    spoil = (enum spoil)(ol_rd_u8(r) % SPOILS);
    add(s, head, 8);
    add(s, content, OL_PAGE);
    ol_wr_u64(w, spoil == OTHER_SALT ? 8 : 7);
    ol_wr_u32(w, s->a + (spoil == WRONG_SUM));
    ol_wr_u32(w, s->b);
    ol_wr_bytes(w, content, OL_PAGE);
}

static void write_log(struct ol_span frames, uint8_t flags)
{
    static uint8_t log[32 + FRAMES * (24 + OL_PAGE)];
    struct ol_wr w = ol_wr_to(log, sizeof log);
    struct sum s = {.big_endian = flags & 8};
    struct ol_rd f = ol_rd_from(frames);

    put_head(&w, &s, flags & 16);
    for (uint32_t n = 1; f.left > 0; n++)
        put_frame(&w, &s, &f, page[n]);
    folder_write("record.db-wal", log, w.len);
}

/* ---- What is made of them ---- */

static bool check_line(void *ctx, const struct ol_line_info *info)
{
    ++*(size_t *)ctx;
    assert(memchr(info->name, '\0', sizeof info->name) != NULL && info->own_card_len <= OL_CARD_MAX
           && info->peer_card_len <= OL_CARD_MAX);
    return true;
}

static void take(struct ol_span body)
{
    static uint8_t copy[OL_BODY_MAX];

    assert(body.len <= sizeof copy);
    if (body.len > 0)
        memcpy(copy, body.p, body.len);
}

static bool check_row(void *ctx, int64_t line, const struct ol_row *row, bool is_evidence)
{
    ++*(size_t *)ctx;
    (void)line;
    (void)is_evidence;
    assert((row->h.author == 'A' || row->h.author == 'B') && row->h.seq > 0);
    take(row->body);
    return true;
}

static bool check_answered(void *ctx, int64_t line, const struct ol_hash *key)
{
    (void)line;
    (void)key;
    return ++*(size_t *)ctx > 0;
}

static bool check_outbox(void *ctx, int64_t line, const struct ol_outbox_item *item)
{
    ++*(size_t *)ctx;
    assert(line >= 0);
    take(item->body);
    return true;
}

static bool check_leaf(void *ctx, const struct ol_leaf_row *leaf)
{
    ++*(size_t *)ctx;
    assert(leaf->number > 0 && leaf->number <= OL_SEQ_MAX && leaf->bytes.len <= OL_LEAF_MAX);
    assert(leaf->author == 0 || leaf->author == 'A' || leaf->author == 'B');
    take(leaf->bytes);
    return true;
}

/* The same, but that the first is enough. */
static bool end_line(void *ctx, const struct ol_line_info *info)
{
    return !check_line(ctx, info);
}

static bool end_row(void *ctx, int64_t line, const struct ol_row *row, bool is_evidence)
{
    return !check_row(ctx, line, row, is_evidence);
}

static bool end_answered(void *ctx, int64_t line, const struct ol_hash *key)
{
    return !check_answered(ctx, line, key);
}

static bool end_outbox(void *ctx, int64_t line, const struct ol_outbox_item *item)
{
    return !check_outbox(ctx, line, item);
}

static bool end_leaf(void *ctx, const struct ol_leaf_row *leaf)
{
    return !check_leaf(ctx, leaf);
}

static void check(const char *path)
{
    struct ol_damage damage;
    size_t n = 0;
    size_t ends = 0;
    const struct ol_salvage all = {.ctx = &n, .line = check_line, .row = check_row, .answered = check_answered,
                                   .outbox = check_outbox, .leaf = check_leaf};
    const struct ol_salvage one = {.ctx = &ends, .line = end_line, .row = end_row, .answered = end_answered,
                                   .outbox = end_outbox, .leaf = end_leaf};
    const struct ol_salvage none = {.ctx = NULL};
    enum ol_err err = ol_store_damage(path, &damage);
    enum ol_err again;

    assert(err == OL_IO || (err == OL_OK ? damage.damaged < damage.pages : err == OL_MALFORMED));
    err = ol_store_salvage(path, &all);
    again = ol_store_salvage(path, &none);
    assert(err == again && (err == OL_OK || err == OL_IO));
    err = ol_store_salvage(path, &one);
    assert(ends == (n > 0) && (ends == 1) == (err == OL_LATER));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ol_rd r = ol_rd_from(ol_span(data, size));
    uint8_t flags = ol_rd_u8(&r);
    struct ol_span frames = ol_rd_take(&r, 3u * (flags & FRAMES));

    write_main(r, flags & 4);
    if (frames.len > 0)
        write_log(frames, flags);
    else
        folder_remove("record.db-wal");
    check(folder_path("record.db"));
    return 0;
}
