/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, cards and homes: how a line comes to be, and how a home is copied. */
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "sim/run.h"
#include "wire/card.h"

static void make_card(const struct sim_party *p, const struct ol_sign_pk *sign, struct ol_card *out)
{
    *out = (struct ol_card){.sign = *sign, .langs = 1, .lang = {"en"}};
    memcpy(out->party, p->name, sizeof p->name);
    memcpy(out->station, "Watch", sizeof "Watch");
    ol_dh_public(&p->agree, &out->agree);
}

static void write_card(const struct ol_card *card, uint8_t *out, size_t *len)
{
    struct ol_wr w = ol_wr_to(out, OL_CARD_MAX);

    if (ol_card_write(card, &w))
        abort();
    *len = w.len;
}

static void make_home(struct sim_party *p)
{
    char path[SIM_DISK_PATH];
    struct ol_store_cfg cfg = {.path = path, .no_thread = true};
    struct ol_store *store;

    p->disk = sim_must(sim_disk_new(sim_rng_next(&p->pace)));
    if (ol_store_create(sim_disk_path(p->disk, SIM_RECORD, path)) || ol_store_open(&cfg, &store, NULL) ||
        ol_store_line_add(store, &p->info))
        abort();
    ol_store_close(&store);
}

static void init(struct sim_party *p, struct sim *s, unsigned index, const char *name)
{
    *p = (struct sim_party){.sim = s, .index = (uint8_t)index, .exists = true, .next_token = 1,
                            .takes_off_record = true, .commit_most = 1 + 20 * SIM_MS,
                            .told_up_wrong = SIM_NEVER, .unable_since = SIM_NEVER};
    strncpy(p->name, name, sizeof p->name - 1);
    sim_rng_init(&p->rng, s->world.seed, name);
    sim_rng_init(&p->pace, sim_rng_next(&p->rng), "pace");
    p->clock.mono = sim_rng_below(&p->pace, 1000 * SIM_MINUTE);
}

/* A is the lower signing key: whoever drew that is A. */
void sim_party_pair(struct sim *s)
{
    struct sim_party *p = s->party;
    struct ol_random random = {.ctx = &p[0].rng, .fill = sim_rng_fill};
    struct ol_courier_key key;
    struct ol_card card[2];
    struct ol_sign_sk sk[2];
    struct ol_sign_pk pk[2];
    struct ol_hash fingerprint[2];
    struct ol_hash id0;
    unsigned lower;
    unsigned turned;

    init(&p[0], s, 0, "A");
    init(&p[1], s, 1, "B");
    for (unsigned i = 0; i < 2; i++) {
        ol_sign_keygen(random, &sk[i], &pk[i]);
        ol_dh_keygen(random, &p[i].agree, &(struct ol_dh_pk){{0}});
    }
    lower = memcmp(pk[0].b, pk[1].b, sizeof pk[0].b) < 0 ? 0 : 1;
    turned = (unsigned)sim_rng_below(&p[0].pace, 2);
    random.fill(random.ctx, key.b, sizeof key.b);
    for (unsigned i = 0; i < 2; i++) {
        p[i].sign = sk[i ^ lower];
        make_card(&p[i], &pk[i ^ lower], &card[i]);
        ol_card_hash(&card[i], &fingerprint[i]);
    }
    ol_public_id(&key, &id0);
    for (unsigned i = 0; i < 2; i++) {
        struct ol_line_info *info = &p[i].info;

        p[i].side = (uint8_t)('A' + i);
        p[i].end = (uint8_t)(i ^ turned);
        p[i].pk[0] = card[0].sign;
        p[i].pk[1] = card[1].sign;
        p[i].peer_agree = card[1 - i].agree;
        memcpy(info->name, "line", sizeof "line");
        info->id0 = id0;
        info->compared = true;
        ol_line_id(&id0, &fingerprint[0], &fingerprint[1], &info->id);
        write_card(&card[i], info->own_card, &info->own_card_len);
        write_card(&card[1 - i], info->peer_card, &info->peer_card_len);
        ol_line_keys(&key, &info->id, &p[i].keys);
        make_home(&p[i]);
    }
}

struct sim_party *sim_party_copy(struct sim_party *original)
{
    struct sim *s = original->sim;
    struct sim_party *p = &s->party[SIM_PARTIES - 1];

    if (p->exists)
        return NULL;
    init(p, s, SIM_PARTIES - 1, original->side == 'A' ? "A'" : "B'");
    p->end = original->end;
    p->side = original->side;
    p->sign = original->sign;
    p->agree = original->agree;
    p->keys = original->keys;
    p->peer_agree = original->peer_agree;
    memcpy(p->pk, original->pk, sizeof p->pk);
    p->info = original->info;
    p->disk = sim_must(sim_disk_new(sim_rng_next(&p->pace)));
    sim_disk_copy(p->disk, original->disk);
    return p;
}
