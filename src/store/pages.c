/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define LOG_HEAD 32
#define FRAME_HEAD 24
#define LOG_MAGIC 0x377f0682u /* the lowest bit says which way round its sums read words */
#define USABLE (OL_PAGE - OL_PAGE_SUM)

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t u16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

/* ---- Files ---- */

static sqlite3_file *open_file(const char *name, int flags)
{
    sqlite3_vfs *files = sqlite3_vfs_find(NULL);
    sqlite3_file *file = files != NULL ? calloc(1, (size_t)files->szOsFile) : NULL;

    if (file == NULL)
        return NULL;
    if (files->xOpen(files, name, file, flags | SQLITE_OPEN_READONLY, NULL) == SQLITE_OK)
        return file;
    if (file->pMethods != NULL)
        file->pMethods->xClose(file);
    free(file);
    return NULL;
}

static void close_file(sqlite3_file *file)
{
    if (file == NULL)
        return;
    file->pMethods->xClose(file);
    free(file);
}

static bool read_at(sqlite3_file *file, void *out, int len, uint64_t at)
{
    return file->pMethods->xRead(file, out, len, (sqlite3_int64)at) == SQLITE_OK;
}

static uint64_t size_of(sqlite3_file *file)
{
    sqlite3_int64 size = 0;

    return file != NULL && file->pMethods->xFileSize(file, &size) == SQLITE_OK ? (uint64_t)size : 0;
}

/* ---- The log ---- */

struct log_sum {
    bool big_endian;
    uint32_t a;
    uint32_t b;
};

static void add_words(struct log_sum *s, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i += 8) {
        const uint8_t *q = p + i;
        uint32_t x = s->big_endian ? u32(q) : (uint32_t)q[3] << 24 | (uint32_t)q[2] << 16 | (uint32_t)q[1] << 8 | q[0];
        uint32_t y = s->big_endian ? u32(q + 4)
                                   : (uint32_t)q[7] << 24 | (uint32_t)q[6] << 16 | (uint32_t)q[5] << 8 | q[4];

        s->a += x + s->b;
        s->b += y + s->a;
    }
}

static bool note_page(struct ol_pages *p, uint32_t number, uint64_t at)
{
    if (number == 0 || number > (1u << 28))
        return true;
    if (number > p->in_log_n) {
        uint32_t n = number + number / 2 + 64;
        uint64_t *grown = realloc(p->in_log, n * sizeof *grown);

        if (grown == NULL)
            return false;
        memset(grown + p->in_log_n, 0, (n - p->in_log_n) * sizeof *grown);
        p->in_log = grown;
        p->in_log_n = n;
    }
    p->in_log[number - 1] = at;
    return true;
}

/* The frames from `from` to before `to` were committed together. */
static bool note_frames(struct ol_pages *p, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at += FRAME_HEAD + OL_PAGE) {
        uint8_t head[FRAME_HEAD];

        if (!read_at(p->log, head, sizeof head, at) || !note_page(p, u32(head), at + FRAME_HEAD))
            return false;
    }
    return true;
}

/* Up to the first frame that is not whole, as the engine recovers it. */
static bool walk_log(struct ol_pages *p)
{
    uint8_t head[LOG_HEAD];
    uint8_t frame[FRAME_HEAD + OL_PAGE];
    struct log_sum sum = {0};
    uint64_t committed = LOG_HEAD;

    if (!read_at(p->log, head, sizeof head, 0) || (u32(head) & ~1u) != LOG_MAGIC || u32(head + 8) != OL_PAGE)
        return true;
    sum.big_endian = u32(head) & 1u;
    add_words(&sum, head, LOG_HEAD - 8);
    if (sum.a != u32(head + 24) || sum.b != u32(head + 28))
        return true;
    for (uint64_t at = LOG_HEAD; read_at(p->log, frame, sizeof frame, at); at += sizeof frame) {
        add_words(&sum, frame, 8);
        add_words(&sum, frame + FRAME_HEAD, OL_PAGE);
        if (memcmp(frame + 8, head + 16, 8) != 0 || sum.a != u32(frame + 16) || sum.b != u32(frame + 20))
            break;
        if (u32(frame + 4) == 0)
            continue;
        if (!note_frames(p, committed, at + sizeof frame))
            return false;
        committed = at + sizeof frame;
        p->n = u32(frame + 4);
    }
    return true;
}

enum ol_err ol_pages_open(struct ol_pages *p, const char *path)
{
    char log[300];
    int n = snprintf(log, sizeof log, "%s-wal", path);

    *p = (struct ol_pages){0};
    if (n < 0 || (size_t)n >= sizeof log)
        return OL_IO;
    p->name = sqlite3_create_filename(path, "", log, 0, NULL);
    if (p->name == NULL)
        return OL_NO_ROOM;
    p->db = open_file(p->name, SQLITE_OPEN_MAIN_DB);
    if (p->db == NULL)
        return OL_ABSENT;
    p->n = (uint32_t)(size_of(p->db) / OL_PAGE);
    p->log = open_file(sqlite3_filename_wal(p->name), SQLITE_OPEN_WAL);
    return p->log == NULL || walk_log(p) ? OL_OK : OL_NO_ROOM;
}

void ol_pages_close(struct ol_pages *p)
{
    close_file(p->db);
    close_file(p->log);
    sqlite3_free_filename(p->name);
    free(p->in_log);
    *p = (struct ol_pages){0};
}

enum ol_err ol_pages_read(struct ol_pages *p, uint32_t number, uint8_t page[static OL_PAGE])
{
    uint64_t logged = number <= p->in_log_n ? p->in_log[number - 1] : 0;

    if (logged > 0)
        return read_at(p->log, page, OL_PAGE, logged) ? OL_OK : OL_IO;
    if (!read_at(p->db, page, OL_PAGE, (uint64_t)(number - 1) * OL_PAGE))
        return OL_IO;
    return ol_page_is_whole(page, number) ? OL_OK : OL_MALFORMED;
}

/* ---- Records ---- */

enum { INTERIOR_INDEX = 2, LEAF_INDEX = 10, LEAF_TABLE = 13 };

/* As the engine writes numbers: seven bits a byte, the ninth byte whole. */
static uint64_t varint(struct ol_rd *r)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < 8; i++) {
        uint8_t b = ol_rd_u8(r);

        v = v << 7 | (b & 0x7fu);
        if (b < 0x80)
            return v;
    }
    return v << 8 | ol_rd_u8(r);
}

static bool read_value(struct ol_rd *r, uint64_t type, struct ol_cell *cell)
{
    static const uint8_t sizes[] = {0, 1, 2, 3, 4, 6, 8};
    size_t n = cell->n;
    uint64_t v = 0;

    if (n == OL_COLUMNS || type == 7 || type == 10 || type == 11)
        return false;
    cell->n++;
    if (type >= 12) {
        cell->at[n].type = type % 2 == 0 ? SQLITE_BLOB : SQLITE_TEXT;
        cell->at[n].bytes = ol_rd_take(r, (size_t)((type - 12) / 2));
        return !r->bad;
    }
    cell->at[n].type = type == 0 ? SQLITE_NULL : SQLITE_INTEGER;
    if (type >= 8) {
        cell->at[n].i = (int64_t)type - 8;
        return true;
    }
    for (unsigned i = 0; i < sizes[type]; i++) {
        uint8_t b = ol_rd_u8(r);

        v = i == 0 && b >= 0x80 ? UINT64_MAX << 8 | b : v << 8 | b;
    }
    cell->at[n].i = (int64_t)v;
    return !r->bad;
}

static bool read_record(struct ol_span payload, struct ol_cell *cell)
{
    struct ol_rd head = ol_rd_from(payload);
    uint64_t len = varint(&head);
    struct ol_rd values;

    if (head.bad || len > payload.len)
        return false;
    values = ol_rd_from(ol_span(payload.p + len, payload.len - len));
    head = ol_rd_from(ol_span(payload.p, (size_t)len));
    (void)varint(&head);
    cell->n = 0;
    while (head.left > 0) {
        uint64_t type = varint(&head);

        if (head.bad || !read_value(&values, type, cell))
            return false;
    }
    return true;
}

/* How much of a payload stands on the page itself. */
static size_t local_of(size_t len, bool table)
{
    size_t most = table ? USABLE - 35 : (USABLE - 12) * 64 / 255 - 23;
    size_t least = (USABLE - 12) * 32 / 255 - 23;
    size_t local = least + (len - least) % (USABLE - 4);

    return len <= most ? len : local <= most ? local : least;
}

/* The rest of a payload, from page to page. */
static bool read_rest(struct ol_pages *p, uint32_t next, uint8_t *to, size_t left)
{
    uint8_t page[OL_PAGE];

    while (left > 0) {
        size_t part = left < USABLE - 4 ? left : USABLE - 4;

        if (next == 0 || next > p->n || ol_pages_read(p, next, page))
            return false;
        memcpy(to, page + 4, part);
        to += part;
        left -= part;
        next = u32(page);
    }
    return true;
}

static bool read_cell(struct ol_pages *p, struct ol_span from, uint8_t kind, struct ol_cell *cell)
{
    struct ol_rd r = ol_rd_from(from);
    struct ol_span local;
    uint64_t len;
    size_t here;

    *cell = (struct ol_cell){.is_table = kind == LEAF_TABLE};
    if (kind == INTERIOR_INDEX)
        (void)ol_rd_u32(&r);
    len = varint(&r);
    if (cell->is_table)
        cell->rowid = (int64_t)varint(&r);
    if (r.bad || len > sizeof p->payload)
        return false;
    here = local_of((size_t)len, cell->is_table);
    local = ol_rd_take(&r, here);
    if (r.bad)
        return false;
    memcpy(p->payload, local.p, here);
    if (here < len && !read_rest(p, ol_rd_u32(&r), p->payload + here, (size_t)len - here))
        return false;
    return read_record(ol_span(p->payload, (size_t)len), cell);
}

bool ol_pages_cells(struct ol_pages *p, const uint8_t page[static OL_PAGE],
                    bool (*each)(void *ctx, const struct ol_cell *cell), void *ctx)
{
    uint8_t kind = page[0];
    size_t at = kind == INTERIOR_INDEX ? 12 : 8;
    size_t n = u16(page + 3);

    if (kind != INTERIOR_INDEX && kind != LEAF_INDEX && kind != LEAF_TABLE)
        return true;
    for (size_t i = 0; i < n && at + 2 * i + 2 <= USABLE; i++) {
        size_t begins = u16(page + at + 2 * i);
        struct ol_cell cell;

        if (begins < USABLE && read_cell(p, ol_span(page + begins, USABLE - begins), kind, &cell) && !each(ctx, &cell))
            return false;
    }
    return true;
}
