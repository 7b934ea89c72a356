// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwctl list, show and set list: the live ruleset, one rule, set or policy a line. Each is printed as it arrives, so that a
 * million rules need no memory here.
 */
#include "list.h"
#include "rows.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/output/progress.h"
#include "ctl/fwctl/request/line.h"

#include <string.h>
#include <unistd.h>

#define ONE_LINE 8 /* elements of a set that are printed on one line with its name */

static const struct ctl_option *const list_options[] = { &ctl_opt_terse, &ctl_opt_from, &ctl_opt_limit, NULL };
static const struct ctl_option *const terse_options[] = { &ctl_opt_terse, NULL };
static const struct ctl_option *const no_options[] = { NULL };

#define LLU(o, name) ((unsigned long long)ctl_field_u64(o, name))

struct printer {
	bool terse;
	bool progress;
	bool open; /* a set of which more elements follow */
	uint64_t n;
};

/* A rule that only jumps counts nothing. */
static void print_rule(const struct printer *p, const json_t *o)
{
	if (!p->terse && json_object_get(o, "packets"))
		ctl_print_counts(o);
	else if (!p->terse)
		ctl_print_no_counts();
	puts(ctl_field_text(o, "text"));
}

static void print_policy(const struct printer *p, const json_t *o)
{
	const json_t *before;
	size_t i;

	if (!p->terse)
		ctl_print_counts(o);
	printf("%s%s\n", ctl_field_text(o, "text"), json_is_true(json_object_get(o, "set")) ? "" : "  # by default");
	json_array_foreach(json_object_get(o, "before"), i, before)
	{
		ctl_print_counts(before);
		printf("policy %s %s  # before\n", ctl_field_text(o, "policy"), ctl_field_text(before, "verdict"));
	}
}

/* " timeout 1h", if @seconds is a number. */
static void print_timeout(const json_t *seconds)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	if (!json_is_integer(seconds))
		return;
	fw_text_print_time(&b, (uint32_t)json_integer_value(seconds));
	printf(" timeout %s", b.text ? b.text : "");
}

static void print_elements(const json_t *o, const char *before, const char *between)
{
	const json_t *ranges = json_object_get(o, "ranges"), *left = json_object_get(o, "left"), *range;
	bool leave = json_object_get(o, "timeout") != NULL;
	size_t i;

	json_array_foreach(ranges, i, range)
	{
		const char *text = json_string_value(range);
		const json_t *seconds = json_array_get(left, i);

		printf("%s%s", i ? between : before, text ? text : "?");
		print_timeout(seconds);
		if (leave && !json_is_integer(seconds))
			printf(" timeout never");
	}
}

/* "set NAME [dynamic [timeout TIME] [size N]]" */
static void print_set_head(const json_t *o)
{
	printf("set %s%s", ctl_field_text(o, "set"), json_is_true(json_object_get(o, "dynamic")) ? " dynamic" : "");
	print_timeout(json_object_get(o, "timeout"));
	if (json_object_get(o, "size"))
		printf(" size %llu", LLU(o, "size"));
}

/* A large set arrives in several objects, which become one statement. */
static void print_set(struct printer *p, const json_t *o)
{
	const json_t *ranges = json_object_get(o, "ranges");
	bool more = json_is_true(json_object_get(o, "more")), lines = p->open || more;

	if (!p->open && json_is_true(json_object_get(o, "builtin")))
		printf("# built in\n");
	if (!json_is_array(ranges)) {
		print_set_head(o);
		printf("  # elements: %llu, rules that use it: %llu\n", LLU(o, "elements"), LLU(o, "rules"));
		return;
	}
	lines |= json_array_size(ranges) > ONE_LINE;
	if (!p->open) {
		print_set_head(o);
		printf(" {%s", lines ? "\n\t" : " ");
	}
	print_elements(o, p->open ? ",\n\t" : "", lines ? ",\n\t" : ", ");
	p->open = more;
	if (!more)
		printf("%s", lines ? "\n}\n" : json_array_size(ranges) ? " }\n" : "}\n");
}

static void print_chain(const json_t *o)
{
	printf("chain %s", ctl_field_text(o, "chain"));
	if (json_object_get(o, "owner"))
		printf(" owner %llu", LLU(o, "owner"));
	printf("  # rules: %llu, rules that call it: %llu\n", LLU(o, "rules"), LLU(o, "callers"));
}

static int print_any(void *ctx, json_t *o)
{
	struct printer *p = ctx;

	if (json_object_get(o, "set") && json_is_string(json_object_get(o, "set")))
		print_set(p, o);
	else if (json_object_get(o, "policy"))
		print_policy(p, o);
	else if (json_object_get(o, "callers"))
		print_chain(o);
	else
		print_rule(p, o);
	p->n++;
	if (p->progress)
		ctl_progress("%llu", (unsigned long long)p->n);
	return ferror(stdout) ? -EIO : 0;
}

enum ctl_exit ctl_list_print(const struct ctl_settings *s, enum fw_request kind, json_t *args,
			     const struct ctl_source *source, json_t **end)
{
	struct printer p = { .terse = s->terse, .progress = !isatty(STDOUT_FILENO) };
	struct ctl_request request = { .kind = kind, .args = args, .sources = source, .line = print_any, .ctx = &p };

	return ctl_request_run(s, &request, end);
}

static void add_text(json_t *args, const char *name, const char *value)
{
	if (value)
		json_object_set_new(args, name, fw_json_text(value));
}

/* `rules`, `sets`, `chains` or `policy`; NULL: the word begins a query of rules. */
static const char *kind_of(const char *word)
{
	static const char *const kinds[] = { "rules", "sets", "chains", "policy" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(word, kinds[i]))
			return kinds[i];
	return NULL;
}

/* What people call it that is listed by another word. NULL: nothing. */
static const char *other_word(const char *word)
{
	static const char *const others[][2] = { { "policies", "policy" }, { "set", "sets" }, { "rule", "rules" } };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(word, others[i][0]))
			return others[i][1];
	return NULL;
}

static json_t *list_args(const struct ctl_settings *s, const char *kind)
{
	json_t *args = json_pack("{ss sb sb}", "what", kind, "terse", s->terse, "counters", !s->terse);

	add_text(args, "from", s->from);
	if (s->limit)
		json_object_set_new(args, "limit", ctl_json_u64(s->limit));
	return args;
}

/* Rules that could decide on the packets that the words describe; without words, all. */
static int list_rules(const struct ctl_settings *s, int n, char **words)
{
	fw_cleanup(fw_buf_free) struct fw_buf query = { 0 };
	struct ctl_source source = { 0 };
	json_t *args;

	if (ctl_line_join("", n, words, &query))
		return CTL_USAGE;
	source.text = query.text;
	source.len = query.len;
	args = list_args(s, "rules");
	if (query.len)
		json_object_set_new(args, "filter", ctl_json_text(query.text));
	return ctl_list_print(s, FW_REQ_LIST, args, query.len ? &source : NULL, NULL);
}

static int run_list(const struct ctl_settings *s, int n, char **operands)
{
	const char *kind = n ? kind_of(operands[0]) : NULL;
	json_t *args;

	if (n && other_word(operands[0])) {
		ctl_error("list: \"%s\" is neither a match nor what can be listed", operands[0]);
		ctl_hint("fwctl list %s", other_word(operands[0]));
		return CTL_USAGE;
	}
	if (!kind || !strcmp(kind, "rules"))
		return list_rules(s, kind ? n - 1 : n, kind ? operands + 1 : operands);
	if (n > (strcmp(kind, "chains") ? 2 : 1)) {
		ctl_error("list %s: unexpected operand \"%s\"", kind, operands[n - 1]);
		return CTL_USAGE;
	}
	args = list_args(s, kind);
	add_text(args, !strcmp(kind, "sets") ? "set" : "policy", n == 2 ? operands[1] : NULL);
	return ctl_list_print(s, FW_REQ_LIST, args, NULL, NULL);
}

static int run_show(const struct ctl_settings *s, int n, char **operands)
{
	return ctl_list_print(s, FW_REQ_LIST, json_pack("{so}", "rule", fw_json_text(operands[0])), NULL, NULL);
}

static int run_set_list(const struct ctl_settings *s, int n, char **operands)
{
	json_t *args = json_pack("{ss sb}", "what", "sets", "terse", s->terse);

	add_text(args, "set", n ? operands[0] : NULL);
	return ctl_list_print(s, FW_REQ_LIST, args, NULL, NULL);
}

#define RULE_JSON                                                                                                   \
	"JSON: rule {id, name or null, verdict, audit (drop or reject, of such a rule), chain (if it is in one),\n" \
	"target (the chain that it calls), text, packets, bytes (not of a rule that only jumps), slot}"

const struct ctl_command ctl_list = {
	.name = "list",
	.operands = "[[rules] [chain NAME] [MATCH...] [EFFECT...] [VERDICT]|sets [NAME]|chains|policy [REASON]]",
	.summary = "list rules in order with their counters, sets, chains or policies",
	.details =
		"MATCH: only rules that could decide on such packets, such as `fwctl list from 10.0.0.0/8 proto tcp drop`.\n"
		"EFFECT: only rules that have it: limit, connections, log, mark, add, update, audit.\n"
		"chain NAME: only rules of this chain.\n\n" RULE_JSON ",\n"
		"set {set (name), dynamic, timeout and size if it has them, elements (how many), ranges, left (seconds that each of them\n"
		"stays, or null; only if some leave), rules (that use it), more (true: continued in the next object)},\n"
		"chain {chain (name), rules, callers (rules that jump or go to it), owner (group, if it has one)},\n"
		"policy {policy, verdict, set (false: by default), text, packets, bytes, before (what it decided with\n"
		"verdicts that it had before, if anything: [{verdict, packets, bytes}])}; at last {ok, count, total}.\n",
	.options = list_options,
	.words = "rules sets chains policy chain",
	.kinds = CTL_KIND_MATCH,
	.max_operands = -1,
	.run = run_list,
};

const struct ctl_command ctl_show = {
	.name = "show rule",
	.operands = "REF",
	.summary = "show one rule and its counter",
	.details = RULE_JSON "; then {ok, count, total}.\n",
	.options = no_options,
	.kinds = CTL_KIND_RULE,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_show,
};

const struct ctl_command ctl_set_list = {
	.name = "set list",
	.operands = "[NAME]",
	.summary = "list the elements of a set, or of all sets",
	.details = "JSON: as `fwctl list sets`.\n",
	.options = terse_options,
	.kinds = CTL_KIND_SET,
	.max_operands = 1,
	.run = run_set_list,
};
