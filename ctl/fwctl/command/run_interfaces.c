// SPDX-License-Identifier: GPL-2.0-only
/* The interfaces that fwctl run filters on: finding, checking and mapping them, and watching attachments. */
#include "run_interfaces.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/message.h"

#include "fw/attach_needs.h"
#include "fw/chains.h"
#include "fw/interfaces.h"

#include <net/if.h>
#include <string.h>

#define FRONT_AGAIN 10.0 /* seconds between two moves to the front */

static void note(const struct fw_interface *link, void *ctx)
{
	*(uint32_t *)ctx = link->ifindex;
}

/* By its name or an alternative name; 0: there is none. */
static uint32_t index_of(const char *name)
{
	uint32_t index = 0;

	return fw_interface_find(name, note, &index) ? 0 : index;
}

static const struct device *by_index(const struct devices *ds, uint32_t index)
{
	for (unsigned i = 0; i < ds->n; i++)
		if (ds->d[i].index == index)
			return &ds->d[i];
	return NULL;
}

int devices_find(struct devices *ds, const struct ctl_settings *s)
{
	for (ds->n = 0; ds->n < s->ndevs; ds->n++) {
		struct device d = { .name = s->devs[ds->n], .index = index_of(s->devs[ds->n]) };
		const struct device *same = by_index(ds, d.index);

		if (!d.index) {
			ctl_error("no interface \"%s\"", d.name);
			ctl_hint("`ip -brief link` lists the interfaces");
			return -ENODEV;
		}
		if (same) {
			ctl_error("\"%s\" and \"%s\" are names of the same interface", same->name, d.name);
			return -EINVAL;
		}
		ds->d[ds->n] = d;
	}
	return 0;
}

static bool matches_mark(const struct fw_rule *rule)
{
	for (unsigned i = 0; i < rule->nmatches; i++)
		if (rule->matches[i]->field == FW_F_MARK || fw_field_is_mark_byte(rule->matches[i]->field))
			return true;
	return false;
}

/* XDP runs before a packet has a mark, so rules would always see 0. */
static int refuse_marks(const struct fw_ruleset *rs)
{
	fw_autofree uint8_t *hooks = malloc(rs->nchains);
	struct fw_diags ds = { 0 };

	if (!hooks || fw_chains_hooks(rs, hooks))
		return -ENOMEM;
	for (size_t i = 0; i < rs->nrules; i++) {
		const struct fw_rule *rule = rs->rules[i];
		bool sets = fw_rule_action(rs, rule)->flags & FW_ACTION_MARK;

		if ((sets || matches_mark(rule)) && fw_rule_hooks(rule) & hooks[rule->chain] & FW_HOOK_BIT(IN))
			fw_diag_add(&ds, (struct fw_place){ rs->file, rule->line, 0 },
				    "run with --tc, or write `out` in the rule",
				    "rule %llu %s the mark of incoming packets, which have none yet at XDP",
				    (unsigned long long)rule->id, sets ? "sets" : "matches");
	}
	ctl_print_diags(&ds, NULL);
	return -EINVAL;
}

static void warn_vlan(const char *name)
{
	ctl_warn("%s may take VLAN tags out of packets before XDP sees them: rules with `vlan` would not match", name);
	ctl_hint("ethtool -K DEV rx-vlan-offload off, or run with --tc");
}

int devices_check_xdp(const struct devices *ds, const struct fw_ruleset *rs)
{
	struct fw_attach_needs needs;

	fw_attach_needs_of(rs, &needs);
	for (unsigned i = 0; needs.vlan && i < ds->n; i++)
		if (fw_interface_strips_vlan(ds->d[i].name))
			warn_vlan(ds->d[i].name);
	return needs.mark ? refuse_marks(rs) : 0;
}

static int refuse_both(const struct fw_ruleset *rs, size_t one, size_t other)
{
	char a[FW_ALTNAME_MAX + 1], b[FW_ALTNAME_MAX + 1];

	ctl_error("rules use two names for the same interface: \"%s\" and \"%s\"",
		  fw_iface_text(rs->ifaces[one].name, a), fw_iface_text(rs->ifaces[other].name, b));
	ctl_hint("use the same name in all rules");
	return -EINVAL;
}

/* An interface can have one number only. Return: 0 or -EINVAL, which is printed. */
static int check_names(const struct fw_ruleset *rs, size_t at, const uint32_t *indices)
{
	for (size_t i = 0; i < at; i++)
		if (indices[at] && indices[i] == indices[at])
			return refuse_both(rs, i, at);
	return 0;
}

/* Interfaces whose names rules do not use, but match by a pattern. 0 or -errno. */
static int map_patterns(const struct fw_ruleset *rs, const uint32_t *indices, struct fw_kern *k)
{
	struct if_nameindex *all = rs->ifaces_patterns ? if_nameindex() : NULL;
	int err = rs->ifaces_patterns && !all ? -errno : 0;

	for (size_t i = 0; all && all[i].if_index && !err; i++) {
		int number = fw_ruleset_iface_of(rs, all[i].if_name);
		size_t mapped = 0;

		while (mapped < rs->nifaces && indices[mapped] != all[i].if_index)
			mapped++;
		if (number >= 0 && mapped == rs->nifaces)
			err = fw_kern_iface_set(k, all[i].if_index, (uint32_t)number);
		else if (number >= 0 && rs->ifaces[number].name != rs->ifaces[mapped].name &&
			 !fw_iface_under(rs->ifaces[mapped].name, rs->ifaces[number].name))
			err = refuse_both(rs, mapped, (size_t)number);
	}
	if (all)
		if_freenameindex(all);
	return err;
}

int devices_map(const struct devices *ds, const struct fw_ruleset *rs, bool all, struct fw_kern *k)
{
	fw_autofree uint32_t *indices = calloc(rs->nifaces + 1, sizeof(*indices));
	int err = indices ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < rs->nifaces; i++) {
		const char *name = rs->ifaces[i].name;

		if (fw_iface_is_pattern(name))
			continue;
		indices[i] = index_of(name);
		err = check_names(rs, i, indices);
		if (err)
			return err;
		err = indices[i] ? fw_kern_iface_set(k, indices[i], (uint32_t)i) : 0;
		if (!indices[i])
			ctl_warn("interface \"%s\" does not exist: no packet matches `on %s`", name, name);
		else if (!all && !by_index(ds, indices[i]))
			ctl_warn("interface \"%s\" is not among --dev: no packet here matches `on %s`", name, name);
	}
	if (!err) {
		err = map_patterns(rs, indices, k);
		if (err == -EINVAL)
			return err;
	}
	if (err)
		ctl_error("cannot map interfaces: %s", strerror(-err));
	return err;
}

static const char *name_at(const struct devices *ds, uint32_t index)
{
	const struct device *d = by_index(ds, index);

	return d ? d->name : "?";
}

void devices_guard(struct devices *ds, struct fw_kern *k)
{
	struct fw_kern_attachment a;
	double now = fw_now();
	unsigned n = 0;

	fw_kern_look(k);
	while (fw_kern_attached(k, n, &a)) {
		n++;
		if (!a.in_front || now < ds->front_again)
			continue;
		ds->front_again = now + FRONT_AGAIN;
		ctl_warn("%s: program %u was attached in front, and may have let packets pass: %s",
			 name_at(ds, a.ifindex), a.in_front,
			 fw_kern_to_front(k, a.ifindex, a.prog) ? "it stays there" : "the filter is in front again");
		break;
	}
	if (n < ds->attached)
		ctl_warn("an interface was removed, or the filter was detached: %u of %u attachments are left", n,
			 ds->attached);
	ds->attached = n;
}
