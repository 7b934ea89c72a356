// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rejecting packets and setting marks at netfilter's hooks, which a program there cannot do: bpf/answer.h tells how. The table is
 * always the same, whatever the rules are:
 *
 *	input, forward, output   packets with a decision that asks for more go to `answer`
 *	answer                   those whose mark changes go to `mark` and come back; then one rule for each way to reject
 *	mark                     one rule for each bit
 */
#include "nft.h"

#include "kern.h"

#include "fw/table/answer.h"

#include <bpf/bpf.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_bpf.h>
#include <string.h>

#define TABLE "fwd_host"
#define PRIORITY (-2) /* between the classifier's and the guard's links */
#define MARK_BITS 32
#define RULES (3 + 1 + MARK_BITS + FW_ANSWERS)

/* An expression that is true if the program says so. The rule keeps the program. */
static void ask(struct nft_batch *b, int prog)
{
	struct xt_bpf_info_v1 info = { .mode = XT_BPF_MODE_FD_ELF, .fd = prog };

	nft_expr(b, "match");
	nft_put_str(b, NFTA_MATCH_NAME, "bpf");
	nft_put_u32(b, NFTA_MATCH_REV, 1);
	nft_put(b, NFTA_MATCH_INFO, &info, sizeof(info));
}

static void put_base(struct nft_batch *b, const char *chain, uint32_t hook, const struct fw_kern *k)
{
	nft_chain(b, chain, &(struct nft_hook){ hook, PRIORITY });
	nft_rule(b, chain);
	ask(b, k->progs[PROG_ANSWER_ANY]);
	nft_verdict(b, NFT_JUMP, "answer");
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

/* Creates the table, in place of one that is there. 0 or -errno. */
static int table_put(const struct fw_kern *k)
{
	fw_autofree struct nft_batch *b = malloc(sizeof(*b));

	if (!b)
		return -ENOMEM;
	nft_begin(b, TABLE);
	nft_table(b);
	nft_table_delete(b);
	nft_table(b);
	nft_chain(b, "mark", NULL);
	nft_chain(b, "answer", NULL);
	put_base(b, "input", NF_INET_LOCAL_IN, k);
	put_base(b, "forward", NF_INET_FORWARD, k);
	put_base(b, "output", NF_INET_LOCAL_OUT, k);
	nft_rule(b, "answer");
	ask(b, k->progs[PROG_ANSWER_MARK]);
	nft_verdict(b, NFT_JUMP, "mark");
	for (uint32_t bit = 0; bit < MARK_BITS; bit++)
		put_bit(b, bit, k);
	for (uint32_t step = 0; step < FW_ANSWERS; step++)
		put_reject(b, step, k);
	return nft_send(b);
}

static int guarded(const struct fw_kern *k, uint32_t on)
{
	uint32_t zero = 0;

	if (k->maps[MAP_GUARDED] < 0)
		return 0;
	return bpf_map_update_elem(k->maps[MAP_GUARDED], &zero, &on, 0) ? -errno : 0;
}

/* The programs; and, once packets see our tables, guard and table. */
static int bring_up(struct fw_kern *k)
{
	int rules, err = kern_object_need(k, OBJECT_NF);

	if (!err)
		err = kern_object_need(k, OBJECT_ANSWER);
	if (err || !k->published || !kern_netfilter_attached(k, false))
		return err;
	err = kern_netfilter_attach(k, true);
	rules = nft_rules(TABLE);
	if (!err && (!k->answers || rules != RULES)) {
		k->answers_restored += k->answers;
		err = table_put(k);
	}
	if (!err)
		err = guarded(k, 1);
	k->answers = !err;
	return err;
}

void kern_answer_down(struct fw_kern *k)
{
	struct nft_batch b;

	guarded(k, 0);
	k->answers = false;
	if (nft_rules(TABLE) > 0) {
		nft_begin(&b, TABLE);
		nft_table_delete(&b);
		nft_send(&b);
	}
	kern_netfilter_detach(k, true);
}

int fw_kern_host_answer(struct fw_kern *k, bool wanted, const char **why)
{
	int err;

	if (!wanted) {
		if (k->published && (k->answers || kern_netfilter_attached(k, true)))
			kern_answer_down(k);
		return 0;
	}
	err = bring_up(k);
	if (err == -ENOENT)
		*why = "nf_tables lacks the match `bpf` of xtables (xt_bpf, nft_compat) or `reject` (nft_reject_inet)";
	else if (err)
		*why = "reject and mark at input, forward and output need Linux 6.4 with CONFIG_NETFILTER_BPF_LINK, and nf_tables";
	return err;
}

bool fw_kern_host_answers(const struct fw_kern *k, uint64_t *restored)
{
	*restored = k->answers_restored;
	return k->answers;
}
