// SPDX-License-Identifier: GPL-2.0-only
/* fwbench lookup: every packet of a trace against the known answers, then nanoseconds a lookup. */
#include "tests/perf/bench.h"

#include "fw/kern.h"

#include <jansson.h>
#include <string.h>

struct settings {
	const char *rules, *trace, *truth, *format, *engine;
	bool no_check, json;
};

#define AT(member) offsetof(struct settings, member)
static const struct bench_option options[] = {
	{ "--rules", "FILE", "the ruleset (required)", AT(rules), 0 },
	{ "--trace", "FILE", "the packets (required)", AT(trace), 0 },
	{ "--truth", "FILE", "for each packet the number of the first rule that matches, from 0, or -1", AT(truth), 0 },
	{ "--format", "NAME", "of rules and trace: rules (default) or classbench", AT(format), 0 },
	{ "--engine", "NAME", "kernel (default), arena or maps (kernel with this pool), or user", AT(engine), 0 },
	{ "--no-check", NULL, "time lookups without checking them", AT(no_check), 0 },
	{ "--json", NULL, "one line of JSON instead of a table", AT(json), 0 },
};
static const struct bench_command_line command_line = { "lookup --rules FILE --trace FILE [OPTION...]", options,
							sizeof(options) / sizeof(*options) };

static const struct engine {
	const char *name;
	const struct bench_engine *engine;
	enum fw_kern_pool pool;
} engines[] = {
	{ "kernel", &bench_kernel, FW_POOL_AUTO },
	{ "arena", &bench_kernel, FW_POOL_ARENA },
	{ "maps", &bench_kernel, FW_POOL_MAPS },
	{ "user", &bench_user, FW_POOL_AUTO },
};

static const struct engine *engine_of(const char *name)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (!strcmp(engines[i].name, name))
			return &engines[i];
	return NULL;
}

struct lookup {
	const struct settings *set;
	const struct bench_engine *engine;
	enum fw_format format;
	struct fw_ruleset *rs;
	struct bench_trace trace;
	long *truth;     /* NULL: not known */
	long *slot_rule; /* counter slot -> rule index */
	double parse_seconds, compile_seconds;
	struct fw_compile_stats stats;
	uint64_t memory;
	size_t checked, mismatches, walked;
	struct bench_time cold[2], hot[2]; /* [flow cache] */
};

static int settings_check(const struct settings *s, enum fw_format *format)
{
	const char *wrong = !s->rules ? "--rules is missing" : !s->trace ? "--trace is missing" : NULL;

	if (bench_format(s->format, format))
		wrong = "--format is rules or classbench";
	if (!engine_of(s->engine))
		wrong = "--engine is kernel, arena, maps or user";
	return wrong ? bench_wrong_usage(&command_line, wrong) : 0;
}

static int rules_load(struct lookup *l)
{
	double start = fw_now();
	int err = bench_rules_read(l->set->rules, l->format, &l->rs);

	l->parse_seconds = fw_now() - start;
	return err;
}

static int slots_index(struct lookup *l)
{
	l->slot_rule = calloc((size_t)l->rs->next_slot + 1, sizeof(*l->slot_rule));
	if (!l->slot_rule)
		return -ENOMEM;
	for (size_t i = 0; i < l->rs->nrules; i++)
		l->slot_rule[l->rs->rules[i]->slot] = (long)i;
	return 0;
}

static int data_load(struct lookup *l)
{
	int err = rules_load(l);

	if (!err)
		err = bench_trace_read(l->set->trace, l->format, l->rs, &l->trace);
	if (!err)
		err = slots_index(l);
	if (!err && l->set->truth)
		err = bench_truth_read(l->set->truth, l->trace.n, l->rs->nrules, &l->truth);
	return err;
}

#define MISMATCHES_SAID 5
static void mismatch(struct lookup *l, size_t i, long got, const struct fw_result *r)
{
	if (l->mismatches++ < MISMATCHES_SAID)
		fprintf(stderr, "fwbench: %s: packet %zu (from 0): want rule %ld, got %ld (reason %u)\n", l->set->trace,
			i, l->truth[i], got, r->reason);
}

/* Twice over the trace when there is a flow cache: the second time it knows some of the packets. */
static int check(struct lookup *l, void *ctx, bool flow_cache)
{
	for (size_t i = 0; i < l->trace.n * (flow_cache ? 2 : 1); i++) {
		size_t packet = flow_cache ? i / BENCH_HOT / 2 * BENCH_HOT + i % BENCH_HOT : i;
		struct fw_result r;

		if (packet >= l->trace.n)
			continue;
		int err = l->engine->lookup(ctx, &l->trace.headers[packet], &r);

		if (err)
			return err;
		long got = r.reason != FW_R_NONE ? -1 : r.slot < l->rs->next_slot ? l->slot_rule[r.slot] : -2;

		l->checked++;
		if (got != l->truth[packet])
			mismatch(l, packet, got, &r);
	}
	return 0;
}

static int measure(struct lookup *l, void *ctx, bool flow_cache)
{
	int err = l->engine->prepare(ctx, &l->trace, &l->walked);

	if (!err)
		err = bench_measure(l->engine, ctx, l->walked, &l->cold[flow_cache]);
	return err ? err :
		     bench_measure(l->engine, ctx, l->walked < BENCH_HOT ? l->walked : BENCH_HOT, &l->hot[flow_cache]);
}

/* One engine, with or without flow cache: compiles, checks the answers, measures. 0 or -errno, which was reported. */
static int engine_run(struct lookup *l, bool flow_cache)
{
	struct bench_setup setup = {
		.rs = l->rs,
		.trace = &l->trace,
		.flow_cache = flow_cache,
		.pool = engine_of(l->set->engine)->pool,
	};
	void *ctx = NULL;
	int err = l->engine->open(&setup, &ctx);

	if (err)
		return err;
	if (!flow_cache) {
		l->stats = setup.stats;
		l->compile_seconds = setup.compile_seconds;
		l->memory = l->engine->memory(ctx);
	}
	if (l->truth && !l->set->no_check)
		err = check(l, ctx, flow_cache);
	if (!err)
		err = measure(l, ctx, flow_cache);
	l->engine->close(ctx);
	return err;
}

static double per_rule(const struct lookup *l, uint64_t bytes)
{
	return l->rs->nrules ? (double)bytes / (double)l->rs->nrules : 0;
}

static void print_table(const struct lookup *l)
{
	static const char *const cache[] = { "off", "on" };

	printf("%s, %s engine\n", l->set->rules, l->set->engine);
	printf("  rules       %zu\n", l->rs->nrules);
	printf("  build       %.3f s (parse %.3f, compile %.3f)\n", l->parse_seconds + l->compile_seconds,
	       l->parse_seconds, l->compile_seconds);
	printf("  memory      %.1f bytes a rule (image %.1f)\n", per_rule(l, l->memory), per_rule(l, l->stats.bytes));
	if (l->checked)
		printf("  mismatches  %zu of %zu lookups\n", l->mismatches, l->checked);
	else
		printf("  mismatches  not checked\n");
	printf("  walked      %zu of %zu packets\n", l->walked, l->trace.n);
	printf("  ns/packet   flow cache  cold min  median   hot min  median\n");
	for (int c = 0; c < 2; c++)
		printf("              %-10s  %8.1f %7.1f  %8.1f %7.1f\n", cache[c], l->cold[c].min, l->cold[c].median,
		       l->hot[c].min, l->hot[c].median);
}

static json_t *json_times(const struct lookup *l, int cache)
{
	const struct bench_time *cold = &l->cold[cache], *hot = &l->hot[cache];

	return json_pack("{s:{s:f,s:f},s:{s:f,s:f}}", "cold", "min", cold->min, "median", cold->median, "hot", "min",
			 hot->min, "median", hot->median);
}

static json_t *json_of(const struct lookup *l)
{
	json_t *mismatches = l->checked ? json_integer((json_int_t)l->mismatches) : json_null();

	/* clang-format off */
	return json_pack("{s:s,s:s,s:I,s:I,s:I,s:f,s:f,s:f,s:I,s:I,s:I,s:o,s:o,s:o}",
			 "ruleset", l->set->rules, "engine", l->set->engine,
			 "rules", (json_int_t)l->rs->nrules,
			 "packets", (json_int_t)l->trace.n, "packets_walked", (json_int_t)l->walked,
			 "parse_seconds", l->parse_seconds, "compile_seconds", l->compile_seconds,
			 "build_seconds", l->parse_seconds + l->compile_seconds,
			 "memory_bytes", (json_int_t)l->memory, "image_bytes", (json_int_t)l->stats.bytes,
			 "lookups_checked", (json_int_t)l->checked, "mismatches", mismatches,
			 "ns", json_times(l, 0), "ns_flow_cache", json_times(l, 1));
	/* clang-format on */
}

static int print_json(const struct lookup *l)
{
	json_t *j = json_of(l);
	fw_autofree char *text = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;

	json_decref(j);
	if (!text)
		return -ENOMEM;
	puts(text);
	return 0;
}

static int lookup_run(struct lookup *l)
{
	int err = data_load(l);

	for (int cache = 0; !err && cache < 2; cache++)
		err = engine_run(l, cache);
	if (err == -ENOMEM)
		fprintf(stderr, "fwbench: memory is out\n");
	if (err)
		return 1;
	if (!l->set->json)
		print_table(l);
	else if (print_json(l))
		return 1;
	return l->mismatches ? 1 : 0;
}

static void lookup_free(struct lookup *l)
{
	bench_trace_free(&l->trace);
	fw_ruleset_free(l->rs);
	free(l->truth);
	free(l->slot_rule);
}

int bench_lookup(int argc, char **argv)
{
	struct settings s = { .format = "rules", .engine = "kernel" };

	enum fw_format format;
	int err = bench_options(&command_line, &s, argc, argv);

	if (err)
		return err < 0 ? 2 : 0;
	if (settings_check(&s, &format))
		return 2;
	if (bench_pin_cpu())
		fprintf(stderr, "fwbench: cannot stay on one CPU; times will be less even\n");

	struct lookup l = { .set = &s, .engine = engine_of(s.engine)->engine, .format = format };
	int status = lookup_run(&l);

	lookup_free(&l);
	return status;
}
