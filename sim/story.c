/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stories of the people whom the line is for, each with an end that both sides must see alike: what stands on their
 * desks, which alarms rang there and when. They are played amid the gentle faults that a seed draws.
 */
#include <stdlib.h>
#include <string.h>

#include "form/forms.h"
#include "sim/scenario.h"

#define STORY_LOOK (200 * SIM_MS)
#define SPAN (20 * SIM_MINUTE) /* about as long as one lasts, so that faults come in it */
#define DAY (24 * 60 * SIM_MINUTE)
#define LATE_S 20u             /* a disk is slow, a station starts again */

/* ---- What a story asks of both desks ---- */

static const struct sim_rung *rung(const struct sim_party *p, enum ol_alarm_kind kind)
{
    return &p->desk.rung[kind];
}

static bool rang(const struct sim_party *p, enum ol_alarm_kind kind)
{
    return rung(p, kind)->times > 0;
}

/* It rang, and its cause is gone. */
static bool is_over(const struct sim_party *p, enum ol_alarm_kind kind)
{
    return rang(p, kind) && rung(p, kind)->cleared > rung(p, kind)->last;
}

/* Where message i of the story stands on this desk: in no state when it is not there yet. */
static struct ol_dialogue shown(const struct sim_script *c, const struct sim_party *p, size_t i)
{
    const struct ol_dialogue *d = c->on[i].author != 0 ? sim_people_shown(p, c->on[i]) : NULL;

    return d != NULL ? *d : (struct ol_dialogue){.state = OL_RELEASED};
}

static bool both_show(const struct sim_script *c, size_t i, enum ol_message_state state, bool open)
{
    struct ol_dialogue d[2] = {shown(c, c->a, i), shown(c, c->b, i)};

    return d[0].state == state && d[1].state == state && d[0].open == open && d[1].open == open;
}

/* When the entry was signed, in seconds of the record; 0: it is not there. */
static uint32_t time_of(const struct sim_party *p, uint8_t author, uint32_t seq)
{
    struct ol_row row;

    return ol_store_row(p->store, p->info.number, author, seq, &row) == OL_OK ? row.h.time : 0;
}

static void must(struct sim_script *c, bool holds, const char *what)
{
    if (c->f->sim->check.failed)
        return;
    sim_check(c->f->sim, SIM_CHECK_HARD_CASE, holds, "%s: not so: %s", c->f->fault->name, what);
}

/* ---- What a story writes ---- */

static void wrote(struct sim_script *c, struct sim_party *p, bool done)
{
    c->writer = p;
    c->token = done ? p->next_token - 1 : 0;
}

/* Message i of the story is what was written last; false until it has a number. */
static bool is_written(struct sim_script *c, size_t i)
{
    const struct sim_text *t = c->writer != NULL && c->token > 0 ? sim_people_text(c->writer, c->token) : NULL;

    if (t == NULL || !t->durable || t->seq == 0)
        return false;
    c->on[i] = (struct ol_ref){c->writer->side, t->seq};
    return true;
}

static bool first_stands(struct sim_script *c)
{
    return is_written(c, 0);
}

static bool second_stands(struct sim_script *c)
{
    return is_written(c, 1);
}

static void act(struct sim_script *c, struct sim_party *p, size_t i, struct ol_act act)
{
    wrote(c, p, sim_people_do(p, OL_PRIORITY, c->on[i].seq, act));
}

static void take_first(struct sim_script *c)
{
    act(c, c->b, 0, (struct ol_act){.kind = OL_KIND_TAKE});
}

static bool first_is_there(struct sim_script *c)
{
    return both_show(c, 0, OL_DELIVERED, true);
}

static bool first_is_taken(struct sim_script *c)
{
    return both_show(c, 0, OL_TAKEN, true);
}

static struct sim_script *tell_story(struct sim_active *f, const struct sim_step *steps)
{
    struct sim_script *c = sim_script_begin(f, steps);

    c->look = STORY_LOOK;
    return c;
}

static void prepare(struct sim *s)
{
    s->span = SPAN;
}

/* Two paths on which nothing takes time, as people count. */
static void lay_cables(struct sim *s)
{
    s->net.paths = 2;
    for (unsigned i = 0; i < 2; i++)
        s->net.path[i] = (struct sim_path){.datagrams = i == 0, .rate = 100000000, .delay = 40 * SIM_MS,
                                           .mtu = OL_FRAME_UDP, .window = 32};
}

/* Of the faults that the seed has drawn, these alone. */
static void keep_on(struct sim *s, const char *const *names)
{
    for (size_t i = 0; i < s->faults; i++) {
        bool keep = s->fault[i].fault->sort == SIM_SCENARIO;

        for (size_t n = 0; names[n] != NULL; n++)
            keep = keep || strcmp(s->fault[i].fault->name, names[n]) == 0;
        s->fault[i].on = s->fault[i].on && keep;
    }
}

/* ---- A FLASH at night ---- */

static void say_flash(struct sim_script *c)
{
    wrote(c, c->a, sim_people_mean(c->a, OL_FLASH << 6, 80, (struct ol_message){.answer = OL_CLASS_AN}));
}

static bool it_sounds(struct sim_script *c)
{
    return first_is_there(c) && rang(c->b, OL_ALARM_FLASH_UNTAKEN);
}

static void lose_power(struct sim_script *c)
{
    sim_party_kill(c->b, true);
    (void)sim_party_start(c->b);
}

/* After the start too, since nobody has acknowledged it. */
static bool it_sounds_again(struct sim_script *c)
{
    return c->b->running && rung(c->b, OL_ALARM_FLASH_UNTAKEN)->times == 2;
}

/* Since when it may say so on the record: a station that starts asks the other one first. */
static bool may_sign_again(struct sim_script *c)
{
    c->seq = sim_party_now(c->b).utc;
    return c->b->running && c->b->line->signing == OL_SIGN_READY;
}

static bool deputy_is_called(struct sim_script *c)
{
    return shown(c, c->a, 0).step >= OL_STEP_DEPUTY && shown(c, c->b, 0).step >= OL_STEP_DEPUTY;
}

static bool next_role_is_called(struct sim_script *c)
{
    return shown(c, c->a, 0).step == OL_STEP_NEXT_ROLE && shown(c, c->b, 0).step == OL_STEP_NEXT_ROLE;
}

static bool sender_knows(struct sim_script *c)
{
    return rang(c->a, OL_ALARM_UNTAKEN_THERE);
}

static void decline(struct sim_script *c)
{
    act(c, c->b, 0, (struct ol_act){.kind = OL_KIND_DECLINE, .text = ol_span("received, not answering now", 27)});
}

static bool both_see_it_declined(struct sim_script *c)
{
    return both_show(c, 0, OL_DECLINED, false) && is_over(c->b, OL_ALARM_FLASH_UNTAKEN) &&
           is_over(c->a, OL_ALARM_UNTAKEN_THERE);
}

/* When it was signed that somebody is called, after the receipt of the FLASH; 0: never. */
static bool note_step(void *ctx, const struct ol_row *row)
{
    uint32_t *called = ctx;
    struct ol_act a;

    if (ol_act_read(row->h.kind, row->body, &a) == OL_OK)
        called[a.what] = row->h.time;
    return true;
}

static bool is_called_at(const struct sim_script *c, uint32_t at, uint32_t due)
{
    return at >= due && at <= (c->seq > due ? c->seq : due) + LATE_S;
}

static void check_calls(struct sim_script *c, const struct sim_party *p)
{
    uint32_t called[OL_STEPS] = {0};
    struct ol_row receipt = {0};
    int64_t line = p->info.number;
    bool read = ol_store_receipt(p->store, line, c->on[0].author, c->on[0].seq, &receipt) == OL_OK &&
                ol_store_scan_kind(p->store, line, c->b->side, OL_KIND_ESCALATE, 1, note_step, called) == OL_OK;
    uint32_t due = receipt.h.time + 60;

    must(c, read && (called[OL_STEP_DEPUTY] > 0 || c->seq + LATE_S > due + 60), "the deputy is called");
    must(c, called[OL_STEP_DEPUTY] == 0 || is_called_at(c, called[OL_STEP_DEPUTY], due), "when 60 s are over");
    must(c, is_called_at(c, called[OL_STEP_NEXT_ROLE], due + 60), "the next role is called when as much again is over");
}

static void judge_flash(struct sim_active *f)
{
    struct sim_script *c = f->own;

    sim_script_judge(f);
    for (unsigned i = 0; i < 2 && !f->sim->check.failed; i++)
        check_calls(c, &f->sim->party[i]);
    must(c, both_see_it_declined(c), "it is declined on both desks, and nothing sounds any more");
}

static void begin_flash(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"night: both stations run, nobody is at the other's desk", sim_script_quiet, say_flash},
        {"a FLASH has been written", first_stands, NULL},
        {"it sounds at the other desk", it_sounds, lose_power},
        {"and again when its machine, that had lost its power, is up", it_sounds_again, NULL},
        {"and has asked what it had said", may_sign_again, NULL},
        {"nobody takes it: the deputy is called, and both sides see it", deputy_is_called, NULL},
        {"then the next role", next_role_is_called, NULL},
        {"its sender has an alarm too", sender_knows, decline},
        {"it is declined in form, and nothing sounds any more", both_see_it_declined, NULL},
        {0},
    };

    (void)tell_story(f, steps);
}

/* ---- Forms ---- */

#define NUMBER 2u

struct written {
    uint8_t bytes[512];
    struct ol_values values;
};

/* As the programs have it; kept for all runs, since reading one takes longer than most runs. */
static const struct ol_form *form_of(const char *code)
{
    static struct ol_form kept[2];
    struct ol_form form;
    struct ol_fault fault;
    size_t n = 0;

    for (; n < 2 && kept[n].code != NULL; n++)
        if (strcmp(kept[n].code, code) == 0)
            return &kept[n];
    for (size_t i = 0; i < ol_forms_built_in_n && n < 2; i++) {
        if (ol_form_load(ol_forms_built_in[i], code, &form, &fault) != OL_OK)
            continue;
        if (strcmp(form.code, code) == 0) {
            kept[n] = form;
            return &kept[n];
        }
        ol_form_free(&form);
    }
    abort();
}

/* The examples of its file; of the first field, when it is not NULL, this. False: one does not fit its field. */
static bool fill(const struct ol_form *form, const char *first, struct written *out)
{
    struct ol_wr w = ol_wr_to(out->bytes, sizeof out->bytes);
    bool fits = true;

    out->values.n = form->n;
    for (size_t n = 1; n <= form->n; n++) {
        const char *line = json_string_value(json_object_get(ol_form_field(form, n), "example"));
        size_t before = w.len;

        if (n == 1 && first != NULL)
            line = first;
        fits = fits && line != NULL && ol_field_read(&form->field[n - 1], ol_span(line, strlen(line)), &w) == OL_RIGHT;
        out->values.item[n - 1] = ol_span(w.p + before, w.len - before);
    }
    return fits;
}

static void give_number(struct sim_script *c, const char *code)
{
    const struct ol_form *form = form_of(code);
    const struct ol_form_number number = {.number = NUMBER, .hash = form->hash, .code = ol_span(code, strlen(code))};
    uint8_t body[64];
    struct ol_wr w = ol_wr_to(body, sizeof body);

    ol_form_number_write(&number, &w);
    wrote(c, c->a, sim_people_write(c->a, OL_KIND_FORM_NUMBER, OL_PRIORITY << 6, ol_wr_span(&w)));
}

static void send_form(struct sim_script *c, const char *code, const char *first, uint32_t corrects, size_t most)
{
    const struct ol_message meant = {.answer = OL_CLASS_R, .corrects = corrects};
    const struct ol_form *form = form_of(code);
    struct written values;
    struct ol_form_body body = {.number = NUMBER};
    uint8_t extra[64];
    uint8_t bytes[OL_BODY_MAX];
    struct ol_wr e = ol_wr_to(extra, sizeof extra);
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    if (!fill(form, first, &values))
        abort();
    body.values = values.values;
    ol_meaning_write(&meant, &e);
    body.extra = ol_wr_span(&e);
    ol_form_write(&body, &w);
    must(c, w.len <= most, "the form takes few bytes");
    sim_world_say(&c->f->sim->world, "%s sends %s, %u bytes; the other desk reads: %s", c->a->name, code,
                  (unsigned)w.len, ol_form_words(form->json, "title", "zh"));
    wrote(c, c->a, sim_people_write(c->a, OL_KIND_FORM, OL_IMMEDIATE << 6, ol_wr_span(&w)));
}

/* Reads form i back with this in its first field (NULL: as it is); in *misread what the other desk is told. */
static void read_back(struct sim_script *c, size_t i, const char *code, const char *first, struct ol_misread *misread)
{
    struct ol_form_body sent;
    struct written read;
    uint8_t bytes[512];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    struct ol_row row;

    if (!fill(form_of(code), first, &read))
        abort();
    if (ol_store_row(c->b->store, c->b->info.number, c->on[i].author, c->on[i].seq, &row) == OL_OK &&
        ol_form_read(row.body, &sent) == OL_OK)
        (void)ol_values_same(&sent.values, &read.values, misread);
    ol_values_write(&read.values, &w);
    act(c, c->b, i, (struct ol_act){.kind = OL_KIND_READBACK, .about = c->on[i].seq, .values = ol_wr_span(&w)});
}

/* ---- A launch notification, misread, then postponed ---- */

#define LAUNCH_DAY "2026-12-03"
#define POSTPONED_DAY "2026-12-05"

static void give_launch(struct sim_script *c)
{
    give_number(c, "LAUNCH");
}

static void send_launch(struct sim_script *c)
{
    send_form(c, "LAUNCH", LAUNCH_DAY, 0, 100);
}

static void misread_launch(struct sim_script *c)
{
    struct ol_misread misread = {0};

    read_back(c, 0, "LAUNCH", POSTPONED_DAY, &misread);
    must(c, misread.differs == 1 && misread.left_out == 0 && misread.added == 0, "field 1 alone differs");
}

/* The misreading is on both records, and has changed nothing. */
static bool misreading_is_there(struct sim_script *c)
{
    const struct sim_text *t = sim_people_text(c->writer, c->token);

    return t->delivered && sim_script_quiet(c);
}

static void read_launch(struct sim_script *c)
{
    struct ol_misread misread = {0};

    must(c, both_show(c, 0, OL_TAKEN, true), "what was misread is not confirmed");
    read_back(c, 0, "LAUNCH", LAUNCH_DAY, &misread);
    must(c, misread.differs == 0, "nothing differs");
}

static bool launch_is_confirmed(struct sim_script *c)
{
    return both_show(c, 0, OL_CONFIRMED, false);
}

static void postpone(struct sim_script *c)
{
    send_form(c, "LAUNCH", POSTPONED_DAY, c->on[0].seq, 100);
}

static bool all_must_take_it_again(struct sim_script *c)
{
    return shown(c, c->a, 0).superseded == c->on[1].seq && shown(c, c->b, 0).superseded == c->on[1].seq &&
           both_show(c, 1, OL_DELIVERED, true) && rang(c->b, OL_ALARM_SUPERSEDED_UNTAKEN);
}

static void take_second(struct sim_script *c)
{
    act(c, c->b, 1, (struct ol_act){.kind = OL_KIND_TAKE});
}

static bool second_is_taken(struct sim_script *c)
{
    return both_show(c, 1, OL_TAKEN, true) && is_over(c->b, OL_ALARM_SUPERSEDED_UNTAKEN);
}

static void read_second(struct sim_script *c)
{
    struct ol_misread misread = {0};

    read_back(c, 1, "LAUNCH", POSTPONED_DAY, &misread);
    must(c, misread.differs == 0, "nothing differs");
}

static bool second_is_confirmed(struct sim_script *c)
{
    return both_show(c, 1, OL_CONFIRMED, false);
}

static void judge_launch(struct sim_active *f)
{
    struct sim_script *c = f->own;

    sim_script_judge(f);
    must(c, second_is_confirmed(c) && !shown(c, c->a, 0).open && !shown(c, c->b, 0).open,
         "the second notification stands alone, on both desks");
    must(c, rung(c->b, OL_ALARM_SUPERSEDED_UNTAKEN)->times == 1 && is_over(c->b, OL_ALARM_SUPERSEDED_UNTAKEN),
         "one alarm, until it was taken");
}

static void begin_launch(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"the form gets its number", sim_script_quiet, give_launch},
        {"a launch is notified", sim_script_quiet, send_launch},
        {"with one entry", first_stands, NULL},
        {"it is taken", first_is_there, take_first},
        {"and read back with another day", first_is_taken, misread_launch},
        {"which both desks see, and which confirms nothing; it is read again", misreading_is_there, read_launch},
        {"both desks have compared it: confirmed", launch_is_confirmed, postpone},
        {"the launch is postponed", second_stands, NULL},
        {"whoever had taken the first has an alarm until the second is taken", all_must_take_it_again, take_second},
        {"it is", second_is_taken, read_second},
        {"and confirmed", second_is_confirmed, NULL},
        {0},
    };

    (void)tell_story(f, steps);
}

/* ---- Two convoys ---- */

static void give_convoy(struct sim_script *c)
{
    give_number(c, "CONVOY");
}

static void send_convoy(struct sim_script *c)
{
    send_form(c, "CONVOY", NULL, 0, 200);
}

static void send_another(struct sim_script *c)
{
    send_form(c, "CONVOY", "2026-12-06T07:00Z", 0, 200);
}

static void pass_to(struct sim_script *c, size_t i, enum ol_stage stage, const char *not_passed)
{
    act(c, c->b, i, (struct ol_act){.kind = OL_KIND_ONWARD, .what = (uint8_t)stage,
                                    .text = ol_span(not_passed, strlen(not_passed))});
}

static void pass_first_to_duty(struct sim_script *c)
{
    pass_to(c, 0, OL_STAGE_DUTY, "");
}

static void pass_first_to_unit(struct sim_script *c)
{
    pass_to(c, 0, OL_STAGE_UNIT, "");
}

static bool stage_is(const struct sim_script *c, size_t i, enum ol_stage stage, bool not_passed)
{
    struct ol_dialogue d[2] = {shown(c, c->a, i), shown(c, c->b, i)};

    return d[0].stage == stage && d[1].stage == stage && d[0].not_passed == not_passed && d[1].not_passed == not_passed;
}

static bool first_is_with_duty(struct sim_script *c)
{
    return stage_is(c, 0, OL_STAGE_DUTY, false);
}

static bool first_is_with_unit(struct sim_script *c)
{
    return stage_is(c, 0, OL_STAGE_UNIT, false);
}

static bool second_is_there(struct sim_script *c)
{
    return both_show(c, 1, OL_DELIVERED, true);
}

static void fail_to_pass_second(struct sim_script *c)
{
    pass_to(c, 1, OL_STAGE_UNIT, "the unit cannot be reached");
}

static bool sender_knows_it_was_not_passed(struct sim_script *c)
{
    return stage_is(c, 1, OL_STAGE_NONE, true) && rang(c->a, OL_ALARM_NOT_PASSED_ON);
}

static void judge_convoy(struct sim_active *f)
{
    struct sim_script *c = f->own;

    sim_script_judge(f);
    must(c, stage_is(c, 0, OL_STAGE_UNIT, false), "the first is with the unit, on both desks");
    must(c, stage_is(c, 1, OL_STAGE_NONE, true), "the second was not passed on, on both desks");
    must(c, rung(c->a, OL_ALARM_NOT_PASSED_ON)->times == 1 && rung(c->a, OL_ALARM_NOT_PASSED_ON)->cleared == 0,
         "its sender's alarm stands");
    must(c, !rang(c->b, OL_ALARM_NOT_PASSED_ON), "and is its sender's");
}

static void begin_convoy(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"the form gets its number", sim_script_quiet, give_convoy},
        {"a convoy is notified", sim_script_quiet, send_convoy},
        {"with one entry", first_stands, NULL},
        {"the desk takes it", first_is_there, take_first},
        {"and hands it to the duty officer", first_is_taken, pass_first_to_duty},
        {"who hands it to the unit", first_is_with_duty, pass_first_to_unit},
        {"which its sender sees; another convoy", first_is_with_unit, send_another},
        {"has been notified", second_stands, NULL},
        {"the unit cannot be reached", second_is_there, fail_to_pass_second},
        {"its sender has an alarm", sender_knows_it_was_not_passed, NULL},
        {0},
    };

    (void)tell_story(f, steps);
}

/* ---- A channel that is suspended for three months ---- */

#define MONTHS (92 * DAY)
#define LEVEL ol_span("military", 8)
#define REASON "consultations with the capital"

/* So long that the line asks every hour only. Nothing is cut, so that any alarm would be the channel's. */
static void prepare_months(struct sim *s)
{
    static const char *const beside[] = {"duplicate", "reorder", "slow-disk", NULL};

    keep_on(s, beside);
    lay_cables(s);
    s->span = MONTHS;
    s->liveness_ms = 60 * 60 * 1000;
    s->look = 10 * SIM_MINUTE;
}

/* How the channel stands on this side; by whom and since when in *step, of whose reason the length alone is kept. */
static enum ol_channel_state channel_at(const struct sim_party *p, struct ol_step *step)
{
    struct sim_agreed *agreed = sim_agreed_of(p->store, p->info.number);
    const struct ol_channel *channel = agreed != NULL ? ol_agree_level(sim_agreed_fold(agreed), LEVEL) : NULL;
    enum ol_channel_state state = OL_CHANNEL_OPEN;

    *step = (struct ol_step){0};
    if (channel != NULL)
        state = ol_channel_step(channel, step);
    step->reason.p = NULL;
    sim_agreed_free(agreed);
    return state;
}

static bool both_hold(struct sim_script *c, enum ol_channel_state state)
{
    struct ol_step step[2];

    return channel_at(c->a, &step[0]) == state && channel_at(c->b, &step[1]) == state && step[0].side == step[1].side &&
           step[0].since == step[1].since && step[0].reason.len == step[1].reason.len;
}

static bool channel_is_accepted(struct sim_script *c)
{
    return both_hold(c, OL_CHANNEL_ACCEPTED);
}

static bool channel_is_suspended(struct sim_script *c)
{
    return both_hold(c, OL_CHANNEL_SUSPENDED);
}

static bool channel_is_resumed(struct sim_script *c)
{
    return both_hold(c, OL_CHANNEL_RESUMED);
}

static void propose_channel(struct sim_script *c)
{
    const struct ol_proposal what = {.topic = OL_TOPIC_CHANNEL, .level = LEVEL,
                                     .purpose = ol_span("incidents at sea", 16),
                                     .hours = ol_span("daily 0600-1800", 15)};

    wrote(c, c->a, sim_people_propose(c->a, &what));
}

static void accept(struct sim_script *c)
{
    wrote(c, c->b, sim_people_respond(c->b, &(struct ol_response){.verb = OL_VERB_ACCEPT, .about = c->on[0]}));
}

static void suspend(struct sim_script *c)
{
    const struct ol_response what = {.verb = OL_VERB_SUSPEND, .level = LEVEL,
                                     .reason = ol_span(REASON, strlen(REASON))};

    wrote(c, c->b, sim_people_respond(c->b, &what));
}

static bool line_is_up(struct sim_script *c)
{
    return sim_script_quiet(c) && c->a->told_up && c->b->told_up;
}

static void begin_months(struct sim_script *c)
{
    c->look = DAY / 2;
    c->seq = sim_party_now(c->a).utc;
}

/* At every look of these months it stands as suspended by whom and since when, and the line is up. */
static bool months_are_over(struct sim_script *c)
{
    must(c, channel_is_suspended(c), "suspended is what both desks show, by whom and since when");
    must(c, c->a->told_up && c->b->told_up, "the line is up all the while");
    return sim_party_now(c->a).utc - c->seq > MONTHS / SIM_SECOND - 2 * 24 * 3600;
}

static void resume(struct sim_script *c)
{
    c->look = STORY_LOOK;
    wrote(c, c->b, sim_people_respond(c->b, &(struct ol_response){.verb = OL_VERB_RESUME, .level = LEVEL}));
}

static void judge_channel(struct sim_active *f)
{
    struct sim_script *c = f->own;
    struct ol_step step;

    sim_script_judge(f);
    must(c, channel_is_resumed(c), "resumed on both desks");
    must(c, channel_at(c->a, &step) == OL_CHANNEL_RESUMED && step.side == c->b->side,
         "by the side that had suspended it");
    for (enum ol_alarm_kind kind = 0; kind < OL_ALARM_KINDS; kind++)
        must(c, !rang(c->a, kind) && !rang(c->b, kind), "no alarm: nothing was broken");
}

static void begin_channel(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"a military channel is proposed", line_is_up, propose_channel},
        {"which is an entry", first_stands, NULL},
        {"and accepted", sim_script_quiet, accept},
        {"both desks have it; then one side suspends it", channel_is_accepted, suspend},
        {"as both see, with the reason", channel_is_suspended, begin_months},
        {"for three months", months_are_over, resume},
        {"it is resumed", channel_is_resumed, NULL},
        {0},
    };

    (void)tell_story(f, steps);
    f->sim->span = MONTHS + DAY;
}

/* ---- An exercise, and a real FLASH ---- */

static void propose_exercise(struct sim_script *c)
{
    uint32_t now = sim_party_now(c->a).utc;
    const struct ol_proposal what = {.topic = OL_TOPIC_EXERCISE, .exercise = 2, .start = now, .end = now + 6 * 3600};

    wrote(c, c->a, sim_people_propose(c->a, &what));
}

static bool exercise_is(const struct sim_script *c, const struct sim_party *p, bool broken)
{
    struct sim_agreed *agreed = sim_agreed_of(p->store, p->info.number);
    const struct ol_accord *x = agreed != NULL ? ol_agree_find(sim_agreed_fold(agreed), c->on[0]) : NULL;
    bool is = x != NULL && x->state == OL_ACCORD_ACCEPTED && (x->broken.author != 0) == broken;

    sim_agreed_free(agreed);
    return is;
}

static bool exercise_runs(struct sim_script *c)
{
    return exercise_is(c, c->a, false) && exercise_is(c, c->b, false);
}

static bool exercise_is_broken(struct sim_script *c)
{
    return exercise_is(c, c->a, true) && exercise_is(c, c->b, true);
}

static void say_exercise(struct sim_script *c)
{
    wrote(c, c->a, sim_people_say(c->a, OL_IMMEDIATE, 60, true));
}

/* What both desks say of entry i beside its text. */
static bool is_marked(const struct sim_script *c, size_t i, bool exercise, bool unannounced, bool real)
{
    bool is = true;

    for (unsigned side = 0; side < 2 && is; side++) {
        const struct sim_party *p = &c->f->sim->party[side];
        struct sim_agreed *agreed = sim_agreed_of(p->store, p->info.number);
        struct ol_row row;

        is = agreed != NULL && ol_store_row(p->store, p->info.number, c->on[i].author, c->on[i].seq, &row) == OL_OK &&
             ((row.h.flags & OL_FLAG_EXERCISE) != 0) == exercise &&
             ol_agree_is_unannounced(sim_agreed_fold(agreed), &row.h) == unannounced &&
             ol_agree_is_real(sim_agreed_fold(agreed), &row.h) == real;
        sim_agreed_free(agreed);
    }
    return is;
}

static bool exercise_is_said(struct sim_script *c)
{
    return is_written(c, 1) && is_marked(c, 1, true, false, false);
}

static void say_real(struct sim_script *c)
{
    wrote(c, c->b, sim_people_say(c->b, OL_FLASH, 60, false));
}

static bool real_is_said(struct sim_script *c)
{
    return is_written(c, 2) && is_marked(c, 2, false, false, true) && exercise_is_broken(c);
}

/* A second later by the clocks that sign. */
static bool clocks_go_on(struct sim_script *c)
{
    return sim_party_now(c->a).utc > time_of(c->a, c->on[2].author, c->on[2].seq) + 1;
}

static bool late_exercise_is_said(struct sim_script *c)
{
    return is_written(c, 1) && is_marked(c, 1, true, true, false);
}

static void judge_exercise(struct sim_active *f)
{
    struct sim_script *c = f->own;

    sim_script_judge(f);
    must(c, exercise_is_broken(c), "the exercise is broken on both desks");
    must(c, is_marked(c, 2, false, false, true), "the FLASH is REAL on both desks");
    must(c, is_marked(c, 1, true, true, false), "EXERCISE afterwards stands as unannounced on both desks");
    must(c, rang(c->a, OL_ALARM_FLASH_UNTAKEN), "the FLASH rang");
}

static void begin_exercise(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"an exercise is proposed", sim_script_quiet, propose_exercise},
        {"which is an entry", first_stands, NULL},
        {"and accepted", sim_script_quiet, accept},
        {"it runs; something is said in it", exercise_runs, say_exercise},
        {"EXERCISE on both desks, and announced; then something happens in earnest", exercise_is_said, say_real},
        {"REAL on both desks, and the exercise is suspended", real_is_said, NULL},
        {"whoever has not seen it yet", clocks_go_on, say_exercise},
        {"goes on, and is shown as unannounced", late_exercise_is_said, NULL},
        {0},
    };

    (void)tell_story(f, steps);
}

/* ---- Tests of the line, of which three are missed ---- */

#define EVERY_S (OL_TESTS_EVERY_MIN * 60)
#define SLOT_S (EVERY_S / 4) /* in which a test is to be answered */

/* Slots, from 0, in which nobody answers. */
#define FIRST_MISS 2u
#define NEXT_MISSES 4u /* and the one after it */

/* So that only what the story wants to be missed is missed. */
static void prepare_tests(struct sim *s)
{
    static const char *const beside[] = {"loss", "duplicate", "reorder", "corrupt", "slow-disk", "relay-replays",
                                         "relay-sends-garbage", NULL};

    prepare(s);
    keep_on(s, beside);
    lay_cables(s);
    s->liveness_ms = 10 * 1000;
}

static void propose_tests(struct sim_script *c)
{
    struct ol_proposal what = {.topic = OL_TOPIC_TESTS, .every = OL_TESTS_EVERY_MIN};

    c->from = (sim_party_now(c->a).utc / EVERY_S + 1) * EVERY_S;
    what.start = c->from;
    wrote(c, c->a, sim_people_propose(c->a, &what));
}

static bool is_missed(uint32_t slot)
{
    return slot == FIRST_MISS || slot == NEXT_MISSES || slot == NEXT_MISSES + 1;
}

/* Whose turn it is sends, once; the other answers, once, but where the story wants it missed. */
static void take_turn(struct sim_script *c, struct sim_party *p)
{
    const struct ol_slot due = sim_desk_tests(p)->due;
    const struct ol_linetest test = {.slot = due.begin, .text = ol_span("the quick brown fox", 19)};
    const struct ol_linetest answer = {.about = due.test};

    if (due.begin < c->from || ol_slot_state(&due, due.begin) != OL_SLOT_DUE)
        return;
    if (due.side == p->side && due.test == 0 && c->seq != due.begin && sim_people_test(p, &test))
        c->seq = due.begin;
    if (due.side != p->side && due.test > 0 && c->life != due.begin && !is_missed((due.begin - c->from) / EVERY_S) &&
        sim_people_test(p, &answer))
        c->life = due.begin;
}

static bool tests_are(struct sim_script *c, enum ol_tests_state state, uint32_t slots)
{
    take_turn(c, c->a);
    take_turn(c, c->b);
    return sim_desk_tests(c->a)->state == state && sim_desk_tests(c->b)->state == state &&
           sim_party_now(c->a).utc >= c->from + (slots - 1) * EVERY_S && c->life >= c->from;
}

/* It rang when the time for the answer was over. */
static bool rang_in_time(struct sim_script *c, const struct sim_party *p, enum ol_alarm_kind kind, uint32_t slot)
{
    uint32_t due = c->from + slot * EVERY_S + SLOT_S;
    sim_us ago = (sim_party_now(p).utc - due) * SIM_SECOND;
    sim_us now = c->f->sim->world.now;

    return rang(p, kind) && rung(p, kind)->last + SIM_SECOND >= now - ago &&
           rung(p, kind)->last <= now - ago + 3 * SIM_SECOND;
}

static bool two_are_answered(struct sim_script *c)
{
    return tests_are(c, OL_TESTS_GREEN, 2) && c->life == c->from + EVERY_S;
}

static bool one_is_missed(struct sim_script *c)
{
    return tests_are(c, OL_TESTS_AMBER, FIRST_MISS + 1) && rang(c->a, OL_ALARM_TEST_MISSED) &&
           rang(c->b, OL_ALARM_TEST_MISSED);
}

static void check_amber(struct sim_script *c)
{
    must(c, rang_in_time(c, c->a, OL_ALARM_TEST_MISSED, FIRST_MISS), "amber at once, at one desk");
    must(c, rang_in_time(c, c->b, OL_ALARM_TEST_MISSED, FIRST_MISS), "and at the other");
    must(c, !rang(c->a, OL_ALARM_TESTS_MISSED) && !rang(c->b, OL_ALARM_TESTS_MISSED), "one miss is not red");
}

static bool green_again(struct sim_script *c)
{
    return tests_are(c, OL_TESTS_GREEN, FIRST_MISS + 2) && is_over(c->a, OL_ALARM_TEST_MISSED) &&
           is_over(c->b, OL_ALARM_TEST_MISSED);
}

static bool two_are_missed(struct sim_script *c)
{
    return tests_are(c, OL_TESTS_RED, NEXT_MISSES + 2) && rang(c->a, OL_ALARM_TESTS_MISSED) &&
           rang(c->b, OL_ALARM_TESTS_MISSED);
}

static void check_red(struct sim_script *c)
{
    must(c, rang_in_time(c, c->a, OL_ALARM_TESTS_MISSED, NEXT_MISSES + 1), "red at once, at one desk");
    must(c, rang_in_time(c, c->b, OL_ALARM_TESTS_MISSED, NEXT_MISSES + 1), "and at the other");
}

static bool green_at_last(struct sim_script *c)
{
    return tests_are(c, OL_TESTS_GREEN, NEXT_MISSES + 3) && is_over(c->a, OL_ALARM_TESTS_MISSED) &&
           is_over(c->b, OL_ALARM_TESTS_MISSED);
}

static void judge_tests(struct sim_active *f)
{
    struct sim_script *c = f->own;

    sim_script_judge(f);
    for (unsigned i = 0; i < 2; i++) {
        const struct sim_party *p = &f->sim->party[i];

        must(c, rung(p, OL_ALARM_TEST_MISSED)->times == 2 && rung(p, OL_ALARM_TESTS_MISSED)->times == 1,
             "amber twice, red once, on both desks");
        must(c, sim_desk_tests(p)->state == OL_TESTS_GREEN, "green at the end, on both desks");
    }
}

static void begin_tests(struct sim_active *f)
{
    static const struct sim_step steps[] = {
        {"a test every ten minutes is proposed", sim_script_quiet, propose_tests},
        {"which is an entry", first_stands, NULL},
        {"and accepted", sim_script_quiet, accept},
        {"each is sent and answered in turn", two_are_answered, NULL},
        {"one is not: amber on both desks", one_is_missed, check_amber},
        {"the next is answered: green", green_again, NULL},
        {"two are not: red on both desks", two_are_missed, check_red},
        {"answered again: green", green_at_last, NULL},
        {0},
    };

    (void)tell_story(f, steps);
}

#define STORY(story, what, prepares, begins, judges)                                                                   \
    {                                                                                                                  \
        .name = story, .says = what, .sort = SIM_SCENARIO, .gentle = true, .prepare = prepares, .begin = begins,       \
        .judge = judges                                                                                                \
    }

const struct sim_fault sim_stories[] = {
    STORY("flash-at-night", "a FLASH that nobody takes: it sounds, goes to the deputy and the next role, is declined",
          prepare, begin_flash, judge_flash),
    STORY("launch-amended", "a launch notification, misread in one field, confirmed, then postponed and taken again",
          prepare, begin_launch, judge_launch),
    STORY("convoy-passed-on", "one convoy handed on to the unit, and one that was not", prepare, begin_convoy,
          judge_convoy),
    STORY("channel-suspended", "a military channel is suspended for three months and resumed, never broken",
          prepare_months, begin_channel, judge_channel),
    STORY("exercise-broken", "an exercise that nobody can mistake is broken by a real FLASH", prepare, begin_exercise,
          judge_exercise),
    STORY("hour-of-tests", "an hour of tests by people: one missed is amber, two are red, on both sides", prepare_tests,
          begin_tests, judge_tests),
    {.name = NULL},
};
