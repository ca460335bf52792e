/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A station's home: one directory with everything that the station keeps.
 *
 *     keys              0600  its secrets (station/keyring.h)
 *     card                    its own card, armoured; public
 *     station.conf            settings
 *     relay.conf              the paths of its lines (path/conf.h)
 *     record.db         0600  its lines and their records (store/store.h)
 *     search.db         0600  the index of the words on record, made of it again when it is not there (store/search.h)
 *     revocation.note   0600  what revokes the card, armoured; to be put in a safe
 *     run/              0700  sockets and locks
 *     log/              0700
 *
 * Everything in it is reached through one descriptor, so the directory may have a name of any length
 * and the caller stays where it is.
 */
#ifndef OL_STATION_HOME_H
#define OL_STATION_HOME_H

#include <sys/types.h>

#include "station/file.h"
#include "station/keyring.h"
#include "wire/card.h"

#define OL_HOME_KEYS "keys"
#define OL_HOME_CARD "card"
#define OL_HOME_STATION_CONF "station.conf"
#define OL_HOME_RELAY_CONF "relay.conf"
#define OL_HOME_RECORD "record.db"
#define OL_HOME_SEARCH "search.db"
#define OL_HOME_REVOCATION "revocation.note"
#define OL_HOME_RUN "run"
#define OL_HOME_LOG "log"
#define OL_HOME_CONTROL "run/control.sock"
#define OL_HOME_STATION_LOCK "run/openlined.lock"
#define OL_HOME_STATION_PID "run/openlined.pid"
#define OL_HOME_RELAY "run/relay.sock"
#define OL_HOME_RELAY_LOCK "run/relay.lock"
#define OL_HOME_RELAY_PID "run/relay.pid"
#define OL_HOME_SETUP_LOCK "run/setup.lock"

#define OL_HOME_PATH_MAX 64u /* of what ol_home_path writes, with its NUL */

/* A hash in lower-case hex with its NUL, as people read fingerprints and line ids. */
#define OL_HASH_HEX 65u
void ol_hash_hex(const struct ol_hash *hash, char out[static OL_HASH_HEX]);

/* An entry's id as people write it, A12: author and number from 1. False when it is none. */
bool ol_entry_id_read(const char *text, uint8_t *author, uint32_t *seq);

struct ol_home {
    int dir; /* -1 when closed; for ol_file_read and ol_file_write */
};

/* Opens a directory that has a `keys` file. ABSENT or IO, with the fault. */
OL_MUST_USE enum ol_err ol_home_open(const char *dir, struct ol_home *out, struct ol_fault *f);
void ol_home_close(struct ol_home *h); /* a closed one is fine */
/* A path to a file of the home for interfaces that take only paths: short, whatever the home's own path,
 * and good in this process while the home is open. */
void ol_home_path(const struct ol_home *h, const char *name, char out[static OL_HOME_PATH_MAX]);

/* The keys file. MISMATCH when others may read it; MALFORMED; as ol_file_read and ol_file_write. */
OL_MUST_USE enum ol_err ol_home_keys_read(const struct ol_home *h, struct ol_keyring *out,
                                          struct ol_fault *f);
OL_MUST_USE enum ol_err ol_home_keys_write(const struct ol_home *h, const struct ol_keyring *k,
                                           bool fresh, struct ol_fault *f);

/* The station's own card, checked against its keys: MISMATCH when they do not belong together. */
OL_MUST_USE enum ol_err ol_home_card_read(const struct ol_home *h, const struct ol_keyring *k,
                                          struct ol_card *out, struct ol_fault *f);

/* Locks (flock): held by a process, gone when the process is, however that ended. EXISTS: another
 * process holds it; IO. Held until *fd is closed. */
OL_MUST_USE enum ol_err ol_home_lock(const struct ol_home *h, const char *name, int *fd);
/* Whether some process holds it. Looking takes it for a moment when it is free. */
bool ol_home_locked(const struct ol_home *h, const char *name);
/* For a program to call when it holds its lock: its number, for those who want to end it. */
OL_MUST_USE enum ol_err ol_home_pid_write(const struct ol_home *h, const char *name);
/* The number of the program that runs in this home, or 0. It is believed only when its process works in
 * this directory and the lock is held, so a number that was left behind harms nobody. */
pid_t ol_home_running(const struct ol_home *h, const char *lock, const char *pid_file);
/* As ol_home_running, for who may not look at other processes: the number that its holder wrote beside the lock. */
pid_t ol_home_holder(const struct ol_home *h, const char *lock, const char *pid_file);

/* Connects to a socket of the home. ABSENT when nobody listens; IO. */
OL_MUST_USE enum ol_err ol_home_connect(const struct ol_home *h, const char *name, int *fd);

#endif
