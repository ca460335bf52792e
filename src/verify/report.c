/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "desk/kind.h"
#include "desk/message.h"
#include "desk/said.h"
#include "lang/text.h"

#define ID 16u /* "A4294967295" */
#define TIME 32u
#define NUMBER 24u
#define PARAMS_MAX 8u
#define HEX(n) (2u * (n) + 1u)

static const char *const remark_names[] = {
#define X(name, text) [OL_FOUND_##name] = #name,
    OL_REMARK_LIST(X)
#undef X
};

bool report_remark(struct report *r, const struct ol_finding *remark)
{
    if (r->remarks_n == r->remarks_cap) {
        size_t cap = r->remarks_cap > 0 ? 2 * r->remarks_cap : 16;
        struct ol_finding *more = realloc(r->remarks, cap * sizeof *more);

        if (more == NULL)
            return false;
        r->remarks = more;
        r->remarks_cap = cap;
    }
    r->remarks[r->remarks_n++] = *remark;
    return true;
}

static void put_piece(void *ctx, struct ol_span piece, bool is_value)
{
    (void)is_value;
    fwrite(piece.p, 1, piece.len, ctx);
}

static const char *id_text(char out[static ID], uint8_t author, uint32_t seq)
{
    snprintf(out, ID, "%c%" PRIu32, author, seq);
    return out;
}

/* "A12 names ... (B7)" */
static void sentence(const struct ol_finding *f, char *out, size_t cap)
{
    uint8_t other = f->what == OL_FOUND_LOST ? f->author : (uint8_t)('A' + 'B' - f->author);
    const char *about = ol_text("verify.the_file");
    char id[ID];
    char named[ID];
    char beside[ID + 8] = "";

    if (f->seq > 0)
        about = id_text(id, f->author, f->seq);
    else if (f->author != 0)
        snprintf(beside, sizeof beside, " (%c)", f->author);
    if (f->other > 0)
        snprintf(beside, sizeof beside, " (%s)", id_text(named, other, f->other));
    snprintf(out, cap, "%s %s%s", about, ol_text(ol_found_key(f->what)), beside);
}

void report_line(FILE *to, const char *key, ...)
{
    struct ol_param param[PARAMS_MAX];
    size_t n = 0;
    const char *name;
    va_list list;

    va_start(list, key);
    while (n < PARAMS_MAX && (name = va_arg(list, const char *)) != NULL)
        param[n++] = (struct ol_param){name, va_arg(list, const char *)};
    va_end(list);
    ol_text_each(ol_text(key), param, n, put_piece, to);
    fputc('\n', to);
}

void report_refused(struct report *r)
{
    sentence(&r->why, r->error, sizeof r->error);
}

static const char *hex(char *out, struct ol_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes.p[i]);
    out[2 * bytes.len] = '\0';
    return out;
}

static const char *utc_text(char out[static TIME], uint32_t utc)
{
    time_t t = (time_t)utc;
    struct tm tm;

    if (gmtime_r(&t, &tm) == NULL || strftime(out, TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        out[0] = '\0';
    return out;
}

/* What an entry says by itself; empty when that is nothing, or values of a form. */
static struct ol_span said_by(const struct ol_header *h, struct ol_span body)
{
    static uint8_t buf[OL_SAID_MAX];
    struct ol_wr w = ol_wr_to(buf, sizeof buf);

    ol_entry_say(h->kind, body, &w);
    return ol_wr_span(&w);
}

static bool is_known(const struct ol_parties *p)
{
    return p->card[0].len > 0;
}

static const char *precedence_name(uint8_t flags)
{
    static const char *const names[] = {
        [OL_ROUTINE] = "routine",
        [OL_PRIORITY] = "priority",
        [OL_IMMEDIATE] = "immediate",
        [OL_FLASH] = "flash",
    };

    return names[ol_flags_precedence(flags)];
}

/* ---- JSON ---- */

static json_t *header_json(const struct ol_header *h)
{
    char id[ID];
    char when[TIME];

    return json_pack("{s:s, s:i, s:s, s:s, s:b, s:s}", "id", id_text(id, h->author, h->seq), "kind", h->kind, "name",
                     ol_kind_name(h->kind), "precedence", precedence_name(h->flags), "exercise",
                     (h->flags & OL_FLAG_EXERCISE) != 0, "time", utc_text(when, h->time));
}

/* Null when it says nothing, or what JSON cannot hold. */
static json_t *text_json(const struct ol_header *h, struct ol_span body)
{
    struct ol_span text = said_by(h, body);
    json_t *s = text.len > 0 ? json_stringn((const char *)text.p, text.len) : NULL;

    return s != NULL ? s : json_null();
}

static json_t *listed_json(struct ol_export *e)
{
    json_t *list = json_array();
    struct ol_header h;
    struct ol_span body;

    while (ol_export_next(e, &h, &body)) {
        json_t *one = header_json(&h);

        json_object_set_new(one, "text", text_json(&h, body));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *disclosed_json(const struct ol_disclosure *d)
{
    char *body = malloc(HEX(d->body.len));
    json_t *out = NULL;

    if (d->h.seq > 0 && body != NULL)
        out = header_json(&d->h);
    if (out != NULL) {
        json_object_set_new(out, "text", text_json(&d->h, d->body));
        json_object_set_new(out, "body", json_string(hex(body, d->body)));
    }
    free(body);
    return out != NULL ? out : json_null();
}

static json_t *evidence_json(const struct ol_evidence *e)
{
    if (e->proof == 0)
        return json_null();
    return json_pack("{s:s, s:[o, o]}", "proof",
                     e->proof == OL_EVIDENCE_SAME_NUMBER ? "same_number" : "broken_chain", "entries",
                     header_json(&e->h[0]), header_json(&e->h[1]));
}

static json_t *remarks_json(const struct report *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->remarks_n; i++) {
        const struct ol_finding *f = &r->remarks[i];
        char text[REPORT_SENTENCE];
        char id[ID];

        sentence(f, text, sizeof text);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "id", id_text(id, f->author, f->seq),
                                              "remark", remark_names[f->what], "text", text));
    }
    return list;
}

static json_t *streams_json(const struct report *r, bool ok)
{
    json_t *streams = json_object();

    for (unsigned i = 0; i < 2; i++) {
        char name[2] = {(char)('A' + i), '\0'};

        json_object_set_new(streams, name,
                            json_pack("{s:o, s:o}", "entries",
                                      ok ? json_integer(r->entries[i]) : json_null(), "head",
                                      ok && r->has_heads ? json_integer(r->heads[i]) : json_null()));
    }
    return streams;
}

static json_t *fingerprints_json(const struct ol_parties *p)
{
    char a[HEX(32)];
    char b[HEX(32)];

    if (!is_known(p))
        return json_pack("{s:n, s:n}", "A", "B");
    hex(a, ol_span(p->fingerprint[0].b, 32));
    hex(b, ol_span(p->fingerprint[1].b, 32));
    return json_pack("{s:s, s:s}", "A", a, "B", b);
}

void report_json(const struct report *r)
{
    bool ok = r->error[0] == '\0';
    json_int_t entries = (json_int_t)r->entries[0] + r->entries[1];
    char at[ID];
    json_t *all;

    /* One line a field, so that the order of the arguments can be seen. */
    all = json_pack("{s:i, s:b, s:s?, s:o, s:o, s:o, s:{s:b, s:b}, s:o, s:o, s:o, s:s?, s:s?}",
                    "schema", 1,
                    "ok", ok,
                    "kind", r->kind,
                    "entries", ok ? json_integer(entries) : json_null(),
                    "streams", streams_json(r, ok),
                    "fingerprints", fingerprints_json(&r->parties),
                    "card_given", "A", r->card_given[0], "B", r->card_given[1],
                    "remarks", remarks_json(r),
                    "disclosed", disclosed_json(&r->disclosure),
                    "evidence", evidence_json(&r->evidence),
                    "at", r->why.seq > 0 ? id_text(at, r->why.author, r->why.seq) : NULL,
                    "error", ok ? NULL : r->error);
    if (ok && r->listed != NULL)
        json_object_set_new(all, "listed", listed_json(r->listed));
    json_dumpf(all, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(all);
}

/* ---- Text ---- */

/* A text of unknown origin on a terminal: control characters would act on it. C1 is c2 80 to c2 9f. */
static void print_safely(struct ol_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.p[i];
        bool c1 = c == 0xc2 && i + 1 < text.len && text.p[i + 1] < 0xa0;

        if (c1 || (c < 0x20 && c != '\n') || c == 0x7f)
            putchar('?');
        else
            putchar(c);
        i += c1;
    }
}

static const char *digits(char out[static NUMBER], size_t n)
{
    snprintf(out, NUMBER, "%zu", n);
    return out;
}

static void print_party(const struct report *r, unsigned i)
{
    char side[2] = {(char)('A' + i), '\0'};
    struct ol_card card;
    char fingerprint[HEX(32)];
    char entries[NUMBER];
    char head[ID];

    if (ol_card_read(r->parties.card[i], &card))
        return;
    report_line(stdout, r->has_heads ? "verify.party_heads" : "verify.party", "side", side, "party", card.party,
                "station", card.station, "entries", digits(entries, r->entries[i]), "head",
                id_text(head, (uint8_t)side[0], r->heads[i]), NULL);
    report_line(stdout, r->card_given[i] ? "verify.fingerprint_brought" : "verify.fingerprint", "fingerprint",
                hex(fingerprint, ol_span(r->parties.fingerprint[i].b, 32)), NULL);
}

/* First and last line of what may not go everywhere. */
static void print_handling(uint8_t kind, struct ol_span body)
{
    char word[OL_WORD_LEVEL + 1];
    struct ol_message m;

    if (ol_meaning_read(kind, body, &m) || m.handling.len == 0)
        return;
    snprintf(word, sizeof word, "%.*s", (int)m.handling.len, (const char *)m.handling.p);
    report_line(stdout, "say.show.handling", "word", word, NULL);
}

static void print_disclosure(const struct ol_disclosure *d)
{
    char id[ID];
    char by[ID];
    char when[TIME];
    char number[NUMBER];
    char kind[64];
    struct ol_span text = said_by(&d->h, d->body);

    snprintf(kind, sizeof kind, "%u (%s)", d->h.kind, ol_kind_name(d->h.kind));
    print_handling(d->h.kind, d->body);
    report_line(stdout, d->h.flags & OL_FLAG_EXERCISE ? "verify.entry_exercise" : "verify.entry", "id",
                id_text(id, d->h.author, d->h.seq), "precedence", precedence_name(d->h.flags), "time",
                utc_text(when, d->h.time), "kind", kind, "by",
                id_text(by, d->h.author, d->sealed_by), NULL);
    if (text.len > 0) {
        print_safely(text);
        putchar('\n');
    } else {
        report_line(stdout, "verify.body", "bytes", digits(number, d->body.len), NULL);
    }
    print_handling(d->h.kind, d->body);
}

/* "A12    2026-11-21T14:32:07Z  flash      message", and what it says. */
static void print_listed(struct ol_export *e)
{
    struct ol_header h;
    struct ol_span body;
    char id[ID];
    char when[TIME];

    while (ol_export_next(e, &h, &body)) {
        struct ol_span text = said_by(&h, body);

        print_handling(h.kind, body);
        printf("%-6s %s  %-9s  %s%s%s\n", id_text(id, h.author, h.seq), utc_text(when, h.time), precedence_name(h.flags),
               ol_kind_name(h.kind), h.flags & OL_FLAG_EXERCISE ? "  " : "",
               h.flags & OL_FLAG_EXERCISE ? ol_text("mark.exercise") : "");
        if (text.len > 0) {
            fputs("       ", stdout);
            print_safely(text);
            putchar('\n');
        }
        print_handling(h.kind, body);
    }
}

static void print_evidence(const struct ol_evidence *e)
{
    char side[2] = {(char)e->h[0].author, '\0'};
    char one[ID];
    char other[ID];

    report_line(stdout, e->proof == OL_EVIDENCE_SAME_NUMBER ? "verify.same_number" : "verify.broken_chain", "side", side,
                "id", id_text(one, e->h[0].author, e->h[0].seq), "other", id_text(other, e->h[1].author, e->h[1].seq),
                NULL);
}

static void print_authorship(const struct report *r)
{
    for (unsigned i = 0; i < 2; i++) {
        char side[2] = {(char)('A' + i), '\0'};

        if (!r->card_given[i])
            report_line(stdout, "verify.no_given_card", "side", side, NULL);
    }
}

void report_text(const struct report *r)
{
    char text[REPORT_SENTENCE];

    if (is_known(&r->parties)) {
        print_party(r, 0);
        print_party(r, 1);
    }
    if (r->error[0] != '\0')
        return;
    for (size_t i = 0; i < r->remarks_n; i++) {
        sentence(&r->remarks[i], text, sizeof text);
        report_line(stdout, "verify.remark", "text", text, NULL);
    }
    if (r->listed != NULL)
        print_listed(r->listed);
    if (r->disclosure.h.seq > 0)
        print_disclosure(&r->disclosure);
    if (r->evidence.proof > 0)
        print_evidence(&r->evidence);
    print_authorship(r);
    report_line(stdout, "verify.verified", "kind", r->kind, NULL);
}
