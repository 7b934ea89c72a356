/* SPDX-License-Identifier: GPL-2.0-only */
/* What attachments need to know of a ruleset, kept up with each change: reading a million rules each time would be slow. */
#ifndef FWD_FACTS_H
#define FWD_FACTS_H

#include "fw/rule.h"

struct facts {
	size_t out;  /* rules that can match outgoing packets */
	size_t mark; /* rules about the mark of incoming packets, which XDP does not know */
	size_t vlan; /* rules about VLAN tags of incoming packets, which a driver may hide from XDP */
};

void facts_of(const struct fw_ruleset *rs, struct facts *out);
/* One rule went (or, NULL, none) and another came. */
void facts_change(struct facts *f, const struct fw_rule *old, const struct fw_rule *new);

#endif
