// SPDX-License-Identifier: GPL-2.0-only
/* Traces as benchmarks hold them: the first bytes of each packet, in one array. */
#include "tests/perf/bench.h"

#include <string.h>

static int trace_push(struct bench_trace *t, struct fw_ruleset *rs, const struct fw_frame *frame)
{
	struct bench_header h = { .iface = FW_IFACE_OTHER };

	if (frame->iface[0]) {
		int number = fw_ruleset_iface(rs, frame->iface);

		if (number < 0)
			return number;
		h.iface = (uint32_t)number;
	}
	memcpy(&h.head, frame->data, frame->len < sizeof(h.head) ? frame->len : sizeof(h.head));
	h.len = frame->wire_len;
	h.hook = frame->hook;
	h.mark = frame->mark;
	if (h.len > t->len_max)
		t->len_max = h.len;
	return fw_vec_push(t->headers, t->n, t->cap, h);
}

static int trace_fill(const char *path, enum fw_format format, struct fw_ruleset *rs, struct bench_trace *t,
		      struct fw_diags *ds)
{
	static struct fw_frame frame;
	struct fw_trace *file = NULL;
	int err = fw_trace_open(path, format, ds, &file), got;

	while (!err && (got = fw_trace_next(file, ds, &frame)))
		err = got < 0 ? got : trace_push(t, rs, &frame);
	fw_trace_close(file);
	if (!err && !t->n)
		err = fw_diag_add(ds, (struct fw_place){ path, 0, 0 }, NULL, "no packets");
	return err;
}

int bench_trace_read(const char *path, enum fw_format format, struct fw_ruleset *rs, struct bench_trace *out)
{
	struct bench_trace t = { 0 };
	fw_autofree struct fw_diags *ds = calloc(1, sizeof(*ds));
	int err = ds ? trace_fill(path, format, rs, &t, ds) : -ENOMEM;

	if (ds)
		bench_say(ds);
	if (err)
		bench_trace_free(&t);
	else
		*out = t;
	return err;
}

void bench_trace_free(struct bench_trace *t)
{
	free(t->headers);
	t->headers = NULL;
	t->n = t->cap = 0;
}

int bench_truth_read(const char *path, size_t n, size_t nrules, long **out)
{
	fw_autofree struct fw_diags *ds = calloc(1, sizeof(*ds));
	fw_autofree long *truth = NULL;
	size_t found = 0;
	int err = ds ? fw_truth_read(path, nrules, ds, &truth, &found) : -ENOMEM;

	if (!err && found != n)
		err = fw_diag_add(ds, (struct fw_place){ path, 0, 0 }, NULL, "%zu answers to a trace of %zu packets",
				  found, n);
	if (ds)
		bench_say(ds);
	if (!err)
		*out = fw_take(truth);
	return err;
}
