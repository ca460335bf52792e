/* SPDX-License-Identifier: Apache-2.0 */
/* What people say off the record: heard once at most, as it was said, where it is taken, and kept nowhere. */
#include <stdlib.h>
#include <string.h>

#include "sim/run.h"

#define MARK "between us, "
#define FILL_MOST 300u
#define WORD_MOST (FILL_MOST + 40)

/* The same words for the same number, whoever asks. */
static struct ol_span words(char author, uint64_t number, size_t fill, char out[static WORD_MOST])
{
    size_t n = (size_t)snprintf(out, WORD_MOST, MARK "%c %llu %u ", author, (unsigned long long)number, (unsigned)fill);

    memset(out + n, '.', fill);
    return ol_span(out, n + fill);
}

static bool holds_words(const void *bytes, size_t len)
{
    return bytes != NULL && memmem(bytes, len, MARK, strlen(MARK)) != NULL;
}

void sim_check_forgotten(struct sim_party *p)
{
    sim_check(p->sim, SIM_CHECK_OFF_RECORD_KEPT, !holds_words(p->line, sizeof *p->line),
              "%s: the line still holds what was said off the record", p->name);
}

static void say(struct sim_party *p, struct sim_rng *rng)
{
    uint8_t path = (uint8_t)sim_rng_below(rng, p->sim->net.paths);
    size_t fill = (size_t)sim_rng_below(rng, FILL_MOST);
    struct sim_off_record *all = &p->sim->off_record;
    char text[WORD_MOST];
    struct ol_out out;

    if (ol_line_off_record(p->line, path, words((char)p->side, all->n, fill, text), &out) != OL_OK)
        return;
    sim_world_say(&p->sim->world, "%s says number %zu off the record", p->name, all->n);
    all->heard = sim_must(realloc(all->heard, all->n + 1));
    all->heard[all->n++] = false;
    sim_party_send(p, &out);
    sim_check_forgotten(p);
}

void sim_people_off_record(struct sim_party *p, struct sim_rng *rng)
{
    if (!p->running || p->paused_until > p->sim->world.now)
        return;
    if (sim_rng_below(rng, 20) == 0) {
        p->takes_off_record = !p->takes_off_record;
        sim_world_say(&p->sim->world, "%s takes %s off the record", p->name,
                      p->takes_off_record ? "what is said" : "nothing");
    } else {
        say(p, rng);
    }
    sim_party_wake(p);
}

/* Nobody but a liar could have made it say anything else: the frame is sealed. */
void sim_people_hear(struct sim_party *p, struct ol_span text)
{
    struct sim_off_record *all = &p->sim->off_record;
    char said[WORD_MOST];
    unsigned long long number = 0;
    unsigned fill = 0;
    char author = 0;
    bool as_said;

    memset(said, 0, sizeof said);
    memcpy(said, text.p, text.len < sizeof said ? text.len : sizeof said - 1);
    as_said = sscanf(said, MARK "%c %llu %u ", &author, &number, &fill) == 3 && number < all->n && fill < FILL_MOST &&
              ol_span_equal(text, words(author, number, fill, said));
    if (sim_peer(p)->lies || sim_peer(p)->tap.out != NULL)
        return; /* who is believed all the same may have made it up */
    sim_check(p->sim, SIM_CHECK_OFF_RECORD_HEARD,
              as_said && author != p->side && !all->heard[number] && p->took_off_record,
              "%s hears off the record what was not said so, again, or though it takes none: %.40s", p->name, said);
    if (as_said)
        all->heard[number] = true;
    sim_world_say(&p->sim->world, "%s hears number %llu off the record", p->name, number);
}

/* Not even in what a log or a page that was freed still has. */
void sim_check_off_record(struct sim *s)
{
    static const char *const files[] = {SIM_RECORD, SIM_RECORD "-wal", SIM_RECORD "-journal"};

    for (unsigned i = 0; i < SIM_PARTIES && s->off_record.n > 0; i++) {
        const struct sim_disk *d = s->party[i].disk;

        for (size_t f = 0; d != NULL && f < sizeof files / sizeof files[0]; f++)
            sim_check(s, SIM_CHECK_OFF_RECORD_KEPT,
                      !holds_words(sim_disk_bytes(d, files[f]), sim_disk_size(d, files[f])),
                      "%s of %s holds what was said off the record", files[f], s->party[i].name);
    }
}
