// SPDX-License-Identifier: GPL-2.0-only
/* A ruleset replaces another one: its dynamic sets get the elements of the old sets with the same names. */
#include "lib/rule/internal.h"

static int take_elements(struct fw_set *set, const struct fw_set *from)
{
	struct fw_addr_range *copy = malloc((from->n + 1) * sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	if (from->n)
		memcpy(copy, from->elements, from->n * sizeof(*copy));
	free(set->elements);
	set->elements = copy;
	set->n = from->n;
	set->cap = from->n + 1;
	set->width = from->width;
	set->soonest = from->soonest;
	return 0;
}

int fw_adopt_sets(struct fw_ruleset *rs, const struct fw_ruleset *old)
{
	int err = 0;

	for (size_t i = 0; !err && i < rs->nsets; i++) {
		struct fw_set *set = &rs->sets[i];
		int was = set->name && set->dynamic ? fw_ruleset_set_find(old, set->name) : -ENOENT;

		if (was >= 0)
			err = take_elements(set, &old->sets[was]);
	}
	return err;
}
