/* SPDX-License-Identifier: Apache-2.0 */
#include "words/terms.h"

#include <assert.h>
#include <string.h>

#include <utf8proc.h>

#include "base/utf8.h"
#include "words/when.h"

#define FOLDED_MAX 32u /* characters that one becomes: at most 18 (U+FDFA) */

struct range {
    int32_t from;
    int32_t to;
};

/* The ranges are ascending. */
static bool is_in(const struct range *ranges, size_t n, int32_t c)
{
    assert(n > 0 && c >= 0);
    for (size_t i = 0; i < n && c >= ranges[i].from; i++)
        if (c <= ranges[i].to)
            return true;
    return false;
}

/* ---- One character ---- */

/* Marks that people leave out when they type. Those of Thai, of Indian scripts and of kana are not among them. */
static bool is_dropped(int32_t c)
{
    static const struct range marks[] = {
        {0x0300, 0x036f}, {0x0483, 0x0487}, {0x0591, 0x05bd}, {0x05bf, 0x05bf}, {0x05c1, 0x05c2},
        {0x05c4, 0x05c5}, {0x05c7, 0x05c7}, {0x0610, 0x061a}, {0x0640, 0x0640}, {0x064b, 0x065f},
        {0x0670, 0x0670}, {0x06d6, 0x06dc}, {0x06df, 0x06e4}, {0x06e7, 0x06e8}, {0x06ea, 0x06ed},
        {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff},
    };

    return is_in(marks, sizeof marks / sizeof marks[0], c);
}

/* Written without spaces between words. */
static bool is_run(int32_t c)
{
    static const struct range scripts[] = {
        {0x0e01, 0x0eff},   /* Thai, Lao */
        {0x1000, 0x109f},   /* Burmese */
        {0x1100, 0x11ff},   /* jamo, of which Hangul is made; Korean has spaces, and particles behind every word */
        {0x1780, 0x17d3},   /* Khmer */
        {0x3005, 0x3007},   /* a repeated character, a numeral */
        {0x3041, 0x30ff},   /* kana */
        {0x3105, 0x312f},   /* bopomofo */
        {0x3400, 0x9fff},   /* Chinese characters */
        {0xac00, 0xd7a3},   /* Hangul */
        {0xf900, 0xfaff},   /* the few Chinese characters that NFKC leaves here */
        {0x20000, 0x3fffd},
    };

    return is_in(scripts, sizeof scripts / sizeof scripts[0], c);
}

/* What decomposition leaves apart though people do not tell it apart. */
static int32_t unify(int32_t c)
{
    if (c >= 0x0660 && c <= 0x0669)
        return c - 0x0660 + '0';
    if (c >= 0x06f0 && c <= 0x06f9)
        return c - 0x06f0 + '0';
    switch (c) {
    case 0x0649: /* alef maqsura */
    case 0x06cc: /* Persian yeh */
        return 0x064a;
    case 0x0629: /* teh marbuta */
        return 0x0647;
    case 0x06a9: /* Persian kaf */
        return 0x0643;
    case 0x0671: /* alef wasla */
        return 0x0627;
    case 0x00f8:
        return 'o';
    case 0x0111:
        return 'd';
    case 0x0131:
        return 'i';
    case 0x0142:
        return 'l';
    default:
        return c;
    }
}

/* Whether it can only grow the character before it: a sound mark of kana, a vowel or a final of Hangul. */
static bool grows(int32_t c)
{
    return c == 0x3099 || c == 0x309a || (c >= 0x1161 && c <= 0x1175) || (c >= 0x11a8 && c <= 0x11c2);
}

static int32_t grown(int32_t c, int32_t by)
{
    int32_t pair[2] = {c, by};

    assert(grows(by));
    return utf8proc_normalize_utf32(pair, 2, UTF8PROC_STABLE | UTF8PROC_COMPOSE) == 1 ? pair[0] : 0;
}

enum sort { GAP, LETTER, RUN };

static enum sort sort_of(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);

    assert(UTF8PROC_CATEGORY_LU < UTF8PROC_CATEGORY_ME && UTF8PROC_CATEGORY_ME < UTF8PROC_CATEGORY_NO);
    if (category < UTF8PROC_CATEGORY_LU || category > UTF8PROC_CATEGORY_NO)
        return GAP; /* letters, marks and numbers stand together in this enumeration */
    return is_run(c) ? RUN : LETTER;
}

/* ---- From characters to terms ---- */

struct terms {
    struct ol_wr *w;
    bool seeks;   /* of a query: a run's last character is in the term before */
    uint8_t word[OL_TERM_MAX];
    size_t word_len;
    int32_t before; /* of a run: two characters that wait, for the second may still grow; 0: none */
    int32_t last;
};

static void put_term(struct terms *t, const uint8_t *p, size_t len)
{
    assert(len > 0 && len <= OL_TERM_MAX);
    if (t->w->full || ol_wr_room(t->w) <= len) {
        t->w->full = true;
        return;
    }
    ol_wr_bytes(t->w, p, len);
    ol_wr_u8(t->w, ' ');
}

/* "And", "in", "like" stand before it in the same word. What would be left of most other words is too short. */
static size_t article_len(const uint8_t *word, size_t len)
{
    static const char *const articles[] = {"وبال", "وال", "بال", "فال", "كال", "ولل", "ال", "لل"};
    const size_t least = 6; /* three letters */

    for (size_t i = 0; i < sizeof articles / sizeof articles[0]; i++) {
        size_t n = strlen(articles[i]);

        if (len >= n + least && memcmp(word, articles[i], n) == 0)
            return n;
    }
    return 0;
}

static void end_word(struct terms *t)
{
    size_t skip = article_len(t->word, t->word_len);

    assert(skip == 0 || skip < t->word_len);
    if (t->word_len > 0)
        put_term(t, t->word + skip, t->word_len - skip);
    t->word_len = 0;
}

static void put_characters(struct terms *t, int32_t a, int32_t b)
{
    uint8_t term[8];
    utf8proc_ssize_t n = utf8proc_encode_char(a, term);

    assert(a > 0 && n > 0);
    if (b > 0)
        n += utf8proc_encode_char(b, term + n);
    put_term(t, term, (size_t)n);
}

static void end_run(struct terms *t, bool at_end)
{
    assert(t->before == 0 || t->last > 0);
    if (t->before > 0)
        put_characters(t, t->before, t->last);
    if (t->last > 0 && !(t->seeks && at_end && t->before > 0))
        put_characters(t, t->last, 0);
    t->before = t->last = 0;
}

static void add_letter(struct terms *t, int32_t c)
{
    uint8_t bytes[4];
    size_t n = (size_t)utf8proc_encode_char(c, bytes);

    assert(n > 0 && n <= sizeof bytes);
    if (n > OL_TERM_MAX - t->word_len)
        return;
    memcpy(t->word + t->word_len, bytes, n);
    t->word_len += n;
}

static void add_to_run(struct terms *t, int32_t c)
{
    int32_t whole = t->last > 0 && grows(c) ? grown(t->last, c) : 0;

    if (whole > 0) {
        t->last = whole;
        return;
    }
    if (t->before > 0)
        put_characters(t, t->before, t->last);
    t->before = t->last;
    t->last = c;
}

static void add_folded(struct terms *t, int32_t c)
{
    enum sort sort;

    if (is_dropped(c))
        return;
    c = unify(c);
    sort = sort_of(c);
    assert(c > 0 || sort == GAP);
    if (sort != LETTER)
        end_word(t);
    if (sort != RUN)
        end_run(t, false);
    if (sort == LETTER)
        add_letter(t, c);
    else if (sort == RUN)
        add_to_run(t, c);
}

static void add(struct terms *t, int32_t c)
{
    int32_t folded[FOLDED_MAX];
    int boundary = UTF8PROC_BOUNDCLASS_START;
    utf8proc_ssize_t n = utf8proc_decompose_char(c, folded, FOLDED_MAX,
                                                 UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
                                                     UTF8PROC_IGNORE, &boundary);

    assert(n >= 0 && n <= (utf8proc_ssize_t)FOLDED_MAX);
    for (utf8proc_ssize_t i = 0; i < n; i++)
        add_folded(t, folded[i]);
}

static void add_text(struct terms *t, struct ol_span text)
{
    while (text.len > 0 && !t->w->full) {
        int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate(text.p, (utf8proc_ssize_t)text.len, &c);

        if (n > 0)
            add(t, c);
        else
            add_folded(t, ' ');
        text = ol_span(text.p + (n > 0 ? n : 1), text.len - (size_t)(n > 0 ? n : 1));
    }
    end_word(t);
    end_run(t, true);
}

void ol_terms_write(struct ol_span text, struct ol_wr *w)
{
    assert(text.p != NULL || text.len == 0);
    add_text(&(struct terms){.w = w}, text);
}

/* ---- Queries ---- */

/* What a typed word may end in, folded; the longest that leaves enough of the word is cut off. The words of texts stay
 * whole: they need only begin with what is left. */
static const char *const endings[] = {
    /* Latin letters: -s and -es of three languages, English verbs and -y, -a and -o of Spanish, -e of French */
    "ies", "ing", "ed", "es", "as", "os", "s", "e", "y", "a", "o",
    /* Russian cases, of nouns and of adjectives, and the infinitive's ending */
    "иями", "ями", "ами", "ыми", "ими", "ого", "его", "ому", "ему", "иях", "ыи", "ии", "ои", "еи", "ая", "яя",
    "ое", "ее", "ые", "ие", "ых", "их", "ую", "юю", "ым", "им", "ом", "ем", "ам", "ям", "ах", "ях", "ов", "ев",
    "ью", "ия", "ию", "ть", "а", "я", "о", "е", "у", "ю", "ы", "и", "ь",
    /* Arabic: the feminine, plurals, the dual, of somewhere, hers */
    "ها", "ات", "ون", "ين", "ان", "يه", "ه", "ي",
};

/* Characters, not bytes. */
static size_t length_of(const uint8_t *p, size_t len)
{
    size_t n = 0;

    assert(len <= OL_TERM_MAX);
    for (size_t i = 0; i < len; i++)
        n += (p[i] & 0xc0) != 0x80;
    return n;
}

/* The length of a word without its ending; of a word with none, or with a figure in it, all. */
static size_t stem_len(const uint8_t *word, size_t len)
{
    size_t stem = len;

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t n = strlen(endings[i]);
        size_t least = (endings[i][0] & 0x80) != 0 ? 3 : 4;

        if (len > n && len - n < stem && memcmp(word + len - n, endings[i], n) == 0 &&
            length_of(word, len - n) >= least && (word[len - n - 1] < '0' || word[len - n - 1] > '9'))
            stem = len - n;
    }
    assert(stem > 0 || len == 0);
    return stem;
}

/* Where the last of these terms, each with a space after it, begins. */
static size_t last_term(const uint8_t *terms, size_t from, size_t to)
{
    size_t at = to - 1;

    assert(from < to && terms[to - 1] == ' ');
    while (at > from && terms[at - 1] != ' ')
        at--;
    return at;
}

/* One character of a run stands in the term that it begins. A typed word may go on, from three letters on, and then its
 * ending may be another. */
static void loosen(struct ol_query *q, struct ol_sought *s, size_t last, size_t end, bool quoted)
{
    const uint8_t *term = q->terms + last;
    size_t len = end - last;
    int32_t c = 0;

    (void)utf8proc_iterate(term, (utf8proc_ssize_t)len, &c);
    assert(c > 0);
    if (is_run(c)) {
        s->begins = length_of(term, len) == 1;
        return;
    }
    s->begins = !quoted && length_of(term, len) >= 3;
    if (s->begins)
        s->len = (uint16_t)(last + stem_len(term, len) - s->at);
}

/* What stands before a form's code; 0: nothing does. */
static size_t form_sign(struct ol_span word, bool quoted)
{
    static const char sign[] = "form:";
    size_t n = sizeof sign - 1;

    return !quoted && word.len > n && memcmp(word.p, sign, n) == 0 ? n : 0;
}

static enum ol_err seek(struct ol_query *q, struct ol_wr *w, struct ol_span word, bool quoted, uint64_t when)
{
    struct ol_sought *s = &q->sought[q->n];
    size_t sign = form_sign(word, quoted);
    size_t at = w->len;

    if (word.len == 0)
        return OL_OK;
    add_text(&(struct terms){.w = w, .seeks = sign == 0}, ol_span(word.p + sign, word.len - sign));
    if (w->len == at)
        return w->full ? OL_LIMIT : OL_OK;
    if (w->full || q->n == OL_SOUGHT_MAX)
        return OL_LIMIT;
    assert(w->len <= sizeof q->terms && w->p == q->terms);
    *s = (struct ol_sought){.at = (uint16_t)at, .len = (uint16_t)(w->len - 1 - at), .is_form = sign > 0, .when = when};
    if (!s->is_form && when == 0)
        loosen(q, s, last_term(q->terms, at, w->len), w->len - 1, quoted);
    q->n++;
    return OL_OK;
}

static bool is_word(struct ol_span word, const char *what)
{
    assert(what[0] != '\0');
    return ol_span_equal(word, ol_span(what, strlen(what)));
}

/* "from:me": what no word of a text says. */
static bool is_sign(struct ol_query *q, struct ol_span word)
{
    bool me = is_word(word, "from:me");
    bool peer = is_word(word, "from:peer");

    q->not_peers |= me;
    q->not_mine |= peer;
    return me || peer;
}

static bool is_quote(int32_t c)
{
    static const struct range quotes[] = {
        {'"', '"'}, {0xab, 0xab}, {0xbb, 0xbb}, {0x201c, 0x201f}, {0x300c, 0x300f}, {0xff02, 0xff02},
    };

    return is_in(quotes, sizeof quotes / sizeof quotes[0], c);
}

static bool is_space(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);

    assert(c >= 0);
    return category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_CC;
}

/* The character at this place; a space behind the last. */
static size_t character_at(struct ol_span text, size_t at, int32_t *c)
{
    *c = ' ';
    return at < text.len ? (size_t)utf8proc_iterate(text.p + at, (utf8proc_ssize_t)(text.len - at), c) : 1;
}

/* The month, day or minute that the next words are, whole, and how long they are; 0: they are none. */
static uint64_t when_at(struct ol_span text, size_t at, size_t *len)
{
    uint64_t when = ol_when_read(ol_span(text.p + at, text.len - at), len);
    int32_t after;

    (void)character_at(text, at + *len, &after);
    return when > 0 && (is_quote(after) || is_space(after)) ? when : 0;
}

static enum ol_err read_words(struct ol_span text, struct ol_query *q, struct ol_wr *w)
{
    struct ol_span word = ol_span(text.p, 0);
    bool quoted = false;
    enum ol_err err = OL_OK;

    for (size_t at = 0, n; at <= text.len && !err; at += n) {
        uint64_t when = !quoted && word.len == 0 && at < text.len ? when_at(text, at, &n) : 0;
        int32_t c;
        bool quote;

        if (when > 0) {
            err = seek(q, w, ol_span(text.p + at, n), false, when);
            word = ol_span(text.p + at + n, 0);
            continue;
        }
        n = character_at(text, at, &c);
        quote = at == text.len || is_quote(c);
        if (!quote && (quoted || !is_space(c))) {
            word.len += n;
            continue;
        }
        if (quoted || !is_sign(q, word))
            err = seek(q, w, word, quoted, 0);
        quoted = quote ? !quoted : quoted;
        if (at < text.len)
            word = ol_span(text.p + at + n, 0);
    }
    return err;
}

enum ol_err ol_query_read(struct ol_span text, struct ol_query *out)
{
    struct ol_wr w = ol_wr_to(out->terms, sizeof out->terms);
    enum ol_err err = OL_OK;

    memset(out, 0, sizeof *out);
    if (text.len > OL_QUERY_MAX)
        return OL_LIMIT;
    if (!ol_utf8_valid(text))
        return OL_MALFORMED;
    if (text.len == 0)
        return OL_ABSENT;
    err = read_words(text, out, &w);
    if (!err && out->n == 0)
        err = OL_ABSENT;
    if (err)
        memset(out, 0, sizeof *out);
    return err;
}
