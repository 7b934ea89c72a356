// SPDX-License-Identifier: GPL-2.0-only
#include "owners.h"

#include "fw/diff.h"

static bool has(const uint32_t *groups, size_t n, uint32_t group)
{
	for (size_t i = 0; i < n; i++)
		if (groups[i] == group)
			return true;
	return false;
}

int owners_of(const struct fw_ruleset *rs, bool (*is_in)(void *ctx, uint32_t group), void *ctx, uint32_t **out,
	      size_t *n)
{
	fw_autofree uint32_t *asked = malloc((rs->nchains + 1) * sizeof(*asked));
	fw_autofree uint32_t *owners = malloc((rs->nchains + 1) * sizeof(*owners));
	size_t nasked = 0, found = 0;

	if (!asked || !owners)
		return -ENOMEM;
	for (size_t i = 1; i < rs->nchains; i++) {
		const struct fw_chain *c = &rs->chains[i];

		if (!c->owned || has(asked, nasked, c->owner))
			continue;
		asked[nasked++] = c->owner;
		if (is_in(ctx, c->owner))
			owners[found++] = c->owner;
	}
	*out = fw_take(owners);
	*n = found;
	return 0;
}

/* May who owns @owners change the rule? @r: NULL: there is none. */
static bool may_change(const struct fw_ruleset *rs, const struct fw_rule *r, const uint32_t *owners, size_t n)
{
	return !r || (rs->chains[r->chain].owned && has(owners, n, rs->chains[r->chain].owner));
}

int owners_check(const struct fw_edit *e, const uint32_t *owners, size_t n, struct fw_diags *ds)
{
	static const char hint[] = "root and the admin group may: see `fwctl list chains` for what the group owns";
	const struct fw_ruleset *rs = e->rs;
	struct fw_diff_counts counts;
	char label[FW_CHAIN_LABEL], rule[FW_RULE_LABEL];

	fw_edit_counts(e, &counts);
	if (e->nsets || e->ntimes || counts.policies || counts.sets_created || counts.sets_destroyed ||
	    counts.chains_created || counts.chains_deleted)
		return fw_diag_add(ds, (struct fw_place){ 0 }, hint,
				   "the owner of a chain may change its rules only, not sets, policies or chains"),
		     -EPERM;
	for (size_t i = 0; i < e->nrules; i++) {
		const struct fw_rule *before = e->rules[i].before, *after = e->rules[i].after;
		const struct fw_rule *r = may_change(rs, before, owners, n) ? after : before;

		if (!fw_rule_changed(&e->rules[i]) || may_change(rs, r, owners, n))
			continue;
		fw_diag_add(ds, (struct fw_place){ 0 }, hint, "rule %s is in %s, which no group of yours owns",
			    fw_rule_label(r, rule, sizeof(rule)), fw_chain_label(rs, r->chain, label, sizeof(label)));
		return -EPERM;
	}
	return 0;
}
