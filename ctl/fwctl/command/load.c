// SPDX-License-Identifier: GPL-2.0-only
/* fwctl load and save: whole rulesets. */
#include "ctl/fwctl/client.h"
#include "ctl/fwctl/files.h"
#include "ctl/fwctl/texts.h"

#include "fw/cost.h"

#include <string.h>
#include <unistd.h>

static const struct ctl_option *const load_options[] = {
	&ctl_opt_check, &ctl_opt_diff, &ctl_opt_max_cost, &ctl_opt_confirm, &ctl_opt_format, &ctl_opt_yes, NULL,
};
static const struct ctl_option *const no_options[] = { NULL };

static void show_progress(void *ctx, json_t *o)
{
	uint64_t of = ctl_field_u64(o, "of"), done = ctl_field_u64(o, "done");

	if (of)
		ctl_progress("%s %llu of %llu", ctl_field_text(o, "stage"), (unsigned long long)done,
			     (unsigned long long)of);
	else
		ctl_progress("%s", ctl_field_text(o, "stage"));
}

/* Files are called as the user named them. */
static void print_warnings(const struct ctl_texts *l, const json_t *end)
{
	struct fw_diags ds = { 0 };

	ctl_warnings_of(end, &ds);
	for (unsigned i = 0; i < ds.n; i++)
		for (unsigned k = 0; k < l->nsources; k++)
			if (l->sources[k].shown && ctl_is_shown_as(l->sources[k].name, ds.d[i].file))
				snprintf(ds.d[i].file, sizeof(ds.d[i].file), "%s", l->sources[k].shown);
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
	ctl_print_counts_of(end);
	putchar('\n');
	printf("  time     parse %.3f s, compile %.3f s, store %.3f s, swap %.3f s, in all %.3f s\n",
	       ctl_field_real(seconds, "parse"), ctl_field_real(seconds, "compile"), ctl_field_real(seconds, "store"),
	       ctl_field_real(seconds, "swap"), total > 0 ? total : ctl_seconds_of(end));
	if (worst)
		printf("  packet   at most %s\n", fw_cost_text(ctl_field_real(worst, "seconds"), time, sizeof(time)));
	ctl_print_wait(s, "  confirm  ");
}

/* The rules and the files that their sets name. 0 or -errno, and said so. */
static int read_all(struct ctl_texts *l, const char *path, int format)
{
	char *text;
	size_t len;
	int err = ctl_file_read(path, &text, &len);

	err = err ? err : ctl_texts_add(l, ctl_file_name(path), text, len);
	return err || format != FW_FORMAT_RULES ? err : ctl_texts_files(l, path);
}

static int run_load(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(ctl_texts_freep) struct ctl_texts *l = calloc(1, sizeof(*l));
	const char *path = n ? operands[0] : NULL;
	struct ctl_call call = { .kind = FW_REQ_LOAD, .line = ctl_print_diff, .progress = show_progress };
	json_t *end = NULL;
	int code;

	if (!l)
		return CTL_FAILED;
	if (path && read_all(l, path, s->format))
		return CTL_FAILED;
	call.args = json_pack("{ss sb sb sb}", "format", ctl_opt_format.words[s->format], "check", s->check, "diff",
			      s->diff, "empty", s->yes);
	if (path)
		json_object_set_new(call.args, "name", ctl_json_string(l->sources[0].name));
	if (s->max_cost)
		json_object_set_new(call.args, "max_cost", json_integer((json_int_t)s->max_cost));
	ctl_add_wait(s, call.args);
	call.parts = l->parts;
	call.nparts = l->nparts;
	call.sources = path ? l->sources : NULL;
	code = ctl_request(s, &call, &end);
	if (code == CTL_OK && !s->json)
		print_warnings(l, end);
	if (code == CTL_OK && !s->json)
		print_result(s, path ? l->sources[0].name : "the file of the setting `rules`", end);
	json_decref(end);
	return code;
}

/* On a terminal nothing goes out that is not shown, whatever fwd says; what it wrote, it can read in either form. */
static int show_text(void *ctx, const char *text, size_t len)
{
	char one[FW_ESCAPE_ONE];

	for (size_t i = 0; i < len;) {
		bool blank = text[i] == '\n' || text[i] == '\t';
		size_t n = blank ? 1 : fw_escape_one(one, text + i, len - i);

		fwrite(blank ? text + i : one, 1, blank ? 1 : strlen(one), ctx);
		i += n;
	}
	return ferror(ctx) ? -EIO : 0;
}

static int write_text(void *ctx, const char *text, size_t len)
{
	return fwrite(text, 1, len, ctx) == len ? 0 : -errno;
}

static int save_to(const struct ctl_settings *s, FILE *f)
{
	struct ctl_call call = { .kind = FW_REQ_SAVE, .text = isatty(fileno(f)) ? show_text : write_text, .ctx = f };

	return ctl_request(s, &call, NULL);
}

static int run_save(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(ctl_new_file_end) struct ctl_new_file nf = { .at.folder = -1 };
	int code;

	if (!n || !strcmp(operands[0], "-")) {
		if (!s->json)
			return save_to(s, stdout);
		ctl_error("save: --json needs a FILE: standard output cannot hold both");
		return CTL_USAGE;
	}
	if (ctl_new_file_open(operands[0], &nf))
		return CTL_FAILED;
	code = save_to(s, nf.f);
	if (code == CTL_OK && ctl_new_file_commit(&nf))
		code = CTL_FAILED;
	return code;
}

const struct ctl_command ctl_load_command = {
	.name = "load",
	.operands = "[FILE]",
	.summary = "put a ruleset in the place of the one that is filtering",
	.details =
		"Rules that stay keep their ids and counters: the same id with the same name or matches, or without an id\n"
		"the same name, or the same text. Packets see the old ruleset or the new one, never a mixture;\n"
		"when anything is wrong, the old one stays. FILE - is standard input; files of sets are read too.\n"
		"Without FILE it is the one of fwd's setting `rules`, which fwd reads itself.\n"
		"What opens wants --yes: a file without rules whose policy in is accept, in the place of rules or of\n"
		"policy in drop; and a file that says nothing.\n"
		"With --confirm the old ruleset comes back unless `fwctl confirm` is said in time.\n"
		"--diff shows all that a packet can notice: policies, addresses of sets (the first ten of each), rules that\n"
		"come (+), go (-) or have moved (~). A rule with another text whose counter goes on says so.\n"
		"Rules that can never decide, since one before them matches all of their packets, are warned of; with more\n"
		"than 100,000 rules by `fwctl check` only. So is a ruleset with which a packet may take more than 10 us;\n"
		"--max-cost refuses it, and the old one stays (see `fwctl help check`).\n\n" CTL_DIFF_JSON
		"at last {ok, " CTL_COUNTS_JSON ", rules,\n"
		"generation, seconds {parse, compile, store, swap, total}, worst_packet {seconds, lines, rounds, pairs,\n"
		"blocks}, confirm_by (seconds since 1970),\n"
		"warnings (array of {file, line, column, message, hint}), warnings_total}.\n",
	.options = load_options,
	.kinds = CTL_KIND_FILE,
	.max_operands = 1,
	.run = run_load,
};

const struct ctl_command ctl_save = {
	.name = "save",
	.operands = "[FILE]",
	.summary = "write the ruleset that is filtering, with ids, as `fwctl load` reads it",
	.details =
		"Without FILE, or with -, to standard output. A file is replaced when the new one is complete, and keeps its\n"
		"permissions if it is yours; else the owner may write it and the group read it. A symbolic link is followed,\n"
		"unless another user made it and what it leads to is not his. Devices, pipes and sockets are written to.\n\n"
		"JSON: {ok, rules}.\n",
	.options = no_options,
	.kinds = CTL_KIND_FILE,
	.max_operands = 1,
	.run = run_save,
};
