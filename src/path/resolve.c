/* SPDX-License-Identifier: Apache-2.0 */
#include "path/resolve.h"

#include <assert.h>
#include <stdio.h>

#define TURNS 64u /* addresses of one name that are tried */

static const struct addrinfo *in_turn(const struct addrinfo *list, unsigned turn)
{
    const struct addrinfo *a = list;

    for (; turn > 0; turn--)
        a = a->ai_next != NULL ? a->ai_next : list;
    return a;
}

static void on_addresses(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
    struct ol_resolve *r = req->data;

    r->busy = false;
    if (status == 0 && list == NULL)
        status = UV_EAI_NONAME;
    r->done(r, status, status == 0 ? in_turn(list, r->turn++ % TURNS)->ai_addr : NULL);
    uv_freeaddrinfo(list);
}

static bool in_figures(const struct ol_endpoint *e, int family, struct sockaddr_storage *out)
{
    if (family != AF_INET6 && uv_ip4_addr(e->host, e->port, (struct sockaddr_in *)out) == 0)
        return true;
    return family != AF_INET && uv_ip6_addr(e->host, e->port, (struct sockaddr_in6 *)out) == 0;
}

void ol_resolve_start(struct ol_resolve *r, uv_loop_t *loop, const struct ol_endpoint *e, int family,
                      void (*done)(struct ol_resolve *r, int status, const struct sockaddr *addr))
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
    struct sockaddr_storage addr = {0};
    char port[8];
    int status;

    assert(!r->busy);
    r->done = done;
    r->req.data = r;
    if (in_figures(e, family, &addr)) {
        done(r, 0, (const struct sockaddr *)&addr);
        return;
    }
    snprintf(port, sizeof port, "%u", e->port);
    status = uv_getaddrinfo(loop, &r->req, on_addresses, e->host, port, &hints);
    if (status != 0)
        done(r, status, NULL);
    else
        r->busy = true;
}

void ol_resolve_cancel(struct ol_resolve *r)
{
    if (r->busy)
        uv_cancel((uv_req_t *)&r->req);
}
