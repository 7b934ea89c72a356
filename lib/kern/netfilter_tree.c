// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables of nf_tables at netfilter's hooks. They are always the same, whatever the rules are. The one does what programs cannot:
 * reject packets and set marks. If the kernel has no links on these hooks, the classifier is in it, too:
 *
 *	input, forward, output   without links: packets that the classifier accepts end here, and what is left is dropped at the end;
 *	                         packets with a decision that asks for more go to `answer`
 *	answer                   those whose mark changes go to `mark` and come back; then one rule for each way to reject
 *	mark                     one rule for each bit
 *
 * The other is the guard of kernels without links, see bpf/answer.h. It belongs to this process, so others cannot flush it.
 */
#include "nft.h"

#include "kern.h"

#include "fw/table/answer.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_bpf.h>

#define TABLE "fwd_host"
#define GUARD "fwd_host_guard"
#define PRIORITY (-2) /* between the links of the classifier and the guard */
#define PRIORITY_GUARD (-1)
#define MARK_BITS 32

static const char *const chains[FW_HOST_HOOKS] = { "input", "forward", "output" };

/* An expression that is true if the program says so. The rule keeps the program. */
static void ask(struct nft_batch *b, int prog)
{
	struct xt_bpf_info_v1 info = { .mode = XT_BPF_MODE_FD_ELF, .fd = prog };

	nft_expr(b, "match");
	nft_put_str(b, NFTA_MATCH_NAME, "bpf");
	nft_put_u32(b, NFTA_MATCH_REV, 1);
	nft_put(b, NFTA_MATCH_INFO, &info, sizeof(info));
}

static void put_hook(struct nft_batch *b, uint32_t i, int32_t priority)
{
	nft_chain(b, chains[i], &(struct nft_hook){ NF_INET_LOCAL_IN + i, priority });
}

/* A rule for packets of which the program says yes. */
static void put_rule(struct nft_batch *b, const char *chain, int prog, int verdict, const char *to)
{
	nft_rule(b, chain);
	ask(b, prog);
	nft_verdict(b, verdict, to);
}

static void put_accept(struct nft_batch *b, const char *chain, int prog)
{
	put_rule(b, chain, prog, NF_ACCEPT, NULL);
}

static void put_drop(struct nft_batch *b, const char *chain)
{
	nft_rule(b, chain);
	nft_verdict(b, NF_DROP, NULL);
}

static void put_base(struct nft_batch *b, uint32_t i, const struct fw_kern *k)
{
	put_hook(b, i, PRIORITY);
	if (!k->has_links)
		put_accept(b, chains[i], k->progs[PROG_TABLE + i]);
	put_rule(b, chains[i], k->progs[PROG_ANSWER_ANY], NFT_JUMP, "answer");
	if (k->has_links)
		return;
	put_accept(b, chains[i], k->progs[PROG_ANSWER_PASS]);
	put_drop(b, chains[i]);
}

/* Inverts a bit of the mark. */
static void put_bit(struct nft_batch *b, uint32_t bit, const struct fw_kern *k)
{
	const uint32_t keep = UINT32_MAX, invert = 1u << bit;

	nft_rule(b, "mark");
	ask(b, k->progs[PROG_ANSWER_BIT]);
	nft_expr(b, "meta");
	nft_put_u32(b, NFTA_META_DREG, NFT_REG32_00);
	nft_put_u32(b, NFTA_META_KEY, NFT_META_MARK);
	nft_expr(b, "bitwise");
	nft_put_u32(b, NFTA_BITWISE_SREG, NFT_REG32_00);
	nft_put_u32(b, NFTA_BITWISE_DREG, NFT_REG32_00);
	nft_put_u32(b, NFTA_BITWISE_LEN, sizeof(keep));
	nft_put_data(b, NFTA_BITWISE_MASK, &keep, sizeof(keep));
	nft_put_data(b, NFTA_BITWISE_XOR, &invert, sizeof(invert));
	nft_expr(b, "meta");
	nft_put_u32(b, NFTA_META_KEY, NFT_META_MARK);
	nft_put_u32(b, NFTA_META_SREG, NFT_REG32_00);
}

static void put_reject(struct nft_batch *b, uint32_t step, const struct fw_kern *k)
{
	static const uint8_t codes[FW_NREJECTS][2] = {
#define CODES(sym, word, type4, code4, type6, code6) [FW_REJECT_##sym] = { code4, code6 },
		FW_REJECTS(CODES)
#undef CODES
	};
	uint32_t icmp = step - FW_ANSWER_ICMP(FW_REJECT_PORT_UNREACHABLE, 0);

	nft_rule(b, "answer");
	ask(b, k->progs[PROG_ANSWER_NEXT]);
	nft_expr(b, "reject");
	nft_put_u32(b, NFTA_REJECT_TYPE, step == FW_ANSWER_RESET ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMP_UNREACH);
	if (step != FW_ANSWER_RESET)
		nft_put_u8(b, NFTA_REJECT_ICMP_CODE, codes[FW_REJECT_PORT_UNREACHABLE + icmp / 2][icmp % 2]);
}

static void fill(struct nft_batch *b, const void *ctx)
{
	const struct fw_kern *k = ctx;

	nft_chain(b, "mark", NULL);
	nft_chain(b, "answer", NULL);
	for (uint32_t i = 0; i < FW_HOST_HOOKS; i++)
		put_base(b, i, k);
	put_rule(b, "answer", k->progs[PROG_ANSWER_MARK], NFT_JUMP, "mark");
	for (uint32_t bit = 0; bit < MARK_BITS; bit++)
		put_bit(b, bit, k);
	for (uint32_t step = 0; step < FW_ANSWERS; step++)
		put_reject(b, step, k);
}

static int rules_of(bool has_links)
{
	return FW_HOST_HOOKS * (has_links ? 1 : 4) + 1 + MARK_BITS + FW_ANSWERS;
}

/* Creates the table that outlives this process, in place of one that is there, in one step for packets. 0 or -errno. */
static int replace(const struct fw_kern *k)
{
	fw_autofree struct nft_batch *b = malloc(sizeof(*b));

	if (!b)
		return -ENOMEM;
	nft_begin(b, TABLE);
	nft_table(b);
	nft_table_delete(b);
	nft_table(b);
	fill(b, k);
	return nft_send(b);
}

int kern_tree_put(struct fw_kern *k)
{
	struct host_tables *h = &k->host;
	int err = 0;

	if (h->up && kern_tree_holds(k))
		return 0;
	h->restored += h->up;
	kern_conntrack_watch(&k->conntrack);
	if (k->pins)
		err = replace(k);
	else if (h->own < 0)
		h->own = nft_own(TABLE, fill, k);
	if (!k->pins && h->own < 0)
		err = h->own;
	h->up = !err;
	return err;
}

/* If the kernel does not tell, as while others change tables all the time, it does. */
bool kern_tree_holds(const struct fw_kern *k)
{
	int rules = k->pins ? nft_rules(TABLE) : 0;

	return k->pins ? rules < 0 || rules == rules_of(k->has_links) : k->host.own >= 0;
}

void kern_tree_remove(struct fw_kern *k)
{
	struct nft_batch b;

	k->host.up = false;
	kern_close_fd(&k->host.own);
	if (!k->pins || nft_rules(TABLE) <= 0)
		return;
	nft_begin(&b, TABLE);
	nft_table_delete(&b);
	nft_send(&b);
}

/* Packets that the tree accepted pass. Without it the guard decides, and takes what it leaves. */
static void fill_guard(struct nft_batch *b, const void *ctx)
{
	const struct fw_kern *k = ctx;

	for (uint32_t i = 0; i < FW_HOST_HOOKS; i++) {
		put_hook(b, i, PRIORITY_GUARD);
		put_accept(b, chains[i], k->progs[PROG_ANSWER_TAKE]);
		nft_rule(b, chains[i]);
		ask(b, k->progs[PROG_TABLE + i]);
		ask(b, k->progs[PROG_ANSWER_TAKE]);
		nft_verdict(b, NF_ACCEPT, NULL);
		put_accept(b, chains[i], k->progs[PROG_ANSWER_TAKE]);
		put_drop(b, chains[i]);
	}
}

int kern_tree_guard(struct fw_kern *k)
{
	if (k->host.guard < 0)
		k->host.guard = nft_own(GUARD, fill_guard, k);
	return k->host.guard < 0 ? k->host.guard : 0;
}

bool fw_kern_host_table(void)
{
	return nft_rules(TABLE) == rules_of(false);
}
