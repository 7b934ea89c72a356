// SPDX-License-Identifier: GPL-2.0-only
/* What the exports have in common: which chain is asked where, and what no other packet filter can say. */
#include "lib/export/export.h"

#define FORMAT_NAME(sym, name) [FW_EXPORT_##sym] = name,
const char *const fw_export_format_names[] = { FW_EXPORT_FORMATS(FORMAT_NAME) NULL };
#undef FORMAT_NAME

/* Which hooks lead to each chain: rules follow their callers at most FW_CHAIN_DEPTH times. */
static void find_reach(struct export *e)
{
	for (unsigned f = FW_IP4; f <= FW_IP6; f++) {
		e->reach[f][FW_MAIN] = EXPORT_HOOKS;
		for (int depth = 0; depth < FW_CHAIN_DEPTH; depth++)
			for (const struct fw_rule *r = e->rs->first; r; r = r->next)
				if (r->target != FW_MAIN && export_families(r) & 1u << f)
					e->reach[f][r->target] |= e->reach[f][r->chain] & fw_rule_hooks(r);
	}
}

static void find_marks(struct export *e)
{
	for (const struct fw_rule *r = e->rs->first; r; r = r->next)
		for (unsigned i = 0; i < r->nmatches; i++)
			if (r->matches[i]->field == FW_F_MARK || fw_field_is_mark_byte(r->matches[i]->field))
				e->mark_hooks |= export_hooks_at(e, r);
}

/* Rules of the main list hold at the three hooks alone. */
static void check_wire(struct export *e)
{
	for (e->rule = e->rs->first; e->rule; e->rule = e->rule->next)
		if (e->rule->chain == FW_MAIN && fw_rule_hooks(e->rule) & ~EXPORT_HOOKS)
			export_refuse(e, "it also holds on the wire: name the hooks input, forward or output");
}

/* Policies of the other hooks and reasons have no place elsewhere. */
static void check_policies(struct export *e)
{
	for (unsigned i = 0; i < FW_NREASONS; i++) {
		const struct fw_action *a = &e->rs->actions[e->rs->policy[i]];
		bool ours = i == FW_INPUT || i == FW_FORWARD || i == FW_OUTPUT;
		bool plain = !a->flags && (a->verdict == FW_ACCEPT || a->verdict == FW_DROP);

		if (ours ? plain : !a->flags && a->verdict == fw_reason_info[i].verdict)
			continue;
		e->refused = true;
		fw_diag_note(e->ds, (struct fw_place){ e->rs->file, 0, 0 },
			     ours ? "a last rule of the hook can do that" : NULL, "%s has no policy %s like this",
			     e->tool, fw_reason_info[i].name);
	}
}

static int export_as(struct export *e, enum fw_export_format format, struct fw_buf *out)
{
	static const char *const tools[FW_EXPORT_NFORMATS] = { "nftables", "iptables", "ip6tables", "ipset" };

	e->tool = tools[format];
	if (format == FW_EXPORT_IPSET)
		return export_ipset(e, out);
	check_policies(e);
	check_wire(e);
	find_reach(e);
	find_marks(e);
	if (format == FW_EXPORT_NFT)
		return export_nft(e, out);
	return export_iptables(e, format == FW_EXPORT_IPTABLES ? FW_IP4 : FW_IP6, out);
}

int fw_export(const struct fw_ruleset *rs, enum fw_export_format format, struct fw_diags *ds, struct fw_buf *out)
{
	fw_autofree unsigned *reach = calloc(2 * rs->nchains + 1, sizeof(*reach));
	struct export e = { .rs = rs, .ds = ds };
	int err = -ENOMEM;

	if (reach) {
		e.reach[FW_IP4] = reach;
		e.reach[FW_IP6] = reach + rs->nchains;
		err = export_as(&e, format, out);
	}
	if (!err && out->failed)
		err = -ENOMEM;
	if (!err && e.refused)
		err = -EINVAL;
	if (err)
		fw_buf_free(out);
	fw_buf_free(&e.sets);
	fw_buf_free(&e.chains);
	return err;
}
