// SPDX-License-Identifier: GPL-2.0-only
/* The interfaces that fwctl run filters on: which they are, and what a ruleset may ask of them. */
#include "devices.h"

#include <net/if.h>
#include <string.h>

int devices_find(struct devices *ds, const struct ctl_settings *s)
{
	for (unsigned i = 0; i < s->ndevs; i++) {
		const char *name = s->devs[i];

		ds->d[i] = (struct device){ .name = name, .index = if_nametoindex(name) };
		if (!ds->d[i].index) {
			ctl_error("no interface \"%s\": %s", name, strerror(errno));
			ctl_hint("`ip -brief link` lists the interfaces");
			return -ENODEV;
		}
	}
	ds->n = s->ndevs;
	return 0;
}

/* XDP runs before a packet has a mark, so a rule about it would be decided on a mark that is always 0. */
static int refuse_marks(const struct fw_ruleset *rs)
{
	struct fw_diags ds = { 0 };

	for (size_t i = 0; i < rs->nrules; i++) {
		const struct fw_rule *rule = rs->rules[i];

		if (fw_rule_match(rule, FW_F_MARK) && fw_rule_on_hook(rule, FW_IN))
			fw_diag_add(&ds, (struct fw_place){ rs->file, rule->line, 0 },
				    "run with --tc, or write `out` in the rule",
				    "rule %llu matches the mark of incoming packets, which have none yet at XDP",
				    (unsigned long long)rule->id);
	}
	if (ds.total)
		ctl_print_diags(&ds, NULL);
	return ds.total ? -EINVAL : 0;
}

static bool has_vlan_rules(const struct fw_ruleset *rs)
{
	for (size_t i = 0; i < rs->nrules; i++)
		if (fw_rule_match(rs->rules[i], FW_F_VLAN) && fw_rule_on_hook(rs->rules[i], FW_IN))
			return true;
	return false;
}

int devices_check_xdp(const struct devices *ds, const struct fw_ruleset *rs)
{
	bool vlan = has_vlan_rules(rs);

	for (unsigned i = 0; vlan && i < ds->n; i++)
		if (fw_link_strips_vlan(ds->d[i].name))
			ctl_warn(
				"%s may take VLAN tags out of packets before XDP sees them: rules with `vlan` would not "
				"match\n  hint: ethtool -K %s rx-vlan-offload off, or run with --tc",
				ds->d[i].name, ds->d[i].name);
	return refuse_marks(rs);
}

static bool is_device(const struct devices *ds, uint32_t index)
{
	for (unsigned i = 0; i < ds->n; i++)
		if (ds->d[i].index == index)
			return true;
	return false;
}

int devices_map(const struct devices *ds, const struct fw_ruleset *rs, struct fw_kern *k)
{
	for (size_t i = 0; i < rs->nifaces; i++) {
		const char *name = rs->ifaces[i];
		uint32_t index = if_nametoindex(name);
		int err = index ? fw_kern_iface_set(k, index, (uint32_t)i) : 0;

		if (err) {
			ctl_error("cannot map interface \"%s\": %s", name, strerror(-err));
			return err;
		}
		if (!index)
			ctl_warn("interface \"%s\" does not exist: no packet is `on %s`", name, name);
		else if (!is_device(ds, index))
			ctl_warn("interface \"%s\" is not among --dev: no packet here is `on %s`", name, name);
	}
	return 0;
}
