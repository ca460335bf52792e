/* SPDX-License-Identifier: Apache-2.0 */
/* station.conf: settings that read are within their limits. */
#include <fcntl.h>
#include <unistd.h>

#include "folder.h"
#include "fuzz.h"
#include "station/conf.h"

static void write_again(const struct ol_home *h, const struct ol_station_conf *conf)
{
    uint8_t text[1024];
    struct ol_wr w = ol_wr_to(text, sizeof text);
    struct ol_station_conf again;
    struct ol_fault f = {0};
    enum ol_err err;

    ol_station_conf_write(conf->lang, &w);
    assert(!w.full);
    folder_write(OL_HOME_STATION_CONF, text, w.len);
    err = ol_station_conf_read(h, &again, &f);
    assert(err == OL_OK && strcmp(conf->lang, again.lang) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ol_home h = {.dir = open(folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    struct ol_station_conf conf;
    struct ol_fault f = {0};

    folder_write(OL_HOME_STATION_CONF, data, size);
    if (ol_station_conf_read(&h, &conf, &f)) {
        assert(f.key[0] != '\0' && conf.lang[0] == '\0');
    } else {
        assert(conf.liveness_seconds >= OL_LIVENESS_MIN && conf.liveness_seconds <= OL_LIVENESS_MAX);
        assert(conf.log <= OL_LOG_DEBUG && ol_lang_valid(ol_span(conf.lang, strlen(conf.lang))));
        write_again(&h, &conf);
    }
    close(h.dir);
    return 0;
}
