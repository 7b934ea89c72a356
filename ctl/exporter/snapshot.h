/* SPDX-License-Identifier: GPL-2.0-only */
/* What a page says but for the rules, wherever it comes from. Pure. */
#ifndef EXPORTER_SNAPSHOT_H
#define EXPORTER_SNAPSHOT_H

#include "fw/rule_choice.h"

#include <jansson.h>

struct snapshot_hook {
	const char *name;
	enum fw_hook direction;
};
extern const struct snapshot_hook snapshot_hooks[FW_NPROGS];
extern const char *const snapshot_reasons[FW_NREASONS];

/* Packets that no rule decided, by policy: by hook, and the verdict that the policy had then. */
struct snapshot_policy {
	bool there[FW_NPROGS][FW_NTERMINAL]; /* there is a count */
	struct fw_count count[FW_NPROGS][FW_NTERMINAL];
};

#define SNAPSHOT_INTERFACE 64
/* What came by an interface, by hook. */
struct snapshot_traffic {
	char interface[SNAPSHOT_INTERFACE]; /* empty: interfaces that are gone, or for which there was no room */
	bool there[FW_NPROGS];
	uint64_t packets[FW_NPROGS][FW_NTERMINAL];
};

struct snapshot {
	json_t *status; /* the object; NULL: fwd does not answer */
	struct snapshot_policy policy[FW_NREASONS];
	struct snapshot_traffic *traffic;
	size_t ntraffic, cap;
	uint64_t rule_drops;
	struct fw_rule_sum shown; /* grows while they are printed */
	uint64_t marked_shown;    /* of them */
	bool all_shown;           /* they are all rules, not a selection */
	/* Known when all rules have been seen. */
	struct fw_rule_sum rules, left_out;
	uint64_t marked_left_out;
};

void snapshot_free(struct snapshot *snap);

/* Numbers of names; -1: there is none. */
int snapshot_hook(const char *name, size_t len);
int snapshot_reason(const char *name, size_t len);

/* Packets of an interface at a hook; more of the same add up. 0, -ENOMEM, or -E2BIG (more interfaces than there can be). */
int snapshot_add_traffic(struct snapshot *snap, const char *interface, int hook, enum fw_verdict verdict,
			 uint64_t packets);

#endif
