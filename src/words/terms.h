/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text as terms to be found by: what one person writes and another types comes out the same.
 *
 * Characters are folded: compatibility forms and case (NFKC_Casefold), marks over and under letters taken off (Arabic
 * vowels and tatweel, the dots of the Russian yo, accents), the forms of alef and yeh made one, Arabic digits made 0 to
 * 9. A word of letters and digits is one term, an Arabic one without its article. Of writing without spaces (Chinese,
 * Japanese, Korean, Thai, Lao, Khmer, Burmese) each two neighbours are a term, and the last character: what is typed of
 * it is then some terms in a row, or the beginning of one. All else stands between words.
 *
 * A query is words with spaces between them, each of which must be there: a word of several terms (12-34/AB) as they
 * stand in a row. The last term is cut to its stem (endings of English, French, Spanish, Russian and Arabic: terms.c)
 * and need only begin a term, from three letters on. "Words in quotes" stand in a row, whole. A day, a month or a
 * moment (when.h) is found in a text and as that of an entry; form:LAUNCH is the code of a form, whole; from:me and
 * from:peer say who wrote it.
 */
#ifndef OL_WORDS_TERMS_H
#define OL_WORDS_TERMS_H

#include "base/bytes.h"

#define OL_TERM_MAX 64u   /* bytes; longer words are cut */
#define OL_SOUGHT_MAX 32u /* words of a query */
#define OL_QUERY_MAX 512u /* bytes of a query */

/* Writes each term with a space after it; bytes that are no UTF-8 stand between words. A term holds letters, digits and
 * marks, nothing of ASCII but 0-9 and a-z. When one does not fit, w->full is set and nothing follows. */
void ol_terms_write(struct ol_span text, struct ol_wr *w);

/* One word of a query, or its words in quotes. */
struct ol_sought {
    uint16_t at;   /* its terms, each but the last with a space after it */
    uint16_t len;
    bool begins;   /* the last of them need only begin a term */
    bool is_form;  /* they are a form's code */
    uint64_t when; /* or the entry is of this month, 202611, day, 20261121, or minute, 202611211432; 0: none of them */
};

struct ol_query {
    uint8_t terms[8 * OL_QUERY_MAX];
    struct ol_sought sought[OL_SOUGHT_MAX];
    size_t n;
    bool not_mine;  /* from:peer */
    bool not_peers; /* from:me */
};

/* ABSENT: there is no word to be sought. LIMIT: longer than OL_QUERY_MAX, or more words than OL_SOUGHT_MAX.
 * MALFORMED: not UTF-8. *out is zero then. */
OL_MUST_USE enum ol_err ol_query_read(struct ol_span text, struct ol_query *out);

#endif
