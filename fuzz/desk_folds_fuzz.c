/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What either side may have written: entries of the desk in any number and order, made from the input or taken from it
 * as they stand, and all that is folded from them. Whatever the other side wrote, both find the same in it, in whatever
 * order it came, and there is something to show at any moment.
 */
#include "desk/dialogue.h"
#include "desk/kind.h"
#include "desk/linetest.h"
#include "desk/presence.h"
#include "desk/roster.h"
#include "desk/said.h"
#include "desk/stats.h"
#include "fuzz.h"

#define ROWS 60u /* of a side */
#define MARKS 8u
#define BEGIN 1790000000u
#define STEP 60u

static struct ol_row row[2][ROWS];
static uint32_t rows[2];
static uint8_t bodies[65536];
static struct ol_wr room;
static struct ol_rd program;

/* ---- What was written ---- */

/* A word of one letter, or none: so that they meet. */
static struct ol_span word(uint8_t of)
{
    static const char letters[] = "abc";

    return of % 4 > 0 ? ol_span(letters + of % 4 - 1, 1) : ol_span(NULL, 0);
}

static uint32_t moment(void)
{
    return BEGIN + ol_rd_u8(&program) * STEP;
}

/* One of a side's entries so far, or the next. */
static uint32_t number(unsigned side)
{
    return 1 + ol_rd_u8(&program) % (rows[side] + 1);
}

static struct ol_ref ref(void)
{
    unsigned side = ol_rd_u8(&program) & 1;

    return (struct ol_ref){.author = side == 0 ? 'A' : 'B', .seq = number(side)};
}

static void write_message(unsigned side, struct ol_wr *w)
{
    uint8_t how = ol_rd_u8(&program);
    struct ol_message m = {.text = ol_span("x", 1), .marker = how & 7, .answer = (how >> 3) % OL_CLASSES};

    if (how & 0x40)
        m.re = ref();
    if (how & 0x80)
        *(ol_rd_u8(&program) & 1 ? &m.corrects : &m.cancels) = number(side);
    m.level = word(how);
    ol_message_write(&m, w);
}

static void write_act(unsigned side, uint8_t kind, struct ol_wr *w)
{
    unsigned author = ol_act_is_senders(kind) ? side : 1 - side;
    struct ol_act act = {.kind = kind, .message = number(author)};
    uint8_t what = ol_rd_u8(&program);

    if (kind == OL_KIND_READBACK || kind == OL_KIND_CONFIRM)
        act.about = number(1 - side); /* the version, or the read-back */
    if (kind == OL_KIND_READBACK || kind == OL_KIND_CORRECT)
        act.text = ol_span("x", 1);
    if (kind == OL_KIND_REPLY)
        act.what = what % OL_ANSWERS;
    if (kind == OL_KIND_REPLY && act.what == OL_STANDBY)
        act.until = moment();
    if (kind == OL_KIND_ONWARD)
        act.what = 1u + what % (OL_STAGES - 1);
    if (kind == OL_KIND_ONWARD && what & 0x80)
        act.text = ol_span("x", 1);
    if (kind == OL_KIND_ESCALATE)
        act.what = 1u + what % 2;
    ol_act_write(&act, w);
}

/* What is agreed as data, one of each. */
static struct ol_span terms(uint8_t topic)
{
    static const char times[] = "\x8f\x18\x3c\x18\x3c\x18\x3c\x18\x3c\0\0\0\0\0\0\0\x60\x60\x60\x60";
    static const char handling[] = "\x82\x61" "a\x01";
    static const char rate[] = "\x05";

    return topic == OL_TOPIC_TIMES ? ol_span(times, sizeof times - 1)
         : topic == OL_TOPIC_HANDLING ? ol_span(handling, sizeof handling - 1)
         : topic == OL_TOPIC_RATE ? ol_span(rate, sizeof rate - 1) : ol_span(NULL, 0);
}

static void write_proposal(struct ol_wr *w)
{
    uint8_t how = ol_rd_u8(&program);
    struct ol_proposal p = {.topic = OL_TOPIC_CHANNEL + how % (OL_TOPICS - OL_TOPIC_CHANNEL)};

    p.terms = terms(p.topic);
    if (p.topic == OL_TOPIC_CHANNEL)
        p.level = word(how >> 3 | 1);
    if (p.topic == OL_TOPIC_EXERCISE)
        p.exercise = 1;
    if (p.topic == OL_TOPIC_TESTS)
        p.every = 10;
    if (p.topic == OL_TOPIC_EXERCISE || p.topic == OL_TOPIC_TESTS)
        p.start = moment();
    if (p.topic == OL_TOPIC_EXERCISE)
        p.end = p.start + 1 + ol_rd_u8(&program) * STEP;
    ol_proposal_write(&p, w);
}

static void write_response(struct ol_wr *w)
{
    struct ol_response r = {.verb = ol_rd_u8(&program) % OL_VERBS};

    if (r.verb < OL_VERB_SUSPEND)
        r.about = ref();
    else
        r.level = word(ol_rd_u8(&program) | 1);
    ol_response_write(&r, w);
}

static void write_hours(struct ol_wr *w)
{
    struct ol_hours h = {.kind = ol_rd_u8(&program) % OL_HOURS_KINDS};

    if (h.kind == OL_HOURS_WEEKLY) {
        h.days = ol_rd_u8(&program) & OL_DAYS_ALL;
        h.from = h.days > 0 ? ol_rd_u16(&program) % OL_DAY_MINUTES : 0;
        h.to = h.days > 0 ? 1 + ol_rd_u16(&program) % OL_DAY_MINUTES : 0;
    } else {
        h.from = moment();
        h.to = h.from + 1 + ol_rd_u8(&program) * STEP;
    }
    ol_hours_write(&h, w);
}

static void write_roster(struct ol_wr *w)
{
    uint8_t how = ol_rd_u8(&program);
    struct ol_roster_entry entry = {.what = how % OL_ROLE_WHATS, .role = word(how >> 2 | 1)};

    if (entry.what == OL_ROLE_ADDED && how & 0x80)
        entry.level[entry.levels++] = ol_span("x", 1);
    ol_roster_write(&entry, w);
}

static void write_test(unsigned side, struct ol_wr *w)
{
    uint8_t how = ol_rd_u8(&program);
    struct ol_linetest t = {0};

    if (how & 1) {
        t.about = number(1 - side);
    } else {
        t.slot = moment() / 600 * 600;
        t.text = ol_span("x", 1);
    }
    ol_linetest_write(&t, w);
}

static void write_body(unsigned side, uint8_t kind, struct ol_wr *w)
{
    struct ol_desk_entry desk = {0};

    if (kind == OL_KIND_MESSAGE) {
        write_message(side, w);
    } else if (ol_is_act(kind)) {
        write_act(side, kind, w);
    } else if (kind == OL_KIND_PROPOSE) {
        write_proposal(w);
    } else if (kind == OL_KIND_RESPOND) {
        write_response(w);
    } else if (kind == OL_KIND_DESK) {
        desk.role = word(ol_rd_peek(&program) >> 4);
        desk.what = ol_rd_u8(&program) % OL_DESK_WHATS;
        ol_desk_write(&desk, w);
    } else if (kind == OL_KIND_HOURS) {
        write_hours(w);
    } else if (kind == OL_KIND_ROSTER) {
        write_roster(w);
    } else if (kind == OL_KIND_TEST) {
        write_test(side, w);
    }
}

/* The first byte: whose entry, whether its body is to be made, and of which kind. */
static void write_row(void)
{
    uint8_t first = ol_rd_u8(&program);
    uint8_t how = ol_rd_u8(&program);
    unsigned side = first >> 7;
    struct ol_row *r = &row[side][rows[side]];
    struct ol_wr w = ol_wr_to(room.p + room.len, room.cap - room.len < 512 ? room.cap - room.len : 512);

    if (rows[side] == ROWS)
        return;
    *r = (struct ol_row){.h = {.author = side == 0 ? 'A' : 'B', .seq = ++rows[side]}};
    r->h.kind = OL_KIND_MESSAGE + first % 20;
    r->h.flags = (uint8_t)(how & 0xc0) | (how & 8 ? OL_FLAG_EXERCISE : 0) | (how & 16 ? OL_FLAG_ALONE : 0);
    r->marks = how & 32 ? OL_ROW_CLAIM : 0;
    r->h.time = how & 1 ? BEGIN + (rows[0] + rows[1]) * 5 * STEP : how & 4 ? moment() : ol_rd_u32(&program);
    r->h.xseq = how & 2 ? rows[1 - side] : ol_rd_u8(&program) % (rows[1 - side] + 1);
    if (rows[side] > 1 && r->h.xseq < r[-1].h.xseq)
        r->h.xseq = r[-1].h.xseq;
    if (first & 0x40) {
        struct ol_span as_it_stands = ol_rd_take(&program, how >> 3 & 7);

        if (as_it_stands.p != NULL)
            ol_wr_bytes(&w, as_it_stands.p, as_it_stands.len);
    } else {
        write_body(side, r->h.kind, &w);
    }
    r->body = w.full ? ol_span(NULL, 0) : ol_wr_span(&w);
    room.len += r->body.len;
}

/* ---- Looking ---- */

struct about {
    uint8_t author;
    uint32_t seq; /* 0: all of it */
    size_t at[2];
};

static bool next(void *ctx, unsigned side, struct ol_row *out)
{
    struct about *x = ctx;

    while (x->at[side] < rows[side]) {
        uint8_t author = 0;
        uint32_t seq = 0;

        *out = row[side][x->at[side]++];
        ol_message_refer(out, &author, &seq);
        if (x->seq == 0 || (author == x->author && seq == x->seq))
            return true;
    }
    return false;
}

static bool next_agreement(void *ctx, unsigned side, struct ol_row *out)
{
    while (next(ctx, side, out)) {
        if (out->h.kind == OL_KIND_PROPOSE || out->h.kind == OL_KIND_RESPOND)
            return true;
    }
    return false;
}

static const uint32_t moments[] = {0, BEGIN, BEGIN + 40 * STEP, BEGIN + 100 * STEP, BEGIN + 255 * STEP + 86400,
                                   UINT32_MAX};

struct seen {
    struct ol_dialogue last;
    size_t effects;
};

static void keep(const struct ol_dialogue *d, uint8_t out[static OL_DIALOGUE_BYTES])
{
    struct ol_wr w = ol_wr_to(out, OL_DIALOGUE_BYTES);

    ol_dialogue_write(d, &w);
    assert(!w.full && w.len == OL_DIALOGUE_BYTES);
}

static bool are_same(const struct ol_dialogue *x, const struct ol_dialogue *y)
{
    uint8_t bytes[2][OL_DIALOGUE_BYTES];

    keep(x, bytes[0]);
    keep(y, bytes[1]);
    return memcmp(bytes[0], bytes[1], sizeof bytes[0]) == 0;
}

/* What has no effect changes nothing, but that somebody has met the message (one that was replaced meanwhile). */
static void see(void *ctx, const struct ol_row *act, const struct ol_dialogue *after, bool effect)
{
    struct seen *s = ((void **)ctx)[1];

    (void)act;
    if (!effect && s->last.superseded > 0)
        s->last.met = after->met;
    assert(effect || are_same(after, &s->last));
    s->last = *after;
    s->effects += effect;
}

/* ol_dialogue_of has one context for what gives and what sees. */
static bool next_of_seen(void *ctx, unsigned side, struct ol_row *out)
{
    return next(((void **)ctx)[0], side, out);
}

static void look_at_message(const struct ol_row *message)
{
    struct about x = {.author = message->h.author, .seq = message->h.seq};
    struct about again = x;
    struct seen s = {.effects = 0};
    void *both[] = {&x, &s};
    struct ol_dialogue d;
    struct ol_dialogue back;
    uint8_t bytes[OL_DIALOGUE_BYTES];
    enum ol_err err;

    ol_dialogue_init(&s.last, message);
    ol_dialogue_of(&d, message, next_of_seen, see, both);
    assert(d.author == message->h.author && s.effects <= rows[0] + rows[1]);
    keep(&d, bytes);
    err = ol_dialogue_read(ol_span(bytes, sizeof bytes), &back);
    assert(err == OL_OK && are_same(&d, &back));
    ol_dialogue_of(&back, message, next, NULL, &again);
    assert(are_same(&d, &back));
}

/* In the order of their numbers, or the other way round. */
static const struct ol_row *in_order(unsigned side, size_t i, bool backwards)
{
    return &row[side][backwards ? rows[side] - 1 - i : i];
}

static void look_at_rosters(unsigned side)
{
    static struct ol_roster roster[2];

    memset(roster, 0, sizeof roster);
    for (unsigned way = 0; way < 2; way++) {
        for (size_t i = 0; i < rows[side]; i++)
            ol_roster_note(&roster[way], in_order(side, i, way));
    }
    for (size_t i = 0; i < ol_roster_count(&roster[0]); i++)
        assert(ol_roster_at(&roster[0], i)->seq == ol_roster_at(&roster[1], i)->seq);
    assert(ol_roster_count(&roster[0]) == ol_roster_count(&roster[1]));
    for (uint8_t i = 1; i < 4; i++) {
        const struct ol_role *a = ol_roster_find(&roster[0], word(i));
        const struct ol_role *b = ol_roster_find(&roster[1], word(i));

        assert((a == NULL) == (b == NULL) && (a == NULL || (a->seq == b->seq && a->levels == b->levels)));
    }
}

static void look_at_desk(unsigned side)
{
    struct ol_desk desk[2] = {0};

    for (unsigned way = 0; way < 2; way++) {
        for (size_t i = 0; i < rows[side] * (1 + way); i++) /* in the one way twice: what is there already is not new */
            ol_desk_note(&desk[way], in_order(side, i % rows[side], way));
    }
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        struct ol_presence p[2];

        ol_desk_at(&desk[0], moments[i], &p[0]);
        ol_desk_at(&desk[1], moments[i], &p[1]);
        assert(p[0].state == p[1].state && p[0].why == p[1].why);
        assert(p[0].since == p[1].since && p[0].until == p[1].until);
        assert(ol_desk_is_out(&desk[0], moments[i]) == ol_desk_is_out(&desk[1], moments[i]));
    }
}

/* Both sides, each having heard of messages and tests in its own order. */
static void look_at_agreements(void)
{
    static struct ol_agree agree[2];
    static struct ol_linetest_mark mark[2][2][MARKS];
    static struct ol_slot slots[OL_SLOTS_MAX];
    struct ol_linetests tests[2];
    struct ol_tests t[2];
    struct ol_handlings words;
    struct ol_step step;

    for (unsigned way = 0; way < 2; way++) {
        struct about all = {0};

        memset(&agree[way], 0, sizeof agree[way]);
        ol_agree_of(&agree[way], next_agreement, &all);
        tests[way] = (struct ol_linetests){{mark[way][0], mark[way][1]}, {0, 0}, MARKS};
        for (unsigned side = 0; side < 2; side++) {
            for (size_t i = 0; i < rows[side]; i++) {
                const struct ol_row *r = in_order(side, i, way);

                if (ol_kind_is_message(r->h.kind))
                    ol_agree_message(&agree[way], &r->h);
                ol_linetest_note(&tests[way], r);
                ol_linetest_note(&tests[way], r);
            }
        }
    }
    assert(agree[0].accords == agree[1].accords && agree[0].channels == agree[1].channels);
    for (size_t i = 0; i < agree[0].accords; i++) {
        const struct ol_accord *a = &agree[0].accord[i];
        const struct ol_accord *b = &agree[1].accord[i];

        assert(a->state == b->state && a->broken.author == b->broken.author && a->broken.seq == b->broken.seq);
        assert(ol_agree_find(&agree[0], a->id) == a);
    }
    for (size_t i = 0; i < agree[0].channels; i++)
        assert(ol_channel_step(&agree[0].channel[i], &step) == ol_channel_step(&agree[1].channel[i], &step));
    for (unsigned side = 0; side < 2; side++) {
        assert(tests[0].n[side] == tests[1].n[side]);
        assert(memcmp(mark[0][side], mark[1][side], tests[0].n[side] * sizeof mark[0][0][0]) == 0);
        for (size_t i = 0; i < rows[side]; i++) {
            const struct ol_header *h = &row[side][i].h;

            assert(ol_agree_is_real(&agree[0], h) == ol_agree_is_real(&agree[1], h));
            assert(ol_agree_is_unannounced(&agree[0], h) == ol_agree_is_unannounced(&agree[1], h));
        }
    }
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        for (unsigned topic = OL_TOPIC_TIMES; topic < OL_TOPICS; topic++)
            (void)ol_agree_at(&agree[0], (enum ol_topic)topic, moments[i]);
        ol_agree_handlings(&agree[0], moments[i], &words);
        assert(ol_agree_stands(&agree[0], OL_TOPIC_INSTRUCTIONS) == ol_agree_stands(&agree[1], OL_TOPIC_INSTRUCTIONS));
        ol_tests_at(&agree[0], &tests[0], moments[i], slots, &t[0]);
        ol_tests_at(&agree[1], &tests[1], moments[i], slots, &t[1]);
        assert(t[0].state == t[1].state && t[0].due.begin == t[1].due.begin && t[0].look == t[1].look);
    }
}

/* A month in numbers, which no side can make too long for its place. */
static void count_month(void)
{
    static uint32_t waits[4][ROWS];
    struct ol_stats s = {0};
    struct ol_hash hash;
    enum ol_err err = ol_month_read(ol_span("2026-09", 7), &s.month);

    assert(err == OL_OK);
    for (unsigned side = 0; side < 2; side++) {
        s.side[side].to_taken = (struct ol_waits){waits[side], 0, ROWS};
        s.side[side].to_answered = (struct ol_waits){waits[2 + side], 0, ROWS};
    }
    for (unsigned side = 0; side < 2; side++) {
        for (size_t i = 0; i < rows[side]; i++) {
            struct about x = {.author = row[side][i].h.author, .seq = row[side][i].h.seq};

            if (ol_kind_is_message(row[side][i].h.kind))
                ol_stats_message(&s, &row[side][i], moments[i % 4], next, &x);
        }
        assert(s.side[side].to_taken.n <= ROWS && s.side[side].to_answered.n <= ROWS);
    }
    ol_stats_hash(&s, &hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t words[OL_SAID_MAX];

    program = ol_rd_from(ol_span(data, size));
    room = ol_wr_to(bodies, sizeof bodies);
    rows[0] = rows[1] = 0;
    while (program.left > 1 && !program.bad)
        write_row();
    for (unsigned side = 0; side < 2; side++) {
        for (size_t i = 0; i < rows[side]; i++) {
            struct ol_wr w = ol_wr_to(words, sizeof words);

            ol_entry_say(row[side][i].h.kind, row[side][i].body, &w);
            if (ol_kind_is_message(row[side][i].h.kind))
                look_at_message(&row[side][i]);
        }
        look_at_rosters(side);
        look_at_desk(side);
    }
    look_at_agreements();
    count_month();
    return 0;
}
