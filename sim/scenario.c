/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "sim/frame.h"

#define PATIENCE (120 * SIM_MINUTE) /* on the slowest path */
#define BACKUP "backup.db"
#define LOG SIM_RECORD "-wal"

/* ---- What a script can do ---- */

static void say(struct sim_script *c, struct sim_party *p, enum ol_precedence precedence)
{
    (void)c;
    (void)sim_people_say(p, precedence, 40, false);
}

static uint32_t head(const struct sim_party *p)
{
    return p->running ? p->line->own_durable : 0;
}

/* What the other holds of p's stream. */
static uint32_t held(const struct sim_party *p)
{
    return sim_peer(p)->running ? sim_peer(p)->line->peer_durable.seq : 0;
}

static bool quiet(const struct sim_party *p)
{
    return p->running && p->batch == NULL && p->outbox_n == 0 && p->text_waiting == p->text_n &&
           p->line->signing == OL_SIGN_READY && p->line->owed_seq <= p->line->named &&
           p->line->space[p->line->filling].n == 0;
}

bool sim_script_quiet(struct sim_script *c)
{
    return quiet(c->a) && quiet(c->b) && held(c->a) == head(c->a) && held(c->b) == head(c->b);
}

static void take_backup(struct sim_script *c)
{
    char path[SIM_DISK_PATH];

    sim_disk_remove(c->a->disk, BACKUP);
    if (ol_store_backup(c->a->store, sim_disk_path(c->a->disk, BACKUP, path)) != OL_OK)
        abort();
}

/* What a had written, and nobody was told delivered, is gone with its disk. */
static void write_off(struct sim_party *p)
{
    for (size_t i = 0; i < p->text_n; i++)
        p->text[i].gone = p->text[i].gone || !p->text[i].delivered;
}

/* The backup takes the record's place, as often as one likes. */
static void put_back(struct sim_script *c, bool told)
{
    char path[SIM_DISK_PATH];
    struct ol_store_cfg cfg = {.path = sim_disk_path(c->a->disk, SIM_RECORD, path), .no_thread = true};
    struct ol_store *store = NULL;

    sim_party_kill(c->a, true);
    write_off(c->a);
    c->a->rolled_back = true;
    c->a->untold = c->a->untold || !told;
    sim_disk_remove(c->a->disk, LOG);
    sim_disk_duplicate(c->a->disk, BACKUP, SIM_RECORD);
    if (!told)
        return;
    if (ol_store_open(&cfg, &store, NULL) || ol_store_line_restored(store, c->a->info.number))
        abort();
    ol_store_close(&store);
}

static void restore(struct sim_script *c)
{
    put_back(c, true);
    (void)sim_party_start(c->a);
}

static void restore_untold(struct sim_script *c)
{
    put_back(c, false);
    (void)sim_party_start(c->a);
}

static void cut(struct sim_script *c, bool on)
{
    for (uint8_t i = 0; i < c->f->sim->net.paths; i++)
        sim_net_cut(&c->f->sim->net, i, on);
}

/* ---- Frames that do not leave ---- */

static bool holds(const struct sim_silence *q, const struct sim_party *p, struct ol_span frame)
{
    uint8_t items[OL_FRAME_MAX];
    struct ol_item item;
    struct ol_rd r;
    size_t len;

    if (sim_frame_open(p->line, frame, items, &len))
        return frame.len > OL_HANDSHAKE_OVERHEAD + OL_SYNC_SIZE; /* a handshake message with entries */
    r = ol_rd_from(ol_span(items, len));
    while (ol_item_read(&r, &item) == OL_OK && item.kind != OL_ITEM_BACK) {
        uint32_t seq = item.kind == OL_ITEM_ENTRY ? item.entry.seq : item.kind == OL_ITEM_PART ? item.part.seq : 0;

        if (seq >= q->from && seq <= q->to && seq > 0 &&
            (q->kind == 0 || (item.kind == OL_ITEM_ENTRY && item.entry.kind == q->kind)))
            return true;
    }
    return false;
}

static bool tap_out(void *ctx, struct sim_party *p, uint8_t path, struct ol_span *frame)
{
    struct sim_silence *q = ctx;
    struct sim_script *c = q->of;

    if (p == c->a && frame->p[0] >> 4 == OL_MESSAGE_1 && c->call_len == 0) {
        memcpy(c->call, frame->p, frame->len);
        c->call_len = frame->len;
        c->path = path;
    }
    if (!q->on || p->sim->calm || !holds(q, p, *frame))
        return true;
    if (q->keep && frame->p[0] >> 4 == OL_FRAME) {
        memcpy(c->frame, frame->p, frame->len);
        c->frame_len = frame->len;
        c->path = path;
    }
    q->swallowed++;
    return false;
}

/* From now on no frame of p's with such an entry of its own leaves. */
static void silence(struct sim_script *c, const struct sim_party *p, uint8_t kind, uint32_t from, uint32_t to)
{
    struct sim_silence *q = &c->silence[p == c->b];

    q->on = true;
    q->kind = kind;
    q->from = from;
    q->to = to;
    q->swallowed = 0;
}

static void end_silence(struct sim_script *c)
{
    c->silence[0].on = c->silence[1].on = false;
}

/* ---- Playing a script ---- */

static void look(void *ctx, uint64_t arg)
{
    struct sim_script *c = ctx;
    struct sim *s = c->f->sim;

    (void)arg;
    if (c->then != NULL && c->writer != NULL && (c->token == 0 || sim_people_text(c->writer, c->token)->gone))
        c->then(c);
    while (c->step->says != NULL && (c->step->when == NULL || c->step->when(c))) {
        sim_world_say(&s->world, "- %s", c->step->says);
        c->writer = NULL;
        c->then = c->step->then;
        if (c->then != NULL)
            c->then(c);
        c->step++;
    }
    if (c->step->says != NULL) {
        sim_world_in(&s->world, c->look, look, c, 0);
        return;
    }
    end_silence(c);
    sim_played(c->f);
    s->span = s->world.now;
}

struct sim_script *sim_script_begin(struct sim_active *f, const struct sim_step *steps)
{
    struct sim_script *c = calloc(1, sizeof *c);
    struct sim *s = f->sim;
    uint64_t who = sim_rng_below(&f->rng, 2);

    if (c == NULL)
        abort();
    *c = (struct sim_script){.f = f, .step = steps, .look = 20 * SIM_MS, .a = &s->party[who], .b = &s->party[1 - who]};
    for (unsigned i = 0; i < 2; i++) {
        c->silence[i].of = c;
        (i == 0 ? c->a : c->b)->tap = (struct sim_tap){.ctx = &c->silence[i], .out = tap_out};
    }
    f->own = c;
    s->span = PATIENCE;
    sim_world_in(&s->world, c->look, look, c, 0);
    return c;
}

void sim_script_judge(struct sim_active *f)
{
    const struct sim_script *c = f->own;

    sim_check(f->sim, SIM_CHECK_HARD_CASE, c->step->says == NULL, "%s stands still before: %s", f->fault->name,
              c->step->says != NULL ? c->step->says : "");
}

/* ---- Steps that several scripts have ---- */

static void say_some(struct sim_script *c)
{
    for (unsigned i = 0; i < 3; i++) {
        say(c, c->a, i == 1 ? OL_FLASH : OL_ROUTINE);
        say(c, c->b, OL_PRIORITY);
    }
}

static void say_flash(struct sim_script *c)
{
    say(c, c->a, OL_FLASH);
}

static bool a_asks(struct sim_script *c)
{
    return c->a->running && c->a->line->signing == OL_SIGN_ASKING;
}

static bool a_resumed(struct sim_script *c)
{
    return c->a->running && c->a->line->signing == OL_SIGN_READY && head(c->a) > 1u << 24;
}

/* ---- A sync replaces the one before ---- */

static void lose_the_first(struct sim_script *c)
{
    silence(c, c->a, 0, head(c->a) + 1, head(c->a) + 1);
    c->seq = head(c->a) + 1;
    say(c, c->a, OL_ROUTINE);
}

static bool first_was_lost(struct sim_script *c)
{
    return c->silence[0].swallowed > 0 && c->a->batch == NULL && head(c->a) == c->seq;
}

static void say_one_more(struct sim_script *c)
{
    say(c, c->a, OL_ROUTINE);
}

static bool one_more_left(struct sim_script *c)
{
    return c->a->batch == NULL && head(c->a) > c->seq && c->a->line->tail > head(c->a);
}

static bool b_holds_aside(struct sim_script *c)
{
    return c->b->running && c->b->line->record.stream[c->a->side - 'A'].aside.n >= 3;
}

/* It was told: a second time the first did not leave. */
static bool a_was_told(struct sim_script *c)
{
    return c->silence[0].swallowed > 1;
}

static void kill_b(struct sim_script *c)
{
    sim_party_kill(c->b, true);
    (void)sim_party_start(c->b);
}

static void begin_sync(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"both are ready", sim_script_quiet, say_some},
        {"the first of several is lost, each time", sim_script_quiet, lose_the_first},
        {"a second", first_was_lost, say_one_more},
        {"a third", one_more_left, say_one_more},
        {"a fourth", one_more_left, say_one_more},
        {"the other holds three aside", b_holds_aside, NULL},
        {"and has said so", a_was_told, kill_b},
        {"which it has forgotten", NULL, end_silence},
        {"all of them arrive", sim_script_quiet, NULL},
        {0},
    };

    (void)sim_script_begin(f, steps);
}

/* ---- A restore that crashes before its resume ---- */

static bool resume_is_with_the_disk(struct sim_script *c)
{
    const struct ol_batch *batch = c->a->batch;

    for (size_t i = 0; batch != NULL && i < batch->n; i++)
        if (batch->puts[i].what == OL_PUT_RESUMED)
            return true;
    return false;
}

static void crash_a(struct sim_script *c)
{
    c->a->commit_most = 4 * SIM_SECOND; /* so that there is a moment for the next crash */
    sim_party_kill(c->a, true);
    c->life = c->a->life;
    (void)sim_party_start(c->a);
}

static bool about_to_resume_again(struct sim_script *c)
{
    return a_asks(c) || resume_is_with_the_disk(c) || a_resumed(c);
}

static void begin_crash(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"both are ready", sim_script_quiet, say_some},
        {"a backup is taken", sim_script_quiet, take_backup},
        {"more is said", NULL, say_some},
        {"it is restored", sim_script_quiet, restore},
        {"and crashes while it asks", a_asks, crash_a},
        {"and crashes while its resume is with the disk", resume_is_with_the_disk, crash_a},
        {"it begins again", about_to_resume_again, NULL},
        {"it has resumed", a_resumed, say_some},
        {"and goes on", sim_script_quiet, NULL},
        {0},
    };

    (void)sim_script_begin(f, steps);
}

/* ---- A resume below what the other side holds ---- */

static void restore_alone(struct sim_script *c)
{
    cut(c, true);
    c->seq = held(c->a);
    put_back(c, false);
    (void)sim_party_start(c->a);
}

static void order_resume(struct sim_script *c)
{
    c->f->sim->operator_resumed = true;
    if (ol_line_resume(c->a->line, ol_span("the other side cannot be reached", 32), sim_party_now(c->a)))
        abort();
    sim_party_wake(c->a);
}

static bool resumed_below(struct sim_script *c)
{
    return a_resumed(c) && c->a->batch == NULL && c->a->line->own_durable > c->seq;
}

static void join(struct sim_script *c)
{
    cut(c, false);
}

static bool lost_ones_are_back(struct sim_script *c)
{
    struct ol_row row;

    return sim_script_quiet(c) && ol_store_row(c->a->store, c->a->info.number, c->a->side, c->seq, &row) == OL_OK;
}

static void begin_below(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"both are ready", sim_script_quiet, say_some},
        {"a backup is taken", sim_script_quiet, take_backup},
        {"more is said", NULL, say_some},
        {"cut off, one is as it was", sim_script_quiet, restore_alone},
        {"it is told to resume", a_asks, order_resume},
        {"below what the other holds", resumed_below, say_some},
        {"they meet again", NULL, join},
        {"what was lost comes back", lost_ones_are_back, say_some},
        {"and they go on", sim_script_quiet, NULL},
        {0},
    };

    (void)sim_script_begin(f, steps);
}

/* ---- Numbers that jump over 2^24 absent ones ---- */

static void lose_the_resume(struct sim_script *c)
{
    silence(c, c->a, 0, 1u << 24, UINT32_MAX);
    restore(c);
}

static bool resume_was_lost(struct sim_script *c)
{
    return a_resumed(c) && c->silence[0].swallowed > 0;
}

static bool much_was_lost(struct sim_script *c)
{
    return c->a->batch == NULL && c->silence[0].swallowed > 3;
}

static void begin_jump(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"both are ready", sim_script_quiet, say_some},
        {"a backup is taken", sim_script_quiet, take_backup},
        {"more is said", NULL, say_some},
        {"it is restored, and its resume is lost", sim_script_quiet, lose_the_resume},
        {"and what follows it", resume_was_lost, say_some},
        {"the other starts again", much_was_lost, kill_b},
        {"now all leaves", NULL, end_silence},
        {"across the gap", sim_script_quiet, restore},
        {"and across another", a_resumed, say_some},
        {"they go on", sim_script_quiet, kill_b},
        {"also after a start", sim_script_quiet, say_some},
        {"to the end", sim_script_quiet, NULL},
        {0},
    };

    (void)sim_script_begin(f, steps);
}

/* ---- An untold restore while the peer's batch is open ---- */

static void keep_one_under_way(struct sim_script *c)
{
    c->silence[0].keep = true;
    silence(c, c->a, 0, head(c->a) + 1, head(c->a) + 1);
    say(c, c->a, OL_FLASH);
}

static bool one_is_under_way(struct sim_script *c)
{
    return c->frame_len > 0;
}

static void slow_the_disk_of_b(struct sim_script *c)
{
    c->silence[0].on = false;
    c->b->commit_most = 4 * SIM_SECOND;
    say(c, c->a, OL_FLASH);
}

static bool batch_of_b_is_open(struct sim_script *c)
{
    return c->b->batch != NULL && c->b->line->record.stream[c->a->side - 'A'].top > c->seq;
}

static void remember_and_back_up(struct sim_script *c)
{
    take_backup(c);
    c->seq = head(c->a);
}

static void let_old_ones_arrive(struct sim_script *c)
{
    struct sim_net *n = &c->f->sim->net;
    sim_us most = 2 * sim_net_round_trip(n);

    sim_net_inject(n, c->path, c->b->end, ol_span(c->frame, c->frame_len), sim_rng_below(&c->f->rng, most));
    if (c->call_len > 0)
        sim_net_inject(n, c->path, c->b->end, ol_span(c->call, c->call_len), sim_rng_below(&c->f->rng, most));
    say_flash(c); /* which it may not sign yet */
}

static void quicken_the_disk_of_b(struct sim_script *c)
{
    c->b->commit_most = 20 * SIM_MS;
    say_some(c);
}

static void begin_open_batch(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"both are ready", sim_script_quiet, say_some},
        {"the disk is copied", sim_script_quiet, remember_and_back_up},
        {"one frame is slow on its way", NULL, keep_one_under_way},
        {"the next comes, and the other's disk is slow", one_is_under_way, slow_the_disk_of_b},
        {"its batch is open: the disk is as it was, and nobody says so", batch_of_b_is_open, restore_untold},
        {"frames of its former life arrive, and a handshake", a_asks, let_old_ones_arrive},
        {"it has taken back what it had sent", sim_script_quiet, quicken_the_disk_of_b},
        {"and goes on", sim_script_quiet, NULL},
        {0},
    };

    (void)sim_script_begin(f, steps);
}

/* ---- A ROUTINE lost just before a FLASH ---- */

static void lose_a_routine(struct sim_script *c)
{
    lose_the_first(c);
}

static bool flash_is_there(struct sim_script *c)
{
    struct ol_row row;

    return ol_store_row(c->b->store, c->b->info.number, c->a->side, c->seq + 1, &row) == OL_OK &&
           (row.marks & OL_ROW_EARLY) && held(c->a) < c->seq;
}

static bool flash_is_delivered(struct sim_script *c)
{
    for (size_t i = 0; i < c->a->text_n; i++)
        if (c->a->text[i].seq == c->seq + 1)
            return c->a->text[i].delivered && held(c->a) < c->seq;
    return false;
}

static void begin_routine(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"both are ready", sim_script_quiet, say_some},
        {"a ROUTINE is lost", sim_script_quiet, lose_a_routine},
        {"just before a FLASH", first_was_lost, say_flash},
        {"which is shown, early", flash_is_there, NULL},
        {"and receipted, alone", flash_is_delivered, end_silence},
        {"the ROUTINE comes after it", sim_script_quiet, NULL},
        {0},
    };

    (void)sim_script_begin(f, steps);
}

/* ---- A receipt lost just before a FLASH: what fills the gap owes nothing by itself ---- */

static void lose_a_receipt(struct sim_script *c)
{
    c->seq = head(c->a) + 1;
    silence(c, c->a, OL_KIND_RECEIPT, c->seq, c->seq);
    say(c, c->b, OL_ROUTINE);
}

/* On a slow path the two may share every frame. */
static bool flash_is_delivered_or_never_alone(struct sim_script *c)
{
    return flash_is_delivered(c) || c->silence[0].swallowed > 8;
}

static void begin_gap_of_a_receipt(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"both are ready", sim_script_quiet, say_some},
        {"a receipt is lost", sim_script_quiet, lose_a_receipt},
        {"just before a FLASH", first_was_lost, say_flash},
        {"which is receipted, alone", flash_is_delivered_or_never_alone, end_silence},
        {"and once more with what was missing", sim_script_quiet, NULL},
        {0},
    };

    f->sim->unwatched = true;
    (void)sim_script_begin(f, steps);
}

/* ---- Receipts lost, with nothing else to say ---- */

static void lose_receipts(struct sim_script *c)
{
    silence(c, c->b, OL_KIND_RECEIPT, 1, UINT32_MAX);
    say(c, c->a, OL_ROUTINE);
}

static bool two_receipts_were_lost(struct sim_script *c)
{
    return c->silence[1].swallowed > 1;
}

static void begin_receipts(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"both are ready", sim_script_quiet, say_some},
        {"one thing is said, and its receipt is lost", sim_script_quiet, lose_receipts},
        {"again and again", two_receipts_were_lost, end_silence},
        {"at last it comes, though nothing more is said", sim_script_quiet, NULL},
        {0},
    };

    (void)sim_script_begin(f, steps);
}

/* ---- Taken while nothing could be signed, and receipted after another start ---- */

/* As one is that has just started and still asks. */
static void say_to_one_that_may_not_sign(struct sim_script *c)
{
    c->b->line->signing = OL_SIGN_ASKING;
    c->seq = head(c->a) + 1;
    say(c, c->a, OL_FLASH);
}

static bool b_took_it(struct sim_script *c)
{
    return held(c->a) == c->seq;
}

static void begin_late_receipt(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"both are ready", sim_script_quiet, say_some},
        {"a FLASH is written to one that may not sign yet", sim_script_quiet, say_to_one_that_may_not_sign},
        {"which has taken it when it is stopped", b_took_it, kill_b},
        {"it receipts what it had taken", sim_script_quiet, NULL},
        {0},
    };

    f->sim->unwatched = true;
    (void)sim_script_begin(f, steps);
}

/* ---- Two restores of one backup ---- */

static void note_head_and_restore(struct sim_script *c)
{
    c->seq = head(c->a);
    restore(c);
}

static bool resumed_above_the_first(struct sim_script *c)
{
    return a_resumed(c) && head(c->a) > c->seq;
}

static void begin_two(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"both are ready", sim_script_quiet, say_some},
        {"a backup is taken", sim_script_quiet, take_backup},
        {"more is said", NULL, say_some},
        {"it is restored", sim_script_quiet, restore},
        {"and has resumed", a_resumed, say_some},
        {"and once more", sim_script_quiet, note_head_and_restore},
        {"above the first resume", resumed_above_the_first, say_some},
        {"and goes on", sim_script_quiet, NULL},
        {0},
    };

    (void)sim_script_begin(f, steps);
}

/* The second time it cannot ask the other side. */
static void begin_two_apart(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"both are ready", sim_script_quiet, say_some},
        {"a backup is taken", sim_script_quiet, take_backup},
        {"more is said", NULL, say_some},
        {"it is restored", sim_script_quiet, restore},
        {"and has resumed", a_resumed, say_some},
        {"cut off, it is restored once more", sim_script_quiet, restore_alone},
        {"it is told to resume", a_asks, order_resume},
        {"it has, beside its first resume", a_resumed, say_some},
        {"they meet again", NULL, join},
        {"and go on above both", sim_script_quiet, say_some},
        {"to the end", sim_script_quiet, NULL},
        {0},
    };

    (void)sim_script_begin(f, steps);
}

#define SCENARIO(scenario, what, begins)                                                                               \
    {                                                                                                                  \
        .name = scenario, .says = what, .sort = SIM_SCENARIO, .begin = begins, .judge = sim_script_judge              \
    }

const struct sim_fault sim_scenarios[] = {
    SCENARIO("sync-replaced", "a sync that says less than the one before it replaces it", begin_sync),
    SCENARIO("crash-before-resume", "a restored station crashes before its resume is on the disk", begin_crash),
    SCENARIO("resume-below-head", "a resume is chained below what the other side holds", begin_below),
    SCENARIO("numbers-jump", "numbers jump over 2^24 absent ones, and what is around the jump is lost", begin_jump),
    SCENARIO("untold-restore-open-batch", "an untold restore, the peer's batch open and old frames under way",
             begin_open_batch),
    SCENARIO("routine-before-flash", "a ROUTINE is lost just before a FLASH", begin_routine),
    SCENARIO("receipt-before-flash", "a receipt is lost just before a FLASH", begin_gap_of_a_receipt),
    SCENARIO("receipts-lost", "receipts are lost and nothing else is said", begin_receipts),
    SCENARIO("receipt-after-start", "what was taken while nothing could be signed is receipted after the next start",
             begin_late_receipt),
    SCENARIO("two-restores", "one backup is restored twice", begin_two),
    {.name = "two-restores-apart", .says = "one backup is restored twice, and resumed where the other cannot be asked",
     .sort = SIM_SCENARIO, .begin = begin_two_apart, .judge = sim_script_judge},
    {.name = NULL},
};
