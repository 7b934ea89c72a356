// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwbench scrape: how long pages of fw-exporter take with the choice of rules
 * that is the default and with all of them, from fwd and from its pinned maps;
 * what memory that needs; and what lookups cost meanwhile.
 */
#include "tests/perf/scrape.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

struct settings {
	const char *rules, *format;
	unsigned scrapes, all, windows;
	bool json;
};

#define AT(member) offsetof(struct settings, member)
static const struct bench_option options[] = {
	{ "--rules", "FILE", "the ruleset (required)", AT(rules), 0 },
	{ "--format", "NAME", "of the ruleset: rules (default) or classbench", AT(format), 0 },
	{ "--scrapes", "N", "pages with selected rules (default 200)", AT(scrapes), 100000 },
	{ "--all", "N", "pages with all rules (default 20)", AT(all), 10000 },
	{ "--windows", "N", "half seconds of lookups of each kind (default 8)", AT(windows), 1000 },
	{ "--json", NULL, "one line of JSON instead of a table", AT(json), 0 },
};
static const struct bench_command_line command_line = { "scrape --rules FILE [OPTION...]", options,
							sizeof(options) / sizeof(*options) };

/* Pages of one kind in a row. */
struct series {
	struct bench_sample seconds;
	uint64_t bytes;             /* of the last */
	uint64_t first, last, peak; /* memory of fw-exporter after the first page, after the last one, and at most */
};

enum from { FROM_FWD, FROM_PINNED, NFROM };
static const char *const from_name[NFROM] = { "fwd", "pinned maps" };

struct scrape {
	const struct settings *set;
	struct sandbox sandbox;
	struct sandbox_answer answer;
	struct scrape_exporter exporters[SCRAPE_NCHOICES];
	struct series series[NFROM][SCRAPE_NCHOICES];
	struct scrape_lookup lookup;
	uint64_t rules;
};

static int series_run(const struct scrape_exporter *e, unsigned n, bool up, struct series *out)
{
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++) {
		double seconds;

		err = scrape_once(e, up, &seconds, &out->bytes);
		if (!err)
			err = bench_sample_add(&out->seconds, seconds);
		out->last = scrape_exporter_memory(e, "VmRSS");
		if (!i)
			out->first = out->last;
	}
	out->peak = scrape_exporter_memory(e, "VmHWM");
	return err;
}

static int all_series_run(struct scrape *s, enum from from)
{
	const unsigned n[SCRAPE_NCHOICES] = { s->set->scrapes, s->set->all };
	int err = 0;

	for (int c = 0; c < SCRAPE_NCHOICES && !err; c++)
		err = series_run(&s->exporters[c], n[c], from == FROM_FWD, &s->series[from][c]);
	return err;
}

/* fwd with the ruleset on the loopback device, and the exporters. */
static int prepare(struct scrape *s)
{
	static const char *const lo[] = { "ip", "link", "set", "lo", "up", NULL };
	const char *const load[] = { "load", s->set->rules, "--format", s->set->format, NULL };
	static const char *const status[] = { "status", NULL };
	int err = sandbox_run(&s->sandbox, lo, &s->answer);

	if (!err)
		err = sandbox_fwctl(&s->sandbox, load, &s->answer);
	for (int c = 0; c < SCRAPE_NCHOICES && !err; c++)
		err = scrape_exporter_start(&s->sandbox, (enum scrape_choice)c, &s->exporters[c]);
	if (!err)
		err = sandbox_fwctl(&s->sandbox, status, &s->answer);
	if (!err) {
		json_t *o = json_loads(s->answer.out.text, JSON_DISABLE_EOF_CHECK, NULL);

		s->rules = (uint64_t)json_integer_value(json_object_get(o, "rules"));
		json_decref(o);
	}
	return err;
}

static double ns(struct scrape *s, enum scrape_load load)
{
	bench_sample_sort(&s->lookup.empty);
	bench_sample_sort(&s->lookup.ns[load]);
	return bench_sample_quantile(&s->lookup.ns[load], 0.5) - bench_sample_quantile(&s->lookup.empty, 0);
}

static void print_series(const char *from, const char *choice, struct series *s)
{
	char name[64];

	bench_sample_sort(&s->seconds);
	snprintf(name, sizeof(name), "%s, from %s", choice, from);
	printf("    %-26s %4zu %8.2f %8.2f %8.2f %10.2f %8.1f %8.1f %8.1f\n", name, s->seconds.n,
	       bench_sample_quantile(&s->seconds, 0) * 1e3, bench_sample_quantile(&s->seconds, 0.5) * 1e3,
	       bench_sample_quantile(&s->seconds, 1) * 1e3, (double)s->bytes / (1 << 20), (double)s->first / (1 << 20),
	       (double)s->last / (1 << 20), (double)s->peak / (1 << 20));
}

static void print_table(struct scrape *s)
{
	double idle = ns(s, LOAD_NOTHING), loop = ns(s, LOAD_LOOP);

	printf("%s, %llu rules\n", s->set->rules, (unsigned long long)s->rules);
	printf("  pages                           n   min ms      p50      max   size MiB  resident MiB: first, last, peak\n");
	for (int f = 0; f < NFROM; f++)
		for (int c = 0; c < SCRAPE_NCHOICES; c++)
			print_series(from_name[f], scrape_choice_name[c], &s->series[f][c]);
	printf("  lookups, ns a packet (p50 of walks over %zu packets): idle %.0f\n", s->lookup.packets, idle);
	printf("    next to a loop that touches no memory: %.0f (%+.1f%%)\n", loop, (loop / idle - 1) * 100);
	for (int c = 0; c < SCRAPE_NCHOICES; c++) {
		double busy = ns(s, LOAD_PAGES + c);

		printf("    while pages of %-8s rules are scraped, %zu of them: %.0f (%+.1f%%)\n",
		       scrape_choice_name[c], s->lookup.scrapes[c], busy, (busy / idle - 1) * 100);
	}
	printf("  marks at a million rules: selected 50 ms, 30 MB; all 3 s, 60 MB\n");
}

static json_t *series_json(struct series *s)
{
	bench_sample_sort(&s->seconds);
	return json_pack("{s:I,s:f,s:f,s:f,s:I,s:I,s:I,s:I}", "n", (json_int_t)s->seconds.n, "min",
			 bench_sample_quantile(&s->seconds, 0), "p50", bench_sample_quantile(&s->seconds, 0.5), "max",
			 bench_sample_quantile(&s->seconds, 1), "bytes", (json_int_t)s->bytes, "resident_first",
			 (json_int_t)s->first, "resident_last", (json_int_t)s->last, "resident_peak",
			 (json_int_t)s->peak);
}

static int print_json(struct scrape *s)
{
	fw_autofree char *text = NULL;
	json_t *o;

	o = json_pack("{s:s,s:I,s:{s:o,s:o},s:{s:o,s:o},s:{s:f,s:f,s:f,s:f}}", "ruleset", s->set->rules, "rules",
		      (json_int_t)s->rules, "fwd", scrape_choice_name[0], series_json(&s->series[FROM_FWD][0]),
		      scrape_choice_name[1], series_json(&s->series[FROM_FWD][1]), "pinned", scrape_choice_name[0],
		      series_json(&s->series[FROM_PINNED][0]), scrape_choice_name[1],
		      series_json(&s->series[FROM_PINNED][1]), "lookup_ns", "idle", ns(s, LOAD_NOTHING), "loop",
		      ns(s, LOAD_LOOP), scrape_choice_name[0], ns(s, LOAD_PAGES), scrape_choice_name[1],
		      ns(s, LOAD_PAGES + 1));
	text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
	json_decref(o);
	if (!text)
		return -ENOMEM;
	puts(text);
	return 0;
}

/* As if it had crashed: what it pinned keeps filtering. */
static void fwd_kill(struct sandbox *box)
{
	kill(box->fwd, SIGKILL);
	waitpid(box->fwd, NULL, 0);
	box->fwd = 0;
}

static void scrape_end(struct scrape *s)
{
	for (int c = 0; c < SCRAPE_NCHOICES; c++) {
		scrape_exporter_stop(&s->exporters[c]);
		for (int f = 0; f < NFROM; f++)
			bench_sample_free(&s->series[f][c].seconds);
	}
	sandbox_fwd_stop(&s->sandbox);
	sandbox_answer_free(&s->answer);
	scrape_lookup_free(&s->lookup);
}

/* All series with fwd alive, the lookups, then the series from its pins after it was killed. Return: an exit status. */
static int run(const struct settings *set)
{
	struct scrape s = { .set = set };
	const struct scrape_lookup_input in = { set->rules, set->format, set->windows, s.exporters };
	int err = sandbox_enter(&s.sandbox);

	if (!err)
		err = sandbox_fwd_start(&s.sandbox);
	if (!err)
		err = prepare(&s);
	if (!err)
		err = all_series_run(&s, FROM_FWD);
	if (!err)
		err = scrape_lookup_run(&s.sandbox, &in, &s.lookup);
	if (!err) {
		fwd_kill(&s.sandbox);
		err = all_series_run(&s, FROM_PINNED);
	}
	if (!err && !set->json)
		print_table(&s);
	else if (!err)
		err = print_json(&s);
	scrape_end(&s);
	return err ? 1 : 0;
}

int bench_scrape(int argc, char **argv)
{
	struct settings s = { .format = "rules", .scrapes = 200, .all = 20, .windows = 8 };
	enum fw_format format;
	int err = bench_options(&command_line, &s, argc, argv);
	const char *wrong_use = NULL;

	if (err)
		return err < 0 ? 2 : 0;
	if (!s.rules)
		wrong_use = "--rules is missing";
	else if (bench_format(s.format, &format))
		wrong_use = "--format is rules or classbench";
	else if (!s.scrapes || !s.all || !s.windows)
		wrong_use = "--scrapes, --all and --windows are 1 or more";
	if (wrong_use)
		return bench_wrong_usage(&command_line, wrong_use), 2;
	return run(&s);
}
