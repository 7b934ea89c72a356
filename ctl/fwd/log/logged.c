// SPDX-License-Identifier: GPL-2.0-only
/* From an event to an entry of the log, and to the packet that it describes. */
#include "ctl/fwd/log/logged.h"

#include "fw/table/packet.h"

#include <string.h>

static void copy_iface(const struct engine *e, uint32_t ifindex, char out[FW_IFNAME_MAX + 1])
{
	const char *name = ifindex ? engine_interface_name(e, ifindex) : NULL;

	snprintf(out, FW_IFNAME_MAX + 1, "%s", name ? name : "");
}

/* Keeps the default level if the rule or policy no longer logs. */
static void copy_log(const struct fw_action *action, const struct fw_log *log, struct logged *out)
{
	if (!(action->flags & FW_ACTION_LOG))
		return;
	snprintf(out->prefix, sizeof(out->prefix), "%s", log->prefix ? log->prefix : "");
	out->level = log->level;
}

/* The log of the policy that decided; one that follows is that of the hook. */
static void copy_policy_log(const struct fw_ruleset *rs, const struct fw_event *event, struct logged *out)
{
	uint32_t reason = event->counter;

	if (fw_policy_verdict(rs, (enum fw_reason)reason) == FW_FOLLOW)
		reason = fw_prog_hook((enum fw_prog)event->prog);
	copy_log(&rs->actions[rs->policy[reason]], &rs->policy_log[reason], out);
}

void logged_resolve(const struct engine *e, const struct fw_event *event, struct logged *out)
{
	const struct fw_ruleset *rs = engine_ruleset(e);
	uint32_t slot = event->counter - FW_COUNTER_RULES;
	const struct fw_rule *rule = NULL;

	*out = (struct logged){ .event = *event, .level = FW_LOG_LEVEL_DEFAULT };
	copy_iface(e, event->in, out->in);
	copy_iface(e, event->out, out->out);
	if (event->counter < FW_NREASONS)
		copy_policy_log(rs, event, out);
	else if (event->counter >= FW_COUNTER_RULES && slot < rs->next_slot)
		rule = fw_ruleset_by_slot(rs, slot);
	if (!rule)
		return;
	copy_log(fw_rule_action(rs, rule), &rule->log, out);
	out->rule = rule->id;
	snprintf(out->name, sizeof(out->name), "%s", rule->name ? rule->name : "");
}

const char *logged_policy(const struct logged *l)
{
	return l->event.counter < FW_NREASONS ? fw_reason_info[l->event.counter].name : NULL;
}

/* A value that is known only if some rule asks for it. */
static void ask(struct fw_meta *meta, enum fw_field field, uint32_t value, uint32_t *out)
{
	if (value > fw_field_info[field].max)
		return;
	meta->asked |= FW_FIELD_BIT(field);
	*out = value;
}

void logged_key(const struct logged *l, struct fw_key *key)
{
	const struct fw_event *e = &l->event;
	struct fw_meta meta = {
		.hook = fw_prog_hook((enum fw_prog)e->prog),
		.iface = FW_IFACE_OTHER,
		.mark = e->mark,
		.len = e->len,
		.vlan_tci = e->vlan_tci,
		.vlan_present = !!(e->flags & FW_EVENT_VLAN),
		.l3 = !!(e->flags & FW_EVENT_L3),
		.ethertype = e->ethertype,
	};

	ask(&meta, FW_F_STATE, e->state, &meta.state);
	ask(&meta, FW_F_UID, e->uid, &meta.uid);
	ask(&meta, FW_F_GID, e->gid, &meta.gid);
	fw_packet_parse(e->bytes, e->bytes + e->captured, &meta, key);
	/* Its headers are longer than what was captured. */
	if (key->reason == FW_R_MALFORMED && e->captured < e->len && e->counter != FW_R_MALFORMED)
		key->reason = FW_R_NOT_PARSED;
}

void logged_packet(const struct logged *l, struct fw_buf *b)
{
	struct fw_key key;

	logged_key(l, &key);
	fw_text_print_key(b, NULL, &key);
}
