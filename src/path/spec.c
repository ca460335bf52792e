/* SPDX-License-Identifier: Apache-2.0 */
#include "path/spec.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define ZONE_MAX 15 /* the name of a network interface */

#define FORMS "tcp:connect:HOST:PORT, tcp:listen:HOST:PORT or udp:LOCALHOST:LOCALPORT:HOST:PORT is meant"

static const char *const prefixes[] = {
    [OL_SPEC_TCP_CONNECT] = "tcp:connect:",
    [OL_SPEC_TCP_LISTEN] = "tcp:listen:",
    [OL_SPEC_UDP] = "udp:",
};

struct parser {
    const char *at;
    char *why;
};

static bool refuse(struct parser *p, const char *what, const char *word, size_t len, const char *meant)
{
    snprintf(p->why, OL_WHY_MAX, "%s \"%.*s\": %s", what, len < 80 ? (int)len : 80, word, meant);
    return false;
}

static bool is_ipv6(const char *host)
{
    char bare[INET6_ADDRSTRLEN];
    size_t len = strcspn(host, "%");
    const char *zone = host + len;
    struct in6_addr addr;

    if (len >= sizeof bare)
        return false;
    memcpy(bare, host, len);
    bare[len] = '\0';
    if (*zone == '%' && (zone[1] == '\0' || strlen(zone + 1) > ZONE_MAX))
        return false;
    return inet_pton(AF_INET6, bare, &addr) == 1;
}

/* A host of digits and dots alone is meant as an address, and no resolver gets to guess at it. */
static bool is_name_or_ipv4(const char *host)
{
    struct in_addr addr;

    if (host[strspn(host, DIGITS ".")] == '\0')
        return inet_pton(AF_INET, host, &addr) == 1;
    return host[strspn(host, LETTERS DIGITS "-._")] == '\0' && host[0] != '-' && host[0] != '.';
}

static bool take_host(struct parser *p, char *host)
{
    bool bracket = *p->at == '[';
    const char *from = p->at + (bracket ? 1 : 0);
    size_t len = strcspn(from, bracket ? "]" : ":");

    if (bracket && from[len] != ']')
        return refuse(p, "host", p->at, strlen(p->at), "a ']' is missing");
    if (len == 0 || len > OL_HOST_MAX)
        return refuse(p, "host", from, len,
                      "a name or an IPv4 address is meant, or an IPv6 address in brackets");
    memcpy(host, from, len);
    host[len] = '\0';
    if (bracket && !is_ipv6(host))
        return refuse(p, "host", from, len, "an IPv6 address is meant in the brackets");
    if (!bracket && !is_name_or_ipv4(host))
        return refuse(p, "host", from, len,
                      "a name or an IPv4 address is meant, or an IPv6 address in brackets");
    p->at = from + len + (bracket ? 1 : 0);
    return true;
}

static bool take_port(struct parser *p, uint16_t *port)
{
    size_t len = strspn(p->at, DIGITS);
    uint32_t value = 0;

    if (len >= 1 && len <= 5 && p->at[0] != '0' && (p->at[len] == ':' || p->at[len] == '\0'))
        for (size_t i = 0; i < len; i++)
            value = value * 10 + (uint32_t)(p->at[i] - '0');
    if (value < 1 || value > UINT16_MAX)
        return refuse(p, "port", p->at, strlen(p->at),
                      "a number from 1 to 65535 is meant (and an IPv6 address goes in brackets)");
    *port = (uint16_t)value;
    p->at += len;
    return true;
}

static bool take_colon(struct parser *p)
{
    if (*p->at != ':')
        return refuse(p, "after the host", p->at, strlen(p->at), "a ':' and a port are meant");
    p->at++;
    return true;
}

static bool take_endpoint(struct parser *p, struct ol_endpoint *e)
{
    return take_host(p, e->host) && take_colon(p) && take_port(p, &e->port);
}

static bool take_end(struct parser *p)
{
    if (*p->at != '\0')
        return refuse(p, "after the port", p->at, strlen(p->at), "nothing more is meant");
    return true;
}

static bool take_second(struct parser *p, struct ol_endpoint *e)
{
    if (*p->at != ':')
        return refuse(p, "after the local port", p->at, strlen(p->at),
                      "the other side's :HOST:PORT is meant");
    p->at++;
    return take_endpoint(p, e);
}

static bool take_rest(struct parser *p, struct ol_spec *s)
{
    switch (s->kind) {
    case OL_SPEC_TCP_CONNECT:
        return take_endpoint(p, &s->remote) && take_end(p);
    case OL_SPEC_TCP_LISTEN:
        return take_endpoint(p, &s->local) && take_end(p);
    case OL_SPEC_UDP:
        return take_endpoint(p, &s->local) && take_second(p, &s->remote) && take_end(p);
    }
    return false;
}

static bool take_kind(struct parser *p, enum ol_spec_kind *kind)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t len = strlen(prefixes[i]);

        if (strncmp(p->at, prefixes[i], len) == 0) {
            *kind = (enum ol_spec_kind)i;
            p->at += len;
            return true;
        }
    }
    return refuse(p, "spec", p->at, strlen(p->at), FORMS);
}

/* Checked first, so that any word of it may stand in a refusal and a refusal may stand in a log. */
static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

enum ol_err ol_spec_parse(const char *text, struct ol_spec *out, char why[static OL_WHY_MAX])
{
    struct parser p = {.at = text, .why = why};
    struct ol_spec s = {0};

    if (!is_printable(text)) {
        snprintf(why, OL_WHY_MAX, "spec: printable ASCII without spaces is meant");
        return OL_MALFORMED;
    }
    if (!take_kind(&p, &s.kind) || !take_rest(&p, &s))
        return OL_MALFORMED;
    *out = s;
    return OL_OK;
}

static void print_endpoint(const struct ol_endpoint *e, char *out, size_t cap)
{
    bool bracket = strchr(e->host, ':') != NULL;

    snprintf(out, cap, "%s%s%s:%u", bracket ? "[" : "", e->host, bracket ? "]" : "", e->port);
}

void ol_spec_print(const struct ol_spec *s, char out[static OL_SPEC_MAX])
{
    char local[OL_HOST_MAX + 16];
    char remote[OL_HOST_MAX + 16];

    print_endpoint(&s->local, local, sizeof local);
    print_endpoint(&s->remote, remote, sizeof remote);
    switch (s->kind) {
    case OL_SPEC_TCP_CONNECT:
        snprintf(out, OL_SPEC_MAX, "%s%s", prefixes[s->kind], remote);
        break;
    case OL_SPEC_TCP_LISTEN:
        snprintf(out, OL_SPEC_MAX, "%s%s", prefixes[s->kind], local);
        break;
    case OL_SPEC_UDP:
        snprintf(out, OL_SPEC_MAX, "%s%s:%s", prefixes[s->kind], local, remote);
        break;
    }
}

static bool endpoint_equal(const struct ol_endpoint *a, const struct ol_endpoint *b)
{
    return strcmp(a->host, b->host) == 0 && a->port == b->port;
}

bool ol_spec_equal(const struct ol_spec *a, const struct ol_spec *b)
{
    return a->kind == b->kind && endpoint_equal(&a->local, &b->local)
        && endpoint_equal(&a->remote, &b->remote);
}
