/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, acts and the record as JSON: folds over what the store holds, kept nowhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <utf8proc.h>

#include "desk/ledger.h"
#include "station/station.h"

/* ---- Words ---- */

json_t *view_time(uint32_t utc)
{
    char text[32];
    time_t t = utc;
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return json_string(text);
}

json_t *view_id(uint8_t author, uint32_t seq)
{
    return json_sprintf("%c%u", author, seq);
}

const char *view_precedence(uint8_t flags)
{
    static const char *const names[] = {"routine", "priority", "immediate", "flash"};

    return names[ol_flags_precedence(flags)];
}

static const char *kind_name(uint8_t kind)
{
    switch (kind) {
    case OL_KIND_RECEIPT:
        return "receipt";
    case OL_KIND_RESUME:
        return "resume";
    case OL_KIND_CLOSE:
        return "close";
    case OL_KIND_SUCCEEDS:
        return "succeeds";
    case OL_KIND_UNFREEZE:
        return "unfreeze";
    case OL_KIND_MESSAGE:
        return "message";
    case OL_KIND_TAKE:
        return "take";
    case OL_KIND_READBACK:
        return "readback";
    case OL_KIND_CONFIRM:
        return "confirm";
    case OL_KIND_CORRECT:
        return "correct";
    case OL_KIND_DECLINE:
        return "decline";
    default:
        return "unknown";
    }
}

static uint8_t own_side(const struct line *l)
{
    return l->core->cfg.record.own;
}

static json_t *string_or_null(struct ol_span text)
{
    json_t *s = text.len > 0 ? json_stringn((const char *)text.p, text.len) : NULL;

    return s != NULL ? s : json_null(); /* a NUL in the text cannot be shown so */
}

/* ---- Rows kept for a moment ---- */

/* Rows with bodies of their own, since the store's are borrowed. */
struct rows {
    struct ol_row *row;
    size_t n;
    size_t cap;
    size_t most;
    enum ol_err err; /* of the store: what is here may not be all */
};

static bool keep_row(void *ctx, const struct ol_row *row)
{
    struct rows *rows = ctx;
    uint8_t *body = malloc(row->body.len + 1);

    if (rows->n == rows->cap) {
        size_t cap = rows->cap == 0 ? 16 : 2 * rows->cap;
        struct ol_row *grown = realloc(rows->row, cap * sizeof *grown);

        if (grown == NULL) {
            free(body);
            return false;
        }
        rows->row = grown;
        rows->cap = cap;
    }
    if (body == NULL)
        return false;
    memcpy(body, row->body.p, row->body.len);
    rows->row[rows->n] = *row;
    rows->row[rows->n].body = ol_span(body, row->body.len);
    rows->n++;
    return rows->n < rows->most;
}

static void rows_free(struct rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        free((void *)(uintptr_t)rows->row[i].body.p);
    free(rows->row);
    *rows = (struct rows){0};
}

/* ---- The dialogue of a message ---- */

/* The acts of both sides in ladder order. Returns rows to be freed. */
static struct rows acts_of(struct line *l, uint8_t author, uint32_t seq)
{
    struct rows all = {.most = SIZE_MAX};
    struct rows ordered = {0};
    size_t a = 0;
    size_t b;

    all.err = ol_store_acts(l->station->store, l->info.number, author, seq, keep_row, &all);
    ordered.row = calloc(all.n + 1, sizeof *ordered.row);
    if (ordered.row == NULL)
        return all;
    for (b = 0; b < all.n && all.row[b].h.author == 'A'; b++)
        continue;
    for (size_t a_end = b; a < a_end || b < all.n;) {
        bool take_a = a < a_end && (b == all.n || ol_ladder_a_first(&all.row[a], &all.row[b]));

        ordered.row[ordered.n++] = take_a ? all.row[a++] : all.row[b++];
    }
    free(all.row);
    return ordered;
}

static void fold(const struct rows *acts, uint32_t seq, struct ol_dialogue *d)
{
    struct ol_act act;

    ol_dialogue_init(d, seq);
    for (size_t i = 0; i < acts->n; i++) {
        if (ol_act_read(acts->row[i].h.kind, acts->row[i].body, &act) == OL_OK)
            (void)ol_dialogue_fold(d, &act, acts->row[i].h.seq);
    }
}

void view_dialogue(struct line *l, uint8_t author, uint32_t seq, struct ol_dialogue *out)
{
    struct rows acts = acts_of(l, author, seq);

    fold(&acts, seq, out);
    rows_free(&acts);
}

uint32_t view_delivered_at(struct line *l, uint8_t author, uint32_t seq)
{
    struct ol_row receipt;

    if (ol_store_receipt(l->station->store, l->info.number, author, seq, &receipt) != OL_OK)
        return 0;
    return receipt.h.time;
}

/* What acts do not say: how far our own message has come. */
static enum ol_message_state carried(struct line *l, uint8_t author, uint32_t seq)
{
    if (author != own_side(l) || view_delivered_at(l, author, seq) > 0 || seq <= l->core->named)
        return OL_DELIVERED;
    return ol_line_was_sent(l->core, seq) ? OL_SENT : OL_RELEASED;
}

enum ol_message_state view_state(struct line *l, uint8_t author, uint32_t seq)
{
    struct ol_dialogue d;

    view_dialogue(l, author, seq, &d);
    return d.state == OL_DELIVERED ? carried(l, author, seq) : d.state;
}

/* ---- One message ---- */

static const char *lang_of(const struct line *l, uint8_t author)
{
    return author == own_side(l) ? l->own_card.lang[0] : l->peer_card.lang[0];
}

/* Early: above the head, something before it is still missing. */
static bool is_early(struct line *l, const struct ol_row *row)
{
    return ol_stream_early(ol_record_stream(&l->core->record, row->h.author), row->h.seq) != NULL;
}

/* Whether a text is in NFC, as every text should be that is signed. What comes is kept as sent. */
static bool is_normal(struct ol_span text)
{
    utf8proc_uint8_t *nfc = NULL;
    utf8proc_ssize_t n = utf8proc_map(text.p, (utf8proc_ssize_t)text.len, &nfc, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    bool same = n >= 0 && ol_span_equal(text, ol_span(nfc, (size_t)n));

    free(nfc);
    return same;
}

static json_t *message_json(struct line *l, const struct ol_row *row, enum ol_message_state state)
{
    struct ol_message m;
    bool read = ol_message_read(row->body, &m) == OL_OK;

    return json_pack(
        "{s:i,s:o,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:b,s:b,s:b,s:b}", "schema", 1, "id", view_id(row->h.author, row->h.seq),
        "direction", row->h.author == own_side(l) ? "out" : "in", "kind", kind_name(row->h.kind), "precedence",
        view_precedence(row->h.flags), "state", ol_message_state_name(state), "time", view_time(row->h.time), "lang",
        m.lang.len > 0 ? string_or_null(m.lang) : json_string(lang_of(l, row->h.author)), "subject",
        string_or_null(m.subject), "text", read ? string_or_null(m.text) : json_null(), "exercise",
        (row->h.flags & OL_FLAG_EXERCISE) != 0, "early", is_early(l, row), "time_doubtful",
        (row->marks & OL_ROW_TIME) != 0, "normal", !read || (is_normal(m.text) && is_normal(m.subject)));
}

json_t *view_message(struct line *l, const struct ol_row *row)
{
    struct rows kept = {.most = 1};
    json_t *out;

    /* The row's body is borrowed from the store, which is asked again for the state. */
    keep_row(&kept, row);
    if (kept.n == 0)
        return json_null();
    out = message_json(l, &kept.row[0], view_state(l, row->h.author, row->h.seq));
    rows_free(&kept);
    return out;
}

static json_t *act_json(const struct ol_row *row, bool effect)
{
    struct ol_act act;

    if (ol_act_read(row->h.kind, row->body, &act))
        act.text = ol_span(NULL, 0);
    return json_pack("{s:o,s:s,s:s,s:o,s:o,s:b}", "entry", view_id(row->h.author, row->h.seq), "act",
                     kind_name(row->h.kind), "side", row->h.author == 'A' ? "A" : "B", "time",
                     view_time(row->h.time), "text", string_or_null(act.text), "effect", effect);
}

/* Whether the peer, whose receipt is there, could read our message; null without a receipt, and of what is the peer's. */
static json_t *understood_json(struct line *l, const struct ol_row *row)
{
    uint32_t unread[OL_DUE_ALONE];
    uint32_t seq = row->h.seq;
    struct ol_row receipt;
    size_t n = 0;

    if (row->h.author != own_side(l) ||
        ol_store_receipt(l->station->store, l->info.number, row->h.author, seq, &receipt) != OL_OK)
        return json_null();
    if (receipt.h.kind == OL_KIND_RECEIPT && ol_receipt_read(receipt.body, unread, OL_DUE_ALONE, &n))
        return json_null();
    for (size_t i = 0; i < n; i++) {
        if (unread[i] == seq)
            return json_false();
    }
    return json_true();
}

json_t *view_show(struct line *l, const struct ol_row *row)
{
    json_t *out = view_message(l, row);
    struct rows acts = acts_of(l, row->h.author, row->h.seq);
    uint32_t at = view_delivered_at(l, row->h.author, row->h.seq);
    json_t *understood = understood_json(l, row);
    json_t *list = json_array();
    struct ol_dialogue d;
    struct ol_act act;

    ol_dialogue_init(&d, row->h.seq);
    for (size_t i = 0; i < acts.n; i++) {
        bool effect = ol_act_read(acts.row[i].h.kind, acts.row[i].body, &act) == OL_OK &&
                      ol_dialogue_fold(&d, &act, acts.row[i].h.seq);

        json_array_append_new(list, act_json(&acts.row[i], effect));
    }
    json_object_set_new(out, "delivered_at", at > 0 ? view_time(at) : json_null());
    json_object_set_new(out, "understood", understood);
    json_object_set_new(out, "acts", list);
    rows_free(&acts);
    return out;
}

/* ---- Both streams in ladder order, a page at a time ---- */

/* "A12.B7": the next number of each stream. */
static bool read_cursor(const char *text, uint32_t next[2], struct ol_fault *f)
{
    unsigned a;
    unsigned b;
    int end = 0;

    next[0] = next[1] = 1;
    if (text == NULL)
        return true;
    if (sscanf(text, "A%u.B%u%n", &a, &b, &end) == 2 && text[end] == 0) {
        next[0] = a;
        next[1] = b;
        return true;
    }
    ol_fault_set(f, OL_EXIT_USAGE, "err.station.cursor", NULL);
    return false;
}

struct page {
    struct rows side[2];
    size_t at[2];
};

/* The next row in ladder order; NULL when the page cannot tell or is at its end. */
static const struct ol_row *page_next(struct page *p)
{
    const struct ol_row *a = p->at[0] < p->side[0].n ? &p->side[0].row[p->at[0]] : NULL;
    const struct ol_row *b = p->at[1] < p->side[1].n ? &p->side[1].row[p->at[1]] : NULL;
    unsigned side;

    if (a == NULL && b == NULL)
        return NULL;
    side = a == NULL || (b != NULL && !ol_ladder_a_first(a, b));
    return &p->side[side].row[p->at[side]++];
}

/* Loads `limit` rows of each side, of one kind or (kind 0) of all. */
static void page_load(struct line *l, struct page *p, uint8_t kind, const uint32_t next[2], size_t limit)
{
    for (unsigned i = 0; i < 2; i++) {
        struct rows *rows = &p->side[i];
        uint8_t author = (uint8_t)('A' + i);

        rows->most = limit;
        if (kind != 0)
            rows->err = ol_store_scan_kind(l->station->store, l->info.number, author, kind, next[i], keep_row, rows);
        else
            rows->err = ol_store_scan(l->station->store, l->info.number, author, next[i], keep_row, rows);
    }
}

static json_t *page_json(struct line *l, uint8_t kind, const char *after, size_t limit,
                         json_t *(*each)(struct line *l, const struct ol_row *row, bool open), bool open,
                         const char *name, json_t **last, struct ol_fault *f)
{
    struct page p = {0};
    uint32_t next[2];
    json_t *list;
    const struct ol_row *row;
    enum ol_err err;
    size_t n = 0;

    *last = NULL;
    if (!read_cursor(after, next, f))
        return NULL;
    list = json_array();
    page_load(l, &p, kind, next, limit);
    while (n < limit && (row = page_next(&p)) != NULL) {
        json_t *one = each(l, row, open);

        n++;
        next[row->h.author - 'A'] = row->h.seq + 1;
        if (one != NULL)
            json_array_append_new(list, one);
    }
    *last = n < limit ? json_null() : json_sprintf("A%u.B%u", next[0], next[1]);
    err = p.side[0].err ? p.side[0].err : p.side[1].err;
    rows_free(&p.side[0]);
    rows_free(&p.side[1]);
    if (err) {
        json_decref(list);
        json_decref(*last);
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.record", "detail", ol_err_text(err), NULL);
        return NULL;
    }
    return json_pack("{s:i,s:o}", "schema", 1, name, list);
}

static json_t *list_row(struct line *l, const struct ol_row *row, bool open)
{
    enum ol_message_state state = view_state(l, row->h.author, row->h.seq);

    if (open && (state == OL_CONFIRMED || state == OL_DECLINED))
        return NULL;
    return message_json(l, row, state);
}

static json_t *boxed_json(struct line *l, const struct boxed *b)
{
    struct ol_row row = {.body = ol_span(b->body.p, b->body.len)};
    json_t *out;

    row.h = (struct ol_header){.author = own_side(l), .kind = b->kind, .flags = b->flags};
    out = message_json(l, &row, OL_RELEASED);
    json_object_set_new(out, "id", json_null());
    json_object_set_new(out, "time", json_null());
    return out;
}

json_t *view_list(struct line *l, bool open, const char *after, size_t limit, struct ol_fault *f)
{
    json_t *next;
    json_t *page = page_json(l, OL_KIND_MESSAGE, after, limit, list_row, open, "messages", &next, f);

    if (page == NULL)
        return NULL;
    if (json_is_null(next)) {
        for (size_t i = 0; i < l->outbox_n; i++) {
            if (l->outbox[i].kind == OL_KIND_MESSAGE)
                json_array_append_new(json_object_get(page, "messages"), boxed_json(l, &l->outbox[i]));
        }
    }
    json_object_set_new(page, "next", next);
    return page;
}

static json_t *about_json(const struct ol_row *row)
{
    struct ol_unfreeze unfreeze;
    uint8_t author;
    uint32_t seq;

    ol_message_refer(row, &author, &seq);
    if (row->h.kind == OL_KIND_UNFREEZE && ol_unfreeze_read(row->body, &unfreeze) == OL_OK && unfreeze.resume > 0) {
        author = (uint8_t)('A' + 'B' - row->h.author);
        seq = unfreeze.resume;
    }
    return author != 0 ? view_id(author, seq) : json_null();
}

/* The words of an entry, whatever its kind. */
static json_t *words_json(const struct ol_row *row)
{
    struct ol_message m;
    struct ol_act act;
    struct ol_unfreeze unfreeze;
    struct ol_span reason;
    uint32_t from;
    uint32_t to;

    if (row->h.kind == OL_KIND_MESSAGE && ol_message_read(row->body, &m) == OL_OK)
        return string_or_null(m.text);
    if (ol_is_act(row->h.kind) && ol_act_read(row->h.kind, row->body, &act) == OL_OK)
        return string_or_null(act.text);
    if (row->h.kind == OL_KIND_RESUME && ol_resume_read(row->body, &from, &to, &reason) == OL_OK)
        return string_or_null(reason);
    if (row->h.kind == OL_KIND_UNFREEZE && ol_unfreeze_read(row->body, &unfreeze) == OL_OK)
        return string_or_null(unfreeze.reason);
    return json_null();
}

static json_t *log_row(struct line *l, const struct ol_row *row, bool open)
{
    uint8_t other = (uint8_t)('A' + 'B' - row->h.author);
    char hash[OL_HASH_HEX];

    (void)open;
    ol_hash_hex(&row->hash, hash);
    return json_pack(
        "{s:i,s:o,s:s,s:s,s:s,s:s,s:o,s:o,s:b,s:b,s:s,s:b,s:b,s:b,s:b,s:o,s:o}", "schema", 1, "id",
        view_id(row->h.author, row->h.seq), "line", l->info.name, "side",
        row->h.author == 'A' ? "A" : "B", "kind", kind_name(row->h.kind), "precedence",
        view_precedence(row->h.flags), "time", view_time(row->h.time), "names",
        row->h.xseq > 0 ? view_id(other, row->h.xseq) : json_null(), "alone", (row->h.flags & OL_FLAG_ALONE) != 0,
        "sealed", row->sealed, "hash", hash, "exercise", (row->h.flags & OL_FLAG_EXERCISE) != 0, "early",
        is_early(l, row), "time_doubtful", (row->marks & OL_ROW_TIME) != 0, "absent",
        ol_stream_is_absent(ol_record_stream(&l->core->record, row->h.author), row->h.seq), "about", about_json(row),
        "text", words_json(row));
}

json_t *view_log(struct line *l, const char *after, size_t limit, struct ol_fault *f)
{
    json_t *next;
    json_t *page = page_json(l, 0, after, limit, log_row, false, "entries", &next, f);

    if (page != NULL)
        json_object_set_new(page, "next", next);
    return page;
}

/* ---- The status ---- */

static const char *state_of(unsigned up, unsigned configured)
{
    return configured > 0 && up == configured ? "up" : up > 0 ? "degraded" : "down";
}

static json_t *paths_json(struct line *l, struct ol_now now)
{
    json_t *list = json_array();

    for (uint8_t i = 0; i < OL_PATHS; i++) {
        const struct ol_line_path *p = &l->core->path[i];

        if (!p->configured)
            continue;
        json_array_append_new(
            list, json_pack("{s:s,s:s,s:o,s:s}", "name", l->path_spec[i], "state",
                            ol_line_path_health(l->core, i, now) == OL_PATH_UP ? "up" : "down", "rtt_ms",
                            p->rtt_ms > 0 ? json_integer(p->rtt_ms) : json_null(), "spec", l->path_spec[i]));
    }
    return list;
}

static const char *signing_name(enum ol_signing signing)
{
    static const char *const names[] = {"asking", "recovering", "resuming", "ready", "stopped"};

    return names[signing];
}

/* Why nothing comes through, or nothing may be signed, in a sentence. */
static const char *reason_key(const struct line *l, const struct ol_line_status *st)
{
    const struct ol_counters *n = &l->core->count;

    if (l->info.revoked)
        return "status.revoked";
    if (st->signing == OL_SIGN_STOPPED)
        return "status.twice";
    if (ending_is_closed(l))
        return "status.closed";
    if (st->no_room)
        return "status.no_room";
    if (st->frozen)
        return "status.frozen";
    if (st->up == 0 && n->frames_in == 0 && n->wrong_key > 0)
        return "status.wrong_key";
    if (st->up == 0 && n->frames_in == 0 && n->wrong_card > 0)
        return "status.wrong_card";
    if (st->signing == OL_SIGN_ASKING)
        return "status.asking";
    if (st->signing == OL_SIGN_RECOVERING)
        return "status.recovering";
    if (l->closing)
        return "status.closed_here";
    if (l->close_seq[own_side(l) == 'A'] > 0)
        return "status.closed_there";
    return NULL;
}

static json_t *alarms_json(const struct ol_line_status *st)
{
    json_t *list = json_array();

    if (st->signing == OL_SIGN_STOPPED)
        json_array_append_new(list, json_string("another_copy_runs"));
    if (st->frozen)
        json_array_append_new(list, json_string("equivocation"));
    if (st->no_room)
        json_array_append_new(list, json_string("disk_full"));
    if (st->clock_doubtful)
        json_array_append_new(list, json_string("clocks_apart"));
    if (st->withheld)
        json_array_append_new(list, json_string("receipts_withheld"));
    if (st->flooded)
        json_array_append_new(list, json_string("flooded"));
    return list;
}

static json_t *who_json(const struct ol_card *card)
{
    struct ol_hash hash;
    char hex[OL_HASH_HEX];

    ol_card_hash(card, &hash);
    ol_hash_hex(&hash, hex);
    return json_pack("{s:s,s:s,s:s,s:s}", "party", card->party, "station", card->station, "lang", card->lang[0],
                     "fingerprint", hex);
}

static json_t *reason_json(struct line *l, const char *key)
{
    char out[2048];
    char hex[OL_HASH_HEX];
    struct ol_wr w = ol_wr_to(out, sizeof out);
    struct ol_hash hash;
    const struct ol_param param[] = {{"line", l->info.name}, {"party", l->peer_card.party},
                                     {"station", l->peer_card.station}, {"fingerprint", hex}};

    ol_card_hash(&l->peer_card, &hash);
    ol_hash_hex(&hash, hex);
    ol_text_write(ol_text(key), param, sizeof param / sizeof param[0], &w);
    return json_stringn(out, w.len);
}

static json_t *line_json(struct line *l, struct ol_now now)
{
    struct ol_line_status st;
    char id[OL_HASH_HEX];
    const char *key;

    ol_line_status(l->core, now, &st);
    ol_hash_hex(&l->info.id, id);
    key = reason_key(l, &st);
    return json_pack(
        "{s:s,s:s,s:o,s:s,s:b,s:b,s:b,s:o,s:o,s:I,s:I,s:o,s:s,s:o,s:o,s:I,s:o,s:o}", "name", l->info.name, "id", id,
        "side", json_sprintf("%c", own_side(l)), "state", state_of(st.up, st.configured), "compared", l->info.compared, "closed",
        ending_is_closed(l), "revoked", l->info.revoked, "clock_offset_s",
        l->core->clock_known ? json_integer((json_int_t)l->core->clock_offset_s) : json_null(), "last_heard_ms",
        st.heard ? json_integer((json_int_t)st.heard_ms) : json_null(), "own_head", (json_int_t)st.own_head, "peer_head", (json_int_t)st.peer_head, "peer", who_json(&l->peer_card), "signing",
        signing_name(st.signing), "reason", key != NULL ? reason_json(l, key) : json_null(), "alarms",
        alarms_json(&st), "outbox", (json_int_t)l->outbox_n, "paths", paths_json(l, now), "counters",
        json_pack("{s:I,s:I,s:I,s:I,s:I}", "dropped", (json_int_t)l->core->count.malformed, "replayed",
                  (json_int_t)l->core->count.replayed, "strangers", (json_int_t)l->core->count.strangers, "bytes_in",
                  (json_int_t)l->core->count.bytes_in, "bytes_out", (json_int_t)l->core->count.bytes_out));
}

json_t *view_status(struct station *s)
{
    json_t *lines = json_array();
    pid_t relay = ol_home_holder(&s->home, OL_HOME_RELAY_LOCK, OL_HOME_RELAY_PID);

    for (size_t i = 0; i < s->lines_n; i++)
        json_array_append_new(lines, line_json(s->line[i], station_now(s)));
    return json_pack("{s:i,s:o,s:{s:i,s:o},s:o}", "schema", 1, "station", who_json(&s->card), "pids", "openlined",
                     (int)getpid(), "openline-relay", relay > 0 ? json_integer(relay) : json_null(), "lines", lines);
}
