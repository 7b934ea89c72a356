/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a ruleset needs of an attachment, by the instances of its rules. Kept up to date with each change, since scanning a million
 * rules each time is slow.
 */
#ifndef FW_ATTACH_NEEDS_H
#define FW_ATTACH_NEEDS_H

#include "fw/rule.h"

struct fw_attach_needs {
	size_t out;    /* instances that can match outgoing packets */
	size_t mark;   /* those that match or set the mark of incoming packets, which XDP does not know */
	size_t host;   /* those that only packets at the host's own hooks can match */
	size_t reject; /* those that reject incoming packets, whose replies XDP sends */
	size_t vlan;   /* those that match VLAN tags of incoming packets, which a driver may hide from XDP */
};

/* Scans all rules. @rs: lowered. */
void fw_attach_needs_of(const struct fw_ruleset *rs, struct fw_attach_needs *out);
/* A rule of @rs, lowered, was replaced; NULL: it was added, or removed. */
void fw_attach_needs_change(struct fw_attach_needs *needs, const struct fw_ruleset *rs, const struct fw_rule *before,
			    const struct fw_rule *after);
/* Are outgoing packets filtered? So they are if rules can match them or a policy says what happens to them. */
bool fw_attach_needs_out(const struct fw_attach_needs *needs, const struct fw_ruleset *rs);
/* Are incoming packets rejected, by a rule or a policy? */
bool fw_attach_needs_replies(const struct fw_attach_needs *needs, const struct fw_ruleset *rs);

/* Does it say something only of packets at the host's own hooks? */
bool fw_attach_needs_host(const struct fw_attach_needs *needs, const struct fw_ruleset *rs);

#endif
