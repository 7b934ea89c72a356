// SPDX-License-Identifier: GPL-2.0-only
/* What the exports of a rule have in common: refusing it, the families and hooks whose packets come to it. */
#include <stdarg.h>

#include "lib/export/export.h"

const enum fw_hook export_hooks[] = { FW_INPUT, FW_FORWARD, FW_OUTPUT };

int export_refuse(struct export *e, const char *fmt, ...)
{
	char text[256], label[FW_RULE_LABEL];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	e->refused = true;
	return fw_diag_add(e->ds, (struct fw_place){ e->rs->file, e->rule->line, 0 }, NULL, "rule %s: %s",
			   fw_rule_label(e->rule, label, sizeof(label)), text);
}

int export_refuse_set(struct export *e, const struct fw_set *set, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	e->refused = true;
	return fw_diag_add(e->ds, (struct fw_place){ e->rs->file, set->line, 0 }, NULL, "set %s: %s", set->name, text);
}

const char *export_builtin(const struct fw_set *set)
{
	return set->builtin ? set->name : NULL;
}

unsigned export_families(const struct fw_rule *r)
{
	const struct fw_match *type = fw_rule_match(r, FW_F_ETHERTYPE);
	unsigned families = 0;

	families |= (unsigned)(!type || fw_match_has(type, 0x0800)) << FW_IP4;
	families |= (unsigned)(!type || fw_match_has(type, 0x86dd)) << FW_IP6;
	return families;
}

unsigned export_hooks_at(const struct export *e, const struct fw_rule *r)
{
	return (e->reach[FW_IP4][r->chain] | e->reach[FW_IP6][r->chain]) & fw_rule_hooks(r);
}

int export_check_rule(struct export *e)
{
	const struct fw_action *a = fw_rule_action(e->rs, e->rule);
	unsigned hooks = export_hooks_at(e, e->rule);

	if (a->flags & FW_ACTION_MARK && hooks & e->mark_hooks)
		return export_refuse(e, "rules of %s see the mark that it sets, ours the one that a packet came with",
				     e->tool);
	if (a->connections)
		return export_refuse(e, "%s counts the connections that came to a rule, not all of them", e->tool);
	if (a->limit.interval && e->rule->chain == FW_MAIN && hooks & (hooks - 1))
		return export_refuse(e, "its hooks share one limit: write a rule for each hook");
	return 0;
}
