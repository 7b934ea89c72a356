// SPDX-License-Identifier: GPL-2.0-only
/*
 * The real XDP program, as it is loaded for live traffic, under BPF_PROG_TEST_RUN:
 * one packet at a time for the check, walk.bpf.c's tail call for the time.
 */
#include "tests/perf/bench.h"

#include "fw/kern.h"
#include "tests/perf/walk.skel.h"

#include <bpf/bpf.h>
#include <string.h>
#include <sys/mman.h>

#define LOOPBACK 1 /* the interface that test packets come from */

struct kernel {
	struct fw_kern *kern;
	struct fw_image image;
	struct walk_bpf *walk;
	uint8_t *frame; /* what every test run starts from */
	uint32_t frame_len;
	uint32_t iface; /* number that the loopback device has now */
};

static void kernel_close(void *ctx)
{
	struct kernel *k = ctx;

	walk_bpf__destroy(k->walk);
	fw_image_free(&k->image);
	fw_kern_close(k->kern);
	free(k->frame);
	free(k);
}

static int kernel_setup(struct kernel *k, struct bench_setup *setup, struct fw_diags *ds)
{
	struct fw_kern_options options = { .no_flow_cache = !setup->flow_cache };
	int err = fw_kern_open(&options, ds, &k->kern);

	if (err)
		return ds->n ? err : bench_said("load the program", err);
	double start = fw_now();

	err = fw_compile(setup->rs, fw_kern_pool(k->kern), ds, &k->image);
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
	enum fw_kern_prog prog = h->hook == FW_OUT ? FW_PROG_TC_EGRESS : h->mark ? FW_PROG_TC_INGRESS : FW_PROG_XDP;
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

/* Packets that XDP gets: they come in, and nothing has marked them yet. */
static bool walkable(const struct bench_header *h)
{
	return h->hook == FW_IN && !h->mark;
}

static int headers_fill(struct walk_bpf *w, const struct bench_trace *t, size_t n)
{
	size_t bytes = (n * sizeof(struct walk_header) + 4095) & ~(size_t)4095;
	struct walk_header *to = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(w->maps.headers), 0);

	if (to == MAP_FAILED)
		return -errno;
	for (size_t i = 0, at = 0; i < t->n; i++)
		if (walkable(&t->headers[i]))
			to[at++] = t->headers[i].head;
	munmap(to, bytes);
	return 0;
}

static int kernel_prepare(void *ctx, const struct bench_trace *t, size_t *n)
{
	struct kernel *k = ctx;
	size_t count = 0;
	int err;

	for (size_t i = 0; i < t->n; i++)
		count += walkable(&t->headers[i]);
	if (!count)
		return bench_said("measure: no packet of the trace comes in", -EINVAL);
	k->frame_len = t->len_max > sizeof(struct walk_header) ? t->len_max : sizeof(struct walk_header);
	if (k->frame_len > FW_FRAME_MAX)
		return bench_said("build a packet of that length", -EMSGSIZE);
	k->frame = calloc(1, k->frame_len);
	k->walk = walk_bpf__open();
	if (!k->frame || !k->walk)
		return bench_said("open the walk", -ENOMEM);
	bpf_map__set_max_entries(k->walk->maps.headers, (uint32_t)count);
	err = walk_bpf__load(k->walk);
	if (err)
		return bench_said("load the walk", err);
	err = headers_fill(k->walk, t, count);
	*n = count;
	return err ? bench_said("fill in the headers", err) : 0;
}

static int kernel_walk(void *ctx, bool empty, size_t count, uint64_t packets, double *seconds)
{
	struct kernel *k = ctx;
	uint32_t slot = 0, prog = (uint32_t)(empty ? bpf_program__fd(k->walk->progs.nothing) :
						     fw_kern_prog_fd(k->kern, FW_PROG_XDP));
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = k->frame, .data_size_in = k->frame_len, .repeat = (int)packets);

	if (packets > INT32_MAX)
		return bench_said("walk: so many packets", -E2BIG);
	if (bpf_map_update_elem(bpf_map__fd(k->walk->maps.under_test), &slot, &prog, BPF_ANY))
		return bench_said("choose the program under test", -errno);
	k->walk->bss->next_header = 0;
	k->walk->bss->header_count = (uint32_t)count;
	double start = fw_now();
	int err = bpf_prog_test_run_opts(bpf_program__fd(k->walk->progs.walk), &opts) ? -errno : 0;

	*seconds = fw_now() - start;
	if (err)
		return bench_said("walk", err);
	/* XDP_ABORTED: the tail call did not happen. */
	return opts.retval ? 0 : bench_said("walk: the program under test did not run", -EIO);
}

static uint64_t kernel_memory(void *ctx)
{
	return fw_kern_memory(((struct kernel *)ctx)->kern);
}

const struct bench_engine bench_kernel = { "kernel",    kernel_open,   kernel_lookup, kernel_prepare,
					   kernel_walk, kernel_memory, kernel_close };
