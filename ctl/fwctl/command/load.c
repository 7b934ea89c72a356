// SPDX-License-Identifier: GPL-2.0-only
/* fwctl load: puts a whole ruleset in place of the live one. */
#include "load.h"
#include "load_diff.h"
#include "rows.h"
#include "ctl/fwctl/output/files.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/output/progress.h"
#include "ctl/fwctl/request/change.h"
#include "ctl/fwctl/request/parts.h"
#include "ctl/fwctl/request/request.h"

#include "fw/cost.h"
#include "fw/text.h"

#include <string.h>
#include <unistd.h>

static const struct ctl_option *const load_options[] = {
	&ctl_opt_check,  &ctl_opt_diff, &ctl_opt_max_cost, &ctl_opt_confirm,
	&ctl_opt_format, &ctl_opt_yes,  &ctl_opt_chain,    NULL,
};

static void show_progress(void *ctx, json_t *o)
{
	uint64_t of = ctl_field_u64(o, "of"), done = ctl_field_u64(o, "done");

	if (of)
		ctl_progress("%s %llu of %llu", ctl_field_text(o, "stage"), (unsigned long long)done,
			     (unsigned long long)of);
	else
		ctl_progress("%s", ctl_field_text(o, "stage"));
}

/* Files have the names that the user gave them. */
static void print_warnings(const struct ctl_parts *parts, const json_t *end)
{
	struct fw_diags ds = { 0 };

	ctl_warnings_of(end, &ds);
	for (unsigned i = 0; i < ds.n; i++)
		for (unsigned k = 0; k < parts->nsources; k++)
			if (parts->sources[k].shown && ctl_is_shown_as(parts->sources[k].name, ds.d[i].file))
				snprintf(ds.d[i].file, sizeof(ds.d[i].file), "%s", parts->sources[k].shown);
	ctl_print_warnings(&ds);
}

static void print_result(const struct ctl_settings *s, const char *name, const json_t *end)
{
	const json_t *seconds = json_object_get(end, "seconds"), *worst = json_object_get(end, "worst_packet");
	char time[32];
	double total = ctl_field_real(seconds, "total");
	uint64_t rules = ctl_field_u64(end, "rules");

	ctl_put(stdout, name);
	printf(": %llu rule%s%s: ", (unsigned long long)rules, fw_plural(rules),
	       s->check ? " (checked only, nothing has changed)" : "");
	ctl_print_load_counts(end);
	putchar('\n');
	printf("  time     parse %.3f s, compile %.3f s, store %.3f s, swap %.3f s, in all %.3f s\n",
	       ctl_field_real(seconds, "parse"), ctl_field_real(seconds, "compile"), ctl_field_real(seconds, "store"),
	       ctl_field_real(seconds, "swap"), total > 0 ? total : ctl_seconds_of(end));
	if (worst)
		printf("  packet   at most %s\n", fw_cost_text(ctl_field_real(worst, "seconds"), time, sizeof(time)));
	ctl_confirm_print(s, "  confirm  ");
}

/* Reads the rules and the files that their sets name. Return: 0 or -errno, which is printed. */
static int read_all(struct ctl_parts *parts, const char *path, int format)
{
	char *text;
	size_t len;
	int err = ctl_file_read(path, &text, &len);

	if (!err)
		err = ctl_parts_add(parts, ctl_file_name(path), text, len);
	if (!err && format == FW_FORMAT_RULES)
		err = ctl_parts_add_files(parts, path);
	return err;
}

/* @name: of the text; NULL: fwd reads the file of its setting. */
static json_t *load_args(const struct ctl_settings *s, const char *name)
{
	json_t *args = json_pack("{ss sb sb sb}", "format", ctl_opt_format.words[s->format], "check", s->check, "diff",
				 s->diff, "empty", s->yes);

	if (name)
		json_object_set_new(args, "name", fw_json_text(name));
	if (s->max_cost)
		json_object_set_new(args, "max_cost", json_integer((json_int_t)s->max_cost));
	ctl_confirm_add(s, args);
	return args;
}

/* Sends the text and the files that it names, or none, and prints what the load did. Takes @counts. */
static int send_load(const struct ctl_settings *s, struct ctl_parts *parts, json_t *counts)
{
	const char *name = parts->nsources ? parts->sources[0].name : NULL;
	struct ctl_request request = { .kind = FW_REQ_LOAD,
				       .args = load_args(s, name),
				       .parts = parts->parts,
				       .nparts = parts->nparts,
				       .sources = parts->nsources ? parts->sources : NULL,
				       .line = ctl_load_diff_print,
				       .progress = show_progress };
	json_auto_t *end = NULL;
	int code;

	if (counts)
		json_object_set_new(request.args, "counts", counts);
	code = ctl_request_run(s, &request, &end);
	if (code != CTL_OK || s->json)
		return code;
	print_warnings(parts, end);
	print_result(s, name ? name : "the file of the setting `rules`", end);
	return code;
}

/* The rules of one chain: a change, which keeps everything else as it is. */
static int load_chain(const struct ctl_settings *s, struct ctl_parts *parts, int n, char **operands)
{
	const struct ctl_change_report report = { .chain = s->chain, .summary = ctl_change_print_summary };
	const char *other = s->diff     ? "--diff" :
			    s->max_cost ? "--max-cost" :
			    s->yes      ? "--yes" :
			    s->format   ? "--format" :
					  NULL;
	char *text;
	size_t len;

	if (other || !n) {
		ctl_error("load: --chain %s%s", other ? "cannot be used with " : "needs a file", other ? other : "");
		return CTL_USAGE;
	}
	if (ctl_file_read(operands[0], &text, &len) || ctl_parts_add(parts, ctl_file_name(operands[0]), text, len))
		return CTL_FAILED;
	return ctl_change(s, parts, &report);
}

static int run_load(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(ctl_parts_freep) struct ctl_parts *parts = calloc(1, sizeof(*parts));

	if (parts && s->chain)
		return load_chain(s, parts, n, operands);
	if (!parts || (n && read_all(parts, operands[0], s->format)))
		return CTL_FAILED;
	return send_load(s, parts, NULL);
}

int ctl_load_text(const struct ctl_settings *s, const char *name, char *text, size_t len, json_t *counts)
{
	fw_cleanup(ctl_parts_freep) struct ctl_parts *parts = calloc(1, sizeof(*parts));

	if (!parts || ctl_parts_add(parts, name, text, len)) {
		free(parts ? NULL : text);
		json_decref(counts);
		return CTL_FAILED;
	}
	return send_load(s, parts, counts);
}

const struct ctl_command ctl_load = {
	.name = "load",
	.operands = "[FILE]",
	.summary = "replace the live ruleset",
	.details =
		"Rules keep their ids and counters if they have the same id and the same name or matches, or, without an id,\n"
		"the same name or the same text. Packets see the old ruleset or the new one, never a mixture; if anything\n"
		"is wrong, the old one stays. FILE - is standard input; the files of sets are read too.\n"
		"Without FILE, fwd loads the file of its setting `rules`.\n"
		"A ruleset that filters nothing needs --yes: a file without rules whose policy in is accept, in place of\n"
		"rules or of policy in drop; and an empty file.\n"
		"With --confirm the old ruleset comes back unless `fwctl confirm` is run in time.\n"
		"--chain replaces the rules of one chain and nothing else: FILE holds rules only, without `chain NAME` or with\n"
		"the same name. Members of the group that owns the chain may do so too. Its JSON is that of `fwctl batch`.\n"
		"--diff shows all that a packet can notice: policies, addresses of sets (the first ten of each), rules that\n"
		"are added (+), removed (-) or moved (~). It says so if a rule with another text keeps its counter.\n"
		"fwctl warns of rules that can never decide, since one before them matches all of their packets; with more\n"
		"than 100,000 rules only `fwctl check` does. It also warns of a ruleset with which a packet may take more\n"
		"than 10 us; --max-cost refuses it, and the old one stays (see `fwctl help check`).\n\n" CTL_LOAD_DIFF_JSON
		"at last {ok, " CTL_COUNTS_JSON ", rules,\n"
		"generation, edits, seconds {parse, compile, store, swap, total}, worst_packet {seconds, lines, rounds, pairs,\n"
		"blocks}, confirm_by (seconds since 1970),\n"
		"warnings (array of {file, line, column, message, hint}), warnings_total}.\n",
	.options = load_options,
	.kinds = CTL_KIND_FILE,
	.max_operands = 1,
	.run = run_load,
};
