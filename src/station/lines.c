/* SPDX-License-Identifier: Apache-2.0 */
/* A line and its store: what the line hands out is committed, sent and told, in its order. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "station/repair.h"
#include "station/station.h"

#define LOOK_MS 60000u   /* between two looks at a mebibyte of the record: a gibibyte in 17 hours */
#define CLOSING_MS 1000u /* between two looks at whether a closed line may stop */

/* ---- The shelf: what the line may read ---- */

struct first_row {
    struct ol_row *out;
    bool found;
};

/* A scan's body is gone when the scan has ended; the shelf lends its rows until it is asked again. */
static bool take_first(void *ctx, const struct ol_row *row)
{
    static uint8_t body[OL_BODY_MAX];
    struct first_row *first = ctx;

    *first->out = *row;
    if (row->body.len > 0)
        memcpy(body, row->body.p, row->body.len);
    first->out->body.p = body;
    first->found = true;
    return false;
}

static enum ol_err shelf_at(void *ctx, uint8_t author, uint32_t from, struct ol_row *out)
{
    struct line *l = ctx;
    struct first_row first = {.out = out};
    const struct ol_row *recent = &l->recent[from % RECENT];
    enum ol_err err;

    if (author == l->core->cfg.record.own && recent->h.seq == from && from > 0) {
        *out = *recent;
        return OL_OK;
    }
    err = ol_store_row(l->station->store, l->info.number, author, from, out);
    if (err != OL_ABSENT)
        return err;
    err = ol_store_scan(l->station->store, l->info.number, author, from, take_first, &first);
    if (err)
        return err;
    return first.found ? OL_OK : OL_ABSENT;
}

struct wanted_hash {
    const struct ol_hash *hash;
    struct first_row first;
};

static bool take_hash(void *ctx, const struct ol_row *row)
{
    struct wanted_hash *wanted = ctx;

    return !ol_hash_equal(&row->hash, wanted->hash) || take_first(&wanted->first, row);
}

static enum ol_err shelf_by_hash(void *ctx, uint8_t author, const struct ol_hash *hash, struct ol_row *out)
{
    struct line *l = ctx;
    struct wanted_hash wanted = {.hash = hash, .first = {.out = out}};
    enum ol_err err = ol_store_row_by_hash(l->station->store, l->info.number, author, hash, out);

    if (err == OL_ABSENT)
        err = ol_store_evidence(l->station->store, l->info.number, take_hash, &wanted);
    else
        return err;
    if (err)
        return err;
    return wanted.first.found ? OL_OK : OL_ABSENT;
}

static enum ol_err shelf_outbox(void *ctx, enum ol_precedence precedence, uint64_t after, struct ol_put *out)
{
    struct line *l = ctx;

    for (size_t i = 0; i < l->outbox_n; i++) {
        const struct boxed *b = &l->outbox[i];

        if (b->token <= after || ol_flags_precedence(b->flags) != precedence ||
            ending_holds_back(l, b->kind))
            continue;
        *out = (struct ol_put){.what = OL_PUT_OUTBOX, .token = b->token};
        out->row.h.kind = b->kind;
        out->row.h.flags = b->flags;
        out->row.body = ol_span(b->body.p, b->body.len);
        return OL_OK;
    }
    return OL_ABSENT;
}

static bool copy_body(struct ol_span body, struct ol_blob *out)
{
    out->p = malloc(body.len + 1);
    if (out->p == NULL)
        return false;
    memcpy(out->p, body.p, body.len);
    out->len = body.len;
    return true;
}

static bool box(struct line *l, uint64_t token, uint8_t kind, uint8_t flags, struct ol_span body)
{
    struct boxed *to;

    if (l->outbox_n == l->outbox_cap) {
        size_t cap = l->outbox_cap == 0 ? 16 : 2 * l->outbox_cap;
        struct boxed *grown = realloc(l->outbox, cap * sizeof *grown);

        if (grown == NULL)
            return false;
        l->outbox = grown;
        l->outbox_cap = cap;
    }
    to = &l->outbox[l->outbox_n];
    *to = (struct boxed){.token = token, .kind = kind, .flags = flags};
    if (!copy_body(body, &to->body))
        return false;
    l->outbox_n++;
    if (token >= l->next_token)
        l->next_token = token + 1;
    return true;
}

static void unbox(struct line *l, uint64_t token)
{
    for (size_t i = 0; i < l->outbox_n; i++) {
        if (l->outbox[i].token != token)
            continue;
        ol_blob_free(&l->outbox[i].body);
        memmove(&l->outbox[i], &l->outbox[i + 1], (l->outbox_n - i - 1) * sizeof l->outbox[0]);
        l->outbox_n--;
        return;
    }
}

static void remember(struct line *l, const struct ol_row *row)
{
    struct ol_row *slot = &l->recent[row->h.seq % RECENT];
    struct ol_blob body;

    free((void *)(uintptr_t)slot->body.p);
    memset(slot, 0, sizeof *slot);
    if (!copy_body(row->body, &body))
        return;
    *slot = *row;
    slot->body = ol_span(body.p, body.len);
}

/* ---- Commits ---- */

/* The engine may know why; without memory or disk the station cannot go on. */
static void store_failed(struct line *l)
{
    station_log("the store failed, ending: %s", ol_store_why(l->station->store));
    station_stop(l->station, EXIT_FAILURE);
}

static bool apply(struct line *l, const struct ol_put *put)
{
    switch (put->what) {
    case OL_PUT_ROW:
        if (put->row.h.author == l->core->cfg.record.own)
            remember(l, &put->row);
        ending_note(l, &put->row.h);
        search_note(l, &put->row.h);
        rate_note(l, &put->row.h);
        form_note(l, &put->row);
        desk_note(l, &put->row);
        linetest_note(l, &put->row);
        roster_note(l, &put->row);
        return agree_note(l, &put->row);
    case OL_PUT_OUTBOX:
        return box(l, put->token, put->row.h.kind, put->row.h.flags, put->row.body);
    case OL_PUT_UNBOXED:
        unbox(l, put->token);
        return true;
    case OL_PUT_RESUMED:
        l->info.restored = false;
        return true;
    case OL_PUT_EVIDENCE:
        station_log("line %s: an entry contradicts the record: kept as evidence", l->info.name);
        return true;
    case OL_PUT_ANSWERED:
        return true;
    }
    return true;
}

static void set_heads(struct line *l, uint32_t own, uint32_t peer)
{
    l->head[line_side(l) == 'B'] = own;
    l->head[line_side(l) == 'A'] = peer;
}

static void on_committed(void *ctx, uint64_t id, enum ol_err err)
{
    struct line *l = ctx;
    const struct ol_batch *batch = &l->core->batch;
    bool told = false;

    assert(batch->id == id);
    if (err == OL_NO_ROOM) {
        station_log("line %s: no room on the disk: %s", l->info.name, ol_store_why(l->station->store));
        calls_no_room(l);
    } else if (err) {
        store_failed(l);
    } else {
        for (size_t i = 0; i < batch->n; i++) {
            if (!apply(l, &batch->puts[i]))
                store_failed(l);
            told |= batch->puts[i].what == OL_PUT_ROW && events_are_about(batch->puts[i].row.h.kind);
        }
        set_heads(l, l->core->batch_own_head, l->core->batch_peer_head.seq);
        if (told)
            events_look(l);
        calls_committed(l, batch);
    }
    ol_line_committed(l->core, id, err, station_now(l->station));
    if (!err)
        calls_retry(l);
}

/* ---- Performing ---- */

static void told_changed(struct line *l)
{
    struct ol_line_status st;

    ol_line_status(l->core, station_now(l->station), &st);
    if (control_followed(l->station, l))
        control_event(l->station, l,
                      json_pack("{s:i,s:s,s:s,s:s}", "schema", 1, "line", l->info.name, "event", "line", "state",
                                st.configured > 0 && st.up == st.configured ? "up" : st.up > 0 ? "degraded" : "down"));
}

void line_send(struct line *l, const struct ol_out *out)
{
    const struct ol_link_msg m = {.type = OL_LINK_FRAME, .path = (uint16_t)l->path_id[out->path], .conn = out->conn,
                                  .frame = out->bytes};

    carrier_send(l->station, &m);
}

static void perform(struct line *l, const struct ol_out *out)
{
    struct station *s = l->station;

    switch (out->kind) {
    case OL_OUT_COMMIT:
        ol_store_commit(s->store, l->info.number, out->batch, on_committed, l);
        break;
    case OL_OUT_SEND:
        line_send(l, out);
        break;
    case OL_OUT_PROVEN:
        carrier_proven(l, out->path, out->conn);
        break;
    case OL_OUT_NAMED:
        calls_named(l, out->from, out->to, out->time);
        break;
    case OL_OUT_SENT:
        break;
    case OL_OUT_OFF_RECORD:
        off_record_came(l, out->bytes);
        break;
    case OL_OUT_CHANGED:
        told_changed(l);
        alarms_look(l);
        break;
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct line *l = timer->data;

    ol_line_tick(l->core, station_now(l->station));
    line_drain(l);
}

static void rearm(struct line *l)
{
    ol_ms at = ol_line_deadline(l->core);
    ol_ms now = station_now(l->station).ms;

    if (ending_is_closed(l) && !ending_is_over(l) && at > now + CLOSING_MS)
        at = now + CLOSING_MS;
    if (at == OL_NEVER)
        uv_timer_stop(&l->timer);
    else
        uv_timer_start(&l->timer, on_timer, at > now ? at - now : 1, 0);
}

void line_drain(struct line *l)
{
    struct ol_out out;

    while (!l->station->stopping && ol_line_next(l->core, &out))
        perform(l, &out);
    carrier_flush(l->station);
    if (!l->station->stopping && ol_store_failed(l->station->store))
        store_failed(l); /* a read did: the line would wait for a row that never comes */
    if (l->station->stopping)
        return;
    ending_consider(l);
    rearm(l);
}

void lines_drain(struct station *s)
{
    for (size_t i = 0; i < s->lines_n; i++)
        line_drain(s->line[i]);
}

uint8_t line_side(const struct line *l)
{
    return l->core->cfg.record.own;
}

struct line *line_by_name(struct station *s, const char *name)
{
    for (size_t i = 0; i < s->lines_n; i++) {
        if (strcmp(s->line[i]->info.name, name) == 0)
            return s->line[i];
    }
    return NULL;
}

/* ---- Loading ---- */

static bool load_row(void *ctx, const struct ol_row *row)
{
    struct line *l = ctx;

    if (ol_line_load(l->core, row) == OL_OK) {
        ending_note(l, &row->h);
        form_note(l, row);
        watch_loaded(l, row);
        desk_note(l, row);
        linetest_note(l, row);
        roster_note(l, row);
        l->core->failed = !agree_note(l, row);
        return !l->core->failed;
    }
    station_log("line %s: the record is damaged at %c%u", l->info.name, row->h.author, row->h.seq);
    l->core->failed = true;
    return false;
}

static bool load_answered(void *ctx, const struct ol_hash *key)
{
    struct line *l = ctx;

    ol_line_load_answered(l->core, key);
    return true;
}

static bool load_outbox(void *ctx, const struct ol_outbox_item *item)
{
    struct line *l = ctx;

    l->closing = l->closing || item->kind == OL_KIND_CLOSE;
    form_note_boxed(l, item->kind, item->body);
    return box(ctx, item->token, item->kind, item->flags, item->body);
}

static bool load_proof(void *ctx, const struct ol_row *row)
{
    struct line *l = ctx;

    ol_record_load_proof(&l->core->record, row);
    return true;
}

static enum ol_err load_record(struct line *l)
{
    struct ol_store *store = l->station->store;
    enum ol_err err;

    if ((err = ol_store_scan(store, l->info.number, 'A', 1, load_row, l)) != OL_OK ||
        (err = ol_store_scan(store, l->info.number, 'B', 1, load_row, l)) != OL_OK ||
        (err = ol_store_answered(store, l->info.number, load_answered, l)) != OL_OK ||
        (err = ol_store_outbox(store, l->info.number, load_outbox, l)) != OL_OK ||
        (err = ol_store_evidence(store, l->info.number, load_proof, l)) != OL_OK)
        return err;
    if (l->core->failed)
        return OL_MALFORMED;
    err = ol_line_loaded(l->core, l->outbox_n);
    set_heads(l, l->core->own_durable, l->core->peer_durable.seq);
    return err;
}

/* What a line's record is verified with, all but its shelf. MISMATCH. */
static enum ol_err verify_with(const struct station *s, const struct ol_line_info *info, struct ol_card *own,
                               struct ol_card *peer, struct ol_record_cfg *out)
{
    const struct ol_line_keys *keys = ol_keyring_find(&s->keys, &info->id);

    if (keys == NULL || ol_card_read(ol_span(info->own_card, info->own_card_len), own) ||
        ol_card_read(ol_span(info->peer_card, info->peer_card_len), peer))
        return OL_MISMATCH;
    *out = (struct ol_record_cfg){.line = info->id, .salt = keys->salt, .own = ol_side_of(own, peer),
                                  .own_sk = &s->keys.sign, .readable = ol_body_readable};
    out->pk[out->own - 'A'] = own->sign;
    out->pk[out->own == 'A'] = peer->sign;
    return OL_OK;
}

static enum ol_err configure(struct line *l, struct ol_line_cfg *cfg)
{
    struct station *s = l->station;

    *cfg = (struct ol_line_cfg){
        .own_dh = s->keys.agree,
        .random = ol_random_system(),
        .liveness_ms = s->conf.liveness_seconds * (ol_ms)1000,
        .restored = l->info.restored,
    };
    if (verify_with(s, &l->info, &l->own_card, &l->peer_card, &cfg->record))
        return OL_MISMATCH;
    cfg->record.shelf = (struct ol_shelf){.ctx = l, .at = shelf_at, .by_hash = shelf_by_hash, .outbox = shelf_outbox};
    cfg->keys = *ol_keyring_find(&s->keys, &l->info.id);
    cfg->peer_dh = l->peer_card.agree;
    return OL_OK;
}

static void on_line_closed(uv_handle_t *handle)
{
    struct line *l = handle->data;

    for (size_t i = 0; i < RECENT; i++)
        free((void *)(uintptr_t)l->recent[i].body.p);
    for (size_t i = 0; i < l->outbox_n; i++)
        ol_blob_free(&l->outbox[i].body);
    free(l->outbox);
    form_forget(l);
    agree_forget(l);
    events_forget(l);
    rate_forget(l);
    ol_line_fini(l->core);
    free(l->core);
    free(l);
}

static void close_last(struct station *s)
{
    struct line *l = s->line[--s->lines_n];

    calls_end(l);
    free(l->watched);
    uv_close((uv_handle_t *)&l->timer, on_line_closed);
}

/* On failure too it may be among the station's lines. */
static enum ol_err line_open(struct station *s, const struct ol_line_info *info)
{
    struct line *l = calloc(1, sizeof *l);
    struct line **grown = realloc(s->line, (s->lines_n + 1) * sizeof *grown);
    struct ol_line_cfg cfg;
    enum ol_err err;

    if (grown != NULL)
        s->line = grown;
    if (l == NULL || grown == NULL) {
        free(l);
        return OL_LIMIT;
    }
    l->station = s;
    l->info = *info;
    l->next_token = 1;
    l->index.behind = true;
    l->loaded_ms = station_now(s).ms;
    for (unsigned i = 0; i < OL_PATHS; i++)
        l->path_id[i] = -1;
    err = configure(l, &cfg);
    l->core = err ? NULL : calloc(1, sizeof *l->core);
    if (l->core == NULL) {
        station_log("line %s: keys and cards do not match, or no memory", info->name);
        free(l);
        return err ? err : OL_LIMIT;
    }
    ol_line_init(l->core, &cfg, station_now(s));
    ol_wipe(&cfg, sizeof cfg);
    uv_timer_init(&s->loop, &l->timer);
    l->timer.data = l;
    s->line[s->lines_n++] = l;
    err = load_record(l);
    desk_tell(l);
    return err;
}

static struct line *line_by_number(const struct station *s, int64_t number)
{
    for (size_t i = 0; i < s->lines_n; i++) {
        if (s->line[i]->info.number == number)
            return s->line[i];
    }
    return NULL;
}

/* A line that runs already goes on as it is, if it could be opened with these keys too. */
static enum ol_err admit(struct station *s, const struct ol_line_info *info)
{
    if (line_by_number(s, info->number) == NULL)
        return line_open(s, info);
    if (ol_keyring_find(&s->keys, &info->id) != NULL)
        return OL_OK;
    station_log("line %s: its keys are missing", info->name);
    return OL_MISMATCH;
}

/* What may have changed since it was opened. */
static void refresh(const struct station *s, const struct ol_line_info *info)
{
    struct line *l = line_by_number(s, info->number);

    assert(l != NULL);
    memcpy(l->info.name, info->name, sizeof l->info.name);
    l->info.compared = info->compared;
    l->info.revoked = info->revoked;
    l->info.off_record = info->off_record;
    desk_tell(l);
}

struct infos {
    struct ol_line_info *info;
    size_t n;
    bool failed;
};

static bool collect(void *ctx, const struct ol_line_info *info)
{
    struct infos *list = ctx;
    struct ol_line_info *grown = realloc(list->info, (list->n + 1) * sizeof *grown);

    list->failed = grown == NULL;
    if (list->failed)
        return false;
    list->info = grown;
    list->info[list->n++] = *info;
    return true;
}

static bool repair_known(void *ctx, const struct ol_line_info *info, struct ol_record_cfg *out)
{
    struct ol_card own;
    struct ol_card peer;

    return verify_with(ctx, info, &own, &peer, out) == OL_OK;
}

static void repair_told(void *ctx, const struct ol_line_info *info, uint8_t author, uint32_t head, uint32_t above)
{
    (void)ctx;
    station_log("line %s: repaired up to %c%u, %u entries above it are left to the other side", info->name, author, head,
                above);
}

static enum ol_err repair(struct station *s, struct ol_fault *f)
{
    const struct ol_repair how = {.path = OL_HOME_RECORD, .ctx = s, .known = repair_known, .told = repair_told,
                                  .views = &ol_dialogue_views};
    struct ol_repaired done;
    enum ol_err err = ol_repair(&how, &done);

    if (done.damaged > 0)
        station_log("the record is damaged: %u of %u pages are not as they were written", done.damaged, done.pages);
    if (done.aside[0] != 0)
        station_log("it is repaired; as it was it is kept as %s", done.aside);
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.repair", "detail", ol_err_text(err), NULL);
    return err;
}

/* Damage is to be found while the other side still has what stood there. */
static void on_look(uv_timer_t *timer)
{
    const struct station *s = timer->data;

    ol_store_look(s->store);
}

static enum ol_err open_store(struct station *s, struct ol_fault *f)
{
    const struct ol_store_cfg cfg = {.path = OL_HOME_RECORD, .views = &ol_dialogue_views};
    const char *why = NULL;
    enum ol_err err = repair(s, f);

    if (err)
        return err;
    err = ol_store_open(&cfg, &s->store, &why);
    if (err) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.store", "detail", why != NULL ? why : ol_err_text(err), NULL);
        return err;
    }
    uv_timer_init(&s->loop, &s->look);
    s->look.data = s;
    uv_timer_start(&s->look, on_look, LOOK_MS, LOOK_MS);
    return book_load(s, f);
}

/* All of them, or none: what was opened before goes on as it was. */
static enum ol_err take_on(struct station *s, const struct ol_line_info *info, size_t n)
{
    size_t before = s->lines_n;
    enum ol_err err = OL_OK;

    for (size_t i = 0; i < n && !err; i++)
        err = admit(s, &info[i]);
    while (err && s->lines_n > before)
        close_last(s);
    for (size_t i = 0; i < n && !err; i++)
        refresh(s, &info[i]);
    return err;
}

enum ol_err lines_load(struct station *s, struct ol_fault *f)
{
    struct infos list = {0};
    enum ol_err err;

    if (s->store == NULL && (err = open_store(s, f)) != OL_OK)
        return err;
    err = ol_store_lines(s->store, collect, &list);
    if (!err && list.failed)
        err = OL_NO_ROOM;
    if (!err)
        err = take_on(s, list.info, list.n);
    free(list.info);
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.record", "detail", ol_err_text(err), NULL);
    else
        ending_adopt(s);
    return err;
}

void lines_close(struct station *s)
{
    /* What is in flight goes to the disk before the memory that it stands in is released. */
    ol_store_close(&s->store);
    uv_close((uv_handle_t *)&s->look, NULL);
    while (s->lines_n > 0)
        close_last(s);
    office_forget(s);
    free(s->line);
    s->line = NULL;
}
