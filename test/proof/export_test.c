/* SPDX-License-Identifier: Apache-2.0 */
#include "../support.h"

#include <stdlib.h>

#include "draft.h"
#include "proof/export.h"

static struct draft *d;

/* ---- Verifying, with what was remarked ---- */

static struct ol_finding remarks[2048];
static size_t remarks_n;
static struct ol_finding why;
static uint32_t heads[2];

static void on_remark(void *ctx, const struct ol_finding *remark)
{
    (void)ctx;
    assert_true(remarks_n < COUNT(remarks));
    remarks[remarks_n++] = *remark;
}

/* From memory of exactly its size, so that reading past its end is seen. */
static enum ol_err verify(struct ol_span file)
{
    uint8_t *copy = malloc(file.len > 0 ? file.len : 1);
    struct ol_export_place *places = NULL;
    struct ol_export e;
    enum ol_err err;

    memcpy(copy, file.p, file.len);
    remarks_n = 0;
    err = ol_export_open(ol_span(copy, file.len), &e, &why);
    if (err == OL_OK) {
        places = calloc((size_t)e.entries[0] + e.entries[1] + 1, sizeof *places);
        err = ol_export_verify(&e, places, on_remark, NULL, heads, &why);
    }
    free(places);
    free(copy);
    assert_true((err == OL_OK) == (why.what == OL_FOUND_NOTHING));
    return err;
}

static enum ol_err verify_draft(void)
{
    struct bytes b = draft_bytes(d);
    enum ol_err err = verify(bytes_span(b));

    free(b.p);
    return err;
}

static unsigned remarked(enum ol_found what, uint8_t author, uint32_t seq)
{
    unsigned n = 0;

    for (size_t i = 0; i < remarks_n; i++)
        n += remarks[i].what == what && remarks[i].author == author &&
             (seq == 0 || remarks[i].seq == seq);
    return n;
}

static void check_refused(enum ol_found what, uint8_t author, uint32_t seq, const char *file, int line)
{
    enum ol_err err = verify_draft();

    if (err != OL_MALFORMED || why.what != what || why.author != author || why.seq != seq)
        print_error("%s: %c%u %s\n", ol_err_name(err), why.author ? why.author : '-', why.seq,
                    ol_found_key(why.what));
    _assert_int_equal(err, OL_MALFORMED, file, line);
    _assert_int_equal(why.what, what, file, line);
    _assert_int_equal(why.author, author, file, line);
    _assert_int_equal(why.seq, seq, file, line);
}
#define CHECK_REFUSED(what, author, seq) check_refused((what), (author), (seq), __FILE__, __LINE__)

static void check_verified(uint32_t a, uint32_t b, const char *file, int line)
{
    check_err(OL_OK, verify_draft(), file, line);
    _assert_int_equal(heads[0], a, file, line);
    _assert_int_equal(heads[1], b, file, line);
}
#define CHECK_VERIFIED(a, b) check_verified((a), (b), __FILE__, __LINE__)

/* A1 to A4 and B1 to B4, each naming the last of the other. */
static void ladder(void)
{
    for (uint32_t i = 1; i <= 4; i++) {
        draft_add(d, 'A', OL_KIND_MESSAGE, OL_FLASH << 6, i - 1);
        draft_add(d, 'B', OL_KIND_RECEIPT, OL_FLASH << 6, i);
    }
}

/* ---- A record with everything in it ---- */

static void test_an_export_of_everything_verifies_and_is_as_its_table_says(void **state)
{
    struct bytes one;
    struct bytes other;
    unsigned seals = 0;
    unsigned alone = 0;
    uint32_t before = 0;

    (void)state;
    talk(d, 320);
    assert_true(d->n[0] + d->n[1] >= 400);
    for (unsigned a = 0; a < 2; a++) {
        for (size_t i = 0; i < d->n[a]; i++) {
            seals += d->e[a][i].sealed;
            alone += (d->e[a][i].h.flags & OL_FLAG_ALONE) != 0;
        }
    }
    assert_true(seals < d->n[0] + d->n[1] - 200);
    assert_true(alone > 0);
    one = draft_export(d);
    other = draft_bytes(d);
    assert_true(ol_span_equal(bytes_span(one), bytes_span(other)));
    CHECK_ERR(OL_OK, verify(bytes_span(one)));
    assert_int_equal(heads[0], d->e[0][d->n[0] - 1].h.seq);
    assert_int_equal(heads[1], d->e[1][d->n[1] - 1].h.seq);
    assert_true(heads[0] > 1u << 24);
    for (size_t i = 0; i < d->n[0]; i++)
        before = d->e[0][i].h.seq < 1u << 24 ? d->e[0][i].h.seq : before;
    assert_true(remarks_n >= 1);
    assert_int_equal(remarked(OL_FOUND_LOST, 'A', before), 1);
    assert_int_equal(remarked(OL_FOUND_LOST, 'A', 0), remarks_n);
    assert_true(remarks[0].other > 1u << 24);
    free(one.p);
    free(other.p);
}

static void check_flips(size_t step)
{
    struct bytes b = draft_bytes(d);

    CHECK_ERR(OL_OK, verify(bytes_span(b)));
    for (size_t i = 0; i < b.len; i += step) {
        b.p[i] ^= (uint8_t)(1u << i % 8);
        CHECK_ERR(OL_MALFORMED, verify(bytes_span(b)));
        b.p[i] ^= (uint8_t)(1u << i % 8);
    }
    free(b.p);
}

/* The long body would take the test's time. */
static void shorten(void)
{
    for (size_t i = 0; i < d->n[1]; i++)
        d->e[1][i].body_len = d->e[1][i].body_len > 300 ? 300 : d->e[1][i].body_len;
    draft_link(d);
    for (unsigned a = 0; a < 2; a++) {
        for (size_t i = 0; i < d->n[a]; i++) {
            if (d->e[a][i].sealed)
                draft_seal(d, &d->e[a][i]);
        }
    }
}

static void test_every_byte_flipped_is_refused(void **state)
{
    (void)state;
    talk(d, 8);
    shorten();
    check_flips(1);
}

static void test_a_flipped_byte_of_a_long_record_is_refused(void **state)
{
    (void)state;
    talk(d, 320);
    check_flips(499);
}

static void test_every_truncation_and_one_byte_more_is_refused(void **state)
{
    struct bytes b;

    (void)state;
    ladder();
    b = draft_bytes(d);
    for (size_t len = 0; len < b.len; len++)
        CHECK_ERR(OL_MALFORMED, verify(ol_span(b.p, len)));
    b.p[b.len] = 0;
    CHECK_ERR(OL_MALFORMED, verify(ol_span(b.p, b.len + 1)));
    free(b.p);
}

static void test_a_byte_more_or_less_with_a_right_sum_is_refused(void **state)
{
    struct bytes b;

    (void)state;
    ladder();
    b = draft_bytes(d);
    for (size_t len = 32; len <= b.len; len++) {
        struct bytes cut = {.p = malloc(b.len + 1), .len = len == b.len ? len + 1 : len};

        memcpy(cut.p, b.p, b.len);
        bytes_sum(cut);
        CHECK_ERR(OL_MALFORMED, verify(bytes_span(cut)));
        free(cut.p);
    }
    free(b.p);
}

/* ---- The forger without a key ---- */

static void flip(void *p)
{
    *(uint8_t *)p ^= 1;
}

enum field {
    KIND, PRECEDENCE, EXERCISE, ALONE, SEQ, XSEQ, TIME, PREV, XHASH, SALT, BODY, LENGTH, SEAL, FIELDS,
};

static void change(struct draft_entry *e, enum field field)
{
    switch (field) {
    case KIND: e->h.kind ^= 1; break;
    case PRECEDENCE: e->h.flags ^= 0x40; break;
    case EXERCISE: e->h.flags ^= OL_FLAG_EXERCISE; break;
    case ALONE: e->h.flags ^= OL_FLAG_ALONE; break;
    case SEQ: e->h.seq += 1; break;
    case XSEQ: e->h.xseq += 1; break;
    case TIME: e->h.time += 1; break;
    case PREV:
        flip(e->h.prev.b);
        e->on = 0;
        break;
    case XHASH:
        flip(e->h.xhash.b);
        e->names = 0;
        break;
    case SALT: flip(e->salt); break;
    case BODY: flip(e->body); break;
    case LENGTH: e->body_len -= 1; break;
    case SEAL: flip(e->seal.b); break;
    case FIELDS: break;
    }
}

static void test_no_field_can_change_though_all_that_needs_no_key_is_computed_again(void **state)
{
    unsigned tried = 0;

    (void)state;
    talk(d, 16);
    CHECK_ERR(OL_OK, verify_draft());
    for (unsigned a = 0; a < 2; a++) {
        for (size_t i = 0; i < d->n[a]; i++) {
            struct draft_entry *e = &d->e[a][i];
            struct draft_entry was = *e;
            uint8_t first = e->body[0];

            for (enum field field = 0; field < FIELDS; field++) {
                if (field == SEAL && !e->sealed)
                    continue;
                change(e, field);
                draft_link(d);
                CHECK_ERR(OL_MALFORMED, verify_draft());
                *e = was;
                e->body[0] = first;
                tried++;
            }
        }
    }
    assert_true(tried > 400);
    draft_link(d);
    CHECK_ERR(OL_OK, verify_draft());
}

static void test_a_line_of_other_parties_or_another_courier_key_is_refused(void **state)
{
    struct ol_card card;
    struct ol_wr w = ol_wr_to(d->card[0], sizeof d->card[0]);

    (void)state;
    ladder();
    flip(d->parties.id0.b);
    CHECK_REFUSED(OL_FOUND_SEAL, 'A', 1);
    flip(d->parties.id0.b);
    CHECK_ERR(OL_OK, ol_card_read(ol_span(d->card[0], d->card_len[0]), &card));
    card.station[0] = 'w';
    CHECK_ERR(OL_OK, ol_card_write(&card, &w));
    CHECK_REFUSED(OL_FOUND_SEAL, 'A', 1);
}

static void test_cards_in_the_wrong_order_are_refused(void **state)
{
    uint8_t card[OL_CARD_MAX];
    size_t len = d->card_len[0];

    (void)state;
    memcpy(card, d->card[0], sizeof card);
    memcpy(d->card[0], d->card[1], sizeof card);
    d->card_len[0] = d->card_len[1];
    CHECK_REFUSED(OL_FOUND_SIDES, 0, 0); /* twice the same */
    memcpy(d->card[1], card, sizeof card);
    d->card_len[1] = len;
    CHECK_REFUSED(OL_FOUND_SIDES, 0, 0);
}

static void test_numbers_must_ascend(void **state)
{
    struct draft_entry e;

    (void)state;
    ladder();
    e = d->e[0][1];
    d->e[0][1] = d->e[0][2];
    d->e[0][2] = e;
    CHECK_REFUSED(OL_FOUND_ORDER, 'A', 2);
}

static void test_an_empty_record_verifies(void **state)
{
    (void)state;
    CHECK_VERIFIED(0, 0);
}

static void test_what_no_seal_covers_is_refused(void **state)
{
    (void)state;
    ladder();
    draft_find(d, 'A', 2)->sealed = false;
    CHECK_VERIFIED(4, 4); /* under the seal of A3 */
    assert_int_equal(remarks_n, 0);
    draft_find(d, 'B', 4)->sealed = false;
    CHECK_REFUSED(OL_FOUND_BARE, 'B', 4);
}

static void test_an_entry_changed_inside_a_run_is_named(void **state)
{
    (void)state;
    ladder();
    draft_find(d, 'A', 2)->sealed = false;
    flip(draft_find(d, 'A', 2)->body);
    CHECK_REFUSED(OL_FOUND_BARE, 'A', 2);
    draft_find(d, 'A', 3)->sealed = false;
    CHECK_REFUSED(OL_FOUND_CHAIN, 'A', 3);
}

/* ---- What is cut ---- */

static void test_a_tail_that_the_other_side_names_cannot_be_cut(void **state)
{
    (void)state;
    ladder();
    draft_remove(d, 'A', 4);
    CHECK_REFUSED(OL_FOUND_MISSING, 'B', 4);
    assert_int_equal(why.other, 4);
    draft_remove(d, 'B', 4);
    CHECK_VERIFIED(3, 3); /* what the record was before */
    draft_remove(d, 'B', 3);
    CHECK_VERIFIED(3, 2); /* nobody has answered B3 */
    draft_remove(d, 'B', 2);
    CHECK_REFUSED(OL_FOUND_MISSING, 'A', 3);
}

static void test_the_tail_of_a_real_record_cannot_be_cut(void **state)
{
    (void)state;
    talk(d, 32);
    while (d->n[0] > 1 && d->e[0][d->n[0] - 1].h.seq > d->e[1][d->n[1] - 1].h.xseq)
        draft_remove(d, 'A', d->e[0][d->n[0] - 1].h.seq); /* what nobody has answered */
    CHECK_ERR(OL_OK, verify_draft());
    while (d->n[0] > 0) {
        draft_remove(d, 'A', d->e[0][d->n[0] - 1].h.seq);
        CHECK_ERR(OL_MALFORMED, verify_draft());
        assert_true(why.what == OL_FOUND_MISSING || why.what == OL_FOUND_BARE);
    }
}

static void test_an_entry_cannot_be_cut_from_below_a_head_that_the_other_side_names(void **state)
{
    (void)state;
    ladder();
    draft_remove(d, 'A', 2);
    CHECK_REFUSED(OL_FOUND_MISSING, 'B', 2);
}

static void test_an_early_entry_that_was_receipted_alone_cannot_be_cut(void **state)
{
    (void)state;
    ladder();
    draft_add(d, 'A', OL_KIND_MESSAGE, OL_ROUTINE << 6, 4);
    draft_add(d, 'A', OL_KIND_MESSAGE, OL_FLASH << 6, 4);
    draft_add(d, 'B', OL_KIND_RECEIPT, OL_FLASH << 6 | OL_FLAG_ALONE, 6);
    draft_remove(d, 'A', 5);
    CHECK_VERIFIED(4, 5);
    assert_int_equal(remarks_n, 1);
    assert_int_equal(remarked(OL_FOUND_EARLY, 'A', 6), 1);
    draft_remove(d, 'A', 6);
    CHECK_REFUSED(OL_FOUND_MISSING, 'B', 5);
}

static void test_above_a_gap_each_run_needs_a_seal_at_both_ends(void **state)
{
    (void)state;
    ladder();
    for (unsigned i = 0; i < 4; i++)
        draft_add(d, 'A', OL_KIND_MESSAGE, OL_FLASH << 6, 4); /* A5 to A8 */
    draft_remove(d, 'A', 5);
    draft_find(d, 'A', 7)->sealed = false;
    CHECK_VERIFIED(4, 4);
    assert_int_equal(remarked(OL_FOUND_EARLY, 'A', 0), 3);
    draft_find(d, 'A', 8)->sealed = false;
    CHECK_REFUSED(OL_FOUND_BARE, 'A', 8);
    draft_seal(d, draft_find(d, 'A', 8));
    draft_find(d, 'A', 6)->sealed = false;
    CHECK_REFUSED(OL_FOUND_CHAIN, 'A', 6);
}

/* ---- What only an author can do is remarked ---- */

static void test_a_false_claim_below_the_head_is_remarked(void **state)
{
    struct draft_entry *e;

    (void)state;
    ladder();
    e = draft_add(d, 'B', OL_KIND_MESSAGE, 0, 4);
    e->h.xhash.b[0] ^= 1;
    e->names = 0;
    draft_seal(d, e);
    CHECK_VERIFIED(4, 5);
    assert_int_equal(remarks_n, 1);
    assert_int_equal(remarked(OL_FOUND_UNTRUE, 'B', 5), 1);
    assert_int_equal(remarks[0].other, 4);
}

static void test_a_claim_of_nothing_with_a_hash_is_remarked(void **state)
{
    struct draft_entry *e;

    (void)state;
    e = draft_add(d, 'B', OL_KIND_MESSAGE, 0, 0);
    e->h.xhash.b[0] ^= 1;
    draft_seal(d, e);
    CHECK_VERIFIED(0, 1);
    assert_int_equal(remarked(OL_FOUND_UNTRUE, 'B', 1), 1);
}

static void test_a_false_claim_above_the_head_is_remarked_once_it_was_answered(void **state)
{
    (void)state;
    ladder();
    draft_add(d, 'B', OL_KIND_MESSAGE, 0, 1u << 31);
    CHECK_REFUSED(OL_FOUND_MISSING, 'B', 5);
    draft_add(d, 'A', OL_KIND_RECEIPT, 0, 5);
    CHECK_VERIFIED(5, 5);
    assert_int_equal(remarks_n, 1);
    assert_int_equal(remarked(OL_FOUND_UNTRUE, 'B', 5), 1);
    draft_add(d, 'B', OL_KIND_MESSAGE, 0, 5);
    CHECK_VERIFIED(5, 6);
    assert_int_equal(remarks_n, 2);
    assert_int_equal(remarked(OL_FOUND_FALLS, 'B', 6), 1);
}

static void test_a_false_claim_from_above_a_gap_is_remarked(void **state)
{
    (void)state;
    ladder();
    draft_add(d, 'B', OL_KIND_MESSAGE, 0, 4);
    draft_add(d, 'B', OL_KIND_MESSAGE, OL_FLASH << 6, 1u << 31);
    draft_remove(d, 'B', 5);
    CHECK_VERIFIED(4, 4);
    assert_int_equal(remarks_n, 2);
    assert_int_equal(remarked(OL_FOUND_EARLY, 'B', 6), 1);
    assert_int_equal(remarked(OL_FOUND_UNHELD, 'B', 6), 1);
}

static void test_naming_less_than_before_is_remarked_but_for_alone_and_resume(void **state)
{
    (void)state;
    ladder();
    draft_add(d, 'B', OL_KIND_RECEIPT, OL_FLASH << 6 | OL_FLAG_ALONE, 2);
    draft_add(d, 'B', OL_KIND_RESUME, 0, 3);
    CHECK_VERIFIED(4, 6);
    assert_int_equal(remarks_n, 0);
    draft_add(d, 'B', OL_KIND_MESSAGE, 0, 2);
    CHECK_VERIFIED(4, 7);
    assert_int_equal(remarks_n, 1);
    assert_int_equal(remarked(OL_FOUND_FALLS, 'B', 7), 1);
}

static void test_a_sealed_entry_that_contradicts_the_one_before_is_remarked(void **state)
{
    struct draft_entry *e;

    (void)state;
    ladder();
    e = draft_add(d, 'B', OL_KIND_MESSAGE, 0, 4);
    e->h.prev.b[0] ^= 1;
    e->on = 0;
    draft_seal(d, e);
    CHECK_VERIFIED(4, 4);
    assert_int_equal(remarked(OL_FOUND_FORKED, 'B', 5), 1);
    assert_int_equal(remarked(OL_FOUND_EARLY, 'B', 5), 1);
}

/* ---- Honest stations ---- */

static void check_station(struct pair *p, unsigned side)
{
    draft_load(d, &p->side[side]);
    if (verify_draft())
        print_error("%c%u %s\n", why.author, why.seq, ol_found_key(why.what));
    assert_int_equal(why.what, OL_FOUND_NOTHING);
    for (size_t i = 0; i < remarks_n; i++)
        assert_int_equal(remarks[i].what, OL_FOUND_EARLY);
}

/* Over a bad network entries come early, late and twice, and are exported at any moment. */
static void test_what_an_honest_station_holds_verifies_at_any_moment(void **state)
{
    struct pair *p = malloc(sizeof *p);
    unsigned early = 0;

    (void)state;
    pair_init(p, 2, 99);
    draft_pair(d, p);
    p->drop_percent = 25;
    p->double_percent = 10;
    p->delay_ms = 30;
    pair_start(p, 0);
    pair_start(p, 1);
    pair_run(p, 30000);
    for (unsigned n = 0; n < 150; n++) {
        pair_send(p, pair_random(p) % 2, (enum ol_precedence)(pair_random(p) % 4), "some text");
        pair_run(p, pair_random(p) % 200);
        check_station(p, n % 2);
        early += remarks_n > 0;
    }
    assert_true(early > 0);
    pair_free(p);
    free(p);
}

/* ---- Resume ---- */

/* A's entry 4 is lost: it resumes above 2, at 1000. */
static struct draft_entry *resume_from_two(void)
{
    struct draft_entry *e = draft_add(d, 'A', OL_KIND_RESUME, OL_FLASH << 6, 4);

    e->h.seq = 1000;
    ol_header_hash(&d->parties.line, &draft_find(d, 'A', 2)->h, &e->h.prev);
    e->on = 2;
    ol_entry_salt(&d->salt, 'A', 1000, e->salt);
    ol_commitment(e->salt, ol_span(e->body, e->body_len), &e->h.commitment);
    draft_seal(d, e);
    return e;
}

static void test_a_resume_stands_on_any_entry_that_stands_and_the_rest_is_lost(void **state)
{
    (void)state;
    ladder();
    resume_from_two();
    draft_add(d, 'A', OL_KIND_MESSAGE, 0, 4);
    draft_add(d, 'B', OL_KIND_MESSAGE, 0, 1001);
    CHECK_VERIFIED(1001, 5);
    assert_int_equal(remarks_n, 2);
    assert_int_equal(remarked(OL_FOUND_LOST, 'A', 3), 1);
    assert_int_equal(remarked(OL_FOUND_LOST, 'A', 4), 1);
    assert_int_equal(remarks[0].other, 1000);
}

static void test_what_a_resume_declares_absent_may_be_missing_and_is_remarked(void **state)
{
    (void)state;
    ladder();
    resume_from_two();
    draft_remove(d, 'A', 4);
    CHECK_VERIFIED(1000, 4);
    assert_int_equal(remarked(OL_FOUND_LOST, 'A', 3), 1);
    assert_int_equal(remarked(OL_FOUND_ABSENT, 'B', 4), 1);
    assert_int_equal(remarks_n, 2);
}

static void test_a_lost_entry_still_needs_its_seal(void **state)
{
    (void)state;
    ladder();
    resume_from_two();
    draft_find(d, 'A', 3)->sealed = false;
    CHECK_VERIFIED(1000, 4);
    draft_find(d, 'A', 4)->sealed = false;
    CHECK_REFUSED(OL_FOUND_BARE, 'A', 4);
}

static void test_a_resume_may_stand_on_nothing(void **state)
{
    struct draft_entry *e;

    (void)state;
    ladder();
    e = resume_from_two();
    e->h.prev = (struct ol_hash){{0}};
    e->on = 0;
    draft_seal(d, e);
    CHECK_VERIFIED(1000, 4);
    assert_int_equal(remarked(OL_FOUND_LOST, 'A', 0), 4);
}

/* B goes on from the other of two histories that it signed: the entry that contradicts is in the file, as evidence. */
static void test_a_resume_may_stand_on_what_was_kept_as_evidence(void **state)
{
    struct draft_entry *other;
    struct draft_entry *e;

    (void)state;
    ladder();
    other = draft_copy(d, draft_find(d, 'A', 4));
    other->body[other->body_len - 1] ^= 1;
    ol_commitment(other->salt, ol_span(other->body, other->body_len), &other->h.commitment);
    draft_seal(d, other);
    CHECK_VERIFIED(4, 4);
    assert_int_equal(remarked(OL_FOUND_FORKED, 'A', 4), 1);
    e = resume_from_two();
    ol_header_hash(&d->parties.line, &other->h, &e->h.prev);
    draft_seal(d, e);
    CHECK_VERIFIED(1000, 4);
    assert_int_equal(remarked(OL_FOUND_LOST, 'A', 4), 1);
    assert_int_equal(remarked(OL_FOUND_LOST, 'A', 0), 1);
    other->sealed = false;
    CHECK_REFUSED(OL_FOUND_ORDER, 'A', 4);
}

/* Without a key anyone could otherwise make the other side look as if it contradicted itself. */
static void test_the_same_entry_twice_is_refused(void **state)
{
    (void)state;
    ladder();
    draft_copy(d, draft_find(d, 'A', 4));
    CHECK_REFUSED(OL_FOUND_ORDER, 'A', 4);
}

/* Kept as evidence by who took it: it moves no head there, and so none here. */
static void test_a_resume_at_or_below_the_head_is_a_contradiction_and_moves_nothing(void **state)
{
    struct draft_entry *other;

    (void)state;
    ladder();
    other = draft_copy(d, draft_find(d, 'A', 4));
    other->h.kind = OL_KIND_RESUME;
    ol_header_hash(&d->parties.line, &draft_find(d, 'A', 2)->h, &other->h.prev);
    draft_seal(d, other);
    CHECK_VERIFIED(4, 4);
    assert_int_equal(remarked(OL_FOUND_FORKED, 'A', 4), 1);
    assert_int_equal(remarked(OL_FOUND_EARLY, 'A', 4), 1);
    assert_int_equal(remarks_n, 2);
}

/* Above a gap, in a chain of their own. */
static void test_early_entries_that_follow_each_other_contradict_nothing(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 5; n++)
        draft_add(d, 'A', OL_KIND_MESSAGE, OL_FLASH << 6, 0);
    draft_remove(d, 'A', 1);
    CHECK_VERIFIED(0, 0);
    assert_int_equal(remarks_n, 4);
    assert_int_equal(remarked(OL_FOUND_EARLY, 'A', 0), 4);
}

/* Two backups, the newer restored last, and nobody could be asked. */
static void test_a_resume_brings_back_what_an_earlier_one_declared_lost(void **state)
{
    struct draft_entry *e;

    (void)state;
    ladder();
    resume_from_two();
    CHECK_VERIFIED(1000, 4);
    assert_int_equal(remarked(OL_FOUND_LOST, 'A', 3), 1);
    e = resume_from_two();
    e->h.seq = 2000;
    ol_header_hash(&d->parties.line, &draft_find(d, 'A', 3)->h, &e->h.prev);
    ol_entry_salt(&d->salt, 'A', 2000, e->salt);
    ol_commitment(e->salt, ol_span(e->body, e->body_len), &e->h.commitment);
    draft_seal(d, e);
    CHECK_VERIFIED(2000, 4);
    assert_int_equal(remarked(OL_FOUND_LOST, 'A', 3), 0);
    assert_int_equal(remarked(OL_FOUND_LOST, 'A', 4), 1);
    assert_int_equal(remarked(OL_FOUND_LOST, 'A', 1000), 1);
}

static void test_a_resume_on_an_entry_that_is_not_there_is_early(void **state)
{
    struct draft_entry *e;

    (void)state;
    ladder();
    e = resume_from_two();
    e->h.prev.b[0] ^= 1;
    e->on = 0;
    draft_seal(d, e);
    CHECK_VERIFIED(4, 4);
    assert_int_equal(remarks_n, 1);
    assert_int_equal(remarked(OL_FOUND_EARLY, 'A', 1000), 1);
    e->sealed = false;
    CHECK_REFUSED(OL_FOUND_CHAIN, 'A', 1000);
}

static void test_only_a_resume_may_jump(void **state)
{
    struct draft_entry *e;

    (void)state;
    ladder();
    e = resume_from_two();
    e->h.kind = OL_KIND_MESSAGE;
    draft_seal(d, e);
    CHECK_VERIFIED(4, 4);
    assert_int_equal(remarked(OL_FOUND_EARLY, 'A', 1000), 1);
}

/* ---- Writing ---- */

static bool full_sink(void *ctx, struct ol_span bytes)
{
    size_t *room = ctx;

    if (bytes.len > *room)
        return false;
    *room -= bytes.len;
    return true;
}

static void test_an_export_that_cannot_be_written_says_so(void **state)
{
    struct ol_export_writer w;
    struct ol_row rows[4];
    uint32_t entries[2] = {4, 0};

    (void)state;
    ladder();
    draft_rows(d, 'A', rows);
    for (size_t room = 0; room < 2000; room += 50) {
        size_t left = room;
        enum ol_err err = ol_export_begin(&w, &d->parties, &d->salt, entries, full_sink, &left);

        for (size_t i = 0; i < 4; i++)
            err = ol_export_row(&w, &rows[i]);
        err = ol_export_end(&w);
        CHECK_ERR(room < 1000 ? OL_IO : room > 1200 ? OL_OK : err, err);
    }
}

static void test_rows_out_of_order_are_not_written(void **state)
{
    struct ol_export_writer w;
    struct ol_row a[4];
    struct ol_row b[4];
    uint32_t entries[2] = {2, 1};
    size_t room = 10000;

    (void)state;
    ladder();
    draft_rows(d, 'A', a);
    draft_rows(d, 'B', b);
    CHECK_ERR(OL_OK, ol_export_begin(&w, &d->parties, &d->salt, entries, full_sink, &room));
    CHECK_ERR(OL_UNEXPECTED, ol_export_row(&w, &b[0]));
    CHECK_ERR(OL_UNEXPECTED, ol_export_row(&w, &a[0]));
    CHECK_ERR(OL_OK, ol_export_begin(&w, &d->parties, &d->salt, entries, full_sink, &room));
    CHECK_ERR(OL_OK, ol_export_row(&w, &a[1]));
    CHECK_ERR(OL_UNEXPECTED, ol_export_row(&w, &a[0]));
    CHECK_ERR(OL_OK, ol_export_begin(&w, &d->parties, &d->salt, entries, full_sink, &room));
    CHECK_ERR(OL_OK, ol_export_row(&w, &a[0]));
    CHECK_ERR(OL_OK, ol_export_row(&w, &a[1]));
    CHECK_ERR(OL_OK, ol_export_row(&w, &b[0]));
    CHECK_ERR(OL_UNEXPECTED, ol_export_row(&w, &b[1]));
    CHECK_ERR(OL_OK, ol_export_begin(&w, &d->parties, &d->salt, entries, full_sink, &room));
    CHECK_ERR(OL_OK, ol_export_row(&w, &a[0]));
    CHECK_ERR(OL_UNEXPECTED, ol_export_end(&w));
}

static int start(void **state)
{
    (void)state;
    return ol_crypto_init() == OL_OK ? 0 : -1;
}

static int setup(void **state)
{
    (void)state;
    d = malloc(sizeof *d);
    draft_init(d, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    draft_free(d);
    free(d);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_export_of_everything_verifies_and_is_as_its_table_says),
        TEST(test_every_byte_flipped_is_refused),
        TEST(test_a_flipped_byte_of_a_long_record_is_refused),
        TEST(test_every_truncation_and_one_byte_more_is_refused),
        TEST(test_a_byte_more_or_less_with_a_right_sum_is_refused),
        TEST(test_no_field_can_change_though_all_that_needs_no_key_is_computed_again),
        TEST(test_a_line_of_other_parties_or_another_courier_key_is_refused),
        TEST(test_cards_in_the_wrong_order_are_refused),
        TEST(test_numbers_must_ascend),
        TEST(test_an_empty_record_verifies),
        TEST(test_what_no_seal_covers_is_refused),
        TEST(test_an_entry_changed_inside_a_run_is_named),
        TEST(test_a_tail_that_the_other_side_names_cannot_be_cut),
        TEST(test_the_tail_of_a_real_record_cannot_be_cut),
        TEST(test_an_entry_cannot_be_cut_from_below_a_head_that_the_other_side_names),
        TEST(test_an_early_entry_that_was_receipted_alone_cannot_be_cut),
        TEST(test_above_a_gap_each_run_needs_a_seal_at_both_ends),
        TEST(test_a_false_claim_below_the_head_is_remarked),
        TEST(test_a_claim_of_nothing_with_a_hash_is_remarked),
        TEST(test_a_false_claim_above_the_head_is_remarked_once_it_was_answered),
        TEST(test_a_false_claim_from_above_a_gap_is_remarked),
        TEST(test_naming_less_than_before_is_remarked_but_for_alone_and_resume),
        TEST(test_a_sealed_entry_that_contradicts_the_one_before_is_remarked),
        TEST(test_what_an_honest_station_holds_verifies_at_any_moment),
        TEST(test_a_resume_stands_on_any_entry_that_stands_and_the_rest_is_lost),
        TEST(test_a_resume_may_stand_on_what_was_kept_as_evidence),
        TEST(test_a_resume_brings_back_what_an_earlier_one_declared_lost),
        TEST(test_the_same_entry_twice_is_refused),
        TEST(test_a_resume_at_or_below_the_head_is_a_contradiction_and_moves_nothing),
        TEST(test_early_entries_that_follow_each_other_contradict_nothing),
        TEST(test_what_a_resume_declares_absent_may_be_missing_and_is_remarked),
        TEST(test_a_lost_entry_still_needs_its_seal),
        TEST(test_a_resume_may_stand_on_nothing),
        TEST(test_a_resume_on_an_entry_that_is_not_there_is_early),
        TEST(test_only_a_resume_may_jump),
        TEST(test_an_export_that_cannot_be_written_says_so),
        TEST(test_rows_out_of_order_are_not_written),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
