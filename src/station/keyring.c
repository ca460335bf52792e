/* SPDX-License-Identifier: Apache-2.0 */
#include "station/keyring.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"

#define TITLE "openline keys 1: secret. Whoever has this file can sign in the name of this station.\n"
#define HEX 64u /* each value is 32 bytes */
#define LINE_VALUES 5u

/* Sizes of the file's lines with their newlines. */
#define SIGN_SIZE (sizeof "sign " - 1 + HEX + 1)
#define AGREE_SIZE (sizeof "agree " - 1 + HEX + 1)
#define LINE_SIZE (sizeof "line" - 1 + LINE_VALUES * (1 + HEX) + 1)
#define SUM_SIZE (sizeof "sum " - 1 + HEX + 1)

void ol_keyring_init(struct ol_keyring *k, struct ol_random random)
{
    struct ol_sign_pk sign_pk;
    struct ol_dh_pk agree_pk;

    *k = (struct ol_keyring){0};
    ol_sign_keygen(random, &k->sign, &sign_pk);
    ol_dh_keygen(random, &k->agree, &agree_pk);
}

static void release(struct ol_keyring_line *line, size_t n)
{
    if (line == NULL)
        return;
    ol_wipe(line, n * sizeof *line);
    free(line);
}

void ol_keyring_fini(struct ol_keyring *k)
{
    release(k->line, k->n);
    ol_wipe(k, sizeof *k);
}

/* SIZE_MAX when there is no such line. */
static size_t index_of(const struct ol_keyring *k, const struct ol_hash *line)
{
    for (size_t i = 0; i < k->n; i++)
        if (ol_hash_equal(&k->line[i].id, line))
            return i;
    return SIZE_MAX;
}

const struct ol_line_keys *ol_keyring_find(const struct ol_keyring *k, const struct ol_hash *line)
{
    size_t i = index_of(k, line);

    return i != SIZE_MAX ? &k->line[i].keys : NULL;
}

enum ol_err ol_keyring_put(struct ol_keyring *k, const struct ol_hash *line,
                           const struct ol_line_keys *keys)
{
    size_t i = index_of(k, line);
    struct ol_keyring_line *grown;

    if (i != SIZE_MAX) {
        k->line[i].keys = *keys;
        return OL_OK;
    }
    grown = calloc(k->n + 1, sizeof *grown); /* not realloc: it would leave secrets behind */
    if (grown == NULL)
        return OL_NO_ROOM;
    if (k->n > 0)
        memcpy(grown, k->line, k->n * sizeof *grown);
    grown[k->n] = (struct ol_keyring_line){.id = *line, .keys = *keys};
    release(k->line, k->n);
    k->line = grown;
    k->n++;
    return OL_OK;
}

static bool take_word(struct ol_rd *r, const char *word)
{
    size_t len = strlen(word);

    if (r->bad || r->left < len || memcmp(r->p, word, len) != 0) {
        r->bad = true;
        return false;
    }
    ol_rd_take(r, len);
    return true;
}

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void take_value(struct ol_rd *r, uint8_t out[static 32])
{
    struct ol_span hex = ol_rd_take(r, HEX);

    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        int high = digit(hex.p[i]);
        int low = digit(hex.p[i + 1]);

        if (high < 0 || low < 0) {
            r->bad = true;
            return;
        }
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
}

static void take_line(struct ol_rd *r, struct ol_keyring_line *out)
{
    uint8_t *const value[LINE_VALUES] = {out->id.b, out->keys.psk.b, out->keys.tag[0].b,
                                         out->keys.tag[1].b, out->keys.salt.b};

    take_word(r, "line");
    for (size_t i = 0; i < LINE_VALUES; i++) {
        take_word(r, " ");
        take_value(r, value[i]);
    }
    take_word(r, "\n");
}

static void sum_of(struct ol_span text, struct ol_hash *out)
{
    ol_sha256(&text, 1, out);
}

static bool sum_fits(struct ol_span text)
{
    struct ol_rd r = ol_rd_from(text);
    struct ol_hash said = {0};
    struct ol_hash is;

    if (text.len < SUM_SIZE)
        return false;
    sum_of(ol_rd_take(&r, text.len - SUM_SIZE), &is);
    take_word(&r, "sum ");
    take_value(&r, said.b);
    take_word(&r, "\n");
    return ol_rd_end(&r) == OL_OK && ol_hash_equal(&is, &said);
}

/* Everything before the sum. *at is the number of the line being read. */
static enum ol_err read_lines(struct ol_rd *r, struct ol_keyring *k, size_t *at)
{
    struct ol_keyring_line line = {0};
    enum ol_err err = OL_OK;

    *at = 1;
    *at += take_word(r, TITLE);
    take_word(r, "sign ");
    take_value(r, k->sign.b);
    *at += take_word(r, "\n");
    take_word(r, "agree ");
    take_value(r, k->agree.b);
    *at += take_word(r, "\n");
    while (!err && !r->bad && r->left > SUM_SIZE) {
        take_line(r, &line);
        if (r->bad || ol_keyring_find(k, &line.id) != NULL)
            err = OL_MALFORMED;
        else
            err = ol_keyring_put(k, &line.id, &line.keys);
        *at += !err;
    }
    ol_wipe(&line, sizeof line);
    return r->bad ? OL_MALFORMED : err;
}

enum ol_err ol_keyring_read(struct ol_span text, struct ol_keyring *k, size_t *bad_line)
{
    struct ol_rd r = ol_rd_from(text);
    struct ol_sign_pk pk;
    enum ol_err err;

    *k = (struct ol_keyring){0};
    err = read_lines(&r, k, bad_line);
    if (!err && !sum_fits(text))
        err = OL_MALFORMED;
    if (err) {
        ol_keyring_fini(k);
        return err;
    }
    ol_sign_public(&k->sign, &pk);
    memcpy(k->sign.b + sizeof pk.b, pk.b, sizeof pk.b);
    return OL_OK;
}

size_t ol_keyring_size(const struct ol_keyring *k)
{
    return sizeof TITLE - 1 + SIGN_SIZE + AGREE_SIZE + k->n * LINE_SIZE + SUM_SIZE;
}

static void put_word(struct ol_wr *w, const char *word)
{
    ol_wr_bytes(w, word, strlen(word));
}

static void put_value(struct ol_wr *w, const char *before, const uint8_t value[static 32])
{
    static const char digits[] = "0123456789abcdef";

    put_word(w, before);
    for (size_t i = 0; i < 32; i++) {
        ol_wr_u8(w, (uint8_t)digits[value[i] >> 4]);
        ol_wr_u8(w, (uint8_t)digits[value[i] & 15]);
    }
}

static void put_line(struct ol_wr *w, const struct ol_keyring_line *line)
{
    put_value(w, "line ", line->id.b);
    put_value(w, " ", line->keys.psk.b);
    put_value(w, " ", line->keys.tag[0].b);
    put_value(w, " ", line->keys.tag[1].b);
    put_value(w, " ", line->keys.salt.b);
    put_word(w, "\n");
}

void ol_keyring_write(const struct ol_keyring *k, struct ol_wr *w)
{
    struct ol_hash sum;
    size_t start = w->len;

    put_word(w, TITLE);
    put_value(w, "sign ", k->sign.b);
    put_value(w, "\nagree ", k->agree.b);
    put_word(w, "\n");
    for (size_t i = 0; i < k->n; i++)
        put_line(w, &k->line[i]);
    sum_of(ol_span(w->p + start, w->len - start), &sum);
    put_value(w, "sum ", sum.b);
    put_word(w, "\n");
}
