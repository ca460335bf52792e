/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/liar.h"

#include <stdlib.h>
#include <string.h>

#include "desk/ledger.h"
#include "sim/forge.h"
#include "sim/run.h"

#define OFTEN (20 * SIM_SECOND)  /* between two lies of one sort */
#define KEPT 8u                  /* message 1s that are kept for later */
#define NOTED 64u
#define LAST_WORDS (2 * SIM_SECOND)
#define FLOOD 200u               /* frames at a time */
#define FRAME_WITH_ENTRY 96u     /* no sync with an echo is as long, no entry with a seal is shorter */

/* What a lie is made of; all but begin may be missing. */
struct lie;
struct habit {
    /* Of the items in the frames that leave and come: true keeps one, changed or not. */
    sim_item_fn *out;
    sim_item_fn *in;
    /* Now and then. */
    void (*act)(struct sim_active *f);
    /* Once the faults have stopped: whether it need not be said again. */
    bool (*arrived)(const struct lie *lie);
    bool believed; /* nothing of it changes what the liar holds: all checks hold for it as for anybody */
};

struct lie {
    struct lie *next; /* of the same party */
    struct sim_active *f;
    struct sim_party *p;
    const struct habit *habit;
    bool on;
    /* What was signed and should not have been. */
    struct ol_place noted[NOTED];
    size_t noted_n;
    /* Kept frames. */
    struct {
        uint8_t path;
        size_t len;
        uint8_t bytes[OL_FRAME_MAX];
    } kept[KEPT];
    uint64_t kept_n;
    uint8_t changed[OL_FRAME_MAX];
    enum ol_precedence stalled;
    /* How long the honest side has had no receipt. */
    uint64_t life;
    uint32_t named;
    sim_us since;
};

static struct sim_party *honest_of(const struct lie *lie)
{
    return &lie->f->sim->party[1 - lie->p->index];
}

static struct lie *lie_of(const struct sim_active *f)
{
    return f->own;
}

static void note(struct lie *lie, const struct ol_header *h, struct ol_span body)
{
    struct ol_place *at = &lie->noted[lie->noted_n++ % NOTED];

    at->seq = h->seq;
    sim_forge_hash(lie->p, h, body, &at->hash);
    sim_played(lie->f);
}

/* On its own record, from where it goes as any other. */
static void write(struct lie *lie, const struct ol_header *h, struct ol_span body)
{
    if (sim_forge_write(lie->p, h, body))
        note(lie, h, body);
}

/* To the other side alone. */
static void send(struct lie *lie, const struct ol_header *h, struct ol_span body)
{
    struct ol_item item = {.kind = OL_ITEM_ENTRY, .entry = sim_forge_sign(lie->p, h, body)};

    if (sim_forge_send_item(lie->p, &item))
        note(lie, h, body);
}

/* ---- Behind the line's back ---- */

static bool changes_items(const struct lie *lie, bool in)
{
    for (; lie != NULL; lie = lie->next)
        if (lie->on && (in ? lie->habit->in : lie->habit->out) != NULL)
            return true;
    return false;
}

static bool pass_out(void *ctx, struct ol_item *item, uint8_t author)
{
    for (struct lie *lie = ctx; lie != NULL; lie = lie->next)
        if (lie->on && lie->habit->out != NULL && !lie->habit->out(lie, item, author))
            return false;
    return true;
}

static bool pass_in(void *ctx, struct ol_item *item, uint8_t author)
{
    for (struct lie *lie = ctx; lie != NULL; lie = lie->next)
        if (lie->on && lie->habit->in != NULL && !lie->habit->in(lie, item, author))
            return false;
    return true;
}

static void keep_message_1(struct lie *lie, uint8_t path, struct ol_span frame)
{
    size_t i = lie->kept_n++ % KEPT;

    lie->kept[i].path = path;
    lie->kept[i].len = frame.len;
    memcpy(lie->kept[i].bytes, frame.p, frame.len);
}

static bool tap_out(void *ctx, struct sim_party *p, uint8_t path, struct ol_span *frame)
{
    struct lie *first = ctx;
    size_t len;

    for (struct lie *lie = ctx; lie != NULL && frame->p[0] >> 4 == OL_MESSAGE_1; lie = lie->next)
        keep_message_1(lie, path, *frame);
    len = changes_items(first, false) ? sim_forge_out(p, *frame, pass_out, ctx, first->changed) : 0;
    if (len > 0)
        *frame = ol_span(first->changed, len);
    return true;
}

static bool tap_in(void *ctx, struct sim_party *p, uint8_t path, struct ol_span *bytes)
{
    struct lie *first = ctx;
    size_t len = changes_items(first, true) ? sim_forge_in(p, *bytes, pass_in, ctx, first->changed) : 0;

    (void)path;
    if (len > 0)
        *bytes = ol_span(first->changed, len);
    return true;
}

/* One of the two lies in this run, the same for all lies; who is believed is as good as honest. */
static struct lie *enlist(struct sim_active *f, const struct habit *habit)
{
    struct sim *s = f->sim;
    struct lie *lie = calloc(1, sizeof *lie);

    if (lie == NULL)
        abort();
    *lie = (struct lie){.f = f, .habit = habit, .on = true};
    lie->p = &s->party[s->liar >= 0 ? (uint64_t)s->liar : sim_rng_below(&f->rng, 2)];
    lie->next = lie->p->tap.ctx;
    lie->p->tap = (struct sim_tap){.ctx = lie, .out = tap_out, .in = tap_in};
    if (!habit->believed) {
        s->liar = lie->p->index;
        lie->p->lies = true;
    }
    f->own = lie;
    if (habit->act != NULL)
        sim_fault_often(f, s->every > OFTEN ? s->every : OFTEN / f->hard, habit->act);
    return lie;
}

static void stop(struct sim_active *f)
{
    lie_of(f)->on = false;
}

/* The liar becomes honest: its session, in which lies were told, ends with its process. */
static void repent(struct sim_active *f)
{
    struct lie *lie = lie_of(f);

    stop(f);
    if (lie->p->running) {
        sim_party_kill(lie->p, false);
        sim_party_start_in(lie->p, SIM_SECOND);
    }
}

/* ---- Impossible ---- */

/* Everything else that must hold is checked as for honest parties. */
static void judge_nothing(struct sim_active *f)
{
    struct sim *s = f->sim;
    const struct lie *lie = lie_of(f);
    struct sim_party *honest = honest_of(lie);
    uint64_t accused = 0;
    bool accepted;

    if (f->played == 0 || !honest->running)
        return;
    sim_check(s, SIM_CHECK_LIE_CHANGES_NOTHING, sim_check_stays_at_rest(s), "%s: the line has not come to rest",
              f->fault->name);
    sim_check(s, SIM_CHECK_LIE_CHANGES_NOTHING, !honest->line->record.stream[lie->p->side - 'A'].frozen,
              "%s: the stream of %s is frozen", f->fault->name, lie->p->name);
    accepted = sim_forge_remarks(honest, OL_FOUND_FORKED, lie->p->side, &accused);
    sim_check(s, SIM_CHECK_LIE_CHANGES_NOTHING, accepted && accused == 0,
              "%s: the export of %s is refused, or remarks %llu forks", f->fault->name, honest->name,
              (unsigned long long)accused);
}

/* Signed in the past. */
static void back_date(struct sim_active *f)
{
    struct lie *lie = lie_of(f);
    struct ol_header h;
    uint8_t body[64];

    if (!lie->p->running)
        return;
    h = sim_forge_header(lie->p, OL_KIND_MESSAGE, OL_ROUTINE);
    h.time -= (uint32_t)sim_rng_between(&f->rng, 3600, 1u << 20);
    write(lie, &h, sim_forge_body(lie->p, body));
}

struct times {
    uint32_t last;
    uint32_t first; /* that is not marked */
    uint64_t unmarked;
};

static bool check_time(void *ctx, const struct ol_row *row)
{
    struct times *t = ctx;

    if (row->h.time < t->last && !(row->marks & (OL_ROW_TIME | OL_ROW_EARLY)) && t->unmarked++ == 0)
        t->first = row->h.seq;
    t->last = row->h.time;
    return true;
}

static void judge_times(struct sim_active *f)
{
    struct sim *s = f->sim;
    struct sim_party *honest = honest_of(lie_of(f));
    struct times t = {0};
    enum ol_err err;

    judge_nothing(f);
    if (f->played == 0 || !honest->running)
        return;
    err = ol_store_scan(honest->store, honest->info.number, lie_of(f)->p->side, 1, check_time, &t);
    sim_check(s, SIM_CHECK_LIE_CHANGES_NOTHING, !err && t.unmarked == 0,
              "%s: %llu entries whose time goes back are not marked, from %u on", f->fault->name,
              (unsigned long long)t.unmarked, t.first);
}

/* A row of either stream, from the liar's own store. */
static bool any_row(struct lie *lie, uint8_t author, struct ol_row *out, uint8_t body[static OL_BODY_MAX])
{
    const struct ol_stream *stream = &lie->p->line->record.stream[author - 'A'];
    uint32_t back = (uint32_t)sim_rng_between(&lie->f->rng, 0, 20);
    uint32_t from = stream->head > back ? stream->head - back : stream->head;

    if (from == 0 || ol_store_row(lie->p->store, lie->p->info.number, author, from, out))
        return false;
    memcpy(body, out->body.p, out->body.len);
    out->body.p = body;
    return true;
}

/* Entries that both have, its own and the other's, in full form again. */
static void replay_entries(struct sim_active *f)
{
    struct lie *lie = lie_of(f);
    uint8_t author = (uint8_t)('A' + sim_rng_below(&f->rng, 2));
    uint8_t items[OL_FRAME_MAX];
    uint8_t body[OL_BODY_MAX];
    struct ol_wr w = ol_wr_to(items, sizeof items);
    struct ol_row row;

    if (!lie->p->running || !any_row(lie, author, &row, body))
        return;
    if (author != lie->p->side)
        ol_item_write(&(struct ol_item){.kind = OL_ITEM_BACK}, &w);
    struct ol_item item = {.kind = OL_ITEM_ENTRY, .entry = sim_forge_sign(lie->p, &row.h, row.body)};
    if (author != lie->p->side) { /* not its key: as it came */
        item.entry.seal = row.seal;
        item.entry.flags = (uint8_t)(item.entry.flags & ~(row.sealed ? 0u : OL_WIRE_SEAL));
    }
    ol_item_write(&item, &w);
    if (!w.full && sim_forge_send(lie->p, ol_wr_span(&w)))
        sim_played(f);
}

static void replay_message_1(struct sim_active *f)
{
    struct lie *lie = lie_of(f);
    uint64_t n = lie->kept_n < KEPT ? lie->kept_n : KEPT;

    if (!lie->p->running)
        return;
    if (n == 0 || sim_rng_below(&f->rng, 8) == 0) { /* so that there are more: a call of its own */
        ol_line_drop_session(lie->p->line, sim_party_now(lie->p));
        for (uint8_t i = 0; i < f->sim->net.paths; i++)
            sim_net_break(&f->sim->net, i);
        return;
    }
    n = sim_rng_below(&f->rng, n);
    sim_party_emit(lie->p, lie->kept[n].path, 0, ol_span(lie->kept[n].bytes, lie->kept[n].len));
    sim_played(f);
}

/* Kinds that nobody knows, and known ones whose bodies are not what they should be. */
static void write_unreadable(struct sim_active *f)
{
    static const uint8_t kinds[] = {OL_KIND_MESSAGE, OL_KIND_TAKE, OL_KIND_READBACK, OL_KIND_CONFIRM, OL_KIND_CORRECT,
                                    OL_KIND_DECLINE, 37, 39, 46, 200, 255};
    struct lie *lie = lie_of(f);
    uint8_t kind = kinds[sim_rng_below(&f->rng, sizeof kinds)];
    uint8_t body[300];
    struct ol_span span = ol_span(body, sim_rng_below(&f->rng, sizeof body));

    if (!lie->p->running)
        return;
    sim_rng_fill(&f->rng, body, sizeof body);
    if (sim_people_write(lie->p, kind, (uint8_t)(sim_rng_below(&f->rng, 4) << 6), span))
        sim_played(f);
}

/* Numbers of the liar's whose bodies this station could not read and has not named in a receipt. */
struct unread {
    struct sim_party *honest;
    uint32_t told[4096];
    size_t told_n;
    uint32_t untold;
};

static bool gather_told(void *ctx, const struct ol_row *row)
{
    struct unread *u = ctx;
    size_t n = 0;

    if (ol_receipt_read(row->body, u->told + u->told_n, sizeof u->told / sizeof u->told[0] - u->told_n, &n) == OL_OK)
        u->told_n += n;
    return true;
}

static bool check_told(void *ctx, const struct ol_row *row)
{
    struct unread *u = ctx;
    size_t i = 0;

    if (row->h.kind == OL_KIND_RECEIPT || ol_body_readable(row->h.kind, row->body))
        return true;
    while (i < u->told_n && u->told[i] != row->h.seq)
        i++;
    if (i == u->told_n && u->untold == 0)
        u->untold = row->h.seq;
    return true;
}

/* What was not read is named in a receipt, unless the station ended in between. */
static void judge_unreadable(struct sim_active *f)
{
    struct sim_party *honest = honest_of(lie_of(f));
    struct unread *u = calloc(1, sizeof *u);
    enum ol_err err;

    judge_nothing(f);
    if (u == NULL)
        abort();
    if (f->played > 0 && honest->running && honest->life == 1) {
        err = ol_store_scan_kind(honest->store, honest->info.number, honest->side, OL_KIND_RECEIPT, 1, gather_told, u);
        if (!err)
            err = ol_store_scan(honest->store, honest->info.number, lie_of(f)->p->side, 1, check_told, u);
        sim_check(f->sim, SIM_CHECK_LIE_CHANGES_NOTHING, !err && u->untold == 0,
                  "%s: %s has not said that it cannot read %u", f->fault->name, honest->name, u->untold);
    }
    free(u);
}

/* What does not parse, in every way, under a tag that is right. */
static void send_malformed(struct sim_active *f)
{
    struct lie *lie = lie_of(f);
    uint8_t items[172]; /* the least that a carrier takes */
    size_t len = sim_rng_between(&f->rng, 1, sizeof items);

    sim_rng_fill(&f->rng, items, sizeof items);
    if (sim_rng_below(&f->rng, 4) != 0) /* else any byte: an entry, or what is unknown */
        items[0] = (uint8_t)sim_rng_below(&f->rng, 8);
    if (items[0] == OL_ITEM_ECHO) /* a clock is another lie */
        items[0] = OL_ITEM_PART;
    if (sim_forge_send(lie->p, ol_span(items, len)))
        sim_played(f);
}

/* ---- Evidence ---- */

/* Whether something that should not have been signed stands on this record. */
static bool stands(const struct lie *lie, const struct sim_party *p)
{
    struct ol_row row;

    for (size_t i = 0; i < lie->noted_n && i < NOTED && p->running; i++)
        if (ol_store_row(p->store, p->info.number, lie->p->side, lie->noted[i].seq, &row) == OL_OK &&
            ol_hash_equal(&row.hash, &lie->noted[i].hash))
            return true;
    return false;
}

/* Once the faults have stopped, until it has arrived. */
static void on_last_word(void *ctx, uint64_t arg)
{
    struct lie *lie = ctx;

    (void)arg;
    if (lie->habit->arrived(lie))
        return;
    lie->habit->act(lie->f);
    sim_world_in(&lie->f->sim->world, LAST_WORDS, on_last_word, lie, 0);
}

static void say_last_word(struct sim_active *f)
{
    on_last_word(lie_of(f), 0);
}

/* From there its line carries it. */
static bool stands_here(const struct lie *lie)
{
    return stands(lie, lie->p);
}

static bool stands_there(const struct lie *lie)
{
    return stands(lie, honest_of(lie));
}

static bool is_frozen(const struct lie *lie)
{
    const struct sim_party *honest = honest_of(lie);

    return honest->running && honest->line->record.stream[lie->p->side - 'A'].frozen;
}

static bool is_evidence(void *ctx, const struct ol_row *row)
{
    (void)row;
    *(bool *)ctx = true;
    return false;
}

/* No officer decides anything here: what is frozen stays so, whatever befalls the station but its disk. */
static void check_freeze(const struct lie *lie)
{
    const struct sim_party *honest = honest_of(lie);
    bool kept = false;

    if (!honest->running || ol_store_evidence(honest->store, honest->info.number, is_evidence, &kept) || !kept ||
        honest->batch != NULL)
        return;
    sim_check(lie->f->sim, SIM_CHECK_LIE_LEAVES_EVIDENCE, is_frozen(lie), "%s: %s holds evidence and goes on",
              lie->f->fault->name, honest->name);
}

static void say_last_word_to_one_that_started(struct sim_active *f)
{
    struct sim_party *honest = honest_of(lie_of(f));

    sim_party_kill(honest, false);
    (void)sim_party_start(honest);
    check_freeze(lie_of(f));
    say_last_word(f);
}

/* A second entry under a number that was used, or one that does not follow the one before it. */
static void equivocate(struct sim_active *f)
{
    struct lie *lie = lie_of(f);
    struct ol_row row;
    uint8_t body[OL_BODY_MAX];
    uint8_t other[64];
    struct ol_header h;
    bool second = sim_rng_below(&f->rng, 2) != 0;

    check_freeze(lie);
    if (!lie->p->running || !any_row(lie, lie->p->side, &row, body))
        return;
    h = row.h;
    if (!second && row.h.seq == lie->p->line->record.stream[lie->p->side - 'A'].head) {
        h = sim_forge_header(lie->p, OL_KIND_MESSAGE, OL_FLASH);
        sim_rng_fill(&f->rng, h.prev.b, sizeof h.prev.b);
    }
    send(lie, &h, sim_forge_body(lie->p, other));
}

/* An entry that nobody signed, and after it one whose seal does not cover it; then others under both numbers. */
static void cover_falsely(struct sim_active *f)
{
    struct lie *lie = lie_of(f);
    struct ol_header h;
    struct ol_item item = {.kind = OL_ITEM_ENTRY};
    uint8_t body[64];

    if (!lie->p->running || is_frozen(lie))
        return;
    h = sim_forge_header(lie->p, OL_KIND_MESSAGE, OL_ROUTINE);
    item.entry = sim_forge_sign(lie->p, &h, sim_forge_body(lie->p, body));
    item.entry.flags = (uint8_t)(item.entry.flags & ~OL_WIRE_FULL);
    if (!sim_forge_send_item(lie->p, &item))
        return;
    h.seq++;
    sim_rng_fill(&f->rng, h.prev.b, sizeof h.prev.b);
    send(lie, &h, sim_forge_body(lie->p, body));
    for (unsigned i = 0; i < 2; i++) {
        h = sim_forge_header(lie->p, OL_KIND_MESSAGE, OL_ROUTINE);
        (void)sim_forge_write(lie->p, &h, sim_forge_body(lie->p, body));
    }
}

static void judge_equivocation(struct sim_active *f)
{
    struct sim *s = f->sim;
    struct lie *lie = lie_of(f);
    struct sim_party *honest = honest_of(lie);

    if (f->played == 0 || !honest->running)
        return;
    sim_check(s, SIM_CHECK_LIE_LEAVES_EVIDENCE, sim_forge_convicts(honest, lie->p->side),
              "%s: %s has no evidence against %s", f->fault->name, honest->name, lie->p->name);
    sim_check(s, SIM_CHECK_LIE_LEAVES_EVIDENCE, honest->line->record.stream[lie->p->side - 'A'].frozen,
              "%s: %s has not frozen the stream of %s", f->fault->name, honest->name, lie->p->name);
}

/* Says that it had an entry, and that it is this one, which is not so. */
static void claim_receipt(struct sim_active *f)
{
    struct lie *lie = lie_of(f);
    struct ol_header h;
    uint8_t body[64];

    if (!lie->p->running)
        return;
    h = sim_forge_header(lie->p, OL_KIND_MESSAGE, OL_ROUTINE);
    h.xseq += (uint32_t)sim_rng_below(&f->rng, 3);
    h.xseq += h.xseq == 0;
    sim_rng_fill(&f->rng, h.xhash.b, sizeof h.xhash.b);
    write(lie, &h, sim_forge_body(lie->p, body));
}

/* Names less than it had named. */
static void hold_xseq(struct sim_active *f)
{
    struct lie *lie = lie_of(f);
    struct ol_header h;
    struct ol_row last;
    uint8_t body[64];

    if (!lie->p->running)
        return;
    h = sim_forge_header(lie->p, OL_KIND_MESSAGE, OL_ROUTINE);
    if (ol_store_row(lie->p->store, lie->p->info.number, lie->p->side, h.seq - 1, &last) || last.h.xseq < 2 ||
        (last.h.flags & OL_FLAG_ALONE))
        return; /* it has named nothing there from which it could fall back */
    h.xseq = (uint32_t)sim_rng_between(&f->rng, 0, last.h.xseq - 1);
    if (ol_record_hash(&lie->p->line->record, (uint8_t)('A' + 'B' - lie->p->side), h.xseq, &h.xhash) == OL_OK)
        write(lie, &h, sim_forge_body(lie->p, body));
}

/* An entry far above its head, under its own seal, and nothing below it. */
static void seal_early(struct sim_active *f)
{
    struct lie *lie = lie_of(f);
    struct ol_header h;
    uint8_t body[64];

    if (!lie->p->running)
        return;
    h = sim_forge_header(lie->p, OL_KIND_MESSAGE, sim_rng_below(&f->rng, 2) != 0 ? OL_FLASH : OL_ROUTINE);
    h.seq += (uint32_t)sim_rng_between(&f->rng, 1u << 16, 1u << 20);
    sim_rng_fill(&f->rng, h.prev.b, sizeof h.prev.b);
    send(lie, &h, sim_forge_body(lie->p, body));
}

/* A resume chained below what it had said: as if that had been lost. Once: numbers are few. */
static void disown(struct sim_active *f)
{
    struct lie *lie = lie_of(f);
    const struct sim_party *p = lie->p;
    struct ol_header h;
    uint32_t from;
    uint8_t body[64];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    if (!p->running || stands(lie, p) || p->line->named < 3)
        return;
    from = p->line->named - (uint32_t)sim_rng_below(&f->rng, 2) - 1;
    h = sim_forge_header(p, OL_KIND_RESUME, OL_FLASH);
    h.seq += 1u << 24;
    ol_resume_body(from + 1, h.seq - 1, ol_span("all lost", 8), &w);
    if (ol_record_hash(&p->line->record, p->side, from, &h.prev) == OL_OK)
        write(lie, &h, ol_wr_span(&w));
}

/* The export of the honest side is accepted, and says it of the liar, in one word or the other. */
static void judge_remark(struct sim_active *f, enum ol_found what, enum ol_found other)
{
    struct lie *lie = lie_of(f);
    struct sim_party *honest = honest_of(lie);
    uint64_t n = 0;
    uint64_t more = 0;
    bool accepted;

    if (f->played == 0 || !honest->running)
        return;
    accepted = sim_forge_remarks(honest, what, lie->p->side, &n) &&
               sim_forge_remarks(honest, other, lie->p->side, &more);
    sim_check(f->sim, SIM_CHECK_LIE_LEAVES_EVIDENCE, stands(lie, honest), "%s: it never arrived", f->fault->name);
    sim_check(f->sim, SIM_CHECK_LIE_LEAVES_EVIDENCE, accepted, "%s: the export of %s is refused", f->fault->name,
              honest->name);
    sim_check(f->sim, SIM_CHECK_LIE_LEAVES_EVIDENCE, n + more > 0,
              "%s: the export of %s does not say that an entry of %s %s", f->fault->name, honest->name, lie->p->name,
              ol_found_key(what));
}

/* Nothing is delivered by a claim, and the station itself has marked it. */
static void judge_claim(struct sim_active *f)
{
    struct lie *lie = lie_of(f);
    struct sim_party *honest = honest_of(lie);
    struct ol_row row;

    judge_remark(f, OL_FOUND_UNTRUE, OL_FOUND_ABSENT);
    for (size_t i = 0; i < lie->noted_n && i < NOTED && honest->running; i++)
        if (ol_store_row(honest->store, honest->info.number, lie->p->side, lie->noted[i].seq, &row) == OL_OK &&
            ol_hash_equal(&row.hash, &lie->noted[i].hash))
            sim_check(f->sim, SIM_CHECK_LIE_CHANGES_NOTHING, row.marks & OL_ROW_CLAIM, "%s: %s believes %c%u",
                      f->fault->name, honest->name, row.h.author, row.h.seq);
    if (honest->running)
        sim_check(f->sim, SIM_CHECK_LIE_CHANGES_NOTHING, honest->line->named <= honest->line->own_durable,
                  "%s: %s takes for delivered what it has not written", f->fault->name, honest->name);
}

static void judge_falls(struct sim_active *f)
{
    judge_remark(f, OL_FOUND_FALLS, OL_FOUND_FALLS);
}

static void judge_early(struct sim_active *f)
{
    judge_remark(f, OL_FOUND_EARLY, OL_FOUND_LOST);
}

static void judge_disowned(struct sim_active *f)
{
    judge_remark(f, OL_FOUND_LOST, OL_FOUND_LOST);
}

/* ---- Alarm ---- */

bool sim_liar_alarm(const struct sim_party *honest)
{
    struct ol_line_status st;

    ol_line_status(honest->line, sim_party_now(honest), &st);
    return st.withheld || st.up == 0;
}

/* What it has to receipt first has been sent since the start, or it says that it holds it. */
static bool owed_was_sent(const struct ol_line *l)
{
    const struct ol_shelf *shelf = &l->cfg.record.shelf;
    struct ol_row row = {.h.seq = l->named};

    do {
        if (shelf->at(shelf->ctx, l->cfg.record.own, row.h.seq + 1, &row))
            return false;
    } while (row.h.kind == OL_KIND_RECEIPT);
    return l->owed_sent >= row.h.seq || l->held >= row.h.seq;
}

/* The honest side has waited since `since` for a receipt of something that it sent, and nothing was named meanwhile. */
static bool still_waits(struct lie *lie, const struct sim_party *honest)
{
    const struct ol_line *l = honest->line;

    if (!honest->running || honest->life != lie->life || l->named != lie->named || l->owed_seq <= l->named ||
        !owed_was_sent(l)) {
        lie->life = honest->life;
        lie->named = honest->running ? l->named : 0;
        lie->since = lie->f->sim->world.now;
        return false;
    }
    return true;
}

/* Three liveness times after the first thing was sent that has no receipt. */
static void watch(void *ctx, uint64_t arg)
{
    struct lie *lie = ctx;
    struct sim *s = lie->f->sim;
    const struct sim_party *honest = honest_of(lie);
    sim_us most = 3 * s->liveness_ms * SIM_MS;
    sim_us step = s->liveness_ms * SIM_MS / 4;

    (void)arg;
    if (!lie->on)
        return;
    if (still_waits(lie, honest) && s->world.now - lie->since > most + step)
        sim_check(s, SIM_CHECK_LIE_RAISES_ALARM, sim_liar_alarm(honest), "%s: %s shows nothing after %llu s",
                  lie->f->fault->name, honest->name, (unsigned long long)((s->world.now - lie->since) / SIM_SECOND));
    sim_world_in(&s->world, step, watch, lie, 0);
}

/* Signs nothing any more, and so receipts nothing: it takes, stores, answers and echoes as ever. */
static void fall_silent(void *ctx, uint64_t arg)
{
    struct lie *lie = ctx;

    (void)arg;
    if (!lie->on)
        return;
    if (lie->p->running && lie->p->line->signing == OL_SIGN_READY) {
        lie->p->line->signing = OL_SIGN_ASKING;
        sim_played(lie->f);
    }
    sim_world_in(&lie->f->sim->world, SIM_SECOND / 2, fall_silent, lie, 0);
}

/* As if entries of one precedence had never come. */
static bool not_received(void *ctx, struct ol_item *item, uint8_t author)
{
    struct lie *lie = ctx;

    if (author == lie->p->side || item->kind != OL_ITEM_ENTRY || item->entry.kind == OL_KIND_RECEIPT ||
        ol_flags_precedence(item->entry.flags) != lie->stalled)
        return true;
    sim_played(lie->f);
    return false;
}

/* What it says of itself and of the other is not so. */
static bool false_count(void *ctx, struct ol_item *item, uint8_t author)
{
    struct lie *lie = ctx;
    struct sim_rng *r = &lie->f->rng;

    (void)author;
    if (item->kind != OL_ITEM_SYNC || item->sync.answer || sim_rng_below(r, 2) == 0)
        return true;
    sim_played(lie->f);
    switch (sim_rng_below(r, 3)) {
    case 0:
        item->sync.own_head += (uint32_t)sim_rng_between(r, 1, 1000);
        break;
    case 1:
        item->sync.your_head += (uint32_t)sim_rng_between(r, 1, 1000);
        break;
    default:
        item->sync.held = (struct ol_ranges){.n = 1, .r = {{item->sync.your_head + 2, UINT32_MAX}}};
        break;
    }
    return true;
}

/* A lower head, of an entry that it really has. */
static bool false_head(void *ctx, struct ol_item *item, uint8_t author)
{
    struct lie *lie = ctx;
    uint8_t other = (uint8_t)('A' + 'B' - lie->p->side);
    struct ol_hash hash;
    uint32_t lower;

    (void)author;
    if (item->kind != OL_ITEM_SYNC || item->sync.your_head == 0 || sim_rng_below(&lie->f->rng, 2) == 0)
        return true;
    lower = (uint32_t)sim_rng_below(&lie->f->rng, item->sync.your_head);
    if (ol_record_hash(&lie->p->line->record, other, lower, &hash))
        return true;
    item->sync.your_head = lower;
    memcpy(item->sync.your_hash, hash.b, sizeof item->sync.your_hash);
    item->sync.held.n = 0;
    sim_played(lie->f);
    return true;
}

/* Answers one that starts that it had said more than it has. */
static bool false_answer(void *ctx, struct ol_item *item, uint8_t author)
{
    struct lie *lie = ctx;

    (void)author;
    if (item->kind == OL_ITEM_SYNC && item->sync.answer) {
        item->sync.your_head += (uint32_t)sim_rng_between(&lie->f->rng, 1, 1u << 20);
        sim_played(lie->f);
    }
    return true;
}

static void restart_honest(struct sim_active *f)
{
    struct sim_party *honest = honest_of(lie_of(f));

    if (!honest->running || honest->line->signing != OL_SIGN_READY)
        return;
    sim_party_kill(honest, false);
    sim_party_start_in(honest, SIM_SECOND);
}

/* A station that waits for what is not given says so; its operator ends it, whenever the last such frame arrived. */
static void operate(void *ctx, uint64_t arg)
{
    struct sim_active *f = ctx;
    struct sim_party *honest = honest_of(lie_of(f));
    struct ol_line_status st;

    (void)arg;
    sim_world_in(&f->sim->world, SIM_MINUTE, operate, f, 0);
    if (!honest->running || honest->line->need == 0)
        return;
    ol_line_status(honest->line, sim_party_now(honest), &st);
    if (!sim_check(f->sim, SIM_CHECK_LIE_RAISES_ALARM,
                   st.signing == OL_SIGN_RECOVERING || st.own_head >= honest->line->need,
                   "%s does not show that it waits for number %u", honest->name, honest->line->need) ||
        st.signing != OL_SIGN_RECOVERING)
        return;
    f->sim->operator_resumed = ol_line_resume(honest->line, ol_span("what it claims is not so", 24),
                                              sim_party_now(honest)) == OL_OK;
    sim_party_wake(honest);
}

static void end_false_answer(struct sim_active *f)
{
    repent(f);
    operate(f, 0);
}

/* Twice what a line may take in three liveness intervals has come, and it brought little. */
static void judge_flood(struct sim_active *f)
{
    const struct sim_party *honest = honest_of(lie_of(f));
    const struct ol_line *l = honest->line;
    sim_us window = 3 * f->sim->liveness_ms * SIM_MS;
    uint64_t *since = &f->number[0];
    uint64_t *life = &f->number[1];
    uint64_t *frames = &f->number[2];
    uint64_t *head = &f->number[3];
    uint64_t now = f->sim->world.now;
    struct ol_line_status st;

    if (!honest->running)
        return;
    ol_line_status(l, sim_party_now(honest), &st);
    if (*life == honest->life && now - *since <= window && /* or it may have been shown, and be over */
        l->count.frames_in - *frames > 1200 + 32 * (st.peer_head + l->early_durable.n - *head))
        sim_check(f->sim, SIM_CHECK_LIE_RAISES_ALARM, st.flooded, "%s does not show that it is flooded", honest->name);
    if (*life == honest->life && now - *since <= window)
        return;
    *since = now;
    *life = honest->life;
    *frames = l->count.frames_in;
    *head = st.peer_head + l->early_durable.n;
}

/* It asks for everything, has nothing, starts, and says again what both have: frames that bring nothing. */
static void flood(struct sim_active *f)
{
    static const struct ol_item items[] = {
        {.kind = OL_ITEM_WANT, .want = {.stream = 'A', .range = {1, UINT32_MAX}}},
        {.kind = OL_ITEM_WANT, .want = {.stream = 'B', .range = {1, UINT32_MAX}}},
        {.kind = OL_ITEM_NONE, .want = {.stream = 'A', .range = {1, UINT32_MAX}}},
        {.kind = OL_ITEM_SYNC, .sync = {.starting = true}},
    };
    uint64_t n = FLOOD;

    judge_flood(f);
    for (unsigned i = 0; i < f->sim->net.paths; i++) /* a fair part of what any path carries */
        n = f->sim->net.path[i].rate / 1600 < n ? f->sim->net.path[i].rate / 1600 : n;
    for (; n > 0; n--) {
        replay_entries(f);
        if (sim_forge_send_item(lie_of(f)->p, &items[sim_rng_below(&f->rng, sizeof items / sizeof items[0])]))
            sim_played(f);
    }
}

/* ---- The beginnings ---- */

#define BEGIN(lie, ...)                                                                                                \
    static void begin_##lie(struct sim_active *f)                                                                      \
    {                                                                                                                  \
        static const struct habit habit = {__VA_ARGS__};                                                               \
                                                                                                                       \
        enlist(f, &habit);                                                                                          \
    }

BEGIN(back_date, .act = back_date, .believed = true)
BEGIN(replay_entries, .act = replay_entries, .believed = true)
BEGIN(replay_message_1, .act = replay_message_1, .believed = true)
BEGIN(unreadable, .act = write_unreadable, .believed = true)
BEGIN(malformed, .act = send_malformed, .believed = true)
BEGIN(equivocate, .act = equivocate, .arrived = is_frozen)
BEGIN(false_cover, .act = cover_falsely, .arrived = is_frozen)
BEGIN(claim, .act = claim_receipt, .arrived = stands_here)
BEGIN(hold_xseq, .act = hold_xseq, .arrived = stands_here)
BEGIN(early, .act = seal_early, .arrived = stands_there)
BEGIN(disown, .act = disown, .arrived = stands_here)
BEGIN(false_answer, .out = false_answer, .act = restart_honest)
BEGIN(flood, .act = flood)
BEGIN(false_count, .out = false_count)
BEGIN(false_head, .out = false_head)

static void begin_watch(struct sim_active *f)
{
    sim_world_in(&f->sim->world, 0, watch, lie_of(f), 0);
}

static void begin_withhold(struct sim_active *f)
{
    static const struct habit habit = {0};
    struct lie *lie = enlist(f, &habit); /* draws too: not among the arguments, whose order compilers choose */

    sim_world_in(&f->sim->world, sim_rng_between(&f->rng, 2, 20) * SIM_SECOND, fall_silent, lie, 0);
    begin_watch(f);
}

static void begin_stall(struct sim_active *f)
{
    static const struct habit habit = {.in = not_received};

    enlist(f, &habit)->stalled = (enum ol_precedence)sim_rng_below(&f->rng, 4);
    begin_watch(f);
}

/* The liar is a relay: nothing that is long enough for an entry passes, either way. */
static void begin_echo_only(struct sim_active *f)
{
    struct sim *s = f->sim;
    static const struct habit habit = {.believed = true};

    for (unsigned i = 0; i < SIM_PATHS; i++) {
        for (unsigned way = 0; way < 2; way++) {
            s->net.path[i].way[way].trouble.drop_long = (struct sim_chance){.by = f, .per_million = 1000000};
            s->net.path[i].way[way].trouble.drop_from = FRAME_WITH_ENTRY;
        }
    }
    enlist(f, &habit);
    begin_watch(f);
}

static void end_echo_only(struct sim_active *f)
{
    struct sim *s = f->sim;
    for (unsigned i = 0; i < SIM_PATHS; i++)
        for (unsigned way = 0; way < 2; way++)
            s->net.path[i].way[way].trouble.drop_long = (struct sim_chance){0};
    stop(f);
}

#define LIE(comes_to, lie, what, begins, ends, judges)                                                                 \
    {                                                                                                                  \
        .name = lie, .says = what, .sort = SIM_LIE, .follows = SIM_##comes_to, .begin = begins,                        \
        .end = ends, .judge = judges                                                                                   \
    }

const struct sim_fault sim_lies[] = {
    LIE(EVIDENCE, "equivocate", "signs two entries under one number, or one that does not follow",
        begin_equivocate, say_last_word_to_one_that_started, judge_equivocation),
    LIE(EVIDENCE, "false-cover", "sends an entry that no seal covers before one whose seal covers another",
        begin_false_cover, say_last_word_to_one_that_started, judge_equivocation),
    LIE(EVIDENCE, "claim-receipt", "names entries of the other side that never were",
        begin_claim, say_last_word, judge_claim),
    LIE(EVIDENCE, "hold-xseq", "names less than it had named before", begin_hold_xseq, say_last_word, judge_falls),
    LIE(EVIDENCE, "early-gap", "seals an entry far ahead and never fills the gap",
        begin_early, say_last_word, judge_early),
    LIE(EVIDENCE, "disown", "resumes below what it had said", begin_disown, say_last_word, judge_disowned),
    LIE(IMPOSSIBLE, "back-date", "signs times that are past", begin_back_date, stop, judge_times),
    LIE(IMPOSSIBLE, "replay-entries", "sends entries again that both have", begin_replay_entries, stop, judge_nothing),
    LIE(IMPOSSIBLE, "replay-message-1", "sends old handshakes again", begin_replay_message_1, stop, judge_nothing),
    LIE(IMPOSSIBLE, "unreadable-body", "seals bodies that nobody can read", begin_unreadable, stop, judge_unreadable),
    LIE(IMPOSSIBLE, "malformed-items", "sends authentic frames that do not parse",
        begin_malformed, stop, judge_nothing),
    LIE(IMPOSSIBLE, "false-count", "reports heads and ranges that are not so",
        begin_false_count, repent, judge_nothing),
    LIE(IMPOSSIBLE, "false-head", "reports a lower head than it has", begin_false_head, repent, judge_nothing),
    LIE(ALARM, "false-answer", "tells a station that starts of entries it never wrote",
        begin_false_answer, end_false_answer, judge_nothing),
    LIE(ALARM, "flood", "sends authentic frames that bring nothing, as many as the path carries",
        begin_flood, stop, judge_nothing),
    LIE(ALARM, "withhold-receipt", "takes everything and signs nothing", begin_withhold, repent, NULL),
    LIE(ALARM, "stall", "takes everything but one precedence", begin_stall, repent, NULL),
    LIE(ALARM, "echo-only", "a relay passes nothing that is long enough for an entry",
        begin_echo_only, end_echo_only, NULL),
    {.name = NULL},
};
