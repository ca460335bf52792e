/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that came in on a path: which session opens them, and what each item in them
 * means. Whatever they are, the line goes on.
 */
#include <assert.h>
#include <string.h>

#include "line/internal.h"

/* ---- Items ---- */

/* What a frame told, applied once all of it was read. */
struct told {
    bool sync;
    struct ol_sync the_sync;
    struct ol_ranges aside;
    bool back;
};

static enum ol_err take_entry(struct ol_line *l, uint8_t author, const struct ol_entry *e)
{
    assert(e->seq > 0 && e->kind >= OL_ITEM_ENTRY);
    size_t before = filling(l)->n;
    enum ol_took took;

    /* Nothing was asked for since the start: this answers what was asked before it, and is no second life of ours. */
    if (author == own_side(l) && l->signing == OL_SIGN_ASKING)
        return OL_OK;
    took = ol_record_take(&l->record, author, e, filling(l), l->now.utc);
    l->changed = l->changed || took == OL_TOOK_FORK;
    /* What goes on record, and a long entry for its frames: what waits aside may be anything, again and again. */
    l->useful += filling(l)->n - before + (took == OL_TOOK_NEW ? e->body.len / 512 : 0);
    /* A duplicate asks for its receipt: our sync, and what the peer's shows missing, answer it. */
    l->sync_due = l->sync_due || (took == OL_TOOK_KNOWN && author == peer_side(l));
    if ((took == OL_TOOK_ASIDE || took == OL_TOOK_REFUSED) && l->now.ms >= l->gap_sync_at &&
        e->seq > ol_record_peer(&l->record)->head + 1) {
        l->sync_due = true;
        l->gap_sync_at = l->now.ms + line_rto(l);
    }
    return took == OL_TOOK_FULL ? OL_LIMIT : OL_OK;
}

static enum ol_err take_part(struct ol_line *l, const struct ol_part *part)
{
    struct ol_entry whole;

    return part_input(l, part, &whole) ? take_entry(l, part->author, &whole) : OL_OK;
}

static void take_want(struct ol_line *l, const struct ol_want *want)
{
    unsigned i = want->stream - 'A';

    assert(i < 2 && want->range.from >= 1 && want->range.from <= want->range.to);
    /* The same again while it is being answered: to begin anew each time would come to no end on a slow path. */
    if (l->give_none[i] && l->give_from[i] == want->range.from && l->give[i].range.to == want->range.to)
        return;
    l->give[i] = *want;
    l->give_from[i] = want->range.from;
    l->give_none[i] = true;
}

static void take_none(struct ol_line *l, const struct ol_want *none)
{
    struct ol_range *w = &l->record.want[none->stream - 'A'];

    if (none->stream == own_side(l))
        signing_none(l, &none->range);
    else if (w->from >= none->range.from && w->to <= none->range.to)
        *w = (struct ol_range){0};
}

static enum ol_err take_off_record(struct ol_line *l, struct ol_span text)
{
    if (!l->off_record || l->came > 0) {
        l->count.unwanted++;
        return OL_LIMIT;
    }
    assert(text.len > 0 && text.len < sizeof l->frame);
    ol_wipe(l->frame, l->shown);
    memcpy(l->frame, text.p, text.len);
    l->came = text.len;
    return OL_OK;
}

static enum ol_err take_item(struct ol_line *l, const struct ol_item *item, struct ol_session *s, uint8_t path,
                             struct told *told)
{
    uint8_t author = told->back ? own_side(l) : peer_side(l);

    switch (item->kind) {
    case OL_ITEM_SYNC:
        told->sync = true;
        told->the_sync = item->sync;
        return OL_OK;
    case OL_ITEM_ASIDE:
        told->aside = item->aside;
        return OL_OK;
    case OL_ITEM_ECHO:
        echo_input(l, &item->echo, s, path);
        return OL_OK;
    case OL_ITEM_WANT:
        take_want(l, &item->want);
        return OL_OK;
    case OL_ITEM_NONE:
        take_none(l, &item->want);
        return OL_OK;
    case OL_ITEM_BACK:
        told->back = true;
        return OL_OK;
    case OL_ITEM_PART:
        return take_part(l, &item->part);
    case OL_ITEM_OFF_RECORD:
        return take_off_record(l, item->off_record);
    case OL_ITEM_ENTRY:
        break;
    }
    return take_entry(l, author, &item->entry);
}

/* What verified entries named of ours is held and delivered. */
static void settle_named(struct ol_line *l)
{
    uint32_t up_to = l->record.named.up_to;

    assert(up_to <= ol_record_own(&l->record)->top); /* taken back early, it may be above the head */
    if (up_to > l->named) {
        l->named = up_to;
        l->probes = 0;
        if (l->named >= l->owed_mark) {
            l->owed_mark = l->owed_sent;
            l->owed_since = l->named < l->owed_sent ? l->now.ms : 0;
        }
        held_up_to(l, up_to);
    }
}

enum ol_err items_input(struct ol_line *l, struct ol_span items, struct ol_session *s, uint8_t path,
                        bool from_message_1)
{
    struct ol_rd r = ol_rd_from(items);
    struct told told = {0};
    struct ol_item item;
    enum ol_err err;

    assert(from_message_1 == (s == NULL) && path < OL_PATHS);
    while ((err = ol_item_read(&r, &item)) == OL_OK) {
        if (from_message_1 && item.kind != OL_ITEM_ENTRY)
            continue;
        if ((err = take_item(l, &item, s, path, &told)) != OL_OK)
            break;
    }
    l->count.malformed += err == OL_MALFORMED;
    signing_update(l);
    settle_named(l);
    if (told.sync)
        sync_input(l, &told.the_sync, &told.aside, s);
    return err == OL_ABSENT ? OL_OK : err;
}

/* ---- Frames ---- */

/* Opens a frame under the session that has its number. Two may have the same: a peer that started again does not know
 * which numbers it used. */
static enum ol_err open_frame(struct ol_line *l, const struct ol_outer *o, struct ol_span in, uint8_t *items,
                              struct ol_session **under)
{
    struct ol_session *sessions[] = {&l->cur, &l->next, &l->old};
    enum ol_err result = OL_FORGED;

    for (unsigned i = 0; i < 3 && result != OL_OK; i++) {
        enum ol_err err = OL_FORGED;

        *under = sessions[i];
        if (sessions[i]->live && sessions[i]->id == o->session)
            err = ol_session_open(sessions[i], o, in, items, l->now.ms);
        if (err != OL_FORGED)
            result = err; /* a counter that one session has seen may be a new one in the other */
    }
    return result;
}

/* A line has its questions and repeats; but many more frames than bring anything are meant to keep us busy. */
static void watch_flood(struct ol_line *l)
{
    bool over = ++l->frames > FLOOD_FRAMES + 8 * l->useful;

    l->changed = l->changed || (over && !l->flooded);
    l->flooded = l->flooded || over;
    if (l->now.ms - l->frames_since > 3 * l->cfg.liveness_ms) {
        l->flooded = over;
        l->frames_since = l->now.ms;
        l->frames = l->useful = 0;
    }
}

static enum ol_err frame_input(struct ol_line *l, const struct ol_outer *o, uint8_t path, uint16_t conn,
                               struct ol_span in)
{
    uint8_t items[OL_FRAME_MAX];
    struct ol_session *s;
    enum ol_err err = open_frame(l, o, in, items, &s);

    if (err)
        return err;
    if (s == &l->next) {
        handshake_proved(l);
        s = &l->cur;
    }
    l->count.frames_in++;
    assert(s->live && s->proved && o->rest.len >= OL_TAG);
    /* Each side numbers its paths as it likes: counters go by the sender's number, liveness by ours. */
    l->path[path].peer_number = o->path;
    path_heard(l, path, conn);
    err = items_input(l, ol_span(items, o->rest.len - OL_TAG), s, path, false);
    ol_wipe(items, sizeof items);
    watch_flood(l);
    return err;
}

enum ol_err ol_line_input(struct ol_line *l, uint8_t path, uint16_t conn, struct ol_span in, struct ol_now now)
{
    struct ol_outer o;
    enum ol_err err;

    assert(path < OL_PATHS);
    l->now = now;
    l->count.bytes_in += in.len;
    err = in.len > OL_FRAME_MAX ? OL_MALFORMED : ol_outer_read(in, &o);
    if (!err)
        err = o.type == OL_FRAME ? frame_input(l, &o, path, conn, in) : handshake_input(l, &o, path, conn);
    l->count.strangers += err == OL_FORGED || err == OL_MALFORMED;
    l->count.replayed += err == OL_REPLAYED;
    return err;
}
