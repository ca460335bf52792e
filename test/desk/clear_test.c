/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/clear.h"

#include "support.h"

#define ROOM 64u

static const struct ol_hash line = {{1}};
static const struct ol_hash other_line = {{2}};
static struct ol_rule rules[ROOM];
static struct ol_draft drafts[ROOM];
static struct ol_office office;
static uint32_t number;

static struct ol_span text(const char *s)
{
    return ol_span(s, strlen(s));
}

/* ---- The texts ---- */

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct {
    uint8_t kind;
    const char *text;
} good[] = {
    {OL_LEAF_OFFICER, "desk legal\nAnna P."}, {OL_LEAF_OFFICER, "\nAnna P."}, {OL_LEAF_RULE, "flash"},
    {OL_LEAF_RULE, "other desk legal release"}, {OL_LEAF_WORDS, "flash 0\n{}"},
    {OL_LEAF_WORDS, "other 4294967294\na\nb"},
    {OL_LEAF_CLEARANCE, "7\nAnna"}, {OL_LEAF_CLEARANCE, "7\nAnna\nas agreed\nby phone"},
    {OL_LEAF_RELEASE, "12 " HASH "\nAnna"},
    {OL_LEAF_RELEASE, "12 " HASH "\n"}, {OL_LEAF_RULE, "other a b c d e f g h"},
};

/* What reads is written back byte by byte: each text has one form. */
static bool reads(uint8_t kind, struct ol_span in)
{
    static const struct ol_paper zero;
    uint8_t again[256];
    struct ol_wr w = ol_wr_to(again, sizeof again);
    struct ol_paper paper;

    if (ol_paper_read(kind, in, &paper)) {
        assert_memory_equal(&paper, &zero, sizeof zero);
        return false;
    }
    ol_paper_write(kind, &paper, &w);
    assert_false(w.full);
    assert_true(ol_span_equal(in, ol_wr_span(&w)));
    return true;
}

static void test_each_text_comes_back_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(reads(good[i].kind, text(good[i].text)));
}

static void test_every_prefix_flipped_bit_and_byte_too_many_reads_as_what_it_says_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        uint8_t some[128];
        size_t len = strlen(good[i].text);

        for (size_t n = 0; n < len; n++)
            reads(good[i].kind, ol_span(good[i].text, n));
        memcpy(some, good[i].text, len);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            some[bit / 8] ^= (uint8_t)(1u << bit % 8);
            reads(good[i].kind, ol_span(some, len));
            some[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        some[len] = '\n';
        assert_int_equal(reads(good[i].kind, ol_span(some, len + 1)),
                         good[i].kind == OL_LEAF_WORDS || (good[i].kind == OL_LEAF_CLEARANCE && i == 7));
    }
}

static void test_what_is_no_such_text_does_not_read(void **state)
{
    static const struct {
        uint8_t kind;
        const char *text;
    } bad[] = {
        {OL_LEAF_OFFICER, "desk"}, {OL_LEAF_OFFICER, "desk\n"}, {OL_LEAF_OFFICER, "desk \nAnna"},
        {OL_LEAF_OFFICER, " desk\nAnna"}, {OL_LEAF_OFFICER, "desk desk\nAnna"}, {OL_LEAF_OFFICER, "Desk\nAnna"},
        {OL_LEAF_OFFICER, "desk\nAn\x01na"}, {OL_LEAF_OFFICER, "a b c d e f g h i\nAnna"}, {OL_LEAF_RULE, "flash "},
        {OL_LEAF_RULE, "night desk"}, {OL_LEAF_RULE, "other desk legal desk"}, {OL_LEAF_RULE, "other  desk"},
        {OL_LEAF_RULE, ""}, {OL_LEAF_WORDS, "other 0"}, {OL_LEAF_WORDS, "other 0\n"}, {OL_LEAF_WORDS, "other\nx"},
        {OL_LEAF_WORDS, "other 00\nx"}, {OL_LEAF_WORDS, "other 4294967295\nx"}, 
        {OL_LEAF_WORDS, "other 99999999999999999999\nx"},
        {OL_LEAF_CLEARANCE, "0\nAnna"}, {OL_LEAF_CLEARANCE, "7"}, {OL_LEAF_CLEARANCE, "7\nAnna\n"},
        {OL_LEAF_CLEARANCE, "x\nAnna"}, {OL_LEAF_CLEARANCE, "07\nAnna"}, {OL_LEAF_RELEASE, "7 " HASH "\nAnna\nso"},
        {OL_LEAF_RELEASE, "7\nAnna"}, {OL_LEAF_RELEASE, "7 " HASH "0\nAnna"}, {OL_LEAF_RELEASE, "7 " HASH},
        {OL_LEAF_CLEARANCE, "7 " HASH "\nAnna"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(reads(bad[i].kind, text(bad[i].text)));
}

static void test_a_name_has_64_bytes_at_most(void **state)
{
    char name[80] = "\n";

    (void)state;
    memset(name + 1, 'n', 65);
    assert_false(reads(OL_LEAF_OFFICER, ol_span(name, 66)));
    assert_true(reads(OL_LEAF_OFFICER, ol_span(name, 65)));
}

/* ---- The fold ---- */

static int begin(void **state)
{
    (void)state;
    office = (struct ol_office){.rule = rules, .rules_cap = ROOM, .draft = drafts, .drafts_cap = ROOM};
    number = 0;
    return 0;
}

static uint32_t note(uint8_t kind, const char *role, const char *said)
{
    const struct ol_leaf leaf = {.number = ++number, .kind = kind, .time = 1000 + number, .line = line, .author = 'A',
                                 .seq = 9, .role = text(role), .text = text(said)};

    ol_office_note(&office, &leaf);
    return number;
}

static uint32_t about(uint8_t kind, const char *role, uint32_t words)
{
    char said[128];

    snprintf(said, sizeof said, "%u%s\nAnna", words, kind == OL_LEAF_RELEASE ? " " HASH : "");
    return note(kind, role, said);
}

static uint32_t change(uint32_t words, const char *role)
{
    char said[32];

    snprintf(said, sizeof said, "other %u\n{}", words);
    return note(OL_LEAF_WORDS, role, said);
}

static size_t cleared(uint32_t words)
{
    const struct ol_draft *d = ol_office_draft(&office, words);

    assert_non_null(d);
    return d->cleared;
}

static void test_officers_have_the_roles_they_were_given_last(void **state)
{
    const struct ol_officer *anna;

    (void)state;
    assert_null(ol_office_officer(&office, text("Anna")));
    assert_null(ol_office_officer(&office, text("")));
    note(OL_LEAF_OFFICER, "", "desk legal\nAnna");
    note(OL_LEAF_OFFICER, "", "desk\nBoris");
    anna = ol_office_officer(&office, text("Anna"));
    assert_int_equal(anna->roles.n, 2);
    assert_int_equal(ol_roles_find(&anna->roles, text("legal")), 1);
    assert_int_equal(ol_roles_find(&anna->roles, text("leg")), -1);
    note(OL_LEAF_OFFICER, "", "release\nAnna");
    assert_int_equal(ol_roles_find(&ol_office_officer(&office, text("Anna"))->roles, text("legal")), -1);
    note(OL_LEAF_OFFICER, "", "\nAnna");
    assert_null(ol_office_officer(&office, text("Anna")));
    assert_non_null(ol_office_officer(&office, text("Boris")));
}

static void test_there_is_room_for_64_officers(void **state)
{
    char said[32];

    (void)state;
    for (unsigned i = 0; i < OL_OFFICERS; i++) {
        assert_true(ol_office_has_room(&office, text("one more")));
        snprintf(said, sizeof said, "desk\nofficer %u", i);
        note(OL_LEAF_OFFICER, "", said);
    }
    assert_false(ol_office_has_room(&office, text("one more")));
    assert_true(ol_office_has_room(&office, text("officer 3")));
    note(OL_LEAF_OFFICER, "", "desk\none more");
    assert_null(ol_office_officer(&office, text("one more")));
}

static void test_flash_has_a_rule_of_its_own_and_so_has_each_line(void **state)
{
    (void)state;
    note(OL_LEAF_RULE, "", "other desk release");
    assert_int_equal(ol_office_rule(&office, &line, false)->n, 2);
    assert_null(ol_office_rule(&office, &line, true));
    assert_null(ol_office_rule(&office, &other_line, false));
    note(OL_LEAF_RULE, "", "flash duty");
    assert_string_equal(ol_office_rule(&office, &line, true)->name[0], "duty");
    note(OL_LEAF_RULE, "", "other");
    assert_null(ol_office_rule(&office, &line, false));
    assert_non_null(ol_office_rule(&office, &line, true));
}

static void test_roles_clear_in_turn_and_the_last_does_not(void **state)
{
    uint32_t words;

    (void)state;
    note(OL_LEAF_RULE, "", "other desk legal release");
    words = change(0, "operator");
    about(OL_LEAF_CLEARANCE, "legal", words);
    assert_int_equal(cleared(words), 0);
    about(OL_LEAF_CLEARANCE, "desk", words);
    about(OL_LEAF_CLEARANCE, "desk", words);
    assert_int_equal(cleared(words), 1);
    assert_string_equal(ol_draft_turn(ol_office_draft(&office, words), ol_office_rule(&office, &line, false)), "legal");
    about(OL_LEAF_CLEARANCE, "legal", words);
    about(OL_LEAF_CLEARANCE, "release", words);
    assert_int_equal(cleared(words), 2);
}

static void test_a_change_voids_the_clearances_after_it_only_and_has_a_number_of_its_own(void **state)
{
    uint32_t words;
    uint32_t changed;

    (void)state;
    note(OL_LEAF_RULE, "", "other desk legal office release");
    words = change(0, "operator");
    about(OL_LEAF_CLEARANCE, "desk", words);
    about(OL_LEAF_CLEARANCE, "legal", words);
    about(OL_LEAF_CLEARANCE, "office", words);
    changed = change(words, "legal");
    assert_null(ol_office_draft(&office, words));
    assert_int_equal(cleared(changed), 1);
    about(OL_LEAF_CLEARANCE, "legal", words); /* of the old words */
    assert_int_equal(cleared(changed), 1);
    about(OL_LEAF_CLEARANCE, "legal", changed);
    words = change(changed, "release");
    assert_int_equal(cleared(words), 2);
    words = change(words, "operator");
    assert_int_equal(cleared(words), 0);
    assert_int_equal(office.drafts, 1);
}

static void test_a_new_rule_voids_what_was_cleared_on_its_line_and_of_its_class(void **state)
{
    uint32_t words;

    (void)state;
    note(OL_LEAF_RULE, "", "other desk release");
    words = change(0, "operator");
    about(OL_LEAF_CLEARANCE, "desk", words);
    note(OL_LEAF_RULE, "", "flash duty");
    assert_int_equal(cleared(words), 1);
    note(OL_LEAF_RULE, "", "other desk legal release");
    assert_int_equal(cleared(words), 0);
}

static void test_what_is_released_is_not_changed_cleared_or_released_again(void **state)
{
    const struct ol_draft *d;
    uint32_t words;
    uint32_t release;

    (void)state;
    note(OL_LEAF_RULE, "", "other desk legal release");
    words = change(0, "operator");
    release = about(OL_LEAF_RELEASE, "release", words);
    about(OL_LEAF_RELEASE, "release", words);
    change(words, "operator");
    about(OL_LEAF_CLEARANCE, "desk", words);
    d = ol_office_draft(&office, words);
    assert_int_equal(d->release, release);
    assert_int_equal(d->head.seq, 9);
    assert_int_equal(d->body.b[1], 0x11);
    assert_int_equal(d->cleared, 0);
    assert_int_equal(office.drafts, 1);
}

static void test_an_officer_changes_as_the_role_furthest_on_up_to_the_one_whose_turn_it_is(void **state)
{
    struct ol_draft d = {.cleared = 1};
    struct ol_roles rule = {.n = 3, .name = {"desk", "legal", "release"}};
    struct ol_officer anna = {.roles = {.n = 2, .name = {"release", "desk"}}};

    (void)state;
    assert_int_equal(ol_draft_place(&d, &rule, &anna), 0);
    d.cleared = 2;
    assert_int_equal(ol_draft_place(&d, &rule, &anna), 2);
    anna.roles = (struct ol_roles){.n = 1, .name = {"press"}};
    assert_int_equal(ol_draft_place(&d, &rule, &anna), -1);
}

static void test_leaves_that_do_not_read_or_are_of_other_kinds_change_nothing(void **state)
{
    (void)state;
    note(OL_LEAF_NOTE, "", "other desk release");
    note(OL_LEAF_RULE, "", "other desk desk");
    note(OL_LEAF_WORDS, "", "other 99\n{}");
    note(OL_LEAF_CLEARANCE, "desk", "99\nAnna");
    assert_int_equal(office.rules + office.drafts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_text_comes_back_as_written),
        cmocka_unit_test(test_every_prefix_flipped_bit_and_byte_too_many_reads_as_what_it_says_or_not_at_all),
        cmocka_unit_test(test_what_is_no_such_text_does_not_read),
        cmocka_unit_test(test_a_name_has_64_bytes_at_most),
        cmocka_unit_test_setup(test_officers_have_the_roles_they_were_given_last, begin),
        cmocka_unit_test_setup(test_there_is_room_for_64_officers, begin),
        cmocka_unit_test_setup(test_flash_has_a_rule_of_its_own_and_so_has_each_line, begin),
        cmocka_unit_test_setup(test_roles_clear_in_turn_and_the_last_does_not, begin),
        cmocka_unit_test_setup(test_a_change_voids_the_clearances_after_it_only_and_has_a_number_of_its_own, begin),
        cmocka_unit_test_setup(test_a_new_rule_voids_what_was_cleared_on_its_line_and_of_its_class, begin),
        cmocka_unit_test_setup(test_what_is_released_is_not_changed_cleared_or_released_again, begin),
        cmocka_unit_test_setup(test_an_officer_changes_as_the_role_furthest_on_up_to_the_one_whose_turn_it_is, begin),
        cmocka_unit_test_setup(test_leaves_that_do_not_read_or_are_of_other_kinds_change_nothing, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
