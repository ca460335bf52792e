/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/roster.h"

#include "desk/kind.h"
#include "support.h"

static uint8_t bytes[512];
static struct ol_roster roster;

/* ---- The entry ---- */

static const struct {
    enum ol_roster_what what;
    const char *role;
    const char *level[2];
    const char *body;
} good[] = {
    {OL_ROLE_REMOVED, "legal", {NULL}, "8200656c6567616c"},
    {OL_ROLE_ADDED, "legal", {NULL}, "8201656c6567616c"},
    {OL_ROLE_HANDED, "desk", {"working"}, "8302646465736b67776f726b696e67"},
    {OL_ROLE_ADDED, "desk", {"working", "military"}, "8401646465736b67776f726b696e67686d696c6974617279"},
};

static struct ol_span word(const char *text)
{
    return ol_span(text, strlen(text));
}

static struct ol_span body_of(size_t i)
{
    struct ol_roster_entry entry = {.what = good[i].what, .role = word(good[i].role)};
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    for (; entry.levels < 2 && good[i].level[entry.levels] != NULL; entry.levels++)
        entry.level[entry.levels] = word(good[i].level[entry.levels]);
    ol_roster_write(&entry, &w);
    assert_false(w.full);
    return ol_wr_span(&w);
}

static void test_an_entry_comes_back_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct ol_span body = body_of(i);
        struct ol_roster_entry read;

        CHECK_HEX(good[i].body, body);
        assert_true(ol_body_readable(OL_KIND_ROSTER, body));
        CHECK_ERR(OL_OK, ol_roster_read(body, &read));
        assert_int_equal(good[i].what, read.what);
        assert_true(ol_span_equal(word(good[i].role), read.role));
        for (size_t n = 0; n < read.levels; n++)
            assert_true(ol_span_equal(word(good[i].level[n]), read.level[n]));
        assert_true(read.levels == 2 || good[i].level[read.levels] == NULL);
    }
}

static void test_every_prefix_flipped_bit_and_byte_too_many_of_an_entry_is_seen(void **state)
{
    static const struct ol_roster_entry zero;
    struct ol_roster_entry read;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct ol_span body = body_of(i);

        for (size_t n = 0; n < body.len; n++) {
            CHECK_ERR(OL_MALFORMED, ol_roster_read(ol_span(body.p, n), &read));
            assert_memory_equal(&read, &zero, sizeof zero);
        }
        bytes[body.len] = 0;
        CHECK_ERR(OL_MALFORMED, ol_roster_read(ol_span(body.p, body.len + 1), &read));
        for (size_t bit = 0; bit < 8 * body.len; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (ol_roster_read(body, &read) == OL_OK) {
                static uint8_t again[512];
                struct ol_wr w = ol_wr_to(again, sizeof again);

                ol_roster_write(&read, &w);
                assert_true(ol_span_equal(body, ol_wr_span(&w)));
            }
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void test_what_names_no_role_or_level_does_not_read(void **state)
{
    /* No role, an unknown verb, a role that is no word, one removed with a level, five levels, a level that is none. */
    static const char *const bad[] = {"8101", "82036161", "820160", "82016141", "8300616161", "80", "01",
                                      "8701616161616162616361646165", "830161616141"};
    uint8_t some[16];

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(ol_body_readable(OL_KIND_ROSTER, ol_span(some, unhex(bad[i], some, sizeof some))));
    assert_true(ol_body_readable(OL_KIND_ROSTER, ol_span(some, unhex("860161616161616261636164", some, sizeof some))));
}

static void test_a_role_of_64_bytes_reads_and_one_of_65_does_not(void **state)
{
    uint8_t body[80] = {0x82, 0x01, 0x78, 64};

    (void)state;
    memset(body + 4, 'r', 65);
    assert_true(ol_body_readable(OL_KIND_ROSTER, ol_span(body, 4 + 64)));
    body[3] = 65;
    assert_false(ol_body_readable(OL_KIND_ROSTER, ol_span(body, 4 + 65)));
}

/* ---- The fold ---- */

static int begin(void **state)
{
    (void)state;
    memset(&roster, 0, sizeof roster);
    return 0;
}

static void note(struct ol_roster *to, uint32_t seq, enum ol_roster_what what, const char *role, const char *level)
{
    const struct ol_roster_entry entry = {.what = what, .role = word(role), .levels = level != NULL,
                                          .level = {word(level != NULL ? level : "")}};
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    struct ol_row row = {.h = {.author = 'A', .kind = OL_KIND_ROSTER, .seq = seq, .time = 1000 + seq}};

    ol_roster_write(&entry, &w);
    row.body = ol_wr_span(&w);
    ol_roster_note(to, &row);
}

static void test_a_role_is_there_from_its_entry_until_it_is_removed(void **state)
{
    const struct ol_role *role;

    (void)state;
    assert_int_equal(ol_roster_count(&roster), 0);
    note(&roster, 3, OL_ROLE_ADDED, "legal", NULL);
    note(&roster, 5, OL_ROLE_ADDED, "desk", "working");
    assert_int_equal(ol_roster_count(&roster), 2);
    role = ol_roster_find(&roster, word("desk"));
    assert_non_null(role);
    assert_int_equal(role->time, 1005);
    assert_memory_equal(role->level[0], "working", role->level_len[0]);
    assert_ptr_equal(ol_roster_at(&roster, 0), role);
    assert_ptr_equal(ol_roster_at(&roster, 1), ol_roster_find(&roster, word("legal")));
    assert_null(ol_roster_find(&roster, word("des")));
    note(&roster, 6, OL_ROLE_HANDED, "desk", NULL);
    assert_int_equal(ol_roster_find(&roster, word("desk"))->what, OL_ROLE_HANDED);
    assert_int_equal(ol_roster_find(&roster, word("desk"))->levels, 0);
    note(&roster, 7, OL_ROLE_REMOVED, "desk", NULL);
    assert_null(ol_roster_find(&roster, word("desk")));
    assert_int_equal(ol_roster_count(&roster), 1);
}

static void test_entries_fold_alike_in_any_order(void **state)
{
    static struct ol_roster other;

    (void)state;
    memset(&other, 0, sizeof other);
    for (uint32_t i = 0; i < 150; i++) {
        char one[8];
        char another[8];
        uint32_t j = i * 77 % 150; /* each once, in another order */

        snprintf(one, sizeof one, "r%u", i % 100);
        snprintf(another, sizeof another, "r%u", j % 100);
        note(&roster, i + 1, i % 7 == 0 ? OL_ROLE_REMOVED : OL_ROLE_ADDED, one, NULL);
        note(&other, j + 1, j % 7 == 0 ? OL_ROLE_REMOVED : OL_ROLE_ADDED, another, NULL);
    }
    assert_true(ol_roster_count(&roster) > 40);
    assert_int_equal(ol_roster_count(&roster), ol_roster_count(&other));
    for (size_t i = 0; i < ol_roster_count(&roster); i++)
        assert_memory_equal(ol_roster_at(&roster, i), ol_roster_at(&other, i), sizeof(struct ol_role));
}

static void test_there_is_room_for_64_names_and_for_those_again(void **state)
{
    char name[8];

    (void)state;
    for (uint32_t i = 0; i < OL_ROSTER_MAX; i++) {
        snprintf(name, sizeof name, "r%u", i);
        assert_true(ol_roster_has_room(&roster, word(name)));
        note(&roster, i + 1, OL_ROLE_ADDED, name, NULL);
    }
    assert_false(ol_roster_has_room(&roster, word("one-more")));
    assert_true(ol_roster_has_room(&roster, word("r0")));
    note(&roster, 100, OL_ROLE_ADDED, "one-more", NULL);
    assert_null(ol_roster_find(&roster, word("r0")));
    assert_int_equal(ol_roster_count(&roster), OL_ROSTER_MAX);
}

static void test_entries_of_other_kinds_and_such_as_do_not_read_change_nothing(void **state)
{
    static const struct ol_roster zero;
    struct ol_row row = {.h = {.author = 'A', .kind = OL_KIND_DESK, .seq = 1}};

    (void)state;
    row.body = body_of(1);
    ol_roster_note(&roster, &row);
    row.h.kind = OL_KIND_ROSTER;
    row.body = ol_span(row.body.p, row.body.len - 1);
    ol_roster_note(&roster, &row);
    assert_memory_equal(&roster, &zero, sizeof zero);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_entry_comes_back_as_written),
        cmocka_unit_test(test_every_prefix_flipped_bit_and_byte_too_many_of_an_entry_is_seen),
        cmocka_unit_test(test_what_names_no_role_or_level_does_not_read),
        cmocka_unit_test(test_a_role_of_64_bytes_reads_and_one_of_65_does_not),
        cmocka_unit_test_setup(test_a_role_is_there_from_its_entry_until_it_is_removed, begin),
        cmocka_unit_test_setup(test_entries_fold_alike_in_any_order, begin),
        cmocka_unit_test_setup(test_there_is_room_for_64_names_and_for_those_again, begin),
        cmocka_unit_test_setup(test_entries_of_other_kinds_and_such_as_do_not_read_change_nothing, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
