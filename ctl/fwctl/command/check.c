// SPDX-License-Identifier: GPL-2.0-only
/* fwctl check: whether a ruleset is right, and what it costs. Touches neither kernel nor network. */
#include "rows.h"
#include "ruleset.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"

#include "fw/chains.h"
#include "fw/cost.h"
#include "fw/warn.h"
#include "fw/table/prog.h"

#include <stdlib.h>
#include <string.h>

static const struct ctl_option *const options[] = { &ctl_opt_format, &ctl_opt_max_cost, NULL };

/* Memory that the ruleset takes in the kernel, in bytes. */
struct memory {
	uint64_t tables;     /* whole segments */
	uint64_t counters;   /* whole chunks, a copy for each CPU */
	uint64_t flow_cache; /* with the state of a lookup: two for each CPU, and one for probes */
	unsigned cpus;
};

/* The file has ranges such as "0-3,8-11"; the last number is the highest CPU. */
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

/* What a check finds out. */
struct findings {
	const char *path;
	const struct ctl_tables *tables;
	struct fw_cost_worst cost;
	struct memory memory;
	struct fw_diags warnings; /* of the text, of shadowed rules and of what packets cost */
};

static int print_json(const struct findings *f)
{
	const struct fw_ruleset *rs = f->tables->rs;
	const struct fw_compile_stats *st = &f->tables->image.stats;
	json_t *memory = json_pack("{sI sI sI sI si}", "tables", (json_int_t)f->memory.tables, "tables_used",
				   (json_int_t)st->bytes, "counters", (json_int_t)f->memory.counters, "flow_cache",
				   (json_int_t)f->memory.flow_cache, "cpus", (int)f->memory.cpus);

	return ctl_json_print(
		json_pack("{so sI sI sI so so sI sI sI so sI so so sf sf so sI}", "file", fw_json_text(f->path),
			  "rules", (json_int_t)rs->nrules, "sets", (json_int_t)rs->nsets, "set_elements",
			  (json_int_t)elements_of(rs), "identities", both(st->identities[0], st->identities[1]),
			  "classes", both(st->classes[0], st->classes[1]), "pairs", (json_int_t)st->pairs, "blocks",
			  (json_int_t)st->blocks, "largest_block", (json_int_t)st->block_rules_max, "nesting",
			  both(st->nesting_max[0], st->nesting_max[1]), "probes_max", (json_int_t)st->probes_max,
			  "worst_packet", fw_json_cost(&f->cost), "memory", memory, "parse_seconds",
			  f->tables->parse_seconds, "compile_seconds", st->seconds, "warnings",
			  ctl_json_diags(&f->warnings), "warnings_total", (json_int_t)f->warnings.total));
}

#define ROW(...) ctl_print_row(2, 16, __VA_ARGS__)
#define LLU(x) ((unsigned long long)(x))

static void print_memory(const struct memory *m, uint64_t used)
{
	char a[32], b[32];

	ROW("kernel memory", "%s", ctl_bytes(a, sizeof(a), m->tables + m->counters + m->flow_cache));
	ROW("  tables", "%s (%s in use)", ctl_bytes(a, sizeof(a), m->tables), ctl_bytes(b, sizeof(b), used));
	ROW("  counters", "%s on %u CPU%s", ctl_bytes(a, sizeof(a), m->counters), m->cpus, fw_plural(m->cpus));
	ROW("  flow cache", "%s on %u CPU%s", ctl_bytes(a, sizeof(a), m->flow_cache), m->cpus, fw_plural(m->cpus));
}

/* The findings as a table. */
static int print_text(const struct findings *f)
{
	const struct fw_ruleset *rs = f->tables->rs;
	const struct fw_compile_stats *st = &f->tables->image.stats;
	uint64_t elements = elements_of(rs);
	char time[32];

	ctl_put(stdout, f->path);
	puts(": ok");
	ROW("rules", "%zu", rs->nrules);
	ROW("sets", "%zu with %llu element%s", rs->nsets, LLU(elements), fw_plural(elements));
	ROW("identities", "%llu source, %llu destination", LLU(st->identities[0]), LLU(st->identities[1]));
	ROW("classes", "%llu source, %llu destination", LLU(st->classes[0]), LLU(st->classes[1]));
	ROW("pairs", "%llu", LLU(st->pairs));
	ROW("blocks", "%llu, the largest of %llu rule%s", LLU(st->blocks), LLU(st->block_rules_max),
	    fw_plural(st->block_rules_max));
	ROW("deepest nesting", "%u source, %u destination", st->nesting_max[0], st->nesting_max[1]);
	ROW("probes", "at most %llu pair%s a packet", LLU(st->probes_max), fw_plural(st->probes_max));
	ROW("worst packet", "at most %s: %llu lines, %llu rounds",
	    fw_cost_text(fw_cost_seconds(f->cost.most), time, sizeof(time)), LLU(f->cost.most.lines),
	    LLU(f->cost.most.rounds));
	print_memory(&f->memory, st->bytes);
	ROW("time", "parse %.3f s, compile %.3f s", f->tables->parse_seconds, st->seconds);
	return 0;
}

/* Prints warnings, and adds them to those of the text, which were printed before: of cost, of chains, of rules that never decide. */
static int warn(struct findings *f)
{
	struct fw_ruleset *rs = f->tables->rs;
	struct fw_diags found = { 0 };
	int err;

	fw_cost_warn(rs, &f->cost, &found);
	err = fw_chains_warn(rs, &found);
	if (!err)
		err = fw_warn_all_shadowed(rs, f->tables->pool, f->tables->image.root, &found);
	if (err) {
		ctl_print_failure(NULL, "cannot look for rules that never decide", err);
		return err;
	}
	if (fw_ruleset_is_open(rs))
		fw_diag_add(&found, (struct fw_place){ .file = rs->file },
			    "`fwctl load` needs --yes to put it in place of rules or of policy in drop",
			    "it has no rules, and its policy in is accept");
	ctl_print_warnings(&found);
	if (rs->warnings)
		f->warnings = *rs->warnings;
	fw_diags_append(&f->warnings, &found);
	return 0;
}

/* Finds the packet that costs most; more than --max-cost is an error. Return: 0 or -errno, which is printed. */
static int find_cost(const struct ctl_settings *s, struct findings *f)
{
	struct fw_diags ds = { 0 };
	int err = fw_cost_worst(f->tables->pool, f->tables->image.root, &f->cost);

	if (!err && s->max_cost)
		err = fw_cost_refuse(f->tables->rs, &f->cost, 1e-9 * (double)s->max_cost, &ds);
	if (err)
		ctl_print_failure(&ds, "cannot find the worst packet", err);
	return err;
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(ctl_tables_close) struct ctl_tables tables = { .rs = NULL };
	struct findings f = { .path = operands[0], .tables = &tables };

	if (ctl_tables_open(f.path, s->format, false, &tables) || find_cost(s, &f) || warn(&f))
		return CTL_FAILED;
	f.memory = memory_of(tables.rs, tables.pool);
	return (s->json ? print_json : print_text)(&f) ? CTL_FAILED : CTL_OK;
}

const struct ctl_command ctl_check = {
	.name = "check",
	.operands = "FILE",
	.summary = "check a ruleset: what is wrong with it, or what it costs",
	.details =
		"FILE - is standard input. Nothing is loaded into the kernel.\n\n"
		"JSON: file, rules, sets, set_elements, identities, classes, nesting {source, destination},\n"
		"pairs, blocks, largest_block (rules), probes_max (pairs that one packet can look up),\n"
		"worst_packet {seconds, lines, rounds, pairs, blocks},\n"
		"memory {tables, tables_used, counters, flow_cache: bytes; cpus}, parse_seconds, compile_seconds,\n"
		"warnings (array of {file, line, column, message, hint}), warnings_total.\n\n"
		"It warns of rules that can never decide, since one before them matches all of their packets; of chains that are\n"
		"called though they are empty, and of their rules that no packet gets to; and of rules with which a packet may\n"
		"take more than 10 us, which --max-cost refuses. No packet costs more than the worst packet: cache lines of the tables that it reads, and rounds in which it waits for one, at prices\n"
		"measured with cold caches. With warm caches it takes about a tenth.\n",
	.options = options,
	.kinds = CTL_KIND_FILE,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
