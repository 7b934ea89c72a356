// SPDX-License-Identifier: GPL-2.0-only
#include "owners.h"

#include "fw/diff.h"

static const char of_group[] = "root and the admin group may: see `fwctl list chains` for what the group owns";
static const char of_user[] =
	"publish the change to the fleet, or overrule the fleet on this host, with the file /etc/fwd/local.rules (setting `local` of "
	"fleet.conf and fwd.conf) or without `owner` in fwd.conf";

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

static bool may_change(const struct fw_ruleset *rs, const struct fw_rule *r, const struct owners_rights *rights)
{
	const struct fw_chain *c = r ? &rs->chains[r->chain] : NULL;

	return !c || (c->owned && (rights->admin || has(rights->groups, rights->n, c->owner)));
}

/* Everything but rules. */
static int check_others(const struct fw_edit *e, const struct owners_rights *rights, struct fw_diags *ds)
{
	struct fw_diff_counts c;

	fw_edit_counts(e, &c);
	if (!c.policies && !c.chains_created && !c.chains_deleted &&
	    (rights->admin ? fw_edit_sets_dynamic(e) : !e->nsets && !e->ntimes && !c.sets_created && !c.sets_destroyed))
		return 0;
	if (rights->admin)
		return owners_refuse(rights->owner, "change policies, chains, and sets that are not dynamic", ds);
	fw_diag_add(ds, (struct fw_place){ 0 }, rights->owner ? of_user : of_group,
		    "the owner of a chain may change its rules only, not sets, policies or chains");
	return -EPERM;
}

static int check_rule(const struct fw_ruleset *rs, const struct fw_rule_change *row, const struct owners_rights *rights,
		      struct fw_diags *ds)
{
	const struct fw_rule *r = may_change(rs, row->before, rights) ? row->after : row->before;
	char label[FW_CHAIN_LABEL], rule[FW_RULE_LABEL];
	const char *owner;

	if (!fw_rule_changed(row) || may_change(rs, r, rights))
		return 0;
	owner = rs->chains[r->chain].owned ? NULL : rights->owner;
	fw_diag_add(ds, (struct fw_place){ 0 }, owner ? of_user : of_group,
		    owner ? "rule %s is in %s, which the user '%s' owns" :
			    "rule %s is in %s, which no group of yours owns",
		    fw_rule_label(r, rule, sizeof(rule)), fw_chain_label(rs, r->chain, label, sizeof(label)), owner);
	return -EPERM;
}

int owners_check(const struct fw_edit *e, const struct owners_rights *rights, struct fw_diags *ds)
{
	int err = check_others(e, rights, ds);

	for (size_t i = 0; !err && i < e->nrules; i++)
		err = check_rule(e->rs, &e->rules[i], rights, ds);
	return err;
}

int owners_refuse(const char *owner, const char *what, struct fw_diags *ds)
{
	fw_diag_add(ds, (struct fw_place){ 0 }, of_user, "the user '%s' owns the ruleset: nobody else may %s", owner,
		    what);
	return -EPERM;
}
