// SPDX-License-Identifier: GPL-2.0-only
/* Tables that belong to this process, several of which may be in one network namespace. */
#include "nft.h"

/* Processes that may have such a table at a time. */
#define OWNERS 64
#define NAME_MAX_BYTES 32

int nft_own(const char *table, void (*fill)(struct nft_batch *b, const void *ctx), const void *ctx)
{
	fw_autofree struct nft_batch *b = malloc(sizeof(*b));
	char name[NAME_MAX_BYTES];
	int fd = b ? -EPERM : -ENOMEM;

	for (unsigned i = 0; i < OWNERS && (fd == -EPERM || fd == -EOPNOTSUPP); i++) {
		snprintf(name, sizeof(name), "%s_%u", table, i);
		nft_begin(b, name);
		nft_table(b);
		nft_put_u32(b, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
		fill(b, ctx);
		fd = nft_send_owned(b);
	}
	return fd;
}
