/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long each path of a line was up, and how fast. Nothing else says it, so it goes to the own book: a leaf a path
 * for each day (UTC) and at an orderly end. A station that is killed loses what it had measured since, at most a day,
 * and the seconds that were measured say so. What was measured for less than a minute is not worth a leaf.
 */
#include <string.h>

#include "station/station.h"

#define DAY_S 86400u
#define LEAST_S 60u

/* The measurement of a path up to now. */
static struct ol_path_time measured(const struct measure *m)
{
    struct ol_path_time t = m->time;
    uint64_t mean = t.up_s > 0 ? m->rtt_sum / t.up_s : 0;

    t.rtt_ms = mean < OL_PATH_RTT_MAX_MS ? (uint32_t)mean : OL_PATH_RTT_MAX_MS;
    return t;
}

static void keep(struct line *l, struct measure *m)
{
    const struct ol_path_time t = measured(m);
    uint8_t text[OL_PATH_NOTE_MAX];
    struct ol_wr w = ol_wr_to(text, sizeof text);
    struct ol_leaf leaf = {.kind = OL_LEAF_PATH};
    struct ol_fault f;

    *m = (struct measure){0};
    if (t.up_s + t.down_s < LEAST_S)
        return;
    ol_path_note_write(&t, &w);
    leaf.text = ol_wr_span(&w);
    if (!book_write(l->station, l, &leaf, &f))
        station_log("line %s: how long path %u was up is not in the own book: %s", l->info.name, t.path, f.key);
}

static void begin(const struct line *l, uint8_t path, uint32_t now, struct measure *m)
{
    size_t len = strcspn(l->path_spec[path], ":");

    m->time.path = path;
    m->time.from = now;
    if (len <= OL_CARRIER_MAX)
        memcpy(m->time.carrier, l->path_spec[path], len);
}

/* A clock that is set to another day begins another day too. */
static bool is_over(const struct line *l, uint8_t path, uint32_t now, const struct measure *m)
{
    size_t len = strlen(m->time.carrier);

    return len > 0 && (!l->core->path[path].configured || now / DAY_S != m->time.from / DAY_S ||
                       strncmp(m->time.carrier, l->path_spec[path], len) != 0);
}

static void look_at(struct line *l, uint8_t path, struct ol_now now)
{
    const struct ol_line_path *p = &l->core->path[path];
    struct measure *m = &l->measure[path];

    if (is_over(l, path, now.utc, m))
        keep(l, m);
    if (!p->configured || ending_is_over(l))
        return;
    if (m->time.carrier[0] == 0)
        begin(l, path, now.utc, m);
    if (m->time.carrier[0] == 0)
        return; /* an address that is none yet */
    if (ol_line_path_health(l->core, path, now) == OL_PATH_UP) {
        m->time.up_s++;
        m->rtt_sum += p->rtt_ms;
    } else {
        m->time.down_s++;
    }
}

void paths_look(struct line *l)
{
    for (uint8_t i = 0; i < OL_PATHS; i++)
        look_at(l, i, station_now(l->station));
}

void paths_keep(struct station *s)
{
    for (size_t i = 0; i < s->lines_n; i++) {
        for (uint8_t path = 0; path < OL_PATHS; path++) {
            if (s->line[i]->measure[path].time.carrier[0] != 0)
                keep(s->line[i], &s->line[i]->measure[path]);
        }
    }
}

/* ---- A month of them ---- */

struct month {
    const struct ol_month *month;
    struct ol_path_times *sum;
};

static void add(const struct month *m, const struct ol_path_time *t)
{
    if (t->from >= m->month->from && t->from < m->month->to)
        ol_path_times_add(m->sum, t);
}

static bool take_leaf(void *ctx, const struct ol_leaf *leaf)
{
    struct ol_path_time t;

    if (leaf->kind == OL_LEAF_PATH && ol_path_note_read(leaf->text, &t) == OL_OK)
        add(ctx, &t);
    return true;
}

bool paths_month(struct line *l, const struct ol_month *month, struct ol_path_times *out, struct ol_fault *f)
{
    const struct book_query which = {.line = l, .from = 1};
    struct month m = {month, out};

    *out = (struct ol_path_times){0};
    for (uint8_t i = 0; i < OL_PATHS; i++) {
        const struct ol_path_time now = measured(&l->measure[i]);

        if (now.carrier[0] != 0)
            add(&m, &now);
    }
    return book_each(l->station, &which, take_leaf, &m, f);
}
