// SPDX-License-Identifier: GPL-2.0-only
/* Refuses actions that no packet of a rule can get. */
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "lib/rule/internal.h"

#define REFUSE(at, spot, hint, ...) fw_diag_add(ds, fw_place_of(at, (at)->spot), hint, __VA_ARGS__)

/* Can the rule match IP packets? */
static bool can_be_ip(const struct fw_rule *r)
{
	const struct fw_match *ether = fw_rule_match(r, FW_F_ETHERTYPE);

	return !ether || fw_match_has(ether, ETH_P_IP) || fw_match_has(ether, ETH_P_IPV6);
}

/* Who answers a packet has to know where it came from. */
static int check_reject(const struct fw_action *a, const struct fw_rule *r, const struct fw_rule_places *at,
			struct fw_diags *ds)
{
	const struct fw_match *proto = fw_rule_match(r, FW_F_PROTO);

	if (a->verdict != FW_REJECT)
		return 0;
	if (!can_be_ip(r))
		return REFUSE(at, verdict, "write 'drop'", "frames that are not IP cannot be rejected");
	if (a->reject == FW_REJECT_TCP_RESET && proto && !fw_match_has(proto, IPPROTO_TCP))
		return REFUSE(at, verdict, "write 'reject', or name the protocol tcp",
			      "'tcp-reset' answers TCP only, and the rule has none");
	return 0;
}

static int check_addresses(const struct fw_action *a, const struct fw_rule *r, const struct fw_rule_places *at,
			   struct fw_diags *ds)
{
	static const char hint[] = "name an IP ethertype, or leave it out";

	if (can_be_ip(r))
		return 0;
	if (a->per)
		return REFUSE(at, limit, hint, "'limit ... per' needs an address, and the rule's frames are not IP");
	if (a->connections)
		return REFUSE(at, connections, hint,
			      "'connections' needs an address, and the rule's frames are not IP");
	if (a->flags & FW_ACTION_ADD)
		return REFUSE(at, add, hint, "'%s' needs an address, and the rule's frames are not IP",
			      a->flags & FW_ACTION_UPDATE ? "update" : "add");
	return 0;
}

static int check_set(const struct fw_ruleset *rs, const struct fw_action *a, const struct fw_rule_places *at,
		     struct fw_diags *ds)
{
	const struct fw_set *set = a->set < rs->nsets ? &rs->sets[a->set] : NULL;

	if (!(a->flags & FW_ACTION_ADD) || (set && set->dynamic))
		return 0;
	if (!set || !set->name)
		return REFUSE(at, add, NULL, "there is no set number %u", a->set);
	return REFUSE(at, add, "define it with the word dynamic: set NAME dynamic { }",
		      "packets cannot add to the set '%s', which is not dynamic", set->name);
}

int fw_action_check(const struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_rule_places *at,
		    struct fw_diags *ds)
{
	const struct fw_action *a = fw_rule_action(rs, r);
	int err = check_reject(a, r, at, ds);

	if (!err)
		err = check_addresses(a, r, at, ds);
	return err ? err : check_set(rs, a, at, ds);
}
