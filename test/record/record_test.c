/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand on record: A writes, B takes. */
#include "support.h"

#include <stdlib.h>

#include "crypto/hash.h"
#include "record/record.h"

static struct ol_record *a;
static struct ol_record *b;
static struct ol_batch_space *written; /* by A */
static struct ol_batch_space *taken;   /* by B */
static struct ol_sign_sk sk[2];
static struct ol_sign_pk pk[2];

static void fill(void *ctx, void *out, size_t len)
{
    uint8_t *next = ctx;

    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (*next)++;
}

static enum ol_err nothing_at(void *ctx, uint8_t author, uint32_t from, struct ol_row *out)
{
    (void)ctx;
    (void)author;
    (void)from;
    (void)out;
    return OL_ABSENT;
}

static enum ol_err nothing_by_hash(void *ctx, uint8_t author, const struct ol_hash *hash, struct ol_row *out)
{
    (void)hash;
    return nothing_at(ctx, author, 0, out);
}

static bool readable(uint8_t kind, struct ol_span body)
{
    (void)body;
    return kind != 200;
}

static int setup(void **state)
{
    static uint8_t next;
    struct ol_random random = {.ctx = &next, .fill = fill};
    struct ol_record_cfg cfg = {.readable = readable, .shelf = {.at = nothing_at, .by_hash = nothing_by_hash}};

    (void)state;
    a = malloc(sizeof *a);
    b = malloc(sizeof *b);
    written = calloc(1, sizeof *written);
    taken = calloc(1, sizeof *taken);
    for (unsigned i = 0; i < 2; i++)
        ol_sign_keygen(random, &sk[i], &pk[i]);
    memcpy(cfg.pk, pk, sizeof pk);
    memset(cfg.line.b, 7, sizeof cfg.line.b);
    cfg.own = 'A';
    cfg.own_sk = &sk[0];
    ol_record_init(a, &cfg);
    cfg.own = 'B';
    cfg.own_sk = &sk[1];
    ol_record_init(b, &cfg);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(a);
    free(b);
    free(written);
    free(taken);
    return 0;
}

/* A's next entry as it would travel, in the form asked for. */
static struct ol_entry write_entry(uint8_t kind, enum ol_precedence precedence, const char *body, uint8_t form)
{
    struct ol_put text = {.what = OL_PUT_OUTBOX};
    struct ol_put *put;
    struct ol_entry e;

    text.row.h.kind = kind;
    text.row.h.flags = (uint8_t)(precedence << 6);
    text.row.body = ol_span(body, strlen(body));
    put = ol_batch_add(written, &text);
    CHECK_ERR(OL_OK, ol_record_append(a, put, 1000));
    ol_record_seal_row(a, &put->row);
    e = (struct ol_entry){.kind = kind, .flags = (uint8_t)(put->row.h.flags | form), .seq = put->row.h.seq,
                          .xseq = put->row.h.xseq, .time = put->row.h.time, .body = put->row.body,
                          .prev = put->row.h.prev, .xhash = put->row.h.xhash, .seal = put->row.seal};
    return e;
}

static enum ol_took take(const struct ol_entry *e)
{
    return ol_record_take(b, 'A', e, taken, 1000);
}

static uint32_t head(void)
{
    return ol_record_stream(b, 'A')->head;
}

static void test_entries_in_order_are_taken_and_owe_a_receipt(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 5; n++) {
        struct ol_entry e = write_entry(40, OL_FLASH, "text", OL_WIRE_SEAL);

        assert_int_equal(take(&e), OL_TOOK_NEW);
        assert_int_equal(head(), n);
        assert_int_equal(take(&e), OL_TOOK_KNOWN);
    }
    assert_int_equal(taken->n, 5);
    assert_true(ol_record_owes(b, true));
}

static void test_every_flipped_bit_of_an_entry_in_full_form_is_refused(void **state)
{
    struct ol_entry e = write_entry(40, OL_PRIORITY, "some text", OL_WIRE_FULL);
    uint8_t wire[256];
    struct ol_wr w = ol_wr_to(wire, sizeof wire);
    struct ol_rd r;

    (void)state;
    ol_entry_write(&e, &w);
    for (size_t bit = 0; bit < 8 * w.len; bit++) {
        struct ol_entry bad;

        wire[bit / 8] ^= (uint8_t)(1u << bit % 8);
        r = ol_rd_from(ol_wr_span(&w));
        if (ol_entry_read(&r, &bad) == OL_OK) {
            enum ol_took took = take(&bad);

            assert_true(took == OL_TOOK_REFUSED || took == OL_TOOK_ASIDE);
        }
        wire[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(head(), 0);
        assert_int_equal(taken->n, 0);
        ol_stream_drop_aside(ol_record_stream(b, 'A'), 1, UINT32_MAX);
    }
    assert_true(b->forged > 0);
    assert_int_equal(take(&e), OL_TOOK_NEW);
}

static void test_a_run_stands_or_falls_with_its_seal(void **state)
{
    struct ol_entry e[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        e[i] = write_entry(40, OL_ROUTINE, i == 2 ? "two" : "text", i == 3 ? OL_WIRE_SEAL : 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(take(&e[i]), OL_TOOK_ASIDE);
    assert_int_equal(head(), 0);
    e[3].seal.b[0] ^= 1;
    assert_int_equal(take(&e[3]), OL_TOOK_REFUSED);
    assert_int_equal(head(), 0);
    assert_int_equal(taken->n, 0);
    assert_int_equal(b->want[0].from, 1);
    assert_int_equal(b->want[0].to, 4);
    e[3].seal.b[0] ^= 1;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(take(&e[i]), i == 3 ? OL_TOOK_NEW : OL_TOOK_ASIDE);
    assert_int_equal(head(), 4);
    assert_int_equal(b->want[0].from, 0);
}

static void test_of_what_is_asked_for_again_only_what_is_not_here_yet_stays(void **state)
{
    struct ol_entry e[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        e[i] = write_entry(40, OL_ROUTINE, "text", i == 3 ? OL_WIRE_SEAL : 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(take(&e[i]), OL_TOOK_ASIDE);
    e[3].seal.b[0] ^= 1;
    assert_int_equal(take(&e[3]), OL_TOOK_REFUSED);
    for (unsigned i = 0; i < 2; i++) {
        e[i].flags |= OL_WIRE_FULL;
        assert_int_equal(take(&e[i]), OL_TOOK_NEW);
        assert_int_equal(head(), i + 1);
        assert_int_equal(b->want[0].from, i + 2);
        assert_int_equal(b->want[0].to, 4);
    }
}

static void test_a_run_in_which_one_text_was_changed_falls(void **state)
{
    struct ol_entry e[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        e[i] = write_entry(40, OL_ROUTINE, "text", i == 2 ? OL_WIRE_SEAL : 0);
    e[1].body = ol_span("best", 4);
    assert_int_equal(take(&e[0]), OL_TOOK_ASIDE);
    assert_int_equal(take(&e[1]), OL_TOOK_ASIDE);
    assert_int_equal(take(&e[2]), OL_TOOK_REFUSED);
    assert_int_equal(head(), 0);
}

static void test_a_run_that_comes_in_any_order_is_taken_when_it_is_whole(void **state)
{
    static const unsigned order[] = {3, 1, 0, 2};
    struct ol_entry e[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        e[i] = write_entry(40, OL_ROUTINE, "text", i == 3 ? OL_WIRE_SEAL : 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(take(&e[order[i]]), i == 3 ? OL_TOOK_NEW : OL_TOOK_ASIDE);
    assert_int_equal(head(), 4);
}

static void test_an_entry_above_a_gap_that_verifies_alone_is_kept_early_and_takes_its_place_later(void **state)
{
    struct ol_entry first = write_entry(40, OL_ROUTINE, "first", OL_WIRE_SEAL);
    struct ol_entry second = write_entry(40, OL_FLASH, "second", OL_WIRE_SEAL | OL_WIRE_PREV);
    struct ol_entry third = write_entry(40, OL_ROUTINE, "third", OL_WIRE_SEAL);

    (void)state;
    assert_int_equal(take(&second), OL_TOOK_NEW);
    assert_int_equal(head(), 0);
    assert_true(taken->puts[0].row.marks & OL_ROW_EARLY);
    assert_int_equal(b->due.alone_n, 1);
    assert_int_equal(take(&third), OL_TOOK_ASIDE);
    assert_int_equal(take(&first), OL_TOOK_NEW);
    assert_int_equal(head(), 3);
    assert_int_equal(taken->n, 3);
}

/* Signs a header of A's that A never wrote on this record. */
static struct ol_entry signed_as(uint8_t kind, uint32_t seq, const struct ol_hash *prev, const char *body)
{
    struct ol_put put = {.what = OL_PUT_ROW};
    struct ol_entry e = {.kind = kind, .flags = OL_WIRE_FULL, .seq = seq, .time = 1000, .prev = *prev,
                         .body = ol_span(body, strlen(body))};
    uint8_t salt[16];

    put.row.h = (struct ol_header){.author = 'A', .kind = kind, .seq = seq, .time = 1000, .prev = *prev};
    ol_entry_salt(&a->cfg.salt, 'A', seq, salt);
    ol_commitment(salt, e.body, &put.row.h.commitment);
    ol_record_seal_row(a, &put.row);
    e.seal = put.row.seal;
    return e;
}

static struct ol_entry other_history(uint32_t seq, const struct ol_hash *prev, const char *body)
{
    return signed_as(40, seq, prev, body);
}

static void test_two_sealed_entries_under_one_number_are_a_proof_and_freeze_the_stream(void **state)
{
    struct ol_entry one = write_entry(40, OL_FLASH, "one", OL_WIRE_SEAL);
    struct ol_hash zeros = {{0}};
    struct ol_entry other = other_history(1, &zeros, "other");
    struct ol_entry next = write_entry(40, OL_FLASH, "next", OL_WIRE_SEAL | OL_WIRE_PREV);

    (void)state;
    assert_int_equal(take(&one), OL_TOOK_NEW);
    assert_int_equal(take(&other), OL_TOOK_FORK);
    assert_true(ol_record_stream(b, 'A')->frozen);
    assert_int_equal(taken->puts[1].what, OL_PUT_EVIDENCE);
    CHECK_ERR(OL_OK, ol_header_verify(&pk[0], &b->cfg.line, &taken->puts[1].row.h, &taken->puts[1].row.seal));
    b->due = (struct ol_due){0};
    assert_int_equal(take(&next), OL_TOOK_NEW); /* a FLASH is still shown */
    assert_int_equal(head(), 1);
    assert_false(ol_record_owes(b, false)); /* and not receipted */
}

static void test_a_sealed_entry_that_does_not_follow_the_head_is_a_proof(void **state)
{
    struct ol_entry one = write_entry(40, OL_FLASH, "one", OL_WIRE_SEAL);
    struct ol_hash wrong = {{1}};
    struct ol_entry next = other_history(2, &wrong, "of another history");

    (void)state;
    assert_int_equal(take(&one), OL_TOOK_NEW);
    assert_int_equal(take(&next), OL_TOOK_FORK);
    assert_int_equal(head(), 1);
    assert_true(ol_record_stream(b, 'A')->frozen);
}

static void test_nothing_named_is_zeros_and_the_first_follows_none(void **state)
{
    struct ol_hash wrong = {{1}};
    struct ol_entry first = other_history(1, &wrong, "text");
    struct ol_entry named = write_entry(40, OL_FLASH, "text", OL_WIRE_FULL);

    (void)state;
    named.xhash = wrong;
    assert_int_equal(take(&first), OL_TOOK_REFUSED);
    assert_int_equal(take(&named), OL_TOOK_REFUSED);
    first.flags = OL_WIRE_SEAL | OL_WIRE_PREV;
    assert_int_equal(take(&first), OL_TOOK_REFUSED);
    assert_int_equal(b->want[0].from, 0); /* nothing that could be sent again would be better */
    assert_false(ol_record_stream(b, 'A')->frozen);
}

static void test_a_false_claim_about_our_stream_is_kept_marked_and_receipted(void **state)
{
    struct ol_put text = {.what = OL_PUT_OUTBOX};
    struct ol_put *put;
    struct ol_entry e;

    (void)state;
    text.row.h = (struct ol_header){.kind = 40, .flags = OL_FLASH << 6 | OL_FLAG_ALONE, .xseq = 77, .xhash = {{9}}};
    text.row.body = ol_span("x", 1);
    put = ol_batch_add(written, &text);
    CHECK_ERR(OL_OK, ol_record_append(a, put, 1000));
    ol_record_seal_row(a, &put->row);
    e = (struct ol_entry){.kind = 40, .flags = (uint8_t)(put->row.h.flags | OL_WIRE_FULL), .seq = 1, .xseq = 77,
                          .time = 1000, .body = put->row.body, .xhash = put->row.h.xhash, .seal = put->row.seal};
    assert_int_equal(take(&e), OL_TOOK_NEW);
    assert_true(taken->puts[0].row.marks & OL_ROW_CLAIM);
    assert_int_equal(b->named.up_to + b->named.alone_n, 0);
    assert_true(ol_record_owes(b, true));
}

static void test_a_body_of_unknown_kind_is_kept_and_its_receipt_says_so(void **state)
{
    struct ol_entry e = write_entry(200, OL_FLASH, "from a later version", OL_WIRE_SEAL);

    (void)state;
    assert_int_equal(take(&e), OL_TOOK_NEW);
    CHECK_ERR(OL_OK, ol_record_receipts(b, taken, false, false, 1000));
    assert_int_equal(taken->puts[1].row.body.len, 2); /* the array of the number 1 */
    assert_memory_equal(taken->puts[1].row.body.p, "\x81\x01", 2);
}

static void test_a_receipt_is_not_receipted(void **state)
{
    struct ol_entry e = write_entry(OL_KIND_RECEIPT, OL_ROUTINE, "\x80", OL_WIRE_SEAL);

    (void)state;
    assert_int_equal(take(&e), OL_TOOK_NEW);
    assert_false(ol_record_owes(b, false));
}

static void test_without_room_in_the_batch_nothing_changes(void **state)
{
    struct ol_entry e = write_entry(40, OL_FLASH, "text", OL_WIRE_FULL);
    struct ol_entry s = write_entry(40, OL_FLASH, "text", OL_WIRE_FULL);

    (void)state;
    taken->used = OL_BATCH_BYTES - OL_BATCH_RESERVED_BYTES - 3;
    assert_int_equal(take(&e), OL_TOOK_FULL);
    assert_int_equal(head(), 0);
    taken->used = 0;
    taken->n = OL_BATCH_ROWS - OL_BATCH_RESERVED;
    assert_int_equal(take(&s), OL_TOOK_FULL);
    taken->n = 0;
    assert_int_equal(take(&e), OL_TOOK_NEW);
}

/* The reserve holds all that may have to go with a full batch. */
static void test_a_full_batch_still_holds_its_receipts_and_a_resume(void **state)
{
    char reason[OL_REASON_MAX];

    (void)state;
    memset(reason, 'r', sizeof reason);
    for (unsigned i = 0; i < OL_DUE_ALONE; i++) {
        struct ol_early early = {.seq = 1000000 + 2 * i};

        CHECK_ERR(OL_OK, ol_stream_keep_early(ol_record_stream(b, 'A'), &early, OL_FLASH));
        b->due.alone[i].seq = early.seq;
        b->due.alone[i].precedence = OL_FLASH;
        b->due.unread[i] = 4000000000u + i;
    }
    b->due.alone_n = b->due.unread_n = OL_DUE_ALONE;
    b->due.some = true;
    taken->used = OL_BATCH_BYTES - OL_BATCH_RESERVED_BYTES;
    taken->n = OL_BATCH_ROWS - OL_BATCH_RESERVED;
    CHECK_ERR(OL_OK, ol_record_resume(b, SPAN(reason), 0, 0, taken, 1000));
    CHECK_ERR(OL_OK, ol_record_receipts(b, taken, false, false, 1000));
    assert_int_equal(taken->n, OL_BATCH_ROWS - OL_BATCH_RESERVED + 1 + OL_DUE_ALONE + 1);
}

/* Two entries under one absent number, before either is on the shelf: the store would refuse the second, and end. */
static void test_under_an_absent_number_one_entry_is_taken_and_a_second_is_not(void **state)
{
    struct ol_hash zeros = {{0}};
    struct ol_entry one = other_history(5, &zeros, "one");
    struct ol_entry two = other_history(5, &zeros, "two");
    struct ol_entry e;
    struct ol_put *put;

    (void)state;
    CHECK_ERR(OL_OK, ol_record_resume(a, ol_span("lost", 4), 0, 0, written, 1000));
    put = &written->puts[0];
    e = (struct ol_entry){.kind = put->row.h.kind, .flags = (uint8_t)(put->row.h.flags | OL_WIRE_FULL),
                          .seq = put->row.h.seq, .time = 1000, .body = put->row.body, .seal = put->row.seal};
    assert_int_equal(take(&e), OL_TOOK_NEW);
    assert_int_equal(take(&one), OL_TOOK_NEW);
    assert_int_equal(take(&one), OL_TOOK_KNOWN);
    assert_int_equal(take(&two), OL_TOOK_KNOWN);
    assert_int_equal(taken->n, 2);
    b->in_flight = taken; /* handed out, and another is filled */
    written->n = 0;
    assert_int_equal(ol_record_take(b, 'A', &two, written, 1000), OL_TOOK_KNOWN);
    assert_int_equal(written->n, 0);
    b->in_flight = NULL;
}

/* What B has taken is on its shelf. */
static enum ol_err taken_by_hash(void *ctx, uint8_t author, const struct ol_hash *hash, struct ol_row *out)
{
    (void)ctx;
    for (size_t i = 0; i < taken->n; i++) {
        *out = taken->puts[i].row;
        if (out->h.author == author && ol_hash_equal(&out->hash, hash))
            return OL_OK;
    }
    return OL_ABSENT;
}

/* Of an entry of A's that came in full form. */
static const struct ol_hash *hash_of(const struct ol_entry *e)
{
    static struct ol_hash hash;
    struct ol_header h = {.author = 'A', .kind = e->kind, .seq = e->seq, .time = e->time, .prev = e->prev};
    uint8_t salt[16];

    ol_entry_salt(&a->cfg.salt, 'A', e->seq, salt);
    ol_commitment(salt, e->body, &h.commitment);
    ol_header_hash(&a->cfg.line, &h, &hash);
    return &hash;
}

static const struct ol_hash *last_hash(void)
{
    return &taken->puts[taken->n - 1].row.hash;
}

static void test_an_accepted_resume_may_go_on_from_the_other_history(void **state)
{
    struct ol_hash zeros = {{0}};
    struct ol_entry one = other_history(1, &zeros, "one");
    struct ol_entry other = other_history(1, &zeros, "other");
    struct ol_entry resume;

    (void)state;
    b->cfg.shelf.by_hash = taken_by_hash;
    assert_int_equal(take(&one), OL_TOOK_NEW);
    assert_int_equal(take(&other), OL_TOOK_FORK);
    resume = signed_as(OL_KIND_RESUME, 1000, last_hash(), "");
    assert_int_equal(take(&resume), OL_TOOK_NEW);
    assert_int_equal(head(), 1);
    ol_record_stream(b, 'A')->frozen = false; /* an officer accepts it */
    assert_true(ol_record_settle(b, 'A', taken, 1000));
    assert_int_equal(head(), 1000);
}

/* Of a run its author lost the end with the seal, and went on from what was left of it. */
static void test_the_seal_of_a_resume_covers_what_waits_aside_before_it(void **state)
{
    struct ol_entry loose = write_entry(40, OL_ROUTINE, "of a run", OL_WIRE_LENGTH);
    struct ol_entry resume = signed_as(OL_KIND_RESUME, 1000, &written->puts[0].row.hash, "");

    (void)state;
    assert_int_equal(take(&loose), OL_TOOK_ASIDE);
    assert_int_equal(take(&resume), OL_TOOK_NEW);
    assert_int_equal(head(), 1000);
    assert_int_equal(taken->n, 2);
}

/* What no seal covers may be anything; it must not keep out what was signed. */
static void test_what_waits_aside_gives_way_when_an_early_entry_follows_another(void **state)
{
    struct ol_entry good = write_entry(40, OL_ROUTINE, "what was signed", OL_WIRE_FULL);
    struct ol_entry next = write_entry(40, OL_FLASH, "after it", OL_WIRE_FULL);
    struct ol_entry other = good;

    (void)state;
    other.body = ol_span("something else", 14);
    other.flags = (uint8_t)(other.flags & ~OL_WIRE_FULL);
    assert_int_equal(take(&next), OL_TOOK_NEW);
    assert_int_equal(take(&other), OL_TOOK_REFUSED);
    assert_int_equal(b->want[0].from, 1);
    assert_int_equal(take(&good), OL_TOOK_NEW);
    assert_int_equal(head(), 2);
}

static void test_what_waits_aside_after_a_resume_came_is_taken_too(void **state)
{
    struct ol_entry loose = write_entry(40, OL_ROUTINE, "of a run", OL_WIRE_LENGTH);
    struct ol_entry resume = signed_as(OL_KIND_RESUME, 1000, &written->puts[0].row.hash, "");

    (void)state;
    assert_int_equal(take(&resume), OL_TOOK_NEW);
    assert_int_equal(head(), 0);
    assert_int_equal(take(&loose), OL_TOOK_NEW);
    assert_int_equal(head(), 1000);
}

/* Two backups, the newer restored last, and nobody could be asked. */
static void test_a_resume_may_bring_back_what_an_earlier_one_declared_absent(void **state)
{
    const struct ol_stream *s = ol_record_stream(b, 'A');
    struct ol_hash zeros = {{0}};
    struct ol_hash first;
    struct ol_entry one = other_history(1, &zeros, "one");
    struct ol_entry two;
    struct ol_entry three;
    struct ol_entry resume;

    (void)state;
    b->cfg.shelf.by_hash = taken_by_hash;
    assert_int_equal(take(&one), OL_TOOK_NEW);
    first = *last_hash();
    two = other_history(2, &first, "two");
    assert_int_equal(take(&two), OL_TOOK_NEW);
    three = other_history(3, last_hash(), "three");
    assert_int_equal(take(&three), OL_TOOK_NEW);
    resume = signed_as(OL_KIND_RESUME, 1000, &first, "");
    assert_int_equal(take(&resume), OL_TOOK_NEW);
    assert_true(ol_stream_is_absent(s, 2));
    resume = signed_as(OL_KIND_RESUME, 3000, &taken->puts[1].row.hash, "");
    assert_int_equal(take(&resume), OL_TOOK_NEW);
    assert_int_equal(head(), 3000);
    assert_false(ol_stream_is_absent(s, 2));
    assert_true(ol_stream_is_absent(s, 3));
    assert_true(ol_stream_is_absent(s, 1000));
    assert_int_equal(s->absent_n, 1);
}

/* To go on from an entry is to hold all that it stands on: a receipt of the resume would say so. */
static void test_a_resume_stays_early_until_all_that_it_goes_on_from_is_held(void **state)
{
    struct ol_hash zeros = {{0}};
    struct ol_hash first;
    struct ol_entry one = other_history(1, &zeros, "one");
    struct ol_entry two;
    struct ol_entry three;
    struct ol_entry resume;
    struct ol_hash second;

    (void)state;
    b->cfg.shelf.by_hash = taken_by_hash;
    assert_int_equal(take(&one), OL_TOOK_NEW);
    first = *last_hash();
    two = other_history(2, &first, "two");
    assert_int_equal(take(&two), OL_TOOK_NEW);
    second = *last_hash();
    taken->n--;
    ol_record_stream(b, 'A')->head = 1; /* as if two had never come */
    ol_record_stream(b, 'A')->head_hash = first;
    ol_record_stream(b, 'A')->placed = 1;
    three = other_history(3, &second, "three");
    resume = signed_as(OL_KIND_RESUME, 1000, &first, "");
    assert_int_equal(take(&resume), OL_TOOK_NEW);
    assert_int_equal(take(&three), OL_TOOK_NEW);
    resume = signed_as(OL_KIND_RESUME, 3000, last_hash(), "");
    assert_int_equal(take(&resume), OL_TOOK_NEW);
    assert_int_equal(head(), 1000);
    assert_int_equal(take(&two), OL_TOOK_NEW);
    assert_true(ol_record_settle(b, 'A', taken, 1000));
    assert_int_equal(head(), 3000);
}

static enum ol_err taken_at(void *ctx, uint8_t author, uint32_t from, struct ol_row *out)
{
    enum ol_err err = OL_ABSENT;

    (void)ctx;
    for (size_t i = 0; i < taken->n; i++) {
        const struct ol_row *row = &taken->puts[i].row;

        if (row->h.author == author && row->h.seq >= from && (err || row->h.seq < out->h.seq)) {
            *out = *row;
            err = OL_OK;
        }
    }
    return err;
}

/* The frame with the run's sealed end got through, the one with the rest of it did not, and comes again. */
static void test_an_absent_run_whose_sealed_end_is_here_already_is_taken(void **state)
{
    struct ol_hash zeros = {{0}};
    struct ol_entry one = other_history(1, &zeros, "one");
    struct ol_entry two;
    struct ol_entry three;
    struct ol_entry resume;

    (void)state;
    b->cfg.shelf = (struct ol_shelf){.at = taken_at, .by_hash = taken_by_hash};
    assert_int_equal(take(&one), OL_TOOK_NEW);
    two = other_history(2, last_hash(), "two");
    two.flags = (uint8_t)(two.flags & ~OL_WIRE_SEAL);
    resume = signed_as(OL_KIND_RESUME, 1000, last_hash(), "");
    assert_int_equal(take(&resume), OL_TOOK_NEW);
    assert_int_equal(take(&two), OL_TOOK_ASIDE); /* what two is hashed to is not known yet */
    three = other_history(3, &zeros, "three");
    assert_int_equal(take(&three), OL_TOOK_NEW); /* of another history: it covers nothing */
    assert_int_equal(take(&two), OL_TOOK_ASIDE);
    taken->n--;
    three = other_history(3, hash_of(&two), "three");
    ol_stream_drop_aside(ol_record_stream(b, 'A'), 1, 999);
    assert_int_equal(take(&three), OL_TOOK_NEW);
    assert_int_equal(take(&two), OL_TOOK_NEW);
    assert_int_equal(taken->puts[taken->n - 1].row.h.seq, 2);
}

/* An own entry is written between two frames of what the peer gives back. */
static void test_an_absent_run_that_waits_aside_for_its_seal_outlives_an_entry_of_our_own(void **state)
{
    struct ol_record *again = calloc(1, sizeof *again);
    struct ol_put text = {.what = OL_PUT_OUTBOX, .row.h.kind = OL_KIND_MESSAGE};
    struct ol_entry e[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        e[i] = write_entry(OL_KIND_MESSAGE, OL_ROUTINE, "before", OL_WIRE_FULL);
    e[1].flags = (uint8_t)(e[1].flags & ~OL_WIRE_SEAL); /* a run: the third's seal covers it */
    ol_record_init(again, &a->cfg);
    CHECK_ERR(OL_OK, ol_record_resume(again, ol_span("disk lost", 9), 0, 0, taken, 1000));
    assert_int_equal(ol_record_take(again, 'A', &e[1], taken, 1000), OL_TOOK_ASIDE);
    CHECK_ERR(OL_OK, ol_record_append(again, ol_batch_add(taken, &text), 1000));
    assert_int_equal(ol_record_take(again, 'A', &e[2], taken, 1000), OL_TOOK_NEW);
    assert_int_equal(taken->n, 4);
    assert_int_equal(taken->puts[2].row.h.seq, 3);
    assert_int_equal(taken->puts[3].row.h.seq, 2);
    free(again);
}

static void test_a_time_before_that_of_an_early_entry_that_became_the_head_is_marked(void **state)
{
    struct ol_entry first = write_entry(OL_KIND_MESSAGE, OL_ROUTINE, "first", OL_WIRE_FULL);
    struct ol_put text = {.what = OL_PUT_OUTBOX, .row.h.kind = OL_KIND_MESSAGE};
    struct ol_put *put = ol_batch_add(written, &text);
    struct ol_entry early;
    struct ol_entry last;

    (void)state;
    CHECK_ERR(OL_OK, ol_record_append(a, put, 5000));
    ol_record_seal_row(a, &put->row);
    early = (struct ol_entry){.kind = OL_KIND_MESSAGE, .flags = OL_WIRE_FULL, .seq = 2, .time = 5000,
                              .prev = put->row.h.prev, .seal = put->row.seal};
    last = write_entry(OL_KIND_MESSAGE, OL_ROUTINE, "its time is 1000", OL_WIRE_FULL);
    assert_int_equal(take(&early), OL_TOOK_NEW);
    assert_int_equal(take(&first), OL_TOOK_NEW);
    assert_int_equal(head(), 2);
    assert_int_equal(take(&last), OL_TOOK_NEW);
    assert_true(taken->puts[taken->n - 1].row.marks & OL_ROW_TIME);
}

static void test_what_is_held_aside_gives_way_from_the_lowest_precedence_and_highest_number(void **state)
{
    struct ol_stream *s = ol_record_stream(b, 'A');
    static uint8_t body[30000];
    struct ol_entry e = {.kind = 40, .body = SPAN(body)};
    struct ol_entry got;

    (void)state;
    for (uint32_t seq = 2; seq <= 3; seq++) {
        e.seq = seq;
        ol_stream_put_aside(s, &e);
    }
    e.seq = 4;
    ol_stream_put_aside(s, &e);
    CHECK_ERR(OL_ABSENT, ol_stream_get_aside(s, 4, &got));
    e.seq = 5;
    e.flags = OL_FLASH << 6;
    ol_stream_put_aside(s, &e);
    CHECK_ERR(OL_OK, ol_stream_get_aside(s, 5, &got));
    CHECK_ERR(OL_ABSENT, ol_stream_get_aside(s, 3, &got));
    CHECK_ERR(OL_OK, ol_stream_get_aside(s, 2, &got));
    assert_int_equal(got.body.len, sizeof body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_entries_in_order_are_taken_and_owe_a_receipt),
        T(test_every_flipped_bit_of_an_entry_in_full_form_is_refused),
        T(test_a_run_stands_or_falls_with_its_seal),
        T(test_of_what_is_asked_for_again_only_what_is_not_here_yet_stays),
        T(test_a_run_in_which_one_text_was_changed_falls),
        T(test_a_run_that_comes_in_any_order_is_taken_when_it_is_whole),
        T(test_an_entry_above_a_gap_that_verifies_alone_is_kept_early_and_takes_its_place_later),
        T(test_two_sealed_entries_under_one_number_are_a_proof_and_freeze_the_stream),
        T(test_a_sealed_entry_that_does_not_follow_the_head_is_a_proof),
        T(test_nothing_named_is_zeros_and_the_first_follows_none),
        T(test_a_false_claim_about_our_stream_is_kept_marked_and_receipted),
        T(test_a_body_of_unknown_kind_is_kept_and_its_receipt_says_so),
        T(test_a_receipt_is_not_receipted),
        T(test_without_room_in_the_batch_nothing_changes),
        T(test_a_full_batch_still_holds_its_receipts_and_a_resume),
        T(test_under_an_absent_number_one_entry_is_taken_and_a_second_is_not),
        T(test_an_accepted_resume_may_go_on_from_the_other_history),
        T(test_the_seal_of_a_resume_covers_what_waits_aside_before_it),
        T(test_what_waits_aside_after_a_resume_came_is_taken_too),
        T(test_what_waits_aside_gives_way_when_an_early_entry_follows_another),
        T(test_a_resume_may_bring_back_what_an_earlier_one_declared_absent),
        T(test_a_resume_stays_early_until_all_that_it_goes_on_from_is_held),
        T(test_an_absent_run_that_waits_aside_for_its_seal_outlives_an_entry_of_our_own),
        T(test_an_absent_run_whose_sealed_end_is_here_already_is_taken),
        T(test_a_time_before_that_of_an_early_entry_that_became_the_head_is_marked),
        T(test_what_is_held_aside_gives_way_from_the_lowest_precedence_and_highest_number),
    };

    if (ol_crypto_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
