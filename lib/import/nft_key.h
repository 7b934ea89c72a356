/* SPDX-License-Identifier: GPL-2.0-only */
/* What expressions of nftables ask for. */
#ifndef FW_IMPORT_NFT_KEY_H
#define FW_IMPORT_NFT_KEY_H

#include "lib/import/nft.h"

/* What an expression asks for, and the family and protocol that it implies; -1: none. */
struct nft_key {
	const char *text;
	enum nft_field field;
	int family, proto;
};
/* The left side of a comparison. */
struct nft_left {
	const struct nft_key *key;
	bool masked;
	uint64_t mask;
};

/* What a comparison is about. */
struct nft_comparison {
	const struct nft_use *use;
	const char *op;
	json_t *right;
};

/* An expression, perhaps with a mask on either side. 0, or -EINVAL: refused. */
int nft_read_left(struct nft *n, json_t *left, struct nft_left *out);
/* The fields, as NFT_BITS(), that change when a rule sets this expression. */
uint32_t nft_changes(json_t *expression);
/* The word of ours for an option whose presence is asked for. NULL: it is none. */
const char *nft_option(const struct nft_key *key);
/* nft_compare.c: the values of the field for which the comparison is true. */
int nft_read_values(struct nft *n, const struct nft_left *l, const struct nft_comparison *c, struct nft_values *out);

/* nft_place.c */
/* Refuses what means something else at one of the hooks. */
int nft_check_place(struct nft *n, const struct nft_use *use, const struct nft_left *l, const struct nft_values *v);
/* The hooks at which a packet lacks the field, though nftables compares it there: with an empty name. */
unsigned nft_absent_at(const struct nft_use *use, enum nft_field field);

#endif
