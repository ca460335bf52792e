/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/limits.h"
#include "desk/act.h"
#include "desk/message.h"
#include "desk/words.h"

struct heard {
    char words[256];
    size_t n;
};

static void hear(void *ctx, struct ol_span words)
{
    struct heard *h = ctx;

    assert_true(h->n + words.len + 2 <= sizeof h->words);
    memcpy(h->words + h->n, words.p != NULL ? words.p : (const uint8_t *)"", words.len);
    h->n += words.len;
    h->words[h->n++] = '|';
    h->words[h->n] = '\0';
}

static struct ol_span text(const char *s)
{
    return ol_span(s, strlen(s));
}

static void says(uint8_t kind, const struct ol_wr *body, const char *words)
{
    struct ol_row row = {.h = {.author = 'A', .seq = 3, .kind = kind}, .body = ol_wr_span(body)};
    struct heard h = {.n = 0};

    ol_entry_words(&row, hear, &h);
    assert_string_equal(words, h.words);
}

static void test_a_message_s_words_are_its_subject_its_text_and_its_registry_number(void **state)
{
    uint8_t body[256];
    struct ol_message m = {.text = text("text"), .subject = text("subject"), .lang = text("fr"),
                           .ref = text("12-34/AB")};
    struct ol_wr w = ol_wr_to(body, sizeof body);

    (void)state;
    ol_message_write(&m, &w);
    says(OL_KIND_MESSAGE, &w, "subject|text|12-34/AB|");
    m = (struct ol_message){.text = text("alone")};
    w = ol_wr_to(body, sizeof body);
    ol_message_write(&m, &w);
    says(OL_KIND_MESSAGE, &w, "|alone||");
}

static void test_an_act_s_words_are_its_text(void **state)
{
    uint8_t body[256];

    (void)state;
    for (uint8_t kind = OL_KIND_TAKE; kind <= OL_KIND_DECLINE; kind++) {
        bool silent = kind == OL_KIND_TAKE || kind == OL_KIND_CONFIRM;
        struct ol_act act = {.kind = kind, .message = 7, .about = 7, .text = text(silent ? "" : "words")};
        struct ol_wr w = ol_wr_to(body, sizeof body);

        ol_act_write(&act, &w);
        says(kind, &w, silent ? "|" : "words|");
    }
}

static void test_what_cannot_be_read_and_other_kinds_say_nothing(void **state)
{
    uint8_t body[1] = {0xff};
    struct ol_wr w = ol_wr_to(body, sizeof body);

    (void)state;
    w.len = 1;
    for (unsigned kind = 32; kind < 256; kind++)
        says((uint8_t)kind, &w, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_s_words_are_its_subject_its_text_and_its_registry_number),
        cmocka_unit_test(test_an_act_s_words_are_its_text),
        cmocka_unit_test(test_what_cannot_be_read_and_other_kinds_say_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
