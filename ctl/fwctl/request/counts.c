// SPDX-License-Identifier: GPL-2.0-only
/* What a load or a change did, as counts in one line. */
#include "reply.h"

#include "fw/base.h"

#include <stdio.h>

static unsigned long long field(const json_t *o, const char *name)
{
	return (unsigned long long)ctl_field_u64(o, name);
}

/* "; sets: 1 created, 0 destroyed, 3 elements added, 0 removed", or nothing. */
static void print_sets(const json_t *sets, const json_t *elements)
{
	unsigned long long created = field(sets, "created"), destroyed = field(sets, "destroyed");
	unsigned long long added = field(elements, "added"), removed = field(elements, "removed");

	if (!created && !destroyed && !added && !removed)
		return;
	printf("; sets: ");
	if (created || destroyed)
		printf("%llu created, %llu destroyed, ", created, destroyed);
	printf("%llu element%s added, %llu removed", added, fw_plural(added), removed);
}

static void print_chains(const json_t *chains)
{
	if (!chains)
		return;
	printf("; chains: %llu created, %llu deleted", field(chains, "created"), field(chains, "deleted"));
	if (field(chains, "changed"))
		printf(", %llu with another owner", field(chains, "changed"));
}

void ctl_print_other_counts(const json_t *end)
{
	if (field(end, "policies"))
		printf("; policies: %llu changed", field(end, "policies"));
	print_sets(json_object_get(end, "sets"), json_object_get(end, "elements"));
	print_chains(json_object_get(end, "chains"));
}

static void print_changes(const json_t *end)
{
	printf(" added, %llu removed, %llu changed, %llu moved", field(end, "removed"), field(end, "changed"),
	       field(end, "moved"));
}

void ctl_print_load_counts(const json_t *end)
{
	printf("%llu", field(end, "added"));
	print_changes(end);
	printf(", %llu kept", field(end, "kept"));
	ctl_print_other_counts(end);
}

void ctl_print_change_counts(const json_t *end)
{
	unsigned long long added = field(end, "added");

	printf("%llu rule%s", added, fw_plural(added));
	print_changes(end);
	ctl_print_other_counts(end);
}
