// SPDX-License-Identifier: GPL-2.0-only
/* fwbench update: how long a change to a ruleset takes, and how it affects packets. */
#include "tests/perf/update.h"

#include <string.h>

#define AT(member) offsetof(struct update_settings, member)
static const struct bench_option options[] = {
	{ "--rules", "FILE", "the ruleset (required)", AT(rules), 0 },
	{ "--format", "NAME", "of the ruleset: rules (default) or classbench", AT(format), 0 },
	{ "--changes", "N", "single changes inside the controller (default 20000)", AT(changes), 10000000 },
	{ "--batches", "N", "batches of 1,000 changes, of each kind (default 20)", AT(batches), 100000 },
	{ "--requests", "N", "single changes by fwctl and fwd (default 1000)", AT(requests), 1000000 },
	{ "--windows", "N", "half seconds of lookups with changes, and as many without (default 5)", AT(windows),
	  1000 },
	{ "--seed", "S", "seed of the random changes (default 1)", AT(seed), 4000000000u },
	{ "--json", NULL, "one line of JSON instead of a table", AT(json), 0 },
};
static const struct bench_command_line command_line = { "update --rules FILE [OPTION...]", options,
							sizeof(options) / sizeof(*options) };

const char *const update_row_name[UPDATE_NROWS] = {
#define ROW_NAME(sym, name) [BENCH_##sym] = name,
	BENCH_KINDS(ROW_NAME)
#undef ROW_NAME
		[UPDATE_SINGLES] = "all of these",
	[UPDATE_BATCH_ADD] = "batch of 1,000 adds",
	[UPDATE_BATCH_MIXED] = "batch of 1,000, mixed",
};

/* As many rules are added as deleted. */
enum bench_kind update_kind(struct bench_changes *c, enum update_row row)
{
	static const uint8_t mixed[] = { BENCH_ADD_KNOWN, BENCH_ADD_NEAR, BENCH_DELETE, BENCH_DELETE,
					 BENCH_REPLACE,   BENCH_REPLACE,  BENCH_MOVE,   BENCH_MOVE };

	if (row == UPDATE_BATCH_ADD)
		return bench_random(c) & 1 ? BENCH_ADD_KNOWN : BENCH_ADD_NEAR;
	return row < UPDATE_SINGLES ? (enum bench_kind)row : (enum bench_kind)mixed[bench_random(c) % sizeof(mixed)];
}

int update_write(struct bench_changes *c, enum update_row row, struct fw_buf *out)
{
	int err = 0;

	bench_changes_begin(c);
	for (int i = 0; !err && i < (row < UPDATE_SINGLES ? 1 : UPDATE_BATCH); i++)
		err = bench_change_write(c, update_kind(c, row), out);
	if (err == -ENOENT)
		fprintf(stderr, "fwbench: the ruleset has too few rules for that\n");
	return err;
}

void update_print_row(const char *name, struct bench_sample *s, double unit)
{
	bench_sample_sort(s);
	printf("    %-25s %7zu %8.1f %8.1f %8.1f %9.1f", name, s->n, bench_sample_quantile(s, 0.5) / unit,
	       bench_sample_quantile(s, 0.99) / unit, bench_sample_quantile(s, 0.999) / unit,
	       bench_sample_quantile(s, 1) / unit);
}

json_t *update_json_row(struct bench_sample *s)
{
	bench_sample_sort(s);
	return json_pack("{s:I,s:f,s:f,s:f,s:f}", "n", (json_int_t)s->n, "p50", bench_sample_quantile(s, 0.5), "p99",
			 bench_sample_quantile(s, 0.99), "p99.9", bench_sample_quantile(s, 0.999), "max",
			 bench_sample_quantile(s, 1));
}

static int settings_check(const struct update_settings *s, enum fw_format *format)
{
	const char *wrong = !s->rules ? "--rules is missing" : NULL;

	if (bench_format(s->format, format))
		wrong = "--format is rules or classbench";
	else if (!s->windows)
		wrong = "--windows is 1 or more";
	return wrong ? bench_wrong_usage(&command_line, wrong) : 0;
}

struct update {
	struct update_inside inside;
	struct update_daemon durable;
	struct update_traffic traffic;
	size_t rules, wrong;
};

static const char marks[] = "  marks: a single change inside the controller p50 30 us, p99 300 us; durable p50 5 ms; "
			    "batches 50,000 rules/s\n";

static void print_table(const struct update_settings *s, struct update *u)
{
	printf("%s, %zu rules\n", s->rules, u->rules);
	update_inside_print(&u->inside);
	update_daemon_print(&u->durable);
	update_traffic_print(&u->traffic);
	fputs(marks, stdout);
}

static int print_json(const struct update_settings *s, struct update *u)
{
	json_t *j = json_pack("{s:s,s:I,s:o,s:o,s:o}", "ruleset", s->rules, "rules", (json_int_t)u->rules, "inside",
			      update_inside_json(&u->inside), "durable", update_daemon_json(&u->durable), "traffic",
			      update_traffic_json(&u->traffic));
	fw_autofree char *text = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;

	json_decref(j);
	if (!text)
		return bench_said("write figures as JSON", -ENOMEM);
	puts(text);
	return 0;
}

/* Each part begins with the rules of the file. */
static int part(const struct update_settings *s, enum fw_format format, const struct sandbox *box, struct update *u,
		int (*run)(const struct update_settings *s, const struct sandbox *box, struct fw_ruleset *rs,
			   struct update *u))
{
	struct fw_ruleset *rs = NULL;
	int err = bench_rules_read(s->rules, format, &rs);

	if (!err) {
		u->rules = rs->nrules;
		err = run(s, box, rs, u);
	}
	fw_ruleset_free(rs);
	return err;
}

static int run_inside(const struct update_settings *s, const struct sandbox *box, struct fw_ruleset *rs,
		      struct update *u)
{
	return update_inside_run(s, rs, &u->inside);
}

static int run_traffic(const struct update_settings *s, const struct sandbox *box, struct fw_ruleset *rs,
		       struct update *u)
{
	return update_traffic_run(s, box, rs, &u->traffic);
}

/* All parts of the benchmark, one after the other, then its report. Return: an exit status. */
static int run(const struct update_settings *s, enum fw_format format)
{
	struct update u = { 0 };
	struct sandbox box = { 0 };
	int err = sandbox_enter(&box);

	if (!err)
		err = sandbox_fwd_start(&box);
	if (!err)
		err = update_daemon_run(s, &box, &u.durable);
	sandbox_fwd_stop(&box);
	if (!err)
		err = part(s, format, &box, &u, run_inside);
	if (!err)
		err = part(s, format, &box, &u, run_traffic);
	if (!err && !s->json)
		print_table(s, &u);
	else if (!err)
		err = print_json(s, &u);
	u.wrong = u.traffic.cache[0].wrong + u.traffic.cache[1].wrong;
	update_inside_free(&u.inside);
	update_daemon_free(&u.durable);
	update_traffic_free(&u.traffic);
	return err || u.wrong ? 1 : 0;
}

int bench_update(int argc, char **argv)
{
	struct update_settings s = {
		.format = "rules", .changes = 20000, .batches = 20, .requests = 1000, .windows = 5, .seed = 1
	};
	enum fw_format format;
	int err = bench_options(&command_line, &s, argc, argv);

	if (err)
		return err < 0 ? 2 : 0;
	return settings_check(&s, &format) ? 2 : run(&s, format);
}
