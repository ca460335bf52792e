/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes as a text to be found and what is typed to find it, the same bytes. Terms are what the index takes for one
 * word each; a query that reads is one that the index understands; and a text in quotes asks for its own terms.
 */
#include <stdlib.h>

#include "words/terms.h"
#include "base/utf8.h"
#include "folder.h"
#include "fuzz.h"
#include "store/search.h"

#define LONGEST 4096u

static bool is_plain(uint8_t c)
{
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

static void check_terms(struct ol_span terms)
{
    size_t len = 0;

    assert(ol_utf8_valid(terms));
    for (size_t i = 0; i < terms.len; i++) {
        if (terms.p[i] == ' ') {
            assert(len > 0 && len <= OL_TERM_MAX);
            len = 0;
            continue;
        }
        assert(is_plain(terms.p[i]));
        len++;
    }
    assert(len == 0);
}

static bool none(void *ctx, uint32_t seq)
{
    (void)ctx;
    (void)seq;
    abort(); /* the index is empty */
}

static void check_query(const struct ol_query *q)
{
    static struct ol_search *index;
    enum ol_err err = index == NULL ? ol_search_open(folder_path("search.db"), 1, &index) : OL_OK;

    assert(err == OL_OK && q->n > 0 && q->n <= OL_SOUGHT_MAX);
    for (size_t i = 0; i < q->n; i++)
        assert(q->sought[i].len > 0 && (size_t)q->sought[i].at + q->sought[i].len < sizeof q->terms);
    err = ol_search_find(index, 1, 'A', q, 1, none, NULL);
    assert(err == OL_OK);
}

/* The text between quotes, without those that are in it: its terms, but for the last character of writing without
 * spaces. */
static void check_quoted(const uint8_t *data, size_t size, struct ol_span terms)
{
    uint8_t text[OL_QUERY_MAX];
    struct ol_query q;

    if (size > sizeof text - 2 || memchr(data, '"', size) != NULL)
        return;
    text[0] = text[size + 1] = '"';
    memcpy(text + 1, data, size);
    if (ol_query_read(ol_span(text, size + 2), &q) || q.n != 1)
        return;
    assert(q.sought[0].len < terms.len || q.sought[0].len + 1u == terms.len);
    assert(memcmp(q.terms + q.sought[0].at, terms.p, q.sought[0].len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[32 * LONGEST];
    static uint8_t small[64];
    struct ol_wr w = ol_wr_to(out, sizeof out);
    struct ol_wr less = ol_wr_to(small, sizeof small);
    struct ol_query q;

    if (size > LONGEST)
        return 0;
    ol_terms_write(ol_span(data, size), &w);
    assert(!w.full);
    check_terms(ol_wr_span(&w));
    ol_terms_write(ol_span(data, size), &less);
    check_terms(ol_wr_span(&less));
    assert(less.len <= w.len && memcmp(small, out, less.len) == 0 && less.full == (less.len < w.len));
    if (ol_query_read(ol_span(data, size), &q) == OL_OK)
        check_query(&q);
    check_quoted(data, size, ol_wr_span(&w));
    return 0;
}
