/* SPDX-License-Identifier: Apache-2.0 */
/* init, card, psk: what a station is made of before it has a line. */
#include "station/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "armour/armour.h"
#include "cli/cmd.h"

static void fingerprint(const struct ol_card *card, char hex[static OL_HASH_HEX])
{
    struct ol_hash hash;

    ol_card_hash(card, &hash);
    ol_hash_hex(&hash, hex);
}

enum ol_exit ol_cmd_init(const struct ol_cli *c)
{
    const struct ol_setup_names names = {
        .party = ol_args_value(&c->args, "party"),
        .station = ol_args_value(&c->args, "station"),
        .lang = ol_args_value(&c->args, "lang"),
    };
    const char *dir = c->args.operand[0];
    struct ol_card card;
    char hex[OL_HASH_HEX];
    struct ol_fault f;

    if (names.party == NULL)
        return ol_cmd_needs("init", "--party");
    if (names.station == NULL)
        return ol_cmd_needs("init", "--station");
    if (names.lang == NULL)
        return ol_cmd_needs("init", "--lang");
    if (ol_setup_init(dir, &names, ol_random_system(), &card, &f) != OL_OK)
        return ol_cmd_fail(&f);
    fingerprint(&card, hex);
    ol_print(stderr, "say.init", "dir", dir, NULL);
    if (c->json)
        ol_print_json(json_pack("{s:i,s:s,s:s,s:s,s:s,s:s}", "schema", 1, "home", dir, "party",
                                card.party, "station", card.station, "lang", card.lang[0], "fingerprint",
                                hex));
    else
        ol_print(stdout, "say.fingerprint", "party", card.party, "station", card.station, "fingerprint",
                 hex, NULL);
    return OL_EXIT_DONE;
}

/* The card is public and made again at will, so this may replace. */
static bool save(const char *file, struct ol_span text, struct ol_fault *f)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool done = fd >= 0 && write(fd, text.p, text.len) == (ssize_t)text.len;
    int error = errno;

    if (fd >= 0 && close(fd)) {
        error = errno;
        done = false;
    }
    if (!done)
        ol_fault_set(f, OL_EXIT_FAILED, "err.file.io", "file", file, "detail", strerror(error), NULL);
    return done;
}

static void show_card(const struct ol_cli *c, const struct ol_card *card, struct ol_span text,
                      const char *file)
{
    char hex[OL_HASH_HEX];

    fingerprint(card, hex);
    if (c->json)
        ol_print_json(json_pack("{s:i,s:s,s:s,s:s,s:s,s:s?,s:s%}", "schema", 1, "party", card->party,
                                "station", card->station, "lang", card->lang[0], "fingerprint", hex,
                                "file", file, "card", (const char *)text.p, text.len));
    else if (file == NULL)
        fwrite(text.p, 1, text.len, stdout);
    ol_print(stderr, "say.fingerprint", "party", card->party, "station", card->station, "fingerprint",
             hex, NULL);
}

enum ol_exit ol_cmd_card(const struct ol_cli *c)
{
    const char *file = ol_args_value(&c->args, "output");
    uint8_t bytes[OL_CARD_MAX];
    uint8_t text[2 * OL_CARD_MAX];
    struct ol_wr w = ol_wr_to(bytes, sizeof bytes);
    struct ol_wr armoured = ol_wr_to(text, sizeof text);
    struct ol_card card;
    struct ol_home h;
    struct ol_fault f;
    enum ol_err err = ol_home_open(c->home, &h, &f);

    if (!err)
        err = ol_card_file_read(h.dir, OL_HOME_CARD, &card, &f);
    ol_home_close(&h);
    if (err)
        return ol_cmd_fail(&f);
    if (ol_card_write(&card, &w) != OL_OK ||
        ol_armour_write("OPENLINE CARD", ol_wr_span(&w), &armoured) != OL_OK) {
        ol_fault_set(&f, OL_EXIT_FAILED, "err.card.unreadable", "file", OL_HOME_CARD, NULL);
        return ol_cmd_fail(&f);
    }
    if (file != NULL && !save(file, ol_wr_span(&armoured), &f))
        return ol_cmd_fail(&f);
    show_card(c, &card, ol_wr_span(&armoured), file);
    return OL_EXIT_DONE;
}

enum ol_exit ol_cmd_psk(const struct ol_cli *c)
{
    const char *file = ol_args_value(&c->args, "output");
    struct ol_fault f;

    if (file == NULL)
        return ol_cmd_needs("psk", "-o");
    if (ol_setup_psk(file, ol_random_system(), &f) != OL_OK)
        return ol_cmd_fail(&f);
    ol_print(stderr, "say.psk", "file", file, NULL);
    if (c->json)
        ol_print_json(json_pack("{s:i,s:s}", "schema", 1, "file", file));
    return OL_EXIT_DONE;
}
