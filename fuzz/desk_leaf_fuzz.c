/* SPDX-License-Identifier: Apache-2.0 */
/* A leaf of the own book: what reads is written back byte by byte, and stands alone in a book if it is the first. So is
 * its text, where that says something of roles; whatever it says can be folded. */
#include "desk/book.h"
#include "desk/clear.h"
#include "fuzz.h"
#include "wire/card.h"

static void look_at_text(const struct ol_leaf *leaf)
{
    static uint8_t out[OL_TEXT_MAX];
    static struct ol_office office;
    struct ol_rule rule;
    struct ol_draft draft;
    struct ol_wr w = ol_wr_to(out, sizeof out);
    struct ol_paper paper;

    office = (struct ol_office){.rule = &rule, .rules_cap = 1, .draft = &draft, .drafts_cap = 1};
    ol_office_note(&office, leaf);
    assert(office.rules + office.drafts <= 1);
    if (!ol_is_paper(leaf->kind) || ol_paper_read(leaf->kind, leaf->text, &paper))
        return;
    ol_paper_write(leaf->kind, &paper, &w);
    fuzz_same(&w, leaf->text.p, leaf->text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ol_leaf none;
    static uint8_t out[OL_LEAF_MAX];
    struct ol_span in = ol_span(data, size);
    struct ol_wr w = ol_wr_to(out, sizeof out);
    struct ol_book book = {0};
    struct ol_leaf leaf;
    struct ol_hash hash;

    if (size > OL_LEAF_MAX)
        return 0;
    if (ol_leaf_read(in, &leaf)) {
        assert(memcmp(&leaf, &none, sizeof leaf) == 0);
        return 0;
    }
    assert(leaf.lang.len == 0 || ol_lang_valid(leaf.lang));
    ol_leaf_write(&leaf, &w);
    fuzz_same(&w, data, size);
    look_at_text(&leaf);
    ol_leaf_hash(in, &hash);
    ol_book_fold(&book, leaf.number, &hash, in);
    assert((book.flaw == 0) == (leaf.number == 1 && ol_hash_equal(&leaf.prev, &none.prev)));
    return 0;
}
