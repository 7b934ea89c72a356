// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our own tables in user space, next to DPDK's: headers that are parsed already, verdicts as numbers, and nothing counted.
 * One packet at a time is the library's lookup as it is, which is the one that the kernel runs; many are tests/perf/peers/batch.h.
 */
#include "fw/tables.h"

#include "tests/perf/bench.h"
#include "tests/perf/peers/batch.h"
#include "tests/perf/peers/peer.h"

#include <netinet/in.h>
#include <linux/if_ether.h>
#include <string.h>

struct native {
	struct fw_ruleset *rs;
	struct fw_pool *pool;
	struct fw_image image;
	struct fw_classifier *classifier;
	struct batch *batch;
	const struct batch_method *method;
	struct fw_key keys[BATCH_PACKETS]; /* what all packets have in common is set */
};

static void native_unload(void *ctx)
{
	struct native *n = ctx;

	if (!n)
		return;
	batch_free(n->batch);
	fw_classifier_free(n->classifier);
	fw_image_free(&n->image);
	fw_pool_free(n->pool);
	fw_ruleset_free(n->rs);
	free(n);
}

static void native_publish(struct native *n)
{
	fw_classifier_publish(n->classifier, n->image.root, n->image.generation);
	batch_publish(n->batch, n->image.root, n->image.generation);
}

/* Makes room for tables and keys, in the caller's process, before memory is measured. 0 or -ENOMEM. */
static int native_start(void **out)
{
	/* A frame of tests/perf/peers/work.h: no tag, no fragment, nothing that is only in TCP or ICMP is asked for. */
	static const struct fw_key key = {
		.f = { [FW_F_ICMP_TYPE] = FW_ABSENT_ICMP_TYPE,
		       [FW_F_ICMP_CODE] = FW_ABSENT_ICMP_CODE,
		       [FW_F_TCP_FLAGS] = FW_ABSENT_TCP_FLAGS,
		       [FW_F_HOOK] = FW_IN,
		       [FW_F_IFACE] = FW_IFACE_OTHER,
		       [FW_F_ETHERTYPE] = ETH_P_IP,
		       [FW_F_VLAN] = FW_ABSENT_VLAN,
		       [FW_F_LENGTH] = WORK_FRAME - ETH_HLEN },
		.family = FW_IP4,
		.reason = FW_R_NONE,
	};
	struct native *n = calloc(1, sizeof(*n));
	int err = n ? fw_pool_new(&n->pool) : -ENOMEM;

	if (!err)
		err = fw_classifier_new(n->pool, false, &n->classifier);
	if (!err)
		err = batch_new(n->pool, &n->batch);
	if (err) {
		native_unload(n);
		return err;
	}
	for (unsigned i = 0; i < BATCH_PACKETS; i++)
		n->keys[i] = key;
	n->method = batch_best();
	*out = n;
	return 0;
}

/* Parses and compiles the ruleset, and publishes it. 0 or -errno, which was reported. */
static int native_load(const struct work *w, struct stage *st, void **ctx)
{
	fw_autofree struct fw_diags *ds = calloc(1, sizeof(*ds));
	struct native *n = *ctx;
	struct fw_buf text = { 0 };
	int err;

	n->rs = fw_ruleset_new(NULL);
	work_text(w, &text);
	err = !ds || !n->rs || text.failed ? -ENOMEM : fw_text_parse(n->rs, text.text, text.len, "work", ds);
	fw_buf_free(&text);
	if (!err)
		err = fw_tables_compile(n->rs, n->pool, NULL, ds, &n->image);
	if (err) {
		if (ds)
			bench_say(ds);
		return err;
	}
	n->image.generation = 1;
	native_publish(n);
	return 0;
}

/* Only what differs is written. There are no lookups meanwhile, so no need to wait. */
static int native_change(struct native *n, struct fw_edit *e, const struct fw_buf *text, struct fw_diags *ds)
{
	struct fw_update *change;
	struct fw_buf log = { 0 };
	int err = text->failed ? -ENOMEM : fw_text_edit(e, text->text, text->len, "change", ds, &log);

	fw_buf_free(&log);
	if (!err)
		err = fw_tables_update(&n->image, e, ds, &change);
	if (err)
		return err;
	fw_update_commit(change);
	native_publish(n);
	return 0;
}

/* Adds one rule in front of the others by a transaction, and ends its grace period. 0 or -errno, which was reported. */
static int native_add(void *ctx, const struct work_rule *r)
{
	fw_autofree struct fw_diags *ds = calloc(1, sizeof(*ds));
	struct native *n = ctx;
	struct fw_buf text = { 0 };
	struct fw_edit e;
	int err = ds ? fw_edit_begin(n->rs, &e) : -ENOMEM;

	if (err)
		return err;
	fw_buf_printf(&text, "add rule ");
	work_rule_text(r, "in", &text);
	err = native_change(n, &e, &text, ds);
	fw_buf_free(&text);
	if (err) {
		bench_say(ds);
		fw_edit_abort(&e);
		return ds->n ? err : bench_said("make the change", err);
	}
	fw_edit_commit(&e);
	fw_image_grace_end(&n->image, fw_image_grace_begin(&n->image), NULL);
	return 0;
}

static __always_inline void key_set(struct fw_key *key, const struct work_packet *p)
{
	key->src.hi = (uint64_t)p->src << 32;
	key->dst.hi = (uint64_t)p->dst << 32;
	key->f[FW_F_PROTO] = p->proto;
	key->f[FW_F_SPORT] = p->sport;
	key->f[FW_F_DPORT] = p->dport;
}

static void lookup_1(void *ctx, const struct work_packet *p, size_t n, bool *accept)
{
	struct native *native = ctx;

	for (size_t i = 0; i < n; i++) {
		key_set(&native->keys[0], &p[i]);
		accept[i] = fw_classifier_result(native->classifier, &native->keys[0]).verdict == FW_ACCEPT;
	}
}

static void lookup_32(void *ctx, const struct work_packet *p, size_t n, bool *accept)
{
	struct native *native = ctx;
	uint32_t what[BATCH_PACKETS];

	for (size_t i = 0; i < n; i += BATCH_PACKETS) {
		unsigned batch = n - i < BATCH_PACKETS ? (unsigned)(n - i) : BATCH_PACKETS;

		for (unsigned j = 0; j < batch; j++)
			key_set(&native->keys[j], &p[i + j]);
		native->method->run(native->batch, native->keys, batch, what);
		for (unsigned j = 0; j < batch; j++)
			accept[i + j] = FW_WHAT_ACTION(what[j]) == FW_ACCEPT;
	}
}

static char label_32[48];
static __attribute__((constructor)) void labels_make(void)
{
	snprintf(label_32, sizeof(label_32), "fwd in user space (%s, batch %d)", batch_best()->name, BATCH_PACKETS);
}

#define NATIVE(packets, text)                       \
	static const struct peer peer_##packets = { \
		.name = "fwd-user-" #packets,       \
		.label = text,                      \
		.kind = PEER_USER,                  \
		.start = native_start,              \
		.load = native_load,                \
		.unload = native_unload,            \
		.add = native_add,                  \
		.lookup = lookup_##packets,         \
	};
NATIVE(1, "fwd in user space (batch 1)")
NATIVE(32, label_32)

const struct peer *const peers_native[] = { &peer_1, &peer_32, NULL };
