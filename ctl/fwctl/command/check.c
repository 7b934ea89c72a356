// SPDX-License-Identifier: GPL-2.0-only
/* fwctl check: is a ruleset right, and what will it cost? Touches neither kernel nor network. */
#include "rows.h"
#include "ruleset.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"

#include "fw/cost.h"
#include "fw/table/prog.h"

#include <stdlib.h>
#include <string.h>

static const struct ctl_option *const options[] = { &ctl_opt_format, &ctl_opt_max_cost, NULL };

/* What the kernel will hold for it, in bytes. */
struct memory {
	uint64_t tables;     /* whole segments */
	uint64_t counters;   /* whole chunks, a copy for each CPU */
	uint64_t flow_cache; /* with the state of a lookup: two for each CPU, and one for probes */
	unsigned cpus;
};

/* The file holds ranges as "0-3,8-11"; the last number is the highest CPU. */
static unsigned possible_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "re");
	char text[256] = "";
	size_t last;

	if (!f)
		return 1;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	for (last = strlen(text); last && text[last - 1] >= '0' && text[last - 1] <= '9'; last--)
		;
	return (unsigned)strtoul(text + last, NULL, 10) + 1;
}

static struct memory memory_of(const struct fw_ruleset *rs, const struct fw_pool *pool)
{
	uint64_t slots = (uint64_t)FW_COUNTER_RULES + rs->next_slot;
	uint64_t chunks = (slots + FW_COUNTER_CHUNK - 1) / FW_COUNTER_CHUNK;
	unsigned cpus = possible_cpus();

	return (struct memory){
		.tables = (uint64_t)pool->nsegments * (FW_SEGMENT_BYTES + FW_SLACK),
		.counters = chunks * FW_COUNTER_CHUNK * sizeof(struct fw_counter) * cpus,
		.flow_cache = (uint64_t)FW_CPU_STATES(cpus) * sizeof(struct fw_cpu),
		.cpus = cpus,
	};
}

static uint64_t elements_of(const struct fw_ruleset *rs)
{
	uint64_t n = 0;

	for (size_t i = 0; i < rs->nsets; i++)
		n += rs->sets[i].n;
	return n;
}

static json_t *both(uint64_t src, uint64_t dst)
{
	return json_pack("{sI sI}", "source", (json_int_t)src, "destination", (json_int_t)dst);
}

static json_t *cost_json(const struct fw_cost_worst *w)
{
	return json_pack("{sf sI sI sI sI}", "seconds", fw_cost_seconds(w->most), "lines", (json_int_t)w->most.lines,
			 "rounds", (json_int_t)w->most.rounds, "pairs", (json_int_t)w->pairs, "blocks",
			 (json_int_t)w->blocks);
}

static int print_json(const char *path, const struct fw_ruleset *rs, const struct fw_compile_stats *st,
		      const struct fw_cost_worst *cost, const struct memory *m, const struct fw_diags *warnings,
		      double parse)
{
	json_t *memory = json_pack("{sI sI sI sI si}", "tables", (json_int_t)m->tables, "tables_used",
				   (json_int_t)st->bytes, "counters", (json_int_t)m->counters, "flow_cache",
				   (json_int_t)m->flow_cache, "cpus", (int)m->cpus);
	json_t *o = json_pack("{so sI sI sI so so sI sI sI so sI so so sf sf so sI}", "file", ctl_json_string(path),
			      "rules", (json_int_t)rs->nrules, "sets", (json_int_t)rs->nsets, "set_elements",
			      (json_int_t)elements_of(rs), "identities", both(st->identities[0], st->identities[1]),
			      "classes", both(st->classes[0], st->classes[1]), "pairs", (json_int_t)st->pairs, "blocks",
			      (json_int_t)st->blocks, "largest_block", (json_int_t)st->block_rules_max, "nesting",
			      both(st->nesting_max[0], st->nesting_max[1]), "probes_max", (json_int_t)st->probes_max,
			      "worst_packet", cost_json(cost), "memory", memory, "parse_seconds", parse,
			      "compile_seconds", st->seconds, "warnings", ctl_json_diags(warnings), "warnings_total",
			      (json_int_t)warnings->total);

	return ctl_json_print(o);
}

static void row(const char *what, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void row(const char *what, const char *fmt, ...)
{
	va_list ap;

	printf("  %-16s ", what);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

#define LLU(x) ((unsigned long long)(x))

static void print_text(const char *path, const struct fw_ruleset *rs, const struct fw_compile_stats *st,
		       const struct fw_cost_worst *cost, const struct memory *m, double parse)
{
	uint64_t total = m->tables + m->counters + m->flow_cache;
	char a[32], b[32];

	ctl_put(stdout, path);
	puts(": ok");
	row("rules", "%zu", rs->nrules);
	row("sets", "%zu with %llu element%s", rs->nsets, LLU(elements_of(rs)), fw_plural(elements_of(rs)));
	row("identities", "%llu source, %llu destination", LLU(st->identities[0]), LLU(st->identities[1]));
	row("classes", "%llu source, %llu destination", LLU(st->classes[0]), LLU(st->classes[1]));
	row("pairs", "%llu", LLU(st->pairs));
	row("blocks", "%llu, the largest of %llu rule%s", LLU(st->blocks), LLU(st->block_rules_max),
	    fw_plural(st->block_rules_max));
	row("deepest nesting", "%u source, %u destination", st->nesting_max[0], st->nesting_max[1]);
	row("probes", "at most %llu pair%s a packet", LLU(st->probes_max), fw_plural(st->probes_max));
	row("worst packet", "at most %s: %llu lines, %llu rounds",
	    fw_cost_text(fw_cost_seconds(cost->most), a, sizeof(a)), LLU(cost->most.lines), LLU(cost->most.rounds));
	row("kernel memory", "%s", ctl_bytes(a, sizeof(a), total));
	row("  tables", "%s (%s in use)", ctl_bytes(a, sizeof(a), m->tables), ctl_bytes(b, sizeof(b), st->bytes));
	row("  counters", "%s on %u CPU%s", ctl_bytes(a, sizeof(a), m->counters), m->cpus, fw_plural(m->cpus));
	row("  flow cache", "%s on %u CPU%s", ctl_bytes(a, sizeof(a), m->flow_cache), m->cpus, fw_plural(m->cpus));
	row("time", "parse %.3f s, compile %.3f s", parse, st->seconds);
}

/* Packets that cost much, rules that can never decide, or none at all; what the text is warned of has been said. */
static int warn(struct fw_ruleset *rs, const struct fw_pool *pool, uint32_t root, const struct fw_cost_worst *cost,
		struct fw_diags *out)
{
	struct fw_diags shadowed = { 0 };
	int err;

	fw_cost_warn(rs, cost, &shadowed);
	err = fw_warn_all_shadowed(rs, pool, root, &shadowed);
	if (err) {
		ctl_print_failure(NULL, "cannot look for rules that never decide", err);
		return err;
	}
	if (fw_ruleset_is_open(rs))
		fw_diag_add(&shadowed, (struct fw_place){ .file = rs->file },
			    "in the place of rules or of policy in drop, `fwctl load` wants --yes for it",
			    "there are no rules in it and its policy in is accept");
	ctl_print_warnings(&shadowed);
	if (rs->warnings)
		*out = *rs->warnings;
	fw_diags_append(out, &shadowed);
	return 0;
}

/* What the dearest packet costs, unless that is more than it may. 0 or -errno, and said so. */
static int cost_of(const struct ctl_settings *s, const struct fw_ruleset *rs, const struct fw_pool *pool, uint32_t root,
		   struct fw_cost_worst *out)
{
	struct fw_diags ds = { 0 };
	int err = fw_cost_worst(pool, root, out);

	if (!err && s->max_cost)
		err = fw_cost_refuse(rs, out, 1e-9 * (double)s->max_cost, &ds);
	if (err)
		ctl_print_failure(&ds, "cannot look for the dearest packet", err);
	return err;
}

static void ruleset_freep(struct fw_ruleset **p)
{
	fw_ruleset_free(*p);
}

static void pool_freep(struct fw_pool **p)
{
	fw_pool_free(*p);
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(ruleset_freep) struct fw_ruleset *rs = NULL;
	fw_cleanup(pool_freep) struct fw_pool *pool = NULL;
	fw_cleanup(fw_image_free) struct fw_image image = { 0 };
	struct fw_diags warnings = { 0 };
	struct fw_cost_worst cost;
	double parse;
	int err;

	if (ctl_ruleset_load(operands[0], s->format, &rs, &parse))
		return CTL_FAILED;
	err = fw_pool_new(&pool);
	if (err) {
		ctl_print_failure(NULL, "cannot make tables", err);
		return CTL_FAILED;
	}
	if (ctl_ruleset_compile(rs, pool, &image))
		return CTL_FAILED;
	if (cost_of(s, rs, pool, image.root, &cost) || warn(rs, pool, image.root, &cost, &warnings))
		return CTL_FAILED;

	struct memory m = memory_of(rs, pool);

	if (s->json)
		return print_json(operands[0], rs, &image.stats, &cost, &m, &warnings, parse) ? CTL_FAILED : CTL_OK;
	print_text(operands[0], rs, &image.stats, &cost, &m, parse);
	return CTL_OK;
}

const struct ctl_command ctl_check = {
	.name = "check",
	.operands = "FILE",
	.summary = "parse and compile a ruleset; say what is wrong with it or what it will cost",
	.details =
		"FILE - is standard input. Nothing is loaded into the kernel.\n\n"
		"JSON: file, rules, sets, set_elements, identities, classes, nesting {source, destination},\n"
		"pairs, blocks, largest_block (rules), probes_max (pairs that one packet can ask for),\n"
		"worst_packet {seconds, lines, rounds, pairs, blocks},\n"
		"memory {tables, tables_used, counters, flow_cache: bytes; cpus}, parse_seconds, compile_seconds,\n"
		"warnings (array of {file, line, column, message, hint}), warnings_total.\n\n"
		"Warns of rules that can never decide, since one before them matches all of their packets; and of rules\n"
		"with which a packet may take more than 10 us, which --max-cost refuses. No packet costs more than the\n"
		"worst packet: lines of the tables that are read, and rounds in which it waits for one, at prices measured\n"
		"with nothing in the CPU's caches. One that is in them takes about a tenth.\n",
	.options = options,
	.kinds = CTL_KIND_FILE,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
