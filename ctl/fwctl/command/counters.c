// SPDX-License-Identifier: GPL-2.0-only
/* fwctl counters: rules that decided on packets, and policies; --reset starts at 0 again. */
#include "list.h"
#include "pinned.h"
#include "rows.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"

#include "fw/base.h"

static const struct ctl_option *const options[] = { &ctl_opt_top, &ctl_opt_reset, &ctl_opt_pins, NULL };

static void print_reset(uint64_t count)
{
	printf("%llu counter%s reset\n", (unsigned long long)count, fw_plural(count));
}

static int reset(const struct ctl_settings *s, int n, char **operands)
{
	struct ctl_request request = { .kind = FW_REQ_RESET };
	json_auto_t *end = NULL;
	int code;

	if (n) {
		json_t *rules = json_array();

		for (int i = 0; i < n; i++)
			json_array_append_new(rules, fw_json_text(operands[i]));
		request.args = json_pack("{so}", "rules", rules);
	}
	code = ctl_request_run(s, &request, &end);
	if (code == CTL_OK && !s->json)
		print_reset(ctl_field_u64(end, "count"));
	return code;
}

/* Counters of fwd, or of its pins while it is not running; or --reset. */
static int run_counters(const struct ctl_settings *s, int n, char **operands)
{
	json_auto_t *end = NULL;
	int code;

	if (s->reset)
		return reset(s, n, operands);
	if (n) {
		ctl_error("counters: rules can be named only with --reset");
		ctl_hint("`fwctl show rule %s` shows one rule's counter", operands[0]);
		return CTL_USAGE;
	}
	code = ctl_list_print(s, FW_REQ_COUNTERS, s->top ? json_pack("{so}", "top", ctl_json_u64(s->top)) : NULL, NULL,
			      &end);
	if (code == CTL_NO_DAEMON)
		return ctl_pinned_counters(s);
	if (code == CTL_OK && !s->json) {
		ctl_print_counts(json_object_get(end, "rules"));
		puts("all rules");
	}
	return code;
}

const struct ctl_command ctl_counters = {
	.name = "counters",
	.operands = "[REF...]",
	.summary = "show the rules that decided on packets, and the policies",
	.details =
		"A counter belongs to a rule's id: it survives replace, move, load and a restart of fwd.\n"
		"--reset sets counters to 0, and prints how many.\n"
		"While fwd is not running they are read from its pins, by id, without what rules match; the exit code is 0.\n\n"
		"JSON: rules and policies as in `fwctl list`; at last {ok, rules {packets, bytes}, generation}.\n"
		"While fwd is not running: text is null, slot and set are missing, and the last object has running (false).\n"
		"With --reset: {ok, count}.\n",
	.options = options,
	.kinds = CTL_KIND_RULE,
	.max_operands = -1,
	.run = run_counters,
};
