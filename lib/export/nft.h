/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files that write rulesets of nftables. */
#ifndef FW_EXPORT_NFT_H
#define FW_EXPORT_NFT_H

#include "lib/export/export.h"

#define EXPORT_TABLE "fw_rules"

/* The ways in which a packet can match a rule, each as the words of nft. */
struct export_matches {
	char *text[64];
	size_t n;
	bool overlap; /* a packet may match in two of them */
};
void export_matches_free(struct export_matches *m);

/* nft_match.c: what the rule matches at @hook; FW_NHOOKS: in a chain. 0, -EINVAL or -ENOMEM. */
int export_match(struct export *e, enum fw_hook hook, struct export_matches *out);
/* nft_action.c: the lines of a rule, into @chain. */
int export_action(struct export *e, const struct export_matches *m, struct fw_buf *chain);

#endif
