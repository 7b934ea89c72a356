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

/* An expression, perhaps with a mask on either side. 0, or -EINVAL: refused. */
int nft_read_left(struct nft *n, json_t *left, struct nft_left *out);
/* The word of ours for an option whose presence is asked for. NULL: it is none. */
const char *nft_option(const struct nft_key *key);

#endif
