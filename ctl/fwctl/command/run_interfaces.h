/* SPDX-License-Identifier: GPL-2.0-only */
/* The interfaces that fwctl run filters on, and what rules can match there. */
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
	unsigned attached;  /* programs, at the last check */
	double front_again; /* the earliest time to move to the front again, by fw_now() */
};

/* Finds the --dev interfaces. Return: 0; -ENODEV or -EINVAL, which is printed. */
int devices_find(struct devices *ds, const struct ctl_settings *s);
/* Refuses rules that match what XDP does not know of incoming packets, and warns of what it may not see. @rs: compiled. Return: 0,
 * -ENOMEM or -EINVAL. */
int devices_check_xdp(const struct devices *ds, const struct fw_ruleset *rs);
/*
 * Maps the interfaces of this machine to their numbers in the ruleset. @all: packets of all interfaces are filtered. Return: 0 or
 * -errno, which is printed.
 */
int devices_map(const struct devices *ds, const struct fw_ruleset *rs, bool all, struct fw_kern *k);
/* Warns if something is no longer attached, or programs of others run first, and moves to the front again. */
void devices_guard(struct devices *ds, struct fw_kern *k);

#endif
