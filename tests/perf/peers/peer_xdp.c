// SPDX-License-Identifier: GPL-2.0-only
/*
 * What people write by hand: a program that looks the source up in one of the kernel's own maps, and one that drops
 * everything, as the limit of what can be had.
 */
#include "tests/perf/peers/peer_xdp.h"

#include "tests/perf/bench.h"
#include "tests/perf/peers/drop.skel.h"
#include "tests/perf/peers/hash.skel.h"
#include "tests/perf/peers/lpm.skel.h"
#include "tests/perf/peers/source.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>
#include <unistd.h>

#define ROOM 1024 /* for rules that are added */
#define BATCH 4096u

const struct peer *const peers_xdp[] = {
	&peer_fwd_arena,
	&peer_fwd_arena_plain,
	&peer_fwd_maps,
	&peer_fwd_maps_plain,
	&peer_fwd_set,
	&peer_lpm,
	&peer_hash,
	&peer_drop,
	NULL,
};

struct xdp {
	int prog, map; /* owned by the skeleton, which is one of these */
	struct lpm_bpf *lpm;
	struct hash_bpf *hash;
	struct drop_bpf *drop;
	uint32_t ifindex; /* 0: not attached */
};

static void xdp_unload(void *ctx)
{
	struct xdp *x = ctx;

	if (!x)
		return;
	if (x->ifindex)
		bpf_xdp_detach((int)x->ifindex, XDP_FLAGS_DRV_MODE, NULL);
	lpm_bpf__destroy(x->lpm);
	hash_bpf__destroy(x->hash);
	drop_bpf__destroy(x->drop);
	free(x);
}

static struct source_key key_of(const struct work_rule *r)
{
	return (struct source_key){ r->src_len, htonl(r->src) };
}

/* By batches, as is quickest. */
static int map_fill(int map, const struct work *w)
{
	fw_autofree struct source_key *keys = malloc(BATCH * sizeof(*keys));
	fw_autofree uint32_t *values = calloc(BATCH, sizeof(*values));

	if (!keys || !values)
		return -ENOMEM;
	for (size_t done = 0; done < w->n;) {
		uint32_t n = 0;

		for (; n < BATCH && done + n < w->n; n++)
			keys[n] = key_of(&w->rules[done + n]);
		if (bpf_map_update_batch(map, keys, values, &n, NULL))
			return bench_said("fill in the table", -errno);
		done += n;
	}
	return 0;
}

static int attach(struct xdp *x, struct stage *st)
{
	uint32_t ifindex = stage_ifindex(st);

	if (bpf_xdp_attach((int)ifindex, x->prog, XDP_FLAGS_DRV_MODE, NULL))
		return bench_said("attach the program", -errno);
	x->ifindex = ifindex;
	return 0;
}

static int xdp_load(const struct work *w, struct stage *st, int (*open)(struct xdp *x, const struct work *w),
		    void **out)
{
	struct xdp *x = calloc(1, sizeof(*x));
	int err = x ? open(x, w) : -ENOMEM;

	if (err && err != -ENOMEM)
		bench_said("load the program", err);
	if (!err && x->map >= 0)
		err = map_fill(x->map, w);
	if (!err && st)
		err = attach(x, st);
	if (err)
		xdp_unload(x);
	else
		*out = x;
	return err;
}

static int xdp_prog(void *ctx)
{
	return ((struct xdp *)ctx)->prog;
}

static int xdp_add(void *ctx, const struct work_rule *r)
{
	struct source_key key = key_of(r);
	uint32_t value = 0;

	return bpf_map_update_elem(((struct xdp *)ctx)->map, &key, &value, BPF_ANY) ? -errno : 0;
}

static const char *sources_only(const struct work *w)
{
	return w->shape == WORK_BLOCKLIST ? NULL : "it knows sources only";
}

static int lpm_open(struct xdp *x, const struct work *w)
{
	x->lpm = lpm_bpf__open();
	if (!x->lpm)
		return -errno;
	bpf_map__set_max_entries(x->lpm->maps.blocked, (uint32_t)w->n + ROOM);

	int err = lpm_bpf__load(x->lpm);

	x->prog = bpf_program__fd(x->lpm->progs.lpm);
	x->map = bpf_map__fd(x->lpm->maps.blocked);
	return err;
}

static int lpm_load(const struct work *w, struct stage *st, void **out)
{
	return xdp_load(w, st, lpm_open, out);
}

const struct peer peer_lpm = {
	.name = "xdp-lpm",
	.label = "XDP, LPM trie",
	.kind = PEER_XDP,
	.cannot = sources_only,
	.load = lpm_load,
	.unload = xdp_unload,
	.add = xdp_add,
	.prog = xdp_prog,
};

/* Those that occur, and hosts, which are what is added. */
static void lengths_set(struct hash_bpf *h, const struct work *w)
{
	bool occurs[SOURCE_LENGTHS] = { [32] = true };

	for (size_t i = 0; i < w->n; i++)
		occurs[w->rules[i].src_len] = true;
	for (int len = SOURCE_LENGTHS - 1; len >= 0; len--)
		if (occurs[len])
			h->rodata->lengths[h->rodata->nlengths++] = (uint8_t)len;
}

static int hash_open(struct xdp *x, const struct work *w)
{
	x->hash = hash_bpf__open();
	if (!x->hash)
		return -errno;
	bpf_map__set_max_entries(x->hash->maps.blocked, (uint32_t)w->n + ROOM);
	lengths_set(x->hash, w);

	int err = hash_bpf__load(x->hash);

	x->prog = bpf_program__fd(x->hash->progs.hash);
	x->map = bpf_map__fd(x->hash->maps.blocked);
	return err;
}

static int hash_load(const struct work *w, struct stage *st, void **out)
{
	return xdp_load(w, st, hash_open, out);
}

const struct peer peer_hash = {
	.name = "xdp-hash",
	.label = "XDP, hash for each length",
	.kind = PEER_XDP,
	.cannot = sources_only,
	.load = hash_load,
	.unload = xdp_unload,
	.add = xdp_add,
	.prog = xdp_prog,
};

static int drop_open(struct xdp *x, const struct work *w)
{
	x->drop = drop_bpf__open();
	if (!x->drop)
		return -errno;

	int err = drop_bpf__load(x->drop);

	x->prog = bpf_program__fd(x->drop->progs.drop);
	x->map = -1;
	return err;
}

static int drop_load(const struct work *w, struct stage *st, void **out)
{
	return xdp_load(w, st, drop_open, out);
}

const struct peer peer_drop = {
	.name = "xdp-drop",
	.label = "XDP_DROP, no lookup",
	.kind = PEER_XDP,
	.reference = true,
	.load = drop_load,
	.unload = xdp_unload,
	.prog = xdp_prog,
};
