/* SPDX-License-Identifier: Apache-2.0 */
/* What must be true at rest: both records as their stores have them, both exports as an auditor has them. */
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "proof/export.h"
#include "sim/run.h"

#define IDLE_INTERVALS 3u
#define HOUR_MS (66u * 60 * 1000) /* by a clock that runs slow */

struct kept {
    uint8_t author;
    uint8_t kind;
    uint32_t seq;
    bool marked; /* with a claim that did not match */
    struct ol_hash hash;
    struct ol_hash text; /* of kind and body */
};

struct record {
    struct sim_party *party;
    struct kept *row;
    size_t n;
    size_t cap;
    uint32_t of[2]; /* how many of each author */
    size_t bad;
    struct ol_export_writer writer;
    uint8_t *file;
    size_t file_len;
    size_t file_cap;
};

/* ---- Reading a record ---- */

static bool keep(void *ctx, const struct ol_row *row)
{
    struct record *r = ctx;
    struct ol_span parts[2] = {ol_span(&row->h.kind, 1), row->body};
    struct kept *k;

    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? 256 : 2 * r->cap;
        r->row = sim_must(realloc(r->row, r->cap * sizeof *r->row));
    }
    k = &r->row[r->n++];
    *k = (struct kept){.author = row->h.author, .kind = row->h.kind, .seq = row->h.seq, .hash = row->hash,
                       .marked = row->marks & OL_ROW_CLAIM};
    ol_sha256(parts, 2, &k->text);
    r->of[row->h.author - 'A']++;
    return true;
}

/* Seals are verified again with the export; here one in eight. */
static bool check_row(void *ctx, const struct ol_row *row)
{
    struct record *r = ctx;

    if ((row->h.seq + r->party->sim->world.seed) % 8 == 0)
        r->bad += ol_record_check_row(&r->party->line->record, row) != OL_OK;
    return true;
}

static bool scan(struct record *r, ol_row_fn *each)
{
    for (uint8_t author = 'A'; author <= 'B'; author++)
        if (ol_store_scan(r->party->store, r->party->info.number, author, 1, each, r))
            return false;
    return true;
}

static void read_record(struct record *r, struct sim_party *p)
{
    *r = (struct record){.party = p};
    sim_check(p->sim, SIM_CHECK_ROWS_VERIFY, scan(r, keep) && scan(r, check_row) && r->bad == 0,
              "%s: %u rows are not what their headers say", p->name, (unsigned)r->bad);
}

static void record_free(struct record *r)
{
    free(r->row);
    free(r->file);
}

/* ---- The auditor ---- */

static bool to_file(void *ctx, struct ol_span bytes)
{
    struct record *r = ctx;

    if (r->file_len + bytes.len > r->file_cap) {
        r->file_cap = 2 * (r->file_len + bytes.len);
        r->file = sim_must(realloc(r->file, r->file_cap));
    }
    memcpy(r->file + r->file_len, bytes.p, bytes.len);
    r->file_len += bytes.len;
    return true;
}

static bool write_row(void *ctx, const struct ol_row *row)
{
    struct record *r = ctx;

    return ol_export_row(&r->writer, row) == OL_OK;
}

static bool export(struct record *r)
{
    const struct ol_line_info *info = &r->party->info;
    struct ol_parties parties;

    return ol_parties_set(&parties, &info->id0, ol_span(info->own_card, info->own_card_len),
                          ol_span(info->peer_card, info->peer_card_len)) == OL_OK &&
           ol_export_begin(&r->writer, &parties, &r->party->keys.salt, r->of, to_file, r) == OL_OK &&
           scan(r, write_row) && ol_export_end(&r->writer) == OL_OK;
}

/* What an honest line may hold: entries that a resume lost, and what stands beside them. */
static void on_remark(void *ctx, const struct ol_finding *remark)
{
    struct record *r = ctx;
    const struct sim *s = r->party->sim;
    bool author_lies = remark->author >= 'A' && s->party[remark->author - 'A'].lies;
    bool resumed = s->party[0].rolled_back || s->party[1].rolled_back || s->party[0].damaged || s->party[1].damaged ||
                   s->party[2].exists || s->operator_resumed;

    sim_check(r->party->sim, SIM_CHECK_RECORD_VERIFIES, author_lies || resumed, "%s: %c%u %s", r->party->name,
              remark->author, remark->seq, ol_found_key(remark->what));
}

static void verify(struct record *r)
{
    struct ol_export e;
    struct ol_finding why = {0};
    struct ol_export_place *places = NULL;
    uint32_t heads[2];
    enum ol_err err = ol_export_open(ol_span(r->file, r->file_len), &e, &why);

    if (!err) {
        places = sim_must(calloc(r->n + 1, sizeof *places));
        err = ol_export_verify(&e, places, on_remark, r, heads, &why);
    }
    sim_check(r->party->sim, SIM_CHECK_RECORD_VERIFIES, !err, "the export of %s is refused: %c%u %s", r->party->name,
              why.author != 0 ? why.author : '-', why.seq, ol_found_key(why.what));
    free(places);
}

/* ---- Both records ---- */

static bool same(const struct kept *a, const struct kept *b)
{
    return a->author == b->author && a->seq == b->seq && ol_hash_equal(&a->hash, &b->hash);
}

static void compare(struct sim *s, const struct record *a, const struct record *b)
{
    size_t n = a->n < b->n ? a->n : b->n;
    size_t i = 0;

    while (i < n && same(&a->row[i], &b->row[i]))
        i++;
    sim_check(s, SIM_CHECK_RECORDS_AGREE, i == a->n && i == b->n,
              "A holds %u entries and B %u; they differ from %c%u on", (unsigned)a->n, (unsigned)b->n,
              i < a->n ? a->row[i].author : i < b->n ? b->row[i].author : '-',
              i < a->n ? a->row[i].seq : i < b->n ? b->row[i].seq : 0);
}

/* ---- Texts ---- */

static size_t times_on(const struct record *r, uint8_t author, const struct ol_hash *text)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++)
        n += r->row[i].author == author && ol_hash_equal(&r->row[i].text, text);
    return n;
}

static void check_text(struct sim *s, const struct sim_party *p, const struct sim_text *t, const struct record *r)
{
    size_t n = times_on(r, p->side, &t->hash);

    /* Gone back in time, it is safe only with a peer that does not lie. */
    if (p->rolled_back && sim_peer(p)->lies)
        return;
    if (t->delivered && n == 0)
        s->check.lost++;
    if (t->delivered)
        sim_check(s, SIM_CHECK_NEVER_LOST, n > 0, "%c%u, told delivered to %s, is not on the record of %s", p->side,
                  t->seq, p->name, r->party->name);
    else if (t->durable && !t->gone)
        sim_check(s, SIM_CHECK_RELEASED_ARRIVES, n > 0, "a text that %s released (%c%u) is not on the record of %s",
                  p->name, p->side, t->seq, r->party->name);
    if (!ol_kind_is_message(t->kind))
        return; /* who was not told of an act may do it again: it is without effect */
    if (n > 1 && !p->rolled_back)
        s->check.duplicated++;
    sim_check(s, SIM_CHECK_SHOWN_ONCE, n <= 1 || p->rolled_back, "a text of %s stands %u times on the record of %s",
              p->name, (unsigned)n, r->party->name);
}

/* ---- Views ---- */

static bool say_act(void *ctx, const struct ol_row *row)
{
    const struct sim_party *p = ctx;

    sim_world_say(&p->sim->world, "    on the record of %s: %c%u, kind %u, names %u, marks %u", p->name, row->h.author,
                  row->h.seq, row->h.kind, row->h.xseq, row->marks);
    return true;
}

/* For whoever reads the story of a failure. */
static void say_acts(struct sim *s, const struct sim_view *v)
{
    enum ol_err err = OL_OK;

    for (unsigned i = 0; i < 2 && !err; i++)
        err = ol_store_acts(s->party[i].store, s->party[i].info.number, v->author, v->seq, say_act, &s->party[i]);
}

static bool same_dialogue(const struct ol_dialogue *a, const struct ol_dialogue *b)
{
    uint8_t one[OL_DIALOGUE_BYTES];
    uint8_t other[OL_DIALOGUE_BYTES];
    struct ol_wr w = ol_wr_to(one, sizeof one);
    struct ol_wr v = ol_wr_to(other, sizeof other);

    ol_dialogue_write(a, &w);
    ol_dialogue_write(b, &v);
    return memcmp(one, other, sizeof one) == 0;
}

static void check_views(struct sim_party *p)
{
    for (size_t i = 0; i < p->view_n && !p->sim->check.failed; i++) {
        const struct sim_view *v = &p->view[i];

        for (unsigned side = 0; side < 2; side++) {
            const struct sim_party *at = &p->sim->party[side];
            struct ol_dialogue d;
            enum ol_err err;

            if (at->lies)
                continue;
            err = sim_people_dialogue(at->store, at->info.number, v->author, v->seq, &d);
            if (!sim_check(p->sim, SIM_CHECK_VIEWS_REBUILD,
                           err == OL_OK && same_dialogue(&d, &v->dialogue),
                           "%s shows %c%u as %s, the record of %s says %s", p->name, v->author, v->seq,
                           ol_message_state_name(v->dialogue.state), at->name, ol_message_state_name(d.state)))
                say_acts(p->sim, v);
        }
    }
}

/* ---- Heads, clocks, silence ---- */

static void check_head(struct sim_party *p, const struct record *r)
{
    struct ol_line_status st;
    uint32_t last[2] = {0, 0};

    for (size_t i = 0; i < r->n; i++)
        last[r->row[i].author - 'A'] = r->row[i].seq;
    ol_line_status(p->line, sim_party_now(p), &st);
    if (sim_peer(p)->lies) /* it may have sealed an entry above a gap */
        last[p->side == 'A'] = st.peer_head;
    sim_check(p->sim, SIM_CHECK_KNOWS_ITS_HEAD,
              st.own_head == last[p->side - 'A'] && st.peer_head == last[p->side == 'A'],
              "%s believes in %u and %u, its store ends with %u and %u", p->name, st.own_head, st.peer_head,
              last[p->side - 'A'], last[p->side == 'A']);
}

/* The clocks were compared at the last echo, up to two liveness intervals ago when the two ask in turn, and what was asked
 * up to one before that explains as much; one may stand still since. */
static void check_clocks(struct sim *s)
{
    int64_t apart = (int64_t)sim_party_now(&s->party[0]).utc - (int64_t)sim_party_now(&s->party[1]).utc;
    int64_t unsure = (int64_t)(s->liveness_ms / 1000 + 2 * sim_net_round_trip(&s->net) / SIM_SECOND + 2);

    apart = apart < 0 ? -apart : apart;
    for (unsigned i = 0; i < 2; i++) {
        struct ol_line_status st;

        ol_line_status(s->party[i].line, sim_party_now(&s->party[i]), &st);
        if (apart > 60 + 3 * unsure)
            sim_check(s, SIM_CHECK_ALARM_CLOCK, st.clock_doubtful, "%s trusts clocks that are %lld s apart",
                      s->party[i].name, (long long)apart);
        else if (apart < 60 - unsure)
            sim_check(s, SIM_CHECK_ALARM_CLOCK, !st.clock_doubtful, "%s doubts clocks that are %lld s apart",
                      s->party[i].name, (long long)apart);
    }
}

static void idle(struct sim *s, unsigned intervals)
{
    sim_us end = s->world.now + intervals * s->liveness_ms * SIM_MS;

    while (!s->check.failed && sim_world_step(&s->world, end))
        continue;
}

/* For what resumes gave up it may just be asking once more. */
bool sim_check_stays_at_rest(struct sim *s)
{
    if (!sim_check_at_rest(s))
        idle(s, 1);
    return sim_check_at_rest(s);
}

/* An ask, its echo, and what may be left to say on each path and in each interval; twice that. */
static void check_silence(struct sim *s)
{
    uint64_t before;
    uint64_t most = (uint64_t)IDLE_INTERVALS * s->net.paths * 2 * 4 + 8;

    idle(s, 1); /* what a resume left out may still be coming back */
    before = s->net.frames;
    idle(s, IDLE_INTERVALS);
    if (s->liar >= 0)
        return;
    sim_check(s, SIM_CHECK_QUIET_AT_REST, s->net.frames - before <= most,
              "%llu frames in %u intervals of a line at rest", (unsigned long long)(s->net.frames - before),
              IDLE_INTERVALS);
    sim_check(s, SIM_CHECK_COMES_TO_REST, sim_check_stays_at_rest(s), "it does not stay at rest");
}

/* A relay that loses what is long can keep away what a resume gave up, until that is asked for again within the hour. */
static bool is_kept_away(struct sim *s)
{
    bool differ = false;

    for (uint8_t author = 'A'; author <= 'B'; author++) {
        uint32_t n[2] = {0, 0};

        for (unsigned i = 0; i < 2; i++)
            if (ol_store_count(s->party[i].store, s->party[i].info.number, author, UINT32_MAX, &n[i]))
                return false; /* the checks will find out why */
        differ = differ || n[0] != n[1];
    }
    return differ && (ol_record_own(&s->party[0].line->record)->absent_n > 0 ||
                      ol_record_own(&s->party[1].line->record)->absent_n > 0);
}

static void check_both(struct sim *s)
{
    struct record r[2];

    for (unsigned i = 0; i < 2; i++)
        read_record(&r[i], &s->party[i]);
    if (!s->party[0].lies && !s->party[1].lies)
        compare(s, &r[0], &r[1]);
    for (unsigned i = 0; i < 2 && !s->check.failed; i++) {
        if (s->party[i].lies)
            continue;
        sim_check(s, SIM_CHECK_RECORD_VERIFIES, export(&r[i]), "%s cannot export its record", s->party[i].name);
        if (i == 0 || r[0].file_len != r[1].file_len || memcmp(r[0].file, r[1].file, r[0].file_len) != 0)
            verify(&r[i]); /* the same bytes verify alike */
        check_head(&s->party[i], &r[i]);
        check_views(&s->party[i]);
        for (size_t n = 0; n < s->party[i].text_n; n++)
            for (unsigned at = 0; at < 2; at++)
                if (!s->party[at].lies)
                    check_text(s, &s->party[i], &s->party[i].text[n], &r[at]);
    }
    for (unsigned i = 0; i < 2; i++)
        record_free(&r[i]);
}

void sim_check_rest(struct sim *s)
{
    check_silence(s);
    if (!s->check.failed && s->liar < 0 && is_kept_away(s))
        idle(s, (unsigned)(HOUR_MS / s->liveness_ms) + 2 * IDLE_INTERVALS);
    if (!s->check.failed)
        check_clocks(s);
    if (!s->check.failed)
        check_both(s);
    if (!s->check.failed)
        sim_check_desks(s);
    if (!s->check.failed)
        sim_check_off_record(s);
}
