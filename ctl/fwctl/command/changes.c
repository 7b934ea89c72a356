// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands that change rules and policies: each sends one line of the language of `fwctl batch`, which sends many lines;
 * and flush, which asks first.
 */
#include "rows.h"
#include "ctl/fwctl/output/files.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/request/change.h"
#include "ctl/fwctl/request/request.h"

#include "fw/text.h"

#include <string.h>
#include <unistd.h>

static const struct ctl_option *const options[] = { &ctl_opt_check, &ctl_opt_confirm, NULL };
static const struct ctl_option *const echo_options[] = { &ctl_opt_echo, &ctl_opt_check, &ctl_opt_confirm, NULL };
static const struct ctl_option *const flush_options[] = { &ctl_opt_yes, &ctl_opt_confirm, NULL };

/* "rule 51 (db)": how to refer to it. */
static int print_added(void *ctx, json_t *o)
{
	const json_t *rule = json_object_get(o, "rule");
	const char *name = ctl_field_text(rule, "name");

	if (strcmp(ctl_field_text(o, "op"), "add") != 0)
		return 0;
	printf("rule %llu%s", (unsigned long long)ctl_field_u64(rule, "id"), name[0] ? " (" : "");
	ctl_put(stdout, name);
	puts(name[0] ? ")" : "");
	return 0;
}

static const struct ctl_change_report nothing;
#define RUN_CHANGE(sym, command)                                                   \
	static int run_##sym(const struct ctl_settings *s, int n, char **operands) \
	{                                                                          \
		return ctl_change_words(s, command, n, operands, &nothing);        \
	}
RUN_CHANGE(replace, "replace rule")
RUN_CHANGE(move, "move rule")
RUN_CHANGE(del, "del rule")
RUN_CHANGE(policy, "policy")

static int run_add(const struct ctl_settings *s, int n, char **operands)
{
	return ctl_change_words(s, "add rule", n, operands,
				&(struct ctl_change_report){ .line = s->check ? NULL : print_added });
}

static int run_batch(const struct ctl_settings *s, int n, char **operands)
{
	const char *path = n ? operands[0] : "-";
	fw_cleanup(ctl_parts_freep) struct ctl_parts *t = calloc(1, sizeof(*t));
	char *text;
	size_t len;

	if (!t || ctl_file_read(path, &text, &len) || ctl_parts_add(t, ctl_file_name(path), text, len) ||
	    ctl_parts_add_files(t, path))
		return CTL_FAILED;
	if (len > fw_request_info[FW_REQ_CHANGE].bytes) {
		ctl_error("%s: more than fwd accepts as one transaction", t->sources[0].name);
		ctl_hint("`fwctl load` loads whole rulesets");
		return CTL_FAILED;
	}
	return ctl_change(s, t, &(struct ctl_change_report){ .summary = ctl_change_print_summary });
}

/* Asks the person at the terminal; without one, it is refused. */
static bool agreed(void)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO)) {
		ctl_error("flush removes every rule and set; confirm by --yes");
		return false;
	}
	fputs("Remove every rule and set, and reset the policies? [y/N] ", stderr);
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	ctl_error("nothing has changed");
	return false;
}

/* Removes everything, after asking. */
static int run_flush(const struct ctl_settings *s, int n, char **operands)
{
	struct ctl_request request = { .kind = FW_REQ_FLUSH, .args = json_object() };
	json_auto_t *end = NULL;
	int code;

	if (!s->yes && !agreed()) {
		json_decref(request.args);
		return CTL_FAILED;
	}
	ctl_confirm_add(s, request.args);
	code = ctl_request_run(s, &request, &end);
	if (code == CTL_OK && !s->json) {
		uint64_t removed = ctl_field_u64(end, "removed");

		printf("%llu rule%s removed", (unsigned long long)removed, fw_plural(removed));
		ctl_print_other_counts(end);
		putchar('\n');
		ctl_confirm_print(s, "confirm ");
	}
	return code;
}

#define POSITIONS "first|last|before REF|after REF"

const struct ctl_command ctl_add = {
	.name = "add rule",
	.operands = "[chain NAME] [" POSITIONS
		    "] [ID] [name NAME] [MATCH...] [LIMIT...] [EFFECT...] VERDICT [counter] [comment TEXT]",
	.summary = "add a rule, at the end unless a place is given; prints its id",
	.details =
		"fwctl add rule before web name ssh in from @admins proto tcp dport 22 accept comment \"admin hosts\"\n\n"
		"LIMIT   limit [over] N/UNIT [burst N] [per from|to|from-to]   connections per from|to over N\n"
		"EFFECT  log [prefix TEXT] [level WORD] [rate N/UNIT]   mark set N[/MASK]\n"
		"        add|update from|to to @SET [timeout TIME]\n"
		"VERDICT is one of: " FW_RULE_VERDICTS "\n"
		"        reject also `with` a kind; jump and goto name a chain; audit drop|reject only counts;\n"
		"        it may be left out after an EFFECT: continue\n"
		"With `chain` the rule is added to a chain, and the place is within it.\n\n"
		"The matches are those of a rules file. A list { 80, 443 } needs blanks inside its braces, or quotes,\n"
		"or the shell takes it apart.\n\n" CTL_CHANGE_JSON,
	.options = echo_options,
	.words = "chain first last before after",
	.kinds = CTL_KIND_MATCH,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_add,
};

const struct ctl_command ctl_replace = {
	.name = "replace rule",
	.operands = "REF [name NAME] [MATCH...] [LIMIT...] [EFFECT...] VERDICT [counter] [comment TEXT]",
	.summary = "replace the text of a rule; its id, place and counter stay",
	.details = "Packets see the old text or the new one; the rule is never missing. REF is a rule's id or name.\n"
		   "For the rest see `fwctl add rule --help`.\n\n" CTL_CHANGE_JSON_AS_ADD,
	.options = echo_options,
	.kinds = CTL_KIND_MATCH | CTL_KIND_RULE,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_replace,
};

const struct ctl_command ctl_move = {
	.name = "move rule",
	.operands = "REF " POSITIONS,
	.summary = "move a rule to another place",
	.details = CTL_CHANGE_JSON_AS_ADD,
	.options = options,
	.words = "first last before after",
	.kinds = CTL_KIND_RULE | CTL_KIND_PLACE,
	.min_operands = 2,
	.max_operands = 3,
	.run = run_move,
};

const struct ctl_command ctl_del = {
	.name = "del rule",
	.operands = "REF...",
	.summary = "delete rules: all of them, or none if one does not exist",
	.details = CTL_CHANGE_JSON_AS_ADD,
	.options = options,
	.kinds = CTL_KIND_RULE,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_del,
};

#define REASON_WORD(sym, name, verdict) name " "
const struct ctl_command ctl_policy = {
	.name = "policy",
	.operands = "REASON [log...] VERDICT",
	.summary = "set what happens to packets that no rule decides",
	.details = "REASON is one of: " FW_REASONS(
		REASON_WORD) "\n(hooks: no rule matched), VERDICT one of: " FW_POLICY_VERDICTS
			     "\n(follow: that of the packet's hook), reject also `with` a kind. `log` is as in rules.\n\n" CTL_CHANGE_JSON_AS_ADD,
	.options = options,
	.words = FW_POLICY_VERDICTS,
	.kinds = CTL_KIND_PLACE,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_policy,
};

const struct ctl_command ctl_batch = {
	.name = "batch",
	.operands = "[FILE]",
	.summary = "make many changes, one per line, as one transaction",
	.details =
		"Without FILE, or with -, lines are read from standard input. They are commands of fwctl: add rule,\n"
		"replace rule, move rule, del rule, set create|add|del|replace|flush|destroy, chain create|del, policy;\n"
		"comments in \"quotes\".\n\n" CTL_CHANGE_JSON,
	.options = echo_options,
	.kinds = CTL_KIND_FILE,
	.max_operands = 1,
	.run = run_batch,
};

const struct ctl_command ctl_flush = {
	.name = "flush",
	.operands = "",
	.summary = "remove every rule and set, and reset the policies",
	.details =
		"Interfaces stay attached. It asks first; without a terminal it needs --yes.\n\n" CTL_CHANGE_JSON_AS_ADD,
	.options = flush_options,
	.run = run_flush,
};
