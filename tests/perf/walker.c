// SPDX-License-Identifier: GPL-2.0-only
/* Walks: an XDP program over many different packets inside one BPF_PROG_TEST_RUN, by walk.bpf.c's tail call. */
#include "tests/perf/bench.h"

#include "tests/perf/walk.skel.h"

#include <bpf/bpf.h>
#include <sys/mman.h>

struct bench_walker {
	struct walk_bpf *walk;
	uint8_t *frame; /* the input of every test run */
	uint32_t frame_len;
};

bool bench_walkable(const struct bench_header *h)
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
		if (bench_walkable(&t->headers[i]))
			to[at++] = t->headers[i].head;
	munmap(to, bytes);
	return 0;
}

static int walker_load(struct bench_walker *w, const struct bench_trace *t, size_t count)
{
	int err;

	w->frame_len = t->len_max > sizeof(struct walk_header) ? t->len_max : sizeof(struct walk_header);
	if (w->frame_len > FW_FRAME_MAX)
		return bench_said("build a packet of that length", -EMSGSIZE);
	w->frame = calloc(1, w->frame_len);
	w->walk = walk_bpf__open();
	if (!w->frame || !w->walk)
		return bench_said("open the walk", -ENOMEM);
	bpf_map__set_max_entries(w->walk->maps.headers, (uint32_t)count);
	err = walk_bpf__load(w->walk);
	if (err)
		return bench_said("load the walk", err);
	err = headers_fill(w->walk, t, count);
	return err ? bench_said("fill in the headers", err) : 0;
}

int bench_walker_new(const struct bench_trace *t, struct bench_walker **out, size_t *n)
{
	struct bench_walker *w;
	size_t count = 0;
	int err;

	for (size_t i = 0; i < t->n; i++)
		count += bench_walkable(&t->headers[i]);
	if (!count)
		return bench_said("measure: no packet of the trace is incoming", -EINVAL);
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	err = walker_load(w, t, count);
	if (err) {
		bench_walker_free(w);
		return err;
	}
	*out = w;
	*n = count;
	return 0;
}

void bench_walker_free(struct bench_walker *w)
{
	if (!w)
		return;
	walk_bpf__destroy(w->walk);
	free(w->frame);
	free(w);
}

int bench_walker_run(struct bench_walker *w, int prog, size_t count, uint64_t packets, struct bench_walk *out)
{
	uint32_t slot = 0, fd = (uint32_t)(prog < 0 ? bpf_program__fd(w->walk->progs.nothing) : prog);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = w->frame, .data_size_in = w->frame_len, .repeat = (int)packets);

	if (packets > INT32_MAX)
		return bench_said("walk: so many packets", -E2BIG);
	if (bpf_map_update_elem(bpf_map__fd(w->walk->maps.under_test), &slot, &fd, BPF_ANY))
		return bench_said("choose the program under test", -errno);
	w->walk->bss->next_header = 0;
	w->walk->bss->header_count = (uint32_t)count;
	double start;
	int err;

	/* Suspending the machine interrupts it. */
	do {
		start = fw_now();
		err = bpf_prog_test_run_opts(bpf_program__fd(w->walk->progs.walk), &opts) ? -errno : 0;
	} while (err == -EINTR);
	out->seconds = fw_now() - start;
	out->ns = opts.duration;
	if (err)
		return bench_said("walk", err);
	/* XDP_ABORTED: the tail call did not happen. */
	return opts.retval ? 0 : bench_said("walk: the program under test did not run", -EIO);
}
