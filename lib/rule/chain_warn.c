// SPDX-License-Identifier: GPL-2.0-only
/* Warns of chains that do nothing, and of their rules that no packet gets to. */
#include "fw/chains.h"
#include "fw/diff.h"

#include "lib/rule/internal.h"

/* @file: NULL: no text is at hand whose lines could be named */
static struct fw_place place_of(const char *file, uint32_t line)
{
	return (struct fw_place){ .file = file, .line = file ? line : 0 };
}

static void warn_empty(const struct fw_ruleset *rs, const char *file, const struct fw_chain *c, struct fw_diags *out)
{
	const struct fw_rule *by = fw_ruleset_by_slot(rs, c->callers[0]);
	char rule[FW_RULE_LABEL];

	fw_diag_add(out, place_of(file, by->line), "add rules to it", "the chain '%s', which rule %s calls, is empty",
		    c->name, fw_rule_label(by, rule, sizeof(rule)));
}

static void warn_uncalled(const char *file, const struct fw_chain *c, struct fw_diags *out)
{
	char hint[FW_NAME_MAX + 64];

	snprintf(hint, sizeof(hint), "a rule with `jump %s` lets them in", c->name);
	fw_diag_add(out, place_of(file, c->line), hint, "no rule calls the chain '%s', so no packets get to its rules",
		    c->name);
}

static void warn_chain(const struct fw_ruleset *rs, const char *file, const struct fw_chain *c, struct fw_diags *out)
{
	if (c->calls && !c->nrules)
		warn_empty(rs, file, c, out);
	if (!c->calls && c->nrules)
		warn_uncalled(file, c, out);
}

/* @hooks: by chain, as of fw_chains_hooks() */
static void warn_rule(const struct fw_ruleset *rs, const char *file, const struct fw_rule *r, const uint8_t *hooks,
		      struct fw_diags *out)
{
	char rule[FW_RULE_LABEL], known[64], called[64];
	unsigned at = hooks[r->chain];

	if (!rs->chains[r->chain].calls || at & fw_rule_hooks(r))
		return;
	fw_diag_add(out, place_of(file, r->line), NULL,
		    "rule %s of chain %s matches nothing: it holds at %s, and the chain is called at %s",
		    fw_rule_label(r, rule, sizeof(rule)), rs->chains[r->chain].name,
		    fw_hooks_text(fw_rule_hooks(r), known), at ? fw_hooks_text(at, called) : "no hook");
}

int fw_chains_warn(const struct fw_ruleset *rs, struct fw_diags *out)
{
	fw_autofree uint8_t *hooks = malloc(rs->nchains);
	int err = hooks ? 0 : -ENOMEM;

	if (rs->nchains == 1)
		return 0;
	if (!err)
		err = fw_chains_hooks(rs, hooks);
	if (err)
		return err;
	for (size_t i = 1; i < rs->nchains; i++) {
		const struct fw_chain *c = &rs->chains[i];

		warn_chain(rs, rs->file, c, out);
		for (const struct fw_rule *r = c->first; r && r->chain == i; r = r->next)
			warn_rule(rs, rs->file, r, hooks, out);
	}
	return 0;
}

/* The chains whose rules or calls the edit changes, in @touched. Return: are there any? */
static bool touch(const struct fw_edit *e, bool *touched)
{
	bool any = false;

	for (size_t i = 0; i < e->nrules; i++) {
		const struct fw_rule *of[] = { e->rules[i].before, e->rules[i].after };

		if (!fw_rule_changed(&e->rules[i]))
			continue;
		for (size_t k = 0; k < 2; k++)
			if (of[k])
				any |= touched[of[k]->chain] = touched[of[k]->target] = true;
	}
	return any;
}

int fw_chains_warn_edit(const struct fw_edit *e, struct fw_diags *out)
{
	const struct fw_ruleset *rs = e->rs;
	fw_autofree uint8_t *hooks = NULL;
	fw_autofree bool *touched = NULL;
	int err;

	if (rs->nchains == 1)
		return 0;
	hooks = malloc(rs->nchains);
	touched = calloc(rs->nchains, sizeof(*touched));
	if (!hooks || !touched)
		return -ENOMEM;
	if (!touch(e, touched))
		return 0;
	err = fw_chains_hooks(rs, hooks);
	if (err)
		return err;
	for (size_t i = 1; i < rs->nchains; i++)
		if (touched[i])
			warn_chain(rs, NULL, &rs->chains[i], out);
	for (size_t i = 0; i < e->nrules; i++)
		if (fw_rule_changed(&e->rules[i]) && e->rules[i].after && e->rules[i].after->chain != FW_MAIN)
			warn_rule(rs, NULL, e->rules[i].after, hooks, out);
	return 0;
}
