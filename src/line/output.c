/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes out next, on which path: strict precedence, what a sync showed missing, what
 * was never sent, what the peer asked for. One frame at a time, as the relay has room.
 */
#include <assert.h>
#include <string.h>

#include "line/internal.h"

/* A frame in the making. The entry that ends it needs no length. */
struct pack {
    struct ol_wr w;
    size_t last_entry;  /* where it begins */
    bool ends_in_entry; /* and it has a length that can be taken away */
    bool full;          /* nothing may follow */
    bool whole;         /* no entry begins in parts */
    bool any;           /* something worth a frame of its own */
    uint32_t owed;      /* the highest own number in it that the peer has yet to receipt */
    uint32_t sent;      /* the highest own number in it */
    struct ol_transfer *part; /* of its path */
};

static bool put_item(struct pack *p, const struct ol_item *item, size_t size)
{
    if (p->full || ol_wr_room(&p->w) < size)
        return false;
    ol_item_write(item, &p->w);
    assert(!p->w.full);
    p->ends_in_entry = false;
    return true;
}

static void entry_of(const struct ol_row *row, uint8_t form, struct ol_entry *e)
{
    *e = (struct ol_entry){.kind = row->h.kind, .flags = (uint8_t)(row->h.flags | form), .seq = row->h.seq,
                           .xseq = row->h.xseq, .time = row->h.time, .body = row->body, .prev = row->h.prev,
                           .xhash = row->h.xhash, .seal = row->seal};
}

/* Appends an entry, with a length as long as there is room for one. */
static bool put_entry(struct pack *p, const struct ol_row *row, uint8_t form)
{
    struct ol_entry e;
    size_t size;

    entry_of(row, form, &e);
    size = ol_entry_size(&e);
    assert(row->h.seq > 0);
    if (p->full || ol_wr_room(&p->w) < size)
        return false;
    p->full = ol_wr_room(&p->w) < size + 2;
    if (!p->full)
        e.flags |= OL_WIRE_LENGTH;
    p->last_entry = p->w.len;
    p->ends_in_entry = !p->full;
    ol_entry_write(&e, &p->w);
    assert(!p->w.full);
    p->any = true;
    return true;
}

static void finish(struct pack *p)
{
    uint8_t *at = p->w.p + p->last_entry;

    if (!p->ends_in_entry)
        return;
    assert((at[1] & OL_WIRE_LENGTH) && p->w.len >= p->last_entry + 4);
    at[1] &= (uint8_t)~OL_WIRE_LENGTH;
    memmove(at + 2, at + 4, p->w.len - p->last_entry - 4);
    p->w.len -= 2;
}

/* ---- Which path for which precedence ---- */

/* Proven, and answered of late. A datagram path that leads nowhere is never told to be down. */
static bool answers(const struct ol_line *l, uint8_t path)
{
    return path_open(l, path) && l->path[path].heard && l->path[path].unanswered < DEAF_ASKS;
}

/* How many paths stand before this one: those that answer, in the order of the configuration, cheapest first; then the rest. */
static unsigned rank(const struct ol_line *l, uint8_t path)
{
    bool deaf = !answers(l, path);
    unsigned n = 0;

    for (uint8_t i = 0; i < OL_PATHS; i++)
        n += i != path && answers(l, i) && (deaf || i < path);
    return n;
}

/* On a connection on which nothing was heard yet, asks and handshakes alone: the peer may have lost the session, and its
 * relay closes a connection that says much before it has proved anything. */
static bool allowed(const struct ol_line *l, uint8_t path, enum ol_precedence precedence)
{
    static const unsigned paths[] = {[OL_ROUTINE] = 1, [OL_PRIORITY] = 1, [OL_IMMEDIATE] = 2, [OL_FLASH] = OL_PATHS};

    return l->path[path].heard && rank(l, path) < paths[precedence];
}

/* ---- Own entries ---- */

/* When all places are taken: what has gone already, or has less hurry, goes on in order; the lowest first. */
static bool make_place(struct ol_line *l, enum ol_precedence precedence)
{
    size_t i = l->urgent_n;

    while (i > 0 && l->urgent[i - 1].sent == 0 && l->urgent[i - 1].precedence >= precedence)
        i--;
    if (i == 0)
        return false;
    memmove(&l->urgent[i - 1], &l->urgent[i], (l->urgent_n - i) * sizeof l->urgent[0]);
    l->urgent_n--;
    return true;
}

void output_urgent(struct ol_line *l, uint32_t seq, enum ol_precedence precedence)
{
    size_t i;

    assert(seq > 0 && precedence >= OL_PRIORITY && l->urgent_n <= OL_URGENT_MAX);
    if (l->urgent_n == OL_URGENT_MAX && !make_place(l, precedence))
        return;
    i = l->urgent_n;
    while (i > 0 && l->urgent[i - 1].precedence < precedence) {
        l->urgent[i] = l->urgent[i - 1];
        i--;
    }
    l->urgent[i] = (struct ol_urgent){.seq = seq, .precedence = precedence};
    l->urgent_n++;
}

bool receipt_waits(const struct ol_line *l)
{
    return l->receipt_seq >= l->tail;
}

static const struct ol_urgent *urgent(const struct ol_line *l, uint32_t seq)
{
    for (size_t i = 0; i < l->urgent_n; i++) {
        if (l->urgent[i].seq == seq)
            return &l->urgent[i];
    }
    return NULL;
}

static bool row_at(const struct ol_line *l, uint8_t author, uint32_t from, uint32_t to, struct ol_row *row)
{
    const struct ol_shelf *shelf = &l->cfg.record.shelf;

    assert(author == own_side(l) || author == peer_side(l));
    return from <= to && shelf->at(shelf->ctx, author, from, row) == OL_OK && row->h.seq <= to;
}

/* The form in which an own entry goes: alone-standing ones are sealed now if they never were. */
static uint8_t form_of(const struct ol_line *l, struct ol_row *row, uint8_t wanted)
{
    assert(row->h.author == own_side(l) || row->sealed || !(wanted & OL_WIRE_SEAL));
    if ((wanted & OL_WIRE_SEAL) && !row->sealed)
        ol_record_seal_row(&l->record, row);
    if (row->h.kind == OL_KIND_RESUME)
        wanted |= OL_WIRE_PREV;
    return (uint8_t)(wanted | (row->sealed ? OL_WIRE_SEAL : 0));
}

static void note_sent(const struct ol_line *l, struct pack *p, const struct ol_row *row)
{
    if (row->h.kind != OL_KIND_RECEIPT && row->h.seq > l->named && row->h.seq > p->owed)
        p->owed = row->h.seq;
    p->sent = row->h.seq > p->sent ? row->h.seq : p->sent;
}

/* An entry that no frame of this path holds goes in parts, in full form, one transfer at a time on each path. */
static bool start_parts(struct ol_line *l, struct pack *p, uint8_t author, struct ol_row *row)
{
    struct ol_parts *out = &l->part_out;
    struct ol_entry e;
    struct ol_wr w = ol_wr_to(out->bytes, sizeof out->bytes);

    if (p->ends_in_entry || p->full)
        return false; /* in a frame of its own */
    if (p->part->author != author || p->part->seq != row->h.seq)
        *p->part = (struct ol_transfer){.author = author, .seq = row->h.seq};
    if (out->author == author && out->seq == row->h.seq)
        return true;
    entry_of(row, form_of(l, row, author == own_side(l) ? OL_WIRE_FULL : OL_WIRE_PREV | OL_WIRE_XHASH), &e);
    ol_entry_write(&e, &w);
    assert(!w.full);
    out->author = author;
    out->seq = row->h.seq;
    out->total = (uint32_t)w.len;
    return true;
}

/* The next piece. True when it was the last. */
static bool put_part(struct ol_line *l, struct pack *p)
{
    struct ol_transfer *t = p->part;
    size_t room = ol_wr_room(&p->w);
    size_t left = l->part_out.total - t->offset;
    struct ol_item item = {.kind = OL_ITEM_PART};

    assert(t->seq > 0 && t->offset < l->part_out.total);
    p->full = true; /* whatever comes of it: another transfer must not begin before this one has ended */
    if (room < OL_PART_SIZE + 16)
        return false;
    room -= OL_PART_SIZE;
    item.part = (struct ol_part){.author = t->author, .seq = t->seq, .total = (uint16_t)l->part_out.total,
                                 .offset = (uint16_t)t->offset,
                                 .bytes = ol_span(l->part_out.bytes + t->offset, left < room ? left : room)};
    ol_item_write(&item, &p->w);
    assert(!p->w.full);
    p->any = true;
    t->offset += (uint32_t)item.part.bytes.len;
    assert(t->offset <= l->part_out.total);
    if (t->offset < l->part_out.total)
        return false;
    *t = (struct ol_transfer){0};
    return true;
}

/* Puts one own entry, whole or its next piece. True when all of it has gone. */
static bool put_own(struct ol_line *l, struct pack *p, struct ol_row *row, uint8_t form, size_t frame_room)
{
    struct ol_entry e;

    assert(row->h.author == own_side(l) && row->h.seq <= l->own_durable); /* durable before sent */
    entry_of(row, form_of(l, row, form), &e);
    if (ol_entry_size(&e) > frame_room) {
        if (p->whole || !start_parts(l, p, own_side(l), row))
            return false;
        p->sent = row->h.seq > p->sent ? row->h.seq : p->sent;
        if (!put_part(l, p))
            return false;
    } else if (!put_entry(p, row, form_of(l, row, form))) {
        return false;
    }
    note_sent(l, p, row);
    return true;
}

/* Those of at least this precedence. path: OL_PATHS for a handshake message, which goes on all. */
static void put_urgent(struct ol_line *l, struct pack *p, uint8_t path, size_t frame_room, enum ol_precedence least)
{
    struct ol_row row;

    for (size_t i = 0; i < l->urgent_n && l->urgent[i].precedence >= least && !p->full; i++) {
        struct ol_urgent *u = &l->urgent[i];
        uint16_t bit = (uint16_t)(path < OL_PATHS ? 1u << path : UINT16_MAX);
        bool next = l->held + 1 == u->seq;

        if ((u->sent & bit) || u->seq > l->own_durable || (path < OL_PATHS && !allowed(l, path, u->precedence)))
            continue;
        if (u->precedence == OL_PRIORITY && (u->sent || u->seq <= l->tail))
            continue; /* nothing to overtake: it goes in order */
        if (!row_at(l, own_side(l), u->seq, u->seq, &row))
            continue;
        if (!put_own(l, p, &row, OL_WIRE_SEAL | (next ? 0 : OL_WIRE_PREV), frame_room))
            return;
        u->sent = (uint16_t)(u->sent | bit);
        if (u->seq == l->tail)
            l->tail++;
    }
}

static void put_fixes(struct ol_line *l, struct pack *p, size_t frame_room)
{
    struct ol_row row;

    while (l->fix.n > 0 && !p->full) {
        struct ol_range *r = &l->fix.r[0];

        r->from = r->from <= l->held ? l->held + 1 : r->from;
        if (!row_at(l, own_side(l), r->from, r->to < l->own_durable ? r->to : l->own_durable, &row)) {
            memmove(&l->fix.r[0], &l->fix.r[1], (l->fix.n - 1) * sizeof l->fix.r[0]);
            l->fix.n--;
            continue;
        }
        if (!put_own(l, p, &row, 0, frame_room))
            return;
        r->from = row.h.seq + 1;
    }
}

static void put_tail(struct ol_line *l, struct pack *p, size_t frame_room)
{
    struct ol_row row;

    while (!p->full && row_at(l, own_side(l), l->tail, l->own_durable, &row)) {
        const struct ol_urgent *u = urgent(l, row.h.seq);

        if ((u == NULL || u->sent == 0) && !put_own(l, p, &row, 0, frame_room))
            return;
        l->tail = row.h.seq + 1;
        assert(l->tail <= l->own_durable + 1);
    }
}

/* ---- What the peer asked for ---- */

static bool put_none(struct ol_line *l, struct pack *p, unsigned i, const struct ol_want *asked)
{
    struct ol_item item = {.kind = OL_ITEM_NONE, .want = *asked};

    assert(i < 2 && l->give_none[i]);
    item.want.range.from = l->give_from[i];
    if (!put_item(p, &item, OL_WANT_SIZE))
        return false;
    l->give_none[i] = false;
    l->give[i] = (struct ol_want){0};
    p->any = true;
    return true;
}

/* Entries of ours, in full form. */
static void put_wanted_own(struct ol_line *l, struct pack *p, size_t frame_room)
{
    unsigned i = own_side(l) - 'A';
    struct ol_row row;

    while (l->give_none[i] && !p->full) {
        struct ol_want *g = &l->give[i];
        uint32_t to = g->range.to < l->own_durable ? g->range.to : l->own_durable;

        if (!row_at(l, own_side(l), g->range.from, to, &row)) {
            put_none(l, p, i, g);
            return;
        }
        if (!put_own(l, p, &row, OL_WIRE_FULL, frame_room))
            return;
        g->range.from = row.h.seq + 1;
    }
}

/* The peer's own entries, as we hold them: after `back`, each with both hashes. */
static void put_back(struct ol_line *l, struct pack *p, size_t frame_room)
{
    unsigned i = peer_side(l) - 'A';
    struct ol_row row;
    struct ol_entry e;
    bool marked = false;

    while (l->give_none[i] && !p->full) {
        struct ol_want *g = &l->give[i];
        uint8_t form;

        if (!row_at(l, peer_side(l), g->range.from, g->range.to, &row)) {
            if (!marked)
                put_none(l, p, i, g);
            return;
        }
        form = (uint8_t)(OL_WIRE_PREV | OL_WIRE_XHASH | (row.sealed ? OL_WIRE_SEAL : 0));
        entry_of(&row, form, &e);
        if (ol_entry_size(&e) + 1 > frame_room) {
            if (!start_parts(l, p, peer_side(l), &row) || !put_part(l, p))
                return;
        } else {
            marked = marked || put_item(p, &(struct ol_item){.kind = OL_ITEM_BACK}, 1 + ol_entry_size(&e));
            if (!marked || !put_entry(p, &row, form))
                return;
        }
        g->range.from = row.h.seq + 1;
    }
}

static void put_wants(struct ol_line *l, struct pack *p)
{
    want_absent(l);
    for (unsigned i = 0; i < 2; i++) {
        const struct ol_range *r = &l->record.want[i];
        struct ol_item item = {.kind = OL_ITEM_WANT, .want = {.stream = (uint8_t)('A' + i), .range = *r}};

        if (r->from == 0 || l->now.ms < l->want_at[i] || !put_item(p, &item, OL_WANT_SIZE))
            continue;
        l->want_at[i] = l->now.ms + 2 * line_rto(l);
        p->any = true;
    }
}

/* ---- Frames ---- */

static void put_sync(struct ol_line *l, struct pack *p)
{
    struct ol_item item = {.kind = OL_ITEM_SYNC};
    struct ol_item aside = {.kind = OL_ITEM_ASIDE};
    uint32_t most;

    sync_make(l, &item.sync);
    sync_shorten(&item.sync, ol_wr_room(&p->w) / 2);
    assert(item.sync.own_head <= ol_record_own(&l->record)->head);
    if (!put_item(p, &item, OL_SYNC_SIZE + item.sync.held.n * OL_RANGE_SIZE))
        return;
    l->sync_due = false;
    p->any = true;
    ol_stream_aside_ranges(ol_record_peer(&l->record), &aside.aside);
    most = (uint32_t)(ol_wr_room(&p->w) / 2 / OL_RANGE_SIZE);
    if (aside.aside.n > most)
        aside.aside.n = most; /* the lowest: if none were told, a long run would begin anew with each sync */
    if (aside.aside.n > 0)
        put_item(p, &aside, 2 + aside.aside.n * OL_RANGE_SIZE);
}

static void put_echo(struct ol_line *l, struct pack *p, uint8_t path)
{
    struct ol_line_path *lp = &l->path[path];
    struct ol_item item = {.kind = OL_ITEM_ECHO};

    if (!lp->echo_due && !lp->ask_due)
        return;
    echo_make(l, path, &item.echo);
    if (!put_item(p, &item, OL_ECHO_SIZE))
        return;
    p->any = true;
    lp->echo_due = false;
    if (lp->ask_due) {
        lp->ask_due = false;
        lp->unanswered++;
        lp->asked[lp->asked_n++ % OL_ASKED] = (struct ol_asked){l->cur.path[path].tx_counter, l->now.ms};
    }
}

/* An entry has gone out: when its receipt is not here in time, ask. */
static void expect_receipt(struct ol_line *l, const struct pack *p)
{
    assert(p->sent > 0 && p->owed <= p->sent && p->sent <= l->own_durable);
    l->entry_sent_at = l->now.ms;
    if (p->owed > l->owed_sent)
        l->owed_sent = p->owed;
    if (p->owed > 0 && l->owed_since == 0) {
        l->owed_since = l->now.ms;
        l->owed_mark = l->owed_sent;
    }
    if (p->owed > 0)
        l->probe_at = l->now.ms + (line_rto(l) << (l->probes < 6 ? l->probes : 6));
}

/* What has no hurry. What the peer asked for and what it lacks take turns, or on a slow path one could keep the other from
 * ever going. A transfer in parts is not left for another, as long as it is one of these; the turn goes by what it is of, for
 * others may have been had on another path meanwhile. After `back` nothing of ours may follow in the frame. */
static void put_rest(struct ol_line *l, struct pack *p, size_t room)
{
    size_t before = p->w.len;
    uint32_t seq = p->part->seq;
    unsigned i = p->part->author == 'B';

    if (l->give_none[i] && seq >= l->give[i].range.from && seq <= l->give[i].range.to)
        l->give_first = true;
    else if (p->part->author != own_side(l) ||
             (seq < l->tail && (l->fix.n == 0 || seq < l->fix.r[0].from || seq > l->fix.r[0].to)))
        l->give_first = !l->give_first;
    if (l->give_first) {
        put_wanted_own(l, p, room);
        put_back(l, p, room);
        if (p->w.len > before)
            return;
    }
    put_fixes(l, p, room);
    put_tail(l, p, room);
    put_wanted_own(l, p, room);
    put_back(l, p, room);
}

static void send_frame(struct ol_line *l, uint8_t path, struct ol_span items, struct ol_out *out)
{
    struct ol_line_path *lp = &l->path[path];

    assert(items.len > 0 && items.len <= lp->mtu - OL_FRAME_OVERHEAD);
    if (l->cur.path[path].tx_counter % PHASE_FRAMES == PHASE_FRAMES - 1)
        (void)ol_session_ratchet(&l->cur);
    if (lp->marked_at == 0) {
        lp->marked_counter = l->cur.path[path].tx_counter;
        lp->marked_at = l->now.ms;
    }
    ol_session_seal(&l->cur, path, items, l->frame);
    /* Far ahead of what the peer has confirmed: let it confirm. */
    if (l->cur.path[path].tx_counter - l->cur.path[path].tx_confirmed > OL_AHEAD / 4 && lp->unanswered == 0)
        path_ask(l, path);
    *out = (struct ol_out){.kind = OL_OUT_SEND, .path = path, .bytes = ol_span(l->frame, items.len + OL_FRAME_OVERHEAD)};
}

static bool make_frame(struct ol_line *l, uint8_t path, struct ol_out *out)
{
    struct ol_line_path *lp = &l->path[path];
    size_t room = lp->mtu - OL_FRAME_OVERHEAD;
    uint8_t items[OL_FRAME_MAX];
    struct pack p = {.w = ol_wr_to(items, room), .part = &lp->part};
    bool echo = lp->echo_due || lp->ask_due;
    bool best = allowed(l, path, OL_ROUTINE);

    bool may_send = ol_session_may_send(&l->cur, path);

    assert(session_usable(l) && lp->mtu >= OL_FRAME_MIN && room <= sizeof items);
    /* What the line says of itself has what room a FLASH leaves; but it does not wait for all the parts of a long one. */
    p.whole = true;
    if (may_send)
        put_urgent(l, &p, path, room, OL_FLASH);
    p.whole = false;
    if (echo || (l->sync_due && (best || l->path[path].heard)))
        put_sync(l, &p);
    put_echo(l, &p, path);
    if (may_send) {
        if (best)
            put_wants(l, &p);
        put_urgent(l, &p, path, room, OL_ROUTINE);
        if (best)
            put_rest(l, &p, room);
    }
    if (!p.any)
        return false;
    finish(&p);
    if (p.sent > 0)
        expect_receipt(l, &p);
    send_frame(l, path, ol_wr_span(&p.w), out);
    ol_wipe(items, sizeof items);
    return true;
}

size_t output_entries(struct ol_line *l, uint8_t *buf, size_t cap)
{
    struct pack p = {.w = ol_wr_to(buf, cap)};

    put_urgent(l, &p, OL_PATHS, SIZE_MAX, OL_ROUTINE);
    put_tail(l, &p, SIZE_MAX);
    finish(&p);
    if (p.sent > 0)
        expect_receipt(l, &p);
    assert(p.w.len <= cap);
    return p.w.len;
}

static bool something_owed(const struct ol_line *l)
{
    return l->tail <= l->own_durable || l->sync_due || l->give_none[0] || l->give_none[1];
}

static bool output_frame(struct ol_line *l, struct ol_out *out)
{
    if (l->answer_due && answer_ready(l)) {
        l->answer_due = false;
        l->sync_due = true;
    }
    if (!session_usable(l)) {
        if (something_owed(l))
            handshake_need(l);
        return false;
    }
    for (uint8_t i = 0; i < OL_PATHS; i++) {
        if (path_ready(l, i) && make_frame(l, i, out))
            return true;
    }
    return false;
}

enum ol_err ol_line_off_record(struct ol_line *l, uint8_t path, struct ol_span text, struct ol_out *out)
{
    uint8_t items[OL_FRAME_MAX];
    struct ol_wr w = ol_wr_to(items, sizeof items);

    if (!l->off_record || !l->said.off_record || ol_line_path_health(l, path, l->now) != OL_PATH_UP)
        return OL_UNEXPECTED;
    if (text.len + 1 + OL_FRAME_OVERHEAD > l->path[path].mtu)
        return OL_LIMIT;
    if (l->came > 0 || something_owed(l) || !session_usable(l) || !path_ready(l, path) ||
        !ol_session_may_send(&l->cur, path))
        return OL_LATER;
    ol_item_write(&(struct ol_item){.kind = OL_ITEM_OFF_RECORD, .off_record = text}, &w);
    send_frame(l, path, ol_wr_span(&w), out);
    l->path[path].outstanding++;
    l->count.bytes_out += out->bytes.len;
    ol_wipe(items, sizeof items);
    return OL_OK;
}

/* The delivered: ranges up to what was named, and single entries above it. */
static bool named_next(struct ol_line *l, struct ol_out *out)
{
    struct ol_named *n = &l->record.named;

    assert(n->alone_n <= OL_DUE_ALONE);
    if (n->alone_n > 0) {
        n->alone_n--;
        *out = (struct ol_out){.kind = OL_OUT_NAMED, .from = n->alone[n->alone_n].seq,
                               .to = n->alone[n->alone_n].seq, .time = n->alone[n->alone_n].time};
        return true;
    }
    if (l->named_told < l->named) {
        *out = (struct ol_out){.kind = OL_OUT_NAMED, .from = l->named_told + 1, .to = l->named, .time = n->up_to_time};
        l->named_told = l->named;
        return true;
    }
    return false;
}

bool output_next(struct ol_line *l, struct ol_out *out)
{
    if (output_frame(l, out) || named_next(l, out))
        return true;
    if (l->sent_told + 1 < l->tail) {
        *out = (struct ol_out){.kind = OL_OUT_SENT, .to = l->tail - 1};
        l->sent_told = l->tail - 1;
        return true;
    }
    return false;
}

bool ol_line_was_sent(const struct ol_line *l, uint32_t seq)
{
    const struct ol_urgent *u = urgent(l, seq);

    return seq < l->tail || (u != NULL && u->sent != 0);
}

/* ---- Parts coming in ---- */

/* The slot of this entry, or the one that was touched least lately. */
static struct ol_parts *slot_for(struct ol_line *l, const struct ol_part *part)
{
    struct ol_parts *t = l->part_in[0].touched <= l->part_in[1].touched ? &l->part_in[0] : &l->part_in[1];

    for (unsigned i = 0; i < 2; i++) {
        const struct ol_parts *s = &l->part_in[i];

        if (s->seq == part->seq && s->author == part->author && s->total == part->total)
            return &l->part_in[i];
    }
    t->author = part->author;
    t->seq = part->seq;
    t->total = part->total;
    t->have_n = 0;
    return t;
}

bool part_input(struct ol_line *l, const struct ol_part *part, struct ol_entry *whole)
{
    struct ol_parts *t = slot_for(l, part);
    struct ol_hash known;
    struct ol_rd r;

    t->touched = l->now.ms;
    if (!ol_ranges_join(t->have, &t->have_n, sizeof t->have / sizeof t->have[0], part->offset,
                        part->offset + (uint32_t)part->bytes.len))
        return false;
    l->pieces += part->author == own_side(l) && ol_record_hash(&l->record, part->author, part->seq, &known) != OL_OK;
    assert(part->bytes.len > 0 && part->offset + part->bytes.len <= t->total && t->total <= sizeof t->bytes);
    memcpy(t->bytes + part->offset, part->bytes.p, part->bytes.len);
    if (t->have_n != 1 || t->have[0].from != 0 || t->have[0].to != t->total)
        return false;
    t->seq = 0;
    r = ol_rd_from(ol_span(t->bytes, t->total));
    return ol_entry_read(&r, whole) == OL_OK && ol_rd_end(&r) == OL_OK && whole->seq == part->seq;
}
