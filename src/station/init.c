/* SPDX-License-Identifier: Apache-2.0 */
#include "station/setup.h"

#include <fcntl.h>
#include <string.h>

#include "armour/armour.h"
#include "crypto/hash.h"
#include "path/conf.h"
#include "station/conf.h"
#include "station/vacant.h"

#define ARMOURED 2048u /* a card, a key or a note with its armour */

static enum ol_err fail(enum ol_err err, struct ol_fault *f, enum ol_exit code, const char *key,
                        const char *name, const char *value)
{
    ol_fault_set(f, code, key, name, value, NULL);
    return err;
}

/* Making a home. */

static enum ol_err make_armoured(int dir, const struct ol_file_new *file, const char *label,
                                 struct ol_wr *text, struct ol_fault *f)
{
    struct ol_file_new made = *file;

    if (ol_armour_write(label, file->content, text) != OL_OK)
        return fail(OL_LIMIT, f, OL_EXIT_FAILED, "err.file.large", "file", file->name);
    made.content = ol_wr_span(text);
    return ol_file_write(dir, &made, f);
}

static enum ol_err make_card(int dir, const struct ol_card *card, struct ol_fault *f)
{
    uint8_t bytes[OL_CARD_MAX];
    uint8_t text[ARMOURED];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    struct ol_wr armoured = ol_wr_to(text, sizeof text);

    if (ol_card_write(card, &w) != OL_OK)
        return fail(OL_MALFORMED, f, OL_EXIT_USAGE, "err.card.names", NULL, NULL);
    return make_armoured(dir, &(struct ol_file_new){OL_HOME_CARD, ol_wr_span(&w), 0644, true},
                         "OPENLINE CARD", &armoured, f);
}

static enum ol_err make_revocation(int dir, const struct ol_card *card,
                                   const uint8_t preimage[static 32], struct ol_fault *f)
{
    uint8_t text[ARMOURED];
    struct ol_wr w = ol_wr_to(text, sizeof text);
    char fingerprint[OL_HASH_HEX];
    struct ol_hash hash;
    enum ol_err err;

    ol_card_hash(card, &hash);
    ol_hash_hex(&hash, fingerprint);
    ol_text_write(ol_text("note.revocation"),
                  (const struct ol_param[]){
                      {"party", card->party}, {"station", card->station}, {"fingerprint", fingerprint}},
                  3, &w);
    err = make_armoured(dir,
                        &(struct ol_file_new){OL_HOME_REVOCATION, ol_span(preimage, 32), 0600, true},
                        "OPENLINE REVOCATION", &w, f);
    ol_wipe(text, sizeof text);
    return err;
}

static enum ol_err make_confs(const struct ol_home *h, const char *lang, struct ol_fault *f)
{
    uint8_t text[ARMOURED];
    struct ol_wr w = ol_wr_to(text, sizeof text);
    char path[OL_HOME_PATH_MAX];
    char why[OL_WHY_MAX] = "";
    enum ol_err err;

    ol_station_conf_write(lang, &w);
    err = ol_file_write(h->dir, &(struct ol_file_new){OL_HOME_STATION_CONF, ol_wr_span(&w), 0644, true},
                        f);
    if (err)
        return err;
    ol_home_path(h, OL_HOME_RELAY_CONF, path);
    err = ol_conf_write(path, &(const struct ol_conf){0}, why);
    return err ? fail(err, f, OL_EXIT_FAILED, "err.path.conf", "detail", why) : OL_OK;
}

static enum ol_err make_record(const struct ol_home *h, struct ol_fault *f)
{
    char path[OL_HOME_PATH_MAX];
    enum ol_err err;

    ol_home_path(h, OL_HOME_RECORD, path);
    err = ol_store_create(path);
    if (err)
        ol_fault_set(f, OL_EXIT_FAILED, "err.store.create", "file", OL_HOME_RECORD, "detail",
                     ol_err_text(err), NULL);
    return err;
}

/* The keys come last: a directory without them is not a home. */
static enum ol_err furnish(const struct ol_home *h, const struct ol_card *card,
                           const struct ol_keyring *keys, const uint8_t preimage[static 32],
                           struct ol_fault *f)
{
    enum ol_err err = make_card(h->dir, card, f);

    if (!err)
        err = make_confs(h, card->lang[0], f);
    if (!err)
        err = make_record(h, f);
    if (!err)
        err = make_revocation(h->dir, card, preimage, f);
    if (!err)
        err = ol_home_keys_write(h, keys, true, f);
    return err;
}

static enum ol_err fill_names(const struct ol_setup_names *names, struct ol_card *card,
                              struct ol_fault *f)
{
    uint8_t bytes[OL_CARD_MAX];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);

    if (!ol_lang_valid(ol_span(names->lang, strlen(names->lang))))
        return fail(OL_MALFORMED, f, OL_EXIT_USAGE, "err.card.lang", "lang", names->lang);
    if (strlen(names->party) > OL_PARTY_MAX || strlen(names->station) > OL_PARTY_MAX)
        return fail(OL_MALFORMED, f, OL_EXIT_USAGE, "err.card.names", NULL, NULL);
    strcpy(card->party, names->party);
    strcpy(card->station, names->station);
    strcpy(card->lang[0], names->lang);
    card->langs = 1;
    if (ol_card_write(card, &w) != OL_OK)
        return fail(OL_MALFORMED, f, OL_EXIT_USAGE, "err.card.names", NULL, NULL);
    return OL_OK;
}

enum ol_err ol_setup_init(const char *dir, const struct ol_setup_names *names, struct ol_random random,
                          struct ol_card *card, struct ol_fault *f)
{
    struct ol_keyring keys;
    uint8_t preimage[32];
    struct ol_vacant place;
    enum ol_err err;

    *card = (struct ol_card){0};
    ol_keyring_init(&keys, random);
    random.fill(random.ctx, preimage, sizeof preimage);
    ol_sha256(&(struct ol_span){preimage, sizeof preimage}, 1, &card->revocation);
    ol_sign_public(&keys.sign, &card->sign);
    ol_dh_public(&keys.agree, &card->agree);
    err = fill_names(names, card, f);
    if (!err)
        err = ol_vacant_open(dir, &place, f);
    if (!err) {
        err = furnish(&place.home, card, &keys, preimage, f);
        if (err)
            ol_vacant_clear(&place);
        else
            ol_vacant_keep(&place);
    }
    ol_wipe(preimage, sizeof preimage);
    ol_keyring_fini(&keys);
    return err;
}

enum ol_err ol_setup_psk(const char *file, struct ol_random random, struct ol_fault *f)
{
    uint8_t key[32];
    uint8_t text[ARMOURED];
    struct ol_wr w = ol_wr_to(text, sizeof text);
    enum ol_err err;

    random.fill(random.ctx, key, sizeof key);
    err = make_armoured(AT_FDCWD, &(struct ol_file_new){file, ol_span(key, sizeof key), 0600, true},
                        "OPENLINE COURIER KEY", &w, f);
    ol_wipe(key, sizeof key);
    ol_wipe(text, sizeof text);
    return err;
}
