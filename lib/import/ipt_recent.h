/* SPDX-License-Identifier: GPL-2.0-only */
/* The lists of -m recent: dynamic sets, whose elements live as long as the rules that ask for them look back. */
#ifndef FW_IMPORT_IPT_RECENT_H
#define FW_IMPORT_IPT_RECENT_H

#include "lib/import/ipt.h"

struct ipt_recent {
	const char *name, *out;
	uint64_t seconds; /* 0: for ever */
	bool asked;       /* a rule gives @seconds */
	bool mixed;       /* rules look back differently far */
	bool used;
	struct ipt_recent *next;
};

/* Notes what a rule wants of its lists, before any rule is said. */
void ipt_recent_scan(struct ipt *c, const struct ipt_rule *rule);
/* Prints the sets that rules use. */
void ipt_recent_print(const struct ipt *c, struct fw_buf *b);

#endif
