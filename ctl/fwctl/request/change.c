// SPDX-License-Identifier: GPL-2.0-only
/* Sends changes as one transaction, and prints what they did. */
#include "change.h"
#include "line.h"
#include "request.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"

#include <string.h>

/* --echo: the id, unless the rule was only moved. */
static int echo_id(void *ctx, json_t *o)
{
	if (strcmp(ctl_field_text(o, "op"), "move"))
		printf("%llu\n", (unsigned long long)ctl_field_u64(json_object_get(o, "rule"), "id"));
	return 0;
}

void ctl_change_print_summary(const struct ctl_settings *s, const char *name, const json_t *end)
{
	ctl_put(stdout, name);
	fputs(": ", stdout);
	ctl_print_change_counts(end);
	if (s->check)
		puts(" (checked only, nothing has changed)");
	else
		printf(" in %.3f s%s\n", ctl_seconds_of(end),
		       json_is_true(json_object_get(end, "rebuilt")) ? " (all tables were rebuilt)" : "");
}

static void print_warnings(const json_t *end)
{
	struct fw_diags ds = { 0 };

	ctl_warnings_of(end, &ds);
	ctl_print_warnings(&ds);
}

static void print_report(const struct ctl_settings *s, const char *name, const struct ctl_change_report *report,
			 const json_t *end)
{
	print_warnings(end);
	if (s->check)
		ctl_change_print_summary(s, name ? name : "ok", end);
	else if (report->summary && !s->echo)
		report->summary(s, name, end);
	if (!s->echo)
		ctl_confirm_print(s, "confirm ");
}

int ctl_change(const struct ctl_settings *s, const struct ctl_parts *t, const struct ctl_change_report *report)
{
	const char *name = t->sources[0].name;
	struct ctl_request request = {
		.kind = FW_REQ_CHANGE,
		.args = json_pack("{so sb}", "name", fw_json_text(name ? name : "fwctl"), "check", s->check),
		.parts = t->parts,
		.nparts = t->nparts,
		.sources = t->sources,
		.line = s->echo ? echo_id : report->line,
	};
	json_auto_t *end = NULL;
	int code;

	if (report->chain)
		json_object_set_new(request.args, "chain", fw_json_text(report->chain));
	ctl_confirm_add(s, request.args);
	code = ctl_request_run(s, &request, &end);
	if (code == CTL_OK && !s->json)
		print_report(s, name, report, end);
	return code;
}

int ctl_change_words(const struct ctl_settings *s, const char *command, int n, char **words,
		     const struct ctl_change_report *report)
{
	fw_cleanup(ctl_parts_freep) struct ctl_parts *t = calloc(1, sizeof(*t));
	fw_cleanup(fw_buf_free) struct fw_buf line = { 0 };

	if (!t)
		return CTL_FAILED;
	if (ctl_line_join(command, n, words, &line))
		return CTL_USAGE;
	if (ctl_parts_add(t, NULL, fw_take(line.text), line.len) || ctl_parts_add_files(t, NULL))
		return CTL_FAILED;
	return ctl_change(s, t, report);
}
