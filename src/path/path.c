/* SPDX-License-Identifier: Apache-2.0 */
#include "path/path.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct ol_carrier *const carriers[] = {
    [OL_SPEC_TCP_CONNECT] = &ol_tcp,
    [OL_SPEC_TCP_LISTEN] = &ol_tcp,
    [OL_SPEC_UDP] = &ol_udp,
};

struct ol_path *ol_path_new(const struct ol_path_host *host, const struct ol_spec *spec, void *owner)
{
    const struct ol_carrier *carrier = carriers[spec->kind];
    struct ol_path *p = calloc(1, carrier->size);

    if (p == NULL)
        return NULL;
    p->carrier = carrier;
    p->host = host;
    p->owner = owner;
    p->spec = *spec;
    return p;
}

void ol_path_open(struct ol_path *p)
{
    p->carrier->open(p);
}

void ol_path_send(struct ol_path *p, uint16_t conn, struct ol_span frame)
{
    const struct ol_carrier *c = p->carrier;
    bool fits = p->held < c->window && frame.len > 0 && frame.len <= c->mtu;

    if (!p->closing && fits && c->send(p, conn, frame))
        p->held++;
    else
        p->host->sent(p, 1);
}

void ol_path_flush(struct ol_path *p)
{
    if (!p->closing)
        p->carrier->flush(p);
}

void ol_path_prove(struct ol_path *p, uint16_t conn)
{
    if (!p->closing)
        p->carrier->prove(p, conn);
}

void ol_path_pause(struct ol_path *p, bool paused)
{
    if (p->closing || p->paused == paused)
        return;
    p->paused = paused;
    p->carrier->pause(p);
}

void ol_path_close(struct ol_path *p)
{
    if (p->closing)
        return;
    p->closing = true;
    p->carrier->close(p);
}

void ol_path_sent(struct ol_path *p, unsigned frames)
{
    assert(frames <= p->held);
    p->held -= frames;
    if (frames > 0)
        p->host->sent(p, frames);
}

void ol_path_log(struct ol_path *p, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    p->host->log(p, text);
}

void ol_path_done(struct ol_path *p)
{
    p->host->closed(p);
    free(p);
}
