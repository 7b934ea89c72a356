/* SPDX-License-Identifier: GPL-2.0-only */
/* The interfaces that fwctl run filters on, and whether a ruleset can be right on them. */
#ifndef FWCTL_RUN_INTERFACES_H
#define FWCTL_RUN_INTERFACES_H

#include "ctl/fwctl/command_line/command.h"

#include "fw/kern.h"

struct device {
	const char *name;
	uint32_t index;
	const char *how; /* where incoming packets are filtered; NULL: not attached yet */
};

struct devices {
	struct device d[CTL_DEVS_MAX];
	unsigned n;
	unsigned attached;  /* programs, at the last look */
	double front_again; /* not before that, on the clock of fw_now() */
};

/* Looks the --dev interfaces up, or says which one does not exist. Return: 0, -ENODEV or -EINVAL. */
int devices_find(struct devices *ds, const struct ctl_settings *s);
/* Refuses what XDP cannot know of incoming packets, and warns of what it may not see. Return: 0 or -EINVAL. */
int devices_check_xdp(const struct devices *ds, const struct fw_ruleset *rs);
/* Interface numbers of the ruleset become those of this machine. Return: 0 or -errno, and said so. */
int devices_map(const struct devices *ds, const struct fw_ruleset *rs, struct fw_kern *k);
/* Is all still attached, and before the programs of others? Warns when not, and goes before them again. */
void devices_guard(struct devices *ds, struct fw_kern *k);

#endif
