/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a line ends, and how another takes its place: closed by both sides, or revoked by
 * this one; succeeded by a line that names it and has its paths when it is over.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "desk/ledger.h"
#include "station/station.h"

#define SILENCES 3u /* liveness times without a word, after which the other side has stopped too */

void ending_note(struct line *l, const struct ol_header *h)
{
    if (h->kind != OL_KIND_CLOSE)
        return;
    l->close_seq[h->author - 'A'] = h->seq;
    l->closing = l->closing || h->author == l->core->cfg.record.own;
}

bool ending_is_closed(const struct line *l)
{
    uint8_t own = l->core->cfg.record.own;
    uint32_t theirs = l->close_seq[own == 'A'];

    return l->close_seq[own - 'A'] > 0 && theirs > 0 && theirs <= l->core->peer_durable.seq;
}

bool ending_is_over(const struct line *l)
{
    return l->stopped || l->info.revoked;
}

/* ---- What is not written any more ---- */

static struct line *successor_of(const struct line *l)
{
    struct station *s = l->station;

    for (size_t i = 0; i < s->lines_n; i++)
        if (ol_hash_equal(&s->line[i]->info.old_line, &l->info.id))
            return s->line[i];
    return NULL;
}

bool ending_refuses(const struct line *l, struct ol_fault *f)
{
    const struct line *next = successor_of(l);

    if (l->info.revoked)
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.revoked", "line", l->info.name, NULL);
    else if (l->closing && next != NULL)
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.closed_for", "line", l->info.name, "successor",
                     next->info.name, NULL);
    else if (l->closing)
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.closed", "line", l->info.name, NULL);
    return l->info.revoked || l->closing;
}

/* ---- The paths of a line that is over ---- */

static bool is_path_of(const struct ol_conf_path *path, const struct line *l)
{
    char hex[OL_HASH_HEX];

    ol_hash_hex(&l->info.id, hex);
    return strncmp(path->line, hex, OL_CONF_LINE) == 0;
}

static bool has_paths(const struct ol_conf *c, const struct line *l)
{
    for (size_t i = 0; i < c->count; i++)
        if (is_path_of(&c->paths[i], l))
            return true;
    return false;
}

/* Under a number of its own: to the relay it is another path, with no connections yet. */
static void give(struct ol_conf *c, struct ol_conf_path *path, const struct line *to)
{
    char hex[OL_HASH_HEX];
    uint16_t highest = 0;

    for (size_t i = 0; i < c->count; i++)
        if (c->paths[i].id > highest)
            highest = c->paths[i].id;
    path->id = (uint16_t)(highest + 1);
    ol_hash_hex(&to->info.id, hex);
    memcpy(path->line, hex, OL_CONF_LINE);
}

/* What the successor does not take is dropped: nothing goes there any more. */
static void hand_over(struct ol_conf *c, const struct line *l, const struct line *next)
{
    bool taken = next != NULL && !has_paths(c, next);
    size_t kept = 0;

    for (size_t i = 0; i < c->count; i++) {
        if (is_path_of(&c->paths[i], l)) {
            if (!taken)
                continue;
            give(c, &c->paths[i], next);
        }
        c->paths[kept++] = c->paths[i];
    }
    c->count = kept;
}

/* False: not now, since another program is changing the home. */
static bool move_paths(struct line *l)
{
    struct ol_conf c = {0};
    char why[OL_WHY_MAX] = "";
    int lock = -1;
    bool moved;

    if (ol_home_lock(&l->station->home, OL_HOME_SETUP_LOCK, &lock))
        return false;
    moved = ol_conf_read(OL_HOME_RELAY_CONF, &c, why) == OL_OK;
    if (moved && has_paths(&c, l)) {
        hand_over(&c, l, successor_of(l));
        moved = ol_conf_write(OL_HOME_RELAY_CONF, &c, why) == OL_OK;
    }
    if (!moved)
        station_log("line %s: its paths stay as they are: %s", l->info.name, why);
    ol_conf_free(&c);
    close(lock);
    return true;
}

/* ---- Closed by both ---- */

static bool is_silent(const struct line *l)
{
    struct ol_now now = station_now(l->station);
    struct ol_line_status st;

    ol_line_status(l->core, now, &st);
    return (st.heard ? st.heard_ms : now.ms - l->loaded_ms) > SILENCES * l->core->cfg.liveness_ms;
}

/* The other side has our close, and either says that it holds all of ours, or has stopped before us. */
static bool may_stop(struct line *l)
{
    uint8_t own = l->core->cfg.record.own;

    return ending_is_closed(l) && view_delivered_at(l, own, l->close_seq[own - 'A']) > 0 &&
           (l->core->held >= l->core->own_durable || is_silent(l));
}

void ending_consider(struct line *l)
{
    if (ending_is_over(l) || !may_stop(l) || !move_paths(l))
        return;
    station_log("line %s: closed by both sides", l->info.name);
    l->stopped = true;
    carrier_reload(l->station);
}

/* ---- Successors ---- */

static bool waits_in_outbox(const struct line *l, uint8_t kind)
{
    for (size_t i = 0; i < l->outbox_n; i++)
        if (l->outbox[i].kind == kind)
            return true;
    return false;
}

bool ending_holds_back(const struct line *l, uint8_t kind)
{
    return kind != OL_KIND_SUCCEEDS && waits_in_outbox(l, OL_KIND_SUCCEEDS);
}

static struct line *predecessor_of(const struct line *l)
{
    struct station *s = l->station;

    for (size_t i = 0; i < s->lines_n; i++)
        if (ol_hash_equal(&s->line[i]->info.id, &l->info.old_line))
            return s->line[i];
    return NULL;
}

static void succeed(struct line *l, const struct line *old)
{
    uint8_t own = old->core->cfg.record.own;
    struct ol_succeeds s = {.line = old->info.id};
    uint8_t body[160];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    s.head[own - 'A'].seq = old->core->own_durable;
    s.head[own == 'A'] = old->core->peer_durable;
    if (ol_record_hash(&old->core->record, own, s.head[own - 'A'].seq, &s.head[own - 'A'].hash))
        return; /* damaged: the next start tries again, or says so */
    ol_succeeds_write(&s, &w);
    if (ol_line_write(l->core, OL_KIND_SUCCEEDS, OL_PRIORITY << 6, ol_wr_span(&w), l->next_token,
                      station_now(l->station)))
        return;
    l->next_token++;
    l->succeeds = true;
    line_drain(l);
}

void ending_adopt(struct station *s)
{
    for (size_t i = 0; i < s->lines_n; i++) {
        struct line *l = s->line[i];
        struct line *old = predecessor_of(l);

        if (old == NULL)
            continue;
        if (!l->succeeds && ol_record_own(&l->core->record)->head == 0 &&
            !waits_in_outbox(l, OL_KIND_SUCCEEDS))
            succeed(l, old);
        if (ending_is_over(old))
            (void)move_paths(old);
    }
}
