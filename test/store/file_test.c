/* SPDX-License-Identifier: Apache-2.0 */
/* The store as a file: its lines, what is opened and what is refused, copies, readers beside, damage. */
#include "bed.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sum.h"

/* ---- Lines ---- */

struct lines {
    size_t n;
    struct ol_line_info at[8];
};

static bool see_line(void *ctx, const struct ol_line_info *info)
{
    struct lines *lines = ctx;

    assert_true(lines->n < COUNT(lines->at));
    lines->at[lines->n++] = *info;
    return true;
}

static struct lines lines_of(struct ol_store *s)
{
    struct lines lines = {0};

    CHECK_ERR(OL_OK, ol_store_lines(s, see_line, &lines));
    return lines;
}

static void same_line(const struct ol_line_info *want, const struct ol_line_info *got)
{
    assert_string_equal(want->name, got->name);
    assert_memory_equal(&want->id, &got->id, sizeof want->id);
    assert_memory_equal(&want->id0, &got->id0, sizeof want->id0);
    assert_memory_equal(&want->old_line, &got->old_line, sizeof want->old_line);
    assert_true(ol_span_equal(ol_span(want->own_card, want->own_card_len),
                              ol_span(got->own_card, got->own_card_len)));
    assert_true(ol_span_equal(ol_span(want->peer_card, want->peer_card_len),
                              ol_span(got->peer_card, got->peer_card_len)));
    assert_int_equal(want->compared, got->compared);
    assert_int_equal(want->restored, got->restored);
    assert_int_equal(want->off_record, got->off_record);
    assert_int_equal(want->number, got->number);
}

static void test_lines_come_back_in_order_of_name(void **state)
{
    struct bed *b = *state;
    struct ol_line_info zeta = bed_line(b, "zeta");
    struct ol_line_info beta = bed_line(b, "beta");
    struct lines lines;

    zeta.compared = true;
    beta.restored = true;
    beta.old_line = zeta.id;
    CHECK_ERR(OL_OK, ol_store_line_add(b->s, &zeta));
    CHECK_ERR(OL_OK, ol_store_line_add(b->s, &beta));
    bed_reopen(b);
    lines = lines_of(b->s);
    assert_int_equal(3, lines.n);
    assert_string_equal("alpha", lines.at[0].name);
    same_line(&beta, &lines.at[1]);
    same_line(&zeta, &lines.at[2]);
}

static void test_a_line_is_not_added_twice(void **state)
{
    struct bed *b = *state;
    struct ol_line_info beta = bed_line(b, "beta");
    struct ol_line_info same_name = bed_line(b, "beta");
    struct ol_line_info same_id = bed_line(b, "gamma");

    same_id.id = beta.id;
    CHECK_ERR(OL_OK, ol_store_line_add(b->s, &beta));
    CHECK_ERR(OL_EXISTS, ol_store_line_add(b->s, &same_name));
    CHECK_ERR(OL_EXISTS, ol_store_line_add(b->s, &same_id));
    assert_int_equal(0, same_name.number);
    assert_int_equal(2, lines_of(b->s).n);
}

static void test_a_name_that_does_not_fit_is_refused(void **state)
{
    struct bed *b = *state;
    struct ol_line_info info = bed_line(b, "");

    CHECK_ERR(OL_LIMIT, ol_store_line_add(b->s, &info));
    memset(info.name, 'x', sizeof info.name);
    CHECK_ERR(OL_LIMIT, ol_store_line_add(b->s, &info));
    info.name[sizeof info.name - 1] = '\0';
    CHECK_ERR(OL_OK, ol_store_line_add(b->s, &info));
    rnd_fill(&b->seed, &info.id, sizeof info.id);
    CHECK_ERR(OL_LIMIT, ol_store_line_succeed(b->s, &info));
    assert_int_equal(2, lines_of(b->s).n);
}

static void test_a_successor_takes_the_name(void **state)
{
    struct bed *b = *state;
    struct ol_line_info next = bed_line(b, "alpha");
    struct ol_line_info third = bed_line(b, "alpha");
    struct ol_line_info nobody = bed_line(b, "beta");
    struct lines lines;

    bed_add_line(b, "alpha.x");
    bed_add_line(b, "alphabet.7");
    CHECK_ERR(OL_OK, ol_store_line_succeed(b->s, &next));
    lines = lines_of(b->s);
    assert_string_equal("alpha.1", lines.at[1].name);
    assert_int_equal(b->line, lines.at[1].number);
    same_line(&next, &lines.at[0]);

    bed_add_line(b, "alpha.9");
    CHECK_ERR(OL_OK, ol_store_line_succeed(b->s, &third));
    lines = lines_of(b->s);
    assert_int_equal(6, lines.n);
    same_line(&third, &lines.at[0]);
    assert_string_equal("alpha.10", lines.at[2].name);
    assert_int_equal(next.number, lines.at[2].number);

    CHECK_ERR(OL_ABSENT, ol_store_line_succeed(b->s, &nobody));
    third.number = 0;
    CHECK_ERR(OL_EXISTS, ol_store_line_succeed(b->s, &third)); /* by its id: nothing is renamed */
    assert_string_equal("alpha.1", lines_of(b->s).at[1].name);
    assert_int_equal(6, lines_of(b->s).n);
}

static void test_marks_of_a_line_are_durable_and_a_resume_clears_restored(void **state)
{
    struct bed *b = *state;
    struct ol_row row = bed_row(b, 'A', 1);
    struct ol_put resumed = {.what = OL_PUT_RESUMED};
    int64_t other = bed_add_line(b, "beta");

    CHECK_ERR(OL_OK, ol_store_line_compared(b->s, b->line));
    CHECK_ERR(OL_OK, ol_store_line_restored(b->s, b->line));
    CHECK_ERR(OL_OK, ol_store_line_restored(b->s, other));
    CHECK_ERR(OL_ABSENT, ol_store_line_compared(b->s, other + 1));
    CHECK_ERR(OL_ABSENT, ol_store_line_restored(b->s, other + 1));
    CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    bed_reopen(b);
    assert_true(lines_of(b->s).at[0].compared);
    assert_true(lines_of(b->s).at[0].restored);
    assert_false(lines_of(b->s).at[1].compared);
    CHECK_ERR(OL_OK, bed_commit(b->s, b->line, &resumed, 1));
    bed_reopen(b);
    assert_false(lines_of(b->s).at[0].restored);
    assert_true(lines_of(b->s).at[1].restored);
}

/* ---- Opening ---- */

static void write_file(const char *path, const void *p, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(len, write(fd, p, len));
    close(fd);
}

static size_t read_file(const char *path, uint8_t *out, size_t cap)
{
    int fd = open(path, O_RDONLY);
    ssize_t len;

    assert_true(fd >= 0);
    len = read(fd, out, cap);
    assert_true(len >= 0 && (size_t)len < cap);
    close(fd);
    return (size_t)len;
}

static void refused(enum ol_err want, const char *path, const char *words)
{
    struct ol_store *s;
    const char *why;

    for (int read_only = 0; read_only < 2; read_only++) {
        struct ol_store_cfg cfg = {.path = path, .read_only = read_only};

        CHECK_ERR(want, ol_store_open(&cfg, &s, &why));
        assert_null(s);
        if (strstr(why, words) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", why, words);
    }
}

static void with_sql(const char *path, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(SQLITE_OK, sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, ol_sum_files()));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

static int make_again(void *db, int n, char **sql, char **names)
{
    (void)n;
    (void)names;
    return sqlite3_exec(db, sql[0], NULL, NULL, NULL);
}

/* As the first program made it: no sums, no second copies, nothing revoked or off the record, no own book. */
static void make_schema_1(const char *path)
{
    sqlite3 *from;
    sqlite3 *db;
    char old[160];
    char sql[400];

    with_sql(path, "DROP INDEX line_again; DROP INDEX outbox_again; DROP INDEX entry_claim; DROP TABLE view; DROP TABLE book;"
             "ALTER TABLE line DROP COLUMN revoked; ALTER TABLE line DROP COLUMN off_record");
    snprintf(old, sizeof old, "%s.old", path);
    assert_int_equal(0, rename(path, old));
    assert_int_equal(SQLITE_OK, sqlite3_open(old, &from));
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(from, "SELECT sql FROM sqlite_schema WHERE sql NOT NULL", make_again, db, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(from));
    snprintf(sql, sizeof sql, "ATTACH '%s' AS old; INSERT INTO line SELECT * FROM old.line; PRAGMA journal_mode = WAL;"
             "PRAGMA application_id = 0x4f4c6e31; PRAGMA user_version = 1", old);
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

static void test_create_makes_a_private_file_and_never_replaces_one(void **state)
{
    struct bed *b = *state;
    char path[128];
    struct stat st;

    assert_int_equal(0, stat(b->path, &st));
    assert_int_equal(0600, st.st_mode & 0777);
    CHECK_ERR(OL_EXISTS, ol_store_create(b->path));
    bed_name(b, "none/store", path);
    CHECK_ERR(OL_IO, ol_store_create(path));
    bed_reopen(b);
    assert_int_equal(1, lines_of(b->s).n);
}

static void test_what_is_not_a_store_is_refused(void **state)
{
    struct bed *b = *state;
    uint8_t garbage[8192];
    char path[128];

    bed_name(b, "other", path);
    refused(OL_ABSENT, path, "No such file");
    refused(OL_MALFORMED, b->dir, "not a file");
    write_file(path, "", 0);
    refused(OL_MALFORMED, path, "empty");
    rnd_fill(&b->seed, garbage, sizeof garbage);
    write_file(path, garbage, sizeof garbage);
    refused(OL_MALFORMED, path, "not a database");
    memcpy(garbage, "SQLite format 3", 16);
    write_file(path, garbage, sizeof garbage);
    refused(OL_MALFORMED, path, "not a database");
    assert_int_equal(0, unlink(path));
    write_file(path, "", 0);
    with_sql(path, "CREATE TABLE entry (id INTEGER PRIMARY KEY)");
    refused(OL_MALFORMED, path, "not a store");
    with_sql(path, "PRAGMA user_version = 1");
    refused(OL_MALFORMED, path, "not a store");
}

static void test_a_newer_schema_is_refused_and_left_alone(void **state)
{
    struct bed *b = *state;

    ol_store_close(&b->s);
    with_sql(b->path, "PRAGMA user_version = 7");
    refused(OL_MALFORMED, b->path, "newer");
    with_sql(b->path, "PRAGMA user_version = 0"); /* no schema ever had this number */
    refused(OL_MALFORMED, b->path, "not a store");
    with_sql(b->path, "PRAGMA user_version = 6");
    bed_open(b);
    assert_int_equal(1, lines_of(b->s).n);
}

static void test_a_store_of_schema_1_climbs_and_keeps_what_it_has(void **state)
{
    struct bed *b = *state;
    struct ol_line_info before = lines_of(b->s).at[0];

    ol_store_close(&b->s);
    make_schema_1(b->path);
    bed_open(b);
    same_line(&before, &lines_of(b->s).at[0]);
    assert_false(lines_of(b->s).at[0].revoked);
    CHECK_ERR(OL_OK, ol_store_line_revoked(b->s, before.number));
    bed_reopen(b);
    assert_true(lines_of(b->s).at[0].revoked);
}

static void test_a_reader_of_schema_1_lets_it_climb(void **state)
{
    struct bed *b = *state;
    struct ol_store *reader = NULL;

    ol_store_close(&b->s);
    make_schema_1(b->path);
    CHECK_ERR(OL_OK,
              ol_store_open(&(struct ol_store_cfg){.path = b->path, .read_only = true}, &reader, NULL));
    assert_int_equal(1, lines_of(reader).n);
    ol_store_close(&reader);
    bed_open(b);
}

static void test_only_the_line_that_is_named_takes_what_is_off_the_record_until_it_does_not(void **state)
{
    struct bed *b = *state;
    struct ol_line_info beta = lines_of(b->s).at[0];
    struct ol_line_info gamma = beta;

    assert_false(beta.off_record);
    CHECK_ERR(OL_OK, ol_store_line_off_record(b->s, beta.number, true));
    CHECK_ERR(OL_ABSENT, ol_store_line_off_record(b->s, 4000, true));
    gamma.name[0] = 'z';
    gamma.id.b[0] ^= 1;
    CHECK_ERR(OL_OK, ol_store_line_add(b->s, &gamma));
    bed_reopen(b);
    assert_true(lines_of(b->s).at[0].off_record);
    assert_false(lines_of(b->s).at[1].off_record);
    CHECK_ERR(OL_OK, ol_store_line_off_record(b->s, beta.number, false));
    assert_false(lines_of(b->s).at[0].off_record);
    gamma.name[0] = 'y';
    gamma.id.b[0] ^= 2;
    gamma.off_record = true; /* a successor's, as its old line had it */
    CHECK_ERR(OL_OK, ol_store_line_add(b->s, &gamma));
    assert_true(lines_of(b->s).at[1].off_record);
}

static void test_only_the_line_that_is_named_is_revoked(void **state)
{
    struct bed *b = *state;
    struct ol_line_info beta = bed_line(b, "beta");

    CHECK_ERR(OL_OK, ol_store_line_add(b->s, &beta));
    CHECK_ERR(OL_OK, ol_store_line_revoked(b->s, beta.number));
    CHECK_ERR(OL_ABSENT, ol_store_line_revoked(b->s, 4000));
    assert_false(lines_of(b->s).at[0].revoked);
    assert_true(lines_of(b->s).at[1].revoked);
}

static void test_a_store_without_one_of_its_tables_is_refused(void **state)
{
    struct bed *b = *state;
    char sql[64];
    static const char *const tables[] = {"entry", "line", "named", "answered", "outbox", "evidence"};

    for (size_t i = 0; i < COUNT(tables); i++) {
        ol_store_close(&b->s);
        snprintf(sql, sizeof sql, "ALTER TABLE %s RENAME TO away", tables[i]);
        with_sql(b->path, sql);
        refused(OL_MALFORMED, b->path, tables[i]);
        snprintf(sql, sizeof sql, "ALTER TABLE away RENAME TO %s", tables[i]);
        with_sql(b->path, sql);
        bed_open(b);
    }
}

static void test_a_trigger_in_the_file_does_not_run(void **state)
{
    struct bed *b = *state;
    struct ol_row row = bed_row(b, 'A', 1);

    ol_store_close(&b->s);
    with_sql(b->path, "CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END");
    bed_open(b);
    CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    assert_int_equal(1, bed_count(b->s, b->line, 'A'));
}

/* ---- Damage ---- */

static void test_a_row_that_does_not_fit_its_struct_is_malformed(void **state)
{
    struct bed *b = *state;
    static const char *const damage[] = {
        "kind = 256", "kind = -1", "flags = 256", "xseq = 4294967296", "xseq = -1", "time = 4294967296",
        "marks = 256", "stored_at = -1", "hash = x'00'", "prev = zeroblob(31)", "xhash = zeroblob(33)",
        "commitment = x''", "seal = zeroblob(63)", "body = zeroblob(61441)", "id = id - 2",
        "body = zeroblob(2000000)",
    };
    struct ol_row row = bed_row(b, 'B', 2);
    struct ol_row got;
    struct seen seen = {0};
    char sql[128];

    CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    for (size_t i = 0; i < COUNT(damage); i++) {
        bool moved = strncmp(damage[i], "id", 2) == 0;

        ol_store_close(&b->s);
        snprintf(sql, sizeof sql, "CREATE TABLE good AS SELECT * FROM entry; UPDATE entry SET %s",
                 damage[i]);
        with_sql(b->path, sql);
        bed_open(b);
        CHECK_ERR(OL_MALFORMED, ol_store_row(b->s, b->line, 'B', moved ? 0 : 2, &got));
        CHECK_ERR(OL_MALFORMED, ol_store_scan(b->s, b->line, 'B', 0, bed_see, &seen));
        assert_int_equal(0, seen.n);
        ol_store_close(&b->s);
        with_sql(b->path, "DELETE FROM entry; INSERT INTO entry SELECT * FROM good; DROP TABLE good");
        bed_open(b);
    }
    CHECK_ERR(OL_OK, ol_store_row(b->s, b->line, 'B', 2, &got));
    bed_same_row(&row, &got);
}

static void test_a_line_that_does_not_fit_its_struct_is_malformed(void **state)
{
    struct bed *b = *state;
    static const char *const damage[] = {"id = x'00'", "id0 = zeroblob(33)", "own_card = zeroblob(641)",
                                         "peer_card = zeroblob(641)", "old_line = x''", "compared = 2",
                                         "restored = -1", "number = 1 << 30"};
    struct lines lines = {0};
    char sql[128];

    for (size_t i = 0; i < COUNT(damage); i++) {
        ol_store_close(&b->s);
        snprintf(sql, sizeof sql, "CREATE TABLE good AS SELECT * FROM line; UPDATE line SET %s",
                 damage[i]);
        with_sql(b->path, sql);
        bed_open(b);
        CHECK_ERR(OL_MALFORMED, ol_store_lines(b->s, see_line, &lines));
        ol_store_close(&b->s);
        with_sql(b->path, "DELETE FROM line; INSERT INTO line SELECT * FROM good; DROP TABLE good");
        bed_open(b);
    }
    assert_int_equal(0, lines.n);
}

/* Whatever a byte at rest turns into: the calls come back, with rows or with a result. */
static void test_a_flipped_byte_is_never_worse_than_an_error(void **state)
{
    struct bed *b = *state;
    static uint8_t good[1 << 18];
    size_t len;
    size_t refusals = 0;

    for (uint32_t seq = 1; seq <= 20; seq++) {
        struct ol_row row = bed_row(b, seq % 2 ? 'A' : 'B', seq);

        CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    }
    ol_store_close(&b->s);
    len = read_file(b->path, good, sizeof good);
    for (int i = 0; i < 600; i++) {
        size_t at = rnd(&b->seed) % len;
        uint8_t was = good[at];
        struct ol_store_cfg cfg = {.path = b->path, .read_only = i % 2};
        struct ol_row row = bed_row(b, 'A', 100);
        struct ol_put put = bed_put(&row);
        struct seen seen = {0};
        struct lines lines = {0};

        good[at] ^= (uint8_t)(1 + rnd(&b->seed) % 255);
        write_file(b->path, good, len);
        good[at] = was;
        if (ol_store_open(&cfg, &b->s, NULL) != OL_OK) {
            refusals++;
            continue;
        }
        refusals += ol_store_lines(b->s, see_line, &lines) != OL_OK;
        refusals += ol_store_scan(b->s, b->line, 'A', 0, bed_see, &seen) != OL_OK;
        refusals += ol_store_scan(b->s, b->line, 'B', 0, bed_see, &seen) != OL_OK;
        assert_true(seen.n <= 20);
        if (!cfg.read_only)
            refusals += bed_commit(b->s, b->line, &put, 1) != OL_OK;
        ol_store_close(&b->s);
    }
    assert_in_range(refusals, 1, 2400);
}

/* ---- A real limit ---- */

static void test_a_limit_of_the_system_on_files_is_no_room(void **state)
{
    struct bed *b = *state;
    struct ol_row row = bed_row(b, 'A', 1);
    struct rlimit before;
    struct rlimit tight;
    struct stat st;
    char log[128];

    CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    bed_name(b, "store-wal", log);
    assert_int_equal(0, stat(log, &st));
    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &before));
    for (rlim_t more = 0; more < 2; more++) {
        row = bed_row(b, 'A', 2);
        tight = (struct rlimit){(rlim_t)st.st_size + more * 100, before.rlim_max};
        assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &tight));
        CHECK_ERR(OL_NO_ROOM, bed_commit_row(b, &row));
        assert_string_not_equal("", ol_store_why(b->s));
        assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &before));
        assert_int_equal(1, bed_count(b->s, b->line, 'A'));
    }
    CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    assert_int_equal(2, bed_count(b->s, b->line, 'A'));
}

/* ---- Readers beside, and copies ---- */

static void test_a_reader_beside_sees_what_was_committed_and_changes_nothing(void **state)
{
    struct bed *b = *state;
    static uint8_t before[1 << 20];
    static uint8_t after[1 << 20];
    struct ol_store_cfg cfg = {.path = b->path, .read_only = true};
    struct ol_line_info info = bed_line(b, "beta");
    struct ol_store *reader;
    char wal[128];
    size_t len;

    bed_name(b, "store-wal", wal);
    for (uint32_t seq = 1; seq <= 5; seq++) {
        struct ol_row row = bed_row(b, 'A', seq);

        CHECK_ERR(OL_OK, bed_commit_row(b, &row));
        len = read_file(wal, before, sizeof before);
        CHECK_ERR(OL_OK, ol_store_open(&cfg, &reader, NULL));
        assert_int_equal(seq, bed_count(reader, b->line, 'A'));
        row = bed_row(b, 'B', seq);
        CHECK_ERR(OL_UNEXPECTED, ol_store_line_add(reader, &info));
        CHECK_ERR(OL_UNEXPECTED, ol_store_line_compared(reader, b->line));
        assert_int_equal(-1, ol_store_fd(reader));
        ol_store_poll(reader);
        assert_int_equal(len, read_file(wal, after, sizeof after));
        assert_memory_equal(before, after, len);
        CHECK_ERR(OL_OK, bed_commit_row(b, &row));
        assert_int_equal(seq, bed_count(reader, b->line, 'B'));
        ol_store_close(&reader);
    }
    assert_int_equal(0, access(wal, F_OK));
}

static void test_a_reader_alone_leaves_the_file_as_it_is(void **state)
{
    struct bed *b = *state;
    static uint8_t before[1 << 20];
    static uint8_t after[1 << 20];
    struct ol_store_cfg cfg = {.path = b->path, .read_only = true};
    struct ol_row row = bed_row(b, 'A', 1);
    size_t len;

    CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    ol_store_close(&b->s);
    len = read_file(b->path, before, sizeof before);
    CHECK_ERR(OL_OK, ol_store_open(&cfg, &b->s, NULL));
    assert_int_equal(1, bed_count(b->s, b->line, 'A'));
    ol_store_close(&b->s);
    assert_int_equal(len, read_file(b->path, after, sizeof after));
    assert_memory_equal(before, after, len);
}

static void test_a_copy_made_while_writing_is_a_store(void **state)
{
    struct bed *b = *state;
    struct ol_row rows[64];
    struct ol_put puts[64];
    struct outcome o = {0};
    struct bed copy = *b;
    size_t n;

    bed_name(b, "copy", copy.path);
    for (uint32_t i = 0; i < COUNT(rows); i++) {
        struct ol_batch batch = {.id = i, .puts = &puts[i], .n = 1};

        rows[i] = bed_row(b, 'A', i + 1);
        puts[i] = bed_put(&rows[i]);
        if (i == 10)
            bed_await(b->s, &o, 10);
        ol_store_commit(b->s, b->line, &batch, bed_done, &o);
        if (i == 40) {
            CHECK_ERR(OL_OK, ol_store_backup(b->s, copy.path));
            CHECK_ERR(OL_EXISTS, ol_store_backup(b->s, copy.path));
        }
    }
    bed_await(b->s, &o, COUNT(rows));
    CHECK_ERR(OL_OK, o.last);
    assert_int_equal(COUNT(rows), bed_count(b->s, b->line, 'A'));

    bed_open(&copy);
    n = bed_count(copy.s, b->line, 'A');
    assert_in_range(n, 10, 41);
    assert_int_equal(1, lines_of(copy.s).n);
    for (uint32_t i = 0; i < n; i++) {
        struct ol_row got;

        CHECK_ERR(OL_OK, ol_store_row(copy.s, b->line, 'A', i + 1, &got));
        bed_same_row(&rows[i], &got);
    }
    CHECK_ERR(OL_OK, bed_commit_row(&copy, &rows[63]));
    ol_store_close(&copy.s);
}

static void test_a_copy_is_one_private_file_that_reads_where_nothing_can_be_written(void **state)
{
    struct bed *b = *state;
    struct ol_row row = bed_row(b, 'A', 1);
    struct bed copy = *b;
    struct ol_store_cfg cfg = {.path = copy.path, .read_only = true};
    struct stat st;
    char name[128];

    bed_name(b, "copy", copy.path);
    CHECK_ERR(OL_OK, bed_commit_row(b, &row));
    CHECK_ERR(OL_OK, ol_store_backup(b->s, copy.path));
    assert_int_equal(0, stat(copy.path, &st));
    assert_int_equal(0600, st.st_mode & 0777);
    CHECK_ERR(OL_OK, ol_store_open(&cfg, &copy.s, NULL));
    assert_int_equal(1, bed_count(copy.s, b->line, 'A'));
    ol_store_close(&copy.s);
    bed_name(b, "copy-wal", name);
    assert_int_equal(-1, access(name, F_OK));
    bed_name(b, "none/copy", name);
    CHECK_ERR(OL_IO, ol_store_backup(b->s, name));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_lines_come_back_in_order_of_name),
        TEST(test_a_line_is_not_added_twice),
        TEST(test_a_name_that_does_not_fit_is_refused),
        TEST(test_a_successor_takes_the_name),
        TEST(test_marks_of_a_line_are_durable_and_a_resume_clears_restored),
        TEST(test_create_makes_a_private_file_and_never_replaces_one),
        TEST(test_what_is_not_a_store_is_refused),
        TEST(test_a_newer_schema_is_refused_and_left_alone),
        TEST(test_a_store_of_schema_1_climbs_and_keeps_what_it_has),
        TEST(test_a_reader_of_schema_1_lets_it_climb),
        TEST(test_only_the_line_that_is_named_takes_what_is_off_the_record_until_it_does_not),
        TEST(test_only_the_line_that_is_named_is_revoked),
        TEST(test_a_store_without_one_of_its_tables_is_refused),
        TEST(test_a_trigger_in_the_file_does_not_run),
        TEST(test_a_row_that_does_not_fit_its_struct_is_malformed),
        TEST(test_a_line_that_does_not_fit_its_struct_is_malformed),
        TEST(test_a_flipped_byte_is_never_worse_than_an_error),
        TEST(test_a_limit_of_the_system_on_files_is_no_room),
        TEST(test_a_reader_beside_sees_what_was_committed_and_changes_nothing),
        TEST(test_a_reader_alone_leaves_the_file_as_it_is),
        TEST(test_a_copy_made_while_writing_is_a_store),
        TEST(test_a_copy_is_one_private_file_that_reads_where_nothing_can_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
