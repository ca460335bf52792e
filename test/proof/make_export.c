/* SPDX-License-Identifier: Apache-2.0 */
/* make_export DIR: writes the files that test/verify drives the verifier with. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draft.h"
#include "armour/armour.h"
#include "proof/disclose.h"
#include "proof/evidence.h"

static const char *dir;
static struct draft d;
static struct ol_row rows[DRAFT_MAX];
static struct ol_row others[DRAFT_MAX];
static uint8_t buffer[OL_DISCLOSURE_SIZE(256)];

static void save(const char *name, struct ol_span bytes)
{
    char path[4096];
    FILE *f;
    size_t n;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "wb");
    assert(f != NULL);
    n = fwrite(bytes.p, 1, bytes.len, f);
    assert(n == bytes.len);
    fclose(f);
}

static void save_card(const char *name, unsigned i)
{
    struct ol_wr w = ol_wr_to(buffer, sizeof buffer);
    enum ol_err err = ol_armour_write("OPENLINE CARD", ol_span(d.card[i], d.card_len[i]), &w);

    assert(err == OL_OK);
    save(name, ol_wr_span(&w));
}

static void save_export(const char *name)
{
    struct bytes b = draft_export(&d);

    save(name, bytes_span(b));
    free(b.p);
}

/* The first row that has no seal of its own, up to the one that covers it. */
static void save_disclosure(void)
{
    struct ol_wr w = ol_wr_to(buffer, sizeof buffer);
    size_t from = 0;
    size_t to;
    enum ol_err err;

    draft_rows(&d, 'A', rows);
    while (rows[from].sealed)
        from++;
    for (to = from; !rows[to].sealed; to++)
        ;
    err = ol_disclosure_write(&d.parties, &d.salt, rows + from, to - from + 1, &w);
    assert(err == OL_OK);
    save("one.disclosure", ol_wr_span(&w));
}

static void save_evidence(void)
{
    struct ol_wr w = ol_wr_to(buffer, sizeof buffer);
    struct draft_entry *last = &d.e[1][d.n[1] - 1];
    enum ol_err err;

    draft_rows(&d, 'B', rows);
    last->h.time++;
    draft_seal(&d, last);
    draft_rows(&d, 'B', others);
    err = ol_evidence_write(&d.parties, rows + d.n[1] - 1, 1, others + d.n[1] - 1, 1, &w);
    assert(err == OL_OK);
    save("one.evidence", ol_wr_span(&w));
}

/* Below the head that the other side names. */
static void save_cut(void)
{
    uint32_t named = d.e[1][d.n[1] - 1].h.xseq;

    while (d.e[0][d.n[0] - 1].h.seq >= named)
        draft_remove(&d, 'A', d.e[0][d.n[0] - 1].h.seq);
    save_export("cut.export");
}

int main(int argc, char **argv)
{
    if (argc != 2 || ol_crypto_init() != OL_OK)
        return EXIT_FAILURE;
    dir = argv[1];
    draft_init(&d, 1);
    talk(&d, 64);
    save_card("a.card", 0);
    save_card("b.card", 1);
    save_export("all.export");
    save_disclosure();
    save_cut();
    save_evidence();
    draft_free(&d);
    draft_init(&d, 2);
    save_card("stranger.card", 0);
    for (uint32_t i = 1; i <= 3; i++) {
        draft_add(&d, 'A', OL_KIND_MESSAGE, OL_FLASH << 6, i - 1);
        draft_add(&d, 'B', OL_KIND_RECEIPT, OL_FLASH << 6, i);
    }
    save_export("small.export");
    draft_free(&d);
    return EXIT_SUCCESS;
}
