/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nf_tables by nfnetlink: a batch that the kernel applies as a whole or not at
 * all, and a watch on what others do to our tables. Everything is of family inet
 * and in the network namespace of the calling thread. Private to lib/kern.
 *
 *	struct nft_batch b;
 *
 *	nft_begin(&b, "fwd_state");
 *	nft_table(&b);
 *	nft_chain(&b, "track", NULL);
 *	nft_rule(&b, "track");
 *	nft_expr(&b, "ct");
 *	nft_put_u32(&b, NFTA_CT_KEY, NFT_CT_STATE);
 *	nft_put_u32(&b, NFTA_CT_DREG, NFT_REG_1);
 *	err = nft_send(&b);
 */
#ifndef FW_NFT_H
#define FW_NFT_H

#include "fw/base.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>

#define NFT_BATCH_BYTES (64 << 10)

/* Fill it by the functions below. What does not fit makes nft_send() fail with -ENOBUFS. */
struct nft_batch {
	const char *table; /* borrowed */
	struct nlmsghdr *message;
	struct nlattr *exprs, *expr, *data; /* open: of the rule, one of them, its data */
	uint32_t used, seq;
	int err;
	_Alignas(struct nlmsghdr) uint8_t buf[NFT_BATCH_BYTES];
};

/* Where packets enter a base chain: NF_INET_LOCAL_IN and so on. */
struct nft_hook {
	uint32_t hook;
	int32_t priority;
};

/* Starts a batch. All of it is about @table, whose name is borrowed until nft_send(). */
void nft_begin(struct nft_batch *b, const char *table);
/* Creates the table, unless it exists. */
void nft_table(struct nft_batch *b);
/* Deletes the table with everything in it. It must exist: to replace one that may, create, delete and create it. */
void nft_table_delete(struct nft_batch *b);
/* Creates a chain. @hook: NULL: none, so packets come only by a jump. The policy is accept. */
void nft_chain(struct nft_batch *b, const char *chain, const struct nft_hook *hook);
/* Appends a rule to a chain; the expressions that follow are its. */
void nft_rule(struct nft_batch *b, const char *chain);
/* Appends an expression; the attributes that follow are its. u32 are put in network byte order, as nf_tables has them. */
void nft_expr(struct nft_batch *b, const char *name);
void nft_put_u32(struct nft_batch *b, uint16_t attr, uint32_t value);
void nft_put_u8(struct nft_batch *b, uint16_t attr, uint8_t value);
void nft_put_str(struct nft_batch *b, uint16_t attr, const char *value);
void nft_put(struct nft_batch *b, uint16_t attr, const void *bytes, size_t n);
/* NFTA_DATA_VALUE: @n bytes of a register, in an attribute that holds such data. */
void nft_put_data(struct nft_batch *b, uint16_t attr, const void *bytes, size_t n);
/* An expression of its own, which ends the rule: NF_ACCEPT, NF_DROP, or NFT_JUMP or NFT_GOTO to @chain, else NULL. */
void nft_verdict(struct nft_batch *b, int code, const char *chain);
/* Applies the batch, at once for packets. 0; -ENOENT: there is no such table, expression or extension; another -errno. */
int nft_send(struct nft_batch *b);
/*
 * The same, with a table of NFT_TABLE_F_OWNER: it exists while the returned descriptor is open, and others can neither change nor
 * flush it. The descriptor; -EPERM also if another socket owns a table of this name; -errno.
 */
int nft_send_owned(struct nft_batch *b);
/*
 * Creates a table of that kind, named @table_N with the first N that no other process has; @fill adds what is in it. The descriptor
 * or -errno.
 */
int nft_own(const char *table, void (*fill)(struct nft_batch *b, const void *ctx), const void *ctx);

/* Sends a request to any part of nfnetlink; @each gets every message of the answer. It must ask for one that ends. 0 or -errno. */
int nft_ask(const void *request, size_t bytes, mnl_cb_t each, void *ctx);

/* The rules of all chains of a table: their number, 0 also if there is no such table, or -errno. */
int nft_rules(const char *table);

/* A socket that is readable when somebody, this process included, has changed a table. Its descriptor or -errno. */
int nft_watch_open(void);
/*
 * Reads what has arrived, without waiting. true: something of @table was deleted, or messages were lost: compare nft_rules().
 */
bool nft_watch_read(int fd, const char *table);

#endif
