// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwbench reload: how long a whole ruleset takes through fwctl and fwd, what
 * memory it needs, and whether every packet on its way is judged by one ruleset or the other.
 */
#include "tests/perf/reload.h"

#include <string.h>
#include <unistd.h>

struct settings {
	const char *rules, *format;
	unsigned loads, reloads, rate;
	bool json;
};

#define AT(member) offsetof(struct settings, member)
static const struct bench_option options[] = {
	{ "--rules", "FILE", "the ruleset (required)", AT(rules), 0 },
	{ "--format", "NAME", "of the ruleset: rules (default) or classbench", AT(format), 0 },
	{ "--loads", "N", "how often the file is loaded again (default 3)", AT(loads), 1000 },
	{ "--reloads", "N", "reloads of two rulesets by turns, under traffic (default 20)", AT(reloads), 10000 },
	{ "--rate", "PPS", "packets a second of that traffic (default 20000)", AT(rate), 1000000 },
	{ "--json", NULL, "one line of JSON instead of a table", AT(json), 0 },
};
static const struct bench_command_line command_line = { "reload --rules FILE [OPTION...]", options,
							sizeof(options) / sizeof(*options) };

/* Names in END's seconds. */
#define STAGES(X) X(parse) X(compile) X(store) X(swap) X(total)
enum stage {
#define STAGE_ENUM(name) STAGE_##name,
	STAGES(STAGE_ENUM)
#undef STAGE_ENUM
		STAGE_trip, /* fwctl from start to exit */
	NSTAGES,
};
static const char *const stage_name[NSTAGES] = {
#define STAGE_NAME(name) #name,
	STAGES(STAGE_NAME)
#undef STAGE_NAME
		"fwctl",
};

struct times {
	struct bench_sample of[NSTAGES];
};

struct reload {
	const struct settings *set;
	struct sandbox sandbox;
	struct sandbox_answer answer;
	size_t rules;
	struct times first, again, traffic;
	uint64_t before, first_peak, peak, resident, anonymous; /* memory of fwd, bytes */
	struct reload_traffic_result packets;
	uint64_t counted;
	size_t left_out;
};

static int load(struct reload *r, const char *path, const char *format, struct times *out)
{
	const char *const args[] = { "load", path, "--format", format, NULL };
	int err = sandbox_fwctl(&r->sandbox, args, &r->answer);
	const json_t *seconds = err ? NULL : json_object_get(r->answer.end, "seconds");

	for (int i = 0; !err && i < STAGE_trip; i++)
		err = bench_sample_add(&out->of[i], json_number_value(json_object_get(seconds, stage_name[i])));
	return err ? err : bench_sample_add(&out->of[STAGE_trip], r->answer.seconds);
}

#define SETTLE_US 1500000 /* until the memory of the load before was freed */

/* The file as it is, first over nothing and then over itself. */
static int loads_run(struct reload *r)
{
	int err;

	r->before = sandbox_fwd_memory(&r->sandbox, "VmRSS");
	sandbox_fwd_memory_reset(&r->sandbox);
	err = load(r, r->set->rules, r->set->format, &r->first);
	r->first_peak = sandbox_fwd_memory(&r->sandbox, "VmHWM");
	for (unsigned i = 0; !err && i < r->set->loads; i++) {
		usleep(SETTLE_US);
		sandbox_fwd_memory_reset(&r->sandbox);
		err = load(r, r->set->rules, r->set->format, &r->again);

		uint64_t peak = sandbox_fwd_memory(&r->sandbox, "VmHWM");

		r->peak = peak > r->peak ? peak : r->peak;
	}
	usleep(SETTLE_US);
	r->resident = sandbox_fwd_memory(&r->sandbox, "VmRSS");
	r->anonymous = sandbox_fwd_memory(&r->sandbox, "RssAnon");
	return err;
}

static int text_store(const char *path, const struct fw_buf *text)
{
	FILE *f = fopen(path, "we");
	int err = !f || fwrite(text->text, 1, text->len, f) != text->len ? -EIO : 0;

	if (f && fclose(f))
		err = -EIO;
	return err ? bench_said("write a ruleset", err) : 0;
}

/* All packets that rules and policies have counted. */
static int counters_sum(struct reload *r, uint64_t *out)
{
	const char *const args[] = { "counters", NULL };
	int err = sandbox_fwctl(&r->sandbox, args, &r->answer);
	char *rest = err ? NULL : r->answer.out.text, *line;

	for (*out = 0; !err && (line = strsep(&rest, "\n"));) {
		json_t *j = json_loads(line, 0, NULL);

		*out += (uint64_t)json_integer_value(json_object_get(j, "packets"));
		json_decref(j);
	}
	return err;
}

/*
 * Loads both rulesets by turns under traffic, and adds up what rules and policies counted. 0 or -errno, which was
 * reported.
 */
static int reloads_run(struct reload *r, const struct reload_rules *rules)
{
	const char *path[2] = { sandbox_path(&r->sandbox, "first"), sandbox_path(&r->sandbox, "second") };
	struct reload_traffic *traffic = NULL;
	char paths[2][256];
	int err = 0, stopped;

	for (int i = 0; i < 2; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s", path[i]);
		if (!err)
			err = text_store(paths[i], &rules->text[i]);
	}
	static const char *const attach[] = { "attach", RELOAD_PORT, NULL };
	struct times not_counted = { 0 };

	if (!err)
		err = load(r, paths[1], "rules", &not_counted);
	for (int i = 0; i < NSTAGES; i++)
		bench_sample_free(&not_counted.of[i]);
	if (!err)
		err = reload_traffic_open(&r->sandbox);
	if (!err)
		err = sandbox_fwctl(&r->sandbox, attach, &r->answer);
	if (!err)
		err = reload_traffic_start(rules, r->set->rate, &traffic);
	if (err)
		return err;
	for (unsigned i = 0; !err && i < r->set->reloads; i++) {
		usleep(100000);
		err = load(r, paths[i & 1], "rules", &r->traffic);
	}
	stopped = reload_traffic_stop(traffic, &r->packets);
	if (!err)
		err = stopped;
	return err ? err : counters_sum(r, &r->counted);
}

static int traffic_run(struct reload *r, enum fw_format format)
{
	struct reload_rules *rules = calloc(1, sizeof(*rules));
	struct fw_ruleset *rs = NULL;
	int err = rules ? bench_rules_read(r->set->rules, format, &rs) : -ENOMEM;

	if (!err) {
		r->rules = rs->nrules;
		err = reload_rules_make(rs, rules);
		r->left_out = rules->left_out;
	}
	fw_ruleset_free(rs);
	if (!err)
		err = reloads_run(r, rules);
	if (rules)
		reload_rules_free(rules);
	free(rules);
	return err;
}

/*
 * Packets that the answer of neither ruleset explains. The filter is not to blame for packets that the interface or the receiver had no
 * room for.
 */
static uint64_t wrong(const struct reload *r)
{
	const struct reload_traffic_result *p = &r->packets;
	uint64_t excused = p->dropped + p->receiver_overflow, filtered = p->sent - p->dropped;
	uint64_t lost = p->lost > excused ? p->lost - excused : 0;
	uint64_t uncounted = filtered > r->counted ? filtered - r->counted : r->counted - filtered;

	return lost + p->slipped + uncounted;
}

static void print_times(const char *name, struct times *t)
{
	printf("    %-22s %3zu", name, t->of[0].n);
	for (int i = 0; i < NSTAGES; i++) {
		bench_sample_sort(&t->of[i]);
		printf(" %8.3f", bench_sample_quantile(&t->of[i], 0.5));
	}
	printf(" %8.3f\n", bench_sample_quantile(&t->of[STAGE_trip], 1));
}

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

/* The report as text: times, memory, then packets during reloads. */
static void print_table(struct reload *r)
{
	const struct reload_traffic_result *p = &r->packets;

	printf("%s, %zu rules\n", r->set->rules, r->rules);
	printf("  seconds, p50               n    parse  compile    store     swap    total    fwctl      max\n");
	print_times("first load", &r->first);
	print_times("the same again", &r->again);
	print_times("others, with traffic", &r->traffic);
	printf("  memory of fwd, MiB: empty %.0f; first load, peak %.0f; again, peak %.0f; resident after %.0f (anonymous "
	       "%.0f)\n",
	       mib(r->before), mib(r->first_peak), mib(r->peak), mib(r->resident), mib(r->anonymous));
	printf("  traffic during %u reloads, %zu rules change: %llu packets in %.1f s\n", r->set->reloads, r->left_out,
	       (unsigned long long)p->sent, p->seconds);
	printf("    lost %llu, slipped through %llu; either answer right: dropped %llu, passed %llu\n",
	       (unsigned long long)p->lost, (unsigned long long)p->slipped, (unsigned long long)p->judged_either[0],
	       (unsigned long long)p->judged_either[1]);
	printf("    no room at the interface %llu, at the receiver %llu; counted by rules and policies %llu\n",
	       (unsigned long long)p->dropped, (unsigned long long)p->receiver_overflow,
	       (unsigned long long)r->counted);
	printf("    judged by neither ruleset, or not counted: %llu\n", (unsigned long long)wrong(r));
	printf("  marks: reload of a million rules 3 s; fwd 700 MB resident\n");
}

static json_t *times_json(struct times *t)
{
	json_t *j = json_pack("{s:I}", "n", (json_int_t)t->of[0].n);

	for (int i = 0; i < NSTAGES; i++) {
		bench_sample_sort(&t->of[i]);
		json_object_set_new(j, stage_name[i],
				    json_pack("{s:f,s:f}", "p50", bench_sample_quantile(&t->of[i], 0.5), "max",
					      bench_sample_quantile(&t->of[i], 1)));
	}
	return j;
}

static json_t *json_of(struct reload *r)
{
	const struct reload_traffic_result *p = &r->packets;

	/* clang-format off */
	return json_pack("{s:s,s:I,s:o,s:o,s:o,s:{s:I,s:I,s:I,s:I,s:I},s:{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}}",
			 "ruleset", r->set->rules, "rules", (json_int_t)r->rules,
			 "first", times_json(&r->first), "again", times_json(&r->again),
			 "with_traffic", times_json(&r->traffic),
			 "memory", "empty", (json_int_t)r->before, "first_peak", (json_int_t)r->first_peak,
			 "peak", (json_int_t)r->peak, "resident", (json_int_t)r->resident,
			 "anonymous", (json_int_t)r->anonymous,
			 "packets", "sent", (json_int_t)p->sent, "lost", (json_int_t)p->lost,
			 "slipped", (json_int_t)p->slipped, "either_passed", (json_int_t)p->judged_either[1],
			 "interface_dropped", (json_int_t)p->dropped,
			 "receiver_overflow", (json_int_t)p->receiver_overflow,
			 "counted", (json_int_t)r->counted, "wrong", (json_int_t)wrong(r));
	/* clang-format on */
}

static int print_json(struct reload *r)
{
	json_t *j = json_of(r);
	fw_autofree char *text = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;

	json_decref(j);
	if (!text)
		return -ENOMEM;
	puts(text);
	return 0;
}

static void reload_end(struct reload *r)
{
	sandbox_fwd_stop(&r->sandbox);
	sandbox_answer_free(&r->answer);
	for (int i = 0; i < NSTAGES; i++) {
		bench_sample_free(&r->first.of[i]);
		bench_sample_free(&r->again.of[i]);
		bench_sample_free(&r->traffic.of[i]);
	}
}

static int run(const struct settings *s, enum fw_format format)
{
	struct reload r = { .set = s };
	int err = sandbox_enter(&r.sandbox);

	if (!err)
		err = sandbox_fwd_start(&r.sandbox);
	if (!err)
		err = loads_run(&r);
	if (!err)
		err = traffic_run(&r, format);
	if (!err && !s->json)
		print_table(&r);
	else if (!err)
		err = print_json(&r);
	if (!err)
		err = wrong(&r) ? -EBADMSG : 0;
	reload_end(&r);
	return err ? 1 : 0;
}

int bench_reload(int argc, char **argv)
{
	struct settings s = { .format = "rules", .loads = 3, .reloads = 20, .rate = 20000 };
	enum fw_format format;
	int err = bench_options(&command_line, &s, argc, argv);
	const char *wrong_use;

	if (err)
		return err < 0 ? 2 : 0;
	wrong_use = !s.rules ? "--rules is missing" : s.rate ? NULL : "--rate is 1 or more";
	if (bench_format(s.format, &format))
		wrong_use = "--format is rules or classbench";
	if (wrong_use)
		return bench_wrong_usage(&command_line, wrong_use), 2;
	return run(&s, format);
}
