// SPDX-License-Identifier: GPL-2.0-only
/* fwctl import: rulesets of other packet filters as rules. Touches neither kernel nor network, but with --load. */
#include "load.h"
#include "rows.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/files.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"

#include "fw/import.h"
#include "fw/text.h"

#include <string.h>

static const struct ctl_option *const options[] = {
	&ctl_opt_import_from, &ctl_opt_output, &ctl_opt_report,  &ctl_opt_partial, &ctl_opt_load, &ctl_opt_counters,
	&ctl_opt_check,       &ctl_opt_diff,   &ctl_opt_confirm, &ctl_opt_yes,     NULL,
};

/* Files, what they became, and remarks on it. */
struct job {
	struct fw_import_file *files;
	char **texts;
	size_t n;
	struct fw_import_report report;
	struct fw_buf rules;
};

static void job_end(struct job *j)
{
	for (size_t i = 0; i < j->n; i++)
		free(j->texts[i]);
	free(j->texts);
	free(j->files);
	fw_import_report_free(&j->report);
	fw_buf_free(&j->rules);
}

static int read_files(const struct ctl_settings *s, char **paths, struct job *j)
{
	for (; paths[j->n]; j->n++) {
		struct fw_import_file *f = &j->files[j->n];
		int err = ctl_file_read(paths[j->n], &j->texts[j->n], &f->len);

		if (err)
			return err;
		f->name = ctl_file_name(paths[j->n]);
		f->text = j->texts[j->n];
		f->format = (enum fw_import_format)s->import_from;
	}
	return 0;
}

static void count(const struct fw_import_report *r, bool filters, size_t counts[FW_IMPORT_NREASONS])
{
	for (size_t i = 0; i < r->n; i++)
		counts[r->lines[i].reason] += !filters || r->lines[i].filters;
}

/* The text that the importer made of a line. */
static const char *became(const struct job *j, const struct fw_import_line *line, size_t *len)
{
	*len = j->rules.text ? line->became_len : 0;
	return *len ? j->rules.text + line->became : "";
}

static void print_line(const struct job *j, const struct fw_import_line *line)
{
	char text[512];
	size_t len;
	const char *rules = became(j, line, &len);

	ctl_put(stdout, line->file);
	printf(":%u: %s%s%s\n", line->line, fw_import_reason_words[line->reason], line->message ? ": " : "",
	       line->message ? line->message : "");
	printf("    %s\n", fw_escape(text, sizeof(text), line->text, line->len));
	for (const char *end; len; len -= (size_t)(end - rules), rules = end) {
		end = memchr(rules, '\n', len);
		end = end ? end + 1 : rules + len;
		printf("      %.*s", (int)(end - rules), rules);
	}
	putchar('\n');
}

static int print_text(const struct job *j)
{
	size_t counts[FW_IMPORT_NREASONS] = { 0 }, filters[FW_IMPORT_NREASONS] = { 0 };

	count(&j->report, false, counts);
	count(&j->report, true, filters);
	for (size_t i = 0; i < j->report.n; i++)
		print_line(j, &j->report.lines[i]);
	for (int i = 0; i < FW_IMPORT_NREASONS; i++)
		if (counts[i])
			printf("%6zu line%s %-8s %s\n", counts[i], counts[i] == 1 ? " " : "s",
			       fw_import_reason_words[i], fw_import_reason_texts[i]);
	return 0;
}

static json_t *json_line(const struct job *j, const struct fw_import_line *line)
{
	fw_autofree char *text = strndup(line->text, line->len), *rules;
	size_t len;
	const char *s = became(j, line, &len);

	rules = strndup(s, len);
	if (!text || !rules)
		return NULL;
	return json_pack("{so si si ss so so* so* sb sb}", "file", fw_json_text(line->file), "line", (int)line->line,
			 "column", (int)line->column, "reason", fw_import_reason_words[line->reason], "text",
			 ctl_json_text(text), "became", len ? ctl_json_text(rules) : NULL, "message",
			 line->message ? ctl_json_text(line->message) : NULL, "filters", line->filters, "opens",
			 line->opens);
}

static int print_json(const struct job *j)
{
	size_t counts[FW_IMPORT_NREASONS] = { 0 };
	json_t *reasons = json_object(), *lines = json_array();

	count(&j->report, false, counts);
	for (size_t i = 0; i < FW_IMPORT_NREASONS; i++)
		json_object_set_new(reasons, fw_import_reason_words[i], json_integer((json_int_t)counts[i]));
	for (size_t i = 0; i < j->report.n; i++)
		json_array_append_new(lines, json_line(j, &j->report.lines[i]));
	return ctl_json_print(
		json_pack("{so so sI}", "reasons", reasons, "lines", lines, "refused", (json_int_t)j->report.refused));
}

/* Shows the first lines that are refused, as errors or, where they are left out, as warnings. */
static void print_refused(const struct job *j, bool left_out)
{
	fw_autofree struct ctl_source *sources = calloc(j->n + 1, sizeof(*sources));
	struct fw_diags ds = { 0 };

	for (size_t i = 0; i < j->n && sources; i++)
		sources[i] = (struct ctl_source){ .name = j->files[i].name,
						  .text = j->files[i].text,
						  .len = j->files[i].len,
						  .next = i + 1 < j->n ? &sources[i + 1] : NULL };
	for (size_t i = 0; i < j->report.n; i++) {
		const struct fw_import_line *l = &j->report.lines[i];

		if (l->reason > FW_IMPORT_AS_KERNEL)
			fw_diag_add(&ds, (struct fw_place){ l->file, l->line, l->column }, NULL, "%s",
				    l->message ? l->message : fw_import_reason_texts[l->reason]);
	}
	if (left_out)
		ctl_print_warnings(&ds);
	else
		ctl_print_diags(&ds, sources);
}

/* What the importer made has to be accepted: it would be a mistake of fwctl otherwise. */
static int check(const struct job *j)
{
	struct fw_ruleset *rs = fw_ruleset_new("rules");
	struct fw_diags ds = { 0 };
	int err = rs ? fw_text_parse(rs, j->rules.text ? j->rules.text : "", j->rules.len, "the imported rules", &ds) :
		       -ENOMEM;
	const struct ctl_source source = { .name = "the imported rules", .text = j->rules.text, .len = j->rules.len };

	fw_ruleset_free(rs);
	if (err == -EINVAL)
		ctl_print_diags(&ds, &source);
	else if (err)
		ctl_print_failure(NULL, "cannot check the rules", err);
	return err;
}

static int write_rules(const char *path, const struct fw_buf *rules)
{
	fw_cleanup(ctl_new_file_end) struct ctl_new_file nf = { .at.folder = -1 };
	int err = ctl_new_file_open(path, &nf);

	if (!err && rules->len)
		err = ctl_new_file_write(&nf, rules->text, rules->len);
	return err ? err : ctl_new_file_commit(&nf);
}

/* What the rule that begins at @at in the text has counted. */
struct counted {
	size_t at;
	uint64_t packets, bytes;
};

static int by_place(const void *a, const void *b)
{
	size_t x = ((const struct counted *)a)->at, y = ((const struct counted *)b)->at;

	return x < y ? -1 : x > y;
}

static json_int_t number(uint64_t n)
{
	return n < INT64_MAX ? (json_int_t)n : INT64_MAX;
}

/* Counts of the lines that became one rule are added up: an array of [line of the rule, packets, bytes]. NULL: out of memory. */
static json_t *counts_of(const struct job *j)
{
	fw_autofree struct counted *c = calloc(j->report.n + 1, sizeof(*c));
	json_t *out = c ? json_array() : NULL;
	const char *at = j->rules.text;
	json_int_t line = 1;
	size_t n = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < j->report.n; i++)
		if (j->report.lines[i].counts != SIZE_MAX && j->report.lines[i].packets)
			c[n++] = (struct counted){ j->report.lines[i].counts, j->report.lines[i].packets,
						   j->report.lines[i].bytes };
	qsort(c, n, sizeof(*c), by_place);
	for (size_t i = 0, next; i < n; i = next) {
		for (next = i + 1; next < n && c[next].at == c[i].at; next++) {
			c[i].packets += c[next].packets;
			c[i].bytes += c[next].bytes;
		}
		for (; at < j->rules.text + c[i].at; at++)
			line += *at == '\n';
		json_array_append_new(out, json_pack("[I, I, I]", line, number(c[i].packets), number(c[i].bytes)));
	}
	return out;
}

static int load(const struct ctl_settings *s, struct job *j)
{
	json_t *counts = s->counters ? counts_of(j) : NULL;

	if (s->counters && !counts) {
		ctl_print_failure(NULL, "cannot import the counters", -ENOMEM);
		return CTL_FAILED;
	}
	return ctl_load_text(s, "imported rules", fw_take(j->rules.text), j->rules.len, counts);
}

/* Where the rules go: into a file, into fwd, or to standard output unless the report is there. */
static int deliver(const struct ctl_settings *s, struct job *j)
{
	if (s->output && strcmp(s->output, "-") != 0 && write_rules(s->output, &j->rules))
		return CTL_FAILED;
	if (s->load)
		return load(s, j);
	if (!s->report && !s->json && (!s->output || !strcmp(s->output, "-")))
		fwrite(j->rules.text ? j->rules.text : "", 1, j->rules.len, stdout);
	return CTL_OK;
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(job_end) struct job j = { .files = calloc((size_t)n + 1, sizeof(*j.files)),
					     .texts = calloc((size_t)n + 1, sizeof(*j.texts)) };
	const struct fw_import_options how = { .partial = s->partial };
	int err;

	if (s->counters && !s->load) {
		ctl_error("import: --counters needs --load: a text has no counters");
		return CTL_USAGE;
	}
	if (!j.files || !j.texts || read_files(s, operands, &j))
		return CTL_FAILED;
	err = fw_import(j.files, j.n, &how, &j.report, &j.rules);
	if (err == -ENOMEM) {
		ctl_print_failure(NULL, "cannot import", err);
		return CTL_FAILED;
	}
	if (s->report || s->json)
		(s->json ? print_json : print_text)(&j);
	else if (j.report.refused)
		print_refused(&j, !err);
	if (err || check(&j))
		return CTL_FAILED;
	return deliver(s, &j);
}

const struct ctl_command ctl_import = {
	.name = "import",
	.operands = "FILE...",
	.summary = "translate a ruleset of iptables, ip6tables, ipset or nft into rules",
	.details =
		"FILEs are the output of iptables-save, ip6tables-save and ipset save, in any order and mixture, or of\n"
		"`nft -j list ruleset`; - is standard input. The rules are written to standard output, or to --output.\n"
		"Each line is translated into rules that decide the same. If a line has no such rules it is refused, and\n"
		"nothing is written. --partial leaves refused lines out and warns, unless more packets could pass then.\n"
		"Lines that filter nothing, such as NAT, stay in the kernel: continue to load them with their own tool.\n"
		"With --load --counters, the counters of rules that are new to fwd begin at the values in the files, as written\n"
		"by `iptables-save -c` or `nft -j list ruleset`. A line that became several rules is left out.\n"
		"--report shows for each line the rules that it became, or the reason of its refusal.\n\n"
		"JSON (a report): reasons (object: how many lines, by reason), refused,\n"
		"lines (array of {file, line, column, reason, text, became, message,\n"
		"filters: of a table that filters packets, opens: without it more packets could pass}).\n",
	.options = options,
	.kinds = CTL_KIND_FILE,
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
