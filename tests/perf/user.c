// SPDX-License-Identifier: GPL-2.0-only
/* The lookup as native code, over parsed packets. */
#include "fw/tables.h"

#include "tests/perf/bench.h"

#include "fw/table/packet.h"

#include <string.h>

struct user {
	struct fw_pool *pool;
	struct fw_image image;
	struct fw_classifier *classifier;
	struct fw_key *keys;
};

static void user_close(void *ctx)
{
	struct user *u = ctx;

	fw_classifier_free(u->classifier);
	fw_image_free(&u->image);
	fw_pool_free(u->pool);
	free(u->keys);
	free(u);
}

/* Compiles the ruleset in plain memory for the lookup in user space. 0 or -errno, which was reported. */
static int user_setup(struct user *u, struct bench_setup *setup)
{
	fw_autofree struct fw_diags *ds = calloc(1, sizeof(*ds));
	double start = fw_now();
	int err = ds ? fw_pool_new(&u->pool) : -ENOMEM;

	if (!err)
		err = fw_tables_compile(setup->rs, u->pool, NULL, ds, &u->image);
	setup->compile_seconds = fw_now() - start;
	if (!err)
		err = fw_classifier_new(u->pool, setup->flow_cache, &u->classifier);
	if (err) {
		if (ds && ds->n)
			bench_say(ds);
		else
			fprintf(stderr, "fwbench: cannot compile: %s\n", strerror(-err));
		return err;
	}
	setup->stats = u->image.stats;
	fw_classifier_publish(u->classifier, u->image.root, 1);
	return 0;
}

static int user_open(struct bench_setup *setup, void **out)
{
	struct user *u = calloc(1, sizeof(*u));
	int err = u ? user_setup(u, setup) : -ENOMEM;

	if (err && u)
		user_close(u);
	else if (!err)
		*out = u;
	return err;
}

void bench_header_key(const struct bench_header *h, struct fw_key *key)
{
	uint32_t readable = h->len < sizeof(h->head) ? h->len : (uint32_t)sizeof(h->head);
	struct fw_meta meta = { .hook = h->hook, .iface = h->iface, .mark = h->mark, .len = h->len };

	fw_packet_parse(&h->head, (const uint8_t *)&h->head + readable, &meta, key);
}

static int user_lookup(void *ctx, const struct bench_header *h, struct fw_result *out)
{
	struct user *u = ctx;
	struct fw_key key;

	bench_header_key(h, &key);
	*out = fw_classifier_result(u->classifier, &key);
	return 0;
}

static int user_prepare(void *ctx, const struct bench_trace *t, size_t *n)
{
	struct user *u = ctx;

	u->keys = calloc(t->n, sizeof(*u->keys));
	if (!u->keys)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++)
		bench_header_key(&t->headers[i], &u->keys[i]);
	*n = t->n;
	return 0;
}

static int user_walk(void *ctx, bool empty, size_t count, uint64_t packets, double *seconds)
{
	struct user *u = ctx;
	uint64_t sum = 0;
	double start = fw_now();

	for (size_t i = 0; packets; packets--, i = i + 1 < count ? i + 1 : 0) {
		const struct fw_key *key = &u->keys[i];

		sum += empty ? key->src.hi ^ key->family : fw_classifier_result(u->classifier, key).slot;
	}
	*seconds = fw_now() - start;
	__asm__ volatile("" : : "r"(sum));
	return 0;
}

static uint64_t user_memory(void *ctx)
{
	struct user *u = ctx;

	return (uint64_t)u->pool->nsegments * FW_SEGMENT_BYTES;
}

const struct bench_engine bench_user = { "user",    user_open,   user_lookup, user_prepare,
					 user_walk, user_memory, user_close };
