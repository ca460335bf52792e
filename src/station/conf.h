/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a station, station.conf in its home. */
#ifndef OL_STATION_CONF_H
#define OL_STATION_CONF_H

#include "base/limits.h"
#include "station/home.h"

#define OL_LIVENESS_MIN 1u
#define OL_LIVENESS_MAX 86400u
#define OL_WATCH_CHECK_MAX 86400u

enum ol_log_level {
    OL_LOG_WARN,
    OL_LOG_INFO,
    OL_LOG_DEBUG,
};

struct ol_station_conf {
    char lang[OL_LANG_MAX + 1]; /* of texts that do not say otherwise */
    uint32_t liveness_seconds;  /* at least this often each path is tried when nothing else crosses it */
    uint32_t watch_check_seconds; /* between two watch checks at an attended desk; 0: none */
    enum ol_log_level log;
};

/* The fault names file, line, setting, and what was meant. MALFORMED, as ol_file_read. */
OL_MUST_USE enum ol_err ol_station_conf_read(const struct ol_home *h, struct ol_station_conf *out,
                                             struct ol_fault *f);
/* The file as init writes it, every setting with its comment. */
void ol_station_conf_write(const char *lang, struct ol_wr *out);

#endif
