// SPDX-License-Identifier: GPL-2.0-only
/* Timing: walks and empty walks by turns on one CPU; and statistics of many figures. */
#include "tests/perf/bench.h"

#include <sched.h>
#include <string.h>

#define REPEATS 5
#define MEASURE_SECONDS 0.2

int bench_pin_cpu(void)
{
	cpu_set_t may, one;

	if (sched_getaffinity(0, sizeof(may), &may))
		return -errno;
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET(cpu, &may)) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			return sched_setaffinity(0, sizeof(one), &one) ? -errno : 0;
		}
	return -ENOENT;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Whole walks that last MEASURE_SECONDS or more together; also the warm-up. */
static int calibrate(const struct bench_engine *e, void *ctx, size_t count, uint64_t *packets)
{
	double seconds;
	int err = 0;

	for (*packets = count;; *packets *= 2) {
		err = e->walk(ctx, false, count, *packets, &seconds);
		if (err || seconds >= MEASURE_SECONDS)
			return err;
	}
}

int bench_measure(const struct bench_engine *e, void *ctx, size_t count, struct bench_time *out)
{
	double seconds[2][REPEATS];
	uint64_t packets;
	int err = calibrate(e, ctx, count, &packets);

	for (int i = 0; !err && i < REPEATS; i++)
		for (int empty = 1; !err && empty >= 0; empty--)
			err = e->walk(ctx, empty, count, packets, &seconds[empty][i]);
	if (err)
		return err;
	for (int empty = 0; empty < 2; empty++)
		qsort(seconds[empty], REPEATS, sizeof(double), compare);
	/* From both the fastest empty walk: noise in the others must not make a lookup look faster. */
	out->min = (seconds[0][0] - seconds[1][0]) * 1e9 / (double)packets;
	out->median = (seconds[0][REPEATS / 2] - seconds[1][0]) * 1e9 / (double)packets;
	return 0;
}

int bench_sample_add(struct bench_sample *s, double value)
{
	return fw_vec_push(s->v, s->n, s->cap, value);
}

void bench_sample_sort(struct bench_sample *s)
{
	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), compare);
}

double bench_sample_quantile(const struct bench_sample *s, double q)
{
	size_t at = (size_t)(q * (double)s->n);

	return s->n ? s->v[at < s->n ? at : s->n - 1] : 0;
}

void bench_sample_free(struct bench_sample *s)
{
	free(s->v);
	*s = (struct bench_sample){ 0 };
}
