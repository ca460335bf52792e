/* SPDX-License-Identifier: Apache-2.0 */
/* disclose, evidence: one entry, or a contradiction, proved to people who have no station. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/case.h"
#include "proof/disclose.h"
#include "proof/evidence.h"

#define RUN_MAX 65535u

/* Rows of one author, each standing on the one before, up to the first that has a seal; only the first
 * has its body. */
struct rows {
    struct ol_row *row;
    size_t n;
    uint8_t *body;
    bool failed; /* no memory, or too many */
};

static void rows_free(struct rows *rows)
{
    free(rows->row);
    free(rows->body);
    *rows = (struct rows){0};
}

static bool is_whole(const struct rows *rows)
{
    return rows->n > 0 && rows->row[rows->n - 1].sealed;
}

static bool keep_body(struct rows *rows, struct ol_span body)
{
    rows->body = malloc(body.len + 1);
    if (rows->body == NULL)
        return false;
    if (body.len > 0)
        memcpy(rows->body, body.p, body.len);
    rows->row[0].body.p = rows->body;
    return true;
}

static bool add(struct rows *rows, const struct ol_row *row)
{
    struct ol_row *grown = rows->n < RUN_MAX ? realloc(rows->row, (rows->n + 1) * sizeof *grown) : NULL;

    if (grown == NULL)
        return false;
    rows->row = grown;
    grown[rows->n] = *row;
    grown[rows->n].body = ol_span(NULL, 0);
    rows->n++;
    if (rows->n > 1)
        return true;
    grown[0].body = row->body;
    return keep_body(rows, row->body);
}

/* What lies between without standing on it was lost, or came early. */
static bool follow(void *ctx, const struct ol_row *row)
{
    struct rows *rows = ctx;

    if (rows->n > 0 && !ol_hash_equal(&row->h.prev, &rows->row[rows->n - 1].hash))
        return true;
    rows->failed = !add(rows, row);
    return !rows->failed && !row->sealed;
}

/* Goes on from a row that is there already, or begins with this number. */
static enum ol_err gather(const struct ol_case *x, uint8_t author, uint32_t from, struct rows *rows)
{
    enum ol_err err = OL_OK;

    if (!is_whole(rows))
        err = ol_store_scan(x->snapshot.store, x->line.number, author, from, follow, rows);
    return !err && rows->failed ? OL_NO_ROOM : err;
}

static enum ol_err store_fault(const struct ol_case *x, enum ol_err err, struct ol_fault *f)
{
    ol_fault_set(f, OL_EXIT_FAILED, "err.export.rows", "line", x->line.name, "detail", ol_err_text(err),
                 NULL);
    return err;
}

static enum ol_err save(const char *file, const struct ol_wr *w, struct ol_fault *f)
{
    return ol_file_write(
        AT_FDCWD, &(struct ol_file_new){.name = file, .content = ol_wr_span(w), .mode = 0600}, f);
}

/* ---- Disclosure ---- */

static enum ol_err refuse_entry(struct ol_fault *f, enum ol_err err, const char *key, const char *id,
                                const struct ol_case *x)
{
    ol_fault_set(f, OL_EXIT_FAILED, key, "id", id, "line", x->line.name, NULL);
    return err;
}

static enum ol_err write_disclosure(const struct ol_case *x, const struct rows *rows, const char *file,
                                    struct ol_fault *f)
{
    size_t size = OL_DISCLOSURE_SIZE(rows->n);
    uint8_t *out = malloc(size);
    struct ol_wr w = ol_wr_to(out, out != NULL ? size : 0);
    enum ol_err err = OL_NO_ROOM;

    if (out != NULL)
        err = ol_disclosure_write(&x->parties, &x->salt, rows->row, rows->n, &w);
    err = err ? store_fault(x, err, f) : save(file, &w, f);
    if (out != NULL)
        ol_wipe(out, size);
    free(out);
    return err;
}

static enum ol_err disclose(const struct ol_case *x, const char *id, const char *file,
                            struct ol_fault *f)
{
    struct rows rows = {0};
    uint8_t author;
    uint32_t seq;
    enum ol_err err;

    if (!ol_entry_id_read(id, &author, &seq)) {
        ol_fault_set(f, OL_EXIT_USAGE, "err.station.id", "id", id, NULL);
        return OL_MALFORMED;
    }
    err = gather(x, author, seq, &rows);
    if (err)
        store_fault(x, err, f);
    else if (rows.n == 0 || rows.row[0].h.seq != seq)
        err = refuse_entry(f, OL_ABSENT, "err.disclose.absent", id, x);
    else if (!is_whole(&rows))
        err = refuse_entry(f, OL_ABSENT, "err.disclose.unsealed", id, x);
    else
        err = ol_case_may(x, &rows.row[0], OL_FORBIDS_FORWARD, f);
    if (!err)
        err = write_disclosure(x, &rows, file, f);
    rows_free(&rows);
    return err;
}

static void say_file(const struct ol_cli *c, const char *key, const char *id, const struct ol_case *x,
                     const char *file)
{
    ol_print(stderr, key, "id", id, "line", x->line.name, "file", file, NULL);
    if (c->json)
        ol_print_json(json_pack("{s:i,s:s,s:s,s:s}", "schema", 1, "id", id, "line", x->line.name, "file",
                                file));
}

enum ol_exit ol_cmd_disclose(const struct ol_cli *c)
{
    const char *file = ol_args_value(&c->args, "output");
    const char *id = c->args.operand[1];
    struct ol_case x;
    struct ol_fault f;
    enum ol_err err;

    if (file == NULL)
        return ol_cmd_needs("disclose", "-o");
    err = ol_case_open(c, c->args.operand[0], &x, &f);
    if (!err)
        err = disclose(&x, id, file, &f);
    if (!err)
        say_file(c, "say.disclose", id, &x, file);
    ol_case_close(&x);
    return err ? ol_cmd_fail(&f) : OL_EXIT_DONE;
}

/* ---- Evidence ---- */

struct kept {
    struct ol_row *row;
    size_t n;
    bool failed;
};

static bool keep(void *ctx, const struct ol_row *row)
{
    struct kept *k = ctx;
    struct ol_row *grown = realloc(k->row, (k->n + 1) * sizeof *grown);

    k->failed = grown == NULL;
    if (k->failed)
        return false;
    k->row = grown;
    grown[k->n] = *row;
    grown[k->n++].body = ol_span(NULL, 0);
    return true;
}

/* Two runs, one of which begins with a row that was kept as evidence. */
struct contradiction {
    struct rows kept;
    struct rows record;
    bool kept_is_first;
};

static enum ol_err write_evidence(const struct ol_case *x, const struct contradiction *it,
                                  struct ol_wr *w)
{
    const struct rows *one = it->kept_is_first ? &it->kept : &it->record;
    const struct rows *other = it->kept_is_first ? &it->record : &it->kept;

    return ol_evidence_write(&x->parties, one->row, one->n, other->row, other->n, w);
}

/* The row with this number and what it needs for a seal. ABSENT: it is not there. UNEXPECTED: the two
 * prove nothing. */
static enum ol_err try_number(const struct ol_case *x, struct contradiction *it, uint32_t seq,
                              struct ol_wr *w)
{
    uint8_t author = it->kept.row[0].h.author;
    enum ol_err err = gather(x, author, seq, &it->record);

    if (!err && (!is_whole(&it->record) || it->record.row[0].h.seq != seq))
        err = OL_ABSENT;
    if (!err) {
        size_t size = OL_EVIDENCE_SIZE(it->kept.n + it->record.n);

        *w = ol_wr_to(malloc(size), size);
        err = w->p != NULL ? write_evidence(x, it, w) : OL_NO_ROOM;
        if (err) {
            free(w->p);
            *w = (struct ol_wr){0};
        }
    }
    rows_free(&it->record);
    return err;
}

/* The same number, the number after, the number before. */
static enum ol_err try_row(const struct ol_case *x, const struct ol_row *row, struct ol_wr *w)
{
    struct contradiction it = {.kept_is_first = true};
    uint32_t seq = row->h.seq;
    enum ol_err err = add(&it.kept, row) ? OL_OK : OL_NO_ROOM;

    if (!err)
        err = gather(x, row->h.author, seq + 1, &it.kept);
    if (!err)
        err = is_whole(&it.kept) ? try_number(x, &it, seq, w) : OL_ABSENT;
    if ((err == OL_ABSENT || err == OL_UNEXPECTED) && is_whole(&it.kept))
        err = try_number(x, &it, seq + 1, w);
    if ((err == OL_ABSENT || err == OL_UNEXPECTED) && is_whole(&it.kept) && seq > 1) {
        it.kept_is_first = false;
        err = try_number(x, &it, seq - 1, w);
    }
    rows_free(&it.kept);
    return err;
}

static enum ol_err prove(const struct ol_case *x, const char *file, struct ol_row *which,
                         struct ol_fault *f)
{
    struct kept kept = {0};
    struct ol_wr w = {0};
    enum ol_err err = ol_store_evidence(x->snapshot.store, x->line.number, keep, &kept);

    if (!err && kept.failed)
        err = OL_NO_ROOM;
    for (size_t i = 0; !err && w.p == NULL && i < kept.n; i++) {
        err = try_row(x, &kept.row[i], &w);
        *which = kept.row[i];
        if (err == OL_ABSENT || err == OL_UNEXPECTED)
            err = OL_OK; /* the next may prove something */
    }
    if (err) {
        store_fault(x, err, f);
    } else if (w.p == NULL) {
        ol_fault_set(f, OL_EXIT_FAILED, "err.evidence.none", "line", x->line.name, NULL);
        err = OL_ABSENT;
    } else {
        err = save(file, &w, f);
    }
    free(w.p);
    free(kept.row);
    return err;
}

enum ol_exit ol_cmd_evidence(const struct ol_cli *c)
{
    const char *file = ol_args_value(&c->args, "output");
    struct ol_row which = {0};
    struct ol_case x;
    char id[16];
    struct ol_fault f;
    enum ol_err err;

    if (file == NULL)
        return ol_cmd_needs("evidence", "-o");
    err = ol_case_open(c, c->args.operand[0], &x, &f);
    if (!err)
        err = prove(&x, file, &which, &f);
    if (!err) {
        snprintf(id, sizeof id, "%c%u", which.h.author, (unsigned)which.h.seq);
        say_file(c, "say.evidence", id, &x, file);
    }
    ol_case_close(&x);
    return err ? ol_cmd_fail(&f) : OL_EXIT_DONE;
}
