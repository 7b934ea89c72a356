// SPDX-License-Identifier: GPL-2.0-only
/* The results, one line of JSON each. */
#include "tests/perf/peers/peers.h"

#include <jansson.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* @j: taken over. */
static void line_print(json_t *j)
{
	fw_autofree char *text = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;

	json_decref(j);
	if (text)
		puts(text);
	else
		fprintf(stderr, "fwbench: memory is out\n");
	fflush(stdout);
}

static void cpu_name(char *out, size_t size)
{
	static const char key[] = "model name";
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(out, size, "unknown");
	while (f && fgets(line, sizeof(line), f)) {
		const char *colon = strchr(line, ':');

		if (strncmp(line, key, sizeof(key) - 1) || !colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(out, size, "%s", colon + 2);
		break;
	}
	if (f)
		fclose(f);
}

void peers_json_machine(void)
{
	char cpu[256], date[64];
	struct utsname u = { 0 };
	time_t now = time(NULL);
	struct tm tm;

	cpu_name(cpu, sizeof(cpu));
	uname(&u);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	/* clang-format off */
	line_print(json_pack("{s:{s:s,s:I,s:I,s:s,s:s,s:s}}", "machine", "cpu", cpu,
			     "cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN),
			     "memory", (json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE),
			     "kernel", u.release, "date", date, "fwd", FW_VERSION));
	/* clang-format on */
}

static json_t *peer_row(const struct work *w, const struct peer *p)
{
	return json_pack("{s:s,s:I,s:s,s:s}", "shape", work_shapes[w->shape], "rules", (json_int_t)w->n, "peer",
			 p->name, "label", p->label);
}

static void text_add(json_t *j, const char *key, const char *text)
{
	if (text)
		json_object_set_new(j, key, json_string(text));
}

void peers_json_measure(const struct work *w, const struct peer *p, const char *traffic, const char *measure,
			struct bench_sample *s, void *extra)
{
	json_t *j = peer_row(w, p);

	bench_sample_sort(s);
	text_add(j, "traffic", traffic);
	text_add(j, "measure", measure);
	json_object_set_new(j, "min", json_real(bench_sample_quantile(s, 0)));
	json_object_set_new(j, "median", json_real(bench_sample_quantile(s, 0.5)));
	json_object_set_new(j, "repeats", json_integer((json_int_t)s->n));
	if (extra)
		json_object_update(j, extra);
	json_decref(extra);
	line_print(j);
}

void peers_json_baseline(const struct work *w, const char *name, const char *traffic, struct bench_sample *s)
{
	double min, max;

	bench_sample_sort(s);
	min = bench_sample_quantile(s, 0);
	max = bench_sample_quantile(s, 1);
	line_print(json_pack("{s:s,s:s,s:I,s:s,s:s,s:f,s:f,s:f}", "baseline", name, "shape", work_shapes[w->shape],
			     "rules", (json_int_t)w->n, "traffic", traffic, "measure", "pps", "min", min, "median",
			     bench_sample_quantile(s, 0.5), "spread", min > 0 ? (max - min) / min : 0));
}

void peers_json_absent(const struct work *w, const struct peer *p, const char *measure, const char *key,
		       const char *why)
{
	json_t *j = peer_row(w, p);

	text_add(j, "measure", measure);
	text_add(j, key, why);
	line_print(j);
}

void peers_json_errors(const struct work *w, const struct peer *p, const char *traffic, uint64_t wrong,
		       uint64_t checked)
{
	json_t *j = peer_row(w, p);

	text_add(j, "traffic", traffic);
	text_add(j, "measure", "errors");
	json_object_set_new(j, "errors", json_integer((json_int_t)wrong));
	json_object_set_new(j, "checked", json_integer((json_int_t)checked));
	line_print(j);
}
