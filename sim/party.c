/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/party.h"

#include <stdlib.h>
#include <string.h>

#include "sim/run.h"
#include "sim/shelf.h"
#include "station/repair.h"

#define UTC_BEGIN 1800000000u /* when the world begins */
#define LOOP_MOST 300u        /* us until the loop comes to what has come in */
#define TOO_MANY 100000u      /* things that a line wants done at one moment */
#define AGAIN_MOST (4 * SIM_SECOND) /* a supervisor starts a station that ended */

/* ---- Clocks ---- */

static sim_us mono(const struct sim_party *p)
{
    uint64_t passed = p->sim->world.now - p->clock.since;

    return p->clock.mono + passed * (uint64_t)(1000000 + p->clock.rate_ppm) / 1000000;
}

struct ol_now sim_party_now(const struct sim_party *p)
{
    int64_t utc = UTC_BEGIN + (int64_t)(p->sim->world.now / SIM_SECOND) + p->clock.utc_s;

    return (struct ol_now){.ms = mono(p) / 1000, .utc = p->clock.stopped ? p->clock.utc_at : (uint32_t)utc};
}

void sim_party_clock_rate(struct sim_party *p, int64_t rate_ppm)
{
    p->clock.mono = mono(p);
    p->clock.since = p->sim->world.now;
    p->clock.rate_ppm = rate_ppm;
    p->clock_changed = true;
}

/* When this station's monotonic clock will show so many milliseconds. */
static sim_us world_time(const struct sim_party *p, ol_ms ms)
{
    sim_us now = mono(p);
    uint64_t rate = (uint64_t)(1000000 + p->clock.rate_ppm);

    if (ms * 1000 <= now)
        return p->sim->world.now;
    return p->sim->world.now + ((ms * 1000 - now) * 1000000 + rate - 1) / rate;
}

/* ---- Events of one life ---- */

/* False: the station of that life is gone. A process that stands still comes to it when it goes on. */
static bool is_due(struct sim_party *p, uint64_t life, sim_event_fn *fn)
{
    if (!p->running || p->life != life)
        return false;
    if (p->paused_until <= p->sim->world.now)
        return true;
    sim_world_at(&p->sim->world, p->paused_until, fn, p, life);
    return false;
}

static void drain(struct sim_party *p);

static void on_drain(void *ctx, uint64_t life)
{
    struct sim_party *p = ctx;

    if (!is_due(p, life, on_drain))
        return;
    p->drain_due = false;
    drain(p);
}

void sim_party_wake(struct sim_party *p)
{
    if (!p->running || p->drain_due)
        return;
    p->drain_due = true;
    sim_world_in(&p->sim->world, sim_rng_below(&p->pace, LOOP_MOST), on_drain, p, p->life);
}

static void on_timer(void *ctx, uint64_t timer)
{
    struct sim_party *p = ctx;

    if (!p->running || p->timer != timer)
        return;
    if (p->paused_until > p->sim->world.now) {
        sim_world_at(&p->sim->world, p->paused_until, on_timer, p, timer);
        return;
    }
    p->timer_ms = OL_NEVER;
    ol_line_tick(p->line, sim_party_now(p));
    drain(p);
}

static void rearm(struct sim_party *p)
{
    ol_ms now = sim_party_now(p).ms;
    ol_ms at = ol_line_deadline(p->line);

    if (at != OL_NEVER && at <= now)
        at = now + 1;
    if (at == p->timer_ms)
        return;
    p->timer_ms = at;
    p->timer++;
    if (at != OL_NEVER)
        sim_world_at(&p->sim->world, world_time(p, at), on_timer, p, p->timer);
}

/* ---- Commits ---- */

static void on_committed(void *ctx, uint64_t id, enum ol_err err)
{
    struct sim_party *p = ctx;

    (void)id;
    p->batch_err = err;
    p->batch_done = true;
}

/* The station ends, as the daemon does; somebody starts it again. */
static void store_failed(struct sim_party *p)
{
    sim_check(p->sim, SIM_CHECK_STORE_HOLDS, p->may_end, "%s: the store failed without a reason: %s", p->name,
              ol_store_why(p->store));
    sim_world_say(&p->sim->world, "%s ends: its store failed: %s", p->name, ol_store_why(p->store));
    sim_party_kill(p, false);
    sim_party_start_in(p, sim_rng_between(&p->pace, SIM_SECOND / 10, AGAIN_MOST));
}

static void tell_put(struct sim_party *p, const struct ol_put *put)
{
    struct sim_text *t = put->token > 0 ? sim_people_text(p, put->token) : NULL;

    if (t != NULL && (put->what == OL_PUT_ROW || put->what == OL_PUT_OUTBOX)) {
        if (!t->durable)
            t->durable_at = p->sim->world.now;
        t->durable = true;
        t->seq = put->what == OL_PUT_ROW ? put->row.h.seq : t->seq;
    }
    switch (put->what) {
    case OL_PUT_ROW:
        sim_people_see(p, &put->row);
        break;
    case OL_PUT_OUTBOX:
        sim_shelf_box(p, put->token, put->row.h.kind, put->row.h.flags, put->row.body);
        break;
    case OL_PUT_UNBOXED:
        sim_shelf_unbox(p, put->token);
        break;
    case OL_PUT_RESUMED:
        p->info.restored = false;
        break;
    case OL_PUT_EVIDENCE:
        sim_world_say(&p->sim->world, "%s keeps evidence against %c%u", p->name, put->row.h.author, put->row.h.seq);
        break;
    case OL_PUT_ANSWERED:
        break;
    }
}

/* What comes back of our own stream, receipts too, may settle what acts on other messages claimed. */
static bool takes_back(const struct sim_party *p, const struct ol_batch *batch)
{
    bool any = false;

    for (size_t i = 0; i < batch->n && (p->rolled_back || p->damaged); i++) {
        const struct ol_put *put = &batch->puts[i];

        any = any || (put->what == OL_PUT_ROW && put->token == 0 && put->row.h.author == p->side);
    }
    return any;
}

static void on_told(void *ctx, uint64_t life)
{
    struct sim_party *p = ctx;
    const struct ol_batch *batch = p->batch;

    if (!is_due(p, life, on_told))
        return;
    p->batch = NULL; /* its memory stays as it is until the line is told */
    sim_world_trace(&p->sim->world, 'k', batch->id << 8 | p->index, NULL, 0);
    if (p->batch_err && p->batch_err != OL_NO_ROOM) {
        store_failed(p);
        return;
    }
    if (p->batch_err == OL_NO_ROOM)
        sim_world_say(&p->sim->world, "%s has no room on its disk", p->name);
    for (size_t i = 0; i < batch->n && !p->batch_err; i++)
        tell_put(p, &batch->puts[i]);
    if (!p->batch_err && takes_back(p, batch))
        (void)sim_people_rebuild(p);
    if (!p->batch_err)
        sim_check_told(p, batch);
    ol_line_committed(p->line, batch->id, p->batch_err, sim_party_now(p));
    if (!p->batch_err)
        sim_people_hand_over(p);
    drain(p);
}

static void on_write(void *ctx, uint64_t life)
{
    struct sim_party *p = ctx;

    if (!is_due(p, life, on_write))
        return;
    p->batch_done = false;
    ol_store_commit(p->store, p->info.number, p->batch, on_committed, p);
    ol_store_poll(p->store);
    sim_world_trace(&p->sim->world, 'w', (uint64_t)p->batch->n << 8 | p->index, NULL, 0);
    if (sim_disk_stopped(p->disk)) { /* the machine did, in the midst of it */
        sim_party_kill(p, true);
        sim_party_start_in(p, sim_rng_between(&p->pace, SIM_SECOND, AGAIN_MOST));
        return;
    }
    if (p->batch_done && !p->batch_err)
        sim_check_committed(p, p->batch);
    sim_world_in(&p->sim->world, sim_rng_below(&p->pace, p->commit_most), on_told, p, life);
}

/* ---- Performing ---- */

static void told_changed(struct sim_party *p)
{
    struct ol_line_status st;

    ol_line_status(p->line, sim_party_now(p), &st);
    if (p->told_up != (st.up > 0))
        sim_world_say(&p->sim->world, "%s: the line is %s", p->name, st.up > 0 ? "up" : "down");
    p->told_up = st.up > 0;
    sim_desk_look(p);
}

static void emit(struct sim_party *p, uint8_t path, uint16_t conn, struct ol_span frame)
{
    sim_world_trace(&p->sim->world, 's', (uint64_t)p->index << 8 | path, frame.p, frame.len);
    sim_net_send(&p->sim->net, p, path, conn, frame);
}

/* The line knows nothing of it, so what waits for the air waits longer than it can know. */
void sim_party_emit(struct sim_party *p, uint8_t path, uint16_t conn, struct ol_span frame)
{
    sim_check_forget(p);
    emit(p, path, conn, frame);
}

void sim_party_send(struct sim_party *p, const struct ol_out *out)
{
    struct ol_span frame = out->bytes;

    sim_check_frame(p, out->path, frame);
    if (p->tap.out == NULL || p->tap.out(p->tap.ctx, p, out->path, &frame))
        sim_party_emit(p, out->path, out->conn, frame);
    else
        sim_net_no_send(&p->sim->net, p, out->path);
}

static void perform(struct sim_party *p, const struct ol_out *out)
{
    switch (out->kind) {
    case OL_OUT_COMMIT:
        p->batch = out->batch;
        sim_world_in(&p->sim->world, sim_rng_below(&p->pace, p->commit_most), on_write, p, p->life);
        break;
    case OL_OUT_SEND:
        sim_party_send(p, out);
        break;
    case OL_OUT_PROVEN:
        sim_net_proven(&p->sim->net, p, out->path, out->conn);
        sim_party_conn_up(p, out->path, out->conn, true);
        break;
    case OL_OUT_NAMED:
        sim_check_named(p, out->from, out->to);
        break;
    case OL_OUT_SENT:
        break;
    case OL_OUT_OFF_RECORD:
        sim_people_hear(p, out->bytes);
        break;
    case OL_OUT_CHANGED:
        told_changed(p);
        break;
    }
}

static void drain(struct sim_party *p)
{
    struct ol_out out;
    bool heard = false;
    unsigned n = 0;

    while (p->running && !p->sim->check.failed && ol_line_next(p->line, &out)) {
        perform(p, &out);
        heard = heard || out.kind == OL_OUT_OFF_RECORD;
        if (++n == TOO_MANY)
            sim_check(p->sim, SIM_CHECK_COMES_TO_REST, false, "%s: the line never ends to want something", p->name);
    }
    if (p->running && ol_store_failed(p->store))
        store_failed(p); /* a read did */
    if (!p->running)
        return;
    if (heard)
        sim_check_forgotten(p);
    sim_check_drained(p);
    rearm(p);
}

/* ---- From the relay ---- */

static uint16_t *find_conn(struct sim_party *p, uint8_t path, uint16_t conn)
{
    for (unsigned i = 0; i < SIM_OPEN; i++)
        if (p->open_conn[path][i] == conn)
            return &p->open_conn[path][i];
    return NULL;
}

void sim_party_path(struct sim_party *p, uint8_t path, uint16_t mtu, uint16_t window)
{
    if (!p->running)
        return;
    sim_check_forget(p);
    ol_line_path_set(p->line, path, true, mtu, window);
    sim_party_wake(p);
}

void sim_party_conn_up(struct sim_party *p, uint8_t path, uint16_t conn, bool open)
{
    uint16_t *place = find_conn(p, path, 0);

    if (!p->running || !open || find_conn(p, path, conn) != NULL || place == NULL)
        return;
    *place = conn;
    sim_check_forget(p);
    sim_world_trace(&p->sim->world, 'u', (uint64_t)p->index << 24 | (uint64_t)path << 16 | conn, NULL, 0);
    ol_line_path_up(p->line, path, sim_party_now(p));
    sim_party_wake(p);
}

void sim_party_conn_down(struct sim_party *p, uint8_t path, uint16_t conn)
{
    uint16_t *place = find_conn(p, path, conn);

    if (!p->running || place == NULL)
        return;
    *place = 0;
    sim_check_forget(p);
    sim_world_trace(&p->sim->world, 'd', (uint64_t)p->index << 24 | (uint64_t)path << 16 | conn, NULL, 0);
    ol_line_path_down(p->line, path, sim_party_now(p));
    sim_party_wake(p);
}

void sim_party_credit(struct sim_party *p, uint8_t path, unsigned frames)
{
    if (!p->running)
        return;
    ol_line_credit(p->line, path, frames, sim_party_now(p));
    sim_party_wake(p);
}

void sim_party_reset(struct sim_party *p)
{
    if (!p->running)
        return;
    memset(p->open_conn, 0, sizeof p->open_conn);
    sim_check_forget(p);
    ol_line_path_reset(p->line, sim_party_now(p));
    sim_party_wake(p);
}

void sim_party_receive(struct sim_party *p, uint8_t path, uint16_t conn, struct ol_span bytes)
{
    enum ol_err err;

    if (!p->running || (p->tap.in != NULL && !p->tap.in(p->tap.ctx, p, path, &bytes)))
        return;
    if (p->line->came == 0)
        p->took_off_record = p->line->off_record;
    err = ol_line_input(p->line, path, conn, bytes, sim_party_now(p));
    p->came_at[path] = p->sim->world.now;
    sim_world_trace(&p->sim->world, 'r', (uint64_t)err << 16 | (uint64_t)p->index << 8 | path, bytes.p, bytes.len);
    sim_party_wake(p);
}

/* ---- Beginning and ending ---- */

static bool load_row(void *ctx, const struct ol_row *row)
{
    struct sim_party *p = ctx;

    p->line->failed = ol_line_load(p->line, row) != OL_OK;
    if (!p->line->failed)
        sim_desk_load(p, row);
    return !p->line->failed;
}

static bool load_answered(void *ctx, const struct ol_hash *key)
{
    struct sim_party *p = ctx;

    ol_line_load_answered(p->line, key);
    return true;
}

static bool load_outbox(void *ctx, const struct ol_outbox_item *item)
{
    sim_shelf_box(ctx, item->token, item->kind, item->flags, item->body);
    return true;
}

static bool load_proof(void *ctx, const struct ol_row *row)
{
    struct sim_party *p = ctx;

    ol_record_load_proof(&p->line->record, row);
    return true;
}

static bool take_info(void *ctx, const struct ol_line_info *info)
{
    struct sim_party *p = ctx;

    p->info = *info;
    return false;
}

static void configure(const struct sim_party *p, struct ol_line_cfg *cfg)
{
    struct sim_party *self = &p->sim->party[p->index];

    *cfg = (struct ol_line_cfg){
        .record = {.line = p->info.id, .salt = p->keys.salt, .own = p->side, .own_sk = &p->sign,
                   .pk = {p->pk[0], p->pk[1]}, .readable = ol_body_readable,
                   .shelf = sim_shelf_of(self)},
        .keys = p->keys,
        .own_dh = p->agree,
        .peer_dh = p->peer_agree,
        .random = {.ctx = &self->rng, .fill = sim_rng_fill},
        .liveness_ms = p->sim->liveness_ms,
        .restored = p->info.restored,
    };
}

static enum ol_err load(struct sim_party *p)
{
    struct ol_line_cfg cfg;
    int64_t line;
    enum ol_err err = ol_store_lines(p->store, take_info, p);

    if (err)
        return err;
    line = p->info.number;
    configure(p, &cfg);
    ol_line_init(p->line, &cfg, sim_party_now(p));
    sim_desk_begin(p);
    if ((err = ol_store_scan(p->store, line, 'A', 1, load_row, p)) != OL_OK ||
        (err = ol_store_scan(p->store, line, 'B', 1, load_row, p)) != OL_OK ||
        (err = ol_store_answered(p->store, line, load_answered, p)) != OL_OK ||
        (err = ol_store_outbox(p->store, line, load_outbox, p)) != OL_OK ||
        (err = ol_store_evidence(p->store, line, load_proof, p)) != OL_OK)
        return err;
    return p->line->failed ? OL_MALFORMED : ol_line_loaded(p->line, p->outbox_n);
}

static enum ol_err open_store(struct sim_party *p, const char **why)
{
    char path[SIM_DISK_PATH];
    struct ol_store_cfg cfg = {.path = sim_disk_path(p->disk, SIM_RECORD, path), .no_thread = true,
                               .views = &ol_dialogue_views};

    return ol_store_open(&cfg, &p->store, why);
}

static bool repair_known(void *ctx, const struct ol_line_info *info, struct ol_record_cfg *out)
{
    const struct sim_party *p = ctx;
    struct ol_line_cfg cfg;

    configure(p, &cfg);
    *out = cfg.record;
    return ol_hash_equal(&info->id, &p->info.id);
}

static enum ol_err repair(struct sim_party *p)
{
    char path[SIM_DISK_PATH];
    const struct ol_repair how = {.path = sim_disk_path(p->disk, SIM_RECORD, path), .ctx = p, .known = repair_known,
                                  .views = &ol_dialogue_views};
    struct ol_repaired done;
    enum ol_err err = ol_repair(&how, &done);

    if (done.damaged > 0)
        sim_world_say(&p->sim->world, "%s finds %u of %u pages damaged%s", p->name, done.damaged, done.pages,
                      err ? "" : ", and repairs its record");
    return err;
}

static void forget_memory(struct sim_party *p)
{
    if (p->line != NULL)
        ol_line_fini(p->line);
    free(p->line);
    p->line = NULL;
    p->batch = NULL;
    p->drain_due = false;
    p->view_n = 0;
    sim_shelf_empty(p);
    memset(p->open_conn, 0, sizeof p->open_conn);
}

bool sim_party_start(struct sim_party *p)
{
    const char *why = "";
    enum ol_err err;

    if (p->running)
        return true;
    p->line = sim_must(calloc(1, sizeof *p->line));
    p->life++;
    p->timer++;
    p->timer_ms = OL_NEVER;
    p->paused_until = 0;
    p->told_up = false;
    p->told_up_wrong = SIM_NEVER;
    p->clock_changed = false;
    err = repair(p);
    if (!err)
        err = open_store(p, &why);
    if (!err)
        err = load(p);
    if (!err && !sim_people_rebuild(p))
        err = OL_MALFORMED;
    sim_world_trace(&p->sim->world, 'b', (uint64_t)err << 8 | p->index, NULL, 0);
    if (err) {
        sim_check(p->sim, SIM_CHECK_STORE_HOLDS, p->damaged || p->may_end, "%s cannot start: %s: %s", p->name,
                  ol_err_text(err), why);
        sim_world_say(&p->sim->world, "%s cannot start: %s", p->name, ol_err_text(err));
        ol_store_close(&p->store);
        forget_memory(p);
        return false;
    }
    p->running = true;
    sim_desk_loaded(p);
    sim_world_say(&p->sim->world, "%s starts%s", p->name, p->info.restored ? ", restored from a backup" : "");
    sim_net_relay_start(&p->sim->net, p);
    sim_net_station(&p->sim->net, p, true);
    sim_people_hand_over(p);
    sim_party_wake(p);
    return true;
}

void sim_party_kill(struct sim_party *p, bool power)
{
    static const enum sim_disk_loss losses[] = {SIM_DISK_LOSE_ALL, SIM_DISK_LOSE_SOME, SIM_DISK_LOSE_SOME};

    if (power)
        sim_net_relay_stop(&p->sim->net, p);
    if (!p->running)
        return;
    p->running = false;
    sim_world_say(&p->sim->world, "%s %s", p->name, power ? "loses its power" : "is killed");
    sim_world_trace(&p->sim->world, 'x', (uint64_t)power << 8 | p->index, NULL, 0);
    sim_net_station(&p->sim->net, p, false);
    sim_check_forget(p);
    (void)sim_disk_crash(p->disk, power ? losses[sim_rng_below(&p->pace, 3)] : SIM_DISK_LOSE_NONE);
    ol_store_close(&p->store);
    forget_memory(p);
    sim_people_forget(p);
}

static void on_start(void *ctx, uint64_t life)
{
    struct sim_party *p = ctx;

    if (p->life == life && !p->running && !p->retired)
        (void)sim_party_start(p);
}

void sim_party_start_in(struct sim_party *p, sim_us delay)
{
    sim_world_in(&p->sim->world, delay, on_start, p, p->life);
}

void sim_party_pause(struct sim_party *p, sim_us how_long)
{
    sim_check_forget(p);
    p->paused_until = p->sim->world.now + how_long;
}

void sim_party_fini(struct sim_party *p)
{
    if (!p->exists)
        return;
    ol_store_close(&p->store);
    forget_memory(p);
    free(p->outbox);
    for (size_t i = 0; i < p->text_n; i++)
        free((void *)(uintptr_t)p->text[i].body.p);
    free(p->text);
    free(p->view);
    sim_desk_fini(p);
    sim_disk_free(p->disk);
}
