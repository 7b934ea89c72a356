// SPDX-License-Identifier: GPL-2.0-only
/*
 * What another ruleset changes, for people: + what is added, - what is removed, ~ what is moved, in the language of rules,
 * and after # what that cannot express.
 */
#include "load_diff.h"
#include "ctl/fwctl/request/reply.h"

#include <string.h>

static void print_policy(char sign, const json_t *policy)
{
	printf("%c %s%s\n", sign, ctl_field_text(policy, "text"),
	       json_is_true(json_object_get(policy, "set")) ? "" : "  # by default");
}

static void print_policies(const json_t *o)
{
	print_policy('-', json_object_get(o, "old"));
	print_policy('+', json_object_get(o, "policy"));
}

/* The elements that a set gains or loses, if any. @note: what happens to the set itself; NULL: it stays. */
static void print_side(char sign, const json_t *o, const char *side, const char *note)
{
	uint64_t n = ctl_field_u64(o, side);
	char name[32];
	const json_t *ranges, *range;
	size_t i;

	if (!n && !note)
		return;
	snprintf(name, sizeof(name), "%s_ranges", side);
	ranges = json_object_get(o, name);
	printf("%c set %s {", sign, ctl_field_text(o, "set"));
	json_array_foreach(ranges, i, range)
	{
		printf("%s %s", i ? "," : "", json_string_value(range));
	}
	printf(n > json_array_size(ranges) ? ", ... }" : " }");
	if (note)
		printf("  # %s", note);
	if (n > json_array_size(ranges))
		printf("%s%llu in all", note ? ", " : "  # ", (unsigned long long)n);
	putchar('\n');
}

static void print_set(const json_t *o)
{
	const char *is = ctl_field_text(o, "is");

	print_side('-', o, "removed", strcmp(is, "destroyed") ? NULL : "the set is removed");
	print_side('+', o, "added", strcmp(is, "created") ? NULL : "a new set");
}

static void print_chain(const json_t *o)
{
	const char *is = ctl_field_text(o, "is");

	printf("%c %s", strcmp(is, "deleted") ? '+' : '-', ctl_field_text(o, "text"));
	puts(strcmp(is, "changed") ? "" : "  # another owner");
}

static void print_place(const json_t *o)
{
	const json_t *after = json_object_get(o, "after");

	if (json_is_object(after))
		printf("moved after rule %llu", (unsigned long long)ctl_field_u64(after, "id"));
	else
		printf("moved to the front");
}

static void print_rule(char sign, const json_t *rule)
{
	printf("%c %s", sign, ctl_field_text(rule, "text"));
}

static void print_added(const json_t *o)
{
	print_rule('+', json_object_get(o, "rule"));
	putchar('\n');
}

static void print_removed(const json_t *o)
{
	print_rule('-', json_object_get(o, "rule"));
	putchar('\n');
}

static void print_changed(const json_t *o)
{
	print_rule('-', json_object_get(o, "old"));
	putchar('\n');
	print_rule('+', json_object_get(o, "rule"));
	printf("  # keeps its counter");
	if (json_object_get(o, "after")) {
		printf(", ");
		print_place(o);
	}
	putchar('\n');
}

static void print_moved(const json_t *o)
{
	print_rule('~', json_object_get(o, "rule"));
	printf("  # ");
	print_place(o);
	putchar('\n');
}

static void print_more(const json_t *o)
{
	uint64_t sets = ctl_field_u64(o, "sets"), rules = ctl_field_u64(o, "rules");

	if (sets)
		printf("and %llu more set%s\n", (unsigned long long)sets, fw_plural(sets));
	if (rules)
		printf("and %llu more rule%s\n", (unsigned long long)rules, fw_plural(rules));
}

int ctl_load_diff_print(void *ctx, json_t *o)
{
	static const struct {
		const char *change;
		void (*print)(const json_t *o);
	} prints[] = {
		{ "policy", print_policies }, { "set", print_set },         { "chain", print_chain },
		{ "added", print_added },     { "removed", print_removed }, { "moved", print_moved },
		{ "changed", print_changed }, { "more", print_more },
	};
	const char *change = ctl_field_text(o, "change");

	for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++)
		if (!strcmp(change, prints[i].change))
			prints[i].print(o);
	return 0;
}
