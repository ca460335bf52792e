/* SPDX-License-Identifier: Apache-2.0 */
/* openline-verify: checks an export, a disclosure or evidence: no station, no store, no network. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "armour/armour.h"
#include "lang/text.h"
#include "sandbox/sandbox.h"
#include "verify/report.h"

enum {
    EXIT_VERIFIED = 0,
    EXIT_UNREADABLE = 1,
    EXIT_USAGE = 2,
    EXIT_REFUSED = 12,
};

/* ---- Files ---- */

/* The file in memory, unmapped when the program ends. False, with the error in r: it cannot be read. */
static bool map(const char *path, struct ol_span *out, struct report *r)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *p = NULL;

    *out = ol_span(NULL, 0);
    if (fd < 0 || fstat(fd, &st) != 0)
        goto failed;
    if (!S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : ESPIPE;
        goto failed;
    }
    if (st.st_size > 0) {
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED)
            goto failed;
    }
    close(fd);
    *out = ol_span(p, (size_t)st.st_size);
    return true;
failed:
    ol_text_fill(r->error, sizeof r->error, "err.file.io", "file", path, "detail", strerror(errno), NULL);
    if (fd >= 0)
        close(fd);
    return false;
}

/* ---- The three kinds ---- */

struct remarks {
    struct report *report;
    bool no_memory;
};

static void on_remark(void *ctx, const struct ol_finding *remark)
{
    struct remarks *all = ctx;

    if (!all->no_memory && !report_remark(all->report, remark))
        all->no_memory = true;
}

static int out_of_memory(struct report *r)
{
    ol_text_fill(r->error, sizeof r->error, "verify.no_memory", NULL);
    return EXIT_UNREADABLE;
}

static int refused(struct report *r)
{
    report_refused(r);
    return EXIT_REFUSED;
}

static int verify_export(struct ol_span file, bool list, struct report *r)
{
    static struct ol_export e;
    struct remarks remarks = {.report = r};
    struct ol_export_place *places;
    enum ol_err err;

    r->kind = "export";
    err = ol_export_open(file, &e, &r->why);
    r->parties = e.parties;
    if (err)
        return refused(r);
    places = calloc((size_t)e.entries[0] + e.entries[1] + 1, sizeof *places);
    if (places == NULL)
        return out_of_memory(r);
    err = ol_export_verify(&e, places, on_remark, &remarks, r->heads, &r->why);
    free(places);
    if (err)
        return refused(r);
    if (remarks.no_memory)
        return out_of_memory(r);
    memcpy(r->entries, e.entries, sizeof r->entries);
    r->has_heads = true;
    r->listed = list ? &e : NULL;
    return EXIT_VERIFIED;
}

static int verify_disclosure(struct ol_span file, struct report *r)
{
    r->kind = "disclosure";
    if (ol_disclosure_verify(file, &r->disclosure, &r->why))
        return refused(r);
    r->parties = r->disclosure.parties;
    r->entries[r->disclosure.h.author - 'A'] = 1;
    return EXIT_VERIFIED;
}

static int verify_evidence(struct ol_span file, struct report *r)
{
    r->kind = "evidence";
    if (ol_evidence_verify(file, &r->evidence, &r->why))
        return refused(r);
    r->parties = r->evidence.parties;
    r->entries[r->evidence.h[0].author - 'A'] = 2;
    return EXIT_VERIFIED;
}

static int verify(struct ol_span file, bool list, struct report *r)
{
    if (ol_proof_is(file, OL_EXPORT_MAGIC))
        return verify_export(file, list, r);
    if (ol_proof_is(file, OL_DISCLOSURE_MAGIC))
        return verify_disclosure(file, r);
    if (ol_proof_is(file, OL_EVIDENCE_MAGIC))
        return verify_evidence(file, r);
    ol_text_fill(r->error, sizeof r->error, "verify.no_kind", NULL);
    return EXIT_REFUSED;
}

/* ---- Cards ---- */

static int check_card(const char *path, struct report *r)
{
    uint8_t bytes[OL_CARD_MAX];
    struct ol_wr card = ol_wr_to(bytes, sizeof bytes);
    struct ol_span text;
    bool any = false;

    if (!map(path, &text, r))
        return EXIT_UNREADABLE;
    if (ol_armour_read("OPENLINE CARD", text, &card)) {
        ol_text_fill(r->error, sizeof r->error, "verify.no_card", "file", path, NULL);
        return EXIT_REFUSED;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (ol_span_equal(ol_wr_span(&card), r->parties.card[i]))
            any = r->card_given[i] = true;
    }
    if (any)
        return EXIT_VERIFIED;
    ol_text_fill(r->error, sizeof r->error, "verify.other_card", "file", path, NULL);
    return EXIT_REFUSED;
}

/* ---- The command line ---- */

struct args {
    const char *file;
    const char **cards;
    size_t cards_n;
    bool entries;
    bool json;
};

static int misused(void)
{
    report_line(stderr, "verify.usage", NULL);
    return EXIT_USAGE;
}

/* EXIT_VERIFIED to go on; otherwise *done says whether to end at once, with that code. */
static int parse(int argc, char **argv, struct args *a, bool *done)
{
    static const struct option options[] = {
        {"card", required_argument, NULL, 'c'},
        {"entries", no_argument, NULL, 'e'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    int option;

    *done = true;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            a->cards[a->cards_n++] = optarg;
            break;
        case 'e':
            a->entries = true;
            break;
        case 'j':
            a->json = true;
            break;
        case 'h':
            report_line(stdout, "verify.usage", NULL);
            return EXIT_VERIFIED;
        case 'v':
            puts("openline-verify " OL_VERSION);
            return EXIT_VERIFIED;
        default:
            return misused();
        }
    }
    if (argc - optind != 1)
        return misused();
    a->file = argv[optind];
    *done = false;
    return EXIT_VERIFIED;
}

/* It reads the files that it was given, and writes what it says of them. */
static bool confine(const struct args *a, struct report *r)
{
    struct ol_sandbox_path *paths = calloc(a->cards_n + 1, sizeof *paths);
    const struct ol_sandbox s = {.program = OL_SANDBOX_VERIFY, .paths = paths, .paths_n = a->cards_n + 1};
    char why[OL_SANDBOX_WHY];
    enum ol_err err;

    if (paths == NULL) {
        out_of_memory(r);
        return false;
    }
    for (size_t i = 0; i < s.paths_n; i++)
        paths[i] = (struct ol_sandbox_path){i < a->cards_n ? a->cards[i] : a->file, OL_SANDBOX_READ};
    err = ol_sandbox_enter(&s, why);
    free(paths);
    if (err)
        snprintf(r->error, sizeof r->error, "%s", why);
    return !err;
}

static int run(const struct args *a, struct report *r)
{
    struct ol_span file;
    int code = confine(a, r) && map(a->file, &file, r) ? verify(file, a->entries, r) : EXIT_UNREADABLE;

    for (size_t i = 0; i < a->cards_n && code == EXIT_VERIFIED; i++)
        code = check_card(a->cards[i], r);
    if (code != EXIT_VERIFIED) {
        r->remarks_n = 0;
        r->disclosure = (struct ol_disclosure){0};
        r->evidence = (struct ol_evidence){0};
        r->listed = NULL;
    }
    if (a->json)
        report_json(r);
    else
        report_text(r);
    return code;
}

int main(int argc, char **argv)
{
    struct args a = {.cards = calloc((size_t)argc + 1, sizeof *a.cards)};
    struct report *r = calloc(1, sizeof *r);
    bool done = true;
    int code = EXIT_UNREADABLE;

    ol_text_choose(NULL);
    if (a.cards == NULL || r == NULL || ol_crypto_init() != OL_OK) {
        fputs("openline-verify: ", stderr);
        report_line(stderr, "verify.cannot_start", NULL);
        goto out;
    }
    code = parse(argc, argv, &a, &done);
    if (done)
        goto out;
    if (a.json) /* programs read that */
        ol_text_speak("en");
    code = run(&a, r);
    if (r->error[0] != '\0') {
        fputs("openline-verify: ", stderr);
        report_line(stderr, code == EXIT_REFUSED ? "verify.refused" : "verify.failed", "detail", r->error, NULL);
    }
    if (fflush(stdout) != 0)
        code = EXIT_UNREADABLE;
out:
    free(a.cards);
    if (r != NULL)
        free(r->remarks);
    free(r);
    return code;
}
