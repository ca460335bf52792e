/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/alarm.h"

#include <assert.h>
#include <string.h>

static bool is_same(const struct ol_alarm_name *a, const struct ol_alarm_name *b)
{
    return a->kind == b->kind && a->line == b->line && a->author == b->author && a->seq == b->seq;
}

static bool is_emergency(const struct ol_alarm *a)
{
    return ol_alarm_meaning(a->name.kind)->priority == OL_ALARM_EMERGENCY;
}

static struct ol_now after(struct ol_now now, ol_ms ms)
{
    assert(now.ms > 0);
    return (struct ol_now){.ms = now.ms + ms, .utc = now.utc + (uint32_t)(ms / 1000)};
}

enum ol_alarm_state ol_alarm_state(const struct ol_alarm *a)
{
    assert(a->id > 0);
    if (a->rectified.ms != 0)
        return OL_ALARM_RECTIFIED;
    return a->acknowledged.ms != 0 ? OL_ALARM_ACKNOWLEDGED : OL_ALARM_UNACKNOWLEDGED;
}

/* ---- The table ---- */

void ol_alarms_init(struct ol_alarms *t, uint32_t last_id)
{
    memset(t, 0, sizeof *t);
    t->last_id = last_id;
}

static struct ol_alarm *find(struct ol_alarms *t, const struct ol_alarm_name *name)
{
    assert(t->n <= OL_ALARMS);
    for (size_t i = 0; i < t->n; i++) {
        if (is_same(&t->alarm[i].name, name))
            return &t->alarm[i];
    }
    return NULL;
}

const struct ol_alarm *ol_alarm_find(const struct ol_alarms *t, uint32_t id)
{
    assert(t->n <= OL_ALARMS);
    for (size_t i = 0; i < t->n; i++) {
        if (t->alarm[i].listed && t->alarm[i].id == id)
            return &t->alarm[i];
    }
    return NULL;
}

static struct ol_alarm *listed(struct ol_alarms *t, uint32_t id)
{
    const struct ol_alarm *a = ol_alarm_find(t, id);

    return a != NULL ? &t->alarm[a - t->alarm] : NULL;
}

/* Places for a kind: the last one is the flood's, which must be able to say that there is no other. */
static size_t places(enum ol_alarm_kind kind)
{
    if (kind == OL_ALARM_FLOOD)
        return OL_ALARMS;
    return ol_alarm_meaning(kind)->priority == OL_ALARM_EMERGENCY ? OL_ALARMS - 1 : OL_ALARMS - 1 - OL_ALARM_RESERVED;
}

static struct ol_alarm *add(struct ol_alarms *t, const struct ol_alarm_name *name)
{
    assert(find(t, name) == NULL);
    if (t->n >= places(name->kind))
        return NULL;
    t->alarm[t->n] = (struct ol_alarm){.name = *name};
    return &t->alarm[t->n++];
}

static void drop(struct ol_alarms *t, struct ol_alarm *a)
{
    assert(a >= t->alarm && a < t->alarm + t->n);
    *a = t->alarm[--t->n];
}

/* ---- Floods ---- */

static const struct ol_alarm_name flood = {.kind = OL_ALARM_FLOOD};

static struct ol_alarm *standing_flood(struct ol_alarms *t)
{
    struct ol_alarm *a = find(t, &flood);

    return a != NULL && a->standing ? a : NULL;
}

static size_t told_lately(const struct ol_alarms *t, struct ol_now now)
{
    size_t kept = t->told_n < OL_ALARM_FLOOD_MORE + 1 ? t->told_n : OL_ALARM_FLOOD_MORE + 1;
    size_t n = 0;

    for (size_t i = 0; i < kept; i++)
        n += now.ms - t->told[i] <= OL_ALARM_WINDOW_MS;
    assert(n <= OL_ALARM_FLOOD_MORE + 1);
    return n;
}

/* One more is to be announced. Whether it makes a sound of its own. */
static bool may_sound(struct ol_alarms *t, const struct ol_alarm *a, struct ol_now now)
{
    struct ol_alarm *flooding = standing_flood(t);

    if (a->name.kind == OL_ALARM_FLOOD)
        return true;
    t->told[t->told_n++ % (OL_ALARM_FLOOD_MORE + 1)] = now.ms;
    if (flooding != NULL)
        flooding->count++;
    return is_emergency(a) || (flooding == NULL && told_lately(t, now) <= OL_ALARM_FLOOD_MORE);
}

/* ---- What happens to one ---- */

static void tell(struct ol_alarm *a)
{
    a->changed = a->changed || a->listed;
}

static void announce(struct ol_alarms *t, struct ol_alarm *a, struct ol_now now)
{
    if (a->id == 0 || a->acknowledged.ms != 0)
        a->raised = now;
    a->id = ++t->last_id;
    a->acknowledged = a->rectified = a->silenced = a->expires = (struct ol_now){0};
    a->act_by = now.utc + ol_alarm_meaning(a->name.kind)->act_s;
    a->announced = may_sound(t, a, now);
    a->listed = a->changed = true;
    a->fresh = a->announced;
    assert(ol_alarm_state(a) == OL_ALARM_UNACKNOWLEDGED);
}

/* Without a word: it chatters, or was acknowledged before the station started. */
static void stand(struct ol_alarm *a, struct ol_now now)
{
    assert(a->id > 0);
    a->rectified = a->expires = (struct ol_now){0};
    if (a->acknowledged.ms != 0)
        a->expires = after(now, OL_ALARM_KEPT_MS);
    a->listed = a->changed = true;
}

static bool chatters(const struct ol_alarm *a, struct ol_now now)
{
    return a->came[0] != 0 && now.ms - a->came[0] <= OL_ALARM_WINDOW_MS;
}

static void activate(struct ol_alarms *t, struct ol_alarm *a, struct ol_now now)
{
    assert(!a->standing && a->since > 0);
    memmove(&a->came[0], &a->came[1], sizeof a->came - sizeof a->came[0]);
    a->came[OL_ALARM_CHATTER - 1] = now.ms;
    a->standing = true;
    a->count++;
    a->latched = a->latched || chatters(a, now);
    if (a->id == 0 && a->acknowledged.ms != 0) {
        a->id = ++t->last_id;
        stand(a, now);
    } else if (a->latched) {
        stand(a, now);
    } else {
        announce(t, a, now);
    }
}

static void rectify(struct ol_alarm *a, struct ol_now now)
{
    assert(!a->standing);
    a->latched = false;
    a->rectified = now;
    a->silenced = (struct ol_now){0};
    a->expires = after(now, a->acknowledged.ms != 0 ? OL_ALARM_SEEN_MS : OL_ALARM_KEPT_MS);
    a->changed = true; /* of one that has expired too: it is known to be acknowledged */
}

static void note(struct ol_alarms *t, struct ol_alarm *a, ol_ms wait_ms, struct ol_now now)
{
    assert(now.ms > 0);
    if (a->since == 0)
        a->since = now.ms;
    if (!a->standing && now.ms - a->since >= wait_ms)
        activate(t, a, now);
}

/* ---- What is told to the table ---- */

/* More than can be announced, or listed. */
static void raise_flood(struct ol_alarms *t, struct ol_now now)
{
    struct ol_alarm *a = find(t, &flood);

    if (a == NULL)
        a = add(t, &flood);
    assert(a != NULL);
    if (a->standing)
        return;
    note(t, a, 0, now);
    a->count = (uint32_t)told_lately(t, now);
}

void ol_alarm_raise(struct ol_alarms *t, const struct ol_alarm_name *name, ol_ms wait_ms, struct ol_now now)
{
    struct ol_alarm *a = find(t, name);

    assert(name->kind != OL_ALARM_FLOOD && name->kind < OL_ALARM_KINDS);
    if (a == NULL)
        a = add(t, name);
    if (a != NULL)
        note(t, a, wait_ms, now);
    else
        t->refused = now.ms;
    if (a == NULL || told_lately(t, now) > OL_ALARM_FLOOD_MORE)
        raise_flood(t, now);
}

static void clear(struct ol_alarms *t, struct ol_alarm *a, struct ol_now now)
{
    a->since = 0;
    if (a->id == 0) {
        drop(t, a);
    } else if (a->standing) {
        a->standing = false;
        a->cleared = now.ms;
        if (!a->latched)
            rectify(a, now);
    }
}

void ol_alarm_clear(struct ol_alarms *t, const struct ol_alarm_name *name, struct ol_now now)
{
    struct ol_alarm *a = find(t, name);

    assert(name->kind != OL_ALARM_FLOOD);
    if (a != NULL)
        clear(t, a, now);
}

void ol_alarm_restore(struct ol_alarms *t, const struct ol_alarm_name *name, uint32_t raised, uint32_t acknowledged,
                      struct ol_now now)
{
    struct ol_alarm *a = find(t, name);

    if (a == NULL)
        a = add(t, name);
    if (a == NULL)
        return; /* then it is announced once more */
    assert(a->id == 0 && now.ms > 0);
    a->raised = (struct ol_now){.ms = now.ms, .utc = raised};
    a->acknowledged = (struct ol_now){.ms = now.ms, .utc = acknowledged};
    a->noted = true;
}

enum ol_err ol_alarm_ack(struct ol_alarms *t, uint32_t id, struct ol_now now)
{
    struct ol_alarm *a = listed(t, id);

    if (a == NULL)
        return OL_ABSENT;
    if (a->acknowledged.ms != 0)
        return OL_OK;
    a->acknowledged = now;
    a->silenced = (struct ol_now){0};
    a->expires = after(now, OL_ALARM_KEPT_MS);
    tell(a);
    a->listed = a->rectified.ms == 0; /* its end was seen too */
    return OL_OK;
}

enum ol_err ol_alarm_silence(struct ol_alarms *t, uint32_t id, struct ol_now now)
{
    struct ol_alarm *a = listed(t, id);

    if (a == NULL)
        return OL_ABSENT;
    if (ol_alarm_state(a) != OL_ALARM_UNACKNOWLEDGED)
        return OL_UNEXPECTED;
    a->silenced = after(now, OL_ALARM_SILENCE_MS);
    tell(a);
    return OL_OK;
}

/* ---- What time alone changes ---- */

/* One that chatters has come to rest, here or there. */
static void settle(struct ol_alarms *t, struct ol_alarm *a, struct ol_now now)
{
    assert(a->latched);
    if (now.ms - (a->standing ? a->since : a->cleared) < OL_ALARM_WINDOW_MS)
        return;
    a->latched = false;
    if (!a->standing)
        rectify(a, now);
    else if (a->acknowledged.ms != 0)
        announce(t, a, now);
}

static bool is_over(const struct ol_alarm *a, struct ol_now now)
{
    if (a->id == 0) /* acknowledged in another life, and nobody has looked for its cause since */
        return a->since == 0 && now.ms - a->acknowledged.ms >= OL_ALARM_KEPT_MS;
    return !a->listed && !a->standing && !a->changed && now.ms - a->cleared >= OL_ALARM_WINDOW_MS;
}

static void tick(struct ol_alarms *t, struct ol_alarm *a, struct ol_now now)
{
    if (a->latched)
        settle(t, a, now);
    if (a->silenced.ms != 0 && now.ms >= a->silenced.ms) {
        a->silenced = (struct ol_now){0};
        tell(a);
    }
    if (a->expires.ms != 0 && now.ms >= a->expires.ms)
        a->listed = false;
    if (is_over(a, now))
        drop(t, a);
}

void ol_alarms_tick(struct ol_alarms *t, struct ol_now now)
{
    struct ol_alarm *flooding;

    assert(t->n <= OL_ALARMS && now.ms > 0);
    for (size_t i = t->n; i > 0; i--)
        tick(t, &t->alarm[i - 1], now);
    flooding = standing_flood(t);
    if (flooding != NULL && told_lately(t, now) < OL_ALARM_FLOOD_OVER &&
        (t->refused == 0 || now.ms - t->refused > OL_ALARM_WINDOW_MS))
        clear(t, flooding, now);
}

bool ol_alarm_next(struct ol_alarms *t, struct ol_alarm *out, bool *fresh)
{
    *fresh = false;
    for (size_t i = 0; i < t->n; i++) {
        struct ol_alarm *a = &t->alarm[i];

        if (!a->changed)
            continue;
        assert(a->id > 0);
        *fresh = a->fresh;
        a->changed = a->fresh = false;
        *out = *a;
        a->noted = ol_alarm_state(a) == OL_ALARM_ACKNOWLEDGED;
        return true;
    }
    return false;
}
