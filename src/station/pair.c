/* SPDX-License-Identifier: Apache-2.0 */
#include "station/setup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "armour/armour.h"
#include "base/utf8.h"
#include "crypto/hash.h"
#include "path/conf.h"

static enum ol_err fail(enum ol_err err, struct ol_fault *f, enum ol_exit code, const char *key,
                        const char *name, const char *value)
{
    ol_fault_set(f, code, key, name, value, NULL);
    return err;
}

/* The store. */

enum ol_err ol_setup_store_open(const struct ol_home *h, bool read_only, struct ol_store **out,
                                struct ol_fault *f)
{
    char path[OL_HOME_PATH_MAX];
    const char *why = NULL;
    enum ol_err err;

    ol_home_path(h, OL_HOME_RECORD, path);
    err = ol_store_open(&(struct ol_store_cfg){.path = path, .read_only = read_only}, out, &why);
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.store.open", "file", OL_HOME_RECORD, "detail",
                     why != NULL ? why : ol_err_text(err), NULL);
    return err;
}

static enum ol_err store_fault(enum ol_err err, struct ol_store *s, struct ol_fault *f)
{
    const char *why = ol_store_why(s);

    ol_fault_set(f, OL_EXIT_FAILED, "err.store.failed", "file", OL_HOME_RECORD, "detail",
                 *why != '\0' ? why : ol_err_text(err), NULL);
    return err;
}

/* Looks for a line by name or by id, whichever is not NULL. */
struct search {
    const char *name;
    const struct ol_hash *id;
    struct ol_line_info *found;
    bool hit;
};

static bool examine(void *ctx, const struct ol_line_info *info)
{
    struct search *s = ctx;

    s->hit = (s->name != NULL && strcmp(info->name, s->name) == 0) ||
             (s->id != NULL && ol_hash_equal(&info->id, s->id));
    if (s->hit)
        *s->found = *info;
    return !s->hit;
}

static enum ol_err find_line(struct ol_store *store, struct search *s, struct ol_fault *f)
{
    enum ol_err err = ol_store_lines(store, examine, s);

    return err ? store_fault(err, store, f) : OL_OK;
}

enum ol_err ol_setup_line_find(struct ol_store *s, const char *name, struct ol_line_info *out,
                               struct ol_fault *f)
{
    struct search search = {.name = name, .found = out};
    enum ol_err err = find_line(s, &search, f);

    if (!err && !search.hit)
        return fail(OL_ABSENT, f, OL_EXIT_FAILED, "err.line.absent", "line", name);
    return err;
}

/* Codes. */

/* Digits as people type them, in groups. */
static bool clean_code(const char *typed, char out[static OL_CODE_DIGITS + 1])
{
    size_t n = 0;

    for (; *typed != '\0'; typed++) {
        if (*typed == ' ' || *typed == '-')
            continue;
        if (*typed < '0' || *typed > '9' || n == OL_CODE_DIGITS)
            return false;
        out[n++] = *typed;
    }
    out[n] = '\0';
    return n == OL_CODE_DIGITS;
}

/* Each side shows the code made with the other side's tag key, and must be given the one made with its
 * own. */
static void codes_of(const struct ol_line_keys *keys, const struct ol_setup_line *line,
                     char shown[static OL_CODE_DIGITS + 1], char expected[static OL_CODE_DIGITS + 1])
{
    size_t own = line->side == 'A' ? 0 : 1;

    ol_compare_code(&keys->tag[1 - own], &line->id, shown);
    ol_compare_code(&keys->tag[own], &line->id, expected);
}

static enum ol_err compare(const struct ol_line_keys *keys, const char *typed,
                           struct ol_setup_line *line, struct ol_fault *f)
{
    char expected[OL_CODE_DIGITS + 1];
    char given[OL_CODE_DIGITS + 1] = "";

    codes_of(keys, line, line->code, expected);
    if (typed == NULL)
        return OL_OK;
    if (!clean_code(typed, given))
        return fail(OL_MISMATCH, f, OL_EXIT_MISMATCH, "err.pair.digits", NULL, NULL);
    if (ol_secret_equal(given, line->code, OL_CODE_DIGITS))
        return fail(OL_MISMATCH, f, OL_EXIT_MISMATCH, "err.pair.own_code", NULL, NULL);
    if (!ol_secret_equal(given, expected, OL_CODE_DIGITS))
        return fail(OL_MISMATCH, f, OL_EXIT_MISMATCH, "err.pair.code", NULL, NULL);
    line->compared = true;
    return OL_OK;
}

/* A new line. */

/* NAME.1, NAME.2 are the names of lines that have a successor. */
static bool ends_like_an_old_line(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot != NULL && dot[1] != '\0' && strspn(dot + 1, "0123456789") == strlen(dot + 1);
}

static bool name_valid(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > OL_NAME_MAX || name[0] == '-' || ends_like_an_old_line(name))
        return false;
    if (!ol_utf8_valid(ol_span(name, len)))
        return false;
    for (const unsigned char *c = (const unsigned char *)name; *c != '\0'; c++)
        if (*c <= ' ' || *c == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0))
            return false;
    return true;
}

/* Everything that a new line is made from. */
struct pairing {
    struct ol_keyring keyring;
    struct ol_line_keys keys;
    struct ol_card own;
    struct ol_card peer;
    struct ol_line_info info;
    struct ol_line_info old; /* the line that is succeeded; number 0: none */
};

static enum ol_err put_card(const struct ol_card *card, uint8_t out[static OL_CARD_MAX], size_t *len,
                            struct ol_fault *f)
{
    struct ol_wr w = ol_wr_to(out, OL_CARD_MAX);
    enum ol_err err = ol_card_write(card, &w);

    *len = w.len;
    return err ? fail(err, f, OL_EXIT_FAILED, "err.card.names", NULL, NULL) : OL_OK;
}

/* The other side's: from a file, or as the old line has it. */
static enum ol_err read_peer_card(const char *file, struct pairing *p, struct ol_fault *f)
{
    if (file != NULL)
        return ol_card_file_read(AT_FDCWD, file, &p->peer, f);
    if (ol_card_read(ol_span(p->old.peer_card, p->old.peer_card_len), &p->peer) == OL_OK)
        return OL_OK;
    return fail(OL_MALFORMED, f, OL_EXIT_FAILED, "err.line.keys", "line", p->old.name);
}

static enum ol_err read_cards(const struct ol_home *h, const char *peer_file, struct pairing *p,
                              struct ol_setup_line *line, struct ol_fault *f)
{
    enum ol_err err = ol_home_card_read(h, &p->keyring, &p->own, f);

    if (!err)
        err = read_peer_card(peer_file, p, f);
    if (err)
        return err;
    line->side = ol_side_of(&p->own, &p->peer);
    if (line->side == 0 || memcmp(&p->own.agree, &p->peer.agree, sizeof p->own.agree) == 0)
        return fail(OL_MISMATCH, f, OL_EXIT_MISMATCH, "err.pair.own_card", "file", peer_file);
    err = put_card(&p->own, p->info.own_card, &p->info.own_card_len, f);
    if (!err)
        err = put_card(&p->peer, p->info.peer_card, &p->info.peer_card_len, f);
    return err;
}

static enum ol_err derive(const char *psk_file, struct pairing *p, struct ol_setup_line *line,
                          struct ol_fault *f)
{
    struct ol_courier_key key;
    struct ol_wr w = ol_wr_to(key.b, sizeof key.b);
    struct ol_hash own;
    struct ol_hash peer;
    enum ol_err err = ol_armoured_read(AT_FDCWD, psk_file, "OPENLINE COURIER KEY", &w, f);

    if (!err && w.len != sizeof key.b)
        err = fail(OL_MALFORMED, f, OL_EXIT_FAILED, "err.psk.size", "file", psk_file);
    if (!err) {
        ol_card_hash(&p->own, &own);
        ol_card_hash(&p->peer, &peer);
        ol_public_id(&key, &p->info.id0);
        ol_line_id(&p->info.id0, line->side == 'A' ? &own : &peer, line->side == 'A' ? &peer : &own,
                   &line->id);
        ol_line_keys(&key, &line->id, &p->keys);
        p->info.id = line->id;
    }
    ol_wipe(&key, sizeof key);
    return err;
}

static enum ol_err check_unused(struct ol_store *store, const struct ol_setup_pair *want,
                                const struct ol_hash *id, bool successor, struct ol_fault *f)
{
    struct ol_line_info info;
    struct search by_name = {.name = want->name, .found = &info};
    struct search by_id = {.id = id, .found = &info};
    enum ol_err err = find_line(store, &by_name, f);

    if (!err && by_name.hit && !successor)
        return fail(OL_EXISTS, f, OL_EXIT_FAILED, "err.pair.name_taken", "line", want->name);
    if (!err)
        err = find_line(store, &by_id, f);
    if (!err && by_id.hit)
        return fail(OL_EXISTS, f, OL_EXIT_FAILED, "err.pair.line_taken", "line", info.name);
    return err;
}

/* Paths. */

static enum ol_err parse_path(const char *text, struct ol_spec *out, struct ol_fault *f)
{
    char why[OL_WHY_MAX] = "";
    enum ol_err err = ol_spec_parse(text, out, why);

    if (err)
        ol_fault_set(f, OL_EXIT_USAGE, "err.path.spec", "spec", text, "detail", why, NULL);
    return err;
}

/* "relay.conf:2: path: ..." without the folder, which is not one that people know. */
static enum ol_err conf_fault(enum ol_err err, enum ol_exit code, const char *why, struct ol_fault *f)
{
    const char *file = strstr(why, OL_HOME_RELAY_CONF);

    return fail(err, f, code, "err.path.conf", "detail", file != NULL ? file : why);
}

/* What an interrupted pairing left of this very line makes room. */
static void drop_line(struct ol_conf *c, const char *line)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->paths[i].line, line) != 0)
            c->paths[kept++] = c->paths[i];
    c->count = kept;
}

static uint16_t next_id(const struct ol_conf *c)
{
    uint16_t id = 0;

    for (size_t i = 0; i < c->count; i++)
        if (c->paths[i].id > id)
            id = c->paths[i].id;
    return (uint16_t)(id + 1);
}

static enum ol_err add_paths(struct ol_conf *c, const struct ol_setup_pair *want,
                             const struct ol_hash *id, struct ol_fault *f)
{
    char hex[OL_HASH_HEX];
    struct ol_conf_path *grown = realloc(c->paths, (c->count + want->paths) * sizeof *grown);

    if (grown == NULL)
        return fail(OL_NO_ROOM, f, OL_EXIT_FAILED, "err.memory", NULL, NULL);
    c->paths = grown;
    ol_hash_hex(id, hex);
    hex[OL_CONF_LINE] = '\0';
    drop_line(c, hex);
    for (size_t i = 0; i < want->paths; i++) {
        struct ol_conf_path *path = &c->paths[c->count];
        enum ol_err err = parse_path(want->path[i], &path->spec, f);

        if (err)
            return err;
        path->id = next_id(c);
        path->path = (uint8_t)i;
        memcpy(path->line, hex, sizeof path->line);
        c->count++;
    }
    return OL_OK;
}

static enum ol_err write_paths(const struct ol_home *h, const struct ol_setup_pair *want,
                               const struct ol_hash *id, struct ol_fault *f)
{
    char file[OL_HOME_PATH_MAX];
    char why[OL_WHY_MAX] = "";
    struct ol_conf c = {0};
    enum ol_err err;

    if (want->paths == 0)
        return OL_OK;
    if (want->paths > OL_PATHS)
        return fail(OL_LIMIT, f, OL_EXIT_USAGE, "err.path.many", NULL, NULL);
    ol_home_path(h, OL_HOME_RELAY_CONF, file);
    err = ol_conf_read(file, &c, why);
    if (err && err != OL_ABSENT)
        return conf_fault(err, OL_EXIT_FAILED, why, f);
    err = add_paths(&c, want, id, f);
    if (!err) {
        err = ol_conf_write(file, &c, why);
        if (err)
            err = conf_fault(err, err == OL_MALFORMED ? OL_EXIT_USAGE : OL_EXIT_FAILED, why, f);
    }
    ol_conf_free(&c);
    return err;
}

/* The store comes last: what is not in it is no line, and what an interruption left elsewhere is
 * replaced when the pairing is done again. */
static enum ol_err write_line(const struct ol_home *h, struct ol_store *store, struct pairing *p,
                              const struct ol_setup_pair *want, struct ol_fault *f)
{
    enum ol_err err = write_paths(h, want, &p->info.id, f);

    if (err)
        return err;
    if (ol_keyring_put(&p->keyring, &p->info.id, &p->keys) != OL_OK)
        return fail(OL_NO_ROOM, f, OL_EXIT_FAILED, "err.memory", NULL, NULL);
    err = ol_home_keys_write(h, &p->keyring, false, f);
    if (err)
        return err;
    err = p->old.number != 0 ? ol_store_line_succeed(store, &p->info) : ol_store_line_add(store, &p->info);
    return err ? store_fault(err, store, f) : OL_OK;
}

static bool takes_off_record(const struct ol_setup_pair *want, const struct ol_line_info *before)
{
    return want->off_record == OL_SETUP_AS_IT_IS ? before->off_record : want->off_record == OL_SETUP_ALLOW;
}

/* Nothing is written before cards, keys and code are known to fit. */
static enum ol_err prepare(const struct ol_home *h, struct pairing *p, const struct ol_setup_pair *want,
                           struct ol_setup_line *line, struct ol_fault *f)
{
    enum ol_err err = ol_home_keys_read(h, &p->keyring, f);

    if (!err)
        err = read_cards(h, want->card, p, line, f);
    if (!err)
        err = derive(want->psk, p, line, f);
    if (!err)
        err = compare(&p->keys, want->code, line, f);
    if (err)
        return err;
    memcpy(p->info.name, want->name, strlen(want->name) + 1);
    p->info.compared = line->compared;
    p->info.old_line = p->old.id;
    p->info.off_record = takes_off_record(want, &p->old);
    line->off_record = p->info.off_record;
    return OL_OK;
}

static enum ol_err pair_with(const struct ol_home *h, struct pairing *p,
                             const struct ol_setup_pair *want, struct ol_setup_line *line,
                             struct ol_fault *f)
{
    struct ol_store *store = NULL;
    enum ol_err err = prepare(h, p, want, line, f);

    if (!err)
        err = ol_setup_store_open(h, false, &store, f);
    if (err)
        return err;
    err = check_unused(store, want, &line->id, false, f);
    if (!err)
        err = write_line(h, store, p, want, f);
    ol_store_close(&store);
    return err;
}

static enum ol_err renew_with(const struct ol_home *h, struct pairing *p,
                              const struct ol_setup_pair *want, struct ol_setup_line *line,
                              struct ol_fault *f)
{
    struct ol_store *store = NULL;
    enum ol_err err = ol_setup_store_open(h, false, &store, f);

    if (err)
        return err;
    err = ol_setup_line_find(store, want->name, &p->old, f);
    if (!err)
        err = prepare(h, p, want, line, f);
    if (!err)
        err = check_unused(store, want, &line->id, true, f);
    if (!err)
        err = write_line(h, store, p, want, f);
    ol_store_close(&store);
    return err;
}

enum ol_err ol_setup_lock(const struct ol_home *h, int *lock, struct ol_fault *f)
{
    enum ol_err err = ol_home_lock(h, OL_HOME_SETUP_LOCK, lock);

    if (err)
        fail(err, f, OL_EXIT_FAILED, err == OL_EXISTS ? "err.setup.busy" : "err.setup.lock", "file",
             OL_HOME_SETUP_LOCK);
    return err;
}

typedef enum ol_err make_line_fn(const struct ol_home *h, struct pairing *p,
                                 const struct ol_setup_pair *want, struct ol_setup_line *line,
                                 struct ol_fault *f);

static enum ol_err make_line(const struct ol_home *h, make_line_fn *make,
                             const struct ol_setup_pair *want, struct ol_setup_line *out,
                             struct ol_fault *f)
{
    struct pairing p = {0};
    int lock;
    enum ol_err err;

    *out = (struct ol_setup_line){0};
    if (!name_valid(want->name))
        return fail(OL_MALFORMED, f, OL_EXIT_USAGE, "err.pair.name", "line", want->name);
    err = ol_setup_lock(h, &lock, f);
    if (err)
        return err;
    err = make(h, &p, want, out, f);
    close(lock);
    ol_keyring_fini(&p.keyring);
    ol_wipe(&p, sizeof p);
    return err;
}

enum ol_err ol_setup_pair(const struct ol_home *h, const struct ol_setup_pair *want,
                          struct ol_setup_line *out, struct ol_fault *f)
{
    return make_line(h, pair_with, want, out, f);
}

enum ol_err ol_setup_renew(const struct ol_home *h, const struct ol_setup_pair *want,
                           struct ol_setup_line *out, struct ol_fault *f)
{
    return make_line(h, renew_with, want, out, f);
}

static enum ol_err write_change(struct ol_store *store, const struct ol_line_info *before,
                                const struct ol_setup_line *line, struct ol_fault *f)
{
    enum ol_err err = OL_OK;

    if (line->compared && !before->compared)
        err = ol_store_line_compared(store, before->number);
    if (!err && line->off_record != before->off_record)
        err = ol_store_line_off_record(store, before->number, line->off_record);
    return err ? store_fault(err, store, f) : OL_OK;
}

static enum ol_err change_with(const struct ol_home *h, struct ol_store *store, const struct ol_setup_pair *want,
                               struct ol_setup_line *line, struct ol_fault *f)
{
    struct ol_line_info info;
    struct ol_keyring keyring = {0};
    const struct ol_line_keys *keys;
    struct ol_card own;
    struct ol_card peer;
    enum ol_err err = ol_setup_line_find(store, want->name, &info, f);

    if (!err)
        err = ol_home_keys_read(h, &keyring, f);
    if (err)
        return err;
    keys = ol_keyring_find(&keyring, &info.id);
    if (keys == NULL || ol_card_read(ol_span(info.own_card, info.own_card_len), &own) != OL_OK ||
        ol_card_read(ol_span(info.peer_card, info.peer_card_len), &peer) != OL_OK) {
        err = fail(OL_MALFORMED, f, OL_EXIT_FAILED, "err.line.keys", "line", want->name);
    } else {
        *line = (struct ol_setup_line){.id = info.id, .side = ol_side_of(&own, &peer), .compared = info.compared,
                                       .off_record = takes_off_record(want, &info)};
        err = compare(keys, want->code, line, f);
    }
    ol_keyring_fini(&keyring);
    return err ? err : write_change(store, &info, line, f);
}

enum ol_err ol_setup_change(const struct ol_home *h, const struct ol_setup_pair *want, struct ol_setup_line *out,
                            struct ol_fault *f)
{
    struct ol_store *store = NULL;
    int lock;
    enum ol_err err = ol_setup_lock(h, &lock, f);

    *out = (struct ol_setup_line){0};
    if (err)
        return err;
    err = ol_setup_store_open(h, false, &store, f);
    if (!err)
        err = change_with(h, store, want, out, f);
    ol_store_close(&store);
    close(lock);
    return err;
}

/* ---- Revocation ---- */

static enum ol_err check_note(const struct ol_line_info *info, const char *note, struct ol_fault *f)
{
    uint8_t preimage[OL_CARD_MAX];
    struct ol_wr w = ol_wr_to(preimage, sizeof preimage);
    struct ol_card peer;
    struct ol_hash hash;
    struct ol_span bytes;
    enum ol_err err = ol_armoured_read(AT_FDCWD, note, "OPENLINE REVOCATION", &w, f);

    if (!err && ol_card_read(ol_span(info->peer_card, info->peer_card_len), &peer) != OL_OK)
        err = fail(OL_MALFORMED, f, OL_EXIT_FAILED, "err.line.keys", "line", info->name);
    if (err)
        return err;
    bytes = ol_wr_span(&w);
    ol_sha256(&bytes, 1, &hash);
    if (bytes.len == sizeof hash && ol_hash_equal(&hash, &peer.revocation))
        return OL_OK;
    ol_fault_set(f, OL_EXIT_MISMATCH, "err.revoked.note", "file", note, "line", info->name, NULL);
    return OL_MISMATCH;
}

static enum ol_err revoke_with(struct ol_store *store, const char *name, const char *note,
                               struct ol_fault *f)
{
    struct ol_line_info info;
    enum ol_err err = ol_setup_line_find(store, name, &info, f);

    if (!err)
        err = check_note(&info, note, f);
    if (err)
        return err;
    err = ol_store_line_revoked(store, info.number);
    return err ? store_fault(err, store, f) : OL_OK;
}

enum ol_err ol_setup_revoke(const struct ol_home *h, const char *name, const char *note,
                            struct ol_fault *f)
{
    struct ol_store *store = NULL;
    int lock;
    enum ol_err err = ol_setup_lock(h, &lock, f);

    if (err)
        return err;
    err = ol_setup_store_open(h, false, &store, f);
    if (!err)
        err = revoke_with(store, name, note, f);
    ol_store_close(&store);
    close(lock);
    return err;
}
