/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was decided of a packet at netfilter's hooks, for those that come after the classifier there. A netfilter program can only
 * accept or drop. Where rules reject packets or set marks, three are needed, in this order:
 *
 *	the classifier   leaves its decision here, and lets a packet pass that is to be rejected
 *	an nft table     reads it by the programs of answer.bpf.c: sets the mark; answers and drops the packet
 *	the guard        takes the decision: drops what is to be rejected and was not, because the table is missing
 *
 * The guard decides by itself if it finds no decision of its packet. Before Linux 6.4 there are no such programs, and both others
 * are tables too: table.bpf.c is the classifier in the first one.
 */
#ifndef FW_BPF_ANSWER_H
#define FW_BPF_ANSWER_H

#include "bpf/cpu.h"

#include "fw/table/decision.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fw_decisions);
} fw_decisions SEC(".maps");

/* The decision about the packet; NULL: there is none on this CPU. */
static __always_inline struct fw_decision *fw_decision_of(__u64 skb)
{
	__u32 zero = 0;
	struct fw_decisions *all = bpf_map_lookup_elem(&fw_decisions, &zero);

	return all ? fw_decision_in(all, skb, bpf_jiffies64()) : NULL;
}

/* The packet has no decision yet. */
static __always_inline void fw_decision_none(__u64 skb)
{
	__u32 zero = 0;
	struct fw_decisions *all = bpf_map_lookup_elem(&fw_decisions, &zero);

	if (all)
		fw_decision_forget(all, skb);
}

/* Where the packet's decision is to be left; NULL: nowhere. */
static __always_inline struct fw_decision *fw_decision_new(__u64 skb)
{
	__u32 zero = 0;
	struct fw_decisions *all = bpf_map_lookup_elem(&fw_decisions, &zero);

	return all ? fw_decision_put(all, skb, bpf_jiffies64()) : NULL;
}

#endif
