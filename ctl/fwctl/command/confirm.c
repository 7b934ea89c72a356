// SPDX-License-Identifier: GPL-2.0-only
/* fwctl confirm and undo: keep or undo what was done with --confirm. */
#include "rows.h"
#include "ctl/fwctl/request/request.h"

static const struct ctl_option *const no_options[] = { NULL };

static int run_confirm(const struct ctl_settings *s, int n, char **operands)
{
	struct ctl_request request = { .kind = FW_REQ_CONFIRM };
	json_auto_t *end = NULL;
	int code = ctl_request_run(s, &request, &end);

	if (code == CTL_OK && !s->json)
		printf("confirmed: %s\n", ctl_field_text(end, "what"));
	return code;
}

static void print_restored(const json_t *end)
{
	uint64_t rules = ctl_field_u64(end, "restored");

	printf(": %llu rule%s, as before: ", (unsigned long long)rules, fw_plural(rules));
	ctl_print_load_counts(end);
}

static int run_undo(const struct ctl_settings *s, int n, char **operands)
{
	struct ctl_request request = { .kind = FW_REQ_UNDO };
	json_auto_t *end = NULL;
	int code = ctl_request_run(s, &request, &end);

	if (code == CTL_OK && !s->json) {
		printf("undone: %s", ctl_field_text(end, "what"));
		if (!json_is_null(json_object_get(end, "rules")))
			print_restored(end);
		putchar('\n');
	}
	return code;
}

const struct ctl_command ctl_confirm = {
	.name = "confirm",
	.operands = "",
	.summary = "keep what was done with --confirm",
	.details = "Exit code 1: nothing is waiting, or it was undone already; the error says which.\n\n"
		   "JSON: {ok, what (was confirmed)}.\n",
	.options = no_options,
	.run = run_confirm,
};

const struct ctl_command ctl_undo = {
	.name = "undo",
	.operands = "",
	.summary = "undo what was done with --confirm, at once",
	.details =
		"The previous state is back when the command ends. Exit code 1: nothing is waiting.\n\n"
		"JSON: {ok, what (was undone), rules (how many there were), restored (how many there are now),\n" CTL_COUNTS_JSON
		"}. rules and restored are null if the ruleset did not change.\n",
	.options = no_options,
	.run = run_undo,
};
