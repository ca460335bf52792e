/* SPDX-License-Identifier: Apache-2.0 */
/* What is watched while a run goes on. */
#include "sim/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/frame.h"
#include "sim/run.h"
#include "wire/item.h"

static const struct {
    const char *name;
    const char *says;
} checks[] = {
#define X(name, word, says) [SIM_CHECK_##name] = {word, says},
    SIM_CHECK_LIST(X)
#undef X
};

const char *sim_check_name(enum sim_check_id id)
{
    return checks[id].name;
}

const char *sim_check_says(enum sim_check_id id)
{
    return checks[id].says;
}

void sim_check_init(struct sim_check *c, struct sim *s)
{
    *c = (struct sim_check){.sim = s};
}

void sim_check_fini(struct sim_check *c)
{
    free(c->seen);
}

bool sim_check(struct sim *s, enum sim_check_id id, bool holds, const char *format, ...)
{
    va_list args;

    s->check.made[id]++;
    if (holds || s->check.failed || s->check.blind) {
        s->check.blind = false;
        return holds;
    }
    s->check.failed = true;
    s->check.what = id;
    va_start(args, format);
    vsnprintf(s->check.why, sizeof s->check.why, format, args);
    va_end(args);
    sim_world_say(&s->world, "FAILED: %s: %s", sim_check_name(id), s->check.why);
    return false;
}

/* ---- What leaves: is durable, and names what is durable; a FLASH is in time ---- */

static bool same_entry(const struct ol_entry *e, const struct ol_row *row)
{
    return e->kind == row->h.kind && (e->flags & OL_FLAGS_SIGNED) == row->h.flags && e->xseq == row->h.xseq &&
           e->time == row->h.time && ol_span_equal(e->body, row->body);
}

static bool on_disk(const struct sim_party *p, uint8_t author, uint32_t seq, struct ol_row *row)
{
    enum ol_err err;

    *row = (struct ol_row){0};
    err = ol_store_row(p->store, p->info.number, author, seq, row);
    p->sim->check.blind = p->sim->check.blind || (err && err != OL_ABSENT);
    return err == OL_OK;
}

static uint8_t other_side(const struct sim_party *p)
{
    return (uint8_t)('A' + 'B' - p->side);
}

static void check_entry(struct sim_party *p, uint8_t author, const struct ol_entry *e)
{
    struct ol_row row;
    struct ol_row named;

    if (!sim_check(p->sim, SIM_CHECK_SENT_IS_DURABLE, on_disk(p, author, e->seq, &row) && same_entry(e, &row),
                   "%s sends %c%u, which its disk does not hold so", p->name, author, e->seq) ||
        author != p->side || e->xseq == 0 || p->rolled_back || p->damaged) /* its former life may have held more */
        return;
    /* A claim may be wrong about what a resume took away; what an honest station names it holds. */
    sim_check(p->sim, SIM_CHECK_RECEIPT_IS_DURABLE,
              on_disk(p, other_side(p), e->xseq, &named) && ol_hash_equal(&named.hash, &row.h.xhash),
              "%s sends %c%u, which names %c%u: its disk does not hold that so", p->name, author, e->seq,
              other_side(p), e->xseq);
}

static void check_sync(struct sim_party *p, const struct ol_sync *sync)
{
    struct ol_row row;
    bool holds = sync->own_head == 0 || on_disk(p, p->side, sync->own_head, &row);

    holds = holds && (sync->your_head == 0 || (on_disk(p, other_side(p), sync->your_head, &row) &&
                                               memcmp(row.hash.b, sync->your_hash, sizeof sync->your_hash) == 0));
    for (uint32_t i = 0; i < sync->held.n; i++)
        holds = holds && on_disk(p, other_side(p), sync->held.r[i].from, &row) &&
                on_disk(p, other_side(p), sync->held.r[i].to, &row);
    sim_check(p->sim, SIM_CHECK_RECEIPT_IS_DURABLE, holds, "%s reports %c%u and %c%u: its disk does not hold them so",
              p->name, p->side, sync->own_head, other_side(p), sync->your_head);
}

/* An entry of ours, or its first piece, is in a frame that is about to be given to this path. */
static void note_flash(struct sim_party *p, uint8_t path, uint32_t seq)
{
    struct sim_check *c = &p->sim->check;
    sim_us begins = sim_net_free_at(&p->sim->net, path, p->end);

    for (size_t i = 0; i < c->flash_n; i++) {
        struct sim_flash *f = &c->flash[i];

        if (f->party == p->index && f->seq == seq && begins < f->earliest)
            f->earliest = begins;
    }
}

/* An older FLASH that has to be said again goes first, and this one follows it. */
static void note_older(struct sim_party *p, uint8_t path, const struct ol_entry *e)
{
    struct sim_check *c = &p->sim->check;
    const struct sim_path *road = &p->sim->net.path[path];
    sim_us follows = sim_net_free_at(&p->sim->net, path, p->end) + sim_net_air_time(road, road->mtu) +
                     (road->half_duplex ? (2 * road->window + 1) * road->turnaround : 0) + SIM_FLASH_SLACK;

    for (size_t i = 0; i < c->flash_n && ol_flags_precedence(e->flags) == OL_FLASH; i++)
        if (c->flash[i].party == p->index && e->seq < c->flash[i].seq && follows > c->flash[i].bound)
            c->flash[i].bound = follows;
}

static bool is_that_key(void *ctx, const struct ol_hash *key)
{
    const uint8_t **wanted = ctx;

    if (memcmp(key->b, *wanted, sizeof key->b) == 0)
        *wanted = NULL;
    return *wanted != NULL;
}

/* Else a replay of this message 1 would be answered after a restart. */
static void check_answer(struct sim_party *p)
{
    const uint8_t *wanted = p->line->answering.ephemeral;
    enum ol_err err = ol_store_answered(p->store, p->info.number, is_that_key, &wanted);

    p->sim->check.blind = p->sim->check.blind || err;
    sim_check(p->sim, SIM_CHECK_RECEIPT_IS_DURABLE, wanted == NULL,
              "%s answers a handshake before its disk holds that it did", p->name);
}

static void check_items(struct sim_party *p, uint8_t path, struct ol_span items)
{
    struct ol_rd r = ol_rd_from(items);
    struct ol_item item;
    uint8_t author = p->side;

    while (!p->sim->check.failed && ol_item_read(&r, &item) == OL_OK) {
        switch (item.kind) {
        case OL_ITEM_SYNC:
            check_sync(p, &item.sync);
            break;
        case OL_ITEM_BACK:
            author = other_side(p);
            break;
        case OL_ITEM_ENTRY:
            check_entry(p, author, &item.entry);
            if (author == p->side) {
                note_flash(p, path, item.entry.seq);
                note_older(p, path, &item.entry);
            }
            break;
        case OL_ITEM_PART:
            if (item.part.author == p->side)
                note_flash(p, path, item.part.seq);
            break;
        case OL_ITEM_ASIDE:
        case OL_ITEM_ECHO:
        case OL_ITEM_WANT:
        case OL_ITEM_NONE:
        case OL_ITEM_OFF_RECORD:
            break;
        }
    }
}

/* ---- A FLASH does not wait ---- */

static bool may_leave(const struct sim_party *p, uint8_t path)
{
    const struct ol_line *l = p->line;

    const struct ol_line_path *lp = &l->path[path];

    return lp->configured && lp->connections > 0 && lp->heard && lp->window > 0 && ol_session_may_send(&l->cur, path);
}

/* The first moment at which a frame given now with an entry of this length could begin. SIM_NEVER: on no path. */
static sim_us free_at(const struct sim_party *p, size_t len)
{
    const struct ol_session *cur = &p->line->cur;
    sim_us first = SIM_NEVER;

    if (!cur->live || !(cur->initiator || cur->proved))
        return SIM_NEVER;
    for (uint8_t i = 0; i < p->sim->net.paths; i++) {
        const struct sim_path *road = &p->sim->net.path[i];
        sim_us at = sim_net_free_at(&p->sim->net, i, p->end);

        /* A message of a handshake, which is no less urgent, may go first. */
        at += sim_net_air_time(road, road->mtu);
        /* The other side may have the air for what its own relay holds, and the air change sides after each frame. */
        if (road->half_duplex)
            at += road->window * sim_net_air_time(road, road->mtu) + (2 * road->window + 1) * road->turnaround;
        /* What goes in parts may let one frame go first with what the line says of itself, and one that was begun. */
        if (len + OL_ENTRY_OVERHEAD + OL_FRAME_OVERHEAD > p->line->path[i].mtu)
            at += 2 * sim_net_air_time(road, road->mtu);
        if (may_leave(p, i) && at < first)
            first = at;
    }
    return first;
}

static void watch_flash(struct sim_party *p, const struct ol_row *row)
{
    struct sim_check *c = &p->sim->check;
    uint32_t seq = row->h.seq;
    sim_us at = free_at(p, row->body.len);

    if (at == SIM_NEVER || c->flash_n == SIM_FLASHES || ol_line_was_sent(p->line, seq))
        return;
    /* Those before it go first: only the first is timed. */
    for (size_t i = 0; i < p->line->urgent_n; i++) {
        const struct ol_urgent *u = &p->line->urgent[i];

        if (u->precedence == OL_FLASH && u->sent == 0 && u->seq < seq)
            return;
    }
    sim_world_say(&p->sim->world, "%s: FLASH %c%u is durable and can begin at %" PRIu64 " ms", p->name, p->side, seq,
                  at / SIM_MS);
    c->flash[c->flash_n++] = (struct sim_flash){.party = p->index, .seq = seq, .earliest = SIM_NEVER,
                                                .bound = at + SIM_FLASH_SLACK};
}

/* A liar says that it holds what was never sent: it is not in haste any more. */
static bool is_claimed(const struct sim_party *p, uint32_t seq)
{
    for (size_t i = 0; i < p->line->urgent_n; i++)
        if (p->line->urgent[i].seq == seq)
            return false;
    return sim_peer(p)->lies;
}

static void judge_flash(struct sim_party *p)
{
    struct sim_check *c = &p->sim->check;
    size_t kept = 0;

    for (size_t i = 0; i < c->flash_n; i++) {
        const struct sim_flash f = c->flash[i];
        bool possible = f.party != p->index || f.earliest != SIM_NEVER ||
                        (free_at(p, 0) != SIM_NEVER && !is_claimed(p, f.seq));
        bool late = f.earliest > f.bound && p->sim->world.now > f.bound;

        if (!possible)
            continue; /* its session, its last path or its haste has gone in the meantime */
        if (f.party != p->index || (f.earliest > f.bound && !late)) {
            c->flash[kept++] = f;
            continue;
        }
        sim_check(p->sim, SIM_CHECK_FLASH_WAITS, !late,
                  "%s lets FLASH %c%u wait at %" PRIu64 " ms: it could have begun at %" PRIu64 " ms", p->name, p->side,
                  f.seq, p->sim->world.now / SIM_MS, f.bound / SIM_MS);
    }
    c->flash_n = kept;
}

void sim_check_forget(struct sim_party *p)
{
    struct sim_check *c = &p->sim->check;
    size_t kept = 0;

    for (size_t i = 0; i < c->flash_n; i++)
        if (c->flash[i].party != p->index)
            c->flash[kept++] = c->flash[i];
    c->flash_n = kept;
}

/* A handshake message may carry the FLASH; if it does not, all that was urgent before is said anew in front of it. */
static void note_handshake(struct sim_party *p, uint8_t path)
{
    struct sim_check *c = &p->sim->check;
    size_t kept = 0;

    for (size_t i = 0; i < c->flash_n; i++) {
        const struct sim_flash f = c->flash[i];

        if (f.party == p->index && ol_line_was_sent(p->line, f.seq))
            note_flash(p, path, f.seq);
        if (f.party != p->index || ol_line_was_sent(p->line, f.seq))
            c->flash[kept++] = c->flash[i];
    }
    c->flash_n = kept;
}

static void say_frame(const struct sim_party *p, uint8_t path, struct ol_span frame, struct ol_span items)
{
    static const char *const sorts[] = {"?", " message 1", " message 2", ""};
    char text[400];

    if (p->sim->world.story == NULL)
        return;
    sim_frame_text(items, p->side, text, sizeof text);
    sim_world_say(&p->sim->world, "    %s > path %u, %zu bytes:%s%s", p->name, path, frame.len,
                  sorts[frame.p[0] >> 4 & 3], text);
}

void sim_check_frame(struct sim_party *p, uint8_t path, struct ol_span frame)
{
    uint8_t items[OL_FRAME_MAX];
    size_t len;
    enum ol_err err = sim_frame_open(p->line, frame, items, &len);

    say_frame(p, path, frame, ol_span(items, len));
    if (frame.p[0] >> 4 == OL_MESSAGE_2 && !p->lies)
        check_answer(p);
    if (!err && !p->lies)
        check_items(p, path, ol_span(items, len));
    else if (err)
        note_handshake(p, path);
}

/* ---- What becomes durable ---- */

static uint64_t prefix(const struct ol_hash *h)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < 8; i++)
        v = v << 8 | h->b[i];
    return v;
}

static size_t place_of(const struct sim_check *c, uint64_t key)
{
    size_t i = (size_t)(key * 0x9e3779b97f4a7c15u >> 20) & (c->seen_cap - 1);

    while (c->seen[i].key != 0 && c->seen[i].key != key)
        i = (i + 1) & (c->seen_cap - 1);
    return i;
}

static void grow(struct sim_check *c)
{
    struct sim_seen *old = c->seen;
    size_t n = c->seen_cap;

    c->seen_cap = n == 0 ? 1024 : 2 * n;
    c->seen = sim_must(calloc(c->seen_cap, sizeof *c->seen));
    for (size_t i = 0; i < n; i++)
        if (old[i].key != 0)
            c->seen[place_of(c, old[i].key)] = old[i];
    free(old);
}

/* The station at home on the other side; the one that has written there, if there are two. */
static struct sim_party *author_of(struct sim *s, uint8_t author)
{
    return &s->party[author - 'A'];
}

static bool may_fork(const struct sim *s, uint8_t author)
{
    const struct sim_party *copy = &s->party[SIM_PARTIES - 1];

    return s->party[author - 'A'].lies || s->party[author - 'A'].untold || (copy->exists && copy->side == author);
}

static void check_one_entry(struct sim *s, const struct ol_row *row)
{
    struct sim_check *c = &s->check;
    uint64_t key = (uint64_t)row->h.author << 32 | row->h.seq;
    size_t at;

    if (2 * c->seen_n >= c->seen_cap)
        grow(c);
    at = place_of(c, key);
    if (c->seen[at].key == 0) {
        c->seen[at] = (struct sim_seen){.key = key, .hash = prefix(&row->hash)};
        c->seen_n++;
    }
    sim_check(s, SIM_CHECK_ONE_ENTRY, c->seen[at].hash == prefix(&row->hash) || may_fork(s, row->h.author),
              "there are two entries %c%u", row->h.author, row->h.seq);
}

static void check_author_has(struct sim_party *p, const struct ol_row *row)
{
    struct sim_party *author = author_of(p->sim, row->h.author);
    struct ol_row theirs;

    if (author->store == NULL || author->damaged || author->rolled_back || may_fork(p->sim, row->h.author))
        return;
    sim_check(p->sim, SIM_CHECK_TAKEN_IS_WRITTEN,
              on_disk(author, row->h.author, row->h.seq, &theirs) && ol_hash_equal(&theirs.hash, &row->hash),
              "%s takes %c%u, which its author has not on its disk", p->name, row->h.author, row->h.seq);
}

void sim_check_committed(struct sim_party *p, const struct ol_batch *batch)
{
    for (size_t i = 0; i < batch->n && !p->lies; i++) {
        const struct ol_put *put = &batch->puts[i];

        if (put->what == OL_PUT_EVIDENCE)
            sim_check(p->sim, SIM_CHECK_INNOCENT, may_fork(p->sim, put->row.h.author),
                      "%s keeps evidence about %c%u, whose author did nothing wrong", p->name, put->row.h.author,
                      put->row.h.seq);
        if (put->what != OL_PUT_ROW)
            continue;
        check_one_entry(p->sim, &put->row);
        if (put->row.h.author != p->side)
            check_author_has(p, &put->row);
    }
}

void sim_check_told(struct sim_party *p, const struct ol_batch *batch)
{
    for (size_t i = 0; i < batch->n && !p->lies; i++) {
        const struct ol_put *put = &batch->puts[i];

        if (put->what == OL_PUT_ROW && put->token > 0 && put->row.h.author == p->side &&
            ol_flags_precedence(put->row.h.flags) == OL_FLASH && put->row.h.kind != OL_KIND_RECEIPT)
            watch_flash(p, &put->row);
    }
}

void sim_check_named(struct sim_party *p, uint32_t from, uint32_t to)
{
    const struct sim_party *peer = sim_peer(p);
    struct ol_row row;

    for (size_t i = 0; i < p->text_n; i++) {
        struct sim_text *t = &p->text[i];

        if (t->seq < from || t->seq > to || t->seq == 0 || t->delivered || t->gone)
            continue;
        if (p->rolled_back && !on_disk(p, p->side, t->seq, &row))
            continue; /* a former life gave it that number */
        t->delivered = true;
        t->delivered_at = p->sim->world.now;
        p->sim->check.messages += ol_kind_is_message(t->kind) && !p->lies;
        if (peer->store == NULL || peer->lies || peer->rolled_back || peer->damaged || p->lies)
            continue;
        sim_check(p->sim, SIM_CHECK_DELIVERED_IS_HELD, on_disk(peer, p->side, t->seq, &row),
                  "%s is told that %c%u is delivered, and the other side has it not", p->name, p->side, t->seq);
    }
}

/* ---- Alarms ---- */

/* What this station's clock may show of so many of its own milliseconds, and the loop's own time. */
static sim_us limit(const struct sim_party *p, ol_ms ms)
{
    return ms * 1000000 * 1000 / (uint64_t)(1000000 + p->clock.rate_ppm) + 10 * SIM_MS;
}

static void check_alarms(struct sim_party *p)
{
    struct ol_now now = sim_party_now(p);
    struct ol_line_status st;

    for (uint8_t i = 0; i < p->sim->net.paths; i++) {
        bool up = ol_line_path_health(p->line, i, now) == OL_PATH_UP;
        sim_us silent = p->sim->world.now - p->came_at[i];

        if (silent > limit(p, 3 * p->sim->liveness_ms) && !p->clock_changed)
            sim_check(p->sim, SIM_CHECK_ALARM_DOWN, !up, "%s shows path %u as up after %" PRIu64 " ms of silence",
                      p->name, i, silent / SIM_MS);
    }
    ol_line_status(p->line, now, &st);
    if (p->told_up == (st.up > 0))
        p->told_up_wrong = SIM_NEVER;
    else if (p->told_up_wrong == SIM_NEVER)
        p->told_up_wrong = p->sim->world.now;
    sim_check(p->sim, SIM_CHECK_ALARM_TOLD,
              p->told_up_wrong == SIM_NEVER || p->sim->world.now - p->told_up_wrong < 10 * SIM_MS,
              "%s has the line %s and has told nobody since %" PRIu64 " ms", p->name, st.up > 0 ? "up" : "down",
              p->told_up_wrong / SIM_MS);
}

void sim_check_drained(struct sim_party *p)
{
    if (p->lies)
        return;
    judge_flash(p);
    check_alarms(p);
}

/* ---- Rest ---- */

static bool quiet(const struct sim_party *p)
{
    const struct ol_line *l = p->line;

    return p->running && p->batch == NULL && p->outbox_n == 0 && p->text_waiting == p->text_n &&
           l->signing == OL_SIGN_READY && l->owed_seq <= l->named && l->space[l->filling].n == 0;
}

/* What its resumes gave up it asks for in each session, gap by gap. */
static bool asks_no_more(const struct sim_party *p)
{
    const struct ol_line *l = p->line;
    const struct ol_stream *own = &l->record.stream[l->cfg.record.own - 'A'];

    return l->absent_asked >= own->absent_n || l->held < own->absent[l->absent_asked].to;
}

/* On a slow path the answer to what was asked for goes on after all of it has come by another. A liar may ask for ever. */
static bool gives_no_more(const struct sim_party *p)
{
    return p->sim->liar >= 0 || !(p->line->give_none[0] || p->line->give_none[1]);
}

bool sim_check_at_rest(struct sim *s)
{
    struct ol_line_status st[2];

    for (unsigned i = 0; i < 2; i++) {
        if (!quiet(&s->party[i]) || !asks_no_more(&s->party[i]) || !gives_no_more(&s->party[i]))
            return false;
        ol_line_status(s->party[i].line, sim_party_now(&s->party[i]), &st[i]);
    }
    return st[0].own_head == st[1].peer_head && st[1].own_head == st[0].peer_head && st[0].up > 0 && st[1].up > 0;
}
