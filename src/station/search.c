/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of the words on record, and who searches. The index follows the record in small steps, on the station's own
 * thread: when nothing has come for a moment, seldom while much comes, and at once when somebody waits for it.
 * It reads no further than what has been told, or it would count twice what is told after its mark has passed.
 * It is made of the record alone, so whatever is wrong with it, it is begun anew; while that is impossible (a full
 * disk) searches are refused and nothing else is.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/hash.h"
#include "desk/words.h"
#include "station/station.h"

#define STEP_ROWS 512u           /* rows looked at in one step, a few milliseconds */
#define STEP_WORDS 128u          /* of these, with words in them */
#define STEP_BYTES (160u * 1024) /* of terms: more than any text that people write; the rest of one is left out */
#define EARLY 64u                /* rows above the head in one step */
#define LATE 64u                 /* rows that came below the mark; if there are more the index is begun anew */
#define QUIET_MS 300u            /* nothing has come for so long: the next steps disturb nobody */
#define NEXT_MS 5u               /* between steps while it is quiet */
#define BUSY_MS 1000u            /* and while it is not */
#define AGAIN_MS 10000u          /* after a failure */
#define PAGE_MAX 500u
#define PAGE_USUAL 50u

/* A search that waits for the index. */
struct asked {
    struct asked *next;
    struct client *client;
    json_t *id;
    struct line *line;
    struct ol_query query;
    char *after;
    size_t limit;
    char lang[OL_LANG_MAX + 1]; /* in which forms are read */
    uint32_t head[2]; /* of the line when it was asked */
};

struct late {
    struct line *line;
    uint8_t author;
    uint32_t seq;
};

struct search {
    struct station *station;
    struct ol_search *index; /* NULL: it cannot be had now */
    uint32_t with;           /* the language and the forms that it was opened with */
    uv_timer_t timer;
    ol_ms noted_ms;  /* when something came on record last */
    ol_ms spoilt_ms; /* when the index was found damaged last */
    struct asked *asked;
    struct late late[LATE];
    size_t late_n;
    bool anew;      /* the index is not what it should be */
    struct ol_search_words words[STEP_WORDS];
    uint32_t early[EARLY];
    uint8_t terms[STEP_BYTES];
};

/* ---- The index and its file ---- */

static void forget_marks(struct station *s)
{
    for (size_t i = 0; i < s->lines_n; i++) {
        memset(&s->line[i]->index, 0, sizeof s->line[i]->index);
        s->line[i]->index.behind = true;
    }
}

/* What forms are called, and in which language, is not on record. */
static uint32_t made_with(const struct station *s)
{
    struct ol_sha256_sum sum;
    struct ol_hash hash;

    ol_sha256_begin(&sum);
    ol_sha256_add(&sum, ol_span(s->conf.lang, strlen(s->conf.lang)));
    for (size_t i = 0; i < s->forms.n; i++)
        ol_sha256_add(&sum, ol_span(s->forms.known[i].form.hash.b, sizeof s->forms.known[i].form.hash.b));
    ol_sha256_end(&sum, &hash);
    return (uint32_t)hash.b[0] << 24 | (uint32_t)hash.b[1] << 16 | (uint32_t)hash.b[2] << 8 | hash.b[3];
}

static enum ol_err open_index(struct search *x)
{
    if (x->index != NULL && !x->anew)
        return OL_OK;
    ol_search_close(&x->index);
    if (x->anew)
        ol_search_remove(OL_HOME_SEARCH);
    forget_marks(x->station);
    x->late_n = 0;
    x->anew = false;
    x->with = made_with(x->station);
    return ol_search_open(OL_HOME_SEARCH, x->with, &x->index);
}

/* Whether the record has what the index says it had. Another record has other hashes; one that was given back what it
 * had lost has more rows. */
static enum ol_err holds(struct line *l, uint8_t author, const struct ol_search_mark *mark, bool *out)
{
    struct ol_store *store = l->station->store;
    uint32_t count = 0;
    struct ol_row row;
    enum ol_err err;

    *out = mark->seq == 0;
    if (*out)
        return OL_OK;
    err = ol_store_row(store, l->info.number, author, mark->seq, &row);
    if (!err)
        err = ol_store_count(store, l->info.number, author, mark->seq, &count);
    *out = !err && ol_hash_equal(&row.hash, &mark->hash) && count == mark->count;
    return err == OL_ABSENT ? OL_OK : err;
}

static enum ol_err read_marks(struct search *x, struct line *l)
{
    enum ol_err err = OL_OK;

    for (unsigned i = 0; i < 2 && !err && !x->anew; i++) {
        uint8_t author = (uint8_t)('A' + i);
        bool good = false;

        err = ol_search_mark(x->index, l->info.number, &l->info.id, author, &l->index.mark[i]);
        if (!err)
            err = holds(l, author, &l->index.mark[i], &good);
        x->anew = !err && !good;
    }
    l->index.known = !err && !x->anew;
    return err;
}

/* ---- One step ---- */

struct gathering {
    struct search *search;
    struct line *line;
    struct ol_search_batch batch;
    struct ol_wr terms;
    uint32_t head;
    size_t rows;
    bool more;
    enum ol_err err;
};

static void add_terms(void *ctx, struct ol_span words)
{
    ol_terms_write(words, ctx);
}

/* 202611211432 */
static uint64_t when_of(uint32_t utc)
{
    time_t t = utc;
    struct tm tm;

    gmtime_r(&t, &tm);
    return ((uint64_t)((tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday) * 100 + (uint64_t)tm.tm_hour) *
               100 + (uint64_t)tm.tm_min;
}

/* False: there is no room for them in this step. Those of an entry that has a step for itself are cut. */
static bool gather_words(struct gathering *g, const struct ol_row *row)
{
    struct ol_search_words *w = &g->search->words[g->batch.n];
    size_t at = g->terms.len;
    const char *code;

    *w = (struct ol_search_words){.about_author = row->h.author, .about = row->h.seq, .when = when_of(row->h.time),
                                  .is_message = ol_kind_is_message(row->h.kind)};
    if (!w->is_message)
        ol_message_refer(row, &w->about_author, &w->about);
    if (w->about == 0)
        return true;
    ol_entry_words(row, add_terms, &g->terms);
    code = form_each_words(g->line, row, add_terms, &g->terms);
    w->terms = ol_span(g->terms.p + at, g->terms.len - at);
    if (code != NULL)
        add_terms(&g->terms, ol_span(code, strlen(code)));
    w->form = ol_span(w->terms.p + w->terms.len, g->terms.len - at - w->terms.len);
    if (g->terms.full && g->batch.n > 0) {
        g->terms.len = at;
        return false;
    }
    if (w->terms.len > 0)
        g->batch.n++;
    return true;
}

static bool gather_early(struct gathering *g, const struct ol_row *row)
{
    bool has = false;

    g->err = ol_search_has_early(g->search->index, g->batch.line, g->batch.author, row->h.seq, &has);
    if (g->err || has)
        return !g->err;
    g->more = g->batch.early_n == EARLY || g->batch.n == STEP_WORDS || !gather_words(g, row);
    if (!g->more)
        g->search->early[g->batch.early_n++] = row->h.seq;
    return !g->more;
}

static bool gather(void *ctx, const struct ol_row *row)
{
    struct gathering *g = ctx;
    bool has = false;

    if (row->h.seq > g->head)
        return gather_early(g, row);
    g->err = ol_search_has_early(g->search->index, g->batch.line, g->batch.author, row->h.seq, &has);
    if (g->err)
        return false;
    g->more = g->rows == STEP_ROWS || g->batch.n == STEP_WORDS || (!has && !gather_words(g, row));
    if (g->more)
        return false;
    g->rows++;
    g->batch.mark.seq = row->h.seq;
    g->batch.mark.hash = row->hash;
    g->batch.mark.count++;
    return true;
}

static struct gathering gathering_of(struct search *x, struct line *l, uint8_t author)
{
    return (struct gathering){
        .search = x,
        .line = l,
        .batch = {.line = l->info.number, .line_id = l->info.id, .author = author, .words = x->words, .early = x->early,
                  .mark = l->index.mark[author - 'A']},
        .terms = ol_wr_to(x->terms, sizeof x->terms),
        .head = l->head[author - 'A'],
    };
}

static int by_message(const void *a, const void *b)
{
    const struct ol_search_words *x = a;
    const struct ol_search_words *y = b;

    if (x->about_author != y->about_author)
        return x->about_author < y->about_author ? -1 : 1;
    return x->about < y->about ? -1 : x->about > y->about;
}

static enum ol_err put_in(struct gathering *g)
{
    enum ol_err err;

    qsort(g->search->words, g->batch.n, sizeof g->search->words[0], by_message);
    err = ol_search_add(g->search->index, &g->batch);
    if (!err)
        g->line->index.mark[g->batch.author - 'A'] = g->batch.mark;
    return err;
}

static enum ol_err step_stream(struct search *x, struct line *l, uint8_t author)
{
    struct gathering g = gathering_of(x, l, author);
    uint32_t from = g.batch.mark.seq;
    enum ol_err err = ol_store_scan(x->station->store, l->info.number, author, from + 1, gather, &g);

    if (err)
        return OL_IO; /* the record's own trouble, which the line meets too */
    if (!g.err && (g.batch.mark.seq > from || g.batch.early_n > 0))
        g.err = put_in(&g);
    l->index.behind |= g.more;
    return g.err;
}

/* Those that came below the mark, one at a time, for they are few. */
static enum ol_err step_late(struct search *x)
{
    const struct late *late = &x->late[x->late_n - 1];
    struct gathering g = gathering_of(x, late->line, late->author);
    struct ol_row row;
    enum ol_err err = ol_store_row(x->station->store, late->line->info.number, late->author, late->seq, &row);

    if (err)
        return OL_IO;
    (void)gather_words(&g, &row);
    g.batch.mark.count++;
    err = put_in(&g);
    if (!err)
        x->late_n--;
    return err;
}

static enum ol_err step_line(struct search *x, struct line *l)
{
    enum ol_err err = l->index.known ? OL_OK : read_marks(x, l);

    if (err || x->anew)
        return err;
    l->index.behind = false;
    err = step_stream(x, l, 'A');
    if (!err)
        err = step_stream(x, l, 'B');
    l->index.behind |= err != OL_OK;
    return err;
}

static struct line *line_behind(const struct search *x)
{
    for (const struct asked *a = x->asked; a != NULL; a = a->next)
        if (a->line->index.behind)
            return a->line;
    for (size_t i = 0; i < x->station->lines_n; i++)
        if (x->station->line[i]->index.behind)
            return x->station->line[i];
    return NULL;
}

/* Nothing is written beside a record for which there is no room. */
static bool is_disk_full(const struct station *s)
{
    for (size_t i = 0; i < s->lines_n; i++)
        if (s->line[i]->core->no_room)
            return true;
    return false;
}

/* A disk that spoils every index is not written to again and again. */
static enum ol_err damaged(struct search *x)
{
    ol_ms now = station_now(x->station).ms;
    bool again = x->spoilt_ms > 0 && now < x->spoilt_ms + AGAIN_MS;

    station_log("%s is damaged: it is made anew", OL_HOME_SEARCH);
    x->spoilt_ms = now;
    x->anew = true;
    return again ? OL_IO : OL_OK;
}

/* A step of what is behind. NO_ROOM, IO: not now. */
static enum ol_err step(struct search *x)
{
    struct line *l = line_behind(x);
    enum ol_err err;

    if (l == NULL && x->late_n == 0 && !x->anew)
        return OL_OK;
    if (is_disk_full(x->station))
        return OL_NO_ROOM;
    err = open_index(x);
    if (!err && x->late_n > 0)
        err = step_late(x);
    else if (!err && l != NULL)
        err = step_line(x, l);
    return err == OL_MALFORMED ? damaged(x) : err;
}

/* ---- Who searches ---- */

static void take_out(struct search *x, const struct asked *a)
{
    struct asked **at = &x->asked;

    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
}

static void release(struct asked *a)
{
    json_decref(a->id);
    free(a->after);
    free(a);
}

static void refuse(struct search *x, struct asked *a, enum ol_err err)
{
    struct ol_fault f;

    ol_fault_set(&f, OL_EXIT_FAILED, err == OL_NO_ROOM ? "err.search.no_room" : "err.search.failed", NULL);
    take_out(x, a);
    client_fault(a->client, a->id, &f);
    release(a);
}

static bool is_ready(const struct search *x, const struct asked *a)
{
    const struct line *l = a->line;

    if (x->index == NULL || x->anew || x->late_n > 0 || !l->index.known)
        return false;
    return !l->index.behind || (l->index.mark[0].seq >= a->head[0] && l->index.mark[1].seq >= a->head[1]);
}

/* It is off the list before its client, which may end by this, hears of it. */
static enum ol_err answer(struct search *x, struct asked *a)
{
    struct ol_fault f;
    json_t *found;
    const struct view_which which = {.after = a->after, .limit = a->limit, .lang = a->lang};
    enum ol_err err = view_found(a->line, x->index, &a->query, &which, &found, &f);

    if (err)
        return err == OL_MALFORMED ? damaged(x) : err;
    take_out(x, a);
    if (found == NULL)
        client_fault(a->client, a->id, &f);
    else
        client_result(a->client, a->id, found);
    release(a);
    return OL_OK;
}

static struct asked *first_ready(const struct search *x)
{
    struct asked *a = x->asked;

    while (a != NULL && !is_ready(x, a))
        a = a->next;
    return a;
}

static void on_timer(uv_timer_t *timer);

static void rearm(struct search *x, enum ol_err err)
{
    bool quiet = station_now(x->station).ms >= x->noted_ms + QUIET_MS;
    bool work = x->anew || x->late_n > 0 || line_behind(x) != NULL;

    if (work)
        uv_timer_start(&x->timer, on_timer, err ? AGAIN_MS : x->asked != NULL ? 0 : quiet ? NEXT_MS : BUSY_MS, 0);
}

static void go_on(struct search *x)
{
    enum ol_err err = step(x);
    enum ol_err failed = OL_OK;
    struct asked *a;

    while (!failed && (a = first_ready(x)) != NULL)
        failed = answer(x, a);
    err = err ? err : failed;
    while (err && x->asked != NULL)
        refuse(x, x->asked, err);
    rearm(x, err);
}

static void on_timer(uv_timer_t *timer)
{
    go_on(timer->data);
}

void search_anew(struct station *s)
{
    if (s->search == NULL || made_with(s) == s->search->with)
        return;
    s->search->anew = true;
    uv_timer_start(&s->search->timer, on_timer, BUSY_MS, 0);
}

void search_note(struct line *l, const struct ol_header *h)
{
    struct search *x = l->station->search;

    l->index.behind = true;
    if (x == NULL)
        return;
    x->noted_ms = station_now(l->station).ms;
    if (l->index.known && h->seq <= l->index.mark[h->author - 'A'].seq) {
        x->anew |= x->late_n == LATE;
        if (x->late_n < LATE)
            x->late[x->late_n++] = (struct late){.line = l, .author = h->author, .seq = h->seq};
    }
    if (!uv_is_active((uv_handle_t *)&x->timer))
        uv_timer_start(&x->timer, on_timer, BUSY_MS, 0);
}

static bool read_query(const json_t *params, struct ol_query *out, struct ol_fault *f)
{
    const json_t *text = json_object_get(params, "query");
    enum ol_err err = ol_query_read(ol_span(json_string_value(text), json_string_length(text)), out);
    char limit[16];

    snprintf(limit, sizeof limit, "%u", OL_QUERY_MAX);
    if (err == OL_LIMIT)
        ol_fault_set(f, OL_EXIT_USAGE, "err.search.long", "limit", limit, NULL);
    else if (err)
        ol_fault_set(f, OL_EXIT_USAGE, "err.search.empty", NULL);
    return !err;
}

static struct asked *asked_new(const json_t *params, const char *lang, struct ol_fault *f)
{
    struct asked *a = calloc(1, sizeof *a);
    const char *after = json_string_value(json_object_get(params, "after"));
    json_int_t limit = json_integer_value(json_object_get(params, "limit"));

    if (a != NULL && after != NULL)
        a->after = strdup(after);
    if (a == NULL || (after != NULL && a->after == NULL)) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.station.memory", NULL);
        free(a);
        return NULL;
    }
    snprintf(a->lang, sizeof a->lang, "%s", lang);
    a->limit = limit > 0 && limit <= (json_int_t)PAGE_MAX ? (size_t)limit : PAGE_USUAL;
    if (read_query(params, &a->query, f))
        return a;
    free(a->after);
    free(a);
    return NULL;
}

void search_ask(struct station *s, struct client *c, const json_t *id, struct line *l, const json_t *params,
                const char *lang)
{
    struct ol_fault f;
    struct asked *a = asked_new(params, lang, &f);
    struct asked **at;

    if (a == NULL) {
        client_fault(c, id, &f);
        return;
    }
    a->client = c;
    a->id = json_deep_copy(id);
    a->line = l;
    memcpy(a->head, l->head, sizeof a->head);
    for (at = &s->search->asked; *at != NULL; at = &(*at)->next)
        continue;
    *at = a;
    go_on(s->search);
}

void search_drop_client(struct station *s, const struct client *c)
{
    struct asked *next;

    for (struct asked *a = s->search != NULL ? s->search->asked : NULL; a != NULL; a = next) {
        next = a->next;
        if (a->client == c) {
            take_out(s->search, a);
            release(a);
        }
    }
}

/* ---- Start, stop ---- */

enum ol_err search_start(struct station *s)
{
    struct search *x = calloc(1, sizeof *x);

    if (x == NULL)
        return OL_LIMIT;
    x->station = s;
    uv_timer_init(&s->loop, &x->timer);
    x->timer.data = x;
    uv_timer_start(&x->timer, on_timer, BUSY_MS, 0);
    s->search = x;
    return OL_OK;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void search_stop(struct station *s)
{
    struct search *x = s->search;

    if (x == NULL)
        return;
    for (struct asked *a; (a = x->asked) != NULL;) {
        x->asked = a->next;
        release(a);
    }
    ol_search_close(&x->index);
    s->search = NULL;
    uv_close((uv_handle_t *)&x->timer, on_closed);
}
