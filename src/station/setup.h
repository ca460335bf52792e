/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a home, and pairing it with another station's card and a courier key. All of
 * this works on the files of the home; a station that runs is told afterwards to read
 * them again. Faults carry the exit code.
 */
#ifndef OL_STATION_SETUP_H
#define OL_STATION_SETUP_H

#include "station/home.h"
#include "store/store.h"

struct ol_setup_names {
    const char *party;
    const char *station;
    const char *lang;
};

/* Makes the home, and the directory if there is none. EXISTS: something of a home is there already; on
 * any failure nothing that it made is left. */
OL_MUST_USE enum ol_err ol_setup_init(const char *dir, const struct ol_setup_names *names,
                                      struct ol_random random, struct ol_card *card, struct ol_fault *f);

/* A fresh courier key in a new file, 0600. */
OL_MUST_USE enum ol_err ol_setup_psk(const char *file, struct ol_random random, struct ol_fault *f);

#define OL_CODE_DIGITS 30u

struct ol_setup_line {
    struct ol_hash id;
    uint8_t side;
    char code[OL_CODE_DIGITS + 1]; /* this side's, for the other side to type */
    bool compared;
    bool off_record;
};

struct ol_setup_pair {
    const char *name;
    const char *card; /* files */
    const char *psk;
    const char *code; /* the other side's, or NULL */
    const char *const *path;
    size_t paths;
    enum ol_setup_off_record { OL_SETUP_AS_IT_IS, OL_SETUP_ALLOW, OL_SETUP_REFUSE } off_record; /* messages off the record */
};

/* A new line. MISMATCH: the code is not the other side's, or the card is one's own; nothing was written.
 * EXISTS: a line of this name, or this very line, is there. MALFORMED: a name or a path. */
OL_MUST_USE enum ol_err ol_setup_pair(const struct ol_home *h, const struct ol_setup_pair *want,
                                      struct ol_setup_line *out, struct ol_fault *f);

/* A successor of the line called `name`, which it takes; the old line becomes name.N. Without a card the
 * other side's is as it was. ABSENT: no such line. As ol_setup_pair. */
OL_MUST_USE enum ol_err ol_setup_renew(const struct ol_home *h, const struct ol_setup_pair *want,
                                       struct ol_setup_line *out, struct ol_fault *f);

/* Marks a line as revoked by the note in this file. MISMATCH: it does not revoke the card of the line's
 * other side. ABSENT: no such line. */
OL_MUST_USE enum ol_err ol_setup_revoke(const struct ol_home *h, const char *name, const char *note,
                                        struct ol_fault *f);

/* Of a line that is paired: this side's code, with the other side's (not NULL) the comparison, which is then on record;
 * and whether it takes messages off the record. Of `want` name, code and off_record count. MISMATCH: the code is not the
 * other side's, nothing was changed. ABSENT: no such line. */
OL_MUST_USE enum ol_err ol_setup_change(const struct ol_home *h, const struct ol_setup_pair *want,
                                        struct ol_setup_line *out, struct ol_fault *f);

/* One at a time changes a home; *lock is closed by the caller. EXISTS: another one is at it; IO. */
OL_MUST_USE enum ol_err ol_setup_lock(const struct ol_home *h, int *lock, struct ol_fault *f);

/* Opens the home's store; the fault carries the engine's words. */
OL_MUST_USE enum ol_err ol_setup_store_open(const struct ol_home *h, bool read_only,
                                            struct ol_store **out, struct ol_fault *f);
/* A line by its name. ABSENT, with the fault. */
OL_MUST_USE enum ol_err ol_setup_line_find(struct ol_store *s, const char *name,
                                           struct ol_line_info *out, struct ol_fault *f);

#endif
