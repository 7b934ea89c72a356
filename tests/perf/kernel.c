// SPDX-License-Identifier: GPL-2.0-only
/*
 * The real XDP program, as it is loaded for live traffic, under BPF_PROG_TEST_RUN:
 * one packet at a time for the check, walks for the time.
 */
#include "tests/perf/bench.h"

#include "fw/kern.h"
#include "fw/tables.h"

#include <string.h>

#define LOOPBACK 1 /* the ingress interface of test packets */

struct kernel {
	struct fw_kern *kern;
	struct fw_image image;
	struct bench_walker *walker;
	uint32_t iface; /* number that the loopback device has now */
};

static void kernel_close(void *ctx)
{
	struct kernel *k = ctx;

	bench_walker_free(k->walker);
	fw_image_free(&k->image);
	fw_kern_close(k->kern);
	free(k);
}

/* Loads the program and publishes the ruleset's tables. 0 or -errno, which was reported. */
static int kernel_setup(struct kernel *k, struct bench_setup *setup, struct fw_diags *ds)
{
	struct fw_kern_options options = { .no_flow_cache = !setup->flow_cache,
					   .pool = (enum fw_kern_pool)setup->pool };
	int err = fw_kern_open(&options, ds, &k->kern);

	if (err)
		return ds->n ? err : bench_said("load the program", err);
	double start = fw_now();

	err = fw_tables_compile(setup->rs, fw_kern_pool(k->kern), NULL, ds, &k->image);
	setup->compile_seconds = fw_now() - start;
	if (err)
		return ds->n ? err : bench_said("compile", err);
	setup->stats = k->image.stats;
	err = fw_kern_counters_reserve(k->kern, setup->rs->next_slot);
	if (err)
		return bench_said("make room for counters", err);
	k->iface = FW_IFACE_OTHER;
	err = fw_kern_iface_set(k->kern, LOOPBACK, k->iface);
	if (err)
		return bench_said("name the loopback device", err);
	err = fw_kern_publish(k->kern, k->image.root, 1);
	return err ? bench_said("publish the tables", err) : 0;
}

static int kernel_open(struct bench_setup *setup, void **out)
{
	fw_autofree struct fw_diags *ds = calloc(1, sizeof(*ds));
	struct kernel *k = calloc(1, sizeof(*k));
	int err = ds && k ? kernel_setup(k, setup, ds) : -ENOMEM;

	if (!err) {
		*out = k;
		return 0;
	}
	if (ds)
		bench_say(ds);
	if (k)
		kernel_close(k);
	return err;
}

static int kernel_lookup(void *ctx, const struct bench_header *h, struct fw_result *out)
{
	static uint8_t frame[FW_FRAME_MAX];
	struct kernel *k = ctx;
	enum fw_prog prog = h->hook == FW_OUT ? FW_PROG_TC_EGRESS : h->mark ? FW_PROG_TC_INGRESS : FW_PROG_XDP;
	int err = h->len > sizeof(frame) ? -EMSGSIZE : 0;

	if (err)
		return bench_said("build a packet of that length", err);
	if (h->iface != k->iface)
		err = fw_kern_iface_set(k->kern, LOOPBACK, h->iface);
	if (err)
		return bench_said("name the loopback device", err);
	k->iface = h->iface;
	memcpy(frame, &h->head, sizeof(h->head));
	err = fw_kern_test(k->kern, prog, frame, h->len, h->mark, out);
	return err ? bench_said("run a packet through the program", err) : 0;
}

static int kernel_prepare(void *ctx, const struct bench_trace *t, size_t *n)
{
	return bench_walker_new(t, &((struct kernel *)ctx)->walker, n);
}

static int kernel_walk(void *ctx, bool empty, size_t count, uint64_t packets, double *seconds)
{
	struct kernel *k = ctx;
	struct bench_walk walk = { 0 };
	int err =
		bench_walker_run(k->walker, empty ? -1 : fw_kern_prog_fd(k->kern, FW_PROG_XDP), count, packets, &walk);

	*seconds = walk.seconds;
	return err;
}

static uint64_t kernel_memory(void *ctx)
{
	return fw_kern_memory(((struct kernel *)ctx)->kern);
}

const struct bench_engine bench_kernel = { "kernel",    kernel_open,   kernel_lookup, kernel_prepare,
					   kernel_walk, kernel_memory, kernel_close };
