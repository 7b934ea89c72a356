/* SPDX-License-Identifier: GPL-2.0-only */
/* The numbers of a page but for the rules, from either source. Pure. */
#ifndef EXPORTER_SNAPSHOT_H
#define EXPORTER_SNAPSHOT_H

#include "fw/fleet/status.h"
#include "fw/rule_choice.h"

#include <jansson.h>

struct snapshot_hook {
	const char *name;
	enum fw_hook direction;
};
extern const struct snapshot_hook snapshot_hooks[FW_NPROGS];

/* Packets that a policy decided, by hook and by the verdict that it had. */
struct snapshot_policy {
	bool there[FW_NPROGS][FW_NTERMINAL]; /* there is a count */
	struct fw_count count[FW_NPROGS][FW_NTERMINAL];
};

#define SNAPSHOT_INTERFACE 64
/* Packets of an interface, by hook and verdict. */
struct snapshot_traffic {
	char interface[SNAPSHOT_INTERFACE]; /* empty: interfaces that could not be counted one by one */
	bool there[FW_NPROGS];
	uint64_t packets[FW_NPROGS][FW_NTERMINAL];
};

struct snapshot {
	json_t *status; /* fwd's; NULL: it does not answer */
	bool in_fleet;  /* there is a status of an agent */
	struct fw_fleet_status fleet;
	struct snapshot_policy policy[FW_NREASONS];
	struct snapshot_traffic *traffic;
	size_t ntraffic, cap;
	uint64_t rule_drops;
	struct fw_rule_sum shown; /* so far */
	uint64_t marked_shown;    /* of them */
	bool all_shown;           /* all rules are to be shown, not a selection */
	/* Known at the end. */
	struct fw_rule_sum rules, left_out;
	uint64_t marked_left_out;
};

void snapshot_free(struct snapshot *snap);

/* The hook or reason with this name; -1: there is none. */
int snapshot_hook(const char *name, size_t len);
int snapshot_reason(const char *name, size_t len);

/* Adds packets of an interface at a hook. Return: 0, -ENOMEM, or -E2BIG: too many interfaces. */
int snapshot_add_traffic(struct snapshot *snap, const char *interface, int hook, enum fw_verdict verdict,
			 uint64_t packets);

#endif
