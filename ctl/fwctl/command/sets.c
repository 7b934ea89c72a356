// SPDX-License-Identifier: GPL-2.0-only
/* The commands that change sets: each sends one line of the language of `fwctl batch`. */
#include "rows.h"
#include "ctl/fwctl/request/change.h"
#include "ctl/fwctl/request/line.h"

#include <string.h>

static const struct ctl_option *const options[] = { &ctl_opt_check, &ctl_opt_confirm, NULL };
static const struct ctl_option *const exist_options[] = { &ctl_opt_exist, &ctl_opt_check, &ctl_opt_confirm, NULL };

/* "N elements added, M removed, K prolonged", or @none when nothing was. */
static void print_elements(const json_t *end, const char *none)
{
	const json_t *elements = json_object_get(end, "elements");
	static const char *const did[] = { "added", "removed", "prolonged" };
	const char *separator = "";

	for (size_t i = 0; i < sizeof(did) / sizeof(did[0]); i++) {
		uint64_t n = ctl_field_u64(elements, did[i]);

		if (!n)
			continue;
		printf("%s%llu %s%s", separator, (unsigned long long)n,
		       separator[0] ? "" :
		       n == 1       ? "element " :
				      "elements ",
		       did[i]);
		separator = ", ";
	}
	fputs(separator[0] ? "\n" : none, stdout);
}

static void print_added(const struct ctl_settings *s, const char *name, const json_t *end)
{
	print_elements(end, "0 elements added\n");
}

static void print_removed(const struct ctl_settings *s, const char *name, const json_t *end)
{
	print_elements(end, "0 elements removed\n");
}

/* Of commands that may change no elements: prints nothing then. */
static void print_changed(const struct ctl_settings *s, const char *name, const json_t *end)
{
	print_elements(end, "");
}

typedef void summary_fn(const struct ctl_settings *s, const char *name, const json_t *end);

static int change_set(const struct ctl_settings *s, const char *command, int n, char **words, summary_fn *summary)
{
	fw_cleanup(fw_buf_free) struct fw_buf prefix = { 0 };

	fw_buf_printf(&prefix, "set %s%s", command, s->exist ? " --exist" : "");
	return ctl_change_words(s, prefix.text, n, words, &(struct ctl_change_report){ .summary = summary });
}

/* `NAME file PATH ...`: the path becomes a string of the language. */
static int run_replace(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(fw_buf_free) struct fw_buf path = { 0 };

	if (n > 2 && !strcmp(operands[1], "file")) {
		ctl_line_string(&path, operands[2]);
		operands[2] = path.text;
	}
	return change_set(s, "replace", n, operands, print_added);
}

#define RUN_CHANGE(sym, summary)                                                   \
	static int run_##sym(const struct ctl_settings *s, int n, char **operands) \
	{                                                                          \
		return change_set(s, #sym, n, operands, summary);                  \
	}
RUN_CHANGE(create, print_changed)
RUN_CHANGE(add, print_added)
RUN_CHANGE(del, print_removed)
RUN_CHANGE(flush, print_removed)
RUN_CHANGE(destroy, print_changed)

#define ELEMENTS                                                                                          \
	"ELEMENTS are addresses, prefixes and ranges with blanks between, or a list { 192.0.2.1, ... }\n" \
	"with blanks inside its braces, or in quotes, or the shell takes it apart.\n\n"

const struct ctl_command ctl_set_create = {
	.name = "set create",
	.operands = "NAME [dynamic [timeout TIME] [size N]] [ELEMENTS]",
	.summary = "make a set of addresses, prefixes and ranges",
	.details = ELEMENTS
	"A dynamic set keeps its elements when a ruleset is loaded that has it too, as dynamic. Those without a\n"
	"timeout of their own leave it after TIME (10m, 1h30m, 7d). Packets add elements up to N (65536).\n\n" CTL_CHANGE_JSON_AS_ADD,
	.options = options,
	.words = "dynamic timeout size",
	.min_operands = 1,
	.max_operands = -1,
	.run = run_create,
};

const struct ctl_command ctl_set_add = {
	.name = "set add",
	.operands = "NAME ELEMENTS",
	.summary = "add elements to a set",
	.details = ELEMENTS
	"With `timeout TIME` (10m, 1h30m, 7d) after it, an element of a dynamic set leaves again. Adding it again\n"
	"with a timeout prolongs, and never shortens. Otherwise an element that the set has already is an error,\n"
	"unless --exist is given.\n\n" CTL_CHANGE_JSON_AS_ADD,
	.options = exist_options,
	.words = "timeout",
	.kinds = CTL_KIND_SET,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_add,
};

const struct ctl_command ctl_set_del = {
	.name = "set del",
	.operands = "NAME ELEMENTS",
	.summary = "delete elements from a set",
	.details = ELEMENTS "Give elements as they were added. One that the set does not have is an\n"
			    "error, unless --exist is given.\n\n" CTL_CHANGE_JSON_AS_ADD,
	.options = exist_options,
	.kinds = CTL_KIND_SET,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_del,
};

const struct ctl_command ctl_set_flush = {
	.name = "set flush",
	.operands = "NAME",
	.summary = "delete all elements of a set",
	.details = CTL_CHANGE_JSON_AS_ADD,
	.options = options,
	.kinds = CTL_KIND_SET,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_flush,
};

const struct ctl_command ctl_set_replace = {
	.name = "set replace",
	.operands = "NAME ELEMENTS|file LIST [WORD...]",
	.summary = "replace the elements of a set",
	.details = ELEMENTS
	"LIST is a file of them, followed by the same words as in a rules file (skip-bad, format csv, ...).\n"
	"Packets see the old elements or the new ones, never a mixture.\n\n" CTL_CHANGE_JSON_AS_ADD,
	.options = options,
	.words = "file",
	.kinds = CTL_KIND_SET | CTL_KIND_FILE,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_replace,
};

const struct ctl_command ctl_set_destroy = {
	.name = "set destroy",
	.operands = "NAME",
	.summary = "delete a set that no rule uses",
	.details = CTL_CHANGE_JSON_AS_ADD,
	.options = options,
	.kinds = CTL_KIND_SET,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_destroy,
};
