/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <inttypes.h>

#include "words/terms.h"

static struct ol_span text(const char *s)
{
    return ol_span(s, strlen(s));
}

static void becomes(const char *said, const char *terms)
{
    char out[1024];
    struct ol_wr w = ol_wr_to(out, sizeof out - 1);

    ol_terms_write(text(said), &w);
    assert_false(w.full);
    out[w.len] = '\0';
    assert_string_equal(terms, out);
}

/* A query as the index is asked: terms in a row, * behind one that need only begin another, @ and a day, ! behind a form's
 * code; "; " between words. */
static const char *asked(const char *typed)
{
    static char out[8 * OL_QUERY_MAX + 1024];
    struct ol_query q;
    size_t at = 0;

    CHECK_ERR(OL_OK, ol_query_read(text(typed), &q));
    for (size_t i = 0; i < q.n; i++) {
        const struct ol_sought *s = &q.sought[i];

        at += (size_t)sprintf(out + at, "%s%.*s%s", i > 0 ? "; " : "", (int)s->len, (const char *)q.terms + s->at,
                              s->begins ? "*" : "");
        if (s->when > 0)
            at += (size_t)sprintf(out + at, "@%" PRIu64, s->when);
        if (s->is_form)
            at += (size_t)sprintf(out + at, "!");
    }
    return out;
}

/* Whether terms stand in a row in what a text became, as the index would find them. */
static bool stands_in(const char *terms, const struct ol_query *q, const struct ol_sought *s)
{
    char sought[OL_QUERY_MAX * 8 + 3];
    int n = snprintf(sought, sizeof sought, " %.*s%s", (int)s->len, (const char *)q->terms + s->at,
                     s->begins ? "" : " ");

    return n > 0 && strstr(terms, sought) != NULL;
}

static bool finds(const char *typed, const char *said)
{
    char terms[4096] = " ";
    struct ol_wr w = ol_wr_to(terms + 1, sizeof terms - 2);
    struct ol_query q;

    ol_terms_write(text(said), &w);
    assert_false(w.full);
    terms[1 + w.len] = '\0';
    CHECK_ERR(OL_OK, ol_query_read(text(typed), &q));
    for (size_t i = 0; i < q.n; i++)
        if (!stands_in(terms, &q, &q.sought[i]))
            return false;
    return true;
}

static void test_words_are_folded_and_what_is_no_letter_stands_between_them(void **state)
{
    (void)state;
    becomes("Launch of CONVOYS, 1600Z!", "launch of convoys 1600z ");
    becomes("Müller's Café ﬁle ＡＢＣ１２", "muller s cafe file abc12 ");
    becomes("12-34/AB", "12 34 ab ");
    becomes("", "");
    becomes(" -- \n\t!?…", "");
    becomes("Ærø Đorđe Łódź ıİ Straße", "æro dorde lodz ii strasse ");
    becomes("soft\u00adhyphen zero\u200bwidth \u202eright\u202c", "softhyphen zerowidth right ");
}

static void test_writing_without_spaces_becomes_pairs_and_its_last_character(void **state)
{
    (void)state;
    becomes("军事演习", "军事 事演 演习 习 ");
    becomes("军", "军 ");
    becomes("11月21日开始。", "11 月 21 日开 开始 始 ");
    becomes("ミサイルﾐｻｲﾙ", "ミサ サイ イル ルミ ミサ サイ イル ル ");
    becomes("か\u3099ﾊﾞ", "がバ バ ");
    becomes("발사", "발사 사 ");
    becomes("\u1107\u1161\u11af\u1109\u1161", "발사 사 ");
    becomes("ก้าว", "ก้ ้า าว ว ");
    becomes("NATO军演", "nato 军演 演 ");
}

static void test_arabic_is_found_without_its_vowels_and_its_article(void **state)
{
    (void)state;
    becomes("إطلاقُ الصاروخِ", "اطلاق صاروخ ");
    becomes("والسفينة بالميناء للصواريخ", "سفينه ميناء صواريخ ");
    becomes("كتـــاب ٢٠٢٦ ۱۲", "كتاب 2026 12 ");
    becomes("الله والد الآن", "الله والد الان ");
    becomes("مستشفى مستشفي کیلو", "مستشفي مستشفي كيلو ");
}

static void test_a_long_word_is_cut_and_a_full_buffer_ends_at_a_term(void **state)
{
    char word[300];
    char out[300];
    struct ol_wr w = ol_wr_to(out, sizeof out);

    (void)state;
    memset(word, 'x', sizeof word);
    ol_terms_write(ol_span(word, sizeof word), &w);
    assert_int_equal(OL_TERM_MAX + 1, w.len);
    for (size_t cap = 0; cap < 20; cap++) {
        w = ol_wr_to(out, cap);
        ol_terms_write(text("alpha beta gamma"), &w);
        assert_true(w.full == (cap < 17));
        assert_int_equal(cap < 6 ? 0 : cap < 11 ? 6 : cap < 17 ? 11 : 17, w.len);
    }
}

static void test_bytes_that_are_no_text_stand_between_words(void **state)
{
    (void)state;
    becomes("abc\xff" "def\xc3", "abc def ");
    becomes("\xed\xa0\x80x", "x ");
}

static void test_a_typed_word_may_go_on_and_end_otherwise(void **state)
{
    (void)state;
    assert_string_equal("launch*", asked("launches"));
    assert_string_equal("launch*; treat*", asked("  Launched\ttreaty "));
    assert_string_equal("of; ab", asked("of AB"));
    assert_string_equal("12 34 ab", asked("12-34/AB"));
    assert_string_equal("1600*", asked("1600"));
    assert_string_equal("ракет*; учен*", asked("ракетой Учения"));
    assert_string_equal("сфинкс*", asked("сфинкс"));
    assert_string_equal("صاروخ*; مناور*", asked("الصاروخ مناورات"));
    assert_string_equal("base*", asked("bases"));
}

static void test_pieces_of_writing_without_spaces_are_sought_whole(void **state)
{
    (void)state;
    assert_string_equal("演习", asked("演习"));
    assert_string_equal("军*", asked("军"));
    assert_string_equal("军*", asked("\"军\""));
    assert_string_equal("军事 事演 演习", asked("军事演习"));
    assert_string_equal("21 日*", asked("21日"));
    assert_string_equal("月 21", asked("月21"));
}

static void test_words_in_quotes_stand_in_a_row_whole(void **state)
{
    (void)state;
    assert_string_equal("two convoys; x", asked("\"two convoys\" x"));
    assert_string_equal("two convoys", asked("«Two Convoys"));
    assert_string_equal("演习", asked("“演习”"));
    assert_string_equal("from me", asked("\"from:me\""));
    assert_string_equal("ab; cd", asked("ab\"cd\""));
}

static void test_a_day_is_sought_in_the_text_and_as_the_entry_s(void **state)
{
    (void)state;
    assert_string_equal("2026 11 21@20261121", asked("2026-11-21"));
    assert_string_equal("2026 11@202611", asked("2026-11"));
    assert_string_equal("2026 11 21", asked("\"2026-11-21\""));
    assert_string_equal("2026 11 21", asked("2026/11/21"));
    assert_string_equal("2026 1 21", asked("2026-1-21"));
    assert_string_equal("202x 11", asked("202x-11"));
    assert_string_equal("2026 11 2x", asked("2026-11-2x"));
}

static void test_a_day_is_typed_as_officers_write_it(void **state)
{
    (void)state;
    assert_string_equal("22 nov 26@20261122", asked("22 NOV 26"));
    assert_string_equal("22 nov 2026@20261122", asked("22 nov 2026"));
    assert_string_equal("3 december 2026@20261203; x", asked("3 December 2026 x"));
    assert_string_equal("211432z nov 26@202611211432", asked("211432Z NOV 26"));
    assert_string_equal("211432znov26@202611211432", asked("211432ZNOV26"));
    assert_string_equal("x; 2026 11 21t14 32z@202611211432", asked("x 2026-11-21T14:32Z"));
    assert_string_equal("2026 11 21t14 32 07z@202611211432", asked("2026-11-21T14:32:07Z"));
    assert_string_equal("2026 11 21t14 3z", asked("2026-11-21T14:3Z"));
    assert_string_equal("22 nov 26@20261122; x", asked("22 NOV 26\"x\""));
    assert_string_equal("22; nov*; 2x", asked("22 NOV 2x"));
    assert_string_equal("221432*; nov*; 26", asked("221432 NOV 26"));
    assert_string_equal("22 nov 26", asked("\"22 NOV 26\""));
    assert_string_equal("a22*; nov*; 26", asked("a22 NOV 26"));
}

static void test_a_form_is_sought_by_its_code_whole(void **state)
{
    struct ol_query q;

    (void)state;
    assert_string_equal("launch!", asked("form:LAUNCH"));
    assert_string_equal("launch!; convoy*", asked("form:launch convoys"));
    assert_string_equal("form launch", asked("\"form:LAUNCH\""));
    assert_string_equal("form*", asked("form:"));
    CHECK_ERR(OL_ABSENT, ol_query_read(text("form:!"), &q));
}

static void test_who_wrote_it_is_not_a_word(void **state)
{
    struct ol_query q;

    (void)state;
    CHECK_ERR(OL_OK, ol_query_read(text("from:me x"), &q));
    assert_true(q.n == 1 && q.not_peers && !q.not_mine);
    CHECK_ERR(OL_OK, ol_query_read(text("x from:peer"), &q));
    assert_true(q.n == 1 && !q.not_peers && q.not_mine);
    CHECK_ERR(OL_OK, ol_query_read(text("from:them"), &q));
    assert_true(q.n == 1 && !q.not_peers && !q.not_mine);
}

static void test_sentences_are_found_by_what_people_type(void **state)
{
    static const struct {
        const char *said;
        const char *typed[5];
    } cases[] = {
        {"我方将于明日零时起在该海域举行军事演习。", {"演习", "军事演习", "海域 明日", "习", "方"}},
        {"本日午後三時、弾道ミサイルの発射を確認しました。", {"ミサイル", "発射", "弾道ミサイル", "ﾐｻｲﾙ", "午後"}},
        {"내일 미사일 발사 훈련을 통보합니다", {"미사일", "훈련", "통보", "발사", "일"}},
        {"سيتم إطلاقُ الصاروخِ غداً من السفينةِ الحربية", {"صاروخ", "إطلاق", "السفينة", "سفينه", "حربية"}},
        {"Учения с боевой стрельбой начнутся в Чёрном море", {"учение", "стрельбы", "черное море", "боевая", "ЧЁРНОЕ"}},
        {"Two missiles were launched towards the treaties' zone", {"missile", "launch", "launches", "treaty", "zones"}},
        {"L'exercice naval débutera près de la frontière", {"exercices", "frontières", "FRONTIERE", "navale", "debutera"}},
        {"El buque averiado será remolcado mañana al puerto", {"averiada", "buques", "manana", "remolcados", "sera"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t k = 0; k < COUNT(cases[i].typed); k++) {
            if (!finds(cases[i].typed[k], cases[i].said))
                fail_msg("%s does not find: %s", cases[i].typed[k], cases[i].said);
            for (size_t other = 0; other < COUNT(cases); other++)
                assert_true(other == i || strlen(cases[i].typed[k]) < 6 ||
                            !finds(cases[i].typed[k], cases[other].said));
        }
}

static void test_what_is_no_query_is_told_apart(void **state)
{
    char many[OL_QUERY_MAX + 2];
    struct ol_query q;

    (void)state;
    CHECK_ERR(OL_ABSENT, ol_query_read(text(""), &q));
    CHECK_ERR(OL_ABSENT, ol_query_read(ol_span(NULL, 0), &q));
    CHECK_ERR(OL_ABSENT, ol_query_read(text(" !? \"\" -"), &q));
    CHECK_ERR(OL_ABSENT, ol_query_read(text("from:me"), &q));
    assert_false(q.not_peers);
    CHECK_ERR(OL_MALFORMED, ol_query_read(text("a\xff"), &q));
    memset(many, 'a', sizeof many);
    CHECK_ERR(OL_OK, ol_query_read(ol_span(many, OL_QUERY_MAX), &q));
    CHECK_ERR(OL_LIMIT, ol_query_read(ol_span(many, OL_QUERY_MAX + 1), &q));
    for (size_t i = 1; i < sizeof many; i += 2)
        many[i] = ' ';
    CHECK_ERR(OL_OK, ol_query_read(ol_span(many, 2 * OL_SOUGHT_MAX), &q));
    CHECK_ERR(OL_LIMIT, ol_query_read(ol_span(many, 2 * OL_SOUGHT_MAX + 1), &q));
    assert_int_equal(0, q.n);
}

static void test_every_prefix_and_every_bit_flipped_gives_a_clear_result(void **state)
{
    static const char good[] = "“两 弹道” ﷺ 12-34/AB ракетой 2026-11-21 from:me ｶﾞ";
    char changed[sizeof good];
    char out[4096];
    struct ol_query q;

    (void)state;
    for (size_t len = 0; len < sizeof good; len++) {
        struct ol_wr w = ol_wr_to(out, sizeof out);
        enum ol_err err = ol_query_read(ol_span(good, len), &q);

        assert_true(err == OL_OK || err == OL_ABSENT || err == OL_MALFORMED);
        ol_terms_write(ol_span(good, len), &w);
        assert_false(w.full);
    }
    for (size_t bit = 0; bit < 8 * (sizeof good - 1); bit++) {
        memcpy(changed, good, sizeof good);
        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        assert_true(ol_query_read(ol_span(changed, sizeof good - 1), &q) != OL_LIMIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_are_folded_and_what_is_no_letter_stands_between_them),
        cmocka_unit_test(test_writing_without_spaces_becomes_pairs_and_its_last_character),
        cmocka_unit_test(test_arabic_is_found_without_its_vowels_and_its_article),
        cmocka_unit_test(test_a_long_word_is_cut_and_a_full_buffer_ends_at_a_term),
        cmocka_unit_test(test_bytes_that_are_no_text_stand_between_words),
        cmocka_unit_test(test_a_typed_word_may_go_on_and_end_otherwise),
        cmocka_unit_test(test_pieces_of_writing_without_spaces_are_sought_whole),
        cmocka_unit_test(test_words_in_quotes_stand_in_a_row_whole),
        cmocka_unit_test(test_a_day_is_sought_in_the_text_and_as_the_entry_s),
        cmocka_unit_test(test_a_day_is_typed_as_officers_write_it),
        cmocka_unit_test(test_a_form_is_sought_by_its_code_whole),
        cmocka_unit_test(test_who_wrote_it_is_not_a_word),
        cmocka_unit_test(test_sentences_are_found_by_what_people_type),
        cmocka_unit_test(test_what_is_no_query_is_told_apart),
        cmocka_unit_test(test_every_prefix_and_every_bit_flipped_gives_a_clear_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
